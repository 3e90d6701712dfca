//! How many requests are on their way at a time: fewer when the server is in trouble, more again when it is well.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The number of requests that may be on their way. It begins with one, so that a wrong key costs one request, and grows by
/// one with each that went well; halved when the server asks for it or fails, it grows again by one with each round.
#[derive(Debug)]
pub(crate) struct Concurrency {
    most: usize,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    limit: usize,
    under_way: usize,
    /// Requests that went well since the limit was changed last.
    went_well: usize,
    /// How often it was halved.
    halvings: u64,
}

/// Leave to be on the way; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit<'c> {
    concurrency: &'c Concurrency,
    halvings: u64,
}

impl Concurrency {
    pub(crate) fn new(most: NonZeroUsize) -> Self {
        let most = most.get();
        let state = State { limit: 1, under_way: 0, went_well: 0, halvings: 0 };
        Self { most, state: Mutex::new(state), freed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when one more request may be on its way.
    pub(crate) async fn permit(&self) -> Permit<'_> {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = self.state();
                if state.under_way < state.limit {
                    state.under_way += 1;
                    return Permit { concurrency: self, halvings: state.halvings };
                }
            }
            freed.await;
        }
    }
}

impl Permit<'_> {
    /// The server is well.
    pub(crate) fn went_well(&self) {
        let mut state = self.concurrency.state();
        state.went_well += 1;
        let is_enough = state.halvings == 0 || state.went_well >= state.limit;
        if is_enough && state.limit < self.concurrency.most {
            state.limit += 1;
            state.went_well = 0;
            drop(state);
            self.concurrency.freed.notify_waiters();
        }
    }

    /// The server is in trouble. Of the requests that were on their way together, the first to say so counts.
    pub(crate) fn met_trouble(&self) {
        let mut state = self.concurrency.state();
        if state.halvings == self.halvings {
            state.limit = (state.limit / 2).max(1);
            state.halvings += 1;
            state.went_well = 0;
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.concurrency.state().under_way -= 1;
        // More may have become free than one: who is woken and finds no room waits on.
        self.concurrency.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(concurrency: &Concurrency) -> usize {
        concurrency.state().limit
    }

    #[tokio::test(flavor = "current_thread")]
    async fn trouble_halves_once_a_round_and_success_adds_one_a_round() {
        let concurrency = Concurrency::new(NonZeroUsize::new(8).expect("not zero"));
        for limit_before in [1, 2, 3, 4, 5, 6, 7, 8, 8] {
            assert_eq!(limit(&concurrency), limit_before);
            concurrency.permit().await.went_well();
        }
        let mut together = Vec::new();
        for _ in 0..8 {
            together.push(concurrency.permit().await);
        }
        together.iter().for_each(Permit::met_trouble);
        assert_eq!(limit(&concurrency), 4);
        drop(together);
        assert_eq!(concurrency.state().under_way, 0);

        for _ in 0..4 {
            concurrency.permit().await.went_well();
        }
        assert_eq!(limit(&concurrency), 5);
        for _ in 0..100 {
            concurrency.permit().await.went_well();
        }
        assert_eq!(limit(&concurrency), 8);
        for _ in 0..10 {
            concurrency.permit().await.met_trouble();
        }
        assert_eq!(limit(&concurrency), 1);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn who_finds_no_room_waits_until_there_is() {
        let concurrency = Concurrency::new(NonZeroUsize::MIN);
        let first = concurrency.permit().await;
        let mut second = std::pin::pin!(concurrency.permit());
        let waits = tokio::time::timeout(std::time::Duration::from_millis(5), second.as_mut()).await.is_err();
        assert!(waits);
        drop(first);
        let _second = second.await;
        assert_eq!(concurrency.state().under_way, 1);
    }
}
