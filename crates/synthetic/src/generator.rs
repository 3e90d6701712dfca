//! Deals out clean, duplicate and faulty records in the wanted shares.

use crate::contact::{self, Profile};
use crate::fault::Fault;

/// How many earlier contacts are remembered, to make duplicates of.
const REMEMBERED_CONTACTS: usize = 1024;

/// What is generated.
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
    /// Whether contacts have the same members.
    pub field_sets: FieldSets,
}

/// Whether contacts have the same members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSets {
    /// All have the same members, channel types and custom fields.
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
    /// A record with one fault; its key, if any, is its own.
    Fault(Fault),
}

/// Makes lines.
#[derive(Clone, Debug)]
pub struct Generator {
    config: Config,
    random: fastrand::Rng,
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
            field_sets: FieldSets::Mixed,
        }
    }
}

impl Generator {
    /// Begins anew.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            random: fastrand::Rng::with_seed(config.seed),
            config,
            next_index: 0,
            faults_dealt: 0,
            clean: 0,
            remembered: Vec::new(),
        }
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
        let profile = match self.config.field_sets {
            FieldSets::One => &contact::COMMON,
            FieldSets::Mixed => Profile::choose(&mut self.random),
        };
        let fault = match expected {
            Expected::Fault(fault) => Some(fault),
            Expected::Clean | Expected::Duplicate => None,
        };
        let key = key_bits(self.config.seed, keyed_by);
        contact::write(line, key, profile, fault, &mut self.random);
        Some(expected)
    }

    /// What the line is to be, and the index of the line whose key it has.
    fn deal(&mut self, index: u64) -> (Expected, u64) {
        let die = self.random.u32(..1000);
        let faults = self.config.faults_per_mille;
        if die < faults {
            // In turn rather than by chance: a short stream has them evenly, too.
            let fault = Fault::ALL[self.faults_dealt % Fault::ALL.len()];
            self.faults_dealt += 1;
            return (Expected::Fault(fault), index);
        }
        if die - faults < self.config.duplicates_per_mille && !self.remembered.is_empty() {
            let earlier = self.remembered[self.random.usize(..self.remembered.len())];
            return (Expected::Duplicate, earlier);
        }
        self.remember(index);
        (Expected::Clean, index)
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

/// The 128 bits of the key of a line. They depend on seed and index alone, so that a key can be made again.
fn key_bits(seed: u64, index: u64) -> u128 {
    // SplitMix64 is a bijection: two indices never have the same upper half.
    let mix = |value: u64| {
        let mut z = value.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(seed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let upper = mix(index);
    u128::from(upper) << 64 | u128::from(mix(upper))
}
