//! Who may write to a folder: its state, its mark, its lock.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use batch::manifest::{self, MANIFEST_FILE, REJECTS_FILE};

use super::failed;
use crate::{Operation, SinkError};

/// The file that marks a folder as unfinished, and carries the lock.
pub const MARKER_FILE: &str = ".reteno-import-unfinished";

/// For people who look into it.
const MARKER_TEXT: &str = "This folder is incomplete while this file is here without a manifest.json. \
    If no reteno-import is running, run the same command again: it begins the folder anew.\n";

/// How often a lock may turn out to be one on a marker that its owner has just removed.
const ATTEMPTS: usize = 16;

/// What to do with a folder that is not empty and not an unfinished one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuse it.
    #[default]
    Refuse,
    /// Remove the files that a run writes, and leave all others.
    OwnFiles,
}

/// The name under which a file is written until it is whole.
pub(super) fn temporary_name(name: &str) -> String {
    format!(".{name}.tmp")
}

/// Whether a run writes files of exactly this name.
fn is_own(name: &str) -> bool {
    let is_final = |name: &str| {
        name == MANIFEST_FILE || name == REJECTS_FILE || manifest::batch_file_number(name).is_some()
    };
    let whole = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
    is_final(name) || whole.is_some_and(is_final)
}

/// A folder that is marked as unfinished and held by this run. Dropped without [`release`](Self::release) it stays
/// marked.
#[derive(Debug)]
pub(super) struct Claim {
    dir: PathBuf,
    /// Open, because closing it gives up the lock.
    _marker: File,
}

impl Claim {
    /// Makes or takes over a folder, and clears it of what earlier runs wrote.
    pub(super) fn take(dir: PathBuf, overwrite: Overwrite) -> Result<Self, SinkError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&dir).map_err(failed(Operation::Create, &dir))?;

        // Before the lock, because a folder that is refused must not be touched.
        let contents = Contents::read(&dir)?;
        contents.admit(&dir, overwrite, contents.marker)?;

        let path = dir.join(MARKER_FILE);
        for _ in 0..ATTEMPTS {
            let (marker, made) = open_marker(&path)?;
            match marker.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(SinkError::InUse { dir }),
                Err(TryLockError::Error(source)) => return Err(failed(Operation::Lock, &path)(source)),
            }
            // Its owner may have finished and removed it between the opening and the lock.
            if !is_still(&marker, &path)? {
                continue;
            }
            // And under the lock once more, because a run may have come and gone since the first look.
            if let Err(refusal) = Contents::read(&dir)?.admit(&dir, overwrite, !made || contents.marker) {
                if made {
                    fs::remove_file(&path).map_err(failed(Operation::Remove, &path))?;
                }
                return Err(refusal);
            }
            clear(&dir)?;
            return Ok(Self { dir, _marker: marker });
        }
        Err(SinkError::InUse { dir })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes the mark away: the folder is complete.
    pub(super) fn release(self) -> Result<(), SinkError> {
        let path = self.dir.join(MARKER_FILE);
        fs::remove_file(&path).map_err(failed(Operation::Remove, &path))
    }
}

/// What is in a folder.
#[derive(Debug, Default)]
struct Contents {
    marker: bool,
    manifest: bool,
    /// The first name that is not the marker.
    found: Option<String>,
}

impl Contents {
    fn read(dir: &Path) -> Result<Self, SinkError> {
        let mut contents = Self::default();
        for_each_name(dir, |name| {
            contents.marker |= name == MARKER_FILE;
            contents.manifest |= name == MANIFEST_FILE;
            if name != MARKER_FILE && contents.found.as_deref().is_none_or(|found| name < found) {
                contents.found = Some(name.to_owned());
            }
            Ok(())
        })?;
        Ok(contents)
    }

    /// Whether a run may write to the folder. `marked`: whether it was marked as unfinished before this run.
    fn admit(&self, dir: &Path, overwrite: Overwrite, marked: bool) -> Result<(), SinkError> {
        let not_empty =
            || self.found.clone().map(|found| SinkError::NotEmpty { dir: dir.to_path_buf(), found });
        if self.manifest {
            let path = dir.join(MANIFEST_FILE);
            let ours = manifest::is_manifest(&path).map_err(failed(Operation::Read, &path))?;
            return match (ours, overwrite) {
                (true, Overwrite::OwnFiles) => Ok(()),
                (true, Overwrite::Refuse) => Err(SinkError::Complete { dir: dir.to_path_buf() }),
                (false, Overwrite::Refuse) if !marked => not_empty().map_or(Ok(()), Err),
                (false, _) => Err(SinkError::ForeignManifest { path }),
            };
        }
        match overwrite {
            Overwrite::Refuse if !marked => not_empty().map_or(Ok(()), Err),
            _ => Ok(()),
        }
    }
}

fn for_each_name(dir: &Path, mut visit: impl FnMut(&str) -> Result<(), SinkError>) -> Result<(), SinkError> {
    for entry in fs::read_dir(dir).map_err(failed(Operation::Read, dir))? {
        let name = entry.map_err(failed(Operation::Read, dir))?.file_name();
        visit(&name.to_string_lossy())?;
    }
    Ok(())
}

/// Opens the marker; says whether it was made here.
fn open_marker(path: &Path) -> Result<(File, bool), SinkError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.clone().create_new(true).open(path) {
        Ok(mut marker) => {
            marker.write_all(MARKER_TEXT.as_bytes()).map_err(failed(Operation::Write, path))?;
            Ok((marker, true))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // It may vanish in between: then it is simply made anew.
            let marker = options.create(true).open(path).map_err(failed(Operation::Create, path))?;
            Ok((marker, false))
        }
        Err(source) => Err(failed(Operation::Create, path)(source)),
    }
}

/// Whether an open file is the one that stands under the path.
fn is_still(file: &File, path: &Path) -> Result<bool, SinkError> {
    let named = match fs::metadata(path) {
        Ok(named) => named,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(failed(Operation::Read, path)(source)),
    };
    let opened = file.metadata().map_err(failed(Operation::Read, path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Ok((named.dev(), named.ino()) == (opened.dev(), opened.ino()))
    }
    // Elsewhere an open file cannot be replaced by another one of its name.
    #[cfg(not(unix))]
    Ok(named.is_file() == opened.is_file())
}

/// Removes what runs write. The manifest goes first: without it, nothing takes the rest for complete.
fn clear(dir: &Path) -> Result<(), SinkError> {
    let remove = |name: &str| {
        let path = dir.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed(Operation::Remove, &path)(error))
            }
            _ => Ok(()),
        }
    };
    remove(MANIFEST_FILE)?;
    for_each_name(dir, |name| if is_own(name) { remove(name) } else { Ok(()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_names_are_own_names() {
        let own = [
            "manifest.json",
            "rejects.ndjson",
            "batch-000001.json",
            "batch-1000000.json",
            ".batch-000001.json.tmp",
            ".manifest.json.tmp",
        ];
        let foreign = [
            MARKER_FILE,
            "batch-1.json",
            "batch-000001.json~",
            "batch-000001.json.tmp",
            ".batch-000001.json",
            ".tmp",
            "Manifest.json",
            "my-rejects.ndjson",
            "..manifest.json.tmp.tmp",
        ];
        for name in own {
            assert!(is_own(name), "{name}");
            assert_eq!(is_own(&temporary_name(name)), !name.starts_with('.'), "{name}");
        }
        for name in foreign {
            assert!(!is_own(name), "{name}");
        }
    }
}
