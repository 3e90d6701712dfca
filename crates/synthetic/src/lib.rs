//! Seeded synthetic contact exports with known faults, for tests and benchmarks.
//!
//! A [`Generator`] writes one line of NDJSON after another into a buffer and says what is to be expected of it: a clean
//! contact in normal form, a further row or a duplicate of an earlier one, or one [`Fault`]. The same [`Config`] always
//! makes the same bytes, and memory does not grow with their number.
//!
//! With `repeats_per_mille` it is an export of tokens: a row for each device, several rows for a person.
//!
//! An [`Export`] writes the same people in any [`Format`]: in the API's shape, or as other systems export them, with a
//! few per cent of rows that are opted out, inactive or of kinds that the API has no place for.
//!
//! The people are invented: names and addresses come from short lists, email addresses from example domains. It is not a
//! model of real data beyond sizes and shapes.
//!
//! ```
//! use synthetic::{Config, Expected, Generator};
//!
//! let mut generator = Generator::new(Config { contacts: 3, ..Config::default() });
//! let mut line = Vec::new();
//! while let Some(expected) = generator.next_line(&mut line) {
//!     assert_eq!(expected, Expected::Clean);
//!     assert!(line.starts_with(b"{\"externalCustomerId\":\""));
//! }
//! ```

mod braze;
mod contact;
mod device;
mod draws;
mod export;
mod fault;
mod generator;
mod instant;
mod onesignal;
mod pinpoint;
mod text;
mod values;

pub use export::{Export, Format};
pub use fault::{Action, Fault};
pub use generator::{Config, Expected, FieldSets, Generator};
