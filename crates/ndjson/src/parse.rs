//! From the text of a record to its tape.

use bumpalo::Bump;
use simd_json::{Buffers, ErrorType, INPUT_PADDING, Node, fill_tape_padded};

use crate::syntax::{MAX_DEPTH, SyntaxError, SyntaxErrorKind, diagnose};
use crate::tape::Tape;

/// Buffers above this size are given back after the record that needed them.
const KEPT_BUFFER_BYTES: usize = 4 << 20;

/// Parses one record after the other, strictly by RFC 8259, and reuses its buffers.
///
/// Refused, beside what is not JSON: two members of one name in an object, and nesting beyond [`MAX_DEPTH`].
pub struct Parser {
    /// A copy of the record: strings are unescaped in place, and the text itself stays as it was read.
    line: Vec<u8>,
    buffers: Buffers,
    tape: simd_json::Tape<'static>,
    arena: Bump,
    names: Names,
}

/// Why a part of a record was not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartError {
    /// It is not JSON.
    NotJson,
    /// It is nested too deep, or has two members of one name.
    Refused,
}

/// Why there is no tape.
enum Refused {
    /// The fast parser stopped.
    Stopped(simd_json::Error),
    /// Two members have one name.
    Twins(SyntaxError),
}

/// The names of an object, to find one that stands twice.
#[derive(Default)]
struct Names {
    nodes: Vec<u32>,
    /// A few bytes of each: names that differ in them are not equal, which is seen without looking at them one by one.
    prints: Vec<u64>,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser with empty buffers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            line: Vec::new(),
            buffers: Buffers::with_max_depth(0, MAX_DEPTH),
            tape: simd_json::Tape(Vec::new()),
            arena: Bump::new(),
            names: Names::default(),
        }
    }

    /// Parses a record and hands its tape to `with`.
    ///
    /// # Errors
    /// [`SyntaxError`] with the reason and the byte offset in `text`; `with` is not called then.
    pub fn parse<R>(&mut self, text: &[u8], with: impl FnOnce(&mut Tape<'_>) -> R) -> Result<R, SyntaxError> {
        self.parse_digits(text, |tape| {
            tape.read_floats_exactly();
            with(tape)
        })
    }

    /// The same for whoever takes floats by their [digits](Tape::number_text): as numbers they can be off by one unit in the
    /// last place.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_digits<R>(
        &mut self,
        text: &[u8],
        with: impl FnOnce(&mut Tape<'_>) -> R,
    ) -> Result<R, SyntaxError> {
        self.fill(text, with).map_err(|refused| match refused {
            Refused::Stopped(error) => diagnose(text, error.index(), error.error()),
            Refused::Twins(error) => error,
        })
    }

    /// Parses a part of a record as [`parse`](Self::parse) does. What is wrong with it is not looked for: that is said of
    /// the whole record.
    ///
    /// # Errors
    /// [`PartError`]; `with` is not called then.
    pub fn parse_part<R>(
        &mut self,
        text: &[u8],
        with: impl FnOnce(&mut Tape<'_>) -> R,
    ) -> Result<R, PartError> {
        if let Some(inner) = text_alone(text) {
            return Ok(self.fill_text(text, inner, with));
        }
        let read = self.fill(text, |tape| {
            tape.read_floats_exactly();
            with(tape)
        });
        read.map_err(|refused| match refused {
            Refused::Stopped(error) if !matches!(error.error(), ErrorType::DepthLimitExceeded) => {
                PartError::NotJson
            }
            Refused::Stopped(_) | Refused::Twins(_) => PartError::Refused,
        })
    }

    fn fill<R>(&mut self, text: &[u8], with: impl FnOnce(&mut Tape<'_>) -> R) -> Result<R, Refused> {
        let Self { line, buffers, tape, arena, names } = self;
        line.clear();
        line.reserve(text.len() + INPUT_PADDING);
        line.extend_from_slice(text);
        line.resize(text.len() + INPUT_PADDING, 0);
        let mut filled = std::mem::replace(tape, simd_json::Tape(Vec::new())).reset();
        let result = match fill_tape_padded(line, text.len(), buffers, &mut filled) {
            Err(error) => Err(Refused::Stopped(error)),
            Ok(()) => {
                let duplicate = duplicate_name(&filled.0, names);
                let mut tape =
                    Tape::new(std::mem::take(&mut filled.0), text, buffers.structural_indexes(), arena);
                let result = match duplicate {
                    Some(index) => Err(Refused::Twins(SyntaxError {
                        kind: SyntaxErrorKind::DuplicateName(
                            tape.value(index).as_str().unwrap_or_default().to_owned(),
                        ),
                        offset: tape.offset_of(index),
                    })),
                    None => Ok(with(&mut tape)),
                };
                filled.0 = tape.nodes;
                result
            }
        };
        *tape = filled.reset();
        self.release();
        result
    }

    /// The tape of a text that has nothing to be unescaped.
    fn fill_text<R>(&mut self, text: &[u8], inner: &str, with: impl FnOnce(&mut Tape<'_>) -> R) -> R {
        let mut filled = std::mem::replace(&mut self.tape, simd_json::Tape(Vec::new())).reset();
        filled.0.push(Node::String(inner));
        let mut tape = Tape::new(std::mem::take(&mut filled.0), text, &[0], &self.arena);
        let result = with(&mut tape);
        filled.0 = tape.nodes;
        self.tape = filled.reset();
        self.release();
        result
    }

    fn release(&mut self) {
        self.arena.reset();
        if self.line.capacity() > KEPT_BUFFER_BYTES {
            *self = Self::new();
        }
    }
}

/// What stands between the quotes, if this is a text without escapes and nothing else.
fn text_alone(text: &[u8]) -> Option<&str> {
    let inner = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let is_raw = inner.iter().fold(true, |is_raw, byte| is_raw & !matches!(byte, b'"' | b'\\' | 0..0x20));
    std::str::from_utf8(inner).ok().filter(|_| is_raw)
}

/// The length of a name, and its first and last bytes.
fn print_of(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let at = |index: usize| u64::from(bytes.get(index).copied().unwrap_or_default());
    let last = bytes.len().saturating_sub(1);
    (bytes.len() as u64) << 32 | at(0) << 24 | at(1) << 16 | at(last.saturating_sub(1)) << 8 | at(last)
}

/// The node of the first name that stands for the second time in its object.
fn duplicate_name(nodes: &[Node<'_>], names: &mut Names) -> Option<u32> {
    /// Up to here comparing each name with each other one is faster than sorting.
    const FEW: usize = 24;
    let Names { nodes: names, prints } = names;
    let name = |index: u32| match nodes[index as usize] {
        Node::String(name) => name,
        _ => "",
    };
    for (index, node) in nodes.iter().enumerate() {
        let Node::Object { len, .. } = *node else { continue };
        if len < 2 {
            continue;
        }
        names.clear();
        prints.clear();
        let mut next = index + 1;
        for _ in 0..len {
            names.push(next as u32);
            prints.push(print_of(name(next as u32)));
            next += 1 + match nodes[next + 1] {
                Node::Object { count, .. } | Node::Array { count, .. } => count + 1,
                Node::String(_) | Node::Static(_) => 1,
            };
        }
        if len <= FEW {
            for (nth, (&one, &print)) in names.iter().zip(&*prints).enumerate() {
                let has_twin = prints[..nth].iter().fold(false, |has, other| has | (*other == print));
                if has_twin && names[..nth].iter().any(|&other| name(one) == name(other)) {
                    return Some(one);
                }
            }
        } else {
            names.sort_unstable_by(|one, other| name(*one).cmp(name(*other)).then(one.cmp(other)));
            if let Some(second) =
                names.windows(2).filter(|pair| name(pair[0]) == name(pair[1])).map(|pair| pair[1]).min()
            {
                return Some(second);
            }
        }
    }
    None
}
