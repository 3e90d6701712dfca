//! Sources that no file can play: reads of any size, and reads that fail.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::Arc;

use proptest::prelude::*;

use super::OpenInput;
use crate::block::FramingFault;
use crate::decompress::{Delivery, Opened, Progress, decode};
use crate::{Beginning, Format, HashInputs, Input, InputError, ReaderOptions, Recognised, Recogniser};

/// What one call of `read` does.
#[derive(Clone, Debug)]
enum Step {
    /// It gives these bytes, at the next calls those that did not fit.
    Give(Vec<u8>),
    Fail(io::ErrorKind),
}

struct Script(VecDeque<Step>);

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.pop_front() {
            None => Ok(0),
            Some(Step::Fail(kind)) => Err(kind.into()),
            Some(Step::Give(bytes)) => {
                let given = bytes.len().min(buffer.len());
                buffer[..given].copy_from_slice(&bytes[..given]);
                if given < bytes.len() {
                    self.0.push_front(Step::Give(bytes[given..].to_vec()));
                }
                Ok(given)
            }
        }
    }
}

/// All that came out of a source, with lines from 0 and bytes from its start.
#[derive(Debug, Default)]
struct Reading {
    records: Vec<(Vec<u8>, u64, u64, Option<FramingFault>)>,
    blank_lines: u64,
    line_ends: u64,
    bytes: u64,
    blocks: usize,
    error: Option<InputError>,
}

impl Reading {
    fn texts(&self) -> Vec<&str> {
        self.records.iter().map(|(text, ..)| std::str::from_utf8(text).expect("ours is UTF-8")).collect()
    }
}

fn read(
    source: impl Read + Send + 'static,
    delivery: Delivery,
    options: &ReaderOptions,
    mut look: impl FnMut(&Reading),
) -> Reading {
    let progress = Progress::new(HashInputs::No, Arc::default());
    let Opened::Stream(stream) = decode(source, delivery, &progress).expect("the first bytes can be read")
    else {
        panic!("it is not what cannot be read")
    };
    let mut open = OpenInput::new(0, stream, progress);
    let mut reading = Reading::default();
    loop {
        let mut bytes = Vec::new();
        match open.next(&mut bytes, options, &Input::Stdin) {
            Ok(Some(next)) => {
                let offset = next.offset;
                let block = open.block(next, bytes, options.max_line_bytes);
                let mut records = block.records();
                for record in &mut records {
                    reading.records.push((
                        record.bytes.to_vec(),
                        reading.line_ends + record.line,
                        offset + record.offset as u64,
                        record.fault,
                    ));
                }
                reading.blank_lines += records.blank_lines();
                reading.line_ends += records.line_ends();
                reading.blocks += 1;
                look(&reading);
            }
            Ok(None) => break,
            Err(error) => {
                reading.error = Some(error);
                break;
            }
        }
    }
    reading.bytes = open.offset;
    reading
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

fn options(format: Format) -> ReaderOptions {
    ReaderOptions { format, block_bytes: 1024, ..ReaderOptions::default() }
}

#[test]
fn a_read_that_fails_is_told_as_such_after_every_whole_record() {
    let text = b"{\"a\":1}\n{\"b\":2}\n{\"c\"";
    let zipped = gzip(&text.repeat(500));
    for delivery in [Delivery::Whole, Delivery::AsItComes] {
        for format in [Format::Auto, Format::Ndjson, Format::Json] {
            let steps = [Step::Give(text.to_vec()), Step::Fail(io::ErrorKind::ConnectionReset)];
            let reading = read(Script(steps.into()), delivery, &options(format), |_| ());
            assert_eq!(reading.texts(), ["{\"a\":1}", "{\"b\":2}"]);
            assert!(
                matches!(&reading.error, Some(InputError::Read { offset: 20, source, .. }) if source.kind() == io::ErrorKind::ConnectionReset),
                "{:?}",
                reading.error
            );
            assert_eq!(reading.bytes, 20);

            // The stream is not damaged: whoever reads the message looks at the right thing.
            let steps =
                [Step::Give(zipped[..zipped.len() - 9].to_vec()), Step::Fail(io::ErrorKind::ConnectionReset)];
            let reading = read(Script(steps.into()), delivery, &options(format), |_| ());
            assert!(matches!(reading.error, Some(InputError::Read { .. })), "{:?}", reading.error);
        }
    }
}

#[test]
fn a_read_that_fails_inside_a_record_too_long_is_told_with_the_place_it_came_to() {
    for (format, text) in [(Format::Ndjson, "{}\nxxxx".to_owned()), (Format::Json, "{}\n\"xxx".to_owned())] {
        let text = text + &"x".repeat(100_000);
        let steps = [Step::Give(text.clone().into_bytes()), Step::Fail(io::ErrorKind::Other)];
        let options = ReaderOptions { max_line_bytes: 2000, ..options(format) };
        let reading = read(Script(steps.into()), Delivery::Whole, &options, |_| ());
        assert_eq!(reading.texts(), ["{}"]);
        let end = text.len() as u64;
        assert!(
            matches!(reading.error, Some(InputError::Read { offset, .. }) if offset == end),
            "{:?}",
            reading.error
        );
    }
}

#[test]
fn what_a_pipe_holds_goes_on_before_more_is_written() {
    let line = b"{\"a\":1}\n";
    for format in [Format::Auto, Format::Ndjson, Format::Json] {
        let script = Script((0..5).map(|_| Step::Give(line.to_vec())).collect());
        let reading = read(script, Delivery::AsItComes, &options(format), |reading| {
            assert_eq!(reading.records.len(), reading.blocks, "one with every line that is written");
        });
        assert_eq!((reading.records.len(), reading.blocks), (5, 5));
    }
}

#[test]
fn a_byte_order_mark_is_known_however_little_is_read_of_it() {
    for format in [Format::Auto, Format::Ndjson, Format::Json] {
        for block_bytes in 1..5 {
            let text = "\u{FEFF}{\"a\":1}\n{\"b\":2}";
            let options = ReaderOptions { block_bytes, ..options(format) };
            let reading = read(text.as_bytes(), Delivery::AsItComes, &options, |_| ());
            assert_eq!(reading.texts(), ["{\"a\":1}", "{\"b\":2}"]);
            assert_eq!(reading.records[0].2, 3);
        }
    }
}

#[test]
fn a_record_without_end_is_passed_over_in_bounded_memory() {
    let endless = || io::repeat(b'x').take(20_000_000);
    for (format, before, after) in [
        (Format::Ndjson, "{}\n", "\n{}"),
        (Format::Json, "[{},\n\t\"", "\",{}]"),
        (Format::Json, "\"", "\"{}"),
    ] {
        let source = before.as_bytes().chain(endless()).chain(after.as_bytes());
        let options = ReaderOptions { max_line_bytes: 5000, ..options(format) };
        let reading = read(source, Delivery::Whole, &options, |_| ());
        assert!(reading.error.is_none());
        let too_long: Vec<u64> = reading
            .records
            .iter()
            .filter_map(|(_, _, _, fault)| match fault {
                Some(FramingFault::TooLong { bytes, .. }) => Some(*bytes),
                _ => None,
            })
            .collect();
        let quotes = if format == Format::Json { 2 } else { 0 };
        assert_eq!(too_long, [20_000_000 + quotes]);
        assert_eq!(reading.texts().last(), Some(&"{}"));
    }
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => "[a-z\"{}:,\\[\\] \\\\]{0,20}".prop_map(String::into_bytes),
        4 => Just(br#"{"a":["]}\"\\",{}]}"#.to_vec()),
        2 => Just(b"{\n\"a\":\n{}\n}".to_vec()),
        1 => prop_oneof![Just(b'x'), Just(b' '), Just(b'"')].prop_map(|byte| vec![byte; 300]),
    ];
    let ended = (piece, prop_oneof![4 => Just("\n"), 1 => Just("\r\n"), 1 => Just(","), 1 => Just("")]);
    let start = prop_oneof![4 => Just(""), 1 => Just("\u{FEFF}"), 2 => Just("["), 1 => Just("\u{FEFF}\n [")];
    (start, prop::collection::vec(ended, 0..30)).prop_map(|(start, lines)| {
        let lines = lines.into_iter().flat_map(|(line, end)| [line, end.as_bytes().to_vec()].concat());
        start.bytes().chain(lines).collect()
    })
}

proptest! {
    #[test]
    fn the_sizes_of_reads_change_nothing(
        text in text(),
        sizes in prop::collection::vec(prop_oneof![3 => 1..4_usize, 1 => 4..200_usize], 1..20),
        block_bytes in 1..600_usize,
        max_line_bytes in prop_oneof![1..400_usize, Just(1 << 20)],
        zipped in prop_oneof![Just(false), Just(true)],
    ) {
        for format in [Format::Auto, Format::Ndjson, Format::Json] {
            let at_once = ReaderOptions { format, max_line_bytes, ..ReaderOptions::default() };
            let expected = read(io::Cursor::new(text.clone()), Delivery::Whole, &at_once, |_| ());
            let stored = if zipped { gzip(&text) } else { text.clone() };
            let mut steps = VecDeque::new();
            let mut left = stored.as_slice();
            for size in sizes.iter().cycle() {
                if left.is_empty() {
                    break;
                }
                let (piece, rest) = left.split_at((*size).min(left.len()));
                steps.push_back(Step::Give(piece.to_vec()));
                steps.push_back(Step::Fail(io::ErrorKind::Interrupted));
                left = rest;
            }
            for delivery in [Delivery::Whole, Delivery::AsItComes] {
                let options = ReaderOptions { format, block_bytes, max_line_bytes, ..ReaderOptions::default() };
                let reading = read(Script(steps.clone()), delivery, &options, |_| ());
                prop_assert_eq!(&reading.records, &expected.records);
                prop_assert_eq!(reading.blank_lines, expected.blank_lines);
                prop_assert_eq!(reading.line_ends, expected.line_ends);
                prop_assert_eq!(reading.bytes, text.len() as u64);
                prop_assert_eq!(
                    reading.error.map(|error| error.to_string()),
                    expected.error.as_ref().map(ToString::to_string)
                );
            }
        }
    }
}

#[test]
fn rows_of_a_pipe_go_on_before_more_is_written() {
    let pieces = [&b"a,"[..], b"b\n1,", b"2\n", b"3,\"4\n", b"5\"\n6,7\n"];
    let script = Script(pieces.iter().map(|piece| Step::Give(piece.to_vec())).collect());
    let reading = read(script, Delivery::AsItComes, &options(Format::Auto), |_| ());
    assert_eq!(reading.texts(), ["1,2", "3,\"4\n5\"", "6,7"]);
    assert_eq!((reading.blocks, reading.line_ends), (3, 5));
}

#[test]
fn nothing_is_looked_at_twice_however_little_is_read_at_a_time() {
    struct ByteByByte(io::Take<io::Repeat>);
    impl Read for ByteByByte {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }
    // Were each byte of them looked at again with every read, this would take hours.
    for (before, repeated) in
        [("a,b\n1,\"", b'x'), ("a,b\n1,\"", b'\n'), ("a,b\n1,x", b'"'), ("a,\"", b'\n'), ("\"a\",b", b'\n')]
    {
        let cell = ByteByByte(io::repeat(repeated).take(2_000_000));
        let source = before.as_bytes().chain(cell).chain(if before.ends_with('b') {
            &b"2,3\n"[..]
        } else {
            b"\"\n2,3\n"
        });
        let reading = read(source, Delivery::AsItComes, &options(Format::Csv), |_| ());
        assert!(reading.error.is_none());
        assert!(reading.texts().ends_with(&["2,3"]), "{before:?}");
    }
}

/// Writes down all that it was shown.
#[derive(Debug, Default)]
struct Shown(std::sync::Mutex<Vec<Vec<String>>>);

impl Recogniser for Shown {
    fn arrays(&self) -> Vec<String> {
        vec!["/data".to_owned()]
    }

    fn recognise(&self, beginning: &Beginning<'_>) -> Result<Recognised, String> {
        let records = [None, Some("/data")].into_iter().flat_map(|array| beginning.records(array));
        let columns = beginning.table().into_iter().flat_map(|table| table.columns.clone());
        let texts = columns.chain(records.map(|record| String::from_utf8_lossy(record).into_owned()));
        self.0.lock().expect("nobody panics").push(texts.collect());
        Ok(Recognised { dialect: 0, array: None, because: String::new(), doubt: None })
    }
}

#[test]
fn a_pipe_is_recognised_by_its_first_record_however_fast_it_comes() {
    let cases: [(&str, &[&str], Option<usize>); 6] = [
        ("{\"a\":1}\n{\"b\":2}\n", &["{\"a\":1}"], Some(8)),
        ("{\"a\":1}", &["{\"a\":1}"], None),
        ("{\"data\":[{\"a\":1},{\"b\":1}]}\n", &["{\"a\":1}"], Some(27)),
        ("[{\"a\":1},{\"b\":1}]", &["{\"a\":1}"], Some(8)),
        ("aa,bb\n1,2\n", &["aa", "bb"], Some(6)),
        ("\n", &[], None),
    ];
    for (text, expected, needed) in cases {
        for first in 0..=text.len() {
            let shown = Arc::new(Shown::default());
            let recogniser: Arc<dyn Recogniser> = Arc::clone(&shown) as _;
            let options = ReaderOptions { recogniser: Some(recogniser), ..options(Format::Auto) };
            let (one, other) = text.as_bytes().split_at(first);
            let steps = [one, other].into_iter().filter(|piece| !piece.is_empty());
            let script = Script(steps.map(|piece| Step::Give(piece.to_vec())).collect());
            read(script, Delivery::AsItComes, &options, |_| ());
            assert_eq!(shown.0.lock().expect("nobody panics")[..], [expected], "{text} after {first}");
        }
        // It does not wait for more than it needs.
        let Some(needed) = needed else { continue };
        let shown = Arc::new(Shown::default());
        let recogniser: Arc<dyn Recogniser> = Arc::clone(&shown) as _;
        let options = ReaderOptions { recogniser: Some(recogniser), ..options(Format::Auto) };
        let steps = [Step::Give(text.as_bytes()[..needed].to_vec()), Step::Fail(io::ErrorKind::Other)];
        let reading = read(Script(steps.into()), Delivery::AsItComes, &options, |_| ());
        assert!(matches!(reading.error, Some(InputError::Read { .. })));
        assert_eq!(shown.0.lock().expect("nobody panics")[..], [expected], "{text}");
    }
}
