//! The one place where an end becomes an exit code.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Error;
use ndjson::InputError;
use pipeline::{End, Outcome, RejectLimit};

use crate::report::Purpose;
use crate::session::RejectsTo;
use crate::summary::plural;

/// All records done.
pub(crate) const DONE: u8 = 0;
/// Done, but some records were rejected.
pub(crate) const SOME_REJECTED: u8 = 1;
/// The command line, settings or a schema cannot be used; nothing was read.
pub(crate) const USAGE: u8 = 2;
/// More records were rejected than allowed.
const TOO_MANY_REJECTS: u8 = 3;
/// Reading or writing failed.
pub(crate) const INPUT_OUTPUT: u8 = 4;
/// Not everything is uploaded; the same command goes on.
pub(crate) const UPLOAD_INCOMPLETE: u8 = 5;
/// Stopped by a signal.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command ended before there was an outcome.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line, settings or a schema cannot be used.
    Usage(Error),
    /// Reading or writing failed.
    InputOutput(Error),
    /// The API could not be asked, or did not like the question.
    Api(Error),
    /// Whoever read standard output has closed it: the end, and no mistake.
    OutputClosed,
}

impl Failure {
    pub(crate) fn usage(error: impl Into<Error>) -> Self {
        Self::Usage(error.into())
    }

    pub(crate) fn input_output(error: impl Into<Error>) -> Self {
        Self::InputOutput(error.into())
    }

    pub(crate) fn api(error: impl Into<Error>) -> Self {
        Self::Api(error.into())
    }

    /// A write to standard output failed.
    pub(crate) fn of_stdout(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::InputOutput(Error::new(error).context("cannot write to standard output"))
    }

    /// Says what happened, and gives the exit code.
    pub(crate) fn tell(self) -> ExitCode {
        match self {
            Self::Usage(error) => {
                tell(&error);
                USAGE.into()
            }
            Self::InputOutput(error) => {
                tell(&error);
                INPUT_OUTPUT.into()
            }
            Self::Api(error) => {
                tell(&error);
                UPLOAD_INCOMPLETE.into()
            }
            Self::OutputClosed => DONE.into(),
        }
    }
}

/// Prints an error with its causes.
pub(crate) fn tell(error: &Error) {
    tell_with_causes(error.as_ref());
}

/// The same, of an error that belongs to somebody else.
pub(crate) fn tell_with_causes(error: &dyn std::error::Error) {
    note(&format!("error: {error}"));
    let mut cause = error.source();
    while let Some(known) = cause {
        note(&format!("  caused by: {known}"));
        cause = known.source();
    }
}

/// Prints a line for people on standard error. If nobody can be told, that is no reason to fail: the exit code stands.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(line));
}

/// Text of which parts come from the input: what would move the cursor, or start another line, is shown instead.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Whether it ended because whoever read standard output has closed it. A pipe that was named as the rejects file is
/// not standard output: if that breaks, rejects are lost.
pub(crate) fn is_closed(outcome: &Outcome, rejects: &RejectsTo) -> bool {
    match &outcome.end {
        End::OutputClosed => true,
        End::RejectsFailed(error) => {
            *rejects == RejectsTo::Stdout && error.kind() == io::ErrorKind::BrokenPipe
        }
        _ => false,
    }
}

/// Whether nothing was read because it could not be decided what the input is.
fn is_undecided(outcome: &Outcome) -> bool {
    let is_undecided = |error: &InputError| matches!(error, InputError::Unrecognised { .. });
    outcome.counts.read == 0 && outcome.input_errors.iter().all(is_undecided)
}

/// What the end of a run means to the shell. What it means to a person stands in the summary.
pub(crate) fn code(
    outcome: &Outcome,
    rejects: &RejectsTo,
    max_rejects: Option<RejectLimit>,
    unwritten_reports: &[Error],
) -> ExitCode {
    let is_closed = is_closed(outcome, rejects);
    let code = match &outcome.end {
        // A run that ended early says so first: that matters more than its report.
        End::Complete if !unwritten_reports.is_empty() => INPUT_OUTPUT,
        _ if is_closed && !unwritten_reports.is_empty() => INPUT_OUTPUT,
        End::Complete if outcome.counts.rejected == 0 || max_rejects.is_some() => DONE,
        End::Complete => SOME_REJECTED,
        _ if is_closed => DONE,
        End::OptionsRefused(_) => USAGE,
        End::InputFailed if is_undecided(outcome) => USAGE,
        End::TooManyRejects => TOO_MANY_REJECTS,
        End::Interrupted => INTERRUPTED,
        End::InputFailed
        | End::SinkFailed(_)
        | End::RejectsFailed(_)
        | End::SpillFailed(_)
        | End::KeyCameAgain { .. }
        | End::OutputClosed
        | End::WorkersLost
        | End::IdentityBroken => INPUT_OUTPUT,
    };
    code.into()
}

/// What there is of the output of a run that is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// None was asked for.
    Nothing,
    /// Request bodies that went somewhere.
    Bodies,
    /// A folder.
    Folder,
}

impl Leaves {
    /// What a run for that purpose leaves.
    pub(crate) fn of(purpose: Purpose, folder: Option<&Path>) -> Self {
        match (purpose, folder) {
            (Purpose::Validate | Purpose::Check | Purpose::Discard | Purpose::DryRun, _) => Self::Nothing,
            (Purpose::Prepare | Purpose::Upload, None) => Self::Bodies,
            (Purpose::Prepare | Purpose::Upload, Some(_)) => Self::Folder,
        }
    }
}

/// Why a run is not complete, if it is not; `leaves` says what there is of an output.
pub(crate) fn reason(outcome: &Outcome, leaves: Leaves) -> Option<Error> {
    let not_complete = if leaves == Leaves::Nothing { "" } else { "; the output is not complete" };
    let error = match &outcome.end {
        End::Complete | End::OutputClosed => return None,
        End::TooManyRejects => {
            let rejected = outcome.counts.rejected;
            let are = if rejected == 1 { "is" } else { "are" };
            anyhow::anyhow!(
                "stopped: {} {are} rejected, more than --max-rejects allows{not_complete}",
                plural(rejected, "record")
            )
        }
        End::Interrupted => match leaves {
            Leaves::Nothing => anyhow::anyhow!("interrupted; run the same command again"),
            Leaves::Folder | Leaves::Bodies => {
                anyhow::anyhow!("interrupted; the output is not complete, run the same command again")
            }
        },
        End::InputFailed => anyhow::anyhow!(
            "not all input could be read; what was read is done{}",
            match leaves {
                Leaves::Nothing => "",
                Leaves::Bodies => ", but the output is not complete",
                Leaves::Folder => ", but the output is not complete and has no manifest",
            }
        ),
        End::OptionsRefused(error) => anyhow::anyhow!("{error}"),
        End::SinkFailed(error) => chain(error),
        End::SpillFailed(error) => chain(error),
        End::RejectsFailed(error) => anyhow::anyhow!("{error}")
            .context("cannot write the rejects; free space or choose another place, then run again"),
        End::KeyCameAgain { first, again } => anyhow::anyhow!(
            "the key of {first} comes again at {again}: the input is not sorted by key; run again without \
             --sorted-by-key{not_complete}"
        ),
        End::WorkersLost => {
            anyhow::anyhow!("the working threads ended early: this is a fault of reteno-import")
        }
        End::IdentityBroken => anyhow::anyhow!(
            "the records do not add up ({}): this is a fault of reteno-import; do not use the output",
            outcome.counts.identity()
        ),
    };
    Some(error)
}

/// An error with its causes, when only a reference is at hand.
fn chain(error: &dyn std::error::Error) -> Error {
    match error.source() {
        Some(source) => chain(source).context(error.to_string()),
        None => anyhow::anyhow!("{error}"),
    }
}
