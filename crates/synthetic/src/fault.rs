//! The faults that a generated record can have, each under the code that it is reported by.

/// What becomes of a faulty record where invalid parts are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The record is refused.
    Rejected,
    /// The part that breaks the rule is left out, and the rest is kept.
    Pruned,
}

impl Action {
    /// The word for it in a line of rejects.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Pruned => "pruned",
        }
    }
}

/// Declares the faults once: variant, code, action and what the record looks like.
macro_rules! faults {
    (
        of contacts: $($(#[$doc:meta])+ $name:ident = $code:literal, $action:ident;)+
        of other formats: $($(#[$other_doc:meta])+ $other:ident = $other_code:literal;)+
    ) => {
        /// One thing that is wrong with a record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[$doc])+ $name,)+
            $($(#[$other_doc])+ $other,)+
        }

        impl Fault {
            /// All faults of contacts in the API's shape, in the order in which a generator deals them out. Those of
            /// other formats: [`Format::faults`](crate::Format::faults).
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code of the violation; the first, where one follows from another.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                    $(Self::$other => $other_code,)+
                }
            }

            /// What becomes of the record, if it is a contact in the API's shape. In other formats a part that is left out
            /// may be all that the row has.
            #[must_use]
            pub fn action(self) -> Action {
                match self {
                    $(Self::$name => Action::$action,)+
                    $(Self::$other => Action::Rejected,)+
                }
            }
        }
    };
}

faults! {
    of contacts:
    /// A Latin-1 byte in a string.
    InvalidUtf8 = "invalid-utf8", Rejected;
    /// A semicolon after the object.
    TrailingText = "trailing-text", Rejected;
    /// An escaped high surrogate alone.
    LoneSurrogate = "lone-surrogate", Rejected;
    /// A raw tab in a string.
    ControlCharacter = "control-character", Rejected;
    /// The number 007.
    LeadingZero = "leading-zero", Rejected;
    /// A number that ends in its point.
    InvalidNumber = "invalid-number", Rejected;
    /// The number 1e400.
    NumberOutOfRange = "number-out-of-range", Rejected;
    /// `NaN` as a value.
    InvalidLiteral = "invalid-literal", Rejected;
    /// A comment between two members.
    Comment = "comment", Rejected;
    /// The escape `\x`.
    InvalidEscape = "invalid-escape", Rejected;
    /// The record is cut off.
    UnexpectedEnd = "unexpected-end", Rejected;
    /// 130 arrays in each other.
    TooDeep = "too-deep", Rejected;
    /// A member that stands twice.
    DuplicateKey = "duplicate-key", Rejected;
    /// A colon is missing.
    Syntax = "syntax", Rejected;
    /// The record is a string.
    NotAnObject = "not-an-object", Rejected;
    /// There is no `externalCustomerId`.
    MissingKey = "missing-key", Rejected;
    /// `channels` is empty.
    NoChannel = "no-channel", Rejected;
    /// There are no `channels`.
    MissingMember = "missing-member", Rejected;
    /// `address.city`.
    UnknownMember = "unknown-member", Rejected;
    /// `externalCustomerId` is the number 1.5.
    BadExternalId = "bad-external-id", Rejected;
    /// `firstName` has digits only.
    BadName = "bad-name", Pruned;
    /// An email address without an at sign, beside another channel.
    BadEmail = "bad-email", Pruned;
    /// A phone number of three digits, beside another channel.
    BadPhone = "bad-phone", Pruned;
    /// A time zone that does not exist.
    BadTimeZone = "bad-time-zone", Pruned;
    /// A language that does not exist.
    BadLanguage = "bad-language", Pruned;
    /// The id of a custom field has more than 32 bits.
    BadId = "bad-id", Pruned;
    /// A bundle id for the id of the app.
    BadAppId = "bad-app-id", Pruned;
    /// Three tokens of mobile push.
    ChannelLimit = "channel-limit", Pruned;
    /// `device` in an email channel.
    MisplacedMember = "misplaced-member", Pruned;
    /// `contactKey` is a number.
    WrongType = "wrong-type", Pruned;
    /// The type of a channel is spelt `webPush`, beside another channel.
    NotAllowed = "not-allowed", Pruned;
    /// The model of a device has more than 60 characters.
    TooLong = "too-long", Pruned;
    /// A web push token is empty, beside another channel.
    TooShort = "too-short", Pruned;
    /// `addressBookId` has more than 32 bits.
    OutOfRange = "out-of-range", Pruned;
    /// The value of a custom field is an array.
    BadCustomField = "bad-custom-field", Pruned;
    /// A web push token stands twice.
    DuplicateChannel = "duplicate-channel", Pruned;
    /// A custom field stands twice.
    DuplicateField = "duplicate-field", Pruned;

    of other formats:
    /// A row of CSV has one cell more, or one less, than the header.
    WrongCellCount = "wrong-cell-count";
    /// The JSON text in a cell is cut off.
    BadJsonCell = "bad-json-cell";
    /// An object stands where a text should.
    NotAValue = "not-a-value";
}

/// A member that is wrong in itself, or what makes the line no JSON, in the place of one: under one of two names, of
/// which one is for texts and one for numbers.
pub(crate) fn odd_member(line: &mut Vec<u8>, fault: Option<Fault>, text: &str, number: &str) {
    /// Deeper than any reader in use takes: most stop at 128.
    const TOO_DEEP: usize = 130;
    let (name, value): (&str, &[u8]) = match fault {
        Some(Fault::Comment) => return line.extend_from_slice(b"/* a remark */"),
        Some(Fault::InvalidUtf8) => (text, b":\"caf\xE9\""),
        Some(Fault::LoneSurrogate) => (text, b":\"cut \\ud83d\""),
        Some(Fault::ControlCharacter) => (text, b":\"one\ttwo\""),
        Some(Fault::LeadingZero) => (number, b":007"),
        Some(Fault::InvalidNumber) => (number, b":7."),
        Some(Fault::NumberOutOfRange) => (number, b":1e400"),
        Some(Fault::InvalidLiteral) => (number, b":NaN"),
        Some(Fault::InvalidEscape) => (text, b":\"caf\\xE9\""),
        Some(Fault::DuplicateKey) => {
            member(line, text, b":\"one\"");
            (text, b":\"two\"")
        }
        Some(Fault::Syntax) => (text, b" \"one\""),
        Some(Fault::WrongType) => (text, b":17"),
        Some(Fault::OutOfRange) => (number, b":2147483648"),
        Some(Fault::TooDeep) => (text, b":"),
        _ => return,
    };
    member(line, name, value);
    if fault == Some(Fault::TooDeep) {
        line.pop();
        line.extend([b'['; TOO_DEEP]);
        line.extend([b']'; TOO_DEEP]);
        line.push(b',');
    }
}

fn member(line: &mut Vec<u8>, name: &str, value: &[u8]) {
    line.push(b'"');
    line.extend_from_slice(name.as_bytes());
    line.push(b'"');
    line.extend_from_slice(value);
    line.push(b',');
}
