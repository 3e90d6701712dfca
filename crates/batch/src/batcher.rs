//! The batcher: contacts in, bodies out.

use std::path::Path;

use contact::FieldSet;
use spill::SpillError;

use crate::body::{Body, Frame, HEAD};
use crate::clear::Spool;
use crate::error::PushError;
use crate::fill::{BatchCounts, FillWarning, SetFill};
use crate::keep::{Closed, OpenBodies};
use crate::options::{Absent, BatchOptions, MAX_CONTACTS_PER_REQUEST, OptionsError};
use crate::set_table::{SetId, SetLimits, SetTable};

/// How many buffers that came back are held for the next bodies.
const SPARE_BUFFERS: usize = 3;

/// The most bytes of a body that this crate handles: lengths in temporary files have 32 bits.
const MOST_BODY_BYTES: usize = u32::MAX as usize;

/// Groups contacts into request bodies.
///
/// Push the contacts and, after each, fetch the bodies that are ready; at the end call [`finish`](Self::finish) and
/// fetch the rest. Bodies and their order depend on the pushes and the options alone, and not on
/// [`BatchOptions::open_bytes`].
#[derive(Debug)]
pub struct Batcher {
    max_contacts: u32,
    max_bytes: usize,
    frame: Frame,
    sets: SetTable,
    contacts: Contacts,
    finished: bool,
    spare: Vec<Vec<u8>>,
    counts: BatchCounts,
}

/// Where contacts wait for their body.
#[derive(Debug)]
enum Contacts {
    /// [`Absent::Keep`].
    BySet(OpenBodies),
    /// [`Absent::Clear`].
    Together(Spool),
}

impl Batcher {
    /// A batcher without contacts.
    ///
    /// # Errors
    /// If the options ask for what the API does not take, or for what cannot be done.
    pub fn new(options: BatchOptions) -> Result<Self, OptionsError> {
        Self::with_set_limits(options, SetLimits::default())
    }

    pub(crate) fn with_set_limits(options: BatchOptions, limits: SetLimits) -> Result<Self, OptionsError> {
        let BatchOptions { request, absent, max_contacts, max_bytes, open_bytes, spill_dir } = options;
        let max_contacts = max_contacts.get();
        if max_contacts > MAX_CONTACTS_PER_REQUEST {
            return Err(OptionsError::MaxContacts { max_contacts });
        }
        if request.groups.iter().chain(&request.exclude_groups).any(String::is_empty) {
            return Err(OptionsError::EmptyGroupName);
        }
        let frame = Frame::new(&request);
        let least = HEAD.len() + "{}".len() + frame.tail(&FieldSet::default()).len();
        if !(least..=MOST_BODY_BYTES).contains(&max_bytes) {
            return Err(OptionsError::MaxBytes { max_bytes, least, most: MOST_BODY_BYTES });
        }
        if !Path::is_dir(&spill_dir) {
            return Err(OptionsError::SpillDir { dir: spill_dir });
        }
        let contacts = match absent {
            Absent::Keep => Contacts::BySet(OpenBodies::new(max_contacts, max_bytes, open_bytes, spill_dir)),
            Absent::Clear => Contacts::Together(Spool::new(max_contacts, max_bytes, &frame, spill_dir)),
        };
        Ok(Self {
            max_contacts,
            max_bytes,
            frame,
            sets: SetTable::new(limits),
            contacts,
            finished: false,
            spare: Vec::new(),
            counts: BatchCounts::default(),
        })
    }

    /// The id of a field set, for pushing contacts that carry it.
    ///
    /// Asking again for the set that the last contact had costs a comparison. Asking without pushing changes no body.
    pub fn set(&mut self, fields: &FieldSet) -> SetId {
        let frame = &self.frame;
        self.sets.intern(fields, || frame.tail_bytes(fields.standard, fields.custom.iter().collect()))
    }

    /// Takes one contact: its compact JSON, which is not empty and is not checked here.
    ///
    /// Afterwards some bodies may be ready; fetch them before the next push, or they stay in memory.
    ///
    /// # Errors
    /// [`PushError::ContactTooLarge`] if no body could hold it and [`PushError::SetRetired`] if the id was held for
    /// too long: everything is as before then. [`PushError::Spill`] if the temporary file failed: the contact is not
    /// in, and the work cannot go on.
    pub fn push(&mut self, set: SetId, contact: &[u8]) -> Result<(), PushError> {
        debug_assert!(!contact.is_empty());
        if self.finished {
            return Err(PushError::Finished);
        }
        let slot = self.sets.slot(set).ok_or(PushError::SetRetired)?;
        self.fits(slot, contact)?;
        let known = self.sets.get(slot);
        // A set in use is in the union already.
        let new_fields = known.rank.is_none().then_some(&known.fields);
        match &mut self.contacts {
            Contacts::BySet(open) => open.push(&mut self.sets, slot, contact, &mut self.spare)?,
            Contacts::Together(spool) => {
                spool.push(new_fields, contact, &self.frame)?;
                self.sets.touch(slot);
                while let Some(surplus) = self.sets.surplus() {
                    self.sets.retire(surplus);
                }
            }
        }
        self.counts.contacts += 1;
        self.counts.field_sets = self.sets.ever_used;
        Ok(())
    }

    /// Says whether a contact that is to be pushed later is too large for any body; with [`Absent::Clear`], as far as that is
    /// known by now.
    ///
    /// # Errors
    /// Those of [`push`](Self::push), but for the temporary file.
    pub fn check(&mut self, fields: &FieldSet, contact: &[u8]) -> Result<(), PushError> {
        let set = self.set(fields);
        let slot = self.sets.slot(set).ok_or(PushError::SetRetired)?;
        self.fits(slot, contact)
    }

    fn fits(&self, slot: u32, contact: &[u8]) -> Result<(), PushError> {
        let known = self.sets.get(slot);
        let bytes = match &self.contacts {
            Contacts::BySet(_) => HEAD.len() + contact.len() + known.tail_bytes,
            Contacts::Together(spool) => {
                let new_fields = known.rank.is_none().then_some(&known.fields);
                spool.least_body_bytes(new_fields, contact, &self.frame)
            }
        };
        if bytes > self.max_bytes {
            return Err(PushError::ContactTooLarge { bytes, limit: self.max_bytes });
        }
        Ok(())
    }

    /// Says that no more contacts come: then every body gets ready, open ones in the order in which their field sets
    /// first appeared.
    ///
    /// # Errors
    /// If the temporary file failed.
    pub fn finish(&mut self) -> Result<(), SpillError> {
        if self.finished {
            return Ok(());
        }
        self.finished = true;
        match &mut self.contacts {
            Contacts::BySet(open) => {
                open.finish(&self.sets);
                Ok(())
            }
            Contacts::Together(spool) => spool.finish(),
        }
    }

    /// Whether a body may be ready. It costs less than asking for one after each contact.
    #[inline]
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match &self.contacts {
            Contacts::BySet(open) => open.is_ready(),
            Contacts::Together(_) => self.finished,
        }
    }

    /// The next body that is ready, if there is one. It is put together only now.
    ///
    /// # Errors
    /// If the temporary file failed.
    pub fn next_ready(&mut self) -> Result<Option<Body>, SpillError> {
        let next = match &mut self.contacts {
            Contacts::BySet(open) => open.next_ready(&mut self.sets, &self.frame, &mut self.spare)?,
            Contacts::Together(spool) => spool.next_ready(&self.frame, &mut self.spare)?,
        };
        let Some((body, closed)) = next else { return Ok(None) };
        self.counts.bodies += 1;
        self.counts.contacts_in_bodies += u64::from(body.contacts);
        self.counts.unfilled_bodies += u64::from(closed != Closed::Full);
        self.counts.closed_early += u64::from(closed == Closed::Early);
        Ok(Some(body))
    }

    /// Takes the bytes of a body back, to use their memory again.
    pub fn recycle(&mut self, mut bytes: Vec<u8>) {
        if self.spare.len() < SPARE_BUFFERS {
            bytes.clear();
            self.spare.push(bytes);
        }
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> BatchCounts {
        self.counts
    }

    /// The field set with the fewest contacts per body, once all contacts are in; none where absent fields are
    /// cleared.
    #[must_use]
    pub fn worst_set(&self) -> Option<&SetFill> {
        match &self.contacts {
            Contacts::BySet(open) if self.finished => open.worst.as_ref(),
            _ => None,
        }
    }

    /// Whether field sets make many nearly empty bodies: more than 20, with less than a tenth of the possible
    /// contacts. To be asked when all bodies are handed out.
    #[must_use]
    pub fn fill_warning(&self) -> Option<FillWarning> {
        match &self.contacts {
            Contacts::BySet(_) => FillWarning::of(&self.counts, self.max_contacts, self.worst_set()),
            Contacts::Together(_) => None,
        }
    }
}

#[cfg(test)]
impl Batcher {
    /// Bytes of memory that open bodies hold.
    pub(crate) fn in_memory(&self) -> usize {
        match &self.contacts {
            Contacts::BySet(open) => open.in_memory(),
            Contacts::Together(_) => 0,
        }
    }

    /// Bytes of the page file.
    pub(crate) fn file_bytes(&self) -> u64 {
        match &self.contacts {
            Contacts::BySet(open) => open.file_bytes(),
            Contacts::Together(_) => 0,
        }
    }
}
