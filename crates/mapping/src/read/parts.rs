//! The parts of a mapping: values, conditions, rules, members, fields and channels.

use contact::Normaliser;

use super::Reader;
use super::entry::{Entry, Section};
use crate::condition::{Condition, Rule, Test};
use crate::error::MappingError;
use crate::mapping::{Channel, Each, Field, Group, MOBILE_PUSH, Member, Shape};
use crate::place::{From, Place, PlaceId, steps_of};
use crate::trie::Trie;
use crate::value::{FromPlaces, Table, Value};

const TYPES: &[&str] = &["email", "sms", "viber", MOBILE_PUSH, "webpush", "appinbox", "widget", "inapp"];

/// The members of a contact, in the order in which they are written.
const MEMBERS: &[(&str, Group, Shape)] = &[
    ("externalCustomerId", Group::None, Shape::Text),
    ("contactKey", Group::None, Shape::Text),
    ("firstName", Group::None, Shape::Text),
    ("lastName", Group::None, Shape::Text),
    ("languageCode", Group::None, Shape::Text),
    ("timeZone", Group::None, Shape::Text),
    ("region", Group::Address, Shape::Text),
    ("town", Group::Address, Shape::Text),
    ("address", Group::Address, Shape::Text),
    ("postcode", Group::Address, Shape::Text),
    ("addressBookId", Group::None, Shape::Number),
    ("id", Group::None, Shape::Number),
];

/// The members of a device, in the order in which they are written.
const DEVICE: &[(&str, Shape)] = &[
    ("appId", Shape::Text),
    ("deviceModel", Shape::Text),
    ("os", Shape::Text),
    ("locale", Shape::Text),
    ("clientVersion", Shape::Text),
    ("appVersion", Shape::Text),
    ("active", Shape::Truth),
];

const CHANNEL_KEYS: &[&str] =
    &["type", "value", "each", "when", "unless", "app", "device", "inactive", "active-at"];
const RULE_KEYS: &[&str] = &["reason", "hint", "when", "unless"];
const VALUE_KEYS: &[&str] = &["from", "json", "normalize", "values", "otherwise", "join", "constant"];

impl Reader {
    pub(super) fn place(&mut self, entry: &Entry<'_>) -> Result<PlaceId, MappingError> {
        self.place_of(entry, entry.text()?)
    }

    fn place_of(&mut self, entry: &Entry<'_>, written: &str) -> Result<PlaceId, MappingError> {
        let (from, place) = Place::parse(written).map_err(|error| entry.wrong(error.to_string()))?;
        match (from, &mut self.elements) {
            (From::Record, _) => Ok(PlaceId::Record(intern(&mut self.places, place))),
            (From::Element, Some(elements)) => Ok(PlaceId::Element(intern(elements, place))),
            (From::Element, None) => {
                Err(entry.wrong("a place that begins with a dot is in an element: the channel needs each"))
            }
        }
    }

    fn places(&mut self, entry: &Entry<'_>) -> Result<Vec<PlaceId>, MappingError> {
        let places = entry.one_or_list()?;
        if places.is_empty() {
            return Err(entry.wrong("the list of places is empty"));
        }
        places.iter().map(|place| self.place(place)).collect()
    }

    fn value(&mut self, entry: &Entry<'_>) -> Result<Value, MappingError> {
        if !entry.is_table() {
            let places = self.places(entry)?;
            return Ok(Value::From(FromPlaces {
                places,
                json: None,
                join: ",".to_owned(),
                normalise: Vec::new(),
                table: None,
            }));
        }
        let section = entry.section(VALUE_KEYS)?;
        if let Some(constant) = section.get("constant") {
            if section.entries().count() > 1 {
                return Err(constant.wrong("nothing else can stand beside it"));
            }
            return Ok(Value::Constant(constant.text()?.to_owned()));
        }
        let places = self.places(&section.require("from")?)?;
        let json = section.get("json").map(|entry| inner_pointer(&entry)).transpose()?;
        let join = match section.get("join") {
            Some(entry) => entry.text()?.to_owned(),
            None => ",".to_owned(),
        };
        let normalise = match section.get("normalize") {
            Some(entry) => entry.list()?.iter().map(normaliser).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        Ok(Value::From(FromPlaces { places, json, join, normalise, table: table(&section)? }))
    }

    fn condition(&mut self, section: &Section<'_>) -> Result<Condition, MappingError> {
        let mut tests = |key: &str| section.get(key).map(|entry| self.tests(&entry)).transpose();
        Ok(Condition { when: tests("when")?, unless: tests("unless")? })
    }

    fn tests(&mut self, entry: &Entry<'_>) -> Result<Vec<Test>, MappingError> {
        let section = entry.open_section()?;
        let mut tests = Vec::new();
        for (written, is) in section.entries() {
            let text = |item: &Entry<'_>| {
                let message = "it is a text, a number, true or false, or a list of these; a place with dots in it \
                               stands in quotes";
                item.scalar().ok_or_else(|| item.wrong(message))
            };
            let texts: Vec<String> = is.one_or_list()?.iter().map(text).collect::<Result<_, _>>()?;
            let texts =
                texts.into_iter().map(|text| if text.trim().is_empty() { String::new() } else { text });
            tests.push(Test { place: self.place_of(&is, written)?, texts: texts.collect() });
        }
        if tests.is_empty() {
            return Err(entry.wrong("it names no place"));
        }
        Ok(tests)
    }

    pub(super) fn rules(&mut self, entry: &Entry<'_>) -> Result<Vec<Rule>, MappingError> {
        entry.list()?.iter().map(|item| self.rule(item)).collect()
    }

    fn rule(&mut self, entry: &Entry<'_>) -> Result<Rule, MappingError> {
        let section = entry.section(RULE_KEYS)?;
        let reason = section.require("reason")?;
        let word = reason.text()?;
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if word.is_empty() || !word.bytes().all(is_word) {
            return Err(reason.wrong("it is a word of small letters, digits and hyphens, such as opted-out"));
        }
        let condition = self.condition(&section)?;
        if condition.is_always() {
            return Err(entry.wrong("it needs when or unless; without them it would hold always"));
        }
        let hint = section.get("hint").map(|entry| entry.text().map(str::to_owned)).transpose()?;
        Ok(Rule { reason: word.to_owned(), hint, condition })
    }

    pub(super) fn members(&mut self, entry: &Entry<'_>) -> Result<Vec<Member>, MappingError> {
        let names = |group| MEMBERS.iter().filter(move |(_, of, _)| *of == group).map(|(name, _, _)| *name);
        let known: Vec<&str> = names(Group::None).chain(["address"]).collect();
        let section = entry.section(&known)?;
        let address = match section.get("address") {
            Some(entry) if !entry.is_table() => {
                return Err(entry.wrong(
                    "it has members: address.region, address.town, address.address, address.postcode",
                ));
            }
            Some(entry) => Some(entry.section(&names(Group::Address).collect::<Vec<_>>())?),
            None => None,
        };
        let mut members = Vec::new();
        for &(name, group, shape) in MEMBERS {
            let entry = match group {
                Group::None => section.get(name),
                Group::Address => address.as_ref().and_then(|address| address.get(name)),
            };
            if let Some(entry) = entry {
                members.push(Member { name, group, shape, value: self.value(&entry)? });
            }
        }
        Ok(members)
    }

    pub(super) fn fields(&mut self, entry: &Entry<'_>) -> Result<Vec<Field>, MappingError> {
        let mut fields: Vec<Field> = Vec::new();
        for item in entry.list()? {
            let section = item.section(&["id", "value"])?;
            let id = section.require("id")?;
            let number =
                id.integer().and_then(|number| i32::try_from(number).ok()).filter(|number| *number > 0);
            let number = number.ok_or_else(|| {
                id.wrong("it is the number of a custom field in Reteno, without quotes; the command fields tells it")
            })?;
            if fields.iter().any(|field| field.id == number) {
                return Err(id.wrong("this field has a value already; a value can be a list of places"));
            }
            let value = self.value(&section.require("value")?)?;
            fields.push(Field { id: number, value });
        }
        Ok(fields)
    }

    pub(super) fn channel(&mut self, entry: &Entry<'_>) -> Result<Channel, MappingError> {
        let section = entry.section(CHANNEL_KEYS)?;
        let kind = section.require("type")?.one_of("type of channels", TYPES)?;
        // Before the others, which may be places in its elements.
        let array = section.get("each").map(|entry| self.place(&entry)).transpose()?;
        self.elements = array.map(|_| Vec::new());
        let value = self.value(&section.require("value")?)?;
        let condition = self.condition(&section)?;
        let app = match section.get("app") {
            Some(entry) => self.places(&entry)?,
            None => Vec::new(),
        };
        let device = match section.get("device") {
            Some(entry) if kind != MOBILE_PUSH => {
                return Err(entry.wrong("only channels of the type mobilepush have a device"));
            }
            Some(entry) => self.device(&entry)?,
            None => Vec::new(),
        };
        let inactive = match section.get("inactive") {
            Some(entry) => self.rules(&entry)?,
            None => Vec::new(),
        };
        let active_at = section.get("active-at").map(|entry| self.place(&entry)).transpose()?;
        let places = self.elements.take().unwrap_or_default();
        let each = array.map(|array| Each { array, trie: Trie::new(&places), places });
        Ok(Channel { kind, value, each, condition, app, device, inactive, active_at })
    }

    fn device(&mut self, entry: &Entry<'_>) -> Result<Vec<Member>, MappingError> {
        let known: Vec<&str> = DEVICE.iter().map(|(name, _)| *name).collect();
        let section = entry.section(&known)?;
        let mut members = Vec::new();
        for &(name, shape) in DEVICE {
            if let Some(entry) = section.get(name) {
                members.push(Member { name, group: Group::None, shape, value: self.value(&entry)? });
            }
        }
        Ok(members)
    }
}

/// The index of the place among these, where it is put if it is new.
fn intern(places: &mut Vec<Place>, place: Place) -> u32 {
    let known = places.iter().position(|known| known.steps() == place.steps());
    known.unwrap_or_else(|| {
        places.push(place);
        places.len() - 1
    }) as u32
}

fn inner_pointer(entry: &Entry<'_>) -> Result<Vec<crate::place::Step>, MappingError> {
    let pointer = entry.text()?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(entry.wrong("it is a JSON Pointer, which starts with a slash: /plan"));
    }
    steps_of(pointer).map_err(|error| entry.wrong(error.to_string()))
}

fn normaliser(entry: &Entry<'_>) -> Result<Normaliser, MappingError> {
    let name = entry.text()?;
    Normaliser::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Normaliser::ALL.iter().map(|normaliser| normaliser.name()).collect();
        entry.unknown("normaliser", name, &known)
    })
}

fn table(section: &Section<'_>) -> Result<Option<Table>, MappingError> {
    let otherwise = section.get("otherwise");
    let Some(values) = section.get("values") else {
        return match otherwise {
            Some(entry) => {
                Err(entry.wrong("it says what texts become that values does not have; there is no values"))
            }
            None => Ok(None),
        };
    };
    let mut rows = Vec::new();
    for (left, right) in values.open_section()?.entries() {
        rows.push((left.to_owned(), right.text()?.to_owned()));
    }
    rows.sort_unstable();
    Ok(Some(Table { rows, otherwise: otherwise.map(|entry| entry.text().map(str::to_owned)).transpose()? }))
}
