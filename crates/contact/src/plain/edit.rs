//! Looking around in the text of a record that a scan stopped in, and cutting pieces out of it.

use std::ops::Range;

use super::failure::{Inside, Step};
use super::look_ahead::LookAhead;
use super::scan::LineEnds;
use crate::pointer::push_token;

/// Of more elements it is not looked for what they say.
const MOST_ELEMENTS: usize = 8;

/// What each element of an array says in the member of this name, where it stands first: a text, with its quotes, or a
/// whole number. `None` if that is not seen at once; two that differ here are different values.
pub(super) fn said_by_each<'t>(text: &'t [u8], bracket: usize, member_name: &str) -> Option<Vec<&'t [u8]>> {
    let ahead = LookAhead { bytes: text, line_ends: LineEnds::AreSpace };
    let mut said = Vec::new();
    let mut at = ahead.token(bracket + 1)?;
    if text.get(at)? == &b']' {
        return Some(said);
    }
    loop {
        if text.get(at)? != &b'{' || said.len() == MOST_ELEMENTS {
            return None;
        }
        let mut member = ahead.token(at + 1)?;
        loop {
            let name = name_at(text, member)?;
            let value = ahead.token(ahead.token(member + name.len() + 2)? + 1)?;
            if name == member_name.as_bytes() {
                said.push(text_or_number(text, value)?);
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
            b']' => return Some(said),
            _ => return None,
        }
    }
}

/// The text without escapes, or the number of digits alone, that stands at `at`.
fn text_or_number(text: &[u8], at: usize) -> Option<&[u8]> {
    if let Some(inner) = name_at(text, at) {
        return text.get(at..at + inner.len() + 2);
    }
    let digits = text.get(at..)?.iter().position(|byte| !byte.is_ascii_digit())?;
    let is_whole = matches!(text[at + digits], b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
    text.get(at..at + digits).filter(|number| is_whole && !number.is_empty() && !number.starts_with(b"0"))
}

/// The bytes of the name whose quote stands at `at`, if it has no escapes.
pub(super) fn name_at(text: &[u8], at: usize) -> Option<&[u8]> {
    let rest = text.get(at..)?.strip_prefix(b"\"")?;
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    (rest[end] == b'"').then_some(&rest[..end])
}

/// Whether the object whose brace is at `brace` has another member of the name that stands at `at`. `None` if that is not
/// seen at once.
pub(super) fn stands_twice(text: &[u8], brace: usize, at: usize, name: &[u8]) -> Option<bool> {
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
            Inside::Member { name, .. } => {
                push_token(&mut pointer, std::str::from_utf8(name_at(text, name)?).ok()?);
            }
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
