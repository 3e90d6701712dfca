//! A partition of states that only ever becomes finer.

use std::ops::Range;

/// States in blocks. Marking some and then splitting parts them from the others of their blocks.
#[derive(Debug)]
pub(super) struct Partition {
    /// The states, those of a block side by side, its marked ones first.
    states: Vec<u16>,
    /// Where each state stands in `states`.
    place: Vec<usize>,
    block_of: Vec<usize>,
    blocks: Vec<Range<usize>>,
    /// How many states of each block are marked.
    marked: Vec<usize>,
    /// The blocks with marked states.
    touched: Vec<usize>,
}

impl Partition {
    /// All these states in one block.
    pub(super) fn new(states: Range<u16>) -> Self {
        let states: Vec<u16> = states.collect();
        Self {
            place: (0..states.len()).collect(),
            block_of: vec![0; states.len()],
            blocks: std::iter::once(0..states.len()).collect(),
            marked: vec![0],
            touched: Vec::new(),
            states,
        }
    }

    /// Marks a state.
    pub(super) fn mark(&mut self, state: u16) {
        let block = self.block_of[usize::from(state)];
        let place = self.place[usize::from(state)];
        let first_unmarked = self.blocks[block].start + self.marked[block];
        if place < first_unmarked {
            return;
        }
        if self.marked[block] == 0 {
            self.touched.push(block);
        }
        let other = self.states[first_unmarked];
        self.states.swap(place, first_unmarked);
        self.place[usize::from(state)] = first_unmarked;
        self.place[usize::from(other)] = place;
        self.marked[block] += 1;
    }

    /// Makes the smaller part of each block with marked and other states a new block, and takes the marks away. `on_split`
    /// is told the old block and the new one.
    pub(super) fn split(&mut self, mut on_split: impl FnMut(usize, usize)) {
        while let Some(block) = self.touched.pop() {
            let Range { start, end } = self.blocks[block];
            let middle = start + std::mem::take(&mut self.marked[block]);
            if middle == end {
                continue;
            }
            let (kept, parted) = if middle - start < end - middle {
                (middle..end, start..middle)
            } else {
                (start..middle, middle..end)
            };
            let new_block = self.blocks.len();
            for state in &self.states[parted.clone()] {
                self.block_of[usize::from(*state)] = new_block;
            }
            self.blocks[block] = kept;
            self.blocks.push(parted);
            self.marked.push(0);
            on_split(block, new_block);
        }
    }

    /// How many blocks there are.
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The block of a state.
    pub(super) fn block_of(&self, state: u16) -> usize {
        self.block_of[usize::from(state)]
    }

    /// The states of a block.
    pub(super) fn states(&self, block: usize) -> &[u16] {
        &self.states[self.blocks[block].clone()]
    }
}
