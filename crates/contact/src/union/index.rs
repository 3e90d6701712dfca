//! Finds elements by what makes them the same.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Up to here looking at each is faster than a table.
const FEW: usize = 8;

/// Numbers from 0 on, by hashes.
#[derive(Debug)]
pub(super) struct Index {
    hashes: Vec<u64>,
    /// Empty as long as there are few.
    table: HashTable<u32>,
    /// Nobody who writes an export can know which texts share a hash.
    seed: u64,
}

impl Default for Index {
    fn default() -> Self {
        Self { hashes: Vec::new(), table: HashTable::new(), seed: RandomState::new().hash_one(0_u8) }
    }
}

impl Index {
    pub(super) fn clear(&mut self) {
        if self.hashes.len() > FEW {
            self.table = HashTable::new();
            self.hashes = Vec::new();
        }
        self.hashes.clear();
    }

    pub(super) fn hash(&self, bytes: &[u8]) -> u64 {
        xxh3_64_with_seed(bytes, self.seed)
    }

    /// The number that has this hash and is the right one.
    pub(super) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        if self.hashes.len() <= FEW {
            let numbers = (0..).zip(&self.hashes);
            return numbers.filter(|(_, known)| **known == hash).map(|(nth, _)| nth).find(|nth| is(*nth));
        }
        self.table.find(hash, |nth| self.hashes[*nth as usize] == hash && is(*nth)).copied()
    }

    /// Gives the next number to a hash.
    pub(super) fn insert(&mut self, hash: u64) {
        let nth = self.hashes.len();
        self.hashes.push(hash);
        if nth >= FEW {
            // The first time those before it come in too.
            let first = if nth == FEW { 0 } else { nth };
            let Self { hashes, table, .. } = self;
            for nth in first..=nth {
                table.insert_unique(hashes[nth], nth as u32, |known| hashes[*known as usize]);
            }
        }
    }

    /// Leaves out those numbers that do not stay; the others move up.
    pub(super) fn retain(&mut self, stays: impl Fn(usize) -> bool) {
        let hashes = std::mem::take(&mut self.hashes);
        self.table.clear();
        for (_, hash) in hashes.into_iter().enumerate().filter(|(nth, _)| stays(*nth)) {
            self.insert(hash);
        }
    }
}
