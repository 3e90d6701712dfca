//! What an input is, by its beginning.

use std::sync::Arc;

use super::{Framer, OpenInput, State};
use crate::block::BOM;
use crate::decompress::{LONGEST_MAGIC_BYTES, unsupported};
use crate::detect::{Format, More, PROBE_BYTES, detect};
use crate::input::Input;
use crate::reader::{InputError, ReaderOptions};
use crate::recognise::{Beginning, MOST_RECORDS, first_record_end};
use crate::rows::Rows;
use crate::scan::Scanner;
use crate::table::{DEFAULT_DELIMITER, Header, HeaderSearch, Table};
use crate::utf16;

const HEADER_TOO_LONG: &str =
    "CSV whose header has more bytes than --max-line-bytes; is it CSV, and is a quote in the header closed?";
const HEADER_UNCLOSED: &str = "CSV whose header has a quote that is never closed, so that all of the input is taken for one cell; close it";

/// Whether somebody wants to see the first records before they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Wanted,
    NotNeeded,
}

/// How much of an input is its beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    format: Format,
    bytes: usize,
    /// Whether the input ends there.
    more: More,
    most_records: usize,
}

impl OpenInput {
    /// Finds out what the input is, and holds what was read for that.
    pub(crate) fn begin(&mut self, options: &ReaderOptions, input: &Input) -> Result<(), InputError> {
        let mut buffer = std::mem::take(&mut self.carry);
        let result = self.frame(&mut buffer, options, input, Look::Wanted);
        self.carry = buffer;
        result
    }

    /// What was looked at to recognise the input, as long as it is held.
    pub(crate) fn beginning(&self) -> Option<Beginning<'_>> {
        match &self.seen {
            Some(seen) if self.offset == 0 && self.carry.len() >= seen.bytes => {
                Some(seen.beginning(&self.carry, self.table.as_deref()))
            }
            _ => None,
        }
    }

    /// Decides how records stand in the input, and what they are, if that was not done yet.
    pub(super) fn frame(
        &mut self,
        buffer: &mut Vec<u8>,
        options: &ReaderOptions,
        input: &Input,
        look: Look,
    ) -> Result<(), InputError> {
        if self.framer.is_some() {
            return Ok(());
        }
        self.read_magic(buffer, input)?;
        let look = if options.recogniser.is_some() { Look::Wanted } else { look };
        if look == Look::Wanted && !self.goes_on_at_once() {
            while buffer.len() < PROBE_BYTES && self.is_reading() {
                self.fill_to(buffer, PROBE_BYTES);
            }
        }
        let mut format = options.format;
        while format == Format::Auto {
            match detect(buffer, options.auto, self.more()) {
                Some(detected) => format = detected,
                None => self.fill_to(buffer, PROBE_BYTES),
            }
        }
        if format == Format::Csv {
            self.table = self.find_header(buffer, options, input)?.map(Arc::new);
        }
        if look == Look::Wanted {
            self.seen = Some(self.look(buffer, format, options));
        }
        let array = self.recognise(buffer, options, input)?;
        let array = options.array.clone().or(array).filter(|array| !array.is_empty());
        let scanner = Scanner::new(array.as_deref());
        self.framer = Some(match format {
            Format::Csv => self.rows(),
            Format::Ndjson | Format::Auto if array.is_none() => Framer::Lines { searched: 0 },
            Format::Ndjson | Format::Auto | Format::Json => Framer::Values { scanner, scanned: 0 },
        });
        self.format = match &self.framer {
            Some(Framer::Values { .. }) => Format::Json,
            _ => format,
        };
        Ok(())
    }

    /// What follows the bytes that were read.
    fn more(&self) -> More {
        if self.is_reading() { More::MayFollow } else { More::None }
    }

    /// Looks at the first bytes of what is decompressed by now.
    fn read_magic(&mut self, buffer: &mut Vec<u8>, input: &Input) -> Result<(), InputError> {
        while buffer.len() < LONGEST_MAGIC_BYTES && self.is_reading() {
            self.fill_to(buffer, LONGEST_MAGIC_BYTES);
        }
        if let Some(what) = unsupported(buffer) {
            return Err(InputError::Unsupported { input: input.clone(), what });
        }
        if utf16::is_utf16(buffer) {
            self.stream.decode_utf16(std::mem::take(buffer));
            // What was read is still to be decoded; after that the end is reached once more.
            if matches!(self.state, State::Ended) {
                self.state = State::Reading;
            }
        }
        Ok(())
    }

    fn find_header(
        &mut self,
        buffer: &mut Vec<u8>,
        options: &ReaderOptions,
        input: &Input,
    ) -> Result<Option<Table>, InputError> {
        let refused = |what| Err(InputError::Unsupported { input: input.clone(), what });
        let longest = options.max_line_bytes.saturating_add(BOM.len() + 2);
        while buffer.len() < BOM.len() && self.is_reading() {
            self.fill_to(buffer, PROBE_BYTES);
        }
        let start = if buffer.starts_with(BOM) { BOM.len() } else { 0 };
        let mut search = HeaderSearch::new(start, options.delimiter);
        loop {
            let header = search.search(buffer, self.more());
            match header {
                Header::Found(table) if table.end <= longest => return Ok(Some(table)),
                Header::Found(_) => return refused(HEADER_TOO_LONG),
                _ if buffer.len() > longest => return refused(HEADER_TOO_LONG),
                Header::NotSeen if self.is_reading() => self.fill(buffer, options),
                _ if matches!(self.state, State::Failed(_)) => {
                    return Err(self.failure(buffer.len() as u64, input));
                }
                Header::Unclosed => return refused(HEADER_UNCLOSED),
                Header::Missing | Header::NotSeen => return Ok(None),
            }
        }
    }

    fn rows(&self) -> Framer {
        match &self.table {
            Some(table) => {
                Framer::Rows { rows: Rows::new(table.delimiter), searched: table.end, ended: table.end }
            }
            None => Framer::Rows { rows: Rows::new(DEFAULT_DELIMITER), searched: 0, ended: 0 },
        }
    }

    /// Of what is there as a whole, the beginning is all that is looked at. Of what comes as it is written it is the first
    /// record, or the header, alone: all that does not depend on how fast it comes.
    fn look(&mut self, buffer: &mut Vec<u8>, format: Format, options: &ReaderOptions) -> Seen {
        if !self.goes_on_at_once() {
            let bytes = buffer.len().min(PROBE_BYTES);
            let more = self.after(bytes, buffer);
            return Seen { format, bytes, more, most_records: MOST_RECORDS };
        }
        let given = options.array.iter().cloned();
        let arrays: Vec<String> =
            given.chain(options.recogniser.iter().flat_map(|recogniser| recogniser.arrays())).collect();
        let most_records = usize::from(format != Format::Csv);
        loop {
            let bytes = buffer.len().min(PROBE_BYTES);
            let more = self.after(bytes, buffer);
            let seen = Seen { format, bytes, more, most_records };
            let all = seen.beginning(buffer, self.table.as_deref());
            match first_record_end(&all, &arrays) {
                Some(bytes) => {
                    let more = if bytes == buffer.len() { more } else { More::MayFollow };
                    return Seen { bytes, more, ..seen };
                }
                None if self.is_reading() && buffer.len() < PROBE_BYTES => self.fill_to(buffer, PROBE_BYTES),
                None => return seen,
            }
        }
    }

    /// What follows the first so many bytes. Where reading failed, something would.
    fn after(&self, bytes: usize, buffer: &[u8]) -> More {
        let is_all = bytes == buffer.len() && matches!(self.state, State::Ended);
        if is_all { More::None } else { More::MayFollow }
    }

    /// Asks what the records are, and in which array they stand.
    fn recognise(
        &mut self,
        buffer: &[u8],
        options: &ReaderOptions,
        input: &Input,
    ) -> Result<Option<String>, InputError> {
        let (Some(recogniser), Some(seen)) = (&options.recogniser, &self.seen) else { return Ok(None) };
        match recogniser.recognise(&seen.beginning(buffer, self.table.as_deref())) {
            Ok(recognised) => {
                self.dialect = recognised.dialect;
                self.recognised = Some(recognised.because);
                self.doubt = recognised.doubt;
                Ok(recognised.array)
            }
            // So little of it could be read that nothing can be said of its records.
            Err(_) if matches!(self.state, State::Failed(_)) => Err(self.failure(buffer.len() as u64, input)),
            Err(reason) => Err(InputError::Unrecognised { input: input.clone(), reason }),
        }
    }
}

impl Seen {
    fn beginning<'p>(&self, bytes: &'p [u8], table: Option<&'p Table>) -> Beginning<'p> {
        Beginning {
            format: self.format,
            table,
            bytes: &bytes[..self.bytes],
            more: self.more,
            most_records: self.most_records,
        }
    }
}
