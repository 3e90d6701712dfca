//! What is measured with: the user's inputs, or an export that is made for it.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, anyhow};
use ndjson::Input;
use pipeline::Stop;
use synthetic::{Config, Export, Format};
use tempfile::NamedTempFile;

use super::Halt;
use crate::args::BenchArgs;
use crate::exit::Failure;
use crate::session;

/// How much of the user's inputs is used.
const MOST_BYTES: u64 = 1 << 30;

/// How much is made.
const MADE_BYTES: u64 = 200_000_000;

/// How much is made before it is written.
const BUFFER_BYTES: usize = 256 << 10;

/// Where data comes from.
pub(super) enum Source {
    Inputs(Vec<Input>, u64),
    Made(u64),
}

/// The inputs to measure with.
pub(super) struct Data {
    pub(super) inputs: Vec<Input>,
    /// The most decompressed bytes of them.
    pub(super) bytes: u64,
    /// What was made for it; when it goes out of use, the file is removed.
    made: Option<NamedTempFile>,
}

impl Data {
    /// Whether it was made, and is not the user's.
    pub(super) fn is_made(&self) -> bool {
        self.made.is_some()
    }
}

/// Finds the inputs that the arguments name. Standard input is refused: it cannot be read several times.
pub(super) fn source(args: &BenchArgs) -> Result<Source, Failure> {
    let bytes = args.bytes.map(|bytes| bytes.0 as u64);
    if bytes == Some(0) {
        return Err(Failure::usage(anyhow!("--bytes 0 leaves nothing to measure")));
    }
    if args.input.inputs.is_empty() {
        if is_fed() {
            return Err(Failure::usage(anyhow!(
                "standard input cannot be read several times, which measuring needs: write it to a file, and name that; \
                 or redirect it from /dev/null to measure with an export that is made"
            )));
        }
        return Ok(Source::Made(bytes.unwrap_or(MADE_BYTES)));
    }
    if args.input.inputs.iter().any(|input| input.as_os_str() == "-") {
        return Err(Failure::usage(anyhow!(
            "- is standard input, which cannot be read several times as measuring needs: write it to a file, and name that"
        )));
    }
    let inputs = session::inputs(&args.input)?;
    let is_whole = |input: &Input| !matches!(input, Input::File(path) if !path.is_file());
    if let Some(pipe) = inputs.iter().find(|input| !is_whole(input)) {
        return Err(Failure::usage(anyhow!(
            "{pipe} is no file, and cannot be read several times as measuring needs: write it to a file, and name that"
        )));
    }
    Ok(Source::Inputs(inputs, bytes.unwrap_or(MOST_BYTES)))
}

/// Whether somebody gives something on standard input. Nothing is read to find out: whoever holds a pipe may write later.
fn is_fed() -> bool {
    if io::stdin().is_terminal() {
        return false;
    }
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        use std::os::unix::fs::FileTypeExt;
        let stdin = io::stdin();
        let kind = stdin
            .as_fd()
            .try_clone_to_owned()
            .and_then(|stdin| std::fs::File::from(stdin).metadata())
            .map(|metadata| metadata.file_type());
        kind.is_ok_and(|kind| kind.is_file() || kind.is_fifo() || kind.is_socket())
    }
    #[cfg(not(unix))]
    {
        true
    }
}

impl Source {
    /// Gets the data ready; what has to be made goes into `folder`.
    pub(super) fn data(self, folder: &Path, stop: &Stop) -> Result<Data, Halt> {
        match self {
            Self::Inputs(inputs, bytes) => Ok(Data { inputs, bytes, made: None }),
            Self::Made(bytes) => {
                let file = tempfile::Builder::new()
                    .prefix("reteno-import-bench-")
                    .suffix(".ndjson")
                    .tempfile_in(folder)
                    .with_context(|| format!("cannot make an export in {}", folder.display()))
                    .map_err(Failure::input_output)?;
                let file = fill(file, bytes, stop)?;
                // It is used to its end, which is a whole row beyond what was asked for.
                Ok(Data {
                    inputs: vec![Input::File(file.path().to_owned())],
                    bytes: u64::MAX,
                    made: Some(file),
                })
            }
        }
    }
}

fn fill(mut file: NamedTempFile, bytes: u64, stop: &Stop) -> Result<NamedTempFile, Halt> {
    let config = Config {
        contacts: u64::MAX,
        faults_per_mille: 10,
        repeats_per_mille: 100,
        moved_tokens_per_mille: 2,
        ..Config::default()
    };
    let mut export = Export::new(config, Format::Contact);
    let mut text = Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 8);
    let mut written = 0;
    let mut has_more = true;
    while has_more {
        has_more = written + (text.len() as u64) < bytes && export.next_rows(&mut text).is_some();
        if text.len() < BUFFER_BYTES && has_more {
            continue;
        }
        if stop.is_requested() {
            return Err(Halt::Interrupted);
        }
        file.write_all(&text)
            .with_context(|| {
                format!("cannot write to {}; --temp-dir names another folder", file.path().display())
            })
            .map_err(Failure::input_output)?;
        written += text.len() as u64;
        text.clear();
    }
    Ok(file)
}
