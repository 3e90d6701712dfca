//! Dates and times of day, without zones.

use jiff::civil::{Date, DateTime};

use super::Change;

/// Below it a year is one of two digits that something padded with zeros: which one is meant is not known.
const EARLIEST_YEAR: i16 = 1000;

/// `yyyy-MM-dd`, from the forms that name the day first. Two digits of a year are not enough to know it.
pub(super) fn date(text: &str) -> Change<'_> {
    let format = if has_shape(text, "00/00/0000") {
        "%d/%m/%Y"
    } else if has_shape(text, "00.00.0000") {
        "%d.%m.%Y"
    } else {
        return Change::Unchanged;
    };
    match Date::strptime(format, text) {
        Ok(date) if date.year() >= EARLIEST_YEAR => Change::To(date.to_string().into()),
        _ => Change::Unchanged,
    }
}

/// `yyyy-MM-ddTHH:mm`, from a space between date and time, and from seconds that are zero. Other seconds, and offsets,
/// would be lost: they stay.
pub(super) fn date_time(text: &str) -> Change<'_> {
    let format = if has_shape(text, "0000-00-00 00:00") {
        "%Y-%m-%d %H:%M"
    } else if has_shape(text, "0000-00-00 00:00:00") {
        "%Y-%m-%d %H:%M:%S"
    } else if has_shape(text, "0000-00-00T00:00:00") {
        "%Y-%m-%dT%H:%M:%S"
    } else {
        return Change::Unchanged;
    };
    match DateTime::strptime(format, text) {
        Ok(time) if time.second() == 0 && time.year() >= EARLIEST_YEAR => {
            Change::To(time.strftime("%Y-%m-%dT%H:%M").to_string().into())
        }
        _ => Change::Unchanged,
    }
}

/// Whether a text has a digit for each `0` of `shape`, and the same sign for each other one. The parser alone would
/// take blanks and signs for digits; and its errors, unlike this, allocate.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, wanted)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted })
}
