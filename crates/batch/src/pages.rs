//! A temporary file of pages that holds the beginnings of many unfinished bodies at once.
//!
//! Each body has a chain of pages; a page begins with the number of the next one. Freed pages make a chain of their
//! own and are used again first, so the file is never longer than the most pages that were in use at one time, and
//! the memory needed is the same for any number of pages.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use spill::{SpillError, SpillOperation, unnamed_file};

/// Bytes of one page. Large enough that system calls do not count; small enough that the half page that each of
/// several thousand bodies wastes at its end stays below 100 MB.
pub(crate) const PAGE_BYTES: usize = 16 << 10;

/// Bytes of the number of the next page, little-endian.
const LINK_BYTES: usize = 8;

/// What a page holds.
pub(crate) const PAYLOAD_BYTES: usize = PAGE_BYTES - LINK_BYTES;

/// "No further page".
const NONE: u64 = u64::MAX;

/// The part of one body that lies in the file. A chain is valid only for the file that made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The first page; meaningless while there are no bytes, as is the last.
    first: u64,
    last: u64,
    /// How many bytes lie in the file.
    pub(crate) bytes: usize,
}

/// The file, made when it is first needed, with no name and for its owner only.
#[derive(Debug)]
pub(crate) struct PageFile {
    dir: PathBuf,
    file: Option<File>,
    /// How many pages the file has.
    pages: u64,
    /// The first of the free pages.
    free: u64,
    /// One page on its way.
    page: Vec<u8>,
}

impl PageFile {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir, file: None, pages: 0, free: NONE, page: Vec::new() }
    }

    /// The length of the file in bytes.
    #[cfg(test)]
    pub(crate) fn file_bytes(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.metadata().expect("an open file has metadata").len())
    }

    /// Appends to a chain and gives the longer chain. After an error the old chain is as good as before.
    pub(crate) fn append(&mut self, mut chain: Chain, mut bytes: &[u8]) -> Result<Chain, SpillError> {
        let used = chain.bytes % PAYLOAD_BYTES;
        if used > 0 {
            let (piece, rest) = bytes.split_at(bytes.len().min(PAYLOAD_BYTES - used));
            self.write(chain.last, LINK_BYTES + used, piece)?;
            chain.bytes += piece.len();
            bytes = rest;
        }
        if bytes.is_empty() {
            return Ok(chain);
        }
        let mut number = self.take()?;
        if chain.bytes == 0 {
            chain.first = number;
        } else {
            self.write(chain.last, 0, &number.to_le_bytes())?;
        }
        loop {
            let (piece, rest) = bytes.split_at(bytes.len().min(PAYLOAD_BYTES));
            let next = if rest.is_empty() { NONE } else { self.take()? };
            let mut page = std::mem::take(&mut self.page);
            page.clear();
            page.extend_from_slice(&next.to_le_bytes());
            page.extend_from_slice(piece);
            let written = self.write(number, 0, &page);
            self.page = page;
            written?;
            chain.last = number;
            chain.bytes += piece.len();
            if rest.is_empty() {
                return Ok(chain);
            }
            (number, bytes) = (next, rest);
        }
    }

    /// Appends the bytes of a chain to a buffer; the chain stays.
    pub(crate) fn read(&mut self, chain: Chain, buffer: &mut Vec<u8>) -> Result<(), SpillError> {
        let mut page = std::mem::take(&mut self.page);
        let mut number = chain.first;
        let mut left = chain.bytes;
        let mut outcome = Ok(());
        while left > 0 {
            let piece = left.min(PAYLOAD_BYTES);
            page.resize(LINK_BYTES + piece, 0);
            outcome = self.read_page(number, &mut page);
            if outcome.is_err() {
                break;
            }
            number = link(&page);
            buffer.extend_from_slice(&page[LINK_BYTES..]);
            left -= piece;
        }
        self.page = page;
        outcome
    }

    /// Gives the pages of a chain back.
    pub(crate) fn free(&mut self, chain: Chain) -> Result<(), SpillError> {
        if chain.bytes > 0 {
            self.write(chain.last, 0, &self.free.to_le_bytes())?;
            self.free = chain.first;
        }
        Ok(())
    }

    /// A page to write to: a free one, or one more at the end.
    fn take(&mut self) -> Result<u64, SpillError> {
        if self.free == NONE {
            self.pages += 1;
            return Ok(self.pages - 1);
        }
        let number = self.free;
        let mut head = [0; LINK_BYTES];
        self.read_page(number, &mut head)?;
        self.free = link(&head);
        Ok(number)
    }

    fn write(&mut self, page: u64, offset: usize, bytes: &[u8]) -> Result<(), SpillError> {
        let file = match &mut self.file {
            Some(file) => file,
            none => match unnamed_file(&self.dir) {
                Ok(file) => none.insert(file),
                Err(source) => {
                    let dir = self.dir.clone();
                    return Err(SpillError { operation: SpillOperation::Create, dir, source });
                }
            },
        };
        file.seek(SeekFrom::Start(page * PAGE_BYTES as u64 + offset as u64))
            .and_then(|_| file.write_all(bytes))
            .map_err(|source| SpillError { operation: SpillOperation::Write, dir: self.dir.clone(), source })
    }

    fn read_page(&mut self, page: u64, buffer: &mut [u8]) -> Result<(), SpillError> {
        let outcome = match &mut self.file {
            Some(file) => {
                file.seek(SeekFrom::Start(page * PAGE_BYTES as u64)).and_then(|_| file.read_exact(buffer))
            }
            // There is no page to read before one was written.
            None => Err(std::io::ErrorKind::NotFound.into()),
        };
        outcome.map_err(|source| SpillError {
            operation: SpillOperation::Read,
            dir: self.dir.clone(),
            source,
        })
    }
}

/// The number of the next page, from the beginning of a page.
fn link(page: &[u8]) -> u64 {
    let mut bytes = [0; LINK_BYTES];
    bytes.copy_from_slice(&page[..LINK_BYTES]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_file_is_made_when_it_is_needed() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut pages = PageFile::new(dir.path().to_path_buf());
        assert_eq!(pages.append(Chain::default(), b"").expect("nothing to do"), Chain::default());
        assert!(pages.file.is_none());
        let chain = pages.append(Chain::default(), b"x").expect("space");
        assert_eq!(chain.bytes, 1);
        assert!(pages.file.is_some());
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let gone = dir.path().join("gone");
        let error = PageFile::new(gone.clone()).append(Chain::default(), b"x").expect_err("no such folder");
        assert_eq!((error.operation, &error.dir), (SpillOperation::Create, &gone));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Several chains, appended to, read and freed in any order, against plain vectors.
        #[test]
        fn chains_give_back_what_was_put_in_and_the_file_holds_no_more_than_was_live(
            steps in prop::collection::vec((0_usize..5, 0_usize..40_000, 0_u8..8), 1..60)
        ) {
            let dir = tempfile::tempdir().expect("a folder");
            let mut file = PageFile::new(dir.path().to_path_buf());
            let mut chains = [Chain::default(); 5];
            let mut model: [Vec<u8>; 5] = Default::default();
            let mut most_pages = 0;
            for (index, (which, length, action)) in steps.into_iter().enumerate() {
                if action == 0 {
                    file.free(chains[which]).expect("free");
                    chains[which] = Chain::default();
                    model[which].clear();
                } else {
                    let bytes: Vec<u8> = (0..length).map(|at| (at * 31 + index * 7) as u8).collect();
                    chains[which] = file.append(chains[which], &bytes).expect("append");
                    model[which].extend_from_slice(&bytes);
                }
                let live: usize = model.iter().map(|bytes| bytes.len().div_ceil(PAYLOAD_BYTES)).sum();
                most_pages = most_pages.max(live);
                let mut read = Vec::new();
                file.read(chains[which], &mut read).expect("read");
                prop_assert_eq!(&read, &model[which]);
            }
            for (chain, bytes) in chains.iter().zip(&model) {
                let mut read = Vec::new();
                file.read(*chain, &mut read).expect("read");
                prop_assert_eq!(&read, bytes);
            }
            prop_assert!(file.file_bytes() <= (most_pages * PAGE_BYTES) as u64);
        }
    }
}
