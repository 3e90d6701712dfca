//! What was asked and answered, and the rate of it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::fault::Fault;

const WINDOW: Duration = Duration::from_secs(1);

/// One request, as it came and as it was answered.
#[derive(Clone, Debug)]
pub struct Request {
    /// When its head arrived, since the mock was started. The log is in this order.
    pub at: Duration,
    /// The method, such as `POST`.
    pub method: String,
    /// The path as it was sent, such as `/api/v1/contacts`.
    pub path: String,
    /// The status that was answered, also where the answer was spoilt; `None` while there is none, and for good where
    /// the connection was reset or the client went away.
    pub status: Option<u16>,
    /// The fault that befell it.
    pub fault: Fault,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// What it said of itself.
    pub authorization: Authorization,
    /// The length of the body.
    pub body_bytes: usize,
    /// The BLAKE3 hash of the body, in hexadecimal; empty until the whole body arrived.
    pub body_hash: String,
}

impl Request {
    /// Whether it is a `POST contacts`, which the rate is about.
    pub(crate) fn adds_contacts(&self) -> bool {
        self.method == "POST" && self.path == crate::routes::CONTACTS_PATH
    }
}

/// What a request says of itself in `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// There is none.
    Absent,
    /// It is not Basic, or has another key.
    Wrong,
    /// It has the key.
    Right,
}

/// The requests in the order in which they arrived.
#[derive(Debug)]
pub(crate) struct Log {
    started: Instant,
    rate: usize,
    requests: Vec<Request>,
    /// When those that were let through within the last second arrived.
    let_through: VecDeque<Duration>,
}

/// Where a request stands in the log, and whether it keeps the rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) index: usize,
    pub(crate) keeps_rate: bool,
}

impl Log {
    pub(crate) fn new(rate: u32) -> Self {
        let rate = usize::try_from(rate).unwrap_or(usize::MAX);
        Self { started: Instant::now(), rate, requests: Vec::new(), let_through: VecDeque::new() }
    }

    /// Enters a request whose head arrived just now.
    pub(crate) fn arrive(&mut self, request: Request) -> Arrival {
        self.arrive_at(self.started.elapsed(), request)
    }

    fn arrive_at(&mut self, at: Duration, request: Request) -> Arrival {
        let request = Request { at, ..request };
        let mut keeps_rate = true;
        if request.adds_contacts() && request.authorization == Authorization::Right {
            while self.let_through.front().is_some_and(|earlier| at - *earlier >= WINDOW) {
                self.let_through.pop_front();
            }
            keeps_rate = self.let_through.len() < self.rate;
            if keeps_rate {
                self.let_through.push_back(at);
            }
        }
        self.requests.push(request);
        Arrival { index: self.requests.len() - 1, keeps_rate }
    }

    pub(crate) fn set_body(&mut self, index: usize, bytes: usize, hash: String) {
        if let Some(request) = self.requests.get_mut(index) {
            request.body_bytes = bytes;
            request.body_hash = hash;
        }
    }

    pub(crate) fn set_answer(&mut self, index: usize, status: Option<u16>, fault: Fault) {
        if let Some(request) = self.requests.get_mut(index) {
            request.status = status;
            request.fault = fault;
        }
    }

    pub(crate) fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// For each `POST contacts`, how many arrived in the second that it ends.
    pub(crate) fn seconds(&self) -> impl Iterator<Item = usize> {
        let mut window = VecDeque::new();
        self.requests.iter().filter(|request| request.adds_contacts()).map(move |request| {
            while window.front().is_some_and(|earlier| request.at - *earlier >= WINDOW) {
                window.pop_front();
            }
            window.push_back(request.at);
            window.len()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post() -> Request {
        Request {
            at: Duration::ZERO,
            method: "POST".to_owned(),
            path: crate::routes::CONTACTS_PATH.to_owned(),
            status: None,
            fault: Fault::None,
            user_agent: None,
            authorization: Authorization::Right,
            body_bytes: 0,
            body_hash: String::new(),
        }
    }

    #[test]
    fn the_rate_holds_in_any_second_and_not_only_in_whole_ones() {
        let mut log = Log::new(2);
        // Two late in the first second and two early in the next would pass a counter that starts anew each second.
        let at = [800, 900, 1_000, 1_799, 1_800, 1_850, 1_900].map(Duration::from_millis);
        let kept: Vec<bool> = at.iter().map(|at| log.arrive_at(*at, post()).keeps_rate).collect();
        assert_eq!(kept, [true, true, false, false, true, false, true]);
        assert_eq!(log.seconds().collect::<Vec<_>>(), [1, 2, 3, 4, 4, 5, 5]);
    }

    #[test]
    fn other_requests_and_those_with_a_wrong_key_take_nothing_from_the_rate() {
        let mut log = Log::new(1);
        assert!(log.arrive_at(Duration::ZERO, Request { method: "GET".to_owned(), ..post() }).keeps_rate);
        let wrong = Request { authorization: Authorization::Wrong, ..post() };
        assert!(log.arrive_at(Duration::ZERO, wrong).keeps_rate);
        assert!(log.arrive_at(Duration::ZERO, post()).keeps_rate);
        assert!(!log.arrive_at(Duration::ZERO, post()).keeps_rate);
    }
}
