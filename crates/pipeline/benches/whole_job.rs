//! The whole job beside bare parsing of the same lines, in one run and in turns: GB/s and ratios.
//!
//! `cargo bench -p pipeline --bench whole_job`; `BENCH_MB` sets the size of the input (200), `BENCH_ROUNDS` the rounds (5).

#![expect(clippy::print_stdout, reason = "its table is what it is for")]

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use batch::{BatchOptions, RequestOptions};
use contact::{RuleOptions, Rules};
use mapping::Sources;
use ndjson::{BlockReader, Input, ReaderOptions};
use pipeline::{End, Job, OnDuplicate, Output, Progress, RejectLines, Stop, TallyContacts, Task};
use sink::{FolderSink, NullSink, Overwrite, Sink};
use synthetic::{Config, FieldSets, Generator};

fn main() {
    let bytes = setting("BENCH_MB", 200) * 1_000_000;
    let rounds = setting("BENCH_ROUNDS", 5);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clean = folder.path().join("clean.ndjson");
    let dirty = folder.path().join("dirty.ndjson");
    let lines = generate(&clean, bytes, 0);
    generate(&dirty, bytes, 100);
    println!("{lines} lines, {:.0} MB, {rounds} rounds; medians", bytes as f64 / 1e6);
    let mut text = Vec::new();
    File::open(&clean).and_then(|mut file| file.read_to_end(&mut text)).expect("it was just written");

    type Case<'c> = (&'c str, Box<dyn Fn() + 'c>);
    let out = folder.path().join("out");
    let cases: Vec<Case<'_>> = vec![
        ("split lines, 1 thread", Box::new(|| split(&text))),
        ("bare tape, 1 thread", Box::new(|| tape(&text, 1))),
        ("bare tape, 2 threads", Box::new(|| tape(&text, 2))),
        ("check, 1 thread", Box::new(|| run(&clean, 1, None))),
        ("check, 2 threads", Box::new(|| run(&clean, 2, None))),
        ("prepare to nowhere, 1 thread", Box::new(|| run(&clean, 1, Some(Box::new(NullSink::new()))))),
        ("prepare to nowhere, 2 threads", Box::new(|| run(&clean, 2, Some(Box::new(NullSink::new()))))),
        ("the same, 10 % dirty", Box::new(|| run(&dirty, 2, Some(Box::new(NullSink::new()))))),
        (
            "prepare to a folder, 2 threads",
            Box::new(|| {
                let sink = FolderSink::create(&out, Overwrite::OwnFiles).expect("a folder");
                run(&clean, 2, Some(Box::new(sink)));
            }),
        ),
    ];
    let mut seconds = vec![Vec::new(); cases.len()];
    for _ in 0..rounds {
        for (nth, (_, case)) in cases.iter().enumerate() {
            let started = Instant::now();
            case();
            seconds[nth].push(started.elapsed().as_secs_f64());
        }
    }
    let medians: Vec<f64> = seconds.iter_mut().map(|seconds| median(seconds)).collect();
    let bare = medians[2];
    println!("| what | GB/s | spread | of bare tape on 2 threads |\n|---|---|---|---|");
    for (nth, (name, _)) in cases.iter().enumerate() {
        let (median, all) = (medians[nth], &seconds[nth]);
        let spread = (all[all.len() - 1] - all[0]) / median * 100.0;
        let speed = bytes as f64 / median / 1e9;
        println!("| {name} | {speed:.3} | {spread:.0} % | {:.0} % |", bare / median * 100.0);
    }
    println!("2 threads against 1: {:.2} ×", medians[5] / medians[6]);
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn generate(path: &Path, bytes: usize, faults_per_mille: u32) -> usize {
    let config =
        Config { contacts: u64::MAX, faults_per_mille, field_sets: FieldSets::One, ..Config::default() };
    let mut generator = Generator::new(config);
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let (mut line, mut written, mut lines) = (Vec::new(), 0, 0);
    while written < bytes && generator.next_line(&mut line).is_some() {
        line.push(b'\n');
        file.write_all(&line).expect("it takes the line");
        written += line.len();
        lines += 1;
    }
    file.flush().expect("it takes the rest");
    lines
}

fn split(text: &[u8]) {
    let lines = memchr::memchr_iter(b'\n', text).count();
    assert!(lines > 0);
}

/// The least that anyone does who reads JSON: each line copied and parsed onto a tape, with reused buffers.
fn tape(text: &[u8], threads: usize) {
    const PIECE: usize = 1 << 20;
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut buffers = simd_json::Buffers::new(1024);
                let mut line = Vec::new();
                let mut tape = simd_json::Tape(Vec::new());
                loop {
                    let start = next.fetch_add(PIECE, Ordering::Relaxed);
                    if start >= text.len() {
                        return;
                    }
                    // A line belongs to the piece that it starts in.
                    let first = if start == 0 { 0 } else { line_after(text, start - 1) };
                    let end = line_after(text, (start + PIECE).min(text.len()) - 1);
                    for one in text[first..end].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                        line.clear();
                        line.extend_from_slice(one);
                        line.resize(one.len() + simd_json::INPUT_PADDING, 0);
                        let mut filled = tape.reset();
                        simd_json::fill_tape_padded(&mut line, one.len(), &mut buffers, &mut filled)
                            .expect("JSON");
                        tape = filled.reset();
                    }
                }
            });
        }
    });
}

/// Where the first line begins that starts behind this byte.
fn line_after(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end + 1)
}

fn run(path: &Path, threads: usize, sink: Option<Box<dyn Sink + Send>>) {
    let output = sink.map(|sink| {
        Box::new(Output {
            batches: BatchOptions::new(RequestOptions::default(), std::env::temp_dir()),
            sink,
            options: serde_json::Map::new(),
            rejects_file: None,
            tally: TallyContacts::No,
        })
    });
    let job = Job {
        reader: BlockReader::new(vec![Input::File(path.to_owned())], ReaderOptions::default()),
        threads: NonZeroUsize::new(threads).expect("not 0"),
        task: Task::Contacts {
            sources: Arc::new(Sources::contacts()),
            rules: Arc::new(Rules::new(RuleOptions::default(), None).expect("our own schema is sound")),
            merging: OnDuplicate::Keep.into(),
            output,
        },
        max_rejects: None,
        max_errors_per_record: NonZeroUsize::new(20).expect("not 0"),
    };
    let outcome = pipeline::run(
        job,
        Box::new(RejectLines::new(std::io::sink())),
        &Progress::default(),
        &Stop::default(),
    );
    assert!(matches!(outcome.end, End::Complete), "{:?}", outcome.end);
}
