//! Which custom fields an account has.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::address_books::{Answer, Field, Object, id_of};
use crate::number_text::is_number_text;

/// The custom fields of an account, each once, in ascending order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    fields: BTreeMap<i32, CustomField>,
}

/// A custom field of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CustomField {
    /// The number that contacts name it by.
    pub id: i32,
    /// What people call it; empty if the API does not say.
    pub name: String,
    /// What templates call it.
    pub key: Option<String>,
    /// What kind of value it has.
    pub field_type: FieldType,
    /// The values that a list is made of, as the API gives them.
    pub possible_values: Vec<String>,
    /// The least value, as the API writes it.
    pub minimum: Option<String>,
    /// The greatest value, as the API writes it.
    pub maximum: Option<String>,
    /// Whether it is marked as required. It is not known that the API refuses contacts without it.
    pub is_required: bool,
    /// Whether it cannot be written.
    pub is_read_only: bool,
}

/// The type of a custom field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldType {
    /// `TEXTFIELD`: a short text.
    TextField,
    /// `TEXTAREA`: a long text.
    TextArea,
    /// `NUMBER`: a whole number of 32 bits.
    Number,
    /// `DECIMAL`: a number with a fraction.
    Decimal,
    /// `DATE`: a day.
    Date,
    /// `DATETIME`: a day and a time of day.
    DateTime,
    /// `COMBOBOX`: one of some values.
    ComboBox,
    /// `CHECKBOXLIST`: several of some values.
    CheckBoxList,
    /// `TAGS`: several values of any kind.
    Tags,
    /// A type that is not known here, by the name that the API gives it; empty if it gives none.
    Unknown(String),
}

/// Why the answer of `GET addressbooks` cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// It is not JSON, or not of the shape that is documented.
    #[error("the answer is not a list of custom fields as GET addressbooks gives it: {0}")]
    Shape(#[from] serde_json::Error),
    /// A field has a member that it cannot have.
    #[error("{place} is not understood: {cause}")]
    Field {
        /// The field by its id, or where it stands if that is not understood.
        place: String,
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
    /// A field of numbers has a bound that is none.
    #[error("{member} of the custom field {id} is not a number: {value:?}")]
    Bound {
        /// The field's id.
        id: i32,
        /// Which bound, as the API names it.
        member: &'static str,
        /// What stands there.
        value: String,
    },
    /// A field stands twice, with two meanings.
    #[error("the custom field {id} stands twice in the answer, and not the same both times")]
    Contradiction {
        /// The field's id.
        id: i32,
    },
}

impl Catalogue {
    /// Reads the answer of `GET addressbooks`. What it does not have to say it may leave out; members that are not known
    /// are passed over.
    ///
    /// # Errors
    /// [`CatalogueError`] with the id of the field and the member.
    pub fn read(json: &[u8]) -> Result<Self, CatalogueError> {
        let Object(answer): Object<Answer> = serde_json::from_slice(json)?;
        let groups = answer.address_books.into_iter().flat_map(|Object(book)| book.groups);
        let mut fields = BTreeMap::new();
        for (nth, value) in groups.flat_map(|Object(group)| group.fields).enumerate() {
            let field = CustomField::read(&value, nth)?;
            match fields.entry(field.id) {
                Entry::Vacant(place) => {
                    place.insert(field);
                }
                Entry::Occupied(known) if *known.get() == field => {}
                Entry::Occupied(_) => return Err(CatalogueError::Contradiction { id: field.id }),
            }
        }
        Ok(Self { fields })
    }

    /// The fields in ascending order of their ids.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = &CustomField> {
        self.fields.values()
    }

    /// The field of this id.
    #[must_use]
    pub fn get(&self, id: i32) -> Option<&CustomField> {
        self.fields.get(&id)
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl CustomField {
    fn read(value: &Value, nth: usize) -> Result<Self, CatalogueError> {
        let Object(field) = Object::<Field>::deserialize(value).map_err(|cause| CatalogueError::Field {
            place: match value.get("id").and_then(id_of) {
                Some(id) => format!("the custom field {id}"),
                None => format!("number {} of the custom fields", nth + 1),
            },
            cause,
        })?;
        let description = field.description.map(|Object(description)| description).unwrap_or_default();
        let allowed = description.allowed.map(|Object(allowed)| allowed).unwrap_or_default();
        let read = Self {
            id: field.id,
            name: field.name.unwrap_or_default(),
            key: field.key,
            field_type: FieldType::from_name(&description.kind.unwrap_or_default()),
            possible_values: allowed.possible,
            minimum: allowed.minimum,
            maximum: allowed.maximum,
            is_required: description.required,
            is_read_only: description.read_only,
        };
        // What bounds mean to other types is not known; there they are not looked at.
        if matches!(read.field_type, FieldType::Number | FieldType::Decimal) {
            for (member, bound) in [("minValue", &read.minimum), ("maxValue", &read.maximum)] {
                if let Some(value) = bound.as_ref().filter(|value| !is_number_text(value)) {
                    return Err(CatalogueError::Bound { id: read.id, member, value: value.clone() });
                }
            }
        }
        Ok(read)
    }
}

impl FieldType {
    /// The type of that name, in letters of any case.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "TEXTFIELD" => Self::TextField,
            "TEXTAREA" => Self::TextArea,
            "NUMBER" => Self::Number,
            "DECIMAL" => Self::Decimal,
            "DATE" => Self::Date,
            "DATETIME" => Self::DateTime,
            "COMBOBOX" => Self::ComboBox,
            "CHECKBOXLIST" => Self::CheckBoxList,
            "TAGS" => Self::Tags,
            _ => Self::Unknown(name.to_owned()),
        }
    }

    /// Its name, as the API writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::TextField => "TEXTFIELD",
            Self::TextArea => "TEXTAREA",
            Self::Number => "NUMBER",
            Self::Decimal => "DECIMAL",
            Self::Date => "DATE",
            Self::DateTime => "DATETIME",
            Self::ComboBox => "COMBOBOX",
            Self::CheckBoxList => "CHECKBOXLIST",
            Self::Tags => "TAGS",
            Self::Unknown(name) => name,
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
