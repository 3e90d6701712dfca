//! Finds where values begin and end in a JSON array or in values that follow each other, without parsing them.
//!
//! Only strings, escapes and depth are followed, so the boundaries are right for every well-formed value; what is not
//! well-formed is handed on, and refused by the parser.

use memchr::memchr2;

use crate::block::{FramingFault, Span};

/// A scan that goes on from buffer to buffer.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// Inside an array whose elements are the records.
    in_array: bool,
    /// Since the last comma or the array's bracket an element was seen.
    element_seen: bool,
    comma_seen: bool,
    value: Option<Value>,
}

/// The value that the scan is inside of.
#[derive(Clone, Copy, Debug)]
struct Value {
    /// Where it starts; in a buffer that was cut, before it.
    start: usize,
    kind: Kind,
    fault: Option<FramingFault>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// An array or object: its depth, and whether the scan is in a string.
    Container { depth: usize, in_string: bool, escaped: bool },
    /// A string by itself.
    Text { escaped: bool },
    /// Anything else: a number, a word, or what should not be there.
    Word,
}

/// What is open at the end of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfinished {
    Nothing,
    Array,
    Value,
}

impl Scanner {
    /// Goes on through `bytes` from `from`, adds what was completed, up to `most` values, and gives the byte up to which
    /// everything is done: from there on a value is still open.
    pub(crate) fn scan(&mut self, bytes: &[u8], from: usize, most: usize, spans: &mut Vec<Span>) -> usize {
        let mut at = from;
        while at < bytes.len() && spans.len() < most {
            match self.value {
                None => {
                    self.between(bytes[at], at, spans);
                    at += 1;
                }
                Some(mut value) => match value.kind.end(&bytes[at..], self.in_array) {
                    Some(length) => {
                        at += length;
                        spans.push(Span { start: value.start, end: at, fault: value.fault });
                        self.value = None;
                    }
                    None => {
                        at = bytes.len();
                        self.value = Some(value);
                    }
                },
            }
        }
        self.value.map_or(at, |value| value.start)
    }

    /// The bytes before `by` were taken away.
    pub(crate) fn shift(&mut self, by: usize) {
        if let Some(value) = &mut self.value {
            value.start = value.start.saturating_sub(by);
        }
    }

    /// The input ends here, at `end`. A word that nothing can follow is complete.
    pub(crate) fn finish(&mut self, end: usize, spans: &mut Vec<Span>) -> Unfinished {
        match self.value {
            Some(value) if matches!(value.kind, Kind::Word) && !self.in_array => {
                spans.push(Span { start: value.start, end, fault: value.fault });
                self.value = None;
                Unfinished::Nothing
            }
            Some(_) => Unfinished::Value,
            None if self.in_array => Unfinished::Array,
            None => Unfinished::Nothing,
        }
    }

    fn between(&mut self, byte: u8, at: usize, spans: &mut Vec<Span>) {
        let mark = |fault| Span { start: at, end: at, fault: Some(fault) };
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'[' if !self.in_array => {
                (self.in_array, self.element_seen, self.comma_seen) = (true, false, false)
            }
            b']' if self.in_array => {
                if self.comma_seen && !self.element_seen {
                    spans.push(mark(FramingFault::ExtraComma));
                }
                self.in_array = false;
            }
            b',' if self.in_array => {
                if !self.element_seen {
                    spans.push(mark(FramingFault::ExtraComma));
                }
                (self.element_seen, self.comma_seen) = (false, true);
            }
            _ => {
                let fault = (self.in_array && self.element_seen).then_some(FramingFault::MissingComma);
                self.element_seen = true;
                let kind = match byte {
                    b'{' | b'[' => Kind::Container { depth: 1, in_string: false, escaped: false },
                    b'"' => Kind::Text { escaped: false },
                    _ => Kind::Word,
                };
                self.value = Some(Value { start: at, kind, fault });
            }
        }
    }
}

impl Kind {
    /// How many of these bytes the value still takes; `None` if all of them, and it goes on.
    fn end(&mut self, bytes: &[u8], in_array: bool) -> Option<usize> {
        match self {
            Self::Word => bytes.iter().position(|byte| match byte {
                b' ' | b'\t' | b'\n' | b'\r' => true,
                b',' | b']' => in_array,
                b'{' | b'[' => !in_array,
                _ => false,
            }),
            Self::Text { escaped } => text_end(bytes, escaped),
            Self::Container { depth, in_string, escaped } => {
                let mut at = 0;
                while at < bytes.len() {
                    if *in_string {
                        at += text_end(&bytes[at..], escaped)?;
                        *in_string = false;
                        continue;
                    }
                    match bytes[at] {
                        b'"' => *in_string = true,
                        b'{' | b'[' => *depth += 1,
                        b'}' | b']' => {
                            *depth -= 1;
                            if *depth == 0 {
                                return Some(at + 1);
                            }
                        }
                        _ => {}
                    }
                    at += 1;
                }
                None
            }
        }
    }
}

/// The length of a string's rest, its closing quote included.
fn text_end(bytes: &[u8], escaped: &mut bool) -> Option<usize> {
    let mut at = 0;
    if *escaped && !bytes.is_empty() {
        *escaped = false;
        at = 1;
    }
    while let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) {
        if bytes[at + found] == b'"' {
            return Some(at + found + 1);
        }
        at += found + 2;
        if at > bytes.len() {
            *escaped = true;
            return None;
        }
    }
    None
}
