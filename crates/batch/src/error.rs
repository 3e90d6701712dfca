//! What can go wrong while contacts are grouped.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a contact was not taken. Nothing of the batcher has changed then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PushError {
    /// A body with nothing but this contact is over the limit.
    #[error("a request with this contact alone has {bytes} bytes; at most {limit} are allowed")]
    ContactTooLarge {
        /// The size of the smallest complete body that the contact would need.
        ///
        /// Where absent fields are cleared, a contact that brings a new field makes every body longer: then this is
        /// the size of the body of the longest contact so far.
        bytes: usize,
        /// [`BatchOptions::max_bytes`](crate::BatchOptions::max_bytes).
        limit: usize,
    },
    /// The id was held while too many other sets came by: intern the field set again and push again.
    #[error("the id of this field set has been retired; it has to be asked for again")]
    SetRetired,
    /// [`Batcher::finish`](crate::Batcher::finish) was called before.
    #[error("a contact came after the end of the contacts")]
    Finished,
    /// The temporary file failed.
    #[error(transparent)]
    Spill(#[from] SpillError),
}

/// The temporary file for unfinished bodies failed.
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
