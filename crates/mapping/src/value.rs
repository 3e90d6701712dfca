//! Values of a contact: from what stands at a place to a text.

use std::borrow::Cow;

use contact::{Change, Normaliser, Settings};
use itoa::Buffer;
use ndjson::{Node, Parser, StaticNode, TapeValue};

use crate::place::{PlaceId, Step, resolve};
use crate::record::{Found, Record, is_blank};

/// What a member of the contact comes from.
#[derive(Debug)]
pub(crate) enum Value {
    Constant(String),
    From(FromPlaces),
}

#[derive(Debug)]
pub(crate) struct FromPlaces {
    /// The first that is not empty counts.
    pub(crate) places: Vec<PlaceId>,
    /// What stands there is JSON text, and these steps lead into it.
    pub(crate) json: Option<Vec<Step>>,
    pub(crate) join: String,
    pub(crate) normalise: Vec<Normaliser>,
    pub(crate) table: Option<Table>,
}

/// Texts that become others.
#[derive(Debug)]
pub(crate) struct Table {
    /// In the order of the texts on the left.
    pub(crate) rows: Vec<(String, String)>,
    pub(crate) otherwise: Option<String>,
}

/// What values are made with, kept between records.
#[derive(Default)]
pub(crate) struct ValueScratch {
    buffer: String,
    parser: Parser,
}

/// A value that was made.
pub(crate) enum Made<'v> {
    Empty,
    Text {
        text: Cow<'v, str>,
        /// Where it came from; a constant comes from nowhere.
        place: Option<PlaceId>,
    },
    Fault(Fault, PlaceId),
}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NotAValue,
    BadJson,
}

/// What a place says.
enum Said<'r> {
    Nothing,
    Text(&'r str),
    /// The text is in the buffer.
    InBuffer,
    Fault(Fault),
}

impl Value {
    pub(crate) fn make<'v, 'r: 'v, R: Record<'r>>(
        &'v self,
        record: &R,
        scratch: &'v mut ValueScratch,
        settings: &Settings,
    ) -> Made<'v> {
        match self {
            Self::Constant(text) => Made::Text { text: Cow::Borrowed(text), place: None },
            Self::From(from) => from.make(record, scratch, settings),
        }
    }
}

impl FromPlaces {
    fn make<'v, 'r: 'v, R: Record<'r>>(
        &'v self,
        record: &R,
        scratch: &'v mut ValueScratch,
        settings: &Settings,
    ) -> Made<'v> {
        let ValueScratch { buffer, parser } = scratch;
        let mut first = None;
        for &place in &self.places {
            let said = match &self.json {
                None => read(record.find(place), &|number| record.number_text(number), &self.join, buffer),
                Some(steps) => self.read_inside(record, place, steps, parser, buffer),
            };
            match said {
                Said::Nothing => {}
                Said::Fault(fault) => return Made::Fault(fault, place),
                Said::Text(text) => {
                    first = Some((Some(text), place));
                    break;
                }
                Said::InBuffer => {
                    first = Some((None, place));
                    break;
                }
            }
        }
        let Some((text, place)) = first else { return Made::Empty };
        let text = self.look_up(match self.normalise(text.unwrap_or(buffer), settings) {
            Some(text) => text,
            None => return Made::Empty,
        });
        if is_blank(&text) { Made::Empty } else { Made::Text { text, place: Some(place) } }
    }

    fn read_inside<'r, R: Record<'r>>(
        &self,
        record: &R,
        place: PlaceId,
        steps: &[Step],
        parser: &mut Parser,
        buffer: &mut String,
    ) -> Said<'r> {
        match record.find(place) {
            Found::Nothing => Said::Nothing,
            Found::Text(text) if is_blank(text) => Said::Nothing,
            Found::Text(text) => {
                let said = parser.parse(text.as_bytes(), |tape| {
                    let Some(value) = resolve(steps, tape.root()) else { return Said::Nothing };
                    let number_text = |number: TapeValue<'_>| tape.number_text(tape.origin(number.index()));
                    match read_value(value, &number_text, &self.join, buffer) {
                        // The tape goes; its texts cannot stay.
                        Said::Text(text) => {
                            buffer.clear();
                            buffer.push_str(text);
                            Said::InBuffer
                        }
                        Said::Nothing => Said::Nothing,
                        Said::InBuffer => Said::InBuffer,
                        Said::Fault(fault) => Said::Fault(fault),
                    }
                });
                said.unwrap_or(Said::Fault(Fault::BadJson))
            }
            // In a JSON record the same may stand as it is.
            Found::Value(value) => match resolve(steps, value) {
                Some(value) => read_value(value, &|number| record.number_text(number), &self.join, buffer),
                None => Said::Nothing,
            },
        }
    }

    fn normalise<'v>(&self, text: &'v str, settings: &Settings) -> Option<Cow<'v, str>> {
        let mut text = Cow::Borrowed(text);
        for normaliser in &self.normalise {
            let changed = match &text {
                Cow::Borrowed(text) => normaliser.on_text(text, settings),
                Cow::Owned(text) => match normaliser.on_text(text, settings) {
                    Change::Unchanged => Change::Unchanged,
                    Change::Absent => Change::Absent,
                    Change::To(changed) => Change::To(Cow::Owned(changed.into_owned())),
                },
            };
            match changed {
                Change::Unchanged => {}
                Change::Absent => return None,
                Change::To(changed) => text = changed,
            }
        }
        Some(text)
    }

    fn look_up<'v>(&'v self, text: Cow<'v, str>) -> Cow<'v, str> {
        match self.table.as_ref().and_then(|table| table.look_up(&text)) {
            Some(found) => Cow::Borrowed(found),
            None => text,
        }
    }
}

impl Table {
    /// What a text becomes; `None` if it stays.
    pub(crate) fn look_up(&self, text: &str) -> Option<&str> {
        match self.rows.binary_search_by(|(left, _)| (**left).cmp(text)) {
            Ok(row) => Some(&self.rows[row].1),
            Err(_) => self.otherwise.as_deref(),
        }
    }
}

fn read<'r>(
    found: Found<'r>,
    number_text: &dyn Fn(TapeValue<'r>) -> &'r str,
    join: &str,
    buffer: &mut String,
) -> Said<'r> {
    match found {
        Found::Nothing => Said::Nothing,
        Found::Text(text) if is_blank(text) => Said::Nothing,
        Found::Text(text) => Said::Text(text),
        Found::Value(value) => read_value(value, number_text, join, buffer),
    }
}

fn read_value<'r>(
    value: TapeValue<'r>,
    number_text: &dyn Fn(TapeValue<'r>) -> &'r str,
    join: &str,
    buffer: &mut String,
) -> Said<'r> {
    let Some(mut elements) = value.elements() else {
        let mut digits = Buffer::new();
        return match scalar(value, number_text, &mut digits) {
            Scalar::Empty => Said::Nothing,
            Scalar::Text(text) => Said::Text(text),
            Scalar::Digits(digits) => {
                buffer.clear();
                buffer.push_str(digits);
                Said::InBuffer
            }
            Scalar::Container => Said::Fault(Fault::NotAValue),
        };
    };
    if elements.len() == 1
        && let Some(only) = elements.next()
        && only.elements().is_none()
    {
        return read_value(only, number_text, join, buffer);
    }
    buffer.clear();
    let mut is_first = true;
    for element in value.elements().into_iter().flatten() {
        let mut digits = Buffer::new();
        let text = match scalar(element, number_text, &mut digits) {
            Scalar::Empty => continue,
            Scalar::Text(text) => text,
            Scalar::Digits(digits) => digits,
            Scalar::Container => return Said::Fault(Fault::NotAValue),
        };
        if !is_first {
            buffer.push_str(join);
        }
        is_first = false;
        buffer.push_str(text);
    }
    if is_first { Said::Nothing } else { Said::InBuffer }
}

/// One value, as a text.
enum Scalar<'r, 'd> {
    Empty,
    Text(&'r str),
    Digits(&'d str),
    Container,
}

fn scalar<'r, 'd>(
    value: TapeValue<'r>,
    number_text: &dyn Fn(TapeValue<'r>) -> &'r str,
    digits: &'d mut Buffer,
) -> Scalar<'r, 'd> {
    match *value.node() {
        Node::String(text) if is_blank(text) => Scalar::Empty,
        Node::String(text) => Scalar::Text(text),
        Node::Static(StaticNode::Null) => Scalar::Empty,
        Node::Static(StaticNode::Bool(true)) => Scalar::Text("true"),
        Node::Static(StaticNode::Bool(false)) => Scalar::Text("false"),
        // What is read as zero may be written -0.
        Node::Static(StaticNode::F64(_) | StaticNode::I64(0) | StaticNode::U64(0)) => {
            Scalar::Text(number_text(value))
        }
        Node::Static(StaticNode::I64(number)) => Scalar::Digits(digits.format(number)),
        Node::Static(StaticNode::U64(number)) => Scalar::Digits(digits.format(number)),
        Node::Object { .. } | Node::Array { .. } => Scalar::Container,
    }
}

/// The text at a place, where nothing is told about what is no value: `Ok` with the empty text if it is empty.
pub(crate) fn plain_text<'v, 'r: 'v, R: Record<'r>>(
    record: &R,
    place: PlaceId,
    scratch: &'v mut ValueScratch,
) -> Result<&'v str, Fault> {
    match read(record.find(place), &|number| record.number_text(number), ",", &mut scratch.buffer) {
        Said::Nothing => Ok(""),
        Said::Text(text) => Ok(text),
        Said::InBuffer => Ok(&scratch.buffer),
        Said::Fault(fault) => Err(fault),
    }
}
