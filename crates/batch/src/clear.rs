//! All contacts under one list of fields, which is complete only when the last contact has come.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::path::PathBuf;

use crate::body::{Body, Frame, HEAD, IdsText, Sizes, reserve_within};
use crate::keep::Closed;
use contact::{FieldSet, StandardFields};
use spill::{SpillError, SpillOperation, unnamed_file};

/// Bytes read or written at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// Bytes of the length before each contact, little-endian.
const LENGTH_BYTES: usize = 4;

/// The contacts in the order in which they came, in a temporary file, and the union of their field sets.
#[derive(Debug)]
pub(crate) struct Spool {
    max_contacts: u32,
    max_bytes: usize,
    dir: PathBuf,
    stage: Stage,
    standard: StandardFields,
    custom: BTreeSet<i32>,
    custom_text: IdsText,
    /// Bytes after the last contact of a body with the union so far.
    tail_bytes: usize,
    /// The longest contact so far, in bytes.
    longest: usize,
    /// Contacts in the file and not yet read back.
    left: u64,
    /// The length of the next contact, if that was read already.
    next_bytes: Option<usize>,
}

#[derive(Debug)]
enum Stage {
    /// No contact came.
    Empty,
    Writing(BufWriter<File>),
    Reading(BufReader<File>),
    /// The file failed.
    Failed,
}

impl Spool {
    pub(crate) fn new(max_contacts: u32, max_bytes: usize, frame: &Frame, dir: PathBuf) -> Self {
        Self {
            max_contacts,
            max_bytes,
            dir,
            stage: Stage::Empty,
            standard: StandardFields::EMPTY,
            custom: BTreeSet::new(),
            custom_text: IdsText::default(),
            tail_bytes: frame.tail_bytes(StandardFields::EMPTY, IdsText::default()),
            longest: 0,
            left: 0,
            next_bytes: None,
        }
    }

    /// The union of the field sets so far.
    fn union(&self) -> FieldSet {
        FieldSet { standard: self.standard, custom: self.custom.iter().copied().collect() }
    }

    /// The size of the largest body that must be possible once this contact is in: the union with its fields around
    /// the longest contact. `new_fields` are those of a set that may not be in the union yet.
    pub(crate) fn least_body_bytes(
        &self,
        new_fields: Option<&FieldSet>,
        contact: &[u8],
        frame: &Frame,
    ) -> usize {
        let tail_bytes = new_fields.map_or(self.tail_bytes, |fields| {
            let mut custom_text = self.custom_text;
            fields.custom.iter().filter(|id| !self.custom.contains(id)).for_each(|&id| custom_text.add(id));
            frame.tail_bytes(self.standard.union(fields.standard), custom_text)
        });
        HEAD.len() + contact.len().max(self.longest) + tail_bytes
    }

    /// Adds a contact. `new_fields` are those of a set that may not be in the union yet.
    pub(crate) fn push(
        &mut self,
        new_fields: Option<&FieldSet>,
        contact: &[u8],
        frame: &Frame,
    ) -> Result<(), SpillError> {
        if let Stage::Empty = self.stage {
            let file = unnamed_file(&self.dir).map_err(|source| self.fail(SpillOperation::Create, source))?;
            self.stage = Stage::Writing(BufWriter::with_capacity(BUFFER_BYTES, file));
        }
        let written = match (&mut self.stage, u32::try_from(contact.len())) {
            (Stage::Writing(file), Ok(length)) => {
                file.write_all(&length.to_le_bytes()).and_then(|()| file.write_all(contact))
            }
            // A body is shorter than 4 GiB, so is a contact; and nothing is pushed after the end or an error.
            _ => Err(std::io::ErrorKind::InvalidInput.into()),
        };
        written.map_err(|source| self.fail(SpillOperation::Write, source))?;
        if let Some(fields) = new_fields {
            self.standard = self.standard.union(fields.standard);
            for &id in &fields.custom {
                if self.custom.insert(id) {
                    self.custom_text.add(id);
                }
            }
            self.tail_bytes = frame.tail_bytes(self.standard, self.custom_text);
        }
        self.longest = self.longest.max(contact.len());
        self.left += 1;
        Ok(())
    }

    /// Turns from writing to reading.
    pub(crate) fn finish(&mut self) -> Result<(), SpillError> {
        if let Stage::Writing(_) = self.stage
            && let Stage::Writing(file) = std::mem::replace(&mut self.stage, Stage::Failed)
        {
            let file =
                file.into_inner().map_err(|error| self.fail(SpillOperation::Write, error.into_error()))?;
            let mut file = BufReader::with_capacity(BUFFER_BYTES, file);
            file.rewind().map_err(|source| self.fail(SpillOperation::Read, source))?;
            self.stage = Stage::Reading(file);
        }
        Ok(())
    }

    /// The next complete body, after [`finish`](Self::finish); none before it.
    pub(crate) fn next_ready(
        &mut self,
        frame: &Frame,
        spare: &mut Vec<Vec<u8>>,
    ) -> Result<Option<(Body, Closed)>, SpillError> {
        if matches!(self.stage, Stage::Writing(_)) || self.left == 0 {
            return Ok(None);
        }
        let fields = self.union();
        let tail = frame.tail(&fields);
        let mut bytes = spare.pop().unwrap_or_default();
        bytes.extend_from_slice(HEAD);
        let mut contacts = 0;
        let mut closed = Closed::AtEnd;
        while self.left > 0 {
            let length = self.next_length().map_err(|source| self.fail(SpillOperation::Read, source))?;
            let comma = usize::from(contacts > 0);
            if contacts == self.max_contacts || bytes.len() + comma + length + tail.len() > self.max_bytes {
                closed = Closed::Full;
                break;
            }
            reserve_within(&mut bytes, comma + length + tail.len(), Sizes::up_to(self.max_bytes));
            if contacts > 0 {
                bytes.push(b',');
            }
            self.read_contact(length, &mut bytes)
                .map_err(|source| self.fail(SpillOperation::Read, source))?;
            contacts += 1;
        }
        bytes.extend_from_slice(tail.as_bytes());
        Ok(Some((Body { bytes, contacts, fields }, closed)))
    }

    fn next_length(&mut self) -> std::io::Result<usize> {
        if let Some(length) = self.next_bytes {
            return Ok(length);
        }
        let mut length = [0; LENGTH_BYTES];
        self.reader()?.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        self.next_bytes = Some(length);
        Ok(length)
    }

    fn read_contact(&mut self, length: usize, bytes: &mut Vec<u8>) -> std::io::Result<()> {
        let read = self.reader()?.take(length as u64).read_to_end(bytes)?;
        if read < length {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.next_bytes = None;
        self.left -= 1;
        Ok(())
    }

    fn reader(&mut self) -> std::io::Result<&mut impl BufRead> {
        match &mut self.stage {
            Stage::Reading(file) => Ok(file),
            Stage::Empty | Stage::Writing(_) | Stage::Failed => Err(std::io::ErrorKind::NotFound.into()),
        }
    }

    /// Makes the error, and sees to it that nobody goes on with half a contact.
    fn fail(&mut self, operation: SpillOperation, source: std::io::Error) -> SpillError {
        self.stage = Stage::Failed;
        SpillError { operation, dir: self.dir.clone(), source }
    }
}
