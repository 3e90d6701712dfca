//! Bytes as stored, and bytes as meant: compression is known by the first bytes, whatever the name says.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::bufread::MultiGzDecoder;

use crate::input::Input;
use crate::reader::HashInputs;

/// How many stored bytes are asked for at a time.
const READ_BYTES: usize = 128 << 10;

/// How many first bytes tell what an input is.
pub(crate) const LONGEST_MAGIC_BYTES: u64 = 6;

/// How the bytes of an input are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// As they are.
    #[default]
    None,
    /// gzip, one member or several.
    Gzip,
    /// Zstandard, one frame or several.
    Zstd,
}

/// What an input turns out to be that cannot be read.
const UNSUPPORTED: &[(&[u8], &str)] = &[
    (b"\xFD7zXZ\0", "xz; decompress it first, as in `xz -dc FILE | reteno-import …`"),
    (b"BZh", "bzip2; decompress it first, as in `bzip2 -dc FILE | reteno-import …`"),
    (b"PK\x03\x04", "a zip archive; unpack it first, as in `unzip -p FILE | reteno-import …`"),
    (b"\xFF\xFE", "UTF-16; convert it first, as in `iconv -f UTF-16 -t UTF-8 FILE | reteno-import …`"),
    (b"\xFE\xFF", "UTF-16; convert it first, as in `iconv -f UTF-16 -t UTF-8 FILE | reteno-import …`"),
    (b"PAR1", "Parquet; export it as NDJSON first"),
];

/// Which of those this is, by the first bytes.
pub(crate) fn unsupported(start: &[u8]) -> Option<&'static str> {
    UNSUPPORTED.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, what)| *what)
}

/// What is known of an input's stored bytes so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub(crate) bytes: u64,
    pub(crate) hasher: Option<Box<blake3::Hasher>>,
    /// Reading them failed: whatever the decompressor says then, the stream is not damaged.
    pub(crate) read_failed: bool,
}

/// How far the stored bytes of one input, and those of all inputs, were read.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    stored: Arc<Mutex<Stored>>,
    all: Arc<AtomicU64>,
}

impl Progress {
    /// Of an input that is about to be opened; `all` counts on from the inputs before it.
    pub(crate) fn new(hash: HashInputs, all: Arc<AtomicU64>) -> Self {
        let hasher = (hash == HashInputs::Yes).then(Box::default);
        Self { stored: Arc::new(Mutex::new(Stored { hasher, ..Stored::default() })), all }
    }

    /// What is known by now.
    pub(crate) fn stored(&self) -> Stored {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Stored> {
        // Counters are right even if another thread panicked while it held them.
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts and hashes the stored bytes on their way.
struct Counting<R> {
    source: R,
    progress: Progress,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            match self.source.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let mut stored = self.progress.lock();
        let Ok(bytes) = read else {
            stored.read_failed = true;
            return read;
        };
        stored.bytes += bytes as u64;
        if let Some(hasher) = &mut stored.hasher {
            hasher.update(&buffer[..bytes]);
        }
        self.progress.all.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

/// Whether more can be asked of an input than it has at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// All of it is there: asking for much is cheapest.
    Whole,
    /// Somebody writes it while it is read: what is there should go on at once.
    AsItComes,
}

/// The first bytes, which were looked at, and the rest.
type Source = Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>;

/// The bytes that an input means.
pub(crate) struct Stream {
    decoder: Decoder,
    pub(crate) compression: Compression,
    pub(crate) delivery: Delivery,
}

enum Decoder {
    /// Not compressed: read without another copy.
    Plain(Source),
    Gzip(Box<MultiGzDecoder<BufReader<Source>>>),
    Zstd(Box<dyn Read + Send>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.decoder {
            Decoder::Plain(plain) => plain.read(buffer),
            Decoder::Gzip(decoder) => decoder.read(buffer),
            Decoder::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

/// An input that was opened.
pub(crate) enum Opened {
    Stream(Stream),
    /// It is something that cannot be read, and what to do about it.
    Unsupported(&'static str),
}

/// Opens an input and looks at its first bytes.
pub(crate) fn open(input: &Input, progress: &Progress) -> io::Result<Opened> {
    match input {
        Input::Stdin => decode(io::stdin(), Delivery::AsItComes, progress),
        Input::File(path) => {
            let file = File::open(path)?;
            // A named pipe, or that of a shell's `<(…)`, is no regular file.
            let delivery = if file.metadata()?.is_file() { Delivery::Whole } else { Delivery::AsItComes };
            decode(file, delivery, progress)
        }
    }
}

/// Looks at the first bytes of a source, and decompresses it if they say so.
pub(crate) fn decode(
    source: impl Read + Send + 'static,
    delivery: Delivery,
    progress: &Progress,
) -> io::Result<Opened> {
    let mut source: Box<dyn Read + Send> = Box::new(Counting { source, progress: progress.clone() });
    let mut magic = Vec::new();
    source.by_ref().take(LONGEST_MAGIC_BYTES).read_to_end(&mut magic)?;
    if let Some(what) = unsupported(&magic) {
        return Ok(Opened::Unsupported(what));
    }
    let compression = match magic.as_slice() {
        [0x1F, 0x8B, ..] => Compression::Gzip,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Compression::Zstd,
        // A frame to be skipped; parallel compressors begin with one.
        [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Compression::Zstd,
        _ => Compression::None,
    };
    let source = Cursor::new(magic).chain(source);
    let decoder = match compression {
        Compression::None => Decoder::Plain(source),
        Compression::Gzip => {
            Decoder::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(READ_BYTES, source))))
        }
        Compression::Zstd => {
            let buffered = BufReader::with_capacity(READ_BYTES, source);
            Decoder::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(buffered)?))
        }
    };
    Ok(Opened::Stream(Stream { decoder, compression, delivery }))
}
