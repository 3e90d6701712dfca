//! Users as Braze exports them.

use crate::device::{Device, Platform};
use crate::draws::{Draws, Trait};
use crate::export::Contact;
use crate::fault::{Fault, odd_member};
use crate::instant::Instant;
use crate::text::{
    TOO_LONG, broken_end, email, end, fcm_token, hexadecimal, key_member, named_fields, no_object, number,
    phone, pick, put, text,
};
use crate::values::{APP_VERSIONS, COUNTRIES, LANGUAGES, NAMES, TIME_ZONES, TOWNS};

/// Appends the row of the contact. What is not known is left out, as there.
pub(crate) fn write(row: &mut Vec<u8>, contact: &Contact<'_>, draws: &mut Draws<'_>) {
    if contact.has_fault(Fault::NotAnObject) {
        no_object(row, contact.key);
        row.push(b'\n');
        return;
    }
    row.push(b'{');
    key_member(row, contact, "external_id");
    odd_member(row, contact.fault, "gender", "total_revenue");
    put(row, "\"braze_id\":\"");
    hexadecimal(row, draws.row().u128(..), 24);
    put(row, "\",");
    person(row, contact, draws);
    attributes(row, contact, draws);
    let before_devices = row.len();
    devices(row, contact, draws);
    end(row, "}");
    broken_end(row, contact.fault, before_devices + "\"push_to".len());
    row.push(b'\n');
}

fn person(row: &mut Vec<u8>, contact: &Contact<'_>, draws: &mut Draws<'_>) {
    let profile = contact.profile;
    let (first, last) = pick(NAMES, draws.person(Trait::Names));
    if contact.has_fault(Fault::BadName) {
        text(row, "first_name", "123");
    } else if profile.has(Trait::Names) {
        text(row, "first_name", first);
    }
    if profile.has_last_name() {
        text(row, "last_name", last);
    }
    if profile.has(Trait::Email) || contact.has_fault(Fault::BadEmail) {
        put(row, "\"email\":\"");
        email(row, contact.fault, draws.person(Trait::Email));
        put(row, "\",\"email_subscribe\":\"");
        put(row, if draws.row().u8(..100) < 5 { "unsubscribed\"," } else { "subscribed\"," });
    }
    if profile.has(Trait::Sms) || contact.has_fault(Fault::BadPhone) {
        put(row, "\"phone\":\"+");
        phone(row, contact.fault, draws.person(Trait::Sms));
        put(row, "\",");
    }
    let place = draws.person(Trait::Address).usize(..TOWNS.len());
    text(row, "country", COUNTRIES[place].0);
    if profile.has(Trait::Address) {
        text(row, "home_city", TOWNS[place].1);
    }
    if contact.has_fault(Fault::BadLanguage) {
        text(row, "language", "xx");
    } else if profile.has(Trait::Language) {
        text(row, "language", pick(LANGUAGES, draws.person(Trait::Language)));
    }
    if contact.has_fault(Fault::BadTimeZone) {
        text(row, "time_zone", "Europe/Atlantis");
    } else if profile.has(Trait::TimeZone) {
        text(row, "time_zone", pick(TIME_ZONES, draws.person(Trait::TimeZone)));
    }
}

fn attributes(row: &mut Vec<u8>, contact: &Contact<'_>, draws: &mut Draws<'_>) {
    put(row, "\"custom_attributes\":{");
    for (name, value) in named_fields(contact, draws.person(Trait::Fields)) {
        text(row, name, value);
    }
    end(row, "},");
}

fn devices(row: &mut Vec<u8>, contact: &Contact<'_>, draws: &mut Draws<'_>) {
    let count = match draws.row().u8(..100) {
        ..70 => 1,
        70..92 => 2,
        _ => 3,
    };
    let mut first = None;
    put(row, "\"push_tokens\":[");
    for _ in 0..count {
        let device = Device::draw(draws.device());
        let is_notified = draws.row().u8(..100) >= 4;
        token(row, platform(&device), is_notified, |row| row.extend_from_slice(&device.token));
        first.get_or_insert(device);
    }
    if draws.row().u8(..100) < 3 {
        token(row, "Web", true, |row| fcm_token(row, draws.row()));
    }
    end(row, "],");
    let random = draws.row();
    put(row, "\"push_subscribe\":\"");
    put(row, if random.u8(..100) < 6 { "unsubscribed\"," } else { "opted_in\"," });
    let Some(device) = first else { return };
    put(row, "\"devices\":[{\"model\":\"");
    put(row, device.model);
    if contact.has_fault(Fault::TooLong) {
        put(row, TOO_LONG);
    }
    put(row, "\",\"os\":\"");
    put(row, platform(&device));
    row.push(b' ');
    put(row, device.os_version);
    put(row, "\"}],\"apps\":[{\"name\":\"Example ");
    put(row, platform(&device));
    put(row, "\",\"platform\":\"");
    put(row, platform(&device));
    put(row, "\",\"version\":\"");
    put(row, pick(APP_VERSIONS, random));
    put(row, "\",\"sessions\":");
    number(row, random.u32(1..2000));
    let last = Instant::last_seen(random);
    put(row, ",\"first_used\":\"");
    last.before(random).write(row, random.u16(..1000));
    put(row, "\",\"last_used\":\"");
    last.write(row, random.u16(..1000));
    put(row, "\"}]");
}

fn token(row: &mut Vec<u8>, platform: &str, is_notified: bool, token: impl FnOnce(&mut Vec<u8>)) {
    put(row, "{\"app\":\"Example ");
    put(row, platform);
    put(row, "\",\"platform\":\"");
    put(row, platform);
    put(row, "\",\"token\":\"");
    token(row);
    put(
        row,
        if is_notified {
            "\",\"notifications_enabled\":true},"
        } else {
            "\",\"notifications_enabled\":false},"
        },
    );
}

fn platform(device: &Device) -> &'static str {
    match device.platform {
        Platform::Android => "Android",
        Platform::Apple => "iOS",
    }
}
