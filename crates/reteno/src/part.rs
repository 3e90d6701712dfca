//! What is sent: a request body, or a part of the contacts of one.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use bytes::Bytes;
use contact::DedupeOn;
use ndjson::Parser;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

/// The BLAKE3 hash of a body: what it is known by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BodyHash([u8; blake3::OUT_LEN]);

/// A text is no hash of a body.
#[derive(Clone, Debug, Error)]
#[error("{0:?} is no BLAKE3 hash in hexadecimal")]
pub struct BodyHashError(String);

impl BodyHash {
    /// The hash of a body.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(*blake3::hash(body).as_bytes())
    }
}

impl FromStr for BodyHash {
    type Err = BodyHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        blake3::Hash::from_hex(text)
            .map(|hash| Self(*hash.as_bytes()))
            .map_err(|_| BodyHashError(text.to_owned()))
    }
}

impl TryFrom<String> for BodyHash {
    type Error = BodyHashError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BodyHash> for String {
    fn from(hash: BodyHash) -> Self {
        hash.to_string()
    }
}

impl fmt::Display for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Some contacts of a body that follow each other; most often all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) batch: BodyHash,
    /// The first contact, from 0.
    pub(crate) from: u32,
    /// The first contact that is no longer in it.
    pub(crate) to: u32,
}

impl Part {
    pub(crate) fn whole(batch: BodyHash, contacts: u32) -> Self {
        Self { batch, from: 0, to: contacts }
    }

    pub(crate) fn contacts(self) -> u32 {
        self.to - self.from
    }

    /// Its two halves; `None` of a single contact.
    pub(crate) fn halves(self) -> Option<[Self; 2]> {
        if self.contacts() < 2 {
            return None;
        }
        let middle = self.from + self.contacts() / 2;
        Some([Self { to: middle, ..self }, Self { from: middle, ..self }])
    }
}

/// A request body with the places of its contacts.
#[derive(Clone, Debug)]
pub struct RequestBody {
    bytes: Bytes,
    contacts: Vec<Range<usize>>,
    dedupe_on: DedupeOn,
}

/// A text is no request body.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RequestBodyError {
    /// It is not JSON, or has no contacts or no `dedupeOn`.
    #[error("it is no request body ({0}); write one JSON object with contacts and dedupeOn, as prepare does")]
    Syntax(#[from] serde_json::Error),
    /// Its `dedupeOn` is none of the API.
    #[error("dedupeOn is {0:?}, which the API does not know")]
    DedupeOn(String),
}

#[derive(Deserialize)]
struct Outline<'b> {
    #[serde(borrow)]
    contacts: Vec<&'b RawValue>,
    #[serde(rename = "dedupeOn")]
    dedupe_on: String,
    #[serde(rename = "fieldId")]
    field_id: Option<i64>,
}

impl RequestBody {
    /// Finds the contacts of a body.
    ///
    /// # Errors
    /// If it is not a body.
    pub fn read(bytes: Bytes) -> Result<Self, RequestBodyError> {
        let outline: Outline<'_> = serde_json::from_slice(&bytes)?;
        let begin = bytes.as_ptr() as usize;
        let place = |contact: &&RawValue| {
            let from = contact.get().as_ptr() as usize - begin;
            from..from + contact.get().len()
        };
        let contacts = outline.contacts.iter().map(place).collect();
        let dedupe_on = dedupe_on(&outline.dedupe_on, outline.field_id)
            .ok_or(RequestBodyError::DedupeOn(outline.dedupe_on))?;
        Ok(Self { bytes, contacts, dedupe_on })
    }

    /// How many contacts are in it.
    #[must_use]
    pub fn contacts(&self) -> usize {
        self.contacts.len()
    }

    /// The body with only some of its contacts, and everything else as it was.
    pub(crate) fn with_only(&self, part: Part) -> Bytes {
        let inner = self.range(part);
        let (Some(first), Some(last)) = (self.contacts.first(), self.contacts.last()) else {
            return self.bytes.clone();
        };
        [&self.bytes[..first.start], &self.bytes[inner], &self.bytes[last.end..]].concat().into()
    }

    fn range(&self, part: Part) -> Range<usize> {
        let contacts = self.contacts.get(part.from as usize..part.to as usize).unwrap_or_default();
        match contacts {
            [first, .., last] => first.start..last.end,
            [only] => only.clone(),
            [] => 0..0,
        }
    }

    /// Where a contact begins in the body.
    pub(crate) fn offset(&self, contact: u32) -> usize {
        self.contacts.get(contact as usize).map_or(0, |range| range.start)
    }

    /// A contact as it stands in the body.
    pub(crate) fn contact(&self, contact: u32) -> &[u8] {
        self.contacts.get(contact as usize).map_or(&[], |range| &self.bytes[range.clone()])
    }

    /// What a contact is known by, if it has that.
    pub(crate) fn key(&self, contact: u32, parser: &mut Parser) -> Option<String> {
        let key = |tape: &mut ndjson::Tape<'_>| {
            contact::key_of(tape, self.dedupe_on).map(|key| key.value.to_owned())
        };
        parser.parse(self.contact(contact), key).ok().flatten()
    }
}

fn dedupe_on(name: &str, field_id: Option<i64>) -> Option<DedupeOn> {
    let known = [
        DedupeOn::ExternalCustomerId,
        DedupeOn::Email,
        DedupeOn::Sms,
        DedupeOn::EmailOrSms,
        DedupeOn::Push,
        DedupeOn::WebPush,
        DedupeOn::Id,
        DedupeOn::FieldId(field_id.unwrap_or_default()),
    ];
    known.into_iter().find(|known| known.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#" {"dedupeOn":"email", "contacts": [ {"a":"},"} , {"externalCustomerId":"k","channels":[]},{"channels":[{"type":"email","value":"a@b.c"}]} ] ,"contactFields":[]}"#;

    fn body() -> RequestBody {
        RequestBody::read(Bytes::from_static(BODY.as_bytes())).expect("a body")
    }

    #[test]
    fn a_part_is_the_body_with_fewer_contacts() {
        let hash = BodyHash::of(BODY.as_bytes());
        let whole = Part::whole(hash, 3);
        assert_eq!(body().with_only(whole), BODY);
        let [first, rest] = whole.halves().expect("three can be halved");
        assert_eq!(
            body().with_only(first),
            r#" {"dedupeOn":"email", "contacts": [ {"a":"},"} ] ,"contactFields":[]}"#
        );
        assert_eq!(
            body().with_only(rest),
            r#" {"dedupeOn":"email", "contacts": [ {"externalCustomerId":"k","channels":[]},{"channels":[{"type":"email","value":"a@b.c"}]} ] ,"contactFields":[]}"#
        );
        assert_eq!(first.halves(), None);
        assert_eq!((first.contacts(), rest.contacts()), (1, 2));
    }

    #[test]
    fn contacts_are_known_by_their_key() {
        let mut parser = Parser::new();
        let keys: Vec<_> = (0..3).map(|contact| body().key(contact, &mut parser)).collect();
        assert_eq!(keys, [None, Some("k".to_owned()), Some("a@b.c".to_owned())]);
        assert_eq!(body().contact(0), br#"{"a":"},"}"#);
        assert_eq!(&BODY[body().offset(1)..][..5], "{\"ext");
    }

    #[test]
    fn what_is_no_body_is_refused() {
        for text in ["", "{}", "[]", r#"{"contacts":{},"dedupeOn":"email"}"#, r#"{"contacts":[]}"#] {
            assert!(RequestBody::read(Bytes::from(text)).is_err(), "{text}");
        }
        let error =
            RequestBody::read(Bytes::from(r#"{"contacts":[],"dedupeOn":"mail"}"#)).expect_err("unknown");
        assert!(matches!(error, RequestBodyError::DedupeOn(name) if name == "mail"));
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = BodyHash::of(b"x");
        assert_eq!(hash.to_string().parse::<BodyHash>().expect("a hash"), hash);
        assert!("00".parse::<BodyHash>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn halving_down_to_single_contacts_loses_none(contacts in 1u32..3000) {
            let mut open = vec![Part::whole(BodyHash::of(b""), contacts)];
            let mut singles = Vec::new();
            while let Some(part) = open.pop() {
                match part.halves() {
                    Some([first, second]) => open.extend([second, first]),
                    None => singles.push(part.from),
                }
            }
            proptest::prop_assert_eq!(singles, (0..contacts).collect::<Vec<_>>());
        }
    }
}
