//! Wires source, rules, batches and sink together: in parallel, in input order, within bounds.
//!
//! ```text
//! reader thread ─► workers (one block each) ─► ordered stage ─► sink thread
//!  BlockReader      parse, judge, encode       duplicates,       Sink::write
//!                                              rejects, batches
//! ```
//!
//! A fixed number of blocks is on its way at any time: the reader waits for one to come back. What leaves the ordered
//! stage depends on the input and the options alone, not on threads or block sizes.
//!
//! The crate knows nothing of a terminal: it counts, and hands refused records to a [`Rejects`].

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
