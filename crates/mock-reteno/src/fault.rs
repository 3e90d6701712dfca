//! What goes wrong, and when.

use std::collections::VecDeque;
use std::time::Duration;

/// The faults of the mock. The default has none.
///
/// A fault befalls `POST contacts` where the key is right and the rate is kept; the odds are for each such request, and
/// at most one of them befalls it. The script comes first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// The odds of 429 with `Retry-After: 1`.
    pub too_many: f64,
    /// The odds of 429 that says nothing of the wait.
    pub too_many_silent: f64,
    /// The odds of 500, 502 and 503, which come in turn.
    pub server_error: f64,
    /// The odds of 408.
    pub request_timeout: f64,
    /// The odds of an answer that comes late by [`slow_by`](Self::slow_by); the request is taken at once.
    pub slow: f64,
    /// How late slow answers are.
    pub slow_by: Duration,
    /// The odds of a connection that is reset before the request is taken.
    pub reset_before: f64,
    /// The odds of a connection that is reset after the request was taken, without an answer.
    pub reset_after: f64,
    /// The odds of an answer that ends in the middle, after the request was taken.
    pub truncated: f64,
    /// The odds of a web page with status 200, after the request was taken.
    pub wrong_type: f64,
    /// The odds of a web page with status 200, as of a proxy that did not pass the request on.
    pub wrong_type_before: f64,
    /// The odds of 413 for a body that is not too large.
    pub too_large: f64,
    /// The odds of 500 for `GET importstatus`.
    pub poll_error: f64,
    /// What befalls the first requests, in order.
    pub script: Vec<Fault>,
}

impl Faults {
    /// Every fault with these odds; slow answers are late by 200 ms.
    #[must_use]
    pub fn each(p: f64) -> Self {
        Self {
            too_many: p,
            too_many_silent: p,
            server_error: p,
            request_timeout: p,
            slow: p,
            slow_by: Duration::from_millis(200),
            reset_before: p,
            reset_after: p,
            truncated: p,
            wrong_type: p,
            wrong_type_before: p,
            too_large: p,
            poll_error: p,
            script: Vec::new(),
        }
    }
}

/// What befalls one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the request is let through.
    #[default]
    None,
    /// 429 that says nothing of the wait.
    TooMany,
    /// 429 with `Retry-After`, in whole seconds, rounded up.
    TooManyAfter(Duration),
    /// This status of the server's own making, 500 to 599. Not taken.
    ServerError(u16),
    /// 408. Not taken.
    Timeout,
    /// Taken at once, answered late by this much.
    Slow(Duration),
    /// The connection is reset. Not taken.
    ResetBefore,
    /// Taken; the connection is reset without an answer.
    ResetAfter,
    /// Taken; the answer ends in the middle, and so does the connection.
    Truncated,
    /// Taken; answered 200 with a web page. A request that is refused gets its own answer.
    WrongType,
    /// Answered 200 with a web page. Not taken.
    WrongTypeBefore,
    /// 413. Not taken.
    TooLarge,
    /// This status with this text, which is sent as JSON if it begins with a brace. Not taken.
    Status(u16, String),
}

/// Draws the faults.
#[derive(Debug)]
pub(crate) struct Draw {
    faults: Faults,
    script: VecDeque<Fault>,
    random: fastrand::Rng,
    server_errors: usize,
}

impl Draw {
    pub(crate) fn new(faults: Faults, seed: u64) -> Self {
        let mut draw = Self {
            faults: Faults::default(),
            script: VecDeque::new(),
            random: fastrand::Rng::with_seed(seed),
            server_errors: 0,
        };
        draw.set(faults);
        draw
    }

    /// From now on these, their script from its beginning.
    pub(crate) fn set(&mut self, mut faults: Faults) {
        self.script = std::mem::take(&mut faults.script).into();
        self.faults = faults;
    }

    /// What befalls the next `POST contacts`.
    pub(crate) fn next(&mut self) -> Fault {
        if let Some(fault) = self.script.pop_front() {
            return fault;
        }
        let faults = &self.faults;
        let odds = [
            (faults.too_many, Fault::TooManyAfter(Duration::from_secs(1))),
            (faults.too_many_silent, Fault::TooMany),
            (faults.server_error, Fault::ServerError([500, 502, 503][self.server_errors % 3])),
            (faults.request_timeout, Fault::Timeout),
            (faults.slow, Fault::Slow(faults.slow_by)),
            (faults.reset_before, Fault::ResetBefore),
            (faults.reset_after, Fault::ResetAfter),
            (faults.truncated, Fault::Truncated),
            (faults.wrong_type, Fault::WrongType),
            (faults.wrong_type_before, Fault::WrongTypeBefore),
            (faults.too_large, Fault::TooLarge),
        ];
        // Each is asked in turn, from one that is drawn, so that high odds of one do not hide the next for good.
        let first = self.random.usize(..odds.len());
        for (p, fault) in odds.iter().cycle().skip(first).take(odds.len()) {
            if self.random.f64() < *p {
                if matches!(fault, Fault::ServerError(_)) {
                    self.server_errors += 1;
                }
                return fault.clone();
            }
        }
        Fault::None
    }

    /// Whether the next `GET importstatus` fails.
    pub(crate) fn next_poll_fails(&mut self) -> bool {
        self.random.f64() < self.faults.poll_error
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_script_comes_before_the_odds() {
        let faults =
            Faults { script: vec![Fault::None, Fault::Timeout], too_large: 1.0, ..Faults::default() };
        let mut draw = Draw::new(faults, 1);
        let drawn: Vec<Fault> = std::iter::repeat_with(|| draw.next()).take(4).collect();
        assert_eq!(drawn, [Fault::None, Fault::Timeout, Fault::TooLarge, Fault::TooLarge]);
    }

    #[test]
    fn every_fault_comes_up_and_server_errors_take_turns() {
        let mut draw = Draw::new(Faults::each(0.3), 7);
        let drawn: Vec<Fault> = std::iter::repeat_with(|| draw.next()).take(2_000).collect();
        let kinds: HashSet<_> = drawn.iter().map(std::mem::discriminant).collect();
        assert_eq!(kinds.len(), 12, "all but those of a script, and none");
        let errors: Vec<&Fault> =
            drawn.iter().filter(|fault| matches!(fault, Fault::ServerError(_))).take(4).collect();
        let statuses = [500, 502, 503, 500].map(Fault::ServerError);
        assert_eq!(errors, statuses.iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_same_seed_draws_the_same_faults() {
        let drawn = |seed| {
            let mut draw = Draw::new(Faults::each(0.2), seed);
            std::iter::repeat_with(move || draw.next()).take(50).collect::<Vec<_>>()
        };
        assert_eq!(drawn(3), drawn(3));
        assert_ne!(drawn(3), drawn(4));
    }
}
