//! Runs that are ended from outside.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{code, contact, contacts, folder, run, stderr};

/// A run into `out` that has written its first batches and waits for more input.
fn waiting(folder: &Path) -> (Child, std::process::ChildStdin) {
    waiting_with(folder, &[])
}

fn waiting_with(folder: &Path, more: &[&str]) -> (Child, std::process::ChildStdin) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_reteno-import"))
        .current_dir(folder)
        .args(["prepare", "-o", "out", "--batch-size", "2", "--on-duplicate", "first"])
        .args(more)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    for id in 0..5 {
        writeln!(stdin, "{}", contact(&format!("c{id}"))).expect("it reads");
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while !folder.join("out/batch-000002.json").exists() {
        assert!(Instant::now() < deadline, "no batch was written");
        std::thread::yield_now();
    }
    (child, stdin)
}

/// Sends a signal to a process that this test has started.
pub(super) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
}

#[test]
fn an_interrupt_ends_with_130_and_leaves_no_manifest() {
    for name in ["-INT", "-TERM"] {
        let folder = folder();
        let (child, stdin) = waiting(folder.path());
        signal(&child, name);
        let output = child.wait_with_output().expect("it ends");
        drop(stdin);
        assert_eq!(code(&output), 130);
        assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
        assert!(!folder.path().join("out/manifest.json").exists());
        assert_no_halves(folder.path());
    }
}

#[test]
fn an_interrupted_run_leaves_a_page_that_says_so() {
    let folder = folder();
    let (child, stdin) = waiting_with(folder.path(), &["--report", "report.html"]);
    signal(&child, "-INT");
    let output = child.wait_with_output().expect("it ends");
    drop(stdin);
    assert_eq!(code(&output), 130);
    let page = std::fs::read_to_string(folder.path().join("report.html")).expect("a page");
    for said in [
        "The run is not complete: 4 contacts were written out of 5 records that were read. None of them was rejected. What \
             becomes of the other 1 was not decided yet.",
        "✗ Not complete",
        "interrupted",
        "&lt;stdin&gt;",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[test]
fn a_folder_left_by_a_killed_run_is_redone() {
    let folder = folder();
    let (child, stdin) = waiting(folder.path());
    signal(&child, "-KILL");
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), None);
    drop(stdin);
    assert!(!folder.path().join("out/manifest.json").exists());
    contacts(&folder.path().join("in.ndjson"), 0..3);
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "out", "--batch-size", "3"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(folder.path().join("out/manifest.json").exists());
    assert!(!folder.path().join("out/batch-000002.json").exists(), "what the killed run left is gone");
    assert_no_halves(folder.path());
}

/// Every file that looks like a batch is one.
fn assert_no_halves(folder: &Path) {
    for entry in std::fs::read_dir(folder.join("out")).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("batch-") && name.ends_with(".json") {
            super::json(&path);
        }
    }
}

#[test]
fn a_report_that_cannot_be_written_hides_nothing_else() {
    for (more, signalled, expected) in [("", None, 4), ("{}\n", None, 4), ("", Some("-INT"), 130)] {
        let folder = folder();
        std::fs::create_dir(folder.path().join("reports")).expect("a folder");
        let (child, mut stdin) = waiting_with(folder.path(), &["--report", "reports/r.json"]);
        std::fs::remove_dir_all(folder.path().join("reports")).expect("it can be removed");
        stdin.write_all(more.as_bytes()).expect("it reads");
        let output = match signalled {
            Some(name) => {
                signal(&child, name);
                let output = child.wait_with_output().expect("it ends");
                drop(stdin);
                output
            }
            None => {
                drop(stdin);
                child.wait_with_output().expect("it ends")
            }
        };
        let said = stderr(&output);
        assert_eq!(code(&output), expected, "{said}");
        assert!(said.contains("cannot write the report reports/r.json"), "{said}");
        let also = if signalled.is_some() { "interrupted" } else { "= written 5 + merged 0 + rejected" };
        assert!(said.contains(also), "{said}");
    }
}
