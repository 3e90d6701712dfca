//! The field sets at hand, found by content, forgotten by age.
//!
//! Sets that contacts were pushed to are *in use*; sets that were only asked for are *idle*. Both kinds are bounded on
//! their own, so that what happens to the sets in use follows from the pushes alone, whenever ids were asked for.

use std::hash::BuildHasher;

use contact::FieldSet;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::pages::Chain;

/// A field set known to a [`Batcher`](crate::Batcher); cheap to hold and to copy.
///
/// It stays good while fewer than 16,384 other sets are asked for, and is refused after that with
/// [`PushError::SetRetired`](crate::PushError::SetRetired). Sets with more than a hundred custom fields count for
/// several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SetId {
    slot: u32,
    generation: u32,
}

/// How many sets are held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SetLimits {
    /// Sets in use.
    pub(crate) used: usize,
    /// Sets that were only asked for.
    pub(crate) idle: usize,
    /// Ids of custom fields in all the sets of one kind.
    pub(crate) custom_ids: usize,
}

impl Default for SetLimits {
    fn default() -> Self {
        Self { used: 65_536, idle: 16_384, custom_ids: 2 << 20 }
    }
}

/// The body of a set that still takes contacts.
#[derive(Debug, Default)]
pub(crate) struct OpenBody {
    /// The part in the page file; it comes first.
    pub(crate) spilled: Chain,
    /// The part in memory.
    pub(crate) memory: Vec<u8>,
    pub(crate) contacts: u32,
}

impl OpenBody {
    pub(crate) fn bytes(&self) -> usize {
        self.spilled.bytes + self.memory.len()
    }
}

/// One set and what is kept for it.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) fields: FieldSet,
    /// Bytes after the last contact of a body with these fields.
    pub(crate) tail_bytes: usize,
    pub(crate) body: OpenBody,
    /// Contacts in the bodies that were closed.
    pub(crate) closed_contacts: u64,
    /// Bodies that were closed.
    pub(crate) closed_bodies: u64,
    /// When the set came into use, counted in sets; none while it is idle.
    pub(crate) rank: Option<u64>,
    hash: u64,
    generation: u32,
    older: u32,
    newer: u32,
}

/// "No set".
const NONE: u32 = u32::MAX;

/// Sets of one kind, the least recently used first: a list through the slots.
#[derive(Debug)]
struct ByAge {
    oldest: u32,
    newest: u32,
    sets: usize,
    custom_ids: usize,
}

impl ByAge {
    const EMPTY: Self = Self { oldest: NONE, newest: NONE, sets: 0, custom_ids: 0 };

    fn append(&mut self, slots: &mut [Set], slot: u32) {
        let set = &mut slots[slot as usize];
        (set.older, set.newer) = (self.newest, NONE);
        self.sets += 1;
        self.custom_ids += set.fields.custom.len();
        match self.newest {
            NONE => self.oldest = slot,
            newest => slots[newest as usize].newer = slot,
        }
        self.newest = slot;
    }

    fn remove(&mut self, slots: &mut [Set], slot: u32) {
        let set = &slots[slot as usize];
        let (older, newer) = (set.older, set.newer);
        self.sets -= 1;
        self.custom_ids -= set.fields.custom.len();
        match older {
            NONE => self.oldest = newer,
            older => slots[older as usize].newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => slots[newer as usize].older = older,
        }
    }

    /// The set to let go, if there are too many; never the only one.
    fn surplus(&self, sets: usize, custom_ids: usize) -> Option<u32> {
        (self.sets > 1 && (self.sets > sets || self.custom_ids > custom_ids)).then_some(self.oldest)
    }
}

/// The sets at hand.
#[derive(Debug)]
pub(crate) struct SetTable {
    limits: SetLimits,
    slots: Vec<Set>,
    vacant: Vec<u32>,
    by_content: HashTable<u32>,
    hasher: DefaultHashBuilder,
    used: ByAge,
    idle: ByAge,
    /// Sets that ever came into use.
    pub(crate) ever_used: u64,
}

impl SetTable {
    pub(crate) fn new(limits: SetLimits) -> Self {
        Self {
            limits,
            slots: Vec::new(),
            vacant: Vec::new(),
            by_content: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            used: ByAge::EMPTY,
            idle: ByAge::EMPTY,
            ever_used: 0,
        }
    }

    /// The id of a set; `tail_bytes` is asked only if the set is new.
    pub(crate) fn intern(&mut self, fields: &FieldSet, tail_bytes: impl FnOnce() -> usize) -> SetId {
        // Exports have long runs of equal sets.
        if let Some(set) = self.slots.get(self.used.newest as usize)
            && set.fields == *fields
        {
            return SetId { slot: self.used.newest, generation: set.generation };
        }
        let hash = self.hasher.hash_one(fields);
        let known = self.by_content.find(hash, |&slot| self.slots[slot as usize].fields == *fields).copied();
        let slot = match known {
            Some(slot) => {
                if self.slots[slot as usize].rank.is_none() {
                    self.idle.remove(&mut self.slots, slot);
                    self.idle.append(&mut self.slots, slot);
                }
                slot
            }
            None => {
                let slot = self.insert(fields, hash, tail_bytes());
                self.forget_idle();
                slot
            }
        };
        SetId { slot, generation: self.slots[slot as usize].generation }
    }

    /// Puts an idle set in.
    fn insert(&mut self, fields: &FieldSet, hash: u64, tail_bytes: usize) -> u32 {
        let mut set = Set {
            fields: fields.clone(),
            tail_bytes,
            body: OpenBody::default(),
            closed_contacts: 0,
            closed_bodies: 0,
            rank: None,
            hash,
            generation: 0,
            older: NONE,
            newer: NONE,
        };
        let slot = match self.vacant.pop() {
            Some(slot) => {
                let place = &mut self.slots[slot as usize];
                set.generation = place.generation;
                *place = set;
                slot
            }
            None => {
                // The limits keep the number of slots far below 2³².
                self.slots.push(set);
                self.slots.len() as u32 - 1
            }
        };
        self.idle.append(&mut self.slots, slot);
        self.by_content.insert_unique(hash, slot, |&slot| self.slots[slot as usize].hash);
        slot
    }

    /// Where a set is, if it is still there.
    pub(crate) fn slot(&self, id: SetId) -> Option<u32> {
        self.slots.get(id.slot as usize).filter(|set| set.generation == id.generation).map(|_| id.slot)
    }

    pub(crate) fn get(&self, slot: u32) -> &Set {
        &self.slots[slot as usize]
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut Set {
        &mut self.slots[slot as usize]
    }

    /// Notes that a contact is pushed to a set; says whether the set was idle until now.
    pub(crate) fn touch(&mut self, slot: u32) -> bool {
        if self.used.newest == slot {
            return false;
        }
        let set = &mut self.slots[slot as usize];
        let first = set.rank.is_none();
        if first {
            set.rank = Some(self.ever_used);
            self.ever_used += 1;
            self.idle.remove(&mut self.slots, slot);
        } else {
            self.used.remove(&mut self.slots, slot);
        }
        self.used.append(&mut self.slots, slot);
        first
    }

    /// The set in use that has to go because there are too many. It is never the one that was touched last.
    pub(crate) fn surplus(&self) -> Option<u32> {
        self.used.surplus(self.limits.used, self.limits.custom_ids)
    }

    /// Makes a set in use, whose body is closed, idle: its ids stay good for a while.
    pub(crate) fn retire(&mut self, slot: u32) {
        self.used.remove(&mut self.slots, slot);
        let set = &mut self.slots[slot as usize];
        (set.rank, set.closed_contacts, set.closed_bodies) = (None, 0, 0);
        set.body = OpenBody::default();
        self.idle.append(&mut self.slots, slot);
        self.forget_idle();
    }

    fn forget_idle(&mut self) {
        while let Some(slot) = self.idle.surplus(self.limits.idle, self.limits.custom_ids) {
            self.idle.remove(&mut self.slots, slot);
            let set = &mut self.slots[slot as usize];
            if let Ok(entry) = self.by_content.find_entry(set.hash, |&other| other == slot) {
                entry.remove();
            }
            set.generation = set.generation.wrapping_add(1);
            set.fields = FieldSet::default();
            self.vacant.push(slot);
        }
    }

    /// The sets in use, in the order in which they came into use.
    pub(crate) fn by_rank(&self) -> Vec<u32> {
        let mut ranked: Vec<(u64, u32)> =
            (0..).zip(&self.slots).filter_map(|(slot, set)| Some((set.rank?, slot))).collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, slot)| slot).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(ids: &[i32]) -> FieldSet {
        FieldSet { custom: ids.to_vec(), ..FieldSet::default() }
    }

    fn table(used: usize, idle: usize, custom_ids: usize) -> SetTable {
        SetTable::new(SetLimits { used, idle, custom_ids })
    }

    fn slot(table: &mut SetTable, id: i32) -> u32 {
        let id = table.intern(&custom(&[id]), || 0);
        table.slot(id).expect("an id just given is good")
    }

    #[test]
    fn equal_sets_have_one_id() {
        let mut table = table(8, 8, 100);
        let one = table.intern(&custom(&[1]), || 7);
        assert_ne!(one, table.intern(&custom(&[2]), || 7));
        assert_eq!(one, table.intern(&custom(&[1]), || unreachable!("the set is known")));
        let at = table.slot(one).expect("known");
        assert!(table.touch(at));
        assert!(!table.touch(at));
        assert_eq!(one, table.intern(&custom(&[1]), || unreachable!("the set is known")));
        assert_eq!((table.get(at).tail_bytes, table.ever_used), (7, 1));
    }

    #[test]
    fn the_idle_set_that_was_asked_for_longest_ago_is_forgotten_and_its_id_with_it() {
        let mut table = table(8, 2, 100);
        let one = table.intern(&custom(&[1]), || 0);
        let two = table.intern(&custom(&[2]), || 0);
        table.intern(&custom(&[1]), || 0);
        table.intern(&custom(&[3]), || 0);
        assert!(table.slot(one).is_some());
        assert!(table.slot(two).is_none());
        let again = table.intern(&custom(&[2]), || 0);
        assert!(table.slot(again).is_some());
        assert_ne!(two, again);
    }

    #[test]
    fn the_set_in_use_that_was_pushed_to_longest_ago_is_the_surplus_whatever_was_asked_for() {
        let mut table = table(2, 2, 100);
        let slots = [1, 2].map(|id| slot(&mut table, id));
        for at in [slots[0], slots[1], slots[0]] {
            table.touch(at);
        }
        assert_eq!(table.surplus(), None);
        // Asking for a set makes it no younger.
        slot(&mut table, 2);
        let three = slot(&mut table, 3);
        table.touch(three);
        assert_eq!(table.surplus(), Some(slots[1]));
        table.retire(slots[1]);
        assert_eq!(table.surplus(), None);
        assert_eq!(table.by_rank(), [slots[0], three]);
    }

    #[test]
    fn long_sets_count_by_their_custom_fields_and_the_newest_always_stays() {
        let mut table = table(100, 100, 10);
        let long = |table: &mut SetTable, first: i32, length: i32| {
            let id = table.intern(&custom(&(first..first + length).collect::<Vec<_>>()), || 0);
            let slot = table.slot(id).expect("an id just given is good");
            table.touch(slot);
            slot
        };
        let first = long(&mut table, 0, 6);
        assert_eq!(table.surplus(), None);
        let second = long(&mut table, 100, 50);
        assert_eq!(table.surplus(), Some(first));
        table.retire(first);
        assert_eq!(table.surplus(), None);
        assert_eq!(table.by_rank(), [second]);
    }
}
