//! Contacts of which all was taken that is there, but that lack members.

use smol_str::SmolStr;

use super::mend::Mender;
use super::notes::Cell;
use super::program::PartId;
use super::verdicts::Question;
use super::{PlainContacts, PlainScratch};
use crate::dedupe::DedupeOn;
use crate::rules::findings_of;

/// A record as a whole, beside its parts.
const RECORD: PartId = PartId::MAX;

/// A record that is refused for what it lacks, which is told with what was done.
pub(super) struct Lacking {
    /// The place after it.
    pub(super) end: usize,
    /// What the contact would have been known by.
    pub(super) key: Option<SmolStr>,
}

impl PlainContacts {
    /// Judges a record that was taken but for members that it lacks. `None` says nothing about it.
    ///
    /// What is said of it then depends on nothing but which members it has, and how many: what is in them is good, and no
    /// rule of the record asks for it.
    pub(super) fn lacking(
        &self,
        bytes: &[u8],
        start: usize,
        mender: &mut Mender<'_>,
        plain: &mut PlainScratch,
    ) -> Option<Lacking> {
        let Mender { schemas, options, parser, scratch } = mender;
        let PlainScratch { notes, kinds, .. } = plain;
        let lacking = notes.incomplete.as_ref().filter(|lacking| lacking.opening == start)?;
        let is_unconditional = self.program.rules[self.program.root]
            .object
            .as_ref()
            .is_some_and(|object| object.variants.is_none());
        // Limits come before anything else that is told.
        if !is_unconditional || !self.is_within_limits(bytes, notes, kinds) {
            return None;
        }
        let key = match notes.cell(0, self.external_id) {
            // Nothing else is looked for.
            Cell::Absent if options.dedupe_on == DedupeOn::ExternalCustomerId => None,
            _ => {
                let (_, place) = self.key(bytes, notes, options.dedupe_on)?;
                Some(SmolStr::new(std::str::from_utf8(&bytes[place]).ok()?))
            }
        };
        let members = [lacking.there, lacking.count as u64].map(u64::to_le_bytes);
        let question = Question { part: RECORD, pointer: "", value: members.as_flattened() };
        let told = &mut scratch.done.told;
        match scratch.verdicts.find(&self.program, question) {
            Ok((known, _)) => told.extend(known.iter().map(|finding| finding.violation.clone())),
            Err(place) => {
                let found =
                    parser.parse(&bytes[start..lacking.end], |tape| findings_of(schemas, tape)).ok()?;
                // All of it is about the record itself, of which nothing is left then.
                if found.is_empty() || found.iter().any(|finding| finding.part != 0) {
                    return None;
                }
                if let Some(place) = place {
                    scratch.verdicts.remember(place, question, &found, None);
                }
                told.extend(found.into_iter().map(|finding| finding.violation));
            }
        }
        Some(Lacking { end: lacking.end, key })
    }
}
