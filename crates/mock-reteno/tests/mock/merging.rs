//! What an upload makes of the contacts that the account has.

use mock_reteno::{Channel, ContactState, Mock, MockOptions};
use serde_json::{Value, json};

use crate::client::{accepted, start};

fn known() -> ContactState {
    ContactState {
        external_id: Some("k1".to_owned()),
        first_name: Some("John".to_owned()),
        last_name: Some("Smith".to_owned()),
        language_code: Some("uk".to_owned()),
        address: [("town", "Kyiv"), ("region", "Kyivska")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        channels: vec![channel("email", "john@example.com"), channel("mobilepush", "token-1")],
        fields: [(1, "one".to_owned()), (2, "two".to_owned())].into(),
        ..ContactState::default()
    }
}

fn channel(kind: &str, value: &str) -> Channel {
    Channel { kind: kind.to_owned(), value: value.to_owned(), device: None }
}

fn with(existing: Vec<ContactState>) -> Mock {
    start(MockOptions { existing, ..MockOptions::default() })
}

fn values<'c>(contact: &'c ContactState, kind: &str) -> Vec<&'c str> {
    contact
        .channels
        .iter()
        .filter(|channel| channel.kind == kind)
        .map(|channel| channel.value.as_str())
        .collect()
}

fn email(value: &str) -> Value {
    json!([{ "type": "email", "value": value }])
}

/// What `k1` is after this request to an account that knows it.
fn after(body: Value) -> ContactState {
    let mock = with(vec![known()]);
    accepted(&mock, &body);
    mock.contact("k1").expect("it keeps its key")
}

#[test]
fn a_listed_field_without_a_value_is_erased_and_others_stay() {
    let contact = after(json!({
        "contacts": [{ "externalCustomerId": "k1", "lastName": "Doe", "channels": email("new@example.com") }],
        "dedupeOn": "externalCustomerId",
        "contactFields": ["firstName", "lastName", "town", "mobilepush"],
        "customFieldsIDs": [1],
    }));
    assert_eq!(contact.first_name, None, "listed, no value");
    assert_eq!(contact.last_name.as_deref(), Some("Doe"));
    assert_eq!(contact.language_code.as_deref(), Some("uk"), "not listed");
    assert_eq!(
        contact.address.keys().collect::<Vec<_>>(),
        ["region"],
        "members of an address count one by one"
    );
    assert!(values(&contact, "mobilepush").is_empty(), "listed, no channel of that type");
    assert_eq!(values(&contact, "email"), ["john@example.com"], "carried, but not listed");
    assert_eq!(contact.fields, [(2, "two".to_owned())].into());
}

#[test]
fn without_a_list_every_standard_field_is_overwritten_and_no_custom_one() {
    let contact = after(json!({
        "contacts": [{
            "externalCustomerId": "k1",
            "firstName": "Jane",
            "channels": [{ "type": "viber", "value": "380955547708" }],
            "fields": [{ "id": 1, "value": "new" }],
        }],
        "dedupeOn": "externalCustomerId",
    }));
    assert_eq!(contact.first_name.as_deref(), Some("Jane"));
    assert_eq!((contact.last_name, contact.language_code), (None, None));
    assert!(contact.address.is_empty());
    assert_eq!(contact.channels, [channel("viber", "380955547708")]);
    assert_eq!(contact.fields, known().fields);
}

#[test]
fn a_new_contact_gets_all_that_it_carries() {
    let mock = with(Vec::new());
    let device = json!({ "os": "iOS", "active": true });
    accepted(
        &mock,
        &json!({
            "contacts": [{
                "externalCustomerId": "k1",
                "firstName": "John",
                "timeZone": "Europe/Kyiv",
                "address": { "postcode": "01001" },
                "channels": [
                    { "type": "mobilepush", "value": "token-1", "device": device },
                    { "type": "email", "value": "john@example.com" },
                ],
                "fields": [{ "id": 1, "value": "one" }],
            }],
            "dedupeOn": "externalCustomerId",
            "contactFields": ["email"],
        }),
    );
    let contact = mock.contact("k1").unwrap();
    assert_eq!(
        (contact.first_name.as_deref(), contact.time_zone.as_deref()),
        (Some("John"), Some("Europe/Kyiv"))
    );
    assert_eq!(contact.address["postcode"], "01001");
    assert_eq!(contact.channels[0].device, Some(device));
    assert_eq!(contact.fields[&1], "one");
}

#[test]
fn listed_channels_replace_those_of_their_type() {
    let contact = after(json!({
        "contacts": [{
            "externalCustomerId": "k1",
            "channels": [{ "type": "mobilepush", "value": "token-2" }, { "type": "mobilepush", "value": "token-3" }],
        }],
        "dedupeOn": "externalCustomerId",
        "contactFields": ["mobilepush"],
    }));
    assert_eq!(values(&contact, "mobilepush"), ["token-2", "token-3"]);
    assert_eq!(values(&contact, "email"), ["john@example.com"]);
}

#[test]
fn contacts_are_found_by_their_key_before_anything_else() {
    let other =
        ContactState { channels: vec![channel("email", "other@example.com")], ..ContactState::default() };
    let mock = with(vec![known(), other]);
    let session = accepted(
        &mock,
        &json!({
            "contacts": [{ "externalCustomerId": "k1", "firstName": "Jane", "channels": email("other@example.com") }],
            "dedupeOn": "email",
            "contactFields": ["firstName"],
        }),
    );
    assert_eq!(mock.contact("k1").unwrap().first_name.as_deref(), Some("Jane"));
    assert_eq!(session["mapping"][0]["dedupeValue"], "k1");
    assert_eq!(mock.contacts().len(), 2);
}

#[test]
fn a_new_key_with_a_known_address_updates_the_known_contact() {
    let mock = with(vec![ContactState { external_id: None, ..known() }]);
    let contacts = json!([{ "externalCustomerId": "new", "channels": email("john@example.com") }]);
    accepted(
        &mock,
        &json!({ "contacts": contacts, "dedupeOn": "externalCustomerId", "contactFields": ["email"] }),
    );
    let contact = mock.contact("new").unwrap();
    assert_eq!((mock.contacts().len(), contact.first_name.as_deref()), (1, Some("John")));
}

#[test]
fn each_way_to_find_a_contact_finds_it_and_leaves_what_it_was_found_by() {
    let phone = ("sms", "380955547708");
    let known = ContactState {
        id: 77,
        channels: [("email", "a@example.com"), phone, ("mobilepush", "t1"), ("webpush", "w1")]
            .map(|(kind, value)| channel(kind, value))
            .into(),
        fields: [(9, "nine".to_owned())].into(),
        ..ContactState::default()
    };
    let of = |kind: &str, value: &str| json!([{ "type": kind, "value": value }]);
    let cases = [
        ("email", of("email", "a@example.com"), "a@example.com"),
        ("sms", of("sms", phone.1), phone.1),
        ("push", of("mobilepush", "t1"), "t1"),
        ("webpush", of("webpush", "w1"), "w1"),
        ("email_or_sms", of("sms", phone.1), phone.1),
        ("email_or_sms", of("email", "a@example.com"), "a@example.com"),
        ("id", of("viber", "380955547709"), "77"),
        ("fieldId", of("viber", "380955547709"), "nine"),
    ];
    for (dedupe_on, channels, dedupe_value) in cases {
        let mock = with(vec![known.clone()]);
        let mut contact =
            json!({ "firstName": "Ann", "channels": channels, "fields": [{ "id": 9, "value": "nine" }] });
        let mut body = json!({ "dedupeOn": dedupe_on, "contactFields": ["firstName"] });
        match dedupe_on {
            "id" => contact["id"] = json!(77),
            "fieldId" => body["fieldId"] = json!(9),
            _ => {}
        }
        body["contacts"] = json!([contact]);
        let session = accepted(&mock, &body);
        let mapping = json!([{ "dedupeValue": dedupe_value, "contactId": 77 }]);
        assert_eq!(session["mapping"], mapping, "{dedupe_on}");
        assert_eq!(mock.contacts()[0].first_name.as_deref(), Some("Ann"), "{dedupe_on}");
    }

    // The field itself stays, although it is listed and the contact carries two.
    let mock = with(vec![known]);
    let both =
        json!([{ "type": "email", "value": "a@example.com" }, { "type": "email", "value": "b@example.com" }]);
    let body =
        json!({ "contacts": [{ "channels": both }], "dedupeOn": "email", "contactFields": ["email", "sms"] });
    accepted(&mock, &body);
    assert_eq!(values(&mock.contacts()[0], "email"), ["a@example.com"]);
    assert!(values(&mock.contacts()[0], "sms").is_empty());
}

#[test]
fn the_last_updated_of_several_with_one_address_is_used() {
    let twin = |id| ContactState {
        id,
        channels: vec![channel("email", "a@example.com")],
        ..ContactState::default()
    };
    let mock = with(vec![twin(1), twin(2)]);
    let by_id = json!({ "id": 1, "firstName": "Ann", "channels": email("a@example.com") });
    accepted(&mock, &json!({ "contacts": [by_id], "dedupeOn": "id", "contactFields": ["firstName"] }));
    let by_email = json!({ "lastName": "Lee", "channels": email("a@example.com") });
    let session = accepted(
        &mock,
        &json!({ "contacts": [by_email], "dedupeOn": "email", "contactFields": ["lastName"] }),
    );
    assert_eq!(session["mapping"][0]["contactId"], 1);
}

#[test]
fn a_mobile_token_moves_to_the_contact_it_was_sent_for() {
    let mock = with(vec![known()]);
    let token = json!([{ "type": "mobilepush", "value": "token-1" }]);
    accepted(
        &mock,
        &json!({
            "contacts": [{ "externalCustomerId": "k2", "channels": token }],
            "dedupeOn": "externalCustomerId",
            "contactFields": ["mobilepush"],
        }),
    );
    assert_eq!(values(&mock.contact("k2").unwrap(), "mobilepush"), ["token-1"]);
    let first = mock.contact("k1").unwrap();
    assert!(values(&first, "mobilepush").is_empty());
    assert_eq!(values(&first, "email"), ["john@example.com"]);
}

#[test]
fn deleted_contacts_are_skipped_unless_they_are_restored() {
    let mock = with(vec![ContactState { deleted: true, ..known() }]);
    let mut body = json!({
        "contacts": [{ "externalCustomerId": "k1", "firstName": "Jane", "channels": email("john@example.com") }],
        "dedupeOn": "externalCustomerId",
        "contactFields": ["firstName"],
    });
    let session = accepted(&mock, &body);
    assert_eq!(session["mapping"], json!([]));
    assert_eq!(mock.contact("k1").unwrap().first_name.as_deref(), Some("John"));

    body["restoreDeleted"] = json!(true);
    accepted(&mock, &body);
    let contact = mock.contact("k1").unwrap();
    assert_eq!((contact.first_name.as_deref(), contact.deleted), (Some("Jane"), false));
}
