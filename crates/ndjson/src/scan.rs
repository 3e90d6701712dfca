//! Finds where values begin and end in a JSON array, in one that stands inside of objects, or where values follow each
//! other, without parsing them.
//!
//! Only strings, escapes and depth are followed, so the boundaries are right for every well-formed value; what is not
//! well-formed is handed on, and refused by the parser.

use memchr::memchr2;

use crate::block::{FramingFault, Span};

mod page;

use page::{Found, Page, PageEvent};
pub(crate) use page::{LetGo, at_its_end};

/// A scan that goes on from buffer to buffer.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// The names that lead to the array of records in an object; without any, records are not inside of objects.
    names: Vec<Vec<u8>>,
    /// What follows each other at the top.
    top: List,
    /// The object that the scan is inside of, looking for the array.
    page: Option<Page>,
    value: Option<Value>,
}

/// Values that follow each other, in an array or without one.
#[derive(Clone, Copy, Debug, Default)]
struct List {
    in_array: bool,
    /// Since the last comma or the array's bracket an element was seen.
    element_seen: bool,
    comma_seen: bool,
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
    /// Looks for records in the arrays at this JSON Pointer; without one, or with that of the whole value, at the top.
    /// Members are compared as they are written, escapes and all.
    pub(crate) fn new(array: Option<&str>) -> Self {
        let pointer = array.unwrap_or_default();
        let names =
            pointer.strip_prefix('/').or_else(|| (!pointer.is_empty()).then_some(pointer)).map(|names| {
                names.split('/').map(|name| name.replace("~1", "/").replace("~0", "~").into_bytes())
            });
        Self { names: names.into_iter().flatten().collect(), ..Self::default() }
    }

    /// Goes on through `bytes` from `from`, adds what was completed, up to `most` values, and gives the byte up to which
    /// everything is done: from there on a value is still open.
    pub(crate) fn scan(&mut self, bytes: &[u8], from: usize, most: usize, spans: &mut Vec<Span>) -> usize {
        let mut at = from;
        while at < bytes.len() && spans.len() < most {
            let in_array = self.list().is_some_and(|list| list.in_array);
            if let Some(value) = &mut self.value {
                let Some(length) = value.kind.end(&bytes[at..], in_array) else {
                    at = bytes.len();
                    break;
                };
                at += length;
                spans.push(Span { start: value.start, end: at, fault: value.fault });
                self.value = None;
                continue;
            }
            match &mut self.page {
                Some(page) if page.list.is_none() => match page.scan(bytes, at, &self.names) {
                    Some((length, PageEvent::Array)) => at += length,
                    Some((length, PageEvent::End)) => {
                        at += length;
                        if page.found != Found::Yes {
                            spans.push(page.without_array(at));
                        }
                        self.page = None;
                    }
                    None => at = bytes.len(),
                },
                _ => {
                    self.between(bytes[at], at, spans);
                    at += 1;
                }
            }
        }
        match (&self.value, &self.page) {
            (Some(value), _) => value.start,
            (None, Some(page)) if page.is_held() => page.start,
            _ => at,
        }
    }

    /// The bytes before `by` were taken away.
    pub(crate) fn shift(&mut self, by: usize) {
        if let Some(value) = &mut self.value {
            value.start = value.start.saturating_sub(by);
        }
        if let Some(page) = &mut self.page {
            page.start = page.start.saturating_sub(by);
        }
    }

    /// If what keeps bytes from being done is an object whose array was not found yet, they are needed no more.
    pub(crate) fn let_go(&mut self) -> LetGo {
        match &mut self.page {
            Some(page) if page.is_held() => {
                page.found = Found::NotHeld;
                LetGo::Done
            }
            _ => LetGo::NotPossible,
        }
    }

    /// The input ends here, at `end`. A word that nothing can follow is complete.
    pub(crate) fn finish(&mut self, end: usize, spans: &mut Vec<Span>) -> Unfinished {
        let in_array = self.list().is_some_and(|list| list.in_array);
        match self.value {
            Some(value) if matches!(value.kind, Kind::Word) && !in_array => {
                spans.push(Span { start: value.start, end, fault: value.fault });
                self.value = None;
                Unfinished::Nothing
            }
            Some(_) => Unfinished::Value,
            None if in_array => Unfinished::Array,
            None if self.page.is_some() => Unfinished::Value,
            None => Unfinished::Nothing,
        }
    }

    /// The values that the scan is between; `None` inside an object, outside of its array.
    fn list(&mut self) -> Option<&mut List> {
        match &mut self.page {
            Some(page) => page.list.as_mut(),
            None => Some(&mut self.top),
        }
    }

    fn between(&mut self, byte: u8, at: usize, spans: &mut Vec<Span>) {
        let mark = |fault| Span { start: at, end: at, fault: Some(fault) };
        let is_top = self.page.is_none();
        let looks_inside = is_top && !self.names.is_empty();
        let Some(list) = self.list() else { return };
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'[' if !list.in_array => *list = List { in_array: true, ..List::default() },
            b']' if list.in_array => {
                if list.comma_seen && !list.element_seen {
                    spans.push(mark(FramingFault::ExtraComma));
                }
                list.in_array = false;
                if let Some(page) = &mut self.page {
                    page.list = None;
                }
            }
            b',' if list.in_array => {
                if !list.element_seen {
                    spans.push(mark(FramingFault::ExtraComma));
                }
                (list.element_seen, list.comma_seen) = (false, true);
            }
            _ => {
                let fault = (list.in_array && list.element_seen).then_some(FramingFault::MissingComma);
                list.element_seen = true;
                if looks_inside && byte == b'{' {
                    // What was told of its first byte must be done with, so the object cannot be held from there on.
                    let found = if fault.is_some() { Found::NotHeld } else { Found::No };
                    spans.extend(fault.map(mark));
                    self.page = Some(Page::new(at, found));
                    return;
                }
                let kind = match byte {
                    b'{' | b'[' => Kind::Container { depth: 1, in_string: false, escaped: false },
                    b'"' => Kind::Text { escaped: false },
                    _ => Kind::Word,
                };
                let fault = fault.or(looks_inside.then_some(FramingFault::NoArray));
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
