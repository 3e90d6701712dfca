//! An upload as the place that request bodies go to.

use std::fmt;

use batch::Body;
use batch::manifest::Completion;
use sink::{Sink, SinkError};

use crate::upload::{SourceEnd, Stopped, Upload, UploadOutcome};

/// Who gets the outcome of an upload.
type Told = Box<dyn FnOnce(UploadOutcome) + Send>;

/// Hands each body to an upload. What becomes of them is known at its end, whether all bodies came or not; then it is told.
pub struct UploadSink {
    /// The upload, and who gets its outcome, until it has ended.
    upload: Option<(Upload, Told)>,
    bodies: u64,
    contacts: u64,
}

impl UploadSink {
    /// A sink that hands bodies to `upload`, and its outcome to `told`.
    pub fn new(upload: Upload, told: impl FnOnce(UploadOutcome) + Send + 'static) -> Self {
        Self { upload: Some((upload, Box::new(told))), bodies: 0, contacts: 0 }
    }

    fn end(&mut self, source: SourceEnd) {
        if let Some((upload, told)) = self.upload.take() {
            told(upload.finish(source));
        }
    }
}

impl fmt::Debug for UploadSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadSink").field("bodies", &self.bodies).field("contacts", &self.contacts).finish()
    }
}

impl Sink for UploadSink {
    fn write(&mut self, body: &Body) -> Result<(), SinkError> {
        let (upload, _) = self.upload.as_mut().ok_or(SinkError::Stopped)?;
        upload.send(body.bytes.clone(), body.contacts).map_err(|Stopped| SinkError::Stopped)?;
        self.bodies += 1;
        self.contacts += u64::from(body.contacts);
        Ok(())
    }

    /// How many contacts were handed over; whether they arrived is what the outcome of the upload says.
    fn contacts_written(&self) -> u64 {
        self.contacts
    }

    fn finish(mut self: Box<Self>, completion: Completion) -> Result<(), SinkError> {
        let counts = &completion.counts;
        for (what, counted, written) in
            [("batches", counts.batches, self.bodies), ("contacts", counts.written, self.contacts)]
        {
            if counted != written {
                return Err(SinkError::Counts { what, counted, written });
            }
        }
        self.end(SourceEnd::Complete);
        Ok(())
    }
}

impl Drop for UploadSink {
    fn drop(&mut self) {
        self.end(SourceEnd::CutOff);
    }
}
