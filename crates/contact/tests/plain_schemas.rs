//! Programs of any schema: what one of them takes, the validator finds valid.
//!
//! Schemas and instances are drawn from few names and values, so that they meet often.

use std::cell::RefCell;

use contact::{Formats, LineEnds, PLAIN_MARGIN_BYTES, Schema, Scratch};
use ndjson::Parser;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

/// Whether the record, alone in its memory, is taken whole.
fn is_taken(schema: &Schema, record: &str, scratch: &mut Scratch) -> bool {
    let mut bytes = record.as_bytes().to_vec();
    bytes.resize(record.len() + PLAIN_MARGIN_BYTES, b' ');
    schema.take_plain(&bytes, 0, LineEnds::AreSpace, scratch) == Some(record.len())
}

fn is_valid(schema: &Schema, record: &str) -> bool {
    Parser::new().parse(record.as_bytes(), |tape| schema.check(tape).is_empty()).unwrap_or(false)
}

const NAMES: [&str; 5] =
    ["a", "b", "kind", "a name of more than thirty-two bytes, so longer than two lanes", "ї"];

const TEXTS: [&str; 19] = [
    "x",
    "y",
    "",
    "abc",
    "abcde",
    "ї",
    "їжак",
    "a b",
    " a",
    "😀",
    "2024-02-30",
    "a@example.com",
    "a\"\\\n",
    "7",
    "-3",
    "7.50",
    "8",
    "1e0",
    "83b77a49-fc28-409b-aeaa-68c9d544ab9d",
];

const NUMBERS: [&str; 16] = [
    "0",
    "-0",
    "1",
    "2",
    "7",
    "-3",
    "5",
    "1.0",
    "1.5",
    "-0.5",
    "1e2",
    "7.0",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "123456789012345678",
];

fn text() -> impl Strategy<Value = Value> {
    prop::sample::select(&TEXTS[..]).prop_map(Value::from)
}

fn number() -> impl Strategy<Value = Value> {
    prop::sample::select(&NUMBERS[..]).prop_map(|digits| serde_json::from_str(digits).expect("a number"))
}

/// One keyword, or a few that belong together.
fn keywords(inner: impl Strategy<Value = Value> + Clone + 'static) -> BoxedStrategy<Value> {
    let one = |name: &'static str| move |value: Value| json!({ name: value });
    let name = prop::sample::select(&NAMES[..]);
    let names = prop::collection::vec(name.clone(), 0..3);
    let small = 0..4_u32;
    let types = ["string", "integer", "number", "object", "array", "boolean", "null"];
    let texts = prop_oneof![
        prop::sample::select(vec![
            "^[a-c]*$",
            "x",
            "^\\S+$",
            "\\bx",
            "^.{1,3}$",
            "(",
            "^(?:a|ї)",
            "[^\\u0400-\\u04FF]",
            "^$",
            "\\d",
        ])
        .prop_map(Value::from)
        .prop_map(one("pattern")),
        prop::sample::select(vec!["email", "uuid", "date", "time-zone", "ipv4", "no such format"])
            .prop_map(Value::from)
            .prop_map(one("format")),
        small.clone().prop_map(Value::from).prop_map(one("minLength")),
        (0..6_u32).prop_map(Value::from).prop_map(one("maxLength")),
        text().prop_map(one("const")),
        number().prop_map(one("const")),
        prop::collection::vec(prop_oneof![text(), number(), Just(Value::Null)], 1..4)
            .prop_map(Value::from)
            .prop_map(one("enum")),
        prop::sample::select(vec!["trim", "nfc", "scalar-text", "integer-text", "empty-to-absent", "email"])
            .prop_map(|name| json!({ "x-normalize": [name] })),
        prop::sample::select(vec![
            json!({}),
            json!({ "integer": true }),
            json!({ "minimum": "-3", "maximum": "7.5" }),
            json!({ "minimum": "1", "integer": true }),
        ])
        .prop_map(one("x-number-text")),
    ];
    let numbers =
        (prop::sample::select(vec!["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), number())
            .prop_map(|(keyword, bound)| json!({ keyword: bound }));
    let condition = (
        name.clone(),
        prop_oneof![
            text().prop_map(|value| json!({ "const": value })),
            number().prop_map(|value| json!({ "const": value })),
            prop::collection::vec(text(), 1..3).prop_map(|values| json!({ "enum": values })),
        ],
        inner.clone(),
        inner.clone(),
    )
        .prop_map(|(name, rule, then, other)| {
            json!({ "if": { "properties": { name: rule }, "required": [name] }, "then": then, "else": other })
        });
    let properties = prop::collection::vec((name.clone(), inner.clone()), 0..4).prop_map(|members| {
        let members: Map<String, Value> =
            members.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
        json!({ "properties": members })
    });
    prop_oneof![
        3 => prop::sample::subsequence(types.to_vec(), 1..4).prop_map(|types| json!({ "type": types })),
        4 => texts,
        2 => numbers,
        4 => properties,
        2 => names.clone().prop_map(|names| {
            let mut names = names;
            names.dedup();
            json!({ "required": names })
        }),
        1 => inner.clone().prop_map(one("additionalProperties")),
        1 => inner.clone().prop_map(one("items")),
        1 => (small.clone(), prop::sample::select(vec!["minItems", "maxItems", "minProperties", "maxProperties"]))
            .prop_map(|(count, keyword)| json!({ keyword: count })),
        1 => any::<bool>().prop_map(Value::from).prop_map(one("uniqueItems")),
        2 => condition,
        1 => prop::collection::vec(inner.clone(), 1..3).prop_map(Value::from).prop_map(one("allOf")),
        // In its own place a schema that refers to itself has no meaning: only members and elements do.
        2 => prop::sample::select(vec![
            json!({"$ref": "#/$defs/one"}),
            json!({"$ref": "https://example.com/other.json#/$defs/two"}),
            json!({"properties": {"a": {"$ref": "#"}}}),
            json!({"items": {"$ref": "#"}}),
            json!({"additionalProperties": {"$ref": "#"}}),
        ]),
        // What the program does not know, and has to leave alone.
        1 => prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Value::from).prop_map(one("anyOf")),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Value::from).prop_map(one("oneOf")),
            inner.clone().prop_map(one("not")),
            inner.clone().prop_map(one("contains")),
            inner.clone().prop_map(one("propertyNames")),
            inner.clone().prop_map(one("unevaluatedProperties")),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Value::from).prop_map(one("prefixItems")),
            inner.prop_map(|schema| json!({ "patternProperties": { "^a": schema } })),
            (name, names).prop_map(|(name, names)| json!({ "dependentRequired": { name: names } })),
            Just(json!({ "multipleOf": 2 })),
            Just(json!({ "x-written-as-integer": true })),
        ],
    ]
    .boxed()
}

fn merged(parts: Vec<Value>) -> Value {
    let members = parts.into_iter().filter_map(|part| match part {
        Value::Object(members) => Some(members),
        _ => None,
    });
    Value::Object(members.flatten().collect())
}

fn subschema() -> impl Strategy<Value = Value> + Clone {
    let leaf = prop_oneof![
        4 => Just(json!({})),
        1 => any::<bool>().prop_map(Value::from),
        4 => Just(json!({ "type": "string" })),
        2 => Just(json!({ "type": "integer" })),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop::collection::vec(keywords(inner.boxed()), 1..4).prop_map(merged)
    })
}

/// A whole schema, with a part that is referred to.
fn schema() -> impl Strategy<Value = Value> {
    let referred = prop::sample::select(vec![
        json!({ "type": ["string", "object"] }),
        json!({ "properties": { "a": { "$ref": "#" }, "b": { "type": "string" } } }),
        json!({ "minimum": 2, "maxLength": 3, "required": ["kind"] }),
        json!(false),
    ]);
    (prop::collection::vec(keywords(subschema().boxed()), 1..6), referred).prop_map(|(parts, one)| {
        let mut schema = merged(parts);
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
        schema["$defs"] = json!({ "one": one });
        schema
    })
}

/// The text of an instance: sometimes with space, escapes, names that stand twice, or broken.
fn instance() -> impl Strategy<Value = String> {
    let written = |text: &str, form: u8| match form {
        0 => {
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            format!("\"{escaped}\"")
        }
        _ => Value::from(text).to_string(),
    };
    let leaf = prop_oneof![
        4 => (prop::sample::select(&TEXTS[..]), 0..6_u8).prop_map(move |(text, form)| written(text, form)),
        3 => prop::sample::select(&NUMBERS[..]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["true", "false", "null"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["\"\u{1}\"", "\"\\ud83d\"", "\"\u{7f}\"", "01", "1.", "nul", "\"\\/\"", "-"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let comma = prop_oneof![8 => Just(","), 1 => Just(" , "), 1 => Just("\n,")];
        let colon = prop_oneof![8 => Just(":"), 1 => Just(": "), 1 => Just(" :")];
        prop_oneof![
            1 => (prop::collection::vec(inner.clone(), 0..4), comma.clone())
                .prop_map(|(elements, comma)| format!("[{}]", elements.join(comma))),
            3 => (members(inner), comma, colon).prop_map(move |(members, comma, colon)| {
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(name, form, value)| format!("{}{colon}{value}", written(name, form)))
                    .collect();
                format!("{{{}}}", members.join(comma))
            }),
        ]
    })
}

fn members(
    values: impl Strategy<Value = String> + Clone + 'static,
) -> impl Strategy<Value = Vec<(&'static str, u8, String)>> {
    let member = |name: &'static str| (Just(name), 0..30_u8, values.clone());
    let all = NAMES.map(member).to_vec();
    // Mostly each name once, in any order.
    (prop::sample::subsequence(all, 0..=NAMES.len()).prop_shuffle(), any::<bool>()).prop_flat_map(
        |(members, twice)| {
            let mut members = members;
            if twice && members.len() == 2 {
                members.push(members[0].clone());
            }
            members
        },
    )
}

thread_local! {
    /// One memory for all schemas: what it remembers of one must not serve another.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn what_a_program_takes_is_valid(schema in schema(), records in prop::collection::vec(instance(), 24)) {
        let other = json!({ "$defs": { "two": { "type": ["string", "object"], "maxLength": 3 } } });
        let resources = vec![("https://example.com/other.json".to_owned(), other)];
        let Ok(compiled) = Schema::compile(schema.clone(), resources, Formats::Assert) else { return Ok(()) };
        SCRATCH.with_borrow_mut(|scratch| {
            for record in &records {
                // Twice, for what it remembers of the first time.
                for _ in 0..2 {
                    if is_taken(&compiled, record, scratch) {
                        prop_assert!(is_valid(&compiled, record), "{} by {}", record, schema);
                    }
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn of_what_is_valid_by_any_schema_much_is_taken() {
    let mut runner = TestRunner::deterministic();
    let mut scratch = Scratch::default();
    let (mut taken, mut valid) = (0, 0);
    for _ in 0..200 {
        let schema = schema().new_tree(&mut runner).expect("a schema").current();
        let Ok(schema) = Schema::compile(schema, Vec::new(), Formats::Assert) else { continue };
        for _ in 0..24 {
            let record = instance().new_tree(&mut runner).expect("an instance").current();
            valid += u32::from(is_valid(&schema, &record));
            taken += u32::from(is_taken(&schema, &record, &mut scratch));
        }
    }
    assert!(taken > 150 && taken > valid / 6, "{taken} of {valid}");
}

#[test]
fn of_plain_schemas_valid_records_are_taken() {
    let supported = json!({
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": { "enum": ["x", "y", "abc"] },
            "a": { "type": ["string", "integer"], "minimum": -5, "maxLength": 4 },
            "b": { "type": "array", "items": { "$ref": "#" }, "maxItems": 2 }
        },
        "additionalProperties": { "type": ["number", "null", "string"] },
        "if": { "properties": { "kind": { "const": "x" } }, "required": ["kind"] },
        "then": { "required": ["a"] },
        "else": { "properties": { "a": { "type": "string", "pattern": "^[a-zї-]*$" } } }
    });
    let schema = Schema::compile(supported, Vec::new(), Formats::Assert).expect("it is sound");
    let mut scratch = Scratch::default();
    for (record, taken) in [
        (r#"{"kind":"x","a":7}"#, true),
        (r#"{"a":"їжак","kind":"x"}"#, true),
        (r#"{"a":"їжак","kind":"y"}"#, false),
        (r#"{"a":"ї-ї","kind":"y","ї":null,"other":1.5}"#, true),
        (r#"{"kind":"x"}"#, false),
        (r#"{"kind":"y"}"#, true),
        (r#"{"kind":"y","b":[{"kind":"x","a":"a"},{"kind":"abc","b":[]}]}"#, true),
        (r#"{"kind":"y","b":[{"kind":"x","a":"a"},{"kind":"abc","b":[7]}]}"#, false),
        (r#"{"kind":"y","other":1,"other":2}"#, false),
        (r#"{"kind":"z"}"#, false),
        (r#"{"kind":"x","a":-6}"#, false),
        (r#"[]"#, false),
    ] {
        assert_eq!(is_taken(&schema, record, &mut scratch), taken, "{record}");
        assert_eq!(is_valid(&schema, record), taken, "{record}");
    }
}

#[test]
fn a_schema_of_another_draft_or_with_bases_inside_is_left_to_the_validator() {
    let mut scratch = Scratch::default();
    for (schema, taken) in [
        (json!({ "type": "string" }), true),
        (json!({ "$schema": "https://json-schema.org/draft/2019-09/schema", "type": "string" }), true),
        (json!({ "$schema": "http://json-schema.org/draft-07/schema#", "type": "string" }), false),
        (json!({ "type": "string", "$defs": { "a": { "$id": "https://example.com/a" } } }), false),
        (json!({ "type": "string", "contentEncoding": "base64" }), false),
        (json!({ "allOf": [{ "anyOf": [{ "type": "string" }] }] }), false),
    ] {
        let compiled = Schema::compile(schema.clone(), Vec::new(), Formats::Assert).expect("it is sound");
        assert!(is_valid(&compiled, "\"abc\""), "{schema}");
        assert_eq!(is_taken(&compiled, "\"abc\"", &mut scratch), taken, "{schema}");
    }
}

#[test]
fn conditions_on_a_value_apply_to_what_is_no_object_too() {
    let mut scratch = Scratch::default();
    let schema = json!({
        "if": { "properties": { "kind": { "const": 1 } }, "required": ["kind"] }, "then": false, "else": true
    });
    let compiled = Schema::compile(schema, Vec::new(), Formats::Assert).expect("it is sound");
    for (record, valid) in [
        ("7", false),
        ("{}", true),
        (r#"{"kind":1}"#, false),
        (r#"{"kind":1.0}"#, false),
        (r#"{"kind":"1"}"#, true),
    ] {
        assert_eq!(is_valid(&compiled, record), valid, "{record}");
        assert!(!is_taken(&compiled, record, &mut scratch) || valid, "{record}");
    }
}

#[test]
fn a_number_that_is_written_as_a_text_is_taken_between_its_bounds_alone() {
    let mut scratch = Scratch::default();
    let schema = json!({ "x-number-text": { "minimum": "-1", "maximum": "10", "integer": true } });
    let compiled = Schema::compile(schema, Vec::new(), Formats::Assert).expect("it is sound");
    for (record, valid) in [
        (r#""10""#, true),
        (r#""-1""#, true),
        (r#""\u0031\u0030""#, true),
        (r#""11""#, false),
        (r#""\u0031\u0031""#, false),
        (r#""5.0""#, false),
        (r#""x""#, false),
        (r#""""#, false),
        // It says nothing about other values.
        ("11", true),
        (r#"["x"]"#, true),
    ] {
        // Twice, for what it remembers of the first time.
        for _ in 0..2 {
            assert_eq!(is_valid(&compiled, record), valid, "{record}");
            assert_eq!(is_taken(&compiled, record, &mut scratch), valid, "{record}");
        }
    }
}

#[test]
fn a_broken_number_text_is_an_error_with_its_place() {
    let schema = json!({ "properties": { "a/b": { "x-number-text": { "minimum": 5 } } } });
    let error = Schema::compile(schema, Vec::new(), Formats::Assert).expect_err("a bound is a text");
    assert_eq!(
        error.to_string(),
        "the annotation at /properties/a~1b/x-number-text is broken: minimum must be a number written as a text, \
         such as \"-2.5\""
    );
}

#[test]
fn a_control_character_that_a_condition_asks_for_is_not_taken_raw() {
    let mut scratch = Scratch::default();
    let schema = json!({
        "properties": { "kind": { "type": "string" } },
        "if": { "properties": { "kind": { "const": "a\nb" } }, "required": ["kind"] }, "then": {}
    });
    let compiled = Schema::compile(schema, Vec::new(), Formats::Assert).expect("it is sound");
    for (record, valid) in
        [("{\"kind\":\"a\nb\"}", false), (r#"{"kind":"a\nb"}"#, true), (r#"{"kind":"ab"}"#, true)]
    {
        assert_eq!(is_valid(&compiled, record), valid, "{record}");
        assert!(!is_taken(&compiled, record, &mut scratch) || valid, "{record}");
    }
    assert!(is_taken(&compiled, r#"{"kind":"ab"}"#, &mut scratch));
}
