//! One run: the workers, the ordered stage and the sink, and how they end together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use batch::{BatchCounts, Batcher};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use ndjson::{Block, BlockReader, InputError, InputSummary};
use sink::SinkError;

use crate::duplicates::{Duplicates, LeftOut};
use crate::examine::{Examination, Examined, Examiner};
use crate::fold::Folding;
use crate::job::{Job, Task};
use crate::merging::OnDuplicate;
use crate::ordered::{Bodies, OfCode, Ordered};
use crate::outcome::{Counts, End, Outcome};
use crate::progress::{Progress, Stop};
use crate::reject::Rejects;
use crate::request_body::Agreement;
use crate::seen::Hasher;
use crate::sink_thread::{AtEnd, SinkThread};
use crate::tally::Tally;

/// How often a waiting run looks whether it was asked to stop.
pub(crate) const STOP_INTERVAL: Duration = Duration::from_millis(50);

/// Blocks on their way for each worker: one in work, one waiting, one being written.
const BLOCKS_PER_WORKER: usize = 3;

/// A block's memory beyond this many times the block size is given back after use.
const KEPT_BLOCKS: usize = 4;

/// Does what the job says. Refused records go to `rejects` in input order; `progress` may be watched from another
/// thread, and `stop` ends the run soon.
///
/// Nothing is printed and nothing panics on data: all that happens is in the [`Outcome`].
pub fn run(job: Job, rejects: &mut dyn Rejects, progress: &Progress, stop: &Stop) -> Outcome {
    let started = Instant::now();
    let names: Arc<[String]> = job.reader.inputs().iter().map(|input| input.name.clone()).collect();
    let mut end = None;
    let (mut batcher, mut sink) = (None, None);
    let mut waiting = (None, Duplicates::Keep, None);
    let examination = match job.task {
        Task::Raw(schema) => Examination::Raw(schema),
        Task::Contacts { sources, rules, merging, output } => {
            let dedupe_on = rules.options().dedupe_on;
            debug_assert_eq!(
                rules.options().finds,
                merging.finds(dedupe_on),
                "rules find what merging needs"
            );
            let hasher = (merging.on_duplicate != OnDuplicate::Keep).then(Hasher::new);
            let mut agreement = Agreement::Key(dedupe_on);
            if let Some(output) = output {
                agreement = Agreement::Request(output.batches.request.clone());
                let completing = output.completing(&rules, &merging, &sources);
                let tally = output.tally;
                match Batcher::new(output.batches) {
                    Ok(made) => {
                        batcher = Some(made);
                        sink = Some(SinkThread::start(output.sink, completing, tally));
                    }
                    Err(error) => end = Some(End::OptionsRefused(error)),
                }
            }
            let folding = hasher.map(|hasher| Folding {
                rules: Arc::clone(&rules),
                on_duplicate: merging.on_duplicate,
                log_conflicts: merging.log_conflicts,
                hasher,
                space: spill::Space::new(merging.temp_dir.clone()),
                names: Arc::clone(&names),
            });
            let duplicates = Duplicates::new(&merging, dedupe_on, job.threads.get());
            waiting = (folding, duplicates, LeftOut::new(&merging));
            Examination::Contacts { rules, agreement, hasher, sources }
        }
    };
    let mut ordered = Ordered::new(names, rejects, job.max_rejects, job.max_errors_per_record, batcher);
    (ordered.folding, ordered.duplicates, ordered.left_out) = waiting;
    let is_merging = ordered.folding.is_some();
    let mut read = ReadToEnd::default();
    if end.is_none() {
        let blocks = Blocks::start(job.reader, examination, job.threads.get(), progress.clone());
        end = blocks.drain(&mut ordered, sink.as_mut(), progress, stop, &mut read).err();
    }
    let finished = match end {
        Some(end) => Err(end),
        None => {
            let bodies = &mut ToSink(sink.as_mut());
            ordered.regroup(job.threads.get(), progress, stop, bodies).and_then(|()| ordered.finish(bodies))
        }
    };
    let batches = ordered.batch_counts();
    let told = ordered.told;
    let (mut by_code, mut records_by_code) = (BTreeMap::new(), BTreeMap::new());
    for (code, OfCode { violations, records, .. }) in std::mem::take(&mut ordered.by_code) {
        by_code.insert(code.clone(), violations);
        records_by_code.insert(code, records);
    }
    let (end, tally) = settle(finished, &mut ordered.counts, told, batches, &read, sink);
    Outcome {
        end,
        counts: ordered.counts,
        merged: is_merging.then_some(ordered.merged),
        conflicts: std::mem::take(&mut ordered.conflicts),
        batches,
        fill_warning: ordered.fill_warning(),
        tally,
        by_code,
        records_by_code,
        repairs: std::mem::take(&mut ordered.repairs),
        inputs: read.inputs,
        input_errors: read.errors,
        elapsed: started.elapsed(),
    }
}

/// Counts what the sink has, checks that everything adds up, and only then lets the output be called complete.
fn settle(
    finished: Result<(), End>,
    counts: &mut Counts,
    told: u64,
    batches: Option<BatchCounts>,
    read: &ReadToEnd,
    sink: Option<SinkThread>,
) -> (End, Option<Tally>) {
    let failure = finished.err();
    let Some(sink) = sink else {
        return (failure.unwrap_or_else(|| if_whole(counts, read)), None);
    };
    if matches!(failure, Some(End::Interrupted)) {
        return (End::Interrupted, sink.abandon());
    }
    if let Some(written) = sink.contacts_written() {
        counts.written = written;
    }
    let end = failure.unwrap_or_else(|| if_whole(counts, read));
    let at_end = batches.filter(|_| matches!(end, End::Complete)).map(|batches| AtEnd {
        counts,
        told,
        bodies: batches.bodies,
        field_sets: batches.field_sets,
        inputs: &read.inputs,
    });
    // Why the sink took nothing any more is what the user wants to know, not that it did not.
    let (ended, tally) = sink.end(at_end.as_ref());
    let end = match ended {
        Err(SinkError::Closed) => End::OutputClosed,
        Err(error) => End::SinkFailed(error),
        Ok(()) => end,
    };
    (end, tally)
}

/// How a run ended that did all it could.
fn if_whole(counts: &Counts, read: &ReadToEnd) -> End {
    if !read.errors.is_empty() {
        End::InputFailed
    } else if !counts.add_up() {
        End::IdentityBroken
    } else {
        End::Complete
    }
}

/// What the reader says at its end.
#[derive(Default)]
struct ReadToEnd {
    inputs: Vec<InputSummary>,
    errors: Vec<InputError>,
}

/// A block on its way, with the memory for what becomes of it.
#[derive(Default)]
struct Carrier {
    block: Block,
    examined: Examined,
}

enum Message {
    /// A block was examined; blocks are numbered from 0.
    Examined(u64, Box<Carrier>),
    /// So many blocks there are, and this is how reading went.
    End(u64, ReadToEnd),
}

/// The workers, which read and examine.
struct Blocks {
    messages: Receiver<Message>,
    idle: Sender<Carrier>,
    block_bytes: usize,
}

impl Blocks {
    fn start(reader: BlockReader, examination: Examination, threads: usize, progress: Progress) -> Self {
        let carriers = threads * BLOCKS_PER_WORKER;
        let (idle, take_idle) = bounded(carriers);
        for _ in 0..carriers {
            // The channel holds exactly this many; there is nobody to have hung up yet.
            let _ = idle.send(Carrier::default());
        }
        let (send, messages) = unbounded();
        let block_bytes = reader.block_bytes();
        let reading = Reading { reader, stock: Vec::new(), errors: Vec::new(), blocks: 0, has_ended: false };
        let shared = Arc::new(Shared {
            reading: Mutex::new(reading),
            examination,
            progress,
            idle: take_idle,
            messages: send,
            carriers,
            large: block_bytes * KEPT_BLOCKS,
        });
        for nth in 0..threads {
            let shared = Arc::clone(&shared);
            // Those that there are do the work. Without any, nothing is sent, and the run ends as one that lost its
            // workers.
            let _ = std::thread::Builder::new().name(format!("worker-{nth}")).spawn(move || shared.work());
        }
        Self { messages, idle, block_bytes }
    }

    /// Hands the blocks to the ordered stage in their order, until all are through.
    fn drain(
        self,
        ordered: &mut Ordered<'_>,
        mut sink: Option<&mut SinkThread>,
        progress: &Progress,
        stop: &Stop,
        read: &mut ReadToEnd,
    ) -> Result<(), End> {
        let mut early = BTreeMap::new();
        let mut next = 0;
        let mut total = None;
        let mut bodies = 0;
        while total != Some(next) {
            if stop.is_requested() {
                return Err(End::Interrupted);
            }
            match self.messages.recv_timeout(STOP_INTERVAL) {
                Ok(Message::Examined(number, carrier)) => {
                    early.insert(number, *carrier);
                }
                Ok(Message::End(blocks, ended)) => {
                    total = Some(blocks);
                    *read = ended;
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Err(End::WorkersLost),
            }
            while let Some(mut carrier) = early.remove(&next) {
                next += 1;
                ordered.block(&carrier.block, &carrier.examined, &mut ToSink(sink.as_deref_mut()))?;
                if let Some(sink) = sink.as_deref_mut() {
                    bodies = sink.bodies_sent();
                    while let Some(bytes) = sink.take_back() {
                        ordered.recycle(bytes);
                    }
                }
                progress.set_counts(ordered.counts.read, ordered.counts.rejected, bodies);
                carrier.forget_large(self.block_bytes * KEPT_BLOCKS);
                // The reader may be done already.
                let _ = self.idle.send(carrier);
            }
        }
        Ok(())
    }
}

impl Carrier {
    fn examine(&mut self, examination: &Examination, examiner: &mut Examiner) {
        self.examined.clear();
        examiner.examine(examination, &mut self.block, &mut self.examined);
    }

    fn forget_large(&mut self, most: usize) {
        if self.block.bytes.capacity() > most || self.examined.encoded.capacity() > most {
            *self = Self::default();
        }
    }
}

/// What the workers share.
struct Shared {
    /// Whoever holds it reads: a block is examined by the thread that read it, while it is in that core's cache.
    reading: Mutex<Reading>,
    examination: Examination,
    progress: Progress,
    idle: Receiver<Carrier>,
    messages: Sender<Message>,
    carriers: usize,
    /// Blocks of more bytes than this go through alone, so that memory holds one of them at a time.
    large: usize,
}

/// How far the input was read.
struct Reading {
    reader: BlockReader,
    stock: Vec<Carrier>,
    errors: Vec<InputError>,
    /// Blocks read so far.
    blocks: u64,
    has_ended: bool,
}

impl Shared {
    /// Reads blocks and examines them, as long as there are any and somebody takes them.
    fn work(&self) {
        let mut examiner = Examiner::default();
        loop {
            // A worker that panicked has taken its block with it: the run ends as one that lost its workers.
            let Ok(mut reading) = self.reading.lock() else { return };
            let Some((number, mut carrier)) = self.next(&mut reading) else { return };
            let is_large = carrier.block.bytes.len() > self.large;
            if is_large && !self.collect(&mut reading.stock, self.carriers - 1) {
                return;
            }
            // Others may read on, unless this block is to be the only one.
            let held = is_large.then_some(reading);
            carrier.examine(&self.examination, &mut examiner);
            // Whoever ended the run early has no use for it.
            if self.messages.send(Message::Examined(number, Box::new(carrier))).is_err() {
                return;
            }
            if let Some(mut reading) = held
                && !self.collect(&mut reading.stock, self.carriers)
            {
                return;
            }
        }
    }

    /// The next block, with its number; `None` at the end, which is told once.
    fn next(&self, reading: &mut Reading) -> Option<(u64, Carrier)> {
        let Reading { reader, stock, errors, blocks, has_ended } = reading;
        while !*has_ended {
            let mut carrier = stock.pop().or_else(|| self.idle.recv().ok())?;
            let recycled = std::mem::take(&mut carrier.block.bytes);
            let next = reader.next_block(recycled);
            self.progress.set_bytes(reader.bytes_read(), reader.total_bytes().unwrap_or(0));
            match next {
                Some(Ok(block)) => {
                    carrier.block = block;
                    *blocks += 1;
                    return Some((*blocks - 1, carrier));
                }
                Some(Err(error)) => {
                    errors.push(error);
                    stock.push(carrier);
                }
                None => {
                    *has_ended = true;
                    let read = ReadToEnd { inputs: reader.inputs().to_vec(), errors: std::mem::take(errors) };
                    let _ = self.messages.send(Message::End(*blocks, read));
                }
            }
        }
        None
    }

    /// Waits until so many blocks are idle; `false` if the run has ended.
    fn collect(&self, stock: &mut Vec<Carrier>, wanted: usize) -> bool {
        while stock.len() < wanted {
            match self.idle.recv() {
                Ok(carrier) => stock.push(carrier),
                Err(_) => return false,
            }
        }
        true
    }
}

/// Bodies go to the sink, if there is one.
struct ToSink<'s>(Option<&'s mut SinkThread>);

impl Bodies for ToSink<'_> {
    fn take(&mut self, body: batch::Body) -> Result<(), End> {
        match &mut self.0 {
            Some(sink) => sink.take(body),
            None => Ok(()),
        }
    }

    fn sent(&self) -> u64 {
        self.0.as_ref().map_or(0, |sink| sink.bodies_sent())
    }
}
