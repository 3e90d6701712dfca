//! When a record was true.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ndjson::{Node, StaticNode, Tape};
use thiserror::Error;

use crate::pointer;
use crate::violation::{Violation, mask};

/// The place in a record that says when it was true: a JSON Pointer such as `/updated_at`.
///
/// ```
/// let place: contact::UpdatedAt = "/meta/changed".parse()?;
/// assert_eq!(place.to_string(), "/meta/changed");
/// assert!("updated_at".parse::<contact::UpdatedAt>().is_err());
/// # Ok::<(), contact::UpdatedAtError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatedAt {
    pointer: String,
}

/// Why a text is no place in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UpdatedAtError {
    /// It does not start with a slash.
    #[error(
        "the place is a JSON Pointer, which starts with a slash: write /updated_at for the member updated_at"
    )]
    NoSlash,
    /// It ends with a slash.
    #[error("the place has no name behind its last slash: write /updated_at for the member updated_at")]
    NoName,
    /// A tilde in it stands for nothing.
    #[error("a tilde in a JSON Pointer is written ~0, and a slash in a name ~1")]
    Tilde,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing.
    Nothing,
    /// Milliseconds since 1970.
    At(i64),
    /// Something that is no time.
    Unreadable(Violation),
}

impl FromStr for UpdatedAt {
    type Err = UpdatedAtError;

    fn from_str(pointer: &str) -> Result<Self, Self::Err> {
        if !pointer.starts_with('/') {
            return Err(UpdatedAtError::NoSlash);
        }
        if pointer.ends_with('/') {
            return Err(UpdatedAtError::NoName);
        }
        if pointer.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
            return Err(UpdatedAtError::Tilde);
        }
        Ok(Self { pointer: pointer.to_owned() })
    }
}

impl fmt::Display for UpdatedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pointer)
    }
}

impl UpdatedAt {
    /// The member of the record that it is, or is in.
    pub(crate) fn member(&self) -> String {
        pointer::unescape(self.pointer.split('/').nth(1).unwrap_or_default()).into_owned()
    }

    /// Reads what a record says, as it stands.
    pub(crate) fn read(&self, tape: &Tape<'_>) -> Said {
        let Some(value) = pointer::resolve(tape.root(), &self.pointer) else { return Said::Nothing };
        let time = match *value.node() {
            Node::Static(StaticNode::Null) => return Said::Nothing,
            Node::String(text) if text.trim().is_empty() => return Said::Nothing,
            Node::String(text) => time_of_text(text.trim()),
            Node::Static(StaticNode::I64(_) | StaticNode::U64(_) | StaticNode::F64(_)) => {
                time_of_number(tape.number_text(tape.origin(value.index())))
            }
            Node::Static(StaticNode::Bool(_)) | Node::Object { .. } | Node::Array { .. } => None,
        };
        match time {
            Some(time) => Said::At(time),
            None => Said::Unreadable(Violation::of_unreadable_time(&*self.pointer, mask(value))),
        }
    }
}

/// A text read as a time, in milliseconds since 1970: a date, a date and a time (in UTC, if it names no zone), or
/// seconds or milliseconds since 1970.
#[must_use]
pub fn time_of_text(text: &str) -> Option<i64> {
    if is_decimal(text) {
        return time_of_number(text);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    // Read as a local time, what follows the time would be passed over.
    let is_bare = text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.,Tt ".contains(&byte));
    let time = text.parse::<DateTime>().ok().filter(|_| is_bare)?;
    Some(TimeZone::UTC.to_timestamp(time).ok()?.as_millisecond())
}

/// Digits, perhaps with a fraction or a minus.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// From here on a number is of milliseconds: as seconds it would be a time after the year 5138.
const LEAST_MILLISECONDS: i64 = 100_000_000_000;

/// The digits of a number, as seconds or milliseconds since 1970, in milliseconds.
#[must_use]
pub fn time_of_number(digits: &str) -> Option<i64> {
    if let Ok(number) = digits.parse::<i64>() {
        let is_seconds = number.unsigned_abs() < LEAST_MILLISECONDS.unsigned_abs();
        return Some(if is_seconds { number * 1000 } else { number });
    }
    let number: f64 = digits.parse().ok()?;
    let milliseconds = if number.abs() < LEAST_MILLISECONDS as f64 { number * 1000.0 } else { number };
    // Beyond it not every whole number is a float, and no time is meant.
    const MOST: f64 = (1_u64 << 53) as f64;
    (milliseconds.abs() < MOST).then_some(milliseconds.round() as i64)
}

#[cfg(test)]
mod tests {
    use ndjson::Parser;

    use super::*;

    fn read(record: &str) -> Said {
        let place: UpdatedAt = "/t".parse().expect("it is a pointer");
        Parser::new().parse(record.as_bytes(), |tape| place.read(tape)).expect("it is JSON")
    }

    #[test]
    fn dates_times_and_numbers_are_read() {
        const NOON: i64 = 1_793_361_600_000;
        for (value, time) in [
            (r#""2026-10-30""#, NOON - 12 * 3_600_000),
            (r#""2026-10-30T12:00:00Z""#, NOON),
            (r#""2026-10-30 12:00:00Z""#, NOON),
            (r#""2026-10-30t12:00:00z""#, NOON),
            (r#""2026-10-30T12:00""#, NOON),
            (r#""2026-10-30 12:00""#, NOON),
            (r#"" 2026-10-30 12:00:00 ""#, NOON),
            (r#""2026-10-30T14:00:00+02:00""#, NOON),
            (r#""2026-10-30 14:00:00+0200""#, NOON),
            (r#""2026-10-30T14:00+02""#, NOON),
            (r#""2026-10-30T07:00:00-05:00""#, NOON),
            (r#""2026-10-30T12:00:00.25Z""#, NOON + 250),
            (r#""2026-10-30 12:00:00.123456""#, NOON + 123),
            (r#""1969-12-31T23:59:59Z""#, -1000),
            ("1793361600", NOON),
            ("1793361600000", NOON),
            ("1793361600.5", NOON + 500),
            ("1.7933616e9", NOON),
            (r#""1793361600""#, NOON),
            (r#""1793361600000""#, NOON),
            (r#""1793361600.125""#, NOON + 125),
            ("0", 0),
            ("-1", -1000),
            ("99999999999", 99_999_999_999_000),
            ("100000000000", 100_000_000_000),
            (r#""20261030""#, 20_261_030_000),
        ] {
            assert_eq!(read(&format!(r#"{{"t":{value}}}"#)), Said::At(time), "{value}");
        }
    }

    #[test]
    fn what_is_not_there_or_empty_says_nothing() {
        for record in [r#"{"t":null}"#, r#"{"t":""}"#, r#"{"t":"  "}"#, "{}", r#"{"T":5}"#] {
            assert_eq!(read(record), Said::Nothing, "{record}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_without_giving_it_away() {
        for value in [
            "true",
            "{}",
            "[]",
            r#""yesterday""#,
            r#""30.10.2026""#,
            r#""2026-13-01""#,
            r#""2026-02-30T12:00:00Z""#,
            r#""0000-00-00 00:00:00""#,
            r#""12:00""#,
            r#""2026-10-30T12:00[Europe/Kyiv]""#,
            r#""2026-10-30T12:00 Kyiv""#,
            "1e300",
            "99999999999999999999",
            r#""1.2.3""#,
            r#""-""#,
        ] {
            let Said::Unreadable(violation) = read(&format!(r#"{{"t":{value}}}"#)) else {
                panic!("{value} was read");
            };
            assert_eq!((&*violation.code, &*violation.pointer), ("bad-updated-at", "/t"));
            assert!(!violation.value.is_empty() && violation.removed.is_none());
        }
    }

    #[test]
    fn a_place_is_a_json_pointer() {
        for (text, error) in [
            ("", UpdatedAtError::NoSlash),
            ("updated_at", UpdatedAtError::NoSlash),
            ("/", UpdatedAtError::NoName),
            ("/a/", UpdatedAtError::NoName),
            ("/a~", UpdatedAtError::Tilde),
            ("/a~2/b", UpdatedAtError::Tilde),
        ] {
            assert_eq!(text.parse::<UpdatedAt>(), Err(error), "{text}");
        }
        let record = br#"{"a/b~c":[{},{"":{"x":7}}]}"#;
        let place: UpdatedAt = "/a~1b~0c/1//x".parse().expect("it is a pointer");
        assert_eq!(place.member(), "a/b~c");
        let said = Parser::new().parse(record, |tape| place.read(tape));
        assert_eq!(said.expect("it is JSON"), Said::At(7000));
    }
}
