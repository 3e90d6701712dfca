//! A record of which only a part goes the long way comes out as it would if all of it went it.

#![no_main]

use std::sync::LazyLock;

use contact::{
    DedupeOn, FieldSet, LineEnds, Mended, OnInvalid, PLAIN_MARGIN_BYTES, RuleOptions, Rules, Scratch,
    Verdict, Violation, encode,
};
use libfuzzer_sys::fuzz_target;
use ndjson::Parser;

static RULES: LazyLock<[Rules; 3]> = LazyLock::new(|| {
    let by = |dedupe_on, on_invalid| RuleOptions { dedupe_on, on_invalid, ..RuleOptions::default() };
    [
        by(DedupeOn::ExternalCustomerId, OnInvalid::Prune),
        by(DedupeOn::ExternalCustomerId, OnInvalid::Reject),
        by(DedupeOn::EmailOrSms, OnInvalid::Prune),
    ]
    .map(|options| Rules::new(options, None).expect("our own schema is sound"))
});

fuzz_target!(|record: &[u8]| {
    let mut parser = Parser::new();
    for rules in &*RULES {
        let mut scratch = Scratch::default();
        let mut judging = Scratch::default();
        let mut fields = FieldSet::default();
        let mut bytes = record.to_vec();
        bytes.resize(record.len() + PLAIN_MARGIN_BYTES, b' ');
        let taken = rules.take_plain(&bytes, 0, LineEnds::AreSpace, &mut scratch, &mut fields);
        if taken.is_some_and(|contact| contact.end == record.len()) {
            continue;
        }
        let (written, key, told) = match rules.mend(record, 0, &mut parser, &mut scratch, &mut fields) {
            None => continue,
            Some(Mended::Broken(error)) => (None, None, vec![Violation::of_syntax(&error)]),
            Some(Mended::Rejected { violations, key }) => (None, key, violations),
            Some(Mended::Accepted { contact, text, pruned }) => {
                let written = contact.rewritten.unwrap_or(&text[contact.start..contact.end]).to_vec();
                (Some((written, fields)), Some(contact.key(text).value.to_owned()), pruned)
            }
        };
        let judged = parser.parse(record, |tape| match rules.judge(tape, &mut judging) {
            Verdict::Rejected { violations, key } => (None, key.map(|key| key.value.to_owned()), violations),
            Verdict::Accepted { pruned, key, .. } => {
                let (mut encoded, mut by_tape) = (Vec::new(), FieldSet::default());
                encode(tape, &mut encoded);
                by_tape.read(tape.root());
                (Some((encoded, by_tape)), Some(key.value.to_owned()), pruned)
            }
        });
        let judged = judged.unwrap_or_else(|error| (None, None, vec![Violation::of_syntax(&error)]));
        assert_eq!((written, key, told), judged);
        assert!(scratch.repairs.iter().eq(judging.repairs.iter()));
    }
});
