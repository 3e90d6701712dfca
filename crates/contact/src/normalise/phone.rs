//! Telephone numbers, by the library that carries the numbering plans of the world.

use std::str::FromStr;

use phonenumber::{Mode, country};
use thiserror::Error;

use super::Change;

/// A region whose national numbers are meant where no country code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region(country::Id);

/// A text that is no region.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no region of telephone numbers; write two capital letters of ISO 3166, such as UA or GB")]
pub struct RegionError(String);

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        text.parse().map(Self).map_err(|_| RegionError(text.to_owned()))
    }
}

/// The longest text that is looked at: no number has so many characters.
const LONGEST: usize = 64;

/// The international number as digits. Without a country code it is one only where a default region says so.
pub(super) fn phone(text: &str, default_region: Option<Region>) -> Change<'_> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits && (7..=15).contains(&text.len()) && !text.starts_with('0') {
        return Change::Unchanged;
    }
    let number = text.trim();
    let number = number.strip_prefix("tel:").unwrap_or(number);
    let is_number = number.len() <= LONGEST
        && number.chars().any(|character| character.is_ascii_digit())
        && number.chars().all(|character| {
            character.is_ascii_digit()
                || matches!(
                    character,
                    '+' | ' ' | '\u{A0}' | '\u{202F}' | '-' | '‐' | '‑' | '–' | '(' | ')' | '.' | '/'
                )
        });
    if !is_number {
        return Change::Unchanged;
    }
    let region = match default_region {
        _ if number.starts_with('+') => None,
        Some(Region(region)) => Some(region),
        None => return Change::Unchanged,
    };
    match phonenumber::parse(region, number) {
        Ok(parsed) if parsed.extension().is_none() && parsed.is_valid() => {
            let international = parsed.format().mode(Mode::E164).to_string();
            let digits = international.trim_start_matches('+');
            let is_normal = digits.bytes().all(|byte| byte.is_ascii_digit())
                && (7..=15).contains(&digits.len())
                && !digits.starts_with('0');
            if is_normal { Change::if_new(text, digits.to_owned()) } else { Change::Unchanged }
        }
        _ => Change::Unchanged,
    }
}
