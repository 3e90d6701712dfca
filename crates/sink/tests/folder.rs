//! The folder sink: what it writes, which folders it takes, and what a killed run leaves.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use batch::manifest::{ManifestError, RejectsEntry};
use batch::{Body, manifest::Manifest};
use sink::conformance::{self, body, completion};
use sink::{FolderSink, Operation, Overwrite, Sink, SinkError};

const MARKER: &str = ".reteno-import-unfinished";

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The files of a folder with their content.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            (entry.file_name().into_string().expect("UTF-8"), fs::read(entry.path()).expect("a file"))
        })
        .collect()
}

fn names(dir: &Path) -> Vec<String> {
    files(dir).into_keys().collect()
}

fn put(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).expect("written");
}

/// A whole run with these bodies.
fn prepare(dir: &Path, overwrite: Overwrite, bodies: &[Body]) {
    let mut sink = FolderSink::create(dir, overwrite).expect("a folder to write to");
    for body in bodies {
        sink.write(body).expect("written");
    }
    let contacts = sink.contacts_written();
    Box::new(sink).finish(completion(bodies.len() as u64, contacts)).expect("finished");
}

#[test]
fn a_folder_is_a_sink() {
    let parent = temporary();
    let mut number = 0;
    conformance::check(|| {
        number += 1;
        let dir = parent.path().join(number.to_string());
        Box::new(FolderSink::create(dir, Overwrite::Refuse).expect("a new folder"))
    });
}

#[test]
fn a_finished_folder_holds_the_bodies_and_a_manifest_that_fits_them() {
    let parent = temporary();
    let dir = parent.path().join("out");
    let bodies = [body(3), body(1), body(2)];
    prepare(&dir, Overwrite::Refuse, &bodies);
    assert_eq!(names(&dir), ["batch-000001.json", "batch-000002.json", "batch-000003.json", "manifest.json"]);
    let manifest = Manifest::read(&dir).expect("a manifest");
    manifest.check(&dir).expect("whole");
    assert_eq!(manifest.completion, completion(3, 6));
    for (entry, body) in manifest.batches.iter().zip(&bodies) {
        assert_eq!(&entry.read(&dir, Vec::new()).expect("a batch"), body);
    }
}

#[test]
fn the_same_bodies_make_the_same_bytes() {
    let parent = temporary();
    let [one, two] = ["one", "two"].map(|name| parent.path().join(name));
    for dir in [&one, &two] {
        prepare(dir, Overwrite::Refuse, &[body(3), body(1)]);
    }
    assert_eq!(files(&one), files(&two));
}

#[cfg(unix)]
#[test]
fn files_and_new_folders_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;

    let parent = temporary();
    let dir = parent.path().join("new/and/deep");
    let mut sink = FolderSink::create(&dir, Overwrite::Refuse).expect("a new folder");
    sink.write(&body(1)).expect("written");
    assert_eq!(mode(&dir.join(MARKER)), 0o600);
    Box::new(sink).finish(completion(1, 1)).expect("finished");
    for folder in ["new", "new/and", "new/and/deep"] {
        assert_eq!(mode(&parent.path().join(folder)), 0o700, "{folder}");
    }
    for file in ["batch-000001.json", "manifest.json"] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
}

/// What comes of a folder that was there.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// It is taken, and these files stay.
    Taken(&'static [&'static str]),
    Complete,
    NotEmpty(&'static str),
    Foreign,
}

#[test]
fn what_was_in_a_folder_decides_whether_it_is_taken() {
    use Outcome::{Complete, Foreign, NotEmpty, Taken};
    type State = fn(&Path);
    fn complete(dir: &Path) {
        prepare(dir, Overwrite::Refuse, &[body(1), body(2)]);
    }
    fn killed(dir: &Path) {
        let mut sink = FolderSink::create(dir, Overwrite::Refuse).expect("a folder to write to");
        sink.write(&body(1)).expect("written");
        put(dir, "rejects.ndjson", "{}");
        put(dir, ".batch-000002.json.tmp", "{\"contac");
    }
    // State, then what comes of it when overwriting is not allowed, and when it is.
    let cases: [(&str, State, Outcome, Outcome); 11] = [
        ("empty", |_| {}, Taken(&[]), Taken(&[])),
        ("a foreign file", |dir| put(dir, "notes.txt", ""), NotEmpty("notes.txt"), Taken(&["notes.txt"])),
        ("complete", complete, Complete, Taken(&[])),
        (
            "complete, with foreign files",
            |dir| {
                complete(dir);
                put(dir, "batch-1.json", "");
                put(dir, "my-manifest.json", "");
            },
            Complete,
            Taken(&["batch-1.json", "my-manifest.json"]),
        ),
        ("killed", killed, Taken(&[]), Taken(&[])),
        ("killed at once", |dir| put(dir, MARKER, ""), Taken(&[]), Taken(&[])),
        (
            "killed, with foreign files",
            |dir| {
                killed(dir);
                put(dir, "notes.txt", "");
            },
            Taken(&["notes.txt"]),
            Taken(&["notes.txt"]),
        ),
        (
            "killed before the manifest got its name",
            |dir| {
                killed(dir);
                put(dir, ".manifest.json.tmp", "{\"format\":\"reteno-import/manifest\"");
            },
            Taken(&[]),
            Taken(&[]),
        ),
        (
            "killed between the manifest and the removal of the mark",
            |dir| {
                complete(dir);
                put(dir, MARKER, "");
            },
            Complete,
            Taken(&[]),
        ),
        (
            "the manifest of another program",
            |dir| put(dir, "manifest.json", r#"{"name":"a web app"}"#),
            NotEmpty("manifest.json"),
            Foreign,
        ),
        (
            "the manifest of another program in a folder of ours",
            |dir| {
                killed(dir);
                put(dir, "manifest.json", r#"{"name":"a web app"}"#);
            },
            Foreign,
            Foreign,
        ),
    ];
    for (name, state, refuse, own_files) in cases {
        for (overwrite, expected) in [(Overwrite::Refuse, refuse), (Overwrite::OwnFiles, own_files)] {
            let dir = temporary();
            state(dir.path());
            let before = files(dir.path());
            let outcome = FolderSink::create(dir.path(), overwrite);
            let case = format!("{name}, {overwrite:?}");
            match (outcome, expected) {
                (Ok(sink), Taken(stay)) => {
                    let mut left = names(dir.path());
                    left.retain(|name| name != MARKER);
                    assert_eq!(left, stay, "{case}");
                    drop(sink);
                    // And it can be redone to the end.
                    prepare(dir.path(), overwrite, &[body(4)]);
                    let manifest = Manifest::read(dir.path()).expect(&case);
                    manifest.check(dir.path()).expect(&case);
                    assert!(!dir.path().join(MARKER).exists(), "{case}");
                    continue;
                }
                (Err(SinkError::Complete { .. }), Complete)
                | (Err(SinkError::ForeignManifest { .. }), Foreign) => {}
                (Err(SinkError::NotEmpty { found, .. }), NotEmpty(first)) => {
                    assert_eq!(found, first, "{case}")
                }
                (outcome, _) => panic!("{case}: {outcome:?}"),
            }
            assert_eq!(files(dir.path()), before, "{case}: a refused folder is left as it was");
        }
    }
}

#[test]
fn a_run_that_is_dropped_leaves_a_folder_that_does_not_look_complete() {
    let dir = temporary();
    let mut sink = FolderSink::create(dir.path(), Overwrite::Refuse).expect("an empty folder");
    sink.write(&body(1)).expect("written");
    drop(sink);
    assert_eq!(names(dir.path()), [MARKER, "batch-000001.json"]);
    assert!(matches!(Manifest::read(dir.path()), Err(ManifestError::Missing { .. })));
}

#[test]
fn two_runs_never_share_a_folder() {
    let dir = temporary();
    let sink = FolderSink::create(dir.path(), Overwrite::Refuse).expect("an empty folder");
    for overwrite in [Overwrite::Refuse, Overwrite::OwnFiles] {
        let second = FolderSink::create(dir.path(), overwrite);
        assert!(matches!(second, Err(SinkError::InUse { .. })), "{second:?}");
    }
    drop(sink);
    FolderSink::create(dir.path(), Overwrite::Refuse).expect("it is free again");
}

#[test]
fn of_many_runs_at_once_each_finished_folder_is_the_work_of_one() {
    let dir = temporary();
    let finished = std::thread::scope(|scope| {
        let run = |contacts| {
            let dir = dir.path();
            move || {
                let Ok(mut sink) = FolderSink::create(dir, Overwrite::Refuse) else { return 0 };
                sink.write(&body(contacts)).expect("written");
                Box::new(sink).finish(completion(1, u64::from(contacts))).expect("finished");
                1
            }
        };
        let runs: Vec<_> = (1..=16).map(|contacts| scope.spawn(run(contacts))).collect();
        runs.into_iter().map(|run| run.join().expect("no panic")).sum::<u32>()
    });
    assert_eq!(finished, 1);
    Manifest::read(dir.path()).and_then(|manifest| manifest.check(dir.path())).expect("whole");
    assert_eq!(names(dir.path()), ["batch-000001.json", "manifest.json"]);
}

#[test]
fn a_batch_that_cannot_be_written_is_an_error_with_its_name_and_leaves_no_temporary_file() {
    let dir = temporary();
    let mut sink = FolderSink::create(dir.path(), Overwrite::Refuse).expect("an empty folder");
    sink.write(&body(1)).expect("written");
    let blocked = dir.path().join("batch-000002.json");
    fs::create_dir(&blocked).expect("a folder where the file should be");
    match sink.write(&body(2)) {
        Err(SinkError::Io { operation: Operation::Rename, path, .. }) => assert_eq!(path, blocked),
        other => panic!("{other:?}"),
    }
    assert_eq!(sink.contacts_written(), 1);
    drop(sink);
    fs::remove_dir(&blocked).expect("empty");
    assert_eq!(names(dir.path()), [MARKER, "batch-000001.json"]);
}

#[test]
fn a_folder_whose_counts_are_wrong_is_not_finished() {
    let dir = temporary();
    let mut sink = FolderSink::create(dir.path(), Overwrite::Refuse).expect("an empty folder");
    sink.write(&body(1)).expect("written");
    let error = Box::new(sink).finish(completion(1, 2)).expect_err("one contact is missing");
    assert!(matches!(error, SinkError::Counts { counted: 2, written: 1, .. }), "{error}");
    assert_eq!(names(dir.path()), [MARKER, "batch-000001.json"]);
}

#[test]
fn a_manifest_does_not_promise_rejects_that_are_not_there() {
    let dir = temporary();
    let rejects = Some(RejectsEntry { file: "rejects.ndjson".into(), lines: 1 });
    for (there, complete) in [(false, false), (true, true)] {
        let sink = FolderSink::create(dir.path(), Overwrite::Refuse).expect("an empty or unfinished folder");
        if there {
            fs::write(sink.rejects_path(), "{}\n").expect("written");
        }
        let completion = sink::conformance::completion(0, 0);
        let outcome =
            Box::new(sink).finish(batch::manifest::Completion { rejects: rejects.clone(), ..completion });
        assert_eq!(outcome.is_ok(), complete);
        assert_eq!(Manifest::read(dir.path()).is_ok(), complete);
    }
}

#[test]
fn a_path_that_cannot_be_a_folder_fails_before_any_work() {
    let dir = temporary();
    put(dir.path(), "file", "");
    for path in ["file", "file/out"] {
        let path = dir.path().join(path);
        match FolderSink::create(&path, Overwrite::OwnFiles) {
            Err(SinkError::Io { operation: Operation::Create, path: told, .. }) => assert_eq!(told, path),
            other => panic!("{other:?}"),
        }
    }
}
