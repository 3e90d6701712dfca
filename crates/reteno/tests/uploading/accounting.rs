//! Every contact comes to an end that is told, and nothing is sent that could not be taken.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::time::Duration;

use mock_reteno::{Authorization, ContactState, Fault, Faults, Mock, MockOptions, Request};
use reteno::journal::{Files, Journal, Opened};
use reteno::{
    Halt, SourceEnd, Store, USER_AGENT, Upload, UploadOptions, UploadOutcome, UploadProgress, Wait,
};
use serde_json::Value;

use crate::support::{bodies, body, client, lines, mock, name, quick, until, upload, upload_to};

/// The key that a mock takes unless it is told otherwise.
const KEY: &str = "test-key";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Asks for what is not known yet, and sends nothing.
fn ask_only(dir: &Path, mock: &Mock, options: UploadOptions) -> UploadOutcome {
    let opened = Journal::reopen(Files::beside(&dir.join("up.ndjson"))).expect("a journal");
    let Opened::Open(journal) = opened else { panic!("it has not come to its end") };
    let store = Store::Pending { dir: journal.files().pending.clone() };
    let progress = UploadProgress::default();
    Upload::start(client(&mock.url(), KEY), *journal, store, options, progress, || false)
        .expect("started")
        .finish(SourceEnd::Complete)
}

fn faults(script: impl IntoIterator<Item = Fault>) -> Faults {
    Faults { script: script.into_iter().collect(), ..Faults::default() }
}

fn with_faults(script: impl IntoIterator<Item = Fault>) -> Mock {
    mock(MockOptions { faults: faults(script), ..MockOptions::default() })
}

/// The requests that add contacts.
fn posts(mock: &Mock) -> Vec<Request> {
    let requests = mock.requests().into_iter();
    requests.filter(|request| request.method == "POST" && request.path.ends_with("/contacts")).collect()
}

fn rejects(dir: &Path) -> Vec<Value> {
    lines(&dir.join("up.rejects.ndjson"))
}

fn results(dir: &Path) -> Vec<Value> {
    lines(&dir.join("up.results.ndjson"))
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} of {value}"))
}

/// Every contact of these bodies is there, by the name that was sent.
fn assert_all_there(mock: &Mock, batches: usize, contacts: usize) {
    for (batch, nth) in (0..batches).flat_map(|batch| (0..contacts).map(move |nth| (batch, nth))) {
        let key = format!("{batch}-{nth}");
        let state = until(|| mock.contact(&key)).unwrap_or_else(|| panic!("{key} is not there"));
        assert_eq!(state.first_name, Some(name(batch, nth)), "{key}");
    }
}

#[test]
fn every_contact_is_finished_or_rejected_with_what_the_server_says_of_it() {
    const BATCHES: usize = 3;
    const CONTACTS: usize = 4;
    const REFUSED: (&str, &str) = ("refused-by-server", "(400) The contact at index 0 is not accepted");
    const FAILED: (&str, &str) = ("failed-on-server", "The contact could not be saved");
    const SESSION: (&str, &str) = ("import-failed", "The import stopped: contacts could not be written");
    type Keys = &'static [&'static str];
    type Rejected = &'static [(&'static str, (&'static str, &'static str))];
    struct Case {
        refuse: Keys,
        fail: Keys,
        error_session: Keys,
        unmapped: Keys,
        rejected: Rejected,
    }
    const NONE: Case = Case { refuse: &[], fail: &[], error_session: &[], unmapped: &[], rejected: &[] };
    let cases = [
        NONE,
        Case { refuse: &["0-1"], rejected: &[("0-1", REFUSED)], ..NONE },
        Case {
            refuse: &["0-0", "0-1", "0-2", "0-3", "1-3"],
            rejected: &[
                ("0-0", REFUSED),
                ("0-1", REFUSED),
                ("0-2", REFUSED),
                ("0-3", REFUSED),
                ("1-3", REFUSED),
            ],
            ..NONE
        },
        // One comes back as an object, several as an array.
        Case { fail: &["0-2"], rejected: &[("0-2", FAILED)], ..NONE },
        Case { fail: &["0-0", "0-3"], rejected: &[("0-0", FAILED), ("0-3", FAILED)], ..NONE },
        Case {
            error_session: &["1-2"],
            rejected: &[("1-0", SESSION), ("1-1", SESSION), ("1-2", SESSION), ("1-3", SESSION)],
            ..NONE
        },
        // What failed at once is not told a second time when the rest does.
        Case {
            error_session: &["1-2"],
            fail: &["1-1"],
            rejected: &[("1-0", SESSION), ("1-1", FAILED), ("1-2", SESSION), ("1-3", SESSION)],
            ..NONE
        },
        Case { unmapped: &["0-1", "2-3"], ..NONE },
        // The half of a halved request is imported by itself.
        Case {
            refuse: &["0-1"],
            error_session: &["0-3"],
            fail: &["2-0"],
            unmapped: &["0-0", "2-3"],
            rejected: &[("0-1", REFUSED), ("0-2", SESSION), ("0-3", SESSION), ("2-0", FAILED)],
        },
    ];
    for Case { refuse, fail, error_session, unmapped, rejected } in cases {
        let owned = |keys: Keys| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let told = format!("{refuse:?} {fail:?} {error_session:?} {unmapped:?}");
        let dir = folder();
        let mock = mock(MockOptions {
            refuse_keys: owned(refuse),
            fail_keys: owned(fail),
            error_session_keys: owned(error_session),
            unmapped_keys: owned(unmapped),
            ..MockOptions::default()
        });
        let outcome = upload(dir.path(), &mock, bodies(BATCHES, CONTACTS), quick());
        let told = format!("{told}: {outcome:?}");
        assert!(outcome.halt.is_none() && outcome.is_complete, "{told}");
        let (tally, all) = (outcome.tally, (BATCHES * CONTACTS) as u64);
        assert!(tally.adds_up(), "{told}");
        assert_eq!((tally.batches, tally.contacts, tally.unknown()), (BATCHES as u64, all, 0), "{told}");
        assert_eq!(tally.failed, rejected.len() as u64, "{told}");
        assert_eq!(tally.finished, all - rejected.len() as u64, "{told}");
        assert_eq!((tally.unmapped, tally.without_session), (unmapped.len() as u64, 0), "{told}");

        let lines = rejects(dir.path());
        let mut found: Vec<(&str, &str, &str)> = Vec::new();
        for line in &lines {
            let (key, raw) = (text(line, "/key"), text(line, "/raw"));
            let batch: usize = key.split('-').next().and_then(|batch| batch.parse().ok()).expect(key);
            let body = body(batch, CONTACTS);
            let offset = line["byte_offset"].as_u64().expect("an offset") as usize;
            assert_eq!(&body[offset..][..raw.len()], raw.as_bytes(), "{told}");
            let raw: Value = serde_json::from_str(raw).expect(raw);
            assert_eq!(raw["externalCustomerId"], key, "{told}");
            assert_eq!(line["action"], "rejected", "{told}");
            assert_eq!(text(line, "/source"), format!("request {}", blake3::hash(&body).to_hex()), "{told}");
            let message = text(line, "/violations/0/message").strip_prefix("the server says: ");
            found.push((key, text(line, "/violations/0/code"), message.expect("the server's words")));
        }
        found.sort_unstable();
        let expected: Vec<_> = rejected.iter().map(|(key, (code, words))| (*key, *code, *words)).collect();
        assert_eq!(found, expected, "{told}");

        let results = results(dir.path());
        let ids: BTreeMap<&str, &Value> =
            results.iter().map(|line| (text(line, "/key"), &line["contactId"])).collect();
        assert_eq!((ids.len(), results.len() as u64), (results.len(), tally.finished), "{told}");
        for (batch, nth) in (0..BATCHES).flat_map(|batch| (0..CONTACTS).map(move |nth| (batch, nth))) {
            let key = format!("{batch}-{nth}");
            if rejected.iter().any(|(rejected, _)| *rejected == key) {
                assert!(mock.contact(&key).is_none() && !ids.contains_key(key.as_str()), "{key} {told}");
                continue;
            }
            let state = mock.contact(&key).unwrap_or_else(|| panic!("{key} is not there; {told}"));
            assert_eq!(state.first_name, Some(name(batch, nth)), "{key} {told}");
            let id = if unmapped.contains(&key.as_str()) { Value::Null } else { state.id.to_string().into() };
            assert_eq!(ids.get(key.as_str()), Some(&&id), "{key} {told}");
            assert_eq!(mock.applied(&key), 1, "{key} {told}");
        }
    }
}

#[test]
fn a_wrong_key_burns_nothing_and_the_right_one_goes_on() {
    let dir = folder();
    let mock = mock(MockOptions::default());
    let outcome = upload_to(dir.path(), &mock.url(), "another-key", bodies(40, 3), quick());
    assert!(matches!(outcome.halt, Some(Halt::Useless(_))) && !outcome.is_complete, "{outcome:?}");
    assert!(outcome.tally.adds_up(), "{outcome:?}");
    assert_eq!((outcome.tally.failed, outcome.tally.finished), (0, 0), "{outcome:?}");
    // The answer says that nothing was taken.
    assert_eq!(outcome.tally.not_sent, outcome.tally.contacts, "{outcome:?}");
    assert_eq!(mock.requests().len(), 1, "{:?}", mock.requests());
    assert!(rejects(dir.path()).is_empty() && mock.contacts().is_empty());

    let outcome = upload_to(dir.path(), &mock.url(), KEY, bodies(40, 3), quick());
    assert!(outcome.is_complete && outcome.halt.is_none(), "{outcome:?}");
    assert_eq!((outcome.tally.finished, outcome.tally.contacts), (120, 120), "{outcome:?}");
    assert!(rejects(dir.path()).is_empty());
    assert_all_there(&mock, 40, 3);
}

#[test]
fn an_answer_that_no_request_can_change_stops_the_upload() {
    for status in [301, 302, 307, 308, 401, 403, 404, 405, 415] {
        let dir = folder();
        let script = std::iter::repeat_n(Fault::Status(status, "not here".to_owned()), 1000);
        let mock = with_faults(script);
        let outcome = upload(dir.path(), &mock, bodies(40, 2), quick());
        let told = format!("{status}: {outcome:?}");
        assert!(matches!(outcome.halt, Some(Halt::Useless(_))) && !outcome.is_complete, "{told}");
        assert_eq!((outcome.tally.failed, outcome.tally.finished), (0, 0), "{told}");
        assert!(outcome.tally.adds_up(), "{told}");
        assert_eq!(outcome.tally.not_sent, outcome.tally.contacts, "{told}");
        let requests = mock.requests();
        assert!(requests.len() <= quick().concurrency.get(), "{} requests; {told}", requests.len());
        assert!(rejects(dir.path()).is_empty(), "{told}");

        mock.set_faults(Faults::default());
        let outcome = upload(dir.path(), &mock, bodies(40, 2), quick());
        assert!(outcome.is_complete && outcome.tally.finished == 80, "{status}: {outcome:?}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let mock = mock(MockOptions::default());
    for status in ["301 Moved Permanently", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/api/v1/", listener.local_addr().expect("an address"));
        let answer = format!(
            "HTTP/1.1 {status}\r\nLocation: {}contacts\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            mock.url()
        );
        let sent = body(0, 2);
        let length = sent.len();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            // The answer comes when the whole body is there.
            while !request.windows(4).any(|at| at == b"\r\n\r\n")
                || request.len() < length
                || !request.ends_with(b"}")
            {
                let bytes = stream.read(&mut piece).expect("a request");
                request.extend_from_slice(&piece[..bytes]);
            }
            stream.write_all(answer.as_bytes()).expect("an answer");
        });
        let dir = folder();
        let outcome = upload_to(dir.path(), &url, KEY, [(sent, 2)], quick());
        server.join().expect("the server");
        assert!(matches!(outcome.halt, Some(Halt::Useless(_))), "{status}: {outcome:?}");
        assert!(mock.requests().is_empty(), "{status}: {:?}", mock.requests());
    }
}

#[test]
fn an_error_message_in_a_success_is_a_refusal_of_those_that_it_is_about() {
    let no = || Fault::Status(200, r#"{"errorMessage":"no such field"}"#.to_owned());
    for (script, rejected) in [
        // The whole is refused, and both halves are taken.
        (vec![no()], &[][..]),
        // The whole, the first half, and in it the first contact.
        (vec![no(), no(), no()], &["0-0"][..]),
        (vec![no(), no(), no(), no(), Fault::None], &["0-0", "0-1"][..]),
    ] {
        let dir = folder();
        let mock = with_faults(script);
        let outcome = upload(dir.path(), &mock, bodies(1, 4), quick());
        assert!(outcome.is_complete && outcome.tally.adds_up(), "{outcome:?}");
        assert_eq!(outcome.tally.failed, rejected.len() as u64, "{outcome:?}");
        let lines = rejects(dir.path());
        assert_eq!(lines.iter().map(|line| text(line, "/key")).collect::<Vec<_>>(), rejected);
        for line in &lines {
            assert_eq!(text(line, "/violations/0/message"), "the server says: (200) no such field");
        }
        for key in (0..4).map(|nth| format!("0-{nth}")) {
            assert_eq!(mock.contact(&key).is_some(), !rejected.contains(&key.as_str()), "{key}");
        }
    }
}

#[test]
fn a_repeated_request_was_taken_before_in_whatever_words_the_server_says_so() {
    let cases = [
        // The mock remembers the body itself.
        None,
        Some(Fault::Status(409, String::new())),
        Some(Fault::Status(409, "Duplicated request".to_owned())),
        Some(Fault::Status(400, "Duplicated request".to_owned())),
        Some(Fault::Status(400, r#"{"message":"Duplicated Request"}"#.to_owned())),
        Some(Fault::Status(200, r#"{"errorMessage":"Duplicated request"}"#.to_owned())),
    ];
    for (answer, contacts) in cases.into_iter().flat_map(|answer| [1, 4].map(|many| (answer.clone(), many))) {
        let dir = folder();
        let mock = with_faults([Fault::ResetAfter].into_iter().chain(answer.clone()));
        let outcome = upload(dir.path(), &mock, bodies(1, contacts), quick());
        let told = format!("{answer:?} {contacts}: {outcome:?}");
        let tally = outcome.tally;
        assert!(outcome.is_complete && outcome.halt.is_none(), "{told}");
        assert_eq!((tally.finished, tally.contacts), (contacts as u64, contacts as u64), "{told}");
        assert!(rejects(dir.path()).is_empty(), "{told}");
        let whole = blake3::hash(&body(0, contacts)).to_hex().to_string();
        assert!(mock.applied_bodies().contains(&(whole, 1)), "{told}");
        // One contact cannot be halved to learn its session.
        let alone = u64::from(contacts == 1);
        assert_eq!(tally.without_session, alone, "{told}");
        assert_eq!(
            (tally.perhaps_twice, outcome.perhaps_twice.len() as u64),
            (1 - alone, 1 - alone),
            "{told}"
        );
        assert_eq!(results(dir.path()).len() as u64, contacts as u64 - alone, "{told}");
        assert_all_there(&mock, 1, contacts);
    }
}

#[test]
fn a_server_that_refuses_everything_is_not_asked_for_every_contact() {
    let dir = folder();
    let mock = with_faults(std::iter::repeat_n(Fault::Status(400, "no contract".to_owned()), 10_000));
    let outcome = upload(dir.path(), &mock, bodies(100, 10), quick());
    let Some(Halt::AllRefused { contacts, status, message }) = &outcome.halt else { panic!("{outcome:?}") };
    assert_eq!((*status, message.as_str()), (400, "no contract"));
    assert!(!outcome.is_complete && outcome.tally.adds_up(), "{outcome:?}");
    // Each contact alone, and what it was halved out of; the requests that are on their way come to their end.
    let most = 4 * *contacts as usize;
    assert!(mock.requests().len() <= most, "{} requests; {outcome:?}", mock.requests().len());
    assert_eq!(rejects(dir.path()).len() as u64, outcome.tally.failed, "{outcome:?}");
    assert!(outcome.tally.failed < 100, "{outcome:?}");
}

#[test]
fn a_server_that_is_away_is_left_alone_until_the_next_run() {
    let lost = |reset_after| Faults { reset_after, ..Faults::default() };
    // Whether contacts were taken, and whether the answers leave open that they were.
    for (faults, is_taken, is_open) in [
        (Faults { server_error: 1.0, ..Faults::default() }, false, true),
        (Faults { reset_before: 1.0, ..Faults::default() }, false, true),
        (Faults { request_timeout: 1.0, ..Faults::default() }, false, false),
        (Faults { too_many_silent: 1.0, ..Faults::default() }, false, false),
        (Faults { wrong_type_before: 1.0, ..Faults::default() }, false, true),
        (lost(1.0), true, true),
    ] {
        let dir = folder();
        let mock = mock(MockOptions { faults: faults.clone(), ..MockOptions::default() });
        let options = UploadOptions { max_attempts: NonZeroU32::new(2).expect("not zero"), ..quick() };
        let outcome = upload(dir.path(), &mock, bodies(40, 3), options);
        let told = format!("{faults:?}: {outcome:?}");
        assert!(matches!(outcome.halt, Some(Halt::Silent(_))) && !outcome.is_complete, "{told}");
        let tally = outcome.tally;
        assert!(tally.adds_up() && tally.contacts > 0, "{told}");
        assert_eq!((tally.finished, tally.failed, tally.importing), (0, 0, 0), "{told}");
        assert_eq!(tally.unanswered + tally.not_sent, tally.contacts, "{told}");
        assert_eq!(tally.unanswered > 0, is_open, "{told}");
        assert!(mock.requests().len() < 40, "{} requests; {told}", mock.requests().len());
        assert_eq!(mock.contacts().is_empty(), !is_taken, "{told}");

        mock.set_faults(Faults::default());
        let outcome = upload(dir.path(), &mock, bodies(40, 3), quick());
        let told = format!("{faults:?}: {outcome:?}");
        assert!(outcome.is_complete && outcome.halt.is_none(), "{told}");
        assert_eq!((outcome.tally.finished, outcome.tally.contacts), (120, 120), "{told}");
        assert!(rejects(dir.path()).is_empty(), "{told}");
        assert_all_there(&mock, 40, 3);
        if !is_taken {
            assert!(mock.applied_bodies().iter().all(|(_, times)| *times == 1), "{told}");
        }
    }
}

#[test]
fn nobody_goes_while_the_server_wants_to_be_left_alone() {
    let dir = folder();
    let concurrency = NonZeroUsize::new(4).expect("not zero");
    // So far apart that in a second many would come, and few are on their way at a time.
    let options = UploadOptions { rate: NonZeroU32::new(25).expect("not zero"), concurrency, ..quick() };
    let wait = Duration::from_secs(1);
    let mock = with_faults([vec![Fault::None; 8], vec![Fault::TooManyAfter(wait)]].concat());
    let outcome = upload(dir.path(), &mock, bodies(24, 1), options);
    assert!(outcome.is_complete && outcome.retries == 1, "{outcome:?}");
    let posts = posts(&mock);
    let told_to_wait = posts.iter().find(|post| post.status == Some(429)).expect("one was sent back");
    let within = |post: &&Request| post.at > told_to_wait.at && post.at < told_to_wait.at + wait;
    let within = posts.iter().filter(within).count();
    assert!(within < concurrency.get(), "{within} requests came in the time of the wait");
    assert!(posts.iter().any(|post| post.at >= told_to_wait.at + wait));
    let again =
        posts.iter().rfind(|post| post.body_hash == told_to_wait.body_hash).expect("it was sent again");
    assert!(again.at >= told_to_wait.at + wait, "{again:?}");
    assert_eq!(again.status, Some(200));
}

#[test]
fn identical_bodies_are_sent_once() {
    let dir = folder();
    let mock = mock(MockOptions::default());
    let twice = bodies(5, 2).chain(bodies(5, 2)).chain(bodies(1, 2));
    let outcome = upload(dir.path(), &mock, twice, quick());
    assert!(outcome.is_complete, "{outcome:?}");
    assert_eq!((outcome.repeated_bodies, outcome.tally.batches, outcome.tally.finished), (6, 5, 10));
    assert_eq!(posts(&mock).len(), 5);
    assert!(mock.applied_bodies().iter().all(|(_, times)| *times == 1));
}

#[test]
fn who_does_not_wait_leaves_contacts_importing_and_asks_later() {
    for (wait, asked) in [(Wait::No, 0), (Wait::Once, 3)] {
        let dir = folder();
        let mock = mock(MockOptions { session_delay: Duration::from_secs(3600), ..MockOptions::default() });
        let outcome = upload(dir.path(), &mock, bodies(3, 2), UploadOptions { wait, ..quick() });
        assert!(outcome.halt.is_none() && !outcome.is_complete, "{outcome:?}");
        assert!(outcome.tally.adds_up(), "{outcome:?}");
        assert_eq!((outcome.tally.importing, outcome.tally.contacts), (6, 6), "{outcome:?}");
        let polls = mock.requests().iter().filter(|request| request.method == "GET").count();
        assert_eq!(polls, asked, "{wait:?}");
        let again = ask_only(dir.path(), &mock, UploadOptions { wait: Wait::Once, ..quick() });
        assert_eq!((again.tally.importing, again.is_complete), (6, false), "{again:?}");
        assert_eq!(posts(&mock).len(), 3);
    }
    let dir = folder();
    let mock = mock(MockOptions::default());
    let outcome = upload(dir.path(), &mock, bodies(3, 2), UploadOptions { wait: Wait::No, ..quick() });
    assert_eq!((outcome.tally.importing, outcome.is_complete), (6, false), "{outcome:?}");
    let outcome = ask_only(dir.path(), &mock, quick());
    assert!(outcome.is_complete && outcome.tally.finished == 6, "{outcome:?}");
    assert_eq!(results(dir.path()).len(), 6);
    assert_eq!(posts(&mock).len(), 3);
    let reopened = Journal::reopen(Files::beside(&dir.path().join("up.ndjson"))).expect("a journal");
    assert!(matches!(reopened, Opened::Complete(_)));
}

#[test]
fn tokens_that_did_not_arrive_are_named_but_not_shown() {
    let deleted =
        ContactState { external_id: Some("1-1".to_owned()), deleted: true, ..ContactState::default() };
    for (existing, verify, looked_up, is_missing) in [
        (Vec::new(), 100, 6, false),
        (Vec::new(), 4, 4, false),
        // What is deleted stays as it is, and so it does not get its token.
        (vec![deleted], 100, 6, true),
    ] {
        let dir = folder();
        let mock = mock(MockOptions { existing, ..MockOptions::default() });
        let outcome = upload(dir.path(), &mock, bodies(2, 3), UploadOptions { verify, ..quick() });
        let verified = outcome.verified.clone().expect("it was asked for");
        assert!(outcome.is_complete, "{outcome:?}");
        assert_eq!((verified.looked_up, verified.unanswered), (looked_up, 0), "{verified:?}");
        assert_eq!(verified.missing.len(), usize::from(is_missing), "{verified:?}");
        for missing in &verified.missing {
            assert!(missing.contains("to*** (9 characters)"), "{missing}");
            assert!(missing.contains(&blake3::hash(&body(1, 3)).to_hex().to_string()), "{missing}");
            assert!(missing.contains("contact 2 ") && !missing.contains("token-1-1"), "{missing}");
        }
    }
    let dir = folder();
    let mock = mock(MockOptions::default());
    assert!(upload(dir.path(), &mock, bodies(1, 1), quick()).verified.is_none());
}

/// Everything below a folder: files with what is in them, and folders.
fn below(dir: &Path) -> Vec<(std::path::PathBuf, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(below(&path));
            found.push((path, None));
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            found.push((path, Some(bytes)));
        }
    }
    found
}

#[test]
fn every_request_says_who_sends_it_and_the_key_is_in_no_file() {
    let dir = folder();
    let mock = mock(MockOptions {
        refuse_keys: vec!["0-1".to_owned()],
        faults: faults([Fault::ServerError(500), Fault::ResetAfter, Fault::Timeout]),
        ..MockOptions::default()
    });
    let options = UploadOptions { verify: 3, wait: Wait::No, ..quick() };
    upload(dir.path(), &mock, bodies(4, 3), options);
    let keys = [KEY.to_owned(), data_encoding::BASE64.encode(format!(":{KEY}").as_bytes())];
    let holds_key = |dir: &Path| {
        let files = below(dir);
        assert!(files.len() > 3, "{files:?}");
        files.into_iter().any(|(_, bytes)| {
            let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
            keys.iter().any(|key| text.contains(key))
        })
    };
    assert!(!holds_key(dir.path()));
    let outcome = upload(dir.path(), &mock, bodies(4, 3), UploadOptions { verify: 3, ..quick() });
    assert!(outcome.is_complete, "{outcome:?}");
    assert!(!below(dir.path()).is_empty());
    for request in mock.requests() {
        assert_eq!(request.user_agent.as_deref(), Some(USER_AGENT), "{request:?}");
        assert_eq!(request.authorization, Authorization::Right, "{request:?}");
    }
    let wrong = folder();
    upload_to(wrong.path(), &mock.url(), "a-secret-that-is-wrong", bodies(1, 1), quick());
    for (path, bytes) in below(wrong.path()).into_iter().chain(below(dir.path())) {
        let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
        for key in keys.iter().map(String::as_str).chain(["a-secret-that-is-wrong"]) {
            assert!(!text.contains(key), "{}", path.display());
        }
    }
}

#[cfg(unix)]
#[test]
fn what_is_written_is_for_its_owner_alone_and_bodies_do_not_stay() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = folder();
    let mock = mock(MockOptions { refuse_keys: vec!["0-1".to_owned()], ..MockOptions::default() });
    upload(dir.path(), &mock, bodies(3, 2), UploadOptions { wait: Wait::No, ..quick() });
    let files = below(dir.path());
    let pending = dir.path().join(".up.pending");
    assert_eq!(files.iter().filter(|(path, _)| path.parent() == Some(&pending)).count(), 3, "{files:?}");
    // The journal, the results, the rejects, the folder, and a body for each request.
    assert_eq!(files.len(), 7, "{files:?}");
    for (path, bytes) in &files {
        let mode = path.metadata().expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode, if bytes.is_some() { 0o600 } else { 0o700 }, "{}", path.display());
    }
    let outcome = ask_only(dir.path(), &mock, quick());
    assert!(outcome.is_complete, "{outcome:?}");
    assert!(!pending.exists());
    assert_eq!(below(dir.path()).len(), 3);
}

#[test]
fn a_failed_contact_that_is_not_found_is_told_as_the_server_names_it() {
    let dir = folder();
    let copy = r#"{"channels":null,"firstName":5,"error":"odd"}"#;
    let answer = format!(r#"{{"failedContacts":{copy}}}"#);
    let faults = Faults { script: vec![Fault::Status(200, answer)], ..Faults::default() };
    let mock = mock(MockOptions { faults, ..MockOptions::default() });
    let outcome = upload(dir.path(), &mock, bodies(1, 2), quick());
    assert!(outcome.is_complete && outcome.tally.adds_up(), "{outcome:?}");
    assert_eq!((outcome.tally.failed, outcome.tally.finished), (1, 1), "{outcome:?}");
    let told = rejects(dir.path());
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["raw"], &told[0]["key"]), (&copy.into(), &serde_json::Value::Null));
    let message = told[0]["violations"][0]["message"].as_str().expect("a message");
    assert!(message.contains("not found in the request: odd"), "{message}");
}
