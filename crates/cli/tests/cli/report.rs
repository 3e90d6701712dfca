//! `--report FILE.html`: the page for people.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use super::{code, contact, contacts, fixture, folder, json, program, run, stderr};

/// The page without its style, a line for each element.
fn page(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (head, rest) = text.split_once("<style>").expect("a style");
    let (_, rest) = rest.split_once("</style>").expect("its end");
    format!("{head}{rest}").replace("><", ">\n<")
}

/// What a person reads, without the elements.
fn words(path: &Path) -> String {
    let mut words = String::new();
    for part in page(path).split('<') {
        let text = part.split_once('>').map_or(part, |(_, text)| text);
        words.push_str(text);
        words.push(' ');
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Records of every fate, in a handful of lines.
fn every_fate() -> String {
    let push = r#"{"type":"mobilepush","value":"t1","device":{"os":"ANDROID","active":true}}"#;
    let ann = contact("a")
        .replace("]}", &format!(r#",{push}],"firstName":"  Ann ","fields":[{{"id":7,"value":1}}]}}"#));
    let again = contact("a").replacen('{', r#"{"firstName":"Anna","#, 1);
    let pruned = contact("b").replacen('{', r#"{"timeZone":"Mars/Base","#, 1);
    let nowhere = r#"{"externalCustomerId":"c","channels":[]}"#;
    let unread = r#"{"externalCustomerId":"#;
    [&ann, &again, &pruned, nowhere, "", unread, &contact("d")].map(|line| format!("{line}\n")).concat()
}

#[test]
fn the_page_tells_where_every_record_went_and_why() {
    let folder = folder();
    std::fs::write(folder.path().join("in.ndjson"), every_fate()).expect("it takes the records");
    let args = ["prepare", "in.ndjson", "-o", "out", "--threads", "1", "--report", "report.html"];
    assert_eq!(code(&run(folder.path(), &args)), 1);
    insta::with_settings!({filters => vec![
        (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[when]"),
        (r"reteno-import \d+\.\d+\.\d+", "reteno-import [version]"),
        (r"(\d+ min )?\d+(\.\d)? s</dd>", "[seconds]</dd>"),
        // Every new option would be in it.
        (r"(?s)(<h2>Options of this run</h2>\n).*?(</section>)", "$1[options]\n$2"),
        // A picture of the throughput, if the machine was slow enough for one.
        (r"(?s)<figure>.*?</figure>\n", ""),
        (r"[\d,]+( a second on average)", "[records]$1"),
        (r"[\d.]+ [KMG]?i?B( a second on average)", "[bytes]$1"),
    ]}, {
        insta::assert_snapshot!("report_page", page(&folder.path().join("report.html")));
    });
}

#[test]
fn what_a_mapping_leaves_out_is_told_apart_from_what_is_missing() {
    let folder = folder();
    let page = folder.path().join("report.html");
    let (table, lines) = (fixture("sources/onesignal.csv"), fixture("sources/contact.ndjson"));
    let (table, lines) = (table.display().to_string(), lines.display().to_string());
    let args = ["check", &table, &lines, "--rejects", "r.ndjson", "--report", "report.html"];
    assert_eq!(code(&run(folder.path(), &args)), 1);
    let mixed = words(&page);
    for said in [
        "17 are missing: they were rejected. 19 were left out on purpose.",
        "Why records were left out on purpose: 19 records",
        "OneSignal players ( onesignal ) , recognised by its columns",
        "contact.ndjson ndjson contacts",
        "web-push 5 A subscription of a browser, without the browser's keys.",
    ] {
        assert!(mixed.contains(said), "{said}: {mixed}");
    }

    // That nothing else is missing is no reason to worry.
    let header = std::fs::read_to_string(&table).expect("the fixture");
    let rows: Vec<&str> = header.trim_start_matches('\u{feff}').lines().take(12).collect();
    std::fs::write(folder.path().join("some.csv"), rows.join("\n")).expect("it takes the rows");
    let mut args = vec!["check", "some.csv", "--from", "onesignal", "--report", "report.html"];
    args.extend(["--report", "report.json"]);
    assert_eq!(code(&run(folder.path(), &args)), 0);
    let skipped = words(&page);
    for said in [
        "4 contacts passed the check out of 11 records. 7 were left out on purpose; none is missing.",
        "✓ Complete: every record is accounted for",
        "Left out on purpose: 6 unsupported-push-service , 1 web-push .",
        "OneSignal players ( onesignal ) , as --from says",
        "4 passed + 0 merged + 0 rejected + 7 skipped",
    ] {
        assert!(skipped.contains(said), "{said}: {skipped}");
    }
    let report = json(&folder.path().join("report.json"));
    assert_eq!(report["inputs"][0]["mapping"], "onesignal");
    assert_eq!(report["byCode"]["web-push"]["skipped"], 1);
}

/// The number of the summary has to be that of the page, or one of them looks wrong.
#[test]
fn the_summary_and_the_reports_count_records_by_code() {
    let folder = folder();
    let with = |id: &str, numbers: &[&str]| {
        let channel = |number: &&str| format!(r#",{{"type":"sms","value":"{number}"}}"#);
        contact(id).replace("]}", &format!("{}]}}", numbers.iter().map(channel).collect::<String>()))
    };
    let twice = with("a", &["x", "y"]);
    let two_codes = with("b", &["x"]).replacen('{', r#"{"timeZone":"Mars/Base","#, 1);
    std::fs::write(folder.path().join("in.ndjson"), format!("{twice}\n{two_codes}\n")).expect("written");
    let args = ["check", "in.ndjson", "--on-invalid", "reject", "--rejects", "rejects.ndjson"];
    let reports = ["--report", "r.json", "--report", "r.html"];
    let output = run(folder.path(), &[&args[..], &reports].concat());
    let said = stderr(&output);
    assert!(
        said.contains(
            "2 records rejected: bad-phone 2, bad-time-zone 1; a record counts at each of its codes"
        ),
        "{said}"
    );
    let page = words(&folder.path().join("r.html"));
    assert!(page.contains("bad-phone 2 The value of a chann"), "{page}");
    let report = json(&folder.path().join("r.json"));
    let rejected = |of: &str| report[of]["bad-phone"]["rejected"].as_u64();
    assert_eq!((rejected("recordsByCode"), rejected("byCode")), (Some(2), Some(3)));

    // Where each record has one code, there is nothing to explain.
    std::fs::write(folder.path().join("one.ndjson"), format!("{twice}\n")).expect("written");
    let once = stderr(&run(folder.path(), &["check", "one.ndjson", "--on-invalid", "reject"]));
    assert!(once.contains("\n1 record rejected: bad-phone 1\n"), "{once}");
}

#[test]
fn the_page_says_how_all_rejected_records_are_listed() {
    let folder = folder();
    std::fs::write(folder.path().join("in.ndjson"), every_fate()).expect("it takes the records");
    for (rejects, file) in [
        (&[][..], "out/rejects.ndjson"),
        (&["--rejects", "Ann's rejects"], r"'Ann'\''s rejects'"),
        (&["--rejects", "-r"], "'./-r'"),
    ] {
        let args = ["prepare", "in.ndjson", "-o", "out", "--overwrite", "--report", "r.html"];
        let rejects: Vec<String> = match rejects {
            [option, file] => vec![format!("{option}={file}")],
            _ => Vec::new(),
        };
        let output = program(folder.path()).args(args).args(rejects).output().expect("the program starts");
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let words = words(&folder.path().join("r.html")).replace("&quot;", "\"");
        let listing = format!(
            "null where it has none that can be read), this lists: jq -c 'select(.action == \"rejected\") | [.source, .line, \
             .key, .violations[].message]' {file}"
        );
        assert!(words.contains(&listing), "{words}");
    }
    // Where there is no such file, nothing is listed.
    let output = run(folder.path(), &["check", "in.ndjson", "--report", "r.html"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(!words(&folder.path().join("r.html")).contains("jq -c"));
}

#[test]
fn a_page_loads_nothing_and_runs_nothing() {
    let folder = folder();
    let input = fixture("dirty.ndjson").display().to_string();
    let args = ["prepare", &input, "--discard", "--rejects", "r.ndjson", "--report", "report.html"];
    assert_eq!(code(&run(folder.path(), &args)), 1);
    let text = std::fs::read_to_string(folder.path().join("report.html")).expect("a page");
    assert!(text.starts_with("<!DOCTYPE html><html lang=\"en\">"));
    for forbidden in
        ["<script", "<link", "<img", "<iframe", "src=", "href=", "url(", "@import", "http:", "https:"]
    {
        assert!(!text.contains(forbidden), "{forbidden}");
    }
    assert!(text.contains("default-src 'none'"), "and a browser holds it to that");
}

#[test]
fn whatever_comes_from_the_user_is_escaped() {
    let folder = folder();
    let name = "<img src=x onerror=alert(1)>&\".ndjson";
    let member = "<b>bold</b>";
    let schema = json!({
        "properties": { "firstName": { "pattern": "^A", "x-code": "<i>&code</i>", "x-hint": "<u>write</u> it anew" } }
    });
    std::fs::write(folder.path().join("my.json"), schema.to_string()).expect("a schema");
    let records = format!(
        "{}\n{}\n",
        contact("a").replacen('{', r#"{"firstName":"Bob","#, 1),
        contact("b").replacen('{', &format!(r#"{{"{member}":1,"#), 1),
    );
    std::fs::write(folder.path().join(name), records).expect("it takes the records");
    let args = [
        "prepare",
        name,
        "--discard",
        "--schema",
        "my.json",
        "--group",
        "<s>group</s>",
        "--report",
        "r.html",
    ];
    let output = run(folder.path(), &args);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let text = std::fs::read_to_string(folder.path().join("r.html")).expect("a page");
    for raw in ["<img", "<i>", "<b>", "<u>", "<s>"] {
        assert!(!text.contains(raw), "{raw}");
    }
    for escaped in
        ["&lt;img src=x onerror=alert(1)&gt;&amp;&quot;.ndjson", "&lt;i&gt;&amp;code&lt;/i&gt;", "&lt;s&gt;"]
    {
        assert!(text.contains(escaped), "{escaped}");
    }
}

#[test]
fn no_value_of_a_contact_is_on_the_page() {
    let folder = folder();
    let secret = r#"{"externalCustomerId":"secret-key-1","firstName":"Secretname 12345","timeZone":"Secret/Zone",
        "channels":[{"type":"email","value":"secretly@example.com"},{"type":"sms","value":"1234567"}]}"#;
    let unread =
        r#"{"externalCustomerId":"secret-key-2","channels":[{"type":"email","value":"secret-address"}]}"#;
    let records = format!("{}\n{unread}\n", secret.replace('\n', ""));
    std::fs::write(folder.path().join("in.ndjson"), records).expect("it takes the records");
    let args = ["prepare", "in.ndjson", "--discard", "--report", "report.html"];
    assert_eq!(code(&run(folder.path(), &args)), 1);
    let text = std::fs::read_to_string(folder.path().join("report.html")).expect("a page");
    for hidden in ["secret", "Secret", "1234567"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    assert!(text.contains("bad-time-zone") && text.contains("bad-email"));
}

#[test]
fn both_forms_can_be_written_at_once_and_only_their_owner_may_read_them() {
    let folder = folder();
    std::fs::write(folder.path().join("in.ndjson"), every_fate()).expect("it takes the records");
    let args = ["prepare", "in.ndjson", "-o", "out", "--report", "r.json", "--report", "out/r.html"];
    assert_eq!(code(&run(folder.path(), &args)), 1);
    for name in ["r.json", "out/r.html"] {
        let mode = std::fs::metadata(folder.path().join(name)).expect("a report").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let report = json(&folder.path().join("r.json"));
    assert_eq!(
        report["contacts"],
        json!({
            "contacts": 3,
            "fields": { "email": 3, "externalCustomerId": 3, "fields/7": 1, "firstName": 1, "mobilepush": 1 },
            "channels": { "email": 3, "mobilepush": 1 },
            "os": { "Android": 1 },
            "devices": { "active": 1, "inactive": 0, "unsaid": 0 },
            "byChannels": { "1": 2, "2": 1 },
        })
    );
    // It takes a second look at every body, which only a page is worth.
    let args = ["prepare", "in.ndjson", "--discard", "--report", "r.json"];
    assert_eq!(code(&run(folder.path(), &args)), 1);
    assert!(json(&folder.path().join("r.json")).get("contacts").is_none());
}

#[test]
fn a_report_is_known_by_its_ending() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..3);
    for name in ["report.txt", "report", "report.json.gz", "report.htm"] {
        let output = run(folder.path(), &["check", "in.ndjson", "--report", "ok.html", "--report", name]);
        assert_eq!(code(&output), 2, "{name}");
        let said = stderr(&output);
        assert!(said.contains(name) && said.contains(".html") && said.contains(".json"), "{said}");
        assert!(!folder.path().join("ok.html").exists(), "{name}");
    }
}

#[test]
fn a_page_is_small_however_much_there_is_to_tell() {
    let folder = folder();
    let long = "\"<&--".repeat(80);
    let rule = |nth: usize| json!({ "pattern": format!("^A{nth}"), "x-code": format!("{nth}-{long}"), "x-hint": long });
    let rules: Vec<_> = (0..250).map(rule).collect();
    let schema = json!({ "properties": { "firstName": { "allOf": rules } } });
    std::fs::write(folder.path().join("my.json"), schema.to_string()).expect("a schema");
    let device = json!({ "os": "Android" });
    let fields: Vec<_> = (0..300).map(|id| json!({ "id": id + 1, "value": "x" })).collect();
    let of = |key: String, more: serde_json::Value| {
        let mut record = json!({
            "externalCustomerId": key,
            "channels": [{ "type": "mobilepush", "value": key, "device": device }],
            "fields": fields,
        });
        if let (Some(record), Some(more)) = (record.as_object_mut(), more.as_object()) {
            record.extend(more.clone());
        }
        record.to_string() + "\n"
    };
    let mut names = Vec::new();
    for nth in 0..25 {
        let name = format!("{nth}-{}.ndjson", "\"<&".repeat(60));
        let text = of(format!("bad{nth}"), json!({ "firstName": "Bob" }))
            + &of(format!("odd{nth}"), json!({ &long: 1 }))
            + &of(format!("good{nth}"), json!({}));
        std::fs::write(folder.path().join(&name), text).expect("it takes the records");
        names.push(name);
    }
    let mut args = vec!["prepare", "--discard", "--schema", "my.json", "--on-invalid", "reject"];
    args.extend(["--max-errors-per-record", "1000", "--rejects", "r.ndjson", "--report", "report.html"]);
    args.extend(std::iter::repeat_n(["--group", long.as_str()], 30).flatten());
    args.extend(names.iter().map(String::as_str));
    let output = run(folder.path(), &args);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let bytes = std::fs::metadata(folder.path().join("report.html")).expect("a page").len();
    assert!(bytes < 200_000, "{bytes}");
    let words = words(&folder.path().join("report.html"));
    assert!(words.contains("And 5 further inputs."), "{words}");
    // All but the thirty most frequent of the 250 rules and of what is no member.
    assert!(words.contains("And 221 further codes with fewer records."), "{words}");
}

#[test]
fn a_run_that_ends_badly_says_so_first() {
    let folder = folder();
    std::fs::write(folder.path().join("in.ndjson"), every_fate()).expect("it takes the records");
    let whole: Vec<u8> = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, every_fate().as_bytes()).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    };
    std::fs::write(folder.path().join("cut.gz"), &whole[..whole.len() - 9]).expect("it takes the bytes");
    let sorted = format!("{}\n{}\n{}\n", contact("a"), contact("b"), contact("a"));
    std::fs::write(folder.path().join("unsorted.ndjson"), sorted).expect("it takes the records");
    for (args, expected, said) in [
        (&["in.ndjson", "--max-rejects", "1"][..], 3, "more than --max-rejects allows"),
        (&["in.ndjson", "--max-rejects", "1%"], 3, "more than --max-rejects allows"),
        (&["in.ndjson", "cut.gz"], 4, "not all input could be read"),
        (&["unsorted.ndjson", "--sorted-by-key"], 4, "is not sorted by key"),
    ] {
        let output = run(
            folder.path(),
            &[&["prepare", "-o", "out", "--overwrite", "--report", "r.html"], args].concat(),
        );
        assert_eq!(code(&output), expected, "{args:?}: {}", stderr(&output));
        let words = words(&folder.path().join("r.html"));
        assert!(words.contains("✗ Not complete"), "{args:?}: {words}");
        assert!(words.contains(said), "{args:?}: {words}");
        assert!(!words.contains("✓"), "{args:?}: {words}");
    }
}

#[test]
fn what_a_run_does_not_do_is_not_on_its_page() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..3);
    std::fs::write(folder.path().join("my.json"), r#"{"type":"object"}"#).expect("a schema");
    for (args, headline, absent) in [
        (
            &["check", "in.ndjson"][..],
            "3 contacts passed the check out of 3 records. None is missing.",
            &["The contacts that were written", "Requests to Reteno", "The upload"][..],
        ),
        (
            &["check", "--raw", "--schema", "my.json", "in.ndjson"],
            "3 records passed the check out of 3 records. None is missing.",
            &["The contacts that were written", "Merged", "Records of the same contact"],
        ),
        (
            &["prepare", "--discard", "in.ndjson"],
            "3 contacts would have been written out of 3 records. None is missing.",
            &["The upload"],
        ),
    ] {
        let output = run(folder.path(), &[args, &["--report", "r.html"]].concat());
        assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
        let words = words(&folder.path().join("r.html"));
        assert!(words.contains(headline), "{args:?}: {words}");
        assert!(words.contains("✓ Complete: every record is accounted for"), "{args:?}: {words}");
        for title in absent {
            assert!(!words.contains(title), "{args:?}: {title}");
        }
    }
}
