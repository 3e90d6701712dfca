//! `check`, by the contact's rules and by any schema.

use super::{code, contact, folder, json_lines, program, run, stderr, stdout};

#[test]
fn an_input_without_a_record_is_a_warning_and_no_failure() {
    let folder = folder();
    std::fs::write(folder.path().join("empty.ndjson"), "\n").expect("a file");
    std::fs::write(folder.path().join("none.ndjson"), "").expect("a file");
    for (args, warning) in [
        (&["check", "empty.ndjson"][..], "warning: the input holds no record\n"),
        (&["prepare", "none.ndjson", "--discard"], "warning: the input holds no record\n"),
        (&["check", "empty.ndjson", "none.ndjson"], "warning: the inputs hold no record\n"),
    ] {
        let output = run(folder.path(), args);
        assert_eq!(code(&output), 0);
        assert!(stderr(&output).contains(warning), "{}", stderr(&output));
        let output = run(folder.path(), &[args, &["--quiet"]].concat());
        assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    }
}

#[test]
fn rejects_can_be_data_on_standard_output() {
    let folder = folder();
    let input = format!("{}\n{{}}\n", contact("a"));
    let output = program(folder.path())
        .args(["check", "--rejects", "-"])
        .write_stdin(input)
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 1);
    let rejects = json_lines(&stdout(&output));
    assert_eq!(rejects.len(), 1);
    assert_eq!(rejects[0]["violations"][0]["code"], "missing-member");
    assert!(stderr(&output).contains("read 2 = written 1 + merged 0 + rejected 1"));
}

#[test]
fn any_lines_are_validated_by_any_schema() {
    let folder = folder();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write(
        "schema.json",
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{
        "n":{"$ref":"https://example.com/n.json#/definitions/small"},"mail":{"type":"string","format":"email"}},
        "if":{"required":["mail"]},"then":{"required":["n"]},"additionalProperties":false}"#,
    );
    write("n.json", r#"{"definitions":{"small":{"maximum":9}}}"#);
    write("in.ndjson", "{\"n\":1}\n{\"n\":10}\n{\"mail\":\"x\"}\n[1]\n{\"n\":1,\"x\":2}\n{\"n\":007}\n");
    let check = |more: &[&str]| {
        let mut args = vec![
            "check",
            "--raw",
            "--schema",
            "schema.json",
            "--schema-resource",
            "https://example.com/n.json=n.json",
            "in.ndjson",
            "--rejects",
            "-",
        ];
        args.extend(more);
        let output = run(folder.path(), &args);
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let of = |reject: &serde_json::Value| {
            let violation = &reject["violations"][0];
            format!(
                "{} {} {}",
                reject["line"],
                violation["code"].as_str().unwrap_or("?"),
                violation["pointer"].as_str().unwrap_or("?")
            )
        };
        json_lines(&stdout(&output)).iter().map(of).collect::<Vec<_>>()
    };
    // Draft 7 lets `format` refuse values by itself; later dialects only with --assert-formats.
    let expected = [
        "2 out-of-range /n",
        "3 bad-format /mail",
        "4 wrong-type ",
        "5 unknown-member /x",
        "6 leading-zero ",
    ];
    assert_eq!(check(&[]), expected);
    assert_eq!(check(&["--assert-formats"]), expected);
    write("schema.json", r#"{"format":"email"}"#);
    write("in.ndjson", "\"nobody\"\n");
    let raw = |more: &[&str]| {
        code(&run(
            folder.path(),
            &[&["check", "--raw", "--schema", "schema.json", "in.ndjson"], more].concat(),
        ))
    };
    assert_eq!((raw(&[]), raw(&["--assert-formats"])), (0, 1));
}

#[test]
fn a_schema_of_the_user_tightens_the_rules_of_contacts() {
    let folder = folder();
    let schema = r#"{"required":["languageCode"],"properties":{"languageCode":{"enum":["uk"]}}}"#;
    std::fs::write(folder.path().join("mine.json"), schema).expect("a file");
    let uk = contact("a").replacen('{', r#"{"languageCode":"UA","#, 1);
    let input = format!("{uk}\n{}\n", contact("b"));
    let output = program(folder.path()).args(["check", "--schema", "mine.json"]).write_stdin(input).output();
    let output = output.expect("the program starts");
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output)
            .contains("<stdin>:2: rejected missing-member: the member \"languageCode\" is missing")
    );
    assert!(!stderr(&output).contains("<stdin>:1:"));
}

#[test]
fn several_inputs_are_one_stream_and_each_record_remembers_its_own() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("a file");
    write("data/1.ndjson", format!("{}\n{{}}\n", contact("a")));
    write("data/2.json", format!("[\n{},\n{{}}\n]", contact("b")));
    write("data/3.ndjson", contact("a"));
    let output = run(folder.path(), &["check", "data", "--on-duplicate", "first"]);
    assert_eq!(code(&output), 1);
    let said = stderr(&output);
    for line in [
        "data/1.ndjson:2: rejected",
        "data/2.json:3: rejected",
        "data/3.ndjson:1: duplicate repeated-key: a contact with this key came before, at data/1.ndjson:1",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn request_bodies_are_checked_whatever_they_say_to_the_api_except_by_what_contacts_are_known() {
    let folder = folder();
    let body = |more: &str| format!(r#"{{"contacts":[{}]{more}}}"#, contact("a"));
    for (more, expected) in [
        (r#","groupNames":["VIP"],"restoreDeleted":true,"eventKeyForNewContacts":"new""#, 0),
        (r#","dedupeOn":"email""#, 1),
        (r#","group":"VIP""#, 1),
    ] {
        let output = program(folder.path()).args(["check"]).write_stdin(body(more)).output();
        assert_eq!(code(&output.expect("the program starts")), expected, "{more}");
    }
}
