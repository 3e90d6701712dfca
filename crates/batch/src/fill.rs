//! How full the bodies are: the price of keeping absent fields.

use std::fmt;

use contact::FieldSet;

/// Fewer bodies than this are no burden, however empty.
const BODIES_WITHOUT_WARNING: u64 = 20;

/// Below this part of the possible contacts, bodies count as nearly empty.
const POOR_FILL: f64 = 0.1;

/// What a batcher has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchCounts {
    /// Contacts taken.
    pub contacts: u64,
    /// Bodies handed out.
    pub bodies: u64,
    /// Contacts in the bodies handed out; equal to [`contacts`](Self::contacts) when all bodies are.
    pub contacts_in_bodies: u64,
    /// Field sets of the contacts taken. Beyond 65,536 sets a set that comes back after a long time counts again.
    pub field_sets: u64,
    /// Bodies handed out that were not closed by a limit: the input ended, or they were closed early.
    pub unfilled_bodies: u64,
    /// Bodies closed before their time because there were too many field sets.
    pub closed_early: u64,
}

impl BatchCounts {
    /// Contacts per body handed out; none before the first.
    #[must_use]
    pub fn mean_contacts(&self) -> Option<f64> {
        (self.bodies > 0).then(|| self.contacts_in_bodies as f64 / self.bodies as f64)
    }
}

/// How the contacts of one field set filled their bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetFill {
    /// The field set.
    pub fields: FieldSet,
    /// Contacts with it.
    pub contacts: u64,
    /// Bodies that they needed.
    pub bodies: u64,
}

impl SetFill {
    /// Whether the bodies of this set hold fewer contacts on average.
    pub(crate) fn is_worse_than(&self, other: &Self) -> bool {
        u128::from(self.contacts) * u128::from(other.bodies)
            < u128::from(other.contacts) * u128::from(self.bodies)
    }
}

/// Many bodies with few contacts each, because the contacts carry many different field sets.
#[derive(Clone, Debug, PartialEq)]
pub struct FillWarning {
    /// Different field sets.
    pub field_sets: u64,
    /// Bodies.
    pub bodies: u64,
    /// Contacts per body.
    pub mean_contacts: f64,
    /// Contacts that a body may hold.
    pub max_contacts: u32,
    /// The field set with the fewest contacts per body; the first of several.
    pub worst: Option<SetFill>,
}

impl FillWarning {
    /// The warning, if there is reason for one: more than 20 bodies, filled to less than a tenth on average, most of
    /// them not closed by a limit.
    pub(crate) fn of(counts: &BatchCounts, max_contacts: u32, worst: Option<&SetFill>) -> Option<Self> {
        let mean_contacts = counts.mean_contacts()?;
        let many = counts.bodies > BODIES_WITHOUT_WARNING;
        let poor = mean_contacts < POOR_FILL * f64::from(max_contacts);
        let by_sets = counts.field_sets > 1 && counts.unfilled_bodies * 2 > counts.bodies;
        (many && poor && by_sets).then(|| Self {
            field_sets: counts.field_sets,
            bodies: counts.bodies,
            mean_contacts,
            max_contacts,
            worst: worst.cloned(),
        })
    }
}

impl fmt::Display for FillWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} different field sets make {} requests with {:.1} of {} possible contacts each: only contacts with the \
             same fields share a request, or the absent fields of some would be erased",
            self.field_sets, self.bodies, self.mean_contacts, self.max_contacts
        )?;
        if let Some(worst) = &self.worst {
            let fields = &worst.fields;
            let names = fields.standard.names().map(str::to_owned);
            // A set can have thousands of custom fields; the first few are enough to find it.
            let custom = fields.custom.iter().take(5).map(|id| format!("custom field {id}"));
            let more = fields.custom.len().saturating_sub(5);
            let more = (more > 0).then(|| format!("{more} more custom fields"));
            let all: Vec<_> = names.chain(custom).chain(more).collect();
            write!(f, "; the fewest ({} in {}) carry {}", worst.contacts, worst.bodies, all.join(", "))?;
        }
        f.write_str(
            ". For fewer requests, fill or leave out the fields that vary, or choose that absent fields are cleared",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_nearly_empty_bodies_that_no_limit_closed_are_worth_a_warning() {
        let cases = [
            ("few bodies", 20, 40, 20, 20, false),
            ("many small bodies", 21, 42, 21, 21, true),
            ("well filled", 21, 21 * 300, 21, 21, false),
            ("just poorly filled", 21, 21 * 300 - 1, 21, 21, true),
            ("one set, small by the limit of bytes", 100, 500, 1, 1, false),
            ("mostly closed by the limit of bytes", 100, 500, 40, 40, false),
            ("nothing", 0, 0, 0, 0, false),
        ];
        for (name, bodies, contacts, field_sets, unfilled_bodies, warns) in cases {
            let counts = BatchCounts {
                contacts,
                bodies,
                contacts_in_bodies: contacts,
                field_sets,
                unfilled_bodies,
                closed_early: 0,
            };
            assert_eq!(FillWarning::of(&counts, 3000, None).is_some(), warns, "{name}");
        }
    }

    #[test]
    fn the_warning_says_how_many_and_which() {
        let mut fields = FieldSet { custom: (1..=7).collect(), ..FieldSet::default() };
        fields.standard.insert("email");
        let worst = SetFill { fields, contacts: 1, bodies: 1 };
        let warning = FillWarning {
            field_sets: 30,
            bodies: 31,
            mean_contacts: 2.55,
            max_contacts: 3000,
            worst: Some(worst),
        };
        let text = warning.to_string();
        for part in
            ["30 different field sets", "31 requests", "2.5 of 3000", "email", "custom field 5", "2 more"]
        {
            assert!(text.contains(part), "{part} is missing in: {text}");
        }
        assert!(!text.contains("custom field 6"));
    }
}
