//! The mappings of a run, one for each dialect of its inputs, and how a dialect is recognised.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contact::Settings;
use ndjson::{Beginning, Format, InputSummary, Parser, Recognised, Recogniser};

use crate::doubt;
use crate::error::{MappingError, first_of};
use crate::mapper::{Mapper, MappingOptions, given_place};
use crate::mapping::Mapping;
use crate::place::Place;
use crate::presets::presets;

/// How many columns are named when nobody knows them.
const NAMED_COLUMNS: usize = 10;

/// How the records of each dialect become contacts. A dialect is the number that a [`Recogniser`] gives to an input.
pub struct Sources {
    mappings: Vec<Arc<Mapping>>,
    options: Arc<MappingOptions>,
    settings: Settings,
    /// Where the user says that the date is.
    updated_at: Option<Place>,
    choice: Choice,
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

/// How many of the first records fit a mapping.
#[derive(Clone, Copy, Debug, Default)]
struct Fit {
    fitting: usize,
    of: usize,
}

impl Fit {
    /// At least half of them.
    fn is_candidate(self) -> bool {
        self.fitting > 0 && self.fitting * 2 >= self.of
    }
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
        Self::new(mappings, options, settings, Choice::Recognised { contacts })
    }

    /// One mapping for all inputs.
    ///
    /// # Errors
    /// [`MappingError`] if the options name a place that is none.
    pub fn of(mapping: Mapping, options: MappingOptions, settings: Settings) -> Result<Self, MappingError> {
        Self::new(vec![mapping], options, settings, Choice::Given { were_places_looked_for: false.into() })
    }

    /// Records are contacts in all inputs.
    ///
    /// # Panics
    /// Never: a test parses every preset.
    #[must_use]
    pub fn contacts() -> Self {
        let preset = presets().iter().map(|preset| Mapping::parse(preset.name, preset.toml));
        let contacts = preset.flatten().find(Mapping::is_contacts);
        Self {
            mappings: vec![Arc::new(contacts.expect("a test parses every preset, and one is of contacts"))],
            options: Arc::default(),
            settings: Settings::default(),
            updated_at: None,
            choice: Choice::Given { were_places_looked_for: true.into() },
        }
    }

    fn new(
        mappings: Vec<Mapping>,
        options: MappingOptions,
        settings: Settings,
        choice: Choice,
    ) -> Result<Self, MappingError> {
        let mappings: Vec<Arc<Mapping>> = mappings.into_iter().map(Arc::new).collect();
        let updated_at = options.updated_at.as_deref().map(given_place).transpose()?;
        Ok(Self { mappings, options: Arc::new(options), settings, updated_at, choice })
    }

    /// The mapping of a dialect.
    #[must_use]
    pub fn mapping(&self, dialect: usize) -> &Mapping {
        &self.mappings[dialect]
    }

    /// Whether the records of a dialect are contacts already.
    #[must_use]
    pub fn is_contacts(&self, dialect: usize) -> bool {
        self.mappings[dialect].is_contacts()
    }

    /// What maps the records of a dialect, for one worker.
    #[must_use]
    pub fn mapper(&self, dialect: usize) -> Mapper {
        let (mapping, options) = (Arc::clone(&self.mappings[dialect]), Arc::clone(&self.options));
        Mapper::with_place(mapping, options, self.settings.clone(), self.updated_at.clone())
    }

    /// The name of the mapping by which the records of an input became contacts; none if they are contacts, or if it was
    /// never opened.
    #[must_use]
    pub fn mapping_of(&self, input: &InputSummary) -> Option<&str> {
        let mapping = self.mappings.get(input.dialect)?;
        (input.format != Format::Auto && !mapping.is_contacts()).then(|| mapping.name())
    }

    /// Whether push tokens of an input name no app in Reteno, because neither its mapping nor the options say which.
    #[must_use]
    pub fn names_no_app(&self, input: &InputSummary) -> bool {
        let apps = &self.options.apps;
        let is_unsaid = apps.any.is_none() && apps.by_name.is_empty();
        is_unsaid && self.mapping_of(input).is_some() && self.mappings[input.dialect].needs_app_id()
    }

    /// What an input was recognised as, in a line for people; none if nobody had to recognise it, or if its records are
    /// contacts.
    #[must_use]
    pub fn recognised(&self, input: &InputSummary) -> Option<String> {
        let name = self.mapping_of(input)?;
        let because = input.recognised.as_deref().filter(|because| !because.is_empty())?;
        Some(format!("{}: {} ({name}), {because}", input.name, self.mappings[input.dialect].title()))
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

    /// How many of the first records fit each mapping.
    fn fits(&self, beginning: &Beginning<'_>) -> Vec<Fit> {
        let mut fits = vec![Fit::default(); self.mappings.len()];
        if let Some(table) = beginning.table() {
            for (mapping, fit) in self.mappings.iter().zip(&mut fits) {
                let fitting = usize::from(mapping.fits_columns(&table.columns));
                *fit = Fit { fitting, of: 1 };
            }
            return fits;
        }
        let arrays: BTreeSet<Option<&str>> = self.mappings.iter().map(|mapping| mapping.array()).collect();
        let mut parser = Parser::new();
        for array in arrays {
            let records = beginning.records(array);
            for record in &records {
                // What is no JSON fits nothing.
                let _ = parser.parse(record, |tape| {
                    for (mapping, fit) in self.mappings.iter().zip(&mut fits) {
                        if mapping.array() == array && mapping.fits_record(tape) {
                            fit.fitting += 1;
                        }
                    }
                });
            }
            for (mapping, fit) in self.mappings.iter().zip(&mut fits) {
                if mapping.array() == array {
                    fit.of = records.len();
                }
            }
        }
        fits
    }

    fn chosen(&self, beginning: &Beginning<'_>, contacts: usize) -> Result<Recognised, String> {
        let fits = self.fits(beginning);
        let candidates: Vec<usize> =
            (0..fits.len()).filter(|dialect| fits[*dialect].is_candidate()).collect();
        let recognised = |dialect: usize, because: String| {
            let array = match beginning.table() {
                Some(_) => None,
                None => self.mappings[dialect].array().map(str::to_owned),
            };
            let doubt =
                if dialect == contacts && because.is_empty() { doubt::of_contacts(beginning) } else { None };
            Ok(Recognised { dialect, array, because, doubt })
        };
        match (candidates.as_slice(), beginning.table()) {
            ([dialect], Some(_)) => recognised(*dialect, "by its columns".to_owned()),
            ([dialect], None) => {
                let Fit { fitting, of } = fits[*dialect];
                let because = match (fitting, of) {
                    (1, 1) => "by its first record".to_owned(),
                    _ => format!("by {fitting} of its first {of} records"),
                };
                recognised(*dialect, because)
            }
            ([], Some(table)) => Err(unknown_columns(&table.columns)),
            ([], None) => recognised(contacts, String::new()),
            (several, _) => {
                let named: Vec<String> = several
                    .iter()
                    .map(|dialect| {
                        let (mapping, Fit { fitting, of }) = (&self.mappings[*dialect], fits[*dialect]);
                        format!("{} (--from {}, {fitting} of {of})", mapping.title(), mapping.name())
                    })
                    .collect();
                Err(format!("it could be {}; name the one it is", named.join(" or ")))
            }
        }
    }
}

fn unknown_columns(columns: &[String]) -> String {
    let named = first_of(columns, NAMED_COLUMNS);
    format!(
        "it is CSV, and its columns ({named}) are those of no export that is known; say what they mean in a mapping \
         (--from mine.toml; `reteno-import presets onesignal` prints one to start from)"
    )
}

impl Recogniser for Sources {
    fn arrays(&self) -> Vec<String> {
        let arrays: BTreeSet<&str> = self.mappings.iter().filter_map(|mapping| mapping.array()).collect();
        arrays.into_iter().map(str::to_owned).collect()
    }

    fn recognise(&self, beginning: &Beginning<'_>) -> Result<Recognised, String> {
        let were_places_looked_for = match &self.choice {
            Choice::Recognised { contacts } => return self.chosen(beginning, *contacts),
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
