//! Languages and locales.

use isolang::Language;
use oxilangtag::LanguageTag;

use super::Change;

/// A language tag with a language of ISO 639-1, in canonical form.
pub(super) fn language(text: &str) -> Change<'_> {
    if is_plain(text) {
        return Change::Unchanged;
    }
    let (primary, rest) = split(text);
    let two_letters = match primary.as_str() {
        "ua" => Some("uk"),
        code if code.len() == 3 => Language::from_639_3(code).and_then(|language| language.to_639_1()),
        code => Language::from_639_1(code).and_then(|language| language.to_639_1()),
    };
    match two_letters {
        Some(primary) => canonical(text, primary, rest),
        None => Change::Unchanged,
    }
}

/// A language tag in canonical form.
pub(super) fn locale(text: &str) -> Change<'_> {
    if is_plain(text) {
        return Change::Unchanged;
    }
    let (primary, rest) = split(text);
    match (primary.as_str(), rest) {
        ("ua", None) => Change::To("uk-UA".into()),
        ("ua", rest) => canonical(text, "uk", rest),
        (code, rest) if Language::from_639_1(code).or_else(|| Language::from_639_3(code)).is_some() => {
            canonical(text, code, rest)
        }
        _ => Change::Unchanged,
    }
}

/// Whether this is a language, or a language and a region, in the letters of the canonical form; nearly all tags are.
fn is_plain(text: &str) -> bool {
    match *text.as_bytes() {
        [a, b] => [a, b].iter().all(u8::is_ascii_lowercase) && text != "ua",
        [a, b, b'-', c, d] => {
            [a, b].iter().all(u8::is_ascii_lowercase)
                && [c, d].iter().all(u8::is_ascii_uppercase)
                && !text.starts_with("ua")
                && !text.ends_with("UK")
        }
        _ => false,
    }
}

/// The language in small letters, and what follows its hyphen or underscore.
fn split(text: &str) -> (String, Option<&str>) {
    match text.split_once(['-', '_']) {
        Some((primary, rest)) => (primary.to_ascii_lowercase(), Some(rest)),
        None => (text.to_ascii_lowercase(), None),
    }
}

fn canonical<'a>(text: &str, primary: &str, rest: Option<&str>) -> Change<'a> {
    let mut tag = primary.to_owned();
    let mut may_be_region = true;
    for subtag in rest.iter().flat_map(|rest| rest.split(['-', '_'])) {
        let is_region = may_be_region && subtag.len() == 2;
        // Only a script and an extended language stand between the language and its region.
        may_be_region = !is_region && matches!(subtag.len(), 3 | 4);
        tag.push('-');
        if is_region && subtag.eq_ignore_ascii_case("uk") {
            if primary == "uk" {
                // The language once more, or the United Kingdom? Nobody knows.
                return Change::Unchanged;
            }
            // The United Kingdom is GB; UK is kept for it, and no tag has it.
            tag.push_str("GB");
        } else {
            tag.push_str(subtag);
        }
    }
    match LanguageTag::parse_and_normalize(&tag) {
        Ok(tag) => Change::if_new(text, tag.into_inner()),
        Err(_) => Change::Unchanged,
    }
}

/// Whether this is a language tag (RFC 5646, in letters of any case) whose language is one of ISO 639-1.
#[must_use]
pub fn is_language_tag(text: &str) -> bool {
    LanguageTag::parse(text).is_ok_and(|tag| {
        let primary = tag.primary_language();
        primary.len() == 2 && Language::from_639_1(&primary.to_ascii_lowercase()).is_some()
    })
}
