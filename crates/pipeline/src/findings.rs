//! What merging finds about the rows of one contact, until it is told.

use contact::Violation;
use spill::{Log, Space, SpillError};

use crate::held_row::Spot;
use crate::reject::Action;

/// So many findings are in memory; a key can have a million rows, and something can be told of each.
const MOST_IN_MEMORY: usize = 1024;

/// Bytes of earlier ones that are in memory before they go to a file.
const MOST_EARLIER_BYTES: usize = 4 << 20;

/// Something to be told of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) spot: Spot,
    pub(crate) action: Action,
    pub(crate) violations: Vec<Violation>,
}

/// Findings in their order.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    recent: Vec<Finding>,
    earlier: Option<Box<Log>>,
}

impl Findings {
    pub(crate) fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.earlier.is_none()
    }

    /// Adds to what is told of a row, or begins with it.
    pub(crate) fn push(
        &mut self,
        spot: Spot,
        action: Action,
        violation: Violation,
        space: &Space,
    ) -> Result<(), SpillError> {
        match self.recent.last_mut() {
            Some(last) if last.spot == spot && last.action == action => last.violations.push(violation),
            _ => {
                if self.recent.len() == MOST_IN_MEMORY {
                    self.put_aside(space)?;
                }
                self.recent.push(Finding { spot, action, violations: vec![violation] });
            }
        }
        Ok(())
    }

    fn put_aside(&mut self, space: &Space) -> Result<(), SpillError> {
        let log = self.earlier.get_or_insert_with(|| Box::new(Log::new(space)));
        for finding in self.recent.drain(..) {
            let mut record = vec![finding.action as u8];
            finding.spot.write(&mut record);
            // Texts alone: there is nothing in them that JSON cannot hold.
            let violations = serde_json::to_vec(&finding.violations).unwrap_or_default();
            log.push(&[&record, &violations])?;
        }
        if log.bytes() > MOST_EARLIER_BYTES { log.spill().map(|_| ()) } else { Ok(()) }
    }

    /// There will be no more.
    pub(crate) fn seal(&mut self) -> Result<(), SpillError> {
        self.earlier.as_mut().map_or(Ok(()), |log| log.seal())
    }

    /// All of them, once they are sealed.
    pub(crate) fn read<E: From<SpillError>>(
        &self,
        mut told: impl FnMut(&Finding) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(log) = &self.earlier {
            let mut reader = log.reader();
            while let Some((_, record)) = reader.next(log)? {
                if let Some(finding) = Finding::read(record) {
                    told(&finding)?;
                }
            }
        }
        self.recent.iter().try_for_each(told)
    }
}

impl Finding {
    fn read(record: &[u8]) -> Option<Self> {
        let (action, rest) = record.split_first()?;
        let (spot, violations) = Spot::read(rest)?;
        let action = [Action::Rejected, Action::Pruned, Action::Duplicate, Action::MergedConflict]
            .into_iter()
            .find(|known| *known as u8 == *action)?;
        Some(Self { spot, action, violations: serde_json::from_slice(violations).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_come_back_in_their_order_however_many_there_are() {
        let dir = tempfile::tempdir().expect("a folder");
        let space = Space::new(dir.path().to_owned());
        for count in [0, 1, MOST_IN_MEMORY, MOST_IN_MEMORY + 1, 60_000] {
            let mut findings = Findings::default();
            let mut expected: Vec<Finding> = Vec::new();
            for nth in 0..count as u64 {
                let spot = Spot { input: 1, line: nth / 2, byte_offset: nth / 2 };
                let action = if nth % 5 < 2 { Action::Pruned } else { Action::MergedConflict };
                let mut violation = Violation::of_record("conflict", format!("/{nth}"), "because \"so\"");
                violation.removed = (nth % 3 == 0).then(|| "/x".into());
                findings.push(spot, action, violation.clone(), &space).expect("there is room");
                match expected.last_mut() {
                    Some(last) if last.spot == spot && last.action == action => {
                        last.violations.push(violation);
                    }
                    _ => expected.push(Finding { spot, action, violations: vec![violation] }),
                }
            }
            findings.seal().expect("there is room");
            assert_eq!(findings.is_empty(), count == 0);
            for _ in 0..2 {
                let mut read = Vec::new();
                let told = findings.read(|finding| {
                    read.push(finding.clone());
                    Ok::<(), SpillError>(())
                });
                told.expect("it can be read");
                assert!(read == expected, "{count}");
            }
        }
        assert!(space.bytes_written() > 0);
    }
}
