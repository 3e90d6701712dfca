//! What the commands that work on records have in common: from arguments to a run, and from its outcome to what is told.

use std::fs;
use std::io::{IsTerminal, stdin};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow};
use bytesize::ByteSize;
use contact::{DedupeOn, Formats, OnInvalid, RuleOptions, Rules, Schema, UnknownFields};
use jiff::Timestamp;
use mapping::{Dates, Sources};
use ndjson::{AutoRule, BlockReader, Format, HashInputs, Input, ReaderOptions, Recogniser};
use pipeline::{
    End, InputOrder, Job, Merging, OnDuplicate, Output, Progress, RejectLimit, Rejects, SharedTokens, Stop,
    Task,
};
use serde_json::Value;
use sink::SinkError;

use crate::args::{
    DedupeOnArg, FormatArg, InputArgs, MergeArgs, OnDuplicateArg, OnInvalidArg, ProgressArg, RuleArgs,
    SharedTokensArg, TellingArgs, UnknownFieldsArg, WorkArgs,
};
use crate::config::Settings;
use crate::exit::{self, Failure, Leaves};
use crate::output::{RejectsFile, rejects_on_stdout};
use crate::reasons::{Noting, Reasons};
use crate::report::{self, Facts, Purpose, ReportFile};
use crate::samples::Sampling;
use crate::told::{Told, Voice};
use crate::upload::{self, UploadEnd};
use crate::{hints, progress_bar, source, summary};

/// The sizes of a block that make sense: a few of them for each worker are in memory.
const BLOCK_BYTES: RangeInclusive<usize> = 1 << 10..=1 << 30;

/// Far beyond what any machine has use for.
const MOST_THREADS: usize = 1024;

/// The least memory that merging works with.
const LEAST_MEMORY: usize = 1 << 20;

/// Where rejects go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RejectsTo {
    File(PathBuf),
    Stdout,
    /// Lines for people on standard error.
    Told,
}

/// Everything around a run that is known before it begins.
pub(crate) struct Session<'a> {
    pub(crate) telling: &'a TellingArgs,
    pub(crate) settings: Settings,
    pub(crate) rejects: RejectsTo,
    /// The folder of the output, if it is one.
    pub(crate) folder: Option<PathBuf>,
    /// What its records are for.
    pub(crate) purpose: Purpose,
    /// What the dialects of the inputs are, if records are made contacts.
    pub(crate) sources: Option<Arc<Sources>>,
    /// What asks the run to stop.
    pub(crate) stop: Stop,
    /// The upload that request bodies go to, if they are uploaded.
    pub(crate) upload: Option<UploadEnd>,
}

/// What makes contacts of records, as the arguments have it.
pub(crate) struct Contacts {
    pub(crate) merging: Merging,
    pub(crate) rules: Arc<Rules>,
    pub(crate) sources: Arc<Sources>,
}

impl Contacts {
    /// Temporary files go into `folder`, if nothing else was asked for.
    pub(crate) fn of(
        input: &InputArgs,
        rules: &RuleArgs,
        merge: &MergeArgs,
        folder: Option<&Path>,
    ) -> Result<Self, Failure> {
        let merging = merging(merge, rules, folder)?;
        let rules = self::rules(rules, merge, &merging)?;
        let sources = sources(input, merge, &rules)?;
        Ok(Self { merging, rules, sources })
    }

    /// The work on records; without an output they are only checked.
    pub(crate) fn task(self, output: Option<Output>) -> Task {
        let Self { merging, rules, sources } = self;
        Task::Contacts { sources, rules, merging, output: output.map(Box::new) }
    }
}

/// Finds the inputs.
pub(crate) fn inputs(args: &InputArgs) -> Result<Vec<Input>, Failure> {
    let inputs = ndjson::expand(&args.inputs).map_err(Failure::usage)?;
    if inputs.contains(&Input::Stdin) && stdin().is_terminal() {
        return Err(Failure::usage(anyhow!(
            "standard input is a terminal: name a file, a folder or a pattern, or pipe records in"
        )));
    }
    Ok(inputs)
}

pub(crate) fn reader(
    input: &InputArgs,
    work: &WorkArgs,
    auto: AutoRule,
    hash: HashInputs,
) -> Result<ReaderOptions, Failure> {
    if !BLOCK_BYTES.contains(&work.block_bytes.0) {
        return Err(Failure::usage(anyhow!(
            "--block-bytes must be at least {} and at most {}",
            BLOCK_BYTES.start(),
            BLOCK_BYTES.end()
        )));
    }
    if work.threads.is_some_and(|threads| threads.get() > MOST_THREADS) {
        return Err(Failure::usage(anyhow!(
            "--threads is at most {MOST_THREADS}; more than the machine has cores gains nothing"
        )));
    }
    Ok(ReaderOptions {
        format: format(input.format),
        delimiter: input.delimiter.map(|delimiter| delimiter.0),
        auto,
        block_bytes: work.block_bytes.0,
        max_line_bytes: input.max_line_bytes.0,
        hash,
        ..ReaderOptions::default()
    })
}

pub(crate) fn format(format: FormatArg) -> Format {
    match format {
        FormatArg::Auto => Format::Auto,
        FormatArg::Ndjson => Format::Ndjson,
        FormatArg::Json => Format::Json,
        FormatArg::Csv => Format::Csv,
    }
}

/// The options by which the sources recognise what an input holds, beneath those that the user gave.
pub(crate) fn recognising(sources: &Arc<Sources>, options: ReaderOptions) -> ReaderOptions {
    let format = if options.format == Format::Auto { sources.format() } else { options.format };
    ReaderOptions {
        format,
        delimiter: options.delimiter.or(sources.delimiter()),
        recogniser: Some(Arc::clone(sources) as Arc<dyn Recogniser>),
        ..options
    }
}

/// A reader of the inputs. If the first one is a file, it is looked at already: what cannot be decided is told before
/// anything is created. Whoever writes into a pipe may wait for that.
pub(crate) fn begin(inputs: Vec<Input>, options: ReaderOptions) -> Result<BlockReader, Failure> {
    let is_whole = inputs.first().is_some_and(|input| match input {
        Input::Stdin => false,
        Input::File(path) => path.is_file(),
        Input::Member(_) => true,
    });
    let mut reader = BlockReader::new(inputs, options);
    if is_whole {
        reader.begin().map_err(Failure::usage)?;
    }
    Ok(reader)
}

/// The schema that the user names, compiled.
pub(crate) fn user_schema(args: &RuleArgs, formats: Formats) -> Result<Option<Schema>, Failure> {
    let Some(file) = &args.schema else {
        if !args.schema_resource.is_empty() {
            return Err(Failure::usage(anyhow!("--schema-resource goes with --schema")));
        }
        return Ok(None);
    };
    let mut resources = Vec::new();
    for resource in &args.schema_resource {
        resources.push((resource.uri.clone(), json_file(&resource.file)?));
    }
    let schema = Schema::compile(json_file(file)?, resources, formats)
        .with_context(|| format!("cannot use the schema in {}", file.display()))
        .map_err(Failure::usage)?;
    Ok(Some(schema))
}

fn json_file(file: &Path) -> Result<Value, Failure> {
    let text =
        fs::read(file).with_context(|| format!("cannot read {}", file.display())).map_err(Failure::usage)?;
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    serde_json::from_slice(text)
        .with_context(|| format!("{} is not JSON", file.display()))
        .map_err(Failure::usage)
}

/// The rules of contacts as the arguments have them.
pub(crate) fn rules(args: &RuleArgs, merge: &MergeArgs, merging: &Merging) -> Result<Arc<Rules>, Failure> {
    let dedupe_on = match (args.dedupe_on, args.field_id) {
        (DedupeOnArg::FieldId, Some(id)) => DedupeOn::FieldId(id),
        (DedupeOnArg::FieldId, None) => {
            return Err(Failure::usage(anyhow!(
                "--dedupe-on fieldId needs --field-id: the id of the custom field"
            )));
        }
        (_, Some(_)) => return Err(Failure::usage(anyhow!("--field-id goes with --dedupe-on fieldId"))),
        (DedupeOnArg::ExternalCustomerId, None) => DedupeOn::ExternalCustomerId,
        (DedupeOnArg::Email, None) => DedupeOn::Email,
        (DedupeOnArg::Sms, None) => DedupeOn::Sms,
        (DedupeOnArg::EmailOrSms, None) => DedupeOn::EmailOrSms,
        (DedupeOnArg::Push, None) => DedupeOn::Push,
        (DedupeOnArg::WebPush, None) => DedupeOn::WebPush,
        (DedupeOnArg::Id, None) => DedupeOn::Id,
    };
    let mut settings = contact::Settings::default();
    if let Some(region) = args.default_region {
        settings = settings.with_default_region(region);
    }
    let options = RuleOptions {
        on_invalid: match args.on_invalid {
            OnInvalidArg::Prune => OnInvalid::Prune,
            OnInvalidArg::Reject => OnInvalid::Reject,
        },
        unknown_fields: match args.unknown_fields {
            UnknownFieldsArg::Reject => UnknownFields::Reject,
            UnknownFieldsArg::Drop => UnknownFields::Drop,
        },
        dedupe_on,
        max_channels_per_type: args.max_channels_per_type,
        settings,
        updated_at: merge.updated_at.clone(),
        finds: merging.finds(dedupe_on),
    };
    Rules::new(options, user_schema(args, Formats::Assert)?).map(Arc::new).map_err(Failure::usage)
}

/// How records become contacts.
fn sources(input: &InputArgs, merge: &MergeArgs, rules: &Rules) -> Result<Arc<Sources>, Failure> {
    let dates = match merge.on_duplicate {
        OnDuplicateArg::Merge | OnDuplicateArg::Last => Dates::Read,
        OnDuplicateArg::First | OnDuplicateArg::Reject | OnDuplicateArg::Keep => Dates::NotAskedFor,
    };
    source::sources(&input.source, merge.updated_at.as_ref(), dates, rules.options().settings.clone())
}

/// How rows of one key become one contact; temporary files go into `folder`, if nothing else was asked for.
fn merging(args: &MergeArgs, rules: &RuleArgs, folder: Option<&Path>) -> Result<Merging, Failure> {
    let on_duplicate = match args.on_duplicate {
        OnDuplicateArg::Merge => OnDuplicate::Merge,
        OnDuplicateArg::First => OnDuplicate::First,
        OnDuplicateArg::Last => OnDuplicate::Last,
        OnDuplicateArg::Reject => OnDuplicate::Reject,
        OnDuplicateArg::Keep => OnDuplicate::Keep,
    };
    if args.memory.0 < LEAST_MEMORY {
        return Err(Failure::usage(anyhow!("--memory must be at least {}", ByteSize(LEAST_MEMORY as u64))));
    }
    if args.sorted_by_key && on_duplicate == OnDuplicate::Keep {
        return Err(Failure::usage(anyhow!(
            "--sorted-by-key says how rows of a key are found, but --on-duplicate keep does not look for them"
        )));
    }
    if args.sorted_by_key && rules.dedupe_on == DedupeOnArg::EmailOrSms {
        return Err(Failure::usage(anyhow!(
            "--sorted-by-key needs one key for each record; with --dedupe-on email_or_sms there can be several"
        )));
    }
    if let Some(dir) = args.temp_dir.as_ref().filter(|dir| !dir.is_dir()) {
        return Err(Failure::usage(anyhow!("--temp-dir {}: there is no such folder", dir.display())));
    }
    let temp_dir = args.temp_dir.as_deref().or(folder).map_or_else(std::env::temp_dir, Path::to_owned);
    Ok(Merging {
        on_duplicate,
        shared_tokens: match args.shared_tokens {
            SharedTokensArg::Last => SharedTokens::Last,
            SharedTokensArg::Keep => SharedTokens::Keep,
        },
        input_order: if args.sorted_by_key { InputOrder::SortedByKey } else { InputOrder::Any },
        log_conflicts: args.log_conflicts,
        memory_bytes: args.memory.0,
        temp_dir,
    })
}

/// Where the user wants rejects; `None` leaves it to the command.
pub(crate) fn rejects_to(args: &TellingArgs) -> Option<RejectsTo> {
    args.rejects
        .as_ref()
        .map(|path| if path.as_os_str() == "-" { RejectsTo::Stdout } else { RejectsTo::File(path.clone()) })
}

pub(crate) fn job(reader: BlockReader, task: Task, telling: &TellingArgs, work: &WorkArgs) -> Job {
    Job {
        reader,
        threads: threads(work),
        task,
        max_rejects: max_rejects(telling),
        max_errors_per_record: telling.max_errors_per_record,
    }
}

/// As many as the arguments say, or as the machine has cores.
pub(crate) fn threads(work: &WorkArgs) -> NonZeroUsize {
    work.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

fn max_rejects(telling: &TellingArgs) -> Option<RejectLimit> {
    telling.max_rejects.map(|limit| limit.0)
}

impl<'a> Session<'a> {
    /// What a job needs beside itself whose output is no folder and is not uploaded.
    pub(crate) fn of(
        job: &Job,
        telling: &'a TellingArgs,
        settings: Settings,
        rejects: RejectsTo,
        purpose: Purpose,
        stop: Stop,
    ) -> Self {
        let sources = match &job.task {
            Task::Contacts { sources, .. } => Some(Arc::clone(sources)),
            Task::Raw(_) => None,
        };
        Self { telling, settings, rejects, folder: None, purpose, sources, stop, upload: None }
    }

    /// Does the job and tells what came of it.
    pub(crate) fn run(self, job: Job, reports: Vec<ReportFile>) -> Result<ExitCode, Failure> {
        let wanted = if self.telling.quiet { ProgressArg::Never } else { self.telling.progress };
        let bar = progress_bar::bar(wanted);
        let mut rejects: Box<dyn Rejects + Send> = match &self.rejects {
            RejectsTo::File(path) => Box::new(
                RejectsFile::create(path)
                    .with_context(|| format!("cannot write rejects to {}", path.display()))
                    .map_err(Failure::input_output)?,
            ),
            RejectsTo::Stdout => Box::new(rejects_on_stdout()),
            RejectsTo::Told => {
                let voice = if self.telling.quiet { Voice::Silent } else { Voice::Aloud };
                Box::new(Told::new(voice, bar.clone()))
            }
        };
        if self.telling.verbose
            && !self.telling.quiet
            && let Some(config) = &self.settings.file
        {
            exit::note(&format!("settings from {}", config.display()));
        }
        if let Some(sources) = &self.sources
            && !self.telling.quiet
            && let Some(first) = job.reader.inputs().first()
            && let Some(mapping) = sources.recognised(first)
        {
            exit::note(&mapping);
        }
        let progress = Progress::default();
        let uploading = self.upload.as_ref().map(|upload| upload.progress.clone());
        if let Some(uploading) = &uploading {
            upload::tell_news(uploading, bar.clone(), self.telling);
        }
        let following = progress_bar::follow(bar, wanted, progress.clone(), uploading);
        let began = Timestamp::now();
        let names: Vec<String> = job.reader.inputs().iter().map(|input| input.name.clone()).collect();
        let begun = job.reader.inputs().first().cloned();
        let reasons = Arc::new(Mutex::new(Reasons::default()));
        // Only a page says why and how fast; a run without one does nothing for it.
        let sampling = report::is_page_wanted(self.telling).then(|| Sampling::start(progress.clone()));
        if sampling.is_some() {
            rejects = Box::new(Noting::new(Arc::clone(&reasons), rejects));
        }
        let outcome = pipeline::run(job, rejects, &progress, &self.stop);
        let reasons = reasons.lock().unwrap_or_else(PoisonError::into_inner);
        let samples = sampling.map(Sampling::finish).unwrap_or_default();
        // Requests that are on their way are waited for, whatever the run came to.
        let uploaded = self.upload.as_ref().and_then(|upload| upload.outcome.recv().ok());
        drop(following);
        let hints = self.sources.as_ref().map(|sources| hints::lines(&outcome, sources, begun.as_ref()));
        let hints = hints.unwrap_or_default();
        let facts = Facts {
            outcome: &outcome,
            options: &self.settings.options,
            sources: self.sources.as_deref(),
            uploaded: uploaded.as_ref(),
            purpose: self.purpose,
            began,
            names: &names,
            reasons: &reasons,
            samples: &samples,
            rejects: &self.rejects,
            folder: self.folder.as_deref(),
            hints: &hints,
        };
        // What went wrong with a report is told beside the rest, not instead of it.
        let unwritten: Vec<_> = reports.into_iter().filter_map(|report| report.write(&facts).err()).collect();
        let mut code = exit::code(&outcome, &self.rejects, max_rejects(self.telling), &unwritten);
        for error in &unwritten {
            exit::tell(error);
        }
        for error in &outcome.input_errors {
            exit::tell(&anyhow!("{error}"));
        }
        if exit::is_closed(&outcome, &self.rejects) {
            return Ok(code);
        }
        if !self.telling.quiet {
            summary::print(&outcome, &self);
            hints.iter().for_each(|hint| exit::note(&format!("hint: {hint}")));
        }
        // A run whose upload stopped ends for the upload's reason.
        let is_stopped = matches!(outcome.end, End::SinkFailed(SinkError::Stopped)) && uploaded.is_some();
        let leaves = Leaves::of(self.purpose, self.folder.as_deref());
        if let Some(reason) = exit::reason(&outcome, leaves).filter(|_| !is_stopped) {
            exit::tell(&reason);
        }
        if let (Some(uploaded), Some(UploadEnd { files, .. })) = (&uploaded, &self.upload) {
            upload::tell(uploaded, 0, files, self.telling.quiet);
            let of_upload = upload::code(uploaded, 0);
            let is_prepared = matches!(outcome.end, End::Complete) && unwritten.is_empty();
            if is_stopped || is_prepared && of_upload != ExitCode::from(exit::DONE) {
                code = of_upload;
            }
        }
        Ok(code)
    }
}
