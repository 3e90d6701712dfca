//! The schema says the same of a mapping as its reader.

use jsonschema::Validator;
use mapping::{Mapping, presets};
use serde_json::Value;

fn schema() -> Validator {
    let schema = include_str!("../../../../schemas/mapping.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).expect("what the test makes is sound"))
        .expect("what the test makes is sound")
}

/// The example of the documentation that is whole.
fn documented() -> &'static str {
    let docs = include_str!("../../../../docs/mapping.md");
    let (_, from) = docs.split_once("This one is whole:\n\n```toml\n").expect("what the test makes is sound");
    from.split_once("```").expect("what the test makes is sound").0
}

#[test]
fn presets_and_the_documented_mapping_are_valid() {
    let schema = schema();
    let documented = [("documented", documented())];
    for (name, toml) in presets().iter().map(|preset| (preset.name, preset.toml)).chain(documented) {
        Mapping::parse(name, toml).expect("what the test makes is sound");
        let mapping: Value = toml::from_str(toml).expect("what the test makes is sound");
        let errors: Vec<String> =
            schema.iter_errors(&mapping).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn schema_and_reader_agree() {
    let schema = schema();
    let sms = "[[channel]]\ntype = 'sms'\nvalue = 'a'\n";
    for (mapping, is_valid) in [
        (sms.to_owned(), true),
        ("[contact]\nexternalCustomerId = 'a'".to_owned(), true),
        ("as = 'contacts'\narray = '/a'".to_owned(), true),
        ("as = 'rejects'\n[recognise]\nany = ['/a']".to_owned(), true),
        ("as = 'rejects'\narray = '/a'".to_owned(), false),
        ("as = 'rejects'\nformat = 'json'".to_owned(), false),
        (format!("as = 'rejects'\n{sms}"), false),
        (format!("{sms}inactive = [{{ reason = 'x', when = {{ a = [1, true, 'b'], b = '' }} }}]"), true),
        (format!("optional = ['a']\ndelimiter = \"\\t\"\nupdated-at = '/a/b'\n{sms}"), true),
        ("[contact]\nexternalCustomerId = { from = ['a', '/b'], json = '', normalize = ['trim'], values = { a = 'b' }, otherwise = '' }".to_owned(), true),
        ("[[channel]]\ntype = 'mobilepush'\neach = '/a'\nvalue = '.'\ndevice.os = { constant = 'iOS' }\napp = ['a', './b']".to_owned(), true),
        ("[[field]]\nid = 5\nvalue = 'a'\n[contact]\nexternalCustomerId = 'a'".to_owned(), true),
        ("".to_owned(), false),
        ("[contact]\nfirstName = 'a'".to_owned(), false),
        (format!("titel = 'a'\n{sms}"), false),
        (format!("as = 'contacts'\n{sms}"), false),
        ("as = 'contact'".to_owned(), false),
        (format!("format = 'xml'\n{sms}"), false),
        (format!("array = 'a'\n{sms}"), false),
        (format!("delimiter = ',,'\n{sms}"), false),
        (format!("delimiter = '\"'\n{sms}"), false),
        (format!("updated-at = './a'\n{sms}"), false),
        (format!("{sms}valeu = 'a'"), false),
        (format!("{sms}device.os = 'a'"), false),
        (format!("{sms}when = {{}}"), false),
        (format!("{sms}when = {{ a.b = 'c' }}"), false),
        (format!("{sms}inactive = [{{ reason = 'x' }}]"), false),
        (format!("{sms}inactive = [{{ reason = 'X y', when = {{ a = 1 }} }}]"), false),
        ("[[channel]]\ntype = 'push'\nvalue = 'a'".to_owned(), false),
        ("[[channel]]\ntype = 'sms'\nvalue = ''".to_owned(), false),
        ("[[channel]]\ntype = 'sms'\nvalue = '/a~2'".to_owned(), false),
        ("[[channel]]\ntype = 'sms'\nvalue = { from = 'a', constant = 'b' }".to_owned(), false),
        ("[[channel]]\ntype = 'sms'\nvalue = { from = 'a', otherwise = 'b' }".to_owned(), false),
        ("[[channel]]\ntype = 'sms'\nvalue = { from = 'a', normalize = ['lokale'] }".to_owned(), false),
        (format!("[[field]]\nid = 0\nvalue = 'a'\n{sms}"), false),
        (format!("[recognise]\nnone = ['a']\n{sms}"), false),
        (format!("[contact]\naddress = 'a'\n{sms}"), false),
    ] {
        let value: Value = toml::from_str(&mapping).expect("what the test makes is sound");
        let by_reader = Mapping::parse("x", &mapping);
        assert_eq!((schema.is_valid(&value), by_reader.is_ok()), (is_valid, is_valid), "{mapping}: {by_reader:?}");
    }
}
