//! The command `upload`.

mod bodies;
mod end;
mod folder;
mod news;
mod records;

use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use batch::manifest::MANIFEST_FILE;
use reteno::journal::{Files, Journal, JournalError, Opened, Source};
use reteno::{MOST_REQUESTS_A_SECOND, UploadOptions, Wait};
use sink::MARKER_FILE;

pub(crate) use self::end::{UploadEnd, code, counts, json, tell};
pub(crate) use self::folder::entries;
pub(crate) use self::news::tell_news;

use crate::args::{SendingArgs, UploadArgs};
use crate::config::Settings;
use crate::exit::{Failure, note};

/// Far beyond what is of use: so many bodies are in memory.
const MOST_CONCURRENCY: usize = 256;

/// How long two questions for one session are apart at most.
const MOST_POLL: Duration = Duration::from_secs(15);

/// Uploads contacts, and accounts for every one of them.
pub(crate) fn upload(args: &UploadArgs, settings: Settings) -> Result<ExitCode, Failure> {
    let options = options(&args.sending)?;
    match args.input.inputs.as_slice() {
        [only] if only.as_os_str() == "-" => {
            settings.refuse_options_of_records("request bodies are uploaded as they are")?;
            bodies::upload(args, options)
        }
        [only] if is_prepared(only) => {
            settings.refuse_options_of_records("a prepared folder is uploaded as it is")?;
            folder::upload(args, only, options)
        }
        inputs => {
            if let [only] = inputs {
                is_something(only)?;
            }
            records::upload(args, settings, options)
        }
    }
}

/// Whether there is anything to be uploaded. What else can be wrong with an input is seen when it is read.
fn is_something(only: &Path) -> Result<(), Failure> {
    let shown = only.display();
    let is_pattern = only.to_string_lossy().contains(['*', '?', '[']);
    if matches!(only.try_exists(), Ok(false)) && !is_pattern {
        return Err(Failure::usage(anyhow!(
            "{shown}: there is no such file or folder; name a folder that prepare has made, or files with records"
        )));
    }
    let is_empty = only.is_dir() && fs::read_dir(only).is_ok_and(|mut entries| entries.next().is_none());
    if is_empty {
        return Err(Failure::usage(anyhow!(
            "{shown}: the folder is empty; `reteno-import prepare INPUT -o {shown}` makes in it what can be uploaded"
        )));
    }
    Ok(())
}

/// Whether a path is a folder that `prepare` has made, or has begun.
fn is_prepared(path: &Path) -> bool {
    path.join(MANIFEST_FILE).is_file() || path.join(MARKER_FILE).is_file()
}

fn options(args: &SendingArgs) -> Result<UploadOptions, Failure> {
    if args.rate.get() > MOST_REQUESTS_A_SECOND {
        return Err(Failure::usage(anyhow!(
            "--rate is at most {MOST_REQUESTS_A_SECOND}: the API allows no more requests in a second"
        )));
    }
    if args.concurrency.get() > MOST_CONCURRENCY {
        return Err(Failure::usage(anyhow!(
            "--concurrency is at most {MOST_CONCURRENCY}: each request on its way is in memory"
        )));
    }
    let poll = args.poll_every.0;
    Ok(UploadOptions {
        rate: args.rate,
        concurrency: args.concurrency,
        max_attempts: args.max_attempts,
        wait: if args.no_wait { Wait::No } else { Wait::Idle(args.wait_timeout.0) },
        poll: [poll, MOST_POLL.max(poll)],
        verify: args.verify,
        ..UploadOptions::default()
    })
}

/// Where an upload that has no folder of its own writes.
fn files(args: &UploadArgs) -> Result<Files, Failure> {
    let journal = args.sending.journal.as_deref().ok_or_else(|| {
        let folder = args.input.inputs.first().filter(|input| input.is_dir());
        let no_manifest = folder.map(|folder| {
            format!(
                "{} has no {MANIFEST_FILE}, so it is no folder that prepare has made, and its files are taken for records; ",
                folder.display()
            )
        });
        let no_manifest = no_manifest.unwrap_or_default();
        Failure::usage(anyhow!(
            "{no_manifest}name a journal file: --journal up.journal; what was sent is written down there, so that the same \
             command goes on where it was when it is killed"
        ))
    })?;
    if journal.is_dir() {
        return Err(Failure::usage(anyhow!("--journal {} is a folder; name a file", journal.display())));
    }
    Ok(Files::beside(journal))
}

fn journal(files: Files, args: &UploadArgs, source: Source) -> Result<Opened, Failure> {
    let begin = reteno::journal::Begin::new(args.api.base_url.as_str(), source);
    Journal::open(files, begin).map_err(unusable)
}

/// Says what an upload begins with, if that is not nothing.
fn tell_journal(journal: &Journal, args: &UploadArgs) {
    if args.telling.quiet {
        return;
    }
    let place = journal.files().journal.display();
    if journal.is_resumed() {
        note(&format!("going on with the upload in {place}"));
    }
    if let Some(before) = journal.left_address() {
        tell_left_address(before, args);
    }
    if let Some(tally) = journal.abandoned() {
        note(&format!(
            "warning: the upload before in {place}, of something else, did not come to its end and is not gone on with: {}",
            counts(&tally)
        ));
    }
}

fn tell_left_address(before: &str, args: &UploadArgs) {
    if !args.telling.quiet {
        note(&format!("nothing was sent to {before}: going on with {}", args.api.base_url));
    }
}

/// Says of an upload that is only tried what its journal would say of the address.
fn try_address(journal: &Path, args: &UploadArgs, source: Source) -> Result<(), Failure> {
    let begin = reteno::journal::Begin::new(args.api.base_url.as_str(), source);
    if let Some(before) = Journal::try_address(journal, &begin).map_err(unusable)? {
        tell_left_address(&before, args);
    }
    Ok(())
}

/// The API handles requests in any order, so which of two contacts with one key is the last is chance.
fn warn_of_kept_duplicates(args: &UploadArgs) {
    if !args.telling.quiet {
        note(
            "warning: duplicates were kept (--on-duplicate keep): where a key is in two requests, chance decides which of \
             them Reteno keeps",
        );
    }
}

/// A journal that cannot be used now is a mistake of the command line; anything else failed.
pub(crate) fn unusable(error: JournalError) -> Failure {
    match error {
        JournalError::Io { .. } => Failure::input_output(error),
        _ => Failure::usage(error),
    }
}

/// How long so many requests take at least.
fn least_time(requests: u64, rate: NonZeroU32) -> String {
    let seconds = requests.div_ceil(u64::from(rate.get()));
    let span = jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    format!("at least {span:#} at {rate} requests a second")
}
