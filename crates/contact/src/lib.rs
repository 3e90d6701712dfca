//! The contact's rules: schema, normalisers, validation on the tape, pruning, encoding.

mod dedupe;
mod field_set;

pub use dedupe::DedupeOn;
pub use field_set::{FieldSet, STANDARD_FIELD_NAMES, StandardFields};
