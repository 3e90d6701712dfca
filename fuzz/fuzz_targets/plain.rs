//! What is taken from its text alone is what the long way accepts without a change: the same bytes, key and fields.

#![no_main]

use std::sync::LazyLock;

use contact::{
    DedupeOn, FieldSet, LineEnds, PLAIN_MARGIN_BYTES, RuleOptions, Rules, Scratch, Verdict, encode,
};
use libfuzzer_sys::fuzz_target;
use ndjson::Parser;

static RULES: LazyLock<[Rules; 2]> = LazyLock::new(|| {
    [DedupeOn::ExternalCustomerId, DedupeOn::EmailOrSms].map(|dedupe_on| {
        Rules::new(RuleOptions { dedupe_on, ..RuleOptions::default() }, None)
            .expect("our own schema is sound")
    })
});

fuzz_target!(|record: &[u8]| {
    for rules in &*RULES {
        let mut scratch = Scratch::default();
        let mut judging = Scratch::default();
        let mut fields = FieldSet::default();
        let mut bytes = record.to_vec();
        bytes.resize(record.len() + PLAIN_MARGIN_BYTES, b' ');
        let Some(contact) = rules.take_plain(&bytes, 0, LineEnds::AreSpace, &mut scratch, &mut fields) else {
            continue;
        };
        if contact.end != record.len() {
            continue;
        }
        let written = contact.rewritten.unwrap_or(&bytes[contact.start..contact.end]).to_vec();
        let key = contact.key(&bytes);
        Parser::new()
            .parse(record, |tape| match rules.judge(tape, &mut judging) {
                Verdict::Accepted { pruned, key: by_judge, .. } => {
                    assert!(pruned.is_empty());
                    assert_eq!(key, by_judge);
                    let mut encoded = Vec::new();
                    encode(tape, &mut encoded);
                    assert_eq!(written, encoded);
                    let mut by_tape = FieldSet::default();
                    by_tape.read(tape.root());
                    assert_eq!(fields, by_tape);
                }
                Verdict::Rejected { violations, .. } => panic!("{violations:?}"),
            })
            .expect("what is taken is JSON");
        assert_eq!(judging.repairs.iter().count(), 0);
    }
});
