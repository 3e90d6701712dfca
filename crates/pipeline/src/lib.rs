//! Wires source, rules, batches and sink together: in parallel, in input order, within bounds.
//!
//! ```text
//! workers (one block each) ─► ordered stage ───────────────────────────► sink thread
//!  read in turn; map;          rejects, batches:                          Sink::write
//!  take or judge, encode       by one worker at a time              ▲
//!                               ▼ contacts that wait              │
//!                              rows of a key come together ─► folding threads
//!                               Merger: memory, then files     one contact of the rows
//! ```
//!
//! A fixed number of blocks is on its way at any time: whoever reads waits for one to come back. Contacts wait for others
//! of their key, as [`Merging`] says: all of them until the input has ended; with [`OnDuplicate::First`] only those whose
//! key is new and has no room in memory; with [`InputOrder::SortedByKey`] until another key comes, and these are folded by
//! the ordered stage itself; with [`OnDuplicate::Keep`] none. What leaves the ordered stage depends on the input and the
//! options alone, not on threads, memory or block sizes.
//!
//! The crate knows nothing of a terminal: it counts, and hands refused records to a [`Rejects`].
//!
//! ```
//! use contact::{RuleOptions, Rules};
//! use mapping::Sources;
//! use ndjson::{BlockReader, ReaderOptions, expand};
//! use pipeline::{Job, Merging, Progress, RejectLines, Stop, Task};
//! use std::sync::Arc;
//! # use std::io::Write;
//! # let mut file = tempfile::NamedTempFile::new()?;
//! # writeln!(file, r#"{{"externalCustomerId":"1","channels":[{{"type":"email","value":"a@example.com"}}]}}"#)?;
//! # writeln!(file, r#"{{"externalCustomerId":"2","channels":[]}}"#)?;
//! # let path = file.path();
//!
//! let merging = Merging::default();
//! let mut rule_options = RuleOptions::default();
//! rule_options.finds = merging.finds(rule_options.dedupe_on);
//! let job = Job {
//!     reader: BlockReader::new(expand(&[path])?, ReaderOptions::default()),
//!     threads: std::thread::available_parallelism()?,
//!     task: Task::Contacts {
//!         sources: Arc::new(Sources::contacts()),
//!         rules: Arc::new(Rules::new(rule_options, None)?),
//!         merging,
//!         output: None,
//!     },
//!     max_rejects: None,
//!     max_errors_per_record: 20.try_into()?,
//! };
//! let mut told = tempfile::NamedTempFile::new()?;
//! let rejects = Box::new(RejectLines::new(told.reopen()?));
//! let outcome = pipeline::run(job, rejects, &Progress::default(), &Stop::default());
//! assert_eq!(outcome.counts.identity(), "read 2 = written 1 + merged 0 + rejected 1");
//! assert!(std::io::read_to_string(&mut told)?.contains("no-channel"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod corrected;
mod duplicates;
mod examine;
mod field_sets;
mod findings;
mod fold;
mod hand_out;
mod held_row;
mod job;
mod mapped;
mod mended;
mod merging;
mod ordered;
mod outcome;
mod outlet;
mod progress;
mod regrouped;
mod reject;
mod request_body;
mod run;
mod seen;
mod sink_thread;
mod tally;
mod unit;
mod workers;

pub use job::{Job, Output, RejectLimit, Task};
pub use merging::{InputOrder, Merging, OnDuplicate, SharedTokens};
pub use outcome::{CodeCount, Counts, End, Merged, Outcome};
pub use progress::{Progress, Stop};
pub use reject::{Action, Reject, RejectLines, Rejects};
pub use run::run;
pub use tally::{Devices, Tally, TallyContacts};
