//! Arguments of the commands that talk to the API.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args as ClapArgs;
use clap::builder::BoolishValueParser;
use reteno::BaseUrl;

use super::{ConfigArgs, InputArgs, MergeArgs, RequestArgs, RuleArgs, TellingArgs, WorkArgs};

/// A length of time, such as `60s` or `10m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Duration);

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a length of time, such as 60s, 10m or 1h30m".to_owned();
        let time: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
        let time = Duration::try_from(time).map_err(|_| wrong())?;
        if time.is_zero() { Err(wrong()) } else { Ok(Self(time)) }
    }
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "API")]
pub(crate) struct ApiArgs {
    /// The address of the API; https, or http to this machine
    #[arg(long, value_name = "URL", default_value = BaseUrl::RETENO, env = "RETENO_IMPORT_BASE_URL")]
    pub(crate) base_url: BaseUrl,

    /// A file that holds the API key and nothing else; without it, the key comes from the environment: RETENO_API_KEY
    #[arg(long, value_name = "FILE", env = "RETENO_IMPORT_API_KEY_FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// How long an answer is waited for
    #[arg(long, value_name = "TIME", default_value = "60s", env = "RETENO_IMPORT_TIMEOUT")]
    pub(crate) timeout: Time,
}

const UPLOAD_EXAMPLES: &str = "Examples:
  reteno-import upload out                                  # a folder that prepare has made
  reteno-import upload export.ndjson.gz --journal up.ndjson # prepare and upload in one go
  reteno-import prepare export.ndjson -o - | reteno-import upload - --journal up.ndjson
  reteno-import upload out --dry-run                        # says what would be sent

Killed at any moment, the same command goes on where it was. The API key comes from RETENO_API_KEY or --api-key-file.";

/// Upload contacts to Reteno, and account for every one of them
///
/// What is uploaded is a folder that `prepare` has made, request bodies from standard input, or records, which are then
/// checked and put into requests as `prepare` does it. A journal says what was sent and what became of it: killed at any
/// moment, the same command goes on. Requests that the server refuses are halved until the contacts that it is about
/// stand alone; these are in a file of their own, and the rest is uploaded.
#[derive(Debug, ClapArgs)]
#[command(after_help = UPLOAD_EXAMPLES)]
#[command(mut_arg("inputs", |inputs| inputs.help(
    "A folder that `prepare` has made; or -, for request bodies from standard input; or files, folders and patterns with records"
).value_name("DIR|-|INPUT").required(true).display_order(0)))]
pub(crate) struct UploadArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    #[command(flatten)]
    pub(crate) api: ApiArgs,

    #[command(flatten)]
    pub(crate) sending: SendingArgs,

    #[command(flatten)]
    pub(crate) request: RequestArgs,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    #[command(flatten)]
    pub(crate) merging: MergeArgs,

    #[command(flatten)]
    pub(crate) telling: TellingArgs,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Upload")]
pub(crate) struct SendingArgs {
    /// Where it is written down what was sent and what became of it; in a prepared folder journal.ndjson
    #[arg(long, value_name = "FILE", env = "RETENO_IMPORT_JOURNAL")]
    pub(crate) journal: Option<PathBuf>,

    /// Send nothing; say what would be sent
    #[arg(long, env = "RETENO_IMPORT_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub(crate) dry_run: bool,

    /// The most requests in any second; the API allows 200
    #[arg(long, value_name = "N", default_value = "180", env = "RETENO_IMPORT_RATE")]
    pub(crate) rate: NonZeroU32,

    /// The most requests on their way at a time; fewer while the server is in trouble
    #[arg(long, value_name = "N", default_value = "8", env = "RETENO_IMPORT_CONCURRENCY")]
    pub(crate) concurrency: NonZeroUsize,

    /// How often a request is sent before it is left to the next run
    #[arg(long, value_name = "N", default_value = "10", env = "RETENO_IMPORT_MAX_ATTEMPTS")]
    pub(crate) max_attempts: NonZeroU32,

    /// Do not wait for the server to import what it has accepted; `status` asks for that later
    #[arg(long, overrides_with = "wait", env = "RETENO_IMPORT_NO_WAIT", value_parser = BoolishValueParser::new())]
    pub(crate) no_wait: bool,

    /// Wait for the server to import what it has accepted; this is the default
    #[arg(long, overrides_with = "no_wait", env = "RETENO_IMPORT_WAIT", value_parser = BoolishValueParser::new())]
    pub(crate) wait: bool,

    /// Stop waiting when no import has ended for so long
    #[arg(long, value_name = "TIME", default_value = "10m", env = "RETENO_IMPORT_WAIT_TIMEOUT")]
    pub(crate) wait_timeout: Time,

    /// How long to wait before the server is asked for an import; later questions come further apart
    #[arg(long, value_name = "TIME", default_value = "2s", env = "RETENO_IMPORT_POLL_EVERY")]
    pub(crate) poll_every: Time,

    /// Look up so many of the uploaded push tokens at the end, chosen at random
    #[arg(long, value_name = "N", default_value = "0", env = "RETENO_IMPORT_VERIFY")]
    pub(crate) verify: usize,
}

const STATUS_EXAMPLES: &str = "Examples:
  reteno-import status out
  reteno-import status up.ndjson --json | jq .unknown";

/// Say where an upload stands, and ask the API for imports that have not ended
///
/// Without an API key it says what the journal knows.
#[derive(Debug, ClapArgs)]
#[command(after_help = STATUS_EXAMPLES)]
pub(crate) struct StatusArgs {
    /// A prepared folder, or the journal of an upload
    #[arg(value_name = "DIR|JOURNAL")]
    pub(crate) place: PathBuf,

    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) api: ApiArgs,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

const DOCTOR_EXAMPLES: &str = "Examples:
  reteno-import doctor
  reteno-import doctor out      # also whether the account has the custom fields of these batches";

/// Check the key, the account and the clock, and say what to do about what is wrong
#[derive(Debug, ClapArgs)]
#[command(after_help = DOCTOR_EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// A prepared folder, whose custom fields the account must have
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) api: ApiArgs,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

const FIELDS_EXAMPLES: &str = "Examples:
  reteno-import fields -o account.schema.json
  reteno-import check export.ndjson --schema account.schema.json
  reteno-import fields | jq '.properties.fields.items.properties.id'";

/// Read the account's custom fields, and write a schema that holds records to them
///
/// With the schema, `check`, `prepare` and `upload` refuse fields that the account does not have, and values that are not
/// of a field's type or not among its allowed ones, before anything is uploaded.
#[derive(Debug, ClapArgs)]
#[command(after_help = FIELDS_EXAMPLES)]
pub(crate) struct FieldsArgs {
    /// Where the schema goes; - is standard output
    #[arg(short, long, value_name = "FILE|-", default_value = "-", env = "RETENO_IMPORT_FIELDS_OUTPUT")]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) api: ApiArgs,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit() {
        for (text, seconds) in [("60s", 60), ("10m", 600), ("1h30m", 5400), ("2 minutes", 120)] {
            assert_eq!(text.parse(), Ok(Time(Duration::from_secs(seconds))), "{text}");
        }
        for text in ["", "60", "0s", "-5s", "soon"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
