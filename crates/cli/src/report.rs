//! `--report FILE`: what a run came to, as a page for people or as JSON for programs.

mod json;
mod page;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use mapping::Sources;
use pipeline::{Action, Counts, Outcome, TallyContacts};
use reteno::UploadOutcome;
use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use crate::args::TellingArgs;
use crate::exit::Failure;
use crate::paths;
use crate::reasons::Reasons;
use crate::samples::Samples;
use crate::session::RejectsTo;
use crate::summary::by_frequency;

/// What the records of a run were for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Records were held to a schema as they stand.
    Validate,
    /// It was looked what would become of them.
    Check,
    /// Request bodies were made.
    Prepare,
    /// Request bodies were made and thrown away.
    Discard,
    /// Request bodies were made and uploaded.
    Upload,
    /// Request bodies were made, and not sent.
    DryRun,
}

/// Everything that is told of a run over records.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'f> {
    pub(crate) outcome: &'f Outcome,
    /// As they would stand in a file of settings.
    pub(crate) options: &'f Map<String, Value>,
    /// How records of other shapes became contacts, if they did.
    pub(crate) sources: Option<&'f Sources>,
    pub(crate) uploaded: Option<&'f UploadOutcome>,
    pub(crate) purpose: Purpose,
    pub(crate) began: Timestamp,
    /// The inputs as they were named: a run that ended early does not know which of them it has read.
    pub(crate) names: &'f [String],
    pub(crate) reasons: &'f Reasons,
    pub(crate) samples: &'f Samples,
    pub(crate) rejects: &'f RejectsTo,
    /// The folder of the output, if it is one.
    pub(crate) folder: Option<&'f Path>,
    /// What may be wrong with an input as a whole; code stands between backticks.
    pub(crate) hints: &'f [String],
}

impl Facts<'_> {
    /// Contacts written. A sink that was left to itself did not say it; what it took is known.
    fn written(&self) -> u64 {
        let counted = self.outcome.tally.as_ref().map_or(0, |tally| tally.contacts);
        self.outcome.counts.written.max(counted)
    }

    /// The reasons for an action and how many records have each of them, the most frequent first.
    fn by_frequency(&self, action: Action) -> Vec<(&str, u64)> {
        by_frequency(&self.outcome.records_by_code, |count| count.of(action))
    }

    /// Records that were read and are in none of the sums, because the run ended before.
    fn undecided(&self) -> u64 {
        let Counts { read, merged, rejected, skipped, .. } = self.outcome.counts;
        read.saturating_sub(self.written() + merged + rejected + skipped)
    }
}

/// What a report is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Page,
}

impl Form {
    /// By the ending of the file's name.
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "json" => Some(Self::Json),
            "html" => Some(Self::Page),
            _ => None,
        }
    }
}

/// A report to be written: under its name it is whole, or what was there before.
pub(crate) struct ReportFile {
    path: PathBuf,
    form: Form,
    /// What becomes the report; `None` if it goes into the output folder, which is claimed later and must be empty then.
    unnamed: Option<NamedTempFile>,
}

/// Whether a page is to be written, for which more is counted than for anything else.
pub(crate) fn is_page_wanted(telling: &TellingArgs) -> bool {
    telling.report.iter().any(|path| Form::of(path) == Some(Form::Page))
}

/// Whether what is written is counted for a report.
pub(crate) fn tally(telling: &TellingArgs) -> TallyContacts {
    if is_page_wanted(telling) { TallyContacts::Yes } else { TallyContacts::No }
}

/// Checks the names of report files and makes room for them, before any work is done. The files are for their owner only.
pub(crate) fn create(telling: &TellingArgs, output: Option<&Path>) -> Result<Vec<ReportFile>, Failure> {
    let mut forms = Vec::new();
    for path in &telling.report {
        forms.push(Form::of(path).ok_or_else(|| {
            Failure::usage(anyhow!(
                "--report {}: a report is a file that ends in .html, for people, or in .json, for programs",
                path.display()
            ))
        })?);
    }
    let create = |(path, form): (&PathBuf, Form)| {
        let unnamed = if path.is_dir() {
            Err(anyhow!("it is a folder; choose another name"))
        } else if output.is_some_and(|output| paths::is_inside(path, output)) {
            Ok(None)
        } else {
            paths::folder_is_there(path).and_then(|()| unnamed_beside(path).map_err(Into::into)).map(Some)
        };
        let unnamed = unnamed.with_context(|| format!("cannot write the report {}", path.display()));
        unnamed.map(|unnamed| ReportFile { path: path.clone(), form, unnamed }).map_err(Failure::input_output)
    };
    telling.report.iter().zip(forms).map(create).collect()
}

/// A file that gets its name when it is whole.
fn unnamed_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
}

impl ReportFile {
    /// Writes what a run came to, and makes it last.
    pub(crate) fn write(self, facts: &Facts<'_>) -> anyhow::Result<()> {
        let text = match self.form {
            Form::Json => json::of_run(facts),
            Form::Page => page::of_run(facts).into_bytes(),
        };
        self.write_bytes(&text)
    }

    /// Writes what an upload of bodies that were ready came to.
    pub(crate) fn write_upload(self, uploaded: &UploadOutcome, not_sent: u64) -> anyhow::Result<()> {
        let text = match self.form {
            Form::Json => json::of_upload(uploaded, not_sent),
            Form::Page => page::of_upload(uploaded, not_sent).into_bytes(),
        };
        self.write_bytes(&text)
    }

    fn write_bytes(self, text: &[u8]) -> anyhow::Result<()> {
        let Self { path, unnamed, .. } = self;
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
