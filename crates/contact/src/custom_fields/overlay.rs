//! The rules that the types of custom fields make, as a schema that tightens those of a contact.
//!
//! Every field has a condition of its own on `id`, of the form that is compiled for plain records too. Each rule of the
//! API has its source beside it here, as the contact's schema has it in `$comment`.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, CustomField, FieldType};
use crate::normalise::{Change, Normaliser, Settings};
use crate::number_text::{X_NUMBER_TEXT, compare};
use crate::schema::CONTACT_SCHEMA_URI;

/// Documented: the longest `TEXTFIELD`. That `% ^ * | ~ {` are "not supported" is documented too, but not what becomes of
/// them, so they are let through.
const MAX_TEXT_FIELD_CHARACTERS: u32 = 1000;

/// Documented: the longest `TEXTAREA`.
const MAX_TEXT_AREA_CHARACTERS: u32 = 5000;

/// Documented: the bounds of a `NUMBER`.
const NUMBER_BOUNDS: [&str; 2] = ["-2147483648", "2147483647"];

/// Documented: `yyyy-MM-ddTHH:mm`. The days are those of the calendar, leap years included, as `date` has them.
const DATE_TIME: &str = concat!(
    "^(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])",
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))",
    "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)",
    "T(?:[01][0-9]|2[0-3]):[0-5][0-9]$",
);

/// Documented: comma separated. Inferred: none of the values is empty; no value at all is an empty text.
const ANY_VALUES: &str = "^(?:[^,]+(?:,[^,]+)*)?$";

/// How many values a hint shows: a long list helps nobody.
const MOST_SHOWN: usize = 12;

impl Catalogue {
    /// A JSON Schema (2020-12) that tightens the contact's rules: `fields` may hold the account's own fields, none that
    /// is read-only, and each with a value of its type. The same catalogue gives the same schema, byte for byte.
    ///
    /// What is [unknown](FieldType::Unknown) to this crate has no rule on its values, nor has a list without any values.
    /// That a field is [required](CustomField::is_required) is no rule either.
    #[must_use]
    pub fn overlay(&self) -> Value {
        let mut rules = vec![self.known_ids()];
        rules.extend(self.fields().filter_map(rule));
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "The custom fields of the account",
            "description": "Tightens the rules of a contact: which custom fields there are, and what their values look like. Made of the account's own list (GET addressbooks); make it anew when fields were added or changed.",
            "properties": {
                "fields": {
                    "items": {
                        "properties": {
                            "value": { "$ref": format!("{CONTACT_SCHEMA_URI}#/$defs/customField/properties/value") }
                        },
                        "allOf": rules
                    }
                }
            }
        })
    }

    /// No other fields than these.
    fn known_ids(&self) -> Value {
        const CODE: &str = "unknown-field";
        if self.is_empty() {
            return json!({
                "properties": {
                    "id": {
                        "not": {},
                        "x-code": CODE,
                        "x-hint": "the account has no custom fields; create them first, and make this schema anew an hour later"
                    }
                }
            });
        }
        let ids: Vec<i32> = self.fields().map(|field| field.id).collect();
        json!({
            "$comment": "Documented: a custom field has to exist before contacts carry it, and takes up to an hour after its creation to be known.",
            "if": { "properties": { "id": { "enum": ids } }, "required": ["id"] },
            "else": {
                "properties": {
                    "id": {
                        "$comment": "What is no number is refused already.",
                        "if": { "type": "integer" },
                        "then": {
                            "enum": ids,
                            "x-code": CODE,
                            "x-hint": "the account has no other custom fields; create the field first, and make this schema anew an hour later"
                        }
                    }
                }
            }
        })
    }
}

/// The condition that a field makes, if its type says anything.
fn rule(field: &CustomField) -> Option<Value> {
    let (member, rule) = if field.is_read_only {
        let hint = format!("{} is read-only; leave it out", label(field));
        ("id", json!({ "not": {}, "x-code": "read-only-field", "x-hint": hint }))
    } else {
        ("value", ValueRule::of(field)?.schema(field))
    };
    Some(json!({
        "title": field.name,
        "$comment": field.field_type.name(),
        "if": { "properties": { "id": { "const": field.id } }, "required": ["id"] },
        "then": { "properties": { member: rule } }
    }))
}

/// What values have to be: one keyword says it.
struct ValueRule {
    keyword: &'static str,
    value: Value,
    repairs: Vec<Normaliser>,
    /// The same in words that follow the field's name.
    words: String,
}

impl ValueRule {
    fn new(keyword: &'static str, value: impl Into<Value>, words: impl Into<String>) -> Self {
        Self { keyword, value: value.into(), repairs: Vec::new(), words: words.into() }
    }

    fn repaired_by(self, repairs: &[Normaliser]) -> Self {
        Self { repairs: repairs.to_vec(), ..self }
    }

    fn of(field: &CustomField) -> Option<Self> {
        let values = &field.possible_values;
        Some(match &field.field_type {
            FieldType::TextField => {
                Self::new("maxLength", MAX_TEXT_FIELD_CHARACTERS, "is a TEXTFIELD; shorten the text")
            }
            FieldType::TextArea => {
                Self::new("maxLength", MAX_TEXT_AREA_CHARACTERS, "is a TEXTAREA; shorten the text")
            }
            FieldType::Number => Self::of_whole_numbers(field),
            FieldType::Decimal => Self::of_decimals(field),
            // Documented besides yyyy-MM-dd: dd/MM/yyyy and dd.MM.yyyy, which the normaliser understands, and dd.MM.yy,
            // of which nobody knows the century.
            FieldType::Date => {
                Self::new("format", "date", "takes a date such as 1814-03-09, the year with four digits")
                    .repaired_by(&[Normaliser::Trim, Normaliser::Date])
            }
            FieldType::DateTime => {
                let words = "takes a date and time such as 1814-03-09T10:30, without seconds and zone";
                Self::new("pattern", DATE_TIME, words).repaired_by(&[Normaliser::Trim, Normaliser::DateTime])
            }
            FieldType::ComboBox if !values.is_empty() => Self::of_one(values),
            // Not known: whether spaces may stand beside the commas, so there are none.
            FieldType::CheckBoxList if !values.is_empty() => {
                let words =
                    format!("takes values out of {}, separated by commas without spaces", shown(values));
                Self::new("pattern", values_of(values), words)
            }
            FieldType::Tags => {
                Self::new("pattern", ANY_VALUES, "takes values separated by commas, none of them empty")
            }
            FieldType::ComboBox | FieldType::CheckBoxList | FieldType::Unknown(_) => return None,
        })
    }

    fn of_whole_numbers(field: &CustomField) -> Self {
        let [least, most] = NUMBER_BOUNDS;
        let minimum = tighter(field.minimum.as_deref(), least, Ordering::Greater);
        let maximum = tighter(field.maximum.as_deref(), most, Ordering::Less);
        let value = json!({ "minimum": minimum, "maximum": maximum, "integer": true });
        let words = format!("takes a whole number from {minimum} to {maximum}");
        Self::new(X_NUMBER_TEXT, value, words).repaired_by(&[Normaliser::Trim])
    }

    fn of_decimals(field: &CustomField) -> Self {
        let bounds = [("minimum", "at least", &field.minimum), ("maximum", "at most", &field.maximum)];
        let mut value = Map::new();
        let mut words = "takes a number such as 12.5".to_owned();
        for (name, word, bound) in bounds {
            if let Some(bound) = bound {
                value.insert(name.to_owned(), bound.as_str().into());
                words.push_str(&format!(", {word} {bound}"));
            }
        }
        Self::new(X_NUMBER_TEXT, value, words).repaired_by(&[Normaliser::Trim])
    }

    fn of_one(values: &[String]) -> Self {
        let rule = Self::new("enum", distinct(values), "takes one of its values");
        let is_trimmed =
            |value: &String| Normaliser::Trim.on_text(value, &Settings::default()) == Change::Unchanged;
        if values.iter().all(is_trimmed) { rule.repaired_by(&[Normaliser::Trim]) } else { rule }
    }

    fn schema(self, field: &CustomField) -> Value {
        let mut schema = Map::from_iter([(self.keyword.to_owned(), self.value)]);
        if !self.repairs.is_empty() {
            let names: Vec<&str> = self.repairs.into_iter().map(Normaliser::name).collect();
            schema.insert("x-normalize".to_owned(), names.into());
        }
        schema.insert("x-code".to_owned(), "bad-custom-field".into());
        schema.insert("x-hint".to_owned(), format!("{} {}", label(field), self.words).into());
        schema.into()
    }
}

/// The field's bound, where it is beyond that of its type in this direction.
fn tighter<'f>(bound: Option<&'f str>, of_type: &'f str, direction: Ordering) -> &'f str {
    bound.filter(|bound| compare(bound, of_type) == Some(direction)).unwrap_or(of_type)
}

/// What messages call the field.
fn label(field: &CustomField) -> String {
    let name: String = field.name.chars().filter(|character| !character.is_control()).collect();
    match name.as_str() {
        "" => format!("the custom field {}", field.id),
        name => format!("the custom field {} \"{name}\"", field.id),
    }
}

/// Each of the values once, as they stand.
fn distinct(values: &[String]) -> Vec<&str> {
    let mut seen = HashSet::new();
    values.iter().map(String::as_str).filter(|value| seen.insert(*value)).collect()
}

/// A pattern of some of these values with commas between.
fn values_of(values: &[String]) -> String {
    let one_of = distinct(values).into_iter().map(escaped).collect::<Vec<_>>().join("|");
    format!("^(?:(?:{one_of})(?:,(?:{one_of}))*)?$")
}

/// A text as a pattern of ECMA that matches it alone.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if "^$\\.*+?()[]{}|/".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

fn shown(values: &[String]) -> String {
    let mut shown: Vec<String> =
        values.iter().take(MOST_SHOWN).map(|value| Value::from(value.as_str()).to_string()).collect();
    if values.len() > MOST_SHOWN {
        shown.push(format!("{} more", values.len() - MOST_SHOWN));
    }
    shown.join(", ")
}
