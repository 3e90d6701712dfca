//! What tells one contact from another.

use std::fmt;

use ndjson::{Node, Tape, TapeValue};

/// The request option `dedupeOn`: the field by which the API finds a contact that it already has.
///
/// Contacts that carry `externalCustomerId` are found by that, whatever is said here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DedupeOn {
    /// The identifier of the app owner's own system; recommended.
    #[default]
    ExternalCustomerId,
    /// The address of the email channel.
    Email,
    /// The number of the sms channel.
    Sms,
    /// The number of the sms channel or, without one, the address of the email channel.
    EmailOrSms,
    /// The mobile push token.
    Push,
    /// The web push token.
    WebPush,
    /// The contact's id in Reteno.
    Id,
    /// The custom field with this id.
    FieldId(i64),
}

impl DedupeOn {
    /// The value of `dedupeOn` in a request.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExternalCustomerId => "externalCustomerId",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::EmailOrSms => "email_or_sms",
            Self::Push => "push",
            Self::WebPush => "webpush",
            Self::Id => "id",
            Self::FieldId(_) => "fieldId",
        }
    }
}

impl fmt::Display for DedupeOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one contact is known by: contacts with equal keys are one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key<'t> {
    /// The field that it stands in, as `dedupeOn` names it.
    pub field: &'static str,
    /// Its value in normal form.
    pub value: &'t str,
}

/// The key of the contact on the tape, if it has one: `externalCustomerId` wherever that is there, because the API then
/// looks for nothing else; otherwise the field that was chosen.
///
/// A contact with several channels of the chosen type is known by the first of them.
#[must_use]
pub fn key_of<'t>(tape: &Tape<'t>, dedupe_on: DedupeOn) -> Option<Key<'t>> {
    let root = tape.root();
    let channel = |kind: &str| {
        let is_kind = |channel: &TapeValue<'_>| channel.get("type").and_then(TapeValue::as_str) == Some(kind);
        root.get("channels")?.elements()?.find(is_kind)?.get("value")
    };
    let field = |wanted: i64| {
        let is_wanted = |field: &TapeValue<'_>| field.get("id").and_then(TapeValue::as_i64) == Some(wanted);
        root.get("fields")?.elements()?.find(is_wanted)?.get("value")
    };
    let (chosen, value) =
        key_value(dedupe_on, root.get("externalCustomerId"), channel, || root.get("id"), field)?;
    let text = match tape.nodes()[value.index() as usize] {
        _ if chosen == DedupeOn::Id => {
            value.as_i64()?;
            tape.number_text(tape.origin(value.index()))
        }
        Node::String(text) if !text.is_empty() => text,
        _ => return None,
    };
    Some(Key { field: chosen.as_str(), value: text })
}

/// Which of a contact's values it is known by, and in which field that stands. The values are looked up by whoever has
/// them: the external id, the value of the first channel of a type, the id, the value of a custom field.
pub(crate) fn key_value<V>(
    dedupe_on: DedupeOn,
    external_id: Option<V>,
    channel: impl Fn(&str) -> Option<V>,
    id: impl FnOnce() -> Option<V>,
    field: impl FnOnce(i64) -> Option<V>,
) -> Option<(DedupeOn, V)> {
    if let Some(external_id) = external_id {
        return Some((DedupeOn::ExternalCustomerId, external_id));
    }
    let value = match dedupe_on {
        DedupeOn::ExternalCustomerId => None,
        DedupeOn::Email => channel("email"),
        DedupeOn::Sms => channel("sms"),
        DedupeOn::EmailOrSms => {
            return match channel("sms") {
                Some(sms) => Some((DedupeOn::Sms, sms)),
                None => Some((DedupeOn::Email, channel("email")?)),
            };
        }
        DedupeOn::Push => channel("mobilepush"),
        DedupeOn::WebPush => channel("webpush"),
        DedupeOn::Id => id(),
        DedupeOn::FieldId(wanted) => field(wanted),
    };
    Some((dedupe_on, value?))
}
