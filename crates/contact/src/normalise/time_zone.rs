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
    // The data's own canonical name for universal time is one that many systems do not take.
    let canonical = if matches!(known.canonical, "Etc/UTC") { "UTC" } else { known.canonical };
    Change::if_new(text, canonical.to_owned())
}

/// Whether this is a name of the TZ database, links of old included, in its own letters.
pub(crate) fn is_time_zone(text: &str) -> bool {
    let known = NAMES.parse(text);
    known.time_zone != TimeZone::UNKNOWN && known.normalized == text
}
