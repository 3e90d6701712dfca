//! Rows of one contact that are made one: what holds for all of them, and a model of what the documentation says.

use contact::{Conflict, Union};
use ndjson::Parser;
use proptest::prelude::*;
use serde_json::{Value, json};

fn add(union: &mut Union, row: u64, text: &str) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    Parser::new()
        .parse(text.as_bytes(), |tape| union.add(tape, row, &mut conflicts))
        .expect("the row is JSON");
    conflicts
}

fn encoded(union: &Union) -> String {
    let mut out = Vec::new();
    union.encode(&mut out);
    String::from_utf8(out).expect("a contact is a text")
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "c\"", "é\n"]).prop_map(Value::from),
        1 => Just(json!("")),
        1 => Just(Value::Null),
        1 => Just(json!({})),
        1 => (0..3_i64).prop_map(Value::from),
        1 => Just(json!([1, {"x": "y"}])),
    ]
}

fn object(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::collection::vec((prop::sample::select(names), value()), 0..4)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn channel() -> impl Strategy<Value = Value> {
    let device = prop::option::of((prop::option::of(0..2_u8), object(&["os", "appVersion", "active"])));
    (0..2_u8, 0..12_u8, device, prop::option::of(object(&["p256dh", "auth"]))).prop_map(
        |(kind, value, device, subscription)| {
            let mut channel = json!({ "type": format!("k{kind}"), "value": value.to_string() });
            if let Some((app, mut device)) = device {
                if let Some(app) = app {
                    device["appId"] = json!(format!("app{app}"));
                }
                channel["device"] = device;
            }
            if let Some(subscription) = subscription {
                channel["webPushSubscription"] = subscription;
            }
            channel
        },
    )
}

/// Of elements that are the same only the last.
fn unique(elements: Vec<Value>, key: impl Fn(&Value) -> Value) -> Vec<Value> {
    let mut unique: Vec<Value> = Vec::new();
    for element in elements {
        unique.retain(|known| key(known) != key(&element));
        unique.push(element);
    }
    unique
}

fn identity(channel: &Value) -> Value {
    json!([
        channel.get("type"),
        channel.get("value"),
        channel.pointer("/device/appId").map(|app| json!([app]))
    ])
}

fn contact() -> impl Strategy<Value = Value> {
    let field = (0..12_i64, value()).prop_map(|(id, value)| json!({ "id": id, "value": value }));
    (
        object(&["firstName", "lastName", "languageCode"]),
        prop::option::of(object(&["town", "region", "postcode"])),
        prop::option::of(prop::collection::vec(channel(), 0..12)),
        prop::option::of(prop::collection::vec(field, 0..12)),
        any::<bool>(),
    )
        .prop_map(|(mut contact, address, channels, fields, comes_first)| {
            let names = contact.as_object().map_or(0, serde_json::Map::len);
            if let Some(channels) = channels {
                contact["channels"] = Value::Array(unique(channels, identity));
                if comes_first && names > 0 {
                    let mut turned = json!({ "channels": contact["channels"].clone() });
                    for (name, value) in contact.as_object().into_iter().flatten() {
                        turned[name] = value.clone();
                    }
                    contact = turned;
                }
            }
            if let Some(address) = address {
                contact["address"] = address;
            }
            if let Some(fields) = fields {
                contact["fields"] = Value::Array(unique(fields, |field| field["id"].clone()));
            }
            contact
        })
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// The model: what the documentation says, word by word.
fn model(rows: &[Value]) -> Value {
    let mut contact = json!({});
    for row in rows {
        unite(&mut contact, row, |name, old, new| match name {
            "address" => unite_plain(old, new),
            "channels" => unite_channels(old, new),
            "fields" => unite_fields(old, new),
            _ => replace(old, new),
        });
    }
    contact
}

fn unite(object: &mut Value, other: &Value, with: impl Fn(&str, &mut Value, &Value)) {
    let (Some(object), Some(other)) = (object.as_object_mut(), other.as_object()) else { return };
    for (name, value) in other {
        match object.get_mut(name) {
            Some(old) => with(name, old, value),
            None => {
                object.insert(name.clone(), value.clone());
            }
        }
    }
}

fn unite_plain(object: &mut Value, other: &Value) {
    unite(object, other, |_, old, new| replace(old, new));
}

fn replace(old: &mut Value, new: &Value) {
    if !says_nothing(new) {
        *old = new.clone();
    }
}

fn unite_channels(known: &mut Value, new: &Value) {
    let (Some(known), Some(new)) = (known.as_array_mut(), new.as_array()) else { return };
    for channel in new {
        let same = known.iter().position(|known| identity(known) == identity(channel));
        let mut united = same.map_or_else(|| channel.clone(), |place| known.remove(place));
        unite(&mut united, channel, |name, old, new| match name {
            "device" | "webPushSubscription" => unite_plain(old, new),
            _ => replace(old, new),
        });
        known.push(united);
    }
}

fn unite_fields(known: &mut Value, new: &Value) {
    let (Some(known), Some(new)) = (known.as_array_mut(), new.as_array()) else { return };
    for field in new {
        match known.iter_mut().find(|known| known["id"] == field["id"]) {
            Some(known) => replace(&mut known["value"], &field["value"]),
            None => known.push(field.clone()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn rows_become_what_the_model_says(rows in prop::collection::vec(contact(), 1..6)) {
        let mut union = Union::default();
        for (row, contact) in (0..).zip(&rows) {
            add(&mut union, row, &contact.to_string());
        }
        prop_assert_eq!(encoded(&union), model(&rows).to_string());
    }

    #[test]
    fn a_row_that_comes_twice_changes_nothing(rows in prop::collection::vec(contact(), 1..5)) {
        let mut union = Union::default();
        for (row, contact) in (0..).zip(&rows) {
            add(&mut union, row, &contact.to_string());
            let once = encoded(&union);
            let conflicts = add(&mut union, row, &contact.to_string());
            prop_assert_eq!(conflicts, vec![]);
            prop_assert_eq!(encoded(&union), once);
        }
    }

    #[test]
    fn every_channel_of_every_row_is_there_and_its_places_are_in_the_rows(
        rows in prop::collection::vec(contact(), 1..5)
    ) {
        let mut union = Union::default();
        for (row, contact) in (0..).zip(&rows) {
            add(&mut union, row, &contact.to_string());
        }
        let united: Value = serde_json::from_str(&encoded(&union)).expect("it is JSON");
        let empty = Vec::new();
        let channels = united.get("channels").and_then(Value::as_array).unwrap_or(&empty);
        prop_assert_eq!(channels.len(), union.channels());
        for channel in rows.iter().filter_map(|row| row.get("channels")?.as_array()).flatten() {
            let copies = channels.iter().filter(|known| identity(known) == identity(channel)).count();
            prop_assert_eq!(copies, 1, "{}", channel);
        }
        for (nth, channel) in channels.iter().enumerate() {
            let origin = union.origin(&format!("/channels/{nth}")).expect("it is there");
            let source = rows[origin.row as usize].pointer(&origin.pointer).expect("the row has it");
            prop_assert_eq!(identity(source), identity(channel));
            let later = rows[origin.row as usize + 1..].iter().filter_map(|row| row.get("channels")?.as_array());
            prop_assert!(!later.flatten().any(|later| identity(later) == identity(channel)));
        }
        // Each single value stands at its origin, letter for letter.
        for (pointer, value) in leaves(&united) {
            let origin = union.origin(&pointer).expect("it is there");
            prop_assert_eq!(rows[origin.row as usize].pointer(&origin.pointer), Some(&value), "{}", pointer);
        }
    }

    #[test]
    fn a_conflict_tells_a_value_that_its_row_has_and_the_union_does_not(
        rows in prop::collection::vec(contact(), 2..5)
    ) {
        let mut union = Union::default();
        for (row, contact) in (0..).zip(&rows) {
            for conflict in add(&mut union, row, &contact.to_string()) {
                prop_assert_eq!(conflict.by, row);
                prop_assert!(conflict.row < row);
                let value = rows[conflict.row as usize].pointer(&conflict.pointer).expect("the row has it");
                prop_assert!(!says_nothing(value));
                let mut masked = contact::SmolStr::default();
                Parser::new().parse(value.to_string().as_bytes(), |tape| masked = contact::mask(tape.root())).expect("it is JSON");
                prop_assert_eq!(conflict.value, masked);
            }
        }
    }
}

/// The texts, numbers and words in a value, with their pointers.
fn leaves(value: &Value) -> Vec<(String, Value)> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(nth, value)| (nth.to_string(), value)).collect()
        }
        _ => return vec![(String::new(), value.clone())],
    };
    let with_step = |(step, value): (String, &Value)| {
        leaves(value).into_iter().map(move |(pointer, value)| (format!("/{step}{pointer}"), value))
    };
    inner.into_iter().flat_map(with_step).collect()
}
