//! Bytes as stored, and bytes as meant: compression is known by the first bytes, whatever the name says.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::bufread::{DeflateDecoder, MultiGzDecoder};

use crate::archive::{Checked, Listing, Member, Method, list};
use crate::input::Input;
use crate::reader::HashInputs;
use crate::utf16::Utf16;

/// How many stored bytes are asked for at a time.
const READ_BYTES: usize = 128 << 10;

/// How many first bytes tell what an input is.
pub(crate) const LONGEST_MAGIC_BYTES: usize = 6;

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
    /// As a member of a zip archive, which is not compressed by itself.
    Zip,
}

/// How the text of an input is encoded, known by its byte order mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    #[default]
    Utf8,
    /// UTF-16 of either byte order. It is read as UTF-8, and offsets count in that.
    Utf16,
}

impl Encoding {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
        }
    }
}

/// What an input turns out to be that cannot be read.
const UNSUPPORTED: &[(&[u8], &str)] = &[
    (b"\xFD7zXZ\0", "xz; decompress it first, as in `xz -dc FILE | reteno-import …`"),
    (b"BZh", "bzip2; decompress it first, as in `bzip2 -dc FILE | reteno-import …`"),
    (
        b"PK\x03\x04",
        "a zip archive that does not come as a file; give it as one, or unpack it, as in \
         `unzip -p FILE | reteno-import …`",
    ),
    (b"\xFF\xFE\0\0", "UTF-32; convert it first, as in `iconv -f UTF-32 -t UTF-8 FILE | reteno-import …`"),
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
    pub(crate) encoding: Encoding,
    pub(crate) delivery: Delivery,
    container: Container,
}

/// Where the stored bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    None,
    /// In an archive that has a checksum of them.
    Archive,
}

enum Decoder {
    /// Not compressed: read without another copy.
    Plain(Source),
    Gzip(Box<MultiGzDecoder<BufReader<Source>>>),
    Zstd(Box<dyn Read + Send>),
    Utf16(Box<Utf16<Decoder>>),
}

impl Stream {
    /// What follows is UTF-16, beginning with these bytes, which were read already.
    pub(crate) fn decode_utf16(&mut self, first: Vec<u8>) {
        let nothing: Box<dyn Read + Send> = Box::new(io::empty());
        let nothing = Decoder::Plain(Cursor::new(Vec::new()).chain(nothing));
        let encoded = std::mem::replace(&mut self.decoder, nothing);
        self.decoder = Decoder::Utf16(Box::new(Utf16::new(encoded, first)));
        self.encoding = Encoding::Utf16;
    }

    /// Whether a read that fails may tell of damage, and not of the file system.
    pub(crate) fn can_be_damaged(&self) -> bool {
        self.compression != Compression::None || self.container == Container::Archive
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer)
    }
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
            Self::Utf16(decoder) => decoder.read(buffer),
        }
    }
}

/// An input that was opened.
pub(crate) enum Opened {
    Stream(Stream),
    /// It is something that cannot be read, and what to do about it.
    Unsupported(&'static str),
    /// Not even its first bytes came out whole.
    Damaged(io::Error),
}

/// Opens an input and looks at its first bytes.
pub(crate) fn open(input: &Input, progress: &Progress) -> io::Result<Opened> {
    match input {
        Input::Stdin => decode(io::stdin(), Delivery::AsItComes, progress),
        Input::File(path) => {
            let file = File::open(path)?;
            if !file.metadata()?.is_file() {
                // A named pipe, or that of a shell's `<(…)`.
                return decode(file, Delivery::AsItComes, progress);
            }
            match decode(file, Delivery::Whole, progress)? {
                // Archives that can be read have become their members.
                Opened::Unsupported(what) => Ok(Opened::Unsupported(match list(path) {
                    Listing::No => what,
                    Listing::Unreadable(why) => why,
                    Listing::Members(_) => "a zip archive; its members are inputs of their own",
                })),
                stream => Ok(stream),
            }
        }
        Input::Member(member) => open_member(member, progress),
    }
}

fn open_member(member: &Member, progress: &Progress) -> io::Result<Opened> {
    let mut file = File::open(member.archive())?;
    let entry = member.entry();
    file.seek(SeekFrom::Start(entry.data_start))?;
    let stored = Counting { source: file.take(entry.compressed_bytes), progress: progress.clone() };
    let stored = BufReader::with_capacity(READ_BYTES, stored);
    let source: Box<dyn Read + Send> = match entry.method {
        Method::Stored => Box::new(Checked::new(stored, entry)),
        Method::Deflated => Box::new(Checked::new(DeflateDecoder::new(stored), entry)),
        Method::Unreadable(what) => return Ok(Opened::Unsupported(what)),
    };
    match look(source) {
        Err(source) if !progress.stored().read_failed => Ok(Opened::Damaged(source)),
        Ok(Opened::Stream(mut stream)) => {
            stream.container = Container::Archive;
            if stream.compression == Compression::None {
                stream.compression = Compression::Zip;
            }
            Ok(Opened::Stream(stream))
        }
        other => other,
    }
}

/// Looks at the first bytes of a source, and decompresses it if they say so.
pub(crate) fn decode(
    source: impl Read + Send + 'static,
    delivery: Delivery,
    progress: &Progress,
) -> io::Result<Opened> {
    let opened = look(Box::new(Counting { source, progress: progress.clone() }))?;
    Ok(match opened {
        Opened::Stream(stream) => Opened::Stream(Stream { delivery, ..stream }),
        unsupported => unsupported,
    })
}

fn look(mut source: Box<dyn Read + Send>) -> io::Result<Opened> {
    let mut magic = Vec::new();
    source.by_ref().take(LONGEST_MAGIC_BYTES as u64).read_to_end(&mut magic)?;
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
        Compression::None | Compression::Zip => Decoder::Plain(source),
        Compression::Gzip => {
            Decoder::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(READ_BYTES, source))))
        }
        Compression::Zstd => {
            let buffered = BufReader::with_capacity(READ_BYTES, source);
            Decoder::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(buffered)?))
        }
    };
    let (encoding, delivery) = (Encoding::Utf8, Delivery::Whole);
    Ok(Opened::Stream(Stream { decoder, compression, encoding, delivery, container: Container::None }))
}
