//! Dates and times of day, without zones.

use jiff::civil::{Date, DateTime};

use super::Change;

/// `yyyy-MM-dd`, from the forms that name the day first. Two digits of a year are not enough to know it.
pub(super) fn date(text: &str) -> Change<'_> {
    let date = ["%d/%m/%Y", "%d.%m.%Y"]
        .into_iter()
        .filter(|_| text.len() == 10)
        .find_map(|format| Date::strptime(format, text).ok())
        .filter(|date| date.year() >= 1000);
    match date {
        Some(date) => Change::if_new(text, date.to_string()),
        None => Change::Unchanged,
    }
}

/// `yyyy-MM-ddTHH:mm`, from a space between date and time, and from seconds that are zero. Other seconds, and offsets,
/// would be lost: they stay.
pub(super) fn date_time(text: &str) -> Change<'_> {
    let date_time = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
        .into_iter()
        .filter(|_| matches!(text.len(), 16 | 19))
        .find_map(|format| DateTime::strptime(format, text).ok())
        .filter(|date_time| date_time.second() == 0 && date_time.year() >= 1000);
    match date_time {
        Some(date_time) => Change::if_new(text, date_time.strftime("%Y-%m-%dT%H:%M").to_string()),
        None => Change::Unchanged,
    }
}
