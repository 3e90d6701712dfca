//! An object that holds the array of records at some depth.

use super::{List, text_end};
use crate::block::{FramingFault, Span};

/// An object that the scan is inside of. Outside of the array only names, strings and depth are followed.
#[derive(Debug)]
pub(super) struct Page {
    /// Where it starts; in a buffer that was cut, before it.
    pub(super) start: usize,
    pub(super) found: Found,
    /// Inside the array.
    pub(super) list: Option<List>,
    /// Containers that are open, with the page itself.
    depth: usize,
    /// How many of the names lead to where the scan is, or is below of.
    level: usize,
    /// In the object that the names lead to, a name comes next.
    expects_name: bool,
    /// The name before the value that comes next is the one that leads on.
    leads_on: bool,
    text: Option<Text>,
}

/// Whether the array was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Yes,
    No,
    /// Not yet, and the beginning of the object is no longer held.
    NotHeld,
}

/// Whether bytes were held only in case that an object has no array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LetGo {
    Done,
    NotPossible,
}

/// What the scan of a page came to.
pub(super) enum PageEvent {
    /// The array of records begins.
    Array,
    /// The object ends.
    End,
}

/// A string that the scan is inside of.
#[derive(Clone, Copy, Debug)]
struct Text {
    escaped: bool,
    name: Name,
}

/// Whether a string is the name that is looked for.
#[derive(Clone, Copy, Debug)]
enum Name {
    /// So far it is, for so many bytes.
    Same(usize),
    Other,
}

impl Page {
    /// Begins with the bracket at `start`.
    pub(super) fn new(start: usize, found: Found) -> Self {
        Self { start, found, list: None, depth: 1, level: 0, expects_name: true, leads_on: false, text: None }
    }

    /// Whether the bytes from its beginning on are needed.
    pub(super) fn is_held(&self) -> bool {
        self.found == Found::No
    }

    /// What is told of an object that ends before `end` and has no array.
    pub(super) fn without_array(&self, end: usize) -> Span {
        let span = Span { start: self.start, end, fault: Some(FramingFault::NoArray) };
        if self.found == Found::NotHeld { at_its_end(span) } else { span }
    }

    /// Goes on through `bytes` from `from`. Gives how many bytes it took up to an event; `None` if all of them.
    pub(super) fn scan(
        &mut self,
        bytes: &[u8],
        from: usize,
        names: &[Vec<u8>],
    ) -> Option<(usize, PageEvent)> {
        let mut at = from;
        while at < bytes.len() {
            if let Some(text) = &mut self.text {
                let length = text_end(&bytes[at..], &mut text.escaped);
                let part = match length {
                    Some(length) => &bytes[at..at + length - 1],
                    None => &bytes[at..],
                };
                let name = names.get(self.level).map_or(&[][..], Vec::as_slice);
                text.name = text.name.after(part, name);
                at += length?;
                self.leads_on = matches!(text.name, Name::Same(bytes) if bytes == name.len());
                self.text = None;
                continue;
            }
            let byte = bytes[at];
            at += 1;
            // In the object that the names lead to, and not in another value of it.
            let is_here = self.depth == self.level + 1;
            match byte {
                b'"' => {
                    let is_name = is_here && std::mem::take(&mut self.expects_name);
                    let name = if is_name { Name::Same(0) } else { Name::Other };
                    self.text = Some(Text { escaped: false, name });
                }
                b',' if is_here => (self.expects_name, self.leads_on) = (true, false),
                b'[' if is_here && self.leads_on && self.level + 1 == names.len() => {
                    self.leads_on = false;
                    self.found = Found::Yes;
                    self.list = Some(List { in_array: true, ..List::default() });
                    return Some((at - from, PageEvent::Array));
                }
                b'{' | b'[' => {
                    if byte == b'{' && is_here && self.leads_on && self.level + 1 < names.len() {
                        self.level += 1;
                        self.expects_name = true;
                    }
                    self.leads_on = false;
                    self.depth += 1;
                }
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some((at - from, PageEvent::End));
                    }
                    if is_here {
                        self.level -= 1;
                        self.expects_name = false;
                    }
                    self.leads_on = false;
                }
                _ => {}
            }
        }
        None
    }
}

impl Name {
    /// After so many more bytes of the string.
    fn after(self, part: &[u8], name: &[u8]) -> Self {
        match self {
            Self::Same(bytes) if name[bytes..].starts_with(part) => Self::Same(bytes + part.len()),
            _ => Self::Other,
        }
    }
}

/// Of an object that is not held, nothing but its closing bracket is there to point at.
pub(crate) fn at_its_end(span: Span) -> Span {
    Span { start: span.end - 1, end: span.end - 1, ..span }
}
