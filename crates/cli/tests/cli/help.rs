//! Texts that are only printed.

use super::{code, folder, run, stdout};

#[test]
fn help_is_for_people() {
    for (name, args) in [
        ("help", vec!["--help"]),
        ("help_check", vec!["check", "--help"]),
        ("help_prepare", vec!["prepare", "--help"]),
        ("help_upload", vec!["upload", "--help"]),
        ("help_status", vec!["status", "--help"]),
        ("help_doctor", vec!["doctor", "--help"]),
        ("help_fields", vec!["fields", "--help"]),
        ("help_explain", vec!["explain", "--help"]),
        ("help_bench", vec!["bench", "--help"]),
        ("help_generate", vec!["generate", "--help"]),
        ("help_presets", vec!["presets", "--help"]),
        ("help_schema", vec!["schema", "--help"]),
    ] {
        let output = run(folder().path(), &args);
        assert_eq!(code(&output), 0);
        insta::assert_snapshot!(name, stdout(&output));
    }
}

#[test]
fn schemas_are_printed_as_they_are() {
    for name in ["contact", "request", "reject", "manifest"] {
        let output = run(folder().path(), &["schema", name]);
        assert_eq!(code(&output), 0);
        let schema: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(schema["$id"], format!("https://reteno-import.dev/schemas/{name}.schema.json"));
    }
    assert_eq!(run(folder().path(), &["schema"]).stdout, run(folder().path(), &["schema", "contact"]).stdout);
}

#[test]
fn completions_and_manual_pages_are_printed() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(folder().path(), &["completions", shell]);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains("reteno-import"), "{shell}");
    }
    let commands = [
        "check",
        "prepare",
        "upload",
        "status",
        "doctor",
        "fields",
        "explain",
        "bench",
        "schema",
        "completions",
        "man",
    ];
    let pages = commands.map(|command| vec!["man", command]);
    for args in std::iter::once(vec!["man"]).chain(pages) {
        let output = run(folder().path(), &args);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains(".TH"), "{args:?}");
    }
}

/// Packages are made of these: a command that is new has a page of its own without a further word.
#[test]
fn all_manual_pages_are_written_into_a_folder() {
    let folder = folder();
    let output = run(folder.path(), &["man", "--output", "share/man1"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, ""));
    let pages: Vec<String> = std::fs::read_dir(folder.path().join("share/man1"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let overview = stdout(&run(folder.path(), &["man"]));
    let named: Vec<&str> = overview
        .lines()
        .filter_map(|line| line.strip_suffix("(1)")?.strip_prefix("reteno\\-import\\-"))
        .collect();
    assert!(named.contains(&"prepare") && !named.contains(&"help"), "{overview}");
    assert_eq!(pages.len(), named.len() + 1, "{pages:?}");
    for command in named {
        let page = std::fs::read(folder.path().join(format!("share/man1/reteno-import-{command}.1")))
            .expect(command);
        assert_eq!(page, run(folder.path(), &["man", command]).stdout, "{command}");
    }

    let refused = run(folder.path(), &["man", "--output", "share", "prepare"]);
    assert_eq!(code(&refused), 2);
    std::fs::write(folder.path().join("file"), "").expect("written");
    let failed = run(folder.path(), &["man", "--output", "file"]);
    assert_eq!(code(&failed), 4);
}
