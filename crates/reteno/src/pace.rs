//! How fast requests follow each other.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// Requests come a little further apart than the rate has it: on their way to the server they may move together.
const SPREAD: f64 = 1.02;

/// Lets requests go one after the other, with a least time between two of them. So no window of a second, wherever it
/// begins, sees more of them than the rate.
#[derive(Debug)]
pub(crate) struct Pace {
    limiter: RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>,
    clock: MonotonicClock,
    /// Who waits, waits in line.
    line: tokio::sync::Mutex<()>,
    /// Until then nobody goes.
    paused_until: Mutex<Option<Instant>>,
}

impl Pace {
    pub(crate) fn new(a_second: NonZeroU32) -> Self {
        let apart = Duration::from_secs_f64(SPREAD / f64::from(a_second.get()));
        let quota = Quota::with_period(apart).expect("a second divided by a number is not zero");
        let clock = MonotonicClock;
        Self {
            limiter: RateLimiter::direct_with_clock(quota.allow_burst(NonZeroU32::MIN), clock.clone()),
            clock,
            line: tokio::sync::Mutex::new(()),
            paused_until: Mutex::new(None),
        }
    }

    /// Returns when the next request may go.
    pub(crate) async fn turn(&self) {
        let _line = self.line.lock().await;
        loop {
            if let Some(until) = self.pause()
                && until > Instant::now()
            {
                tokio::time::sleep_until(until).await;
                continue;
            }
            match self.limiter.check() {
                Ok(()) => return,
                Err(not_until) => tokio::time::sleep(not_until.wait_time_from(self.clock.now())).await,
            }
        }
    }

    /// Lets nobody go for so long.
    pub(crate) fn pause_for(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |known| known.max(until)));
    }

    fn pause(&self) -> Option<Instant> {
        *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn no_second_sees_more_than_the_rate() {
        let rate = 50;
        let pace = Pace::new(NonZeroU32::new(rate).expect("not zero"));
        let mut went = Vec::new();
        for _ in 0..2 * rate {
            pace.turn().await;
            went.push(std::time::Instant::now());
        }
        let second = Duration::from_secs(1);
        for (nth, begin) in went.iter().enumerate() {
            let within = went[nth..].iter().take_while(|at| **at < *begin + second).count();
            assert!(within <= rate as usize, "{within} within a second from the request {nth} on");
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_pause_holds_everybody_back() {
        let pace = Pace::new(NonZeroU32::new(1000).expect("not zero"));
        let begin = std::time::Instant::now();
        pace.pause_for(Duration::from_millis(50));
        pace.pause_for(Duration::from_millis(10));
        pace.turn().await;
        assert!(begin.elapsed() >= Duration::from_millis(50));
    }
}
