//! Bodies that are needed again: to tell which contacts failed, and what became of each.

use std::collections::HashMap;
use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use batch::manifest::{BatchEntry, ManifestError};
use bytes::Bytes;
use thiserror::Error;

use crate::part::BodyHash;

/// What the name of a body ends in.
const SUFFIX: &str = ".json";

/// What the name of one begins with that is not whole.
const PART_PREFIX: &str = ".part-";

/// Where a body can be read again after it was sent.
#[derive(Debug)]
pub enum Store {
    /// In the prepared folder that it comes from.
    Folder {
        /// The folder.
        dir: PathBuf,
        /// Its batches.
        entries: HashMap<BodyHash, BatchEntry>,
    },
    /// In a folder of its own, until its end is known.
    Pending {
        /// That folder; it is made when it is needed.
        dir: PathBuf,
    },
}

/// A body cannot be kept or read again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The batch file is not as it was.
    #[error(transparent)]
    Batch(#[from] ManifestError),
    /// A file cannot be used.
    #[error("cannot {operation} {}{}", path.display(), crate::journal::advice(source))]
    Io {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no such body.
    #[error("the request {0} is not at hand any more")]
    Missing(BodyHash),
}

impl Store {
    /// Whether a body can be read again now.
    pub(crate) fn has(&self, batch: BodyHash) -> bool {
        match self {
            Self::Folder { entries, .. } => entries.contains_key(&batch),
            Self::Pending { dir } => file(dir, batch).is_file(),
        }
    }

    /// Keeps a body until its end is known.
    pub(crate) fn keep(&self, batch: BodyHash, bytes: &Bytes) -> Result<(), StoreError> {
        let Self::Pending { dir } = self else { return Ok(()) };
        let path = file(dir, batch);
        let failed = |operation| {
            let path = path.clone();
            move |source| StoreError::Io { operation, path, source }
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir).map_err(failed("create the folder of"))?;
        // Under its name it is whole. It need not outlive the machine: the source gives it again.
        let mut part = tempfile::Builder::new()
            .prefix(PART_PREFIX)
            .suffix(SUFFIX)
            .tempfile_in(dir)
            .map_err(failed("create"))?;
        part.write_all(bytes).map_err(failed("write"))?;
        part.persist(&path).map_err(|error| failed("rename a finished file to")(error.error))?;
        Ok(())
    }

    /// Reads a body again.
    pub(crate) fn read(&self, batch: BodyHash) -> Result<Bytes, StoreError> {
        match self {
            Self::Folder { dir, entries } => {
                let entry = entries.get(&batch).ok_or(StoreError::Missing(batch))?;
                Ok(entry.read(dir, Vec::new())?.bytes.into())
            }
            Self::Pending { dir } => {
                let path = file(dir, batch);
                match fs::read(&path) {
                    Ok(bytes) if BodyHash::of(&bytes) == batch => Ok(bytes.into()),
                    Ok(_) => Err(StoreError::Missing(batch)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::Missing(batch)),
                    Err(source) => Err(StoreError::Io { operation: "read", path, source }),
                }
            }
        }
    }

    /// Its end is known.
    pub(crate) fn forget(&self, batch: BodyHash) {
        if let Self::Pending { dir } = self {
            // If it stays, that costs room, and nothing else.
            let _ = fs::remove_file(file(dir, batch));
        }
    }

    /// Nothing is needed any more, not even what a run that was killed has left.
    pub(crate) fn clear(&self) {
        let Self::Pending { dir } = self else { return };
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).unwrap_or_default();
            if stem.parse::<BodyHash>().is_ok() || stem.starts_with(PART_PREFIX) {
                let _ = fs::remove_file(entry.path());
            }
        }
        // Only if it is empty: what else is in it is somebody's.
        let _ = fs::remove_dir(dir);
    }

    /// What people know a body as.
    pub(crate) fn name(&self, batch: BodyHash) -> String {
        match self {
            Self::Folder { entries, .. } => match entries.get(&batch) {
                Some(entry) => entry.file.clone(),
                None => batch.to_string(),
            },
            Self::Pending { .. } => format!("request {batch}"),
        }
    }
}

fn file(dir: &Path, batch: BodyHash) -> PathBuf {
    dir.join(format!("{batch}{SUFFIX}"))
}
