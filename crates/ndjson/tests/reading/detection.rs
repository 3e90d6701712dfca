//! How records stand in an input, known by its first bytes.

use ndjson::{AutoRule, Format, Input, InputError, ReaderOptions};

use crate::{file_of, read_bytes, read_inputs};

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
fn a_first_line_that_does_not_end_its_value_is_told_from_one_that_is_broken() {
    use Format::{Json, Ndjson};
    let beyond_the_probe = format!("{{\n\"a\":[\n{}{{}}]}}\n", "{\"b\":1},\n".repeat(20_000));
    let broken_beyond_the_probe = format!("{{\"a\":\"\n{}", "{\"b\":1}\n".repeat(20_000));
    let without_line_ends = "{\"a\":1}".repeat(20_000);
    let cases: &[(&str, Format, usize)] = &[
        // The last contact stands on a line of its own, and is not a record of its own.
        ("{\"contacts\":[\n{\"a\":1},\n{\"a\":2}\n]}\n", Json, 1),
        ("{\n\"a\":\n{}\n}\n{\n\"b\":\n{}\n}\n", Json, 2),
        ("{\"a\":1}{\n\"b\":2}\n{}", Json, 3),
        (&beyond_the_probe, Json, 1),
        (&without_line_ends, Json, 20_000),
        // Here nothing ends the value that the first line begins.
        ("{\"a\":1} {\n{\"b\":1}\n{\"c\":1}\n", Ndjson, 3),
        ("{\"a\":\"\n{\"b\":1}\n{\"c\":1}", Ndjson, 3),
        (&broken_beyond_the_probe, Ndjson, 20_001),
        ("{\"a\":\n", Ndjson, 1),
        ("{\"a\":", Ndjson, 1),
        ("\x0C{}\n{}", Ndjson, 2),
    ];
    for (text, format, records) in cases {
        let read =
            read_bytes(text.as_bytes(), &ReaderOptions { block_bytes: 1024, ..ReaderOptions::default() });
        let start = &text[..text.len().min(40)];
        assert_eq!((read.inputs[0].format, read.records.len()), (*format, *records), "{start}");
        assert!(read.errors.is_empty(), "{start}: {:?}", read.errors);
    }
}

#[test]
fn csv_is_known_by_a_header_of_different_names() {
    use Format::{Csv, Ndjson};
    let wide = (0..20_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let cases: &[(&str, Format)] = &[
        ("id,name\n1,2\n", Csv),
        ("\u{FEFF}\n \r\n\"id\";\"name\"\r\n", Csv),
        (" id | na me ", Csv),
        ("id\tname\n", Csv),
        ("\"a\nb\",c\n1,2\n", Csv),
        ("id\n1\n", Ndjson),
        ("id,\n", Ndjson),
        ("\tid\tname\n", Ndjson),
        ("id, id\n", Ndjson),
        ("id,2nd\n", Ndjson),
        ("id,a[0]\n", Ndjson),
        ("id,{\n{}\n", Ndjson),
        ("id,\"a\"\"b\"\n", Ndjson),
        ("id,\"name\n1,2\n", Ndjson),
        (&wide, Ndjson),
    ];
    for (text, format) in cases {
        for block_bytes in [1, 1 << 20] {
            let options = ReaderOptions { block_bytes, ..ReaderOptions::default() };
            let read = read_bytes(text.as_bytes(), &options);
            assert_eq!(read.inputs[0].format, *format, "{}", &text[..text.len().min(40)]);
            let lines = ReaderOptions { auto: AutoRule::Lines, ..options };
            assert_eq!(read_bytes(text.as_bytes(), &lines).inputs[0].format, Ndjson);
        }
    }
    assert_eq!(read_bytes(b"id,\xFF\n", &ReaderOptions::default()).inputs[0].format, Ndjson);
}

#[test]
fn a_pretty_printed_file_that_is_cut_off_does_not_look_whole() {
    for text in ["{\n  \"a\": 1,\n  \"b\"", "{\n  \"a\": {\n    \"b\": 1\n  }\n", "[\n  {\"a\": 1},\n"] {
        let read = read_bytes(text.as_bytes(), &ReaderOptions::default());
        assert_eq!(read.inputs[0].format, Format::Json, "{text}");
        assert!(matches!(read.errors[..], [InputError::Truncated { .. }]), "{text}: {:?}", read.errors);
        assert!(!read.inputs[0].complete);
    }
}

#[test]
fn each_input_has_its_own_format() {
    let files = ["{\"a\":1}\n{\"b\":1}\n", "[{\"a\":1},{\"b\":1}]", "{\n\"a\":1\n}\n"]
        .map(|text| file_of(text.as_bytes()));
    let inputs = files.iter().map(|file| Input::File(file.path().to_owned())).collect();
    let read = read_inputs(inputs, &ReaderOptions::default());
    let formats: Vec<Format> = read.inputs.iter().map(|input| input.format).collect();
    assert_eq!(formats, [Format::Ndjson, Format::Json, Format::Json]);
    assert_eq!(read.records.len(), 5);
}
