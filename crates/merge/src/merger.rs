//! Taking the rows in.

use std::path::PathBuf;

use spill::{Log, Sorter, Space, SpillError};
use thiserror::Error;

use crate::claims;
use crate::displaced;
use crate::groups::Groups;

/// Bytes that are read and written at a time are this part of the budget.
const CHUNKS_IN_MEMORY: usize = 64;

/// Their bounds.
const CHUNK_BYTES: std::ops::RangeInclusive<usize> = 512..=1 << 20;

/// After how many steps it is looked whether to stop.
const STEPS_UNTIL_LOOK: u32 = 1 << 14;

/// How rows are brought together.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of memory to work with. It changes no group.
    pub memory: usize,
    /// The folder for temporary files. Nothing is created there before memory is full.
    pub temp_dir: PathBuf,
    /// How many threads sort.
    pub threads: usize,
    /// What a row with several keys means.
    pub linking: Linking,
}

/// What a row with several keys means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Linking {
    /// Rows have one key each.
    #[default]
    None,
    /// Rows that share any key are of one group, and so are those that are linked through others.
    Transitive,
}

/// A row on its way in.
#[derive(Clone, Copy, Debug)]
pub struct Row<'r> {
    /// What it is known by: one key, or with [`Linking::Transitive`] one or more.
    pub keys: &'r [Key<'r>],
    /// What only one group can have.
    pub claims: &'r [Claim<'r>],
    /// How recent it is: larger is later. Among equal ones the order of coming decides.
    pub rank: i64,
    /// What it holds, in parts.
    pub content: &'r [&'r [u8]],
}

/// What a row is known by.
#[derive(Clone, Copy, Debug)]
pub struct Key<'k> {
    /// A hash of the text. It should be seeded, so that nobody can prepare keys that make the work slow.
    pub hash: u64,
    /// The text, in two parts.
    pub text: [&'k [u8]; 2],
}

/// Something that only one group can have.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'c> {
    /// A seeded hash of it.
    pub hash: u128,
    /// Whether it goes before those that are not strong, however recent these are.
    pub is_strong: bool,
    /// What is told to those that lose it; see [`Lost`](crate::Lost).
    pub note: &'c [u8],
}

/// Why rows could not be brought together.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A temporary file failed.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory: 256 << 20, temp_dir: std::env::temp_dir(), threads: 1, linking: Linking::default() }
    }
}

/// Takes rows in.
#[derive(Debug)]
pub struct Merger {
    options: Options,
    space: Space,
    log: Log,
    /// By hash and row; the text is the payload.
    keys: Sorter<2>,
    claims: claims::Index,
    rows: u64,
}

impl Merger {
    /// One without rows.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let chunk = (options.memory / CHUNKS_IN_MEMORY).clamp(*CHUNK_BYTES.start(), *CHUNK_BYTES.end());
        let space = Space::new(options.temp_dir.clone()).with_chunk_bytes(chunk);
        Self {
            log: Log::new(&space),
            keys: Sorter::new(&space, u64::MAX),
            claims: claims::Index::new(&space),
            rows: 0,
            space,
            options,
        }
    }

    /// How many rows came so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Where temporary files go, and how much was written there.
    #[must_use]
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Takes a row.
    ///
    /// # Errors
    /// If a temporary file failed; the work cannot go on then.
    pub fn push(&mut self, row: &Row<'_>) -> Result<(), SpillError> {
        let nth = self.rows;
        self.rows += 1;
        for key in row.keys {
            self.keys.push_parts([key.hash, nth], &key.text);
        }
        for claim in row.claims {
            self.claims.push(claim, nth, row.rank);
        }
        let rank = row.rank.to_le_bytes();
        match *row.content {
            [one] => self.log.push(&[&rank, one])?,
            [one, two] => self.log.push(&[&rank, one, two])?,
            [one, two, three] => self.log.push(&[&rank, one, two, three])?,
            _ => self.log.push(&[&rank, &row.content.concat()])?,
        };
        // What is left of the budget is for the steps that follow.
        let most = self.options.memory / 4 * 3;
        while self.log.bytes() + self.keys.bytes() + self.claims.bytes() > most {
            let (log, keys, claims) = (self.log.bytes(), self.keys.bytes(), self.claims.bytes());
            if log >= keys && log >= claims {
                self.log.spill()?;
            } else if keys >= claims {
                self.keys.spill()?;
            } else {
                self.claims.spill()?;
            }
        }
        Ok(())
    }

    /// All rows are in: finds out which belong together. `stop` is asked now and then whether to give up.
    ///
    /// # Errors
    /// If a temporary file failed, or it was asked to stop.
    pub fn finish(self, stop: &dyn Fn() -> bool) -> Result<Groups, MergeError> {
        let Self { options, space, mut log, keys, claims, rows } = self;
        log.seal()?;
        let memory = options.memory;
        let mut work = Work { space: &space, memory, threads: options.threads, rows, stop, steps: 0 };
        let keys = keys.finish(memory / 4, options.threads)?;
        let displaced = match options.linking {
            Linking::None => displaced::by_key(&keys, &mut work)?,
            Linking::Transitive => displaced::by_links(&keys, &mut work)?,
        };
        drop(keys);
        let lost = claims.resolve(&displaced, &mut work)?;
        let followers = displaced::followers(&log, &displaced, &mut work)?;
        Ok(Groups::new(log, &displaced, &followers, &lost, space)?)
    }
}

/// What the steps work with.
pub(crate) struct Work<'w> {
    pub(crate) space: &'w Space,
    pub(crate) memory: usize,
    pub(crate) threads: usize,
    pub(crate) rows: u64,
    stop: &'w dyn Fn() -> bool,
    steps: u32,
}

impl Work<'_> {
    /// A sorter of entries whose first number is that of a row.
    pub(crate) fn by_row<const N: usize>(&self) -> Sorter<N> {
        Sorter::new(self.space, self.rows)
    }

    /// To be called at each step.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<(), MergeError> {
        self.steps += 1;
        if self.steps == STEPS_UNTIL_LOOK {
            self.steps = 0;
            if (self.stop)() {
                return Err(MergeError::Stopped);
            }
        }
        Ok(())
    }

    /// Gives a part of the budget to a sorter.
    #[inline]
    pub(crate) fn bound<const N: usize>(sorter: &mut Sorter<N>, most: usize) -> Result<(), SpillError> {
        if sorter.bytes() > most { sorter.spill() } else { Ok(()) }
    }

    /// All entries are in.
    pub(crate) fn sort<const N: usize>(&self, sorter: Sorter<N>) -> Result<spill::Sorted<N>, SpillError> {
        sorter.finish(self.memory / 8, self.threads)
    }
}
