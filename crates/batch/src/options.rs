//! What a request says beside its contacts, and how large it may get.

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;

use contact::DedupeOn;
use thiserror::Error;

/// The most contacts that one request of *Add contacts* takes.
///
/// Source: `docs.reteno.com/docs/uploading-mobile-token-base`.
pub const MAX_CONTACTS_PER_REQUEST: u32 = 3000;

/// The default of [`BatchOptions::max_bytes`]. An assumption: the API documents no limit of bytes.
pub const DEFAULT_MAX_BYTES: usize = 8 << 20;

/// The default of [`BatchOptions::open_bytes`].
pub const DEFAULT_OPEN_BYTES: usize = 8 << 20;

/// The longest `eventKeyForNewContacts`, in characters; documented for the bulk method.
pub const MAX_EVENT_KEY_CHARS: usize = 100;

/// What the documentation forbids in `eventKeyForNewContacts`, beside everything that is not printable ASCII.
const FORBIDDEN_IN_EVENT_KEY: &str = "<;'\\/|\"^?!,>`";

/// What happens to a field that a contact does not carry and another contact does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Absent {
    /// It keeps the value that it has in Reteno: a body holds only contacts of one field set.
    #[default]
    Keep,
    /// It is erased in Reteno: every body lists the union of all field sets.
    Clear,
}

impl Absent {
    /// The word for it in options and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Clear => "clear",
        }
    }
}

/// Whether contacts that were deleted in Reteno come back; the request option `restoreDeleted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RestoreDeleted {
    /// They are skipped by the API.
    #[default]
    No,
    /// They are restored.
    Yes,
}

/// The key of the event that each new contact generates; the request option `eventKeyForNewContacts`.
///
/// At most [`MAX_EVENT_KEY_CHARS`] characters of printable ASCII, without space and without
/// ``< ; ' \ / | " ^ ? ! , >`` and the backtick.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventKey(String);

impl EventKey {
    /// Takes a key that the API takes.
    ///
    /// # Errors
    /// Says which rule the key breaks and where.
    pub fn new(key: impl Into<String>) -> Result<Self, EventKeyError> {
        let key = key.into();
        if key.is_empty() {
            return Err(EventKeyError::Empty);
        }
        let allowed = |c: char| c.is_ascii_graphic() && !FORBIDDEN_IN_EVENT_KEY.contains(c);
        if let Some((index, character)) = key.chars().enumerate().find(|&(_, c)| !allowed(c)) {
            return Err(EventKeyError::Character { character, position: index + 1 });
        }
        let chars = key.chars().count();
        if chars > MAX_EVENT_KEY_CHARS {
            return Err(EventKeyError::TooLong { chars });
        }
        Ok(Self(key))
    }

    /// The key as it goes into the request.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for EventKey {
    type Err = EventKeyError;

    fn from_str(key: &str) -> Result<Self, Self::Err> {
        Self::new(key)
    }
}

/// Why a text is no [`EventKey`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKeyError {
    /// There is nothing in it.
    #[error("the event key is empty")]
    Empty,
    /// It has more than [`MAX_EVENT_KEY_CHARS`] characters.
    #[error("the event key has {chars} characters; at most {MAX_EVENT_KEY_CHARS} are allowed")]
    TooLong {
        /// How many it has.
        chars: usize,
    },
    /// A character that the API does not take.
    #[error(
        "the event key has {character:?} at position {position}; use Latin letters, digits and signs, without spaces \
         and without any of {FORBIDDEN_IN_EVENT_KEY}"
    )]
    Character {
        /// The first such character.
        character: char,
        /// Where it stands, in characters; the first is 1.
        position: usize,
    },
}

/// What every request says beside its contacts and fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestOptions {
    /// By which field the API finds the contacts it has; `dedupeOn` and `fieldId`.
    pub dedupe_on: DedupeOn,
    /// The groups that the contacts are put into; `groupNames`, left out when empty.
    pub groups: Vec<String>,
    /// The groups that the contacts are taken out of; `groupNamesExclude`, left out when empty.
    pub exclude_groups: Vec<String>,
    /// Whether deleted contacts come back; `restoreDeleted`, said only when they do.
    pub restore_deleted: RestoreDeleted,
    /// The event of new contacts; `eventKeyForNewContacts`.
    pub event_key: Option<EventKey>,
}

/// How contacts become request bodies.
#[derive(Clone, Debug)]
pub struct BatchOptions {
    /// What every request says.
    pub request: RequestOptions,
    /// What happens to absent fields.
    pub absent: Absent,
    /// The most contacts of one body, at most [`MAX_CONTACTS_PER_REQUEST`].
    pub max_contacts: NonZeroU32,
    /// The most bytes of one complete body.
    pub max_bytes: usize,
    /// Memory for bodies that are not yet complete, in bytes; what is above lies in a temporary file.
    pub open_bytes: usize,
    /// The folder of that temporary file. It must exist.
    pub spill_dir: PathBuf,
}

impl BatchOptions {
    /// Options with every default: absent fields keep their values, bodies as large as the API takes.
    #[must_use]
    pub fn new(request: RequestOptions, spill_dir: impl Into<PathBuf>) -> Self {
        const MOST: NonZeroU32 = NonZeroU32::new(MAX_CONTACTS_PER_REQUEST).expect("3000 is not zero");
        Self {
            request,
            absent: Absent::default(),
            max_contacts: MOST,
            max_bytes: DEFAULT_MAX_BYTES,
            open_bytes: DEFAULT_OPEN_BYTES,
            spill_dir: spill_dir.into(),
        }
    }
}

/// Why [`BatchOptions`] cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// More contacts in a request than the API takes.
    #[error("a request may hold at most {MAX_CONTACTS_PER_REQUEST} contacts, not {max_contacts}")]
    MaxContacts {
        /// What was asked for.
        max_contacts: u32,
    },
    /// Not even an empty body fits, or the number is beyond any sense.
    #[error("a request of at most {max_bytes} bytes is not possible; choose between {least} and {most}")]
    MaxBytes {
        /// What was asked for.
        max_bytes: usize,
        /// The bytes of a body without contacts and fields.
        least: usize,
        /// The most bytes that this crate handles.
        most: usize,
    },
    /// A group without a name.
    #[error("a group name is empty")]
    EmptyGroupName,
    /// The folder for temporary files is not there or is no folder.
    #[error("{} is not a folder; temporary files need one", dir.display())]
    SpillDir {
        /// The path.
        dir: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_key_follows_the_rules_of_the_api() {
        let longest = "k".repeat(100);
        for good in ["newContact", "a", "new_contact-1.2", longest.as_str()] {
            assert_eq!(EventKey::new(good).expect(good).as_str(), good);
        }
        let character = |character, position| EventKeyError::Character { character, position };
        let cases = [
            ("", EventKeyError::Empty),
            ("new contact", character(' ', 4)),
            ("new\tcontact", character('\t', 4)),
            ("новий", character('н', 1)),
            ("a`", character('`', 2)),
            ("é", character('é', 1)),
        ];
        for (key, error) in cases {
            assert_eq!(EventKey::new(key), Err(error), "{key:?}");
        }
        for forbidden in FORBIDDEN_IN_EVENT_KEY.chars() {
            assert_eq!(EventKey::new(format!("ok{forbidden}")), Err(character(forbidden, 3)));
        }
        assert_eq!(EventKey::new("k".repeat(101)), Err(EventKeyError::TooLong { chars: 101 }));
    }
}
