//! What the API says, as types.
//!
//! Read generously: where the documentation and known clients disagree, both forms are understood. Source: the public
//! documentation of Reteno and of its sister product, and the code of their clients.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The answer to `POST contacts` with status 200.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AddContactsAnswer {
    /// An object if one contact failed, an array if several did.
    #[serde(deserialize_with = "one_or_many")]
    pub(crate) failed_contacts: Vec<FailedContact>,
    #[serde(deserialize_with = "any_text")]
    pub(crate) async_session_id: Option<String>,
    /// Says that the request failed, although its status is 200.
    #[serde(deserialize_with = "any_text")]
    pub(crate) error_message: Option<String>,
}

/// A contact that the API did not take: a copy of it, of which no member is promised, and the reason. Nothing in a copy,
/// however odd, may make the answer useless: the other contacts were taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct FailedContact(pub(crate) Value);

impl FailedContact {
    pub(crate) fn external_id(&self) -> Option<String> {
        text(&self.0["externalCustomerId"])
    }

    pub(crate) fn channels(&self) -> Vec<ChannelOf> {
        channels(&self.0)
    }

    /// What the server says.
    pub(crate) fn error(&self) -> String {
        text(&self.0["error"]).map_or_else(|| told(b""), |error| told(error.as_bytes()))
    }
}

/// What a contact and its copy have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ChannelOf {
    kind: Option<String>,
    value: Option<String>,
}

/// The channels of a contact, or of a copy of one.
pub(crate) fn channels(contact: &Value) -> Vec<ChannelOf> {
    let channel =
        |channel: &Value| ChannelOf { kind: text(&channel["type"]), value: text(&channel["value"]) };
    match &contact["channels"] {
        Value::Array(channels) => channels.iter().map(channel).collect(),
        one @ Value::Object(_) => vec![channel(one)],
        _ => Vec::new(),
    }
}

/// A text, or anything else as its JSON.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Where an import stands; the answer to `GET importstatus/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// How far it is.
    pub status: SessionStatus,
    /// Words on it.
    #[serde(default, deserialize_with = "any_text")]
    pub description: Option<String>,
    /// Which contact has which id; it may be shorter than the request was.
    #[serde(default, deserialize_with = "one_or_many")]
    pub mapping: Vec<Mapped>,
}

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum SessionStatus {
    /// It waits.
    Started,
    /// It is worked on.
    Importing,
    /// It is done.
    Finished,
    /// It failed.
    Error,
    /// A word that is not documented; taken for not yet done.
    Other(String),
}

impl From<String> for SessionStatus {
    fn from(word: String) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "STARTED" => Self::Started,
            "IMPORTING" => Self::Importing,
            "FINISHED" => Self::Finished,
            "ERROR" => Self::Error,
            _ => Self::Other(word),
        }
    }
}

/// A contact and its id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapped {
    /// The value of the field that it was found by.
    #[serde(default, deserialize_with = "any_text")]
    pub dedupe_value: Option<String>,
    /// Its id in Reteno.
    #[serde(default, deserialize_with = "any_text")]
    pub contact_id: Option<String>,
}

/// Whose key it is; the answer to `GET account/info`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Account {
    /// The address of its user.
    pub user_email: Option<String>,
    /// The name of the organisation.
    pub organisation_name: Option<String>,
}

fn one_or_many<'d, T: Deserialize<'d>, D: Deserializer<'d>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(OneOrMany::Many(many)) => many,
        Some(OneOrMany::One(one)) => vec![one],
    })
}

/// A text, or anything else as its JSON: ids are numbers here and texts there.
fn any_text<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(text(&Value::deserialize(deserializer)?))
}

/// What an answer that is no success says, for people: `message` of a JSON object, the title of a web page, or the text
/// itself; no control characters, and not more than a few lines.
pub(crate) fn told(body: &[u8]) -> String {
    const MOST_CHARS: usize = 500;
    let text = String::from_utf8_lossy(body);
    let named = serde_json::from_str::<Value>(&text).ok().and_then(|json| {
        ["message", "errorMessage", "error", "description"]
            .iter()
            .find_map(|name| json.get(name).and_then(Value::as_str).map(str::to_owned))
    });
    let words: Vec<&str> = named.as_deref().unwrap_or_else(|| titled(&text)).split_whitespace().collect();
    let mut told = words.join(" ").replace(char::is_control, "");
    if let Some((end, _)) = told.char_indices().nth(MOST_CHARS) {
        told.truncate(end);
        told.push('…');
    }
    if told.is_empty() { "no reason was given".to_owned() } else { told }
}

/// The title of a web page, as proxies send them; anything else as it is.
fn titled(text: &str) -> &str {
    const BEGIN: &str = "<title>";
    let lower = text.to_ascii_lowercase();
    let title = || {
        let begin = lower.find(BEGIN)? + BEGIN.len();
        let end = begin + lower[begin..].find("</title>")?;
        text.get(begin..end).filter(|title| !title.trim().is_empty())
    };
    if lower.trim_start().starts_with('<') { title().unwrap_or(text) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> AddContactsAnswer {
        serde_json::from_str(json).expect(json)
    }

    #[test]
    fn one_failed_contact_is_an_object_and_several_are_an_array() {
        let contact =
            r#"{"externalCustomerId":7,"channels":[{"type":"sms","value":"1","extra":0}],"error":"bad"}"#;
        let one = read(&format!(r#"{{"failedContacts":{contact},"asyncSessionId":"s"}}"#));
        let many =
            read(&format!(r#"{{"failedContacts":[{contact},{{"error":{{"code":1}}}}],"asyncSessionId":5}}"#));
        assert_eq!(one.failed_contacts[0].external_id().as_deref(), Some("7"));
        let channel = ChannelOf { kind: Some("sms".into()), value: Some("1".into()) };
        assert_eq!(one.failed_contacts[0].channels(), [channel]);
        assert_eq!(many.failed_contacts.len(), 2);
        assert_eq!(many.failed_contacts[1].error(), r#"{"code":1}"#);
        assert_eq!(
            (one.async_session_id.as_deref(), many.async_session_id.as_deref()),
            (Some("s"), Some("5"))
        );
        for json in [
            "{}",
            r#"{"failedContacts":null,"asyncSessionId":null,"errorMessage":null}"#,
            r#"{"failedContacts":[]}"#,
        ] {
            let none = read(json);
            assert!(none.failed_contacts.is_empty() && none.async_session_id.is_none(), "{json}");
        }
    }

    #[test]
    fn an_odd_copy_of_a_contact_does_not_make_the_answer_useless() {
        for copy in [
            r#"{"channels":[{"type":"sms","value":null}],"error":"bad"}"#,
            r#"{"channels":[{"type":5,"value":7}]}"#,
            r#"{"channels":null,"externalCustomerId":{},"error":null}"#,
            r#"{"channels":["x",[],null]}"#,
            "5",
            "\"x\"",
        ] {
            let answer =
                read(&format!(r#"{{"failedContacts":[{copy}],"asyncSessionId":"s","errorMessage":{{}}}}"#));
            assert_eq!(answer.failed_contacts.len(), 1, "{copy}");
            let failed = &answer.failed_contacts[0];
            let _ = (failed.external_id(), failed.channels());
            assert!(!failed.error().is_empty(), "{copy}");
        }
    }

    #[test]
    fn a_session_is_read_in_all_its_forms() {
        let session: Session = serde_json::from_str(
            r#"{"status":"finished","timestamp":1,"mapping":{"dedupeValue":5,"contactId":"9"}}"#,
        )
        .expect("a session");
        assert_eq!(session.status, SessionStatus::Finished);
        let mapped = Mapped { dedupe_value: Some("5".into()), contact_id: Some("9".into()) };
        assert_eq!(session.mapping, [mapped]);
        let session: Session = serde_json::from_str(r#"{"status":"QUEUED"}"#).expect("a session");
        assert_eq!(session.status, SessionStatus::Other("QUEUED".into()));
    }

    #[test]
    fn what_the_server_says_is_short_and_safe_to_print() {
        for (body, words) in [
            (&b""[..], "no reason was given"),
            (b"  Bad\r\n\x1b[31m request ", "Bad [31m request"),
            (br#"{"message":"wrong field","code":5}"#, "wrong field"),
            (br#"{"code":5}"#, r#"{"code":5}"#),
            (b"\xFFx", "\u{FFFD}x"),
            (b"\n<!doctype html><HTML><Title>502 Bad\n Gateway</TITLE><h1>Oh</h1>", "502 Bad Gateway"),
            (b"<html><title> </title>Oh</html>", "<html><title> </title>Oh</html>"),
            (b"<html><title>Oh", "<html><title>Oh"),
            (b"no <title>page</title>", "no <title>page</title>"),
        ] {
            assert_eq!(told(body), words);
        }
        assert_eq!(told("ї".repeat(1000).as_bytes()).chars().count(), 501);
    }
}
