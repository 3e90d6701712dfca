//! Groups encoded contacts by field set into request bodies of bounded size.

mod batcher;
mod body;
mod clear;
mod error;
mod fill;
mod keep;
mod options;
mod pages;
mod set_table;
#[cfg(test)]
mod tests;
mod unnamed;

pub use batcher::Batcher;
pub use body::Body;
pub use error::{PushError, SpillError, SpillOperation};
pub use fill::{BatchCounts, FillWarning, SetFill};
pub use options::{
    Absent, BatchOptions, DEFAULT_MAX_BYTES, DEFAULT_OPEN_BYTES, EventKey, EventKeyError,
    MAX_CONTACTS_PER_REQUEST, MAX_EVENT_KEY_CHARS, OptionsError, RequestOptions, RestoreDeleted,
};
pub use set_table::SetId;
