//! JSON Pointers (RFC 6901) between a tape and the outside.

use ndjson::{Tape, TapeValue};

/// The value that a pointer leads to.
#[must_use]
pub(crate) fn resolve<'a>(root: TapeValue<'a>, pointer: &str) -> Option<TapeValue<'a>> {
    let mut value = root;
    for token in pointer.split('/').skip(1) {
        value = if let Some(mut elements) = value.elements() {
            elements.nth(token.parse().ok()?)?
        } else {
            value.get(&unescape(token))?
        };
    }
    Some(value)
}

/// The pointer, in the record as it was read, to the value that stands at this index now.
#[must_use]
pub(crate) fn as_read(tape: &Tape<'_>, index: u32) -> String {
    let origin = tape.origin(index);
    let mut pointer = String::new();
    let mut value = tape.as_parsed();
    while value.index() != origin {
        // Children stand in the order of their indices: the last one that does not start behind the origin holds it.
        let next = if let Some(members) = value.members() {
            members.take_while(|(_, child)| child.index() <= origin).last().map(|(name, child)| {
                push_token(&mut pointer, name);
                child
            })
        } else if let Some(elements) = value.elements() {
            elements.enumerate().take_while(|(_, child)| child.index() <= origin).last().map(
                |(nth, child)| {
                    push_token(&mut pointer, &nth.to_string());
                    child
                },
            )
        } else {
            None
        };
        match next {
            Some(child) => value = child,
            None => break,
        }
    }
    pointer
}

/// Appends one step to a JSON Pointer, escaped.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// The name that a step of a pointer means.
#[must_use]
pub(crate) fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}
