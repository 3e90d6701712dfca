//! Texts that were found good before.

/// The longest text that is remembered, in bytes.
const LONGEST_BYTES: usize = 48;

/// A power of two.
const SLOTS: usize = 256;

/// The texts that passed a check last, one for each slot: languages, time zones, models and names come again and again.
///
/// What it says is as sure as the check itself: whole texts are compared, not their hashes.
#[derive(Clone, Debug)]
pub(super) struct Memo {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slot {
    /// The length and one more; 0 in an empty slot.
    length: u8,
    bytes: [u128; 3],
}

impl Default for Memo {
    fn default() -> Self {
        Self { slots: vec![Slot::default(); SLOTS] }
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
        let Some(slot) = Slot::of(bytes, start, end) else { return check() };
        let place = slot.place();
        if self.slots[place] == slot {
            return true;
        }
        let good = check();
        if good {
            self.slots[place] = slot;
        }
        good
    }
}

impl Slot {
    /// What a slot with this text holds; none for a text that is too long, or too near to the end of what is held.
    #[inline]
    fn of(bytes: &[u8], start: usize, end: usize) -> Option<Self> {
        let length = end - start;
        if length > LONGEST_BYTES {
            return None;
        }
        let window: &[u8; LONGEST_BYTES] = bytes.get(start..)?.first_chunk()?;
        let (words, _) = window.as_chunks::<16>();
        let mut held = [0; 3];
        for (nth, (held, word)) in held.iter_mut().zip(words).enumerate() {
            *held = u128::from_le_bytes(*word) & below(length.saturating_sub(nth * 16));
        }
        Some(Self { length: length as u8 + 1, bytes: held })
    }

    #[inline]
    fn place(&self) -> usize {
        /// An odd number without pattern: the golden ratio in 64 bits.
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        let [a, b, c] = self.bytes;
        let mixed = a ^ b.rotate_left(31) ^ c.rotate_left(67);
        let mixed = (mixed as u64).wrapping_mul(SPREAD) ^ ((mixed >> 64) as u64).rotate_left(29);
        (mixed.wrapping_add(u64::from(self.length)).wrapping_mul(SPREAD) >> 56) as usize % SLOTS
    }
}

/// The lowest `bytes` bytes, at most 16.
#[inline]
pub(super) fn below(bytes: usize) -> u128 {
    if bytes >= 16 { u128::MAX } else { (1 << (8 * bytes)) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_passed_is_remembered_and_no_other_is_taken_for_it() {
        let mut memo = Memo::default();
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
    fn what_is_too_long_or_too_near_the_end_is_checked_each_time() {
        let mut memo = Memo::default();
        let long = vec![b'x'; 200];
        for (bytes, end) in [(&long[..], LONGEST_BYTES + 1), (&long[..20], 3)] {
            assert!(memo.is_good(bytes, 0, end, || true));
            assert!(!memo.is_good(bytes, 0, end, || false));
        }
    }
}
