//! How many channels of one type a united contact keeps.

use super::Union;
use super::channels::RemovedChannel;
use super::place::{Origin, element_pointer};
use super::store::NONE;
use crate::violation::decoded_text;

impl Union {
    /// Takes out the channels beyond what a contact can have of their type, and gives them back in their order: those
    /// that are not marked inactive stay, then those whose most recent copy is later. `max_of` says how many of a type there
    /// can be.
    ///
    /// `anchor` is the type and the value of the channel that the contact is known by, if it is known by one: it stays, and
    /// stands before the others of its type.
    pub fn limit_channels(
        &mut self,
        max_of: impl Fn(&str) -> usize,
        anchor: Option<(&str, &str)>,
    ) -> Vec<RemovedChannel> {
        let mut removed = Vec::new();
        if self.channels.len() < 2 {
            return removed;
        }
        // Channels with their type, whether each is the anchor, and whether it is active.
        let channels: Vec<(u32, String, bool, bool)> = self
            .order
            .iter()
            .filter_map(|nth| {
                let channel = self.channels.get(*nth as usize)?;
                let kind = decoded_text(self.identity_part(channel, "type"))?.into_owned();
                let is_anchor = anchor.is_some_and(|(anchor_kind, value)| {
                    kind == anchor_kind
                        && decoded_text(self.identity_part(channel, "value"))
                            .is_some_and(|text| text == value)
                });
                Some((*nth, kind, is_anchor, self.identity_part(channel, "active") != b"false"))
            })
            .collect();
        let mut stays = vec![true; self.channels.len()];
        let mut kinds: Vec<&str> = Vec::new();
        for (_, kind, ..) in &channels {
            if kinds.contains(&kind.as_str()) {
                continue;
            }
            kinds.push(kind);
            let mut those: Vec<_> = channels.iter().filter(|(_, other, ..)| other == kind).collect();
            let surplus = those.len().saturating_sub(max_of(kind));
            // Stable: among equal ones the later stay.
            those.sort_by_key(|(.., is_anchor, is_active)| (*is_anchor, *is_active));
            those[..surplus].iter().for_each(|(nth, ..)| stays[*nth as usize] = false);
        }
        for (nth, kind, ..) in &channels {
            if !stays[*nth as usize] {
                let channel = &self.channels[*nth as usize];
                let origin = Origin { row: channel.at.row, pointer: element_pointer("channels", channel.at) };
                let value =
                    decoded_text(self.identity_part(channel, "value")).unwrap_or_default().into_owned();
                removed.push(RemovedChannel { origin, kind: kind.clone(), value });
            }
        }
        // The first of the anchor's type, and the anchor.
        let of_anchor =
            |(_, kind, ..): &&(u32, String, bool, bool)| anchor.is_some_and(|(wanted, _)| kind == wanted);
        let first = channels.iter().filter(of_anchor).find(|(nth, ..)| stays[*nth as usize]);
        let anchor = channels.iter().find(|(nth, _, is_anchor, _)| *is_anchor && stays[*nth as usize]);
        if let (Some((first, ..)), Some((anchor, ..))) = (first, anchor)
            && first != anchor
        {
            let (first, anchor) = (*first, *anchor);
            self.order.retain(|nth| *nth != NONE && *nth != anchor);
            let place = self.order.iter().position(|nth| *nth == first).unwrap_or_default();
            self.order.insert(place, anchor);
            self.gaps = 0;
            self.number_places();
        }
        if !removed.is_empty() {
            self.keep_channels(&stays);
        }
        removed
    }
}
