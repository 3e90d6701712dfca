//! What a run writes must not be what it reads, and must have a place to be.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use batch::manifest::{MANIFEST_FILE, REJECTS_FILE, batch_file_number};
use ndjson::Input;

use crate::args::{RuleArgs, TellingArgs};
use crate::config::Settings;
use crate::exit::Failure;
use crate::session::RejectsTo;

/// Refuses to write where something is read from, or twice to one file: it would be lost.
pub(crate) fn keep_apart(
    inputs: &[Input],
    rules: &RuleArgs,
    telling: &TellingArgs,
    settings: &Settings,
    folder: Option<&Path>,
) -> Result<(), Failure> {
    let inputs = inputs.iter().filter_map(|input| match input {
        // A file that was redirected into the program has a name here; a pipe has none.
        Input::Stdin => fs::canonicalize("/dev/stdin").ok(),
        Input::File(path) => fs::canonicalize(path).ok(),
    });
    let inputs: Vec<PathBuf> = inputs.collect();
    let resources = rules.schema_resource.iter().map(|resource| &resource.file);
    let files = rules.schema.iter().chain(resources).chain(&settings.file);
    let mut taken: Vec<PathBuf> = files.filter_map(|file| fs::canonicalize(file).ok()).collect();
    taken.extend_from_slice(&inputs);
    let rejects = telling.rejects.iter().filter(|path| path.as_os_str() != "-");
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
        taken.push(place);
    }
    let folder = folder.and_then(|folder| fs::canonicalize(folder).ok());
    let is_replaced = |input: &&PathBuf| {
        let name = input.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        folder.is_some()
            && input.parent() == folder.as_deref()
            && (name == REJECTS_FILE || name == MANIFEST_FILE || batch_file_number(name).is_some())
    };
    match inputs.iter().find(is_replaced) {
        Some(input) => Err(Failure::usage(anyhow!(
            "{} is read and would be replaced by the output; choose another output folder",
            input.display()
        ))),
        None => Ok(()),
    }
}

/// Where a file is or will be, without links and detours as far as that is known.
fn place(path: &Path) -> PathBuf {
    if let Ok(known) = fs::canonicalize(path) {
        return known;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// Says at once that a rejects file has no folder to be in, before an earlier output is replaced. The output folder
/// need not be there yet.
pub(crate) fn has_folder(rejects: &RejectsTo, output: Option<&Path>) -> Result<(), Failure> {
    let RejectsTo::File(path) = rejects else { return Ok(()) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() && Some(place(folder)) != output.map(place) => {
            Err(Failure::input_output(anyhow!(
                "cannot write rejects to {}: {} is not a folder; create it, or choose another place",
                path.display(),
                folder.display()
            )))
        }
        _ => Ok(()),
    }
}
