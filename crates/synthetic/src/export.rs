//! The same people in the formats that other systems export.

use crate::contact::Profile;
use crate::draws::Trait;
use crate::fault::Fault;
use crate::generator::{Config, Expected, Generator};
use crate::onesignal;

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Contacts in the API's shape, as NDJSON: a row for each contact. Of eight devices, one is not active.
    Contact,
    /// Amazon Pinpoint endpoints, as NDJSON: a row for each channel of a contact.
    ///
    /// Of 100 rows, 6 are opted out of everything and 4 are inactive. Of 100 rows with tokens, 2 are of the sandbox of
    /// Apple and 2 of the services of Amazon and Baidu; of 100 with numbers, 5 are for voice.
    Pinpoint,
    /// OneSignal subscriptions, as CSV: a row for each channel of a contact.
    ///
    /// Of 100 rows, 5 have an identifier that is marked as invalid and 8 are unsubscribed. Of 100 rows with tokens, 8
    /// are of browsers and 1 of an Amazon device. Of 100 rows, 2 have tags over several lines.
    OneSignal,
    /// Braze users, as NDJSON: a row for each contact, with one to three tokens.
    ///
    /// Of 100 users, 22 have two tokens and 8 have three, 6 are unsubscribed from push and 5 from email. Of 100 tokens,
    /// 4 may not be notified, and of 100 users 3 have the token of a browser as well.
    Braze,
}

impl Format {
    /// What an export begins with: the header of CSV with its newline, or nothing.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::OneSignal => onesignal::HEADER,
            Self::Contact | Self::Pinpoint | Self::Braze => "",
        }
    }

    /// The faults that records of the format can have, in the order in which they are dealt out.
    #[must_use]
    pub fn faults(self) -> &'static [Fault] {
        match self {
            Self::Contact => Fault::ALL,
            Self::Pinpoint => &[
                Fault::BadTimeZone,
                Fault::UnexpectedEnd,
                Fault::BadEmail,
                Fault::InvalidUtf8,
                Fault::BadPhone,
                Fault::TrailingText,
                Fault::BadName,
                Fault::ControlCharacter,
                Fault::TooLong,
                Fault::LoneSurrogate,
                Fault::MissingKey,
                Fault::InvalidEscape,
                Fault::NotAValue,
                Fault::DuplicateKey,
                Fault::Syntax,
                Fault::NotAnObject,
            ],
            Self::OneSignal => &[
                Fault::WrongCellCount,
                Fault::BadTimeZone,
                Fault::BadJsonCell,
                Fault::BadEmail,
                Fault::InvalidUtf8,
                Fault::BadPhone,
                Fault::TooLong,
                Fault::BadLanguage,
                Fault::MissingKey,
            ],
            Self::Braze => &[
                Fault::BadTimeZone,
                Fault::UnexpectedEnd,
                Fault::BadEmail,
                Fault::InvalidUtf8,
                Fault::BadPhone,
                Fault::TrailingText,
                Fault::BadName,
                Fault::ControlCharacter,
                Fault::TooLong,
                Fault::LeadingZero,
                Fault::MissingKey,
                Fault::InvalidNumber,
                Fault::NotAValue,
                Fault::DuplicateKey,
                Fault::BadLanguage,
                Fault::InvalidLiteral,
                Fault::Syntax,
                Fault::NotAnObject,
            ],
        }
    }
}

/// Makes an export, contact by contact.
///
/// A seed makes the same people in each format: a contact with the same key has the same name, address, number and first
/// token there.
///
/// ```
/// use synthetic::{Config, Export, Format};
///
/// let mut export = Export::new(Config { contacts: 3, ..Config::default() }, Format::OneSignal);
/// let mut text = Format::OneSignal.header().as_bytes().to_vec();
/// while export.next_rows(&mut text).is_some() {}
/// assert!(text.starts_with(b"id,identifier,"));
/// ```
#[derive(Clone, Debug)]
pub struct Export {
    generator: Generator,
    format: Format,
}

impl Export {
    /// Begins anew.
    #[must_use]
    pub fn new(config: Config, format: Format) -> Self {
        Self { generator: Generator::by_device(config, format.faults()), format }
    }

    /// Appends the rows of the next contact to `text`, each with its newline, and says what is to be expected of them;
    /// `None` when all are made. A contact with a fault and a further one of an earlier key have one row in every format.
    pub fn next_rows(&mut self, text: &mut Vec<u8>) -> Option<Expected> {
        self.generator.next_rows(self.format, text)
    }
}

/// A contact as far as it does not depend on the format.
#[derive(Debug)]
pub(crate) struct Contact<'p> {
    pub(crate) key: u128,
    pub(crate) profile: &'p Profile,
    pub(crate) fault: Option<Fault>,
    /// Whether it is a further row of an earlier key.
    pub(crate) is_further: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Push,
    Email,
    Sms,
}

impl Contact<'_> {
    /// The channels that have a row, where each channel has one.
    pub(crate) fn channels(&self) -> impl Iterator<Item = Channel> {
        let (push, email, sms) = match self.fault {
            Some(Fault::BadEmail) => (false, true, false),
            Some(Fault::BadPhone) => (false, false, true),
            Some(_) => (true, false, false),
            None if self.is_further => (true, false, false),
            None => (true, self.profile.has(Trait::Email), self.profile.has(Trait::Sms)),
        };
        [(Channel::Push, push), (Channel::Email, email), (Channel::Sms, sms)]
            .into_iter()
            .filter_map(|(channel, has_row)| has_row.then_some(channel))
    }

    pub(crate) fn has_fault(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}
