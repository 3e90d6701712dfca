//! Each normaliser: what it repairs, and what it leaves alone.

use contact::{Change, FORMATS, Normaliser, Settings};
use proptest::prelude::*;

fn normalised(normaliser: Normaliser, text: &str, settings: &Settings) -> Option<String> {
    match normaliser.on_text(text, settings) {
        Change::Unchanged => Some(text.to_owned()),
        Change::To(text) => Some(text.into_owned()),
        Change::Absent => None,
    }
}

fn check(normaliser: Normaliser, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let found = normalised(normaliser, text, &Settings::default());
        assert_eq!(found.as_deref(), Some(*expected), "{} of {text:?}", normaliser.name());
        let unchanged = normaliser.on_text(expected, &Settings::default());
        assert_eq!(unchanged, Change::Unchanged, "{} of {expected:?}", normaliser.name());
    }
}

#[test]
fn texts_are_brought_into_one_form() {
    check(
        Normaliser::Trim,
        &[
            ("", ""),
            (" a b ", "a b"),
            ("\u{a0}\u{feff}\u{200b}Анна\u{2003}\r\n", "Анна"),
            ("a\tb\nc", "a b c"),
            ("a\u{7}b", "ab"),
            ("\u{200d}x", "\u{200d}x"),
        ],
    );
    check(Normaliser::Nfc, &[("e\u{301}", "é"), ("и\u{306}", "й"), ("plain", "plain"), ("é", "é")]);
    check(
        Normaliser::CollapseSpace,
        &[("a  b", "a b"), ("a\u{a0}b", "a b"), ("a \t\n b", "a b"), (" a", " a")],
    );
    check(Normaliser::LowercaseDomain, &[("A@B.Com", "A@b.com"), ("AB", "AB"), ("A@b@C", "A@b@c")]);
    check(
        Normaliser::Os,
        &[
            ("ANDROID", "Android"),
            ("GCM", "Android"),
            ("ios", "iOS"),
            ("APNS_SANDBOX", "iOS"),
            ("iPhone OS", "iOS"),
            ("HarmonyOS", "HarmonyOS"),
        ],
    );
    check(
        Normaliser::Uuid,
        &[
            ("83B77A49-FC28-409B-AEAA-68C9D544AB9D", "83b77a49-fc28-409b-aeaa-68c9d544ab9d"),
            ("{83b77a49-fc28-409b-aeaa-68c9d544ab9d}", "83b77a49-fc28-409b-aeaa-68c9d544ab9d"),
            ("83b77a49fc28409baeaa68c9d544ab9d", "83b77a49-fc28-409b-aeaa-68c9d544ab9d"),
            ("urn:uuid:83b77a49-fc28-409b-aeaa-68c9d544ab9d", "83b77a49-fc28-409b-aeaa-68c9d544ab9d"),
            ("no-uuid", "no-uuid"),
        ],
    );
}

#[test]
fn an_email_keeps_its_mailbox_and_gets_an_ascii_domain() {
    check(
        Normaliser::Email,
        &[
            ("john.smith@example.com", "john.smith@example.com"),
            (" John@EXAMPLE.Com\n", "John@example.com"),
            ("mailto:John@example.com", "John@example.com"),
            ("пошта@пошта.укр", "пошта@xn--80a1acn3a.xn--j1amh"),
            ("a@XN--80a1acn3a.xn--j1amh", "a@xn--80a1acn3a.xn--j1amh"),
            ("nobody", "nobody"),
            ("a@", "a@"),
            ("John <j@example.com>", "John <j@example.com>"),
        ],
    );
}

#[test]
fn a_number_becomes_international_digits_and_is_never_guessed() {
    check(
        Normaliser::Phone,
        &[
            ("380955547708", "380955547708"),
            ("+380 (95) 554-77-08", "380955547708"),
            ("+44 7911 123456", "447911123456"),
            ("tel:+380955547708", "380955547708"),
            ("+39 06 6982 1234", "390669821234"),
            ("095 554 77 08", "095 554 77 08"),
            ("00380955547708", "00380955547708"),
            ("+380 95 554 77 08 ext 5", "+380 95 554 77 08 ext 5"),
            ("+999 123", "+999 123"),
            ("call me", "call me"),
            ("+", "+"),
            ("", ""),
        ],
    );
    let ukraine = Settings::default().with_default_region("UA".parse().expect("a region"));
    for (text, digits) in [("095 554-77-08", "380955547708"), ("+447911123456", "447911123456"), ("1", "1")] {
        assert_eq!(normalised(Normaliser::Phone, text, &ukraine).as_deref(), Some(digits));
    }
    let error = "ukraine".parse::<contact::Region>().expect_err("no region");
    assert!(error.to_string().contains("such as UA"));
}

#[test]
fn names_get_one_form_of_apostrophe_and_hyphen_and_lose_nothing() {
    check(
        Normaliser::PersonName,
        &[
            ("Мар’яна", "Мар'яна"),
            ("O`Connor", "O'Connor"),
            ("Дарʼя", "Дар'я"),
            ("D′Angelo", "D'Angelo"),
            ("Anna–Maria", "Anna-Maria"),
            ("Anna\u{2011}Maria", "Anna-Maria"),
            ("’quoted’", "’quoted’"),
            ("Anna – Maria", "Anna – Maria"),
            ("Zoë", "Zoë"),
            ("😀", "😀"),
        ],
    );
}

#[test]
fn languages_and_locales_get_their_canonical_form() {
    check(
        Normaliser::Language,
        &[
            ("uk", "uk"),
            ("EN", "en"),
            ("en_us", "en-US"),
            ("ua", "uk"),
            ("UA", "uk"),
            ("ukr", "uk"),
            ("eng-GB", "en-GB"),
            ("en_UK", "en-GB"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("English", "English"),
            ("", ""),
            ("_", "_"),
        ],
    );
    check(
        Normaliser::Locale,
        &[
            ("en_US", "en-US"),
            ("en_UK", "en-GB"),
            ("ua", "uk-UA"),
            ("ua_UA", "uk-UA"),
            ("uk-UA", "uk-UA"),
            ("de", "de"),
        ],
    );
}

#[test]
fn time_zones_get_the_name_in_use_today() {
    check(
        Normaliser::TimeZone,
        &[
            ("Europe/Kyiv", "Europe/Kyiv"),
            ("Europe/Kiev", "Europe/Kyiv"),
            ("europe/kyiv", "Europe/Kyiv"),
            ("US/Pacific", "America/Los_Angeles"),
            ("Asia/Calcutta", "Asia/Kolkata"),
            ("America/New_York", "America/New_York"),
            ("UTC", "UTC"),
            ("Etc/UTC", "UTC"),
            ("Mars/Base", "Mars/Base"),
            ("", ""),
        ],
    );
}

#[test]
fn dates_are_turned_round_only_where_nothing_is_lost() {
    check(
        Normaliser::Date,
        &[
            ("1814-03-09", "1814-03-09"),
            ("09/03/1814", "1814-03-09"),
            ("31.12.2024", "2024-12-31"),
            ("31.02.2024", "31.02.2024"),
            ("01.02.24", "01.02.24"),
            ("2024/01/02", "2024/01/02"),
        ],
    );
    check(
        Normaliser::DateTime,
        &[
            ("2024-01-02T03:04", "2024-01-02T03:04"),
            ("2024-01-02 03:04", "2024-01-02T03:04"),
            ("2024-01-02T03:04:00", "2024-01-02T03:04"),
            ("2024-01-02 03:04:05", "2024-01-02 03:04:05"),
            ("2024-01-02T03:04Z", "2024-01-02T03:04Z"),
            ("2024-01-02T03:04:00+02:00", "2024-01-02T03:04:00+02:00"),
            ("2024-13-02 03:04", "2024-13-02 03:04"),
        ],
    );
}

#[test]
fn numbers_and_truth_values_become_their_text_digit_by_digit() {
    let text = |change: Change<'_>| match change {
        Change::To(text) => Some(text.into_owned()),
        _ => None,
    };
    for (digits, integer) in [
        ("7", true),
        ("-7", true),
        ("123456789012345678901234567890", true),
        ("-0", false),
        ("1.0", false),
        ("1e3", false),
    ] {
        assert_eq!(text(Normaliser::IntegerText.on_number(digits)), integer.then(|| digits.to_owned()));
        assert_eq!(text(Normaliser::ScalarText.on_number(digits)).as_deref(), Some(digits));
        assert_eq!(Normaliser::Trim.on_number(digits), Change::Unchanged);
    }
    assert_eq!(text(Normaliser::ScalarText.on_boolean(true)).as_deref(), Some("true"));
    assert_eq!(Normaliser::IntegerText.on_boolean(true), Change::Unchanged);
}

#[test]
fn what_says_nothing_is_absent() {
    let settings = Settings::default();
    for nothing in ["", " ", "\u{a0}\t"] {
        assert_eq!(Normaliser::EmptyToAbsent.on_text(nothing, &settings), Change::Absent);
    }
    assert_eq!(Normaliser::EmptyToAbsent.on_text("0", &settings), Change::Unchanged);
    assert_eq!(Normaliser::EmptyToAbsent.on_null(), Change::Absent);
    assert_eq!(Normaliser::Trim.on_null(), Change::Unchanged);
}

#[test]
fn names_of_normalisers_lead_back_to_them() {
    for normaliser in Normaliser::ALL {
        assert_eq!(Normaliser::from_name(normaliser.name()), Some(*normaliser));
    }
    assert_eq!(Normaliser::from_name("Trim"), None);
}

#[test]
fn each_normaliser_is_documented() {
    const RULES: &str = include_str!("../../../docs/records-and-rules.md");
    for normaliser in Normaliser::ALL {
        let name = normaliser.name();
        assert!(RULES.contains(&format!("\n| `{name}` | ")), "{name}");
    }
}

#[test]
fn formats_take_what_their_standard_names() {
    let has =
        |name: &str, text: &str| FORMATS.iter().find(|(known, _)| *known == name).expect("a format").1(text);
    for (text, is_zone) in [
        ("Europe/Kyiv", true),
        ("Europe/Kiev", true),
        ("europe/kyiv", false),
        ("Mars/Base", false),
        ("", false),
        ("UTC", true),
    ] {
        assert_eq!(has("time-zone", text), is_zone, "{text}");
    }
    for (text, is_tag) in [
        ("uk", true),
        ("en-GB", true),
        ("zh-Hant-TW", true),
        ("ukr", false),
        ("xx", false),
        ("en_GB", false),
        ("", false),
    ] {
        assert_eq!(has("language-tag", text), is_tag, "{text}");
    }
}

/// Texts that are nearly what some normaliser looks for.
fn near() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,24}",
        "[ \\t\u{a0}\u{feff}a-zA-Zа-яʼ’'–-]{0,16}",
        "(tel:)?[+0]{0,2}[0-9() .-]{0,18}",
        "( |mailto:|MAILTO:){0,2}[a-zA-Z.]{0,6}@{0,2}[a-zA-Zа-я.-]{0,12} ?",
        "[a-zA-Z]{2,3}([_-][a-zA-Z]{2,4}){0,2}",
        "[A-Za-z]{2,8}/[A-Za-z_]{2,10}",
        "[0-9]{1,4}[-./ T][0-9]{1,2}[-./ T][0-9]{1,4}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?Z?)?",
        "[{]?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}[}]?",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_normaliser_is_idempotent(text in near(), region in any::<bool>()) {
        let mut settings = Settings::default();
        if region {
            settings = settings.with_default_region("UA".parse().expect("a region"));
        }
        for normaliser in Normaliser::ALL {
            if let Some(once) = normalised(*normaliser, &text, &settings) {
                prop_assert_eq!(
                    normalised(*normaliser, &once, &settings), Some(once.clone()), "{} of {:?}", normaliser.name(), text
                );
            }
        }
    }

    #[test]
    fn an_email_is_the_same_mailbox_and_a_number_is_digits_or_as_it_was(text in near()) {
        let settings = Settings::default();
        let email = normalised(Normaliser::Email, &text, &settings).unwrap_or_default();
        if let Some((local, _)) = email.rsplit_once('@') {
            prop_assert!(text.contains(local));
        }
        let phone = normalised(Normaliser::Phone, &text, &settings).unwrap_or_default();
        prop_assert!(phone == text || phone.bytes().all(|byte| byte.is_ascii_digit()));
    }
}
