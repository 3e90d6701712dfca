//! A record of which only a part goes the long way comes out as it would if all of it went it.

#![no_main]

use std::sync::LazyLock;

use contact::{
    DedupeOn, FieldSet, LineEnds, Mended, OnInvalid, PLAIN_MARGIN_BYTES, Repairs, RuleOptions, Rules,
    Scratch, Verdict, Violation, encode,
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
        // What came before is remembered the second time.
        for _ in 0..3 {
            is_mended_to_the_same_end(rules, record, &mut parser, &mut scratch);
        }
    }
});

fn is_mended_to_the_same_end(rules: &Rules, record: &[u8], parser: &mut Parser, scratch: &mut Scratch) {
    let mut fields = FieldSet::default();
    let mut bytes = record.to_vec();
    bytes.resize(record.len() + PLAIN_MARGIN_BYTES, b' ');
    let ends = LineEnds::AreSpace;
    let taken = rules.take_or_mend(&bytes, 0, ends, parser, scratch, &mut fields);
    if taken.as_ref().is_some_and(|contact| contact.end == record.len()) {
        return;
    }
    let is_taken = taken.is_some();
    let mended = match is_taken {
        true => None,
        false => rules.mended(&bytes, 0, ends, parser, scratch, &mut fields),
    };
    let (said, repairs) = if let Some(mended) = mended {
        what_is_said(mended, &bytes, &fields)
    } else if let Some(error) = rules.broken(record, 0, scratch) {
        ((None, None, vec![Violation::of_syntax(&error)]), Repairs::default())
    } else {
        return;
    };
    let mut judging = Scratch::default();
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
    assert_eq!(said, judged);
    assert!(repairs.iter().eq(judging.repairs.iter()));
}

/// A contact as it is written, with its fields; what it is known by; and what is told.
type Said = (Option<(Vec<u8>, FieldSet)>, Option<String>, Vec<Violation>);

fn what_is_said(mended: Mended<'_>, bytes: &[u8], fields: &FieldSet) -> (Said, Repairs) {
    match mended {
        Mended::Rejected { violations, key, repairs, .. } => {
            ((None, key.map(String::from), violations.clone()), repairs.clone())
        }
        Mended::Accepted { contact, apart, pruned, repairs, .. } => {
            let text = apart.unwrap_or(bytes);
            let written = contact.rewritten.unwrap_or(&text[contact.start..contact.end]).to_vec();
            let key = contact.key(text).value.to_owned();
            ((Some((written, fields.clone())), Some(key), pruned.clone()), repairs.clone())
        }
    }
}
