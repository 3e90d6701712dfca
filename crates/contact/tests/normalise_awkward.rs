//! Awkward values: what each normaliser makes of the texts that exports really hold, and of those that only look right.

use contact::{Change, Normaliser, Region, RegionError, Settings, is_language_tag, is_time_zone};

/// Each text becomes the other one, which is then left alone. Where both are the same the normaliser says so.
fn check(name: &str, settings: &Settings, cases: &[(&str, &str)]) {
    let normaliser = Normaliser::from_name(name).expect("a name of a normaliser");
    for (text, expected) in cases {
        match normaliser.on_text(text, settings) {
            Change::Unchanged => assert_eq!(text, expected, "{name} leaves {text:?} alone"),
            Change::To(found) => {
                assert_eq!(found, *expected, "{name} of {text:?}");
                assert_ne!(found, *text, "{name} of {text:?} is no change");
            }
            Change::Absent => panic!("{name} takes {text:?} away"),
        }
        assert_eq!(normaliser.on_text(expected, settings), Change::Unchanged, "{name} of {expected:?}");
    }
}

fn left_alone(name: &str, settings: &Settings, texts: &[&str]) {
    let cases: Vec<_> = texts.iter().map(|text| (*text, *text)).collect();
    check(name, settings, &cases);
}

fn settings(region: Option<&str>) -> Settings {
    match region {
        Some(region) => Settings::default().with_default_region(region.parse().expect("a region")),
        None => Settings::default(),
    }
}

#[test]
fn trimming_parts_words_with_one_space_and_keeps_joiners() {
    check(
        "trim",
        &settings(None),
        &[
            ("a\r\nb", "a b"),
            ("a\t\t\tb", "a b"),
            ("a\u{85}b", "a b"),
            ("a\0b", "ab"),
            ("\u{7}", ""),
            ("\u{feff}\u{200b} \u{7}x\u{7} \u{200b}\u{feff}", "x"),
            // Joiners shape Persian, Indic scripts and families of emoji.
            ("\u{3000}می\u{200c}خواهم\u{2029}", "می\u{200c}خواهم"),
            ("👨\u{200d}👩\u{200d}👧 ", "👨\u{200d}👩\u{200d}👧"),
            ("\u{200d}x\u{200c}", "\u{200d}x\u{200c}"),
            ("a\u{200b}b", "a\u{200b}b"),
            // The mark of direction stands for something in a text that runs from right to left.
            ("דוד\u{200f}!", "דוד\u{200f}!"),
            ("e\u{301} ", "e\u{301}"),
        ],
    );
}

#[test]
fn composing_keeps_what_has_no_composed_form() {
    check(
        "nfc",
        &settings(None),
        &[
            ("і\u{308}жак", "їжак"),
            ("А\u{301}нна", "А\u{301}нна"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("\u{212b}", "\u{c5}"),
            ("q\u{323}\u{307}", "q\u{323}\u{307}"),
            ("q\u{307}\u{323}", "q\u{323}\u{307}"),
            ("ﬁ", "ﬁ"),
            ("🇺🇦", "🇺🇦"),
        ],
    );
}

#[test]
fn every_kind_of_white_space_is_one_space() {
    check(
        "collapse-space",
        &settings(None),
        &[
            ("a\u{2009}\u{202f}b", "a b"),
            ("a\u{3000}b", "a b"),
            ("  a  ", " a "),
            ("a\u{200b}b", "a\u{200b}b"),
            ("\u{a0}", " "),
        ],
    );
}

#[test]
fn an_email_is_repaired_whole_or_not_at_all() {
    check(
        "email",
        &settings(None),
        &[
            ("Анна@Пошта.УКР", "Анна@xn--80a1acn3a.xn--j1amh"),
            ("a@xn--80a1acn3a.xn--j1amh", "a@xn--80a1acn3a.xn--j1amh"),
            ("דוד@מייל.קום", "דוד@xn--eebajf.xn--9dbq2a"),
            ("a@Bu\u{308}cher.de", "a@xn--bcher-kva.de"),
            ("a@faß.de", "a@xn--fa-hia.de"),
            ("a@example。com", "a@example.com"),
            ("a@exam\u{ad}ple.com", "a@example.com"),
            ("MAILTO: John.Smith+News@Example.com ", "John.Smith+News@example.com"),
            ("mailto:mailto:a@b.c", "a@b.c"),
            ("\u{feff}a@mail.exa_mple.com\u{200b}", "a@mail.exa_mple.com"),
            ("\"a@b\"@EXAMPLE.com", "\"a@b\"@example.com"),
        ],
    );
    left_alone(
        "email",
        &settings(None),
        &[
            "John <John@Example.com>",
            " <a@B.com>",
            "a@B.com, c@D.com",
            "mailto:a@B.com?subject=X",
            " nobody ",
            "@Example.com",
            "a@",
            "a@xn--a",
            "a@xn--zzzzzzzz",
            "a@b C",
            "a@\u{200d}B.c",
            // The end becomes white space only once the domain is mapped: what it was is not known.
            "a@b\u{ad}\u{3000}\u{ad}",
            "a@\u{ad}",
            "a@[IPv6:2001:DB8::1]",
            "😀",
        ],
    );
    let too_long = format!("a@{}", "Ж".repeat(2000));
    left_alone("email", &settings(None), &[&too_long]);
}

#[test]
fn only_ascii_letters_of_a_domain_get_small() {
    check(
        "lowercase-domain",
        &settings(None),
        &[("A@ПОШТА.UA", "A@ПОШТА.ua"), ("@A", "@a"), ("A@", "A@"), ("İ@İ", "İ@İ")],
    );
}

#[test]
fn a_number_with_a_plus_needs_no_region() {
    check(
        "phone",
        &settings(None),
        &[
            ("+380955547708", "380955547708"),
            ("(+380) 95\u{a0}554\u{2011}77\u{2013}08", "380955547708"),
            ("+380 (0)95 554.77.08", "380955547708"),
            ("TEL:+380-95-554-77-08", "380955547708"),
            ("\u{202a}+380 95 554 77 08\u{202c}", "380955547708"),
            ("\u{200f}+972 50\u{202f}765 4321", "972507654321"),
            (" 380955547708\t", "380955547708"),
            ("+39 02 1234567", "39021234567"),
            ("+54 11 15-1234-5678", "5491112345678"),
            ("+683 4002", "6834002"),
            ("+800 1234 5678", "80012345678"),
            // Digits alone are taken at their word, whoever may answer.
            ("1234567", "1234567"),
            ("999999999999999", "999999999999999"),
            // So are they behind a plus: in numbering plans or not, with it and without it they are one number.
            ("+430029826445829", "430029826445829"),
            ("tel:+447700900123", "447700900123"),
        ],
    );
    left_alone(
        "phone",
        &settings(None),
        &[
            "+49 30 123456/7",
            "+380955547708, +380671234567",
            "+380955547708\n+380671234567",
            "+380955547708 ext. 5",
            "+380955547708x5",
            "tel:+380955547708;ext=5",
            "+380955547708#5",
            "++380955547708",
            "+380+955547708",
            "+380955547708+",
            "00+380955547708",
            // Two zeros too many: nobody knows which digits are right.
            "+43 (0)0 29826445829",
            "+8 800 555 35 35",
            "+380 12",
            "380-95-554-77-08",
            "tel:0955547708",
            "tel:",
            "0800 500 500",
            "123456",
            "1234567890123456",
            "+١٢٣٤٥٦٧٨٩",
            "+３８０９５５５４７７０８",
            "+380 9S 554 77 08",
            "☎️",
        ],
    );
    let too_long = format!("+380955547708{}", " (".repeat(5000));
    left_alone("phone", &settings(None), &[&too_long]);
}

#[test]
fn a_national_number_needs_a_region() {
    for (region, text, digits) in [
        ("UA", "0955547708", "380955547708"),
        ("UA", "(095) 554-77-08", "380955547708"),
        ("UA", "00380955547708", "380955547708"),
        ("UA", "00 44 7911 123456", "447911123456"),
        ("UA", "+44 7911 123456", "447911123456"),
        ("UA", "380-95-554-77-08", "380955547708"),
        ("GB", "07911 123456", "447911123456"),
        ("US", "011 380 95 554 77 08", "380955547708"),
        ("US", "(415) 555-2671", "14155552671"),
        ("IT", "06 6982 1234", "390669821234"),
    ] {
        check("phone", &settings(Some(region)), &[(text, digits)]);
        if !text.starts_with('+') {
            left_alone("phone", &settings(None), &[text]);
        }
    }
    left_alone(
        "phone",
        &settings(Some("UA")),
        &["0", "00", "000000000", "0045793445788", "8 095 554 77 08", "095 554 77", "911"],
    );
}

#[test]
fn a_region_that_is_almost_right_is_told_in_the_right_form() {
    for (text, meant) in [("ua", "UA"), (" UA", "UA"), ("Gb", "GB"), ("UK", "GB"), ("uk", "GB")] {
        let error = text.parse::<Region>().expect_err("no region");
        assert_eq!(error, RegionError::Misspelt { text: text.to_owned(), meant: meant.to_owned() });
        assert!(error.to_string().ends_with(&format!("write {meant}")), "{error}");
        assert!(meant.parse::<Region>().is_ok());
    }
    for text in ["", "XX", "EU", "001", "UKR", "Ukraine", "+380", "🇺🇦"] {
        let error = text.parse::<Region>().expect_err("no region");
        assert_eq!(error, RegionError::Unknown { text: text.to_owned() });
    }
}

#[test]
fn an_apostrophe_of_any_kind_is_one_inside_a_word() {
    for apostrophe in "`´ʹʻʼʽˈˊˋ՚\u{5f3}‘’‛′‵\u{a78b}\u{a78c}＇｀".chars() {
        let name = format!("Мар{apostrophe}яна");
        check("person-name", &settings(None), &[(&name, "Мар'яна")]);
        let alone = [format!("{apostrophe}яна"), format!("Мар{apostrophe}"), format!("Мар {apostrophe} яна")];
        left_alone("person-name", &settings(None), &alone.each_ref().map(String::as_str));
    }
    for hyphen in "‐‑‒–−﹣－".chars() {
        check("person-name", &settings(None), &[(&format!("Анна{hyphen}Марія"), "Анна-Марія")]);
        let alone = [format!("{hyphen}Анна"), format!("Анна {hyphen} Марія"), format!("Анна{hyphen}2")];
        left_alone("person-name", &settings(None), &alone.each_ref().map(String::as_str));
    }
}

#[test]
fn a_name_loses_nothing() {
    check(
        "person-name",
        &settings(None),
        &[
            // An accent stands between the letter and the sign.
            ("О\u{301}’Коннор", "О\u{301}'Коннор"),
            ("Q\u{323}\u{307}’x", "Q\u{323}\u{307}'x"),
            ("ז\u{5f3}ורז\u{5f3}", "ז'ורז\u{5f3}"),
            ("D’Artagnan–d’Or", "D'Artagnan-d'Or"),
        ],
    );
    left_alone(
        "person-name",
        &settings(None),
        &["\u{301}’я", "а’’я", "а’–я", "’’’", "Jean—Pierre", "ʾAḥmad", "Мар*яна", "👩‍🚀", "O'Connor", "Ａ", ""],
    );
}

#[test]
fn systems_go_by_the_two_names_of_the_api() {
    for text in ["ANDROID", "android", "GCM", "FCM", "fcm", "Android"] {
        check("os", &settings(None), &[(text, "Android")]);
    }
    for text in ["ios", "IOS", "iOS", "APNS", "APNS_SANDBOX", "APNS_VOIP", "iPhone OS", "iPadOS"] {
        check("os", &settings(None), &[(text, "iOS")]);
    }
    left_alone("os", &settings(None), &["", "Web", "Android 14", " ios", "АNDROID", "macOS"]);
}

#[test]
fn only_the_region_of_a_locale_is_a_region() {
    check(
        "locale",
        &settings(None),
        &[
            ("EN_uk", "en-GB"),
            ("zh_hant_uk", "zh-Hant-GB"),
            ("en_uk_posix", "en-GB-posix"),
            ("ua-Cyrl-UA", "uk-Cyrl-UA"),
            ("UA", "uk-UA"),
            ("UK", "uk"),
            ("EN-us-U-CA-gregory", "en-US-u-ca-gregory"),
            ("ES_419", "es-419"),
        ],
    );
    left_alone(
        "locale",
        &settings(None),
        &[
            // Here `uk` is Ukrainian, or somebody's own word.
            "en-t-uk",
            "en-x-uk",
            // The language once more, or the United Kingdom?
            "uk_UK",
            "ua_UK",
            "English",
            "POSIX",
            "C",
            "en_US.UTF-8",
            "en_US@euro",
            "zh_CN_#Hans",
            "qq_UA",
            "en-",
            "-en",
            "en--US",
            "",
            "-",
            "_",
            "українська",
            "i-klingon",
            "x-foo",
            "de-DE-1996",
            "sl-rozaj-biske-1994",
        ],
    );
}

#[test]
fn a_language_has_two_letters_or_stays() {
    check(
        "language",
        &settings(None),
        &[
            ("UKR", "uk"),
            ("deu_AT", "de-AT"),
            ("ua_UA", "uk-UA"),
            ("UK", "uk"),
            ("PT_br", "pt-BR"),
            ("ua-x-Ua", "uk-x-ua"),
        ],
    );
    left_alone(
        "language",
        &settings(None),
        &[
            "xx_yy",
            "qqq",
            "und",
            "mul",
            "haw",
            "ukrainian",
            "uk_UK",
            "u",
            "уа",
            "EN ",
            "i-klingon",
            "x-en",
            "en_",
        ],
    );
}

#[test]
fn every_zone_keeps_or_gets_a_name_that_is_a_zone() {
    check(
        "time-zone",
        &settings(None),
        &[
            ("EUROPE/KYIV", "Europe/Kyiv"),
            ("Europe/Uzhgorod", "Europe/Kyiv"),
            ("america/buenos_aires", "America/Argentina/Buenos_Aires"),
            ("utc", "UTC"),
            ("Zulu", "UTC"),
            ("Etc/UCT", "UTC"),
            ("GMT", "GMT"),
            ("Etc/GMT", "GMT"),
            ("Greenwich", "GMT"),
            ("Etc/GMT-3", "Etc/GMT-3"),
            ("GB", "Europe/London"),
            ("Atlantic/Reykjavik", "Atlantic/Reykjavik"),
        ],
    );
    left_alone(
        "time-zone",
        &settings(None),
        &[
            "Etc/Unknown",
            "etc/unknown",
            "Z",
            "+02:00",
            "GMT+2",
            "PST",
            "EEST",
            "Europe",
            "Europe/",
            "Europe/Kyiv ",
            "Europe/Kyiv\0",
            "Київ",
            "Europe/Київ",
            "Kyiv",
            "Factory",
        ],
    );
}

#[test]
fn a_date_has_every_digit_and_a_day_of_the_calendar() {
    check(
        "date",
        &settings(None),
        &[("29.02.2024", "2024-02-29"), ("01/02/1000", "1000-02-01"), ("31/12/9999", "9999-12-31")],
    );
    left_alone(
        "date",
        &settings(None),
        &[
            "29.02.2023",
            "29/02/1900",
            "2023-02-29",
            "1/2/2024",
            "01/02/24",
            "01.02/2024",
            "12/31/2024",
            " 1/02/2024",
            "+1/02/2024",
            "01/02/0024",
            "1/2/-20244",
            "01-02-2024",
            "2024.02.01",
            "01.02.2024 00:00",
            "٠١.٠٢.٢٠٢٤",
            "",
        ],
    );
    check(
        "date-time",
        &settings(None),
        &[
            ("2024-02-29 23:59", "2024-02-29T23:59"),
            ("2024-02-29 23:59:00", "2024-02-29T23:59"),
            ("2024-02-29T00:00:00", "2024-02-29T00:00"),
        ],
    );
    left_alone(
        "date-time",
        &settings(None),
        &[
            "2023-02-29 10:00",
            "2024-01-02 24:00",
            "2024-01-02 03:60",
            "2016-12-31 23:59:60",
            "2024-01-02T03:04:01",
            "2024-01-02T03:04:00Z",
            "2024-01-02 03:04+02:00",
            "2024-01-02T03:04:00.000",
            "2024-01-02  3:04",
            "2024-01-02t03:04:00",
            "2024-01-02",
            "02.01.2024 03:04",
            "",
        ],
    );
}

#[test]
fn an_id_is_a_uuid_in_one_of_its_written_forms() {
    let id = "83b77a49-fc28-409b-aeaa-68c9d544ab9d";
    for text in [
        "83B77A49FC28409BAEAA68C9D544AB9D",
        "{83B77A49-FC28-409B-AEAA-68C9D544AB9D}",
        "urn:uuid:83B77A49-fc28-409b-aeaa-68c9d544ab9d",
    ] {
        check("uuid", &settings(None), &[(text, id)]);
    }
    left_alone(
        "uuid",
        &settings(None),
        &[
            "{83b77a49-fc28-409b-aeaa-68c9d544ab9d",
            "(83b77a49-fc28-409b-aeaa-68c9d544ab9d)",
            "83b77a49-fc28-409b-aeaa68c9d544ab9d",
            "83b77a49-fc28-409b-aeaa-68c9d544ab9g",
            " 83b77a49-fc28-409b-aeaa-68c9d544ab9d",
            "com.example.app",
            "",
            "😀",
        ],
    );
}

#[test]
fn white_space_of_any_kind_is_empty_and_an_invisible_sign_is_not() {
    let empty = |text| Normaliser::EmptyToAbsent.on_text(text, &Settings::default());
    for text in ["", " ", "\u{3000}\u{2029}\r\n"] {
        assert_eq!(empty(text), Change::Absent, "{text:?}");
    }
    for text in ["0", "null", "\u{200b}", "\u{301}", "-"] {
        assert_eq!(empty(text), Change::Unchanged, "{text:?}");
    }
}

#[test]
fn a_number_keeps_every_digit_and_only_its_own_normalisers_touch_it() {
    let numbers =
        ["0", "-1", "18446744073709551616", "-9223372036854775809", "1.50", "-0", "-0.0", "1E400", "1e-7"];
    let plain = ["0", "-1", "18446744073709551616", "-9223372036854775809"];
    for normaliser in Normaliser::ALL {
        for digits in numbers {
            let expected = match normaliser {
                Normaliser::ScalarText => Change::To(digits.into()),
                Normaliser::IntegerText if plain.contains(&digits) => Change::To(digits.into()),
                _ => Change::Unchanged,
            };
            assert_eq!(normaliser.on_number(digits), expected, "{} of {digits}", normaliser.name());
        }
        for (truth, text) in [(true, "true"), (false, "false")] {
            let expected = if *normaliser == Normaliser::ScalarText {
                Change::To(text.into())
            } else {
                Change::Unchanged
            };
            assert_eq!(normaliser.on_boolean(truth), expected, "{} of {truth}", normaliser.name());
        }
        let expected =
            if *normaliser == Normaliser::EmptyToAbsent { Change::Absent } else { Change::Unchanged };
        assert_eq!(normaliser.on_null(), expected, "{} of null", normaliser.name());
    }
    left_alone("integer-text", &settings(None), &["7", "-0", "1.0", ""]);
    left_alone("scalar-text", &settings(None), &["7", "true", ""]);
}

#[test]
fn formats_know_links_letters_and_languages() {
    for (text, is_zone) in [
        ("Etc/GMT", true),
        ("GB", true),
        ("utc", false),
        ("Etc/Unknown", false),
        ("+02:00", false),
        ("Київ", false),
    ] {
        assert_eq!(is_time_zone(text), is_zone, "{text}");
    }
    for (text, is_tag) in [
        ("EN-gb", true),
        ("uk-Cyrl-UA-x-any", true),
        ("ua", false),
        ("haw", false),
        ("i-klingon", false),
        ("x-en", false),
        ("en-a", false),
        ("en-US ", false),
        ("англ", false),
    ] {
        assert_eq!(is_language_tag(text), is_tag, "{text}");
    }
}
