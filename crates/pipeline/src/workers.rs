//! The workers: each reads a block, examines it, and hands what came of it to the ordered stage.
//!
//! There is no thread for the ordered stage. Whoever has examined the block whose turn it is does its work, and that of
//! the blocks that came too early; the others read on. So there are never more busy threads than workers, nobody is
//! woken for a block, and what came of it is still in the cache of the core that made it.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use ndjson::{Block, BlockReader, InputError, InputSummary};

use crate::examine::{Examination, Examined, Examiner};
use crate::ordered::{Bodies, Ordered};
use crate::outcome::End;
use crate::outlet::Outlet;
use crate::progress::{Progress, Stop};
use crate::run::STOP_INTERVAL;

/// Blocks on their way for each worker: one in work, one waiting, one being written.
const BLOCKS_PER_WORKER: usize = 3;

/// A block's memory beyond this many times the block size is given back after use.
const KEPT_BLOCKS: usize = 4;

/// What the reader says at its end.
#[derive(Default)]
pub(crate) struct ReadToEnd {
    pub(crate) inputs: Vec<InputSummary>,
    pub(crate) errors: Vec<InputError>,
}

/// The ordered stage, and the sink for the bodies that it makes.
pub(crate) struct InOrder {
    pub(crate) ordered: Ordered,
    pub(crate) sink: Option<Outlet>,
}

/// The threads that read, examine, and do the work of the ordered stage.
pub(crate) struct Workers {
    shared: Arc<Shared>,
    ended: Receiver<Result<ReadToEnd, End>>,
}

/// What the workers share.
struct Shared {
    /// Whoever holds it reads: a block is examined by the thread that read it, while it is in that core's cache.
    reading: Mutex<Reading>,
    examination: Examination,
    queue: Mutex<Queue>,
    /// Told when a carrier is idle again, to whoever reads, and when the run has ended.
    came_back: Condvar,
    /// Held by whoever serves the queue; nothing in it once the run has ended.
    in_order: Mutex<Option<InOrder>>,
    /// How it ended. Only the first word counts.
    ended: Sender<Result<ReadToEnd, End>>,
    progress: Progress,
    stop: Stop,
    carriers: usize,
    /// Blocks of more bytes than this go through alone, so that memory holds one of them at a time.
    large: usize,
}

/// How far the input was read.
struct Reading {
    reader: BlockReader,
    /// Carriers that whoever reads has taken already.
    stock: Vec<Carrier>,
    errors: Vec<InputError>,
    /// Blocks read so far.
    blocks: u64,
    has_ended: bool,
}

/// Blocks on their way to the ordered stage.
struct Queue {
    /// Those that are examined, by their number, from 0.
    examined: BTreeMap<u64, Carrier>,
    /// The number of the one whose turn it is.
    next: u64,
    /// A worker is at it, and will look for the next one.
    is_served: bool,
    /// How many there are, and how reading went, once that is known.
    total: Option<(u64, ReadToEnd)>,
    idle: Vec<Carrier>,
    /// Whoever reads waits for carriers.
    is_short: bool,
    /// Nobody wants more.
    has_ended: bool,
}

/// A block on its way, with the memory for what becomes of it.
#[derive(Default)]
struct Carrier {
    block: Block,
    examined: Examined,
}

impl Workers {
    /// Starts so many of them.
    pub(crate) fn start(
        reader: BlockReader,
        examination: Examination,
        threads: usize,
        in_order: InOrder,
        progress: &Progress,
        stop: &Stop,
    ) -> Self {
        let carriers = threads * BLOCKS_PER_WORKER;
        let large = reader.block_bytes() * KEPT_BLOCKS;
        let (say_ended, ended) = unbounded();
        let shared = Arc::new(Shared {
            reading: Mutex::new(Reading {
                reader,
                stock: Vec::new(),
                errors: Vec::new(),
                blocks: 0,
                has_ended: false,
            }),
            examination,
            queue: Mutex::new(Queue {
                examined: BTreeMap::new(),
                next: 0,
                is_served: false,
                total: None,
                idle: (0..carriers).map(|_| Carrier::default()).collect(),
                is_short: false,
                has_ended: false,
            }),
            came_back: Condvar::new(),
            in_order: Mutex::new(Some(in_order)),
            ended: say_ended,
            progress: progress.clone(),
            stop: stop.clone(),
            carriers,
            large,
        });
        let mut started = 0;
        for nth in 0..threads {
            let watch = Watch(Arc::clone(&shared));
            let work = move || watch.0.work();
            started +=
                usize::from(std::thread::Builder::new().name(format!("worker-{nth}")).spawn(work).is_ok());
        }
        if started == 0 {
            shared.end(Err(End::WorkersLost));
        }
        Self { shared, ended }
    }

    /// Waits until all blocks are through, something fails, or it is asked to stop; gives the ordered stage back.
    pub(crate) fn finish(self) -> (InOrder, Result<ReadToEnd, End>) {
        let end = loop {
            if self.shared.stop.is_requested() {
                break Err(End::Interrupted);
            }
            match self.ended.recv_timeout(STOP_INTERVAL) {
                Ok(end) => break end,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break Err(End::WorkersLost),
            }
        };
        self.shared.close();
        // A worker may wait for input that never comes: it is left behind, and finds nothing more to do.
        let in_order = self.shared.in_order.lock().unwrap_or_else(PoisonError::into_inner).take();
        (
            in_order
                .expect("it is put there when workers start, and taken only here, where they are consumed"),
            end,
        )
    }
}

impl Shared {
    /// Reads blocks and examines them, as long as there are any and somebody wants them.
    fn work(&self) {
        let mut examiner = Examiner::default();
        loop {
            // A worker that panicked has taken its block with it: the run ends as one that lost it.
            let Ok(mut reading) = self.reading.lock() else { return };
            let Some((number, mut carrier)) = self.next(&mut reading) else { return };
            let is_large = carrier.block.bytes.len() > self.large;
            if is_large && !self.collect(&mut reading.stock, self.carriers - 1) {
                return;
            }
            // Others may read on, unless this block is to be the only one.
            let held = is_large.then_some(reading);
            carrier.examined.clear();
            examiner.examine(&self.examination, &mut carrier.block, &mut carrier.examined);
            if !self.hand_over(number, carrier) {
                return;
            }
            if let Some(mut reading) = held
                && !self.collect(&mut reading.stock, self.carriers)
            {
                return;
            }
        }
    }

    /// The next block, with its number; `None` at the end, which is told once, or if the run has ended.
    fn next(&self, reading: &mut Reading) -> Option<(u64, Carrier)> {
        while !reading.has_ended {
            if !self.collect(&mut reading.stock, 1) {
                return None;
            }
            let Reading { reader, stock, errors, blocks, has_ended } = reading;
            let mut carrier = stock.pop()?;
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
                    let mut queue = self.queue.lock().ok()?;
                    queue.total = Some((*blocks, read));
                    self.end_if_through(&mut queue);
                }
            }
        }
        None
    }

    /// Waits until whoever reads has so many carriers; `false` if the run has ended.
    fn collect(&self, stock: &mut Vec<Carrier>, wanted: usize) -> bool {
        if stock.len() >= wanted {
            return true;
        }
        let Ok(mut queue) = self.queue.lock() else { return false };
        while !queue.has_ended {
            stock.append(&mut queue.idle);
            if stock.len() >= wanted {
                return true;
            }
            queue.is_short = true;
            let Ok(woken) = self.came_back.wait(queue) else { return false };
            queue = woken;
            queue.is_short = false;
        }
        false
    }

    /// Puts an examined block into the queue, and serves the queue as far as it goes, unless another worker is at
    /// that; `false` if the run has ended.
    fn hand_over(&self, number: u64, carrier: Carrier) -> bool {
        let Ok(mut queue) = self.queue.lock() else { return false };
        queue.examined.insert(number, carrier);
        while !queue.has_ended && !queue.is_served {
            let Some(mut carrier) = queue.take_next() else { break };
            drop(queue);
            let taken = self.take(&mut carrier);
            let Ok(mut again) = self.queue.lock() else { return false };
            again.is_served = false;
            match taken {
                Ok(()) => {
                    again.idle.push(carrier);
                    if again.is_short {
                        self.came_back.notify_one();
                    }
                }
                Err(end) => {
                    drop(again);
                    self.end(Err(end));
                    return false;
                }
            }
            queue = again;
        }
        self.end_if_through(&mut queue);
        !queue.has_ended
    }

    /// Does the work of the ordered stage on the block whose turn it is.
    fn take(&self, carrier: &mut Carrier) -> Result<(), End> {
        let mut in_order = self.in_order.lock().map_err(|_| End::WorkersLost)?;
        // Without one the run has ended.
        let Some(InOrder { ordered, sink }) = in_order.as_mut() else { return Err(End::Interrupted) };
        if self.stop.is_requested() {
            return Err(End::Interrupted);
        }
        ordered.block(&carrier.block, &carrier.examined, &mut ToSink(sink.as_mut()))?;
        let bodies = sink.as_ref().map_or(0, Outlet::bodies_sent);
        self.progress.set_counts(ordered.counts.read, ordered.counts.rejected, bodies);
        drop(in_order);
        carrier.forget_large(self.large);
        Ok(())
    }

    /// Says that the run is through, if the last block was.
    fn end_if_through(&self, queue: &mut Queue) {
        let Queue { next, is_served, total, .. } = queue;
        if !*is_served && let Some((_, read)) = total.take_if(|(blocks, _)| blocks == next) {
            queue.has_ended = true;
            // Whoever ended the run early does not listen any more.
            let _ = self.ended.send(Ok(read));
        }
    }

    fn end(&self, end: Result<ReadToEnd, End>) {
        // Nobody listens any more if the run has ended.
        let _ = self.ended.send(end);
        self.close();
    }

    /// Lets nobody begin anything more.
    fn close(&self) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.has_ended = true;
        queue.examined.clear();
        self.came_back.notify_all();
    }
}

impl Queue {
    /// The block whose turn it is, if it is there. Whoever has it serves the queue until it is given back.
    fn take_next(&mut self) -> Option<Carrier> {
        let carrier = self.examined.remove(&self.next)?;
        self.next += 1;
        self.is_served = true;
        Some(carrier)
    }
}

impl Carrier {
    fn forget_large(&mut self, most: usize) {
        if self.block.bytes.capacity() > most || self.examined.encoded.capacity() > most {
            *self = Self::default();
        }
    }
}

/// Tells when a worker panics.
struct Watch(Arc<Shared>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end(Err(End::WorkersLost));
        }
    }
}

/// Bodies go to the sink, if there is one.
pub(crate) struct ToSink<'s>(pub(crate) Option<&'s mut Outlet>);

impl Bodies for ToSink<'_> {
    fn take(&mut self, body: batch::Body) -> Result<(), End> {
        match &mut self.0 {
            Some(sink) => sink.take(body),
            None => Ok(()),
        }
    }

    fn take_back(&mut self) -> Option<Vec<u8>> {
        self.0.as_mut()?.take_back()
    }

    fn sent(&self) -> u64 {
        self.0.as_ref().map_or(0, |sink| sink.bodies_sent())
    }
}
