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
mod merging;
mod peers;
mod report;
mod stages;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};

use cases::{Case, Places};
use child::Taken;
use input::Inputs;
use machine::Machine;
use merging::{MeasuredMerge, MergeInput};
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
    /// Measure one part of the table alone
    #[arg(long, env = "BENCH_ONLY", value_enum)]
    only: Option<Only>,
    /// Megabytes of each of the large generated files
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
    /// The small budget of merging, such as 16MiB; by default about a tenth of what the keys of one file need
    #[arg(long, env = "BENCH_MERGE_MEMORY", value_name = "BYTES")]
    merge_memory: Option<String>,
}

/// A part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    /// What merging costs
    Merge,
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
    let merge_inputs = MergeInput::prepare(&places.data, size.megabytes)?;
    let inputs = match size.only {
        Some(Only::Merge) => None,
        None => Some(Inputs::prepare(&places.data, size.megabytes, size.peer_megabytes)?),
    };
    let small_budget = size.merge_memory.clone().unwrap_or_else(|| merging::small_budget(size.megabytes));
    let (merge_cases, settings): (Vec<_>, Vec<_>) =
        merging::cases(&places, &merge_inputs, &small_budget).into_iter().unzip();
    let mut cases = inputs.as_ref().map(|inputs| cases::all(&places, inputs)).unwrap_or_default();
    let merging_from = cases.len();
    cases.extend(merge_cases);
    let cases = cases.into_iter().map(|case| (case, String::new())).collect();
    let mut cases = measure(cases, size.rounds.get())?;
    let merging = settings
        .into_iter()
        .zip(cases.split_off(merging_from))
        .map(|(setting, measured)| MeasuredMerge { setting, measured })
        .collect();

    let mut files: Vec<_> = merge_inputs.into_iter().map(|input| input.file).collect();
    let (mut peers, mut left_out, mut peer_rounds) = (Vec::new(), Vec::new(), 0);
    if let Some(inputs) = inputs {
        // The clean file is the first of those for merging.
        files.splice(1..1, [inputs.dirty, inputs.mixed]);
        if size.peer_rounds > 0 {
            peer_rounds = size.peer_rounds;
            eprintln!("checking what the other tools write");
            let lineup = peers::lineup(&places, &crate_folder.join("peers"), &inputs.small)?;
            files.push(inputs.small);
            peers = measure(lineup.cases, peer_rounds)?;
            left_out = lineup.left_out;
        }
    }
    let rounds = size.rounds.get();
    let report = Report { machine, inputs: files, rounds, peer_rounds, cases, merging, peers, left_out };
    let markdown = report.markdown();
    let name = match size.only {
        Some(Only::Merge) => "compare-merge",
        None => "compare",
    };
    fs::write(places.data.join(format!("{name}.md")), &markdown)?;
    fs::write(places.data.join(format!("{name}.json")), serde_json::to_vec_pretty(&report)?)?;
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
            let mut run = child::run(&mut (case.command)(), &case.output, &case.proof)?;
            run.spilled_bytes = case.merging_report.as_deref().map(merging::spilled_bytes).transpose()?;
            taken[nth].push(run);
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
