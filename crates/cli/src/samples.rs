//! How far a run was at which time: a bounded number of points, however long it takes.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pipeline::Progress;

/// How far apart the first points are; the distance doubles whenever there are too many.
const FIRST_INTERVAL: Duration = Duration::from_millis(250);

/// The most points that are kept.
const MOST_SAMPLES: usize = 240;

/// How far a run was at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Since the run began.
    pub(crate) elapsed: Duration,
    /// Records dealt with.
    pub(crate) records: u64,
    /// Of the records that waited for others of their key, those that are dealt with.
    pub(crate) regrouped: u64,
    /// Bytes read, as stored.
    pub(crate) bytes: u64,
}

/// Points in the order of time; the last one is the end of the run.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    points: Vec<Sample>,
    /// Every so many of those that come are kept.
    stride: u64,
    came: u64,
}

impl Samples {
    /// All points, the beginning among them.
    pub(crate) fn points(&self) -> &[Sample] {
        &self.points
    }

    fn push(&mut self, sample: Sample) {
        self.stride = self.stride.max(1);
        if self.came.is_multiple_of(self.stride) {
            self.points.push(sample);
        }
        self.came += 1;
        if self.points.len() > MOST_SAMPLES {
            let mut nth = 0;
            self.points.retain(|_| {
                nth += 1;
                nth % 2 == 1
            });
            self.stride *= 2;
        }
    }

    /// The end of the run, which is always kept.
    fn end(&mut self, sample: Sample) {
        self.points.push(sample);
    }
}

/// Takes samples until it is told to finish.
pub(crate) struct Sampling {
    finish: Sender<()>,
    thread: Option<JoinHandle<Samples>>,
}

impl Sampling {
    /// Begins, on a thread of its own.
    pub(crate) fn start(progress: Progress) -> Self {
        let (finish, finished) = mpsc::channel();
        let work = move || {
            let started = Instant::now();
            let mut samples = Samples::default();
            samples.push(Sample::default());
            loop {
                let told = finished.recv_timeout(FIRST_INTERVAL);
                let sample = sample(&progress, started.elapsed());
                if told != Err(RecvTimeoutError::Timeout) {
                    samples.end(sample);
                    return samples;
                }
                samples.push(sample);
            }
        };
        // Without a thread there is no picture of the throughput, and all else is as it was.
        let thread = std::thread::Builder::new().name("samples".to_owned()).spawn(work).ok();
        Self { finish, thread }
    }

    /// The run has ended.
    pub(crate) fn finish(self) -> Samples {
        let Self { finish, thread } = self;
        drop(finish);
        thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

fn sample(progress: &Progress, elapsed: Duration) -> Sample {
    Sample {
        elapsed,
        records: progress.records(),
        regrouped: progress.merging().map_or(0, |(_, regrouped)| regrouped),
        bytes: progress.bytes_read(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_samples_come_some_evenly_spread_ones_stay() {
        for count in [1_u64, 240, 241, 5000, 1_000_000] {
            let mut samples = Samples::default();
            for nth in 0..count {
                samples.push(Sample { records: nth, ..Sample::default() });
            }
            samples.end(Sample { records: count, ..Sample::default() });
            let records: Vec<u64> = samples.points().iter().map(|sample| sample.records).collect();
            assert!(records.len() <= MOST_SAMPLES + 1, "{count}: {}", records.len());
            assert!(
                records.len() as u64 > (MOST_SAMPLES as u64 / 2).min(count),
                "{count}: {}",
                records.len()
            );
            assert_eq!((records.first(), records.last()), (Some(&0), Some(&count)));
            let distances: Vec<u64> = records.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let even = &distances[..distances.len() - 1];
            assert!(even.windows(2).all(|pair| pair[0] == pair[1]), "{count}: {even:?}");
        }
    }

    #[test]
    fn the_last_sample_is_the_end_of_the_run() {
        let samples = Sampling::start(Progress::default()).finish();
        assert!(samples.points().len() >= 2);
        assert_eq!(samples.points()[0], Sample::default());
    }
}
