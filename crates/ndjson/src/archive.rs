//! Zip archives: what is in them, and whether it came out whole.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// What an archive begins with; the second, if it is empty.
const MAGICS: [&[u8; 4]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

const DAMAGED: &str =
    "a zip archive that is damaged or cut off: its list of files cannot be read; get a whole copy of it";
const OFFICE: &str = "a document of an office program, such as .xlsx; save it as CSV first";
const DUPLICATE_NAMES: &str =
    "a zip archive with two files of the same name; unpack it first, each of them under a name of its own";
const ENCRYPTED: &str =
    "encrypted; unpack it first, as in `unzip -P PASSWORD ARCHIVE`, and give what is in it";
const OTHER_METHOD: &str =
    "compressed in a way that is not read here; unpack the archive first, and give what is in it";

/// A file in a zip archive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member(Arc<Entry>);

/// What the archive's list says of a member.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    archive: Arc<Path>,
    name: String,
    pub(crate) data_start: u64,
    pub(crate) compressed_bytes: u64,
    bytes: u64,
    crc32: u32,
    pub(crate) method: Method,
}

/// How a member is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    Stored,
    Deflated,
    /// In a way that cannot be read; what it is and what to do.
    Unreadable(&'static str),
}

impl Member {
    /// The archive, by the path that the user gave or that was found.
    #[must_use]
    pub fn archive(&self) -> &Path {
        &self.0.archive
    }

    /// Its name in the archive.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.0
    }

    /// How many bytes of the archive it takes.
    #[must_use]
    pub fn compressed_bytes(&self) -> u64 {
        self.0.compressed_bytes
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.archive().display(), self.name())
    }
}

/// What a file turns out to be.
pub(crate) enum Listing {
    /// No zip archive, or it cannot be opened at all.
    No,
    /// A zip archive whose members cannot be read; what it is and what to do.
    Unreadable(&'static str),
    /// Its members that are files and not hidden, in the order of their names.
    Members(Vec<Member>),
}

/// Lists a file if it is a zip archive, which its first bytes tell.
pub(crate) fn list(path: &Path) -> Listing {
    let Ok(mut file) = File::open(path) else { return Listing::No };
    let mut magic = [0; 4];
    if file.read_exact(&mut magic).is_err() || !MAGICS.contains(&&magic) {
        return Listing::No;
    }
    match members(path, file) {
        Ok(listing) => listing,
        Err(_) => Listing::Unreadable(DAMAGED),
    }
}

fn members(path: &Path, file: File) -> Result<Listing, ZipError> {
    let mut archive = ZipArchive::new(BufReader::new(file))?;
    if archive.has_duplicate_names() {
        return Ok(Listing::Unreadable(DUPLICATE_NAMES));
    }
    let path: Arc<Path> = path.into();
    let mut members = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index)?;
        let name = member.name()?.into_owned();
        if name == "[Content_Types].xml" {
            return Ok(Listing::Unreadable(OFFICE));
        }
        if !member.is_file() || is_left_out(&name) {
            continue;
        }
        let method = match member.compression() {
            _ if member.encrypted() => Method::Unreadable(ENCRYPTED),
            CompressionMethod::Stored => Method::Stored,
            CompressionMethod::DEFLATE => Method::Deflated,
            _ => Method::Unreadable(OTHER_METHOD),
        };
        members.push(Member(Arc::new(Entry {
            archive: Arc::clone(&path),
            name,
            data_start: member.data_start().ok_or(ZipError::FileNotFound)?,
            compressed_bytes: member.compressed_size(),
            bytes: member.size(),
            crc32: member.crc32(),
            method,
        })));
    }
    // As a folder is listed: by the names of folders first.
    members.sort_by(|one, other| one.name().split('/').cmp(other.name().split('/')));
    Ok(Listing::Members(members))
}

/// Whether nobody means this member: what is hidden, and what macOS adds.
fn is_left_out(name: &str) -> bool {
    name.starts_with("__MACOSX/") || name.split('/').any(|part| part.starts_with('.'))
}

/// Why a member is not what its archive says.
#[derive(Debug, Error)]
enum Damage {
    #[error("it has {found} bytes, and {expected} by the archive's list")]
    Length { found: u64, expected: u64 },
    #[error("its checksum is wrong")]
    Checksum,
}

/// Gives the bytes of a member, and at the end an error if they are not those that were packed.
pub(crate) struct Checked<R> {
    source: R,
    hasher: crc32fast::Hasher,
    found: u64,
    bytes: u64,
    crc32: u32,
}

impl<R: Read> Checked<R> {
    pub(crate) fn new(source: R, entry: &Entry) -> Self {
        Self { source, hasher: crc32fast::Hasher::new(), found: 0, bytes: entry.bytes, crc32: entry.crc32 }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.source.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.found += read as u64;
        let damaged = |damage| Err(io::Error::new(io::ErrorKind::InvalidData, damage));
        if read == 0 && self.found != self.bytes || self.found > self.bytes {
            return damaged(Damage::Length { found: self.found, expected: self.bytes });
        }
        if read == 0 && self.hasher.clone().finalize() != self.crc32 {
            return damaged(Damage::Checksum);
        }
        Ok(read)
    }
}
