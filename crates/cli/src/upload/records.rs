//! Uploading records: checked, put into requests and sent in one go.

use std::process::ExitCode;
use std::sync::mpsc;

use anyhow::anyhow;
use ndjson::{AutoRule, HashInputs};
use pipeline::{OnDuplicate, Output};
use reteno::journal::{Opened, Source};
use reteno::{Store, Upload, UploadOptions, UploadProgress, UploadSink};
use sink::{NullSink, Sink};

use super::UploadEnd;
use crate::args::UploadArgs;
use crate::config::Settings;
use crate::exit::{Failure, note};
use crate::report::Purpose;
use crate::session::{self, Contacts, RejectsTo, Session};
use crate::{api, interrupt, paths, prepare, report};

/// Uploads what the inputs hold.
pub(super) fn upload(
    args: &UploadArgs,
    settings: Settings,
    options: UploadOptions,
) -> Result<ExitCode, Failure> {
    let reader = session::reader(&args.input, &args.work, AutoRule::Contacts, HashInputs::No)?;
    let contacts = Contacts::of(&args.input, &args.rules, &args.merging, None)?;
    let reader = session::recognising(&contacts.sources, reader);
    let batches = prepare::batches(&args.request, &contacts)?;
    let rejects = session::rejects_to(&args.telling).unwrap_or(RejectsTo::Told);
    let inputs = session::inputs(&args.input)?;
    paths::keep_apart(&inputs, &args.input.source, &args.rules, &args.telling, &settings, None)?;
    let sending =
        if args.sending.dry_run { None } else { Some((super::files(args)?, api::client(&args.api)?)) };
    if let Some((files, _)) = &sending {
        paths::keep_journal_apart(files, &inputs, &args.telling)?;
    }
    let reader = session::begin(inputs, reader)?;
    let reports = report::create(&args.telling, None)?;
    paths::can_be_written(&rejects, None)?;
    let stop =
        if sending.is_some() { interrupt::stop_upload_on_signal()? } else { interrupt::stop_on_signal()? };
    if contacts.merging.on_duplicate == OnDuplicate::Keep {
        super::warn_of_kept_duplicates(args);
    }
    let mut upload_end = None;
    let sink: Box<dyn Sink + Send> = match sending {
        None => {
            if let Some(journal) = &args.sending.journal {
                super::try_address(journal, args, Source::Records)?;
            }
            note(&format!("nothing is sent: what would go to {} is only counted", args.api.base_url));
            Box::new(NullSink::new())
        }
        Some((files, client)) => {
            let Opened::Open(journal) = super::journal(files.clone(), args, Source::Records)? else {
                return Err(Failure::usage(anyhow!("{} cannot be gone on with", files.journal.display())));
            };
            super::tell_journal(&journal, args);
            let progress = UploadProgress::default();
            let store = Store::Pending { dir: files.pending.clone() };
            let asked = stop.clone();
            let upload = Upload::start(client, *journal, store, options, progress.clone(), move || {
                asked.is_requested()
            })
            .map_err(super::unusable)?;
            let (told, outcome) = mpsc::channel();
            upload_end = Some(UploadEnd { outcome, progress, files });
            // If nobody asks for the outcome any more, nobody misses it.
            Box::new(UploadSink::new(upload, move |outcome| drop(told.send(outcome))))
        }
    };
    let output = Output {
        batches,
        sink,
        options: prepare::further(&args.input.source, &args.rules, &args.merging, &settings),
        rejects_file: None,
        tally: report::tally(&args.telling),
    };
    let job = session::job(reader, contacts.task(Some(output)), &args.telling, &args.work);
    let purpose = if args.sending.dry_run { Purpose::DryRun } else { Purpose::Upload };
    let session = Session::of(&job, &args.telling, settings, rejects, purpose, stop);
    Session { upload: upload_end, ..session }.run(job, reports)
}
