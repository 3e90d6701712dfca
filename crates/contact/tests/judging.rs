//! What becomes of a record: what is repaired, what is left out of it, and why it is refused.

use contact::{DedupeOn, OnInvalid, RuleOptions, Rules, Schema, Scratch, UnknownFields, Verdict, Violation};
use ndjson::Parser;
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Debug, PartialEq)]
struct Judged {
    /// What is left of it, if it is accepted.
    contact: Option<Value>,
    key: Option<String>,
    violations: Vec<Violation>,
}

fn judge_text(rules: &Rules, text: &str) -> Judged {
    Parser::new()
        .parse(text.as_bytes(), |tape| match rules.judge(tape, &mut Scratch::default()) {
            Verdict::Accepted { pruned, key, .. } => {
                let mut encoded = Vec::new();
                contact::encode(tape, &mut encoded);
                Judged {
                    contact: Some(serde_json::from_slice(&encoded).expect("what is encoded is JSON")),
                    key: Some(key.value.to_owned()),
                    violations: pruned,
                }
            }
            Verdict::Rejected { violations, key } => {
                Judged { contact: None, key: key.map(|key| key.value.to_owned()), violations }
            }
        })
        .expect("JSON")
}

fn judge(options: RuleOptions, record: &Value) -> Judged {
    judge_text(&Rules::new(options, None).expect("our own schema is sound"), &record.to_string())
}

/// Code, pointer and what was removed, of each violation.
fn told(judged: &Judged) -> Vec<(&str, &str, Option<&str>)> {
    judged
        .violations
        .iter()
        .map(|violation| (&*violation.code, violation.pointer.as_str(), violation.removed.as_deref()))
        .collect()
}

fn with(more: Value) -> Value {
    let mut record =
        json!({"externalCustomerId": "7", "channels": [{"type": "email", "value": "a@example.com"}]});
    for (name, value) in more.as_object().expect("members") {
        record[name] = value.clone();
    }
    record
}

#[test]
fn a_record_in_normal_form_is_left_as_it_is() {
    let record =
        with(json!({"firstName": "Мар'яна", "fields": [{"id": 1, "value": "x"}], "timeZone": "Europe/Kyiv"}));
    let judged = judge(RuleOptions::default(), &record);
    assert_eq!(judged, Judged { contact: Some(record), key: Some("7".to_owned()), violations: vec![] });
}

#[test]
fn repairs_are_made_where_the_schema_names_them() {
    let record = json!({
        "externalCustomerId": 9_007_199_254_740_993_i64,
        "firstName": "  Mary \u{a0} Ann ",
        "lastName": null,
        "timeZone": "Europe/Kiev",
        "languageCode": "EN_us",
        "channels": [
            {"type": "email", "value": " John@EXAMPLE.com "},
            {"type": "sms", "value": "+380 95 554-77-08"},
            {"type": "mobilepush", "value": "t", "device": {"os": "ANDROID", "locale": "en_UK "}}
        ],
        "fields": [{"id": 1, "value": 12.50}, {"id": 2, "value": true}]
    });
    let text = record.to_string().replace("12.5", "12.50");
    let judged =
        judge_text(&Rules::new(RuleOptions::default(), None).expect("our own schema is sound"), &text);
    let contact = judged.contact.as_ref().expect("everything can be repaired");
    assert_eq!(judged.violations, vec![]);
    assert_eq!(judged.key.as_deref(), Some("9007199254740993"));
    assert_eq!(
        contact,
        &json!({
            "externalCustomerId": "9007199254740993",
            "firstName": "Mary Ann",
            "timeZone": "Europe/Kyiv",
            "languageCode": "en-US",
            "channels": [
                {"type": "email", "value": "John@example.com"},
                {"type": "sms", "value": "380955547708"},
                {"type": "mobilepush", "value": "t", "device": {"os": "Android", "locale": "en_UK"}}
            ],
            "fields": [{"id": 1, "value": "12.50"}, {"id": 2, "value": "true"}]
        })
    );
}

#[test]
fn the_smallest_optional_part_goes_and_the_rest_stays() {
    let cases = [
        (json!({"firstName": "Ann1234"}), ("/firstName", "/firstName"), "/firstName"),
        (json!({"timeZone": "Mars/Base"}), ("/timeZone", "/timeZone"), "/timeZone"),
        (
            json!({"channels": [{"type": "email", "value": "nobody"}, {"type": "sms", "value": "380955547708"}]}),
            ("/channels/0/value", "/channels/0"),
            "/channels/0",
        ),
        (
            json!({"fields": [{"id": 1, "value": "x"}, {"id": 4_294_967_296_i64, "value": "y"}]}),
            ("/fields/1/id", "/fields/1"),
            "/fields/1",
        ),
        (
            json!({"address": {"town": 3, "region": "Lviv"}}),
            ("/address/town", "/address/town"),
            "/address/town",
        ),
    ];
    for (more, (pointer, removed), gone) in cases {
        let record = with(more);
        let judged = judge(RuleOptions::default(), &record);
        let contact =
            judged.contact.as_ref().unwrap_or_else(|| panic!("{record} is refused: {:?}", judged.violations));
        assert_eq!(told(&judged).len(), 1, "{:?}", judged.violations);
        assert_eq!(
            (judged.violations[0].pointer.as_str(), judged.violations[0].removed.as_deref()),
            (pointer, Some(removed))
        );
        let (parent, name) = gone.rsplit_once('/').expect("a pointer");
        let mut expected = record.clone();
        match expected.pointer_mut(parent).expect("it is there") {
            Value::Object(members) => drop(members.remove(name)),
            Value::Array(elements) => drop(elements.remove(name.parse().expect("an index"))),
            _ => unreachable!("only containers have parts"),
        }
        assert_eq!(contact, &expected);
    }
}

#[test]
fn a_record_whose_only_channel_goes_is_refused_and_says_both_reasons() {
    let judged =
        judge(RuleOptions::default(), &with(json!({"channels": [{"type": "email", "value": "nobody"}]})));
    assert_eq!(judged.contact, None);
    assert_eq!(told(&judged), [("bad-email", "/channels/0/value", None), ("no-channel", "/channels", None)]);
    assert_eq!(judged.key.as_deref(), Some("7"));
}

#[test]
fn places_are_those_of_the_record_as_it_was_read() {
    // The normalisers take an element and a member out before the validator sees the rest.
    let record = with(json!({"lastName": "", "channels": [
        {"type": "email", "value": "a@example.com"},
        {"type": "email", "value": "a@example.com"},
        {"type": "sms", "value": "nobody"},
        {"type": "sms", "value": "380955547708"}
    ]}));
    let judged = judge(RuleOptions::default(), &record);
    assert_eq!(
        told(&judged),
        [
            ("duplicate-channel", "/channels/0", Some("/channels/0")),
            ("bad-phone", "/channels/2/value", Some("/channels/2"))
        ]
    );
}

#[test]
fn all_violations_of_a_record_are_told() {
    let record = with(json!({"firstName": 1, "timeZone": 2, "address": {"town": 3}, "id": "x"}));
    let judged = judge(RuleOptions { on_invalid: OnInvalid::Reject, ..RuleOptions::default() }, &record);
    assert_eq!(judged.contact, None);
    let mut pointers: Vec<_> = told(&judged).into_iter().map(|(_, pointer, _)| pointer).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/address/town", "/firstName", "/id", "/timeZone"]);
}

#[test]
fn what_a_contact_is_known_by_is_never_left_out() {
    let judged = judge(RuleOptions::default(), &with(json!({"externalCustomerId": 1.5})));
    assert_eq!(judged.contact, None);
    assert_eq!(judged.violations[0].pointer, "/externalCustomerId");
    // Found by its email instead, it would be another contact.
    let options = RuleOptions { dedupe_on: DedupeOn::Email, ..RuleOptions::default() };
    assert_eq!(judge(options.clone(), &with(json!({"externalCustomerId": 1.5}))).contact, None);
    let by_email =
        json!({"channels": [{"type": "email", "value": "no"}, {"type": "sms", "value": "380955547708"}]});
    assert_eq!(judge(options, &by_email).contact, None);
}

#[test]
fn the_key_is_that_of_the_chosen_field() {
    let record = json!({
        "id": 12,
        "channels": [
            {"type": "mobilepush", "value": "token"},
            {"type": "email", "value": "a@EXAMPLE.com"},
            {"type": "sms", "value": "+380955547708"},
            {"type": "webpush", "value": "web"}
        ],
        "fields": [{"id": 5, "value": "five"}]
    });
    for (dedupe_on, key) in [
        (DedupeOn::Email, Some("a@example.com")),
        (DedupeOn::Sms, Some("380955547708")),
        (DedupeOn::EmailOrSms, Some("380955547708")),
        (DedupeOn::Push, Some("token")),
        (DedupeOn::WebPush, Some("web")),
        (DedupeOn::Id, Some("12")),
        (DedupeOn::FieldId(5), Some("five")),
        (DedupeOn::FieldId(6), None),
        (DedupeOn::ExternalCustomerId, None),
    ] {
        let options = RuleOptions { dedupe_on, ..RuleOptions::default() };
        let judged = judge(options.clone(), &record);
        assert_eq!(judged.key.as_deref(), key, "{dedupe_on}");
        if key.is_none() {
            assert_eq!(told(&judged), [("missing-key", "", None)]);
        }
        let mut known = record.clone();
        known["externalCustomerId"] = json!("ext");
        assert_eq!(judge(options, &known).key.as_deref(), Some("ext"), "{dedupe_on}");
    }
}

#[test]
fn an_unknown_member_refuses_the_record_and_names_the_right_one_unless_it_is_to_be_dropped() {
    let record = with(json!({"address": {"city": "Lviv", "region": "Lviv"}}));
    let judged = judge(RuleOptions::default(), &record);
    assert_eq!(judged.contact, None);
    assert_eq!(told(&judged), [("unknown-member", "/address/city", None)]);
    assert!(judged.violations[0].message.contains("town"), "{}", judged.violations[0].message);
    for on_invalid in [OnInvalid::Prune, OnInvalid::Reject] {
        let options =
            RuleOptions { on_invalid, unknown_fields: UnknownFields::Drop, ..RuleOptions::default() };
        let judged = judge(options, &record);
        assert_eq!(told(&judged), [("unknown-member", "/address/city", Some("/address/city"))]);
        assert_eq!(judged.contact, Some(with(json!({"address": {"region": "Lviv"}}))));
    }
}

#[test]
fn channels_beyond_the_limit_go_the_inactive_and_the_earlier_first() {
    let push = |token: &str, active: bool| json!({"type": "mobilepush", "value": token, "device": {"active": active}});
    let record =
        with(json!({"channels": [push("a", true), push("b", false), push("c", true), push("d", true)]}));
    let left = |options: RuleOptions| {
        let judged = judge(options, &record);
        assert!(told(&judged).iter().all(|(code, ..)| *code == "channel-limit"));
        let contact = judged.contact.expect("it is accepted");
        let channels = contact["channels"].as_array().expect("channels").clone();
        channels
            .iter()
            .map(|channel| channel["value"].as_str().expect("a token").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(left(RuleOptions::default()), ["c", "d"]);
    let limit = |max| RuleOptions {
        max_channels_per_type: std::num::NonZeroUsize::new(max),
        ..RuleOptions::default()
    };
    assert_eq!(left(limit(3)), ["a", "c", "d"]);
    assert_eq!(left(limit(4)), ["a", "b", "c", "d"]);
}

#[test]
fn a_schema_of_the_user_tightens_the_rules_and_may_repair() {
    let schema = json!({
        "allOf": [{"$ref": contact::CONTACT_SCHEMA_URI}],
        "required": ["firstName"],
        "properties": {"contactKey": {"pattern": "^[A-Z]+$", "x-normalize": ["trim"], "x-code": "bad-key", "x-hint": "ask sales"}}
    });
    let schema = Schema::compile(schema, Vec::new(), contact::Formats::Assert).expect("the schema is sound");
    let rules = Rules::new(RuleOptions::default(), Some(schema)).expect("our own schema is sound");
    let judged = judge_text(&rules, &with(json!({"firstName": "Ann", "contactKey": " ABC "})).to_string());
    assert_eq!(judged.contact, Some(with(json!({"firstName": "Ann", "contactKey": "ABC"}))));
    let judged = judge_text(&rules, &with(json!({"firstName": "Ann", "contactKey": "abc"})).to_string());
    assert_eq!(told(&judged), [("bad-key", "/contactKey", Some("/contactKey"))]);
    assert!(judged.violations[0].message.ends_with("; ask sales"));
    assert_eq!(judge_text(&rules, &with(json!({})).to_string()).contact, None);
    assert_eq!(
        judge_text(&rules, &with(json!({"firstName": "Ann", "timeZone": "x"})).to_string()).violations.len(),
        1
    );
}

#[test]
fn no_message_gives_a_value_away() {
    let secret = "Zq9-Secret-Token";
    let record = with(json!({
        "firstName": format!("{secret}1234"), "timeZone": secret, "languageCode": secret, "id": secret,
        "address": {"town": 5, "postcode": [secret]}, "fields": [{"id": secret, "value": "x"}],
        "channels": [{"type": secret, "value": secret}, {"type": "sms", "value": secret}]
    }));
    let judged = judge(RuleOptions::default(), &record);
    assert!(judged.violations.len() > 5);
    for violation in &judged.violations {
        assert!(!violation.message.contains(&secret[2..]), "{}", violation.message);
        assert!(!violation.value.contains(&secret[3..]), "{}", violation.value);
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!(1.5)),
        "[ -~]{0,12}".prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("+380 (95) 554-77-08")),
        Just(json!(" A@Example.COM")),
        Just(json!("Europe/Kiev")),
        Just(json!("en_US")),
        Just(json!("O’Connor")),
        Just(json!("email")),
        Just(json!("sms")),
        Just(json!("mobilepush")),
        Just(json!([])),
        Just(json!({})),
    ]
}

fn record() -> impl Strategy<Value = Value> {
    let channel = prop::collection::btree_map(
        prop_oneof![Just("type"), Just("value"), Just("device"), Just("x")].prop_map(str::to_owned),
        value(),
        0..4,
    );
    let field = prop::collection::btree_map(
        prop_oneof![Just("id"), Just("value")].prop_map(str::to_owned),
        value(),
        0..3,
    );
    let name = prop_oneof![
        Just("firstName"),
        Just("lastName"),
        Just("timeZone"),
        Just("languageCode"),
        Just("externalCustomerId"),
        Just("id"),
        Just("contactKey"),
        Just("address"),
        Just("addressBookId"),
        Just("city"),
    ];
    (
        prop::collection::vec(channel, 0..4),
        prop::collection::vec(field, 0..3),
        prop::collection::btree_map(name.prop_map(str::to_owned), value(), 0..6),
        any::<bool>(),
    )
        .prop_map(|(channels, fields, members, sound)| {
            let mut record = json!({"channels": channels, "fields": fields});
            for (name, value) in members {
                record[name] = value;
            }
            if sound {
                record["externalCustomerId"] = json!("7");
                record["channels"]
                    .as_array_mut()
                    .expect("channels")
                    .push(json!({"type": "email", "value": "a@example.com"}));
            }
            record
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn what_is_accepted_satisfies_the_schema_and_a_second_judgement_changes_nothing(record in record()) {
        thread_local! {
            static RULES: Rules = Rules::new(
                RuleOptions { unknown_fields: UnknownFields::Drop, ..RuleOptions::default() }, None,
            ).expect("our own schema is sound");
        }
        RULES.with(|rules| {
            let judged = judge_text(rules, &record.to_string());
            match judged.contact {
                None => prop_assert!(!judged.violations.is_empty()),
                Some(contact) => {
                    let again = judge_text(rules, &contact.to_string());
                    prop_assert_eq!(again, Judged { contact: Some(contact), key: judged.key, violations: vec![] });
                }
            }
            for violation in &judged.violations {
                let place = record.pointer(&violation.pointer);
                prop_assert!(place.is_some(), "{} is not in {}", violation.pointer, record);
            }
            Ok(())
        })?;
    }
}

#[test]
fn of_elements_that_stand_several_times_the_last_stays_however_many_there_are() {
    for count in [3, 63, 64, 65, 66, 1000] {
        // Each third id comes again: 0, 1, 2, 0, 1, 2, …
        let ids: Vec<usize> = (0..count).map(|nth| if nth % 6 < 3 { nth } else { nth - 3 }).collect();
        let fields: Vec<Value> =
            ids.iter().enumerate().map(|(nth, id)| json!({"id": id, "value": nth.to_string()})).collect();
        let channels = json!([{"type": "email", "value": "a@example.com"}]);
        let record = json!({"externalCustomerId": "1", "channels": channels, "fields": fields});
        let judged = judge(RuleOptions::default(), &record);
        let comes_again = |nth: &usize| ids[nth + 1..].contains(&ids[*nth]);
        let gone: Vec<String> = (0..count).filter(comes_again).map(|nth| format!("/fields/{nth}")).collect();
        let told: Vec<&str> = judged.violations.iter().map(|violation| violation.pointer.as_str()).collect();
        assert_eq!(told, gone, "{count}");
        assert!(judged.violations.iter().all(|violation| violation.code == "duplicate-field"));
        let left = judged.contact.expect("it is a contact")["fields"].as_array().expect("fields").len();
        assert_eq!(left, count - gone.len(), "{count}");
    }
}

/// So many that each of them going through all of the record would be felt.
const VERY_MANY: usize = 3000;

fn very_many(element: impl Fn(usize) -> Value) -> Value {
    (0..VERY_MANY).map(element).collect()
}

fn very_many_members() -> Value {
    Value::Object((0..VERY_MANY).map(|nth| (format!("x{nth:04}"), json!(1))).collect())
}

#[test]
fn of_very_many_faults_each_is_told_in_its_place() {
    let sms = json!({"type": "sms", "value": "380955547708"});
    let after_sms = |element: &dyn Fn(usize) -> Value| {
        let others = (0..VERY_MANY).map(element);
        json!({"channels": std::iter::once(sms.clone()).chain(others).collect::<Value>()})
    };
    let email = |value: String| json!({"type": "email", "value": value});
    // What is told, of what, where, and what goes because of it: `#` is the number of the part.
    let cases = [
        (
            "duplicate-channel",
            json!({"channels": very_many(|_| email("a@example.com".to_owned()))}),
            (0..VERY_MANY - 1, "/channels/#", "/channels/#"),
        ),
        (
            "channel-limit",
            json!({"channels": very_many(|nth| email(format!("a{nth}@example.com")))}),
            (0..VERY_MANY - 1, "/channels/#", "/channels/#"),
        ),
        (
            "not-allowed",
            after_sms(&|nth| json!({"type": format!("t{nth}"), "value": "x"})),
            (1..VERY_MANY + 1, "/channels/#/type", "/channels/#"),
        ),
        ("unknown-member", very_many_members(), (0..VERY_MANY, "/x#", "/x#")),
        (
            "unknown-member",
            json!({"address": very_many_members()}),
            (0..VERY_MANY, "/address/x#", "/address/x#"),
        ),
        (
            "missing-member",
            json!({"fields": very_many(|_| json!({"value": "x"}))}),
            (0..VERY_MANY, "/fields/#", "/fields/#"),
        ),
        (
            "bad-custom-field",
            json!({"fields": very_many(|nth| json!({"id": nth + 1, "value": []}))}),
            (0..VERY_MANY, "/fields/#/value", "/fields/#"),
        ),
    ];
    let options = RuleOptions { unknown_fields: UnknownFields::Drop, ..RuleOptions::default() };
    let rules = Rules::new(options, None).expect("our own schema is sound");
    for (code, more, (places, pointer, removed)) in cases {
        let judged = judge_text(&rules, &with(more).to_string());
        let is_name = pointer.contains('x');
        let at = |pointer: &str, nth: usize| {
            pointer.replace('#', &if is_name { format!("{nth:04}") } else { nth.to_string() })
        };
        let expected: Vec<_> = places.map(|nth| (at(pointer, nth), at(removed, nth))).collect();
        let expected: Vec<_> =
            expected.iter().map(|(pointer, removed)| (code, &**pointer, Some(&**removed))).collect();
        assert!(told(&judged) == expected, "{code} {pointer}");
        assert!(judged.contact.is_some(), "{code} {pointer}");
    }
}

#[test]
fn of_very_many_numbers_each_is_brought_into_normal_form_by_its_own_digits() {
    let fields = very_many(|nth| json!({"id": nth + 1, "value": nth}));
    let judged = judge(RuleOptions::default(), &with(json!({"fields": fields})));
    let expected = very_many(|nth| json!({"id": nth + 1, "value": nth.to_string()}));
    assert_eq!(judged.violations, []);
    assert!(judged.contact.is_some_and(|contact| contact["fields"] == expected));
}
