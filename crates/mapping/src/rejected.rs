//! The lines of a rejects file, and the records in them.

use contact::Violation;
use data_encoding::BASE64;
use ndjson::{Parser, Tape, TapeValue};

/// The code of lines whose records are not to be read: they are in an output already, or were left out on purpose.
pub const NOT_REJECTED: &str = "not-rejected";

/// The code of records that do not even look like JSON, as rows of CSV.
pub const RAW_NOT_JSON: &str = "raw-not-json";

/// Memory for a record above this size is given back after use.
const KEPT_RECORD_BYTES: usize = 4 << 20;

/// What is found in a line of a rejects file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// The record that was rejected, perhaps corrected: it is moved to the beginning of the line's memory and takes so many
    /// bytes of it.
    Record(usize),
    /// The same, but it does not even look like JSON: it may be a row of a table, of which syntax would say nothing useful.
    NotJson {
        /// How many bytes of the line it takes.
        bytes: usize,
        /// That it is none.
        violation: Violation,
    },
    /// A line about a record that was not rejected.
    Passed(NoRecord),
    /// A rejected record of which the line holds nothing.
    Missing(NoRecord),
    /// It is no line of a rejects file.
    Foreign(Violation),
}

/// Why there is no record in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRecord {
    /// What the contact is known by, as the line has it.
    pub key: Option<String>,
    /// Why.
    pub violation: Violation,
}

/// Takes records out of the lines of rejects files, one after the other, and reuses what that takes.
///
/// ```
/// use mapping::{Rejected, RejectedReader};
///
/// let mut line = br#"{"line":7,"action":"rejected","key":null,"raw":"{\"a\":1}"}"#.to_vec();
/// assert_eq!(RejectedReader::default().unwrap_in_place(&mut line), Rejected::Record(7));
/// assert!(line.starts_with(br#"{"a":1}"#));
/// ```
#[derive(Default)]
pub struct RejectedReader {
    parser: Parser,
    record: Vec<u8>,
}

impl RejectedReader {
    /// Takes the record out of a line. The line is left as it is if there is none in it.
    pub fn unwrap_in_place(&mut self, line: &mut [u8]) -> Rejected {
        let Self { parser, record } = self;
        record.clear();
        let rejected = match parser.parse_digits(line, |tape| find(tape, record)) {
            Ok(rejected) => rejected,
            Err(error) => {
                let message = format!("the line is not JSON: {error}; correct it in the file that was read");
                foreign("", message)
            }
        };
        if let Rejected::Record(bytes) | Rejected::NotJson { bytes, .. } = rejected
            // Escapes and Base64 take more bytes than what they stand for.
            && let Some(place) = line.get_mut(..bytes)
        {
            place.copy_from_slice(record);
        }
        if record.capacity() > KEPT_RECORD_BYTES {
            *record = Vec::new();
        }
        rejected
    }
}

/// Finds the record, and puts it into `record`.
fn find(tape: &Tape<'_>, record: &mut Vec<u8>) -> Rejected {
    let line = tape.root();
    let Some(action) = line.get("action") else {
        let message = "this is no line of a rejects file: it has no action; correct the raw of such a line and leave \
                       the rest as it is, or give records to a run without --from rejects";
        return foreign("", message);
    };
    let key = || line.get("key").and_then(TapeValue::as_str).filter(|key| !key.is_empty()).map(str::to_owned);
    let passed = |message: &str| {
        Rejected::Passed(NoRecord { key: key(), violation: Violation::of_record(NOT_REJECTED, "", message) })
    };
    match action.as_str() {
        Some("rejected") => {}
        Some("pruned") => return passed("the contact is in the first output, without the part that is told"),
        Some("duplicate") => {
            return passed(
                "another record with this key is in the first output; to bring this one in all the same, write \
                 rejected as its action",
            );
        }
        Some("skipped") => return passed("the mapping of the first run leaves this record out on purpose"),
        Some("merged-conflict") => {
            return passed("the contact that this record is a part of is in the first output");
        }
        _ => {
            let message =
                "an action is rejected, pruned, duplicate, skipped or merged-conflict; this is another one";
            return foreign("/action", message);
        }
    }
    let given = |name: &str| line.get(name).filter(|value| !value.is_null());
    let missing = |pointer: &str, message: &str| {
        Rejected::Missing(NoRecord {
            key: key(),
            violation: Violation::of_record("no-raw", pointer, message),
        })
    };
    match (given("raw"), given("raw_base64").map(TapeValue::as_str)) {
        (Some(raw), _) => match raw.as_str() {
            Some(text) => record.extend_from_slice(text.as_bytes()),
            None => record.extend_from_slice(tape.text_of(raw.index())),
        },
        (None, Some(Some(base64))) if decode(base64, record) => {}
        (None, Some(_)) => {
            return missing("/raw_base64", "raw_base64 is not Base64; write the record into raw instead");
        }
        (None, None) => {
            return missing(
                "",
                "the line has no raw: the record was too long to be held, or somebody removed it; prepare the export \
                 again, with a larger --max-line-bytes if it was too long",
            );
        }
    }
    let bytes = record.len();
    if matches!(record.trim_ascii_start(), [b'{' | b'[', ..]) {
        return Rejected::Record(bytes);
    }
    let message = "what stands in raw is no JSON object; write one, or, if it is a row of CSV, prepare such rows below their \
                   header";
    Rejected::NotJson { bytes, violation: Violation::of_record(RAW_NOT_JSON, "", message) }
}

fn foreign(pointer: &str, message: impl Into<String>) -> Rejected {
    Rejected::Foreign(Violation::of_record("not-a-reject", pointer, message.into()))
}

/// Whether it is Base64.
fn decode(base64: &str, record: &mut Vec<u8>) -> bool {
    let Ok(most) = BASE64.decode_len(base64.len()) else { return false };
    record.resize(most, 0);
    match BASE64.decode_mut(base64.as_bytes(), record) {
        Ok(length) => {
            record.truncate(length);
            true
        }
        Err(_) => {
            record.clear();
            false
        }
    }
}
