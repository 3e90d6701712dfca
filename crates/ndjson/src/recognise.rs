//! What the records of an input are, by its beginning.

use std::fmt;
use std::ops::Range;

use memchr::memchr;

use crate::block::{BOM, is_blank, without_line_end};
use crate::detect::{Format, More};
use crate::rows::Rows;
use crate::scan::Scanner;
use crate::table::Table;

/// How many records are looked at.
pub(crate) const MOST_RECORDS: usize = 100;

/// Chooses what the records of an input are, by its beginning.
pub trait Recogniser: Send + Sync + fmt::Debug {
    /// JSON Pointers of arrays of records that may stand in an object. Of what comes as it is written, the beginning ends
    /// with the first record in one of them, or in none.
    fn arrays(&self) -> Vec<String>;

    /// Chooses.
    ///
    /// # Errors
    /// Says, for people, why it cannot be decided; the input is not read then.
    fn recognise(&self, beginning: &Beginning<'_>) -> Result<Recognised, String>;
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// A number that means something to who chose, and stands in each block.
    pub dialect: usize,
    /// The JSON Pointer of the array of records in each object, as in
    /// [`ReaderOptions::array`](crate::ReaderOptions::array).
    pub array: Option<String>,
    /// By what it was chosen, for people.
    pub because: String,
    /// What speaks against it, for people.
    pub doubt: Option<String>,
}

/// The beginning of an input: 64 KiB of it, decompressed, or all of it. Of a pipe, only what there is up to the end of its
/// first record, or of the header if it is CSV: so it does not depend on how fast somebody writes into it.
#[derive(Clone, Copy)]
pub struct Beginning<'p> {
    pub(crate) format: Format,
    pub(crate) table: Option<&'p Table>,
    pub(crate) bytes: &'p [u8],
    pub(crate) more: More,
    pub(crate) most_records: usize,
}

// The bytes are somebody's records.
impl fmt::Debug for Beginning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beginning")
            .field("format", &self.format)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl<'p> Beginning<'p> {
    /// How records stand in the input, if no array is given.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The header, if it is CSV and not empty.
    #[must_use]
    pub fn table(&self) -> Option<&'p Table> {
        self.table
    }

    /// The first records, at most 100, and only those that end in the beginning; with a JSON Pointer, those in the arrays
    /// that stand there. In CSV they are rows without the header, and of a pipe there is none.
    #[must_use]
    pub fn records(&self, array: Option<&str>) -> Vec<&'p [u8]> {
        self.whole(array, self.most_records).into_iter().map(|(record, _)| &self.bytes[record]).collect()
    }

    /// Whole records, each with the byte up to which it takes to know it.
    fn whole(&self, array: Option<&str>, most: usize) -> Vec<(Range<usize>, usize)> {
        if most == 0 {
            return Vec::new();
        }
        let array = array.filter(|array| !array.is_empty());
        match self.format {
            Format::Csv => self.rows(most),
            Format::Ndjson | Format::Auto if array.is_none() => self.lines(most),
            Format::Ndjson | Format::Auto | Format::Json => self.values(array, most),
        }
    }

    fn start(&self) -> usize {
        if self.bytes.starts_with(BOM) { BOM.len() } else { 0 }
    }

    fn lines(&self, most: usize) -> Vec<(Range<usize>, usize)> {
        let mut lines = Vec::new();
        let mut start = self.start();
        while lines.len() < most && start < self.bytes.len() {
            let end = match memchr(b'\n', &self.bytes[start..]) {
                Some(end) => start + end + 1,
                None if self.more == More::None => self.bytes.len(),
                None => break,
            };
            let text = without_line_end(&self.bytes[start..end]);
            if !is_blank(text) {
                lines.push((start..start + text.len(), end));
            }
            start = end;
        }
        lines
    }

    fn rows(&self, most: usize) -> Vec<(Range<usize>, usize)> {
        let mut found = Vec::new();
        let Some(table) = self.table else { return found };
        let mut start = table.end;
        while found.len() < most && start < self.bytes.len() {
            let mut rows = Rows::new(table.delimiter);
            let end = match rows.end(self.bytes, start) {
                Some(end) => end,
                None if self.more == More::None && !rows.is_open() => self.bytes.len(),
                None => break,
            };
            let text = without_line_end(&self.bytes[start..end]);
            if !table.is_blank(text) {
                found.push((start..start + text.len(), end));
            }
            start = end;
        }
        found
    }

    fn values(&self, array: Option<&str>, most: usize) -> Vec<(Range<usize>, usize)> {
        let mut scanner = Scanner::new(array);
        let mut spans = Vec::new();
        scanner.scan(self.bytes, self.start(), usize::MAX, &mut spans);
        if self.more == More::None {
            scanner.finish(self.bytes.len(), &mut spans);
        }
        let whole = spans.into_iter().filter(|span| span.fault.is_none());
        whole.take(most).map(|span| (span.start..span.end, span.end)).collect()
    }
}

/// Where the first record ends, at the top or in one of the arrays, whichever comes first; in CSV, where the header does.
pub(crate) fn first_record_end(beginning: &Beginning<'_>, arrays: &[String]) -> Option<usize> {
    if beginning.format == Format::Csv {
        return beginning.table.map(|table| table.end.min(beginning.bytes.len()));
    }
    let arrays = arrays.iter().map(|array| Some(array.as_str()));
    let ends = arrays.chain([None]).map(|array| beginning.whole(array, 1).first().map(|(_, end)| *end));
    ends.flatten().min()
}
