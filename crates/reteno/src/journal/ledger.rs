//! What is known of every part of every body.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::entry::{Entry, Failed};
use crate::part::{BodyHash, Part};

/// How far a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PartState {
    /// It was sent, and no answer is known.
    Sent,
    /// It is to be sent again.
    ToBeSent,
    /// Its halves are what counts. `perhaps_taken` says that as a whole it was taken, or may have been.
    Split { perhaps_taken: bool },
    /// It was taken.
    Accepted { session: Option<String>, failed: Vec<Failed>, repeated: bool },
    /// It is imported.
    Finished { failed: u32, unmapped: u32 },
    /// Its import failed.
    SessionFailed,
    /// The server refused it.
    Rejected,
}

/// All parts of an upload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    parts: HashMap<Part, PartState>,
    /// The bodies, with their contacts.
    bodies: HashMap<BodyHash, u32>,
    /// Parts that were sent once more after an attempt that was taken, or of which nobody knows whether it was.
    perhaps_twice: Vec<Part>,
    /// Parts with such an attempt, and not yet taken.
    doubtful: HashSet<Part>,
}

/// How many contacts came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Bodies that were begun.
    pub batches: u64,
    /// Contacts in them.
    pub contacts: u64,
    /// Contacts that were accepted, and whose import is finished.
    pub finished: u64,
    /// Of these, contacts whose session is not known, because the answer that named it was lost; the server said later
    /// that it had accepted them.
    pub without_session: u64,
    /// Of the finished ones, contacts that the session gave no id for.
    pub unmapped: u64,
    /// Contacts that the server refused, or could not import.
    pub failed: u64,
    /// Contacts that were accepted, and whose import goes on.
    pub importing: u64,
    /// Contacts whose end is not known: they were sent, but no answer came that says whether they were taken.
    pub unanswered: u64,
    /// Contacts that the server surely has not taken: they never left, or each time the server answered that it did not
    /// take them, and why that may pass.
    pub not_sent: u64,
    /// Bodies of which something was or may have been applied twice, because an answer was lost.
    pub perhaps_twice: u64,
}

impl Tally {
    /// Contacts of which the end is not known.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.importing + self.unanswered
    }

    /// Whether every contact is accounted for.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.contacts == self.finished + self.failed + self.unknown() + self.not_sent
    }

    /// Whether the end of every contact is known, and none is left to be sent.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.unknown() + self.not_sent == 0
    }

    /// The same with further contacts, which are in no body that was begun.
    #[must_use]
    pub fn with_not_begun(self, contacts: u64) -> Self {
        Self { contacts: self.contacts + contacts, not_sent: self.not_sent + contacts, ..self }
    }
}

impl Ledger {
    /// Learns what an entry says.
    pub(crate) fn learn(&mut self, entry: &Entry) {
        let (part, state) = match entry {
            Entry::Begin(_) | Entry::Complete => return,
            Entry::Sending { part, .. } => {
                // A part that stands there whole is a body; its parts come after it.
                if part.from == 0 && !self.bodies.contains_key(&part.batch) {
                    self.bodies.insert(part.batch, part.to);
                }
                if self.parts.get(part) == Some(&PartState::Sent) {
                    // The program ended before it knew the answer.
                    self.doubtful.insert(*part);
                }
                (part, PartState::Sent)
            }
            Entry::Again { part, perhaps_applied, .. } => {
                if *perhaps_applied {
                    self.doubtful.insert(*part);
                }
                (part, PartState::ToBeSent)
            }
            Entry::Accepted { part, session, repeated, failed } => {
                if self.doubtful.remove(part) && !repeated {
                    self.perhaps_twice.push(*part);
                }
                let accepted = PartState::Accepted {
                    session: session.clone(),
                    failed: failed.clone(),
                    repeated: *repeated,
                };
                (part, accepted)
            }
            Entry::Split { part, .. } => {
                (part, PartState::Split { perhaps_taken: self.doubtful.contains(part) })
            }
            Entry::Repeated { part } => {
                self.doubtful.remove(part);
                self.perhaps_twice.push(*part);
                (part, PartState::Split { perhaps_taken: true })
            }
            Entry::Rejected { part, .. } => (part, PartState::Rejected),
            Entry::Finished { part, unmapped } => {
                let failed = match self.parts.get(part) {
                    Some(PartState::Accepted { failed, .. }) => count(failed, *part),
                    _ => 0,
                };
                (part, PartState::Finished { failed, unmapped: *unmapped })
            }
            Entry::SessionFailed { part, .. } => (part, PartState::SessionFailed),
        };
        self.parts.insert(*part, state);
    }

    pub(crate) fn state(&self, part: Part) -> Option<&PartState> {
        self.parts.get(&part)
    }

    /// Whether no request can have been taken: of each one that was begun it is known that the server did not take it, and
    /// none was refused for what is in it.
    pub(crate) fn is_nothing_sent(&self) -> bool {
        self.doubtful.is_empty() && self.parts.values().all(|state| *state == PartState::ToBeSent)
    }

    /// Whether nothing of the body is left to be sent.
    pub(crate) fn is_sent(&self, batch: BodyHash) -> bool {
        let Some(contacts) = self.bodies.get(&batch) else { return false };
        self.leaves(Part::whole(batch, *contacts)).all(|leaf| !is_open(leaf.state))
    }

    /// Whether the end of every contact of the body is known.
    pub(crate) fn is_ended(&self, batch: BodyHash) -> bool {
        let Some(contacts) = self.bodies.get(&batch) else { return false };
        self.leaves(Part::whole(batch, *contacts)).all(|leaf| match leaf.state {
            Some(PartState::Accepted { session, .. }) => session.is_none(),
            state => !is_open(state),
        })
    }

    /// The parts whose import goes on, with their sessions.
    pub(crate) fn importing(&self) -> impl Iterator<Item = (Part, &str)> {
        self.parts.iter().filter_map(|(part, state)| match state {
            PartState::Accepted { session: Some(session), .. } => Some((*part, session.as_str())),
            _ => None,
        })
    }

    /// The parts that a part was split into, down to those that were sent as they are.
    fn leaves(&self, part: Part) -> impl Iterator<Item = Leaf<'_>> {
        let mut open = vec![(part, false)];
        std::iter::from_fn(move || {
            loop {
                let (part, was_doubtful) = open.pop()?;
                let state = self.parts.get(&part);
                match (state, part.halves()) {
                    (Some(PartState::Split { perhaps_taken }), Some([first, second])) => {
                        let is_doubtful = was_doubtful || *perhaps_taken;
                        open.extend([(second, is_doubtful), (first, is_doubtful)]);
                    }
                    _ => {
                        let perhaps_taken = was_doubtful || self.doubtful.contains(&part);
                        return Some(Leaf { part, state, perhaps_taken });
                    }
                }
            }
        })
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally {
            batches: self.bodies.len() as u64,
            perhaps_twice: self.perhaps_twice().count() as u64,
            ..Tally::default()
        };
        for (batch, contacts) in &self.bodies {
            tally.contacts += u64::from(*contacts);
            for Leaf { part, state, perhaps_taken } in self.leaves(Part::whole(*batch, *contacts)) {
                let all = u64::from(part.contacts());
                match state {
                    Some(PartState::Sent | PartState::Split { .. }) => tally.unanswered += all,
                    None | Some(PartState::ToBeSent) if perhaps_taken => tally.unanswered += all,
                    None | Some(PartState::ToBeSent) => tally.not_sent += all,
                    Some(PartState::Accepted { session, failed, .. }) => {
                        let failed = u64::from(count(failed, part));
                        tally.failed += failed;
                        if session.is_some() {
                            tally.importing += all - failed;
                        } else {
                            tally.finished += all - failed;
                            tally.without_session += all - failed;
                        }
                    }
                    Some(PartState::Finished { failed, unmapped }) => {
                        tally.failed += u64::from(*failed);
                        tally.finished += all - u64::from(*failed);
                        tally.unmapped += u64::from(*unmapped);
                    }
                    Some(PartState::SessionFailed | PartState::Rejected) => tally.failed += all,
                }
            }
        }
        tally
    }

    /// Of which bodies something may have been applied twice, each of them once.
    pub(crate) fn perhaps_twice(&self) -> impl Iterator<Item = BodyHash> {
        let mut seen = HashSet::new();
        self.perhaps_twice.iter().map(|part| part.batch).filter(move |batch| seen.insert(*batch))
    }
}

/// A part that was sent as it is, or is to be.
struct Leaf<'l> {
    part: Part,
    state: Option<&'l PartState>,
    /// Whether an attempt to send it, or what it is a half of, was or may have been taken; before it was accepted.
    perhaps_taken: bool,
}

/// Whether it is still to be sent.
fn is_open(state: Option<&PartState>) -> bool {
    matches!(state, None | Some(PartState::Sent | PartState::ToBeSent))
}

/// How many contacts failed. A server that tells of more than it was sent is not believed.
fn count(failed: &[Failed], part: Part) -> u32 {
    u32::try_from(failed.len()).unwrap_or(u32::MAX).min(part.contacts())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(from: u32, to: u32) -> Part {
        Part { batch: BodyHash::of(b"body"), from, to }
    }

    fn accepted(part: Part, session: Option<&str>, failed: usize) -> Entry {
        let failed = vec![Failed { contact: None, error: "bad".into() }; failed];
        Entry::Accepted { part, session: session.map(str::to_owned), repeated: false, failed }
    }

    fn sending(part: Part) -> Entry {
        Entry::Sending { part, attempt: 1 }
    }

    fn split(part: Part) -> Entry {
        Entry::Split { part, status: 400, message: String::new() }
    }

    fn again(part: Part, perhaps_applied: bool) -> Entry {
        Entry::Again { part, attempt: 1, reason: String::new(), perhaps_applied }
    }

    #[test]
    fn every_contact_of_a_body_is_in_one_sum() {
        let mut ledger = Ledger::default();
        let batch = part(0, 10).batch;
        let steps: [(Entry, [u64; 5]); 9] = [
            (sending(part(0, 10)), [0, 0, 0, 10, 0]),
            (split(part(0, 10)), [0, 0, 0, 0, 10]),
            (sending(part(0, 5)), [0, 0, 0, 5, 5]),
            (accepted(part(0, 5), Some("s"), 2), [0, 2, 3, 0, 5]),
            (Entry::Finished { part: part(0, 5), unmapped: 1 }, [3, 2, 0, 0, 5]),
            (split(part(5, 10)), [3, 2, 0, 0, 5]),
            (accepted(part(5, 7), None, 0), [5, 2, 0, 0, 3]),
            (Entry::Rejected { part: part(7, 10), status: 400, message: String::new() }, [5, 5, 0, 0, 0]),
            (Entry::Complete, [5, 5, 0, 0, 0]),
        ];
        for (entry, [finished, failed, importing, unanswered, not_sent]) in steps {
            ledger.learn(&entry);
            let tally = ledger.tally();
            assert!(tally.adds_up(), "{tally:?}");
            assert_eq!((tally.batches, tally.contacts), (1, 10));
            let sums = [tally.finished, tally.failed, tally.importing, tally.unanswered, tally.not_sent];
            assert_eq!(sums, [finished, failed, importing, unanswered, not_sent], "{entry:?}");
            assert_eq!(ledger.is_sent(batch), unanswered + not_sent == 0);
        }
        assert!(ledger.is_ended(batch));
        assert_eq!((ledger.tally().without_session, ledger.tally().unmapped), (2, 1));
    }

    #[test]
    fn a_server_that_fails_more_contacts_than_it_was_sent_is_not_believed() {
        let mut ledger = Ledger::default();
        ledger.learn(&Entry::Sending { part: part(0, 2), attempt: 1 });
        ledger.learn(&accepted(part(0, 2), Some("s"), 5));
        assert!(ledger.tally().adds_up());
        ledger.learn(&Entry::Finished { part: part(0, 2), unmapped: 0 });
        assert!(ledger.tally().adds_up());
    }

    #[test]
    fn a_lost_answer_makes_the_acceptance_after_it_perhaps_the_second_one() {
        let again = |perhaps_applied| again(part(0, 2), perhaps_applied);
        for (entry, twice) in [
            (accepted(part(0, 2), Some("s"), 0), 1),
            (Entry::Accepted { part: part(0, 2), session: None, repeated: true, failed: Vec::new() }, 0),
        ] {
            let mut ledger = Ledger::default();
            ledger.learn(&Entry::Sending { part: part(0, 2), attempt: 1 });
            ledger.learn(&again(true));
            ledger.learn(&entry);
            assert_eq!(ledger.tally().perhaps_twice, twice, "{entry:?}");
        }
        let mut ledger = Ledger::default();
        ledger.learn(&again(false));
        ledger.learn(&accepted(part(0, 2), Some("s"), 0));
        assert_eq!(ledger.tally().perhaps_twice, 0);
    }

    #[test]
    fn contacts_are_unknown_only_where_an_attempt_may_have_been_taken() {
        let all = part(0, 4);
        let [first, second] = all.halves().expect("more than one");
        let [one, _] = first.halves().expect("more than one");
        let repeated = || Entry::Repeated { part: all };
        // What was written down, and how many contacts are then unknown and not sent.
        for (entries, unanswered, not_sent) in [
            // The program was killed after it said what it is about to do.
            (vec![sending(all)], 4, 0),
            (vec![sending(all), again(all, false)], 0, 4),
            (vec![sending(all), again(all, true)], 4, 0),
            (vec![sending(all), again(all, false), sending(all)], 4, 0),
            (vec![sending(all), again(all, false), sending(all), again(all, false)], 0, 4),
            // One attempt of which nobody knows is enough, whatever became of the others.
            (vec![sending(all), again(all, true), sending(all), again(all, false)], 4, 0),
            (vec![sending(all), again(all, false), sending(all), again(all, true)], 4, 0),
            // Killed, and refused by a server that is away when it is sent again.
            (vec![sending(all), sending(all), again(all, false)], 4, 0),
            // A request that is refused is taken nowhere, and its halves are begun one by one.
            (vec![sending(all), split(all)], 0, 4),
            (vec![sending(all), split(all), sending(first)], 2, 2),
            (vec![sending(all), split(all), sending(first), again(first, false)], 0, 4),
            (vec![sending(all), split(all), sending(first), again(first, true)], 2, 2),
            (vec![sending(all), split(all), sending(first), split(first), sending(one)], 1, 3),
            (vec![sending(all), split(all), accepted(first, None, 0), sending(second)], 2, 0),
            // What may have been taken as a whole may have been taken in each of its halves.
            (vec![sending(all), again(all, true), sending(all), split(all)], 4, 0),
            (vec![sending(all), again(all, true), split(all), sending(first), again(first, false)], 4, 0),
            (vec![sending(all), again(all, true), split(all), sending(first), split(first)], 4, 0),
            (vec![sending(all), sending(all), split(all)], 4, 0),
            (vec![sending(all), again(all, true), split(all), accepted(first, None, 0)], 2, 0),
            // The server has it, and it is not known which of its contacts failed.
            (vec![sending(all), repeated()], 4, 0),
            (vec![sending(all), repeated(), sending(first), again(first, false)], 4, 0),
            (vec![sending(all), repeated(), accepted(second, None, 0)], 2, 0),
        ] {
            let mut ledger = Ledger::default();
            entries.iter().for_each(|entry| ledger.learn(entry));
            let tally = ledger.tally();
            assert!(tally.adds_up(), "{entries:?}: {tally:?}");
            assert_eq!((tally.unanswered, tally.not_sent), (unanswered, not_sent), "{entries:?}");
            assert_eq!((tally.unknown(), tally.is_ended()), (unanswered, false), "{entries:?}");
            assert!(!ledger.is_sent(all.batch), "{entries:?}");
        }
    }

    proptest! {
        /// Attempts at one request, each with its outcome, or none where the program was killed: what is said of its
        /// contacts is what a look at all attempts says.
        #[test]
        fn a_request_is_unknown_if_any_attempt_is(
            attempts in prop::collection::vec(prop::option::of(any::<bool>()), 1..8),
            batches in 1_u32..4,
        ) {
            let mut ledger = Ledger::default();
            let parts: Vec<Part> = (0..batches)
                .map(|batch| Part { batch: BodyHash::of(&batch.to_be_bytes()), from: 0, to: 3 })
                .collect();
            for attempt in &attempts {
                for part in &parts {
                    ledger.learn(&sending(*part));
                    if let Some(perhaps_applied) = attempt {
                        ledger.learn(&again(*part, *perhaps_applied));
                    }
                }
            }
            let contacts = 3 * u64::from(batches);
            let is_unknown = attempts.iter().any(|attempt| attempt.unwrap_or(true));
            let tally = ledger.tally();
            prop_assert!(tally.adds_up());
            prop_assert_eq!(tally.contacts, contacts);
            prop_assert_eq!(tally.unanswered, if is_unknown { contacts } else { 0 });
            // Whatever was doubtful before: once it is taken, it is.
            for part in &parts {
                ledger.learn(&sending(*part));
                ledger.learn(&accepted(*part, None, 0));
            }
            let tally = ledger.tally();
            prop_assert_eq!((tally.finished, tally.is_ended()), (contacts, true));
            prop_assert_eq!(tally.perhaps_twice > 0, is_unknown);
        }
    }
}
