//! The custom fields of an account, and the rules that their types make.
//!
//! The types of custom fields belong to the account, so that the contact's schema knows only what holds for all of them.
//! [`Catalogue::read`] reads the answer of `GET addressbooks`, and [`Catalogue::overlay`] makes a schema of it that
//! tightens the contact's rules, as `--schema` does: which fields there are, and what their values look like.
//!
//! ```
//! use contact::custom_fields::Catalogue;
//! use contact::{Formats, RuleOptions, Rules, Schema};
//!
//! let answer = br#"{"addressBook":{"addressBookId":1,"name":"Main","fieldGroups":{"name":"Personal","fields":[
//!     {"id":12345,"name":"Birthday","fieldKey":"BIRTHDAY","description":{"type":"DATE"}}
//! ]}}}"#;
//! let catalogue = Catalogue::read(answer)?;
//! let schema = Schema::compile(catalogue.overlay(), Vec::new(), Formats::Assert)?;
//! let rules = Rules::new(RuleOptions::default(), Some(schema))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address_books;
mod catalogue;
mod overlay;

pub use catalogue::{Catalogue, CatalogueError, CustomField, FieldType};
