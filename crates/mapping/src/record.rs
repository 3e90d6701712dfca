//! What a mapping reads: a JSON record, an element of one of its arrays, or a row of a table.

use ndjson::{Node, StaticNode, Tape, TapeValue};

use crate::place::{Place, PlaceId, pointer_to_column};
use crate::trie::NOWHERE;

/// What stands at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'r> {
    Nothing,
    Text(&'r str),
    /// A value of a JSON record that is no text.
    Value(TapeValue<'r>),
}

/// A record whose places were found.
pub(crate) trait Record<'r> {
    fn find(&self, place: PlaceId) -> Found<'r>;

    /// Digits as they stand in the record.
    fn number_text(&self, number: TapeValue<'r>) -> &'r str;

    /// The value whose node has this index, in a JSON record.
    fn value(&self, index: u32) -> Option<TapeValue<'r>>;

    /// A JSON Pointer to the place.
    fn pointer(&self, place: PlaceId) -> String;

    /// The place, as it stands in the mapping.
    fn written(&self, place: PlaceId) -> &str;
}

/// A JSON record.
pub(crate) struct JsonRecord<'r> {
    pub(crate) tape: &'r Tape<'r>,
    pub(crate) places: &'r [Place],
    pub(crate) slots: &'r [u32],
    pub(crate) given: Option<&'r Place>,
}

impl<'r> JsonRecord<'r> {
    fn place(&self, place: PlaceId) -> Option<&'r Place> {
        match place {
            PlaceId::Record(index) => self.places.get(index as usize),
            PlaceId::Given => self.given,
            PlaceId::Element(_) => None,
        }
    }
}

impl<'r> Record<'r> for JsonRecord<'r> {
    fn find(&self, place: PlaceId) -> Found<'r> {
        let value = match place {
            PlaceId::Record(index) => self.slots.get(index as usize).and_then(|&node| self.value(node)),
            PlaceId::Given => self.given.and_then(|place| place.resolve(self.tape.root())),
            PlaceId::Element(_) => None,
        };
        value.map_or(Found::Nothing, found)
    }

    fn number_text(&self, number: TapeValue<'r>) -> &'r str {
        self.tape.number_text(self.tape.origin(number.index()))
    }

    fn value(&self, index: u32) -> Option<TapeValue<'r>> {
        (index != NOWHERE).then(|| self.tape.value(index))
    }

    fn pointer(&self, place: PlaceId) -> String {
        self.place(place).map(Place::pointer).unwrap_or_default()
    }

    fn written(&self, place: PlaceId) -> &str {
        self.place(place).map(Place::written).unwrap_or_default()
    }
}

fn found(value: TapeValue<'_>) -> Found<'_> {
    match *value.node() {
        Node::String(text) => Found::Text(text),
        Node::Static(StaticNode::Null) => Found::Nothing,
        _ => Found::Value(value),
    }
}

/// An element of an array, in its record.
pub(crate) struct ElementRecord<'s, R> {
    pub(crate) record: &'s R,
    pub(crate) places: &'s [Place],
    pub(crate) slots: &'s [u32],
    /// The array, and the how manieth element of it.
    pub(crate) array: PlaceId,
    pub(crate) nth: usize,
}

impl<'r, R: Record<'r>> Record<'r> for ElementRecord<'_, R> {
    fn find(&self, place: PlaceId) -> Found<'r> {
        match place {
            PlaceId::Element(index) => {
                let node = self.slots.get(index as usize).copied().unwrap_or(NOWHERE);
                self.record.value(node).map_or(Found::Nothing, found)
            }
            other => self.record.find(other),
        }
    }

    fn number_text(&self, number: TapeValue<'r>) -> &'r str {
        self.record.number_text(number)
    }

    fn value(&self, index: u32) -> Option<TapeValue<'r>> {
        self.record.value(index)
    }

    fn pointer(&self, place: PlaceId) -> String {
        match place {
            PlaceId::Element(index) => {
                let inside = self.places.get(index as usize).map(Place::pointer).unwrap_or_default();
                format!("{}/{}{inside}", self.record.pointer(self.array), self.nth)
            }
            other => self.record.pointer(other),
        }
    }

    fn written(&self, place: PlaceId) -> &str {
        match place {
            PlaceId::Element(index) => {
                self.places.get(index as usize).map(Place::written).unwrap_or_default()
            }
            other => self.record.written(other),
        }
    }
}

/// Which columns of a table the places of a mapping are.
///
/// Made once for each header by [`Mapper::bind`](crate::Mapper::bind).
#[derive(Clone, Debug)]
pub struct Columns {
    /// For each place of the mapping the columns of its name, in their order; at the end those of the given place.
    columns: Vec<Vec<usize>>,
    names: Vec<String>,
}

impl Columns {
    pub(crate) fn bind(places: &[Place], given: Option<&Place>, names: &[String]) -> Self {
        let columns_of = |place: &Place| {
            let wanted = place.column();
            let columns = names.iter().enumerate().filter(|(_, name)| **name == wanted);
            columns.map(|(column, _)| column).collect()
        };
        let mut columns: Vec<Vec<usize>> = places.iter().map(columns_of).collect();
        columns.push(given.map(columns_of).unwrap_or_default());
        Self { columns, names: names.to_vec() }
    }

    /// The columns that no place of the mapping is.
    pub(crate) fn unused(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_used = |column: &usize| self.columns.iter().any(|columns| columns.contains(column));
        self.names
            .iter()
            .enumerate()
            .filter(move |(column, _)| !is_used(column))
            .map(|(column, name)| (column, &**name))
    }

    /// Whether there is a column for the place of this index.
    pub(crate) fn has(&self, place: usize) -> bool {
        self.columns.get(place).is_some_and(|columns| !columns.is_empty())
    }

    fn of(&self, place: PlaceId) -> &[usize] {
        let columns = match place {
            PlaceId::Record(index) => self.columns.get(index as usize),
            PlaceId::Given => self.columns.last(),
            PlaceId::Element(_) => None,
        };
        columns.map(Vec::as_slice).unwrap_or_default()
    }
}

/// A row of a table.
pub(crate) struct RowRecord<'m, F> {
    pub(crate) cell: F,
    pub(crate) columns: &'m Columns,
    pub(crate) places: &'m [Place],
    pub(crate) given: Option<&'m Place>,
}

impl<'r, F: Fn(usize) -> Option<&'r str>> RowRecord<'_, F> {
    /// The first column of that name whose cell is not empty.
    fn filled(&self, place: PlaceId) -> Option<(usize, &'r str)> {
        let mut cells =
            self.columns.of(place).iter().filter_map(|&column| Some((column, (self.cell)(column)?)));
        cells.find(|(_, cell)| !is_blank(cell))
    }
}

impl<'r, F: Fn(usize) -> Option<&'r str>> Record<'r> for RowRecord<'_, F> {
    fn find(&self, place: PlaceId) -> Found<'r> {
        self.filled(place).map_or(Found::Nothing, |(_, cell)| Found::Text(cell))
    }

    fn number_text(&self, _: TapeValue<'r>) -> &'r str {
        ""
    }

    fn value(&self, _: u32) -> Option<TapeValue<'r>> {
        None
    }

    fn pointer(&self, place: PlaceId) -> String {
        let column = self.filled(place).map(|(column, _)| column);
        let column = column.or_else(|| self.columns.of(place).first().copied());
        column
            .and_then(|column| self.columns.names.get(column))
            .map(|name| pointer_to_column(name))
            .unwrap_or_default()
    }

    fn written(&self, place: PlaceId) -> &str {
        let place = match place {
            PlaceId::Record(index) => self.places.get(index as usize),
            PlaceId::Given => self.given,
            PlaceId::Element(_) => None,
        };
        place.map(Place::written).unwrap_or_default()
    }
}

/// Whether a text says nothing.
pub(crate) fn is_blank(text: &str) -> bool {
    match text.as_bytes().first() {
        None => true,
        // Nearly every text begins with a letter, a digit or a sign.
        Some(b'!'..=b'~') => false,
        Some(_) => text.chars().all(char::is_whitespace),
    }
}
