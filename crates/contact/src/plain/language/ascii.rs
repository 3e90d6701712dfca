//! Automata with so few states that what follows each of them after a character fits into one word.
//!
//! A step is a shift: the word of the next character is shifted by as many bits as the state says, and the lowest bits
//! are the state that follows. The words of a text are looked up ahead of the steps, so that none waits for memory.

use super::automaton::Automaton;

/// A state is a number of bits to shift by, at most 63.
const STATE_BITS: u32 = 6;

/// So many states fit into a word.
const MOST_STATES: usize = (u64::BITS / STATE_BITS) as usize;

/// How many characters ASCII has.
const ASCII: usize = 0x80;

/// A language's texts of ASCII.
#[derive(Debug)]
pub(super) struct AsciiAutomaton {
    /// For each character the states that follow, that of the first state in the lowest bits.
    after: Box<[u64; ASCII]>,
    start: u32,
    /// One bit for each accepting state, at the place that it shifts by.
    accepting: u64,
}

impl AsciiAutomaton {
    /// `class_of` has the class of each character. `None` if more states are reached than fit.
    pub(super) fn of(automaton: &Automaton, class_of: &[u8]) -> Option<Self> {
        let mut states = vec![automaton.start()];
        let mut after = Box::new([0; ASCII]);
        let mut done = 0;
        while let Some(&state) = states.get(done) {
            let row = automaton.row(state);
            for (word, class) in after.iter_mut().zip(class_of) {
                let next = row[usize::from(*class)];
                let number = states.iter().position(|known| *known == next).unwrap_or(states.len());
                if number == MOST_STATES {
                    return None;
                }
                if number == states.len() {
                    states.push(next);
                }
                *word |= u64::from(shift_of(number)) << shift_of(done);
            }
            done += 1;
        }
        let accepting = states.iter().enumerate().filter(|(_, state)| automaton.is_accepting(**state));
        Some(Self {
            after,
            start: shift_of(0),
            accepting: accepting.map(|(number, _)| 1 << shift_of(number)).sum(),
        })
    }

    /// Whether the text, whose bytes are all ASCII, is in the language.
    pub(super) fn accepts(&self, bytes: &[u8]) -> bool {
        let mut state = self.start;
        for byte in bytes {
            // Only the lowest bits of it count.
            state = self.after[usize::from(*byte) % ASCII].wrapping_shr(state) as u32;
        }
        self.accepting.wrapping_shr(state) & 1 != 0
    }
}

/// By how many bits the state of this number shifts.
fn shift_of(number: usize) -> u32 {
    number as u32 * STATE_BITS
}
