//! What the contacts carry that are written: counted from the request bodies, if somebody wants to know.

use std::collections::{BTreeMap, HashMap};

use batch::Body;
use contact::{FieldSet, STANDARD_FIELD_NAMES};
use ndjson::{Parser, TapeValue};
use serde::Serialize;

/// So many custom fields are counted by themselves.
const MOST_CUSTOM_FIELDS: usize = 1000;

/// So many texts are counted by themselves, where the text is the data's.
const MOST_TEXTS: usize = 200;

/// Whether written contacts are counted by what they carry. It takes a second look at every request body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TallyContacts {
    /// They are counted.
    Yes,
    /// Nothing is looked at.
    #[default]
    No,
}

/// What written contacts carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// How many contacts were looked at.
    pub contacts: u64,
    /// Contacts that carry a field, by its name among the API's `contactFields`; `fields/12345` is a custom field. Beyond
    /// a thousand custom fields, `other fields` says how often further ones are carried.
    pub fields: BTreeMap<String, u64>,
    /// Channels by type.
    pub channels: BTreeMap<String, u64>,
    /// Channels of mobile push by the system of their device; an empty name where it is not said, `others` for what is
    /// not counted by itself.
    pub os: BTreeMap<String, u64>,
    /// Channels of mobile push by what their device says of itself.
    pub devices: Devices,
    /// Contacts by how many channels they have.
    pub by_channels: BTreeMap<usize, u64>,
}

/// Channels of mobile push by `device.active`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Devices {
    /// It is `true`.
    pub active: u64,
    /// It is `false`.
    pub inactive: u64,
    /// It is absent.
    pub unsaid: u64,
}

/// Counts bodies one after the other.
#[derive(Default)]
pub(crate) struct Tallying {
    parser: Parser,
    fields: FieldSet,
    standard: [u64; STANDARD_FIELD_NAMES.len()],
    custom: HashMap<i32, u64>,
    other_custom: u64,
    tally: Tally,
}

impl Tallying {
    /// Counts the contacts of a body.
    pub(crate) fn add(&mut self, body: &Body) {
        // A body is made here; if it could not be read, its contacts would be missing in the sum, and that is told.
        let mut parser = std::mem::take(&mut self.parser);
        let _ = parser.parse(&body.bytes, |tape| {
            let contacts = tape.root().get("contacts").and_then(TapeValue::elements);
            contacts.into_iter().flatten().for_each(|contact| self.contact(contact));
        });
        self.parser = parser;
    }

    fn contact(&mut self, contact: TapeValue<'_>) {
        let Self { fields, standard, custom, other_custom, tally, .. } = self;
        tally.contacts += 1;
        fields.read(contact);
        let bits = fields.standard.bits();
        for (bit, count) in standard.iter_mut().enumerate() {
            *count += u64::from(bits >> bit & 1);
        }
        for id in &fields.custom {
            let is_full = custom.len() == MOST_CUSTOM_FIELDS;
            match custom.get_mut(id) {
                Some(count) => *count += 1,
                None if is_full => *other_custom += 1,
                None => drop(custom.insert(*id, 1)),
            }
        }
        let mut channels = 0;
        for channel in contact.get("channels").and_then(TapeValue::elements).into_iter().flatten() {
            channels += 1;
            let kind = text(channel, "type");
            count(&mut tally.channels, kind);
            if kind == "mobilepush" {
                let device = channel.get("device");
                count(&mut tally.os, device.map_or("", |device| text(device, "os")));
                match device.and_then(|device| device.get("active")).and_then(TapeValue::as_bool) {
                    Some(true) => tally.devices.active += 1,
                    Some(false) => tally.devices.inactive += 1,
                    None => tally.devices.unsaid += 1,
                }
            }
        }
        *tally.by_channels.entry(channels).or_default() += 1;
    }

    /// What was counted.
    pub(crate) fn finish(self) -> Tally {
        let Self { standard, custom, other_custom, mut tally, .. } = self;
        let standard = STANDARD_FIELD_NAMES.iter().map(|name| (*name).to_owned()).zip(standard);
        let custom = custom.into_iter().map(|(id, count)| (format!("fields/{id}"), count));
        let others = [("other fields".to_owned(), other_custom)];
        tally.fields = standard.chain(custom).chain(others).filter(|(_, count)| *count > 0).collect();
        tally
    }
}

fn text<'a>(object: TapeValue<'a>, name: &str) -> &'a str {
    object.get(name).and_then(TapeValue::as_str).unwrap_or_default()
}

fn count(counts: &mut BTreeMap<String, u64>, text: &str) {
    let is_full = counts.len() >= MOST_TEXTS;
    match counts.get_mut(text) {
        Some(count) => *count += 1,
        None if is_full => *counts.entry("others".to_owned()).or_default() += 1,
        None => drop(counts.insert(text.to_owned(), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(bodies: &[String]) -> Tally {
        let mut tallying = Tallying::default();
        for bytes in bodies {
            let body = Body { bytes: bytes.clone().into_bytes(), contacts: 0, fields: FieldSet::default() };
            tallying.add(&body);
        }
        tallying.finish()
    }

    fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
        pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn contacts_are_counted_by_fields_channels_and_devices() {
        let push = |device: &str| format!(r#"{{"type":"mobilepush","value":"t","device":{device}}}"#);
        let one = format!(
            r#"{{"firstName":"Ann","address":{{"town":"Lviv"}},"fields":[{{"id":7,"value":"a"}}],"channels":[{},{}]}}"#,
            push(r#"{"os":"iOS","active":true}"#),
            push(r#"{"os":"Android","active":false}"#)
        );
        let other = format!(r#"{{"channels":[{{"type":"email","value":"a@example.com"}},{}]}}"#, push("{}"));
        let third = r#"{"fields":[{"id":7,"value":"b"}],"channels":[{"type":"sms","value":"1"}]}"#;
        let tally = tally(&[
            format!(r#"{{"contacts":[{one},{other}],"dedupeOn":"email"}}"#),
            format!(r#"{{"contacts":[{third}],"dedupeOn":"email"}}"#),
        ]);
        assert_eq!(tally.contacts, 3);
        assert_eq!(
            tally.fields,
            counts(&[
                ("email", 1),
                ("fields/7", 2),
                ("firstName", 1),
                ("mobilepush", 2),
                ("sms", 1),
                ("town", 1)
            ])
        );
        assert_eq!(tally.channels, counts(&[("email", 1), ("mobilepush", 3), ("sms", 1)]));
        assert_eq!(tally.os, counts(&[("", 1), ("Android", 1), ("iOS", 1)]));
        assert_eq!(tally.devices, Devices { active: 1, inactive: 1, unsaid: 1 });
        assert_eq!(tally.by_channels, BTreeMap::from([(1, 1), (2, 2)]));
    }

    #[test]
    fn however_many_fields_and_systems_there_are_only_some_are_counted_by_themselves() {
        let contacts: Vec<String> = (0..3000)
            .map(|nth| {
                format!(
                    r#"{{"fields":[{{"id":{nth},"value":"a"}}],"channels":[{{"type":"mobilepush","value":"t","device":{{"os":"os{nth}"}}}}]}}"#
                )
            })
            .collect();
        let tally = tally(&[format!(r#"{{"contacts":[{}]}}"#, contacts.join(","))]);
        assert_eq!(tally.fields.len(), MOST_CUSTOM_FIELDS + 2, "with mobilepush and the others");
        assert_eq!(tally.fields["other fields"], 2000);
        assert_eq!(tally.os.len(), MOST_TEXTS + 1);
        assert_eq!(tally.os["others"], 2800);
    }
}
