//! Sorting of more entries than memory holds: sorted runs in a temporary file, merged when they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::chunks::{ChunkFile, ChunkWriter, Span};
use crate::error::SpillError;
use crate::log::{Log, Place};
use crate::space::Space;

/// Entries are kept apart by the upper bits of their first number: a bucket is small enough to be sorted in a core's cache.
const BUCKET_BITS: u32 = 8;

/// The most bytes of a run that are read or written at a time.
const MOST_BLOCK_BYTES: usize = 64 << 10;

/// The fewest and the most runs that are read at a time.
const FAN_IN: std::ops::RangeInclusive<usize> = 2..=128;

/// Bytes of the length of an entry's payload, little-endian.
const LENGTH_BYTES: usize = 4;

/// No payload.
const NOTHING: u64 = u64::MAX;

/// Takes entries in any order, and gives them back sorted: by `N` numbers, with a payload that does not count.
#[derive(Debug)]
pub struct Sorter<const N: usize> {
    space: Space,
    /// What the first number is shifted by to give its bucket.
    shift: u32,
    buckets: Vec<Vec<Entry<N>>>,
    /// Bytes that the buckets hold.
    bucket_bytes: usize,
    payloads: Log,
    entries: u64,
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Entry<const N: usize> {
    key: [u64; N],
    /// The [`Place`] of the payload, or [`NOTHING`].
    payload: u64,
}

/// A sorted run.
#[derive(Clone, Debug)]
struct Run {
    file: Arc<ChunkFile>,
    span: Span,
}

/// Sorted entries, which any number of cursors can read.
#[derive(Clone, Debug)]
pub struct Sorted<const N: usize>(Arc<Inner<N>>);

#[derive(Debug)]
struct Inner<const N: usize> {
    entries: u64,
    place: Stored<N>,
}

#[derive(Debug)]
enum Stored<const N: usize> {
    InMemory { buckets: Vec<Vec<Entry<N>>>, payloads: Log },
    InRuns(Vec<Run>),
}

impl<const N: usize> Sorter<N> {
    /// A sorter of entries whose first number is at most `most`, and is better spread evenly.
    #[must_use]
    pub fn new(space: &Space, most: u64) -> Self {
        let bits = u64::BITS - most.leading_zeros();
        Self {
            space: space.clone(),
            shift: bits.saturating_sub(BUCKET_BITS),
            buckets: vec![Vec::new(); 1 << BUCKET_BITS],
            bucket_bytes: 0,
            payloads: Log::new(space),
            entries: 0,
            runs: Vec::new(),
        }
    }

    /// Bytes of memory that it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bucket_bytes + self.payloads.bytes()
    }

    /// How many entries it has taken.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Takes an entry.
    #[inline]
    pub fn push(&mut self, key: [u64; N], payload: &[u8]) {
        self.push_parts(key, &[payload]);
    }

    /// Takes an entry whose payload is given in parts.
    pub fn push_parts(&mut self, key: [u64; N], payload: &[&[u8]]) {
        let payload = if payload.iter().all(|part| part.is_empty()) {
            NOTHING
        } else {
            // A log that never spills writes to no file that could fail.
            self.payloads.push(payload).map_or(NOTHING, Place::to_bits)
        };
        let nth = (key[0] >> self.shift) as usize;
        let last = self.buckets.len() - 1;
        let bucket = &mut self.buckets[nth.min(last)];
        let before = bucket.capacity();
        bucket.push(Entry { key, payload });
        self.bucket_bytes += (bucket.capacity() - before) * size_of::<Entry<N>>();
        self.entries += 1;
    }

    /// Moves what is in memory to the temporary file, as a sorted run.
    ///
    /// # Errors
    /// If the temporary file failed.
    pub fn spill(&mut self) -> Result<(), SpillError> {
        if self.bucket_bytes == 0 {
            return Ok(());
        }
        let mut writer = RunWriter::create(&self.space)?;
        for bucket in &mut self.buckets {
            bucket.sort_unstable_by_key(|entry| entry.key);
            for entry in &*bucket {
                writer.push(&entry.key, payload(&self.payloads, entry))?;
            }
            *bucket = Vec::new();
        }
        self.runs.push(writer.finish()?);
        self.bucket_bytes = 0;
        self.payloads = Log::new(&self.space);
        Ok(())
    }

    /// All entries are in: sorts them on so many threads. Reading them takes at most about `memory` bytes beside what is in
    /// memory already.
    ///
    /// # Errors
    /// If the temporary file failed.
    pub fn finish(mut self, memory: usize, threads: usize) -> Result<Sorted<N>, SpillError> {
        let place = if self.runs.is_empty() {
            let share = self.buckets.len().div_ceil(threads.max(1));
            std::thread::scope(|scope| {
                let mut shares = self.buckets.chunks_mut(share);
                let first = shares.next();
                for buckets in shares {
                    scope.spawn(move || sort(buckets));
                }
                first.into_iter().for_each(sort);
            });
            Stored::InMemory { buckets: self.buckets, payloads: self.payloads }
        } else {
            self.spill()?;
            let block = block_bytes(self.space.chunk_bytes());
            let fan_in = (memory / block).clamp(*FAN_IN.start(), *FAN_IN.end());
            let mut runs = self.runs;
            while runs.len() > fan_in {
                // Only as many as must be, so that the last reading has the most to merge.
                let many = (runs.len() - fan_in + 1).min(fan_in);
                let merged = merge::<N>(&self.space, runs.drain(..many).collect())?;
                runs.push(merged);
            }
            Stored::InRuns(runs)
        };
        Ok(Sorted(Arc::new(Inner { entries: self.entries, place })))
    }
}

/// A signed number as one of the numbers that entries are sorted by, in the same order.
#[must_use]
pub fn signed_key(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

fn sort<const N: usize>(buckets: &mut [Vec<Entry<N>>]) {
    for bucket in buckets {
        bucket.sort_unstable_by_key(|entry| entry.key);
    }
}

fn payload<'p, const N: usize>(payloads: &'p Log, entry: &Entry<N>) -> &'p [u8] {
    if entry.payload == NOTHING { &[] } else { payloads.get(Place::from_bits(entry.payload)) }
}

/// Makes one run of several.
fn merge<const N: usize>(space: &Space, runs: Vec<Run>) -> Result<Run, SpillError> {
    let sorted = Sorted::<N>(Arc::new(Inner { entries: 0, place: Stored::InRuns(runs) }));
    let mut cursor = sorted.cursor()?;
    let mut writer = RunWriter::create(space)?;
    while let Some((key, payload)) = cursor.peek() {
        writer.push(&key, payload)?;
        cursor.advance()?;
    }
    writer.finish()
}

fn block_bytes(chunk_bytes: usize) -> usize {
    chunk_bytes.min(MOST_BLOCK_BYTES)
}

/// Writes entries block by block; no entry is in two of them.
struct RunWriter {
    file: ChunkWriter,
    block: Vec<u8>,
    block_bytes: usize,
}

impl RunWriter {
    fn create(space: &Space) -> Result<Self, SpillError> {
        let block_bytes = block_bytes(space.chunk_bytes());
        Ok(Self { file: ChunkWriter::create(space)?, block: Vec::new(), block_bytes })
    }

    fn push<const N: usize>(&mut self, key: &[u64; N], payload: &[u8]) -> Result<(), SpillError> {
        if self.block.len() + N * size_of::<u64>() + LENGTH_BYTES + payload.len() > self.block_bytes {
            let block = std::mem::take(&mut self.block);
            self.block = self.file.append(block)?;
            self.block.clear();
        }
        for number in key {
            self.block.extend_from_slice(&number.to_le_bytes());
        }
        // A payload is a record of a log, or a part of one.
        self.block.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        self.block.extend_from_slice(payload);
        Ok(())
    }

    fn finish(mut self) -> Result<Run, SpillError> {
        self.file.append(self.block)?;
        let file = self.file.finish()?;
        Ok(Run { span: file.span(), file: Arc::new(file) })
    }
}

impl<const N: usize> Sorted<N> {
    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.0.entries
    }

    /// A cursor on the first entry. Several can be used in turn, on one thread.
    ///
    /// # Errors
    /// If the temporary file failed.
    pub fn cursor(&self) -> Result<Cursor<N>, SpillError> {
        let mut cursor = Cursor {
            sorted: self.clone(),
            bucket: 0,
            nth: 0,
            heads: Vec::new(),
            order: BinaryHeap::new(),
            packed: Vec::new(),
        };
        match &self.0.place {
            Stored::InMemory { .. } => cursor.skip_empty_buckets(),
            Stored::InRuns(runs) => {
                for (nth, run) in runs.iter().enumerate() {
                    let mut head = Head { run: run.clone(), block: Vec::new(), at: 0 };
                    if head.fill(&mut cursor.packed)? {
                        cursor.order.push(Reverse((head.key(), nth)));
                    }
                    cursor.heads.push(head);
                }
            }
        }
        Ok(cursor)
    }
}

/// Reads sorted entries one after the other.
#[derive(Debug)]
pub struct Cursor<const N: usize> {
    sorted: Sorted<N>,
    bucket: usize,
    nth: usize,
    heads: Vec<Head>,
    /// The runs by their next keys.
    order: BinaryHeap<Reverse<([u64; N], usize)>>,
    packed: Vec<u8>,
}

/// The part of a run that is at hand.
#[derive(Debug)]
struct Head {
    run: Run,
    block: Vec<u8>,
    at: usize,
}

impl Head {
    /// Sees to it that an entry is at hand; `false` at the end of the run.
    fn fill(&mut self, packed: &mut Vec<u8>) -> Result<bool, SpillError> {
        if self.at < self.block.len() {
            return Ok(true);
        }
        self.at = 0;
        self.run.file.read(&mut self.run.span, &mut self.block, packed)
    }

    fn key<const N: usize>(&self) -> [u64; N] {
        std::array::from_fn(|nth| {
            let at = self.at + nth * size_of::<u64>();
            let bytes = self.block.get(at..).and_then(|rest| rest.first_chunk());
            bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
        })
    }

    fn payload<const N: usize>(&self) -> &[u8] {
        let split = self.block.get(self.at + N * size_of::<u64>()..);
        let split = split.and_then(|rest| rest.split_first_chunk::<LENGTH_BYTES>());
        split.and_then(|(length, rest)| rest.get(..u32::from_le_bytes(*length) as usize)).unwrap_or_default()
    }
}

impl<const N: usize> Cursor<N> {
    /// The entry that it is on; `None` at the end.
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<([u64; N], &[u8])> {
        match &self.sorted.0.place {
            Stored::InMemory { buckets, payloads } => {
                let entry = buckets.get(self.bucket)?.get(self.nth)?;
                Some((entry.key, payload(payloads, entry)))
            }
            Stored::InRuns(_) => {
                let Reverse((key, nth)) = self.order.peek()?;
                Some((*key, self.heads[*nth].payload::<N>()))
            }
        }
    }

    /// The key of the entry that it is on.
    #[inline]
    #[must_use]
    pub fn key(&self) -> Option<[u64; N]> {
        match &self.sorted.0.place {
            Stored::InMemory { buckets, .. } => Some(buckets.get(self.bucket)?.get(self.nth)?.key),
            Stored::InRuns(_) => self.order.peek().map(|Reverse((key, _))| *key),
        }
    }

    /// Whether the next entry may have the same first number: `false` is certain.
    #[inline]
    #[must_use]
    pub fn may_repeat(&self) -> bool {
        let Stored::InMemory { buckets, .. } = &self.sorted.0.place else { return true };
        let Some(bucket) = buckets.get(self.bucket) else { return false };
        let first = |nth: usize| bucket.get(nth).map(|entry| entry.key[0]);
        first(self.nth) == first(self.nth + 1)
    }

    /// Goes on to the next entry.
    ///
    /// # Errors
    /// If the temporary file failed.
    #[inline]
    pub fn advance(&mut self) -> Result<(), SpillError> {
        if let Stored::InMemory { .. } = &self.sorted.0.place {
            self.nth += 1;
            self.skip_empty_buckets();
            return Ok(());
        }
        let Some(mut first) = self.order.peek_mut() else { return Ok(()) };
        let Reverse((_, nth)) = *first;
        let head = &mut self.heads[nth];
        head.at += N * size_of::<u64>() + LENGTH_BYTES + head.payload::<N>().len();
        if head.fill(&mut self.packed)? {
            *first = Reverse((head.key(), nth));
        } else {
            std::collections::binary_heap::PeekMut::pop(first);
        }
        Ok(())
    }

    fn skip_empty_buckets(&mut self) {
        let Stored::InMemory { buckets, .. } = &self.sorted.0.place else { return };
        while buckets.get(self.bucket).is_some_and(|bucket| self.nth >= bucket.len()) {
            (self.bucket, self.nth) = (self.bucket + 1, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries(count: usize, most: u64, seed: u64) -> Vec<([u64; 2], Vec<u8>)> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..count)
            .map(|nth| {
                let payload = (0..random.usize(..40)).map(|_| random.u8(..)).collect();
                ([random.u64(..=most), nth as u64], payload)
            })
            .collect()
    }

    fn read(sorted: &Sorted<2>) -> Vec<([u64; 2], Vec<u8>)> {
        let mut cursor = sorted.cursor().expect("it can be read");
        let mut read = Vec::new();
        while let Some((key, payload)) = cursor.peek() {
            assert_eq!(cursor.key(), Some(key));
            read.push((key, payload.to_vec()));
            cursor.advance().expect("it can be read");
        }
        read
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn entries_come_back_sorted_however_often_they_are_spilled(
            count in 0_usize..600,
            most in prop_oneof![Just(0_u64), Just(1), Just(1000), Just(u64::MAX)],
            every in 1_usize..300,
            chunk_bytes in 1_usize..300,
            memory in 0_usize..2000,
            threads in 1_usize..4,
            seed in any::<u64>(),
        ) {
            let dir = tempfile::tempdir().expect("a folder");
            let space = Space::new(dir.path().to_owned()).with_chunk_bytes(chunk_bytes);
            let mut sorter = Sorter::<2>::new(&space, most);
            let mut expected = entries(count, most, seed);
            for (nth, (key, payload)) in expected.iter().enumerate() {
                sorter.push(*key, payload);
                if nth % every == every - 1 {
                    sorter.spill().expect("there is room");
                    assert_eq!(sorter.bytes(), 0);
                }
            }
            expected.sort();
            prop_assert_eq!(sorter.entries(), count as u64);
            let sorted = sorter.finish(memory, threads).expect("there is room");
            prop_assert_eq!(read(&sorted), expected.clone());
            // Cursors do not disturb each other.
            let (mut one, mut other) = (sorted.cursor().expect("one"), sorted.cursor().expect("another"));
            for (nth, (key, payload)) in expected.iter().enumerate() {
                prop_assert_eq!(one.peek(), Some((*key, &payload[..])));
                one.advance().expect("it can be read");
                if nth % 2 == 1 {
                    prop_assert_eq!(other.key(), Some(expected[nth / 2].0));
                    other.advance().expect("it can be read");
                }
            }
            prop_assert_eq!(one.peek(), None);
        }
    }
}
