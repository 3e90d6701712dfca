//! Records in the order in which they came.

use crate::chunks::{ChunkFile, ChunkWriter, Span};
use crate::error::SpillError;
use crate::space::Space;

/// Bytes of the length before each record, little-endian.
const LENGTH_BYTES: usize = 4;

/// Records in the order in which they came: in memory, and from the first [`spill`](Self::spill) on in a temporary file.
#[derive(Debug)]
pub struct Log {
    space: Space,
    /// The last one is open.
    chunks: Vec<Vec<u8>>,
    /// Bytes that the chunks hold.
    in_memory: usize,
    file: Spilled,
}

/// What of it is in a file.
#[derive(Debug)]
enum Spilled {
    No,
    Writing(ChunkWriter),
    Sealed(ChunkFile),
}

/// Where a record is in a log that is in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u64);

impl Place {
    /// It as a number, for keeping it elsewhere.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// The place that gave this number.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

impl Log {
    /// An empty log.
    #[must_use]
    pub fn new(space: &Space) -> Self {
        Self { space: space.clone(), chunks: Vec::new(), in_memory: 0, file: Spilled::No }
    }

    /// Bytes of memory that it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.in_memory
    }

    /// Whether it has begun to write to a file.
    #[must_use]
    pub fn is_spilled(&self) -> bool {
        !matches!(self.file, Spilled::No)
    }

    /// Appends a record, given in parts, and says where it is in memory. It is shorter than 4 GiB.
    ///
    /// # Errors
    /// If the temporary file failed.
    pub fn push(&mut self, parts: &[&[u8]]) -> Result<Place, SpillError> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let needed = LENGTH_BYTES + length;
        let has_room = self.chunks.last().is_some_and(|chunk| chunk.len() + needed <= chunk.capacity());
        if !has_room {
            self.next_chunk(needed)?;
        }
        let nth = self.chunks.len().saturating_sub(1) as u64;
        let mut at = 0;
        if let Some(chunk) = self.chunks.last_mut() {
            at = chunk.len() as u64;
            // A record of 4 GiB does not come: a line is shorter.
            chunk.extend_from_slice(&(length as u32).to_le_bytes());
            parts.iter().for_each(|part| chunk.extend_from_slice(part));
        }
        Ok(Place(nth << 32 | at))
    }

    fn next_chunk(&mut self, needed: usize) -> Result<(), SpillError> {
        // A longer record has a chunk of its own.
        let bytes = self.space.chunk_bytes().max(needed);
        let mut chunk = Vec::new();
        if let Spilled::Writing(file) = &mut self.file {
            self.in_memory = 0;
            if let Some(last) = self.chunks.pop() {
                chunk = file.append(last)?;
            }
        }
        // The same memory again, unless it would keep what one long record needed.
        if chunk.capacity() != bytes {
            chunk = Vec::with_capacity(bytes);
        }
        chunk.clear();
        self.in_memory += chunk.capacity();
        self.chunks.push(chunk);
        Ok(())
    }

    /// Moves what is in memory to the temporary file, and what comes later too.
    ///
    /// # Errors
    /// If the temporary file failed.
    pub fn spill(&mut self) -> Result<(), SpillError> {
        if let Spilled::No = self.file {
            self.file = Spilled::Writing(ChunkWriter::create(&self.space)?);
        }
        if let Spilled::Writing(file) = &mut self.file {
            for chunk in self.chunks.drain(..) {
                file.append(chunk)?;
            }
        }
        self.in_memory = 0;
        Ok(())
    }

    /// Ends the writing: what was spilled once is then in the file as a whole.
    ///
    /// # Errors
    /// If the temporary file failed.
    pub fn seal(&mut self) -> Result<(), SpillError> {
        if self.is_spilled() {
            self.spill()?;
        }
        self.file = match std::mem::replace(&mut self.file, Spilled::No) {
            Spilled::Writing(file) => Spilled::Sealed(file.finish()?),
            other => other,
        };
        Ok(())
    }

    /// Reads from the first record on; to be asked when the log is [sealed](Self::seal).
    #[must_use]
    pub fn reader(&self) -> LogReader {
        let span = match &self.file {
            Spilled::Sealed(file) => file.span(),
            Spilled::No | Spilled::Writing(_) => Span { next: 0, end: 0 },
        };
        LogReader { span, nth: 0, at: 0, chunk: Vec::new(), packed: Vec::new(), current: 0 }
    }

    /// The record at a place that [`LogReader::place`] gave, of a log that is in memory.
    #[must_use]
    pub fn get(&self, place: Place) -> &[u8] {
        let (nth, at) = ((place.0 >> 32) as usize, (place.0 & u64::from(u32::MAX)) as usize);
        self.chunks.get(nth).and_then(|chunk| record(chunk, at)).unwrap_or_default()
    }
}

/// The record at `at` of a chunk.
fn record(chunk: &[u8], at: usize) -> Option<&[u8]> {
    let (length, rest) = chunk.get(at..)?.split_first_chunk::<LENGTH_BYTES>()?;
    rest.get(..u32::from_le_bytes(*length) as usize)
}

/// Reads a log from its first record on.
#[derive(Debug)]
pub struct LogReader {
    span: Span,
    /// The chunk of a log in memory.
    nth: usize,
    /// The place of the next record in its chunk.
    at: usize,
    /// The chunk of a log in a file.
    chunk: Vec<u8>,
    packed: Vec<u8>,
    /// Where the last record begins in its chunk.
    current: usize,
}

impl LogReader {
    /// The record that was read last.
    #[must_use]
    pub fn current<'l>(&'l self, log: &'l Log) -> &'l [u8] {
        let chunk = if log.is_spilled() { Some(&self.chunk) } else { log.chunks.get(self.nth) };
        chunk.and_then(|chunk| record(chunk, self.current)).unwrap_or_default()
    }

    /// Where the record is that was read last, if the log is in memory.
    #[must_use]
    pub fn place(&self) -> Place {
        Place((self.nth as u64) << 32 | self.current as u64)
    }

    /// The next record, and where it is; the place means something only while the log is in memory.
    ///
    /// # Errors
    /// If the temporary file failed.
    pub fn next<'l>(&'l mut self, log: &'l Log) -> Result<Option<(Place, &'l [u8])>, SpillError> {
        if let Spilled::Sealed(file) = &log.file {
            if self.at >= self.chunk.len() {
                if !file.read(&mut self.span, &mut self.chunk, &mut self.packed)? {
                    return Ok(None);
                }
                self.at = 0;
            }
            let found = record(&self.chunk, self.at).unwrap_or_default();
            self.current = self.at;
            self.at += LENGTH_BYTES + found.len();
            return Ok(Some((Place(0), found)));
        }
        let Some(mut chunk) = log.chunks.get(self.nth) else { return Ok(None) };
        if self.at >= chunk.len() {
            let Some(next) = log.chunks.get(self.nth + 1) else { return Ok(None) };
            (chunk, self.nth, self.at) = (next, self.nth + 1, 0);
        }
        let place = Place((self.nth as u64) << 32 | self.at as u64);
        let Some(found) = record(chunk, self.at) else { return Ok(None) };
        self.current = self.at;
        self.at += LENGTH_BYTES + found.len();
        Ok(Some((place, found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(log: &Log) -> Vec<Vec<u8>> {
        let mut reader = log.reader();
        let (mut records, mut places) = (Vec::new(), Vec::new());
        while let Some((place, record)) = reader.next(log).expect("it can be read") {
            if !log.is_spilled() {
                assert_eq!(log.get(place), record);
                places.push(place);
            }
            records.push(record.to_vec());
            assert!(log.is_spilled() || places.last() == Some(&reader.place()));
            assert_eq!(Some(reader.current(log)), records.last().map(Vec::as_slice));
        }
        records
    }

    #[test]
    fn records_come_back_in_their_order_wherever_they_are() {
        let dir = tempfile::tempdir().expect("a folder");
        for spills in [&[][..], &[0], &[3], &[50, 51], &[0, 1, 2, 99]] {
            let space = Space::new(dir.path().to_owned()).with_chunk_bytes(64);
            let mut log = Log::new(&space);
            let mut expected = Vec::new();
            for nth in 0..100_usize {
                if spills.contains(&nth) {
                    log.spill().expect("there is room");
                }
                let record = vec![nth as u8; nth * nth % 150];
                let (one, other) = record.split_at(record.len() / 2);
                log.push(&[one, other]).expect("there is room");
                expected.push(record);
            }
            log.seal().expect("there is room");
            assert_eq!(read_all(&log), expected, "{spills:?}");
            assert_eq!(log.is_spilled(), !spills.is_empty());
            assert_eq!(space.bytes_written() > 0, !spills.is_empty());
            assert!(spills.is_empty() || log.bytes() == 0);
        }
        assert!(read_all(&Log::new(&Space::new(dir.path().to_owned()))).is_empty());
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_that_names_it() {
        let space = Space::new("/nonexistent/folder".into());
        let mut log = Log::new(&space);
        log.push(&[b"x"]).expect("that is in memory");
        let error = log.spill().expect_err("there is no such folder");
        assert!(error.to_string().contains("/nonexistent/folder"), "{error}");
    }
}
