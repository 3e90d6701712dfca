//! Channels of a union: which of them are the same, and in which order they stand.

use std::ops::Range;

use ndjson::{Tape, TapeValue};

use super::place::{Origin, Path, element_pointer};
use super::store::{At, Held, List, NONE};
use super::{Row, Shape, Union};
use crate::encode::encode_value;
use crate::violation::decoded_text;

/// A channel that was taken out of a united contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedChannel {
    /// Where its most recent copy stands.
    pub origin: Origin,
    /// Its type.
    pub kind: String,
    /// Its value.
    pub value: String,
}

/// A channel, of all its copies.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) held: Held,
    /// Its most recent copy.
    pub(super) at: At,
    /// Its place in the order.
    pub(super) place: usize,
}

/// What makes a channel the same as another: the type, the value and the id of the app, or all of what is no object; each
/// as compact JSON, empty if it is not there.
struct Identity {
    /// It stands in the store from here on, its parts apart by zeros.
    start: usize,
    parts: [Range<usize>; 4],
    hash: u64,
}

impl Union {
    /// Takes out the channels for which `goes` says so, which is given their type and value, and gives them back in their
    /// order. Channels without a type or value that is a text stay.
    pub fn remove_channels(&mut self, mut goes: impl FnMut(&str, &str) -> bool) -> Vec<RemovedChannel> {
        let mut removed = Vec::new();
        let mut stays = vec![true; self.channels.len()];
        for nth in self.order.iter().filter(|nth| **nth != NONE) {
            let channel = &self.channels[*nth as usize];
            let text = |name| decoded_text(self.identity_part(channel, name));
            let (Some(kind), Some(value)) = (text("type"), text("value")) else { continue };
            if goes(&kind, &value) {
                stays[*nth as usize] = false;
                let origin = Origin { row: channel.at.row, pointer: element_pointer("channels", channel.at) };
                let (kind, value) = (kind.into_owned(), value.into_owned());
                removed.push(RemovedChannel { origin, kind, value });
            }
        }
        if !removed.is_empty() {
            self.keep_channels(&stays);
        }
        removed
    }

    pub(super) fn channels_in_order(&self) -> impl Iterator<Item = &Channel> {
        self.order.iter().filter_map(|nth| self.channels.get(*nth as usize))
    }

    pub(super) fn unite_channel(&mut self, value: TapeValue<'_>, nth: u32, row: &mut Row<'_, '_>) {
        let identity = self.identity(value, row.contact);
        let is_same = |known: u32| {
            let channel = &self.channels[known as usize];
            ["type", "value", "appId", ""]
                .into_iter()
                .zip(&identity.parts)
                .all(|(name, part)| self.store.texts[part.clone()] == *self.identity_part(channel, name))
        };
        let known = self.channel_index.find(identity.hash, is_same);
        self.store.texts.truncate(identity.start);
        let before = self.store.bytes();
        let at = At { row: row.number, nth };
        let known = match known {
            Some(known) => known as usize,
            None => {
                self.channel_index.insert(identity.hash);
                let held = match Shape::of_element(value) {
                    Shape::Object => Held::Object(List::EMPTY),
                    _ => {
                        encode_value(row.contact, value, &mut self.store.texts);
                        Held::Whole(self.store.last_text(identity.start))
                    }
                };
                self.channel_bytes += size_of::<Channel>();
                self.channels.push(Channel { held, at, place: self.order.len() });
                self.order.push(self.channels.len() as u32 - 1);
                self.channels.len() - 1
            }
        };
        if let Held::Object(mut list) = self.channels[known].held {
            let path = Path { channel: Some(nth), object: None };
            self.unite_members(&mut list, value, path, row);
            self.channels[known].held = Held::Object(list);
        }
        self.channels[known].at = at;
        self.channel_bytes += self.store.bytes() - before;
        self.move_to_end(known);
    }

    fn move_to_end(&mut self, nth: usize) {
        let place = self.channels[nth].place;
        if place + 1 == self.order.len() {
            return;
        }
        self.order[place] = NONE;
        self.channels[nth].place = self.order.len();
        self.order.push(nth as u32);
        self.gaps += 1;
        // Half of it may be gaps: so each channel that moves pays for closing one.
        if self.gaps > self.channels.len() {
            self.close_gaps();
        }
    }

    fn close_gaps(&mut self) {
        self.order.retain(|nth| *nth != NONE);
        self.gaps = 0;
        self.number_places();
    }

    /// Tells each channel its place in an order without gaps.
    pub(super) fn number_places(&mut self) {
        for (place, nth) in self.order.iter().enumerate() {
            self.channels[*nth as usize].place = place;
        }
    }

    /// Writes what makes a channel the same as another behind all texts.
    fn identity(&mut self, channel: TapeValue<'_>, contact: &Tape<'_>) -> Identity {
        let texts = &mut self.store.texts;
        let start = texts.len();
        let device = channel.get("device");
        let whole = (Shape::of_element(channel) == Shape::Whole).then_some(channel);
        let app = device.and_then(|device| device.get("appId"));
        let parts = [channel.get("type"), channel.get("value"), app, whole].map(|part| {
            let start = texts.len();
            if let Some(part) = part {
                encode_value(contact, part, texts);
            }
            // Compact JSON has no zero byte.
            let part = start..texts.len();
            texts.push(0);
            part
        });
        Identity { start, parts, hash: self.channel_index.hash(&self.store.texts[start..]) }
    }

    /// The value of a known channel, or of its device, that has this name; without a name, that of one that is no object.
    pub(super) fn identity_part(&self, channel: &Channel, name: &str) -> &[u8] {
        let Held::Object(list) = channel.held else {
            return match channel.held {
                Held::Whole(text) if name.is_empty() => self.store.text(text),
                _ => &[],
            };
        };
        let member = |list: List, name| Some(self.store.member(self.store.find(list, name, list.first)?));
        let member = match name {
            "" => None,
            "appId" | "active" => member(list, "device").and_then(|device| match device.held {
                Held::Object(list) => member(list, name),
                _ => None,
            }),
            _ => member(list, name),
        };
        match member.map(|member| member.held) {
            Some(Held::Whole(text)) => self.store.text(text),
            _ => &[],
        }
    }

    pub(super) fn forget_channels(&mut self) {
        self.channels.clear();
        self.channel_index.clear();
        self.order.clear();
        self.gaps = 0;
        self.channel_bytes = 0;
    }

    /// Leaves out the other channels, and what is left of them in memory.
    pub(super) fn keep_channels(&mut self, stays: &[bool]) {
        let old = std::mem::take(&mut self.store);
        self.root = self.store.copy_list(&old, self.root);
        for field in &mut self.fields {
            field.text = self.store.copy_text(&old, field.text);
        }
        let before = self.store.bytes();
        // The numbers that the channels will have.
        let mut left = 0;
        let numbers: Vec<u32> = stays
            .iter()
            .map(|stays| {
                if *stays {
                    left += 1;
                    left - 1
                } else {
                    NONE
                }
            })
            .collect();
        let mut nth = 0;
        self.channels.retain_mut(|channel| {
            let is_kept = stays[nth];
            if is_kept {
                channel.held = self.store.copy(&old, channel.held);
            }
            nth += 1;
            is_kept
        });
        self.channel_index.retain(|nth| stays[nth]);
        for nth in &mut self.order {
            *nth = numbers.get(*nth as usize).copied().unwrap_or(NONE);
        }
        self.close_gaps();
        self.channel_bytes = self.store.bytes() - before + self.channels.len() * size_of::<Channel>();
    }
}
