//! A block of input, and the records in it.

use std::fmt;
use std::sync::Arc;

use memchr::{memchr, memchr_iter};

use crate::rows::Rows;
use crate::table::{DEFAULT_DELIMITER, Table};

/// The byte order mark that some exports begin with.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Whether nothing but JSON's white space stands on a line.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

/// A line or row without what ends it.
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A piece of one input that holds whole records.
#[derive(Debug, Default)]
pub struct Block {
    /// Which input it is from.
    pub input: usize,
    /// Where it starts, in bytes of the decompressed input.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The header that its rows stand under, if the input is CSV.
    pub table: Option<Arc<Table>>,
    /// What its records are, by the number that a [`Recogniser`](crate::Recogniser) gave; 0 without one.
    pub dialect: usize,
    pub(crate) framing: Framing,
    pub(crate) max_line_bytes: usize,
}

/// How records stand in a block.
#[derive(Debug, Default)]
pub(crate) enum Framing {
    /// One on each line.
    #[default]
    Lines,
    /// One in each row of CSV.
    Rows,
    /// At these places.
    Values(Vec<Span>),
    /// One that was too long to be held; without a fault, a blank line that was.
    Skipped { fault: Option<FramingFault>, line_ends: u64 },
}

/// A value found by the scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) fault: Option<FramingFault>,
}

/// What is wrong with a record before it is even parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FramingFault {
    /// It has more bytes than a record may have.
    TooLong {
        /// How many.
        bytes: u64,
        /// How many it may have.
        most: u64,
    },
    /// No comma stands before this element of an array.
    MissingComma,
    /// A comma without an element before or after it.
    ExtraComma,
    /// The input ends inside a cell in quotes.
    UnclosedQuote,
    /// It is a value that should have had the array of records, see
    /// [`ReaderOptions::array`](crate::ReaderOptions::array).
    NoArray,
}

impl FramingFault {
    /// The stable code of this fault, as it stands in rejects.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong { .. } => "line-too-long",
            Self::MissingComma | Self::ExtraComma => "array-syntax",
            Self::UnclosedQuote => "unclosed-quote",
            Self::NoArray => "no-array",
        }
    }
}

impl fmt::Display for FramingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes, most } => write!(
                f,
                "the record has {bytes} bytes, more than the {most} of --max-line-bytes; raise that limit if it really is one \
                 record"
            ),
            Self::MissingComma => f.write_str("the comma before this element of the array is missing"),
            Self::ExtraComma => f.write_str("the array has a comma too many here; an element may be missing"),
            Self::UnclosedQuote => f.write_str(
                "a quote that begins a cell in this row is never closed, so all that follows it was taken for one cell; \
                 close the quote, or double it and put the cell in quotes if it is a part of the text",
            ),
            Self::NoArray => f.write_str("this value has no array where the records should be"),
        }
    }
}

/// The text of one record, with its place in the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordText<'b> {
    /// The text without line end and byte order mark; empty if it was too long to be held.
    pub bytes: &'b [u8],
    /// The line it starts on, from 0, relative to the block.
    pub line: u64,
    /// Where it starts in the block, in bytes.
    pub offset: usize,
    /// Why it cannot even be parsed.
    pub fault: Option<FramingFault>,
}

impl Block {
    /// The fault of a record of more bytes than one may have.
    fn too_long(&self, text: &[u8]) -> FramingFault {
        FramingFault::TooLong { bytes: text.len() as u64, most: self.max_line_bytes as u64 }
    }

    /// The records in order. Blank lines are passed over, as is the header of a table.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        if let (0, Some(table)) = (self.offset, &self.table) {
            // The first block has all of the header.
            let (line, blank_lines) = (table.line_ends, table.blank_lines);
            return Records { block: self, next: table.end, span: 0, line, blank_lines };
        }
        let start = if self.offset == 0 && self.bytes.starts_with(BOM) { BOM.len() } else { 0 };
        Records { block: self, next: start, span: 0, line: 0, blank_lines: 0 }
    }

    /// Whether each record stands on a line of its own.
    #[must_use]
    pub fn has_lines(&self) -> bool {
        matches!(self.framing, Framing::Lines)
    }
}

/// The records of a block; counts lines as it goes.
#[derive(Debug)]
pub struct Records<'b> {
    block: &'b Block,
    /// The first byte not looked at yet.
    next: usize,
    span: usize,
    line: u64,
    blank_lines: u64,
}

impl<'b> Records<'b> {
    /// Lines passed over so far because nothing but white space stands on them.
    #[must_use]
    pub fn blank_lines(&self) -> u64 {
        self.blank_lines
    }

    /// All line ends of the block, once every record was seen.
    #[must_use]
    pub fn line_ends(&self) -> u64 {
        self.line
    }

    /// The rest of the block, for a reader that finds the end of a record by itself: the bytes, and the place of the next
    /// one that was not looked at. What the reader takes is passed by [`end_line`](Self::end_line).
    ///
    /// `None` at the end, and for a block whose records do not stand on lines.
    #[inline]
    #[must_use]
    pub fn line_start(&self) -> Option<(&'b [u8], usize)> {
        let bytes = &self.block.bytes;
        (matches!(self.block.framing, Framing::Lines) && self.next < bytes.len())
            .then_some((bytes.as_slice(), self.next))
    }

    /// Passes the record that starts where [`line_start`](Self::line_start) says and ends before `end`, if a line ends
    /// right behind it.
    #[inline]
    pub fn end_line(&mut self, end: usize) -> Option<RecordText<'b>> {
        let bytes = &self.block.bytes;
        let offset = self.next;
        let ended = match bytes.get(end..)? {
            [b'\n', ..] => end + 1,
            [b'\r', b'\n', ..] => end + 2,
            _ => return None,
        };
        let text = &bytes[offset..end];
        if text.len() > self.block.max_line_bytes {
            return None;
        }
        let line = self.line;
        self.next = ended;
        self.line += 1;
        Some(RecordText { bytes: text, line, offset, fault: None })
    }

    fn next_line(&mut self) -> Option<RecordText<'b>> {
        let bytes = &self.block.bytes;
        while self.next < bytes.len() {
            let offset = self.next;
            let rest = &bytes[offset..];
            let (end, ended) = match memchr(b'\n', rest) {
                Some(end) => (end, 1),
                None => (rest.len(), 0),
            };
            let line = self.line;
            self.next = offset + end + ended;
            self.line += ended as u64;
            let text = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            if is_blank(text) {
                self.blank_lines += 1;
                continue;
            }
            if text.len() > self.block.max_line_bytes {
                let fault = Some(self.block.too_long(text));
                return Some(RecordText { bytes: &[], line, offset, fault });
            }
            return Some(RecordText { bytes: text, line, offset, fault: None });
        }
        None
    }

    fn next_row(&mut self) -> Option<RecordText<'b>> {
        let bytes = &self.block.bytes;
        let table = self.block.table.as_deref();
        while self.next < bytes.len() {
            let (line, offset) = (self.line, self.next);
            let mut rows = Rows::new(table.map_or(DEFAULT_DELIMITER, |table| table.delimiter));
            let ended = rows.end(bytes, offset);
            self.next = ended.unwrap_or(bytes.len());
            let whole = &bytes[offset..self.next];
            self.line += if rows.has_quoted() {
                memchr_iter(b'\n', whole).count() as u64
            } else {
                u64::from(ended.is_some())
            };
            let is_open = ended.is_none() && rows.is_open();
            let text = if is_open { whole } else { without_line_end(whole) };
            if table.map_or_else(|| is_blank(text), |table| table.is_blank(text)) {
                self.blank_lines += 1;
                continue;
            }
            let is_too_long = text.len() > self.block.max_line_bytes;
            let fault = if is_open {
                Some(FramingFault::UnclosedQuote)
            } else {
                is_too_long.then(|| self.block.too_long(text))
            };
            return Some(RecordText { bytes: if is_too_long { &[] } else { text }, line, offset, fault });
        }
        None
    }

    fn next_value(&mut self, spans: &[Span]) -> Option<RecordText<'b>> {
        let bytes = &self.block.bytes;
        let Some(span) = spans.get(self.span) else {
            self.line += memchr_iter(b'\n', &bytes[self.next..]).count() as u64;
            self.next = bytes.len();
            return None;
        };
        self.span += 1;
        self.line += memchr_iter(b'\n', &bytes[self.next..span.start]).count() as u64;
        let line = self.line;
        self.line += memchr_iter(b'\n', &bytes[span.start..span.end]).count() as u64;
        self.next = span.end;
        let text = match span.fault {
            Some(FramingFault::TooLong { .. }) => &[],
            _ => &bytes[span.start..span.end],
        };
        Some(RecordText { bytes: text, line, offset: span.start, fault: span.fault })
    }
}

impl<'b> Iterator for Records<'b> {
    type Item = RecordText<'b>;

    fn next(&mut self) -> Option<RecordText<'b>> {
        match &self.block.framing {
            Framing::Lines => self.next_line(),
            Framing::Rows => self.next_row(),
            Framing::Values(spans) => self.next_value(spans),
            Framing::Skipped { fault, line_ends } => {
                if self.span > 0 {
                    return None;
                }
                self.span = 1;
                self.line = *line_ends;
                if fault.is_none() {
                    self.blank_lines = 1;
                    return None;
                }
                Some(RecordText { bytes: &[], line: 0, offset: 0, fault: *fault })
            }
        }
    }
}
