//! The command line of `bench`.

use std::num::NonZeroU32;

use clap::Args as ClapArgs;
use clap::builder::BoolishValueParser;

use super::{Bytes, InputArgs, MergeArgs, RequestArgs, RuleArgs, WorkArgs};

const EXAMPLES: &str = "Examples:
  reteno-import bench export.ndjson.gz
  reteno-import bench exports/ --from onesignal --bytes 4GiB --rounds 5
  reteno-import bench                                     # an export that is made for it
  reteno-import bench export.ndjson --json | jq .estimate";

/// Measure how fast this machine does each part of the work, on your data
///
/// Five stages, with 1, 2, 4 and so on threads: read (and decompress), split into records, parse, rules (each record is
/// mapped, repaired, judged and put into requests), and prepare (all of that with merging, as `prepare --discard` does
/// it). Each stage does all that is before it. Speeds are of the decompressed input; nothing is written but temporary
/// files. The options of `prepare` mean here what they mean there.
///
/// In the table, spread is the longest time less the shortest, by the median, and of parsing is the speed by that of
/// parse with the same threads.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
#[command(mut_arg("inputs", |inputs| inputs.help(
    "Files, folders and patterns, read anew for each measurement; none: an export of invented people is made, in a \
     temporary file"
)))]
#[command(mut_arg("threads", |threads| threads.help(
    "The most threads to measure with; by default as many as the machine has cores"
)))]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// How much of the input is used, decompressed: the first 1GiB unless this says otherwise. Of an export that is made,
    /// 200MB
    #[arg(long, value_name = "BYTES", help_heading = "Measuring", env = "RETENO_IMPORT_BYTES")]
    pub(crate) bytes: Option<Bytes>,

    /// How often each is measured, in turns; medians are told
    #[arg(
        long,
        value_name = "N",
        default_value = "3",
        help_heading = "Measuring",
        env = "RETENO_IMPORT_ROUNDS"
    )]
    pub(crate) rounds: NonZeroU32,

    /// Print one JSON object instead of a table
    #[arg(long, help_heading = "Measuring", env = "RETENO_IMPORT_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,

    /// Say nothing but what was measured, and errors
    #[arg(short, long, help_heading = "Measuring", env = "RETENO_IMPORT_QUIET", value_parser = BoolishValueParser::new())]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) request: RequestArgs,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    #[command(flatten)]
    pub(crate) merging: MergeArgs,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}
