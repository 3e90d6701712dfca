//! Whatever a record holds, what is made of it is JSON, and texts stay as they are.

use mapping::{Apps, Fate, Inactive, Mapper, MappingOptions, presets};
use ndjson::Parser;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{id_from, map, map_row, mapper, preset};

/// Names that presets look at, so that random records are about something.
const NAMES: &[&str] = &[
    "ChannelType",
    "Address",
    "OptOut",
    "EndpointStatus",
    "User",
    "UserId",
    "UserAttributes",
    "FirstName",
    "Demographic",
    "Locale",
    "EffectiveDate",
    "identifier",
    "device_type",
    "invalid_identifier",
    "notification_types",
    "last_active",
    "push_tokens",
    "token",
    "platform",
    "notifications_enabled",
    "app",
    "email",
    "phone",
    "external_id",
    "push_address",
    "opt_in",
    "installed",
    "ios",
    "tz",
    "os_name",
    "token_datetime",
    "application_id",
    "profile_id",
    "x",
];
const TEXTS: &[&str] = &[
    "GCM",
    "APNS",
    "EMAIL",
    "SMS",
    "CUSTOM",
    "ALL",
    "INACTIVE",
    "ios",
    "android",
    "web",
    "0",
    "1",
    "11",
    "14",
    "t",
    "-2",
    "unsubscribed",
    "en_US",
    "2025-02-12T11:20:13.631Z",
    "",
    " ",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-20_i64..20).prop_map(Value::from),
        any::<f64>().prop_map(|float| json!(float)),
        proptest::sample::select(TEXTS).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 40, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object(inner).prop_map(Value::Object),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let name =
        prop_oneof![4 => proptest::sample::select(NAMES).prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec((name, inner), 0..10).prop_map(|members| members.into_iter().collect())
}

fn options() -> MappingOptions {
    let by_name = [("1".to_owned(), "ONE".to_owned())].into();
    MappingOptions {
        apps: Apps { any: None, by_name },
        inactive: Inactive::Send,
        stale_before: Some(1_700_000_000_000),
        updated_at: None,
        ..MappingOptions::default()
    }
}

/// What holds of everything that is made.
fn look(mapper: &mut Mapper, record: &str) {
    let outcome = map(mapper, record);
    match &outcome.mapped.fate {
        Fate::Contact => {
            let contact: Value =
                serde_json::from_str(&outcome.contact).expect("what the test makes is sound");
            let traced = Parser::new()
                .parse(record.as_bytes(), |tape| mapper.trace_record(tape))
                .expect("what the test makes is sound");
            assert_eq!(traced.contact, outcome.contact.as_bytes());
            for line in traced.lines {
                assert!(contact.pointer(&line.member).is_some(), "{} is not in {contact}", line.member);
            }
        }
        Fate::Skipped { violations, .. } | Fate::Rejected { violations, .. } => {
            assert_eq!(outcome.contact, "");
            assert!(!violations.is_empty());
        }
    }
    let record: Value = serde_json::from_str(record).expect("what the test makes is sound");
    for violation in outcome.violations() {
        assert!(!violation.code.is_empty() && !violation.message.is_empty());
        assert!(record.pointer(&violation.pointer).is_some(), "{} is not in {record}", violation.pointer);
    }
}

proptest! {
    #[test]
    fn records_become_json_by_every_preset(record in object(value())) {
        let record = Value::Object(record).to_string();
        for preset in presets().iter().filter(|preset| preset.name != "contact") {
            look(&mut mapper(preset.toml, MappingOptions::default()), &record);
            look(&mut mapper(preset.toml, options()), &record);
        }
    }

    #[test]
    fn rows_become_json_by_every_preset(cells in prop::collection::vec((proptest::sample::select(NAMES), any::<String>()), 0..12)) {
        let header: Vec<&str> = cells.iter().map(|(name, _)| *name).collect();
        let row: Vec<&str> = cells.iter().map(|(_, cell)| &**cell).collect();
        for name in ["pinpoint", "onesignal", "appmetrica"] {
            let outcome = map_row(&mut preset(name, options()), &header.join(","), &row);
            if outcome.fate() == "contact" {
                serde_json::from_str::<Value>(&outcome.contact).expect("what the test makes is sound");
            }
        }
    }

    #[test]
    fn texts_stay_as_they_are(text in prop_oneof![any::<String>(), "[+0-9\"\\\\ \n\u{1}\u{e9}]{1,40}"]) {
        prop_assume!(!text.trim().is_empty());
        let mut mapper = mapper(&id_from("'a'"), MappingOptions::default());
        let expected = json!({ "externalCustomerId": text, "channels": [] });
        let by_record = map(&mut mapper, &json!({ "z": [1], "a": text }).to_string()).contact;
        prop_assert_eq!(&serde_json::from_str::<Value>(&by_record).expect("what the test makes is sound"), &expected);
        let by_row = map_row(&mut mapper, "z,a", &["1", &text]).contact;
        prop_assert_eq!(by_row, by_record);
    }

    #[test]
    fn digits_stay_as_they_are(number in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?") {
        let mut mapper = mapper(&id_from("'a'"), MappingOptions::default());
        let outcome = map(&mut mapper, &format!(r#"{{"b":[1.5,"x"],"a":{number}}}"#));
        prop_assert_eq!(outcome.contact, format!(r#"{{"externalCustomerId":"{number}","channels":[]}}"#));
    }
}
