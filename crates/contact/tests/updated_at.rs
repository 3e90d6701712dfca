//! When records were true.

use contact::{
    DedupeOn, FieldSet, Formats, LineEnds, OnInvalid, PLAIN_MARGIN_BYTES, RuleOptions, Rules, Schema,
    Scratch, UnknownFields, Verdict, Violation,
};
use ndjson::Parser;
use serde_json::{Value, json};

const CONTACT: &str = r#"{"externalCustomerId":"7","channels":[{"type":"email","value":"a@example.com"}]}"#;

fn options(pointer: &str) -> RuleOptions {
    RuleOptions { updated_at: Some(pointer.parse().expect("it is a pointer")), ..RuleOptions::default() }
}

fn rules(pointer: &str) -> Rules {
    Rules::new(options(pointer), None).expect("our own schema is sound")
}

/// A contact with more members in front.
fn with(members: &str) -> String {
    CONTACT.replacen('{', &format!("{{{members},"), 1)
}

#[derive(Debug, PartialEq)]
enum Judged {
    /// The contact, when it was true, and what is told: code, pointer, and what was left out.
    Accepted(String, Option<i64>, Vec<(String, String, Option<String>)>),
    /// The codes.
    Rejected(Vec<String>),
}

fn judge(rules: &Rules, record: &str) -> Judged {
    let judge = |tape: &mut ndjson::Tape<'_>| match rules.judge(tape, &mut Scratch::default()) {
        Verdict::Accepted { pruned, updated_at, .. } => {
            let mut encoded = Vec::new();
            contact::encode(tape, &mut encoded);
            let told = pruned.into_iter().map(|violation| {
                let Violation { code, pointer, removed, .. } = violation;
                (code.to_string(), pointer.to_string(), removed.map(String::from))
            });
            Judged::Accepted(String::from_utf8(encoded).expect("text"), updated_at, told.collect())
        }
        Verdict::Rejected { violations, .. } => {
            Judged::Rejected(violations.into_iter().map(|violation| violation.code.to_string()).collect())
        }
    };
    Parser::new().parse(record.as_bytes(), judge).expect("it is JSON")
}

fn accepted(contact: impl Into<String>, updated_at: impl Into<Option<i64>>) -> Judged {
    Judged::Accepted(contact.into(), updated_at.into(), Vec::new())
}

#[test]
fn the_time_is_read_and_its_member_silently_taken_out() {
    let rules = rules("/updated_at");
    for (member, time) in [
        (r#""updated_at":"2026-10-30T12:00:00+02:00""#, Some(1_793_354_400_000)),
        (r#""updated_at":"2026-10-30""#, Some(1_793_318_400_000)),
        (r#""updated_at":1793318400"#, Some(1_793_318_400_000)),
        (r#""updated_at":null"#, None),
        (r#""updated_at":"""#, None),
    ] {
        assert_eq!(judge(&rules, &with(member)), accepted(CONTACT, time), "{member}");
    }
    assert_eq!(judge(&rules, CONTACT), accepted(CONTACT, None));
}

#[test]
fn a_time_inside_a_member_is_found_and_the_member_goes_whole() {
    let record = with(r#""meta":{"source":"x","times":[1,{"at":5}]}"#);
    assert_eq!(judge(&rules("/meta/times/1/at"), &record), accepted(CONTACT, 5000));
    assert_eq!(judge(&rules("/meta/times/7"), &record), accepted(CONTACT, None));
}

#[test]
fn a_member_of_a_contact_stays_where_it_is() {
    let record = CONTACT.replace("]}", r#"],"fields":[{"id":1,"value":"2026-10-30"}]}"#);
    assert_eq!(judge(&rules("/fields/0/value"), &record), accepted(&*record, 1_793_318_400_000));
    // As it was read, not as it was repaired.
    let record = CONTACT.replace(r#""7""#, "1793318400");
    let written = CONTACT.replace(r#""7""#, r#""1793318400""#);
    assert_eq!(judge(&rules("/externalCustomerId"), &record), accepted(written, 1_793_318_400_000));
}

#[test]
fn what_is_no_time_is_told_and_nothing_is_left_out_for_it() {
    for on_invalid in [OnInvalid::Prune, OnInvalid::Reject] {
        let options = RuleOptions { on_invalid, ..options("/updated_at") };
        let rules = Rules::new(options, None).expect("our own schema is sound");
        let told = vec![("bad-updated-at".to_owned(), "/updated_at".to_owned(), None)];
        let judged = judge(&rules, &with(r#""updated_at":"yesterday""#));
        assert_eq!(judged, Judged::Accepted(CONTACT.to_owned(), None, told));
    }
}

#[test]
fn all_else_is_judged_as_without_a_time() {
    let rules = rules("/updated_at");
    let unknown = judge(&rules, &with(r#""updated_at":5,"updatedAt":6"#));
    assert_eq!(unknown, Judged::Rejected(vec!["unknown-member".to_owned()]));
    let nameless =
        with(r#""updated_at":"x""#).replace("externalCustomerId", "firstName").replace("\"7\"", "\"Ann\"");
    assert_eq!(judge(&rules, &nameless), Judged::Rejected(vec!["missing-key".to_owned()]));
    // Places are those of the record as it was read.
    let pruned = with(r#""updated_at":5,"timeZone":"Nowhere""#);
    let told = vec![("bad-time-zone".to_owned(), "/timeZone".to_owned(), Some("/timeZone".to_owned()))];
    assert_eq!(judge(&rules, &pruned), Judged::Accepted(CONTACT.to_owned(), Some(5000), told));
    let channels =
        r#""channels":[{"type":"email","value":"a@example.com"},{"type":"email","value":"b@example.com"}]"#;
    let many = format!(r#"{{"externalCustomerId":"7","updated_at":5,{channels}}}"#);
    let Judged::Accepted(_, time, told) = judge(&rules, &many) else { panic!("it is a contact") };
    assert_eq!((time, told[0].1.as_str()), (Some(5000), "/channels/0"));
}

#[test]
fn the_users_schema_does_not_see_a_member_that_is_no_part_of_a_contact() {
    let tightened = |schema: Value| {
        let schema = Schema::compile(schema, Vec::new(), Formats::Assert).expect("it is sound");
        let options = RuleOptions { unknown_fields: UnknownFields::Reject, ..options("/updated_at") };
        Rules::new(options, Some(schema)).expect("our own schema is sound")
    };
    let record = with(r#""updated_at":5"#);
    let closed =
        json!({ "properties": { "channels": {}, "externalCustomerId": {} }, "additionalProperties": false });
    assert_eq!(judge(&tightened(closed), &record), accepted(CONTACT, 5000));
    let knowing = json!({ "properties": { "updated_at": { "type": "integer" } } });
    assert_eq!(judge(&tightened(knowing), &record), accepted(CONTACT, 5000));
}

#[test]
fn nothing_is_taken_from_its_text_alone_where_times_are_read() {
    let rules = rules("/updated_at");
    let mut bytes = CONTACT.as_bytes().to_vec();
    bytes.resize(CONTACT.len() + PLAIN_MARGIN_BYTES, b' ');
    let (mut scratch, mut fields) = (Scratch::default(), FieldSet::default());
    assert_eq!(rules.take_plain(&bytes, 0, LineEnds::AreSpace, &mut scratch, &mut fields), None);
    let rules = Rules::new(RuleOptions { dedupe_on: DedupeOn::Email, ..RuleOptions::default() }, None);
    let rules = rules.expect("our own schema is sound");
    assert!(rules.take_plain(&bytes, 0, LineEnds::AreSpace, &mut scratch, &mut fields).is_some());
}
