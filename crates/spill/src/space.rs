//! Where temporary files go, and how much was written there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{SpillError, SpillOperation};

/// Bytes that are written at a time, unless memory is scarce.
const CHUNK_BYTES: usize = 1 << 20;

/// A folder for temporary files, and how many bytes were written there; clones share the number.
#[derive(Clone, Debug)]
pub struct Space {
    dir: PathBuf,
    chunk_bytes: usize,
    written: Arc<AtomicU64>,
}

impl Space {
    /// Temporary files go into this folder. Nothing is created yet.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, chunk_bytes: CHUNK_BYTES, written: Arc::default() }
    }

    /// Reads and writes about so many bytes at a time: what each log and each sorter needs at least.
    #[must_use]
    pub fn with_chunk_bytes(self, chunk_bytes: usize) -> Self {
        Self { chunk_bytes, ..self }
    }

    pub(crate) fn chunk_bytes(&self) -> usize {
        self.chunk_bytes
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Bytes written to temporary files so far, as they lie on the disk.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn error(&self, operation: SpillOperation, source: io::Error) -> SpillError {
        SpillError { operation, dir: self.dir.clone(), source }
    }
}
