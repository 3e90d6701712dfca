//! What a run that came to little may be about: an input that is not what it was taken for.

use mapping::Sources;
use ndjson::InputSummary;
use pipeline::Outcome;

/// How many inputs are named.
const NAMED: usize = 3;

/// How many places are named.
const NAMED_PLACES: usize = 10;

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
    // An input that has nothing that the mapping reads was called that.
    if doubts.is_empty() {
        doubts.extend(never_found(outcome, sources));
    }
    doubts
}

/// Places of a mapping of one's own that were in no record: the columns have other names, and what stands in them is lost.
fn never_found(outcome: &Outcome, sources: &Sources) -> Option<String> {
    let (mapping, missing) = sources.never_found()?;
    let more = missing.len().saturating_sub(NAMED_PLACES);
    let mut named = missing.iter().take(NAMED_PLACES).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    let records = match outcome.inputs.as_slice() {
        [] => "the records read".to_owned(),
        [input] => format!("the records of {}", input.name),
        inputs => format!("the records of {} inputs", inputs.len()),
    };
    Some(format!(
        "none of {records} has {named}, which {mapping} names; name places that are there, or these in `optional` \
         (`reteno-import presets --explain INPUT --from {mapping}` shows what is there)"
    ))
}
