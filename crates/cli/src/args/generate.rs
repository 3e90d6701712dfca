//! The command line of `generate`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as ClapArgs, ValueEnum};

const EXAMPLES: &str = "Examples:
  reteno-import generate --contacts 100000 --dirty 2% | reteno-import check
  reteno-import generate --contacts 1000000 --seed 7 --duplicates 30% -o export.ndjson
  reteno-import generate --contacts 5000 --format onesignal -o onesignal.csv";

/// Write a synthetic export, to try this tool without data of anybody
///
/// The people are invented. The same seed makes the same people in each format, and the same bytes each time; more
/// contacts only add to them.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GenerateArgs {
    /// How many contacts, with those that --dirty and --duplicates say
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) contacts: u64,

    /// Another number makes other people
    #[arg(long, value_name = "S", default_value = "1")]
    pub(crate) seed: u64,

    /// How many contacts have something wrong, each another thing, in turn
    #[arg(long, value_name = "P%", default_value = "0%")]
    pub(crate) dirty: PerMille,

    /// How many are a further row of an earlier contact, for another device; and of a thousand contacts two have a token
    /// that came before with another one
    #[arg(long, value_name = "P%", default_value = "0%")]
    pub(crate) duplicates: PerMille,

    /// Which system the export is of
    #[arg(long, value_enum, default_value = "contact")]
    pub(crate) format: ExportArg,

    /// Where it goes; - is standard output
    #[arg(short, long, value_name = "FILE|-", default_value = "-")]
    pub(crate) output: PathBuf,

    /// Replace the file, if it is there
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Say nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportArg {
    /// Contacts in the shape of the API: NDJSON
    Contact,
    /// Amazon Pinpoint endpoints: NDJSON, a row for each channel of a contact
    Pinpoint,
    /// OneSignal subscriptions: CSV, a row for each channel of a contact
    #[value(name = "onesignal")]
    OneSignal,
    /// Braze users: NDJSON, one to three tokens each
    Braze,
}

/// A share, written in per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PerMille(pub(crate) u32);

impl FromStr for PerMille {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a share from 0% to 100%, such as 10% or 0.5%, in steps of 0.1%".to_owned();
        let percent = text.strip_suffix('%').ok_or_else(wrong)?;
        let (whole, tenth) = percent.split_once('.').unwrap_or((percent, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(tenth) || tenth.len() > 1 {
            return Err(wrong());
        }
        let (whole, tenth): (u32, u32) =
            (whole.parse().map_err(|_| wrong())?, tenth.parse().map_err(|_| wrong())?);
        if whole > 100 || whole * 10 + tenth > 1000 {
            return Err(wrong());
        }
        Ok(Self(whole * 10 + tenth))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_written_in_per_cent_with_at_most_one_decimal() {
        for (text, per_mille) in [("0%", 0), ("10%", 100), ("0.5%", 5), ("99.9%", 999), ("100%", 1000)] {
            assert_eq!(text.parse(), Ok(PerMille(per_mille)), "{text}");
        }
        for text in
            ["", "%", "10", "-1%", "+1%", "100.1%", "101%", "99999999999%", "0.05%", ".5%", "5.%", "1e1%"]
        {
            assert!(text.parse::<PerMille>().is_err(), "{text}");
        }
    }
}
