//! Contacts that are plainly valid and in normal form, taken from their text alone.
//!
//! Most records of an export have nothing wrong with them. For these no tape is made and no validator asked: the schemas
//! are compiled into a program, and one scan reads the text and checks it by that program. It only ever accepts. What
//! it does not accept may be valid all the same, in an unusual form: it is mended, if only a part of it needs a closer
//! look, or goes the long way.

mod compile;
mod done;
mod edit;
mod failure;
mod found;
mod lacking;
mod language;
mod limited;
mod look_ahead;
mod memo;
mod mend;
mod normal_form;
mod notes;
mod number;
mod parts;
mod program;
mod run;
mod scan;
mod surplus;
mod text;
mod unescape;
mod verdicts;
mod wanted;

use std::ops::Range;

pub use self::found::{PlainLink, PlainToken};
pub(crate) use self::memo::below;
pub(crate) use self::mend::MendScratch;
pub use self::mend::Mended;
pub(crate) use self::run::LANE_BYTES;
pub use self::scan::LineEnds;

use self::found::{Finding, Found};
use self::limited::Limited;
use self::notes::{Cell, Notes};
use self::program::Program;
use self::scan::Taken;
use self::wanted::{Column, Wanted};
use crate::dedupe::{DedupeOn, Key, key_value};
use crate::field_set::{FieldSet, STANDARD_FIELD_NAMES, StandardFields};
use crate::finds::Finds;
use crate::normalise::Settings;
use crate::rules::RuleOptions;
use crate::schema::Schema;

/// How many bytes have to follow a record in the memory that it is read from; nearer to the end it may not be taken.
pub const PLAIN_MARGIN_BYTES: usize = 64;

/// The program of the schemas, and where it notes what a contact is known by and which fields it carries.
#[derive(Debug)]
pub(crate) struct PlainContacts {
    program: Program,
    external_id: Column,
    id: Column,
    channel_type: Column,
    channel_value: Column,
    field_id: Column,
    field_value: Column,
    limited: Vec<Limited>,
    /// What else is looked for, if anything is.
    finding: Option<Finding>,
}

/// What taking plain records works with, kept between them.
#[derive(Debug, Default)]
pub(crate) struct PlainScratch {
    notes: Notes,
    kinds: Vec<(usize, usize)>,
    found: Found,
    /// The last record was taken but for the limits on its arrays.
    is_beyond_limits: bool,
}

/// A contact that was taken from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainContact<'b> {
    /// The place after its last byte.
    pub end: usize,
    /// It as compact JSON, where that is not the text as it stands from `start` to `end`.
    pub rewritten: Option<&'b [u8]>,
    /// Where it starts: after white space.
    pub start: usize,
    /// The field that it is known by, as `dedupeOn` names it.
    pub key_field: &'static str,
    /// Where the value of its key stands in the bytes that it was read from.
    pub key: Range<usize>,
    /// Its mobile push tokens, if [`Finds`](crate::Finds) asks for them; see [`tokens_of`](crate::tokens_of).
    pub tokens: &'b [PlainToken],
    /// What it may be linked to others by, if [`Finds`](crate::Finds) asks for that; see [`links_of`](crate::links_of).
    pub links: &'b [PlainLink],
}

impl PlainContacts {
    /// Compiles the schemas; `None` if there are more limits in them than can be kept.
    pub(crate) fn compile(schemas: &[Schema], options: &RuleOptions) -> Option<Self> {
        let mut wanted = Wanted::new();
        for name in STANDARD_FIELD_NAMES {
            let mark = u32::from(StandardFields::bit(name.as_bytes())?);
            // The member `address` is no field; one of its own members is.
            if name != "address" {
                wanted.mark(&[name], mark);
            }
            wanted.mark(&["address", name], mark);
        }
        let external_id = wanted.member_column(&["externalCustomerId"])?;
        let id = wanted.member_column(&["id"])?;
        let channel_type = wanted.element_column(&["channels"], &["type"])?;
        let channel_value = wanted.element_column(&["channels"], &["value"])?;
        let field_id = wanted.element_column(&["fields"], &["id"])?;
        let field_value = wanted.element_column(&["fields"], &["value"])?;
        let active = match options.finds.tokens {
            true => Some(wanted.element_column(&["channels"], &["device", "active"])?),
            false => None,
        };
        let finding = (options.finds != Finds::default()).then_some(Finding {
            finds: options.finds,
            kind: channel_type,
            value: channel_value,
            active,
            external_id,
        });
        let limits = schemas.iter().flat_map(|schema| &schema.limits.arrays);
        let max = options.max_channels_per_type.map(std::num::NonZeroUsize::get);
        let limited = limits.map(|array| Limited::of(array, max, &mut wanted)).collect::<Option<_>>()?;
        let program = Program::compile(schemas, &wanted);
        Some(Self {
            program,
            external_id,
            id,
            channel_type,
            channel_value,
            field_id,
            field_value,
            limited,
            finding,
        })
    }

    /// Takes the contact that starts at `start` of `bytes`, if it plainly is one, and reads its field set.
    #[inline]
    pub(crate) fn take<'b>(
        &self,
        bytes: &'b [u8],
        start: usize,
        line_ends: LineEnds,
        options: &RuleOptions,
        scratch: &'b mut PlainScratch,
        field_set: &mut FieldSet,
    ) -> Option<PlainContact<'b>> {
        scratch.is_beyond_limits = false;
        let notes = &mut scratch.notes;
        let taken = self.program.scan(bytes, start, line_ends, &options.settings, notes, None)?;
        self.contact(bytes, start, taken, options, scratch, field_set)
    }

    /// Whether a contact surely keeps all limits. `kinds` is memory to work with.
    #[inline(always)]
    fn is_within_limits(&self, bytes: &[u8], notes: &Notes, kinds: &mut Vec<(usize, usize)>) -> bool {
        for limited in &self.limited {
            if !limited.keeps_all(bytes, notes, kinds) {
                return false;
            }
        }
        true
    }

    /// The contact that was taken, if it surely keeps all limits and is known by something.
    #[inline(always)]
    fn contact<'b>(
        &self,
        bytes: &'b [u8],
        start: usize,
        taken: Taken,
        options: &RuleOptions,
        scratch: &'b mut PlainScratch,
        field_set: &mut FieldSet,
    ) -> Option<PlainContact<'b>> {
        let PlainScratch { notes, kinds, found, is_beyond_limits } = scratch;
        if !self.is_within_limits(bytes, notes, kinds) {
            *is_beyond_limits = true;
            return None;
        }
        let (key_field, key) = self.key(bytes, notes, options.dedupe_on)?;
        self.read_field_set(bytes, notes, field_set)?;
        let (tokens, links) = match &self.finding {
            Some(finding) => {
                finding.find(bytes, notes, found)?;
                (&*found.tokens, &*found.links)
            }
            None => Default::default(),
        };
        let rewritten = (!taken.is_verbatim).then_some(&*notes.rewritten);
        Some(PlainContact { start, end: taken.end, rewritten, key_field, key, tokens, links })
    }

    /// Whether the record, which is all of `bytes` but the margin, plainly satisfies every schema.
    pub(crate) fn is_valid(&self, bytes: &[u8], settings: &Settings, scratch: &mut PlainScratch) -> bool {
        let taken = self.program.scan(bytes, 0, LineEnds::AreSpace, settings, &mut scratch.notes, None);
        taken.is_some_and(|taken| taken.end + PLAIN_MARGIN_BYTES == bytes.len())
    }

    /// What the contact is known by; see [`key_of`](crate::key_of). `None` if a value is not understood, too.
    fn key(&self, bytes: &[u8], notes: &Notes, dedupe_on: DedupeOn) -> Option<(&'static str, Range<usize>)> {
        let external_id = Some(notes.cell(0, self.external_id)).filter(|cell| *cell != Cell::Absent);
        let channel = |kind: &str| {
            let is_kind = |row: &usize| notes.text(bytes, *row, self.channel_type) == Some(kind.as_bytes());
            let row = (0..notes.rows(self.channel_type)).find(is_kind)?;
            Some(notes.cell(row, self.channel_value))
        };
        let field = |wanted: i64| {
            let is_wanted = |row: &usize| matches!(notes.cell(*row, self.field_id), Cell::Integer(id, ..) if id == wanted);
            let row = (0..notes.rows(self.field_id)).find(is_wanted)?;
            Some(notes.cell(row, self.field_value))
        };
        let id = || Some(notes.cell(0, self.id));
        let (chosen, cell) = key_value(dedupe_on, external_id, channel, id, field)?;
        let place = match cell {
            Cell::Integer(_, start, end) if chosen == DedupeOn::Id => start..end,
            Cell::Text(start, end) if chosen != DedupeOn::Id && start < end => start..end,
            _ => return None,
        };
        Some((chosen.as_str(), place))
    }

    /// The fields that the contact carries; see [`FieldSet::read`]. `None` if a value is not understood.
    fn read_field_set(&self, bytes: &[u8], notes: &Notes, field_set: &mut FieldSet) -> Option<()> {
        let mut bits = notes.marks as u16;
        for row in 0..notes.rows(self.channel_type) {
            let kind = notes.text(bytes, row, self.channel_type)?;
            bits |= StandardFields::bit(kind).unwrap_or(0);
        }
        field_set.standard = StandardFields::from_bits(bits);
        field_set.custom.clear();
        let mut is_ascending = true;
        for row in 0..notes.rows(self.field_id) {
            let Cell::Integer(id, ..) = notes.cell(row, self.field_id) else { return None };
            let id = i32::try_from(id).ok()?;
            is_ascending &= field_set.custom.last().is_none_or(|last| *last < id);
            field_set.custom.push(id);
        }
        if !is_ascending {
            field_set.custom.sort_unstable();
            field_set.custom.dedup();
        }
        Some(())
    }
}

/// The program of one schema, for records of any kind as they stand.
#[derive(Debug)]
pub(crate) struct PlainRecords(Program);

impl PlainRecords {
    pub(crate) fn compile(schema: &Schema) -> Self {
        Self(Program::compile([schema], &Wanted::new()))
    }

    /// The place after the record that starts at `start` of `bytes`, if it plainly is valid.
    pub(crate) fn take(
        &self,
        bytes: &[u8],
        start: usize,
        line_ends: LineEnds,
        scratch: &mut PlainScratch,
    ) -> Option<usize> {
        let taken = self.0.scan(bytes, start, line_ends, &Settings::default(), &mut scratch.notes, None)?;
        Some(taken.end)
    }
}

/// A contact's key, of a contact that was taken from these bytes.
impl<'b> PlainContact<'b> {
    /// What it is known by.
    #[must_use]
    pub fn key(&self, bytes: &'b [u8]) -> Key<'b> {
        // The scan has seen that it is a text.
        Key {
            field: self.key_field,
            value: std::str::from_utf8(&bytes[self.key.clone()]).unwrap_or_default(),
        }
    }
}
