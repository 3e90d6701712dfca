//! The verdict on one record: normal form, limits, validation, and what is left out of it or why it is refused.

use std::num::NonZeroUsize;

use ndjson::{Parser, SyntaxError, Tape, TapeValue};

use crate::dedupe::{DedupeOn, Key, key_of};
use crate::encode::encode;
use crate::explain::{Finding, FindingKind, Findings, Voice};
use crate::field_set::FieldSet;
use crate::finds::Finds;
use crate::left_out::LeftOut;
use crate::limits::Surplus;
use crate::normalise::Settings;
use crate::places::Places;
use crate::plain::{
    LineEnds, MendScratch, Mended, PLAIN_MARGIN_BYTES, PlainContact, PlainContacts, PlainScratch,
};
use crate::plan::{Repairs, Walk};
use crate::schema::{Schema, SchemaError};
use crate::tape_json::TapeNode;
use crate::updated_at::{Said, UpdatedAt};
use crate::violation::Violation;

/// What happens to a record that breaks a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnInvalid {
    /// The smallest optional part that holds the violation is left out; the record is refused only where that part is
    /// all of it, or what it is known by.
    #[default]
    Prune,
    /// The record is refused.
    Reject,
}

impl OnInvalid {
    /// The word for it in options and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prune => "prune",
            Self::Reject => "reject",
        }
    }
}

/// What happens to a member that the schema does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownFields {
    /// The record is refused: the member may hold data under a wrong name.
    #[default]
    Reject,
    /// The member is left out, and told.
    Drop,
}

impl UnknownFields {
    /// The word for it in options and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Drop => "drop",
        }
    }
}

/// How records are judged.
#[derive(Clone, Debug, Default)]
pub struct RuleOptions {
    /// What a violation does.
    pub on_invalid: OnInvalid,
    /// What an unknown member does.
    pub unknown_fields: UnknownFields,
    /// What a contact is known by.
    pub dedupe_on: DedupeOn,
    /// At most so many channels of one type, instead of what the schema says.
    pub max_channels_per_type: Option<NonZeroUsize>,
    /// What the normalisers need to know.
    pub settings: Settings,
    /// Where a record says when it was true, if that is asked for.
    pub updated_at: Option<UpdatedAt>,
    /// What else is looked for in contacts.
    pub finds: Finds,
}

/// The contact's rules, and those of a schema of the user that tightens them.
#[derive(Debug)]
pub struct Rules {
    schemas: Vec<Schema>,
    plain: Option<PlainContacts>,
    options: RuleOptions,
    /// The member that only says when a record was true: it is no part of a contact.
    foreign_member: Option<String>,
}

/// What became of a record.
#[derive(Debug)]
pub enum Verdict<'t> {
    /// It is a contact; what is on the tape now satisfies every rule. The violations tell what was left out.
    Accepted {
        /// One for each part left out.
        pruned: Vec<Violation>,
        /// What the contact is known by.
        key: Key<'t>,
        /// When it was true, in milliseconds since 1970-01-01T00:00:00Z: `None` if nobody asks, or if it does not say.
        updated_at: Option<i64>,
    },
    /// It is refused.
    Rejected {
        /// Why.
        violations: Vec<Violation>,
        /// What the contact would have been known by.
        key: Option<Key<'t>>,
    },
}

/// What judging works with, kept between records, and what it counts.
#[derive(Debug, Default)]
pub struct Scratch {
    walk: Walk,
    surplus: Vec<Surplus>,
    pub(crate) plain: PlainScratch,
    mend: MendScratch,
    /// A record as it would be written.
    written: Vec<u8>,
    /// How often each normaliser changed a value.
    pub repairs: Repairs,
}

/// Memory above this size is given back after the record that needed it.
const KEPT_BYTES: usize = 1 << 20;

impl Rules {
    /// The contact's own rules and, on top of them, those of a schema of the user.
    ///
    /// # Errors
    /// [`SchemaError`] if the contact's schema does not compile, which a test of this crate would have found.
    pub fn new(options: RuleOptions, tightened_by: Option<Schema>) -> Result<Self, SchemaError> {
        let mut schemas = vec![Schema::contact()?];
        schemas.extend(tightened_by);
        let plain = PlainContacts::compile(&schemas, &options);
        let foreign_member = options.updated_at.as_ref().map(UpdatedAt::member);
        let foreign_member = foreign_member.filter(|name| !schemas[0].has_property(name));
        Ok(Self { schemas, plain, options, foreign_member })
    }

    /// How records are judged.
    #[must_use]
    pub fn options(&self) -> &RuleOptions {
        &self.options
    }

    /// How many channels of a type a contact can have.
    #[must_use]
    pub fn max_channels_of(&self, kind: &str) -> usize {
        let max = self.options.max_channels_per_type.map(NonZeroUsize::get);
        let limits = self.schemas.iter().flat_map(|schema| &schema.limits.arrays);
        let of_channels = limits.filter(|array| array.path.as_slice() == ["channels"]);
        let each =
            of_channels.filter_map(|array| Some(array.max_per_type.as_ref()?.max_of(kind.as_bytes(), max)));
        each.min().unwrap_or(usize::MAX)
    }

    /// Takes a contact from its text, which starts at `start` of `bytes`, if it is plainly valid and in normal form; then
    /// it is what [`judge`](Self::judge) accepts without a change, written by [`encode`](crate::encode()). Its fields go
    /// into `field_set`. `None` says nothing about it.
    ///
    /// At least [`PLAIN_MARGIN_BYTES`](crate::PLAIN_MARGIN_BYTES) have to follow the record in `bytes`. What stands
    /// between it and the next one is for the caller to look at.
    #[inline]
    pub fn take_plain<'b>(
        &self,
        bytes: &'b [u8],
        start: usize,
        line_ends: LineEnds,
        scratch: &'b mut Scratch,
        field_set: &mut FieldSet,
    ) -> Option<PlainContact<'b>> {
        // The scan reads no times.
        if self.options.updated_at.is_some() {
            return None;
        }
        self.plain.as_ref()?.take(bytes, start, line_ends, &self.options, &mut scratch.plain, field_set)
    }

    /// Takes a contact as [`take_plain`](Self::take_plain) does. Where it is not plain, the parts that are not are parsed and
    /// judged, as far as that can be done of each alone: [`mended`](Self::mended) says what came of it.
    #[inline]
    pub fn take_or_mend<'b>(
        &self,
        bytes: &'b [u8],
        start: usize,
        line_ends: LineEnds,
        parser: &mut Parser,
        scratch: &'b mut Scratch,
        field_set: &mut FieldSet,
    ) -> Option<PlainContact<'b>> {
        // The scan reads no times.
        if self.options.updated_at.is_some() {
            return None;
        }
        let Scratch { plain, mend, .. } = scratch;
        let (schemas, options) = (&self.schemas, &self.options);
        self.plain
            .as_ref()?
            .take_or_mend(bytes, start, line_ends, schemas, options, parser, plain, mend, field_set)
    }

    /// What became of a record that [`take_or_mend`](Self::take_or_mend) was just asked for and did not take, with the same
    /// `bytes`, `start`, `line_ends` and `scratch`: it is told what [`judge`](Self::judge) would tell, and accepted as that
    /// would accept it. Its fields go into `field_set` if it is accepted. `None` says nothing about it.
    ///
    /// Where line ends do not end records, all of `bytes` but the margin is the record.
    pub fn mended<'b>(
        &self,
        bytes: &'b [u8],
        start: usize,
        line_ends: LineEnds,
        parser: &mut Parser,
        scratch: &'b mut Scratch,
        field_set: &mut FieldSet,
    ) -> Option<Mended<'b>> {
        if self.options.updated_at.is_some() {
            return None;
        }
        let Scratch { plain, mend, .. } = scratch;
        let (schemas, options) = (&self.schemas, &self.options);
        let program = self.plain.as_ref()?;
        program.mended(bytes, start, line_ends, schemas, options, parser, plain, mend, field_set)
    }

    /// Why a record is no JSON that [`mended`](Self::mended) says nothing about. Its text is all of `record`, and that was
    /// asked for just now, with the same `scratch` and the record's start at `scanned_at`. `None` says nothing about it.
    #[must_use]
    pub fn broken(&self, record: &[u8], scanned_at: usize, scratch: &Scratch) -> Option<SyntaxError> {
        if self.options.updated_at.is_some() {
            return None;
        }
        self.plain.as_ref()?.broken(record, scanned_at, &scratch.plain, &scratch.mend)
    }

    /// Brings a record into normal form and judges it. What is accepted stands on the tape.
    pub fn judge<'t>(&self, tape: &mut Tape<'t>, scratch: &mut Scratch) -> Verdict<'t> {
        if tape.root().members().is_none() {
            let message = "a contact is a JSON object; this record is something else";
            return Verdict::Rejected {
                violations: vec![Violation::of_record("not-an-object", "", message)],
                key: None,
            };
        }
        let said = self.read_updated_at(tape);
        scratch.walk.has_changed = false;
        for schema in &self.schemas {
            schema.plan.apply(tape, &self.options.settings, &mut scratch.walk, &mut scratch.repairs);
        }
        let key = key_of(tape, self.options.dedupe_on);
        let mut pruned = Vec::new();
        let limited = self.apply_limits(tape, scratch, &mut pruned);
        let cleaned = limited.and_then(|()| self.prune(tape, scratch, &mut pruned));
        if let Err(violations) = cleaned {
            return Verdict::Rejected { violations, key };
        }
        // A contact that lost its key to pruning would be found by something else, or become another contact.
        let left = if pruned.is_empty() {
            key
        } else {
            key_of(tape, self.options.dedupe_on).filter(|left| Some(*left) == key)
        };
        match left {
            Some(key) => {
                let updated_at = match said {
                    Said::Nothing => None,
                    Said::At(time) => Some(time),
                    Said::Unreadable(violation) => {
                        pruned.push(violation);
                        None
                    }
                };
                Verdict::Accepted { pruned, key, updated_at }
            }
            None => {
                let missing = missing_key(self.options.dedupe_on, pruned.is_empty());
                let mut violations = rejected(&mut pruned, Vec::new());
                violations.push(missing);
                Verdict::Rejected { violations, key }
            }
        }
    }

    /// Reads when the record was true. If only that is said by a member, it goes.
    fn read_updated_at(&self, tape: &mut Tape<'_>) -> Said {
        let Some(updated_at) = &self.options.updated_at else { return Said::Nothing };
        let said = updated_at.read(tape);
        if let Some(name) = &self.foreign_member
            && let Some(member) = tape.root().get(name).map(TapeValue::index)
        {
            tape.remove(&[member]);
        }
        said
    }

    /// Whether what is on the tape satisfies every rule. The validator is asked only about what is not plainly valid.
    fn is_valid(&self, tape: &Tape<'_>, scratch: &mut Scratch) -> bool {
        self.is_plain(tape, scratch) || self.is_valid_by_validator(tape)
    }

    fn is_valid_by_validator(&self, tape: &Tape<'_>) -> bool {
        self.schemas.iter().all(|schema| schema.validator().is_valid(TapeNode(tape.root())))
    }

    fn is_plain(&self, tape: &Tape<'_>, scratch: &mut Scratch) -> bool {
        let Some(plain) = &self.plain else { return false };
        let Scratch { plain: of_plain, written, .. } = scratch;
        written.clear();
        encode(tape, written);
        written.resize(written.len() + PLAIN_MARGIN_BYTES, 0);
        let is_plain = plain.is_valid(written, &self.options.settings, of_plain);
        if written.capacity() > KEPT_BYTES {
            *written = Vec::new();
        }
        is_plain
    }

    fn apply_limits(
        &self,
        tape: &mut Tape<'_>,
        scratch: &mut Scratch,
        pruned: &mut Vec<Violation>,
    ) -> Result<(), Vec<Violation>> {
        scratch.surplus.clear();
        let max = self.options.max_channels_per_type.map(NonZeroUsize::get);
        for schema in &self.schemas {
            schema.limits.surplus(tape, max, &mut scratch.surplus);
        }
        if scratch.surplus.is_empty() {
            return Ok(());
        }
        if self.options.on_invalid == OnInvalid::Reject {
            let mut violations: Vec<_> = scratch.surplus.drain(..).map(|surplus| surplus.violation).collect();
            violations.extend(findings_of(&self.schemas, tape).into_iter().map(|finding| finding.violation));
            return Err(violations);
        }
        let mut indices = Vec::with_capacity(scratch.surplus.len());
        for surplus in scratch.surplus.drain(..) {
            indices.push(surplus.index);
            let mut violation = surplus.violation;
            violation.removed = Some(violation.pointer.clone());
            pruned.push(violation);
        }
        indices.sort_unstable();
        indices.dedup();
        tape.remove(&indices);
        Ok(())
    }

    /// Leaves out the smallest optional parts that hold a violation, until the record is valid; of one that is valid
    /// nothing.
    ///
    /// Which part is optional is asked of the schema itself: a part is taken out, and if that breaks a rule of what it
    /// was in, then that goes too.
    fn prune(
        &self,
        tape: &mut Tape<'_>,
        scratch: &mut Scratch,
        pruned: &mut Vec<Violation>,
    ) -> Result<(), Vec<Violation>> {
        // A record that was not changed has been looked at already, and was not plainly valid; but not one with a time.
        let was_changed = scratch.walk.has_changed || !pruned.is_empty();
        if (was_changed || self.options.updated_at.is_some()) && self.is_plain(tape, scratch) {
            return Ok(());
        }
        // Nearly all that come here are invalid: what is wrong with them is asked at once, instead of whether anything is.
        let first = findings_of(&self.schemas, tape);
        // That nothing can be told is not yet that nothing is wrong.
        if first.is_empty() && self.is_valid_by_validator(tape) {
            return Ok(());
        }
        let refused = first.iter().any(|finding| {
            finding.part == 0
                || match finding.kind {
                    FindingKind::UnknownMember => self.options.unknown_fields == UnknownFields::Reject,
                    FindingKind::Other => self.options.on_invalid == OnInvalid::Reject,
                }
        });
        let mut findings = first;
        if refused {
            return Err(rejected(pruned, findings));
        }
        let mut left_out = LeftOut::default();
        // What was only missing because something else went before it: the reason to tell if nothing can stay.
        let mut gaps = Vec::new();
        loop {
            let mut indices: Vec<u32> = Vec::with_capacity(findings.len());
            let mut places = Places::of(tape);
            for finding in findings {
                let removed = places.as_read(finding.part);
                indices.push(finding.part);
                let is_consequence = left_out.add(&removed);
                if is_consequence && is_gap(&finding.violation) {
                    gaps = vec![finding.violation];
                } else {
                    left_out.tell(&removed, pruned.len());
                    pruned.push(finding.violation);
                }
            }
            indices.sort_unstable();
            indices.dedup();
            tape.remove(&indices);
            if self.is_valid(tape, scratch) {
                left_out.write(pruned);
                return Ok(());
            }
            findings = findings_of(&self.schemas, tape);
            if findings.is_empty() || findings.iter().any(|finding| finding.part == 0) {
                let mut violations = rejected(pruned, Vec::new());
                violations.extend(gaps);
                violations.extend(
                    findings
                        .into_iter()
                        .map(|finding| finding.violation)
                        .filter(|violation| !is_gap(violation)),
                );
                return Err(violations);
            }
        }
    }
}

/// What is told of a contact without a key: it has none, or it is not `alone` and lost it to what is told, too.
pub(crate) fn missing_key(field: DedupeOn, alone: bool) -> Violation {
    let what = match field {
        DedupeOn::FieldId(id) => format!("a custom field {id}"),
        other => other.to_string(),
    };
    let message = if alone {
        format!(
            "the contact has no {what}, which it would be found by; add it, or choose another --dedupe-on"
        )
    } else {
        format!("what the contact is found by ({what}) would have to be left out; correct it")
    };
    Violation::of_record("missing-key", "", message)
}

/// All that was found, of a record that is refused: nothing was left out of it then.
/// What is wrong with the record as it stands on the tape.
pub(crate) fn findings_of(schemas: &[Schema], tape: &Tape<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    for schema in schemas {
        // A tightening schema that refers to the contact's own finds the same faults again.
        schema.findings(tape, Voice::Annotated).into_iter().for_each(|finding| findings.add(finding));
    }
    findings.into_list()
}

fn rejected(pruned: &mut Vec<Violation>, findings: Vec<Finding>) -> Vec<Violation> {
    let mut violations = std::mem::take(pruned);
    violations.iter_mut().for_each(|violation| violation.removed = None);
    violations.extend(findings.into_iter().map(|finding| finding.violation));
    violations
}

/// Whether something is missing, rather than wrong.
pub(crate) fn is_gap(violation: &Violation) -> bool {
    matches!(
        &*violation.keyword,
        "required" | "minItems" | "minProperties" | "contains" | "dependentRequired"
    )
}
