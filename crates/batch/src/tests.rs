//! What must hold for any contacts and any options.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU32;

use contact::{FieldSet, STANDARD_FIELD_NAMES};
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use crate::pages::PAGE_BYTES;
use crate::set_table::SetLimits;
use crate::{
    Absent, BatchOptions, Batcher, Body, MAX_CONTACTS_PER_REQUEST, OptionsError, PushError, RequestOptions,
};

fn temporary() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn options(max_contacts: u32, max_bytes: usize, open_bytes: usize, dir: &TempDir) -> BatchOptions {
    BatchOptions {
        max_contacts: NonZeroU32::new(max_contacts).expect("not zero"),
        max_bytes,
        open_bytes,
        ..BatchOptions::new(RequestOptions::default(), dir.path())
    }
}

/// The field set with this number: its bits choose standard fields, the rest is a custom field.
fn field_set(number: u32) -> FieldSet {
    let mut fields = FieldSet::default();
    for (bit, name) in STANDARD_FIELD_NAMES.iter().enumerate().take(3) {
        if number & (1 << bit) != 0 {
            fields.standard.insert(name);
        }
    }
    if number >= 8 {
        fields.custom = vec![-1, number as i32];
    }
    fields
}

fn contact(number: usize, set: u32, padding: usize) -> String {
    format!(r#"{{"n":{number},"set":{set},"pad":"{}"}}"#, "x".repeat(padding))
}

/// Pushes contacts (set, padding) and gives all bodies in order, and the numbers of the contacts that were too large.
fn run(batcher: &mut Batcher, contacts: &[(u32, usize)]) -> (Vec<Body>, BTreeSet<u64>) {
    let mut bodies = Vec::new();
    let mut refused = BTreeSet::new();
    for (number, &(set, padding)) in contacts.iter().enumerate() {
        let set_id = batcher.set(&field_set(set));
        match batcher.push(set_id, contact(number, set, padding).as_bytes()) {
            Ok(()) => {}
            Err(PushError::ContactTooLarge { bytes, limit }) => {
                assert!(bytes > limit);
                refused.insert(number as u64);
            }
            Err(other) => panic!("{other}"),
        }
        drain(batcher, &mut bodies);
    }
    batcher.finish().expect("the file can be read");
    drain(batcher, &mut bodies);
    (bodies, refused)
}

fn drain(batcher: &mut Batcher, bodies: &mut Vec<Body>) {
    while let Some(body) = batcher.next_ready().expect("the file can be read") {
        bodies.push(body.clone());
        batcher.recycle(body.bytes);
    }
}

/// The numbers and sets of the contacts in a body, after checking the body itself.
fn open(body: &Body, max_contacts: u32, max_bytes: usize) -> Vec<(u64, u64)> {
    assert!(body.bytes.len() <= max_bytes, "{} > {max_bytes}", body.bytes.len());
    let json: Value = serde_json::from_slice(&body.bytes).expect("a body is JSON");
    assert_eq!(json.to_string().as_bytes(), body.bytes, "a body is compact");
    let names: Vec<&str> =
        json["contactFields"].as_array().expect("always there").iter().filter_map(Value::as_str).collect();
    assert_eq!(names, body.fields.standard.names().collect::<Vec<_>>());
    assert_eq!(json.get("customFieldsIDs").is_none(), body.fields.custom.is_empty());
    if let Some(custom) = json.get("customFieldsIDs") {
        assert_eq!(custom, &Value::from(body.fields.custom.clone()));
    }
    let contacts = json["contacts"].as_array().expect("an array");
    assert_eq!(contacts.len(), body.contacts as usize);
    assert!((1..=max_contacts as usize).contains(&contacts.len()));
    let number = |contact: &Value, name| contact[name].as_u64().expect("as it was pushed");
    contacts.iter().map(|contact| (number(contact, "n"), number(contact, "set"))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_contact_is_in_one_body_of_its_set_in_order_whatever_the_memory(
        contacts in prop::collection::vec((0_u32..40, prop_oneof![0_usize..200, 0_usize..9_000]), 0..300),
        max_contacts in 1_u32..20,
        max_bytes in 200_usize..9_000,
        open_bytes in prop_oneof![Just(0_usize), 0_usize..50_000],
    ) {
        let dir = temporary();
        let mut batcher = Batcher::new(options(max_contacts, max_bytes, open_bytes, &dir)).expect("good options");
        let (bodies, refused) = run(&mut batcher, &contacts);

        let mut seen = BTreeSet::new();
        let mut last_of_set = HashMap::new();
        for body in &bodies {
            for (number, set) in open(body, max_contacts, max_bytes) {
                prop_assert_eq!(&body.fields, &field_set(set as u32));
                prop_assert!(seen.insert(number), "contact {} twice", number);
                let last = last_of_set.insert(set, number);
                prop_assert!(last.is_none_or(|last| last < number), "contact {} out of order", number);
            }
        }
        seen.extend(&refused);
        prop_assert!(seen.into_iter().eq(0..contacts.len() as u64));

        let counts = batcher.counts();
        prop_assert_eq!(counts.contacts, (contacts.len() - refused.len()) as u64);
        prop_assert_eq!(counts.contacts_in_bodies, counts.contacts);
        prop_assert_eq!(counts.bodies, bodies.len() as u64);
        prop_assert_eq!(counts.field_sets, last_of_set.len() as u64);

        // Plenty of memory: the same bodies in the same order.
        let mut roomy = Batcher::new(options(max_contacts, max_bytes, 64 << 20, &dir)).expect("good options");
        prop_assert_eq!(run(&mut roomy, &contacts), (bodies, refused));
        prop_assert_eq!(roomy.file_bytes(), 0);
    }

    #[test]
    fn a_body_is_never_closed_before_it_has_to_be(
        contacts in prop::collection::vec((0_u32..3, 0_usize..300), 1..100),
        max_contacts in 1_u32..10,
        max_bytes in 500_usize..2_000,
    ) {
        let dir = temporary();
        let mut batcher = Batcher::new(options(max_contacts, max_bytes, 4_000, &dir)).expect("good options");
        let (bodies, _) = run(&mut batcher, &contacts);
        let mut last: HashMap<&FieldSet, &Body> = HashMap::new();
        for body in &bodies {
            if let Some(before) = last.insert(&body.fields, body) {
                let (first, _) = open(body, max_contacts, max_bytes)[0];
                let (set, padding) = contacts[first as usize];
                let with_it = before.bytes.len() + 1 + contact(first as usize, set, padding).len();
                prop_assert!(before.contacts == max_contacts || with_it > max_bytes);
            }
        }
    }

    #[test]
    fn cleared_bodies_hold_the_contacts_in_order_under_the_union_of_all_sets(
        contacts in prop::collection::vec((0_u32..40, 0_usize..400), 0..200),
        max_contacts in 1_u32..20,
        max_bytes in 300_usize..3_000,
        open_bytes in prop_oneof![Just(0_usize), Just(1 << 20)],
    ) {
        let dir = temporary();
        let options = BatchOptions { absent: Absent::Clear, ..options(max_contacts, max_bytes, open_bytes, &dir) };
        let mut batcher = Batcher::new(options).expect("good options");
        let (bodies, refused) = run(&mut batcher, &contacts);
        let mut union = FieldSet::default();
        let mut custom = BTreeSet::new();
        let mut expected = Vec::new();
        for (number, &(set, _)) in (0..).zip(&contacts) {
            if !refused.contains(&number) {
                expected.push((number, u64::from(set)));
                let fields = field_set(set);
                union.standard = union.standard.union(fields.standard);
                custom.extend(fields.custom);
            }
        }
        union.custom.extend(custom);
        let mut got = Vec::new();
        for body in &bodies {
            prop_assert_eq!(&body.fields, &union);
            got.extend(open(body, max_contacts, max_bytes));
        }
        prop_assert_eq!(got, expected);
        prop_assert_eq!(batcher.counts().contacts_in_bodies, batcher.counts().contacts);
        prop_assert_eq!(batcher.fill_warning(), None);
    }

    #[test]
    fn with_more_sets_than_can_be_held_bodies_depend_on_the_pushes_alone(
        contacts in prop::collection::vec((0_u32..60, 0_usize..100), 1..300),
        ahead in 1_usize..4,
    ) {
        let dir = temporary();
        let limits = SetLimits { used: 6, idle: 4, custom_ids: 1_000 };
        let make = || Batcher::with_set_limits(options(5, 2_000, 3_000, &dir), limits).expect("good options");
        let mut plain = make();
        let (bodies, refused) = run(&mut plain, &contacts);
        prop_assert!(refused.is_empty());
        let mut seen: Vec<u64> = bodies.iter().flat_map(|body| open(body, 5, 2_000)).map(|(number, _)| number).collect();
        seen.sort_unstable();
        prop_assert!(seen.into_iter().eq(0..contacts.len() as u64));

        // Sets asked for a few contacts ahead, and again for each contact.
        let mut other = make();
        let mut others = Vec::new();
        for (first, block) in (0..).step_by(ahead).zip(contacts.chunks(ahead)) {
            let ids: Vec<_> = block.iter().map(|&(set, _)| other.set(&field_set(set))).collect();
            for (index, (id, &(set, padding))) in ids.into_iter().zip(block).enumerate() {
                other.push(id, contact(first + index, set, padding).as_bytes()).expect("the id is young");
            }
            drain(&mut other, &mut others);
        }
        other.finish().expect("finish");
        drain(&mut other, &mut others);
        prop_assert_eq!(others, bodies);
        prop_assert_eq!(other.counts(), plain.counts());
        prop_assert_eq!(other.worst_set(), plain.worst_set());
    }
}

#[test]
fn open_bodies_come_last_in_the_order_in_which_their_sets_first_appeared() {
    let dir = temporary();
    let mut batcher = Batcher::new(options(2, 1_000, 1 << 20, &dir)).expect("good options");
    // Set 1 fills a body and begins another one after set 2 began its first.
    let (bodies, _) = run(&mut batcher, &[(1, 0), (2, 0), (1, 0), (3, 0), (1, 0)]);
    let order: Vec<Vec<u64>> = bodies
        .iter()
        .map(|body| open(body, 2, 1_000).into_iter().map(|(number, _)| number).collect())
        .collect();
    assert_eq!(order, [vec![0, 2], vec![4], vec![1], vec![3]]);
}

#[test]
fn a_body_is_ready_as_soon_as_it_is_full() {
    let dir = temporary();
    let mut batcher = Batcher::new(options(2, 1_000, 1 << 20, &dir)).expect("good options");
    let set = batcher.set(&field_set(1));
    batcher.push(set, b"{}").expect("push");
    assert_eq!(batcher.next_ready().expect("ready"), None);
    batcher.push(set, b"{}").expect("push");
    assert_eq!(batcher.next_ready().expect("ready").expect("a body").contacts, 2);
}

#[test]
fn five_thousand_sets_fit_into_64_kib_of_memory() {
    let dir = temporary();
    let budget = 64 << 10;
    let mut batcher = Batcher::new(options(3000, 8 << 20, budget, &dir)).expect("good options");
    let mut bodies = Vec::new();
    let mut pushed = 0;
    for round in 0..8_usize {
        for set in 0..5_000 {
            let id = batcher.set(&field_set(set));
            batcher.push(id, contact(round * 5_000 + set as usize, set, 60).as_bytes()).expect("push");
            pushed += 1;
            assert!(batcher.in_memory() <= budget, "{} bytes after {pushed} contacts", batcher.in_memory());
            drain(&mut batcher, &mut bodies);
        }
    }
    assert!(bodies.is_empty());
    // One page for each set holds its eight contacts of 100 bytes.
    assert!((1..=5_000 * PAGE_BYTES as u64).contains(&batcher.file_bytes()), "{}", batcher.file_bytes());
    batcher.finish().expect("finish");
    drain(&mut batcher, &mut bodies);
    assert_eq!(bodies.len(), 5_000);
    for (set, body) in (0..).zip(&bodies) {
        let contacts: Vec<_> = (0..8).map(|round| (round * 5_000 + set, set)).collect();
        assert_eq!(open(body, 3000, 8 << 20), contacts);
    }
    let warning = batcher.fill_warning().expect("eight of 3000 is poor");
    assert_eq!((warning.field_sets, warning.bodies, warning.mean_contacts), (5_000, 5_000, 8.0));
    assert_eq!(warning.worst.expect("a worst set").fields, field_set(0));
}

#[test]
fn the_body_of_the_set_that_waited_longest_is_closed_early_when_there_are_too_many() {
    let dir = temporary();
    let limits = SetLimits { used: 2, idle: 2, custom_ids: 1_000 };
    let mut batcher =
        Batcher::with_set_limits(options(5, 2_000, 1 << 20, &dir), limits).expect("good options");
    let mut bodies = Vec::new();
    for (number, set) in (0..).zip([1, 2, 1]) {
        let id = batcher.set(&field_set(set));
        batcher.push(id, contact(number, set, 0).as_bytes()).expect("push");
    }
    drain(&mut batcher, &mut bodies);
    assert!(bodies.is_empty());
    let id = batcher.set(&field_set(3));
    batcher.push(id, contact(3, 3, 0).as_bytes()).expect("push");
    drain(&mut batcher, &mut bodies);
    assert_eq!(bodies.len(), 1);
    assert_eq!(open(&bodies[0], 5, 2_000), [(1, 2)]);
    assert_eq!((batcher.counts().closed_early, batcher.counts().unfilled_bodies), (1, 1));
}

#[test]
fn the_worst_set_is_the_one_with_the_fewest_contacts_per_body() {
    let dir = temporary();
    let mut batcher = Batcher::new(options(4, 2_000, 1 << 20, &dir)).expect("good options");
    let sets = [1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4].map(|set| (set, 0));
    run(&mut batcher, &sets);
    let worst = batcher.worst_set().expect("a worst set");
    assert_eq!((&worst.fields, worst.contacts, worst.bodies), (&field_set(2), 2, 1));
}

#[test]
fn a_contact_that_no_body_can_hold_changes_nothing() {
    for absent in [Absent::Keep, Absent::Clear] {
        let dir = temporary();
        let options = BatchOptions { absent, ..options(3, 200, 1 << 20, &dir) };
        let mut batcher = Batcher::new(options).expect("good options");
        // The large contact would bring a set of its own, which must not be in the union.
        let (bodies, refused) = run(&mut batcher, &[(1, 0), (9, 1_000), (1, 0)]);
        assert_eq!(refused, BTreeSet::from([1]));
        assert_eq!(bodies.len(), 1);
        assert_eq!(bodies[0].fields, field_set(1));
        assert_eq!(batcher.counts().field_sets, 1);
    }
}

#[test]
fn the_size_in_the_error_is_the_size_of_the_body_that_was_not_possible() {
    let dir = temporary();
    let sized = |max_bytes| {
        let mut batcher = Batcher::new(options(3, max_bytes, 1 << 20, &dir)).expect("good options");
        let set = batcher.set(&field_set(15));
        let pushed = batcher.push(set, contact(1, 15, 50).as_bytes());
        batcher.finish().expect("finish");
        (pushed, batcher.next_ready().expect("ready"))
    };
    let (_, body) = sized(10_000);
    let length = body.expect("it fits").bytes.len();
    let (pushed, _) = sized(length);
    pushed.expect("it just fits");
    match sized(length - 1) {
        (Err(PushError::ContactTooLarge { bytes, limit }), None) => {
            assert_eq!((bytes, limit), (length, length - 1));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_id_that_was_held_for_too_long_is_refused_and_never_another_sets() {
    let dir = temporary();
    let limits = SetLimits { used: 2, idle: 2, custom_ids: 1_000 };
    let mut batcher = Batcher::with_set_limits(options(5, 2_000, 3_000, &dir), limits).expect("good options");
    let old = batcher.set(&field_set(1));
    for set in 2..8 {
        let id = batcher.set(&field_set(set));
        batcher.push(id, b"{}").expect("push");
        batcher.set(&field_set(set + 100));
    }
    assert!(matches!(batcher.push(old, b"{}"), Err(PushError::SetRetired)));
}

#[test]
fn nothing_can_be_pushed_after_the_end() {
    let dir = temporary();
    let mut batcher = Batcher::new(options(5, 2_000, 3_000, &dir)).expect("good options");
    let set = batcher.set(&field_set(1));
    batcher.finish().expect("finish");
    assert!(matches!(batcher.push(set, b"{}"), Err(PushError::Finished)));
    assert_eq!(batcher.next_ready().expect("ready"), None);
}

#[test]
fn options_that_cannot_work_are_refused_at_once() {
    let dir = temporary();
    let request = RequestOptions { groups: vec![String::new()], ..RequestOptions::default() };
    let too_many = Batcher::new(options(MAX_CONTACTS_PER_REQUEST + 1, 2_000, 0, &dir));
    assert!(matches!(too_many, Err(OptionsError::MaxContacts { max_contacts: 3001 })));
    let least = match Batcher::new(options(1, 10, 0, &dir)) {
        Err(OptionsError::MaxBytes { max_bytes: 10, least, .. }) => least,
        other => panic!("{other:?}"),
    };
    let mut batcher = Batcher::new(options(1, least, 0, &dir)).expect("the least that is possible");
    let set = batcher.set(&FieldSet::default());
    batcher.push(set, b"{}").expect("an empty contact just fits");
    let nameless = BatchOptions { request, ..options(1, 2_000, 0, &dir) };
    assert!(matches!(Batcher::new(nameless), Err(OptionsError::EmptyGroupName)));
    let nowhere = BatchOptions { spill_dir: dir.path().join("nowhere"), ..options(1, 2_000, 0, &dir) };
    assert!(matches!(Batcher::new(nowhere), Err(OptionsError::SpillDir { .. })));
}

#[test]
fn a_spill_folder_that_goes_away_is_an_error_and_loses_no_contact_silently() {
    for absent in [Absent::Keep, Absent::Clear] {
        let dir = temporary();
        let options = BatchOptions { absent, ..options(3000, 1 << 20, 10_000, &dir) };
        let mut batcher = Batcher::new(options).expect("good options");
        dir.close().expect("the folder can be removed");
        let set = batcher.set(&field_set(1));
        let mut outcome = Ok(());
        for number in 0..2_000 {
            outcome = batcher.push(set, contact(number, 1, 100).as_bytes());
            if outcome.is_err() {
                break;
            }
        }
        let error = match outcome {
            Err(PushError::Spill(error)) => error,
            other => panic!("{absent:?}: {other:?}"),
        };
        assert!(!error.is_out_of_space());
        assert!(error.to_string().contains("temporary file in"), "{error}");
    }
}
