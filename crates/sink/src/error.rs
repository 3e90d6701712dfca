//! What can go wrong with an output.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why an output failed. Each message says what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A file or folder.
    #[error("cannot {operation} {}{}", path.display(), advice(source))]
    Io {
        /// What was being done.
        operation: Operation,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Standard output, or what stands for it.
    #[error("cannot write to standard output{}", advice_on_output(source))]
    Output {
        /// What the system says.
        source: io::Error,
    },
    /// The reader of standard output went away: the end, and no mistake.
    #[error("the reader of standard output has closed it")]
    Closed,
    /// Another run is writing to the folder.
    #[error("{} is in use by another run; wait for its end or choose another folder", dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder holds a complete output.
    #[error("{} is complete already; choose another folder, or overwrite it", dir.display())]
    Complete {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder holds what no run of this tool has begun.
    #[error(
        "{} is not empty ({found:?} is in it); choose a new or empty folder, or overwrite, which leaves foreign files \
         in place",
        dir.display()
    )]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
        /// The first thing in it, by name.
        found: String,
    },
    /// The folder has a `manifest.json` of another program, which is not overwritten.
    #[error("{} belongs to another program; choose another folder", path.display())]
    ForeignManifest {
        /// That file.
        path: PathBuf,
    },
    /// What takes the bodies takes no more of them, and says elsewhere why.
    #[error("no more request bodies are taken")]
    Stopped,
    /// The counts of the run are not those of the sink: contacts were lost or doubled on the way.
    #[error(
        "{counted} {what} were counted but {written} were written; this is a defect of the program, please report it"
    )]
    Counts {
        /// What was counted.
        what: &'static str,
        /// By the run.
        counted: u64,
        /// By the sink.
        written: u64,
    },
}

impl SinkError {
    /// Whether there is no room for the output.
    #[must_use]
    pub fn is_out_of_space(&self) -> bool {
        match self {
            Self::Io { source, .. } | Self::Output { source } => is_out_of_space(source),
            _ => false,
        }
    }
}

/// What was being done with a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Creating it.
    Create,
    /// Looking into it.
    Read,
    /// Writing to it.
    Write,
    /// Seeing it to the disk.
    Sync,
    /// Giving it its final name.
    Rename,
    /// Removing it.
    Remove,
    /// Locking it.
    Lock,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Rename => "rename a finished file to",
            Self::Remove => "remove",
            Self::Lock => "lock",
        })
    }
}

fn is_out_of_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn advice(error: &io::Error) -> &'static str {
    if is_out_of_space(error) {
        ": the disk is full; free space or choose another folder, then run the same command again"
    } else {
        ""
    }
}

/// Where standard output goes is not known here.
fn advice_on_output(error: &io::Error) -> &'static str {
    if is_out_of_space(error) {
        ": the disk is full; free space, then run the same command again"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_with_what_to_do() {
        let cases = [
            (io::ErrorKind::StorageFull, true),
            (io::ErrorKind::QuotaExceeded, true),
            (io::ErrorKind::PermissionDenied, false),
        ];
        for (kind, full) in cases {
            let errors = [
                SinkError::Io {
                    operation: Operation::Sync,
                    path: "out/batch-000001.json".into(),
                    source: kind.into(),
                },
                SinkError::Output { source: kind.into() },
            ];
            for error in &errors {
                assert_eq!(error.is_out_of_space(), full, "{error}");
                assert_eq!(error.to_string().contains("free space"), full, "{error}");
            }
            // It is not a folder that standard output goes to.
            assert!(!errors[1].to_string().contains("folder"), "{}", errors[1]);
        }
        assert!(!SinkError::Closed.is_out_of_space());
    }
}
