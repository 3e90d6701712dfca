//! Elements of an array, and values that follow each other.

use ndjson::{Format, FramingFault, Input, InputError, ReaderOptions};
use proptest::prelude::*;

use crate::{arbitrary_text, file_of, options, read_bytes, read_inputs, texts};

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
fn values_that_follow_each_other_are_found_with_their_lines_however_they_are_written() {
    let values: Vec<serde_json::Value> = (0..50)
        .map(|n| serde_json::json!({"n": n, "t": "} ] \" \\ { [", "list": [[], {}, [n]], "empty": ""}))
        .collect();
    let pretty: fn(&serde_json::Value) -> String = |value| serde_json::to_string_pretty(value).expect("JSON");
    let compact: fn(&serde_json::Value) -> String = |value| value.to_string();
    let lines_of_one = pretty(&values[0]).lines().count() as u64;
    let each = |join: &str, write: fn(&serde_json::Value) -> String| {
        values.iter().map(write).collect::<Vec<_>>().join(join)
    };
    let cases = [
        (each("\n", pretty), 1, lines_of_one),
        (each("\r\n\r\n", pretty), 1, lines_of_one + 1),
        (each("", compact), 1, 0),
        (format!("[\n{}\n]\n", each(",\n", compact)), 2, 1),
        (format!("\u{FEFF}[{}]", each(",", compact)), 1, 0),
    ];
    for (text, first_line, step) in cases {
        for block_bytes in [1024, 1 << 20] {
            let read = read_bytes(text.as_bytes(), &ReaderOptions { block_bytes, ..options(Format::Json) });
            assert!(read.errors.is_empty(), "{:?}", read.errors);
            assert_eq!(read.records.len(), values.len());
            for (nth, (found, line, offset, fault)) in read.records.iter().enumerate() {
                assert_eq!(serde_json::from_str::<serde_json::Value>(found).expect("whole"), values[nth]);
                assert_eq!(*line, first_line + step * nth as u64);
                assert!(
                    text.as_bytes()[usize::try_from(*offset).expect("small")..].starts_with(found.as_bytes())
                );
                assert_eq!(*fault, None);
            }
        }
    }
}

#[test]
fn a_value_too_long_has_its_place_and_length_and_is_not_held() {
    let long = format!("{{\"a\":\n\"{}\"}}", "x".repeat(3_000_000));
    for (before, after, line, offset) in [
        ("", "", 1, 0),
        ("[", "]", 1, 1),
        ("\u{FEFF}", "\n", 1, 3),
        ("\u{FEFF} [\n\n ", " , 2]", 3, 8),
        ("[1,\n  ", ",2]", 2, 6),
        ("1\n", "2", 2, 2),
    ] {
        let file = file_of(format!("{before}{long}{after}").as_bytes());
        let options = ReaderOptions { block_bytes: 1024, max_line_bytes: 1000, ..options(Format::Json) };
        let read = read_inputs(vec![Input::File(file.path().to_owned())], &options);
        let too_long = FramingFault::TooLong { bytes: long.len() as u64, most: 1000 };
        let at = usize::from(before.contains('1'));
        assert_eq!(read.records[at], (String::new(), line, offset, Some(too_long)), "{before:?}");
        let last = read.records.last().expect("one at least");
        assert_eq!(last.0, if after.contains('2') { "2" } else { "" });
        assert_eq!(last.1, if after.contains('2') { line + 1 } else { line }, "{before:?}");
        assert!(read.errors.is_empty());
        assert!(read.largest_buffer < 400_000, "{before:?}: {}", read.largest_buffer);
    }
}

#[test]
fn a_word_too_long_at_the_end_is_a_record_whatever_its_length() {
    for bytes in [1001, 1003, 5000, 200_000] {
        let options = ReaderOptions { block_bytes: 1024, max_line_bytes: 1000, ..options(Format::Json) };
        let read = read_bytes("7".repeat(bytes).as_bytes(), &options);
        let too_long = FramingFault::TooLong { bytes: bytes as u64, most: 1000 };
        assert_eq!(read.records, [(String::new(), 1, 0, Some(too_long))]);
        assert!(read.errors.is_empty());
    }
}

/// What an error says of the place.
fn place(error: &InputError) -> (u64, &'static str) {
    match error {
        InputError::Truncated { offset, what, .. } => (*offset, what),
        other => panic!("a file that is there, and not compressed: {other}"),
    }
}

proptest! {
    #[test]
    fn values_are_the_same_for_any_block_size(bytes in arbitrary_text(), max in 1000..4000_usize) {
        for format in [Format::Json, Format::Auto] {
            let read = |block_bytes| {
                let options = ReaderOptions { block_bytes, max_line_bytes: max, ..options(format) };
                let read = read_bytes(&bytes, &options);
                (read.records, read.blank_lines, read.errors.iter().map(place).collect::<Vec<_>>())
            };
            let whole = read(1 << 20);
            for block_bytes in [1024, 1500, 4096] {
                prop_assert_eq!(&read(block_bytes), &whole);
            }
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
