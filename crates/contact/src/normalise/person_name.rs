//! One form of the signs inside a name.

use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;

use super::Change;

/// What keyboards, word processors and alphabets put for an apostrophe: accents and primes alone, quotation marks,
/// modifier letters, the Armenian and the Hebrew sign, the saltillo, wide forms.
pub(crate) const APOSTROPHES: &[char] = &[
    '`', '\u{B4}', '\u{2B9}', '\u{2BB}', '\u{2BC}', '\u{2BD}', '\u{2C8}', '\u{2CA}', '\u{2CB}', '\u{55A}',
    '\u{5F3}', '\u{2018}', '\u{2019}', '\u{201B}', '\u{2032}', '\u{2035}', '\u{A78B}', '\u{A78C}',
    '\u{FF07}', '\u{FF40}',
];

/// What stands for a hyphen: hyphens, the shorter dashes, the minus, small and wide forms.
pub(crate) const HYPHENS: &[char] =
    &['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2212}', '\u{FE63}', '\u{FF0D}'];

/// Inside a word every apostrophe becomes `'` and every hyphen `-`. Nothing is removed.
pub(super) fn person_name(text: &str) -> Change<'_> {
    if text.is_ascii() && !text.contains('`') {
        return Change::Unchanged;
    }
    if !text.contains(|character| APOSTROPHES.contains(&character) || HYPHENS.contains(&character)) {
        return Change::Unchanged;
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut after_letter = false;
    while let Some(character) = characters.next() {
        let is_inside = after_letter && characters.peek().copied().is_some_and(is_letter);
        out.push(match character {
            sign if is_inside && APOSTROPHES.contains(&sign) => '\'',
            sign if is_inside && HYPHENS.contains(&sign) => '-',
            other => other,
        });
        // An accent belongs to the letter that it stands on.
        after_letter = is_letter(character) || (after_letter && is_accent(character));
    }
    Change::if_new(text, out)
}

/// Some apostrophes are letters to Unicode, too; here they are not.
fn is_letter(character: char) -> bool {
    character.is_alphabetic() && !APOSTROPHES.contains(&character)
}

fn is_accent(character: char) -> bool {
    const CLASSES: CanonicalCombiningClassMapBorrowed<'static> = CanonicalCombiningClassMapBorrowed::new();
    CLASSES.get_u8(character) != 0
}
