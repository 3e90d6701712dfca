//! Arguments about the shape of the input, and how records of that shape become contacts.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as ClapArgs, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit};
use uuid::Uuid;

use super::FormatArg;

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Source")]
pub(crate) struct SourceArgs {
    /// What the records are: a preset (`reteno-import presets` lists them), or a mapping of your own in a file; auto
    /// recognises it by what each input holds. With rejects they are what stands in raw of a rejects file, corrected; what
    /// they are themselves is recognised, or given beside it: --from rejects --from braze
    #[arg(long, value_name = "auto|PRESET|FILE.toml", default_value = "auto", env = "RETENO_IMPORT_FROM")]
    pub(crate) from: Vec<PathBuf>,

    /// The app in Reteno that push tokens belong to; NAME=UUID for one of several apps of the source. Can be given several
    /// times
    #[arg(long, value_name = "[NAME=]UUID", env = "RETENO_IMPORT_APP_ID")]
    pub(crate) app_id: Vec<AppId>,

    /// Who opted out, and tokens that are not valid any more: leave them out and tell; or send their tokens as not active
    #[arg(long, value_enum, default_value = "skip", env = "RETENO_IMPORT_INACTIVE")]
    pub(crate) inactive: InactiveArg,

    /// Leave out push tokens last seen longer ago, such as 270d, or before a day, such as 2026-03-01
    #[arg(long, value_name = "AGE|DATE", env = "RETENO_IMPORT_MAX_TOKEN_AGE")]
    pub(crate) max_token_age: Option<MaxTokenAge>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InactiveArg {
    Skip,
    Send,
}

/// An app in Reteno, perhaps for one app of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppId {
    /// What the source calls the app.
    pub(crate) name: Option<String>,
    pub(crate) id: String,
}

impl FromStr for AppId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, id) = match text.rsplit_once('=') {
            Some((name, id)) => (Some(name), id),
            None => (None, text),
        };
        if name.is_some_and(str::is_empty) {
            return Err("the name before = is missing; write NAME=UUID, or UUID alone".to_owned());
        }
        let id = Uuid::try_parse(id).map_err(|_| {
            "write the app's UUID in Reteno, such as 83b77a49-fc28-409b-aeaa-68c9d544ab9d, or NAME=UUID"
                .to_owned()
        })?;
        Ok(Self { name: name.map(str::to_owned), id: id.hyphenated().to_string() })
    }
}

/// A length of time before now, or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaxTokenAge {
    /// In whole days: the same for all runs of one day.
    Days(i32),
    /// Tokens last seen before that day.
    Since(Date),
}

impl FromStr for MaxTokenAge {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write an age such as 270d or 9mo, or a day such as 2026-03-01".to_owned();
        if let Ok(date) = text.parse::<Date>() {
            return Ok(Self::Since(date));
        }
        let span: Span = text.parse().map_err(|_| wrong())?;
        let days = span.total((Unit::Day, today())).map_err(|_| wrong())?;
        if !(1.0..=100_000.0).contains(&days) {
            return Err(wrong());
        }
        Ok(Self::Days(days as i32))
    }
}

impl MaxTokenAge {
    /// The day (UTC) before which tokens are too old.
    pub(crate) fn first_day(self) -> Date {
        match self {
            Self::Since(date) => date,
            Self::Days(days) => today().saturating_sub(Span::new().days(days)),
        }
    }

    /// The beginning of that day, in milliseconds since 1970.
    pub(crate) fn milliseconds(self) -> i64 {
        let midnight = TimeZone::UTC.to_timestamp(self.first_day().at(0, 0, 0, 0));
        // Dates beyond those of timestamps are before all others.
        midnight.map_or(i64::MIN, Timestamp::as_millisecond)
    }
}

/// The day that it is (UTC).
fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

const PRESETS_EXAMPLES: &str = "Examples:
  reteno-import presets                         # the exports that are known
  reteno-import presets onesignal > mine.toml   # one of them, to start from
  reteno-import presets --explain export.csv    # what becomes of the first records
  reteno-import presets --explain export.csv --from mine.toml";

/// List the exports that are known, print one of their mappings, or show what becomes of records
///
/// A mapping says where in a record of an export each member of a contact comes from. With --explain, the first records of
/// an input are shown as contacts, each member with its place in the record; nothing is written. It prints values as they
/// are, and so personal data. What a mapping can say, `reteno-import schema mapping` and docs/mapping.md tell.
#[derive(Debug, ClapArgs)]
#[command(after_help = PRESETS_EXAMPLES)]
pub(crate) struct PresetsArgs {
    /// The preset to print; without it, all are listed. A mapping of your own is named by --from, with --explain
    #[arg(conflicts_with_all = ["explain", "records"])]
    pub(crate) name: Option<String>,

    /// Show what becomes of the first records of a file; - is standard input
    #[arg(long, value_name = "INPUT")]
    pub(crate) explain: Option<PathBuf>,

    /// How many records to show
    #[arg(short = 'n', long, value_name = "N", default_value = "3")]
    pub(crate) records: NonZeroUsize,

    /// How records stand in the input
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) format: FormatArg,

    /// What stands between the cells of CSV; by default what the header shows
    #[arg(long, value_name = "CHARACTER")]
    pub(crate) delimiter: Option<Delimiter>,

    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

/// What stands between the cells of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delimiter(pub(crate) u8);

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.as_bytes() {
            b"\\t" | b"tab" => Ok(Self(b'\t')),
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(Self(*byte)),
            _ => Err("write one ASCII character, such as ; or |, or tab".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_a_uuid_perhaps_with_a_name_before_it() {
        let id = "83b77a49-fc28-409b-aeaa-68c9d544ab9d";
        let alone = AppId { name: None, id: id.to_owned() };
        assert_eq!(id.parse(), Ok(alone.clone()));
        assert_eq!("83B77A49FC28409BAEAA68C9D544AB9D".parse(), Ok(alone));
        assert_eq!(
            format!("a=b={id}").parse(),
            Ok(AppId { name: Some("a=b".to_owned()), id: id.to_owned() })
        );
        for text in ["", "com.example.app", "=83b77a49-fc28-409b-aeaa-68c9d544ab9d", "app="] {
            assert!(text.parse::<AppId>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_age_is_of_days_and_a_day_is_itself() {
        assert_eq!("270d".parse(), Ok(MaxTokenAge::Days(270)));
        assert_eq!("2 weeks".parse(), Ok(MaxTokenAge::Days(14)));
        let day: MaxTokenAge = "2026-03-01".parse().expect("a day");
        assert_eq!(day.milliseconds(), 1_772_323_200_000);
        for text in ["", "270", "0d", "-5d", "1h", "soon", "2026-13-01"] {
            assert!(text.parse::<MaxTokenAge>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_delimiter_is_one_character() {
        for (text, byte) in [(";", b';'), ("tab", b'\t'), ("\\t", b'\t'), ("\t", b'\t'), ("|", b'|')] {
            assert_eq!(text.parse(), Ok(Delimiter(byte)), "{text}");
        }
        for text in ["", ";;", "é", "\"", "\n"] {
            assert!(text.parse::<Delimiter>().is_err(), "{text}");
        }
    }
}
