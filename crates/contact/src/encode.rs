//! From the tape back to compact JSON.

use fearless_simd::{Level, dispatch, prelude::*, u8x16, u8x32};
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
    for piece in text.as_bytes().chunks(PIECE_BYTES) {
        dispatch!(Level::new(), simd => escape_piece(simd, piece, out));
    }
    out.push(b'"');
}

/// So many bytes of a text are escaped at a time: there has to be room for twice as many.
const PIECE_BYTES: usize = 4 << 10;

/// Appends a piece of a text.
#[inline(always)]
fn escape_piece<S: Simd>(simd: S, piece: &[u8], out: &mut Vec<u8>) {
    let (lanes, rest) = piece.as_chunks::<LANE_BYTES>();
    let (pairs, lanes) = lanes.as_chunks::<2>();
    let last = (!rest.is_empty()).then(|| padded(rest));
    let start = out.len();
    // Written where it stays, and what is too much is taken off again.
    out.resize(start + 2 * (piece.len() + LANE_BYTES), 0);
    let written = &mut out[start..];
    let mut at = 0;
    let mut has_controls = false;
    for pair in pairs {
        let bytes = u8x32::from_slice(simd, pair.as_flattened());
        has_controls |= escape_lanes(simd, bytes, written, &mut at);
    }
    for lane in lanes.iter().chain(&last) {
        has_controls |= escape_lanes(simd, u8x16::from_slice(simd, lane), written, &mut at);
    }
    if has_controls {
        out.truncate(start);
        return escape_bytes(piece, out);
    }
    // What the last lane has too much needs no escapes.
    let surplus = last.map_or(0, |_| LANE_BYTES - rest.len());
    out.truncate(start + at - surplus);
}

/// Writes some bytes with their escapes, and says whether there are control characters among them, which are not escaped so.
///
/// In a record within a text every seventh byte is a quote: instead of asking where the next one is, a backslash is put before
/// each byte, and those that are too many are left out again.
#[inline(always)]
fn escape_lanes<S: Simd, V, W>(simd: S, bytes: V, written: &mut [u8], at: &mut usize) -> bool
where
    V: SimdInt<S, Element = u8> + SimdCombine<S, Combined = W>,
    W: SimdInt<S, Element = u8>,
{
    let (low, high) = bytes.interleave(bytes);
    let twice = low.combine(high);
    let bytes_themselves =
        W::Mask::from_bitmask(simd, 0xAAAA_AAAA_AAAA_AAAA >> (u64::BITS as usize - W::LEN));
    let kept = twice.simd_eq(b'"') | twice.simd_eq(b'\\') | bytes_themselves;
    let escaped = bytes_themselves.select(twice, W::splat(simd, b'\\')).compress(kept);
    escaped.store_slice(&mut written[*at..*at + W::LEN]);
    *at += kept.to_bitmask().count_ones() as usize;
    bytes.simd_lt(b' ').any_true()
}

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

/// Appends bytes of which some are control characters.
#[cold]
#[inline(never)]
fn escape_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| ESCAPES[usize::from(*byte)] != 0) {
        let byte = rest[at];
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        match ESCAPES[usize::from(byte)] {
            b'u' => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            letter => out.extend_from_slice(&[b'\\', letter]),
        }
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What each level of the processor at hand makes of a piece.
    fn escaped(piece: &[u8]) -> Vec<Vec<u8>> {
        let level = Level::new();
        let mut all = Vec::new();
        let mut escape = |with: &dyn Fn(&mut Vec<u8>)| {
            let mut out = b"[".to_vec();
            with(&mut out);
            all.push(out.split_off(1));
        };
        escape(&|out| dispatch!(Level::baseline(), simd => escape_piece(simd, piece, out)));
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(simd) = level.as_sse4_2() {
                escape(&|out| {
                    simd.vectorize(
                        #[inline(always)]
                        || escape_piece(simd, piece, out),
                    )
                });
            }
            if let Some(simd) = level.as_avx2() {
                escape(&|out| {
                    simd.vectorize(
                        #[inline(always)]
                        || escape_piece(simd, piece, out),
                    )
                });
            }
        }
        escape(&|out| dispatch!(level, simd => escape_piece(simd, piece, out)));
        all
    }

    #[test]
    fn long_texts_are_written_piece_by_piece() {
        for around in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 5] {
            let text = "\"".repeat(around) + "a\nb" + &"\\ü".repeat(around);
            let mut written = Vec::new();
            encode_text(&text, &mut written);
            assert_eq!(written, serde_json::to_vec(&text).expect("it is a text"));
        }
    }

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
            let expected = serde_json::to_vec(&text).expect("it is a text");
            prop_assert_eq!(&written[1..], &expected);
            for escaped in escaped(text.as_bytes()) {
                prop_assert_eq!(escaped, &expected[1..expected.len() - 1]);
            }
        }
    }
}
