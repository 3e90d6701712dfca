//! Where the values of one record stand, for telling very much of it: an array or object with many values in it is gone
//! through once, and not anew for each of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ndjson::{Tape, TapeValue};

use crate::pointer::{push_token, unescape};

/// An array or object of more values than this is gone through once for all that is asked of it.
const MOST_WALKED: usize = 32;

/// The way to the values of a record, as it stands on the tape and as it was read.
pub(crate) struct Places<'a> {
    tape: &'a Tape<'a>,
    now: Tables<'a>,
    as_parsed: Tables<'a>,
}

/// The values of large arrays and objects, by the index of these.
type Tables<'a> = HashMap<u32, Children<'a>>;

/// The values that stand directly in an array or object.
struct Children<'a> {
    /// With their names, if they are members; in the order of the text, which is that of their indices.
    in_order: Vec<(Option<&'a str>, TapeValue<'a>)>,
    /// The first member of each name; made when it is first asked for.
    by_name: Option<HashMap<&'a str, TapeValue<'a>>>,
}

impl<'a> Places<'a> {
    pub(crate) fn of(tape: &'a Tape<'a>) -> Self {
        Self { tape, now: HashMap::new(), as_parsed: HashMap::new() }
    }

    /// The value on the tape that a pointer leads to.
    pub(crate) fn resolve(&mut self, pointer: &str) -> Option<TapeValue<'a>> {
        let mut value = self.tape.root();
        for token in pointer.split('/').skip(1) {
            value = match value.elements() {
                Some(mut elements) => {
                    let nth: usize = token.parse().ok()?;
                    if elements.len() <= MOST_WALKED {
                        elements.nth(nth)?
                    } else {
                        children(&mut self.now, value).in_order.get(nth)?.1
                    }
                }
                None => self.member(value, &unescape(token))?,
            };
        }
        Some(value)
    }

    /// The first member of that name of an object on the tape.
    pub(crate) fn member(&mut self, object: TapeValue<'a>, name: &str) -> Option<TapeValue<'a>> {
        if object.members()?.len() <= MOST_WALKED {
            return object.get(name);
        }
        let Children { in_order, by_name } = children(&mut self.now, object);
        let by_name = by_name.get_or_insert_with(|| {
            // From the last one, so that the first stays.
            in_order.iter().rev().filter_map(|(name, member)| Some(((*name)?, *member))).collect()
        });
        by_name.get(name).copied()
    }

    /// The pointer, in the record as it was read, to the value that stands at this index now.
    pub(crate) fn as_read(&mut self, index: u32) -> String {
        let origin = self.tape.origin(index);
        let mut pointer = String::new();
        let mut value = self.tape.as_parsed();
        while value.index() != origin {
            // Children stand in the order of their indices: the last one that does not start behind the origin holds it.
            let next = match len(value) {
                Some(..=MOST_WALKED) => {
                    let before = |(_, (_, child)): &(usize, Child<'a>)| child.index() <= origin;
                    each_child(value).enumerate().take_while(before).last()
                }
                Some(_) => {
                    let in_order = &children(&mut self.as_parsed, value).in_order;
                    let after = in_order.partition_point(|(_, child)| child.index() <= origin);
                    after.checked_sub(1).map(|nth| (nth, in_order[nth]))
                }
                None => None,
            };
            let Some((nth, (name, child))) = next else { break };
            match name {
                Some(name) => push_token(&mut pointer, name),
                None => push_token(&mut pointer, itoa::Buffer::new().format(nth)),
            }
            value = child;
        }
        pointer
    }
}

/// A member with its name, or an element.
type Child<'a> = (Option<&'a str>, TapeValue<'a>);

/// How many values stand directly in this one, if it is an array or object.
fn len(value: TapeValue<'_>) -> Option<usize> {
    let members = value.members().map(|members| members.len());
    members.or_else(|| value.elements().map(|elements| elements.len()))
}

fn each_child<'a>(value: TapeValue<'a>) -> impl Iterator<Item = Child<'a>> {
    let members = value.members().into_iter().flatten().map(|(name, member)| (Some(name), member));
    members.chain(value.elements().into_iter().flatten().map(|element| (None, element)))
}

/// The values in an array or object, from its table.
fn children<'t, 'a>(tables: &'t mut Tables<'a>, value: TapeValue<'a>) -> &'t mut Children<'a> {
    match tables.entry(value.index()) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => new.insert(Children { in_order: each_child(value).collect(), by_name: None }),
    }
}

#[cfg(test)]
mod tests {
    use ndjson::Parser;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;
    use crate::pointer;

    /// Records with arrays and objects on both sides of what is walked.
    fn record() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), Just(Value::from(1)), Just(Value::from("x"))];
        let values = leaf.prop_recursive(3, 400, MOST_WALKED as u32 * 2, |inner| {
            let width = 0..MOST_WALKED * 2;
            prop_oneof![
                prop::collection::vec(inner.clone(), width.clone()).prop_map(Value::from),
                prop::collection::vec(inner, width).prop_map(|members| Value::Object(named(members))),
            ]
        });
        prop::collection::vec(values, 0..MOST_WALKED * 2).prop_map(|members| Value::Object(named(members)))
    }

    /// Members with names that pointers have to escape, too.
    fn named(members: Vec<Value>) -> Map<String, Value> {
        members.into_iter().enumerate().map(|(nth, member)| (format!("~{nth}/~1"), member)).collect()
    }

    /// The pointers to all values below this one, in the order of the text, with their indices.
    fn walk(value: TapeValue<'_>, pointer: &str, found: &mut Vec<(u32, String)>) {
        found.push((value.index(), pointer.to_owned()));
        for (nth, (name, child)) in each_child(value).enumerate() {
            let mut pointer = pointer.to_owned();
            push_token(&mut pointer, name.map_or(nth.to_string(), str::to_owned).as_str());
            walk(child, &pointer, found);
        }
    }

    proptest! {
        #[test]
        fn places_are_those_that_a_walk_through_all_of_the_record_comes_to(
            record in record(),
            removed in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
            asked in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
        ) {
            let text = record.to_string();
            let checked = Parser::new().parse(text.as_bytes(), |tape| {
                let mut as_read = Vec::new();
                walk(tape.root(), "", &mut as_read);
                let mut removed: Vec<u32> =
                    removed.iter().map(|nth| as_read[nth.index(as_read.len())].0).filter(|index| *index != 0).collect();
                removed.sort_unstable();
                removed.dedup();
                tape.remove(&removed);
                let mut now = Vec::new();
                walk(tape.root(), "", &mut now);
                let mut places = Places::of(tape);
                // In any order.
                for nth in asked {
                    let (index, pointer) = &now[nth.index(now.len())];
                    let origin = tape.origin(*index);
                    let before = as_read.iter().find(|(index, _)| *index == origin).map(|(_, pointer)| pointer.clone());
                    prop_assert_eq!(Some(places.as_read(*index)), before);
                    prop_assert_eq!(places.resolve(pointer).map(TapeValue::index), Some(*index));
                }
                Ok(())
            });
            checked.expect("it is JSON")?;
        }

        #[test]
        fn pointers_lead_where_a_walk_leads(
            record in record(),
            pointer in "(/(~0[0-9]{1,2}~1~01|[0-9]{1,2}|x|)){0,3}",
        ) {
            let text = record.to_string();
            let checked = Parser::new().parse(text.as_bytes(), |tape| {
                let walked = pointer::resolve(tape.root(), &pointer).map(TapeValue::index);
                prop_assert_eq!(Places::of(tape).resolve(&pointer).map(TapeValue::index), walked);
                Ok(())
            });
            checked.expect("it is JSON")?;
        }
    }
}
