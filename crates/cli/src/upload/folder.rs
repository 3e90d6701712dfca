//! Uploading a prepared folder.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use batch::manifest::{BatchEntry, MANIFEST_FILE, Manifest};
use pipeline::OnDuplicate;
use reteno::journal::{Files, Opened, Source};
use reteno::{BodyHash, SourceEnd, Stopped, Store, Upload, UploadOptions, UploadProgress};

use super::end;
use crate::args::UploadArgs;
use crate::exit::{self, Failure, note};
use crate::progress_bar::OfTotal;
use crate::summary::plural;
use crate::{api, interrupt, progress_bar, report};

/// Uploads the batches of a folder.
pub(super) fn upload(args: &UploadArgs, dir: &Path, options: UploadOptions) -> Result<ExitCode, Failure> {
    let manifest = Manifest::read(dir).map_err(Failure::usage)?;
    let written = manifest.completion.counts.written;
    let source = Source::Folder { manifest: manifest_hash(dir)? };
    let files = match &args.sending.journal {
        Some(journal) => Files::beside(journal),
        None => Files::in_folder(dir),
    };
    if args.sending.dry_run {
        manifest.check(dir).map_err(Failure::input_output)?;
        super::try_address(&files.journal, args, source)?;
        let requests = manifest.batches.len() as u64;
        note(&format!(
            "would send {} in {} to {}: {}",
            plural(written, "contact"),
            plural(requests, "request"),
            args.api.base_url,
            super::least_time(requests, options.rate)
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let client = api::client(&args.api)?;
    let entries = entries(&manifest)?;
    let reports = report::create(&args.telling, None)?;
    let journal = match super::journal(files.clone(), args, source)? {
        Opened::Open(journal) => journal,
        Opened::Complete(reading) => {
            if !args.telling.quiet {
                note(&format!(
                    "{} is uploaded already: {}; to upload it once more, remove {}",
                    dir.display(),
                    end::counts(&reading.tally),
                    files.journal.display()
                ));
            }
            let code = if reading.tally.failed > 0 { exit::SOME_REJECTED } else { exit::DONE };
            return Ok(code.into());
        }
    };
    super::tell_journal(&journal, args);
    if manifest.completion.options.on_duplicate == OnDuplicate::Keep.as_str() {
        super::warn_of_kept_duplicates(args);
    }
    let stop = interrupt::stop_upload_on_signal()?;
    let progress = UploadProgress::default();
    let following = progress_bar::follow_upload(&args.telling, progress.clone());
    super::tell_news(&progress, following.bar(), &args.telling);
    let by_hash: HashMap<BodyHash, BatchEntry> = entries.iter().cloned().collect();
    let store = Store::Folder { dir: dir.to_owned(), entries: by_hash };
    let mut upload = Upload::start(client, *journal, store, options, progress, move || stop.is_requested())
        .map_err(super::unusable)?;
    let contacts = |entries: &mut dyn Iterator<Item = &(BodyHash, BatchEntry)>| {
        entries.map(|(_, entry)| u64::from(entry.contacts)).sum::<u64>()
    };
    let all = contacts(&mut entries.iter());
    let before = contacts(&mut entries.iter().filter(|(hash, _)| upload.is_sent(*hash)));
    following.know_total(OfTotal { all, before });
    let mut unread = None;
    for (hash, entry) in &entries {
        if !upload.wants(*hash) {
            continue;
        }
        match entry.read(dir, Vec::new()) {
            Ok(body) => {
                if let Err(Stopped) = upload.send(body.bytes, body.contacts) {
                    break;
                }
            }
            Err(error) => {
                unread = Some(error);
                break;
            }
        }
    }
    let source = if unread.is_none() { SourceEnd::Complete } else { SourceEnd::CutOff };
    let outcome = upload.finish(source);
    drop(following);
    // A batch that stands in the folder twice is one to the upload.
    let distinct: HashMap<BodyHash, u64> =
        entries.iter().map(|(hash, entry)| (*hash, u64::from(entry.contacts))).collect();
    let not_begun = distinct.values().sum::<u64>().saturating_sub(outcome.tally.contacts);
    let code = end::conclude(&outcome, not_begun, &files, reports, &args.telling);
    if let Some(error) = unread {
        return Err(Failure::input_output(anyhow::Error::new(error).context("not everything was uploaded")));
    }
    Ok(code)
}

fn manifest_hash(dir: &Path) -> Result<BodyHash, Failure> {
    let path = dir.join(MANIFEST_FILE);
    let text = fs::read(&path)
        .with_context(|| format!("cannot read {}", path.display()))
        .map_err(Failure::input_output)?;
    Ok(BodyHash::of(&text))
}

/// The batches of a manifest, in their order, by their hash.
pub(crate) fn entries(manifest: &Manifest) -> Result<Vec<(BodyHash, BatchEntry)>, Failure> {
    let entry = |entry: &BatchEntry| {
        let hash = entry.blake3.parse().map_err(|error| anyhow!("{}: {error}", entry.file))?;
        Ok((hash, entry.clone()))
    };
    manifest.batches.iter().map(entry).collect::<anyhow::Result<_>>().map_err(Failure::usage)
}
