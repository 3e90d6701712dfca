//! Imports that go on after their request was answered.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::contacts::Contacts;
use crate::request::Upload;

/// The sessions of the account. Nothing runs by itself: [`settle`](Self::settle) does what is due.
#[derive(Debug)]
pub(crate) struct Sessions {
    delay: Duration,
    unmapped: HashSet<String>,
    random: fastrand::Rng,
    by_id: HashMap<String, Session>,
    /// Those that are not finished, in the order of their acceptance, which is the order in which they are due.
    waiting: VecDeque<String>,
}

#[derive(Debug)]
struct Session {
    accepted: Instant,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Waiting { upload: Upload, ends: End },
    Finished { mapping: Vec<Value> },
    Failed,
}

/// How a session will end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Finished,
    Error,
}

impl Sessions {
    pub(crate) fn new(delay: Duration, unmapped: Vec<String>, seed: u64) -> Self {
        Self {
            delay,
            unmapped: unmapped.into_iter().collect(),
            random: fastrand::Rng::with_seed(seed),
            by_id: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Begins a session for the contacts of `upload`; its id.
    pub(crate) fn begin(&mut self, upload: Upload, ends: End, now: Instant) -> String {
        let bits = self.random.u128(..);
        let id = format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            bits >> 96,
            bits >> 80 & 0xffff,
            bits >> 64 & 0xffff,
            bits >> 48 & 0xffff,
            bits & 0xffff_ffff_ffff
        );
        self.by_id.insert(id.clone(), Session { accepted: now, work: Work::Waiting { upload, ends } });
        self.waiting.push_back(id.clone());
        id
    }

    /// Applies the uploads of the sessions that are over by now.
    pub(crate) fn settle(&mut self, contacts: &mut Contacts, now: Instant) {
        while let Some(session) = self.waiting.front().and_then(|id| self.by_id.get_mut(id)) {
            if now.saturating_duration_since(session.accepted) < self.delay {
                break;
            }
            if let Work::Waiting { upload, ends } = &session.work {
                session.work = match ends {
                    End::Error => Work::Failed,
                    End::Finished => Work::Finished { mapping: apply(upload, contacts, &self.unmapped) },
                };
            }
            self.waiting.pop_front();
        }
    }

    /// What `GET importstatus` tells of a session.
    pub(crate) fn status(&self, id: &str, now: Instant) -> Option<Value> {
        let session = self.by_id.get(id)?;
        let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let timestamp = u64::try_from(timestamp).unwrap_or(u64::MAX);
        Some(match &session.work {
            Work::Waiting { .. } => {
                let begun = now.saturating_duration_since(session.accepted) >= self.delay / 2;
                let status = if begun { "IMPORTING" } else { "STARTED" };
                json!({ "status": status, "timestamp": timestamp })
            }
            Work::Finished { mapping } => {
                json!({ "status": "FINISHED", "timestamp": timestamp, "mapping": mapping })
            }
            Work::Failed => {
                let description = "The import stopped: contacts could not be written";
                json!({ "status": "ERROR", "timestamp": timestamp, "description": description })
            }
        })
    }
}

/// Applies an upload; its mapping.
fn apply(upload: &Upload, contacts: &mut Contacts, unmapped: &HashSet<String>) -> Vec<Value> {
    let mut mapping = Vec::with_capacity(upload.contacts.len());
    for contact in &upload.contacts {
        let Some(id) = contacts.apply(contact, upload) else { continue };
        if contact.external_customer_id.as_ref().is_some_and(|key| unmapped.contains(key)) {
            continue;
        }
        mapping.push(json!({ "dedupeValue": contact.dedupe_value(upload), "contactId": id }));
    }
    mapping
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;

    use super::*;

    #[test]
    fn a_session_is_queued_then_works_then_is_over_in_the_order_of_acceptance() {
        let upload = |name: &str| {
            let contacts = json!([{ "externalCustomerId": "k", "firstName": name, "channels": [] }]);
            Upload::deserialize(json!({ "contacts": contacts, "dedupeOn": "externalCustomerId" })).unwrap()
        };
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut contacts = Contacts::new(Vec::new());
        let mut sessions = Sessions::new(Duration::from_millis(1_000), Vec::new(), 1);
        let first = sessions.begin(upload("Ann"), End::Finished, at(0));
        let second = sessions.begin(upload("Bob"), End::Finished, at(600));
        let third = sessions.begin(upload("Eve"), End::Error, at(600));
        let cases = [
            (499, ["STARTED", "STARTED", "STARTED"], None),
            (500, ["IMPORTING", "STARTED", "STARTED"], None),
            (1_000, ["FINISHED", "STARTED", "STARTED"], Some("Ann")),
            (1_599, ["FINISHED", "IMPORTING", "IMPORTING"], Some("Ann")),
            (1_600, ["FINISHED", "FINISHED", "ERROR"], Some("Bob")),
        ];
        for (ms, statuses, name) in cases {
            sessions.settle(&mut contacts, at(ms));
            let told =
                [&first, &second, &third].map(|id| sessions.status(id, at(ms)).unwrap()["status"].clone());
            assert_eq!(told, statuses, "after {ms} ms");
            let kept = contacts.by_external_id("k").and_then(|contact| contact.first_name.as_deref());
            assert_eq!(kept, name, "after {ms} ms");
        }
        assert!(sessions.status("unknown", start).is_none());
    }
}
