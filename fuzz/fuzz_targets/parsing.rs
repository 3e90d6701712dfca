//! The parser takes what serde_json takes and reads the same out of it. It is stricter in two points alone: names that
//! stand twice in an object, and the exact depth at which both give up.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ndjson::{Node, Parser, StaticNode, SyntaxErrorKind, TapeValue};
use serde_json::{Number, Value};

fuzz_target!(|text: &[u8]| {
    let by_serde = serde_json::from_slice::<Value>(text);
    let by_us = Parser::new().parse(text, |tape| to_value(tape.root()));
    match (by_us, by_serde) {
        (Ok(ours), Ok(theirs)) => assert_eq!(with_plain_zeros(ours), with_plain_zeros(theirs)),
        (Err(ours), Ok(theirs)) => assert!(
            matches!(ours.kind, SyntaxErrorKind::DuplicateName(_) | SyntaxErrorKind::TooDeep),
            "refused alone ({ours}): {theirs}"
        ),
        (Ok(ours), Err(theirs)) => {
            // serde_json keeps this kind of error to itself.
            assert!(
                theirs.to_string().starts_with("recursion limit exceeded"),
                "taken alone ({theirs}): {ours}"
            );
        }
        (Err(ours), Err(_)) => assert!(ours.offset <= text.len(), "{ours}"),
    }
});

/// With 0 for every zero: -0 is a float to serde_json and an integer to simd_json. It is written by its text anyway.
fn with_plain_zeros(value: Value) -> Value {
    match value {
        Value::Number(number) if number.as_f64() == Some(0.0) => Value::from(0),
        Value::Array(elements) => elements.into_iter().map(with_plain_zeros).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, with_plain_zeros(value))).collect()
        }
        other => other,
    }
}

fn to_value(value: TapeValue<'_>) -> Value {
    if let Some(members) = value.members() {
        return Value::Object(members.map(|(name, value)| (name.to_owned(), to_value(value))).collect());
    }
    if let Some(elements) = value.elements() {
        return Value::Array(elements.map(to_value).collect());
    }
    match *value.node() {
        Node::String(text) => Value::from(text),
        Node::Static(StaticNode::Null) => Value::Null,
        Node::Static(StaticNode::Bool(truth)) => Value::Bool(truth),
        Node::Static(StaticNode::I64(number)) => Value::from(number),
        Node::Static(StaticNode::U64(number)) => Value::from(number),
        Node::Static(StaticNode::F64(number)) => {
            Value::Number(Number::from_f64(number).expect("JSON has no number that is not finite"))
        }
        Node::Object { .. } | Node::Array { .. } => unreachable!("taken apart above"),
    }
}
