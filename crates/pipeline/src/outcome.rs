//! What a run came to.

use std::collections::BTreeMap;
use std::time::Duration;

use batch::{BatchCounts, FillWarning};
use contact::Repairs;
use ndjson::{InputError, InputSummary};
use serde::Serialize;
use sink::SinkError;

use crate::reject::Action;
use crate::tally::Tally;

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// How many records went where.
    pub counts: Counts,
    /// Violations by code: a record can have several of one code.
    pub by_code: BTreeMap<String, CodeCount>,
    /// Records by code: a record counts once for each code that it has.
    pub records_by_code: BTreeMap<String, CodeCount>,
    /// Changes by normaliser.
    pub repairs: Repairs,
    /// What was read.
    pub inputs: Vec<InputSummary>,
    /// Inputs that could not be read to their end.
    pub input_errors: Vec<InputError>,
    /// What became of rows with the same key; `None` if they were not looked at.
    pub merged: Option<Merged>,
    /// How often a value had to give way to that of a more recent row, by field: `firstName`, `address/town`,
    /// `fields/12345`, `channels/device/appVersion`.
    pub conflicts: BTreeMap<String, u64>,
    /// Request bodies made; `None` if only checking.
    pub batches: Option<BatchCounts>,
    /// Why the request bodies are poorly filled, if they are.
    pub fill_warning: Option<FillWarning>,
    /// What the contacts carry that the sink took; `None` if nobody asked, and where a sink was left to itself.
    pub tally: Option<Tally>,
    /// How long it took.
    pub elapsed: Duration,
}

/// How a run ended.
#[derive(Debug)]
pub enum End {
    /// All input was read and all output is complete.
    Complete,
    /// More records were rejected than allowed.
    TooManyRejects,
    /// It was asked to stop.
    Interrupted,
    /// Some input could not be read ([`Outcome::input_errors`]); everything else is done, but no manifest is written.
    InputFailed,
    /// A request body could not be written.
    SinkFailed(SinkError),
    /// The rejects could not be written.
    RejectsFailed(std::io::Error),
    /// A temporary file failed.
    SpillFailed(spill::SpillError),
    /// The options of the batches cannot be used.
    OptionsRefused(batch::OptionsError),
    /// Rows are said to be sorted by their key, and one came again.
    KeyCameAgain {
        /// The input and the line where it came first.
        first: String,
        /// Where it came again.
        again: String,
    },
    /// The workers are gone before the input was read: a fault of this program.
    WorkersLost,
    /// Whoever read the output has closed it.
    OutputClosed,
    /// The records do not add up: a fault of this program.
    IdentityBroken,
}

impl From<spill::SpillError> for End {
    fn from(error: spill::SpillError) -> Self {
        Self::SpillFailed(error)
    }
}

/// How many records went where. `read` is counted where records are split, `written` by the sink, `rejected` by what
/// takes the rejects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Records found in the input.
    pub read: u64,
    /// Contacts in request bodies; when only checking, records that passed.
    pub written: u64,
    /// Records that became one contact with another one, or were left out because of it.
    pub merged: u64,
    /// Records refused.
    pub rejected: u64,
    /// Records that the mapping of their source leaves out.
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped: u64,
    /// Records written of which a part was left out.
    pub pruned: u64,
    /// Blank lines, which are not records.
    pub blank_lines: u64,
}

impl Counts {
    /// Whether every record that was read is accounted for.
    #[must_use]
    pub fn add_up(&self) -> bool {
        self.read == self.written + self.merged + self.rejected + self.skipped
    }

    /// The accounting identity in words. Only a run that skipped records speaks of them.
    #[must_use]
    pub fn identity(&self) -> String {
        self.identity_with(|number| number.to_string())
    }

    /// The same, with numbers as they are to be shown.
    #[must_use]
    pub fn identity_with(&self, shown: impl Fn(u64) -> String) -> String {
        let [read, written, merged, rejected] =
            [self.read, self.written, self.merged, self.rejected].map(&shown);
        let mut identity = format!("read {read} = written {written} + merged {merged} + rejected {rejected}");
        if self.skipped > 0 {
            identity.push_str(&format!(" + skipped {}", shown(self.skipped)));
        }
        identity
    }
}

/// How often a code was told: its violations, or the records that have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CodeCount {
    /// Of records that were refused, for this or for another reason.
    pub rejected: u64,
    /// Of records of which a part was left out.
    pub pruned: u64,
    /// Of records left out because another one of their key stays.
    pub duplicate: u64,
    /// Of records that a mapping leaves out.
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped: u64,
    /// Of records with values that had to give way to those of more recent ones, as far as that was told.
    #[serde(skip_serializing_if = "is_zero")]
    pub conflict: u64,
}

impl CodeCount {
    /// How often it was told with an action.
    #[must_use]
    pub fn of(&self, action: Action) -> u64 {
        match action {
            Action::Rejected => self.rejected,
            Action::Pruned => self.pruned,
            Action::Duplicate => self.duplicate,
            Action::Skipped => self.skipped,
            Action::MergedConflict => self.conflict,
        }
    }

    pub(crate) fn of_mut(&mut self, action: Action) -> &mut u64 {
        match action {
            Action::Rejected => &mut self.rejected,
            Action::Pruned => &mut self.pruned,
            Action::Duplicate => &mut self.duplicate,
            Action::Skipped => &mut self.skipped,
            Action::MergedConflict => &mut self.conflict,
        }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What became of rows with the same key, apart from those that were written at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Merged {
    /// Rows that waited for others of their key.
    pub rows: u64,
    /// Keys that they had.
    pub keys: u64,
    /// Values that had to give way to those of more recent rows.
    pub conflicts: u64,
    /// Rows that were told because of that.
    pub told_conflicts: u64,
    /// Bytes written to temporary files.
    pub spilled_bytes: u64,
}
