//! Measures `reteno-import` beside bare parsing, its own stages and other tools: `make bench-compare`.
//!
//! Each run of each case is a process of its own, so that wall time, CPU time and peak memory are its own. The cases
//! take turns, so that what disturbs the machine disturbs all of them. `README.md` says what each case is.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its table is what it is for")]

mod bodies;
mod cases;
mod child;
mod input;
mod machine;
mod peers;
mod report;
mod stages;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};

use cases::{Case, Places};
use child::Taken;
use input::Inputs;
use machine::Machine;
use report::{Measured, Report};

/// Measures reteno-import beside bare parsing, its own stages and other tools
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Command {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    size: Size,
}

/// How much is measured.
#[derive(Debug, Args)]
struct Size {
    /// Megabytes of each of the three generated files
    #[arg(long, env = "BENCH_MB", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    megabytes: u64,
    /// How often each case is measured
    #[arg(long, env = "BENCH_ROUNDS", default_value = "5")]
    rounds: NonZeroUsize,
    /// Megabytes of the file for the other tools: the beginning of the clean one
    #[arg(long, env = "BENCH_PEER_MB", default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..))]
    peer_megabytes: u64,
    /// How often each other tool is measured; 0 leaves them out
    #[arg(long, env = "BENCH_PEER_ROUNDS", default_value_t = 3)]
    peer_rounds: usize,
}

/// What the child processes are.
#[derive(Debug, Subcommand)]
enum Part {
    /// Does one stage on a whole file
    #[command(hide = true)]
    Stage {
        name: String,
        #[arg(long, default_value = "1")]
        threads: NonZeroUsize,
        file: PathBuf,
    },
    /// Counts the contacts in request bodies, one body on each line
    #[command(hide = true)]
    Bodies {
        file: PathBuf,
        #[arg(long)]
        like: Option<PathBuf>,
    },
}

fn main() -> Result<()> {
    let Command { part, size } = Command::parse();
    match part {
        None => compare(&size),
        Some(Part::Stage { name, threads, file }) => {
            let stage = stages::named(&name).with_context(|| format!("there is no stage {name}"))?;
            let seen = (stage.run)(&file, threads)?;
            eprintln!("{}", stage.sees.told(seen));
            Ok(())
        }
        Some(Part::Bodies { file, like }) => {
            eprintln!("contacts {}", bodies::count_contacts(&file, like.as_deref())?);
            Ok(())
        }
    }
}

fn compare(size: &Size) -> Result<()> {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = crate_folder.join("../../bench-data");
    fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    let data = data.canonicalize()?;
    let harness = std::env::current_exe()?;
    // Both are built into one folder.
    let product = harness.with_file_name("reteno-import");
    ensure!(product.exists(), "{} is missing: make build", product.display());
    let places = Places { harness, product, data };

    // The revision is that of the start: it may be another one by the end.
    let machine = Machine::this();
    eprintln!("preparing the files in {}", places.data.display());
    let inputs = Inputs::prepare(&places.data, size.megabytes, size.peer_megabytes)?;
    let cases = measure(
        cases::all(&places, &inputs).into_iter().map(|case| (case, String::new())).collect(),
        size.rounds.get(),
    )?;
    let mut files = vec![inputs.clean, inputs.dirty, inputs.mixed];
    let (mut peers, mut left_out) = (Vec::new(), Vec::new());
    if size.peer_rounds > 0 {
        eprintln!("checking what the other tools write");
        let lineup = peers::lineup(&places, &crate_folder.join("peers"), &inputs.small)?;
        files.push(inputs.small);
        peers = measure(lineup.cases, size.peer_rounds)?;
        left_out = lineup.left_out;
    }
    let report = Report {
        machine,
        inputs: files,
        rounds: size.rounds.get(),
        peer_rounds: size.peer_rounds,
        cases,
        peers,
        left_out,
    };
    let markdown = report.markdown();
    fs::write(places.data.join("compare.md"), &markdown)?;
    fs::write(places.data.join("compare.json"), serde_json::to_vec_pretty(&report)?)?;
    print!("{markdown}");
    Ok(())
}

/// Runs all cases in turn, round after round. Each comes with what is to be said of it.
fn measure(cases: Vec<(Case, String)>, rounds: usize) -> Result<Vec<Measured>> {
    let mut taken: Vec<Vec<Taken>> = vec![Vec::new(); cases.len()];
    for round in 1..=rounds {
        for (nth, (case, _)) in cases.iter().enumerate() {
            eprintln!("round {round} of {rounds}: {} on {}", case.name, case.threads);
            case.clear()?;
            taken[nth].push(child::run(&mut (case.command)(), &case.output, &case.proof)?);
            // At once: the system would write to the disk what this case left while the next ones are measured.
            case.clear()?;
        }
    }
    Ok(cases
        .into_iter()
        .zip(taken)
        .map(|((case, note), taken)| {
            Measured::new(case.name, case.title, case.threads, case.bytes, note, &taken)
        })
        .collect())
}
