//! Endpoints as Amazon Pinpoint exports them.

use crate::device::{Device, Platform};
use crate::draws::{Draws, Trait};
use crate::export::{Channel, Contact};
use crate::fault::{Fault, odd_member};
use crate::instant::Instant;
use crate::text::{
    TOO_LONG, broken_end, email, end, key_member, named_fields, no_object, number, phone, pick, put, text,
    texts, uuid,
};
use crate::values::{APP_VERSIONS, COUNTRIES, NAMES, TIME_ZONES, TOWNS};

const APPLICATION_ID: &str = "9b7452a1c0d34c55a3c1f2e8d7b6a590";

/// Appends a row for each channel of the contact.
pub(crate) fn write(rows: &mut Vec<u8>, contact: &Contact<'_>, draws: &mut Draws<'_>) {
    let device = Device::draw(draws.device());
    for channel in contact.channels() {
        endpoint(rows, contact, channel, &device, draws);
        rows.push(b'\n');
    }
}

fn endpoint(
    row: &mut Vec<u8>,
    contact: &Contact<'_>,
    channel: Channel,
    device: &Device,
    draws: &mut Draws<'_>,
) {
    if contact.has_fault(Fault::NotAnObject) {
        no_object(row, contact.key);
        return;
    }
    row.push(b'{');
    odd_member(row, contact.fault, "RequestId", "CohortId");
    address(row, contact, channel, device, draws);
    state(row, draws);
    location(row, contact, draws);
    let before_demographic = row.len();
    demographic(row, contact, channel, device, draws);
    dates(row, draws);
    put(row, "\"ApplicationId\":\"");
    put(row, APPLICATION_ID);
    put(row, "\",\"Id\":\"");
    uuid(row, draws.row().u128(..));
    put(row, "\",");
    user(row, contact, draws);
    row.push(b'}');
    broken_end(row, contact.fault, before_demographic + "\"Demographic\":{\"".len());
}

fn address(
    row: &mut Vec<u8>,
    contact: &Contact<'_>,
    channel: Channel,
    device: &Device,
    draws: &mut Draws<'_>,
) {
    let die = draws.row().u8(..100);
    let kind = match (channel, device.platform) {
        (Channel::Email, _) => "EMAIL",
        (Channel::Sms, _) if die < 5 => "VOICE",
        (Channel::Sms, _) => "SMS",
        (Channel::Push, Platform::Apple) if die < 4 => "APNS_SANDBOX",
        (Channel::Push, Platform::Apple) => "APNS",
        (Channel::Push, Platform::Android) if die < 2 => "ADM",
        (Channel::Push, Platform::Android) if die < 4 => "BAIDU",
        (Channel::Push, Platform::Android) => "GCM",
    };
    put(row, "\"ChannelType\":\"");
    put(row, kind);
    put(row, "\",\"Address\":\"");
    match channel {
        Channel::Push => row.extend_from_slice(&device.token),
        Channel::Email => email(row, contact.fault, draws.person(Trait::Email)),
        Channel::Sms => {
            row.push(b'+');
            phone(row, contact.fault, draws.person(Trait::Sms));
        }
    }
    put(row, "\",");
}

fn state(row: &mut Vec<u8>, draws: &mut Draws<'_>) {
    let random = draws.row();
    put(row, "\"EndpointStatus\":\"");
    put(row, if random.u8(..100) < 4 { "INACTIVE" } else { "ACTIVE" });
    put(row, "\",\"OptOut\":\"");
    put(row, if random.u8(..100) < 6 { "ALL" } else { "NONE" });
    put(row, "\",");
}

fn location(row: &mut Vec<u8>, contact: &Contact<'_>, draws: &mut Draws<'_>) {
    let place = draws.person(Trait::Address).usize(..TOWNS.len());
    put(row, "\"Location\":{");
    if contact.profile.has(Trait::Address) {
        let (region, town, postcode) = TOWNS[place];
        text(row, "PostalCode", postcode);
        text(row, "City", town);
        text(row, "Region", region);
    }
    text(row, "Country", COUNTRIES[place].1);
    end(row, "},");
}

fn demographic(
    row: &mut Vec<u8>,
    contact: &Contact<'_>,
    channel: Channel,
    device: &Device,
    draws: &mut Draws<'_>,
) {
    put(row, "\"Demographic\":{");
    if channel == Channel::Push {
        text(row, "Make", device.make());
        put(row, "\"Model\":\"");
        put(row, device.model);
        if contact.has_fault(Fault::TooLong) {
            put(row, TOO_LONG);
        }
        put(row, "\",");
        text(row, "AppVersion", pick(APP_VERSIONS, draws.row()));
        text(row, "Platform", if device.platform == Platform::Apple { "ios" } else { "android" });
        text(row, "PlatformVersion", device.os_version);
    }
    if contact.has_fault(Fault::BadTimeZone) {
        text(row, "Timezone", "Europe/Atlantis");
    } else if contact.profile.has(Trait::TimeZone) {
        text(row, "Timezone", pick(TIME_ZONES, draws.person(Trait::TimeZone)));
    }
    text(row, "Locale", device.locale);
    end(row, "},");
}

fn dates(row: &mut Vec<u8>, draws: &mut Draws<'_>) {
    let random = draws.row();
    let last = Instant::last_seen(random);
    put(row, "\"EffectiveDate\":\"");
    last.write(row, random.u16(..1000));
    put(row, "\",\"CreationDate\":\"");
    last.before(random).write(row, random.u16(..1000));
    put(row, "\",");
}

/// What the app noted of the device, and what is known of its owner: texts in arrays.
fn user(row: &mut Vec<u8>, contact: &Contact<'_>, draws: &mut Draws<'_>) {
    put(row, "\"Attributes\":{\"topics\":[\"news\"");
    if draws.row().bool() {
        put(row, ",\"sales\"");
    }
    put(row, "]},\"Metrics\":{\"sessions\":");
    number(row, draws.row().u32(..2000));
    put(row, ".0},\"User\":{");
    key_member(row, contact, "UserId");
    put(row, "\"UserAttributes\":{");
    let (first, last) = pick(NAMES, draws.person(Trait::Names));
    if contact.has_fault(Fault::BadName) {
        texts(row, "FirstName", "123");
    } else if contact.profile.has(Trait::Names) {
        texts(row, "FirstName", first);
    }
    if contact.profile.has_last_name() {
        texts(row, "LastName", last);
    }
    for (name, values) in named_fields(contact, draws.person(Trait::Fields)) {
        texts(row, name, values);
    }
    end(row, "}}");
}
