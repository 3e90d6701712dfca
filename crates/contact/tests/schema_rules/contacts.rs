//! The rules of a contact.

use contact::Schema;
use ndjson::Parser;
use serde_json::{Value, json};

use super::{CONTACT, Table, contact};

fn channel(channel: Value) -> Value {
    json!({"channels": [channel]})
}

fn of_type(kind: &str, value: &str) -> Value {
    channel(json!({"type": kind, "value": value}))
}

fn device(device: Value) -> Value {
    channel(json!({"type": "mobilepush", "value": "token", "device": device}))
}

fn subscription(subscription: Value) -> Value {
    channel(json!({"type": "webpush", "value": "token", "webPushSubscription": subscription}))
}

#[test]
fn every_rule_of_a_contact_accepts_and_refuses() {
    let mut table = Table::of(CONTACT);
    identifiers(&mut table);
    names(&mut table);
    address_language_and_zone(&mut table);
    channels(&mut table);
    devices_and_subscriptions(&mut table);
    custom_fields(&mut table);
    table.check();
}

fn identifiers(table: &mut Table) {
    table.accept([
        contact(json!({"externalCustomerId": "6add3c31-3ec6-4f34-b20e-8c757fe65270"})),
        contact(json!({"externalCustomerId": "a b"})),
        contact(json!({"externalCustomerId": "7"})),
        contact(json!({"contactKey": "k"})),
        contact(json!({"id": i64::MAX})),
        contact(json!({"id": i64::MIN})),
        contact(json!({"addressBookId": i32::MAX})),
        contact(json!({"addressBookId": i32::MIN})),
    ]);
    table.refuse(json!([]), "", "type");
    table.refuse(contact(json!({"nickname": "J"})), "", "additionalProperties");
    table.refuse(contact(json!({"externalCustomerId": ""})), "/externalCustomerId", "minLength");
    for spaced in [" 7", "7 ", "7\n", "\u{a0}7", " "] {
        table.refuse(contact(json!({"externalCustomerId": spaced})), "/externalCustomerId", "pattern");
    }
    table.refuse(contact(json!({"externalCustomerId": 7})), "/externalCustomerId", "type");
    table.refuse(contact(json!({"contactKey": ""})), "/contactKey", "minLength");
    table.refuse(contact(json!({"contactKey": 7})), "/contactKey", "type");
    table.refuse(contact(json!({"id": "12"})), "/id", "type");
    table.refuse(contact(json!({"id": 1.5})), "/id", "type");
    // Nearer to the bound than a 64-bit float can tell.
    table.refuse(contact(json!({"id": 9_223_372_036_854_775_808_u64})), "/id", "maximum");
    table.refuse(contact(json!({"id": -9.3e18})), "/id", "minimum");
    table.refuse(contact(json!({"addressBookId": "1"})), "/addressBookId", "type");
    table.refuse(contact(json!({"addressBookId": 2_147_483_648_i64})), "/addressBookId", "maximum");
    table.refuse(contact(json!({"addressBookId": -2_147_483_649_i64})), "/addressBookId", "minimum");
}

fn names(table: &mut Table) {
    let forty = "я".repeat(40);
    let both = "John|Я|李小龙|Łukasz|José|Jose\u{301}|अनुष्का|محمد|O'Connor|O’Connor|Мар'яна|Мар’яна|Мар\u{2bc}яна|\
        Jean-Pierre|Jean\u{2010}Pierre|Anna-Maria Louise|Anna Maria|Anna Maria de la Cruz|Nguyễn Thị Minh Khai|\
        J. R. R.|J.-P.|Dr. No|Jr.|R2D2|Louis 14";
    for name in both.split('|').chain([forty.as_str()]) {
        table.accept([contact(json!({"firstName": name})), contact(json!({"lastName": name}))]);
    }
    // A last name may have any number of words.
    for name in ["Anna Maria Louise Sophie", "J. R. R. T.", "de la Cruz y de la Vega"] {
        table.accept([contact(json!({"lastName": name}))]);
        table.refuse(contact(json!({"firstName": name})), "/firstName", "pattern");
    }
    let signs = "john@example|Anna 😀|A❤B|<b>Anna</b>|Anna, Maria|Anna\u{200d}Maria|Anna\tMaria|Anna\n";
    let places = "A  B| Anna|Anna |-Anna|Anna-|Jean - Pierre|Jean--Pierre|'Anna'|O''Connor";
    let dots = "t.me|J.R.R.|Prof. No|Anna..";
    let digits = "John3000|John3000x5|١٢٣";
    for name in [signs, places, dots, digits].into_iter().flat_map(|names| names.split('|')) {
        table.refuse(contact(json!({"firstName": name})), "/firstName", "pattern");
        table.refuse(contact(json!({"lastName": name})), "/lastName", "pattern");
    }
    for two_rules in ["12345", "john@example.com", "---", ""] {
        table.refused.push((contact(json!({"firstName": two_rules})), vec![("/firstName", "pattern"); 2]));
        table.refused.push((contact(json!({"lastName": two_rules})), vec![("/lastName", "pattern"); 2]));
    }
    table.refuse(contact(json!({"firstName": format!("{forty}я")})), "/firstName", "maxLength");
    table.refuse(contact(json!({"lastName": "x".repeat(41)})), "/lastName", "maxLength");
    table.refuse(contact(json!({"firstName": 1})), "/firstName", "type");
}

fn address_language_and_zone(table: &mut Table) {
    table.accept([
        contact(json!({"address": {}})),
        contact(json!({"address": {"region": "Kyivska", "town": "Київ", "address": "вул. Прикладна, 12/3", "postcode": "01001"}})),
        contact(json!({"languageCode": "pt-BR", "timeZone": "Europe/Kyiv"})),
    ]);
    table.refuse(contact(json!({"address": "Kyiv"})), "/address", "type");
    table.refuse(contact(json!({"address": {"city": "Kyiv"}})), "/address", "additionalProperties");
    table.refuse(contact(json!({"address": {"postcode": 1001}})), "/address/postcode", "type");
    table.refuse(contact(json!({"address": {"town": ["Kyiv"]}})), "/address/town", "type");
    table.refuse(contact(json!({"languageCode": 1})), "/languageCode", "type");
    table.refuse(contact(json!({"timeZone": 2})), "/timeZone", "type");
    for language in ["ukr", "Ukrainian", "ua-", "xx_YY"] {
        table.refuse(contact(json!({"languageCode": language})), "/languageCode", "format");
    }
    for zone in ["Mars/Base", "+02:00", "Kyiv"] {
        table.refuse(contact(json!({"timeZone": zone})), "/timeZone", "format");
    }
}

fn channels(table: &mut Table) {
    table.refuse(json!({}), "", "required");
    table.refuse(json!({"channels": []}), "/channels", "minItems");
    table.refuse(json!({"channels": {"email": "a@example.com"}}), "/channels", "type");
    table.refuse(channel(json!("a@example.com")), "/channels/0", "type");
    table.refuse(channel(json!({"type": "sms"})), "/channels/0", "required");
    table.refuse(channel(json!({"value": "token"})), "/channels/0", "required");
    table.refuse(
        channel(json!({"type": "mobilepush", "value": "token", "token": "t"})),
        "/channels/0",
        "additionalProperties",
    );
    for kind in ["webPush", "push", "EMAIL", "phone", ""] {
        table.refuse(of_type(kind, "x"), "/channels/0/type", "enum");
    }
    table.refuse(channel(json!({"type": "mobilepush", "value": 1})), "/channels/0/value", "type");
    for kind in ["mobilepush", "webpush", "appinbox", "widget", "inapp"] {
        table.accept([of_type(kind, "ExponentPushToken[example]"), of_type(kind, " ")]);
        table.refuse(of_type(kind, ""), "/channels/0/value", "minLength");
    }
    for email in ["a@example.com", "first.last+tag@sub.example.com", "O'Connor@example.com"] {
        table.accept([of_type("email", email)]);
    }
    for email in ["nobody", "a@", "@example.com", "a b@example.com", "a@example.com, b@example.com"] {
        table.refuse(of_type("email", email), "/channels/0/value", "format");
    }
    table.refuse(of_type("email", "John <a@example.com>"), "/channels/0/value", "pattern");
    for phone in ["380955547708", "+447911123456", "1234567", "123456789012345"] {
        table.accept([of_type("sms", phone), of_type("viber", phone)]);
    }
    for phone in [
        "0955547708",
        "+0955547708",
        "123456",
        "1234567890123456",
        "+380 95 554 77 08",
        "++380955547708",
        "380955547708\n",
        "٣٨٠٩٥٥٥٤٧٧٠٨",
        "call me",
    ] {
        table.refuse(of_type("sms", phone), "/channels/0/value", "pattern");
        table.refuse(of_type("viber", phone), "/channels/0/value", "pattern");
    }
}

fn devices_and_subscriptions(table: &mut Table) {
    table.accept([
        device(json!({})),
        device(json!({
            "appId": "83b77a49-fc28-409b-aeaa-68c9d544ab9d", "deviceModel": "iPhone 13", "os": "Android", "locale": "ua",
            "clientVersion": "1.6.8", "appVersion": "4.1.6", "active": false
        })),
        device(json!({"deviceModel": "м".repeat(50), "os": "HarmonyOS", "clientVersion": "native"})),
        subscription(json!({})),
        subscription(json!({
            "appId": 1234, "userAgent": "Chrome", "userAgentVersion": "126.0", "userAgentLanguage": "uk", "os": "Windows 11",
            "ip": "192.0.2.17", "subscriptionPage": "https://shop.example.com/", "swActiveVersion": "2.1.0"
        })),
    ]);
    for (kind, value) in [
        ("email", "a@example.com"),
        ("sms", "380955547708"),
        ("viber", "380955547708"),
        ("webpush", "token"),
        ("appinbox", "token"),
        ("widget", "token"),
        ("inapp", "token"),
    ] {
        table.refuse(
            channel(json!({"type": kind, "value": value, "device": {}})),
            "/channels/0/device",
            "not",
        );
    }
    for (kind, value) in [
        ("email", "a@example.com"),
        ("sms", "380955547708"),
        ("viber", "380955547708"),
        ("mobilepush", "token"),
        ("appinbox", "token"),
        ("widget", "token"),
        ("inapp", "token"),
    ] {
        table.refuse(
            channel(json!({"type": kind, "value": value, "webPushSubscription": {}})),
            "/channels/0/webPushSubscription",
            "not",
        );
    }
    table.refuse(device(json!("Android")), "/channels/0/device", "type");
    table.refuse(device(json!({"platform": "iOS"})), "/channels/0/device", "additionalProperties");
    for app_id in ["com.example.app", "83b77a49fc28409baeaa68c9d544ab9d", ""] {
        table.refuse(device(json!({"appId": app_id})), "/channels/0/device/appId", "format");
    }
    table.refuse(
        device(json!({"deviceModel": "m".repeat(51)})),
        "/channels/0/device/deviceModel",
        "maxLength",
    );
    table.refuse(device(json!({"appId": 1})), "/channels/0/device/appId", "type");
    table.refuse(device(json!({"deviceModel": 13})), "/channels/0/device/deviceModel", "type");
    table.refuse(device(json!({"os": 1})), "/channels/0/device/os", "type");
    table.refuse(device(json!({"locale": 1})), "/channels/0/device/locale", "type");
    table.refuse(device(json!({"clientVersion": 1.6})), "/channels/0/device/clientVersion", "type");
    table.refuse(device(json!({"appVersion": 4.1})), "/channels/0/device/appVersion", "type");
    table.refuse(device(json!({"active": "true"})), "/channels/0/device/active", "type");

    table.refuse(subscription(json!([])), "/channels/0/webPushSubscription", "type");
    table.refuse(
        subscription(json!({"endpoint": "https://push.example.com/"})),
        "/channels/0/webPushSubscription",
        "additionalProperties",
    );
    let app_id = "/channels/0/webPushSubscription/appId";
    table.refuse(subscription(json!({"appId": "83b77a49-fc28-409b-aeaa-68c9d544ab9d"})), app_id, "type");
    table.refuse(subscription(json!({"appId": 2_147_483_648_i64})), app_id, "maximum");
    table.refuse(subscription(json!({"appId": -2_147_483_649_i64})), app_id, "minimum");
    table.refuse(
        subscription(json!({"userAgentVersion": 126})),
        "/channels/0/webPushSubscription/userAgentVersion",
        "type",
    );
}

fn custom_fields(table: &mut Table) {
    table.accept([
        contact(json!({"fields": []})),
        contact(
            json!({"fields": [{"id": i32::MAX, "value": ""}, {"id": i32::MIN, "value": "ї".repeat(5000)}]}),
        ),
    ]);
    table.refuse(contact(json!({"fields": {"12345": "writer"}})), "/fields", "type");
    table.refuse(contact(json!({"fields": ["writer"]})), "/fields/0", "type");
    table.refuse(contact(json!({"fields": [{"value": "writer"}]})), "/fields/0", "required");
    table.refuse(contact(json!({"fields": [{"id": 1}]})), "/fields/0", "required");
    table.refuse(
        contact(json!({"fields": [{"id": 1, "value": "x", "name": "job"}]})),
        "/fields/0",
        "additionalProperties",
    );
    table.refuse(contact(json!({"fields": [{"id": "1", "value": "x"}]})), "/fields/0/id", "type");
    table.refuse(
        contact(json!({"fields": [{"id": 2_147_483_648_i64, "value": "x"}]})),
        "/fields/0/id",
        "maximum",
    );
    table.refuse(
        contact(json!({"fields": [{"id": -2_147_483_649_i64, "value": "x"}]})),
        "/fields/0/id",
        "minimum",
    );
    table.refuse(contact(json!({"fields": [{"id": 1, "value": 12}]})), "/fields/0/value", "type");
    table.refuse(
        contact(json!({"fields": [{"id": 1, "value": "x".repeat(5001)}]})),
        "/fields/0/value",
        "maxLength",
    );
}

#[test]
fn an_identifier_is_written_without_fraction_and_exponent() {
    let schema = Schema::contact().expect("the contact's schema is sound");
    let check = |more: &str| {
        let text = format!(r#"{{"channels":[{{"type":"webpush","value":"t","webPushSubscription":{more}"#);
        Parser::new().parse(text.as_bytes(), |tape| schema.check(tape)).expect("JSON")
    };
    for number in ["5", "5.0", "5e0"] {
        for (more, pointer) in [
            (r#"{"appId":N}}]}"#, "/channels/0/webPushSubscription/appId"),
            (r#"{}}],"id":N}"#, "/id"),
            (r#"{}}],"addressBookId":N}"#, "/addressBookId"),
            (r#"{}}],"fields":[{"id":N,"value":"x"}]}"#, "/fields/0/id"),
        ] {
            let violations = check(&more.replace('N', number));
            let pointers: Vec<_> = violations.iter().map(|violation| violation.pointer.as_str()).collect();
            let expected: &[&str] = if number == "5" { &[] } else { &[pointer] };
            assert_eq!(pointers, expected, "{number}");
        }
    }
}
