//! Runs from a text to memory.

use std::io::{self, Write};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use batch::manifest::Completion;
use batch::{BatchOptions, Body, RequestOptions};
use contact::{DedupeOn, Formats, RuleOptions, Rules, Schema};
use mapping::Sources;
use ndjson::{BlockReader, Format, Input, ReaderOptions, Recogniser};
use pipeline::{
    Job, Merging, OnDuplicate, Outcome, Output, Progress, Reject, RejectLimit, RejectLines, Rejects, Stop,
    TallyContacts, Task,
};
use serde_json::Value;
use sink::{Sink, SinkError};

#[derive(Clone)]
pub(crate) struct Run {
    text: Vec<u8>,
    second_text: Option<String>,
    format: Format,
    threads: usize,
    block_bytes: usize,
    batch: Option<NonZeroU32>,
    batch_bytes: Option<usize>,
    merging: Merging,
    rules: RuleOptions,
    schema: Option<Value>,
    max_rejects: Option<RejectLimit>,
    max_errors: NonZeroUsize,
    stop: Stop,
    has_stuck_sink: bool,
    has_panicking_rejects: bool,
    in_rejects: bool,
}

/// Whatever takes the rejects has a fault of its own.
struct Panicking;

impl Rejects for Panicking {
    fn take(&mut self, _: &Reject<'_>) -> io::Result<()> {
        panic!("this is a fault that the run has to survive")
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
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
    stuck: Option<Stuck>,
}

/// Asks the run to stop at the first body, and takes it when the run has ended.
#[derive(Clone)]
struct Stuck {
    stop: Stop,
    ended: Arc<Mutex<Receiver<()>>>,
}

impl Sink for Memory {
    fn write(&mut self, body: &Body) -> Result<(), SinkError> {
        if let Some(Stuck { stop, ended }) = &self.stuck {
            stop.request();
            // Nothing is sent: it waits until the other end is dropped.
            let _ = ended.lock().expect("nobody panicked").recv();
        }
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
            second_text: None,
            format: Format::Auto,
            threads: 2,
            block_bytes: 4096,
            batch: None,
            batch_bytes: None,
            merging: Merging { on_duplicate: OnDuplicate::First, ..Merging::default() },
            rules: RuleOptions::default(),
            schema: None,
            max_rejects: None,
            max_errors: NonZeroUsize::new(20).expect("not 0"),
            stop: Stop::default(),
            has_stuck_sink: false,
            has_panicking_rejects: false,
            in_rejects: false,
        }
    }

    /// Records stand in the lines of a rejects file.
    pub(crate) fn in_rejects(mut self) -> Self {
        self.in_rejects = true;
        self
    }

    /// What stands in a second input.
    pub(crate) fn and_then_of(mut self, text: &str) -> Self {
        self.second_text = Some(text.to_owned());
        self
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
        self.merging.on_duplicate = policy;
        self
    }

    pub(crate) fn merging(mut self, merging: Merging) -> Self {
        self.merging = merging;
        self
    }

    pub(crate) fn dedupe_on(mut self, dedupe_on: DedupeOn) -> Self {
        self.rules.dedupe_on = dedupe_on;
        self
    }

    pub(crate) fn max_channels_per_type(mut self, max: NonZeroUsize) -> Self {
        self.rules.max_channels_per_type = Some(max);
        self
    }

    /// Further rules beside the contact's own.
    pub(crate) fn schema(mut self, schema: Value) -> Self {
        self.schema = Some(schema);
        self
    }

    /// The member that says when a row was true.
    pub(crate) fn updated_at(mut self, pointer: &str) -> Self {
        self.rules.updated_at = Some(pointer.parse().expect("a pointer"));
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

    /// The sink takes nothing, and the run is asked to stop meanwhile.
    pub(crate) fn stuck_sink(mut self) -> Self {
        self.has_stuck_sink = true;
        self
    }

    /// Telling the first reject panics.
    pub(crate) fn panicking_rejects(mut self) -> Self {
        self.has_panicking_rejects = true;
        self
    }

    pub(crate) fn go(self) -> Ran {
        let file = file_of(&self.text);
        let second = self.second_text.as_ref().map(|text| file_of(text.as_bytes()));
        let (_until_the_end, ended) = channel();
        let stuck = Stuck { stop: self.stop.clone(), ended: Arc::new(Mutex::new(ended)) };
        let memory = Memory { stuck: self.has_stuck_sink.then_some(stuck), ..Memory::default() };
        let finds = self.merging.finds(self.rules.dedupe_on);
        let rules = RuleOptions { finds, ..self.rules };
        let request = RequestOptions { dedupe_on: rules.dedupe_on, ..RequestOptions::default() };
        let mut batches = BatchOptions::new(request, std::env::temp_dir());
        batches.max_contacts = self.batch.unwrap_or(batches.max_contacts);
        batches.max_bytes = self.batch_bytes.unwrap_or(batches.max_bytes);
        let schema = self.schema.map(|schema| {
            Schema::compile(schema, Vec::new(), Formats::Assert).expect("the schema of a test is sound")
        });
        let inputs = std::iter::once(&file).chain(&second).map(|file| Input::File(file.path().to_owned()));
        let mut reader =
            ReaderOptions { block_bytes: self.block_bytes, format: self.format, ..ReaderOptions::default() };
        let mut sources = Arc::new(Sources::contacts());
        if self.in_rejects {
            sources = Arc::new(Sources::contacts().in_rejects());
            reader.recogniser = Some(Arc::clone(&sources) as Arc<dyn Recogniser>);
        }
        let job = Job {
            reader: BlockReader::new(inputs.collect(), reader),
            threads: NonZeroUsize::new(self.threads).expect("not 0"),
            task: Task::Contacts {
                sources,
                rules: Arc::new(Rules::new(rules, schema).expect("our own schema is sound")),
                merging: self.merging,
                output: Some(Box::new(Output {
                    batches,
                    sink: Box::new(memory.clone()),
                    options: serde_json::Map::new(),
                    rejects_file: None,
                    tally: TallyContacts::Yes,
                })),
            },
            max_rejects: self.max_rejects,
            max_errors_per_record: self.max_errors,
        };
        let told = tempfile::NamedTempFile::new().expect("a temporary file");
        let rejects: Box<dyn Rejects + Send> = if self.has_panicking_rejects {
            Box::new(Panicking)
        } else {
            Box::new(RejectLines::new(told.reopen().expect("the same file")))
        };
        let outcome = pipeline::run(job, rejects, &Progress::default(), &self.stop);
        let mut rejects = std::io::read_to_string(told).expect("rejects are UTF-8");
        // The name of a temporary file is another one each time.
        for (file, name) in std::iter::once(&file).chain(&second).zip(["input", "second-input"]) {
            rejects = rejects.replace(&file.path().display().to_string(), name);
        }
        Ran {
            outcome,
            bodies: std::mem::take(&mut *memory.bodies.lock().expect("nobody panicked")),
            rejects,
            complete: *memory.complete.lock().expect("nobody panicked"),
        }
    }
}

fn file_of(text: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text).expect("it takes the text");
    file
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
