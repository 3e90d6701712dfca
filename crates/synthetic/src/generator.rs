//! Deals out clean, repeated, duplicate and faulty records in the wanted shares.

use fastrand::Rng;

use crate::contact::{self, Profile};
use crate::draws::{Draws, Person, Trait};
use crate::export::{Contact, Format};
use crate::fault::Fault;
use crate::{braze, onesignal, pinpoint};

/// How many earlier contacts are remembered, to make duplicates of.
const REMEMBERED_CONTACTS: usize = 1024;

/// How many earlier devices are looked at for one that can come again.
const LOOKS_FOR_A_DEVICE: usize = 8;

/// What is generated.
///
/// With `repeats_per_mille` or `moved_tokens_per_mille` it is an export with a row for each device: person and device of
/// a row are drawn apart from each other, and keys are numbered in their order. So earlier keys and devices are made
/// again from their numbers: any of them is as likely to come again as any other, and none is held in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The same seed makes the same bytes.
    pub seed: u64,
    /// How many lines, faulty and duplicate ones among them.
    pub contacts: u64,
    /// How many lines in a thousand have a fault, on average.
    pub faults_per_mille: u32,
    /// How many lines in a thousand repeat the `externalCustomerId` of an earlier contact, on average.
    pub duplicates_per_mille: u32,
    /// How many lines in a thousand are a further row of an earlier key, on average.
    pub repeats_per_mille: u32,
    /// How many clean or repeated lines in a thousand have a device that came before with another key, on average.
    pub moved_tokens_per_mille: u32,
    /// Whether contacts have the same members.
    pub field_sets: FieldSets,
}

/// Whether contacts have the same members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSets {
    /// All have the same members, channel types and custom fields; only of repeated lines, some lack one of them.
    One,
    /// Some lack a name, an address, a language, a custom field, …
    Mixed,
}

/// What is to be expected of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// A contact in normal form, with a key of its own.
    Clean,
    /// A contact in normal form with the key of an earlier one that is clean.
    Duplicate,
    /// A contact in normal form with the key of an earlier clean one, for another device of the same person. It may lack
    /// a part of what is known of the person; a few say something else.
    Repeated,
    /// A record with one fault; its key, if any, is its own.
    Fault(Fault),
}

/// Makes lines.
#[derive(Clone, Debug)]
pub struct Generator {
    config: Config,
    faults: &'static [Fault],
    is_by_device: bool,
    random: Rng,
    next_index: u64,
    faults_dealt: usize,
    clean: u64,
    remembered: Vec<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            contacts: 1000,
            faults_per_mille: 0,
            duplicates_per_mille: 0,
            repeats_per_mille: 0,
            moved_tokens_per_mille: 0,
            field_sets: FieldSets::Mixed,
        }
    }
}

impl Generator {
    /// Begins anew.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            random: Rng::with_seed(config.seed),
            config,
            faults: Fault::ALL,
            is_by_device: config.repeats_per_mille > 0 || config.moved_tokens_per_mille > 0,
            next_index: 0,
            faults_dealt: 0,
            clean: 0,
            remembered: Vec::new(),
        }
    }

    /// Begins anew, with persons and devices drawn apart in any case.
    pub(crate) fn by_device(config: Config, faults: &'static [Fault]) -> Self {
        Self { faults, is_by_device: true, ..Self::new(config) }
    }

    /// Replaces what is in `line` by the next line, without its newline; `None` when all are made.
    pub fn next_line(&mut self, line: &mut Vec<u8>) -> Option<Expected> {
        if self.next_index == self.config.contacts {
            return None;
        }
        line.clear();
        let index = self.next_index;
        self.next_index += 1;
        let (expected, keyed_by) = self.deal(index);
        match expected {
            Expected::Clean if self.is_by_device => {
                self.write_rows(Format::Contact, line, keyed_by, None, None);
            }
            Expected::Repeated => self.write_rows(Format::Contact, line, keyed_by, Some(index), None),
            Expected::Clean | Expected::Duplicate | Expected::Fault(_) => {
                let profile = match self.config.field_sets {
                    FieldSets::One => &contact::COMMON,
                    FieldSets::Mixed => Profile::choose(&mut self.random),
                };
                let fault = match expected {
                    Expected::Fault(fault) => Some(fault),
                    _ => None,
                };
                let key = key_bits(self.config.seed, keyed_by);
                contact::write(line, key, profile, fault, &mut Draws::of_row(&mut self.random));
            }
        }
        Some(expected)
    }

    /// Appends the rows of the next contact to `text`, each with its newline; `None` when all are made.
    pub(crate) fn next_rows(&mut self, format: Format, text: &mut Vec<u8>) -> Option<Expected> {
        if self.next_index == self.config.contacts {
            return None;
        }
        let index = self.next_index;
        self.next_index += 1;
        let (expected, keyed_by) = self.deal(index);
        let (further, fault) = match expected {
            Expected::Clean => (None, None),
            Expected::Repeated | Expected::Duplicate => (Some(index), None),
            Expected::Fault(fault) => (None, Some(fault)),
        };
        self.write_rows(format, text, keyed_by, further, fault);
        if format == Format::Contact {
            text.push(b'\n');
        }
        Some(expected)
    }

    /// How many keys clean contacts had so far.
    #[must_use]
    pub fn keys(&self) -> u64 {
        self.clean
    }

    /// What the line is to be, and the number that its key is made from.
    fn deal(&mut self, index: u64) -> (Expected, u64) {
        let die = self.random.u32(..1000);
        let faults = self.config.faults_per_mille;
        if die < faults {
            // In turn rather than by chance: a short stream has them evenly, too.
            let fault = self.faults[self.faults_dealt % self.faults.len()];
            self.faults_dealt += 1;
            // Numbers of keys go up from 0; these go down from the greatest.
            return (Expected::Fault(fault), if self.is_by_device { !index } else { index });
        }
        let duplicates = self.config.duplicates_per_mille;
        if die - faults < duplicates && !self.remembered.is_empty() {
            let earlier = self.remembered[self.random.usize(..self.remembered.len())];
            return (Expected::Duplicate, earlier);
        }
        let repeats = self.config.repeats_per_mille;
        if (duplicates..duplicates + repeats).contains(&(die - faults)) && self.clean > 0 {
            return (Expected::Repeated, self.random.u64(..self.clean));
        }
        let keyed_by = if self.is_by_device { self.clean } else { index };
        self.remember(keyed_by);
        (Expected::Clean, keyed_by)
    }

    /// Writes a contact with the person of a key and, where it is a further row, the index of that. Without a fault it is in
    /// normal form.
    fn write_rows(
        &mut self,
        format: Format,
        text: &mut Vec<u8>,
        key_number: u64,
        further: Option<u64>,
        fault: Option<Fault>,
    ) {
        let key = key_bits(self.config.seed, key_number);
        let person_seed = key as u64;
        let mut profile = match self.config.field_sets {
            FieldSets::One => &contact::COMMON,
            FieldSets::Mixed => Profile::choose(&mut Rng::with_seed(person_seed)),
        };
        let (mut lacks, mut differs) = (None, None);
        if further.is_some() {
            lacks = (self.random.u8(..2) == 0).then(|| Trait::choose(&mut self.random));
            differs = (self.random.u8(..16) == 0).then(|| Trait::choose(&mut self.random));
        }
        let lesser = lacks.map(|part| profile.without(part));
        if let Some(lesser) = &lesser {
            profile = lesser;
        }
        // The first device of a key has its number; those of further rows go down from the greatest.
        let (device, moved) = self.device(further.map_or(key_number, |index| !index));
        let earlier = if moved && fault.is_none() { self.earlier_device(key_number) } else { None };
        let mut draws =
            Draws::of_device(&mut self.random, Person::new(person_seed, differs), earlier.unwrap_or(device));
        let contact = Contact { key, profile, fault, is_further: further.is_some() };
        match format {
            Format::Contact => contact::write(text, key, profile, fault, &mut draws),
            Format::Pinpoint => pinpoint::write(text, &contact, &mut draws),
            Format::OneSignal => onesignal::write(text, &contact, &mut draws),
            Format::Braze => braze::write(text, &contact, &mut draws),
        }
    }

    /// What a device is drawn from, and whether an earlier one is to take its place.
    fn device(&self, number: u64) -> (Rng, bool) {
        let mut random = Rng::with_seed((key_bits(self.config.seed, number) >> 64) as u64);
        let moved = random.u32(..1000) < self.config.moved_tokens_per_mille;
        (random, moved)
    }

    /// The first device of any earlier key but this one, if that is its own.
    fn earlier_device(&mut self, key_number: u64) -> Option<Rng> {
        (0..LOOKS_FOR_A_DEVICE).find_map(|_| {
            let number = self.random.u64(..self.clean);
            let (device, moved) = self.device(number);
            (number != key_number && !moved).then_some(device)
        })
    }

    /// Keeps a sample of all clean lines so far (reservoir sampling), so that duplicates are both near and far.
    fn remember(&mut self, index: u64) {
        self.clean += 1;
        if self.remembered.len() < REMEMBERED_CONTACTS {
            self.remembered.push(index);
        } else if let Ok(place) = usize::try_from(self.random.u64(..self.clean))
            && place < REMEMBERED_CONTACTS
        {
            self.remembered[place] = index;
        }
    }
}

/// The 128 bits of a key. They depend on seed and number alone, so that a key can be made again.
fn key_bits(seed: u64, number: u64) -> u128 {
    // SplitMix64 is a bijection: two numbers never have the same upper half.
    let mix = |value: u64| {
        let mut z = value.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(seed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let upper = mix(number);
    u128::from(upper) << 64 | u128::from(mix(upper))
}
