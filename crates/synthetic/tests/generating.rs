//! What the generator promises of its lines, judged by serde_json and by the rules of the product.

use std::collections::{HashMap, HashSet};

use contact::{RuleOptions, Rules, Scratch, Verdict};
use ndjson::Parser;
use serde_json::Value;
use synthetic::{Action, Config, Expected, Export, Fault, FieldSets, Format, Generator};

fn lines(config: Config) -> Vec<(Expected, Vec<u8>)> {
    let mut generator = Generator::new(config);
    let mut line = Vec::new();
    std::iter::from_fn(|| generator.next_line(&mut line).map(|expected| (expected, line.clone()))).collect()
}

/// The same as an export, which draws persons and devices apart.
fn exported(config: Config) -> Vec<(Expected, Vec<u8>)> {
    let mut export = Export::new(config, Format::Contact);
    std::iter::from_fn(|| {
        let mut line = Vec::new();
        let expected = export.next_rows(&mut line)?;
        assert_eq!(line.pop(), Some(b'\n'));
        Some((expected, line))
    })
    .collect()
}

const MANY: Config = Config {
    seed: 7,
    contacts: 4000,
    faults_per_mille: 300,
    duplicates_per_mille: 100,
    repeats_per_mille: 0,
    moved_tokens_per_mille: 0,
    field_sets: FieldSets::Mixed,
};

/// A row for each device, among all else that there is.
const MANY_BY_DEVICE: Config = Config { repeats_per_mille: 300, moved_tokens_per_mille: 20, ..MANY };

/// The lines of these faults are JSON to serde_json, although to the product they are none.
const ACCEPTED_BY_SERDE_JSON: &[Fault] = &[Fault::DuplicateKey];

fn is_syntax_fault(fault: Fault) -> bool {
    let place = |wanted| Fault::ALL.iter().position(|&one| one == wanted);
    place(fault) <= place(Fault::Syntax)
}

#[test]
fn the_same_configuration_makes_the_same_lines() {
    for config in [MANY, MANY_BY_DEVICE] {
        assert_eq!(lines(config), lines(config));
    }
}

#[test]
fn another_seed_makes_other_keys() {
    for config in [Config::default(), Config { repeats_per_mille: 700, ..Config::default() }] {
        let first = |seed| lines(Config { seed, ..config }).remove(0).1;
        assert_ne!(first(1)[..60], first(2)[..60]);
    }
}

#[test]
fn there_are_as_many_lines_as_asked_for() {
    for contacts in [0, 1, 17] {
        assert_eq!(lines(Config { contacts, ..MANY }).len() as u64, contacts);
    }
}

#[test]
fn every_fault_comes_and_none_much_more_often_than_another() {
    let mut counts = HashMap::new();
    for (expected, _) in lines(MANY) {
        if let Expected::Fault(fault) = expected {
            *counts.entry(fault).or_insert(0_u32) += 1;
        }
    }
    let count = |fault| counts.get(fault).copied().unwrap_or(0);
    let fewest = Fault::ALL.iter().map(count).min().unwrap();
    let most = Fault::ALL.iter().map(count).max().unwrap();
    assert!(fewest > 0 && most - fewest <= 1, "{fewest} to {most}");
}

#[test]
fn shares_are_near_those_asked_for() {
    let lines = lines(MANY);
    let duplicates = lines.iter().filter(|(expected, _)| *expected == Expected::Duplicate).count();
    let clean = lines.iter().filter(|(expected, _)| *expected == Expected::Clean).count();
    assert!((300..500).contains(&duplicates), "{duplicates} duplicates");
    assert!((2200..2600).contains(&clean), "{clean} clean");
}

#[test]
fn serde_json_refuses_broken_syntax_and_nothing_else() {
    for (expected, line) in lines(MANY) {
        let broken = matches!(expected, Expected::Fault(fault)
            if is_syntax_fault(fault) && !ACCEPTED_BY_SERDE_JSON.contains(&fault));
        let text = String::from_utf8_lossy(&line);
        assert_eq!(serde_json::from_slice::<Value>(&line).is_err(), broken, "{expected:?}: {text}");
    }
}

#[test]
fn clean_lines_are_compact() {
    for (_, line) in lines(Config::default()) {
        let text = std::str::from_utf8(&line).unwrap();
        let again = serde_json::from_str::<Value>(text).unwrap().to_string();
        // The escapes of characters are the only thing that serde_json writes in another way.
        assert!(again == text || text.contains("\\u"), "{text}");
    }
}

#[test]
fn lines_are_about_as_long_as_those_of_real_exports() {
    for field_sets in [FieldSets::One, FieldSets::Mixed] {
        let lines = lines(Config { field_sets, ..Config::default() });
        let mean = lines.iter().map(|(_, line)| line.len()).sum::<usize>() / lines.len();
        assert!((500..580).contains(&mean), "{field_sets:?}: {mean} bytes");
    }
}

#[test]
fn only_duplicates_and_further_rows_repeat_a_key_and_it_is_one_of_a_clean_line() {
    let mut clean = HashSet::new();
    let mut faulty = HashSet::new();
    for (expected, line) in lines(MANY).into_iter().chain(lines(Config { seed: 8, ..MANY_BY_DEVICE })) {
        let Ok(record) = serde_json::from_slice::<Value>(&line) else { continue };
        let Some(key) = record["externalCustomerId"].as_str().map(str::to_owned) else { continue };
        match expected {
            Expected::Duplicate | Expected::Repeated => assert!(clean.contains(&key), "{key}"),
            Expected::Clean => assert!(!faulty.contains(&key) && clean.insert(key.clone()), "{key}"),
            Expected::Fault(_) => assert!(!clean.contains(&key) && faulty.insert(key.clone()), "{key}"),
        }
    }
}

#[test]
fn keys_are_uuids_and_decimal_numbers() {
    let lines = lines(Config::default());
    let total = lines.len();
    let is_decimal = |line: &[u8]| {
        let record: Value = serde_json::from_slice(line).unwrap();
        let key = record["externalCustomerId"].as_str().unwrap().to_owned();
        let is_decimal = key.bytes().all(|byte| byte.is_ascii_digit());
        assert!(is_decimal || key.len() == 36, "{key}");
        is_decimal
    };
    let decimal = lines.iter().filter(|(_, line)| is_decimal(line)).count();
    assert!((total / 6..total / 3).contains(&decimal), "{decimal} of {total}");
}

#[test]
fn names_are_written_in_many_alphabets() {
    let all: String = lines(Config::default())
        .iter()
        .map(|(_, line)| serde_json::from_slice::<Value>(line).unwrap()["firstName"].to_string())
        .collect();
    for (alphabet, first, last) in [
        ("Latin with diacritics", 'À', 'ɏ'),
        ("Greek", 'Ͱ', 'Ͽ'),
        ("Cyrillic", 'Ѐ', 'ӿ'),
        ("Arabic", '\u{600}', '\u{6FF}'),
        ("Hiragana", 'ぁ', 'ゖ'),
        ("Han", '一', '鿿'),
    ] {
        assert!(all.chars().any(|character| (first..=last).contains(&character)), "{alphabet}");
    }
}

#[test]
fn contacts_of_one_field_set_have_the_same_members() {
    let members = |field_sets| {
        let lines = lines(Config { field_sets, ..Config::default() });
        let shapes = lines.iter().map(|(_, line)| {
            let record: Value = serde_json::from_slice(line).unwrap();
            let names = record.as_object().unwrap().keys().cloned();
            let types = record["channels"].as_array().unwrap().iter().map(|one| one["type"].to_string());
            let ids = record["fields"].as_array().unwrap().iter().map(|one| one["id"].to_string());
            names.chain(types).chain(ids).collect::<Vec<_>>()
        });
        shapes.collect::<HashSet<_>>().len()
    };
    assert_eq!(members(FieldSets::One), 1);
    assert!(members(FieldSets::Mixed) > 4);
}

#[test]
fn the_rules_of_the_product_find_in_each_line_what_is_expected() {
    let rules = Rules::new(RuleOptions::default(), None).unwrap();
    let mut parser = Parser::new();
    let all = lines(MANY).into_iter().chain(lines(MANY_BY_DEVICE)).chain(exported(MANY_BY_DEVICE));
    for (expected, line) in all {
        let mut scratch = Scratch::default();
        let found = match parser.parse(&line, |tape| match rules.judge(tape, &mut scratch) {
            Verdict::Accepted { pruned, .. } => (Action::Pruned, pruned),
            Verdict::Rejected { violations, .. } => (Action::Rejected, violations),
        }) {
            Ok((action, violations)) => {
                (action, violations.iter().map(|violation| violation.code.to_string()).collect::<Vec<_>>())
            }
            Err(error) => (Action::Rejected, vec![error.kind.code().to_owned()]),
        };
        let wanted = match expected {
            Expected::Clean | Expected::Repeated | Expected::Duplicate => (Action::Pruned, Vec::new()),
            // What is no id is no key, either.
            Expected::Fault(Fault::BadExternalId) => {
                (Action::Rejected, vec!["bad-external-id".to_owned(), "missing-key".to_owned()])
            }
            Expected::Fault(fault) => (fault.action(), vec![fault.code().to_owned()]),
        };
        let text = String::from_utf8_lossy(&line);
        assert_eq!(found, wanted, "{expected:?}: {text}");
        let repairs: Vec<_> = scratch.repairs.iter().filter(|&(_, count)| count > 0).collect();
        assert!(repairs.is_empty(), "{repairs:?} in {text}");
    }
}
