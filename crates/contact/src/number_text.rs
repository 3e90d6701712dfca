//! The keyword `x-number-text`: a text is a number between bounds. JSON Schema compares numbers only, and the API takes
//! the values of custom fields as texts.
//!
//! A number is written as digits, with a minus before and a fraction after them if need be: no plus, exponent or space.
//! It is compared digit by digit, so that no value is rounded into its bounds.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use jsonschema::{Keyword, ValidationError};
use serde_json::Value;

use crate::tape_json::{TapeJson, TapeNode};

/// The keyword's name.
pub(crate) const X_NUMBER_TEXT: &str = "x-number-text";

/// What the keyword asks of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NumberText {
    minimum: Option<Bound>,
    maximum: Option<Bound>,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Whole,
    Decimal,
}

/// A bound, and how the schema writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bound {
    number: Decimal<'static>,
    written: Box<str>,
}

/// A number without zeros that say nothing: the same number has one form.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decimal<'a> {
    is_negative: bool,
    whole: Cow<'a, str>,
    fraction: Cow<'a, str>,
}

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault<'k> {
    NoNumber,
    NotWhole,
    Below(&'k str),
    Above(&'k str),
}

impl NumberText {
    /// Reads the keyword's value: `{"minimum": "…", "maximum": "…", "integer": true}`, each of them optional.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub(crate) fn compile(value: &Value) -> Result<Self, String> {
        let Value::Object(members) = value else { return Err("must be an object".to_owned()) };
        let mut read = Self { minimum: None, maximum: None, form: Form::Decimal };
        for (name, value) in members {
            match (name.as_str(), value) {
                ("minimum", value) => read.minimum = Some(Bound::compile(name, value)?),
                ("maximum", value) => read.maximum = Some(Bound::compile(name, value)?),
                ("integer", Value::Bool(true)) => read.form = Form::Whole,
                ("integer", Value::Bool(false)) => read.form = Form::Decimal,
                ("integer", _) => return Err("integer must be true or false".to_owned()),
                _ => return Err(format!("there is no \"{name}\" here; it has minimum, maximum and integer")),
            }
        }
        Ok(read)
    }

    /// Whether a text is such a number.
    pub(crate) fn takes(&self, text: &str) -> bool {
        self.fault(text).is_none()
    }

    fn fault(&self, text: &str) -> Option<Fault<'_>> {
        let Some(number) = Decimal::read(text) else { return Some(Fault::NoNumber) };
        if self.form == Form::Whole && text.contains('.') {
            return Some(Fault::NotWhole);
        }
        match (&self.minimum, &self.maximum) {
            (Some(bound), _) if number < bound.number => Some(Fault::Below(&bound.written)),
            (_, Some(bound)) if number > bound.number => Some(Fault::Above(&bound.written)),
            _ => None,
        }
    }
}

impl<'i> Keyword<'i, TapeJson> for NumberText {
    fn validate(&self, instance: TapeNode<'i>) -> Result<(), ValidationError<'i>> {
        match instance.0.as_str().and_then(|text| self.fault(text)) {
            Some(fault) => Err(ValidationError::custom(fault.to_string())),
            None => Ok(()),
        }
    }

    fn is_valid(&self, instance: TapeNode<'i>) -> bool {
        instance.0.as_str().is_none_or(|text| self.takes(text))
    }
}

/// How two numbers compare, as the keyword reads them; `None` if one of them is no number.
pub(crate) fn compare(one: &str, other: &str) -> Option<Ordering> {
    Some(Decimal::read(one)?.cmp(&Decimal::read(other)?))
}

/// Whether a text is a number as the keyword reads it.
pub(crate) fn is_number_text(text: &str) -> bool {
    Decimal::read(text).is_some()
}

impl Bound {
    fn compile(name: &str, value: &Value) -> Result<Self, String> {
        let wrong = || format!("{name} must be a number written as a text, such as \"-2.5\"");
        let written = value.as_str().ok_or_else(wrong)?;
        let Decimal { is_negative, whole, fraction } = Decimal::read(written).ok_or_else(wrong)?;
        let number =
            Decimal { is_negative, whole: whole.into_owned().into(), fraction: fraction.into_owned().into() };
        Ok(Self { number, written: written.into() })
    }
}

impl<'a> Decimal<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self {
            is_negative: digits.len() < text.len() && !is_zero,
            whole: whole.into(),
            fraction: fraction.into(),
        })
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |number: &Self| number.whole.len();
        let beyond_sign = size(self)
            .cmp(&size(other))
            .then_with(|| self.whole.cmp(&other.whole))
            .then_with(|| self.fraction.cmp(&other.fraction));
        match (self.is_negative, other.is_negative) {
            (false, false) => beyond_sign,
            (true, true) => beyond_sign.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNumber => f.write_str("is not a number written in digits"),
            Self::NotWhole => f.write_str("is written with a fraction, but has to be a whole number"),
            Self::Below(bound) => write!(f, "is less than {bound}"),
            Self::Above(bound) => write!(f, "is greater than {bound}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn keyword(value: Value) -> NumberText {
        NumberText::compile(&value).expect("the keyword's value is sound")
    }

    #[test]
    fn a_number_is_digits_with_a_minus_and_a_fraction_at_most() {
        for text in ["0", "-0", "007", "5", "-5", "5.0", "0.50", "-12.25", &"9".repeat(300)] {
            assert!(keyword(json!({})).takes(text), "{text}");
        }
        for text in
            ["", "-", "+5", "--5", "5.", ".5", "1.2.3", "1e3", "1,5", " 5", "5 ", "٣", "0x5", "NaN", "5\n"]
        {
            assert!(!keyword(json!({})).takes(text), "{text}");
        }
    }

    #[test]
    fn a_text_is_compared_digit_by_digit() {
        let cases = [
            (json!({ "maximum": "2147483647" }), "2147483647", None),
            (json!({ "maximum": "2147483647" }), "0002147483647.0", None),
            (json!({ "maximum": "2147483647" }), "2147483647.0000000000000000001", Some("greater")),
            (json!({ "maximum": "9007199254740992" }), "9007199254740993", Some("greater")),
            (json!({ "minimum": "-0.1", "maximum": "0.1" }), "-0.0", None),
            (json!({ "minimum": "-0.1", "maximum": "0.1" }), "-0.11", Some("less")),
            (json!({ "minimum": "-0.1", "maximum": "0.1" }), "0.09999", None),
            (json!({ "minimum": "0" }), "-0", None),
            (json!({ "minimum": "0" }), "-0.001", Some("less")),
            (json!({ "integer": true }), "5", None),
            (json!({ "integer": true }), "5.0", Some("fraction")),
            (json!({ "integer": false }), "5.5", None),
            // Bounds that exclude each other leave nothing.
            (json!({ "minimum": "2", "maximum": "1" }), "2", Some("greater")),
        ];
        for (value, text, word) in cases {
            let keyword = keyword(value);
            let told = keyword.fault(text).map(|fault| fault.to_string());
            match word {
                None => assert_eq!(told, None, "{text}"),
                Some(word) => {
                    assert!(told.as_ref().is_some_and(|told| told.contains(word)), "{text}: {told:?}");
                }
            }
        }
    }

    #[test]
    fn a_broken_value_of_the_keyword_is_refused() {
        for value in [
            json!(true),
            json!([]),
            json!({ "minimum": 5 }),
            json!({ "maximum": "many" }),
            json!({ "maximum": "1e3" }),
            json!({ "integer": "true" }),
            json!({ "exclusiveMinimum": "5" }),
        ] {
            assert!(NumberText::compile(&value).is_err(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_are_compared_as_numbers(
            number in any::<i128>(),
            minimum in any::<i128>(),
            maximum in any::<i128>(),
            bits in 0..127_u32,
            zeros in 0..4_usize,
        ) {
            // Of any size, so that they are near to each other often enough.
            let [number, minimum, maximum] = [number, minimum, maximum].map(|one| one >> bits);
            let sign = if number < 0 { "-" } else { "" };
            let written = format!("{sign}{}{}", "0".repeat(zeros), number.unsigned_abs());
            let value = json!({
                "minimum": minimum.to_string(), "maximum": maximum.to_string(), "integer": true
            });
            let is_between = minimum <= number && number <= maximum;
            prop_assert_eq!(keyword(value).takes(&written), is_between, "{}", written);
        }

        #[test]
        fn decimals_are_compared_as_their_hundredths(
            number in -99_999..99_999_i32, minimum in -99_999..99_999_i32, near in -3..3_i32,
        ) {
            let written = |hundredths: i32| {
                let sign = if hundredths < 0 { "-" } else { "" };
                format!("{sign}{}.{:02}", hundredths.abs() / 100, hundredths.abs() % 100)
            };
            for minimum in [minimum, number + near] {
                let value = json!({ "minimum": written(minimum) });
                prop_assert_eq!(keyword(value).takes(&written(number)), minimum <= number);
            }
        }
    }
}
