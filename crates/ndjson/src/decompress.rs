//! Bytes as stored, and bytes as meant: compression is known by the first bytes, whatever the name says.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;

use crate::input::Input;

/// How many stored bytes are asked for at a time.
const READ_BYTES: usize = 128 << 10;

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

/// What is known of an input's stored bytes so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub(crate) bytes: u64,
    pub(crate) hasher: Option<Box<blake3::Hasher>>,
}

/// Counts and hashes the stored bytes on their way.
pub(crate) struct Counting<R> {
    source: R,
    stored: Arc<Mutex<Stored>>,
    all: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            match self.source.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        // Counters are right even if another thread panicked while it held them.
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        stored.bytes += read as u64;
        if let Some(hasher) = &mut stored.hasher {
            hasher.update(&buffer[..read]);
        }
        self.all.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The first bytes, which were looked at, and the rest.
type Whole = Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>;

/// The bytes that an input means.
pub(crate) enum Stream {
    /// Not compressed: read without another copy.
    Plain(Whole),
    Gzip(Box<MultiGzDecoder<BufReader<Whole>>>),
    Zstd(Box<dyn Read + Send>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

/// An input that was opened.
pub(crate) enum Opened {
    Stream(Stream, Compression),
    /// It is something that cannot be read, and what to do about it.
    Unsupported(&'static str),
}

/// Opens an input and looks at its first bytes.
pub(crate) fn open(input: &Input, stored: &Arc<Mutex<Stored>>, all: &Arc<AtomicU64>) -> io::Result<Opened> {
    let source: Box<dyn Read + Send> = match input {
        Input::Stdin => Box::new(io::stdin()),
        Input::File(path) => Box::new(File::open(path)?),
    };
    let mut source: Box<dyn Read + Send> =
        Box::new(Counting { source, stored: Arc::clone(stored), all: Arc::clone(all) });
    let mut magic = Vec::new();
    source.by_ref().take(6).read_to_end(&mut magic)?;
    if let Some((_, what)) = UNSUPPORTED.iter().find(|(start, _)| magic.starts_with(start)) {
        return Ok(Opened::Unsupported(what));
    }
    let compression = match magic.as_slice() {
        [0x1F, 0x8B, ..] => Compression::Gzip,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Compression::Zstd,
        _ => Compression::None,
    };
    let whole = Cursor::new(magic).chain(source);
    Ok(match compression {
        Compression::None => Opened::Stream(Stream::Plain(whole), compression),
        Compression::Gzip => {
            let decoder = MultiGzDecoder::new(BufReader::with_capacity(READ_BYTES, whole));
            Opened::Stream(Stream::Gzip(Box::new(decoder)), compression)
        }
        Compression::Zstd => {
            let buffered: Box<dyn BufRead + Send> = Box::new(BufReader::with_capacity(READ_BYTES, whole));
            Opened::Stream(
                Stream::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(buffered)?)),
                compression,
            )
        }
    })
}
