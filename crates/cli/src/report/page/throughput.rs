//! How fast the run was, over time.

use bytesize::ByteSize;
use maud::{Markup, html};

use super::accounting::swatch;
use super::figures::{number, seconds};
use crate::report::Facts;
use crate::samples::Sample;

/// With fewer points there is nothing to see.
const FEWEST_POINTS: usize = 9;

/// The picture in its own units; it is stretched to the page.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 200.0;

/// The throughput between two points.
struct Step {
    to: f64,
    read: f64,
    merged: f64,
}

pub(super) fn section(facts: &Facts<'_>) -> Markup {
    let outcome = facts.outcome;
    let took = outcome.elapsed.as_secs_f64();
    let points = facts.samples.points();
    let bytes = if outcome.inputs.is_empty() {
        points.last().map_or(0, |point| point.bytes)
    } else {
        outcome.inputs.iter().map(|input| input.bytes).sum()
    };
    let a_second = |amount: u64| (amount as f64 / took.max(1e-3)) as u64;
    html! {
        section {
            h2 { "How long it took" }
            dl.facts {
                dt { "Time" } dd { (seconds(took)) }
                dt { "Records" } dd { (number(a_second(outcome.counts.read))) " a second on average" }
                dt { "Data" } dd { (ByteSize(bytes)) ", " (ByteSize(a_second(bytes))) " a second on average" }
            }
            @if points.len() > FEWEST_POINTS { (chart(points)) }
        }
    }
}

fn steps(points: &[Sample]) -> Vec<Step> {
    let step = |pair: &[Sample]| {
        let (from, to) = (pair[0].elapsed.as_secs_f64(), pair[1].elapsed.as_secs_f64());
        let rate = |from_count: u64, to_count: u64| to_count.saturating_sub(from_count) as f64 / (to - from);
        (to > from).then(|| Step {
            to,
            read: rate(pair[0].records, pair[1].records),
            merged: rate(pair[0].regrouped, pair[1].regrouped),
        })
    };
    points.windows(2).filter_map(step).collect()
}

fn chart(points: &[Sample]) -> Markup {
    let mut steps = steps(points);
    // The last step is as short as chance has it: its rate says nothing.
    if let Some(last) = steps.pop()
        && let Some(before) = steps.last_mut()
    {
        before.to = last.to;
    }
    let end = steps.last().map_or(0.0, |step| step.to);
    let highest = steps.iter().map(|step| step.read.max(step.merged)).fold(0.0, f64::max);
    if end <= 0.0 || highest <= 0.0 {
        return html! {};
    }
    let top = round_up(highest);
    let reading = steps.iter().filter(|step| step.read > 0.0);
    let read_until = reading.clone().next_back().map_or(0.0, |step| step.to);
    let is_merging = steps.iter().any(|step| step.merged > 0.0);
    let fastest = reading.map(|step| step.read).fold(0.0, f64::max);
    let mut words = format!(
        "Records were read during {} of {}, at up to {} a second.",
        seconds(read_until),
        seconds(end),
        number(fastest as u64)
    );
    if is_merging {
        let fastest = steps.iter().map(|step| step.merged).fold(0.0, f64::max);
        words += &format!(
            " Then rows of the same key came together, and requests were made of them, at up to {} rows a second.",
            number(fastest as u64)
        );
    }
    let area = |of: &dyn Fn(&Step) -> f64| {
        let mut path = format!("M0 {HEIGHT}");
        for step in &steps {
            let height = HEIGHT - HEIGHT * of(step) / top;
            path += &format!("V{height:.0}H{:.1}", WIDTH * step.to / end);
        }
        path + &format!("V{HEIGHT}")
    };
    html! {
        figure {
            @if is_merging {
                ul.legend aria-hidden="true" {
                    li { (swatch("c-written")) "records read" }
                    li { (swatch("c-merged")) "rows brought together by key" }
                }
            }
            div.axis aria-hidden="true" { span { (number(top as u64)) " a second" } }
            div.chart {
                svg viewBox="0 0 1000 200" preserveAspectRatio="none" role="img" aria-label=(words) {
                    @for share in [0.0, 0.5] {
                        path.rule d=(format!("M0 {:.0}H1000", HEIGHT * share)) {}
                    }
                    path.area d=(area(&|step| step.read)) {}
                    @if is_merging { path.area.second d=(area(&|step| step.merged)) {} }
                }
            }
            div.axis aria-hidden="true" {
                span { "0 s" } span { (seconds(end / 2.0)) } span { (seconds(end)) }
            }
            figcaption { (words) }
        }
    }
}

/// The next number that is easy to read: 1, 2 or 5 and noughts.
fn round_up(number: f64) -> f64 {
    let unit = 10_f64.powf(number.max(1.0).log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|step| step * unit).find(|round| *round >= number).unwrap_or(10.0 * unit)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sample(millis: u64, records: u64, regrouped: u64) -> Sample {
        Sample { elapsed: Duration::from_millis(millis), records, regrouped, bytes: 0 }
    }

    #[test]
    fn the_axis_ends_at_a_round_number() {
        for (highest, top) in [(1.0, 1.0), (1.1, 2.0), (34_000.0, 50_000.0), (99.0, 100.0), (0.2, 1.0)] {
            assert_eq!(round_up(highest), top, "{highest}");
        }
    }

    #[test]
    fn the_picture_says_in_words_what_it_shows() {
        let points = [
            sample(0, 0, 0),
            sample(1000, 500, 0),
            sample(2000, 1500, 0),
            sample(3000, 1500, 800),
            sample(4000, 1500, 1500),
            sample(4001, 1500, 1500),
        ];
        let picture = chart(&points).into_string();
        let words = "Records were read during 2.0 s of 4.0 s, at up to 1,000 a second. Then rows of the same key came \
                     together, and requests were made of them, at up to 800 rows a second.";
        assert_eq!(picture.matches(words).count(), 2, "in the picture and below it: {picture}");
        assert!(picture.contains("M0 200V100H"), "half of the axis: {picture}");
    }

    #[test]
    fn nothing_moves_no_picture() {
        let still: Vec<Sample> = (0..9).map(|nth| sample(nth * 1000, 0, 0)).collect();
        assert_eq!(chart(&still).into_string(), "");
        let at_once: Vec<Sample> = (0..9).map(|nth| sample(0, nth, 0)).collect();
        assert_eq!(chart(&at_once).into_string(), "");
    }
}
