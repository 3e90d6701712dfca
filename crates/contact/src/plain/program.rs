//! What a schema is compiled into: for each place of a record, what is surely valid there.

use std::num::NonZeroU64;

use super::memo::below;
use super::parts::Part;
use super::run::{LANE_BYTES, lane};
use super::text::{Choice, TextRule};

/// The number of a rule in [`Program::rules`].
pub(super) type RuleId = usize;

/// The rule that takes nothing.
pub(super) const NOTHING: RuleId = 0;

/// The number of a part in [`Program::parts`].
pub(super) type PartId = usize;

/// The compiled form of one or several schemas that a record has to satisfy together.
#[derive(Debug, Default)]
pub(crate) struct Program {
    /// Another one for each program: what is remembered for one must not be used for another.
    pub(super) id: Option<NonZeroU64>,
    pub(super) rules: Vec<Rule>,
    pub(super) root: RuleId,
    /// What the schemas say about members and elements, one by one.
    pub(super) parts: Vec<Part>,
    /// How many columns each table has.
    pub(super) columns: Vec<usize>,
    /// How many texts rules remember what they found good.
    pub(super) memos: usize,
    /// How many places the guesses of the next member take.
    pub(super) guesses: usize,
}

/// What is surely valid at one place. What no part speaks of is left to the validator.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) text: Option<TextRule>,
    pub(super) object: Option<ObjectRule>,
    pub(super) array: Option<ArrayRule>,
    pub(super) integer: Option<IntegerRule>,
    /// Whether numbers with a fraction are.
    pub(super) takes_fractions: bool,
    pub(super) takes_true: bool,
    pub(super) takes_false: bool,
    pub(super) takes_null: bool,
    /// Whether everything is that is JSON at all.
    pub(super) takes_anything: bool,
}

#[derive(Debug)]
pub(super) struct ObjectRule {
    /// The rule depends on the value of a member: that is looked at first.
    pub(super) variants: Option<Variants>,
    /// The members that are known, at most [`MOST_MEMBERS`].
    pub(super) members: Vec<Member>,
    /// What is noted of what is in each of them.
    pub(super) noted_below: Vec<NotedBelow>,
    /// Which of them have to be there, one bit each.
    pub(super) required: u64,
    /// The rule of all others; none are taken without one.
    pub(super) others: Option<RuleId>,
    pub(super) others_part: PartId,
    pub(super) least_members: usize,
    pub(super) most_members: usize,
    /// Where this rule's guesses begin: which member follows which, that of the beginning first.
    pub(super) guesses: usize,
}

/// The most members that a rule can know by name.
pub(super) const MOST_MEMBERS: usize = 64;

#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Name,
    pub(super) rule: RuleId,
    pub(super) part: PartId,
    pub(super) noted: Noted,
}

/// What is noted of a value besides that it is valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Noted {
    /// These marks are set when the value is there.
    pub(super) marks: u32,
    /// Into which table and column its place goes.
    pub(super) column: Option<(u8, u8)>,
}

/// What is noted of what is in a value.
#[derive(Debug, Default)]
pub(super) struct NotedBelow {
    /// Tables and columns of which one value is in it.
    pub(super) columns: Vec<(u8, u8)>,
    /// Tables of which all rows are in it.
    pub(super) tables: Vec<u8>,
}

/// A member's name as it stands in a compact record: in quotes and with the colon.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) text: Vec<u8>,
    /// The first and the second sixteen bytes of it, and which of their bits count.
    words: [u128; 2],
    masks: [u128; 2],
}

/// An object whose rule depends on the value of one of its members.
#[derive(Debug)]
pub(super) struct Variants {
    pub(super) name: Name,
    pub(super) of_text: Vec<TextVariant>,
    pub(super) of_integer: Vec<(i64, RuleId)>,
    /// The member is there and has another value.
    pub(super) otherwise: RuleId,
    /// The member is not there.
    pub(super) without: RuleId,
}

/// What holds where the member has one of the texts that are asked for.
#[derive(Debug)]
pub(super) struct TextVariant {
    pub(super) text: Choice,
    pub(super) rule: RuleId,
    /// The member's place in that rule, if it takes this text there.
    pub(super) member: Option<u8>,
}

#[derive(Debug)]
pub(super) struct ArrayRule {
    pub(super) elements: RuleId,
    pub(super) part: PartId,
    pub(super) least: usize,
    pub(super) most: usize,
    /// The table that gets a row for each element.
    pub(super) table: Option<u8>,
    pub(super) noted: Noted,
}

/// Whole numbers between two bounds, themselves included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IntegerRule {
    pub(super) least: i64,
    pub(super) most: i64,
}

impl Name {
    /// A name that has nothing to be escaped; others are never found in this form.
    pub(super) fn new(name: &str) -> Self {
        let text = format!("\"{name}\":").into_bytes();
        let word = |nth: usize| {
            let mut bytes = [0; LANE_BYTES];
            let part = text.get(nth * LANE_BYTES..).unwrap_or_default();
            let length = part.len().min(LANE_BYTES);
            bytes[..length].copy_from_slice(&part[..length]);
            (u128::from_le_bytes(bytes), below(length))
        };
        let [(first, first_mask), (second, second_mask)] = [word(0), word(1)];
        Self { words: [first, second], masks: [first_mask, second_mask], text }
    }

    /// Whether it stands at `at`, quotes and colon included.
    #[inline(always)]
    pub(super) fn stands_at(&self, bytes: &[u8], at: usize) -> bool {
        let is_word = |nth: usize| {
            lane(bytes, at + nth * LANE_BYTES)
                .is_some_and(|lane| (u128::from_le_bytes(*lane) ^ self.words[nth]) & self.masks[nth] == 0)
        };
        is_word(0)
            && (self.text.len() <= LANE_BYTES
                || (is_word(1) && (self.text.len() <= 2 * LANE_BYTES || bytes[at..].starts_with(&self.text))))
    }

    /// The name itself.
    pub(super) fn bare(&self) -> &[u8] {
        &self.text[1..self.text.len() - 2]
    }
}
