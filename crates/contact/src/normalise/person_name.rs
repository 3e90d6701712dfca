//! One form of the signs inside a name.

use super::Change;

/// What keyboards and word processors put for an apostrophe.
fn is_apostrophe(character: char) -> bool {
    matches!(character, '’' | '‘' | 'ʼ' | 'ʻ' | 'ʹ' | 'ˈ' | '′' | '`' | '´' | '＇' | '՚' | 'Ꞌ' | 'ꞌ' | '‛')
}

/// What stands for a hyphen.
fn is_hyphen(character: char) -> bool {
    matches!(character, '‐' | '‑' | '‒' | '–' | '−' | '﹣' | '－')
}

/// Inside a word every apostrophe becomes `'` and every hyphen `-`. Nothing is removed.
pub(super) fn person_name(text: &str) -> Change<'_> {
    if !text.chars().any(|character| is_apostrophe(character) || is_hyphen(character)) {
        return Change::Unchanged;
    }
    let is_letter = |character: Option<char>| {
        character.is_some_and(|character| {
            // U+A78B and U+A78C count as letters, and so do the modifier letters among the apostrophes.
            character.is_alphanumeric() && !is_apostrophe(character)
        })
    };
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut before = None;
    while let Some(character) = characters.next() {
        let inside = is_letter(before) && is_letter(characters.peek().copied());
        out.push(match character {
            sign if inside && is_apostrophe(sign) => '\'',
            sign if inside && is_hyphen(sign) => '-',
            other => other,
        });
        before = Some(character);
    }
    Change::if_new(text, out)
}
