//! The custom fields and the tokens of the account.

use mock_reteno::{Channel, ContactState, CustomField, FieldsShape, Mock, MockOptions};
use serde_json::{Value, json};

use crate::client::{Sent, accepted, get, send, start};

const APP: &str = "83b77a49-fc28-409b-aeaa-68c9d544ab9d";

fn field() -> CustomField {
    CustomField {
        id: 12345,
        name: "Plan".to_owned(),
        key: "plan".to_owned(),
        group: "Own".to_owned(),
        kind: "COMBOBOX".to_owned(),
        possible_values: vec!["free".to_owned(), "paid".to_owned()],
        required: true,
        ..CustomField::default()
    }
}

fn address_books(fields: Vec<CustomField>, fields_shape: FieldsShape) -> Value {
    get(&start(MockOptions { fields, fields_shape, ..MockOptions::default() }), "addressbooks").json()
}

#[test]
fn custom_fields_are_told_in_arrays_or_in_single_objects() {
    let arrays = address_books(vec![field()], FieldsShape::Arrays);
    let told = &arrays["addressBook"][0]["fieldGroups"][0]["fields"][0];
    assert_eq!((&told["id"], &told["description"]["type"]), (&json!(12345), &json!("COMBOBOX")));
    assert_eq!(told["description"]["required"], true);
    assert_eq!(told["description"]["allowedValues"]["possibleValues"], json!(["free", "paid"]));

    let singles = address_books(vec![field()], FieldsShape::Singles);
    assert_eq!(singles["addressBook"]["addressBookId"], "1");
    let told = &singles["addressBook"]["fieldGroups"]["fields"];
    assert_eq!((&told["id"], &told["description"]["type"]), (&json!("12345"), &json!("combobox")));
    assert_eq!(told["description"]["readonly"], "false");

    let bounded = CustomField { id: 2, group: "More".to_owned(), min: Some(0), max: Some(9), ..field() };
    let two = address_books(vec![field(), bounded], FieldsShape::Singles);
    let groups = two["addressBook"]["fieldGroups"].as_array().expect("several stay an array");
    assert_eq!(groups[1]["fields"]["description"]["allowedValues"]["maxValue"], 9);
}

/// A mock that knows `k1` with a token of `APP`.
fn with_token() -> Mock {
    let mock = start(MockOptions::default());
    let device = json!({ "appId": APP, "active": false });
    let channels = json!([{ "type": "mobilepush", "value": "a:b", "device": device }]);
    let contacts = json!([{ "externalCustomerId": "k1", "channels": channels }]);
    accepted(&mock, &json!({ "contacts": contacts, "dedupeOn": "externalCustomerId" }));
    mock
}

#[test]
fn tokens_tell_their_contact_and_whether_they_are_active() {
    let mock = with_token();
    let owner = get(&mock, &format!("contact/token/{APP}/a%3Ab/contactId"));
    assert_eq!((owner.status, owner.json()), (200, json!({ "contactId": mock.contact("k1").unwrap().id })));
    assert_eq!(get(&mock, &format!("contact/token/{APP}/other/contactId")).status, 404);
    assert_eq!(get(&mock, "contact/token/other-app/a%3Ab/contactId").status, 404);
    assert_eq!(
        get(&mock, &format!("contact/token/activated/{APP}/a%3Ab")).json(),
        json!({ "active": false })
    );
}

#[test]
fn tokens_are_added_to_known_contacts_only() {
    let mock = with_token();
    let tokens = json!([
        { "token": "t2", "externalCustomerId": "k1" },
        { "token": "t3", "externalCustomerId": "nobody" },
    ]);
    let body = json!({ "tokens": tokens }).to_string();
    let path = format!("apps/{APP}/tokens");
    let answer = send(&mock, Sent { method: "POST", path: &path, body, ..Sent::default() }).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(get(&mock, &format!("contact/token/activated/{APP}/t2")).json(), json!({ "active": true }));
    assert_eq!(get(&mock, &format!("contact/token/{APP}/t3/contactId")).status, 404);
    assert_eq!(mock.contact("k1").unwrap().channels.len(), 2);

    let contact = |key: &str, deleted| ContactState {
        external_id: Some(key.to_owned()),
        channels: vec![Channel {
            kind: "email".to_owned(),
            value: format!("{key}@example.com"),
            device: None,
        }],
        deleted,
        ..ContactState::default()
    };
    let existing = vec![contact("gone", true), contact("k1", false), contact("k2", false)];
    let mock = start(MockOptions { existing, ..MockOptions::default() });
    for (owner, given) in [("k1", true), ("k2", true), ("gone", false)] {
        let body =
            json!({ "tokens": [{ "token": "t", "email": format!("{owner}@example.com") }] }).to_string();
        assert_eq!(
            send(&mock, Sent { method: "POST", path: &path, body, ..Sent::default() }).unwrap().status,
            200
        );
        let has_it = mock.contact(owner).unwrap().channels.iter().any(|channel| channel.value == "t");
        assert_eq!(has_it, given, "{owner}");
    }
    assert_eq!(mock.contact("k1").unwrap().channels.len(), 1, "the token moved on");
}
