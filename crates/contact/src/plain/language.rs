//! Regular languages of texts.
//!
//! A pattern tells few characters apart: a name's letters are all the same to it. So the characters are put into
//! classes that none of the patterns divides, each pattern becomes an automaton over classes, and their product says in
//! one pass over the text what the patterns say one by one. Where a product would become large, its factors stay side
//! by side.

mod alphabet;
mod ascii;
mod automaton;
mod partition;
#[cfg(test)]
mod tests;

use regex_syntax::Parser;
use regex_syntax::hir::Hir;

use alphabet::Alphabet;
use ascii::AsciiAutomaton;
use automaton::Automaton;

/// Below it a character has one or two bytes; nearly all letters of the alphabets in use are there, and one look tells
/// the class.
const LOW: usize = 0x800;

/// How many characters stand on a page of the table of classes.
const PAGE: usize = 0x100;

/// A regular language of texts, as automata over classes of characters that all have to accept.
#[derive(Debug)]
pub(crate) struct Language {
    /// The class of each character below [`LOW`].
    low: Box<[u8; LOW]>,
    /// Which of the pages has the classes of the characters that share all but the last eight bits.
    page_of: Box<[u8; PAGE]>,
    /// The different pages.
    pages: Box<[[u8; PAGE]]>,
    tables: Vec<Table>,
    takes_all_graphic: bool,
    takes_all_printable: bool,
}

/// An automaton.
#[derive(Debug)]
struct Table {
    /// The state that follows at the sum of a state and a class: states are counted in steps of the number of classes.
    next: Box<[u16]>,
    start: u16,
    /// The accepting states are this and those after it.
    first_accepting: u16,
    /// The same for texts of ASCII alone, if few states do for them.
    ascii: Option<AsciiAutomaton>,
}

impl Language {
    /// The texts in which every one of these patterns finds a match. The patterns are those of the crate `regex`.
    ///
    /// `None` if one does not parse or uses what an automaton over characters cannot tell, such as word boundaries and
    /// anchors at lines, or if its automaton would be too large.
    pub(crate) fn intersection<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Option<Self> {
        let mut patterns: Vec<&str> = patterns.into_iter().collect();
        patterns.sort_unstable();
        patterns.dedup();
        let syntax: Vec<Hir> =
            patterns.into_iter().map(|pattern| Parser::new().parse(pattern).ok()).collect::<Option<_>>()?;
        let alphabet = Alphabet::of(&syntax)?;
        let mut automata = syntax
            .iter()
            .map(|hir| Automaton::of(&alphabet.translated(hir)?, alphabet.len()))
            .collect::<Option<Vec<_>>>()?;
        // The small ones first: what they refuse need not be multiplied with the large ones.
        automata.sort_by_key(Automaton::len);
        let mut factors = vec![Automaton::of_everything(alphabet.len())];
        for automaton in automata {
            let product = |factor: &mut Automaton| {
                let product = factor.intersection(&automaton);
                product.map(|product| *factor = product).is_some()
            };
            if !factors.iter_mut().any(product) {
                factors.push(automaton);
            }
        }
        Self::of(&factors, &alphabet)
    }

    fn of(automata: &[Automaton], alphabet: &Alphabet) -> Option<Self> {
        let class_of = alphabet.class_of();
        let graphic = classes_in(&class_of, 0x21..=0x7E);
        let printable = classes_in(&class_of, 0x20..=0x7E);

        let mut low = Box::new([0; LOW]);
        low.copy_from_slice(&class_of[..LOW]);
        let mut page_of = Box::new([0; PAGE]);
        let mut pages: Vec<[u8; PAGE]> = Vec::new();
        for (number, page) in page_of.iter_mut().zip(class_of.as_chunks::<PAGE>().0) {
            let position = pages.iter().position(|known| known == page);
            *number = u8::try_from(position.unwrap_or(pages.len())).ok()?;
            if position.is_none() {
                pages.push(*page);
            }
        }
        let all_accept = |inner| automata.iter().all(|one| one.accepts_all_between(&graphic, inner));
        Some(Self {
            low,
            page_of,
            pages: pages.into(),
            tables: automata.iter().map(|one| Table::of(one, &class_of)).collect::<Option<_>>()?,
            takes_all_graphic: all_accept(&graphic),
            takes_all_printable: all_accept(&printable),
        })
    }

    /// Whether the text is surely in the language. One with a character beyond the Basic Multilingual Plane never is.
    pub(crate) fn accepts(&self, text: &str) -> bool {
        self.tables.iter().all(|table| {
            let mut state = table.start;
            for character in text.chars() {
                let code = character as usize;
                let class = match self.low.get(code) {
                    Some(class) => *class,
                    None => match self.page_of.get(code / PAGE) {
                        Some(page) => self.pages[usize::from(*page)][code % PAGE],
                        None => return false,
                    },
                };
                state = table.after(state, class);
            }
            table.is_accepting(state)
        })
    }

    /// Whether the text, whose bytes are all ASCII, is in the language.
    pub(crate) fn accepts_ascii(&self, bytes: &[u8]) -> bool {
        self.tables.iter().all(|table| match &table.ascii {
            Some(ascii) => ascii.accepts(bytes),
            None => {
                let class = |byte: &u8| self.low[usize::from(*byte)];
                table.is_accepting(
                    bytes.iter().map(class).fold(table.start, |at, class| table.after(at, class)),
                )
            }
        })
    }

    /// Whether every text of visible ASCII characters is in it, the empty one aside.
    pub(crate) fn takes_all_graphic(&self) -> bool {
        self.takes_all_graphic
    }

    /// Whether every text of visible ASCII characters, with spaces anywhere but at its ends, is in it, the empty one
    /// aside.
    pub(crate) fn takes_all_printable(&self) -> bool {
        self.takes_all_printable
    }
}

impl Table {
    /// `class_of` has the class of each character.
    fn of(automaton: &Automaton, class_of: &[u8]) -> Option<Self> {
        let (states, first_accepting) = automaton.accepting_last();
        let width = automaton.width();
        // The last state has room for its step, so that the count itself is never a state.
        if automaton.len() * width > usize::from(u16::MAX) {
            return None;
        }
        let number =
            |state: u16| u16::try_from(usize::from(states.number_of[usize::from(state)]) * width).ok();
        let next = states
            .in_order
            .iter()
            .flat_map(|state| automaton.row(*state))
            .map(|state| number(*state))
            .collect::<Option<_>>()?;
        Some(Self {
            next,
            start: number(automaton.start())?,
            first_accepting: u16::try_from(first_accepting * width).ok()?,
            ascii: AsciiAutomaton::of(automaton, class_of),
        })
    }

    #[inline]
    fn after(&self, state: u16, class: u8) -> u16 {
        self.next[usize::from(state) + usize::from(class)]
    }

    #[inline]
    fn is_accepting(&self, state: u16) -> bool {
        state >= self.first_accepting
    }
}

/// The classes of these characters.
fn classes_in(class_of: &[u8], characters: std::ops::RangeInclusive<usize>) -> Vec<u8> {
    let mut classes = class_of[characters].to_vec();
    classes.sort_unstable();
    classes.dedup();
    classes
}
