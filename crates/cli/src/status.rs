//! The command `status`: where an upload stands.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::anyhow;
use batch::manifest::{MANIFEST_FILE, Manifest, ManifestError};
use indicatif::HumanCount;
use reteno::journal::{Files, JOURNAL_FILE, Journal, JournalError, Opened, Reading, Tally};
use reteno::{Client, News, SourceEnd, Store, Upload, UploadOptions, UploadProgress, Wait};
use serde_json::json;

use crate::args::StatusArgs;
use crate::exit::{self, Failure, note};
use crate::{api, interrupt, upload};

/// Says where an upload stands.
pub(crate) fn status(args: &StatusArgs) -> Result<ExitCode, Failure> {
    // The journal of a prepared folder means the folder.
    let of_folder = args.place.parent().filter(|folder| {
        args.place.file_name().is_some_and(|name| name == JOURNAL_FILE)
            && folder.join(MANIFEST_FILE).is_file()
    });
    let place = of_folder.unwrap_or(&args.place);
    let (files, manifest) = if args.place.is_dir() || of_folder.is_some() {
        let manifest = Manifest::read(place).map_err(|error| match error {
            ManifestError::Missing { .. } => Failure::usage(anyhow!(
                "{} is no folder that prepare has made: it has no {MANIFEST_FILE}; for an upload of records or of request \
                 bodies, name the file of its --journal",
                place.display()
            )),
            other => Failure::usage(other),
        })?;
        (Files::in_folder(place), Some(manifest))
    } else {
        (Files::beside(place), None)
    };
    let reading = Journal::look(&files.journal).map_err(|error| match error {
        JournalError::Missing { .. } => Failure::usage(nothing_uploaded(place, manifest.is_some())),
        other => upload::unusable(other),
    })?;
    let mut tally = reading.tally;
    let mut why = None;
    if tally.importing > 0
        && !reading.is_in_use
        && let Some(client) = client(args, &reading)?
    {
        let store = store(place, &files, manifest.as_ref())?;
        let options = UploadOptions { wait: Wait::Once, ..UploadOptions::default() };
        let Opened::Open(journal) = Journal::reopen(files.clone()).map_err(upload::unusable)? else {
            return print(args, &reading, &tally, manifest.as_ref());
        };
        let stop = interrupt::stop_on_signal()?;
        let progress = UploadProgress::default();
        progress.listen(|news| {
            if *news != News::Back {
                note(&format!("warning: {news}; of imports this is what the journal knows"));
            }
        });
        let asking = Upload::start(client, *journal, store, options, progress, move || stop.is_requested())
            .map_err(upload::unusable)?;
        let outcome = asking.finish(SourceEnd::CutOff);
        tally = outcome.tally;
        why = outcome.halt;
    }
    let code = print(args, &reading, &tally, manifest.as_ref())?;
    match why {
        None => Ok(code),
        Some(halt) => Err(Failure::api(halt)),
    }
}

/// Who asks the server of an upload. An address that only the journal names is not asked: the key goes nowhere without
/// having been told to.
fn client(args: &StatusArgs, reading: &Reading) -> Result<Option<Client>, Failure> {
    let base_url = &reading.begin.base_url;
    if args.api.base_url.as_str() != base_url {
        note(&format!(
            "warning: imports were not asked for, and this is what the journal knows: the upload went to {base_url}, not to \
             {}; reteno-import status {} --base-url {base_url} asks there",
            args.api.base_url,
            args.place.display(),
        ));
        return Ok(None);
    }
    let Some(key) = api::key(&args.api)? else {
        note("without an API key nothing is asked; this is what the journal knows");
        return Ok(None);
    };
    api::client_with(&args.api, &key).map(Some)
}

/// Why there is nothing to tell of a place.
fn nothing_uploaded(place: &Path, is_folder: bool) -> anyhow::Error {
    let shown = place.display();
    if is_folder {
        anyhow!(
            "nothing of {shown} was uploaded yet: it has no {JOURNAL_FILE}; `reteno-import upload {shown}` begins. If it was \
             uploaded with --journal, name that file"
        )
    } else if place.exists() {
        anyhow!("{shown} is a journal in which no upload has begun")
    } else {
        anyhow!(
            "{shown}: there is no such folder or file; name a folder that prepare has made, or the file of --journal"
        )
    }
}

/// Where the bodies of an upload are.
fn store(place: &Path, files: &Files, manifest: Option<&Manifest>) -> Result<Store, Failure> {
    Ok(match manifest {
        Some(manifest) => {
            let entries: HashMap<_, _> = upload::entries(manifest)?.into_iter().collect();
            Store::Folder { dir: place.to_owned(), entries }
        }
        None => Store::Pending { dir: files.pending.clone() },
    })
}

fn print(
    args: &StatusArgs,
    reading: &Reading,
    tally: &Tally,
    manifest: Option<&Manifest>,
) -> Result<ExitCode, Failure> {
    let not_begun =
        manifest.map_or(0, |manifest| manifest.completion.counts.written.saturating_sub(tally.contacts));
    let tally = tally.with_not_begun(not_begun);
    let is_complete = reading.is_complete || manifest.is_some() && tally.is_ended();
    let mut out = io::stdout().lock();
    let written = if args.json {
        let status = json!({
            "complete": is_complete,
            "running": reading.is_in_use,
            "baseUrl": reading.begin.base_url,
            "contacts": tally,
            "unknown": tally.unknown(),
            "notSent": tally.not_sent,
        });
        writeln!(out, "{status}")
    } else {
        let state = match (is_complete, reading.is_in_use) {
            (true, _) => "complete",
            (false, true) => "running",
            (false, false) => "not complete; run the same upload again to go on",
        };
        writeln!(
            out,
            "{state}\n{}\n{} accepted and not yet imported, {} sent without a clear answer, {} without an id\nto {}",
            upload::counts(&tally),
            HumanCount(tally.importing),
            HumanCount(tally.unanswered),
            HumanCount(tally.unmapped),
            reading.begin.base_url
        )
    };
    written.map_err(Failure::of_stdout)?;
    let code = match (is_complete, tally.failed) {
        (false, _) => exit::UPLOAD_INCOMPLETE,
        (true, 0) => exit::DONE,
        (true, _) => exit::SOME_REJECTED,
    };
    Ok(code.into())
}
