//! Languages against the patterns that they are made of.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use regex::Regex;
use serde_json::Value;

use super::Language;
use crate::CONTACT_SCHEMA;

fn language(patterns: &[&str]) -> Language {
    Language::intersection(patterns.iter().copied()).unwrap_or_else(|| panic!("no language of {patterns:?}"))
}

/// What the contact's schema asks of texts, as patterns of the crate `regex`.
fn patterns_in(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(pattern) if name == "pattern" => {
                    vec![jsonschema_regex::to_rust_regex(pattern).unwrap().into_owned()]
                }
                other => patterns_in(other),
            })
            .collect(),
        Value::Array(elements) => elements.iter().flat_map(patterns_in).collect(),
        _ => Vec::new(),
    }
}

/// The seven patterns of a first name.
fn first_name_patterns() -> Vec<String> {
    let schema: Value = serde_json::from_str(CONTACT_SCHEMA).unwrap();
    let mut patterns = patterns_in(&schema["$defs"]["personName"]);
    patterns.extend(patterns_in(&schema["properties"]["firstName"]));
    patterns
}

/// Characters that patterns tell apart, and some on either side of a border.
fn character() -> impl Strategy<Value = char> {
    const TELLING: &[char] = &[
        'a', 'b', 'k', 'K', '\u{212A}', 's', '\u{17F}', 'ж', 'Ж', '1', '\u{663}', ' ', '\t', '\n', '\r',
        '\u{85}', '\u{A0}', '\u{2028}', '-', '\'', '.', '@', 'é', '\u{301}', '中', '\0', '\u{7F}', '\u{7FF}',
        '\u{800}', '\u{D7FF}', '\u{E000}', '\u{FEFF}', '\u{FFFF}',
    ];
    prop_oneof![9 => select(TELLING), 1 => prop::char::range('\0', '\u{FFFF}')]
}

fn text() -> impl Strategy<Value = String> {
    vec(character(), 0..9).prop_map(String::from_iter)
}

fn pattern() -> impl Strategy<Value = String> {
    const ATOMS: &[&str] = &[
        "a",
        "b",
        "k",
        "ab",
        "ж",
        "aж中",
        r"\n",
        " ",
        r"\p{L}",
        r"\P{L}",
        r"\p{Lu}",
        r"\p{Cyrillic}",
        r"\s",
        r"\S",
        r"\d",
        r"\D",
        r"\w",
        r"\W",
        "[a-k]",
        "[^a ]",
        r"[^\s\p{L}]",
        r"[\p{L}&&[^a-z]]",
        "[ж-я'-]",
        ".",
        "(?s:.)",
        "(?i:k)",
        "(?i:s)",
        "(?i:ж)",
        r"(?-u:\w)",
        r"\x{10FFFF}",
        r"[\x{FFFF}-\x{1F600}]",
        "^",
        "$",
        r"\A",
        r"\z",
        "",
        r"[^\x{0}-\x{10FFFF}]",
        "(?i)a",
        r"(?x) b # comment
        ",
        "(?R:.)",
        "(?U)a*",
    ];
    select(ATOMS).prop_map(str::to_owned).prop_recursive(4, 24, 4, |part| {
        let repetition =
            select(vec!["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,3}", "{2,}", "{0}"]);
        prop_oneof![
            3 => vec(part.clone(), 2..5).prop_map(|parts| parts.concat()),
            2 => vec(part.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            2 => (part.clone(), repetition).prop_map(|(part, repetition)| format!("(?:{part}){repetition}")),
            1 => part.clone().prop_map(|part| format!("({part})")),
            1 => part.prop_map(|part| format!("^(?:{part})$")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_text_is_accepted_exactly_if_every_pattern_matches(
        patterns in vec(pattern(), 0..4),
        texts in vec(text(), 16),
    ) {
        let Some(language) = Language::intersection(patterns.iter().map(String::as_str)) else {
            return Err(TestCaseError::reject("too large"));
        };
        let regexes: Vec<Regex> = patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect();
        for text in &texts {
            let matches = regexes.iter().all(|regex| regex.is_match(text));
            prop_assert_eq!(language.accepts(text), matches, "{:?} in {:?}", text, &patterns);
            if text.is_ascii() {
                prop_assert_eq!(language.accepts_ascii(text.as_bytes()), matches);
            }
        }
    }

    #[test]
    fn what_takes_all_texts_of_a_kind_refuses_none_of_them(
        patterns in vec(pattern(), 0..3),
        texts in vec("[!-~]([ -~]{0,6}[!-~])?", 32),
    ) {
        let Some(language) = Language::intersection(patterns.iter().map(String::as_str)) else {
            return Err(TestCaseError::reject("too large"));
        };
        prop_assert!(language.takes_all_graphic() || !language.takes_all_printable());
        for text in texts {
            let is_graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
            if language.takes_all_printable() || (is_graphic && language.takes_all_graphic()) {
                prop_assert!(language.accepts(&text), "{text:?} in {patterns:?}");
            }
        }
    }

    #[test]
    fn names_are_accepted_exactly_if_the_patterns_of_the_contacts_schema_match(
        pieces in vec(
            prop_oneof![
                4 => select(&[
                    "John", "Мар", "яна", "Anna", "李小龙", "de", "la", "ten", "J", "ÿ", "أحمد", "Müller", "Ολγα", "e\u{301}",
                ][..]).prop_map(str::to_owned),
                4 => select(&[" ", "-", "'", "’", ". ", ".", "\u{2010}", " ", "1", "\u{663}", "", ""][..])
                    .prop_map(str::to_owned),
                1 => character().prop_map(String::from),
            ],
            0..14,
        ),
    ) {
        thread_local! {
            static PATTERNS: Vec<(Language, Vec<Regex>)> = {
                let regexes = |patterns: &[String]| patterns.iter().map(|one| Regex::new(one).unwrap()).collect();
                let all = patterns_in(&serde_json::from_str(CONTACT_SCHEMA).unwrap());
                assert!(all.len() >= 10);
                all.into_iter()
                    .map(|one| vec![one])
                    .chain([first_name_patterns()])
                    .map(|some| (Language::intersection(some.iter().map(String::as_str)).unwrap(), regexes(&some)))
                    .collect()
            };
        }
        let name = pieces.concat();
        PATTERNS.with(|patterns| {
            for (language, regexes) in patterns {
                let matches = regexes.iter().all(|regex| regex.is_match(&name));
                prop_assert_eq!(language.accepts(&name), matches, "{:?} in {:?}", name, regexes);
            }
            Ok(())
        })?;
    }
}

#[test]
fn names_of_many_alphabets_are_in_the_language_of_first_names() {
    let patterns = first_name_patterns();
    assert_eq!(patterns.len(), 7);
    let language = language(&patterns.iter().map(String::as_str).collect::<Vec<_>>());
    for name in [
        "John",
        "Мар'яна",
        "Jean-Pierre",
        "Anna Maria",
        "李小龙",
        "Олександр",
        "Ελένη",
        "محمد",
        "O’Connor",
        "J. R. R.",
        "नेहा",
    ] {
        assert!(language.accepts(name), "{name}");
    }
    for name in ["", " John", "J.R.R.", "12", "John  Smith", "-", "a b c d", "Anna\u{200B}", "John😀"] {
        assert!(!language.accepts(name), "{name}");
    }
    assert!(!language.takes_all_graphic() && !language.takes_all_printable());
}

#[test]
fn every_character_of_the_plane_is_classed_as_the_patterns_class_it() {
    for pattern in [r"^\p{L}$", r"^\s$", r"^[^\s\p{Cc}]$", r"^(?i:[k-s])$", r"^[\p{Nd}\x{FFFF}]$"] {
        let (language, regex) = (language(&[pattern]), Regex::new(pattern).unwrap());
        for character in '\0'..='\u{FFFF}' {
            let text = character.to_string();
            assert_eq!(language.accepts(&text), regex.is_match(&text), "{character:?} in {pattern}");
        }
    }
}

#[test]
fn characters_beyond_the_plane_are_never_accepted() {
    for patterns in [&[][..], &["^.*$"], &["😀"], &[r"[^a]"]] {
        let language = language(patterns);
        assert!(!language.accepts("😀"));
        assert!(!language.accepts("b😀b"));
    }
}

#[test]
fn what_all_ascii_texts_are_is_known_beforehand() {
    for (patterns, graphic, printable) in [
        (&[][..], true, true),
        (&[""], true, true),
        (&[r"\S"], true, true),
        (&[r"^(?:\S(?:[\s\S]*\S)?)?$"], true, true),
        (&["^[ -~]*$"], true, true),
        (&["^[ -~]+$", r"\S", r"^\S"], true, true),
        (&["^[!-~]+$"], true, false),
        (&[r"^(?: ?\S)* ?$"], true, false),
        (&["^[^<>]*$"], false, false),
        (&["^.{0,5}$"], false, false),
        (&["^.{2,}$"], false, false),
        (&["a"], false, false),
        (&[r"^\S*$", "[^<>]"], false, false),
        (&["[^ -~]"], false, false),
    ] {
        let language = language(patterns);
        assert_eq!(language.takes_all_graphic(), graphic, "{patterns:?}");
        assert_eq!(language.takes_all_printable(), printable, "{patterns:?}");
    }
}

#[test]
fn what_an_automaton_of_characters_cannot_tell_has_no_language() {
    for pattern in [
        r"\bfoo",
        r"\B",
        "(?m)^a",
        "(?m)a$",
        r"\b{start}a",
        "(",
        r"(?-u:\xFF)",
        "(?=a)b",
        "(?:[a-z]{0,1000}){0,1000}",
        "a.{14}$",
        "^a{0,100000}$",
        "^[a-z]{0,17000}$",
    ] {
        assert!(Language::intersection([pattern]).is_none(), "{pattern}");
        assert!(Language::intersection(["a", pattern]).is_none(), "{pattern}");
    }
    let many: String = (0..300).filter_map(|step| char::from_u32(0x4E00 + 2 * step)).collect();
    assert!(Language::intersection([many.as_str()]).is_none());
    let alike = format!("[{many}]");
    assert!(Language::intersection([alike.as_str()]).is_some());
}
