//! Passing over values.

use std::ops::Range;

use super::run::{Run, is_text, run};
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
                        let Run { end, is_graphic } = run(self.bytes, at)?;
                        // The text has no end, and the next line is another record.
                        if !is_graphic
                            && self.line_ends == LineEnds::EndRecords
                            && self.bytes[at..end].contains(&b'\n')
                        {
                            return None;
                        }
                        at = end + 1;
                        match self.bytes[end] {
                            b'"' => break,
                            _ => at += usize::from(*self.bytes.get(at)? != b'\n'),
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

    /// The name at `at`, of characters that need no escapes.
    pub(super) fn name(&self, at: usize) -> Option<(usize, usize)> {
        if self.bytes[at] != b'"' {
            return None;
        }
        let start = at + 1;
        let Run { end, is_graphic } = run(self.bytes, start)?;
        let name = &self.bytes[start..end];
        (self.bytes[end] == b'"' && (is_graphic || is_text(name))).then_some((start, end))
    }

    /// The place of the value of a member that does not come first; `at` is that of the first member, or of the brace behind
    /// none. `Some(None)` if the object has none of that name.
    ///
    /// What is passed over is not checked: it has been, or will be, read for good.
    #[inline(never)]
    pub(super) fn value_of(&self, name: &[u8], mut at: usize) -> Option<Option<usize>> {
        if self.bytes[at] == b'}' {
            return Some(None);
        }
        loop {
            let (start, end) = self.name(at)?;
            let colon = self.token(end + 1)?;
            let value = self.token(colon + 1)?;
            if self.bytes[start..end] == *name {
                return Some(Some(value));
            }
            at = self.token(self.skip(value)?)?;
            match self.bytes[at] {
                b',' => at = self.token(at + 1)?,
                _ => return Some(None),
            }
        }
    }

    /// The elements of the array whose bracket is at `at`.
    pub(super) fn elements(&self, mut at: usize) -> Option<Vec<Range<usize>>> {
        let mut elements = Vec::with_capacity(8);
        while self.bytes[at] != b']' {
            let start = self.token(at + 1)?;
            if self.bytes[start] == b']' {
                break;
            }
            let end = self.skip(start)?;
            elements.push(start..end);
            at = self.token(end)?;
        }
        Some(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(text: &str, line_ends: LineEnds) -> Option<&str> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(bytes.len() + 64, b'\n');
        let end = LookAhead { bytes: &bytes, line_ends }.skip(0)?;
        Some(&text[..end])
    }

    #[test]
    fn a_value_that_has_no_end_on_its_line_does_not_go_on_in_the_next_one() {
        let after = "\n{\"a\":\"b\"}]}\n{\"c\":[\"d\"]}";
        for cut in [
            "{\"ty",
            "\"ty",
            "[\"a b",
            "{\"a\":[{\"b\":\"\\",
            "[\"c\\\"",
            "[1,{",
            "\"é",
            "{\"a\":1",
            "[1,",
            "[",
        ] {
            let text = format!("{cut}{after}");
            assert_eq!(skipped(&text, LineEnds::EndRecords), None, "{text}");
        }
    }

    #[test]
    fn a_value_is_passed_over_whatever_follows() {
        for value in ["\"a \\\" b\"", "{\"a\":[1,{\"b\":\"}\"}]}", "17", "true", "[]", "[ 1 , 2 ]"] {
            for after in ["", ",1", "]", "}", " ", "\n\"", "\n1"] {
                for line_ends in [LineEnds::EndRecords, LineEnds::AreSpace] {
                    let text = format!("{value}{after}");
                    assert_eq!(skipped(&text, line_ends), Some(value), "{text}");
                }
            }
        }
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(skipped(&deep(MOST_DEPTH), LineEnds::EndRecords), Some(&*deep(MOST_DEPTH)));
        assert_eq!(skipped(&deep(MOST_DEPTH + 1), LineEnds::EndRecords), None);
    }
}
