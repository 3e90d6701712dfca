//! A server that is not there, or goes away: what is told at once, when it is enough, and what is then known.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use mock_reteno::{ClosedPort, Fault, Faults, Mock, MockOptions};
use reteno::journal::{Files, Journal, Opened, Tally};
use reteno::{Halt, News, SourceEnd, Store, Upload, UploadOptions, UploadOutcome, UploadProgress, Wait};

use crate::support::{bodies, client, mock, quick, upload, upload_and_listen};

const KEY: &str = "test-key";

/// A short time for a server that nobody has reached, and delays that would take much longer.
fn impatient() -> UploadOptions {
    UploadOptions { first_contact: Duration::from_millis(50), ..quick() }
}

fn attempts(max_attempts: u32) -> UploadOptions {
    UploadOptions { max_attempts: NonZeroU32::new(max_attempts).expect("not zero"), ..quick() }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn closed(mock: Mock) -> ClosedPort {
    mock.close().expect("a port that stays")
}

/// Whether the sums are these, and add up.
fn assert_open(tally: &Tally, unanswered: u64, not_sent: u64) {
    assert!(tally.adds_up(), "{tally:?}");
    assert_eq!((tally.unanswered, tally.not_sent), (unanswered, not_sent), "{tally:?}");
}

/// Asks for imports alone.
fn ask_only(dir: &Path, base_url: &str, options: UploadOptions) -> (UploadOutcome, Vec<News>) {
    let opened = Journal::reopen(Files::beside(&dir.join("up.ndjson"))).expect("a journal");
    let Opened::Open(journal) = opened else { panic!("it has not come to its end") };
    let store = Store::Pending { dir: journal.files().pending.clone() };
    let progress = UploadProgress::default();
    let (tell, told) = std::sync::mpsc::channel();
    progress.listen(move |news| tell.send(news.clone()).expect("somebody listens"));
    let outcome = Upload::start(client(base_url, KEY), *journal, store, options, progress, || false)
        .expect("started")
        .finish(SourceEnd::Complete);
    (outcome, told.try_iter().collect())
}

#[test]
fn a_server_that_nobody_has_reached_is_soon_left_alone_and_nothing_is_in_doubt() {
    let port = ClosedPort::new().expect("a port");
    for options in [impatient(), attempts(1), attempts(2)] {
        let dir = folder();
        let (outcome, news) = upload_and_listen(dir.path(), &port.url(), KEY, bodies(20, 3), options.clone());
        let told = format!("{news:?} {outcome:?}");
        let Some(Halt::Unreached { base_url, reason }) = &outcome.halt else { panic!("{told}") };
        assert_eq!((base_url, reason.as_str()), (&port.url(), "connection refused"), "{told}");
        assert!(!outcome.is_complete && outcome.tally.contacts > 0, "{told}");
        assert_open(&outcome.tally, 0, outcome.tally.contacts);
        // What never left is not sent again.
        assert_eq!((outcome.retries, outcome.tally.perhaps_twice), (0, 0), "{told}");
        // Told once, however many requests were refused.
        let [News::NoAnswer { base_url, reason, again_for }] = news.as_slice() else { panic!("{told}") };
        assert_eq!((base_url, reason.as_str()), (&port.url(), "connection refused"), "{told}");
        let is_tried_again = options.max_attempts.get() > 1;
        assert_eq!(*again_for, is_tried_again.then_some(options.first_contact), "{told}");
    }
}

#[test]
fn when_it_is_there_the_upload_goes_on_and_sends_everything_once() {
    let dir = folder();
    let port = ClosedPort::new().expect("a port");
    let (outcome, _) = upload_and_listen(dir.path(), &port.url(), KEY, bodies(20, 3), impatient());
    assert!(matches!(outcome.halt, Some(Halt::Unreached { .. })), "{outcome:?}");
    let mock = port.open(MockOptions::default()).expect("a mock");
    let outcome = upload(dir.path(), &mock, bodies(20, 3), impatient());
    assert!(outcome.is_complete && outcome.tally.finished == 60, "{outcome:?}");
    assert_eq!(outcome.tally.perhaps_twice, 0, "{outcome:?}");
    assert!(mock.applied_bodies().iter().all(|(_, times)| *times == 1));
}

#[test]
fn who_does_not_speak_the_language_is_not_reached() {
    let mock = mock(MockOptions::default());
    let dir = folder();
    // It speaks plain HTTP.
    let url = mock.url().replace("http://", "https://");
    let (outcome, news) = upload_and_listen(dir.path(), &url, KEY, bodies(4, 3), impatient());
    let Some(Halt::Unreached { reason, .. }) = &outcome.halt else { panic!("{outcome:?}") };
    assert!(reason.starts_with("no encrypted connection: "), "{reason}");
    assert_open(&outcome.tally, 0, outcome.tally.contacts);
    assert_eq!(news.len(), 1, "{news:?}");
}

#[test]
fn an_attempt_of_which_nobody_knows_is_not_undone_by_refused_ones() {
    let dir = folder();
    let lost = Faults { reset_after: 1.0, ..Faults::default() };
    let mock = mock(MockOptions { faults: lost, ..MockOptions::default() });
    let url = mock.url();
    // Three requests that are given up stop the upload.
    let outcome = upload(dir.path(), &mock, bodies(3, 2), attempts(1));
    assert!(matches!(outcome.halt, Some(Halt::Silent(_))), "{outcome:?}");
    assert_open(&outcome.tally, 6, 0);

    let port = closed(mock);
    let (outcome, _) = upload_and_listen(dir.path(), &url, KEY, bodies(3, 2), impatient());
    assert!(matches!(outcome.halt, Some(Halt::Unreached { .. })), "{outcome:?}");
    assert_open(&outcome.tally, 6, 0);
    let read = Journal::look(&dir.path().join("up.ndjson")).expect("a journal");
    assert_open(&read.tally, 6, 0);

    // The account has them still, and says so.
    let mock = port.open(MockOptions::default()).expect("a mock");
    let outcome = upload(dir.path(), &mock, bodies(3, 2), quick());
    assert!(outcome.is_complete && outcome.tally.finished == 6, "{outcome:?}");
    assert_eq!(outcome.tally.perhaps_twice, 3, "{outcome:?}");
}

#[test]
fn trouble_is_told_once_and_so_is_its_end() {
    let script = |fault: Fault| [vec![Fault::None; 5], vec![fault; 4]].concat();
    let failing = |reason: &str| (reason.to_owned(), false);
    for (fault, (reason, is_silent)) in [
        (Fault::ServerError(502), failing("the server answers 502")),
        (Fault::Timeout, failing("the server answers 408")),
        (Fault::WrongTypeBefore, failing("the answer is not one of the API")),
        (Fault::ResetBefore, ("connection".to_owned(), true)),
    ] {
        let dir = folder();
        let faults = Faults { script: script(fault.clone()), ..Faults::default() };
        let mock = mock(MockOptions { faults, ..MockOptions::default() });
        let (outcome, news) = upload_and_listen(dir.path(), &mock.url(), KEY, bodies(20, 2), quick());
        let told = format!("{fault:?}: {news:?} {outcome:?}");
        assert!(outcome.is_complete && outcome.retries == 4, "{told}");
        let [first, News::Back] = news.as_slice() else { panic!("{told}") };
        let (said, again_for) = match first {
            News::NoAnswer { reason, again_for, .. } if is_silent => (reason, again_for),
            News::Failing { reason, again_for } if !is_silent => (reason, again_for),
            _ => panic!("{told}"),
        };
        assert!(said.contains(&reason), "{told}");
        // As short as the delays of these options are, it is tried for a minute.
        assert_eq!(*again_for, Some(Duration::from_secs(60)), "{told}");
    }
}

#[test]
fn imports_are_not_asked_for_where_nobody_is() {
    let dir = folder();
    let mock = mock(MockOptions::default());
    let url = mock.url();
    upload(dir.path(), &mock, bodies(3, 2), UploadOptions { wait: Wait::No, ..quick() });
    let port = closed(mock);
    // Who waits for them does so for a short time.
    let (outcome, news) = ask_only(dir.path(), &url, impatient());
    assert!(matches!(outcome.halt, Some(Halt::Unreached { .. })), "{outcome:?}");
    assert_eq!((outcome.tally.importing, outcome.is_complete), (6, false), "{outcome:?}");
    let [News::NoAnswer { again_for: Some(time), .. }] = news.as_slice() else { panic!("{news:?}") };
    assert_eq!(*time, impatient().first_contact);
    // Who asks once is told why there is nothing new.
    let (outcome, news) = ask_only(dir.path(), &url, UploadOptions { wait: Wait::Once, ..quick() });
    assert!(outcome.halt.is_none() && outcome.tally.importing == 6, "{outcome:?}");
    assert!(matches!(news.as_slice(), [News::NoAnswer { again_for: None, .. }]), "{news:?}");
    drop(port);
}
