//! The mappings of a run, one for each dialect of its inputs, and how a dialect is recognised.

mod fitting;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contact::Settings;
use ndjson::{Beginning, Format, InputSummary, Recognised, Recogniser};

use crate::doubt;
use crate::error::{MappingError, first_of};
use crate::mapper::{Mapper, MappingOptions, given_place};
use crate::mapping::Mapping;
use crate::place::Place;
use crate::presets::presets;
use crate::seen::Seen;
use fitting::{Fit, Fits, records_in_lines};

/// How many columns are named when nobody knows them.
const NAMED_COLUMNS: usize = 10;

/// How the records of each dialect become contacts. A dialect is the number that a [`Recogniser`] gives to an input: that of
/// a mapping, and beyond all of them once more for records in the lines of rejects files.
pub struct Sources {
    mappings: Vec<Arc<Mapping>>,
    /// What was seen of the records of each of them.
    seen: Vec<Arc<Seen>>,
    options: Arc<MappingOptions>,
    settings: Settings,
    /// Where the user says that the date is.
    updated_at: Option<Place>,
    choice: Choice,
    lines: Lines,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.mappings.iter().map(|mapping| mapping.name());
        f.debug_list().entries(names).finish()
    }
}

/// Which mapping is taken.
#[derive(Debug)]
enum Choice {
    /// The one that fits; if none does, records are contacts, which is this dialect.
    Recognised { contacts: usize },
    /// The only one, whatever an input holds. Its places were looked for in the first input.
    Given { were_places_looked_for: AtomicBool },
}

/// Whether records stand in the lines of rejects files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    /// They do not.
    AreRecords,
    /// They do in an input that is recognised as one.
    Recognised,
    /// They do in all inputs.
    OfRejects,
}

impl Sources {
    /// All presets; which of them an input is, is recognised.
    ///
    /// # Errors
    /// [`MappingError`] if the options name a place that is none.
    pub fn known(options: MappingOptions, settings: Settings) -> Result<Self, MappingError> {
        let parse = |preset: &crate::Preset| Mapping::parse(preset.name, preset.toml);
        let mappings: Vec<Mapping> = presets().iter().map(parse).collect::<Result<_, _>>()?;
        let contacts = mappings.iter().position(Mapping::is_contacts).unwrap_or_default();
        Self::new(mappings, options, settings, Choice::Recognised { contacts }, Lines::Recognised)
    }

    /// One mapping for all inputs. If that is the one of rejects files, what stands in them is recognised.
    ///
    /// # Errors
    /// [`MappingError`] if the options name a place that is none.
    pub fn of(mapping: Mapping, options: MappingOptions, settings: Settings) -> Result<Self, MappingError> {
        if mapping.is_rejects() {
            return Self::known(options, settings).map(Self::in_rejects);
        }
        let choice = Choice::Given { were_places_looked_for: false.into() };
        Self::new(vec![mapping], options, settings, choice, Lines::AreRecords)
    }

    /// The same for records that stand in the lines of rejects files.
    #[must_use]
    pub fn in_rejects(self) -> Self {
        Self { lines: Lines::OfRejects, ..self }
    }

    /// Records are contacts in all inputs.
    ///
    /// # Panics
    /// Never: a test parses every preset.
    #[must_use]
    pub fn contacts() -> Self {
        let preset = presets().iter().map(|preset| Mapping::parse(preset.name, preset.toml));
        let contacts = preset.flatten().find(Mapping::is_contacts);
        let contacts = contacts.expect("a test parses every preset, and one is of contacts");
        Self {
            seen: vec![Arc::new(Seen::of(&contacts))],
            mappings: vec![Arc::new(contacts)],
            options: Arc::default(),
            settings: Settings::default(),
            updated_at: None,
            choice: Choice::Given { were_places_looked_for: true.into() },
            lines: Lines::AreRecords,
        }
    }

    fn new(
        mappings: Vec<Mapping>,
        options: MappingOptions,
        settings: Settings,
        choice: Choice,
        lines: Lines,
    ) -> Result<Self, MappingError> {
        let mappings: Vec<Arc<Mapping>> = mappings.into_iter().map(Arc::new).collect();
        let updated_at = options.updated_at.as_deref().map(given_place).transpose()?;
        let seen = mappings.iter().map(|mapping| Arc::new(Seen::of(mapping))).collect();
        Ok(Self { mappings, seen, options: Arc::new(options), settings, updated_at, choice, lines })
    }

    /// The mapping of a dialect.
    #[must_use]
    pub fn mapping(&self, dialect: usize) -> &Mapping {
        &self.mappings[dialect % self.mappings.len()]
    }

    /// Whether the records of a dialect are contacts already.
    #[must_use]
    pub fn is_contacts(&self, dialect: usize) -> bool {
        self.mapping(dialect).is_contacts()
    }

    /// Whether the records of a dialect stand in the lines of a rejects file.
    #[must_use]
    pub fn are_rejects(&self, dialect: usize) -> bool {
        dialect >= self.mappings.len()
    }

    /// What maps the records of a dialect, for one worker.
    #[must_use]
    pub fn mapper(&self, dialect: usize) -> Mapper {
        let nth = dialect % self.mappings.len();
        let (mapping, options, seen) =
            (Arc::clone(&self.mappings[nth]), Arc::clone(&self.options), Arc::clone(&self.seen[nth]));
        Mapper::with_place(mapping, options, self.settings.clone(), self.updated_at.clone(), seen)
    }

    /// The name of the mapping by which the records of an input became contacts; none if they are contacts, or if it was
    /// never opened.
    #[must_use]
    pub fn mapping_of(&self, input: &InputSummary) -> Option<&str> {
        let mapping = self.mapping(input.dialect);
        (input.format != Format::Auto && !mapping.is_contacts()).then(|| mapping.name())
    }

    /// Whether there were push tokens that name no app in Reteno, because neither their mapping nor the options say which.
    #[must_use]
    pub fn names_no_app(&self) -> bool {
        self.seen.iter().any(|seen| seen.has_token_without_app())
    }

    /// The places that the mapping of all inputs reads, that may not be missing, and that none of the records had which were
    /// mapped so far; with what messages call the mapping. A place that records of a rejects file lack may be why they were
    /// rejected.
    #[must_use]
    pub fn never_found(&self) -> Option<(&str, Vec<String>)> {
        let (Choice::Given { .. }, Lines::AreRecords) = (&self.choice, self.lines) else { return None };
        let (mapping, seen) = (self.mappings.first()?, self.seen.first()?);
        let missing = mapping.missing(|place| !seen.is_missing(place), self.updated_at.is_some());
        (!missing.is_empty()).then(|| (mapping.name(), missing))
    }

    /// What an input was read as, in a word or three; none if its records are contacts that stand there as they are, or if it
    /// was never opened.
    #[must_use]
    pub fn read_as(&self, input: &InputSummary) -> Option<Cow<'_, str>> {
        let mapping = self.mapping_of(input);
        if self.are_rejects(input.dialect) {
            return Some(Cow::Owned(format!("rejects of {}", mapping.unwrap_or("contacts"))));
        }
        mapping.map(Cow::Borrowed)
    }

    /// What an input was recognised as, in a line for people; none if nobody had to recognise it, or if its records are
    /// contacts.
    #[must_use]
    pub fn recognised(&self, input: &InputSummary) -> Option<String> {
        let name = self.read_as(input)?;
        let because = input.recognised.as_deref().filter(|because| !because.is_empty())?;
        let mapping = self.mapping(input.dialect);
        let title = match (self.are_rejects(input.dialect), mapping.is_contacts()) {
            (false, _) => Cow::Borrowed(mapping.title()),
            (true, true) => Cow::Borrowed("a rejects file"),
            (true, false) => Cow::Owned(format!("a rejects file of {}", mapping.title())),
        };
        Some(format!("{}: {title} ({name}), {because}", input.name))
    }

    /// Why an input does not look like what it is read as, in a sentence for people; of other than contacts only where
    /// little came of the records.
    #[must_use]
    pub fn doubt(&self, input: &InputSummary, came_to_little: bool) -> Option<String> {
        let doubt = input.doubt.as_deref()?;
        // A contact without channels is none. With other mappings, it may well be that all that matters is there.
        let is_sure = self.mappings.get(input.dialect).is_some_and(|mapping| mapping.is_contacts());
        (is_sure || came_to_little).then(|| format!("{} {doubt}", input.name))
    }

    /// How records stand in the inputs, if the mapping says it.
    #[must_use]
    pub fn format(&self) -> Format {
        if self.lines == Lines::OfRejects {
            return Format::Auto;
        }
        match (&self.choice, self.mappings.first().and_then(|mapping| mapping.format())) {
            (Choice::Given { .. }, Some("ndjson")) => Format::Ndjson,
            (Choice::Given { .. }, Some("json")) => Format::Json,
            (Choice::Given { .. }, Some("csv")) => Format::Csv,
            _ => Format::Auto,
        }
    }

    /// What stands between cells, if the mapping says it.
    #[must_use]
    pub fn delimiter(&self) -> Option<u8> {
        match self.choice {
            Choice::Given { .. } => self.mappings.first()?.delimiter(),
            Choice::Recognised { .. } => None,
        }
    }

    /// The dialect of a mapping whose records stand in the lines of rejects files.
    fn in_lines(&self, mapping: usize) -> Recognised {
        Recognised {
            dialect: self.mappings.len() + mapping,
            array: None,
            because: String::new(),
            doubt: None,
        }
    }

    fn chosen(&self, beginning: &Beginning<'_>, contacts: usize) -> Result<Recognised, String> {
        let fits = Fits::of(&self.mappings, beginning);
        let recognised = |dialect: usize, because: String| {
            let array = match beginning.table() {
                Some(_) => None,
                None => self.mappings[dialect].array().map(str::to_owned),
            };
            let doubt =
                if dialect == contacts && because.is_empty() { doubt::of_contacts(beginning) } else { None };
            Ok(Recognised { dialect, array, because, doubt })
        };
        match (fits.candidates().as_slice(), beginning.table()) {
            ([dialect], Some(_)) => recognised(*dialect, "by its columns".to_owned()),
            ([dialect], None) => {
                let because = match fits.fit(*dialect) {
                    Fit { fitting: 1, of: 1 } => "by its first record".to_owned(),
                    Fit { fitting, of } => format!("by {fitting} of its first {of} records"),
                };
                if self.mappings[*dialect].is_rejects() {
                    return self.chosen_in_lines(beginning, contacts, because);
                }
                recognised(*dialect, because)
            }
            ([], Some(table)) => Err(unknown_columns(&table.columns)),
            ([], None) => recognised(contacts, String::new()),
            (several, _) => {
                Err(format!("it could be {}; name the one it is", fits.named(&self.mappings, several)))
            }
        }
    }

    /// What the records are that stand in the lines of a rejects file.
    fn chosen_in_lines(
        &self,
        beginning: &Beginning<'_>,
        contacts: usize,
        mut because: String,
    ) -> Result<Recognised, String> {
        let records = records_in_lines(beginning);
        let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        let fits = Fits::in_lines(&self.mappings, &records);
        let mut doubt = None;
        let dialect = match fits.candidates().as_slice() {
            [] => {
                doubt = doubt::of_rejected_contacts(&records);
                contacts
            }
            [dialect] => {
                if *dialect != contacts {
                    because.push_str(if because.is_empty() { "by " } else { ", and by " });
                    let Fit { fitting, of } = fits.fit(*dialect);
                    because.push_str(&format!("{fitting} of {of} in raw"));
                }
                *dialect
            }
            several => {
                let named = fits.named(&self.mappings, several);
                return Err(format!(
                    "what stands in raw could be {named}; name the one it is, beside --from rejects"
                ));
            }
        };
        Ok(Recognised { because, doubt, ..self.in_lines(dialect) })
    }
}

fn unknown_columns(columns: &[String]) -> String {
    let named = first_of(columns, NAMED_COLUMNS);
    format!(
        "it is CSV, and its columns ({named}) are those of no export that is known; say what they mean in a mapping \
         (--from mine.toml; `reteno-import presets onesignal` prints one to start from, and docs/mapping.md and \
         `reteno-import schema mapping` say which keys there are)"
    )
}

impl Recogniser for Sources {
    fn arrays(&self) -> Vec<String> {
        let arrays: BTreeSet<&str> = self.mappings.iter().filter_map(|mapping| mapping.array()).collect();
        arrays.into_iter().map(str::to_owned).collect()
    }

    fn recognise(&self, beginning: &Beginning<'_>) -> Result<Recognised, String> {
        let are_in_lines = self.lines == Lines::OfRejects;
        if are_in_lines && beginning.table().is_some() {
            return Err("it is CSV, and no rejects file, which has a JSON object on each line".to_owned());
        }
        let were_places_looked_for = match &self.choice {
            Choice::Recognised { contacts } if are_in_lines => {
                return self.chosen_in_lines(beginning, *contacts, String::new());
            }
            Choice::Recognised { contacts } => return self.chosen(beginning, *contacts),
            // A place that rejected records lack may be why they were rejected.
            Choice::Given { .. } if are_in_lines => return Ok(self.in_lines(0)),
            Choice::Given { were_places_looked_for } => were_places_looked_for,
        };
        let mapping = &self.mappings[0];
        if let Some(table) = beginning.table().filter(|_| mapping.is_contacts()) {
            return Err(unknown_columns(&table.columns));
        }
        let array = mapping.array().filter(|_| beginning.format() != Format::Csv);
        let looked_for = match beginning.table() {
            Some(table) => mapping.check_columns(&table.columns),
            // What one input lacks another one may have.
            None if were_places_looked_for.swap(true, Ordering::Relaxed) => Ok(()),
            None => mapping.check_records(&beginning.records(array)),
        };
        looked_for.map_err(|error| error.to_string())?;
        let doubt = match mapping.is_contacts() {
            true => doubt::of_contacts(beginning),
            false => doubt::of_mapping(mapping, beginning),
        };
        Ok(Recognised { dialect: 0, array: array.map(str::to_owned), because: String::new(), doubt })
    }
}
