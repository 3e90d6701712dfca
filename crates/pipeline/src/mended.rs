//! Contacts that are plain but for a part.

use std::ops::Range;

use contact::{Mended, PlainContact, Violation};

use crate::examine::{
    Context, Entry, Examined, Examiner, Fate, Held, Identity, Link, Refused, Stored, Token,
};

impl Examiner {
    /// Takes or refuses a contact that was scanned just now, at `scanned_at`, if only a part of it needs a closer look.
    pub(crate) fn take_mended(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        scanned_at: usize,
        line: u64,
        text: &Range<usize>,
        out: &mut Examined,
    ) -> bool {
        let Self { parser, scratch, field_set, .. } = self;
        match context.rules.mend(bytes, scanned_at, parser, scratch, field_set) {
            None => false,
            Some(Mended::Broken(error)) => {
                out.reject(line, text.clone(), Refused::of(Violation::of_syntax(&error)));
                true
            }
            Some(Mended::Rejected { violations, key }) => {
                out.reject(line, text.clone(), Refused { key, violations, held: Held::Yes });
                true
            }
            Some(Mended::Accepted { contact, text: mended, pruned }) => {
                let field_set = out.field_set(field_set);
                let key = contact.key(mended).value;
                let pruned = (!pruned.is_empty()).then(|| {
                    let key = Some(key.to_owned());
                    out.refused.push(Refused { key, violations: pruned, held: Held::Yes });
                    out.refused.len() - 1
                });
                let start = out.encoded.len();
                out.encoded
                    .extend_from_slice(contact.rewritten.unwrap_or(&mended[contact.start..contact.end]));
                let stored = Stored::Apart(start..out.encoded.len());
                let identity = identify_apart(context, mended, &contact, out);
                let key = out.store_key(key);
                let fate = Fate::Accepted { contact: stored, key, field_set, identity, pruned };
                out.entries.push(Entry { line, text: text.clone(), fate });
                true
            }
        }
    }
}

/// Notes what tells a contact from others that stands in bytes apart from its block, as far as somebody asked.
pub(crate) fn identify_apart(
    context: &Context<'_>,
    bytes: &[u8],
    contact: &PlainContact<'_>,
    out: &mut Examined,
) -> Identity {
    let mut identity = Identity { field: contact.key_field, ..Identity::default() };
    let Some(hasher) = context.hasher else { return identity };
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
