//! Texts that were found good before.

use super::run::{LANE_BYTES, lane};

/// The longest text that is remembered, in bytes.
const LONGEST_BYTES: usize = 48;

/// A power of two.
const SLOTS: usize = 256;

/// After so many questions it is seen whether remembering pays.
const TRIAL: u32 = 64;

/// It pays if at least so many of them were answered from memory.
const WORTH: u32 = 16;

/// Where it does not pay, so many questions go straight to the check until the next trial.
const PAUSE: u32 = 4096;

/// The texts that passed a check last, one for each slot: languages, time zones, models and names come again and again.
///
/// What it says is as sure as the check itself: whole texts are compared, not their hashes.
#[derive(Clone, Debug)]
pub(super) struct Memo {
    /// Most texts are short, and most of these slots are in the fastest cache.
    short: Vec<ShortText>,
    long: Vec<LongText>,
    /// Questions and answers of this trial.
    asked: u32,
    answered: u32,
    /// Questions until the next trial.
    pause: u32,
}

/// A text of fewer bytes than a lane has, and in the last of these the length and one more; 0 in an empty slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ShortText(u128);

#[derive(Clone, Copy, Debug, Default)]
struct LongText {
    /// The length; 0 in an empty slot.
    length: u8,
    bytes: [u128; 3],
}

impl Default for Memo {
    fn default() -> Self {
        Self {
            short: vec![ShortText::default(); SLOTS],
            long: vec![LongText::default(); SLOTS],
            asked: 0,
            answered: 0,
            pause: 0,
        }
    }
}

impl Memo {
    /// Whether the text, from `start` to `end` of `bytes`, is good: remembered, or found so by `check` now.
    #[inline]
    pub(super) fn is_good(
        &mut self,
        bytes: &[u8],
        start: usize,
        end: usize,
        check: impl FnOnce() -> bool,
    ) -> bool {
        if self.pause > 0 {
            self.pause -= 1;
            return check();
        }
        let length = end - start;
        if length < LANE_BYTES {
            let Some(text) = ShortText::of(bytes, start, length) else { return check() };
            let place = text.place();
            if self.count(self.short[place] == text) {
                return true;
            }
            let good = check();
            if good {
                self.short[place] = text;
            }
            good
        } else {
            let Some(text) = LongText::of(bytes, start, length) else { return check() };
            let place = text.place();
            if self.count(self.long[place].is(&text)) {
                return true;
            }
            let good = check();
            if good {
                self.long[place] = text;
            }
            good
        }
    }

    /// Counts a question, and whether it was answered from memory.
    #[inline]
    fn count(&mut self, is_known: bool) -> bool {
        self.asked += 1;
        if is_known {
            self.answered += 1;
        } else if self.asked >= TRIAL {
            if self.answered < WORTH {
                self.pause = PAUSE;
            }
            (self.asked, self.answered) = (0, 0);
        }
        is_known
    }
}

impl ShortText {
    /// None for one that is too near to the end of what is held.
    #[inline]
    fn of(bytes: &[u8], start: usize, length: usize) -> Option<Self> {
        let word = u128::from_le_bytes(*lane(bytes, start)?);
        Some(Self(word & below(length) | (length as u128 + 1) << (8 * (LANE_BYTES - 1))))
    }

    #[inline]
    fn place(self) -> usize {
        place_of(self.0)
    }
}

impl LongText {
    /// None for a text that is too long, or too near to the end of what is held.
    #[inline]
    fn of(bytes: &[u8], start: usize, length: usize) -> Option<Self> {
        if length > LONGEST_BYTES {
            return None;
        }
        let window: &[u8; LONGEST_BYTES] = bytes.get(start..)?.first_chunk()?;
        let (words, _) = window.as_chunks::<LANE_BYTES>();
        let mut held = [0; 3];
        for (nth, (held, word)) in held.iter_mut().zip(words).enumerate() {
            *held = u128::from_le_bytes(*word) & below(length.saturating_sub(nth * LANE_BYTES));
        }
        Some(Self { length: length as u8, bytes: held })
    }

    /// Whether it is the same: without a call, as the comparison of two arrays would be.
    #[inline]
    fn is(&self, other: &Self) -> bool {
        let [a, b, c] = self.bytes;
        let [x, y, z] = other.bytes;
        self.length == other.length && (a ^ x) | (b ^ y) | (c ^ z) == 0
    }

    #[inline]
    fn place(&self) -> usize {
        let [a, b, c] = self.bytes;
        place_of(a ^ b.rotate_left(31) ^ c.rotate_left(67) ^ u128::from(self.length))
    }
}

/// The slot of a text of which this is left.
#[inline]
fn place_of(mixed: u128) -> usize {
    /// An odd number without pattern: the golden ratio in 64 bits.
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mixed = (mixed as u64).wrapping_mul(SPREAD) ^ ((mixed >> 64) as u64).rotate_left(29);
    (mixed.wrapping_mul(SPREAD) >> 56) as usize % SLOTS
}

/// For each number of bytes up to 16 a mask of so many, the lowest ones.
const MASKS: [u128; 17] = {
    let mut masks = [u128::MAX; 17];
    let mut bytes = 0;
    while bytes < 16 {
        masks[bytes] = (1 << (8 * bytes)) - 1;
        bytes += 1;
    }
    masks
};

/// A mask of the lowest bytes: of so many of them, or of 16.
#[inline(always)]
pub(crate) fn below(bytes: usize) -> u128 {
    MASKS[bytes.min(16)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_passed_is_remembered_and_no_other_is_taken_for_it() {
        let held = |text: &str| {
            let mut bytes = format!("\"{text}\"").into_bytes();
            bytes.resize(bytes.len() + LONGEST_BYTES, b'#');
            bytes
        };
        let texts: Vec<String> = (0..2000)
            .map(|nth| format!("{nth:0width$}", width = nth % LONGEST_BYTES + 1))
            .chain([String::new(), "a".into(), "a\0".into(), "\0".into()])
            .collect();
        for (nth, text) in texts.iter().enumerate() {
            let mut memo = Memo::default();
            if let Some(before) = nth.checked_sub(1).map(|before| &texts[before]) {
                assert!(memo.is_good(&held(before), 1, 1 + before.len(), || true));
            }
            let bytes = held(text);
            let mut ask = |good: bool| {
                let mut asked = false;
                let answer = memo.is_good(&bytes, 1, 1 + text.len(), || {
                    asked = true;
                    good
                });
                (answer, asked)
            };
            if texts[..nth].contains(text) {
                continue;
            }
            assert_eq!(ask(false), (false, true), "{text:?}");
            assert_eq!(ask(true), (true, true), "{text:?}");
            assert_eq!(ask(false), (true, false), "{text:?}");
        }
    }

    #[test]
    fn where_nothing_comes_again_it_is_soon_no_longer_looked_for() {
        let mut memo = Memo::default();
        let checks = std::cell::Cell::new(0);
        let mut ask = |text: u32| {
            let mut bytes = text.to_le_bytes().to_vec();
            bytes.resize(LONGEST_BYTES, 0);
            memo.is_good(&bytes, 0, 4, || {
                checks.set(checks.get() + 1);
                true
            })
        };
        assert!((0..2 * TRIAL).all(&mut ask));
        assert!((0..PAUSE / 2).all(|_| ask(7)));
        assert_eq!(checks.get(), 2 * TRIAL + PAUSE / 2);
        let mut later = 0;
        while later < 2 * PAUSE && ask(7) {
            later += 1;
        }
        assert!(checks.get() < 2 * TRIAL + PAUSE + 2, "{checks:?}");
    }

    #[test]
    fn what_is_too_long_or_too_near_the_end_is_checked_each_time() {
        let mut memo = Memo::default();
        let long = [b'x'; 200];
        for (bytes, end) in [(&long[..], LONGEST_BYTES + 1), (&long[..40], 20), (&long[..15], 3)] {
            assert!(memo.is_good(bytes, 0, end, || true));
            assert!(!memo.is_good(bytes, 0, end, || false));
        }
    }
}
