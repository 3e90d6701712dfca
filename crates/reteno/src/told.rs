//! What is told of single contacts: refused ones, and the ids of the others.

use std::collections::HashMap;

use contact::{Violation, mask_text};
use ndjson::Parser;
use serde::{Deserialize, Serialize};

use crate::answer::{ChannelOf, FailedContact, Mapped};
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
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Known {
        external_customer_id: Option<String>,
        channels: Vec<ChannelOf>,
    }
    let mut by_id: HashMap<String, Vec<u32>> = HashMap::new();
    let mut by_channels: HashMap<Vec<ChannelOf>, Vec<u32>> = HashMap::new();
    for contact in (part.from..part.to).rev() {
        let known: Known = serde_json::from_slice(body.contact(contact)).unwrap_or_default();
        if let Some(id) = known.external_customer_id {
            by_id.entry(id).or_default().push(contact);
        }
        by_channels.entry(known.channels).or_default().push(contact);
    }
    let mut taken = std::collections::HashSet::new();
    let find = |copy: &FailedContact| {
        let candidates = match &copy.external_customer_id {
            Some(id) => by_id.get(id),
            None => by_channels.get(&copy.channels),
        };
        candidates?.iter().rev().copied().find(|contact| taken.insert(*contact))
    };
    let contacts: Vec<Option<u32>> = failed.iter().map(find).collect();
    let error = |copy: &FailedContact| match &copy.error {
        Some(error) => crate::answer::told(error.as_bytes()),
        None => "no reason was given".to_owned(),
    };
    contacts.into_iter().zip(failed).map(|(contact, copy)| Failed { contact, error: error(copy) }).collect()
}

/// Appends the line of a refused contact.
pub(crate) fn tell_refused(
    out: &mut Vec<u8>,
    body: &RequestBody,
    source: &str,
    contact: Option<u32>,
    cause: Cause,
    message: &str,
) {
    let mut parser = Parser::new();
    let key = contact.and_then(|contact| body.key(contact, &mut parser));
    let message = match contact {
        Some(_) => format!("the server says: {message}"),
        None => format!("the server says of a contact that is not found in the request: {message}"),
    };
    let line = RefusedLine {
        source,
        line: 1,
        byte_offset: contact.map_or(0, |contact| body.offset(contact) as u64),
        action: "rejected",
        key: key.as_deref(),
        violations: [Violation::of_record(cause.code(), "", message)],
        raw: contact.map_or("", |contact| std::str::from_utf8(body.contact(contact)).unwrap_or_default()),
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
    let failed: std::collections::HashSet<u32> = failed.iter().filter_map(|failed| failed.contact).collect();
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

/// A token for people.
pub(crate) fn masked(token: &str) -> String {
    mask_text(token)
}
