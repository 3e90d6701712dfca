//! From the tape back to compact JSON.

use fearless_simd::{Level, dispatch, prelude::*, u8x16};
use ndjson::{Node, StaticNode, Tape, TapeValue};

use crate::plain::{LANE_BYTES, below};

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
    dispatch!(Level::new(), simd => escape_text(simd, text.as_bytes(), out));
    out.push(b'"');
}

#[inline(always)]
fn escape_text<S: Simd>(simd: S, text: &[u8], out: &mut Vec<u8>) {
    let (lanes, rest) = text.as_chunks::<LANE_BYTES>();
    let (groups, lanes) = lanes.as_chunks::<GROUP_LANES>();
    for group in groups {
        escape_lanes(simd, group, GROUP_LANES * LANE_BYTES, out);
    }
    let rest = (!rest.is_empty()).then(|| (padded(rest), rest.len()));
    for (lane, count) in lanes.iter().map(|lane| (*lane, LANE_BYTES)).chain(rest) {
        escape_lanes(simd, &[lane], count, out);
    }
}

/// How many lanes of a long text are escaped at a time.
const GROUP_LANES: usize = 4;

/// A text that is shorter than a lane, with something behind it that needs no escapes. It is put together in registers: what
/// is read again as soon as it was written in pieces has to be waited for.
#[inline(always)]
fn padded(text: &[u8]) -> [u8; LANE_BYTES] {
    let length = text.len();
    // The pieces overlap, with the same bytes there.
    let read = if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)) << (8 * (length - 8))
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        u128::from(u32::from_le_bytes(*first)) | u128::from(u32::from_le_bytes(*last)) << (8 * (length - 4))
    } else {
        text.iter().rev().fold(0, |read, byte| read << 8 | u128::from(*byte))
    };
    let spaces = u128::from_le_bytes([b' '; LANE_BYTES]);
    (read | spaces & !below(length)).to_le_bytes()
}

/// So many bytes get their backslashes at a time.
const WORD_BYTES: usize = LANE_BYTES / 2;

/// For each set of bytes of a word, one bit each, which bytes it becomes: those of the word, with the one behind it, which is
/// a backslash, before each of the set.
static WITH_BACKSLASHES: [[u8; LANE_BYTES]; 1 << WORD_BYTES] = {
    let mut all = [[0; LANE_BYTES]; 1 << WORD_BYTES];
    let mut set = 0;
    while set < all.len() {
        let (mut byte, mut to) = (0, 0);
        while byte < WORD_BYTES {
            if set >> byte & 1 == 1 {
                all[set][to] = WORD_BYTES as u8;
                to += 1;
            }
            all[set][to] = byte as u8;
            to += 1;
            byte += 1;
        }
        set += 1;
    }
    all
};

/// Appends the first bytes of some lanes, so many of them. In a record within a text every seventh byte is a quote: what each
/// word becomes is looked up, instead of asking where the next quote is.
#[inline(always)]
fn escape_lanes<S: Simd, const LANES: usize>(
    simd: S,
    lanes: &[[u8; LANE_BYTES]; LANES],
    count: usize,
    out: &mut Vec<u8>,
) {
    let lanes_read = lanes.map(|lane| u8x16::from_slice(simd, &lane));
    let least = lanes_read.iter().fold(u8x16::splat(simd, b' '), |least, bytes| least.min(*bytes));
    if least.simd_lt(b' ').any_true() {
        return escape_bytes(&lanes.as_flattened()[..count], out);
    }
    let escaped = lanes_read.map(|bytes| (bytes.simd_eq(b'"') | bytes.simd_eq(b'\\')).to_bitmask() as usize);
    let start = out.len();
    // Written where it stays, and what does not count is taken off again.
    if escaped == [0; LANES] {
        out.extend_from_slice(lanes.as_flattened());
        return out.truncate(start + count);
    }
    out.resize(start + 2 * LANES * LANE_BYTES, 0);
    let written = &mut out[start..];
    let mut at = 0;
    for (lane, escaped) in lanes.iter().zip(escaped) {
        let (words, _) = lane.as_chunks::<WORD_BYTES>();
        for (word, set) in words.iter().zip([escaped & 0xFF, escaped >> WORD_BYTES]) {
            let word = u128::from(u64::from_le_bytes(*word)) | u128::from(b'\\') << u64::BITS;
            let becomes = u8x16::from_slice(simd, &WITH_BACKSLASHES[set]);
            let word = u8x16::from_slice(simd, &word.to_le_bytes()).swizzle_dyn(becomes);
            word.store_slice(&mut written[at..at + LANE_BYTES]);
            at += WORD_BYTES + set.count_ones() as usize;
        }
    }
    // What does not count has no escapes and comes last.
    out.truncate(start + at - (LANES * LANE_BYTES - count));
}

/// Appends bytes of which some are control characters.
#[cold]
#[inline(never)]
fn escape_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        match ESCAPES[usize::from(*byte)] {
            0 => out.push(*byte),
            b'u' => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            letter => out.extend_from_slice(&[b'\\', letter]),
        }
    }
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
