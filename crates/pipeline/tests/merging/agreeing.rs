//! The product against the reference, on many small exports.

use std::collections::BTreeMap;

use fastrand::Rng;

use crate::exports::Export;
use crate::reference::{KnownBy, Options, Policy, expected};
use crate::trial::Trial;

/// Exports of one run.
const EXPORTS: usize = 12;

const KNOWN_BY: [KnownBy; 8] = [
    KnownBy::ExternalCustomerId,
    KnownBy::Email,
    KnownBy::Sms,
    KnownBy::EmailOrSms,
    KnownBy::Push,
    KnownBy::WebPush,
    KnownBy::Id,
    KnownBy::Field(7),
];

/// The trial of a seed: neighbours among seeds differ in what they are known by, in dates and in tokens, so that few
/// seeds meet every combination.
fn trial(rng: &mut Rng, seed: u64, policy: Policy) -> Trial {
    let nth = seed as usize;
    Trial {
        options: Options {
            policy,
            known_by: KNOWN_BY[nth % KNOWN_BY.len()],
            tokens_stay: nth / 8 % 2 == 1,
            max_per_type: rng.usize(2..=3),
        },
        dated: nth / 16 % 2 == 1,
        log_conflicts: rng.bool(),
        threads: rng.usize(1..=3),
        block_bytes: [64, 300, 1024, 4096][rng.usize(0..4)],
        memory_bytes: [4 << 10, 16 << 10, 256 << 20][rng.usize(0..3)],
        ..Trial::new()
    }
}

fn agree(policy: Policy, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut rng = Rng::with_seed(seed);
        let trial = trial(&mut rng, seed, policy);
        let export = Export::several(&mut rng, EXPORTS, trial.options.known_by, trial.dated);
        let differ = |export: &Export| trial.found(&export.text()) != trial.expected(&export.rows());
        if differ(&export) {
            let export = shortened(export, differ);
            let (found, expected) = (trial.found(&export.text()), trial.expected(&export.rows()));
            panic!(
                "seed {seed}, {trial:?}\nthe export, but for lines that do not matter:\n{}\nfound: {found:#?}\nexpected: \
                 {expected:#?}",
                export.text()
            );
        }
    }
}

/// Leaves out lines without which the export is still one of its kind: first many at a time, then one by one.
fn shortened(mut export: Export, is_of_its_kind: impl Fn(&Export) -> bool) -> Export {
    let mut at_once = export.0.len() / 2;
    while at_once > 0 {
        let mut start = 0;
        while start < export.0.len() {
            let mut shorter = export.clone();
            shorter.0.drain(start..export.0.len().min(start + at_once));
            if is_of_its_kind(&shorter) {
                export = shorter;
            } else {
                start += at_once;
            }
        }
        at_once /= 2;
    }
    export
}

#[test]
fn the_product_and_the_reference_agree_on_merge() {
    agree(Policy::Merge, 0..64);
}

#[test]
fn the_product_and_the_reference_agree_on_merge_with_further_seeds() {
    agree(Policy::Merge, 64..128);
}

#[test]
fn the_product_and_the_reference_agree_on_last() {
    agree(Policy::Last, 200..248);
}

#[test]
fn the_product_and_the_reference_agree_on_first() {
    agree(Policy::First, 300..332);
}

#[test]
fn the_product_and_the_reference_agree_on_reject() {
    agree(Policy::Reject, 400..432);
}

#[test]
fn the_product_and_the_reference_agree_on_keep() {
    agree(Policy::Keep, 500..516);
}

#[test]
fn the_exports_bring_forth_everything_that_merging_does() {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..128 {
        let mut rng = Rng::with_seed(seed);
        let trial = trial(&mut rng, seed, Policy::Merge);
        let export = Export::several(&mut rng, EXPORTS, trial.options.known_by, trial.dated);
        let found = expected(&export.rows(), trial.options);
        let told = found.told.iter().map(|(_, action, code)| (format!("{action} {code}"), 1));
        for (what, count) in told.chain(found.conflicts).chain([("merged".to_owned(), found.merged)]) {
            *seen.entry(what).or_default() += count;
        }
    }
    for what in [
        "merged",
        "pruned channel-limit",
        "pruned token-moved",
        "rejected token-moved",
        "firstName",
        "contactKey",
        "id",
        "addressBookId",
        "address/town",
        "address/address",
        "fields/7",
        "fields/-3",
        "channels/device/appVersion",
        "channels/device/active",
        "channels/webPushSubscription/appId",
    ] {
        assert!(seen.get(what).is_some_and(|count| *count > 100), "{what} in {seen:?}");
    }
}
