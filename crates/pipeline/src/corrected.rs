//! Records in the lines of a rejects file: each is taken out of its line and then examined like any other.
//!
//! A record is moved to where its line began in the block, so that its place is that of the line, and all that follows
//! finds it where it finds the others.

use std::ops::Range;

use contact::Violation;
use mapping::{NoRecord, RAW_NOT_JSON, Rejected, RejectedReader};
use ndjson::{Block, FramingFault, RecordText};

use crate::examine::{Context, Examined, Examiner, Fate, Held, Plain, Refused};
use crate::mapped::Place;

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
    /// Examines the records in the lines of a block; they stand in it instead of the lines then.
    pub(crate) fn corrected(
        &mut self,
        mut mapper: Option<&mut mapping::Mapper>,
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
                Rejected::Passed(NoRecord { key, violation }) => {
                    out.pass_over(line, text, Refused { key, ..Refused::of(violation) });
                    continue;
                }
                Rejected::Missing(NoRecord { key, violation }) => {
                    out.reject(line, text, Refused { key, held: Held::No, ..Refused::of(violation) });
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
            let looks_like_json = matches!(bytes.trim_ascii_start(), [b'{' | b'[', ..]);
            for entry in &mut out.entries[first..] {
                // Lines inside the record are none of the file.
                entry.line = line;
                if let (false, &Fate::Rejected(refused)) = (looks_like_json, &entry.fate) {
                    out.refused[refused].be_no_json();
                }
            }
        }
        self.unwrapping = unwrapping;
    }
}

impl Refused {
    /// A record that does not even look like JSON may be a row of a table, of which syntax says nothing useful.
    fn be_no_json(&mut self) {
        let message = "what stands in raw is no JSON object; write one, or, if it is a row of CSV, prepare such rows below their \
                       header";
        self.violations = vec![Violation::of_record(RAW_NOT_JSON, "", message)];
    }
}
