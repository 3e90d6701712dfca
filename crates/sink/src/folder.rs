//! A folder of batch files with a manifest.

mod claim;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use batch::Body;
use batch::manifest::{self, BatchEntry, Completion, MANIFEST_FILE, REJECTS_FILE};

use self::claim::Claim;
pub use self::claim::{MARKER_FILE, Overwrite};
use crate::{Operation, Sink, SinkError, Written};

/// Writes each body to a file of its own, `batch-000001.json` and so on, and `manifest.json` in the end.
///
/// Every file is written under a temporary name, synced and renamed, so a file under its name is whole. The folder
/// is complete when the manifest is there; until then the file `.reteno-import-unfinished` marks it and is locked, so
/// that two runs never write to one folder. What a killed run left is recognised by that mark and begun anew. Files
/// are for their owner only (0600), as are folders made here (0700): they hold personal data.
#[derive(Debug)]
pub struct FolderSink {
    claim: Claim,
    written: Written,
    /// The entries of the manifest so far, as JSON one after the other: memory does not grow with their number.
    entries: BufWriter<File>,
}

impl FolderSink {
    /// Makes the folder, and its parents, or takes it over; so a bad choice fails before any work is done.
    ///
    /// In a folder that is taken over, the files that a run writes are removed, and no others: batch files, the
    /// manifest, `rejects.ndjson` and their temporary forms, each by its exact name.
    ///
    /// # Errors
    /// - [`SinkError::InUse`] if another run holds the folder.
    /// - [`SinkError::Complete`] if it has a manifest, and [`SinkError::NotEmpty`] if it has other files and is not
    ///   marked as unfinished, unless `overwrite` allows it.
    /// - [`SinkError::ForeignManifest`] if its `manifest.json` is not one of this tool.
    /// - [`SinkError::Io`] if it cannot be made, read, locked or cleared.
    ///
    /// A folder that is refused is left as it was.
    pub fn create(dir: impl Into<PathBuf>, overwrite: Overwrite) -> Result<Self, SinkError> {
        let claim = Claim::take(dir.into(), overwrite)?;
        let entries = tempfile::tempfile_in(claim.dir()).map_err(failed(Operation::Create, claim.dir()))?;
        Ok(Self { claim, written: Written::default(), entries: BufWriter::new(entries) })
    }

    /// Where the file of rejects of this run belongs. It is the caller's to write, for its owner only (0600), and to
    /// be written out before [`Sink::finish`].
    #[must_use]
    pub fn rejects_path(&self) -> PathBuf {
        self.claim.dir().join(REJECTS_FILE)
    }

    /// Writes a file under a temporary name and gives it its name when it is on the disk.
    ///
    /// Whatever fails, the temporary file is removed.
    fn write_whole(
        &self,
        name: &str,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), SinkError> {
        let dir = self.claim.dir();
        let path = dir.join(name);
        let mut file = tempfile::Builder::new()
            .prefix(&claim::temporary_name(name))
            .rand_bytes(0)
            .tempfile_in(dir)
            .map_err(failed(Operation::Create, &path))?;
        fill(file.as_file_mut()).map_err(failed(Operation::Write, &path))?;
        file.as_file().sync_data().map_err(failed(Operation::Sync, &path))?;
        file.persist(&path).map_err(|error| failed(Operation::Rename, &path)(error.error))?;
        Ok(())
    }

    /// Sees the names in the folder to the disk.
    fn sync_names(&self) -> Result<(), SinkError> {
        // Other systems have no such thing.
        #[cfg(unix)]
        {
            let dir = self.claim.dir();
            File::open(dir).and_then(|opened| opened.sync_all()).map_err(failed(Operation::Sync, dir))?;
        }
        Ok(())
    }
}

impl Sink for FolderSink {
    fn write(&mut self, body: &Body) -> Result<(), SinkError> {
        let entry = BatchEntry::of(self.written.bodies + 1, body);
        self.write_whole(&entry.file, |file| file.write_all(&body.bytes))?;
        serde_json::to_writer(&mut self.entries, &entry)
            .map_err(|error| failed(Operation::Write, self.claim.dir())(error.into()))?;
        self.written.add(body);
        Ok(())
    }

    fn contacts_written(&self) -> u64 {
        self.written.contacts
    }

    fn finish(mut self: Box<Self>, completion: Completion) -> Result<(), SinkError> {
        self.written.check(&completion)?;
        if completion.rejects.as_ref().is_some_and(|rejects| rejects.file == REJECTS_FILE) {
            let path = self.rejects_path();
            File::open(&path).and_then(|file| file.sync_all()).map_err(failed(Operation::Sync, &path))?;
        }
        // The batch files first: a manifest must never be there without them.
        self.sync_names()?;

        self.entries
            .flush()
            .and_then(|()| self.entries.get_mut().rewind())
            .map_err(failed(Operation::Write, self.claim.dir()))?;
        self.write_whole(MANIFEST_FILE, |file| {
            let entries = BufReader::new(self.entries.get_ref());
            let entries = serde_json::Deserializer::from_reader(entries).into_iter();
            let mut writer = BufWriter::new(file);
            manifest::write(&mut writer, &completion, entries.map(|entry| entry.map_err(io::Error::from)))?;
            writer.flush()
        })?;
        self.sync_names()?;
        self.claim.release()
    }
}

/// Makes the error of an operation on a path.
fn failed(operation: Operation, path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    let path = path.to_path_buf();
    move |source| SinkError::Io { operation, path, source }
}
