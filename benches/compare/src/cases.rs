//! What is measured on the large files: the yardsticks, our stages, and the whole job as users run it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::child::{Proof, StandardOutput};
use crate::input::{InputFile, Inputs};
use crate::stages::{BARE_TAPE, STAGES, Unit};

/// The name of bare tape parsing with so many threads.
pub(crate) fn bare_tape_with(threads: usize) -> String {
    format!("{BARE_TAPE}-{threads}")
}

/// One thing to measure: a command line and what it must come to.
pub(crate) struct Case {
    /// Its name in the JSON report.
    pub(crate) name: String,
    /// What the table calls it.
    pub(crate) title: String,
    /// How many threads do the work.
    pub(crate) threads: usize,
    /// How many bytes it works through.
    pub(crate) bytes: u64,
    /// The command line.
    pub(crate) command: Box<dyn Fn() -> Command>,
    /// What becomes of its standard output.
    pub(crate) output: StandardOutput,
    /// The `--report` in which it says what merging took.
    pub(crate) merging_report: Option<PathBuf>,
    /// Removed before and after each run, outside of the time.
    pub(crate) fresh: Option<PathBuf>,
    /// How it proves its work.
    pub(crate) proof: Proof,
}

impl Case {
    /// Removes what the last run left.
    pub(crate) fn clear(&self) -> Result<()> {
        let Some(left) = &self.fresh else { return Ok(()) };
        match fs::remove_dir_all(left) {
            Err(error) if error.kind() == ErrorKind::NotADirectory => fs::remove_file(left),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        }
        .with_context(|| format!("cannot remove {}", left.display()))
    }
}

/// Where things are.
pub(crate) struct Places {
    /// This program.
    pub(crate) harness: PathBuf,
    /// The release build of `reteno-import`.
    pub(crate) product: PathBuf,
    /// The folder for everything that is made.
    pub(crate) data: PathBuf,
}

impl Places {
    /// A run of the product, which no configuration of the user has a say in.
    pub(crate) fn prepare(&self, arguments: &[&str], input: &Path) -> Box<dyn Fn() -> Command> {
        let mut line: Vec<_> = ["prepare"].iter().chain(arguments).map(Into::into).collect();
        line.push(input.as_os_str().to_owned());
        let (product, folder) = (self.product.clone(), self.data.clone());
        Box::new(move || {
            let mut command = Command::new(&product);
            command.args(&line).current_dir(&folder);
            for (name, _) in std::env::vars_os() {
                if name.to_string_lossy().starts_with("RETENO_IMPORT_") {
                    command.env_remove(name);
                }
            }
            command
        })
    }
}

/// All cases, in the order of the table.
pub(crate) fn all(places: &Places, inputs: &Inputs) -> Vec<Case> {
    let mut cases = vec![cat(&inputs.clean)];
    cases.extend(stages(places, &inputs.clean));
    cases.extend(whole_job(places, inputs));
    cases
}

fn cat(input: &InputFile) -> Case {
    let path = input.path.clone();
    Case {
        name: "cat".to_owned(),
        title: "`cat` to /dev/null".to_owned(),
        threads: 1,
        bytes: input.bytes,
        command: Box::new(move || {
            let mut command = Command::new("cat");
            command.arg(&path);
            command
        }),
        output: StandardOutput::Nowhere,
        merging_report: None,
        fresh: None,
        proof: Proof { exit_codes: &[0], said: String::new() },
    }
}

fn stages(places: &Places, input: &InputFile) -> Vec<Case> {
    let mut cases = Vec::new();
    for stage in STAGES {
        for &threads in stage.threads {
            let (harness, path) = (places.harness.clone(), input.path.clone());
            cases.push(Case {
                name: format!("{}-{threads}", stage.name),
                title: stage.title.to_owned(),
                threads,
                bytes: input.bytes,
                command: Box::new(move || {
                    let mut command = Command::new(&harness);
                    command.args(["stage", stage.name, "--threads", &threads.to_string()]).arg(&path);
                    command
                }),
                output: StandardOutput::Nowhere,
                merging_report: None,
                fresh: None,
                proof: Proof {
                    exit_codes: &[0],
                    said: stage.sees.told(match stage.sees {
                        Unit::Bytes => input.bytes,
                        Unit::Records => input.records,
                    }),
                },
            });
        }
    }
    cases
}

fn whole_job(places: &Places, inputs: &Inputs) -> Vec<Case> {
    const KEEP: [&str; 2] = ["--on-duplicate", "keep"];
    let folder = places.data.join("compare-out");
    let rejects = places.data.join("compare-rejects.ndjson");
    let (folder_text, rejects_text) = (folder.to_string_lossy(), rejects.to_string_lossy());
    let case = |name: &str, title: &str, threads: usize, input: &InputFile, options: &[&str]| {
        let count = threads.to_string();
        let arguments: Vec<&str> = options.iter().copied().chain(["--threads", &count]).collect();
        Case {
            name: format!("{name}-{threads}"),
            title: title.to_owned(),
            threads,
            bytes: input.bytes,
            command: places.prepare(&arguments, &input.path),
            output: StandardOutput::Nowhere,
            merging_report: None,
            fresh: None,
            proof: all_written(input),
        }
    };
    let clean = &inputs.clean;
    let mut cases = Vec::new();
    for threads in [1, 2] {
        let options = [&KEEP[..], &["--discard"]].concat();
        cases.push(case(DISCARD, "whole job, `--discard`", threads, clean, &options));
    }
    for threads in [1, 2] {
        let options = [&KEEP[..], &["-o", &folder_text]].concat();
        let case = case("folder", "whole job, `-o DIR`", threads, clean, &options);
        cases.push(Case { fresh: Some(folder.clone()), ..case });
    }
    for threads in [1, 2] {
        let options = [&KEEP[..], &["-o", "-"]].concat();
        let case = case("pipe", "whole job, `-o -` into a pipe", threads, clean, &options);
        cases.push(Case { output: StandardOutput::Drained, ..case });
    }
    let options = ["--on-duplicate", "first", "--discard"];
    cases.push(case("first", "whole job, `--on-duplicate first`, `--discard`", 2, clean, &options));
    for threads in [1, 2] {
        let proof = || Proof { exit_codes: &[1], said: format!("read {} = written", inputs.dirty.records) };
        let options = [&KEEP[..], &["--discard", "--rejects", "/dev/null"]].concat();
        let title = "10 % dirty, `--discard --rejects /dev/null`";
        let to_nowhere = case(DIRTY, title, threads, &inputs.dirty, &options);
        cases.push(Case { proof: proof(), ..to_nowhere });
        let options = [&KEEP[..], &["--discard", "--rejects", &rejects_text]].concat();
        let title = "10 % dirty, `--discard --rejects FILE`";
        let into_file = case(DIRTY_INTO_FILE, title, threads, &inputs.dirty, &options);
        cases.push(Case { fresh: Some(rejects.clone()), proof: proof(), ..into_file });
    }
    let options = [&KEEP[..], &["--discard"]].concat();
    cases.push(case("mixed", "mixed field sets, `--discard`", 2, &inputs.mixed, &options));
    cases
}

/// The name of the whole job on clean data, without the number of threads.
pub(crate) const DISCARD: &str = "discard";

/// The name of the whole job on dirty data, without the number of threads.
pub(crate) const DIRTY: &str = "dirty";

/// The same with what is told in a file.
pub(crate) const DIRTY_INTO_FILE: &str = "dirty-into-file";

/// The product's own account of a run that rejected nothing.
pub(crate) fn all_written(input: &InputFile) -> Proof {
    let records = input.records;
    Proof { exit_codes: &[0], said: format!("read {records} = written {records} + merged 0 + rejected 0") }
}
