//! Streams records of JSON or CSV out of files and pipes, in blocks, and parses them.
//!
//! [`expand`] turns arguments into inputs; a [`BlockReader`] reads them, decompresses what is compressed and cuts blocks
//! of whole records: one on each line, the elements of a JSON array, or rows of CSV; [`Block::records`] gives the text of
//! each record with its place; a [`Parser`] checks JSON strictly and puts it on a [`Tape`]; [`Cells`] are those of a row.
//! Memory stays within a block, or one record where that is larger. What the records of an input are, a [`Recogniser`]
//! says by its [`Beginning`].
//!
//! The crate knows neither contacts nor schemas, and starts no threads: blocks can be given to as many as you like.
//!
//! ```
//! # use std::io::Write;
//! # let mut file = tempfile::NamedTempFile::new()?;
//! # file.write_all(b"{\"town\":\"Lviv\"}\n{\"town\":}\n")?;
//! # let path = file.path();
//! use ndjson::{BlockReader, Parser, ReaderOptions, expand};
//!
//! let mut reader = BlockReader::new(expand(&[path])?, ReaderOptions::default());
//! let mut parser = Parser::new();
//! while let Some(block) = reader.next_block(Vec::new()) {
//!     for record in block?.records() {
//!         match parser.parse(record.bytes, |tape| tape.root().get("town").is_some()) {
//!             Ok(has_town) => assert!(has_town),
//!             Err(error) => assert_eq!((record.line, error.offset), (1, 8)),
//!         }
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod block;
mod cells;
mod decompress;
mod detect;
mod framing;
mod input;
mod parse;
mod reader;
mod recognise;
mod rows;
mod scan;
mod syntax;
mod table;
mod tape;
mod utf16;

pub use archive::Member;
pub use block::{Block, FramingFault, RecordText, Records};
pub use cells::Cells;
pub use decompress::{Compression, Encoding};
pub use detect::{AutoRule, Format};
pub use input::{ExpandError, Input, expand};
pub use parse::{Parser, PartError};
pub use reader::{
    BlockReader, DEFAULT_BLOCK_BYTES, DEFAULT_MAX_LINE_BYTES, HashInputs, InputError, InputSummary,
    ReaderOptions,
};
pub use recognise::{Beginning, Recognised, Recogniser};
pub use simd_json::StaticNode;
pub use syntax::{MAX_DEPTH, SyntaxError, SyntaxErrorKind};
pub use table::Table;
pub use tape::{Elements, Members, Node, Tape, TapeValue};
