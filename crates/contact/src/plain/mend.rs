//! Contacts that are plain but for a part: only that part goes the long way.
//!
//! The smallest member or element that a scan does not take is judged alone: brought into normal form, and validated by
//! what the schemas say there. Then the scan writes it anew or leaves it out, and goes on behind it. What is told is what
//! [`Rules::judge`](crate::Rules::judge) would tell of the whole record; where that is not sure, nothing is said, and the
//! record goes the long way.

use std::borrow::Cow;
use std::ops::Range;

use ndjson::{Parser, PartError, SyntaxError};
use smol_str::SmolStr;

use super::done::{Done, Lack};
use super::edit::{name_before, write_pointer};
use super::failure::{Incomplete, Inside, Step};
use super::lacking::Lacking;
use super::look_ahead::LookAhead;
use super::notes::Cell;
use super::parts::{Address, Influence, Judged};
use super::scan::{LineEnds, Scan, Taken};
use super::verdicts::{Question, Verdicts};
use super::{PLAIN_MARGIN_BYTES, PlainContact, PlainContacts, PlainScratch};
use crate::dedupe::DedupeOn;
use crate::encode::encode;
use crate::field_set::FieldSet;
use crate::plan::{Repairs, Walk};
use crate::rules::RuleOptions;
use crate::schema::Schema;
use crate::violation::Violation;

/// Further on in a record nothing is mended, larger ones are not copied, and larger parts not judged alone.
pub(super) const MOST_RECORD_BYTES: usize = 1 << 16;
const MOST_PART_BYTES: usize = 1 << 12;

/// A record with more to do goes the long way.
const MOST_PARTS: usize = 12;

/// Brackets in a part, together with the deepest way to one that a scan goes, are fewer than a parser takes.
const MOST_BRACKETS: usize = 48;

/// What became of a record that was plain but for parts.
#[derive(Debug)]
pub enum Mended<'b> {
    /// It is a contact, but for parts that were left out or written anew.
    Accepted {
        /// The place after the record.
        end: usize,
        /// It as it is to be written.
        contact: PlainContact<'b>,
        /// The bytes that its places are counted in, if these are not those that it was read from.
        apart: Option<&'b [u8]>,
        /// One for each part left out. It is there to be taken out: the memory stays.
        pruned: &'b mut Vec<Violation>,
        /// How often each normaliser changed a value of it.
        repairs: &'b Repairs,
    },
    /// It is refused.
    Rejected {
        /// The place after the record.
        end: usize,
        /// Why. It is there to be taken out: the memory stays.
        violations: &'b mut Vec<Violation>,
        /// What the contact would have been known by.
        key: Option<SmolStr>,
        /// How often each normaliser changed a value of it.
        repairs: &'b Repairs,
    },
}

impl Mended<'_> {
    /// The place after the record.
    #[must_use]
    pub fn end(&self) -> usize {
        match self {
            Self::Accepted { end, .. } | Self::Rejected { end, .. } => *end,
        }
    }
}

/// What mending works with, kept between records.
#[derive(Debug, Default)]
pub(crate) struct MendScratch {
    /// A copy of a record without what is beyond a limit.
    pub(super) text: Vec<u8>,
    /// A part as it is after what was done in it.
    part: Vec<u8>,
    /// A part as it is written anew.
    written: Vec<u8>,
    /// A record in normal form.
    normal: Vec<u8>,
    /// What leads to a part.
    pointer: String,
    walk: Walk,
    pub(super) done: Done,
    pub(super) repairs: Repairs,
    pub(super) verdicts: Verdicts,
}

/// A part that a scan did not take.
pub(super) struct Part {
    pub(super) value: Range<usize>,
    /// What it lacks, if all was taken that is in it.
    pub(super) incomplete: Option<Incomplete>,
    /// Nothing in it was left unread that is noted.
    pub(super) is_read: bool,
}

/// What is to be done with a part.
#[derive(Clone, Copy, Debug)]
pub(super) enum Edit {
    /// It is written as a normaliser wants it.
    Replace,
    /// A normaliser wants it to go.
    LeaveOut,
    /// It goes, and that is told.
    Cut {
        /// A normaliser changed it before.
        has_changed: bool,
    },
}

/// Judges what the scan of one record does not take.
pub(super) struct Mender<'m> {
    pub(super) schemas: &'m [Schema],
    pub(super) options: &'m RuleOptions,
    pub(super) parser: &'m mut Parser,
    pub(super) scratch: &'m mut MendScratch,
}

impl PlainContacts {
    /// Takes the contact that starts at `start` of `bytes`, as [`take`](Self::take) does. Where it is not plain its parts
    /// are mended, as far as they can be: [`mended`](Self::mended) says what came of that.
    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is memory to work with, and each is borrowed apart"
    )]
    #[inline]
    pub(crate) fn take_or_mend<'b>(
        &self,
        bytes: &'b [u8],
        start: usize,
        line_ends: LineEnds,
        schemas: &[Schema],
        options: &RuleOptions,
        parser: &mut Parser,
        plain: &'b mut PlainScratch,
        scratch: &mut MendScratch,
        field_set: &mut FieldSet,
    ) -> Option<PlainContact<'b>> {
        (scratch.done.parts, scratch.done.taken) = (0, None);
        plain.is_beyond_limits = false;
        let mut mender = Mender { schemas, options, parser, scratch };
        let notes = &mut plain.notes;
        let taken =
            self.program.scan(bytes, start, line_ends, &options.settings, notes, Some(&mut mender))?;
        scratch.done.taken = Some(taken);
        if scratch.done.parts > 0 {
            return None;
        }
        self.contact(bytes, start, taken, options, plain, field_set)
    }

    /// What became of a record that [`take_or_mend`](Self::take_or_mend) did not take. `None` says nothing about it.
    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is memory to work with, and each is borrowed apart"
    )]
    pub(crate) fn mended<'b>(
        &self,
        bytes: &'b [u8],
        start: usize,
        line_ends: LineEnds,
        schemas: &[Schema],
        options: &RuleOptions,
        parser: &mut Parser,
        plain: &'b mut PlainScratch,
        scratch: &'b mut MendScratch,
        field_set: &mut FieldSet,
    ) -> Option<Mended<'b>> {
        let Done { parts, taken, .. } = scratch.done;
        if parts == 0 {
            scratch.done.clear();
            scratch.repairs = Repairs::default();
        }
        let mut mender = Mender { schemas, options, parser, scratch };
        let taken = match taken {
            None if parts == 0 => {
                let Lacking { end, key } = self.lacking(bytes, start, &mut mender, plain)?;
                let MendScratch { done, repairs, .. } = scratch;
                let violations = &mut done.told;
                return is_ended(bytes, end, line_ends).then_some(Mended::Rejected {
                    end,
                    violations,
                    key,
                    repairs,
                });
            }
            Some(taken) if is_ended(bytes, taken.end, line_ends) => taken,
            _ => return None,
        };
        let taken = match plain.is_beyond_limits {
            true => self.cut_surplus(bytes, start, taken, &mut mender, plain)?,
            false => taken,
        };
        let MendScratch { done, normal, repairs, .. } = scratch;
        self.conclude(bytes, start, taken, done, options, plain, normal, repairs, field_set)
    }

    /// Why a record is no JSON that neither of these said anything about. Its text is all of `record`, and they were asked for
    /// just now, where it starts at `scanned_at`. `None` says nothing about it.
    pub(crate) fn broken(
        &self,
        record: &[u8],
        scanned_at: usize,
        plain: &PlainScratch,
        scratch: &MendScratch,
    ) -> Option<SyntaxError> {
        if record.len() > MOST_RECORD_BYTES {
            return None;
        }
        let taken_to = plain.notes.taken_to.and_then(|end| end.checked_sub(scanned_at));
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if let Some(end) = taken_to
            && !record.get(end..).unwrap_or_default().iter().all(is_space)
        {
            return Some(SyntaxError::behind_value(record, end));
        }
        if scratch.done.parts > 0 && scratch.done.is_broken {
            return SyntaxError::in_broken(record);
        }
        None
    }

    /// The verdict on a record of which all is taken that is left.
    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is memory to work with, and each is borrowed apart"
    )]
    fn conclude<'b>(
        &self,
        bytes: &'b [u8],
        start: usize,
        taken: Taken,
        done: &'b mut Done,
        options: &RuleOptions,
        plain: &'b mut PlainScratch,
        normal: &'b mut Vec<u8>,
        repairs: &'b Repairs,
        field_set: &mut FieldSet,
    ) -> Option<Mended<'b>> {
        let (mut text, mut start, mut is_apart) = (bytes, start, false);
        let PlainScratch { notes, kinds, found, .. } = plain;
        let end = taken.end;
        let mut rewritten = !taken.is_verbatim;
        let is_refused = done.is_refused || done.is_incomplete;
        // Limits come before anything else that is told.
        let is_told = !done.told.is_empty();
        if (is_told || !notes.is_apart) && !self.is_within_limits(text, notes, kinds) {
            return None;
        }
        notes.forget_cut();
        if notes.is_apart && !is_refused {
            // What was noted is read where it stands now.
            if notes.rewritten.len() > MOST_RECORD_BYTES {
                return None;
            }
            normal.clear();
            normal.extend_from_slice(&notes.rewritten);
            normal.resize(notes.rewritten.len() + PLAIN_MARGIN_BYTES, 0);
            let taken = self.program.scan(normal, 0, LineEnds::AreSpace, &options.settings, notes, None);
            // That is of another text.
            notes.taken_to = None;
            let taken = taken?;
            if !taken.is_verbatim || (!is_told && !self.is_within_limits(normal, notes, kinds)) {
                return None;
            }
            (text, start, is_apart, rewritten) = (normal, 0, true, false);
        }
        let external_id = notes.cell(0, self.external_id);
        let key = match (done.external_id.take(), external_id) {
            (Some(cut), Cell::Absent) => Err(cut),
            (Some(_), _) => return None,
            // Nothing else is looked for.
            (None, Cell::Absent) if options.dedupe_on == DedupeOn::ExternalCustomerId => Err(None),
            // What is cut might be what the contact is known by.
            (None, Cell::Absent) if is_refused || done.has_cut => return None,
            _ => Ok(self.key(text, notes, options.dedupe_on)?),
        };
        let Done { told, gaps, .. } = done;
        let refused = |violations: &'b mut Vec<Violation>, key| {
            violations.iter_mut().for_each(|told| told.removed = None);
            Mended::Rejected { end, violations, key, repairs }
        };
        if is_refused {
            let key = match key {
                Ok((_, place)) => Some(SmolStr::new(std::str::from_utf8(&text[place]).ok()?)),
                Err(cut) => cut,
            };
            told.append(gaps);
            return Some(refused(told, key));
        }
        let (key_field, key) = match key {
            Ok(key) => key,
            Err(cut) => {
                let missing = crate::rules::missing_key(options.dedupe_on, told.is_empty());
                told.push(missing);
                return Some(refused(told, cut));
            }
        };
        self.read_field_set(text, notes, field_set)?;
        if let Some(finding) = &self.finding {
            finding.find(text, notes, found)?;
        }
        let is_sought = self.finding.is_some();
        let contact = PlainContact {
            end: if is_apart { text.len() - PLAIN_MARGIN_BYTES } else { end },
            rewritten: rewritten.then_some(&*notes.rewritten),
            start,
            key_field,
            key,
            tokens: if is_sought { &found.tokens } else { &[] },
            links: if is_sought { &found.links } else { &[] },
        };
        let apart = is_apart.then_some(text);
        Some(Mended::Accepted { end, contact, apart, pruned: told, repairs })
    }
}

impl Mender<'_> {
    /// A part as it is written anew.
    pub(super) fn written(&self) -> &[u8] {
        &self.scratch.written
    }

    /// Judges a part that a scan did not take, and says what is to be done with it. `None` if the record is given up.
    pub(super) fn judge(&mut self, scan: &Scan<'_>, step: &Step<'_>, part: &Part) -> Option<Edit> {
        let Self { schemas, options, parser, scratch } = self;
        let MendScratch { part: mended, written, pointer, walk, done, repairs, verdicts, .. } =
            &mut **scratch;
        if done.parts == 0 {
            done.clear();
            *repairs = Repairs::default();
        }
        done.parts += 1;
        if !part.is_read {
            let read = &scan.bytes[part.value.clone()];
            done.is_broken =
                read.len() <= MOST_PART_BYTES && parser.parse_part(read, |_| ()) == Err(PartError::NotJson);
            return None;
        }
        let way = &scan.notes.way.0[1..=scan.depth];
        let value = &part.value;
        if done.parts > MOST_PARTS || value.end - way[0].at > MOST_RECORD_BYTES {
            return None;
        }
        let is_root = way.len() == 1;
        write_pointer(scan.bytes, way, value.start, pointer)?;
        let pointer = &**pointer;
        let is_consequence =
            part.incomplete.is_some_and(|incomplete| done.lacks_only_what_was_cut(&incomplete));
        // What an element lacks is not told if more is left of its array.
        if is_consequence && matches!(step.inside, Inside::Element { .. }) && !step.is_bounded {
            done.widen(pointer);
            done.lack = Some(Lack { opening: step.opening, member: 0 });
            return Some(Edit::Cut { has_changed: false });
        }
        let mut read = &scan.bytes[value.clone()];
        if scan.copied > value.start {
            // As it is after what was done in it.
            mended.clear();
            mended.extend_from_slice(&scan.notes.rewritten[scan.notes.way.0[scan.depth + 1].written..]);
            mended.extend_from_slice(&scan.bytes[scan.copied..value.end]);
            read = mended;
        }
        let brackets = read.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
        if read.len() > MOST_PART_BYTES || brackets > MOST_BRACKETS {
            return None;
        }
        let name = match step.inside {
            Inside::Member { .. } => Some(name_before(scan.bytes, value.start)?),
            Inside::Element { .. } => None,
        };
        // What has contacts is no contact, but a request body.
        if is_root && name == Some(b"contacts") {
            return None;
        }
        let is_external_id = is_root && name == Some(b"externalCustomerId");
        let settings = &options.settings;
        let said = &scan.program.parts[step.part];
        let question = Question { part: step.part, pointer, value: read };
        let (is_absent, has_changed, findings, cut_text) = match verdicts.find(scan.program, question) {
            Ok(([], _)) => {
                done.is_broken = true;
                return None;
            }
            Ok((findings, text)) => (false, false, Cow::Borrowed(findings), text.cloned()),
            Err(place) => {
                written.clear();
                let judged = parser.parse_part(read, |tape| {
                    let address = Address { name, pointer };
                    let judged = said.judge(address, schemas, tape, settings, walk, repairs)?;
                    let is_cut = judged.is_absent || !judged.findings.is_empty();
                    if !is_cut {
                        encode(tape, written);
                    }
                    let text =
                        tape.root().as_str().filter(|text| is_cut && is_external_id && !text.is_empty());
                    Some((judged, text.map(SmolStr::new)))
                });
                let (judged, text) = match judged {
                    Ok(judged) => judged?,
                    Err(error) => {
                        done.is_broken = error == PartError::NotJson;
                        if let Some(place) = place
                            && done.is_broken
                        {
                            verdicts.remember(place, question, &[], None);
                        }
                        return None;
                    }
                };
                let Judged { is_absent, has_changed, findings } = judged;
                if let Some(place) = place
                    && !findings.is_empty()
                    && !has_changed
                {
                    verdicts.remember(place, question, &findings, text.as_ref());
                }
                (is_absent, has_changed, Cow::Owned(findings), text)
            }
        };
        if findings.is_empty() && !is_absent {
            // It may be valid and only unusual; then there is nothing to be done.
            let may_change = has_changed && part.incomplete.is_none() && said.influence == Influence::None;
            return may_change.then_some(Edit::Replace);
        }
        let may_go = match said.influence {
            Influence::None => true,
            Influence::NoneAsItIs => !has_changed && !is_root,
            Influence::Decides => false,
        };
        if !may_go {
            return None;
        }
        if is_external_id {
            done.external_id = Some(cut_text);
        }
        if is_absent {
            return match step.inside {
                // Of a record that lacks something from the start, that is told.
                Inside::Member { is_required, .. } => (!is_root || !is_required).then_some(Edit::LeaveOut),
                // The elements after it would stand elsewhere.
                Inside::Element { .. } => None,
            };
        }
        // Where there are too many that is told before any of them goes.
        if step.is_bounded {
            return None;
        }
        done.tell(findings, pointer, is_consequence, options)?;
        let mut member = 0;
        if let Inside::Member { bit, is_required: true, .. } = step.inside {
            member = bit;
            done.is_incomplete |= is_root;
        }
        done.lack = Some(Lack { opening: step.opening, member });
        Some(Edit::Cut { has_changed })
    }
}

/// Whether a record surely ends behind what was taken of it.
fn is_ended(bytes: &[u8], end: usize, line_ends: LineEnds) -> bool {
    let rest = match line_ends {
        LineEnds::EndRecords => bytes.get(end..).unwrap_or_default(),
        LineEnds::AreSpace => bytes.get(end..bytes.len() - PLAIN_MARGIN_BYTES).unwrap_or_default(),
    };
    let ahead = LookAhead { bytes: rest, line_ends };
    ahead.token(0).is_none_or(|next| line_ends == LineEnds::EndRecords && rest[next] == b'\n')
}
