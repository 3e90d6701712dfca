//! Files that a run writes beside request bodies; they hold personal data, so nobody else may read them.

use std::fs::{File, OpenOptions};
use std::io::{self, Stdout, Write};
use std::path::Path;

use pipeline::{Reject, RejectLines, Rejects};

/// After so many bytes the system is asked to put them on the disk, while the run goes on: then there is little left to be
/// waited for at its end.
const BEGUN_BYTES: u64 = 1 << 20;

/// Creates a file that only its owner may read. Done before any work, so that a bad path is known at once.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        // A file that was there before keeps its mode.
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

/// Rejects in a file, on disk when it is finished.
pub(crate) struct RejectsFile {
    lines: RejectLines<SyncedFile>,
    file: File,
}

impl RejectsFile {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = create_private(path)?;
        Ok(Self { lines: RejectLines::new(SyncedFile::new(file.try_clone()?)), file })
    }
}

impl Rejects for RejectsFile {
    fn take(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        self.lines.take(reject)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.lines.finish()?;
        synced(self.file.sync_all())
    }
}

/// A file that goes to the disk while it is written.
struct SyncedFile {
    file: File,
    /// Bytes that were written.
    written: u64,
    /// So many of them are on their way to the disk.
    begun: u64,
}

impl SyncedFile {
    fn new(file: File) -> Self {
        Self { file, written: 0, begun: 0 }
    }
}

impl Write for SyncedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        if self.written - self.begun >= BEGUN_BYTES {
            begin_sync(&self.file, self.begun, self.written);
            self.begun = self.written;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Asks the system to put a part of a file on the disk, and does not wait for that. What then fails is told by the sync at
/// the end.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn begin_sync(file: &File, from: u64, to: u64) {
    // What is soon not needed in memory is written at once; what is being written then stays there. Only advice: what
    // cannot take it, like a pipe, is written as well without.
    let length = std::num::NonZeroU64::new(to - from);
    let _ = rustix::fs::fadvise(file, from, length, rustix::fs::Advice::DontNeed);
}

/// Here all of it is left to the sync at the end.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn begin_sync(_file: &File, _from: u64, _to: u64) {}

/// A pipe or a device cannot be synced, and need not be.
fn synced(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

/// Rejects on standard output.
pub(crate) fn rejects_on_stdout() -> RejectLines<Stdout> {
    RejectLines::new(io::stdout())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_synced_on_the_way_is_whole_at_the_end() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("rejects.ndjson");
        let file = create_private(&path).expect("a file");
        let mut synced = SyncedFile::new(file);
        let piece: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        for nth in 0..40_usize {
            synced.write_all(&piece[nth..]).expect("there is room");
            assert!(synced.written - synced.begun < BEGUN_BYTES);
        }
        synced.file.sync_all().expect("it can be synced");
        let read = std::fs::read(&path).expect("it can be read");
        assert_eq!(read.len(), (0..40).map(|nth| piece.len() - nth).sum::<usize>());
        assert!(read.starts_with(&piece) && read.ends_with(&piece[39..]));
    }

    #[test]
    fn what_cannot_be_synced_need_not_be() {
        let refused = |kind| synced(Err(io::Error::from(kind)));
        assert!(refused(io::ErrorKind::InvalidInput).is_ok());
        assert!(refused(io::ErrorKind::StorageFull).is_err());
    }
}
