//! Writes one contact, clean or with one thing wrong.

use fastrand::Rng;

use crate::draws::{Draws, Trait};
use crate::fault::{Fault, odd_member};
use crate::text::{
    TOO_LONG, apns_token, broken_end, email, external_id, fcm_token, no_object, number, phone, pick, put,
};
use crate::values::{
    ANDROID_MODELS, APP_IDS, APP_VERSIONS, APPLE_MODELS, CUSTOM_FIELDS, LANGUAGES, LOCALES, NAMES, STREETS,
    TIME_ZONES, TOWNS,
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
    /// Whether the contact has such a part; of names, both or the first.
    pub(crate) fn has(&self, part: Trait) -> bool {
        match part {
            Trait::Names => self.names != Names::None,
            Trait::Email => self.email == Present,
            Trait::Sms => self.sms == Present,
            Trait::Address => self.address == Present,
            Trait::Language => self.language == Present,
            Trait::TimeZone => self.time_zone == Present,
            Trait::Fields => self.custom_fields > 0,
        }
    }

    /// Whether the last name is known, too.
    pub(crate) fn has_last_name(&self) -> bool {
        self.names == Names::Both
    }

    /// How many of the custom fields the contact has: the first ones.
    pub(crate) fn custom_fields(&self) -> usize {
        self.custom_fields
    }

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
        no_object(line, key);
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
    odd_member(line, fault, "contactKey", "addressBookId");
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
    broken_end(line, fault, before_channels + "\"channels\":[{\"ty".len());
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
        put(line, "{\"type\":\"email\",\"value\":\"");
        email(line, fault, draws.person(Trait::Email));
        line.push(b'"');
        if fault == Some(Fault::MisplacedMember) {
            put(line, ",\"device\":{\"os\":\"iOS\"}");
        }
        put(line, "},");
    }
    if profile.sms == Present || fault == Some(Fault::BadPhone) {
        put(line, "{\"type\":\"sms\",\"value\":\"");
        phone(line, fault, draws.person(Trait::Sms));
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
        put(line, TOO_LONG);
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
