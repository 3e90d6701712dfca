//! The public schemas: each rule accepts what it should and refuses what it should not, where it should.

use std::collections::BTreeSet;

use contact::{FORMATS, Normaliser, Schema};
use jsonschema::{Draft, PatternOptions, Registry, Validator};
use ndjson::Parser;
use serde_json::{Map, Value, json};

const CONTACT: &str = include_str!("../../../schemas/contact.schema.json");
const REQUEST: &str = include_str!("../../../schemas/request.schema.json");
const REJECT: &str = include_str!("../../../schemas/reject.schema.json");
const MANIFEST: &str = include_str!("../../../schemas/manifest.schema.json");

/// The codes that the schemas may name.
const CODES: &[&str] = &[
    "bad-app-id",
    "bad-custom-field",
    "bad-email",
    "bad-external-id",
    "bad-id",
    "bad-language",
    "bad-name",
    "bad-phone",
    "bad-time-zone",
    "duplicate-channel",
    "duplicate-field",
    "misplaced-member",
    "no-channel",
];

/// The words that say where a rule is known from.
const SOURCES: &[&str] = &["Documented", "Seen in clients", "Inferred", "Assumption", "Not known"];

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Compiles a schema that may refer to any of the public ones.
fn compile(schema: &Value) -> Validator {
    let registry = [CONTACT, REQUEST, REJECT, MANIFEST].map(parse).into_iter().try_fold(
        Registry::new(),
        |known, schema| {
            let id = schema["$id"].as_str().unwrap_or_default().to_owned();
            known.add(id, schema)
        },
    );
    let registry =
        registry.and_then(|known| known.prepare()).expect("the public schemas refer to each other alone");
    let mut options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .with_registry(&registry)
        .should_validate_formats(true);
    for (name, is_valid) in FORMATS {
        options = options.with_format(*name, *is_valid);
    }
    options.build(schema).expect("the schema compiles")
}

/// Pointer and keyword of each violation, sorted, and the rules of the schema that were broken.
fn violations(validator: &Validator, instance: &Value) -> (Vec<(String, String)>, BTreeSet<String>) {
    let mut found = Vec::new();
    let mut rules = BTreeSet::new();
    for error in validator.iter_errors(instance) {
        found.push((error.instance_path().to_string(), error.kind().keyword().to_owned()));
        rules.insert(error.absolute_keyword_location().expect("the schemas have an $id").to_string());
    }
    found.sort();
    assert_eq!(found.is_empty(), validator.is_valid(instance), "{instance}");
    (found, rules)
}

/// A table of one schema: what it accepts, and what it refuses where and by which keyword.
struct Table {
    schema: &'static str,
    accepted: Vec<Value>,
    refused: Vec<(Value, Vec<(&'static str, &'static str)>)>,
}

impl Table {
    fn of(schema: &'static str) -> Self {
        Self { schema, accepted: Vec::new(), refused: Vec::new() }
    }

    fn accept(&mut self, instances: impl IntoIterator<Item = Value>) {
        self.accepted.extend(instances);
    }

    /// Breaks this rule, and no other.
    fn refuse(&mut self, instance: Value, pointer: &'static str, keyword: &'static str) {
        self.refused.push((instance, vec![(pointer, keyword)]));
    }

    /// Checks the table, and that every rule of the schema is broken by one of its instances.
    fn check(&self) {
        let schema = parse(self.schema);
        let validator = compile(&schema);
        for instance in &self.accepted {
            assert_eq!(violations(&validator, instance).0, [], "{instance}");
        }
        let mut broken = BTreeSet::new();
        for (instance, expected) in &self.refused {
            let (found, rules) = violations(&validator, instance);
            let found: Vec<_> =
                found.iter().map(|(pointer, keyword)| (pointer.as_str(), keyword.as_str())).collect();
            let mut expected = expected.clone();
            expected.sort_unstable();
            assert_eq!(found, expected, "{instance}");
            broken.extend(rules);
        }
        let id = schema["$id"].as_str().expect("the schemas have an $id");
        let mut untested = Vec::new();
        walk(&schema, "", &mut |pointer, object| {
            let rules = object.iter().filter(|(keyword, value)| is_rule(keyword, value));
            untested.extend(
                rules
                    .map(|(keyword, _)| format!("{id}#{pointer}/{keyword}"))
                    .filter(|rule| !broken.contains(rule)),
            );
        });
        assert_eq!(untested, Vec::<String>::new(), "no instance breaks these rules");
    }
}

/// Whether this keyword refuses anything.
fn is_rule(keyword: &str, value: &Value) -> bool {
    const RULES: &[&str] = &[
        "anyOf",
        "const",
        "contains",
        "enum",
        "format",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "not",
        "pattern",
        "required",
        "type",
        "uniqueItems",
    ];
    RULES.contains(&keyword) || (keyword == "additionalProperties" && value == &json!(false))
}

/// Visits every schema object with its pointer, conditions (`if`, `not`) excepted: they refuse nothing by themselves.
fn walk(schema: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &Map<String, Value>)) {
    let Some(object) = schema.as_object() else { return };
    visit(pointer, object);
    for keyword in ["items", "then", "else"] {
        if let Some(part) = object.get(keyword) {
            walk(part, &format!("{pointer}/{keyword}"), visit);
        }
    }
    for keyword in ["properties", "$defs"] {
        for (name, part) in object.get(keyword).and_then(Value::as_object).into_iter().flatten() {
            walk(part, &format!("{pointer}/{keyword}/{name}"), visit);
        }
    }
    for (nth, part) in object.get("allOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        walk(part, &format!("{pointer}/allOf/{nth}"), visit);
    }
}

/// A sound contact with further or other members.
fn contact(more: Value) -> Value {
    let mut contact = json!({"channels": [{"type": "email", "value": "john.smith@example.com"}]});
    for (name, value) in more.as_object().expect("members") {
        contact[name] = value.clone();
    }
    contact
}

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

/// A sound request body with further or other members; `null` takes one away.
fn request(more: Value) -> Value {
    let mut request = json!({"contacts": [contact(json!({}))], "dedupeOn": "externalCustomerId", "contactFields": ["email"]});
    for (name, value) in more.as_object().expect("members") {
        request[name] = value.clone();
    }
    request.as_object_mut().expect("members").retain(|_, value| !value.is_null());
    request
}

#[test]
fn every_rule_of_a_request_body_accepts_and_refuses() {
    let mut table = Table::of(REQUEST);
    table.accept([
        parse(include_str!("../../../fixtures/sample-request.json")),
        request(json!({"dedupeOn": "fieldId", "fieldId": i64::MAX})),
        request(json!({"dedupeOn": "fieldId", "fieldId": i64::MIN})),
        request(json!({"contactFields": [], "customFieldsIDs": [i32::MIN, i32::MAX]})),
        request(json!({"groupNames": ["Imported", "Передплатники"], "groupNamesExclude": ["Old"], "restoreDeleted": true})),
        request(json!({"eventKeyForNewContacts": "#$%&()*+-.:=@[]_{}~0189AZaz"})),
        request(json!({"eventKeyForNewContacts": "k".repeat(100)})),
        request(json!({"contacts": vec![contact(json!({})); 3000]})),
    ]);
    for dedupe_on in ["email", "sms", "push", "webpush", "email_or_sms", "id", "externalCustomerId"] {
        table.accept([request(json!({"dedupeOn": dedupe_on}))]);
        table.refuse(request(json!({"dedupeOn": dedupe_on, "fieldId": 1})), "/fieldId", "not");
    }
    table.refuse(json!([]), "", "type");
    for member in ["contacts", "dedupeOn", "contactFields"] {
        table.refuse(request(json!({ member: null })), "", "required");
    }
    table.refuse(request(json!({"groups": []})), "", "additionalProperties");
    table.refuse(request(json!({"contacts": []})), "/contacts", "minItems");
    table.refuse(request(json!({"contacts": vec![contact(json!({})); 3001]})), "/contacts", "maxItems");
    table.refuse(request(json!({"contacts": {}})), "/contacts", "type");
    table.refuse(request(json!({"contacts": [{"channels": []}]})), "/contacts/0/channels", "minItems");
    table.refuse(request(json!({"dedupeOn": "phone"})), "/dedupeOn", "enum");
    table.refuse(request(json!({"dedupeOn": "fieldId"})), "", "required");
    let by_field = |id: Value| request(json!({"dedupeOn": "fieldId", "fieldId": id}));
    table.refuse(by_field(json!("1")), "/fieldId", "type");
    table.refuse(by_field(json!(9_223_372_036_854_775_808_u64)), "/fieldId", "maximum");
    table.refuse(by_field(json!(-9.3e18)), "/fieldId", "minimum");
    table.refuse(request(json!({"contactFields": "email"})), "/contactFields", "type");
    table.refuse(request(json!({"contactFields": ["email", "email"]})), "/contactFields", "uniqueItems");
    table.refuse(request(json!({"contactFields": ["viber"]})), "/contactFields/0", "enum");
    table.refuse(request(json!({"customFieldsIDs": 1})), "/customFieldsIDs", "type");
    table.refuse(request(json!({"customFieldsIDs": []})), "/customFieldsIDs", "minItems");
    table.refuse(request(json!({"customFieldsIDs": [1, 1]})), "/customFieldsIDs", "uniqueItems");
    table.refuse(request(json!({"customFieldsIDs": ["1"]})), "/customFieldsIDs/0", "type");
    table.refuse(request(json!({"customFieldsIDs": [2_147_483_648_i64]})), "/customFieldsIDs/0", "maximum");
    table.refuse(request(json!({"customFieldsIDs": [-2_147_483_649_i64]})), "/customFieldsIDs/0", "minimum");
    table.refuse(request(json!({"groupNames": "VIP"})), "/groupNames", "type");
    table.refuse(request(json!({"groupNames": []})), "/groupNames", "minItems");
    table.refuse(request(json!({"groupNamesExclude": [""]})), "/groupNamesExclude/0", "minLength");
    table.refuse(request(json!({"groupNamesExclude": [1]})), "/groupNamesExclude/0", "type");
    table.refuse(request(json!({"restoreDeleted": "yes"})), "/restoreDeleted", "type");
    let event = "/eventKeyForNewContacts";
    for character in "<;'\\/|\"^?!,>` \t\n\u{7f}éн".chars() {
        table.refuse(request(json!({"eventKeyForNewContacts": format!("new{character}")})), event, "pattern");
    }
    table.refuse(request(json!({"eventKeyForNewContacts": ""})), event, "minLength");
    table.refuse(request(json!({"eventKeyForNewContacts": "k".repeat(101)})), event, "maxLength");
    table.refuse(request(json!({"eventKeyForNewContacts": 1})), event, "type");
    table.check();
}

/// A changed copy: the value at the pointer is replaced, or taken away.
fn changed(value: &Value, pointer: &str, new: Option<Value>) -> Value {
    let mut copy = value.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer below the root");
    let object = copy.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    match new {
        Some(new) => object.insert(name.to_owned(), new),
        None => object.remove(name),
    };
    copy
}

#[test]
fn a_reject_tells_its_place_its_reasons_and_its_text() {
    let schema = parse(REJECT);
    let validator = compile(&schema);
    let (pruned, rejected) = (&schema["examples"][0], &schema["examples"][1]);
    let too_long =
        changed(&changed(rejected, "/raw", None), "/violations/0/code", Some(json!("line-too-long")));
    let binary = changed(&changed(rejected, "/raw", None), "/raw_base64", Some(json!("eyL/In0=")));
    let duplicate = changed(rejected, "/action", Some(json!("duplicate")));
    let more = changed(rejected, "/omitted", Some(json!(3)));
    for accepted in [pruned, rejected, &too_long, &binary, &duplicate, &more] {
        assert_eq!(violations(&validator, accepted).0, [], "{accepted}");
    }
    let refused = [
        (rejected, "/raw", None, ("", "anyOf")),
        (&duplicate, "/raw", None, ("", "anyOf")),
        (rejected, "/raw_base64", Some(json!("eyL/In0=")), ("", "not")),
        (&binary, "/raw_base64", Some(json!("eyL/In0")), ("/raw_base64", "pattern")),
        (rejected, "/line", Some(json!(0)), ("/line", "minimum")),
        (rejected, "/byte_offset", Some(json!(-1)), ("/byte_offset", "minimum")),
        (rejected, "/action", Some(json!("dropped")), ("/action", "enum")),
        (rejected, "/key", Some(json!(7)), ("/key", "type")),
        (rejected, "/key", None, ("", "required")),
        (rejected, "/time", Some(json!("2024-01-01")), ("", "additionalProperties")),
        (rejected, "/omitted", Some(json!(0)), ("/omitted", "minimum")),
        (rejected, "/violations", Some(json!([])), ("/violations", "minItems")),
        (rejected, "/violations/0/code", Some(json!("Bad Email")), ("/violations/0/code", "pattern")),
        (rejected, "/violations/0/message", None, ("/violations/0", "required")),
        (rejected, "/violations/0/hint", Some(json!("")), ("/violations/0", "additionalProperties")),
        (
            rejected,
            "/violations/0/removed",
            Some(json!("/channels/1")),
            ("/violations/0/removed", "falseSchema"),
        ),
        (pruned, "/violations/0/removed", None, ("/violations/0", "required")),
        (pruned, "/violations/0/removed", Some(json!("")), ("/violations/0/removed", "pattern")),
    ];
    for (base, pointer, new, (place, keyword)) in refused {
        let instance = changed(base, pointer, new);
        let expected = [(place.to_owned(), keyword.to_owned())];
        assert_eq!(violations(&validator, &instance).0, expected, "{instance}");
    }
    let pointer = changed(rejected, "/violations/0/pointer", Some(json!("channels")));
    assert!(!validator.is_valid(&pointer));
}

#[test]
fn a_manifest_tells_options_inputs_counts_and_batches() {
    let schema = parse(MANIFEST);
    let validator = compile(&schema);
    let manifest = &schema["examples"][0];
    let by_field = changed(
        &changed(manifest, "/options/dedupeOn", Some(json!("fieldId"))),
        "/options/fieldId",
        Some(json!(12345)),
    );
    let without_rejects = changed(manifest, "/rejects", None);
    for accepted in [manifest, &by_field, &without_rejects] {
        assert_eq!(violations(&validator, accepted).0, [], "{accepted}");
    }
    let batch = |name: &str, value: Value| {
        let mut batch = manifest["batches"][0].clone();
        batch[name] = value;
        Some(json!([batch]))
    };
    let refused = [
        (manifest, "/format", Some(json!("other")), ("/format", "const")),
        (manifest, "/version", Some(json!(2)), ("/version", "const")),
        (manifest, "/tool", Some(json!("other 1.0.0")), ("/tool", "pattern")),
        (manifest, "/created", Some(json!("2024-01-01")), ("", "additionalProperties")),
        (manifest, "/counts", None, ("", "required")),
        (manifest, "/counts/read", Some(json!(-1)), ("/counts/read", "minimum")),
        (manifest, "/counts/read", Some(json!("10")), ("/counts/read", "type")),
        (manifest, "/counts/lost", Some(json!(1)), ("/counts", "additionalProperties")),
        (manifest, "/counts/written", None, ("/counts", "required")),
        (manifest, "/identity", Some(json!("read 10 = written 8")), ("/identity", "pattern")),
        (manifest, "/options/absent", Some(json!("erase")), ("/options/absent", "enum")),
        (manifest, "/options/batchSize", Some(json!(3001)), ("/options/batchSize", "maximum")),
        (manifest, "/options/threads", Some(json!(4)), ("/options", "additionalProperties")),
        (manifest, "/options/groups", None, ("/options", "required")),
        (manifest, "/options/fieldId", Some(json!(1)), ("/options/fieldId", "falseSchema")),
        (&by_field, "/options/fieldId", None, ("/options", "required")),
        (manifest, "/rejects/lines", None, ("/rejects", "required")),
        (manifest, "/inputs", Some(json!([{"name": "a"}])), ("", "")),
        (manifest, "/batches", batch("file", json!("batch-1.json")), ("/batches/0/file", "pattern")),
        (manifest, "/batches", batch("contacts", json!(3001)), ("/batches/0/contacts", "maximum")),
        (manifest, "/batches", batch("blake3", json!("AF13")), ("/batches/0/blake3", "pattern")),
        (
            manifest,
            "/batches",
            batch("contactFields", json!(["viber"])),
            ("/batches/0/contactFields/0", "enum"),
        ),
        (
            manifest,
            "/batches",
            batch("contactFields", json!(["sms", "sms"])),
            ("/batches/0/contactFields", "uniqueItems"),
        ),
        (
            manifest,
            "/batches",
            batch("customFieldsIDs", json!([1.5])),
            ("/batches/0/customFieldsIDs/0", "type"),
        ),
        (manifest, "/batches", batch("sha256", json!("")), ("/batches/0", "additionalProperties")),
    ];
    for (base, pointer, new, (place, keyword)) in refused {
        let instance = changed(base, pointer, new);
        let found = violations(&validator, &instance).0;
        if keyword.is_empty() {
            assert_eq!(found.len(), 3, "{instance}");
        } else {
            assert_eq!(found, [(place.to_owned(), keyword.to_owned())], "{instance}");
        }
    }
}

#[test]
fn the_schemas_are_schemas_and_their_examples_satisfy_them() {
    for text in [CONTACT, REQUEST, REJECT, MANIFEST] {
        let schema = parse(text);
        jsonschema::draft202012::meta::validate(&schema).expect("a schema of Draft 2020-12");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let id = schema["$id"].as_str().expect("an $id");
        walk(&schema, "", &mut |pointer, object| {
            for example in object.get("examples").and_then(Value::as_array).into_iter().flatten() {
                let part = compile(&json!({ "$ref": format!("{id}#{pointer}") }));
                let found: Vec<_> = part.iter_errors(example).map(|error| error.to_string()).collect();
                assert_eq!(found, Vec::<String>::new(), "{pointer} {example}");
            }
        });
    }
}

#[test]
fn every_annotation_has_a_known_form() {
    for text in [CONTACT, REQUEST, REJECT, MANIFEST] {
        walk(&parse(text), "", &mut |pointer, object| {
            for (keyword, value) in object.iter().filter(|(keyword, _)| keyword.starts_with("x-")) {
                let place = format!("{pointer}/{keyword}");
                match keyword.as_str() {
                    "x-code" | "x-unique-code" => {
                        assert!(value.as_str().is_some_and(|code| CODES.contains(&code)), "{place}");
                    }
                    "x-normalize" => {
                        let is_normaliser =
                            |name: &Value| name.as_str().and_then(Normaliser::from_name).is_some();
                        let names = value.as_array().expect("a list of names");
                        assert!(!names.is_empty() && names.iter().all(is_normaliser), "{place}");
                        // Trimming may leave nothing, so what is empty goes last.
                        assert!(names.iter().rev().skip(1).all(|name| name != "empty-to-absent"), "{place}");
                    }
                    "x-hint" => {
                        let hint = value.as_str().expect("a text");
                        assert!(!hint.is_empty() && !hint.ends_with('.'), "{place}");
                    }
                    "x-renamed" => {
                        assert_eq!(object["additionalProperties"], json!(false), "{place}");
                        let members = object["properties"].as_object().expect("members");
                        for (wrong, right) in value.as_object().expect("names") {
                            assert!(!members.contains_key(wrong), "{place}/{wrong}");
                            assert!(right.as_str().is_some_and(|right| !right.is_empty()), "{place}/{wrong}");
                        }
                    }
                    "x-max-per-type" => {
                        let limits = value.as_object().expect("limits by type");
                        assert!(
                            limits.contains_key("default") && limits.values().all(Value::is_u64),
                            "{place}"
                        );
                    }
                    "x-unique-by" => {
                        let members = value.as_array().expect("a list of members");
                        assert!(!members.is_empty() && members.iter().all(Value::is_string), "{place}");
                    }
                    "x-written-as-integer" => {
                        assert_eq!((value, &object["type"]), (&json!(true), &json!("integer")), "{place}");
                    }
                    _ => panic!("{place} is no annotation of this tool"),
                }
            }
        });
    }
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

#[test]
fn every_rule_of_the_api_names_its_source() {
    for text in [CONTACT, REQUEST] {
        walk(&parse(text), "", &mut |pointer, object| {
            let has_rules = object.iter().any(|(keyword, value)| {
                is_rule(keyword, value) || matches!(keyword.as_str(), "x-max-per-type" | "x-unique-by")
            });
            if has_rules {
                let comment = object.get("$comment").and_then(Value::as_str).unwrap_or_default();
                assert!(SOURCES.iter().any(|source| comment.starts_with(source)), "{pointer}: {comment:?}");
            }
        });
    }
}
