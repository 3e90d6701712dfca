//! Looking around in the text of a record, and cutting pieces out of it.

use std::ops::Range;

use super::notes::Open;
use crate::pointer::push_token;

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The place after the last byte before `at` that is not white space.
fn before_space(text: &[u8], at: usize) -> Option<usize> {
    Some(text.get(..at)?.iter().rposition(|byte| !is_space(*byte))? + 1)
}

/// The comma before a member or an element.
pub(super) fn comma_before(text: &[u8], at: usize) -> Option<usize> {
    let comma = before_space(text, at)? - 1;
    (text[comma] == b',').then_some(comma)
}

/// The name of the member whose value starts at `value`. It has no escapes.
pub(super) fn name_before(text: &[u8], value: usize) -> Option<&[u8]> {
    let colon = before_space(text, value)? - 1;
    let quote = before_space(text, colon)? - 1;
    let start = text[..quote].iter().rposition(|byte| *byte == b'"')?;
    (text[colon] == b':' && text[quote] == b'"').then_some(&text[start + 1..quote])
}

/// Writes the pointer to a value in the last of these objects and arrays; the first of them is that of the record.
pub(super) fn write_pointer(text: &[u8], way: &[Open], value: usize, pointer: &mut String) -> Option<()> {
    pointer.clear();
    let inner = way.iter().skip(1).map(|open| open.at).chain([value]);
    for (open, inner) in way.iter().zip(inner) {
        match text[open.at] {
            b'[' => push_token(pointer, itoa::Buffer::new().format(open.element)),
            _ => push_token(pointer, std::str::from_utf8(name_before(text, inner)?).ok()?),
        }
    }
    Some(())
}

/// Takes out an element, with the comma that parts it from the next one or the one before.
pub(super) fn cut(text: &mut Vec<u8>, place: Range<usize>) -> Option<()> {
    let after = place.end + text.get(place.end..)?.iter().position(|byte| !is_space(*byte))?;
    if text[after] == b',' {
        text.drain(place.start..after + 1);
        return Some(());
    }
    let start = comma_before(text, place.start).unwrap_or(place.start);
    text.drain(start..place.end);
    Some(())
}
