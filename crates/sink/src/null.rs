//! Nowhere.

use batch::Body;
use batch::manifest::Completion;

use crate::{Sink, SinkError, Written};

/// Counts bodies and forgets them: for measuring, and for checking without an output.
#[derive(Debug, Default)]
pub struct NullSink {
    written: Written,
}

impl NullSink {
    /// A sink that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Sink for NullSink {
    fn write(&mut self, body: &Body) -> Result<(), SinkError> {
        self.written.add(body);
        Ok(())
    }

    fn contacts_written(&self) -> u64 {
        self.written.contacts
    }

    fn is_prompt(&self) -> bool {
        true
    }

    fn finish(self: Box<Self>, completion: Completion) -> Result<(), SinkError> {
        self.written.check(&completion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nowhere_is_a_sink() {
        crate::conformance::check(|| Box::new(NullSink::new()));
    }
}
