//! The ordered stage: blocks arrive in input order, and here it is decided what is written, left out or refused.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use batch::{Batcher, Body, PushError, SetId};
use contact::{Repairs, Violation};
use ndjson::Block;

use crate::duplicates::{OnDuplicate, Seen, SeenKeys};
use crate::examine::{Entry, Examined, Fate, Held, Refused, Stored};
use crate::job::RejectLimit;
use crate::outcome::{CodeCount, Counts, End};
use crate::reject::{Action, Reject, Rejects};

/// Takes request bodies on their way to the sink.
pub(crate) trait Bodies {
    /// Takes one; waits while the sink is busy.
    fn take(&mut self, body: Body) -> Result<(), End>;
}

pub(crate) struct Ordered<'r> {
    names: Vec<String>,
    rejects: &'r mut dyn Rejects,
    max_rejects: Option<RejectLimit>,
    max_errors: NonZeroUsize,
    on_duplicate: OnDuplicate,
    seen: SeenKeys,
    batcher: Option<Batcher>,
    /// The input of the last block, and how many line ends came before in it.
    input: usize,
    lines_before: u64,
    pub(crate) counts: Counts,
    pub(crate) by_code: BTreeMap<String, CodeCount>,
    pub(crate) repairs: Repairs,
}

/// A record on its way, with everything that a reject says about its place.
struct Placed<'b> {
    input: usize,
    line: u64,
    byte_offset: u64,
    raw: &'b [u8],
}

/// Whether a reject carries the record itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Raw {
    Told,
    LeftOut,
}

impl<'r> Ordered<'r> {
    pub(crate) fn new(
        names: Vec<String>,
        rejects: &'r mut dyn Rejects,
        max_rejects: Option<RejectLimit>,
        max_errors: NonZeroUsize,
        on_duplicate: OnDuplicate,
        batcher: Option<Batcher>,
    ) -> Self {
        Self {
            names,
            rejects,
            max_rejects,
            max_errors,
            on_duplicate,
            seen: SeenKeys::default(),
            batcher,
            input: 0,
            lines_before: 0,
            counts: Counts::default(),
            by_code: BTreeMap::new(),
            repairs: Repairs::default(),
        }
    }

    /// Deals with the next block.
    pub(crate) fn block(
        &mut self,
        block: &Block,
        examined: &Examined,
        bodies: &mut dyn Bodies,
    ) -> Result<(), End> {
        if block.input != self.input {
            (self.input, self.lines_before) = (block.input, 0);
        }
        self.counts.read += examined.records;
        self.counts.blank_lines += examined.blank_lines;
        self.repairs.add(&examined.repairs);
        let set_ids: Vec<SetId> = match &mut self.batcher {
            Some(batcher) => examined.field_sets.iter().map(|fields| batcher.set(fields)).collect(),
            None => Vec::new(),
        };
        for entry in &examined.entries {
            let placed = self.place(block, entry);
            match &entry.fate {
                Fate::Rejected(refused) => self.rejected(&placed, &examined.refused[*refused])?,
                Fate::Accepted { contact, key, field_set, key_hash, pruned } => {
                    let contact = match contact {
                        Stored::InBlock(place) => &block.bytes[place.clone()],
                        Stored::Apart(place) => &examined.encoded[place.clone()],
                    };
                    let accepted = Accepted {
                        contact,
                        key: KeyText { stored: key, block, examined },
                        key_hash: *key_hash,
                        set: set_ids.get(*field_set).copied(),
                        fields: &examined.field_sets[*field_set],
                        pruned: pruned.map(|refused| &examined.refused[refused]),
                    };
                    self.accepted(&placed, &accepted, bodies)?;
                }
            }
        }
        // When only checking, whatever passed is done.
        self.counts.written += examined.passed;
        self.lines_before += examined.lines;
        Ok(())
    }

    /// All blocks are through: the last request bodies, and all rejects made to last.
    pub(crate) fn finish(&mut self, bodies: &mut dyn Bodies) -> Result<(), End> {
        if let Some(batcher) = &mut self.batcher {
            batcher.finish().map_err(End::BatchFailed)?;
            while let Some(body) = batcher.next_ready().map_err(End::BatchFailed)? {
                bodies.take(body)?;
            }
        }
        self.rejects.finish().map_err(End::RejectsFailed)?;
        if let Some(RejectLimit::Percent(percent)) = self.max_rejects
            && self.counts.rejected as f64 > self.counts.read as f64 * percent / 100.0
        {
            return Err(End::TooManyRejects);
        }
        Ok(())
    }

    pub(crate) fn batch_counts(&self) -> Option<batch::BatchCounts> {
        self.batcher.as_ref().map(Batcher::counts)
    }

    pub(crate) fn fill_warning(&self) -> Option<batch::FillWarning> {
        self.batcher.as_ref().and_then(Batcher::fill_warning)
    }

    /// Gives the memory of a written body back to the batcher.
    pub(crate) fn recycle(&mut self, bytes: Vec<u8>) {
        if let Some(batcher) = &mut self.batcher {
            batcher.recycle(bytes);
        }
    }

    fn place<'b>(&self, block: &'b Block, entry: &Entry) -> Placed<'b> {
        Placed {
            input: block.input,
            line: self.lines_before + entry.line + 1,
            byte_offset: block.offset + entry.text.start as u64,
            raw: &block.bytes[entry.text.clone()],
        }
    }

    fn accepted(
        &mut self,
        placed: &Placed<'_>,
        accepted: &Accepted<'_>,
        bodies: &mut dyn Bodies,
    ) -> Result<(), End> {
        if self.on_duplicate != OnDuplicate::Keep {
            let here = Seen { input: placed.input, line: placed.line };
            if let Some(first) = self.seen.insert(accepted.key_hash, here) {
                return self.repeated(placed, accepted.key.text(), first);
            }
        }
        match (&mut self.batcher, accepted.set) {
            (Some(batcher), Some(set)) => {
                let pushed = match batcher.push(set, accepted.contact) {
                    Err(PushError::SetRetired) => {
                        let set = batcher.set(accepted.fields);
                        batcher.push(set, accepted.contact)
                    }
                    other => other,
                };
                match pushed {
                    Ok(()) => {}
                    Err(PushError::Spill(error)) => return Err(End::BatchFailed(error)),
                    Err(too_large) => {
                        // A later contact of this key may be smaller: it is not a repetition of what is not there.
                        self.seen.remove(accepted.key_hash);
                        let message = format!("{too_large}; raise --batch-bytes or shorten the contact");
                        return self.tell(
                            placed,
                            Action::Rejected,
                            Some(accepted.key.text()),
                            Raw::Told,
                            &[Violation::of_record("contact-too-large", "", message)],
                        );
                    }
                }
                while let Some(body) = batcher.next_ready().map_err(End::BatchFailed)? {
                    bodies.take(body)?;
                }
            }
            _ => self.counts.written += 1,
        }
        if let Some(pruned) = accepted.pruned {
            self.tell(placed, Action::Pruned, pruned.key.as_deref(), Raw::LeftOut, &pruned.violations)?;
        }
        Ok(())
    }

    fn rejected(&mut self, placed: &Placed<'_>, refused: &Refused) -> Result<(), End> {
        let raw = if refused.held == Held::Yes { Raw::Told } else { Raw::LeftOut };
        self.tell(placed, Action::Rejected, refused.key.as_deref(), raw, &refused.violations)
    }

    fn repeated(&mut self, placed: &Placed<'_>, key: &str, first: Seen) -> Result<(), End> {
        let source = &self.names[first.input];
        let message =
            format!("a contact with this key came before, at {source}:{}; only that one is kept", first.line);
        let violation = Violation::of_record("repeated-key", "", message);
        let action =
            if self.on_duplicate == OnDuplicate::Reject { Action::Rejected } else { Action::Duplicate };
        self.tell(placed, action, Some(key), Raw::Told, &[violation])
    }

    /// Tells of one record, counts it, and stops the run if that was one too many.
    fn tell(
        &mut self,
        placed: &Placed<'_>,
        action: Action,
        key: Option<&str>,
        raw: Raw,
        violations: &[Violation],
    ) -> Result<(), End> {
        let told = &violations[..violations.len().min(self.max_errors.get())];
        let reject = Reject {
            source: &self.names[placed.input],
            line: placed.line,
            byte_offset: placed.byte_offset,
            action,
            key,
            violations: told,
            omitted: violations.len() - told.len(),
            raw: (raw == Raw::Told).then_some(placed.raw),
        };
        self.rejects.take(&reject).map_err(End::RejectsFailed)?;
        for violation in violations {
            let count = match self.by_code.get_mut(&*violation.code) {
                Some(count) => count,
                None => self.by_code.entry(violation.code.to_string()).or_default(),
            };
            match action {
                Action::Rejected => count.rejected += 1,
                Action::Pruned => count.pruned += 1,
                Action::Duplicate => count.duplicate += 1,
            }
        }
        match action {
            Action::Rejected => self.counts.rejected += 1,
            Action::Pruned => self.counts.pruned += 1,
            Action::Duplicate => self.counts.merged += 1,
        }
        match self.max_rejects {
            Some(RejectLimit::Count(most)) if self.counts.rejected > most => Err(End::TooManyRejects),
            _ => Ok(()),
        }
    }
}

/// A contact that satisfies every rule.
struct Accepted<'e> {
    contact: &'e [u8],
    key: KeyText<'e>,
    key_hash: u128,
    set: Option<SetId>,
    fields: &'e contact::FieldSet,
    pruned: Option<&'e Refused>,
}

/// A key that is only read when something is to be told of its contact.
#[derive(Clone, Copy)]
struct KeyText<'e> {
    stored: &'e Stored,
    block: &'e Block,
    examined: &'e Examined,
}

impl<'e> KeyText<'e> {
    fn text(self) -> &'e str {
        match self.stored {
            // Whoever found the key there has seen that it is a text.
            Stored::InBlock(place) => {
                std::str::from_utf8(&self.block.bytes[place.clone()]).unwrap_or_default()
            }
            Stored::Apart(place) => &self.examined.keys[place.clone()],
        }
    }
}
