//! Mobile tokens: whose they are, whether they are active, and adding them to known contacts.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Sent, not_json};
use crate::answer;
use crate::contact::{Channel, ContactState};
use crate::contacts::Contacts;
use crate::server::Server;

const MOBILE: &str = "mobilepush";

/// The body of `POST apps/{app}/tokens`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    tokens: Vec<Token>,
}

/// A token, and by what its contact is known.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Token {
    token: String,
    contact_id: Option<i64>,
    external_customer_id: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

/// `GET contact/token/{app}/{token}/contactId`
pub(super) async fn owner(
    State(server): State<Arc<Server>>,
    Path((app, token)): Path<(String, String)>,
) -> Response {
    match find(server.account().contacts(), &app, &token) {
        Some((contact, _)) => answer::ok(&json!({ "contactId": contact.id })),
        None => answer::error(StatusCode::NOT_FOUND, "No contact has this token"),
    }
}

/// `GET contact/token/activated/{app}/{token}`
pub(super) async fn activated(
    State(server): State<Arc<Server>>,
    Path((app, token)): Path<(String, String)>,
) -> Response {
    let mut account = server.account();
    let device = find(account.contacts(), &app, &token).map(|(_, channel)| channel.device.as_ref());
    let active = device.map(|device| member(device, "active").and_then(Value::as_bool).unwrap_or(true));
    answer::ok(&json!({ "active": active.unwrap_or(false) }))
}

/// `POST apps/{app}/tokens`. Tokens of contacts that are not known are left out without a word.
pub(super) async fn add(
    State(server): State<Arc<Server>>,
    Path(app): Path<String>,
    Extension(sent): Extension<Sent>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = not_json(&headers) {
        return refusal;
    }
    let sent: Tokens = match serde_json::from_slice(&sent.body) {
        Ok(tokens) => tokens,
        Err(error) => return answer::error(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let mut account = server.account();
    let contacts = account.contacts();
    for token in sent.tokens {
        if let Some(id) = token.contact(contacts).filter(|contact| !contact.deleted).map(|contact| contact.id)
        {
            let device = Some(json!({ "appId": app }));
            contacts.add_token(id, Channel { kind: MOBILE.to_owned(), value: token.token, device });
        }
    }
    answer::ok(&json!({}))
}

impl Token {
    fn contact<'c>(&self, contacts: &'c Contacts) -> Option<&'c ContactState> {
        let by_id = self.contact_id.and_then(|id| contacts.by_id(id));
        by_id
            .or_else(|| self.external_customer_id.as_ref().and_then(|key| contacts.by_external_id(key)))
            .or_else(|| self.phone.as_ref().and_then(|phone| contacts.by_channel("sms", phone)))
            .or_else(|| self.email.as_ref().and_then(|email| contacts.by_channel("email", email)))
    }
}

/// The contact that has a token of an app, and the token's channel. A channel that names no app is of any.
fn find<'c>(contacts: &'c Contacts, app: &str, token: &str) -> Option<(&'c ContactState, &'c Channel)> {
    let contact = contacts.by_channel(MOBILE, token).filter(|contact| !contact.deleted)?;
    let of_app = |channel: &&Channel| {
        let own = member(channel.device.as_ref(), "appId").and_then(Value::as_str);
        channel.kind == MOBILE
            && channel.value == token
            && own.is_none_or(|own| own.eq_ignore_ascii_case(app))
    };
    contact.channels.iter().find(of_app).map(|channel| (contact, channel))
}

fn member<'v>(device: Option<&'v Value>, name: &str) -> Option<&'v Value> {
    device.and_then(|device| device.get(name))
}
