//! Wires source, rules, batches and sink together: in parallel, in input order, within bounds.
//!
//! ```text
//! workers (one block each) ─► ordered stage ─► sink thread
//!  read in turn;               duplicates,       Sink::write
//!  take or judge, encode       rejects, batches
//! ```
//!
//! A fixed number of blocks is on its way at any time: whoever reads waits for one to come back. What leaves the ordered
//! stage depends on the input and the options alone, not on threads or block sizes.
//!
//! The crate knows nothing of a terminal: it counts, and hands refused records to a [`Rejects`].
//!
//! ```
//! use contact::{RuleOptions, Rules};
//! use ndjson::{ReaderOptions, expand};
//! use pipeline::{Job, OnDuplicate, Progress, RejectLines, Stop, Task};
//! # use std::io::Write;
//! # let mut file = tempfile::NamedTempFile::new()?;
//! # writeln!(file, r#"{{"externalCustomerId":"1","channels":[{{"type":"email","value":"a@example.com"}}]}}"#)?;
//! # writeln!(file, r#"{{"externalCustomerId":"2","channels":[]}}"#)?;
//! # let path = file.path();
//!
//! let job = Job {
//!     inputs: expand(&[path])?,
//!     reader: ReaderOptions::default(),
//!     threads: std::thread::available_parallelism()?,
//!     task: Task::Contacts {
//!         rules: Box::new(Rules::new(RuleOptions::default(), None)?),
//!         on_duplicate: OnDuplicate::First,
//!         output: None,
//!     },
//!     max_rejects: None,
//!     max_errors_per_record: 20.try_into()?,
//! };
//! let mut rejects = Vec::new();
//! let outcome = pipeline::run(job, &mut RejectLines::new(&mut rejects), &Progress::default(), &Stop::default());
//! assert_eq!(outcome.counts.identity(), "read 2 = written 1 + merged 0 + rejected 1");
//! assert!(String::from_utf8(rejects)?.contains("no-channel"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod duplicates;
mod examine;
mod job;
mod ordered;
mod outcome;
mod progress;
mod reject;
mod request_body;
mod run;
mod sink_thread;

pub use duplicates::OnDuplicate;
pub use job::{Job, Output, RejectLimit, Task};
pub use outcome::{CodeCount, Counts, End, Outcome};
pub use progress::{Progress, Stop};
pub use reject::{Action, Reject, RejectLines, Rejects};
pub use run::run;
