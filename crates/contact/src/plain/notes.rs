//! What a scan notes of a record, and what it remembers of those before.

use std::num::NonZeroU64;

use super::failure::Incomplete;
use super::memo::Memo;
use super::program::{NotedBelow, Program};
use super::scan::MOST_DEPTH;
use super::wanted::Column;

/// Memory above this size is given back after the record that needed it.
const KEPT_BYTES: usize = 1 << 20;

/// What a scan works with, kept between records, and what it noted of the last one.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The program that they are for.
    program: Option<NonZeroU64>,
    /// What was noted of the values in the columns of each table, row by row. The record itself is the only row of the
    /// first table.
    pub(super) tables: Vec<Vec<Cell>>,
    /// How many columns each table has.
    widths: Vec<usize>,
    /// How many rows each table has.
    rows: Vec<usize>,
    /// The marks of the values that are there.
    pub(super) marks: u32,
    /// The record as it is to be written, where that is not as it stands.
    pub(super) rewritten: Vec<u8>,
    pub(super) guesses: Vec<u8>,
    pub(super) memos: Vec<Memo>,
    pub(super) unescaped: String,
    pub(super) names: Vec<(usize, usize)>,
    /// The place after the record, if it was taken.
    pub(super) taken_to: Option<usize>,
    pub(super) way: Way,
    /// The object or array that was last not taken although all was that is in it.
    pub(super) incomplete: Option<Incomplete>,
    /// What was noted of parts that are cut: it counts for limits, and for nothing after them.
    cut: Vec<CutNote>,
    /// A value was noted that was written anew: what it is now stands only in what is to be written.
    pub(super) is_apart: bool,
}

/// The objects and arrays that are open, from the record inwards. That of the record is the second.
#[derive(Debug)]
pub(super) struct Way(pub(super) [Open; MOST_DEPTH + 1]);

impl Default for Way {
    fn default() -> Self {
        Self([Open::default(); MOST_DEPTH + 1])
    }
}

/// An object or array that is being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Open {
    /// Where it starts.
    pub(super) at: usize,
    /// Where it starts in what is to be written.
    pub(super) written: usize,
    /// The number of the element that is being read, if it is an array.
    pub(super) element: usize,
}

/// Something noted of a part that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CutNote {
    Cell { table: u8, column: u8, row: usize },
    Row { table: u8, row: usize },
}

/// What was noted of one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Cell {
    /// It is not there.
    #[default]
    Absent,
    /// A text without escapes: its place in the bytes.
    Text(usize, usize),
    /// A whole number, with its place in the bytes.
    Integer(i64, usize, usize),
    /// A truth value.
    Truth(bool),
    /// Anything else.
    Other,
}

impl Notes {
    /// How many rows the table of a column has.
    #[inline]
    pub(super) fn rows(&self, column: Column) -> usize {
        self.rows[usize::from(column.table)]
    }

    /// Begins a row of nothing noted yet.
    #[inline(always)]
    pub(super) fn begin_row(&mut self, table: u8) {
        let table = usize::from(table);
        let cells = &mut self.tables[table];
        cells.resize(cells.len() + self.widths[table], Cell::Absent);
        self.rows[table] += 1;
    }

    /// Notes something in the row that was begun last.
    #[inline(always)]
    pub(super) fn note(&mut self, table: u8, column: u8, cell: Cell) {
        let table = usize::from(table);
        let cells = &mut self.tables[table];
        let place = cells.len() - self.widths[table] + usize::from(column);
        cells[place] = cell;
    }

    /// Notes what a value says that is cut, and forgets it after the limits.
    pub(super) fn note_cut(&mut self, (table, column): (u8, u8), cell: Cell) {
        self.note(table, column, cell);
        let row = self.rows[usize::from(table)] - 1;
        self.cut.push(CutNote::Cell { table, column, row });
    }

    /// Forgets, after the limits, the row of the element that is being read.
    pub(super) fn cut_row(&mut self, table: u8) {
        self.cut_row_at(table, self.rows[usize::from(table)] - 1);
    }

    /// Forgets, after the limits, a row.
    pub(super) fn cut_row_at(&mut self, table: u8, row: usize) {
        self.cut.push(CutNote::Row { table, row });
    }

    /// Forgets, after the limits, what was noted below a value; if it was not read, nothing is known of what is there.
    pub(super) fn cut_below(&mut self, below: &NotedBelow, is_read: bool) {
        for &(table, column) in &below.columns {
            let row = self.rows[usize::from(table)] - 1;
            if !is_read {
                self.note(table, column, Cell::Other);
            }
            self.cut.push(CutNote::Cell { table, column, row });
        }
        for &table in &below.tables {
            let rows = 0..self.rows[usize::from(table)];
            self.cut.extend(rows.map(|row| CutNote::Row { table, row }));
        }
    }

    /// Forgets what was noted of parts that are cut.
    pub(super) fn forget_cut(&mut self) {
        if self.cut.is_empty() {
            return;
        }
        let mut cut = std::mem::take(&mut self.cut);
        for note in &cut {
            if let CutNote::Cell { table, column, row } = *note {
                let table = usize::from(table);
                self.tables[table][row * self.widths[table] + usize::from(column)] = Cell::Absent;
            }
        }
        // From the last row of a table, so that the others stay where they are.
        cut.sort_unstable();
        cut.dedup();
        for note in cut.iter().rev() {
            if let CutNote::Row { table, row } = *note {
                let table = usize::from(table);
                let width = self.widths[table];
                self.tables[table].drain(row * width..(row + 1) * width);
                self.rows[table] -= 1;
            }
        }
        cut.clear();
        self.cut = cut;
    }

    /// What was noted in a row.
    #[inline]
    pub(super) fn cell(&self, row: usize, column: Column) -> Cell {
        let table = usize::from(column.table);
        self.tables[table][row * self.widths[table] + usize::from(column.column)]
    }

    /// The text that was noted in a row, if it is one.
    #[inline]
    pub(super) fn text<'b>(&self, bytes: &'b [u8], row: usize, column: Column) -> Option<&'b [u8]> {
        match self.cell(row, column) {
            Cell::Text(start, end) => Some(&bytes[start..end]),
            _ => None,
        }
    }

    /// Forgets the last record, and gets ready for records of this program.
    #[inline(always)]
    pub(super) fn clear(&mut self, program: &Program) {
        if self.program != program.id {
            *self = Self {
                program: program.id,
                widths: program.columns.clone(),
                rows: vec![0; program.columns.len()],
                tables: vec![Vec::new(); program.columns.len()],
                memos: vec![Memo::default(); program.memos],
                guesses: vec![0; program.guesses],
                ..Self::default()
            };
        }
        for (table, rows) in self.tables.iter_mut().zip(&mut self.rows) {
            table.clear();
            *rows = 0;
        }
        if !self.tables.is_empty() {
            self.begin_row(0);
        }
        self.marks = 0;
        self.rewritten.clear();
        self.rewritten.shrink_to(KEPT_BYTES);
        self.unescaped.clear();
        self.unescaped.shrink_to(KEPT_BYTES);
        self.names.clear();
        self.taken_to = None;
        self.incomplete = None;
        self.cut.clear();
        self.is_apart = false;
    }
}
