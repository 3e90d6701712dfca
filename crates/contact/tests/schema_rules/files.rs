//! What is made of contacts: request bodies, rejects, the manifest.

use serde_json::{Value, json};

use super::{MANIFEST, REJECT, REQUEST, Table, compile, contact, parse, violations};

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
        parse(include_str!("../../../../fixtures/sample-request.json")),
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
