//! Patterns of texts that are plainly in normal form, and of texts that plainly have a format.
//!
//! Each says less than its normaliser or format, never more: a text that a pattern takes has nothing to be repaired or
//! refused there, and of all others nothing is said. They are patterns of the crate `regex`.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_normalizer::properties::{
    CanonicalCombiningClassMapBorrowed, CanonicalDecompositionBorrowed, Decomposed,
};

use crate::format::is_language_tag;
use crate::normalise::{APOSTROPHES, HYPHENS, Normaliser, SYSTEMS};

/// What `trim` takes away at the ends, and control characters nowhere.
const TRIMMED: &str = r"^(?:[^\s\p{Cc}\x{FEFF}\x{200B}](?:[^\p{Cc}]*[^\s\p{Cc}\x{FEFF}\x{200B}])?)?$";

/// No white space but single spaces.
const SINGLE_SPACED: &str = r"^(?: ?\S)* ?$";

/// Whatever stands before the last `@`.
const LOWERCASE_DOMAIN: &str = r"^(?:[^@]*|(?s:.)*@[^@A-Z]*)$";

/// No two hyphens in the domain, so that no label is one of IDNA; no colon, so that there is no `mailto:`.
const NORMAL_EMAIL: &str = r"^[!-9;-~]*@(?:-?[a-z0-9.])*-?$";

/// A mailbox without quotes at a host name without two hyphens side by side. An email of up to 64 bytes has no part that
/// is too long.
const EMAIL: &str = concat!(
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+)*@",
    r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?:\.[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)*$",
);

/// As ITU-T E.164 has it, without the plus.
const INTERNATIONAL_NUMBER: &str = "^[1-9][0-9]{6,14}$";

/// A language, or a language and a region, both of two letters: neither Ukrainian by its country nor the United Kingdom
/// by its abbreviation.
const PLAIN_TAG: &str = "^(?:[a-tv-z][a-z]|u[b-z])(?:-(?:[A-TV-Z][A-Z]|U[A-JL-Z]))?$";

/// The shape of what `date` makes.
const NORMAL_DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";

/// The shape of what `date-time` makes.
const NORMAL_DATE_TIME: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$";

/// The shape of what `uuid` makes.
const NORMAL_UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

const UUID: &str = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$";

/// A date of any year; which years have a 29th of February is beyond a pattern of sensible length.
macro_rules! date {
    () => {
        concat!(
            "[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])",
            "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))",
        )
    };
}

/// A time of day with its offset; leap seconds are left to those who know when they can be.
macro_rules! time {
    () => {
        r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
    };
}

const DATE: &str = concat!("^", date!(), "$");

const TIME: &str = concat!("^", time!(), "$");

const DATE_TIME: &str = concat!("^", date!(), "T", time!(), "$");

const IPV4: &str = concat!(
    r"^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}",
    "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$",
);

const JSON_POINTER: &str = "^(?:/(?:[^/~]|~[01])*)*$";

/// A pattern all of whose texts the normaliser leaves as they are, whatever the settings; `None` where no pattern can say
/// it.
pub(crate) fn pattern_of(normaliser: Normaliser) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(match normaliser {
        Normaliser::Trim => TRIMMED,
        Normaliser::Nfc => &COMPOSED,
        Normaliser::CollapseSpace => SINGLE_SPACED,
        Normaliser::LowercaseDomain => LOWERCASE_DOMAIN,
        Normaliser::Email => NORMAL_EMAIL,
        Normaliser::Phone => INTERNATIONAL_NUMBER,
        Normaliser::PersonName => return Some(without_foreign_signs().into()),
        Normaliser::Os => return Some(of_no_other_name_of_a_system().into()),
        Normaliser::Locale | Normaliser::Language => PLAIN_TAG,
        // A name may be a link to another one, and the names are many.
        Normaliser::TimeZone => return None,
        Normaliser::Date => NORMAL_DATE,
        Normaliser::DateTime => NORMAL_DATE_TIME,
        // Only numbers and truth values are changed.
        Normaliser::IntegerText | Normaliser::ScalarText => "",
        Normaliser::Uuid => NORMAL_UUID,
        Normaliser::EmptyToAbsent => r"\S",
    }))
}

/// A pattern all of whose texts have the format, as the validator and [`crate::FORMATS`] check it; an email is up to the
/// pattern only if it has at most 64 bytes. `None` where no pattern says it.
pub(crate) fn pattern_of_format(format: &str) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(match format {
        "email" => EMAIL,
        "uuid" => UUID,
        "date" => DATE,
        "time" => TIME,
        "date-time" => DATE_TIME,
        "ipv4" => IPV4,
        "json-pointer" => JSON_POINTER,
        "language-tag" => return Some(of_a_known_language().into()),
        _ => return None,
    }))
}

/// Texts of characters that are in normalisation form C whatever stands beside them.
///
/// A text is in that form if its characters do not change alone, are in canonical order, and none is composed with one
/// before it. Order is only asked for between characters of combining classes other than 0, and none of those is here;
/// nor is one that any character is composed with. Letters of Hangul are composed by rule rather than by table.
static COMPOSED: LazyLock<String> = LazyLock::new(|| {
    const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
    const DECOMPOSITION: CanonicalDecompositionBorrowed<'static> = CanonicalDecompositionBorrowed::new();
    const CLASSES: CanonicalCombiningClassMapBorrowed<'static> = CanonicalCombiningClassMapBorrowed::new();
    let mut is_safe = vec![true; 0x1_0000];
    for character in '\0'..='\u{FFFF}' {
        let changes = match DECOMPOSITION.decompose(character) {
            Decomposed::Default => false,
            // A syllable of Hangul, whose parts are taken out below.
            Decomposed::Expansion(..) if matches!(character, '\u{AC00}'..='\u{D7A3}') => false,
            Decomposed::Singleton(_) => true,
            Decomposed::Expansion(_, second) => {
                if let Some(is_safe) = is_safe.get_mut(second as usize) {
                    *is_safe = false;
                }
                !NFC.is_normalized(character.encode_utf8(&mut [0; 4]))
            }
        };
        let is_part_of_hangul = matches!(character, '\u{1100}'..='\u{11FF}');
        if changes || is_part_of_hangul || CLASSES.get_u8(character) != 0 {
            is_safe[character as usize] = false;
        }
    }
    // What is not assigned may come to combine, and private characters combine as their users like.
    format!(r"^[{}&&[^\p{{Cn}}\p{{Co}}]]*$", ranges(&is_safe))
});

/// The characters that are marked, for a class of a pattern. Surrogates may be within a range: no text has them.
fn ranges(is_marked: &[bool]) -> String {
    let mut ranges = String::new();
    let mut first = 0;
    for run in is_marked.chunk_by(|one, next| one == next) {
        let last = first + run.len() - 1;
        if run[0] {
            // Writing to a text cannot fail.
            let _ = write!(ranges, r"\x{{{first:X}}}-\x{{{last:X}}}");
        }
        first = last + 1;
    }
    ranges
}

/// A character, whatever it means to patterns.
fn escaped(character: char) -> String {
    format!(r"\x{{{:X}}}", u32::from(character))
}

/// Names without any of the signs for which others are put, wherever they stand.
fn without_foreign_signs() -> String {
    let signs: String = APOSTROPHES.iter().chain(HYPHENS).copied().map(escaped).collect();
    format!("^[^{signs}]*$")
}

/// The systems' own names, and all that is none of those that exports use for them.
fn of_no_other_name_of_a_system() -> String {
    let names: Vec<&str> = SYSTEMS.iter().map(|(name, _)| *name).collect();
    let systems: String =
        SYSTEMS.iter().flat_map(|(_, os)| ["|".to_owned(), os.chars().map(escaped).collect()]).collect();
    format!("^(?:{}{systems})$", none_of(&names))
}

/// All texts but these words in ASCII letters of any case.
fn none_of(words: &[&str]) -> String {
    let mut after: BTreeMap<char, Vec<&str>> = BTreeMap::new();
    let mut is_word = false;
    for word in words {
        let mut rest = word.chars();
        match rest.next() {
            Some(first) => after.entry(first.to_ascii_lowercase()).or_default().push(rest.as_str()),
            None => is_word = true,
        }
    }
    if after.is_empty() {
        return if is_word { "(?s:.)+" } else { "(?s:.)*" }.to_owned();
    }
    let both_cases = |letter: &char| escaped(*letter) + &escaped(letter.to_ascii_uppercase());
    let firsts: String = after.keys().map(both_cases).collect();
    // The text parts from all words here, or ends where none does.
    let mut choices = format!("[^{firsts}](?s:.)*{}", if is_word { "" } else { "|" });
    for (first, rests) in &after {
        let _ = write!(choices, "|[{}]{}", both_cases(first), none_of(rests));
    }
    format!("(?:{choices})")
}

/// Languages of two letters that are known, each alone or with any region.
fn of_a_known_language() -> String {
    let mut languages = String::new();
    for first in 'a'..='z' {
        let seconds: String =
            ('a'..='z').filter(|second| is_language_tag(&format!("{first}{second}"))).collect();
        if !seconds.is_empty() {
            let _ = write!(languages, "|{first}[{seconds}]");
        }
    }
    format!("^(?:{})(?:-[A-Z]{{2}})?$", languages.trim_start_matches('|'))
}
