//! What is measured inside this program, in a process of its own: the yardsticks, and our stages one upon the other.
//!
//! A stage has a row in [`STAGES`]; nothing else is needed for it to be measured.

mod bare;

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Result, anyhow};
use contact::{FieldSet, LineEnds, PLAIN_MARGIN_BYTES, RuleOptions, Rules, Scratch, Verdict};
use ndjson::{Block, BlockReader, Input, Parser, ReaderOptions};

use Unit::{Bytes, Records};

/// The yardstick: the name of the stage that all ratios are to.
pub(crate) const BARE_TAPE: &str = "bare-tape";

/// One thing to measure.
pub(crate) struct Stage {
    /// Its name on the command line and in the JSON report.
    pub(crate) name: &'static str,
    /// What the table calls it.
    pub(crate) title: &'static str,
    /// With how many threads it is measured.
    pub(crate) threads: &'static [usize],
    /// What it counts, as proof that it did not skip anything.
    pub(crate) sees: Unit,
    /// Does it on a whole file, and says how much it saw.
    pub(crate) run: fn(&Path, NonZeroUsize) -> Result<u64>,
}

/// What a stage counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes, where records are not looked for.
    Bytes,
    /// Records; once they are judged, only those accepted.
    Records,
}

impl Unit {
    /// How a stage tells the count.
    pub(crate) fn told(self, count: u64) -> String {
        match self {
            Self::Bytes => format!("saw {count} bytes"),
            Self::Records => format!("saw {count} records"),
        }
    }
}

/// The stages, in the order of the table. Each of ours does all that the one before it does, and one thing more.
pub(crate) const STAGES: &[Stage] = &[
    Stage { name: "read", title: "read in pieces of 1 MiB", threads: &[1], sees: Bytes, run: bare::read },
    Stage { name: "split", title: "bare line splitting", threads: &[1], sees: Records, run: bare::split },
    Stage { name: BARE_TAPE, title: "bare tape parsing", threads: &[1, 2], sees: Records, run: bare::tape },
    Stage { name: "blocks", title: "our stages: blocks", threads: &[1], sees: Bytes, run: blocks },
    Stage { name: "records", title: "… + records", threads: &[1], sees: Records, run: records },
    Stage {
        name: "plain",
        title: "… + take plain contacts (clean data needs no more)",
        threads: &[1, 2],
        sees: Records,
        run: plain,
    },
    Stage { name: "parse", title: "the long way: records + parse", threads: &[1], sees: Records, run: parse },
    Stage { name: "judge", title: "… + judge", threads: &[1], sees: Records, run: judge },
    Stage { name: "encode", title: "… + encode", threads: &[1, 2], sees: Records, run: encode },
];

/// The stage of that name.
pub(crate) fn named(name: &str) -> Option<&'static Stage> {
    STAGES.iter().find(|stage| stage.name == name)
}

fn blocks(path: &Path, threads: NonZeroUsize) -> Result<u64> {
    in_blocks(path, threads, |(), block| Ok(block.bytes.len() as u64))
}

fn records(path: &Path, threads: NonZeroUsize) -> Result<u64> {
    in_blocks(path, threads, |(), block| Ok(block.records().count() as u64))
}

fn plain(path: &Path, threads: NonZeroUsize) -> Result<u64> {
    let rules = Rules::new(RuleOptions::default(), None)?;
    in_blocks(path, threads, |(scratch, fields): &mut (Scratch, FieldSet), block| {
        let mut taken = 0;
        let mut records = block.records();
        loop {
            let end = records.line_start().and_then(|(bytes, start)| {
                Some(rules.take_plain(bytes, start, LineEnds::EndRecords, scratch, fields)?.end)
            });
            let line = end.and_then(|end| records.end_line(end));
            if line.is_none() {
                // Too near to the end of the block; the product copies such a record first.
                let Some(record) = records.next() else { return Ok(taken) };
                let mut copy = record.bytes.to_vec();
                copy.resize(record.bytes.len() + PLAIN_MARGIN_BYTES, 0);
                let contact = rules.take_plain(&copy, 0, LineEnds::EndRecords, scratch, fields);
                taken += u64::from(contact.is_some());
                continue;
            }
            taken += 1;
        }
    })
}

fn parse(path: &Path, threads: NonZeroUsize) -> Result<u64> {
    in_blocks(path, threads, |parser: &mut Parser, block| {
        let mut parsed = 0;
        for record in block.records() {
            parser.parse(record.bytes, |tape| black_box(tape.nodes().len()))?;
            parsed += 1;
        }
        Ok(parsed)
    })
}

fn judge(path: &Path, threads: NonZeroUsize) -> Result<u64> {
    let rules = Rules::new(RuleOptions::default(), None)?;
    in_blocks(path, threads, |(parser, scratch): &mut (Parser, Scratch), block| {
        let mut accepted = 0;
        for record in block.records() {
            parser.parse(record.bytes, |tape| {
                accepted += u64::from(matches!(rules.judge(tape, scratch), Verdict::Accepted { .. }));
            })?;
        }
        Ok(accepted)
    })
}

fn encode(path: &Path, threads: NonZeroUsize) -> Result<u64> {
    type Worker = (Parser, Scratch, Vec<u8>);
    let rules = Rules::new(RuleOptions::default(), None)?;
    in_blocks(path, threads, |(parser, scratch, encoded): &mut Worker, block| {
        let mut accepted = 0;
        encoded.clear();
        for record in block.records() {
            parser.parse(record.bytes, |tape| {
                if matches!(rules.judge(tape, scratch), Verdict::Accepted { .. }) {
                    contact::encode(tape, encoded);
                    accepted += 1;
                }
            })?;
        }
        black_box(&encoded);
        Ok(accepted)
    })
}

/// Reads a file in the blocks of the product and has each worked on by whichever thread is free, with that thread's own
/// memory. The sum of what the work gives comes back.
fn in_blocks<Worker: Default>(
    path: &Path,
    threads: NonZeroUsize,
    work: impl Fn(&mut Worker, &Block) -> Result<u64> + Sync,
) -> Result<u64> {
    let reader = Mutex::new(BlockReader::new(vec![Input::File(path.to_owned())], ReaderOptions::default()));
    on_threads(threads, || {
        let mut worker = Worker::default();
        let mut memory = Vec::new();
        let mut sum = 0;
        loop {
            let next = reader.lock().map_err(|_| anyhow!("another thread panicked"))?.next_block(memory);
            let Some(block) = next else { return Ok(sum) };
            let block = block?;
            sum += work(&mut worker, &block)?;
            memory = block.bytes;
        }
    })
}

/// Does the work on so many threads at once; the sum of what each gives comes back.
fn on_threads(threads: NonZeroUsize, work: impl Fn() -> Result<u64> + Sync) -> Result<u64> {
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads.get()).map(|_| scope.spawn(&work)).collect();
        started.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?).sum()
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use synthetic::{Config, FieldSets, Generator};

    use super::*;

    #[test]
    fn every_stage_sees_all_of_the_file_with_any_number_of_threads() {
        let config = Config { contacts: 5000, field_sets: FieldSets::One, ..Config::default() };
        let mut generator = Generator::new(config);
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let mut line = Vec::new();
        let mut bytes = 0;
        while generator.next_line(&mut line).is_some() {
            line.push(b'\n');
            file.write_all(&line).expect("it takes the line");
            bytes += line.len() as u64;
        }
        for stage in STAGES {
            for threads in [1, 2, 3] {
                let threads = NonZeroUsize::new(threads).expect("not 0");
                let seen = (stage.run)(file.path(), threads).expect("good data");
                let all = if stage.sees == Bytes { bytes } else { 5000 };
                assert_eq!(seen, all, "{}, {threads}", stage.name);
            }
        }
    }
}
