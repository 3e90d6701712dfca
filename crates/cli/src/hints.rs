//! What a run that came to little may be about: an input that is not what it was taken for.

use mapping::Sources;
use ndjson::InputSummary;
use pipeline::Outcome;

/// How many inputs are named.
const NAMED: usize = 3;

/// Where at most one record of so many was written, little came of them.
const OF_RECORDS: u64 = 10;

/// Lines for people. Of a run that ended early it is not known what it read, but for the input that was `begun` before.
pub(crate) fn lines(outcome: &Outcome, sources: &Sources, begun: Option<&InputSummary>) -> Vec<String> {
    let counts = outcome.counts;
    let came_to_little = (counts.written + counts.merged) * OF_RECORDS <= counts.read;
    let inputs =
        if outcome.inputs.is_empty() { begun.map(std::slice::from_ref) } else { Some(&*outcome.inputs) };
    let doubts = inputs.unwrap_or_default().iter().filter_map(|input| sources.doubt(input, came_to_little));
    let mut doubts: Vec<String> = doubts.collect();
    let more = doubts.len().saturating_sub(NAMED);
    doubts.truncate(NAMED);
    if more > 0
        && let Some(last) = doubts.last_mut()
    {
        let (inputs, look) = if more == 1 { ("input", "looks") } else { ("inputs", "look") };
        last.push_str(&format!("; {more} other {inputs} {look} like that, too"));
    }
    doubts
}
