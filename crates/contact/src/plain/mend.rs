//! Contacts that are plain but for a part: only that part goes the long way.
//!
//! Where the scan stops, the smallest member or element that it does not take is judged alone: brought into normal form,
//! and validated by what the schemas say there. Then it is written anew or cut out, in a copy of the record, and the copy
//! is scanned in its turn. What is told is what [`Rules::judge`](crate::Rules::judge) would tell of the whole record; where
//! that is not sure, nothing is said, and the record goes the long way.

use std::ops::Range;

use ndjson::{Parser, PartError, SyntaxError};

use super::edit::{cut, name_at, pointer_to, said_by_each, stands_twice};
use super::failure::{Inside, Lack, Step};
use super::look_ahead::LookAhead;
use super::notes::{Cell, Notes};
use super::parts::{Address, Influence, Judged};
use super::scan::LineEnds;
use super::{PLAIN_MARGIN_BYTES, PlainContact, PlainContacts, PlainScratch};
use crate::dedupe::DedupeOn;
use crate::encode::encode;
use crate::explain::{Finding, FindingKind};
use crate::field_set::FieldSet;
use crate::limits::{LimitedArray, Surplus};
use crate::plan::{Repairs, Walk};
use crate::rules::{OnInvalid, RuleOptions, UnknownFields, is_gap};
use crate::schema::Schema;
use crate::violation::Violation;

/// Larger records are not copied, and larger parts not judged alone.
const MOST_RECORD_BYTES: usize = 1 << 16;
const MOST_PART_BYTES: usize = 1 << 12;

/// A record with more to do goes the long way.
const MOST_ROUNDS: usize = 12;

/// Brackets in a part, together with the deepest way to one that a scan goes, are fewer than a parser takes.
const MOST_BRACKETS: usize = 48;

/// What became of a record that was plain but for a part.
#[derive(Debug)]
pub enum Mended<'b> {
    /// It is a contact.
    Accepted {
        /// It, as it stands in `text`.
        contact: PlainContact<'b>,
        /// The mended copy of the record, with the margin behind it.
        text: &'b [u8],
        /// One for each part left out.
        pruned: Vec<Violation>,
    },
    /// It is refused.
    Rejected {
        /// Why.
        violations: Vec<Violation>,
        /// What the contact would have been known by.
        key: Option<String>,
    },
    /// It is not JSON.
    Broken(SyntaxError),
}

/// What mending works with, kept between records.
#[derive(Debug, Default)]
pub(crate) struct MendScratch {
    text: Vec<u8>,
    part: Vec<u8>,
    walk: Walk,
    surplus: Vec<Surplus>,
}

/// What was done so far.
#[derive(Default)]
struct Done {
    /// What is told, with what was removed.
    told: Vec<Violation>,
    /// The last thing that was only missing because something else went before it.
    gaps: Vec<Violation>,
    /// Known members of the record that were cut.
    cut: u64,
    /// A member was cut that the record must have.
    is_incomplete: bool,
    /// The record is refused for what was found first.
    is_refused: bool,
    /// The external id was cut: as a text, if it was one.
    external_id: Option<Option<String>>,
    /// The pointer to what was cut last.
    removed: Option<String>,
    /// What the object or array lacks, if it must have it, that the last cut was made in.
    lack: Option<Lack>,
    /// The part that a scan stopped at lacks only what was cut.
    is_consequence: bool,
    /// The part that a scan stopped at is not JSON.
    is_broken: bool,
    repairs: Repairs,
}

/// The mending of one record.
struct Mending<'m> {
    contacts: &'m PlainContacts,
    schemas: &'m [Schema],
    options: &'m RuleOptions,
    parser: &'m mut Parser,
    /// A part as it is written.
    part: &'m mut Vec<u8>,
    walk: &'m mut Walk,
    surplus: &'m mut Vec<Surplus>,
    done: Done,
}

impl PlainContacts {
    /// Judges a record that [`take`](Self::take) did not take. Its text is all of `record`, and it was scanned just now,
    /// where it starts at `scanned_at`. `None` says nothing about it.
    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is memory to work with, and each is borrowed apart"
    )]
    pub(crate) fn mend<'b>(
        &self,
        record: &[u8],
        scanned_at: usize,
        schemas: &[Schema],
        options: &RuleOptions,
        parser: &mut Parser,
        plain: &'b mut PlainScratch,
        scratch: &'b mut MendScratch,
        field_set: &mut FieldSet,
        repairs: &mut Repairs,
    ) -> Option<Mended<'b>> {
        if record.len() > MOST_RECORD_BYTES {
            return None;
        }
        let MendScratch { text, part, walk, surplus } = scratch;
        text.clear();
        text.extend_from_slice(record);
        text.resize(record.len() + PLAIN_MARGIN_BYTES, 0);
        let done = Done::default();
        let mut mending = Mending { contacts: self, schemas, options, parser, part, walk, surplus, done };
        let mut rounds = 0;
        // The first scan need not be done again: it took a value that more stands behind, or all but for the limits, or
        // it stopped.
        let end = plain.notes.taken_to.and_then(|end| end.checked_sub(scanned_at));
        let behind = end.and_then(|end| record.get(end..)).unwrap_or_default();
        if !behind.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            return SyntaxError::in_broken(record).map(Mended::Broken);
        }
        if plain.is_beyond_limits {
            mending.cut_surplus(text)?;
        }
        let mut failure = std::mem::take(&mut plain.notes.failure);
        if !failure.is_empty() && in_record(&mut failure, scanned_at, record.len()) {
            let mended = mending.mend_with_holders(text, &failure, &mut plain.notes);
            plain.notes.failure = failure;
            if mended.is_none() {
                return mending.broken(record);
            }
        }
        let taken = loop {
            let end = text.len() - PLAIN_MARGIN_BYTES;
            let notes = &mut plain.notes;
            let cut = mending.done.cut;
            let taken = self.program.scan_without(cut, text, 0, LineEnds::AreSpace, &options.settings, notes);
            rounds += 1;
            if rounds > MOST_ROUNDS {
                return None;
            }
            if let Some(taken) = taken {
                if taken.end != end {
                    return None;
                }
                let PlainScratch { notes, kinds, .. } = &mut *plain;
                if self.limited.iter().all(|limited| limited.keeps_all(text, notes, kinds)) {
                    break taken;
                }
                mending.cut_surplus(text)?;
                continue;
            }
            let failure = std::mem::take(&mut notes.failure);
            mending.done.is_consequence = mending.done.lacks_only_what_was_cut(notes.lack, &failure);
            let mended = mending.mend_with_holders(text, &failure, notes);
            plain.notes.failure = failure;
            if mended.is_none() {
                return mending.broken(record);
            }
        };
        let done = mending.done;
        self.conclude(text, taken, done, options, plain, field_set, repairs)
    }

    /// The verdict on a record of which all is taken that is left.
    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is memory to work with, and each is borrowed apart"
    )]
    fn conclude<'b>(
        &self,
        text: &'b [u8],
        taken: super::scan::Taken,
        done: Done,
        options: &RuleOptions,
        plain: &'b mut PlainScratch,
        field_set: &mut FieldSet,
        repairs: &mut Repairs,
    ) -> Option<Mended<'b>> {
        let PlainScratch { notes, found, .. } = plain;
        let external_id = notes.cell(0, self.external_id);
        let is_refused = done.is_refused || done.is_incomplete;
        let key = match (done.external_id, external_id) {
            (Some(cut), Cell::Absent) => Err(cut),
            (Some(_), _) => return None,
            // Nothing else is looked for.
            (None, Cell::Absent) if options.dedupe_on == DedupeOn::ExternalCustomerId => Err(None),
            // What is cut might be what the contact is known by.
            (None, Cell::Absent) if is_refused || done.removed.is_some() => return None,
            _ => Ok(self.key(text, notes, options.dedupe_on)?),
        };
        let refused = |violations: Vec<Violation>, key| {
            let violations = violations.into_iter().map(|told| Violation { removed: None, ..told }).collect();
            Mended::Rejected { violations, key }
        };
        if is_refused {
            let key = match key {
                Ok((_, place)) => Some(std::str::from_utf8(&text[place]).ok()?.to_owned()),
                Err(cut) => cut,
            };
            repairs.add(&done.repairs);
            return Some(refused([done.told, done.gaps].concat(), key));
        }
        let (key_field, key) = match key {
            Ok(key) => key,
            Err(cut) => {
                let missing = crate::rules::missing_key(options.dedupe_on, done.told.is_empty());
                repairs.add(&done.repairs);
                return Some(refused([done.told, vec![missing]].concat(), cut));
            }
        };
        self.read_field_set(text, notes, field_set)?;
        if let Some(finding) = &self.finding {
            finding.find(text, notes, found)?;
        }
        let is_sought = self.finding.is_some();
        let contact = PlainContact {
            end: taken.end,
            rewritten: (!taken.is_verbatim).then_some(&*notes.rewritten),
            start: 0,
            key_field,
            key,
            tokens: if is_sought { &found.tokens } else { &[] },
            links: if is_sought { &found.links } else { &[] },
        };
        repairs.add(&done.repairs);
        Some(Mended::Accepted { contact, text, pruned: done.told })
    }
}

impl Mending<'_> {
    /// The verdict on a record a part of which is not JSON, so that it is none either.
    fn broken<'b>(&self, record: &[u8]) -> Option<Mended<'b>> {
        if !self.done.is_broken {
            return None;
        }
        SyntaxError::in_broken(record).map(Mended::Broken)
    }

    /// Mends the part that a scan stopped at and, where a member was cut that must be there, what holds it: the scan of
    /// the record would come to no other end, so it is not asked.
    fn mend_with_holders(&mut self, text: &mut Vec<u8>, failure: &[Step], notes: &mut Notes) -> Option<()> {
        self.mend_part(text, failure)?;
        let program = &self.contacts.program;
        for way in (1..failure.len()).map(|steps| &failure[steps..]) {
            let Some(cut) = self.done.lack.filter(|cut| cut.members != 0) else { break };
            let settings = &self.options.settings;
            let is_taken = program.scan_part(way[0].rule, text, cut.opening, settings, notes).is_some();
            // Where another part of it is not taken, the scan of the record says which.
            if is_taken || !notes.failure.is_empty() || !self.done.lacks_only_what_was_cut(notes.lack, way) {
                break;
            }
            self.done.is_consequence = true;
            self.mend_part(text, way)?;
        }
        Some(())
    }

    /// Writes the part anew that a scan stopped at, or cuts it.
    fn mend_part(&mut self, text: &mut Vec<u8>, failure: &[Step]) -> Option<()> {
        let Self { contacts, schemas, options, parser, part: written, walk, done, .. } = self;
        let step = failure.first()?;
        let ahead = LookAhead { bytes: text, line_ends: LineEnds::AreSpace };
        let value = ahead.token(step.value)?..ahead.skip(step.value)?;
        // What an element lacks is not told if more is left of its array.
        if done.is_consequence && matches!(step.inside, Inside::Element(_)) && !step.is_bounded {
            done.widen(pointer_to(text, failure)?);
            done.lack = Some(Lack { opening: step.opening, members: 0, more: 1 });
            return cut(text, value);
        }
        let read = text.get(value.clone())?;
        let brackets = read.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
        if read.len() > MOST_PART_BYTES || brackets > MOST_BRACKETS {
            return None;
        }
        let name = match step.inside {
            Inside::Member { name, .. } => Some(name_at(text, name)?),
            Inside::Element(_) => None,
        };
        let is_root = failure.len() == 1;
        // What has contacts is no contact, but a request body.
        if is_root && name == Some(b"contacts") {
            return None;
        }
        let pointer = pointer_to(text, failure)?;
        let part = &contacts.program.parts[step.part];
        let settings = &options.settings;
        let repairs = &mut done.repairs;
        written.clear();
        let judged = parser.parse_part(read, |tape| {
            let judged =
                part.judge(Address { name, pointer: &pointer }, schemas, tape, settings, walk, repairs)?;
            let is_cut = judged.is_absent || !judged.findings.is_empty();
            if !is_cut {
                encode(tape, written);
            }
            let text = tape.root().as_str().filter(|text| is_cut && !text.is_empty()).map(str::to_owned);
            Some((judged, text))
        });
        let (Judged { is_absent, has_changed, findings }, cut_text) = match judged {
            Ok(judged) => judged?,
            Err(error) => {
                done.is_broken = error == PartError::NotJson;
                return None;
            }
        };
        if findings.is_empty() && !is_absent {
            // It may be valid and only unusual; then nothing would change from round to round.
            let may_change = has_changed && part.influence == Influence::None;
            return may_change.then(|| {
                text.splice(value, written.iter().copied());
            });
        }
        let may_go = match part.influence {
            Influence::None => true,
            Influence::NoneAsItIs => !has_changed && !is_root,
            Influence::Decides => false,
        };
        if !may_go {
            return None;
        }
        if is_absent {
            self.done.leave_out(text, step, is_root)?;
        } else {
            // Where there are too many that is told before any of them goes.
            if step.is_bounded {
                return None;
            }
            self.tell(text, failure, findings, &pointer)?;
            self.done.cut(text, step, is_root)?;
        }
        if pointer == "/externalCustomerId" {
            self.done.external_id = Some(cut_text);
        }
        let start = match step.inside {
            Inside::Member { name, .. } => name,
            Inside::Element(_) => value.start,
        };
        cut(text, start..value.end)
    }

    /// Tells what was found of a part that is cut.
    fn tell(&mut self, text: &[u8], failure: &[Step], findings: Vec<Finding>, pointer: &str) -> Option<()> {
        let Self { schemas, options, parser, done, .. } = self;
        match &done.removed {
            None => {
                done.is_refused = findings.iter().any(|finding| match finding.kind {
                    FindingKind::UnknownMember => options.unknown_fields == UnknownFields::Reject,
                    FindingKind::Other => options.on_invalid == OnInvalid::Reject,
                });
                if has_surplus(text, failure, schemas, options, parser)? {
                    return None;
                }
                done.told.extend(
                    findings
                        .into_iter()
                        .map(|finding| Violation { removed: Some(pointer.to_owned()), ..finding.violation }),
                );
            }
            // A second part may be told before the first; but what is only missing because the first is gone goes with it.
            Some(_) => {
                let last = findings.into_iter().next_back()?;
                if !done.is_consequence || done.is_refused || !is_gap(&last.violation) {
                    return None;
                }
                done.gaps = vec![last.violation];
                done.widen(pointer.to_owned());
                return Some(());
            }
        }
        done.removed = Some(pointer.to_owned());
        Some(())
    }

    /// Cuts the elements that are beyond a limit.
    fn cut_surplus(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let Self { schemas, options, parser, surplus, done, .. } = self;
        // Limits come before anything else that is told.
        if !done.told.is_empty() || options.on_invalid == OnInvalid::Reject {
            return None;
        }
        surplus.clear();
        let max = options.max_channels_per_type.map(std::num::NonZeroUsize::get);
        let record = &text[..text.len() - PLAIN_MARGIN_BYTES];
        let places = parser.parse(record, |tape| {
            for schema in *schemas {
                schema.limits.surplus(tape, max, surplus);
            }
            let start = record.as_ptr() as usize;
            let place = |surplus: &Surplus| {
                let element = tape.text_of(surplus.index);
                let offset = element.as_ptr() as usize - start;
                offset..offset + element.len()
            };
            surplus.iter().map(place).collect::<Vec<Range<usize>>>()
        });
        let mut places = places.ok()?;
        if places.is_empty() {
            return None;
        }
        for Surplus { violation, .. } in surplus.drain(..) {
            done.removed = Some(violation.pointer.clone());
            done.told.push(Violation { removed: Some(violation.pointer.clone()), ..violation });
        }
        // From the last one, so that the places of the others stay.
        places.sort_unstable_by_key(|place| place.start);
        places.dedup();
        places.into_iter().rev().try_for_each(|place| cut(text, place))
    }
}

impl Done {
    /// Whether the part that a scan stopped at lacks nothing but what was cut out of it and told.
    fn lacks_only_what_was_cut(&self, lack: Option<Lack>, failure: &[Step]) -> bool {
        let (Some(lack), Some(cut), Some(step)) = (lack, self.lack, failure.first()) else { return false };
        lack.opening == step.value
            && lack.opening == cut.opening
            && lack.members & !cut.members == 0
            && lack.more <= cut.more
    }

    /// Notes that a normaliser takes a part out.
    fn leave_out(&mut self, text: &[u8], step: &Step, is_root: bool) -> Option<()> {
        match step.inside {
            // Of a record that lacks something from the start, that is told.
            Inside::Member { is_required, .. } if is_root && is_required => None,
            Inside::Member { name, bit, .. } => self.cut_member(text, step, name, bit, is_root),
            // The elements after it would stand elsewhere.
            Inside::Element(_) => None,
        }
    }

    /// Notes that a part is taken out that was told.
    fn cut(&mut self, text: &[u8], step: &Step, is_root: bool) -> Option<()> {
        let mut lack = Lack { opening: step.opening, members: 0, more: 1 };
        if let Inside::Member { name, bit, is_required } = step.inside {
            self.cut_member(text, step, name, bit, is_root)?;
            if is_required {
                lack.members = bit;
                self.is_incomplete |= is_root;
            }
        }
        self.lack = Some(lack);
        Some(())
    }

    /// Makes sure that no second member of its name is taken for the one that goes.
    fn cut_member(&mut self, text: &[u8], step: &Step, name: usize, bit: u64, is_root: bool) -> Option<()> {
        if is_root && bit != 0 {
            let is_first = self.cut & bit == 0;
            self.cut |= bit;
            return is_first.then_some(());
        }
        (!stands_twice(text, step.opening, name, name_at(text, name)?)?).then_some(())
    }

    /// More than what was told goes with it.
    fn widen(&mut self, pointer: String) {
        for told in &mut self.told {
            told.removed = Some(pointer.clone());
        }
        self.removed = Some(pointer);
    }
}

/// Counts places from the start of the record; false if they are not in it.
fn in_record(failure: &mut [Step], start: usize, length: usize) -> bool {
    failure.iter_mut().all(|step| {
        let name = match &mut step.inside {
            Inside::Member { name, .. } => Some(name),
            Inside::Element(_) => None,
        };
        [&mut step.value, &mut step.opening].into_iter().chain(name).all(|place| {
            let counted = place.checked_sub(start).filter(|place| *place < length);
            *place = counted.unwrap_or(*place);
            counted.is_some()
        })
    })
}

/// Whether an array that the part is in, or that is in the part, has elements beyond a limit: these are told first.
fn has_surplus(
    text: &[u8],
    failure: &[Step],
    schemas: &[Schema],
    options: &RuleOptions,
    parser: &mut Parser,
) -> Option<bool> {
    let max = options.max_channels_per_type.map(std::num::NonZeroUsize::get);
    for limited in schemas.iter().flat_map(|schema| &schema.limits.arrays) {
        let mut way = limited.path.iter().zip(failure.iter().rev());
        let is_on_way = way.all(|(name, step)| match step.inside {
            Inside::Member { name: start, .. } => name_at(text, start) == Some(name.as_bytes()),
            Inside::Element(_) => false,
        });
        if !is_on_way {
            continue;
        }
        // The part is in the array, or the array is the part or in it.
        let steps = limited.path.len();
        let (start, rest) = match failure.len().checked_sub(steps + 1) {
            Some(element) => (failure[element].opening, &[][..]),
            None => (failure[0].value, &limited.path[failure.len()..]),
        };
        let ahead = LookAhead { bytes: text, line_ends: LineEnds::AreSpace };
        let start = ahead.token(start)?;
        if rest.is_empty() && are_surely_within(text, start, limited, max) {
            continue;
        }
        let outer = text.get(start..ahead.skip(start)?)?;
        let mut surplus = Vec::new();
        let sought = parser.parse(outer, |tape| {
            if let Some(array) = rest.iter().try_fold(tape.root(), |value, name| value.get(name)) {
                limited.surplus(tape, array, max, &mut surplus);
            }
        });
        sought.ok()?;
        if !surplus.is_empty() {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether the elements of the array that starts here surely say something each, and each something else, by which they
/// are neither too many nor equal: their type, where types are counted.
fn are_surely_within(text: &[u8], bracket: usize, limited: &LimitedArray, max: Option<usize>) -> bool {
    let mut told_apart_by = limited.unique_by.iter().flat_map(|unique_by| &unique_by.members);
    let name = match &limited.max_per_type {
        Some(max_per_type) => {
            let is_by_type = |path: &Vec<String>| matches!(path.as_slice(), [name] if name == "type");
            let are_by_type = limited.unique_by.is_none() || told_apart_by.any(is_by_type);
            (are_by_type && max_per_type.takes_one_of_each(max)).then_some("type")
        }
        None => told_apart_by.find_map(|path| match path.as_slice() {
            [name] => Some(name.as_str()),
            _ => None,
        }),
    };
    let said = name.and_then(|name| said_by_each(text, bracket, name));
    // Only types that are texts are counted.
    let may_be_one = |value: &[u8]| limited.max_per_type.is_none() || value.starts_with(b"\"");
    said.is_some_and(|said| {
        said.iter().enumerate().all(|(nth, value)| may_be_one(value) && !said[..nth].contains(value))
    })
}
