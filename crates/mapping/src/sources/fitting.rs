//! How well mappings fit the beginning of an input.

use std::collections::BTreeSet;
use std::sync::Arc;

use ndjson::{Beginning, Parser};

use crate::mapping::Mapping;
use crate::rejected::{Rejected, RejectedReader};

/// How many of the first records fit a mapping.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fit {
    pub(super) fitting: usize,
    pub(super) of: usize,
}

impl Fit {
    /// At least half of them.
    fn is_candidate(self) -> bool {
        self.fitting > 0 && self.fitting * 2 >= self.of
    }
}

/// The records that stand in the first lines of a rejects file.
pub(super) fn records_in_lines(beginning: &Beginning<'_>) -> Vec<Vec<u8>> {
    let mut reader = RejectedReader::default();
    let records = beginning.records(None).into_iter().filter_map(|line| {
        let mut line = line.to_vec();
        let Rejected::Record(bytes) = reader.unwrap_in_place(&mut line) else { return None };
        line.truncate(bytes);
        Some(line)
    });
    records.collect()
}

/// How many of the first records fit each of several mappings.
pub(super) struct Fits(Vec<Fit>);

impl Fits {
    /// How the records of an input fit.
    pub(super) fn of(mappings: &[Arc<Mapping>], beginning: &Beginning<'_>) -> Self {
        let mut fits = Self(vec![Fit::default(); mappings.len()]);
        if let Some(table) = beginning.table() {
            for (mapping, fit) in mappings.iter().zip(&mut fits.0) {
                // A rejects file is no table.
                let is_fitting = !mapping.is_rejects() && mapping.fits_columns(&table.columns);
                *fit = Fit { fitting: usize::from(is_fitting), of: 1 };
            }
            return fits;
        }
        let arrays: BTreeSet<Option<&str>> = mappings.iter().map(|mapping| mapping.array()).collect();
        for array in arrays {
            fits.look(mappings, &beginning.records(array), |mapping| mapping.array() == array);
        }
        fits
    }

    /// How the records fit that stand in the lines of a rejects file.
    pub(super) fn in_lines(mappings: &[Arc<Mapping>], records: &[&[u8]]) -> Self {
        let mut fits = Self(vec![Fit::default(); mappings.len()]);
        // An array stands around records, and not in them.
        fits.look(mappings, records, |mapping| !mapping.is_rejects());
        fits
    }

    fn look(&mut self, mappings: &[Arc<Mapping>], records: &[&[u8]], is_asked: impl Fn(&Mapping) -> bool) {
        let mut parser = Parser::new();
        for record in records {
            // What is no JSON fits nothing.
            let _ = parser.parse(record, |tape| {
                for (mapping, fit) in mappings.iter().zip(&mut self.0) {
                    if is_asked(mapping) && mapping.fits_record(tape) {
                        fit.fitting += 1;
                    }
                }
            });
        }
        for (mapping, fit) in mappings.iter().zip(&mut self.0) {
            if is_asked(mapping) {
                fit.of = records.len();
            }
        }
    }

    pub(super) fn fit(&self, mapping: usize) -> Fit {
        self.0[mapping]
    }

    /// The mappings that the input may be of.
    pub(super) fn candidates(&self) -> Vec<usize> {
        (0..self.0.len()).filter(|mapping| self.0[*mapping].is_candidate()).collect()
    }

    /// These mappings for people, each with how to choose it.
    pub(super) fn named(&self, mappings: &[Arc<Mapping>], these: &[usize]) -> String {
        let named = these.iter().map(|&mapping| {
            let Fit { fitting, of } = self.0[mapping];
            let mapping = &mappings[mapping];
            format!("{} (--from {}, {fitting} of {of})", mapping.title(), mapping.name())
        });
        named.collect::<Vec<_>>().join(" or ")
    }
}
