//! Rows on their way to those that have the same key.

use merge::{Claim, Linking, Merger, Options, Row};
use spill::{Sorter, Space, SpillError};

use crate::fold::Folder;
use crate::held_row::{HeldRow, Spot};
use crate::merging::{InputOrder, Merging, OnDuplicate};
use crate::outcome::End;
use crate::seen::{SeenKeys, Sight};
use crate::unit::Unit;

/// Rows that are left out have at least so much memory: less would be many small files.
const LEAST_LEFT_OUT_BYTES: usize = 64 << 10;

/// Where rows wait, if they have to.
pub(crate) enum Duplicates {
    /// They do not: all are written.
    Keep,
    /// The first of a key does not.
    First(Box<FirstRows>),
    /// All of them do, until the input has ended.
    Held(Box<Merger>),
    /// Those of one key do, until another key comes.
    Neighbours(Box<Neighbours>),
}

/// Which keys came before.
pub(crate) struct FirstRows {
    pub(crate) seen: SeenKeys,
    /// Rows of keys that memory does not hold.
    pub(crate) rest: Merger,
}

/// Rows that are left out because an earlier one of their key stays. They are told at the end, in input order: which of
/// them are known at once depends on memory, and what is told must not.
pub(crate) struct LeftOut {
    /// By input and offset, with the line of the row that stays.
    rows: Sorter<2>,
    most_bytes: usize,
    space: Space,
}

/// The rows of the key that came last.
pub(crate) struct Neighbours {
    key: Vec<u8>,
    hash: u64,
    pub(crate) unit: Unit,
    pub(crate) folder: Folder,
    seen: SeenKeys,
    /// Keys that memory does not hold: that none of them comes again is known at the end.
    pub(crate) rest: Merger,
}

/// A row that may have to wait.
pub(crate) struct Incoming<'r> {
    pub(crate) spot: Spot,
    pub(crate) fields: &'r contact::FieldSet,
    pub(crate) contact: &'r [u8],
    pub(crate) raw: &'r [u8],
    /// The text of its key, as [`key_text`](crate::seen::key_text) gives it.
    pub(crate) key: [&'r [u8]; 2],
    pub(crate) hash: u64,
    pub(crate) rank: i64,
}

/// What an [`Incoming`] row is made of, ready to be held.
pub(crate) struct Packed<'r> {
    head: Vec<u8>,
    contact: &'r [u8],
    raw: &'r [u8],
}

/// A key that came again although rows are said to be sorted by it.
#[derive(Debug)]
pub(crate) enum Came {
    InOrder,
    Again { first: (u32, u64) },
}

impl Duplicates {
    pub(crate) fn new(merging: &Merging, dedupe_on: contact::DedupeOn, threads: usize) -> Self {
        let memory = merging.memory_bytes;
        let linking = match dedupe_on {
            contact::DedupeOn::EmailOrSms => Linking::Transitive,
            _ => Linking::None,
        };
        let merger =
            |memory| Merger::new(Options { memory, temp_dir: merging.temp_dir.clone(), threads, linking });
        match (merging.on_duplicate, merging.input_order) {
            (OnDuplicate::Keep, _) => Self::Keep,
            (_, InputOrder::SortedByKey) => Self::Neighbours(Box::new(Neighbours {
                key: Vec::new(),
                hash: 0,
                unit: Unit::default(),
                folder: Folder::default(),
                seen: SeenKeys::new(memory / 2),
                rest: merger(memory / 2),
            })),
            (OnDuplicate::First, InputOrder::Any) if linking == Linking::None => {
                Self::First(Box::new(FirstRows {
                    seen: SeenKeys::new(memory / 2),
                    rest: merger(memory / 8 * 3),
                }))
            }
            (
                OnDuplicate::First | OnDuplicate::Merge | OnDuplicate::Last | OnDuplicate::Reject,
                InputOrder::Any,
            ) => Self::Held(Box::new(merger(memory))),
        }
    }
}

impl<'r> Incoming<'r> {
    /// Makes it what is held; `head` is memory to work with.
    pub(crate) fn pack(&self, mut head: Vec<u8>) -> Packed<'r> {
        head.clear();
        HeldRow::write_head(self.spot, self.fields, self.contact, &mut head);
        // A row that was not changed is held once.
        let raw = if std::ptr::eq(self.raw, self.contact) { &[] } else { self.raw };
        Packed { head, contact: self.contact, raw }
    }
}

impl Packed<'_> {
    pub(crate) fn parts(&self) -> [&[u8]; 3] {
        [&self.head, self.contact, self.raw]
    }

    /// The memory that was lent.
    pub(crate) fn into_head(self) -> Vec<u8> {
        self.head
    }
}

/// Holds a row until all rows are in.
pub(crate) fn hold(
    merger: &mut Merger,
    incoming: &Incoming<'_>,
    links: &[merge::Key<'_>],
    claims: &[Claim<'_>],
    packed: &Packed<'_>,
) -> Result<(), SpillError> {
    let key = [merge::Key { hash: incoming.hash, text: incoming.key }];
    let keys = if links.is_empty() { &key[..] } else { links };
    merger.push(&Row { keys, claims, rank: incoming.rank, content: &packed.parts() })
}

impl LeftOut {
    /// None so far, if rows of a key are left out by their order.
    pub(crate) fn new(merging: &Merging) -> Option<Self> {
        let space = Space::new(merging.temp_dir.clone());
        (merging.on_duplicate == OnDuplicate::First).then(|| Self {
            rows: Sorter::new(&space, u64::MAX),
            most_bytes: (merging.memory_bytes / 8).max(LEAST_LEFT_OUT_BYTES),
            space,
        })
    }

    /// Takes a row, given in parts, with the input and line of the one that stays.
    pub(crate) fn push(&mut self, spot: Spot, kept: (u32, u64), row: [&[u8]; 3]) -> Result<(), SpillError> {
        let line = Spot { input: kept.0, line: kept.1, byte_offset: 0 }.line_bytes();
        self.rows.push_parts([u64::from(spot.input), spot.byte_offset], &[&line, row[0], row[1], row[2]]);
        if self.rows.bytes() > self.most_bytes { self.rows.spill() } else { Ok(()) }
    }

    /// Where temporary files go, and how much was written there.
    pub(crate) fn space(&self) -> &Space {
        &self.space
    }

    /// All of them, in input order, each with the input and line of the one that stays.
    pub(crate) fn read(
        self,
        mut told: impl FnMut((u32, u64), HeldRow<'_>) -> Result<(), End>,
    ) -> Result<(), End> {
        let sorted = self.rows.finish(self.most_bytes, 1).map_err(End::SpillFailed)?;
        let mut cursor = sorted.cursor().map_err(End::SpillFailed)?;
        while let Some((_, payload)) = cursor.peek() {
            if let Some((line, row)) = payload.split_at_checked(Spot::LINE_BYTES)
                && let (Some(kept), Some(row)) = (Spot::read_line(line), HeldRow::read(row))
            {
                told(kept, row)?;
            }
            cursor.advance().map_err(End::SpillFailed)?;
        }
        Ok(())
    }
}

impl Neighbours {
    /// Whether the row has the key of those before it.
    pub(crate) fn is_same(&self, incoming: &Incoming<'_>) -> bool {
        let [field, value] = incoming.key;
        self.hash == incoming.hash && self.key.strip_prefix(field).is_some_and(|known| known == value)
    }

    /// Begins with another key.
    pub(crate) fn begin(&mut self, incoming: &Incoming<'_>) -> Result<Came, SpillError> {
        let text = incoming.key;
        self.key.clear();
        text.iter().for_each(|part| self.key.extend_from_slice(part));
        self.hash = incoming.hash;
        match self.seen.see(incoming.hash, text, incoming.spot) {
            Sight::New => {}
            Sight::Before { input, line } => return Ok(Came::Again { first: (input, line) }),
            Sight::Unknown => {
                let keys = [merge::Key { hash: incoming.hash, text }];
                let line = incoming.spot.line_bytes();
                self.rest.push(&Row { keys: &keys, claims: &[], rank: 0, content: &[&line] })?;
            }
        }
        self.unit.begin(Vec::new());
        Ok(Came::InOrder)
    }
}
