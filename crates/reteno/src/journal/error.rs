//! What can be wrong with a journal.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a journal cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A file cannot be used.
    #[error("cannot {operation} {}{}", path.display(), advice(source))]
    Io {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process is at it.
    #[error("{} belongs to an upload that is running; wait for its end", path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// There is no upload in it.
    #[error("{} is no journal of an upload; nothing was uploaded yet, or it has another name", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Something of an unfinished upload in it went, or may have gone, elsewhere.
    #[error(
        "{} is the journal of an unfinished upload to {base_url}, which has or may have taken something of it; go on with \
         that --base-url, or choose another --journal",
        path.display()
    )]
    OtherServer {
        /// The journal.
        path: PathBuf,
        /// Where to.
        base_url: String,
    },
    /// It is something else.
    #[error("{} is no journal of an upload, and is left as it is; choose another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A line that is not the last cannot be read.
    #[error(
        "{}, line {line}: it cannot be read ({message}); if it is taken out, the request that it tells of is sent again",
        path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// A file is shorter than the journal says.
    #[error(
        "{} has {found} bytes, but the journal says that {expected} were written; put it back, or choose another --journal",
        path.display()
    )]
    Shortened {
        /// The file.
        path: PathBuf,
        /// What the journal says.
        expected: u64,
        /// What is there.
        found: u64,
    },
}

impl JournalError {
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source }
    }
}

pub(crate) fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": the disk is full; free space, then run the same command again"
        }
        _ => "",
    }
}
