//! The cells of a row of CSV.

use std::str::Utf8Error;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::{memchr, memchr_iter};

/// Buffers above this size are given back after the row that needed them.
const KEPT_BUFFER_BYTES: usize = 4 << 20;

/// Reads the cells of one row after the other, and reuses its buffers.
///
/// ```
/// let mut cells = ndjson::Cells::new(b';');
/// cells.read(br#"4;"a ""b""; c";;d"#)?;
/// assert_eq!(cells.iter().collect::<Vec<_>>(), ["4", "a \"b\"; c", "", "d"]);
/// # Ok::<(), std::str::Utf8Error>(())
/// ```
#[derive(Debug)]
pub struct Cells {
    delimiter: u8,
    /// At the beginning of a row, but not at that of an input, where it would pass over a byte order mark. A clone of it
    /// would know no delimiter.
    reader: Reader,
    /// The cells, one after the other.
    text: String,
    /// Where each cell ends in the text.
    ends: Vec<usize>,
    /// Bytes between two cells in the text.
    gap: usize,
}

impl Cells {
    /// Without a row yet. The delimiter is an ASCII character other than a quote or a line end.
    #[must_use]
    pub fn new(delimiter: u8) -> Self {
        let mut reader = ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).build();
        reader.read_record(b"\n", &mut [0; 1], &mut [0; 1]);
        Self { delimiter, reader, text: String::new(), ends: Vec::new(), gap: 0 }
    }

    /// What stands between two cells.
    #[must_use]
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Reads a row, given without its line end.
    ///
    /// # Errors
    /// If the row is not UTF-8; the error has the byte offset in the row. There are no cells then.
    pub fn read(&mut self, row: &[u8]) -> Result<(), Utf8Error> {
        let cells_before = self.ends.len();
        self.clear();
        let row = std::str::from_utf8(row)?;
        if memchr(b'"', row.as_bytes()).is_none() {
            self.gap = 1;
            self.text.push_str(row);
            self.ends.extend(memchr_iter(self.delimiter, row.as_bytes()));
            self.ends.push(row.len());
            return Ok(());
        }
        self.gap = 0;
        self.unquote(row.as_bytes(), cells_before)
    }

    fn clear(&mut self) {
        let bytes = self.text.capacity() + self.ends.capacity() * size_of::<usize>();
        if bytes > KEPT_BUFFER_BYTES {
            self.text = String::new();
            self.ends = Vec::new();
        }
        self.text.clear();
        self.ends.clear();
    }

    fn unquote(&mut self, row: &[u8], expected_cells: usize) -> Result<(), Utf8Error> {
        let mut output = std::mem::take(&mut self.text).into_bytes();
        output.resize(row.len(), 0);
        self.ends.resize(expected_cells + 8, 0);
        let (mut written, mut cells) = (0, 0);
        // The reader goes on with the next row as it does in an input, so each must end. The line end is added to a cell
        // in quotes that is not closed; then it takes a quote, and another line end.
        let mut parts = [row, b"\n", b"\"\n"].into_iter();
        let mut part = parts.next().unwrap_or_default();
        let mut ends_tried = 0;
        loop {
            if part.is_empty() {
                let Some(next) = parts.next() else { break };
                part = next;
                ends_tried += 1;
            }
            let (result, read, more_written, more_cells) =
                self.reader.read_record(part, &mut output[written..], &mut self.ends[cells..]);
            part = &part[read..];
            written += more_written;
            cells += more_cells;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => output.resize(output.len().max(8) * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        if let (2, Some(last)) = (ends_tried, self.ends[..cells].last_mut()) {
            written -= 1;
            *last -= 1;
        }
        output.truncate(written);
        self.ends.truncate(cells);
        // The row was UTF-8, and only ASCII was taken out of it, so this is, too.
        self.text = String::from_utf8(output).map_err(|error| error.utf8_error())?;
        Ok(())
    }

    /// How many cells the row has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no row was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A cell, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before)? + self.gap,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// All cells, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Cells;

    fn by_csv(row: &[u8], delimiter: u8) -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(row);
        let record = reader.records().next().expect("a row").expect("it is UTF-8");
        record.iter().map(str::to_owned).collect()
    }

    fn cells(row: &[u8], delimiter: u8) -> Vec<String> {
        let mut cells = Cells::new(delimiter);
        // A row before it changes nothing.
        cells.read("\"x\",\"né\"\"\nw\",\"".as_bytes()).expect("it is UTF-8");
        cells.read(row).expect("it is UTF-8");
        cells.iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_byte_order_mark_in_a_row_is_text() {
        assert_eq!(cells("\u{FEFF}\"a\",b".as_bytes(), b','), ["\u{FEFF}\"a\"", "b"]);
        assert_eq!(cells("\u{FEFF}a,b".as_bytes(), b','), ["\u{FEFF}a", "b"]);
    }

    #[test]
    fn a_row_that_is_not_utf_8_has_no_cells_and_the_place_of_its_first_wrong_byte() {
        let mut cells = Cells::new(b',');
        for row in [&b"a,\xFFb"[..], b"\"\xC3\",\xA9", b"\"\"\xFF"] {
            let at = row.iter().position(|byte| *byte >= 0x80).expect("one");
            assert_eq!(cells.read(row).expect_err("not UTF-8").valid_up_to(), at);
            assert!(cells.is_empty() && cells.get(0).is_none());
        }
    }

    #[test]
    fn many_cells_and_large_ones_are_read_whole() {
        let row = format!("\"{}\"{}", "é\"\"".repeat(3_000_000), ",\"x\"".repeat(10_000));
        let cells = cells(row.as_bytes(), b',');
        assert_eq!((cells.len(), cells[0].len(), cells[10_000].as_str()), (10_001, 9_000_000, "x"));
    }

    proptest! {
        #[test]
        fn cells_are_those_of_the_csv_crate(row in "[a\",;\r\n é]{1,24}", delimiter in prop_oneof![Just(b','), Just(b';')]) {
            // Only inside of quotes a line end is a part of a row.
            prop_assume!(crate::rows::Rows::new(delimiter).end(row.as_bytes(), 0).is_none());
            prop_assert_eq!(cells(row.as_bytes(), delimiter), by_csv(row.as_bytes(), delimiter));
        }
    }
}
