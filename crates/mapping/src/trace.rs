//! What each member of a contact came from.

use std::collections::HashMap;

use contact::push_token;
use ndjson::TapeValue;

use crate::mapper::Mapped;
use crate::mapping::Program;
use crate::place::{Place, PlaceId};
use crate::record::{Columns, is_blank};
use crate::value::Value;

/// How one record became what it became.
#[derive(Clone, Debug)]
pub struct Trace {
    /// One for each member of the contact.
    pub lines: Vec<TraceLine>,
    /// JSON Pointers to what the record has and the mapping does not read.
    pub unused: Vec<String>,
    /// Places that the mapping reads, that may not be missing, and that the record does not have, as the mapping writes them.
    pub missing: Vec<String>,
    /// What became of the record.
    pub mapped: Mapped,
    /// The contact; empty if there is none.
    pub contact: Vec<u8>,
    /// The line of each member: a record may have very many, and much to be told of each.
    by_member: HashMap<String, usize>,
}

/// Where one member of the contact came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLine {
    /// A JSON Pointer into the contact.
    pub member: String,
    /// The text that it is; not masked.
    pub value: String,
    /// The place, as the mapping writes it; `None` for what comes from no place.
    pub place: Option<String>,
    /// A JSON Pointer into the record.
    pub pointer: Option<String>,
    /// What was done with what stood there; empty if it was taken as it stands.
    pub how: String,
}

impl TraceLine {
    pub(crate) fn constant(member: String, value: &str) -> Self {
        Self::of_no_place(member, value, "constant")
    }

    pub(crate) fn of_no_place(member: String, value: &str, how: &str) -> Self {
        Self { member, value: value.to_owned(), place: None, pointer: None, how: how.to_owned() }
    }
}

impl Trace {
    pub(crate) fn new(
        lines: Vec<TraceLine>,
        unused: Vec<String>,
        missing: Vec<String>,
        mapped: Mapped,
        contact: Vec<u8>,
    ) -> Self {
        let by_member = lines.iter().enumerate().map(|(nth, line)| (line.member.clone(), nth)).collect();
        Self { lines, unused, missing, mapped, contact, by_member }
    }

    /// The place in the record that a place in the contact came from, both as JSON Pointers. A channel or a field as a
    /// whole comes from where its value does. Empty for what no single place made.
    #[must_use]
    pub fn pointer_of(&self, contact_pointer: &str) -> String {
        let line_at = |member: &str| self.by_member.get(member).map(|nth| &self.lines[*nth]);
        let mut member = contact_pointer;
        while !member.is_empty() {
            if let Some(line) = line_at(member).or_else(|| line_at(&format!("{member}/value"))) {
                return line.pointer.clone().unwrap_or_default();
            }
            member = member.rfind('/').map_or("", |end| &member[..end]);
        }
        String::new()
    }
}

/// What a value does with what stands at its place, in words.
pub(crate) fn how(value: &Value) -> String {
    let from = match value {
        Value::Constant(_) => return "constant".to_owned(),
        Value::From(from) => from,
    };
    let mut parts = Vec::new();
    if let Some(steps) = &from.json {
        let mut pointer = String::new();
        steps.iter().for_each(|step| push_token(&mut pointer, &step.name));
        parts.push(format!("json {pointer}"));
    }
    if !from.normalise.is_empty() {
        let names: Vec<&str> = from.normalise.iter().map(|normaliser| normaliser.name()).collect();
        parts.push(format!("normalised by {}", names.join(", ")));
    }
    if from.table.is_some() {
        parts.push("by the table".to_owned());
    }
    parts.join(", ")
}

/// Pointers to the values of a record that are at none of the mapping's places, and in none.
pub(crate) fn unused_members(root: TapeValue<'_>, program: &Program) -> Vec<String> {
    let mut unused = Vec::new();
    let mut path = Vec::new();
    collect(root, program, &mut path, &mut unused);
    unused
}

fn collect(value: TapeValue<'_>, program: &Program, path: &mut Vec<String>, unused: &mut Vec<String>) {
    let mut is_leaf = true;
    if !is_read(path, program) {
        if let Some(members) = value.members() {
            for (name, member) in members {
                is_leaf = false;
                path.push(name.to_owned());
                collect(member, program, path, unused);
                path.pop();
            }
        }
        let has_objects = |value: TapeValue<'_>| value.members().is_some() || value.elements().is_some();
        if let Some(elements) = value.elements().filter(|elements| elements.clone().any(has_objects)) {
            for (nth, element) in elements.enumerate() {
                is_leaf = false;
                path.push(nth.to_string());
                collect(element, program, path, unused);
                path.pop();
            }
        }
        if is_leaf && !path.is_empty() && !value.is_null() {
            let mut pointer = String::new();
            path.iter().for_each(|step| push_token(&mut pointer, step));
            unused.push(pointer);
        }
    }
}

/// Whether a place of the mapping is there.
fn is_read(path: &[String], program: &Program) -> bool {
    let is_at = |place: &Place, path: &[String]| {
        place.steps().len() == path.len()
            && place.steps().iter().zip(path).all(|(step, name)| step.name == *name)
    };
    let is_array = |index: usize| {
        program.channels.iter().any(|channel| {
            channel.each.as_ref().is_some_and(|each| each.array == PlaceId::Record(index as u32))
        })
    };
    let of_record = program.places.iter().enumerate();
    // An array whose elements become channels is read only where these are.
    if of_record.filter(|(index, _)| !is_array(*index)).any(|(_, place)| is_at(place, path)) {
        return true;
    }
    program.channels.iter().filter_map(|channel| channel.each.as_ref()).any(|each| {
        let PlaceId::Record(array) = each.array else { return false };
        let array = &program.places[array as usize];
        let depth = array.steps().len();
        path.len() > depth
            && is_at(array, &path[..depth])
            && each.places.iter().any(|place| is_at(place, &path[depth + 1..]))
    })
}

/// Pointers to the filled cells in columns that are none of the mapping's places.
pub(crate) fn unused_cells<'c>(columns: &Columns, cell: &impl Fn(usize) -> Option<&'c str>) -> Vec<String> {
    let is_filled = |column: usize| cell(column).is_some_and(|cell| !is_blank(cell));
    let unused = columns.unused().filter(|(column, _)| is_filled(*column));
    unused.map(|(_, name)| crate::place::pointer_to_column(name)).collect()
}
