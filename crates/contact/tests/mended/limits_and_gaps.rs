//! Records that are good but for what they lack, or have too much of.

use contact::OnInvalid;
use serde_json::json;

use super::{Tester, all_options};

#[test]
fn what_a_contact_lacks_is_told_by_the_members_that_it_has() {
    let required = json!({"required": ["firstName", "lastName", "timeZone"], "minProperties": 4});
    let conditional = json!({
        "required": ["lastName"],
        "if": {"properties": {"languageCode": {"const": "uk"}}, "required": ["languageCode"]},
        "then": {"required": ["timeZone"]},
    });
    let members = [
        r#""firstName":"Ann""#,
        r#""lastName":"Bo""#,
        r#""languageCode":"uk""#,
        r#""languageCode":"en""#,
        r#""timeZone":"Europe/Kyiv""#,
        r#""channels":[{"type":"sms","value":"380501234567"}]"#,
        r#""channels":[{"type":"sms","value":"380501234567"},{"type":"sms","value":"380501234567"}]"#,
        r#""fields":[{"id":1,"value":"x"},{"id":1,"value":"y"}]"#,
        r#""externalCustomerId":"k""#,
        r#""externalCustomerId":"""#,
        r#""id":7"#,
        r#""firstName":"1""#,
        r#""unknown":1"#,
    ];
    let mut random = fastrand::Rng::with_seed(14);
    for schema in [None, Some(required), Some(conditional)] {
        for options in all_options() {
            let mut tester = Tester::new(options, schema.clone());
            for _ in 0..400 {
                let count = random.usize(..5);
                let chosen = random.choose_multiple(members, count).join(",");
                tester.is_mended(format!("{{{chosen}}}").as_bytes());
            }
            let is_conditional = schema.as_ref().is_some_and(|schema| schema.get("if").is_some());
            assert!(is_conditional || tester.has_mended("missing-member"), "{:?}", tester.mended);
        }
    }
}

#[test]
fn what_is_beyond_a_limit_is_left_out_by_what_stands_in_its_elements() {
    let push = |token: &str, active: &str| {
        format!(
            r#"{{"type":"mobilepush","value":"{token}","device":{{"appId":"0f8b1c1e-52a3-4c55-9a51-5d6f1f6f0a11","os":"iOS"{active}}}}}"#
        )
    };
    let channels = [
        push("a1", ""),
        push("a2", r#","active":false"#),
        push("a3", r#","active":true"#),
        push("a\\u0034", ""),
        r#"{"type":"sms","value":"380501234567"}"#.to_owned(),
        r#"{"value":"380501234568","type":"sms"}"#.to_owned(),
        r#"{"type":"email","value":"a@example.com"}"#.to_owned(),
        r#"{"type":"email","value":"b@example.com"}"#.to_owned(),
        r#"{"type":"email","value":"nope"}"#.to_owned(),
        r#"{"type":"sms"}"#.to_owned(),
    ];
    let fields = [
        r#"{"id":1,"value":"x"}"#,
        r#"{"id":2,"value":"[{\"}"}"#,
        r#"{"value":"y","id":1}"#,
        r#"{"id":1.0,"value":"z"}"#,
        r#"{"id":"1","value":"z"}"#,
    ];
    let fewer = json!({"properties": {
        "channels": {"minItems": 2, "x-max-per-type": {"default": 2, "sms": 1}},
        "fields": {"x-unique-by": ["value"], "x-unique-code": "same-value"},
    }});
    let mut random = fastrand::Rng::with_seed(15);
    for schema in [None, Some(fewer)] {
        for options in all_options() {
            // Where two limits speak about one array, or nothing is left out, it needs a closer look.
            let needs_text_alone = options.on_invalid == OnInvalid::Prune && schema.is_none();
            let mut tester = Tester::new(options, schema.clone());
            for _ in 0..600 {
                let space = random.choice(["", "", " ", "\t\r\n"]).expect("there are some");
                let mut list = |from: &[String], most: usize, odd: usize| {
                    let count = random.usize(1..most);
                    // Most of them have nothing odd in them.
                    let from = &from[..from.len() - if random.usize(..4) == 0 { 0 } else { odd }];
                    let chosen: Vec<String> =
                        (0..count).map(|_| random.choice(from).expect("there are some").clone()).collect();
                    format!("[{space}{}{space}]", chosen.join(&format!("{space},{space}")))
                };
                let channels = list(&channels, 6, 2);
                let fields = list(&fields.map(str::to_owned), 4, 2);
                let record = format!(
                    r#"{{"externalCustomerId":{space}"k","channels"{space}:{channels},"firstName":"Ann","fields":{fields}}}"#
                );
                tester.is_mended(record.as_bytes());
            }
            for code in ["duplicate-channel", "channel-limit", "duplicate-field"] {
                assert!(!needs_text_alone || tester.has_mended(code), "{code} of {:?}", tester.mended);
            }
        }
    }
    // None of these needs anything but its text.
    let mut tester = Tester::new(all_options().remove(0), None);
    for space in ["", " "] {
        for channels in [
            vec![&channels[4], &channels[4]],
            vec![&channels[0], &channels[1], &channels[2], &channels[6]],
            vec![&channels[0], &channels[5], &channels[0], &channels[4], &channels[5]],
        ] {
            let channels: Vec<&str> = channels.into_iter().map(String::as_str).collect();
            let channels = channels.join(&format!("{space},{space}"));
            let record = format!(r#"{{"externalCustomerId":"k",{space}"channels":[{channels}]}}"#);
            assert!(tester.is_mended(record.as_bytes()), "{record}");
        }
    }
}
