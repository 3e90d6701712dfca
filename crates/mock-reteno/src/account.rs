//! The account: what it knows, and what it makes of an upload.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::contacts::Contacts;
use crate::options::MockOptions;
use crate::request::{Contact, Upload};
use crate::session::{End, Sessions};

/// Contacts, sessions, and what was accepted.
#[derive(Debug)]
pub(crate) struct Account {
    contacts: Contacts,
    sessions: Sessions,
    accepted: Accepted,
    duplicate_window: Duration,
    refuse_keys: HashSet<String>,
    fail_keys: HashSet<String>,
    error_session_keys: HashSet<String>,
}

/// Which requests were accepted, and how often.
#[derive(Debug, Default)]
struct Accepted {
    keys: HashMap<String, u32>,
    /// In the order in which they were first accepted.
    bodies: Vec<(String, u32)>,
    /// By the hash of the body: its place in `bodies`, and when it was accepted last.
    by_hash: HashMap<String, (usize, Instant)>,
}

/// What becomes of an upload.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is accepted, and answered with this.
    Accepted(Value),
    /// A body like this was accepted a short while ago.
    Duplicate,
    /// It has a contact that the account does not take.
    Refused {
        /// The contact's place in the request.
        index: usize,
    },
}

impl Account {
    pub(crate) fn new(options: &MockOptions) -> Self {
        let set = |keys: &[String]| keys.iter().cloned().collect();
        Self {
            contacts: Contacts::new(options.existing.clone()),
            sessions: Sessions::new(options.session_delay, options.unmapped_keys.clone(), options.seed),
            accepted: Accepted::default(),
            duplicate_window: options.duplicate_window,
            refuse_keys: set(&options.refuse_keys),
            fail_keys: set(&options.fail_keys),
            error_session_keys: set(&options.error_session_keys),
        }
    }

    /// The contacts as they are by now.
    pub(crate) fn contacts(&mut self) -> &mut Contacts {
        self.sessions.settle(&mut self.contacts, Instant::now());
        &mut self.contacts
    }

    /// What `GET importstatus` tells of a session.
    pub(crate) fn session(&mut self, id: &str) -> Option<Value> {
        let now = Instant::now();
        self.sessions.settle(&mut self.contacts, now);
        self.sessions.status(id, now)
    }

    /// How often a request with this key was accepted.
    pub(crate) fn applied(&self, key: &str) -> u32 {
        self.accepted.keys.get(key).copied().unwrap_or_default()
    }

    /// The hashes of the bodies that were accepted, and how often each was.
    pub(crate) fn applied_bodies(&self) -> &[(String, u32)] {
        &self.accepted.bodies
    }

    /// Takes an upload, or says why not. `body` is what was sent, `hash` its hash.
    pub(crate) fn take(&mut self, body: &Value, mut upload: Upload, hash: &str) -> Verdict {
        let now = Instant::now();
        self.sessions.settle(&mut self.contacts, now);
        let refused = |contact: &Contact| {
            contact.external_customer_id.as_ref().is_some_and(|key| self.refuse_keys.contains(key))
        };
        if let Some(index) = upload.contacts.iter().position(refused) {
            return Verdict::Refused { index };
        }
        if self.accepted.within(hash, self.duplicate_window, now) {
            return Verdict::Duplicate;
        }
        self.accepted.add(&upload, hash, now);

        let failed = self.take_failed(body, &mut upload);
        let fails = upload.keys().any(|key| self.error_session_keys.contains(key));
        let ends = if fails { End::Error } else { End::Finished };
        let mut answer = Map::new();
        // One is told as an object, several are told as an array.
        let failed = match failed.len() {
            0 | 1 => failed.into_iter().next(),
            _ => Some(Value::Array(failed)),
        };
        if let Some(failed) = failed {
            answer.insert("failedContacts".to_owned(), failed);
        }
        let id = self.sessions.begin(upload, ends, now);
        answer.insert("asyncSessionId".to_owned(), json!(id));
        Verdict::Accepted(Value::Object(answer))
    }

    /// Takes the contacts out that fail; each as it was sent, without its key, and with the reason.
    fn take_failed(&self, body: &Value, upload: &mut Upload) -> Vec<Value> {
        let reasons: Vec<Option<&str>> = upload
            .contacts
            .iter()
            .map(|contact| match &contact.external_customer_id {
                Some(key) if self.fail_keys.contains(key) => Some("The contact could not be saved"),
                _ if contact.dedupe_value(upload).is_none() => Some("The field of dedupeOn has no value"),
                _ => None,
            })
            .collect();
        let mut kept = reasons.iter().map(Option::is_none);
        upload.contacts.retain(|_| kept.next().unwrap_or(true));
        let sent = body.get("contacts").and_then(Value::as_array).into_iter().flatten();
        sent.zip(reasons)
            .filter_map(|(contact, reason)| {
                let mut copy = contact.as_object()?.clone();
                copy.remove("externalCustomerId");
                copy.insert("error".to_owned(), json!(reason?));
                Some(Value::Object(copy))
            })
            .collect()
    }
}

impl Accepted {
    /// Whether such a body was accepted within this time.
    fn within(&self, hash: &str, window: Duration, now: Instant) -> bool {
        self.by_hash.get(hash).is_some_and(|(_, at)| now.saturating_duration_since(*at) < window)
    }

    fn add(&mut self, upload: &Upload, hash: &str, now: Instant) {
        let keys: HashSet<&str> = upload.keys().collect();
        for key in keys {
            *self.keys.entry(key.to_owned()).or_default() += 1;
        }
        let bodies = &mut self.bodies;
        let (index, at) = self.by_hash.entry(hash.to_owned()).or_insert_with(|| {
            bodies.push((hash.to_owned(), 0));
            (bodies.len() - 1, now)
        });
        *at = now;
        bodies[*index].1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;

    use super::*;

    #[test]
    fn the_time_of_duplicates_begins_with_the_last_acceptance() {
        let body = json!({ "contacts": [], "dedupeOn": "email" });
        let upload = Upload::deserialize(body).unwrap();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let window = Duration::from_secs(60);
        let mut accepted = Accepted::default();
        assert!(!accepted.within("a", window, at(0)));
        accepted.add(&upload, "a", at(0));
        assert!(accepted.within("a", window, at(59)));
        assert!(!accepted.within("b", window, at(59)));
        assert!(!accepted.within("a", window, at(60)));
        accepted.add(&upload, "a", at(60));
        assert!(accepted.within("a", window, at(119)));
    }
}
