//! What is told of single contacts: refused ones, and the ids of the others.

use std::collections::{HashMap, HashSet};

use contact::Violation;
use ndjson::Parser;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{ChannelOf, FailedContact, Mapped, channels, text};
use crate::journal::Failed;
use crate::part::{Part, RequestBody};

/// One line of the file of refused contacts, in the form of the reject schema.
#[derive(Serialize)]
struct RefusedLine<'r> {
    source: &'r str,
    line: u64,
    byte_offset: u64,
    action: &'static str,
    key: Option<&'r str>,
    violations: [Violation; 1],
    raw: &'r str,
}

/// One line of the file of results.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultLine<'r> {
    key: Option<&'r str>,
    contact_id: Option<&'r str>,
    source: &'r str,
}

/// Why a contact is not in Reteno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The server refused the request with this contact in it.
    Refused,
    /// The server named it among those that failed.
    Failed,
    /// The server could not import the request that it was in.
    SessionFailed,
}

impl Cause {
    fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused-by-server",
            Self::Failed => "failed-on-server",
            Self::SessionFailed => "import-failed",
        }
    }
}

/// Finds which contacts of a part the server means by its copies: those with the same external id or, without one, the
/// same channels.
pub(crate) fn find_failed(body: &RequestBody, part: Part, failed: &[FailedContact]) -> Vec<Failed> {
    let mut by_id: HashMap<String, Vec<u32>> = HashMap::new();
    let mut by_channels: HashMap<Vec<ChannelOf>, Vec<u32>> = HashMap::new();
    for contact in (part.from..part.to).rev() {
        let known: Value = serde_json::from_slice(body.contact(contact)).unwrap_or_default();
        if let Some(id) = text(&known["externalCustomerId"]) {
            by_id.entry(id).or_default().push(contact);
        }
        by_channels.entry(channels(&known)).or_default().push(contact);
    }
    let mut taken = HashSet::new();
    let mut find = |copy: &FailedContact| {
        let candidates = match copy.external_id() {
            Some(id) => by_id.get(&id),
            None => by_channels.get(&copy.channels()),
        };
        candidates?.iter().rev().copied().find(|contact| taken.insert(*contact))
    };
    failed.iter().map(|copy| Failed { contact: find(copy), error: copy.error() }).collect()
}

/// Appends the line of a refused contact.
pub(crate) fn tell_refused(
    out: &mut Vec<u8>,
    body: &RequestBody,
    source: &str,
    contact: u32,
    cause: Cause,
    message: &str,
) {
    let key = body.key(contact, &mut Parser::new());
    let line = RefusedLine {
        source,
        line: 1,
        byte_offset: body.offset(contact) as u64,
        action: "rejected",
        key: key.as_deref(),
        violations: [Violation::of_record(cause.code(), "", format!("the server says: {message}"))],
        raw: std::str::from_utf8(body.contact(contact)).unwrap_or_default(),
    };
    write_line(out, &line);
}

/// Appends the line of a contact that the server names by a copy that fits none of the request: the copy stands for it.
pub(crate) fn tell_copy(out: &mut Vec<u8>, source: &str, copy: &FailedContact) {
    let message = format!("the server says of a contact that is not found in the request: {}", copy.error());
    let (key, raw) = (copy.external_id().filter(|id| !id.is_empty()), copy.0.to_string());
    let line = RefusedLine {
        source,
        line: 1,
        byte_offset: 0,
        action: "rejected",
        key: key.as_deref(),
        violations: [Violation::of_record(Cause::Failed.code(), "", message)],
        raw: &raw,
    };
    write_line(out, &line);
}

/// Appends the results of a part: the id of each contact that has a key and did not fail. Gives the number of those without
/// an id.
pub(crate) fn tell_results(
    out: &mut Vec<u8>,
    body: &RequestBody,
    source: &str,
    part: Part,
    failed: &[Failed],
    mapping: &[Mapped],
) -> u32 {
    let ids: HashMap<&str, &str> = mapping
        .iter()
        .filter_map(|mapped| Some((mapped.dedupe_value.as_deref()?, mapped.contact_id.as_deref()?)))
        .collect();
    let failed: HashSet<u32> = failed.iter().filter_map(|failed| failed.contact).collect();
    let mut parser = Parser::new();
    let mut unmapped = 0;
    for contact in (part.from..part.to).filter(|contact| !failed.contains(contact)) {
        let key = body.key(contact, &mut parser);
        let contact_id = key.as_deref().and_then(|key| ids.get(key).copied());
        unmapped += u32::from(contact_id.is_none());
        write_line(out, &ResultLine { key: key.as_deref(), contact_id, source });
    }
    unmapped
}

/// Appends the results of a part whose body is not at hand.
pub(crate) fn tell_mapping(out: &mut Vec<u8>, source: &str, mapping: &[Mapped]) {
    for mapped in mapping {
        let (key, contact_id) = (mapped.dedupe_value.as_deref(), mapped.contact_id.as_deref());
        write_line(out, &ResultLine { key, contact_id, source });
    }
}

fn write_line(out: &mut Vec<u8>, line: &impl Serialize) {
    serde_json::to_writer(&mut *out, line).expect("texts and numbers are written to memory");
    out.push(b'\n');
}
