//! Where a scan stopped.

use super::program::{ArrayRule, NOTHING, ObjectRule, PartId, RuleId};
use super::scan::Scan;

/// One step on the way from the record to the value that was not taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// What is said about the value.
    pub(super) part: PartId,
    /// The rule that did not take it.
    pub(super) rule: RuleId,
    /// Where it starts; there may be white space before it.
    pub(super) value: usize,
    /// Where the object or array starts that it is in.
    pub(super) opening: usize,
    pub(super) inside: Inside,
    /// Whether that may not hold more than a number of members or elements.
    pub(super) is_bounded: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Inside {
    Member {
        /// Where its name starts, with the quote.
        name: usize,
        /// Its bit in the rule of its object; 0 if it is unknown there.
        bit: u64,
        is_required: bool,
    },
    /// Its number, from 0.
    Element(usize),
}

/// What an object or array lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lack {
    /// Where it starts.
    pub(super) opening: usize,
    /// The members that it must have, one bit each.
    pub(super) members: u64,
    /// So many more members or elements than it has.
    pub(super) more: usize,
}

impl Scan<'_> {
    /// The value of a member was not taken, so its object is not.
    #[cold]
    pub(super) fn fail_in_member(
        &mut self,
        object: &ObjectRule,
        place: Option<usize>,
        brace: usize,
        name: usize,
        value: usize,
    ) -> Option<usize> {
        let bit = place.map_or(0, |place| 1 << place);
        let (part, rule) = match place {
            Some(place) => (object.members[place].part, object.members[place].rule),
            None => (object.others_part, object.others.unwrap_or(NOTHING)),
        };
        let inside = Inside::Member { name, bit, is_required: object.required & bit != 0 };
        let is_bounded = object.most_members < usize::MAX;
        self.notes.failure.push(Step { part, rule, value, opening: brace, inside, is_bounded });
        None
    }

    /// An object or array is not taken of which all was taken that is in it.
    #[cold]
    pub(super) fn fail_as_incomplete(&mut self, opening: usize, members: u64, more: usize) -> Option<usize> {
        self.notes.lack = Some(Lack { opening, members, more });
        None
    }

    /// An element was not taken, so its array is not.
    #[cold]
    pub(super) fn fail_in_element(
        &mut self,
        array: &ArrayRule,
        bracket: usize,
        nth: usize,
        value: usize,
    ) -> Option<usize> {
        let inside = Inside::Element(nth);
        let is_bounded = array.most < usize::MAX;
        let ArrayRule { part, elements: rule, .. } = *array;
        self.notes.failure.push(Step { part, rule, value, opening: bracket, inside, is_bounded });
        None
    }
}
