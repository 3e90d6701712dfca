//! Settings: the command line before the environment before the file.

use super::{code, contacts, folder, json, program, run, stderr};

#[test]
fn the_nearest_setting_wins() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..12);
    let file = "batch-size = 6\ngroup = [\"A\", \"B\"]\nquiet = true\n[prepare]\nbatch-size = 4\n[check]\nmax-rejects = 3\n";
    std::fs::write(folder.path().join("reteno-import.toml"), file).expect("a file");
    let batches = |args: &[&str], env: Option<&str>| {
        let mut command = program(folder.path());
        command.args(["prepare", "in.ndjson", "-o", "out", "--overwrite"]).args(args);
        if let Some(size) = env {
            command.env("RETENO_IMPORT_BATCH_SIZE", size);
        }
        let output = command.output().expect("the program starts");
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert_eq!(stderr(&output), "", "quiet is set in the file");
        let manifest = json(&folder.path().join("out/manifest.json"));
        assert_eq!(manifest["options"]["groups"], serde_json::json!(["A", "B"]));
        manifest["batches"].as_array().expect("batches").len()
    };
    assert_eq!(batches(&[], None), 3);
    assert_eq!(batches(&[], Some("3")), 4);
    assert_eq!(batches(&["--batch-size", "2"], Some("3")), 6);
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_key_and_the_nearest_name() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..2);
    for (text, said) in [
        ("batch-sise = 5", "did you mean batch-size?"),
        ("[prepair]\nbatch-size = 5", "no table [prepair]"),
        ("batch-size = \"many\"", "invalid value 'many' for '--batch-size"),
        ("discard = \"yes\"", "discard is true or false"),
        ("[check]\noutput = \"out\"", "no setting output"),
        ("batch-size = ", "not TOML"),
        ("absent = \"erase\"", "keep"),
    ] {
        std::fs::write(folder.path().join("other.toml"), text).expect("a file");
        let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "out", "--config", "other.toml"]);
        assert_eq!(code(&output), 2, "{text}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(said) && stderr(&output).contains("other.toml"),
            "{text}: {}",
            stderr(&output)
        );
        assert!(!folder.path().join("out").exists());
    }
}

#[test]
fn of_options_that_exclude_each_other_the_nearer_one_counts() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..2);
    let settings =
        |text: &str| std::fs::write(folder.path().join("reteno-import.toml"), text).expect("a file");
    let is_out = || folder.path().join("out").exists();

    settings("output = \"out\"\noverwrite = true\nquiet = true\n");
    let discarded = run(folder.path(), &["prepare", "in.ndjson", "--discard", "-v"]);
    assert_eq!((code(&discarded), is_out()), (0, false), "{}", stderr(&discarded));
    assert!(stderr(&discarded).contains("settings from reteno-import.toml"), "{}", stderr(&discarded));

    settings("discard = true\nverbose = true\ndedupe-on = \"fieldId\"\nfield-id = 7\n");
    let args = ["prepare", "in.ndjson", "-o", "out", "-q", "--dedupe-on", "email"];
    let written = run(folder.path(), &args);
    assert_eq!((code(&written), is_out(), stderr(&written).as_str()), (0, true, ""));

    settings("discard = true\noutput = \"out\"\n");
    assert_eq!(code(&run(folder.path(), &["prepare", "in.ndjson"])), 2);
}

#[test]
fn a_schema_of_the_settings_serves_raw_of_the_command_line() {
    let folder = folder();
    std::fs::write(
        folder.path().join("reteno-import.toml"),
        "schema = \"s.json\"\non-invalid = \"reject\"\n",
    )
    .expect("a file");
    std::fs::write(folder.path().join("s.json"), r#"{"type":"array"}"#).expect("a file");
    for (input, expected) in [("[]\n", 0), ("{}\n", 1)] {
        let output = program(folder.path()).args(["check", "--raw"]).write_stdin(input).output();
        let output = output.expect("the program starts");
        assert_eq!(code(&output), expected, "{}", stderr(&output));
    }
}

#[test]
fn a_switch_in_the_environment_is_turned_by_any_usual_word() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..2);
    // A switch that is turned off takes no part in anything.
    let mut command = program(folder.path());
    let output =
        command.args(["check", "in.ndjson", "--on-invalid", "reject"]).env("RETENO_IMPORT_RAW", "0").output();
    assert_eq!(code(&output.expect("the program starts")), 0);
    for (value, is_quiet) in
        [("1", true), ("true", true), ("yes", true), ("0", false), ("false", false), ("no", false)]
    {
        let mut command = program(folder.path());
        let output = command.args(["check", "in.ndjson"]).env("RETENO_IMPORT_QUIET", value).output();
        let output = output.expect("the program starts");
        assert_eq!(
            (code(&output), stderr(&output).is_empty()),
            (0, is_quiet),
            "{value}: {}",
            stderr(&output)
        );
    }
}
