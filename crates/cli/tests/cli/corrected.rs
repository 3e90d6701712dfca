//! `--from rejects`: records that are corrected in the rejects file and brought in.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use mock_reteno::{Mock, MockOptions};
use serde_json::{Value, json};

use super::sources::{contacts, told};
use super::{code, contact, fixture, folder, json, json_lines, program, run, stderr, stdout};

/// An export in which one record in three has a fault, the contacts that it would have without them, and how each fault is
/// corrected.
fn export_with_faults() -> (String, String, Vec<(String, String)>) {
    let (mut faulty, mut sound, mut corrections) = (String::new(), String::new(), Vec::new());
    for nth in 0..90 {
        let id = format!("c{nth}");
        let record = contact(&id);
        let broken = match nth % 12 {
            2 => record.replace("\"channels\"", "\"chanels\""),
            5 => record.replace('@', " at "),
            8 => record[..record.len() - 2].to_owned(),
            11 => record.replace("\"email\"", "\"Електронна \\\"пошта\\\"\\\\\""),
            _ => record.clone(),
        };
        if broken != record {
            corrections.push((broken.clone(), record.clone()));
        }
        faulty += &(broken + "\n");
        sound += &(record + "\n");
    }
    (faulty, sound, corrections)
}

/// Puts other records into the `raw` of rejected ones.
fn corrected(rejects: &str, corrections: &[(String, String)]) -> String {
    let mut text = String::new();
    for mut line in json_lines(rejects) {
        if let Some((_, better)) = corrections.iter().find(|(broken, _)| line["raw"] == **broken) {
            line["raw"] = Value::from(better.clone());
        }
        text += &(line.to_string() + "\n");
    }
    text
}

fn contacts_in(folder: &Path) -> Vec<String> {
    let manifest = json(&folder.join("manifest.json"));
    let files = manifest["batches"].as_array().expect("batches").iter();
    let bodies = files.map(|batch| json(&folder.join(batch["file"].as_str().expect("a name"))));
    let contacts = bodies.flat_map(|body| body["contacts"].as_array().expect("contacts").clone());
    let mut contacts: Vec<String> = contacts.map(|contact| contact.to_string()).collect();
    contacts.sort();
    contacts
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text).expect("memory takes it");
    packed.finish().expect("memory takes it")
}

#[test]
fn both_outputs_together_are_what_the_corrected_export_makes() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let (faulty, sound, corrections) = export_with_faults();
    fs::write(path("faulty.ndjson"), faulty).expect("a file");
    fs::write(path("sound.ndjson"), sound).expect("a file");
    let output = run(folder.path(), &["prepare", "faulty.ndjson", "-o", "out"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let output = run(folder.path(), &["prepare", "sound.ndjson", "-o", "out-sound"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));

    let text = corrected(&fs::read_to_string(path("out/rejects.ndjson")).expect("rejects"), &corrections);
    assert_eq!(text.lines().count(), corrections.len());
    fs::write(path("corrected.ndjson"), &text).expect("a file");
    let mut bodies = None;
    for (nth, more) in [["1", "1MiB"], ["3", "1KiB"], ["2", "4KiB"]].iter().enumerate() {
        let out = format!("out-{nth}");
        let output = run(
            folder.path(),
            &[
                "prepare",
                "corrected.ndjson",
                "--from",
                "rejects",
                "-o",
                &out,
                "--threads",
                more[0],
                "--block-bytes",
                more[1],
            ],
        );
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let mut together = contacts_in(&path("out"));
        together.extend(contacts_in(&path(&out)));
        together.sort();
        assert_eq!(together, contacts_in(&path("out-sound")));
        let body = fs::read(path(&out).join("batch-000001.json")).expect("a batch");
        assert_eq!(bodies.get_or_insert_with(|| body.clone()), &body);
    }
    let manifest = json(&path("out-0/manifest.json"));
    assert_eq!(
        (&manifest["options"]["from"], &manifest["inputs"][0]["rejects"], &manifest["inputs"][0]["mapping"]),
        (&json!("rejects"), &json!(true), &Value::Null)
    );

    // However it comes: packed, through a pipe, in parts, without being named.
    let half = text.lines().count() / 2;
    let parts = text.lines().collect::<Vec<_>>();
    fs::write(path("first.ndjson.gz"), gzip(parts[..half].join("\n").as_bytes())).expect("a file");
    fs::write(path("second.ndjson"), parts[half..].join("\n")).expect("a file");
    let expected = run(folder.path(), &["prepare", "corrected.ndjson", "--from", "rejects", "-o", "-"]);
    let packed = run(folder.path(), &["prepare", "first.ndjson.gz", "second.ndjson", "-o", "-"]);
    let piped = program(folder.path())
        .args(["prepare", "-o", "-"])
        .write_stdin(gzip(text.as_bytes()))
        .output()
        .expect("the program starts");
    for output in [packed, piped] {
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert_eq!(stdout(&output), stdout(&expected));
        assert!(stderr(&output).contains("as rejects of contacts"), "{}", stderr(&output));
    }
}

/// Lines of each kind.
fn lines_of_each_kind() -> String {
    let line = |action: &str, more: &str| {
        format!(
            r#"{{"source":"export.ndjson","line":7,"byte_offset":980,"action":"{action}","key":"k-{action}","violations":[]{more}}}"#
        )
    };
    let raw = |record: &str| format!(",\"raw\":{}", json!(record));
    let base64 = |bytes: &[u8]| format!(",\"raw_base64\":\"{}\"", data_encoding::BASE64.encode(bytes));
    let latin1 = b"{\"externalCustomerId\":\"c5\",\"firstName\":\"Jos\xE9\"}";
    [
        line("rejected", &raw(&contact("c1"))),
        line("rejected", &format!(",\"raw\":{}", contact("c2"))),
        line("rejected", &base64(contact("c3").as_bytes())),
        line("rejected", &(raw(&contact("c4")) + &base64(latin1))),
        line("rejected", &base64(latin1)),
        line("rejected", ",\"raw_base64\":\"e30\""),
        line("rejected", ",\"raw\":null"),
        line("rejected", &raw("1001,Ann,ann@example.com")),
        line("rejected", &raw(&format!("{{\"contacts\":[{},{{\"channels\":1}}]}}", contact("c6")))),
        line("pruned", ""),
        line("duplicate", &raw(&contact("c7"))),
        line("skipped", ""),
        line("merged-conflict", ""),
        line("Rejected", &raw(&contact("c8"))),
        contact("c9"),
        "7".to_owned(),
        line("rejected", &raw(&contact("c10")))[..150].to_owned(),
        line("rejected", &(raw("{}") + &raw("{}"))),
        String::new(),
        line("rejected", &raw(&contact("c11"))),
    ]
    .join("\n")
}

#[test]
fn each_kind_of_line_has_its_end_and_the_sum_tells_of_all() {
    let folder = folder();
    fs::write(folder.path().join("rejects.ndjson"), lines_of_each_kind()).expect("a file");
    let mut before = None;
    for (threads, block_bytes) in [("1", "1MiB"), ("3", "1KiB")] {
        let output = run(
            folder.path(),
            &[
                "prepare",
                "rejects.ndjson",
                "--from",
                "rejects",
                "-o",
                "out",
                "--overwrite",
                "--threads",
                threads,
                "--block-bytes",
                block_bytes,
                "--report",
                "report.html",
            ],
        );
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let rejects = fs::read_to_string(folder.path().join("out/rejects.ndjson")).expect("rejects");
        let manifest = json(&folder.path().join("out/manifest.json"));
        let said: Vec<String> =
            stderr(&output).lines().filter(|line| !line.contains("/s")).map(str::to_owned).collect();
        let ids: Vec<Value> = contacts_in(&folder.path().join("out"))
            .iter()
            .map(|contact| {
                serde_json::from_str::<Value>(contact).expect("JSON")["externalCustomerId"].clone()
            })
            .collect();
        let seen = (rejects, said, ids, manifest["counts"].clone(), manifest["rejects"].clone());
        assert_eq!(before.get_or_insert_with(|| seen.clone()), &seen);
    }
    let (rejects, said, ids, counts, told_lines) = before.expect("there were runs");
    assert_eq!(ids, ["c1", "c11", "c2", "c3", "c4", "c6"]);
    assert_eq!(
        (&counts["read"], &counts["rejected"], &counts["skipped"]),
        (&json!(20), &json!(10), &json!(4))
    );
    assert_eq!(told_lines["lines"], 10);
    insta::assert_snapshot!("corrected_each_kind", said.join("\n"));
    insta::assert_snapshot!("corrected_each_kind_rejects", rejects);
    let schema: Value =
        serde_json::from_str(include_str!("../../../../schemas/reject.schema.json")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for line in json_lines(&rejects) {
        let errors: Vec<String> = schema.iter_errors(&line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} of {line}");
    }
    let page = fs::read_to_string(folder.path().join("report.html")).expect("a page");
    for words in
        ["rejects of contacts", "not-rejected", "another record with this key is in the first output"]
    {
        assert!(page.contains(words), "{words}");
    }

    // The file of that run is one like the first: what was rejected is rejected again, and nothing is nested.
    let output = run(folder.path(), &["prepare", "out/rejects.ndjson", "--from", "rejects", "-o", "again"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let raws =
        |text: &str| -> Vec<Value> { json_lines(text).iter().map(|line| line["raw"].clone()).collect() };
    let again = fs::read_to_string(folder.path().join("again/rejects.ndjson")).expect("rejects");
    let remaining: Vec<Value> = raws(&rejects).into_iter().filter(|raw| *raw != contact("c9")).collect();
    assert_eq!(raws(&again), remaining);
}

/// Each line of an export in the line of a rejects file; blank lines stay, as they are no records.
fn wrapped(export: &str) -> String {
    let wrap = |record: &str| {
        if record.trim().is_empty() {
            return "\n".to_owned();
        }
        let line = json!({
            "source": "export", "line": 1, "byte_offset": 0, "action": "rejected", "key": null, "violations": [],
            "raw": record
        });
        line.to_string() + "\n"
    };
    export.lines().map(wrap).collect()
}

#[test]
fn records_of_other_systems_are_mapped_out_of_rejects_as_they_are_out_of_an_export() {
    for (name, export) in
        [("braze", "braze.ndjson"), ("pinpoint", "pinpoint.ndjson"), ("contact", "contact.ndjson")]
    {
        let folder = folder();
        let read = |name: String| fs::read_to_string(fixture("sources").join(name)).expect("a fixture");
        let text = wrapped(&read(export.to_owned()));
        fs::write(folder.path().join("rejects.ndjson"), &text).expect("a file");
        for from in [
            &[][..],
            &["--from", "rejects"],
            &["--from", "rejects", "--from", name],
            &["--from", name, "--from", "rejects"],
        ] {
            for threads in ["1", "3"] {
                let output = program(folder.path())
                    .args([
                        "prepare",
                        "rejects.ndjson",
                        "-o",
                        "-",
                        "--batch-size",
                        "1",
                        "--on-duplicate",
                        "keep",
                    ])
                    .args(["--rejects", "told", "--threads", threads, "--block-bytes", "1KiB"])
                    .args(from)
                    .output()
                    .expect("the program starts");
                let of_case = format!("{name} with {from:?}, {threads} threads: {}", stderr(&output));
                let wanted = read(format!("{name}.expected.ndjson"));
                assert_eq!(contacts(&stdout(&output)), wanted.lines().collect::<Vec<_>>(), "{of_case}");
                let wanted = read(format!("{name}.expected-rejects.tsv"));
                assert_eq!(
                    told(&folder.path().join("told")),
                    wanted.lines().collect::<Vec<_>>(),
                    "{of_case}"
                );
                let word = if name == "contact" { "contacts" } else { name };
                assert!(of_case.contains(&format!("read 1 input as rejects of {word}")), "{of_case}");
            }
        }
    }
}

#[test]
fn every_record_of_a_rejects_file_that_is_passed_over_is_counted_at_its_code() {
    let folder = folder();
    for records in [1, 3, 20] {
        for action in ["pruned", "duplicate", "skipped"] {
            let line = json!({
                "source": "export", "line": 1, "byte_offset": 0, "action": action, "key": "c1",
                "violations": [{"code": "bad-email", "pointer": "", "message": "no address"}], "raw": contact("c1")
            });
            let text = (line.to_string() + "\n").repeat(records);
            fs::write(folder.path().join("rejects.ndjson"), text).expect("a file");
            for command in [&["check"][..], &["prepare", "--discard"]] {
                let more = ["rejects.ndjson", "--from", "rejects", "--report", "report.json"];
                let output = run(folder.path(), &[command, &more].concat());
                let said = stderr(&output);
                assert!(said.contains(&format!(" skipped: not-rejected {records}\n")), "{said}");
                let report = json(&folder.path().join("report.json"));
                for counted in ["byCode", "recordsByCode"] {
                    assert_eq!(report[counted]["not-rejected"]["skipped"], records, "{action}: {report}");
                }
            }
        }
    }
}

#[test]
fn what_a_rejects_file_is_taken_for_is_said() {
    let folder = folder();
    let export = fs::read_to_string(fixture("sources/braze.ndjson")).expect("a fixture");
    let first: String = export.lines().take(3).map(|line| line.to_owned() + "\n").collect();
    let skipped = r#"{"source":"a","line":1,"byte_offset":0,"action":"skipped","key":null,"violations":[]}"#;
    fs::write(folder.path().join("rejects.ndjson"), format!("{skipped}\n{}", wrapped(&first)))
        .expect("a file");
    for (from, said) in [
        (
            &[][..],
            "rejects.ndjson: a rejects file of Braze users (rejects of braze), by 4 of its first 4 records, and by 3 of 3 in raw",
        ),
        (
            &["--from", "rejects"],
            "rejects.ndjson: a rejects file of Braze users (rejects of braze), by 3 of 3 in raw",
        ),
    ] {
        let output = run(folder.path(), &[&["check", "rejects.ndjson"][..], from].concat());
        assert_eq!(stderr(&output).lines().next(), Some(said), "{}", stderr(&output));
    }
    let output = run(folder.path(), &["presets", "--explain", "rejects.ndjson", "-n", "2"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let explained = stdout(&output);
    for words in ["rejects of Braze users (braze)", "→ skipped not-rejected", "externalCustomerId"] {
        assert!(explained.contains(words), "{words}: {explained}");
    }
}

#[test]
fn rejects_of_a_mapping_that_is_not_named_are_no_contacts_and_the_hint_says_what_to_name() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write(
        "mine.toml",
        "[contact]\nexternalCustomerId = \"user_id\"\n[[channel]]\ntype = \"email\"\nvalue = \"mail\"\n",
    );
    write("rejects.ndjson", &wrapped("{\"user_id\":1,\"mail\":\"a@example.com\"}\n"));
    for from in [&["--from", "rejects"][..], &[]] {
        let said = stderr(&run(folder.path(), &[&["check", "rejects.ndjson"], from].concat()));
        assert_eq!(
            said.lines().last(),
            Some(
                "hint: rejects.ndjson does not look like rejects of contacts: the records in raw have user_id, mail, and no \
                 channels; name the mapping of the records: --from rejects --from mine.toml"
            ),
            "{said}"
        );
    }
    let named = ["check", "rejects.ndjson", "--from", "rejects", "--from", "mine.toml"];
    let output = run(folder.path(), &named);
    assert_eq!(code(&output), 0);
    assert!(!stderr(&output).contains("hint: "), "{}", stderr(&output));
}

#[test]
fn what_cannot_be_read_as_rejects_is_refused_before_anything_is_created() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("rejects.ndjson", &wrapped("1001,Ann,ann@example.com"));
    write("users.csv", "user_id,email\n1001,ann@example.com\n");
    write("shop.toml", "format = 'csv'\n[[channel]]\ntype = 'email'\nvalue = 'email'\n");
    for (args, words) in [
        (&["rejects.ndjson", "--from", "braze", "--from", "contact"][..], "only rejects can stand beside it"),
        (
            &["rejects.ndjson", "--from", "rejects", "--from", "braze", "--from", "contact"],
            "only rejects can stand",
        ),
        (&["rejects.ndjson", "--from", "rejects", "--from", "shop.toml"], "put the header in front"),
        (&["rejects.ndjson", "--from", "rejcts"], "did you mean rejects?"),
        (&["users.csv", "--from", "rejects"], "it is CSV, and no rejects file"),
        (
            &["rejects.ndjson", "--from", "rejects", "--from", "shop.toml", "--rejects", "shop.toml"],
            "shop.toml",
        ),
    ] {
        let output = run(folder.path(), &[&["prepare", "-o", "out"][..], args].concat());
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{args:?}: {}", stderr(&output));
        assert!(!folder.path().join("out").exists(), "{args:?}");
    }
    // The file that is read is not written over.
    let output = run(folder.path(), &["prepare", "rejects.ndjson", "-o", ".", "--from", "rejects"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    // Rows of CSV are told one by one, and once at the end.
    let output = run(folder.path(), &["check", "rejects.ndjson", "--from", "rejects"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("rejects.ndjson:1: rejected raw-not-json"), "{said}");
    assert!(
        said.contains("1 record without a JSON object in raw: `reteno-import explain raw-not-json`"),
        "{said}"
    );
}

#[test]
fn a_file_of_settings_can_name_rejects_and_the_mapping() {
    let folder = folder();
    fs::write(folder.path().join("reteno-import.toml"), "from = ['rejects', 'contact']\n").expect("a file");
    fs::write(folder.path().join("in.ndjson"), wrapped(&contact("c1"))).expect("a file");
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let manifest = json(&folder.path().join("out/manifest.json"));
    assert_eq!(manifest["options"]["from"], json!(["rejects", "contact"]));
    let schema: Value =
        serde_json::from_str(include_str!("../../../../schemas/manifest.schema.json")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = schema.iter_errors(&manifest).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn what_the_server_refused_is_corrected_and_uploaded_in_the_same_way() {
    let folder = folder();
    let options = MockOptions {
        key: "key-0123456789".to_owned(),
        refuse_keys: vec!["c3".into()],
        ..MockOptions::default()
    };
    let mock = Mock::start(options).expect("a mock that listens");
    let upload = |args: &[&str]| {
        let mut command = program(folder.path());
        command.env("RETENO_API_KEY", "key-0123456789").env("RETENO_IMPORT_BASE_URL", mock.url());
        command.env("RETENO_IMPORT_POLL_EVERY", "20ms");
        command.arg("upload").args(args).output().expect("the program starts")
    };
    let text: String = (0..6).map(|id| contact(&format!("c{id}")) + "\n").collect();
    fs::write(folder.path().join("in.ndjson"), text).expect("a file");
    let output = upload(&["in.ndjson", "--journal", "up.ndjson"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let refused = fs::read_to_string(folder.path().join("up.rejects.ndjson")).expect("what was refused");
    let better = corrected(&refused, &[(contact("c3"), contact("c33"))]);
    assert_ne!(better, refused);
    fs::write(folder.path().join("refused.ndjson"), better).expect("a file");
    let output = upload(&["refused.ndjson", "--from", "rejects", "--journal", "refused.journal"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("contacts 1 = finished 1 + failed 0 + unknown 0"),
        "{}",
        stderr(&output)
    );
    assert!(mock.contact("c33").is_some());
}
