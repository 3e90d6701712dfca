//! Giving the rows back, group by group.

use std::sync::Arc;

use spill::{Cursor, Log, LogReader, Place, Sorted, Space, SpillError, signed_key};

use crate::claims::{LostClaims, whole};
use crate::displaced::{Displaced, is_displaced, rank};

/// The groups, in the order of their first rows.
#[derive(Debug)]
pub struct Groups {
    log: Arc<Log>,
    reader: LogReader,
    /// The row that is read next.
    next: u64,
    displaced: Cursor<2>,
    followers: Cursor<3>,
    lost: Cursor<3>,
    group: Group,
    space: Space,
}

/// Where the current group stands.
#[derive(Debug, Default)]
struct Group {
    first: u64,
    /// The rank of its first row.
    rank: u64,
    /// Whether its first row was handed out.
    is_first_out: bool,
    /// Whether the follower that the cursor is on was handed out.
    is_follower_out: bool,
    lost: Vec<Lost>,
}

/// A claim that the group loses to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What was claimed.
    pub hash: u128,
    /// The note of the claim that wins.
    pub note: Vec<u8>,
}

/// Which row of the group is next.
enum Step {
    First,
    /// The one that the cursor is on.
    Follower,
    End,
}

/// What the row at this place of the log holds.
#[must_use]
pub fn content_at(log: &Log, place: Place) -> &[u8] {
    without_rank(log.get(place))
}

fn without_rank(record: &[u8]) -> &[u8] {
    record.get(size_of::<i64>()..).unwrap_or_default()
}

/// The place in the log of the follower that the cursor is on.
fn place(followers: &Cursor<3>) -> Place {
    let payload = followers.peek().map_or(&[][..], |(_, payload)| payload);
    Place::from_bits(payload.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)))
}

impl Groups {
    pub(crate) fn new(
        log: Log,
        displaced: &Displaced,
        followers: &Sorted<3>,
        lost: &LostClaims,
        space: Space,
    ) -> Result<Self, SpillError> {
        Ok(Self {
            reader: log.reader(),
            log: Arc::new(log),
            next: 0,
            displaced: displaced.cursor()?,
            followers: followers.cursor()?,
            lost: lost.cursor()?,
            group: Group::default(),
            space,
        })
    }

    /// Where temporary files are, and how much was written there.
    #[must_use]
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Goes to the next group, whatever was read of this one; `false` after the last.
    ///
    /// # Errors
    /// If a temporary file failed.
    pub fn next_group(&mut self) -> Result<bool, SpillError> {
        while self.next > 0 && self.next_follower().is_some() {
            self.followers.advance()?;
        }
        self.group.is_follower_out = false;
        loop {
            let Some((_, record)) = self.reader.next(&self.log)? else { return Ok(false) };
            let row = self.next;
            self.next += 1;
            if is_displaced(&mut self.displaced, row)? {
                continue;
            }
            let group = &mut self.group;
            (group.first, group.rank, group.is_first_out) = (row, signed_key(rank(record)), false);
            break;
        }
        self.group.lost.clear();
        while let Some(([first, upper, lower], note)) = self.lost.peek() {
            if first != self.group.first {
                break;
            }
            let hash = whole([upper, lower]);
            if self.group.lost.last().is_none_or(|last| last.hash != hash) {
                self.group.lost.push(Lost { hash, note: note.to_vec() });
            }
            self.lost.advance()?;
        }
        Ok(true)
    }

    /// What the current group loses to others.
    #[must_use]
    pub fn lost(&self) -> &[Lost] {
        &self.group.lost
    }

    /// Whether the current group has but one row.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.next_follower().is_none()
    }

    /// The log, if all rows are in memory: then [`next_place`](Self::next_place) says where they are in it.
    #[must_use]
    pub fn log(&self) -> Option<&Arc<Log>> {
        (!self.log.is_spilled()).then_some(&self.log)
    }

    /// The next row of the current group, like [`next_row`](Self::next_row), as its place in the [log](Self::log); what a row
    /// holds is given there by [`content_at`].
    ///
    /// # Errors
    /// If a temporary file failed.
    pub fn next_place(&mut self) -> Result<Option<Place>, SpillError> {
        Ok(match self.step()? {
            Step::First => Some(self.reader.place()),
            Step::Follower => Some(place(&self.followers)),
            Step::End => None,
        })
    }

    /// The next row of the current group, from the least to the most recent: its number, in the order of coming from 0, and
    /// what it holds.
    ///
    /// # Errors
    /// If a temporary file failed.
    pub fn next_row(&mut self) -> Result<Option<(u64, &[u8])>, SpillError> {
        match self.step()? {
            Step::First => Ok(Some((self.group.first, without_rank(self.reader.current(&self.log))))),
            Step::Follower => {
                let Some(([.., row], payload)) = self.followers.peek() else { return Ok(None) };
                let record =
                    if self.log.is_spilled() { payload } else { self.log.get(place(&self.followers)) };
                Ok(Some((row, without_rank(record))))
            }
            Step::End => Ok(None),
        }
    }

    /// Goes to the next row of the current group.
    fn step(&mut self) -> Result<Step, SpillError> {
        if self.group.is_follower_out {
            self.followers.advance()?;
            self.group.is_follower_out = false;
        }
        let follower = self.next_follower();
        let group = &mut self.group;
        let first = (group.rank, group.first);
        if !group.is_first_out && follower.is_none_or(|follower| first < follower) {
            group.is_first_out = true;
            return Ok(Step::First);
        }
        group.is_follower_out = follower.is_some();
        Ok(if follower.is_some() { Step::Follower } else { Step::End })
    }

    /// The rank and the number of the follower that the cursor is on, if it is of the current group.
    fn next_follower(&self) -> Option<(u64, u64)> {
        let [first, rank, row] = self.followers.key()?;
        (first == self.group.first).then_some((rank, row))
    }
}
