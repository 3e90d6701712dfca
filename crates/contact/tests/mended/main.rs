//! Records of which only a part goes the long way: they come out as they would if all of them went it.

use contact::{
    DedupeOn, FieldSet, Finds, Formats, LineEnds, Mended, Normaliser, OnInvalid, PLAIN_MARGIN_BYTES, Repairs,
    RuleOptions, Rules, Schema, Scratch, UnknownFields, Verdict, Violation, encode, links_of, tokens_of,
};
use ndjson::{Parser, SyntaxError};
use serde_json::{Value, json};
use synthetic::{Config, Generator};

mod limits_and_gaps;
mod remembered;

/// A contact as it is written, with its fields, tokens and links.
type Accepted = (String, FieldSet, Vec<(String, bool)>, Vec<(&'static str, String)>);

/// All that is said of a record.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    accepted: Option<Accepted>,
    key: Option<String>,
    violations: Vec<Violation>,
    repairs: Vec<(Normaliser, u64)>,
}

impl Outcome {
    fn of_broken(error: &SyntaxError) -> Self {
        Self { accepted: None, key: None, violations: vec![Violation::of_syntax(error)], repairs: vec![] }
    }
}

fn counted(repairs: &Repairs) -> Vec<(Normaliser, u64)> {
    repairs.iter().collect()
}

/// What is said of a record by its text, unless it is plain, or needs to go the long way.
fn mended(rules: &Rules, record: &[u8], scratch: &mut Scratch, parser: &mut Parser) -> Option<Outcome> {
    const BEFORE: usize = 7;
    let mut bytes = vec![b' '; BEFORE];
    bytes.extend_from_slice(record);
    bytes.resize(bytes.len() + PLAIN_MARGIN_BYTES, b'\n');
    let mut fields = FieldSet::default();
    let ends = LineEnds::AreSpace;
    if let Some(taken) = rules.take_or_mend(&bytes, BEFORE, ends, parser, scratch, &mut fields) {
        if taken.end == BEFORE + record.len() {
            return None;
        }
    } else if let Some(mended) = rules.mended(&bytes, BEFORE, ends, parser, scratch, &mut fields) {
        return Some(outcome(mended, &bytes, &fields));
    }
    Some(Outcome::of_broken(&rules.broken(record, BEFORE, scratch)?))
}

/// The same of a record that is the line before another one.
fn mended_on_a_line(
    rules: &Rules,
    record: &[u8],
    scratch: &mut Scratch,
    parser: &mut Parser,
) -> Option<Outcome> {
    let mut bytes = record.to_vec();
    bytes.extend_from_slice(b"\n{\"externalCustomerId\":\"x\",\"firstName\":\"Ann \"}\n");
    bytes.resize(bytes.len() + PLAIN_MARGIN_BYTES, b'}');
    let mut fields = FieldSet::default();
    let ends = LineEnds::EndRecords;
    if rules.take_or_mend(&bytes, 0, ends, parser, scratch, &mut fields).is_some() {
        return None;
    }
    let mended = rules.mended(&bytes, 0, ends, parser, scratch, &mut fields)?;
    Some(outcome(mended, &bytes, &fields))
}

fn outcome(mended: Mended<'_>, bytes: &[u8], fields: &FieldSet) -> Outcome {
    match mended {
        Mended::Accepted { contact, apart, pruned, repairs, .. } => {
            let text = apart.unwrap_or(bytes);
            let written = contact.rewritten.unwrap_or(&text[contact.start..contact.end]).to_vec();
            let tokens = contact.tokens.iter().map(|token| (token.text(text).to_owned(), token.is_active));
            let links = contact.links.iter().map(|link| (link.field, link.key(text).value.to_owned()));
            let written = String::from_utf8(written).expect("a contact is a text");
            Outcome {
                key: Some(contact.key(text).value.to_owned()),
                accepted: Some((written, fields.clone(), tokens.collect(), links.collect())),
                violations: pruned.clone(),
                repairs: counted(repairs),
            }
        }
        Mended::Rejected { violations, key, repairs, .. } => {
            let (key, violations) = (key.map(String::from), violations.clone());
            Outcome { accepted: None, key, violations, repairs: counted(repairs) }
        }
    }
}

/// What the long way says of it.
fn judged(rules: &Rules, record: &[u8], scratch: &mut Scratch, parser: &mut Parser) -> Outcome {
    scratch.repairs = Repairs::default();
    let outcome = parser.parse(record, |tape| match rules.judge(tape, scratch) {
        Verdict::Rejected { violations, key } => {
            let key = key.map(|key| key.value.to_owned());
            Outcome { accepted: None, key, violations, repairs: vec![] }
        }
        Verdict::Accepted { pruned, key, .. } => {
            let mut written = Vec::new();
            encode(tape, &mut written);
            let mut fields = FieldSet::default();
            fields.read(tape.root());
            let (mut tokens, mut links) = (Vec::new(), Vec::new());
            if rules.options().finds.tokens {
                tokens_of(tape, |token, is_active| tokens.push((token.to_owned(), is_active)));
            }
            if rules.options().finds.links {
                links_of(tape, |link| links.push((link.field, link.value.to_owned())));
            }
            let written = String::from_utf8(written).expect("a contact is a text");
            let accepted = Some((written, fields, tokens, links));
            Outcome { accepted, key: Some(key.value.to_owned()), violations: pruned.clone(), repairs: vec![] }
        }
    });
    let outcome = outcome.unwrap_or_else(|error| Outcome::of_broken(&error));
    Outcome { repairs: counted(&scratch.repairs), ..outcome }
}

/// A tester with one set of rules, and how many records were mended.
struct Tester {
    rules: Rules,
    scratch: Scratch,
    judging: Scratch,
    parser: Parser,
    mended: Vec<String>,
}

impl Tester {
    fn new(options: RuleOptions, tightened_by: Option<Value>) -> Self {
        let schema = tightened_by
            .map(|schema| Schema::compile(schema, Vec::new(), Formats::Assert).expect("it is sound"));
        Self {
            rules: Rules::new(options, schema).expect("our own schema is sound"),
            scratch: Scratch::default(),
            judging: Scratch::default(),
            parser: Parser::new(),
            mended: Vec::new(),
        }
    }

    /// Whether it is mended, and then to the same end.
    fn is_mended(&mut self, record: &[u8]) -> bool {
        let mended = mended(&self.rules, record, &mut self.scratch, &mut self.parser);
        let on_a_line = match record.contains(&b'\n') {
            true => None,
            false => mended_on_a_line(&self.rules, record, &mut self.scratch, &mut self.parser),
        };
        if mended.is_none() && on_a_line.is_none() {
            return false;
        }
        let judged = judged(&self.rules, record, &mut self.judging, &mut self.parser);
        for mended in mended.iter().chain(&on_a_line) {
            assert_eq!(*mended, judged, "{}", String::from_utf8_lossy(record));
        }
        let Some(mended) = mended else { return false };
        let codes = mended.violations.iter().map(|violation| violation.code.to_string());
        let repairs = mended.repairs.iter().map(|(normaliser, _)| normaliser.name().to_owned());
        self.mended.extend(codes.chain(repairs));
        true
    }

    fn has_mended(&self, what: &str) -> bool {
        self.mended.iter().any(|mended| mended == what)
    }
}

fn records(contacts: u64, faults_per_mille: u32) -> Vec<Vec<u8>> {
    let mut generator = Generator::new(Config { contacts, faults_per_mille, ..Config::default() });
    let mut line = Vec::new();
    let mut records = Vec::new();
    while generator.next_line(&mut line).is_some() {
        records.push(line.clone());
    }
    records
}

fn all_options() -> Vec<RuleOptions> {
    let options = RuleOptions { finds: Finds { tokens: true, links: true }, ..RuleOptions::default() };
    let by = |dedupe_on| RuleOptions { dedupe_on, ..options.clone() };
    vec![
        options.clone(),
        RuleOptions { finds: Finds::default(), ..options.clone() },
        RuleOptions { on_invalid: OnInvalid::Reject, ..options.clone() },
        RuleOptions { unknown_fields: UnknownFields::Drop, ..options.clone() },
        RuleOptions { max_channels_per_type: std::num::NonZeroUsize::new(1), ..options.clone() },
        by(DedupeOn::Email),
        by(DedupeOn::Push),
        by(DedupeOn::EmailOrSms),
        by(DedupeOn::Id),
        by(DedupeOn::FieldId(12345)),
    ]
}

/// Schemas of a user that say something at many places.
fn schemas() -> Vec<Value> {
    vec![
        json!({ "properties": {
            "firstName": { "maxLength": 5, "pattern": "^[^a]" },
            "languageCode": { "enum": ["uk", "pl"] },
            "timeZone": { "x-normalize": ["trim", "empty-to-absent"], "const": "Europe/Kyiv" },
        } }),
        json!({
            "required": ["lastName"],
            "properties": {
                "lastName": { "x-normalize": ["trim"], "pattern": "[^a]$" },
                "address": { "required": ["town"], "minProperties": 2, "maxProperties": 3 },
            },
        }),
        json!({ "minProperties": 4, "properties": { "fields": { "minItems": 2, "maxItems": 3, "items": {
            "if": { "properties": { "id": { "const": 12346 } }, "required": ["id"] },
            "then": { "properties": { "value": { "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "maxLength": 10 } } },
            "else": { "required": ["value"], "properties": { "value": { "maxLength": 7 } } },
        } } } }),
        json!({
            "if": { "properties": { "languageCode": { "const": "uk" } }, "required": ["languageCode"] },
            "then": { "required": ["timeZone"], "properties": { "firstName": { "minLength": 4 } } },
            "else": { "properties": { "timeZone": false, "firstName": { "maxLength": 6 } } },
            "properties": { "languageCode": { "maxLength": 2 } },
        }),
        json!({
            "$ref": "https://reteno-import.dev/schemas/contact.schema.json",
            "properties": { "channels": { "minItems": 2, "items": { "properties": {
                "type": { "enum": ["email", "mobilepush"] },
                "value": { "maxLength": 30 },
                "device": { "additionalProperties": false, "properties": { "appId": {}, "os": { "const": "iOS" } } },
            } } } },
        }),
        json!({ "properties": { "channels": {
            "x-unique-by": ["value"],
            "contains": { "properties": { "type": { "const": "email" } } },
        } } }),
        json!({ "anyOf": [{ "required": ["firstName"] }, { "required": ["lastName"] }] }),
    ]
}

/// Values that stand in the place of others, and names that nothing has.
const ODD_VALUES: [&str; 34] = [
    "null",
    "true",
    "7",
    "-1",
    "1.5",
    "7.0",
    "1e2",
    "99999999999999999999",
    "9999999999",
    "\"\"",
    "\" \"",
    "\" Ann \"",
    "\"ann\\u0065\"",
    "\"\\ud83d\\ude00\"",
    "\"12345\"",
    "\"Anna  Maria\"",
    "\"Rene\u{301}\"",
    "\"A\u{2019}nn\"",
    "\"Europe/Kiev\"",
    "\"ua\"",
    "\"EN-us\"",
    "\" a@EXAMPLE.com\"",
    "\"not an address\"",
    "\"+380 44 123-45-67\"",
    "\"123\"",
    "\"ANDROID\"",
    "\"email\"",
    "\"webPush\"",
    "\"mobilepush\"",
    "[]",
    "{}",
    "[1,{\"a\":[]}]",
    "{\"a\":\" b\",\"a\":1}",
    "{\"id\":1,\"value\":\"a\"}",
];

const ODD_NAMES: [&str; 8] =
    ["city", "contacts", "town", "firstname", "a~b/c", "ї", "externalCustomerId", "value"];

/// Changes one value, name or element somewhere in the record.
fn distort(value: &mut Value, random: &mut fastrand::Rng) {
    let odd = |random: &mut fastrand::Rng| {
        let text = ODD_VALUES[random.usize(..ODD_VALUES.len())];
        serde_json::from_str::<Value>(text).unwrap_or(Value::Null)
    };
    let is_here = random.u8(..4) == 0;
    match value {
        Value::Object(members) if !members.is_empty() => {
            let nth = random.usize(..members.len());
            let name = members.keys().nth(nth).expect("there are more members").clone();
            if !is_here && let Some(inner) = members.get_mut(&name) {
                return distort(inner, random);
            }
            match random.u8(..4) {
                0 => drop(members.remove(&name)),
                1 => {
                    let name = ODD_NAMES[random.usize(..ODD_NAMES.len())];
                    members.insert(name.to_owned(), odd(random));
                }
                _ => drop(members.insert(name, odd(random))),
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            let nth = random.usize(..elements.len());
            if !is_here {
                return distort(&mut elements[nth], random);
            }
            match random.u8(..4) {
                0 => drop(elements.remove(nth)),
                1 => elements.push(elements[nth].clone()),
                2 => elements.insert(nth, odd(random)),
                _ => elements[nth] = odd(random),
            }
        }
        _ => *value = odd(random),
    }
}

/// A record with one to three odd places, written in one of several ways.
fn distorted(record: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(record) else { return record.to_vec() };
    for _ in 0..[1, 1, 1, 2, 3][random.usize(..5)] {
        distort(&mut value, random);
    }
    let mut text = match random.u8(..4) {
        0 => serde_json::to_vec_pretty(&value).expect("it is JSON"),
        _ => serde_json::to_vec(&value).expect("it is JSON"),
    };
    // A member of the record twice, the second time with another value.
    if random.u8(..8) == 0
        && let Value::Object(members) = &value
        && let Some(name) = members.keys().nth(random.usize(..members.len().max(1)))
    {
        let odd = ODD_VALUES[random.usize(..ODD_VALUES.len())];
        let member = format!(",{}:{odd}}}", Value::from(name.as_str()));
        text.pop();
        text.extend_from_slice(member.as_bytes());
    }
    text
}

#[test]
fn a_dirty_export_is_mended_to_the_same_end() {
    for options in all_options() {
        let mut tester = Tester::new(options, None);
        let records = records(1500, 1000);
        let mended = records.iter().filter(|record| tester.is_mended(record)).count();
        assert!(mended > 150, "{mended} of {}", records.len());
    }
}

#[test]
fn what_needs_only_a_closer_look_at_a_part_gets_no_more() {
    let mut tester = Tester::new(all_options().remove(0), None);
    for record in records(1500, 1000) {
        tester.is_mended(&record);
    }
    for code in [
        "invalid-utf8",
        "lone-surrogate",
        "control-character",
        "leading-zero",
        "invalid-number",
        "invalid-literal",
        "invalid-escape",
        "missing-key",
        "no-channel",
        "unknown-member",
        "bad-external-id",
        "bad-name",
        "bad-email",
        "bad-phone",
        "bad-time-zone",
        "bad-language",
        "bad-id",
        "bad-app-id",
        "channel-limit",
        "misplaced-member",
        "wrong-type",
        "not-allowed",
        "too-long",
        "too-short",
        "out-of-range",
        "bad-custom-field",
        "duplicate-channel",
        "duplicate-field",
    ] {
        assert!(tester.has_mended(code), "{code}");
    }
    let email = |value: &str| format!(r#"{{"type":"email","value":"{value}"}}"#);
    let contact = |rest: &str| format!(r#"{{"externalCustomerId":"7",{rest}}}"#);
    let plain = email("a@example.com");
    for (rest, normaliser) in [
        (format!(r#""channels":[{plain}],"firstName":" Ann""#), "trim"),
        (format!(r#""channels":[{plain}],"firstName":"""#), "empty-to-absent"),
        (format!(r#""firstName":null,"channels":[{plain}]"#), "empty-to-absent"),
        (format!(r#""channels":[{plain}],"timeZone":"Europe/Kiev""#), "time-zone"),
        (format!(r#""channels":[{plain}],"languageCode":"ua""#), "language"),
        (format!(r#""channels":[{plain}],"lastName":"Ren{}""#, "e\u{301}"), "nfc"),
        (format!(r#""channels":[{plain}],"fields":[{{"id":1,"value":5}}]"#), "scalar-text"),
        (format!(r#""channels":[{}]"#, email("a@EXAMPLE.com")), "email"),
        (r#""channels":[{"type":"sms","value":"+380 50 123 45 67"}]"#.to_owned(), "phone"),
    ] {
        assert!(tester.is_mended(contact(&rest).as_bytes()), "{rest}");
        assert!(tester.has_mended(normaliser), "{normaliser}");
    }
}

#[test]
fn distorted_records_are_mended_to_the_same_end() {
    let mut random = fastrand::Rng::with_seed(11);
    for options in all_options() {
        let mut tester = Tester::new(options, None);
        let mut mended = 0;
        for record in records(400, 0) {
            for _ in 0..10 {
                mended += u32::from(tester.is_mended(&distorted(&record, &mut random)));
            }
        }
        assert!(mended > 400, "{mended}");
    }
}

#[test]
fn with_a_schema_of_the_user_records_are_mended_to_the_same_end() {
    let mut random = fastrand::Rng::with_seed(12);
    for schema in schemas() {
        for options in all_options().into_iter().take(5) {
            let is_opaque = schema.get("anyOf").is_some();
            let mut tester = Tester::new(options, Some(schema.clone()));
            let mut mended = 0;
            for record in records(120, 300) {
                mended += u32::from(tester.is_mended(&record));
                for _ in 0..10 {
                    mended += u32::from(tester.is_mended(&distorted(&record, &mut random)));
                }
            }
            assert_eq!(mended == 0, is_opaque, "{mended}: {schema}");
        }
    }
}

#[test]
fn bytes_may_be_damaged() {
    let mut random = fastrand::Rng::with_seed(13);
    let mut tester = Tester::new(all_options().remove(0), None);
    let mut mended = 0;
    for record in records(500, 500) {
        for _ in 0..20 {
            let mut record = record.clone();
            for _ in 0..random.usize(1..3) {
                let place = random.usize(..record.len());
                let removed = place..(place + random.usize(..3)).min(record.len());
                let byte = *random.choice(b"\"\\{}[],: \n\t0a@+\xC3\xA9").expect("there are bytes");
                record.splice(removed, [byte]);
            }
            mended += u32::from(tester.is_mended(&record));
        }
    }
    assert!(mended > 300, "{mended}");
}

#[test]
fn parts_are_cut_wherever_they_stand_and_whatever_space_is_around_them() {
    const GOOD: &str = r#"{"type":"sms","value":"380501234567"}"#;
    const OTHER: &str = r#"{"type":"mobilepush","value":"80bdf09cd79e56f11af53796eb3362db","device":{"appId":"0f8b1c1e-52a3-4c55-9a51-5d6f1f6f0a11","os":"iOS"}}"#;
    const BAD: &str = r#"{"type":"email","value":"nope"}"#;
    let with_one_fault: [&[&str]; 5] = [
        &[BAD, GOOD],
        &[GOOD, BAD],
        &[GOOD, BAD, OTHER],
        &[r#"{"type":"email","value":null}"#, GOOD],
        &[r#"{"value":"nope","type":"email"}"#, GOOD],
    ];
    // What has no type goes the long way, for the limits, and so does what has two faults.
    let others: [&[&str]; 6] = [
        &["7", GOOD],
        &["{}", GOOD],
        &[GOOD, "[]"],
        &[BAD, BAD],
        &[BAD, BAD, GOOD],
        &[r#"{"type":"mobilepush","value":"t","device":{"appId":"no","os":[{"deep":[1,"}"]}]}}"#, GOOD],
    ];
    let before = [
        r#""externalCustomerId":"k""#,
        r#""externalCustomerId":"","firstName":" Ann ""#,
        r#""firstName":"1","externalCustomerId":"k""#,
        r#""externalCustomerId":"k","address":{"town":" T ","city":"x"}"#,
        r#""externalCustomerId":"k","fields":[{"id":1,"value":5},{"id":99999999999,"value":"x"}]"#,
    ];
    let after = ["", r#","languageCode":"ua""#, r#","lastName":"""#, r#","x":{"channels":[1]}"#];
    for options in all_options().into_iter().take(4) {
        let mut tester = Tester::new(options, None);
        for space in ["", " ", "\t\r", "\n"] {
            for (nth, channels) in with_one_fault.iter().chain(&others).enumerate() {
                let channels = channels.join(&format!("{space},{space}"));
                let channels = format!("{space}\"channels\"{space}:{space}[{space}{channels}{space}]{space}");
                for (first, before) in before.iter().enumerate() {
                    for (last, after) in after.iter().enumerate() {
                        let record = format!("{{{space}{before}{space},{channels}{after}}}");
                        let is_mended = tester.is_mended(record.as_bytes());
                        let has_one_fault = nth < with_one_fault.len() && first == 0 && last < 3;
                        assert!(is_mended || !has_one_fault, "{record}");
                    }
                }
            }
        }
    }
}
