//! What is said of an input that is not what it was taken for.

use std::fs;

use super::{code, contact, fixture, folder, program, run, stderr};

const ROWS: &str = "{\"user_id\":1,\"token\":\"t1\"}\n{\"user_id\":2,\"token\":\"t2\",\"town\":\"Lviv\"}\n";

/// The hints among what was said.
fn hints(said: &str) -> Vec<&str> {
    said.lines().filter_map(|line| line.strip_prefix("hint: ")).collect()
}

#[test]
fn rows_of_another_system_are_no_contacts_and_the_end_of_the_summary_says_so() {
    let folder = folder();
    fs::write(folder.path().join("rows.ndjson"), ROWS).expect("written");
    let output = run(folder.path(), &["check", "rows.ndjson", "--report", "r.html"]);
    assert_eq!(code(&output), 1);
    let said = stderr(&output);
    assert!(
        said.lines().last().expect("a line").starts_with(
            "hint: rows.ndjson does not look like contacts: its records have user_id, token, town, and no channels; say \
             what these mean in a mapping (--from mine.toml; `reteno-import presets --explain INPUT"
        ),
        "{said}"
    );
    let page = fs::read_to_string(folder.path().join("r.html")).expect("a page");
    assert!(page.contains("rows.ndjson does not look like contacts"));
    // Also where the run ends before it knows what it read, and where `contact` was asked for.
    for more in [["--max-rejects", "0"], ["--from", "contact"]] {
        let said = stderr(&run(folder.path(), &[&["check", "rows.ndjson"], &more[..]].concat()));
        assert_eq!(hints(&said).len(), 1, "{more:?}: {said}");
    }
    let quiet = run(folder.path(), &["check", "rows.ndjson", "--quiet"]);
    assert_eq!(hints(&stderr(&quiet)), [""; 0]);
    // Of a pipe, the first record is known.
    let piped = program(folder.path()).arg("check").write_stdin(ROWS).output().expect("it starts");
    assert!(
        hints(&stderr(&piped))[0]
            .starts_with("<stdin> does not look like contacts: its records have user_id, token,")
    );
    let explained = run(folder.path(), &["presets", "--explain", "rows.ndjson"]);
    assert!(super::stdout(&explained).contains("rows.ndjson does not look like contacts"));
}

#[test]
fn contacts_with_faults_are_contacts() {
    let folder = folder();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("written");
    // One in ten is something else; profiles without a channel have nothing that a contact has not.
    write("some.ndjson", format!("{}{ROWS}", (contact("a") + "\n").repeat(18)));
    write("profiles.ndjson", r#"{"externalCustomerId":"1","firstName":"Ann"}"#.to_owned());
    write("broken.ndjson", "{\"user_id\":\n".to_owned());
    write("empty.ndjson", String::new());
    let dirty = fixture("dirty.ndjson").display().to_string();
    for input in ["some.ndjson", "profiles.ndjson", "broken.ndjson", "empty.ndjson", &dirty] {
        let said = stderr(&run(folder.path(), &["check", input]));
        assert_eq!(hints(&said), [""; 0], "{input}: {said}");
    }
}

#[test]
fn an_export_that_is_read_as_another_one_is_called_by_its_name() {
    let folder = folder();
    fs::write(folder.path().join("rows.ndjson"), ROWS).expect("written");
    fs::write(folder.path().join("rows.csv"), "a,b,device_type\n1,2,3\n").expect("written");
    let mine =
        "[contact]\nexternalCustomerId = \"number\"\n[[channel]]\ntype = \"email\"\nvalue = \"mail\"\n";
    fs::write(folder.path().join("mine.toml"), mine).expect("written");
    let source = |name: &str| fixture("sources").join(name).display().to_string();
    let (onesignal, pinpoint) = (source("onesignal.csv"), source("pinpoint.ndjson"));
    for (input, from, parts) in [
        (
            "rows.csv",
            "onesignal",
            [
                "rows.csv does not look like OneSignal players: it has no column identifier, but a, b, device_type;",
                "say what these mean in a mapping",
            ],
        ),
        (
            "rows.ndjson",
            "braze",
            [
                "does not look like Braze users: its records have no braze_id, push_tokens, email_subscribe, push_subscribe, user_aliases, but user_id, token, town;",
                "say what these mean in a mapping",
            ],
        ),
        (
            &onesignal,
            "appmetrica",
            [
                "does not look like AppMetrica push tokens: it has no column token, os_name, but ",
                "; it looks like OneSignal players (--from onesignal)",
            ],
        ),
        (
            &pinpoint,
            "airship",
            [
                "does not look like Airship channels: its records have no channels, but Id, ApplicationId, ChannelType, ",
                "; it looks like Amazon Pinpoint endpoints (--from pinpoint)",
            ],
        ),
        (
            &pinpoint,
            "contact",
            ["does not look like contacts: ", "; it looks like Amazon Pinpoint endpoints (--from pinpoint)"],
        ),
        (
            "rows.ndjson",
            "mine.toml",
            [
                "rows.ndjson has nothing that mine.toml reads: its records have no number, mail, but user_id, token, town;",
                "name places that are there",
            ],
        ),
    ] {
        let said = stderr(&run(folder.path(), &["check", input, "--from", from]));
        let hints = hints(&said);
        assert_eq!(hints.len(), 1, "{input} as {from}: {said}");
        for part in parts {
            assert!(hints[0].contains(part), "{input} as {from}: {}", hints[0]);
        }
    }
    // What is enough to make contacts of is not doubted, even if a column is missing by which it would be recognised.
    fs::write(folder.path().join("few.csv"), "identifier,device_type\n380955547708,14\n").expect("written");
    let said =
        stderr(&run(folder.path(), &["check", "few.csv", "--from", "onesignal", "--dedupe-on", "sms"]));
    assert!(said.contains("written 1") && hints(&said).is_empty(), "{said}");
}

#[test]
fn places_of_a_mapping_that_no_record_has_are_named() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    let mapping = "[contact]\nexternalCustomerId = \"user_id\"\nfirstName = \"first_name\"\n[[channel]]\ntype = \"email\"\n\
                   value = \"email\"\n[[channel]]\ntype = \"mobilepush\"\nvalue = \"token\"\ndevice.os = \"platform\"\n";
    write("shop.toml", mapping);
    let row = |id: u32, more: &str| format!("{{\"user_id\":{id},\"email\":\"a{id}@example.com\"{more}}}\n");
    let rows = (0..500).map(|id| row(id, ",\"push_token\":\"t\"")).collect::<String>();
    write("users.ndjson", &rows);
    let prepare = ["prepare", "users.ndjson", "--from", "shop.toml", "--discard", "--block-bytes", "2KiB"];
    let said = stderr(&run(folder.path(), &prepare));
    assert_eq!(
        hints(&said),
        [
            "none of the records of users.ndjson has first_name, token, platform, which shop.toml names; name places that are \
          there, or these in `optional` (`reteno-import presets --explain INPUT --from shop.toml` shows what is there)"
        ],
        "{said}"
    );
    // Where no token was made, none names no app.
    assert!(!said.contains("name no app"), "{said}");
    let explain = ["presets", "--explain", "users.ndjson", "--from", "shop.toml", "--records", "1"];
    let explained = super::stdout(&run(folder.path(), &explain));
    assert!(
        explained.contains("  not used: /push_token\n  not found: first_name, token, platform\n"),
        "{explained}"
    );

    // The last record of all can be the only one that has them.
    let last = row(500, ",\"first_name\":null,\"token\":\"0123456789abcdef\",\"platform\":\"Android\"");
    write("users.ndjson", &(rows.clone() + &last));
    let said = stderr(&run(folder.path(), &prepare));
    assert_eq!(hints(&said), [""; 0], "{said}");
    assert!(said.contains("push tokens name no app, which --app-id UUID can say"), "{said}");
    // What may be missing is not spoken of.
    write("users.ndjson", &rows);
    write("shop.toml", &format!("optional = [\"token\", \"platform\", \"first_name\"]\n{mapping}"));
    let said = stderr(&run(folder.path(), &prepare));
    assert_eq!(hints(&said), [""; 0], "{said}");
}

#[test]
fn of_many_inputs_a_few_are_named() {
    let folder = folder();
    for nth in 1..=5 {
        fs::write(folder.path().join(format!("rows{nth}.ndjson")), ROWS).expect("written");
    }
    fs::write(folder.path().join("rows0.ndjson"), contact("a")).expect("written");
    let said = stderr(&run(folder.path(), &["check", "rows*.ndjson"]));
    let named = hints(&said);
    assert_eq!(named.len(), 3, "{said}");
    assert!(
        named[0].starts_with("rows1.ndjson ") && named[2].ends_with("; 2 other inputs look like that, too"),
        "{said}"
    );

    // Names are of any length, and there can be any number of them.
    let members: Vec<String> = (0..30).map(|nth| format!("\"{}{nth}\":1", "x".repeat(200))).collect();
    fs::write(folder.path().join("wide.ndjson"), format!("{{{}}}", members.join(","))).expect("written");
    let said = stderr(&run(folder.path(), &["check", "wide.ndjson"]));
    let hint = hints(&said)[0];
    assert!(hint.contains("xx… and 20 more, and no channels") && hint.len() < 1000, "{hint}");
}
