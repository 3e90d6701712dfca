//! Finds where rows of CSV end, without looking at their cells.
//!
//! A quote is special only as the first byte of a cell; inside such a cell two quotes are one, and a single one ends the
//! part in quotes. A row ends at a line end outside of one.

use memchr::{memchr, memchr2, memrchr};

const QUOTE: u8 = b'"';

/// A search for ends of rows that goes on from buffer to buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    delimiter: u8,
    at: At,
    has_quoted: bool,
}

/// What stands before the next byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The beginning of a cell.
    CellStart,
    /// Text, in which a quote is text, too.
    Text,
    /// The inside of a cell in quotes.
    Quoted,
    /// A quote inside of it: the end of it, or the first of two.
    Quote,
}

/// What follows a part in quotes.
enum Close {
    /// It is closed before this byte, which is the first of what follows.
    Before(usize),
    /// The bytes end.
    NotSeen,
}

impl Rows {
    /// At the beginning of a row.
    pub(crate) fn new(delimiter: u8) -> Self {
        Self { delimiter, at: At::CellStart, has_quoted: false }
    }

    /// What stands between two cells.
    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Whether the search is inside of a cell in quotes.
    pub(crate) fn is_open(&self) -> bool {
        self.at == At::Quoted
    }

    /// Whether a cell in quotes was passed.
    pub(crate) fn has_quoted(&self) -> bool {
        self.has_quoted
    }

    /// Goes on from `from` to the end of the row, and gives the byte after its line end; `None` if it is not in `bytes`,
    /// all of which were looked at then.
    pub(crate) fn end(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            if self.is_in_quotes() {
                let Close::Before(next) = self.close(bytes, at) else { return None };
                at = next;
            }
            let stretch = at;
            let found = loop {
                let Some(found) = memchr2(QUOTE, b'\n', &bytes[at..]) else {
                    self.pass_text(bytes, stretch);
                    return None;
                };
                let found = at + found;
                if bytes[found] == b'\n' {
                    self.at = At::CellStart;
                    return Some(found + 1);
                }
                if self.begins_cell(bytes, stretch, found) {
                    break found;
                }
                at = found + 1;
            };
            self.open();
            at = found + 1;
        }
    }

    /// Goes on from `from` to the end of `bytes`, and gives the byte after the last line end that ends a row.
    pub(crate) fn last_end(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut last = None;
        let mut at = from;
        loop {
            if self.is_in_quotes() {
                let Close::Before(next) = self.close(bytes, at) else { return last };
                at = next;
            }
            let stretch = at;
            let quote = loop {
                let Some(found) = memchr(QUOTE, &bytes[at..]) else { break None };
                let found = at + found;
                if self.begins_cell(bytes, stretch, found) {
                    break Some(found);
                }
                at = found + 1;
            };
            let stretch_end = quote.unwrap_or(bytes.len());
            if let Some(found) = memrchr(b'\n', &bytes[stretch..stretch_end]) {
                last = Some(stretch + found + 1);
            }
            let Some(quote) = quote else {
                self.pass_text(bytes, stretch);
                return last;
            };
            self.open();
            at = quote + 1;
        }
    }

    fn is_in_quotes(&self) -> bool {
        matches!(self.at, At::Quoted | At::Quote)
    }

    fn open(&mut self) {
        self.at = At::Quoted;
        self.has_quoted = true;
    }

    /// Whether a cell begins at `at`, in a stretch without cells in quotes.
    fn begins_cell(&self, bytes: &[u8], stretch: usize, at: usize) -> bool {
        if at == stretch { self.at == At::CellStart } else { self.ends_cell(bytes[at - 1]) }
    }

    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n'
    }

    /// All bytes from `stretch` on are outside of quotes.
    fn pass_text(&mut self, bytes: &[u8], stretch: usize) {
        if let Some(last) = bytes[stretch..].last() {
            self.at = if self.ends_cell(*last) { At::CellStart } else { At::Text };
        }
    }

    /// Goes on to the end of the part in quotes.
    fn close(&mut self, bytes: &[u8], from: usize) -> Close {
        let mut at = from;
        loop {
            if self.at == At::Quoted {
                let Some(found) = memchr(QUOTE, &bytes[at..]) else { return Close::NotSeen };
                self.at = At::Quote;
                at += found + 1;
            }
            match bytes.get(at) {
                None => return Close::NotSeen,
                Some(&QUOTE) => {
                    self.at = At::Quoted;
                    at += 1;
                }
                Some(_) => {
                    // A quote cannot come at once, so all that matters is that no cell begins here.
                    self.at = At::Text;
                    return Close::Before(at);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Rows;

    /// The ends of all rows, byte by byte.
    fn naive(text: &[u8], delimiter: u8) -> (Vec<usize>, bool) {
        let (mut ends, mut quoted, mut closing, mut cell_start) = (Vec::new(), false, false, true);
        for (at, &byte) in text.iter().enumerate() {
            if quoted && byte == b'"' {
                (quoted, closing) = (false, true);
                continue;
            }
            if quoted {
                continue;
            }
            if byte == b'"' && (closing || cell_start) {
                (quoted, closing, cell_start) = (true, false, false);
                continue;
            }
            (closing, cell_start) = (false, byte == delimiter || byte == b'\n');
            if byte == b'\n' {
                ends.push(at + 1);
            }
        }
        (ends, quoted)
    }

    proptest! {
        #[test]
        fn rows_end_where_a_naive_split_has_them_however_the_text_comes(
            text in "[a\",\n\r é]{0,40}", cuts in prop::collection::vec(0..40_usize, 0..6)
        ) {
            let text = text.as_bytes();
            let (expected, open) = naive(text, b',');
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([text.len()]).collect();
            cuts.sort_unstable();
            let (mut one, mut last) = (Rows::new(b','), Rows::new(b','));
            let (mut ends, mut from) = (Vec::new(), 0);
            for cut in cuts {
                let held = &text[..cut];
                let mut at = from;
                while let Some(end) = one.end(held, at) {
                    ends.push(end);
                    at = end;
                }
                let expected_last = expected.iter().copied().filter(|end| *end > from && *end <= cut).max();
                prop_assert_eq!(last.last_end(held, from), expected_last);
                prop_assert_eq!(one.at, last.at);
                from = cut;
            }
            prop_assert_eq!(ends, expected);
            prop_assert_eq!(one.is_open(), open);
        }
    }
}
