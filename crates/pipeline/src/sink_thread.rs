//! The sink on a thread of its own, so that writing and syncing overlap with the work.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use batch::Body;
use batch::manifest::{
    Completion, FORMAT, InputEntry, ManifestCounts, ManifestOptions, RejectsEntry, VERSION,
};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use mapping::Sources;
use ndjson::InputSummary;
use sink::{Sink, SinkError};

use crate::outcome::{Counts, End};
use crate::progress::Stop;
use crate::run::STOP_INTERVAL;
use crate::tally::{Tally, TallyContacts, Tallying};

/// So many bodies may be with the sink, however large they are: it holds one, and one is ready.
const LEAST_BODIES: usize = 2;

/// More may, while all together have at most so many bytes: where all cores are busy, the system may let a few
/// milliseconds pass until the sink comes to its turn, and bodies are made in less.
const MOST_WAITING_BYTES: usize = 8 << 20;

/// A smaller body counts as so many bytes, for what it takes beside them.
const LEAST_BODY_BYTES: usize = 4 << 10;

/// How long an interrupted run waits for the sink to clear away what is half written. A pipe that nobody reads from
/// may never let it.
const ABANDON_WAIT: Duration = Duration::from_secs(2);

/// What the sink needs to call its output complete, beside the counts.
pub(crate) struct Completing {
    pub(crate) options: ManifestOptions,
    pub(crate) rejects_file: Option<String>,
    /// What the dialects of the inputs are called.
    pub(crate) sources: Arc<Sources>,
}

/// The counts at the end of a run that did all of its work.
pub(crate) struct AtEnd<'r> {
    pub(crate) counts: &'r Counts,
    /// Lines that the rejects file has.
    pub(crate) told: u64,
    pub(crate) bodies: u64,
    pub(crate) field_sets: u64,
    pub(crate) inputs: &'r [InputSummary],
}

impl Completing {
    pub(crate) fn completion(self, end: &AtEnd<'_>) -> Completion {
        let Counts { read, written, merged, rejected, skipped, pruned, blank_lines } = *end.counts;
        let input = |input: &InputSummary| InputEntry {
            name: input.name.clone(),
            bytes: input.stored_bytes,
            blake3: input.blake3.clone().unwrap_or_default(),
            format: input.format.as_str().to_owned(),
            mapping: self.sources.mapping_of(input).map(str::to_owned),
            rejects: self.sources.are_rejects(input.dialect),
        };
        Completion {
            format: FORMAT.to_owned(),
            version: VERSION,
            tool: concat!("reteno-import ", env!("CARGO_PKG_VERSION")).to_owned(),
            options: self.options,
            inputs: end.inputs.iter().map(input).collect(),
            counts: ManifestCounts {
                read,
                written,
                merged,
                rejected,
                skipped,
                pruned,
                blank_lines,
                batches: end.bodies,
                field_sets: end.field_sets,
            },
            identity: end.counts.identity(),
            rejects: self.rejects_file.map(|file| RejectsEntry { file, lines: end.told }),
        }
    }
}

enum Message {
    Body(Body),
    Count(Sender<u64>),
    Finish(Box<Completion>),
}

/// How the sink ended, and what it took until then.
pub(crate) type Ended = (Result<(), SinkError>, Option<Tally>);

/// A running sink.
pub(crate) struct SinkThread {
    messages: Sender<Message>,
    written: Receiver<Vec<u8>>,
    ended: Receiver<Ended>,
    thread: Option<JoinHandle<()>>,
    completing: Completing,
    bodies_sent: u64,
    /// How many bodies the sink has, and the memory of their bytes.
    waiting: usize,
    waiting_bytes: usize,
    /// The memory of bodies that were written, for the next ones.
    spare: Vec<Vec<u8>>,
    stop: Stop,
}

impl SinkThread {
    pub(crate) fn start(
        mut sink: Box<dyn Sink + Send>,
        completing: Completing,
        tally: TallyContacts,
        stop: Stop,
    ) -> Self {
        // What is on its way in both is counted before it is sent.
        let (messages, inbox) = unbounded();
        let (give_back, written) = unbounded();
        let (say_ended, ended) = bounded(1);
        let work = move || {
            let mut tallying = (tally == TallyContacts::Yes).then(Tallying::default);
            let serve = || {
                for message in inbox {
                    match message {
                        Message::Body(body) => {
                            sink.write(&body)?;
                            if let Some(tallying) = &mut tallying {
                                tallying.add(&body);
                            }
                            // Nobody has to take it.
                            let _ = give_back.send(body.bytes);
                        }
                        Message::Count(reply) => {
                            let _ = reply.send(sink.contacts_written());
                        }
                        Message::Finish(completion) => return Ok(Some(completion)),
                    }
                }
                Ok(None)
            };
            let served = serve();
            let result = match served {
                Ok(Some(completion)) => sink.finish(*completion),
                Ok(None) => {
                    drop(sink);
                    Ok(())
                }
                Err(error) => {
                    drop(sink);
                    Err(error)
                }
            };
            let _ = say_ended.send((result, tallying.map(Tallying::finish)));
        };
        let thread = std::thread::Builder::new().name("sink".to_owned()).spawn(work).ok();
        Self {
            messages,
            written,
            ended,
            thread,
            completing,
            bodies_sent: 0,
            waiting: 0,
            waiting_bytes: 0,
            spare: Vec::new(),
            stop,
        }
    }

    /// Hands a body over; waits while the sink has enough, and nobody asks to stop.
    pub(crate) fn take(&mut self, body: Body) -> Result<(), End> {
        // Why the sink has gone is known when it is ended.
        let bytes = taken_by(&body.bytes);
        while let Ok(written) = self.written.try_recv() {
            self.came_back(written);
        }
        while self.waiting >= LEAST_BODIES && self.waiting_bytes + bytes > MOST_WAITING_BYTES {
            match self.written.recv_timeout(STOP_INTERVAL) {
                Ok(written) => self.came_back(written),
                Err(RecvTimeoutError::Timeout) if self.stop.is_requested() => return Err(End::Interrupted),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(End::OutputClosed),
            }
        }
        self.messages.send(Message::Body(body)).map_err(|_| End::OutputClosed)?;
        self.waiting += 1;
        self.waiting_bytes += bytes;
        self.bodies_sent += 1;
        Ok(())
    }

    /// A body is written: its memory is kept for the next one, if that is not too much.
    fn came_back(&mut self, written: Vec<u8>) {
        self.waiting -= 1;
        self.waiting_bytes -= taken_by(&written);
        let spare_bytes: usize = self.spare.iter().map(Vec::capacity).sum();
        if self.waiting_bytes + spare_bytes + written.capacity() <= MOST_WAITING_BYTES {
            self.spare.push(written);
        }
    }

    pub(crate) fn bodies_sent(&self) -> u64 {
        self.bodies_sent
    }

    /// The memory of a body that is written.
    pub(crate) fn take_back(&mut self) -> Option<Vec<u8>> {
        self.spare.pop()
    }

    /// How many contacts are written, after everything sent so far; `None` if the sink has failed.
    pub(crate) fn contacts_written(&self) -> Option<u64> {
        let (reply, answer) = bounded(1);
        self.messages.send(Message::Count(reply)).ok()?;
        answer.recv().ok()
    }

    /// Ends the sink; its output is called complete only if the counts at the end are given.
    pub(crate) fn end(self, at_end: Option<&AtEnd<'_>>) -> Ended {
        let Self { messages, ended, thread, completing, .. } = self;
        if let Some(at_end) = at_end {
            let _ = messages.send(Message::Finish(Box::new(completing.completion(at_end))));
        }
        drop(messages);
        let ended = ended.recv().unwrap_or((Ok(()), None));
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        ended
    }

    /// Ends the sink soon, whatever it is doing.
    pub(crate) fn abandon(self) -> Option<Tally> {
        drop(self.messages);
        self.ended.recv_timeout(ABANDON_WAIT).ok().and_then(|(_, tally)| tally)
    }
}

/// The memory that a body takes.
fn taken_by(bytes: &Vec<u8>) -> usize {
    bytes.capacity().max(LEAST_BODY_BYTES)
}
