//! The contact's rules: schema, normalisers, validation on the tape, pruning, encoding.

mod field_set;

pub use field_set::{FieldSet, STANDARD_FIELD_NAMES, StandardFields};
