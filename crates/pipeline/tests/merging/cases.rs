//! Each statement of `docs/merging.md` by hand: the product and the reference have to give what stands here.

use serde_json::{Value, json};

use crate::reference::{Expected, KnownBy, Policy, Row};
use crate::trial::{Found, Trial};

struct Case<'c> {
    trial: Trial,
    lines: &'c [&'c str],
}

fn case<'c>(lines: &'c [&'c str]) -> Case<'c> {
    Case { trial: Trial::new(), lines }
}

impl Case<'_> {
    fn policy(mut self, policy: Policy) -> Self {
        self.trial.options.policy = policy;
        self
    }

    fn known_by(mut self, known_by: KnownBy) -> Self {
        self.trial.options.known_by = known_by;
        self
    }

    /// `updatedAt` says when a row was true; the reference reads it as milliseconds.
    fn dated(mut self) -> Self {
        self.trial.dated = true;
        self
    }

    fn tokens_stay(mut self) -> Self {
        self.trial.options.tokens_stay = true;
        self
    }

    fn gives(self, written: &[&str], told: &[(u64, &'static str, &'static str)]) {
        self.gives_with_conflicts(written, told, &[]);
    }

    fn gives_with_conflicts(
        self,
        written: &[&str],
        told: &[(u64, &'static str, &'static str)],
        conflicts: &[(&str, u64)],
    ) {
        let rows: Vec<Row> = self.lines.iter().zip(1..).map(|(text, line)| row(text, line)).collect();
        let mut literal = Expected {
            written: written.iter().map(|text| parsed(text)).collect(),
            told: told.to_vec(),
            conflicts: conflicts.iter().map(|(field, count)| ((*field).to_owned(), *count)).collect(),
            ..Expected::default()
        };
        literal.merged = (rows.len() - literal.written.len() - literal.rejected().len()) as u64;
        let literal = Found::by_reference(literal, rows.len() as u64, false);
        assert_eq!(self.trial.expected(&rows), literal, "the reference");
        for (threads, block_bytes, memory_bytes) in [(1, 4096, 256 << 20), (2, 64, 4 << 10)] {
            let trial = Trial { threads, block_bytes, memory_bytes, ..self.trial };
            assert_eq!(trial.found(&self.lines.join("\n")), literal, "the product by {trial:?}");
        }
    }
}

fn row(text: &str, line: u64) -> Row {
    let mut contact = parsed(text);
    let members = contact.as_object_mut().expect("a row is an object");
    let updated_at = members.shift_remove("updatedAt").and_then(|moment| moment.as_i64());
    Row { line, updated_at, contact }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("what stands here is JSON")
}

const ANN: &str =
    r#"{"externalCustomerId":"7","firstName":"Ann","channels":[{"type":"email","value":"a@example.com"}]}"#;
const LEE: &str = r#"{"externalCustomerId":"7","firstName":"Anna","lastName":"Lee","channels":[{"type":"email","value":"a@example.com"}]}"#;
const EVE: &str =
    r#"{"externalCustomerId":"8","firstName":"Eve","channels":[{"type":"email","value":"e@example.com"}]}"#;

#[test]
fn the_example_of_the_documentation_comes_out_as_it_says() {
    case(&[
        r#"{"externalCustomerId":"7","firstName":"Ann","channels":[{"type":"mobilepush","value":"t1","device":{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d","os":"iOS","appVersion":"1.0"}}]}"#,
        r#"{"externalCustomerId":"7","lastName":"Lee","channels":[{"type":"email","value":"ann@example.com"},{"type":"mobilepush","value":"t1","device":{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d","appVersion":"1.1"}}]}"#,
    ])
    .gives_with_conflicts(
        &[r#"{"externalCustomerId":"7","firstName":"Ann","channels":[{"type":"email","value":"ann@example.com"},{"type":"mobilepush","value":"t1","device":{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d","os":"iOS","appVersion":"1.1"}}],"lastName":"Lee"}"#],
        &[],
        &[("channels/device/appVersion", 1)],
    );
}

#[test]
fn merge_makes_one_contact_of_all_rows_of_a_key() {
    case(&[ANN, EVE, LEE]).gives_with_conflicts(
        &[
            r#"{"externalCustomerId":"7","firstName":"Anna","channels":[{"type":"email","value":"a@example.com"}],"lastName":"Lee"}"#,
            EVE,
        ],
        &[],
        &[("firstName", 1)],
    );
}

#[test]
fn last_writes_the_most_recent_row_alone() {
    let told = [(1, "duplicate", "repeated-key"), (2, "duplicate", "repeated-key")];
    case(&[ANN, ANN, EVE, LEE]).policy(Policy::Last).gives(&[LEE, EVE], &told);
}

#[test]
fn first_writes_the_first_row_alone() {
    let told = [(2, "duplicate", "repeated-key"), (4, "duplicate", "repeated-key")];
    case(&[LEE, ANN, EVE, ANN]).policy(Policy::First).gives(&[LEE, EVE], &told);
}

#[test]
fn reject_writes_nothing_of_a_key_that_has_several_rows() {
    let told = [(1, "rejected", "repeated-key"), (3, "rejected", "repeated-key")];
    case(&[ANN, EVE, LEE]).policy(Policy::Reject).gives(&[EVE], &told);
}

#[test]
fn keep_writes_every_row() {
    case(&[ANN, EVE, ANN, LEE]).policy(Policy::Keep).gives(&[ANN, EVE, ANN, LEE], &[]);
}

#[test]
fn a_row_with_an_external_id_is_known_by_nothing_else() {
    let rows = [
        r#"{"externalCustomerId":"1","channels":[{"type":"email","value":"a@example.com"}]}"#,
        r#"{"externalCustomerId":"2","channels":[{"type":"email","value":"a@example.com"}]}"#,
        r#"{"channels":[{"type":"email","value":"a@example.com"}]}"#,
    ];
    case(&rows).known_by(KnownBy::Email).gives(&rows, &[]);
    case(&rows).known_by(KnownBy::EmailOrSms).gives(&rows, &[]);
}

#[test]
fn the_same_text_in_two_fields_is_not_the_same_key() {
    let rows = [
        r#"{"externalCustomerId":"12","channels":[{"type":"viber","value":"380955547708"}]}"#,
        r#"{"id":12,"channels":[{"type":"viber","value":"380955547708"}]}"#,
    ];
    case(&rows).known_by(KnownBy::Id).gives(&rows, &[]);
}

#[test]
fn without_an_external_id_the_chosen_field_tells_rows_apart() {
    for (known_by, member) in [
        (KnownBy::Email, r#""channels":[{"type":"email","value":"a@example.com"}]"#),
        (KnownBy::Sms, r#""channels":[{"type":"sms","value":"380955547708"}]"#),
        (KnownBy::EmailOrSms, r#""channels":[{"type":"sms","value":"380955547708"}]"#),
        (KnownBy::Push, r#""channels":[{"type":"mobilepush","value":"t1"}]"#),
        (KnownBy::WebPush, r#""channels":[{"type":"webpush","value":"t1"}]"#),
        (KnownBy::Id, r#""id":5,"channels":[{"type":"email","value":"a@example.com"}]"#),
        (
            KnownBy::Field(7),
            r#""fields":[{"id":7,"value":"x"}],"channels":[{"type":"email","value":"a@example.com"}]"#,
        ),
    ] {
        let rows =
            [format!(r#"{{{member},"firstName":"Ann"}}"#), format!(r#"{{"lastName":"Lee",{member}}}"#)];
        let merged = format!(r#"{{{member},"firstName":"Ann","lastName":"Lee"}}"#);
        case(&[&rows[0], &rows[1]]).known_by(known_by).gives(&[&merged], &[]);
    }
}

#[test]
fn the_first_channel_of_the_type_is_the_key_and_the_second_is_not() {
    let rows = [
        r#"{"channels":[{"type":"sms","value":"380955547701"},{"type":"sms","value":"380955547702"}]}"#,
        r#"{"channels":[{"type":"sms","value":"380955547702"}]}"#,
    ];
    case(&rows).known_by(KnownBy::Sms).gives(&rows, &[]);
}

#[test]
fn rows_that_a_third_one_links_are_one_contact() {
    let rows = [
        r#"{"firstName":"Ann","channels":[{"type":"email","value":"a@example.com"}]}"#,
        r#"{"lastName":"Eve","channels":[{"type":"email","value":"e@example.com"}]}"#,
        r#"{"lastName":"Lee","channels":[{"type":"sms","value":"380955547701"}]}"#,
        r#"{"timeZone":"Europe/Kyiv","channels":[{"type":"sms","value":"380955547702"}]}"#,
        r#"{"channels":[{"type":"sms","value":"380955547701"},{"type":"email","value":"a@example.com"},{"type":"sms","value":"380955547702"}]}"#,
    ];
    let merged = r#"{"firstName":"Ann","channels":[{"type":"sms","value":"380955547701"},{"type":"email","value":"a@example.com"},{"type":"sms","value":"380955547702"}],"lastName":"Lee","timeZone":"Europe/Kyiv"}"#;
    case(&rows).known_by(KnownBy::EmailOrSms).gives(&[merged, rows[1]], &[]);
    let told = [1, 3, 4, 5].map(|line| (line, "rejected", "repeated-key"));
    case(&rows).known_by(KnownBy::EmailOrSms).policy(Policy::Reject).gives(&[rows[1]], &told);
    let told = [1, 3, 4].map(|line| (line, "duplicate", "repeated-key"));
    case(&rows).known_by(KnownBy::EmailOrSms).policy(Policy::Last).gives(&[rows[4], rows[1]], &told);
}

#[test]
fn what_is_known_of_a_row_left_out_leads_to_further_ones() {
    let rows = [
        r#"{"channels":[{"type":"email","value":"a@example.com"}]}"#,
        r#"{"channels":[{"type":"sms","value":"380955547701"},{"type":"email","value":"a@example.com"}]}"#,
        r#"{"channels":[{"type":"sms","value":"380955547701"}]}"#,
    ];
    let told = [2, 3].map(|line| (line, "duplicate", "repeated-key"));
    case(&rows).known_by(KnownBy::EmailOrSms).policy(Policy::First).gives(&[rows[0]], &told);
}

/// A row of one key with a name and, perhaps, a moment.
fn named(name: &str, moment: &str) -> String {
    format!(
        r#"{{"externalCustomerId":"7"{moment},"firstName":"{name}","channels":[{{"type":"email","value":"a@example.com"}}]}}"#
    )
}

#[test]
fn the_row_that_was_true_last_says_more_and_one_without_a_moment_says_least() {
    let rows = [
        named("Newest", r#","updatedAt":1714559400000"#),
        named("Undated", ""),
        named("Older", r#","updatedAt":1714521600000"#),
    ];
    let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
    case(&lines).dated().gives_with_conflicts(&[&named("Newest", "")], &[], &[("firstName", 2)]);
    let told = [2, 3].map(|line| (line, "duplicate", "repeated-key"));
    case(&lines).dated().policy(Policy::Last).gives(&[&named("Newest", "")], &told);
    // What came first in the input is first, however old.
    case(&lines).dated().policy(Policy::First).gives(&[&named("Newest", "")], &told);
}

#[test]
fn among_rows_of_one_moment_the_input_order_decides() {
    let rows = [
        named("Ann", r#","updatedAt":1714559400000"#),
        named("Bo", r#","updatedAt":1714559400000"#),
        named("Zoe", r#","updatedAt":1714559399999"#),
    ];
    let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
    case(&lines).dated().gives_with_conflicts(&[&named("Bo", "")], &[], &[("firstName", 2)]);
}

#[test]
fn moments_are_read_in_every_way_of_writing() {
    // Each is later than the one before it.
    let moments = [
        "0",
        "86400",
        r#""1970-01-03""#,
        "1714521600",
        r#""2024-05-01T00:00:01""#,
        r#""2024-05-01T05:00:00+03:00""#,
        "1714559400000",
        r#""2024-05-01T10:30:00.500Z""#,
        r#""2024-05-02""#,
    ];
    for pair in moments.windows(2) {
        let [earlier, later] = [("Ann", pair[0]), ("Bo", pair[1])]
            .map(|(name, moment)| named(name, &format!(r#","updatedAt":{moment}"#)));
        let trial = Trial { dated: true, ..Trial::new() };
        let ran = trial.run(&format!("{later}\n{earlier}\n")).go();
        assert_eq!(ran.contacts(), [parsed(&named("Bo", ""))], "{pair:?}");
        assert_eq!(ran.rejects, "", "{pair:?}");
    }
}

#[test]
fn a_moment_that_cannot_be_read_is_told_and_its_row_counts_as_the_oldest() {
    let rows = [named("Ann", r#","updatedAt":0"#), named("Bo", r#","updatedAt":"yesterday""#)];
    let ran = Trial { dated: true, ..Trial::new() }.run(&rows.join("\n")).go();
    assert_eq!(ran.contacts(), [parsed(&named("Ann", ""))]);
    assert!(ran.outcome.counts.add_up());
    let rejects = ran.rejects();
    assert_eq!(rejects.len(), 1);
    assert_eq!(rejects[0]["line"], 2);
    assert_eq!(rejects[0]["violations"][0]["code"], "bad-updated-at");
}

#[test]
fn addresses_and_custom_fields_become_one_part_by_part() {
    case(&[
        r#"{"externalCustomerId":"7","address":{"town":"Lviv","region":"Lvivska"},"fields":[{"id":5,"value":"a"},{"id":3,"value":"b"}],"channels":[{"type":"email","value":"a@example.com"}]}"#,
        r#"{"externalCustomerId":"7","fields":[{"id":9,"value":"c"},{"id":3,"value":""}],"channels":[{"type":"email","value":"a@example.com"}],"address":{"postcode":"79000","town":"Kyiv"},"id":3}"#,
    ])
    .gives_with_conflicts(
        &[r#"{"externalCustomerId":"7","address":{"town":"Kyiv","region":"Lvivska","postcode":"79000"},"fields":[{"id":5,"value":"a"},{"id":3,"value":"b"},{"id":9,"value":"c"}],"channels":[{"type":"email","value":"a@example.com"}],"id":3}"#],
        &[],
        &[("address/town", 1)],
    );
}

#[test]
fn channels_are_the_same_only_with_the_same_app() {
    case(&[
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1","device":{"os":"iOS"}}]}"#,
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1","device":{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d","os":"Android"}},{"type":"webpush","value":"t1","webPushSubscription":{"os":"Linux"}}]}"#,
        r#"{"externalCustomerId":"7","channels":[{"type":"webpush","value":"t1","webPushSubscription":{"ip":"192.0.2.17","os":"Windows 11"}}]}"#,
    ])
    .gives_with_conflicts(
        &[r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1","device":{"os":"iOS"}},{"type":"mobilepush","value":"t1","device":{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d","os":"Android"}},{"type":"webpush","value":"t1","webPushSubscription":{"os":"Windows 11","ip":"192.0.2.17"}}]}"#],
        &[],
        &[("channels/webPushSubscription/os", 1)],
    );
}

#[test]
fn a_channel_has_the_place_of_its_most_recent_copy() {
    case(&[
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1"},{"type":"sms","value":"380955547701"},{"type":"email","value":"a@example.com"}]}"#,
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t2"},{"type":"mobilepush","value":"t1"}]}"#,
    ])
    .gives(
        &[r#"{"externalCustomerId":"7","channels":[{"type":"sms","value":"380955547701"},{"type":"email","value":"a@example.com"},{"type":"mobilepush","value":"t2"},{"type":"mobilepush","value":"t1"}]}"#],
        &[],
    );
}

#[test]
fn of_three_tokens_the_inactive_one_goes_and_of_two_addresses_the_earlier_one() {
    case(&[
        r#"{"externalCustomerId":"7","channels":[{"type":"email","value":"old@example.com"},{"type":"mobilepush","value":"t1"}]}"#,
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t2"}]}"#,
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t3","device":{"active":false}},{"type":"email","value":"new@example.com"}]}"#,
    ])
    .gives(
        &[r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1"},{"type":"mobilepush","value":"t2"},{"type":"email","value":"new@example.com"}]}"#],
        &[(1, "pruned", "channel-limit"), (3, "pruned", "channel-limit")],
    );
}

#[test]
fn of_three_active_tokens_the_least_recent_goes_and_is_told_at_its_most_recent_copy() {
    case(&[
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1"},{"type":"mobilepush","value":"t2"}]}"#,
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t2"}]}"#,
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t3"},{"type":"mobilepush","value":"t1"}]}"#,
    ])
    .gives(
        &[r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t3"},{"type":"mobilepush","value":"t1"}]}"#],
        &[(2, "pruned", "channel-limit")],
    );
}

#[test]
fn a_merged_contact_too_large_for_a_request_takes_all_of_its_rows_with_it() {
    let long = |field: &str| {
        format!(
            r#"{{"externalCustomerId":"7","{field}":"{}","channels":[{{"type":"email","value":"a@example.com"}}]}}"#,
            "k".repeat(30)
        )
    };
    let rows = [long("firstName"), EVE.to_owned(), long("lastName"), long("contactKey")];
    // Each row alone has its place.
    let bytes = 320;
    let mut keep = Trial::new();
    keep.options.policy = Policy::Keep;
    assert_eq!(keep.run(&rows.join("\n")).batch_bytes(bytes).go().outcome.counts.written, 4);
    let ran = Trial::new().run(&rows.join("\n")).batch_bytes(bytes).go();
    assert!(ran.outcome.counts.add_up());
    assert_eq!(ran.contacts(), [parsed(EVE)]);
    let told: Vec<Value> = ran
        .rejects()
        .iter()
        .map(|reject| json!([reject["line"], reject["action"], reject["violations"][0]["code"]]))
        .collect();
    assert_eq!(told, [1, 3, 4].map(|line| json!([line, "rejected", "contact-too-large"])));
}

#[test]
fn a_merged_contact_that_breaks_a_rule_beyond_repair_takes_all_of_its_rows_with_it() {
    let rows = [
        EVE,
        r#"{"externalCustomerId":"7","firstName":"Ann","channels":[{"type":"email","value":"a@example.com"}]}"#,
        r#"{"externalCustomerId":"7","lastName":"Lee","channels":[{"type":"email","value":"a@example.com"}]}"#,
    ];
    let one_name = json!({"not": {"required": ["firstName", "lastName"]}});
    let ran = Trial::new().run(&rows.join("\n")).schema(one_name).go();
    assert!(ran.outcome.counts.add_up());
    assert_eq!(ran.contacts(), [parsed(EVE)]);
    let told: Vec<Value> =
        ran.rejects().iter().map(|reject| json!([reject["line"], reject["action"]])).collect();
    assert_eq!(told, [json!([2, "rejected"]), json!([3, "rejected"])]);
}

#[test]
fn a_logged_conflict_tells_the_row_that_lost_and_the_place_of_the_value_and_the_row_that_won() {
    let mut trial = Trial::new();
    for log_conflicts in [false, true] {
        trial.log_conflicts = log_conflicts;
        let ran = trial.run(&[EVE, ANN, LEE].join("\n")).go();
        assert_eq!(ran.outcome.conflicts, [("firstName".to_owned(), 1)].into());
        let rejects = ran.rejects();
        assert_eq!(rejects.len(), usize::from(log_conflicts));
        for reject in rejects {
            assert_eq!((&reject["line"], &reject["action"]), (&json!(2), &json!("merged-conflict")));
            assert_eq!(reject["key"], "7");
            let violations = reject["violations"].as_array().expect("violations");
            assert_eq!(violations.len(), 1);
            assert_eq!(violations[0]["code"], "conflict");
            assert_eq!(violations[0]["pointer"], "/firstName");
            assert!(violations[0]["message"].as_str().is_some_and(|message| message.contains(":3")));
        }
    }
}

const T1_OF_7: &str = r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1"},{"type":"email","value":"a@example.com"}]}"#;
const T1_OF_8: &str = r#"{"externalCustomerId":"8","channels":[{"type":"mobilepush","value":"t1"},{"type":"email","value":"e@example.com"}]}"#;

#[test]
fn a_token_moves_to_the_contact_that_had_it_last() {
    let left = r#"{"externalCustomerId":"7","channels":[{"type":"email","value":"a@example.com"}]}"#;
    case(&[T1_OF_7, T1_OF_8]).gives(&[left, T1_OF_8], &[(1, "pruned", "token-moved")]);
    let mut untold = case(&[T1_OF_7, T1_OF_8]).tokens_stay();
    untold.trial.log_conflicts = true;
    untold.gives(&[T1_OF_7, T1_OF_8], &[]);
    case(&[T1_OF_7, T1_OF_8]).policy(Policy::Last).gives(&[T1_OF_7, T1_OF_8], &[]);
}

#[test]
fn a_token_stays_where_it_is_active() {
    case(&[
        T1_OF_7,
        r#"{"externalCustomerId":"8","channels":[{"type":"email","value":"e@example.com"},{"type":"mobilepush","value":"t1","device":{"active":false}}]}"#,
    ])
    .gives(
        &[T1_OF_7, r#"{"externalCustomerId":"8","channels":[{"type":"email","value":"e@example.com"}]}"#],
        &[(2, "pruned", "token-moved")],
    );
}

#[test]
fn the_moment_of_a_row_decides_where_its_token_goes() {
    case(&[
        r#"{"externalCustomerId":"7","updatedAt":1714559400000,"channels":[{"type":"mobilepush","value":"t1"},{"type":"email","value":"a@example.com"}]}"#,
        T1_OF_8,
    ])
    .dated()
    .gives(
        &[T1_OF_7, r#"{"externalCustomerId":"8","channels":[{"type":"email","value":"e@example.com"}]}"#],
        &[(2, "pruned", "token-moved")],
    );
}

#[test]
fn a_contact_that_loses_its_only_channel_is_rejected_with_all_of_its_rows() {
    let t2_of_9 = r#"{"externalCustomerId":"9","channels":[{"type":"mobilepush","value":"t2"},{"type":"mobilepush","value":"t1"}]}"#;
    case(&[
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1"}]}"#,
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t2"}]}"#,
        t2_of_9,
    ])
    .gives(&[t2_of_9], &[(1, "rejected", "token-moved"), (2, "rejected", "token-moved")]);
}

#[test]
fn a_token_that_moves_makes_room_before_channels_are_counted() {
    let moved = r#"{"externalCustomerId":"8","channels":[{"type":"mobilepush","value":"t3"}]}"#;
    case(&[
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1"},{"type":"mobilepush","value":"t2"}]}"#,
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t3"}]}"#,
        moved,
    ])
    .gives(
        &[
            r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1"},{"type":"mobilepush","value":"t2"}]}"#,
            moved,
        ],
        &[(2, "pruned", "token-moved")],
    );
}

#[test]
fn a_web_token_is_not_compared_with_a_mobile_one() {
    let rows = [
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t1"}]}"#,
        r#"{"externalCustomerId":"8","channels":[{"type":"webpush","value":"t1"}]}"#,
        r#"{"externalCustomerId":"9","channels":[{"type":"webpush","value":"t1"}]}"#,
    ];
    case(&rows).gives(&rows, &[]);
}

#[test]
fn contacts_stand_in_the_order_in_which_their_keys_first_came_up() {
    let row = |id: &str, name: &str| {
        format!(
            r#"{{"externalCustomerId":"{id}","firstName":"{name}","channels":[{{"type":"email","value":"a@example.com"}}]}}"#
        )
    };
    let rows = [row("c", "Ann"), row("a", "Ann"), row("b", "Ann"), row("a", "Bo"), row("c", "Bo")];
    let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
    case(&lines).gives_with_conflicts(
        &[&row("c", "Bo"), &row("a", "Bo"), &row("b", "Ann")],
        &[],
        &[("firstName", 2)],
    );
}

#[test]
fn rows_of_several_inputs_are_one_stream_and_each_is_told_where_it_stands() {
    for memory_bytes in [4 << 10, 256 << 20] {
        let mut trial = Trial { memory_bytes, ..Trial::new() };
        let second = [LEE, EVE, ANN].join("\n");
        let ran = trial.run(&[EVE, ANN].join("\n")).and_then_of(&second).go();
        let merged = r#"{"externalCustomerId":"7","firstName":"Ann","channels":[{"type":"email","value":"a@example.com"}],"lastName":"Lee"}"#;
        assert_eq!(ran.contacts().len(), 2);
        assert!(ran.contacts().contains(&parsed(merged)));
        assert_eq!(ran.outcome.counts.merged, 3);
        trial.options.policy = Policy::Reject;
        let ran = trial.run(&[ANN, EVE].join("\n")).and_then_of(LEE).go();
        let told: Vec<Value> = ran
            .rejects()
            .iter()
            .map(|reject| json!([reject["source"], reject["line"], reject["raw"]]))
            .collect();
        assert_eq!(told, [json!(["input", 1, ANN]), json!(["second-input", 1, LEE])]);
    }
}

#[test]
fn what_reading_tells_stands_before_what_merging_finds() {
    let rows = [
        T1_OF_8,
        r#"{"externalCustomerId":"7","channels":[{"type":"mobilepush","value":"t2"},{"type":"email","value":"a@example.com"}]}"#,
        r#"{"externalCustomerId":"9","channels":[]}"#,
        r#"{"externalCustomerId":"9","channels":[{"type":"mobilepush","value":"t2"},{"type":"mobilepush","value":"t1"}]}"#,
        r#"{"externalCustomerId":"9","timeZone":"Mars/Base","channels":[{"type":"email","value":"a@example.com"}]}"#,
    ];
    let ran = Trial::new().run(&rows.join("\n")).go();
    let lines: Vec<Value> = ran.rejects().iter().map(|reject| reject["line"].clone()).collect();
    assert_eq!(lines, [3, 5, 1, 2]);
    assert!(ran.outcome.counts.add_up());
}
