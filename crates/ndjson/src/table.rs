//! The header of CSV, and what it says of the rows.

use std::collections::HashSet;

use crate::block::{is_blank, without_line_end};
use crate::cells::Cells;
use crate::detect::{More, PROBE_BYTES};
use crate::rows::Rows;

/// What can stand between cells, if the user does not say it; where they stand equally often, the first is taken.
const DELIMITERS: [u8; 4] = [DEFAULT_DELIMITER, b';', b'\t', b'|'];

/// What is taken where no delimiter stands in the header.
pub(crate) const DEFAULT_DELIMITER: u8 = b',';

/// The header of an input of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What stands between two cells.
    pub delimiter: u8,
    /// The cells of the header as text, without white space around them.
    pub columns: Vec<String>,
    row: Vec<u8>,
    /// The first byte after the header.
    pub(crate) end: usize,
    /// Line ends up to there.
    pub(crate) line_ends: u64,
    /// Blank lines before the header.
    pub(crate) blank_lines: u64,
}

impl Table {
    /// Whether a row, given without its line end, is the header once more, to the byte.
    #[must_use]
    pub fn is_header(&self, row: &[u8]) -> bool {
        row == self.row
    }

    /// Whether nothing that could be a cell stands in this row.
    pub(crate) fn is_blank(&self, row: &[u8]) -> bool {
        row.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r') && *byte != self.delimiter)
    }
}

/// A search for the header, from the first byte of an input on, that goes on as more of it is read.
#[derive(Debug)]
pub(crate) struct HeaderSearch {
    given: Option<u8>,
    /// The first byte that is no byte order mark; where the first row begins that is not blank.
    start: usize,
    blank_lines: u64,
    rows: Option<Rows>,
    searched: usize,
}

/// What a search for the header came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Found(Table),
    /// Nothing but blank lines are there, and nothing follows.
    Missing,
    /// A cell in quotes is never closed.
    Unclosed,
    /// More of the input must be read.
    NotSeen,
}

impl HeaderSearch {
    /// `start` is the first byte after a byte order mark.
    pub(crate) fn new(start: usize, delimiter: Option<u8>) -> Self {
        Self { given: delimiter, start, blank_lines: 0, rows: None, searched: start }
    }

    /// Goes on with all bytes of the input that were read.
    pub(crate) fn search(&mut self, bytes: &[u8], more: More) -> Header {
        if more == More::MayFollow && memchr::memchr(b'\n', &bytes[self.searched..]).is_none() {
            // No row ends here. That is all there is to find out, unless the delimiter is chosen without a line end.
            if let Some(rows) = &mut self.rows {
                rows.end(bytes, self.searched);
            }
            if self.rows.is_some() || bytes.len() - self.start < PROBE_BYTES {
                self.searched = bytes.len();
                return Header::NotSeen;
            }
        }
        if self.rows.is_none() {
            let (blank_lines, start) = pass_blank(bytes, self.start);
            self.start = start;
            self.blank_lines += blank_lines;
            if is_blank(&bytes[start..]) {
                self.searched = bytes.len();
                return if more == More::None { Header::Missing } else { Header::NotSeen };
            }
            let probe = &bytes[start..bytes.len().min(start.saturating_add(PROBE_BYTES))];
            let all_seen = more == More::None || probe.len() >= PROBE_BYTES;
            let Some(delimiter) = self.given.or_else(|| delimiter_of(probe, all_seen)) else {
                self.searched = bytes.len();
                return Header::NotSeen;
            };
            self.rows = Some(Rows::new(delimiter));
            self.searched = start;
        }
        let Some(rows) = &mut self.rows else { return Header::NotSeen };
        let end = match rows.end(bytes, self.searched) {
            Some(end) => end,
            None if more == More::MayFollow => {
                self.searched = bytes.len();
                return Header::NotSeen;
            }
            None if rows.is_open() => return Header::Unclosed,
            None => bytes.len(),
        };
        let delimiter = rows.delimiter();
        let whole = &bytes[self.start..end];
        let row = without_line_end(whole);
        Header::Found(Table {
            delimiter,
            columns: cells_of(&String::from_utf8_lossy(row), delimiter),
            row: row.to_owned(),
            end,
            line_ends: self.blank_lines + memchr::memchr_iter(b'\n', whole).count() as u64,
            blank_lines: self.blank_lines,
        })
    }
}

/// The number of blank lines from `start` on, and where they end.
fn pass_blank(bytes: &[u8], start: usize) -> (u64, usize) {
    let (mut lines, mut start) = (0, start);
    while let Some(end) = memchr::memchr(b'\n', &bytes[start..]) {
        if !is_blank(&bytes[start..start + end]) {
            break;
        }
        start += end + 1;
        lines += 1;
    }
    (lines, start)
}

fn cells_of(row: &str, delimiter: u8) -> Vec<String> {
    let mut cells = Cells::new(delimiter);
    match cells.read(row.as_bytes()) {
        Ok(()) => cells.iter().map(|cell| cell.trim().to_owned()).collect(),
        Err(_) => Vec::new(),
    }
}

/// The delimiter that stands most often in the row that `probe` begins with, outside of cells in quotes; `None` if the row
/// may go on.
fn delimiter_of(probe: &[u8], all_seen: bool) -> Option<u8> {
    let mut best = (0, DEFAULT_DELIMITER);
    for delimiter in DELIMITERS {
        let end = match Rows::new(delimiter).end(probe, 0) {
            Some(end) => end,
            None if all_seen => probe.len(),
            None => return None,
        };
        let row = String::from_utf8_lossy(&probe[..end]);
        let mut cells = Cells::new(delimiter);
        let count = cells.read(row.as_bytes()).map_or(0, |()| cells.len());
        if count > best.0 {
            best = (count, delimiter);
        }
    }
    Some(best.1)
}

/// Whether `text`, from the beginning of a line on, begins with what can only be a header; `None` if more must be read.
pub(crate) fn begins_with_header(text: &[u8], more: More, probe_is_full: bool) -> Option<bool> {
    let probe = &text[..text.len().min(PROBE_BYTES)];
    let all_seen = more == More::None || probe_is_full;
    let delimiter = delimiter_of(probe, all_seen)?;
    let mut rows = Rows::new(delimiter);
    let end = match rows.end(probe, 0) {
        Some(end) => end,
        None if more == More::None && !rows.is_open() => probe.len(),
        None => return Some(false),
    };
    let Ok(row) = std::str::from_utf8(without_line_end(&probe[..end])) else { return Some(false) };
    let columns = cells_of(row, delimiter);
    let is_name = |column: &String| {
        column.chars().next().is_some_and(|first| !first.is_ascii_digit())
            && !column.contains(['{', '}', '[', ']', '"'])
    };
    let mut seen = HashSet::new();
    Some(columns.len() >= 2 && columns.iter().all(|column| is_name(column) && seen.insert(column.as_str())))
}
