//! Reads inputs one after the other, in blocks that hold whole records.

use std::fs::Metadata;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

use crate::block::Block;
use crate::decompress::{Compression, Encoding, Opened, Progress, open};
use crate::detect::{AutoRule, Format};
use crate::framing::OpenInput;
use crate::input::Input;
use crate::recognise::{Beginning, Recogniser};
use crate::table::Table;

/// The default of [`ReaderOptions::block_bytes`].
pub const DEFAULT_BLOCK_BYTES: usize = 256 << 10;

/// The default of [`ReaderOptions::max_line_bytes`].
pub const DEFAULT_MAX_LINE_BYTES: usize = 64 << 20;

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
    /// What stands between the cells of CSV: an ASCII character other than a quote or a line end. Without it, that of
    /// comma, semicolon, tab and `|` which stands most often in the header, outside of cells in quotes.
    pub delimiter: Option<u8>,
    /// Records are the elements of the array at this JSON Pointer in the object that an input is, or in each of several
    /// that follow each other or are the elements of an array. What has no array there is a record with the fault
    /// [`FramingFault::NoArray`](crate::FramingFault::NoArray). It goes before what a recogniser says, and is nothing to
    /// CSV.
    ///
    /// Members are compared as they are written in the input, escapes and all; none is an index. Of two members of one
    /// name, both are read.
    pub array: Option<String>,
    /// Who chooses what the records of each input are.
    pub recogniser: Option<Arc<dyn Recogniser>>,
    /// Ends with the block that reaches so many bytes, decompressed, of all inputs together; `None` reads all. Where that
    /// is depends on the size of blocks. The input that it is in is not [`complete`](InputSummary::complete), and that is
    /// no error.
    pub max_bytes: Option<u64>,
}

impl Default for ReaderOptions {
    fn default() -> Self {
        Self {
            format: Format::default(),
            auto: AutoRule::default(),
            block_bytes: DEFAULT_BLOCK_BYTES,
            max_line_bytes: DEFAULT_MAX_LINE_BYTES,
            hash: HashInputs::default(),
            delimiter: None,
            array: None,
            recogniser: None,
            max_bytes: None,
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
    /// It has the byte order mark of UTF-16, and is something else, damaged or cut off.
    #[error(
        "{input} is not UTF-16, which its byte order mark says, near byte {encoded_offset} of the decompressed text. \
         Records up to byte {offset} of it as UTF-8 were read{}; get a whole copy of the file", dropped(*unfinished)
    )]
    Encoding {
        /// The input.
        input: Input,
        /// Where, in bytes of the UTF-16 text.
        encoded_offset: u64,
        /// The end of the last whole record, in bytes of the text as UTF-8.
        offset: u64,
        /// Bytes of a record that does not end, as UTF-8.
        unfinished: u64,
    },
    /// What its records are cannot be decided.
    #[error("{input}: {reason}")]
    Unrecognised {
        /// The input.
        input: Input,
        /// Why, as the recogniser says it.
        reason: String,
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
    /// How its text is encoded.
    pub encoding: Encoding,
    /// Its header, if it is CSV and not empty.
    pub table: Option<Arc<Table>>,
    /// What its records are, by the number that the recogniser gave; 0 without one.
    pub dialect: usize,
    /// By what they were recognised, as the recogniser says it.
    pub recognised: Option<String>,
    /// What speaks against that, as the recogniser says it.
    pub doubt: Option<String>,
    /// Bytes read, as stored; of a member of an archive, as they are in it.
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
    /// Why an input cannot be read that was opened before a block of it was asked for.
    failed: Option<InputError>,
    open: Option<OpenInput>,
    total_bytes: Option<u64>,
    stored_bytes: Arc<AtomicU64>,
    /// Bytes of the blocks so far.
    handed_out: u64,
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
            Input::Member(member) => Some(member.compressed_bytes()),
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
            failed: None,
            open: None,
            total_bytes,
            stored_bytes: Arc::default(),
            handed_out: 0,
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

    /// Opens the next input, unless one is open, and finds out what it is before any block of it is asked for; its
    /// summary says so. `None` after the last input. Of a pipe it waits for the first record, or the header of CSV.
    ///
    /// # Errors
    /// [`InputError::Unrecognised`]. The input is done then, and what follows goes on with the next one. If it cannot be
    /// read, [`next_block`](Self::next_block) says so.
    pub fn begin(&mut self) -> Result<Option<&InputSummary>, InputError> {
        match self.open_next() {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => {
                self.failed = Some(error);
                return Ok(None);
            }
        }
        let Some(open) = &mut self.open else { return Ok(None) };
        let index = open.index();
        let begun = open.begin(&self.options, &self.inputs[index]);
        open.describe(&mut self.summaries[index]);
        if let Err(error) = begun {
            self.close(End::NotReached);
            if matches!(error, InputError::Unrecognised { .. }) {
                return Err(error);
            }
            self.failed = Some(error);
        }
        Ok(self.summaries.get(index))
    }

    /// The beginning of the input that [`BlockReader::begin`] opened, until a block of it is asked for.
    #[must_use]
    pub fn beginning(&self) -> Option<Beginning<'_>> {
        self.open.as_ref()?.beginning()
    }

    /// The next block, in the memory of `recycled`; `None` after the last one. After an error of one input the next one
    /// is read.
    pub fn next_block(&mut self, recycled: Vec<u8>) -> Option<Result<Block, InputError>> {
        let mut buffer = recycled;
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        if self.options.max_bytes.is_some_and(|most| self.handed_out >= most) {
            self.close(End::NotReached);
            self.next_input = self.inputs.len();
        }
        loop {
            match self.open_next() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
            let open = self.open.as_mut()?;
            let index = open.index();
            match open.next(&mut buffer, &self.options, &self.inputs[index]) {
                Ok(Some(next)) => {
                    let block = open.block(next, buffer, self.options.max_line_bytes);
                    self.handed_out += block.bytes.len() as u64;
                    if block.offset == 0 {
                        open.describe(&mut self.summaries[index]);
                    }
                    return Some(Ok(block));
                }
                Ok(None) => self.close(End::Reached),
                Err(error) => {
                    self.close(End::NotReached);
                    return Some(Err(error));
                }
            }
        }
    }

    /// Opens the next input, unless one is open; `false` after the last one.
    fn open_next(&mut self) -> Result<bool, InputError> {
        if self.open.is_none() {
            let index = self.next_input;
            let Some(input) = self.inputs.get(index) else { return Ok(false) };
            self.next_input += 1;
            self.open = Some(self.open_input(index, input)?);
        }
        Ok(true)
    }

    fn open_input(&self, index: usize, input: &Input) -> Result<OpenInput, InputError> {
        let progress = Progress::new(self.options.hash, Arc::clone(&self.stored_bytes));
        let failed = |source| InputError::Open { input: input.clone(), source };
        match open(input, &progress).map_err(failed)? {
            Opened::Unsupported(what) => Err(InputError::Unsupported { input: input.clone(), what }),
            Opened::Damaged(source) => Err(InputError::Corrupt {
                input: input.clone(),
                stored_offset: progress.stored().bytes,
                offset: 0,
                unfinished: 0,
                source,
            }),
            Opened::Stream(stream) => Ok(OpenInput::new(index, stream, progress)),
        }
    }

    fn close(&mut self, end: End) {
        let Some(open) = self.open.take() else { return };
        let summary = &mut self.summaries[open.index()];
        open.describe(summary);
        summary.complete = end == End::Reached;
        let hasher = open.stored().hasher.filter(|_| summary.complete);
        summary.blake3 = hasher.map(|hasher| hasher.finalize().to_hex().to_string());
    }
}

/// Whether an input was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Reached,
    NotReached,
}
