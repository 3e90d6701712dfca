//! Pieces that the formats have in common.

use fastrand::Rng;

use crate::export::Contact;
use crate::fault::Fault;
use crate::values::{CUSTOM_FIELDS, FIELD_NAMES, MAIL_DOMAINS, MAILBOXES, PHONE_NUMBERS};

/// What makes the model of any device longer than it may be.
pub(crate) const TOO_LONG: &str = " with a description that belongs into a field of its own text";

/// An email address; with the fault, one without an at sign.
pub(crate) fn email(line: &mut Vec<u8>, fault: Option<Fault>, random: &mut Rng) {
    put(line, pick(MAILBOXES, random));
    number(line, random.u32(..10_000_000));
    put(line, if fault == Some(Fault::BadEmail) { ".example.com" } else { pick(MAIL_DOMAINS, random) });
}

/// A telephone number, as digits alone; with the fault, three of them.
pub(crate) fn phone(line: &mut Vec<u8>, fault: Option<Fault>, random: &mut Rng) {
    if fault == Some(Fault::BadPhone) {
        put(line, "112");
        return;
    }
    let (beginning, digits) = pick(PHONE_NUMBERS, random);
    put(line, beginning);
    for _ in 0..digits {
        line.push(random.u8(b'0'..=b'9'));
    }
}

/// A text that stands where the object should.
pub(crate) fn no_object(line: &mut Vec<u8>, key: u128) {
    line.push(b'"');
    uuid(line, key);
    line.push(b'"');
}

/// The member with the key of a contact; with a fault, an object in its place or nothing.
pub(crate) fn key_member(row: &mut Vec<u8>, contact: &Contact<'_>, name: &str) {
    if contact.has_fault(Fault::MissingKey) {
        return;
    }
    row.push(b'"');
    put(row, name);
    if contact.has_fault(Fault::NotAValue) {
        put(row, "\":{\"id\":17},");
        return;
    }
    put(row, "\":\"");
    external_id(row, contact.key);
    put(row, "\",");
}

/// The custom fields that a contact has, by their names.
pub(crate) fn named_fields(
    contact: &Contact<'_>,
    random: &mut Rng,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let fields = CUSTOM_FIELDS.iter().zip(FIELD_NAMES).take(contact.profile.custom_fields());
    fields.map(|((_, values), name)| (name, pick(values, random)))
}

/// What comes after the object, or takes all that follows `cut_at` away, with a fault.
pub(crate) fn broken_end(line: &mut Vec<u8>, fault: Option<Fault>, cut_at: usize) {
    match fault {
        Some(Fault::TrailingText) => line.push(b';'),
        Some(Fault::UnexpectedEnd) => line.truncate(cut_at),
        _ => {}
    }
}

/// A registration token of the shape that Firebase gives out: 22 characters, a colon, then a long rest.
pub(crate) fn fcm_token(line: &mut Vec<u8>, random: &mut Rng) {
    random_characters(line, 22, random);
    put(line, ":APA91b");
    random_characters(line, 121, random);
}

/// A device token of the shape that Apple gives out: 32 bytes in hexadecimal.
pub(crate) fn apns_token(line: &mut Vec<u8>, random: &mut Rng) {
    hexadecimal(line, random.u128(..), 32);
    hexadecimal(line, random.u128(..), 32);
}

/// Characters of the URL-safe base64 alphabet.
pub(crate) fn random_characters(line: &mut Vec<u8>, count: usize, random: &mut Rng) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    /// How many characters of 6 bits one draw of 64 bits gives.
    const PER_DRAW: usize = 10;
    let end = line.len() + count;
    while line.len() < end {
        let mut bits = random.u64(..);
        for _ in 0..PER_DRAW.min(end - line.len()) {
            line.push(ALPHABET[(bits & 63) as usize]);
            bits >>= 6;
        }
    }
}

/// A UUID or, for one key in four, a decimal number: systems of both kinds feed one export. The same key always has the
/// same form, and keys with different upper halves are different in either.
pub(crate) fn external_id(line: &mut Vec<u8>, key: u128) {
    let number = (key >> 64) as u64;
    if number.is_multiple_of(4) {
        put(line, itoa::Buffer::new().format(number));
    } else {
        uuid(line, key);
    }
}

/// A UUID of version 4, in lower case.
pub(crate) fn uuid(line: &mut Vec<u8>, bits: u128) {
    let bits = (bits & !(0xF << 76) & !(0b11 << 62)) | 4 << 76 | 0b10 << 62;
    for (shift, digits) in [(96, 8), (80, 4), (64, 4), (48, 4), (0, 12)] {
        if shift != 96 {
            line.push(b'-');
        }
        hexadecimal(line, bits >> shift, digits);
    }
}

/// The lowest `digits` digits of a number, in lower case.
pub(crate) fn hexadecimal(line: &mut Vec<u8>, bits: u128, digits: u32) {
    for place in (0..digits).rev() {
        line.push(b"0123456789abcdef"[(bits >> (4 * place) & 15) as usize]);
    }
}

pub(crate) fn number(line: &mut Vec<u8>, value: u32) {
    put(line, itoa::Buffer::new().format(value));
}

pub(crate) fn pick<T: Copy>(values: &[T], random: &mut Rng) -> T {
    values[random.usize(..values.len())]
}

pub(crate) fn put(line: &mut Vec<u8>, text: &str) {
    line.extend_from_slice(text.as_bytes());
}

/// A member with a text, and the comma after it.
pub(crate) fn text(row: &mut Vec<u8>, name: &str, value: &str) {
    row.push(b'"');
    put(row, name);
    put(row, "\":\"");
    put(row, value);
    put(row, "\",");
}

/// A member with an array of texts, of what commas separate.
pub(crate) fn texts(row: &mut Vec<u8>, name: &str, values: &str) {
    row.push(b'"');
    put(row, name);
    put(row, "\":[");
    for value in values.split(',') {
        row.push(b'"');
        put(row, value);
        put(row, "\",");
    }
    end(row, "],");
}

/// Puts what closes an object or an array in the place of its last comma.
pub(crate) fn end(row: &mut Vec<u8>, closing: &str) {
    if row.last() == Some(&b',') {
        row.pop();
    }
    put(row, closing);
}
