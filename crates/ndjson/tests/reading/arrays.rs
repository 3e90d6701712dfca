//! Elements of an array that stands inside of objects.

use ndjson::{Format, FramingFault, InputError, ReaderOptions};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Found, Read, arbitrary_text, read_bytes, texts};

fn at(pointer: &str) -> ReaderOptions {
    ReaderOptions { array: Some(pointer.to_owned()), ..ReaderOptions::default() }
}

/// With blocks of any size it is the same.
fn read_all_ways(text: &str, options: &ReaderOptions) -> Read {
    let whole = read_bytes(text.as_bytes(), options);
    for block_bytes in [1, 2, 7, 100] {
        let read = read_bytes(text.as_bytes(), &ReaderOptions { block_bytes, ..options.clone() });
        assert_eq!(read.records, whole.records, "{text}");
        let told = |read: &Read| read.errors.iter().map(place).collect::<Vec<_>>();
        assert_eq!(told(&read), told(&whole), "{text}");
    }
    whole
}

/// What an error says of the place.
fn place(error: &InputError) -> (u64, &'static str) {
    match error {
        InputError::Truncated { offset, what, .. } => (*offset, what),
        other => panic!("a file that is there, and not compressed: {other}"),
    }
}

#[test]
fn records_are_the_elements_of_the_array_in_each_object() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            r#"{"ok":true,"data":[{"a":1},{"b":[2]}],"next":{"data":[3]}}"#,
            "/data",
            &["{\"a\":1}", "{\"b\":[2]}"],
        ),
        ("{\"data\":[1,2]}\n{\"data\":[]}\n\n{\"data\" : [ 3 ]}", "/data", &["1", "2", "3"]),
        ("{\n \"data\": [\n  1\n ]\n}{\"data\":[\"]}\"]}", "/data", &["1", "\"]}\""]),
        ("[{\"data\":[1]},{\"data\":[2,3]}]", "/data", &["1", "2", "3"]),
        // Only the member itself counts, not a value or a member elsewhere.
        (r#"{"x":"data","y":{"data":[0]},"data":[1]}"#, "/data", &["1"]),
        (r#"{"x":["data",{"data":[0]}],"dat":[0],"data2":[0],"data":[1]}"#, "/data", &["1"]),
        (r#"{"da\"ta":[0],"\\":[0],"data\\":[0],"data":[1]}"#, "/data", &["1"]),
        (r#"{"result":{"items":[1],"more":{"items":[0]}},"items":[0]}"#, "/result/items", &["1"]),
        (r#"{"items":[0],"result":{"x":{},"y":[{}],"items":[1,2]}}"#, "/result/items", &["1", "2"]),
        (r#"{"result":[{"items":[0]}],"result":{"items":[1]}}"#, "/result/items", &["1"]),
        (r#"{"a/b":{"m~n":[1],"":[0]}}"#, "/a~1b/m~0n", &["1"]),
        (r#"{"":{"":[1]}}"#, "//", &["1"]),
        (r#"{"data":[1],"data":[2]}"#, "/data", &["1", "2"]),
        ("[1,2]", "", &["1", "2"]),
        ("", "/data", &[]),
        ("[]", "/data", &[]),
    ];
    for (text, pointer, expected) in cases {
        for bom in ["", "\u{FEFF}"] {
            let text = format!("{bom}{text}");
            let read = read_all_ways(&text, &at(pointer));
            assert_eq!(texts(&read), *expected, "{text}");
            assert!(read.errors.is_empty(), "{text}: {:?}", read.errors);
            for (found, line, offset, fault) in &read.records {
                let offset = usize::try_from(*offset).expect("small");
                assert!(text[offset..].starts_with(found.as_str()) && fault.is_none(), "{text}");
                assert_eq!(*line as usize, 1 + text[..offset].matches('\n').count(), "{text}");
            }
        }
    }
}

#[test]
fn the_format_is_json_whatever_it_was_recognised_as_but_csv_has_no_arrays() {
    for format in [Format::Auto, Format::Ndjson, Format::Json] {
        let read = read_bytes(b"{\"data\":[1]}\n{\"data\":[2]}\n", &ReaderOptions { format, ..at("/data") });
        assert_eq!((texts(&read), read.inputs[0].format), (vec!["1", "2"], Format::Json));
    }
    let read = read_bytes(b"a,b\n1,2\n", &at("/data"));
    assert_eq!((texts(&read), read.inputs[0].format), (vec!["1,2"], Format::Csv));
}

#[test]
fn what_has_no_array_is_told_and_does_not_vanish() {
    use FramingFault::{ExtraComma, MissingComma, NoArray};
    type Elements<'e> = &'e [(&'e str, Option<FramingFault>)];
    let cases: &[(&str, Elements<'_>)] = &[
        (
            "{\"ok\":false}\n{\"data\":[1]}\n{\"data\":{}}",
            &[("{\"ok\":false}", Some(NoArray)), ("1", None), ("{\"data\":{}}", Some(NoArray))],
        ),
        ("7 \"data\"", &[("7", Some(NoArray)), ("\"data\"", Some(NoArray))]),
        ("[1,{},[2]]", &[("1", Some(NoArray)), ("{}", Some(NoArray)), ("[2]", Some(NoArray))]),
        ("{\"data\":null}", &[("{\"data\":null}", Some(NoArray))]),
        ("{\"data\":[1 2,]}", &[("1", None), ("2", Some(MissingComma)), ("", Some(ExtraComma))]),
        ("[{}{}]", &[("{}", Some(NoArray)), ("", Some(MissingComma)), ("", Some(NoArray))]),
        ("[{\"data\":[1]}{\"data\":[2]}]", &[("1", None), ("", Some(MissingComma)), ("2", None)]),
    ];
    for (text, expected) in cases {
        let read = read_all_ways(text, &ReaderOptions { format: Format::Json, ..at("/data") });
        let found: Vec<_> = read.records.iter().map(|(text, _, _, fault)| (text.as_str(), *fault)).collect();
        assert_eq!(&found, expected, "{text}");
        assert!(read.errors.is_empty());
    }
    assert_eq!(NoArray.code(), "no-array");
}

#[test]
fn an_object_that_ends_nowhere_is_an_error_after_what_was_whole() {
    for (text, whole, what) in [
        ("{\"data\":[", 0, "an array"),
        ("{\"data\":[{\"a\":1},{\"b\"", 1, "a value"),
        ("{\"data\":[{\"a\":1}]", 1, "a value"),
        ("{\"data\":[{\"a\":1}]}\n{\"da", 1, "a value"),
        ("[{\"data\":[{\"a\":1}]}", 1, "an array"),
    ] {
        let read = read_all_ways(text, &at("/data"));
        assert_eq!(read.records.len(), whole, "{text}");
        assert_eq!(read.errors.iter().map(place).collect::<Vec<_>>(), [(text.len() as u64, what)], "{text}");
    }
}

#[test]
fn memory_is_bounded_by_one_element_whatever_stands_around_it() {
    let large = "x".repeat(3_000_000);
    let long = FramingFault::TooLong { bytes: 3_000_002, most: 1000 };
    let text = format!(
        "{{\"meta\":[\"{large}\"],\n\"data\":[1,\"{large}\",2],\"{large}\":0}}\n{{\"none\":\"{large}\"\n}}\n{{\"data\":[3]}}"
    );
    for block_bytes in [1024, 100_000] {
        let options = ReaderOptions { block_bytes, max_line_bytes: 1000, ..at("/data") };
        let read = read_bytes(text.as_bytes(), &options);
        let at_brace = text.rfind("\n}\n").expect("there") as u64 + 1;
        let expected: [Found; 5] = [
            ("1".to_owned(), 2, 3_000_022, None),
            (String::new(), 2, 3_000_024, Some(long)),
            ("2".to_owned(), 2, 6_000_027, None),
            (String::new(), 4, at_brace, Some(FramingFault::NoArray)),
            ("3".to_owned(), 5, at_brace + 11, None),
        ];
        assert_eq!(read.records, expected);
        assert!(read.errors.is_empty() && read.largest_buffer < 600_000, "{}", read.largest_buffer);
    }
}

proptest! {
    #[test]
    fn elements_are_those_of_the_array_that_was_written(
        pages in prop::collection::vec((prop::collection::vec("[a\"\\\\\\[\\]{},:]{0,12}", 0..5), any::<bool>()), 0..5),
        noise in "[a\"\\\\\\[\\]{},:]{0,12}", pretty in any::<bool>(), block_bytes in 1..60_usize,
    ) {
        let mut expected = Vec::new();
        let mut text = String::new();
        for (elements, has_array) in pages {
            let elements: Vec<Value> = elements.iter().map(|text| json!({"data": text, "r": [text]})).collect();
            let name = if has_array { "data" } else { "other" };
            let page = json!({
                noise.as_str(): {"data": [noise, {"r": {"data": [0]}}]},
                "r": {"d": "data", name: elements, "z": noise}, "data": [1]
            });
            text += &if pretty { serde_json::to_string_pretty(&page) } else { serde_json::to_string(&page) }.expect("JSON");
            text.push('\n');
            if has_array { expected.extend(elements) } else { expected.push(page) }
        }
        let options = ReaderOptions { block_bytes, format: Format::Json, ..at("/r/data") };
        let read = read_bytes(text.as_bytes(), &options);
        prop_assert!(read.errors.is_empty());
        let found: Vec<Value> = texts(&read).iter().map(|text| serde_json::from_str(text).expect("an element")).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn arrays_in_any_text_are_the_same_for_any_block_size(bytes in arbitrary_text(), max in 1..4000_usize) {
        let read = |block_bytes| {
            let options = ReaderOptions { block_bytes, max_line_bytes: max, format: Format::Json, ..at("/a") };
            let read = read_bytes(&bytes, &options);
            (read.records, read.errors.iter().map(place).collect::<Vec<_>>())
        };
        let whole = read(1 << 20);
        for block_bytes in [1, 100, 1500, 4096] {
            prop_assert_eq!(&read(block_bytes), &whole);
        }
    }
}
