//! What was done with the parts of one record so far, and what is told of it.

use std::borrow::Cow;

use smol_str::SmolStr;

use super::failure::Incomplete;
use super::scan::Taken;
use crate::explain::{Finding, FindingKind};
use crate::rules::{OnInvalid, RuleOptions, UnknownFields, is_gap};
use crate::violation::Violation;

/// What was done so far.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// How many parts were looked at; of a record that is plain so far nothing else is kept up to date.
    pub(super) parts: usize,
    /// The record, if all of it was taken that is left.
    pub(super) taken: Option<Taken>,
    /// What is told, with what was removed.
    pub(super) told: Vec<Violation>,
    /// The last thing that was only missing because something else went before it.
    pub(super) gaps: Vec<Violation>,
    /// A member was cut that the record must have.
    pub(super) is_incomplete: bool,
    /// The record is refused for what was found first.
    pub(super) is_refused: bool,
    /// The external id was cut: as a text, if it was one.
    pub(super) external_id: Option<Option<SmolStr>>,
    /// Something was cut.
    pub(super) has_cut: bool,
    /// What the object or array lacks, if it must have it, that the last cut was made in.
    pub(super) lack: Option<Lack>,
    /// A part is not JSON.
    pub(super) is_broken: bool,
}

/// What the object or array lacks that a part was cut out of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lack {
    /// Where it starts.
    pub(super) opening: usize,
    /// A member that it must have, as its bit.
    pub(super) member: u64,
}

impl Done {
    /// Forgets what was done with the record before.
    pub(super) fn clear(&mut self) {
        let Self {
            parts,
            taken,
            told,
            gaps,
            is_incomplete,
            is_refused,
            external_id,
            has_cut,
            lack,
            is_broken,
        } = self;
        told.clear();
        gaps.clear();
        (*parts, *taken, *external_id, *lack) = (0, None, None, None);
        (*is_incomplete, *is_refused, *has_cut, *is_broken) = (false, false, false, false);
    }

    /// Whether a part lacks nothing but what was cut out of it and told.
    pub(super) fn lacks_only_what_was_cut(&self, part: &Incomplete) -> bool {
        self.lack.is_some_and(|cut| {
            part.opening == cut.opening && part.members & !cut.member == 0 && part.more <= 1
        })
    }

    /// Tells what was found of a part that is cut.
    pub(super) fn tell(
        &mut self,
        findings: Cow<'_, [Finding]>,
        pointer: &str,
        is_consequence: bool,
        options: &RuleOptions,
    ) -> Option<()> {
        if !self.has_cut {
            self.is_refused = findings.iter().any(|finding| match finding.kind {
                FindingKind::UnknownMember => options.unknown_fields == UnknownFields::Reject,
                FindingKind::Other => options.on_invalid == OnInvalid::Reject,
            });
            match findings {
                Cow::Borrowed(known) => {
                    self.told.extend(known.iter().map(|finding| finding.violation.clone()));
                }
                Cow::Owned(found) => self.told.extend(found.into_iter().map(|finding| finding.violation)),
            }
            self.widen(pointer);
            return Some(());
        }
        // A second part may be told before the first; but what is only missing because the first is gone goes with it.
        let last = findings.into_owned().pop()?;
        if !is_consequence || self.is_refused || !is_gap(&last.violation) {
            return None;
        }
        self.gaps.clear();
        self.gaps.push(last.violation);
        self.widen(pointer);
        Some(())
    }

    /// More than what was told goes with it.
    pub(super) fn widen(&mut self, pointer: &str) {
        for told in &mut self.told {
            told.removed = Some(SmolStr::new(pointer));
        }
        self.has_cut = true;
    }
}
