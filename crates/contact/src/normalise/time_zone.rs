//! Names of the TZ database.

use std::sync::LazyLock;

use icu_time::TimeZone;
use icu_time::zone::iana::{IanaParserExtended, IanaParserExtendedBorrowed};

use super::Change;

static NAMES: LazyLock<IanaParserExtendedBorrowed<'static>> = LazyLock::new(IanaParserExtended::new);

/// The canonical name, also for one that is only a link to it or is written in other letters.
pub(super) fn time_zone(text: &str) -> Change<'_> {
    let known = NAMES.parse(text);
    if known.time_zone == TimeZone::UNKNOWN {
        return Change::Unchanged;
    }
    // Universal time goes by its everyday name: a contact that says UTC or GMT has nothing to be repaired.
    let canonical = match known.canonical {
        "Etc/UTC" => "UTC",
        "Etc/GMT" => "GMT",
        other => other,
    };
    Change::if_new(text, canonical)
}

/// Whether this is a name of the TZ database, links of old included, in its own letters.
#[must_use]
pub fn is_time_zone(text: &str) -> bool {
    let known = NAMES.parse(text);
    known.time_zone != TimeZone::UNKNOWN && known.normalized == text
}
