//! Exports of other systems: what they are taken for, and what becomes of their records.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::{code, fixture, folder, json, json_lines, program, run, stderr, stdout};

const APP: &str = "83b77a49-fc28-409b-aeaa-68c9d544ab9d";

/// A source whose contacts and rejects were worked out by hand.
struct Case {
    export: &'static str,
    /// The beginning of the names of what is expected.
    contacts: &'static str,
    rejects: Option<&'static str>,
    options: &'static [&'static str],
}

const CASES: [Case; 10] = [
    Case { export: "pinpoint.ndjson", contacts: "pinpoint", rejects: Some("pinpoint"), options: &[] },
    Case {
        export: "pinpoint.ndjson",
        contacts: "pinpoint.app",
        rejects: None,
        options: &["--app-id", APP, "--inactive", "send"],
    },
    Case {
        export: "pinpoint.ndjson",
        contacts: "pinpoint.apps",
        rejects: Some("pinpoint.apps"),
        options: &[
            "--app-id",
            "9b74c1e0f2d84f6fa1c35d7e8b90a2c4=83b77a49-fc28-409b-aeaa-68c9d544ab9d",
            "--app-id",
            "5d3e8f70a1b24c9d8e6f0a1b2c3d4e5f=5f0c2b1e-7d43-4a86-9c0e-2f6a1b3d4c5e",
        ],
    },
    Case { export: "onesignal.csv", contacts: "onesignal", rejects: Some("onesignal"), options: &[] },
    Case { export: "braze.ndjson", contacts: "braze", rejects: Some("braze"), options: &[] },
    Case {
        export: "braze.ndjson",
        contacts: "braze.app",
        rejects: None,
        options: &["--app-id", APP, "--inactive", "send"],
    },
    Case { export: "airship.json", contacts: "airship", rejects: Some("airship"), options: &[] },
    Case { export: "appmetrica.csv", contacts: "appmetrica", rejects: Some("appmetrica"), options: &[] },
    Case {
        export: "appmetrica.json",
        contacts: "appmetrica",
        rejects: Some("appmetrica-json"),
        options: &[],
    },
    Case { export: "contact.ndjson", contacts: "contact", rejects: Some("contact"), options: &[] },
];

/// The contacts of bodies that hold one contact each, to the byte.
pub(super) fn contacts(bodies: &str) -> Vec<&str> {
    let contact = |body: &'_ str| -> Option<(usize, usize)> {
        let start = body.find("\"contacts\":[")? + "\"contacts\":[".len();
        let mut depth = 0;
        let mut in_text = false;
        let mut escaped = false;
        for (nth, byte) in body[start..].bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' => in_text = !in_text,
                b'{' if !in_text => depth += 1,
                b'}' if !in_text => {
                    depth -= 1;
                    if depth == 0 {
                        return Some((start, start + nth + 1));
                    }
                }
                _ => {}
            }
        }
        None
    };
    let found = bodies.lines().map(|body| contact(body).map(|(start, end)| &body[start..end]));
    found.map(|contact| contact.expect("a body holds a contact")).collect()
}

/// What is told, in the columns of the expectations.
pub(super) fn told(rejects: &Path) -> Vec<String> {
    let lines = json_lines(&fs::read_to_string(rejects).expect("rejects"));
    let columns = lines.iter().map(|line| {
        let violations = line["violations"].as_array().expect("violations");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let codes: Vec<String> = violations.iter().map(|violation| text(&violation["code"])).collect();
        let pointer = text(&violations[0]["pointer"]);
        format!("{}\t{}\t{}\t{pointer}", line["line"], text(&line["action"]), codes.join(","))
    });
    columns.collect()
}

/// What is told satisfies its schema, and stands where it says.
fn are_of_the_schema(rejects: &Path, export: &[u8], of_case: &str) {
    let schema: Value =
        serde_json::from_str(include_str!("../../../../schemas/reject.schema.json")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for line in json_lines(&fs::read_to_string(rejects).expect("rejects")) {
        let errors: Vec<String> = schema.iter_errors(&line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{of_case}: {errors:?} of {line}");
        if let Some(raw) = line["raw"].as_str() {
            let offset = line["byte_offset"].as_u64().expect("an offset") as usize;
            assert!(export[offset..].starts_with(raw.as_bytes()), "{of_case}: {line}");
        }
    }
}

#[test]
fn exports_of_other_systems_become_the_contacts_that_were_worked_out_by_hand() {
    for case in CASES {
        let folder = folder();
        let export = fixture("sources").join(case.export);
        let expected = |name: String| {
            let path = fixture("sources").join(&name);
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        for threads in ["1", "3"] {
            let output = program(folder.path())
                .arg("prepare")
                .arg(&export)
                .args(["-o", "-", "--batch-size", "1", "--on-duplicate", "keep", "--rejects", "rejects"])
                .args(["--threads", threads, "--block-bytes", "1KiB"])
                .args(case.options)
                .output()
                .expect("the program starts");
            let bodies = stdout(&output);
            let of_case = format!("{} with {:?}, {threads} threads", case.export, case.options);
            let wanted = expected(format!("{}.expected.ndjson", case.contacts));
            assert_eq!(contacts(&bodies), wanted.lines().collect::<Vec<_>>(), "{of_case}");
            let rejects = folder.path().join("rejects");
            if let Some(wanted) = case.rejects {
                let wanted = expected(format!("{wanted}.expected-rejects.tsv"));
                assert_eq!(told(&rejects), wanted.lines().collect::<Vec<_>>(), "{of_case}");
            }
            are_of_the_schema(&rejects, &fs::read(&export).expect("the export"), &of_case);
        }
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text).expect("memory takes it");
    packed.finish().expect("memory takes it")
}

fn endpoint(nth: usize, name: &str, date: &str) -> String {
    format!(
        r#"{{"ChannelType":"GCM","Address":"token-of-endpoint-{nth}","OptOut":"NONE","EffectiveDate":"{date}","User":{{"UserId":"u{nth}","UserAttributes":{{"FirstName":["{name}"]}}}}}}"#
    )
}

#[test]
fn each_file_of_a_folder_is_recognised_by_itself_and_one_that_cannot_be_read_hides_no_other() {
    let folder = folder();
    let exports = folder.path().join("2026-10-01");
    fs::create_dir(&exports).expect("a folder");
    for nth in 0..300 {
        let text = endpoint(nth, "Ann", "2026-10-01T00:00:00Z") + "\n";
        fs::write(exports.join(format!("part-{nth:05}.gz")), gzip(text.as_bytes())).expect("a file");
    }
    let row = "identifier,device_type,external_user_id,invalid_identifier\na-token-of-a-player,1,p1,f\n";
    fs::write(exports.join("players.csv"), row).expect("a file");
    let contact = r#"{"externalCustomerId":"c1","channels":[{"type":"email","value":"c1@example.com"}]}"#;
    fs::write(exports.join("contacts.ndjson"), contact).expect("a file");
    let output = run(folder.path(), &["prepare", "2026-10-*", "-o", "out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("read 302 = written 302 + merged 0 + rejected 0"), "{said}");
    assert!(said.contains("1 input as contacts, 1 input as onesignal, 300 inputs as pinpoint"), "{said}");
    let manifest = json(&folder.path().join("out/manifest.json"));
    let mappings: Vec<&Value> =
        manifest["inputs"].as_array().expect("inputs").iter().map(|input| &input["mapping"]).collect();
    assert_eq!(
        (mappings[0], mappings[1], mappings[301]),
        (&Value::Null, &"pinpoint".into(), &"onesignal".into())
    );

    let whole = fs::read(exports.join("part-00007.gz")).expect("a part");
    fs::write(exports.join("part-00007.gz"), &whole[..whole.len() / 2]).expect("half of it");
    fs::write(exports.join("part-00009.gz"), "name,city\nAnn,Kyiv\n").expect("something else");
    let output = run(folder.path(), &["prepare", "2026-10-*", "-o", "again"]);
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("not complete: 300 read, 300 written, 0 merged, 0 rejected, 0 skipped"), "{said}");
    for (name, why) in [
        ("part-00007.gz", "damaged or cut off"),
        ("part-00009.gz", "it is CSV, and its columns (name, city)"),
    ] {
        let line = said.lines().find(|line| line.contains(name)).unwrap_or_default();
        assert!(line.contains(why), "{said}");
    }
    assert!(!folder.path().join("again/manifest.json").exists());
}

#[test]
fn what_cannot_be_decided_is_a_mistake_that_creates_nothing() {
    let folder = folder();
    fs::write(folder.path().join("people.csv"), "name,city\nAnn,Kyiv\n").expect("a file");
    let both = "identifier,device_type,invalid_identifier,token,os_name,profile_id\nx,1,f,x,ios,p\n";
    fs::write(folder.path().join("both.csv"), both).expect("a file");
    for (input, words) in [
        ("people.csv", "its columns (name, city) are those of no export that is known"),
        ("both.csv", "--from onesignal, 1 of 1) or AppMetrica push tokens (--from appmetrica, 1 of 1)"),
    ] {
        let output = run(folder.path(), &["prepare", input, "-o", "out"]);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert!(!folder.path().join("out").exists());
        let text = fs::read(folder.path().join(input)).expect("the file");
        let output = program(folder.path())
            .args(["prepare", "-o", "-"])
            .write_stdin(text)
            .output()
            .expect("the program starts");
        assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{}", stderr(&output));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    // Contacts are no rows, whoever says so.
    let output = run(folder.path(), &["check", "people.csv", "--from", "contact"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("its columns (name, city)"), "{}", stderr(&output));
    let output = run(folder.path(), &["check", "both.csv", "--from", "onesignal"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("read 1 input as onesignal"), "{}", stderr(&output));
}

const MAPPING: &str = r#"
title = "Users of our shop"

[contact]
externalCustomerId = "user_id"
firstName = "first_name"

[[channel]]
type = "email"
value = "email"
"#;

#[test]
fn a_mapping_of_ten_lines_reads_any_table_and_says_where_it_is_wrong() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("mine.toml", MAPPING);
    write("users.csv", "user_id;first_name;email\n007;\"Ann\";ann@example.com\n8;Bob;bob at example.com\n");
    write("users.ndjson", r#"{"user_id":7,"first_name":"Ann","email":"ann@example.com"}"#);
    let rejects = ["--rejects", "-", "--on-duplicate", "keep"];
    let output = run(
        folder.path(),
        &[&["prepare", "users.csv", "--discard", "--from", "mine.toml"][..], &rejects].concat(),
    );
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let told = json_lines(&stdout(&output));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["line"], &told[0]["key"], &told[0]["violations"][0]["pointer"], &told[0]["raw"]),
        (&3.into(), &"8".into(), &"/email".into(), &"8;Bob;bob at example.com".into())
    );
    // A mapping is read, so nothing is written there.
    let output = run(folder.path(), &["check", "users.csv", "--from", "mine.toml", "--rejects", "mine.toml"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert_eq!(fs::read_to_string(folder.path().join("mine.toml")).expect("the mapping"), MAPPING);
    for (from, to, input, words) in [
        (
            "first_name",
            "firstname",
            "users.csv",
            "no column firstname (did you mean first_name?); the columns are user_id, first_name, email;",
        ),
        ("\"email\"\n", "\"emial\"\n", "users.ndjson", "emial"),
        ("firstName", "fristName", "users.csv", "firstName"),
        ("value =", "valeu =", "users.csv", "did you mean value?"),
        ("title =", "tilte =", "users.csv", "did you mean title?"),
        (
            "\"first_name\"",
            "{ from = \"first_name\", normalize = [\"lowercase-domian\"] }",
            "users.csv",
            "lowercase-domain",
        ),
    ] {
        let wrong = MAPPING.replace(from, to);
        assert_ne!(wrong, MAPPING);
        write("wrong.toml", &wrong);
        let output = run(folder.path(), &["prepare", input, "-o", "out", "--from", "wrong.toml"]);
        assert_eq!(code(&output), 2, "{to}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{to}: {}", stderr(&output));
        assert!(!folder.path().join("out").exists());
    }
    let output = run(folder.path(), &["prepare", "users.csv", "-o", "out", "--from", "pinpont"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("there is no preset pinpont; did you mean pinpoint?"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_date_of_a_source_decides_which_row_says_more_and_which_tokens_are_too_old() {
    let folder = folder();
    let rows = [
        endpoint(1, "Later", "2026-10-02T00:00:00Z"),
        endpoint(1, "Earlier", "2026-10-01T00:00:00Z"),
        endpoint(2, "Old", "2025-01-01T00:00:00Z"),
    ];
    fs::write(folder.path().join("in.ndjson"), rows.join("\n")).expect("a file");
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "-"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let bodies = stdout(&output);
    assert!(
        bodies.contains("\"Later\"") && bodies.contains("\"Old\"") && !bodies.contains("\"Earlier\""),
        "{bodies}"
    );
    let output =
        run(folder.path(), &["check", "in.ndjson", "--max-token-age", "2026-03-01", "--rejects", "-"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("read 3 = written 1 + merged 1 + rejected 0 + skipped 1"),
        "{}",
        stderr(&output)
    );
    let told = json_lines(&stdout(&output));
    assert_eq!(told[0]["violations"][0]["code"], "stale-token", "{told:?}");
    assert_eq!((&told[0]["action"], &told[0]["key"]), (&"skipped".into(), &"u2".into()));
}

#[test]
fn a_file_is_no_preset_to_be_printed_but_can_be_explained() {
    let folder = folder();
    for (named, instead) in [
        (
            "./mine.toml",
            "./mine.toml is a file, and `presets NAME` prints a mapping that is built in; what your own makes of an export: reteno-import presets --explain INPUT --from ./mine.toml",
        ),
        ("export.csv", "what becomes of an export: reteno-import presets --explain export.csv"),
        ("onesingal", "there is no preset onesingal; did you mean onesignal?"),
    ] {
        let output = run(folder.path(), &["presets", named]);
        assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{named}");
        assert!(stderr(&output).contains(instead), "{named}: {}", stderr(&output));
    }
}

#[test]
fn presets_are_listed_printed_and_explained() {
    let folder = folder();
    let output = run(folder.path(), &["presets"]);
    insta::assert_snapshot!("presets", stdout(&output));
    for preset in ["contact", "pinpoint", "onesignal", "braze", "airship", "appmetrica"] {
        let output = run(folder.path(), &["presets", preset]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        // What is printed is a mapping that can be used.
        fs::write(folder.path().join("mine.toml"), stdout(&output)).expect("a file");
        let output = run(folder.path(), &["check", "mine.toml", "--from", "mine.toml", "--format", "ndjson"]);
        assert_ne!(code(&output), 2, "{preset}: {}", stderr(&output));
    }
    fs::copy(fixture("sources/onesignal.csv"), folder.path().join("players.csv")).expect("a copy");
    let output = run(folder.path(), &["presets", "--explain", "players.csv", "-n", "4"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    insta::assert_snapshot!("presets_explain", stdout(&output));
}
