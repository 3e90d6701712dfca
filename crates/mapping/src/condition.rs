//! Conditions, and the rules that they make.

use crate::place::PlaceId;
use crate::record::Record;
use crate::value::{ValueScratch, plain_text};

/// When something holds.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    /// All of these must hold.
    pub(crate) when: Option<Vec<Test>>,
    /// Not all of these may.
    pub(crate) unless: Option<Vec<Test>>,
}

/// The value at a place is one of these texts; the empty one is an empty value.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) place: PlaceId,
    pub(crate) texts: Vec<String>,
}

/// Why a record or a channel is left out.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) reason: String,
    pub(crate) hint: Option<String>,
    pub(crate) condition: Condition,
}

impl Condition {
    pub(crate) fn holds<'r, R: Record<'r>>(&self, record: &R, scratch: &mut ValueScratch) -> bool {
        let mut all = |tests: &[Test]| tests.iter().all(|test| test.holds(record, scratch));
        self.when.as_deref().is_none_or(&mut all) && !self.unless.as_deref().is_some_and(&mut all)
    }

    pub(crate) fn is_always(&self) -> bool {
        self.when.is_none() && self.unless.is_none()
    }
}

impl Test {
    fn holds<'r, R: Record<'r>>(&self, record: &R, scratch: &mut ValueScratch) -> bool {
        // An object, or an array with one in it, is no text, and is not empty.
        plain_text(record, self.place, scratch).is_ok_and(|is| self.texts.iter().any(|text| *text == *is))
    }
}
