//! Whole runs, from bytes to request bodies and rejects.

// Not every test needs all of it.
#[allow(dead_code)]
mod memory;

use std::num::{NonZeroU32, NonZeroUsize};

use memory::{Ran, Run};
use pipeline::{End, OnDuplicate, RejectLimit};
use proptest::prelude::*;
use serde_json::{Value, json};

fn contact(id: &str, more: &str) -> String {
    format!(
        r#"{{"externalCustomerId":"{id}","channels":[{{"type":"email","value":"{id}@example.com"}}]{more}}}"#
    )
}

/// Lines of every fate: clean, repairable, prunable, refused, repeated, not JSON, blank.
fn line() -> impl Strategy<Value = String> {
    let id = (0..40_u32).prop_map(|id| format!("c{id}"));
    prop_oneof![
        4 => id.clone().prop_map(|id| contact(&id, "")),
        2 => id.clone().prop_map(|id| contact(&id, r#","firstName":"Ann","address":{"town":"Lviv"}"#)),
        2 => id.clone().prop_map(|id| contact(&id, r#","firstName":"  Ann ","lastName":"","timeZone":"Europe/Kiev""#)),
        1 => id.clone().prop_map(|id| contact(&id, r#","fields":[{"id":7,"value":12},{"id":3,"value":true}]"#)),
        1 => id.clone().prop_map(|id| contact(&id, r#","firstName":"1234","timeZone":"Mars/Base""#)),
        1 => id.clone().prop_map(|id| contact(&id, r#","nickname":"Annie""#)),
        1 => id.prop_map(|id| format!(r#"{{"externalCustomerId":"{id}","channels":[]}}"#)),
        1 => Just(r#"{"channels":[{"type":"email","value":"nobody@example.com"}]}"#.to_owned()),
        1 => Just(r#"{"externalCustomerId":"#.to_owned()),
        1 => Just("[1,2]".to_owned()),
        1 => Just("  \t".to_owned()),
        1 => Just(format!(r#"{{"contacts":[{},{}]}}"#, contact("b1", ""), contact("b2", r#","firstName":"B""#))),
    ]
}

fn assert_adds_up(ran: &Ran) {
    assert!(matches!(ran.outcome.end, End::Complete), "{:?}", ran.outcome.end);
    let counts = ran.outcome.counts;
    assert!(counts.add_up(), "{}", counts.identity());
    assert_eq!(ran.contacts().len() as u64, counts.written);
    assert_eq!(ran.outcome.tally.as_ref().map(|tally| tally.contacts), Some(counts.written));
    let told = |action: &str| ran.rejects().iter().filter(|reject| reject["action"] == action).count() as u64;
    assert_eq!(
        (told("rejected"), told("duplicate"), told("pruned")),
        (counts.rejected, counts.merged, counts.pruned)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_record_is_written_left_out_or_refused_and_nothing_depends_on_threads_or_blocks(
        lines in prop::collection::vec(line(), 0..120),
        batch in 1..9_u32,
        policy in prop_oneof![Just(OnDuplicate::First), Just(OnDuplicate::Keep), Just(OnDuplicate::Reject)],
    ) {
        let text = lines.join("\n");
        let run = Run::of(&text).lines().batch(NonZeroU32::new(batch).expect("at least 1")).on_duplicate(policy);
        let one = run.clone().threads(1).block_bytes(1 << 20).go();
        assert_adds_up(&one);
        for (threads, block_bytes) in [(1, 1024), (2, 1024), (4, 2048), (8, 4096), (2, 1 << 16)] {
            let other = run.clone().threads(threads).block_bytes(block_bytes).go();
            prop_assert_eq!(&one.bodies, &other.bodies);
            prop_assert_eq!(&one.rejects, &other.rejects);
            prop_assert_eq!(one.outcome.counts, other.outcome.counts);
        }
    }

    #[test]
    fn a_second_run_over_its_own_output_changes_nothing(lines in prop::collection::vec(line(), 0..60)) {
        let first = Run::of(&lines.join("\n")).lines().go();
        let again = Run::of(&first.bodies.join("\n")).go();
        prop_assert_eq!(&again.bodies, &first.bodies);
        prop_assert_eq!(again.outcome.counts.rejected + again.outcome.counts.pruned, 0);
        prop_assert_eq!(again.outcome.repairs.iter().count(), 0);
    }

    #[test]
    fn no_body_lists_a_field_that_one_of_its_contacts_does_not_carry(lines in prop::collection::vec(line(), 0..80)) {
        for body in Run::of(&lines.join("\n")).lines().go().bodies {
            let body: Value = serde_json::from_str(&body).expect("a body is JSON");
            for contact in body["contacts"].as_array().expect("contacts") {
                for field in body["contactFields"].as_array().expect("contactFields") {
                    let name = field.as_str().expect("a name");
                    let channels = contact["channels"].as_array().expect("channels");
                    let carried = !contact[name].is_null()
                        || !contact["address"][name].is_null()
                        || channels.iter().any(|channel| channel["type"] == name);
                    prop_assert!(carried, "{} in {}", name, contact);
                }
                let ids: Vec<&Value> = body["customFieldsIDs"].as_array().into_iter().flatten().collect();
                let fields = contact["fields"].as_array().map_or(&[][..], Vec::as_slice);
                prop_assert_eq!(ids.len(), fields.len());
                for field in fields {
                    prop_assert!(ids.contains(&&field["id"]));
                }
            }
        }
    }
}

#[test]
fn the_sample_request_comes_through_unchanged() {
    let sample = include_str!("../../../fixtures/sample-request.json");
    let expected: Value = serde_json::from_str(sample).expect("the sample is JSON");
    for text in [sample.to_owned(), expected.to_string(), expected["contacts"][0].to_string()] {
        let ran = Run::of(&text).go();
        assert_adds_up(&ran);
        assert_eq!(ran.bodies.len(), 1);
        assert_eq!(serde_json::from_str::<Value>(&ran.bodies[0]).expect("JSON"), expected);
        assert_eq!(ran.outcome.repairs.iter().count(), 0);
    }
}

#[test]
fn a_reject_tells_its_line_its_byte_and_its_text() {
    let clean = contact("a", "");
    let text = format!("{clean}\r\n\n{{\"channels\":3}}\n{clean}\n");
    let ran = Run::of(&text).go();
    let rejects = ran.rejects();
    assert_eq!(rejects.len(), 2);
    assert_eq!(rejects[0]["line"], 3);
    assert_eq!(rejects[0]["byte_offset"], clean.len() + 3);
    assert_eq!(rejects[0]["raw"], "{\"channels\":3}");
    assert_eq!(rejects[1]["action"], "duplicate");
    assert_eq!((&rejects[1]["line"], &rejects[1]["key"]), (&json!(4), &json!("a")));
    assert!(rejects[1]["violations"][0]["message"].as_str().is_some_and(|message| message.contains(":1;")));
}

#[test]
fn contacts_of_a_request_body_are_records_of_their_own() {
    let body = format!(
        r#"{{"contacts":[{},7,{}],"dedupeOn":"externalCustomerId"}}"#,
        contact("a", ""),
        contact("b", r#","firstName":"1""#)
    );
    let ran = Run::of(&body).go();
    assert_adds_up(&ran);
    assert_eq!(ran.outcome.counts.read, 3);
    let rejects = ran.rejects();
    assert_eq!(rejects[0]["raw"], "7");
    assert_eq!(rejects[0]["byte_offset"], body.find(",7,").expect("it is there") + 1);
    assert_eq!(
        (&rejects[1]["action"], &rejects[1]["violations"][0]["pointer"]),
        (&json!("pruned"), &json!("/firstName"))
    );
}

#[test]
fn of_a_large_request_body_each_contact_has_its_own_line_and_its_own_fields() {
    const CONTACTS: usize = 300;
    let field = |nth: usize| format!(r#","fields":[{{"id":{nth},"value":"x"}}]"#);
    let contacts: Vec<_> = (1..=CONTACTS).map(|nth| contact(&format!("c{nth}"), &field(nth))).collect();
    // All but the odd ones, from the last on.
    let listed: Vec<_> = (1..=CONTACTS).rev().filter(|nth| nth.is_multiple_of(2)).collect();
    let body =
        format!("{{\"contacts\":[\n{}\n],\n\"customFieldsIDs\":{}}}", contacts.join(",\n"), json!(listed));
    let ran = Run::of(&body).go();
    assert_adds_up(&ran);
    let refused: Vec<_> = ran.rejects().iter().map(|reject| reject["line"].clone()).collect();
    // The first contact stands in the second line.
    assert_eq!(refused, (1..=CONTACTS).step_by(2).map(|nth| json!(nth + 1)).collect::<Vec<_>>());
    assert!(ran.rejects().iter().all(|reject| reject["violations"][0]["code"] == "body-fields"));
    let bodies = ran.bodies.iter().map(|body| serde_json::from_str::<Value>(body).expect("a body is JSON"));
    let lists = bodies.map(|body| body["customFieldsIDs"].clone());
    let expected = (2..=CONTACTS).step_by(2).map(|nth| json!([nth]));
    assert_eq!(lists.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn a_request_body_that_says_otherwise_than_the_options_is_refused_contact_by_contact() {
    for (more, code) in [
        (r#","dedupeOn":"email""#, "body-option"),
        (r#","groupNames":["VIP"]"#, "body-option"),
        (r#","restoreDeleted":true"#, "body-option"),
        (r#","surprise":1"#, "body-option"),
        (r#","contactFields":["firstName"]"#, "body-fields"),
    ] {
        let ran =
            Run::of(&format!(r#"{{"contacts":[{},{}]{more}}}"#, contact("a", ""), contact("b", ""))).go();
        assert_adds_up(&ran);
        assert_eq!(ran.outcome.counts.rejected, 2, "{more}");
        assert!(ran.rejects().iter().all(|reject| reject["violations"][0]["code"] == code), "{more}");
    }
}

#[test]
fn the_run_stops_at_the_first_reject_beyond_the_limit() {
    let bad = "{}\n".repeat(10);
    let stopped = Run::of(&bad).max_rejects(RejectLimit::Count(4)).go();
    assert!(matches!(stopped.outcome.end, End::TooManyRejects));
    assert_eq!(stopped.rejects().len(), 5);
    assert!(!stopped.complete);
    for (percent, complete) in [(100.0, true), (99.0, false)] {
        let ran = Run::of(&bad).max_rejects(RejectLimit::Percent(percent)).go();
        assert_eq!(ran.complete, complete);
        assert_eq!(ran.rejects().len(), 10);
    }
}

#[test]
fn violations_beyond_the_limit_are_counted_not_told() {
    let line = contact("a", r#","a":1,"b":2,"c":3,"d":4"#);
    let ran = Run::of(&line).max_errors(NonZeroUsize::new(2).expect("not 0")).go();
    let reject = &ran.rejects()[0];
    assert_eq!(reject["violations"].as_array().map(Vec::len), Some(2));
    assert_eq!(reject["omitted"], 2);
}

#[test]
fn of_very_many_violations_each_is_counted() {
    let channels = (0..3000).map(|nth| format!(r#"{{"type":"email","value":"a{nth}@example.com"}}"#));
    let line =
        format!(r#"{{"externalCustomerId":"a","channels":[{}]}}"#, channels.collect::<Vec<_>>().join(","));
    let ran = Run::of(&line).max_errors(NonZeroUsize::new(2).expect("not 0")).go();
    let reject = &ran.rejects()[0];
    let told = reject["violations"].as_array().expect("violations");
    assert_eq!(told.iter().map(|told| &told["pointer"]).collect::<Vec<_>>(), ["/channels/0", "/channels/1"]);
    assert_eq!(reject["omitted"], 2997);
    assert_eq!(ran.outcome.by_code["channel-limit"].pruned, 2999);
    assert_eq!(ran.outcome.records_by_code["channel-limit"].pruned, 1);
    assert_eq!(ran.contacts()[0]["channels"], json!([{"type": "email", "value": "a2999@example.com"}]));
}

#[test]
fn a_contact_larger_than_a_request_may_be_is_refused_and_the_next_is_not() {
    let large = contact("a", &format!(r#","contactKey":"{}""#, "k".repeat(5000)));
    let ran = Run::of(&format!("{large}\n{}\n{}", contact("b", ""), contact("a", ""))).batch_bytes(2000).go();
    assert_adds_up(&ran);
    assert_eq!(ran.rejects()[0]["violations"][0]["code"], "contact-too-large");
    // The second contact with the key of the large one is not its repetition: that one is not written.
    assert_eq!(ran.outcome.counts.written, 2);
}

#[test]
fn a_truncated_stream_is_told_after_everything_before_it_is_done() {
    use std::io::Write;
    let text: String = (0..2000).map(|id| contact(&format!("c{id}"), "") + "\n").collect();
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zipped.write_all(text.as_bytes()).expect("memory takes everything");
    let zipped = zipped.finish().expect("memory takes everything");
    let ran = Run::of_bytes(&zipped[..zipped.len() / 2]).go();
    assert!(matches!(ran.outcome.end, End::InputFailed), "{:?}", ran.outcome.end);
    assert_eq!(ran.outcome.input_errors.len(), 1);
    assert!(!ran.complete);
    let counts = ran.outcome.counts;
    assert!(counts.add_up() && counts.written > 100, "{}", counts.identity());
    assert_eq!(ran.contacts().len() as u64, counts.written);
}

#[test]
fn a_stopped_run_is_not_complete() {
    let ran = Run::of(&contact("a", "")).stopped().go();
    assert!(matches!(ran.outcome.end, End::Interrupted));
    assert!(!ran.complete);
}

#[test]
fn a_run_whose_sink_takes_nothing_ends_when_it_is_asked_to() {
    let long = format!(r#","contactKey":"{}""#, "k".repeat(5000));
    let text: String = (0..4000).map(|id| contact(&format!("c{id}"), &long) + "\n").collect();
    // All of it is one block, and makes more bodies than may wait.
    let ran = Run::of(&text).block_bytes(64 << 20).batch_bytes(3 << 20).stuck_sink().go();
    assert!(matches!(ran.outcome.end, End::Interrupted), "{:?}", ran.outcome.end);
    assert!(!ran.complete && ran.bodies.is_empty());
}

#[test]
fn a_panic_of_a_worker_ends_the_run_and_nothing_is_complete() {
    let text: String = (0..2000).map(|id| contact(&format!("c{id}"), "") + "\n").collect();
    for threads in 1..=3 {
        let ran = Run::of(&format!("{text}not json\n{text}")).threads(threads).panicking_rejects().go();
        assert!(matches!(ran.outcome.end, End::WorkersLost), "{:?}", ran.outcome.end);
        assert!(!ran.complete);
    }
}
