//! `bench`: what it tells, and what it leaves. How fast anything is, is not tested.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::interrupted::signal;
use super::{code, contact, contacts, folder, program, run, stderr, stdout};

const STAGES: [&str; 5] = ["read", "split", "parse", "rules", "prepare"];

/// A run with nothing on standard input.
fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reteno-import"));
    command.current_dir(folder).arg("bench").args(args).stdin(Stdio::null());
    command
}

fn bench(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().expect("the program starts")
}

fn measured(folder: &Path, args: &[&str]) -> Value {
    let output = bench(folder, &[args, &["--json"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// How many records `check` reads.
fn read_by_check(folder: &Path, input: &str) -> u64 {
    let said = stderr(&run(folder, &["check", "--quiet", "--report", "r.json", input]));
    let report = super::json(&folder.join("r.json"));
    std::fs::remove_file(folder.join("r.json")).expect("it was written");
    report["counts"]["read"].as_u64().unwrap_or_else(|| panic!("{said}"))
}

#[test]
fn every_stage_is_measured_with_one_thread_and_doubled_ones() {
    let folder = folder();
    let path = folder.path().join("in.ndjson");
    contacts(&path, 0..300);
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).expect("it is there");
    writeln!(file, "{{}}\n\n{{\n{}", contact("c7")).expect("it takes them");
    let args = ["in.ndjson", "--threads", "3", "--rounds", "2", "--block-bytes", "1KiB"];
    let told = measured(folder.path(), &args);
    let records = read_by_check(folder.path(), "in.ndjson");
    assert_eq!(records, 303);
    let bytes = path.metadata().expect("a file").len();
    let input = &told["input"];
    assert_eq!(input["inputs"], 1);
    assert_eq!((&input["isMade"], &input["isWhole"]), (&json!(false), &json!(true)));
    assert_eq!((input["bytes"].as_u64(), input["records"].as_u64()), (Some(bytes), Some(records)));
    assert!(input["firstReadSeconds"].is_number());
    assert_eq!(told["rounds"], 2);
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    let expected =
        json!({"read": 303, "written": 300, "merged": 1, "rejected": 2, "pruned": 0, "blankLines": 1});
    assert_eq!(told["counts"], expected);
    assert_eq!((&told["merging"]["rows"], &told["merging"]["spilledBytes"]), (&json!(301), &json!(0)));

    let stages = told["stages"].as_array().expect("stages");
    let found: Vec<_> =
        stages.iter().map(|stage| (stage["threads"].as_u64(), stage["stage"].as_str())).collect();
    let wanted: Vec<_> =
        [1, 2, 3].iter().flat_map(|count| STAGES.map(|stage| (Some(*count), Some(stage)))).collect();
    assert_eq!(found, wanted);
    for stage in stages {
        let is_read = stage["stage"] == "read";
        assert_eq!(stage["records"].as_u64(), (!is_read).then_some(records), "{stage}");
        assert_eq!(stage["allSeconds"].as_array().map(Vec::len), Some(2), "{stage}");
        for name in ["seconds", "gigabytesPerSecond", "recordsPerSecond", "ofParsing"] {
            assert!(stage[name].as_f64().is_some_and(|number| number > 0.0), "{name}: {stage}");
        }
        assert!(stage["spread"].as_f64().is_some_and(|number| number >= 0.0), "{stage}");
        if stage["stage"] == "parse" {
            assert_eq!(stage["ofParsing"], 1.0);
        }
    }
    let estimate = &told["estimate"];
    assert_eq!(estimate["bytes"], 50_000_000_000_u64);
    assert!((1..=3).contains(&estimate["threads"].as_u64().expect("a number")));
    for name in ["seconds", "secondsWithOneThread", "secondsOfFirstRead"] {
        assert!(estimate[name].as_f64().is_some_and(|number| number > 0.0), "{name}: {estimate}");
    }
}

#[test]
fn people_get_a_table_and_one_line_that_answers() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..50);
    let output = bench(folder.path(), &["in.ndjson", "--threads", "2", "--rounds", "1"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    let (table, answer) = text.split_once("\n\n").expect("a blank line");
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(lines[0], ["stage", "threads", "GB/s", "records/s", "seconds", "spread", "of parsing"]);
    let stages: Vec<(&str, &str)> = lines[1..].iter().map(|line| (line[0], line[1])).collect();
    let wanted: Vec<_> =
        ["1", "2"].iter().flat_map(|threads| STAGES.map(|stage| (stage, *threads))).collect();
    assert_eq!(stages, wanted);
    let width = table.lines().next().expect("a head").len();
    for (cells, line) in lines.iter().zip(table.lines()) {
        assert_eq!((cells.len(), line.len()), (7, width), "{line}");
    }
    assert!(answer.starts_with("At this speed 50.0 GB take about "), "{answer}");
    let said = stderr(&output);
    assert!(said.contains("in 1 input\neach stage with 1, 2 threads, 1 round\n"), "{said}");
    assert!(said.contains("fitted into --memory"), "{said}");
    let quiet = bench(folder.path(), &["in.ndjson", "--threads", "1", "--rounds", "1", "-q"]);
    assert_eq!((code(&quiet), stderr(&quiet).as_str()), (0, ""));
}

#[test]
fn other_exports_are_measured_as_they_are_read() {
    let folder = folder();
    for (format, name) in [("onesignal", "export.csv"), ("pinpoint", "export.ndjson")] {
        let args = ["generate", "--format", format, "--contacts", "500", "--dirty", "5%", "-o", name];
        assert_eq!(code(&run(folder.path(), &args)), 0);
        let output = bench(folder.path(), &[name, "--threads", "1", "--rounds", "1", "--json"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stderr(&output).contains(&format!("({format})")), "{}", stderr(&output));
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let records = Some(read_by_check(folder.path(), name));
        assert_eq!(told["input"]["records"].as_u64(), records, "{format}");
        for stage in told["stages"].as_array().expect("stages").iter().skip(1) {
            assert_eq!(stage["records"].as_u64(), records, "{stage}");
        }
        assert!(told["counts"]["skipped"].as_u64().is_some_and(|skipped| skipped > 0), "{told}");
    }
}

#[test]
fn only_the_beginning_of_a_large_input_is_used() {
    let folder = folder();
    contacts(&folder.path().join("1.ndjson"), 0..4000);
    contacts(&folder.path().join("2.ndjson"), 4000..8000);
    let bytes_of = |name: &str| folder.path().join(name).metadata().expect("a file").len();
    let (first, second) = (bytes_of("1.ndjson"), bytes_of("2.ndjson"));
    let of = |bytes: u64| {
        let bytes = bytes.to_string();
        let args =
            ["*.ndjson", "--threads", "2", "--rounds", "1", "--block-bytes", "1KiB", "--bytes", &bytes];
        measured(folder.path(), &args)
    };
    let whole = first + second;
    for (bytes, most) in [(100_000, first), (first + 100_000, whole), (2 * whole, whole + 1)] {
        let told = of(bytes);
        let used = told["input"]["bytes"].as_u64().expect("a number");
        assert_eq!(told["input"]["isWhole"], used == whole, "{bytes}");
        assert!((bytes.min(whole)..most).contains(&used), "{bytes}: {used}");
        for stage in told["stages"].as_array().expect("stages").iter().filter(|one| one["stage"] != "read") {
            assert_eq!(stage["records"], told["input"]["records"], "{stage}");
        }
    }
}

#[test]
fn the_options_of_prepare_are_those_of_the_stage() {
    let folder = folder();
    let rows = format!("{}\n{}\n", contact("a"), contact("a"));
    std::fs::write(folder.path().join("in.ndjson"), rows).expect("a file");
    std::fs::write(folder.path().join("mine.json"), r#"{"required":["languageCode"]}"#).expect("a file");
    let counts = |more: &[&str]| {
        let args = [&["in.ndjson", "--threads", "1", "--rounds", "1"], more].concat();
        let told = measured(folder.path(), &args);
        ["written", "merged", "rejected"].map(|name| told["counts"][name].as_u64().expect("a number"))
    };
    assert_eq!(counts(&[]), [1, 1, 0]);
    assert_eq!(counts(&["--on-duplicate", "keep"]), [2, 0, 0]);
    assert_eq!(counts(&["--sorted-by-key"]), [1, 1, 0]);
    assert_eq!(counts(&["--schema", "mine.json"]), [0, 0, 2]);
    std::fs::write(folder.path().join("reteno-import.toml"), "[bench]\non-duplicate = \"reject\"\n")
        .expect("a file");
    assert_eq!(counts(&[]), [0, 0, 2]);
}

#[test]
fn standard_input_is_refused_with_what_to_do() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..3);
    let piped = |args: &[&str]| {
        program(folder.path()).arg("bench").args(args).write_stdin(contact("a")).output().expect("it starts")
    };
    let from_file = || {
        let file = std::fs::File::open(folder.path().join("in.ndjson")).expect("it is there");
        command(folder.path(), &[]).stdin(file).output().expect("the program starts")
    };
    for (output, said) in [
        (piped(&[]), "/dev/null"),
        (from_file(), "/dev/null"),
        (piped(&["-"]), "write it to a file"),
        (piped(&["in.ndjson", "-"]), "write it to a file"),
    ] {
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(output.stdout.is_empty());
        assert!(
            stderr(&output).contains("standard input") && stderr(&output).contains(said),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn without_input_an_export_is_made_and_removed() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("temp")).expect("a folder");
    let args = ["--bytes", "300KB", "--temp-dir", "temp", "--threads", "1", "--rounds", "1", "--json"];
    let output = bench(folder.path(), &args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("of invented contacts"), "{}", stderr(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let bytes = told["input"]["bytes"].as_u64().expect("a number");
    assert!((300_000..310_000).contains(&bytes), "{bytes}");
    assert_eq!((&told["input"]["isMade"], &told["input"]["isWhole"]), (&json!(true), &json!(true)));
    assert!(["merged", "rejected"].iter().all(|name| told["counts"][name].as_u64() > Some(0)), "{told}");
    assert_eq!(std::fs::read_dir(folder.path().join("temp")).expect("the folder").count(), 0);
}

#[test]
fn an_interrupt_ends_it_with_130_and_removes_what_was_made() {
    let folder = folder();
    let temp = folder.path().join("temp");
    std::fs::create_dir(&temp).expect("a folder");
    let args = ["--bytes", "300KB", "--temp-dir", "temp", "--threads", "1", "--rounds", "1000000"];
    let mut child = command(folder.path(), &args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.starts_with("each stage with") {
        line.clear();
        assert!(said.read_line(&mut line).expect("it tells") > 0, "it ended");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let made = std::fs::read_dir(&temp).expect("the folder").filter_map(Result::ok);
        let made = made.filter(|entry| entry.file_name().to_string_lossy().ends_with(".ndjson"));
        let modes: Vec<u32> =
            made.map(|entry| entry.metadata().expect("a file").permissions().mode() & 0o777).collect();
        assert_eq!(modes, [0o600]);
    }
    signal(&child, "-INT");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 130);
    assert!(output.stdout.is_empty());
    let rest: Vec<String> = said.lines().map_while(Result::ok).collect();
    assert!(rest.iter().any(|line| line.contains("interrupted")), "{rest:?}");
    assert_eq!(std::fs::read_dir(&temp).expect("the folder").count(), 0);
}

#[test]
fn what_cannot_be_measured_to_its_end_is_not_told() {
    let folder = folder();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
    write("damaged.ndjson.gz", b"\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\x03\xAB");
    write("empty.ndjson", b"");
    write("blank.ndjson", b"\n\n");
    write("again.ndjson", format!("{}\n{}\n{}\n", contact("a"), contact("b"), contact("a")).as_bytes());
    for (args, expected, said) in [
        (&["damaged.ndjson.gz"][..], 4, "damaged"),
        (&["empty.ndjson"], 2, "empty"),
        (&["blank.ndjson"], 2, "no record"),
        (&["again.ndjson", "--sorted-by-key"], 4, "comes again"),
        (&["gone.ndjson"], 2, "no such file"),
        (&["again.ndjson", "--bytes", "0"], 2, "--bytes"),
        (&["again.ndjson", "--rounds", "0"], 2, "--rounds"),
        (&["again.ndjson", "--threads", "2000"], 2, "at most 1024"),
        (&["again.ndjson", "--batch-size", "3001"], 2, "at most 3000"),
        (&["again.ndjson", "--from", "onesingal"], 2, "did you mean onesignal?"),
    ] {
        let output = bench(folder.path(), args);
        assert_eq!(code(&output), expected, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}
