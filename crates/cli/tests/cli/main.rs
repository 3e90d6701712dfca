//! What a user sees: the real program, its exit codes, its files and its words.

mod away;
mod bench;
mod check;
mod config;
mod corrected;
mod docs;
mod explain;
mod fixtures;
mod folder;
mod generate;
mod help;
mod hints;
mod interrupted;
mod markdown;
mod merging;
mod messages;
mod pipe;
mod prepare;
mod report;
mod sources;
mod spilling;
mod terminal;
mod upload;
mod usage;

use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use assert_cmd::Command;
use serde_json::Value;

/// The program, in a folder of its own, without settings from outside.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reteno-import"));
    command.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RETENO_IMPORT_") {
            command.env_remove(name);
        }
    }
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    program(folder).args(args).output().expect("the program starts")
}

/// A run that goes on while the test does: its standard streams are pipes.
fn start(folder: &Path, args: &[&str]) -> Child {
    std::process::Command::new(env!("CARGO_BIN_EXE_reteno-import"))
        .current_dir(folder)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("ended by a signal: {}", stderr(output)))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

fn contact(id: &str) -> String {
    format!(r#"{{"externalCustomerId":"{id}","channels":[{{"type":"email","value":"{id}@example.com"}}]}}"#)
}

/// An input with contacts of these ids, one on each line.
fn contacts(path: &Path, ids: std::ops::Range<u32>) {
    let text: String = ids.map(|id| contact(&format!("c{id}")) + "\n").collect();
    std::fs::write(path, text).expect("it takes the contacts");
}
