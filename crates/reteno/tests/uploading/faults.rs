//! Each fault alone and all of them together: the same contacts are there in the end.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use mock_reteno::{Faults, MockOptions};
use reteno::UploadOptions;

use crate::support::{bodies, lines, mock, name, quick, until, upload};

const SEEDS: u64 = 20;
const BATCHES: usize = 100;
const CONTACTS: usize = 4;

/// How often a fault comes.
const ODDS: f64 = 0.05;

/// Uploads with these faults, for every seed, and looks at every contact.
fn everything_arrives(faults: impl Fn() -> Faults + Sync) {
    thread::scope(|scope| {
        for seed in 0..SEEDS {
            let faults = faults();
            scope.spawn(move || everything_arrives_with(faults, seed));
        }
    });
}

fn everything_arrives_with(faults: Faults, seed: u64) {
    let dir = tempfile::tempdir().expect("a folder");
    // One refused and one failed contact in a batch here and there.
    let refused: Vec<String> = vec!["3-1".into(), "40-0".into()];
    let failed: Vec<String> = vec!["3-2".into(), "7-0".into(), "7-3".into()];
    let mock = mock(MockOptions {
        faults,
        seed,
        refuse_keys: refused.clone(),
        fail_keys: failed.clone(),
        session_delay: Duration::from_millis(20),
        ..MockOptions::default()
    });
    let outcome = upload(dir.path(), &mock, bodies(BATCHES, CONTACTS), quick());
    let told = format!("seed {seed}: {outcome:?}");
    assert!(outcome.halt.is_none() && outcome.is_complete, "{told}");
    let tally = outcome.tally;
    assert!(tally.adds_up(), "{told}");
    assert_eq!((tally.batches, tally.contacts), (BATCHES as u64, (BATCHES * CONTACTS) as u64), "{told}");
    assert_eq!(tally.unknown(), 0, "{told}");

    let rejects = lines(&dir.path().join("up.rejects.ndjson"));
    let keys = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let message = |line: &serde_json::Value| line["violations"][0]["message"].as_str().map(str::to_owned);
        rejects
            .iter()
            .filter(|line| wanted(&message(line).expect("a message")))
            .map(|line| line["key"].as_str().unwrap_or("none").to_owned())
            .collect()
    };
    // A single contact that the server calls too large, as this mock does by chance, is refused like any other.
    let too_large = keys(&|message| message.contains("(413)"));
    let rejected = keys(&|message| !message.contains("(413)"));
    let bad: Vec<&String> = refused.iter().chain(&failed).collect();
    assert!(rejected.iter().all(|key| bad.contains(&key)), "{rejected:?} {told}");
    // Of a single contact whose answer was lost, the server does not say again that it failed.
    let missing = bad.iter().filter(|key| !rejected.contains(key) && !too_large.contains(key)).count();
    assert!(missing as u64 <= tally.without_session, "{rejected:?} {told}");
    assert_eq!(tally.failed as usize, rejects.len(), "{told}");
    assert_eq!(rejects.len(), rejected.len() + too_large.len(), "{told}");
    for key in &refused {
        assert!(rejected.contains(key) || too_large.contains(key), "{key} {told}");
        assert!(mock.contact(key).is_none(), "{key} {told}");
    }
    for batch in 0..BATCHES {
        for nth in 0..CONTACTS {
            let key = format!("{batch}-{nth}");
            if bad.contains(&&key) {
                continue;
            }
            // It may be there all the same, by a request whose answer was lost.
            if too_large.contains(&key) {
                continue;
            }
            let state = until(|| mock.contact(&key)).unwrap_or_else(|| panic!("{key} is not there; {told}"));
            assert_eq!(state.first_name, Some(name(batch, nth)), "{key} {told}");
            assert_eq!(state.channels.len(), 2, "{key} {told}");
        }
    }
    assert_eq!(mock.windows_above(200), 0, "{} in a second; {told}", mock.most_in_a_second());
}

macro_rules! each {
    ($($fault:ident,)+) => {
        $(#[test]
        fn $fault() {
            everything_arrives(|| Faults { $fault: ODDS, ..Faults::default() });
        })+
    };
}

each! {
    too_many,
    too_many_silent,
    server_error,
    request_timeout,
    reset_before,
    reset_after,
    truncated,
    wrong_type,
    wrong_type_before,
    too_large,
    poll_error,
}

#[test]
fn slow() {
    everything_arrives(|| Faults { slow: ODDS, slow_by: Duration::from_millis(100), ..Faults::default() });
}

#[test]
fn no_fault() {
    everything_arrives(Faults::default);
}

#[test]
fn all_together() {
    everything_arrives(|| Faults { slow_by: Duration::from_millis(50), ..Faults::each(ODDS) });
}

#[test]
fn no_second_at_the_server_sees_more_than_the_api_allows() {
    let dir = tempfile::tempdir().expect("a folder");
    let mock = mock(MockOptions { latency: Duration::from_millis(100), ..MockOptions::default() });
    let options = UploadOptions { concurrency: NonZeroUsize::new(32).expect("not zero"), ..quick() };
    let outcome = upload(dir.path(), &mock, bodies(500, 1), options);
    assert!(outcome.is_complete && outcome.retries == 0, "{outcome:?}");
    assert_eq!(mock.windows_above(200), 0, "{} in a second", mock.most_in_a_second());
}
