//! Passing over values.

use super::run::{Run, run};
use super::scan::{LineEnds, MOST_DEPTH};

/// Passes over values without checking them.
#[derive(Clone, Copy)]
pub(super) struct LookAhead<'s> {
    pub(super) bytes: &'s [u8],
    pub(super) line_ends: LineEnds,
}

impl LookAhead<'_> {
    /// The place of the next byte that is not white space.
    pub(super) fn token(&self, at: usize) -> Option<usize> {
        let rest = self.bytes.get(at..)?;
        let is_space = |byte: &u8| match byte {
            b' ' | b'\t' | b'\r' => true,
            b'\n' => self.line_ends == LineEnds::AreSpace,
            _ => false,
        };
        Some(at + rest.iter().position(|byte| !is_space(byte))?)
    }

    /// The place after the value at `at`; of what is nested deeper than a scan goes there is none.
    pub(super) fn skip(&self, mut at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        loop {
            at = self.token(at)?;
            match self.bytes[at] {
                b'"' => {
                    at += 1;
                    loop {
                        let Run { end, .. } = run(self.bytes, at)?;
                        at = end + 1;
                        match self.bytes[end] {
                            b'"' => break,
                            // The text has no end, and the next line is another record.
                            b'\n' if self.line_ends == LineEnds::EndRecords => return None,
                            b'\\' => at += usize::from(*self.bytes.get(at)? != b'\n'),
                            _ => {}
                        }
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    if depth > MOST_DEPTH {
                        return None;
                    }
                    at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    at += 1;
                }
                b',' | b':' if depth > 0 => {
                    at += 1;
                    continue;
                }
                b',' | b':' | 0..=b' ' => return None,
                _ => {
                    let is_end = |byte: &u8| matches!(byte, b',' | b':' | b'}' | b']' | b'"' | 0..=b' ');
                    at += self.bytes[at..].iter().position(is_end)?;
                }
            }
            if depth == 0 {
                return Some(at);
            }
        }
    }
}
