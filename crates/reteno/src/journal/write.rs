//! Writing a journal: many at a time ask for a line, and one thread writes and syncs for all of them.

use std::fs::File;
use std::io::{self, Write as _};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::entry::{Entry, Line, Offsets};
use super::{Files, Journal, JournalError};

/// Lines that may wait.
const WAITING: usize = 256;

/// What goes to the disk together.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) entry: Entry,
    /// Lines of refused contacts.
    pub(crate) rejects: Vec<u8>,
    /// Lines of results.
    pub(crate) results: Vec<u8>,
}

impl From<Entry> for Written {
    fn from(entry: Entry) -> Self {
        Self { entry, rejects: Vec::new(), results: Vec::new() }
    }
}

type Request = (Written, oneshot::Sender<Result<(), JournalError>>);

/// Writes lines to a journal; clones write to the same.
#[derive(Clone, Debug)]
pub(crate) struct Writer(mpsc::Sender<Request>);

/// The thread behind it, which ends when all writers are gone.
pub(crate) type WriterThread = JoinHandle<()>;

impl Writer {
    /// Begins to write. A journal that is not gone on with gets the first line of a new upload.
    pub(crate) fn start(journal: Journal) -> Result<(Self, super::Ledger, WriterThread), JournalError> {
        let is_resumed = journal.is_resumed();
        let Journal { files, file, results, rejects, ledger, begin, .. } = journal;
        let io = JournalError::io("read", &files.journal);
        let length = |file: &File| file.metadata().map(|metadata| metadata.len());
        let offsets = length(&results)
            .and_then(|results| Ok(Offsets { results, rejects: length(&rejects)? }))
            .map_err(io)?;
        let mut writing = Writing { files, file, results, rejects, offsets, text: Vec::new() };
        if !is_resumed {
            writing.write(vec![Entry::Begin(begin).into()])?;
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writing.serve(receiver))
            .map_err(|source| JournalError::Io { operation: "write", path: "the journal".into(), source })?;
        Ok((Self(sender), ledger, thread))
    }

    /// Writes a line, with what belongs to it; when it returns, both are on the disk.
    pub(crate) async fn write(&self, written: impl Into<Written>) -> Result<(), JournalError> {
        let gone = || JournalError::Io {
            operation: "write",
            path: "the journal".into(),
            source: io::Error::other("writing to it has failed before"),
        };
        let (done, answer) = oneshot::channel();
        self.0.send((written.into(), done)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

struct Writing {
    files: Files,
    file: File,
    results: File,
    rejects: File,
    offsets: Offsets,
    text: Vec<u8>,
}

impl Writing {
    fn serve(mut self, mut requests: mpsc::Receiver<Request>) {
        while let Some((first, done)) = requests.blocking_recv() {
            let mut all = vec![first];
            let mut waiting = vec![done];
            while let Ok((more, done)) = requests.try_recv() {
                all.push(more);
                waiting.push(done);
            }
            match self.write(all) {
                Ok(()) => waiting.into_iter().for_each(|done| drop(done.send(Ok(())))),
                Err(error) => {
                    // The first is told why; what is on the disk now is not known, so nothing more is written.
                    if let Some(done) = waiting.into_iter().next() {
                        let _ = done.send(Err(error));
                    }
                    return;
                }
            }
        }
    }

    fn write(&mut self, all: Vec<Written>) -> Result<(), JournalError> {
        let Self { files, file, results, rejects, offsets, text } = self;
        text.clear();
        let (mut new_results, mut new_rejects) = (Vec::new(), Vec::new());
        for written in all {
            new_results.extend_from_slice(&written.results);
            new_rejects.extend_from_slice(&written.rejects);
            offsets.results += written.results.len() as u64;
            offsets.rejects += written.rejects.len() as u64;
            let line =
                Line { at: jiff::Timestamp::now().to_string(), entry: written.entry, offsets: *offsets };
            serde_json::to_writer(&mut *text, &line)
                .map_err(|error| JournalError::io("write", &files.journal)(error.into()))?;
            text.push(b'\n');
        }
        // The journal last: it says how much of the others is true.
        for (file, path, new) in [
            (results, &files.results, &new_results),
            (rejects, &files.rejects, &new_rejects),
            (file, &files.journal, &*text),
        ] {
            if !new.is_empty() {
                file.write_all(new)
                    .and_then(|()| file.sync_data())
                    .map_err(JournalError::io("write", path))?;
            }
        }
        Ok(())
    }
}
