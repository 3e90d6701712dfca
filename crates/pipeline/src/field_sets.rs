//! The field sets of a block's contacts.

use std::hash::{BuildHasher, RandomState};

use contact::FieldSet;
use hashbrown::HashTable;

/// Up to here looking at each is fast enough.
const FEW: usize = 64;

/// Field sets in the order in which they came, each once.
#[derive(Default)]
pub(crate) struct FieldSets {
    list: Vec<FieldSet>,
    /// The one that was asked for last.
    last: Option<usize>,
    /// Where each is in the list; empty as long as there are few.
    table: HashTable<usize>,
    hasher: RandomState,
}

impl FieldSets {
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.last = None;
        self.table = HashTable::new();
    }

    /// All of them.
    pub(crate) fn as_slice(&self) -> &[FieldSet] {
        &self.list
    }

    /// The place of a field set in the list.
    #[inline]
    pub(crate) fn place_of(&mut self, field_set: &FieldSet) -> usize {
        // The last one first: contacts of one kind often follow each other.
        if let Some(last) = self.last
            && self.list[last] == *field_set
        {
            return last;
        }
        let place =
            if self.list.len() <= FEW { self.among_few(field_set) } else { self.among_many(field_set) };
        self.last = Some(place);
        place
    }

    fn among_few(&mut self, field_set: &FieldSet) -> usize {
        // Numbers first: most field sets differ in them, and lists are compared by a call.
        let bits = field_set.standard.bits();
        let is_same = |known: &FieldSet| known.standard.bits() == bits && known.custom == field_set.custom;
        self.list.iter().position(is_same).unwrap_or_else(|| {
            self.list.push(field_set.clone());
            self.list.len() - 1
        })
    }

    /// A body can bring a million contacts, each with another field.
    fn among_many(&mut self, field_set: &FieldSet) -> usize {
        let Self { list, table, hasher, .. } = self;
        if table.is_empty() {
            for (place, known) in list.iter().enumerate() {
                table.insert_unique(hasher.hash_one(known), place, |place| hasher.hash_one(&list[*place]));
            }
        }
        let hash = hasher.hash_one(field_set);
        if let Some(place) = table.find(hash, |place| list[*place] == *field_set) {
            return *place;
        }
        list.push(field_set.clone());
        table.insert_unique(hash, list.len() - 1, |place| hasher.hash_one(&list[*place]));
        list.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use contact::StandardFields;

    use super::*;

    #[test]
    fn each_field_set_has_one_place_however_many_there_are() {
        let set = |nth: usize| {
            let custom = (0..nth / 4).map(|id| id as i32).collect();
            FieldSet { standard: StandardFields::from_bits(nth as u16 % 4), custom }
        };
        for count in [1, FEW, FEW + 1, FEW + 2, 1000] {
            let mut sets = FieldSets::default();
            for _ in 0..2 {
                for nth in (0..count).chain((0..count).rev()) {
                    assert_eq!(sets.place_of(&set(nth)), nth, "{count}");
                }
                assert_eq!(sets.as_slice(), (0..count).map(set).collect::<Vec<_>>());
                sets.clear();
                assert_eq!(sets.as_slice(), []);
            }
        }
    }
}
