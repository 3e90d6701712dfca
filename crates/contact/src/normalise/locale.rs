//! Languages and locales.

use isolang::Language;
use oxilangtag::LanguageTag;

use super::Change;

/// A language tag with a language of ISO 639-1, in canonical form.
pub(super) fn language(text: &str) -> Change<'_> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase()) && text != "ua" {
        return Change::Unchanged;
    }
    let (primary, rest) = split(text);
    let primary = match primary.as_str() {
        "ua" => "uk".to_owned(),
        three if three.len() == 3 => {
            match Language::from_639_3(three).and_then(|language| language.to_639_1()) {
                Some(two) => two.to_owned(),
                None => return Change::Unchanged,
            }
        }
        two if two.len() == 2 => primary,
        _ => return Change::Unchanged,
    };
    canonical(text, &primary, &rest)
}

/// A language tag in canonical form.
pub(super) fn locale(text: &str) -> Change<'_> {
    let (primary, mut rest) = split(text);
    let primary = if primary == "ua" {
        if rest.is_empty() {
            rest.push("UA".to_owned());
        }
        "uk".to_owned()
    } else {
        primary
    };
    canonical(text, &primary, &rest)
}

fn split(text: &str) -> (String, Vec<String>) {
    let mut subtags = text.split(['-', '_']);
    let primary = subtags.next().unwrap_or_default().to_ascii_lowercase();
    let rest = subtags
        // The United Kingdom is GB; UK is kept for it, and no tag has it.
        .map(|subtag| if subtag.eq_ignore_ascii_case("uk") { "GB".to_owned() } else { subtag.to_owned() })
        .collect();
    (primary, rest)
}

fn canonical<'a>(text: &str, primary: &str, rest: &[String]) -> Change<'a> {
    let tag = std::iter::once(primary).chain(rest.iter().map(String::as_str)).collect::<Vec<_>>().join("-");
    match LanguageTag::parse_and_normalize(&tag) {
        Ok(tag) => Change::if_new(text, tag.into_inner()),
        Err(_) => Change::Unchanged,
    }
}

/// Whether this is a language tag (RFC 5646) whose language is one of ISO 639-1.
pub(crate) fn is_language_tag(text: &str) -> bool {
    LanguageTag::parse(text).is_ok_and(|tag| {
        let primary = tag.primary_language();
        primary.len() == 2 && Language::from_639_1(primary).is_some()
    })
}
