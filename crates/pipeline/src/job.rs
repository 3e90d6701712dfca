//! What a run is asked to do.

use std::num::NonZeroUsize;
use std::sync::Arc;

use batch::BatchOptions;
use batch::manifest::ManifestOptions;
use contact::{Rules, Schema};
use mapping::Sources;
use ndjson::BlockReader;
use serde_json::{Map, Value};
use sink::Sink;

use crate::merging::Merging;
use crate::sink_thread::Completing;
use crate::tally::TallyContacts;

/// One run.
pub struct Job {
    /// What is read, as one stream.
    pub reader: BlockReader,
    /// How many workers parse and judge.
    pub threads: NonZeroUsize,
    /// What is done with each record.
    pub task: Task,
    /// More rejected records than this end the run.
    pub max_rejects: Option<RejectLimit>,
    /// How many violations of one record are told.
    pub max_errors_per_record: NonZeroUsize,
}

/// What is done with each record.
pub enum Task {
    /// Validate it as it stands, by any schema.
    Raw(Box<Schema>),
    /// Make a contact of it or refuse it.
    Contacts {
        /// How records of other shapes become contacts, by the dialect of their input.
        sources: Arc<Sources>,
        /// The contact's rules, which find what merging needs: [`Merging::finds`].
        rules: Arc<Rules>,
        /// What happens to rows of one key.
        merging: Merging,
        /// Where contacts go; `None` only checks them.
        output: Option<Box<Output>>,
    },
}

/// Where contacts go.
pub struct Output {
    /// How request bodies are made of them. The request options are also what the options of request bodies among the
    /// input must agree with.
    pub batches: BatchOptions,
    /// Where the request bodies go.
    pub sink: Box<dyn Sink + Send>,
    /// Further options that matter, for the manifest; those of batches and rules are known.
    pub options: Map<String, Value>,
    /// The name of the rejects file beside the batches, for the manifest.
    pub rejects_file: Option<String>,
    /// Whether what is written is counted: [`Outcome::tally`](crate::Outcome::tally).
    pub tally: TallyContacts,
}

impl Output {
    /// What the manifest says of the options.
    pub(crate) fn completing(&self, rules: &Rules, merging: &Merging, sources: &Arc<Sources>) -> Completing {
        let mut options = ManifestOptions::of(&self.batches);
        options.on_invalid = rules.options().on_invalid.as_str().to_owned();
        options.unknown_fields = rules.options().unknown_fields.as_str().to_owned();
        options.on_duplicate = merging.on_duplicate.as_str().to_owned();
        options.further = self.options.clone();
        Completing { options, rejects_file: self.rejects_file.clone(), sources: Arc::clone(sources) }
    }
}

/// How many records may be rejected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RejectLimit {
    /// So many. The run stops at the first one beyond.
    Count(u64),
    /// So many in a hundred of those read. Known only at the end of the input.
    Percent(f64),
}
