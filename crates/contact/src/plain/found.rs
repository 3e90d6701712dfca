//! What is found in a plain contact besides its key.

use std::ops::Range;

use super::notes::{Cell, Notes};
use super::wanted::Column;
use crate::dedupe::Key;
use crate::finds::{Finds, TOKEN_TYPE, link_field};

/// A mobile push token of a contact that was taken from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainToken {
    /// Where it stands in the bytes that the contact was read from.
    pub value: Range<usize>,
    /// Whether `device.active` is not `false`.
    pub is_active: bool,
}

/// A number or an address that a contact may be linked to others by, of one that was taken from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainLink {
    /// The field that it is a key of, as `dedupeOn` names it.
    pub field: &'static str,
    /// Where it stands in the bytes that the contact was read from.
    pub value: Range<usize>,
}

impl PlainToken {
    /// The token, from the bytes that the contact was read from.
    #[must_use]
    pub fn text<'b>(&self, bytes: &'b [u8]) -> &'b str {
        text_at(bytes, &self.value)
    }
}

impl PlainLink {
    /// The key, from the bytes that the contact was read from.
    #[must_use]
    pub fn key<'b>(&self, bytes: &'b [u8]) -> Key<'b> {
        Key { field: self.field, value: text_at(bytes, &self.value) }
    }
}

/// A text of which the scan has seen that it is one.
fn text_at<'b>(bytes: &'b [u8], place: &Range<usize>) -> &'b str {
    std::str::from_utf8(&bytes[place.clone()]).unwrap_or_default()
}

/// Where what is looked for was noted.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) finds: Finds,
    pub(super) kind: Column,
    pub(super) value: Column,
    /// There if tokens are looked for.
    pub(super) active: Option<Column>,
    pub(super) external_id: Column,
}

/// What was found in the last contact.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tokens: Vec<PlainToken>,
    pub(super) links: Vec<PlainLink>,
}

impl Finding {
    /// Finds what is looked for: see [`tokens_of`](crate::tokens_of) and [`links_of`](crate::links_of). `None` if a value is
    /// not understood.
    pub(super) fn find(&self, bytes: &[u8], notes: &Notes, found: &mut Found) -> Option<()> {
        found.tokens.clear();
        found.links.clear();
        let with_links = self.finds.links && notes.cell(0, self.external_id) == Cell::Absent;
        for row in 0..notes.rows(self.kind) {
            let kind = notes.text(bytes, row, self.kind)?;
            let is_token = self.active.filter(|_| kind == TOKEN_TYPE.as_bytes());
            let field = if with_links { std::str::from_utf8(kind).ok().and_then(link_field) } else { None };
            if is_token.is_none() && field.is_none() {
                continue;
            }
            let value = match notes.cell(row, self.value) {
                Cell::Text(start, end) if start < end => start..end,
                Cell::Other => return None,
                Cell::Absent | Cell::Text(..) | Cell::Integer(..) | Cell::Truth(_) => continue,
            };
            if let Some(active) = is_token {
                let is_active = notes.cell(row, active) != Cell::Truth(false);
                found.tokens.push(PlainToken { value: value.clone(), is_active });
            }
            if let Some(field) = field {
                found.links.push(PlainLink { field, value });
            }
        }
        Some(())
    }
}
