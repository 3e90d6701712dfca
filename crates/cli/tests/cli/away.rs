//! Uploads to a server that is away, or does not take the key: what is said meanwhile, and what is known of the contacts.

use std::path::Path;

use mock_reteno::{Fault, Faults, Mock, MockOptions};
use serde_json::Value;

use super::upload::{mock, prepare, upload, with_key};
use super::{code, folder, json, json_lines, stderr, stdout};

/// What `status` says of the folder `out`, for programs and for people.
fn status(folder: &Path, mock: &Mock) -> (Value, String) {
    let ask = |args: &[&str]| {
        let output = with_key(folder, mock).args(["status", "out"]).args(args).output().expect("it starts");
        stdout(&output)
    };
    (json_lines(&ask(&["--json"]))[0].clone(), ask(&[]))
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
    let (status, words) = status(folder.path(), &mock);
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
    let (status, words) = status(folder.path(), &mock);
    assert_eq!((&status["contacts"]["finished"], &status["notSent"]), (&15.into(), &85.into()), "{status}");
    assert!(words.contains("finished 15 + failed 0 + unknown 0 + not sent 85"), "{words}");

    mock.set_faults(Faults::default());
    let output = upload(folder.path(), &mock, &["out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(mock.applied_bodies().iter().all(|(_, times)| *times == 1));
}
