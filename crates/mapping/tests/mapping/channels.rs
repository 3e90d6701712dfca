//! Channels, and which are left out.

use std::collections::BTreeMap;

use mapping::{Apps, Inactive, MappingOptions};

use super::{map, map_row, mapper};

const APP: &str = "83b77a49-fc28-409b-aeaa-68c9d544ab9d";
const OTHER_APP: &str = "11111111-fc28-409b-aeaa-68c9d544ab9d";

const TOKENS: &str = r#"
    [contact]
    externalCustomerId = "id"
    [[channel]]
    type = "mobilepush"
    each = "/tokens"
    value = "./token"
    app = "./app"
    unless = { "./platform" = "web" }
    device.os = { from = "./platform", values = { a = "Android" } }
    device.locale = "locale"
    device.active = "./on"
    active-at = "./seen"
    inactive = [{ reason = "opted-out", hint = "by the user", when = { "./allowed" = false } }]
    [[channel]]
    type = "email"
    value = "email"
    inactive = [{ reason = "unsubscribed", when = { subscribed = ["no", 0] } }]
"#;

fn send() -> MappingOptions {
    MappingOptions { inactive: Inactive::Send, ..MappingOptions::default() }
}

fn apps(any: Option<&str>, by_name: &[(&str, &str)]) -> MappingOptions {
    let by_name = by_name.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned()));
    let apps = Apps { any: any.map(str::to_owned), by_name: by_name.collect::<BTreeMap<_, _>>() };
    MappingOptions { apps, ..MappingOptions::default() }
}

fn channels(options: MappingOptions, record: &str) -> String {
    let contact = map(&mut mapper(TOKENS, options), record).contact;
    contact.split_once("\"channels\":").map_or_else(|| contact.clone(), |(_, channels)| channels.to_owned())
}

#[test]
fn each_element_of_an_array_is_a_channel() {
    for (record, expected) in [
        (
            r#"{"tokens":[{"token":"t1","platform":"a"},{"token":""},{"token":"t2","on":true}],"email":"a@b.c","locale":"uk"}"#,
            r#"[{"type":"mobilepush","value":"t1","device":{"os":"Android","locale":"uk"}},{"type":"mobilepush","value":"t2","device":{"locale":"uk","active":true}},{"type":"email","value":"a@b.c"}]}"#,
        ),
        (r#"{"tokens":[{"token":"t","platform":"web"}]}"#, "[]}"),
        (r#"{"tokens":[null,7,"x",[],{}],"email":5}"#, r#"[{"type":"email","value":"5"}]}"#),
        (r#"{"tokens":[]}"#, "[]}"),
        (r#"{"tokens":null}"#, "[]}"),
        (r#"{"tokens":""}"#, "[]}"),
        ("{}", "[]}"),
        (
            r#"{"tokens":[{"token":"t","on":"maybe"}]}"#,
            r#"[{"type":"mobilepush","value":"t","device":{"active":"maybe"}}]}"#,
        ),
    ] {
        assert_eq!(channels(MappingOptions::default(), record), expected, "{record}");
    }
    for record in [r#"{"tokens":{}}"#, r#"{"tokens":7}"#, r#"{"tokens":"t"}"#] {
        let outcome = map(&mut mapper(TOKENS, MappingOptions::default()), record);
        assert_eq!(
            (outcome.fate(), outcome.told()),
            ("rejected", vec![("not-a-value", "/tokens")]),
            "{record}"
        );
    }
    let outcome = map(&mut mapper(TOKENS, MappingOptions::default()), r#"{"tokens":[{},{"token":{"a":1}}]}"#);
    assert_eq!(outcome.told(), [("not-a-value", "/tokens/1/token")]);
}

#[test]
fn the_element_itself_is_a_place() {
    let mapping = "[[channel]]\ntype = 'sms'\neach = '/phones'\nvalue = '.'";
    let contact =
        map(&mut mapper(mapping, MappingOptions::default()), r#"{"phones":["+1",null," ",2]}"#).contact;
    assert_eq!(contact, r#"{"channels":[{"type":"sms","value":"+1"},{"type":"sms","value":"2"}]}"#);
}

#[test]
fn inactive_channels_are_left_out_and_told() {
    let record = r#"{"id":"u1","tokens":[{"token":"token-1"},{"token":"token-2","allowed":false}]}"#;
    let outcome = map(&mut mapper(TOKENS, MappingOptions::default()), record);
    assert_eq!((outcome.fate(), outcome.told()), ("contact", vec![("opted-out", "/tokens/1/token")]));
    assert!(outcome.contact.ends_with(r#""channels":[{"type":"mobilepush","value":"token-1"}]}"#));
    let told = &outcome.violations()[0];
    assert_eq!(told.removed.as_deref(), Some("/tokens/1/token"));
    assert_eq!(told.value, "t*** (7 characters)");
    assert!(
        told.message.contains("by the user") && told.message.contains("--inactive send"),
        "{}",
        told.message
    );
}

#[test]
fn a_record_whose_channels_are_all_left_out_is_skipped() {
    let record = r#"{"id":"u1","tokens":[{"token":"t","allowed":false}],"email":"a@b.c","subscribed":"no"}"#;
    let outcome = map(&mut mapper(TOKENS, MappingOptions::default()), record);
    assert_eq!(outcome.fate(), "skipped");
    assert_eq!(outcome.told(), [("opted-out", "/tokens/0/token"), ("unsubscribed", "/email")]);
    assert_eq!((outcome.key(), &*outcome.contact), (Some("u1"), ""));
    assert!(outcome.mapped.left_out.is_empty());
}

#[test]
fn inactive_channels_of_mobile_push_can_be_sent_as_such() {
    let record = r#"{"tokens":[{"token":"t","allowed":false,"on":true}],"email":"a@b.c","subscribed":0}"#;
    let outcome = map(&mut mapper(TOKENS, send()), record);
    assert_eq!(outcome.told(), [("unsubscribed", "/email")]);
    assert_eq!(
        outcome.contact,
        r#"{"channels":[{"type":"mobilepush","value":"t","device":{"active":false}}]}"#
    );
}

#[test]
fn tokens_last_seen_too_long_ago_are_left_out() {
    let options = MappingOptions { stale_before: Some(10_000), ..send() };
    for (seen, is_kept) in [
        ("9", false),
        ("\"1970-01-01T00:00:09.999Z\"", false),
        ("10", true),
        ("null", true),
        ("\"soon\"", true),
        ("{}", true),
    ] {
        let record = format!(r#"{{"tokens":[{{"token":"t","seen":{seen}}}],"email":"a@b.c"}}"#);
        let outcome = map(&mut mapper(TOKENS, options.clone()), &record);
        assert_eq!(outcome.contact.contains("mobilepush"), is_kept, "{seen}");
        assert!(outcome.contact.contains("email"));
        let told: &[(&str, &str)] = if is_kept { &[] } else { &[("stale-token", "/tokens/0/token")] };
        assert_eq!(outcome.told(), told, "{seen}");
    }
}

#[test]
fn without_a_date_of_its_own_a_token_has_that_of_the_record() {
    let mapping = "updated-at = 'at'\n[[channel]]\ntype = 'mobilepush'\nvalue = 'token'";
    let stale = MappingOptions { stale_before: Some(10_000), ..MappingOptions::default() };
    let by_user = MappingOptions { updated_at: Some("/other".to_owned()), ..stale.clone() };
    for (options, record, fate) in [
        (&stale, r#"{"token":"t","at":9}"#, "skipped"),
        (&stale, r#"{"token":"t","at":11}"#, "contact"),
        (&by_user, r#"{"token":"t","at":11,"other":9}"#, "skipped"),
        (&by_user, r#"{"token":"t","at":9}"#, "contact"),
    ] {
        assert_eq!(map(&mut mapper(mapping, options.clone()), record).fate(), fate, "{record}");
    }
}

#[test]
fn tokens_belong_to_the_apps_that_are_named() {
    let record = r#"{"tokens":[{"token":"t","app":"com.a"},{"token":"u"},{"token":"v","app":7}]}"#;
    let with = |ids: [Option<&str>; 3]| {
        let channels: Vec<String> = ["t", "u", "v"]
            .iter()
            .zip(ids)
            .map(|(token, id)| match id {
                Some(id) => {
                    format!(r#"{{"type":"mobilepush","value":"{token}","device":{{"appId":"{id}"}}}}"#)
                }
                None => format!(r#"{{"type":"mobilepush","value":"{token}"}}"#),
            })
            .collect();
        format!("[{}]}}", channels.join(","))
    };
    assert_eq!(channels(MappingOptions::default(), record), with([None; 3]));
    assert_eq!(channels(apps(Some(APP), &[]), record), with([Some(APP); 3]));
    assert_eq!(
        channels(apps(Some(APP), &[("7", OTHER_APP)]), record),
        with([Some(APP), Some(APP), Some(OTHER_APP)])
    );
    let outcome = map(&mut mapper(TOKENS, apps(None, &[("com.a", APP)])), record);
    assert_eq!(outcome.told(), [("unknown-app", "/tokens/1/token"), ("unknown-app", "/tokens/2/token")]);
    assert!(outcome.violations()[1].message.contains("--app-id 7=UUID"), "{:?}", outcome.violations());
    assert!(outcome.contact.contains(APP));
}

#[test]
fn the_app_of_the_mapping_comes_before_the_options() {
    let mapping =
        "[[channel]]\ntype = 'mobilepush'\nvalue = 'token'\napp = ['app', 'package']\ndevice.appId = 'own'";
    for (options, record, app) in [
        (apps(Some(APP), &[]), r#"{"token":"t","own":"mine"}"#, Some("mine")),
        (apps(Some(APP), &[]), r#"{"token":"t","own":" "}"#, Some(APP)),
        (apps(None, &[("p", APP)]), r#"{"token":"t","app":1,"package":"p"}"#, Some(APP)),
        (apps(None, &[("p", APP)]), r#"{"token":"t","own":"mine","app":1}"#, Some("mine")),
        (apps(None, &[("p", APP)]), r#"{"token":"t","app":1}"#, None),
    ] {
        let outcome = map(&mut mapper(mapping, options), record);
        match app {
            Some(app) => assert!(outcome.contact.contains(&format!(r#""appId":"{app}""#)), "{record}"),
            None => {
                assert_eq!((outcome.fate(), outcome.told()), ("skipped", vec![("unknown-app", "/token")]))
            }
        }
    }
}

#[test]
fn conditions_hold_by_text() {
    let holds = |condition: &str, record: &str| {
        let mapping = format!("[[channel]]\ntype = 'sms'\nvalue = 'phone'\n{condition}");
        map(&mut mapper(&mapping, MappingOptions::default()), record).contact != r#"{"channels":[]}"#
    };
    for (condition, of, expected) in [
        (r#"when = { a = "x" }"#, r#""a":"x""#, true),
        (r#"when = { a = "x" }"#, r#""a":"X""#, false),
        (r#"when = { a = ["x", 5, true, 0.50] }"#, r#""a":5"#, true),
        (r#"when = { a = ["x", 5, true, 0.50] }"#, r#""a":"5""#, true),
        (r#"when = { a = ["x", 5, true, 0.50] }"#, r#""a":true"#, true),
        (r#"when = { a = ["x", 5, true, 0.50] }"#, r#""a":0.50"#, true),
        (r#"when = { a = ["x", 5, true, 0.50] }"#, r#""a":0.5"#, false),
        (r#"when = { a = "" }"#, r#""b":1"#, true),
        (r#"when = { a = "" }"#, r#""a":null"#, true),
        (r#"when = { a = "" }"#, r#""a":" ""#, true),
        (r#"when = { a = "" }"#, r#""a":"x""#, false),
        (r#"when = { a = "" }"#, r#""a":{}"#, false),
        (r#"unless = { a = "" }"#, r#""a":{}"#, true),
        (r#"when = { a = "x", b = "y" }"#, r#""a":"x","b":"y""#, true),
        (r#"when = { a = "x", b = "y" }"#, r#""a":"x","b":"z""#, false),
        (r#"unless = { a = "x", b = "y" }"#, r#""a":"x","b":"z""#, true),
        (r#"unless = { a = "x", b = "y" }"#, r#""a":"x","b":"y""#, false),
        ("when = { a = 'x' }\nunless = { b = 'y' }", r#""a":"x","b":"z""#, true),
        ("when = { a = 'x' }\nunless = { b = 'y' }", r#""a":"x","b":"y""#, false),
        ("when = { a = 'x' }\nunless = { b = 'y' }", r#""a":"w""#, false),
        (r#"when = { "/a/b" = "x,y" }"#, r#""a":{"b":["x","y"]}"#, true),
        ("when = { a = -5 }", r#""a":-5"#, true),
        ("when = { a = [] }", r#""a":"x""#, false),
    ] {
        assert_eq!(holds(condition, &format!(r#"{{"phone":"1",{of}}}"#)), expected, "{condition} with {of}");
    }
}

#[test]
fn the_first_rule_that_holds_skips_the_record_before_anything_else() {
    let mapping = r#"
        updated-at = "at"
        [contact]
        externalCustomerId = "id"
        firstName = "name"
        [[skip]]
        reason = "web-push"
        hint = "keys are missing"
        when = { kind = ["w", 5] }
        [[skip]]
        reason = "other"
        unless = { kind = "m" }
    "#;
    let mut mapper = mapper(mapping, MappingOptions::default());
    for (record, code) in [
        (r#"{"id":7,"kind":"5","name":{},"at":"soon"}"#, "web-push"),
        (r#"{"id":7,"kind":"x","name":{}}"#, "other"),
    ] {
        let outcome = map(&mut mapper, record);
        assert_eq!((outcome.fate(), outcome.told(), outcome.key()), ("skipped", vec![(code, "")], Some("7")));
        assert_eq!((&*outcome.contact, outcome.mapped.updated_at), ("", None));
    }
    assert!(map(&mut mapper, r#"{"kind":"w"}"#).violations()[0].message.contains("keys are missing"));
    assert_eq!(map(&mut mapper, r#"{"kind":"m"}"#).fate(), "contact");
    assert_eq!(map_row(&mut mapper, "kind,id", &["5", "u"]).key(), Some("u"));
}

#[test]
fn a_channel_of_a_constant_points_nowhere() {
    let mapping = r#"
        [[channel]]
        type = "mobilepush"
        value = { constant = "t" }
        inactive = [{ reason = "off", when = { on = false } }]
    "#;
    let outcome = map(&mut mapper(mapping, MappingOptions::default()), r#"{"on":false}"#);
    assert_eq!((outcome.fate(), outcome.told()), ("skipped", vec![("off", "")]));
}
