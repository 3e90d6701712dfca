//! The main job: batches, options, reports, exit codes.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{code, contact, contacts, folder, json, json_lines, program, run, stderr, stdout};

#[test]
fn request_options_stand_in_every_body() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..5);
    let output = run(
        folder.path(),
        &[
            "prepare",
            "in.ndjson",
            "-o",
            "-",
            "--batch-size",
            "2",
            "--dedupe-on",
            "fieldId",
            "--field-id",
            "77",
            "--group",
            "A",
            "--group",
            "B, with a comma",
            "--exclude-group",
            "C",
            "--restore-deleted",
            "--event-key",
            "new-contact",
        ],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let bodies = json_lines(&stdout(&output));
    assert_eq!(
        bodies.iter().map(|body| body["contacts"].as_array().map_or(0, Vec::len)).collect::<Vec<_>>(),
        [2, 2, 1]
    );
    for mut body in bodies {
        body["contacts"] = Value::Null;
        assert_eq!(
            body,
            json!({
                "contacts": null, "dedupeOn": "fieldId", "fieldId": 77,
                "contactFields": ["email", "externalCustomerId"],
                "groupNames": ["A", "B, with a comma"], "groupNamesExclude": ["C"], "restoreDeleted": true,
                "eventKeyForNewContacts": "new-contact"
            })
        );
    }
}

#[test]
fn absent_fields_are_kept_by_bodies_of_equal_contacts_or_cleared_by_one_list() {
    let folder = folder();
    let named = contact("a").replacen('{', r#"{"firstName":"Ann","#, 1);
    let input = format!("{named}\n{}\n", contact("b"));
    let bodies = |absent: &str| {
        let output = program(folder.path())
            .args(["prepare", "-o", "-", "--absent", absent])
            .write_stdin(input.clone())
            .output();
        json_lines(&stdout(&output.expect("the program starts")))
    };
    let kept = bodies("keep");
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1]["contactFields"], json!(["email", "externalCustomerId"]));
    let cleared = bodies("clear");
    assert_eq!(cleared.len(), 1);
    assert_eq!(cleared[0]["contactFields"], json!(["firstName", "email", "externalCustomerId"]));
}

#[test]
fn the_exit_code_says_whether_records_were_rejected_and_whether_that_was_too_many() {
    let folder = folder();
    let input = format!("{}\n{{}}\n{{}}\n{}\n", contact("a"), contact("b"));
    for (limit, expected, complete) in [
        (None, 1, true),
        (Some("2"), 0, true),
        (Some("1"), 3, false),
        (Some("50%"), 0, true),
        (Some("49%"), 3, false),
        (Some("0"), 3, false),
    ] {
        let mut args = vec!["prepare", "-o", "out", "--overwrite"];
        args.extend(limit.into_iter().flat_map(|limit| ["--max-rejects", limit]));
        let output = program(folder.path())
            .args(&args)
            .write_stdin(input.clone())
            .output()
            .expect("the program starts");
        assert_eq!(code(&output), expected, "{limit:?}: {}", stderr(&output));
        assert_eq!(folder.path().join("out/manifest.json").exists(), complete, "{limit:?}");
    }
}

#[test]
fn a_repeated_key_is_merged_left_out_and_told_kept_or_rejected() {
    let folder = folder();
    let input = format!("{}\n{}\n", contact("a"), contact("a"));
    for (policy, expected, counts, told) in [
        ("merge", 0, (1, 1, 0), &[][..]),
        ("first", 0, (1, 1, 0), &[(2, "duplicate")]),
        ("last", 0, (1, 1, 0), &[(1, "duplicate")]),
        ("reject", 1, (0, 0, 2), &[(1, "rejected"), (2, "rejected")]),
        ("keep", 0, (2, 0, 0), &[]),
    ] {
        let output = program(folder.path())
            .args([
                "prepare",
                "--discard",
                "--on-duplicate",
                policy,
                "--report",
                "report.json",
                "--rejects",
                "rejects.ndjson",
            ])
            .write_stdin(input.clone())
            .output()
            .expect("the program starts");
        assert_eq!(code(&output), expected, "{policy}");
        let report = json(&folder.path().join("report.json"));
        let count = |name: &str| report["counts"][name].as_u64().expect("a count");
        assert_eq!((count("written"), count("merged"), count("rejected")), counts, "{policy}");
        assert_eq!(report["identity"]["holds"], true);
        let rejects = std::fs::read_to_string(folder.path().join("rejects.ndjson")).expect("rejects");
        let rejects: Vec<_> = json_lines(&rejects)
            .iter()
            .map(|reject| (reject["line"].clone(), reject["action"].clone()))
            .collect();
        let told: Vec<_> = told.iter().map(|(line, action)| (json!(line), json!(action))).collect();
        assert_eq!(rejects, told, "{policy}");
    }
}

#[test]
fn what_is_written_belongs_to_its_owner_alone() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..3);
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "deep/out", "--report", "report.json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mode =
        |name: &str| folder.path().join(name).metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode("deep/out"), 0o700);
    for name in
        ["deep/out/batch-000001.json", "deep/out/manifest.json", "deep/out/rejects.ndjson", "report.json"]
    {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = folder();
    let input: String = (0..3000)
        .map(|id| contact(&format!("c{}", id % 2500)) + "\n" + if id % 9 == 0 { "{}\n" } else { "" })
        .collect();
    std::fs::write(folder.path().join("in.ndjson"), input).expect("it takes the contacts");
    let snapshot = |threads: &str, block: &str| {
        let output = run(
            folder.path(),
            &[
                "prepare",
                "in.ndjson",
                "-o",
                "out",
                "--overwrite",
                "--threads",
                threads,
                "--block-bytes",
                block,
                "--batch-size",
                "700",
            ],
        );
        assert_eq!(code(&output), 1);
        let mut files: Vec<_> = std::fs::read_dir(folder.path().join("out"))
            .expect("the folder")
            .map(|entry| entry.expect("an entry").path())
            .map(|path| (path.file_name().map(ToOwned::to_owned), std::fs::read(&path).expect("a file")))
            .collect();
        files.sort();
        files
    };
    let one = snapshot("1", "1MiB");
    assert_eq!(one.len(), 4 + 2);
    for (threads, block) in [("2", "1KiB"), ("4", "4KiB"), ("8", "64KiB")] {
        assert!(snapshot(threads, block) == one, "{threads} threads, blocks of {block}");
    }
}

#[test]
fn without_a_rejects_file_each_refused_record_is_told_on_standard_error() {
    let folder = folder();
    let input = format!("{}\n{{\"channels\":[]}}\n", contact("a"));
    let said = |args: &[&str]| {
        let output = program(folder.path())
            .args(args)
            .write_stdin(input.clone())
            .output()
            .expect("the program starts");
        assert_eq!(code(&output), 1);
        stderr(&output)
    };
    assert!(
        said(&["prepare", "--discard"])
            .contains("<stdin>:2: rejected no-channel /channels: channels is empty")
    );
    assert!(said(&["check"]).contains("<stdin>:2: rejected no-channel"));
    assert_eq!(said(&["check", "-q"]), "");
}

#[test]
fn input_that_is_cut_off_is_told_after_everything_before_it_and_there_is_no_manifest() {
    use std::io::Write;
    let folder = folder();
    let text: String = (0..5000).map(|id| contact(&format!("c{id}")) + "\n").collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory takes everything");
    let zipped = encoder.finish().expect("memory takes everything");
    std::fs::write(folder.path().join("a.ndjson"), &zipped[..zipped.len() / 2]).expect("it takes the bytes");
    contacts(&folder.path().join("b.ndjson"), 10_000..10_010);
    let output = run(folder.path(), &["prepare", "a.ndjson", "b.ndjson", "-o", "out"]);
    assert_eq!(code(&output), 4);
    let said = stderr(&output);
    assert!(said.contains("a.ndjson is damaged or cut off near byte"), "{said}");
    // Nothing of what is said reads as if it were all.
    assert!(said.contains("\nnot complete: ") && !said.contains("\nread "), "{said}");
    assert!(!said.contains(" requests with "), "{said}");
    assert!(said.ends_with(", but the output is not complete and has no manifest\n"), "{said}");
    let said = stderr(&run(folder.path(), &["check", "a.ndjson"]));
    assert!(said.ends_with("error: not all input could be read; what was read is done\n"), "{said}");
    assert!(!folder.path().join("out/manifest.json").exists());
    let body =
        std::fs::read_to_string(folder.path().join("out/batch-000001.json")).expect("what was read is there");
    assert!(body.contains("\"c0\"") && body.contains("\"c10009\""));
}

#[test]
fn a_full_disk_is_told_and_nothing_pretends_to_be_complete() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..5000);
    for args in [
        &[
            "prepare",
            "in.ndjson",
            "--discard",
            "--rejects",
            "/dev/full",
            "--on-invalid",
            "reject",
            "--dedupe-on",
            "id",
        ][..],
        &["check", "in.ndjson", "--rejects", "/dev/full", "--dedupe-on", "sms"],
    ] {
        // Nobody has an id or a number here, or everybody an external one: make them all rejects.
        let input: String = (0..5000).map(|_| "{}\n").collect();
        std::fs::write(folder.path().join("in.ndjson"), input).expect("it takes the lines");
        let output = run(folder.path(), args);
        assert_eq!(code(&output), 4, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("No space left"), "{}", stderr(&output));
        assert!(!stderr(&output).contains("says which, where and why"), "{}", stderr(&output));
    }
    contacts(&folder.path().join("in.ndjson"), 0..5000);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_reteno-import"))
        .current_dir(folder.path())
        .args(["prepare", "in.ndjson", "-o", "-"])
        .stdout(full)
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 4);
    let said = stderr(&output);
    assert!(said.contains("No space left") && !said.contains("folder"), "{said}");
    assert!(said.contains("not complete: 5,000 read, 0 written") && !said.contains(" with "), "{said}");
}

#[test]
fn the_report_says_with_which_options_it_came_to_what() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..5);
    let args =
        ["prepare", "in.ndjson", "-o", "out", "--group", "A", "--group", "B", "--default-region", "UA"];
    let output = run(folder.path(), &[&args[..], &["--report", "report.json", "--batch-size", "2"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let report = json(&folder.path().join("report.json"));
    let options = &report["options"];
    for (name, value) in [
        ("batch-size", json!("2")),
        ("group", json!(["A", "B"])),
        ("on-invalid", json!("prune")),
        ("restore-deleted", json!(false)),
        ("output", json!("out")),
    ] {
        assert_eq!(options[name], value, "{name}: {options}");
    }
    assert_eq!(report["end"], "complete");
    assert_eq!(report["batches"]["bodies"], 3);
    assert_eq!(report["identity"]["text"], "read 5 = written 5 + merged 0 + rejected 0");
    let manifest = json(&folder.path().join("out/manifest.json"));
    assert_eq!(manifest["options"]["defaultRegion"], "UA");
}

#[test]
fn nothing_in_the_input_reaches_the_terminal_as_a_command() {
    let folder = folder();
    let output = program(folder.path()).arg("check").write_stdin("{\"a\\u001b[31m\\nb\":1}\n").output();
    let output = output.expect("the program starts");
    assert_eq!(code(&output), 1);
    let said = stderr(&output);
    assert!(said.contains(r"/a\u{1b}[31m\nb: there is no member"), "{said}");
    assert!(!said.contains(|character: char| character.is_control() && character != '\n'), "{said}");
    assert!(said.lines().all(|line| !line.starts_with("b\"")), "{said}");
}

#[test]
fn where_nobody_can_be_told_the_exit_code_still_says_it() {
    let folder = folder();
    std::fs::write(folder.path().join("in.ndjson"), format!("{}\n{{}}\n", contact("a"))).expect("a file");
    for (args, expected) in
        [(&["check", "in.ndjson"][..], 1), (&["prepare", "in.ndjson", "-o", "-"], 1), (&["check", "gone"], 2)]
    {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_reteno-import"))
            .current_dir(folder.path())
            .args(args)
            .stderr(full)
            .output()
            .expect("the program starts");
        assert_eq!(code(&output), expected, "{args:?}");
        assert_eq!(output.stdout.is_empty(), args[0] == "check", "{args:?}");
    }
}

#[test]
fn progress_that_is_wanted_without_a_terminal_comes_in_lines() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..5);
    for (policy, ending) in [
        ("merge", " records, 0 rejected; 5 of 5 grouped by key"),
        ("first", " records/s"),
        ("keep", " records/s"),
    ] {
        for (wanted, is_told) in [("always", true), ("auto", false), ("never", false)] {
            let args = ["check", "in.ndjson", "--on-duplicate", policy, "--progress", wanted];
            let output = run(folder.path(), &args);
            assert_eq!(code(&output), 0);
            let said = stderr(&output);
            let line = said.lines().find(|line| line.contains(" read, 5 records, 0 rejected"));
            assert_eq!(line.is_some_and(|line| line.ends_with(ending)), is_told, "{policy} {wanted}: {said}");
        }
    }
}
