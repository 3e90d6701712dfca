//! What the contacts carry that were written, and how they became what they are.

use std::cmp::Reverse;

use indicatif::HumanFloatCount;
use maud::{Markup, html};
use pipeline::{Action, Tally};

use super::figures::{bar, number, prose, share, short};
use crate::report::Facts;
use crate::summary::plural;

/// How many rows of a table are shown whose names are the data's.
const MOST_ROWS: usize = 20;

/// How many custom fields are shown.
const MOST_CUSTOM_FIELDS: usize = 50;

/// More channels than this of one contact are one row.
const MOST_CHANNELS: usize = 9;

/// The standard fields in words.
const FIELD_NAMES: [(&str, &str); 14] = [
    ("externalCustomerId", "External customer id"),
    ("contactKey", "Contact key"),
    ("firstName", "First name"),
    ("lastName", "Last name"),
    ("email", "Email"),
    ("sms", "SMS"),
    ("mobilepush", "Mobile push"),
    ("webpush", "Web push"),
    ("languageCode", "Language"),
    ("timeZone", "Time zone"),
    ("address", "Address: street"),
    ("town", "Address: town"),
    ("region", "Address: region"),
    ("postcode", "Address: postcode"),
];

/// A row of a table of shares.
type Row = (Markup, u64);

pub(super) fn written(tally: &Tally, facts: &Facts<'_>) -> Markup {
    let all = tally.contacts;
    let channels: u64 = tally.channels.values().sum();
    let pushes = tally.channels.get("mobilepush").copied().unwrap_or(0);
    let (custom, custom_unseen) = most_frequent(
        tally.fields.iter().filter(|(name, _)| name.starts_with("fields/")),
        MOST_CUSTOM_FIELDS,
        |name| html! { "Custom field " code { (name.trim_start_matches("fields/")) } },
    );
    let (kinds, _) = most_frequent(tally.channels.iter(), MOST_ROWS, |name| html! { (channel_name(name)) });
    let (systems, systems_unseen) = most_frequent(tally.os.iter(), MOST_ROWS, |name| match name {
        "" => html! { "not said" },
        name => html! { bdi { (short(name)) } },
    });
    let devices = &tally.devices;
    let activity: Vec<Row> =
        [("active", devices.active), ("not active", devices.inactive), ("not said", devices.unsaid)]
            .into_iter()
            .map(|(name, count)| (html! { (name) }, count))
            .collect();
    html! {
        section {
            h2 { "The contacts that were written" }
            @if all == 0 {
                p { "No contact was written." }
            } @else {
                p {
                    (plural(all, "contact")) " with " (plural(channels, "channel")) "."
                    @if all != facts.written() { " Only bodies that were complete are counted here." }
                }
                (table("Fields filled: how many contacts carry each standard field.", "Field", "Contacts", &standard(tally), all))
                @if !custom.is_empty() {
                    (table("Custom fields, by their id in Reteno.", "Field", "Contacts", &custom, all))
                    @if custom_unseen > 0 { p.quiet { "And " (plural(custom_unseen, "further custom field")) ", carried less often." } }
                    @if let Some(others) = tally.fields.get("other fields") {
                        p.quiet { "Further custom fields, too many to be told apart, are carried " (number(*others)) " times." }
                    }
                }
                div.pair {
                    div { (table("Channels by type.", "Channel", "Channels", &kinds, channels)) }
                    div { (table("Contacts by how many channels they have.", "Channels", "Contacts", &by_channels(tally), all)) }
                    @if pushes > 0 {
                        div {
                            (table("Mobile push by operating system.", "System", "Devices", &systems, pushes))
                            @if systems_unseen > 0 { p.quiet { "And " (number(systems_unseen)) " more." } }
                        }
                        div { (table("Mobile push by whether the device is active.", "Device", "Devices", &activity, pushes)) }
                    }
                }
            }
        }
    }
}

fn standard(tally: &Tally) -> Vec<Row> {
    let row = |(name, words): &(&str, &str)| {
        (html! { (*words) " " code.quiet { (*name) } }, tally.fields.get(*name).copied().unwrap_or(0))
    };
    FIELD_NAMES.iter().map(row).collect()
}

fn by_channels(tally: &Tally) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut many = 0;
    for (channels, contacts) in &tally.by_channels {
        if *channels > MOST_CHANNELS {
            many += contacts;
        } else {
            rows.push((html! { (plural(*channels as u64, "channel")) }, *contacts));
        }
    }
    if many > 0 {
        rows.push((html! { (MOST_CHANNELS + 1) " channels or more" }, many));
    }
    rows
}

fn channel_name(kind: &str) -> String {
    let known = FIELD_NAMES.iter().find(|(name, _)| *name == kind).map(|(_, words)| (*words).to_owned());
    known.unwrap_or_else(|| if kind == "viber" { "Viber".to_owned() } else { short(kind) })
}

/// The most frequent of some things, and how many others there are.
fn most_frequent<'c>(
    counted: impl Iterator<Item = (&'c String, &'c u64)>,
    most: usize,
    words: impl Fn(&str) -> Markup,
) -> (Vec<Row>, u64) {
    let mut counted: Vec<_> = counted.collect();
    counted.sort_by_key(|(_, count)| Reverse(**count));
    let unseen = counted.len().saturating_sub(most) as u64;
    (counted.iter().take(most).map(|(name, count)| (words(name), **count)).collect(), unseen)
}

/// A table of shares.
fn table(caption: &str, what: &str, of: &str, rows: &[Row], all: u64) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead { tr {
                th scope="col" { (what) }
                th.number scope="col" { (of) }
                th.number scope="col" { "Share" }
                td.bar {}
            } }
            tbody {
                @for (name, count) in rows {
                    tr {
                        th scope="row" { (name) }
                        td.number { (number(*count)) }
                        td.number { (share(*count, all)) }
                        td.bar { (bar(*count, all, "c-written")) }
                    }
                }
            }
        }
    }
}

/// What became of records of one key.
pub(super) fn merging(facts: &Facts<'_>) -> Markup {
    let outcome = facts.outcome;
    let Some(merged) = outcome.merged else { return html! {} };
    let conflicts: u64 = outcome.conflicts.values().sum();
    let (rows, unseen) =
        most_frequent(outcome.conflicts.iter(), MOST_ROWS, |field| html! { bdi.path { (short(field)) } });
    let told = facts.reasons.records(Action::MergedConflict);
    html! {
        section {
            h2 { "Records of the same contact" }
            @if outcome.counts.merged == 0 {
                p { "No key came twice." }
            } @else {
                p { (plural(outcome.counts.merged, "record")) " had a key that another record has too." }
            }
            @if merged.rows > 0 {
                dl.facts {
                    dt { "Rows that waited" } dd { (number(merged.rows)) }
                    dt { "Keys that they had" } dd { (number(merged.keys)) }
                    dt { "Conflicts" }
                    dd {
                        (plural(merged.conflicts, "value")) " gave way to a more recent one"
                        @if told > 0 { "; " (plural(told, "record")) " told for that" }
                    }
                }
            }
            @if !rows.is_empty() {
                (table("Conflicts by field: where the more recent record decides.", "Field", "Values", &rows, conflicts))
                @if unseen > 0 { p.quiet { "And " (plural(unseen, "further field")) " with fewer." } }
            }
        }
    }
}

/// What was repaired.
pub(super) fn repairs(facts: &Facts<'_>) -> Markup {
    let repairs: Vec<_> = facts.outcome.repairs.iter().collect();
    html! {
        section {
            h2 { "What was repaired" }
            @if repairs.is_empty() {
                p { "Nothing had to be repaired." }
            } @else {
                table {
                    caption {
                        "Values that had one certain meaning and were brought into the form that Reteno takes. No record is missing for that."
                    }
                    thead { tr {
                        th scope="col" { "Repair" } th.number scope="col" { "Values" } th scope="col" { "What it does" }
                    } }
                    tbody {
                        @for (normaliser, count) in &repairs {
                            tr {
                                th scope="row" { code { (normaliser.name()) } }
                                td.number { (number(*count)) }
                                td { (prose(does(normaliser.name()))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a normaliser does, in words.
fn does(normaliser: &str) -> &'static str {
    match normaliser {
        "trim" => "Takes out white space at both ends, and control characters.",
        "nfc" => "Writes accented letters in one way (Unicode form C).",
        "collapse-space" => "Makes one space of several.",
        "person-name" => "Unifies the kinds of apostrophes and hyphens in names.",
        "email" => "Cleans an email address; the domain in small letters.",
        "phone" => "Writes a phone number as its international digits.",
        "os" => "Writes the system of a device as `Android` or `iOS`.",
        "uuid" => "Writes a UUID with hyphens and small letters.",
        "language" => "Writes a language in its canonical form, such as `uk`.",
        "time-zone" => "Writes a time zone by its name of today, such as `Europe/Kyiv`.",
        "integer-text" => "Writes an id that was a number as text.",
        "scalar-text" => "Writes the value of a custom field as text.",
        "empty-to-absent" => "Leaves out what is empty, so that nothing in Reteno is erased by it.",
        "lowercase-domain" => "Writes what follows the `@` in small letters.",
        "locale" => "Writes a locale in its canonical form, such as `en-GB`.",
        "date" => "Writes a date as `yyyy-MM-dd`.",
        "date-time" => "Writes a date with a time as `yyyy-MM-ddTHH:mm`.",
        _ => "",
    }
}

/// The request bodies.
pub(super) fn batches(facts: &Facts<'_>) -> Markup {
    let Some(batches) = facts.outcome.batches else { return html! {} };
    html! {
        section {
            h2 { "Requests to Reteno" }
            dl.facts {
                dt { "Requests" } dd { (number(batches.bodies)) }
                dt { "Contacts in each" }
                dd { (HumanFloatCount((batches.mean_contacts().unwrap_or(0.0) * 10.0).round() / 10.0)) " on average" }
                dt { "Field sets" }
                dd { (number(batches.field_sets)) " (only contacts with the same fields share a request)" }
                @if batches.closed_early > 0 {
                    dt { "Closed early" }
                    dd { (number(batches.closed_early)) " (there were too many field sets at once)" }
                }
            }
            @if let Some(warning) = &facts.outcome.fill_warning {
                div.note { p { strong { "Warning: " } (warning.to_string()) " (" code { "--absent clear" } ")." } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use contact::STANDARD_FIELD_NAMES;

    use super::*;

    #[test]
    fn every_standard_field_and_every_normaliser_has_words() {
        for name in STANDARD_FIELD_NAMES {
            assert!(FIELD_NAMES.iter().any(|(known, _)| *known == name), "{name}");
        }
        for normaliser in contact::Normaliser::ALL {
            assert!(!does(normaliser.name()).is_empty(), "{}", normaliser.name());
        }
    }
}
