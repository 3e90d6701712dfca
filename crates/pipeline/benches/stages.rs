//! The stages of a run, each alone on the same records: split, parse, normalise, validate, judge, encode.

use std::hint::black_box;
use std::io::Write;

use contact::{CONTACT_SCHEMA, Formats, Normaliser, RuleOptions, Rules, Schema, Scratch, Settings};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndjson::{BlockReader, Input, Parser, ReaderOptions};
use synthetic::{Config, Generator};

fn lines() -> Vec<Vec<u8>> {
    let mut generator = Generator::new(Config { contacts: 2000, ..Config::default() });
    let mut line = Vec::new();
    let mut lines = Vec::new();
    while generator.next_line(&mut line).is_some() {
        lines.push(line.clone());
    }
    lines
}

fn stages(criterion: &mut Criterion) {
    let lines = lines();
    let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
    let mut group = criterion.benchmark_group("stages");
    group.throughput(Throughput::Bytes(bytes as u64)).sample_size(20);

    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(&lines.join(&b'\n')).expect("it takes the lines");
    group.bench_function("split", |bencher| {
        bencher.iter(|| {
            let mut reader =
                BlockReader::new(vec![Input::File(file.path().to_owned())], ReaderOptions::default());
            let (mut memory, mut records) = (Vec::new(), 0);
            while let Some(block) = reader.next_block(memory) {
                let block = block.expect("it can be read");
                records += block.records().count();
                memory = block.bytes;
            }
            records
        });
    });

    let mut parser = Parser::new();
    group.bench_function("parse", |bencher| {
        bencher.iter(|| {
            for line in &lines {
                parser.parse(line, |tape| black_box(tape.nodes().len())).expect("JSON");
            }
        });
    });

    let settings = Settings::default();
    let values =
        ["Олександра", "Jean-Pierre", "john.smith@example.com", "380955547708", "Europe/Kyiv", "en-GB"];
    group.bench_function("normalise", |bencher| {
        bencher.iter(|| {
            for _ in &lines {
                for (text, normaliser) in values.iter().zip([
                    Normaliser::PersonName,
                    Normaliser::Trim,
                    Normaliser::Email,
                    Normaliser::Phone,
                    Normaliser::TimeZone,
                    Normaliser::Language,
                ]) {
                    black_box(normaliser.on_text(black_box(text), &settings));
                }
            }
        });
    });

    let schema = serde_json::from_str(CONTACT_SCHEMA).expect("our own schema is JSON");
    let schema = Schema::compile(schema, Vec::new(), Formats::Assert).expect("our own schema is sound");
    group.bench_function("parse, validate", |bencher| {
        bencher.iter(|| {
            for line in &lines {
                parser.parse(line, |tape| black_box(schema.check(tape).len())).expect("JSON");
            }
        });
    });

    let rules = Rules::new(RuleOptions::default(), None).expect("our own schema is sound");
    let mut scratch = Scratch::default();
    group.bench_function("parse, normalise, validate", |bencher| {
        bencher.iter(|| {
            for line in &lines {
                parser.parse(line, |tape| drop(black_box(rules.judge(tape, &mut scratch)))).expect("JSON");
            }
        });
    });

    let mut encoded = Vec::new();
    group.bench_function("parse, encode", |bencher| {
        bencher.iter(|| {
            for line in &lines {
                encoded.clear();
                parser.parse(line, |tape| contact::encode(tape, &mut encoded)).expect("JSON");
                black_box(encoded.len());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
