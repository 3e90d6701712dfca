//! Where every record went, as a picture, as a table and as a sum.

use maud::{Markup, html};
use pipeline::End;

use super::figures::{number, share};
use crate::report::{Facts, Purpose};

/// The picture is so wide, whatever the screen is.
const WIDTH: f64 = 1000.0;

/// What is there is at least so wide.
const LEAST_WIDTH: f64 = 6.0;

/// What is left free between two of them.
const GAP: f64 = 2.0;

/// One way that records went.
struct Way {
    class: &'static str,
    name: &'static str,
    meaning: &'static str,
    records: u64,
}

pub(super) fn section(facts: &Facts<'_>) -> Markup {
    let counts = facts.outcome.counts;
    let ways = ways(facts);
    let sum: Vec<String> =
        ways.iter().map(|way| format!("{}\u{a0}{}", number(way.records), way.name.to_lowercase())).collect();
    let sum = sum.join(" + ");
    html! {
        section {
            h2 { "Where every record went" }
            figure.flow {
                (picture(counts.read, &ways, &sum))
                figcaption { "Above, all records that were read; below, what became of them, in the colours of the table." }
            }
            table.narrow {
                caption { "Every record that was read is in exactly one of these." }
                thead { tr {
                    th scope="col" { "What became of it" }
                    th.number scope="col" { "Records" }
                    th.number scope="col" { "Share" }
                } }
                tbody {
                    @for way in &ways {
                        tr {
                            th.way scope="row" { (swatch(way.class)) (way.name) span.quiet { (way.meaning) } }
                            td.number { (number(way.records)) }
                            td.number { (share(way.records, counts.read)) }
                        }
                    }
                }
                tfoot { tr {
                    th scope="row" { "Read" }
                    td.number { (number(counts.read)) }
                    td.number { (share(counts.read, counts.read)) }
                } }
            }
            p.sum { (number(counts.read)) " read = " (sum) }
            @if counts.add_up() && matches!(facts.outcome.end, End::Complete) {
                p.quiet { "The sum was checked: each side was counted at a different place." }
            } @else if matches!(facts.outcome.end, End::IdentityBroken) {
                p.bad { "The sum does not hold. This is a fault of reteno-import: do not use the output." }
            }
            dl.facts {
                @if facts.purpose != Purpose::Validate {
                    dt { "Lost a part" }
                    dd { (number(counts.pruned)) " (pruned: kept, but without a part; in no sum above)" }
                }
                dt { "Blank lines" }
                dd { (number(counts.blank_lines)) " (not records)" }
            }
        }
    }
}

fn ways(facts: &Facts<'_>) -> Vec<Way> {
    let counts = facts.outcome.counts;
    let written = facts.written();
    let (name, meaning) = match facts.purpose {
        Purpose::Validate => ("Passed", "The record satisfies the schema."),
        Purpose::Check => ("Passed", "It would be written as a contact."),
        Purpose::Prepare => ("Written", "A contact is in the output."),
        Purpose::Upload => {
            ("Written", "A contact was put into a request; what became of that stands at the upload.")
        }
        Purpose::Discard | Purpose::DryRun => ("Written", "A contact was made; this run kept none of them."),
    };
    let mut ways = vec![Way { class: "c-written", name, meaning, records: written }];
    if facts.purpose != Purpose::Validate {
        let meaning = if facts.reasons.records(pipeline::Action::Duplicate) > 0 {
            "It was left out, because another one of its key is kept."
        } else {
            "It became part of another contact of the same key."
        };
        ways.push(Way { class: "c-merged", name: "Merged", meaning, records: counts.merged });
    }
    let meaning = "It is missing: it breaks a rule, or could not be read.";
    ways.push(Way { class: "c-rejected", name: "Rejected", meaning, records: counts.rejected });
    if facts.purpose != Purpose::Validate {
        let meaning = "It was left out on purpose, as the mapping of its source or an option says.";
        ways.push(Way { class: "c-skipped", name: "Skipped", meaning, records: counts.skipped });
    }
    let undecided = facts.undecided();
    if undecided > 0 {
        let meaning = "The run ended before it was known what becomes of it.";
        ways.push(Way { class: "c-unfinished", name: "Undecided", meaning, records: undecided });
    }
    ways
}

pub(super) fn swatch(class: &str) -> Markup {
    html! {
        svg.swatch viewBox="0 0 10 10" aria-hidden="true" { rect class=(class) width="10" height="10" {} }
    }
}

/// All records above, and what became of them below, with what leads from one to the other. Both are as wide as the picture;
/// the gaps are between what became of them.
fn picture(read: u64, ways: &[Way], sum: &str) -> Markup {
    let widths = widths(read, ways);
    let total: u64 = ways.iter().map(|way| way.records).sum();
    let mut above = 0.0;
    let mut below = 0.0;
    let mut parts: Vec<Part> = Vec::new();
    for (way, width) in ways.iter().zip(&widths).filter(|(way, _)| way.records > 0) {
        let from = (above, below);
        above += WIDTH * way.records as f64 / total.max(1) as f64;
        below += width;
        parts.push(Part { class: way.class, above: (from.0, above), below: (from.1, below) });
    }
    if let Some((_, rest)) = parts.split_last_mut() {
        for Part { above, below, .. } in rest {
            above.1 = (above.1 - GAP).max(above.0);
            below.1 = (below.1 - GAP).max(below.0 + 1.0);
        }
    }
    html! {
        svg viewBox="0 0 1000 88" preserveAspectRatio="none" role="img" aria-label=(format!("{} read: {sum}", number(read))) {
            rect class=(if read > 0 { "c-read" } else { "track" }) width="1000" height="24" {}
            g.flows { @for part in &parts { path class=(part.class) d=(part.flow()) {} } }
            @for Part { class, below: (from, to), .. } in &parts {
                rect class=(class) x=(format!("{from:.1}")) y="60" width=(format!("{:.1}", to - from)) height="28" {}
            }
        }
    }
}

/// One way in the picture: from where to where it is above, and below.
struct Part {
    class: &'static str,
    above: (f64, f64),
    below: (f64, f64),
}

impl Part {
    /// What leads from above to below.
    fn flow(&self) -> String {
        let Self { above, below, .. } = self;
        format!("M{:.1} 24 L{:.1} 24 L{:.1} 60 L{:.1} 60 Z", above.0, above.1, below.1, below.0)
    }
}

/// How wide each way is: by its records, but never too narrow to be seen.
fn widths(read: u64, ways: &[Way]) -> Vec<f64> {
    let natural = |records: u64| WIDTH * records as f64 / read.max(1) as f64;
    let is_small = |records: u64| records > 0 && natural(records) < LEAST_WIDTH;
    let small = ways.iter().filter(|way| is_small(way.records)).count() as f64 * LEAST_WIDTH;
    let large: f64 = ways.iter().filter(|way| !is_small(way.records)).map(|way| natural(way.records)).sum();
    ways.iter()
        .map(|way| match is_small(way.records) {
            true => LEAST_WIDTH,
            false if large > 0.0 => natural(way.records) * (WIDTH - small) / large,
            false => 0.0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_as_wide_below_as_above_and_each_flow_ends_where_its_part_does() {
        let way = |class, records| Way { class, name: "", meaning: "", records };
        for (counts, edges) in [
            (vec![10], vec!["M0.0 24 L1000.0 24 L1000.0 60 L0.0 60 Z"]),
            (
                vec![5, 0, 5],
                vec!["M0.0 24 L498.0 24 L498.0 60 L0.0 60 Z", "M500.0 24 L1000.0 24 L1000.0 60 L500.0 60 Z"],
            ),
        ] {
            let ways: Vec<Way> = counts.iter().map(|records| way("", *records)).collect();
            let picture = picture(10, &ways, "").into_string();
            assert_eq!(picture.matches("<path").count(), edges.len(), "{picture}");
            for edge in edges {
                assert!(picture.contains(edge), "{edge}: {picture}");
            }
            assert!(picture.contains("<rect class=\"c-read\" width=\"1000\""), "{picture}");
        }
    }

    #[test]
    fn one_record_of_a_million_can_be_seen_and_the_picture_stays_as_wide_as_it_is() {
        let way = |records| Way { class: "", name: "", meaning: "", records };
        for (counts, read) in [
            (&[999_999, 0, 1][..], 1_000_000),
            (&[1, 1, 1], 3),
            (&[0, 0, 5], 5),
            (&[1, 0, 999_998, 1], 1_000_000),
        ] {
            let ways: Vec<Way> = counts.iter().map(|records| way(*records)).collect();
            let widths = widths(read, &ways);
            assert!((widths.iter().sum::<f64>() - WIDTH).abs() < 1e-6, "{counts:?}: {widths:?}");
            for (way, width) in ways.iter().zip(&widths) {
                assert!(if way.records > 0 { *width >= LEAST_WIDTH } else { *width == 0.0 }, "{counts:?}");
            }
        }
        assert!(widths(0, &[way(0), way(0)]).iter().all(|width| *width == 0.0));
    }
}
