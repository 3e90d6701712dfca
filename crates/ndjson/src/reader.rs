//! Reads inputs one after the other, in blocks that hold whole records.

use std::fs::Metadata;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use memchr::{memchr, memchr_iter, memrchr};
use thiserror::Error;

use crate::block::{BOM, Block, Framing, Span};
use crate::decompress::{Compression, Opened, Stored, Stream, open};
use crate::detect::{AutoRule, Format, More, PROBE_BYTES, detect};
use crate::input::Input;
use crate::scan::{Scanner, Unfinished};

/// The default of [`ReaderOptions::block_bytes`].
pub const DEFAULT_BLOCK_BYTES: usize = 256 << 10;

/// The default of [`ReaderOptions::max_line_bytes`].
pub const DEFAULT_MAX_LINE_BYTES: usize = 64 << 20;

/// How much is read at a time from a pipe, and of a record that is too long to hold.
const PIECE_BYTES: usize = 64 << 10;

/// The most by which the memory of a large record grows at a time.
const LARGEST_STEP_BYTES: usize = 8 << 20;

/// Whether inputs are hashed while they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashInputs {
    /// They are not.
    #[default]
    No,
    /// With BLAKE3, as stored.
    Yes,
}

/// How inputs are read.
#[derive(Clone, Debug)]
pub struct ReaderOptions {
    /// How records stand in them.
    pub format: Format,
    /// What [`Format::Auto`] expects.
    pub auto: AutoRule,
    /// About how many bytes a block holds. It changes nothing but speed and memory.
    pub block_bytes: usize,
    /// The most bytes of one record; what is longer is passed over without being held.
    pub max_line_bytes: usize,
    /// Whether inputs are hashed.
    pub hash: HashInputs,
}

impl Default for ReaderOptions {
    fn default() -> Self {
        Self {
            format: Format::default(),
            auto: AutoRule::default(),
            block_bytes: DEFAULT_BLOCK_BYTES,
            max_line_bytes: DEFAULT_MAX_LINE_BYTES,
            hash: HashInputs::default(),
        }
    }
}

/// Why an input could not be read to its end. All records before that were handed out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InputError {
    /// It could not be opened.
    #[error("cannot open {input}: {source}")]
    Open {
        /// The input.
        input: Input,
        /// Why.
        source: io::Error,
    },
    /// Reading stopped.
    #[error("cannot read {input} beyond byte {offset}: {source}")]
    Read {
        /// The input.
        input: Input,
        /// Where, in bytes of the decompressed input.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The compressed stream is cut off or damaged.
    #[error(
        "{input} is damaged or cut off near byte {stored_offset} of the file: {source}. Records up to byte {offset} of \
         the decompressed text were read{}; get a whole copy of the file", dropped(*unfinished)
    )]
    Corrupt {
        /// The input.
        input: Input,
        /// About where, in bytes of the file as stored: what was read so far.
        stored_offset: u64,
        /// The end of the last whole record, in bytes of the decompressed input.
        offset: u64,
        /// Bytes of a record that does not end.
        unfinished: u64,
        /// What the decompressor says.
        source: io::Error,
    },
    /// It ends inside an array or a value.
    #[error("{input} ends at byte {offset} inside {what}: it is cut off; get a whole copy of the file")]
    Truncated {
        /// The input.
        input: Input,
        /// Its length, in bytes of the decompressed input.
        offset: u64,
        /// What is not closed.
        what: &'static str,
    },
    /// It is something that cannot be read.
    #[error("{input} is {what}")]
    Unsupported {
        /// The input.
        input: Input,
        /// What it is and what to do.
        what: &'static str,
    },
}

fn dropped(unfinished: u64) -> String {
    if unfinished == 0 {
        String::new()
    } else {
        format!("; {unfinished} bytes of an unfinished record were left out")
    }
}

/// What is known of an input.
#[derive(Clone, Debug, Default)]
pub struct InputSummary {
    /// Its name, as the user gave it.
    pub name: String,
    /// How records stand in it; [`Format::Auto`] as long as it was not opened.
    pub format: Format,
    /// How it is stored.
    pub compression: Compression,
    /// Bytes read, as stored.
    pub stored_bytes: u64,
    /// Bytes read, decompressed.
    pub bytes: u64,
    /// BLAKE3 of the bytes as stored, in hexadecimal; only of an input that was hashed and read to its end.
    pub blake3: Option<String>,
    /// Whether it was read to its end.
    pub complete: bool,
}

/// Reads inputs one after the other. Blocks come in input order.
///
/// ```
/// use ndjson::{BlockReader, Input, ReaderOptions};
/// # use std::io::Write;
/// # let mut file = tempfile::NamedTempFile::new()?;
/// # file.write_all(b"{\"a\":1}\n\n{\"a\":2}\n")?;
/// # let path = file.path().to_owned();
/// let mut reader = BlockReader::new(vec![Input::File(path)], ReaderOptions::default());
/// let mut records = 0;
/// while let Some(block) = reader.next_block(Vec::new()) {
///     records += block?.records().count();
/// }
/// assert_eq!(records, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BlockReader {
    inputs: Vec<Input>,
    options: ReaderOptions,
    summaries: Vec<InputSummary>,
    next_input: usize,
    open: Option<OpenInput>,
    total_bytes: Option<u64>,
    stored_bytes: Arc<AtomicU64>,
}

struct OpenInput {
    index: usize,
    stream: Stream,
    compression: Compression,
    stored: Arc<Mutex<Stored>>,
    framing: Option<InputFraming>,
    /// Bytes that were read and not handed out.
    carry: Vec<u8>,
    /// Where `carry` starts in the decompressed input.
    offset: u64,
    state: State,
}

enum InputFraming {
    Lines,
    Values {
        scanner: Scanner,
        /// Up to here the carried bytes were scanned.
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

impl BlockReader {
    /// A reader of these inputs. Nothing is opened yet.
    #[must_use]
    pub fn new(inputs: Vec<Input>, options: ReaderOptions) -> Self {
        let summaries = inputs
            .iter()
            .map(|input| InputSummary { name: input.to_string(), ..InputSummary::default() })
            .collect();
        let length = |input: &Input| match input {
            Input::Stdin => None,
            Input::File(path) => {
                path.metadata().ok().filter(Metadata::is_file).map(|metadata| metadata.len())
            }
        };
        let total_bytes = inputs.iter().map(length).sum();
        Self {
            inputs,
            options,
            summaries,
            next_input: 0,
            open: None,
            total_bytes,
            stored_bytes: Arc::default(),
        }
    }

    /// About how many bytes a block holds.
    #[must_use]
    pub fn block_bytes(&self) -> usize {
        self.options.block_bytes
    }

    /// What is known of the inputs so far.
    #[must_use]
    pub fn inputs(&self) -> &[InputSummary] {
        &self.summaries
    }

    /// Bytes read so far, as stored.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.stored_bytes.load(Ordering::Relaxed)
    }

    /// Bytes of all inputs as stored; `None` if one of them is not a regular file.
    #[must_use]
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// The next block, in the memory of `recycled`; `None` after the last one. After an error of one input the next one
    /// is read.
    pub fn next_block(&mut self, recycled: Vec<u8>) -> Option<Result<Block, InputError>> {
        let mut buffer = recycled;
        loop {
            if self.open.is_none() {
                let index = self.next_input;
                let input = self.inputs.get(index)?;
                self.next_input += 1;
                match self.open_input(index, input) {
                    Ok(open) => self.open = Some(open),
                    Err(error) => return Some(Err(error)),
                }
            }
            let open = self.open.as_mut()?;
            buffer.clear();
            match open.next(&mut buffer, &self.options, &self.inputs[open.index]) {
                Ok(Some(framing)) => {
                    let bytes = buffer.len() as u64;
                    let (length, framing) = match framing {
                        Next::Held(framing) => (bytes, framing),
                        Next::Skipped { length, framing } => (length, framing),
                    };
                    let block = Block {
                        input: open.index,
                        offset: open.offset,
                        bytes: buffer,
                        framing,
                        max_line_bytes: self.options.max_line_bytes,
                    };
                    open.offset += length;
                    return Some(Ok(block));
                }
                Ok(None) => self.close(true),
                Err(error) => {
                    self.close(false);
                    return Some(Err(error));
                }
            }
        }
    }

    fn open_input(&self, index: usize, input: &Input) -> Result<OpenInput, InputError> {
        let hasher = (self.options.hash == HashInputs::Yes).then(Box::default);
        let stored = Arc::new(Mutex::new(Stored { bytes: 0, hasher }));
        let failed = |source| InputError::Open { input: input.clone(), source };
        match open(input, &stored, &self.stored_bytes).map_err(failed)? {
            Opened::Unsupported(what) => Err(InputError::Unsupported { input: input.clone(), what }),
            Opened::Stream(stream, compression) => Ok(OpenInput {
                index,
                stream,
                compression,
                stored,
                framing: None,
                carry: Vec::new(),
                offset: 0,
                state: State::Reading,
            }),
        }
    }

    fn close(&mut self, complete: bool) {
        let Some(open) = self.open.take() else { return };
        let stored = open.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let summary = &mut self.summaries[open.index];
        summary.format = match open.framing {
            Some(InputFraming::Values { .. }) => Format::Json,
            _ => Format::Ndjson,
        };
        summary.compression = open.compression;
        summary.stored_bytes = stored.bytes;
        summary.bytes = open.offset;
        summary.complete = complete;
        summary.blake3 =
            stored.hasher.as_ref().filter(|_| complete).map(|hasher| hasher.finalize().to_hex().to_string());
    }
}

/// What comes next out of an input.
enum Next {
    /// The buffer holds it.
    Held(Framing),
    /// A record of so many bytes, its line end included, that was passed over.
    Skipped { length: u64, framing: Framing },
}

impl OpenInput {
    /// Fills the buffer with the next whole records; `None` at the end.
    fn next(
        &mut self,
        buffer: &mut Vec<u8>,
        options: &ReaderOptions,
        input: &Input,
    ) -> Result<Option<Next>, InputError> {
        std::mem::swap(buffer, &mut self.carry);
        self.carry.clear();
        if self.framing.is_none() {
            self.frame(buffer, options, input);
        }
        loop {
            if let Some(next) = self.cut(buffer, options, input)? {
                return Ok(Some(next));
            }
            match &self.state {
                State::Reading => self.fill(buffer, options, input),
                State::Ended | State::Failed(_) => return self.end(buffer, input),
            }
        }
    }

    /// Decides how records stand in the input.
    fn frame(&mut self, buffer: &mut Vec<u8>, options: &ReaderOptions, input: &Input) {
        let mut format = options.format;
        while format == Format::Auto {
            let more = if matches!(self.state, State::Reading) { More::MayFollow } else { More::None };
            match detect(buffer, options.auto, more) {
                Some(detected) => format = detected,
                None => self.fill_to(buffer, PROBE_BYTES, input),
            }
        }
        self.framing = Some(match format {
            Format::Json => InputFraming::Values { scanner: Scanner::default(), scanned: 0 },
            Format::Ndjson | Format::Auto => InputFraming::Lines,
        });
    }

    /// Reads on: to a full block or, where a record is larger than that, as much again.
    fn fill(&mut self, buffer: &mut Vec<u8>, options: &ReaderOptions, input: &Input) {
        let held = buffer.len();
        let wanted = if held < options.block_bytes {
            options.block_bytes
        } else {
            held + held.clamp(PIECE_BYTES, LARGEST_STEP_BYTES)
        };
        self.fill_to(buffer, wanted, input);
    }

    /// Reads until the buffer holds so many bytes or the input ends. Of a pipe it takes what is there.
    fn fill_to(&mut self, buffer: &mut Vec<u8>, wanted: usize, input: &Input) {
        let missing = wanted.saturating_sub(buffer.len()).max(1);
        let read = if *input == Input::Stdin && self.compression == Compression::None {
            let held = buffer.len();
            buffer.resize(held + missing.min(PIECE_BYTES), 0);
            let read = self.stream.read(&mut buffer[held..]);
            buffer.truncate(held + read.as_ref().map_or(0, |read| *read));
            read
        } else {
            // One byte more than is read, or the end of the buffer would be taken for a reason to look for the end of
            // the input.
            buffer.reserve(missing + 1);
            self.stream.by_ref().take(missing as u64).read_to_end(buffer)
        };
        match read {
            Ok(0) => self.state = State::Ended,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.state = State::Failed(error),
        }
    }

    /// Cuts the whole records off the buffer, and carries the rest.
    fn cut(
        &mut self,
        buffer: &mut Vec<u8>,
        options: &ReaderOptions,
        input: &Input,
    ) -> Result<Option<Next>, InputError> {
        let ended = matches!(self.state, State::Ended);
        let failed = matches!(self.state, State::Failed(_));
        // A line end or a byte order mark is not a part of the record.
        let too_long = options.max_line_bytes + BOM.len() + 2;
        match &mut self.framing {
            Some(InputFraming::Values { scanner, scanned }) => {
                let mut spans = Vec::new();
                if self.offset == 0 && *scanned == 0 && buffer.starts_with(BOM) {
                    *scanned = BOM.len();
                }
                let mut done = scanner.scan(buffer, *scanned, usize::MAX, &mut spans);
                *scanned = buffer.len();
                if ended && matches!(scanner.finish(buffer.len(), &mut spans), Unfinished::Nothing) {
                    done = buffer.len();
                }
                for span in &mut spans {
                    mark_too_long(span, options.max_line_bytes);
                }
                if done == 0 && buffer.len() > too_long && !failed {
                    return self.skip_value(buffer, input).map(Some);
                }
                // White space alone is carried along until something follows it, or the block is full.
                if spans.is_empty() && (done == 0 || (!ended && done < options.block_bytes)) {
                    return Ok(None);
                }
                if done == 0 {
                    return Ok(None);
                }
                self.carry.extend_from_slice(&buffer[done..]);
                buffer.truncate(done);
                scanner.shift(done);
                *scanned = self.carry.len();
                Ok(Some(Next::Held(Framing::Values(spans))))
            }
            _ => {
                let end = match memrchr(b'\n', buffer) {
                    Some(last) => last + 1,
                    None if ended && !buffer.is_empty() && buffer.len() <= too_long => buffer.len(),
                    None if buffer.len() > too_long && !failed => {
                        return self.skip_line(buffer, input).map(Some);
                    }
                    None => return Ok(None),
                };
                // A block is worth handing out when it is full, when nothing more comes, or when a pipe is waiting.
                if end < options.block_bytes
                    && buffer.len() < options.block_bytes
                    && matches!(self.state, State::Reading)
                    && !(*input == Input::Stdin && self.compression == Compression::None)
                {
                    return Ok(None);
                }
                self.carry.extend_from_slice(&buffer[end..]);
                buffer.truncate(end);
                Ok(Some(Next::Held(Framing::Lines)))
            }
        }
    }

    /// Passes over a line that is too long to be held; what follows it is carried.
    fn skip_line(&mut self, buffer: &mut Vec<u8>, input: &Input) -> Result<Next, InputError> {
        let bom = if self.offset == 0 && buffer.starts_with(BOM) { BOM.len() as u64 } else { 0 };
        let mut length = buffer.len() as u64;
        let mut last = buffer.last().copied();
        let mut piece = std::mem::take(buffer);
        let mut line_ends = 0;
        loop {
            piece.clear();
            piece.shrink_to(PIECE_BYTES * 4);
            self.fill_to(&mut piece, PIECE_BYTES, input);
            if let Some(end) = memchr(b'\n', &piece) {
                last = if end > 0 { piece.get(end - 1).copied() } else { last };
                length += end as u64 + 1;
                line_ends = 1;
                self.carry.extend_from_slice(&piece[end + 1..]);
                break;
            }
            length += piece.len() as u64;
            last = piece.last().copied().or(last);
            match &self.state {
                State::Reading => {}
                State::Ended => break,
                State::Failed(_) => {
                    self.offset += length;
                    return Err(self.failure(0, input));
                }
            }
        }
        let line_end = line_ends + u64::from(last == Some(b'\r'));
        piece.clear();
        *buffer = piece;
        let bytes = length - bom - line_end;
        Ok(Next::Skipped { length, framing: Framing::Skipped { bytes, line_ends } })
    }

    /// Passes over a value that is too long to be held; what follows it is carried.
    fn skip_value(&mut self, buffer: &mut Vec<u8>, input: &Input) -> Result<Next, InputError> {
        let count_lines = |bytes: &[u8]| memchr_iter(b'\n', bytes).count() as u64;
        let mut length = buffer.len() as u64;
        let mut line_ends = count_lines(buffer);
        let mut piece = std::mem::take(buffer);
        let mut spans: Vec<Span> = Vec::new();
        loop {
            piece.clear();
            piece.shrink_to(PIECE_BYTES * 4);
            self.fill_to(&mut piece, PIECE_BYTES, input);
            let Some(InputFraming::Values { scanner, scanned }) = &mut self.framing else {
                break;
            };
            scanner.shift(usize::MAX);
            scanner.scan(&piece, 0, 1, &mut spans);
            if let Some(span) = spans.first() {
                length += span.end as u64;
                line_ends += count_lines(&piece[..span.end]);
                self.carry.extend_from_slice(&piece[span.end..]);
                *scanned = 0;
                break;
            }
            length += piece.len() as u64;
            line_ends += count_lines(&piece);
            match &self.state {
                State::Reading => {}
                State::Ended => {
                    let offset = self.offset + length;
                    return Err(InputError::Truncated { input: input.clone(), offset, what: "a value" });
                }
                State::Failed(_) => {
                    self.offset += length;
                    return Err(self.failure(0, input));
                }
            }
        }
        piece.clear();
        *buffer = piece;
        Ok(Next::Skipped { length, framing: Framing::Skipped { bytes: length, line_ends } })
    }

    /// Nothing whole is left. The input ends, is cut off, or has failed.
    fn end(&mut self, buffer: &[u8], input: &Input) -> Result<Option<Next>, InputError> {
        let left = buffer.len() as u64;
        if matches!(self.state, State::Failed(_)) {
            return Err(self.failure(left, input));
        }
        let offset = self.offset + left;
        let unfinished = match &mut self.framing {
            Some(InputFraming::Values { scanner, .. }) => scanner.finish(buffer.len(), &mut Vec::new()),
            _ => Unfinished::Nothing,
        };
        self.offset = offset;
        match unfinished {
            Unfinished::Nothing => Ok(None),
            Unfinished::Array => {
                Err(InputError::Truncated { input: input.clone(), offset, what: "an array" })
            }
            Unfinished::Value => Err(InputError::Truncated { input: input.clone(), offset, what: "a value" }),
        }
    }

    fn failure(&mut self, unfinished: u64, input: &Input) -> InputError {
        let source = match std::mem::replace(&mut self.state, State::Ended) {
            State::Failed(source) => source,
            State::Reading | State::Ended => io::ErrorKind::Other.into(),
        };
        let input = input.clone();
        if self.compression == Compression::None {
            return InputError::Read { input, offset: self.offset + unfinished, source };
        }
        let stored_offset = self.stored.lock().unwrap_or_else(PoisonError::into_inner).bytes;
        InputError::Corrupt { input, stored_offset, offset: self.offset, unfinished, source }
    }
}

fn mark_too_long(span: &mut Span, max_line_bytes: usize) {
    let bytes = span.end - span.start;
    if bytes > max_line_bytes {
        span.fault = Some(crate::FramingFault::TooLong { bytes: bytes as u64 });
    }
}
