//! The ordered stage: blocks arrive in input order, and here it is decided what is written, left out or refused.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use batch::{Batcher, Body, PushError, SetId};
use contact::{FieldSet, Repairs, SmolStr, Violation};
use hashbrown::HashMap;
use merge::Claim;
use ndjson::Block;

use crate::duplicates::{Came, Duplicates, Incoming, LeftOut, hold};
use crate::examine::{Entry, Examined, Fate, Held, Identity, Refused, Stored};
use crate::fold::{Folding, name};
use crate::held_row::Spot;
use crate::job::RejectLimit;
use crate::merging::OnDuplicate;
use crate::outcome::{CodeCount, Counts, End, Merged};
use crate::reject::{Action, Reject, Rejects};
use crate::seen::{Sight, key_text};

/// Takes request bodies on their way to the sink.
pub(crate) trait Bodies {
    /// Takes one; waits while the sink is busy.
    fn take(&mut self, body: Body) -> Result<(), End>;

    /// The memory of a body that is written.
    fn take_back(&mut self) -> Option<Vec<u8>>;

    /// How many it took.
    fn sent(&self) -> u64;
}

pub(crate) struct Ordered {
    names: Arc<[String]>,
    rejects: Box<dyn Rejects + Send>,
    max_rejects: Option<RejectLimit>,
    max_errors: NonZeroUsize,
    /// How rows of a key become one contact; nothing when records are only validated.
    pub(crate) folding: Option<Folding>,
    pub(crate) duplicates: Duplicates,
    pub(crate) left_out: Option<LeftOut>,
    batcher: Option<Batcher>,
    /// Memory for what stands before a held row.
    head: Vec<u8>,
    /// The input of the last block, and how many line ends came before in it.
    input: usize,
    lines_before: u64,
    pub(crate) counts: Counts,
    /// How many lines were told.
    pub(crate) told: u64,
    pub(crate) merged: Merged,
    pub(crate) conflicts: BTreeMap<String, u64>,
    pub(crate) by_code: HashMap<SmolStr, OfCode>,
    /// How often reasons were counted, of lines that are told and of those that are passed over.
    counted: u64,
    pub(crate) repairs: Repairs,
}

/// A record on its way, with everything that a reject says about its place.
#[derive(Clone, Copy)]
pub(crate) struct Placed<'b> {
    pub(crate) spot: Spot,
    pub(crate) raw: &'b [u8],
}

/// Whether a reject carries the record itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raw {
    Told,
    LeftOut,
}

impl Ordered {
    pub(crate) fn new(
        names: Arc<[String]>,
        rejects: Box<dyn Rejects + Send>,
        max_rejects: Option<RejectLimit>,
        max_errors: NonZeroUsize,
        batcher: Option<Batcher>,
    ) -> Self {
        Self {
            names,
            rejects,
            max_rejects,
            max_errors,
            folding: None,
            duplicates: Duplicates::Keep,
            left_out: None,
            batcher,
            head: Vec::new(),
            input: 0,
            lines_before: 0,
            counts: Counts::default(),
            told: 0,
            merged: Merged::default(),
            conflicts: BTreeMap::new(),
            by_code: HashMap::new(),
            counted: 0,
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
            Some(batcher) => {
                examined.field_sets.as_slice().iter().map(|fields| batcher.set(fields)).collect()
            }
            None => Vec::new(),
        };
        for entry in &examined.entries {
            let placed = self.place(block, entry);
            match &entry.fate {
                Fate::Rejected(refused) => self.rejected(&placed, &examined.refused[*refused])?,
                Fate::Skipped(refused) => self.skipped(&placed, &examined.refused[*refused])?,
                Fate::PassedOver(refused) => self.passed_over(&placed, &examined.refused[*refused]),
                Fate::Accepted { contact, key, field_set, identity, pruned } => {
                    let contact = match contact {
                        Stored::InBlock(place) => &block.bytes[place.clone()],
                        Stored::Apart(place) => &examined.encoded[place.clone()],
                    };
                    let accepted = Accepted {
                        contact,
                        key: KeyText { stored: key, block, examined },
                        identity,
                        examined,
                        set: set_ids.get(*field_set).copied(),
                        fields: &examined.field_sets.as_slice()[*field_set],
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

    /// All contacts are through: the last request bodies, and all rejects made to last.
    pub(crate) fn finish(&mut self, bodies: &mut dyn Bodies) -> Result<(), End> {
        if let Some(batcher) = &mut self.batcher {
            batcher.finish().map_err(End::SpillFailed)?;
            hand_on(batcher, bodies)?;
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

    fn place<'b>(&self, block: &'b Block, entry: &Entry) -> Placed<'b> {
        let spot = Spot {
            // Inputs are files that were named or found: fewer than 2^32.
            input: block.input as u32,
            line: self.lines_before + entry.line + 1,
            byte_offset: block.offset + entry.text.start as u64,
        };
        Placed { spot, raw: &block.bytes[entry.text.clone()] }
    }

    /// A contact that satisfies every rule: it is written, or waits for others of its key, or is left out.
    fn accepted(
        &mut self,
        placed: &Placed<'_>,
        accepted: &Accepted<'_>,
        bodies: &mut dyn Bodies,
    ) -> Result<(), End> {
        let Identity { field, hash, .. } = *accepted.identity;
        let may_wait = !matches!(self.duplicates, Duplicates::Keep);
        let key = key_text(field, accepted.key.bytes());
        if may_wait {
            // Whatever becomes of it: that must not depend on what memory holds.
            self.tell_pruned(placed, accepted)?;
            // The first row is the one that comes first, whatever it says of itself.
            let rank = if self.left_out.is_some() { 0 } else { accepted.identity.rank };
            let incoming = Incoming {
                spot: placed.spot,
                fields: accepted.fields,
                contact: accepted.contact,
                raw: placed.raw,
                key,
                hash,
                rank,
            };
            if !self.is_first(&incoming, accepted, bodies)? {
                return Ok(());
            }
        }
        match self.write(accepted.set, accepted.fields, accepted.contact, bodies)? {
            Written::Yes if may_wait => Ok(()),
            Written::Yes => self.tell_pruned(placed, accepted),
            Written::TooLarge(message) => {
                // A later contact of this key may be smaller: it is not a repetition of what is not there.
                if let Duplicates::First(first) = &mut self.duplicates {
                    first.seen.forget(hash, key);
                }
                self.too_large(placed, accepted, message)
            }
        }
    }

    /// Whether a contact is to be written now. If not, it is held or left out, and what there is to tell of it is told.
    fn is_first(
        &mut self,
        incoming: &Incoming<'_>,
        accepted: &Accepted<'_>,
        bodies: &mut dyn Bodies,
    ) -> Result<bool, End> {
        let packed = match &mut self.duplicates {
            Duplicates::Keep => return Ok(true),
            Duplicates::First(first) => {
                let sight = first.seen.see(incoming.hash, incoming.key, incoming.spot);
                match sight {
                    Sight::New => return Ok(true),
                    Sight::Before { input, line } => {
                        let packed = incoming.pack(std::mem::take(&mut self.head));
                        if let Some(left_out) = &mut self.left_out {
                            let kept = (input, line);
                            left_out.push(incoming.spot, kept, packed.parts()).map_err(End::SpillFailed)?;
                        }
                        self.head = packed.into_head();
                        return Ok(false);
                    }
                    Sight::Unknown => {
                        // Like one that is written at once.
                        if let Some(Err(too_large)) = self
                            .batcher
                            .as_mut()
                            .map(|batcher| batcher.check(incoming.fields, incoming.contact))
                        {
                            let placed = Placed { spot: incoming.spot, raw: incoming.raw };
                            self.too_large(&placed, accepted, advice(&too_large))?;
                            return Ok(false);
                        }
                        let packed = incoming.pack(std::mem::take(&mut self.head));
                        hold(&mut first.rest, incoming, &[], &[], &packed).map_err(End::SpillFailed)?;
                        packed
                    }
                }
            }
            Duplicates::Held(merger) => {
                let line = incoming.spot.line_bytes();
                let tokens = &accepted.examined.tokens[accepted.identity.tokens.clone()];
                let claims = tokens.iter().map(|token| Claim {
                    hash: token.hash,
                    is_strong: token.is_active,
                    note: &line,
                });
                let links = accepted.examined.links[accepted.identity.links.clone()].iter();
                let links = links.map(|link| {
                    let value = bytes(&link.value, accepted.key.block, accepted.examined);
                    merge::Key { hash: link.hash, text: key_text(link.field, value) }
                });
                let (links, claims): (Vec<_>, Vec<_>) = (links.collect(), claims.collect());
                let packed = incoming.pack(std::mem::take(&mut self.head));
                hold(merger, incoming, &links, &claims, &packed).map_err(End::SpillFailed)?;
                packed
            }
            Duplicates::Neighbours(neighbours) => {
                if !neighbours.is_same(incoming) {
                    self.end_neighbours(bodies)?;
                }
                let Duplicates::Neighbours(neighbours) = &mut self.duplicates else { return Ok(true) };
                if !neighbours.is_same(incoming)
                    && let Came::Again { first } = neighbours.begin(incoming).map_err(End::SpillFailed)?
                {
                    return Err(self.came_again(first, (incoming.spot.input, incoming.spot.line)));
                }
                let packed = incoming.pack(std::mem::take(&mut self.head));
                let space = neighbours.rest.space();
                neighbours.unit.push(incoming.rank, &packed.parts(), space).map_err(End::SpillFailed)?;
                packed
            }
        };
        self.head = packed.into_head();
        Ok(false)
    }

    fn too_large(
        &mut self,
        placed: &Placed<'_>,
        accepted: &Accepted<'_>,
        message: String,
    ) -> Result<(), End> {
        let violation = Violation::of_record("contact-too-large", "", message);
        self.tell(placed, Action::Rejected, Some(accepted.key.text()), Raw::Told, &[violation])
    }

    /// Puts a contact into its request body, if there are any.
    pub(crate) fn write(
        &mut self,
        set: Option<SetId>,
        fields: &FieldSet,
        contact: &[u8],
        bodies: &mut dyn Bodies,
    ) -> Result<Written, End> {
        let Some(batcher) = &mut self.batcher else {
            self.counts.written += 1;
            return Ok(Written::Yes);
        };
        let set = set.unwrap_or_else(|| batcher.set(fields));
        let mut pushed = batcher.push(set, contact);
        if matches!(pushed, Err(PushError::SetRetired)) {
            let set = batcher.set(fields);
            pushed = batcher.push(set, contact);
        }
        match pushed {
            Ok(()) => {}
            Err(PushError::Spill(error)) => return Err(End::SpillFailed(error)),
            Err(too_large) => return Ok(Written::TooLarge(advice(&too_large))),
        }
        if batcher.is_ready() {
            hand_on(batcher, bodies)?;
        }
        Ok(Written::Yes)
    }

    fn tell_pruned(&mut self, placed: &Placed<'_>, accepted: &Accepted<'_>) -> Result<(), End> {
        match accepted.pruned {
            Some(pruned) => {
                let key = Some(accepted.key.text());
                self.tell(placed, Action::Pruned, key, Raw::LeftOut, &pruned.violations)
            }
            None => Ok(()),
        }
    }

    fn rejected(&mut self, placed: &Placed<'_>, refused: &Refused) -> Result<(), End> {
        let raw = if refused.held == Held::Yes { Raw::Told } else { Raw::LeftOut };
        self.tell(placed, Action::Rejected, refused.key.as_deref(), raw, &refused.violations)
    }

    fn skipped(&mut self, placed: &Placed<'_>, refused: &Refused) -> Result<(), End> {
        self.tell(placed, Action::Skipped, refused.key.as_deref(), Raw::LeftOut, &refused.violations)
    }

    /// A line of a rejects file that is not to be read again.
    fn passed_over(&mut self, placed: &Placed<'_>, refused: &Refused) {
        self.rejects.pass_over(&Reject {
            source: name(&self.names, placed.spot.input),
            line: placed.spot.line,
            byte_offset: placed.spot.byte_offset,
            action: Action::Skipped,
            key: refused.key.as_deref(),
            violations: &refused.violations,
            omitted: 0,
            raw: None,
        });
        self.count(Action::Skipped, &refused.violations);
    }

    /// Tells that a row is not written because another one of its key is.
    pub(crate) fn tell_repeated(
        &mut self,
        placed: &Placed<'_>,
        key: Option<&str>,
        (input, line): (u32, u64),
    ) -> Result<(), End> {
        let source = name(&self.names, input);
        let is_last = self.folding.as_ref().is_some_and(|folding| folding.on_duplicate == OnDuplicate::Last);
        let message = if is_last {
            format!("a more recent contact with this key is at {source}:{line}; only that one is kept")
        } else {
            format!("a contact with this key came before, at {source}:{line}; only that one is kept")
        };
        let violation = Violation::of_record("repeated-key", "", message);
        self.tell(placed, Action::Duplicate, key, Raw::Told, &[violation])
    }

    pub(crate) fn came_again(&self, first: (u32, u64), again: (u32, u64)) -> End {
        let place = |(input, line)| format!("{}:{line}", name(&self.names, input));
        End::KeyCameAgain { first: place(first), again: place(again) }
    }

    /// Tells of one record, counts it, and stops the run if that was one too many.
    pub(crate) fn tell(
        &mut self,
        placed: &Placed<'_>,
        action: Action,
        key: Option<&str>,
        raw: Raw,
        violations: &[Violation],
    ) -> Result<(), End> {
        let told = &violations[..violations.len().min(self.max_errors.get())];
        let reject = Reject {
            source: name(&self.names, placed.spot.input),
            line: placed.spot.line,
            byte_offset: placed.spot.byte_offset,
            action,
            key,
            violations: told,
            omitted: violations.len() - told.len(),
            raw: (raw == Raw::Told).then_some(placed.raw),
        };
        self.rejects.take(&reject).map_err(End::RejectsFailed)?;
        self.told += 1;
        self.count(action, violations);
        match self.max_rejects {
            Some(RejectLimit::Count(most)) if self.counts.rejected > most => Err(End::TooManyRejects),
            _ => Ok(()),
        }
    }

    /// Counts a record and its reasons.
    fn count(&mut self, action: Action, violations: &[Violation]) {
        self.counted += 1;
        for violation in violations {
            let of_code = match self.by_code.get_mut(&*violation.code) {
                Some(of_code) => of_code,
                None => self.by_code.entry(violation.code.clone()).or_default(),
            };
            *of_code.violations.of_mut(action) += 1;
            if of_code.last_counted != self.counted {
                of_code.last_counted = self.counted;
                *of_code.records.of_mut(action) += 1;
            }
        }
        match action {
            Action::Rejected => self.counts.rejected += 1,
            Action::Pruned => self.counts.pruned += 1,
            Action::Duplicate => self.counts.merged += 1,
            Action::Skipped => self.counts.skipped += 1,
            Action::MergedConflict => self.merged.told_conflicts += 1,
        }
    }
}

/// How often a code was counted.
#[derive(Debug, Default)]
pub(crate) struct OfCode {
    pub(crate) violations: CodeCount,
    pub(crate) records: CodeCount,
    /// When it was counted last: a record counts once, however often it has the code.
    last_counted: u64,
}

/// Whether a contact is in a request body.
#[derive(Debug)]
pub(crate) enum Written {
    Yes,
    /// Not even a body of its own would hold it.
    TooLarge(String),
}

/// A contact that satisfies every rule.
struct Accepted<'e> {
    contact: &'e [u8],
    key: KeyText<'e>,
    identity: &'e Identity,
    examined: &'e Examined,
    set: Option<SetId>,
    fields: &'e FieldSet,
    pruned: Option<&'e Refused>,
}

/// A key that is only read when it is asked for.
#[derive(Clone, Copy)]
struct KeyText<'e> {
    stored: &'e Stored,
    block: &'e Block,
    examined: &'e Examined,
}

impl<'e> KeyText<'e> {
    fn bytes(self) -> &'e [u8] {
        bytes(self.stored, self.block, self.examined)
    }

    fn text(self) -> &'e str {
        // Whoever found the key has seen that it is a text.
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }
}

/// Hands on the bodies that are ready; the memory of those that are written is for the next ones.
fn hand_on(batcher: &mut Batcher, bodies: &mut dyn Bodies) -> Result<(), End> {
    while let Some(body) = batcher.next_ready().map_err(End::SpillFailed)? {
        bodies.take(body)?;
        while let Some(bytes) = bodies.take_back() {
            batcher.recycle(bytes);
        }
    }
    Ok(())
}

fn advice(too_large: &PushError) -> String {
    format!("{too_large}; raise --batch-bytes or shorten the contact")
}

fn bytes<'e>(stored: &'e Stored, block: &'e Block, examined: &'e Examined) -> &'e [u8] {
    match stored {
        Stored::InBlock(place) => &block.bytes[place.clone()],
        Stored::Apart(place) => examined.keys[place.clone()].as_bytes(),
    }
}
