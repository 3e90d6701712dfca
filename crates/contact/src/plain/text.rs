//! What is surely valid, and in normal form, as a text.

use std::collections::HashMap;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};

use super::compile::Said;
use super::language::Language;
use super::memo::{Memo, below};
use super::normal_form::{pattern_of, pattern_of_format};
use super::run::{LANE_BYTES, lane};
use crate::format::{FORMATS, Format};
use crate::normalise::{Change, Normaliser, Settings};
use crate::number_text::NumberText;
use crate::tape_json::{TapeJson, TapeNode};

/// The rule of a text.
#[derive(Debug)]
pub(super) struct TextRule {
    /// The fewest and the most characters.
    pub(super) least: usize,
    pub(super) most: usize,
    /// Longer texts, in bytes, are left to the validator.
    pub(super) most_bytes: usize,
    /// The texts that it may be, if they are listed.
    pub(super) choices: Option<Vec<Choice>>,
    /// The languages that it has to be of.
    pub(super) languages: Vec<Arc<Language>>,
    /// What else has to hold.
    pub(super) checks: Vec<Check>,
    /// Where what was found good is remembered.
    pub(super) memo: Option<usize>,
    /// Whether the length and nothing else has to be looked at of a text that is all graphic ASCII.
    pub(super) takes_graphic: bool,
    /// The same of a text of graphic ASCII with spaces inside.
    pub(super) takes_printable: bool,
}

/// A text that a value may be, ready to be compared with one that stands in a record.
#[derive(Debug)]
pub(super) struct Choice {
    text: Vec<u8>,
    /// Its first sixteen bytes, and which of their bits count.
    word: u128,
    mask: u128,
}

impl Choice {
    pub(super) fn new(text: &[u8]) -> Self {
        let length = text.len().min(LANE_BYTES);
        let mut bytes = [0; LANE_BYTES];
        bytes[..length].copy_from_slice(&text[..length]);
        Self { text: text.to_vec(), word: u128::from_le_bytes(bytes), mask: below(length) }
    }

    /// Whether it is what stands from `start` to `end`.
    #[inline(always)]
    pub(super) fn is(&self, bytes: &[u8], start: usize, end: usize) -> bool {
        self.text.len() == end - start
            && match lane(bytes, start) {
                Some(lane) => {
                    (u128::from_le_bytes(*lane) ^ self.word) & self.mask == 0
                        && (self.text.len() <= LANE_BYTES || bytes[start..end] == *self.text)
                }
                None => bytes[start..end] == *self.text,
            }
    }
}

/// What no language says.
#[derive(Debug)]
pub(super) enum Check {
    /// A format of this crate.
    Format(Format),
    /// A normaliser that must leave the text as it is.
    Unchanged(Normaliser),
    /// A number between bounds.
    Number(NumberText),
    /// A keyword, by the validator itself.
    Keyword(Box<Validator<TapeJson>>),
}

/// The languages that were made already, by their patterns: many places ask for the same, and making one takes time.
#[derive(Debug, Default)]
pub(super) struct Languages(HashMap<Vec<String>, Option<Arc<Language>>>);

impl Languages {
    fn intersection(&mut self, patterns: &[String]) -> Option<Arc<Language>> {
        let make = || Language::intersection(patterns.iter().map(String::as_str)).map(Arc::new);
        match self.0.get(patterns) {
            Some(known) => known.clone(),
            None => self.0.entry(patterns.to_vec()).or_insert_with(make).clone(),
        }
    }
}

/// Longer addresses are left to the validator: the parts of those up to here are within their own limits.
const MOST_EMAIL_BYTES: usize = 64;

impl TextRule {
    /// What the schemas say about the texts at one place. `None` if a pattern is not understood.
    pub(super) fn compile(said: &Said, known: &mut Languages) -> Option<Self> {
        let mut patterns = Vec::new();
        let mut checks = Vec::new();
        for pattern in &said.patterns {
            patterns.push(jsonschema_regex::to_rust_regex(pattern).ok()?.into_owned());
        }
        for format in &said.formats {
            match (pattern_of_format(format), FORMATS.iter().find(|(name, _)| name == format)) {
                (Some(pattern), _) => patterns.push(pattern.into_owned()),
                (None, Some(format)) => checks.push(Check::Format(*format)),
                (None, None) => checks.push(Check::keyword("format", format)?),
            }
        }
        for normaliser in &said.normalisers {
            match pattern_of(*normaliser) {
                Some(pattern) => patterns.push(pattern.into_owned()),
                None => checks.push(Check::Unchanged(*normaliser)),
            }
        }
        checks.extend(said.number_texts.iter().cloned().map(Check::Number));
        let mut languages = Vec::new();
        if patterns.is_empty() {
            // Every text will do, also one with characters that no language knows.
        } else if let Some(language) = known.intersection(&patterns) {
            languages.push(language);
        } else {
            // Together they are too much; some of them may be no language at all.
            for (nth, pattern) in patterns.iter().enumerate() {
                match (known.intersection(std::slice::from_ref(pattern)), said.patterns.get(nth)) {
                    (Some(language), _) => languages.push(language),
                    (None, Some(pattern)) => checks.push(Check::keyword("pattern", pattern)?),
                    (None, None) => return None,
                }
            }
        }
        let is_free = checks.is_empty() && said.choices.is_none();
        let is_email = said.formats.iter().any(|format| format == "email")
            || said.normalisers.contains(&Normaliser::Email);
        Some(Self {
            least: said.min_length,
            most: said.max_length,
            most_bytes: if is_email { MOST_EMAIL_BYTES } else { usize::MAX },
            choices: said
                .choices
                .as_ref()
                .map(|choices| choices.iter().map(|choice| Choice::new(choice.as_bytes())).collect()),
            takes_graphic: is_free && languages.iter().all(|language| language.takes_all_graphic()),
            takes_printable: is_free && languages.iter().all(|language| language.takes_all_printable()),
            languages,
            checks,
            memo: None,
        })
    }

    /// One text and no other.
    pub(super) fn of_choice(text: &str) -> Self {
        Self {
            least: 0,
            most: usize::MAX,
            most_bytes: usize::MAX,
            choices: Some(vec![Choice::new(text.as_bytes())]),
            languages: Vec::new(),
            checks: Vec::new(),
            memo: None,
            takes_graphic: false,
            takes_printable: false,
        }
    }

    /// Whether a text of so many characters, all of graphic ASCII, is surely good.
    #[inline(always)]
    pub(super) fn takes_all_graphic(&self, length: usize) -> bool {
        self.takes_graphic && self.least <= length && length <= self.most.min(self.most_bytes) && length > 0
    }

    /// Whether the text from `start` to `end` of `bytes` is good, of which is known whether all of it is graphic ASCII.
    #[inline(never)]
    pub(super) fn takes(
        &self,
        bytes: &[u8],
        start: usize,
        end: usize,
        is_graphic: bool,
        memos: &mut [Memo],
        settings: &Settings,
    ) -> bool {
        let length = end - start;
        if length > self.most_bytes {
            return false;
        }
        let text = &bytes[start..end];
        if let Some(choices) = &self.choices
            && !choices.iter().any(|choice| choice.is(bytes, start, end))
        {
            return false;
        }
        let check = || {
            if is_graphic {
                self.takes_graphic_text(text, settings)
            } else {
                self.takes_slowly(text, settings)
            }
        };
        match self.memo.and_then(|memo| memos.get_mut(memo)) {
            Some(memo) => memo.is_good(bytes, start, end, check),
            None => check(),
        }
    }

    /// The same for a text of graphic ASCII alone.
    fn takes_graphic_text(&self, bytes: &[u8], settings: &Settings) -> bool {
        (self.least..=self.most).contains(&bytes.len())
            && self.languages.iter().all(|language| language.accepts_ascii(bytes))
            && (self.checks.is_empty()
                || std::str::from_utf8(bytes)
                    .is_ok_and(|text| self.checks.iter().all(|check| check.holds(text, settings))))
    }

    /// The same for the bytes of a text alone. Control characters are refused where they stand raw.
    pub(super) fn takes_slowly(&self, bytes: &[u8], settings: &Settings) -> bool {
        if bytes.iter().any(|byte| *byte < 0x20) {
            return false;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.takes_text(text, settings),
            Err(_) => false,
        }
    }

    /// The same for a text that was unescaped.
    pub(super) fn takes_text(&self, text: &str, settings: &Settings) -> bool {
        let bytes = text.as_bytes();
        let is_ascii = text.is_ascii();
        let has_length = if is_ascii {
            (self.least..=self.most).contains(&bytes.len())
        } else {
            // A character has at most four bytes: mostly there is nothing to be counted.
            (self.least <= bytes.len() / 4 && bytes.len() <= self.most)
                || (self.least..=self.most).contains(&text.chars().count())
        };
        if !has_length || bytes.len() > self.most_bytes {
            return false;
        }
        if self.choices.as_ref().is_some_and(|choices| choices.iter().all(|choice| *choice.text != *bytes)) {
            return false;
        }
        let is_printable = is_ascii
            && bytes.iter().all(|byte| matches!(byte, 0x20..=0x7E))
            && bytes.first().is_some_and(|first| *first != b' ')
            && bytes.last().is_some_and(|last| *last != b' ');
        if is_printable && self.takes_printable {
            return true;
        }
        let is_of = |language: &Arc<Language>| {
            if is_ascii { language.accepts_ascii(bytes) } else { language.accepts(text) }
        };
        self.languages.iter().all(is_of) && self.checks.iter().all(|check| check.holds(text, settings))
    }
}

impl Check {
    /// A keyword that no language says, checked as the validator checks it.
    fn keyword(keyword: &str, value: &str) -> Option<Self> {
        let schema = serde_json::json!({ keyword: value });
        let validator = jsonschema::options_for::<TapeJson>()
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .build(&schema)
            .ok()?;
        Some(Self::Keyword(Box::new(validator)))
    }

    fn holds(&self, text: &str, settings: &Settings) -> bool {
        match self {
            Self::Format((_, has_format)) => has_format(text),
            Self::Unchanged(normaliser) => normaliser.on_text(text, settings) == Change::Unchanged,
            Self::Number(numbers) => numbers.takes(text),
            Self::Keyword(validator) => {
                <TapeJson as jsonschema::json::Json>::with_string_node(&mut (), text, |node: TapeNode<'_>| {
                    validator.is_valid(node)
                })
            }
        }
    }
}
