//! Keys, methods, types, and what a body must be.

use mock_reteno::{Authorization, MockOptions};
use serde_json::json;

use crate::client::{Sent, add, basic, get, keys, send, start};

#[test]
fn only_the_key_as_a_password_opens_the_api() {
    let mock = start(MockOptions { key: "a:b".to_owned(), ..MockOptions::default() });
    let cases = [
        (Some(basic("", "a:b")), 200, Authorization::Right),
        (Some(basic("anybody", "a:b")), 200, Authorization::Right),
        (Some(basic("", "other")), 401, Authorization::Wrong),
        (Some(basic("a:b", "")), 401, Authorization::Wrong),
        (Some("Bearer a:b".to_owned()), 401, Authorization::Wrong),
        (Some("Basic ???".to_owned()), 401, Authorization::Wrong),
        (None, 401, Authorization::Absent),
    ];
    for (authorization, status, seen) in cases {
        let sent = Sent { authorization: authorization.clone(), ..Sent::default() };
        let answer = send(&mock, sent).unwrap();
        assert_eq!(answer.status, status, "{authorization:?}");
        assert_eq!(mock.requests().last().unwrap().authorization, seen);
        if status == 401 {
            assert!(answer.json()["message"].is_string());
        }
    }
}

#[test]
fn a_wrong_key_adds_nothing() {
    let mock = start(MockOptions::default());
    let body = keys(&["k1"]).to_string();
    let authorization = Some(basic("", "other"));
    let answer =
        send(&mock, Sent { method: "POST", path: "contacts", authorization, body, ..Sent::default() });
    assert_eq!(answer.unwrap().status, 401);
    assert_eq!(mock.applied("k1"), 0);
    assert!(mock.contact("k1").is_none());
}

#[test]
fn methods_paths_and_types_are_strict() {
    let mock = start(MockOptions::default());
    let json = "application/json";
    let cases = [
        ("GET", "contacts", json, 405),
        ("DELETE", "version", json, 405),
        ("POST", "account/info", json, 405),
        ("GET", "nothing", json, 404),
        ("GET", "importstatus/unknown", json, 404),
        ("POST", "contacts", "text/plain", 415),
        ("POST", "contacts", "", 415),
        ("POST", "contacts", "application/jsonx", 415),
        ("POST", "apps/a/tokens", "text/plain", 415),
        ("POST", "contacts", "Application/JSON;charset=utf-8", 200),
        ("GET", "account/info", json, 200),
        ("GET", "version", json, 200),
    ];
    for (method, path, content_type, status) in cases {
        let body = keys(&["k1"]).to_string();
        let answer = send(&mock, Sent { method, path, content_type, body, ..Sent::default() }).unwrap();
        assert_eq!(answer.status, status, "{method} {path} {content_type}");
        assert!(answer.content_type.starts_with("application/json"), "{}", answer.content_type);
    }
    assert_eq!(get(&mock, "account/info").json()["organisationName"], "Mock");
}

#[test]
fn bodies_that_break_the_schema_are_refused_in_turn_as_text_and_as_json() {
    let mock = start(MockOptions::default());
    let mut wrong = keys(&["k1", "k2"]);
    wrong["contacts"][1]["city"] = json!("Kyiv");
    let text = add(&mock, &wrong);
    assert_eq!((text.status, text.content_type.as_str()), (400, "text/plain;charset=UTF-8"));
    assert!(text.body.contains("/contacts/1"), "{}", text.body);
    let json = add(&mock, &wrong);
    assert_eq!((json.status, &json.json()["message"]), (400, &json!(text.body)));
    assert_eq!(mock.applied("k1"), 0, "nothing of a refused request is taken");
}

#[test]
fn a_body_above_the_limit_is_too_large() {
    let body = keys(&["k1"]);
    let length = body.to_string().len();
    let mock = start(MockOptions { max_body_bytes: length, ..MockOptions::default() });
    assert_eq!(add(&mock, &keys(&["key-that-is-longer"])).status, 413);
    assert_eq!(add(&mock, &body).status, 200);
}

#[test]
fn the_log_tells_each_request() {
    let mock = start(MockOptions::default());
    let body = keys(&["k1"]);
    add(&mock, &body);
    get(&mock, "version");
    let [post, version] = &mock.requests()[..] else { panic!("two requests were sent") };
    assert_eq!(
        (post.method.as_str(), post.path.as_str(), post.status),
        ("POST", "/api/v1/contacts", Some(200))
    );
    assert_eq!(post.user_agent.as_deref(), Some("tests"));
    assert_eq!(post.body_bytes, body.to_string().len());
    assert_eq!(mock.applied_bodies(), [(post.body_hash.clone(), 1)]);
    assert_eq!((version.path.as_str(), version.body_bytes), ("/api/v1/version", 0));
    assert!(post.at <= version.at);
}
