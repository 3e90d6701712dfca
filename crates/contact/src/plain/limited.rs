//! Limits on the elements of an array, as far as a scan can tell that they are kept.

use super::notes::{Cell, Notes};
use super::wanted::{Column, Wanted};
use crate::limits::{LimitedArray, Looked, MaxPerType};

/// More elements are left to the long way: each is compared with each other one.
const MOST_ELEMENTS: usize = 64;

/// The limits of one array: see [`Limits`](crate::limits::Limits).
#[derive(Debug)]
pub(super) struct Limited {
    /// Two elements are the same if they are in all of these.
    unique_by: Vec<Column>,
    max_per_type: Option<(Column, MaxPerType, Option<usize>)>,
    /// Elements that all differ in this text are within all limits.
    telling: Option<Column>,
}

/// A value by which elements are told apart.
#[derive(Debug, PartialEq)]
pub(super) enum Known<'b> {
    Text(&'b [u8]),
    Integer(i64),
    Truth(bool),
}

impl Limited {
    pub(super) fn of(array: &LimitedArray, max_per_type: Option<usize>, wanted: &mut Wanted) -> Option<Self> {
        let mut column = |path: &[String]| wanted.element_column(&array.path, path);
        let unique_by = match &array.unique_by {
            Some(unique_by) => unique_by.members.iter().map(|path| column(path)).collect::<Option<_>>()?,
            None => Vec::new(),
        };
        let max_per_type = match &array.max_per_type {
            Some(max) => Some((column(&["type".to_owned()])?, max.clone(), max_per_type)),
            None => None,
        };
        let telling = max_per_type.as_ref().filter(|(kind, max, max_per_type): &&(Column, MaxPerType, _)| {
            max.takes_one_of_each(*max_per_type) && (unique_by.is_empty() || unique_by.contains(kind))
        });
        let telling = telling.map(|(kind, ..)| *kind);
        Some(Self { unique_by, max_per_type, telling })
    }

    /// Whether surely no element is beyond a limit. `kinds` is memory to work with.
    #[inline]
    pub(super) fn keeps_all(&self, bytes: &[u8], notes: &Notes, kinds: &mut Vec<(usize, usize)>) -> bool {
        let elements = self.column().map_or(0, |column| notes.rows(column));
        if elements <= 1 {
            return true;
        }
        elements <= MOST_ELEMENTS
            && (self.telling.is_some_and(|kind| are_of_different_kinds(kind, bytes, notes, elements))
                || (self.unique_by.is_empty() || self.are_different(bytes, notes, elements))
                    && self.are_few_enough(bytes, notes, elements, kinds))
    }

    /// What the limits ask of each element; `None` where that is not surely known.
    pub(super) fn looked<'b>(&self, bytes: &'b [u8], notes: &Notes) -> Option<Looked<'b, Known<'b>>> {
        let rows = notes.rows(self.column()?);
        let mut looked = Looked {
            known: Vec::with_capacity(rows * self.unique_by.len()),
            kinds: Vec::with_capacity(rows),
        };
        for row in 0..rows {
            for column in &self.unique_by {
                looked.known.push(match notes.cell(row, *column) {
                    Cell::Absent => None,
                    Cell::Text(start, end) => Some(Known::Text(&bytes[start..end])),
                    Cell::Integer(integer, ..) => Some(Known::Integer(integer)),
                    Cell::Truth(truth) => Some(Known::Truth(truth)),
                    Cell::Other => return None,
                });
            }
            let kind = self.max_per_type.as_ref().map(|(column, ..)| notes.cell(row, *column));
            looked.kinds.push(match kind {
                Some(Cell::Text(start, end)) => Some(std::str::from_utf8(&bytes[start..end]).ok()?),
                Some(Cell::Other) => return None,
                _ => None,
            });
        }
        Some(looked)
    }

    /// A column of the table of the elements.
    pub(super) fn column(&self) -> Option<Column> {
        self.unique_by.first().copied().or(self.max_per_type.as_ref().map(|(column, ..)| *column))
    }

    fn are_different(&self, bytes: &[u8], notes: &Notes, elements: usize) -> bool {
        (1..elements).all(|one| {
            (0..one).all(|other| {
                self.unique_by
                    .iter()
                    .any(|column| differ(bytes, notes.cell(one, *column), notes.cell(other, *column)))
            })
        })
    }

    fn are_few_enough(
        &self,
        bytes: &[u8],
        notes: &Notes,
        elements: usize,
        kinds: &mut Vec<(usize, usize)>,
    ) -> bool {
        let Some((column, max, max_per_type)) = &self.max_per_type else { return true };
        kinds.clear();
        for row in 0..elements {
            let Some(kind) = notes.text(bytes, row, *column) else { return false };
            // Each kind by the row where it came first, and how many of it came.
            let known = kinds.iter_mut().find(|(first, _)| notes.text(bytes, *first, *column) == Some(kind));
            let count = match known {
                Some((_, count)) => {
                    *count += 1;
                    *count
                }
                None => {
                    kinds.push((row, 1));
                    1
                }
            };
            if count > max.max_of(kind, *max_per_type) {
                return false;
            }
        }
        true
    }
}

/// Whether each of the elements has a text there, and no two have the same.
fn are_of_different_kinds(kind: Column, bytes: &[u8], notes: &Notes, elements: usize) -> bool {
    (0..elements).all(|one| {
        let text = notes.text(bytes, one, kind);
        text.is_some() && (0..one).all(|other| notes.text(bytes, other, kind) != text)
    })
}

/// Whether two values are surely different.
fn differ(bytes: &[u8], one: Cell, other: Cell) -> bool {
    match (one, other) {
        (Cell::Other, _) | (_, Cell::Other) | (Cell::Absent, Cell::Absent) => false,
        (Cell::Text(start, end), Cell::Text(other_start, other_end)) => {
            bytes[start..end] != bytes[other_start..other_end]
        }
        (Cell::Integer(one, ..), Cell::Integer(other, ..)) => one != other,
        (Cell::Truth(one), Cell::Truth(other)) => one != other,
        _ => true,
    }
}
