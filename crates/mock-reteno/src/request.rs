//! The body of `POST contacts`: whether it keeps the schema, and what is in it.

use std::collections::HashMap;

use jsonschema::{PatternOptions, Retrieve, Uri, Validator};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::contact::Channel;

const REQUEST_SCHEMA: &str = include_str!("../../../schemas/request.schema.json");
const CONTACT_SCHEMA: &str = include_str!("../../../schemas/contact.schema.json");

/// Why a body is refused.
#[derive(Debug, Error)]
pub(crate) enum RequestError {
    #[error("the body is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{pointer}: {message}")]
    Schema { pointer: String, message: String },
}

/// What is asked of the account. The members are those of the body.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Upload {
    pub(crate) contacts: Vec<Contact>,
    pub(crate) dedupe_on: DedupeOn,
    pub(crate) field_id: Option<i64>,
    pub(crate) contact_fields: Option<Vec<String>>,
    #[serde(rename = "customFieldsIDs", default)]
    pub(crate) custom_fields: Vec<i32>,
    #[serde(default)]
    pub(crate) restore_deleted: bool,
}

/// How contacts without an `externalCustomerId` are found.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum DedupeOn {
    #[serde(rename = "email")]
    Email,
    #[serde(rename = "sms")]
    Sms,
    #[serde(rename = "push")]
    Push,
    #[serde(rename = "webpush")]
    WebPush,
    #[serde(rename = "email_or_sms")]
    EmailOrSms,
    #[serde(rename = "id")]
    Id,
    #[serde(rename = "externalCustomerId")]
    ExternalCustomerId,
    #[serde(rename = "fieldId")]
    FieldId,
}

/// One contact of a body.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contact {
    channels: Vec<SentChannel>,
    first_name: Option<String>,
    last_name: Option<String>,
    contact_key: Option<String>,
    language_code: Option<String>,
    time_zone: Option<String>,
    pub(crate) external_customer_id: Option<String>,
    pub(crate) id: Option<i64>,
    #[serde(default)]
    address: HashMap<String, String>,
    #[serde(default)]
    pub(crate) fields: Vec<SentField>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentChannel {
    #[serde(rename = "type")]
    kind: String,
    value: String,
    device: Option<Value>,
    web_push_subscription: Option<Value>,
}

/// The value of a custom field.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SentField {
    pub(crate) id: i32,
    pub(crate) value: String,
}

impl Contact {
    /// The value of a standard field that is a single text, an address's members among them.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        let text = match field {
            "firstName" => &self.first_name,
            "lastName" => &self.last_name,
            "contactKey" => &self.contact_key,
            "languageCode" => &self.language_code,
            "timeZone" => &self.time_zone,
            "externalCustomerId" => &self.external_customer_id,
            _ => return self.address.get(field).map(String::as_str),
        };
        text.as_deref()
    }

    /// The types of its channels, each as often as it stands there.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.channels.iter().map(|channel| channel.kind.as_str())
    }

    /// The values of its channels of a type.
    pub(crate) fn values<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s str> {
        self.channels.iter().filter(move |channel| channel.kind == kind).map(|channel| channel.value.as_str())
    }

    /// Its channels of a type, as they are kept.
    pub(crate) fn channels<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = Channel> + 's {
        self.channels.iter().filter(move |channel| channel.kind == kind).map(|channel| Channel {
            kind: channel.kind.clone(),
            value: channel.value.clone(),
            device: channel.device.clone().or_else(|| channel.web_push_subscription.clone()),
        })
    }

    /// The value of a custom field; the last one, where there are several.
    pub(crate) fn field(&self, id: i32) -> Option<&str> {
        self.fields.iter().rev().find(|field| field.id == id).map(|field| field.value.as_str())
    }

    /// The value that it is told by in the mapping of a session; `None` if it has none to be found by.
    pub(crate) fn dedupe_value(&self, upload: &Upload) -> Option<String> {
        if let Some(external_id) = &self.external_customer_id {
            return Some(external_id.clone());
        }
        let first = |kind| self.values(kind).next().map(str::to_owned);
        match upload.dedupe_on {
            DedupeOn::Email => first("email"),
            DedupeOn::Sms => first("sms"),
            DedupeOn::Push => first("mobilepush"),
            DedupeOn::WebPush => first("webpush"),
            DedupeOn::EmailOrSms => first("sms").or_else(|| first("email")),
            DedupeOn::Id => self.id.map(|id| id.to_string()),
            DedupeOn::ExternalCustomerId => None,
            DedupeOn::FieldId => upload.dedupe_field().and_then(|id| self.field(id)).map(str::to_owned),
        }
    }
}

impl Upload {
    /// The custom field that contacts are found by, if they are found by one.
    pub(crate) fn dedupe_field(&self) -> Option<i32> {
        let id = self.field_id.filter(|_| self.dedupe_on == DedupeOn::FieldId)?;
        i32::try_from(id).ok()
    }

    /// The keys of its contacts, where they have one.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.contacts.iter().filter_map(|contact| contact.external_customer_id.as_deref())
    }
}

/// Reads bodies.
pub(crate) struct Reader {
    validator: Validator,
}

impl Reader {
    /// # Errors
    /// None that a test of this crate would not have found: the schemas are its own.
    pub(crate) fn new() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut schema: Value = serde_json::from_str(REQUEST_SCHEMA)?;
        // The tool always writes `contactFields`, so the schema asks for it; the API does without.
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| name != "contactFields");
        }
        let validator = jsonschema::options()
            .with_pattern_options(PatternOptions::regex())
            .with_retriever(ContactSchema(serde_json::from_str(CONTACT_SCHEMA)?))
            .should_validate_formats(true)
            .build(&schema)
            .map_err(|error| error.to_string())?;
        Ok(Self { validator })
    }

    /// The body as it stands, and as it is meant.
    pub(crate) fn read(&self, body: &[u8]) -> Result<(Value, Upload), RequestError> {
        let value: Value = serde_json::from_slice(body)?;
        // Finding out whether a body is right takes a fraction of what finding out why it is wrong does.
        if !self.validator.is_valid(&value)
            && let Some(error) = self.validator.iter_errors(&value).next()
        {
            let pointer = match error.instance_path().to_string() {
                root if root.is_empty() => "the body".to_owned(),
                pointer => pointer,
            };
            // The value itself is personal data, and a whole contact would be a long message.
            return Err(RequestError::Schema { pointer, message: error.masked().to_string() });
        }
        let upload = Upload::deserialize(&value)?;
        Ok((value, upload))
    }
}

/// Hands out the contact's schema, and nothing else.
struct ContactSchema(Value);

impl Retrieve for ContactSchema {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        if self.0.get("$id").and_then(Value::as_str) == Some(uri.as_str()) {
            return Ok(self.0.clone());
        }
        Err("nothing is fetched".into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body() -> Value {
        json!({
            "contacts": [{
                "externalCustomerId": "k1",
                "channels": [{ "type": "email", "value": "a@example.com" }],
                "fields": [{ "id": 7, "value": "x" }],
            }],
            "dedupeOn": "externalCustomerId",
            "contactFields": ["email"],
            "customFieldsIDs": [7],
        })
    }

    /// Puts a value at a pointer whose parent exists; `null` removes a member.
    fn with(pointer: &str, value: Value) -> Value {
        let mut body = body();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = body.pointer_mut(parent).unwrap();
        match (parent, value) {
            (Value::Object(members), Value::Null) => drop(members.remove(name)),
            (Value::Object(members), value) => drop(members.insert(name.to_owned(), value)),
            (Value::Array(items), value) => items[name.parse::<usize>().unwrap()] = value,
            _ => panic!("{pointer} has no parent"),
        }
        body
    }

    #[test]
    fn bodies_are_taken_or_refused_by_the_schema() {
        let reader = Reader::new().unwrap();
        let contact = body()["contacts"][0].clone();
        let cases = [
            (true, body()),
            (true, with("/contactFields", Value::Null)),
            (true, with("/customFieldsIDs", Value::Null)),
            (true, with("/contacts", json!(vec![contact.clone(); 3_000]))),
            (false, with("/contacts", json!(vec![contact; 3_001]))),
            (false, with("/contacts", json!([]))),
            (false, with("/contacts", Value::Null)),
            (false, with("/dedupeOn", Value::Null)),
            (false, with("/dedupeOn", json!("phone"))),
            (false, with("/dedupeOn", json!("fieldId"))),
            (false, with("/contactFields", json!(["firstname"]))),
            (false, with("/customFieldsIDs", json!([2_147_483_648_i64]))),
            (false, with("/groups", json!(["a"]))),
            (false, with("/contacts/0/city", json!("Kyiv"))),
            (false, with("/contacts/0/channels", json!([]))),
            (false, with("/contacts/0/channels", Value::Null)),
            (false, with("/contacts/0/channels/0/type", json!("webPush"))),
            (false, with("/contacts/0/channels/0/value", json!(7))),
            (false, with("/contacts/0/channels/0/value", json!("no address"))),
            (false, with("/contacts/0/fields/0/value", json!(7))),
            (false, with("/contacts/0/externalCustomerId", json!(7))),
            (false, json!([])),
        ];
        for (taken, body) in cases {
            let read = reader.read(body.to_string().as_bytes());
            assert_eq!(read.is_ok(), taken, "{:?} of {:.200}", read.err(), body.to_string());
        }
        assert!(matches!(reader.read(b"{"), Err(RequestError::Json(_))));
    }

    #[test]
    fn a_refusal_says_where_and_shows_no_value() {
        let body = with("/contacts/0/channels/0/value", json!("no address"));
        let message = Reader::new().unwrap().read(body.to_string().as_bytes()).unwrap_err().to_string();
        assert!(message.starts_with("/contacts/0/channels/0/value: "), "{message}");
        assert!(!message.contains("no address"), "{message}");
    }
}
