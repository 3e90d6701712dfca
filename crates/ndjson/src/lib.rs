//! Streams JSON records out of files and pipes, in blocks, and parses them onto a tape.

mod parse;
mod syntax;
mod tape;

pub use parse::Parser;
pub use simd_json::StaticNode;
pub use syntax::{MAX_DEPTH, SyntaxError, SyntaxErrorKind};
pub use tape::{Elements, Members, Node, Tape, TapeValue};
