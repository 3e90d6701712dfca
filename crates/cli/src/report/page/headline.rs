//! The beginning of the page: what happened, in a sentence; when, by what and to which inputs.

use bytesize::ByteSize;
use jiff::Timestamp;
use mapping::Mapping;
use maud::{Markup, html};
use ndjson::{Compression, Format, InputSummary};
use pipeline::{Action, End};
use reteno::UploadOutcome;

use super::figures::{number, path, prose, short};
use crate::exit::{self, Leaves};
use crate::report::{Facts, Purpose};
use crate::session::RejectsTo;
use crate::summary::plural;

/// How many inputs are named.
const MOST_INPUTS: usize = 20;

/// How many reasons of records that were left out on purpose are named.
const MOST_REASONS: usize = 5;

/// How many inputs that could not be read are told.
const MOST_INPUT_ERRORS: usize = 5;

/// How a run stands, for somebody who reads nothing else.
enum Standing {
    Complete,
    WithMissing,
    NotComplete,
}

/// The head of the page of a run.
pub(super) fn of_run(facts: &Facts<'_>) -> Markup {
    let outcome = facts.outcome;
    let upload_unfinished = facts.uploaded.is_some_and(|uploaded| !is_done(uploaded, 0));
    let standing = match outcome.end {
        End::Complete if upload_unfinished => Standing::NotComplete,
        End::Complete if outcome.counts.rejected > 0 => Standing::WithMissing,
        End::Complete => Standing::Complete,
        _ => Standing::NotComplete,
    };
    html! {
        header {
            h1 { "Import report" }
            p.headline { (sentence(facts)) }
            (standing.badge())
            @for line in further(facts) { p { (prose(&line)) } }
            @for hint in facts.hints { div.note { p { (prose(&crate::reasons::shortened_to(hint, 500))) } } }
            @if !matches!(outcome.end, End::Complete) { (why_not_complete(facts)) }
            (places(facts))
        }
        (inputs(facts))
    }
}

/// The head of the page of an upload of bodies that were ready.
pub(super) fn of_upload(uploaded: &UploadOutcome, not_sent: u64) -> Markup {
    let tally = uploaded.tally.with_not_begun(not_sent);
    let standing = match (is_done(uploaded, not_sent), tally.failed) {
        (false, _) => Standing::NotComplete,
        (true, 0) => Standing::Complete,
        (true, _) => Standing::WithMissing,
    };
    html! {
        header {
            h1 { "Upload report" }
            p.headline {
                (number(tally.finished)) " of " (plural(tally.contacts, "contact")) " are imported into Reteno."
                @if tally.failed > 0 { " " (number(tally.failed)) " were refused by the server." }
                @if tally.unknown() > 0 { " Of " (number(tally.unknown())) " the end is not known yet." }
                @if tally.not_sent > 0 { " Not sent: " (number(tally.not_sent)) "." }
            }
            (standing.badge())
            dl.facts {
                dt { "Written" } dd { (moment(Timestamp::now())) }
                dt { "Tool" } dd { "reteno-import " (env!("CARGO_PKG_VERSION")) }
            }
        }
    }
}

/// Whether the end of every contact is known.
fn is_done(uploaded: &UploadOutcome, not_sent: u64) -> bool {
    uploaded.halt.is_none() && uploaded.tally.with_not_begun(not_sent).is_ended()
}

impl Standing {
    fn badge(&self) -> Markup {
        let (class, words) = match self {
            Self::Complete => ("status good", "✓ Complete: every record is accounted for"),
            Self::WithMissing => ("status warn", "! Complete, but records are missing: see why below"),
            Self::NotComplete => ("status bad", "✗ Not complete"),
        };
        html! { p class=(class) { (words) } }
    }
}

/// How many were written of how many, and how many are missing.
fn sentence(facts: &Facts<'_>) -> String {
    let counts = facts.outcome.counts;
    let written = facts.written();
    let thing = if facts.purpose == Purpose::Validate { "record" } else { "contact" };
    let what = match facts.purpose {
        Purpose::Check | Purpose::Validate => "passed the check",
        Purpose::Discard | Purpose::DryRun => "would have been written",
        Purpose::Prepare | Purpose::Upload if written == 1 => "was written",
        Purpose::Prepare | Purpose::Upload => "were written",
    };
    let is_complete = matches!(facts.outcome.end, End::Complete);
    let begin = if is_complete { "" } else { "The run is not complete: " };
    let until = if is_complete { "" } else { " that were read" };
    let of = plural(counts.read, "record");
    let mut sentence = format!("{begin}{} {what} out of {of}{until}.", plural(written, thing));
    let (are, they_were) = if counts.rejected == 1 { ("is", "it was") } else { ("are", "they were") };
    let lack = format!("{} {are} missing: {they_were} rejected.", number(counts.rejected));
    let were = if counts.skipped == 1 { "was" } else { "were" };
    let left_out = format!("{} {were} left out on purpose", number(counts.skipped));
    sentence += &match (counts.rejected, counts.skipped) {
        (0, 0) if is_complete => " None is missing.".to_owned(),
        (0, 0) => " None of them was rejected.".to_owned(),
        (_, 0) => format!(" {lack}"),
        (0, _) if is_complete => format!(" {left_out}; none is missing."),
        (0, _) => format!(" {left_out}; none was rejected."),
        (_, _) => format!(" {lack} {left_out}."),
    };
    let undecided = facts.undecided();
    if undecided > 0 {
        sentence += &format!(" What becomes of the other {} was not decided yet.", number(undecided));
    }
    sentence
}

/// What else a reader of the first lines has to know; code stands between backticks.
fn further(facts: &Facts<'_>) -> Vec<String> {
    let outcome = facts.outcome;
    let counts = outcome.counts;
    let mut lines = Vec::new();
    if counts.merged > 0 {
        let told = facts.reasons.records(Action::Duplicate) > 0;
        let (one, many) = if told {
            (
                "record was left out because another one of its key is kept.",
                "records were left out because another one of their key is kept.",
            )
        } else {
            (
                "record became part of another contact with the same key. It is not missing.",
                "records became part of other contacts with the same key. They are not missing.",
            )
        };
        lines.push(format!("{} {}", number(counts.merged), if counts.merged == 1 { one } else { many }));
    }
    if counts.skipped > 0 {
        lines.push(format!("Left out on purpose: {}.", most_frequent(&facts.by_frequency(Action::Skipped))));
    }
    if counts.pruned > 0 {
        let what = if counts.pruned == 1 {
            "record lost a part; the rest of it is"
        } else {
            "records lost a part; the rest of them is"
        };
        lines.push(format!("{} {what} kept.", number(counts.pruned)));
    }
    if let Some(uploaded) = facts.uploaded {
        let tally = &uploaded.tally;
        lines.push(format!(
            "Of the contacts that were sent, {} are imported, {} failed, and of {} the end is not known.",
            number(tally.finished),
            number(tally.failed),
            number(tally.unknown())
        ));
        if tally.not_sent > 0 {
            lines.push(format!("Not sent: {}.", plural(tally.not_sent, "contact")));
        }
    }
    lines
}

/// The most frequent reasons in words, which the table of reasons has in full.
fn most_frequent(reasons: &[(&str, u64)]) -> String {
    let mut named: Vec<String> = reasons
        .iter()
        .take(MOST_REASONS)
        .map(|(code, records)| format!("{}\u{a0}`{}`", number(*records), short(code).replace('`', "'")))
        .collect();
    let more = reasons.len().saturating_sub(MOST_REASONS) as u64;
    if more > 0 {
        named.push(format!("and {}", plural(more, "other reason")));
    }
    named.join(", ")
}

/// Why a run is not complete, and what that means for its output.
fn why_not_complete(facts: &Facts<'_>) -> Markup {
    let outcome = facts.outcome;
    let halted = facts.uploaded.and_then(|uploaded| uploaded.halt.as_ref()).map(ToString::to_string);
    let reason = match (&outcome.end, halted) {
        (End::SinkFailed(sink::SinkError::Stopped), Some(halted)) => format!("The upload stopped: {halted}"),
        (End::OutputClosed, _) => {
            "The program that read the output closed it, so that nothing more could be written.".to_owned()
        }
        _ => exit::reason(outcome, Leaves::of(facts.purpose, facts.folder))
            .map(|reason| format!("{reason:#}"))
            .unwrap_or_default(),
    };
    html! {
        div.note.bad {
            p { strong { "Why: " } (short_reason(&reason)) }
            @for error in outcome.input_errors.iter().take(MOST_INPUT_ERRORS) {
                p { (short_reason(&error.to_string())) }
            }
            @if outcome.input_errors.len() > MOST_INPUT_ERRORS {
                p { "And " (outcome.input_errors.len() - MOST_INPUT_ERRORS) " more." }
            }
        }
    }
}

/// A reason holds names of files, so it can be long.
fn short_reason(reason: &str) -> String {
    crate::reasons::shortened_to(reason, 500)
}

/// When, by what, and where things are.
fn places(facts: &Facts<'_>) -> Markup {
    html! {
        dl.facts {
            dt { "Began" } dd { (moment(facts.began)) }
            dt { "Tool" } dd { "reteno-import " (env!("CARGO_PKG_VERSION")) }
            @if let Some(folder) = facts.folder {
                dt { "Output" } dd { bdi.path { (short(&folder.display().to_string())) } }
            }
            @if let RejectsTo::File(file) = facts.rejects {
                dt { "Rejected or left out" }
                dd {
                    bdi.path { (path(&short(&file.display().to_string()))) }
                    " says which, where and why, one on each line"
                }
            }
        }
    }
}

fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn inputs(facts: &Facts<'_>) -> Markup {
    let known = &facts.outcome.inputs;
    let count = if known.is_empty() { facts.names.len() } else { known.len() };
    let rest = count.saturating_sub(MOST_INPUTS);
    let is_mapped = known.iter().any(|input| mapping_of(input, facts).is_some() || are_rejects(input, facts));
    html! {
        section {
            h2 { "Inputs" }
            @if known.is_empty() {
                p.quiet { "The run ended before all of them were read." }
                ul {
                    @for name in facts.names.iter().take(MOST_INPUTS) { li { bdi.path { (path(&short(name))) } } }
                }
            } @else {
                table.inputs.cards role="table" {
                    caption { (plural(count as u64, "input")) ", read as one stream in this order." }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Name" }
                        th scope="col" role="columnheader" { "Format" }
                        @if is_mapped { th scope="col" role="columnheader" { "Read as" } }
                        th.number scope="col" role="columnheader" { "Size" }
                    } }
                    tbody role="rowgroup" {
                        @for input in known.iter().take(MOST_INPUTS) {
                            tr role="row" {
                                th scope="row" role="rowheader" { bdi.path { (path(&short(&input.name))) } }
                                td role="cell" data-label="Format" {
                                    (format(input))
                                    @if !input.complete { strong.bad { " not read to its end" } }
                                }
                                @if is_mapped {
                                    td role="cell" data-label="Read as" { (read_as(input, facts)) }
                                }
                                td.number role="cell" data-label="Size" { (ByteSize(input.stored_bytes)) }
                            }
                        }
                    }
                }
            }
            @if rest > 0 { p.quiet { "And " (plural(rest as u64, "further input")) "." } }
        }
    }
}

/// The mapping by which the records of an input became contacts; `None` if they are contacts.
fn mapping_of<'f>(input: &InputSummary, facts: &Facts<'f>) -> Option<&'f Mapping> {
    let sources = facts.sources?;
    sources.mapping_of(input).map(|_| sources.mapping(input.dialect))
}

/// Whether its records stood in the lines of a rejects file.
fn are_rejects(input: &InputSummary, facts: &Facts<'_>) -> bool {
    facts.sources.is_some_and(|sources| sources.are_rejects(input.dialect))
}

/// What the records of an input are, and who says so.
fn read_as(input: &InputSummary, facts: &Facts<'_>) -> Markup {
    let are_rejects = are_rejects(input, facts);
    let Some(mapping) = mapping_of(input, facts) else {
        return html! { @if input.format != Format::Auto { @if are_rejects { "rejects of " } "contacts" } };
    };
    html! {
        @if are_rejects { "rejects of " }
        bdi { (short(mapping.title())) }
        @if mapping.title() != mapping.name() { " (" bdi.path { (short(mapping.name())) } ")" }
        span.quiet {
            @match input.recognised.as_deref().unwrap_or_default() {
                "" => { ", as " code.option { "--from" } " says" }
                because => { ", recognised " (because) }
            }
        }
    }
}

fn format(input: &InputSummary) -> String {
    let compression = match input.compression {
        Compression::None => "",
        Compression::Gzip => ", gzip",
        Compression::Zstd => ", Zstandard",
        _ => ", compressed",
    };
    format!("{}{compression}", input.format.as_str())
}
