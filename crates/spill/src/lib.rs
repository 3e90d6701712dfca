//! Temporary files that keep memory bounded: a [`Log`] of records in their order, and a [`Sorter`] of more entries than
//! memory holds.
//!
//! The files have no name and belong to their owner alone; they are gone when they are closed, and so also after a crash.
//! What is written to them is compressed. The crate knows nothing of what the records are.
//!
//! ```
//! use spill::{Sorter, Space};
//!
//! let space = Space::new(std::env::temp_dir());
//! let mut sorter = Sorter::<1>::new(&space, u64::MAX);
//! for (key, name) in [(7, "seven"), (3, "three"), (5, "five")] {
//!     sorter.push([key], name.as_bytes());
//!     sorter.spill()?; // whenever memory gets scarce
//! }
//! let sorted = sorter.finish(1 << 20, 1)?;
//! let mut names = Vec::new();
//! let mut cursor = sorted.cursor()?;
//! while let Some((_, name)) = cursor.peek() {
//!     names.push(String::from_utf8_lossy(name).into_owned());
//!     cursor.advance()?;
//! }
//! assert_eq!(names, ["three", "five", "seven"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chunks;
mod error;
mod log;
mod sorter;
mod space;
mod unnamed;

pub use error::{SpillError, SpillOperation};
pub use log::{Log, LogReader, Place};
pub use sorter::{Cursor, Sorted, Sorter, signed_key};
pub use space::Space;
pub use unnamed::unnamed_file;
