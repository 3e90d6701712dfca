//! Telephone numbers, by the library that carries the numbering plans of the world.

use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, enums};
use thiserror::Error;

use super::Change;

/// A region whose national numbers are meant where no country code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region(enums::Region);

impl Region {
    /// The region of that code, where its numbers are known.
    fn from_code(code: &str) -> Option<Self> {
        PHONE_NUMBER_UTIL.get_supported_regions().find(|region| region.to_string() == code).map(Self)
    }
}

/// A text that is no region.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegionError {
    /// It is almost one.
    #[error("{text:?} is no region of telephone numbers; write {meant}")]
    Misspelt {
        /// What was given.
        text: String,
        /// The region as it has to be written.
        meant: String,
    },
    /// Nothing is known of it.
    #[error(
        "{text:?} is no region of telephone numbers; write two capital letters of ISO 3166, such as UA or GB"
    )]
    Unknown {
        /// What was given.
        text: String,
    },
}

impl FromStr for Region {
    type Err = RegionError;

    /// # Errors
    /// When the text is not two capital letters of ISO 3166 whose telephone numbers are known.
    fn from_str(text: &str) -> Result<Self, RegionError> {
        if let Some(region) = Self::from_code(text) {
            return Ok(region);
        }
        let capital = text.trim().to_ascii_uppercase();
        // The United Kingdom is GB to ISO 3166, and UK in everyday life.
        let meant = if capital == "UK" { "GB".to_owned() } else { capital };
        Err(match Self::from_code(&meant) {
            Some(_) => RegionError::Misspelt { text: text.to_owned(), meant },
            None => RegionError::Unknown { text: text.to_owned() },
        })
    }
}

/// The longest text that is looked at: no number has so many characters.
const LONGEST_BYTES: usize = 64;

/// The international number as digits. Without a country code it is one only where a default region says so.
pub(super) fn phone(text: &str, default_region: Option<Region>) -> Change<'_> {
    if is_international(text) {
        return Change::Unchanged;
    }
    let number = without_tel(text);
    if is_international(number) {
        return Change::if_new(text, number);
    }
    let Some(compact) = compact(number) else { return Change::Unchanged };
    let region = match default_region {
        _ if compact.starts_with('+') => None,
        Some(Region(region)) => Some(region),
        None => return Change::Unchanged,
    };
    match PHONE_NUMBER_UTIL.parse(&compact, region) {
        Ok(parsed) if parsed.extension.is_none() && parsed.is_valid() => {
            let international = parsed.format_as(PhoneNumberFormat::E164);
            match international.strip_prefix('+') {
                Some(digits) if is_international(digits) => Change::To(digits.to_owned().into()),
                _ => Change::Unchanged,
            }
        }
        // Nobody may have such a number, but there is no doubt which one is meant: with or without the plus it is the same.
        _ => match number.strip_prefix('+') {
            Some(digits) if is_international(digits) => Change::To(digits.to_owned().into()),
            _ => Change::Unchanged,
        },
    }
}

/// The normal form: no country code begins with 0, and ITU-T E.164 allows 15 digits.
fn is_international(text: &str) -> bool {
    (7..=15).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The text without the scheme of a link and without what is not seen at its ends: address books wrap numbers in marks
/// of direction.
fn without_tel(text: &str) -> &str {
    const SCHEME: &str = "tel:";
    let is_unseen = |character: char| {
        character.is_whitespace()
            || matches!(
                character,
                '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
            )
    };
    let number = text.trim_matches(is_unseen);
    match number.split_at_checked(SCHEME.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(SCHEME) && rest.starts_with('+') => rest,
        _ => number,
    }
}

/// The digits alone, after a `+` where the number has one. `None` where anything but the usual separators is there: a
/// slash may stand between two numbers, a letter may begin an extension. The library sees nothing else of a text.
fn compact(number: &str) -> Option<String> {
    if number.len() > LONGEST_BYTES {
        return None;
    }
    let mut compact = String::with_capacity(number.len());
    for character in number.chars() {
        match character {
            '0'..='9' => compact.push(character),
            '+' if compact.is_empty() => compact.push(character),
            '-' | '‐' | '‑' | '‒' | '–' | '−' | '(' | ')' | '.' => {}
            space if space.is_whitespace() && !space.is_control() => {}
            _ => return None,
        }
    }
    compact.ends_with(|character: char| character.is_ascii_digit()).then_some(compact)
}
