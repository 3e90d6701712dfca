//! Figures as a table for people.

use bytesize::ByteSize;
use indicatif::HumanCount;

use super::figures::{Estimate, Figures, StageFigures};
use crate::summary::plural;

const HEAD: [&str; 7] = ["stage", "threads", "GB/s", "records/s", "seconds", "spread", "of parsing"];

/// The table, and what it means for a large export.
pub(super) fn of(figures: &Figures) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(figures.stages.iter().map(row));
    let widths: [usize; 7] =
        std::array::from_fn(|nth| rows.iter().map(|row| row[nth].chars().count()).max().unwrap_or_default());
    let mut text = String::new();
    for row in &rows {
        for (nth, (cell, width)) in row.iter().zip(widths).enumerate() {
            // The name stands at the left, numbers at the right.
            text += &if nth == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
        }
        text.push('\n');
    }
    text.push('\n');
    for line in answer(&figures.estimate, figures.input.is_made) {
        text += &line;
        text.push('\n');
    }
    text
}

fn row(stage: &StageFigures) -> [String; 7] {
    [
        stage.stage.name().to_owned(),
        stage.threads.to_string(),
        format!("{:.3}", stage.gigabytes_per_second),
        HumanCount(stage.records_per_second.round() as u64).to_string(),
        format!("{:.3}", stage.seconds),
        format!("{:.0} %", stage.spread * 100.0),
        format!("{:.0} %", stage.of_parsing * 100.0),
    ]
}

/// How long it will take, and whether more threads help.
fn answer(estimate: &Estimate, is_made: bool) -> Vec<String> {
    let size = ByteSize::b(estimate.bytes).display().si();
    let mut line = format!(
        "At this speed {size} take about {} with {}",
        time(estimate.seconds),
        plural(estimate.threads as u64, "thread")
    );
    if estimate.threads > 1 {
        line += &format!(", and {} with 1", time(estimate.seconds_with_one_thread));
    }
    let mut lines = vec![line + "."];
    // What was made is still in memory: its first reading says nothing.
    if !is_made && estimate.seconds_of_first_read > estimate.seconds {
        lines.push(format!(
            "The first reading of the input was slower than that: from there they take about {}.",
            time(estimate.seconds_of_first_read)
        ));
    }
    lines
}

/// A length of time as people say it.
pub(super) fn time(seconds: f64) -> String {
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_told_as_people_say_it() {
        for (seconds, told) in [
            (0.04, "0.0 s"),
            (9.94, "9.9 s"),
            (9.96, "10 s"),
            (59.6, "1 min"),
            (100.2, "1 min 40 s"),
            (3600.0, "1 h"),
            (3720.0, "1 h 2 min"),
            (90_000.0, "25 h"),
        ] {
            assert_eq!(time(seconds), told);
        }
    }

    #[test]
    fn the_answer_speaks_of_one_thread_and_of_a_slow_disk_only_where_they_matter() {
        let mut estimate = Estimate {
            bytes: 50_000_000_000,
            threads: 1,
            seconds: 100.0,
            seconds_with_one_thread: 100.0,
            seconds_of_first_read: 90.0,
        };
        assert_eq!(answer(&estimate, false), ["At this speed 50.0 GB take about 1 min 40 s with 1 thread."]);
        (estimate.threads, estimate.seconds_with_one_thread, estimate.seconds_of_first_read) =
            (2, 160.0, 200.0);
        let lines = answer(&estimate, false);
        assert_eq!(
            lines[0],
            "At this speed 50.0 GB take about 1 min 40 s with 2 threads, and 2 min 40 s with 1."
        );
        assert!(lines[1].contains("3 min 20 s"), "{lines:?}");
        assert_eq!(answer(&estimate, true).len(), 1);
    }
}
