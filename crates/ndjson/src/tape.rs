//! A record as a tape: its values in a flat list, in the order of the text.
//!
//! An object node is followed by its members, name and value in turn; an array node by its elements. A container node
//! says how many nodes it spans, so a reader can step over it. Nothing is allocated per value: texts are slices of the
//! line's copy, or of the arena where a normaliser changed them.

use std::cell::OnceCell;

use bumpalo::Bump;
use simd_json::StaticNode;
pub use simd_json::tape::Node;

/// One parsed record.
///
/// ```
/// let mut parser = ndjson::Parser::new();
/// let town = parser.parse(br#"{"address":{"town":"Lviv"}}"#, |tape| {
///     tape.root().get("address").and_then(|address| address.get("town")).and_then(|town| town.as_str().map(str::to_owned))
/// });
/// assert_eq!(town?.as_deref(), Some("Lviv"));
/// # Ok::<(), ndjson::SyntaxError>(())
/// ```
#[derive(Debug)]
pub struct Tape<'t> {
    pub(crate) nodes: Vec<Node<'t>>,
    text: &'t [u8],
    structurals: &'t [u32],
    arena: &'t Bump,
    /// For each node its index at the time of parsing; empty as long as nothing was removed.
    origins: Vec<u32>,
    /// The nodes as parsed; empty as long as nothing was removed.
    parsed: Vec<Node<'t>>,
    /// For each node as parsed where its own character stands among the structural ones; made when it is first asked for.
    positions: OnceCell<Vec<u32>>,
}

/// A node with more nodes before it is not counted out anew each time that its text is asked for.
const MOST_COUNTED: u32 = 256;

/// A value on a tape; as cheap to copy as a reference.
#[derive(Clone, Copy, Debug)]
pub struct TapeValue<'a> {
    nodes: &'a [Node<'a>],
    index: u32,
}

impl<'t> Tape<'t> {
    pub(crate) fn new(nodes: Vec<Node<'t>>, text: &'t [u8], structurals: &'t [u32], arena: &'t Bump) -> Self {
        let positions = OnceCell::new();
        Self { nodes, text, structurals, arena, origins: Vec::new(), parsed: Vec::new(), positions }
    }

    /// The whole record.
    #[must_use]
    pub fn root(&self) -> TapeValue<'_> {
        self.value(0)
    }

    /// The value whose node has this index.
    #[must_use]
    pub fn value(&self, index: u32) -> TapeValue<'_> {
        TapeValue { nodes: &self.nodes, index }
    }

    /// The nodes, in the order of the text.
    #[must_use]
    pub fn nodes(&self) -> &[Node<'t>] {
        &self.nodes
    }

    /// The record's text as it was read.
    #[must_use]
    pub fn text(&self) -> &'t [u8] {
        self.text
    }

    /// Puts another text in the place of a value that is not an array or object.
    pub fn replace_with_text(&mut self, index: u32, text: &str) {
        let text: &'t str = self.arena.alloc_str(text);
        let node = &mut self.nodes[index as usize];
        debug_assert!(
            !matches!(node, Node::Array { .. } | Node::Object { .. }),
            "a container spans more than its node"
        );
        *node = Node::String(text);
    }

    /// Removes values: members with their names, or elements. `indices` are those of the values, ascending; what lies
    /// inside another removed value may be listed too. The root cannot be removed.
    pub fn remove(&mut self, indices: &[u32]) {
        if indices.is_empty() {
            return;
        }
        if self.parsed.is_empty() {
            self.parsed.clone_from(&self.nodes);
            self.origins = (0..self.nodes.len() as u32).collect();
        }
        let mut kept = Vec::with_capacity(self.nodes.len());
        let mut origins = Vec::with_capacity(self.nodes.len());
        let mut removal = Removal { nodes: &self.nodes, origins: &self.origins, indices };
        removal.copy(0, &mut kept, &mut origins);
        self.nodes = kept;
        self.origins = origins;
    }

    /// The index that this node had when the record was parsed.
    #[must_use]
    pub fn origin(&self, index: u32) -> u32 {
        if self.origins.is_empty() { index } else { self.origins[index as usize] }
    }

    /// The record as it was parsed, before anything was removed. Texts that a normaliser replaced before the first
    /// removal stand replaced here too: it serves to find places, not values.
    #[must_use]
    pub fn as_parsed(&self) -> TapeValue<'_> {
        if self.parsed.is_empty() { self.root() } else { TapeValue { nodes: &self.parsed, index: 0 } }
    }

    /// Where a value starts in the text as it was read, in bytes, by the index it had when it was parsed.
    #[must_use]
    pub fn offset_of(&self, origin: u32) -> usize {
        self.start_of(origin).map_or(self.text.len(), |(offset, _)| offset)
    }

    /// A number as it stands in the text, digit by digit, by the index it had when it was parsed.
    #[must_use]
    pub fn number_text(&self, origin: u32) -> &'t str {
        number_at(self.text, self.offset_of(origin))
    }

    /// Reads each float again from its digits: the fast parser can be off by one unit in the last place.
    pub(crate) fn read_floats_exactly(&mut self) {
        let is_float = |node: &Node<'_>| matches!(node, Node::Static(StaticNode::F64(_)));
        if !self.nodes.iter().any(is_float) {
            return;
        }
        let starts: Vec<usize> = self.starts().map(|(offset, _)| offset).collect();
        for (index, start) in starts.into_iter().enumerate() {
            if let Some(Node::Static(StaticNode::F64(value))) = self.nodes.get_mut(index)
                && let Ok(exact) = number_at(self.text, start).parse()
            {
                *value = exact;
            }
        }
    }

    /// The text of a value as it was read, by the index it had when it was parsed.
    #[must_use]
    pub fn text_of(&self, origin: u32) -> &'t [u8] {
        let Some((start, position)) = self.start_of(origin) else { return &[] };
        let mut depth = 0_usize;
        for &offset in &self.structurals[position..] {
            let end = offset as usize;
            match self.text.get(end) {
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        return &self.text[start..=end];
                    }
                }
                // Neither an array nor an object: it ends before the next structural character.
                _ if depth == 0 && end > start => return self.text[start..end].trim_ascii_end(),
                _ => {}
            }
        }
        self.text[start..].trim_ascii_end()
    }

    /// Of one node what [`starts`](Self::starts) says of all.
    fn start_of(&self, origin: u32) -> Option<(usize, usize)> {
        if origin <= MOST_COUNTED {
            return self.starts().nth(origin as usize);
        }
        let positions = self
            .positions
            .get_or_init(|| self.starts().filter_map(|(_, position)| u32::try_from(position).ok()).collect());
        let position = *positions.get(origin as usize)? as usize;
        Some((*self.structurals.get(position)? as usize, position))
    }

    /// The byte offset of every node in the text, and where that stands in the list of structural characters.
    ///
    /// Each node has exactly one structural character of its own: the quote, bracket or first character it starts with.
    /// The others (`:`, `,` and closing brackets) have no node.
    fn starts(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.structurals.iter().enumerate().filter_map(|(position, &offset)| {
            let offset = offset as usize;
            match self.text.get(offset) {
                None | Some(b':' | b',' | b'}' | b']') => None,
                Some(_) => Some((offset, position)),
            }
        })
    }
}

/// The copying of a tape without some of its values.
struct Removal<'a, 't> {
    nodes: &'a [Node<'t>],
    origins: &'a [u32],
    indices: &'a [u32],
}

impl<'t> Removal<'_, 't> {
    /// Copies the value at `index` and gives the index after it.
    fn copy(&mut self, index: usize, kept: &mut Vec<Node<'t>>, origins: &mut Vec<u32>) -> usize {
        let place = kept.len();
        kept.push(self.nodes[index]);
        origins.push(self.origins[index]);
        let (members, names) = match self.nodes[index] {
            Node::Object { len, .. } => (len, 1),
            Node::Array { len, .. } => (len, 0),
            Node::String(_) | Node::Static(_) => return index + 1,
        };
        let mut next = index + 1;
        let mut left = 0;
        for _ in 0..members {
            let value = next + names;
            if self.is_removed(value) {
                next = value + span(&self.nodes[value]);
                continue;
            }
            left += 1;
            if names == 1 {
                kept.push(self.nodes[next]);
                origins.push(self.origins[next]);
            }
            next = self.copy(value, kept, origins);
        }
        let count = kept.len() - place - 1;
        kept[place] = match self.nodes[index] {
            Node::Object { .. } => Node::Object { len: left, count },
            _ => Node::Array { len: left, count },
        };
        next
    }

    fn is_removed(&self, index: usize) -> bool {
        u32::try_from(index).is_ok_and(|index| self.indices.binary_search(&index).is_ok())
    }
}

/// The number that starts at this byte, digit by digit.
fn number_at(text: &[u8], start: usize) -> &str {
    let number = &text[start.min(text.len())..];
    let end = number
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        .unwrap_or(number.len());
    std::str::from_utf8(&number[..end]).unwrap_or_default()
}

/// How many nodes a value takes, its own included.
fn span(node: &Node<'_>) -> usize {
    match node {
        Node::Object { count, .. } | Node::Array { count, .. } => count + 1,
        Node::String(_) | Node::Static(_) => 1,
    }
}

impl<'a> TapeValue<'a> {
    /// A value over nodes that make one whole value, the root first.
    #[must_use]
    pub fn over(nodes: &'a [Node<'a>]) -> Self {
        Self { nodes, index: 0 }
    }

    /// The index of the value's node on the tape.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// The value's own node.
    #[must_use]
    pub fn node(self) -> &'a Node<'a> {
        &self.nodes[self.index as usize]
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        match *self.node() {
            Node::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.node() {
            Node::Static(StaticNode::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if this is a number written as one that fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match *self.node() {
            Node::Static(StaticNode::I64(value)) => Some(value),
            Node::Static(StaticNode::U64(value)) => i64::try_from(value).ok(),
            _ => None,
        }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        matches!(self.node(), Node::Static(StaticNode::Null))
    }

    /// The members in the order of the text, if this is an object.
    #[must_use]
    pub fn members(self) -> Option<Members<'a>> {
        match *self.node() {
            Node::Object { len, .. } => Some(Members { nodes: self.nodes, next: self.index + 1, left: len }),
            _ => None,
        }
    }

    /// The elements in order, if this is an array.
    #[must_use]
    pub fn elements(self) -> Option<Elements<'a>> {
        match *self.node() {
            Node::Array { len, .. } => Some(Elements { nodes: self.nodes, next: self.index + 1, left: len }),
            _ => None,
        }
    }

    /// The member of that name, if this is an object that has it.
    #[must_use]
    pub fn get(self, name: &str) -> Option<TapeValue<'a>> {
        self.members()?.find(|(member, _)| *member == name).map(|(_, value)| value)
    }
}

/// The members of an object: names and values.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    nodes: &'a [Node<'a>],
    next: u32,
    left: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, TapeValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let Node::String(name) = self.nodes[self.next as usize] else { return None };
        let index = self.next + 1;
        self.next = index + span(&self.nodes[index as usize]) as u32;
        Some((name, TapeValue { nodes: self.nodes, index }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Members<'_> {}

/// The elements of an array.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    nodes: &'a [Node<'a>],
    next: u32,
    left: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = TapeValue<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let index = self.next;
        self.next += span(&self.nodes[index as usize]) as u32;
        Some(TapeValue { nodes: self.nodes, index })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Elements<'_> {}
