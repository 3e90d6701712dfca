//! Same input and options, same bytes.

use fastrand::Rng;
use pipeline::InputOrder;

use crate::exports::{Export, Line, Shape};
use crate::reference::{KnownBy, Options, Policy};
use crate::trial::{Found, Trial};

/// Threads, bytes of a block, bytes of memory. With the least of these, the rows of an export go to temporary files in
/// more than a hundred portions.
const WAYS: [(usize, usize, usize); 3] = [(3, 1000, 32 << 10), (2, 20_000, 16 << 10), (3, 64_000, 100_000)];

fn large_export(rng: &mut Rng, known_by: KnownBy, dated: bool, different: usize) -> Export {
    Export::random(rng, Shape { rows: 2000, different, family: 0, known_by, dated })
}

fn every_way_gives_the_same(policy: Policy, seeds: std::ops::Range<u64>) {
    let known_by = [KnownBy::ExternalCustomerId, KnownBy::EmailOrSms, KnownBy::Push, KnownBy::Email];
    for seed in seeds {
        let mut rng = Rng::with_seed(seed);
        let options = Options {
            policy,
            known_by: known_by[seed as usize % known_by.len()],
            tokens_stay: rng.u8(0..4) == 0,
            max_per_type: 2,
        };
        let plain = Trial { options, dated: rng.bool(), log_conflicts: true, ..Trial::new() };
        let different = [30, 500, 3000][rng.usize(0..3)];
        let export = large_export(&mut rng, options.known_by, plain.dated, different);
        let text = export.text();
        let one = Trial { threads: 1, block_bytes: 1 << 20, ..plain }.run(&text).go();
        assert_eq!(Found::by_product(&one, &text), plain.expected(&export.rows()), "seed {seed}, {plain:?}");
        for (threads, block_bytes, memory_bytes) in WAYS {
            let trial = Trial { threads, block_bytes, memory_bytes, ..plain };
            let other = trial.run(&text).go();
            assert!(one.bodies == other.bodies, "other bodies: seed {seed}, {trial:?}");
            assert!(one.rejects == other.rejects, "other rejects: seed {seed}, {trial:?}");
            assert_eq!(one.outcome.counts, other.outcome.counts, "seed {seed}, {trial:?}");
            assert_eq!(one.outcome.conflicts, other.outcome.conflicts, "seed {seed}, {trial:?}");
        }
    }
}

#[test]
fn merged_bytes_do_not_depend_on_threads_or_blocks_or_memory() {
    every_way_gives_the_same(Policy::Merge, 0..12);
}

#[test]
fn bytes_of_the_last_rows_do_not_depend_on_threads_or_blocks_or_memory() {
    every_way_gives_the_same(Policy::Last, 100..108);
}

#[test]
fn bytes_of_the_first_rows_do_not_depend_on_threads_or_blocks_or_memory() {
    every_way_gives_the_same(Policy::First, 200..203);
}

#[test]
fn bytes_of_keys_without_repetition_do_not_depend_on_threads_or_blocks_or_memory() {
    every_way_gives_the_same(Policy::Reject, 300..306);
}

/// What a row without a linking key is known by, for sorting.
fn sort_key(line: &Line, known_by: KnownBy) -> (u8, String) {
    let contact: serde_json::Value = serde_json::from_str(&line.text).expect("a row is JSON");
    if let Some(id) = contact["externalCustomerId"].as_str() {
        return (0, id.to_owned());
    }
    let kind = if known_by == KnownBy::Push { "mobilepush" } else { "email" };
    let mut channels = contact["channels"].as_array().expect("channels").iter();
    let first = channels.find(|channel| channel["type"] == kind).expect("the row has a key");
    (1, first["value"].as_str().expect("a text").to_owned())
}

#[test]
fn input_sorted_by_key_gives_the_same_bodies_whether_or_not_that_is_said() {
    for seed in 0..36 {
        let mut rng = Rng::with_seed(seed);
        let policies = [Policy::Merge, Policy::Last, Policy::First, Policy::Reject];
        let known_by = [KnownBy::ExternalCustomerId, KnownBy::Email, KnownBy::Push];
        let options = Options {
            policy: policies[seed as usize % 4],
            known_by: known_by[seed as usize % 3],
            tokens_stay: true,
            max_per_type: 2,
        };
        let dated = rng.bool();
        let mut export = Export::random(
            &mut rng,
            Shape { rows: 200, different: 60, family: 0, known_by: options.known_by, dated },
        );
        export.0.sort_by_cached_key(|line| sort_key(line, options.known_by));
        let any = Trial { options, dated, block_bytes: 1000, ..Trial::new() };
        let sorted = Trial { input_order: InputOrder::SortedByKey, memory_bytes: 32 << 10, ..any };
        let text = export.text();
        let (any, sorted) = (any.run(&text).go(), sorted.run(&text).go());
        assert_eq!(any.bodies, sorted.bodies, "seed {seed}");
        assert_eq!(Found::by_product(&any, &text), Found::by_product(&sorted, &text), "seed {seed}");
    }
}

#[test]
fn a_key_that_comes_again_in_input_said_to_be_sorted_ends_the_run() {
    let row = |id: &str| {
        format!(r#"{{"externalCustomerId":"{id}","channels":[{{"type":"email","value":"a@example.com"}}]}}"#)
    };
    // Blank lines are no records, but they are lines.
    let text = format!("{}{}\n{}\n{}{}\n", "\n".repeat(16), row("a"), row("b"), "\n".repeat(24), row("a"));
    for policy in [Policy::Merge, Policy::Last] {
        let mut trial = Trial { input_order: InputOrder::SortedByKey, ..Trial::new() };
        trial.options.policy = policy;
        trial.options.tokens_stay = true;
        let ran = trial.run(&text).go();
        assert!(matches!(ran.outcome.end, pipeline::End::KeyCameAgain { .. }), "{:?}", ran.outcome.end);
        assert!(!ran.complete);
        let end = format!("{:?}", ran.outcome.end);
        let numbers: Vec<&str> = end.split(|c: char| !c.is_ascii_digit()).collect();
        assert!(numbers.contains(&"17") && numbers.contains(&"43"), "both lines stand in {end}");
    }
}
