//! Whether the server is there, as far as requests have shown; what is said of that, and when it is enough.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::progress::News;
use super::{UploadOptions, lock};
use crate::client::{Trouble, TroubleKind};

/// A server that answers nothing of use is tried for so long at least, however short the delays are.
const LEAST_PATIENCE: Duration = Duration::from_secs(60);

/// A wait that the server asks for is told if it is as long as this, or if waits together are.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// The same kind of trouble is told once in so long a time.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// What requests have shown of the server.
#[derive(Debug)]
pub(super) struct Presence {
    base_url: String,
    /// How long a server is tried that no request has reached.
    first_contact: Duration,
    /// How long a server is tried that has gone away.
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the server has answered anything at all.
    has_answered: bool,
    /// Since when no request has come to anything.
    away_since: Option<Instant>,
    /// Since when the server asks to be left alone.
    busy_since: Option<Instant>,
    /// Whether somebody was told, and so waits for the end of it.
    is_told: bool,
    /// Whether the absence was told.
    is_absence_told: bool,
    /// When an absence was told last, and when a wait was.
    absence_told_at: Option<Instant>,
    wait_told_at: Option<Instant>,
}

/// Whether a request that came to nothing is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    No,
    /// As long as the server is waited for.
    Patiently,
    /// For this time.
    For(Duration),
}

/// What a request that came to nothing means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Met {
    /// What is to be told.
    pub(super) news: Option<News>,
    /// How much longer the server is tried; zero if that is enough. `None` if it says itself how long.
    pub(super) left: Option<Duration>,
    /// Whether no request has reached the server, and this one did not get there either.
    pub(super) is_unreached: bool,
}

impl Presence {
    pub(super) fn new(base_url: &str, options: &UploadOptions) -> Self {
        Self {
            base_url: base_url.to_owned(),
            first_contact: options.first_contact,
            patience: patience(options).max(LEAST_PATIENCE),
            state: Mutex::default(),
        }
    }

    /// A request came to nothing.
    pub(super) fn met(&self, trouble: &Trouble, retry: Retry, now: Instant) -> Met {
        let mut state = lock(&self.state);
        let state = &mut *state;
        if matches!(trouble.kind, TroubleKind::Failing | TroubleKind::TooMany) {
            state.has_answered = true;
        }
        let reason = trouble.reason.clone();
        if trouble.kind == TroubleKind::TooMany || trouble.wait.is_some() {
            // It is there, and says when to come again.
            state.away_since = None;
            let since = *state.busy_since.get_or_insert(now);
            let wait = trouble.wait.unwrap_or_default();
            let is_long = wait >= LONG_WAIT || now.duration_since(since) >= LONG_WAIT;
            let is_new = state.wait_told_at.is_none_or(|at| now.duration_since(at) >= TOLD_EVERY);
            let news = (is_long && is_new).then(|| {
                state.wait_told_at = Some(now);
                state.is_told = true;
                match trouble.wait {
                    Some(wait) => News::Busy { reason, wait },
                    None => News::Failing { reason, again_for: None },
                }
            });
            return Met { news, left: None, is_unreached: false };
        }
        let since = *state.away_since.get_or_insert(now);
        let is_unreached = trouble.kind == TroubleKind::NoConnection && !state.has_answered;
        let limit = match retry {
            _ if is_unreached => self.first_contact,
            Retry::For(time) => time,
            Retry::No | Retry::Patiently => self.patience,
        };
        let left = limit.saturating_sub(now.duration_since(since));
        let is_new = !state.is_absence_told
            && state.absence_told_at.is_none_or(|at| now.duration_since(at) >= TOLD_EVERY);
        let news = (is_new && !left.is_zero()).then(|| {
            state.absence_told_at = Some(now);
            (state.is_told, state.is_absence_told) = (true, true);
            let again_for = (retry != Retry::No).then_some(left);
            match trouble.kind {
                TroubleKind::NoConnection | TroubleKind::NoAnswer => {
                    News::NoAnswer { base_url: self.base_url.clone(), reason, again_for }
                }
                TroubleKind::Failing | TroubleKind::TooMany => News::Failing { reason, again_for },
            }
        });
        Met { news, left: Some(left), is_unreached }
    }

    /// A request was answered to the point.
    pub(super) fn answered(&self) -> Option<News> {
        let mut state = lock(&self.state);
        state.has_answered = true;
        (state.away_since, state.busy_since) = (None, None);
        state.is_absence_told = false;
        std::mem::take(&mut state.is_told).then_some(News::Back)
    }

    /// The server has answered something, which says nothing of what else is asked of it.
    pub(super) fn is_reached(&self) {
        lock(&self.state).has_answered = true;
    }
}

/// How long the delays of one request add up to at most, with all the chance in them.
fn patience(options: &UploadOptions) -> Duration {
    let [least, most] = options.backoff;
    let mut delay = least.min(most);
    let mut sum = Duration::ZERO;
    let mut delays = options.max_attempts.get() - 1;
    while delays > 0 && delay < most && !delay.is_zero() {
        sum = sum.saturating_add(delay);
        delay = delay.saturating_mul(2).min(most);
        delays -= 1;
    }
    sum.saturating_add(delay.saturating_mul(delays)).saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::client::Applied;

    fn trouble(kind: TroubleKind, wait: Option<u64>) -> Trouble {
        let wait = wait.map(Duration::from_secs);
        Trouble { reason: "bad".to_owned(), applied: Applied::No, wait, kind }
    }

    fn presence() -> Presence {
        Presence::new("http://127.0.0.1:1/", &UploadOptions::default())
    }

    #[test]
    fn the_server_is_waited_for_as_long_as_the_delays_of_one_request_are() {
        for (attempts, backoff, millis) in [
            (1, [500, 60_000], 0),
            (2, [500, 60_000], 1_000),
            (4, [500, 60_000], 7_000),
            (10, [500, 60_000], 367_000),
            (12, [500, 60_000], 607_000),
            (3, [500, 100], 400),
            (u32::MAX, [0, 100], 0),
            (u32::MAX, [100, 100], 858_993_458_800),
        ] {
            let options = UploadOptions {
                max_attempts: NonZeroU32::new(attempts).expect("not zero"),
                backoff: backoff.map(Duration::from_millis),
                ..UploadOptions::default()
            };
            assert_eq!(patience(&options), Duration::from_millis(millis), "{attempts} {backoff:?}");
        }
    }

    #[test]
    fn an_absence_is_told_once_and_so_is_its_end() {
        use TroubleKind::{Failing, NoAnswer, NoConnection, TooMany};
        enum Step {
            Met(TroubleKind, Option<u64>),
            Answered,
        }
        use Step::{Answered, Met};
        let away =
            |left| Some(format!("no answer from http://127.0.0.1:1/: bad; trying again for up to {left}"));
        let failing = |left| Some(format!("bad; trying again for up to {left}"));
        let busy = |wait| Some(format!("bad; the server is left alone for {wait}"));
        let back = || Some("the server answers again".to_owned());
        for (name, steps) in [
            (
                "nobody was ever there",
                vec![
                    (0, Met(NoConnection, None), away("30 s")),
                    (1, Met(NoConnection, None), None),
                    (29, Met(NoConnection, None), None),
                    (31, Met(NoConnection, None), None),
                ],
            ),
            ("all is well", vec![(0, Answered, None), (1, Answered, None)]),
            (
                "it goes away and comes back",
                vec![
                    (0, Answered, None),
                    (1, Met(NoConnection, None), away("7 min")),
                    (2, Met(NoAnswer, None), None),
                    (9, Answered, back()),
                    (10, Answered, None),
                    // Soon again is not told, unless it lasts.
                    (20, Met(Failing, None), None),
                    (21, Answered, None),
                    (50, Met(Failing, None), None),
                    (60, Met(Failing, None), None),
                    (61, Met(Failing, None), failing("6 min")),
                    (130, Met(Failing, None), None),
                    (140, Answered, back()),
                ],
            ),
            (
                "it asks for a short wait now and then",
                vec![
                    (0, Met(TooMany, Some(1)), None),
                    (2, Answered, None),
                    (3, Met(TooMany, None), None),
                    (4, Answered, None),
                ],
            ),
            (
                "it asks for short waits and nothing else",
                vec![
                    (0, Met(TooMany, Some(1)), None),
                    (2, Met(TooMany, Some(1)), None),
                    (6, Met(TooMany, Some(1)), busy("1 s")),
                    (30, Met(TooMany, Some(1)), None),
                    (40, Answered, back()),
                ],
            ),
            (
                "it asks for long waits",
                vec![
                    (0, Met(TooMany, Some(300)), busy("5 min")),
                    (0, Met(TooMany, Some(300)), None),
                    (300, Met(Failing, Some(300)), busy("5 min")),
                    (600, Answered, back()),
                ],
            ),
            (
                "it is away, and then wants to be left alone",
                vec![
                    (0, Met(NoConnection, None), away("30 s")),
                    (5, Met(TooMany, Some(300)), busy("5 min")),
                    (305, Answered, back()),
                ],
            ),
        ] {
            let presence = presence();
            let begin = Instant::now();
            for (nth, (second, step, told)) in steps.into_iter().enumerate() {
                let now = begin + Duration::from_secs(second);
                let news = match step {
                    Met(kind, wait) => presence.met(&trouble(kind, wait), Retry::Patiently, now).news,
                    Answered => presence.answered(),
                };
                assert_eq!(news.map(|news| news.to_string()), told, "{name}: {nth}");
            }
        }
    }

    #[test]
    fn who_was_never_reached_is_tried_for_a_shorter_time() {
        let begin = Instant::now();
        let at = |second| begin + Duration::from_secs(second);
        let seconds = |left: u64| Some(Duration::from_secs(left));
        let met = |presence: &Presence, kind, wait, second| {
            let met = presence.met(&trouble(kind, wait), Retry::Patiently, at(second));
            (met.left, met.is_unreached)
        };
        use TroubleKind::{Failing, NoAnswer, NoConnection, TooMany};
        let new = presence();
        assert_eq!(met(&new, NoConnection, None, 0), (seconds(30), true));
        assert_eq!(met(&new, NoConnection, None, 29), (seconds(1), true));
        assert_eq!(met(&new, NoConnection, None, 30), (seconds(0), true));
        // A connection came about, so somebody is there.
        assert_eq!(met(&new, NoAnswer, None, 40), (seconds(327), false));
        assert_eq!(met(&new, NoConnection, None, 41), (seconds(0), true));
        for (kind, wait, is_away) in
            [(Failing, None, true), (TooMany, None, false), (Failing, Some(9), false)]
        {
            let presence = presence();
            presence.met(&trouble(kind, wait), Retry::Patiently, at(0));
            // A server that says when to come again is not away until then.
            let left = if is_away { 327 } else { 367 };
            assert_eq!(met(&presence, NoConnection, None, 40), (seconds(left), false), "{kind:?}");
        }
        let asked = presence();
        asked.is_reached();
        assert_eq!(met(&asked, NoConnection, None, 0), (seconds(367), false));
        asked.answered();
        assert_eq!(met(&asked, NoConnection, None, 1000), (seconds(367), false));
        assert_eq!(met(&asked, NoConnection, None, 2000), (seconds(0), false));
    }

    #[test]
    fn nothing_is_promised_where_nothing_is_tried_again() {
        let now = Instant::now();
        for (retry, told) in [
            (Retry::No, "bad"),
            (Retry::Patiently, "bad; trying again for up to 7 min"),
            (Retry::For(Duration::from_secs(600)), "bad; trying again for up to 10 min"),
        ] {
            let met = presence().met(&trouble(TroubleKind::Failing, None), retry, now);
            assert_eq!(met.news.expect("it is new").to_string(), told);
        }
    }
}
