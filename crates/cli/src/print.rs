//! What is only printed: first steps, schemas, completions, manual pages.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Command, CommandFactory};

use crate::args::{Args, SchemaName};
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

/// Prints a manual page.
pub(crate) fn man(name: Option<&str>) -> Result<ExitCode, Failure> {
    let mut command = Args::command();
    command.build();
    let page = match name {
        None => command,
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::usage(anyhow!("there is no command {name}; see reteno-import --help")))?,
    };
    let mut text = Vec::new();
    render(page, &mut text).map_err(Failure::input_output)?;
    to_stdout(&text)
}

fn render(command: Command, out: &mut Vec<u8>) -> io::Result<()> {
    clap_mangen::Man::new(command).render(out)
}

pub(crate) fn to_stdout(bytes: &[u8]) -> Result<ExitCode, Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Failure::of_stdout)?;
    Ok(ExitCode::SUCCESS)
}
