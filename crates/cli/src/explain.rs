//! The command `explain`: what a code of the rejects means, and what to do about it.

mod pages;
mod rendered;

use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;

use anyhow::{Error, anyhow};

use crate::args::ExplainArgs;
use crate::exit::Failure;
use crate::print;
use pages::GROUPS;
pub(crate) use pages::Page;

/// How wide a terminal is that does not say it.
const FEW_COLUMNS: usize = 80;

/// How many codes are named instead of one that does not exist.
const MOST_SUGGESTED: usize = 3;

/// How alike a code has to be to be named instead.
const LEAST_LIKENESS: f64 = 0.85;

/// A code that is less alike than another one by so much is not named beside it.
const LIKENESS_APART: f64 = 0.05;

/// Prints the page of a code, or all codes.
pub(crate) fn explain(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    match &args.code {
        None => print::to_stdout(list().as_bytes()),
        Some(code) => {
            // However it is written: there are no two codes that differ in that.
            let written = code.trim().to_lowercase().replace(['_', ' '], "-");
            let page = page(&written).ok_or_else(|| Failure::usage(unknown(code)))?;
            if stdout().is_terminal() { on_terminal(page) } else { print::to_stdout(page.text.as_bytes()) }
        }
    }
}

/// Prints a page for somebody who reads it there; with styles, unless the environment says that they are not wanted.
fn on_terminal(page: &Page) -> Result<ExitCode, Failure> {
    let columns = terminal_size::terminal_size().map_or(FEW_COLUMNS, |(width, _)| width.0.into());
    let mut stdout = anstream::stdout().lock();
    stdout
        .write_all(rendered::rendered(page.text, columns).as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(Failure::of_stdout)?;
    Ok(ExitCode::SUCCESS)
}

/// What is said about a code; `None` of those that a schema or a mapping of the user's own brings forth.
pub(crate) fn page(code: &str) -> Option<&'static Page> {
    pages().find(|page| page.code == code)
}

fn pages() -> impl Iterator<Item = &'static Page> {
    GROUPS.iter().flat_map(|group| group.pages)
}

/// All codes in their groups, a line for each.
fn list() -> String {
    let width = pages().map(|page| page.code.len()).max().unwrap_or_default();
    let mut list = String::new();
    for group in GROUPS {
        list.push_str(&format!("{}\n", group.title));
        for page in group.pages {
            // Of the marks of Markdown, a summary has those of code alone.
            list.push_str(&format!("  {:width$}  {}\n", page.code, page.summary().replace('`', "")));
        }
        list.push('\n');
    }
    list.push_str("reteno-import explain CODE says more about one of them.\n");
    list
}

/// How alike two codes are, from 0 to 1. A word of a code is like it: `email` like `bad-email`.
fn likeness(asked: &str, code: &str) -> f64 {
    if code.split('-').any(|word| word == asked) { LEAST_LIKENESS } else { strsim::jaro_winkler(asked, code) }
}

fn unknown(code: &str) -> Error {
    let mut near: Vec<(f64, &str)> = pages()
        .map(|page| (likeness(&code.to_lowercase(), page.code), page.code))
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0));
    let nearest = near.first().map_or(0.0, |(likeness, _)| *likeness);
    near.retain(|(likeness, _)| *likeness > nearest - LIKENESS_APART);
    let near: Vec<&str> = near.into_iter().take(MOST_SUGGESTED).map(|(_, code)| code).collect();
    let what_then = match near.as_slice() {
        [] => "reteno-import explain lists all of them".to_owned(),
        near => format!("did you mean {}?", near.join(", ")),
    };
    anyhow!(
        "there is no code {code}; {what_then} (a schema's x-code and the reason of a mapping's rule are explained where they \
         stand)"
    )
}
