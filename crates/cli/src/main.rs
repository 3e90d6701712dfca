//! The `reteno-import` command: arguments in, exit code out; what it does lives in the crates below it.

mod api;
mod args;
mod bench;
mod check;
mod config;
#[cfg(test)]
mod docs_test;
mod doctor;
mod exit;
mod explain;
mod fields;
mod generate;
mod hints;
mod interrupt;
mod output;
mod paths;
mod prepare;
mod presets;
mod print;
mod progress_bar;
mod reasons;
mod report;
mod samples;
mod session;
mod source;
mod status;
mod summary;
mod told;
mod upload;

use std::process::ExitCode;

use args::Command;
use exit::Failure;

fn main() -> ExitCode {
    run().unwrap_or_else(|failure| failure.tell())
}

fn run() -> Result<ExitCode, Failure> {
    if std::env::args_os().len() < 2 {
        return Ok(print::first_steps());
    }
    let (args, settings) = config::parse_with_config()?;
    match args.command {
        Command::Check(args) => check::check(&args, settings),
        Command::Prepare(args) => prepare::prepare(&args, settings),
        Command::Upload(args) => upload::upload(&args, settings),
        Command::Status(args) => status::status(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Fields(args) => fields::fields(&args),
        Command::Presets(args) => presets::presets(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Generate(args) => generate::generate(&args),
        Command::Schema(args) => print::schema(args.name),
        Command::Completions(args) => print::completions(args.shell),
        Command::Man(args) => print::man(&args),
    }
}
