//! Verdicts on parts that came before: what is wrong in an export is often the same again and again.

use std::num::NonZeroU64;

use smol_str::SmolStr;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::program::{PartId, Program};
use crate::explain::Finding;

/// A power of two.
const SLOTS: usize = 256;

/// Values that are longer, together with the pointer, are not remembered.
const LONGEST_BYTES: usize = 256;

/// The verdicts that came last on parts that are to be cut as they were read, or are no JSON, one for each slot.
///
/// What it says is as sure as the judgement itself: whole values and pointers are compared, not their hashes.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    /// The program whose parts they are about.
    program: Option<NonZeroU64>,
    slots: Vec<Slot>,
}

/// A verdict is remembered when its part comes a second time: of most exports with faults of many values no one does.
#[derive(Debug, Default)]
struct Slot {
    /// That of the part that came last.
    hash: u64,
    verdict: Option<Verdict>,
}

#[derive(Debug)]
struct Verdict {
    question: (PartId, String, Vec<u8>),
    /// What is told; nothing of what is no JSON.
    findings: Vec<Finding>,
    /// The part, if it is the external id, and a text.
    text: Option<SmolStr>,
}

/// A part to be judged: what the schemas say about it, what leads to it, and its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'q> {
    pub(super) part: PartId,
    pub(super) pointer: &'q str,
    pub(super) value: &'q [u8],
}

/// Where a verdict has its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    hash: u64,
    /// The part came last in this slot, and there is no verdict on it.
    came_before: bool,
}

impl Verdicts {
    /// What was found of the same part before, and it as a text, or else where that is to be remembered; of long ones
    /// neither. Of a part that is no JSON nothing was found.
    pub(super) fn find(
        &mut self,
        program: &Program,
        question: Question<'_>,
    ) -> Result<(&[Finding], Option<&SmolStr>), Option<Place>> {
        if self.program != program.id {
            self.program = program.id;
            self.slots.clear();
        }
        let Question { part, pointer, value } = question;
        if pointer.len() + value.len() > LONGEST_BYTES {
            return Err(None);
        }
        self.slots.resize_with(SLOTS, Slot::default);
        let hash = xxh3_64_with_seed(value, xxh3_64_with_seed(pointer.as_bytes(), part as u64));
        let slot = &mut self.slots[hash as usize % SLOTS];
        let came_before = slot.hash == hash;
        slot.hash = hash;
        match &slot.verdict {
            Some(Verdict { question: (of, at, read), findings, text })
                if *of == part && at == pointer && read == value =>
            {
                Ok((findings, text.as_ref()))
            }
            _ => Err(Some(Place { hash, came_before })),
        }
    }

    /// Remembers what was found of a part.
    pub(super) fn remember(
        &mut self,
        place: Place,
        question: Question<'_>,
        findings: &[Finding],
        text: Option<&SmolStr>,
    ) {
        if !place.came_before {
            return;
        }
        let Question { part, pointer, value } = question;
        self.slots[place.hash as usize % SLOTS].verdict = Some(Verdict {
            question: (part, pointer.to_owned(), value.to_vec()),
            findings: findings.to_vec(),
            text: text.cloned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_a_second_time_is_remembered_unless_it_is_long() {
        let (program, text_of_part) = (Program::default(), SmolStr::new("text"));
        let long = "x".repeat(LONGEST_BYTES);
        for (pointer, value, is_long) in [
            ("/firstName", "\"123\"", false),
            ("", &long, false),
            ("/a", &long, true),
            (&long, "\"123\"", true),
        ] {
            let mut verdicts = Verdicts::default();
            let question = Question { part: 7, pointer, value: value.as_bytes() };
            let mut answers = (0..4).map(|_| match verdicts.find(&program, question) {
                Ok((findings, text)) => {
                    assert!(findings.is_empty());
                    assert_eq!(text, Some(&text_of_part));
                    "known"
                }
                Err(Some(place)) => {
                    verdicts.remember(place, question, &[], Some(&text_of_part));
                    "asked"
                }
                Err(None) => "long",
            });
            let expected = if is_long { ["long"; 4] } else { ["asked", "asked", "known", "known"] };
            assert!(answers.by_ref().eq(expected), "{pointer} {value}");
            drop(answers);
            let other = Question { part: 8, ..question };
            assert!(verdicts.find(&program, other).is_err());
        }
    }
}
