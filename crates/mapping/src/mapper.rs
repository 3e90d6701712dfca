//! The work of one worker: record in, contact out.

use std::collections::BTreeMap;
use std::sync::Arc;

use contact::{Settings, Violation, encode};
use ndjson::Tape;

use crate::error::MappingError;
use crate::making::{Making, Scratch};
use crate::mapping::Mapping;
use crate::place::{From, Place};
use crate::record::{Columns, JsonRecord, Record, RowRecord};
use crate::seen::{Looking, Seen};
use crate::trace::{Trace, TraceLine, unused_cells, unused_members};
use crate::trie::NOWHERE;

/// What the user chose about all records.
#[derive(Clone, Debug, Default)]
pub struct MappingOptions {
    /// The apps in Reteno that mobile push channels belong to.
    pub apps: Apps,
    /// What becomes of channels to which nothing may be sent.
    pub inactive: Inactive,
    /// Mobile push channels last seen before this time are left out; in milliseconds since 1970.
    pub stale_before: Option<i64>,
    /// The place of the date of a record, instead of the mapping's own.
    pub updated_at: Option<String>,
    /// Whether dates are read where they decide nothing about tokens.
    pub dates: Dates,
}

/// Whether the dates of records are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// They are.
    #[default]
    Read,
    /// Nobody asks which record is more recent.
    NotAskedFor,
}

/// The ids of apps in Reteno.
#[derive(Clone, Debug, Default)]
pub struct Apps {
    /// That of every app which has none of its own here.
    pub any: Option<String>,
    /// By what the source calls the app.
    pub by_name: BTreeMap<String, String>,
}

/// What becomes of channels to which nothing may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inactive {
    /// They are left out.
    #[default]
    Skip,
    /// Those of mobile push are marked as inactive; others are left out, as they cannot say so.
    Send,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// Whether it became a contact.
    pub fate: Fate,
    /// What was left out of the contact, or could not be read; told, but no reason to refuse it.
    pub left_out: Vec<Violation>,
    /// When the record was true, in milliseconds since 1970, if it says so.
    pub updated_at: Option<i64>,
}

/// Whether a record became a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It did; the rules of contacts are the next to judge it.
    Contact,
    /// The mapping, or what nothing may be sent to, leaves nothing of it.
    Skipped {
        /// Why.
        violations: Vec<Violation>,
        /// What the contact would have been known by.
        key: Option<String>,
    },
    /// It cannot become one.
    Rejected {
        /// Why.
        violations: Vec<Violation>,
        /// What the contact would have been known by.
        key: Option<String>,
    },
}

impl Mapped {
    pub(crate) fn contact() -> Self {
        Self { fate: Fate::Contact, left_out: Vec::new(), updated_at: None }
    }
}

/// Makes contacts of records, one after the other, and reuses what that takes. Each worker has its own.
///
/// ```
/// use std::sync::Arc;
/// use mapping::{Fate, Mapper, Mapping, MappingOptions};
///
/// let mapping = Mapping::parse("shop.toml", r#"
///     [contact]
///     externalCustomerId = "user_id"
///     [[channel]]
///     type = "email"
///     value = "email"
/// "#)?;
/// let mut mapper = Mapper::new(Arc::new(mapping), Arc::new(MappingOptions::default()), Default::default())?;
/// let mut contact = Vec::new();
/// let record = br#"{"email":"a@example.com","user_id":7}"#;
/// let mapped = ndjson::Parser::new().parse(record, |tape| mapper.map_record(tape, &mut contact))?;
/// assert_eq!(mapped.fate, Fate::Contact);
/// let expected = br#"{"externalCustomerId":"7","channels":[{"type":"email","value":"a@example.com"}]}"#;
/// assert_eq!(contact, expected);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Mapper {
    mapping: Arc<Mapping>,
    options: Arc<MappingOptions>,
    settings: Settings,
    given: Option<Place>,
    slots: Vec<u32>,
    scratch: Scratch,
    looking: Looking,
}

impl Mapper {
    /// A worker for this mapping.
    ///
    /// # Errors
    /// [`MappingError::GivenPlace`] if the place of the date that the user gave is none.
    pub fn new(
        mapping: Arc<Mapping>,
        options: Arc<MappingOptions>,
        settings: Settings,
    ) -> Result<Self, MappingError> {
        let given = options.updated_at.as_deref().map(given_place).transpose()?;
        let seen = Arc::new(Seen::of(&mapping));
        Ok(Self::with_place(mapping, options, settings, given, seen))
    }

    /// The same, with the place of the date known, and with what all workers together have seen.
    pub(crate) fn with_place(
        mapping: Arc<Mapping>,
        options: Arc<MappingOptions>,
        settings: Settings,
        given: Option<Place>,
        seen: Arc<Seen>,
    ) -> Self {
        let (scratch, looking) = (Scratch::default(), Looking::new(seen));
        Self { mapping, options, settings, given, slots: Vec::new(), scratch, looking }
    }

    /// Makes a contact of a JSON record, and appends it as compact JSON. Nothing is appended for what is skipped or
    /// rejected.
    pub fn map_record(&mut self, tape: &Tape<'_>, contact: &mut Vec<u8>) -> Mapped {
        self.on_record(tape, contact, None)
    }

    /// Finds the columns of a table that the mapping reads; to be done once for each header.
    #[must_use]
    pub fn bind(&self, columns: &[String]) -> Columns {
        Columns::bind(&self.mapping.program.places, self.given.as_ref(), columns)
    }

    /// Makes a contact of a row, whose cells are given by the index of the column. The same as [`map_record`] else.
    ///
    /// [`map_record`]: Self::map_record
    pub fn map_row<'c>(
        &mut self,
        columns: &Columns,
        cell: impl Fn(usize) -> Option<&'c str>,
        contact: &mut Vec<u8>,
    ) -> Mapped {
        self.on_row(columns, cell, contact, None)
    }

    /// Maps a JSON record, and says of each member of the contact what it came from.
    pub fn trace_record(&mut self, tape: &Tape<'_>) -> Trace {
        let mut contact = Vec::new();
        let mut lines = Vec::new();
        let mapped = self.on_record(tape, &mut contact, Some(&mut lines));
        let unused = unused_members(tape.root(), &self.mapping.program);
        // What is no object has none of them.
        let has = |place: usize| self.slots.get(place).is_some_and(|&slot| slot != NOWHERE);
        let missing = match tape.root().members() {
            Some(_) => self.mapping.missing(has, self.given.is_some()),
            None => Vec::new(),
        };
        Trace::new(lines, unused, missing, mapped, contact)
    }

    /// Maps a row, and says of each member of the contact what it came from.
    pub fn trace_row<'c>(&mut self, columns: &Columns, cell: impl Fn(usize) -> Option<&'c str>) -> Trace {
        let mut contact = Vec::new();
        let mut lines = Vec::new();
        let unused = unused_cells(columns, &cell);
        let mapped = self.on_row(columns, cell, &mut contact, Some(&mut lines));
        // A table that lacks a column was refused before.
        Trace::new(lines, unused, Vec::new(), mapped, contact)
    }

    fn on_record(
        &mut self,
        tape: &Tape<'_>,
        contact: &mut Vec<u8>,
        lines: Option<&mut Vec<TraceLine>>,
    ) -> Mapped {
        if self.mapping.is_contacts() {
            encode(tape, contact);
            return Mapped::contact();
        }
        if tape.root().members().is_none() {
            let message = "a record is a JSON object; this one is something else";
            let violations = vec![Violation::of_record("not-an-object", "", message)];
            return Mapped { fate: Fate::Rejected { violations, key: None }, ..Mapped::contact() };
        }
        let Self { mapping, options, settings, given, slots, scratch, looking } = self;
        let program = &mapping.program;
        program.trie.find(tape.root(), slots);
        looking.record(|place| slots.get(place).is_some_and(|&slot| slot != NOWHERE));
        let record = JsonRecord { tape, places: &program.places, slots, given: given.as_ref() };
        let mapped = Self::make(mapping, options, settings, scratch, &record, contact, lines);
        if scratch.token_without_app {
            looking.token_without_app();
        }
        mapped
    }

    fn on_row<'c>(
        &mut self,
        columns: &Columns,
        cell: impl Fn(usize) -> Option<&'c str>,
        contact: &mut Vec<u8>,
        lines: Option<&mut Vec<TraceLine>>,
    ) -> Mapped {
        let Self { mapping, options, settings, given, scratch, looking, .. } = self;
        looking.record(|place| columns.has(place));
        let record = RowRecord { cell, columns, places: &mapping.program.places, given: given.as_ref() };
        let mapped = Self::make(mapping, options, settings, scratch, &record, contact, lines);
        if scratch.token_without_app {
            looking.token_without_app();
        }
        mapped
    }

    fn make<'r, R: Record<'r>>(
        mapping: &Mapping,
        options: &MappingOptions,
        settings: &Settings,
        scratch: &mut Scratch,
        record: &R,
        contact: &mut Vec<u8>,
        lines: Option<&mut Vec<TraceLine>>,
    ) -> Mapped {
        Making::new(mapping, options, settings, scratch, contact, lines).make(record)
    }
}

pub(crate) fn given_place(written: &str) -> Result<Place, MappingError> {
    let wrong = |message: String| MappingError::GivenPlace { place: written.to_owned(), message };
    match Place::parse(written) {
        Ok((From::Record, place)) => Ok(place),
        Ok((From::Element, _)) => Err(wrong("it cannot begin with a dot".to_owned())),
        Err(error) => Err(wrong(error.to_string())),
    }
}
