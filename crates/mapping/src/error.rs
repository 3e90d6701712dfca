//! What can be wrong with a mapping.

use std::borrow::Cow;

use thiserror::Error;

/// A mistake in a mapping, or a mapping that does not belong to the input.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MappingError {
    /// It is not TOML.
    #[error("{mapping}, line {line}: {message}")]
    Syntax {
        /// The mapping.
        mapping: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A key, a member or a normaliser that does not exist.
    #[error("{mapping}, line {line}: {key} does not exist; {}", instead(nearest.as_deref(), known))]
    Unknown {
        /// The mapping.
        mapping: String,
        /// The line, from 1.
        line: usize,
        /// Where it stands, such as `channel[1].valeu`.
        key: String,
        /// What was probably meant.
        nearest: Option<String>,
        /// What can stand there.
        known: Vec<String>,
    },
    /// A key with a value that it cannot have, or one that is missing.
    #[error("{mapping}, line {line}: {key}: {message}")]
    Wrong {
        /// The mapping.
        mapping: String,
        /// The line, from 1.
        line: usize,
        /// Where it stands.
        key: String,
        /// What is wrong, and what to do.
        message: String,
    },
    /// The header lacks a column.
    #[error(
        "{mapping}: the header has no column {place}{}; the columns are {}; if {place} may be missing, name it in optional",
        did_you_mean(nearest.as_deref()),
        first_of(columns, COLUMNS)
    )]
    MissingColumn {
        /// The mapping.
        mapping: String,
        /// The place, as the mapping writes it.
        place: String,
        /// A column of nearly the same name that the mapping does not use.
        nearest: Option<String>,
        /// The columns that are there.
        columns: Vec<String>,
    },
    /// A place that no record has, where one of nearly the same name is.
    #[error(
        "{mapping}: none of the first records has {place}, but {nearest} is there: did you mean that? If {place} may be \
         missing, name it in optional"
    )]
    MisspeltPlace {
        /// The mapping.
        mapping: String,
        /// The place, as the mapping writes it.
        place: String,
        /// What is there.
        nearest: String,
    },
    /// Channels for each element of an array, out of a table.
    #[error(
        "{mapping}: {place} is an array, of which a table has none; name columns as places, without each"
    )]
    ArrayInTable {
        /// The mapping.
        mapping: String,
        /// The array, as the mapping writes it.
        place: String,
    },
    /// The place of the date that the user gave is none.
    #[error("the place of the date, {place}: {message}")]
    GivenPlace {
        /// The place, as it was given.
        place: String,
        /// Why it is none.
        message: String,
    },
}

/// How many columns are named.
const COLUMNS: usize = 10;

/// How many words are named that could stand instead.
const WORDS: usize = 20;

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!(" (did you mean {nearest}?)")).unwrap_or_default()
}

fn instead(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("there are {}", first_of(known, WORDS)),
    }
}

/// The first of some names, and how many more there are.
pub(crate) fn first_of(names: &[String], most: usize) -> String {
    let named = names.iter().take(most).map(|name| shortened(name));
    let mut named = named.collect::<Vec<_>>().join(", ");
    if names.len() > most {
        named.push_str(&format!(" and {} more", names.len() - most));
    }
    named
}

/// A name that comes from the data can be of any length.
fn shortened(name: &str) -> Cow<'_, str> {
    const MOST_CHARACTERS: usize = 60;
    match name.char_indices().nth(MOST_CHARACTERS) {
        None => Cow::Borrowed(name),
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
    }
}
