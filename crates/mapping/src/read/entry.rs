//! Keys of a mapping with their values, and where they stand.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Source;
use crate::error::MappingError;
use crate::nearest::nearest;

/// A table whose keys are all known.
pub(super) struct Section<'t> {
    source: Source<'t>,
    table: &'t DeTable<'t>,
    path: String,
    offset: usize,
}

/// A value, with its key.
pub(super) struct Entry<'t> {
    source: Source<'t>,
    path: String,
    offset: usize,
    value: &'t DeValue<'t>,
}

impl<'t> Section<'t> {
    pub(super) fn top(
        source: Source<'t>,
        table: &'t DeTable<'t>,
        known: &[&str],
    ) -> Result<Self, MappingError> {
        let section = Self { source, table, path: String::new(), offset: 0 };
        section.check(known)?;
        Ok(section)
    }

    fn check(&self, known: &[&str]) -> Result<(), MappingError> {
        match self.entries().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, entry)) => {
                let near = nearest(key, known.iter().copied());
                Err(MappingError::Unknown {
                    mapping: self.source.name.to_owned(),
                    line: self.source.line(entry.offset),
                    key: entry.path,
                    nearest: near.map(str::to_owned),
                    known: known.iter().copied().map(str::to_owned).collect(),
                })
            }
        }
    }

    /// All keys with their values.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'t str, Entry<'t>)> {
        let (source, path) = (self.source, &self.path);
        self.table.iter().map(move |(key, value)| {
            let name: &'t str = key.get_ref();
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            (name, Entry { source, path, offset: key.span().start, value: value.get_ref() })
        })
    }

    pub(super) fn get(&self, key: &str) -> Option<Entry<'t>> {
        self.entries().find(|(name, _)| *name == key).map(|(_, entry)| entry)
    }

    pub(super) fn require(&self, key: &str) -> Result<Entry<'t>, MappingError> {
        self.get(key).ok_or_else(|| self.wrong(key, "it is missing"))
    }

    /// Something is wrong with a key that is not there.
    pub(super) fn wrong(&self, key: &str, message: impl Into<String>) -> MappingError {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        MappingError::Wrong {
            mapping: self.source.name.to_owned(),
            line: self.source.line(self.offset),
            key: path,
            message: message.into(),
        }
    }
}

impl<'t> Entry<'t> {
    pub(super) fn wrong(&self, message: impl Into<String>) -> MappingError {
        MappingError::Wrong {
            mapping: self.source.name.to_owned(),
            line: self.source.line(self.offset),
            key: self.path.clone(),
            message: message.into(),
        }
    }

    /// A name in the value that does not exist.
    pub(super) fn unknown(&self, what: &str, name: &str, known: &[&str]) -> MappingError {
        MappingError::Unknown {
            mapping: self.source.name.to_owned(),
            line: self.source.line(self.offset),
            key: format!("{}: the {what} {name}", self.path),
            nearest: nearest(name, known.iter().copied()).map(str::to_owned),
            known: known.iter().copied().map(str::to_owned).collect(),
        }
    }

    pub(super) fn is_named(&self, path: &str) -> bool {
        self.path == path
    }

    pub(super) fn text(&self) -> Result<&'t str, MappingError> {
        self.value.as_str().ok_or_else(|| self.wrong("it is a text, in quotes"))
    }

    /// One of these words.
    pub(super) fn one_of(&self, what: &str, known: &[&'static str]) -> Result<&'static str, MappingError> {
        let text = self.text()?;
        let found = known.iter().copied().find(|name| *name == text);
        found.ok_or_else(|| self.unknown(what, text, known))
    }

    pub(super) fn truth(&self) -> Option<bool> {
        self.value.as_bool()
    }

    pub(super) fn integer(&self) -> Option<i64> {
        let integer = self.value.as_integer()?;
        i64::from_str_radix(integer.as_str(), integer.radix()).ok()
    }

    /// A text, or a number or truth value as the text that it is in a record.
    pub(super) fn scalar(&self) -> Option<String> {
        match self.value {
            DeValue::String(text) => Some(text.clone().into_owned()),
            DeValue::Integer(_) => self.integer().map(|integer| integer.to_string()),
            DeValue::Float(float) => Some(float.as_str().to_owned()),
            DeValue::Boolean(truth) => Some(truth.to_string()),
            _ => None,
        }
    }

    pub(super) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// The elements of a list.
    pub(super) fn list(&self) -> Result<Vec<Entry<'t>>, MappingError> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("it is a list, in brackets"))?;
        let item = |(nth, value): (usize, &'t Spanned<DeValue<'t>>)| Entry {
            source: self.source,
            path: format!("{}[{nth}]", self.path),
            offset: value.span().start,
            value: value.get_ref(),
        };
        Ok(list.iter().enumerate().map(item).collect())
    }

    /// The elements of a list, or the value alone.
    pub(super) fn one_or_list(&self) -> Result<Vec<Entry<'t>>, MappingError> {
        if self.is_list() {
            return self.list();
        }
        Ok(vec![Entry {
            source: self.source,
            path: self.path.clone(),
            offset: self.offset,
            value: self.value,
        }])
    }

    /// A table with no keys but these.
    pub(super) fn section(&self, known: &[&str]) -> Result<Section<'t>, MappingError> {
        let section = self.open_section()?;
        section.check(known)?;
        Ok(section)
    }

    /// A table with any keys.
    pub(super) fn open_section(&self) -> Result<Section<'t>, MappingError> {
        let table = self.value.as_table().ok_or_else(|| self.wrong("it is a table"))?;
        Ok(Section { source: self.source, table, path: self.path.clone(), offset: self.offset })
    }
}
