//! From schemas to a program.
//!
//! A rule is made of all the places in the schemas that speak about one place of a record: those behind `$ref` and
//! `allOf`, and the branches of conditions. Where one of them holds a keyword that is not known here, or says what a
//! scan cannot tell, the rule takes nothing, or less: what it does not take is left to the validator. So forgetting
//! something here must make a rule stricter, never laxer.

mod keywords;

pub(super) use self::keywords::Said;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use self::keywords::{Condition, Place, Places};
use super::parts::{Closed, Influence, Part, PartPlace};
use super::program::{
    ArrayRule, IntegerRule, MOST_MEMBERS, Member, NOTHING, Name, ObjectRule, PartId, Program, Rule, RuleId,
    TextVariant, Variants,
};
use super::text::{Choice, Languages, TextRule};
use super::wanted::{Spot, Wanted};
use crate::normalise::Settings;
use crate::schema::{Schema, percent_encoded};

/// A schema with more rules than this is left to the validator where they end.
const MOST_RULES: usize = 4096;

/// Longer lists of values, as of an `enum` or of conditions, are left to the validator.
const MOST_VALUES: usize = 256;

impl Program {
    /// Compiles what all the schemas say together. `wanted` are the values that are noted while a record is read.
    pub(crate) fn compile<'s>(schemas: impl IntoIterator<Item = &'s Schema>, wanted: &Wanted) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let schemas: Vec<&'s Schema> = schemas.into_iter().collect();
        let mut compiler = Compiler {
            schemas: &schemas,
            wanted,
            program: Self {
                id: NonZeroU64::new(NEXT.fetch_add(1, Ordering::Relaxed)),
                columns: wanted.widths(),
                ..Self::default()
            },
            known: HashMap::new(),
            known_parts: HashMap::new(),
            languages: Languages::default(),
        };
        // The rule, and the part, of what is left to the validator.
        compiler.program.rules.push(Rule::default());
        compiler.program.parts.push(Part::default());
        let places: Option<Vec<Place<'s>>> = schemas.iter().copied().map(Place::of_schema).collect();
        if let Some(places) = places {
            compiler.program.root = compiler.rule(places, Vec::new(), wanted.root());
        }
        compiler.program
    }
}

/// The part of which nothing is known.
const UNKNOWN: PartId = 0;

/// What is assumed of the value of a member, by the variant of its object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Assumed {
    Text(String),
    Integer(i64),
    /// It is none of these, which are written as JSON.
    NoneOf(Vec<String>),
    /// It is not there.
    Nothing,
}

type Assumptions = Vec<(String, Assumed)>;

/// What a rule depends on: the same of it gives the same rule, and a schema may refer to itself.
type RuleKey = (Vec<usize>, Assumptions, Spot);

struct Compiler<'c> {
    schemas: &'c [&'c Schema],
    wanted: &'c Wanted,
    program: Program,
    known: HashMap<RuleKey, RuleId>,
    /// By the place in the schema, and whether its normalisers count there.
    known_parts: HashMap<(usize, bool), Arc<PartPlace>>,
    languages: Languages,
}

impl Compiler<'_> {
    /// The rule of these places in the schemas, for the place of a record that `spot` is.
    fn rule(&mut self, places: Vec<Place<'_>>, assumptions: Assumptions, spot: Spot) -> RuleId {
        let Some(places) = Places::expand(places, &assumptions) else { return NOTHING };
        let key = (places.identity(), assumptions.clone(), spot);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let id = self.program.rules.len();
        if id >= MOST_RULES {
            return NOTHING;
        }
        self.program.rules.push(Rule::default());
        self.known.insert(key, id);
        let rule = match places.conditions.first() {
            Some(condition) => self.conditional(&places, condition, &assumptions, spot),
            None => places.said().map(|said| self.unconditional(&places, &said, &assumptions, spot)),
        };
        if let Some(rule) = rule {
            self.program.rules[id] = rule;
        }
        id
    }

    /// An object that has another rule for each value that its conditions ask for.
    fn conditional(
        &mut self,
        places: &Places<'_>,
        condition: &Condition<'_>,
        assumptions: &Assumptions,
        spot: Spot,
    ) -> Option<Rule> {
        let name = condition.name;
        let mut values: Vec<&Value> = Vec::new();
        for condition in places.conditions.iter().filter(|condition| condition.name == name) {
            for value in &condition.values {
                if !values.contains(value) {
                    values.push(value);
                }
            }
        }
        if values.len() > MOST_VALUES || !is_plain(name) {
            return None;
        }
        let variant = |compiler: &mut Self, assumed: Assumed| {
            let mut assumptions = assumptions.clone();
            assumptions.push((name.to_owned(), assumed));
            compiler.rule(places.roots.clone(), assumptions, spot)
        };
        let mut variants = Variants {
            name: Name::new(name),
            of_text: Vec::new(),
            of_integer: Vec::new(),
            otherwise: variant(self, Assumed::NoneOf(values.iter().map(|value| value.to_string()).collect())),
            without: variant(self, Assumed::Nothing),
        };
        for value in values {
            match (value.as_str(), value.as_i64()) {
                (Some(text), _) => {
                    let rule = variant(self, Assumed::Text(text.to_owned()));
                    let member = self.member_of_text(rule, name, text);
                    variants.of_text.push(TextVariant { text: Choice::new(text.as_bytes()), rule, member });
                }
                (_, Some(integer)) => {
                    let rule = variant(self, Assumed::Integer(integer));
                    variants.of_integer.push((integer, rule));
                }
                _ => return None,
            }
        }
        // To values that are no objects such a condition says something else; they are left to the validator.
        let object = ObjectRule { variants: Some(variants), ..self.no_members(0) };
        Some(Rule { object: Some(object), ..Rule::default() })
    }

    /// The place of the member that a variant depends on, if the rule takes its text there.
    fn member_of_text(&self, rule: RuleId, name: &str, text: &str) -> Option<u8> {
        let object = self.program.rules[rule].object.as_ref().filter(|object| object.variants.is_none())?;
        let place = object.members.iter().position(|member| member.name.bare() == name.as_bytes())?;
        let member = self.program.rules[object.members[place].rule].text.as_ref()?;
        // A control character does not stand raw in a string: only a text without one is read for good by looking at it.
        let is_raw = text.chars().all(|character| character >= ' ');
        (is_raw && member.checks.is_empty() && member.takes_text(text, &Settings::default()))
            .then_some(place as u8)
    }

    fn no_members(&mut self, members: usize) -> ObjectRule {
        let guesses = self.program.guesses;
        self.program.guesses += members + 1;
        ObjectRule {
            variants: None,
            members: Vec::new(),
            noted_below: Vec::new(),
            required: 0,
            others: None,
            others_part: UNKNOWN,
            least_members: 0,
            most_members: usize::MAX,
            guesses,
        }
    }

    fn unconditional(
        &mut self,
        places: &Places<'_>,
        said: &Said,
        assumptions: &Assumptions,
        spot: Spot,
    ) -> Rule {
        if places.objects.is_empty() && !self.wanted.is_wanted_below(spot) {
            return Rule { takes_anything: true, ..Rule::default() };
        }
        let kinds = said.kinds;
        Rule {
            text: kinds.text.then(|| self.text(said)).flatten(),
            object: kinds.object.then(|| self.object(places, said, assumptions, spot)).flatten(),
            array: kinds.array.then(|| self.array(places, said, spot)).flatten(),
            integer: kinds.integer.then_some(IntegerRule { least: said.minimum, most: said.maximum }),
            takes_fractions: kinds.fraction,
            takes_true: kinds.truth,
            takes_false: kinds.truth,
            takes_null: kinds.null,
            takes_anything: false,
        }
    }

    fn text(&mut self, said: &Said) -> Option<TextRule> {
        let mut rule = TextRule::compile(said, &mut self.languages)?;
        if !rule.checks.is_empty() || !rule.languages.is_empty() {
            rule.memo = Some(self.program.memos);
            self.program.memos += 1;
        }
        Some(rule)
    }

    fn object(
        &mut self,
        places: &Places<'_>,
        said: &Said,
        assumptions: &Assumptions,
        spot: Spot,
    ) -> Option<ObjectRule> {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        let mut in_order: Vec<&str> = Vec::new();
        let properties = places.members("properties").flat_map(|properties| properties.keys());
        let required = said.required.iter().map(String::as_str);
        for name in properties.map(String::as_str).chain(required).chain(self.wanted.names(spot)) {
            if !names.contains_key(name) {
                names.insert(name, in_order.len());
                in_order.push(name);
            }
        }
        if in_order.len() > MOST_MEMBERS {
            return None;
        }
        let mut rule = self.no_members(in_order.len());
        for name in &in_order {
            let (inner, noted) = self.wanted.member(spot, name);
            // What stands in a record with escapes is left to the parser, so the name must need none.
            let id = match places.member(name) {
                Some(places) if is_plain(name) => self.rule(places, Vec::new(), inner),
                _ => NOTHING,
            };
            let assumed = assumptions.iter().find(|(assumed, _)| assumed == name);
            let id = match assumed {
                Some((_, Assumed::Text(text))) => self.assumed_text(id, text),
                _ => id,
            };
            let influence = match assumed {
                None => Influence::None,
                Some((_, Assumed::NoneOf(_) | Assumed::Nothing)) => Influence::NoneAsItIs,
                Some((_, Assumed::Text(_) | Assumed::Integer(_))) => Influence::Decides,
            };
            let part = self.part(places.of_member(Some(name)), influence);
            rule.members.push(Member { name: Name::new(name), rule: id, part, noted });
            rule.noted_below.push(self.wanted.below(inner));
        }
        rule.others_part = self.part(places.of_member(None), Influence::None);
        for name in &said.required {
            rule.required |= 1 << names[name.as_str()];
        }
        rule.others = places.others().map(|places| self.rule(places, Vec::new(), Spot::NONE));
        (rule.least_members, rule.most_members) = (said.min_members, said.max_members);
        Some(rule)
    }

    /// The rule of a member whose text is known: it is that one, or the object is not taken.
    fn assumed_text(&mut self, rule: RuleId, text: &str) -> RuleId {
        // A rule that is still being made says nothing yet.
        let Some(rule) = &self.program.rules[rule].text else { return NOTHING };
        // Of what a normaliser may do with the settings of a run, nothing is known here.
        if !rule.checks.is_empty() || !rule.takes_text(text, &Settings::default()) {
            return NOTHING;
        }
        let rule = Rule { text: Some(TextRule::of_choice(text)), ..Rule::default() };
        self.program.rules.push(rule);
        self.program.rules.len() - 1
    }

    fn array(&mut self, places: &Places<'_>, said: &Said, spot: Spot) -> Option<ArrayRule> {
        let (inner, table, noted) = self.wanted.elements(spot);
        Some(ArrayRule {
            elements: self.rule(places.elements()?, Vec::new(), inner),
            part: self.part((places.of_elements(), Vec::new()), Influence::None),
            least: said.min_elements,
            most: said.max_elements,
            table,
            noted,
        })
    }

    /// What these places say about a part, and those that refuse it because they do not know it.
    fn part(&mut self, (speak, refuse): (Vec<Place<'_>>, Vec<Place<'_>>), influence: Influence) -> PartId {
        let places: Option<Vec<_>> = speak.into_iter().map(|place| self.part_place(place)).collect();
        let closed_by: Option<Vec<_>> = refuse.into_iter().map(|place| self.closed(place)).collect();
        let (Some(mut places), Some(closed_by)) = (places, closed_by) else { return UNKNOWN };
        places.sort_by_key(|place| place.schema);
        // Two steps of one plan would have to come in the order of that plan.
        let steps = places.iter().filter(|place| place.step.is_some()).map(|place| place.schema);
        if !steps.is_sorted_by(|one, other| one < other) {
            return UNKNOWN;
        }
        self.program.parts.push(Part { places, closed_by, influence, is_whole: true });
        self.program.parts.len() - 1
    }

    fn part_place(&mut self, place: Place<'_>) -> Option<Arc<PartPlace>> {
        let key = (place.identity(), place.is_of_plan());
        if let Some(known) = self.known_parts.get(&key) {
            return Some(Arc::clone(known));
        }
        let (schema, uri, pointer) = place.stands_in(self.schemas)?;
        let plan = &self.schemas[schema].plan;
        let step = if key.1 { plan.step_of_place(&pointer) } else { None };
        let uri = uri.to_owned();
        let made = Arc::new(PartPlace { schema, uri, pointer, step, validator: OnceLock::new() });
        self.known_parts.insert(key, Arc::clone(&made));
        Some(made)
    }

    fn closed(&self, place: Place<'_>) -> Option<Closed> {
        let (schema, uri, pointer) = place.stands_in(self.schemas)?;
        Some(Closed { schema, keyword: format!("{uri}#{}/additionalProperties", percent_encoded(&pointer)) })
    }
}

/// Whether a name stands in a record as it is, without escapes.
fn is_plain(name: &str) -> bool {
    name.chars().all(|character| character >= ' ' && !matches!(character, '"' | '\\' | '\u{7F}'))
}
