//! What can go wrong with temporary files.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A temporary file failed.
#[derive(Debug, Error)]
#[error("cannot {operation} the temporary file in {}{}", dir.display(), advice(source))]
pub struct SpillError {
    /// What was being done.
    pub operation: SpillOperation,
    /// The folder of the file, which has no name.
    pub dir: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl SpillError {
    /// Whether the file system of [`dir`](Self::dir) is full.
    #[must_use]
    pub fn is_out_of_space(&self) -> bool {
        is_out_of_space(&self.source)
    }
}

/// What was being done with the temporary file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpillOperation {
    /// Creating it.
    Create,
    /// Writing to it.
    Write,
    /// Reading from it.
    Read,
}

impl fmt::Display for SpillOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Write => "write",
            Self::Read => "read",
        })
    }
}

fn is_out_of_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn advice(error: &io::Error) -> &'static str {
    if is_out_of_space(error) {
        "; free space there or choose another folder for temporary files, then run the same command again"
    } else {
        ""
    }
}
