//! The documentation: its links lead somewhere, and what can be run in it is run.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::markdown::{documents, read, root, split};
use super::{folder, stderr, stdout};

/// Runs a script as a reader of the documentation would: in a folder of its own, with the program and the fixtures at hand.
pub(crate) fn shell(folder: &Path, script: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_reteno-import")).parent().expect("a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(program.to_owned()).chain(std::env::split_paths(&path)));
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", script]).current_dir(folder).env("PATH", path.expect("a path"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RETENO_") {
            command.env_remove(name);
        }
    }
    command.output().expect("bash starts")
}

/// A line that ends in `# exit N` is to end with that code; every other one is to succeed.
fn with_expected_codes(script: &str) -> String {
    let expected = |line: &str| -> Option<String> {
        let (command, code) = line.rsplit_once("# exit ")?;
        let code: u8 = code.trim().parse().ok()?;
        Some(format!("{command} && code=0 || code=$?; [ $code -eq {code} ]\n"))
    };
    script.lines().map(|line| expected(line).unwrap_or_else(|| format!("{line}\n"))).collect()
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Blocks marked `sh runnable` are run, those of one document one after the other in one folder; the lines of a block
/// marked `text told` are among what the block before it printed.
#[test]
fn what_can_be_run_in_the_documentation_does_what_it_says() {
    let mut run = 0;
    for path in documents() {
        let folder = folder();
        let fixtures = folder.path().join("fixtures");
        let mut printed = None;
        for block in split(&read(&path)).0 {
            let place = format!("{}:{}", path.display(), block.line);
            match block.info.as_str() {
                "sh runnable" => {
                    if !fixtures.exists() {
                        copy(&root().join("fixtures"), &fixtures);
                    }
                    // It is there on most machines, but it is not ours to bring.
                    if block.text.contains("jq ") && !has("jq") {
                        printed = None;
                        continue;
                    }
                    let output = shell(folder.path(), &with_expected_codes(&block.text));
                    assert!(output.status.success(), "{place}:\n{}{}", stdout(&output), stderr(&output));
                    printed = Some(stdout(&output) + &stderr(&output));
                    run += 1;
                }
                "text told" => {
                    let Some(printed) = &printed else { continue };
                    for line in block.text.lines() {
                        assert!(
                            printed.lines().any(|one| one == line),
                            "{place}: {line}\nis not in\n{printed}"
                        );
                    }
                }
                _ => {}
            }
        }
    }
    assert!(run >= 5, "{run}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

#[test]
fn links_lead_to_files_and_headings_that_are_there() {
    let mut linking = documents();
    let others = [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "benches/compare/README.md",
        "fixtures/README.md",
        "fixtures/sources/README.md",
        "schemas/README.md",
    ];
    linking.extend(others.map(|name| root().join(name)));
    let mut anchors: HashMap<PathBuf, HashSet<String>> = HashMap::new();
    let mut broken = Vec::new();
    for path in &linking {
        let (_, prose) = split(&read(path));
        for link in links(&prose) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let target =
                if file.is_empty() { path.clone() } else { path.parent().expect("a folder").join(file) };
            if !target.exists() {
                broken.push(format!("{}: {link}: there is no such file", path.display()));
            } else if !anchor.is_empty() {
                let known = anchors.entry(target.clone()).or_insert_with(|| headings(&read(&target)));
                if !known.contains(anchor) {
                    broken.push(format!("{}: {link}: there is no such heading", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The targets of links, outside of code.
fn links(prose: &str) -> Vec<String> {
    let outside: String = prose.split("\n\n").flat_map(|paragraph| paragraph.split('`').step_by(2)).collect();
    let targets = outside.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.trim().to_owned()).collect()
}

/// The anchors of a document, as GitHub makes them of its headings.
fn headings(document: &str) -> HashSet<String> {
    let (_, prose) = split(document);
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut anchors = HashSet::new();
    for line in prose.lines().filter(|line| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
        let anchor = title.chars().filter(kept).collect::<String>().replace(' ', "-");
        let times = seen.entry(anchor.clone()).or_default();
        anchors.insert(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
        *times += 1;
    }
    anchors
}

/// The guide lists each of its pages.
#[test]
fn the_guide_names_all_of_its_pages() {
    let guide = root().join("docs/guide");
    let index = read(&guide.join("README.md"));
    for path in documents().iter().filter(|path| path.starts_with(&guide)) {
        let name = path.file_name().expect("a name").to_string_lossy();
        assert!(name == "README.md" || index.contains(&format!("({name})")), "{name}");
    }
}

/// The program that stands in the guide is the example, which is compiled with everything else.
#[test]
fn programs_in_the_guide_are_examples() {
    let example = read(&root().join("crates/pipeline/examples/validate.rs"));
    let page = read(&root().join("docs/guide/library.md"));
    let programs: Vec<_> = split(&page).0.into_iter().filter(|block| block.info == "rust").collect();
    assert_eq!(programs.len(), 1);
    assert!(example.ends_with(&programs[0].text), "library.md:{}\n{}", programs[0].line, programs[0].text);
}
