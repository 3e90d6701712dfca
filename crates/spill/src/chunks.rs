//! A temporary file of compressed chunks.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

use crate::error::{SpillError, SpillOperation};
use crate::space::Space;
use crate::unnamed::unnamed_file;

/// Bytes before each chunk: its length, and its compressed length, little-endian; that is the length itself where the
/// chunk would only have grown.
const HEAD_BYTES: usize = 8;

/// Chunks of at least so many bytes are compressed and written on a thread of their own.
const LEAST_APART_BYTES: usize = 32 << 10;

/// Chunks that may wait for that thread.
const WAITING_CHUNKS: usize = 1;

/// Writes chunks one after the other.
#[derive(Debug)]
pub(crate) struct ChunkWriter {
    space: Space,
    writer: Writer,
}

#[derive(Debug)]
enum Writer {
    /// It writes at once.
    Here(Packer),
    /// A thread does.
    Apart { chunks: Sender<Vec<u8>>, written: Receiver<Vec<u8>>, thread: JoinHandle<io::Result<Packer>> },
    /// Writing has failed.
    Failed,
}

/// Compresses chunks and writes them.
#[derive(Debug)]
struct Packer {
    file: File,
    space: Space,
    end: u64,
    packed: Vec<u8>,
}

/// Chunks that were written. Several may read at once, each at a place of its own.
#[derive(Debug)]
pub(crate) struct ChunkFile {
    file: File,
    space: Space,
    end: u64,
}

/// Where a reader is in a file of chunks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) next: u64,
    pub(crate) end: u64,
}

impl ChunkWriter {
    pub(crate) fn create(space: &Space) -> Result<Self, SpillError> {
        let file = unnamed_file(space.dir()).map_err(|source| space.error(SpillOperation::Create, source))?;
        let packer = Packer { file, space: space.clone(), end: 0, packed: Vec::new() };
        Ok(Self { space: space.clone(), writer: Writer::Here(packer) })
    }

    /// Appends a chunk, which is shorter than 4 GiB, and gives its memory back, or that of an earlier one, or none.
    ///
    /// That it failed may be known only later: by the next chunk, or at the end.
    pub(crate) fn append(&mut self, chunk: Vec<u8>) -> Result<Vec<u8>, SpillError> {
        if chunk.is_empty() {
            return Ok(chunk);
        }
        self.writer = match std::mem::replace(&mut self.writer, Writer::Failed) {
            Writer::Here(packer) if chunk.len() >= LEAST_APART_BYTES => packer.start(),
            other => other,
        };
        match &mut self.writer {
            Writer::Here(packer) => {
                let written = packer.write(&chunk);
                written.map_err(|source| self.space.error(SpillOperation::Write, source))?;
                Ok(chunk)
            }
            Writer::Apart { chunks, written, .. } => {
                if chunks.send(chunk).is_err() {
                    return Err(self.failure());
                }
                Ok(written.try_recv().unwrap_or_default())
            }
            Writer::Failed => Err(self.failure()),
        }
    }

    /// All chunks are there.
    pub(crate) fn finish(self) -> Result<ChunkFile, SpillError> {
        let Self { space, writer } = self;
        let error = |source| space.error(SpillOperation::Write, source);
        let packer = match writer {
            Writer::Here(packer) => packer,
            Writer::Apart { chunks, thread, .. } => {
                drop(chunks);
                joined(thread).map_err(error)?
            }
            Writer::Failed => return Err(error(io::ErrorKind::BrokenPipe.into())),
        };
        let Packer { file, end, .. } = packer;
        Ok(ChunkFile { file, space, end })
    }

    /// Why the thread has ended.
    fn failure(&mut self) -> SpillError {
        let source = match std::mem::replace(&mut self.writer, Writer::Failed) {
            Writer::Apart { chunks, thread, .. } => {
                drop(chunks);
                joined(thread).err()
            }
            Writer::Here(_) | Writer::Failed => None,
        };
        self.space.error(SpillOperation::Write, source.unwrap_or(io::ErrorKind::BrokenPipe.into()))
    }
}

fn joined(thread: JoinHandle<io::Result<Packer>>) -> io::Result<Packer> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes has panicked")))
}

impl Packer {
    /// Goes on on a thread of its own, if there can be one.
    fn start(self) -> Writer {
        let (chunks, inbox) = bounded::<Vec<u8>>(WAITING_CHUNKS);
        let (give_back, written) = bounded(WAITING_CHUNKS);
        let (hand_over, packer) = bounded::<Self>(1);
        let work = move || {
            let Ok(mut packer) = packer.recv() else { return Err(io::ErrorKind::BrokenPipe.into()) };
            for mut chunk in inbox {
                packer.write(&chunk)?;
                chunk.clear();
                // More of them than are used again soon would only take memory.
                let _ = give_back.try_send(chunk);
            }
            Ok(packer)
        };
        match std::thread::Builder::new().name("spill".to_owned()).spawn(work) {
            Ok(thread) => {
                // It waits for that.
                let _ = hand_over.send(self);
                Writer::Apart { chunks, written, thread }
            }
            Err(_) => Writer::Here(self),
        }
    }

    fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        let length = u32::try_from(chunk.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.packed.resize(HEAD_BYTES + get_maximum_output_size(chunk.len()), 0);
        let packed = compress_into(chunk, &mut self.packed[HEAD_BYTES..]).unwrap_or(chunk.len());
        let packed = packed.min(chunk.len());
        if packed == chunk.len() {
            self.packed[HEAD_BYTES..HEAD_BYTES + packed].copy_from_slice(chunk);
        }
        self.packed[..4].copy_from_slice(&length.to_le_bytes());
        // Not longer than the chunk, so it has 32 bits too.
        self.packed[4..HEAD_BYTES].copy_from_slice(&(packed as u32).to_le_bytes());
        let written = &self.packed[..HEAD_BYTES + packed];
        self.file.write_all(written)?;
        self.end += written.len() as u64;
        self.space.count(written.len());
        Ok(())
    }
}

impl ChunkFile {
    /// All of it.
    pub(crate) fn span(&self) -> Span {
        Span { next: 0, end: self.end }
    }

    /// Reads the next chunk of a span in place of what is in `chunk`; `packed` is memory to work in. `false` at its end.
    pub(crate) fn read(
        &self,
        span: &mut Span,
        chunk: &mut Vec<u8>,
        packed: &mut Vec<u8>,
    ) -> Result<bool, SpillError> {
        if span.next >= span.end {
            return Ok(false);
        }
        let mut read = || -> io::Result<()> {
            let mut file = &self.file;
            file.seek(SeekFrom::Start(span.next))?;
            let mut head = [0; HEAD_BYTES];
            file.read_exact(&mut head)?;
            let number =
                |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
            let (length, stored) = (number(0), number(4));
            chunk.resize(length, 0);
            if stored == length {
                file.read_exact(chunk)?;
            } else {
                packed.resize(stored, 0);
                file.read_exact(packed)?;
                let unpacked = decompress_into(packed, chunk).map_err(io::Error::other)?;
                if unpacked != length {
                    return Err(io::ErrorKind::InvalidData.into());
                }
            }
            span.next += (HEAD_BYTES + stored) as u64;
            Ok(())
        };
        read().map_err(|source| self.space.error(SpillOperation::Read, source))?;
        Ok(true)
    }
}
