//! How records stand in an input, if the user does not say it.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use crate::block::{BOM, is_blank};
use crate::table::begins_with_header;

/// How many bytes are looked at before it is decided.
pub(crate) const PROBE_BYTES: usize = 64 << 10;

/// How records stand in an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Decided by the first 64 KiB, decompressed, for each input by itself, whatever the sizes of blocks and reads:
    ///
    /// 1. `[` begins an array of records ([`Format::Json`]), unless each line is a value of any kind
    ///    ([`AutoRule::Lines`]).
    /// 2. `{` begins an object, and the first line that is not blank decides: one whole object, or one that is broken,
    ///    is [`Format::Ndjson`]; two or more whole values are [`Format::Json`].
    /// 3. If that line ends inside a value: [`Format::Json`] if the value ends on a later line and is well-formed.
    ///    If it does not, the line may be broken, and must not swallow the others: [`Format::Ndjson`] if a later line
    ///    begins with `{` and is one whole object. [`Format::Json`] otherwise.
    /// 4. No line ends at all: [`Format::Json`] if a second value begins, [`Format::Ndjson`] if it is all one record.
    /// 5. Anything else begins [`Format::Csv`] if it is a header: a row of two cells or more, all of them different, none
    ///    of which is empty, begins with a digit, or has braces, brackets or quotes in it. Not with [`AutoRule::Lines`].
    /// 6. What then remains, and a broken line that nothing follows: [`Format::Ndjson`].
    #[default]
    Auto,
    /// One record on each line.
    Ndjson,
    /// Records that are the elements of an array, or follow each other, over any number of lines.
    Json,
    /// One record in each row, below a header. A row ends at a line end that is not inside a cell in quotes.
    Csv,
}

impl Format {
    /// The word for it in options and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
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

/// Decides by the first bytes of an input; `None` if more of them are needed. What is decided stays so, however many
/// bytes are added.
pub(crate) fn detect(probe: &[u8], rule: AutoRule, more: More) -> Option<Format> {
    let all_seen = more == More::None || probe.len() >= PROBE_BYTES;
    let probe = probe.strip_prefix(BOM).unwrap_or(probe);
    let Some(start) = probe.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) else {
        return all_seen.then_some(Format::Ndjson);
    };
    let text = &probe[start..];
    match text[0] {
        b'[' if rule == AutoRule::Contacts => return Some(Format::Json),
        b'{' => {}
        _ if rule == AutoRule::Lines => return Some(Format::Ndjson),
        _ => {
            let line_start = memchr::memrchr(b'\n', &probe[..start]).map_or(0, |end| end + 1);
            let is_header = begins_with_header(&probe[line_start..], more, all_seen)?;
            return Some(if is_header { Format::Csv } else { Format::Ndjson });
        }
    }
    let Some(first_line_end) = memchr::memchr(b'\n', text) else {
        let is_several = match values_of(text) {
            Values { whole, rest: Rest::Unfinished } => whole >= 1,
            Values { whole, rest: Rest::Nothing | Rest::Broken } => whole >= 2,
        };
        return all_seen.then_some(if is_several { Format::Json } else { Format::Ndjson });
    };
    let (first_line, rest) = (&text[..first_line_end], &text[first_line_end + 1..]);
    match values_of(first_line) {
        Values { rest: Rest::Unfinished, .. } => {}
        Values { whole: 2.., rest: Rest::Nothing } => return Some(Format::Json),
        Values { rest: Rest::Nothing | Rest::Broken, .. } => return Some(Format::Ndjson),
    }
    let ending = ending_after(text, first_line_end);
    if ending == Ending::WellFormed {
        return Some(Format::Json);
    }
    if ending == Ending::NotSeen && !all_seen {
        return None;
    }
    let mut later_lines = rest.split(|byte| *byte == b'\n');
    if more == More::MayFollow {
        // The last one may not be whole yet.
        later_lines.next_back();
    }
    if later_lines.any(|line| line.starts_with(b"{") && values_of(line) == ONE) {
        return Some(Format::Ndjson);
    }
    let nothing_follows = is_blank_text(rest);
    all_seen.then_some(if nothing_follows { Format::Ndjson } else { Format::Json })
}

fn is_blank_text(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').all(is_blank)
}

/// The values that stand at the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Values {
    whole: usize,
    rest: Rest,
}

/// What follows the whole values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// A value that does not end here.
    Unfinished,
    /// Something that is not JSON.
    Broken,
}

const ONE: Values = Values { whole: 1, rest: Rest::Nothing };

fn values_of(text: &[u8]) -> Values {
    let mut whole = 0;
    for value in Deserializer::from_slice(text).into_iter::<IgnoredAny>() {
        match value {
            Ok(_) => whole += 1,
            Err(error) if error.is_eof() => return Values { whole, rest: Rest::Unfinished },
            Err(_) => return Values { whole, rest: Rest::Broken },
        }
    }
    Values { whole, rest: Rest::Nothing }
}

/// How the value ends that the end of the first line stands inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    WellFormed,
    Broken,
    NotSeen,
}

fn ending_after(text: &[u8], first_line_end: usize) -> Ending {
    let mut values = Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    while let Some(value) = values.next() {
        match value {
            Ok(_) if values.byte_offset() > first_line_end => return Ending::WellFormed,
            Ok(_) => {}
            Err(error) if error.is_eof() => return Ending::NotSeen,
            Err(_) => return Ending::Broken,
        }
    }
    Ending::NotSeen
}

#[cfg(test)]
mod tests {
    use super::{AutoRule, Format, More, detect};

    #[test]
    fn what_is_decided_by_some_of_the_bytes_is_decided_by_all() {
        let cases = [
            ("{\"a\":1}\n{\"b\":2}\n", Format::Ndjson),
            ("{\"a\":1}{\"b\":2}\n{\"c\":3}", Format::Json),
            ("\u{FEFF} [\n{\"a\":1}]", Format::Json),
            ("{\"contacts\":[\n{\"a\":1}\n,\n{\"a\":2}\n]}\n", Format::Json),
            ("{\"a\":1} {\n{\"b\":1}\n{\"c\":1}\n", Format::Ndjson),
            // The last line is a whole object until its last byte is read.
            ("{\"a\":\"\n{\"b\":1},\n-", Format::Json),
            ("{\"a\":\"\n{\"b\":1},\n{\"b\":1}", Format::Ndjson),
            ("{\"a\":\n\n", Format::Ndjson),
            ("x\n{}", Format::Ndjson),
            ("a,b\n1,2\n", Format::Csv),
            ("\u{FEFF}\n \n\"a\";\"b, \n\"\"c\"\"\"\n1;2", Format::Ndjson),
            ("\u{FEFF}\n \n\"a\";\"b, \n c\";\"d\"\n1;2", Format::Csv),
            ("a,\"b\n{\"c\":1}\n", Format::Ndjson),
            ("a|b", Format::Csv),
        ];
        for (text, expected) in cases {
            for length in 0..=text.len() {
                let decided = detect(&text.as_bytes()[..length], AutoRule::Contacts, More::MayFollow);
                // The first byte of a byte order mark alone is no byte order mark; so little is never looked at.
                if !text.starts_with('\u{FEFF}') || length >= 3 {
                    assert!(
                        decided.is_none_or(|format| format == expected),
                        "{:?}",
                        &text.as_bytes()[..length]
                    );
                }
            }
            assert_eq!(detect(text.as_bytes(), AutoRule::Contacts, More::None), Some(expected), "{text:?}");
        }
    }
}
