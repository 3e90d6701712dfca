//! What is wrong with a record: one entry for each rule that it breaks.

use std::borrow::Cow;
use std::fmt::Write;

use ndjson::{Parser, StaticNode, SyntaxError, TapeValue};
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, SmolStrBuilder, ToSmolStr, format_smolstr};

use crate::pointer::subject;

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Violation {
    /// The stable name of this kind of fault, such as `bad-email`.
    pub code: SmolStr,
    /// A JSON Pointer into the record as it was read.
    pub pointer: SmolStr,
    /// The keyword of the schema that was broken; empty for rules that are not schema keywords.
    pub keyword: SmolStr,
    /// What is wrong and what to do, as a sentence that names the place, and without the value.
    pub message: SmolStr,
    /// The value, masked.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub value: SmolStr,
    /// What was left out because of it, as a pointer into the record as it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<SmolStr>,
}

impl Violation {
    /// A violation of a rule that is not a keyword of the schema.
    #[must_use]
    pub fn of_record(code: &'static str, pointer: impl Into<SmolStr>, message: impl Into<SmolStr>) -> Self {
        Self {
            code: SmolStr::new_static(code),
            pointer: pointer.into(),
            keyword: SmolStr::default(),
            message: message.into(),
            value: SmolStr::default(),
            removed: None,
        }
    }

    /// A time that cannot be read, so that the record counts as the oldest. The value comes masked.
    #[must_use]
    pub fn of_unreadable_time(pointer: impl Into<SmolStr>, value: SmolStr) -> Self {
        let pointer = pointer.into();
        let message = format!(
            "{} is no time; write a date (2026-10-30), a date and a time (2026-10-30T14:05:00Z), or seconds or \
             milliseconds since 1970; until then the record counts as the oldest",
            subject(&pointer)
        );
        Self { value, ..Self::of_record("bad-updated-at", pointer, message) }
    }

    /// Says that it is about another place, of the record out of which the contact was made; the message names that place
    /// then. An empty pointer is no place: the message goes on naming that of the contact.
    pub fn move_to(&mut self, pointer: impl Into<SmolStr>) {
        let pointer = pointer.into();
        if !pointer.is_empty()
            && let Some(rest) = self.message.strip_prefix(&subject(&self.pointer))
            && rest.starts_with(' ')
        {
            self.message = (subject(&pointer) + rest).into();
        }
        self.pointer = pointer;
    }

    /// A record that is not JSON.
    #[must_use]
    pub fn of_syntax(error: &SyntaxError) -> Self {
        let mut message = String::with_capacity(128);
        // Memory takes all that is written to it.
        let _ = write!(message, "{error}");
        Self::of_record(error.kind.code(), "", message)
    }
}

/// Shows what kind of value this is without giving it away: exports hold names, addresses and tokens.
#[must_use]
pub fn mask(value: TapeValue<'_>) -> SmolStr {
    match *value.node() {
        ndjson::Node::String(text) => mask_text(text),
        ndjson::Node::Object { len, .. } => format_smolstr!("object with {}", counted(len, "member")),
        ndjson::Node::Array { len, .. } => format_smolstr!("array with {}", counted(len, "element")),
        ndjson::Node::Static(StaticNode::Null) => SmolStr::new_static("null"),
        ndjson::Node::Static(StaticNode::Bool(truth)) => truth.to_smolstr(),
        ndjson::Node::Static(StaticNode::I64(number)) => mask_text(&number.to_string()),
        ndjson::Node::Static(StaticNode::U64(number)) => mask_text(&number.to_string()),
        ndjson::Node::Static(StaticNode::F64(number)) => mask_text(&number.to_string()),
    }
}

/// The same of a value in compact JSON.
pub(crate) fn mask_encoded(value: &[u8]) -> SmolStr {
    match decoded_text(value) {
        Some(text) => mask_text(&text),
        None => Parser::new().parse(value, |tape| mask(tape.root())).unwrap_or_default(),
    }
}

/// The text that a value in compact JSON is, if it is one.
pub(crate) fn decoded_text(value: &[u8]) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice(value).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inner).ok().map(Cow::Borrowed)
}

/// The first two characters at most, never more than a quarter of the text, and its length.
#[must_use]
pub fn mask_text(text: &str) -> SmolStr {
    let length = if text.is_ascii() { text.len() } else { text.chars().count() };
    let mut masked = SmolStrBuilder::new();
    let shown = text.chars().take((length / 4).min(2)).filter(|character| !character.is_control());
    shown.for_each(|character| masked.push(character));
    masked.push_str("*** (");
    push_counted(&mut masked, length, "character");
    masked.push(')');
    masked.finish()
}

pub(crate) fn counted(number: usize, noun: &str) -> SmolStr {
    let mut text = SmolStrBuilder::new();
    push_counted(&mut text, number, noun);
    text.finish()
}

fn push_counted(text: &mut SmolStrBuilder, number: usize, noun: &str) {
    text.push_str(itoa::Buffer::new().format(number));
    text.push(' ');
    text.push_str(noun);
    if number != 1 {
        text.push('s');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_two_characters_and_a_quarter_of_a_text_are_shown() {
        for (text, masked) in [
            ("", "*** (0 characters)"),
            ("a", "*** (1 character)"),
            ("Олег", "О*** (4 characters)"),
            ("john.smith@example.com", "jo*** (22 characters)"),
            ("\u{1}\u{2}345678", "*** (8 characters)"),
        ] {
            assert_eq!(mask_text(text), masked);
        }
    }

    #[test]
    fn an_object_has_one_member_or_several() {
        for (value, masked) in [
            ("{}", "object with 0 members"),
            (r#"{"a":1}"#, "object with 1 member"),
            ("[1]", "array with 1 element"),
            ("[1,2]", "array with 2 elements"),
        ] {
            assert_eq!(mask_encoded(value.as_bytes()), masked);
        }
    }

    #[test]
    fn the_message_goes_to_the_place_that_the_violation_is_moved_to() {
        let of_contact =
            || Violation::of_record("bad-email", "/channels/0/value", "channels[0].value is odd");
        for (to, message) in [
            ("/email", "email is odd"),
            ("/push_tokens/2/token", "push_tokens[2].token is odd"),
            ("", "channels[0].value is odd"),
        ] {
            let mut violation = of_contact();
            violation.move_to(to.to_owned());
            assert_eq!((violation.pointer.as_str(), violation.message.as_str()), (to, message));
        }
        let mut other = Violation::of_record("channel-limit", "/channels/0", "a contact takes one");
        other.move_to("/email".to_owned());
        assert_eq!(other.message, "a contact takes one");
    }
}
