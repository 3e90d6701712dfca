//! Blocks of whole values.

use memchr::memchr_iter;

use super::{Framer, Next, OpenInput, State};
use crate::block::{BOM, Framing, FramingFault, Span};
use crate::input::Input;
use crate::reader::{InputError, ReaderOptions};
use crate::scan::{LetGo, Unfinished, at_its_end};

impl OpenInput {
    /// Cuts the whole values off the buffer, with what stands before and between them.
    pub(super) fn cut_values(
        &mut self,
        buffer: &mut Vec<u8>,
        options: &ReaderOptions,
        input: &Input,
    ) -> Result<Option<Next>, InputError> {
        let Some(Framer::Values { scanner, scanned }) = &mut self.framer else { return Ok(None) };
        if self.offset == 0 && *scanned == 0 {
            if buffer.len() < BOM.len() && matches!(self.state, State::Reading) {
                // It may be the beginning of a byte order mark.
                return Ok(None);
            }
            if buffer.starts_with(BOM) {
                *scanned = BOM.len();
            }
        }
        let mut spans = Vec::new();
        let mut done = scanner.scan(buffer, *scanned, usize::MAX, &mut spans);
        *scanned = buffer.len();
        if matches!(self.state, State::Ended)
            && scanner.finish(buffer.len(), &mut spans) == Unfinished::Nothing
        {
            done = buffer.len();
        }
        for span in &mut spans {
            mark_too_long(span, buffer, options.max_line_bytes);
        }
        // From `done` on it is one value that does not end yet.
        let is_too_long = buffer.len() - done > options.max_line_bytes;
        if is_too_long && scanner.let_go() == LetGo::Done {
            done = buffer.len();
        }
        if done == 0 {
            return if is_too_long && !matches!(self.state, State::Failed(_)) {
                self.skip_value(buffer, input, options.max_line_bytes).map(Some)
            } else {
                Ok(None)
            };
        }
        // White space alone is carried along until something follows it, or the block is full.
        if spans.is_empty()
            && !is_too_long
            && done < options.block_bytes
            && matches!(self.state, State::Reading)
        {
            return Ok(None);
        }
        scanner.shift(done);
        *scanned = buffer.len() - done;
        Ok(Some(self.hand_out(buffer, done, Framing::Values(spans))))
    }

    /// Passes over a value that is too long to be held; what follows it is carried.
    fn skip_value(&mut self, buffer: &mut Vec<u8>, input: &Input, most: usize) -> Result<Next, InputError> {
        let count_lines = |bytes: &[u8]| memchr_iter(b'\n', bytes).count() as u64;
        let mut length = buffer.len() as u64;
        let mut line_ends = count_lines(buffer);
        let mut spans: Vec<Span> = Vec::new();
        while spans.is_empty() {
            self.read_piece(buffer);
            let Some(Framer::Values { scanner, scanned }) = &mut self.framer else { break };
            scanner.shift(usize::MAX);
            scanner.scan(buffer, 0, 1, &mut spans);
            if spans.is_empty() && matches!(self.state, State::Ended) {
                scanner.finish(buffer.len(), &mut spans);
            }
            *scanned = 0;
            let end = spans.first().map_or(buffer.len(), |span| span.end);
            length += end as u64;
            line_ends += count_lines(&buffer[..end]);
            self.carry.extend_from_slice(&buffer[end..]);
            match &self.state {
                _ if !spans.is_empty() => {}
                State::Reading => {}
                State::Ended => {
                    self.offset += length;
                    return Err(self.truncated("a value", input));
                }
                State::Failed(_) => return Err(self.failure(length, input)),
            }
        }
        buffer.clear();
        let offset = self.offset;
        self.offset += length;
        let fault = Some(FramingFault::TooLong { bytes: length, most: most as u64 });
        Ok(Next { offset, framing: Framing::Skipped { fault, line_ends } })
    }
}

fn mark_too_long(span: &mut Span, text: &[u8], max_line_bytes: usize) {
    let bytes = span.end - span.start;
    if bytes <= max_line_bytes {
        return;
    }
    // The array could have been in it, so it was not passed over as a value is, and may not even be held.
    if span.fault == Some(FramingFault::NoArray) && text.get(span.start) == Some(&b'{') {
        *span = at_its_end(*span);
    } else {
        span.fault = Some(FramingFault::TooLong { bytes: bytes as u64, most: max_line_bytes as u64 });
    }
}
