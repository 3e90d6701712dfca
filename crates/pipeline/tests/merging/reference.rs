//! Merging as `docs/merging.md` says it, in the simplest way: everything in memory, nothing clever, nothing shared with
//! the product.
//!
//! Where the text leaves something open, this is what is assumed:
//!
//! - A row lost a value each time a more recent one says something else in its place ([`losers`]). Channels that go in the
//!   end had their conflicts before; contacts that are refused have none.
//! - A channel that goes is told once, at the row of its most recent copy.
//! - The channel that its rows are known by stays, before the others of its type; if its token moves, the rows are rejected.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

/// A row that is a valid contact in normal form.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// From 1.
    pub(crate) line: u64,
    /// Milliseconds since 1970.
    pub(crate) updated_at: Option<i64>,
    pub(crate) contact: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Merge,
    First,
    Last,
    Reject,
    Keep,
}

/// What a row without `externalCustomerId` is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownBy {
    ExternalCustomerId,
    Email,
    Sms,
    EmailOrSms,
    Push,
    WebPush,
    Id,
    Field(i64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) policy: Policy,
    pub(crate) known_by: KnownBy,
    /// Whether contacts may share a token.
    pub(crate) tokens_stay: bool,
    /// The most channels of one type, except for email.
    pub(crate) max_per_type: usize,
}

/// What was done with a row, and why.
pub(crate) type Told = (u64, &'static str, &'static str);

#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) written: Vec<Value>,
    pub(crate) merged: u64,
    /// Whatever is told of rows, apart from conflicts.
    pub(crate) told: Vec<Told>,
    /// How many values lost, by field.
    pub(crate) conflicts: BTreeMap<String, u64>,
    /// The line of each value that lost.
    pub(crate) lost: Vec<u64>,
}

impl Expected {
    pub(crate) fn rejected(&self) -> Vec<u64> {
        let rejected = self.told.iter().filter(|(_, action, _)| *action == "rejected");
        rejected.map(|(line, _, _)| *line).collect()
    }

    fn tell(&mut self, row: &Row, action: &'static str, code: &'static str) {
        self.told.push((row.line, action, code));
    }
}

/// What comes of the rows.
pub(crate) fn expected(rows: &[Row], options: Options) -> Expected {
    let mut out = Expected::default();
    match options.policy {
        Policy::Keep => out.written = rows.iter().map(|row| row.contact.clone()).collect(),
        Policy::First => {
            for mut group in groups(rows, options.known_by) {
                group.sort_by_key(|row| row.line);
                out.written.push(group[0].contact.clone());
                group[1..].iter().for_each(|row| out.tell(row, "duplicate", "repeated-key"));
                out.merged += group.len() as u64 - 1;
            }
        }
        Policy::Last => {
            for group in groups(rows, options.known_by) {
                let (last, others) = group.split_last().expect("a group has a row");
                out.written.push(last.contact.clone());
                others.iter().for_each(|row| out.tell(row, "duplicate", "repeated-key"));
                out.merged += others.len() as u64;
            }
        }
        Policy::Reject => {
            for group in groups(rows, options.known_by) {
                match group[..] {
                    [only] => out.written.push(only.contact.clone()),
                    _ => group.iter().for_each(|row| out.tell(row, "rejected", "repeated-key")),
                }
            }
        }
        Policy::Merge => {
            let groups = groups(rows, options.known_by);
            let owners = if options.tokens_stay { HashMap::new() } else { owners(&groups) };
            for (nth, group) in groups.iter().enumerate() {
                let moved = |channel: &Value| {
                    channel["type"] == "mobilepush"
                        && owners.get(text(&channel["value"])).is_some_and(|owner| *owner != nth)
                };
                merge(group, moved, options, &mut out);
            }
        }
    }
    out
}

/// All that a row is known by: fields and values.
fn names(contact: &Value, known_by: KnownBy) -> Vec<(&'static str, String)> {
    if let Some(id) = contact.get("externalCustomerId") {
        return vec![("externalCustomerId", text(id).to_owned())];
    }
    let channels = |kind: &'static str| {
        let all = contact["channels"].as_array().into_iter().flatten();
        all.filter(move |channel| channel["type"] == kind)
            .map(move |channel| (kind, text(&channel["value"]).to_owned()))
    };
    let first = |kind| channels(kind).take(1).collect();
    match known_by {
        KnownBy::ExternalCustomerId => Vec::new(),
        KnownBy::Email => first("email"),
        KnownBy::Sms => first("sms"),
        KnownBy::EmailOrSms => channels("email").chain(channels("sms")).collect(),
        KnownBy::Push => first("mobilepush"),
        KnownBy::WebPush => first("webpush"),
        KnownBy::Id => vec![("id", contact["id"].to_string())],
        KnownBy::Field(id) => {
            let fields = contact["fields"].as_array().into_iter().flatten();
            fields
                .filter(|field| field["id"] == id)
                .map(|field| ("field", text(&field["value"]).to_owned()))
                .collect()
        }
    }
}

/// The rows of each contact, in the order in which the contacts first came up; those of one from the least recent on.
fn groups(rows: &[Row], known_by: KnownBy) -> Vec<Vec<&Row>> {
    let names: Vec<_> = rows.iter().map(|row| names(&row.contact, known_by)).collect();
    let mut rows_of: HashMap<_, Vec<usize>> = HashMap::new();
    for (nth, names) in names.iter().enumerate() {
        names.iter().for_each(|name| rows_of.entry(name).or_default().push(nth));
    }
    let mut is_taken = vec![false; rows.len()];
    let mut groups = Vec::new();
    for start in 0..rows.len() {
        let mut group = Vec::new();
        let mut reached = vec![start];
        while let Some(nth) = reached.pop() {
            if std::mem::replace(&mut is_taken[nth], true) {
                continue;
            }
            group.push(&rows[nth]);
            reached.extend(names[nth].iter().flat_map(|name| &rows_of[name]));
        }
        if !group.is_empty() {
            group.sort_by_key(|row| (row.updated_at, row.line));
            groups.push(group);
        }
    }
    groups
}

/// Which of the contacts each token belongs to.
fn owners<'r>(groups: &[Vec<&'r Row>]) -> HashMap<&'r str, usize> {
    let mut best = HashMap::new();
    for (nth, group) in groups.iter().enumerate() {
        for row in group {
            let channels = row.contact["channels"].as_array().into_iter().flatten();
            for channel in channels.filter(|channel| channel["type"] == "mobilepush") {
                let claim = (is_active(channel), row.updated_at, row.line, nth);
                let best = best.entry(text(&channel["value"])).or_insert(claim);
                *best = claim.max(*best);
            }
        }
    }
    best.into_iter().map(|(token, (_, _, _, nth))| (token, nth)).collect()
}

/// A place in a contact that has one value: the members that lead there. Where elements of an array stand on the way,
/// what tells them apart stands in the place of their index.
type Place = Vec<String>;

/// One contact of rows that stand from the least recent on.
fn merge(group: &[&Row], moved: impl Fn(&Value) -> bool, options: Options, out: &mut Expected) {
    let mut places: Vec<Place> = Vec::new();
    let mut values: HashMap<Place, Vec<(Value, u64)>> = HashMap::new();
    // Of each channel the row of its most recent copy; those mentioned last stand last.
    let mut channels: Vec<(String, &Row)> = Vec::new();
    for row in group {
        for (place, value) in leaves(&row.contact) {
            let known = values.entry(place.clone()).or_default();
            if known.is_empty() {
                places.push(place);
            } else if said(&value) == "" {
                continue;
            }
            known.push((value, row.line));
        }
        for channel in row.contact["channels"].as_array().into_iter().flatten() {
            let name = channel_name(channel);
            channels.retain(|(known, _)| *known != name);
            channels.push((name, row));
        }
    }

    let mut contact = Value::Object(Map::new());
    for place in &places {
        let (value, _) = values[place].last().expect("a place has a value");
        put(&mut contact, place, value.clone());
    }
    if let Some(fields) = contact.get_mut("fields") {
        *fields = elements(fields.take()).into_iter().map(|(_, field)| field).collect();
    }

    let mut by_name: HashMap<String, Value> = elements(contact["channels"].take()).into_iter().collect();
    let mut left: Vec<(Value, &Row)> = Vec::new();
    let mut pruned: Vec<(&Row, &'static str)> = Vec::new();
    for (name, row) in channels {
        let channel = by_name.remove(&name).expect("every channel was put there");
        if moved(&channel) {
            pruned.push((row, "token-moved"));
        } else {
            left.push((channel, row));
        }
    }
    let anchor = anchor(&group[0].contact, options.known_by);
    let is_anchor = |channel: &Value| {
        anchor.as_ref().is_some_and(|(kind, value)| channel["type"] == *kind && channel["value"] == **value)
    };
    if left.is_empty() || (anchor.is_some() && !left.iter().any(|(channel, _)| is_anchor(channel))) {
        group.iter().for_each(|row| out.tell(row, "rejected", "token-moved"));
        return;
    }
    while let Some(surplus) = surplus(&left, options.max_per_type, is_anchor) {
        pruned.push((left.remove(surplus).1, "channel-limit"));
    }
    if let Some(at) = left.iter().position(|(channel, _)| is_anchor(channel)) {
        let anchor = left.remove(at);
        let first = left.iter().position(|(channel, _)| channel["type"] == anchor.0["type"]);
        left.insert(first.unwrap_or(at).min(at), anchor);
    }

    contact["channels"] = left.into_iter().map(|(channel, _)| channel).collect();
    pruned.into_iter().for_each(|(row, code)| out.tell(row, "pruned", code));
    for place in &places {
        for line in losers(&values[place]) {
            *out.conflicts.entry(field_of(place)).or_default() += 1;
            out.lost.push(line);
        }
    }
    out.written.push(contact);
    out.merged += group.len() as u64 - 1;
}

/// The lines whose value gave way to the next one, of all values in one place from the least recent on.
fn losers(values: &[(Value, u64)]) -> Vec<u64> {
    let differ = |pair: &&[(Value, u64)]| {
        let (before, after) = (said(&pair[0].0), said(&pair[1].0));
        before != "" && before != after
    };
    values.windows(2).filter(differ).map(|pair| pair[0].1).collect()
}

/// What a value says; of a custom field only that counts.
fn said(value: &Value) -> &Value {
    value.get("value").unwrap_or(value)
}

/// The channel that a contact is known by.
fn anchor(contact: &Value, known_by: KnownBy) -> Option<(&'static str, String)> {
    let is_channel = matches!(known_by, KnownBy::Email | KnownBy::Sms | KnownBy::Push | KnownBy::WebPush);
    let name = names(contact, known_by).into_iter().next()?;
    (is_channel && name.0 != "externalCustomerId").then_some(name)
}

/// The least worthy of the channels of which there are too many: an inactive one before an active one, an earlier one
/// before a later one.
fn surplus(
    channels: &[(Value, &Row)],
    max_per_type: usize,
    is_anchor: impl Fn(&Value) -> bool,
) -> Option<usize> {
    let is_too_many = |kind: &Value| {
        let max = if kind == "email" { 1 } else { max_per_type };
        channels.iter().filter(|(channel, _)| channel["type"] == *kind).count() > max
    };
    let candidates = channels.iter().enumerate().filter(|(_, (channel, _))| is_too_many(&channel["type"]));
    candidates
        .min_by_key(|(nth, (channel, _))| (is_anchor(channel), is_active(channel), *nth))
        .map(|(nth, _)| nth)
}

fn is_active(channel: &Value) -> bool {
    channel["device"]["active"] != false
}

/// What tells a channel from others.
fn channel_name(channel: &Value) -> String {
    json!([channel["type"], channel["value"], channel["device"]["appId"]]).to_string()
}

/// Every value of a contact, with its place; a custom field is one value, as its row wrote it.
fn leaves(contact: &Value) -> Vec<(Place, Value)> {
    let mut named = contact.clone();
    let name_elements = |array: &mut Value, name: fn(&Value) -> String| {
        let elements = array.as_array().into_iter().flatten();
        *array = Value::Object(elements.map(|element| (name(element), element.clone())).collect());
    };
    name_elements(&mut named["channels"], channel_name);
    if let Some(fields) = named.get_mut("fields") {
        name_elements(fields, |field| field["id"].to_string());
    }
    let mut leaves = Vec::new();
    collect_leaves(&named, &mut Vec::new(), &mut leaves);
    leaves
}

fn collect_leaves(value: &Value, place: &mut Place, leaves: &mut Vec<(Place, Value)>) {
    let is_field = place.len() == 2 && place[0] == "fields";
    let members = match value {
        Value::Object(members) if !is_field => members,
        _ => {
            leaves.push((place.clone(), value.clone()));
            return;
        }
    };
    for (name, member) in members {
        place.push(name.clone());
        collect_leaves(member, place, leaves);
        place.pop();
    }
}

/// Puts a value where it belongs, behind everything that is there.
fn put(object: &mut Value, place: &[String], value: Value) {
    match place {
        [] => *object = value,
        [name, rest @ ..] => {
            if object.is_null() {
                *object = Value::Object(Map::new());
            }
            put(&mut object[name.as_str()], rest, value);
        }
    }
}

/// The elements of what was an array, with their names.
fn elements(named: Value) -> Vec<(String, Value)> {
    match named {
        Value::Object(elements) => elements.into_iter().collect(),
        other => panic!("{other} holds no elements"),
    }
}

/// Under which name conflicts in this place are counted.
fn field_of(place: &Place) -> String {
    match &place.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["channels", _, members @ ..] => format!("channels/{}", members.join("/")),
        ["fields", id] => format!("fields/{id}"),
        members => members.join("/"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("keys, tokens and addresses are texts")
}
