//! Reading a journal back.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _};
use std::path::Path;

use super::entry::{Begin, Entry, Line, Offsets};
use super::ledger::Ledger;
use super::{FORMAT, JournalError, Reading, VERSION};

/// What is in a journal.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The upload that was begun last.
    pub(super) newest: Option<Newest>,
    /// How long the files beside it are.
    pub(super) offsets: Offsets,
    /// Where the last whole line ends.
    end: u64,
    /// Whether something stands behind it: a line of which the writing did not end.
    is_torn: bool,
}

#[derive(Debug)]
pub(super) struct Newest {
    pub(super) begin: Begin,
    pub(super) ledger: Ledger,
    pub(super) is_complete: bool,
}

impl Contents {
    /// Reads a journal from its beginning. What stands behind the last line end is no line.
    pub(super) fn read(file: &File, path: &Path) -> Result<Self, JournalError> {
        let mut contents = Self::default();
        let mut reader = BufReader::new(file);
        reader.rewind().map_err(JournalError::io("read", path))?;
        let mut text = Vec::new();
        for line in 1.. {
            text.clear();
            let bytes = reader.read_until(b'\n', &mut text).map_err(JournalError::io("read", path))?;
            if text.last() != Some(&b'\n') {
                // A whole file without a line end, or with one that never begins as a journal does, is somebody's.
                if line == 1 && !b"{\"at\":".starts_with(&text[..bytes.min(6)]) {
                    return Err(JournalError::Foreign { path: path.to_owned() });
                }
                contents.is_torn = bytes > 0;
                break;
            }
            let damaged = |message: String| JournalError::Damaged { path: path.to_owned(), line, message };
            let read: Line = match serde_json::from_slice(&text) {
                Ok(read) => read,
                Err(_) if line == 1 => return Err(JournalError::Foreign { path: path.to_owned() }),
                Err(error) => return Err(damaged(error.to_string())),
            };
            if read.entry.part().is_some_and(|part| part.from >= part.to) {
                return Err(damaged("it tells of contacts that end before they begin".to_owned()));
            }
            contents.offsets = read.offsets;
            contents.end += bytes as u64;
            match (read.entry, &mut contents.newest) {
                (Entry::Begin(begin), newest) => {
                    if begin.format != FORMAT || begin.version != VERSION {
                        let (format, version) = (begin.format, begin.version);
                        return Err(damaged(format!(
                            "it is {format:?} version {version}; this program reads {FORMAT:?} version {VERSION}"
                        )));
                    }
                    *newest = Some(Newest { begin, ledger: Ledger::default(), is_complete: false });
                }
                (_, None) => {
                    return Err(damaged("a journal starts with the beginning of an upload".to_owned()));
                }
                (Entry::Complete, Some(newest)) => newest.is_complete = true,
                (entry, Some(newest)) => newest.ledger.learn(&entry),
            }
        }
        Ok(contents)
    }

    /// Takes off what is no whole line, so that the next one begins on its own.
    pub(super) fn cut_torn_line(&self, file: &File, path: &Path) -> Result<(), JournalError> {
        if self.is_torn {
            file.set_len(self.end).map_err(JournalError::io("shorten", path))?;
        }
        Ok(())
    }

    pub(super) fn reading(self, is_in_use: bool) -> Result<Reading, JournalError> {
        let newest = self.newest.expect("who asks for it has seen that there is an upload");
        Ok(Reading {
            begin: newest.begin,
            tally: newest.ledger.tally(),
            is_complete: newest.is_complete,
            is_in_use,
        })
    }
}
