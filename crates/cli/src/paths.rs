//! What a run writes must not be what it reads, and must have a place to be.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use batch::manifest::{MANIFEST_FILE, REJECTS_FILE, batch_file_number};
use ndjson::Input;
use reteno::journal::Files;

use crate::args::{RuleArgs, SourceArgs, TellingArgs};
use crate::config::Settings;
use crate::exit::Failure;
use crate::session::RejectsTo;
use crate::source;

/// Refuses to write where something is read from, or twice to one file: it would be lost.
pub(crate) fn keep_apart(
    inputs: &[Input],
    source: &SourceArgs,
    rules: &RuleArgs,
    telling: &TellingArgs,
    settings: &Settings,
    folder: Option<&Path>,
) -> Result<(), Failure> {
    let inputs: Vec<PathBuf> = places(inputs).collect();
    let resources = rules.schema_resource.iter().map(|resource| &resource.file);
    let mapping = source::files(source);
    let files = rules.schema.iter().chain(resources).chain(&settings.file).chain(mapping);
    let mut taken: Vec<PathBuf> = files.filter_map(|file| fs::canonicalize(file).ok()).collect();
    taken.extend_from_slice(&inputs);
    let rejects = telling.rejects.iter().filter(|path| path.as_os_str() != "-");
    let folder = folder.map(place);
    for (option, path) in
        rejects.map(|path| ("--rejects", path)).chain(telling.report.iter().map(|path| ("--report", path)))
    {
        let place = place(path);
        // Devices may be read and written at once.
        if taken.contains(&place) && (place.is_file() || !place.exists()) {
            return Err(Failure::usage(anyhow!(
                "{option} {} is also read, or written as something else; choose another file",
                path.display()
            )));
        }
        if folder.as_deref().is_some_and(|folder| {
            place == folder || is_of_output(&place, folder) || is_hidden(&place, folder)
        }) {
            return Err(Failure::usage(anyhow!(
                "{option} {} is a name that the output needs for itself; choose another file",
                path.display()
            )));
        }
        taken.push(place);
    }
    let is_replaced = |input: &&PathBuf| {
        let Some(folder) = folder.as_deref() else { return false };
        is_of_output(input, folder) || **input == folder.join(REJECTS_FILE)
    };
    match inputs.iter().find(is_replaced) {
        Some(input) => Err(Failure::usage(anyhow!(
            "{} is read and would be replaced by the output; choose another output folder",
            input.display()
        ))),
        None => Ok(()),
    }
}

/// Refuses to write an upload's files where something is read from, or twice to one file.
pub(crate) fn keep_journal_apart(
    files: &Files,
    inputs: &[Input],
    telling: &TellingArgs,
) -> Result<(), Failure> {
    let others = telling.rejects.iter().chain(&telling.report).map(|path| place(path));
    let taken: Vec<PathBuf> = places(inputs).chain(others).collect();
    for path in [&files.journal, &files.results, &files.rejects] {
        if taken.contains(&place(path)) {
            return Err(Failure::usage(anyhow!(
                "{} is a file of the upload, and also read or written as something else; choose another --journal",
                path.display()
            )));
        }
    }
    Ok(())
}

/// The files that inputs are read from.
fn places(inputs: &[Input]) -> impl Iterator<Item = PathBuf> {
    inputs.iter().filter_map(|input| match input {
        // A file that was redirected into the program has a name here; a pipe has none.
        Input::Stdin => fs::canonicalize("/dev/stdin").ok(),
        Input::File(path) => fs::canonicalize(path).ok(),
        Input::Member(member) => fs::canonicalize(member.archive()).ok(),
    })
}

/// Whether a place is that of a batch or the manifest.
fn is_of_output(place: &Path, folder: &Path) -> bool {
    let name = place.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    place.parent() == Some(folder) && (name == MANIFEST_FILE || batch_file_number(name).is_some())
}

/// Whether a place has one of the hidden names, under which the output keeps its mark and what is not yet whole.
fn is_hidden(place: &Path, folder: &Path) -> bool {
    let name = place.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    place.parent() == Some(folder) && name.starts_with('.')
}

/// Whether a file is to be in the output folder, which need not be there yet.
pub(crate) fn is_inside(path: &Path, output: &Path) -> bool {
    place(path).parent() == Some(place(output).as_path())
}

/// Where a file is or will be, without links and detours as far as that is known.
fn place(path: &Path) -> PathBuf {
    if let Ok(known) = fs::canonicalize(path) {
        return known;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if parent.as_os_str().is_empty() => place(Path::new(".")).join(name),
        (Some(parent), Some(name)) => place(parent).join(name),
        _ => path.to_owned(),
    }
}

/// Says that the folder in which a file is to be made is none.
pub(crate) fn folder_is_there(path: &Path) -> anyhow::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if !folder.exists() => {
            Err(anyhow!("the folder {} does not exist; create it, or choose another place", folder.display()))
        }
        Some(folder) if !folder.is_dir() => {
            Err(anyhow!("{} is a file, not a folder; choose another place", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Says at once that a rejects file cannot be written, before an earlier output is replaced. Nothing is created or
/// emptied yet: the output folder may still be refused.
pub(crate) fn can_be_written(rejects: &RejectsTo, output: Option<&Path>) -> Result<(), Failure> {
    let RejectsTo::File(path) = rejects else { return Ok(()) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let tried = match fs::metadata(path) {
        // Pipes and devices may wait for somebody to read, or take what is only tried.
        Ok(known) if !known.is_file() && !known.is_dir() => Ok(()),
        Ok(_) => OpenOptions::new().write(true).open(path).map(|_file| ()),
        // The output folder is made, or refused, when it is claimed.
        Err(_) if output.is_some_and(|output| is_inside(path, output)) => Ok(()),
        Err(_) if !folder.is_dir() => {
            return Err(Failure::input_output(anyhow!(
                "cannot write rejects to {}: {} is not a folder; create it, or choose another place",
                path.display(),
                folder.display()
            )));
        }
        Err(_) => tempfile::tempfile_in(folder).map(|_file| ()),
    };
    tried
        .with_context(|| format!("cannot write rejects to {}; choose another file", path.display()))
        .map_err(Failure::input_output)
}
