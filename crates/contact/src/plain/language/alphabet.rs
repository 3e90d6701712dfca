//! Classes of characters that patterns cannot tell apart.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind, Literal, Look, Repetition};

/// The number of characters of the Basic Multilingual Plane, the surrogates among them.
const PLANE: u32 = 0x1_0000;

/// The surrogates lie from here, and no text has them …
const SURROGATES: u32 = 0xD800;

/// … to here.
const AFTER_SURROGATES: u32 = 0xE000;

/// The most classes: each is a byte to the automata.
const MOST_CLASSES: usize = 255;

/// Ranges of characters, ends included, in order.
type Ranges = Vec<(u32, u32)>;

/// The characters of the Basic Multilingual Plane, each in its class.
#[derive(Debug)]
pub(super) struct Alphabet {
    /// Where each interval of characters of one class begins, in order; the first begins at 0.
    starts: Vec<u32>,
    /// The class of each interval.
    classes: Vec<u8>,
    len: usize,
}

impl Alphabet {
    /// The alphabet with the fewest classes that these patterns can be written in. `None` if there are too many, or a
    /// pattern has what cannot be written so.
    pub(super) fn of(patterns: &[Hir]) -> Option<Self> {
        let mut sets = BTreeSet::new();
        for pattern in patterns {
            collect(pattern, &mut sets)?;
        }
        let mut starts = vec![0, SURROGATES, AFTER_SURROGATES];
        starts.extend(sets.iter().flatten().flat_map(|(first, last)| [*first, last + 1]));
        starts.retain(|start| *start < PLANE);
        starts.sort_unstable();
        starts.dedup();
        let mut alphabet = Self { classes: vec![0; starts.len()], starts, len: 1 };
        for set in &sets {
            alphabet.divide(set)?;
        }
        Some(alphabet)
    }

    /// Puts the characters of each class that are in the set and those that are not into classes of their own.
    fn divide(&mut self, set: &Ranges) -> Option<()> {
        let mut is_in = vec![false; self.starts.len()];
        for (first, last) in set {
            for interval in self.intervals(*first, *last) {
                is_in[interval] = true;
            }
        }
        let mut new_classes = [[None; 2]; MOST_CLASSES];
        let mut len = 0;
        for (interval, class) in self.classes.iter_mut().enumerate() {
            if self.starts[interval] == SURROGATES {
                continue;
            }
            let new_class = &mut new_classes[usize::from(*class)][usize::from(is_in[interval])];
            *class = match *new_class {
                Some(class) => class,
                None if len == MOST_CLASSES => return None,
                None => {
                    let class = u8::try_from(len).ok()?;
                    len += 1;
                    *new_class.insert(class)
                }
            };
        }
        self.len = len;
        Some(())
    }

    /// The intervals that lie between these characters. Sets that the alphabet was made of begin and end where intervals
    /// do.
    fn intervals(&self, first: u32, last: u32) -> impl Iterator<Item = usize> + use<'_> {
        let from = self.starts.partition_point(|start| *start < first);
        (from..self.starts.len()).take_while(move |interval| self.starts[*interval] <= last)
    }

    /// How many classes there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The class of each character.
    pub(super) fn class_of(&self) -> Vec<u8> {
        let mut class_of = Vec::with_capacity(PLANE as usize);
        let ends = self.starts.iter().skip(1).chain(&[PLANE]);
        for (class, end) in self.classes.iter().zip(ends) {
            class_of.resize(*end as usize, *class);
        }
        class_of
    }

    /// The pattern with classes, each as the byte of its number, in the place of characters.
    pub(super) fn translated(&self, pattern: &Hir) -> Option<Hir> {
        Some(match pattern.kind() {
            HirKind::Empty => Hir::empty(),
            HirKind::Literal(literal) => {
                Hir::concat(characters(literal)?.map(|one| self.class(&vec![one])).collect())
            }
            HirKind::Class(class) => self.class(&ranges(class)?),
            HirKind::Look(look) => Hir::look(simple(*look)?),
            HirKind::Repetition(repetition) => Hir::repetition(Repetition {
                sub: Box::new(self.translated(&repetition.sub)?),
                ..repetition.clone()
            }),
            HirKind::Capture(capture) => self.translated(&capture.sub)?,
            HirKind::Concat(parts) => Hir::concat(self.all_translated(parts)?),
            HirKind::Alternation(parts) => Hir::alternation(self.all_translated(parts)?),
        })
    }

    fn all_translated(&self, patterns: &[Hir]) -> Option<Vec<Hir>> {
        patterns.iter().map(|pattern| self.translated(pattern)).collect()
    }

    /// The classes of these characters.
    fn class(&self, set: &Ranges) -> Hir {
        let classes =
            set.iter().flat_map(|(first, last)| self.intervals(*first, *last)).filter_map(|interval| {
                let class = self.classes[interval];
                (self.starts[interval] != SURROGATES).then_some(ClassBytesRange::new(class, class))
            });
        Hir::class(Class::Bytes(ClassBytes::new(classes)))
    }
}

/// Collects all sets of characters that a pattern names.
fn collect(pattern: &Hir, sets: &mut BTreeSet<Ranges>) -> Option<()> {
    match pattern.kind() {
        HirKind::Empty => Some(()),
        HirKind::Literal(literal) => {
            sets.extend(characters(literal)?.map(|one| vec![one]));
            Some(())
        }
        HirKind::Class(class) => {
            sets.insert(ranges(class)?);
            Some(())
        }
        HirKind::Look(look) => simple(*look).map(|_| ()),
        HirKind::Repetition(repetition) => collect(&repetition.sub, sets),
        HirKind::Capture(capture) => collect(&capture.sub, sets),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().try_for_each(|part| collect(part, sets))
        }
    }
}

/// The anchors that an automaton knows without looking at characters.
fn simple(look: Look) -> Option<Look> {
    matches!(look, Look::Start | Look::End).then_some(look)
}

/// Each character as a range, cut to the plane.
fn characters(literal: &Literal) -> Option<impl Iterator<Item = (u32, u32)>> {
    let text = std::str::from_utf8(&literal.0).ok()?;
    Some(text.chars().map(|character| within_plane(character, character).unwrap_or(NOWHERE)))
}

/// A range without characters.
const NOWHERE: (u32, u32) = (PLANE, PLANE - 1);

/// The ranges of a class, cut to the plane.
fn ranges(class: &Class) -> Option<Ranges> {
    let of_bytes;
    let class = match class {
        Class::Unicode(class) => class,
        Class::Bytes(class) => {
            of_bytes = class.to_unicode_class()?;
            &of_bytes
        }
    };
    Some(class.iter().filter_map(|range| within_plane(range.start(), range.end())).collect())
}

fn within_plane(first: char, last: char) -> Option<(u32, u32)> {
    let (first, last) = (u32::from(first), u32::from(last));
    (first < PLANE).then_some((first, last.min(PLANE - 1)))
}
