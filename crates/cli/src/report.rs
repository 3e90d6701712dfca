//! `--report FILE.json`: what a run came to, for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use mapping::Sources;
use pipeline::{CodeCount, Counts, End, Merged, Outcome};
use reteno::UploadOutcome;
use serde::Serialize;
use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use crate::args::TellingArgs;
use crate::exit::Failure;
use crate::{paths, upload};

/// A report to be written: under its name it is whole, or what was there before.
pub(crate) struct ReportFile {
    path: PathBuf,
    /// What becomes the report; `None` if it goes into the output folder, which is claimed later and must be empty then.
    unnamed: Option<NamedTempFile>,
}

/// Checks the names of report files and makes room for them, before any work is done. The files are for their owner only.
pub(crate) fn create(telling: &TellingArgs, output: Option<&Path>) -> Result<Vec<ReportFile>, Failure> {
    if let Some(path) =
        telling.report.iter().find(|path| path.extension().is_none_or(|ending| ending != "json"))
    {
        return Err(Failure::usage(anyhow!(
            "--report {}: a report is a file that ends in .json",
            path.display()
        )));
    }
    let create = |path: &PathBuf| {
        let unnamed = if path.is_dir() {
            Err(anyhow!("it is a folder; choose another name"))
        } else if output.is_some_and(|output| paths::is_inside(path, output)) {
            Ok(None)
        } else {
            unnamed_beside(path).map(Some).map_err(Into::into)
        };
        let unnamed = unnamed.with_context(|| format!("cannot write the report {}", path.display()));
        unnamed.map(|unnamed| ReportFile { path: path.clone(), unnamed }).map_err(Failure::input_output)
    };
    telling.report.iter().map(create).collect()
}

/// A file that gets its name when it is whole.
fn unnamed_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
}

impl ReportFile {
    /// Writes what a run came to, and makes it last.
    pub(crate) fn write(
        self,
        outcome: &Outcome,
        options: &Map<String, Value>,
        sources: Option<&Sources>,
        uploaded: Option<&UploadOutcome>,
    ) -> anyhow::Result<()> {
        self.write_bytes(&json(outcome, options, sources, uploaded))
    }

    /// Writes what an upload of bodies that were ready came to.
    pub(crate) fn write_upload(self, uploaded: &UploadOutcome, not_sent: u64) -> anyhow::Result<()> {
        let report = serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "upload": upload::json(uploaded, not_sent),
        });
        let mut text = serde_json::to_vec_pretty(&report)?;
        text.push(b'\n');
        self.write_bytes(&text)
    }

    fn write_bytes(self, text: &[u8]) -> anyhow::Result<()> {
        let Self { path, unnamed } = self;
        unnamed
            .map_or_else(|| unnamed_beside(&path), Ok)
            .and_then(|mut file| {
                file.write_all(text)?;
                file.as_file().sync_all()?;
                file.persist(&path).map_err(|error| error.error)
            })
            .map(|_file| ())
            .with_context(|| format!("cannot write the report {}", path.display()))
    }
}

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

/// The report as JSON.
fn json(
    outcome: &Outcome,
    options: &Map<String, Value>,
    sources: Option<&Sources>,
    uploaded: Option<&UploadOutcome>,
) -> Vec<u8> {
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        options,
        end: end(&outcome.end),
        counts: outcome.counts,
        identity: Identity { holds: outcome.counts.add_up(), text: outcome.counts.identity() },
        by_code: &outcome.by_code,
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
        upload: uploaded.map(|uploaded| upload::json(uploaded, 0)),
        elapsed_seconds: outcome.elapsed.as_secs_f64(),
    };
    let mut text = serde_json::to_vec_pretty(&report).unwrap_or_default();
    text.push(b'\n');
    text
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
