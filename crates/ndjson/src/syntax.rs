//! Why a text is not a JSON value: the cold path behind the fast parser.
//!
//! The fast parser only says that it stopped, and roughly where. Here the text is read a second time, slowly, to say what
//! is wrong with it and at which byte.

use std::fmt::{self, Write};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// The deepest nesting of arrays and objects that a record may have.
pub const MAX_DEPTH: usize = 128;

/// What is wrong with a text that is not JSON by RFC 8259, or not JSON that can be read in one way only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// A byte that is not UTF-8.
    InvalidUtf8,
    /// Something after the end of the value.
    TrailingText,
    /// A `\u` escape of half a surrogate pair.
    LoneSurrogate,
    /// A byte below 0x20 inside a string.
    ControlCharacter(u8),
    /// A number such as `007`.
    LeadingZero,
    /// A number that is not finished or not formed as one.
    InvalidNumber,
    /// A number beyond the range of 64-bit floating point.
    NumberOutOfRange,
    /// `NaN`, `Infinity`, `True`, `undefined` and the like.
    InvalidLiteral,
    /// A comment, which JSON does not have.
    Comment,
    /// A backslash followed by something that is not an escape.
    InvalidEscape,
    /// The text ends before the value does.
    UnexpectedEnd,
    /// More than [`MAX_DEPTH`] arrays and objects in each other.
    TooDeep,
    /// Two members of one object have the same name.
    DuplicateName(String),
    /// Anything else, in the words of the parser.
    Other(String),
}

/// Where and why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Where, in bytes from the start of the text.
    pub offset: usize,
}

impl SyntaxErrorKind {
    /// The stable code of this fault, as it stands in rejects.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidUtf8 => "invalid-utf8",
            Self::TrailingText => "trailing-text",
            Self::LoneSurrogate => "lone-surrogate",
            Self::ControlCharacter(_) => "control-character",
            Self::LeadingZero => "leading-zero",
            Self::InvalidNumber => "invalid-number",
            Self::NumberOutOfRange => "number-out-of-range",
            Self::InvalidLiteral => "invalid-literal",
            Self::Comment => "comment",
            Self::InvalidEscape => "invalid-escape",
            Self::UnexpectedEnd => "unexpected-end",
            Self::TooDeep => "too-deep",
            Self::DuplicateName(_) => "duplicate-key",
            Self::Other(_) => "syntax",
        }
    }
}

impl fmt::Display for SyntaxErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUtf8 => f.write_str("a byte is not UTF-8; export the data as UTF-8"),
            Self::TrailingText => {
                f.write_str("text follows the end of the JSON value; put one value on a line")
            }
            Self::LoneSurrogate => f.write_str(
                "a \\u escape is half of a surrogate pair; the character was cut in two on export",
            ),
            Self::ControlCharacter(byte) => {
                write!(
                    f,
                    "the control character 0x{byte:02X} stands raw in a string; write it as \\u{byte:04x}"
                )
            }
            Self::LeadingZero => f.write_str(
                "a number starts with 0; write it without the zero, or in quotes if it is an identifier",
            ),
            Self::InvalidNumber => f.write_str("a number is not written as JSON writes numbers"),
            Self::NumberOutOfRange => f.write_str("a number is larger than a 64-bit float can hold"),
            Self::InvalidLiteral => {
                f.write_str("a bare word is not a JSON value; only true, false and null stand without quotes")
            }
            Self::Comment => f.write_str("JSON has no comments; remove it"),
            Self::InvalidEscape => {
                f.write_str("a backslash is followed by something that is not a JSON escape")
            }
            Self::UnexpectedEnd => f.write_str("the value is cut off; the end of the record is missing"),
            Self::TooDeep => write!(f, "arrays and objects are nested more than {MAX_DEPTH} deep"),
            Self::DuplicateName(name) => write!(
                f,
                "the member name \"{name}\" stands twice in one object, so its value is ambiguous; keep one of them"
            ),
            Self::Other(message) => write!(f, "the record is not JSON: {message}"),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {} of the record)", self.kind, self.offset)
    }
}

impl std::error::Error for SyntaxError {}

impl From<std::str::Utf8Error> for SyntaxError {
    fn from(error: std::str::Utf8Error) -> Self {
        Self { kind: SyntaxErrorKind::InvalidUtf8, offset: error.valid_up_to() }
    }
}

/// Says what is wrong with a text that the fast parser refused at `fast_offset`, for the reason `fast_reason`.
pub(crate) fn diagnose(text: &[u8], fast_offset: usize, fast_reason: &simd_json::ErrorType) -> SyntaxError {
    if matches!(fast_reason, simd_json::ErrorType::DepthLimitExceeded) {
        let too_deep = SyntaxError { kind: SyntaxErrorKind::TooDeep, offset: fast_offset };
        return utf8(text).err().unwrap_or(too_deep);
    }
    match skim(text) {
        Some(error) => error,
        // The two parsers disagree; the stricter one decides.
        None => SyntaxError {
            kind: SyntaxErrorKind::Other(format!("{fast_reason:?}")),
            offset: fast_offset.min(text.len()),
        },
    }
}

impl SyntaxError {
    /// The first error of a text that the [`Parser`](crate::Parser) is known not to take, without asking it again; `None`
    /// if only it can tell.
    #[must_use]
    pub fn in_broken(text: &[u8]) -> Option<Self> {
        skim(text).filter(|error| error.kind != SyntaxErrorKind::TooDeep)
    }

    /// The error of a text in which more stands behind a JSON value, that ends at `end`, than white space.
    #[must_use]
    pub fn behind_value(text: &[u8], end: usize) -> Self {
        if let Err(error) = utf8(text) {
            return error;
        }
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let behind = text.get(end..).unwrap_or_default();
        let offset = end + behind.iter().position(|byte| !is_space(byte)).unwrap_or(behind.len());
        let kind = match text.get(offset) {
            Some(b'/' | b'#') => SyntaxErrorKind::Comment,
            _ => SyntaxErrorKind::TrailingText,
        };
        Self { kind, offset }
    }
}

fn utf8(text: &[u8]) -> Result<&str, SyntaxError> {
    simdutf8::compat::from_utf8(text)
        .map_err(|error| SyntaxError { kind: SyntaxErrorKind::InvalidUtf8, offset: error.valid_up_to() })
}

/// The first error that a second look finds.
fn skim(text: &[u8]) -> Option<SyntaxError> {
    let read = match utf8(text) {
        Ok(read) => read,
        Err(error) => return Some(error),
    };
    let error = serde_json::from_str::<Skim>(read).err()?;
    let offset = offset_of(text, error.line(), error.column());
    let (kind, offset) = kind_of(text, offset, &error);
    Some(SyntaxError { kind, offset })
}

/// The byte that serde_json's 1-based line and column mean; it counts the byte on which it stopped.
fn offset_of(text: &[u8], line: usize, column: usize) -> usize {
    let line_start = match line.checked_sub(2) {
        None => 0,
        Some(nth) => memchr::memchr_iter(b'\n', text).nth(nth).map_or(text.len(), |end| end + 1),
    };
    (line_start + column.saturating_sub(1)).min(text.len())
}

fn kind_of(text: &[u8], offset: usize, error: &serde_json::Error) -> (SyntaxErrorKind, usize) {
    // A control character is the one fault whose column counts differently when it is a line end.
    let message = words_of(error);
    let at = text.get(offset).copied();
    let is_surrogate = ["lone leading surrogate", "unexpected end of hex escape"];
    let kind = if is_surrogate.iter().any(|beginning| message.starts_with(beginning)) {
        return (SyntaxErrorKind::LoneSurrogate, surrogate_before(text, offset));
    } else if error.is_eof() {
        return (SyntaxErrorKind::UnexpectedEnd, text.len());
    } else if message.starts_with("control character") {
        let found = (offset.saturating_sub(1)..text.len().min(offset + 2)).find(|at| text[*at] < 0x20);
        let offset = found.unwrap_or(offset);
        return (SyntaxErrorKind::ControlCharacter(text.get(offset).copied().unwrap_or(0)), offset);
    } else if message.starts_with("number out of range") {
        SyntaxErrorKind::NumberOutOfRange
    } else if message.starts_with("invalid escape") {
        SyntaxErrorKind::InvalidEscape
    } else if message.starts_with("recursion limit") {
        SyntaxErrorKind::TooDeep
    } else if matches!(at, Some(b'/' | b'#')) {
        SyntaxErrorKind::Comment
    } else if message.starts_with("trailing characters") {
        SyntaxErrorKind::TrailingText
    } else if message.starts_with("invalid number") {
        let zero_before = offset > 0 && text[offset - 1] == b'0';
        if zero_before && at.is_some_and(|byte| byte.is_ascii_digit()) {
            SyntaxErrorKind::LeadingZero
        } else if is_signed_word(text, offset) {
            SyntaxErrorKind::InvalidLiteral
        } else {
            SyntaxErrorKind::InvalidNumber
        }
    } else if message.starts_with("expected ident")
        || (message.starts_with("expected value") && at.is_some_and(|byte| byte.is_ascii_alphabetic()))
        || is_signed_word(text, offset)
    {
        SyntaxErrorKind::InvalidLiteral
    } else if message.starts_with("expected value") && matches!(at, Some(b'+' | b'.' | b'-')) {
        SyntaxErrorKind::InvalidNumber
    } else {
        SyntaxErrorKind::Other(message)
    };
    (kind, offset)
}

/// What serde_json says, without the place.
fn words_of(error: &serde_json::Error) -> String {
    /// Takes what is said up to that.
    struct Words(String);
    impl Write for Words {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            if piece.starts_with(PLACE) {
                return Err(fmt::Error);
            }
            self.0.push_str(piece);
            Ok(())
        }
    }
    const PLACE: &str = " at line ";
    let mut words = Words(String::with_capacity(64));
    // It ends with an error where the place begins.
    let _ = write!(words, "{error}");
    let Words(mut words) = words;
    if let Some(place) = words.find(PLACE) {
        words.truncate(place);
    }
    words
}

/// The start of the last escape of a surrogate before this byte.
fn surrogate_before(text: &[u8], offset: usize) -> usize {
    let read = &text[..text.len().min(offset + 1)];
    let is_surrogate =
        |escape: &[u8]| matches!(escape, [b'\\', b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F']);
    read.windows(4).rposition(is_surrogate).unwrap_or(offset)
}

/// Whether `-Infinity` or `+NaN` stands around this byte.
fn is_signed_word(text: &[u8], offset: usize) -> bool {
    let sign = |at: usize| matches!(text.get(at), Some(b'-' | b'+'));
    let letter = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphabetic);
    (sign(offset) && letter(offset + 1)) || (offset > 0 && sign(offset - 1) && letter(offset))
}

/// A value that is read to its end, with every string checked, and not kept.
struct Skim;

impl<'de> Deserialize<'de> for Skim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SkimVisitor)
    }
}

struct SkimVisitor;

impl<'de> Visitor<'de> for SkimVisitor {
    type Value = Skim;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Skim, E> {
        Ok(Skim)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Skim, E> {
        Ok(Skim)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Skim, E> {
        Ok(Skim)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Skim, E> {
        Ok(Skim)
    }

    fn visit_str<E>(self, _: &str) -> Result<Skim, E> {
        Ok(Skim)
    }

    fn visit_unit<E>(self) -> Result<Skim, E> {
        Ok(Skim)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Skim, A::Error> {
        while elements.next_element::<Skim>()?.is_some() {}
        Ok(Skim)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Skim, A::Error> {
        while members.next_entry::<Skim, Skim>()?.is_some() {}
        Ok(Skim)
    }
}
