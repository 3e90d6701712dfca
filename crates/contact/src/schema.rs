//! A JSON Schema, compiled: its validator over the tape, and what its annotations ask for.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock, OnceLock};

use hashbrown::HashMap;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Keyword, PatternOptions, Retrieve, Uri, ValidationError, Validator};
use ndjson::Tape;
use serde_json::{Value, json};
use smol_str::SmolStr;
use thiserror::Error;

use crate::explain::{Finding, Voice, finding};
use crate::format::FORMATS;
use crate::limits::Limits;
use crate::number_text::{NumberText, X_NUMBER_TEXT};
use crate::places::Places;
use crate::plain::{LineEnds, PlainRecords};
use crate::plan::Plan;
use crate::pointer;
use crate::rules::Scratch;
use crate::tape_json::{TapeJson, TapeNode};
use crate::violation::Violation;

/// The schema of a contact, as it is printed by `reteno-import schema contact`.
pub const CONTACT_SCHEMA: &str = include_str!("../../../schemas/contact.schema.json");

/// Where the contact's schema lives, for a `$ref` to it.
pub const CONTACT_SCHEMA_URI: &str = "https://reteno-import.dev/schemas/contact.schema.json";

/// The base of a schema that has no `$id`.
const NAMELESS_BASE: &str = "urn:reteno-import:schema";

/// The base of a part of a schema that is compiled by itself: it refers to the whole, and must not stand for it.
const PART_BASE: &str = "urn:reteno-import:part";

/// Why a schema cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The text is not JSON.
    #[error("the schema is not JSON: {0}; a schema is one JSON document")]
    Json(#[from] serde_json::Error),
    /// A keyword has a value that it cannot have.
    #[error("the schema is broken at {}: {message}", place(pointer))]
    Invalid {
        /// Where in the schema, as a JSON Pointer.
        pointer: String,
        /// What is wrong there.
        message: String,
    },
    /// A `$ref` leads to a document that was not given.
    #[error(
        "the schema refers to {uri}, which was not given; nothing is fetched, so pass --schema-resource {uri}=FILE"
    )]
    NotGiven {
        /// The document's URI.
        uri: String,
    },
    /// A `$ref` leads nowhere.
    #[error("a reference in the schema cannot be followed: {0}")]
    Reference(String),
    /// An annotation of this tool (`x-…`) has a value that it cannot have.
    #[error("the annotation at {} is broken: {message}", place(pointer))]
    Annotation {
        /// Where in the schema, as a JSON Pointer.
        pointer: String,
        /// What is wrong there.
        message: String,
    },
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "its root" } else { pointer }
}

/// Whether `format` refuses values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Formats {
    /// As the dialect of the schema says: since 2019-09 it is only an annotation.
    #[default]
    AsDialect,
    /// Always.
    Assert,
}

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    pub(crate) documents: Documents,
    formats: Formats,
    /// Of the contact's own schema made when it is first asked for: a clean export never asks.
    validator: OnceLock<Validator<TapeJson>>,
    pub(crate) plan: Plan,
    pub(crate) limits: Limits,
    /// Made when it is first asked for.
    plain: OnceLock<PlainRecords>,
}

/// The schema's own document and those it may refer to, by URI.
#[derive(Clone, Debug)]
pub(crate) struct Documents {
    base: String,
    by_uri: Arc<HashMap<String, Value>>,
    /// By the place of the object that has them; made when it is first asked for.
    annotations: Arc<OnceLock<HashMap<String, Annotations>>>,
}

/// What an object of a schema says about the telling of its violations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Annotations {
    /// `x-code`
    pub(crate) code: Option<SmolStr>,
    /// `x-hint`
    pub(crate) hint: Option<String>,
}

impl Annotations {
    fn of(holder: &Value) -> Self {
        let text = |name: &str| holder.get(name).and_then(Value::as_str);
        Self { code: text("x-code").map(SmolStr::new), hint: text("x-hint").map(str::to_owned) }
    }
}

impl Schema {
    /// The contact's schema.
    ///
    /// # Errors
    /// None that a test of this crate would not have found.
    pub fn contact() -> Result<Self, SchemaError> {
        let documents = Documents::of(serde_json::from_str(CONTACT_SCHEMA)?, Vec::new())?;
        Self::of(documents, OnceLock::new(), Formats::Assert)
    }

    /// Compiles a schema of any draft from 4 to 2020-12. `resources` are the documents that it may refer to, by URI; the
    /// contact's schema is always among them, and nothing is ever fetched.
    ///
    /// # Errors
    /// [`SchemaError`] with the place in the schema.
    pub fn compile(
        schema: Value,
        resources: Vec<(String, Value)>,
        formats: Formats,
    ) -> Result<Self, SchemaError> {
        let documents = Documents::of(schema, resources)?;
        let validator = documents.validator(documents.root(), &documents.base, formats)?;
        Self::of(documents, OnceLock::from(validator), formats)
    }

    fn of(
        documents: Documents,
        validator: OnceLock<Validator<TapeJson>>,
        formats: Formats,
    ) -> Result<Self, SchemaError> {
        let schema = documents.root();
        let plan = Plan::compile(schema, &|pointer| {
            documents.validator_of_part(&documents.base, schema, pointer, formats)
        })?;
        let limits = Limits::compile(schema)?;
        Ok(Self { documents, formats, validator, plan, limits, plain: OnceLock::new() })
    }

    pub(crate) fn validator(&self) -> &Validator<TapeJson> {
        self.validator.get_or_init(|| {
            let made = self.documents.validator(self.documents.root(), &self.documents.base, self.formats);
            made.expect("only the contact's own schema has none yet, and tests of this crate make it")
        })
    }

    /// The validator of a place in one of its documents, which finds all that the whole one finds there.
    pub(crate) fn validator_of_place(
        &self,
        uri: &str,
        pointer: &str,
    ) -> Result<Validator<TapeJson>, SchemaError> {
        let document = self.documents.get(uri).unwrap_or(&Value::Null);
        self.documents.validator_of_part(uri, document, pointer, self.formats)
    }

    /// The place after the record that starts at `start` of `bytes`, if it is plainly valid; `None` says nothing about it.
    ///
    /// At least [`PLAIN_MARGIN_BYTES`](crate::PLAIN_MARGIN_BYTES) have to follow the record in `bytes`. What stands
    /// between it and the next one is for the caller to look at.
    #[inline]
    pub fn take_plain(
        &self,
        bytes: &[u8],
        start: usize,
        line_ends: LineEnds,
        scratch: &mut Scratch,
    ) -> Option<usize> {
        let plain = self.plain.get_or_init(|| PlainRecords::compile(self));
        plain.take(bytes, start, line_ends, &mut scratch.plain)
    }

    /// Validates a record as it stands: no repairs, no rules of a contact.
    #[must_use]
    pub fn check(&self, tape: &Tape<'_>) -> Vec<Violation> {
        let root = TapeNode(tape.root());
        if self.validator().is_valid(root) {
            return Vec::new();
        }
        self.findings(tape, Voice::AnySchema).into_iter().map(|finding| finding.violation).collect()
    }

    /// Whether it knows a member of the record by name.
    pub(crate) fn has_property(&self, name: &str) -> bool {
        self.documents.root().get("properties").is_some_and(|properties| properties.get(name).is_some())
    }

    /// What is wrong with the record as it stands on the tape.
    pub(crate) fn findings(&self, tape: &Tape<'_>, voice: Voice) -> Vec<Finding> {
        let root = TapeNode(tape.root());
        let mut findings = Vec::new();
        let mut places = Places::of(tape);
        for error in self.validator().iter_errors(root) {
            finding(&error, &mut places, "", &self.documents, voice, &mut findings);
        }
        findings
    }
}

impl Documents {
    /// The contact's schema is always among them.
    fn of(schema: Value, resources: Vec<(String, Value)>) -> Result<Self, SchemaError> {
        let base = schema
            .get("$id")
            .or_else(|| schema.get("id"))
            .and_then(Value::as_str)
            .map(|id| id.trim_end_matches('#'))
            .filter(|id| id.contains(':'))
            .unwrap_or(NAMELESS_BASE)
            .to_owned();
        let mut by_uri: HashMap<String, Value> = resources.into_iter().collect();
        if base != CONTACT_SCHEMA_URI {
            by_uri.insert(CONTACT_SCHEMA_URI.to_owned(), serde_json::from_str(CONTACT_SCHEMA)?);
        }
        by_uri.insert(base.clone(), schema);
        Ok(Self { base, by_uri: Arc::new(by_uri), annotations: Arc::default() })
    }

    pub(crate) fn root(&self) -> &Value {
        &self.by_uri[&self.base]
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        self.by_uri.values()
    }

    /// The document of this URI.
    pub(crate) fn get(&self, uri: &str) -> Option<&Value> {
        self.by_uri.get(uri)
    }

    /// The schema object that holds the keyword at this absolute location.
    pub(crate) fn holder(&self, keyword_location: &str) -> Option<&Value> {
        let (uri, fragment) = keyword_location.split_once('#')?;
        let (parent, _) = fragment.rsplit_once('/')?;
        let document = self.by_uri.get(uri)?;
        document.pointer(&percent_decoded(parent))
    }

    /// The annotations beside the keyword at this absolute location.
    pub(crate) fn annotations(&self, keyword_location: &str) -> Cow<'_, Annotations> {
        // They are asked for with everything that is told: the way through the document is long.
        let known = self.annotations.get_or_init(|| {
            let mut known = HashMap::new();
            for (uri, document) in &*self.by_uri {
                collect_annotations(document, &mut format!("{uri}#"), &mut known);
            }
            known
        });
        let parent = keyword_location.rsplit_once('/').map(|(parent, _)| parent);
        match parent.and_then(|parent| known.get(parent)) {
            Some(annotations) => Cow::Borrowed(annotations),
            None => Cow::Owned(self.holder(keyword_location).map(Annotations::of).unwrap_or_default()),
        }
    }

    /// Where a part of a document stands: the URI and the pointer.
    pub(crate) fn place_of(&self, document: &Value, part: &Value) -> Option<(&str, String)> {
        let (uri, _) = self.by_uri.iter().find(|(_, known)| std::ptr::eq(*known, document))?;
        Some((uri, pointer::of_part(document, part)?))
    }

    fn validator_of_part(
        &self,
        uri: &str,
        document: &Value,
        pointer: &str,
        formats: Formats,
    ) -> Result<Validator<TapeJson>, SchemaError> {
        let mut part = json!({ "$ref": format!("{uri}#{}", percent_encoded(pointer)) });
        if let Some(dialect) = document.get("$schema") {
            part["$schema"] = dialect.clone();
        }
        self.validator(&part, PART_BASE, formats)
    }

    fn validator(
        &self,
        schema: &Value,
        base: &str,
        formats: Formats,
    ) -> Result<Validator<TapeJson>, SchemaError> {
        let mut options = jsonschema::options_for::<TapeJson>()
            .with_base_uri(base)
            // A regular expression of a schema, or a value made for it, must not be able to stop the run.
            .with_pattern_options(PatternOptions::regex())
            .with_retriever(Given(Arc::clone(&self.by_uri)))
            .with_keyword("x-written-as-integer", |_, _, _| Ok(Box::new(WrittenAsInteger)))
            .with_keyword(X_NUMBER_TEXT, |_, value, _| match NumberText::compile(value) {
                Ok(keyword) => Ok(Box::new(keyword)),
                Err(message) => Err(ValidationError::schema(message)),
            });
        for (name, check) in FORMATS {
            options = options.with_format(*name, *check);
        }
        if formats == Formats::Assert {
            options = options.should_validate_formats(true);
        }
        options.build(schema).map_err(|error| broken(&error))
    }
}

/// Notes the annotations of all objects, those without any too, by their place.
fn collect_annotations(value: &Value, place: &mut String, known: &mut HashMap<String, Annotations>) {
    let length = place.len();
    let mut below = |token: &str, child: &Value| {
        let mut step = String::new();
        pointer::push_token(&mut step, token);
        place.push_str(&percent_encoded(&step));
        collect_annotations(child, place, known);
        place.truncate(length);
    };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, child)| below(name, child));
            known.insert(place.clone(), Annotations::of(value));
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(nth, child)| below(&nth.to_string(), child));
        }
        _ => {}
    }
}

fn broken(error: &ValidationError<'_>) -> SchemaError {
    match error.kind() {
        ValidationErrorKind::Referencing(cause) => match cause {
            jsonschema::ReferencingError::Unretrievable { uri, .. } => {
                SchemaError::NotGiven { uri: uri.clone() }
            }
            other => SchemaError::Reference(other.to_string()),
        },
        // A keyword of ours, whose value no schema of schemas describes.
        ValidationErrorKind::Custom { message, .. } => {
            SchemaError::Annotation { pointer: error.schema_path().to_string(), message: message.clone() }
        }
        _ => SchemaError::Invalid { pointer: error.instance_path().to_string(), message: error.to_string() },
    }
}

/// The keyword `x-written-as-integer`: a whole number is written without fraction and exponent. JSON Schema takes `5.0`
/// for an integer; an identifier that is written so was damaged on its way. What is no whole number, or is beyond 64
/// bits, is for `type` and the bounds to tell.
struct WrittenAsInteger;

impl<'i> Keyword<'i, TapeJson> for WrittenAsInteger {
    fn validate(&self, instance: TapeNode<'i>) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            return Ok(());
        }
        Err(ValidationError::custom("is written with a fraction or an exponent"))
    }

    fn is_valid(&self, instance: TapeNode<'i>) -> bool {
        const BEYOND: f64 = 18_446_744_073_709_551_616.0;
        match instance.0.node() {
            ndjson::Node::Static(ndjson::StaticNode::F64(number)) => {
                number.fract() != 0.0 || number.abs() >= BEYOND
            }
            _ => true,
        }
    }
}

/// Hands out the documents that were given, and nothing else.
struct Given(Arc<HashMap<String, Value>>);

impl Retrieve for Given {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let wanted = uri.as_str();
        let trimmed = wanted.trim_end_matches('#');
        self.0.get(wanted).or_else(|| self.0.get(trimmed)).cloned().ok_or_else(|| "it was not given".into())
    }
}

/// Whether a contact has a member of this name.
#[must_use]
pub fn is_contact_member(name: &str) -> bool {
    static SCHEMA: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(CONTACT_SCHEMA).unwrap_or_default());
    SCHEMA["properties"].get(name).is_some()
}

/// The nearest of the known names, if one is near enough to be meant.
pub(crate) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    known
        .map(|candidate| (strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.82)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

/// A pointer as the fragment of a URI (RFC 6901, section 6).
pub(crate) fn percent_encoded(pointer: &str) -> String {
    let mut encoded = String::with_capacity(pointer.len());
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

pub(crate) fn percent_decoded(fragment: &str) -> String {
    let mut decoded = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [byte, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) if *byte == b'%' => {
                decoded.push(value);
                rest = &tail[2..];
            }
            _ => {
                decoded.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
