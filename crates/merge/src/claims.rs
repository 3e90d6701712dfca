//! What only one group can have, and which groups want it.

use spill::{Sorted, Sorter, Space, SpillError, signed_key};

use crate::displaced::Displaced;
use crate::merger::{Claim, MergeError, Work};

/// Claims that groups lose: by the first row of the group and the hash, with the winner's note.
pub(crate) type LostClaims = Sorted<3>;

/// All claims: by hash, and by their row with whether they are strong in the lowest bit; with rank and note.
#[derive(Debug)]
pub(crate) struct Index(Sorter<3>);

/// Bytes of the rank before the note.
const RANK_BYTES: usize = size_of::<u64>();

impl Index {
    pub(crate) fn new(space: &Space) -> Self {
        Self(Sorter::new(space, u64::MAX))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    pub(crate) fn spill(&mut self) -> Result<(), SpillError> {
        self.0.spill()
    }

    pub(crate) fn push(&mut self, claim: &Claim<'_>, row: u64, rank: i64) {
        let [upper, lower] = halves(claim.hash);
        let key = [upper, lower, row << 1 | u64::from(claim.is_strong)];
        self.0.push_parts(key, &[&signed_key(rank).to_le_bytes(), claim.note]);
    }

    /// Finds the claims that several groups make. Of these the strong ones win, then the most recent one.
    pub(crate) fn resolve(
        self,
        displaced: &Displaced,
        work: &mut Work<'_>,
    ) -> Result<LostClaims, MergeError> {
        let most = work.memory / 8;
        let all = self.0.finish(work.memory / 4, work.threads)?;
        let repeated = repeated(&all, work)?;
        drop(all);

        // Each claim with its group, the strongest of a hash first.
        let mut by_strength: Sorter<5> = Sorter::new(work.space, u64::MAX);
        let mut groups = displaced.cursor()?;
        let mut cursor = repeated.cursor()?;
        let mut payload = Vec::new();
        while let Some(([row_and_strength, upper, lower], note)) = cursor.peek() {
            work.step()?;
            let row = row_and_strength >> 1;
            while groups.key().is_some_and(|[displaced, _]| displaced < row) {
                groups.advance()?;
            }
            let group =
                groups.key().filter(|[displaced, _]| *displaced == row).map_or(row, |[_, first]| first);
            let (rank, note) = note.split_first_chunk::<RANK_BYTES>().unwrap_or((&[0; RANK_BYTES], &[]));
            let is_weak = u64::from(row_and_strength & 1 == 0);
            payload.clear();
            payload.extend_from_slice(&group.to_le_bytes());
            payload.extend_from_slice(note);
            by_strength.push([upper, lower, is_weak, !u64::from_le_bytes(*rank), !row], &payload);
            Work::bound(&mut by_strength, most)?;
            cursor.advance()?;
        }
        drop(cursor);
        lost(&work.sort(by_strength)?, work)
    }
}

/// The claims whose hash occurs more than once: by row, with their hash.
fn repeated(all: &Sorted<3>, work: &mut Work<'_>) -> Result<Sorted<3>, MergeError> {
    let most = work.memory / 8;
    let mut found: Sorter<3> = Sorter::new(work.space, work.rows << 1);
    let mut cursor = all.cursor()?;
    let mut last = None;
    let mut held: Option<([u64; 3], Vec<u8>)> = None;
    while let Some([upper, lower, row]) = cursor.key() {
        work.step()?;
        let is_repeated = last == Some([upper, lower]);
        last = Some([upper, lower]);
        if !is_repeated {
            held = None;
            if cursor.may_repeat() {
                held = cursor.peek().map(|(_, note)| ([row, upper, lower], note.to_vec()));
            }
            cursor.advance()?;
            continue;
        }
        if let Some((key, note)) = held.take() {
            found.push(key, &note);
        }
        if let Some((_, note)) = cursor.peek() {
            found.push([row, upper, lower], note);
        }
        Work::bound(&mut found, most)?;
        cursor.advance()?;
    }
    Ok(work.sort(found)?)
}

/// Who loses what.
fn lost(by_strength: &Sorted<5>, work: &mut Work<'_>) -> Result<LostClaims, MergeError> {
    let most = work.memory / 8;
    let mut lost = work.by_row();
    let mut cursor = by_strength.cursor()?;
    let mut winner: Option<([u64; 2], u64, Vec<u8>)> = None;
    while let Some(([upper, lower, ..], payload)) = cursor.peek() {
        work.step()?;
        let (group, note) = payload.split_first_chunk().unwrap_or((&[0; size_of::<u64>()], &[]));
        let group = u64::from_le_bytes(*group);
        match &winner {
            Some((hash, its_group, its_note)) if *hash == [upper, lower] => {
                if *its_group != group {
                    lost.push([group, upper, lower], its_note);
                    Work::bound(&mut lost, most)?;
                }
            }
            _ => winner = Some(([upper, lower], group, note.to_vec())),
        }
        cursor.advance()?;
    }
    Ok(work.sort(lost)?)
}

fn halves(hash: u128) -> [u64; 2] {
    [(hash >> 64) as u64, hash as u64]
}

pub(crate) fn whole([upper, lower]: [u64; 2]) -> u128 {
    u128::from(upper) << 64 | u128::from(lower)
}
