//! The allowed rate.

use std::time::Duration;

use mock_reteno::{Mock, MockOptions, Request};
use serde_json::json;

use crate::client::{Sent, add, get, keys, send, start};

const SECOND: Duration = Duration::from_secs(1);

/// How many of the requests arrived in the second that ends at `at`.
fn within_a_second<'r>(requests: impl Iterator<Item = &'r Request>, at: Duration) -> usize {
    requests.filter(|request| request.at <= at && at - request.at < SECOND).count()
}

fn posts(mock: &Mock) -> Vec<Request> {
    mock.requests().into_iter().filter(|request| request.method == "POST").collect()
}

#[test]
fn above_the_rate_requests_are_told_to_wait() {
    let mock = start(MockOptions { rate: 0, ..MockOptions::default() });
    let answer = add(&mock, &keys(&["k1"]));
    assert_eq!((answer.status, answer.retry_after.as_deref()), (429, Some("1")));
    assert_eq!(get(&mock, "version").status, 200, "the rate is that of contacts");
    assert_eq!(mock.applied("k1"), 0);
}

#[test]
fn no_second_lets_more_through_than_allowed_and_none_fewer() {
    const RATE: usize = 3;
    let mock = start(MockOptions { rate: 3, duplicate_window: Duration::ZERO, ..MockOptions::default() });
    // Until some were refused and one was let through after that.
    loop {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| add(&mock, &keys(&["k1"])));
            }
        });
        let statuses: Vec<_> = posts(&mock).iter().map(|request| request.status).collect();
        let first = statuses.iter().position(|status| *status == Some(429));
        if first.is_some_and(|first| statuses[first..].contains(&Some(200))) {
            break;
        }
    }

    let posts = posts(&mock);
    let passed = || posts.iter().filter(|request| request.status == Some(200));
    for request in &posts {
        let others = within_a_second(passed(), request.at);
        match request.status {
            Some(200) => assert!(others <= RATE, "{others} were let through in a second"),
            Some(429) => assert!(others >= RATE, "refused although only {others} were let through"),
            other => panic!("{other:?}"),
        }
    }
    let most = posts.iter().map(|request| within_a_second(posts.iter(), request.at)).max();
    assert_eq!(Some(mock.most_in_a_second()), most);
    assert!(mock.windows_above(RATE) > 0);
    assert_eq!(mock.windows_above(mock.most_in_a_second()), 0);
}

#[test]
fn requests_without_the_key_count_but_take_nothing_from_the_rate() {
    let mock = start(MockOptions { rate: 1, ..MockOptions::default() });
    for _ in 0..3 {
        let body = json!({}).to_string();
        let sent = Sent { method: "POST", path: "contacts", authorization: None, body, ..Sent::default() };
        assert_eq!(send(&mock, sent).unwrap().status, 401);
    }
    assert_eq!(add(&mock, &keys(&["k1"])).status, 200);
    assert!(mock.most_in_a_second() >= 1);
}
