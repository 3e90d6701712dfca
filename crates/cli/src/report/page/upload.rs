//! What the upload came to: the end of every contact.

use maud::{Markup, html};
use reteno::UploadOutcome;
use reteno::journal::Tally;

use super::accounting::swatch;
use super::figures::{number, share, short};
use crate::summary::plural;

/// How many requests or tokens are named.
const NAMED: usize = 5;

/// What came of the contacts that were to be sent; `not_sent` counts those that were not begun.
pub(super) fn section(uploaded: &UploadOutcome, not_sent: u64) -> Markup {
    let tally = uploaded.tally.with_not_begun(not_sent);
    let all = tally.contacts;
    let ends = [
        ("Finished", "c-written", tally.finished, "Imported into Reteno."),
        (
            "Failed",
            "c-rejected",
            tally.failed,
            "Refused by the server; the rejects file of the upload says why.",
        ),
        (
            "Going on",
            "c-unfinished",
            tally.importing,
            "Accepted, and not imported yet. Run the same command again to see its end.",
        ),
        (
            "Unanswered",
            "c-unfinished",
            tally.unanswered,
            "Sent without a clear answer, so perhaps taken. Run the same command again.",
        ),
        (
            "Not sent",
            "c-skipped",
            tally.not_sent,
            "Surely not taken by the server. Run the same command again to send them.",
        ),
    ];
    html! {
        section {
            h2 { "The upload" }
            @if let Some(halt) = &uploaded.halt {
                div.note.bad { p { strong { "It stopped: " } (crate::reasons::shortened_to(&halt.to_string(), 500)) } }
            }
            table.narrow {
                caption { "What became of " (plural(all, "contact")) "." }
                thead { tr {
                    th scope="col" { "End" }
                    th.number scope="col" { "Contacts" }
                    th.number scope="col" { "Share" }
                } }
                tbody {
                    @for (name, class, count, meaning) in ends {
                        tr {
                            th.way scope="row" { (swatch(class)) (name) span.quiet { (meaning) } }
                            td.number { (number(count)) }
                            td.number { (share(count, all)) }
                        }
                    }
                }
            }
            p.sum { (sum(&tally)) }
            dl.facts {
                dt { "Requests" }
                dd {
                    (number(tally.batches))
                    @if uploaded.retries > 0 { "; " (number(uploaded.retries)) " sent again" }
                    @if uploaded.repeated_bodies > 0 {
                        "; " (number(uploaded.repeated_bodies)) " the same as an earlier one, and not sent a second time"
                    }
                }
                @if tally.perhaps_twice > 0 {
                    dt { "Perhaps written twice" }
                    dd {
                        (number(tally.perhaps_twice)) @if tally.perhaps_twice == 1 { " batch" } @else { " batches" }
                        ", in whole or in part and with the same values, because an answer was lost; nothing has to be done: "
                        bdi.path { (named(&uploaded.perhaps_twice)) }
                    }
                }
                @if tally.without_session > 0 {
                    dt { "Not followed" }
                    dd { (plural(tally.without_session, "contact")) ": the server says that it has them already" }
                }
                @if tally.unmapped > 0 {
                    dt { "Without an id" } dd { (plural(tally.unmapped, "contact")) }
                }
                @if let Some(verified) = &uploaded.verified {
                    dt { "Tokens looked up" }
                    dd {
                        (number(verified.looked_up))
                        @if verified.missing.is_empty() { ": all that were answered are there" }
                        @else { ": " (verified.missing.len()) " missing: " bdi.path { (named(&verified.missing)) } }
                        @if verified.unanswered > 0 { "; " (verified.unanswered) " without an answer" }
                    }
                }
            }
        }
    }
}

/// The sum of all contacts.
fn sum(tally: &Tally) -> String {
    let mut sum = format!(
        "{} = {} finished + {} failed + {} unknown",
        plural(tally.contacts, "contact"),
        number(tally.finished),
        number(tally.failed),
        number(tally.unknown())
    );
    if tally.not_sent > 0 {
        sum += &format!(" + {} not sent", number(tally.not_sent));
    }
    sum
}

fn named(names: &[String]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(|name| short(name)).collect();
    let more = if names.len() > NAMED { ", …" } else { "" };
    named.join(", ") + more
}
