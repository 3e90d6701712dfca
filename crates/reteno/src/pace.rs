//! How fast requests follow each other.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// Of so many requests a second one may come early: timers are late by up to a millisecond, and what was lost to that is
/// made up for.
const A_SECOND_FOR_EACH_EARLY_ONE: u32 = 45;

/// Lets requests go one after the other. No window of a second, wherever it begins, sees more of them than the rate: some
/// may come early, and by as many the others are fewer.
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
        let early =
            NonZeroU32::MIN.saturating_add((a_second.get() / A_SECOND_FOR_EACH_EARLY_ONE).saturating_sub(1));
        let apart = Duration::from_secs_f64(1.0 / f64::from(a_second.get() - (early.get() - 1)));
        let quota = Quota::with_period(apart).expect("a second divided by a number is not zero");
        let clock = MonotonicClock;
        Self {
            limiter: RateLimiter::direct_with_clock(quota.allow_burst(early), clock.clone()),
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
        let rate = 180;
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
