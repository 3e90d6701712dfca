//! Records that are not in the output, or not whole: each is told with its place and its reasons.

use std::io::{self, Write};

use contact::Violation;
use data_encoding::BASE64;
use serde::Serialize;

/// What was done with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is not in the output.
    Rejected,
    /// It is in the output, but parts of it are not.
    Pruned,
    /// It is not in the output, because a record with the same key is.
    Duplicate,
    /// It is not in the output, because the mapping of its source leaves such records out.
    Skipped,
    /// It is part of a contact in the output, where values of a more recent record stand in place of its own.
    MergedConflict,
}

/// A record that is not in the output, or not whole.
#[derive(Clone, Copy, Debug)]
pub struct Reject<'r> {
    /// The input, as the user named it.
    pub source: &'r str,
    /// The line in the input, from 1.
    pub line: u64,
    /// Where the record starts, in bytes from the start of the (decompressed) input.
    pub byte_offset: u64,
    /// What was done with it.
    pub action: Action,
    /// What the contact is known by, if that much is known.
    pub key: Option<&'r str>,
    /// Why; all reasons, up to the limit that was set.
    pub violations: &'r [Violation],
    /// How many more reasons there are.
    pub omitted: usize,
    /// The record as it was read; `None` for parts left out, and for lines too long to hold.
    pub raw: Option<&'r [u8]>,
}

/// Takes what is refused.
pub trait Rejects {
    /// Takes one record. They come in input order; those that merging is about after the others, by their contact.
    ///
    /// # Errors
    /// Those of the output; the run then ends.
    fn take(&mut self, reject: &Reject<'_>) -> io::Result<()>;

    /// Passes over a line of a rejects file that was read: it is counted, and not told once more.
    fn pass_over(&mut self, _reject: &Reject<'_>) {}

    /// Everything has been taken: makes it last.
    ///
    /// # Errors
    /// Those of the output.
    fn finish(&mut self) -> io::Result<()>;
}

/// Writes each reject as one line of JSON, in the form of the reject schema.
#[derive(Debug)]
pub struct RejectLines<W: Write> {
    output: W,
    line: Vec<u8>,
}

impl<W: Write> RejectLines<W> {
    /// Writes to `output`, which should be buffered.
    pub fn new(output: W) -> Self {
        Self { output, line: Vec::new() }
    }
}

impl<W: Write> Rejects for RejectLines<W> {
    fn take(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        self.line.clear();
        reject.write_json(&mut self.line)?;
        self.line.push(b'\n');
        self.output.write_all(&self.line)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[derive(Serialize)]
struct RejectLine<'r> {
    source: &'r str,
    line: u64,
    byte_offset: u64,
    action: Action,
    key: Option<&'r str>,
    violations: &'r [Violation],
    #[serde(skip_serializing_if = "is_zero")]
    omitted: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_base64: Option<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Reject<'_> {
    /// Appends the reject as one line of JSON, without the line end.
    ///
    /// # Errors
    /// None in practice: memory takes everything.
    pub fn write_json(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let text = self.raw.map(std::str::from_utf8);
        let line = RejectLine {
            source: self.source,
            line: self.line,
            byte_offset: self.byte_offset,
            action: self.action,
            key: self.key,
            violations: self.violations,
            omitted: self.omitted,
            raw_base64: match text {
                Some(Err(_)) => self.raw.map(|raw| BASE64.encode(raw)),
                _ => None,
            },
        };
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
        // The record is most of the line, and a third of it are quotes: they are written several at a time.
        if let Some(Ok(raw)) = text {
            // The brace of the object.
            out.pop();
            out.extend_from_slice(b",\"raw\":");
            contact::encode_text(raw, out);
            out.push(b'}');
        }
        Ok(())
    }
}
