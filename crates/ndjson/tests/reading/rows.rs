//! Rows of CSV below a header.

use ndjson::{BlockReader, Cells, Format, FramingFault, Input, InputError, ReaderOptions};
use proptest::prelude::*;

use crate::{file_of, options, read_bytes, texts};

fn csv() -> ReaderOptions {
    options(Format::Csv)
}

#[test]
fn rows_are_found_with_their_line_and_byte_and_the_header_is_none() {
    let text = "\u{FEFF}\n \t\r\nid;note\r\n1;\"a\nb\"\r\n\r\n \n2;\"c;\r\n\"\"d\"\"\"\n3;e \"f\" \"\n4";
    let found = |text: &str| text.find(['1']).expect("there") as u64;
    for block_bytes in [1, 7, 1024, 1 << 20] {
        for format in [Format::Csv, Format::Auto] {
            let read = read_bytes(text.as_bytes(), &ReaderOptions { block_bytes, ..options(format) });
            let rows: Vec<_> =
                read.records.iter().map(|(text, line, offset, _)| (text.as_str(), *line, *offset)).collect();
            let first = found(text);
            let expected = [
                ("1;\"a\nb\"", 4, first),
                ("2;\"c;\r\n\"\"d\"\"\"", 8, first + 13),
                ("3;e \"f\" \"", 10, first + 27),
                ("4", 11, first + 37),
            ];
            assert_eq!(rows, expected);
            assert_eq!(read.blank_lines, 4);
            assert!(read.errors.is_empty() && read.records.iter().all(|record| record.3.is_none()));
            let input = &read.inputs[0];
            let table = input.table.as_ref().expect("there is a header");
            assert_eq!((input.format, table.delimiter), (Format::Csv, b';'));
            assert_eq!(table.columns, ["id", "note"]);
            assert!(table.is_header(b"id;note") && !table.is_header(b"id;note "));
        }
    }
}

#[test]
fn an_input_without_rows_has_no_records_and_no_errors() {
    for (text, columns, blank_lines) in [
        ("", None, 0),
        ("\u{FEFF}", None, 0),
        ("\n \r\n", None, 2),
        ("a,b", Some(2), 0),
        ("a,b\r\n", Some(2), 0),
        ("\u{FEFF}a\n\n", Some(1), 1),
        ("\n\na\n\n", Some(1), 3),
    ] {
        for block_bytes in [1, 1 << 20] {
            let read = read_bytes(text.as_bytes(), &ReaderOptions { block_bytes, ..csv() });
            assert!(read.records.is_empty() && read.errors.is_empty(), "{text:?}: {:?}", read.errors);
            let input = &read.inputs[0];
            assert_eq!(input.table.as_ref().map(|table| table.columns.len()), columns, "{text:?}");
            assert_eq!((input.bytes, input.format), (text.len() as u64, Format::Csv));
            assert_eq!(read.blank_lines, blank_lines, "{text:?}");
        }
    }
}

#[test]
fn the_delimiter_is_the_one_the_header_has_most_of() {
    let cases: &[(&str, &[&str])] = &[
        ("a,b;c;d", &["a,b", "c", "d"]),
        ("\"a,b,c,d\"\tb|c", &["a,b,c,d", "b|c"]),
        ("a|b|c,d\n", &["a", "b", "c,d"]),
        ("a,b;c", &["a", "b;c"]),
        ("one", &["one"]),
        ("\"id\" ; \"na\nme\"; x\ty ", &["id", "\"na"]),
    ];
    for (text, columns) in cases {
        let read = read_bytes(text.as_bytes(), &csv());
        assert_eq!(read.inputs[0].table.as_ref().expect("a header").columns, *columns, "{text}");
    }
    let given = ReaderOptions { delimiter: Some(b':'), ..csv() };
    let read = read_bytes(b"a,b:c,d\n1:2\n", &given);
    assert_eq!(read.inputs[0].table.as_ref().expect("a header").columns, ["a,b", "c,d"]);
}

#[test]
fn with_tabs_a_row_of_empty_cells_is_not_blank() {
    let read = read_bytes(b"a\tb\n\t\n\r\n1\t2\n", &csv());
    assert_eq!((texts(&read), read.blank_lines), (vec!["\t", "1\t2"], 1));
}

#[test]
fn a_quote_that_is_never_closed_is_told_of_the_row_that_has_it() {
    let text = format!("a,b\n1,2\n3,\"4\n{}", "5,6\n".repeat(3000));
    for (max_line_bytes, held) in [(1 << 20, true), (1000, false)] {
        for block_bytes in [1, 1024, 1 << 20] {
            let options = ReaderOptions { block_bytes, max_line_bytes, ..csv() };
            let read = read_bytes(text.as_bytes(), &options);
            let open = if held { &text[8..] } else { "" };
            assert_eq!(read.records[1], (open.to_owned(), 3, 8, Some(FramingFault::UnclosedQuote)));
            assert!(read.records.len() == 2 && read.errors.is_empty());
            assert_eq!(read.inputs[0].bytes, text.len() as u64);
        }
    }
    for text in ["a,\"b\n1,2\n", "a,b,\"c"] {
        let read = read_bytes(text.as_bytes(), &csv());
        let [InputError::Unsupported { what, .. }] = &read.errors[..] else { panic!("{:?}", read.errors) };
        assert!(what.contains("never closed"), "{what}");
    }
}

#[test]
fn a_row_longer_than_allowed_is_passed_over_and_its_quotes_are_followed() {
    let long = format!("1,\"{}\"", "x,\"\"\n".repeat(1000));
    for (before, after) in [("", ""), ("", "\n2,3\n"), ("0,0\r\n\n", "\r\n2,3")] {
        let text = format!("a,b\n{before}{long}{after}");
        for block_bytes in [1, 1024, 1 << 20] {
            let options = ReaderOptions { block_bytes, max_line_bytes: 1000, ..csv() };
            let read = read_bytes(text.as_bytes(), &options);
            let at = usize::from(!before.is_empty());
            let line = if before.is_empty() { 2 } else { 4 };
            let too_long = Some(FramingFault::TooLong { bytes: long.len() as u64, most: 1000 });
            assert_eq!(read.records[at], (String::new(), line, 4 + before.len() as u64, too_long));
            if after.is_empty() {
                assert_eq!(read.records.len(), at + 1);
            } else {
                let offset = text.len() - after.trim_start().len();
                assert_eq!(read.records[at + 1], (String::from("2,3"), line + 1001, offset as u64, None));
            }
            assert!(read.largest_buffer < 400_000 + block_bytes, "{}", read.largest_buffer);
        }
    }
}

#[test]
fn a_header_that_is_too_long_is_an_error_and_is_not_held() {
    for text in [format!("a,\"{}\"\n1,2", "x".repeat(3_000_000)), format!("{}a,b\n", " \n".repeat(2000))] {
        for block_bytes in [1, 1 << 20] {
            let options = ReaderOptions { block_bytes, max_line_bytes: 1000, ..csv() };
            let read = read_bytes(text.as_bytes(), &options);
            let [InputError::Unsupported { what, .. }] = &read.errors[..] else {
                panic!("{:?}", read.errors)
            };
            assert!(what.contains("--max-line-bytes") && read.records.is_empty(), "{what}");
        }
    }
}

#[test]
fn a_wide_header_beyond_the_probe_is_read_whole() {
    let columns: Vec<String> = (0..20_000).map(|n| format!("column {n}")).collect();
    let text = format!("{}\n{}\n", columns.join("\t"), "\t".repeat(19_999));
    let read = read_bytes(text.as_bytes(), &csv());
    let table = read.inputs[0].table.as_ref().expect("a header");
    assert_eq!((table.delimiter, table.columns.len(), read.records.len()), (b'\t', 20_000, 1));
}

#[test]
fn blocks_say_the_table_of_their_input() {
    let files = ["a,b\n1,2\n", "c;d\n3;4\n"].map(|text| file_of(text.as_bytes()));
    let inputs = files.iter().map(|file| Input::File(file.path().to_owned())).collect();
    let mut reader = BlockReader::new(inputs, csv());
    let mut found = Vec::new();
    while let Some(block) = reader.next_block(Vec::new()) {
        let block = block.expect("it can be read");
        let table = block.table.as_deref().expect("a header");
        let mut cells = Cells::new(table.delimiter);
        for record in block.records() {
            cells.read(record.bytes).expect("it is UTF-8");
            found.push((table.columns.join(" "), cells.iter().collect::<Vec<_>>().join(" ")));
        }
        assert!(!block.has_lines());
    }
    assert_eq!(found, [("a b".to_owned(), "1 2".to_owned()), ("c d".to_owned(), "3 4".to_owned())]);
}

/// The records of the whole text by the `csv` crate, without blank rows, and without the `\r` that ends a row: a row that
/// is open at the end of the text has no end.
fn by_csv(text: &[u8], delimiter: u8, is_open: bool) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(text);
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let start = reader.position().byte() as usize;
        if !reader.read_record(&mut record).expect("it is UTF-8") {
            return rows;
        }
        let end = reader.position().byte() as usize;
        // Rows of nothing at all are passed over by that crate, too.
        let row: &[u8] = &text[start..end];
        let row = &row[row.iter().take_while(|byte| **byte == b'\n').count()..];
        let text_of_row = row.strip_suffix(b"\n").unwrap_or(row);
        if text_of_row.iter().all(|byte| b" \r".contains(byte)) {
            continue;
        }
        let mut cells: Vec<String> = record.iter().map(str::to_owned).collect();
        let has_end = !(is_open && end == text.len());
        if let Some(last) = cells.last_mut().filter(|_| has_end && text_of_row.ends_with(b"\r")) {
            assert_eq!(last.pop(), Some('\r'));
        }
        rows.push(cells);
    }
}

proptest! {
    #[test]
    fn rows_and_cells_are_those_of_the_csv_crate_for_any_block_size(
        body in "([a\",\n\r é]|\"\"|\",\"|\"\n|\r\n){0,40}", bom in any::<bool>(), max in 3..60_usize
    ) {
        let text = format!("{}a,a\n{body}", if bom { "\u{FEFF}" } else { "" });
        let read = |block_bytes, max_line_bytes| {
            let options = ReaderOptions { block_bytes, max_line_bytes, delimiter: Some(b','), ..csv() };
            let read = read_bytes(text.as_bytes(), &options);
            prop_assert!(read.errors.is_empty());
            Ok((read.records, read.blank_lines, read.inputs[0].bytes))
        };
        let (records, blank_lines, bytes) = read(1 << 20, 1 << 20)?;
        let is_open = records.last().is_some_and(|record| record.3 == Some(FramingFault::UnclosedQuote));
        let expected = by_csv(text.as_bytes(), b',', is_open);
        let mut cells = Cells::new(b',');
        let mut found = Vec::new();
        for (row, line, offset, _) in &records {
            let offset = usize::try_from(*offset).expect("small");
            prop_assert!(text[offset..].starts_with(row.as_str()));
            prop_assert_eq!(*line as usize, 1 + text[..offset].matches('\n').count());
            cells.read(row.as_bytes()).expect("it is UTF-8");
            found.push(cells.iter().map(str::to_owned).collect::<Vec<_>>());
        }
        prop_assert_eq!(&found[..], &expected[1..]);
        prop_assert_eq!(bytes, text.len() as u64);
        let limited = read(1 << 20, max)?;
        for block_bytes in 1..12 {
            prop_assert_eq!(&read(block_bytes, 1 << 20)?, &(records.clone(), blank_lines, bytes));
            prop_assert_eq!(&read(block_bytes, max)?, &limited);
        }
    }
}
