//! Points in time, out of a fixed span: the clock of the machine plays no part.

use fastrand::Rng;

use crate::text::put;

const SECONDS_PER_DAY: u32 = 24 * 60 * 60;

/// The end of the span, 2026-10-01.
const END: u32 = 20_727 * SECONDS_PER_DAY;

/// How long ago, at most, somebody was last seen, and how long before that, at most, for the first time.
const DAYS: u32 = 1500;

/// Seconds since 1970, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(pub(crate) u32);

impl Instant {
    /// When somebody was last seen: rather lately than long ago.
    pub(crate) fn last_seen(random: &mut Rng) -> Self {
        let span = DAYS * SECONDS_PER_DAY;
        Self(END - random.u32(1..span).min(random.u32(1..span)))
    }

    /// Some time before.
    pub(crate) fn before(self, random: &mut Rng) -> Self {
        Self(self.0 - random.u32(1..DAYS * SECONDS_PER_DAY))
    }

    /// Appends it as RFC 3339 has it, with milliseconds.
    pub(crate) fn write(self, line: &mut Vec<u8>, milliseconds: u16) {
        let (year, month, day) = civil(self.0 / SECONDS_PER_DAY);
        let second = self.0 % SECONDS_PER_DAY;
        digits(line, year, 4);
        line.push(b'-');
        digits(line, month, 2);
        line.push(b'-');
        digits(line, day, 2);
        line.push(b'T');
        digits(line, second / 3600, 2);
        line.push(b':');
        digits(line, second / 60 % 60, 2);
        line.push(b':');
        digits(line, second % 60, 2);
        line.push(b'.');
        digits(line, u32::from(milliseconds), 3);
        put(line, "Z");
    }
}

/// Year, month and day of a number of days since 1970-01-01, by eras of 400 years that begin in March.
fn civil(days: u32) -> (u32, u32, u32) {
    let since_era = days + 719_468;
    let (era, day_of_era) = (since_era / 146_097, since_era % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u32::from(month <= 2), month, day)
}

fn digits(line: &mut Vec<u8>, value: u32, count: u32) {
    for place in (0..count).rev() {
        line.push(b'0' + (value / 10_u32.pow(place) % 10) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.007Z"),
            (951_782_399, "2000-02-28T23:59:59.007Z"),
            (951_782_400, "2000-02-29T00:00:00.007Z"),
            (1_735_689_599, "2024-12-31T23:59:59.007Z"),
            (END, "2026-10-01T00:00:00.007Z"),
        ] {
            let mut line = Vec::new();
            Instant(seconds).write(&mut line, 7);
            assert_eq!(String::from_utf8_lossy(&line), text);
        }
    }
}
