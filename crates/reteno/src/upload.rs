//! An upload: bodies in, and a statement about every contact out.
//!
//! ```text
//! send() ─► deliveries ─────────────────► journal ─► imports ─► journal
//!           one body each:                           sessions are asked
//!           pace, attempts, halving                  for until they end
//! ```
//!
//! All of it runs on one thread: it waits for the network most of the time. Bodies wait outside until there is room, so
//! a slow server holds the source back.

mod deliver;
mod follow;
mod presence;
mod progress;
mod verify;

use std::collections::HashSet;
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::deliver::Arrived;
use self::follow::Import;
use self::presence::{Met, Presence};
pub use self::progress::{News, Snapshot, UploadProgress};
use self::verify::Sample;
pub use self::verify::Verified;
use crate::client::{CallError, Client};
use crate::concurrency::Concurrency;
use crate::journal::{Entry, Journal, JournalError, Ledger, Tally, Writer, Written};
use crate::pace::Pace;
use crate::part::{BodyHash, RequestBodyError};
use crate::store::{Store, StoreError};

/// Requests of *Add contacts* that the API allows in any second. Source: its documentation.
pub const MOST_REQUESTS_A_SECOND: u32 = 200;

/// Questions for sessions in a second. An assumption: the limit that is documented for reading contacts, less a tenth.
const POLLS_A_SECOND: NonZeroU32 = NonZeroU32::new(45).expect("45 is not zero");

/// How often somebody looks whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How many bodies that may have been applied twice are named.
const MOST_NAMED: usize = 20;

/// How an upload goes about it.
#[derive(Clone, Debug)]
pub struct UploadOptions {
    /// The most requests in any second.
    pub rate: NonZeroU32,
    /// The most requests on their way at a time.
    pub concurrency: NonZeroUsize,
    /// How often a request is sent before it is given up.
    pub max_attempts: NonZeroU32,
    /// The shortest and the longest delay before it is sent again; it doubles, with chance in it.
    pub backoff: [Duration; 2],
    /// How long a server is tried that no request of this run has reached, because no connection comes about.
    pub first_contact: Duration,
    /// Whether the ends of imports are waited for.
    pub wait: Wait,
    /// The shortest and the longest time between two questions for a session.
    pub poll: [Duration; 2],
    /// How many tokens are looked up at the end.
    pub verify: usize,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self {
            rate: NonZeroU32::new(180).expect("180 is not zero"),
            concurrency: NonZeroUsize::new(8).expect("8 is not zero"),
            max_attempts: NonZeroU32::new(10).expect("10 is not zero"),
            backoff: [Duration::from_millis(500), Duration::from_secs(60)],
            first_contact: Duration::from_secs(30),
            wait: Wait::Idle(Duration::from_secs(600)),
            poll: [Duration::from_secs(2), Duration::from_secs(15)],
            verify: 0,
        }
    }
}

/// Whether the ends of imports are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// Each session is asked for once.
    Once,
    /// Until all have ended, or none has for so long.
    Idle(Duration),
}

/// Why an upload ended before its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Halt {
    /// It was asked to stop.
    #[error("interrupted; run the same command again to go on")]
    Interrupted,
    /// Nothing that could be sent would be taken.
    #[error("nothing more was sent: {0}")]
    Useless(CallError),
    /// The server has not taken anything for too long.
    #[error("stopped, because request after request failed: {0}; run the same command again to go on")]
    Silent(String),
    /// No request has reached the server.
    #[error("nobody could be reached at {base_url}: {reason}; nothing was sent in this run")]
    Unreached {
        /// Where requests should have gone.
        base_url: String,
        /// Why the last one did not get there.
        reason: String,
    },
    /// The server refuses everything.
    #[error(
        "stopped, because the server refused the first {contacts} contacts one by one, most often for a reason that \
         they share ({status}): {message}"
    )]
    AllRefused {
        /// How many.
        contacts: u32,
        /// The status of the last answer.
        status: u16,
        /// What the server said last.
        message: String,
    },
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A body cannot be kept or read again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A body is none.
    #[error(transparent)]
    Body(#[from] RequestBodyError),
    /// A part of this program failed.
    #[error("a thread ended early: this is a fault of reteno-import")]
    Lost,
}

/// Bodies are not taken any more; why is said at the end.
#[derive(Clone, Copy, Debug, Error)]
#[error("the upload has stopped")]
pub struct Stopped;

/// Whether all bodies were handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceEnd {
    /// All of them.
    Complete,
    /// Some are missing: the upload is not complete.
    CutOff,
}

/// What an upload came to.
#[derive(Debug)]
pub struct UploadOutcome {
    /// How many contacts came to which end.
    pub tally: Tally,
    /// Why it ended early, if it did.
    pub halt: Option<Halt>,
    /// Whether the end of every contact is known and written down.
    pub is_complete: bool,
    /// How often a request was sent again.
    pub retries: u64,
    /// Bodies that were the same as an earlier one, and not sent again.
    pub repeated_bodies: u64,
    /// Some of the bodies that may have been applied twice, by name.
    pub perhaps_twice: Vec<String>,
    /// What looking up tokens showed, if it was asked for.
    pub verified: Option<Verified>,
}

/// A running upload.
pub struct Upload {
    shared: Arc<Shared>,
    bodies: mpsc::Sender<Message>,
    thread: JoinHandle<bool>,
    journal_thread: JoinHandle<()>,
    seen: HashSet<BodyHash>,
    repeated_bodies: u64,
}

enum Message {
    Body(Arrived),
    End,
}

/// What all parts of an upload work with.
struct Shared {
    client: Client,
    store: Store,
    options: UploadOptions,
    writer: Mutex<Option<Writer>>,
    ledger: Mutex<Ledger>,
    pace: Pace,
    poll_pace: Pace,
    concurrency: Concurrency,
    presence: Presence,
    progress: UploadProgress,
    imports: mpsc::UnboundedSender<Import>,
    sample: Mutex<Sample>,
    verified: Mutex<Option<Verified>>,
    halt: Mutex<Option<Halt>>,
    is_halted: watch::Sender<bool>,
    /// Requests that were given up since the last one that was taken.
    given_up: AtomicU32,
    /// Contacts that were refused one by one, as long as nothing was taken.
    refused: AtomicU32,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("progress", &self.shared.progress.snapshot()).finish_non_exhaustive()
    }
}

impl Upload {
    /// Begins, or goes on with, the upload of a journal. `stop` is asked now and then whether to stop.
    ///
    /// # Errors
    /// If the journal cannot be written, or no thread be started.
    pub fn start(
        client: Client,
        journal: Journal,
        store: Store,
        options: UploadOptions,
        progress: UploadProgress,
        stop: impl Fn() -> bool + Send + 'static,
    ) -> Result<Self, JournalError> {
        let path = journal.files().journal.clone();
        let (writer, ledger, journal_thread) = Writer::start(journal)?;
        let (imports, new_imports) = mpsc::unbounded_channel();
        let resumed: Vec<Import> =
            ledger.importing().map(|(part, session)| Import::new(part, session.to_owned())).collect();
        progress.counters().sessions.store(resumed.len() as u64, Ordering::Relaxed);
        for import in resumed {
            let _ = imports.send(import);
        }
        let shared = Arc::new(Shared {
            pace: Pace::new(options.rate),
            poll_pace: Pace::new(POLLS_A_SECOND),
            concurrency: Concurrency::new(options.concurrency),
            presence: Presence::new(client.base().as_str(), &options),
            sample: Mutex::new(Sample::new(options.verify)),
            client,
            store,
            options,
            writer: Mutex::new(Some(writer)),
            ledger: Mutex::new(ledger),
            progress,
            imports,
            verified: Mutex::new(None),
            halt: Mutex::new(None),
            is_halted: watch::Sender::new(false),
            given_up: AtomicU32::new(0),
            refused: AtomicU32::new(0),
        });
        let (bodies, arriving) = mpsc::channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(JournalError::io("start the upload of", &path))?;
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("upload".to_owned())
                .spawn(move || runtime.block_on(work(shared, arriving, new_imports, stop)))
                .map_err(JournalError::io("start the upload of", &path))?
        };
        Ok(Self { shared, bodies, thread, journal_thread, seen: HashSet::new(), repeated_bodies: 0 })
    }

    /// Whether nothing of a body is left to be sent.
    #[must_use]
    pub fn is_sent(&self, batch: BodyHash) -> bool {
        self.shared.ledger().is_sent(batch)
    }

    /// Whether a body is to be handed over: whether something of it is still to be sent.
    pub fn wants(&mut self, batch: BodyHash) -> bool {
        let is_sent = self.is_sent(batch);
        if is_sent {
            self.count(batch);
        }
        !is_sent
    }

    /// Hands a body over, with the number of its contacts; waits while there is no room for it. A body that was handed
    /// over before is not sent again.
    ///
    /// # Errors
    /// If nothing is taken any more.
    pub fn send(&mut self, body: impl Into<Bytes>, contacts: u32) -> Result<(), Stopped> {
        let bytes = body.into();
        let batch = BodyHash::of(&bytes);
        if !self.count(batch) {
            return Ok(());
        }
        let (is_sent, is_ended) = {
            let ledger = self.shared.ledger();
            (ledger.is_sent(batch), ledger.is_ended(batch))
        };
        if is_sent {
            // What an earlier run kept of it may be gone, and its contacts are still to be told of.
            if !is_ended && let Err(error) = self.shared.store.keep(batch, &bytes) {
                self.shared.halt(error.into());
                return Err(Stopped);
            }
            return Ok(());
        }
        let arrived = Arrived { batch, bytes, contacts };
        self.bodies.blocking_send(Message::Body(arrived)).map_err(|_| Stopped)
    }

    /// Counts a body; `false` if it is the same as an earlier one.
    fn count(&mut self, batch: BodyHash) -> bool {
        let is_new = self.seen.insert(batch);
        self.repeated_bodies += u64::from(!is_new);
        is_new
    }

    /// Waits until everything that was handed over has come to its end.
    #[must_use]
    pub fn finish(self, source: SourceEnd) -> UploadOutcome {
        let Self { shared, bodies, thread, journal_thread, repeated_bodies, .. } = self;
        if source == SourceEnd::Complete {
            // If nobody takes it, why is known.
            let _ = bodies.blocking_send(Message::End);
        }
        drop(bodies);
        let is_complete = thread.join().unwrap_or_else(|_| {
            shared.halt(Halt::Lost);
            false
        });
        // Only then has the writer's thread nobody to wait for.
        lock(&shared.writer).take();
        let _ = journal_thread.join();
        let ledger = shared.ledger();
        UploadOutcome {
            tally: ledger.tally(),
            halt: lock(&shared.halt).take(),
            is_complete,
            retries: shared.progress.snapshot().retries,
            repeated_bodies,
            perhaps_twice: ledger
                .perhaps_twice()
                .take(MOST_NAMED)
                .map(|batch| shared.store.name(batch))
                .collect(),
            verified: lock(&shared.verified).take(),
        }
    }
}

/// Does everything; `true` if the upload is complete.
async fn work(
    shared: Arc<Shared>,
    mut bodies: mpsc::Receiver<Message>,
    imports: mpsc::UnboundedReceiver<Import>,
    stop: impl Fn() -> bool,
) -> bool {
    let (all_sent, is_all_sent) = watch::channel(false);
    let mut following = tokio::spawn(follow::follow(Arc::clone(&shared), imports, is_all_sent));
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut deliveries = JoinSet::new();
    let most = shared.options.concurrency.get();
    let mut is_open = true;
    let mut is_complete = false;
    while is_open || !deliveries.is_empty() {
        tokio::select! {
            message = bodies.recv(), if is_open && deliveries.len() < most => match message {
                Some(Message::Body(arrived)) => {
                    deliveries.spawn(deliver::deliver(Arc::clone(&shared), arrived));
                }
                Some(Message::End) => (is_open, is_complete) = (false, true),
                None => is_open = false,
            },
            Some(delivered) = deliveries.join_next() => {
                if delivered.is_err() {
                    shared.halt(Halt::Lost);
                }
            }
            _ = look.tick() => {
                if stop() {
                    shared.halt(Halt::Interrupted);
                }
            }
        }
        if shared.is_halted() {
            is_open = false;
            bodies.close();
        }
    }
    let _ = all_sent.send(true);
    loop {
        tokio::select! {
            followed = &mut following => {
                if followed.is_err() {
                    shared.halt(Halt::Lost);
                }
                break;
            }
            _ = look.tick() => {
                if stop() {
                    shared.halt(Halt::Interrupted);
                }
            }
        }
    }
    if shared.is_halted() {
        return false;
    }
    if shared.options.verify > 0 {
        verify::verify(&shared).await;
    }
    let tally = shared.ledger().tally();
    is_complete &= tally.is_ended() && !shared.is_halted();
    if is_complete {
        is_complete = shared.record(Entry::Complete).await.is_ok();
        shared.store.clear();
    }
    is_complete
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    /// Writes an entry down, and learns it when it is on the disk. If that fails, everything stops.
    async fn record(&self, written: impl Into<Written>) -> Result<(), Stopped> {
        let written = written.into();
        let entry = written.entry.clone();
        let writer = lock(&self.writer).clone().ok_or(Stopped)?;
        match writer.write(written).await {
            Ok(()) => {
                self.ledger().learn(&entry);
                Ok(())
            }
            Err(error) => {
                self.halt(error.into());
                Err(Stopped)
            }
        }
    }

    /// Tells who waits, if there is something to tell.
    fn tell(&self, news: Option<News>) {
        if let Some(news) = news {
            self.progress.tell(news);
        }
    }

    /// Stops everything, because no request gets through.
    fn give_up(&self, met: &Met, reason: &str) {
        let reason = reason.to_owned();
        self.halt(if met.is_unreached {
            Halt::Unreached { base_url: self.client.base().to_string(), reason }
        } else {
            Halt::Silent(reason)
        });
    }

    /// Stops everything. The first reason counts.
    fn halt(&self, why: Halt) {
        lock(&self.halt).get_or_insert(why);
        self.is_halted.send_replace(true);
    }

    fn is_halted(&self) -> bool {
        *self.is_halted.borrow()
    }

    /// Returns when everything stops.
    async fn halted(&self) {
        // The sender lives as long as this does.
        let _ = self.is_halted.subscribe().wait_for(|is_halted| *is_halted).await;
    }
}

/// What a thread that panicked left is as good as what it would have gone on with.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
