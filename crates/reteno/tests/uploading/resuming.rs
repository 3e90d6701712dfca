//! An upload may end at any moment; the next run goes on with it, and in the end it is as if it had never ended.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use batch::manifest::BatchEntry;
use mock_reteno::{Mock, MockOptions};
use reteno::journal::{Begin, Files, Journal, JournalError, Opened, Source};
use reteno::{
    BodyHash, Halt, SourceEnd, Stopped, Store, Upload, UploadOptions, UploadOutcome, UploadProgress, Wait,
};
use serde_json::Value;

use crate::support::{bodies, body, client, journal, lines, mock, name, quick, upload};

const KEY: &str = "test-key";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn files(dir: &Path) -> Files {
    Files::beside(&dir.join("up.ndjson"))
}

/// The hashes of the bodies that were sent, from the request of this number on.
fn sent(mock: &Mock, from: usize) -> Vec<String> {
    let requests = mock.requests().into_iter().skip(from);
    requests.filter(|request| request.method == "POST").map(|request| request.body_hash).collect()
}

/// The bodies that a journal knows to be accepted.
fn accepted(journal: &[Value]) -> HashSet<String> {
    let batch = |line: &Value| line["batch"].as_str().expect("a batch").to_owned();
    journal.iter().filter(|line| line["event"] == "accepted").map(batch).collect()
}

#[test]
fn what_was_accepted_before_an_interruption_is_not_sent_again() {
    const BATCHES: usize = 100;
    for (wait, seed) in [(Wait::Idle(Duration::from_secs(30)), 1), (Wait::No, 2)] {
        let dir = folder();
        let mock = mock(MockOptions { seed, ..MockOptions::default() });
        let Opened::Open(journal) = journal(dir.path(), &mock.url()) else { panic!("it is new") };
        assert!(!journal.is_resumed());
        let store = Store::Pending { dir: journal.files().pending.clone() };
        let progress = UploadProgress::default();
        let stop = {
            let progress = progress.clone();
            move || progress.snapshot().batches >= 10
        };
        // The rate leaves the time to see that it is to stop.
        let options = UploadOptions { rate: 50.try_into().expect("not zero"), wait, ..quick() };
        let client = client(&mock.url(), KEY);
        let mut upload = Upload::start(client, *journal, store, options, progress, stop).expect("started");
        let mut end = SourceEnd::Complete;
        for (body, contacts) in bodies(BATCHES, 2) {
            if let Err(Stopped) = upload.send(body, contacts) {
                end = SourceEnd::CutOff;
                break;
            }
        }
        let outcome = upload.finish(end);
        assert!(matches!(outcome.halt, Some(Halt::Interrupted)) && !outcome.is_complete, "{outcome:?}");
        assert!(outcome.tally.adds_up(), "{outcome:?}");

        let before = mock.requests().len();
        let known = accepted(&lines(&files(dir.path()).journal));
        assert!(known.len() >= 10 && known.len() < BATCHES, "{}", known.len());
        let outcome = crate::support::upload(dir.path(), &mock, bodies(BATCHES, 2), quick());
        assert!(outcome.is_complete && outcome.halt.is_none(), "{outcome:?}");
        assert_eq!(outcome.tally.finished, 2 * BATCHES as u64, "{outcome:?}");
        let again = sent(&mock, before);
        assert!(again.iter().all(|hash| !known.contains(hash)), "{again:?}");
        assert_eq!(again.len(), BATCHES - known.len());
        // No answer was lost, so nothing was sent twice.
        assert!(mock.applied_bodies().iter().all(|(_, times)| *times == 1));
        for (batch, nth) in (0..BATCHES).flat_map(|batch| [(batch, 0), (batch, 1)]) {
            let state = mock.contact(&format!("{batch}-{nth}")).expect("it is there");
            assert_eq!(state.first_name, Some(name(batch, nth)));
        }
    }
}

/// The lines of a journal, but for one that is torn.
fn whole_lines(journal: &[u8]) -> Vec<Value> {
    let end = journal.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = journal[..end].split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| serde_json::from_slice(line).expect("a line")).collect()
}

#[test]
fn a_journal_of_an_earlier_version_says_what_was_sent_and_what_was_not() {
    let dir = folder();
    let journal = |events: &[(usize, &str)]| {
        let begin = r#"{"at":"2026-11-01T00:00:00Z","event":"begin","format":"reteno-import/journal","version":1,"tool":"reteno-import 0.1.0","base_url":"http://127.0.0.1:1/api/v1/","source":"bodies","results_bytes":0,"rejects_bytes":0}"#;
        let mut text = format!("{begin}\n");
        for (batch, event) in events {
            let hash = BodyHash::of(&body(*batch, 3));
            text += &format!(
                r#"{{"at":"2026-11-01T00:00:01Z",{event},"batch":"{hash}","from":0,"to":3,"attempt":1,"results_bytes":0,"rejects_bytes":0}}"#
            );
            text.push('\n');
        }
        std::fs::write(files(dir.path()).journal, text).expect("a journal");
        Journal::look(&files(dir.path()).journal).expect("a journal").tally
    };
    const SENDING: &str = r#""event":"sending""#;
    const REFUSED: &str = r#""event":"again","reason":"error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)","perhaps_applied":false"#;
    const LOST: &str = r#""event":"again","reason":"there was no answer in time","perhaps_applied":true"#;
    for (events, unanswered, not_sent) in [
        (&[(0, SENDING)][..], 3, 0),
        (&[(0, SENDING), (0, REFUSED)], 0, 3),
        (&[(0, SENDING), (0, LOST), (0, SENDING), (0, REFUSED)], 3, 0),
        (&[(0, SENDING), (1, SENDING), (0, REFUSED), (1, LOST), (2, SENDING)], 6, 3),
    ] {
        let tally = journal(events);
        assert!(tally.adds_up(), "{events:?}: {tally:?}");
        assert_eq!((tally.unanswered, tally.not_sent), (unanswered, not_sent), "{events:?}");
    }
}

/// Keeps a body as an upload does while its end is not known.
fn keep(files: &Files, body: &[u8]) {
    std::fs::create_dir_all(&files.pending).expect("a folder");
    let path = files.pending.join(format!("{}.json", BodyHash::of(body)));
    std::fs::write(path, body).expect("a body");
}

/// An upload that is cut off where the journal is.
mod cut {
    use super::*;

    pub(super) const BATCHES: usize = 6;
    pub(super) const CONTACTS: usize = 4;

    /// Refused; failed; in a session that fails.
    const REFUSED: &str = "1-2";
    const FAILED: &str = "2-1";
    const ERROR_SESSION: &str = "3-0";
    const UNMAPPED: &str = "4-1";

    /// A folder with a finished upload, and the account that it went to.
    pub(super) struct Finished {
        pub(super) dir: tempfile::TempDir,
        pub(super) mock: Mock,
        /// The journal, without the line that says that it is complete.
        pub(super) journal: Vec<u8>,
    }

    impl Finished {
        pub(super) fn new(duplicate_window: Duration) -> Self {
            let dir = folder();
            let mock = mock(MockOptions {
                duplicate_window,
                refuse_keys: vec![REFUSED.to_owned()],
                fail_keys: vec![FAILED.to_owned()],
                error_session_keys: vec![ERROR_SESSION.to_owned()],
                unmapped_keys: vec![UNMAPPED.to_owned()],
                ..MockOptions::default()
            });
            let outcome = upload(dir.path(), &mock, bodies(BATCHES, CONTACTS), quick());
            assert!(outcome.is_complete && outcome.tally.failed == 6, "{outcome:?}");
            let mut journal = std::fs::read(files(dir.path()).journal).expect("a journal");
            journal.pop();
            let end = journal.iter().rposition(|byte| *byte == b'\n').expect("more than a line") + 1;
            journal.truncate(end);
            Self { dir, mock, journal }
        }

        /// Where each line of the journal begins.
        pub(super) fn boundaries(&self) -> Vec<usize> {
            let ends = self.journal.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            [0].into_iter().chain(ends.map(|(at, _)| at + 1)).collect()
        }

        /// Makes it as if the upload had been killed when the journal had this length: bodies that were sent are kept
        /// until their end is written down, and results and rejects may have grown further.
        pub(super) fn kill_at(&self, length: usize) {
            let files = files(self.dir.path());
            std::fs::write(&files.journal, &self.journal[..length]).expect("a journal");
            let known = whole_lines(&self.journal[..length]);
            for (body, contacts) in bodies(BATCHES, CONTACTS) {
                let batch = BodyHash::of(&body);
                let of_it = || known.iter().filter(|line| line["batch"] == batch.to_string());
                let ends = ["finished", "session_failed", "rejected"];
                let ended: u64 = of_it()
                    .filter(|line| ends.iter().any(|end| line["event"] == *end))
                    .map(|line| line["to"].as_u64().unwrap_or(0) - line["from"].as_u64().unwrap_or(0))
                    .sum();
                if of_it().count() > 0 && ended < u64::from(contacts) {
                    keep(&files, &body);
                }
            }
        }

        /// Goes on, and looks at every contact.
        pub(super) fn goes_on(&self, cut: &str) {
            let files = files(self.dir.path());
            let known = whole_lines(&std::fs::read(&files.journal).expect("a journal"));
            let before = self.mock.requests().len();
            let outcome = upload(self.dir.path(), &self.mock, bodies(BATCHES, CONTACTS), quick());
            let told = format!("cut at {cut}: {outcome:?}");
            assert!(outcome.is_complete && outcome.halt.is_none(), "{told}");
            let tally = outcome.tally;
            assert!(tally.adds_up() && tally.unknown() == 0, "{told}");
            let all = (BATCHES * CONTACTS) as u64;
            assert_eq!((tally.batches, tally.contacts), (BATCHES as u64, all), "{told}");

            let keys = |path: &Path| -> Vec<String> {
                let key = |line: &Value| line["key"].as_str().expect("a key").to_owned();
                lines(path).iter().map(key).collect()
            };
            let (results, rejects) = (keys(&files.results), keys(&files.rejects));
            let ends: BTreeSet<&String> = results.iter().chain(&rejects).collect();
            assert_eq!(ends.len(), results.len() + rejects.len(), "{results:?} {rejects:?} {told}");
            assert_eq!(rejects.len() as u64, tally.failed, "{rejects:?} {told}");
            assert_eq!(results.len() as u64 + tally.without_session, tally.finished, "{results:?} {told}");
            for bad in [REFUSED, FAILED, ERROR_SESSION] {
                assert!(rejects.iter().any(|key| key == bad), "{bad} {rejects:?} {told}");
                assert!(self.mock.contact(bad).is_none(), "{bad} {told}");
            }
            for key in &rejects {
                // The others of the request of which the import fails, as far as they were sent with it again.
                assert!(key == REFUSED || key == FAILED || key.starts_with("3-"), "{key} {told}");
            }
            for (batch, nth) in (0..BATCHES).flat_map(|batch| (0..CONTACTS).map(move |nth| (batch, nth))) {
                let key = format!("{batch}-{nth}");
                if rejects.contains(&key) {
                    continue;
                }
                let state = self.mock.contact(&key).unwrap_or_else(|| panic!("{key} is missing; {told}"));
                assert_eq!(state.first_name, Some(name(batch, nth)), "{key} {told}");
                assert_eq!(state.channels.len(), 2, "{key} {told}");
            }
            let ids: BTreeMap<String, Value> = lines(&files.results)
                .iter()
                .map(|line| (line["key"].as_str().expect("a key").to_owned(), line["contactId"].clone()))
                .collect();
            for (key, id) in ids {
                let state = self.mock.contact(&key).map(|state| Value::from(state.id.to_string()));
                let expected = if key == UNMAPPED { Some(Value::Null) } else { state };
                assert_eq!(Some(id), expected, "{key} {told}");
            }

            let again = sent(&self.mock, before);
            let whole_body = |line: &&Value| line["from"] == 0 && line["to"] == CONTACTS;
            let known: Vec<Value> = known.iter().filter(whole_body).cloned().collect();
            for hash in accepted(&known) {
                assert!(!again.contains(&hash), "{hash} was accepted, and sent again; {told}");
            }
            assert!(!files.pending.exists(), "{told}");
        }
    }
}

const WINDOWS: [Duration; 2] = [Duration::ZERO, Duration::from_secs(60)];

#[test]
fn a_journal_that_ends_after_any_line_is_gone_on_with() {
    for window in WINDOWS {
        let mut nth = 0;
        loop {
            let finished = cut::Finished::new(window);
            let Some(at) = finished.boundaries().get(nth).copied() else { break };
            finished.kill_at(at);
            finished.goes_on(&format!("line {nth}, duplicates within {window:?}"));
            nth += 1;
        }
        assert!(nth > 3 * cut::BATCHES, "{nth}");
    }
}

#[test]
fn a_journal_that_ends_within_any_line_is_gone_on_with() {
    for seed in 0..30 {
        let mut random = fastrand::Rng::with_seed(seed);
        for window in WINDOWS {
            let finished = cut::Finished::new(window);
            let at = random.usize(..=finished.journal.len());
            finished.kill_at(at);
            finished.goes_on(&format!("byte {at}, seed {seed}, duplicates within {window:?}"));
        }
    }
}

#[test]
fn an_upload_that_is_killed_again_and_again_comes_to_its_end() {
    for seed in 0..8 {
        let mut random = fastrand::Rng::with_seed(seed);
        let finished = cut::Finished::new(Duration::ZERO);
        let mut at = finished.journal.len();
        for _ in 0..4 {
            at = random.usize(..=at);
            finished.kill_at(at);
            finished.goes_on(&format!("byte {at}, seed {seed}"));
        }
    }
}

/// What opening the journal of a folder says against.
fn refusal(dir: &Path, begin: Begin) -> JournalError {
    Journal::open(files(dir), begin).expect_err("it cannot be used")
}

#[test]
fn a_file_that_is_something_else_is_not_taken_for_a_journal() {
    let dir = tempfile::tempdir().expect("a folder");
    let mock = mock(MockOptions::default());
    let path = files(dir.path()).journal;
    for text in ["what is this\n", "what is this", "x", "{\"externalCustomerId\":\"a\"}\n{}\n", "\n", "[1"] {
        std::fs::write(&path, text).expect("written");
        let error = refusal(dir.path(), Begin::new(&mock.url(), Source::Bodies));
        assert!(matches!(error, JournalError::Foreign { .. }), "{text}: {error}");
        assert_eq!(std::fs::read_to_string(&path).expect("text"), text, "it is left as it is");
    }
    // The first line of a journal, of which the writing did not end.
    for text in ["", "{", "{\"at\":\"2026-11"] {
        std::fs::write(&path, text).expect("written");
        let outcome = upload(dir.path(), &mock, bodies(1, 1), quick());
        assert!(outcome.is_complete, "{text}: {outcome:?}");
    }
}

#[test]
fn a_damaged_line_is_an_error_that_names_it() {
    let finished = cut::Finished::new(Duration::ZERO);
    let journal = String::from_utf8(finished.journal.clone()).expect("text");
    let all: Vec<&str> = journal.lines().collect();
    let other_version = all[0].replace("\"version\":1", "\"version\":2");
    let other_format = all[0].replace("reteno-import/journal", "another/journal");
    assert!(other_version != all[0] && other_format != all[0]);
    let half = &all[3][..all[3].len() / 2];
    let backwards = all[3].replace("\"from\":", "\"from\":9");
    assert!(backwards != all[3]);
    let unknown = r#"{"at":"2026-01-01T00:00:00Z","event":"dreamt"}"#;
    for (line, text) in [
        (1, all[1]),
        (1, &other_version),
        (1, &other_format),
        (3, "\u{0}\u{0}\u{0}"),
        (4, half),
        (5, ""),
        (5, unknown),
        (4, &backwards),
        (all.len(), "{}"),
    ] {
        let mut damaged = all.clone();
        damaged[line - 1] = text;
        let path = files(finished.dir.path()).journal;
        let damaged = damaged.join("\n") + "\n";
        std::fs::write(&path, &damaged).expect("a journal");
        let begin = Begin::new(&finished.mock.url(), Source::Bodies);
        for error in [
            refusal(finished.dir.path(), begin),
            Journal::look(&path).expect_err("it cannot be read"),
            Journal::reopen(files(finished.dir.path())).expect_err("it cannot be read"),
        ] {
            let told = error.to_string();
            assert!(matches!(error, JournalError::Damaged { line: at, .. } if at == line as u64), "{told}");
            assert!(told.contains(&format!("line {line}:")), "{told}");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("text"), damaged, "it is left as it is");
    }
}

#[test]
fn a_journal_is_for_one_upload_at_a_time() {
    let dir = folder();
    let mock = mock(MockOptions { session_delay: Duration::from_secs(3600), ..MockOptions::default() });
    let path = files(dir.path()).journal;
    assert!(matches!(Journal::look(&path), Err(JournalError::Missing { .. })));
    upload(dir.path(), &mock, bodies(2, 3), UploadOptions { wait: Wait::No, ..quick() });
    assert!(!Journal::look(&path).expect("a journal").is_in_use);

    let Opened::Open(first) = journal(dir.path(), &mock.url()) else { panic!("it is not complete") };
    assert!(first.is_resumed());
    let begin = || Begin::new(&mock.url(), Source::Bodies);
    assert!(matches!(refusal(dir.path(), begin()), JournalError::InUse { path: at } if at == path));
    assert!(matches!(Journal::reopen(files(dir.path())), Err(JournalError::InUse { .. })));
    let seen = Journal::look(&path).expect("a journal");
    assert!(seen.is_in_use && !seen.is_complete && seen.begin == begin(), "{seen:?}");
    assert_eq!((seen.tally.importing, seen.tally.contacts), (6, 6), "{seen:?}");
    // Who looks does not take it away.
    assert!(matches!(refusal(dir.path(), begin()), JournalError::InUse { .. }));
    drop(first);
    assert!(!Journal::look(&path).expect("a journal").is_in_use);
    assert!(matches!(Journal::open(files(dir.path()), begin()), Ok(Opened::Open(_))));
}

#[test]
fn an_unfinished_upload_is_not_gone_on_with_on_another_server() {
    let dir = folder();
    let (first, second) = (mock(MockOptions::default()), mock(MockOptions::default()));
    upload(dir.path(), &first, bodies(3, 2), UploadOptions { wait: Wait::No, ..quick() });
    let before = std::fs::read(files(dir.path()).journal).expect("a journal");
    let error = refusal(dir.path(), Begin::new(&second.url(), Source::Bodies));
    assert!(
        matches!(&error, JournalError::OtherServer { base_url, .. } if *base_url == first.url()),
        "{error}"
    );
    assert_eq!(std::fs::read(files(dir.path()).journal).expect("a journal"), before);

    assert!(upload(dir.path(), &first, bodies(3, 2), quick()).is_complete);
    // What has come to its end binds nobody.
    let Opened::Open(journal) = journal(dir.path(), &second.url()) else { panic!("a pipe has no known end") };
    assert!(!journal.is_resumed());
    drop(journal);
    let outcome = upload(dir.path(), &second, bodies(3, 2), quick());
    assert!(outcome.is_complete && outcome.tally.finished == 6, "{outcome:?}");
    assert_eq!((second.contacts().len(), sent(&second, 0).len()), (6, 3));
    // The results of the first stand before those of the second.
    assert_eq!(lines(&files(dir.path()).results).len(), 12);
}

/// A prepared folder of so many bodies.
struct Prepared {
    dir: tempfile::TempDir,
    entries: HashMap<BodyHash, BatchEntry>,
}

impl Prepared {
    fn new(batches: usize, contacts: usize) -> Self {
        let dir = folder();
        let mut entries = HashMap::new();
        for (number, (body, contacts)) in bodies(batches, contacts).enumerate() {
            let hash = BodyHash::of(&body);
            let file = format!("batch-{:06}.json", number + 1);
            std::fs::write(dir.path().join(&file), &body).expect("a body");
            let entry = BatchEntry {
                file,
                bytes: body.len() as u64,
                contacts,
                contact_fields: Vec::new(),
                custom_fields_ids: Vec::new(),
                blake3: hash.to_string(),
            };
            entries.insert(hash, entry);
        }
        Self { dir, entries }
    }

    fn open(&self, mock: &Mock, manifest: &[u8]) -> Opened {
        let source = Source::Folder { manifest: BodyHash::of(manifest) };
        let begin = Begin::new(&mock.url(), source);
        Journal::open(Files::in_folder(self.dir.path()), begin).expect("a journal")
    }

    /// Uploads what is still to be sent; `None` if it is complete.
    fn upload(&self, mock: &Mock, manifest: &[u8], options: UploadOptions) -> Option<UploadOutcome> {
        let Opened::Open(journal) = self.open(mock, manifest) else { return None };
        let store = Store::Folder { dir: self.dir.path().to_owned(), entries: self.entries.clone() };
        let progress = UploadProgress::default();
        let client = client(&mock.url(), KEY);
        let mut upload =
            Upload::start(client, *journal, store, options, progress, || false).expect("started");
        for (hash, entry) in &self.entries {
            if upload.wants(*hash) {
                let body = std::fs::read(self.dir.path().join(&entry.file)).expect("a body");
                upload.send(body, entry.contacts).expect("it is taken");
            }
        }
        Some(upload.finish(SourceEnd::Complete))
    }
}

#[test]
fn a_folder_is_uploaded_once_until_its_manifest_is_another() {
    let prepared = Prepared::new(4, 3);
    let mock = mock(MockOptions {
        duplicate_window: Duration::ZERO,
        fail_keys: vec!["2-1".to_owned()],
        ..MockOptions::default()
    });
    let outcome = prepared.upload(&mock, b"one", UploadOptions { wait: Wait::No, ..quick() });
    let outcome = outcome.expect("it is new");
    assert_eq!((outcome.tally.importing, outcome.is_complete), (11, false), "{outcome:?}");
    // Everything was sent, and is only asked for.
    let outcome = prepared.upload(&mock, b"one", quick()).expect("it is not complete");
    assert_eq!((outcome.tally.finished, outcome.tally.failed), (11, 1), "{outcome:?}");
    assert!(outcome.is_complete, "{outcome:?}");
    assert_eq!(sent(&mock, 0).len(), 4);
    let Opened::Complete(reading) = prepared.open(&mock, b"one") else { panic!("it is complete") };
    assert!(reading.is_complete && reading.tally == outcome.tally, "{reading:?}");
    let written = Files::in_folder(prepared.dir.path());
    assert!(!written.pending.exists());
    let rejects = lines(&written.rejects);
    // People know a request of a folder by its file.
    assert_eq!(rejects[0]["source"], "batch-000003.json");

    let requests = mock.requests().len();
    let outcome = prepared.upload(&mock, b"two", quick()).expect("it is another");
    assert!(outcome.is_complete && outcome.tally == reading.tally, "{outcome:?}");
    assert_eq!(sent(&mock, requests).len(), 4);
    assert!(matches!(prepared.open(&mock, b"two"), Opened::Complete(_)));
}

#[test]
fn files_beside_the_journal_are_as_long_as_it_says() {
    let dir = folder();
    let mock = mock(MockOptions { fail_keys: vec!["1-1".to_owned()], ..MockOptions::default() });
    upload(dir.path(), &mock, bodies(3, 2), quick());
    // A second upload, which is not complete.
    let others = || (3..6).map(|batch| (body(batch, 2), 2));
    upload(dir.path(), &mock, others(), UploadOptions { wait: Wait::No, ..quick() });
    let Files { results, rejects, .. } = files(dir.path());
    let begin = || Begin::new(&mock.url(), Source::Bodies);
    let length = |path: &PathBuf| path.metadata().expect("it is there").len();
    for path in [&results, &rejects] {
        let whole = std::fs::read(path).expect("a file");
        assert!(!whole.is_empty());
        for kept in [0, whole.len() / 2, whole.len() - 1] {
            std::fs::write(path, &whole[..kept]).expect("a file");
            let error = refusal(dir.path(), begin());
            let JournalError::Shortened { path: at, expected, found } = &error else { panic!("{error}") };
            assert_eq!((at, *expected, *found), (path, whole.len() as u64, kept as u64), "{error}");
            assert_eq!(length(path), kept as u64, "it is left as it is");
        }
        std::fs::write(path, [&whole[..], b"{\"half a li"].concat()).expect("a file");
        assert!(matches!(Journal::open(files(dir.path()), begin()), Ok(Opened::Open(_))));
        assert_eq!(std::fs::read(path).expect("a file"), whole);
    }
    let outcome = upload(dir.path(), &mock, others(), quick());
    assert!(outcome.is_complete && outcome.tally.finished == 6, "{outcome:?}");
    assert_eq!((lines(&results).len(), lines(&rejects).len()), (11, 1));
}

#[test]
fn contacts_whose_body_is_lost_are_told_when_the_source_gives_it_again() {
    let dir = folder();
    let mock = mock(MockOptions { error_session_keys: vec!["1-0".to_owned()], ..MockOptions::default() });
    upload(dir.path(), &mock, bodies(3, 2), UploadOptions { wait: Wait::No, ..quick() });
    std::fs::remove_dir_all(files(dir.path()).pending).expect("a folder");
    let outcome = upload(dir.path(), &mock, bodies(3, 2), quick());
    assert!(outcome.is_complete && outcome.tally.failed == 2, "{outcome:?}");
    assert_eq!(lines(&files(dir.path()).rejects).len(), 2);
}

#[test]
fn a_folder_that_is_complete_on_one_server_is_new_to_another() {
    let prepared = Prepared::new(2, 2);
    let (first, second) = (mock(MockOptions::default()), mock(MockOptions::default()));
    assert!(prepared.upload(&first, b"one", quick()).expect("it is new").is_complete);
    let outcome = prepared.upload(&second, b"one", quick()).expect("it is new to this server");
    assert!(outcome.is_complete && outcome.tally.finished == 4, "{outcome:?}");
    assert_eq!(second.contacts().len(), 4);
}

#[test]
fn a_body_whose_end_is_known_does_not_stay() {
    let finished = cut::Finished::new(Duration::ZERO);
    // Killed after the last line, and before the body that it is about was taken away.
    finished.kill_at(finished.journal.len());
    keep(&files(finished.dir.path()), &body(0, cut::CONTACTS));
    finished.goes_on("the end, with a body that is left");
}
