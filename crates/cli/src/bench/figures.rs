//! From measurements to figures, and these as JSON.

use std::num::NonZeroUsize;

use pipeline::{Counts, Merged};
use serde::Serialize;

use super::changed;
use super::data::Data;
use super::stage::{Run, Seen, Stage};
use crate::exit::Failure;

/// The size of export for which the time is told.
const ESTIMATED_BYTES: u64 = 50_000_000_000;

/// All measurements of one stage with so many threads.
pub(super) struct Samples {
    stage: Stage,
    threads: NonZeroUsize,
    seen: Seen,
    counts: Option<Counts>,
    merged: Option<Merged>,
    seconds: Vec<f64>,
}

impl Samples {
    /// Of the first round.
    pub(super) fn new(stage: Stage, threads: NonZeroUsize, run: &Run) -> Self {
        Self {
            stage,
            threads,
            seen: run.seen,
            counts: run.counts,
            merged: run.merged,
            seconds: vec![run.seconds],
        }
    }

    /// Of a later round.
    ///
    /// # Errors
    /// If it saw something else.
    pub(super) fn add(&mut self, run: &Run) -> Result<(), Failure> {
        if run.seen != self.seen {
            return Err(changed());
        }
        self.seconds.push(run.seconds);
        Ok(())
    }
}

/// What is told. The names of its members are those of the JSON, and stable.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Figures {
    version: &'static str,
    pub(super) input: InputFigures,
    rounds: u32,
    pub(super) stages: Vec<StageFigures>,
    /// What `prepare` made of the records.
    counts: Counts,
    /// What it made of rows with the same key; none if it did not look for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    merging: Option<Merged>,
    pub(super) estimate: Estimate,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InputFigures {
    inputs: usize,
    /// Whether it was made by `bench`.
    pub(super) is_made: bool,
    /// Whether all of it was used.
    is_whole: bool,
    /// Decompressed.
    bytes: u64,
    /// As `check` counts them.
    records: u64,
    first_read_seconds: f64,
}

/// A stage with so many threads.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StageFigures {
    #[serde(serialize_with = "name")]
    pub(super) stage: Stage,
    pub(super) threads: usize,
    /// The median.
    pub(super) seconds: f64,
    /// The most less the least, by the median.
    pub(super) spread: f64,
    pub(super) gigabytes_per_second: f64,
    pub(super) records_per_second: f64,
    /// How many times as fast as parsing with the same threads.
    pub(super) of_parsing: f64,
    /// Records that the stage saw; none if it does not look for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
    all_seconds: Vec<f64>,
}

/// How long a large export takes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Estimate {
    pub(super) bytes: u64,
    /// Those with which `prepare` was fastest.
    pub(super) threads: usize,
    pub(super) seconds: f64,
    pub(super) seconds_with_one_thread: f64,
    /// If the input comes no faster than it was read the first time, at the least.
    pub(super) seconds_of_first_read: f64,
}

fn name<S: serde::Serializer>(stage: &Stage, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(stage.name())
}

impl Figures {
    /// Works them out.
    ///
    /// # Errors
    /// If there is no record in the input.
    pub(super) fn new(
        data: &Data,
        first_read: &Run,
        rounds: u32,
        samples: Vec<Samples>,
    ) -> Result<Self, Failure> {
        let whole = samples.iter().rfind(|samples| samples.stage == Stage::Prepare);
        let counts = whole.and_then(|whole| whole.counts).unwrap_or_default();
        if counts.read == 0 {
            return Err(Failure::usage(anyhow::anyhow!(
                "the input holds no record; there is nothing to measure"
            )));
        }
        let merging = whole.and_then(|whole| whole.merged);
        let bytes = first_read.seen.bytes;
        let mut stages: Vec<StageFigures> =
            samples.into_iter().map(|samples| StageFigures::new(samples, counts.read)).collect();
        for nth in 0..stages.len() {
            let parsing = stages
                .iter()
                .find(|parsing| parsing.stage == Stage::Parse && parsing.threads == stages[nth].threads);
            stages[nth].of_parsing = parsing.map_or(1.0, |parsing| parsing.seconds / stages[nth].seconds);
        }
        let estimate = Estimate::new(&stages, bytes, first_read.seconds);
        let input = InputFigures {
            inputs: data.inputs.len(),
            is_made: data.is_made(),
            is_whole: first_read.is_whole,
            bytes,
            records: counts.read,
            first_read_seconds: first_read.seconds,
        };
        Ok(Self { version: env!("CARGO_PKG_VERSION"), input, rounds, stages, counts, merging, estimate })
    }

    /// One JSON object.
    ///
    /// # Errors
    /// Never, as far as is known.
    pub(super) fn json(&self) -> Result<String, Failure> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(Failure::input_output)
    }

    /// What an estimate from few records cannot know.
    pub(super) fn warning(&self) -> Option<String> {
        let fitted = self.merging.is_some_and(|merging| merging.rows > 0 && merging.spilled_bytes == 0);
        fitted.then(|| {
            "what waits for merging fitted into --memory; of a larger export it goes to temporary files, which takes \
             longer. Measure with less --memory, or more --bytes, to see it"
                .to_owned()
        })
    }
}

impl StageFigures {
    fn new(samples: Samples, records: u64) -> Self {
        let Samples { stage, threads, seen, seconds: all_seconds, .. } = samples;
        let mut sorted = all_seconds.clone();
        sorted.sort_by(f64::total_cmp);
        // What takes no time that can be measured would be infinitely fast.
        let seconds = median(&sorted).max(1e-9);
        let spread = sorted.last().zip(sorted.first()).map_or(0.0, |(most, least)| (most - least) / seconds);
        Self {
            stage,
            threads: threads.get(),
            seconds,
            spread,
            gigabytes_per_second: seen.bytes as f64 / seconds / 1e9,
            records_per_second: records as f64 / seconds,
            of_parsing: 1.0,
            records: seen.records,
            all_seconds,
        }
    }
}

/// Of numbers in their order.
fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => (sorted[even / 2 - 1] + sorted[even / 2]) / 2.0,
    }
}

impl Estimate {
    fn new(stages: &[StageFigures], bytes: u64, first_read_seconds: f64) -> Self {
        let times = ESTIMATED_BYTES as f64 / bytes.max(1) as f64;
        let whole = || stages.iter().filter(|stage| stage.stage == Stage::Prepare);
        let fastest = whole().min_by(|one, other| one.seconds.total_cmp(&other.seconds));
        let alone = whole().find(|stage| stage.threads == 1).or(fastest);
        Self {
            bytes: ESTIMATED_BYTES,
            threads: fastest.map_or(1, |stage| stage.threads),
            seconds: fastest.map_or(0.0, |stage| stage.seconds) * times,
            seconds_with_one_thread: alone.map_or(0.0, |stage| stage.seconds) * times,
            seconds_of_first_read: first_read_seconds * times,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_ones() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
        assert_eq!(median(&[7.0]), 7.0);
    }

    fn samples(stage: Stage, threads: usize, seconds: &[f64]) -> Samples {
        Samples {
            stage,
            threads: NonZeroUsize::new(threads).expect("not 0"),
            seen: Seen { bytes: 1_000_000_000, records: Some(1_000) },
            counts: None,
            merged: None,
            seconds: seconds.to_vec(),
        }
    }

    #[test]
    fn a_stage_is_told_by_its_median_and_spread() {
        let figures = StageFigures::new(samples(Stage::Prepare, 2, &[4.0, 2.0, 1.0]), 1_000);
        assert_eq!((figures.seconds, figures.spread), (2.0, 1.5));
        assert_eq!((figures.gigabytes_per_second, figures.records_per_second), (0.5, 500.0));
        assert_eq!(figures.all_seconds, [4.0, 2.0, 1.0], "in the order of the rounds");
    }

    #[test]
    fn the_estimate_is_that_of_the_fastest_and_of_one_thread() {
        let stages: Vec<_> = [(1, 3.0), (2, 1.0), (4, 2.0)]
            .map(|(threads, seconds)| StageFigures::new(samples(Stage::Prepare, threads, &[seconds]), 1))
            .into();
        let estimate = Estimate::new(&stages, 1_000_000_000, 4.0);
        assert_eq!((estimate.threads, estimate.seconds), (2, 50.0));
        assert_eq!((estimate.seconds_with_one_thread, estimate.seconds_of_first_read), (150.0, 200.0));
    }
}
