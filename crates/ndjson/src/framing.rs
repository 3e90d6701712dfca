//! Cuts what is read from one input into blocks of whole records.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memrchr};

use crate::block::{BOM, Framing, FramingFault, Span, is_blank};
use crate::decompress::{Compression, Delivery, LONGEST_MAGIC_BYTES, Progress, Stored, Stream, unsupported};
use crate::detect::{Format, More, PROBE_BYTES, detect};
use crate::input::Input;
use crate::reader::{InputError, ReaderOptions};
use crate::scan::{Scanner, Unfinished};

#[cfg(test)]
mod tests;

/// How much is read at a time of what comes as it is written, and of a record that is too long to hold.
const PIECE_BYTES: usize = 64 << 10;

/// The most by which the memory of a large record grows at a time.
const LARGEST_STEP_BYTES: usize = 8 << 20;

/// An input that is being read.
pub(crate) struct OpenInput {
    index: usize,
    stream: Stream,
    progress: Progress,
    framer: Option<Framer>,
    /// Bytes that were read and not handed out.
    carry: Vec<u8>,
    /// Where `carry` starts in the decompressed input.
    offset: u64,
    state: State,
}

/// How far the ends of records were looked for in the bytes that are held.
enum Framer {
    Lines {
        /// No line ends before this byte.
        searched: usize,
    },
    Values {
        scanner: Scanner,
        scanned: usize,
    },
}

enum State {
    Reading,
    /// The end was reached.
    Ended,
    /// Reading failed; what is whole is still to be handed out.
    Failed(io::Error),
}

/// What comes next out of an input; the bytes are in the buffer that was given.
pub(crate) struct Next {
    /// Where it starts in the decompressed input.
    pub(crate) offset: u64,
    pub(crate) framing: Framing,
}

impl OpenInput {
    pub(crate) fn new(index: usize, stream: Stream, progress: Progress) -> Self {
        Self { index, stream, progress, framer: None, carry: Vec::new(), offset: 0, state: State::Reading }
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn compression(&self) -> Compression {
        self.stream.compression
    }

    pub(crate) fn format(&self) -> Format {
        match self.framer {
            None => Format::Auto,
            Some(Framer::Lines { .. }) => Format::Ndjson,
            Some(Framer::Values { .. }) => Format::Json,
        }
    }

    /// Bytes handed out or told of in an error, decompressed.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn stored(&self) -> Stored {
        self.progress.stored()
    }

    /// Fills the buffer with the next whole records; `None` at the end.
    pub(crate) fn next(
        &mut self,
        buffer: &mut Vec<u8>,
        options: &ReaderOptions,
        input: &Input,
    ) -> Result<Option<Next>, InputError> {
        buffer.clear();
        std::mem::swap(buffer, &mut self.carry);
        if self.framer.is_none() {
            self.frame(buffer, options, input)?;
        }
        loop {
            let next = match self.framer {
                Some(Framer::Values { .. }) => self.cut_values(buffer, options, input)?,
                Some(Framer::Lines { .. }) | None => self.cut_lines(buffer, options, input)?,
            };
            if next.is_some() {
                return Ok(next);
            }
            match &self.state {
                State::Reading => self.fill(buffer, options),
                State::Ended | State::Failed(_) => return self.end(buffer, input).map(|()| None),
            }
        }
    }

    /// Decides how records stand in the input.
    fn frame(
        &mut self,
        buffer: &mut Vec<u8>,
        options: &ReaderOptions,
        input: &Input,
    ) -> Result<(), InputError> {
        if self.stream.compression != Compression::None {
            while (buffer.len() as u64) < LONGEST_MAGIC_BYTES && self.is_reading() {
                self.fill_to(buffer, PROBE_BYTES);
            }
            if let Some(what) = unsupported(buffer) {
                return Err(InputError::Unsupported { input: input.clone(), what });
            }
        }
        let mut format = options.format;
        while format == Format::Auto {
            let more = if self.is_reading() { More::MayFollow } else { More::None };
            match detect(buffer, options.auto, more) {
                Some(detected) => format = detected,
                None => self.fill_to(buffer, PROBE_BYTES),
            }
        }
        self.framer = Some(match format {
            Format::Json => Framer::Values { scanner: Scanner::default(), scanned: 0 },
            Format::Ndjson | Format::Auto => Framer::Lines { searched: 0 },
        });
        Ok(())
    }

    fn is_reading(&self) -> bool {
        matches!(self.state, State::Reading)
    }

    /// Reads on: to a full block or, where a record is larger than that, as much again.
    fn fill(&mut self, buffer: &mut Vec<u8>, options: &ReaderOptions) {
        let held = buffer.len();
        let wanted = if held < options.block_bytes {
            options.block_bytes
        } else {
            held + held.clamp(PIECE_BYTES, LARGEST_STEP_BYTES)
        };
        self.fill_to(buffer, wanted);
    }

    /// Whether what was read goes on at once. A decompressor gives little at a time, so there it does not.
    fn goes_on_at_once(&self) -> bool {
        self.stream.delivery == Delivery::AsItComes && self.stream.compression == Compression::None
    }

    /// Reads until the buffer holds so many bytes or the input ends. Of a pipe it takes what is there.
    fn fill_to(&mut self, buffer: &mut Vec<u8>, wanted: usize) {
        let mut held = buffer.len();
        let wanted = if self.goes_on_at_once() { wanted.min(held + PIECE_BYTES) } else { wanted };
        // One large read each, where `Read::read_to_end` would begin with small ones every time.
        buffer.resize(wanted.max(held + 1), 0);
        while held < buffer.len() {
            match self.stream.read(&mut buffer[held..]) {
                Ok(0) => self.state = State::Ended,
                Ok(read) => held += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => self.state = State::Failed(error),
            }
            if self.goes_on_at_once() || !self.is_reading() {
                break;
            }
        }
        buffer.truncate(held);
    }

    /// Hands out the first `end` bytes, and carries the rest.
    fn hand_out(&mut self, buffer: &mut Vec<u8>, end: usize, framing: Framing) -> Next {
        self.carry.extend_from_slice(&buffer[end..]);
        buffer.truncate(end);
        let offset = self.offset;
        self.offset += end as u64;
        Next { offset, framing }
    }

    /// Cuts the whole lines off the buffer.
    fn cut_lines(
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
                    return self.skip_line(buffer, input).map(Some);
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

    /// Cuts the whole values off the buffer, with what stands before and between them.
    fn cut_values(
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
            mark_too_long(span, options.max_line_bytes);
        }
        // From `done` on it is one value that does not end yet.
        let is_too_long = buffer.len() - done > options.max_line_bytes;
        if done == 0 {
            return if is_too_long && !matches!(self.state, State::Failed(_)) {
                self.skip_value(buffer, input).map(Some)
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

    /// Passes over a line that is too long to be held; what follows it is carried.
    fn skip_line(&mut self, buffer: &mut Vec<u8>, input: &Input) -> Result<Next, InputError> {
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
        let fault = (!blank).then_some(FramingFault::TooLong { bytes });
        let offset = self.offset + start as u64;
        self.offset += length + line_ends;
        Ok(Next { offset, framing: Framing::Skipped { fault, line_ends } })
    }

    /// Passes over a value that is too long to be held; what follows it is carried.
    fn skip_value(&mut self, buffer: &mut Vec<u8>, input: &Input) -> Result<Next, InputError> {
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
        let fault = Some(FramingFault::TooLong { bytes: length });
        Ok(Next { offset, framing: Framing::Skipped { fault, line_ends } })
    }

    /// Reads what follows into a buffer whose bytes are no longer needed.
    fn read_piece(&mut self, buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.shrink_to(PIECE_BYTES * 4);
        self.fill_to(buffer, PIECE_BYTES);
    }

    /// Nothing whole is left. The input ends, is cut off, or has failed.
    fn end(&mut self, buffer: &[u8], input: &Input) -> Result<(), InputError> {
        let left = buffer.len() as u64;
        if matches!(self.state, State::Failed(_)) {
            return Err(self.failure(left, input));
        }
        self.offset += left;
        let unfinished = match &mut self.framer {
            Some(Framer::Values { scanner, .. }) => scanner.finish(buffer.len(), &mut Vec::new()),
            Some(Framer::Lines { .. }) | None => Unfinished::Nothing,
        };
        match unfinished {
            Unfinished::Nothing => Ok(()),
            Unfinished::Array => Err(self.truncated("an array", input)),
            Unfinished::Value => Err(self.truncated("a value", input)),
        }
    }

    fn truncated(&self, what: &'static str, input: &Input) -> InputError {
        InputError::Truncated { input: input.clone(), offset: self.offset, what }
    }

    /// Why reading stopped, with so many bytes of a record that does not end.
    fn failure(&mut self, unfinished: u64, input: &Input) -> InputError {
        let source = match std::mem::replace(&mut self.state, State::Ended) {
            State::Failed(source) => source,
            State::Reading | State::Ended => io::ErrorKind::Other.into(),
        };
        let input = input.clone();
        let whole = self.offset;
        self.offset += unfinished;
        let stored = self.progress.stored();
        if self.stream.compression == Compression::None || stored.read_failed {
            return InputError::Read { input, offset: self.offset, source };
        }
        InputError::Corrupt { input, stored_offset: stored.bytes, offset: whole, unfinished, source }
    }
}

fn mark_too_long(span: &mut Span, max_line_bytes: usize) {
    let bytes = span.end - span.start;
    if bytes > max_line_bytes {
        span.fault = Some(FramingFault::TooLong { bytes: bytes as u64 });
    }
}
