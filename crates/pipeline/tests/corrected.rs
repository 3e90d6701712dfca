//! Records in the lines of a rejects file are read as if they stood there alone.

// Not every test needs all of it.
#[allow(dead_code)]
mod memory;

use memory::{Ran, Run};
use pipeline::{Action, OnDuplicate, Reject};
use proptest::prelude::*;
use serde_json::{Value, json};

fn contact(id: u32, more: &str) -> String {
    format!(
        r#"{{"externalCustomerId":"c{id}","channels":[{{"type":"email","value":"c{id}@example.com"}}]{more}}}"#
    )
}

/// Records of every fate, and with everything that JSON escapes.
fn record() -> impl Strategy<Value = String> {
    let id = 0..30_u32;
    let name = || "[A-Za-zЇї\u{1F600}\"\\\\/\t\u{7F}\u{2028}]{0,12}";
    prop_oneof![
        4 => id.clone().prop_map(|id| contact(id, "")),
        4 => (id.clone(), name()).prop_map(|(id, name)| contact(id, &format!(",\"firstName\":{}", json!(name)))),
        2 => (id.clone(), name()).prop_map(|(id, name)| contact(id, &format!(",\"contactKey\":{}", json!(name)))),
        2 => id.clone().prop_map(|id| contact(id, r#","firstName":"  Ann ","timeZone":"Europe/Kiev""#)),
        1 => id.clone().prop_map(|id| contact(id, r#","fields":[{"id":7,"value":12345678901234567890123}]"#)),
        1 => id.clone().prop_map(|id| contact(id, r#","firstName":"1234","timeZone":"Mars/Base""#)),
        1 => (id.clone(), name()).prop_map(|(id, name)| contact(id, &format!(",{}:1", json!(name)))),
        1 => id.clone().prop_map(|id| format!(" {} ", contact(id, ""))),
        1 => Just(r#"{"externalCustomerId":"#.to_owned()),
        1 => Just("{\"externalCustomerId\":\"\t\"}".to_owned()),
        1 => Just("{}".to_owned()),
        1 => Just("[1,2]".to_owned()),
        1 => id.clone().prop_map(|id| format!(r#"{{"contacts":[{},7,{}]}}"#, contact(id, ""), contact(id + 1, ",\"city\":1"))),
        1 => id.prop_map(|id| format!(r#"{{"contacts":[{}],"dedupeOn":"email"}}"#, contact(id, ""))),
    ]
}

/// How a record is put into its line.
#[derive(Clone, Copy, Debug)]
enum Put {
    /// As the program does it.
    Written,
    /// With an escape for each UTF-16 unit.
    Escaped,
    /// As JSON, where it is some.
    Json,
    Base64,
}

fn line(record: &str, put: Put, nth: usize) -> String {
    let mut line = Vec::new();
    let reject = Reject {
        source: "somewhere.ndjson",
        line: nth as u64 + 1,
        byte_offset: 7,
        action: Action::Rejected,
        key: None,
        violations: &[],
        omitted: 0,
        raw: Some(record.as_bytes()),
    };
    reject.write_json(&mut line);
    let line = String::from_utf8(line).expect("a line is UTF-8");
    let (start, _) = line.split_once("\"raw\":").expect("it has a raw");
    match put {
        Put::Written => line,
        Put::Escaped => {
            let escapes: String = record.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            format!("{start}\"raw\":\"{escapes}\"}}")
        }
        Put::Json if serde_json::from_str::<Value>(record).is_ok() => {
            format!("{start} \"raw\" : {record} }}")
        }
        Put::Json => line,
        Put::Base64 => {
            let bytes = data_encoding::BASE64.encode(record.as_bytes());
            format!("{start}\"raw\":null,\"raw_base64\":\"{bytes}\"}}")
        }
    }
}

/// What is told, without where a record begins.
fn without_offsets(ran: &Ran) -> Vec<Value> {
    let mut rejects = ran.rejects();
    for reject in &mut rejects {
        reject["byte_offset"] = Value::Null;
        // The white space around a record is no part of a value.
        if let Some(raw) = reject["raw"].as_str() {
            reject["raw"] = Value::from(raw.trim().to_owned());
        }
    }
    rejects
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn records_in_rejects_become_the_same_contacts_and_are_told_for_the_same_reasons(
        records in prop::collection::vec(
            (record(), prop_oneof![Just(Put::Written), Just(Put::Escaped), Just(Put::Json), Just(Put::Base64)]),
            0..60,
        ),
        policy in prop_oneof![
            Just(OnDuplicate::Merge), Just(OnDuplicate::First), Just(OnDuplicate::Keep), Just(OnDuplicate::Reject),
        ],
    ) {
        let alone: Vec<&str> = records.iter().map(|(record, _)| record.as_str()).collect();
        let lines: Vec<String> =
            records.iter().enumerate().map(|(nth, (record, put))| line(record, *put, nth)).collect();
        let expected = Run::of(&alone.join("\n")).lines().on_duplicate(policy).go();
        let text = lines.join("\n");
        let run = Run::of(&text).lines().in_rejects().on_duplicate(policy);
        let one = run.clone().threads(1).block_bytes(1 << 20).go();
        prop_assert_eq!(&one.bodies, &expected.bodies);
        prop_assert_eq!(one.outcome.counts, expected.outcome.counts);
        prop_assert_eq!(without_offsets(&one), without_offsets(&expected));
        for reject in one.rejects() {
            let line = reject["line"].as_u64().expect("a line") as usize - 1;
            let start: usize = lines[..line].iter().map(|line| line.len() + 1).sum();
            let offset = reject["byte_offset"].as_u64().expect("an offset") as usize;
            let is_of_body = alone[line].starts_with("{\"contacts\"");
            prop_assert!(offset == start || is_of_body && offset < start + lines[line].len());
        }
        let other = run.threads(3).block_bytes(1024).go();
        prop_assert_eq!(&one.bodies, &other.bodies);
        prop_assert_eq!(&one.rejects, &other.rejects);
    }

    #[test]
    fn rejects_that_are_given_again_are_rejected_again_in_the_same_words(
        records in prop::collection::vec(record(), 0..40),
    ) {
        let first = Run::of(&records.join("\n")).lines().on_duplicate(OnDuplicate::Keep).go();
        let again = Run::of(&first.rejects).lines().in_rejects().on_duplicate(OnDuplicate::Keep).go();
        prop_assert_eq!(again.outcome.counts.read, first.rejects().len() as u64);
        prop_assert_eq!(again.outcome.counts.skipped, first.outcome.counts.pruned);
        let reasons = |ran: &Ran| -> Vec<(Value, Value)> {
            let rejected = ran.rejects().into_iter().filter(|reject| reject["action"] == "rejected");
            // A contact out of a body stands alone then, and what the body said is not known any more.
            let rejected = rejected.filter(|reject| {
                !reject["violations"][0]["code"].as_str().is_some_and(|code| code.starts_with("body-"))
                    && reject["raw"] != "7"
            });
            rejected.map(|mut reject| (reject["violations"].take(), reject["raw"].take())).collect()
        };
        prop_assert_eq!(reasons(&first), reasons(&again));
    }
}

#[test]
fn what_is_no_json_object_is_told_as_such_and_its_text_kept() {
    let records = ["1001,Ann,ann@example.com", "\"a\",\"b\"", "5", "null", "", "Infinity"];
    let lines: Vec<String> =
        records.iter().enumerate().map(|(nth, record)| line(record, Put::Written, nth)).collect();
    let ran = Run::of(&lines.join("\n")).in_rejects().go();
    assert_eq!(ran.outcome.counts.rejected, records.len() as u64);
    for (reject, record) in ran.rejects().iter().zip(records) {
        assert_eq!(reject["violations"][0]["code"], "raw-not-json", "{reject}");
        assert_eq!(reject["raw"], record);
    }
}

#[test]
fn a_record_is_found_wherever_it_stands_in_any_layout() {
    let records = [contact(1, ""), contact(2, ",\"city\":\"Kyiv\"")];
    let lines: Vec<Value> = records
        .iter()
        .enumerate()
        .map(|(nth, record)| serde_json::from_str(&line(record, Put::Json, nth)).expect("JSON"))
        .collect();
    let pretty: Vec<String> =
        lines.iter().map(|line| serde_json::to_string_pretty(line).expect("it is JSON")).collect();
    for text in [pretty.join("\n"), format!("[{}]", pretty.join(",\n")), pretty.join("\n\n")] {
        let ran = Run::of(&text).in_rejects().go();
        assert_eq!(ran.outcome.counts.identity(), "read 2 = written 1 + merged 0 + rejected 1");
        let reject = &ran.rejects()[0];
        let offset = reject["byte_offset"].as_u64().expect("an offset") as usize;
        assert!(text[offset..].starts_with(&pretty[1]), "{reject}");
        let line = text[..offset].matches('\n').count() + 1;
        assert_eq!(reject["line"], line);
        assert_eq!(reject["violations"][0]["pointer"], "/city");
    }
}

#[test]
fn contacts_of_a_request_body_over_several_lines_are_told_at_the_line_that_holds_it() {
    let body = format!("{{\"contacts\":[\n{},\n\n7,\n{{}}]}}", contact(1, ""));
    let text = [line(&contact(2, ""), Put::Written, 0), line(&body, Put::Written, 1)].join("\n");
    let ran = Run::of(&text).in_rejects().go();
    assert_eq!(ran.outcome.counts.identity(), "read 4 = written 2 + merged 0 + rejected 2");
    let second = text.find('\n').expect("there are two lines") + 1;
    for (reject, raw) in ran.rejects().iter().zip(["7", "{}"]) {
        assert_eq!((&reject["line"], &reject["raw"]), (&json!(2), &json!(raw)));
        let inside = body.rfind(raw).expect("it is there");
        assert_eq!(reject["byte_offset"], second + inside);
    }
}
