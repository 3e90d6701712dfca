//! Records that are not in the output, or not whole: each is told with its place and its reasons.

use std::io::{self, Write};

use contact::Violation;
use data_encoding::BASE64;

/// What was done with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

impl Action {
    /// The word for it in the rejects.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Pruned => "pruned",
            Self::Duplicate => "duplicate",
            Self::Skipped => "skipped",
            Self::MergedConflict => "merged-conflict",
        }
    }
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

/// So many bytes of lines are collected before they are written.
const WRITTEN_BYTES: usize = 256 << 10;

/// Writes each reject as one line of JSON, in the form of the reject schema. It collects lines, and writes only whole ones.
#[derive(Debug)]
pub struct RejectLines<W: Write> {
    output: W,
    /// Those that wait to be written.
    lines: Vec<u8>,
    source: String,
    /// What each line of this source begins with.
    beginning: Vec<u8>,
}

impl<W: Write> RejectLines<W> {
    /// Writes to `output`, which needs no buffer.
    pub fn new(output: W) -> Self {
        Self { output, lines: Vec::new(), source: String::new(), beginning: Vec::new() }
    }

    fn write(&mut self) -> io::Result<()> {
        let written = self.output.write_all(&self.lines);
        // What could not be written is not tried again.
        self.lines.clear();
        self.lines.shrink_to(2 * WRITTEN_BYTES);
        written
    }
}

impl<W: Write> Rejects for RejectLines<W> {
    fn take(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        let Self { lines, source, beginning, .. } = self;
        if beginning.is_empty() || source != reject.source {
            reject.source.clone_into(source);
            beginning.clear();
            reject.write_source(beginning);
        }
        lines.extend_from_slice(beginning);
        reject.write_after_source(lines);
        lines.push(b'\n');
        if lines.len() >= WRITTEN_BYTES { self.write() } else { Ok(()) }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.write()?;
        self.output.flush()
    }
}

/// Of a run that ends early, what was told until then is written.
impl<W: Write> Drop for RejectLines<W> {
    fn drop(&mut self) {
        // There is nobody left to hear of an error.
        let _ = self.write();
    }
}

impl Reject<'_> {
    /// Appends the reject as one line of JSON, without the line end.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        self.write_source(out);
        self.write_after_source(out);
    }

    fn write_source(&self, out: &mut Vec<u8>) {
        Line { out }.text("{\"source\":", self.source);
    }

    fn write_after_source(&self, out: &mut Vec<u8>) {
        // Written by hand: where much is refused, a generic serializer would take as long as finding out why.
        let mut line = Line { out };
        line.number(",\"line\":", self.line);
        line.number(",\"byte_offset\":", self.byte_offset);
        line.text(",\"action\":", self.action.as_str());
        match self.key {
            Some(key) => line.text(",\"key\":", key),
            None => line.raw(",\"key\":null"),
        }
        line.raw(",\"violations\":[");
        for (nth, violation) in self.violations.iter().enumerate() {
            line.raw(if nth == 0 { "" } else { "," });
            line.violation(violation);
        }
        line.raw("]");
        if self.omitted > 0 {
            line.number(",\"omitted\":", self.omitted as u64);
        }
        match self.raw.map(|raw| (raw, simdutf8::basic::from_utf8(raw))) {
            None => {}
            Some((_, Ok(text))) => line.text(",\"raw\":", text),
            Some((bytes, Err(_))) => line.text(",\"raw_base64\":", &BASE64.encode(bytes)),
        }
        line.raw("}");
    }
}

/// A line of JSON that is being written: each member with what comes before its value.
struct Line<'o> {
    out: &'o mut Vec<u8>,
}

impl Line<'_> {
    fn raw(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    fn text(&mut self, before: &str, text: &str) {
        self.raw(before);
        contact::encode_text(text, self.out);
    }

    fn number(&mut self, before: &str, number: u64) {
        self.raw(before);
        self.raw(itoa::Buffer::new().format(number));
    }

    fn violation(&mut self, violation: &Violation) {
        let Violation { code, pointer, keyword, message, value, removed } = violation;
        self.text("{\"code\":", code);
        self.text(",\"pointer\":", pointer);
        self.text(",\"keyword\":", keyword);
        self.text(",\"message\":", message);
        if !value.is_empty() {
            self.text(",\"value\":", value);
        }
        if let Some(removed) = removed {
            self.text(",\"removed\":", removed);
        }
        self.raw("}");
    }
}
