//! Delivering a body: attempt after attempt, and half after half, until the fate of each contact in it is known.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use bytes::Bytes;
use tokio::time::Instant;

use super::presence::{Met, Retry};
use super::{Halt, Import, Shared, Stopped, lock};
use crate::answer::FailedContact;
use crate::client::{Answered, Applied, Reply, Trouble, TroubleKind};
use crate::journal::{Entry, Failed, PartState, Written};
use crate::part::{BodyHash, Part, RequestBody};
use crate::told::{Cause, find_failed, tell_copy, tell_refused};

/// After so many requests that were given up in a row, with none that was taken, the server is taken to be away.
const MOST_GIVEN_UP: u32 = 3;

/// After so many contacts that were refused one by one, with none that was taken, what is wrong is taken to be common to
/// all.
const MOST_REFUSED: u32 = 50;

/// How long all requests wait after a 429 that does not say how long. The limit counts any one second.
const TOO_MANY_PAUSE: Duration = Duration::from_secs(1);

/// A server may not ask for a longer pause than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// A body that was handed over.
pub(super) struct Arrived {
    pub(super) batch: BodyHash,
    pub(super) bytes: Bytes,
    pub(super) contacts: u32,
}

/// Delivers a body. What goes wrong for good is written down, or stops the upload.
pub(super) async fn deliver(shared: Arc<Shared>, arrived: Arrived) {
    let batch = arrived.batch;
    let _: Result<(), Stopped> = Delivery { shared: &shared, arrived, body: None }.all().await;
    if shared.ledger().is_ended(batch) {
        shared.store.forget(batch);
    }
}

struct Delivery<'d> {
    shared: &'d Shared,
    arrived: Arrived,
    /// The body with its contacts found, once they are asked for.
    body: Option<RequestBody>,
}

impl Delivery<'_> {
    /// Delivers all parts, in the order of their contacts.
    async fn all(&mut self) -> Result<(), Stopped> {
        let whole = Part::whole(self.arrived.batch, self.arrived.contacts);
        let mut open = vec![whole];
        while let Some(part) = open.pop() {
            let is_split = match self.shared.ledger().state(part) {
                Some(PartState::Split { .. }) => true,
                None | Some(PartState::Sent | PartState::ToBeSent) => false,
                // What was taken is never sent again.
                Some(_) => continue,
            };
            if is_split || self.deliver(part, part == whole).await? == Delivered::Split {
                open.extend(part.halves().into_iter().flatten().rev());
            }
        }
        Ok(())
    }

    async fn deliver(&mut self, part: Part, is_whole: bool) -> Result<Delivered, Stopped> {
        let bytes = if is_whole { self.arrived.bytes.clone() } else { self.body()?.with_only(part) };
        let answered = match self.attempts(part, bytes).await? {
            Attempted::Answered(answered) => answered,
            Attempted::InVain(trouble, met) => {
                // The last attempt: the next run tries again.
                self.given_up(&trouble, &met)?;
                return Ok(Delivered::Done);
            }
        };
        match answered {
            Answered::Accepted { session, failed } => self.accepted(part, session, false, &failed).await?,
            Answered::Repeated if part.contacts() > 1 => {
                self.shared.given_up.store(0, Ordering::Relaxed);
                self.shared.record(Entry::Repeated { part }).await?;
                return Ok(Delivered::Split);
            }
            Answered::Repeated => self.accepted(part, None, true, &[]).await?,
            Answered::Refused { status, message } if part.contacts() > 1 => {
                self.shared.record(Entry::Split { part, status, message }).await?;
                return Ok(Delivered::Split);
            }
            Answered::Refused { status, message } => self.refused(part, status, message).await?,
        }
        Ok(Delivered::Done)
    }

    /// Sends a part until there is an answer that counts, or as often as is allowed; then the last trouble is given.
    async fn attempts(&self, part: Part, bytes: Bytes) -> Result<Attempted, Stopped> {
        let shared = self.shared;
        let [least, most] = shared.options.backoff;
        let mut delays = ExponentialBuilder::default()
            .with_min_delay(least)
            .with_max_delay(most)
            .with_jitter()
            .without_max_times()
            .build();
        let last = shared.options.max_attempts.get();
        let mut attempt = 0;
        let mut was_sent = false;
        loop {
            attempt += 1;
            let trouble = {
                let permit = tokio::select! {
                    biased;
                    () = shared.halted() => return Err(Stopped),
                    permit = shared.concurrency.permit() => permit,
                };
                shared.record(Entry::Sending { part, attempt }).await?;
                tokio::select! {
                    biased;
                    () = shared.halted() => {
                        // It was announced, and never left.
                        let reason = "stopped before it was sent".to_owned();
                        shared.record(Entry::Again { part, attempt, reason, perhaps_applied: false }).await?;
                        return Err(Stopped);
                    }
                    () = shared.pace.turn() => {}
                }
                let counters = shared.progress.counters();
                counters.under_way.fetch_add(1, Ordering::Relaxed);
                // An answer that is on its way is waited for, whatever happens: it is known then.
                let reply = shared.client.add_contacts(bytes.clone()).await;
                counters.under_way.fetch_sub(1, Ordering::Relaxed);
                let is_sent =
                    !matches!(&reply, Ok(Reply::Again(trouble)) if trouble.kind == TroubleKind::NoConnection);
                counters.retries.fetch_add(u64::from(was_sent && is_sent), Ordering::Relaxed);
                was_sent |= is_sent;
                match reply {
                    Ok(Reply::Again(trouble)) => {
                        permit.met_trouble();
                        if trouble.kind == TroubleKind::TooMany {
                            shared.pace.pause_for(trouble.wait.unwrap_or(TOO_MANY_PAUSE).min(LONGEST_PAUSE));
                        }
                        trouble
                    }
                    Err(error) => {
                        // Before anybody else may go.
                        let reason = error.to_string();
                        shared.halt(Halt::Useless(error));
                        shared.record(Entry::Again { part, attempt, reason, perhaps_applied: false }).await?;
                        return Err(Stopped);
                    }
                    Ok(Reply::Answered(answered)) => {
                        permit.went_well();
                        shared.tell(shared.presence.answered());
                        return Ok(Attempted::Answered(answered));
                    }
                }
            };
            let retry = if attempt < last { Retry::Patiently } else { Retry::No };
            let met = shared.presence.met(&trouble, retry, Instant::now());
            shared.tell(met.news.clone());
            shared
                .record(Entry::Again {
                    part,
                    attempt,
                    reason: trouble.reason.clone(),
                    perhaps_applied: trouble.applied == Applied::Perhaps,
                })
                .await?;
            if attempt == last {
                return Ok(Attempted::InVain(trouble, met));
            }
            if met.left == Some(Duration::ZERO) {
                shared.give_up(&met, &trouble.reason);
                return Err(Stopped);
            }
            // As long as the server says, or not longer than it is tried at all.
            let delay = delays
                .next()
                .unwrap_or(most)
                .max(trouble.wait.unwrap_or_default().min(LONGEST_PAUSE))
                .min(met.left.unwrap_or(Duration::MAX));
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = shared.halted() => return Err(Stopped),
            }
        }
    }

    async fn accepted(
        &mut self,
        part: Part,
        session: Option<String>,
        repeated: bool,
        copies: &[FailedContact],
    ) -> Result<(), Stopped> {
        let shared = self.shared;
        shared.given_up.store(0, Ordering::Relaxed);
        // From here on, what is refused is refused for itself.
        shared.refused.store(u32::MAX, Ordering::Relaxed);
        let mut rejects = Vec::new();
        let mut failed = Vec::new();
        if !copies.is_empty() {
            let source = shared.store.name(part.batch);
            let body = self.body()?;
            failed = find_failed(body, part, copies);
            for (Failed { contact, error }, copy) in failed.iter().zip(copies) {
                match contact {
                    Some(contact) => {
                        tell_refused(&mut rejects, body, &source, *contact, Cause::Failed, error)
                    }
                    None => tell_copy(&mut rejects, &source, copy),
                }
            }
        }
        if shared.options.verify > 0 {
            let body = self.body()?.clone();
            lock(&shared.sample).take(&body, part, &failed);
        }
        if session.is_some()
            && let Err(error) = shared.store.keep(part.batch, &self.arrived.bytes)
        {
            shared.halt(error.into());
            // What was taken has to be written down all the same.
        }
        let entry = Entry::Accepted { part, session: session.clone(), repeated, failed };
        shared.record(Written { entry, rejects, results: Vec::new() }).await?;
        let counters = shared.progress.counters();
        counters.batches.fetch_add(1, Ordering::Relaxed);
        counters.contacts.fetch_add(u64::from(part.contacts()), Ordering::Relaxed);
        if let Some(session) = session {
            counters.sessions.fetch_add(1, Ordering::Relaxed);
            let _ = shared.imports.send(Import::new(part, session));
        }
        Ok(())
    }

    async fn refused(&mut self, part: Part, status: u16, message: String) -> Result<(), Stopped> {
        let shared = self.shared;
        let source = shared.store.name(part.batch);
        let mut rejects = Vec::new();
        let words = format!("({status}) {message}");
        tell_refused(&mut rejects, self.body()?, &source, part.from, Cause::Refused, &words);
        let entry = Entry::Rejected { part, status, message: message.clone() };
        shared.record(Written { entry, rejects, results: Vec::new() }).await?;
        let before = shared.refused.load(Ordering::Relaxed);
        if before != u32::MAX {
            shared.refused.store(before + 1, Ordering::Relaxed);
            if before + 1 >= MOST_REFUSED {
                shared.halt(Halt::AllRefused { contacts: before + 1, status, message });
                return Err(Stopped);
            }
        }
        Ok(())
    }

    fn given_up(&self, trouble: &Trouble, met: &Met) -> Result<(), Stopped> {
        if self.shared.given_up.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_GIVEN_UP {
            self.shared.give_up(met, &trouble.reason);
            return Err(Stopped);
        }
        Ok(())
    }

    fn body(&mut self) -> Result<&RequestBody, Stopped> {
        if self.body.is_none() {
            match RequestBody::read(self.arrived.bytes.clone()) {
                Ok(body) => self.body = Some(body),
                Err(error) => {
                    self.shared.halt(error.into());
                    return Err(Stopped);
                }
            }
        }
        self.body.as_ref().ok_or(Stopped)
    }
}

/// What all attempts to send a part came to.
enum Attempted {
    Answered(Answered),
    /// The last one came to nothing.
    InVain(Trouble, Met),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivered {
    /// What can be known of it is written down.
    Done,
    /// Its halves are to be delivered.
    Split,
}
