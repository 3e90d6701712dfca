//! One contact of all rows of a key.
//!
//! The rows come from the least to the most recent. What they say is kept as compact JSON, value by value, each with
//! the row that it comes from: so a later row is compared byte by byte, and nothing is made anew that did not change.

mod channels;
mod fields;
mod index;
mod limit;
mod place;
mod store;

use std::borrow::Cow;

use ndjson::{Node, StaticNode, Tape, TapeValue};
use smol_str::{SmolStr, format_smolstr};

pub use self::channels::RemovedChannel;
pub use self::place::Origin;

use self::channels::Channel;
use self::fields::Field;
use self::index::Index;
use self::place::Path;
use self::store::{At, Held, List, Member, Store, Text};
use crate::encode::{encode_text, encode_value};
use crate::violation::{counted, mask_encoded};

/// More bytes of channels than this, as [`Union::channel_bytes`] counts them, no contact should gather: the rows of one
/// key may be a million, and each may bring another channel. No contact that the API takes is anywhere near it.
pub const MOST_CHANNEL_BYTES: usize = 8 << 20;

/// Unites the rows of one contact.
///
/// ```
/// let mut union = contact::Union::default();
/// let mut conflicts = Vec::new();
/// let rows = [r#"{"firstName":"Ann","lastName":"Lee"}"#, r#"{"firstName":"Anna","languageCode":"en"}"#];
/// for (row, text) in rows.iter().enumerate() {
///     ndjson::Parser::new().parse(text.as_bytes(), |tape| union.add(tape, row as u64, &mut conflicts))?;
/// }
/// let mut united = Vec::new();
/// union.encode(&mut united);
/// assert_eq!(united, br#"{"firstName":"Anna","lastName":"Lee","languageCode":"en"}"#);
/// assert_eq!((conflicts[0].field.as_str(), conflicts[0].row, conflicts[0].by), ("firstName", 0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Union {
    store: Store,
    /// The members of the contact.
    root: List,
    channels: Vec<Channel>,
    channel_index: Index,
    /// The channels, the least recent first; no number where one stood that was moved to the end.
    order: Vec<u32>,
    /// How many places in the order stand empty.
    gaps: usize,
    channel_bytes: usize,
    fields: Vec<Field>,
    field_index: Index,
    last_row: Option<u64>,
}

impl Default for Union {
    fn default() -> Self {
        Self {
            store: Store::default(),
            root: List::EMPTY,
            channels: Vec::new(),
            channel_index: Index::default(),
            order: Vec::new(),
            gaps: 0,
            channel_bytes: 0,
            fields: Vec::new(),
            field_index: Index::default(),
            last_row: None,
        }
    }
}

/// A value that had to give way to a more recent one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What the two values are for, such as `firstName`, `address/town`, `fields/12345` or `channels/device/appVersion`.
    pub field: String,
    /// The row whose value went.
    pub row: u64,
    /// A JSON Pointer to that value in the contact of its row.
    pub pointer: String,
    /// That value, masked.
    pub value: SmolStr,
    /// The row whose value stays.
    pub by: u64,
}

/// How a value is united with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Whole,
    Object,
    Channels,
    Fields,
}

/// The row that is being added.
struct Row<'r, 't> {
    contact: &'r Tape<'t>,
    number: u64,
    conflicts: &'r mut Vec<Conflict>,
}

impl Union {
    /// Forgets the contact, for the next one.
    pub fn clear(&mut self) {
        self.store.clear();
        self.root = List::EMPTY;
        self.forget_channels();
        self.forget_fields();
        self.last_row = None;
    }

    /// Adds a row, which is at least as recent as those before. `row` is the caller's number of it. Conflicts that are
    /// found come behind those in `conflicts`.
    ///
    /// The contact is one that satisfied the rules. A value of a shape that they do not allow is taken as a whole.
    pub fn add(&mut self, contact: &Tape<'_>, row: u64, conflicts: &mut Vec<Conflict>) {
        self.last_row = Some(row);
        let mut root = self.root;
        let mut row = Row { contact, number: row, conflicts };
        self.unite_members(&mut root, contact.root(), Path::CONTACT, &mut row);
        self.root = root;
    }

    /// How many channels there are.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Roughly how many bytes of memory the channels take; see [`MOST_CHANNEL_BYTES`].
    #[must_use]
    pub fn channel_bytes(&self) -> usize {
        self.channel_bytes
    }

    /// Appends the united contact as compact JSON.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_held(Held::Object(self.root), out);
    }

    fn encode_held(&self, held: Held, out: &mut Vec<u8>) {
        match held {
            Held::Whole(text) => out.extend_from_slice(self.store.text(text)),
            Held::Object(list) => {
                out.push(b'{');
                for (nth, member) in self.store.members(list).enumerate() {
                    if nth > 0 {
                        out.push(b',');
                    }
                    encode_text(&self.name(member), out);
                    out.push(b':');
                    self.encode_held(member.held, out);
                }
                out.push(b'}');
            }
            Held::Channels => {
                let channels = self.channels_in_order().map(|channel| channel.held);
                self.encode_elements(channels, out);
            }
            Held::Fields => {
                self.encode_elements(self.fields.iter().map(|field| Held::Whole(field.text)), out)
            }
        }
    }

    fn encode_elements(&self, elements: impl Iterator<Item = Held>, out: &mut Vec<u8>) {
        out.push(b'[');
        for (nth, element) in elements.enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            self.encode_held(element, out);
        }
        out.push(b']');
    }

    fn name(&self, member: &Member) -> Cow<'_, str> {
        String::from_utf8_lossy(self.store.text(member.name))
    }

    /// Unites the members of an object with those that are known.
    fn unite_members(
        &mut self,
        list: &mut List,
        object: TapeValue<'_>,
        path: Path<'_>,
        row: &mut Row<'_, '_>,
    ) {
        let at = row.at(path.channel);
        let mut expected = list.first;
        for (name, value) in object.members().into_iter().flatten() {
            let shape = Shape::of(value, name, path);
            let member = match self.store.find(*list, name, expected) {
                Some(member) => {
                    self.unite_member(member, name, value, shape, path, row);
                    member
                }
                None => {
                    let text = self.store.push_name(name);
                    let member = self.store.append(list, text, shape.nothing(), at);
                    self.set_member(member, name, value, shape, path, row);
                    member
                }
            };
            expected = self.store.member(member).next;
        }
    }

    fn unite_member(
        &mut self,
        place: u32,
        name: &str,
        value: TapeValue<'_>,
        shape: Shape,
        path: Path<'_>,
        row: &mut Row<'_, '_>,
    ) {
        let Member { held, at: before, .. } = *self.store.member(place);
        match (held, shape) {
            (Held::Whole(old), Shape::Whole) => {
                let start = self.store.texts.len();
                encode_value(row.contact, value, &mut self.store.texts);
                let new = self.store.last_text(start);
                let (old_text, new_text) = (self.store.text(old), self.store.text(new));
                let is_same = old_text == new_text;
                if is_same || says_nothing(new_text) {
                    self.store.texts.truncate(start);
                    if is_same {
                        self.store.member_mut(place).at = row.at(path.channel);
                    }
                    return;
                }
                if !says_nothing(old_text) {
                    let value = mask_encoded(old_text);
                    row.conflict(path.field(name), before.row, path.pointer(name, before), value);
                }
                let held = Held::Whole(self.store.replace(old, new));
                let member = self.store.member_mut(place);
                (member.held, member.at) = (held, row.at(path.channel));
            }
            (Held::Object(_), Shape::Object)
            | (Held::Channels, Shape::Channels)
            | (Held::Fields, Shape::Fields) => self.set_member(place, name, value, shape, path, row),
            // It had another shape before.
            _ => {
                if is_empty(value) {
                    return;
                }
                if let Some(value) = self.masked(held) {
                    row.conflict(path.field(name), before.row, path.pointer(name, before), value);
                }
                match held {
                    Held::Channels => self.forget_channels(),
                    Held::Fields => self.forget_fields(),
                    Held::Whole(_) | Held::Object(_) => {}
                }
                self.store.member_mut(place).held = shape.nothing();
                self.set_member(place, name, value, shape, path, row);
            }
        }
    }

    /// Gives a member, which has the right shape, a value; of one that holds several things already, it is one more.
    fn set_member(
        &mut self,
        place: u32,
        name: &str,
        value: TapeValue<'_>,
        shape: Shape,
        path: Path<'_>,
        row: &mut Row<'_, '_>,
    ) {
        let held = match (shape, self.store.member(place).held) {
            (Shape::Object, Held::Object(mut list)) => {
                self.unite_members(&mut list, value, Path { object: Some(name), ..path }, row);
                Held::Object(list)
            }
            (Shape::Channels, _) => {
                for (nth, channel) in (0..).zip(value.elements().into_iter().flatten()) {
                    self.unite_channel(channel, nth, row);
                }
                Held::Channels
            }
            (Shape::Fields, _) => {
                for (nth, field) in (0..).zip(value.elements().into_iter().flatten()) {
                    self.unite_field(field, nth, row);
                }
                Held::Fields
            }
            _ => {
                let start = self.store.texts.len();
                encode_value(row.contact, value, &mut self.store.texts);
                Held::Whole(self.store.last_text(start))
            }
        };
        let member = self.store.member_mut(place);
        member.held = held;
        if !is_empty(value) {
            member.at = row.at(path.channel);
        }
    }

    /// What kind of value this is, if it says anything.
    fn masked(&self, held: Held) -> Option<SmolStr> {
        let (kind, of_what, count) = match held {
            Held::Whole(text) => {
                let text = self.store.text(text);
                return (!says_nothing(text)).then(|| mask_encoded(text));
            }
            Held::Object(list) => ("object", "member", list.length as usize),
            Held::Channels => ("array", "element", self.channels.len()),
            Held::Fields => ("array", "element", self.fields.len()),
        };
        (count > 0).then(|| format_smolstr!("{kind} with {}", counted(count, of_what)))
    }
}

impl Row<'_, '_> {
    fn at(&self, channel: Option<u32>) -> At {
        At { row: self.number, nth: channel.unwrap_or(0) }
    }

    fn conflict(&mut self, field: String, row: u64, pointer: String, value: SmolStr) {
        self.conflicts.push(Conflict { field, row, pointer, value, by: self.number });
    }
}

impl Shape {
    fn of(value: TapeValue<'_>, name: &str, path: Path<'_>) -> Self {
        let place = (path.channel.is_some(), path.object, name);
        match (value.node(), place) {
            (Node::Object { .. }, (false, None, "address")) => Self::Object,
            (Node::Object { .. }, (true, None, "device" | "webPushSubscription")) => Self::Object,
            (Node::Array { .. }, (false, None, "channels")) => Self::Channels,
            (Node::Array { .. }, (false, None, "fields")) => Self::Fields,
            _ => Self::Whole,
        }
    }

    fn of_element(value: TapeValue<'_>) -> Self {
        match value.node() {
            Node::Object { .. } => Self::Object,
            _ => Self::Whole,
        }
    }

    /// What holds nothing yet.
    fn nothing(self) -> Held {
        match self {
            Self::Whole => Held::Whole(Text::default()),
            Self::Object => Held::Object(List::EMPTY),
            Self::Channels => Held::Channels,
            Self::Fields => Held::Fields,
        }
    }
}

/// Whether a value, in compact JSON, says nothing: it takes no other value's place.
fn says_nothing(value: &[u8]) -> bool {
    matches!(value, b"\"\"" | b"null" | b"{}" | b"[]")
}

/// The same of a value on a tape.
fn is_empty(value: TapeValue<'_>) -> bool {
    match *value.node() {
        Node::String(text) => text.is_empty(),
        Node::Object { len, .. } | Node::Array { len, .. } => len == 0,
        Node::Static(StaticNode::Null) => true,
        Node::Static(_) => false,
    }
}
