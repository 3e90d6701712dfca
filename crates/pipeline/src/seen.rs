//! Keys that came before, as long as memory holds them.

use std::hash::{BuildHasher, RandomState};

use contact::Key;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use spill::{Log, Place, Space};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use crate::held_row::Spot;

/// Hashes with a seed of this run: nobody can prepare keys that collide.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hasher(u64);

impl Hasher {
    pub(crate) fn new() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    pub(crate) fn of_key(self, key: Key<'_>) -> u64 {
        // The field's name goes into the seed: an email is not equal to the same text as an identifier.
        let seed = key.field.bytes().fold(self.0, |seed, byte| seed.rotate_left(5) ^ u64::from(byte));
        xxh3_64_with_seed(key.value.as_bytes(), seed)
    }

    pub(crate) fn of_token(self, token: &str) -> u128 {
        xxh3_128_with_seed(token.as_bytes(), self.0)
    }
}

/// The two parts of a key's text: what tells its field from the others, and its value.
pub(crate) fn key_text<'k>(field: &str, value: &'k [u8]) -> [&'k [u8]; 2] {
    // No name is the beginning of another one that is followed by this byte.
    let field: &'static [u8] = match field {
        "externalCustomerId" => b"x\0",
        "email" => b"e\0",
        "sms" => b"s\0",
        "push" => b"p\0",
        "webpush" => b"w\0",
        "id" => b"i\0",
        _ => b"f\0",
    };
    [field, value]
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It did not come before; from now on it did.
    New,
    /// It came before, there.
    Before { input: u32, line: u64 },
    /// It is not among those that memory holds, and there is no room for more.
    Unknown,
}

/// Keys that came before, with their texts and where that was.
#[derive(Debug)]
pub(crate) struct SeenKeys {
    keys: HashTable<SeenKey>,
    texts: Log,
    most_bytes: usize,
    is_full: bool,
}

#[derive(Clone, Copy, Debug)]
struct SeenKey {
    hash: u64,
    text: Place,
    line: u64,
    input: u32,
}

impl SeenKeys {
    /// None so far, and room for so many bytes.
    pub(crate) fn new(most_bytes: usize) -> Self {
        // Its log never spills.
        let space = Space::new(std::env::temp_dir()).with_chunk_bytes((most_bytes / 64).clamp(512, 1 << 20));
        Self { keys: HashTable::new(), texts: Log::new(&space), most_bytes, is_full: false }
    }

    /// Looks whether a key came before, and remembers it if not.
    pub(crate) fn see(&mut self, hash: u64, text: [&[u8]; 2], spot: Spot) -> Sight {
        let Self { keys, texts, .. } = self;
        let is_it = |known: &SeenKey| {
            let known_text = texts.get(known.text);
            known.hash == hash && known_text.strip_prefix(text[0]).is_some_and(|value| value == text[1])
        };
        if self.is_full {
            return match keys.find(hash, is_it) {
                Some(known) => Sight::Before { input: known.input, line: known.line },
                None => Sight::Unknown,
            };
        }
        match keys.entry(hash, is_it, |known| known.hash) {
            Entry::Occupied(known) => Sight::Before { input: known.get().input, line: known.get().line },
            Entry::Vacant(place) => {
                // A log that never spills writes to no file that could fail.
                let Ok(text) = texts.push(&text) else { return Sight::Unknown };
                place.insert(SeenKey { hash, text, line: spot.line, input: spot.input });
                // When the table grows, old and new are there at once.
                let bytes = keys.allocation_size() + texts.bytes();
                let grows = keys.len() == keys.capacity();
                self.is_full = bytes + usize::from(grows) * 2 * keys.allocation_size() > self.most_bytes;
                Sight::New
            }
        }
    }

    /// Forgets a key: its contact is not written after all.
    pub(crate) fn forget(&mut self, hash: u64, text: [&[u8]; 2]) {
        let Self { keys, texts, .. } = self;
        let is_it = |known: &SeenKey| {
            known.hash == hash
                && texts.get(known.text).strip_prefix(text[0]).is_some_and(|value| value == text[1])
        };
        if let Ok(known) = keys.find_entry(hash, is_it) {
            known.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(input: u32, line: u64) -> Spot {
        Spot { input, line, byte_offset: 0 }
    }

    fn see(keys: &mut SeenKeys, field: &'static str, value: &str, at: Spot) -> Sight {
        // All hashes are the same: keys are told apart by their texts.
        keys.see(7, key_text(field, value.as_bytes()), at)
    }

    #[test]
    fn a_key_is_known_by_its_field_and_value_and_remembers_its_first_place() {
        let mut keys = SeenKeys::new(1 << 20);
        let first = spot(3, 17);
        assert_eq!(see(&mut keys, "email", "a@example.com", first), Sight::New);
        assert_eq!(see(&mut keys, "sms", "a@example.com", first), Sight::New);
        assert_eq!(
            see(&mut keys, "email", "a@example.com", spot(4, 1)),
            Sight::Before { input: 3, line: 17 }
        );
        keys.forget(7, key_text("email", b"a@example.com"));
        assert_eq!(see(&mut keys, "email", "a@example.com", spot(4, 1)), Sight::New);
    }

    #[test]
    fn what_memory_does_not_hold_is_not_known() {
        let mut keys = SeenKeys::new(2000);
        let values: Vec<String> = (0..500).map(|nth| format!("key-{nth}")).collect();
        let sights: Vec<Sight> = values
            .iter()
            .zip(1..)
            .map(|(value, line)| see(&mut keys, "email", value, spot(0, line)))
            .collect();
        let known = sights.iter().filter(|sight| **sight == Sight::New).count();
        assert!((1..100).contains(&known), "{known}");
        assert!(sights[known..].iter().all(|sight| *sight == Sight::Unknown));
        assert_eq!(see(&mut keys, "email", "key-0", spot(9, 9)), Sight::Before { input: 0, line: 1 });
        assert_eq!(see(&mut keys, "email", "key-499", spot(9, 9)), Sight::Unknown);
    }
}
