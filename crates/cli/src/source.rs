//! What the records of the inputs are: presets, mappings of the user, and what was recognised.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use contact::UpdatedAt;
use mapping::{Apps, Dates, Inactive, Mapping, MappingOptions, Preset, Sources};
use serde_json::{Map, Value};

use crate::args::{InactiveArg, SourceArgs};
use crate::exit::Failure;

/// The word that leaves it to what the inputs hold.
const AUTO: &str = "auto";

/// How records become contacts, as the arguments have it.
pub(crate) fn sources(
    args: &SourceArgs,
    updated_at: Option<&UpdatedAt>,
    dates: Dates,
    settings: contact::Settings,
) -> Result<Arc<Sources>, Failure> {
    let mut apps = Apps::default();
    for app in &args.app_id {
        let known = match &app.name {
            Some(name) => apps.by_name.insert(name.clone(), app.id.clone()),
            None => apps.any.replace(app.id.clone()),
        };
        if known.is_some_and(|known| known != app.id) {
            let what = app.name.as_deref().map_or_else(String::new, |name| format!(" of {name}"));
            return Err(Failure::usage(anyhow!("--app-id{what} is given twice, with different apps")));
        }
    }
    let options = MappingOptions {
        apps,
        inactive: match args.inactive {
            InactiveArg::Skip => Inactive::Skip,
            InactiveArg::Send => Inactive::Send,
        },
        stale_before: args.max_token_age.map(|age| age.milliseconds()),
        updated_at: updated_at.map(ToString::to_string),
        dates,
    };
    let mut named: Vec<Mapping> = Vec::new();
    for from in &args.from {
        named.extend(self::named(from)?);
    }
    let are_in_rejects = named.iter().any(Mapping::is_rejects);
    named.retain(|mapping| !mapping.is_rejects());
    if let [_, other, ..] = named.as_slice() {
        return Err(Failure::usage(anyhow!(
            "--from is given several times, but there is one mapping for all records; only rejects can stand beside it: \
             --from rejects --from {}",
            other.name()
        )));
    }
    let mapping = named.pop();
    if let Some(mapping) =
        mapping.as_ref().filter(|mapping| are_in_rejects && mapping.format() == Some("csv"))
    {
        return Err(Failure::usage(anyhow!(
            "the records of {} are rows of CSV, which a rejects file holds without their header; put the header in front of \
             the rows and prepare them as CSV: `reteno-import explain {}`",
            mapping.name(),
            mapping::RAW_NOT_JSON
        )));
    }
    let sources = match mapping {
        None => Sources::known(options, settings),
        Some(mapping) => Sources::of(mapping, options, settings),
    };
    let sources = sources.map_err(Failure::usage)?;
    Ok(Arc::new(if are_in_rejects { sources.in_rejects() } else { sources }))
}

/// The mapping that `--from` names; `None` for one that is recognised.
pub(crate) fn named(from: &Path) -> Result<Option<Mapping>, Failure> {
    if from.as_os_str() == AUTO {
        return Ok(None);
    }
    let name = from.to_string_lossy();
    if let Some(preset) = mapping::preset(&name) {
        return Mapping::parse(&name, preset.toml).map(Some).map_err(Failure::usage);
    }
    if !is_file(from) {
        return Err(no_preset(&name));
    }
    let text = fs::read_to_string(from)
        .with_context(|| format!("cannot read the mapping {}", from.display()))
        .map_err(Failure::usage)?;
    Mapping::parse(&name, &text).map(Some).map_err(Failure::usage)
}

/// Whether what was named is a file, and not the name of a preset that does not exist.
fn is_file(named: &Path) -> bool {
    named.extension().is_some() || named.components().count() > 1 || named.exists()
}

/// The preset of a name, to be printed.
pub(crate) fn printed(name: &str) -> Result<&'static Preset, Failure> {
    if let Some(preset) = mapping::preset(name) {
        return Ok(preset);
    }
    let path = Path::new(name);
    if !is_file(path) {
        return Err(no_preset(name));
    }
    let instead = if path.extension().is_some_and(|extension| extension == "toml") {
        format!("what your own makes of an export: reteno-import presets --explain INPUT --from {name}")
    } else {
        format!("what becomes of an export: reteno-import presets --explain {name}")
    };
    Err(Failure::usage(anyhow!(
        "{name} is a file, and `presets NAME` prints a mapping that is built in; {instead}"
    )))
}

/// The files of mappings that `--from` names.
pub(crate) fn files(args: &SourceArgs) -> impl Iterator<Item = &PathBuf> {
    args.from
        .iter()
        .filter(|from| from.as_os_str() != AUTO && mapping::preset(&from.to_string_lossy()).is_none())
}

/// Nobody knows a preset of that name.
pub(crate) fn no_preset(name: &str) -> Failure {
    let advice = match mapping::nearest_preset(name) {
        Some(preset) => format!("did you mean {preset}?"),
        None => {
            let presets: Vec<&str> = mapping::presets().iter().map(|preset| preset.name).collect();
            format!("presets are {}; a mapping of your own is a file, such as mine.toml", presets.join(", "))
        }
    };
    Failure::usage(anyhow!("there is no preset {name}; {advice}"))
}

/// What the manifest says of these options.
pub(crate) fn told(args: &SourceArgs, options: &mut Map<String, Value>) {
    let named = args.from.iter().filter(|from| from.as_os_str() != AUTO);
    let mut named: Vec<Value> =
        named.map(|from| from.file_name().unwrap_or(from.as_os_str()).to_string_lossy().into()).collect();
    if named.len() > 1 {
        options.insert("from".to_owned(), Value::from(named));
    } else if let Some(name) = named.pop() {
        options.insert("from".to_owned(), name);
    }
    if !args.app_id.is_empty() {
        let apps = args.app_id.iter().map(|app| match &app.name {
            Some(name) => format!("{name}={}", app.id),
            None => app.id.clone(),
        });
        options.insert("appIds".to_owned(), apps.collect());
    }
    if args.inactive == InactiveArg::Send {
        options.insert("inactive".to_owned(), Value::from("send"));
    }
    if let Some(age) = args.max_token_age {
        options.insert("tokensSeenSince".to_owned(), Value::from(age.first_day().to_string()));
    }
}
