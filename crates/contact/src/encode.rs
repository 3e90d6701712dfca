//! From the tape back to compact JSON.

use ndjson::{Node, StaticNode, Tape, TapeValue};

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
    let (lanes, rest) = text.as_bytes().as_chunks::<16>();
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

/// Appends bytes of which some must be escaped. In a record within a text every third may be a quote: no branch depends on
/// where they are.
fn escape_lane(lane: &[u8; 16], out: &mut Vec<u8>) {
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
                prop_oneof![Just('"'), Just('\\'), Just('u'), prop::char::range('\0', '\u{80}'), any::<char>()],
                0..80,
            )
        ) {
            let text: String = text.into_iter().collect();
            let mut written = b"[".to_vec();
            encode_text(&text, &mut written);
            prop_assert_eq!(&written[1..], serde_json::to_vec(&text).expect("it is a text"));
        }
    }
}
