//! Repairs of texts of any kind.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use idna::AsciiDenyList;
use uuid::Uuid;

use super::Change;

/// Longer domains are left alone: in ASCII one has at most 253 letters, and no script needs four times as many bytes.
const LONGEST_DOMAIN_BYTES: usize = 1024;

/// Invisible, and white space to nobody but Unicode's older versions.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || character.is_control() || matches!(character, '\u{FEFF}' | '\u{200B}')
}

/// White space at both ends and control characters out. A run of tabs and line ends inside becomes one space, so that
/// words stay apart.
pub(super) fn trim(text: &str) -> Change<'_> {
    let bytes = text.as_bytes();
    let is_plain = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_graphic);
    if is_plain(bytes.first())
        && is_plain(bytes.last())
        && bytes.iter().all(|byte| matches!(byte, 0x20..=0x7E))
    {
        return Change::Unchanged;
    }
    let trimmed = text.trim_matches(is_blank);
    if !trimmed.contains(char::is_control) {
        return Change::if_new(text, trimmed);
    }
    let mut cleaned = String::with_capacity(trimmed.len());
    let mut after_break = false;
    for character in trimmed.chars() {
        let is_break = character.is_control() && character.is_whitespace();
        if is_break && !after_break {
            cleaned.push(' ');
        } else if !character.is_control() {
            cleaned.push(character);
        }
        after_break = is_break;
    }
    Change::To(cleaned.into())
}

/// Unicode normalisation form C.
pub(super) fn nfc(text: &str) -> Change<'_> {
    if text.is_ascii() {
        return Change::Unchanged;
    }
    const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
    match NFC.normalize(text) {
        Cow::Borrowed(_) => Change::Unchanged,
        Cow::Owned(composed) => Change::if_new(text, composed),
    }
}

/// Every run of white space inside becomes one space.
pub(super) fn collapse_space(text: &str) -> Change<'_> {
    let mut before = 'x';
    let collapsed = text.chars().all(|character| {
        let fine = !character.is_whitespace() || (character == ' ' && before != ' ');
        before = character;
        fine
    });
    if collapsed {
        return Change::Unchanged;
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if !character.is_whitespace() {
            out.push(character);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    Change::To(out.into())
}

/// What follows the last `@` in small letters; only ASCII is touched.
pub(super) fn lowercase_domain(text: &str) -> Change<'_> {
    match text.rsplit_once('@') {
        Some((local, domain)) if domain.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Change::To(format!("{local}@{}", domain.to_ascii_lowercase()).into())
        }
        _ => Change::Unchanged,
    }
}

/// White space and `mailto:` out, the domain by IDNA as ASCII in small letters. What stands before the `@` is another
/// mailbox with every other letter, so it is kept.
pub(super) fn email(text: &str) -> Change<'_> {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    if let Some((local, domain)) = text.rsplit_once('@')
        && domain.bytes().all(is_plain)
        && !domain.contains("xn--")
        && local.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
    {
        return Change::Unchanged;
    }
    let address = without_mailto(text);
    let Some((local, domain)) = address.rsplit_once('@') else { return Change::Unchanged };
    if !is_mailbox(local) || domain.is_empty() || domain.len() > LONGEST_DOMAIN_BYTES {
        return Change::Unchanged;
    }
    // The list keeps out what no host name has, such as a space or `>`: with these it is no address at all.
    match idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::URL) {
        Ok(ascii) if ascii.is_empty() => Change::Unchanged,
        Ok(ascii) if *ascii == *domain => Change::if_new(text, address),
        Ok(ascii) => Change::To(format!("{local}@{ascii}").into()),
        Err(_) => Change::Unchanged,
    }
}

/// Whether one mailbox can be meant: in quotes anything goes, without them none of the signs that part addresses.
fn is_mailbox(local: &str) -> bool {
    let is_quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let is_bare = !local.is_empty()
        && !local.contains(|character| is_blank(character) || "@<>()[],;:\\\"".contains(character));
    is_quoted || is_bare
}

/// The text without what is blank at its ends and without the scheme of a link, however often it stands there.
fn without_mailto(text: &str) -> &str {
    const SCHEME: &str = "mailto:";
    let mut address = text.trim_matches(is_blank);
    while let Some((start, rest)) = address.split_at_checked(SCHEME.len())
        && start.eq_ignore_ascii_case(SCHEME)
    {
        address = rest.trim_matches(is_blank);
    }
    address
}

/// The names that exports use for the two systems that take push messages, in small letters, and the systems.
pub(crate) const SYSTEMS: &[(&str, &str)] = &[
    ("android", "Android"),
    ("gcm", "Android"),
    ("fcm", "Android"),
    ("ios", "iOS"),
    ("iphone os", "iOS"),
    ("ipados", "iOS"),
    ("apns", "iOS"),
    ("apns_sandbox", "iOS"),
    ("apns_voip", "iOS"),
];

/// One name for each system that takes push messages.
pub(super) fn os(text: &str) -> Change<'_> {
    match SYSTEMS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        Some((_, os)) => Change::if_new(text, *os),
        None => Change::Unchanged,
    }
}

/// Hyphens and small letters.
pub(super) fn uuid(text: &str) -> Change<'_> {
    let is_normal =
        text.len() == 36 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    if is_normal {
        return Change::Unchanged;
    }
    match Uuid::try_parse(text) {
        Ok(uuid) => Change::if_new(text, uuid.hyphenated().to_string()),
        Err(_) => Change::Unchanged,
    }
}
