//! A contact as the account keeps it.

use std::collections::BTreeMap;

use serde_json::Value;

/// What the account knows of one contact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContactState {
    /// The number that the server gave it; 0 in [`MockOptions::existing`](crate::MockOptions::existing) asks for one.
    pub id: i64,
    /// `externalCustomerId`.
    pub external_id: Option<String>,
    /// `firstName`.
    pub first_name: Option<String>,
    /// `lastName`.
    pub last_name: Option<String>,
    /// `contactKey`.
    pub contact_key: Option<String>,
    /// `languageCode`.
    pub language_code: Option<String>,
    /// `timeZone`.
    pub time_zone: Option<String>,
    /// The members of `address` that have a value, by name: `address`, `town`, `region`, `postcode`.
    pub address: BTreeMap<String, String>,
    /// The ways to reach it.
    pub channels: Vec<Channel>,
    /// The values of custom fields, by the number of the field.
    pub fields: BTreeMap<i32, String>,
    /// Whether it was deleted: then it is left alone, unless a request restores deleted contacts.
    pub deleted: bool,
}

/// One way to reach a contact.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// The type, such as `email` or `mobilepush`.
    pub kind: String,
    /// The address, the number or the token.
    pub value: String,
    /// What came with a push token: `device`, or `webPushSubscription` where the type is `webpush`.
    pub device: Option<Value>,
}

impl ContactState {
    /// The standard field of this name, if it is one that holds a single text.
    pub(crate) fn text_mut(&mut self, field: &str) -> Option<&mut Option<String>> {
        Some(match field {
            "firstName" => &mut self.first_name,
            "lastName" => &mut self.last_name,
            "contactKey" => &mut self.contact_key,
            "languageCode" => &mut self.language_code,
            "timeZone" => &mut self.time_zone,
            "externalCustomerId" => &mut self.external_id,
            _ => return None,
        })
    }
}
