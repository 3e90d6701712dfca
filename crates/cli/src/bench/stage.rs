//! The stages, each of which does all that the one before it does, and more.

use std::hint::black_box;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use batch::BatchOptions;
use contact::Rules;
use mapping::Sources;
use ndjson::{Block, BlockReader, Cells, Input, Parser, ReaderOptions};
use pipeline::{Counts, End, Job, Merged, Merging, Output, Progress, RejectLines, Stop, TallyContacts, Task};
use serde_json::Map;
use sink::NullSink;

use super::Halt;
use super::blocks::{Read, unreadable, work_on};
use crate::args::MAX_ERRORS_PER_RECORD;
use crate::exit::{self, Failure, Leaves};

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Read,
    Split,
    Parse,
    Rules,
    Prepare,
}

impl Stage {
    /// In the order of the table.
    pub(super) const ALL: [Self; 5] = [Self::Read, Self::Split, Self::Parse, Self::Rules, Self::Prepare];

    /// Its name in the table and in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Split => "split",
            Self::Parse => "parse",
            Self::Rules => "rules",
            Self::Prepare => "prepare",
        }
    }
}

/// How records are judged, and what happens to rows of one key.
pub(super) struct Judging {
    pub(super) rules: Arc<Rules>,
    pub(super) merging: Merging,
}

/// All that the stages need.
pub(super) struct Work {
    pub(super) inputs: Vec<Input>,
    pub(super) reader: ReaderOptions,
    pub(super) sources: Arc<Sources>,
    /// Without merging.
    pub(super) rules: Judging,
    /// As the arguments have it.
    pub(super) prepare: Judging,
    pub(super) batches: BatchOptions,
}

/// What a stage saw: the same in each round, if nobody changed the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Decompressed.
    pub(super) bytes: u64,
    /// Records, if the stage looks for them.
    pub(super) records: Option<u64>,
}

/// One measurement.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) seconds: f64,
    pub(super) seen: Seen,
    /// Whether the inputs were read to their end.
    pub(super) is_whole: bool,
    /// What became of the records, if the stage judges them.
    pub(super) counts: Option<Counts>,
    /// What became of rows with the same key, if somebody looked for them.
    pub(super) merged: Option<Merged>,
}

impl Work {
    /// Does a stage once, with so many threads.
    pub(super) fn run(&self, stage: Stage, threads: NonZeroUsize, stop: &Stop) -> Result<Run, Halt> {
        let started = Instant::now();
        let reader = BlockReader::new(self.inputs.clone(), self.reader.clone());
        let read = match stage {
            Stage::Read => work_on(reader, threads, stop, |(), block: &Block| {
                black_box(&block.bytes);
                0
            })?,
            Stage::Split => work_on(reader, threads, stop, |(), block| block.records().count() as u64)?,
            Stage::Parse => work_on(reader, threads, stop, parse)?,
            Stage::Rules => return self.judge(&self.rules, reader, threads, stop),
            Stage::Prepare => return self.judge(&self.prepare, reader, threads, stop),
        };
        let seconds = started.elapsed().as_secs_f64();
        let Read { bytes, counted, is_whole } = read;
        let records = (stage != Stage::Read).then_some(counted);
        Ok(Run { seconds, seen: Seen { bytes, records }, is_whole, counts: None, merged: None })
    }

    /// A whole run, to nowhere.
    fn judge(
        &self,
        judging: &Judging,
        reader: BlockReader,
        threads: NonZeroUsize,
        stop: &Stop,
    ) -> Result<Run, Halt> {
        let output = Output {
            batches: self.batches.clone(),
            sink: Box::new(NullSink::new()),
            options: Map::new(),
            rejects_file: None,
            tally: TallyContacts::default(),
        };
        let task = Task::Contacts {
            sources: Arc::clone(&self.sources),
            rules: Arc::clone(&judging.rules),
            merging: judging.merging.clone(),
            output: Some(Box::new(output)),
        };
        let job =
            Job { reader, threads, task, max_rejects: None, max_errors_per_record: MAX_ERRORS_PER_RECORD };
        // Rejects become lines, as they would for a file.
        let mut outcome =
            pipeline::run(job, Box::new(RejectLines::new(io::sink())), &Progress::default(), stop);
        match outcome.end {
            End::Complete => {}
            End::Interrupted => return Err(Halt::Interrupted),
            _ => {
                let failure = match (outcome.input_errors.pop(), exit::reason(&outcome, Leaves::Nothing)) {
                    (Some(error), _) => unreadable(error),
                    (None, Some(reason)) => {
                        Failure::input_output(reason.context("cannot measure to the end"))
                    }
                    (None, None) => Failure::input_output(anyhow!("cannot measure to the end")),
                };
                return Err(failure.into());
            }
        }
        Ok(Run {
            seconds: outcome.elapsed.as_secs_f64(),
            seen: Seen {
                bytes: outcome.inputs.iter().map(|input| input.bytes).sum(),
                records: Some(outcome.counts.read),
            },
            is_whole: outcome.inputs.iter().all(|input| input.complete),
            counts: Some(outcome.counts),
            merged: outcome.merged,
        })
    }
}

/// What a thread parses with, kept from block to block.
#[derive(Default)]
struct Parsing {
    parser: Parser,
    cells: Option<Cells>,
}

/// The least that anyone does who reads records: each put on a tape, or its cells found. What cannot be parsed costs its
/// time, and is for the rules to refuse.
fn parse(Parsing { parser, cells }: &mut Parsing, block: &Block) -> u64 {
    let mut records = 0;
    for record in block.records() {
        records += 1;
        match &block.table {
            Some(table) => {
                if cells.as_ref().is_none_or(|cells| cells.delimiter() != table.delimiter) {
                    *cells = Some(Cells::new(table.delimiter));
                }
                if let Some(cells) = cells {
                    let _ = black_box(cells.read(record.bytes));
                    black_box(cells.len());
                }
            }
            None => {
                let _ = black_box(parser.parse(record.bytes, |tape| tape.nodes().len()));
            }
        }
    }
    records
}
