//! Records in the lines of a rejects file: each is taken out of its line and then examined like any other.
//!
//! A record is moved to where its line began in the block, so that its place is that of the line, and all that follows
//! finds it where it finds the others.

use std::ops::Range;

use mapping::{Mapper, NoRecord, Rejected, RejectedReader};
use ndjson::{Block, FramingFault, RecordText};

use crate::examine::{Context, Examination, Examined, Examiner, Held, Plain, Refused};
use crate::mapped::Place;
use crate::request_body::ListedFields;

/// What a worker takes records out of lines with, kept from block to block.
#[derive(Default)]
pub(crate) struct Unwrapping {
    reader: RejectedReader,
    lines: Vec<Line>,
}

/// A line of a rejects file, as it stands in its block.
struct Line {
    line: u64,
    text: Range<usize>,
    fault: Option<FramingFault>,
}

impl Examiner {
    /// Examines the records in the lines of a block, if these are of a rejects file; `false` if they are not.
    pub(crate) fn corrected(
        &mut self,
        examination: &Examination,
        block: &mut Block,
        out: &mut Examined,
    ) -> bool {
        let Examination::Contacts { rules, agreement, hasher, sources } = examination else { return false };
        if !sources.are_rejects(block.dialect) {
            return false;
        }
        let context = Context { rules, agreement, hasher: *hasher, listed: &ListedFields::default() };
        let mut mapper = self.mappers.take(sources, block);
        self.records_in_lines(mapper.as_mut(), &context, block, out);
        if let Some(mapper) = mapper {
            self.mappers.give_back(mapper, block);
        }
        out.repairs = std::mem::take(&mut self.scratch.repairs);
        true
    }

    /// They stand in the block instead of their lines then.
    fn records_in_lines(
        &mut self,
        mut mapper: Option<&mut Mapper>,
        context: &Context<'_>,
        block: &mut Block,
        out: &mut Examined,
    ) {
        let mut unwrapping = std::mem::take(&mut self.unwrapping);
        let Unwrapping { reader, lines } = &mut unwrapping;
        let mut records = block.records();
        lines.extend(records.by_ref().map(|record| Line {
            line: record.line,
            text: record.offset..record.offset + record.bytes.len(),
            fault: record.fault,
        }));
        out.end_block(&records);
        for Line { line, text, fault } in lines.drain(..) {
            out.records += 1;
            if let Some(fault) = fault {
                out.reject(line, text, Refused::of_framing(fault));
                continue;
            }
            let end = match reader.unwrap_in_place(&mut block.bytes[text.clone()]) {
                Rejected::Record(bytes) => text.start + bytes,
                Rejected::NotJson { bytes, violation } => {
                    out.reject(line, text.start..text.start + bytes, Refused::of(violation));
                    continue;
                }
                Rejected::Passed(NoRecord { key, violation }) => {
                    out.pass_over(line, text, Refused::of_all(key, [violation]));
                    continue;
                }
                Rejected::Missing(NoRecord { key, violation }) => {
                    let refused = Refused { held: Held::No, ..Refused::of_all(key, [violation]) };
                    out.reject(line, text, refused);
                    continue;
                }
                Rejected::Foreign(violation) => {
                    out.reject(line, text, Refused::of(violation));
                    continue;
                }
            };
            let text = text.start..end;
            let bytes = &block.bytes[text.clone()];
            let first = out.entries.len();
            match mapper.as_deref_mut() {
                None => self.record(context, bytes, Plain::Unknown, line, text, out),
                Some(mapper) => {
                    let record = RecordText { bytes, line, offset: text.start, fault: None };
                    self.mapped_record(mapper, context, block, &record, Place { line, text }, out);
                }
            }
            // Lines inside the record are none of the file.
            out.entries[first..].iter_mut().for_each(|entry| entry.line = line);
        }
        self.unwrapping = unwrapping;
    }
}
