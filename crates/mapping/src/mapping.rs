//! A mapping, checked and compiled.

use ndjson::{Parser, Tape};

use crate::condition::{Condition, Rule};
use crate::error::MappingError;
use crate::nearest::nearest;
use crate::place::{Place, PlaceId, Step};
use crate::read::read_mapping;
use crate::trie::Trie;
use crate::value::Value;

/// What each member of a contact comes from; immutable, to be shared by all workers.
///
/// ```
/// let mapping = mapping::Mapping::parse("shop.toml", r#"
///     [contact]
///     externalCustomerId = "user_id"
///     [[channel]]
///     type = "email"
///     value = "email"
/// "#)?;
/// assert_eq!(mapping.places().collect::<Vec<_>>(), ["user_id", "email"]);
/// # Ok::<(), mapping::MappingError>(())
/// ```
#[derive(Debug)]
pub struct Mapping {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) array: Option<String>,
    pub(crate) delimiter: Option<u8>,
    pub(crate) records: Records,
    pub(crate) optional: Optional,
    pub(crate) recognise: Option<Recognise>,
    pub(crate) program: Program,
}

/// What records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Records {
    /// Something that contacts are made of.
    ToMap,
    Contacts,
    /// Lines of a rejects file, in which records stand.
    Rejects,
}

/// Which places may be missing everywhere.
#[derive(Debug)]
pub(crate) enum Optional {
    These(Vec<Place>),
    All,
}

/// What the first records must have.
#[derive(Debug, Default)]
pub(crate) struct Recognise {
    pub(crate) all: Vec<Place>,
    pub(crate) any: Vec<Place>,
    pub(crate) none: Vec<Place>,
}

/// What is done for each record.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) places: Vec<Place>,
    pub(crate) trie: Trie,
    pub(crate) updated_at: Option<PlaceId>,
    pub(crate) skip: Vec<Rule>,
    /// In the order in which they are written.
    pub(crate) members: Vec<Member>,
    pub(crate) fields: Vec<Field>,
    pub(crate) channels: Vec<Channel>,
}

/// A member of the contact, of its address or of a device.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    pub(crate) shape: Shape,
    pub(crate) value: Value,
}

/// What a member stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    None,
    Address,
}

/// What a text becomes in the contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    /// A number, if it is a whole one.
    Number,
    /// A truth value, if it is one.
    Truth,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) id: i32,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) kind: &'static str,
    pub(crate) value: Value,
    pub(crate) each: Option<Each>,
    pub(crate) condition: Condition,
    pub(crate) app: Vec<PlaceId>,
    pub(crate) device: Vec<Member>,
    pub(crate) inactive: Vec<Rule>,
    pub(crate) active_at: Option<PlaceId>,
}

/// A channel for each element of an array.
#[derive(Debug)]
pub(crate) struct Each {
    pub(crate) array: PlaceId,
    pub(crate) places: Vec<Place>,
    pub(crate) trie: Trie,
}

/// The type of channels that belong to an app on a device.
pub(crate) const MOBILE_PUSH: &str = "mobilepush";

impl Mapping {
    /// Reads a mapping. `name` is what messages call it: a preset or a file.
    ///
    /// # Errors
    /// [`MappingError`] if it is not TOML, or says something that means nothing.
    pub fn parse(name: &str, toml: &str) -> Result<Self, MappingError> {
        read_mapping(name, toml)
    }

    /// What messages call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the source is, for people; the name, if the mapping does not say.
    #[must_use]
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// Whether records are contacts already.
    #[must_use]
    pub fn is_contacts(&self) -> bool {
        self.records == Records::Contacts
    }

    /// Whether records stand in the lines of a rejects file. What they are themselves, another mapping says.
    #[must_use]
    pub fn is_rejects(&self) -> bool {
        self.records == Records::Rejects
    }

    /// How records stand in the input, if it says so: `ndjson`, `json` or `csv`.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.format.as_deref()
    }

    /// The JSON Pointer to the array whose elements are records.
    #[must_use]
    pub fn array(&self) -> Option<&str> {
        self.array.as_deref()
    }

    /// The delimiter of CSV, if it says so.
    #[must_use]
    pub fn delimiter(&self) -> Option<u8> {
        self.delimiter
    }

    /// All places that it reads from a record, as they are written; not those inside the elements of arrays.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.program.places.iter().map(Place::written)
    }

    /// Whether it says what the first records must have.
    #[must_use]
    pub fn has_recognition(&self) -> bool {
        self.recognise.is_some()
    }

    /// Whether a table with these columns has what the mapping asks for.
    #[must_use]
    pub fn fits_columns(&self, columns: &[String]) -> bool {
        self.fits(|place| Self::has_column(place, columns))
    }

    /// Whether a place, or one inside it, is among the columns.
    pub(crate) fn has_column(place: &Place, columns: &[String]) -> bool {
        let wanted = place.column();
        let is_inside =
            |column: &str| column.strip_prefix(&*wanted).is_some_and(|rest| rest.starts_with('.'));
        columns.iter().any(|column| *column == wanted || is_inside(column))
    }

    /// Whether a record has what the mapping asks for.
    #[must_use]
    pub fn fits_record(&self, tape: &Tape<'_>) -> bool {
        self.fits(|place| place.resolve(tape.root()).is_some())
    }

    /// Whether the mapping can be for such a table: it fits or, where it does not say what it asks for, reads a column.
    pub(crate) fn may_be_table(&self, columns: &[String]) -> bool {
        self.may_be(|place| Self::has_column(place, columns))
    }

    /// The same of a record.
    pub(crate) fn may_be_record(&self, tape: &Tape<'_>) -> bool {
        self.may_be(|place| place.resolve(tape.root()).is_some())
    }

    fn may_be(&self, has: impl Fn(&Place) -> bool) -> bool {
        match &self.recognise {
            Some(_) => self.fits(has),
            None => self.program.places.is_empty() || self.program.places.iter().any(has),
        }
    }

    fn fits(&self, has: impl Fn(&Place) -> bool) -> bool {
        self.recognise.as_ref().is_some_and(|recognise| {
            recognise.all.iter().all(&has)
                && (recognise.any.is_empty() || recognise.any.iter().any(&has))
                && !recognise.none.iter().any(&has)
        })
    }

    pub(crate) fn is_optional(&self, place: &Place) -> bool {
        match &self.optional {
            Optional::All => true,
            Optional::These(places) => places.iter().any(|other| other.steps() == place.steps()),
        }
    }

    /// The places that may not be missing and are not there, as the mapping writes them. With a place of the date that the
    /// user gave, nobody reads the mapping's own.
    pub(crate) fn missing(&self, has: impl Fn(usize) -> bool, is_date_given: bool) -> Vec<String> {
        let unread = self.program.updated_at.filter(|_| is_date_given);
        let places = self.program.places.iter().enumerate().filter(|(index, place)| {
            unread != Some(PlaceId::Record(*index as u32)) && !has(*index) && !self.is_optional(place)
        });
        places.map(|(_, place)| place.written().to_owned()).collect()
    }

    /// Looks whether a table has all the columns that the mapping reads.
    ///
    /// # Errors
    /// [`MappingError`] names a column that is not there and may not be missing, and the one of the nearest name; or
    /// says that the mapping reads arrays, which no table has.
    pub fn check_columns(&self, columns: &[String]) -> Result<(), MappingError> {
        if let Some(each) = self.program.channels.iter().find_map(|channel| channel.each.as_ref()) {
            return Err(MappingError::ArrayInTable {
                mapping: self.name.clone(),
                place: self.program.written(each.array).to_owned(),
            });
        }
        let is_missing = |place: &&Place| {
            let wanted = place.column();
            !columns.contains(&wanted) && !self.is_optional(place)
        };
        let Some(place) = self.program.places.iter().find(is_missing) else { return Ok(()) };
        let unused = columns
            .iter()
            .filter(|column| self.program.places.iter().all(|place| place.column() != **column));
        Err(MappingError::MissingColumn {
            mapping: self.name.clone(),
            place: place.written().to_owned(),
            nearest: nearest(&place.column(), unused.map(String::as_str)).map(str::to_owned),
            columns: columns.to_vec(),
        })
    }

    /// Looks for misspelt places: none of these records has them, but something of nearly the same name that the
    /// mapping does not use. What is not JSON is passed over.
    ///
    /// # Errors
    /// [`MappingError`] names such a place and what is there.
    pub fn check_records(&self, records: &[&[u8]]) -> Result<(), MappingError> {
        let mut parser = Parser::new();
        let mut checks: Vec<_> = self.program.places.iter().map(|place| Check::new(place, None)).collect();
        for each in self.program.channels.iter().filter_map(|channel| channel.each.as_ref()) {
            let PlaceId::Record(array) = each.array else { continue };
            let array = &self.program.places[array as usize];
            checks.extend(each.places.iter().map(|place| Check::new(place, Some((array, &each.places)))));
        }
        for record in records {
            // What is no JSON is told when it is its turn.
            let _ = parser.parse(record, |tape| {
                checks.iter_mut().for_each(|check| check.look(tape, &self.program.places));
            });
        }
        for check in checks {
            if let (false, Some(near)) = (check.is_there || self.is_optional(check.place), check.near) {
                return Err(MappingError::MisspeltPlace {
                    mapping: self.name.clone(),
                    place: check.place.written().to_owned(),
                    nearest: near,
                });
            }
        }
        Ok(())
    }
}

/// The search for one place.
struct Check<'m> {
    place: &'m Place,
    /// The array in whose elements it is looked for, and the other places of these.
    inside: Option<(&'m Place, &'m [Place])>,
    is_there: bool,
    near: Option<String>,
}

impl<'m> Check<'m> {
    fn new(place: &'m Place, inside: Option<(&'m Place, &'m [Place])>) -> Self {
        Self { place, inside, is_there: false, near: None }
    }

    fn look(&mut self, tape: &Tape<'_>, places: &[Place]) {
        match self.inside {
            None => self.look_from(tape.root(), places, ""),
            Some((array, siblings)) => {
                let elements = array.resolve(tape.root()).and_then(|array| array.elements());
                elements.into_iter().flatten().for_each(|element| self.look_from(element, siblings, "."));
            }
        }
    }

    fn look_from(&mut self, root: ndjson::TapeValue<'_>, used: &[Place], before: &str) {
        let mut value = root;
        for (depth, step) in self.place.steps().iter().enumerate() {
            if let Some(next) = step.take(value) {
                value = next;
                continue;
            }
            let above = &self.place.steps()[..depth];
            let is_unused = |name: &&str| {
                !used.iter().any(|place| {
                    place.steps().starts_with(above)
                        && place.steps().get(depth).is_some_and(|step| step.name == **name)
                })
            };
            let names = value.members().into_iter().flatten().map(|(name, _)| name).filter(is_unused);
            if let (None, Some(near)) = (&self.near, nearest(&step.name, names)) {
                self.near = Some(written_at(above, near, before));
            }
            return;
        }
        self.is_there = true;
    }
}

/// A place as one would write it.
fn written_at(above: &[Step], name: &str, before: &str) -> String {
    if above.is_empty() && before.is_empty() && !name.starts_with(['/', '.']) {
        return name.to_owned();
    }
    let mut pointer = before.to_owned();
    above.iter().for_each(|step| contact::push_token(&mut pointer, &step.name));
    contact::push_token(&mut pointer, name);
    pointer
}

impl Program {
    pub(crate) fn written(&self, place: PlaceId) -> &str {
        match place {
            PlaceId::Record(index) => self.places.get(index as usize).map_or("", Place::written),
            PlaceId::Element(_) | PlaceId::Given => "",
        }
    }
}
