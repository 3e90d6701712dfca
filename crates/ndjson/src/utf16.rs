//! UTF-16 as UTF-8, while it is read.

use std::io::{self, Read};
use std::ops::Range;

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE};
use thiserror::Error;

/// How much is decoded at a time.
const PIECE_BYTES: usize = 64 << 10;

/// The byte order marks of UTF-16, with the lower and with the higher byte first.
const MARKS: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];

/// Whether a text begins with the byte order mark of UTF-16.
pub(crate) fn is_utf16(start: &[u8]) -> bool {
    MARKS.iter().any(|mark| start.starts_with(mark))
}

/// What is wrong with a text.
#[derive(Debug, Error)]
#[error("this is not UTF-16")]
pub(crate) struct Malformed {
    /// Where, in bytes of the UTF-16 text.
    pub(crate) offset: u64,
}

/// Decodes what a source gives, without its byte order mark.
pub(crate) struct Utf16<R> {
    source: R,
    decoder: Decoder,
    /// Room for what is read, and which bytes of it are to be decoded.
    encoded: Vec<u8>,
    left: Range<usize>,
    /// Room for what is decoded, and which bytes of it are to be handed out.
    text: Vec<u8>,
    ready: Range<usize>,
    /// Bytes of the UTF-16 text that were decoded.
    offset: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// The source gave all it has.
    Ended,
    /// All of it was decoded.
    Done,
    Malformed {
        offset: u64,
    },
}

impl<R: Read> Utf16<R> {
    /// Of a source whose first bytes, with the byte order mark, were read already.
    pub(crate) fn new(source: R, first: Vec<u8>) -> Self {
        let encoding = if first.starts_with(MARKS[0]) { UTF_16LE } else { UTF_16BE };
        let mark = MARKS[0].len();
        let left = mark..first.len();
        let mut encoded = first;
        encoded.resize(PIECE_BYTES.max(left.end), 0);
        Self {
            source,
            decoder: encoding.new_decoder_without_bom_handling(),
            encoded,
            left,
            // A unit of UTF-16 becomes three bytes at most.
            text: vec![0; PIECE_BYTES * 2],
            ready: 0..0,
            offset: mark as u64,
            state: State::Reading,
        }
    }

    /// Reads a piece and decodes it.
    fn decode(&mut self) -> io::Result<()> {
        if self.left.is_empty() && self.state == State::Reading {
            self.left = 0..self.source.read(&mut self.encoded)?;
            if self.left.is_empty() {
                self.state = State::Ended;
            }
        }
        let is_last = self.state == State::Ended;
        let (result, taken, written) = self.decoder.decode_to_utf8_without_replacement(
            &self.encoded[self.left.clone()],
            &mut self.text,
            is_last,
        );
        self.left.start += taken;
        self.offset += taken as u64;
        self.ready = 0..written;
        self.state = match result {
            DecoderResult::InputEmpty if is_last => State::Done,
            DecoderResult::InputEmpty | DecoderResult::OutputFull => self.state,
            DecoderResult::Malformed(length, after) => {
                State::Malformed { offset: self.offset - u64::from(length) - u64::from(after) }
            }
        };
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            match self.state {
                State::Done => return Ok(0),
                State::Malformed { offset } => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, Malformed { offset }));
                }
                State::Reading | State::Ended => self.decode()?,
            }
        }
        let length = self.ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.text[self.ready.start..self.ready.start + length]);
        self.ready.start += length;
        Ok(length)
    }
}
