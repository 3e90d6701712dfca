//! A clean record costs no allocation: memory is taken for blocks and bodies, and used again.

use std::alloc::System;
use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::Arc;

use batch::{BatchOptions, RequestOptions};
use contact::{RuleOptions, Rules};
use mapping::Sources;
use ndjson::{BlockReader, Input, ReaderOptions};
use pipeline::{End, Job, OnDuplicate, Output, Progress, RejectLines, Stop, TallyContacts, Task};
use sink::NullSink;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use synthetic::{Config, FieldSets, Generator};

/// Counts what all threads of this test allocate.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How often a run over so many clean contacts allocates, on all of its threads.
fn allocations(contacts: u64, field_sets: FieldSets) -> usize {
    let mut generator = Generator::new(Config { contacts, field_sets, ..Config::default() });
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut line = Vec::new();
    while generator.next_line(&mut line).is_some() {
        line.push(b'\n');
        file.write_all(&line).expect("it takes the line");
    }
    let rules = Rules::new(RuleOptions::default(), None).expect("our own schema is sound");
    let job = Job {
        reader: BlockReader::new(vec![Input::File(file.path().to_owned())], ReaderOptions::default()),
        threads: NonZeroUsize::MIN,
        task: Task::Contacts {
            sources: Arc::new(Sources::contacts()),
            rules: Arc::new(rules),
            merging: OnDuplicate::Keep.into(),
            output: Some(Box::new(Output {
                batches: BatchOptions::new(RequestOptions::default(), std::env::temp_dir()),
                sink: Box::new(NullSink::new()),
                options: serde_json::Map::new(),
                rejects_file: None,
                tally: TallyContacts::No,
            })),
        },
        max_rejects: None,
        max_errors_per_record: NonZeroUsize::MIN,
    };
    let rejects = Box::new(RejectLines::new(std::io::sink()));
    let region = Region::new(ALLOCATOR);
    let outcome = pipeline::run(job, rejects, &Progress::default(), &Stop::default());
    let counted = region.change();
    assert!(matches!(outcome.end, End::Complete), "{:?}", outcome.end);
    assert_eq!(outcome.counts.written, contacts);
    counted.allocations + counted.reallocations
}

#[test]
fn ten_thousand_more_clean_records_cost_fewer_allocations_than_blocks_and_bodies() {
    for field_sets in [FieldSets::One, FieldSets::Mixed] {
        let (few, many) = (allocations(10_000, field_sets), allocations(20_000, field_sets));
        // 10,000 records are some 25 blocks and, with forty field sets, as many bodies that grow.
        assert!(many - few < 500, "{field_sets:?}: {few}, then {many}");
    }
}
