//! What an upload came to: for people, for the shell and for programs.

use std::process::ExitCode;
use std::sync::mpsc::Receiver;

use anyhow::anyhow;
use indicatif::HumanCount;
use reteno::journal::{Files, Tally};
use reteno::{Halt, UploadOutcome, UploadProgress};
use serde_json::{Value, json};

use crate::args::TellingArgs;
use crate::exit::{self, note};
use crate::report::ReportFile;
use crate::summary::plural;

/// How many batches or tokens are named.
const NAMED: usize = 5;

/// An upload whose bodies come from a run over records.
pub(crate) struct UploadEnd {
    pub(crate) outcome: Receiver<UploadOutcome>,
    pub(crate) progress: UploadProgress,
    pub(crate) files: Files,
}

/// What an upload means to the shell. `not_begun` counts contacts of requests that were not begun.
pub(crate) fn code(outcome: &UploadOutcome, not_begun: u64) -> ExitCode {
    let tally = &outcome.tally;
    match &outcome.halt {
        Some(Halt::Interrupted) => exit::INTERRUPTED.into(),
        Some(Halt::Journal(_) | Halt::Store(_) | Halt::Lost) => exit::INPUT_OUTPUT.into(),
        Some(_) => exit::UPLOAD_INCOMPLETE.into(),
        None if !tally.is_ended() || not_begun > 0 => exit::UPLOAD_INCOMPLETE.into(),
        None if !tally.adds_up() => exit::INPUT_OUTPUT.into(),
        None if tally.failed > 0 || is_missed(outcome) => exit::SOME_REJECTED.into(),
        None => exit::DONE.into(),
    }
}

/// Writes the reports of an upload whose bodies were ready, tells people what it came to, and gives the exit code.
pub(super) fn conclude(
    outcome: &UploadOutcome,
    not_begun: u64,
    files: &Files,
    reports: Vec<ReportFile>,
    telling: &TellingArgs,
) -> ExitCode {
    let mut code = code(outcome, not_begun);
    for report in reports {
        if let Err(error) = report.write_upload(outcome, not_begun) {
            exit::tell(&error);
            code = exit::INPUT_OUTPUT.into();
        }
    }
    tell(outcome, not_begun, files, telling.quiet);
    code
}

fn is_missed(outcome: &UploadOutcome) -> bool {
    outcome.verified.as_ref().is_some_and(|verified| !verified.missing.is_empty())
}

/// The sum of all contacts, for people.
pub(crate) fn counts(tally: &Tally) -> String {
    sum(tally, |count| HumanCount(count).to_string())
}

/// The sum of all contacts, with its numbers written in some way.
fn sum(tally: &Tally, number: impl Fn(u64) -> String) -> String {
    let [contacts, finished, failed, unknown, not_sent] =
        [tally.contacts, tally.finished, tally.failed, tally.unknown(), tally.not_sent].map(number);
    let rest = if tally.not_sent > 0 { format!(" + not sent {not_sent}") } else { String::new() };
    format!("contacts {contacts} = finished {finished} + failed {failed} + unknown {unknown}{rest}")
}

/// Tells people what an upload came to.
pub(crate) fn tell(outcome: &UploadOutcome, not_begun: u64, files: &Files, is_quiet: bool) {
    if !is_quiet {
        lines(outcome, not_begun, files).iter().for_each(|line| note(line));
    }
    if !outcome.tally.adds_up() {
        exit::tell(&anyhow!("the contacts do not add up: this is a fault of reteno-import"));
    }
    if let Some(halt) = &outcome.halt {
        let advice = match halt {
            Halt::Useless(reteno::CallError::Denied { .. }) => {
                "check RETENO_API_KEY or --api-key-file; a key needs the right to import contacts, and is switched off when \
                 it was not used for 90 days. Then run the same command again"
            }
            Halt::Useless(reteno::CallError::Unknown { .. }) => {
                "check --base-url; then run the same command again"
            }
            Halt::Unreached { .. } => {
                "check --base-url and the network, a firewall or a proxy between, and, if encryption failed, the clock and \
                 the certificates of this machine; `reteno-import doctor` asks the server again. Then run the same command \
                 again"
            }
            Halt::AllRefused { .. } => {
                "most often a custom field does not exist yet, or --dedupe-on does not fit; `reteno-import doctor` looks. \
                 The contacts that were refused are in the file of refused contacts"
            }
            _ => "",
        };
        exit::tell_with_causes(halt);
        if !advice.is_empty() {
            note(advice);
        }
    }
}

fn lines(outcome: &UploadOutcome, not_begun: u64, files: &Files) -> Vec<String> {
    let tally = outcome.tally.with_not_begun(not_begun);
    let mut lines = vec![counts(&tally)];
    let mut requests = plural(tally.batches, "request");
    if matches!(outcome.halt, Some(Halt::Unreached { .. })) {
        requests += " begun, none of them sent in this run";
    }
    if outcome.retries > 0 {
        requests += &format!(", {} sent again", HumanCount(outcome.retries));
    }
    if outcome.repeated_bodies > 0 {
        requests += &format!(
            "; {} the same as an earlier one, and not sent a second time",
            HumanCount(outcome.repeated_bodies)
        );
    }
    lines.push(requests);
    if tally.perhaps_twice > 0 {
        let batches = if tally.perhaps_twice == 1 { "batch" } else { "batches" };
        lines.push(format!(
            "{} {batches} may have been written twice, in whole or in part and with the same values, because an answer was \
             lost; nothing has to be done: {}",
            HumanCount(tally.perhaps_twice),
            named(&outcome.perhaps_twice, tally.perhaps_twice)
        ));
    }
    if tally.failed > 0 {
        lines.push(format!(
            "{} refused by the server; {} says which and why",
            plural(tally.failed, "contact"),
            files.rejects.display()
        ));
    }
    if tally.without_session > 0 {
        lines.push(format!(
            "{} accepted before, as the server says, and counted as finished: that is good, but the answer with their session \
             was lost, so their import is not followed and they have no id",
            plural(tally.without_session, "contact")
        ));
    }
    if tally.finished > 0 {
        let unmapped = match tally.unmapped {
            0 => String::new(),
            some => format!("; the server gave none to {}", plural(some, "contact")),
        };
        lines.push(format!("the ids of contacts are in {}{unmapped}", files.results.display()));
    }
    if tally.importing > 0 {
        lines.push(format!(
            "{} accepted, and not yet imported; run the same command again, or reteno-import status {}",
            plural(tally.importing, "contact"),
            files.journal.display()
        ));
    }
    if tally.unanswered > 0 {
        lines.push(format!(
            "{} sent without a clear answer, so perhaps taken; run the same command again",
            plural(tally.unanswered, "contact")
        ));
    }
    if tally.not_sent > 0 {
        lines.push(format!(
            "{} not sent, and surely not taken; run the same command again",
            plural(tally.not_sent, "contact")
        ));
    }
    if let Some(verified) = &outcome.verified {
        let missing = verified.missing.len() as u64;
        let what = match missing {
            0 => "all are there".to_owned(),
            some => format!("{} missing: {}", HumanCount(some), named(&verified.missing, missing)),
        };
        let unanswered = match verified.unanswered {
            0 => String::new(),
            some => format!("; {} without an answer", HumanCount(some)),
        };
        lines.push(format!("{} looked up: {what}{unanswered}", plural(verified.looked_up, "token")));
    }
    lines
}

fn named(names: &[String], all: u64) -> String {
    let mut named = names[..names.len().min(NAMED)].join(", ");
    if all > NAMED as u64 {
        named += &format!(" and {} more", HumanCount(all - NAMED as u64));
    }
    named
}

/// What an upload came to, for programs.
pub(crate) fn json(outcome: &UploadOutcome, not_begun: u64) -> Value {
    let tally = outcome.tally.with_not_begun(not_begun);
    json!({
        "complete": outcome.is_complete,
        "stopped": outcome.halt.as_ref().map(ToString::to_string),
        "contacts": tally,
        "notSent": tally.not_sent,
        "identity": { "holds": tally.adds_up(), "text": sum(&tally, |count| count.to_string()) },
        "retries": outcome.retries,
        "repeatedBodies": outcome.repeated_bodies,
        "perhapsTwice": outcome.perhaps_twice,
        "verified": outcome.verified,
    })
}
