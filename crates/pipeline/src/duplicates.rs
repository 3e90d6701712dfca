//! Contacts whose key came before.

use std::hash::{BuildHasher, RandomState};

use contact::Key;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// What happens to a contact whose key came before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// The first contact of a key stays; later ones are left out, and told.
    #[default]
    First,
    /// All are kept: the keys are known to be unique, or it does not matter.
    Keep,
    /// Later contacts of a key are rejected.
    Reject,
}

impl OnDuplicate {
    /// The word for it in options and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Keep => "keep",
            Self::Reject => "reject",
        }
    }
}

/// Where a key was seen first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) input: usize,
    /// From 1.
    pub(crate) line: u64,
}

/// Hashes keys to 128 bits, with a seed of this run: nobody can prepare keys that collide.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyHasher(u64);

impl KeyHasher {
    pub(crate) fn new() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    pub(crate) fn of(self, key: Key<'_>) -> u128 {
        self.hash(key.field, key.value)
    }

    fn hash(self, field: &str, value: &str) -> u128 {
        // The field's name goes into the seed: an email is not equal to the same text as an identifier.
        let seed = field.bytes().fold(self.0, |seed, byte| seed.rotate_left(5) ^ u64::from(byte));
        xxh3_128_with_seed(value.as_bytes(), seed)
    }
}

/// The keys seen so far: 24 bytes each, and where they were seen.
#[derive(Default)]
pub(crate) struct SeenKeys {
    keys: HashTable<[u64; 3]>,
}

/// Bits of a position that hold the line; the rest hold the input.
const LINE_BITS: u32 = 40;

impl SeenKeys {
    /// Remembers a key; if it came before, says where.
    pub(crate) fn insert(&mut self, key: u128, seen: Seen) -> Option<Seen> {
        let (high, low) = ((key >> 64) as u64, key as u64);
        let entry = self.keys.entry(low, |known| known[0] == low && known[1] == high, |known| known[0]);
        match entry {
            Entry::Occupied(known) => {
                let position = known.get()[2];
                Some(Seen {
                    input: (position >> LINE_BITS) as usize,
                    line: position & ((1 << LINE_BITS) - 1),
                })
            }
            Entry::Vacant(place) => {
                place.insert([low, high, (seen.input as u64) << LINE_BITS | seen.line]);
                None
            }
        }
    }

    /// Forgets a key: its contact is not written after all.
    pub(crate) fn remove(&mut self, key: u128) {
        let (high, low) = ((key >> 64) as u64, key as u64);
        if let Ok(known) = self.keys.find_entry(low, |known| known[0] == low && known[1] == high) {
            known.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_field_and_value_and_remembers_its_first_place() {
        let hasher = KeyHasher::new();
        let mut keys = SeenKeys::default();
        let first = Seen { input: 3, line: 17 };
        assert_eq!(keys.insert(hasher.hash("email", "a@example.com"), first), None);
        assert_eq!(keys.insert(hasher.hash("sms", "a@example.com"), first), None);
        assert_eq!(
            keys.insert(hasher.hash("email", "a@example.com"), Seen { input: 4, line: 1 }),
            Some(first)
        );
    }
}
