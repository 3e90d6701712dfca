//! What is left out of a record while it is pruned: a part that goes takes with it what went from it before.

use std::collections::BTreeMap;
use std::ops::Bound;

use smol_str::SmolStr;

use crate::violation::Violation;

/// The parts that are left out so far.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    /// By their pointers, each with the numbers of the violations that are told of it and of what went with it.
    told: BTreeMap<String, Vec<usize>>,
}

impl LeftOut {
    /// A part goes, or goes once more. Whether it did, or anything in it, before now.
    pub(crate) fn add(&mut self, pointer: &str) -> bool {
        // What is in the part begins with its pointer and a slash, and these stand side by side.
        let inside = format!("{pointer}/");
        let from_inside = (Bound::Included(inside.as_str()), Bound::Unbounded);
        let mut all = Vec::new();
        let mut has_any = false;
        while let Some((inner, _)) = self.told.range::<str, _>(from_inside).next()
            && inner.starts_with(&inside)
        {
            let inner = inner.clone();
            join(&mut all, self.told.remove(&inner).unwrap_or_default());
            has_any = true;
        }
        match self.told.get_mut(pointer) {
            Some(told) => {
                has_any = true;
                join(told, all);
            }
            None => drop(self.told.insert(pointer.to_owned(), all)),
        }
        has_any
    }

    /// A violation is told of a part that goes, by its number.
    pub(crate) fn tell(&mut self, pointer: &str, violation: usize) {
        if let Some(told) = self.told.get_mut(pointer) {
            told.push(violation);
        }
    }

    /// Says in each violation what was left out because of it.
    pub(crate) fn write(self, violations: &mut [Violation]) {
        for (pointer, told) in self.told {
            let pointer = SmolStr::from(pointer);
            for nth in told {
                if let Some(violation) = violations.get_mut(nth) {
                    violation.removed = Some(pointer.clone());
                }
            }
        }
    }
}

/// Moves the fewer to the more: nothing is moved often then, however deep parts stand in each other.
fn join(all: &mut Vec<usize>, mut others: Vec<usize>) {
    if others.len() > all.len() {
        std::mem::swap(all, &mut others);
    }
    all.append(&mut others);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(removed: Option<String>) -> Violation {
        Violation { removed: removed.map(SmolStr::from), ..Violation::of_record("unknown-member", "", "x") }
    }

    proptest! {
        /// Names that begin alike, and characters on both sides of the slash.
        #[test]
        fn a_part_takes_with_it_what_is_in_it_and_nothing_else(
            parts in prop::collection::vec(("(/(a|ab|a-|a0|)){1,3}", any::<bool>()), 0..30)
        ) {
            let is_in = |inner: &str, outer: &str| {
                inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let mut left_out = LeftOut::default();
            let mut gone: Vec<(String, Option<usize>)> = Vec::new();
            let mut violations = Vec::new();
            for (part, is_told) in parts {
                let took_some = gone.iter().any(|(inner, _)| is_in(inner, &part));
                prop_assert_eq!(left_out.add(&part), took_some);
                for (inner, _) in gone.iter_mut().filter(|(inner, _)| is_in(inner, &part)) {
                    inner.clone_from(&part);
                }
                gone.push((part.clone(), is_told.then_some(violations.len())));
                if is_told {
                    left_out.tell(&part, violations.len());
                    violations.push(told(None));
                }
            }
            left_out.write(&mut violations);
            let expected = gone.into_iter().filter_map(|(part, nth)| nth.map(|_| told(Some(part))));
            prop_assert_eq!(violations, expected.collect::<Vec<_>>());
        }
    }
}
