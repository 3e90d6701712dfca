//! How records stand in an input, if the user does not say it.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use crate::block::BOM;

/// How many bytes are looked at before it is decided.
pub(crate) const PROBE_BYTES: usize = 64 << 10;

/// How records stand in an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Decided by the first bytes, for each input by itself:
    ///
    /// - `[` begins an array of records ([`Format::Json`]), unless each line is a value of any kind ([`AutoRule::Lines`]);
    /// - `{` on a line that holds one whole object: [`Format::Ndjson`]; two or more on it: [`Format::Json`];
    /// - an object that ends on a later line: [`Format::Json`], unless some later line is a whole object by itself: then
    ///   the first line is broken, and must not swallow the others;
    /// - anything else: [`Format::Ndjson`].
    #[default]
    Auto,
    /// One record on each line.
    Ndjson,
    /// Records that are the elements of an array, or follow each other, over any number of lines.
    Json,
}

impl Format {
    /// The word for it in options and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
        }
    }
}

/// What [`Format::Auto`] expects records to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoRule {
    /// Contacts: a record is an object, so an array holds records.
    #[default]
    Contacts,
    /// Values of any kind, one on each line.
    Lines,
}

/// Whether more input follows what was read so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    MayFollow,
    None,
}

/// Decides by the first bytes of an input; `None` if more of them are needed.
pub(crate) fn detect(probe: &[u8], rule: AutoRule, more: More) -> Option<Format> {
    let probe = probe.strip_prefix(BOM).unwrap_or(probe);
    let all_seen = more == More::None || probe.len() >= PROBE_BYTES;
    let Some(start) = probe.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return all_seen.then_some(Format::Ndjson);
    };
    let text = &probe[start..];
    match text[0] {
        b'[' if rule == AutoRule::Contacts => return Some(Format::Json),
        b'{' => {}
        _ => return Some(Format::Ndjson),
    }
    let (line, rest) = match memchr::memchr(b'\n', text) {
        Some(end) => (&text[..end], &text[end + 1..]),
        None if all_seen => (text, &[][..]),
        None => return None,
    };
    match first_values(line) {
        FirstValues::One | FirstValues::Broken => return Some(Format::Ndjson),
        FirstValues::Several => return Some(Format::Json),
        FirstValues::Unfinished => {}
    }
    if rest.is_empty() {
        // A line longer than the probe, or all that there is.
        return all_seen.then_some(Format::Ndjson);
    }
    let whole_line_follows = rest
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"{") && first_values(line) == FirstValues::One);
    if whole_line_follows {
        return Some(Format::Ndjson);
    }
    match first_values(text) {
        FirstValues::One | FirstValues::Several => Some(Format::Json),
        FirstValues::Unfinished | FirstValues::Broken => all_seen.then_some(Format::Json),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FirstValues {
    One,
    Several,
    /// The first value does not end here.
    Unfinished,
    /// The first value, or what follows it, is not JSON.
    Broken,
}

fn first_values(text: &[u8]) -> FirstValues {
    let mut values = Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => match values.next() {
            None => FirstValues::One,
            Some(Ok(_)) => FirstValues::Several,
            Some(Err(error)) if error.is_eof() => FirstValues::Several,
            Some(Err(_)) => FirstValues::Broken,
        },
        Some(Err(error)) if error.is_eof() => FirstValues::Unfinished,
        Some(Err(_)) | None => FirstValues::Broken,
    }
}
