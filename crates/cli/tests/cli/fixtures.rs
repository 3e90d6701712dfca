//! The bundled fixtures: every record's fate is known.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{code, fixture, folder, json, json_lines, run, stderr};

#[test]
fn each_fault_of_the_dirty_fixture_is_told_under_its_code_and_line() {
    let folder = folder();
    let dirty = fixture("dirty.ndjson");
    // Of repetitions the expectations say what they are without merging.
    let args = ["prepare", dirty.to_str().expect("a path"), "-o", "out", "--on-duplicate", "first"];
    let output = run(folder.path(), &args);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let rejects = std::fs::read_to_string(folder.path().join("out/rejects.ndjson")).expect("rejects");
    let schema = json(&fixture("../schemas/reject.schema.json"));
    let validator = jsonschema::validator_for(&schema).expect("the schema is sound");
    let mut told = BTreeSet::new();
    for reject in json_lines(&rejects) {
        assert!(validator.is_valid(&reject), "{reject}");
        for violation in reject["violations"].as_array().expect("violations") {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            told.insert((
                reject["line"].to_string(),
                text(&reject["action"]),
                text(&violation["code"]),
                text(&violation["pointer"]),
            ));
        }
    }
    let expected = std::fs::read_to_string(fixture("dirty.expected.tsv")).expect("the expectations");
    let expected: BTreeSet<_> = expected
        .lines()
        .skip(1)
        .map(|row| {
            let mut cells = row.split('\t').map(str::to_owned);
            let mut cell = || cells.next().unwrap_or_default();
            (cell(), cell(), cell(), cell())
        })
        .collect();
    let missing: Vec<_> = expected.difference(&told).collect();
    let surplus: Vec<_> = told.difference(&expected).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:#?}\nsurplus {surplus:#?}");
}

#[test]
fn a_rejected_record_stands_in_the_rejects_as_it_was_read() {
    let folder = folder();
    let dirty = std::fs::read(fixture("dirty.ndjson")).expect("the fixture");
    run(folder.path(), &["prepare", fixture("dirty.ndjson").to_str().expect("a path"), "-o", "out"]);
    let rejects = std::fs::read_to_string(folder.path().join("out/rejects.ndjson")).expect("rejects");
    let mut compared = 0;
    for reject in json_lines(&rejects).iter().filter(|reject| reject["action"] != "pruned") {
        let raw = match (reject["raw"].as_str(), reject["raw_base64"].as_str()) {
            (Some(raw), None) => raw.as_bytes().to_vec(),
            (None, Some(raw)) => data_encoding::BASE64.decode(raw.as_bytes()).expect("base64"),
            other => panic!("{reject}: {other:?}"),
        };
        let start = usize::try_from(reject["byte_offset"].as_u64().expect("an offset")).expect("it fits");
        assert_eq!(&dirty[start..start + raw.len()], raw, "{reject}");
        compared += 1;
    }
    assert!(compared > 50);
}

#[test]
fn clean_fixtures_come_through_whole_and_their_bodies_satisfy_the_schema() {
    let request = json(&fixture("../schemas/request.schema.json"));
    let contact = json(&fixture("../schemas/contact.schema.json"));
    let manifest = json(&fixture("../schemas/manifest.schema.json"));
    let registry = jsonschema::Registry::new()
        .add("https://reteno-import.dev/schemas/contact.schema.json", contact)
        .and_then(jsonschema::RegistryBuilder::prepare)
        .expect("the schema is sound");
    let request =
        jsonschema::options().with_registry(&registry).build(&request).expect("the schema is sound");
    let manifest = jsonschema::validator_for(&manifest).expect("the schema is sound");
    for name in [
        "clean.ndjson",
        "mixed-fields.ndjson",
        "unicode-names.ndjson",
        "array.json",
        "concatenated.json",
        "request-bodies.ndjson",
        "sample-request.json",
    ] {
        let folder = folder();
        let output = run(folder.path(), &["prepare", fixture(name).to_str().expect("a path"), "-o", "out"]);
        assert_eq!(code(&output), 0, "{name}: {}", stderr(&output));
        let told = json(&folder.path().join("out/manifest.json"));
        assert!(manifest.is_valid(&told), "{name}: {told}");
        assert_eq!(told["counts"]["written"], told["counts"]["read"], "{name}");
        for batch in told["batches"].as_array().expect("batches") {
            let body = json(&folder.path().join("out").join(batch["file"].as_str().expect("a name")));
            assert!(request.is_valid(&body), "{name}: {body}");
            assert_eq!(batch["contacts"], body["contacts"].as_array().expect("contacts").len());
        }
    }
}

#[test]
fn the_sample_request_comes_out_as_it_is() {
    let folder = folder();
    let sample = fixture("sample-request.json");
    let output = run(folder.path(), &["prepare", sample.to_str().expect("a path"), "-o", "out"]);
    assert_eq!(code(&output), 0);
    assert_eq!(json(&folder.path().join("out/batch-000001.json")), json(&sample));
}
