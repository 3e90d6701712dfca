//! Groups encoded contacts by field set into request bodies of bounded size.
//!
//! The API sets a field to null when a request lists it and a contact carries no value for it. So a [`Body`] holds
//! only contacts that carry the same [`FieldSet`](contact::FieldSet), and lists exactly that set; or, with
//! [`Absent::Clear`], all contacts under the union of their sets. The [`manifest`] module describes a folder of
//! bodies and reads it back. This crate knows neither threads nor HTTP, and no files but its temporary one and those
//! of a prepared folder.
//!
//! ```
//! use batch::{BatchOptions, Batcher, RequestOptions};
//!
//! let mut fields = contact::FieldSet::default();
//! fields.standard.insert("email");
//!
//! let mut batcher = Batcher::new(BatchOptions::new(RequestOptions::default(), std::env::temp_dir()))?;
//! let set = batcher.set(&fields);
//! batcher.push(set, br#"{"channels":[{"type":"email","value":"john.smith@example.com"}]}"#)?;
//! batcher.finish()?;
//! let body = batcher.next_ready()?.ok_or("a body")?;
//! assert!(body.bytes.ends_with(br#"],"dedupeOn":"externalCustomerId","contactFields":["email"]}"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Memory
//!
//! However many field sets there are, a [`Batcher`] holds at most
//! - [`BatchOptions::open_bytes`] of unfinished bodies, or one contact if that is larger. When they need more, the
//!   largest move to one temporary file (no name, mode 0600), until half of the memory is free. The file consists of
//!   pages of 16 KiB that are used again, so it is never longer than the most bytes that lay in it at one time, plus
//!   one page for each open body. With [`Absent::Clear`] all contacts go through such a file, front to back.
//! - 65,536 field sets with contacts and 16,384 without, about 150 bytes each, and 2 Mi ids of custom fields for
//!   either kind. When there are more, the body of the set that waited longest for a contact is closed early.
//! - the bodies that are ready and not fetched, and three buffers that came back through [`Batcher::recycle`].
//!
//! `open_bytes` changes no body: bodies and their order follow from the contacts and the other options.
//!
//! # Fill
//!
//! Sparse data makes many field sets, and so many small bodies. [`BatchCounts::mean_contacts`] says how many contacts
//! a body holds, [`Batcher::worst_set`] which set fills its bodies worst, and [`Batcher::fill_warning`] whether this
//! is worth a word to the user.

mod batcher;
mod body;
mod clear;
mod error;
mod fill;
mod keep;
pub mod manifest;
mod options;
mod pages;
mod set_table;
#[cfg(test)]
mod tests;

pub use batcher::Batcher;
pub use body::Body;
pub use error::PushError;
pub use fill::{BatchCounts, FillWarning, SetFill};
pub use options::{
    Absent, BatchOptions, DEFAULT_MAX_BYTES, DEFAULT_OPEN_BYTES, EventKey, EventKeyError,
    MAX_CONTACTS_PER_REQUEST, MAX_EVENT_KEY_CHARS, OptionsError, RequestOptions, RestoreDeleted,
};
pub use set_table::SetId;
