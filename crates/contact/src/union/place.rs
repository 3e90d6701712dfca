//! Places of a united contact, and where they come from.

use super::Union;
use super::store::{At, Held, List};
use crate::pointer;

/// Where something stands in the rows that were united.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The row, as the caller numbers them.
    pub row: u64,
    /// A JSON Pointer into that row's contact.
    pub pointer: String,
}

/// The object whose members are united.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path<'p> {
    /// Its channel's place in the row, if it is in one.
    pub(super) channel: Option<u32>,
    /// Its own name, if it is neither the contact nor a channel.
    pub(super) object: Option<&'p str>,
}

impl Path<'_> {
    /// The contact itself.
    pub(super) const CONTACT: Self = Self { channel: None, object: None };

    /// What a member is called where conflicts are counted.
    pub(super) fn field(self, name: &str) -> String {
        let mut field = String::new();
        let channels = self.channel.map(|_| "channels");
        for part in channels.into_iter().chain(self.object) {
            field.push_str(part);
            field.push('/');
        }
        field.push_str(name);
        field
    }

    /// The pointer to a member in a row where its channel has the place of `at`.
    pub(super) fn pointer(self, name: &str, at: At) -> String {
        let mut pointer = match self.channel {
            Some(_) => element_pointer("channels", at),
            None => String::new(),
        };
        for token in self.object.into_iter().chain([name]) {
            pointer::push_token(&mut pointer, token);
        }
        pointer
    }
}

/// The pointer to an element in a row.
pub(super) fn element_pointer(array: &str, at: At) -> String {
    format!("/{array}/{}", at.nth)
}

impl Union {
    /// Which row a place of the united contact comes from, and its pointer in that row's contact. `pointer` is a JSON
    /// Pointer into what [`encode`](Self::encode) wrote.
    ///
    /// A place that rows were united in, as `/address` or a channel, comes from the most recent row that has it. `None` if
    /// there is no such place; inside a value that one row gave as a whole this is not looked at.
    #[must_use]
    pub fn origin(&self, pointer: &str) -> Option<Origin> {
        let Some((name, rest)) = first_token(pointer) else {
            let row = self.last_row.filter(|_| pointer.is_empty())?;
            return Some(Origin { row, pointer: String::new() });
        };
        let member = self.store.member(self.store.find(self.root, &name, self.root.first)?);
        let element = || Some(first_token(rest)?.0.parse::<usize>().ok());
        match member.held {
            Held::Whole(_) | Held::Object(_) => {
                let row = self.said_at(self.root, pointer)?.row;
                Some(Origin { row, pointer: pointer.to_owned() })
            }
            Held::Channels => match element() {
                None => Some(Origin { row: member.at.row, pointer: pointer.to_owned() }),
                Some(nth) => self.origin_in_channel(nth?, first_token(rest)?.1),
            },
            Held::Fields => match element() {
                None => Some(Origin { row: member.at.row, pointer: pointer.to_owned() }),
                Some(nth) => {
                    let at = self.fields.get(nth?)?.at;
                    let pointer = element_pointer("fields", at) + first_token(rest)?.1;
                    Some(Origin { row: at.row, pointer })
                }
            },
        }
    }

    fn origin_in_channel(&self, nth: usize, rest: &str) -> Option<Origin> {
        let channel = if self.gaps == 0 {
            self.order.get(nth).and_then(|channel| self.channels.get(*channel as usize))
        } else {
            self.channels_in_order().nth(nth)
        };
        let channel = channel?;
        let at = match channel.held {
            // Each member has a place of its own: that of the channel in the row that gave it.
            Held::Object(list) if !rest.is_empty() => self.said_at(list, rest)?,
            _ => channel.at,
        };
        Some(Origin { row: at.row, pointer: element_pointer("channels", at) + rest })
    }

    /// Where that was said which a pointer into an object leads to.
    fn said_at(&self, list: List, pointer: &str) -> Option<At> {
        let (name, rest) = first_token(pointer)?;
        let member = self.store.member(self.store.find(list, &name, list.first)?);
        match member.held {
            Held::Object(list) if !rest.is_empty() => self.said_at(list, rest),
            _ => Some(member.at),
        }
    }
}

/// The first step of a pointer, and the rest of it.
fn first_token(pointer: &str) -> Option<(String, &str)> {
    let tokens = pointer.strip_prefix('/')?;
    let end = tokens.find('/').unwrap_or(tokens.len());
    Some((pointer::unescape(&tokens[..end]).into_owned(), &tokens[end..]))
}
