//! What the annotations of a schema ask to be done with a record before it is validated.
//!
//! `x-normalize` stands beside the rule it serves, anywhere in the schema. Here the schema is read once, and becomes a
//! graph of steps that is walked along with the record: members and elements first, then what a condition (`if`) adds,
//! then the value's own normalisers.

use std::collections::HashMap;

use jsonschema::json::Node as _;
use ndjson::{Node, StaticNode, Tape, TapeValue};
use serde_json::{Map, Value};

use crate::normalise::{Change, Normaliser, Settings};
use crate::schema::SchemaError;
use crate::tape_json::{TapeJson, TapeNode};
use crate::{pointer, schema};

/// How often each normaliser changed a value, in the order of [`Normaliser::ALL`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repairs([u64; Normaliser::ALL.len()]);

impl Repairs {
    /// Adds the counts of another part of the run.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum += count;
        }
    }

    /// The normalisers that changed anything, and how many values.
    pub fn iter(&self) -> impl Iterator<Item = (Normaliser, u64)> + '_ {
        Normaliser::ALL
            .iter()
            .zip(self.0)
            .filter(|(_, count)| *count > 0)
            .map(|(normaliser, count)| (*normaliser, count))
    }

    fn count(&mut self, normaliser: Normaliser) {
        if let Some(place) = Normaliser::ALL.iter().position(|known| *known == normaliser) {
            self.0[place] += 1;
        }
    }
}

/// The steps of one schema.
#[derive(Debug)]
pub(crate) struct Plan {
    steps: Vec<Step>,
    root: usize,
    /// The step of each place in the schema that was come to.
    of_place: HashMap<String, usize>,
}

#[derive(Debug, Default)]
struct Step {
    normalisers: Vec<Normaliser>,
    members: Vec<(Box<str>, usize)>,
    elements: Option<usize>,
    also: Vec<usize>,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct Condition {
    test: Test,
    then: Option<usize>,
    otherwise: Option<usize>,
}

#[derive(Debug)]
enum Test {
    /// `{"properties": {NAME: {"const": …}}, "required": [NAME]}`, or `enum`, with texts or whole numbers.
    MemberIs { name: Box<str>, values: Vec<Value> },
    /// Any other condition.
    Schema(Box<jsonschema::Validator<TapeJson>>),
}

/// What a walk over a record works with; kept between records.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    removed: Vec<u32>,
    /// Whether any value of the record was changed.
    pub(crate) has_changed: bool,
}

impl Plan {
    /// Reads the annotations of a schema. `validators` compiles a part of the schema, given by its pointer.
    pub(crate) fn compile(
        schema: &Value,
        validators: &dyn Fn(&str) -> Result<jsonschema::Validator<TapeJson>, SchemaError>,
    ) -> Result<Self, SchemaError> {
        let mut compiler = Compiler { schema, validators, steps: Vec::new(), known: HashMap::new() };
        let root = compiler.step("")?;
        let mut plan = Self { steps: compiler.steps, root, of_place: compiler.known };
        plan.forget_steps_without_effect();
        Ok(plan)
    }

    /// Whether walking a record can change nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps[self.root].is_empty()
    }

    /// The step that a value goes through of which this place in the schema speaks, if it can change anything.
    pub(crate) fn step_of_place(&self, pointer: &str) -> Option<usize> {
        self.of_place.get(pointer).copied().filter(|step| !self.steps[*step].is_empty())
    }

    /// Brings a part of a record, alone on its tape, into normal form; false if it has to go as a whole.
    pub(crate) fn apply_to_part(
        &self,
        step: usize,
        tape: &mut Tape<'_>,
        settings: &Settings,
        walk: &mut Walk,
        repairs: &mut Repairs,
    ) -> bool {
        walk.removed.clear();
        self.walk(step, tape, 0, settings, walk, repairs);
        if walk.removed.contains(&0) {
            return false;
        }
        self.take_removed(tape, walk);
        true
    }

    /// Brings the record into normal form, in place.
    pub(crate) fn apply(
        &self,
        tape: &mut Tape<'_>,
        settings: &Settings,
        walk: &mut Walk,
        repairs: &mut Repairs,
    ) {
        if self.is_empty() {
            return;
        }
        walk.removed.clear();
        self.walk(self.root, tape, 0, settings, walk, repairs);
        self.take_removed(tape, walk);
    }

    /// Takes out what normalisers want to go.
    fn take_removed(&self, tape: &mut Tape<'_>, walk: &mut Walk) {
        if !walk.removed.is_empty() {
            walk.removed.sort_unstable();
            walk.removed.dedup();
            walk.removed.retain(|index| *index != 0);
            tape.remove(&walk.removed);
        }
    }

    fn walk(
        &self,
        step: usize,
        tape: &mut Tape<'_>,
        index: u32,
        settings: &Settings,
        walk: &mut Walk,
        repairs: &mut Repairs,
    ) {
        let step = &self.steps[step];
        match tape.nodes()[index as usize] {
            Node::Object { len, .. } => {
                if !step.members.is_empty() {
                    let mut next = index + 1;
                    for _ in 0..len {
                        let value = next + 1;
                        if let Node::String(name) = tape.nodes()[next as usize]
                            && let Some((_, member)) = step.members.iter().find(|(known, _)| **known == *name)
                        {
                            self.walk(*member, tape, value, settings, walk, repairs);
                        }
                        next = value + span(tape.nodes(), value);
                    }
                }
            }
            Node::Array { len, .. } => {
                if let Some(element) = step.elements {
                    let mut next = index + 1;
                    for _ in 0..len {
                        self.walk(element, tape, next, settings, walk, repairs);
                        next += span(tape.nodes(), next);
                    }
                }
            }
            Node::String(_) | Node::Static(_) => {}
        }
        for also in &step.also {
            self.walk(*also, tape, index, settings, walk, repairs);
        }
        for condition in &step.conditions {
            let branch =
                if condition.test.holds(tape.value(index)) { condition.then } else { condition.otherwise };
            if let Some(branch) = branch {
                self.walk(branch, tape, index, settings, walk, repairs);
            }
        }
        if !step.normalisers.is_empty() {
            normalise(&step.normalisers, tape, index, settings, walk, repairs);
        }
    }

    /// Most of a schema says nothing about normalising: links to such steps are cut, so that a walk never enters them.
    fn forget_steps_without_effect(&mut self) {
        let mut works: Vec<bool> = self.steps.iter().map(|step| !step.normalisers.is_empty()).collect();
        loop {
            let mut changed = false;
            for (nth, step) in self.steps.iter().enumerate() {
                let through = step
                    .members
                    .iter()
                    .map(|(_, member)| *member)
                    .chain(step.elements)
                    .chain(step.also.iter().copied())
                    .chain(
                        step.conditions
                            .iter()
                            .flat_map(|condition| condition.then.into_iter().chain(condition.otherwise)),
                    )
                    .any(|link| works[link]);
                if through && !works[nth] {
                    works[nth] = true;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        for step in &mut self.steps {
            step.members.retain(|(_, member)| works[*member]);
            step.elements = step.elements.filter(|element| works[*element]);
            step.also.retain(|also| works[*also]);
            for condition in &mut step.conditions {
                condition.then = condition.then.filter(|branch| works[*branch]);
                condition.otherwise = condition.otherwise.filter(|branch| works[*branch]);
            }
            step.conditions.retain(|condition| condition.then.is_some() || condition.otherwise.is_some());
        }
    }
}

fn span(nodes: &[Node<'_>], index: u32) -> u32 {
    match nodes[index as usize] {
        Node::Object { count, .. } | Node::Array { count, .. } => count as u32 + 1,
        Node::String(_) | Node::Static(_) => 1,
    }
}

impl Step {
    fn is_empty(&self) -> bool {
        self.normalisers.is_empty()
            && self.members.is_empty()
            && self.elements.is_none()
            && self.also.is_empty()
            && self.conditions.is_empty()
    }
}

impl Test {
    fn holds(&self, value: TapeValue<'_>) -> bool {
        match self {
            Self::MemberIs { name, values } => value
                .get(name)
                .is_some_and(|member| values.iter().any(|known| TapeNode(member).equals_value(known))),
            Self::Schema(validator) => validator.is_valid(TapeNode(value)),
        }
    }
}

/// Runs a value through its normalisers in turn.
fn normalise(
    normalisers: &[Normaliser],
    tape: &mut Tape<'_>,
    index: u32,
    settings: &Settings,
    walk: &mut Walk,
    repairs: &mut Repairs,
) {
    for &normaliser in normalisers {
        let node = tape.nodes()[index as usize];
        let change = match node {
            Node::String(text) => normaliser.on_text(text, settings),
            Node::Static(StaticNode::Null) => normaliser.on_null(),
            Node::Static(StaticNode::Bool(truth)) => normaliser.on_boolean(truth),
            Node::Static(_) => {
                let digits = tape.number_text(tape.origin(index));
                normaliser.on_number(digits)
            }
            Node::Object { .. } | Node::Array { .. } => Change::Unchanged,
        };
        match change {
            Change::Unchanged => {}
            Change::To(text) => {
                let text = text.into_owned();
                tape.replace_with_text(index, &text);
                walk.has_changed = true;
                repairs.count(normaliser);
            }
            Change::Absent => {
                walk.removed.push(index);
                walk.has_changed = true;
                repairs.count(normaliser);
                return;
            }
        }
    }
}

struct Compiler<'s> {
    schema: &'s Value,
    validators: &'s dyn Fn(&str) -> Result<jsonschema::Validator<TapeJson>, SchemaError>,
    steps: Vec<Step>,
    /// The step of each place in the schema: a schema may refer to itself.
    known: HashMap<String, usize>,
}

impl Compiler<'_> {
    fn step(&mut self, place: &str) -> Result<usize, SchemaError> {
        if let Some(step) = self.known.get(place) {
            return Ok(*step);
        }
        let step = self.steps.len();
        self.steps.push(Step::default());
        self.known.insert(place.to_owned(), step);
        let Some(Value::Object(schema)) = self.schema.pointer(place) else { return Ok(step) };
        let mut read = Step { normalisers: normalisers(schema, place)?, ..Step::default() };
        if let Some(Value::Object(properties)) = schema.get("properties") {
            for name in properties.keys() {
                let member = self.step(&child(place, &["properties", name]))?;
                read.members.push((name.as_str().into(), member));
            }
        }
        if schema.get("items").is_some_and(Value::is_object) {
            read.elements = Some(self.step(&child(place, &["items"]))?);
        }
        if let Some(target) =
            schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'))
            && (target.is_empty() || target.starts_with('/'))
        {
            read.also.push(self.step(target)?);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for nth in 0..schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len) {
                read.also.push(self.step(&child(place, &[keyword, &nth.to_string()]))?);
            }
        }
        if let Some(condition) = schema.get("if") {
            let branch = |compiler: &mut Self, keyword: &str| {
                schema.contains_key(keyword).then(|| compiler.step(&child(place, &[keyword]))).transpose()
            };
            let then = branch(self, "then")?;
            let otherwise = branch(self, "else")?;
            let test = match member_is(condition) {
                Some(test) => test,
                None => Test::Schema(Box::new((self.validators)(&child(place, &["if"]))?)),
            };
            read.conditions.push(Condition { test, then, otherwise });
        }
        self.steps[step] = read;
        Ok(step)
    }
}

fn child(place: &str, tokens: &[&str]) -> String {
    let mut place = place.to_owned();
    for token in tokens {
        pointer::push_token(&mut place, token);
    }
    place
}

fn normalisers(schema: &Map<String, Value>, place: &str) -> Result<Vec<Normaliser>, SchemaError> {
    let Some(names) = schema.get("x-normalize") else { return Ok(Vec::new()) };
    let at = || child(place, &["x-normalize"]);
    let Value::Array(names) = names else {
        return Err(SchemaError::Annotation {
            pointer: at(),
            message: "must be a list of normaliser names".to_owned(),
        });
    };
    names
        .iter()
        .map(|name| {
            let text = name.as_str().unwrap_or_default();
            Normaliser::from_name(text).ok_or_else(|| SchemaError::Annotation {
                pointer: at(),
                message: match schema::nearest(text, Normaliser::ALL.iter().map(|known| known.name())) {
                    Some(near) => format!("there is no normaliser {name}; did you mean \"{near}\"?"),
                    None => format!("there is no normaliser {name}"),
                },
            })
        })
        .collect()
}

/// Reads a condition of the simple form, which needs no validator.
fn member_is(condition: &Value) -> Option<Test> {
    let condition = condition.as_object()?;
    let properties = condition.get("properties")?.as_object()?;
    let required = condition.get("required")?.as_array()?;
    let (name, rule) = properties.iter().next()?;
    let rule = rule.as_object()?;
    let plain =
        condition.keys().all(|keyword| matches!(keyword.as_str(), "properties" | "required" | "$comment"))
            && properties.len() == 1
            && required.len() == 1
            && required[0].as_str() == Some(name)
            && rule.len() == 1;
    let values = match (rule.get("const"), rule.get("enum")) {
        (Some(value), None) => std::slice::from_ref(value),
        (None, Some(Value::Array(values))) => values,
        _ => return None,
    };
    let plain = plain && values.iter().all(|value| value.is_string() || value.is_i64());
    plain.then(|| Test::MemberIs { name: name.as_str().into(), values: values.to_vec() })
}
