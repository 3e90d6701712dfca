//! A row that is held until the rows of its key are together: an accepted contact, with where it was read.

use contact::{FieldSet, StandardFields};

/// Where a record was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Its number among the inputs.
    pub(crate) input: u32,
    /// From 1.
    pub(crate) line: u64,
    /// From the start of the input, in bytes.
    pub(crate) byte_offset: u64,
}

/// Bytes of a spot.
const SPOT_BYTES: usize = 20;

/// Bytes of a number of custom fields, of the standard fields, and of the length of a contact.
const NUMBERS_BYTES: usize = 4 + 2 + 4;

impl Spot {
    /// Bytes of [`line_bytes`](Self::line_bytes).
    pub(crate) const LINE_BYTES: usize = 12;

    /// Where it is in few bytes, without the offset; see [`read_line`](Self::read_line).
    pub(crate) fn line_bytes(self) -> [u8; Self::LINE_BYTES] {
        let mut bytes = [0; Self::LINE_BYTES];
        bytes[..4].copy_from_slice(&self.input.to_le_bytes());
        bytes[4..].copy_from_slice(&self.line.to_le_bytes());
        bytes
    }

    /// The input and the line that [`line_bytes`](Self::line_bytes) wrote.
    pub(crate) fn read_line(bytes: &[u8]) -> Option<(u32, u64)> {
        let (input, line) = bytes.split_first_chunk()?;
        Some((u32::from_le_bytes(*input), u64::from_le_bytes(*line.first_chunk()?)))
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.line_bytes());
        out.extend_from_slice(&self.byte_offset.to_le_bytes());
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (spot, rest) = bytes.split_at_checked(SPOT_BYTES)?;
        let (input, line) = Self::read_line(spot)?;
        let byte_offset = u64::from_le_bytes(*spot.last_chunk()?);
        Some((Self { input, line, byte_offset }, rest))
    }
}

/// A held row, read back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldRow<'r> {
    pub(crate) spot: Spot,
    standard: StandardFields,
    custom: &'r [u8],
    /// The contact as compact JSON.
    pub(crate) contact: &'r [u8],
    /// The record as it was read.
    pub(crate) raw: &'r [u8],
}

impl<'r> HeldRow<'r> {
    /// Writes what stands before the contact; after that comes the record as it was read, if it is not the same.
    pub(crate) fn write_head(spot: Spot, fields: &FieldSet, contact: &[u8], out: &mut Vec<u8>) {
        spot.write(out);
        // Both come from one line, which is shorter than 4 GiB.
        out.extend_from_slice(&(contact.len() as u32).to_le_bytes());
        out.extend_from_slice(&(fields.custom.len() as u32).to_le_bytes());
        out.extend_from_slice(&fields.standard.bits().to_le_bytes());
        for id in &fields.custom {
            out.extend_from_slice(&id.to_le_bytes());
        }
    }

    /// Reads a row; `None` if these bytes are none.
    pub(crate) fn read(bytes: &'r [u8]) -> Option<Self> {
        let (spot, rest) = Spot::read(bytes)?;
        let (numbers, rest) = rest.split_at_checked(NUMBERS_BYTES)?;
        let number = |at: usize| Some(u32::from_le_bytes(*numbers.get(at..)?.first_chunk()?) as usize);
        let (length, custom) = (number(0)?, number(4)?);
        let standard = StandardFields::from_bits(u16::from_le_bytes(*numbers.last_chunk()?));
        let (custom, rest) = rest.split_at_checked(custom * size_of::<i32>())?;
        let (contact, raw) = rest.split_at_checked(length)?;
        Some(Self { spot, standard, custom, contact, raw: if raw.is_empty() { contact } else { raw } })
    }

    /// Reads which fields the contact carries.
    pub(crate) fn read_fields(&self, fields: &mut FieldSet) {
        fields.standard = self.standard;
        fields.custom.clear();
        let (ids, _) = self.custom.as_chunks();
        fields.custom.extend(ids.iter().map(|id| i32::from_le_bytes(*id)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_as_it_was_written() {
        let mut fields = FieldSet { custom: vec![-5, 7, i32::MAX], ..FieldSet::default() };
        fields.standard.insert("email");
        let spot = Spot { input: 3, line: 1 << 50, byte_offset: u64::MAX };
        for raw in [&b""[..], b" {} "] {
            let mut bytes = Vec::new();
            HeldRow::write_head(spot, &fields, b"{}", &mut bytes);
            bytes.extend_from_slice(b"{}");
            bytes.extend_from_slice(raw);
            let row = HeldRow::read(&bytes).expect("it is a row");
            assert_eq!((row.spot, row.contact), (spot, &b"{}"[..]));
            assert_eq!(row.raw, if raw.is_empty() { b"{}" } else { raw });
            let mut read = FieldSet::default();
            row.read_fields(&mut read);
            assert_eq!(read, fields);
        }
        assert_eq!(Spot::read_line(&spot.line_bytes()), Some((3, 1 << 50)));
        assert!(HeldRow::read(b"short").is_none());
    }
}
