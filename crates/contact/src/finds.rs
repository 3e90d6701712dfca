//! What is found in a contact besides its key: the tokens that it claims, and what it may be linked to others by.

use ndjson::{Tape, TapeValue};

use crate::dedupe::{DedupeOn, Key};

/// What is looked for in contacts that are taken from their text alone. Nothing by default: it takes a little time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finds {
    /// Mobile push tokens; see [`tokens_of`].
    pub tokens: bool,
    /// Phone numbers and addresses; see [`links_of`].
    pub links: bool,
}

/// The type of a channel that has a mobile push token.
pub(crate) const TOKEN_TYPE: &str = "mobilepush";

/// Calls `found` with each mobile push token of the contact on the tape, and whether it is active: whether
/// `device.active` is not `false`.
pub fn tokens_of<'a>(tape: &'a Tape<'_>, mut found: impl FnMut(&'a str, bool)) {
    for (channel, value) in channels(tape) {
        if channel.get("type").and_then(TapeValue::as_str) == Some(TOKEN_TYPE) {
            let active = channel.get("device").and_then(|device| device.get("active")?.as_bool());
            found(value, active != Some(false));
        }
    }
}

/// Calls `found` with everything that the contact on the tape is known by with
/// [`DedupeOn::EmailOrSms`](crate::DedupeOn): each number of a channel of type `sms` and each address of one of type
/// `email`, in the order of the channels. With `externalCustomerId` it is known by that alone, and nothing is found.
pub fn links_of<'a>(tape: &'a Tape<'_>, mut found: impl FnMut(Key<'a>)) {
    if tape.root().get("externalCustomerId").is_some() {
        return;
    }
    for (channel, value) in channels(tape) {
        if let Some(field) = channel.get("type").and_then(TapeValue::as_str).and_then(link_field) {
            found(Key { field, value });
        }
    }
}

/// The field that the value of a channel of this type is a key of.
pub(crate) fn link_field(kind: &str) -> Option<&'static str> {
    let fields = [DedupeOn::Sms.as_str(), DedupeOn::Email.as_str()];
    fields.into_iter().find(|field| *field == kind)
}

/// The channels that have a text for a value, with that.
fn channels<'a>(tape: &'a Tape<'_>) -> impl Iterator<Item = (TapeValue<'a>, &'a str)> {
    let channels = tape.root().get("channels").and_then(TapeValue::elements);
    let with_value = |channel: TapeValue<'a>| {
        let value = channel.get("value")?.as_str().filter(|value| !value.is_empty())?;
        Some((channel, value))
    };
    channels.into_iter().flatten().filter_map(with_value)
}
