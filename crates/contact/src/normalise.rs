//! The named repairs of `x-normalize`.
//!
//! Each is pure and idempotent, looks first whether anything is to be done, and leaves alone what it cannot bring into
//! normal form: it never guesses and never refuses. Refusing is what the schema is for.

mod date;
mod locale;
mod number;
mod person_name;
mod phone;
mod text;
mod time_zone;

use std::borrow::Cow;

pub use locale::is_language_tag;
pub(crate) use person_name::{APOSTROPHES, HYPHENS};
pub use phone::{Region, RegionError};
pub(crate) use text::SYSTEMS;
pub use time_zone::is_time_zone;

/// What a normaliser makes of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// The value is in normal form, or cannot be brought into it.
    Unchanged,
    /// This text stands in its place.
    To(Cow<'a, str>),
    /// The value says nothing: the member is left out.
    Absent,
}

/// What normalisers need to know.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    default_region: Option<Region>,
}

impl Settings {
    /// Numbers without a country code are those of this region.
    #[must_use]
    pub fn with_default_region(mut self, region: Region) -> Self {
        self.default_region = Some(region);
        self
    }
}

/// A named repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Normaliser {
    /// Takes out white space at both ends, and control characters.
    Trim,
    /// Unicode normalisation form C.
    Nfc,
    /// White space inside becomes one space.
    CollapseSpace,
    /// What follows the last `@` in small letters.
    LowercaseDomain,
    /// Takes out white space and `mailto:`; the domain becomes ASCII (IDNA) in small letters.
    Email,
    /// The international number as digits; national numbers need a default region.
    Phone,
    /// One form of apostrophe and hyphen inside words.
    PersonName,
    /// `Android` or `iOS`, for the names that exports use.
    Os,
    /// A language tag in canonical form; `en_UK` becomes `en-GB`, `ua` becomes `uk-UA`.
    Locale,
    /// A language tag with a two-letter language; `ua` and `ukr` become `uk`.
    Language,
    /// The canonical name of the TZ database.
    TimeZone,
    /// `yyyy-MM-dd`, from `dd/MM/yyyy` and `dd.MM.yyyy`.
    Date,
    /// `yyyy-MM-ddTHH:mm`, from a space between and seconds that are zero.
    DateTime,
    /// A number written as an integer becomes its digits.
    IntegerText,
    /// A number or truth value becomes its text, digit by digit.
    ScalarText,
    /// Hyphens and small letters.
    Uuid,
    /// `null` and empty texts are left out.
    EmptyToAbsent,
}

impl Normaliser {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Trim,
        Self::Nfc,
        Self::CollapseSpace,
        Self::LowercaseDomain,
        Self::Email,
        Self::Phone,
        Self::PersonName,
        Self::Os,
        Self::Locale,
        Self::Language,
        Self::TimeZone,
        Self::Date,
        Self::DateTime,
        Self::IntegerText,
        Self::ScalarText,
        Self::Uuid,
        Self::EmptyToAbsent,
    ];

    /// The normaliser of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|normaliser| normaliser.name() == name)
    }

    /// Its name in a schema.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Trim => "trim",
            Self::Nfc => "nfc",
            Self::CollapseSpace => "collapse-space",
            Self::LowercaseDomain => "lowercase-domain",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::PersonName => "person-name",
            Self::Os => "os",
            Self::Locale => "locale",
            Self::Language => "language",
            Self::TimeZone => "time-zone",
            Self::Date => "date",
            Self::DateTime => "date-time",
            Self::IntegerText => "integer-text",
            Self::ScalarText => "scalar-text",
            Self::Uuid => "uuid",
            Self::EmptyToAbsent => "empty-to-absent",
        }
    }

    /// What becomes of a text.
    #[must_use]
    pub fn on_text<'a>(self, text: &'a str, settings: &Settings) -> Change<'a> {
        match self {
            Self::Trim => text::trim(text),
            Self::Nfc => text::nfc(text),
            Self::CollapseSpace => text::collapse_space(text),
            Self::LowercaseDomain => text::lowercase_domain(text),
            Self::Email => text::email(text),
            Self::Phone => phone::phone(text, settings.default_region),
            Self::PersonName => person_name::person_name(text),
            Self::Os => text::os(text),
            Self::Locale => locale::locale(text),
            Self::Language => locale::language(text),
            Self::TimeZone => time_zone::time_zone(text),
            Self::Date => date::date(text),
            Self::DateTime => date::date_time(text),
            Self::Uuid => text::uuid(text),
            Self::EmptyToAbsent if text.chars().all(char::is_whitespace) => Change::Absent,
            Self::IntegerText | Self::ScalarText | Self::EmptyToAbsent => Change::Unchanged,
        }
    }

    /// What becomes of a number, given as it stands in the record.
    #[must_use]
    pub fn on_number(self, digits: &str) -> Change<'_> {
        match self {
            Self::IntegerText if number::is_plain_integer(digits) => Change::To(digits.into()),
            Self::ScalarText => Change::To(digits.into()),
            _ => Change::Unchanged,
        }
    }

    /// What becomes of a truth value.
    #[must_use]
    pub fn on_boolean<'a>(self, truth: bool) -> Change<'a> {
        match self {
            Self::ScalarText => Change::To(if truth { "true" } else { "false" }.into()),
            _ => Change::Unchanged,
        }
    }

    /// What becomes of `null`.
    #[must_use]
    pub fn on_null<'a>(self) -> Change<'a> {
        match self {
            Self::EmptyToAbsent => Change::Absent,
            _ => Change::Unchanged,
        }
    }
}

impl<'a> Change<'a> {
    /// The text, if it is another one than before.
    fn if_new(before: &str, after: impl Into<Cow<'a, str>>) -> Self {
        let after = after.into();
        if *after == *before { Self::Unchanged } else { Self::To(after) }
    }
}
