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
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    if !has_escapes(bytes) {
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    let mut copied = 0;
    for (nth, &byte) in bytes.iter().enumerate() {
        let escape = ESCAPES[usize::from(byte)];
        if escape == 0 {
            continue;
        }
        out.extend_from_slice(&bytes[copied..nth]);
        copied = nth + 1;
        out.extend_from_slice(&[b'\\', escape]);
        if escape == b'u' {
            out.extend_from_slice(&[b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

/// Whether a byte must be escaped. Sixteen are looked at at a time, whatever comes first among them.
fn has_escapes(bytes: &[u8]) -> bool {
    let is_escaped = |has: bool, byte: &u8| has | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
    let (lanes, rest) = bytes.as_chunks::<16>();
    lanes.iter().any(|lane| lane.iter().fold(false, is_escaped)) || rest.iter().fold(false, is_escaped)
}
