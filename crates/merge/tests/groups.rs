//! Groups of random rows, against a simple way to make them.

use std::collections::{BTreeMap, BTreeSet};

use merge::{Claim, Key, Linking, MergeError, Merger, Options, Row};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct AnyRow {
    keys: Vec<u8>,
    claims: Vec<(u8, bool)>,
    rank: i64,
    length: usize,
}

fn rows(keys_of_each: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<AnyRow>> {
    let row = (
        prop::collection::vec(0_u8..60, keys_of_each),
        prop::collection::vec((0_u8..40, any::<bool>()), 0..3),
        prop_oneof![4 => Just(0), 1 => -2_i64..3, 1 => prop_oneof![Just(i64::MIN), Just(i64::MAX)]],
        0_usize..80,
    );
    let row = row.prop_map(|(keys, claims, rank, length)| AnyRow { keys, claims, rank, length });
    prop::collection::vec(row, 0..120)
}

/// What stands in a row: its number, and something as long as it wants to be.
fn content(nth: usize, row: &AnyRow) -> Vec<u8> {
    let mut content = (nth as u32).to_le_bytes().to_vec();
    content.resize(4 + row.length, nth as u8);
    content
}

#[derive(Debug, PartialEq, Eq)]
struct Group {
    rows: Vec<usize>,
    /// Each lost claim with the row that wins it.
    lost: BTreeSet<(u8, usize)>,
}

/// Groups by going from row to row as long as there is something to go to.
fn expected(rows: &[AnyRow]) -> Vec<Group> {
    let mut group_of = vec![usize::MAX; rows.len()];
    for start in 0..rows.len() {
        if group_of[start] != usize::MAX {
            continue;
        }
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            if group_of[at] != usize::MAX {
                continue;
            }
            group_of[at] = start;
            let is_linked = |other: &usize| rows[*other].keys.iter().any(|key| rows[at].keys.contains(key));
            open.extend((0..rows.len()).filter(is_linked));
        }
    }
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    for (row, first) in group_of.iter().enumerate() {
        groups.entry(*first).or_insert(Group { rows: vec![], lost: BTreeSet::new() }).rows.push(row);
    }
    for group in groups.values_mut() {
        group.rows.sort_by_key(|row| (rows[*row].rank, *row));
    }
    for claim in 0..40 {
        let strength = |row: &usize| {
            let is_strong = rows[*row].claims.contains(&(claim, true));
            (is_strong, rows[*row].rank, *row)
        };
        let makes = |row: &usize| rows[*row].claims.iter().any(|(known, _)| *known == claim);
        let Some(winner) = (0..rows.len()).filter(makes).max_by_key(strength) else { continue };
        for row in (0..rows.len()).filter(makes) {
            if group_of[row] != group_of[winner] {
                groups.get_mut(&group_of[row]).expect("it is there").lost.insert((claim, winner));
            }
        }
    }
    groups.into_values().collect()
}

fn merged(rows: &[AnyRow], options: Options, hash_bits: u32) -> Vec<Group> {
    let mut merger = Merger::new(options);
    for (nth, row) in rows.iter().enumerate() {
        let texts: Vec<[u8; 2]> = row.keys.iter().map(|key| [*key / 8, *key % 8]).collect();
        let keys: Vec<Key<'_>> = texts
            .iter()
            .map(|text| {
                let spread =
                    (u64::from(text[0]) << 3 | u64::from(text[1])).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                // Few bits: most of the different keys have the same hash.
                let hash = if hash_bits == 0 { 0 } else { spread >> (64 - hash_bits) << (64 - hash_bits) };
                Key { hash, text: [&text[..1], &text[1..]] }
            })
            .collect();
        let note = (nth as u32).to_le_bytes();
        let claims: Vec<Claim<'_>> = row
            .claims
            .iter()
            .map(|(claim, is_strong)| Claim {
                hash: u128::from(*claim) << 121 | u128::from(*claim),
                is_strong: *is_strong,
                note: &note,
            })
            .collect();
        let content = content(nth, row);
        let (one, other) = content.split_at(content.len() / 3);
        merger
            .push(&Row { keys: &keys, claims: &claims, rank: row.rank, content: &[one, other] })
            .expect("there is room");
    }
    let mut groups = merger.finish(&|| false).expect("there is room");
    let mut found = Vec::new();
    while groups.next_group().expect("it can be read") {
        let lost = groups.lost().iter().map(|lost| {
            let winner = lost.note.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            ((lost.hash & 0xFF) as u8, winner as usize)
        });
        let mut group = Group { lost: lost.collect(), rows: Vec::new() };
        let is_single = groups.is_single();
        while let Some((number, read)) = groups.next_row().expect("it can be read") {
            let number = usize::try_from(number).expect("there are few");
            assert_eq!(read, content(number, &rows[number]));
            group.rows.push(number);
        }
        assert_eq!(is_single, group.rows.len() == 1);
        found.push(group);
    }
    found
}

/// A claim that a row makes twice is strong if it is so once; rows do that rarely.
fn without_repeated_claims(mut rows: Vec<AnyRow>) -> Vec<AnyRow> {
    for row in &mut rows {
        let mut known = BTreeSet::new();
        row.claims.retain(|(claim, _)| known.insert(*claim));
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn rows_with_one_key_come_back_by_key(
        rows in rows(1..=1),
        memory in prop_oneof![3 => 2_000_usize..30_000, 1 => Just(1 << 20)],
        hash_bits in prop_oneof![Just(0_u32), 1_u32..6, Just(64)],
        threads in 1_usize..3,
    ) {
        let rows = without_repeated_claims(rows);
        let dir = tempfile::tempdir().expect("a folder");
        let options = Options { memory, temp_dir: dir.path().into(), threads, linking: Linking::None };
        prop_assert_eq!(merged(&rows, options, hash_bits), expected(&rows));
    }

    #[test]
    fn rows_with_several_keys_come_back_by_what_links_them(
        rows in rows(1..=3),
        memory in prop_oneof![3 => 2_000_usize..30_000, 1 => Just(1 << 20)],
        hash_bits in prop_oneof![Just(0_u32), 1_u32..6, Just(64)],
    ) {
        let rows = without_repeated_claims(rows);
        let dir = tempfile::tempdir().expect("a folder");
        let options = Options { memory, temp_dir: dir.path().into(), threads: 1, linking: Linking::Transitive };
        prop_assert_eq!(merged(&rows, options, hash_bits), expected(&rows));
    }
}

fn row(keys: &[u8]) -> AnyRow {
    AnyRow { keys: keys.to_vec(), claims: vec![], rank: 0, length: 10 }
}

#[test]
fn a_long_chain_of_links_is_one_group() {
    // In an order that brings no neighbours together.
    let rows: Vec<AnyRow> =
        (0..200_u8).map(|nth| (u16::from(nth) * 77 % 200) as u8).map(|nth| row(&[nth, nth + 1])).collect();
    for memory in [8_000, 1 << 20] {
        let options = Options { memory, linking: Linking::Transitive, ..Options::default() };
        let groups = merged(&rows, options, 64);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].rows.len(), 200);
    }
}

#[test]
fn groups_need_not_be_read_to_their_ends() {
    let mut merger = Merger::new(Options { memory: 0, ..Options::default() });
    for (key, content) in [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4"), ("c", "5")] {
        let keys = [Key { hash: 7, text: [b"", key.as_bytes()] }];
        merger
            .push(&Row { keys: &keys, claims: &[], rank: 0, content: &[content.as_bytes()] })
            .expect("there is room");
    }
    assert!(merger.space().bytes_written() > 0);
    let mut groups = merger.finish(&|| false).expect("there is room");
    let mut firsts = Vec::new();
    while groups.next_group().expect("it can be read") {
        let (_, content) = groups.next_row().expect("it can be read").expect("a group has a row");
        firsts.push(content.to_vec());
    }
    assert_eq!(firsts, [b"1", b"2", b"5"]);
}

#[test]
fn it_stops_when_it_is_asked_to() {
    let mut merger = Merger::new(Options::default());
    for nth in 0..40_000_u64 {
        let text = nth.to_le_bytes();
        let keys = [Key { hash: nth, text: [&text, b""] }];
        merger.push(&Row { keys: &keys, claims: &[], rank: 0, content: &[] }).expect("there is room");
    }
    assert!(matches!(merger.finish(&|| true), Err(MergeError::Stopped)));
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_names_it() {
    let temp_dir = std::path::PathBuf::from("/nonexistent/folder");
    let mut merger = Merger::new(Options { memory: 0, temp_dir, ..Options::default() });
    let keys = [Key { hash: 1, text: [b"", b"a"] }];
    let error = merger
        .push(&Row { keys: &keys, claims: &[], rank: 0, content: &[b"x"] })
        .expect_err("there is no such folder");
    assert!(error.to_string().contains("/nonexistent/folder"), "{error}");
}
