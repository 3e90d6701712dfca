//! Files that a run writes beside request bodies; they hold personal data, so nobody else may read them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Stdout};
use std::path::Path;

use pipeline::{Reject, RejectLines, Rejects};

/// How much is collected before it is written.
const BUFFER_BYTES: usize = 128 << 10;

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
    lines: RejectLines<BufWriter<File>>,
    file: File,
}

impl RejectsFile {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = create_private(path)?;
        let lines = RejectLines::new(BufWriter::with_capacity(BUFFER_BYTES, file.try_clone()?));
        Ok(Self { lines, file })
    }
}

impl Rejects for RejectsFile {
    fn take(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        self.lines.take(reject)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.lines.finish()?;
        match self.file.sync_all() {
            // A pipe or a device cannot be synced, and need not be.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            other => other,
        }
    }
}

/// Rejects on standard output.
pub(crate) fn rejects_on_stdout() -> RejectLines<BufWriter<Stdout>> {
    RejectLines::new(BufWriter::with_capacity(BUFFER_BYTES, io::stdout()))
}
