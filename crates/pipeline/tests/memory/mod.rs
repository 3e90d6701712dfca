//! Runs from a text to memory.

use std::io::Write;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};

use batch::manifest::Completion;
use batch::{BatchOptions, Body, RequestOptions};
use contact::{RuleOptions, Rules};
use ndjson::{Format, Input, ReaderOptions};
use pipeline::{Job, OnDuplicate, Outcome, Output, Progress, RejectLimit, RejectLines, Stop, Task};
use serde_json::Value;
use sink::{Sink, SinkError};

#[derive(Clone)]
pub(crate) struct Run {
    text: Vec<u8>,
    format: Format,
    threads: usize,
    block_bytes: usize,
    batch: Option<NonZeroU32>,
    batch_bytes: Option<usize>,
    on_duplicate: OnDuplicate,
    max_rejects: Option<RejectLimit>,
    max_errors: NonZeroUsize,
    stop: Stop,
}

pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) bodies: Vec<String>,
    pub(crate) rejects: String,
    /// Whether the sink was told that its output is complete.
    pub(crate) complete: bool,
}

#[derive(Clone, Default)]
struct Memory {
    bodies: Arc<Mutex<Vec<String>>>,
    complete: Arc<Mutex<bool>>,
    contacts: u64,
}

impl Sink for Memory {
    fn write(&mut self, body: &Body) -> Result<(), SinkError> {
        self.contacts += u64::from(body.contacts);
        let text = String::from_utf8(body.bytes.clone()).expect("a body is UTF-8");
        self.bodies.lock().expect("nobody panicked").push(text);
        Ok(())
    }

    fn contacts_written(&self) -> u64 {
        self.contacts
    }

    fn finish(self: Box<Self>, _: Completion) -> Result<(), SinkError> {
        *self.complete.lock().expect("nobody panicked") = true;
        Ok(())
    }
}

impl Run {
    pub(crate) fn of(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    pub(crate) fn of_bytes(text: &[u8]) -> Self {
        Self {
            text: text.to_vec(),
            format: Format::Auto,
            threads: 2,
            block_bytes: 4096,
            batch: None,
            batch_bytes: None,
            on_duplicate: OnDuplicate::First,
            max_rejects: None,
            max_errors: NonZeroUsize::new(20).expect("not 0"),
            stop: Stop::default(),
        }
    }

    /// One record on each line, whatever the first line looks like.
    pub(crate) fn lines(mut self) -> Self {
        self.format = Format::Ndjson;
        self
    }

    pub(crate) fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    pub(crate) fn block_bytes(mut self, bytes: usize) -> Self {
        self.block_bytes = bytes;
        self
    }

    pub(crate) fn batch(mut self, contacts: NonZeroU32) -> Self {
        self.batch = Some(contacts);
        self
    }

    pub(crate) fn batch_bytes(mut self, bytes: usize) -> Self {
        self.batch_bytes = Some(bytes);
        self
    }

    pub(crate) fn on_duplicate(mut self, policy: OnDuplicate) -> Self {
        self.on_duplicate = policy;
        self
    }

    pub(crate) fn max_rejects(mut self, limit: RejectLimit) -> Self {
        self.max_rejects = Some(limit);
        self
    }

    pub(crate) fn max_errors(mut self, max: NonZeroUsize) -> Self {
        self.max_errors = max;
        self
    }

    pub(crate) fn stopped(self) -> Self {
        self.stop.request();
        self
    }

    pub(crate) fn go(self) -> Ran {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(&self.text).expect("it takes the text");
        let memory = Memory::default();
        let mut batches = BatchOptions::new(RequestOptions::default(), std::env::temp_dir());
        batches.max_contacts = self.batch.unwrap_or(batches.max_contacts);
        batches.max_bytes = self.batch_bytes.unwrap_or(batches.max_bytes);
        let job = Job {
            inputs: vec![Input::File(file.path().to_owned())],
            reader: ReaderOptions {
                block_bytes: self.block_bytes,
                format: self.format,
                ..ReaderOptions::default()
            },
            threads: NonZeroUsize::new(self.threads).expect("not 0"),
            task: Task::Contacts {
                rules: Box::new(Rules::new(RuleOptions::default(), None).expect("our own schema is sound")),
                on_duplicate: self.on_duplicate,
                output: Some(Box::new(Output {
                    batches,
                    sink: Box::new(memory.clone()),
                    options: serde_json::Map::new(),
                    rejects_file: None,
                })),
            },
            max_rejects: self.max_rejects,
            max_errors_per_record: self.max_errors,
        };
        let mut rejects = Vec::new();
        let outcome =
            pipeline::run(job, &mut RejectLines::new(&mut rejects), &Progress::default(), &self.stop);
        let name = file.path().display().to_string();
        Ran {
            outcome,
            bodies: std::mem::take(&mut *memory.bodies.lock().expect("nobody panicked")),
            // The name of a temporary file is another one each time.
            rejects: String::from_utf8(rejects).expect("rejects are UTF-8").replace(&name, "input"),
            complete: *memory.complete.lock().expect("nobody panicked"),
        }
    }
}

impl Ran {
    pub(crate) fn rejects(&self) -> Vec<Value> {
        self.rejects.lines().map(|line| serde_json::from_str(line).expect("a reject is JSON")).collect()
    }

    pub(crate) fn contacts(&self) -> Vec<Value> {
        let bodies =
            self.bodies.iter().map(|body| serde_json::from_str::<Value>(body).expect("a body is JSON"));
        bodies.flat_map(|body| body["contacts"].as_array().expect("contacts").clone()).collect()
    }
}
