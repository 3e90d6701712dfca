//! Uploads to a server that is away, or does not take the key: what is said meanwhile, and what is known of the contacts.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use mock_reteno::{ClosedPort, Fault, Faults, MockOptions};
use serde_json::Value;

use super::upload::{KEY, begin, mock, prepare, until, upload, with_key};
use super::{code, folder, json, json_lines, program, run, stderr, stdout};

/// What `status` says of the folder `out`, for programs and for people.
fn status(folder: &Path, url: &str) -> (Value, String) {
    let ask = |args: &[&str]| {
        let output = to(folder, url).args(["status", "out"]).args(args).output().expect("it starts");
        stdout(&output)
    };
    (json_lines(&ask(&["--json"]))[0].clone(), ask(&[]))
}

/// The program, with the key and an address.
fn to(folder: &Path, url: &str) -> assert_cmd::Command {
    let mut command = program(folder);
    command.env("RETENO_API_KEY", KEY).env("RETENO_IMPORT_BASE_URL", url);
    command.env("RETENO_IMPORT_POLL_EVERY", "20ms");
    command
}

/// Uploads the folder `out` to where nobody is, with so few attempts that it takes no time.
fn upload_to_nobody(folder: &Path, port: &ClosedPort, args: &[&str]) -> Output {
    to(folder, &port.url())
        .args(["upload", "out", "--max-attempts", "2"])
        .args(args)
        .output()
        .expect("it starts")
}

#[test]
fn where_nobody_is_one_line_says_so_at_once_and_another_what_to_do() {
    let folder = folder();
    prepare(folder.path(), 100);
    let port = ClosedPort::new().expect("a port");
    let output = upload_to_nobody(folder.path(), &port, &[]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    let told = stderr(&output);
    let (first, rest) = told.split_once('\n').expect("lines");
    let nobody = format!("no answer from {}: connection refused", port.url());
    assert_eq!(first, format!("warning: {nobody}; trying again for up to 30 s"));
    assert!(!rest.contains("warning"), "{told}");
    for said in [
        "contacts 100 = finished 0 + failed 0 + unknown 0 + not sent 100\n",
        "100 contacts not sent, and surely not taken; run the same command again\n",
        &format!("error: nobody could be reached at {}: connection refused", port.url()),
        "check --base-url and the network",
    ] {
        assert!(rest.contains(said), "{said}: {told}");
    }
    assert!(!told.contains("sent again"), "{told}");
    let (status, _) = status(folder.path(), &port.url());
    assert_eq!((&status["unknown"], &status["notSent"]), (&0.into(), &100.into()), "{status}");

    let output = upload_to_nobody(folder.path(), &port, &["--quiet"]);
    assert_eq!(code(&output), 5);
    assert!(stderr(&output).starts_with("error: nobody could be reached"), "{}", stderr(&output));

    let mock = port.open(MockOptions { key: KEY.to_owned(), ..MockOptions::default() }).expect("a mock");
    let output = upload(folder.path(), &mock, &["out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!stderr(&output).contains("twice"), "{}", stderr(&output));
}

#[test]
fn records_and_bodies_are_told_of_a_server_that_is_away_as_a_folder_is() {
    let folder = folder();
    prepare(folder.path(), 20);
    let bodies = run(folder.path(), &["prepare", "in.ndjson", "-o", "-", "--batch-size", "5"]).stdout;
    let port = ClosedPort::new().expect("a port");
    for (input, journal) in [("in.ndjson", "records.ndjson"), ("-", "bodies.ndjson")] {
        let args = ["upload", input, "--journal", journal, "--max-attempts", "2"];
        let mut command = to(folder.path(), &port.url());
        let output = command.args(args).write_stdin(bodies.clone()).output().expect("it starts");
        assert_eq!(code(&output), 5, "{input}: {}", stderr(&output));
        let told = stderr(&output);
        let warnings = told.lines().filter(|line| line.starts_with("warning: no answer from")).count();
        assert_eq!(warnings, 1, "{input}: {told}");
        assert!(told.contains("failed 0 + unknown 0 + not sent "), "{input}: {told}");
    }
}

#[test]
fn it_is_told_when_the_server_answers_again() {
    let folder = folder();
    prepare(folder.path(), 30);
    let script = vec![Fault::None, Fault::ServerError(502)];
    let mock = mock(MockOptions { faults: Faults { script, ..Faults::default() }, ..MockOptions::default() });
    let output = upload(folder.path(), &mock, &["out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = stderr(&output);
    let lines: Vec<&str> = told.lines().take(4).collect();
    assert!(lines[0].starts_with("warning: the server answers 502: "), "{told}");
    assert!(lines[0].ends_with("; trying again for up to 7 min"), "{told}");
    assert_eq!(lines[1], "the server answers again");
    assert_eq!(lines[2], "contacts 30 = finished 30 + failed 0 + unknown 0");
    assert_eq!(lines[3], "6 requests, 1 sent again");
}

#[test]
fn what_was_on_its_way_when_it_was_killed_stays_unknown_and_nothing_else_does() {
    let folder = folder();
    prepare(folder.path(), 50);
    let mock = mock(MockOptions { latency: Duration::from_secs(600), ..MockOptions::default() });
    let mut child = begin(folder.path(), &mock);
    until("a request comes", || !mock.requests().is_empty());
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    // The first request goes alone.
    let sum = "contacts 50 = finished 0 + failed 0 + unknown 5 + not sent 45\n";
    assert!(status(folder.path(), &mock.url()).1.contains(sum));

    let port = mock.close().expect("a port");
    let output = upload_to_nobody(folder.path(), &port, &[]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    assert!(stderr(&output).contains(sum), "{}", stderr(&output));
    let lost = "5 contacts sent without a clear answer, so perhaps taken; run the same command again\n";
    assert!(stderr(&output).contains(lost), "{}", stderr(&output));
    let (json, words) = status(folder.path(), &port.url());
    assert_eq!((&json["contacts"]["unanswered"], &json["notSent"]), (&5.into(), &45.into()), "{json}");
    assert!(words.contains(sum) && words.contains("5 sent without a clear answer"), "{words}");
}

#[test]
fn contacts_that_a_wrong_key_kept_back_are_not_sent() {
    let folder = folder();
    prepare(folder.path(), 2000);
    let mock = mock(MockOptions::default());
    let output = with_key(folder.path(), &mock)
        .args(["upload", "out", "--report", "r.json", "--report", "r.html"])
        .env("RETENO_API_KEY", "another-key")
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    let sum = "contacts 2,000 = finished 0 + failed 0 + unknown 0 + not sent 2,000\n";
    assert!(stderr(&output).contains(sum), "{}", stderr(&output));
    assert!(stderr(&output).contains("2,000 contacts not sent, and surely not taken"), "{}", stderr(&output));
    let report = json(&folder.path().join("r.json"));
    assert_eq!(
        (&report["upload"]["notSent"], &report["upload"]["contacts"]["notSent"]),
        (&2000.into(), &2000.into())
    );
    assert_eq!(report["upload"]["identity"]["holds"], true);
    // Numbers for programs have no separators.
    let text = "contacts 2000 = finished 0 + failed 0 + unknown 0 + not sent 2000";
    assert_eq!(report["upload"]["identity"]["text"], text);
    let page = std::fs::read_to_string(folder.path().join("r.html")).expect("a page");
    for said in
        ["0 of 2,000 contacts are imported into Reteno. Not sent: 2,000.", "0 unknown + 2,000 not sent"]
    {
        assert!(page.contains(said), "{said}");
    }
    let (status, words) = status(folder.path(), &mock.url());
    assert_eq!((&status["unknown"], &status["notSent"]), (&0.into(), &2000.into()), "{status}");
    assert!(words.contains(sum), "{words}");
}

#[test]
fn what_was_accepted_before_the_key_was_switched_off_is_told_apart_from_what_was_not_sent() {
    let folder = folder();
    prepare(folder.path(), 100);
    let denied = std::iter::repeat_n(Fault::Status(401, "The key is switched off".to_owned()), 1000);
    let script = std::iter::repeat_n(Fault::None, 3).chain(denied).collect();
    let faults = Faults { script, ..Faults::default() };
    let mock = mock(MockOptions { faults, ..MockOptions::default() });
    let output = upload(folder.path(), &mock, &["out", "--report", "r.json", "--no-wait"]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    let sum = "contacts 100 = finished 0 + failed 0 + unknown 15 + not sent 85\n";
    assert!(stderr(&output).contains(sum), "{}", stderr(&output));
    assert!(stderr(&output).contains("15 contacts accepted, and not yet imported"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("perhaps"), "{}", stderr(&output));
    let contacts = &json(&folder.path().join("r.json"))["upload"]["contacts"];
    assert_eq!((&contacts["importing"], &contacts["unanswered"]), (&15.into(), &0.into()), "{contacts}");
    // Asked for, these have been imported.
    let (status, words) = status(folder.path(), &mock.url());
    assert_eq!((&status["contacts"]["finished"], &status["notSent"]), (&15.into(), &85.into()), "{status}");
    assert!(words.contains("finished 15 + failed 0 + unknown 0 + not sent 85"), "{words}");

    mock.set_faults(Faults::default());
    let output = upload(folder.path(), &mock, &["out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(mock.applied_bodies().iter().all(|(_, times)| *times == 1));
}

#[test]
fn a_wrong_address_that_took_nothing_is_left_for_the_right_one() {
    let port = ClosedPort::new().expect("a port");
    let mock = mock(MockOptions::default());
    // The server is there, and what the address leads to is not.
    let without_path = mock.url().replace("/api/v1", "");
    for wrong in [port.url(), without_path] {
        let folder = folder();
        prepare(folder.path(), 100);
        let args = ["upload", "in.ndjson", "--journal", "up.ndjson", "--max-attempts", "2"];
        for args in [&["upload", "out", "--max-attempts", "2"][..], &args] {
            let output = to(folder.path(), &wrong).args(args).output().expect("it starts");
            assert_eq!(code(&output), 5, "{}", stderr(&output));
            let left = format!("nothing was sent to {wrong}: going on with {}\n", mock.url());
            let before = std::fs::read(folder.path().join("out/journal.ndjson")).expect("a journal");
            let tried = upload(folder.path(), &mock, &[&args[1..], &["--dry-run"]].concat());
            assert_eq!(code(&tried), 0, "{}", stderr(&tried));
            assert!(stderr(&tried).contains(&left), "{}", stderr(&tried));
            let after = std::fs::read(folder.path().join("out/journal.ndjson")).expect("a journal");
            assert_eq!(before, after);

            let output = upload(folder.path(), &mock, &args[1..]);
            assert_eq!(code(&output), 0, "{}", stderr(&output));
            assert!(stderr(&output).contains(&left), "{}", stderr(&output));
            let sum = "contacts 100 = finished 100 + failed 0 + unknown 0\n";
            assert!(stderr(&output).contains(sum), "{}", stderr(&output));
        }
    }
    assert_eq!(mock.contacts().len(), 100);
}

#[test]
fn an_address_that_may_have_taken_something_is_not_left() {
    let right = mock(MockOptions::default());
    // Taken, or nobody knows whether it was.
    let answers = [Fault::None, Fault::ServerError(502), Fault::Status(401, "off".to_owned())];
    let denied = || std::iter::repeat_n(Fault::Status(401, "off".to_owned()), 100);
    for (first, is_left) in answers.into_iter().zip([false, false, true]) {
        let folder = folder();
        prepare(folder.path(), 20);
        let script = std::iter::once(first.clone()).chain(denied()).collect();
        let wrong =
            mock(MockOptions { faults: Faults { script, ..Faults::default() }, ..MockOptions::default() });
        let output = upload(folder.path(), &wrong, &["out", "--no-wait"]);
        assert_eq!(code(&output), 5, "{first:?}: {}", stderr(&output));
        for args in [&["out", "--dry-run"][..], &["out"]] {
            let output = upload(folder.path(), &right, args);
            let refusal =
                format!("an unfinished upload to {}, which has or may have taken something", wrong.url());
            assert_eq!(code(&output), if is_left { 0 } else { 2 }, "{first:?} {args:?}: {}", stderr(&output));
            assert_eq!(
                stderr(&output).contains(&refusal),
                !is_left,
                "{first:?} {args:?}: {}",
                stderr(&output)
            );
        }
    }
    assert_eq!(right.contacts().len(), 20);
}

#[test]
fn the_status_of_an_upload_to_another_address_is_what_the_journal_knows() {
    let folder = folder();
    prepare(folder.path(), 20);
    let hour = Duration::from_secs(3600);
    let mock = mock(MockOptions { session_delay: hour, ..MockOptions::default() });
    let accepted = |folder: &Path| {
        let journal = std::fs::read_to_string(folder.join("out/journal.ndjson")).unwrap_or_default();
        journal.matches(r#""event":"accepted""#).count()
    };
    let mut child = begin(folder.path(), &mock);
    until("all requests are accepted", || accepted(folder.path()) == 4);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    let before = mock.requests().len();
    for place in ["out", "out/journal.ndjson"] {
        let mut command = program(folder.path());
        let output = command.env("RETENO_API_KEY", KEY).args(["status", place]).output().expect("it starts");
        assert_eq!(code(&output), 5, "{}", stderr(&output));
        let sum = "contacts 20 = finished 0 + failed 0 + unknown 20\n";
        assert!(stdout(&output).contains(sum), "{}", stdout(&output));
        let asks = format!("reteno-import status {place} --base-url {} asks there\n", mock.url());
        assert!(
            stderr(&output).starts_with("warning: ") && stderr(&output).ends_with(&asks),
            "{}",
            stderr(&output)
        );
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    }
    assert_eq!(mock.requests().len(), before, "nobody was asked");
    let output = upload(folder.path(), &mock, &["out", "--no-wait"]);
    let status = format!("reteno-import status {}", Path::new("out").join("journal.ndjson").display());
    assert!(stderr(&output).contains(&status), "{}", stderr(&output));
}

#[test]
fn batches_that_may_have_been_written_twice_are_named_once_each() {
    let folder = folder();
    prepare(folder.path(), 15);
    // The answers to a request, and to one of its halves, are lost; asked again, the server knows both.
    let script = vec![Fault::ResetAfter, Fault::None, Fault::ResetAfter];
    let mock = mock(MockOptions { faults: Faults { script, ..Faults::default() }, ..MockOptions::default() });
    let output = upload(folder.path(), &mock, &["out", "--concurrency", "1"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = "1 batch may have been written twice, in whole or in part and with the same values, because an answer was lost; \
                nothing has to be done: batch-000001.json\n";
    assert!(stderr(&output).contains(told), "{}", stderr(&output));
    let begun = std::fs::read_to_string(folder.path().join("out/journal.ndjson")).expect("a journal");
    assert_eq!(begun.matches(r#""event":"repeated""#).count(), 2, "{begun}");
}

#[test]
fn the_doctor_tells_of_a_server_that_is_away_once() {
    let folder = folder();
    let port = ClosedPort::new().expect("a port");
    let output = to(folder.path(), &port.url()).arg("doctor").output().expect("it starts");
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    let told = stdout(&output);
    assert!(told.starts_with(&format!("failed  connection: {}: no connection: ", port.url())), "{told}");
    assert!(told.contains("check --base-url and the network"), "{told}");
    assert!(told.ends_with("not checked: key, clock, custom fields\n"), "{told}");
    assert_eq!(told.matches("failed").count(), 1, "{told}");
}

#[cfg(unix)]
#[test]
fn an_upload_that_is_interrupted_twice_says_that_it_can_be_gone_on_with() {
    let folder = folder();
    prepare(folder.path(), 20);
    let mock = mock(MockOptions { latency: Duration::from_secs(600), ..MockOptions::default() });
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_reteno-import"))
        .current_dir(folder.path())
        .env("RETENO_API_KEY", KEY)
        .args(["upload", "out", "--base-url", &mock.url()])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    until("a request comes", || !mock.requests().is_empty());
    until("it ends", || {
        let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(sent.is_ok(), "{sent:?}");
        child.try_wait().expect("a child").is_some()
    });
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 130);
    let words = "stopped at once: the journal knows what was sent; run the same command again\n";
    assert!(stderr(&output).contains(words), "{}", stderr(&output));
}
