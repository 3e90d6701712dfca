//! Mistakes of the command line: exit 2, before anything is read or created, and what to do.

use super::{code, contacts, folder, run, stderr};

#[test]
fn a_mistake_is_told_with_what_to_do_and_creates_nothing() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..3);
    let input = std::fs::read(folder.path().join("in.ndjson")).expect("the input");
    std::fs::write(folder.path().join("broken.json"), r#"{"properties":{"a":{"minLength":"x"}}}"#)
        .expect("a file");
    std::fs::write(folder.path().join("far.json"), r#"{"$ref":"https://example.com/far.json"}"#)
        .expect("a file");
    std::fs::write(folder.path().join("no.json"), "{").expect("a file");
    let cases: &[(&[&str], &str)] = &[
        (&["prepare", "in.ndjson"], "-o DIR"),
        (&["prepare", "in.ndjson", "-o", "out", "--discard"], "--discard"),
        (&["prepare", "in.ndjson", "--discard", "--overwrite"], "--overwrite"),
        (&["prepare", "in.ndjson", "-o", "-", "--rejects", "-"], "give rejects a file"),
        (&["prepare", "in.ndjson", "-o", "out", "--batch-size", "3001"], "at most 3000"),
        (&["prepare", "in.ndjson", "-o", "out", "--batch-size", "0"], "--batch-size"),
        (&["prepare", "in.ndjson", "-o", "out", "--batch-bytes", "10"], "10 bytes"),
        (&["prepare", "in.ndjson", "-o", "out", "--batch-bytes", "lots"], "8MiB"),
        (&["prepare", "in.ndjson", "-o", "out", "--dedupe-on", "fieldId"], "--field-id"),
        (&["prepare", "in.ndjson", "-o", "out", "--field-id", "7"], "--dedupe-on fieldId"),
        (&["prepare", "in.ndjson", "-o", "out", "--dedupe-on", "externalCustomerID"], "externalCustomerId"),
        (&["prepare", "in.ndjson", "-o", "out", "--event-key", "a b"], "spaces"),
        (&["prepare", "in.ndjson", "-o", "out", "--max-rejects", "many"], "0.5%"),
        (&["prepare", "in.ndjson", "-o", "out", "--report", "r.txt"], ".json"),
        (&["prepare", "in.ndjson", "-o", "out", "--default-region", "Ukraine"], "UA"),
        (&["prepare", "in.ndjson", "-o", "out", "--block-bytes", "10"], "at least 1024"),
        (&["prepare", "in.ndjson", "-o", "out", "--block-bytes", "2GiB"], "at most"),
        (&["prepare", "in.ndjson", "-o", "out", "--threads", "100000"], "at most 1024"),
        (&["prepare", "in.ndjson", "-o", "out", "--rejects", "in.ndjson"], "choose another file"),
        (
            &["prepare", "in.ndjson", "-o", "out", "--rejects", "./a.json", "--report", "a.json"],
            "another file",
        ),
        (&["prepare", "in.ndjson", "-o", "out", "--report", "a.json", "--report", "a.json"], "another file"),
        (&["prepare", "in.ndjson", "-o", "out", "--rejects", "out"], "needs for itself"),
        (&["prepare", "in.ndjson", "-o", "out", "--rejects", "out/manifest.json"], "needs for itself"),
        (&["prepare", "in.ndjson", "-o", "./out", "--rejects", "out/batch-000001.json"], "needs for itself"),
        (
            &["prepare", "in.ndjson", "-o", "out", "--rejects", "out/.reteno-import-unfinished"],
            "needs for itself",
        ),
        (&["prepare", "in.ndjson", "-o", "a/out", "--report", "./a/out/manifest.json"], "needs for itself"),
        (&["prepare", "in.ndjson", "-o", "out", "-q", "-v"], "--verbose"),
        (&["check", "in.ndjson", "--schema-resource", "https://example.com/a.json=no.json"], "--schema"),
        (&["prepare", "gone.ndjson", "-o", "out"], "no such file"),
        (&["prepare", "*.gz", "-o", "out"], "no file fits"),
        (&["prepare", "in.ndjson", "./in.ndjson", "-o", "out"], "twice"),
        (&["prepare", "in.ndjson", "-o", "out", "--schema", "broken.json"], "/properties/a/minLength"),
        (
            &["prepare", "in.ndjson", "-o", "out", "--schema", "far.json"],
            "--schema-resource https://example.com/far.json=FILE",
        ),
        (&["prepare", "in.ndjson", "-o", "out", "--schema", "no.json"], "no.json is not JSON"),
        (&["prepare", "in.ndjson", "-o", "out", "--schema", "gone.json"], "gone.json"),
        (&["prepare", "in.ndjson", "-o", "out", "--schema-resource", "x"], "URI=FILE"),
        (&["prepare", "in.ndjson", "-o", "out", "--config", "gone.toml"], "gone.toml"),
        (&["prepare", "in.ndjson", "-o", "out", "--output-dir", "x"], "unexpected argument"),
        (&["check", "in.ndjson", "--raw"], "--schema"),
        (&["check", "in.ndjson", "--assert-formats"], "--raw"),
        (
            &["check", "in.ndjson", "--raw", "--schema", "far.json", "--dedupe-on", "email"],
            "cannot be used with",
        ),
        (&["check", "in.ndjson", "--raw", "--schema", "broken.json"], "/properties/a/minLength"),
        (&["man", "prepair"], "no command prepair"),
        (&["prepair"], "prepare"),
    ];
    for (args, said) in cases {
        let output = run(folder.path(), args);
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
        let mut left: Vec<_> = std::fs::read_dir(folder.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["broken.json", "far.json", "in.ndjson", "no.json"], "{args:?}");
        assert_eq!(std::fs::read(folder.path().join("in.ndjson")).expect("the input"), input, "{args:?}");
    }
}

#[test]
fn without_arguments_the_first_steps_are_shown() {
    let output = run(folder().path(), &[]);
    assert_eq!(code(&output), 2);
    assert!(output.stdout.is_empty());
    let said = stderr(&output);
    for step in
        ["reteno-import check", "reteno-import prepare", "reteno-import upload", "reteno-import --help"]
    {
        assert!(said.contains(step), "{said}");
    }
    assert!(said.lines().count() <= 15, "{said}");
}
