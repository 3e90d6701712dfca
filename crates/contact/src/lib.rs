//! The contact's rules: schema, normalisers, validation on the tape, pruning, encoding.
//!
//! A record comes as an [`ndjson::Tape`]. [`Rules::judge`] brings it into normal form, validates it, leaves out the
//! smallest optional parts that break a rule, and says what the contact is known by; [`encode`] writes what is left.
//! What the rules are stands in one JSON Schema ([`CONTACT_SCHEMA`]), repairs and hints included; nothing here knows
//! files, threads or requests.
//!
//! ```
//! use contact::{Scratch, RuleOptions, Rules, Verdict};
//!
//! let rules = Rules::new(RuleOptions::default(), None)?;
//! let line = br#"{"externalCustomerId":7,"channels":[{"type":"email","value":" a@EXAMPLE.com"}]}"#;
//! let mut contact = Vec::new();
//! ndjson::Parser::new().parse(line, |tape| {
//!     if let Verdict::Accepted { .. } = rules.judge(tape, &mut Scratch::default()) {
//!         contact::encode(tape, &mut contact);
//!     }
//! })?;
//! let expected = br#"{"externalCustomerId":"7","channels":[{"type":"email","value":"a@example.com"}]}"#;
//! assert_eq!(contact, expected);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod custom_fields;
mod dedupe;
mod encode;
mod explain;
mod field_set;
mod finds;
mod format;
mod left_out;
mod limits;
mod normalise;
mod number_text;
mod places;
mod plain;
mod plan;
mod pointer;
mod rules;
mod schema;
mod tape_json;
mod union;
mod updated_at;
mod violation;

pub use dedupe::{DedupeOn, Key, key_of};
pub use encode::{encode, encode_text};
pub use field_set::{FieldSet, STANDARD_FIELD_NAMES, StandardFields};
pub use finds::{Finds, links_of, tokens_of};
pub use format::{FORMATS, Format, is_language_tag, is_time_zone};
pub use normalise::{Change, Normaliser, Region, RegionError, Settings};
pub use plain::{LineEnds, Mended, PLAIN_MARGIN_BYTES, PlainContact, PlainLink, PlainToken};
pub use plan::Repairs;
pub use pointer::{push_token, resolve, subject};
pub use rules::{OnInvalid, RuleOptions, Rules, Scratch, UnknownFields, Verdict};
pub use schema::{CONTACT_SCHEMA, CONTACT_SCHEMA_URI, Formats, Schema, SchemaError, is_contact_member};
pub use tape_json::{TapeArray, TapeElements, TapeJson, TapeMembers, TapeNode, TapeObject};
pub use union::{Conflict, MOST_CHANNEL_BYTES, Origin, RemovedChannel, Union};
pub use updated_at::{UpdatedAt, UpdatedAtError, time_of_number, time_of_text};
pub use violation::{Violation, mask, mask_text};

pub use smol_str::SmolStr;
