//! Other tools that validate and rebatch, each by a script in `peers/`. Only those that are installed take part.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::cases::{Case, Places, all_written};
use crate::child::{self, Proof, StandardOutput};
use crate::input::InputFile;
use crate::report::LeftOut;

/// Another tool.
struct Peer {
    name: &'static str,
    title: &'static str,
    /// The program, by the first place where it is.
    programs: &'static [&'static str],
    /// What comes before the input.
    arguments: &'static [&'static str],
    /// The script among them, in the folder `peers`.
    script: &'static str,
    /// What makes it print its versions on one line; it fails where something is missing.
    versions: Versions,
    threads: usize,
    /// What else is to be known, beside the versions.
    note: &'static str,
    bodies: Bodies,
    install: &'static str,
}

/// How a tool tells its version.
enum Versions {
    /// The program does.
    OfProgram,
    /// The script does: it knows which packages it needs.
    OfScript,
}

/// What the request bodies of a tool have to be like.
#[derive(Clone, Copy)]
enum Bodies {
    /// They are those of the product.
    SameAsOurs,
    /// They hold all contacts.
    AllContacts,
}

const PEERS: &[Peer] = &[
    Peer {
        name: "jq",
        title: "jq",
        programs: &["jq"],
        arguments: &["-c", "-n", "-f"],
        script: "rules.jq",
        versions: Versions::OfProgram,
        threads: 1,
        note: "rules by hand; letters by ranges; only the form of time zones, languages; stops at a malformed line",
        bodies: Bodies::SameAsOurs,
        install: "apt-get install jq",
    },
    Peer {
        name: "jaq",
        title: "jaq",
        programs: &["peers/cargo/bin/jaq", "jaq"],
        arguments: &["-c", "-n", "-f"],
        script: "rules.jq",
        versions: Versions::OfProgram,
        threads: 1,
        note: "as jq",
        bodies: Bodies::SameAsOurs,
        install: "cargo install --locked jaq --root bench-data/peers/cargo",
    },
    Peer {
        name: "orjson-jsonschema-rs",
        title: "Python: orjson, jsonschema-rs",
        programs: &["peers/venv/bin/python", "python3"],
        arguments: &[],
        script: "orjson_jsonschema_rs.py",
        versions: Versions::OfScript,
        threads: 1,
        note: "our schema; lines copied as they are",
        bodies: Bodies::SameAsOurs,
        install: "python3 -m venv bench-data/peers/venv && bench-data/peers/venv/bin/pip install orjson jsonschema-rs",
    },
    Peer {
        name: "msgspec",
        title: "Python: msgspec",
        programs: &["peers/venv/bin/python", "python3"],
        arguments: &[],
        script: "msgspec_structs.py",
        versions: Versions::OfScript,
        threads: 1,
        note: "rules by hand, as types; looser on names; lines copied as they are",
        bodies: Bodies::SameAsOurs,
        install: "python3 -m venv bench-data/peers/venv && bench-data/peers/venv/bin/pip install msgspec",
    },
    Peer {
        name: "ajv",
        title: "Node: ajv",
        programs: &["node"],
        arguments: &[],
        script: "ajv.mjs",
        versions: Versions::OfScript,
        threads: 1,
        note: "our schema; lines copied as they are",
        bodies: Bodies::SameAsOurs,
        install: "npm install --prefix bench-data/peers/node ajv ajv-formats",
    },
    Peer {
        name: "duckdb",
        title: "Python: DuckDB",
        programs: &["peers/venv/bin/python", "python3"],
        arguments: &[],
        script: "duckdb_sql.py",
        versions: Versions::OfScript,
        threads: 2,
        note: "NOT the same job: coerces types, takes unknown members, knows fewer rules, writes absent members as null",
        bodies: Bodies::AllContacts,
        install: "python3 -m venv bench-data/peers/venv && bench-data/peers/venv/bin/pip install duckdb",
    },
];

/// The product and the other tools on the small file.
pub(crate) struct Lineup {
    /// What runs, and what is to be said of it.
    pub(crate) cases: Vec<(Case, String)>,
    /// What takes no part.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Finds the tools that are installed, and has each show once that what it writes is right.
pub(crate) fn lineup(places: &Places, scripts: &Path, input: &InputFile) -> Result<Lineup> {
    let mut cases = Vec::new();
    for threads in [1, 2] {
        let count = threads.to_string();
        let arguments = ["--on-duplicate", "keep", "-o", "-", "--threads", &count];
        let case = Case {
            name: format!("ours-{threads}"),
            title: "reteno-import".to_owned(),
            threads,
            bytes: input.bytes,
            command: places.prepare(&arguments, &input.path),
            output: StandardOutput::Nowhere,
            merging_report: None,
            fresh: None,
            proof: all_written(input),
        };
        cases.push((case, String::new()));
    }
    let ours = places.data.join("compare-bodies-ours.ndjson");
    child::run(&mut (cases[0].0.command)(), &StandardOutput::Into(ours.clone()), &all_written(input))?;
    let mut left_out = Vec::new();
    for peer in PEERS {
        let Some((program, versions)) = peer.find(places, scripts) else {
            let reason = format!("not installed: `{}`", peer.install);
            left_out.push(LeftOut { title: peer.title.to_owned(), reason });
            continue;
        };
        let case = peer.case(places, scripts, program, input);
        if let Err(error) = peer.check(places, &case, &ours, input) {
            // Not `{:?}`: a backtrace takes 60 MB, and what this process held counts as its children's.
            eprintln!("{}: {error:#}", peer.title);
            let reason = format!("{versions}: cannot do this job, see the log");
            left_out.push(LeftOut { title: peer.title.to_owned(), reason });
            continue;
        }
        cases.push((case, format!("{versions}. {}", peer.note)));
    }
    Ok(Lineup { cases, left_out })
}

impl Peer {
    /// The program and its versions, if all is there.
    fn find(&self, places: &Places, scripts: &Path) -> Option<(PathBuf, String)> {
        self.programs.iter().find_map(|program| {
            // One with a folder is in ours; another one is looked for as the shell does.
            let program = match program.contains('/') {
                true => places.data.join(program),
                false => PathBuf::from(program),
            };
            let mut command = self.command(places, &program);
            match self.versions {
                Versions::OfProgram => command.arg("--version"),
                Versions::OfScript => command.arg(scripts.join(self.script)).arg("--versions"),
            };
            let output = command.output().ok().filter(|output| output.status.success())?;
            let versions = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            Some((program, versions))
        })
    }

    fn command(&self, places: &Places, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("COMPARE_NODE_FOLDER", places.data.join("peers/node"));
        command
    }

    fn case(&'static self, places: &Places, scripts: &Path, program: PathBuf, input: &InputFile) -> Case {
        let (script, path) = (scripts.join(self.script), input.path.clone());
        let node_folder = places.data.join("peers/node");
        Case {
            name: self.name.to_owned(),
            title: self.title.to_owned(),
            threads: self.threads,
            bytes: input.bytes,
            command: Box::new(move || {
                let mut command = Command::new(&program);
                command.env("COMPARE_NODE_FOLDER", &node_folder);
                command.args(self.arguments).arg(&script).arg(&path);
                command
            }),
            output: StandardOutput::Nowhere,
            merging_report: None,
            fresh: None,
            proof: Proof { exit_codes: &[0], said: format!("contacts {}", input.records) },
        }
    }

    /// Looks at the bodies that it writes, in a process of its own: what this one holds counts as its children's, too.
    fn check(&self, places: &Places, case: &Case, ours: &Path, input: &InputFile) -> Result<()> {
        let theirs = places.data.join(format!("compare-bodies-{}.ndjson", self.name));
        child::run(&mut (case.command)(), &StandardOutput::Into(theirs.clone()), &case.proof)?;
        let mut command = Command::new(&places.harness);
        command.arg("bodies").arg(&theirs);
        if matches!(self.bodies, Bodies::SameAsOurs) {
            command.arg("--like").arg(ours);
        }
        let proof = Proof { exit_codes: &[0], said: format!("contacts {}", input.records) };
        child::run(&mut command, &StandardOutput::Nowhere, &proof)?;
        std::fs::remove_file(theirs)?;
        Ok(())
    }
}
