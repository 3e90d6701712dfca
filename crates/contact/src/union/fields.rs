//! Custom fields of a union.

use std::borrow::Cow;
use std::ops::Range;

use ndjson::{Tape, TapeValue};

use super::place::element_pointer;
use super::store::{At, Text};
use super::{Row, Union, says_nothing};
use crate::encode::{encode_text, encode_value};
use crate::violation::{decoded_text, mask_encoded};

/// An element of `fields`, as one row gave it.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) text: Text,
    parts: FieldParts,
    pub(super) at: At,
}

/// Where in an element of `fields` its parts stand.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldParts {
    id: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

impl Union {
    pub(super) fn unite_field(&mut self, value: TapeValue<'_>, nth: u32, row: &mut Row<'_, '_>) {
        let start = self.store.texts.len();
        let parts = encode_field(row.contact, value, &mut self.store.texts);
        let new = self.store.last_text(start);
        let at = At { row: row.number, nth };
        let text = self.store.text(new);
        // What has no id is only the same if all of it is.
        let identity = parts.id.clone().map_or(text, |id| &text[id]);
        let hash = self.field_index.hash(identity);
        let known = self.field_index.find(hash, |known| {
            let known = &self.fields[known as usize];
            let known_text = self.store.text(known.text);
            parts.id.is_some() == known.parts.id.is_some()
                && known.parts.id.clone().map_or(known_text, |id| &known_text[id]) == identity
        });
        let Some(known) = known else {
            self.field_index.insert(hash);
            self.fields.push(Field { text: new, parts, at });
            return;
        };
        let known = &mut self.fields[known as usize];
        let old_text = self.store.text(known.text);
        let of = |text: &[u8], parts: &FieldParts| parts.value.clone().map(|value| text[value].to_owned());
        if old_text == text {
            known.at = at;
            self.store.texts.truncate(start);
            return;
        }
        let (old_value, new_value) = (of(old_text, &known.parts), of(text, &parts));
        if new_value.as_deref().is_none_or(says_nothing) {
            self.store.texts.truncate(start);
            return;
        }
        if let Some(old_value) = old_value.filter(|old| !says_nothing(old) && Some(old) != new_value.as_ref())
        {
            let id = parts.id.clone().map_or(Cow::Borrowed(""), |id| {
                decoded_text(&text[id.clone()]).unwrap_or_else(|| String::from_utf8_lossy(&text[id]))
            });
            let pointer = element_pointer("fields", known.at) + "/value";
            row.conflict(format!("fields/{id}"), known.at.row, pointer, mask_encoded(&old_value));
        }
        *known = Field { text: self.store.replace(known.text, new), parts, at };
    }

    pub(super) fn forget_fields(&mut self) {
        self.fields.clear();
        self.field_index.clear();
    }
}

/// Appends an element of `fields` as compact JSON, and says where in it its parts stand.
fn encode_field(contact: &Tape<'_>, field: TapeValue<'_>, out: &mut Vec<u8>) -> FieldParts {
    let mut parts = FieldParts::default();
    let Some(members) = field.members() else {
        encode_value(contact, field, out);
        return parts;
    };
    let start = out.len();
    out.push(b'{');
    for (nth, (name, value)) in members.enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        encode_text(name, out);
        out.push(b':');
        let before = out.len() - start;
        encode_value(contact, value, out);
        let part = before..out.len() - start;
        match name {
            "id" => parts.id = Some(part),
            "value" => parts.value = Some(part),
            _ => {}
        }
    }
    out.push(b'}');
    parts
}
