//! The yardsticks: the least that anyone does who reads lines or JSON. Nothing of the product is in them.

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};

use super::on_threads;

/// How much is read at a time where lines do not matter.
const READ_BYTES: usize = 1 << 20;

/// How much of the file a thread of [`tape`] takes at a time: it stays in the cache of a core.
const PIECE_BYTES: u64 = 256 << 10;

/// How far the last line of a piece may reach into the next one.
const OVERLAP_BYTES: u64 = 16 << 10;

/// Reads the file and looks at nothing.
pub(super) fn read(path: &Path, _: NonZeroUsize) -> Result<u64> {
    in_pieces(path, |piece| piece.len() as u64)
}

/// Finds all line ends.
pub(super) fn split(path: &Path, _: NonZeroUsize) -> Result<u64> {
    in_pieces(path, |piece| {
        let mut lines = 0;
        for end in memchr::memchr_iter(b'\n', piece) {
            black_box(end);
            lines += 1;
        }
        lines
    })
}

fn in_pieces(path: &Path, look: impl Fn(&[u8]) -> u64) -> Result<u64> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; READ_BYTES];
    let mut sum = 0;
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(sum),
            read => sum += look(black_box(&piece[..read])),
        }
    }
}

/// Copies each line and parses it onto a tape, with reused buffers. Each thread reads pieces of the file for itself, at
/// their positions: no thread waits for another, and what is parsed was read by the same core just before.
pub(super) fn tape(path: &Path, threads: NonZeroUsize) -> Result<u64> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let next = AtomicU64::new(0);
    on_threads(threads, || {
        let mut piece = vec![0; (1 + PIECE_BYTES + OVERLAP_BYTES) as usize];
        let mut buffers = simd_json::Buffers::new(1024);
        let mut copied = Vec::new();
        let mut tape = simd_json::Tape(Vec::new());
        let mut parsed = 0;
        loop {
            let start = next.fetch_add(PIECE_BYTES, Ordering::Relaxed);
            if start >= length {
                return Ok(parsed);
            }
            let lines = read_lines(&file, start, length, &mut piece)?;
            let mut rest = &piece[lines];
            while !rest.is_empty() {
                let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                let line = &rest[..end];
                rest = rest.get(end + 1..).unwrap_or_default();
                copied.clear();
                copied.reserve(line.len() + simd_json::INPUT_PADDING);
                copied.extend_from_slice(line);
                copied.resize(line.len() + simd_json::INPUT_PADDING, 0);
                let mut filled = tape.reset();
                simd_json::fill_tape_padded(&mut copied, line.len(), &mut buffers, &mut filled)
                    .with_context(|| format!("a line of the piece at byte {start}"))?;
                black_box(filled.0.len());
                tape = filled.reset();
                parsed += 1;
            }
        }
    })
}

/// Reads the piece that starts there; the lines that start in it come back as a range of `piece`.
fn read_lines(file: &File, start: u64, length: u64, piece: &mut [u8]) -> Result<Range<usize>> {
    // Whether a line starts at the first byte is known from the byte before.
    let from = start.saturating_sub(1);
    let held = usize::try_from((length - from).min(piece.len() as u64))?;
    let piece = &mut piece[..held];
    file.read_exact_at(piece, from)?;
    let first = if start == 0 { Some(0) } else { line_start(piece, 0) };
    let last = usize::try_from(start - from + PIECE_BYTES)?;
    let end = if last >= held { Some(held) } else { line_start(piece, last - 1) };
    match (first, end) {
        (Some(first), Some(end)) => Ok(first..end),
        _ if from + held as u64 == length => Ok(first.unwrap_or(held)..held),
        _ => anyhow::bail!("a line at byte {start} is longer than {OVERLAP_BYTES} bytes"),
    }
}

/// Where the first line starts that begins behind this byte.
fn line_start(piece: &[u8], at: usize) -> Option<usize> {
    memchr::memchr(b'\n', &piece[at..]).map(|end| at + end + 1)
}
