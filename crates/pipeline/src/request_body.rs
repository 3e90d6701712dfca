//! Whole request bodies among the input: `{"contacts": […], "dedupeOn": …}`.
//!
//! Their contacts are records like any other. What else such a body says has to agree with the options of the run,
//! because the contacts go into new bodies.

use std::ops::Range;

use batch::{RequestOptions, RestoreDeleted};
use contact::{DedupeOn, FieldSet, StandardFields, Violation};
use ndjson::{Tape, TapeValue};

/// What a request body among the input has to agree with.
pub(crate) enum Agreement {
    /// All that the new bodies will say.
    Request(RequestOptions),
    /// No bodies are made: only what contacts are known by matters.
    Key(DedupeOn),
}

/// A request body, taken apart.
pub(crate) struct RequestBody {
    /// The text of each contact, in bytes of the body's text.
    pub(crate) contacts: Vec<Range<usize>>,
    /// Why none of them can be taken.
    pub(crate) disagreement: Option<Violation>,
    /// The fields that the body updates, where it lists them.
    pub(crate) listed: ListedFields,
}

/// The fields that a body lists.
#[derive(Default)]
pub(crate) struct ListedFields {
    standard: Option<StandardFields>,
    /// Ascending.
    custom: Option<Vec<i32>>,
}

/// Takes a record apart if it is a request body; a contact has no member `contacts`.
pub(crate) fn open(tape: &Tape<'_>, agreement: &Agreement) -> Option<RequestBody> {
    let body = tape.root();
    let contacts = body.get("contacts")?.elements()?;
    let start = tape.text().as_ptr() as usize;
    let contacts = contacts
        .map(|contact| {
            let text = tape.text_of(contact.index());
            let offset = text.as_ptr() as usize - start;
            offset..offset + text.len()
        })
        .collect();
    Some(RequestBody {
        contacts,
        disagreement: disagreement(body, agreement),
        listed: ListedFields::of(body),
    })
}

/// The first thing that the body says otherwise than the options.
fn disagreement(body: TapeValue<'_>, agreement: &Agreement) -> Option<Violation> {
    let (dedupe_on, options) = match agreement {
        Agreement::Request(options) => (options.dedupe_on, Some(options)),
        Agreement::Key(dedupe_on) => (*dedupe_on, None),
    };
    body.members()?.find_map(|(name, value)| {
        let (agrees, option) = match (name, options) {
            ("contacts" | "contactFields" | "customFieldsIDs", _) => return None,
            ("dedupeOn", _) => (value.as_str() == Some(dedupe_on.as_str()), "--dedupe-on"),
            ("fieldId", _) => {
                let wanted = match dedupe_on {
                    DedupeOn::FieldId(id) => Some(id),
                    _ => None,
                };
                (value.as_i64().is_some() && value.as_i64() == wanted, "--field-id")
            }
            ("groupNames", Some(options)) => (has_texts(value, &options.groups), "--group"),
            ("groupNamesExclude", Some(options)) => (has_texts(value, &options.exclude_groups), "--exclude-group"),
            ("restoreDeleted", Some(options)) => {
                (value.as_bool() == Some(options.restore_deleted == RestoreDeleted::Yes), "--restore-deleted")
            }
            ("eventKeyForNewContacts", Some(options)) => {
                let wanted = options.event_key.as_ref().map(batch::EventKey::as_str);
                (value.as_str().is_some() && value.as_str() == wanted, "--event-key")
            }
            ("groupNames" | "groupNamesExclude" | "restoreDeleted" | "eventKeyForNewContacts", None) => return None,
            _ => {
                let message = format!("a request body has no member \"{name}\"; remove it");
                return Some(Violation::of_record("body-option", "", message));
            }
        };
        let message = format!(
            "the request body that holds this contact says otherwise about {name} than this run; run it with the same \
             {option}, or take {name} out of the body"
        );
        (!agrees).then(|| Violation::of_record("body-option", "", message))
    })
}

fn has_texts(value: TapeValue<'_>, wanted: &[String]) -> bool {
    value.elements().is_some_and(|elements| {
        elements.len() == wanted.len()
            && elements.zip(wanted).all(|(element, wanted)| element.as_str() == Some(wanted.as_str()))
    })
}

impl ListedFields {
    fn of(body: TapeValue<'_>) -> Self {
        let standard = body.get("contactFields").and_then(TapeValue::elements).map(|names| {
            names.filter_map(TapeValue::as_str).fold(StandardFields::EMPTY, |mut fields, name| {
                fields.insert(name);
                fields
            })
        });
        let custom = body.get("customFieldsIDs").and_then(TapeValue::elements).map(|ids| {
            let mut ids: Vec<i32> = ids.filter_map(|id| i32::try_from(id.as_i64()?).ok()).collect();
            ids.sort_unstable();
            ids
        });
        Self { standard, custom }
    }

    /// A field that the contact carries and its body does not update: in a new body it would be updated.
    pub(crate) fn unlisted(&self, carried: &FieldSet) -> Option<Violation> {
        let violation = |field: String, list: &str| {
            let message = format!(
                "the contact carries {field}, which the {list} of its request body does not list, so that it was not \
                 to be updated; list it there or take it out of the contact"
            );
            Violation::of_record("body-fields", "", message)
        };
        if let Some(listed) = self.standard {
            // The field by which contacts are found is itself not updated, and often not listed.
            let unlisted =
                carried.standard.names().find(|name| *name != "externalCustomerId" && !listed.contains(name));
            if let Some(name) = unlisted {
                return Some(violation(name.to_owned(), "contactFields"));
            }
        }
        let listed = self.custom.as_ref()?;
        let unlisted = carried.custom.iter().find(|id| listed.binary_search(id).is_err())?;
        Some(violation(format!("custom field {unlisted}"), "customFieldsIDs"))
    }
}
