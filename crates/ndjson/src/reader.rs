//! Reads inputs one after the other, in blocks that hold whole records.

use std::fs::Metadata;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

use crate::block::Block;
use crate::decompress::{Compression, Opened, Progress, open};
use crate::detect::{AutoRule, Format};
use crate::framing::{Next, OpenInput};
use crate::input::Input;

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
            match open.next(&mut buffer, &self.options, &self.inputs[open.index()]) {
                Ok(Some(Next { offset, framing })) => {
                    return Some(Ok(Block {
                        input: open.index(),
                        offset,
                        bytes: buffer,
                        framing,
                        max_line_bytes: self.options.max_line_bytes,
                    }));
                }
                Ok(None) => self.close(End::Reached),
                Err(error) => {
                    self.close(End::NotReached);
                    return Some(Err(error));
                }
            }
        }
    }

    fn open_input(&self, index: usize, input: &Input) -> Result<OpenInput, InputError> {
        let progress = Progress::new(self.options.hash, Arc::clone(&self.stored_bytes));
        let failed = |source| InputError::Open { input: input.clone(), source };
        match open(input, &progress).map_err(failed)? {
            Opened::Unsupported(what) => Err(InputError::Unsupported { input: input.clone(), what }),
            Opened::Stream(stream) => Ok(OpenInput::new(index, stream, progress)),
        }
    }

    fn close(&mut self, end: End) {
        let Some(open) = self.open.take() else { return };
        let complete = end == End::Reached;
        let stored = open.stored();
        let summary = &mut self.summaries[open.index()];
        summary.format = open.format();
        summary.compression = open.compression();
        summary.stored_bytes = stored.bytes;
        summary.bytes = open.offset();
        summary.complete = complete;
        summary.blake3 =
            stored.hasher.filter(|_| complete).map(|hasher| hasher.finalize().to_hex().to_string());
    }
}

/// Whether an input was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Reached,
    NotReached,
}
