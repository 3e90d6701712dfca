//! The public schemas: each rule accepts what it should and refuses what it should not, where it should.

mod contacts;
mod files;

use std::collections::BTreeSet;

use contact::{FORMATS, Normaliser};
use jsonschema::{Draft, PatternOptions, Registry, Validator};
use serde_json::{Map, Value, json};

const CONTACT: &str = include_str!("../../../../schemas/contact.schema.json");
const REQUEST: &str = include_str!("../../../../schemas/request.schema.json");
const REJECT: &str = include_str!("../../../../schemas/reject.schema.json");
const MANIFEST: &str = include_str!("../../../../schemas/manifest.schema.json");

/// The codes that the schemas may name.
const CODES: &[&str] = &[
    "bad-app-id",
    "bad-custom-field",
    "bad-email",
    "bad-external-id",
    "bad-id",
    "bad-language",
    "bad-name",
    "bad-phone",
    "bad-time-zone",
    "duplicate-channel",
    "duplicate-field",
    "misplaced-member",
    "no-channel",
];

/// The words that say where a rule is known from.
const SOURCES: &[&str] = &["Documented", "Seen in clients", "Inferred", "Assumption", "Not known"];

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Compiles a schema that may refer to any of the public ones.
fn compile(schema: &Value) -> Validator {
    let registry = [CONTACT, REQUEST, REJECT, MANIFEST].map(parse).into_iter().try_fold(
        Registry::new(),
        |known, schema| {
            let id = schema["$id"].as_str().unwrap_or_default().to_owned();
            known.add(id, schema)
        },
    );
    let registry =
        registry.and_then(|known| known.prepare()).expect("the public schemas refer to each other alone");
    let mut options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .with_registry(&registry)
        .should_validate_formats(true);
    for (name, is_valid) in FORMATS {
        options = options.with_format(*name, *is_valid);
    }
    options.build(schema).expect("the schema compiles")
}

/// Pointer and keyword of each violation, sorted, and the rules of the schema that were broken.
fn violations(validator: &Validator, instance: &Value) -> (Vec<(String, String)>, BTreeSet<String>) {
    let mut found = Vec::new();
    let mut rules = BTreeSet::new();
    for error in validator.iter_errors(instance) {
        found.push((error.instance_path().to_string(), error.kind().keyword().to_owned()));
        rules.insert(error.absolute_keyword_location().expect("the schemas have an $id").to_string());
    }
    found.sort();
    assert_eq!(found.is_empty(), validator.is_valid(instance), "{instance}");
    (found, rules)
}

/// A table of one schema: what it accepts, and what it refuses where and by which keyword.
struct Table {
    schema: &'static str,
    accepted: Vec<Value>,
    refused: Vec<(Value, Vec<(&'static str, &'static str)>)>,
}

impl Table {
    fn of(schema: &'static str) -> Self {
        Self { schema, accepted: Vec::new(), refused: Vec::new() }
    }

    fn accept(&mut self, instances: impl IntoIterator<Item = Value>) {
        self.accepted.extend(instances);
    }

    /// Breaks this rule, and no other.
    fn refuse(&mut self, instance: Value, pointer: &'static str, keyword: &'static str) {
        self.refused.push((instance, vec![(pointer, keyword)]));
    }

    /// Checks the table, and that every rule of the schema is broken by one of its instances.
    fn check(&self) {
        let schema = parse(self.schema);
        let validator = compile(&schema);
        for instance in &self.accepted {
            assert_eq!(violations(&validator, instance).0, [], "{instance}");
        }
        let mut broken = BTreeSet::new();
        for (instance, expected) in &self.refused {
            let (found, rules) = violations(&validator, instance);
            let found: Vec<_> =
                found.iter().map(|(pointer, keyword)| (pointer.as_str(), keyword.as_str())).collect();
            let mut expected = expected.clone();
            expected.sort_unstable();
            assert_eq!(found, expected, "{instance}");
            broken.extend(rules);
        }
        let id = schema["$id"].as_str().expect("the schemas have an $id");
        let mut untested = Vec::new();
        walk(&schema, "", &mut |pointer, object| {
            let rules = object.iter().filter(|(keyword, value)| is_rule(keyword, value));
            untested.extend(
                rules
                    .map(|(keyword, _)| format!("{id}#{pointer}/{keyword}"))
                    .filter(|rule| !broken.contains(rule)),
            );
        });
        assert_eq!(untested, Vec::<String>::new(), "no instance breaks these rules");
    }
}

/// Whether this keyword refuses anything.
fn is_rule(keyword: &str, value: &Value) -> bool {
    const RULES: &[&str] = &[
        "anyOf",
        "const",
        "contains",
        "enum",
        "format",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "not",
        "pattern",
        "required",
        "type",
        "uniqueItems",
    ];
    RULES.contains(&keyword) || (keyword == "additionalProperties" && value == &json!(false))
}

/// Visits every schema object with its pointer, conditions (`if`, `not`) excepted: they refuse nothing by themselves.
fn walk(schema: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &Map<String, Value>)) {
    let Some(object) = schema.as_object() else { return };
    visit(pointer, object);
    for keyword in ["items", "then", "else"] {
        if let Some(part) = object.get(keyword) {
            walk(part, &format!("{pointer}/{keyword}"), visit);
        }
    }
    for keyword in ["properties", "$defs"] {
        for (name, part) in object.get(keyword).and_then(Value::as_object).into_iter().flatten() {
            walk(part, &format!("{pointer}/{keyword}/{name}"), visit);
        }
    }
    for (nth, part) in object.get("allOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        walk(part, &format!("{pointer}/allOf/{nth}"), visit);
    }
}

/// A sound contact with further or other members.
fn contact(more: Value) -> Value {
    let mut contact = json!({"channels": [{"type": "email", "value": "john.smith@example.com"}]});
    for (name, value) in more.as_object().expect("members") {
        contact[name] = value.clone();
    }
    contact
}

#[test]
fn the_schemas_are_schemas_and_their_examples_satisfy_them() {
    for text in [CONTACT, REQUEST, REJECT, MANIFEST] {
        let schema = parse(text);
        jsonschema::draft202012::meta::validate(&schema).expect("a schema of Draft 2020-12");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let id = schema["$id"].as_str().expect("an $id");
        walk(&schema, "", &mut |pointer, object| {
            for example in object.get("examples").and_then(Value::as_array).into_iter().flatten() {
                let part = compile(&json!({ "$ref": format!("{id}#{pointer}") }));
                let found: Vec<_> = part.iter_errors(example).map(|error| error.to_string()).collect();
                assert_eq!(found, Vec::<String>::new(), "{pointer} {example}");
            }
        });
    }
}

#[test]
fn every_annotation_has_a_known_form() {
    for text in [CONTACT, REQUEST, REJECT, MANIFEST] {
        walk(&parse(text), "", &mut |pointer, object| {
            for (keyword, value) in object.iter().filter(|(keyword, _)| keyword.starts_with("x-")) {
                let place = format!("{pointer}/{keyword}");
                match keyword.as_str() {
                    "x-code" | "x-unique-code" => {
                        assert!(value.as_str().is_some_and(|code| CODES.contains(&code)), "{place}");
                    }
                    "x-normalize" => {
                        let is_normaliser =
                            |name: &Value| name.as_str().and_then(Normaliser::from_name).is_some();
                        let names = value.as_array().expect("a list of names");
                        assert!(!names.is_empty() && names.iter().all(is_normaliser), "{place}");
                        // Trimming may leave nothing, so what is empty goes last.
                        assert!(names.iter().rev().skip(1).all(|name| name != "empty-to-absent"), "{place}");
                    }
                    "x-hint" => {
                        let hint = value.as_str().expect("a text");
                        assert!(!hint.is_empty() && !hint.ends_with('.'), "{place}");
                    }
                    "x-renamed" => {
                        assert_eq!(object["additionalProperties"], json!(false), "{place}");
                        let members = object["properties"].as_object().expect("members");
                        for (wrong, right) in value.as_object().expect("names") {
                            assert!(!members.contains_key(wrong), "{place}/{wrong}");
                            assert!(right.as_str().is_some_and(|right| !right.is_empty()), "{place}/{wrong}");
                        }
                    }
                    "x-max-per-type" => {
                        let limits = value.as_object().expect("limits by type");
                        assert!(
                            limits.contains_key("default") && limits.values().all(Value::is_u64),
                            "{place}"
                        );
                    }
                    "x-unique-by" => {
                        let members = value.as_array().expect("a list of members");
                        assert!(!members.is_empty() && members.iter().all(Value::is_string), "{place}");
                    }
                    "x-written-as-integer" => {
                        assert_eq!((value, &object["type"]), (&json!(true), &json!("integer")), "{place}");
                    }
                    _ => panic!("{place} is no annotation of this tool"),
                }
            }
        });
    }
}

#[test]
fn every_rule_of_the_api_names_its_source() {
    for text in [CONTACT, REQUEST] {
        walk(&parse(text), "", &mut |pointer, object| {
            let has_rules = object.iter().any(|(keyword, value)| {
                is_rule(keyword, value) || matches!(keyword.as_str(), "x-max-per-type" | "x-unique-by")
            });
            if has_rules {
                let comment = object.get("$comment").and_then(Value::as_str).unwrap_or_default();
                assert!(SOURCES.iter().any(|source| comment.starts_with(source)), "{pointer}: {comment:?}");
            }
        });
    }
}
