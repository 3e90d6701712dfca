//! What holds of every normaliser for every text, arbitrary or nearly right.

use std::borrow::Cow;

use contact::{Change, FORMATS, Normaliser, Settings};
use proptest::prelude::*;

/// What stands in the text's place; `None` where nothing does.
fn normalised<'a>(normaliser: Normaliser, text: &'a str, settings: &Settings) -> Option<Cow<'a, str>> {
    match normaliser.on_text(text, settings) {
        Change::Unchanged => Some(text.into()),
        Change::To(other) => Some(other),
        Change::Absent => None,
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    prop::option::of(prop::sample::select(vec!["UA", "US", "GB", "IT", "AR", "DE", "KZ", "SM"])).prop_map(
        |region| match region {
            Some(region) => Settings::default().with_default_region(region.parse().expect("a region")),
            None => Settings::default(),
        },
    )
}

/// Texts that are right.
fn right() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "Мар'яна",
        "Jean-Pierre",
        "O’Connor",
        "John.Smith@Example.com",
        "mailto:a@пошта.укр",
        "a@xn--80a1acn3a.xn--j1amh",
        "+380 (95) 554-77-08",
        "tel:+39 06 6982 1234",
        "095 554 77 08",
        "00380955547708",
        "(415) 555-2671",
        "APNS_SANDBOX",
        "iPhone OS",
        "en_UK",
        "ua_UA",
        "ukr",
        "zh-Hant-TW",
        "en-t-uk-x-uk",
        "Europe/Kiev",
        "america/argentina/buenos_aires",
        "Etc/GMT+0",
        "31/12/2024",
        "29.02.2024",
        "2024-02-29 23:59:00",
        "{83B77A49-FC28-409B-AEAA-68C9D544AB9D}",
        "urn:uuid:83b77a49-fc28-409b-aeaa-68c9d544ab9d",
        "83B77A49FC28409BAEAA68C9D544AB9D",
    ])
    .prop_map(str::to_owned)
}

/// Signs that matter to some normaliser, or that nobody thinks of.
fn sign() -> impl Strategy<Value = char> {
    prop_oneof![
        prop::sample::select(
            "\0\t\n\r \u{85}\u{a0}\u{ad}\u{200b}\u{200c}\u{200d}\u{200f}\u{202a}\u{2028}\u{202f}\u{3000}\u{feff}\u{301}\
             \u{306}\u{338}\u{5b0}\u{5f3}\u{1fef}\u{1ffd}\u{37e}\u{2000}’‘ʼ`´–−-_.,:;/@+()[]{}<>#%0159aAuUkKeExXяЯїßıİſK\
             ⅷ。😀א١３xn-"
                .chars()
                .collect::<Vec<_>>(),
        ),
        any::<char>(),
    ]
}

/// Right texts with a few signs put in, taken out or in other letters, and texts of such signs alone.
fn nearly_right() -> impl Strategy<Value = String> {
    let edited = (right(), prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, sign()), 0..4))
        .prop_map(|(text, edits)| {
            let mut characters: Vec<char> = text.chars().collect();
            for (place, edit, sign) in edits {
                let place = place.index(characters.len() + 1);
                match edit {
                    0 | 1 => characters.insert(place, sign),
                    2 if place < characters.len() => characters[place] = sign,
                    _ if place < characters.len() => drop(characters.remove(place)),
                    _ => {}
                }
            }
            characters.into_iter().collect()
        });
    let domain = prop::collection::vec(sign(), 0..12)
        .prop_map(|signs| format!("a@{}", signs.into_iter().collect::<String>()));
    let signs = prop::collection::vec(sign(), 0..16).prop_map(|signs| signs.into_iter().collect::<String>());
    prop_oneof![
        4 => edited,
        2 => signs,
        1 => domain,
        1 => "[+(]{0,2}[0-9]{1,4}[ ().-]{0,2}[0-9 .-]{4,14}",
        1 => "[a-zA-Z]{2,3}([_-][a-zA-Z0-9]{1,8}){0,3}",
        1 => "a@xn--[a-z0-9-]{0,10}\\.[a-z]{0,3}",
    ]
}

/// Anything at all, or nearly right.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![1 => any::<String>(), 3 => nearly_right()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_second_run_changes_nothing_and_a_change_changes_something(text in any_text(), settings in settings()) {
        for normaliser in Normaliser::ALL {
            if let Change::To(once) = normaliser.on_text(&text, &settings) {
                prop_assert_ne!(&*once, text.as_str(), "{} of {:?}", normaliser.name(), &text);
                prop_assert_eq!(
                    normaliser.on_text(&once, &settings), Change::Unchanged,
                    "{} of {:?}", normaliser.name(), &text
                );
            }
        }
    }

    /// The lists of the contact's schema, each run as a whole.
    #[test]
    fn a_second_run_of_a_list_changes_nothing(text in any_text(), settings in settings()) {
        use Normaliser::{CollapseSpace, EmptyToAbsent, Language, Nfc, Os, PersonName, TimeZone, Trim, Uuid};
        let lists: &[&[Normaliser]] = &[
            &[Trim, Nfc, CollapseSpace, PersonName, EmptyToAbsent],
            &[Trim, Language, EmptyToAbsent],
            &[Trim, TimeZone, EmptyToAbsent],
            &[Trim, Os, EmptyToAbsent],
            &[Uuid, EmptyToAbsent],
        ];
        for list in lists {
            let run = |text: &str| {
                list.iter().try_fold(text.to_owned(), |text, normaliser| {
                    normalised(*normaliser, &text, &settings).map(Cow::into_owned)
                })
            };
            if let Some(once) = run(&text) {
                prop_assert_eq!(run(&once), Some(once.clone()), "{:?} of {:?}", list, &text);
            }
        }
    }

    #[test]
    fn an_email_keeps_its_mailbox_and_its_new_domain_is_ascii(text in any_text()) {
        if let Change::To(email) = Normaliser::Email.on_text(&text, &Settings::default()) {
            let (local, domain) = email.rsplit_once('@').expect("an email that was changed has an @");
            let (before, _) = text.rsplit_once('@').expect("an @ does not come from nowhere");
            prop_assert!(before.ends_with(local), "{text:?} has become {email:?}");
            prop_assert!(
                domain.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()), "{email:?}"
            );
        }
    }

    #[test]
    fn a_number_is_international_digits_or_as_it_was(text in any_text(), settings in settings()) {
        if let Change::To(number) = Normaliser::Phone.on_text(&text, &settings) {
            prop_assert!(number.bytes().all(|byte| byte.is_ascii_digit()), "{text:?} has become {number:?}");
            prop_assert!((7..=15).contains(&number.len()) && !number.starts_with('0'));
        }
    }

    #[test]
    fn a_number_with_a_plus_keeps_its_country_whatever_the_region(text in "\\+[1-9][0-9 ()-]{6,16}[0-9]") {
        let anywhere = normalised(Normaliser::Phone, &text, &Settings::default());
        let ukraine = Settings::default().with_default_region("UA".parse().expect("a region"));
        prop_assert_eq!(anywhere, normalised(Normaliser::Phone, &text, &ukraine));
    }

    #[test]
    fn a_name_keeps_every_letter(text in any_text()) {
        let letters = |text: &str| text.chars().map(|character| match character {
            '\'' | '-' => None,
            other => Some(other),
        }).collect::<Vec<_>>();
        if let Change::To(name) = Normaliser::PersonName.on_text(&text, &Settings::default()) {
            prop_assert_eq!(name.chars().count(), text.chars().count());
            for (before, after) in text.chars().zip(letters(&name)) {
                prop_assert!(after.is_none_or(|after| after == before), "{text:?} has become {name:?}");
            }
        }
    }

    #[test]
    fn trimmed_text_has_no_control_characters(text in any_text()) {
        let trimmed = normalised(Normaliser::Trim, &text, &Settings::default()).expect("a text");
        prop_assert!(!trimmed.contains(char::is_control));
        prop_assert_eq!(trimmed.trim(), &*trimmed);
    }

    #[test]
    fn what_a_normaliser_makes_of_a_zone_or_a_language_has_the_format(text in any_text()) {
        for (normaliser, format) in [(Normaliser::TimeZone, "time-zone"), (Normaliser::Language, "language-tag")] {
            let has_format = FORMATS.iter().find(|(name, _)| *name == format).expect("a format").1;
            if let Change::To(other) = normaliser.on_text(&text, &Settings::default()) {
                prop_assert!(has_format(&other), "{text:?} has become {other:?}");
            }
            let _: bool = has_format(&text);
        }
    }

    #[test]
    fn every_day_of_the_calendar_is_turned_round(year in 1000..=9999_u16, month in 1..=12_u8, day in 1..=28_u8) {
        let iso = format!("{year}-{month:02}-{day:02}");
        for separator in ['.', '/'] {
            let text = format!("{day:02}{separator}{month:02}{separator}{year}");
            let turned = Normaliser::Date.on_text(&text, &Settings::default());
            prop_assert_eq!(turned, Change::To(iso.as_str().into()));
        }
        prop_assert_eq!(Normaliser::Date.on_text(&iso, &Settings::default()), Change::Unchanged);
    }
}

/// Clean values: nothing is made anew for them.
#[test]
fn a_value_in_normal_form_is_unchanged() {
    for (normaliser, texts) in [
        (Normaliser::Trim, &["", "John Smith", "Мар'яна", "שלום"][..]),
        (Normaliser::Nfc, &["", "John", "їжак", "한", "😀"]),
        (Normaliser::CollapseSpace, &["", "Анна Марія"]),
        (Normaliser::LowercaseDomain, &["John@example.com", "nobody"]),
        (
            Normaliser::Email,
            &["John.Smith+x@example.com", "пошта@example.com", "a@xn--80a1acn3a.xn--j1amh", "a@exa_mple.com"],
        ),
        (Normaliser::Phone, &["380955547708", "6834002", "447911123456"]),
        (Normaliser::PersonName, &["O'Connor", "Мар'яна", "Анна-Марія", "李小龙"]),
        (Normaliser::Os, &["Android", "iOS"]),
        (Normaliser::Locale, &["uk", "uk-UA", "en-GB", "zh-Hant-TW", "es-419", "haw"]),
        (Normaliser::Language, &["uk", "uk-UA", "en-GB", "zh-Hant-TW", "en-x-any"]),
        (Normaliser::TimeZone, &["Europe/Kyiv", "America/Argentina/Buenos_Aires", "UTC", "GMT"]),
        (Normaliser::Date, &["2024-02-29"]),
        (Normaliser::DateTime, &["2024-02-29T23:59"]),
        (Normaliser::IntegerText, &["7"]),
        (Normaliser::ScalarText, &["7", "true"]),
        (Normaliser::Uuid, &["83b77a49-fc28-409b-aeaa-68c9d544ab9d"]),
        (Normaliser::EmptyToAbsent, &["0"]),
    ] {
        for text in texts {
            let change = normaliser.on_text(text, &Settings::default());
            assert_eq!(change, Change::Unchanged, "{} of {text:?}", normaliser.name());
        }
    }
}
