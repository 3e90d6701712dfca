//! What was seen of the records of a mapping, by all workers together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::mapping::Mapping;

/// What was seen so far.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Whether any record was mapped.
    record: AtomicBool,
    /// For each place of the mapping, whether a record had it, or nobody asks because it may be missing.
    places: Box<[AtomicBool]>,
    /// Whether a mobile token was taken that names no app.
    token_without_app: AtomicBool,
}

impl Seen {
    pub(crate) fn of(mapping: &Mapping) -> Self {
        let places = mapping.program.places.iter().map(|place| mapping.is_optional(place).into());
        Self { record: false.into(), places: places.collect(), token_without_app: false.into() }
    }

    /// Whether a place of the mapping was in no record, as far as there were any.
    pub(crate) fn is_missing(&self, place: usize) -> bool {
        self.record.load(Ordering::Relaxed)
            && self.places.get(place).is_some_and(|is_there| !is_there.load(Ordering::Relaxed))
    }

    pub(crate) fn has_token_without_app(&self) -> bool {
        self.token_without_app.load(Ordering::Relaxed)
    }
}

/// What one worker looks for. It looks only for what it has not seen itself, which soon is nothing for most records.
pub(crate) struct Looking {
    seen: Arc<Seen>,
    is_any_record: bool,
    left: Vec<u32>,
    is_token_without_app: bool,
}

impl Looking {
    pub(crate) fn new(seen: Arc<Seen>) -> Self {
        let is_unknown = |place: &u32| !seen.places[*place as usize].load(Ordering::Relaxed);
        let left = (0..seen.places.len() as u32).filter(is_unknown).collect();
        Self { seen, is_any_record: false, left, is_token_without_app: false }
    }

    /// Looks which places a record has.
    pub(crate) fn record(&mut self, has: impl Fn(usize) -> bool) {
        if !self.is_any_record {
            self.is_any_record = true;
            self.seen.record.store(true, Ordering::Relaxed);
        }
        let places = &self.seen.places;
        self.left.retain(|&place| {
            let place = place as usize;
            let is_there = has(place);
            if is_there && let Some(known) = places.get(place) {
                known.store(true, Ordering::Relaxed);
            }
            !is_there
        });
    }

    pub(crate) fn token_without_app(&mut self) {
        if !self.is_token_without_app {
            self.is_token_without_app = true;
            self.seen.token_without_app.store(true, Ordering::Relaxed);
        }
    }
}
