//! Where a scan stopped, and how it goes on behind the part that it did not take, once that is mended.

use std::ops::Range;

use super::edit::{comma_before, name_before};
use super::mend::{Edit, Part};
use super::notes::Cell;
use super::number::{Number, number};
use super::program::{ArrayRule, NOTHING, Noted, NotedBelow, ObjectRule, PartId, RuleId};
use super::scan::Scan;

/// A value that was not taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'p> {
    /// What is said about the value.
    pub(super) part: PartId,
    /// The rule that did not take it.
    pub(super) rule: RuleId,
    /// Where it starts.
    pub(super) value: usize,
    /// Where the object or array starts that it is in.
    pub(super) opening: usize,
    pub(super) inside: Inside,
    /// Whether that may not hold more than a number of members or elements.
    pub(super) is_bounded: bool,
    /// What would be noted of it.
    noted: Noted,
    /// What would be noted of what is in it.
    noted_below: Option<&'p NotedBelow>,
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
    Element {
        /// The table that has a row for it.
        table: Option<u8>,
    },
}

/// An object or array that lacks something, though all was taken that is in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incomplete {
    /// Where it starts.
    pub(super) opening: usize,
    /// The place after it.
    pub(super) end: usize,
    /// The members that it must have, one bit each.
    pub(super) members: u64,
    /// So many more members or elements than it has.
    pub(super) more: usize,
    /// The marks that were set before it.
    pub(super) marks: u32,
    /// The members that it has, of those that its rule knows, one bit each.
    pub(super) there: u64,
    /// How many members or elements it has.
    pub(super) count: usize,
}

/// Where a scan goes on behind a part that was mended.
#[derive(Clone, Copy, Debug)]
pub(super) struct GoneOn {
    /// The place after the value.
    pub(super) at: usize,
    /// It is not there any more.
    pub(super) is_cut: bool,
}

impl<'s> Scan<'s> {
    /// The value of a member was not taken.
    #[cold]
    pub(super) fn fail_in_member(
        &mut self,
        object: &ObjectRule,
        place: Option<usize>,
        brace: usize,
        name: usize,
        value: usize,
    ) -> Option<GoneOn> {
        let bit = place.map_or(0, |place| 1 << place);
        let (part, rule, noted) = match place.map(|place| &object.members[place]) {
            Some(member) => (member.part, member.rule, member.noted),
            None => (object.others_part, object.others.unwrap_or(NOTHING), Noted::default()),
        };
        let noted_below = place.map(|place| &object.noted_below[place]);
        let inside = Inside::Member { name, bit, is_required: object.required & bit != 0 };
        let is_bounded = object.most_members < usize::MAX;
        self.go_on(Step { part, rule, value, opening: brace, inside, is_bounded, noted, noted_below })
    }

    /// An object or array is not taken of which all was taken that is in it.
    #[cold]
    pub(super) fn fail_as_incomplete(&mut self, incomplete: Incomplete) -> Option<usize> {
        self.notes.incomplete = Some(incomplete);
        None
    }

    /// An element was not taken.
    #[cold]
    pub(super) fn fail_in_element(
        &mut self,
        array: &ArrayRule,
        bracket: usize,
        value: usize,
    ) -> Option<GoneOn> {
        let ArrayRule { part, elements: rule, most, table, noted, .. } = *array;
        let inside = Inside::Element { table };
        let is_bounded = most < usize::MAX;
        let noted_below = None;
        self.go_on(Step { part, rule, value, opening: bracket, inside, is_bounded, noted, noted_below })
    }

    /// Has the part mended and goes on behind it. `None` if the record is given up, or nobody mends.
    fn go_on(&mut self, step: Step<'_>) -> Option<GoneOn> {
        let incomplete = self.notes.incomplete.take();
        // Where it is not put back, nobody is asked any more.
        let mender = self.mender.take()?;
        let ahead = self.ahead();
        let value = ahead.token(step.value)?;
        let step = Step { value, ..step };
        let incomplete = incomplete.filter(|incomplete| incomplete.opening == value);
        let end = match &incomplete {
            Some(incomplete) => incomplete.end,
            None => ahead.skip(value)?,
        };
        let rule = &self.program.rules[step.rule];
        let has_rows = match step.inside {
            Inside::Member { .. } => step.noted_below.is_some_and(|below| !below.tables.is_empty()),
            Inside::Element { table } => table.is_some(),
        };
        let is_begun = match self.bytes[value] {
            b'{' => rule.object.is_some() || rule.takes_anything || has_rows,
            b'[' => rule.array.is_some() || rule.takes_anything || has_rows,
            _ => false,
        };
        let is_read = incomplete.is_some() || !is_begun;
        let part = Part { value: value..end, incomplete, is_read };
        let edit = mender.judge(self, &step, &part)?;
        let gone_on = self.apply(&step, &part, edit, mender.written())?;
        self.mender = Some(mender);
        Some(gone_on)
    }

    /// Writes a part anew, or leaves it out.
    fn apply(&mut self, step: &Step<'_>, part: &Part, edit: Edit, written: &[u8]) -> Option<GoneOn> {
        let end = part.value.end;
        let as_read = match edit {
            Edit::Replace => {
                self.leave_out(part.value.start, end);
                self.notes.rewritten.extend_from_slice(written);
                let has_noted = |below: &NotedBelow| !below.columns.is_empty() || !below.tables.is_empty();
                self.notes.is_apart |= step.noted.column.is_some() || step.noted_below.is_some_and(has_noted);
                self.note(step.noted, Cell::Other);
                return Some(GoneOn { at: end, is_cut: false });
            }
            Edit::LeaveOut => Cell::Absent,
            // Of what a normaliser would have changed it is not known here what it says.
            Edit::Cut { has_changed: true } => Cell::Other,
            Edit::Cut { has_changed: false } => self.says(part.value.clone()),
        };
        if let Some(column) = step.noted.column {
            self.notes.note_cut(column, as_read);
        }
        if let Some(below) = step.noted_below {
            let may_hold = part.incomplete.is_none() && matches!(self.bytes[part.value.start], b'{' | b'[');
            self.notes.cut_below(below, !may_hold);
        }
        // Where the value starts in what is to be written.
        let mut written_at =
            self.notes.rewritten.len() + part.value.start - self.copied.min(part.value.start);
        if let Some(incomplete) = &part.incomplete {
            self.notes.marks = incomplete.marks;
            written_at = self.notes.way.0[self.depth + 1].written;
        }
        let from = match step.inside {
            Inside::Member { name, .. } => {
                // In what is to be written there is nothing but the colon between them.
                written_at -= name_before(self.bytes, part.value.start)?.len() + "\"\":".len();
                name
            }
            Inside::Element { table, .. } => {
                if let Some(table) = table {
                    self.notes.cut_row(table);
                }
                part.value.start
            }
        };
        if self.copied > from {
            // With what was left out of it, or written anew in it.
            self.notes.rewritten.truncate(written_at);
            self.copied = from;
        }
        let at = self.ahead().token(end)?;
        if self.bytes[at] == b',' {
            // The comma behind it goes with it.
            self.leave_out(from, at + 1);
            return Some(GoneOn { at, is_cut: true });
        }
        // It is the last one, and the comma before it goes, if there is one left.
        match comma_before(self.bytes, from) {
            Some(comma) if self.copied <= comma => self.leave_out(comma, at),
            _ => {
                self.leave_out(from, at);
                if self.notes.rewritten.last() == Some(&b',') {
                    self.notes.rewritten.pop();
                }
            }
        }
        Some(GoneOn { at, is_cut: true })
    }

    /// What would be noted of a value, if it was taken.
    fn says(&self, value: Range<usize>) -> Cell {
        match &self.bytes[value.clone()] {
            [b'"', text @ .., b'"'] if !text.contains(&b'\\') => Cell::Text(value.start + 1, value.end - 1),
            [b'-' | b'0'..=b'9', ..] => match number(self.bytes, value.start) {
                Some(Number { end, integer: Some(integer) }) => Cell::Integer(integer, value.start, end),
                _ => Cell::Other,
            },
            _ => Cell::Other,
        }
    }
}
