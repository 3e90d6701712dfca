//! The tape as a representation for the validator: it must not matter that no `serde_json` value is ever built.

use contact::{Formats, Schema, TapeJson, TapeNode};
use jsonschema::Validator;
use jsonschema::json::{Json, conformance};
use ndjson::{Parser, TapeValue};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_tape_keeps_the_contract_of_the_validator() {
    let text = conformance::document().to_string();
    let parsed = Parser::new().parse(text.as_bytes(), |tape| {
        conformance::assert_conformance::<TapeJson>(&TapeNode(tape.root()));
    });
    parsed.expect("the document is JSON");
}

#[test]
fn a_name_is_validated_like_any_other_text() {
    TapeJson::with_string_node(&mut (), "name", |node| assert_eq!(node.0.as_str(), Some("name")));
}

/// Nested references, conditions, alternatives, what is left unevaluated, and every kind of bound.
fn demanding_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {
            "name": {"type": "string", "minLength": 1, "maxLength": 4, "pattern": "^[a-c]*$"},
            "node": {
                "type": "object",
                "properties": {"name": {"$ref": "#/$defs/name"}, "next": {"$ref": "#/$defs/node"}},
                "required": ["name"]
            },
            "count": {"type": "integer", "minimum": -2, "exclusiveMaximum": 5, "multipleOf": 2}
        },
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/node"},
            "b": {"oneOf": [{"$ref": "#/$defs/count"}, {"type": "number", "minimum": 4}, {"type": "string"}]},
            "c": {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                  "uniqueItems": true, "contains": {"type": "object"}, "maxContains": 2},
            "kind": {"enum": ["x", "y", 1, null, {"deep": [1]}]}
        },
        "allOf": [{
            "if": {"properties": {"kind": {"const": "x"}}, "required": ["kind"]},
            "then": {"required": ["a"], "properties": {"d": {"type": "boolean"}}},
            "else": {"properties": {"e": {"not": {"type": "string"}}}}
        }],
        "propertyNames": {"maxLength": 4},
        "dependentRequired": {"b": ["kind"]},
        "minProperties": 1,
        "unevaluatedProperties": false
    })
}

fn instance() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-4_i64..8).prop_map(Value::from),
        prop_oneof![Just(2.0), Just(4.5), Just(1e20), Just(-0.5)].prop_map(Value::from),
        prop_oneof![Just("x"), Just("y"), Just("abc"), Just(""), Just("abcde"), Just("ї"), Just("a\"\\\n")]
            .prop_map(Value::from),
    ];
    let values = leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            members(inner).prop_map(Value::Object),
        ]
    });
    members(values).prop_map(Value::Object)
}

fn members(values: impl Strategy<Value = Value>) -> impl Strategy<Value = serde_json::Map<String, Value>> {
    let name = prop_oneof![
        Just("a"),
        Just("b"),
        Just("c"),
        Just("d"),
        Just("e"),
        Just("kind"),
        Just("name"),
        Just("next"),
        Just("other"),
        Just("a/b~c"),
    ];
    prop::collection::btree_map(name.prop_map(str::to_owned), values, 0..6)
        .prop_map(|members| members.into_iter().collect())
}

/// What a validator finds: where, by which keyword, and by which rule of the schema.
type Found = Vec<(String, String, String)>;

fn sorted<'e>(errors: impl Iterator<Item = jsonschema::ValidationError<'e>>) -> Found {
    let mut found: Found = errors
        .map(|error| {
            let keyword = error.kind().keyword().to_owned();
            (error.instance_path().to_string(), keyword, error.schema_path().to_string())
        })
        .collect();
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn verdicts_and_places_are_those_of_a_value_in_memory(value in instance()) {
        thread_local! {
            static VALIDATORS: (Validator, Validator<TapeJson>) = (
                jsonschema::options().build(&demanding_schema()).expect("the schema is sound"),
                jsonschema::options_for::<TapeJson>().build(&demanding_schema()).expect("the schema is sound"),
            );
        }
        VALIDATORS.with(|(in_memory, on_tape)| {
            let expected = sorted(in_memory.iter_errors(&value));
            let found = Parser::new().parse(value.to_string().as_bytes(), |tape| {
                let root: TapeValue<'_> = tape.root();
                assert_eq!(on_tape.is_valid(TapeNode(root)), expected.is_empty());
                sorted(on_tape.iter_errors(TapeNode(root)))
            });
            prop_assert_eq!(found.expect("JSON"), expected);
            Ok(())
        })?;
    }
}

#[test]
fn every_draft_from_4_to_2020_12_has_its_own_meaning() {
    let check = |schema: &Value, text: &str| {
        let schema =
            Schema::compile(schema.clone(), Vec::new(), Formats::AsDialect).expect("the schema is sound");
        Parser::new().parse(text.as_bytes(), |tape| schema.check(tape)).expect("JSON").len()
    };
    let draft4 =
        json!({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": true});
    assert_eq!((check(&draft4, "1"), check(&draft4, "1.5")), (1, 0));
    let draft4 = json!({"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"});
    assert_eq!(check(&draft4, "1.0"), 1);
    for draft in ["draft-06", "draft-07"] {
        let schema = json!({"$schema": format!("http://json-schema.org/{draft}/schema#"), "items": [{"type": "null"}]});
        assert_eq!((check(&schema, "[1]"), check(&schema, "[null, 1]")), (1, 0));
    }
    let schema = json!({"$schema": "https://json-schema.org/draft/2019-09/schema", "type": "integer"});
    assert_eq!(check(&schema, "1.0"), 0);
    let schema =
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{"type": "null"}]});
    assert_eq!((check(&schema, "[1]"), check(&schema, "[null, 1]")), (1, 0));
}

#[test]
fn formats_assert_only_where_the_dialect_or_the_user_says_so() {
    let schema = json!({"format": "email"});
    for (formats, violations) in [(Formats::AsDialect, 0), (Formats::Assert, 1)] {
        let schema = Schema::compile(schema.clone(), Vec::new(), formats).expect("the schema is sound");
        let found = Parser::new().parse(b"\"nobody\"", |tape| schema.check(tape)).expect("JSON");
        assert_eq!(found.len(), violations);
    }
}

#[test]
fn a_schema_that_cannot_be_used_says_where_and_what() {
    let refused = |schema: Value| {
        Schema::compile(schema, Vec::new(), Formats::AsDialect).expect_err("it is broken").to_string()
    };
    for (schema, said) in [
        (json!({"properties": {"a": {"minLength": "x"}}}), "/properties/a/minLength"),
        (json!({"properties": {"a": {"pattern": "("}}}), "/properties/a/pattern"),
        (json!({"properties": {"a": {"pattern": "(?=a)"}}}), "/properties/a/pattern"),
        (
            json!({"$ref": "https://example.com/other.json"}),
            "--schema-resource https://example.com/other.json=FILE",
        ),
        (json!({"$ref": "#/$defs/nothing"}), "nothing"),
        (json!({"properties": {"a": {"x-normalize": ["trimm"]}}}), "did you mean \"trim\"?"),
        (json!({"properties": {"a": {"x-normalize": "trim"}}}), "/properties/a/x-normalize"),
        (json!({"x-max-per-type": 2}), "/x-max-per-type"),
        (json!({"x-unique-by": "id"}), "/x-unique-by"),
    ] {
        let error = refused(schema);
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn documents_that_were_given_are_found_by_their_uri() {
    let schema = json!({"$ref": "https://example.com/other.json#/$defs/one"});
    let other = json!({"$defs": {"one": {"const": 1}}});
    let schema = Schema::compile(
        schema,
        vec![("https://example.com/other.json".to_owned(), other)],
        Formats::AsDialect,
    )
    .expect("the document was given");
    let found =
        |text: &str| Parser::new().parse(text.as_bytes(), |tape| schema.check(tape)).expect("JSON").len();
    assert_eq!((found("1"), found("2")), (0, 1));
}

#[test]
fn a_schema_that_refers_to_itself_in_many_places_is_compiled_at_once() {
    let own = json!({"$ref": "#"});
    let node = json!({"$ref": "#/$defs/node"});
    let schema = json!({
        "properties": {"a": own, "b": own, "c": node, "d": node},
        "$defs": {"node": {"properties": {"a": node, "b": own, "c": node}}}
    });
    Schema::compile(schema, Vec::new(), Formats::AsDialect).expect("the schema is sound");
}
