//! Groups of rows on their way to be folded, as many as make a piece of work.

use std::ops::Range;
use std::sync::Arc;

use merge::{Lost, content_at};
use spill::{Cursor, Log, Place, Sorted, Sorter, Space, SpillError, signed_key};

use crate::fold::Folded;

/// Bytes of rows that make a piece of work.
const UNIT_BYTES: usize = 256 << 10;

/// Rows in the log that make a piece of work.
const UNIT_ROWS: usize = 512;

/// A group of more bytes is not held in memory.
const MOST_GROUP_BYTES: usize = 1 << 20;

/// Memory of a large group before it goes to a file.
const LARGE_GROUP_MEMORY: usize = 8 << 20;

/// Groups of rows, and what becomes of them.
#[derive(Debug, Default)]
pub(crate) struct Unit {
    /// The rows, one after the other.
    bytes: Vec<u8>,
    rows: Vec<(i64, Stored)>,
    /// Where rows are that are not in the unit.
    log: Option<Arc<Log>>,
    pub(crate) groups: Vec<Group>,
    /// The contacts that were made of several rows.
    pub(crate) encoded: Vec<u8>,
}

/// Where a row is.
#[derive(Clone, Debug)]
pub(crate) enum Stored {
    /// In the unit.
    Here(Range<usize>),
    /// In the log.
    InLog(Place),
}

/// The rows of one key.
#[derive(Debug)]
pub(crate) struct Group {
    rows: Rows,
    /// What it loses to other groups.
    pub(crate) lost: Vec<Lost>,
    /// What it came to, once it is folded.
    pub(crate) folded: Folded,
}

#[derive(Debug)]
enum Rows {
    /// In the unit.
    Here(Range<usize>),
    /// Too many for that.
    Coming(Box<Sorter<2>>),
    Apart(Sorted<2>),
}

/// The rows of a group, to be read any number of times, from the least to the most recent.
pub(crate) enum GroupRows<'u> {
    Here { bytes: &'u [u8], log: Option<&'u Log>, rows: std::slice::Iter<'u, (i64, Stored)> },
    Apart { cursor: Cursor<2>, is_read: bool },
}

impl Unit {
    pub(crate) fn clear(&mut self) {
        if self.bytes.capacity() > 2 * (UNIT_BYTES + MOST_GROUP_BYTES) {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        self.rows.clear();
        self.groups.clear();
        self.encoded.clear();
    }

    /// Whether it is enough for a piece of work.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= UNIT_BYTES
            || self.rows.len() >= UNIT_ROWS
            || self.groups.iter().any(|group| !matches!(group.rows, Rows::Here(_)))
    }

    /// Begins a group.
    pub(crate) fn begin(&mut self, lost: Vec<Lost>) {
        let rows = Rows::Here(self.rows.len()..self.rows.len());
        self.groups.push(Group { rows, lost, folded: Folded::NotYet });
    }

    /// Adds a row, given in parts, to the group that was begun last.
    pub(crate) fn push(&mut self, rank: i64, row: &[&[u8]], space: &Space) -> Result<(), SpillError> {
        let Some(group) = self.groups.last_mut() else { return Ok(()) };
        if let Rows::Here(rows) = &mut group.rows {
            let start = self.bytes.len();
            row.iter().for_each(|part| self.bytes.extend_from_slice(part));
            self.rows.push((rank, Stored::Here(start..self.bytes.len())));
            rows.end += 1;
            let Stored::Here(Range { start: first, .. }) = self.rows[rows.start].1 else { return Ok(()) };
            if self.bytes.len() - first > MOST_GROUP_BYTES && rows.len() > 1 {
                let mut sorter = Sorter::new(space, u64::MAX);
                for (rank, row) in self.rows.drain(rows.clone()) {
                    let Stored::Here(row) = row else { continue };
                    sorter.push([signed_key(rank), sorter.entries()], &self.bytes[row]);
                }
                self.bytes.truncate(first);
                group.rows = Rows::Coming(Box::new(sorter));
            }
        } else if let Rows::Coming(sorter) = &mut group.rows {
            sorter.push_parts([signed_key(rank), sorter.entries()], row);
            if sorter.bytes() > LARGE_GROUP_MEMORY {
                sorter.spill()?;
            }
        }
        Ok(())
    }

    /// Adds a row of a log that is in memory to the group that was begun last. All rows of a group are there, then.
    pub(crate) fn push_place(&mut self, log: &Arc<Log>, place: Place) {
        if let Some(Group { rows: Rows::Here(rows), .. }) = self.groups.last_mut() {
            rows.end += 1;
            self.rows.push((0, Stored::InLog(place)));
            if self.log.is_none() {
                self.log = Some(Arc::clone(log));
            }
        }
    }

    /// All rows of the group that was begun last are in.
    pub(crate) fn end(&mut self) -> Result<(), SpillError> {
        let Some(group) = self.groups.last_mut() else { return Ok(()) };
        match std::mem::replace(&mut group.rows, Rows::Here(0..0)) {
            Rows::Here(range) => {
                // Rows of equal rank stay in their order.
                self.rows[range.clone()].sort_by_key(|(rank, _)| *rank);
                group.rows = Rows::Here(range);
            }
            Rows::Coming(sorter) => group.rows = Rows::Apart(sorter.finish(LARGE_GROUP_MEMORY, 1)?),
            apart @ Rows::Apart(_) => group.rows = apart,
        }
        Ok(())
    }

    /// How many rows a group has.
    pub(crate) fn rows(&self, group: usize) -> u64 {
        match &self.groups[group].rows {
            Rows::Here(range) => range.len() as u64,
            Rows::Coming(sorter) => sorter.entries(),
            Rows::Apart(sorted) => sorted.entries(),
        }
    }

    /// The rows of a group.
    pub(crate) fn read(&self, group: usize) -> Result<GroupRows<'_>, SpillError> {
        Ok(match &self.groups[group].rows {
            Rows::Here(range) => {
                let rows = self.rows[range.clone()].iter();
                GroupRows::Here { bytes: &self.bytes, log: self.log.as_deref(), rows }
            }
            Rows::Apart(sorted) => GroupRows::Apart { cursor: sorted.cursor()?, is_read: false },
            // Only groups that have ended are read.
            Rows::Coming(_) => GroupRows::Here { bytes: &[], log: None, rows: [].iter() },
        })
    }

    /// Whether the rows of a group are too many to be in memory.
    pub(crate) fn is_large(&self, group: usize) -> bool {
        !matches!(self.groups[group].rows, Rows::Here(_))
    }
}

impl GroupRows<'_> {
    /// The next row.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, SpillError> {
        match self {
            Self::Here { bytes, log, rows } => Ok(rows.next().map(|(_, row)| match (row, log) {
                (Stored::Here(row), _) => &bytes[row.clone()],
                (Stored::InLog(place), Some(log)) => content_at(log, *place),
                // Places come with their log.
                (Stored::InLog(_), None) => &[],
            })),
            Self::Apart { cursor, is_read } => {
                if *is_read {
                    cursor.advance()?;
                }
                *is_read = true;
                Ok(cursor.peek().map(|(_, row)| row))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(unit: &Unit, group: usize) -> Vec<Vec<u8>> {
        let mut rows = unit.read(group).expect("it can be read");
        let mut read = Vec::new();
        while let Some(row) = rows.next().expect("it can be read") {
            read.push(row.to_vec());
        }
        read
    }

    #[test]
    fn rows_come_back_by_rank_and_then_in_their_order_however_many_there_are() {
        let space = Space::new(std::env::temp_dir());
        let mut unit = Unit::default();
        let row = |nth: usize| [vec![nth as u8], vec![b'x'; 1000]].concat();
        let counts = [1, 3, 12_000, 2, 1_500];
        for count in counts {
            unit.begin(Vec::new());
            for nth in 0..count {
                let row = row(nth);
                let rank = if nth % 2 == 0 { 5 } else { -5 };
                unit.push(rank, &[&row[..10], &row[10..]], &space).expect("there is room");
            }
            unit.end().expect("there is room");
        }
        assert!(space.bytes_written() > 0);
        for (group, count) in counts.into_iter().enumerate() {
            let expected: Vec<Vec<u8>> =
                (1..count).step_by(2).chain((0..count).step_by(2)).map(row).collect();
            assert_eq!(unit.rows(group), count as u64);
            assert_eq!(unit.is_large(group), count > 1000, "{count}");
            assert!(read(&unit, group) == expected && read(&unit, group) == expected, "{count}");
        }
    }
}
