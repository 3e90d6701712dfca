//! Settings from a file: every option under its long name, as a default that the environment and the command line
//! override.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};
use toml::{Table, Value};

use crate::args::Args;
use crate::exit::Failure;

/// The file that is used if it is there.
const DEFAULT_FILE: &str = "reteno-import.toml";

/// Commands that work on records; a table of their name holds settings for one of them.
const COMMANDS: [&str; 2] = ["check", "prepare"];

/// Reads the command line, with the settings of a file below it. Gives the file that was used.
pub(crate) fn parse_with_config() -> Result<(Args, Option<PathBuf>), Failure> {
    let mut command = Args::command();
    let file = config_file(&command);
    if let Some(file) = &file {
        command = with_defaults(command, file).map_err(Failure::usage)?;
    }
    let matches = command.get_matches();
    match Args::from_arg_matches(&matches) {
        Ok(args) => Ok((args, file)),
        Err(error) => error.exit(),
    }
}

/// The file that --config or the environment names, or the default one if it exists.
fn config_file(command: &Command) -> Option<PathBuf> {
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

fn with_defaults(mut command: Command, file: &Path) -> anyhow::Result<Command> {
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
                "{}: there is no table [{name}]; a table is named after a command: check or prepare",
                file.display()
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
fn set(command: &mut Command, name: &str, key: &str, value: &Value, file: &Path) -> anyhow::Result<bool> {
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
    let reader = Command::new("settings").no_binary_name(true).arg(alone);
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

fn unknown(command: &Command, names: &[&str], key: &str, file: &Path) -> anyhow::Error {
    let options =
        names.iter().filter_map(|name| command.find_subcommand(name)).flat_map(Command::get_arguments);
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
