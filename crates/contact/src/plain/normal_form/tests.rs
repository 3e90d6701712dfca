//! Patterns against the normalisers and formats that they speak for.

use std::sync::LazyLock;

use icu_normalizer::properties::{CanonicalDecompositionBorrowed, Decomposed};
use jsonschema::Validator;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{pattern_of, pattern_of_format};
use crate::format::FORMATS;
use crate::normalise::{Change, Normaliser, Settings};
use crate::plain::language::Language;

/// The longest email that a pattern speaks for.
const LONGEST_EMAIL: usize = 64;

static NORMALISERS: LazyLock<Vec<(Normaliser, Language)>> = LazyLock::new(|| {
    Normaliser::ALL
        .iter()
        .filter_map(|normaliser| Some((*normaliser, language(&pattern_of(*normaliser)?))))
        .collect()
});

static CHECKED_FORMATS: LazyLock<Vec<(&str, Language, Validator)>> = LazyLock::new(|| {
    ["email", "uuid", "date", "time", "date-time", "ipv4", "json-pointer", "language-tag"]
        .into_iter()
        .map(|format| (format, language(&pattern_of_format(format).unwrap()), validator(format)))
        .collect()
});

static SETTINGS: LazyLock<[Settings; 2]> =
    LazyLock::new(|| [Settings::default(), Settings::default().with_default_region("UA".parse().unwrap())]);

fn language(pattern: &str) -> Language {
    Language::intersection([pattern]).unwrap_or_else(|| panic!("no language of {pattern}"))
}

fn validator(format: &str) -> Validator {
    let mut options = jsonschema::options().should_validate_formats(true);
    for (name, check) in FORMATS {
        options = options.with_format(*name, *check);
    }
    options
        .build(&json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "format": format }))
        .unwrap()
}

fn language_of(wanted: Normaliser) -> &'static Language {
    &NORMALISERS.iter().find(|(normaliser, _)| *normaliser == wanted).unwrap().1
}

fn is_unchanged(normaliser: Normaliser, text: &str) -> bool {
    SETTINGS.iter().all(|settings| normaliser.on_text(text, settings) == Change::Unchanged)
}

/// Values as good records have them.
const PLAIN: &[(Normaliser, &[&str])] = &[
    (Normaliser::Trim, NAMES),
    (
        Normaliser::Trim,
        &["", "12 Example Street, flat 3", "Pixel 8", "вул. Хрещатик, 22", "日本 東京", "a\u{A0}b"],
    ),
    (Normaliser::Nfc, NAMES),
    (
        Normaliser::Nfc,
        &["", "12 Example Street, flat 3", "Łódź № 5 — “x”…", "Nguyễn Văn Đức", "서울특별시", "ｱ", "नेहा"],
    ),
    (Normaliser::CollapseSpace, NAMES),
    (Normaliser::CollapseSpace, &["", " ", "12 Example Street, flat 3"]),
    (Normaliser::PersonName, NAMES),
    (Normaliser::EmptyToAbsent, NAMES),
    (Normaliser::EmptyToAbsent, &["x", " x ", "\0"]),
    (Normaliser::LowercaseDomain, EMAILS),
    (Normaliser::LowercaseDomain, &["", "No Domain", "A@b@c", "@"]),
    (Normaliser::Email, EMAILS),
    (Normaliser::Phone, &["380955547708", "4915112345678", "1234567", "123456789012345"]),
    (
        Normaliser::Os,
        &[
            "Android",
            "iOS",
            "",
            "Windows 11",
            "an",
            "androids",
            "Ἀ",
            "iPhone",
            "gc",
            "apns_",
            "tvOS",
            "HarmonyOS",
        ],
    ),
    (Normaliser::Locale, &["uk", "en", "uk-UA", "en-GB", "pt-BR", "zh-CN"]),
    (Normaliser::Language, &["uk", "en", "uk-UA", "en-GB", "pt-BR", "zh-CN"]),
    (Normaliser::Date, &["1814-03-09", "2024-12-31"]),
    (Normaliser::DateTime, &["1814-03-09T10:30"]),
    (Normaliser::Uuid, &["83b77a49-fc28-409b-aeaa-68c9d544ab9d"]),
    (Normaliser::IntegerText, NAMES),
    (Normaliser::ScalarText, &["", "true", "12", "anything at all\n"]),
];

const NAMES: &[&str] = &[
    "John",
    "Мар'яна",
    "Нечуй-Левицька",
    "Олександр",
    "Jean-Pierre",
    "Anna Maria",
    "李小龙",
    "O'Connor",
    "Ελένη",
    "Μάρκος",
    "محمد",
    "יעקב",
    "Zoë",
    "Đặng",
    "Nguyễn",
    "José",
    "İsmail",
    "Łukasz",
    "김철수",
    "さくら",
    "ザビエル",
    "Її",
    "Йосип",
    "ქეთევან",
    "Արամ",
];

const EMAILS: &[&str] = &[
    "john.smith@example.com",
    "a@b",
    "o'hara+tag@mail-server.example.co.uk",
    "_x_@1.ua",
    "A.B@x-y-z.org",
    "ivan@укр.example",
];

/// What else tests are made of.
const ODD: &[&str] = &[
    "mailto:a@b.ua",
    "a@xn--e1afmkfd.ua",
    "a@b--c.de",
    "a@@b",
    "ANDROID",
    "ios",
    "iPadOS",
    "fcm",
    "gcm",
    "apns_voip",
    "ua",
    "ua-UA",
    "en-UK",
    "uk-UK",
    "UK",
    "eng",
    "zz",
    "zz-ZZ",
    "+380955547708",
    "0955547708",
    "tel:+380955547708",
    "09/03/1814",
    "09.03.1814",
    "1814-03-09 10:30",
    "1814-03-09T10:30:00",
    "2024-02-29",
    "2023-02-29",
    "2023-04-31",
    "23:59:60Z",
    "10:30:00Z",
    "10:30:00.5+02:00",
    "2024-02-28T23:59:59Z",
    "192.0.2.17",
    "192.0.2.256",
    "01.2.3.4",
    "/a~1b/c",
    "83B77A49-FC28-409B-AEAA-68C9D544AB9D",
    "83b77a49fc28409baeaa68c9d544ab9d",
    "{83b77a49-fc28-409b-aeaa-68c9d544ab9d}",
    "e\u{301}",
    "\u{1100}\u{1161}",
    "\u{AC00}\u{11A8}",
    "क\u{93C}",
    "\u{958}",
    "\u{212B}",
    "O’Connor",
    "a – b",
    "\u{2010}",
    "UTC",
    "Europe/Kiev",
];

fn insertion() -> impl Strategy<Value = String> {
    const TELLING: &[&str] = &[
        " ", "  ", "\t", "\n", "\0", "\u{85}", "\u{A0}", "\u{200B}", "\u{FEFF}", "\u{2028}", "@", ".", "-",
        "--", "xn--", ":", "<", "\"", "A", "z", "0", "9", "'", "’", "`", "\u{2010}", "\u{301}", "\u{308}",
        "\u{1161}", "\u{11A8}", "\u{9BE}", "\u{3099}", "U", "K", "T", "/", "~", "+", "_", "ß", "K", "😀",
    ];
    prop_oneof![3 => select(TELLING).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)]
}

/// Plain values and odd ones, some of them with a few characters put in, taken away or replaced.
fn text() -> impl Strategy<Value = String> {
    let known: Vec<&str> = PLAIN.iter().flat_map(|(_, texts)| *texts).chain(ODD).copied().collect();
    let changes = vec((any::<prop::sample::Index>(), 0..3usize, insertion()), 0..4);
    let changed = (select(known), changes).prop_map(|(text, changes)| {
        let mut characters: Vec<char> = text.chars().collect();
        for (place, taken, put) in changes {
            let from = place.index(characters.len() + 1);
            let to = (from + taken).min(characters.len());
            characters.splice(from..to, put.chars());
        }
        characters.into_iter().collect()
    });
    let letters = vec(prop::char::range('\0', '\u{FFFF}'), 0..8).prop_map(String::from_iter);
    prop_oneof![6 => changed, 1 => letters, 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn a_normaliser_leaves_alone_what_its_pattern_takes(text in text()) {
        for (normaliser, language) in NORMALISERS.iter() {
            let is_normal = is_unchanged(*normaliser, &text);
            prop_assert!(is_normal || !language.accepts(&text), "{normaliser:?} changes {text:?}");
        }
    }

    #[test]
    fn a_text_has_the_format_whose_pattern_takes_it(text in text()) {
        for (format, language, validator) in CHECKED_FORMATS.iter() {
            if language.accepts(&text) && (*format != "email" || text.len() <= LONGEST_EMAIL) {
                prop_assert!(validator.is_valid(&Value::from(text.as_str())), "{text:?} is no {format}");
            }
        }
    }

    #[test]
    fn texts_made_for_a_pattern_have_its_format(
        email in "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]{1,20}@([a-zA-Z0-9]{1,8}[.-]?){1,4}",
        date in "[0-9]{4}-[01][0-9]-[0-3][0-9]",
        time in r"[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]{1,3})?(Z|[+-][0-2][0-9]:[0-6][0-9])",
        ipv4 in r"([0-2]?[0-9]{1,2}\.){3}[0-2]?[0-9]{1,2}",
        tag in "[a-z]{2}(-[A-Z]{2})?",
    ) {
        let date_time = format!("{date}T{time}");
        for (wanted, text) in [
            ("email", &email), ("date", &date), ("time", &time), ("date-time", &date_time), ("ipv4", &ipv4), ("language-tag", &tag),
        ] {
            let (_, language, validator) =
                CHECKED_FORMATS.iter().find(|(format, ..)| *format == wanted).unwrap();
            prop_assert!(
                !language.accepts(text) || validator.is_valid(&Value::from(text.as_str())),
                "{text:?} is no {wanted}",
            );
        }
    }

    #[test]
    fn texts_of_composed_characters_are_in_normalisation_form_c(
        characters in vec(prop::char::range('\0', '\u{FFFF}'), 1..40),
    ) {
        let language = language_of(Normaliser::Nfc);
        let text: String =
            characters.into_iter().filter(|one| language.accepts(one.encode_utf8(&mut [0; 4]))).collect();
        prop_assert!(language.accepts(&text));
        prop_assert!(is_unchanged(Normaliser::Nfc, &text));
    }
}

#[test]
fn plain_values_are_taken() {
    for (normaliser, texts) in PLAIN {
        let language = language_of(*normaliser);
        for text in *texts {
            let is_exception = *normaliser == Normaliser::Email && !text.is_ascii();
            assert_eq!(language.accepts(text), !is_exception, "{text:?} for {normaliser:?}");
        }
    }
    for (wanted, texts) in [
        ("email", &EMAILS[..5]),
        ("uuid", &["83b77a49-fc28-409b-aeaa-68c9d544ab9d", "83B77A49-FC28-409B-AEAA-68C9D544AB9D"]),
        ("date", &["1814-03-09", "2024-12-31", "2024-02-28", "2024-11-30", "0000-01-01"]),
        ("time", &["10:30:00Z", "23:59:59.123+02:00"]),
        ("date-time", &["1814-03-09T10:30:00Z"]),
        ("ipv4", &["0.0.0.0", "255.255.255.255", "192.0.2.17", "10.99.100.249"]),
        ("json-pointer", &["", "/", "/a/b~0c~1", "/мова"]),
        ("language-tag", &["uk", "en-US", "pt-BR", "zu"]),
    ] {
        let (_, language, _) = CHECKED_FORMATS.iter().find(|(format, ..)| *format == wanted).unwrap();
        for text in texts {
            assert!(language.accepts(text), "{text:?} for {wanted}");
        }
    }
}

#[test]
fn what_has_no_pattern_is_left_to_the_validator() {
    assert_eq!(pattern_of(Normaliser::TimeZone), None);
    for format in ["time-zone", "hostname", "idn-email", "uri", "regex", "no-such-format", ""] {
        assert_eq!(pattern_of_format(format), None, "{format}");
    }
}

#[test]
fn a_character_anywhere_is_judged_as_the_normaliser_judges_it() {
    /// Those of which the pattern says all.
    const EXACT: &[Normaliser] = &[
        Normaliser::Trim,
        Normaliser::CollapseSpace,
        Normaliser::LowercaseDomain,
        Normaliser::Os,
        Normaliser::EmptyToAbsent,
        Normaliser::IntegerText,
        Normaliser::ScalarText,
    ];
    for character in '\0'..='\u{FFFF}' {
        for text in [
            format!("{character}"),
            format!("{character}b"),
            format!("a{character}"),
            format!("a{character}b"),
            format!(" {character} "),
            format!("a@{character}b"),
        ] {
            for (normaliser, language) in NORMALISERS.iter() {
                let (is_normal, is_taken) = (is_unchanged(*normaliser, &text), language.accepts(&text));
                assert!(is_normal || !is_taken, "{normaliser:?} changes {text:?}");
                assert!(
                    is_taken || !is_normal || !EXACT.contains(normaliser),
                    "{normaliser:?} keeps {text:?}"
                );
            }
        }
    }
}

#[test]
fn the_names_of_systems_are_told_in_any_letters() {
    let language = language_of(Normaliser::Os);
    for text in [
        "android",
        "ANDROID",
        "aNdroid",
        "gcm",
        "FCM",
        "ios",
        "IOS",
        "Iphone OS",
        "ipadOS",
        "apns",
        "APNS_SANDBOX",
        "Apns_voip",
    ] {
        assert!(!language.accepts(text), "{text}");
    }
}

#[test]
fn no_character_that_another_one_is_composed_with_counts_as_composed() {
    let language = language_of(Normaliser::Nfc);
    for character in '\0'..=char::MAX {
        if let Decomposed::Expansion(_, second) = CanonicalDecompositionBorrowed::new().decompose(character) {
            assert!(!language.accepts(second.encode_utf8(&mut [0; 4])), "{second:?} of {character:?}");
        }
    }
    let taken = ('\0'..='\u{D7FF}').filter(|one| language.accepts(one.encode_utf8(&mut [0; 4]))).count();
    assert!(taken > 45_000, "{taken} characters count as composed");
}
