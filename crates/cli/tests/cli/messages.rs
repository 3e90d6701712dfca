//! What is said of records: every message is a sentence that can be read without the line it stands in.

use std::collections::BTreeSet;
use std::path::Path;

use super::{fixture, folder, json_lines, run, stderr};

/// With such a word a sentence does not begin: its subject would be missing.
const PREDICATES: [&str; 9] = ["is", "are", "has", "have", "must", "does", "holds", "lacks", "breaks"];

/// Code and message of everything that is told of an input.
fn told(folder: &Path, input: &str) -> BTreeSet<(String, String)> {
    let output =
        run(folder, &["check", input, "--rejects", "rejects.ndjson", "--max-errors-per-record", "100"]);
    assert_eq!(output.status.code(), Some(1), "{input}: {}", stderr(&output));
    let rejects = std::fs::read_to_string(folder.join("rejects.ndjson")).expect("the rejects");
    let mut told = BTreeSet::new();
    for line in json_lines(&rejects) {
        for violation in line["violations"].as_array().expect("violations") {
            let text = |name: &str| violation[name].as_str().expect("a text").to_owned();
            told.insert((text("code"), text("message")));
        }
    }
    told
}

#[test]
fn every_message_is_a_sentence_with_its_subject() {
    let folder = folder();
    let mut all = BTreeSet::new();
    for format in ["contact", "pinpoint", "onesignal", "braze"] {
        let made =
            run(folder.path(), &["generate", "--contacts", "1500", "--dirty", "90%", "--format", format]);
        std::fs::write(folder.path().join(format), made.stdout).expect("written");
        all.extend(told(folder.path(), format));
    }
    let odd = r#"{"externalCustomerId":"1","channels":[{"type":"email","value":"a@example.com"},{"type":"sms","value":[]},
        7,{"type":"mobilepush","value":"t","device":{"active":1,"os":[1],"locale":{},"appVersion":[1]}}],"address":7,
        "firstName":{},"languageCode":1,"id":"5","fields":[{"id":1.5,"value":["a"]},{"id":null},1],"contactKey":[]}"#;
    std::fs::write(folder.path().join("odd.ndjson"), odd.replace('\n', "") + "\n[]\n").expect("written");
    all.extend(told(folder.path(), "odd.ndjson"));
    for name in ["dirty.ndjson", "sources/onesignal.csv", "sources/braze.ndjson", "sources/airship.json"] {
        all.extend(told(folder.path(), &fixture(name).display().to_string()));
    }
    let codes: BTreeSet<&str> = all.iter().map(|(code, _)| code.as_str()).collect();
    assert!(codes.len() > 40, "{codes:?}");
    for (code, message) in &all {
        let first = message.split(' ').next().unwrap_or_default();
        assert!(!PREDICATES.contains(&first), "{code}: {message}");
        for crooked in
            ["?;", ";;", " 1 members", " 1 elements", " 1 bytes", "utf-8", "is string", "in quotes; "]
        {
            assert!(!message.contains(crooked), "{code}: {message}");
        }
    }
}

/// Where a record was mapped, its own place is the subject, and not that of a contact which nobody has seen.
#[test]
fn a_message_about_a_mapped_record_names_the_place_in_it() {
    let folder = folder();
    let row = "identifier,device_type,invalid_identifier,external_user_id\nnobody,11,f,u1\n";
    std::fs::write(folder.path().join("players.csv"), row).expect("written");
    let said = stderr(&run(folder.path(), &["check", "players.csv"]));
    assert!(
        said.contains(
            "players.csv:2: rejected bad-email /identifier: identifier is not a valid email address; write"
        ),
        "{said}"
    );
}
