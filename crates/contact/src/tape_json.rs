//! The tape as a representation of JSON that the `jsonschema` crate can validate in place.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object, SerdeJson};
use ndjson::{Elements, Members, StaticNode, TapeValue};
use serde_json::{Number, Value};

/// The representation: instances are values on an [`ndjson::Tape`].
#[derive(Debug)]
pub enum TapeJson {}

/// A value on the tape, as the validator sees it.
#[derive(Clone, Copy, Debug)]
pub struct TapeNode<'a>(pub TapeValue<'a>);

/// An object on the tape.
#[derive(Debug)]
pub struct TapeObject<'a>(Members<'a>);

/// An array on the tape.
#[derive(Debug)]
pub struct TapeArray<'a>(Elements<'a>);

/// The members of an object, as the validator walks them.
#[derive(Debug)]
pub struct TapeMembers<'a>(Members<'a>);

/// The elements of an array, as the validator walks them.
#[derive(Debug)]
pub struct TapeElements<'a>(Elements<'a>);

impl Json for TapeJson {
    type Node<'a> = TapeNode<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = ();

    // A tape is a flat list: no value is inside itself.
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(TapeNode<'_>) -> T) -> T {
        let nodes = [ndjson::Node::String(string)];
        f(TapeNode(TapeValue::over(&nodes)))
    }
}

impl<'a> Node<'a, TapeJson> for TapeNode<'a> {
    type Object = TapeObject<'a>;
    type Array = TapeArray<'a>;
    // Numbers are compared exactly as the validator compares those of `serde_json`.
    type Number = Number;

    fn as_object(&self) -> Option<TapeObject<'a>> {
        self.0.members().map(TapeObject)
    }

    fn as_array(&self) -> Option<TapeArray<'a>> {
        self.0.elements().map(TapeArray)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.0.as_str().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<Number> {
        match *self.0.node() {
            ndjson::Node::Static(StaticNode::I64(value)) => Some(value.into()),
            ndjson::Node::Static(StaticNode::U64(value)) => Some(value.into()),
            ndjson::Node::Static(StaticNode::F64(value)) => Number::from_f64(value),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        self.0.as_bool()
    }

    fn is_null(&self) -> bool {
        self.0.is_null()
    }

    fn is_number(&self) -> bool {
        self.json_type() == JsonType::Number
    }

    fn is_string(&self) -> bool {
        matches!(self.0.node(), ndjson::Node::String(_))
    }

    fn json_type(&self) -> JsonType {
        match self.0.node() {
            ndjson::Node::String(_) => JsonType::String,
            ndjson::Node::Object { .. } => JsonType::Object,
            ndjson::Node::Array { .. } => JsonType::Array,
            ndjson::Node::Static(StaticNode::Null) => JsonType::Null,
            ndjson::Node::Static(StaticNode::Bool(_)) => JsonType::Boolean,
            ndjson::Node::Static(_) => JsonType::Number,
        }
    }

    fn string_length_within(&self, min: u64, max: u64) -> Option<bool> {
        let text = self.0.as_str()?;
        // A character takes one to four bytes, which decides most texts without counting.
        let bytes = text.len() as u64;
        if bytes < min || bytes.div_ceil(4) > max {
            return Some(false);
        }
        if bytes.div_ceil(4) >= min && bytes <= max {
            return Some(true);
        }
        Some((min..=max).contains(&(text.chars().count() as u64)))
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match (self.0.as_str(), expected) {
            (Some(text), Value::String(expected)) => text == expected,
            (Some(_), _) | (None, Value::String(_)) => false,
            (None, _) => Node::<SerdeJson>::equals_value(&self.to_value().as_ref(), expected),
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(value_of(self.0))
    }

    fn identity(&self) -> Option<NodeIdentity> {
        // A tape's nodes do not move while a validator looks at them.
        Some(NodeIdentity::new(std::ptr::from_ref(self.0.node()) as usize))
    }
}

impl<'a> Object<'a, TapeJson> for TapeObject<'a> {
    type Node = TapeNode<'a>;
    type MemberName = &'a str;
    type MembersIter = TapeMembers<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &Box<str>) -> Option<TapeNode<'a>> {
        self.0.clone().find(|(name, _)| **name == **key).map(|(_, value)| TapeNode(value))
    }

    fn members(&self) -> TapeMembers<'a> {
        TapeMembers(self.0.clone())
    }
}

impl<'a> Array<'a, TapeJson> for TapeArray<'a> {
    type Node = TapeNode<'a>;
    type ElementsIter = TapeElements<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn elements(&self) -> TapeElements<'a> {
        TapeElements(self.0.clone())
    }
}

impl<'a> Iterator for TapeMembers<'a> {
    type Item = (&'a str, TapeNode<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name, TapeNode(value)))
    }
}

impl<'a> Iterator for TapeElements<'a> {
    type Item = TapeNode<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(TapeNode)
    }
}

/// Builds what the tape holds as a `serde_json` value: only for messages and deep comparisons.
fn value_of(value: TapeValue<'_>) -> Value {
    if let Some(members) = value.members() {
        return Value::Object(members.map(|(name, value)| (name.to_owned(), value_of(value))).collect());
    }
    if let Some(elements) = value.elements() {
        return Value::Array(elements.map(value_of).collect());
    }
    match *value.node() {
        ndjson::Node::String(text) => Value::from(text),
        ndjson::Node::Static(StaticNode::Bool(truth)) => Value::Bool(truth),
        _ => TapeNode(value).as_number().map_or(Value::Null, Value::Number),
    }
}
