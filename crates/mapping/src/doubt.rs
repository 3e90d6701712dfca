//! What speaks against the mapping by which an input is read: none of its first records has what it asks for.

use std::collections::HashSet;

use ndjson::{Beginning, Parser, Tape};

use crate::error::first_of;
use crate::mapping::{Mapping, Recognise};
use crate::place::Place;
use crate::presets::presets;

/// How many members or columns are named.
const NAMED: usize = 10;

/// Of ten records, so many have to be of another shape.
const OF_TEN: usize = 9;

/// What every contact has, or every request body with contacts.
const OF_CONTACTS: [&str; 2] = ["channels", "contacts"];

/// What was seen of the first records: the names of their members, or of columns.
#[derive(Default)]
struct Names {
    in_order: Vec<String>,
    known: HashSet<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        if self.known.insert(name.to_owned()) {
            self.in_order.push(name.to_owned());
        }
    }

    fn of_record(&mut self, tape: &Tape<'_>) {
        tape.root().members().into_iter().flatten().for_each(|(name, _)| self.add(name));
    }

    fn first(&self) -> String {
        first_of(&self.in_order, NAMED)
    }
}

/// Why records that are read as contacts are none, if that is so.
pub(crate) fn of_contacts(beginning: &Beginning<'_>) -> Option<String> {
    let names = names_of_others(&beginning.records(None))?;
    let instead = instead(None, beginning);
    Some(format!("does not look like contacts: its records have {names}, and no channels; {instead}"))
}

/// The same of records that stand in the lines of a rejects file.
pub(crate) fn of_rejected_contacts(records: &[&[u8]]) -> Option<String> {
    let names = names_of_others(records)?;
    Some(format!(
        "does not look like rejects of contacts: the records in raw have {names}, and no channels; name the mapping of the \
         records: --from rejects --from mine.toml"
    ))
}

/// The names of what records have that are no contacts, if nearly all are none.
fn names_of_others(records: &[&[u8]]) -> Option<String> {
    let (mut objects, mut foreign, mut names) = (0, 0, Names::default());
    each_of(records, |tape| {
        let Some(members) = tape.root().members() else { return GoOn::Yes };
        objects += 1;
        let members: Vec<&str> = members.map(|(name, _)| name).collect();
        let is_contact = members.iter().any(|name| OF_CONTACTS.contains(name));
        if !is_contact && !members.iter().all(|name| contact::is_contact_member(name)) {
            foreign += 1;
            names.of_record(tape);
        }
        GoOn::Yes
    });
    let is_foreign = foreign > 0 && foreign * 10 >= objects * OF_TEN;
    is_foreign.then(|| names.first())
}

/// Why an input does not look like what the mapping is for, if it does not.
pub(crate) fn of_mapping(mapping: &Mapping, beginning: &Beginning<'_>) -> Option<String> {
    let mut names = Names::default();
    let (mut records, mut does_any_fit) = (0, false);
    let mut missing = Missing::new(mapping);
    if let Some(table) = beginning.table() {
        records = 1;
        does_any_fit = mapping.may_be_table(&table.columns);
        missing.look(|place| Mapping::has_column(place, &table.columns));
        table.columns.iter().for_each(|column| names.add(column));
    } else {
        each_record(beginning, mapping.array(), |tape| {
            records += 1;
            does_any_fit |= mapping.may_be_record(tape);
            missing.look(|place| place.resolve(tape.root()).is_some());
            names.of_record(tape);
            if does_any_fit { GoOn::No } else { GoOn::Yes }
        });
    }
    let array = mapping.array().filter(|_| records == 0 && beginning.table().is_none());
    if let Some(array) = array {
        // Nothing stands where its records would be; perhaps there is no such place.
        each_record(beginning, None, |tape| {
            records += 1;
            does_any_fit |= contact::resolve(tape.root(), array).is_some();
            names.of_record(tape);
            GoOn::Yes
        });
    }
    if records == 0 || does_any_fit {
        return None;
    }
    let lacks = match beginning.table() {
        Some(_) => "it has no column",
        None => "its records have no",
    };
    let what = match array.map(contact::subject).or_else(|| missing.words()) {
        Some(missing) => format!("{lacks} {missing}, but {}", names.first()),
        None => format!("its records have {}", names.first()),
    };
    let looks_unlike = match &mapping.recognise {
        Some(_) => format!("does not look like {}", mapping.title()),
        None => format!("has nothing that {} reads", mapping.name()),
    };
    Some(format!("{looks_unlike}: {what}; {}", instead(Some(mapping), beginning)))
}

/// What to do with an input that is not what it was read by, or no contacts.
fn instead(than: Option<&Mapping>, beginning: &Beginning<'_>) -> String {
    match (looks_like(than, beginning), than) {
        (Some(other), _) => format!("it looks like {} (--from {})", other.title(), other.name()),
        (None, Some(own)) if own.recognise.is_none() => {
            "name places that are there (`reteno-import presets --explain INPUT` shows what becomes of the first records)"
                .to_owned()
        }
        (None, _) => "say what these mean in a mapping (--from mine.toml; `reteno-import presets --explain INPUT --from mine.toml` \
                      shows what becomes of the first records, docs/mapping.md and `reteno-import schema mapping` which keys it \
                      can have)"
            .to_owned(),
    }
}

/// The preset that the input looks like, other than the one that it is read by.
fn looks_like(than: Option<&Mapping>, beginning: &Beginning<'_>) -> Option<Mapping> {
    let others = presets().iter().filter(|preset| than.is_none_or(|than| preset.name != than.name()));
    let mut others = others.filter_map(|preset| Mapping::parse(preset.name, preset.toml).ok());
    others.find(|other| {
        if let Some(table) = beginning.table() {
            return other.fits_columns(&table.columns);
        }
        let (mut records, mut fitting) = (0, 0);
        each_record(beginning, other.array(), |tape| {
            records += 1;
            fitting += usize::from(other.fits_record(tape));
            GoOn::Yes
        });
        fitting > 0 && fitting * 2 >= records
    })
}

/// Whether further records are looked at.
#[derive(PartialEq)]
enum GoOn {
    Yes,
    No,
}

/// Calls for each of the first records that is JSON, until it has seen enough.
fn each_record(beginning: &Beginning<'_>, array: Option<&str>, with: impl FnMut(&Tape<'_>) -> GoOn) {
    each_of(&beginning.records(array), with);
}

fn each_of(records: &[&[u8]], mut with: impl FnMut(&Tape<'_>) -> GoOn) {
    let mut parser = Parser::new();
    for record in records {
        // What is no JSON says nothing of the others.
        if parser.parse(record, |tape| with(tape)) == Ok(GoOn::No) {
            return;
        }
    }
}

/// Places that the mapping asks for and no record has.
struct Missing<'m> {
    all: Vec<&'m Place>,
    any: Vec<&'m Place>,
    is_any_there: bool,
}

impl<'m> Missing<'m> {
    fn new(mapping: &'m Mapping) -> Self {
        let (all, any): (&[Place], &[Place]) = match &mapping.recognise {
            Some(Recognise { all, any, .. }) => (all, any),
            None => (&[], &mapping.program.places),
        };
        Self { all: all.iter().collect(), any: any.iter().collect(), is_any_there: any.is_empty() }
    }

    fn look(&mut self, has: impl Fn(&Place) -> bool) {
        self.all.retain(|place| !has(place));
        self.is_any_there |= self.any.iter().any(|place| has(place));
    }

    /// Those of which each is needed, or else those of which one is.
    fn words(&self) -> Option<String> {
        let written = |places: &[&Place]| {
            places.iter().map(|place| contact::subject(&place.pointer())).collect::<Vec<_>>()
        };
        if !self.all.is_empty() {
            return Some(first_of(&written(&self.all), NAMED));
        }
        (!self.is_any_there).then(|| first_of(&written(&self.any), NAMED))
    }
}
