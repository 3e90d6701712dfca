//! Brings the rows of one key together, within a budget of memory.
//!
//! Rows come in any order through [`Merger::push`], with what they are known by; [`Merger::finish`] gives them back as
//! [`Groups`]: one for each key, in the order in which the keys first came up, each with its rows from the least to the
//! most recent. What a row holds is not looked at.
//!
//! ```
//! use merge::{Key, Merger, Options, Row};
//!
//! let mut merger = Merger::new(Options::default());
//! for (key, content) in [("ann", "1"), ("bob", "2"), ("ann", "3")] {
//!     let keys = [Key { hash: key.len() as u64, text: [b"", key.as_bytes()] }];
//!     merger.push(&Row { keys: &keys, claims: &[], rank: 0, content: &[content.as_bytes()] })?;
//! }
//! let mut groups = merger.finish(&|| false)?;
//! let mut found = Vec::new();
//! while groups.next_group()? {
//!     while let Some((_, content)) = groups.next_row()? {
//!         found.push(String::from_utf8_lossy(content).into_owned());
//!     }
//!     found.push("|".to_owned());
//! }
//! assert_eq!(found.concat(), "13|2|");
//! # Ok::<(), merge::MergeError>(())
//! ```
//!
//! # How
//!
//! The contents are written down in a log, in their order; an index has the hash and the text of each key. Sorted, the index
//! shows which rows have a key that came before: only these are taken out of the log, and sorted by the row that they go
//! to. A last reading of the log meets each key's first row and the others beside it. So a row whose key is its own is
//! written once and read once. Where memory does not hold the log and the indexes, they are temporary files.
//!
//! Keys are equal if their texts are: hashes only bring them near to each other.
//!
//! # Memory
//!
//! At most [`Options::memory`], and a few MiB for what is being read and written. It does not grow with the number of rows,
//! nor with the rows of one key.

mod claims;
mod displaced;
mod groups;
mod merger;

pub use groups::{Groups, Lost, content_at};
pub use merger::{Claim, Key, Linking, MergeError, Merger, Options, Row};
