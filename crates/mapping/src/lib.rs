//! Records of any export become contacts.
//!
//! A [`Mapping`] is read from TOML: it says for each member of a contact which place of a record it comes from. A
//! [`Mapper`] makes contacts by it, out of JSON records and out of the rows of tables, and says what it leaves out and
//! why. [`presets`] has the mappings of known exports, and each of them says by what its records are recognised. Records
//! may stand in the lines of a rejects file, out of which a [`RejectedReader`] takes them.
//!
//! Nothing here reads files, knows the rules of contacts or judges them: what is made is as good as the record was.
//! No name of a vendor stands in the code; they are in the presets alone.
//!
//! ```
//! use std::sync::Arc;
//! use mapping::{Mapper, Mapping, MappingOptions, presets};
//!
//! let preset = presets().iter().find(|preset| preset.name == "onesignal").ok_or("it is built in")?;
//! let mapping = Mapping::parse(preset.name, preset.toml)?;
//! let header = ["identifier", "device_type", "invalid_identifier", "external_user_id"].map(str::to_owned);
//! assert!(mapping.fits_columns(&header));
//!
//! let mut mapper = Mapper::new(Arc::new(mapping), Arc::new(MappingOptions::default()), Default::default())?;
//! let columns = mapper.bind(&header);
//! let row = ["+380501234567", "14", "f", "u1"];
//! let mut contact = Vec::new();
//! mapper.map_row(&columns, |column| row.get(column).copied(), &mut contact);
//! assert_eq!(contact, br#"{"externalCustomerId":"u1","channels":[{"type":"sms","value":"380501234567"}]}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

/// The JSON Schema of a mapping.
pub const SCHEMA: &str = include_str!("../../../schemas/mapping.schema.json");

mod condition;
mod doubt;
mod error;
mod making;
mod mapper;
mod mapping;
mod nearest;
mod place;
mod presets;
mod read;
mod record;
mod rejected;
mod seen;
mod sources;
mod trace;
mod trie;
mod value;

pub use error::MappingError;
pub use mapper::{Apps, Dates, Fate, Inactive, Mapped, Mapper, MappingOptions};
pub use mapping::Mapping;
pub use presets::{Preset, nearest_preset, preset, presets};
pub use record::Columns;
pub use rejected::{NOT_REJECTED, NoRecord, RAW_NOT_JSON, Rejected, RejectedReader};
pub use sources::Sources;
pub use trace::{Trace, TraceLine};
