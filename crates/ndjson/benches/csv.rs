//! How fast rows are found, and their cells read, each on one thread.

use std::hint::black_box;
use std::io::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndjson::{Block, BlockReader, Cells, Format, Input, ReaderOptions};
use tempfile::NamedTempFile;

/// Rows as those of an export of push subscriptions, about 200 bytes each.
fn file_of(quote: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a temporary file");
    let mut text =
        String::from("id,identifier,session_count,language,timezone,os,model,type,tags,created,invalid\n");
    for n in 0..100_000_u64 {
        let token = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        text += &format!(
            "{quote}{n:08}-fc28-409b-aeaa-68c9d544ab9d{quote},{quote}{token:020}{token:020}{token:020}{quote},{n},uk,\
             {quote}7200{quote},13.2,{quote}SM-G991B{quote},1,{quote}plan premium{quote},{quote}2025-01-0{} 10:00:00{quote},f\n",
            n % 9
        );
    }
    file.write_all(text.as_bytes()).expect("it takes the bytes");
    file
}

fn blocks(file: &NamedTempFile) -> Vec<Block> {
    let options = ReaderOptions { format: Format::Csv, ..ReaderOptions::default() };
    let mut reader = BlockReader::new(vec![Input::File(file.path().to_owned())], options);
    std::iter::from_fn(|| reader.next_block(Vec::new())).map(|block| block.expect("it can be read")).collect()
}

fn csv(criterion: &mut Criterion) {
    for (name, quote) in [("plain", ""), ("quoted", "\"")] {
        let file = file_of(quote);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(file.path().metadata().expect("it is there").len()));
        group.bench_function("read_blocks", |bencher| {
            let options = ReaderOptions { format: Format::Csv, ..ReaderOptions::default() };
            bencher.iter(|| {
                let input = Input::File(file.path().to_owned());
                let mut reader = BlockReader::new(vec![input], options.clone());
                let mut bytes = Vec::new();
                while let Some(block) = reader.next_block(std::mem::take(&mut bytes)) {
                    bytes = block.expect("it can be read").bytes;
                    black_box(bytes.len());
                }
            });
        });
        let blocks = blocks(&file);
        group.bench_function("find_rows", |bencher| {
            bencher.iter(|| blocks.iter().map(|block| black_box(block).records().count()).sum::<usize>());
        });
        group.bench_function("read_cells", |bencher| {
            let mut cells = Cells::new(b',');
            bencher.iter(|| {
                for record in blocks.iter().flat_map(Block::records) {
                    cells.read(record.bytes).expect("it is UTF-8");
                    black_box(cells.get(1));
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, csv);
criterion_main!(benches);
