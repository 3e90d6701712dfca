//! Uploading request bodies from standard input, one on each line.

use std::io::{self, BufRead, IsTerminal, Read as _};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use batch::MAX_CONTACTS_PER_REQUEST;
use bytes::Bytes;
use contact::{Formats, LineEnds, PLAIN_MARGIN_BYTES, Schema, Scratch};
use ndjson::Parser;
use reteno::journal::{Opened, Source};
use reteno::{RequestBody, SourceEnd, Stopped, Store, Upload, UploadOptions, UploadProgress};

use super::end;
use crate::args::UploadArgs;
use crate::exit::Failure;
use crate::print::REQUEST_SCHEMA;
use crate::{api, interrupt, progress_bar, report};

/// A longer line is no request body; it takes some four times its length in memory.
const MOST_LINE_BYTES: u64 = 64 << 20;

/// Uploads what comes on standard input.
pub(super) fn upload(args: &UploadArgs, options: UploadOptions) -> Result<ExitCode, Failure> {
    if args.sending.dry_run {
        return Err(Failure::usage(anyhow!("--dry-run goes with a prepared folder, or with records")));
    }
    if io::stdin().is_terminal() {
        return Err(Failure::usage(anyhow!(
            "standard input is a terminal: pipe request bodies in, as `prepare -o -` writes them"
        )));
    }
    let files = super::files(args)?;
    let client = api::client(&args.api)?;
    let schema = serde_json::from_str(REQUEST_SCHEMA)
        .map_err(anyhow::Error::from)
        .and_then(|schema| Ok(Schema::compile(schema, Vec::new(), Formats::Assert)?))
        .map_err(Failure::usage)?;
    let reports = report::create(&args.telling, None)?;
    let Opened::Open(journal) = super::journal(files.clone(), args, Source::Bodies)? else {
        return Err(Failure::usage(anyhow!("{} cannot be gone on with", files.journal.display())));
    };
    super::tell_journal(&journal, args);
    let stop = interrupt::stop_upload_on_signal()?;
    let progress = UploadProgress::default();
    let following = progress_bar::follow_upload(&args.telling, progress.clone());
    super::tell_news(&progress, following.bar(), &args.telling);
    let store = Store::Pending { dir: files.pending.clone() };
    let mut upload = Upload::start(client, *journal, store, options, progress, move || stop.is_requested())
        .map_err(super::unusable)?;
    let sent = Bodies { schema, parser: Parser::new(), scratch: Scratch::default() }
        .send_all(&mut io::stdin().lock(), &mut upload);
    let source = if sent.is_ok() { SourceEnd::Complete } else { SourceEnd::CutOff };
    let outcome = upload.finish(source);
    drop(following);
    let code = end::conclude(&outcome, 0, &files, reports, &args.telling);
    sent.map_err(Failure::input_output)?;
    Ok(code)
}

struct Bodies {
    schema: Schema,
    parser: Parser,
    scratch: Scratch,
}

impl Bodies {
    /// Hands each line over, until the end of the input or of the upload.
    fn send_all(&mut self, input: &mut impl BufRead, upload: &mut Upload) -> anyhow::Result<()> {
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let bytes =
                input.by_ref().take(MOST_LINE_BYTES + 1).read_until(b'\n', &mut line).with_context(|| {
                    format!("cannot read standard input at line {number}; not everything was uploaded")
                })?;
            if bytes == 0 {
                return Ok(());
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let body = Bytes::copy_from_slice(text);
            let contacts = self.contacts(&body).with_context(|| {
                format!("line {number} of standard input; nothing from there on was uploaded")
            })?;
            // It goes out as it stands: the bytes are what it is known by.
            if let Err(Stopped) = upload.send(body, contacts) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// How many contacts are in a body that keeps all rules.
    fn contacts(&mut self, text: &Bytes) -> anyhow::Result<u32> {
        if text.len() as u64 > MOST_LINE_BYTES {
            return Err(anyhow!("it has more than {MOST_LINE_BYTES} bytes, and is no request body"));
        }
        let body = RequestBody::read(text.clone())?;
        let contacts = u32::try_from(body.contacts()).unwrap_or(u32::MAX);
        if contacts == 0 || contacts > MAX_CONTACTS_PER_REQUEST {
            return Err(anyhow!(
                "it has {contacts} contacts; a request has at least one and at most {MAX_CONTACTS_PER_REQUEST}"
            ));
        }
        let mut padded = text.to_vec();
        padded.resize(text.len() + PLAIN_MARGIN_BYTES, 0);
        if self.schema.take_plain(&padded, 0, LineEnds::AreSpace, &mut self.scratch) == Some(text.len()) {
            return Ok(contacts);
        }
        let violations = self.parser.parse(text, |tape| self.schema.check(tape))?;
        match violations.first() {
            None => Ok(contacts),
            Some(first) => Err(anyhow!(
                "{} {}: {}; `reteno-import prepare -o -` makes request bodies out of records",
                first.code,
                first.pointer,
                first.message
            )),
        }
    }
}
