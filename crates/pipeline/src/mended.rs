//! Contacts that were taken from their text, also where they were plain but for parts.

use std::ops::Range;

use contact::{FieldSet, Mended, PlainContact};
use ndjson::RecordText;

use crate::examine::{Entry, Examined, Fate, Held, Identity, Link, Reasons, Refused, Stored, Token};
use crate::seen::Hasher;

/// Where a contact was taken from.
pub(crate) struct TakenFrom<'b> {
    /// What its places are counted in.
    pub(crate) bytes: &'b [u8],
    /// Where that begins in the block, if it stands there.
    pub(crate) base: Option<usize>,
    pub(crate) line: u64,
    pub(crate) text: Range<usize>,
}

impl<'b> TakenFrom<'b> {
    /// A line of a block.
    #[inline]
    pub(crate) fn line(bytes: &'b [u8], record: &RecordText<'_>) -> Self {
        let text = record.offset..record.offset + record.bytes.len();
        Self { bytes, base: Some(0), line: record.line, text }
    }
}

impl Examined {
    /// Adds what became of a record that was plain but for parts.
    #[cold]
    pub(crate) fn take_mended(
        &mut self,
        taken: &TakenFrom<'_>,
        mended: Mended<'_>,
        hasher: Option<Hasher>,
        field_set: &FieldSet,
    ) {
        let (line, text) = (taken.line, taken.text.clone());
        match mended {
            Mended::Accepted { contact, apart, pruned, repairs, .. } => {
                self.repairs.add(repairs);
                let pruned = self.prune(pruned.drain(..).collect());
                let taken = match apart {
                    Some(bytes) => &TakenFrom { bytes, base: None, line, text },
                    None => taken,
                };
                match taken.base {
                    Some(base) => self.take_plain(taken, base, &contact, pruned, hasher, field_set),
                    None => self.take_apart(taken, &contact, pruned, hasher, field_set),
                }
            }
            Mended::Rejected { violations, key, repairs, .. } => {
                self.repairs.add(repairs);
                let violations: Reasons = violations.drain(..).collect();
                self.reject(line, text, Refused::of_all(key, violations));
            }
        }
    }

    /// The index of what is told of a contact that parts were left out of.
    pub(crate) fn prune(&mut self, pruned: Reasons) -> Option<usize> {
        (!pruned.is_empty()).then(|| {
            // Its key is that of the contact.
            self.refused.push(Refused { key: None, violations: pruned, held: Held::Yes });
            self.refused.len() - 1
        })
    }

    /// Adds a contact that was taken from bytes apart from its block.
    pub(crate) fn take_apart(
        &mut self,
        taken: &TakenFrom<'_>,
        contact: &PlainContact<'_>,
        pruned: Option<usize>,
        hasher: Option<Hasher>,
        field_set: &FieldSet,
    ) {
        let bytes = taken.bytes;
        let field_set = self.field_set(field_set);
        let start = self.encoded.len();
        self.encoded.extend_from_slice(contact.rewritten.unwrap_or(&bytes[contact.start..contact.end]));
        let stored = Stored::Apart(start..self.encoded.len());
        let identity = identify_apart(hasher, bytes, contact, self);
        let key = self.store_key(contact.key(bytes).value);
        let fate = Fate::Accepted { contact: stored, key, field_set, identity, pruned };
        self.entries.push(Entry { line: taken.line, text: taken.text.clone(), fate });
    }
}

/// Notes what tells a contact from others that stands in bytes apart from its block, as far as somebody asked.
fn identify_apart(
    hasher: Option<Hasher>,
    bytes: &[u8],
    contact: &PlainContact<'_>,
    out: &mut Examined,
) -> Identity {
    let mut identity = Identity { field: contact.key_field, ..Identity::default() };
    let Some(hasher) = hasher else { return identity };
    identity.hash = hasher.of_key(contact.key(bytes));
    let (first_token, first_link) = (out.tokens.len(), out.links.len());
    for token in contact.tokens {
        out.tokens.push(Token { hash: hasher.of_token(token.text(bytes)), is_active: token.is_active });
    }
    for link in contact.links {
        let key = link.key(bytes);
        let value = out.store_key(key.value);
        out.links.push(Link { field: link.field, hash: hasher.of_key(key), value });
    }
    identity.tokens = first_token..out.tokens.len();
    identity.links = first_link..out.links.len();
    identity
}
