//! Rows of one key: what becomes of them, and what is told.

use std::path::Path;

use mock_reteno::{Mock, MockOptions};
use serde_json::{Value, json};

use super::{code, contact, fixture, folder, json, json_lines, program, run, stderr, stdout};

const APP: &str = "83b77a49-fc28-409b-aeaa-68c9d544ab9d";

/// A row with these members and channels.
fn row(key: &str, members: &str, channels: &[String]) -> String {
    format!(r#"{{"externalCustomerId":"{key}",{members}"channels":[{}]}}"#, channels.join(","))
}

fn email(value: &str) -> String {
    format!(r#"{{"type":"email","value":"{value}@example.com"}}"#)
}

fn token(value: &str, more: &str) -> String {
    format!(r#"{{"type":"mobilepush","value":"{value}","device":{{"appId":"{APP}"{more}}}}}"#)
}

fn write(folder: &Path, name: &str, rows: &[String]) {
    std::fs::write(folder.join(name), rows.join("\n") + "\n").expect("it takes the rows");
}

/// Rows with repeated keys, conflicts, tokens that move, and more channels than a contact takes.
pub(super) fn export(path: &Path, rows: u32) {
    let mut random = fastrand::Rng::with_seed(3);
    let mut text = String::new();
    for nth in 0..rows {
        let key = random.u32(0..rows / 2 + 1);
        let name = ["Ann", "Bob", "Eve"][random.usize(0..3)];
        let push = token(
            &format!("a-token-of-a-device-{:08}", random.u32(0..rows)),
            &format!(r#","appVersion":"1.{}""#, random.u32(0..3)),
        );
        let members =
            format!(r#""firstName":"{name}","address":{{"town":"Town {}"}},"#, ["A", "B"][nth as usize % 2]);
        text +=
            &row(&format!("customer-with-the-number-{key:08}"), &members, &[email(&format!("c{key}")), push]);
        text.push('\n');
    }
    std::fs::write(path, text).expect("it takes the rows");
}

/// The contacts of all bodies of a folder.
fn written(out: &Path) -> Vec<Value> {
    let manifest = json(&out.join("manifest.json"));
    let batches = manifest["batches"].as_array().expect("batches").iter();
    let bodies = batches.map(|batch| json(&out.join(batch["file"].as_str().expect("a name"))));
    bodies.flat_map(|body| body["contacts"].as_array().expect("contacts").clone()).collect()
}

fn rejects(out: &Path) -> Vec<Value> {
    json_lines(&std::fs::read_to_string(out.join("rejects.ndjson")).expect("rejects"))
}

/// Line, action, code and pointer of all that was told.
fn told(out: &Path) -> Vec<(u64, String, String, String)> {
    let mut told = Vec::new();
    for reject in rejects(out) {
        for violation in reject["violations"].as_array().expect("violations") {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            told.push((
                reject["line"].as_u64().expect("a line"),
                text(&reject["action"]),
                text(&violation["code"]),
                text(&violation["pointer"]),
            ));
        }
    }
    told
}

fn expected(told: &[(u64, &str, &str, &str)]) -> Vec<(u64, String, String, String)> {
    let owned = |(line, action, code, pointer): &(u64, &str, &str, &str)| {
        (*line, (*action).to_owned(), (*code).to_owned(), (*pointer).to_owned())
    };
    told.iter().map(owned).collect()
}

#[test]
fn rows_of_one_key_become_one_contact_as_the_document_has_it() {
    let document = std::fs::read_to_string(fixture("../docs/merging.md")).expect("the document");
    let mut examples =
        document.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let (rows, contact) =
        (examples.next().expect("two rows"), examples.next().expect("their contact").trim());
    assert_eq!(rows.lines().count(), 2);
    let folder = folder();
    std::fs::write(folder.path().join("in.ndjson"), rows).expect("it takes the rows");
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let body = std::fs::read_to_string(folder.path().join("out/batch-000001.json")).expect("a body");
    assert!(body.starts_with(&format!("{{\"contacts\":[{contact}],")), "{body}");
    let said = stderr(&output);
    assert!(said.contains("read 2 = written 1 + merged 1 + rejected 0"), "{said}");
    assert!(said.contains("1 record merged into others of the same key"), "{said}");
    assert!(said.contains("1 value gave way to more recent ones: channels/device/appVersion 1"), "{said}");
    let manifest = json(&folder.path().join("out/manifest.json"));
    assert_eq!(manifest["options"]["onDuplicate"], "merge");
    assert_eq!(manifest["identity"], "read 2 = written 1 + merged 1 + rejected 0");
    assert_eq!(rejects(&folder.path().join("out")), Vec::<Value>::new(), "what was merged needs no telling");
}

#[test]
fn conflicts_are_counted_by_field_and_listed_if_that_is_wanted() {
    let folder = folder();
    let rows = [
        row("1", r#""firstName":"Ann","address":{"town":"Kyiv"},"#, &[token("t1", r#","appVersion":"1.0""#)]),
        row("2", "", &[email("b")]),
        row(
            "1",
            r#""firstName":"Anna","address":{"town":"Lviv"},"#,
            &[token("t1", r#","appVersion":"1.1""#)],
        ),
        row("1", r#""firstName":"Anna","#, &[email("a")]),
    ];
    write(folder.path(), "in.ndjson", &rows);
    let by_field = json!({"address/town": 1, "channels/device/appVersion": 1, "firstName": 1});
    for (name, more, is_logged) in [("plain", &[][..], false), ("logged", &["--log-conflicts"], true)] {
        let args = [&["prepare", "in.ndjson", "-o", name, "--report", "report.json"], more].concat();
        let output = run(folder.path(), &args);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let report = json(&folder.path().join("report.json"));
        assert_eq!(report["conflicts"], by_field);
        assert_eq!(
            report["merging"],
            json!({"rows": 4, "keys": 2, "conflicts": 3, "toldConflicts": u64::from(is_logged), "spilledBytes": 0})
        );
        let out = folder.path().join(name);
        let says = format!("{name}/rejects.ndjson says which, where and why");
        assert_eq!(stderr(&output).contains(&says), is_logged, "{}", stderr(&output));
        if !is_logged {
            assert_eq!(rejects(&out), Vec::<Value>::new());
            continue;
        }
        assert_eq!(report["byCode"]["conflict"]["conflict"], 3);
        let [line] = &rejects(&out)[..] else { panic!("{:?}", rejects(&out)) };
        assert_eq!(
            (&line["action"], &line["line"], &line["key"]),
            (&json!("merged-conflict"), &json!(1), &json!("1"))
        );
        assert_eq!(line["raw"], Value::Null, "the record is in the output");
        let schema = json(&fixture("../schemas/reject.schema.json"));
        let actions = &schema["properties"]["action"]["enum"];
        if actions.as_array().expect("actions").contains(&json!("merged-conflict")) {
            assert!(
                jsonschema::validator_for(&schema).expect("the schema is sound").is_valid(line),
                "{line}"
            );
        }
        for violation in line["violations"].as_array().expect("violations") {
            assert_eq!(violation["code"], "conflict");
            let message = violation["message"].as_str().expect("a message");
            assert!(message.contains("at in.ndjson:3"), "{message}");
            let value = violation["value"].as_str().expect("a value");
            assert!(!["Ann", "Kyiv", "1.0"].iter().any(|known| value.contains(known)), "{value}");
        }
        assert_eq!(
            told(&out),
            expected(&[
                (1, "merged-conflict", "conflict", "/firstName"),
                (1, "merged-conflict", "conflict", "/address/town"),
                (1, "merged-conflict", "conflict", "/channels/0/device/appVersion"),
            ])
        );
    }
    // What is said to people has the same place.
    let output = run(folder.path(), &["check", "in.ndjson", "--log-conflicts"]);
    assert!(stderr(&output).contains("in.ndjson:1: merged conflict /firstName:"), "{}", stderr(&output));
}

#[test]
fn a_token_of_several_contacts_goes_to_the_most_recent_one_or_stays() {
    let folder = folder();
    let rows = [
        row("lost", "", &[email("a"), token("t1", "")]),
        row("only", "", &[token("t1", "")]),
        row("winner", "", &[email("b"), token("t1", "")]),
        row("inactive", "", &[email("c"), token("t1", r#","active":false"#)]),
    ];
    write(folder.path(), "in.ndjson", &rows);
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "out"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("read 4 = written 3 + merged 0 + rejected 1"), "{}", stderr(&output));
    let out = folder.path().join("out");
    assert_eq!(
        told(&out),
        expected(&[
            (1, "pruned", "token-moved", "/channels/1"),
            (2, "rejected", "token-moved", ""),
            (4, "pruned", "token-moved", "/channels/1"),
        ])
    );
    for reject in rejects(&out) {
        let violation = &reject["violations"][0];
        assert!(violation["message"].as_str().expect("a message").contains("in.ndjson:3"), "{violation}");
        assert_eq!(violation["value"], "*** (2 characters)");
    }
    for contact in written(&out) {
        let channels = contact["channels"].as_array().expect("channels").len();
        assert_eq!(channels, if contact["externalCustomerId"] == "winner" { 2 } else { 1 }, "{contact}");
    }

    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "kept", "--shared-tokens", "keep"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let kept = folder.path().join("kept");
    assert_eq!((written(&kept).len(), rejects(&kept).len()), (4, 0));
    assert_eq!(json(&kept.join("manifest.json"))["options"]["sharedTokens"], "keep");
}

#[test]
fn the_most_recent_row_wins_by_what_it_says_of_itself() {
    let folder = folder();
    let dated =
        |key: &str, at: &str, name: &str| row(key, &format!(r#""firstName":"{name}",{at}"#), &[email(key)]);
    let rows = [
        dated("a", r#""updated_at":"2026-02-01","#, "New"),
        dated("a", r#""updated_at":1767225600,"#, "Old"),
        dated("a", r#""updated_at":"","#, "Oldest"),
        dated("b", r#""updated_at":"2026-02-01 10:00:00","#, "New"),
        dated("b", r#""updated_at":"soon","#, "Unread"),
        dated("b", "", "Undated"),
    ];
    write(folder.path(), "in.ndjson", &rows);
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "out", "--updated-at", "/updated_at"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let out = folder.path().join("out");
    assert_eq!(told(&out), expected(&[(5, "pruned", "bad-updated-at", "/updated_at")]));
    let contacts = written(&out);
    assert_eq!(contacts.len(), 2);
    for contact in contacts {
        assert_eq!(contact["firstName"], "New", "{contact}");
        assert_eq!(contact["updated_at"], Value::Null, "a contact has no such member");
    }
    assert_eq!(json(&out.join("manifest.json"))["options"]["updatedAt"], "/updated_at");

    // Without the option, the member is no member of a contact.
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "other"]);
    assert_eq!(code(&output), 1);
    assert_eq!(told(&folder.path().join("other"))[0].2, "unknown-member");

    for (pointer, words) in [
        ("updated_at", "write /updated_at for the member updated_at"),
        ("/", "write /updated_at for the member updated_at"),
        ("/a~b", "~0"),
    ] {
        let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "never", "--updated-at", pointer]);
        assert_eq!(code(&output), 2, "{pointer}");
        assert!(stderr(&output).contains(words), "{pointer}: {}", stderr(&output));
        assert!(!folder.path().join("never").exists());
    }
}

#[test]
fn a_key_that_comes_again_ends_a_run_over_sorted_rows() {
    let folder = folder();
    let rows: Vec<_> = ["a", "a", "b", "c", "a", "d"].iter().map(|key| contact(key)).collect();
    write(folder.path(), "in.ndjson", &rows);
    let args = ["prepare", "in.ndjson", "-o", "out", "--sorted-by-key", "--report", "report.json"];
    let output = run(folder.path(), &args);
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    let words = "the key of in.ndjson:1 comes again at in.ndjson:5";
    assert!(stderr(&output).contains(words), "{}", stderr(&output));
    assert!(!folder.path().join("out/manifest.json").exists());
    assert_eq!(json(&folder.path().join("report.json"))["end"], "not-sorted");

    write(folder.path(), "in.ndjson", &rows[..4]);
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "out", "--sorted-by-key"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(written(&folder.path().join("out")).len(), 3);

    let output =
        run(folder.path(), &["check", "in.ndjson", "--sorted-by-key", "--dedupe-on", "email_or_sms"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("needs one key for each record"), "{}", stderr(&output));
}

#[test]
fn rows_that_share_a_number_or_an_address_are_linked_through_others() {
    let folder = folder();
    let channels = |channels: &[(&str, &str)]| {
        let channels: Vec<_> = channels
            .iter()
            .map(|(kind, value)| format!(r#"{{"type":"{kind}","value":"{value}"}}"#))
            .collect();
        format!(r#"{{"channels":[{}]}}"#, channels.join(","))
    };
    let rows = [
        channels(&[("email", "a@example.com"), ("sms", "+380501112233")]),
        channels(&[("sms", "+380671112244")]),
        contact("a"),
        channels(&[("email", "other@example.com")]),
        channels(&[("email", "a@example.com"), ("sms", "+380671112244")]),
    ];
    write(folder.path(), "in.ndjson", &rows);
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "out", "--dedupe-on", "email_or_sms"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("read 5 = written 3 + merged 2 + rejected 0"), "{}", stderr(&output));
    let contacts = written(&folder.path().join("out"));
    let linked = contacts.iter().find(|contact| contact["channels"].as_array().expect("channels").len() == 3);
    let linked = linked.unwrap_or_else(|| panic!("{contacts:?}"));
    let mut values: Vec<_> = linked["channels"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|channel| channel["value"].as_str())
        .collect();
    values.sort_unstable();
    assert_eq!(values, ["380501112233", "380671112244", "a@example.com"]);
    assert_eq!(linked["externalCustomerId"], Value::Null, "a row with an id of its own is not linked");
}

#[test]
fn check_predicts_what_prepare_will_come_to() {
    let folder = folder();
    export(&folder.path().join("in.ndjson"), 2000);
    for policy in ["merge", "first", "last", "reject", "keep"] {
        let options =
            ["--log-conflicts", "--on-duplicate", policy, "--report", "report.json", "--rejects", "r.ndjson"];
        let came_to = |args: &[&str]| {
            let output = run(folder.path(), &[args, &options].concat());
            let report = json(&folder.path().join("report.json"));
            let rejects = std::fs::read_to_string(folder.path().join("r.ndjson")).expect("rejects");
            let parts =
                ["counts", "identity", "byCode", "conflicts", "merging"].map(|name| report[name].clone());
            (code(&output), parts, rejects)
        };
        let checked = came_to(&["check", "in.ndjson"]);
        let prepared = came_to(&["prepare", "in.ndjson", "-o", "out", "--overwrite"]);
        assert!(checked == prepared, "{policy}: {:?}\n{:?}", checked.1, prepared.1);
        let by_code = &checked.1[2];
        for code in ["conflict", "token-moved", "channel-limit"] {
            assert_eq!(by_code[code].is_object(), policy == "merge", "{policy} {code}: {by_code}");
        }
    }
}

#[test]
fn an_upload_applies_the_contact_of_all_rows_once() {
    let folder = folder();
    let device = token("a-token-that-is-long-1", "");
    let mut rows: Vec<_> = (0..6).map(|id| contact(&format!("c{id}"))).collect();
    rows.insert(0, row("both", r#""firstName":"Ann","#, &[email("both")]));
    rows.push(row("both", r#""lastName":"Lee","#, &[device]));
    write(folder.path(), "in.ndjson", &rows);
    let key = "very-secret-key-0123";
    let mock = Mock::start(MockOptions { key: key.to_owned(), ..MockOptions::default() })
        .expect("a mock that listens");
    let output = program(folder.path())
        .env("RETENO_API_KEY", key)
        .env("RETENO_IMPORT_BASE_URL", mock.url())
        .env("RETENO_IMPORT_POLL_EVERY", "20ms")
        .args(["upload", "in.ndjson", "--journal", "up.ndjson", "--batch-size", "2"])
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("read 8 = written 7 + merged 1 + rejected 0"), "{}", stderr(&output));
    assert!(stderr(&output).contains("contacts 7 = finished 7"), "{}", stderr(&output));
    assert_eq!(mock.contacts().len(), 7);
    let both = mock.contact("both").expect("it is there");
    assert_eq!((both.first_name.as_deref(), both.last_name.as_deref()), (Some("Ann"), Some("Lee")));
    assert_eq!(both.channels.len(), 2);
    let results =
        json_lines(&std::fs::read_to_string(folder.path().join("up.results.ndjson")).expect("results"));
    assert_eq!(results.iter().filter(|line| line["key"] == "both").count(), 1);
}

#[test]
fn settings_and_the_environment_know_how_to_merge() {
    let folder = folder();
    let rows = [
        row("a", r#""firstName":"New","updated_at":20,"#, &[email("a")]),
        row("a", r#""firstName":"Old","updated_at":10,"#, &[email("a")]),
        row("a", r#""firstName":"Oldest","updated_at":9,"#, &[email("a")]),
    ];
    write(folder.path(), "in.ndjson", &rows);
    std::fs::create_dir(folder.path().join("tmp")).expect("a folder");
    let settings = "on-duplicate = \"last\"\nupdated-at = \"/updated_at\"\nshared-tokens = \"keep\"\nlog-conflicts = true\n\
                    sorted-by-key = true\nmemory = \"2MiB\"\ntemp-dir = \"tmp\"\n";
    std::fs::write(folder.path().join("reteno-import.toml"), settings).expect("a file");
    let prepare = |env: &[(&str, &str)]| {
        let args = ["prepare", "in.ndjson", "-o", "out", "--overwrite", "--report", "report.json"];
        let output =
            program(folder.path()).args(args).envs(env.iter().copied()).output().expect("the program starts");
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let contacts = written(&folder.path().join("out"));
        assert!(contacts.iter().all(|contact| contact["firstName"] == "New"), "{contacts:?}");
        (json(&folder.path().join("report.json"))["options"].clone(), told(&folder.path().join("out")))
    };
    let (options, told) = prepare(&[]);
    for (name, value) in [
        ("on-duplicate", json!("last")),
        ("updated-at", json!("/updated_at")),
        ("shared-tokens", json!("keep")),
        ("log-conflicts", json!(true)),
        ("sorted-by-key", json!(true)),
        ("memory", json!("2MiB")),
        ("temp-dir", json!("tmp")),
    ] {
        assert_eq!(options[name], value, "{name}");
    }
    assert_eq!(told, expected(&[(3, "duplicate", "repeated-key", ""), (2, "duplicate", "repeated-key", "")]));
    let (options, told) = prepare(&[
        ("RETENO_IMPORT_ON_DUPLICATE", "merge"),
        ("RETENO_IMPORT_SHARED_TOKENS", "last"),
        ("RETENO_IMPORT_SORTED_BY_KEY", "no"),
        ("RETENO_IMPORT_MEMORY", "3MiB"),
    ]);
    assert_eq!(options["memory"], "3MiB");
    assert_eq!(options["sorted-by-key"], false);
    assert_eq!(
        told,
        expected(&[
            (3, "merged-conflict", "conflict", "/firstName"),
            (2, "merged-conflict", "conflict", "/firstName")
        ])
    );
    let (_, told) =
        prepare(&[("RETENO_IMPORT_ON_DUPLICATE", "merge"), ("RETENO_IMPORT_LOG_CONFLICTS", "false")]);
    assert_eq!(told, []);
}

#[test]
fn lines_that_are_only_validated_are_not_merged() {
    let folder = folder();
    std::fs::write(folder.path().join("s.json"), "true").expect("a file");
    std::fs::write(folder.path().join("in.ndjson"), "{}\n{}\n").expect("a file");
    for option in [
        &["--on-duplicate", "merge"][..],
        &["--updated-at", "/at"],
        &["--shared-tokens", "keep"],
        &["--log-conflicts"],
        &["--sorted-by-key"],
        &["--memory", "2MiB"],
        &["--temp-dir", "."],
    ] {
        let args = [&["check", "in.ndjson", "--raw", "--schema", "s.json"], option].concat();
        let output = run(folder.path(), &args);
        assert_eq!(code(&output), 2, "{option:?}");
        let words = format!("{} cannot be used with --raw", option[0]);
        assert!(stderr(&output).contains(&words), "{option:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    // Settings are there for all runs.
    std::fs::write(folder.path().join("reteno-import.toml"), "memory = \"2MiB\"\non-duplicate = \"last\"\n")
        .expect("a file");
    let output = run(folder.path(), &["check", "in.ndjson", "--raw", "--schema", "s.json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("read 2 = written 2 + merged 0 + rejected 0"), "{}", stderr(&output));
}

#[test]
fn the_manifest_says_how_many_lines_the_rejects_have() {
    let folder = folder();
    export(&folder.path().join("in.ndjson"), 500);
    for policy in ["merge", "first", "last", "reject", "keep"] {
        for more in [&[][..], &["--log-conflicts"]] {
            let args = ["prepare", "in.ndjson", "-o", "out", "--overwrite", "--on-duplicate", policy];
            run(folder.path(), &[&args, more].concat());
            let out = folder.path().join("out");
            let lines = json(&out.join("manifest.json"))["rejects"]["lines"].as_u64();
            assert_eq!(lines, Some(rejects(&out).len() as u64), "{policy} {more:?}");
        }
    }
}

#[test]
fn conflicts_of_endlessly_many_fields_are_counted_together() {
    const FIELDS: usize = 10_003;
    let folder = folder();
    let row = |id: usize, value: usize| {
        let channel = r#"{"type":"email","value":"a@example.com"}"#;
        let field = format!(r#"{{"id":{id},"value":"{value}"}}"#);
        format!("{{\"externalCustomerId\":\"{id}\",\"channels\":[{channel}],\"fields\":[{field}]}}\n")
    };
    let rows: String = (0..FIELDS).flat_map(|id| [row(id, 1), row(id, 2)]).collect();
    std::fs::write(folder.path().join("in.ndjson"), rows).expect("it takes the rows");
    let args = ["prepare", "in.ndjson", "--discard", "--quiet", "--report", "report.json"];
    assert_eq!(code(&run(folder.path(), &args)), 0);
    let report = json(&folder.path().join("report.json"));
    assert_eq!(report["merging"]["conflicts"], FIELDS);
    let conflicts = report["conflicts"].as_object().expect("conflicts");
    assert_eq!((conflicts.len(), &conflicts["other fields"]), (10_001, &3.into()));
}
