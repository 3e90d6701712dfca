//! Which values of a record are wanted besides its being valid.

use super::program::{Noted, NotedBelow};

/// The values that a scan notes: in tables, of which the first has one row for the record, and the others one for each
/// element of an array; and marks, for values that are only asked to be there.
#[derive(Debug)]
pub(crate) struct Wanted {
    spots: Vec<Wishes>,
    /// How many columns each table has.
    widths: Vec<usize>,
}

/// A place in a record, as far as something is wanted there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spot(Option<usize>);

/// Where a noted value is found: its table and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(super) table: u8,
    pub(super) column: u8,
}

/// What is wanted at one place, and below it.
#[derive(Debug, Default)]
struct Wishes {
    noted: Noted,
    members: Vec<(String, usize)>,
    /// The table of an array's elements, and what is wanted of each.
    elements: Option<(u8, usize)>,
}

impl Spot {
    /// Nothing is wanted here, nor below.
    pub(super) const NONE: Self = Self(None);
}

impl Wanted {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self { spots: vec![Wishes::default()], widths: vec![0] }
    }

    /// Wants to know whether a member of the record, or of an object in it, is there.
    pub(crate) fn mark(&mut self, path: &[&str], mark: u32) {
        let spot = path.iter().fold(0, |spot, name| self.member_spot(spot, name));
        self.spots[spot].noted.marks |= mark;
    }

    /// Wants the value that members lead to.
    pub(crate) fn member_column(&mut self, path: &[impl AsRef<str>]) -> Option<Column> {
        self.column(0, 0, path)
    }

    /// Wants, of each element of the array that members lead to, the value that members lead to in turn.
    pub(crate) fn element_column(
        &mut self,
        array: &[impl AsRef<str>],
        path: &[impl AsRef<str>],
    ) -> Option<Column> {
        let array = array.iter().fold(0, |spot, name| self.member_spot(spot, name.as_ref()));
        let (table, element) = match self.spots[array].elements {
            Some(known) => known,
            None => {
                let table = u8::try_from(self.widths.len()).ok()?;
                self.widths.push(0);
                let element = self.new_spot();
                self.spots[array].elements = Some((table, element));
                (table, element)
            }
        };
        self.column(table, element, path)
    }

    fn column(&mut self, table: u8, from: usize, path: &[impl AsRef<str>]) -> Option<Column> {
        let spot = path.iter().fold(from, |spot, name| self.member_spot(spot, name.as_ref()));
        if let Some((table, column)) = self.spots[spot].noted.column {
            return Some(Column { table, column });
        }
        let width = &mut self.widths[usize::from(table)];
        let column = u8::try_from(*width).ok()?;
        *width += 1;
        self.spots[spot].noted.column = Some((table, column));
        Some(Column { table, column })
    }

    fn member_spot(&mut self, spot: usize, name: &str) -> usize {
        if let Some((_, known)) = self.spots[spot].members.iter().find(|(known, _)| known == name) {
            return *known;
        }
        let new = self.new_spot();
        self.spots[spot].members.push((name.to_owned(), new));
        new
    }

    fn new_spot(&mut self) -> usize {
        self.spots.push(Wishes::default());
        self.spots.len() - 1
    }

    pub(super) fn widths(&self) -> Vec<usize> {
        self.widths.clone()
    }

    pub(super) fn root(&self) -> Spot {
        if self.spots[0].members.is_empty() { Spot::NONE } else { Spot(Some(0)) }
    }

    /// The names of the members at which, or below which, something is wanted.
    pub(super) fn names(&self, spot: Spot) -> impl Iterator<Item = &str> {
        spot.0.into_iter().flat_map(|spot| self.spots[spot].members.iter().map(|(name, _)| name.as_str()))
    }

    /// What is wanted at a member and below it.
    pub(super) fn member(&self, spot: Spot, name: &str) -> (Spot, Noted) {
        let member = spot.0.and_then(|spot| self.spots[spot].members.iter().find(|(known, _)| known == name));
        match member {
            Some((_, member)) => (Spot(Some(*member)), self.spots[*member].noted),
            None => (Spot::NONE, Noted::default()),
        }
    }

    /// What is wanted of the elements, and the table that gets a row for each.
    pub(super) fn elements(&self, spot: Spot) -> (Spot, Option<u8>, Noted) {
        match spot.0.and_then(|spot| self.spots[spot].elements) {
            Some((table, element)) => (Spot(Some(element)), Some(table), self.spots[element].noted),
            None => (Spot::NONE, None, Noted::default()),
        }
    }

    /// What is noted below this place.
    pub(super) fn below(&self, spot: Spot) -> NotedBelow {
        let mut below = NotedBelow::default();
        let mut spots: Vec<usize> = spot.0.into_iter().collect();
        while let Some(spot) = spots.pop() {
            let Wishes { members, elements, .. } = &self.spots[spot];
            below.tables.extend(elements.map(|(table, _)| table));
            for (_, member) in members {
                below.columns.extend(self.spots[*member].noted.column);
                spots.push(*member);
            }
        }
        below
    }

    /// Whether something is wanted below this place.
    pub(super) fn is_wanted_below(&self, spot: Spot) -> bool {
        spot.0.is_some_and(|spot| !self.spots[spot].members.is_empty() || self.spots[spot].elements.is_some())
    }
}
