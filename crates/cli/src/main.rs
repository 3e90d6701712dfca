//! The `reteno-import` command.

fn main() {}
