//! What every sink promises, as a test that all of them run.

use batch::Body;
use batch::manifest::{Completion, FORMAT, ManifestCounts, ManifestOptions, VERSION};

use crate::{Sink, SinkError};

/// Runs through the contract of [`Sink`] with new sinks, each of which must be able to take everything.
///
/// # Panics
/// If a sink breaks the contract.
pub fn check(mut new_sink: impl FnMut() -> Box<dyn Sink>) {
    let empty = new_sink();
    assert_eq!(empty.contacts_written(), 0, "a new sink has written nothing");
    succeeds(empty.finish(completion(0, 0)), "finishing without a body");

    let mut sink = new_sink();
    let mut written = 0;
    // A tiny body, the most contacts, and a body longer than any buffer on the way.
    let long = Body { bytes: [b"\"", "x".repeat(3 << 20).as_bytes(), b"\""].concat(), ..body(7) };
    for body in [body(1), body(3000), body(2), long] {
        succeeds(sink.write(&body), "writing a body");
        written += u64::from(body.contacts);
        assert_eq!(sink.contacts_written(), written, "every contact of a written body counts, and no other");
    }
    succeeds(sink.finish(completion(4, written)), "finishing with the right counts");

    for (batches, contacts) in [(1, 4), (1, 6), (0, 5), (2, 5)] {
        let mut sink = new_sink();
        succeeds(sink.write(&body(5)), "writing a body");
        match sink.finish(completion(batches, contacts)) {
            Err(SinkError::Counts { .. }) => {}
            other => panic!("finishing with wrong counts must be refused, not {other:?}"),
        }
    }
}

fn succeeds(outcome: Result<(), SinkError>, what: &str) {
    if let Err(error) = outcome {
        panic!("{what} failed: {error}");
    }
}

/// A body with so many contacts.
#[must_use]
pub fn body(contacts: u32) -> Body {
    let list = vec!["{}"; contacts as usize].join(",");
    let bytes = format!("{{\"contacts\":[{list}],\"dedupeOn\":\"externalCustomerId\",\"contactFields\":[]}}");
    Body { bytes: bytes.into_bytes(), contacts, fields: Default::default() }
}

/// A completion with these counts.
#[must_use]
pub fn completion(batches: u64, contacts: u64) -> Completion {
    Completion {
        format: FORMAT.into(),
        version: VERSION,
        tool: "reteno-import 0.0.0".into(),
        options: ManifestOptions::default(),
        inputs: Vec::new(),
        counts: ManifestCounts { read: contacts, written: contacts, batches, ..ManifestCounts::default() },
        identity: format!("read {contacts} = written {contacts} + merged 0 + rejected 0"),
        rejects: None,
    }
}
