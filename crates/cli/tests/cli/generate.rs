//! `generate`, and what the other commands make of it.

use std::io::Read;
use std::time::{Duration, Instant};

use serde_json::Value;
use synthetic::{Action, Config, Expected, Export, Fault, Format};

use super::interrupted::signal;
use super::{code, folder, json_lines, program, run, start, stderr, stdout};

const FORMATS: [&str; 4] = ["contact", "pinpoint", "onesignal", "braze"];

/// What goes to standard output, with nothing said.
fn generated(args: &[&str]) -> Vec<u8> {
    let folder = folder();
    let output = run(folder.path(), &[&["generate", "--quiet"], args].concat());
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""), "{args:?}");
    output.stdout
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_more_contacts_only_add_to_them() {
    for format in FORMATS {
        let of = |contacts, seed| {
            let more = ["--dirty", "10%", "--duplicates", "20%", "--format", format];
            generated(&[&["--contacts", contacts, "--seed", seed], &more[..]].concat())
        };
        let many = of("2000", "7");
        assert_eq!(many, of("2000", "7"), "{format}");
        let some = of("1500", "7");
        assert!(some.len() < many.len() && many.starts_with(&some), "{format}");
        assert_ne!(some, of("1500", "8"), "{format}");
    }
}

#[test]
fn check_finds_in_contacts_exactly_the_faults_that_were_put_there() {
    let folder = folder();
    let made = run(folder.path(), &["generate", "--contacts", "2000", "--dirty", "10%"]);
    let checked = program(folder.path())
        .args(["check", "--rejects", "-"])
        .write_stdin(made.stdout.clone())
        .output()
        .expect("the program starts");
    let found: Vec<(u64, String, String)> = json_lines(&stdout(&checked))
        .iter()
        .map(|reject| {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let line = reject["line"].as_u64().expect("a line");
            (line, text(&reject["action"]), text(&reject["violations"][0]["code"]))
        })
        .collect();

    let config = Config { contacts: 2000, faults_per_mille: 100, ..Config::default() };
    let mut export = Export::new(config, Format::Contact);
    let mut wanted = Vec::new();
    let (mut line, mut text) = (0, Vec::new());
    while let Some(expected) = export.next_rows(&mut text) {
        line += 1;
        if let Expected::Fault(fault) = expected {
            wanted.push((line, fault.action().as_str().to_owned(), fault.code().to_owned()));
        }
    }
    assert_eq!(found, wanted);
    assert!(wanted.len() > 2 * Fault::ALL.len(), "each comes, and more than once");
    assert_eq!(code(&checked), 1);
    let rejected = wanted.iter().filter(|(_, action, _)| action == Action::Rejected.as_str()).count();
    let written = 2000 - rejected;
    let sum = format!(
        "read 2,000 = written {},{:03} + merged 0 + rejected {rejected}",
        written / 1000,
        written % 1000
    );
    assert!(stderr(&checked).contains(&sum), "{}", stderr(&checked));
    let said = format!(
        "generated 2,000: {},{:03} clean, 0 further rows of these, {} with a fault",
        (2000 - wanted.len()) / 1000,
        (2000 - wanted.len()) % 1000,
        wanted.len()
    );
    assert!(stderr(&made).contains(&said), "{}", stderr(&made));
}

#[test]
fn further_rows_are_merged_with_the_first_of_their_contact() {
    let folder = folder();
    let made = run(folder.path(), &["generate", "--contacts", "3000", "--duplicates", "30%"]);
    let said = stderr(&made);
    let further = said.split_once(" clean, ").and_then(|(_, rest)| rest.split_once(" further rows"));
    let further: u64 = further.expect(&said).0.parse().expect(&said);
    assert!((750..1050).contains(&further), "{said}");
    let checked = program(folder.path()).arg("check").write_stdin(made.stdout).output();
    let summary = stderr(&checked.expect("the program starts"));
    let (_, sum) = summary.split_once("read 3,000 = written ").expect(&summary);
    let numbers: Vec<u64> =
        sum.split([' ', '\n']).filter_map(|word| word.replace(',', "").parse().ok()).take(3).collect();
    // A contact whose one device moved on to another contact is rejected, with its further rows.
    let [written, merged, rejected] = numbers[..] else { panic!("{summary}") };
    assert_eq!(written + merged + rejected, 3000, "{summary}");
    assert!(rejected < 10 && merged <= further && merged + 20 > further, "{further}: {summary}");
}

#[test]
fn rows_of_other_formats_can_be_read_but_for_their_faults() {
    for format in ["pinpoint", "braze"] {
        let clean = generated(&["--format", format, "--duplicates", "20%"]);
        let text = String::from_utf8(clean).expect("UTF-8");
        assert!(json_lines(&text).iter().all(Value::is_object), "{format}");
        let dirty = generated(&["--format", format, "--dirty", "100%"]);
        let broken = dirty.split(|&byte| byte == b'\n').filter(|line| {
            !line.is_empty() && !serde_json::from_slice(line).is_ok_and(|row: Value| row.is_object())
        });
        let broken = broken.count();
        assert!((300..700).contains(&broken), "{format}: {broken} of 1000");
    }
    let cells = |args: &[&str]| -> Vec<usize> {
        let text =
            String::from_utf8_lossy(&generated(&[&["--format", "onesignal"], args].concat())).into_owned();
        // Outside of quotes, a comma ends a cell and a newline a row.
        let (mut rows, mut commas, mut is_quoted) = (Vec::new(), 0, false);
        for character in text.chars() {
            match character {
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => commas += 1,
                '\n' if !is_quoted => rows.push(std::mem::take(&mut commas) + 1),
                _ => {}
            }
        }
        assert!(!is_quoted && text.ends_with('\n'));
        rows
    };
    let clean = cells(&[]);
    assert!(clean.len() > 1500 && clean.iter().all(|&count| count == 21), "{clean:?}");
    let dirty = cells(&["--dirty", "90%"]);
    let wrong = dirty.iter().filter(|&&count| count != 21).count();
    // One of the nine faults of the format.
    assert!((90..=110).contains(&wrong), "{wrong} of {}", dirty.len());
}

#[test]
fn an_export_of_no_contacts_is_empty_but_for_its_header() {
    for format in ["contact", "pinpoint", "braze"] {
        assert_eq!(generated(&["--contacts", "0", "--format", format]), b"", "{format}");
    }
    let header = generated(&["--contacts", "0", "--format", "onesignal"]);
    assert!(header.starts_with(b"id,identifier,") && header.ends_with(b",notification_types\n"));
}

#[test]
fn a_file_is_whole_private_and_never_replaced_unasked() {
    let folder = folder();
    let to = |args: &[&str]| run(folder.path(), &[&["generate", "-o", "export.ndjson"], args].concat());
    let path = folder.path().join("export.ndjson");
    let output = to(&["--contacts", "20"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(output.stdout.is_empty() && stderr(&output).contains("generated 20 in export.ndjson: 20 clean"));
    let first = std::fs::read(&path).expect("a file");
    assert_eq!(first, generated(&["--contacts", "20"]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    }

    let output = to(&["--contacts", "30"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("export.ndjson is already there"), "{}", stderr(&output));
    assert!(stderr(&output).contains("--overwrite"));
    assert_eq!(std::fs::read(&path).expect("a file"), first);

    assert_eq!(code(&to(&["--contacts", "30", "--overwrite"])), 0);
    assert_eq!(std::fs::read(&path).expect("a file"), generated(&["--contacts", "30"]));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");

    let output = run(folder.path(), &["generate", "-o", "no/such/folder.ndjson"]);
    assert_eq!(code(&output), 4);
    assert!(stderr(&output).contains("no/such/folder.ndjson"), "{}", stderr(&output));
}

#[test]
fn an_interrupt_leaves_no_half_of_a_file() {
    let folder = folder();
    let child = start(folder.path(), &["generate", "--contacts", "1000000000000", "-o", "export.ndjson"]);
    let files = || std::fs::read_dir(folder.path()).expect("a folder").count();
    let deadline = Instant::now() + Duration::from_secs(60);
    while files() == 0 {
        assert!(Instant::now() < deadline, "nothing is written");
        std::thread::yield_now();
    }
    signal(&child, "-INT");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
    assert_eq!(files(), 0);
}

#[test]
fn a_mistake_is_told_with_what_to_do() {
    let folder = folder();
    for (args, said) in [
        (&["--dirty", "10"][..], "such as 10% or 0.5%"),
        (&["--duplicates", "101%"], "from 0% to 100%"),
        (&["--dirty", "60%", "--duplicates", "40.1%"], "together at most 100%"),
        (&["--contacts", "many"], "--contacts"),
        (&["--format", "csv"], "onesignal"),
    ] {
        let output = run(folder.path(), &[&["generate"], args].concat());
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(output.stdout.is_empty() && stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn a_reader_that_has_had_enough_ends_it_quietly() {
    let folder = folder();
    for format in FORMATS {
        // More than anybody will wait for.
        let mut child =
            start(folder.path(), &["generate", "--contacts", "1000000000000", "--format", format]);
        let mut stdout = child.stdout.take().expect("a pipe");
        stdout.read_exact(&mut [0; 1]).expect("something comes");
        drop(stdout);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((code(&output), stderr(&output).as_str()), (0, ""), "{format}");
    }
}
