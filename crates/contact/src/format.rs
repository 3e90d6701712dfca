//! Formats that the contact's schema names and JSON Schema does not define.

pub use crate::normalise::{is_language_tag, is_time_zone};

/// A format's name, and whether a text has it.
pub type Format = (&'static str, fn(&str) -> bool);

/// `time-zone`: a name of the TZ database. `language-tag`: RFC 5646 with a language of ISO 639-1.
pub const FORMATS: &[Format] = &[("time-zone", is_time_zone), ("language-tag", is_language_tag)];
