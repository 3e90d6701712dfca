//! `explain`: every code has a page, and each page is true.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::docs::shell;
use super::markdown::{read, root, split};
use super::{code, folder, json, run, stderr, stdout};

/// The codes that `explain` lists.
fn listed() -> BTreeSet<String> {
    let output = run(folder().path(), &["explain"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let list = stdout(&output);
    let codes = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).map(str::to_owned);
    codes.collect()
}

fn pages() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("docs/codes")).expect("the folder");
    let name =
        |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().trim_end_matches(".md").to_owned();
    entries.map(|entry| name(entry.expect("an entry"))).collect()
}

fn page(name: &str) -> String {
    read(&root().join("docs/codes").join(name).with_extension("md"))
}

#[test]
fn each_code_is_listed_in_a_line_and_has_a_page() {
    assert_eq!(listed(), pages());
    let output = run(folder().path(), &["explain"]);
    insta::assert_snapshot!("explain", stdout(&output));
    for name in pages() {
        let output = run(folder().path(), &["explain", &name]);
        assert_eq!(code(&output), 0, "{name}: {}", stderr(&output));
        assert_eq!(stdout(&output), page(&name), "{name}");
    }
}

#[test]
fn a_page_has_the_form_of_all_pages() {
    for name in pages() {
        let page = page(&name);
        let lines: Vec<&str> = page.lines().collect();
        assert_eq!(lines[0], format!("# {name}"));
        assert!(lines[2].ends_with('.') && lines[2].len() <= 90, "{name}: {}", lines[2]);
        assert_eq!((lines[1], lines[3]), ("", ""), "{name}");
        for part in ["\n**Why.** ", "\n**What happens.** ", "\n**What to do.** "] {
            assert!(page.contains(part), "{name} lacks {part:?}");
        }
        let (_, prose) = split(&page);
        for line in prose.lines() {
            assert!(line.chars().count() <= 90, "{name} is too wide for a terminal: {line}");
        }
    }
}

#[test]
fn an_unknown_code_is_a_mistake_with_the_nearest_ones() {
    for (asked, said) in [
        ("bad-emial", "did you mean bad-email?"),
        ("email", "did you mean bad-email?"),
        ("quote", "did you mean unclosed-quote?"),
        ("BAD-EMIAL", "did you mean bad-email"),
        ("duplicate-keys", "did you mean duplicate-key"),
        ("zzz", "reteno-import explain lists all of them"),
    ] {
        let output = run(folder().path(), &["explain", asked]);
        assert_eq!(code(&output), 2, "{asked}");
        assert!(output.stdout.is_empty(), "{asked}");
        assert!(stderr(&output).contains(said), "{asked}: {}", stderr(&output));
    }
}

#[test]
fn a_code_is_known_however_it_is_written() {
    let known = run(folder().path(), &["explain", "bad-email"]);
    for asked in ["BAD-EMAIL", "bad_email", "Bad Email"] {
        let output = run(folder().path(), &["explain", asked]);
        assert_eq!((code(&output), output.stdout), (0, known.stdout.clone()), "{asked}");
    }
}

/// All values of these annotations in a schema.
fn annotated(value: &Value, codes: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if let (true, Some(code)) = (name == "x-code" || name == "x-unique-code", value.as_str()) {
                    codes.insert(code.to_owned());
                }
                annotated(value, codes);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| annotated(element, codes)),
        _ => {}
    }
}

/// The codes in the first cells of tables whose first heading is `code`, without the links around them.
fn in_tables(document: &Path) -> BTreeSet<String> {
    let text = read(document);
    let mut codes = BTreeSet::new();
    let mut in_table = false;
    for line in text.lines() {
        let Some(cell) = line.strip_prefix("| ").and_then(|rest| rest.split(" |").next()) else {
            in_table &= line.starts_with('|');
            continue;
        };
        match cell {
            "code" => in_table = true,
            // Words such as "the `reason` of a rule" are no code.
            _ if in_table && cell.starts_with(['`', '[']) => {
                codes.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
            }
            _ => {}
        }
    }
    codes
}

/// The codes that stand in the sources: beside `of_record`, which makes a violation of them, and in functions named `code`
/// and the like.
fn in_sources(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("tests") {
            in_sources(&path, codes);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = read(&path);
            let made = text.split("of_record(\"").skip(1).filter_map(|rest| rest.split('"').next());
            codes.extend(made.filter(|code| !code.is_empty()).map(str::to_owned));
            let functions = text.split("fn code").skip(1).filter(|rest| {
                let result = rest.split('{').next().unwrap_or_default();
                result.contains("&'static str")
            });
            for function in functions {
                let body = function.split("\n    }\n").next().unwrap_or_default();
                codes.extend(
                    body.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned),
                );
            }
        }
    }
}

#[test]
fn whatever_names_a_code_has_a_page_for_it() {
    let pages = pages();
    let mut named = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("schemas")).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            annotated(&json(&path), &mut named);
        }
    }
    for document in ["docs/records-and-rules.md", "docs/mapping.md", "docs/uploading.md"] {
        named.extend(in_tables(&root().join(document)));
    }
    in_sources(&root().join("crates"), &mut named);
    let expected =
        std::fs::read_to_string(root().join("fixtures/dirty.expected.tsv")).expect("the expectations");
    named.extend(expected.lines().skip(1).filter_map(|row| row.split('\t').nth(2)).map(str::to_owned));
    assert!(named.len() > 50, "{named:?}");
    let without: Vec<_> = named.difference(&pages).collect();
    assert!(without.is_empty(), "{without:?} have no page");
}

#[test]
fn the_reference_links_each_code_to_its_page() {
    let [rules, mapping] = ["docs/records-and-rules.md", "docs/mapping.md"].map(|name| root().join(name));
    let (in_rules, in_mapping) = (read(&rules), read(&mapping));
    for code in pages() {
        let link = format!("[`{code}`](codes/{code}.md)");
        assert!(in_rules.contains(&link) || in_mapping.contains(&link), "{code}");
    }
    for (path, text) in [(&rules, &in_rules), (&mapping, &in_mapping)] {
        for code in in_tables(path) {
            assert!(text.contains(&format!("[`{code}`](codes/{code}.md)")), "{}: {code}", path.display());
        }
    }
}

/// A page shows its example as files, and what is told of it: this is held against the program. Where `…` stands, nobody knows
/// the rest yet. With UPDATE_PAGES in the environment, the pages are written anew as the program tells it.
#[test]
fn what_a_page_shows_is_what_the_program_tells() {
    let mut told_codes = 0;
    for name in pages() {
        let folder = folder();
        for block in split(&page(&name)).0 {
            if let Some((_, file)) = block.info.split_once(' ') {
                std::fs::write(folder.path().join(file), &block.text).expect("a file");
            } else if block.info == "console" {
                let (command, told) = block.text.split_once('\n').expect("a command");
                let command = command.strip_prefix("$ ").expect("a command");
                let output = shell(folder.path(), command);
                let said = stderr(&output);
                let reasons: Vec<&str> = said.lines().filter(|line| is_told(line)).collect();
                assert!(reasons.iter().any(|line| line.contains(&format!(" {name}"))), "{name}: {said}");
                if std::env::var_os("UPDATE_PAGES").is_some() {
                    update(&name, &block.text, &format!("$ {command}\n{}", wrapped(&reasons)));
                } else if let Some((known, _)) = told.split_once('…') {
                    assert!(reasons.join(" ").starts_with(known.trim_end()), "{name}: {said}");
                } else {
                    assert_eq!(words(told), words(&reasons.join(" ")), "{name}: {said}");
                }
                told_codes += 1;
            }
        }
    }
    assert!(told_codes > 50, "{told_codes}");
}

fn update(name: &str, old: &str, new: &str) {
    let path = root().join("docs/codes").join(name).with_extension("md");
    std::fs::write(&path, page(name).replace(old, new)).expect("the page");
}

/// Lines as they stand in a page: their rest goes to further lines, which begin with spaces.
fn wrapped(lines: &[&str]) -> String {
    // On a terminal of 80 columns, two of them are the indent of code.
    const MOST_CHARACTERS: usize = 78;
    let mut text = String::new();
    for line in lines {
        let mut length = 0;
        for (nth, word) in line.split(' ').enumerate() {
            let characters = word.chars().count();
            if nth == 0 {
                length = 0;
            } else if length + 1 + characters > MOST_CHARACTERS {
                text.push_str("\n    ");
                length = 4;
            } else {
                text.push(' ');
                length += 1;
            }
            text.push_str(word);
            length += characters;
        }
        text.push('\n');
    }
    text
}

/// `export.ndjson:1: rejected …`, and no line of the summary.
fn is_told(line: &str) -> bool {
    const ACTIONS: [&str; 5] = ["rejected", "pruned", "duplicate", "skipped", "merged"];
    line.split(": ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .is_some_and(|word| ACTIONS.contains(&word))
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}
