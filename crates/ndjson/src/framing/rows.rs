//! Blocks of whole rows.

use memchr::memchr_iter;

use super::{Framer, Next, OpenInput, State};
use crate::block::{BOM, Framing, FramingFault};
use crate::input::Input;
use crate::reader::{InputError, ReaderOptions};
use crate::rows::Rows;

impl OpenInput {
    /// Cuts the whole rows off the buffer.
    pub(super) fn cut_rows(
        &mut self,
        buffer: &mut Vec<u8>,
        options: &ReaderOptions,
        input: &Input,
    ) -> Result<Option<Next>, InputError> {
        let Some(Framer::Rows { rows, searched, ended }) = &mut self.framer else { return Ok(None) };
        if let Some(end) = rows.last_end(buffer, *searched) {
            *ended = end;
        }
        *searched = buffer.len();
        let mut end = *ended;
        if end == 0 {
            let longest = options.max_line_bytes.saturating_add(BOM.len() + 2);
            if buffer.len() > longest && !matches!(self.state, State::Failed(_)) {
                return self.skip_row(buffer, input, options.max_line_bytes).map(Some);
            }
            if buffer.is_empty() || !matches!(self.state, State::Ended) {
                return Ok(None);
            }
            end = buffer.len();
        }
        // As with lines: full, the last one, or awaited.
        if buffer.len() < options.block_bytes && self.is_reading() && !self.goes_on_at_once() {
            return Ok(None);
        }
        let next = self.hand_out(buffer, end, Framing::Rows);
        let carried = self.carry.len();
        if let Some(Framer::Rows { searched, ended, .. }) = &mut self.framer {
            (*searched, *ended) = (carried, 0);
        }
        Ok(Some(next))
    }

    /// Passes over a row that is too long to be held; what follows it is carried.
    fn skip_row(&mut self, buffer: &mut Vec<u8>, input: &Input, most: usize) -> Result<Next, InputError> {
        let Some(Framer::Rows { mut rows, .. }) = self.framer else {
            return Ok(self.hand_out(buffer, 0, Framing::Rows));
        };
        let table = self.table.clone();
        let is_blank = |text: &[u8]| match &table {
            Some(table) => table.is_blank(text),
            None => crate::block::is_blank(text),
        };
        let count_lines = |bytes: &[u8]| memchr_iter(b'\n', bytes).count() as u64;
        let mut length = buffer.len() as u64;
        let mut line_ends = count_lines(buffer);
        let mut last = buffer.last().copied();
        let mut blank = is_blank(buffer);
        let mut has_ended = false;
        while !has_ended {
            self.read_piece(buffer);
            let end = rows.end(buffer, 0);
            let whole = &buffer[..end.unwrap_or(buffer.len())];
            let text = if end.is_some() { &whole[..whole.len() - 1] } else { whole };
            length += text.len() as u64;
            line_ends += count_lines(whole);
            last = text.last().copied().or(last);
            blank &= is_blank(text);
            if let Some(end) = end {
                has_ended = true;
                self.carry.extend_from_slice(&buffer[end..]);
            }
            match &self.state {
                _ if has_ended => {}
                State::Reading => {}
                State::Ended => break,
                State::Failed(_) => return Err(self.failure(length, input)),
            }
        }
        buffer.clear();
        self.framer = Some(Framer::Rows { rows: Rows::new(rows.delimiter()), searched: 0, ended: 0 });
        let fault = if !has_ended && rows.is_open() {
            FramingFault::UnclosedQuote
        } else {
            FramingFault::TooLong { bytes: length - u64::from(last == Some(b'\r')), most: most as u64 }
        };
        let offset = self.offset;
        self.offset += length + u64::from(has_ended);
        Ok(Next { offset, framing: Framing::Skipped { fault: (!blank).then_some(fault), line_ends } })
    }
}
