//! From files and folders to the texts of records.

use std::fs;
use std::io::Write;
use std::path::Path;

use ndjson::{
    AutoRule, BlockReader, Compression, ExpandError, Format, FramingFault, Input, InputError, InputSummary,
    ReaderOptions, expand,
};
use proptest::prelude::*;

/// A record as it was read: its text, its line from 1, its byte offset, and its fault.
type Found = (String, u64, u64, Option<FramingFault>);

#[derive(Debug)]
struct Read {
    records: Vec<Found>,
    blank_lines: u64,
    errors: Vec<InputError>,
    inputs: Vec<InputSummary>,
}

fn read_inputs(inputs: Vec<Input>, options: &ReaderOptions) -> Read {
    let mut reader = BlockReader::new(inputs, options.clone());
    let mut read = Read { records: vec![], blank_lines: 0, errors: vec![], inputs: vec![] };
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
        recycled = block.bytes;
    }
    read.inputs = reader.inputs().to_vec();
    read
}

fn read_bytes(bytes: &[u8], options: &ReaderOptions) -> Read {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("it takes the bytes");
    read_inputs(vec![Input::File(file.path().to_owned())], options)
}

fn texts(read: &Read) -> Vec<&str> {
    read.records.iter().map(|(text, ..)| text.as_str()).collect()
}

fn options(format: Format) -> ReaderOptions {
    ReaderOptions { format, ..ReaderOptions::default() }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

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
fn the_format_is_known_by_the_first_bytes() {
    let broken_first = format!("{{\"a\":\n{}", "{\"b\":1}\n".repeat(10));
    let pretty_body = "{\n \"contacts\": [\n  {\"a\": 1},\n  {\"a\": 2}\n ]\n}\n";
    let large = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(100_000));
    let cases: &[(&str, AutoRule, usize)] = &[
        ("{\"a\":1}\n{\"b\":2}\n", AutoRule::Contacts, 2),
        ("[{\"a\":1},{\"b\":2},{\"c\":3}]", AutoRule::Contacts, 3),
        ("[1,2]\n[3,4]\n", AutoRule::Lines, 2),
        ("\n\n  [\n{\"a\":1}\n]", AutoRule::Contacts, 1),
        ("{\"a\":1}{\"b\":2} {\"c\":3}\n{\"d\":4}", AutoRule::Contacts, 4),
        ("{\n\"a\":1\n}\n{\n\"b\":2\n}\n", AutoRule::Contacts, 2),
        ("{\"a\":1}TRAILER\n{\"b\":2}\n", AutoRule::Contacts, 2),
        ("{\"a\":1,,}\n{\"b\":2}\n", AutoRule::Contacts, 2),
        (&broken_first, AutoRule::Contacts, 11),
        (pretty_body, AutoRule::Contacts, 1),
        (&large, AutoRule::Contacts, 2),
        ("garbage\nmore\n", AutoRule::Contacts, 2),
        ("[1]\n[2]", AutoRule::Contacts, 2),
    ];
    for (text, auto, records) in cases {
        let read = read_bytes(text.as_bytes(), &ReaderOptions { auto: *auto, ..ReaderOptions::default() });
        assert_eq!(read.records.len(), *records, "{}", &text[..text.len().min(60)]);
        assert!(read.errors.is_empty());
    }
}

#[test]
fn faults_between_the_elements_of_an_array_are_told_and_the_elements_are_not_lost() {
    use FramingFault::{ExtraComma, MissingComma};
    type Elements<'e> = &'e [(&'e str, Option<FramingFault>)];
    let cases: &[(&str, Elements<'_>)] = &[
        ("[1,2]", &[("1", None), ("2", None)]),
        (
            "[{\"a\":\"]\\\"\"} {\"b\":[1,[2]]}]",
            &[("{\"a\":\"]\\\"\"}", None), ("{\"b\":[1,[2]]}", Some(MissingComma))],
        ),
        ("[1,,2]", &[("1", None), ("", Some(ExtraComma)), ("2", None)]),
        ("[,1]", &[("", Some(ExtraComma)), ("1", None)]),
        ("[1,]", &[("1", None), ("", Some(ExtraComma))]),
        ("[xyz, {]", &[]),
        ("[xyz,\"s\"]tail", &[("xyz", None), ("\"s\"", None), ("tail", None)]),
        ("[1][2]\n3", &[("1", None), ("2", None), ("3", None)]),
        ("]", &[("]", None)]),
    ];
    for (text, expected) in cases {
        let read = read_bytes(text.as_bytes(), &options(Format::Json));
        if expected.is_empty() {
            assert!(matches!(read.errors[..], [InputError::Truncated { .. }]), "{text}");
            continue;
        }
        let found: Vec<_> = read.records.iter().map(|(text, _, _, fault)| (text.as_str(), *fault)).collect();
        assert_eq!(&found, expected, "{text}");
        assert!(read.errors.is_empty(), "{text}");
    }
}

#[test]
fn an_array_or_value_that_does_not_end_is_an_error_after_what_was_whole() {
    for (text, whole) in
        [("[{\"a\":1},{\"b\":2}", 2), ("[{\"a\":1},{\"b\":", 1), ("{\"a\":1}\n{\"b\"", 1), ("[\"a", 0)]
    {
        for block_bytes in [1024, 1 << 20] {
            let read = read_bytes(text.as_bytes(), &ReaderOptions { block_bytes, ..options(Format::Json) });
            assert_eq!(read.records.len(), whole, "{text}");
            match &read.errors[..] {
                [InputError::Truncated { offset, .. }] => assert_eq!(*offset, text.len() as u64),
                other => panic!("{text}: {other:?}"),
            }
            assert!(!read.inputs[0].complete);
        }
    }
}

#[test]
fn compression_is_known_by_the_first_bytes_whatever_the_name() {
    let text = b"{\"a\":1}\n{\"b\":2}\n";
    let members = [gzip(&text[..5]), gzip(&text[5..])].concat();
    let frame = |bytes: &[u8]| zstd::encode_all(bytes, 3).expect("memory takes everything");
    let frames = [frame(&text[..5]), frame(&text[5..])].concat();
    for (bytes, compression) in
        [(text.to_vec(), Compression::None), (members, Compression::Gzip), (frames, Compression::Zstd)]
    {
        let read =
            read_bytes(&bytes, &ReaderOptions { hash: ndjson::HashInputs::Yes, ..ReaderOptions::default() });
        assert_eq!(texts(&read), ["{\"a\":1}", "{\"b\":2}"]);
        let input = &read.inputs[0];
        assert_eq!(
            (input.compression, input.stored_bytes, input.bytes),
            (compression, bytes.len() as u64, 16)
        );
        assert_eq!(input.blake3.as_deref(), Some(blake3::hash(&bytes).to_hex().as_str()));
    }
}

#[test]
fn a_truncated_gzip_stream_is_an_error_with_its_offset_after_every_whole_line() {
    let text: String = (0..500).map(|n| format!("{{\"n\":{n},\"x\":\"{}\"}}\n", n * 7919)).collect();
    let zipped = gzip(text.as_bytes());
    let mut cut_inside = 0;
    for cut in (1..zipped.len()).step_by(97) {
        let read = read_bytes(&zipped[..cut], &ReaderOptions { block_bytes: 1024, ..options(Format::Auto) });
        if cut < 2 {
            continue;
        }
        let [InputError::Corrupt { stored_offset, offset, .. }] = &read.errors[..] else {
            panic!("cut at {cut}: {:?}", read.errors)
        };
        assert_eq!(*stored_offset, cut as u64);
        let whole: Vec<&str> = text[..usize::try_from(*offset).expect("small")].lines().collect();
        assert_eq!(texts(&read), whole);
        cut_inside += usize::from(!whole.is_empty());
    }
    assert!(cut_inside > 5);
}

#[test]
fn a_damaged_zstd_stream_is_an_error() {
    let text: String = (0..5000).map(|n| format!("{{\"n\":{}}}\n", n * 7919)).collect();
    let mut zipped = zstd::encode_all(text.as_bytes(), 3).expect("memory takes everything");
    let middle = zipped.len() / 2;
    zipped.truncate(middle);
    let read = read_bytes(&zipped, &ReaderOptions::default());
    assert!(matches!(read.errors[..], [InputError::Corrupt { .. }]), "{:?}", read.errors);
}

#[test]
fn what_cannot_be_read_is_named_and_the_next_input_is_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("it takes the bytes");
        Input::File(path)
    };
    let inputs = vec![
        file("a.xz", b"\xFD7zXZ\0rest"),
        Input::File(folder.path().join("gone")),
        file("b.json", b"\xFF\xFE{\0}\0"),
        file("c.zip", b"PK\x03\x04rest"),
        file("d.ndjson", b"{}\n"),
    ];
    let read = read_inputs(inputs, &ReaderOptions::default());
    let told: Vec<String> = read.errors.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 4);
    for (error, what) in told.iter().zip(["xz -dc", "cannot open", "iconv -f UTF-16", "unzip -p"]) {
        assert!(error.contains(what), "{error}");
    }
    assert_eq!(texts(&read), ["{}"]);
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
                let too_long = FramingFault::TooLong { bytes: long.len() as u64 };
                assert_eq!(found, [("{\"b\":1}", 1, None), ("", 2, Some(too_long)), ("{\"c\":2}", 3, None)]);
                assert_eq!(read.records[2].2, (text.len() - 7) as u64);
            }
        }
    }
}

#[test]
fn folders_and_patterns_are_expanded_in_the_order_of_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("2026-10-02")).expect("a folder");
    fs::create_dir_all(path("2026-10-01/deep")).expect("a folder");
    fs::create_dir_all(path("empty")).expect("a folder");
    for name in [
        "2026-10-01/part-2.gz",
        "2026-10-01/part-1.gz",
        "2026-10-01/.hidden",
        "2026-10-01/deep/x",
        "2026-10-02/part-1.gz",
    ] {
        fs::write(path(name), "").expect("a file");
    }
    let names = |args: &[&Path]| -> Vec<String> {
        let inputs = expand(args).expect("they exist");
        inputs
            .iter()
            .map(|input| input.to_string().replace(&format!("{}/", folder.path().display()), ""))
            .collect()
    };
    let all = ["2026-10-01/deep/x", "2026-10-01/part-1.gz", "2026-10-01/part-2.gz", "2026-10-02/part-1.gz"];
    assert_eq!(names(&[folder.path()]), all);
    assert_eq!(names(&[&path("2026-10-*/part-*.gz")]), all[1..]);
    assert_eq!(expand(&[] as &[&str]).expect("standard input"), [Input::Stdin]);
    assert_eq!(expand(&["-"]).expect("standard input"), [Input::Stdin]);
    assert!(matches!(expand(&[path("nothing")]), Err(ExpandError::Missing(_))));
    assert!(matches!(expand(&[path("no*thing")]), Err(ExpandError::NoMatch(_))));
    assert!(matches!(expand(&[path("empty")]), Err(ExpandError::EmptyFolder(_))));
    assert!(matches!(
        expand(&[path("2026-10-01"), path("2026-10-01/./part-1.gz")]),
        Err(ExpandError::Twice(_))
    ));
    assert!(matches!(expand(&["-", "-"]), Err(ExpandError::Twice(_))));
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => "[a-z\"{}:,\\[\\] ]{0,40}".prop_map(String::into_bytes),
        1 => Just(vec![b'x'; 3000]),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => Just(b"\xEF\xBB\xBF".to_vec()),
    ];
    let ended = (piece, prop_oneof![4 => Just("\n"), 1 => Just("\r\n"), 1 => Just("")]);
    prop::collection::vec(ended, 0..120).prop_map(|lines| {
        lines.into_iter().flat_map(|(line, end)| [line, end.as_bytes().to_vec()].concat()).collect()
    })
}

/// Splits as simply as can be.
fn naive(bytes: &[u8], max: usize) -> Vec<(Vec<u8>, u64, u64, Option<FramingFault>)> {
    let bom = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut found = Vec::new();
    let mut offset = bom;
    for (nth, line) in bytes[bom..].split(|byte| *byte == b'\n').enumerate() {
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        if !text.iter().all(|byte| b" \t\r".contains(byte)) {
            let fault = (text.len() > max).then_some(FramingFault::TooLong { bytes: text.len() as u64 });
            let text = if fault.is_some() { Vec::new() } else { text.to_vec() };
            found.push((text, nth as u64 + 1, offset as u64, fault));
        }
        offset += line.len() + 1;
    }
    found
}

proptest! {
    #[test]
    fn lines_are_those_of_a_naive_split_for_any_block_size(bytes in lines(), max in 1000..4000_usize) {
        let expected: Vec<Found> = naive(&bytes, max)
            .into_iter()
            .map(|(text, line, offset, fault)| (String::from_utf8_lossy(&text).into_owned(), line, offset, fault))
            .collect();
        // The first bytes might be those of a compressed file.
        prop_assume!(!bytes.starts_with(b"PK") && !bytes.starts_with(b"BZh") && !bytes.starts_with(b"\xFF\xFE"));
        for block_bytes in [1024, 1500, 4096, 1 << 20] {
            let options = ReaderOptions { block_bytes, max_line_bytes: max, ..options(Format::Ndjson) };
            prop_assert_eq!(&read_bytes(&bytes, &options).records, &expected);
        }
    }

    #[test]
    fn values_are_the_same_for_any_block_size(bytes in lines(), max in 1000..4000_usize) {
        prop_assume!(!bytes.starts_with(b"PK") && !bytes.starts_with(b"BZh") && !bytes.starts_with(b"\xFF\xFE"));
        let read = |block_bytes| {
            let options = ReaderOptions { block_bytes, max_line_bytes: max, ..options(Format::Json) };
            let read = read_bytes(&bytes, &options);
            (read.records, read.errors.iter().map(std::mem::discriminant).collect::<Vec<_>>())
        };
        let whole = read(1 << 20);
        for block_bytes in [1024, 1500, 4096] {
            prop_assert_eq!(&read(block_bytes), &whole);
        }
    }

    #[test]
    fn elements_of_an_array_are_the_values_that_were_written(
        values in prop::collection::vec("[a-z\"\\\\\\[\\]{},]{0,30}", 0..60), pretty in any::<bool>()
    ) {
        let values: Vec<serde_json::Value> = values.into_iter().map(|text| serde_json::json!({"t": [text]})).collect();
        let text = if pretty { serde_json::to_string_pretty(&values) } else { serde_json::to_string(&values) }.expect("JSON");
        let read = read_bytes(text.as_bytes(), &ReaderOptions { block_bytes: 1024, ..ReaderOptions::default() });
        let found: Vec<serde_json::Value> =
            texts(&read).iter().map(|text| serde_json::from_str(text).expect("an element")).collect();
        prop_assert_eq!(found, values);
        prop_assert!(read.errors.is_empty());
    }
}
