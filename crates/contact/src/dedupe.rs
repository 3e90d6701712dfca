//! What tells one contact from another.

use std::fmt;

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
