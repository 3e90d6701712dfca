//! The answer of `GET addressbooks`, as loosely as it comes: one where several may be is not always in a list, and numbers
//! and truth values may be texts.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

#[derive(serde::Deserialize)]
pub(super) struct Answer {
    #[serde(default, rename = "addressBook", deserialize_with = "several")]
    pub(super) address_books: Vec<Object<AddressBook>>,
}

#[derive(serde::Deserialize)]
pub(super) struct AddressBook {
    #[serde(default, rename = "fieldGroups", deserialize_with = "several")]
    pub(super) groups: Vec<Object<FieldGroup>>,
}

#[derive(serde::Deserialize)]
pub(super) struct FieldGroup {
    /// Each is read by itself, so that what is wrong with one is told with its id.
    #[serde(default, deserialize_with = "several")]
    pub(super) fields: Vec<Value>,
}

#[derive(serde::Deserialize)]
pub(super) struct Field {
    #[serde(deserialize_with = "id")]
    pub(super) id: i32,
    #[serde(default, deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(default, rename = "fieldKey", deserialize_with = "text")]
    pub(super) key: Option<String>,
    pub(super) description: Option<Object<Description>>,
}

#[derive(Default, serde::Deserialize)]
pub(super) struct Description {
    #[serde(default, rename = "type", deserialize_with = "text")]
    pub(super) kind: Option<String>,
    #[serde(rename = "allowedValues")]
    pub(super) allowed: Option<Object<AllowedValues>>,
    #[serde(default, deserialize_with = "truth")]
    pub(super) required: bool,
    #[serde(default, rename = "readonly", deserialize_with = "truth")]
    pub(super) read_only: bool,
}

#[derive(Default, serde::Deserialize)]
pub(super) struct AllowedValues {
    #[serde(default, rename = "possibleValues", deserialize_with = "texts")]
    pub(super) possible: Vec<String>,
    #[serde(default, rename = "minValue", deserialize_with = "text")]
    pub(super) minimum: Option<String>,
    #[serde(default, rename = "maxValue", deserialize_with = "text")]
    pub(super) maximum: Option<String>,
}

/// What is made of an object, and of nothing else: derived readers take an array for one too.
pub(super) struct Object<T>(pub(super) T);

/// What messages call an object.
pub(super) trait Named {
    const NAME: &'static str;
}

impl Named for Answer {
    const NAME: &'static str = "an object with addressBook";
}

impl Named for AddressBook {
    const NAME: &'static str = "an object as addressBook";
}

impl Named for FieldGroup {
    const NAME: &'static str = "an object among fieldGroups";
}

impl Named for Field {
    const NAME: &'static str = "an object among fields";
}

impl Named for Description {
    const NAME: &'static str = "an object as description";
}

impl Named for AllowedValues {
    const NAME: &'static str = "an object as allowedValues";
}

impl<'de, T: Deserialize<'de> + Named> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectOf(PhantomData))
    }
}

struct ObjectOf<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Named> Visitor<'de> for ObjectOf<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// One, several or none.
fn several<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(Several(PhantomData))
}

struct Several<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Several<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        Ok(vec![T::deserialize(MapAccessDeserializer::new(map))?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
        let mut read = Vec::new();
        while let Some(element) = elements.next_element::<Option<T>>()? {
            read.extend(element);
        }
        Ok(read)
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
}

/// A number of 32 bits, or its text.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    let value = Value::deserialize(deserializer)?;
    id_of(&value).ok_or_else(|| D::Error::custom(format!("id {value} is not a whole number of 32 bits")))
}

/// The id that stands in a field, if it is one.
pub(super) fn id_of(value: &Value) -> Option<i32> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64()?.try_into().ok(),
    }
}

/// A text, or what has one. Nothing but white space says nothing.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(text_of(&value)?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// Texts as they stand: one, several or none.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let elements = match &value {
        Value::Array(elements) => elements.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut texts = Vec::with_capacity(elements.len());
    for element in elements {
        texts.extend(text_of(element)?.filter(|text| !text.is_empty()));
    }
    Ok(texts)
}

fn text_of<E: Error>(value: &Value) -> Result<Option<String>, E> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        // Never with an exponent.
        Value::Number(number) => Ok(Some(match number.as_f64() {
            Some(float) if number.is_f64() => float.to_string(),
            _ => number.to_string(),
        })),
        Value::Array(_) => Err(E::custom("there is an array where a text belongs")),
        Value::Object(_) => Err(E::custom("there is an object where a text belongs")),
    }
}

/// A truth value, or its text. What is not said is not so.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = text_of(&value)?.unwrap_or_default().trim().to_ascii_lowercase();
    match text.as_str() {
        "true" | "1" => Ok(true),
        "" | "false" | "0" => Ok(false),
        _ => Err(D::Error::custom(format!("{value} is neither true nor false"))),
    }
}
