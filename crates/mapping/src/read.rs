//! From TOML to a mapping: every key is known, and every value means something.

mod entry;
mod parts;

use toml::de::DeTable;

use crate::error::MappingError;
use crate::mapping::{Mapping, Optional, Program, Recognise, Records};
use crate::place::{From, Place};
use crate::trie::Trie;
use entry::{Entry, Section};

const KEYS: &[&str] = &[
    "title",
    "format",
    "array",
    "delimiter",
    "optional",
    "updated-at",
    "recognise",
    "skip",
    "contact",
    "channel",
    "field",
    "as",
];
/// What can be said of records that are contacts already.
const KEYS_OF_CONTACTS: &[&str] = &["as", "title", "format", "array", "recognise"];
/// What can be said of the lines of rejects files.
const KEYS_OF_REJECTS: &[&str] = &["as", "title", "recognise"];
const FORMATS: &[&str] = &["ndjson", "json", "csv"];

pub(crate) fn read_mapping(name: &str, toml: &str) -> Result<Mapping, MappingError> {
    let source = Source { name, toml };
    let table = DeTable::parse(toml).map_err(|error| MappingError::Syntax {
        mapping: name.to_owned(),
        line: source.line(error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let top = Section::top(source, table.get_ref(), KEYS)?;
    let mut reader = Reader::default();
    let records = reader.records(&top)?;
    let array = top.get("array").map(|entry| reader.pointer(&entry)).transpose()?;
    let recognise = top.get("recognise").map(|entry| reader.recognise(&entry)).transpose()?;
    let format = match top.get("format") {
        Some(entry) => Some(entry.one_of("format", FORMATS)?.to_owned()),
        None => None,
    };
    let title = top.get("title").map(|entry| entry.text().map(str::to_owned)).transpose()?;
    let delimiter = top.get("delimiter").map(|entry| delimiter(&entry)).transpose()?;
    let optional = match top.get("optional") {
        Some(entry) => reader.optional(&entry)?,
        None => Optional::These(Vec::new()),
    };
    let program = match records {
        Records::ToMap => reader.program(&top)?,
        Records::Contacts | Records::Rejects => Program::default(),
    };
    let name = name.to_owned();
    Ok(Mapping { name, title, format, array, delimiter, records, optional, recognise, program })
}

/// The text of a mapping, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Source<'t> {
    name: &'t str,
    toml: &'t str,
}

impl Source<'_> {
    /// The line of a byte, from 1.
    fn line(&self, offset: usize) -> usize {
        let before = &self.toml.as_bytes()[..offset.min(self.toml.len())];
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }
}

/// What is read so far.
#[derive(Default)]
struct Reader {
    places: Vec<Place>,
    /// The places in the elements of the channel that is read, if it has any.
    elements: Option<Vec<Place>>,
}

impl Reader {
    fn records(&self, top: &Section<'_>) -> Result<Records, MappingError> {
        let Some(entry) = top.get("as") else { return Ok(Records::ToMap) };
        let (records, keys, why) = match entry.one_of("as", &["contacts", "rejects"])? {
            "rejects" => (Records::Rejects, KEYS_OF_REJECTS, "nothing is to be said of rejects files (as)"),
            _ => (
                Records::Contacts,
                KEYS_OF_CONTACTS,
                "nothing is to be said of records that are contacts already (as)",
            ),
        };
        match KEYS.iter().filter(|key| !keys.contains(key)).find_map(|key| top.get(key)) {
            Some(other) => Err(other.wrong(why)),
            None => Ok(records),
        }
    }

    fn pointer(&self, entry: &Entry<'_>) -> Result<String, MappingError> {
        let pointer = entry.text()?;
        if !pointer.starts_with('/') {
            return Err(entry.wrong("it is a JSON Pointer, which starts with a slash: /channels"));
        }
        Place::parse(pointer).map_err(|error| entry.wrong(error.to_string()))?;
        Ok(pointer.to_owned())
    }

    fn recognise(&self, entry: &Entry<'_>) -> Result<Recognise, MappingError> {
        let section = entry.section(&["all", "any", "none"])?;
        let places = |key: &str| section.get(key).map_or(Ok(Vec::new()), |entry| self.loose_places(&entry));
        let recognise = Recognise { all: places("all")?, any: places("any")?, none: places("none")? };
        if recognise.all.is_empty() && recognise.any.is_empty() {
            return Err(entry.wrong("anything would fit; name places in all or any"));
        }
        Ok(recognise)
    }

    fn optional(&self, entry: &Entry<'_>) -> Result<Optional, MappingError> {
        match entry.truth() {
            Some(true) => Ok(Optional::All),
            Some(false) => Ok(Optional::These(Vec::new())),
            None if entry.is_list() => Ok(Optional::These(self.loose_places(entry)?)),
            None => Err(entry.wrong("it is a list of places, or true for all")),
        }
    }

    /// Places that no value comes from.
    fn loose_places(&self, entry: &Entry<'_>) -> Result<Vec<Place>, MappingError> {
        let places = entry.list()?.into_iter().map(|item| match Place::parse(item.text()?) {
            Ok((From::Record, place)) => Ok(place),
            Ok((From::Element, place)) if entry.is_named("optional") => Ok(place),
            Ok((From::Element, _)) => {
                Err(item.wrong("records are recognised by what they have, not by elements"))
            }
            Err(error) => Err(item.wrong(error.to_string())),
        });
        places.collect()
    }

    fn program(&mut self, top: &Section<'_>) -> Result<Program, MappingError> {
        let skip = match top.get("skip") {
            Some(entry) => self.rules(&entry)?,
            None => Vec::new(),
        };
        let members = match top.get("contact") {
            Some(entry) => self.members(&entry)?,
            None => Vec::new(),
        };
        let fields = match top.get("field") {
            Some(entry) => self.fields(&entry)?,
            None => Vec::new(),
        };
        let channels = match top.get("channel") {
            Some(entry) => entry.list()?.iter().map(|item| self.channel(item)).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let updated_at = top.get("updated-at").map(|entry| self.place(&entry)).transpose()?;
        if channels.is_empty() && !members.iter().any(|member| member.name == "externalCustomerId") {
            return Err(
                top.wrong("channel", "a contact needs channels, or at least contact.externalCustomerId")
            );
        }
        let places = std::mem::take(&mut self.places);
        Ok(Program { trie: Trie::new(&places), places, updated_at, skip, members, fields, channels })
    }
}

fn delimiter(entry: &Entry<'_>) -> Result<u8, MappingError> {
    match *entry.text()?.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0) => Ok(byte),
        _ => Err(entry.wrong("it is one ASCII character, no quote and no line end")),
    }
}
