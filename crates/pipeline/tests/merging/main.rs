//! Merging, held to a reference that is too simple to be wrong.

mod agreeing;
mod cases;
mod exports;
// Not every test needs all of it.
#[allow(dead_code)]
#[path = "../memory/mod.rs"]
mod memory;
mod reference;
mod same_bytes;
mod trial;
