//! Rules about the elements of an array that JSON Schema has no keyword for: `x-unique-by` (told as
//! `x-unique-code`) and `x-max-per-type`.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;

use ndjson::{Tape, TapeValue};
use serde_json::{Map, Value};
use smol_str::{SmolStr, format_smolstr};

use crate::places::Places;
use crate::pointer::{push_subject, push_token};
use crate::schema::SchemaError;
use crate::violation::Violation;

/// The limits of one schema, each with the members that lead to its array.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) arrays: Vec<LimitedArray>,
}

#[derive(Debug)]
pub(crate) struct LimitedArray {
    /// The members that lead to the array.
    pub(crate) path: Vec<String>,
    pub(crate) unique_by: Option<UniqueBy>,
    pub(crate) max_per_type: Option<MaxPerType>,
}

/// More elements than this are told apart by a table, not each with each.
const MOST_COMPARED: usize = 64;

/// Elements that are equal in these members are one; the last of them stays.
#[derive(Debug)]
pub(crate) struct UniqueBy {
    /// The members that lead to each value.
    pub(crate) members: Vec<Vec<String>>,
    code: SmolStr,
}

/// At most so many elements of one `type`; those not marked inactive stay, then the later ones.
#[derive(Clone, Debug)]
pub(crate) struct MaxPerType {
    default: usize,
    of_type: Vec<(String, usize)>,
}

/// An element that goes, and why.
#[derive(Debug)]
pub(crate) struct Surplus {
    pub(crate) index: u32,
    pub(crate) violation: Violation,
}

impl Limits {
    /// Finds the annotations on arrays that are reached by members alone. A reference is not followed inside itself.
    pub(crate) fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let mut limits = Self::default();
        collect(schema, schema, String::new(), &mut Vec::new(), &mut Vec::new(), &mut limits.arrays)?;
        Ok(limits)
    }

    /// The elements of the record that are beyond a limit. `max_per_type` overrides the schema's default.
    pub(crate) fn surplus(&self, tape: &Tape<'_>, max_per_type: Option<usize>, surplus: &mut Vec<Surplus>) {
        for limited in &self.arrays {
            if let Some(array) = limited.path.iter().try_fold(tape.root(), |value, name| value.get(name)) {
                limited.surplus(tape, array, max_per_type, surplus);
            }
        }
    }
}

/// What limits ask of the elements of an array.
pub(crate) struct Looked<'a, K> {
    /// The values of the members that tell elements apart, those of the first element first.
    pub(crate) known: Vec<Option<K>>,
    /// What its `type` says, for each element.
    pub(crate) kinds: Vec<Option<&'a str>>,
}

impl LimitedArray {
    /// The elements of this array that are beyond a limit.
    fn surplus(
        &self,
        tape: &Tape<'_>,
        array: TapeValue<'_>,
        max_per_type: Option<usize>,
        surplus: &mut Vec<Surplus>,
    ) {
        let Some(elements) = array.elements().filter(|elements| elements.len() > 1) else { return };
        let elements: Vec<TapeValue<'_>> = elements.collect();
        let member = |element: &TapeValue<'_>, path: &[String]| {
            path.iter().try_fold(*element, |value, name| value.get(name)).map(|value| value.index())
        };
        let known = |element| self.unique_members().iter().map(move |path| member(element, path));
        let looked = Looked {
            known: elements.iter().flat_map(known).map(|index| Some(tape.value(index?).node())).collect(),
            kinds: elements.iter().map(|element| element.get("type").and_then(TapeValue::as_str)).collect(),
        };
        let is_active = |nth: usize| {
            let device = elements[nth].get("device");
            device.and_then(|device| device.get("active")).and_then(TapeValue::as_bool) != Some(false)
        };
        let mut places = Places::of(tape);
        let beyond =
            self.beyond(&looked, max_per_type, is_active, |nth| places.as_read(elements[nth].index()).into());
        surplus.extend(
            beyond.into_iter().map(|(nth, violation)| Surplus { index: elements[nth].index(), violation }),
        );
    }

    /// The elements, by their numbers, that are beyond a limit, and what is told of each. `max_per_type` overrides the
    /// schema's default.
    pub(crate) fn beyond<K: PartialEq + Debug>(
        &self,
        looked: &Looked<'_, K>,
        max_per_type: Option<usize>,
        is_active: impl Fn(usize) -> bool,
        mut pointer: impl FnMut(usize) -> SmolStr,
    ) -> Vec<(usize, Violation)> {
        let mut left: Vec<usize> = (0..looked.kinds.len()).collect();
        let mut beyond = Vec::new();
        if let Some(unique_by) = &self.unique_by {
            unique_by.apply(&mut left, &looked.known, &mut pointer, &mut beyond);
        }
        if let Some(max) = &self.max_per_type {
            max.apply(&left, &looked.kinds, max_per_type, is_active, &mut pointer, &mut beyond);
        }
        beyond
    }

    /// The members that tell elements apart.
    pub(crate) fn unique_members(&self) -> &[Vec<String>] {
        self.unique_by.as_ref().map_or(&[], |unique_by| &unique_by.members)
    }
}

impl UniqueBy {
    fn apply<K: PartialEq + Debug>(
        &self,
        elements: &mut Vec<usize>,
        known: &[Option<K>],
        pointer: &mut impl FnMut(usize) -> SmolStr,
        beyond: &mut Vec<(usize, Violation)>,
    ) {
        let width = self.members.len();
        let known_by = |nth: usize| &known[nth * width..(nth + 1) * width];
        // An element without the first of the members cannot be told apart; the schema speaks about that.
        let is_named = |nth: usize| matches!(known_by(nth), [Some(_), ..]);
        let count = elements.len();
        let comes_again: Vec<bool> = if count <= MOST_COMPARED {
            let again = |nth: usize| (nth + 1..count).any(|later| known_by(nth) == known_by(later));
            (0..count).map(|nth| is_named(nth) && again(nth)).collect()
        } else {
            let mut later = HashSet::with_capacity(count);
            let mut again: Vec<bool> = (0..count)
                .rev()
                .map(|nth| !later.insert(format!("{:?}", known_by(nth))) && is_named(nth))
                .collect();
            again.reverse();
            again
        };
        elements.retain(|nth| !comes_again[*nth]);
        for nth in (0..count).filter(|nth| comes_again[*nth]) {
            let place = pointer(nth);
            let mut message = String::with_capacity(96);
            push_subject(&mut message, &place);
            message.push_str(" stands again further on in this record; the later one stays");
            let mut violation = Violation::of_record("", place, message);
            violation.code = self.code.clone();
            beyond.push((nth, violation));
        }
    }
}

impl MaxPerType {
    /// The most elements of one type; `max_per_type` overrides the schema's default.
    pub(crate) fn max_of(&self, kind: &[u8], max_per_type: Option<usize>) -> usize {
        let of_type = self.of_type.iter().find(|(name, _)| name.as_bytes() == kind).map(|(_, max)| *max);
        of_type.or(max_per_type).unwrap_or(self.default)
    }

    /// Whether one element of each type is within the limit, whatever types these are.
    pub(crate) fn takes_one_of_each(&self, max_per_type: Option<usize>) -> bool {
        let of_others = max_per_type.unwrap_or(self.default);
        self.of_type.iter().map(|(_, max)| *max).chain([of_others]).all(|max| max >= 1)
    }

    fn apply(
        &self,
        elements: &[usize],
        kinds: &[Option<&str>],
        max_per_type: Option<usize>,
        is_active: impl Fn(usize) -> bool,
        pointer: &mut impl FnMut(usize) -> SmolStr,
        beyond: &mut Vec<(usize, Violation)>,
    ) {
        // In the order in which each type came first.
        let mut of_types: Vec<(&str, Vec<usize>)> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for nth in elements {
            let Some(kind) = kinds[*nth] else { continue };
            let place = match elements.len() {
                ..=MOST_COMPARED => of_types.iter().position(|(known, _)| *known == kind),
                _ => known.get(kind).copied(),
            };
            match place {
                Some(place) => of_types[place].1.push(*nth),
                None => {
                    if elements.len() > MOST_COMPARED {
                        known.insert(kind, of_types.len());
                    }
                    of_types.push((kind, vec![*nth]));
                }
            }
        }
        for (kind, those) in of_types {
            let max = self.max_of(kind.as_bytes(), max_per_type);
            if those.len() <= max {
                continue;
            }
            let surplus = those.len() - max;
            let plural = if max == 1 { "channel" } else { "channels" };
            let message = format_smolstr!(
                "a contact takes at most {max} {plural} of type {kind}; inactive and earlier ones are left out"
            );
            // Among the equally active ones the later stay.
            let (active, inactive): (Vec<usize>, Vec<usize>) =
                those.into_iter().partition(|nth| is_active(*nth));
            for nth in inactive.into_iter().chain(active).take(surplus) {
                let violation = Violation::of_record("channel-limit", pointer(nth), message.clone());
                beyond.push((nth, violation));
            }
        }
    }
}

fn collect(
    document: &Value,
    schema: &Value,
    place: String,
    path: &mut Vec<String>,
    followed: &mut Vec<String>,
    arrays: &mut Vec<LimitedArray>,
) -> Result<(), SchemaError> {
    let Some(schema) = schema.as_object() else { return Ok(()) };
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    if let Some(target) = target
        // A schema that refers to itself has no end; its limits hold for the outermost arrays.
        && target != place
        && !target.is_empty()
        && !followed.iter().any(|known| known == target)
        && let Some(referred) = document.pointer(target)
    {
        followed.push(target.to_owned());
        collect(document, referred, target.to_owned(), path, followed, arrays)?;
        followed.pop();
    }
    let limited = LimitedArray {
        path: path.clone(),
        unique_by: unique_by(schema, &place)?,
        max_per_type: max_per_type(schema, &place)?,
    };
    if limited.unique_by.is_some() || limited.max_per_type.is_some() {
        arrays.push(limited);
    }
    for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        path.push(name.clone());
        let mut place = format!("{place}/properties");
        push_token(&mut place, name);
        collect(document, member, place, path, followed, arrays)?;
        path.pop();
    }
    Ok(())
}

fn unique_by(schema: &Map<String, Value>, place: &str) -> Result<Option<UniqueBy>, SchemaError> {
    let Some(annotation) = schema.get("x-unique-by") else { return Ok(None) };
    let broken = || SchemaError::Annotation {
        pointer: format!("{place}/x-unique-by"),
        message: "must be a list of members, or paths of members such as \"device/appId\"".to_owned(),
    };
    let members = annotation.as_array().ok_or_else(broken)?;
    let members = members.iter().map(|member| Some(member.as_str()?.split('/').map(str::to_owned).collect()));
    let code = schema.get("x-unique-code").and_then(Value::as_str).unwrap_or("not-unique");
    Ok(Some(UniqueBy { members: members.collect::<Option<_>>().ok_or_else(broken)?, code: code.into() }))
}

fn max_per_type(schema: &Map<String, Value>, place: &str) -> Result<Option<MaxPerType>, SchemaError> {
    let Some(annotation) = schema.get("x-max-per-type") else { return Ok(None) };
    let broken = || SchemaError::Annotation {
        pointer: format!("{place}/x-max-per-type"),
        message: "must be {\"default\": a number, a type: a number, …}".to_owned(),
    };
    let mut max = MaxPerType { default: usize::MAX, of_type: Vec::new() };
    for (name, number) in annotation.as_object().ok_or_else(broken)? {
        let number = number.as_u64().and_then(|number| usize::try_from(number).ok()).ok_or_else(broken)?;
        if name == "default" {
            max.default = number;
        } else {
            max.of_type.push((name.clone(), number));
        }
    }
    Ok(Some(max))
}
