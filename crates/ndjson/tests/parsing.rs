//! What the parser refuses, and where it says the fault is.

use ndjson::{Parser, PartError, SyntaxErrorKind, Tape};
use proptest::prelude::*;

fn refused(text: &[u8]) -> (&'static str, usize) {
    let error = Parser::new().parse(text, |_| ()).expect_err(&String::from_utf8_lossy(text));
    (error.kind.code(), error.offset)
}

#[test]
fn each_fault_has_its_own_code_and_place() {
    let cases: &[(&[u8], &str, usize)] = &[
        (b"{\"a\":\"\xff\"}", "invalid-utf8", 6),
        (b"\xc3\x28", "invalid-utf8", 0),
        (b"{} {}", "trailing-text", 3),
        (b"{},", "trailing-text", 2),
        (b"{\"a\":2}TRAILER", "trailing-text", 7),
        (b"[1]\x0c", "trailing-text", 3),
        (br#"["\ud800"]"#, "lone-surrogate", 2),
        (br#"["\ud800A"]"#, "lone-surrogate", 2),
        (br#"["\udc00"]"#, "lone-surrogate", 2),
        (b"[\"a\tb\"]", "control-character", 3),
        (b"[\"\x00\"]", "control-character", 2),
        (b"[\"a\nb\"]", "control-character", 3),
        (b"[007]", "leading-zero", 2),
        (b"[-01]", "leading-zero", 3),
        (b"[1.]", "invalid-number", 3),
        (b"[.5]", "invalid-number", 1),
        (b"[+1]", "invalid-number", 1),
        (b"[1e400]", "number-out-of-range", 5),
        (b"{\"a\":NaN}", "invalid-literal", 5),
        (b"[-Infinity]", "invalid-literal", 2),
        (b"[True]", "invalid-literal", 1),
        (b"[nil]", "invalid-literal", 2),
        (b"{\"a\":undefined}", "invalid-literal", 5),
        (b"{\"a\":1/*one*/}", "comment", 6),
        (b"{} // end", "comment", 3),
        (br#"["\x41"]"#, "invalid-escape", 3),
        (b"{\"a\":", "unexpected-end", 5),
        (b"{\"a\":\"b", "unexpected-end", 7),
        (b"", "unexpected-end", 0),
        (br#"{"a":1,"a":2}"#, "duplicate-key", 7),
        (br#"[{"b":{"a":1,"a":2}}]"#, "duplicate-key", 13),
        (b"[1 2]", "syntax", 3),
        (b"{\"a\" 1}", "syntax", 5),
        (b"{'a':1}", "syntax", 1),
        (b"[1,]", "syntax", 3),
    ];
    for (text, code, offset) in cases {
        assert_eq!(refused(text), (*code, *offset), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn nesting_of_128_is_read_and_129_is_refused() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert!(Parser::new().parse(&nested(128), |_| ()).is_ok());
    assert_eq!(refused(&nested(129)).0, "too-deep");
    assert_eq!(refused(&nested(100_000)).0, "too-deep");
}

#[test]
fn duplicate_names_are_found_in_small_and_large_objects_and_by_value_not_by_spelling() {
    let SyntaxErrorKind::DuplicateName(name) =
        Parser::new().parse(br#"{"a\u0062":1,"ab":2}"#, |_| ()).expect_err("a duplicate").kind
    else {
        panic!("another fault")
    };
    assert_eq!(name, "ab");
    let mut members: Vec<String> = (0..1000).map(|n| format!("\"m{n}\":{n}")).collect();
    assert!(Parser::new().parse(format!("{{{}}}", members.join(",")).as_bytes(), |_| ()).is_ok());
    members.push("\"m500\":0".to_owned());
    assert_eq!(refused(format!("{{{}}}", members.join(",")).as_bytes()).0, "duplicate-key");
}

#[test]
fn a_fault_leaves_the_next_record_unharmed() {
    let mut parser = Parser::new();
    for fault in [&b"{\"a\":\"\xff\"}"[..], b"{\"a\":", b"[1]]", b"{\"a\":1,\"a\":2}", b"[\"\\ud800\"]"] {
        assert!(parser.parse(fault, |_| ()).is_err());
        let seen = parser
            .parse(br#"{"a":"b"}"#, |tape| tape.root().get("a").and_then(|a| a.as_str()).map(str::to_owned));
        assert_eq!(seen.expect("clean").as_deref(), Some("b"));
    }
}

fn to_value(value: ndjson::TapeValue<'_>) -> serde_json::Value {
    use serde_json::Value;
    if let Some(members) = value.members() {
        return Value::Object(members.map(|(name, value)| (name.to_owned(), to_value(value))).collect());
    }
    if let Some(elements) = value.elements() {
        return Value::Array(elements.map(to_value).collect());
    }
    match value.node() {
        ndjson::Node::String(text) => Value::from(*text),
        ndjson::Node::Static(ndjson::StaticNode::I64(number)) => Value::from(*number),
        ndjson::Node::Static(ndjson::StaticNode::U64(number)) => Value::from(*number),
        ndjson::Node::Static(ndjson::StaticNode::F64(number)) => Value::from(*number),
        ndjson::Node::Static(ndjson::StaticNode::Bool(truth)) => Value::from(*truth),
        _ => Value::Null,
    }
}

/// Checks that the number and container texts of every node are what serde_json makes of that part.
fn assert_places(tape: &Tape<'_>) {
    for index in 0..tape.nodes().len() as u32 {
        let value = tape.value(index);
        // Of a member's name it gives the text just the same.
        let part: serde_json::Value =
            serde_json::from_slice(tape.text_of(index)).expect("a part of JSON is JSON");
        assert_eq!(part, to_value(value));
        match value.node() {
            ndjson::Node::Static(number)
                if !matches!(number, ndjson::StaticNode::Bool(_) | ndjson::StaticNode::Null) =>
            {
                assert!(tape.number_text(index).parse::<f64>().is_ok(), "{}", tape.number_text(index));
            }
            _ => {}
        }
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        (-1.0e9..1.0e9).prop_map(serde_json::Value::from),
        ".{0,12}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn the_texts_of_a_large_record_are_found_as_those_of_a_small_one() {
    let element =
        |nth: usize| serde_json::json!({"id": nth, "x": [1.5, "a", null, {}], "of": nth.is_multiple_of(3)});
    for elements in [1, 25, 26, 27, 28, 29, 30, 300] {
        let value = serde_json::Value::from((0..elements).map(element).collect::<Vec<_>>());
        for text in [serde_json::to_string(&value), serde_json::to_string_pretty(&value)] {
            let text = text.expect("JSON");
            let checked = Parser::new().parse(text.as_bytes(), |tape| {
                assert_places(tape);
                // Beyond all values there is nothing.
                let beyond = tape.nodes().len() as u32;
                assert_eq!((tape.text_of(beyond), tape.offset_of(beyond)), (&b""[..], text.len()));
            });
            checked.expect("JSON");
        }
    }
}

proptest! {
    #[test]
    fn the_tape_holds_what_the_text_says(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.expect("JSON");
        Parser::new().parse(text.as_bytes(), |tape| {
            assert_eq!(to_value(tape.root()), value);
            assert_places(tape);
        }).expect("JSON");
    }

    #[test]
    fn any_bytes_get_the_verdict_of_serde_json_and_a_place_inside_the_text(
        text in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "[\\[\\]{}:,\"0-9a-eEtrufalsn.+\\- \\\\/]{0,24}".prop_map(String::into_bytes),
        ]
    ) {
        let ours = Parser::new().parse(&text, |_| ());
        let theirs = serde_json::from_slice::<serde_json::Value>(&text);
        match ours {
            Ok(()) => prop_assert!(theirs.is_ok(), "accepted what serde_json refuses: {:?}", String::from_utf8_lossy(&text)),
            Err(error) => {
                prop_assert!(error.offset <= text.len());
                if !matches!(error.kind, SyntaxErrorKind::DuplicateName(_) | SyntaxErrorKind::TooDeep) {
                    prop_assert!(theirs.is_err(), "refused what serde_json accepts: {:?}", String::from_utf8_lossy(&text));
                }
            }
        }
    }

    #[test]
    fn removing_values_leaves_the_rest_and_remembers_where_it_was(value in json(), seed in any::<u64>()) {
        let text = serde_json::to_string(&value).expect("JSON");
        Parser::new().parse(text.as_bytes(), |tape| {
            let mut names = vec![false; tape.nodes().len()];
            for index in 0..tape.nodes().len() as u32 {
                for (_, member) in tape.value(index).members().into_iter().flatten() {
                    names[member.index() as usize - 1] = true;
                }
            }
            let removed: Vec<u32> = (1..tape.nodes().len() as u32)
                .filter(|index| !names[*index as usize] && (seed >> (index % 64)) & 1 == 1)
                .collect();
            let expected = without(tape.root(), &removed);
            let before: Vec<_> = tape.nodes().to_vec();
            tape.remove(&removed);
            assert_eq!(to_value(tape.root()), expected);
            for index in 0..tape.nodes().len() as u32 {
                let origin = tape.origin(index) as usize;
                assert_eq!(std::mem::discriminant(&before[origin]), std::mem::discriminant(tape.value(index).node()));
            }
        }).expect("JSON");
    }
}

/// A part alone has the tape of a record that is no more than that, or none.
#[test]
fn a_part_is_parsed_as_a_record_is() {
    let parts: &[&[u8]] = &[
        br#""""#,
        br#""a""#,
        "\"Zoë Müller\"".as_bytes(),
        br#""a\nb""#,
        br#""a\u0041""#,
        br#""a\""#,
        b"\"a\nb\"",
        b"\"a\x00\"",
        b"\"a\x7f\"",
        b"\"a\xff\"",
        br#""a"b""#,
        br#""a" "b""#,
        br#"""#,
        br#""a"#,
        b"",
        b"12",
        b"{\"a\":\"b\"}",
        b"{\"a\":1,\"a\":2}",
        b"tru",
    ];
    let told = |tape: &mut Tape<'_>| {
        let nodes = format!("{:?}", tape.root().node());
        (nodes, tape.text_of(0).to_vec(), tape.offset_of(0), to_value(tape.root()))
    };
    let mut parser = Parser::new();
    for part in parts {
        let alone = parser.parse_part(part, told);
        let is_broken = alone == Err(PartError::NotJson);
        let whole = parser.parse(part, told);
        assert_eq!(alone.is_ok(), whole.is_ok(), "{}", String::from_utf8_lossy(part));
        match (alone, whole) {
            (Ok(alone), Ok(whole)) => assert_eq!(alone, whole),
            (_, Err(error)) => assert_eq!(is_broken, error.kind.code() != "duplicate-key", "{error}"),
            _ => {}
        }
    }
}

fn without(value: ndjson::TapeValue<'_>, removed: &[u32]) -> serde_json::Value {
    use serde_json::Value;
    if let Some(members) = value.members() {
        return Value::Object(
            members
                .filter(|(_, value)| !removed.contains(&value.index()))
                .map(|(name, value)| (name.to_owned(), without(value, removed)))
                .collect(),
        );
    }
    if let Some(elements) = value.elements() {
        return Value::Array(
            elements
                .filter(|value| !removed.contains(&value.index()))
                .map(|value| without(value, removed))
                .collect(),
        );
    }
    to_value(value)
}
