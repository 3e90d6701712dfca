//! Validates records by any JSON Schema, on all cores; those that it refuses go to standard output as lines of JSON.
//!
//! `cargo run --release -p pipeline --example validate -- SCHEMA [INPUT…]`

#![allow(clippy::print_stderr)]

use std::error::Error;
use std::io::stdout;

use contact::{Formats, Schema};
use ndjson::{AutoRule, BlockReader, ReaderOptions, expand};
use pipeline::{End, Job, Progress, RejectLines, Stop, Task};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let schema = std::fs::read(args.next().ok_or("usage: validate SCHEMA [INPUT…]")?)?;
    let schema = Schema::compile(serde_json::from_slice(&schema)?, vec![], Formats::Assert)?;
    let inputs: Vec<_> = args.collect();
    let lines = ReaderOptions { auto: AutoRule::Lines, ..ReaderOptions::default() };
    let job = Job {
        reader: BlockReader::new(expand(&inputs)?, lines),
        threads: std::thread::available_parallelism()?,
        task: Task::Raw(Box::new(schema)),
        max_rejects: None,
        max_errors_per_record: 20.try_into()?,
    };
    let rejects = Box::new(RejectLines::new(stdout()));
    let outcome = pipeline::run(job, rejects, &Progress::default(), &Stop::default());
    eprintln!("{}", outcome.counts.identity());
    match outcome.end {
        End::Complete => Ok(()),
        end => Err(format!("not everything was read: {end:?} {:?}", outcome.input_errors).into()),
    }
}
