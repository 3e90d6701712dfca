//! What the schemas say about one member or element, so that it can be judged alone.
//!
//! It is judged in the same way as a whole record: by the steps of its normal form, and by the validator itself.

use std::sync::{Arc, OnceLock};

use jsonschema::Validator;
use ndjson::Tape;
use smol_str::SmolStr;

use crate::explain::{Finding, Voice, finding, unknown_member};
use crate::normalise::Settings;
use crate::places::Places;
use crate::plan::{Repairs, Walk};
use crate::schema::Schema;
use crate::tape_json::{TapeJson, TapeNode};

/// One member or element, as all the schemas together see it.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// The places in the schemas that speak about it, those of the first schema first.
    pub(super) places: Vec<Arc<PartPlace>>,
    /// Objects of the schemas that do not know it, and take no members that they do not know.
    pub(super) closed_by: Vec<Closed>,
    pub(super) influence: Influence,
    /// Whether this is all that is said.
    pub(super) is_whole: bool,
}

/// A place in a schema that speaks about a part.
#[derive(Debug)]
pub(super) struct PartPlace {
    /// The number of the schema.
    pub(super) schema: usize,
    pub(super) uri: String,
    pub(super) pointer: String,
    /// What brings it into normal form, in the plan of the schema.
    pub(super) step: Option<usize>,
    /// Made when it is first asked.
    pub(super) validator: OnceLock<Option<Validator<TapeJson>>>,
}

/// An object of a schema that takes no members that it does not know.
#[derive(Debug)]
pub(super) struct Closed {
    /// The number of the schema.
    pub(super) schema: usize,
    /// The keyword that says so, with the URI of its document.
    pub(super) keyword: String,
}

/// What depends on a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Influence {
    /// Nothing but itself.
    #[default]
    None,
    /// No condition of its object holds as long as it is as it is, or is not there.
    NoneAsItIs,
    /// Conditions of its object hold because of it.
    Decides,
}

/// Where a part stands in its record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address<'a> {
    /// Its own, if it is a member.
    pub(super) name: Option<&'a [u8]>,
    /// What leads to it.
    pub(super) pointer: &'a str,
}

/// What was found of a part.
#[derive(Debug)]
pub(super) struct Judged {
    /// A normaliser wants it to go.
    pub(super) is_absent: bool,
    /// What is on the tape is not what was read.
    pub(super) has_changed: bool,
    /// What is wrong with the part as a whole; the index of the part is 0 on its own tape.
    pub(super) findings: Vec<Finding>,
}

impl Part {
    /// Brings a part, which is alone on its tape, into normal form and judges it. `None` if it is only in the whole record
    /// that this can be said.
    pub(super) fn judge(
        &self,
        Address { name, pointer }: Address<'_>,
        schemas: &[Schema],
        tape: &mut Tape<'_>,
        settings: &Settings,
        walk: &mut Walk,
        repairs: &mut Repairs,
    ) -> Option<Judged> {
        if !self.is_whole {
            return None;
        }
        walk.has_changed = false;
        for place in &self.places {
            if let Some(step) = place.step
                && !schemas[place.schema].plan.apply_to_part(step, tape, settings, walk, repairs)
            {
                return Some(Judged { is_absent: true, has_changed: true, findings: Vec::new() });
            }
        }
        let (mut findings, mut found): (Vec<Finding>, Vec<Finding>) = Default::default();
        for (nth, schema) in schemas.iter().enumerate() {
            // Of the findings of two places it is not known which the validator of the whole tells first.
            let mut is_told = false;
            let mut tell = |found: &mut Vec<Finding>| {
                let is_second = is_told && !found.is_empty();
                is_told |= !found.is_empty();
                if findings.is_empty() && found.len() == 1 {
                    std::mem::swap(&mut findings, found);
                }
                for finding in found.drain(..) {
                    if findings.iter().all(|known| known.violation != finding.violation) {
                        findings.push(finding);
                    }
                }
                (!is_second).then_some(())
            };
            for closed in self.closed_by.iter().filter(|closed| closed.schema == nth) {
                let holder = schema.documents.holder(&closed.keyword);
                let keyword = SmolStr::new_static("additionalProperties");
                let (member, pointer) = (tape.root(), SmolStr::new(pointer));
                let name = std::str::from_utf8(name?).ok()?;
                found.push(unknown_member(name, member, pointer, keyword, holder, Voice::Annotated));
                tell(&mut found)?;
            }
            for place in self.places.iter().filter(|place| place.schema == nth) {
                place.find(schema, tape, pointer, &mut found)?;
                tell(&mut found)?;
            }
        }
        // How many of several missing members the validator tells depends on where it stands.
        let is_missing = |finding: &Finding| finding.violation.keyword == "required";
        let are_certain = findings.len() == 1 || !findings.iter().any(is_missing);
        if !are_certain || findings.iter().any(|finding| finding.part != 0) {
            return None;
        }
        Some(Judged { is_absent: false, has_changed: walk.has_changed, findings })
    }
}

impl PartPlace {
    /// Adds what the validator finds at this place; `None` if it cannot be asked.
    fn find(
        &self,
        schema: &Schema,
        tape: &Tape<'_>,
        pointer: &str,
        findings: &mut Vec<Finding>,
    ) -> Option<()> {
        let make = || schema.validator_of_place(&self.uri, &self.pointer).ok();
        let validator = self.validator.get_or_init(make).as_ref()?;
        let mut places = Places::of(tape);
        for error in validator.iter_errors(TapeNode(tape.root())) {
            finding(&error, &mut places, pointer, &schema.documents, Voice::Annotated, findings);
        }
        Some(())
    }
}
