//! `GET addressbooks`: the custom fields of the account.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::answer;
use crate::options::{CustomField, FieldsShape};
use crate::server::Server;

/// The number of the only address book.
const ADDRESS_BOOK: i32 = 1;

pub(super) async fn address_books(State(server): State<Arc<Server>>) -> Response {
    answer::ok(&catalogue(&server.options.fields, server.options.fields_shape))
}

fn catalogue(fields: &[CustomField], shape: FieldsShape) -> Value {
    let mut groups: Vec<(&str, Vec<Value>)> = Vec::new();
    for field in fields {
        let told = shape.field(field);
        match groups.iter_mut().find(|(name, _)| *name == field.group) {
            Some((_, members)) => members.push(told),
            None => groups.push((&field.group, vec![told])),
        }
    }
    let groups =
        groups.into_iter().map(|(name, members)| json!({ "name": name, "fields": shape.list(members) }));
    let book = json!({
        "addressBookId": shape.id(ADDRESS_BOOK),
        "name": "Mock",
        "fieldGroups": shape.list(groups.collect()),
    });
    json!({ "addressBook": shape.list(vec![book]) })
}

impl FieldsShape {
    fn field(self, field: &CustomField) -> Value {
        let mut allowed = Map::new();
        if !field.possible_values.is_empty() {
            allowed.insert("possibleValues".to_owned(), json!(field.possible_values));
        }
        for (name, bound) in [("minValue", field.min), ("maxValue", field.max)] {
            if let Some(bound) = bound {
                allowed.insert(name.to_owned(), json!(bound));
            }
        }
        let kind = match self {
            Self::Arrays => field.kind.to_uppercase(),
            Self::Singles => field.kind.to_lowercase(),
        };
        json!({
            "id": self.id(field.id),
            "name": field.name,
            "fieldKey": field.key,
            "description": {
                "type": kind,
                "allowedValues": allowed,
                "required": self.boolean(field.required),
                "readonly": self.boolean(field.readonly),
            },
        })
    }

    fn list(self, mut items: Vec<Value>) -> Value {
        match (self, items.len()) {
            (Self::Singles, 1) => items.remove(0),
            _ => Value::Array(items),
        }
    }

    fn id(self, id: i32) -> Value {
        match self {
            Self::Arrays => json!(id),
            Self::Singles => json!(id.to_string()),
        }
    }

    fn boolean(self, value: bool) -> Value {
        match self {
            Self::Arrays => json!(value),
            Self::Singles => json!(value.to_string()),
        }
    }
}
