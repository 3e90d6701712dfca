//! JSON Pointers (RFC 6901) between a tape and the outside.

use std::borrow::Cow;

use ndjson::TapeValue;
use serde_json::Value;

/// The value that a pointer leads to.
#[must_use]
pub fn resolve<'a>(root: TapeValue<'a>, pointer: &str) -> Option<TapeValue<'a>> {
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

/// The pointer to a part of a document, which is that very value and not only an equal one.
#[must_use]
pub(crate) fn of_part(document: &Value, part: &Value) -> Option<String> {
    let mut way = Vec::new();
    is_below(document, part, &mut way).then(|| {
        let mut pointer = String::new();
        way.iter().rev().for_each(|token| push_token(&mut pointer, token));
        pointer
    })
}

/// Whether the part is this value or in it; the way to it then, from its end.
fn is_below<'v>(value: &'v Value, part: &Value, way: &mut Vec<Cow<'v, str>>) -> bool {
    if std::ptr::eq(value, part) {
        return true;
    }
    match value {
        Value::Object(members) => members.iter().any(|(name, child)| {
            let is_below = is_below(child, part, way);
            if is_below {
                way.push(Cow::Borrowed(name));
            }
            is_below
        }),
        Value::Array(elements) => elements.iter().enumerate().any(|(nth, child)| {
            let is_below = is_below(child, part, way);
            if is_below {
                way.push(Cow::Owned(nth.to_string()));
            }
            is_below
        }),
        _ => false,
    }
}

/// Appends one step to a JSON Pointer, escaped.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    // Names mostly stand for themselves.
    if !token.as_bytes().iter().fold(false, |has, byte| has | matches!(byte, b'~' | b'/')) {
        return pointer.push_str(token);
    }
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// What a pointer leads to, as the subject of a sentence: `channels[1].value`, `"first name"`, `the record`.
#[must_use]
pub fn subject(pointer: &str) -> String {
    let mut subject = String::new();
    push_subject(&mut subject, pointer);
    subject
}

/// Appends what [`subject`] says.
pub(crate) fn push_subject(text: &mut String, pointer: &str) {
    let start = text.len();
    let mut rest = pointer.split_once('/').map(|(_, rest)| rest);
    while let Some(tokens) = rest {
        let bytes = tokens.as_bytes();
        let end = bytes.iter().position(|byte| *byte == b'/').unwrap_or(bytes.len());
        let token = &tokens[..end];
        rest = tokens.get(end + 1..);
        if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()) {
            text.push('[');
            text.push_str(token);
            text.push(']');
            continue;
        }
        if text.len() > start {
            text.push('.');
        }
        if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            text.push_str(token);
            continue;
        }
        let name = unescape(token);
        let is_word =
            name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-' | '$'));
        if is_word && !name.is_empty() {
            text.push_str(&name);
        } else {
            text.push_str(&format!("{name:?}"));
        }
    }
    if text.len() == start {
        text.push_str("the record");
    }
}

/// The name that a step of a pointer means.
#[must_use]
pub(crate) fn unescape(token: &str) -> Cow<'_, str> {
    match token.contains('~') {
        true => Cow::Owned(token.replace("~1", "/").replace("~0", "~")),
        // Names mostly stand for themselves.
        false => Cow::Borrowed(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_subject_of_a_sentence() {
        for (pointer, said) in [
            ("", "the record"),
            ("/timeZone", "timeZone"),
            ("/address/town", "address.town"),
            ("/channels/1/device/appId", "channels[1].device.appId"),
            ("/0/name", "[0].name"),
            ("/first name", "\"first name\""),
            ("/a~1b/é", "\"a/b\".é"),
            ("/a.b", "\"a.b\""),
            ("/", "\"\""),
            ("/\u{1b}[2J", "\"\\u{1b}[2J\""),
        ] {
            assert_eq!(subject(pointer), said, "{pointer}");
        }
    }
}
