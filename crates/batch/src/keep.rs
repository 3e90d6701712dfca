//! One open body per field set, in memory as long as there is room.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::path::PathBuf;

use contact::FieldSet;

use crate::body::{Body, Frame, HEAD, Sizes, capacity_within, reserve_within};
use crate::fill::SetFill;
use crate::pages::PageFile;
use crate::set_table::{OpenBody, Set, SetTable};
use spill::SpillError;

/// Why a body was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// A limit was reached.
    Full,
    /// Too many field sets were at hand.
    Early,
    /// The contacts ended.
    AtEnd,
}

/// A closed body whose bytes have not been put together yet.
#[derive(Debug)]
struct Waiting {
    body: OpenBody,
    fields: FieldSet,
    closed: Closed,
}

/// The open bodies of all sets, and the closed ones that nobody has fetched.
#[derive(Debug)]
pub(crate) struct OpenBodies {
    max_contacts: u32,
    max_bytes: usize,
    open_bytes: usize,
    pages: PageFile,
    /// Capacity of all open bodies, in bytes.
    in_memory: usize,
    waiting: VecDeque<Waiting>,
    /// After the end: sets whose open bodies are still to be closed.
    closing: VecDeque<u32>,
    /// The set with the fewest contacts per body, of those whose last body is known.
    pub(crate) worst: Option<SetFill>,
}

impl OpenBodies {
    pub(crate) fn new(max_contacts: u32, max_bytes: usize, open_bytes: usize, spill_dir: PathBuf) -> Self {
        Self {
            max_contacts,
            max_bytes,
            open_bytes,
            pages: PageFile::new(spill_dir),
            in_memory: 0,
            waiting: VecDeque::new(),
            closing: VecDeque::new(),
            worst: None,
        }
    }

    /// Adds a contact that fits into a body to the body of its set.
    pub(crate) fn push(
        &mut self,
        sets: &mut SetTable,
        slot: u32,
        contact: &[u8],
        spare: &mut Vec<Vec<u8>>,
    ) -> Result<(), SpillError> {
        // Room first: that can fail, and must leave everything as it was.
        let set = sets.get(slot);
        let grown = self.capacity_for(set, contact) - set.body.memory.capacity();
        if self.in_memory + grown > self.open_bytes {
            self.make_room(sets, grown)?;
        }
        sets.touch(slot);
        while let Some(surplus) = sets.surplus() {
            self.close(sets.get_mut(surplus), Closed::Early);
            self.judge(sets.get(surplus));
            sets.retire(surplus);
        }

        let set = sets.get_mut(slot);
        if set.body.contacts > 0 && !self.fits(set, contact) {
            self.close(set, Closed::Full);
        }
        // A set that filled a body will fill another one: it gets the memory of a body at once.
        if set.body.contacts == 0
            && set.closed_bodies > 0
            && let Some(buffer) = spare.pop_if(|buffer| self.in_memory + buffer.capacity() <= self.open_bytes)
        {
            self.in_memory += buffer.capacity();
            set.body.memory = buffer;
        }
        let capacity = self.capacity_for(set, contact);
        let body = &mut set.body;
        let before = body.memory.capacity();
        if capacity > before {
            body.memory.reserve_exact(capacity - body.memory.len());
        }
        self.in_memory += body.memory.capacity() - before;
        body.memory.extend_from_slice(if body.contacts == 0 { HEAD } else { b"," });
        body.memory.extend_from_slice(contact);
        body.contacts += 1;
        if body.contacts == self.max_contacts {
            self.close(set, Closed::Full);
        }
        Ok(())
    }

    /// How large the memory of a set has to be for a further contact, and the end of the body: it is not to be moved for that.
    /// The contacts that come after it are expected to be as large as those so far; that is only reckoned where there is no
    /// room left.
    fn capacity_for(&self, set: &Set, contact: &[u8]) -> usize {
        let body = &set.body;
        let room = 1 + HEAD.len() + contact.len() + set.tail_bytes;
        if body.memory.len() + room <= body.memory.capacity() {
            return body.memory.capacity();
        }
        let bytes = (body.bytes() + contact.len()) as u64;
        let full = bytes * u64::from(self.max_contacts) / u64::from(body.contacts + 1);
        // Sizes of single contacts differ much, those of some thousands together by less than this.
        let full = usize::try_from(full + full / 64).unwrap_or(usize::MAX).saturating_add(set.tail_bytes);
        let sizes = Sizes { expected: full.saturating_sub(body.spilled.bytes), most: self.max_bytes };
        capacity_within(&body.memory, room, sizes)
    }

    /// Whether a further contact keeps the complete body within its limit.
    fn fits(&self, set: &Set, contact: &[u8]) -> bool {
        set.body.bytes() + 1 + contact.len() + set.tail_bytes <= self.max_bytes
    }

    /// Moves the largest open bodies to the page file until half of the memory is free, so that a move is paid for by
    /// many contacts.
    fn make_room(&mut self, sets: &mut SetTable, needed: usize) -> Result<(), SpillError> {
        let target = (self.open_bytes / 2).saturating_sub(needed);
        let mut largest = sets.by_rank();
        largest.retain(|&slot| sets.get(slot).body.memory.capacity() > 0);
        largest.sort_by_key(|&slot| Reverse(sets.get(slot).body.memory.capacity()));
        for slot in largest {
            if self.in_memory <= target {
                break;
            }
            let body = &mut sets.get_mut(slot).body;
            body.spilled = self.pages.append(body.spilled, &body.memory)?;
            self.in_memory -= body.memory.capacity();
            body.memory = Vec::new();
        }
        Ok(())
    }

    /// Puts the open body of a set, if it has one, at the end of the waiting ones.
    fn close(&mut self, set: &mut Set, closed: Closed) {
        if set.body.contacts == 0 {
            return;
        }
        let body = std::mem::take(&mut set.body);
        self.in_memory -= body.memory.capacity();
        set.closed_contacts += u64::from(body.contacts);
        set.closed_bodies += 1;
        self.waiting.push_back(Waiting { body, fields: set.fields.clone(), closed });
    }

    /// Notes the end of the contacts.
    pub(crate) fn finish(&mut self, sets: &SetTable) {
        let ranked = sets.by_rank();
        for &slot in &ranked {
            self.judge(sets.get(slot));
        }
        self.closing = ranked.into();
    }

    /// Remembers a set that will have no more contacts if it filled its bodies worst.
    fn judge(&mut self, set: &Set) {
        let fill = SetFill {
            fields: FieldSet::default(),
            contacts: set.closed_contacts + u64::from(set.body.contacts),
            bodies: set.closed_bodies + u64::from(set.body.contacts > 0),
        };
        if self.worst.as_ref().is_none_or(|worst| fill.is_worse_than(worst)) {
            self.worst = Some(SetFill { fields: set.fields.clone(), ..fill });
        }
    }

    /// Whether bodies are closed, or to be closed.
    #[inline]
    pub(crate) fn is_ready(&self) -> bool {
        !self.waiting.is_empty() || !self.closing.is_empty()
    }

    /// The next complete body. After an error the same body is tried again.
    pub(crate) fn next_ready(
        &mut self,
        sets: &mut SetTable,
        frame: &Frame,
        spare: &mut Vec<Vec<u8>>,
    ) -> Result<Option<(Body, Closed)>, SpillError> {
        while self.waiting.is_empty()
            && let Some(slot) = self.closing.pop_front()
        {
            self.close(sets.get_mut(slot), Closed::AtEnd);
        }
        let Some(Waiting { body, fields, closed }) = self.waiting.front_mut() else { return Ok(None) };
        let tail = frame.tail(fields);
        if body.spilled.bytes > 0 {
            let mut bytes = spare.pop().unwrap_or_default();
            reserve_within(&mut bytes, body.bytes() + tail.len(), Sizes::up_to(self.max_bytes));
            self.pages.read(body.spilled, &mut bytes)?;
            self.pages.free(body.spilled)?;
            bytes.append(&mut body.memory);
            body.memory = bytes;
        }
        let mut bytes = std::mem::take(&mut body.memory);
        reserve_within(&mut bytes, tail.len(), Sizes::up_to(self.max_bytes));
        bytes.extend_from_slice(tail.as_bytes());
        let outcome = Body { bytes, contacts: body.contacts, fields: std::mem::take(fields) };
        let closed = *closed;
        self.waiting.pop_front();
        Ok(Some((outcome, closed)))
    }

    /// Bytes of memory that open bodies hold.
    #[cfg(test)]
    pub(crate) fn in_memory(&self) -> usize {
        self.in_memory
    }

    /// Bytes of the temporary file.
    #[cfg(test)]
    pub(crate) fn file_bytes(&self) -> u64 {
        self.pages.file_bytes()
    }
}
