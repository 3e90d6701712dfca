//! Deterministic automata over classes of characters.

use std::collections::{HashMap, VecDeque};

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_syntax::hir::Hir;

use super::partition::Partition;

/// The most states of the automaton of a pattern: a schema that asks for more is judged more slowly, but is ready at
/// once.
const MOST_STATES: usize = 1 << 14;

/// The most pairs of states that two automata may have between them to become one.
const MOST_PAIRS: usize = 1 << 18;

/// The most of these pairs that texts may reach. Automata that have more stay side by side: two passes over a text cost
/// less than a table that no cache holds, and that is not ready at once.
const MOST_REACHED_PAIRS: usize = 1 << 10;

/// The most bytes that the automaton of a pattern may take while it is made.
const MOST_BYTES: usize = 1 << 21;

/// The state that no text leads away from, and that accepts none.
const DEAD: u16 = 0;

/// A minimal automaton with a state after every class in every state.
#[derive(Debug)]
pub(super) struct Automaton {
    /// How many classes there are.
    width: usize,
    /// The state after each class, state by state.
    next: Vec<u16>,
    accepting: Vec<bool>,
    start: u16,
}

/// States in another order.
pub(super) struct Order {
    /// The states.
    pub(super) in_order: Vec<u16>,
    /// Where each state stands among them.
    pub(super) number_of: Vec<u16>,
}

impl Automaton {
    /// All texts.
    pub(super) fn of_everything(width: usize) -> Self {
        let next = [vec![DEAD; width], vec![1; width]].concat();
        Self { width, next, accepting: vec![false, true], start: 1 }
    }

    /// The texts in which this pattern finds a match, its bytes being classes. `None` if it becomes too large.
    pub(super) fn of(pattern: &Hir, width: usize) -> Option<Self> {
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .utf8(false)
                    .which_captures(WhichCaptures::None)
                    .nfa_size_limit(Some(MOST_BYTES)),
            )
            .build_from_hir(pattern)
            .ok()?;
        let dfa = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .start_kind(StartKind::Unanchored)
                    .accelerate(false)
                    .dfa_size_limit(Some(MOST_BYTES))
                    .determinize_size_limit(Some(MOST_BYTES)),
            )
            .build_from_nfa(&nfa)
            .ok()?;
        Self::of_search(&dfa, width)
    }

    /// The texts in which this automaton, which searches for the end of a match, finds any match.
    fn of_search(dfa: &dense::DFA<Vec<u32>>, width: usize) -> Option<Self> {
        let mut made = Made::default();
        let dead = made.number(Searching::Lost)?;
        debug_assert_eq!(dead, DEAD);
        let seen = |state: StateID| {
            if dfa.is_dead_state(state) {
                Searching::Lost
            } else if dfa.is_match_state(state) {
                Searching::Found
            } else {
                Searching::At(state)
            }
        };
        let start = made.number(seen(dfa.start_state(&start::Config::new()).ok()?))?;
        let mut next = Vec::new();
        let mut accepting = Vec::new();
        while let Some(&state) = made.states.get(accepting.len()) {
            for class in 0..width {
                next.push(made.number(match state {
                    Searching::At(id) => seen(dfa.next_state(id, u8::try_from(class).ok()?)),
                    done => done,
                })?);
            }
            accepting.push(match state {
                Searching::At(id) if dfa.is_quit_state(id) => return None,
                Searching::At(id) => dfa.is_match_state(dfa.next_eoi_state(id)),
                Searching::Found => true,
                Searching::Lost => false,
            });
        }
        Self { width, next, accepting, start }.minimal()
    }

    /// The texts of both. `None` if it becomes too large.
    pub(super) fn intersection(&self, other: &Self) -> Option<Self> {
        let pairs = self.len() * other.len();
        if pairs > MOST_PAIRS {
            return None;
        }
        let mut number_of: Vec<u16> = vec![u16::MAX; pairs];
        let mut states: Vec<(u16, u16)> = Vec::new();
        let mut number = |one: u16, two: u16| {
            // A text that one of them is done with is lost, wherever the other is.
            let (one, two) = if one == DEAD || two == DEAD { (DEAD, DEAD) } else { (one, two) };
            let number = &mut number_of[usize::from(one) * other.len() + usize::from(two)];
            let is_new = *number == u16::MAX;
            if is_new {
                *number = u16::try_from(states.len()).ok().filter(|_| states.len() < MOST_REACHED_PAIRS)?;
                states.push((one, two));
            }
            Some((*number, is_new.then_some((one, two))))
        };
        let mut waiting: VecDeque<(u16, u16)> = VecDeque::new();
        waiting.extend(number(DEAD, DEAD)?.1);
        let (start, new) = number(self.start, other.start)?;
        waiting.extend(new);
        let mut next = Vec::new();
        let mut accepting = Vec::new();
        while let Some((one, two)) = waiting.pop_front() {
            for (after_one, after_two) in self.row(one).iter().zip(other.row(two)) {
                let (state, new) = number(*after_one, *after_two)?;
                next.push(state);
                waiting.extend(new);
            }
            accepting.push(self.accepting[usize::from(one)] && other.accepting[usize::from(two)]);
        }
        Self { width: self.width, next, accepting, start }.minimal()
    }

    /// The same language with the fewest states, by Hopcroft's algorithm.
    fn minimal(&self) -> Option<Self> {
        let count = u16::try_from(self.len()).ok()?;
        let sources = Sources::of(self);
        let mut partition = Partition::new(0..count);
        (0..count)
            .filter(|state| self.accepting[usize::from(*state)])
            .for_each(|state| partition.mark(state));
        partition.split(|_, _| {});
        // The first block needs no turn: what leads to it is what does not lead to the other.
        let mut waiting: Vec<usize> = (1..partition.len()).collect();
        let mut splitter: Vec<u16> = Vec::new();
        while let Some(block) = waiting.pop() {
            splitter.clear();
            splitter.extend_from_slice(partition.states(block));
            for class in 0..self.width {
                for state in &splitter {
                    for source in sources.of_state(class, *state) {
                        partition.mark(*source);
                    }
                }
                // The new block is the smaller part. If the old one waits, both do now; if not, one is enough.
                partition.split(|_, new| waiting.push(new));
            }
        }
        Some(self.merged(&partition))
    }

    /// The automaton whose states are the blocks, the dead one first and the others as texts reach them.
    fn merged(&self, partition: &Partition) -> Self {
        let mut number_of = vec![None; partition.len()];
        let mut states: Vec<u16> = Vec::new();
        let mut number = |state: u16, states: &mut Vec<u16>| {
            *number_of[partition.block_of(state)].get_or_insert_with(|| {
                states.push(state);
                // There are no more blocks than states, which have such numbers.
                (states.len() - 1) as u16
            })
        };
        number(DEAD, &mut states);
        let start = number(self.start, &mut states);
        let mut next = Vec::new();
        let mut done = 0;
        while let Some(&state) = states.get(done) {
            for after in self.row(state) {
                next.push(number(*after, &mut states));
            }
            done += 1;
        }
        let accepting = states.iter().map(|state| self.accepting[usize::from(*state)]).collect();
        Self { width: self.width, next, accepting, start }
    }

    /// How many classes there are.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// How many states there are.
    pub(super) fn len(&self) -> usize {
        self.accepting.len()
    }

    /// The state before any character.
    pub(super) fn start(&self) -> u16 {
        self.start
    }

    /// Whether a text that ends in this state is in the language.
    pub(super) fn is_accepting(&self, state: u16) -> bool {
        self.accepting[usize::from(state)]
    }

    /// The states after each class.
    pub(super) fn row(&self, state: u16) -> &[u16] {
        &self.next[usize::from(state) * self.width..][..self.width]
    }

    /// The states in an order that has the accepting ones at the end, and where these begin.
    pub(super) fn accepting_last(&self) -> (Order, usize) {
        let mut in_order: Vec<u16> = (0..self.len()).map(|state| state as u16).collect();
        in_order.sort_by_key(|state| self.accepting[usize::from(*state)]);
        let mut number_of = vec![0; self.len()];
        for (number, state) in in_order.iter().enumerate() {
            number_of[usize::from(*state)] = number as u16;
        }
        let first_accepting = self.accepting.iter().filter(|accepting| !**accepting).count();
        (Order { in_order, number_of }, first_accepting)
    }

    /// Whether it accepts all texts that begin and end with a character of the classes `ends`, and have only those of
    /// `inner` between.
    pub(super) fn accepts_all_between(&self, ends: &[u8], inner: &[u8]) -> bool {
        let mut is_reached = vec![false; self.len()];
        let mut waiting = Vec::new();
        // A text of one character: its first is its last.
        for class in ends {
            let state = self.row(self.start)[usize::from(*class)];
            if !self.accepting[usize::from(state)] {
                return false;
            }
            if !std::mem::replace(&mut is_reached[usize::from(state)], true) {
                waiting.push(state);
            }
        }
        while let Some(state) = waiting.pop() {
            let row = self.row(state);
            if !ends.iter().all(|class| self.accepting[usize::from(row[usize::from(*class)])]) {
                return false;
            }
            for class in inner {
                let state = row[usize::from(*class)];
                if !std::mem::replace(&mut is_reached[usize::from(state)], true) {
                    waiting.push(state);
                }
            }
        }
        true
    }
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Searching {
    /// No match can be found any more.
    Lost,
    /// One was found, whatever follows.
    Found,
    At(StateID),
}

/// The states met so far, in the order of their numbers.
#[derive(Default)]
struct Made {
    states: Vec<Searching>,
    number_of: HashMap<Searching, u16>,
}

impl Made {
    fn number(&mut self, state: Searching) -> Option<u16> {
        if let Some(number) = self.number_of.get(&state) {
            return Some(*number);
        }
        let number = u16::try_from(self.states.len()).ok().filter(|_| self.states.len() < MOST_STATES)?;
        self.states.push(state);
        self.number_of.insert(state, number);
        Some(number)
    }
}

/// The states from which a class leads to a state.
struct Sources {
    /// Where those of each class and state begin in `states`; they end where the next ones begin.
    begins: Vec<usize>,
    states: Vec<u16>,
    count: usize,
}

impl Sources {
    fn of(automaton: &Automaton) -> Self {
        let count = automaton.len();
        let keys = || {
            (0..count as u16).flat_map(|state| {
                let row = automaton.row(state).iter().enumerate();
                row.map(move |(class, after)| (class * count + usize::from(*after), state))
            })
        };
        let mut ends = vec![0; count * automaton.width + 1];
        keys().for_each(|(key, _)| ends[key + 1] += 1);
        for key in 1..ends.len() {
            ends[key] += ends[key - 1];
        }
        let begins = ends.clone();
        let mut states = vec![0; automaton.next.len()];
        for (key, state) in keys() {
            states[ends[key]] = state;
            ends[key] += 1;
        }
        Self { begins, states, count }
    }

    fn of_state(&self, class: usize, state: u16) -> &[u16] {
        let key = class * self.count + usize::from(state);
        &self.states[self.begins[key]..self.begins[key + 1]]
    }
}
