//! What is only printed: first steps, schemas, completions, manual pages.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Command, CommandFactory};

use crate::args::{Args, ManArgs, SchemaName};
use crate::exit::{self, Failure};

/// The schema of a request body.
pub(crate) const REQUEST_SCHEMA: &str = include_str!("../../../schemas/request.schema.json");

/// What people come for, where no command is given.
const FIRST_STEPS: &str = "\
reteno-import makes requests of the Reteno method Add contacts out of an export, and uploads them.

Look at an export; nothing is written:
  reteno-import check export.ndjson

Make the requests, in a new folder:
  reteno-import prepare export.ndjson -o out

Upload them; killed at any moment, the same command goes on:
  reteno-import upload out

Usage: reteno-import COMMAND
All commands: reteno-import --help
";

/// Prints what people come for, as an answer to a command line without a command.
pub(crate) fn first_steps() -> ExitCode {
    FIRST_STEPS.lines().for_each(exit::note);
    exit::USAGE.into()
}

/// Prints a schema.
pub(crate) fn schema(name: SchemaName) -> Result<ExitCode, Failure> {
    let text = match name {
        SchemaName::Contact => contact::CONTACT_SCHEMA,
        SchemaName::Request => REQUEST_SCHEMA,
        SchemaName::Reject => include_str!("../../../schemas/reject.schema.json"),
        SchemaName::Manifest => include_str!("../../../schemas/manifest.schema.json"),
        SchemaName::Mapping => mapping::SCHEMA,
    };
    to_stdout(text.as_bytes())
}

/// Prints completions for a shell.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "reteno-import", &mut script);
    to_stdout(&script)
}

/// Prints a manual page, or writes all of them into a folder.
pub(crate) fn man(args: &ManArgs) -> Result<ExitCode, Failure> {
    // It is a word for `--help` and has no page of its own.
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    if let Some(folder) = &args.output {
        return man_into(folder, command);
    }
    let page = match &args.command {
        None => command,
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::usage(anyhow!("there is no command {name}; see reteno-import --help")))?,
    };
    let mut text = Vec::new();
    manual_page(page).render(&mut text).map_err(Failure::input_output)?;
    to_stdout(&text)
}

fn man_into(folder: &Path, command: Command) -> Result<ExitCode, Failure> {
    let written = fs::create_dir_all(folder).and_then(|()| {
        let commands: Vec<Command> = command.get_subcommands().cloned().collect();
        for page in std::iter::once(command).chain(commands) {
            manual_page(page).generate_to(folder)?;
        }
        Ok(())
    });
    written
        .with_context(|| format!("cannot write manual pages to {}", folder.display()))
        .map_err(Failure::input_output)?;
    Ok(ExitCode::SUCCESS)
}

fn manual_page(command: Command) -> clap_mangen::Man {
    clap_mangen::Man::new(command).source(concat!("reteno-import ", env!("CARGO_PKG_VERSION")))
}

pub(crate) fn to_stdout(bytes: &[u8]) -> Result<ExitCode, Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Failure::of_stdout)?;
    Ok(ExitCode::SUCCESS)
}
