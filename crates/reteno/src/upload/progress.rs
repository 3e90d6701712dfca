//! What is known of an upload while it runs.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::lock;

/// Counters that may be read at any time from another thread, and news for whoever listens; clones share them.
#[derive(Clone, Debug, Default)]
pub struct UploadProgress(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    counters: Counters,
    listener: Mutex<Listener>,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) batches: AtomicU64,
    pub(super) contacts: AtomicU64,
    pub(super) under_way: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) sessions: AtomicU64,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Requests that were accepted in this run.
    pub batches: u64,
    /// Contacts in them.
    pub contacts: u64,
    /// Requests on their way.
    pub under_way: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Sessions whose end is waited for.
    pub sessions: u64,
}

/// What somebody who waits for an upload is told at once. As text it is a line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum News {
    /// Requests get no answer.
    NoAnswer {
        /// Where they went.
        base_url: String,
        /// What happened.
        reason: String,
        /// How much longer it is tried, if it is.
        again_for: Option<Duration>,
    },
    /// The server answers, but not to the point.
    Failing {
        /// What it answers.
        reason: String,
        /// How much longer it is tried, if it is.
        again_for: Option<Duration>,
    },
    /// The server wants to be left alone.
    Busy {
        /// What it answers.
        reason: String,
        /// For how long.
        wait: Duration,
    },
    /// The server answers again.
    Back,
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again_for = match self {
            Self::NoAnswer { base_url, reason, again_for } => {
                write!(f, "no answer from {base_url}: {reason}")?;
                again_for
            }
            Self::Failing { reason, again_for } => {
                f.write_str(reason)?;
                again_for
            }
            Self::Busy { reason, wait } => {
                return write!(f, "{reason}; the server is left alone for {}", span(*wait));
            }
            Self::Back => return f.write_str("the server answers again"),
        };
        match again_for {
            Some(time) => write!(f, "; trying again for up to {}", span(*time)),
            None => Ok(()),
        }
    }
}

/// A length of time for people, not shorter than it is.
fn span(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    if seconds < 100 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}

/// Who is told the news.
enum Listener {
    /// Nobody yet, with what is to be heard first.
    Nobody(Option<News>),
    Somebody(Box<dyn FnMut(&News) + Send>),
}

impl Default for Listener {
    fn default() -> Self {
        Self::Nobody(None)
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody(_) => "nobody",
            Self::Somebody(_) => "somebody",
        })
    }
}

impl UploadProgress {
    /// How far it is.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let counters = self.counters();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            batches: read(&counters.batches),
            contacts: read(&counters.contacts),
            under_way: read(&counters.under_way),
            retries: read(&counters.retries),
            sessions: read(&counters.sessions),
        }
    }

    /// Tells the news from now on, on the thread of the upload; and what is true still of those that nobody heard.
    pub fn listen(&self, mut listener: impl FnMut(&News) + Send + 'static) {
        let mut known = lock(&self.0.listener);
        if let Listener::Nobody(Some(unheard)) = &*known {
            listener(unheard);
        }
        *known = Listener::Somebody(Box::new(listener));
    }

    pub(super) fn tell(&self, news: News) {
        match &mut *lock(&self.0.listener) {
            Listener::Nobody(unheard) => *unheard = Some(news).filter(|news| *news != News::Back),
            Listener::Somebody(listener) => listener(&news),
        }
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.0.counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_lines_for_people() {
        let no_answer = |again_for| News::NoAnswer {
            base_url: "https://api.reteno.com/api/v1/".to_owned(),
            reason: "connection refused".to_owned(),
            again_for,
        };
        let failing = |again_for| News::Failing { reason: "the server answers 502: -".to_owned(), again_for };
        let busy = |seconds| News::Busy {
            reason: "the server answers 429: -".to_owned(),
            wait: Duration::from_secs(seconds),
        };
        let for_seconds = |seconds| Some(Duration::from_secs(seconds));
        for (news, line) in [
            (no_answer(None), "no answer from https://api.reteno.com/api/v1/: connection refused"),
            (
                no_answer(for_seconds(30)),
                "no answer from https://api.reteno.com/api/v1/: connection refused; trying again for up to 30 s",
            ),
            (failing(None), "the server answers 502: -"),
            (failing(for_seconds(367)), "the server answers 502: -; trying again for up to 7 min"),
            (
                failing(Some(Duration::from_millis(99_001))),
                "the server answers 502: -; trying again for up to 2 min",
            ),
            (busy(99), "the server answers 429: -; the server is left alone for 99 s"),
            (busy(300), "the server answers 429: -; the server is left alone for 5 min"),
            (News::Back, "the server answers again"),
        ] {
            assert_eq!(news.to_string(), line);
        }
    }

    #[test]
    fn who_listens_late_hears_what_is_true_still() {
        let trouble = News::Failing { reason: "500".to_owned(), again_for: None };
        for (before, after, heard) in [
            (&[][..], &[News::Back][..], vec![News::Back]),
            (std::slice::from_ref(&trouble), &[News::Back], vec![trouble.clone(), News::Back]),
            (&[trouble.clone(), News::Back], &[], vec![]),
            (&[trouble.clone(), News::Back, trouble.clone()], &[], vec![trouble.clone()]),
        ] {
            let progress = UploadProgress::default();
            before.iter().for_each(|news| progress.tell(news.clone()));
            let (told, listened) = std::sync::mpsc::channel();
            progress.clone().listen(move |news| told.send(news.clone()).expect("somebody listens"));
            after.iter().for_each(|news| progress.tell(news.clone()));
            assert_eq!(listened.try_iter().collect::<Vec<_>>(), heard);
        }
    }
}
