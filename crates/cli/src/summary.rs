//! A few lines at the end of a run, for people.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use bytesize::ByteSize;
use indicatif::HumanCount;
use mapping::Sources;
use pipeline::{Action, End, Outcome};

use crate::exit::note;
use crate::session::{RejectsTo, Session};

/// What inputs are called whose records are contacts already.
const CONTACTS: &str = "contacts";

/// How many codes are named.
const CODES: usize = 5;

/// Prints what the run came to.
pub(crate) fn print(outcome: &Outcome, session: &Session<'_>) {
    for line in lines(outcome, session) {
        note(&line);
    }
}

fn lines(outcome: &Outcome, session: &Session<'_>) -> Vec<String> {
    let counts = outcome.counts;
    let is_complete = matches!(outcome.end, End::Complete);
    let mut lines = vec![if is_complete && counts.add_up() {
        counts.identity_with(|number| HumanCount(number).to_string())
    } else {
        // A run that ended early: what was on its way is in none of the sums, or what could not be read.
        format!(
            "not complete: {} read, {} written, {} merged, {} rejected, {} skipped",
            HumanCount(counts.read),
            HumanCount(counts.written),
            HumanCount(counts.merged),
            HumanCount(counts.rejected),
            HumanCount(counts.skipped)
        )
    }];
    if is_complete && counts.read == 0 {
        let holds = if outcome.inputs.len() == 1 { "the input holds" } else { "the inputs hold" };
        lines.push(format!("warning: {holds} no record"));
    }
    lines.extend(session.sources.as_ref().and_then(|sources| read_as(outcome, sources)));
    if let Some(batches) = outcome.batches.as_ref().filter(|batches| is_complete && batches.bodies > 0) {
        let mean = batches.mean_contacts().unwrap_or(0.0);
        let place = match &session.folder {
            Some(folder) => format!(" in {}", folder.display()),
            None => String::new(),
        };
        lines.push(format!(
            "{} with {} each on average, {}{place}",
            plural(batches.bodies, "request"),
            plural(mean.round() as u64, "contact"),
            plural(batches.field_sets, "field set"),
        ));
    }
    if let Some(warning) = &outcome.fill_warning {
        lines.push(format!("warning: {warning} (--absent clear)"));
    }
    if counts.pruned > 0 {
        lines.push(format!(
            "{} lost a part: {}",
            plural(counts.pruned, "record"),
            codes(outcome, Action::Pruned, counts.pruned)
        ));
    }
    if counts.merged > 0 {
        let is_told = outcome.records_by_code.values().any(|count| count.duplicate > 0);
        lines.push(if !is_told {
            format!("{} merged into others of the same key", plural(counts.merged, "record"))
        } else {
            format!("{} left out because another one of their key is kept", plural(counts.merged, "record"))
        });
    }
    if let Some(merged) = outcome.merged.filter(|merged| merged.conflicts > 0) {
        lines.push(format!(
            "{} gave way to more recent ones: {}",
            plural(merged.conflicts, "value"),
            most_frequent(&by_frequency(&outcome.conflicts, |count| *count), "fields")
        ));
    }
    if counts.rejected > 0 {
        lines.push(format!(
            "{} rejected: {}",
            plural(counts.rejected, "record"),
            codes(outcome, Action::Rejected, counts.rejected)
        ));
    }
    if counts.skipped > 0 {
        lines.push(format!(
            "{} skipped: {}",
            plural(counts.skipped, "record"),
            codes(outcome, Action::Skipped, counts.skipped)
        ));
    }
    // What a rejects file that was read tells of already is not told once more.
    let is_told = outcome.by_code.iter().any(|(code, count)| {
        count.duplicate + count.conflict > 0 || count.skipped > 0 && code != mapping::NOT_REJECTED
    });
    if (counts.rejected + counts.pruned > 0 || is_told)
        && !matches!(outcome.end, End::RejectsFailed(_))
        && let RejectsTo::File(path) = &session.rejects
    {
        lines.push(format!("{} says which, where and why", path.display()));
    }
    if let Some(count) = outcome.by_code.get(mapping::RAW_NOT_JSON) {
        lines.push(format!(
            "{} without a JSON object in raw: `reteno-import explain {}` says how rows of CSV are brought in",
            plural(count.rejected, "record"),
            mapping::RAW_NOT_JSON
        ));
    }
    if session.telling.verbose {
        let repairs: Vec<String> = outcome
            .repairs
            .iter()
            .map(|(normaliser, count)| format!("{} {}", normaliser.name(), HumanCount(count)))
            .collect();
        let repairs = if repairs.is_empty() { "none".to_owned() } else { repairs.join(", ") };
        lines.push(format!("repairs: {repairs}; blank lines: {}", HumanCount(counts.blank_lines)));
        for input in outcome.inputs.iter().take(CODES) {
            lines.push(format!(
                "{}: {}, {} read",
                input.name,
                input.format.as_str(),
                ByteSize(input.stored_bytes)
            ));
        }
    }
    let bytes: u64 = outcome.inputs.iter().map(|input| input.bytes).sum();
    let seconds = outcome.elapsed.as_secs_f64().max(1e-3);
    // A run that ended early does not know what it read.
    if outcome.inputs.is_empty() {
        return lines;
    }
    lines.push(format!(
        "{} of {} in {seconds:.1} s, {}/s",
        ByteSize(bytes),
        plural(outcome.inputs.len() as u64, "input"),
        ByteSize((bytes as f64 / seconds) as u64),
    ));
    lines
}

/// By which mappings records became contacts, if by any.
fn read_as(outcome: &Outcome, sources: &Sources) -> Option<String> {
    let mut inputs: BTreeMap<Cow<'_, str>, u64> = BTreeMap::new();
    for input in &outcome.inputs {
        *inputs.entry(sources.read_as(input).unwrap_or(CONTACTS.into())).or_default() += 1;
    }
    if inputs.keys().all(|mapping| *mapping == CONTACTS) {
        return None;
    }
    let counted = inputs.iter().map(|(mapping, count)| format!("{} as {mapping}", plural(*count, "input")));
    let mut line = format!("read {}", counted.collect::<Vec<_>>().join(", "));
    if outcome.counts.written > 0 && sources.names_no_app() {
        line.push_str("; push tokens name no app, which --app-id UUID can say");
    }
    Some(line)
}

/// The most frequent codes of the records with an action, and how many records have each of them.
fn codes(outcome: &Outcome, action: Action, records: u64) -> String {
    let codes = by_frequency(&outcome.records_by_code, |count| count.of(action));
    let mut named = most_frequent(&codes, "codes");
    if codes.iter().map(|(_, count)| count).sum::<u64>() > records {
        named.push_str("; a record counts at each of its codes");
    }
    named
}

/// What there are any of, the most frequent first.
pub(crate) fn by_frequency<C>(counted: &BTreeMap<String, C>, of: impl Fn(&C) -> u64) -> Vec<(&str, u64)> {
    let counted = counted.iter().map(|(name, count)| (name.as_str(), of(count)));
    let mut counted: Vec<_> = counted.filter(|(_, count)| *count > 0).collect();
    counted.sort_by_key(|(_, count)| Reverse(*count));
    counted
}

/// The first of some things in words.
fn most_frequent(counted: &[(&str, u64)], things: &str) -> String {
    let more = counted.len().saturating_sub(CODES);
    let mut named: Vec<String> =
        counted.iter().take(CODES).map(|(name, count)| format!("{name} {}", HumanCount(*count))).collect();
    if more > 0 {
        let things = if more == 1 { things.trim_end_matches('s') } else { things };
        named.push(format!("and {more} other {things}"));
    }
    named.join(", ")
}

pub(crate) fn plural(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", HumanCount(number))
}
