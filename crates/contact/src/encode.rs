//! From the tape back to compact JSON.

use ndjson::{Node, StaticNode, Tape, TapeValue};
use wide::i8x16;

use crate::plain::LANE_BYTES;

/// Appends the whole record as compact JSON: members in the order they were read, numbers with the digits they were
/// read with.
pub fn encode(tape: &Tape<'_>, out: &mut Vec<u8>) {
    encode_value(tape, tape.root(), out);
}

/// Appends one value of the record as compact JSON.
pub(crate) fn encode_value(tape: &Tape<'_>, value: TapeValue<'_>, out: &mut Vec<u8>) {
    match *value.node() {
        Node::String(text) => encode_text(text, out),
        Node::Static(StaticNode::Null) => out.extend_from_slice(b"null"),
        Node::Static(StaticNode::Bool(true)) => out.extend_from_slice(b"true"),
        Node::Static(StaticNode::Bool(false)) => out.extend_from_slice(b"false"),
        Node::Static(StaticNode::I64(number)) => {
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes())
        }
        Node::Static(StaticNode::U64(number)) => {
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes())
        }
        // A float, or an integer beyond 64 bits: only the text has all its digits.
        Node::Static(StaticNode::F64(_)) => {
            out.extend_from_slice(tape.number_text(tape.origin(value.index())).as_bytes());
        }
        Node::Object { .. } => {
            out.push(b'{');
            for (nth, (name, member)) in value.members().into_iter().flatten().enumerate() {
                if nth > 0 {
                    out.push(b',');
                }
                encode_text(name, out);
                out.push(b':');
                encode_value(tape, member, out);
            }
            out.push(b'}');
        }
        Node::Array { .. } => {
            out.push(b'[');
            for (nth, element) in value.elements().into_iter().flatten().enumerate() {
                if nth > 0 {
                    out.push(b',');
                }
                encode_value(tape, element, out);
            }
            out.push(b']');
        }
    }
}

/// What a byte becomes inside a string: 0 for itself, `u` for `\u00XX`, else the letter after the backslash.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        escapes[byte] = b'u';
        byte += 1;
    }
    escapes[0x08] = b'b';
    escapes[0x09] = b't';
    escapes[0x0A] = b'n';
    escapes[0x0C] = b'f';
    escapes[0x0D] = b'r';
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes
};

/// Appends a text as a JSON string; only what must be escaped is.
pub fn encode_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut bytes = text.as_bytes();
    while let Some((group, rest)) = bytes.split_first_chunk::<GROUP_BYTES>()
        && let Some(margin) = rest.first_chunk::<LANE_BYTES>()
    {
        match Escapes::in_group(group) {
            Escapes::At(0) => out.extend_from_slice(group),
            Escapes::At(places) => escape_group(group, margin, places, out),
            Escapes::Longer => group.iter().for_each(|byte| escape_byte(*byte, out)),
        }
        bytes = rest;
    }
    let (lanes, rest) = bytes.as_chunks::<LANE_BYTES>();
    for lane in lanes {
        if has_escapes(lane) {
            escape_lane(lane, out);
        } else {
            out.extend_from_slice(lane);
        }
    }
    if has_escapes(rest) {
        rest.iter().for_each(|byte| escape_byte(*byte, out));
    } else {
        out.extend_from_slice(rest);
    }
    out.push(b'"');
}

/// How many bytes are escaped at a time: one bit each of a word.
const GROUP_BYTES: usize = 4 * LANE_BYTES;

/// Which bytes of a group must be escaped.
enum Escapes {
    /// Those of these bits, with a backslash before them.
    At(u64),
    /// Some with more than that.
    Longer,
}

impl Escapes {
    fn in_group(group: &[u8; GROUP_BYTES]) -> Self {
        let (mut places, mut has_control) = (0, false);
        for (nth, lane) in group.as_chunks::<LANE_BYTES>().0.iter().enumerate() {
            let bytes = i8x16::new(lane.map(u8::cast_signed));
            let escaped = bytes.simd_eq(i8x16::splat(b'"' as i8)) | bytes.simd_eq(i8x16::splat(b'\\' as i8));
            // As signed numbers the bytes from 0x80 on are below zero.
            let control = bytes.simd_lt(i8x16::splat(0x20)) & !bytes.simd_lt(i8x16::splat(0));
            places |= u64::from(escaped.to_bitmask()) << (nth * LANE_BYTES);
            has_control |= control.any();
        }
        if has_control { Self::Longer } else { Self::At(places) }
    }
}

/// Appends a group with a backslash before the bytes at these places. In a record within a text a third of the bytes may
/// be quotes: whole lanes are copied, also where only a few bytes of them count. `margin` is what follows the group.
fn escape_group(group: &[u8; GROUP_BYTES], margin: &[u8; LANE_BYTES], mut places: u64, out: &mut Vec<u8>) {
    let mut read = [0; GROUP_BYTES + LANE_BYTES];
    read[..GROUP_BYTES].copy_from_slice(group);
    read[GROUP_BYTES..].copy_from_slice(margin);
    let mut escaped = [0; 2 * GROUP_BYTES + LANE_BYTES];
    let (mut from, mut length) = (0, 0);
    loop {
        let to = (places.trailing_zeros() as usize).min(GROUP_BYTES);
        while from < to {
            let lane = &read[from..from + LANE_BYTES];
            escaped[length..length + LANE_BYTES].copy_from_slice(lane);
            let step = (to - from).min(LANE_BYTES);
            (from, length) = (from + step, length + step);
        }
        if places == 0 {
            break;
        }
        escaped[length] = b'\\';
        length += 1;
        places &= places - 1;
    }
    out.extend_from_slice(&escaped[..length]);
}

/// Appends bytes of which some must be escaped. In a record within a text every third may be a quote: no branch depends on
/// where they are.
fn escape_lane(lane: &[u8; LANE_BYTES], out: &mut Vec<u8>) {
    let mut escaped = [0; 32];
    let mut length = 0;
    let mut has_longer = false;
    for byte in lane {
        let escape = ESCAPES[usize::from(*byte)];
        // Two bytes at most for each of sixteen: the mask changes no place, but spares a look at the bounds.
        escaped[length & 31] = b'\\';
        length += usize::from(escape != 0);
        escaped[length & 31] = if escape != 0 { escape } else { *byte };
        length += 1;
        has_longer |= escape == b'u';
    }
    if has_longer {
        lane.iter().for_each(|byte| escape_byte(*byte, out));
    } else {
        out.extend_from_slice(&escaped[..length]);
    }
}

fn escape_byte(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match ESCAPES[usize::from(byte)] {
        0 => out.push(byte),
        b'u' => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        letter => out.extend_from_slice(&[b'\\', letter]),
    }
}

/// Whether a byte must be escaped. Sixteen are looked at at a time, whatever comes first among them.
fn has_escapes(bytes: &[u8]) -> bool {
    let is_escaped = |has: bool, byte: &u8| has | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
    let (lanes, rest) = bytes.as_chunks::<16>();
    lanes.iter().any(|lane| lane.iter().fold(false, is_escaped)) || rest.iter().fold(false, is_escaped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_written_as_serde_json_writes_them(
            text in prop::collection::vec(
                prop_oneof![
                    8 => Just('"'),
                    8 => Just('\\'),
                    20 => Just('u'),
                    10 => prop::char::range(' ', '~'),
                    1 => prop::char::range('\0', '\u{80}'),
                    4 => any::<char>(),
                ],
                0..300,
            )
        ) {
            let text: String = text.into_iter().collect();
            let mut written = b"[".to_vec();
            encode_text(&text, &mut written);
            prop_assert_eq!(&written[1..], serde_json::to_vec(&text).expect("it is a text"));
        }
    }
}
