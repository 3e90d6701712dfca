//! The command `prepare`: the main job.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::anyhow;
use batch::manifest::REJECTS_FILE;
use batch::{Absent, BatchOptions, Batcher, MAX_CONTACTS_PER_REQUEST, RequestOptions, RestoreDeleted};
use ndjson::{AutoRule, HashInputs};
use pipeline::{Output, SharedTokens};
use serde_json::{Map, Value};
use sink::{FolderSink, NullSink, Overwrite, Sink, SinkError, StdoutSink};

use crate::args::{AbsentArg, MergeArgs, PrepareArgs, RequestArgs, RuleArgs, SharedTokensArg, SourceArgs};
use crate::config::Settings;
use crate::exit::Failure;
use crate::report::Purpose;
use crate::session::{self, Contacts, RejectsTo, Session};
use crate::{interrupt, paths, report, source};

/// Where request bodies go.
enum Destination<'a> {
    Folder(&'a Path),
    Stdout,
    Nowhere,
}

/// Makes request bodies out of records.
pub(crate) fn prepare(args: &PrepareArgs, settings: Settings) -> Result<ExitCode, Failure> {
    let destination = destination(args)?;
    let hash = if matches!(destination, Destination::Folder(_)) { HashInputs::Yes } else { HashInputs::No };
    let reader = session::reader(&args.input, &args.work, AutoRule::Contacts, hash)?;
    let folder = match destination {
        Destination::Folder(folder) => Some(folder),
        Destination::Stdout | Destination::Nowhere => None,
    };
    let contacts = Contacts::of(&args.input, &args.rules, &args.merging, folder)?;
    let reader = session::recognising(&contacts.sources, reader);
    let batches = batches(&args.request, &contacts)?;
    let mut rejects = session::rejects_to(&args.telling);
    if matches!(destination, Destination::Stdout) && rejects == Some(RejectsTo::Stdout) {
        return Err(Failure::usage(anyhow!(
            "-o - and --rejects - both write to standard output; give rejects a file"
        )));
    }
    let inputs = session::inputs(&args.input)?;
    paths::keep_apart(&inputs, &args.input.source, &args.rules, &args.telling, &settings, folder)?;
    let reader = session::begin(inputs, reader)?;
    // Everything that can be wrong with the arguments is known; from here on things are created.
    let reports = report::create(&args.telling, folder)?;
    if let Some(rejects) = &rejects {
        paths::can_be_written(rejects, folder)?;
    }
    let mut rejects_file = None;
    let sink: Box<dyn Sink + Send> = match destination {
        Destination::Folder(folder) => {
            let overwrite = if args.overwrite { Overwrite::OwnFiles } else { Overwrite::Refuse };
            let sink = FolderSink::create(folder, overwrite).map_err(refused)?;
            if rejects.is_none() {
                rejects = Some(RejectsTo::File(sink.rejects_path()));
                rejects_file = Some(REJECTS_FILE.to_owned());
            }
            Box::new(sink)
        }
        Destination::Stdout => Box::new(StdoutSink::new(io::stdout())),
        Destination::Nowhere => Box::new(NullSink::new()),
    };
    let output = Output {
        batches,
        sink,
        options: further(&args.input.source, &args.rules, &args.merging, &settings),
        rejects_file,
        tally: report::tally(&args.telling),
    };
    let job = session::job(reader, contacts.task(Some(output)), &args.telling, &args.work);
    let rejects = rejects.unwrap_or(RejectsTo::Told);
    let folder = folder.map(Path::to_owned);
    let stop = interrupt::stop_on_signal()?;
    let purpose = if args.discard { Purpose::Discard } else { Purpose::Prepare };
    Session { folder, ..Session::of(&job, &args.telling, settings, rejects, purpose, stop) }.run(job, reports)
}

fn destination(args: &PrepareArgs) -> Result<Destination<'_>, Failure> {
    let destination = match (&args.output, args.discard) {
        (Some(path), false) if path.as_os_str() == "-" => Destination::Stdout,
        (Some(path), false) if path.exists() && !path.is_dir() => {
            return Err(Failure::input_output(anyhow!(
                "{} is a file, not a folder; -o names the folder of the output, or - for standard output",
                path.display()
            )));
        }
        (Some(path), false) => Destination::Folder(path),
        (None, true) => Destination::Nowhere,
        (Some(_), true) => {
            return Err(Failure::usage(anyhow!("--discard writes nothing, so it takes no --output")));
        }
        (None, false) => {
            return Err(Failure::usage(anyhow!(
                "say where request bodies go: -o DIR, -o - for standard output, or --discard"
            )));
        }
    };
    if args.overwrite && !matches!(destination, Destination::Folder(_)) {
        return Err(Failure::usage(anyhow!("--overwrite goes with an output folder")));
    }
    Ok(destination)
}

/// How requests are made of contacts.
pub(crate) fn batches(args: &RequestArgs, contacts: &Contacts) -> Result<BatchOptions, Failure> {
    if args.batch_size.get() > MAX_CONTACTS_PER_REQUEST {
        return Err(Failure::usage(anyhow!(
            "--batch-size is at most {MAX_CONTACTS_PER_REQUEST}: the API takes no more contacts in one request"
        )));
    }
    let request = RequestOptions {
        dedupe_on: contacts.rules.options().dedupe_on,
        groups: args.group.clone(),
        exclude_groups: args.exclude_group.clone(),
        restore_deleted: if args.restore_deleted { RestoreDeleted::Yes } else { RestoreDeleted::No },
        event_key: args.event_key.clone(),
    };
    let mut options = BatchOptions::new(request, std::env::temp_dir());
    options.max_contacts = args.batch_size;
    options.max_bytes = args.batch_bytes.0;
    options.absent = match args.absent {
        AbsentArg::Keep => Absent::Keep,
        AbsentArg::Clear => Absent::Clear,
    };
    // The batcher knows what it can work with; asked now, nothing is created in vain.
    Batcher::new(options.clone()).map_err(Failure::usage)?;
    // An output folder is not there yet, and so comes after that.
    contacts.merging.temp_dir.clone_into(&mut options.spill_dir);
    Ok(options)
}

/// Options for the manifest that neither the batches nor the rules know.
pub(crate) fn further(
    from: &SourceArgs,
    args: &RuleArgs,
    merging: &MergeArgs,
    settings: &Settings,
) -> Map<String, Value> {
    let mut options = Map::new();
    source::told(from, &mut options);
    if let Some(schema) = &args.schema {
        let name = schema.file_name().unwrap_or(schema.as_os_str()).to_string_lossy();
        options.insert("schema".to_owned(), Value::from(name));
    }
    if let Some(region) = args.default_region.and_then(|_| settings.options.get("default-region")) {
        options.insert("defaultRegion".to_owned(), region.clone());
    }
    if let Some(max) = args.max_channels_per_type {
        options.insert("maxChannelsPerType".to_owned(), Value::from(max.get()));
    }
    if let Some(updated_at) = &merging.updated_at {
        options.insert("updatedAt".to_owned(), Value::from(updated_at.to_string()));
    }
    if merging.sorted_by_key {
        options.insert("sortedByKey".to_owned(), Value::from(true));
    }
    if merging.shared_tokens == SharedTokensArg::Keep {
        options.insert("sharedTokens".to_owned(), Value::from(SharedTokens::Keep.as_str()));
    }
    options
}

/// A folder that is not to be written is a mistake of the command line; anything else failed.
fn refused(error: SinkError) -> Failure {
    match error {
        SinkError::Complete { .. } | SinkError::NotEmpty { .. } | SinkError::ForeignManifest { .. } => {
            Failure::usage(
                anyhow::Error::new(error)
                    .context("cannot use the output folder; --overwrite replaces an earlier output"),
            )
        }
        other => Failure::input_output(other),
    }
}
