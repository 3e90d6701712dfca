//! What becomes of a request that is taken: failed contacts, duplicates, sessions.

use std::time::Duration;

use mock_reteno::MockOptions;
use serde_json::{Value, json};

use crate::client::{accepted, add, contact, get, keys, listing, start};

fn own(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[test]
fn one_failed_contact_is_an_object_and_several_are_an_array() {
    let mock = start(MockOptions { fail_keys: own(&["bad1", "bad2"]), ..MockOptions::default() });

    let one = add(&mock, &keys(&["good", "bad1"])).json();
    let failed = &one["failedContacts"];
    assert_eq!(failed["channels"], contact("bad1")["channels"], "it is a copy of what was sent");
    assert!(failed["error"].is_string());
    assert!(failed.get("externalCustomerId").is_none());

    let several = add(&mock, &keys(&["bad1", "bad2"])).json();
    assert_eq!(several["failedContacts"].as_array().map(Vec::len), Some(2));
    assert!(several["asyncSessionId"].is_string());

    assert!(add(&mock, &keys(&["good"])).json().get("failedContacts").is_none());
    assert!(mock.contact("good").is_some());
    assert!(mock.contact("bad1").is_none());
    assert_eq!(mock.applied("bad1"), 2, "both requests with it were accepted");
}

#[test]
fn a_contact_without_a_value_to_be_found_by_fails_alone() {
    let mock = start(MockOptions::default());
    let nameless = json!({ "channels": [{ "type": "email", "value": "nobody@example.com" }] });
    let answer = add(&mock, &listing(&["email"], &[contact("k1"), nameless.clone()])).json();
    assert_eq!(answer["failedContacts"]["channels"], nameless["channels"]);
    assert_eq!(mock.contacts().len(), 1);
}

#[test]
fn a_refused_contact_refuses_its_whole_request_in_either_form() {
    let mock = start(MockOptions { refuse_keys: own(&["bad"]), ..MockOptions::default() });
    let text = add(&mock, &keys(&["good", "bad"]));
    assert_eq!((text.status, text.content_type.as_str()), (400, "text/plain;charset=UTF-8"));
    let json = add(&mock, &keys(&["good", "bad"]));
    assert_eq!((json.status, json.json()["message"].as_str()), (400, Some(text.body.as_str())));
    assert_eq!(mock.applied("good"), 0);
    assert_eq!(add(&mock, &keys(&["good"])).status, 200);
}

#[test]
fn an_identical_body_is_a_duplicate_within_its_time_only() {
    let mock = start(MockOptions::default());
    assert_eq!(add(&mock, &keys(&["k1"])).status, 200);
    let again = add(&mock, &keys(&["k1"]));
    assert_eq!((again.status, again.body.as_str()), (409, "Duplicated request"));
    assert_eq!(add(&mock, &keys(&["k1", "k2"])).status, 200, "another body is none");
    assert_eq!((mock.applied("k1"), mock.applied("k2")), (2, 1));

    let mock = start(MockOptions { duplicate_window: Duration::ZERO, ..MockOptions::default() });
    for _ in 0..3 {
        assert_eq!(add(&mock, &keys(&["k1"])).status, 200);
    }
    assert_eq!(mock.applied("k1"), 3);
    assert!(matches!(&mock.applied_bodies()[..], [(_, 3)]));
}

#[test]
fn a_session_without_delay_is_finished_at_once_with_its_mapping() {
    let mock = start(MockOptions::default());
    let session = accepted(&mock, &keys(&["k1", "k2"]));
    assert_eq!(session["status"], "FINISHED");
    let id = |key| mock.contact(key).unwrap().id;
    let mapping = json!([{ "dedupeValue": "k1", "contactId": id("k1") }, { "dedupeValue": "k2", "contactId": id("k2") }]);
    assert_eq!(session["mapping"], mapping);
}

#[test]
fn nothing_is_kept_before_its_session_is_over() {
    let mock = start(MockOptions { session_delay: Duration::from_secs(86_400), ..MockOptions::default() });
    let session = accepted(&mock, &keys(&["k1"]));
    assert_eq!(session["status"], "STARTED");
    assert!(session.get("mapping").is_none());
    assert!(mock.contact("k1").is_none());
    assert_eq!(mock.applied("k1"), 1, "the request is accepted all the same");
}

#[test]
fn a_session_goes_through_its_statuses_in_order() {
    let mock = start(MockOptions { session_delay: Duration::from_millis(200), ..MockOptions::default() });
    let id = add(&mock, &keys(&["k1"])).json()["asyncSessionId"].as_str().unwrap().to_owned();
    let mut statuses: Vec<Value> = Vec::new();
    while statuses.last() != Some(&json!("FINISHED")) {
        statuses.push(get(&mock, &format!("importstatus/{id}")).json()["status"].clone());
    }
    statuses.dedup();
    let all = [json!("STARTED"), json!("IMPORTING"), json!("FINISHED")];
    let mut expected = all.iter();
    assert!(statuses.iter().all(|status| expected.any(|next| next == status)), "{statuses:?}");
    assert!(mock.contact("k1").is_some());
}

#[test]
fn a_session_that_ends_with_an_error_keeps_nothing() {
    let mock = start(MockOptions { error_session_keys: own(&["bad"]), ..MockOptions::default() });
    let session = accepted(&mock, &keys(&["good", "bad"]));
    assert_eq!(session["status"], "ERROR");
    assert!(session["description"].is_string());
    assert!(mock.contacts().is_empty());
}

#[test]
fn a_mapping_can_be_shorter_than_its_request() {
    let mock = start(MockOptions { unmapped_keys: own(&["k1"]), ..MockOptions::default() });
    let session = accepted(&mock, &keys(&["k1", "k2"]));
    assert_eq!(session["mapping"].as_array().map(Vec::len), Some(1));
    assert_eq!(session["mapping"][0]["dedupeValue"], "k2");
    assert!(mock.contact("k1").is_some(), "it is kept all the same");
}
