//! Bodies, a mock, and uploads from one to the other.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::time::Duration;

use mock_reteno::{Mock, MockOptions};
use reteno::journal::{Begin, Files, Journal, Opened, Source};
use reteno::{
    ApiKey, Client, News, SourceEnd, Stopped, Store, Upload, UploadOptions, UploadOutcome, UploadProgress,
    Wait,
};

/// The request of so many contacts, all with a first name, whose keys are `BATCH-0` and so on.
pub(crate) fn body(batch: usize, contacts: usize) -> Vec<u8> {
    let contact = |nth: usize| {
        format!(
            r#"{{"externalCustomerId":"{batch}-{nth}","firstName":"{name}","channels":[{{"type":"email","value":"c{batch}-{nth}@example.com"}},{{"type":"mobilepush","value":"token-{batch}-{nth}","device":{{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d"}}}}]}}"#,
            name = name(batch, nth),
        )
    };
    let contacts: Vec<String> = (0..contacts).map(contact).collect();
    format!(
        r#"{{"contacts":[{}],"dedupeOn":"externalCustomerId","contactFields":["firstName","email","mobilepush","externalCustomerId"]}}"#,
        contacts.join(",")
    )
    .into_bytes()
}

/// The first name of a contact: another one for each, of letters alone.
pub(crate) fn name(batch: usize, nth: usize) -> String {
    let letter = |number: usize| char::from(b'a' + (number % 26) as u8);
    format!("N{}{}{}{}", letter(batch / 26), letter(batch), letter(nth / 26), letter(nth))
}

/// Options with which no test waits for long.
pub(crate) fn quick() -> UploadOptions {
    UploadOptions {
        backoff: [Duration::from_millis(5), Duration::from_millis(50)],
        poll: [Duration::from_millis(5), Duration::from_millis(50)],
        wait: Wait::Idle(Duration::from_secs(30)),
        // With a fault in twenty requests, no request of these tests meets so many in a row.
        max_attempts: NonZeroU32::new(20).expect("not zero"),
        concurrency: NonZeroUsize::new(8).expect("not zero"),
        ..UploadOptions::default()
    }
}

pub(crate) fn mock(options: MockOptions) -> Mock {
    Mock::start(options).expect("a mock that listens")
}

/// Opens the journal `up.ndjson` of a folder.
pub(crate) fn journal(dir: &Path, base_url: &str) -> Opened {
    let begin = Begin::new(base_url, Source::Bodies);
    Journal::open(Files::beside(&dir.join("up.ndjson")), begin).expect("a journal")
}

pub(crate) fn client(base_url: &str, key: &str) -> Client {
    let base = base_url.parse().expect("an address of this machine");
    Client::new(base, &ApiKey::new(key).expect("a key"), Duration::from_secs(10)).expect("a client")
}

/// Uploads bodies with so many contacts each, one after the other.
pub(crate) fn upload(
    dir: &Path,
    mock: &Mock,
    bodies: impl IntoIterator<Item = (Vec<u8>, u32)>,
    options: UploadOptions,
) -> UploadOutcome {
    upload_to(dir, &mock.url(), "test-key", bodies, options)
}

/// The same, with any address and key.
pub(crate) fn upload_to(
    dir: &Path,
    base_url: &str,
    key: &str,
    bodies: impl IntoIterator<Item = (Vec<u8>, u32)>,
    options: UploadOptions,
) -> UploadOutcome {
    let (outcome, _) = upload_and_listen(dir, base_url, key, bodies, options);
    outcome
}

/// The same, with what was told meanwhile.
pub(crate) fn upload_and_listen(
    dir: &Path,
    base_url: &str,
    key: &str,
    bodies: impl IntoIterator<Item = (Vec<u8>, u32)>,
    options: UploadOptions,
) -> (UploadOutcome, Vec<News>) {
    let Opened::Open(journal) = journal(dir, base_url) else { panic!("a pipe has no known end") };
    let store = Store::Pending { dir: journal.files().pending.clone() };
    let client = client(base_url, key);
    let progress = UploadProgress::default();
    let (tell, told) = std::sync::mpsc::channel();
    progress.listen(move |news| tell.send(news.clone()).expect("somebody listens"));
    let mut upload = Upload::start(client, *journal, store, options, progress, || false).expect("started");
    let mut end = SourceEnd::Complete;
    for (body, contacts) in bodies {
        if let Err(Stopped) = upload.send(body, contacts) {
            end = SourceEnd::CutOff;
            break;
        }
    }
    let outcome = upload.finish(end);
    (outcome, told.try_iter().collect())
}

/// So many bodies of so many contacts.
pub(crate) fn bodies(batches: usize, contacts: usize) -> impl Iterator<Item = (Vec<u8>, u32)> {
    (0..batches).map(move |batch| (body(batch, contacts), contacts as u32))
}

/// The lines of a file as JSON.
pub(crate) fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// What is there now, or soon: an import whose session is not known ends when it does.
pub(crate) fn until<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begin = std::time::Instant::now();
    loop {
        let found = look();
        if found.is_some() || begin.elapsed() > Duration::from_secs(20) {
            return found;
        }
        std::thread::yield_now();
    }
}
