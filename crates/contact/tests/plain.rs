//! Records that are taken from their text alone: what is taken is what the long way accepts without a change.

use contact::{
    DedupeOn, FieldSet, Finds, Formats, LineEnds, PLAIN_MARGIN_BYTES, PlainLink, PlainToken, RuleOptions,
    Rules, Schema, Scratch, Verdict, encode, links_of, tokens_of,
};
use ndjson::Parser;
use serde_json::json;
use synthetic::{Config, Generator};

/// What becomes of a contact: as it is written, its key, its fields, and what else is looked for in it.
#[derive(Debug, PartialEq, Eq)]
struct Accepted {
    written: String,
    key: (&'static str, String),
    fields: FieldSet,
    tokens: Vec<(String, bool)>,
    links: Vec<(&'static str, String)>,
}

/// Takes a record from its text, if that is all it needs.
fn taken(rules: &Rules, record: &[u8], scratch: &mut Scratch) -> Option<Accepted> {
    let mut bytes = record.to_vec();
    bytes.resize(record.len() + PLAIN_MARGIN_BYTES, b'\n');
    let mut fields = FieldSet::default();
    let contact = rules.take_plain(&bytes, 0, LineEnds::AreSpace, scratch, &mut fields)?;
    if contact.end != record.len() {
        return None;
    }
    let written = contact.rewritten.unwrap_or(&bytes[contact.start..contact.end]).to_vec();
    let key = contact.key(&bytes);
    let key = (key.field, key.value.to_owned());
    let token = |token: &PlainToken| (token.text(&bytes).to_owned(), token.is_active);
    let link = |link: &PlainLink| (link.field, link.key(&bytes).value.to_owned());
    let (tokens, links) =
        (contact.tokens.iter().map(token).collect(), contact.links.iter().map(link).collect());
    let written = String::from_utf8(written).expect("a contact is a text");
    Some(Accepted { written, key, fields, tokens, links })
}

/// What the long way makes of a record that it accepts without leaving out or changing anything.
fn unchanged(rules: &Rules, record: &[u8], scratch: &mut Scratch) -> Option<Accepted> {
    scratch.repairs = contact::Repairs::default();
    let accepted = Parser::new().parse(record, |tape| match rules.judge(tape, scratch) {
        Verdict::Accepted { pruned, key, .. } if pruned.is_empty() => {
            let mut written = Vec::new();
            encode(tape, &mut written);
            let mut fields = FieldSet::default();
            fields.read(tape.root());
            let key = (key.field, key.value.to_owned());
            let finds = rules.options().finds;
            let (mut tokens, mut links) = (Vec::new(), Vec::new());
            if finds.tokens {
                tokens_of(tape, |token, is_active| tokens.push((token.to_owned(), is_active)));
            }
            if finds.links {
                links_of(tape, |link| links.push((link.field, link.value.to_owned())));
            }
            let written = String::from_utf8(written).expect("a contact is a text");
            Some(Accepted { written, key, fields, tokens, links })
        }
        _ => None,
    });
    accepted.ok().flatten().filter(|_| scratch.repairs.iter().count() == 0)
}

fn assert_sound(rules: &Rules, record: &[u8], scratch: &mut Scratch) -> bool {
    let taken = taken(rules, record, scratch);
    if taken.is_some() {
        assert_eq!(taken, unchanged(rules, record, scratch), "{}", String::from_utf8_lossy(record));
    }
    taken.is_some()
}

fn rules_by(dedupe_on: DedupeOn) -> Rules {
    let finds = Finds { tokens: true, links: true };
    Rules::new(RuleOptions { dedupe_on, finds, ..RuleOptions::default() }, None)
        .expect("our own schema is sound")
}

fn records(contacts: u64, faults_per_mille: u32) -> Vec<Vec<u8>> {
    let mut generator = Generator::new(Config { contacts, faults_per_mille, ..Config::default() });
    let mut line = Vec::new();
    let mut records = Vec::new();
    while generator.next_line(&mut line).is_some() {
        records.push(line.clone());
    }
    records
}

#[test]
fn a_clean_export_is_taken_from_its_text_whole() {
    let rules = rules_by(DedupeOn::ExternalCustomerId);
    let mut scratch = Scratch::default();
    let records = records(3000, 0);
    let taken = records.iter().filter(|record| assert_sound(&rules, record, &mut scratch)).count();
    assert_eq!(taken, records.len());
}

#[test]
fn of_a_dirty_export_only_what_is_clean_is_taken() {
    let rules = rules_by(DedupeOn::ExternalCustomerId);
    let mut scratch = Scratch::default();
    let records = records(3000, 500);
    let taken = records.iter().filter(|record| assert_sound(&rules, record, &mut scratch)).count();
    assert!((1000..2000).contains(&taken), "{taken} of {}", records.len());
}

#[test]
fn contacts_are_known_by_the_same_key_whatever_that_is() {
    let records = records(200, 100);
    for dedupe_on in [
        DedupeOn::Email,
        DedupeOn::Sms,
        DedupeOn::EmailOrSms,
        DedupeOn::Push,
        DedupeOn::WebPush,
        DedupeOn::Id,
        DedupeOn::FieldId(12346),
    ] {
        let rules = rules_by(dedupe_on);
        let mut scratch = Scratch::default();
        let mut taken = 0;
        for record in &records {
            let text = String::from_utf8_lossy(record);
            // Without the external id, which comes first, and with an id of the API.
            let rest = text.split_once(',').map_or("", |(_, rest)| rest);
            let record = format!(r#"{{"id":{},{rest}"#, 4_000_000_000_u64 + taken);
            taken += u64::from(assert_sound(&rules, record.as_bytes(), &mut scratch));
        }
        assert!(taken > 20 || dedupe_on == DedupeOn::WebPush, "{dedupe_on}: {taken}");
    }
}

/// A record with one to three pieces changed.
fn mutant(record: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    const PIECES: [&str; 42] = [
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\t",
        "\n",
        "\r",
        "\u{c}",
        "0",
        "-",
        "1.5",
        "1e3",
        "null",
        "true",
        "\\u0041",
        "\\/",
        "\\\"",
        "\\ud83d",
        "é",
        "e\u{301}",
        "\u{7f}",
        "\u{1}",
        "\u{a0}",
        "😀",
        "@",
        "+",
        "\"type\":",
        "\"email\"",
        "\"device\":{},",
        "\"\"",
        "''",
        ".",
        "--",
        "xn--",
        "\u{200b}",
        "\u{feff}",
        "9999999999",
    ];
    let mut mutant = record.to_vec();
    for _ in 0..random.usize(1..4) {
        let place = random.usize(..=mutant.len());
        let removed = place..(place + random.usize(..4)).min(mutant.len());
        let piece = PIECES[random.usize(..PIECES.len())].as_bytes();
        let piece = if random.bool() { piece } else { &[random.u8(..)] };
        mutant.splice(removed, piece.iter().copied());
    }
    mutant
}

#[test]
fn mutants_are_taken_only_if_the_long_way_accepts_them_unchanged() {
    let rules = rules_by(DedupeOn::ExternalCustomerId);
    let mut scratch = Scratch::default();
    let mut random = fastrand::Rng::with_seed(4);
    let mut taken = 0;
    for record in records(600, 100) {
        for _ in 0..25 {
            taken += u32::from(assert_sound(&rules, &mutant(&record, &mut random), &mut scratch));
        }
    }
    // Many mutants are contacts: a token or a name with another letter.
    assert!(taken > 700, "{taken}");
}

#[test]
fn with_a_schema_of_the_user_only_what_satisfies_both_is_taken() {
    let mut scratch = Scratch::default();
    let mut random = fastrand::Rng::with_seed(5);
    for tightened in [
        json!({ "properties": { "firstName": { "maxLength": 5 }, "languageCode": { "enum": ["uk", "pl"] } } }),
        json!({ "properties": { "lastName": { "x-normalize": ["trim"], "pattern": "[^a]$" } }, "required": ["lastName"] }),
        json!({ "properties": { "fields": { "items": {
            "if": { "properties": { "id": { "const": 12346 } }, "required": ["id"] },
            "then": { "properties": { "value": { "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "maxLength": 10 } } },
            "else": { "properties": { "value": { "maxLength": 7 } } }
        } } } }),
    ] {
        let schema = Schema::compile(tightened, Vec::new(), Formats::Assert).expect("it is sound");
        let rules = Rules::new(RuleOptions::default(), Some(schema)).expect("our own schema is sound");
        let mut taken = 0;
        for record in records(300, 100) {
            taken += u32::from(assert_sound(&rules, &record, &mut scratch));
            for _ in 0..5 {
                assert_sound(&rules, &mutant(&record, &mut random), &mut scratch);
            }
        }
        assert!((20..280).contains(&taken), "{taken}");
    }
}

#[test]
fn what_is_accepted_after_repairs_and_pruning_satisfies_the_validator() {
    let rules = rules_by(DedupeOn::ExternalCustomerId);
    let schema = Schema::contact().expect("our own schema is sound");
    let mut scratch = Scratch::default();
    let mut random = fastrand::Rng::with_seed(6);
    let mut accepted = 0;
    for record in records(400, 300) {
        for record in [record.clone(), mutant(&record, &mut random), mutant(&record, &mut random)] {
            let mut written = Vec::new();
            let judged = Parser::new().parse(&record, |tape| {
                if matches!(rules.judge(tape, &mut scratch), Verdict::Accepted { .. }) {
                    encode(tape, &mut written);
                }
            });
            if judged.is_ok() && !written.is_empty() {
                accepted += 1;
                let found =
                    Parser::new().parse(&written, |tape| schema.check(tape)).expect("it was just written");
                assert!(found.is_empty(), "{found:?} in {}", String::from_utf8_lossy(&written));
            }
        }
    }
    assert!(accepted > 400, "{accepted}");
}

#[test]
fn a_record_is_taken_with_spaces_and_escapes_and_written_without() {
    let rules = rules_by(DedupeOn::ExternalCustomerId);
    let mut scratch = Scratch::default();
    let record = r#" { "externalCustomerId" : "7" , "firstName" : "Ren\u00e9",
        "channels" : [ { "value" : "a\/b" , "type" : "webpush" } ] , "fields":[{"id" :5, "value":"\ud83d\ude00"} ] }"#;
    let taken = taken(&rules, record.as_bytes(), &mut scratch).expect("it is plain");
    let written = r#"{"externalCustomerId":"7","firstName":"René","channels":[{"value":"a/b","type":"webpush"}],"fields":[{"id":5,"value":"😀"}]}"#;
    assert_eq!(taken.written, written);
    assert!(assert_sound(&rules, record.as_bytes(), &mut scratch));
}

#[test]
fn what_needs_more_than_a_look_is_left_to_the_long_way() {
    let rules = rules_by(DedupeOn::ExternalCustomerId);
    let mut scratch = Scratch::default();
    let email = r#"{"type":"email","value":"a@example.com"}"#;
    let push =
        r#"{"type":"mobilepush","value":"t","device":{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d"}}"#;
    let contact = |rest: &str| format!(r#"{{"externalCustomerId":"7",{rest}}}"#);
    assert!(assert_sound(
        &rules,
        contact(&format!(r#""channels":[{email},{push}]"#)).as_bytes(),
        &mut scratch
    ));
    for rest in [
        // Broken rules.
        r#""channels":[]"#.to_owned(),
        format!(r#""channels":[{email},{email}]"#),
        format!(r#""channels":[{push},{push}]"#),
        format!(r#""channels":[{email},{}]"#, email.replace("a@", "b@")),
        format!(r#""channels":[{email}],"city":"Kyiv""#),
        format!(r#""channels":[{email}],"fields":[{{"id":1,"value":"a"}},{{"id":1,"value":"b"}}]"#),
        r#""channels":[{"type":"email","value":"a@example.com","device":{}}]"#.to_owned(),
        r#""channels":[{"device":{},"value":"a@example.com","type":"email"}]"#.to_owned(),
        // Names that stand twice.
        format!(r#""channels":[{email}],"channels":[{email}]"#),
        r#""channels":[{"type":"email","type":"email","value":"a@example.com"}]"#.to_owned(),
        // Values that are repaired.
        format!(r#""channels":[{email}],"firstName":" Ann""#),
        format!(r#""channels":[{email}],"firstName":"""#),
        format!(r#""channels":[{email}],"timeZone":"Europe/Kiev""#),
        format!(r#""channels":[{email}],"languageCode":"ua""#),
        format!(r#""channels":[{email}],"lastName":"Ren{}""#, "e\u{301}"),
        format!(r#""channels":[{email}],"fields":[{{"id":1,"value":5}}]"#),
        format!(r#""channels":[{}]"#, email.replace("example", "EXAMPLE")),
        // Text behind the record.
        format!(r#""channels":[{email}]}},{{"#),
    ] {
        assert_eq!(taken(&rules, contact(&rest).as_bytes(), &mut scratch), None, "{rest}");
    }
}

/// A contact with these channels, the external id as it is given.
fn with_channels(external_id: &str, channels: &[&str]) -> String {
    format!("{{{external_id}\"channels\":[{}]}}", channels.join(","))
}

const APP: &str = "83b77a49-fc28-409b-aeaa-68c9d544ab9d";

#[test]
fn tokens_are_found_with_whether_they_are_active() {
    let rules = rules_by(DedupeOn::ExternalCustomerId);
    let mut scratch = Scratch::default();
    let push = |value: &str, more: &str| {
        format!(r#"{{"type":"mobilepush","value":{value},"device":{{"appId":"{APP}"{more}}}}}"#)
    };
    for (channel, found) in [
        (push(r#""t1""#, ""), vec![("t1", true)]),
        (push(r#""t1""#, r#","active":true"#), vec![("t1", true)]),
        (push(r#""t1""#, r#", "active" : false "#), vec![("t1", false)]),
        (push(r#""t\u00e91""#, ""), vec![]),
        (r#"{"value":"t1","type":"mobilepush"}"#.to_owned(), vec![("t1", true)]),
        (r#"{"type":"webpush","value":"w"}"#.to_owned(), vec![]),
    ] {
        let record = with_channels(
            r#""externalCustomerId":"7","#,
            &[r#"{"type":"sms","value":"380955547708"}"#, &channel],
        );
        let expected: Vec<_> = found.iter().map(|(token, is)| ((*token).to_owned(), *is)).collect();
        if let Some(taken) = taken(&rules, record.as_bytes(), &mut scratch) {
            assert_eq!(taken.tokens, expected, "{record}");
            assert_eq!(taken.links, [], "{record}");
            assert!(assert_sound(&rules, record.as_bytes(), &mut scratch));
        } else {
            assert!(channel.contains('\\') || channel.starts_with(r#"{"value""#), "{record}");
        }
    }
}

#[test]
fn every_number_and_address_is_a_link_unless_there_is_an_external_id() {
    let rules = rules_by(DedupeOn::EmailOrSms);
    let mut scratch = Scratch::default();
    let channels = [
        r#"{"type":"email","value":"a@example.com"}"#,
        r#"{"type":"sms","value":"380955547708"}"#,
        r#"{"type":"viber","value":"380955547709"}"#,
        r#"{"type":"sms","value":"380955547707"}"#,
        r#"{"type":"mobilepush","value":"t","device":{"active":false}}"#,
    ];
    let record = with_channels("", &channels);
    let taken_links = taken(&rules, record.as_bytes(), &mut scratch).expect("it is plain").links;
    let links = [("email", "a@example.com"), ("sms", "380955547708"), ("sms", "380955547707")];
    assert_eq!(taken_links, links.map(|(field, value)| (field, value.to_owned())));
    assert!(assert_sound(&rules, record.as_bytes(), &mut scratch));
    let record = with_channels(r#""externalCustomerId":"7","#, &channels);
    let taken_links = taken(&rules, record.as_bytes(), &mut scratch).expect("it is plain").links;
    assert_eq!(taken_links, []);
    assert!(assert_sound(&rules, record.as_bytes(), &mut scratch));
}

#[test]
fn tokens_and_links_are_the_same_on_both_ways() {
    let mut random = fastrand::Rng::with_seed(7);
    let records = records(300, 200);
    for dedupe_on in [DedupeOn::EmailOrSms, DedupeOn::Push] {
        let rules = rules_by(dedupe_on);
        let mut scratch = Scratch::default();
        let (mut tokens, mut links, mut inactive) = (0, 0, 0);
        for record in &records {
            let text = String::from_utf8_lossy(record);
            let rest = text.split_once(',').map_or("", |(_, rest)| rest);
            for active in ["", r#","active":true"#, r#", "active" : false"#, r#","active":"false""#] {
                let record = format!("{{{rest}").replace(r#","active":true"#, active);
                assert_sound(&rules, record.as_bytes(), &mut scratch);
                for _ in 0..3 {
                    assert_sound(&rules, &mutant(record.as_bytes(), &mut random), &mut scratch);
                }
                if let Some(taken) = taken(&rules, record.as_bytes(), &mut scratch) {
                    tokens += taken.tokens.len();
                    links += taken.links.len();
                    inactive += taken.tokens.iter().filter(|(_, is_active)| !is_active).count();
                }
            }
        }
        assert!(tokens > 50 && links > 50 && inactive > 10, "{tokens}, {links}, {inactive}");
    }
}

#[test]
fn what_is_not_asked_for_is_not_looked_for() {
    let record = with_channels(
        "",
        &[r#"{"type":"mobilepush","value":"t"}"#, r#"{"type":"email","value":"a@example.com"}"#],
    );
    for finds in [
        Finds::default(),
        Finds { tokens: true, ..Finds::default() },
        Finds { links: true, ..Finds::default() },
    ] {
        let options = RuleOptions { dedupe_on: DedupeOn::Email, finds, ..RuleOptions::default() };
        let rules = Rules::new(options, None).expect("our own schema is sound");
        let taken = taken(&rules, record.as_bytes(), &mut Scratch::default()).expect("it is plain");
        assert_eq!((taken.tokens.len(), taken.links.len()), (finds.tokens.into(), finds.links.into()));
    }
}
