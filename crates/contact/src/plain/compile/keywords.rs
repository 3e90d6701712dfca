//! What the places of a schema say, keyword by keyword.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Assumed;
use crate::normalise::Normaliser;
use crate::number_text::NumberText;
use crate::schema::{Documents, Schema};

/// A place in a schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'s> {
    schema: &'s Value,
    documents: &'s Documents,
    /// The document that it is in.
    document: &'s Value,
    /// Whether a reference by URI led there: normalisers are not looked for behind those.
    is_behind_uri: bool,
}

/// The dialects that are known here; of a document that names none, the later one is meant.
const DIALECTS: [&str; 2] =
    ["https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2020-12/schema"];

impl<'s> Place<'s> {
    /// The root of a schema; `None` if it is of a dialect, or refers to its parts in a way, that is not known here.
    pub(super) fn of_schema(schema: &'s Schema) -> Option<Self> {
        let documents = &schema.documents;
        // A base inside of any document may be what a reference of another one leads to.
        if documents.all().any(|document| has_inner_base(document, true)) {
            return None;
        }
        Self::of_document(documents, documents.root())
    }

    fn of_document(documents: &'s Documents, document: &'s Value) -> Option<Self> {
        let is_known = document.get("$schema").is_none_or(|dialect| {
            dialect.as_str().is_some_and(|dialect| DIALECTS.contains(&dialect.trim_end_matches('#')))
        });
        (is_known && !has_inner_base(document, true)).then_some(Self {
            schema: document,
            documents,
            document,
            is_behind_uri: false,
        })
    }

    fn at(self, schema: &'s Value) -> Self {
        Self { schema, ..self }
    }

    /// Where a reference leads.
    fn referred(self, target: &str) -> Option<Self> {
        let (uri, pointer) = target.split_once('#').unwrap_or((target, ""));
        let root = match uri {
            "" => self.at(self.document),
            // What is relative would have to be resolved first.
            uri if uri.contains(':') => {
                let document = self.documents.get(uri)?;
                // One that calls itself otherwise may be found by that name.
                let own = document.get("$id").and_then(Value::as_str).map(|id| id.trim_end_matches('#'));
                own.is_none_or(|own| own == uri).then_some(())?;
                Self { is_behind_uri: true, ..Self::of_document(self.documents, document)? }
            }
            _ => return None,
        };
        let pointer = crate::schema::percent_decoded(pointer);
        (pointer.is_empty() || pointer.starts_with('/')).then_some(())?;
        Some(root.at(root.schema.pointer(&pointer)?))
    }

    pub(super) fn identity(self) -> usize {
        std::ptr::from_ref(self.schema) as usize
    }

    /// Which of the schemas it belongs to, and its URI and pointer there.
    pub(super) fn stands_in(self, schemas: &[&Schema]) -> Option<(usize, &'s str, String)> {
        let nth =
            schemas.iter().position(|schema| std::ptr::eq(&raw const schema.documents, self.documents))?;
        let (uri, pointer) = self.documents.place_of(self.document, self.schema)?;
        Some((nth, uri, pointer))
    }

    /// Whether the normalisers of the schema itself are those that stand here.
    pub(super) fn is_of_plan(self) -> bool {
        !self.is_behind_uri && std::ptr::eq(self.document, self.documents.root())
    }
}

/// Whether a part of a document has an identifier of its own, which changes what references mean.
fn has_inner_base(schema: &Value, is_root: bool) -> bool {
    match schema {
        Value::Object(members) => {
            members.iter().any(|(name, value)| (name == "$id" && !is_root) || has_inner_base(value, false))
        }
        Value::Array(elements) => elements.iter().any(|element| has_inner_base(element, false)),
        _ => false,
    }
}

/// All places that speak about one place of a record.
#[derive(Debug)]
pub(super) struct Places<'s> {
    /// Those that it began with.
    pub(super) roots: Vec<Place<'s>>,
    pub(super) objects: Vec<(Place<'s>, &'s Map<String, Value>)>,
    /// Conditions that no assumption decides.
    pub(super) conditions: Vec<Condition<'s>>,
}

/// A condition on the value of one member: whether it is there and one of these.
#[derive(Debug)]
pub(super) struct Condition<'s> {
    pub(super) name: &'s str,
    pub(super) values: Vec<&'s Value>,
}

impl<'s> Places<'s> {
    /// Follows references, `allOf` and decided conditions. `None` if nothing is surely valid there, or it is not known
    /// what is.
    pub(super) fn expand(roots: Vec<Place<'s>>, assumptions: &[(String, Assumed)]) -> Option<Self> {
        let mut places = Self { roots: roots.clone(), objects: Vec::new(), conditions: Vec::new() };
        let mut seen = HashSet::new();
        let mut open = roots;
        open.reverse();
        while let Some(place) = open.pop() {
            if !seen.insert(place.identity()) {
                continue;
            }
            let members = match place.schema {
                Value::Bool(true) => continue,
                Value::Object(members) => members,
                _ => return None,
            };
            for (keyword, value) in members {
                match keyword.as_str() {
                    "$ref" => open.push(place.referred(value.as_str()?)?),
                    "allOf" => open.extend(value.as_array()?.iter().map(|part| place.at(part))),
                    "if" => {
                        let condition = Condition::of(value)?;
                        match condition.holds(assumptions)? {
                            Some(true) => open.extend(members.get("then").map(|then| place.at(then))),
                            Some(false) => open.extend(members.get("else").map(|other| place.at(other))),
                            None => places.conditions.push(condition),
                        }
                    }
                    keyword if is_known(keyword) || keyword.starts_with("x-") => {}
                    _ => return None,
                }
            }
            places.objects.push((place, members));
        }
        Some(places)
    }

    /// Equal for equal places.
    pub(super) fn identity(&self) -> Vec<usize> {
        let mut identity: Vec<usize> = self.roots.iter().map(|place| place.identity()).collect();
        identity.sort_unstable();
        identity.dedup();
        identity
    }

    /// The members that a keyword lists.
    pub(super) fn members(&self, keyword: &str) -> impl Iterator<Item = &'s Map<String, Value>> {
        self.objects.iter().filter_map(move |(_, schema)| schema.get(keyword)?.as_object())
    }

    /// What is said about the member of that name; `None` if there must not be one.
    pub(super) fn member(&self, name: &str) -> Option<Vec<Place<'s>>> {
        let of_member = |(place, schema): &(Place<'s>, &'s Map<String, Value>)| {
            let known = schema.get("properties").and_then(|properties| properties.get(name));
            known.or_else(|| schema.get("additionalProperties")).map(|schema| place.at(schema))
        };
        allowed(self.objects.iter().filter_map(of_member))
    }

    /// What is said about the members that no place names; `None` if there must not be any.
    pub(super) fn others(&self) -> Option<Vec<Place<'s>>> {
        let of_others = |(place, schema): &(Place<'s>, &'s Map<String, Value>)| {
            schema.get("additionalProperties").map(|schema| place.at(schema))
        };
        allowed(self.objects.iter().filter_map(of_others))
    }

    /// The places that speak about one member, and those that refuse it because they do not know it. Without a name, one
    /// that no place knows is meant.
    pub(super) fn of_member(&self, name: Option<&str>) -> (Vec<Place<'s>>, Vec<Place<'s>>) {
        let (mut speak, mut refuse) = (Vec::new(), Vec::new());
        for (place, schema) in &self.objects {
            let known = name.and_then(|name| schema.get("properties")?.get(name));
            match known.or_else(|| schema.get("additionalProperties")) {
                None | Some(Value::Bool(true)) => {}
                Some(Value::Bool(false)) if known.is_none() => refuse.push(*place),
                Some(schema) => speak.push(place.at(schema)),
            }
        }
        (speak, refuse)
    }

    /// The places that speak about each element.
    pub(super) fn of_elements(&self) -> Vec<Place<'s>> {
        let items = self.objects.iter().filter_map(|(place, schema)| Some(place.at(schema.get("items")?)));
        items.filter(|place| *place.schema != Value::Bool(true)).collect()
    }

    /// What is said about the elements; `None` if there must not be any.
    pub(super) fn elements(&self) -> Option<Vec<Place<'s>>> {
        allowed(self.objects.iter().filter_map(|(place, schema)| Some(place.at(schema.get("items")?))))
    }

    /// What all places say about the value itself; `None` if that is not known.
    pub(super) fn said(&self) -> Option<Said> {
        let mut said = Said::default();
        for (_, schema) in &self.objects {
            for (keyword, value) in *schema {
                said.hear(keyword, value)?;
            }
        }
        Some(said)
    }
}

fn allowed<'s>(places: impl Iterator<Item = Place<'s>>) -> Option<Vec<Place<'s>>> {
    places.map(|place| (*place.schema != Value::Bool(false)).then_some(place)).collect()
}

impl<'s> Condition<'s> {
    /// A condition of the form `{"properties": {NAME: {"const": …}}, "required": [NAME]}`, or `enum`, with texts or
    /// whole numbers.
    fn of(condition: &'s Value) -> Option<Self> {
        let condition = condition.as_object()?;
        let is_plain = condition
            .keys()
            .all(|keyword| matches!(keyword.as_str(), "properties" | "required" | "$comment"));
        let [required] = condition.get("required")?.as_array()?.as_slice() else { return None };
        let properties = condition.get("properties")?.as_object()?;
        let (name, rule) = properties.iter().next()?;
        let rule = rule.as_object()?;
        let (keyword, value) = rule.iter().next()?;
        if !is_plain || properties.len() != 1 || rule.len() != 1 || required.as_str() != Some(name) {
            return None;
        }
        let values: Vec<&Value> = match keyword.as_str() {
            "const" => vec![value],
            "enum" => value.as_array()?.iter().collect(),
            _ => return None,
        };
        values.iter().all(|value| value.is_string() || value.is_i64()).then_some(Self { name, values })
    }

    /// Whether it holds; `Some(None)` if nothing is assumed of its member, `None` if what is assumed is not enough.
    fn holds(&self, assumptions: &[(String, Assumed)]) -> Option<Option<bool>> {
        let Some((_, assumed)) = assumptions.iter().find(|(name, _)| name == self.name) else {
            return Some(None);
        };
        Some(Some(match assumed {
            Assumed::Text(text) => self.values.iter().any(|value| value.as_str() == Some(text)),
            Assumed::Integer(integer) => self.values.iter().any(|value| value.as_i64() == Some(*integer)),
            Assumed::Nothing => false,
            Assumed::NoneOf(others) => {
                if !self.values.iter().all(|value| others.contains(&value.to_string())) {
                    return None;
                }
                false
            }
        }))
    }
}

/// The kinds of values that may be valid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kinds {
    pub(super) text: bool,
    pub(super) object: bool,
    pub(super) array: bool,
    pub(super) integer: bool,
    pub(super) fraction: bool,
    pub(super) truth: bool,
    pub(super) null: bool,
}

impl Kinds {
    const ALL: Self = Self {
        text: true,
        object: true,
        array: true,
        integer: true,
        fraction: true,
        truth: true,
        null: true,
    };
    const NONE: Self = Self {
        text: false,
        object: false,
        array: false,
        integer: false,
        fraction: false,
        truth: false,
        null: false,
    };
}

/// All that is said about the value at one place.
#[derive(Debug)]
pub(in crate::plain) struct Said {
    pub(super) kinds: Kinds,
    pub(in crate::plain) min_length: usize,
    pub(in crate::plain) max_length: usize,
    /// As the schema writes them.
    pub(in crate::plain) patterns: Vec<String>,
    pub(in crate::plain) formats: Vec<String>,
    pub(in crate::plain) normalisers: Vec<Normaliser>,
    /// The texts are numbers of these kinds.
    pub(in crate::plain) number_texts: Vec<NumberText>,
    pub(in crate::plain) choices: Option<Vec<String>>,
    pub(super) minimum: i64,
    pub(super) maximum: i64,
    pub(super) required: Vec<String>,
    pub(super) min_members: usize,
    pub(super) max_members: usize,
    pub(super) min_elements: usize,
    pub(super) max_elements: usize,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            kinds: Kinds::ALL,
            min_length: 0,
            max_length: usize::MAX,
            patterns: Vec::new(),
            formats: Vec::new(),
            normalisers: Vec::new(),
            number_texts: Vec::new(),
            choices: None,
            minimum: i64::MIN,
            maximum: i64::MAX,
            required: Vec::new(),
            min_members: 0,
            max_members: usize::MAX,
            min_elements: 0,
            max_elements: usize::MAX,
        }
    }
}

/// Whether a keyword is dealt with in [`Said::hear`], or says nothing about what is valid.
fn is_known(keyword: &str) -> bool {
    matches!(
        keyword,
        "$schema"
            | "$id"
            | "$comment"
            | "$defs"
            | "definitions"
            | "title"
            | "description"
            | "examples"
            | "default"
            | "deprecated"
            | "readOnly"
            | "writeOnly"
            | "then"
            | "else"
            | "type"
            | "enum"
            | "const"
            | "minLength"
            | "maxLength"
            | "pattern"
            | "format"
            | "minimum"
            | "maximum"
            | "exclusiveMinimum"
            | "exclusiveMaximum"
            | "multipleOf"
            | "properties"
            | "required"
            | "additionalProperties"
            | "patternProperties"
            | "propertyNames"
            | "minProperties"
            | "maxProperties"
            | "dependentRequired"
            | "dependentSchemas"
            | "unevaluatedProperties"
            | "items"
            | "prefixItems"
            | "minItems"
            | "maxItems"
            | "uniqueItems"
            | "contains"
            | "minContains"
            | "maxContains"
            | "unevaluatedItems"
    )
}

impl Said {
    /// Takes one more keyword into account; `None` if its value is not understood.
    fn hear(&mut self, keyword: &str, value: &Value) -> Option<()> {
        let count = || usize::try_from(value.as_u64()?).ok();
        let bound = |beyond: i64| value.as_i64().and_then(|bound| bound.checked_add(beyond));
        match keyword {
            "type" => self.hear_types(value)?,
            "const" => self.hear_choices(std::slice::from_ref(value)),
            "enum" => self.hear_choices(value.as_array()?),
            "minLength" => self.min_length = self.min_length.max(count()?),
            "maxLength" => self.max_length = self.max_length.min(count()?),
            "pattern" => self.patterns.push(value.as_str()?.to_owned()),
            "format" => self.formats.push(value.as_str()?.to_owned()),
            "minimum" | "exclusiveMinimum" => {
                let beyond = i64::from(keyword == "exclusiveMinimum");
                self.minimum = self.minimum.max(self.or_no_numbers(bound(beyond)).unwrap_or(i64::MAX));
                self.kinds.fraction = false;
            }
            "maximum" | "exclusiveMaximum" => {
                let beyond = -i64::from(keyword == "exclusiveMaximum");
                self.maximum = self.maximum.min(self.or_no_numbers(bound(beyond)).unwrap_or(i64::MIN));
                self.kinds.fraction = false;
            }
            "multipleOf" => (self.kinds.integer, self.kinds.fraction) = (false, false),
            "x-written-as-integer" => self.kinds.fraction = false,
            "x-number-text" => self.number_texts.push(NumberText::compile(value).ok()?),
            "required" => {
                for name in value.as_array()? {
                    self.required.push(name.as_str()?.to_owned());
                }
            }
            "minProperties" => self.min_members = self.min_members.max(count()?),
            "maxProperties" => self.max_members = self.max_members.min(count()?),
            "patternProperties"
            | "propertyNames"
            | "dependentRequired"
            | "dependentSchemas"
            | "unevaluatedProperties" => self.kinds.object = false,
            "properties" if !value.is_object() => return None,
            "minItems" => self.min_elements = self.min_elements.max(count()?),
            "maxItems" => self.max_elements = self.max_elements.min(count()?),
            "uniqueItems" if *value != Value::Bool(false) => self.max_elements = self.max_elements.min(1),
            "items" if value.is_array() => self.kinds.array = false,
            "prefixItems" | "contains" | "minContains" | "maxContains" | "unevaluatedItems" => {
                self.kinds.array = false;
            }
            "x-normalize" => {
                for name in value.as_array()? {
                    self.hear_normaliser(Normaliser::from_name(name.as_str()?)?);
                }
            }
            _ => {}
        }
        Some(())
    }

    /// Without a bound that is understood no number is taken.
    fn or_no_numbers(&mut self, bound: Option<i64>) -> Option<i64> {
        self.kinds.integer &= bound.is_some();
        bound
    }

    fn hear_types(&mut self, value: &Value) -> Option<()> {
        let one = std::slice::from_ref(value);
        let names = value.as_array().map_or(one, Vec::as_slice);
        let mut listed = Kinds::NONE;
        for name in names {
            match name.as_str()? {
                "string" => listed.text = true,
                "object" => listed.object = true,
                "array" => listed.array = true,
                "integer" => listed.integer = true,
                "number" => (listed.integer, listed.fraction) = (true, true),
                "boolean" => listed.truth = true,
                "null" => listed.null = true,
                _ => return None,
            }
        }
        let kinds = &mut self.kinds;
        kinds.text &= listed.text;
        kinds.object &= listed.object;
        kinds.array &= listed.array;
        kinds.integer &= listed.integer;
        kinds.fraction &= listed.fraction;
        kinds.truth &= listed.truth;
        kinds.null &= listed.null;
        Some(())
    }

    /// Of listed values only texts are taken.
    fn hear_choices(&mut self, values: &[Value]) {
        let listed: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        self.kinds = Kinds { text: self.kinds.text, ..Kinds::NONE };
        match &mut self.choices {
            Some(choices) => choices.retain(|choice| listed.contains(&choice.as_str())),
            None => self.choices = Some(listed.into_iter().map(str::to_owned).collect()),
        }
    }

    /// What a normaliser would change is not in normal form.
    fn hear_normaliser(&mut self, normaliser: Normaliser) {
        let kinds = &mut self.kinds;
        match normaliser {
            // These leave every text as it is.
            Normaliser::IntegerText => (kinds.integer, kinds.fraction) = (false, false),
            Normaliser::ScalarText => (kinds.integer, kinds.fraction, kinds.truth) = (false, false, false),
            of_texts => {
                kinds.null &= of_texts != Normaliser::EmptyToAbsent;
                if !self.normalisers.contains(&of_texts) {
                    self.normalisers.push(of_texts);
                }
            }
        }
    }
}
