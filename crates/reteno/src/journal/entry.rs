//! The lines of a journal.

use serde::{Deserialize, Serialize};

use crate::part::{BodyHash, Part};

/// What is uploaded, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// Always [`FORMAT`](super::FORMAT).
    pub format: String,
    /// Always [`VERSION`](super::VERSION).
    pub version: u32,
    /// The tool and its version.
    pub tool: String,
    /// Where it is uploaded to.
    pub base_url: String,
    /// Where the bodies come from.
    pub source: Source,
}

impl Begin {
    /// The first line of an upload.
    #[must_use]
    pub fn new(base_url: &str, source: Source) -> Self {
        Self {
            format: super::FORMAT.to_owned(),
            version: super::VERSION,
            tool: concat!("reteno-import ", env!("CARGO_PKG_VERSION")).to_owned(),
            base_url: base_url.to_owned(),
            source,
        }
    }
}

/// Where bodies come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A prepared folder with this manifest.
    Folder {
        /// The hash of its manifest.
        manifest: BodyHash,
    },
    /// Bodies from a pipe.
    Bodies,
    /// Records that are made into bodies on the way.
    Records,
}

impl Source {
    /// Whether it is known to be the same thing each time.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        matches!(self, Self::Folder { .. })
    }
}

/// A contact that the server refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failed {
    /// Which one of the body, from 0; `None` if the server's copy of it fits none.
    pub(crate) contact: Option<u32>,
    /// What the server says.
    pub(crate) error: String,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Entry {
    /// An upload begins.
    Begin(Begin),
    /// A request is about to be sent.
    Sending {
        #[serde(flatten)]
        part: Part,
        attempt: u32,
    },
    /// It was not taken, or nobody knows, and is to be sent again.
    Again {
        #[serde(flatten)]
        part: Part,
        attempt: u32,
        reason: String,
        perhaps_applied: bool,
    },
    /// It was taken.
    Accepted {
        #[serde(flatten)]
        part: Part,
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// The server took it before; the answer that named its session was lost.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        repeated: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        failed: Vec<Failed>,
    },
    /// The server does not like something in it, and its halves are sent.
    Split {
        #[serde(flatten)]
        part: Part,
        status: u16,
        message: String,
    },
    /// The server took it before, but the answer that named its session and the contacts that failed was lost. Its
    /// halves, which the server does not know yet, are sent to learn that.
    Repeated {
        #[serde(flatten)]
        part: Part,
    },
    /// The server does not like this one contact.
    Rejected {
        #[serde(flatten)]
        part: Part,
        status: u16,
        message: String,
    },
    /// The server has imported it.
    Finished {
        #[serde(flatten)]
        part: Part,
        /// Contacts without an id among those that did not fail.
        unmapped: u32,
    },
    /// The server could not import it.
    SessionFailed {
        #[serde(flatten)]
        part: Part,
        message: String,
    },
    /// The upload has come to its end.
    Complete,
}

impl Entry {
    /// The part of a body that it is about.
    pub(super) fn part(&self) -> Option<Part> {
        match self {
            Self::Begin(_) | Self::Complete => None,
            Self::Sending { part, .. }
            | Self::Again { part, .. }
            | Self::Accepted { part, .. }
            | Self::Split { part, .. }
            | Self::Repeated { part }
            | Self::Rejected { part, .. }
            | Self::Finished { part, .. }
            | Self::SessionFailed { part, .. } => Some(*part),
        }
    }
}

/// How long the files beside the journal are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offsets {
    #[serde(default, rename = "results_bytes")]
    pub(super) results: u64,
    #[serde(default, rename = "rejects_bytes")]
    pub(super) rejects: u64,
}

/// A line as it stands in the file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) at: String,
    #[serde(flatten)]
    pub(super) entry: Entry,
    #[serde(flatten)]
    pub(super) offsets: Offsets,
}
