//! What the generator promises of an export with a row for each device.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use synthetic::{Config, Expected, FieldSets, Generator};

const DEVICES: Config = Config {
    seed: 7,
    contacts: 20_000,
    faults_per_mille: 0,
    duplicates_per_mille: 0,
    repeats_per_mille: 700,
    moved_tokens_per_mille: 2,
    field_sets: FieldSets::One,
};

/// A line as far as it is looked at.
struct Row {
    expected: Expected,
    key: String,
    token: String,
    /// What it says of its person: a place, and the value there.
    person: HashMap<String, String>,
}

fn rows(config: Config) -> Vec<Row> {
    let mut generator = Generator::new(config);
    let mut line = Vec::new();
    let mut rows = Vec::new();
    while let Some(expected) = generator.next_line(&mut line) {
        let record: Value = serde_json::from_slice(&line).expect("JSON");
        let mut person = HashMap::new();
        for (name, value) in record.as_object().expect("an object") {
            match name.as_str() {
                "externalCustomerId" => {}
                "channels" => {
                    for channel in &value.as_array().expect("an array")[1..] {
                        person.insert(channel["type"].to_string(), channel["value"].to_string());
                    }
                }
                "fields" => {
                    for field in value.as_array().expect("an array") {
                        person.insert(field["id"].to_string(), field["value"].to_string());
                    }
                }
                _ => drop(person.insert(name.clone(), value.to_string())),
            }
        }
        rows.push(Row {
            expected,
            key: record["externalCustomerId"].to_string(),
            token: record["channels"][0]["value"].to_string(),
            person,
        });
    }
    let keys: HashSet<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(generator.keys(), keys.len() as u64);
    rows
}

fn is_about(found: usize, wanted: usize) -> bool {
    // Five standard deviations, roughly.
    found.abs_diff(wanted) <= 5 * wanted.isqrt()
}

#[test]
fn as_many_rows_repeat_a_key_as_asked_for() {
    for repeats_per_mille in [0, 100, 700] {
        let rows = rows(Config { repeats_per_mille, ..DEVICES });
        let repeated = rows.iter().filter(|row| row.expected == Expected::Repeated).count();
        let keys: HashSet<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        assert!(is_about(repeated, 20 * repeats_per_mille as usize), "{repeated} of {repeats_per_mille} ‰");
        assert_eq!(keys.len() + repeated, rows.len());
    }
}

#[test]
fn each_earlier_key_is_as_likely_to_come_again_as_any_other() {
    const PARTS: usize = 10;
    let mut numbers = HashMap::new();
    let mut counts = [0; PARTS];
    for row in rows(DEVICES) {
        let keys = numbers.len();
        if row.expected == Expected::Clean {
            numbers.insert(row.key, keys);
        } else {
            counts[numbers[&row.key] * PARTS / keys] += 1;
        }
    }
    let mean = counts.iter().sum::<usize>() / PARTS;
    assert!(counts.iter().all(|&count| is_about(count, mean)), "{counts:?}");
}

#[test]
fn rows_of_one_key_are_of_one_person() {
    for field_sets in [FieldSets::One, FieldSets::Mixed] {
        let mut first = HashMap::new();
        let (mut repeated, mut lacking, mut differing) = (0, 0, 0);
        for row in rows(Config { field_sets, ..DEVICES }) {
            if row.expected == Expected::Clean {
                first.insert(row.key, row.person);
                continue;
            }
            let known = &first[&row.key];
            repeated += 1;
            lacking += usize::from(row.person.len() < known.len());
            differing += usize::from(row.person.iter().any(|(place, value)| known[place] != *value));
        }
        let among = |count: usize, least: usize, most: usize| {
            assert!(
                (least..most).contains(&(count * 100 / repeated)),
                "{count} of {repeated}, {field_sets:?}"
            );
        };
        among(lacking, 10, 50);
        among(differing, 1, 6);
    }
}

#[test]
fn each_row_has_a_device_of_its_own_but_for_those_that_moved() {
    for (repeats_per_mille, moved_tokens_per_mille) in [(700, 0), (700, 2), (0, 50), (500, 300)] {
        let mut tokens: HashMap<String, String> = HashMap::new();
        let mut moved = 0;
        for row in rows(Config { repeats_per_mille, moved_tokens_per_mille, ..DEVICES }) {
            if let Some(other) = tokens.get(&row.token) {
                // A further row of the key that it moved to may not have it, either.
                assert_ne!(*other, row.key, "{}", row.token);
                moved += 1;
            }
            tokens.entry(row.token).or_insert(row.key);
        }
        let wanted = 20 * moved_tokens_per_mille as usize;
        assert!(is_about(moved, wanted), "{moved} of {moved_tokens_per_mille} ‰");
    }
}
