//! Rejects for people: a line on standard error for each reason, where no file takes them.

use std::io::{self, Write};

use indicatif::ProgressBar;
use pipeline::{Action, Reject, Rejects};

use crate::exit::printable;

/// Whether the lines are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    Aloud,
    Silent,
}

/// Prints `export.ndjson:17: rejected bad-email /channels/0/value: …`.
pub(crate) struct Told {
    voice: Voice,
    bar: ProgressBar,
}

impl Told {
    /// Lines appear above the bar, if it is shown.
    pub(crate) fn new(voice: Voice, bar: ProgressBar) -> Self {
        Self { voice, bar }
    }
}

impl Rejects for Told {
    fn take(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        if self.voice == Voice::Silent {
            return Ok(());
        }
        let action = match reject.action {
            Action::Rejected => "rejected",
            Action::Pruned => "pruned",
            Action::Duplicate => "duplicate",
            Action::Skipped => "skipped",
            Action::MergedConflict => "merged",
        };
        let mut lines = String::new();
        for violation in reject.violations {
            let place =
                if violation.pointer.is_empty() { String::new() } else { format!(" {}", violation.pointer) };
            let left_out = match &violation.removed {
                Some(removed) if *removed != violation.pointer => format!(" (left out: {removed})"),
                _ => String::new(),
            };
            let line = format!(
                "{}:{}: {action} {}{place}: {}{left_out}",
                reject.source, reject.line, violation.code, violation.message
            );
            lines.push_str(&printable(&line));
            lines.push('\n');
        }
        if reject.omitted > 0 {
            let line = format!("{}:{}: … and {} more reasons", reject.source, reject.line, reject.omitted);
            lines.push_str(&printable(&line));
            lines.push('\n');
        }
        // Nobody has to listen: the records are counted all the same.
        let _ = self.bar.suspend(|| io::stderr().lock().write_all(lines.as_bytes()));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
