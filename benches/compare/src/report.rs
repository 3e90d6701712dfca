//! From times to tables: medians, spread, ratios; Markdown and JSON.

use std::fmt::{self, Write};

use serde::Serialize;

use crate::cases::{DIRTY, DIRTY_INTO_FILE, DISCARD, bare_tape_with};
use crate::child::Taken;
use crate::input::InputFile;
use crate::machine::Machine;
use crate::merging::{self, MeasuredMerge};

/// Everything that one run found out.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) inputs: Vec<InputFile>,
    pub(crate) rounds: usize,
    pub(crate) peer_rounds: usize,
    pub(crate) cases: Vec<Measured>,
    pub(crate) merging: Vec<MeasuredMerge>,
    /// The product on the small file, and the other tools.
    pub(crate) peers: Vec<Measured>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// A case with what its rounds took.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) threads: usize,
    pub(crate) bytes: u64,
    /// What is not the same job, and what else is to be known; for other tools.
    pub(crate) note: String,
    /// Wall time of each round, in their order.
    pub(crate) seconds: Vec<f64>,
    pub(crate) median_seconds: f64,
    /// Greatest less least, as a part of the median.
    pub(crate) spread: f64,
    pub(crate) gb_per_second: f64,
    pub(crate) median_cpu_seconds: f64,
    /// The most of all rounds.
    pub(crate) peak_rss_mib: f64,
    /// What merging wrote to temporary files: the most of all rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spilled_bytes: Option<u64>,
}

/// A tool that is not here.
#[derive(Debug, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) title: String,
    /// Why, and what to do.
    pub(crate) reason: String,
}

impl Measured {
    /// Sums up the rounds, of which there is at least one.
    pub(crate) fn new(
        name: String,
        title: String,
        threads: usize,
        bytes: u64,
        note: String,
        rounds: &[Taken],
    ) -> Self {
        let seconds: Vec<f64> = rounds.iter().map(|taken| taken.seconds).collect();
        let median_seconds = median(&seconds);
        Self {
            name,
            title,
            threads,
            bytes,
            note,
            median_seconds,
            spread: spread(&seconds),
            gb_per_second: bytes as f64 / median_seconds / 1e9,
            median_cpu_seconds: median(&rounds.iter().map(|taken| taken.cpu_seconds).collect::<Vec<_>>()),
            peak_rss_mib: rounds.iter().map(|taken| taken.peak_rss_bytes).max().unwrap_or(0) as f64
                / f64::from(1 << 20),
            spilled_bytes: rounds.iter().filter_map(|taken| taken.spilled_bytes).max(),
            seconds,
        }
    }
}

/// The value in the middle; of an even number, the mean of the two there.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

/// Greatest less least, as a part of the median.
pub(crate) fn spread(values: &[f64]) -> f64 {
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (greatest - least) / median(values)
}

impl Report {
    /// The report for people.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write_markdown(&mut text);
        text
    }

    fn write_markdown(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "# reteno-import beside bare parsing and other tools\n")?;
        write!(out, "{}", self.machine)?;
        for input in &self.inputs {
            writeln!(
                out,
                "- `{}`: {}; {:.0} MB, {} records, {:.0} bytes per record",
                input.name,
                input.about,
                input.bytes as f64 / 1e6,
                input.records,
                input.bytes_per_record()
            )?;
        }
        write!(out, "- rounds: {}, all cases in turn in each", self.rounds)?;
        if self.peer_rounds > 0 {
            write!(out, "; {} of the other tools", self.peer_rounds)?;
        }
        writeln!(out, ". Medians; spread is greatest less least by median.")?;
        self.write_cases(out)?;
        merging::write_table(&self.merging, out)?;
        self.write_peers(out)
    }

    fn write_cases(&self, out: &mut String) -> fmt::Result {
        if self.cases.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "\n| what | threads | GB/s | spread | of bare tape, same threads | of bare tape, 2 threads | s | CPU s | peak RSS MiB |"
        )?;
        writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|")?;
        for case in &self.cases {
            writeln!(
                out,
                "| {} | {} | {:.3} | {:.0} % | {} | {} | {:.3} | {:.3} | {:.1} |",
                case.title,
                case.threads,
                case.gb_per_second,
                case.spread * 100.0,
                self.of(case, &bare_tape_with(case.threads)),
                self.of(case, &bare_tape_with(2)),
                case.median_seconds,
                case.median_cpu_seconds,
                case.peak_rss_mib
            )?;
        }
        writeln!(out)?;
        for (title, one, other) in [
            ("2 threads against 1, bare tape parsing", bare_tape_with(2), bare_tape_with(1)),
            ("2 threads against 1, whole job", format!("{DISCARD}-2"), format!("{DISCARD}-1")),
            ("10 % dirty against clean, 2 threads", format!("{DIRTY}-2"), format!("{DISCARD}-2")),
            ("the same with the rejects in a file", format!("{DIRTY_INTO_FILE}-2"), format!("{DISCARD}-2")),
        ] {
            if let (Some(one), Some(other)) = (self.speed(&one), self.speed(&other)) {
                writeln!(out, "- {title}: {:.2} ×", one / other)?;
            }
        }
        Ok(())
    }

    fn write_peers(&self, out: &mut String) -> fmt::Result {
        if self.peers.is_empty() {
            return Ok(());
        }
        let ours: Vec<&Measured> = self.peers.iter().take_while(|peer| peer.note.is_empty()).collect();
        write!(out, "\n| validate and rebatch | threads | MB/s | spread |")?;
        for case in &ours {
            write!(out, " ours with {} is |", threads(case.threads))?;
        }
        writeln!(out, " s | CPU s | peak RSS MiB | |")?;
        writeln!(out, "|---|--:|--:|--:|{}--:|--:|--:|---|", "--:|".repeat(ours.len()))?;
        for peer in &self.peers {
            write!(
                out,
                "| {} | {} | {:.1} | {:.0} % |",
                peer.title,
                peer.threads,
                peer.gb_per_second * 1000.0,
                peer.spread * 100.0
            )?;
            for case in &ours {
                write!(out, " {:.1} × |", case.gb_per_second / peer.gb_per_second)?;
            }
            writeln!(
                out,
                " {:.3} | {:.3} | {:.1} | {} |",
                peer.median_seconds, peer.median_cpu_seconds, peer.peak_rss_mib, peer.note
            )?;
        }
        for missing in &self.left_out {
            let cells = " |".repeat(6 + ours.len());
            writeln!(out, "| {} |{cells} {} |", missing.title, missing.reason)?;
        }
        Ok(())
    }

    fn of(&self, case: &Measured, yardstick: &str) -> String {
        self.speed(yardstick)
            .map_or("–".to_owned(), |speed| format!("{:.0} %", case.gb_per_second / speed * 100.0))
    }

    fn speed(&self, name: &str) -> Option<f64> {
        self.cases.iter().find(|case| case.name == name).map(|case| case.gb_per_second)
    }
}

fn threads(count: usize) -> String {
    if count == 1 { "1 thread".to_owned() } else { format!("{count} threads") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_and_the_spread_a_part_of_it() {
        let cases: [(&[f64], f64, f64); 4] = [
            (&[2.0], 2.0, 0.0),
            (&[3.0, 1.0, 2.0], 2.0, 1.0),
            (&[4.0, 1.0, 3.0, 2.0], 2.5, 1.2),
            (&[10.0, 10.0, 11.0, 10.0, 9.0], 10.0, 0.2),
        ];
        for (values, middle, part) in cases {
            assert_eq!(median(values), middle, "{values:?}");
            assert!((spread(values) - part).abs() < 1e-12, "{values:?}");
        }
        assert!(median(&[]).is_nan());
    }

    fn measured(name: &str, threads: usize, note: &str, seconds: &[f64]) -> Measured {
        let taken = |&seconds: &f64| Taken {
            seconds,
            cpu_seconds: 2.0 * seconds,
            peak_rss_bytes: 3 << 19,
            spilled_bytes: None,
        };
        let rounds: Vec<Taken> = seconds.iter().map(taken).collect();
        Measured::new(
            name.to_owned(),
            format!("the {name}"),
            threads,
            1_000_000_000,
            note.to_owned(),
            &rounds,
        )
    }

    #[test]
    fn tables_hold_speeds_and_ratios() {
        let report = Report {
            machine: Machine { cpu: "a CPU".to_owned(), ..Machine::default() },
            inputs: Vec::new(),
            rounds: 3,
            peer_rounds: 1,
            cases: vec![
                measured("bare-tape-1", 1, "", &[1.0, 0.9, 1.1]),
                measured("bare-tape-2", 2, "", &[0.5]),
                measured("discard-1", 1, "", &[2.0]),
                measured("discard-2", 2, "", &[1.0]),
            ],
            merging: Vec::new(),
            peers: vec![measured("ours", 2, "", &[0.5]), measured("slow", 1, "slow.py", &[10.0])],
            left_out: vec![LeftOut {
                title: "lost".to_owned(),
                reason: "not installed: `get lost`".to_owned(),
            }],
        };
        let text = report.markdown();
        for line in [
            "- CPU: a CPU",
            "| the bare-tape-1 | 1 | 1.000 | 20 % | 100 % | 50 % | 1.000 | 2.000 | 1.5 |",
            "| the discard-2 | 2 | 1.000 | 0 % | 50 % | 50 % | 1.000 | 2.000 | 1.5 |",
            "- 2 threads against 1, whole job: 2.00 ×",
            "| the slow | 1 | 100.0 | 0 % | 20.0 × | 10.000 | 20.000 | 1.5 | slow.py |",
            "| lost | | | | | | | | not installed: `get lost` |",
        ] {
            assert!(text.lines().any(|found| found.starts_with(line)), "{line}\nis not in\n{text}");
        }
        let columns = |start: &str| {
            let line = text.lines().find(|line| line.starts_with(start)).expect("a line");
            line.matches('|').count()
        };
        assert_eq!(columns("| lost"), columns("| validate"));
        assert_eq!(columns("| the slow"), columns("| validate"));
    }
}
