//! The account's custom fields as a schema: what their values may be, and what messages say.

use contact::custom_fields::{Catalogue, CatalogueError, FieldType};
use contact::{
    FieldSet, Formats, LineEnds, PLAIN_MARGIN_BYTES, RuleOptions, Rules, Schema, Scratch, Verdict, Violation,
    encode,
};
use ndjson::Parser;
use proptest::prelude::*;
use serde_json::{Value, json};

/// One field of each type, as the documentation writes the answer.
fn answer() -> Value {
    let field = |id: i32, name: &str, description: Value| json!({ "id": id, "name": name, "fieldKey": name.to_uppercase(), "description": description });
    json!({ "addressBook": { "addressBookId": 1, "name": "Main", "fieldGroups": { "name": "Personal", "fields": [
        field(9, "Tags", json!({ "type": "TAGS", "required": false, "readonly": false })),
        field(1, "Nick", json!({ "type": "TEXTFIELD" })),
        field(2, "Story", json!({ "type": "TEXTAREA", "allowedValues": null })),
        field(3, "Age", json!({ "type": "NUMBER", "allowedValues": { "minValue": 0, "maxValue": 150 } })),
        field(4, "Rate", json!({ "type": "DECIMAL", "allowedValues": { "minValue": -0.5, "maxValue": "99.99" } })),
        field(5, "Birthday", json!({ "type": "DATE" })),
        field(6, "Visit", json!({ "type": "DATETIME" })),
        field(7, "Size", json!({ "type": "COMBOBOX", "allowedValues": { "possibleValues": ["S", "M", "1.5 (EU)"] } })),
        field(8, "Colours", json!({ "type": "CHECKBOXLIST", "allowedValues": { "possibleValues": ["red", "sea green", "c++", "червоний"] } })),
        field(10, "Score", json!({ "type": "NUMBER", "readonly": true })),
        field(11, "Count", json!({ "type": "NUMBER" })),
        field(12, "Place", json!({ "type": "GEOPOINT" }))
    ] } } })
}

fn read(answer: &Value) -> Result<Catalogue, CatalogueError> {
    Catalogue::read(answer.to_string().as_bytes())
}

fn catalogue() -> Catalogue {
    read(&answer()).expect("the answer is as documented")
}

fn rules(catalogue: &Catalogue) -> Rules {
    let schema =
        Schema::compile(catalogue.overlay(), Vec::new(), Formats::Assert).expect("the overlay is sound");
    Rules::new(RuleOptions::default(), Some(schema)).expect("our own schema is sound")
}

fn contact(fields: &Value) -> Value {
    json!({
        "externalCustomerId": "7", "channels": [{ "type": "email", "value": "a@example.com" }], "fields": fields
    })
}

/// What is left of the fields, and what was told.
fn judge(rules: &Rules, fields: &Value) -> (Value, Vec<Violation>) {
    let record = contact(fields).to_string();
    let judged =
        Parser::new().parse(record.as_bytes(), |tape| match rules.judge(tape, &mut Scratch::default()) {
            Verdict::Accepted { pruned, .. } => {
                let mut written = Vec::new();
                encode(tape, &mut written);
                let written: Value = serde_json::from_slice(&written).expect("what is encoded is JSON");
                (written["fields"].clone(), pruned)
            }
            Verdict::Rejected { violations, .. } => panic!("{record} is refused: {violations:?}"),
        });
    judged.expect("JSON")
}

/// Whether the record is taken from its text alone.
fn is_plain(rules: &Rules, fields: &Value) -> bool {
    let mut bytes = contact(fields).to_string().into_bytes();
    let length = bytes.len();
    bytes.resize(length + PLAIN_MARGIN_BYTES, b'\n');
    let mut scratch = Scratch::default();
    let taken = rules.take_plain(&bytes, 0, LineEnds::AreSpace, &mut scratch, &mut FieldSet::default());
    taken.is_some_and(|taken| taken.end == length)
}

/// Values of each field that are good as they stand.
fn good() -> Vec<(i32, Vec<String>)> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    vec![
        (1, vec!["Ї".repeat(1000), String::new(), "100%".to_owned(), " as it is ".to_owned()]),
        (2, vec!["Ї".repeat(5000), "several\nlines".to_owned()]),
        (3, texts(&["0", "150", "007", "-0"])),
        (4, texts(&["-0.5", "-0.500", "99.99", "12", "0.000000000000000000001"])),
        (5, texts(&["1814-03-09", "2024-02-29"])),
        (6, texts(&["1814-03-09T10:30", "2000-02-29T23:59", "2024-02-29T00:00"])),
        (7, texts(&["S", "1.5 (EU)"])),
        (8, texts(&["red", "sea green,c++", "червоний,red,red", ""])),
        (9, texts(&["red", "a b,c,ї", ""])),
        (11, texts(&["-2147483648", "2147483647"])),
        (12, texts(&["49.84,24.03", "anything"])),
    ]
}

#[test]
fn good_values_of_each_type_are_left_as_they_are() {
    let rules = rules(&catalogue());
    for (id, values) in good() {
        for value in values {
            let fields = json!([{ "id": id, "value": value }]);
            assert_eq!(judge(&rules, &fields), (fields, vec![]));
        }
    }
}

#[test]
fn good_values_of_each_type_are_plain() {
    let rules = rules(&catalogue());
    let firsts: Vec<Value> =
        good().into_iter().map(|(id, values)| json!({ "id": id, "value": values[0] })).collect();
    assert!(is_plain(&rules, &json!(firsts)));
}

#[test]
fn what_one_meaning_has_is_repaired() {
    let rules = rules(&catalogue());
    let cases = [
        (3, json!(42), "42"),
        (3, json!(" 42 "), "42"),
        (4, json!(12.5), "12.5"),
        (5, json!("09/03/1814"), "1814-03-09"),
        (5, json!("09.03.1814 "), "1814-03-09"),
        (6, json!("1814-03-09 10:30"), "1814-03-09T10:30"),
        (6, json!("1814-03-09T10:30:00"), "1814-03-09T10:30"),
        (7, json!("M "), "M"),
        (12, json!(true), "true"),
    ];
    for (id, value, repaired) in cases {
        let (left, told) = judge(&rules, &json!([{ "id": id, "value": value }]));
        assert_eq!((left, told), (json!([{ "id": id, "value": repaired }]), vec![]), "{value}");
        assert!(!is_plain(&rules, &json!([{ "id": id, "value": value }])), "{value}");
    }
}

#[test]
fn bad_values_of_each_type_are_left_out_and_told_with_the_fields_name() {
    let rules = rules(&catalogue());
    let long = |length: usize| json!("ї".repeat(length));
    let cases = [
        (1, long(1001), "at most 1000; the custom field 1 \"Nick\""),
        (
            3,
            json!("151"),
            "is greater than 150; the custom field 3 \"Age\" takes a whole number from 0 to 150",
        ),
        (3, json!(-1), "is less than 0"),
        (3, json!("5.0"), "is written with a fraction"),
        (3, json!("5e1"), "is not a number written in digits"),
        (3, json!(""), "is not a number written in digits"),
        (
            4,
            json!("99.990000000000000000001"),
            "is greater than 99.99; the custom field 4 \"Rate\" takes a number",
        ),
        (4, json!("12,5"), "is not a number"),
        (4, json!(-0.51), "is less than -0.5"),
        (5, json!("2023-02-29"), "is not a valid date; the custom field 5 \"Birthday\" takes a date such as"),
        (5, json!("09.03.14"), "the year with four digits"),
        (5, json!("March"), "is not a valid date"),
        (6, json!("1900-02-29T10:30"), "the custom field 6 \"Visit\" takes a date and time"),
        (6, json!("1814-03-09T24:00"), "takes a date and time"),
        (6, json!("1814-03-09T10:30Z"), "takes a date and time"),
        (6, json!("1814-04-31 10:30"), "takes a date and time"),
        (7, json!("m"), "must be one of \"S\", \"M\", \"1.5 (EU)\"; the custom field 7 \"Size\""),
        (7, json!("1x5 (EU)"), "must be one of"),
        (7, json!(""), "must be one of"),
        (8, json!("red, sea green"), "separated by commas without spaces"),
        (8, json!("blue"), "takes values out of \"red\", \"sea green\", \"c++\", \"червоний\""),
        (8, json!("red,"), "takes values out of"),
        (8, json!("red,blue"), "takes values out of"),
        (8, json!("cc"), "takes values out of"),
        (9, json!("a,,b"), "none of them empty"),
        (9, json!(","), "none of them empty"),
        (11, json!("2147483648"), "from -2147483648 to 2147483647"),
        (11, json!(-2_147_483_649_i64), "is less than -2147483648"),
        (12, json!([1]), "fields[1].value must be text, but is an array"),
    ];
    for (id, value, words) in cases {
        let fields = json!([{ "id": 2, "value": "stays" }, { "id": id, "value": value }]);
        let (left, told) = judge(&rules, &fields);
        assert_eq!(left, json!([{ "id": 2, "value": "stays" }]), "{value}");
        let [violation] = told.as_slice() else { panic!("{value}: {told:?}") };
        assert_eq!(violation.code, "bad-custom-field", "{value}");
        assert_eq!(violation.pointer, "/fields/1/value", "{value}");
        assert!(violation.message.contains(words), "{value}: {}", violation.message);
        assert!(!is_plain(&rules, &fields), "{value}");
    }
    // Here the contact's own rule speaks too.
    let (left, told) = judge(&rules, &json!([{ "id": 2, "value": "ї".repeat(5001) }]));
    assert!(left.is_null() || left == json!([]), "{left}");
    assert!(told.iter().any(|violation| violation.message.contains("2 \"Story\" is a TEXTAREA")), "{told:?}");
}

#[test]
fn fields_that_are_unknown_or_read_only_are_left_out_and_told() {
    let rules = rules(&catalogue());
    for (field, code, words) in [
        (json!({ "id": 77, "value": "x" }), "unknown-field", "must be one of 1, 2, 3"),
        (json!({ "id": 77, "value": "x" }), "unknown-field", "make this schema anew an hour later"),
        (json!({ "id": 10, "value": "5" }), "read-only-field", "the custom field 10 \"Score\" is read-only"),
    ] {
        let fields = json!([{ "id": 1, "value": "stays" }, field]);
        let (left, told) = judge(&rules, &fields);
        assert_eq!(left, json!([{ "id": 1, "value": "stays" }]), "{field}");
        let [violation] = told.as_slice() else { panic!("{field}: {told:?}") };
        assert_eq!((&*violation.code, violation.pointer.as_str()), (code, "/fields/1/id"), "{field}");
        assert!(violation.message.contains(words), "{field}: {}", violation.message);
        assert!(!is_plain(&rules, &fields), "{field}");
    }
    // What is no id at all is told once, by the contact's own rule.
    let (_, told) = judge(&rules, &json!([{ "id": "77", "value": "x" }]));
    assert_eq!(told.iter().map(|violation| &*violation.code).collect::<Vec<_>>(), ["bad-id"]);
}

#[test]
fn an_account_without_custom_fields_takes_none() {
    for answer in [
        json!({}),
        json!({ "addressBook": null }),
        json!({ "addressBook": [] }),
        json!({ "addressBook": { "fieldGroups": { "name": "Personal" } } }),
        json!({ "addressBook": { "fieldGroups": [{ "fields": null }, null] } }),
    ] {
        let catalogue = read(&answer).expect("nothing has to be there");
        assert!(catalogue.is_empty());
        let rules = rules(&catalogue);
        let (left, told) = judge(&rules, &json!([{ "id": 1, "value": "x" }]));
        assert_ne!(left, json!([{ "id": 1, "value": "x" }]));
        assert_eq!(told.iter().map(|violation| &*violation.code).collect::<Vec<_>>(), ["unknown-field"]);
        let without_fields = contact(&json!([]));
        assert!(is_plain(&rules, &without_fields["fields"]));
    }
}

#[test]
fn every_shape_of_the_answer_gives_the_same_catalogue() {
    let documented = answer();
    let book = &documented["addressBook"];
    let group = &book["fieldGroups"];
    let fields = group["fields"].as_array().expect("the fields").clone();
    let as_texts = |field: &Value| {
        let text =
            field.to_string().replace("\"TEXTFIELD\"", "\"textfield\"").replace("\"DATE\"", "\"Date\"");
        let mut field: Value = serde_json::from_str(&text).expect("JSON");
        field["id"] = field["id"].to_string().into();
        field["surplus"] = json!({ "is": ["passed", "over"] });
        let description = &mut field["description"];
        if let Some(read_only) = description["readonly"].as_bool() {
            description["readonly"] = if read_only { "TRUE" } else { "false" }.into();
        }
        let allowed = &mut description["allowedValues"];
        if allowed["minValue"].is_number() {
            allowed["minValue"] = allowed["minValue"].to_string().into();
        }
        field
    };
    let mut reversed = fields.clone();
    reversed.reverse();
    let one_by_one: Vec<Value> = fields.iter().map(|field| json!({ "fields": field })).collect();
    let mut twice = fields.clone();
    twice.push(fields[3].clone());
    let shapes = [
        json!({ "addressBook": [book] }),
        json!({ "addressBook": { "fieldGroups": [group, { "name": "Nothing" }] } }),
        json!({ "addressBook": { "fieldGroups": [{ "fields": reversed }] } }),
        json!({ "addressBook": { "fieldGroups": one_by_one } }),
        json!({ "addressBook": [{}, { "fieldGroups": { "fields": fields[..4] } }, { "fieldGroups": { "fields": fields[4..] } }] }),
        json!({ "addressBook": { "fieldGroups": { "fields": twice } } }),
        json!({ "addressBook": { "fieldGroups": { "fields": fields.iter().map(as_texts).collect::<Vec<_>>() } } }),
    ];
    let expected = catalogue();
    let overlay = expected.overlay().to_string();
    for shape in shapes {
        let read = read(&shape).expect("the shape is known");
        assert_eq!(read, expected, "{shape}");
        assert_eq!(read.overlay().to_string(), overlay, "{shape}");
    }
    let ids: Vec<i32> = expected.fields().map(|field| field.id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let age = expected.get(3).expect("it is there");
    assert_eq!((age.minimum.as_deref(), age.key.as_deref()), (Some("0"), Some("AGE")));
    assert_eq!(
        expected.get(12).map(|field| &field.field_type),
        Some(&FieldType::Unknown("GEOPOINT".to_owned()))
    );
}

#[test]
fn one_possible_value_need_not_stand_in_an_array() {
    let answer = json!({ "addressBook": { "fieldGroups": { "fields": [
        { "id": 1, "name": "One", "description": { "type": "combobox", "allowedValues": { "possibleValues": "yes" } } },
        { "id": 2, "description": { "type": "combobox", "allowedValues": { "possibleValues": [1, true, null, "", 1] } } },
        { "id": 3, "description": { "type": "checkboxlist", "allowedValues": {} } },
        { "id": 4 }
    ] } } });
    let catalogue = read(&answer).expect("the shape is known");
    let rules = rules(&catalogue);
    for (id, value, is_good) in [
        (1, "yes", true),
        (1, "no", false),
        (2, "1", true),
        (2, "true", true),
        (2, "2", false),
        (3, "whatever", true),
        (4, "whatever", true),
    ] {
        let (_, told) = judge(&rules, &json!([{ "id": id, "value": value }]));
        assert_eq!(told.is_empty(), is_good, "{id} {value}: {told:?}");
    }
    let (_, told) = judge(&rules, &json!([{ "id": 2, "value": "2" }]));
    assert!(told[0].message.ends_with("the custom field 2 takes one of its values"), "{}", told[0].message);
}

#[test]
fn an_answer_that_is_not_understood_says_where() {
    let field = |field: Value| {
        json!({ "addressBook": { "fieldGroups": { "fields": [{ "id": 1 }, field] } } }).to_string()
    };
    let cases = [
        ("{".to_owned(), "EOF while parsing"),
        ("[]".to_owned(), "an object with addressBook"),
        (json!({ "addressBook": 5 }).to_string(), "an object or an array of objects at line 1 column"),
        (
            json!({ "addressBook": { "fieldGroups": ["x"] } }).to_string(),
            "expected an object among fieldGroups at line 1",
        ),
        (field(json!("x")), "number 2 of the custom fields is not understood: invalid type: string \"x\""),
        (field(json!([7, "x"])), "number 2 of the custom fields is not understood: invalid type: sequence"),
        (
            field(json!({ "name": "x" })),
            "number 2 of the custom fields is not understood: missing field `id`",
        ),
        (field(json!({ "id": 4_294_967_296_i64 })), "id 4294967296 is not a whole number of 32 bits"),
        (field(json!({ "id": "x7" })), "id \"x7\" is not a whole number of 32 bits"),
        (
            field(json!({ "id": 7, "name": {} })),
            "the custom field 7 is not understood: there is an object where",
        ),
        (
            field(json!({ "id": "7", "description": [] })),
            "7 is not understood: invalid type: sequence, expected an object as description",
        ),
        (
            field(json!({ "id": 7, "description": { "readonly": "perhaps" } })),
            "7 is not understood: \"perhaps\" is neither",
        ),
        (
            field(
                json!({ "id": 7, "description": { "type": "NUMBER", "allowedValues": { "maxValue": "many" } } }),
            ),
            "maxValue of the custom field 7 is not a number: \"many\"",
        ),
        (field(json!({ "id": 1, "name": "another" })), "the custom field 1 stands twice in the answer"),
    ];
    for (text, words) in cases {
        let error = Catalogue::read(text.as_bytes()).expect_err(&text);
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn bounds_tighten_those_of_the_type_and_never_widen_them() {
    let answer = json!({ "addressBook": { "fieldGroups": { "fields": [
        { "id": 1, "description": { "type": "NUMBER", "allowedValues": { "minValue": "-9999999999", "maxValue": "10.5" } } },
        { "id": 2, "description": { "type": "DATE", "allowedValues": { "minValue": "2000-01-01" } } },
        { "id": 3, "description": { "type": "TEXTFIELD", "allowedValues": { "minValue": 0, "maxValue": 5 } } }
    ] } } });
    let rules = rules(&read(&answer).expect("the shape is known"));
    for (id, value, is_good) in [
        (1, "-2147483649", false),
        (1, "-2147483648", true),
        (1, "10", true),
        (1, "11", false),
        (2, "1999-12-31", true),
        (3, "longer than five", true),
    ] {
        let (_, told) = judge(&rules, &json!([{ "id": id, "value": value }]));
        assert_eq!(told.is_empty(), is_good, "{id} {value}: {told:?}");
    }
}

#[test]
fn many_fields_with_long_lists_are_compiled_and_plain() {
    let values: Vec<String> = (0..500).map(|nth| format!("a value ({nth}) of some length, nearly")).collect();
    let values: Vec<&str> = values.iter().filter_map(|value| value.split(',').next()).collect();
    let fields: Vec<Value> = (1..=200)
        .map(|id| match id % 4 {
            0 => json!({ "id": id, "name": "List", "description": { "type": "CHECKBOXLIST", "allowedValues": { "possibleValues": values[..50] } } }),
            1 => json!({ "id": id, "name": "One", "description": { "type": "COMBOBOX", "allowedValues": { "possibleValues": values } } }),
            2 => json!({ "id": id, "name": "Day", "description": { "type": "DATE" } }),
            _ => json!({ "id": id, "name": "Number", "description": { "type": "NUMBER" } }),
        })
        .chain([json!({ "id": 201, "description": { "type": "CHECKBOXLIST", "allowedValues": { "possibleValues": values } } })])
        .collect();
    let rules = rules(
        &read(&json!({ "addressBook": { "fieldGroups": { "fields": fields } } }))
            .expect("the shape is known"),
    );
    let good = json!([
        { "id": 4, "value": format!("{},{}", values[7], values[0]) },
        { "id": 5, "value": values[499] },
        { "id": 6, "value": "2024-03-01" },
        { "id": 199, "value": "-5" }
    ]);
    assert_eq!(judge(&rules, &good), (good.clone(), vec![]));
    assert!(is_plain(&rules, &good));
    let long = json!([{ "id": 201, "value": format!("{},{}", values[499], values[0]) }]);
    assert_eq!(judge(&rules, &long), (long.clone(), vec![]));
}

#[test]
fn more_fields_than_are_plain_are_judged_all_the_same() {
    let fields: Vec<Value> =
        (1..=600).map(|id| json!({ "id": id, "name": "Day", "description": { "type": "DATE" } })).collect();
    let answer = json!({ "addressBook": { "fieldGroups": { "fields": fields } } });
    let rules = rules(&read(&answer).expect("the shape is known"));
    let fields = json!([{ "id": 600, "value": "2024-03-01" }, { "id": 5, "value": "01.03.2024" }, { "id": 601, "value": "x" }]);
    let (left, told) = judge(&rules, &fields);
    assert_eq!(left, json!([{ "id": 600, "value": "2024-03-01" }, { "id": 5, "value": "2024-03-01" }]));
    assert_eq!(told.iter().map(|violation| &*violation.code).collect::<Vec<_>>(), ["unknown-field"]);
}

proptest! {
    #[test]
    fn what_is_plain_is_left_as_it_is(
        values in prop::collection::vec((0..14_i32, prop::sample::select(values()), 0..5_u8), 1..4)
    ) {
        thread_local! {
            static RULES: Rules = rules(&catalogue());
        }
        let fields: Vec<Value> = values
            .iter()
            .map(|(id, value, form)| match (form, value.parse::<i64>()) {
                (0, Ok(number)) => json!({ "id": id, "value": number }),
                (1, _) => json!({ "id": id, "value": format!("{value} ") }),
                _ => json!({ "id": id, "value": value }),
            })
            .collect();
        let fields = json!(fields);
        RULES.with(|rules| {
            if is_plain(rules, &fields) {
                prop_assert_eq!(judge(rules, &fields), (fields, vec![]));
            }
            Ok(())
        })?;
    }
}

/// Values of every type, and some of none.
fn values() -> Vec<String> {
    let bad = [
        "151",
        "-1",
        "5.0",
        "1e3",
        "2023-02-29",
        "01.02.2024",
        "2024-02-30T10:00",
        "red,",
        ",",
        "blue",
        "ї\n",
    ];
    good().into_iter().flat_map(|(_, values)| values).chain(bad.map(str::to_owned)).collect()
}

#[test]
fn the_codes_of_the_overlay_are_documented() {
    const RULES: &str = include_str!("../../../docs/records-and-rules.md");
    fn codes(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("x-code").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| codes(member, found));
            }
            Value::Array(elements) => elements.iter().for_each(|element| codes(element, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    codes(&catalogue().overlay(), &mut found);
    found.sort();
    found.dedup();
    assert_eq!(found, ["bad-custom-field", "read-only-field", "unknown-field"]);
    for code in found {
        assert!(RULES.contains(&format!("| [`{code}`](codes/{code}.md) |")), "{code}");
    }
}

#[test]
fn the_overlay_says_what_the_fields_are() {
    let answer = json!({ "addressBook": { "fieldGroups": { "fields": [
        { "id": 12345, "name": "Age", "description": { "type": "NUMBER", "allowedValues": { "minValue": 0 } } },
        { "id": 12346, "name": "Score", "description": { "type": "NUMBER", "readonly": "true" } }
    ] } } });
    let overlay = read(&answer).expect("the shape is known").overlay();
    insta::assert_snapshot!(serde_json::to_string_pretty(&overlay).expect("JSON"));
}
