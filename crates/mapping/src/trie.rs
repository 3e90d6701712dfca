//! All places of a mapping as one tree: a single walk over a record finds them.

use ndjson::TapeValue;

use crate::place::Place;

/// What a slot holds if its place is not in the record.
pub(crate) const NOWHERE: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(crate) struct Trie {
    nodes: Vec<TrieNode>,
    slots: usize,
}

#[derive(Debug, Default)]
struct TrieNode {
    /// The place that ends here.
    slot: Option<u32>,
    children: Vec<Child>,
    /// The children of an array stand before this index.
    end: usize,
}

#[derive(Debug)]
struct Child {
    tag: u32,
    name: Box<str>,
    index: Option<usize>,
    node: u32,
}

impl Trie {
    /// The tree of these places, whose slots are their indices.
    pub(crate) fn new(places: &[Place]) -> Self {
        let mut trie = Self { nodes: vec![TrieNode::default()], slots: places.len() };
        for (slot, place) in places.iter().enumerate() {
            let mut node = 0;
            for step in place.steps() {
                let known = trie.nodes[node].children.iter().find(|child| *child.name == *step.name);
                node = match known {
                    Some(child) => child.node as usize,
                    None => {
                        let next = trie.nodes.len();
                        trie.nodes.push(TrieNode::default());
                        let parent = &mut trie.nodes[node];
                        parent.end = parent.end.max(step.index.map_or(0, |index| index.saturating_add(1)));
                        parent.children.push(Child {
                            tag: tag_of(&step.name),
                            name: (*step.name).into(),
                            index: step.index,
                            node: next as u32,
                        });
                        next
                    }
                };
            }
            trie.nodes[node].slot = Some(slot as u32);
        }
        trie
    }

    /// Finds all places from `root` on: `slots` holds the index of each one's node on the tape then, or [`NOWHERE`].
    pub(crate) fn find(&self, root: TapeValue<'_>, slots: &mut Vec<u32>) {
        slots.clear();
        slots.resize(self.slots, NOWHERE);
        if let Some(node) = self.nodes.first() {
            self.walk(node, root, slots);
        }
    }

    fn walk(&self, node: &TrieNode, value: TapeValue<'_>, slots: &mut [u32]) {
        if let Some(slot) = node.slot {
            slots[slot as usize] = value.index();
        }
        if node.children.is_empty() {
            return;
        }
        if let Some(members) = value.members() {
            let mut left = node.children.len();
            for (name, member) in members {
                let tag = tag_of(name);
                let child = node.children.iter().find(|child| child.tag == tag && *child.name == *name);
                if let Some(child) = child {
                    self.walk(&self.nodes[child.node as usize], member, slots);
                    left -= 1;
                    if left == 0 {
                        break;
                    }
                }
            }
        } else if let Some(elements) = value.elements() {
            for (nth, element) in elements.enumerate().take(node.end) {
                if let Some(child) = node.children.iter().find(|child| child.index == Some(nth)) {
                    self.walk(&self.nodes[child.node as usize], element, slots);
                }
            }
        }
    }
}

/// Tells most names apart without a look at their texts.
fn tag_of(name: &str) -> u32 {
    match *name.as_bytes() {
        [] => 0,
        [first, .., last] => (name.len() as u32) << 16 | u32::from(first) << 8 | u32::from(last),
        [only] => 1 << 16 | u32::from(only),
    }
}
