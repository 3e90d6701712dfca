//! What can stand on the command line.

mod api;
mod bench;
mod generate;
mod source;
mod value;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use batch::EventKey;
use clap::builder::BoolishValueParser;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use contact::{Region, UpdatedAt};

pub(crate) use api::{ApiArgs, DoctorArgs, FieldsArgs, SendingArgs, StatusArgs, UploadArgs};
pub(crate) use bench::BenchArgs;
pub(crate) use generate::{ExportArg, GenerateArgs};
pub(crate) use source::{Delimiter, InactiveArg, PresetsArgs, SourceArgs};
pub(crate) use value::{Bytes, MaxRejects, Resource};

const AFTER_HELP: &str = "Start with: reteno-import check export.ndjson
What a code in the rejects means: reteno-import explain CODE";

/// Turns exports of contacts and push tokens into requests of the Reteno method Add contacts, and uploads them.
///
/// Every record is checked against the rules of the API, repaired where the repair is certain, and either written into
/// a batch or told, with its line and the reason. This is not an official product of Reteno.
#[derive(Debug, Parser)]
#[command(name = "reteno-import", version, max_term_width = 110)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

// What each does stands at its arguments: a word here would take the place of all that is said there.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(CheckArgs),
    Prepare(PrepareArgs),
    Upload(UploadArgs),
    Status(StatusArgs),
    Doctor(DoctorArgs),
    Fields(FieldsArgs),
    Presets(PresetsArgs),
    Explain(ExplainArgs),
    Bench(BenchArgs),
    Generate(GenerateArgs),
    Schema(SchemaArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

const CHECK_EXAMPLES: &str = "Examples:
  reteno-import check export.ndjson
  zcat export.ndjson.gz | reteno-import check --rejects rejects.ndjson
  reteno-import check --raw --schema my.schema.json data/   # by any JSON Schema";

/// Check records and say what is wrong with them; nothing is written
///
/// Records are repaired and judged exactly as `prepare` does it. With --raw each line is validated as it stands, by any
/// JSON Schema of draft 4 to 2020-12.
#[derive(Debug, ClapArgs)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    #[command(flatten)]
    pub(crate) merging: MergeArgs,

    /// Validate each line as it stands by --schema, without the rules and repairs of contacts
    #[arg(long, help_heading = "Rules", env = "RETENO_IMPORT_RAW", value_parser = BoolishValueParser::new())]
    pub(crate) raw: bool,

    /// With --raw: let `format` refuse values also where the dialect of the schema only annotates with it
    #[arg(long, help_heading = "Rules", env = "RETENO_IMPORT_ASSERT_FORMATS", value_parser = BoolishValueParser::new())]
    pub(crate) assert_formats: bool,

    #[command(flatten)]
    pub(crate) telling: TellingArgs,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

const SCHEMA_EXAMPLES: &str = "Examples:
  reteno-import schema > contact.schema.json
  reteno-import schema reject | jq .properties";

const EXPLAIN_EXAMPLES: &str = "Examples:
  reteno-import explain
  reteno-import explain bad-email";

const PREPARE_EXAMPLES: &str = "Examples:
  reteno-import prepare export.ndjson -o out
  reteno-import prepare exports/ '2026-10-*/part-*.gz' -o out --dedupe-on email --group Imported
  zcat export.ndjson.gz | reteno-import prepare -o - --rejects rejects.ndjson | jq -c .dedupeOn
  reteno-import prepare export.ndjson --discard      # all the work, nothing written: to measure";

/// Make request bodies out of records, in a folder or on standard output
///
/// A folder gets batch-000001.json and so on, rejects.ndjson, and manifest.json last: where that is, the folder is
/// complete. On standard output each line is one request body. With --on-duplicate first or keep, or --sorted-by-key, it is
/// printed as soon as it is full; otherwise when the input has ended, as a contact may have further rows until then.
#[derive(Debug, ClapArgs)]
#[command(after_help = PREPARE_EXAMPLES)]
pub(crate) struct PrepareArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// The folder to write, new or empty; - is standard output
    #[arg(short, long, value_name = "DIR|-", help_heading = "Output", env = "RETENO_IMPORT_OUTPUT")]
    pub(crate) output: Option<PathBuf>,

    /// Do all the work and write no request bodies
    #[arg(long, help_heading = "Output", env = "RETENO_IMPORT_DISCARD", value_parser = BoolishValueParser::new())]
    pub(crate) discard: bool,

    /// Write into a folder that holds an earlier output, which is removed; other files stay
    #[arg(long, help_heading = "Output", env = "RETENO_IMPORT_OVERWRITE", value_parser = BoolishValueParser::new())]
    pub(crate) overwrite: bool,

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

/// No heading of their own: what is no option stands first, before all options.
const ARGUMENTS: Option<&'static str> = None;

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// Files, folders and patterns; none, or -, is standard input. gzip, zstd and zip are recognised
    #[arg(value_name = "INPUT", help_heading = ARGUMENTS)]
    pub(crate) inputs: Vec<PathBuf>,

    /// How records stand in the input
    #[arg(long, value_enum, default_value = "auto", env = "RETENO_IMPORT_FORMAT")]
    pub(crate) format: FormatArg,

    /// What stands between the cells of CSV; by default what the header shows
    #[arg(long, value_name = "CHARACTER", env = "RETENO_IMPORT_DELIMITER")]
    pub(crate) delimiter: Option<Delimiter>,

    /// A record of more bytes is rejected without being held in memory
    #[arg(long, value_name = "BYTES", default_value = "64MiB", env = "RETENO_IMPORT_MAX_LINE_BYTES")]
    pub(crate) max_line_bytes: Bytes,

    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArgs {
    /// A field that a contact does not carry: keep its value in Reteno, or clear it there. To clear, bodies come only at
    /// the end of the input
    #[arg(long, value_enum, default_value = "keep", env = "RETENO_IMPORT_ABSENT")]
    pub(crate) absent: AbsentArg,

    /// The most contacts of one request; the API takes 3000
    #[arg(long, value_name = "N", default_value = "3000", env = "RETENO_IMPORT_BATCH_SIZE")]
    pub(crate) batch_size: NonZeroU32,

    /// The most bytes of one request; the API's limit is not documented
    #[arg(long, value_name = "BYTES", default_value = "8MiB", env = "RETENO_IMPORT_BATCH_BYTES")]
    pub(crate) batch_bytes: Bytes,

    /// Put the contacts into this group; can be given several times
    #[arg(long, value_name = "NAME", env = "RETENO_IMPORT_GROUP", value_delimiter = None)]
    pub(crate) group: Vec<String>,

    /// Take the contacts out of this group; can be given several times
    #[arg(long, value_name = "NAME", env = "RETENO_IMPORT_EXCLUDE_GROUP")]
    pub(crate) exclude_group: Vec<String>,

    /// Bring contacts back that were deleted in Reteno
    #[arg(long, env = "RETENO_IMPORT_RESTORE_DELETED", value_parser = BoolishValueParser::new())]
    pub(crate) restore_deleted: bool,

    /// The event that each new contact generates
    #[arg(long, value_name = "KEY", env = "RETENO_IMPORT_EVENT_KEY")]
    pub(crate) event_key: Option<EventKey>,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleArgs {
    /// A JSON Schema that tightens the contact's rules and may name normalisers
    #[arg(long, value_name = "FILE", env = "RETENO_IMPORT_SCHEMA")]
    pub(crate) schema: Option<PathBuf>,

    /// A document that the schema refers to; nothing is ever fetched. Can be given several times
    #[arg(long, value_name = "URI=FILE", env = "RETENO_IMPORT_SCHEMA_RESOURCE")]
    pub(crate) schema_resource: Vec<Resource>,

    /// A broken rule: leave out the smallest optional part, and tell; or reject the record
    #[arg(long, value_enum, default_value = "prune", env = "RETENO_IMPORT_ON_INVALID")]
    pub(crate) on_invalid: OnInvalidArg,

    /// A member that a contact does not have: reject the record, as it may be data under a wrong name; or drop it
    #[arg(long, value_enum, default_value = "reject", env = "RETENO_IMPORT_UNKNOWN_FIELDS")]
    pub(crate) unknown_fields: UnknownFieldsArg,

    /// The field by which Reteno finds a contact it has; where externalCustomerId is there, it is always that
    #[arg(long, value_enum, default_value = "externalCustomerId", env = "RETENO_IMPORT_DEDUPE_ON")]
    pub(crate) dedupe_on: DedupeOnArg,

    /// The custom field of --dedupe-on fieldId
    #[arg(long, value_name = "ID", env = "RETENO_IMPORT_FIELD_ID")]
    pub(crate) field_id: Option<i64>,

    /// The region of telephone numbers without a country code, such as UA; without it they are never guessed
    #[arg(long, value_name = "REGION", env = "RETENO_IMPORT_DEFAULT_REGION")]
    pub(crate) default_region: Option<Region>,

    /// At most so many channels of one type for a contact, instead of 2; always 1 for email
    #[arg(long, value_name = "N", env = "RETENO_IMPORT_MAX_CHANNELS_PER_TYPE")]
    pub(crate) max_channels_per_type: Option<NonZeroUsize>,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Merging")]
pub(crate) struct MergeArgs {
    /// Rows of one key: make one contact of them; write the first or the last alone; reject all; or keep all
    #[arg(long, value_enum, default_value = "merge", env = "RETENO_IMPORT_ON_DUPLICATE")]
    pub(crate) on_duplicate: OnDuplicateArg,

    /// Where a record says when it was true, such as /updated_at; without it the later record is the more recent one
    #[arg(long, value_name = "POINTER", env = "RETENO_IMPORT_UPDATED_AT")]
    pub(crate) updated_at: Option<UpdatedAt>,

    /// A push token under several keys: the last one keeps it, active ones first; or all keep it
    #[arg(long, value_enum, default_value = "last", env = "RETENO_IMPORT_SHARED_TOKENS")]
    pub(crate) shared_tokens: SharedTokensArg,

    /// Tell of each record whose value had to give way to that of a more recent one
    #[arg(long, env = "RETENO_IMPORT_LOG_CONFLICTS", value_parser = BoolishValueParser::new())]
    pub(crate) log_conflicts: bool,

    /// The rows of each key follow each other: they are merged at once. A key that comes again ends the run
    #[arg(long, env = "RETENO_IMPORT_SORTED_BY_KEY", value_parser = BoolishValueParser::new())]
    pub(crate) sorted_by_key: bool,

    /// Memory for merging; what does not fit goes to temporary files. It changes no byte of the output
    #[arg(long, value_name = "BYTES", default_value = "256MiB", env = "RETENO_IMPORT_MEMORY")]
    pub(crate) memory: Bytes,

    /// Where temporary files go; by default into the output folder, or where the system has them
    #[arg(long, value_name = "DIR", env = "RETENO_IMPORT_TEMP_DIR")]
    pub(crate) temp_dir: Option<PathBuf>,
}

/// How many reasons are told of one record, unless the arguments say otherwise.
pub(crate) const MAX_ERRORS_PER_RECORD: NonZeroUsize = NonZeroUsize::MIN.saturating_add(19);

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "What is told")]
pub(crate) struct TellingArgs {
    /// Where rejects go, one JSON object on a line; - is standard output. By default into the output folder, or as
    /// plain lines to standard error where there is none
    #[arg(long, value_name = "FILE|-", env = "RETENO_IMPORT_REJECTS")]
    pub(crate) rejects: Option<PathBuf>,

    /// Stop if more records are rejected; a share such as 1% is known at the end of the input
    #[arg(long, value_name = "N|P%", env = "RETENO_IMPORT_MAX_REJECTS")]
    pub(crate) max_rejects: Option<MaxRejects>,

    /// The most reasons that are told of one record
    #[arg(
        long,
        value_name = "N",
        default_value_t = MAX_ERRORS_PER_RECORD,
        env = "RETENO_IMPORT_MAX_ERRORS_PER_RECORD"
    )]
    pub(crate) max_errors_per_record: NonZeroUsize,

    /// Write what the run came to: a page for people (.html), or JSON for programs; can be given several times
    #[arg(long, value_name = "FILE.json|FILE.html", env = "RETENO_IMPORT_REPORT")]
    pub(crate) report: Vec<PathBuf>,

    /// Show progress on standard error; auto: if that is a terminal; always: elsewhere as a line every few seconds
    #[arg(long, value_enum, default_value = "auto", env = "RETENO_IMPORT_PROGRESS")]
    pub(crate) progress: ProgressArg,

    /// Say nothing but errors
    #[arg(short, long, env = "RETENO_IMPORT_QUIET", value_parser = BoolishValueParser::new())]
    pub(crate) quiet: bool,

    /// Say more: inputs, repairs and the file of settings
    #[arg(short, long, env = "RETENO_IMPORT_VERBOSE", value_parser = BoolishValueParser::new())]
    pub(crate) verbose: bool,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Work")]
pub(crate) struct WorkArgs {
    /// How many workers parse and judge; by default as many as the machine has cores. It changes no byte of the output
    #[arg(long, value_name = "N", env = "RETENO_IMPORT_THREADS")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// How much is read and handed to a worker at a time. It changes no byte of the output
    #[arg(long, value_name = "BYTES", default_value = "256KiB", env = "RETENO_IMPORT_BLOCK_BYTES")]
    pub(crate) block_bytes: Bytes,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

// A doc comment would take the place of what is said at the commands.
#[derive(Debug, ClapArgs)]
pub(crate) struct ConfigArgs {
    /// A file with settings; by default reteno-import.toml, where there is one
    #[arg(long, value_name = "FILE", env = "RETENO_IMPORT_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// Say what a code in the rejects means, and what to do about it
///
/// A terminal shows it with bold headings and colours (NO_COLOR: without); in a pipe and in a file it is Markdown.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// The code, such as bad-email; without it, all codes are listed
    pub(crate) code: Option<String>,
}

/// Print one of the JSON Schemas that this tool works by
#[derive(Debug, ClapArgs)]
#[command(after_help = SCHEMA_EXAMPLES)]
pub(crate) struct SchemaArgs {
    /// Which one
    #[arg(value_enum, default_value = "contact")]
    pub(crate) name: SchemaName,
}

/// Print completions for a shell
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  reteno-import completions bash > /etc/bash_completion.d/reteno-import\n  reteno-import completions zsh > ~/.zfunc/_reteno-import"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

const MAN_EXAMPLES: &str = "Examples:
  reteno-import man | man -l -
  reteno-import man prepare > reteno-import-prepare.1
  reteno-import man --output ~/.local/share/man/man1";

/// Print the manual page, of the tool or of one command
#[derive(Debug, ClapArgs)]
#[command(after_help = MAN_EXAMPLES)]
pub(crate) struct ManArgs {
    /// The command; without it, the tool's own page
    #[arg(conflicts_with = "output")]
    pub(crate) command: Option<String>,

    /// Write all pages into a folder instead, which is made if it is not there: reteno-import.1 and one for each command
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaName {
    /// A contact
    Contact,
    /// A request body
    Request,
    /// A line of a rejects file
    Reject,
    /// The manifest of a folder
    Manifest,
    /// A mapping
    Mapping,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// Recognised by the first bytes of each input
    Auto,
    /// One record on each line
    Ndjson,
    /// A JSON array, or values that follow each other
    Json,
    /// Rows of cells, the first of them with the names of the columns
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AbsentArg {
    Keep,
    Clear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnInvalidArg {
    Prune,
    Reject,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnknownFieldsArg {
    Reject,
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DedupeOnArg {
    #[value(name = "externalCustomerId")]
    ExternalCustomerId,
    Email,
    Sms,
    #[value(name = "email_or_sms")]
    EmailOrSms,
    Push,
    #[value(name = "webpush")]
    WebPush,
    Id,
    #[value(name = "fieldId")]
    FieldId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnDuplicateArg {
    Merge,
    First,
    Last,
    Reject,
    Keep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SharedTokensArg {
    Last,
    Keep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressArg {
    Auto,
    Always,
    Never,
}
