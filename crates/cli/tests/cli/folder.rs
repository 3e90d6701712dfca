//! The output folder: new, foreign, complete, unfinished.

use super::{code, contacts, folder, run, stderr};

#[test]
fn a_folder_with_something_in_it_is_refused_unless_it_is_ours_to_overwrite() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..3);
    std::fs::create_dir(folder.path().join("foreign")).expect("a folder");
    std::fs::write(folder.path().join("foreign/mine.txt"), "mine").expect("a file");
    let prepare = |name: &str, more: &[&str]| {
        run(folder.path(), &[&["prepare", "in.ndjson", "-o", name], more].concat())
    };

    let refused = prepare("foreign", &[]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("not empty"), "{}", stderr(&refused));
    assert_eq!(std::fs::read_dir(folder.path().join("foreign")).expect("the folder").count(), 1);

    assert_eq!(code(&prepare("out", &[])), 0);
    let again = prepare("out", &[]);
    assert_eq!(code(&again), 2);
    assert!(stderr(&again).contains("complete already"), "{}", stderr(&again));
    std::fs::write(folder.path().join("out/mine.txt"), "mine").expect("a file");
    assert_eq!(code(&prepare("out", &["--overwrite"])), 0);
    assert!(folder.path().join("out/mine.txt").exists(), "foreign files stay");
}

#[test]
fn a_file_in_the_place_of_the_folder_is_an_error() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..3);
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "in.ndjson"]);
    assert_eq!(code(&output), 4, "{}", stderr(&output));
}

#[test]
fn what_is_read_is_never_replaced_and_an_earlier_output_stays_if_something_else_is_wrong() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..3);
    assert_eq!(code(&run(folder.path(), &["prepare", "in.ndjson", "-o", "out"])), 0);
    let over = ["-o", "out", "--overwrite"];
    for (args, expected, said) in [
        (&["prepare", "out/batch-000001.json"][..], 2, "would be replaced"),
        (&["prepare", "out"], 2, "would be replaced"),
        (
            &["prepare", "in.ndjson", "--report", "nowhere/r.json"],
            4,
            "caused by: the folder nowhere does not exist",
        ),
        (&["prepare", "in.ndjson", "--report", "in.ndjson/r.json"], 4, "in.ndjson is a file, not a folder"),
        (&["prepare", "in.ndjson", "--report", "in.json"], 4, "it is a folder"),
        (&["prepare", "in.ndjson", "--rejects", "nowhere/r.ndjson"], 4, "nowhere is not a folder"),
        (&["prepare", "in.ndjson", "--rejects", "in.json"], 4, "cannot write rejects to in.json"),
        (&["prepare", "in.ndjson", "--rejects", "out/batch-000001.json"], 2, "needs for itself"),
        (&["prepare", "in.ndjson", "--report", "./out/manifest.json"], 2, "needs for itself"),
    ] {
        std::fs::create_dir_all(folder.path().join("in.json")).expect("a folder");
        let output = run(folder.path(), &[args, &over].concat());
        assert_eq!(code(&output), expected, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
        assert!(folder.path().join("out/manifest.json").exists(), "{args:?}");
        assert!(folder.path().join("out/batch-000001.json").exists(), "{args:?}");
    }
    let output = run(folder.path(), &["prepare", "out", "-o", "in.ndjson"]);
    assert_eq!(code(&output), 4);
    assert!(stderr(&output).contains("in.ndjson is a file, not a folder; -o names"), "{}", stderr(&output));
    let again = run(folder.path(), &["prepare", "in.ndjson", "-o", "new", "--rejects", "./new/mine.ndjson"]);
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    assert!(folder.path().join("new/mine.ndjson").exists());
}

#[test]
fn a_report_stays_as_it_was_until_the_new_one_is_whole() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..3);
    std::fs::write(folder.path().join("report.json"), "earlier").expect("a file");
    std::fs::create_dir(folder.path().join("out")).expect("a folder");
    std::fs::write(folder.path().join("out/mine.txt"), "mine").expect("a file");
    let args = ["prepare", "in.ndjson", "-o", "out", "--report", "report.json"];
    assert_eq!(code(&run(folder.path(), &args)), 2);
    let report = std::fs::read_to_string(folder.path().join("report.json")).expect("the report");
    assert_eq!(report, "earlier");
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 3, "nothing temporary is left");
}

#[test]
fn a_report_may_be_in_the_output_folder_whether_that_is_there_or_not() {
    for make in [None, Some("deep/out")] {
        let folder = folder();
        contacts(&folder.path().join("in.ndjson"), 0..3);
        if let Some(name) = make {
            std::fs::create_dir_all(folder.path().join(name)).expect("a folder");
        }
        let args = ["prepare", "in.ndjson", "-o", "deep/out", "--report", "./deep/out/report.json"];
        for more in [&[][..], &["--overwrite"]] {
            let output = run(folder.path(), &[&args[..], more].concat());
            assert_eq!(code(&output), 0, "{make:?}: {}", stderr(&output));
            assert_eq!(super::json(&folder.path().join("deep/out/report.json"))["end"], "complete");
            assert!(folder.path().join("deep/out/manifest.json").exists());
            let files = std::fs::read_dir(folder.path().join("deep/out")).expect("the folder").count();
            assert_eq!(files, 4, "a batch, the manifest, rejects, the report, and nothing temporary");
        }
    }
}
