//! Settings from a file: every option under its long name, as a default that the environment and the command line
//! override.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches};
use serde_json::{Map, Value as Json};
use toml::{Table, Value};

use crate::args::{Args, Command, DedupeOnArg};
use crate::exit::Failure;

/// The file that is used if it is there.
const DEFAULT_FILE: &str = "reteno-import.toml";

/// Commands that do work; a table of their name holds settings for one of them.
const COMMANDS: [&str; 7] = ["check", "prepare", "upload", "status", "doctor", "fields", "bench"];

/// The headings of options of `upload` that concern records, which a prepared folder has no more.
const OF_RECORDS: [&str; 7] = ["Input", "Source", "Request", "Rules", "Merging", "What is told", "Work"];

/// Options under these headings that concern every upload.
const OF_ALL_UPLOADS: [&str; 5] = ["report", "progress", "quiet", "verbose", "config"];

/// Options that mean nothing where records are validated as they stand.
const CONTACT_ONLY: [&str; 17] = [
    "from",
    "app_id",
    "inactive",
    "max_token_age",
    "on_invalid",
    "unknown_fields",
    "dedupe_on",
    "field_id",
    "on_duplicate",
    "updated_at",
    "shared_tokens",
    "log_conflicts",
    "sorted_by_key",
    "memory",
    "temp_dir",
    "default_region",
    "max_channels_per_type",
];

/// Where the arguments of a run come from, beside the command line.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The file that was used.
    pub(crate) file: Option<PathBuf>,
    /// Every option with its value, as it would stand in such a file.
    pub(crate) options: Map<String, Json>,
    /// The options on the command line that concern records, by their long names.
    of_records: Vec<String>,
}

impl Settings {
    /// Refuses options on the command line that would mean nothing. Those of the file or the environment are there for all
    /// runs.
    pub(crate) fn refuse_options_of_records(&self, why: &str) -> Result<(), Failure> {
        match self.of_records.first() {
            None => Ok(()),
            Some(option) => Err(Failure::usage(anyhow!(
                "--{option} concerns records, but {why}; give it to `prepare` instead"
            ))),
        }
    }
}

/// Reads the command line, with the settings of a file below it.
pub(crate) fn parse_with_config() -> Result<(Args, Settings), Failure> {
    let mut command = Args::command();
    let file = config_file(&command);
    if let Some(file) = &file {
        command = with_defaults(command, file).map_err(Failure::usage)?;
    }
    let matches = command.clone().get_matches();
    let mut args = match Args::from_arg_matches(&matches) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    let options = match matches.subcommand() {
        Some((name, matches)) if COMMANDS.contains(&name) => {
            prefer_nearer(&mut args, matches).map_err(Failure::usage)?;
            command.find_subcommand(name).map(|sub| options(sub, matches)).unwrap_or_default()
        }
        _ => Map::new(),
    };
    let of_records = match matches.subcommand() {
        Some(("upload", matches)) => command
            .find_subcommand("upload")
            .into_iter()
            .flat_map(clap::Command::get_arguments)
            .filter(|option| OF_RECORDS.contains(&option.get_help_heading().unwrap_or_default()))
            .filter(|option| !OF_ALL_UPLOADS.contains(&option.get_id().as_str()))
            .filter(|option| matches.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine))
            .filter_map(|option| option.get_long().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    };
    Ok((args, Settings { file, options, of_records }))
}

/// Of options that exclude each other, the one that was set nearer to the command line counts: `--discard` is not a
/// mistake because a file of settings names an output.
fn prefer_nearer(args: &mut Args, matches: &ArgMatches) -> anyhow::Result<()> {
    let is_nearer = |one: &str, other: &str| nearness(matches, one) > nearness(matches, other);
    let (rules, telling) = match &mut args.command {
        Command::Check(check) => {
            // Settings of the file or the environment are there for all runs; they mean nothing to this one.
            let on_command_line = |id: &&&str| matches.value_source(id) == Some(ValueSource::CommandLine);
            if check.raw
                && let Some(id) = CONTACT_ONLY.iter().find(on_command_line)
            {
                bail!("--{} cannot be used with --raw, which knows no contacts", id.replace('_', "-"));
            }
            (&mut check.rules, Some(&mut check.telling))
        }
        Command::Prepare(prepare) => {
            if prepare.discard && is_nearer("output", "discard") {
                prepare.discard = false;
            } else if prepare.discard && is_nearer("discard", "output") {
                prepare.output = None;
            }
            let place = if prepare.discard { "discard" } else { "output" };
            let is_folder = prepare.output.as_ref().is_some_and(|output| output.as_os_str() != "-");
            prepare.overwrite &= is_folder || !is_nearer(place, "overwrite");
            (&mut prepare.rules, Some(&mut prepare.telling))
        }
        Command::Upload(upload) => (&mut upload.rules, Some(&mut upload.telling)),
        Command::Bench(bench) => (&mut bench.rules, None),
        Command::Status(_) | Command::Doctor(_) | Command::Fields(_) => return Ok(()),
        Command::Presets(_)
        | Command::Explain(_)
        | Command::Generate(_)
        | Command::Schema(_)
        | Command::Completions(_)
        | Command::Man(_) => return Ok(()),
    };
    if rules.dedupe_on != DedupeOnArg::FieldId && is_nearer("dedupe_on", "field_id") {
        rules.field_id = None;
    }
    if let Some(telling) = telling.filter(|telling| telling.quiet && telling.verbose) {
        match nearness(matches, "quiet").cmp(&nearness(matches, "verbose")) {
            Ordering::Less => telling.quiet = false,
            Ordering::Greater => telling.verbose = false,
            Ordering::Equal => bail!("--quiet and --verbose are opposites; choose one"),
        }
    }
    Ok(())
}

/// How near to the command line an option was set.
fn nearness(matches: &ArgMatches, id: &str) -> u8 {
    match matches.value_source(id) {
        Some(ValueSource::CommandLine) => 3,
        Some(ValueSource::EnvVariable) => 2,
        Some(_) => 1,
        None => 0,
    }
}

/// The options of a command with their values.
fn options(command: &clap::Command, matches: &ArgMatches) -> Map<String, Json> {
    let mut options = Map::new();
    for option in command.get_arguments() {
        let Some(name) = option.get_long() else { continue };
        let id = option.get_id().as_str();
        // The options for help know no values.
        let Ok(Some(values)) = matches.try_get_raw(id) else { continue };
        let mut values: Vec<Json> =
            values.map(|value| Json::from(value.to_string_lossy().into_owned())).collect();
        let value = match option.get_action() {
            ArgAction::SetTrue => Json::from(matches.get_flag(id)),
            ArgAction::Append => Json::from(values),
            _ => values.pop().unwrap_or_default(),
        };
        options.insert(name.to_owned(), value);
    }
    options
}

/// The file that --config or the environment names, or the default one if it exists.
fn config_file(command: &clap::Command) -> Option<PathBuf> {
    // Whatever is wrong with the command line is told later, with the defaults of the file known.
    let named = command.clone().ignore_errors(true).try_get_matches().ok().and_then(|matches| {
        let (name, matches) = matches.subcommand()?;
        COMMANDS.contains(&name).then(|| matches.get_one::<PathBuf>("config").cloned())
    });
    match named? {
        Some(file) => Some(file),
        None => Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists()),
    }
}

fn with_defaults(mut command: clap::Command, file: &Path) -> anyhow::Result<clap::Command> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the settings in {}", file.display()))?;
    let table: Table = text.parse().with_context(|| format!("{} is not TOML", file.display()))?;
    let (tables, general): (Vec<_>, Vec<_>) = table.into_iter().partition(|(_, value)| value.is_table());
    for (key, value) in &general {
        let mut known = false;
        for name in COMMANDS {
            known |= set(&mut command, name, key, value, file)?;
        }
        if !known {
            bail!(unknown(&command, &COMMANDS, key, file));
        }
    }
    // Those of one command come after the general ones, and so override them.
    for (name, settings) in &tables {
        if !COMMANDS.contains(&name.as_str()) {
            bail!(
                "{}: there is no table [{name}]; a table is named after a command: {}",
                file.display(),
                COMMANDS.join(", ")
            );
        }
        for (key, value) in settings.as_table().into_iter().flatten() {
            if !set(&mut command, name, key, value, file)? {
                bail!(unknown(&command, &[name], key, file));
            }
        }
    }
    Ok(command)
}

/// Makes a setting the default of a command's option; `false` if the command has no such option.
fn set(
    command: &mut clap::Command,
    name: &str,
    key: &str,
    value: &Value,
    file: &Path,
) -> anyhow::Result<bool> {
    let option = command
        .find_subcommand(name)
        .and_then(|sub| sub.get_arguments().find(|arg| arg.get_long() == Some(key) && key != "config"));
    let Some(option) = option.cloned() else { return Ok(false) };
    let values = match (option.get_action(), value) {
        (ArgAction::SetTrue, Value::Boolean(flag)) => vec![flag.to_string()],
        (ArgAction::SetTrue, other) => bail!("{}: {key} is true or false, not {other}", file.display()),
        (ArgAction::Append, Value::Array(values)) => {
            values.iter().map(|value| text(value, key, file)).collect::<anyhow::Result<_>>()?
        }
        (_, value) => vec![text(value, key, file)?],
    };
    if !matches!(option.get_action(), ArgAction::SetTrue) {
        check(&option, key, &values, file)?;
    }
    let id = option.get_id().clone();
    *command = std::mem::take(command)
        .mut_subcommand(name, |sub| sub.mut_arg(id.as_str(), |arg| arg.default_values(values.clone())));
    Ok(true)
}

/// Reads values as the command line would, so that a mistake is told with the file it stands in.
fn check(option: &Arg, key: &str, values: &[String], file: &Path) -> anyhow::Result<()> {
    let alone = Arg::new("value")
        .long(key.to_owned())
        .action(option.get_action().clone())
        .value_parser(option.get_value_parser().clone());
    let reader = clap::Command::new("settings").no_binary_name(true).arg(alone);
    match reader.try_get_matches_from(values.iter().map(|value| format!("--{key}={value}"))) {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = error.to_string();
            let message = message.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default();
            bail!("{}: {message}", file.display())
        }
    }
}

fn text(value: &Value, key: &str, file: &Path) -> anyhow::Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(truth) => Ok(truth.to_string()),
        other => bail!(
            "{}: {key} cannot be {}; write a text, a number or true and false",
            file.display(),
            other.type_str()
        ),
    }
}

fn unknown(command: &clap::Command, names: &[&str], key: &str, file: &Path) -> anyhow::Error {
    let options =
        names.iter().filter_map(|name| command.find_subcommand(name)).flat_map(clap::Command::get_arguments);
    let near = options
        .filter_map(Arg::get_long)
        .map(|long| (strsim::jaro_winkler(key, long), long))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    match near {
        Some((_, long)) => anyhow!("{}: there is no setting {key}; did you mean {long}?", file.display()),
        None => anyhow!(
            "{}: there is no setting {key}; settings are the long options of a command",
            file.display()
        ),
    }
}
