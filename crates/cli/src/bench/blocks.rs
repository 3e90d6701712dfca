//! Threads that take blocks in turn, as the workers of a run do, for the stages that are not a run.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::thread::Builder;

use anyhow::anyhow;
use ndjson::{Block, BlockReader, InputError};
use pipeline::Stop;

use super::Halt;
use crate::exit::Failure;

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// Decompressed.
    pub(super) bytes: u64,
    /// What the work counted.
    pub(super) counted: u64,
    /// Whether all inputs were read to their end.
    pub(super) is_whole: bool,
}

/// Has each block worked on by the thread that read it, with that thread's own memory; what the work counts is added up.
pub(super) fn work_on<Worker: Default>(
    reader: BlockReader,
    threads: NonZeroUsize,
    stop: &Stop,
    work: impl Fn(&mut Worker, &Block) -> u64 + Sync,
) -> Result<Read, Halt> {
    let reader = Mutex::new(reader);
    let thread = || {
        let mut worker = Worker::default();
        let mut memory = Vec::new();
        let mut sum = 0;
        loop {
            if stop.is_requested() {
                return Err(Halt::Interrupted);
            }
            let next = reader.lock().map_err(|_| lost())?.next_block(memory);
            let Some(block) = next else { return Ok(sum) };
            let block = block.map_err(unreadable)?;
            sum += work(&mut worker, &block);
            memory = block.bytes;
        }
    };
    let counted = std::thread::scope(|scope| {
        let mut started = Vec::new();
        for nth in 0..threads.get() {
            let one = Builder::new().name(format!("bench-{nth}")).spawn_scoped(scope, thread);
            started.push(one.map_err(Failure::input_output)?);
        }
        let mut sum = 0;
        for one in started {
            sum += one.join().map_err(|_| lost())??;
        }
        Ok::<u64, Halt>(sum)
    })?;
    let reader = reader.into_inner().map_err(|_| lost())?;
    Ok(Read {
        bytes: reader.inputs().iter().map(|input| input.bytes).sum(),
        counted,
        is_whole: reader.inputs().iter().all(|input| input.complete),
    })
}

/// An input that cannot be read ends the measuring: figures of a part of it would mislead.
pub(super) fn unreadable(error: InputError) -> Failure {
    match error {
        InputError::Unrecognised { .. } => Failure::usage(error),
        other => Failure::input_output(other),
    }
}

fn lost() -> Failure {
    Failure::input_output(anyhow!("a working thread ended early: this is a fault of reteno-import"))
}
