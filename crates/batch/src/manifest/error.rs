//! What can be wrong with a prepared folder.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a prepared folder cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// There is no manifest.
    #[error(
        "{} has no manifest.json: it is not a prepared folder, or its preparation did not end; prepare it again",
        dir.display()
    )]
    Missing {
        /// The folder.
        dir: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The manifest is no JSON, or lacks something.
    #[error("{} is not a manifest; prepare the folder again", path.display())]
    Syntax {
        /// The manifest.
        path: PathBuf,
        /// Where and what.
        source: serde_json::Error,
    },
    /// The manifest is of another format or version.
    #[error("{} is {format:?} version {version}; this program reads {:?} version {}", path.display(), super::FORMAT, super::VERSION)]
    Version {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        format: String,
        /// Its version.
        version: u32,
    },
    /// The manifest contradicts itself.
    #[error("{}: the counts say {counted} {what}, the list of batches has {listed}; prepare the folder again", path.display())]
    Counts {
        /// The manifest.
        path: PathBuf,
        /// What is counted.
        what: &'static str,
        /// The number in `counts`.
        counted: u64,
        /// The number that the list of batches gives.
        listed: u64,
    },
    /// An entry names a file or a field that cannot be in a prepared folder.
    #[error("{}: {name:?} is no {what}; prepare the folder again", path.display())]
    Name {
        /// The manifest.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// What it is.
        name: String,
    },
    /// A batch file is gone.
    #[error("{} is missing; prepare the folder again", path.display())]
    BatchMissing {
        /// The batch file.
        path: PathBuf,
    },
    /// A batch file is longer or shorter than it was.
    #[error("{} has {found} bytes, not {expected} as when it was written; prepare the folder again", path.display())]
    BatchBytes {
        /// The batch file.
        path: PathBuf,
        /// Its length in the manifest.
        expected: u64,
        /// Its length now.
        found: u64,
    },
    /// A batch file has other content than it had.
    #[error("{} has been changed since it was written; prepare the folder again", path.display())]
    BatchChanged {
        /// The batch file.
        path: PathBuf,
    },
}
