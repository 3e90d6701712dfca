//! Where the values of a contact come from: one stream for all of it, or one for its person and one for its device.

use fastrand::Rng;

/// A part of a contact that says something of its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trait {
    Names,
    Email,
    Sms,
    Address,
    Language,
    TimeZone,
    Fields,
}

impl Trait {
    const ALL: [Self; 7] =
        [Self::Names, Self::Email, Self::Sms, Self::Address, Self::Language, Self::TimeZone, Self::Fields];

    /// One of all, whether a contact has it or not.
    pub(crate) fn choose(random: &mut Rng) -> Self {
        Self::ALL[random.usize(..Self::ALL.len())]
    }
}

/// The values of a person: the same each time that they are drawn, whatever else was drawn before.
#[derive(Debug)]
pub(crate) struct Person {
    seed: u64,
    /// What is of the row instead: another form said something else.
    differs: Option<Trait>,
    random: Rng,
}

impl Person {
    pub(crate) fn new(seed: u64, differs: Option<Trait>) -> Self {
        Self { seed, differs, random: Rng::with_seed(seed) }
    }
}

/// The streams that a contact is drawn from.
#[derive(Debug)]
pub(crate) struct Draws<'r> {
    row: &'r mut Rng,
    person: Option<Person>,
    device: Option<Rng>,
}

impl<'r> Draws<'r> {
    /// All of it from one stream.
    pub(crate) fn of_row(row: &'r mut Rng) -> Self {
        Self { row, person: None, device: None }
    }

    /// Person and device from streams of their own.
    pub(crate) fn of_device(row: &'r mut Rng, person: Person, device: Rng) -> Self {
        Self { row, person: Some(person), device: Some(device) }
    }

    /// For what may change from one time to the next.
    pub(crate) fn row(&mut self) -> &mut Rng {
        self.row
    }

    /// For what a device always is.
    pub(crate) fn device(&mut self) -> &mut Rng {
        self.device.as_mut().unwrap_or(self.row)
    }

    /// For one part of a person, from its beginning.
    pub(crate) fn person(&mut self, part: Trait) -> &mut Rng {
        match &mut self.person {
            Some(person) if person.differs != Some(part) => {
                person.random.seed(person.seed.wrapping_add(1 + part as u64));
                &mut person.random
            }
            _ => self.row,
        }
    }
}
