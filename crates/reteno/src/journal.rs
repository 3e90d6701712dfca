//! The journal of an upload: what was sent and what became of it, on the disk before and after each request.
//!
//! One JSON object a line, only ever appended. The files of results and of refused contacts grow together with it: each
//! line of the journal says how long they are, so that after a crash exactly what the journal knows of is in them.

mod entry;
mod error;
mod ledger;
mod read;
mod write;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub use self::entry::{Begin, Source};
pub(crate) use self::entry::{Entry, Failed};
pub use self::error::JournalError;
pub(crate) use self::error::advice;
pub use self::ledger::Tally;
pub(crate) use self::ledger::{Ledger, PartState};
use self::read::{Contents, Newest};
pub(crate) use self::write::{Writer, Written};

/// The value of [`Begin::format`].
pub const FORMAT: &str = "reteno-import/journal";

/// The version of the format that this crate writes and reads.
pub const VERSION: u32 = 1;

/// The name of the journal in a prepared folder.
pub const JOURNAL_FILE: &str = "journal.ndjson";

/// Where an upload writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The journal itself.
    pub journal: PathBuf,
    /// Which contact got which id.
    pub results: PathBuf,
    /// The contacts that the server refused.
    pub rejects: PathBuf,
    /// Bodies of which the end is not yet known, where they are nowhere else.
    pub pending: PathBuf,
}

impl Files {
    /// Those of a prepared folder.
    #[must_use]
    pub fn in_folder(dir: &Path) -> Self {
        Self {
            journal: dir.join(JOURNAL_FILE),
            results: dir.join("results.ndjson"),
            rejects: dir.join("upload-rejects.ndjson"),
            pending: dir.join(".pending"),
        }
    }

    /// Those beside a journal, named after it: `up.ndjson`, `up.results.ndjson`, `up.rejects.ndjson`, `.up.pending`. One
    /// that has the name of a folder's journal has the others of a folder beside it.
    #[must_use]
    pub fn beside(journal: &Path) -> Self {
        if journal.file_name().is_some_and(|name| name == JOURNAL_FILE) {
            return Self::in_folder(journal.parent().unwrap_or(Path::new("")));
        }
        let stem = journal.file_stem().unwrap_or_default().to_string_lossy();
        Self {
            results: journal.with_file_name(format!("{stem}.results.ndjson")),
            rejects: journal.with_file_name(format!("{stem}.rejects.ndjson")),
            pending: journal.with_file_name(format!(".{stem}.pending")),
            journal: journal.to_owned(),
        }
    }
}

/// A journal that this process alone writes to.
#[derive(Debug)]
pub struct Journal {
    files: Files,
    file: File,
    results: File,
    rejects: File,
    pub(crate) ledger: Ledger,
    begin: Begin,
    standing: Standing,
}

/// How an upload stands to the newest one that a journal tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// It begins anew.
    New,
    /// It goes on with it.
    Resumed,
    /// It is the same, and has come to its end.
    Complete,
    /// The one before, of something else, did not come to its end, and is not gone on with.
    Abandons(Tally),
    /// It is the same to another address: of the one before nothing was sent to this one.
    Readdressed(String),
}

impl Standing {
    fn of(begin: &Begin, newest: Option<&Newest>, path: &Path) -> Result<Self, JournalError> {
        let Some(newest) = newest else { return Ok(Self::New) };
        let is_same = newest.begin.source == begin.source;
        let base_url = &newest.begin.base_url;
        let is_same_server = *base_url == begin.base_url;
        Ok(match (newest.is_complete, is_same) {
            (true, true) if begin.source.is_fixed() && is_same_server => Self::Complete,
            (true, _) => Self::New,
            (false, true) if is_same_server => Self::Resumed,
            (false, true) if newest.ledger.is_nothing_sent() => Self::Readdressed(base_url.clone()),
            (false, true) => {
                return Err(JournalError::OtherServer { path: path.to_owned(), base_url: base_url.clone() });
            }
            (false, false) => Self::Abandons(newest.ledger.tally()),
        })
    }
}

/// What a journal says of its newest upload, read without touching it.
#[derive(Debug)]
pub struct Reading {
    /// What was uploaded, and where to.
    pub begin: Begin,
    /// How far it is.
    pub tally: Tally,
    /// Whether it came to its end.
    pub is_complete: bool,
    /// Whether a process is at it.
    pub is_in_use: bool,
}

/// What a journal is opened for.
#[derive(Debug)]
pub enum Opened {
    /// To begin an upload, or to go on with it.
    Open(Box<Journal>),
    /// This upload has come to its end before; there is nothing to do.
    Complete(Box<Reading>),
}

impl Journal {
    /// Opens a journal to upload what `begin` says. If the newest upload in it is the same and did not come to its end, it
    /// is gone on with; at another address only if nothing of it was sent, and then it begins anew.
    ///
    /// # Errors
    /// - [`JournalError::InUse`] if another process is at it.
    /// - [`JournalError::OtherServer`] if something of an unfinished upload in it went, or may have gone, to another server.
    /// - [`JournalError::Foreign`] if the file is something else.
    /// - [`JournalError::Damaged`] if a line in the middle cannot be read.
    /// - [`JournalError::Io`]
    pub fn open(files: Files, begin: Begin) -> Result<Opened, JournalError> {
        let file = lock(&files.journal)?;
        let contents = Contents::read(&file, &files.journal)?;
        let mut ledger = Ledger::default();
        let standing = Standing::of(&begin, contents.newest.as_ref(), &files.journal)?;
        if standing == Standing::Complete {
            return Ok(Opened::Complete(Box::new(contents.reading(false)?)));
        }
        let offsets = contents.offsets;
        contents.cut_torn_line(&file, &files.journal)?;
        if standing == Standing::Resumed {
            ledger = contents.newest.map(|newest| newest.ledger).unwrap_or_default();
        }
        let results = private(&files.results, offsets.results)?;
        let rejects = private(&files.rejects, offsets.rejects)?;
        Ok(Opened::Open(Box::new(Self { files, file, results, rejects, ledger, begin, standing })))
    }

    /// Tries whether a journal could be [opened](Self::open) for what `begin` says, without touching it. Gives the address
    /// to which nothing was sent, if it would be left for another one.
    ///
    /// # Errors
    /// As [`open`](Self::open); that another process is at it is none.
    pub fn try_address(path: &Path, begin: &Begin) -> Result<Option<String>, JournalError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(JournalError::io("read", path))?,
        };
        let contents = Contents::read(&file, path)?;
        Ok(match Standing::of(begin, contents.newest.as_ref(), path)? {
            Standing::Readdressed(before) => Some(before),
            _ => None,
        })
    }

    /// Opens the journal of an upload to ask for what is not known yet; nothing new can be sent.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`JournalError::Missing`] if there is no upload in it.
    pub fn reopen(files: Files) -> Result<Opened, JournalError> {
        let reading = Self::look(&files.journal)?;
        if reading.is_complete {
            return Ok(Opened::Complete(Box::new(reading)));
        }
        Self::open(files, reading.begin)
    }

    /// Reads a journal, which another process may be writing to.
    ///
    /// # Errors
    /// [`JournalError::Missing`] if there is no upload in it; [`JournalError::Damaged`], [`JournalError::Io`].
    pub fn look(path: &Path) -> Result<Reading, JournalError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(JournalError::Missing { path: path.to_owned() });
            }
            opened => opened.map_err(JournalError::io("read", path))?,
        };
        // Held for the moment of trying, by a handle of its own.
        let is_in_use = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        let contents = Contents::read(&file, path)?;
        if contents.newest.is_none() {
            return Err(JournalError::Missing { path: path.to_owned() });
        }
        contents.reading(is_in_use)
    }

    /// Whether an upload that did not come to its end is gone on with.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.standing == Standing::Resumed
    }

    /// How far an upload of something else was that did not come to its end, and is not gone on with.
    #[must_use]
    pub fn abandoned(&self) -> Option<Tally> {
        match self.standing {
            Standing::Abandons(tally) => Some(tally),
            _ => None,
        }
    }

    /// The address of the same upload before, to which nothing was sent, if this one has another.
    #[must_use]
    pub fn left_address(&self) -> Option<&str> {
        match &self.standing {
            Standing::Readdressed(before) => Some(before),
            _ => None,
        }
    }

    /// Where the upload writes.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// What is uploaded, and where to.
    #[must_use]
    pub fn begin(&self) -> &Begin {
        &self.begin
    }
}

/// Opens the journal for this process alone.
fn lock(path: &Path) -> Result<File, JournalError> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    for_owner(&mut options);
    let file = options.open(path).map_err(JournalError::io("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(JournalError::io("lock", path)(error)),
    }
}

/// Opens a file that grows with the journal, and takes off what the journal does not know of.
fn private(path: &Path, bytes: u64) -> Result<File, JournalError> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    for_owner(&mut options);
    let file = options.open(path).map_err(JournalError::io("open", path))?;
    let length = file.metadata().map_err(JournalError::io("read", path))?.len();
    if length > bytes {
        file.set_len(bytes).map_err(JournalError::io("shorten", path))?;
    }
    if length < bytes {
        return Err(JournalError::Shortened { path: path.to_owned(), expected: bytes, found: length });
    }
    Ok(file)
}

fn for_owner(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
