//! Random exports in which everything collides: few keys, few names, few tokens, few addresses.
//!
//! Every row is a valid contact in normal form, so that the rules have nothing to say about it.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::reference::{KnownBy, Row};

/// How an export looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) rows: usize,
    /// How many different keys, addresses, numbers and tokens there are at most.
    pub(crate) different: usize,
    /// Exports of different families have none of these in common.
    pub(crate) family: usize,
    pub(crate) known_by: KnownBy,
    /// Whether rows say when they were true.
    pub(crate) dated: bool,
}

impl Shape {
    /// A small export of few keys.
    fn small(rng: &mut Rng, known_by: KnownBy, dated: bool, family: usize) -> Self {
        Self { rows: rng.usize(1..=60), different: rng.usize(1..=16), family, known_by, dated }
    }
}

/// One row as it is read, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) text: String,
    contact: Value,
    updated_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Export(pub(crate) Vec<Line>);

impl Export {
    pub(crate) fn random(rng: &mut Rng, shape: Shape) -> Self {
        Self((0..shape.rows).map(|_| Maker { rng, shape }.line()).collect())
    }

    /// Small exports that have nothing to do with each other, in one file: making the rules takes longer than a run.
    pub(crate) fn several(rng: &mut Rng, exports: usize, known_by: KnownBy, dated: bool) -> Self {
        let mut lines = Vec::new();
        for family in 0..exports {
            let shape = Shape::small(rng, known_by, dated, family);
            lines.extend(Self::random(rng, shape).0);
        }
        if rng.bool() {
            rng.shuffle(&mut lines);
        }
        Self(lines)
    }

    /// The export as a file.
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|line| line.text.clone() + "\n").collect()
    }

    /// The export as the reference takes it.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let rows = self.0.iter().zip(1..);
        rows.map(|(row, line)| Row { line, updated_at: row.updated_at, contact: row.contact.clone() })
            .collect()
    }
}

const NAMES: [&str; 5] = ["Ann", "Bo", "Юля", "Zoë", "Jean-Pierre"];
const TOWNS: [&str; 3] = ["Lviv", "Kyiv", "München"];
const STREETS: [&str; 3] = ["1 \"A\" Street", "Back\\slash 2", "вул. Франка 3"];
const APPS: [&str; 2] = ["83b77a49-fc28-409b-aeaa-68c9d544ab9d", "00000000-1111-2222-3333-444444444444"];
const VERSIONS: [&str; 3] = ["1.0", "1.1", "2.0"];

/// Moments, each in several ways of writing.
fn moments() -> [(i64, Vec<Value>); 6] {
    [
        (0, vec![json!("1970-01-01"), json!(0)]),
        (86_400_000, vec![json!("1970-01-02"), json!(86_400), json!("1970-01-02T02:00:00+02:00")]),
        (
            1_714_521_600_000,
            vec![
                json!("2024-05-01"),
                json!(1_714_521_600),
                json!(1_714_521_600_000_i64),
                json!("2024-05-01T00:00:00"),
                json!("2024-05-01T00:00:00Z"),
                json!("2024-05-01T03:00:00+03:00"),
            ],
        ),
        (
            1_714_559_400_000,
            vec![json!("2024-05-01T10:30:00Z"), json!(1_714_559_400), json!("2024-05-01T05:30:00-05:00")],
        ),
        (1_714_559_400_500, vec![json!("2024-05-01T10:30:00.500Z"), json!(1_714_559_400_500_i64)]),
        (1_714_608_000_000, vec![json!("2024-05-02"), json!(1_714_608_000), json!("2024-05-02T00:00:00")]),
    ]
}

struct Maker<'r> {
    rng: &'r mut Rng,
    shape: Shape,
}

impl Maker<'_> {
    fn line(mut self) -> Line {
        let contact = self.contact();
        let mut read = contact.clone();
        let mut updated_at = None;
        if self.shape.dated && self.rng.u8(0..8) > 0 {
            let moments = moments();
            let (moment, ways) = &moments[self.rng.usize(0..moments.len())];
            updated_at = Some(*moment);
            let place = self.rng.usize(0..=read.len());
            let member = ("updatedAt".to_owned(), ways[self.rng.usize(0..ways.len())].clone());
            let mut members: Vec<_> = read.into_iter().collect();
            members.insert(place, member);
            read = members.into_iter().collect();
        }
        let mut text = Value::Object(read).to_string();
        if self.rng.u8(0..5) == 0 {
            // Not plainly in normal form, so that it is read in the careful way.
            text.insert(1, ' ');
        }
        Line { text, contact: Value::Object(contact), updated_at }
    }

    fn contact(&mut self) -> Map<String, Value> {
        let known_by = self.shape.known_by;
        let by_external_id = known_by == KnownBy::ExternalCustomerId || self.rng.u8(0..10) < 3;
        let has_key = |known: KnownBy| !by_external_id && known_by == known;
        let mut members: Vec<(&str, Value)> = Vec::new();
        if by_external_id {
            members.push(("externalCustomerId", self.nth("c").into()));
        }
        if has_key(KnownBy::Id) || self.rng.u8(0..6) == 0 {
            members.push(("id", self.number().into()));
        }
        for name in ["firstName", "lastName"] {
            self.maybe(&mut members, name, &NAMES);
        }
        self.maybe(&mut members, "languageCode", &["uk", "en", "pl"]);
        self.maybe(&mut members, "timeZone", &["Europe/Kyiv", "Europe/Warsaw"]);
        self.maybe(&mut members, "contactKey", &["K1", "k1", "1 1"]);
        if self.rng.u8(0..6) == 0 {
            members.push(("addressBookId", self.rng.i32(-1..2).into()));
        }
        let mut address = Vec::new();
        self.maybe(&mut address, "town", &TOWNS);
        self.maybe(&mut address, "region", &TOWNS);
        self.maybe(&mut address, "address", &STREETS);
        self.maybe(&mut address, "postcode", &["01001", "SW1A 1AA"]);
        if !address.is_empty() {
            members.push(("address", self.shuffled(address)));
        }
        let fields = self.fields(match known_by {
            KnownBy::Field(id) if !by_external_id => Some(id),
            _ => None,
        });
        if !fields.is_empty() {
            members.push(("fields", fields.into()));
        }
        let needed = match known_by {
            _ if by_external_id => None,
            KnownBy::Email => Some("email"),
            KnownBy::Sms => Some("sms"),
            KnownBy::EmailOrSms => Some(if self.rng.bool() { "email" } else { "sms" }),
            KnownBy::Push => Some("mobilepush"),
            KnownBy::WebPush => Some("webpush"),
            _ => None,
        };
        members.push(("channels", self.channels(needed).into()));
        match self.shuffled(members) {
            Value::Object(contact) => contact,
            _ => unreachable!("members make an object"),
        }
    }

    /// One of so many different numbers.
    fn number(&mut self) -> usize {
        self.shape.family * 1000 + self.rng.usize(0..self.shape.different) + 1
    }

    /// One of so many different texts.
    fn nth(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.number())
    }

    /// A member with one of these values, or not.
    fn maybe<'n>(&mut self, members: &mut Vec<(&'n str, Value)>, name: &'n str, values: &[&str]) {
        if self.rng.u8(0..5) < 2 {
            members.push((name, values[self.rng.usize(0..values.len())].into()));
        }
    }

    /// An object of these members, in the order given or in any other.
    fn shuffled(&mut self, mut members: Vec<(&str, Value)>) -> Value {
        if self.rng.bool() {
            self.rng.shuffle(&mut members);
        }
        Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn fields(&mut self, needed: Option<i64>) -> Vec<Value> {
        let mut ids = vec![12_345, 7, -3];
        self.rng.shuffle(&mut ids);
        ids.retain(|id| needed == Some(*id) || self.rng.u8(0..4) == 0);
        ids.into_iter()
            .map(|id| {
                // An empty text is a value, but not one that a contact is known by.
                let is_empty = needed != Some(id) && self.rng.u8(0..6) == 0;
                let value = if is_empty { String::new() } else { self.nth("v") };
                self.shuffled(vec![("id", id.into()), ("value", value.into())])
            })
            .collect()
    }

    /// Channels, one of the type that is needed among them.
    fn channels(&mut self, needed: Option<&'static str>) -> Vec<Value> {
        let types = ["email", "sms", "viber", "mobilepush", "webpush"];
        // Tokens are what most exports are about.
        let mut kinds: Vec<&str> = needed.into_iter().collect();
        for _ in 0..self.rng.usize(0..4) {
            kinds.push(if self.rng.bool() { "mobilepush" } else { types[self.rng.usize(0..types.len())] });
        }
        if kinds.is_empty() {
            kinds.push("mobilepush");
        }
        self.rng.shuffle(&mut kinds);
        let mut channels: Vec<Value> = Vec::new();
        for kind in kinds {
            let most = if kind == "email" { 1 } else { 2 };
            let channel = self.channel(kind);
            let is_same = |other: &Value| {
                other["type"] == channel["type"]
                    && other["value"] == channel["value"]
                    && other["device"]["appId"] == channel["device"]["appId"]
            };
            let count = channels.iter().filter(|other| other["type"] == kind).count();
            if count < most && !channels.iter().any(is_same) {
                channels.push(channel);
            }
        }
        channels
    }

    fn channel(&mut self, kind: &str) -> Value {
        let value = match kind {
            "email" => self.nth("m") + "@example.com",
            // A plain Ukrainian mobile number.
            "sms" | "viber" => format!("38095{:07}", self.number() + 5_547_700),
            // The same text is a token here and there.
            _ => self.nth("t-"),
        };
        let mut members: Vec<(&str, Value)> = vec![("type", kind.into()), ("value", value.into())];
        let mut inner = Vec::new();
        if kind == "mobilepush" {
            let apps = if self.rng.u8(0..4) == 0 { &APPS[..] } else { &APPS[..1] };
            if self.rng.u8(0..6) > 0 {
                inner.push(("appId", apps[self.rng.usize(0..apps.len())].into()));
            }
            self.maybe(&mut inner, "os", &["iOS", "Android"]);
            self.maybe(&mut inner, "appVersion", &VERSIONS);
            self.maybe(&mut inner, "deviceModel", &["iPhone 13", "Pixel 8"]);
            self.maybe(&mut inner, "locale", &["uk-UA", "en_UK"]);
            if self.rng.bool() {
                inner.push(("active", self.rng.bool().into()));
            }
        }
        if kind == "webpush" {
            self.maybe(&mut inner, "os", &["Windows 11", "Linux"]);
            self.maybe(&mut inner, "userAgent", &["Chrome", "Firefox"]);
            if self.rng.u8(0..3) == 0 {
                inner.push(("appId", self.rng.i32(1..3).into()));
            }
        }
        if !inner.is_empty() {
            let inner = self.shuffled(inner);
            members.push((if kind == "webpush" { "webPushSubscription" } else { "device" }, inner));
        }
        self.shuffled(members)
    }
}
