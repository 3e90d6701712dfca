//! Making one contact of the rows of a key.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use contact::{
    Conflict, DedupeOn, FieldSet, Key, LineEnds, Origin, PLAIN_MARGIN_BYTES, RemovedChannel, Rules, Scratch,
    SmolStr, Union, Verdict, Violation, key_of,
};
use merge::Lost;
use ndjson::Parser;
use spill::{Space, SpillError};

use crate::findings::Findings;
use crate::held_row::{HeldRow, Spot};
use crate::merging::OnDuplicate;
use crate::reject::Action;
use crate::seen::Hasher;
use crate::unit::{GroupRows, Unit};

/// So many reasons are told of each row of a contact that is refused.
const MOST_REASONS: usize = 20;

/// What folding needs to know.
#[derive(Clone)]
pub(crate) struct Folding {
    pub(crate) rules: Arc<Rules>,
    pub(crate) on_duplicate: OnDuplicate,
    pub(crate) log_conflicts: bool,
    pub(crate) hasher: Hasher,
    /// For more findings than memory is for.
    pub(crate) space: Space,
    /// The names of the inputs.
    pub(crate) names: Arc<[String]>,
}

/// What became of a group.
#[derive(Debug)]
pub(crate) enum Folded {
    /// Nobody has looked at it.
    NotYet,
    /// It is the contact of its only row, as it stands.
    Single,
    /// It is a contact made of its rows.
    United {
        /// In [`Unit::encoded`].
        contact: Range<usize>,
        fields: FieldSet,
        /// What it is known by, if there is something to tell.
        key: Option<String>,
        findings: Findings,
        /// Values that had to give way, by field.
        conflicts: BTreeMap<String, u64>,
    },
    /// One row stays as it stands; the others are left out as repetitions of it.
    Kept {
        /// Counted from the least recent row.
        row: u64,
        spot: Spot,
    },
    /// All of its rows are refused.
    Refused(Vec<Violation>),
}

/// What a thread folds with.
#[derive(Default)]
pub(crate) struct Folder {
    parser: Parser,
    scratch: Scratch,
    union: Union,
    conflicts: Vec<Conflict>,
    spots: Vec<Spot>,
    fields: FieldSet,
    text: Vec<u8>,
}

impl Folder {
    /// Folds the groups of a unit; large ones are left to whoever can tell of their rows at once.
    pub(crate) fn fold(&mut self, folding: &Folding, unit: &mut Unit) -> Result<(), SpillError> {
        for group in 0..unit.groups.len() {
            if !unit.is_large(group) {
                self.fold_group(folding, unit, group)?;
            }
        }
        Ok(())
    }

    /// Folds one group.
    pub(crate) fn fold_group(
        &mut self,
        folding: &Folding,
        unit: &mut Unit,
        group: usize,
    ) -> Result<(), SpillError> {
        let count = unit.rows(group);
        let folded = match folding.on_duplicate {
            _ if count == 1 && unit.groups[group].lost.is_empty() => Folded::Single,
            OnDuplicate::Merge | OnDuplicate::Keep => {
                let mut encoded = std::mem::take(&mut unit.encoded);
                let folded = self.unite(folding, unit, group, &mut encoded);
                unit.encoded = encoded;
                folded?
            }
            OnDuplicate::First => kept(&mut unit.read(group)?, 0)?,
            OnDuplicate::Last => kept(&mut unit.read(group)?, count - 1)?,
            OnDuplicate::Reject => {
                let message = format!("{count} rows have this key, and none of them is written");
                Folded::Refused(vec![Violation::of_record("repeated-key", "", message)])
            }
        };
        unit.groups[group].folded = folded;
        Ok(())
    }

    fn unite(
        &mut self,
        folding: &Folding,
        unit: &Unit,
        group: usize,
        encoded: &mut Vec<u8>,
    ) -> Result<Folded, SpillError> {
        self.union.clear();
        self.spots.clear();
        let mut findings = Findings::default();
        let mut conflicts = BTreeMap::new();
        let mut anchor = None;
        let dedupe_on = folding.rules.options().dedupe_on;
        let refuses = folding.rules.options().on_invalid == contact::OnInvalid::Reject;
        let mut most_channel_bytes = contact::MOST_CHANNEL_BYTES;
        let mut rows = unit.read(group)?;
        while let Some(row) = rows.next()? {
            let Some(row) = HeldRow::read(row) else { continue };
            let nth = self.spots.len() as u64;
            self.spots.push(row.spot);
            let Self { parser, union, conflicts: found, .. } = self;
            let added = parser.parse(row.contact, |tape| {
                // What is known by several values is known by the others too.
                if nth == 0 && dedupe_on != DedupeOn::EmailOrSms {
                    anchor = key_of(tape, dedupe_on).and_then(anchor_of);
                }
                union.add(tape, nth, found);
            });
            if let Err(error) = added {
                // What was accepted can be parsed; if not, it must not be lost in silence.
                return Ok(Folded::Refused(vec![Violation::of_syntax(&error)]));
            }
            self.tell_conflicts(folding, &mut conflicts, &mut findings)?;
            if self.union.channel_bytes() > most_channel_bytes {
                let removed = self.limit(folding, anchor.as_ref());
                if refuses && !removed.is_empty() {
                    return Ok(Folded::Refused(too_many(&removed)));
                }
                // Where all of them may stay, they are not counted again for each row.
                most_channel_bytes = contact::MOST_CHANNEL_BYTES.max(2 * self.union.channel_bytes());
                self.tell_removed(removed, "channel-limit", limited, folding, &mut findings)?;
            }
        }

        let lost = &unit.groups[group].lost;
        if !lost.is_empty() {
            let removed = self.union.remove_channels(|kind, value| {
                kind == "mobilepush" && is_lost(lost, folding.hasher.of_token(value)).is_some()
            });
            let moved = |removed: &RemovedChannel| {
                let to = is_lost(lost, folding.hasher.of_token(&removed.value))
                    .and_then(|lost| Spot::read_line(&lost.note));
                moved(&folding.names, to)
            };
            self.tell_removed(removed, "token-moved", moved, folding, &mut findings)?;
            // Without what it is known by, it would be found by something else, or become another contact.
            let is_anchor_lost = anchor.as_ref().is_some_and(|(kind, value)| {
                *kind == "mobilepush" && is_lost(lost, folding.hasher.of_token(value)).is_some()
            });
            if is_anchor_lost || self.union.channels() == 0 {
                let mut violations = Vec::new();
                findings.seal()?;
                findings.read(|finding| {
                    let moved = finding.violations.iter().filter(|violation| violation.code == "token-moved");
                    // Their pointers are those of single rows; and one reason for all of many tokens is enough.
                    let moved =
                        moved.map(|violation| Violation { pointer: SmolStr::default(), ..violation.clone() });
                    violations.extend(moved.take(MOST_REASONS.saturating_sub(violations.len())));
                    Ok::<(), SpillError>(())
                })?;
                let violations = violations.into_iter();
                return Ok(Folded::Refused(of_all_rows(violations)));
            }
        }

        let removed = self.limit(folding, anchor.as_ref());
        if refuses && !removed.is_empty() {
            return Ok(Folded::Refused(too_many(&removed)));
        }
        self.tell_removed(removed, "channel-limit", limited, folding, &mut findings)?;
        Ok(match self.judge(folding, encoded, &mut findings)? {
            Ok(contact) => {
                findings.seal()?;
                let key =
                    if findings.is_empty() { None } else { self.key(&encoded[contact.clone()], dedupe_on) };
                Folded::United { contact, fields: self.fields.clone(), key, findings, conflicts }
            }
            Err(violations) => Folded::Refused(of_all_rows(violations.into_iter())),
        })
    }

    /// Leaves out the channels beyond what one contact takes.
    fn limit(&mut self, folding: &Folding, anchor: Option<&(&'static str, String)>) -> Vec<RemovedChannel> {
        let anchor = anchor.map(|(kind, value)| (*kind, value.as_str()));
        self.union.limit_channels(|kind| folding.rules.max_channels_of(kind), anchor)
    }

    /// Judges the united contact as if it had been read, and appends it to `encoded`.
    fn judge(
        &mut self,
        folding: &Folding,
        encoded: &mut Vec<u8>,
        findings: &mut Findings,
    ) -> Result<Result<Range<usize>, Vec<Violation>>, SpillError> {
        let rules = &folding.rules;
        let Self { parser, scratch, union, fields, text, spots, .. } = self;
        text.clear();
        union.encode(text);
        let length = text.len();
        text.resize(length + PLAIN_MARGIN_BYTES, 0);
        let start = encoded.len();
        if let Some(plain) = rules.take_plain(text, 0, LineEnds::AreSpace, scratch, fields)
            && plain.end == length
            && plain.rewritten.is_none()
        {
            encoded.extend_from_slice(&text[..length]);
            return Ok(Ok(start..encoded.len()));
        }
        let judged = parser.parse(&text[..length], |tape| match rules.judge(tape, scratch) {
            Verdict::Rejected { violations, .. } => Err(violations),
            Verdict::Accepted { pruned, .. } => {
                fields.read(tape.root());
                contact::encode(tape, encoded);
                Ok(pruned)
            }
        });
        let pruned = match judged.unwrap_or_else(|error| Err(vec![Violation::of_syntax(&error)])) {
            Ok(pruned) => pruned,
            Err(violations) => return Ok(Err(violations)),
        };
        for violation in pruned {
            let origin = union.origin(&violation.pointer);
            let origin = origin.unwrap_or(Origin { row: 0, pointer: violation.pointer.to_string() });
            let Some(spot) = spots.get(origin.row as usize) else { continue };
            let pointer = SmolStr::from(origin.pointer);
            let violation = Violation { removed: Some(pointer.clone()), pointer, ..violation };
            findings.push(*spot, Action::Pruned, violation, &folding.space)?;
        }
        Ok(Ok(start..encoded.len()))
    }

    fn tell_conflicts(
        &mut self,
        folding: &Folding,
        by_field: &mut BTreeMap<String, u64>,
        findings: &mut Findings,
    ) -> Result<(), SpillError> {
        for conflict in self.conflicts.drain(..) {
            if folding.log_conflicts
                && let (Some(spot), Some(by)) =
                    (self.spots.get(conflict.row as usize), self.spots.get(conflict.by as usize))
            {
                let source = name(&folding.names, by.input);
                let message = format!(
                    "a more recent row of this key, at {source}:{}, says otherwise of {}; its value is written",
                    by.line, conflict.field
                );
                let mut violation = Violation::of_record("conflict", conflict.pointer, message);
                violation.value = conflict.value;
                findings.push(*spot, Action::MergedConflict, violation, &folding.space)?;
            }
            *by_field.entry(conflict.field).or_default() += 1;
        }
        Ok(())
    }

    fn tell_removed(
        &self,
        removed: Vec<RemovedChannel>,
        code: &'static str,
        message: impl Fn(&RemovedChannel) -> String,
        folding: &Folding,
        findings: &mut Findings,
    ) -> Result<(), SpillError> {
        for removed in removed {
            let Some(spot) = self.spots.get(removed.origin.row as usize) else { continue };
            let message = message(&removed);
            let pointer = SmolStr::from(removed.origin.pointer);
            let mut violation = Violation::of_record(code, pointer.clone(), message);
            violation.value = contact::mask_text(&removed.value);
            violation.removed = Some(pointer);
            findings.push(*spot, Action::Pruned, violation, &folding.space)?;
        }
        Ok(())
    }

    /// What a held contact is known by.
    pub(crate) fn key(&mut self, contact: &[u8], dedupe_on: DedupeOn) -> Option<String> {
        let key = self.parser.parse(contact, |tape| key_of(tape, dedupe_on).map(|key| key.value.to_owned()));
        key.ok().flatten()
    }
}

/// Why a contact with too many channels is refused.
fn too_many(removed: &[RemovedChannel]) -> Vec<Violation> {
    let violations = removed.iter().take(MOST_REASONS).map(|removed| {
        Violation::of_record("channel-limit", removed.origin.pointer.clone(), limited(removed))
    });
    of_all_rows(violations)
}

/// Violations of a contact, told of each of its rows: no place of it is one of all of them.
fn of_all_rows(violations: impl Iterator<Item = Violation>) -> Vec<Violation> {
    let of_all_rows = |mut violation: Violation| {
        violation.removed = None;
        let pointer = std::mem::take(&mut violation.pointer);
        if !pointer.is_empty() {
            let message = violation.message;
            violation.message =
                format!("{message} ({pointer} in the contact that all rows of this key make)").into();
        }
        violation
    };
    violations.map(of_all_rows).collect()
}

/// The row of this number stays.
fn kept(rows: &mut GroupRows<'_>, row: u64) -> Result<Folded, SpillError> {
    let mut nth = 0;
    while let Some(bytes) = rows.next()? {
        if nth == row
            && let Some(held) = HeldRow::read(bytes)
        {
            return Ok(Folded::Kept { row, spot: held.spot });
        }
        nth += 1;
    }
    Ok(Folded::NotYet)
}

/// The channel by which the contact is known, if it is a channel.
fn anchor_of(key: Key<'_>) -> Option<(&'static str, String)> {
    let kind = match key.field {
        "push" => "mobilepush",
        kind @ ("email" | "sms" | "webpush") => kind,
        _ => return None,
    };
    Some((kind, key.value.to_owned()))
}

fn is_lost(lost: &[Lost], hash: u128) -> Option<&Lost> {
    lost.iter().find(|lost| lost.hash == hash)
}

fn limited(removed: &RemovedChannel) -> String {
    format!(
        "with all rows of this key, the contact has more channels of type {} than it can have; inactive and earlier ones \
         are left out",
        removed.kind
    )
}

fn moved(names: &[String], to: Option<(u32, u64)>) -> String {
    let place = to.map_or_else(String::new, |(input, line)| format!(", at {}:{line}", name(names, input)));
    format!(
        "another contact keeps this token{place}: of the rows that have it, active ones go first, then the most recent"
    )
}

pub(crate) fn name(names: &[String], input: u32) -> &str {
    names.get(input as usize).map_or("", String::as_str)
}
