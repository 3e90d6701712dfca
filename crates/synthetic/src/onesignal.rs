//! Subscriptions as OneSignal exports them: CSV, with JSON in a cell.

use crate::device::{Device, Platform};
use crate::draws::{Draws, Trait};
use crate::export::{Channel, Contact};
use crate::fault::Fault;
use crate::instant::Instant;
use crate::text::{TOO_LONG, email, external_id, fcm_token, named_fields, number, phone, pick, put, uuid};
use crate::values::{APP_VERSIONS, COUNTRIES, LANGUAGES, NAMES, TIME_ZONES, TOWNS};

/// The columns, with the newline.
pub(crate) const HEADER: &str = "id,identifier,session_count,language,timezone,game_version,device_os,device_type,\
    device_model,ad_id,tags,last_active,playtime,amount_spent,created_at,invalid_identifier,badge_count,\
    external_user_id,country,timezone_id,notification_types\n";

/// What a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Apple,
    Android,
    Amazon,
    /// A browser, with its number.
    Browser(&'static str),
    Email,
    Sms,
}

impl Kind {
    fn choose(channel: Channel, device: &Device, die: u8) -> Self {
        match (channel, device.platform) {
            (Channel::Email, _) => Self::Email,
            (Channel::Sms, _) => Self::Sms,
            (Channel::Push, _) if die < 8 => Self::Browser(["5", "7", "8", "17"][usize::from(die % 4)]),
            (Channel::Push, _) if die < 9 => Self::Amazon,
            (Channel::Push, Platform::Apple) => Self::Apple,
            (Channel::Push, Platform::Android) => Self::Android,
        }
    }

    fn number(self) -> &'static str {
        match self {
            Self::Apple => "0",
            Self::Android => "1",
            Self::Amazon => "2",
            Self::Browser(number) => number,
            Self::Email => "11",
            Self::Sms => "14",
        }
    }
}

/// Appends a row for each channel of the contact.
pub(crate) fn write(rows: &mut Vec<u8>, contact: &Contact<'_>, draws: &mut Draws<'_>) {
    let device = Device::draw(draws.device());
    for channel in contact.channels() {
        let kind = Kind::choose(channel, &device, draws.row().u8(..100));
        subscription(rows, contact, kind, &device, draws);
        rows.push(b'\n');
    }
}

/// A row: each cell with the comma after it, but for the last one.
fn subscription(
    row: &mut Vec<u8>,
    contact: &Contact<'_>,
    kind: Kind,
    device: &Device,
    draws: &mut Draws<'_>,
) {
    uuid(row, draws.row().u128(..));
    row.push(b',');
    identifier(row, contact, kind, device, draws);
    row.push(b',');
    number(row, draws.row().u32(1..2000));
    row.push(b',');
    put(row, if contact.has_fault(Fault::BadLanguage) { "xx" } else { language(contact, draws) });
    put(row, ",7200,");
    of_device(row, contact, kind, device, draws);
    tags(row, contact, draws);
    row.push(b',');
    times_and_state(row, draws);
    if !contact.has_fault(Fault::MissingKey) {
        external_id(row, contact.key);
    }
    row.push(b',');
    put(row, COUNTRIES[draws.person(Trait::Address).usize(..TOWNS.len())].0);
    row.push(b',');
    if contact.has_fault(Fault::BadTimeZone) {
        put(row, "Europe/Atlantis");
    } else if contact.profile.has(Trait::TimeZone) {
        put(row, pick(TIME_ZONES, draws.person(Trait::TimeZone)));
    }
    if contact.has_fault(Fault::WrongCellCount) {
        // One less: the last one is left out; or one more.
        put(row, if draws.row().bool() { "" } else { ",1," });
        return;
    }
    put(row, if draws.row().u8(..100) < 8 { ",-2" } else { ",1" });
}

fn identifier(row: &mut Vec<u8>, contact: &Contact<'_>, kind: Kind, device: &Device, draws: &mut Draws<'_>) {
    match kind {
        Kind::Apple | Kind::Android => row.extend_from_slice(&device.token),
        Kind::Amazon => {
            put(row, "amzn1.adm-registration.v3.");
            fcm_token(row, draws.row());
        }
        Kind::Browser(_) => {
            put(row, "https://fcm.googleapis.com/fcm/send/");
            fcm_token(row, draws.row());
        }
        Kind::Email => email(row, contact.fault, draws.person(Trait::Email)),
        Kind::Sms => {
            row.push(b'+');
            phone(row, contact.fault, draws.person(Trait::Sms));
        }
    }
}

fn language(contact: &Contact<'_>, draws: &mut Draws<'_>) -> &'static str {
    if contact.profile.has(Trait::Language) { pick(LANGUAGES, draws.person(Trait::Language)) } else { "" }
}

/// The columns from `game_version` to `ad_id`.
fn of_device(row: &mut Vec<u8>, contact: &Contact<'_>, kind: Kind, device: &Device, draws: &mut Draws<'_>) {
    if contact.has_fault(Fault::InvalidUtf8) {
        row.extend_from_slice(b"caf\xE9");
    } else {
        put(row, pick(APP_VERSIONS, draws.row()));
    }
    row.push(b',');
    if matches!(kind, Kind::Apple | Kind::Android) {
        put(row, device.os_version);
    }
    row.push(b',');
    put(row, kind.number());
    row.push(b',');
    match kind {
        Kind::Apple | Kind::Android => model(row, contact, device),
        Kind::Amazon => put(row, "KFMAWI"),
        Kind::Browser(_) => put(row, "Linux x86_64"),
        Kind::Email | Kind::Sms => {}
    }
    row.push(b',');
    if matches!(kind, Kind::Apple | Kind::Android) && draws.row().bool() {
        uuid(row, draws.row().u128(..));
    }
    row.push(b',');
}

/// A model may have commas and quotes. The only escapes in the list of them are those of quotes.
fn model(row: &mut Vec<u8>, contact: &Contact<'_>, device: &Device) {
    row.push(b'"');
    put_doubled(row, &device.model.replace('\\', ""));
    if contact.has_fault(Fault::TooLong) {
        put(row, TOO_LONG);
    }
    row.push(b'"');
}

/// A JSON object, its quotes doubled; for a few contacts it has lines.
fn tags(row: &mut Vec<u8>, contact: &Contact<'_>, draws: &mut Draws<'_>) {
    let (before, after) = if draws.row().u8(..100) < 2 { ("\n  ", "\n") } else { ("", "") };
    put(row, "\"{");
    let (first, last) = pick(NAMES, draws.person(Trait::Names));
    if contact.profile.has(Trait::Names) {
        tag(row, before, "first_name", first);
    }
    if contact.profile.has_last_name() {
        tag(row, before, "last_name", last);
    }
    for (name, value) in named_fields(contact, draws.person(Trait::Fields)) {
        tag(row, before, name, value);
    }
    if row.last() == Some(&b',') {
        row.pop();
    }
    if !contact.has_fault(Fault::BadJsonCell) {
        put(row, after);
        row.push(b'}');
    }
    row.push(b'"');
}

fn tag(row: &mut Vec<u8>, before: &str, name: &str, value: &str) {
    put(row, before);
    put(row, "\"\"");
    put(row, name);
    put(row, "\"\":\"\"");
    put_doubled(row, value);
    put(row, "\"\",");
}

fn put_doubled(row: &mut Vec<u8>, text: &str) {
    let mut pieces = text.split('"');
    put(row, pieces.next().unwrap_or_default());
    for piece in pieces {
        put(row, "\"\"");
        put(row, piece);
    }
}

/// The columns from `last_active` to `badge_count`.
fn times_and_state(row: &mut Vec<u8>, draws: &mut Draws<'_>) {
    let random = draws.row();
    let last = Instant::last_seen(random);
    number(row, last.0);
    row.push(b',');
    number(row, random.u32(..500_000));
    put(row, ",0.0,");
    number(row, last.before(random).0);
    put(row, if random.u8(..100) < 5 { ",t,0," } else { ",f,0," });
}
