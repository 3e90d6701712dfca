//! Pipes: data as soon as there is some, and a quiet end when nobody reads.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Command;

use super::{contact, contacts, folder, start};

#[test]
fn the_first_body_is_out_before_the_input_ends() {
    for policy in ["first", "keep"] {
        let folder = folder();
        let args = ["prepare", "-o", "-", "--batch-size", "2", "--on-duplicate", policy];
        let mut child = start(folder.path(), &args);
        let mut stdin = child.stdin.take().expect("a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut body = String::new();
        for round in 0..3 {
            for id in 0..2 {
                writeln!(stdin, "{}", contact(&format!("c{round}{id}"))).expect("it reads");
            }
            body.clear();
            stdout.read_line(&mut body).expect("a body comes while the pipe is open");
            assert!(body.contains(&format!("\"c{round}1\"")), "{policy}: {body}");
        }
        drop(stdin);
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{policy}");
    }
}

#[test]
fn rows_that_are_sorted_by_key_are_merged_before_the_input_ends() {
    let folder = folder();
    let mut child = start(folder.path(), &["prepare", "-o", "-", "--sorted-by-key", "--batch-size", "2"]);
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    // More than is merged at a time.
    let writing = std::thread::spawn(move || {
        for id in 0..8000 {
            let row = contact(&format!("c{id}"));
            writeln!(stdin, "{row}\n{}", row.replacen('{', r#"{"firstName":"Ann","#, 1)).expect("it reads");
        }
        stdin
    });
    let mut body = String::new();
    stdout.read_line(&mut body).expect("a body comes while the pipe is open");
    assert_eq!(body.matches(r#""firstName":"Ann""#).count(), 2, "{body}");
    assert!(body.contains("\"c0@example.com\"") && body.contains("\"c1@example.com\""), "{body}");
    let reading = std::thread::spawn(move || stdout.lines().count());
    drop(writing.join().expect("all is written"));
    assert_eq!(reading.join().expect("all is read"), 8000 / 2 - 1);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..20_000);
    for args in [
        &["prepare", "in.ndjson", "-o", "-", "--batch-size", "10"][..],
        &[
            "check",
            "in.ndjson",
            "--dedupe-on",
            "email",
            "--unknown-fields",
            "reject",
            "--rejects",
            "-",
            "--max-errors-per-record",
            "1",
        ],
        &["schema"],
        &["completions", "bash"],
    ] {
        if args[0] == "check" {
            let input: String = (0..20_000).map(|_| "{}\n").collect();
            std::fs::write(folder.path().join("in.ndjson"), input).expect("it takes the lines");
        }
        let mut child = start(folder.path(), args);
        let mut first = [0; 1];
        let mut stdout = child.stdout.take().expect("a pipe");
        stdout.read_exact(&mut first).expect("something comes");
        drop(stdout);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said, "", "{args:?}");
    }
}

#[test]
fn a_broken_pipe_that_was_named_for_rejects_is_a_failure() {
    let folder = folder();
    let input: String = (0..20_000).map(|_| "{}\n").collect();
    std::fs::write(folder.path().join("in.ndjson"), input).expect("it takes the lines");
    let made = Command::new("mkfifo").arg(folder.path().join("rejects")).status().expect("mkfifo is there");
    assert!(made.success());
    let child = start(folder.path(), &["check", "in.ndjson", "--rejects", "rejects"]);
    let mut reader = std::fs::File::open(folder.path().join("rejects")).expect("the pipe");
    reader.read_exact(&mut [0; 1]).expect("something comes");
    drop(reader);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("cannot write the rejects"), "{said}");
}
