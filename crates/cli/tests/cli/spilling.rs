//! Merging with less memory than the rows need: temporary files, and how they fail.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::merging::export;
use super::{code, contact, folder, json, run, start, stderr};

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The files of a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    names(folder)
        .into_iter()
        .map(|name| {
            let bytes = std::fs::read(folder.join(&name)).expect("a file");
            (name, bytes)
        })
        .collect()
}

/// Waits until something is so, while the process lives.
fn until(child: &mut Child, what: &str, is_so: impl Fn(u32) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so(child.id()) {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before {what}");
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn memory_and_threads_change_no_byte_and_leave_nothing_behind() {
    let folder = folder();
    export(&folder.path().join("in.ndjson"), 12_000);
    std::fs::create_dir(folder.path().join("tmp")).expect("a folder");
    let prepare = |name: &str, more: &[&str]| {
        let args = ["prepare", "in.ndjson", "-o", name, "--report", "report.json", "--log-conflicts"];
        let output = run(folder.path(), &[&args, more].concat());
        assert!([0, 1].contains(&code(&output)), "{}", stderr(&output));
        let report = json(&folder.path().join("report.json"));
        let spilled = report["merging"]["spilledBytes"].as_u64().expect("bytes");
        (files(&folder.path().join(name)), spilled)
    };
    let (expected, spilled) = prepare("roomy", &["--memory", "1GiB"]);
    assert_eq!(spilled, 0);
    let names: Vec<_> = expected.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.iter().all(|name| name.ends_with("json")), "{names:?}");
    assert!(names.contains(&"manifest.json") && names.contains(&"rejects.ndjson"), "{names:?}");
    for (name, more) in [
        ("tight", &["--memory", "1MiB"][..]),
        ("one", &["--memory", "1MiB", "--threads", "1", "--temp-dir", "tmp"]),
        ("three", &["--memory", "1MiB", "--threads", "3", "--block-bytes", "4KiB", "--temp-dir", "tmp"]),
    ] {
        let (files, spilled) = prepare(name, more);
        assert!(spilled > 1 << 20, "{name}: {spilled}");
        assert!(files == expected, "{name}");
        assert_eq!(self::names(&folder.path().join("tmp")), Vec::<String>::new());
    }
}

#[test]
fn no_policy_writes_or_tells_otherwise_with_less_memory() {
    let folder = folder();
    export(&folder.path().join("in.ndjson"), 12_000);
    for policy in ["first", "last", "reject"] {
        let prepare = |memory: &str| {
            let args = ["prepare", "in.ndjson", "-o", "out", "--overwrite", "--report", "report.json"];
            let more = ["--on-duplicate", policy, "--memory", memory];
            let output = run(folder.path(), &[&args[..], &more].concat());
            assert_eq!(code(&output), i32::from(policy == "reject"), "{}", stderr(&output));
            let spilled = json(&folder.path().join("report.json"))["merging"]["spilledBytes"].as_u64();
            (files(&folder.path().join("out")), spilled)
        };
        let ((roomy, nothing), (tight, spilled)) = (prepare("1GiB"), prepare("1MiB"));
        assert_eq!(nothing, Some(0), "{policy}");
        assert!(roomy == tight, "{policy}");
        // The keys alone of so few rows fit.
        assert!(policy == "first" || spilled > Some(1 << 20), "{policy}: {spilled:?}");
    }
}

#[test]
fn what_memory_and_place_cannot_be_is_told_before_anything_is_created() {
    let folder = folder();
    std::fs::write(folder.path().join("in.ndjson"), contact("a")).expect("a file");
    for (args, words) in [
        (["--memory", "1KiB"], "at least 1.0 MiB"),
        (["--memory", "some"], "8MiB"),
        (["--temp-dir", "gone"], "--temp-dir gone: there is no such folder"),
        (["--temp-dir", "in.ndjson"], "no such folder"),
    ] {
        let output = run(folder.path(), &[&["prepare", "in.ndjson", "-o", "out"][..], &args].concat());
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{args:?}: {}", stderr(&output));
        assert_eq!(names(folder.path()), ["in.ndjson"], "{args:?}");
    }
}

#[test]
fn a_folder_for_temporary_files_that_goes_away_is_named() {
    let folder = folder();
    export(&folder.path().join("in.ndjson"), 12_000);
    let rows = std::fs::read(folder.path().join("in.ndjson")).expect("the rows");
    std::fs::create_dir(folder.path().join("tmp")).expect("a folder");
    let mut child = start(folder.path(), &["prepare", "-o", "out", "--memory", "1MiB", "--temp-dir", "tmp"]);
    let out = folder.path().join("out");
    // More than a pipe holds: when that is written, some of it was read, and so the run has begun.
    let (first, rest) = rows.split_at(256 << 10);
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(first).expect("it reads");
    std::fs::remove_dir(folder.path().join("tmp")).expect("nothing is in it");
    // It may end before it has read everything.
    let _ = stdin.write_all(rest);
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    assert!(stderr(&output).contains("cannot create the temporary file in tmp"), "{}", stderr(&output));
    assert_eq!(names(&out), [".reteno-import-unfinished", "rejects.ndjson"]);
}

#[test]
fn a_full_disk_for_temporary_files_is_told_and_nothing_pretends_to_be_complete() {
    let folder = folder();
    export(&folder.path().join("in.ndjson"), 12_000);
    for (more, place) in [(&[][..], "out"), (&["--temp-dir", "."], ".")] {
        // No file can have more than 256 blocks, of 512 or 1024 bytes: writing beyond is an error, not a signal.
        let output = Command::new("sh")
            .current_dir(folder.path())
            .args([
                "-c",
                "trap '' XFSZ; ulimit -f 256; exec \"$0\" \"$@\"",
                env!("CARGO_BIN_EXE_reteno-import"),
            ])
            .args(["prepare", "in.ndjson", "-o", "out", "--memory", "1MiB", "--overwrite"])
            .args(more)
            .output()
            .expect("the program starts");
        assert_eq!(code(&output), 4, "{}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(&format!("cannot write the temporary file in {place}")), "{said}");
        assert!(said.contains("not complete: "), "{said}");
        assert_eq!(names(&folder.path().join("out")), [".reteno-import-unfinished", "rejects.ndjson"]);
        assert_eq!(names(folder.path()), ["in.ndjson", "out"]);
    }
    // With room, the same command does it.
    let output = run(folder.path(), &["prepare", "in.ndjson", "-o", "out", "--memory", "1MiB"]);
    assert!([0, 1].contains(&code(&output)), "{}", stderr(&output));
    assert!(folder.path().join("out/manifest.json").exists());
}

/// Whether a process has a temporary file below a folder.
#[cfg(target_os = "linux")]
fn spills(process: u32, folder: &Path) -> bool {
    std::fs::read_dir(format!("/proc/{process}/fd"))
        .into_iter()
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .any(|target| target.starts_with(folder) && target.to_string_lossy().ends_with(" (deleted)"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_killed_while_it_spills_leaves_nothing_that_the_next_one_minds() {
    let folder = folder();
    export(&folder.path().join("in.ndjson"), 12_000);
    let rows = std::fs::read(folder.path().join("in.ndjson")).expect("the rows");
    let (out, tmp) = (folder.path().join("out"), folder.path().join("tmp"));
    let whole = folder.path().canonicalize().expect("the folder");
    std::fs::create_dir(&tmp).expect("a folder");
    for more in [&[][..], &["--temp-dir", "tmp"]] {
        let args = [&["prepare", "-o", "out", "--memory", "1MiB"], more].concat();
        let mut child = start(folder.path(), &args);
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(&rows).expect("it reads");
        until(&mut child, "it spills", |process| spills(process, &whole));
        child.kill().expect("it can be killed");
        assert_eq!(child.wait().expect("it ends").code(), None);
        drop(stdin);
        assert_eq!(names(&out), [".reteno-import-unfinished", "rejects.ndjson"]);
        assert_eq!(names(&tmp), Vec::<String>::new());

        let mut child = start(folder.path(), &args);
        child.stdin.take().expect("a pipe").write_all(&rows).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!([0, 1].contains(&code(&output)), "{}", stderr(&output));
        let manifest = json(&out.join("manifest.json"));
        let batches = manifest["batches"].as_array().expect("batches").iter();
        let mut expected: Vec<_> =
            batches.map(|batch| batch["file"].as_str().expect("a name").to_owned()).collect();
        expected.extend(["manifest.json".to_owned(), "rejects.ndjson".to_owned()]);
        assert_eq!(names(&out), expected);
        assert_eq!(names(&tmp), Vec::<String>::new());
        std::fs::remove_dir_all(&out).expect("it can be removed");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_a_run_that_spills_with_130_and_leaves_nothing_behind() {
    let folder = folder();
    export(&folder.path().join("in.ndjson"), 12_000);
    let rows = std::fs::read(folder.path().join("in.ndjson")).expect("the rows");
    let whole = folder.path().canonicalize().expect("the folder");
    let mut child = start(folder.path(), &["prepare", "-o", "out", "--memory", "1MiB"]);
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(&rows).expect("it reads");
    until(&mut child, "it spills", |process| spills(process, &whole));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    drop(stdin);
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
    assert_eq!(names(&folder.path().join("out")), [".reteno-import-unfinished", "rejects.ndjson"]);
}

/// The most memory that a run took which puts the rows into bodies of so many contacts each.
#[cfg(target_os = "linux")]
fn peak(folder: &Path, memory: &str, contacts: usize, batch_size: usize) -> u64 {
    use std::io::{BufRead, BufReader, Read};

    let size = batch_size.to_string();
    let args = ["prepare", "in.ndjson", "-o", "-", "--quiet", "--batch-size", &size, "--memory", memory];
    let mut child = start(folder, &args);
    let mut stdout = BufReader::with_capacity(1 << 10, child.stdout.take().expect("a pipe"));
    let mut body = Vec::new();
    for _ in 0..contacts / batch_size - 1 {
        body.clear();
        assert!(stdout.read_until(b'\n', &mut body).expect("a body") > 100 << 10, "a pipe would hold it");
    }
    // The last body does not fit into the pipe: everything is done, and the process cannot end.
    stdout.read_exact(&mut [0; 1]).expect("the last body comes");
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it lives");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
    let peak: u64 = peak.expect("its peak").trim().parse().expect("a number");
    stdout.read_to_end(&mut body).expect("the rest");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    peak << 10
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_within_its_bound_however_many_keys_there_are() {
    const CONTACTS: usize = 60_000;
    const KEY_BYTES: usize = 190;
    const _: () = assert!(CONTACTS * KEY_BYTES > 10 << 20);
    let folder = folder();
    let row = |id: usize| {
        let channel = format!(r#"{{"type":"email","value":"c{id}@example.com"}}"#);
        format!("{{\"externalCustomerId\":\"{id:0KEY_BYTES$}\",\"channels\":[{channel}]}}\n")
    };
    let rows: String = (0..CONTACTS).map(row).collect();
    std::fs::write(folder.path().join("in.ndjson"), rows).expect("it takes the rows");
    let (tight, roomy) =
        (peak(folder.path(), "1MiB", CONTACTS, 3000), peak(folder.path(), "1GiB", CONTACTS, 3000));
    assert!(tight < (1 + 64) << 20, "{tight} bytes");
    assert!(roomy > tight + (10 << 20), "the keys alone take more: {roomy} bytes, and {tight}");
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_within_its_bound_however_many_rows_one_key_has() {
    const ROWS: usize = 150_000;
    const OTHERS: usize = 3000;
    let folder = folder();
    let row = |id: usize| {
        let device = r#"{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d","os":"iOS"}"#;
        let channel = format!(r#"{{"type":"mobilepush","value":"token-{id:020}","device":{device}}}"#);
        format!("{{\"externalCustomerId\":\"null\",\"channels\":[{channel}]}}\n")
    };
    let other = |id: usize| {
        let channel = format!(r#"{{"type":"email","value":"c{id}@example.com"}}"#);
        format!("{{\"externalCustomerId\":\"{id}\",\"channels\":[{channel}]}}\n")
    };
    let rows: String = (0..ROWS).map(row).chain((0..OTHERS).map(other)).collect();
    std::fs::write(folder.path().join("in.ndjson"), rows).expect("it takes the rows");
    let peak = peak(folder.path(), "1MiB", OTHERS, OTHERS);
    assert!(peak < (1 + 64) << 20, "{peak} bytes");
}

#[test]
fn a_key_with_far_too_many_channels_is_refused_where_any_fault_refuses() {
    const ROWS: usize = 30_000;
    let folder = folder();
    let row = |id: usize| {
        let channel = format!(r#"{{"type":"mobilepush","value":"token-{id:0500}"}}"#);
        format!("{{\"externalCustomerId\":\"null\",\"channels\":[{channel}]}}\n")
    };
    let rows: String = (0..ROWS).map(row).collect();
    std::fs::write(folder.path().join("in.ndjson"), rows).expect("it takes the rows");
    for memory in ["1MiB", "1GiB"] {
        let args = ["prepare", "in.ndjson", "--discard", "--quiet", "--rejects", "rejects.ndjson"];
        let more = ["--on-invalid", "reject", "--memory", memory, "--report", "report.json"];
        assert_eq!(code(&run(folder.path(), &[&args[..], &more].concat())), 1, "{memory}");
        let report = json(&folder.path().join("report.json"));
        assert_eq!(report["counts"]["rejected"], ROWS, "{memory}");
        assert!(report["byCode"]["channel-limit"]["pruned"] == 0, "{memory}: {}", report["byCode"]);
    }
}
