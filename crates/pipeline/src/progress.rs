//! What a run tells others while it goes on, and how it is asked to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counters that may be read at any time from another thread; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    bytes_read: AtomicU64,
    total_bytes: AtomicU64,
    records: AtomicU64,
    rejected: AtomicU64,
    bodies: AtomicU64,
    held: AtomicU64,
    regrouped: AtomicU64,
}

impl Progress {
    /// Bytes read so far, as stored (compressed where the input is).
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.0.bytes_read.load(Ordering::Relaxed)
    }

    /// Bytes of all inputs as stored; 0 where it is not known.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.0.total_bytes.load(Ordering::Relaxed)
    }

    /// Records dealt with so far.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.0.records.load(Ordering::Relaxed)
    }

    /// Records rejected so far.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.0.rejected.load(Ordering::Relaxed)
    }

    /// Request bodies made so far.
    #[must_use]
    pub fn bodies(&self) -> u64 {
        self.0.bodies.load(Ordering::Relaxed)
    }

    /// Records that waited for others of their key, and how many of them are dealt with by now; `None` while records are
    /// read.
    #[must_use]
    pub fn merging(&self) -> Option<(u64, u64)> {
        let held = self.0.held.load(Ordering::Relaxed);
        (held > 0).then(|| (held, self.0.regrouped.load(Ordering::Relaxed)))
    }

    pub(crate) fn set_merging(&self, held: u64, regrouped: u64) {
        self.0.held.store(held, Ordering::Relaxed);
        self.0.regrouped.store(regrouped, Ordering::Relaxed);
    }

    pub(crate) fn set_bytes(&self, read: u64, total: u64) {
        self.0.bytes_read.store(read, Ordering::Relaxed);
        self.0.total_bytes.store(total, Ordering::Relaxed);
    }

    pub(crate) fn set_counts(&self, records: u64, rejected: u64, bodies: u64) {
        self.0.records.store(records, Ordering::Relaxed);
        self.0.rejected.store(rejected, Ordering::Relaxed);
        self.0.bodies.store(bodies, Ordering::Relaxed);
    }
}

/// A request to stop; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks the run to stop soon.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether that was asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
