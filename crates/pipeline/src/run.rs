//! One run: the workers, the ordered stage and the sink, and how they end together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use batch::{BatchCounts, Batcher};
use sink::SinkError;

use crate::duplicates::{Duplicates, LeftOut};
use crate::examine::Examination;
use crate::fold::Folding;
use crate::job::{Job, Task};
use crate::merging::OnDuplicate;
use crate::ordered::{OfCode, Ordered};
use crate::outcome::{Counts, End, Outcome};
use crate::outlet::Outlet;
use crate::progress::{Progress, Stop};
use crate::reject::Rejects;
use crate::request_body::Agreement;
use crate::seen::Hasher;
use crate::sink_thread::AtEnd;
use crate::tally::Tally;
use crate::workers::{InOrder, ReadToEnd, ToSink, Workers};

/// How often a waiting run looks whether it was asked to stop.
pub(crate) const STOP_INTERVAL: Duration = Duration::from_millis(50);

/// Does what the job says. Refused records go to `rejects` in input order, on any thread; `progress` may be watched from
/// another thread, and `stop` ends the run soon.
///
/// Nothing is printed and nothing panics on data: all that happens is in the [`Outcome`].
pub fn run(job: Job, rejects: Box<dyn Rejects + Send>, progress: &Progress, stop: &Stop) -> Outcome {
    let started = Instant::now();
    let names: Arc<[String]> = job.reader.inputs().iter().map(|input| input.name.clone()).collect();
    let mut end = None;
    let (mut batcher, mut sink) = (None, None);
    let mut waiting = (None, Duplicates::Keep, None);
    let examination = match job.task {
        Task::Raw(schema) => Examination::Raw(schema),
        Task::Contacts { sources, rules, merging, output } => {
            let dedupe_on = rules.options().dedupe_on;
            debug_assert_eq!(
                rules.options().finds,
                merging.finds(dedupe_on),
                "rules find what merging needs"
            );
            let hasher = (merging.on_duplicate != OnDuplicate::Keep).then(Hasher::new);
            let mut agreement = Agreement::Key(dedupe_on);
            if let Some(output) = output {
                agreement = Agreement::Request(output.batches.request.clone());
                let completing = output.completing(&rules, &merging, &sources);
                let tally = output.tally;
                match Batcher::new(output.batches) {
                    Ok(made) => {
                        batcher = Some(made);
                        sink = Some(Outlet::open(output.sink, completing, tally, stop.clone()));
                    }
                    Err(error) => end = Some(End::OptionsRefused(error)),
                }
            }
            let folding = hasher.map(|hasher| Folding {
                rules: Arc::clone(&rules),
                on_duplicate: merging.on_duplicate,
                log_conflicts: merging.log_conflicts,
                hasher,
                space: spill::Space::new(merging.temp_dir.clone()),
                names: Arc::clone(&names),
            });
            let duplicates = Duplicates::new(&merging, dedupe_on, job.threads.get());
            waiting = (folding, duplicates, LeftOut::new(&merging));
            Examination::Contacts { rules, agreement, hasher, sources }
        }
    };
    let mut ordered = Ordered::new(names, rejects, job.max_rejects, job.max_errors_per_record, batcher);
    (ordered.folding, ordered.duplicates, ordered.left_out) = waiting;
    let is_merging = ordered.folding.is_some();
    let mut in_order = InOrder { ordered, sink };
    let mut read = ReadToEnd::default();
    if end.is_none() {
        let threads = job.threads.get();
        let workers = Workers::start(job.reader, examination, threads, in_order, progress, stop);
        let (given_back, ended) = workers.finish();
        in_order = given_back;
        match ended {
            Ok(ended) => read = ended,
            Err(failure) => end = Some(failure),
        }
    }
    let InOrder { mut ordered, mut sink } = in_order;
    let finished = match end {
        Some(end) => Err(end),
        None => {
            let bodies = &mut ToSink(sink.as_mut());
            ordered.regroup(job.threads.get(), progress, stop, bodies).and_then(|()| ordered.finish(bodies))
        }
    };
    let batches = ordered.batch_counts();
    let told = ordered.told;
    let (mut by_code, mut records_by_code) = (BTreeMap::new(), BTreeMap::new());
    for (code, OfCode { violations, records, .. }) in std::mem::take(&mut ordered.by_code) {
        by_code.insert(code.to_string(), violations);
        records_by_code.insert(code.to_string(), records);
    }
    let (end, tally) = settle(finished, &mut ordered.counts, told, batches, &read, sink);
    Outcome {
        end,
        counts: ordered.counts,
        merged: is_merging.then_some(ordered.merged),
        conflicts: std::mem::take(&mut ordered.conflicts),
        batches,
        fill_warning: ordered.fill_warning(),
        tally,
        by_code,
        records_by_code,
        repairs: std::mem::take(&mut ordered.repairs),
        inputs: read.inputs,
        input_errors: read.errors,
        elapsed: started.elapsed(),
    }
}

/// Counts what the sink has, checks that everything adds up, and only then lets the output be called complete.
fn settle(
    finished: Result<(), End>,
    counts: &mut Counts,
    told: u64,
    batches: Option<BatchCounts>,
    read: &ReadToEnd,
    sink: Option<Outlet>,
) -> (End, Option<Tally>) {
    let failure = finished.err();
    let Some(sink) = sink else {
        return (failure.unwrap_or_else(|| if_whole(counts, read)), None);
    };
    if matches!(failure, Some(End::Interrupted)) {
        return (End::Interrupted, sink.abandon());
    }
    if let Some(written) = sink.contacts_written() {
        counts.written = written;
    }
    let end = failure.unwrap_or_else(|| if_whole(counts, read));
    let at_end = batches.filter(|_| matches!(end, End::Complete)).map(|batches| AtEnd {
        counts,
        told,
        bodies: batches.bodies,
        field_sets: batches.field_sets,
        inputs: &read.inputs,
    });
    // Why the sink took nothing any more is what the user wants to know, not that it did not.
    let (ended, tally) = sink.end(at_end.as_ref());
    let end = match ended {
        Err(SinkError::Closed) => End::OutputClosed,
        Err(error) => End::SinkFailed(error),
        Ok(()) => end,
    };
    (end, tally)
}

/// How a run ended that did all it could.
fn if_whole(counts: &Counts, read: &ReadToEnd) -> End {
    if !read.errors.is_empty() {
        End::InputFailed
    } else if !counts.add_up() {
        End::IdentityBroken
    } else {
        End::Complete
    }
}
