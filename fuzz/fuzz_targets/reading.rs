//! The size of blocks changes nothing: the same records come out of an input, with the same places and faults.

#![no_main]

use std::io::Write;
use std::path::Path;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use ndjson::{BlockReader, Format, FramingFault, Input, ReaderOptions};
use tempfile::NamedTempFile;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    framing: Framing,
    block_bytes: u8,
    max_line_bytes: u16,
    bytes: &'a [u8],
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Framing {
    Auto,
    Ndjson,
    Json,
    Csv,
    /// By a delimiter that is given.
    Separated(Delimiter),
    /// The elements of an array inside of objects.
    Array(Pointer),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Delimiter {
    Comma,
    Semicolon,
    Tab,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Pointer {
    Member,
    MemberOfMember,
    NoName,
}

/// All that is known of a stream of records.
#[derive(Debug, Default, PartialEq)]
struct Reading {
    records: Vec<Record>,
    blank_lines: u64,
    line_ends: u64,
    error: Option<String>,
}

#[derive(Debug, PartialEq)]
struct Record {
    bytes: Vec<u8>,
    line: u64,
    offset: u64,
    fault: Option<FramingFault>,
}

fuzz_target!(|case: Case<'_>| {
    let mut file = NamedTempFile::new().expect("a folder for temporary files");
    file.write_all(case.bytes).expect("room for a small file");
    let options = ReaderOptions {
        format: match case.framing {
            Framing::Auto => Format::Auto,
            Framing::Ndjson => Format::Ndjson,
            Framing::Json | Framing::Array(_) => Format::Json,
            Framing::Csv | Framing::Separated(_) => Format::Csv,
        },
        delimiter: match case.framing {
            Framing::Separated(Delimiter::Comma) => Some(b','),
            Framing::Separated(Delimiter::Semicolon) => Some(b';'),
            Framing::Separated(Delimiter::Tab) => Some(b'\t'),
            _ => None,
        },
        array: match case.framing {
            Framing::Array(Pointer::Member) => Some("/a".to_owned()),
            Framing::Array(Pointer::MemberOfMember) => Some("/a/b".to_owned()),
            Framing::Array(Pointer::NoName) => Some("/".to_owned()),
            _ => None,
        },
        max_line_bytes: usize::from(case.max_line_bytes).max(1),
        ..ReaderOptions::default()
    };
    let small = ReaderOptions { block_bytes: usize::from(case.block_bytes).max(1), ..options.clone() };
    assert_eq!(read(file.path(), small), read(file.path(), options));
});

fn read(path: &Path, options: ReaderOptions) -> Reading {
    let mut reading = Reading::default();
    let mut reader = BlockReader::new(vec![Input::File(path.to_owned())], options);
    while let Some(block) = reader.next_block(Vec::new()) {
        let block = match block {
            Ok(block) => block,
            Err(error) => {
                assert!(reading.error.is_none(), "one input fails once");
                reading.error = Some(error.to_string().replace(&path.display().to_string(), "FILE"));
                continue;
            }
        };
        let mut records = block.records();
        for record in records.by_ref() {
            reading.records.push(Record {
                bytes: record.bytes.to_owned(),
                line: reading.line_ends + record.line,
                offset: block.offset + record.offset as u64,
                fault: record.fault,
            });
        }
        reading.blank_lines += records.blank_lines();
        reading.line_ends += records.line_ends();
    }
    reading
}
