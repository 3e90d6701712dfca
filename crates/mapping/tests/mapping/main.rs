//! What a mapping makes of records.

mod channels;
mod mistakes;
mod presets;
mod properties;
mod schema;
mod tracing;
mod values;

use std::sync::Arc;

use contact::Violation;
use mapping::{Fate, Mapped, Mapper, Mapping, MappingOptions};
use ndjson::Parser;

/// What became of one record, with the contact as text.
struct Outcome {
    contact: String,
    mapped: Mapped,
}

impl Outcome {
    fn fate(&self) -> &'static str {
        match self.mapped.fate {
            Fate::Contact => "contact",
            Fate::Skipped { .. } => "skipped",
            Fate::Rejected { .. } => "rejected",
        }
    }

    /// What is told, as code and pointer.
    fn told(&self) -> Vec<(&str, &str)> {
        self.violations().iter().map(|violation| (&*violation.code, &*violation.pointer)).collect()
    }

    fn violations(&self) -> &[Violation] {
        match &self.mapped.fate {
            Fate::Contact => &self.mapped.left_out,
            Fate::Skipped { violations, .. } | Fate::Rejected { violations, .. } => violations,
        }
    }

    fn key(&self) -> Option<&str> {
        match &self.mapped.fate {
            Fate::Contact => None,
            Fate::Skipped { key, .. } | Fate::Rejected { key, .. } => key.as_deref(),
        }
    }
}

fn mapper(mapping: &str, options: MappingOptions) -> Mapper {
    let mapping = Mapping::parse("test", mapping).expect("what the test makes is sound");
    Mapper::new(Arc::new(mapping), Arc::new(options), contact::Settings::default())
        .expect("what the test makes is sound")
}

fn preset(name: &str, options: MappingOptions) -> Mapper {
    let preset =
        mapping::presets().iter().find(|preset| preset.name == name).expect("what the test makes is sound");
    mapper(preset.toml, options)
}

fn map(mapper: &mut Mapper, record: &str) -> Outcome {
    let mut contact = Vec::new();
    let mapped = Parser::new()
        .parse(record.as_bytes(), |tape| mapper.map_record(tape, &mut contact))
        .expect("what the test makes is sound");
    Outcome { contact: String::from_utf8(contact).expect("what the test makes is sound"), mapped }
}

fn map_row(mapper: &mut Mapper, header: &str, row: &[&str]) -> Outcome {
    let columns = mapper.bind(&columns(header));
    let mut contact = Vec::new();
    let mapped = mapper.map_row(&columns, |column| row.get(column).copied(), &mut contact);
    Outcome { contact: String::from_utf8(contact).expect("what the test makes is sound"), mapped }
}

fn columns(header: &str) -> Vec<String> {
    header.split(',').map(str::to_owned).collect()
}

/// A mapping with an id alone.
fn id_from(value: &str) -> String {
    format!("[contact]\nexternalCustomerId = {value}")
}

/// The id that such a mapping makes of a record.
fn id_of(value: &str, record: &str) -> Option<String> {
    let outcome = map(&mut mapper(&id_from(value), MappingOptions::default()), record);
    assert_eq!(outcome.fate(), "contact", "{value} of {record}: {:?}", outcome.told());
    let contact: serde_json::Value =
        serde_json::from_str(&outcome.contact).expect("what the test makes is sound");
    contact.get("externalCustomerId").map(|id| id.as_str().expect("what the test makes is sound").to_owned())
}
