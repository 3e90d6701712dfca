//! The ordered stage, second part: rows of one key that are together become contacts.

use contact::{FieldSet, Violation};
use merge::{MergeError, Merger};

use crate::duplicates::{Duplicates, FirstRows};
use crate::findings::Findings;
use crate::fold::{Folded, Folder, Folding};
use crate::hand_out::hand_out;
use crate::held_row::{HeldRow, Spot};
use crate::ordered::{Bodies, Ordered, Placed, Raw, Written};
use crate::outcome::End;
use crate::progress::{Progress, Stop};
use crate::reject::Action;
use crate::unit::Unit;

/// Conflicts are counted for so many fields, more than any account has; those of others together.
const MOST_CONFLICT_FIELDS: usize = 10_000;

/// The fields that are not counted by themselves.
const OTHER_FIELDS: &str = "other fields";

impl Ordered {
    /// All rows are in: what was held is written or told.
    pub(crate) fn regroup(
        &mut self,
        threads: usize,
        progress: &Progress,
        stop: &Stop,
        bodies: &mut dyn Bodies,
    ) -> Result<(), End> {
        match std::mem::replace(&mut self.duplicates, Duplicates::Keep) {
            Duplicates::Keep => {}
            Duplicates::Held(merger) => self.hand_out(*merger, threads, progress, stop, bodies)?,
            Duplicates::First(first) => {
                let FirstRows { rest, .. } = *first;
                self.hand_out(rest, threads, progress, stop, bodies)?;
            }
            neighbours @ Duplicates::Neighbours(_) => {
                self.duplicates = neighbours;
                self.end_neighbours(bodies)?;
                self.none_came_again(stop)?;
            }
        }
        self.tell_left_out()
    }

    fn hand_out(
        &mut self,
        merger: Merger,
        threads: usize,
        progress: &Progress,
        stop: &Stop,
        bodies: &mut dyn Bodies,
    ) -> Result<(), End> {
        let Some(folding) = self.folding.clone() else { return Ok(()) };
        let space = merger.space().clone();
        let held = merger.rows();
        progress.set_merging(held, 0);
        let groups = merger.finish(&|| stop.is_requested()).map_err(end_of)?;
        let mut folder = Folder::default();
        let handed_out = hand_out(groups, &folding, threads, stop, |unit| {
            self.emit(unit, &folding, &mut folder, bodies)?;
            progress.set_merging(held, self.merged.rows);
            progress.set_counts(self.counts.read, self.counts.rejected, bodies.sent());
            Ok(())
        });
        self.merged.spilled_bytes += space.bytes_written();
        handed_out
    }

    /// The rows of a key that follow each other are together.
    pub(crate) fn end_neighbours(&mut self, bodies: &mut dyn Bodies) -> Result<(), End> {
        let Duplicates::Neighbours(neighbours) = &mut self.duplicates else { return Ok(()) };
        neighbours.unit.end().map_err(End::SpillFailed)?;
        let Some(folding) = self.folding.clone() else { return Ok(()) };
        let mut unit = std::mem::take(&mut neighbours.unit);
        let mut folder = std::mem::take(&mut neighbours.folder);
        folder.fold(&folding, &mut unit).map_err(End::SpillFailed)?;
        self.emit(&mut unit, &folding, &mut folder, bodies)?;
        unit.clear();
        if let Duplicates::Neighbours(neighbours) = &mut self.duplicates {
            (neighbours.unit, neighbours.folder) = (unit, folder);
        }
        Ok(())
    }

    /// Looks at the keys that memory did not hold.
    fn none_came_again(&mut self, stop: &Stop) -> Result<(), End> {
        let Duplicates::Neighbours(neighbours) = std::mem::replace(&mut self.duplicates, Duplicates::Keep)
        else {
            return Ok(());
        };
        let space = neighbours.rest.space().clone();
        let mut groups = neighbours.rest.finish(&|| stop.is_requested()).map_err(end_of)?;
        while groups.next_group().map_err(End::SpillFailed)? {
            if groups.is_single() {
                continue;
            }
            let mut places = Vec::new();
            while let (0..2, Some((_, line))) = (places.len(), groups.next_row().map_err(End::SpillFailed)?) {
                places.extend(Spot::read_line(line));
            }
            if let [first, again, ..] = places[..] {
                return Err(self.came_again(first, again));
            }
        }
        self.merged.spilled_bytes += space.bytes_written();
        Ok(())
    }

    fn tell_left_out(&mut self) -> Result<(), End> {
        let (Some(left_out), Some(folding)) = (self.left_out.take(), self.folding.clone()) else {
            return Ok(());
        };
        let mut folder = Folder::default();
        let space = left_out.space().clone();
        let told = left_out.read(|kept, row| {
            let key = folder.key(row.contact, folding.rules.options().dedupe_on);
            self.tell_repeated(&placed(&row), key.as_deref(), kept)
        });
        self.merged.spilled_bytes += space.bytes_written();
        told
    }

    /// Writes what became of the groups of a unit, or tells it.
    fn emit(
        &mut self,
        unit: &mut Unit,
        folding: &Folding,
        folder: &mut Folder,
        bodies: &mut dyn Bodies,
    ) -> Result<(), End> {
        let mut fields = FieldSet::default();
        for group in 0..unit.groups.len() {
            if matches!(unit.groups[group].folded, Folded::NotYet) {
                folder.fold_group(folding, unit, group).map_err(End::SpillFailed)?;
            }
            self.merged.keys += 1;
            self.merged.rows += unit.rows(group);
            let folded = std::mem::replace(&mut unit.groups[group].folded, Folded::NotYet);
            let written = match folded {
                Folded::NotYet => continue,
                Folded::Single => {
                    let mut rows = unit.read(group).map_err(End::SpillFailed)?;
                    let row = rows.next().map_err(End::SpillFailed)?.and_then(HeldRow::read);
                    let Some(row) = row else { continue };
                    row.read_fields(&mut fields);
                    self.write(None, &fields, row.contact, bodies)?
                }
                Folded::United { contact, fields, key, findings, conflicts } => {
                    let written = self.write(None, &fields, &unit.encoded[contact], bodies)?;
                    if let Written::Yes = written {
                        self.counts.merged += unit.rows(group) - 1;
                        for (field, count) in conflicts {
                            self.merged.conflicts += count;
                            self.count_conflicts(field, count);
                        }
                        self.tell_of(&findings, key.as_deref())?;
                    }
                    written
                }
                Folded::Kept { row, spot } => self.keep(unit, group, row, spot, folding, folder, bodies)?,
                Folded::Refused(violations) => {
                    self.refuse(unit, group, &violations, folding, folder)?;
                    continue;
                }
            };
            if let Written::TooLarge(message) = written {
                let violation = Violation::of_record("contact-too-large", "", message);
                self.refuse(unit, group, &[violation], folding, folder)?;
            }
        }
        Ok(())
    }

    /// Counts conflicts by field. Ids of custom fields come from the input: there is no end to how many there can be.
    fn count_conflicts(&mut self, field: String, count: u64) {
        let is_one_too_many =
            self.conflicts.len() >= MOST_CONFLICT_FIELDS && !self.conflicts.contains_key(&field);
        let field = if is_one_too_many { OTHER_FIELDS.to_owned() } else { field };
        *self.conflicts.entry(field).or_default() += count;
    }

    /// Tells what was found while rows became one contact.
    fn tell_of(&mut self, findings: &Findings, key: Option<&str>) -> Result<(), End> {
        findings.read(|finding| {
            let placed = Placed { spot: finding.spot, raw: &[] };
            self.tell(&placed, finding.action, key, Raw::LeftOut, &finding.violations)
        })
    }

    /// Writes one row of a group, and tells of the others that they are left out.
    #[expect(clippy::too_many_arguments)]
    fn keep(
        &mut self,
        unit: &Unit,
        group: usize,
        kept: u64,
        spot: Spot,
        folding: &Folding,
        folder: &mut Folder,
        bodies: &mut dyn Bodies,
    ) -> Result<Written, End> {
        let mut fields = FieldSet::default();
        let mut written = Written::Yes;
        let mut rows = unit.read(group).map_err(End::SpillFailed)?;
        let mut nth = 0;
        while let Some(row) = rows.next().map_err(End::SpillFailed)? {
            if nth == kept
                && let Some(row) = HeldRow::read(row)
            {
                row.read_fields(&mut fields);
                written = self.write(None, &fields, row.contact, bodies)?;
            }
            nth += 1;
        }
        if let Written::TooLarge(_) = written {
            return Ok(written);
        }
        let mut rows = unit.read(group).map_err(End::SpillFailed)?;
        let mut nth = 0;
        while let Some(bytes) = rows.next().map_err(End::SpillFailed)? {
            if nth != kept
                && let Some(row) = HeldRow::read(bytes)
            {
                let line = (spot.input, spot.line);
                if let Some(left_out) = &mut self.left_out {
                    left_out.push(row.spot, line, [bytes, &[], &[]]).map_err(End::SpillFailed)?;
                } else {
                    let key = folder.key(row.contact, folding.rules.options().dedupe_on);
                    self.tell_repeated(&placed(&row), key.as_deref(), line)?;
                }
            }
            nth += 1;
        }
        Ok(written)
    }

    /// Tells of each row of a group that it is rejected.
    fn refuse(
        &mut self,
        unit: &Unit,
        group: usize,
        violations: &[Violation],
        folding: &Folding,
        folder: &mut Folder,
    ) -> Result<(), End> {
        let mut rows = unit.read(group).map_err(End::SpillFailed)?;
        while let Some(row) = rows.next().map_err(End::SpillFailed)? {
            let Some(row) = HeldRow::read(row) else { continue };
            let key = folder.key(row.contact, folding.rules.options().dedupe_on);
            self.tell(&placed(&row), Action::Rejected, key.as_deref(), Raw::Told, violations)?;
        }
        Ok(())
    }
}

fn placed<'r>(row: &HeldRow<'r>) -> Placed<'r> {
    Placed { spot: row.spot, raw: row.raw }
}

fn end_of(error: MergeError) -> End {
    match error {
        MergeError::Spill(error) => End::SpillFailed(error),
        _ => End::Interrupted,
    }
}
