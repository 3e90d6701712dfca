//! `--report FILE.html`: what a run came to, on one page for people. It loads nothing, and runs nothing.

mod accounting;
mod contacts;
mod figures;
mod headline;
mod reasons;
mod throughput;
mod upload;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use reteno::UploadOutcome;
use serde_json::{Map, Value};

use self::figures::short;
use super::Facts;

const STYLE: &str = include_str!("page/style.css");

/// So many bytes of options are on the page.
const MOST_OPTION_BYTES: usize = 12_000;

/// The page of a run over records.
pub(super) fn of_run(facts: &Facts<'_>) -> String {
    let body = html! {
        (headline::of_run(facts))
        (accounting::section(facts))
        (reasons::section(facts))
        @if let Some(tally) = &facts.outcome.tally { (contacts::written(tally, facts)) }
        (contacts::merging(facts))
        (contacts::repairs(facts))
        (contacts::batches(facts))
        @if let Some(uploaded) = facts.uploaded { (upload::section(uploaded, 0)) }
        (throughput::section(facts))
        (options(facts.options))
    };
    page("Import report", &body)
}

/// The page of an upload of bodies that were ready.
pub(super) fn of_upload(uploaded: &UploadOutcome, not_sent: u64) -> String {
    let body = html! {
        (headline::of_upload(uploaded, not_sent))
        (upload::section(uploaded, not_sent))
    };
    page("Upload report", &body)
}

fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                title { (title) " – reteno-import" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                footer {
                    p {
                        "Written by reteno-import " (env!("CARGO_PKG_VERSION")) ", which is not an official product of Reteno. "
                        "Values of contacts are masked; names of files and places in records are not."
                    }
                }
            }
        }
    };
    page.into_string()
}

/// The options of the run, as a file of settings would have them.
fn options(options: &Map<String, Value>) -> Markup {
    let mut room = MOST_OPTION_BYTES;
    let set: Vec<_> = options.iter().filter_map(|(name, value)| Some((name, words(value)?))).collect();
    let row = |(name, value): &(&String, String)| {
        let row = html! { tr { th scope="row" { code { "--" (name) } } td { bdi.path { (short(value)) } } } };
        room = room.checked_sub(row.0.len())?;
        Some(row)
    };
    let shown: Vec<Markup> = set.iter().map_while(row).collect();
    let more = set.len() - shown.len();
    html! {
        section {
            h2 { "Options of this run" }
            table.options {
                caption { "As they would stand in a file of settings. Options that were not set are left out." }
                thead { tr { th scope="col" { "Option" } th scope="col" { "Value" } } }
                tbody {
                    @for row in &shown { (row) }
                }
            }
            @if more > 0 { p.quiet { "And " (more) " more." } }
        }
    }
}

/// The value of an option; `None` if it is not set.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some("yes".to_owned()),
        Value::String(text) => Some(text.clone()),
        Value::Array(values) if values.is_empty() => None,
        Value::Array(values) => Some(values.iter().filter_map(words).collect::<Vec<_>>().join(", ")),
        other => Some(other.to_string()),
    }
}
