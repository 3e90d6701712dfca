//! Records of other shapes: each is mapped to a contact, which is then judged like any other.

use std::ops::Range;
use std::sync::Arc;

use contact::{LineEnds, PLAIN_MARGIN_BYTES, Violation};
use mapping::{Columns, Fate as MappedFate, Mapped, Mapper, Sources, Trace};
use ndjson::{Block, Cells, Parser, RecordText, Table};

use crate::examine::{Context, Examined, Examiner, Fate, Refused, judge};
use crate::mended::TakenFrom;

/// Memory above this size is given back after the record that needed it.
const KEPT_BYTES: usize = 1 << 20;

/// What a worker maps with, kept from block to block.
#[derive(Default)]
pub(crate) struct Mappers {
    /// One for each dialect that came; not that of the block which is being mapped.
    idle: Vec<Option<Mapper>>,
    /// The table that was read last, what reads its rows, and where the mapper of its dialect finds its columns.
    table: Option<(Arc<Table>, Cells, Columns)>,
    /// Parses records; the contacts that are made of them have a parser of their own.
    parser: Parser,
    /// The contact that a record was mapped to.
    contact: Vec<u8>,
}

impl Mappers {
    /// The mapper for a block; none if its records are contacts already.
    pub(crate) fn take(&mut self, sources: &Sources, block: &Block) -> Option<Mapper> {
        let dialect = block.dialect;
        if sources.is_contacts(dialect) {
            return None;
        }
        if self.idle.len() <= dialect {
            self.idle.resize_with(dialect + 1, || None);
        }
        let mapper = self.idle[dialect].take().unwrap_or_else(|| sources.mapper(dialect));
        if let Some(table) = &block.table
            && self.table.as_ref().is_none_or(|(known, ..)| !Arc::ptr_eq(known, table))
        {
            let columns = mapper.bind(&table.columns);
            self.table = Some((Arc::clone(table), Cells::new(table.delimiter), columns));
        }
        Some(mapper)
    }

    /// Keeps it for the next block of its dialect.
    pub(crate) fn give_back(&mut self, mapper: Mapper, block: &Block) {
        self.idle[block.dialect] = Some(mapper);
    }

    /// Maps a record; the contact is appended to `contact`.
    fn map(
        &mut self,
        mapper: &mut Mapper,
        block: &Block,
        record: &[u8],
        contact: &mut Vec<u8>,
    ) -> Result<Mapped, Box<Violation>> {
        self.read(block, record, |read| match read {
            Read::Record(tape) => mapper.map_record(tape, contact),
            Read::Row(columns, cells) => mapper.map_row(columns, |nth| cells.get(nth), contact),
        })
    }

    /// Says of each member of the contact where in the record it comes from; of a record that can be read.
    fn trace(&mut self, mapper: &mut Mapper, block: &Block, record: &[u8]) -> Option<Trace> {
        self.read(block, record, |read| match read {
            Read::Record(tape) => mapper.trace_record(tape),
            Read::Row(columns, cells) => mapper.trace_row(columns, |nth| cells.get(nth)),
        })
        .ok()
    }

    /// Reads a record as what it is.
    fn read<R>(
        &mut self,
        block: &Block,
        record: &[u8],
        with: impl FnOnce(Read<'_, '_>) -> R,
    ) -> Result<R, Box<Violation>> {
        let Some((table, cells, columns)) = self.table.as_mut().filter(|_| block.table.is_some()) else {
            let read = self.parser.parse_digits(record, |tape| with(Read::Record(tape)));
            return read.map_err(|error| Box::new(Violation::of_syntax(&error)));
        };
        cells.read(record).map_err(|error| Box::new(Violation::of_syntax(&error.into())))?;
        if cells.len() != table.columns.len() {
            let message = format!(
                "the row has {} cells, and the header {}; often a delimiter or a quote inside a cell is the cause",
                cells.len(),
                table.columns.len()
            );
            return Err(Box::new(Violation::of_record("wrong-cell-count", "", message)));
        }
        Ok(with(Read::Row(columns, cells)))
    }
}

/// A record that was read.
enum Read<'r, 't> {
    Record(&'r ndjson::Tape<'t>),
    Row(&'r Columns, &'r Cells),
}

/// Where a record stands in its block.
pub(crate) struct Place {
    pub(crate) line: u64,
    pub(crate) text: Range<usize>,
}

impl Examiner {
    /// Maps the records of a block and judges the contacts.
    pub(crate) fn mapped(
        &mut self,
        mapper: &mut Mapper,
        context: &Context<'_>,
        block: &Block,
        out: &mut Examined,
    ) {
        let mut records = block.records();
        for record in records.by_ref() {
            out.records += 1;
            let place = Place { line: record.line, text: record.offset..record.offset + record.bytes.len() };
            if let Some(fault) = record.fault {
                out.reject(place.line, place.text, Refused::of_framing(fault));
            } else if block.table.as_ref().is_some_and(|table| table.is_header(record.bytes)) {
                let message = "the row is the header once more, as in files that were joined";
                let violation = Violation::of_record("repeated-header", "", message);
                out.skip(place.line, place.text, Refused::of(violation));
            } else {
                self.mapped_record(mapper, context, block, &record, place, out);
            }
        }
        out.end_block(&records);
    }

    /// Maps one record and judges the contact.
    pub(crate) fn mapped_record(
        &mut self,
        mapper: &mut Mapper,
        context: &Context<'_>,
        block: &Block,
        record: &RecordText<'_>,
        place: Place,
        out: &mut Examined,
    ) {
        let mut contact = std::mem::take(&mut self.mappers.contact);
        self.mapped_contact(mapper, context, block, record, place, &mut contact, out);
        contact.clear();
        contact.shrink_to(KEPT_BYTES);
        self.mappers.contact = contact;
    }

    /// Maps a record to a contact, in the memory for it, and judges that.
    #[expect(
        clippy::too_many_arguments,
        reason = "a record, what to do with it, and where what comes of it goes"
    )]
    fn mapped_contact(
        &mut self,
        mapper: &mut Mapper,
        context: &Context<'_>,
        block: &Block,
        record: &RecordText<'_>,
        place: Place,
        contact: &mut Vec<u8>,
        out: &mut Examined,
    ) {
        let Mapped { fate, left_out, updated_at } =
            match self.mappers.map(mapper, block, record.bytes, contact) {
                Ok(mapped) => mapped,
                Err(violation) => return out.reject(place.line, place.text, Refused::of(*violation)),
            };
        match fate {
            MappedFate::Contact => {}
            MappedFate::Skipped { violations, key } => {
                return out.skip(place.line, place.text, Refused::of_all(key, violations));
            }
            MappedFate::Rejected { violations, key } => {
                return out.reject(place.line, place.text, Refused::of_all(key, violations));
            }
        }
        let entry = out.entries.len();
        self.judge_mapped(context, contact, &place, out);
        let Some(entry) = out.entries.get_mut(entry) else { return };
        let is_rejected = matches!(entry.fate, Fate::Rejected(_));
        let told = match &mut entry.fate {
            Fate::Accepted { identity, pruned, .. } => {
                identity.rank = updated_at.unwrap_or(context.rank_without_time());
                if pruned.is_none() && !left_out.is_empty() {
                    *pruned = Some(out.refused.len());
                }
                *pruned
            }
            Fate::Rejected(told) | Fate::Skipped(told) | Fate::PassedOver(told) => Some(*told),
        };
        let Some(told) = told else { return };
        if told == out.refused.len() {
            out.prune(left_out.into());
            return;
        }
        let violations = &mut out.refused[told].violations;
        if let Some(trace) = self.mappers.trace(mapper, block, record.bytes) {
            for violation in &mut *violations {
                violation.move_to(trace.pointer_of(&violation.pointer));
            }
        }
        violations.insert_many(0, left_out);
        if is_rejected {
            // Nothing was left out of what is not there.
            violations.iter_mut().for_each(|violation| violation.removed = None);
        }
    }

    /// Judges a contact that was made.
    fn judge_mapped(
        &mut self,
        context: &Context<'_>,
        contact: &mut Vec<u8>,
        place: &Place,
        out: &mut Examined,
    ) {
        let (line, text) = (place.line, place.text.clone());
        let end = contact.len();
        contact.resize(end + PLAIN_MARGIN_BYTES, 0);
        let Self { parser, scratch, field_set, .. } = self;
        let taken = TakenFrom { bytes: contact, base: None, line, text };
        let (rules, ends, hasher) = (context.rules, LineEnds::AreSpace, context.hasher);
        if let Some(plain) = rules.take_or_mend(contact, 0, ends, parser, scratch, field_set) {
            if plain.end == end {
                return out.take_apart(&taken, &plain, None, hasher, field_set);
            }
        } else if let Some(mended) = rules.mended(contact, 0, ends, parser, scratch, field_set) {
            return out.take_mended(&taken, mended, hasher, field_set);
        }
        let text = taken.text;
        let judged = parser.parse(&contact[..end], |tape| {
            judge(context, tape, scratch, field_set, line, text.clone(), out);
        });
        if let Err(error) = judged {
            // A mapping makes JSON; if it ever should not, the record is told and not lost.
            out.reject(line, text, Refused::of(Violation::of_syntax(&error)));
        }
    }
}
