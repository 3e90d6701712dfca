//! Rows of one contact that are made one.

use contact::{Conflict, Origin, Union};
use ndjson::Parser;
use serde_json::{Value, json};

const APP: &str = "83b77a49-fc28-409b-aeaa-68c9d544ab9d";

fn add(union: &mut Union, row: u64, text: &str) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    Parser::new()
        .parse(text.as_bytes(), |tape| union.add(tape, row, &mut conflicts))
        .expect("the row is JSON");
    conflicts
}

fn encoded(union: &Union) -> String {
    let mut out = Vec::new();
    union.encode(&mut out);
    String::from_utf8(out).expect("a contact is a text")
}

fn united(rows: &[&str]) -> (Union, Vec<Conflict>) {
    let mut union = Union::default();
    let conflicts = (10..).zip(rows).flat_map(|(row, text)| add(&mut union, row, text)).collect();
    (union, conflicts)
}

/// A conflict: field, row, pointer, masked value, the row that stays.
type Told<'s> = (&'s str, u64, &'s str, &'s str, u64);

fn told(conflicts: &[Conflict]) -> Vec<Told<'_>> {
    conflicts
        .iter()
        .map(|conflict| {
            let Conflict { field, row, pointer, value, by } = conflict;
            (field.as_str(), *row, pointer.as_str(), value.as_str(), *by)
        })
        .collect()
}

struct Case {
    name: &'static str,
    rows: &'static [&'static str],
    united: &'static str,
    conflicts: &'static [Told<'static>],
}

/// Rows are numbered from 10 on.
const CASES: &[Case] = &[
    Case {
        name: "one row is what it was",
        rows: &[
            r#"{"externalCustomerId":"7","channels":[{"type":"email","value":"a@b.c"}],"fields":[{"id":1,"value":"x"}]}"#,
        ],
        united: r#"{"externalCustomerId":"7","channels":[{"type":"email","value":"a@b.c"}],"fields":[{"id":1,"value":"x"}]}"#,
        conflicts: &[],
    },
    Case {
        name: "the example of the documentation",
        rows: &[
            r#"{"externalCustomerId":"7","firstName":"Ann","channels":[{"type":"mobilepush","value":"t1","device":{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d","os":"iOS","appVersion":"1.0"}}]}"#,
            r#"{"externalCustomerId":"7","lastName":"Lee","channels":[{"type":"email","value":"ann@example.com"},{"type":"mobilepush","value":"t1","device":{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d","appVersion":"1.1"}}]}"#,
        ],
        united: r#"{"externalCustomerId":"7","firstName":"Ann","channels":[{"type":"email","value":"ann@example.com"},{"type":"mobilepush","value":"t1","device":{"appId":"83b77a49-fc28-409b-aeaa-68c9d544ab9d","os":"iOS","appVersion":"1.1"}}],"lastName":"Lee"}"#,
        conflicts: &[(
            "channels/device/appVersion",
            10,
            "/channels/0/device/appVersion",
            "*** (3 characters)",
            11,
        )],
    },
    Case {
        name: "the most recent value wins and each that it replaces is told",
        rows: &[
            r#"{"firstName":"Johann"}"#,
            r#"{"firstName":"John"}"#,
            r#"{"firstName":"John"}"#,
            r#"{"firstName":"Johann"}"#,
        ],
        united: r#"{"firstName":"Johann"}"#,
        conflicts: &[
            ("firstName", 10, "/firstName", "J*** (6 characters)", 11),
            ("firstName", 12, "/firstName", "J*** (4 characters)", 13),
        ],
    },
    Case {
        name: "what says nothing replaces nothing and is replaced without a word",
        rows: &[
            r#"{"a":"","b":null,"c":{},"d":[],"e":"x","f":1}"#,
            r#"{"a":"1","b":2,"c":{"x":1},"d":[0],"e":"","f":null}"#,
            r#"{"a":null,"b":"","c":[],"d":{},"g":""}"#,
        ],
        united: r#"{"a":"1","b":2,"c":{"x":1},"d":[0],"e":"x","f":1,"g":""}"#,
        conflicts: &[],
    },
    Case {
        name: "false and zero say something",
        rows: &[r#"{"a":true,"b":5}"#, r#"{"a":false,"b":0}"#],
        united: r#"{"a":false,"b":0}"#,
        conflicts: &[("a", 10, "/a", "true", 11), ("b", 10, "/b", "*** (1 character)", 11)],
    },
    Case {
        name: "an address is united member by member",
        rows: &[
            r#"{"address":{"town":"Lviv","region":"Lvivska"},"firstName":"Ann"}"#,
            r#"{"address":{"postcode":"79000","town":"Kyiv"}}"#,
            r#"{"address":{}}"#,
        ],
        united: r#"{"address":{"town":"Kyiv","region":"Lvivska","postcode":"79000"},"firstName":"Ann"}"#,
        conflicts: &[("address/town", 10, "/address/town", "L*** (4 characters)", 11)],
    },
    Case {
        name: "custom fields are united by id",
        rows: &[
            r#"{"fields":[{"id":5,"value":"writer"},{"id":6,"value":""}]}"#,
            r#"{"fields":[{"id":7,"value":[1]},{"id":6,"value":"x"},{"value":"author","id":5}]}"#,
            r#"{"fields":[{"id":5,"value":"author"},{"id":7,"value":null},{"id":6}]}"#,
        ],
        united: r#"{"fields":[{"id":5,"value":"author"},{"id":6,"value":"x"},{"id":7,"value":[1]}]}"#,
        conflicts: &[("fields/5", 10, "/fields/0/value", "w*** (6 characters)", 11)],
    },
    Case {
        name: "a custom field is told at its place in the row that gave it last",
        rows: &[
            r#"{"fields":[{"id":5,"value":"a"}]}"#,
            r#"{"fields":[{"id":6,"value":"b"},{"id":5,"value":"a"}]}"#,
            r#"{"fields":[{"id":5,"value":"c"}]}"#,
        ],
        united: r#"{"fields":[{"id":5,"value":"c"},{"id":6,"value":"b"}]}"#,
        conflicts: &[("fields/5", 11, "/fields/1/value", "*** (1 character)", 12)],
    },
    Case {
        name: "custom fields without an id are kept as they are",
        rows: &[r#"{"fields":[{"value":"a"},5]}"#, r#"{"fields":[{"value":"b"},5,{"id":"x","value":1}]}"#],
        united: r#"{"fields":[{"value":"a"},5,{"value":"b"},{"id":"x","value":1}]}"#,
        conflicts: &[],
    },
    Case {
        name: "channels differ by type, value and app",
        rows: &[
            r#"{"channels":[{"type":"sms","value":"1"},{"type":"viber","value":"1"},{"type":"mobilepush","value":"1"}]}"#,
            r#"{"channels":[{"type":"mobilepush","value":"1","device":{"appId":"a"}},{"type":"mobilepush","value":"1","device":{"appId":"b"}}]}"#,
            r#"{"channels":[{"type":"mobilepush","value":"1","device":{"appId":""}},{"type":"viber","value":"1"}]}"#,
        ],
        united: r#"{"channels":[{"type":"sms","value":"1"},{"type":"mobilepush","value":"1"},{"type":"mobilepush","value":"1","device":{"appId":"a"}},{"type":"mobilepush","value":"1","device":{"appId":"b"}},{"type":"mobilepush","value":"1","device":{"appId":""}},{"type":"viber","value":"1"}]}"#,
        conflicts: &[],
    },
    Case {
        name: "a channel stands where its most recent copy stands",
        rows: &[
            r#"{"channels":[{"type":"sms","value":"1"},{"type":"sms","value":"2"},{"type":"sms","value":"3"}],"x":1}"#,
            r#"{"channels":[{"type":"sms","value":"2"},{"type":"sms","value":"4"},{"type":"sms","value":"1"}]}"#,
            r#"{"channels":[{"type":"sms","value":"2"}]}"#,
        ],
        united: r#"{"channels":[{"type":"sms","value":"3"},{"type":"sms","value":"4"},{"type":"sms","value":"1"},{"type":"sms","value":"2"}],"x":1}"#,
        conflicts: &[],
    },
    Case {
        name: "a subscription is united member by member and other members of a channel as a whole",
        rows: &[
            r#"{"channels":[{"type":"webpush","value":"t","webPushSubscription":{"p256dh":"abcd","auth":"x"},"other":{"a":1}}]}"#,
            r#"{"channels":[{"type":"sms","value":"1"},{"webPushSubscription":{"p256dh":"efgh","extra":{"k":1}},"value":"t","type":"webpush","other":{"b":2}}]}"#,
        ],
        united: r#"{"channels":[{"type":"sms","value":"1"},{"type":"webpush","value":"t","webPushSubscription":{"p256dh":"efgh","auth":"x","extra":{"k":1}},"other":{"b":2}}]}"#,
        conflicts: &[
            (
                "channels/webPushSubscription/p256dh",
                10,
                "/channels/0/webPushSubscription/p256dh",
                "a*** (4 characters)",
                11,
            ),
            ("channels/other", 10, "/channels/0/other", "object with 1 member", 11),
        ],
    },
    Case {
        name: "a value that a channel lost is told at the channel's place in its row",
        rows: &[
            r#"{"channels":[{"type":"sms","value":"1"},{"type":"mobilepush","value":"t","device":{"os":"iOS"}}]}"#,
            r#"{"channels":[{"type":"mobilepush","value":"t","device":{"active":false}}]}"#,
            r#"{"channels":[{"type":"mobilepush","value":"t","device":{"os":"Android","active":true}}]}"#,
        ],
        united: r#"{"channels":[{"type":"sms","value":"1"},{"type":"mobilepush","value":"t","device":{"os":"Android","active":true}}]}"#,
        conflicts: &[
            ("channels/device/os", 10, "/channels/1/device/os", "*** (3 characters)", 12),
            ("channels/device/active", 11, "/channels/0/device/active", "false", 12),
        ],
    },
    Case {
        name: "numbers keep their digits and texts their escapes",
        rows: &[
            r#"{"a":1.50,"b":123456789012345678901234567890,"c":"\"\\\n\u0001é","q\"uote":1}"#,
            r#"{"a":1.50,"d":1E+2,"q\"uote":2}"#,
        ],
        united: r#"{"a":1.50,"b":123456789012345678901234567890,"c":"\"\\\n\u0001é","q\"uote":2,"d":1E+2}"#,
        conflicts: &[("q\"uote", 10, "/q\"uote", "*** (1 character)", 11)],
    },
    Case {
        name: "names with a slash or a tilde are escaped in pointers",
        rows: &[r#"{"a/b~c":"1"}"#, r#"{"a/b~c":"2"}"#],
        united: r#"{"a/b~c":"2"}"#,
        conflicts: &[("a/b~c", 10, "/a~1b~0c", "*** (1 character)", 11)],
    },
    Case {
        name: "values of another shape than the rules allow are taken as a whole",
        rows: &[
            r#"{"address":"Lviv","channels":{"type":"sms"},"fields":"none"}"#,
            r#"{"address":{"town":"Kyiv"},"channels":[{"type":"sms","value":"1"},5,null,["x"]],"fields":[{"id":1,"value":"a"}]}"#,
            r#"{"channels":[5,{"type":"sms","value":"1","device":"x"}]}"#,
            r#"{"channels":[{"type":"sms","value":"1","device":{"os":"iOS"}},null]}"#,
        ],
        united: r#"{"address":{"town":"Kyiv"},"channels":[["x"],5,{"type":"sms","value":"1","device":{"os":"iOS"}},null],"fields":[{"id":1,"value":"a"}]}"#,
        conflicts: &[
            ("address", 10, "/address", "L*** (4 characters)", 11),
            ("channels", 10, "/channels", "object with 1 member", 11),
            ("fields", 10, "/fields", "n*** (4 characters)", 11),
            ("channels/device", 12, "/channels/1/device", "*** (1 character)", 13),
        ],
    },
    Case {
        name: "a whole value that comes after an object or an array takes its place",
        rows: &[
            r#"{"address":{"town":"Kyiv"},"channels":[{"type":"sms","value":"1"}],"fields":[{"id":1,"value":"a"}]}"#,
            r#"{"address":null,"channels":"","fields":{}}"#,
            r#"{"address":"Lviv","channels":{"type":"sms"},"fields":"none"}"#,
            r#"{"channels":[{"type":"sms","value":"2"}]}"#,
        ],
        united: r#"{"address":"Lviv","channels":[{"type":"sms","value":"2"}],"fields":"none"}"#,
        conflicts: &[
            ("address", 10, "/address", "object with 1 member", 12),
            ("channels", 10, "/channels", "array with 1 element", 12),
            ("fields", 10, "/fields", "array with 1 element", 12),
            ("channels", 12, "/channels", "object with 1 member", 13),
        ],
    },
    Case {
        name: "a row that is no object says nothing",
        rows: &["5", "{}", "[]"],
        united: "{}",
        conflicts: &[],
    },
];

#[test]
fn rows_become_one_contact_as_the_cases_say() {
    for case in CASES {
        let (union, conflicts) = united(case.rows);
        assert_eq!(encoded(&union), case.united, "{}", case.name);
        assert_eq!(told(&conflicts), case.conflicts, "{}", case.name);
    }
}

#[test]
fn the_memory_of_one_contact_is_used_for_the_next() {
    let mut union = Union::default();
    for case in CASES.iter().chain(CASES) {
        union.clear();
        for (row, text) in (10..).zip(case.rows) {
            add(&mut union, row, text);
        }
        assert_eq!(encoded(&union), case.united, "{}", case.name);
    }
    union.clear();
    assert_eq!((union.channels(), union.channel_bytes()), (0, 0));
    assert_eq!(union.origin(""), None);
    assert_eq!(encoded(&union), "{}");
}

#[test]
fn a_place_is_known_by_the_row_and_the_pointer_there() {
    let (union, _) = united(&[
        r#"{"firstName":"Ann","lastName":"Lee","address":{"town":"Lviv","region":"x"},"channels":[{"type":"sms","value":"1"},{"type":"mobilepush","value":"t","device":{"appId":"a","os":"iOS"}}],"fields":[{"id":1,"value":[5,6]},{"id":2,"value":"b"}]}"#,
        r#"{"lastName":"Lee","address":{"town":"Kyiv"},"channels":[{"type":"mobilepush","value":"t","device":{"appId":"a","appVersion":"1"}}],"fields":[{"id":2,"value":"c"}],"a/b":{"c":[1]}}"#,
    ]);
    for (pointer, row, in_row) in [
        ("", 11, ""),
        ("/firstName", 10, "/firstName"),
        ("/lastName", 11, "/lastName"),
        ("/address", 11, "/address"),
        ("/address/town", 11, "/address/town"),
        ("/address/region", 10, "/address/region"),
        ("/channels", 11, "/channels"),
        ("/channels/0", 10, "/channels/0"),
        ("/channels/0/value", 10, "/channels/0/value"),
        ("/channels/1", 11, "/channels/0"),
        ("/channels/1/type", 11, "/channels/0/type"),
        ("/channels/1/device", 11, "/channels/0/device"),
        ("/channels/1/device/appId", 11, "/channels/0/device/appId"),
        ("/channels/1/device/os", 10, "/channels/1/device/os"),
        ("/channels/1/device/appVersion", 11, "/channels/0/device/appVersion"),
        ("/fields", 11, "/fields"),
        ("/fields/0", 10, "/fields/0"),
        ("/fields/0/value/1", 10, "/fields/0/value/1"),
        ("/fields/1/value", 11, "/fields/0/value"),
        ("/a~1b/c/0", 11, "/a~1b/c/0"),
    ] {
        let origin = Origin { row, pointer: in_row.to_owned() };
        assert_eq!(union.origin(pointer), Some(origin), "{pointer}");
    }
    for nowhere in
        ["firstName", "/", "/b", "/channels/2", "/channels/x", "/channels/0/x", "/fields/9", "/address/x"]
    {
        assert_eq!(union.origin(nowhere), None, "{nowhere}");
    }
}

#[test]
fn channels_are_taken_out_with_their_origin_and_the_rest_goes_on() {
    let mut union = Union::default();
    let sms = |nth: u32| format!(r#"{{"type":"sms","value":"{nth}"}}"#);
    let row = |range: std::ops::Range<u32>| {
        format!(
            r#"{{"channels":[{}],"firstName":"Ann","fields":[{{"id":1,"value":"x"}}]}}"#,
            range.map(sms).collect::<Vec<_>>().join(",")
        )
    };
    add(&mut union, 0, &row(0..30));
    add(&mut union, 1, &row(0..10));
    let bytes = union.channel_bytes();
    assert!(union.remove_channels(|_, _| false).is_empty());
    let removed = union.remove_channels(|kind, value| kind == "sms" && value.len() == 1 && value != "4");
    let told: Vec<_> = removed.iter().map(|removed| (removed.value.as_str(), removed.origin.row)).collect();
    assert_eq!(told, ["0", "1", "2", "3", "5", "6", "7", "8", "9"].map(|value| (value, 1)));
    assert_eq!(removed[4].origin.pointer, "/channels/5");
    assert_eq!(union.channels(), 21);
    assert!(union.channel_bytes() < bytes * 3 / 4);
    assert!(add(&mut union, 2, &row(3..5)).is_empty());
    assert_eq!(union.channels(), 22);
    let left: Vec<String> = (10..30).chain([3, 4]).map(sms).collect();
    let expected =
        format!(r#"{{"channels":[{}],"firstName":"Ann","fields":[{{"id":1,"value":"x"}}]}}"#, left.join(","));
    assert_eq!(encoded(&union), expected);
    assert_eq!(union.origin("/channels/20"), Some(Origin { row: 2, pointer: "/channels/0".to_owned() }));
    assert_eq!(union.remove_channels(|_, _| true).len(), 22);
    assert_eq!(encoded(&union), r#"{"channels":[],"firstName":"Ann","fields":[{"id":1,"value":"x"}]}"#);
    assert_eq!(union.channel_bytes(), 0);
}

#[test]
fn type_and_value_are_given_as_texts_and_channels_without_them_stay() {
    let (mut union, _) = united(&[
        r#"{"channels":[{"type":"sms","value":"a\"b\né"},5,{"type":"sms"},{"type":"sms","value":7}]}"#,
    ]);
    let removed = union.remove_channels(|_, _| true);
    assert_eq!(removed.len(), 1);
    assert_eq!((removed[0].kind.as_str(), removed[0].value.as_str()), ("sms", "a\"b\né"));
    assert_eq!(encoded(&union), r#"{"channels":[5,{"type":"sms"},{"type":"sms","value":7}]}"#);
}

#[test]
fn many_channels_are_gathered_without_looking_at_each() {
    let mut union = Union::default();
    let mut text = String::new();
    for row in 0..40_000_u64 {
        text.clear();
        text.push_str(&format!(
            r#"{{"externalCustomerId":"7","channels":[{{"type":"mobilepush","value":"token-{}","device":{{"appId":"{APP}","appVersion":"{row}"}}}}]}}"#,
            row % 20_000
        ));
        add(&mut union, row, &text);
    }
    assert_eq!(union.channels(), 20_000);
    assert!(union.channel_bytes() > 20_000 * 100);
    assert_eq!(union.origin("/channels/7"), Some(Origin { row: 20_007, pointer: "/channels/0".to_owned() }));
}

#[test]
fn values_that_change_with_every_row_take_no_more_and_more_memory() {
    let mut union = Union::default();
    let channel = |version: usize| {
        json!({ "channels": [{ "type": "mobilepush", "value": "t", "device": { "v": "x".repeat(version) } }] }).to_string()
    };
    add(&mut union, 0, &channel(40));
    let bytes = union.channel_bytes();
    for row in 1..5000 {
        add(&mut union, row, &channel(1 + row as usize % 40));
    }
    assert!(union.channel_bytes() <= bytes, "{} of {bytes}", union.channel_bytes());
    for length in 1..500 {
        add(&mut union, 6000, &channel(length));
    }
    assert!(union.channel_bytes() <= bytes + 2000, "{} of {bytes}", union.channel_bytes());
}

const PUSHES: &str = r#"{"channels":[{"type":"mobilepush","value":"1"},{"type":"mobilepush","value":"2","device":{"active":false}},{"type":"email","value":"a@b.c"},{"type":"mobilepush","value":"3"},{"type":"mobilepush","value":"4"}]}"#;

/// The values of the channels that are left, and of those that are taken out.
fn limited(max: usize, anchor: Option<(&str, &str)>) -> (Vec<String>, Vec<String>) {
    let (mut union, _) = united(&[PUSHES]);
    let max_of = |kind: &str| if kind == "mobilepush" { max } else { 1 };
    let removed = union.limit_channels(max_of, anchor);
    for channel in &removed {
        let pushes: Value = serde_json::from_str(PUSHES).expect("it is JSON");
        assert_eq!(pushes.pointer(&channel.origin.pointer).expect("it is there")["value"], channel.value);
        assert_eq!((channel.kind.as_str(), channel.origin.row), ("mobilepush", 10));
    }
    let contact: Value = serde_json::from_str(&encoded(&union)).expect("it is JSON");
    let channels = contact["channels"].as_array().expect("channels").iter();
    let left: Vec<String> =
        channels.map(|channel| channel["value"].as_str().expect("a text").to_owned()).collect();
    assert_eq!(union.channels(), left.len());
    (left, removed.into_iter().map(|channel| channel.value).collect())
}

#[test]
fn inactive_and_earlier_channels_go_first_and_the_one_it_is_known_by_never() {
    /// How many there may be, what it is known by, which are left, and which are taken out.
    type Case =
        (usize, Option<(&'static str, &'static str)>, &'static [&'static str], &'static [&'static str]);
    let cases: [Case; 7] = [
        (4, None, &["1", "2", "a@b.c", "3", "4"], &[]),
        (3, None, &["1", "a@b.c", "3", "4"], &["2"]),
        (2, None, &["a@b.c", "3", "4"], &["1", "2"]),
        (2, Some(("mobilepush", "2")), &["2", "a@b.c", "4"], &["1", "3"]),
        (4, Some(("mobilepush", "4")), &["4", "1", "2", "a@b.c", "3"], &[]),
        (2, Some(("mobilepush", "4")), &["a@b.c", "4", "3"], &["1", "2"]),
        (1, Some(("email", "a@b.c")), &["a@b.c", "4"], &["1", "2", "3"]),
    ];
    for (max, anchor, left, removed) in cases {
        let (found_left, found_removed) = limited(max, anchor);
        assert_eq!(
            (found_left, found_removed),
            (
                left.iter().map(ToString::to_string).collect(),
                removed.iter().map(ToString::to_string).collect()
            ),
            "{max} {anchor:?}"
        );
    }
}
