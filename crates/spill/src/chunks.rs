//! A temporary file of compressed chunks.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

use crate::error::{SpillError, SpillOperation};
use crate::space::Space;
use crate::unnamed::unnamed_file;

/// Bytes before each chunk: its length, and its compressed length, little-endian; that is the length itself where the
/// chunk would only have grown.
const HEAD_BYTES: usize = 8;

/// Chunks one after the other. Several may read at once, each at a place of its own.
#[derive(Debug)]
pub(crate) struct ChunkFile {
    file: File,
    space: Space,
    end: u64,
    packed: Vec<u8>,
}

/// Where a reader is in a file of chunks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) next: u64,
    pub(crate) end: u64,
}

impl ChunkFile {
    pub(crate) fn create(space: &Space) -> Result<Self, SpillError> {
        let file = unnamed_file(space.dir()).map_err(|source| space.error(SpillOperation::Create, source))?;
        Ok(Self { file, space: space.clone(), end: 0, packed: Vec::new() })
    }

    /// Where the next chunk will begin.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Appends a chunk, which is not empty and shorter than 4 GiB.
    pub(crate) fn append(&mut self, chunk: &[u8]) -> Result<(), SpillError> {
        let error = |source| self.space.error(SpillOperation::Write, source);
        let Ok(length) = u32::try_from(chunk.len()) else {
            return Err(error(io::ErrorKind::FileTooLarge.into()));
        };
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
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.end)).and_then(|_| file.write_all(written)).map_err(error)?;
        self.end += written.len() as u64;
        self.space.count(written.len());
        Ok(())
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
