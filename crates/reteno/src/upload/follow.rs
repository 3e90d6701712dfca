//! Following imports: each session is asked for until it has ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::presence::Retry;
use super::{Halt, Shared, Stopped, Wait};
use crate::answer::{Mapped, Session, SessionStatus};
use crate::client::{Applied, CallError, Trouble, TroubleKind};
use crate::journal::{Entry, Failed, PartState, Written};
use crate::part::{Part, RequestBody};
use crate::told::{Cause, tell_mapping, tell_refused, tell_results};

/// Questions that are on their way at a time.
const MOST_POLLS: usize = 16;

/// By how much the time between two questions for a session grows.
const SLOWER: f64 = 1.5;

/// An import whose end is not known.
#[derive(Clone, Debug)]
pub(super) struct Import {
    part: Part,
    session: String,
    /// How long it was waited for before the last question.
    waited: Duration,
}

impl Import {
    pub(super) fn new(part: Part, session: String) -> Self {
        Self { part, session, waited: Duration::ZERO }
    }
}

/// What a question came to.
enum Answer {
    Ended,
    NotYet(Import),
}

/// Follows imports until all have ended, nothing more is sent and nothing more is worth waiting for.
pub(super) async fn follow(
    shared: Arc<Shared>,
    mut new: mpsc::UnboundedReceiver<Import>,
    mut is_all_sent: watch::Receiver<bool>,
) {
    let wait = shared.options.wait;
    if wait == Wait::No {
        return;
    }
    let [first, most] = shared.options.poll;
    // By the moment at which they are asked for; the number tells those of one moment apart.
    let mut due: BTreeMap<(Instant, u64), Import> = BTreeMap::new();
    let mut number = 0;
    let mut polls = JoinSet::new();
    let mut last_end = Instant::now();
    loop {
        let all_sent = *is_all_sent.borrow_and_update();
        if all_sent && due.is_empty() && polls.is_empty() && new.is_empty() {
            return;
        }
        let patience = match wait {
            Wait::Idle(time) if all_sent => last_end + time,
            // As good as never.
            _ => Instant::now() + Duration::from_secs(86_400),
        };
        let next = due.keys().next().map(|(at, _)| *at);
        tokio::select! {
            () = shared.halted() => return,
            () = tokio::time::sleep_until(patience) => return,
            Ok(()) = is_all_sent.changed() => last_end = Instant::now(),
            Some(import) = new.recv() => {
                number += 1;
                // Who only looks does not wait.
                let delay = if wait == Wait::Once { Duration::ZERO } else { first };
                due.insert((Instant::now() + delay, number), Import { waited: first, ..import });
            }
            Some(polled) = polls.join_next() => match polled {
                Ok(Ok(Answer::Ended)) => {
                    shared.progress.counters().sessions.fetch_sub(1, Ordering::Relaxed);
                    last_end = Instant::now();
                }
                Ok(Ok(Answer::NotYet(_))) if wait == Wait::Once => {}
                Ok(Ok(Answer::NotYet(import))) => {
                    let waited = import.waited.mul_f64(SLOWER).min(most);
                    number += 1;
                    due.insert((Instant::now() + waited, number), Import { waited, ..import });
                }
                Ok(Err(Stopped)) => return,
                Err(_) => {
                    shared.halt(Halt::Lost);
                    return;
                }
            },
            () = tokio::time::sleep_until(next.unwrap_or(patience)), if next.is_some() && polls.len() < MOST_POLLS => {
                if let Some((_, import)) = due.pop_first() {
                    // Of a body that is not at hand yet, the source may still give it.
                    let may_come = !all_sent && wait != Wait::Once;
                    if may_come && !shared.store.has(import.part.batch) {
                        number += 1;
                        due.insert((Instant::now() + first, number), import);
                    } else {
                        polls.spawn(ask(Arc::clone(&shared), import, all_sent));
                    }
                }
            }
        }
    }
}

/// Asks for an import. While requests are sent too, these show whether the server is there.
async fn ask(shared: Arc<Shared>, import: Import, is_all_sent: bool) -> Result<Answer, Stopped> {
    shared.poll_pace.turn().await;
    let session = match shared.client.session(&import.session).await {
        Ok(session) => session,
        Err(error @ CallError::Denied { .. }) => {
            shared.halt(Halt::Useless(error));
            return Err(Stopped);
        }
        // It passes, or the patience does.
        Err(error) => {
            if is_all_sent {
                asked_in_vain(&shared, error)?;
            }
            return Ok(Answer::NotYet(import));
        }
    };
    if is_all_sent {
        shared.tell(shared.presence.answered());
    } else {
        shared.presence.is_reached();
    }
    match session.status {
        SessionStatus::Finished => finished(&shared, import.part, &session.mapping).await?,
        SessionStatus::Error => failed(&shared, import.part, &session).await?,
        SessionStatus::Started | SessionStatus::Importing | SessionStatus::Other(_) => {
            return Ok(Answer::NotYet(import));
        }
    }
    if shared.ledger().is_ended(import.part.batch) {
        shared.store.forget(import.part.batch);
    }
    Ok(Answer::Ended)
}

/// Tells that the server is away. If nobody was ever there, it is not waited for.
fn asked_in_vain(shared: &Shared, error: CallError) -> Result<(), Stopped> {
    let (kind, reason) = match error {
        CallError::NoConnection(reason) => (TroubleKind::NoConnection, reason),
        CallError::NoAnswer(reason) => (TroubleKind::NoAnswer, reason),
        CallError::Failed(reason) => (TroubleKind::Failing, reason),
        // It is there, and has its say on this session.
        CallError::Denied { .. } | CallError::Unknown { .. } | CallError::Answer(_) => return Ok(()),
    };
    let retry = match shared.options.wait {
        Wait::Idle(time) => Retry::For(time),
        Wait::No | Wait::Once => Retry::No,
    };
    let trouble = Trouble { reason, applied: Applied::No, wait: None, kind };
    let met = shared.presence.met(&trouble, retry, Instant::now());
    shared.tell(met.news.clone());
    if met.is_unreached && met.left == Some(Duration::ZERO) {
        shared.give_up(&met, &trouble.reason);
        return Err(Stopped);
    }
    Ok(())
}

async fn finished(shared: &Shared, part: Part, mapping: &[Mapped]) -> Result<(), Stopped> {
    let known = failed_before(shared, part);
    let source = shared.store.name(part.batch);
    let mut results = Vec::new();
    let unmapped = match body(shared, part) {
        Some(body) => tell_results(&mut results, &body, &source, part, &known, mapping),
        None => {
            tell_mapping(&mut results, &source, mapping);
            let told = u32::try_from(known.len() + mapping.len()).unwrap_or(u32::MAX);
            part.contacts().saturating_sub(told)
        }
    };
    shared.record(Written { entry: Entry::Finished { part, unmapped }, rejects: Vec::new(), results }).await
}

async fn failed(shared: &Shared, part: Part, session: &Session) -> Result<(), Stopped> {
    let known = failed_before(shared, part);
    let source = shared.store.name(part.batch);
    let message = match &session.description {
        Some(description) => crate::answer::told(description.as_bytes()),
        None => "the import failed, and no reason was given".to_owned(),
    };
    let mut rejects = Vec::new();
    if let Some(body) = body(shared, part) {
        for contact in part.from..part.to {
            if known.iter().all(|failed| failed.contact != Some(contact)) {
                tell_refused(&mut rejects, &body, &source, contact, Cause::SessionFailed, &message);
            }
        }
    }
    let entry = Entry::SessionFailed { part, message };
    shared.record(Written { entry, rejects, results: Vec::new() }).await
}

/// The contacts of a part that were named as failed when it was accepted.
fn failed_before(shared: &Shared, part: Part) -> Vec<Failed> {
    match shared.ledger().state(part) {
        Some(PartState::Accepted { failed, .. }) => failed.clone(),
        _ => Vec::new(),
    }
}

fn body(shared: &Shared, part: Part) -> Option<RequestBody> {
    let bytes = shared.store.read(part.batch).ok()?;
    RequestBody::read(bytes).ok()
}
