//! The command `generate`: a synthetic export.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Error, anyhow};
use bytesize::ByteSize;
use indicatif::HumanCount;
use pipeline::Stop;
use synthetic::{Config, Expected, Export, Format};
use tempfile::NamedTempFile;

use crate::args::{ExportArg, GenerateArgs};
use crate::exit::{self, Failure, INTERRUPTED, note};
use crate::interrupt;

/// How much is made before it is written.
const BUFFER_BYTES: usize = 256 << 10;

/// How many contacts in a thousand have a token that came before with another one, where there are further rows at all.
const MOVED_TOKENS_PER_MILLE: u32 = 2;

/// What was made.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    contacts: u64,
    faults: u64,
    further: u64,
    bytes: u64,
}

/// Whether all was made.
enum End {
    Complete(Counts),
    Interrupted,
}

/// Writes a synthetic export.
pub(crate) fn generate(args: &GenerateArgs) -> Result<ExitCode, Failure> {
    if args.dirty.0 + args.duplicates.0 > 1000 {
        return Err(Failure::usage(anyhow!("--dirty and --duplicates are together at most 100%")));
    }
    let end = if args.output.as_os_str() == "-" {
        let stop = interrupt::stop_on_signal()?;
        write(args, &stop, io::stdout().lock()).map_err(Failure::of_stdout)?
    } else {
        to_file(args, &args.output)?
    };
    match end {
        End::Complete(counts) => {
            if !args.quiet {
                note(&summary(counts, &args.output));
            }
            Ok(ExitCode::SUCCESS)
        }
        End::Interrupted => {
            exit::tell(&anyhow!("interrupted; the export is not complete"));
            Ok(INTERRUPTED.into())
        }
    }
}

/// Under its name the file is whole, or what was there before; devices and pipes are written as they are.
fn to_file(args: &GenerateArgs, path: &Path) -> Result<End, Failure> {
    let failure =
        |error: Error| Failure::input_output(error.context(format!("cannot write to {}", path.display())));
    let there = path.metadata().ok();
    if there.as_ref().is_some_and(|there| !there.is_file() && !there.is_dir()) {
        let device = OpenOptions::new().write(true).open(path).map_err(|error| failure(error.into()))?;
        let stop = interrupt::stop_on_signal()?;
        return write(args, &stop, device).map_err(|error| failure(error.into()));
    }
    if there.is_some() && !args.overwrite {
        return Err(Failure::usage(anyhow!(
            "{} is already there; choose another name, or replace it with --overwrite",
            path.display()
        )));
    }
    let stop = interrupt::stop_on_signal()?;
    whole_file(args, &stop, path).map_err(failure)
}

fn whole_file(args: &GenerateArgs, stop: &Stop, path: &Path) -> Result<End, Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Only its owner may read it: that is so for all that this tool writes, and this may become a test of it.
    let mut file = NamedTempFile::new_in(folder)?;
    let end = write(args, stop, &mut file)?;
    if let End::Complete(_) = end {
        if args.overwrite {
            file.persist(path)?;
        } else {
            file.persist_noclobber(path).context("somebody else made the file meanwhile")?;
        }
    }
    Ok(end)
}

fn write(args: &GenerateArgs, stop: &Stop, mut out: impl Write) -> io::Result<End> {
    let format = match args.format {
        ExportArg::Contact => Format::Contact,
        ExportArg::Pinpoint => Format::Pinpoint,
        ExportArg::OneSignal => Format::OneSignal,
        ExportArg::Braze => Format::Braze,
    };
    let mut export = Export::new(
        Config {
            seed: args.seed,
            contacts: args.contacts,
            faults_per_mille: args.dirty.0,
            repeats_per_mille: args.duplicates.0,
            moved_tokens_per_mille: if args.duplicates.0 > 0 { MOVED_TOKENS_PER_MILLE } else { 0 },
            ..Config::default()
        },
        format,
    );
    let mut counts = Counts::default();
    let mut text = Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 8);
    text.extend_from_slice(format.header().as_bytes());
    while let Some(expected) = export.next_rows(&mut text) {
        counts.contacts += 1;
        match expected {
            Expected::Fault(_) => counts.faults += 1,
            Expected::Repeated | Expected::Duplicate => counts.further += 1,
            Expected::Clean => {}
        }
        if text.len() >= BUFFER_BYTES {
            if stop.is_requested() {
                return Ok(End::Interrupted);
            }
            out.write_all(&text)?;
            counts.bytes += text.len() as u64;
            text.clear();
        }
    }
    out.write_all(&text)?;
    out.flush()?;
    counts.bytes += text.len() as u64;
    Ok(End::Complete(counts))
}

fn summary(counts: Counts, output: &Path) -> String {
    let Counts { contacts, faults, further, bytes } = counts;
    let place = if output.as_os_str() == "-" { String::new() } else { format!(" in {}", output.display()) };
    format!(
        "generated {contacts}{place}: {clean} clean, {further} further rows of these, {faults} with a fault; {size}",
        contacts = HumanCount(contacts),
        clean = HumanCount(contacts - further - faults),
        further = HumanCount(further),
        faults = HumanCount(faults),
        size = ByteSize::b(bytes).display().si(),
    )
}
