//! Each fault as a client meets it, and whether the request was taken.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mock_reteno::{Fault, Faults, Mock, MockOptions};

use crate::client::{Answer, Broken, Sent, accepted, add, basic, get, keys, send_to, start, try_add};

fn scripted(script: Vec<Fault>) -> Mock {
    let faults = Faults { script, ..Faults::default() };
    start(MockOptions { faults, duplicate_window: Duration::ZERO, ..MockOptions::default() })
}

fn seen(answer: &Result<Answer, Broken>) -> Result<(u16, Option<&str>), Broken> {
    answer.as_ref().map(|answer| (answer.status, answer.retry_after.as_deref())).map_err(|broken| *broken)
}

#[test]
fn each_fault_is_seen_and_takes_the_request_or_does_not() {
    let cases = [
        (Fault::None, Ok((200, None)), 1),
        (Fault::TooMany, Ok((429, None)), 0),
        (Fault::TooManyAfter(Duration::from_millis(1_500)), Ok((429, Some("2"))), 0),
        (Fault::ServerError(502), Ok((502, None)), 0),
        (Fault::Timeout, Ok((408, None)), 0),
        (Fault::Slow(Duration::from_millis(1)), Ok((200, None)), 1),
        (Fault::ResetBefore, Err(Broken::Reset), 0),
        (Fault::ResetAfter, Err(Broken::Reset), 1),
        (Fault::Truncated, Err(Broken::Short), 1),
        (Fault::WrongType, Ok((200, None)), 1),
        (Fault::WrongTypeBefore, Ok((200, None)), 0),
        (Fault::TooLarge, Ok((413, None)), 0),
        (Fault::Status(403, "No rights".to_owned()), Ok((403, None)), 0),
    ];
    for (fault, expected, applied) in cases {
        let mock = scripted(vec![fault.clone()]);
        let answer = try_add(&mock, &keys(&["k1"]));
        assert_eq!(seen(&answer), expected, "{fault:?}");
        assert_eq!(mock.applied("k1"), applied, "{fault:?}");
        assert_eq!(mock.contact("k1").is_some(), applied == 1, "{fault:?}");

        let logged = mock.requests().remove(0);
        let whole = matches!(fault, Fault::Truncated).then_some(200);
        assert_eq!(logged.status, expected.ok().map(|(status, _)| status).or(whole), "{fault:?}");
        assert_eq!(logged.fault, fault);

        // The next one is let through.
        assert_eq!(add(&mock, &keys(&["k1"])).status, 200, "{fault:?}");
    }
}

#[test]
fn a_connection_that_is_kept_breaks_only_at_its_fault() {
    let mock = scripted(vec![Fault::None, Fault::None, Fault::Truncated]);
    let url = mock.url();
    let host = url.split('/').nth(2).unwrap();
    let body = keys(&["k1"]).to_string();
    let request = format!(
        "POST /api/v1/contacts HTTP/1.1\r\nHost: {host}\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        basic("", "test-key"),
        body.len()
    );
    let mut stream = TcpStream::connect(host).unwrap();
    let mut lengths = Vec::new();
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut buffer = [0; 4_096];
        lengths.push(stream.read(&mut buffer).unwrap());
    }
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0, "the connection is over");
    assert_eq!(lengths[0], lengths[1]);
    assert!(lengths[2] < lengths[0]);
    assert_eq!(mock.applied("k1"), 3);
}

#[test]
fn wrong_types_are_web_pages_and_free_texts_have_their_type() {
    let script = vec![
        Fault::WrongType,
        Fault::WrongTypeBefore,
        Fault::Status(400, "Text".to_owned()),
        Fault::Status(200, r#"{"errorMessage":"No"}"#.to_owned()),
    ];
    let mock = scripted(script);
    let types = ["text/html", "text/html", "text/plain;charset=UTF-8", "application/json;charset=UTF-8"];
    for expected in types {
        assert_eq!(add(&mock, &keys(&["k1"])).content_type, expected);
    }
    assert_eq!(mock.applied("k1"), 1);
}

#[test]
fn a_slow_answer_comes_late_and_its_request_is_taken_before() {
    let late = Duration::from_millis(50);
    let mock = scripted(vec![Fault::Slow(late), Fault::Slow(Duration::from_secs(86_400))]);
    let started = Instant::now();
    assert_eq!(add(&mock, &keys(&["k1"])).status, 200);
    assert!(started.elapsed() >= late);

    let (url, body) = (mock.url(), keys(&["k2"]).to_string());
    let waiting = std::thread::spawn(move || {
        send_to(&url, Sent { method: "POST", path: "contacts", body, ..Sent::default() }).err()
    });
    while mock.applied("k2") == 0 {
        std::thread::yield_now();
    }
    assert!(!waiting.is_finished(), "it waits for a day");
    drop(mock);
    assert!(waiting.join().unwrap().is_some(), "or until the mock is gone");
}

#[test]
fn latency_is_added_to_every_answer() {
    let latency = Duration::from_millis(30);
    let mock = start(MockOptions { latency, ..MockOptions::default() });
    let started = Instant::now();
    assert_eq!(get(&mock, "version").status, 200);
    assert!(started.elapsed() >= latency);
}

#[test]
fn a_refused_request_gets_its_own_answer_instead_of_a_web_page() {
    let faults = Faults { wrong_type: 1.0, ..Faults::default() };
    let mock = start(MockOptions { faults, refuse_keys: vec!["bad".to_owned()], ..MockOptions::default() });
    assert_eq!(add(&mock, &keys(&["bad"])).status, 400);
    assert_eq!(mock.requests()[0].fault, Fault::None);
}

#[test]
fn a_lost_answer_makes_the_next_try_a_duplicate() {
    let faults = Faults { script: vec![Fault::ResetAfter], ..Faults::default() };
    let mock = start(MockOptions { faults, ..MockOptions::default() });
    assert_eq!(try_add(&mock, &keys(&["k1"])).err(), Some(Broken::Reset));
    assert_eq!(add(&mock, &keys(&["k1"])).status, 409);
    assert_eq!(mock.applied("k1"), 1);
}

#[test]
fn asking_for_a_session_can_fail_too() {
    let mock = start(MockOptions::default());
    let id = add(&mock, &keys(&["k1"])).json()["asyncSessionId"].as_str().unwrap().to_owned();
    mock.set_faults(Faults { poll_error: 1.0, ..Faults::default() });
    assert_eq!(get(&mock, &format!("importstatus/{id}")).status, 500);
    mock.set_faults(Faults::default());
    assert_eq!(get(&mock, &format!("importstatus/{id}")).status, 200);
}

#[test]
fn faults_that_are_set_later_begin_with_their_script() {
    let mock = start(MockOptions::default());
    accepted(&mock, &keys(&["k1"]));
    mock.set_faults(Faults { script: vec![Fault::Timeout], request_timeout: 0.0, ..Faults::default() });
    assert_eq!(add(&mock, &keys(&["k2"])).status, 408);
    assert_eq!(add(&mock, &keys(&["k2"])).status, 200);
}

#[test]
fn under_every_fault_at_once_what_was_answered_well_was_taken() {
    let faults = Faults { slow_by: Duration::ZERO, ..Faults::each(0.15) };
    let mock = start(MockOptions { faults, rate: 100_000, seed: 5, ..MockOptions::default() });
    let names: Vec<String> = (0..200).map(|number| format!("k{number}")).collect();
    std::thread::scope(|scope| {
        for part in names.chunks(50) {
            let mock = &mock;
            scope.spawn(move || {
                for name in part {
                    while !matches!(try_add(mock, &keys(&[name])), Ok(answer)
                        if answer.status == 409 || answer.content_type.contains("json") && answer.status == 200)
                    {}
                }
            });
        }
    });
    assert!(names.iter().all(|name| mock.applied(name) == 1));
    assert_eq!(mock.contacts().len(), names.len());
}
