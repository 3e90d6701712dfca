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
