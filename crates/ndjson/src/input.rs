//! Which inputs a user means.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::{fmt, io};

use thiserror::Error;
use walkdir::WalkDir;

use crate::archive::{Listing, Member, list};

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file, by the path that the user gave or that was found.
    File(PathBuf),
    /// A file in a zip archive.
    Member(Member),
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("<stdin>"),
            Self::File(path) => path.display().fmt(f),
            Self::Member(member) => member.fmt(f),
        }
    }
}

/// Why an argument names no input.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// There is no such file or folder.
    #[error("{}: there is no such file or folder", .0.display())]
    Missing(PathBuf),
    /// A pattern that fits no file.
    #[error("{0}: no file fits this pattern")]
    NoMatch(String),
    /// A pattern that is not one.
    #[error("{pattern}: not a pattern for files: {source}")]
    Pattern {
        /// The argument.
        pattern: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
    /// A folder without a file in it.
    #[error("{}: the folder holds no file", .0.display())]
    EmptyFolder(PathBuf),
    /// A zip archive without a file in it.
    #[error("{}: the archive holds no file", .0.display())]
    EmptyArchive(PathBuf),
    /// It is there, but cannot be looked at.
    #[error("cannot look at {}: {source}", path.display())]
    Inaccessible {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder could not be listed.
    #[error("cannot list {}: {source}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The same input twice: its contacts would be sent twice.
    #[error("{0} is given twice; its contacts would be read twice")]
    Twice(Input),
}

/// Turns arguments into inputs. None, or `-`, is standard input; a folder is all files in it and below, hidden ones left
/// out, in the order of their names; a pattern (`*`, `?`, `[…]`, `**`) is all files that fit it, in that
/// order, hidden ones left out unless it names the dot. A zip archive, known by its first bytes, is all files in it, hidden
/// ones left out, in the order of their names; one that is damaged stays a file, and reading it tells why.
///
/// # Errors
/// [`ExpandError`] for the first argument that names nothing, and for an input named twice.
pub fn expand(args: &[impl AsRef<OsStr>]) -> Result<Vec<Input>, ExpandError> {
    if args.is_empty() {
        return Ok(vec![Input::Stdin]);
    }
    let mut inputs = Vec::new();
    for arg in args {
        let arg = arg.as_ref();
        let path = Path::new(arg);
        if arg == "-" {
            inputs.push(Input::Stdin);
            continue;
        }
        match (path.metadata(), arg.to_str()) {
            (Ok(metadata), _) if metadata.is_dir() => folder(path, &mut inputs)?,
            (Ok(_), _) => {
                if file(path.to_owned(), &mut inputs) == Held::Nothing {
                    return Err(ExpandError::EmptyArchive(path.to_owned()));
                }
            }
            (Err(_), Some(pattern)) if pattern.contains(['*', '?', '[']) => matches(pattern, &mut inputs)?,
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ExpandError::Missing(path.to_owned()));
            }
            (Err(source), _) => return Err(ExpandError::Inaccessible { path: path.to_owned(), source }),
        }
    }
    let mut seen = HashSet::new();
    for input in &inputs {
        let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let identity = match input {
            Input::Stdin => (PathBuf::from("-"), None),
            Input::File(path) => (canonical(path), None),
            Input::Member(member) => (canonical(member.archive()), Some(member.name())),
        };
        if !seen.insert(identity) {
            return Err(ExpandError::Twice(input.clone()));
        }
    }
    Ok(inputs)
}

/// Whether a file has become inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Inputs,
    Nothing,
}

/// Adds a file, or the members of an archive. What is no regular file may not even be opened: it might wait for a writer.
fn file(path: PathBuf, inputs: &mut Vec<Input>) -> Held {
    let listing = if path.is_file() { list(&path) } else { Listing::No };
    match listing {
        Listing::Members(members) if members.is_empty() => return Held::Nothing,
        Listing::Members(members) => inputs.extend(members.into_iter().map(Input::Member)),
        Listing::No | Listing::Unreadable(_) => inputs.push(Input::File(path)),
    }
    Held::Inputs
}

fn folder(path: &Path, inputs: &mut Vec<Input>) -> Result<(), ExpandError> {
    let before = inputs.len();
    let entries = WalkDir::new(path)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name()));
    for entry in entries {
        let entry = entry.map_err(|error| ExpandError::List {
            path: error.path().unwrap_or(path).to_owned(),
            source: error.into(),
        })?;
        if entry.file_type().is_file() {
            file(entry.into_path(), inputs);
        }
    }
    if inputs.len() == before {
        return Err(ExpandError::EmptyFolder(path.to_owned()));
    }
    Ok(())
}

fn matches(pattern: &str, inputs: &mut Vec<Input>) -> Result<(), ExpandError> {
    let before = inputs.len();
    let paths =
        glob::glob(pattern).map_err(|source| ExpandError::Pattern { pattern: pattern.to_owned(), source })?;
    for path in paths {
        let path =
            path.map_err(|error| ExpandError::List { path: error.path().to_owned(), source: error.into() })?;
        // As in shells, a star stands for no leading dot. `.*` fits `.` and `..` as well, which nobody means.
        let is_dots =
            [&b"/."[..], b"/.."].iter().any(|end| path.as_os_str().as_encoded_bytes().ends_with(end));
        if is_dots || hidden_components(&path) > hidden_components(Path::new(pattern)) {
            continue;
        }
        if path.is_dir() {
            folder(&path, inputs)?;
        } else {
            file(path, inputs);
        }
    }
    if inputs.len() == before {
        return Err(ExpandError::NoMatch(pattern.to_owned()));
    }
    Ok(())
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn hidden_components(path: &Path) -> usize {
    path.components().filter(|part| matches!(part, Component::Normal(name) if is_hidden(name))).count()
}
