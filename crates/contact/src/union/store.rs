//! What a union keeps: texts in one piece of memory, and the members of objects in one list.

/// No member.
pub(super) const NONE: u32 = u32::MAX;

/// Memory above this size is given back after the contact that needed it.
const KEPT_BYTES: usize = 1 << 20;

/// A text in the store, and the room that it may take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Text {
    start: usize,
    length: usize,
    room: usize,
}

/// The members of one object, each linked to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) first: u32,
    last: u32,
    pub(super) length: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self { first: NONE, last: NONE, length: 0 };
}

/// Where something was said: the row and, of an element, its place in the array there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At {
    pub(super) row: u64,
    pub(super) nth: u32,
}

/// A value of the united contact.
#[derive(Clone, Copy, Debug)]
pub(super) enum Held {
    /// Compact JSON, that one row gave as a whole.
    Whole(Text),
    /// An object that is united member by member.
    Object(List),
    /// The channels.
    Channels,
    /// The custom fields.
    Fields,
}

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) name: Text,
    pub(super) held: Held,
    pub(super) at: At,
    pub(super) next: u32,
}

/// Texts and members.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) texts: Vec<u8>,
    members: Vec<Member>,
}

impl Store {
    /// Forgets everything, and gives back memory that few contacts need.
    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.texts.shrink_to(KEPT_BYTES);
        self.members.clear();
        self.members.shrink_to(KEPT_BYTES / size_of::<Member>());
    }

    /// Roughly how many bytes there are.
    pub(super) fn bytes(&self) -> usize {
        self.texts.len() + self.members.len() * size_of::<Member>()
    }

    /// What a text says.
    pub(super) fn text(&self, text: Text) -> &[u8] {
        &self.texts[text.start..text.start + text.length]
    }

    /// The text that stands behind `start`, at the end of all.
    pub(super) fn last_text(&self, start: usize) -> Text {
        let length = self.texts.len() - start;
        Text { start, length, room: length }
    }

    /// Puts the text that stands last in the place of an older one, in its room if that suffices.
    ///
    /// A text that needs more room gets twice as much as it needs: so values that change with every row take no more
    /// memory than a few times the largest of them.
    pub(super) fn replace(&mut self, old: Text, new: Text) -> Text {
        if new.length <= old.room {
            self.texts.copy_within(new.start..new.start + new.length, old.start);
            self.texts.truncate(new.start);
            return Text { length: new.length, ..old };
        }
        let room = new.length * 2;
        self.texts.resize(new.start + room, 0);
        Text { room, ..new }
    }

    pub(super) fn member(&self, member: u32) -> &Member {
        &self.members[member as usize]
    }

    pub(super) fn member_mut(&mut self, member: u32) -> &mut Member {
        &mut self.members[member as usize]
    }

    /// The members of a list, in order.
    pub(super) fn members(&self, list: List) -> impl Iterator<Item = &Member> {
        let member = |place: u32| self.members.get(place as usize);
        std::iter::successors(member(list.first), move |last| member(last.next))
    }

    /// The member of this name. `expected` is looked at first: rows mostly have their members in one order.
    pub(super) fn find(&self, list: List, name: &str, expected: u32) -> Option<u32> {
        let is = |place: u32| {
            self.members.get(place as usize).is_some_and(|member| self.text(member.name) == name.as_bytes())
        };
        if is(expected) {
            return Some(expected);
        }
        let mut place = list.first;
        while place != NONE {
            if is(place) {
                return Some(place);
            }
            place = self.members[place as usize].next;
        }
        None
    }

    /// Appends a member.
    pub(super) fn append(&mut self, list: &mut List, name: Text, held: Held, at: At) -> u32 {
        let place = self.members.len() as u32;
        self.members.push(Member { name, held, at, next: NONE });
        match self.members.get_mut(list.last as usize) {
            Some(last) => last.next = place,
            None => list.first = place,
        }
        list.last = place;
        list.length += 1;
        place
    }

    /// Appends a name as it is.
    pub(super) fn push_name(&mut self, name: &str) -> Text {
        let start = self.texts.len();
        self.texts.extend_from_slice(name.as_bytes());
        self.last_text(start)
    }

    /// Appends a copy of what another store holds.
    pub(super) fn copy(&mut self, other: &Self, held: Held) -> Held {
        match held {
            Held::Whole(text) => Held::Whole(self.copy_text(other, text)),
            Held::Object(list) => Held::Object(self.copy_list(other, list)),
            Held::Channels | Held::Fields => held,
        }
    }

    pub(super) fn copy_text(&mut self, other: &Self, text: Text) -> Text {
        let start = self.texts.len();
        self.texts.extend_from_slice(other.text(text));
        self.last_text(start)
    }

    pub(super) fn copy_list(&mut self, other: &Self, list: List) -> List {
        let mut copied = List::EMPTY;
        for member in other.members(list) {
            let name = self.copy_text(other, member.name);
            let held = self.copy(other, member.held);
            self.append(&mut copied, name, held, member.at);
        }
        copied
    }
}
