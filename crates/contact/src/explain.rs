//! From an error of the validator to a message that a person can act on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use ndjson::TapeValue;
use serde_json::Value;
use smol_str::{SmolStr, SmolStrBuilder};

use crate::places::Places;
use crate::pointer::push_subject;
use crate::schema::{Documents, nearest};
use crate::violation::{Violation, mask};

/// A violation with the part of the record that would have to go.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) violation: Violation,
    /// The value whose removal removes the violation.
    pub(crate) part: u32,
    pub(crate) kind: FindingKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FindingKind {
    /// A member that the schema does not know.
    UnknownMember,
    Other,
}

/// Which codes the violations get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// The code of the keyword, or what the schema's `x-code` says.
    Annotated,
    /// A foreign schema: the code is that of the keyword alone.
    AnySchema,
}

/// Findings in their order, each once.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    /// Where a violation of this hash came first; empty as long as there are few of them.
    first: HashMap<u64, usize>,
    hasher: RandomState,
}

/// Memory for a message without its hint.
const MESSAGE_BYTES: usize = 96;

/// More findings than this are told apart by a table, not each with each.
const MOST_COMPARED: usize = 16;

impl Findings {
    /// Adds one, if there is none yet of the same violation.
    pub(crate) fn add(&mut self, finding: Finding) {
        let Self { list, first, hasher } = self;
        if list.len() <= MOST_COMPARED {
            if list.iter().all(|known| known.violation != finding.violation) {
                list.push(finding);
            }
            return;
        }
        if first.is_empty() {
            for (nth, known) in list.iter().enumerate() {
                first.entry(hasher.hash_one(&known.violation)).or_insert(nth);
            }
        }
        let place = *first.entry(hasher.hash_one(&finding.violation)).or_insert(list.len());
        let is_known = match list.get(place) {
            None => false,
            Some(known) if known.violation == finding.violation => true,
            // Another one of the same hash.
            Some(_) => list.iter().any(|known| known.violation == finding.violation),
        };
        if !is_known {
            list.push(finding);
        }
    }

    pub(crate) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}

/// Turns one error into one finding, or into one for each unexpected member. `at` is the pointer to what is on the tape.
pub(crate) fn finding(
    error: &ValidationError<'_>,
    places: &mut Places<'_>,
    at: &str,
    documents: &Documents,
    voice: Voice,
    findings: &mut Vec<Finding>,
) {
    let Some(value) = places.resolve(error.instance_path().as_str()) else { return };
    let location = error.absolute_keyword_location().map(|location| location.as_str());
    let pointer_of = |places: &mut Places<'_>, value: TapeValue<'_>| {
        let mut pointer = SmolStrBuilder::new();
        pointer.push_str(at);
        pointer.push_str(&places.as_read(value.index()));
        pointer.finish()
    };
    let keyword = SmolStr::new(error.kind().keyword());
    if let ValidationErrorKind::AdditionalProperties { unexpected }
    | ValidationErrorKind::UnevaluatedProperties { unexpected } = error.kind()
    {
        let holder = location.and_then(|location| documents.holder(location));
        for name in unexpected {
            let Some(member) = places.member(value, name) else { continue };
            let pointer = pointer_of(places, member);
            findings.push(unknown_member(name, member, pointer, keyword.clone(), holder, voice));
        }
        return;
    }
    let annotations = match (voice, location) {
        (Voice::Annotated, Some(location)) => documents.annotations(location),
        _ => Cow::default(),
    };
    let hint = annotations.hint.as_deref();
    let pointer = pointer_of(places, value);
    let mut message = String::with_capacity(MESSAGE_BYTES + hint.map_or(0, str::len));
    match (error.kind(), hint) {
        (ValidationErrorKind::Required { property }, _) if pointer.is_empty() => {
            message.push_str(&format!("the member {property} is missing"));
        }
        (kind, _) => {
            push_subject(&mut message, &pointer);
            message.push(' ');
            message.push_str(&match (kind, hint) {
                (ValidationErrorKind::Required { property }, _) => {
                    format!("lacks the member {property}").into()
                }
                // A regular expression is for programs; the hint says the same for people.
                (ValidationErrorKind::Pattern { .. }, Some(_)) => {
                    Cow::from("does not have the required form")
                }
                (kind, _) => describe(kind, value),
            });
        }
    }
    if let Some(hint) = hint {
        message.push_str("; ");
        message.push_str(hint);
    }
    let code = match &annotations.code {
        Some(code) => code.clone(),
        None => SmolStr::new_static(code_of(error.kind())),
    };
    findings.push(Finding {
        violation: Violation {
            code,
            pointer,
            keyword,
            message: message.into(),
            value: mask(value),
            removed: None,
        },
        part: value.index(),
        kind: FindingKind::Other,
    });
}

/// The finding about a member that the schema object `holder` does not know.
pub(crate) fn unknown_member(
    name: &str,
    member: TapeValue<'_>,
    pointer: SmolStr,
    keyword: SmolStr,
    holder: Option<&Value>,
    voice: Voice,
) -> Finding {
    let renamed = match voice {
        Voice::Annotated => holder.and_then(|holder| holder.get("x-renamed")),
        Voice::AnySchema => None,
    };
    Finding {
        violation: Violation {
            code: SmolStr::new_static("unknown-member"),
            pointer,
            keyword,
            message: no_such_member(name, holder, renamed).into(),
            value: mask(member),
            removed: None,
        },
        part: member.index(),
        kind: FindingKind::UnknownMember,
    }
}

fn no_such_member(name: &str, holder: Option<&Value>, renamed: Option<&Value>) -> String {
    let properties = holder.and_then(|holder| holder.get("properties")).and_then(Value::as_object);
    let meant = match renamed.and_then(|renamed| renamed.get(name)).and_then(Value::as_str) {
        Some(right) => Some(right),
        None => properties.and_then(|known| nearest(name, known.keys().map(String::as_str))),
    };
    match meant {
        Some(meant) => format!("there is no member \"{name}\" here; it is {meant}"),
        None => format!(
            "there is no member \"{name}\" here; remove it, or let --unknown-fields drop leave it out"
        ),
    }
}

/// The code of an error whose schema names none.
fn code_of(kind: &ValidationErrorKind) -> &'static str {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { .. } => "wrong-type",
        Kind::Enum { .. } | Kind::Constant { .. } => "not-allowed",
        Kind::Required { .. } => "missing-member",
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => "unknown-member",
        Kind::MaxLength { .. } => "too-long",
        Kind::MinLength { .. } => "too-short",
        Kind::Pattern { .. } => "bad-pattern",
        Kind::Format { .. }
        | Kind::ContentEncoding { .. }
        | Kind::ContentMediaType { .. }
        | Kind::FromUtf8 { .. } => "bad-format",
        Kind::Minimum { .. }
        | Kind::Maximum { .. }
        | Kind::ExclusiveMinimum { .. }
        | Kind::ExclusiveMaximum { .. }
        | Kind::MultipleOf { .. } => "out-of-range",
        Kind::MinItems { .. } | Kind::MinProperties { .. } => "too-few-items",
        Kind::MaxItems { .. }
        | Kind::MaxProperties { .. }
        | Kind::AdditionalItems { .. }
        | Kind::UnevaluatedItems { .. } => "too-many-items",
        Kind::UniqueItems => "not-unique",
        _ => "not-matching",
    }
}

/// Says in words what the rule asks for, without the value: the rest of a sentence whose subject is its place.
fn describe(kind: &ValidationErrorKind, value: TapeValue<'_>) -> Cow<'static, str> {
    use ValidationErrorKind as Kind;
    let words = match kind {
        Kind::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(one) => with_article(&one.to_string()).to_owned(),
                TypeKind::Multiple(several) => {
                    let several = several.iter().map(|one| with_article(&one.to_string()).to_owned());
                    several.collect::<Vec<_>>().join(" or ")
                }
            };
            format!("must be {wanted}, but is {}", type_name(value))
        }
        Kind::Enum { options } => format!("must be one of {}", list(options)),
        Kind::Constant { expected_value } => format!("must be {expected_value}"),
        Kind::MaxLength { limit } => {
            let length = value.as_str().map_or(0, |text| text.chars().count());
            format!("has {length} characters, but may have at most {limit}")
        }
        Kind::MinLength { limit: 1 } => return "is empty".into(),
        Kind::MinLength { limit } => format!("is shorter than {limit} characters"),
        Kind::Pattern { pattern } => format!("does not have the form {pattern}"),
        Kind::Format { format } => ["is not a valid ", format_name(format)].concat(),
        Kind::Minimum { limit } => format!("is less than {limit}"),
        Kind::Maximum { limit } => format!("is greater than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("is not greater than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("is not less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("is not a multiple of {multiple_of}"),
        Kind::MinItems { limit: 1 } => return "is empty".into(),
        Kind::MinItems { limit } => format!("has fewer elements than {limit}"),
        Kind::MaxItems { limit } => format!("has more elements than {limit}"),
        Kind::MinProperties { limit } => format!("has fewer members than {limit}"),
        Kind::MaxProperties { limit } => format!("has more members than {limit}"),
        Kind::AdditionalItems { limit } => format!("has more elements than the {limit} that are allowed"),
        Kind::UnevaluatedItems { unexpected } => {
            format!("has {} elements that the schema does not allow", unexpected.len())
        }
        Kind::UniqueItems => return "has two equal elements".into(),
        Kind::Contains => {
            return "has no element, or not the right number of elements, of the required form".into();
        }
        Kind::FalseSchema => return "is not allowed here".into(),
        Kind::Not { schema } if is_empty(schema) => return "is not allowed here".into(),
        Kind::Not { .. } => return "has a form that is not allowed".into(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            return "has none of the forms that are allowed".into();
        }
        Kind::OneOfMultipleValid { .. } => {
            return "has more than one of the forms of which it may have exactly one".into();
        }
        Kind::PropertyNames { .. } => return "has a member whose name is not allowed".into(),
        Kind::ContentEncoding { content_encoding } => format!("is not encoded as {content_encoding}"),
        Kind::ContentMediaType { content_media_type } => format!("does not hold {content_media_type}"),
        Kind::FromUtf8 { .. } => return "does not hold UTF-8".into(),
        Kind::Custom { message, .. } => message.clone(),
        other => format!("breaks the rule \"{}\"", other.keyword()),
    };
    words.into()
}

/// A type of the schema in words.
fn with_article(name: &str) -> &str {
    match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "an array",
        "object" => "an object",
        other => other,
    }
}

fn type_name(value: TapeValue<'_>) -> &'static str {
    use ndjson::{Node, StaticNode};
    match value.node() {
        Node::String(_) => "text",
        Node::Object { .. } => "an object",
        Node::Array { .. } => "an array",
        Node::Static(StaticNode::Null) => "null",
        Node::Static(StaticNode::Bool(true)) => "true",
        Node::Static(StaticNode::Bool(false)) => "false",
        Node::Static(StaticNode::F64(number)) if number.fract() != 0.0 => "a number with a fraction",
        Node::Static(_) => "a number",
    }
}

/// A format in words, where its name is not one.
fn format_name(format: &str) -> &str {
    match format {
        "uuid" => "UUID",
        "uri" => "URI",
        "language-tag" => "language tag",
        "time-zone" => "time zone",
        "email" | "idn-email" => "email address",
        other => other,
    }
}

/// Whether a schema takes every value.
fn is_empty(schema: &Value) -> bool {
    *schema == Value::Bool(true) || schema.as_object().is_some_and(serde_json::Map::is_empty)
}

/// The first allowed values; the list of a large enum helps nobody.
fn list(options: &Value) -> String {
    const SHOWN: usize = 12;
    let options = options.as_array().map_or(&[][..], Vec::as_slice);
    let mut listed = options.iter().take(SHOWN).map(Value::to_string).collect::<Vec<_>>().join(", ");
    if options.len() > SHOWN {
        listed.push_str(&format!(" and {} more", options.len() - SHOWN));
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_findings_each_is_kept_once_where_it_came_first() {
        for different in [1, MOST_COMPARED, MOST_COMPARED + 1, MOST_COMPARED + 2, 1000] {
            let mut findings = Findings::default();
            for nth in (0..different).chain((0..different).rev()).chain(0..different + 1) {
                let violation = Violation::of_record("unknown-member", format!("/{nth}"), "x");
                findings.add(Finding { violation, part: nth as u32, kind: FindingKind::Other });
            }
            let kept: Vec<u32> = findings.into_list().into_iter().map(|finding| finding.part).collect();
            assert_eq!(kept, (0..=different as u32).collect::<Vec<_>>());
        }
    }
}
