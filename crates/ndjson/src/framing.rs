//! Cuts what is read from one input into blocks of whole records.

use std::io::{self, Read};
use std::sync::Arc;

use crate::block::{Block, Framing};
use crate::decompress::{Compression, Delivery, Progress, Stored, Stream};
use crate::detect::Format;
use crate::input::Input;
use crate::reader::{InputError, InputSummary, ReaderOptions};
use crate::rows::Rows;
use crate::scan::{Scanner, Unfinished};
use crate::table::Table;
use crate::utf16::Malformed;

mod begin;
mod lines;
mod rows;
#[cfg(test)]
mod tests;
mod values;

use begin::{Look, Seen};

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
    /// Where `carry` starts in the decompressed input: all before it was handed out, or told of in an error.
    offset: u64,
    state: State,
    /// Where a read of what comes as it is written puts it.
    piece: Vec<u8>,
    format: Format,
    table: Option<Arc<Table>>,
    /// What was looked at to recognise it.
    seen: Option<Seen>,
    dialect: usize,
    recognised: Option<String>,
    doubt: Option<String>,
}

/// How far the ends of records were looked for in the bytes that are held.
enum Framer {
    Lines {
        /// No line ends before this byte.
        searched: usize,
    },
    Rows {
        rows: Rows,
        /// The search for ends of rows came to this byte.
        searched: usize,
        /// The last row that ends does so here.
        ended: usize,
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
        Self {
            index,
            stream,
            progress,
            framer: None,
            carry: Vec::new(),
            offset: 0,
            state: State::Reading,
            piece: Vec::new(),
            format: Format::Auto,
            table: None,
            seen: None,
            dialect: 0,
            recognised: None,
            doubt: None,
        }
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// Writes down what is known of the input by now.
    pub(crate) fn describe(&self, summary: &mut InputSummary) {
        summary.format = self.format;
        summary.compression = self.stream.compression;
        summary.encoding = self.stream.encoding;
        summary.table.clone_from(&self.table);
        summary.dialect = self.dialect;
        summary.recognised.clone_from(&self.recognised);
        summary.doubt.clone_from(&self.doubt);
        summary.stored_bytes = self.progress.stored().bytes;
        summary.bytes = self.offset;
    }

    /// The block of these bytes.
    pub(crate) fn block(&self, next: Next, bytes: Vec<u8>, max_line_bytes: usize) -> Block {
        Block {
            input: self.index,
            offset: next.offset,
            bytes,
            table: self.table.clone(),
            dialect: self.dialect,
            framing: next.framing,
            max_line_bytes,
        }
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
        self.frame(buffer, options, input, Look::NotNeeded)?;
        loop {
            let next = match self.framer {
                Some(Framer::Rows { .. }) => self.cut_rows(buffer, options, input)?,
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
        if self.goes_on_at_once() {
            self.take_what_is_there(buffer, wanted.saturating_sub(held));
            return;
        }
        // One large read each, where `Read::read_to_end` would begin with small ones every time.
        buffer.resize(wanted.max(held + 1), 0);
        while held < buffer.len() && self.is_reading() {
            match self.stream.read(&mut buffer[held..]) {
                Ok(0) => self.state = State::Ended,
                Ok(read) => held += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.state = State::Failed(error),
            }
        }
        buffer.truncate(held);
    }

    /// Adds the bytes of one read. They take a way round, so that no room is cleared for more than there are.
    fn take_what_is_there(&mut self, buffer: &mut Vec<u8>, most: usize) {
        self.piece.resize(PIECE_BYTES, 0);
        let piece = &mut self.piece[..most.clamp(1, PIECE_BYTES)];
        loop {
            match self.stream.read(piece) {
                Ok(0) => self.state = State::Ended,
                Ok(read) => buffer.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => self.state = State::Failed(error),
            }
            return;
        }
    }

    /// Hands out the first `end` bytes, and carries the rest.
    fn hand_out(&mut self, buffer: &mut Vec<u8>, end: usize, framing: Framing) -> Next {
        self.carry.extend_from_slice(&buffer[end..]);
        buffer.truncate(end);
        let offset = self.offset;
        self.offset += end as u64;
        Next { offset, framing }
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
            Some(Framer::Lines { .. } | Framer::Rows { .. }) | None => Unfinished::Nothing,
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
        let malformed = source.get_ref().and_then(|source| source.downcast_ref::<Malformed>());
        if let Some(Malformed { offset }) = malformed {
            return InputError::Encoding { input, encoded_offset: *offset, offset: whole, unfinished };
        }
        if !self.stream.can_be_damaged() || stored.read_failed {
            return InputError::Read { input, offset: self.offset, source };
        }
        InputError::Corrupt { input, stored_offset: stored.bytes, offset: whole, unfinished, source }
    }
}
