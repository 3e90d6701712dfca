//! Why records are missing, or not whole: a table for each action, with the first records of each reason.

use maud::{Markup, html};
use pipeline::Action;

use super::figures::{bar, message, number, path, prose, short};
use crate::explain;
use crate::reasons::Example;
use crate::report::Facts;
use crate::session::RejectsTo;
use crate::summary::plural;

/// How many reasons of one action are shown.
const MOST_REASONS: usize = 30;

/// So many bytes of reasons are on the page, and of these so many of examples, everything that marks them included.
const MOST_BYTES: Room = Room { reasons: 95_000, examples: 60_000 };

/// How much more can be put on the page.
struct Room {
    reasons: usize,
    examples: usize,
}

/// What is said of records with an action.
struct Kind {
    action: Action,
    title: &'static str,
    caption: &'static str,
    class: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        action: Action::Rejected,
        title: "Why records were rejected",
        caption: "These records are missing in the output.",
        class: "c-rejected",
    },
    Kind {
        action: Action::Skipped,
        title: "Why records were left out on purpose",
        caption: "The mapping of their source, or an option of this run, leaves such records out. That is no mistake.",
        class: "c-skipped",
    },
    Kind {
        action: Action::Pruned,
        title: "Why parts of records were left out",
        caption: "These records are in the output, but without the part that is named.",
        class: "c-written",
    },
    Kind {
        action: Action::Duplicate,
        title: "Records left out because another one is kept",
        caption: "Another record with the same key is in the output.",
        class: "c-merged",
    },
];

pub(super) fn section(facts: &Facts<'_>) -> Markup {
    let mut room = MOST_BYTES;
    let tables: Vec<Markup> = KINDS
        .iter()
        .filter(|kind| facts.reasons.records(kind.action) > 0)
        .map(|kind| table(kind, facts, &mut room))
        .collect();
    html! {
        section {
            h2 { "What is missing or left out, and why" }
            @if tables.is_empty() {
                p { "Nothing was rejected, and no part of a record was left out." }
            } @else {
                p.quiet {
                    code { "reteno-import explain CODE" } " says more about a code. Examples name the input and the line. Values are masked: at most two of their characters are shown."
                    @if let RejectsTo::File(file) = facts.rejects {
                        " All records that were rejected or left out are in " bdi.path { (path(&short(&file.display().to_string()))) } "."
                    }
                }
                @for table in &tables { (table) }
            }
        }
    }
}

fn table(kind: &Kind, facts: &Facts<'_>, room: &mut Room) -> Markup {
    let reasons = facts.by_frequency(kind.action);
    let records = facts.reasons.records(kind.action);
    let told: u64 = reasons.iter().map(|(_, records)| records).sum();
    let most = reasons.first().map_or(0, |(_, records)| *records);
    let rows = reasons.iter().take(MOST_REASONS).map_while(|(code, records)| {
        let examples = facts.reasons.examples(kind.action, code);
        let row = row(kind, code, (*records, most), examples, room);
        room.reasons = room.reasons.checked_sub(row.0.len())?;
        Some(row)
    });
    let rows: Vec<Markup> = rows.collect();
    let unseen = reasons.len() - rows.len();
    // Roles are said, because a table that is laid out as cards on a phone is none any more to some readers.
    html! {
        h3 { (kind.title) ": " (plural(records, "record")) }
        table.reasons.cards role="table" {
            caption {
                (kind.caption)
                @if told > records { " A record can have several reasons, and then counts at each of them." }
            }
            thead role="rowgroup" { tr role="row" {
                th scope="col" role="columnheader" { "Code" }
                th.number scope="col" role="columnheader" { "Records" }
                th scope="col" role="columnheader" { "What it means" }
                th scope="col" role="columnheader" { "What to do" }
                th scope="col" role="columnheader" { "Examples" }
            } }
            tbody role="rowgroup" {
                @for row in &rows { (row) }
            }
        }
        @if let (Action::Rejected, RejectsTo::File(file)) = (kind.action, facts.rejects) {
            p.quiet {
                "Which records these are, with the key of each contact (" code { "null" } " where it has none that can be read), this lists: "
                code { (listing(&file.display().to_string())) }
            }
        }
        @if unseen > 0 { p.quiet { "And " (plural(unseen as u64, "further code")) " with fewer records." } }
    }
}

/// The command that lists rejected records, as a shell takes it.
fn listing(rejects: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "/._-".contains(character);
    let file = if rejects.chars().all(is_plain) && !rejects.starts_with('-') {
        rejects.to_owned()
    } else if rejects.starts_with('-') {
        quoted(&format!("./{rejects}"))
    } else {
        quoted(rejects)
    };
    format!("jq -c 'select(.action == \"rejected\") | [.source, .line, .key, .violations[].message]' {file}")
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn row(
    kind: &Kind,
    code: &str,
    (records, most): (u64, u64),
    examples: &[Example],
    room: &mut Room,
) -> Markup {
    let examples = shown(examples, room);
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { code { (short(code)) } }
            td.number role="cell" data-label="Records" {
                (number(records))
                div.bar { (bar(records, most, kind.class)) }
            }
            td.what role="cell" data-label="What it means" { (meaning(code, kind.action)) }
            td.advice role="cell" data-label="What to do" { (advice(code, kind.action)) }
            td.examples role="cell" data-label="Examples" {
                @if !examples.is_empty() { ol { @for example in &examples { li { (example) } } } }
            }
        }
    }
}

/// Examples, as long as there is room for more of them. Of those that say the same the places stand together.
fn shown(examples: &[Example], room: &mut Room) -> Vec<Markup> {
    let mut groups: Vec<Vec<&Example>> = Vec::new();
    for example in examples {
        let says_the_same =
            |group: &&mut Vec<&Example>| group.iter().any(|known| known.message == example.message);
        match groups.iter_mut().find(says_the_same) {
            Some(group) => group.push(example),
            None => groups.push(vec![example]),
        }
    }
    groups.iter().map_while(|alike| together(alike, room)).collect()
}

fn together(alike: &[&Example], room: &mut Room) -> Option<Markup> {
    let first = alike.first()?;
    // A value that all of them have stands once, behind what is said.
    let value = alike.iter().all(|example| example.value == first.value).then_some(&first.value);
    let shown = html! {
        @for example in alike {
            span.path.place {
                bdi { (path(&short(&example.source))) } ":" (example.line)
                @if let Some(byte) = &example.byte { ", byte\u{a0}" (byte) }
                @if !example.pointer.is_empty() { " " bdi { (short(&example.pointer)) } }
                @if value.is_none() && !example.value.is_empty() { ": " bdi.option { (example.value) } }
            }
        }
        bdi { (message(&first.message)) }
        @if let Some(value) = value.filter(|value| !value.is_empty()) { ": " bdi.path.option { (value) } }
    };
    room.examples = room.examples.checked_sub(shown.0.len())?;
    Some(shown)
}

fn meaning(code: &str, action: Action) -> Markup {
    prose(match (explain::page(code), action) {
        (Some(page), _) => page.meaning(),
        (None, Action::Skipped) => "The mapping of the source leaves such records out.",
        (None, _) => "A reason of your own schema or mapping.",
    })
}

fn advice(code: &str, action: Action) -> Markup {
    match (explain::page(code), action) {
        (Some(page), _) => prose(&page.advice()),
        (None, Action::Skipped) => prose("Nothing; or another mapping."),
        (None, _) => prose("See the message."),
    }
}
