//! Blocks of whole lines.

use memchr::{memchr, memrchr};

use super::{Framer, Next, OpenInput, State};
use crate::block::{BOM, Framing, FramingFault, is_blank};
use crate::input::Input;
use crate::reader::{InputError, ReaderOptions};

impl OpenInput {
    /// Cuts the whole lines off the buffer.
    pub(super) fn cut_lines(
        &mut self,
        buffer: &mut Vec<u8>,
        options: &ReaderOptions,
        input: &Input,
    ) -> Result<Option<Next>, InputError> {
        let searched = match self.framer {
            Some(Framer::Lines { searched }) => searched,
            _ => 0,
        };
        let end = match memrchr(b'\n', &buffer[searched..]) {
            Some(last) => searched + last + 1,
            None => {
                self.framer = Some(Framer::Lines { searched: buffer.len() });
                // A byte order mark and a line end are not a part of the record.
                let longest = options.max_line_bytes.saturating_add(BOM.len() + 2);
                if buffer.len() > longest && !matches!(self.state, State::Failed(_)) {
                    return self.skip_line(buffer, input, options.max_line_bytes).map(Some);
                }
                if buffer.is_empty() || !matches!(self.state, State::Ended) {
                    return Ok(None);
                }
                buffer.len()
            }
        };
        // A block is worth handing out when it is full, when nothing more comes, or when a pipe is waiting.
        if buffer.len() < options.block_bytes && self.is_reading() && !self.goes_on_at_once() {
            return Ok(None);
        }
        let next = self.hand_out(buffer, end, Framing::Lines);
        self.framer = Some(Framer::Lines { searched: self.carry.len() });
        Ok(Some(next))
    }

    /// Passes over a line that is too long to be held; what follows it is carried.
    fn skip_line(&mut self, buffer: &mut Vec<u8>, input: &Input, most: usize) -> Result<Next, InputError> {
        let start = if self.offset == 0 && buffer.starts_with(BOM) { BOM.len() } else { 0 };
        let mut length = buffer.len() as u64;
        let mut last = buffer.last().copied();
        let mut blank = is_blank(&buffer[start..]);
        let mut line_ends = 0;
        while line_ends == 0 {
            self.read_piece(buffer);
            let end = memchr(b'\n', buffer);
            let text = &buffer[..end.unwrap_or(buffer.len())];
            length += text.len() as u64;
            last = text.last().copied().or(last);
            blank &= is_blank(text);
            if let Some(end) = end {
                line_ends = 1;
                self.carry.extend_from_slice(&buffer[end + 1..]);
            }
            match &self.state {
                _ if line_ends == 1 => {}
                State::Reading => {}
                State::Ended => break,
                State::Failed(_) => return Err(self.failure(length, input)),
            }
        }
        buffer.clear();
        self.framer = Some(Framer::Lines { searched: 0 });
        let bytes = length - start as u64 - u64::from(last == Some(b'\r'));
        let fault = (!blank).then_some(FramingFault::TooLong { bytes, most: most as u64 });
        let offset = self.offset + start as u64;
        self.offset += length + line_ends;
        Ok(Next { offset, framing: Framing::Skipped { fault, line_ends } })
    }
}
