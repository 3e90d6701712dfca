//! The manifest of a prepared folder: what is in it, out of which inputs, and how to tell that it is whole.
//!
//! `manifest.json` is written last, so a folder that has one is complete. It says nothing of times and of absolute
//! paths: the same input and options give the same bytes.

mod error;
mod read;

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use contact::FieldSet;
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

pub use error::ManifestError;

use crate::body::Body;
use crate::options::{BatchOptions, RestoreDeleted};

/// The name of the manifest in its folder.
pub const MANIFEST_FILE: &str = "manifest.json";

/// The name of the file of rejects in the folder.
pub const REJECTS_FILE: &str = "rejects.ndjson";

/// The value of [`Completion::format`].
pub const FORMAT: &str = "reteno-import/manifest";

/// The version of the format that this crate writes and reads.
pub const VERSION: u32 = 1;

/// The name of the batch file with this number; the first is 1.
#[must_use]
pub fn batch_file_name(number: u64) -> String {
    format!("batch-{number:06}.json")
}

/// The number of a batch file, if the name is exactly one that [`batch_file_name`] gives.
#[must_use]
pub fn batch_file_number(name: &str) -> Option<u64> {
    let number = name.strip_prefix("batch-")?.strip_suffix(".json")?.parse().ok()?;
    (number > 0 && batch_file_name(number) == name).then_some(number)
}

/// What is in a prepared folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Everything but the batches.
    #[serde(flatten)]
    pub completion: Completion,
    /// The batch files, in the order in which they were made.
    pub batches: Vec<BatchEntry>,
}

/// The manifest without its batches: what is known when the last body is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// Always [`FORMAT`].
    pub format: String,
    /// Always [`VERSION`].
    pub version: u32,
    /// The tool and its version, `reteno-import 0.1.0`.
    pub tool: String,
    /// The options that shape the batches.
    pub options: ManifestOptions,
    /// The inputs in the order in which they were read.
    pub inputs: Vec<InputEntry>,
    /// What became of the records.
    pub counts: ManifestCounts,
    /// The same as a sum: `read 10 = written 8 + merged 1 + rejected 1`.
    pub identity: String,
    /// The file of rejects, if one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejects: Option<RejectsEntry>,
}

/// The options that shape the batches; the values are the words of the command line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestOptions {
    /// `dedupeOn` of every body.
    pub dedupe_on: String,
    /// `fieldId` of every body, where `dedupeOn` is `fieldId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_id: Option<i64>,
    /// What happened to records with violations.
    pub on_invalid: String,
    /// What happened to members that a contact does not have.
    pub unknown_fields: String,
    /// What happened to records of a key that came before.
    pub on_duplicate: String,
    /// What happens to absent fields.
    pub absent: String,
    /// The most contacts of a body.
    pub batch_size: u32,
    /// The most bytes of a body.
    pub batch_bytes: u64,
    /// Groups that contacts are put into.
    pub groups: Vec<String>,
    /// Groups that contacts are taken out of.
    pub exclude_groups: Vec<String>,
    /// Whether deleted contacts come back.
    pub restore_deleted: bool,
    /// The event of new contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_key: Option<String>,
    /// Further options, by their names.
    #[serde(flatten)]
    pub further: Map<String, Value>,
}

impl ManifestOptions {
    /// What batch options have to say; the words of the three policies that are decided before batching, and
    /// [`further`](Self::further), are left empty.
    #[must_use]
    pub fn of(options: &BatchOptions) -> Self {
        let request = &options.request;
        Self {
            dedupe_on: request.dedupe_on.to_string(),
            field_id: match request.dedupe_on {
                contact::DedupeOn::FieldId(id) => Some(id),
                _ => None,
            },
            absent: options.absent.as_str().to_owned(),
            batch_size: options.max_contacts.get(),
            batch_bytes: options.max_bytes as u64,
            groups: request.groups.clone(),
            exclude_groups: request.exclude_groups.clone(),
            restore_deleted: request.restore_deleted == RestoreDeleted::Yes,
            event_key: request.event_key.as_ref().map(ToString::to_string),
            ..Self::default()
        }
    }
}

/// One input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputEntry {
    /// As it was given on the command line, or `-`.
    pub name: String,
    /// Bytes as they were read, before decompression.
    pub bytes: u64,
    /// BLAKE3 of those bytes, in hexadecimal.
    pub blake3: String,
    /// How records stand in it.
    pub format: String,
    /// The mapping by which its records became contacts; none if they are contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// Whether its records stood in the lines of a rejects file.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rejects: bool,
}

fn is_false(truth: &bool) -> bool {
    !truth
}

/// What became of the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestCounts {
    /// Records read.
    pub read: u64,
    /// Contacts in batches.
    pub written: u64,
    /// Records that went into the contact of another record.
    pub merged: u64,
    /// Records in no batch.
    pub rejected: u64,
    /// Records that the mapping of their source leaves out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped: u64,
    /// Contacts in batches that lost a part.
    pub pruned: u64,
    /// Lines without a record.
    pub blank_lines: u64,
    /// Batches.
    pub batches: u64,
    /// Different field sets; see [`BatchCounts::field_sets`](crate::BatchCounts::field_sets).
    pub field_sets: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The file of rejects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectsEntry {
    /// Its name; [`REJECTS_FILE`] where it lies beside the manifest.
    pub file: String,
    /// How many lines it has.
    pub lines: u64,
}

/// One batch file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchEntry {
    /// Its name in the folder.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// How many contacts are in it.
    pub contacts: u32,
    /// The standard fields that it updates.
    pub contact_fields: Vec<String>,
    /// The custom fields that it updates.
    #[serde(rename = "customFieldsIDs")]
    pub custom_fields_ids: Vec<i32>,
    /// BLAKE3 of the whole body, in hexadecimal.
    pub blake3: String,
}

impl BatchEntry {
    /// The entry of a body that is written as batch `number`.
    #[must_use]
    pub fn of(number: u64, body: &Body) -> Self {
        let FieldSet { standard, custom } = &body.fields;
        Self {
            file: batch_file_name(number),
            bytes: body.bytes.len() as u64,
            contacts: body.contacts,
            contact_fields: standard.names().map(str::to_owned).collect(),
            custom_fields_ids: custom.clone(),
            blake3: body.blake3(),
        }
    }
}

/// Writes a manifest, one batch at a time, so that any number of them takes no memory.
///
/// # Errors
/// What the writer says, or what the batches say.
pub fn write(
    writer: impl Write,
    completion: &Completion,
    batches: impl Iterator<Item = io::Result<BatchEntry>>,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a, I: Iterator<Item = io::Result<BatchEntry>>> {
        #[serde(flatten)]
        completion: &'a Completion,
        #[serde(serialize_with = "batches_one_by_one")]
        batches: std::cell::RefCell<I>,
    }

    fn batches_one_by_one<I: Iterator<Item = io::Result<BatchEntry>>, S: Serializer>(
        batches: &std::cell::RefCell<I>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for entry in &mut *batches.borrow_mut() {
            list.serialize_element(&entry.map_err(serde::ser::Error::custom)?)?;
        }
        list.end()
    }

    // serde knows no errors but its own: the one of a batch is kept aside.
    let mut failed = None;
    let batches = batches.map_while(|entry| match entry {
        Ok(entry) => Some(Ok(entry)),
        Err(error) => {
            failed = Some(error);
            None
        }
    });
    let document = Document { completion, batches: std::cell::RefCell::new(batches) };
    let written = serde_json::to_writer(writer, &document);
    drop(document);
    match failed {
        Some(error) => Err(error),
        None => written.map_err(io::Error::from),
    }
}

/// Whether a file is a manifest of this tool, of whatever version; nothing but its `format` is looked at.
///
/// # Errors
/// If the file cannot be read. A file that is no JSON is no manifest, and no error.
pub fn is_manifest(path: &Path) -> io::Result<bool> {
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    match serde_json::from_reader(BufReader::new(File::open(path)?)) {
        Ok(Format { format }) => Ok(format == FORMAT),
        Err(error) if error.is_io() => Err(error.into()),
        Err(_) => Ok(false),
    }
}
