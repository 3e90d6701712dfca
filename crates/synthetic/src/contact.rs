//! Writes one contact, clean or with one thing wrong.

use fastrand::Rng;

use crate::draws::{Draws, Trait};
use crate::fault::Fault;
use crate::values::{
    ANDROID_MODELS, APP_IDS, APP_VERSIONS, APPLE_MODELS, CUSTOM_FIELDS, LANGUAGES, LOCALES, MAIL_DOMAINS,
    MAILBOXES, NAMES, PHONE_NUMBERS, STREETS, TIME_ZONES, TOWNS,
};

/// Which optional parts a contact has.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    names: Names,
    email: Part,
    sms: Part,
    address: Part,
    language: Part,
    time_zone: Part,
    custom_fields: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    None,
    First,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Absent,
    Present,
}

use Part::{Absent, Present};

/// The most common contact.
pub(crate) const COMMON: Profile = Profile {
    names: Names::Both,
    email: Present,
    sms: Absent,
    address: Absent,
    language: Present,
    time_zone: Absent,
    custom_fields: 2,
};

/// The mixture: what an export over years of changing forms looks like.
const PROFILES: [Profile; 8] = [
    COMMON,
    Profile { names: Names::First, time_zone: Present, ..COMMON },
    Profile { names: Names::None, language: Absent, ..COMMON },
    Profile { email: Absent, sms: Present, ..COMMON },
    Profile { names: Names::First, email: Absent, custom_fields: 4, ..COMMON },
    Profile { email: Absent, sms: Present, time_zone: Present, ..COMMON },
    Profile { sms: Present, custom_fields: 3, ..COMMON },
    Profile { names: Names::First, address: Present, language: Absent, ..COMMON },
];

impl Profile {
    /// One of the mixture.
    pub(crate) fn choose(random: &mut Rng) -> &'static Self {
        &PROFILES[random.usize(..PROFILES.len())]
    }

    /// The same without one of the parts; of the custom fields, one is left.
    pub(crate) fn without(&self, part: Trait) -> Self {
        let mut rest = self.clone();
        match part {
            Trait::Names => rest.names = Names::None,
            Trait::Email => rest.email = Absent,
            Trait::Sms => rest.sms = Absent,
            Trait::Address => rest.address = Absent,
            Trait::Language => rest.language = Absent,
            Trait::TimeZone => rest.time_zone = Absent,
            Trait::Fields => rest.custom_fields = 1,
        }
        rest
    }
}

/// Appends the contact with this key to `line`. A fault adds what it needs to what the profile says.
pub(crate) fn write(
    line: &mut Vec<u8>,
    key: u128,
    profile: &Profile,
    fault: Option<Fault>,
    draws: &mut Draws<'_>,
) {
    if fault == Some(Fault::NotAnObject) {
        line.push(b'"');
        uuid(line, key);
        line.push(b'"');
        return;
    }
    line.push(b'{');
    match fault {
        Some(Fault::MissingKey) => {}
        Some(Fault::BadExternalId) => put(line, "\"externalCustomerId\":1.5,"),
        _ => {
            put(line, "\"externalCustomerId\":\"");
            external_id(line, key);
            put(line, "\",");
        }
    }
    odd_member(line, fault);
    names(line, profile, fault, draws);
    let before_channels = line.len();
    if fault != Some(Fault::MissingMember) {
        put(line, "\"channels\":[");
        if fault != Some(Fault::NoChannel) {
            channels(line, profile, fault, draws);
        }
        put(line, "],");
    }
    if profile.address == Present || fault == Some(Fault::UnknownMember) {
        address(line, fault, draws);
    }
    if fault == Some(Fault::BadLanguage) {
        put(line, "\"languageCode\":\"xx\",");
    } else if profile.language == Present {
        put(line, "\"languageCode\":\"");
        put(line, pick(LANGUAGES, draws.person(Trait::Language)));
        put(line, "\",");
    }
    if fault == Some(Fault::BadTimeZone) {
        put(line, "\"timeZone\":\"Europe/Atlantis\",");
    } else if profile.time_zone == Present {
        put(line, "\"timeZone\":\"");
        put(line, pick(TIME_ZONES, draws.person(Trait::TimeZone)));
        put(line, "\",");
    }
    custom_fields(line, profile, fault, draws);
    line.push(b'}');
    match fault {
        Some(Fault::TrailingText) => line.push(b';'),
        Some(Fault::UnexpectedEnd) => line.truncate(before_channels + "\"channels\":[{\"ty".len()),
        _ => {}
    }
}

/// A member that is wrong in itself, or what makes the line no JSON, in the place of one.
fn odd_member(line: &mut Vec<u8>, fault: Option<Fault>) {
    /// Deeper than any reader in use takes: most stop at 128.
    const TOO_DEEP: usize = 130;
    let odd: &[u8] = match fault {
        Some(Fault::InvalidUtf8) => b"\"contactKey\":\"caf\xE9\",",
        Some(Fault::LoneSurrogate) => b"\"contactKey\":\"cut \\ud83d\",",
        Some(Fault::ControlCharacter) => b"\"contactKey\":\"one\ttwo\",",
        Some(Fault::LeadingZero) => b"\"addressBookId\":007,",
        Some(Fault::InvalidNumber) => b"\"addressBookId\":7.,",
        Some(Fault::NumberOutOfRange) => b"\"addressBookId\":1e400,",
        Some(Fault::InvalidLiteral) => b"\"addressBookId\":NaN,",
        Some(Fault::Comment) => b"/* a remark */",
        Some(Fault::InvalidEscape) => b"\"contactKey\":\"caf\\xE9\",",
        Some(Fault::DuplicateKey) => b"\"contactKey\":\"one\",\"contactKey\":\"two\",",
        Some(Fault::Syntax) => b"\"contactKey\" \"one\",",
        Some(Fault::WrongType) => b"\"contactKey\":17,",
        Some(Fault::OutOfRange) => b"\"addressBookId\":2147483648,",
        Some(Fault::TooDeep) => {
            put(line, "\"contactKey\":");
            line.extend([b'['; TOO_DEEP]);
            line.extend([b']'; TOO_DEEP]);
            b","
        }
        _ => return,
    };
    line.extend_from_slice(odd);
}

fn names(line: &mut Vec<u8>, profile: &Profile, fault: Option<Fault>, draws: &mut Draws<'_>) {
    let (first, last) = pick(NAMES, draws.person(Trait::Names));
    if fault == Some(Fault::BadName) {
        put(line, "\"firstName\":\"123\",");
    } else if profile.names != Names::None {
        put(line, "\"firstName\":\"");
        put(line, first);
        put(line, "\",");
    }
    if profile.names == Names::Both {
        put(line, "\"lastName\":\"");
        put(line, last);
        put(line, "\",");
    }
}

fn channels(line: &mut Vec<u8>, profile: &Profile, fault: Option<Fault>, draws: &mut Draws<'_>) {
    let tokens = if fault == Some(Fault::ChannelLimit) { 3 } else { 1 };
    for _ in 0..tokens {
        mobile_push(line, fault, draws);
        line.push(b',');
    }
    match fault {
        Some(Fault::NotAllowed) => put(line, "{\"type\":\"webPush\",\"value\":\"token\"},"),
        Some(Fault::TooShort) => put(line, "{\"type\":\"webpush\",\"value\":\"\"},"),
        Some(Fault::DuplicateChannel) => {
            put(
                line,
                "{\"type\":\"webpush\",\"value\":\"token\"},{\"type\":\"webpush\",\"value\":\"token\"},",
            );
        }
        _ => {}
    }
    if profile.email == Present || matches!(fault, Some(Fault::BadEmail | Fault::MisplacedMember)) {
        let random = draws.person(Trait::Email);
        put(line, "{\"type\":\"email\",\"value\":\"");
        put(line, pick(MAILBOXES, random));
        number(line, random.u32(..10_000_000));
        put(line, if fault == Some(Fault::BadEmail) { ".example.com" } else { pick(MAIL_DOMAINS, random) });
        line.push(b'"');
        if fault == Some(Fault::MisplacedMember) {
            put(line, ",\"device\":{\"os\":\"iOS\"}");
        }
        put(line, "},");
    }
    if profile.sms == Present || fault == Some(Fault::BadPhone) {
        put(line, "{\"type\":\"sms\",\"value\":\"");
        if fault == Some(Fault::BadPhone) {
            put(line, "112");
        } else {
            let random = draws.person(Trait::Sms);
            let (beginning, digits) = pick(PHONE_NUMBERS, random);
            put(line, beginning);
            for _ in 0..digits {
                line.push(random.u8(b'0'..=b'9'));
            }
        }
        put(line, "\"},");
    }
    line.pop(); // the last comma
}

fn mobile_push(line: &mut Vec<u8>, fault: Option<Fault>, draws: &mut Draws<'_>) {
    let random = draws.device();
    let is_apple = random.bool();
    put(line, "{\"type\":\"mobilepush\",\"value\":\"");
    if is_apple {
        apns_token(line, random)
    } else {
        fcm_token(line, random)
    }
    put(line, "\",\"device\":{\"appId\":\"");
    let app_id = APP_IDS[usize::from(is_apple)];
    put(line, if fault == Some(Fault::BadAppId) { "com.example.app" } else { app_id });
    put(line, "\",\"deviceModel\":\"");
    put(line, pick(if is_apple { APPLE_MODELS } else { ANDROID_MODELS }, random));
    if fault == Some(Fault::TooLong) {
        put(line, " with a description that belongs into a field of its own text");
    }
    put(
        line,
        if is_apple { "\",\"os\":\"iOS\",\"locale\":\"" } else { "\",\"os\":\"Android\",\"locale\":\"" },
    );
    put(line, pick(LOCALES, random));
    put(line, "\",\"appVersion\":\"");
    let random = draws.row();
    put(line, pick(APP_VERSIONS, random));
    put(line, if random.u8(..8) == 0 { "\",\"active\":false}}" } else { "\",\"active\":true}}" });
}

fn address(line: &mut Vec<u8>, fault: Option<Fault>, draws: &mut Draws<'_>) {
    let random = draws.person(Trait::Address);
    let (region, town, postcode) = pick(TOWNS, random);
    put(line, "\"address\":{\"region\":\"");
    put(line, region);
    put(line, if fault == Some(Fault::UnknownMember) { "\",\"city\":\"" } else { "\",\"town\":\"" });
    put(line, town);
    put(line, "\",\"address\":\"");
    put(line, pick(STREETS, random));
    number(line, random.u32(1..200));
    put(line, "\",\"postcode\":\"");
    put(line, postcode);
    put(line, "\"},");
}

fn custom_fields(line: &mut Vec<u8>, profile: &Profile, fault: Option<Fault>, draws: &mut Draws<'_>) {
    put(line, "\"fields\":[");
    match fault {
        Some(Fault::BadId) => put(line, "{\"id\":2147483648,\"value\":\"beyond 32 bits\"},"),
        Some(Fault::BadCustomField) => put(line, "{\"id\":12349,\"value\":[\"a\",\"b\"]},"),
        Some(Fault::DuplicateField) => put(line, "{\"id\":12345,\"value\":\"reader\"},"),
        _ => {}
    }
    let random = draws.person(Trait::Fields);
    for (id, values) in &CUSTOM_FIELDS[..profile.custom_fields] {
        put(line, "{\"id\":");
        put(line, id);
        put(line, ",\"value\":\"");
        put(line, pick(values, random));
        put(line, "\"},");
    }
    line.pop(); // the last comma
    line.push(b']');
}

/// A registration token of the shape that Firebase gives out: 22 characters, a colon, then a long rest.
fn fcm_token(line: &mut Vec<u8>, random: &mut Rng) {
    random_characters(line, 22, random);
    put(line, ":APA91b");
    random_characters(line, 121, random);
}

/// A device token of the shape that Apple gives out: 32 bytes in hexadecimal.
fn apns_token(line: &mut Vec<u8>, random: &mut Rng) {
    hexadecimal(line, random.u128(..), 32);
    hexadecimal(line, random.u128(..), 32);
}

/// Characters of the URL-safe base64 alphabet.
fn random_characters(line: &mut Vec<u8>, count: usize, random: &mut Rng) {
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
fn external_id(line: &mut Vec<u8>, key: u128) {
    let number = (key >> 64) as u64;
    if number.is_multiple_of(4) {
        put(line, itoa::Buffer::new().format(number));
    } else {
        uuid(line, key);
    }
}

/// A UUID of version 4, in lower case.
fn uuid(line: &mut Vec<u8>, bits: u128) {
    let bits = (bits & !(0xF << 76) & !(0b11 << 62)) | 4 << 76 | 0b10 << 62;
    for (shift, digits) in [(96, 8), (80, 4), (64, 4), (48, 4), (0, 12)] {
        if shift != 96 {
            line.push(b'-');
        }
        hexadecimal(line, bits >> shift, digits);
    }
}

/// The lowest `digits` digits of a number, in lower case.
fn hexadecimal(line: &mut Vec<u8>, bits: u128, digits: u32) {
    for place in (0..digits).rev() {
        line.push(b"0123456789abcdef"[(bits >> (4 * place) & 15) as usize]);
    }
}

fn number(line: &mut Vec<u8>, value: u32) {
    put(line, itoa::Buffer::new().format(value));
}

fn pick<T: Copy>(values: &[T], random: &mut Rng) -> T {
    values[random.usize(..values.len())]
}

fn put(line: &mut Vec<u8>, text: &str) {
    line.extend_from_slice(text.as_bytes());
}
