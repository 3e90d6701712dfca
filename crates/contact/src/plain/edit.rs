//! Looking around in the text of a record that a scan stopped in, and cutting pieces out of it.

use std::ops::Range;

use super::failure::{Inside, Step};
use super::look_ahead::LookAhead;
use super::scan::LineEnds;
use crate::pointer::push_token;

/// Of more elements the types are not looked for.
const MOST_TYPES: usize = 8;

/// The type that each element of an array says; `None` if that is not seen at once.
pub(super) fn types(text: &[u8], bracket: usize) -> Option<Vec<&[u8]>> {
    let ahead = LookAhead { bytes: text, line_ends: LineEnds::AreSpace };
    let mut types = Vec::new();
    let mut at = ahead.token(bracket + 1)?;
    if text.get(at)? == &b']' {
        return Some(types);
    }
    loop {
        if text.get(at)? != &b'{' || types.len() == MOST_TYPES {
            return None;
        }
        let mut member = ahead.token(at + 1)?;
        loop {
            let name = name_at(text, member)?;
            let value = ahead.token(ahead.token(member + name.len() + 2)? + 1)?;
            if name == "type" {
                types.push(name_at(text, value)?.as_bytes());
                break;
            }
            let end = ahead.token(ahead.skip(value)?)?;
            if text.get(end)? != &b',' {
                return None;
            }
            member = ahead.token(end + 1)?;
        }
        let end = ahead.token(ahead.skip(at)?)?;
        match text.get(end)? {
            b',' => at = ahead.token(end + 1)?,
            b']' => return Some(types),
            _ => return None,
        }
    }
}

/// The name whose quote stands at `at`, if it has no escapes.
pub(super) fn name_at(text: &[u8], at: usize) -> Option<&str> {
    let rest = text.get(at..)?.strip_prefix(b"\"")?;
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    if rest[end] == b'\\' {
        return None;
    }
    std::str::from_utf8(&rest[..end]).ok()
}

/// Whether the object whose brace is at `brace` has another member of the name that stands at `at`. `None` if that is not
/// seen at once.
pub(super) fn stands_twice(text: &[u8], brace: usize, at: usize, name: &str) -> Option<bool> {
    let ahead = LookAhead { bytes: text, line_ends: LineEnds::AreSpace };
    let mut next = ahead.token(brace + 1)?;
    loop {
        let other = name_at(text, next)?;
        if next != at && other == name {
            return Some(true);
        }
        let colon = ahead.token(next + other.len() + 2)?;
        let end = ahead.token(ahead.skip(colon + 1)?)?;
        match text.get(end)? {
            b',' => next = ahead.token(end + 1)?,
            b'}' => return Some(false),
            _ => return None,
        }
    }
}

/// The pointer to the part that a scan stopped at.
pub(super) fn pointer_to(text: &[u8], failure: &[Step]) -> Option<String> {
    let mut pointer = String::with_capacity(32);
    for step in failure.iter().rev() {
        match step.inside {
            Inside::Member { name, .. } => push_token(&mut pointer, name_at(text, name)?),
            Inside::Element(nth) => push_token(&mut pointer, itoa::Buffer::new().format(nth)),
        }
    }
    Some(pointer)
}

/// Takes out a member or an element, with the comma that parts it from the next one or the one before.
pub(super) fn cut(text: &mut Vec<u8>, place: Range<usize>) -> Option<()> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let after = place.end + text.get(place.end..)?.iter().position(|byte| !is_space(byte))?;
    if text[after] == b',' {
        text.drain(place.start..after + 1);
        return Some(());
    }
    let before = text[..place.start].iter().rposition(|byte| !is_space(byte))?;
    let start = if text[before] == b',' { before } else { place.start };
    text.drain(start..place.end);
    Some(())
}
