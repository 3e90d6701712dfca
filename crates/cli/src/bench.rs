//! The command `bench`: how fast this machine does each part of the work, on the user's own data.

mod blocks;
mod data;
mod figures;
mod stage;
mod table;

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use bytesize::ByteSize;
use ndjson::{AutoRule, HashInputs};
use pipeline::{InputOrder, Merging, OnDuplicate, Stop};

use crate::args::BenchArgs;
use crate::exit::{self, Failure, INTERRUPTED, note};
use crate::session::{self, Contacts};
use crate::summary::plural;
use crate::{interrupt, prepare, print, progress_bar};

use data::Data;
use figures::{Figures, Samples};
use stage::{Judging, Run, Stage, Work};

/// A first round that takes longer than this is told, with how long all of them will take.
const LONG_ROUND: Duration = Duration::from_secs(60);

/// Why nothing more is measured.
enum Halt {
    Interrupted,
    Failed(Failure),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Measures, and prints what was measured.
pub(crate) fn bench(args: &BenchArgs) -> Result<ExitCode, Failure> {
    let source = data::source(args)?;
    let reader = session::reader(&args.input, &args.work, AutoRule::Contacts, HashInputs::No)?;
    let contacts = Contacts::of(&args.input, &args.rules, &args.merging, None)?;
    let batches = prepare::batches(&args.request, &contacts)?;
    let Contacts { merging, rules, sources } = contacts;
    let reader = session::recognising(&sources, reader);
    // Without merging, nothing has to be found for it: these rules are others.
    let apart = Merging { on_duplicate: OnDuplicate::Keep, input_order: InputOrder::Any, ..merging.clone() };
    let rules_apart = session::rules(&args.rules, &args.merging, &apart)?;
    let stop = interrupt::stop_on_signal()?;
    let measured = source.data(&merging.temp_dir, &stop).and_then(|data| {
        let work = Work {
            reader: ndjson::ReaderOptions { max_bytes: Some(data.bytes), ..reader },
            inputs: data.inputs.clone(),
            sources,
            rules: Judging { rules: rules_apart, merging: apart },
            prepare: Judging { rules, merging },
            batches,
        };
        measure(args, &data, &work, &stop)
    });
    match measured {
        Ok(figures) => {
            let text = if args.json { figures.json()? } else { table::of(&figures) };
            print::to_stdout(text.as_bytes())
        }
        Err(Halt::Interrupted) => {
            exit::tell(&anyhow!("interrupted; there is nothing to tell before all rounds are done"));
            Ok(INTERRUPTED.into())
        }
        Err(Halt::Failed(failure)) => Err(failure),
    }
}

fn measure(args: &BenchArgs, data: &Data, work: &Work, stop: &Stop) -> Result<Figures, Halt> {
    let threads = thread_counts(session::threads(&args.work));
    let rounds = args.rounds.get();
    // What is wrong with the first input is told before the first measurement.
    let begun = session::begin(work.inputs.clone(), work.reader.clone())?;
    let recognised = begun.inputs().first().and_then(|first| work.sources.recognised(first));
    drop(begun);
    if let Some(recognised) = recognised.filter(|_| !args.quiet) {
        note(&recognised);
    }
    // From wherever the input is: what comes later finds it in the memory of the system, if there is room.
    let first_read = work.run(Stage::Read, NonZeroUsize::MIN, stop)?;
    if first_read.seen.bytes == 0 {
        return Err(Failure::usage(anyhow!("the input is empty; there is nothing to measure")).into());
    }
    if !args.quiet {
        for line in introduction(data, &first_read, &threads, rounds) {
            note(&line);
        }
    }
    let cases: Vec<(NonZeroUsize, Stage)> =
        threads.iter().flat_map(|threads| Stage::ALL.map(|stage| (*threads, stage))).collect();
    let bar = progress_bar::steps(cases.len() as u64 * u64::from(rounds), args.quiet);
    let mut samples: Vec<Samples> = Vec::new();
    for round in 1..=rounds {
        let started = Instant::now();
        for (nth, &(threads, stage)) in cases.iter().enumerate() {
            bar.set_message(format!(
                "round {round} of {rounds}: {}, {}",
                stage.name(),
                plural(threads.get() as u64, "thread")
            ));
            let run = work.run(stage, threads, stop)?;
            if run.seen.bytes != first_read.seen.bytes {
                return Err(changed().into());
            }
            match samples.get_mut(nth) {
                Some(samples) => samples.add(&run)?,
                None => samples.push(Samples::new(stage, threads, &run)),
            }
            bar.inc(1);
        }
        if let Some(long) = long_round(started.elapsed(), rounds).filter(|_| round == 1 && !args.quiet) {
            bar.suspend(|| note(&long));
        }
    }
    drop(bar);
    let figures = Figures::new(data, &first_read, rounds, samples)?;
    if let Some(warning) = figures.warning().filter(|_| !args.quiet) {
        note(&warning);
    }
    Ok(figures)
}

/// 1, 2, 4 and so on, and the most.
fn thread_counts(most: NonZeroUsize) -> Vec<NonZeroUsize> {
    let doubled = std::iter::successors(Some(NonZeroUsize::MIN), |count| {
        count.checked_mul(NonZeroUsize::MIN.saturating_add(1))
    });
    let mut counts: Vec<_> = doubled.take_while(|count| *count < most).collect();
    counts.push(most);
    counts
}

fn introduction(data: &Data, first_read: &Run, threads: &[NonZeroUsize], rounds: u32) -> Vec<String> {
    let bytes = ByteSize::b(first_read.seen.bytes).display().si();
    let mut lines = Vec::new();
    lines.push(match (data.is_made(), first_read.is_whole) {
        (true, _) => format!(
            "measuring {bytes} of invented contacts, one in a hundred with a fault, one in ten a further row of another"
        ),
        (false, true) => format!("measuring {bytes} in {}", plural(data.inputs.len() as u64, "input")),
        (false, false) => format!("measuring the first {bytes} of the input; --bytes says how much"),
    });
    let counts: Vec<String> = threads.iter().map(ToString::to_string).collect();
    lines.push(format!(
        "each stage with {} {}, {}",
        counts.join(", "),
        if counts.len() == 1 && counts[0] == "1" { "thread" } else { "threads" },
        plural(u64::from(rounds), "round")
    ));
    lines
}

/// What is said of a first round that takes long, if more follow.
fn long_round(elapsed: Duration, rounds: u32) -> Option<String> {
    let all = elapsed * rounds;
    (rounds > 1 && elapsed > LONG_ROUND).then(|| {
        format!(
            "the first round took {}; all {rounds} will take about {}; less with --bytes, --rounds or --threads",
            table::time(elapsed.as_secs_f64()),
            table::time(all.as_secs_f64())
        )
    })
}

fn changed() -> Failure {
    Failure::input_output(anyhow!(
        "the input has changed while it was measured; measure a copy that nobody writes to"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_doubled_up_to_the_most() {
        for (most, counts) in
            [(1, &[1][..]), (2, &[1, 2]), (3, &[1, 2, 3]), (8, &[1, 2, 4, 8]), (12, &[1, 2, 4, 8, 12])]
        {
            let most = NonZeroUsize::new(most).expect("not 0");
            let found: Vec<_> = thread_counts(most).into_iter().map(NonZeroUsize::get).collect();
            assert_eq!(found, counts);
        }
    }

    #[test]
    fn only_a_long_first_round_of_several_is_told() {
        let told = |seconds, rounds| long_round(Duration::from_secs(seconds), rounds);
        assert_eq!(told(60, 3), None);
        assert_eq!(told(90, 1), None);
        let said = told(90, 4).expect("a line");
        assert!(said.contains("took 1 min 30 s; all 4 will take about 6 min;"), "{said}");
    }
}
