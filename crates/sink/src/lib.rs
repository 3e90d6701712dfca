//! Where request bodies go: a folder, standard output, nowhere.
//!
//! A [`Sink`] takes complete bodies, one after the other, and is told when there are no more. It knows bodies and
//! nothing of the records in them; sending them to the API is the work of another crate, as a sink of its own. What
//! every sink promises stands on the trait and is tested by [`conformance`].
//!
//! ```
//! use batch::Body;
//! use sink::{Sink, StdoutSink};
//!
//! let mut sink = StdoutSink::new(Vec::new());
//! sink.write(&Body { bytes: b"{\"contacts\":[{}]}".to_vec(), contacts: 1, fields: Default::default() })?;
//! assert_eq!(sink.contacts_written(), 1);
//! assert_eq!(sink.into_inner(), b"{\"contacts\":[{}]}\n");
//! # Ok::<(), sink::SinkError>(())
//! ```

pub mod conformance;
mod error;
mod folder;
mod null;
mod stdout;

use batch::Body;
use batch::manifest::Completion;

pub use error::{Operation, SinkError};
pub use folder::{FolderSink, MARKER_FILE, Overwrite};
pub use null::NullSink;
pub use stdout::StdoutSink;

/// A place that request bodies go to.
///
/// The contract:
/// - [`write`](Self::write) is called once for each body, in order. When it returns, the sink needs the body no
///   longer, and its contacts count as written. When it fails, none of them do, nothing of the body looks whole to
///   a reader, and the sink takes no further bodies: the caller drops it.
/// - [`contacts_written`](Self::contacts_written) is counted by the sink itself, from the bodies it took, so that it
///   can be held against the counts of the source.
/// - [`finish`](Self::finish) is called once, after the last body. Only then may the output look complete, and only
///   if the counts of the completion are those of the sink.
/// - A sink that is dropped without it leaves nothing that looks complete.
pub trait Sink: Send {
    /// Takes one body.
    ///
    /// # Errors
    /// If the body could not be put where it should go; [`SinkError::Closed`] if nobody wants it any more.
    fn write(&mut self, body: &Body) -> Result<(), SinkError>;

    /// How many contacts are in the bodies that were written.
    fn contacts_written(&self) -> u64;

    /// Whether taking a body waits for nothing and takes no time, so that nothing is won by a thread for it.
    fn is_prompt(&self) -> bool {
        false
    }

    /// Completes the output. `completion` is the manifest without the batches, for sinks that keep one.
    ///
    /// # Errors
    /// [`SinkError::Counts`] if the completion counts other batches or contacts than were written; or what went wrong
    /// with the output, which then does not look complete.
    fn finish(self: Box<Self>, completion: Completion) -> Result<(), SinkError>;
}

/// What a sink has taken.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    bodies: u64,
    contacts: u64,
}

impl Written {
    fn add(&mut self, body: &Body) {
        self.bodies += 1;
        self.contacts += u64::from(body.contacts);
    }

    /// Holds the counts against those of the completion.
    fn check(self, completion: &Completion) -> Result<(), SinkError> {
        let counts = &completion.counts;
        for (what, counted, written) in
            [("batches", counts.batches, self.bodies), ("contacts", counts.written, self.contacts)]
        {
            if counted != written {
                return Err(SinkError::Counts { what, counted, written });
            }
        }
        Ok(())
    }
}
