//! What happens to rows of one key.

use std::path::PathBuf;

use contact::{DedupeOn, Finds};

/// How rows of one key become one contact.
#[derive(Clone, Debug)]
pub struct Merging {
    /// What happens to them.
    pub on_duplicate: OnDuplicate,
    /// What happens to a token that several contacts have; only [`OnDuplicate::Merge`] asks.
    pub shared_tokens: SharedTokens,
    /// How keys follow each other in the input.
    pub input_order: InputOrder,
    /// Whether each row that lost a value to a more recent one is told.
    pub log_conflicts: bool,
    /// Bytes of memory for it. It changes no byte of the output.
    pub memory_bytes: usize,
    /// The folder for temporary files, which are made when memory is full.
    pub temp_dir: PathBuf,
}

impl Default for Merging {
    fn default() -> Self {
        Self {
            on_duplicate: OnDuplicate::default(),
            shared_tokens: SharedTokens::default(),
            input_order: InputOrder::default(),
            log_conflicts: false,
            memory_bytes: 256 << 20,
            temp_dir: std::env::temp_dir(),
        }
    }
}

impl Merging {
    /// What has to be found in contacts for it; it goes into the options of the rules.
    #[must_use]
    pub fn finds(&self, dedupe_on: DedupeOn) -> Finds {
        let is_held = self.on_duplicate != OnDuplicate::Keep && self.input_order == InputOrder::Any;
        let is_merge = self.on_duplicate == OnDuplicate::Merge;
        Finds {
            tokens: is_held && is_merge && self.shared_tokens == SharedTokens::Last,
            links: is_held && dedupe_on == DedupeOn::EmailOrSms,
        }
    }
}

impl From<OnDuplicate> for Merging {
    fn from(on_duplicate: OnDuplicate) -> Self {
        Self { on_duplicate, ..Self::default() }
    }
}

/// What happens to rows whose key came before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// All rows of a key become one contact.
    #[default]
    Merge,
    /// The first row of a key stays; later ones are left out, and told.
    First,
    /// The most recent row of a key stays; the others are left out, and told.
    Last,
    /// All rows of a key that has several are rejected.
    Reject,
    /// All are kept: the keys are known to be unique, or it does not matter.
    Keep,
}

impl OnDuplicate {
    /// The word for it in options and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::First => "first",
            Self::Last => "last",
            Self::Reject => "reject",
            Self::Keep => "keep",
        }
    }
}

/// What happens to a push token that several contacts have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SharedTokens {
    /// The contact of the active and most recent row keeps it.
    #[default]
    Last,
    /// All of them keep it.
    Keep,
}

impl SharedTokens {
    /// The word for it in options and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Keep => "keep",
        }
    }
}

/// How keys follow each other in the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputOrder {
    /// In any order.
    #[default]
    Any,
    /// All rows of a key follow each other; a key that comes again ends the run.
    SortedByKey,
}
