//! Which rows go to an earlier one.

use spill::{Log, Sorted, Sorter, SpillError, signed_key};

use crate::merger::{MergeError, Work};

/// Rows, each with the first row of its group, which is another one; sorted.
pub(crate) type Displaced = Sorted<2>;

/// Rows that share a key.
pub(crate) fn by_key(keys: &Sorted<2>, work: &mut Work<'_>) -> Result<Displaced, MergeError> {
    let mut displaced = work.by_row();
    shared(keys, work, &mut displaced)?;
    Ok(work.sort(displaced)?)
}

/// Appends, for each row with a key that an earlier row has, itself and the first such row.
fn shared(keys: &Sorted<2>, work: &mut Work<'_>, found: &mut Sorter<2>) -> Result<(), MergeError> {
    let most = work.memory / 8;
    let mut cursor = keys.cursor()?;
    let mut texts = Texts::default();
    let mut last = None;
    while let Some([hash, row]) = cursor.key() {
        work.step()?;
        if last != Some(hash) {
            texts.clear();
            last = Some(hash);
            if !cursor.may_repeat() {
                cursor.advance()?;
                continue;
            }
        }
        let text = cursor.peek().map_or(&[][..], |(_, text)| text);
        if let Some(first) = texts.first_row(text, row) {
            found.push([row, first], &[]);
            Work::bound(found, most)?;
        }
        cursor.advance()?;
    }
    Ok(())
}

/// The texts of one hash, nearly always one.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    /// Where each ends, and the first row that had it.
    known: Vec<(usize, u64)>,
}

impl Texts {
    fn clear(&mut self) {
        self.bytes.clear();
        self.known.clear();
    }

    /// The first row that had this text, if this one is not.
    fn first_row(&mut self, text: &[u8], row: u64) -> Option<u64> {
        let mut start = 0;
        for &(end, first) in &self.known {
            if self.bytes.get(start..end) == Some(text) {
                return Some(first);
            }
            start = end;
        }
        self.bytes.extend_from_slice(text);
        self.known.push((self.bytes.len(), row));
        None
    }
}

/// Rows that are linked, through however many others.
///
/// The links are edges of a graph, and each row goes to the smallest of its component. Two steps in turn bring every row
/// nearer to it: the neighbours that come after a row are tied to the smallest in its neighbourhood, then those that come
/// before it. When nothing changes any more, all edges lead from a row to the first of its component. (Alternating large-star
/// and small-star; Kiveris and others, "Connected Components in MapReduce and Beyond", 2014.) Everything is sorting, so it
/// needs no memory for the graph.
pub(crate) fn by_links(keys: &Sorted<2>, work: &mut Work<'_>) -> Result<Displaced, MergeError> {
    let mut links = work.by_row();
    shared(keys, work, &mut links)?;
    let mut links = work.sort(links)?;
    loop {
        let large = star(&links, Side::Later, work)?;
        let small = star(&large, Side::Earlier, work)?;
        if are_equal(&links, &small, work)? {
            return Ok(small);
        }
        links = small;
    }
}

/// Which neighbours of a row are tied to the smallest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Later,
    Earlier,
}

/// One step over all rows. Edges lead from the later row to the earlier one, here and in what it gives.
fn star(edges: &Sorted<2>, side: Side, work: &mut Work<'_>) -> Result<Sorted<2>, MergeError> {
    let most = work.memory / 8;
    let both;
    let neighbours = if side == Side::Later {
        let mut sorter = work.by_row();
        let mut cursor = edges.cursor()?;
        while let Some([later, earlier]) = cursor.key() {
            work.step()?;
            sorter.push([later, earlier], &[]);
            sorter.push([earlier, later], &[]);
            Work::bound(&mut sorter, most)?;
            cursor.advance()?;
        }
        both = work.sort(sorter)?;
        &both
    } else {
        edges
    };
    let mut tied = work.by_row();
    let mut cursor = neighbours.cursor()?;
    // The row, and the smallest of it and its neighbours, of which the first is the smallest.
    let mut at: Option<(u64, u64)> = None;
    let mut last = None;
    while let Some([row, neighbour]) = cursor.key() {
        work.step()?;
        cursor.advance()?;
        if last.replace([row, neighbour]) == Some([row, neighbour]) {
            continue;
        }
        let is_first = at.is_none_or(|(known, _)| known != row);
        if is_first {
            at = Some((row, row.min(neighbour)));
        }
        let smallest = at.map_or(row, |(_, smallest)| smallest);
        match side {
            Side::Later if neighbour > row => tied.push([neighbour, smallest], &[]),
            Side::Later => {}
            Side::Earlier => {
                if is_first {
                    tied.push([row, smallest], &[]);
                }
                if neighbour != smallest {
                    tied.push([neighbour, smallest], &[]);
                }
            }
        }
        Work::bound(&mut tied, most)?;
    }
    Ok(work.sort(tied)?)
}

/// Whether both have the same edges, whatever stands in them twice.
fn are_equal(one: &Sorted<2>, other: &Sorted<2>, work: &mut Work<'_>) -> Result<bool, MergeError> {
    let (mut one, mut other) = (one.cursor()?, other.cursor()?);
    loop {
        work.step()?;
        let (here, there) = (one.key(), other.key());
        if here != there {
            return Ok(false);
        }
        if here.is_none() {
            return Ok(true);
        }
        while one.key() == here {
            one.advance()?;
        }
        while other.key() == there {
            other.advance()?;
        }
    }
}

/// The rows that go to another one, by that one, their rank and themselves. The payload is the record of the log, or its
/// place if the log is in memory.
pub(crate) fn followers(
    log: &Log,
    displaced: &Displaced,
    work: &mut Work<'_>,
) -> Result<Sorted<3>, MergeError> {
    let mut followers = work.by_row();
    let mut cursor = displaced.cursor()?;
    let mut reader = log.reader();
    let mut row = 0;
    let most = work.memory / 4 * 3;
    while let Some([wanted, first]) = cursor.key() {
        work.step()?;
        if let Some((place, record)) = reader.next(log)? {
            if row == wanted {
                let key = [first, signed_key(rank(record)), row];
                if log.is_spilled() {
                    followers.push(key, record);
                } else {
                    followers.push(key, &place.to_bits().to_le_bytes());
                }
                Work::bound(&mut followers, most)?;
            }
        } else {
            return Err(missing(work).into());
        }
        row += 1;
        if row > wanted {
            cursor.advance()?;
        }
    }
    Ok(work.sort(followers)?)
}

/// The log is shorter than it was written: somebody else has changed the file.
fn missing(work: &Work<'_>) -> SpillError {
    SpillError {
        operation: spill::SpillOperation::Read,
        dir: work.space.dir().to_owned(),
        source: std::io::ErrorKind::UnexpectedEof.into(),
    }
}

/// The rank that a record of the log begins with.
pub(crate) fn rank(record: &[u8]) -> i64 {
    record.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

/// Whether the row is the one that the cursor is on; then it goes on.
pub(crate) fn is_displaced(cursor: &mut spill::Cursor<2>, row: u64) -> Result<bool, SpillError> {
    if cursor.key().is_none_or(|[displaced, _]| displaced != row) {
        return Ok(false);
    }
    cursor.advance()?;
    Ok(true)
}
