//! Which inputs are read, and what becomes of those that cannot be.

use std::fs;
use std::path::Path;

use ndjson::{BlockReader, ExpandError, Input, ReaderOptions, expand};

use crate::{read_inputs, texts};

#[test]
fn what_cannot_be_read_is_named_and_the_next_input_is_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("it takes the bytes");
        Input::File(path)
    };
    let inputs = vec![
        file("a.xz", b"\xFD7zXZ\0rest"),
        Input::File(folder.path().join("gone")),
        file("b.json", b"\xFF\xFE\0\0{\0\0\0"),
        file("c.zip", b"PK\x03\x04rest"),
        file("d.ndjson", b"{}\n"),
    ];
    let read = read_inputs(inputs, &ReaderOptions::default());
    let told: Vec<String> = read.errors.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 4);
    for (error, what) in told.iter().zip(["xz -dc", "cannot open", "iconv -f UTF-32", "get a whole copy"]) {
        assert!(error.contains(what), "{error}");
    }
    assert_eq!(texts(&read), ["{}"]);
}

#[test]
fn folders_and_patterns_are_expanded_in_the_order_of_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("2026-10-02")).expect("a folder");
    fs::create_dir_all(path("2026-10-01/deep")).expect("a folder");
    fs::create_dir_all(path("empty")).expect("a folder");
    for name in [
        "2026-10-01/part-2.gz",
        "2026-10-01/part-1.gz",
        "2026-10-01/.hidden",
        "2026-10-01/deep/x",
        "2026-10-02/part-1.gz",
    ] {
        fs::write(path(name), "").expect("a file");
    }
    let names = |args: &[&Path]| -> Vec<String> {
        let inputs = expand(args).expect("they exist");
        inputs
            .iter()
            .map(|input| input.to_string().replace(&format!("{}/", folder.path().display()), ""))
            .collect()
    };
    let all = ["2026-10-01/deep/x", "2026-10-01/part-1.gz", "2026-10-01/part-2.gz", "2026-10-02/part-1.gz"];
    assert_eq!(names(&[folder.path()]), all);
    assert_eq!(names(&[&path("2026-10-*/part-*.gz")]), all[1..]);
    assert_eq!(expand(&[] as &[&str]).expect("standard input"), [Input::Stdin]);
    assert_eq!(expand(&["-"]).expect("standard input"), [Input::Stdin]);
    assert!(matches!(expand(&[path("nothing")]), Err(ExpandError::Missing(_))));
    assert!(matches!(expand(&[path("no*thing")]), Err(ExpandError::NoMatch(_))));
    assert!(matches!(expand(&[path("empty")]), Err(ExpandError::EmptyFolder(_))));
    assert!(matches!(
        expand(&[path("2026-10-01"), path("2026-10-01/./part-1.gz")]),
        Err(ExpandError::Twice(_))
    ));
    assert!(matches!(expand(&["-", "-"]), Err(ExpandError::Twice(_))));
}

#[test]
fn a_pattern_fits_no_hidden_file_and_a_file_of_that_name_goes_before_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join(".d")).expect("a folder");
    for name in [".DS_Store", "a1", "a2", "[x]", ".d/b1", ".d/.b2"] {
        fs::write(folder.path().join(name), "").expect("a file");
    }
    let names = |pattern: &str| -> Vec<String> {
        let inputs = expand(&[folder.path().join(pattern)]).expect("they exist");
        let name = |input: &Input| match input {
            Input::File(path) => path.file_name().expect("a file").to_string_lossy().into_owned(),
            other => other.to_string(),
        };
        inputs.iter().map(name).collect()
    };
    assert_eq!(names("*"), ["[x]", "a1", "a2"]);
    assert_eq!(names("a?"), ["a1", "a2"]);
    assert_eq!(names("[x]"), ["[x]"]);
    assert_eq!(names(".D*"), [".DS_Store"]);
    assert_eq!(names(".*"), [".DS_Store", "b1"]);
    assert_eq!(names(".d/*"), ["b1"]);
    assert_eq!(names("**/*[12]"), ["a1", "a2"]);
}

#[test]
fn a_path_through_a_file_is_told_with_its_cause() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let error = expand(&[file.path().join("below")]).expect_err("a file is no folder");
    assert!(matches!(error, ExpandError::Inaccessible { .. }), "{error:?}");
}

#[test]
fn inputs_are_read_in_order_and_each_is_summed_up() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [("b", "{\"b\":1}\n"), ("a", "{\"a\":1}"), ("c", "")] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let inputs = expand(&[folder.path()]).expect("it exists");
    assert_eq!(BlockReader::new(inputs.clone(), ReaderOptions::default()).total_bytes(), Some(15));
    let read = read_inputs(inputs, &ReaderOptions::default());
    assert_eq!(texts(&read), ["{\"a\":1}", "{\"b\":1}"]);
    let bytes: Vec<_> = read.inputs.iter().map(|input| (input.bytes, input.complete)).collect();
    assert_eq!(bytes, [(7, true), (8, true), (0, true)]);
    assert_eq!(BlockReader::new(vec![Input::Stdin], ReaderOptions::default()).total_bytes(), None);
}
