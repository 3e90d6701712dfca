//! From files and folders to the texts of records.

mod archives;
mod arrays;
mod compression;
mod detection;
mod encodings;
mod inputs;
mod lines;
mod recognition;
mod rows;
mod values;

use std::io::Write;

use ndjson::{BlockReader, Format, FramingFault, Input, InputError, InputSummary, ReaderOptions};
use proptest::prelude::*;

/// A record as it was read: its text, its line from 1, its byte offset, and its fault.
pub(crate) type Found = (String, u64, u64, Option<FramingFault>);

#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) records: Vec<Found>,
    pub(crate) blank_lines: u64,
    pub(crate) errors: Vec<InputError>,
    pub(crate) inputs: Vec<InputSummary>,
    /// The most bytes that the memory of a block had room for.
    pub(crate) largest_buffer: usize,
}

pub(crate) fn read_inputs(inputs: Vec<Input>, options: &ReaderOptions) -> Read {
    let mut reader = BlockReader::new(inputs, options.clone());
    let mut read =
        Read { records: vec![], blank_lines: 0, errors: vec![], inputs: vec![], largest_buffer: 0 };
    let (mut input, mut lines_before) = (0, 0);
    let mut recycled = Vec::new();
    while let Some(next) = reader.next_block(std::mem::take(&mut recycled)) {
        let block = match next {
            Ok(block) => block,
            Err(error) => {
                read.errors.push(error);
                continue;
            }
        };
        if block.input != input {
            (input, lines_before) = (block.input, 0);
        }
        let mut records = block.records();
        for record in &mut records {
            let text = String::from_utf8_lossy(record.bytes).into_owned();
            read.records.push((
                text,
                lines_before + record.line + 1,
                block.offset + record.offset as u64,
                record.fault,
            ));
        }
        lines_before += records.line_ends();
        read.blank_lines += records.blank_lines();
        read.largest_buffer = read.largest_buffer.max(block.bytes.capacity());
        recycled = block.bytes;
    }
    read.inputs = reader.inputs().to_vec();
    read
}

pub(crate) fn file_of(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("it takes the bytes");
    file
}

pub(crate) fn read_bytes(bytes: &[u8], options: &ReaderOptions) -> Read {
    let file = file_of(bytes);
    read_inputs(vec![Input::File(file.path().to_owned())], options)
}

pub(crate) fn texts(read: &Read) -> Vec<&str> {
    read.records.iter().map(|(text, ..)| text.as_str()).collect()
}

pub(crate) fn options(format: Format) -> ReaderOptions {
    ReaderOptions { format, ..ReaderOptions::default() }
}

/// Text made of pieces that matter to the reading half, none of which begins like a compressed file.
pub(crate) fn arbitrary_text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => "[a-z\"{}:,\\[\\] ]{0,40}".prop_map(String::into_bytes),
        2 => Just(br#"{"a":["]}\"\\",{}],"b":1}"#.to_vec()),
        1 => prop_oneof![Just(b'x'), Just(b' '), Just(b'"')].prop_map(|byte| vec![byte; 3000]),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => Just(b"\xEF\xBB\xBF".to_vec()),
    ];
    let ended = (piece, prop_oneof![4 => Just("\n"), 1 => Just("\r\n"), 1 => Just(",\n"), 1 => Just("")]);
    let start = prop_oneof![4 => Just(""), 1 => Just("\u{FEFF}"), 2 => Just("["), 1 => Just("\u{FEFF}\n [")];
    (start, prop::collection::vec(ended, 0..120))
        .prop_map(|(start, lines)| {
            let lines = lines.into_iter().flat_map(|(line, end)| [line, end.as_bytes().to_vec()].concat());
            start.bytes().chain(lines).collect::<Vec<u8>>()
        })
        .prop_filter("the magic bytes of another format", |bytes| {
            const MAGICS: [&[u8]; 8] =
                [b"\xFD7z", b"BZh", b"PK", b"\xFF\xFE", b"\xFE\xFF", b"PAR1", b"\x1F\x8B", b"\x28\xB5\x2F"];
            !MAGICS.iter().any(|magic| bytes.starts_with(magic)) && bytes.get(1..4) != Some(b"\x2A\x4D\x18")
        })
}
