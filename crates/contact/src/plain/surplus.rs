//! Contacts of which all was taken, but that hold more than their limits allow.

use std::cell::Cell as Flag;

use smol_str::{SmolStr, SmolStrBuilder};

use super::edit::cut;
use super::look_ahead::LookAhead;
use super::mend::{MOST_RECORD_BYTES, Mender};
use super::program::ArrayRule;
use super::scan::{LineEnds, Taken};
use super::{MendScratch, PLAIN_MARGIN_BYTES, PlainContacts, PlainScratch};
use crate::pointer::push_token;
use crate::rules::OnInvalid;
use crate::violation::Violation;

impl PlainContacts {
    /// Leaves out, of a record of which all was taken, the elements that are beyond a limit, and tells them. `None` says
    /// nothing about it.
    pub(super) fn cut_surplus(
        &self,
        bytes: &[u8],
        start: usize,
        taken: Taken,
        mender: &mut Mender<'_>,
        plain: &mut PlainScratch,
    ) -> Option<Taken> {
        let Mender { schemas, options, scratch, .. } = mender;
        if options.on_invalid == OnInvalid::Reject {
            return None;
        }
        let PlainScratch { notes, kinds, .. } = plain;
        let MendScratch { text, done, .. } = &mut **scratch;
        let read = if taken.is_verbatim { &bytes[start..taken.end] } else { &notes.rewritten };
        if read.len() > MOST_RECORD_BYTES {
            return None;
        }
        text.clear();
        text.extend_from_slice(read);
        text.resize(text.len() + PLAIN_MARGIN_BYTES, b' ');
        let (mut told, mut places, mut tables) = (Vec::new(), Vec::new(), Vec::new());
        let max = options.max_channels_per_type.map(std::num::NonZeroUsize::get);
        let arrays = schemas.iter().flat_map(|schema| &schema.limits.arrays);
        for (array, limited) in arrays.zip(&self.limited) {
            if limited.keeps_all(bytes, notes, kinds) {
                continue;
            }
            let looked = limited.looked(bytes, notes)?;
            let ahead = LookAhead { bytes: text, line_ends: LineEnds::AreSpace };
            let mut at = 0;
            for name in &array.path {
                at = member(ahead, at, name)??;
            }
            let elements = ahead.elements(at)?;
            if elements.len() != looked.kinds.len() {
                return None;
            }
            let is_sure = Flag::new(true);
            let is_active = |nth: usize| {
                is_active(ahead, elements[nth].start).unwrap_or_else(|| {
                    is_sure.set(false);
                    true
                })
            };
            let mut path = String::new();
            array.path.iter().for_each(|name| push_token(&mut path, name));
            let beyond = array.beyond(&looked, max, is_active, |nth| element_at(&path, nth));
            let left = elements.len() - beyond.len();
            let may_be_fewer = self.array_at(&array.path).is_some_and(|rule| left >= rule.least);
            if !is_sure.get() || !may_be_fewer {
                return None;
            }
            let table = limited.column()?.table;
            // Two limits of one array might leave fewer elements than each of them alone.
            if tables.contains(&table) {
                return None;
            }
            tables.push(table);
            for (nth, violation) in beyond {
                notes.cut_row_at(table, nth);
                places.push(elements[nth].clone());
                told.push(Violation { removed: Some(violation.pointer.clone()), ..violation });
            }
        }
        if told.is_empty() {
            return None;
        }
        // From the last one, so that the places of the others stay.
        places.sort_unstable_by_key(|place| std::cmp::Reverse(place.start));
        places.into_iter().try_for_each(|place| cut(text, place))?;
        text.truncate(text.len() - PLAIN_MARGIN_BYTES);
        std::mem::swap(&mut notes.rewritten, text);
        notes.forget_cut();
        done.clear();
        (done.has_cut, done.told) = (true, told);
        Some(Taken { is_verbatim: false, ..taken })
    }

    /// The rule of an array that members lead to, if it depends on nothing.
    fn array_at(&self, path: &[String]) -> Option<&ArrayRule> {
        let rules = &self.program.rules;
        let mut rule = &rules[self.program.root];
        for name in path {
            let object = rule.object.as_ref().filter(|object| object.variants.is_none())?;
            let member = object.members.iter().find(|member| member.name.bare() == name.as_bytes())?;
            rule = &rules[member.rule];
        }
        rule.array.as_ref()
    }
}

/// The pointer to an element of the array that `path` leads to.
fn element_at(path: &str, nth: usize) -> SmolStr {
    let mut pointer = SmolStrBuilder::new();
    pointer.push_str(path);
    pointer.push('/');
    pointer.push_str(itoa::Buffer::new().format(nth));
    pointer.finish()
}

/// The place of the value of a member of the object at `at`, if it has it. `None` if that is not known.
fn member(ahead: LookAhead<'_>, at: usize, name: &str) -> Option<Option<usize>> {
    match ahead.bytes[at] {
        b'{' => ahead.value_of(name.as_bytes(), ahead.token(at + 1)?),
        _ => Some(None),
    }
}

/// Whether the channel at `at` does not say that it is inactive. `None` if that is not known.
fn is_active(ahead: LookAhead<'_>, at: usize) -> Option<bool> {
    let Some(device) = member(ahead, at, "device")? else { return Some(true) };
    let Some(active) = member(ahead, device, "active")? else { return Some(true) };
    Some(!ahead.bytes[active..].starts_with(b"false"))
}
