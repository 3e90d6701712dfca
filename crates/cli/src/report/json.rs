//! `--report FILE.json`: what a run came to, for programs.

use std::collections::BTreeMap;

use pipeline::{CodeCount, Counts, End, Merged, Tally};
use reteno::UploadOutcome;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Facts;
use crate::upload;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'o> {
    version: &'static str,
    /// As they would stand in a file of settings.
    options: &'o Map<String, Value>,
    end: &'static str,
    counts: Counts,
    identity: Identity,
    by_code: &'o BTreeMap<String, CodeCount>,
    records_by_code: &'o BTreeMap<String, CodeCount>,
    repairs: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merging: Option<Merged>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    conflicts: &'o BTreeMap<String, u64>,
    inputs: Vec<InputReport<'o>>,
    input_errors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batches: Option<BatchReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<&'o Tally>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<Value>,
    elapsed_seconds: f64,
}

#[derive(Serialize)]
struct Identity {
    holds: bool,
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InputReport<'o> {
    name: &'o str,
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<&'o str>,
    #[serde(skip_serializing_if = "is_false")]
    rejects: bool,
    stored_bytes: u64,
    bytes: u64,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    blake3: Option<&'o str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchReport {
    bodies: u64,
    contacts: u64,
    field_sets: u64,
    mean_contacts: f64,
    closed_early: u64,
}

/// The report of a run over records.
pub(super) fn of_run(facts: &Facts<'_>) -> Vec<u8> {
    let Facts { outcome, options, sources, uploaded, .. } = *facts;
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        options,
        end: end(&outcome.end),
        counts: outcome.counts,
        identity: Identity { holds: outcome.counts.add_up(), text: outcome.counts.identity() },
        by_code: &outcome.by_code,
        records_by_code: &outcome.records_by_code,
        repairs: outcome.repairs.iter().map(|(normaliser, count)| (normaliser.name(), count)).collect(),
        merging: outcome.merged,
        conflicts: &outcome.conflicts,
        inputs: outcome
            .inputs
            .iter()
            .map(|input| InputReport {
                name: &input.name,
                format: input.format.as_str(),
                mapping: sources.and_then(|sources| sources.mapping_of(input)),
                rejects: sources.is_some_and(|sources| sources.are_rejects(input.dialect)),
                stored_bytes: input.stored_bytes,
                bytes: input.bytes,
                complete: input.complete,
                blake3: input.blake3.as_deref(),
            })
            .collect(),
        input_errors: outcome.input_errors.iter().map(ToString::to_string).collect(),
        batches: outcome.batches.map(|batches| BatchReport {
            bodies: batches.bodies,
            contacts: batches.contacts,
            field_sets: batches.field_sets,
            mean_contacts: batches.mean_contacts().unwrap_or(0.0),
            closed_early: batches.closed_early,
        }),
        contacts: outcome.tally.as_ref(),
        upload: uploaded.map(|uploaded| upload::json(uploaded, 0)),
        elapsed_seconds: outcome.elapsed.as_secs_f64(),
    };
    text(&report)
}

/// The report of an upload of bodies that were ready.
pub(super) fn of_upload(uploaded: &UploadOutcome, not_sent: u64) -> Vec<u8> {
    text(&serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "upload": upload::json(uploaded, not_sent),
    }))
}

fn text(report: &impl Serialize) -> Vec<u8> {
    // Texts and numbers alone: there is nothing in them that JSON cannot hold.
    let mut text = serde_json::to_vec_pretty(report).unwrap_or_default();
    text.push(b'\n');
    text
}

fn is_false(truth: &bool) -> bool {
    !truth
}

/// How the run ended, in a word.
fn end(end: &End) -> &'static str {
    match end {
        End::Complete => "complete",
        End::TooManyRejects => "too-many-rejects",
        End::Interrupted => "interrupted",
        End::InputFailed => "input-failed",
        End::SinkFailed(_) | End::SpillFailed(_) => "output-failed",
        End::RejectsFailed(_) => "rejects-failed",
        End::OptionsRefused(_) => "options-refused",
        End::KeyCameAgain { .. } => "not-sorted",
        End::WorkersLost | End::IdentityBroken => "internal-fault",
        End::OutputClosed => "output-closed",
    }
}
