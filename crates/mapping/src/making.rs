//! The making of one contact.

use contact::{Settings, Violation, encode_text, mask_text, subject, time_of_number, time_of_text};
use ndjson::{Node, StaticNode};

use crate::condition::Rule;
use crate::mapper::{Dates, Fate, Inactive, Mapped, MappingOptions};
use crate::mapping::{Channel, Group, MOBILE_PUSH, Mapping, Member, Program, Shape};
use crate::place::PlaceId;
use crate::record::{ElementRecord, Found, Record, is_blank};
use crate::trace::{TraceLine, how};
use crate::value::{Fault, Made, Value, ValueScratch, plain_text};

/// What contacts are made with, kept between records.
#[derive(Default)]
pub(crate) struct Scratch {
    values: ValueScratch,
    element_slots: Vec<u32>,
    /// Whether the record that was made last, or one before, has a mobile token that names no app.
    pub(crate) token_without_app: bool,
}

pub(crate) struct Making<'m> {
    mapping: &'m Mapping,
    program: &'m Program,
    options: &'m MappingOptions,
    settings: &'m Settings,
    values: &'m mut ValueScratch,
    element_slots: &'m mut Vec<u32>,
    token_without_app: &'m mut bool,
    out: &'m mut Vec<u8>,
    lines: Option<&'m mut Vec<TraceLine>>,
    faults: Vec<Violation>,
    left_out: Vec<Violation>,
    channels: usize,
    /// When the record was true.
    updated_at: Option<i64>,
}

/// Why a channel is left out.
#[derive(Clone, Copy)]
enum Reason<'r> {
    Rule(&'r Rule),
    Stale,
    UnknownApp,
}

/// The app that a channel belongs to.
enum App<'o> {
    /// Nobody says.
    None,
    Id(&'o str),
    Unknown,
}

/// What a place says of a time.
enum Date {
    None,
    At(i64),
    Unreadable,
}

impl<'m> Making<'m> {
    pub(crate) fn new(
        mapping: &'m Mapping,
        options: &'m MappingOptions,
        settings: &'m Settings,
        scratch: &'m mut Scratch,
        out: &'m mut Vec<u8>,
        lines: Option<&'m mut Vec<TraceLine>>,
    ) -> Self {
        Self {
            mapping,
            program: &mapping.program,
            options,
            settings,
            values: &mut scratch.values,
            element_slots: &mut scratch.element_slots,
            token_without_app: &mut scratch.token_without_app,
            out,
            lines,
            faults: Vec::new(),
            left_out: Vec::new(),
            channels: 0,
            updated_at: None,
        }
    }

    pub(crate) fn make<'r, R: Record<'r>>(mut self, record: &R) -> Mapped {
        let program = self.program;
        if let Some(rule) = program.skip.iter().find(|rule| rule.condition.holds(record, self.values)) {
            let message =
                format!("the mapping {} leaves such records out{}", self.mapping.name, hint_of(rule));
            let mut violation = Violation::of_record("", "", message);
            violation.code = rule.reason.clone().into();
            let fate = Fate::Skipped { violations: vec![violation], key: self.key(record) };
            return Mapped { fate, ..Mapped::contact() };
        }
        let unreadable = self.read_updated_at(record);
        let start = self.out.len();
        self.out.push(b'{');
        self.members(record);
        self.fields(record);
        separate(self.out);
        self.out.extend_from_slice(b"\"channels\":[");
        for channel in &program.channels {
            self.channels_of(channel, record);
        }
        self.out.extend_from_slice(b"]}");

        let mut left_out = std::mem::take(&mut self.left_out);
        if !self.faults.is_empty() {
            self.out.truncate(start);
            // Nothing was left out of what is refused.
            left_out.iter_mut().for_each(|violation| violation.removed = None);
            let mut violations = std::mem::take(&mut self.faults);
            violations.append(&mut left_out);
            violations.extend(unreadable);
            let fate = Fate::Rejected { violations, key: self.key(record) };
            return Mapped { fate, ..Mapped::contact() };
        }
        if self.channels == 0 && !left_out.is_empty() {
            self.out.truncate(start);
            left_out.iter_mut().for_each(|violation| violation.removed = None);
            let fate = Fate::Skipped { violations: left_out, key: self.key(record) };
            return Mapped { fate, ..Mapped::contact() };
        }
        left_out.extend(unreadable);
        Mapped { fate: Fate::Contact, left_out, updated_at: self.updated_at }
    }

    /// What the contact would be known by.
    fn key<'r, R: Record<'r>>(&mut self, record: &R) -> Option<String> {
        let member = self.program.members.iter().find(|member| member.name == "externalCustomerId")?;
        match member.value.make(record, self.values, self.settings) {
            Made::Text { text, .. } => Some(text.into_owned()),
            Made::Empty | Made::Fault(..) => None,
        }
    }

    fn read_updated_at<'r, R: Record<'r>>(&mut self, record: &R) -> Option<Violation> {
        if self.options.dates == Dates::NotAskedFor && self.options.stale_before.is_none() {
            return None;
        }
        let place = self.date_place()?;
        match date_at(record, place) {
            Date::None => None,
            Date::At(time) => {
                self.updated_at = Some(time);
                None
            }
            Date::Unreadable => {
                let value = match plain_text(record, place, self.values) {
                    Ok(text) => mask_text(text),
                    Err(_) => "no single value".into(),
                };
                Some(Violation::of_unreadable_time(record.pointer(place), value))
            }
        }
    }

    fn date_place(&self) -> Option<PlaceId> {
        match self.options.updated_at {
            Some(_) => Some(PlaceId::Given),
            None => self.program.updated_at,
        }
    }

    fn members<'r, R: Record<'r>>(&mut self, record: &R) {
        let mut members = self.program.members.as_slice();
        while let Some(first) = members.first() {
            let count = members.iter().take_while(|member| member.group == first.group).count();
            let (group, rest) = members.split_at(count);
            members = rest;
            match first.group {
                Group::None => group.iter().for_each(|member| self.member(member, record, "")),
                Group::Address => {
                    self.object("address", |making| {
                        group.iter().for_each(|member| making.member(member, record, "/address"));
                    });
                }
            }
        }
    }

    /// Writes an object member, unless it is empty.
    fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        write_name(self.out, name);
        self.out.push(b'{');
        let inside = self.out.len();
        write(self);
        if self.out.len() == inside {
            self.out.truncate(start);
        } else {
            self.out.push(b'}');
        }
    }

    /// Writes a member, unless it is empty. `above` is the pointer to what it stands in.
    fn member<'r, R: Record<'r>>(&mut self, member: &Member, record: &R, above: &str) {
        match member.value.make(record, self.values, self.settings) {
            Made::Empty => {}
            Made::Fault(fault, place) => tell(&mut self.faults, fault_at(fault, record, place)),
            Made::Text { text, place } => {
                write_name(self.out, member.name);
                write_shaped(self.out, member.shape, &text);
                if let Some(lines) = &mut self.lines {
                    lines.push(line(format!("{above}/{}", member.name), &text, place, &member.value, record));
                }
            }
        }
    }

    fn fields<'r, R: Record<'r>>(&mut self, record: &R) {
        if self.program.fields.is_empty() {
            return;
        }
        let start = self.out.len();
        write_name(self.out, "fields");
        self.out.push(b'[');
        let mut count = 0;
        for field in &self.program.fields {
            match field.value.make(record, self.values, self.settings) {
                Made::Empty => {}
                Made::Fault(fault, place) => tell(&mut self.faults, fault_at(fault, record, place)),
                Made::Text { text, place } => {
                    separate(self.out);
                    self.out.extend_from_slice(b"{\"id\":");
                    self.out.extend_from_slice(itoa::Buffer::new().format(field.id).as_bytes());
                    self.out.extend_from_slice(b",\"value\":");
                    encode_text(&text, self.out);
                    self.out.push(b'}');
                    if let Some(lines) = &mut self.lines {
                        lines.push(TraceLine::constant(format!("/fields/{count}/id"), &field.id.to_string()));
                        lines.push(line(
                            format!("/fields/{count}/value"),
                            &text,
                            place,
                            &field.value,
                            record,
                        ));
                    }
                    count += 1;
                }
            }
        }
        if count == 0 {
            self.out.truncate(start);
        } else {
            self.out.push(b']');
        }
    }

    fn channels_of<'r, R: Record<'r>>(&mut self, channel: &Channel, record: &R) {
        let Some(each) = &channel.each else {
            self.channel(channel, record);
            return;
        };
        let elements = match record.find(each.array) {
            Found::Nothing => return,
            Found::Text(text) if is_blank(text) => return,
            Found::Text(_) => None,
            Found::Value(value) => value.elements(),
        };
        let Some(elements) = elements else {
            let pointer = record.pointer(each.array);
            let message = format!(
                "{} is no array, as which the mapping reads it; name the place of an array",
                subject(&pointer)
            );
            tell(&mut self.faults, Violation::of_record("not-a-value", pointer, message));
            return;
        };
        let mut slots = std::mem::take(self.element_slots);
        for (nth, element) in elements.enumerate() {
            each.trie.find(element, &mut slots);
            let element =
                ElementRecord { record, places: &each.places, slots: &slots, array: each.array, nth };
            self.channel(channel, &element);
        }
        *self.element_slots = slots;
    }

    fn channel<'r, R: Record<'r>>(&mut self, channel: &Channel, record: &R) {
        if !channel.condition.holds(record, self.values) {
            return;
        }
        let start = self.out.len();
        let known_lines = self.lines.as_ref().map_or(0, |lines| lines.len());
        separate(self.out);
        self.out.extend_from_slice(b"{\"type\":\"");
        self.out.extend_from_slice(channel.kind.as_bytes());
        self.out.extend_from_slice(b"\",\"value\":");
        let path = || format!("/channels/{}", self.channels);
        match channel.value.make(record, self.values, self.settings) {
            Made::Empty => return self.out.truncate(start),
            Made::Fault(fault, place) => {
                tell(&mut self.faults, fault_at(fault, record, place));
                return self.out.truncate(start);
            }
            Made::Text { text, place } => {
                encode_text(&text, self.out);
                if let Some(lines) = &mut self.lines {
                    lines.push(TraceLine::constant(format!("{}/type", path()), channel.kind));
                    lines.push(line(format!("{}/value", path()), &text, place, &channel.value, record));
                }
            }
        }
        match self.rest_of(channel, record) {
            Ok(()) => {
                self.out.push(b'}');
                self.channels += 1;
            }
            Err(reason) => {
                self.out.truncate(start);
                if let Some(lines) = &mut self.lines {
                    lines.truncate(known_lines);
                }
                self.leave_out(channel, record, reason);
            }
        }
    }

    /// Writes what follows the value of a channel, unless it is to be left out.
    fn rest_of<'r, 'c, R: Record<'r>>(&mut self, channel: &'c Channel, record: &R) -> Result<(), Reason<'c>> {
        let is_push = channel.kind == MOBILE_PUSH;
        let inactive = channel.inactive.iter().find(|rule| rule.condition.holds(record, self.values));
        if let Some(rule) = inactive
            && !(is_push && self.options.inactive == Inactive::Send)
        {
            return Err(Reason::Rule(rule));
        }
        if !is_push {
            return Ok(());
        }
        if self.options.stale_before.is_some_and(|before| self.seen_at(channel, record) < before) {
            return Err(Reason::Stale);
        }
        let above = match &self.lines {
            Some(_) => format!("/channels/{}/device", self.channels),
            None => String::new(),
        };
        let mut result = Ok(());
        self.object("device", |making| result = making.device(channel, record, inactive, &above));
        result
    }

    fn device<'r, R: Record<'r>>(
        &mut self,
        channel: &Channel,
        record: &R,
        inactive: Option<&Rule>,
        above: &str,
    ) -> Result<(), Reason<'static>> {
        let mut members = channel.device.as_slice();
        if let Some((own, rest)) = members.split_first()
            && own.name == "appId"
        {
            members = rest;
            self.member(own, record, above);
        }
        if self.out.last() == Some(&b'{') {
            match self.app_of(channel, record) {
                App::None => *self.token_without_app = true,
                App::Unknown => return Err(Reason::UnknownApp),
                App::Id(id) => {
                    write_name(self.out, "appId");
                    encode_text(id, self.out);
                    self.note(format_args!("{above}/appId"), id, "--app-id");
                }
            }
        }
        for member in members {
            if member.name != "active" || inactive.is_none() {
                self.member(member, record, above);
            }
        }
        if let Some(rule) = inactive {
            write_name(self.out, "active");
            self.out.extend_from_slice(b"false");
            self.note(format_args!("{above}/active"), "false", &rule.reason);
        }
        Ok(())
    }

    fn note(&mut self, member: std::fmt::Arguments<'_>, value: &str, how: &str) {
        if let Some(lines) = &mut self.lines {
            lines.push(TraceLine::of_no_place(member.to_string(), value, how));
        }
    }

    /// When the token was last seen; what has no date is as new as can be.
    fn seen_at<'r, R: Record<'r>>(&self, channel: &Channel, record: &R) -> i64 {
        let time = match channel.active_at {
            Some(place) => match date_at(record, place) {
                Date::At(time) => Some(time),
                Date::None | Date::Unreadable => None,
            },
            None => self.updated_at,
        };
        time.unwrap_or(i64::MAX)
    }

    fn app_of<'r, R: Record<'r>>(&mut self, channel: &Channel, record: &R) -> App<'m> {
        let apps = &self.options.apps;
        if !apps.by_name.is_empty() {
            for &place in &channel.app {
                if let Ok(name) = plain_text(record, place, self.values)
                    && let Some(id) = apps.by_name.get(name)
                {
                    return App::Id(id);
                }
            }
        }
        match &apps.any {
            Some(id) => App::Id(id),
            None if apps.by_name.is_empty() => App::None,
            None => App::Unknown,
        }
    }

    fn leave_out<'r, R: Record<'r>>(&mut self, channel: &Channel, record: &R, reason: Reason<'_>) {
        let (code, message) = match reason {
            Reason::Rule(rule) => {
                let send =
                    if channel.kind == MOBILE_PUSH { "; --inactive send keeps them as inactive" } else { "" };
                let (mapping, hint) = (&self.mapping.name, hint_of(rule));
                (rule.reason.clone(), format!("the mapping {mapping} leaves such channels out{hint}{send}"))
            }
            Reason::Stale => {
                let message =
                    "the channel is left out, because the token was last seen before --max-token-age";
                ("stale-token".to_owned(), message.to_owned())
            }
            Reason::UnknownApp => ("unknown-app".to_owned(), self.unknown_app(channel, record)),
        };
        let (pointer, value) = match channel.value.make(record, self.values, self.settings) {
            Made::Text { text, place } => {
                (place.map(|place| record.pointer(place)).unwrap_or_default(), mask_text(&text))
            }
            Made::Empty | Made::Fault(..) => Default::default(),
        };
        let mut violation = Violation::of_record("", &*pointer, message);
        violation.code = code.into();
        violation.value = value;
        violation.removed = Some(pointer.into());
        self.left_out.push(violation);
    }

    fn unknown_app<'r, R: Record<'r>>(&mut self, channel: &Channel, record: &R) -> String {
        /// The names of apps are short; what is longer is something else.
        const MOST_CHARACTERS: usize = 80;
        let mut name = None;
        for &place in &channel.app {
            let text = plain_text(record, place, self.values).ok();
            name = name.or(text
                .filter(|text| !text.is_empty() && text.chars().count() <= MOST_CHARACTERS)
                .map(str::to_owned));
        }
        match name {
            Some(name) => format!(
                "the channel is left out, because --app-id does not name its app {name}; add --app-id {name}=UUID, if \
                 the app moves to Reteno"
            ),
            None => "the channel is left out, because its app is not said and --app-id names some apps alone; give \
                     --app-id UUID for all others, if they move to Reteno"
                .to_owned(),
        }
    }
}

fn hint_of(rule: &Rule) -> String {
    rule.hint.as_deref().map(|hint| format!(": {hint}")).unwrap_or_default()
}

fn date_at<'r, R: Record<'r>>(record: &R, place: PlaceId) -> Date {
    let time = match record.find(place) {
        Found::Nothing => return Date::None,
        Found::Text(text) if is_blank(text) => return Date::None,
        Found::Text(text) => time_of_text(text.trim()),
        Found::Value(value) => match value.node() {
            Node::Static(StaticNode::I64(_) | StaticNode::U64(_) | StaticNode::F64(_)) => {
                time_of_number(record.number_text(value))
            }
            _ => None,
        },
    };
    time.map_or(Date::Unreadable, Date::At)
}

/// A fault that was not told yet: two members can come from one place.
fn tell(faults: &mut Vec<Violation>, fault: Violation) {
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}

fn fault_at<'r, R: Record<'r>>(fault: Fault, record: &R, place: PlaceId) -> Violation {
    let pointer = record.pointer(place);
    let (code, what) = match fault {
        Fault::NotAValue => {
            ("not-a-value", "holds several values, where the mapping needs one; name a place inside it")
        }
        Fault::BadJson => ("bad-json-cell", "is read as JSON text, and is none; correct it at its source"),
    };
    let message = format!("{} {what}", subject(&pointer));
    let mut violation = Violation::of_record(code, pointer, message);
    match record.find(place) {
        Found::Nothing => {}
        Found::Text(text) => violation.value = mask_text(text),
        Found::Value(value) => violation.value = contact::mask(value),
    }
    violation
}

fn line<'r, R: Record<'r>>(
    member: String,
    text: &str,
    place: Option<PlaceId>,
    value: &Value,
    record: &R,
) -> TraceLine {
    TraceLine {
        member,
        value: text.to_owned(),
        place: place.map(|place| record.written(place).to_owned()),
        pointer: place.map(|place| record.pointer(place)),
        how: how(value),
    }
}

/// A comma, unless something was just opened.
fn separate(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[')) {
        out.push(b',');
    }
}

fn write_name(out: &mut Vec<u8>, name: &str) {
    separate(out);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn write_shaped(out: &mut Vec<u8>, shape: Shape, text: &str) {
    let stands_bare = match shape {
        Shape::Text => false,
        Shape::Number => is_whole(text),
        Shape::Truth => matches!(text, "true" | "false"),
    };
    if stands_bare {
        out.extend_from_slice(text.as_bytes());
    } else {
        encode_text(text, out);
    }
}

/// Whether this is a whole number as JSON writes it; of one with more digits than any id, the rules say what is wrong
/// with the text.
fn is_whole(text: &str) -> bool {
    const MOST_DIGITS: usize = 40;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number && digits.len() <= MOST_DIGITS && (digits == "0" || !digits.starts_with('0'))
}
