//! Uploads, against a server of this machine.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use mock_reteno::{Channel, ContactState, CustomField, FieldsShape, Mock, MockOptions, Request};

use super::{code, contact, fixture, folder, json, json_lines, program, run, stderr, stdout};

pub(super) const KEY: &str = "very-secret-key-0123";

pub(super) fn mock(options: MockOptions) -> Mock {
    Mock::start(MockOptions { key: KEY.to_owned(), ..options }).expect("a mock that listens")
}

pub(super) fn with_key(folder: &Path, mock: &Mock) -> assert_cmd::Command {
    let mut command = program(folder);
    command.env("RETENO_API_KEY", KEY);
    command.env("RETENO_IMPORT_BASE_URL", mock.url());
    command.env("RETENO_IMPORT_POLL_EVERY", "20ms");
    command
}

pub(super) fn upload(folder: &Path, mock: &Mock, args: &[&str]) -> Output {
    with_key(folder, mock).arg("upload").args(args).output().expect("the program starts")
}

/// A folder `out` with batches of five contacts.
pub(super) fn prepare(folder: &Path, contacts: u32) {
    super::contacts(&folder.join("in.ndjson"), 0..contacts);
    let output = run(folder, &["prepare", "in.ndjson", "-o", "out", "--batch-size", "5"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

fn posts(mock: &Mock) -> Vec<Request> {
    mock.requests().into_iter().filter(|request| request.path.ends_with("/contacts")).collect()
}

/// What the files of an upload say, and the journal alone.
fn read(path: &Path) -> Vec<serde_json::Value> {
    json_lines(&std::fs::read_to_string(path).expect("it is there"))
}

#[test]
fn a_prepared_folder_is_uploaded_once() {
    let folder = folder();
    prepare(folder.path(), 23);
    let mock = mock(MockOptions::default());
    let output = upload(folder.path(), &mock, &["out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    insta::assert_snapshot!("upload_folder", stderr(&output));
    assert_eq!(mock.contacts().len(), 23);
    let results = read(&folder.path().join("out/results.ndjson"));
    assert_eq!(results.len(), 23);
    for line in results {
        let key = line["key"].as_str().expect("a key");
        let id = mock.contact(key).expect("it is there").id;
        assert_eq!(line["contactId"], id.to_string(), "{key}");
    }

    let sent = posts(&mock).len();
    let again = upload(folder.path(), &mock, &["out"]);
    assert_eq!(code(&again), 0);
    assert!(stderr(&again).contains("is uploaded already: contacts 23 = finished 23"), "{}", stderr(&again));
    assert_eq!(posts(&mock).len(), sent, "nothing is sent twice");

    // Other contents are another upload.
    super::contacts(&folder.path().join("in.ndjson"), 0..30);
    let output =
        run(folder.path(), &["prepare", "in.ndjson", "-o", "out", "--batch-size", "5", "--overwrite"]);
    assert_eq!(code(&output), 0);
    let output = upload(folder.path(), &mock, &["out", "--no-wait"]);
    assert_eq!(code(&output), 5, "an end that is not waited for is not known: {}", stderr(&output));
    // What the summary advises: the journal of a folder means the folder.
    assert!(stderr(&output).contains("reteno-import status out/journal.ndjson"), "{}", stderr(&output));
    let args = ["status", "out/journal.ndjson", "--json"];
    let output = with_key(folder.path(), &mock).args(args).output().expect("it starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(read(&folder.path().join("out/results.ndjson")).len(), 23 + 30);
    assert!(!folder.path().join("out/journal.results.ndjson").exists());
    assert_eq!(json_lines(&stdout(&output))[0]["contacts"]["finished"], 30);
    assert_eq!(mock.contacts().len(), 30);
}

#[test]
fn records_are_checked_and_uploaded_in_one_go() {
    let folder = folder();
    let mock = mock(MockOptions {
        fail_keys: vec!["c1".into()],
        refuse_keys: vec!["c3".into()],
        ..MockOptions::default()
    });
    let mut text: String = (0..6).map(|id| contact(&format!("c{id}")) + "\n").collect();
    text += "{\"externalCustomerId\":\"broken\",\"channels\":[]}\n";
    std::fs::write(folder.path().join("in.ndjson"), text).expect("written");
    let args =
        ["in.ndjson", "--journal", "up.ndjson", "--rejects", "rejects.ndjson", "--report", "report.json"];
    let output = upload(folder.path(), &mock, &args);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("read 7 = written 6 + merged 0 + rejected 1"), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("contacts 6 = finished 4 + failed 2 + unknown 0"),
        "{}",
        stderr(&output)
    );
    assert_eq!(read(&folder.path().join("rejects.ndjson")).len(), 1);
    let refused = read(&folder.path().join("up.rejects.ndjson"));
    let schema =
        jsonschema::validator_for(&json(&fixture("../schemas/reject.schema.json"))).expect("a schema");
    let mut keys = Vec::new();
    for line in &refused {
        assert!(schema.is_valid(line), "{line}");
        keys.push((
            line["key"].as_str().expect("a key"),
            line["violations"][0]["code"].as_str().expect("a code"),
        ));
        let key = line["key"].as_str().expect("a key");
        assert_eq!(line["raw"], contact(key));
    }
    keys.sort_unstable();
    assert_eq!(keys, [("c1", "failed-on-server"), ("c3", "refused-by-server")]);
    let report = json(&folder.path().join("report.json"));
    assert_eq!(report["upload"]["contacts"]["failed"], 2);
    assert_eq!(report["upload"]["identity"]["holds"], true);
}

#[test]
fn a_page_tells_the_end_of_every_contact_that_was_uploaded() {
    let folder = folder();
    prepare(folder.path(), 23);
    let mock = mock(MockOptions::default());
    let page = || std::fs::read_to_string(folder.path().join("r.html")).expect("a page");
    let output = upload(folder.path(), &mock, &["out", "--no-wait", "--report", "r.html"]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    assert!(page().contains("0 of 23 contacts are imported into Reteno. Of 23 the end is not known yet."));
    assert!(page().contains("✗ Not complete"));
    let output = upload(folder.path(), &mock, &["out", "--report", "r.html"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(page().contains("23 of 23 contacts are imported into Reteno."));
    assert!(page().contains("23 contacts = 23 finished + 0 failed + 0 unknown"));
    assert!(page().contains("✓ Complete"));

    let args = ["in.ndjson", "--journal", "j.ndjson", "--report", "r.html"];
    let output = upload(folder.path(), &mock, &args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for said in
        ["23 contacts were written out of 23 records.", "23 contacts = 23 finished + 0 failed + 0 unknown"]
    {
        assert!(page().contains(said), "{said}: {}", page());
    }
    assert!(!page().contains(KEY));
}

#[test]
fn request_bodies_come_from_a_pipe() {
    let folder = folder();
    prepare(folder.path(), 12);
    let bodies = run(folder.path(), &["prepare", "in.ndjson", "-o", "-", "--batch-size", "5"]);
    let mock = mock(MockOptions::default());
    let output = with_key(folder.path(), &mock)
        .args(["upload", "-", "--journal", "up.ndjson"])
        .write_stdin(bodies.stdout.clone())
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!((mock.contacts().len(), posts(&mock).len()), (12, 3));

    for (input, words) in [
        (contact("x") + "\n", "line 1 of standard input"),
        ("{\"contacts\":[],\"dedupeOn\":\"email\",\"contactFields\":[]}".to_owned(), "0 contacts"),
        ("{\"contacts\":[{\"channels\":[{\"type\":\"email\",\"value\":\"a@example.com\"}]}],\"dedupeOn\":\"email\"}".to_owned(), "contactFields"),
        ("not JSON".to_owned(), "line 1"),
        ("\u{0}\u{1}\n".to_owned(), "line 1"),
    ] {
        let output = with_key(folder.path(), &mock)
            .args(["upload", "-", "--journal", "other.ndjson"])
            .write_stdin(input.clone())
            .output()
            .expect("the program starts");
        assert_eq!(code(&output), 4, "{input}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{input}: {}", stderr(&output));
    }
    assert_eq!(posts(&mock).len(), 3, "nothing of that was sent");
}

#[test]
fn a_wrong_key_costs_one_request_and_is_shown_nowhere() {
    let folder = folder();
    prepare(folder.path(), 100);
    let mock = mock(MockOptions::default());
    let output = with_key(folder.path(), &mock)
        .args(["upload", "out"])
        .env("RETENO_API_KEY", "another-secret-9876")
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    assert!(stderr(&output).contains("RETENO_API_KEY or --api-key-file"), "{}", stderr(&output));
    assert_eq!(mock.requests().len(), 1);
    let journal = std::fs::read_to_string(folder.path().join("out/journal.ndjson")).expect("a journal");
    for text in [stderr(&output), stdout(&output), journal] {
        assert!(!text.contains("another-secret"), "{text}");
    }
    // From a file, and right, it goes on.
    std::fs::write(folder.path().join("key"), format!("{KEY}\n")).expect("written");
    let output = with_key(folder.path(), &mock)
        .args(["upload", "out", "--api-key-file", "key"])
        .env_remove("RETENO_API_KEY")
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!stderr(&output).contains("twice"), "what was denied was not applied: {}", stderr(&output));
    assert_eq!(mock.contacts().len(), 100);
    assert_eq!(json(&folder.path().join("out/manifest.json"))["counts"]["written"], 100);
}

#[test]
fn what_cannot_be_uploaded_is_said_before_anything_is_sent() {
    let folder = folder();
    prepare(folder.path(), 5);
    let mock = mock(MockOptions::default());
    for name in ["begun", "empty", "other"] {
        std::fs::create_dir(folder.path().join(name)).expect("made");
    }
    std::fs::write(folder.path().join("other/in.ndjson"), contact("a")).expect("written");
    std::fs::write(folder.path().join("begun/.reteno-import-unfinished"), "").expect("written");
    for (args, words) in [
        (&["out", "--base-url", "http://api.example.com/"][..], "not encrypted"),
        (&["out", "--base-url", "ftp://127.0.0.1/"], "not encrypted"),
        (&["out", "--rate", "201"], "at most 200"),
        (&["out", "--rate", "0"], "--rate"),
        (&["out", "--concurrency", "1000"], "at most 256"),
        (&["out", "--batch-size", "5"], "--batch-size concerns records"),
        (&["out", "--rejects", "x"], "--rejects concerns records"),
        (&["out", "--api-key-file", "missing"], "cannot use the API key in missing"),
        (&["in.ndjson"], "--journal up.journal"),
        (&["in.ndjson", "--journal", "in.ndjson"], "choose another --journal"),
        (&["in.ndjson", "--journal", "out"], "is a folder"),
        (&["begun"], "prepare it again"),
        (
            &["missing.ndjson", "--journal", "up.ndjson"],
            "missing.ndjson: there is no such file or folder; name a",
        ),
        (&["*.missing", "--journal", "up.ndjson"], "*.missing"),
        (&["missing"], "missing: there is no such file or folder; name a folder that prepare has made"),
        (&["empty"], "empty: the folder is empty; `reteno-import prepare INPUT -o empty` makes"),
        (&["other"], "other has no manifest.json, so it is no folder that prepare has made"),
        (&["-", "--dry-run"], "--dry-run"),
        (&[], "required"),
    ] {
        let output = upload(folder.path(), &mock, args);
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{args:?}: {}", stderr(&output));
    }
    let output = with_key(folder.path(), &mock).args(["upload", "out"]).env_remove("RETENO_API_KEY").output();
    let output = output.expect("the program starts");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("there is no API key"), "{}", stderr(&output));
    for args in [&["out", "--dry-run"][..], &["in.ndjson", "--dry-run"]] {
        let output = upload(folder.path(), &mock, args);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let said =
            if args[0] == "out" { "would send 5 contacts in 1 request to http" } else { "nothing is sent" };
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    assert!(mock.requests().is_empty());
    assert!(!folder.path().join("out/journal.ndjson").exists());
}

#[test]
fn status_says_what_it_looked_for_where_there_is_nothing_to_tell() {
    let folder = folder();
    prepare(folder.path(), 5);
    std::fs::create_dir(folder.path().join("empty")).expect("made");
    std::fs::write(folder.path().join("new.ndjson"), "").expect("written");
    for (place, words) in [
        (
            "missing",
            "missing: there is no such folder or file; name a folder that prepare has made, or the file of",
        ),
        ("missing.ndjson", "missing.ndjson: there is no such folder or file"),
        (
            "empty",
            "empty is no folder that prepare has made: it has no manifest.json; for an upload of records",
        ),
        (
            "out",
            "nothing of out was uploaded yet: it has no journal.ndjson; `reteno-import upload out` begins",
        ),
        ("out/journal.ndjson", "nothing of out was uploaded yet"),
        ("new.ndjson", "new.ndjson is a journal in which no upload has begun"),
        ("in.ndjson", "in.ndjson is no journal of an upload"),
    ] {
        let output = run(folder.path(), &["status", place]);
        assert_eq!(code(&output), 2, "{place}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{place}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{place}");
    }
    assert!(!folder.path().join("out/journal.ndjson").exists());
}

#[test]
fn a_batch_that_was_changed_is_not_sent() {
    let folder = folder();
    prepare(folder.path(), 15);
    std::fs::write(folder.path().join("out/batch-000002.json"), "{}").expect("written");
    let mock = mock(MockOptions::default());
    let output = upload(folder.path(), &mock, &["out"]);
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    assert!(stderr(&output).contains("batch-000002.json"), "{}", stderr(&output));
    assert!(stderr(&output).contains("not sent 10"), "{}", stderr(&output));
    assert_eq!(mock.contacts().len(), 5);
}

#[test]
fn absent_fields_stay_or_are_cleared_as_is_asked() {
    for (absent, is_kept) in [("keep", true), ("clear", false)] {
        let folder = folder();
        let known = |key: &str| ContactState {
            external_id: Some(key.to_owned()),
            first_name: Some("Olena".to_owned()),
            last_name: Some("Shevchenko".to_owned()),
            fields: [(7, "old".to_owned())].into(),
            channels: vec![Channel { kind: "sms".into(), value: "380955547708".into(), device: None }],
            ..ContactState::default()
        };
        let mock = mock(MockOptions { existing: vec![known("a"), known("b")], ..MockOptions::default() });
        // One of them has a first name, the other a custom field; neither a last name.
        let text = r#"{"externalCustomerId":"a","firstName":"Anna","channels":[{"type":"email","value":"a@example.com"}]}
{"externalCustomerId":"b","fields":[{"id":7,"value":"new"}],"channels":[{"type":"email","value":"b@example.com"}]}
"#;
        std::fs::write(folder.path().join("in.ndjson"), text).expect("written");
        let output =
            upload(folder.path(), &mock, &["in.ndjson", "--journal", "up.ndjson", "--absent", absent]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let (a, b) = (mock.contact("a").expect("it is there"), mock.contact("b").expect("it is there"));
        assert_eq!(a.first_name.as_deref(), Some("Anna"));
        assert_eq!(b.first_name.as_deref(), is_kept.then_some("Olena"), "{absent}");
        assert_eq!(a.fields.get(&7).map(String::as_str), is_kept.then_some("old"), "{absent}");
        assert_eq!(b.fields.get(&7).map(String::as_str), Some("new"));
        // What no contact carries is listed nowhere.
        assert_eq!(b.last_name.as_deref(), Some("Shevchenko"));
        for contact in [a, b] {
            let kinds: Vec<_> = contact.channels.iter().map(|channel| channel.kind.as_str()).collect();
            assert!(kinds.contains(&"sms") && kinds.contains(&"email"), "{kinds:?}");
        }
    }
}

/// An upload of the folder that goes on while the test looks at it.
pub(super) fn begin(folder: &Path, mock: &Mock) -> Child {
    Command::new(env!("CARGO_BIN_EXE_reteno-import"))
        .current_dir(folder)
        .env("RETENO_API_KEY", KEY)
        .args(["upload", "out", "--base-url", &mock.url(), "--poll-every", "20ms"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

/// Waits until something is so.
pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = std::time::Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn killed_at_any_moment_it_goes_on_and_sends_nothing_twice_that_was_accepted() {
    const CONTACTS: u32 = 100;
    const KILLS: u64 = 50;
    let prepared = folder();
    prepare(prepared.path(), CONTACTS);
    let mut random = fastrand::Rng::with_seed(5);
    for kill in 0..KILLS {
        let folder = folder();
        let out = folder.path().join("out");
        std::fs::create_dir(&out).expect("made");
        for file in std::fs::read_dir(prepared.path().join("out")).expect("it is there") {
            let file = file.expect("it is there");
            std::fs::copy(file.path(), out.join(file.file_name())).expect("copied");
        }
        let mock = mock(MockOptions {
            latency: Duration::from_millis(random.u64(0..4)),
            session_delay: Duration::from_millis(random.u64(0..30)),
            fail_keys: vec!["c7".into()],
            seed: kill,
            ..MockOptions::default()
        });
        let mut child = begin(folder.path(), &mock);
        let requests = random.usize(0..40);
        until("requests come", || {
            mock.requests().len() >= requests || child.try_wait().expect("a child").is_some()
        });
        for _ in 0..random.u32(0..2000) {
            std::thread::yield_now();
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");

        let journal = std::fs::read_to_string(out.join("journal.ndjson")).unwrap_or_default();
        let whole = journal.rfind('\n').map_or("", |end| &journal[..=end]);
        let accepted: Vec<String> = json_lines(whole)
            .iter()
            .filter(|line| {
                line["event"] == "accepted"
                    && line["to"].as_u64() == Some(line["from"].as_u64().unwrap_or(0) + 5)
            })
            .map(|line| line["batch"].as_str().expect("a hash").to_owned())
            .collect();
        let before = posts(&mock).len();
        let output = upload(folder.path(), &mock, &["out"]);
        assert_eq!(code(&output), 1, "kill {kill}: {}", stderr(&output));
        let sum = "contacts 100 = finished 99 + failed 1 + unknown 0";
        assert!(stderr(&output).contains(sum), "kill {kill}: {}", stderr(&output));
        for request in &posts(&mock)[before..] {
            assert!(!accepted.contains(&request.body_hash), "kill {kill}: sent again after it was accepted");
        }
        until("imports end", || mock.contacts().len() == CONTACTS as usize - 1);
        let mut results: HashMap<String, u32> = HashMap::new();
        for line in read(&out.join("results.ndjson")) {
            *results.entry(line["key"].as_str().expect("a key").to_owned()).or_default() += 1;
        }
        assert_eq!(results.len(), CONTACTS as usize - 1, "kill {kill}");
        assert!(results.values().all(|times| *times == 1), "kill {kill}: {results:?}");
        let refused = read(&out.join("upload-rejects.ndjson"));
        assert_eq!(refused.len(), 1, "kill {kill}: {refused:?}");
        assert_eq!(refused[0]["key"], "c7");
    }
}

#[test]
fn two_uploads_do_not_share_a_journal() {
    let folder = folder();
    prepare(folder.path(), 50);
    let mock = mock(MockOptions { latency: Duration::from_millis(500), ..MockOptions::default() });
    let mut child = begin(folder.path(), &mock);
    until("a request comes", || !mock.requests().is_empty());
    let output = upload(folder.path(), &mock, &["out"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("belongs to an upload that is running"), "{}", stderr(&output));
    let output = with_key(folder.path(), &mock).args(["status", "out"]).output().expect("it starts");
    assert_eq!(code(&output), 5);
    assert!(stdout(&output).starts_with("running\n"), "{}", stdout(&output));
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}

#[test]
fn an_interrupt_waits_for_the_answers_and_goes_on_later() {
    let folder = folder();
    prepare(folder.path(), 50);
    let mock = mock(MockOptions { latency: Duration::from_millis(50), ..MockOptions::default() });
    let child = begin(folder.path(), &mock);
    until("requests come", || mock.requests().len() > 2);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 130);
    let output = upload(folder.path(), &mock, &["out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!stderr(&output).contains("twice"), "every answer was waited for: {}", stderr(&output));
    assert!(mock.applied_bodies().iter().all(|(_, times)| *times == 1));
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let folder = folder();
    let mock = mock(MockOptions::default());
    let output = with_key(folder.path(), &mock).arg("doctor").output().expect("it starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).lines().all(|line| line.starts_with("ok ")), "{}", stdout(&output));
    let output = with_key(folder.path(), &mock).arg("doctor").env("RETENO_API_KEY", "wrong").output();
    let output = output.expect("it starts");
    assert_eq!(code(&output), 5);
    assert!(stdout(&output).contains("failed  key"), "{}", stdout(&output));
}

#[test]
fn custom_fields_become_rules_before_the_upload() {
    let folder = folder();
    let field = |id, name: &str, kind: &str| CustomField {
        id,
        name: name.to_owned(),
        key: name.to_uppercase(),
        kind: kind.to_owned(),
        ..CustomField::default()
    };
    for fields_shape in [FieldsShape::Arrays, FieldsShape::Singles] {
        let fields = vec![field(7, "Birthday", "DATE")];
        let mock = mock(MockOptions { fields, fields_shape, ..MockOptions::default() });
        let output = with_key(folder.path(), &mock).args(["fields", "-o", "account.json"]).output();
        let output = output.expect("the program starts");
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let printed = with_key(folder.path(), &mock).arg("fields").output().expect("the program starts");
        assert_eq!(printed.stdout, std::fs::read(folder.path().join("account.json")).expect("written"));

        let record = |value: &str, id: i32| {
            format!(
                r#"{{"externalCustomerId":"a","channels":[{{"type":"email","value":"a@example.com"}}],"fields":[{{"id":{id},"value":"{value}"}}]}}"#
            )
        };
        for (record, told) in [
            (record("2001-02-28", 7), ""),
            (record("2001-02-30", 7), "Birthday"),
            (record("2001-02-28", 8), "unknown-field"),
        ] {
            std::fs::write(folder.path().join("in.ndjson"), record).expect("written");
            let args = ["prepare", "in.ndjson", "--schema", "account.json", "--discard"];
            let output = run(folder.path(), &args);
            assert!(stderr(&output).contains(told), "{}", stderr(&output));
            assert_eq!(stderr(&output).contains("pruned"), !told.is_empty(), "{}", stderr(&output));
        }

        // The doctor looks whether the account has what a folder needs.
        let _ = std::fs::remove_dir_all(folder.path().join("out"));
        std::fs::write(folder.path().join("in.ndjson"), record("x", 9)).expect("written");
        assert_eq!(code(&run(folder.path(), &["prepare", "in.ndjson", "-o", "out"])), 0);
        let output = with_key(folder.path(), &mock).args(["doctor", "out"]).output().expect("it starts");
        assert_eq!(code(&output), 5);
        assert!(stdout(&output).contains("the account has no 9"), "{}", stdout(&output));
    }
}

#[test]
fn tokens_are_looked_up_at_the_end() {
    let folder = folder();
    let token = |id: u32, token: &str| {
        format!(
            r#"{{"externalCustomerId":"{id}","channels":[{{"type":"mobilepush","value":"{token}","device":{{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d"}}}}]}}"#
        ) + "\n"
    };
    let text: String = (0..20).map(|id| token(id, &format!("a-token-that-is-long-{id:03}"))).collect();
    std::fs::write(folder.path().join("in.ndjson"), text).expect("written");
    let mock = mock(MockOptions::default());
    let output = upload(folder.path(), &mock, &["in.ndjson", "--journal", "up.ndjson", "--verify", "10"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("10 tokens looked up: all are there"), "{}", stderr(&output));

    // A deleted contact is skipped by the server, and so is its token.
    let existing =
        vec![ContactState { external_id: Some("0".into()), deleted: true, ..ContactState::default() }];
    let other = MockOptions { key: KEY.to_owned(), existing, ..MockOptions::default() };
    let mock = Mock::start(other).expect("a mock that listens");
    let output = upload(folder.path(), &mock, &["in.ndjson", "--journal", "other.ndjson", "--verify", "100"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("20 tokens looked up: 1 missing: a-*** (24 characters)"),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains("a-token"), "{}", stderr(&output));
}
