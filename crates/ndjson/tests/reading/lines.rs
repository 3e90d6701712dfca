//! One record on each line.

use ndjson::{Format, FramingFault, Input, ReaderOptions};
use proptest::prelude::*;

use crate::{Found, arbitrary_text, file_of, options, read_bytes, read_inputs, texts};

#[test]
fn lines_are_found_with_their_number_and_byte_whatever_ends_them() {
    let read = read_bytes(b"\xEF\xBB\xBF{\"a\":1}\r\n\n \t\r\n{\"b\":2}\n{\"c\":3}", &options(Format::Auto));
    let expected = [("{\"a\":1}", 1, 3), ("{\"b\":2}", 4, 17), ("{\"c\":3}", 5, 25)];
    let found: Vec<_> =
        read.records.iter().map(|(text, line, offset, _)| (text.as_str(), *line, *offset)).collect();
    assert_eq!(found, expected);
    assert_eq!(read.blank_lines, 2);
    assert!(read.errors.is_empty());
}

#[test]
fn an_empty_input_has_no_records_and_no_errors() {
    for empty in [&b""[..], b"\n", b"  \n\t\n", b"\xEF\xBB\xBF"] {
        for format in [Format::Auto, Format::Ndjson, Format::Json] {
            let read = read_bytes(empty, &options(format));
            assert!(read.records.is_empty() && read.errors.is_empty(), "{empty:?}");
        }
    }
}

#[test]
fn reading_ends_with_the_block_that_reaches_the_most_bytes_of_all_inputs() {
    let files = [file_of(&b"{\"a\":1}\n".repeat(1000)), file_of(&b"{\"b\":2}\n".repeat(1000))];
    let inputs: Vec<_> = files.iter().map(|file| Input::File(file.path().to_owned())).collect();
    for (most_bytes, complete) in [
        (0, [false, false]),
        (1, [false, false]),
        (5000, [false, false]),
        (9000, [true, false]),
        (u64::MAX, [true, true]),
    ] {
        let most =
            ReaderOptions { block_bytes: 1024, max_bytes: Some(most_bytes), ..options(Format::Ndjson) };
        let read = read_inputs(inputs.clone(), &most);
        assert!(read.errors.is_empty());
        assert_eq!(read.inputs.iter().map(|input| input.complete).collect::<Vec<_>>(), complete);
        let bytes: u64 = read.inputs.iter().map(|input| input.bytes).sum();
        assert_eq!(bytes, read.records.len() as u64 * 8);
        let wanted = most_bytes.min(16_000);
        assert!((wanted..wanted + 1024).contains(&bytes), "{most_bytes}: {bytes}");
    }
}

#[test]
fn a_record_longer_than_allowed_is_passed_over_and_the_next_is_unharmed() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(5000));
    for line_end in ["\n", "\r\n"] {
        let text = format!("{{\"b\":1}}{line_end}{long}{line_end}{{\"c\":2}}");
        for block_bytes in [1024, 2048, 1 << 20] {
            for format in [Format::Ndjson, Format::Json] {
                let read = read_bytes(
                    text.as_bytes(),
                    &ReaderOptions { block_bytes, max_line_bytes: 3000, ..options(format) },
                );
                let found: Vec<_> = read
                    .records
                    .iter()
                    .map(|(text, line, _, fault)| (text.as_str(), *line, *fault))
                    .collect();
                let too_long = FramingFault::TooLong { bytes: long.len() as u64, most: 3000 };
                assert_eq!(found, [("{\"b\":1}", 1, None), ("", 2, Some(too_long)), ("{\"c\":2}", 3, None)]);
                assert_eq!(read.records[2].2, (text.len() - 7) as u64);
            }
        }
    }
}

#[test]
fn a_record_too_long_has_its_place_and_length_whatever_stands_before_it() {
    let long = "x".repeat(3000);
    for (before, offset, line) in [("", 0, 1), ("\u{FEFF}", 3, 1), ("{}\n", 3, 2), ("\n\n", 2, 3)] {
        for block_bytes in [1024, 1 << 20] {
            let options = ReaderOptions { block_bytes, max_line_bytes: 1000, ..options(Format::Ndjson) };
            let read = read_bytes(format!("{before}{long}\r\n").as_bytes(), &options);
            let too_long = FramingFault::TooLong { bytes: 3000, most: 1000 };
            assert_eq!(
                read.records.last(),
                Some(&(String::new(), line, offset, Some(too_long))),
                "{before:?}"
            );
        }
    }
}

#[test]
fn a_blank_line_is_no_record_however_long_it_is() {
    let text = format!("{{}}\n{}\r\n{{}}\n{}", " ".repeat(3000), "\t".repeat(3000));
    for block_bytes in [1024, 1 << 20] {
        let options = ReaderOptions { block_bytes, max_line_bytes: 1000, ..options(Format::Ndjson) };
        let read = read_bytes(text.as_bytes(), &options);
        let found: Vec<_> = read.records.iter().map(|(text, line, ..)| (text.as_str(), *line)).collect();
        assert_eq!(found, [("{}", 1), ("{}", 3)]);
        assert_eq!(read.blank_lines, 2);
    }
}

#[test]
fn a_limit_as_large_as_can_be_is_no_limit() {
    for format in [Format::Ndjson, Format::Json] {
        let options = ReaderOptions { max_line_bytes: usize::MAX, block_bytes: 1024, ..options(format) };
        let text = format!("\"{}\"", "x".repeat(5000));
        assert_eq!(texts(&read_bytes(text.as_bytes(), &options)), [text]);
    }
}

/// Splits as simply as can be: the records, and the number of blank lines.
fn naive(bytes: &[u8], max: usize) -> (Vec<Found>, u64) {
    let bom = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut found = Vec::new();
    let mut blank_lines = 0;
    let mut offset = bom;
    let lines: Vec<&[u8]> = bytes[bom..].split(|byte| *byte == b'\n').collect();
    for (nth, line) in lines.iter().enumerate() {
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        // After the last line end there is no line, not even a blank one.
        let is_line = nth + 1 < lines.len() || !line.is_empty();
        if text.iter().all(|byte| b" \t\r".contains(byte)) {
            blank_lines += u64::from(is_line);
        } else {
            let fault = (text.len() > max)
                .then_some(FramingFault::TooLong { bytes: text.len() as u64, most: max as u64 });
            let text = if fault.is_some() { &[][..] } else { text };
            found.push((String::from_utf8_lossy(text).into_owned(), nth as u64 + 1, offset as u64, fault));
        }
        offset += line.len() + 1;
    }
    (found, blank_lines)
}

proptest! {
    #[test]
    fn lines_are_those_of_a_naive_split_for_any_block_size(bytes in arbitrary_text(), max in 1000..4000_usize) {
        let (records, blank_lines) = naive(&bytes, max);
        for block_bytes in [1024, 1500, 4096, 1 << 20] {
            let options = ReaderOptions { block_bytes, max_line_bytes: max, ..options(Format::Ndjson) };
            let read = read_bytes(&bytes, &options);
            prop_assert_eq!(&read.records, &records);
            prop_assert_eq!(read.blank_lines, blank_lines);
            prop_assert_eq!(read.inputs[0].bytes, bytes.len() as u64);
        }
    }
}
