//! What is wrong in a record as it was in one before is told from memory.

use contact::Scratch;
use serde_json::json;

use super::{Tester, all_options};

#[test]
fn what_is_wrong_again_and_again_is_told_each_time_and_of_its_own_place_value_and_rules() {
    let contact = |channels: &str, more: &str| {
        format!(r#"{{"externalCustomerId":"k",{more}"channels":[{channels}]}}"#).into_bytes()
    };
    let (bad, good) = (r#"{"type":"email","value":"nope"}"#, r#"{"type":"sms","value":"380501234567"}"#);
    let long = format!(r#"{{"type":"email","value":"{}"}}"#, "n".repeat(300));
    let records = [
        contact(&format!("{bad},{good}"), ""),
        contact(&format!("{good},{bad}"), ""),
        contact(&format!("{long},{good}"), ""),
        contact(&format!("{},{good}", bad.replace("nope", "none")), ""),
        contact(good, r#""firstName":"123","#),
        contact(good, r#""lastName":"123","#),
        contact(good, r#""firstName":"124","#),
        contact(good, r#""firstName":"12","lastName":"Ann","#),
        contact(good, r#""externalId":"123","#),
        contact(good, r#""firstName":" 123 ","#),
    ];
    let other_names = json!({"properties": {"firstName": {"maxLength": 2}, "lastName": {"minLength": 4}}});
    let mut testers: Vec<Tester> = all_options()
        .into_iter()
        .take(4)
        .flat_map(|options| {
            [None, Some(&other_names)].map(|schema| Tester::new(options.clone(), schema.cloned()))
        })
        .collect();
    // All of them remember in the same place.
    let mut scratch = Scratch::default();
    for round in 0..6 {
        for tester in &mut testers {
            std::mem::swap(&mut scratch, &mut tester.scratch);
            // By turns one after the other, and the same ones in a row.
            let repeats = if round % 2 == 0 { 1 } else { 4 };
            let mended = records.iter().map(|record| (0..repeats).all(|_| tester.is_mended(record)));
            assert!(mended.filter(|is_mended| *is_mended).count() > 5);
            std::mem::swap(&mut scratch, &mut tester.scratch);
        }
    }
}
