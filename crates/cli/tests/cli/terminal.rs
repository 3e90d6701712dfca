//! What somebody sees who sits at a terminal.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::{code, contacts, folder, run, stdout};

/// Runs the program with a terminal of so many columns for both of its outputs; gives all that it wrote there.
fn at_terminal(folder: &Path, columns: u16, args: &[&str], environment: &[(&str, &str)]) -> String {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("it is ours");
    let name = ptsname(&ours, Vec::new()).expect("it has a name").into_string().expect("a path");
    let theirs = || OpenOptions::new().read(true).write(true).open(&name).expect("the other end");
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&ours, size).expect("it has a size");
    let mut command = Command::new(env!("CARGO_BIN_EXE_reteno-import"));
    command.current_dir(folder).args(args).env("TERM", "xterm-256color").envs(environment.iter().copied());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        if !environment.iter().any(|(set, _)| *set == name) {
            command.env_remove(name);
        }
    }
    let mut program =
        command.stdin(Stdio::null()).stdout(theirs()).stderr(theirs()).spawn().expect("the program starts");
    // Our own hold of the other end goes with the command; when the program ends, nobody holds it.
    drop(command);
    let mut written = Vec::new();
    let mut ours = File::from(ours);
    let mut part = [0; 4096];
    // That the other end is gone is an error on some systems.
    while let Ok(bytes @ 1..) = ours.read(&mut part) {
        written.extend_from_slice(&part[..bytes]);
    }
    program.wait().expect("it ends");
    String::from_utf8(written).expect("text").replace("\r\n", "\n")
}

#[test]
fn a_page_is_rendered_on_a_terminal_and_is_markdown_in_a_pipe() {
    let folder = folder();
    let args = ["explain", "bad-phone"];
    let styled = at_terminal(folder.path(), 60, &args, &[]);
    assert!(styled.starts_with("\u{1b}[1mbad-phone\u{1b}[0m\n\n"), "{styled:?}");
    let plain = at_terminal(folder.path(), 60, &args, &[("NO_COLOR", "1")]);
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    insta::assert_snapshot!("explain_on_terminal", plain);
    let piped = run(folder.path(), &args);
    assert_eq!(code(&piped), 0);
    assert!(stdout(&piped).starts_with("# bad-phone\n") && stdout(&piped).contains("\n```console\n"));
}

#[test]
fn progress_is_drawn_as_wide_as_the_terminal() {
    let folder = folder();
    contacts(&folder.path().join("in.ndjson"), 0..20_000);
    for columns in [50, 80, 200] {
        let seen = at_terminal(folder.path(), columns, &["check", "in.ndjson"], &[]);
        // A line that is full needs no line end: what follows the time that is left is the second line.
        let bar = seen.find(['█', '░']).map(|start| &seen[start..]).expect(&seen);
        let (before, after) = bar.split_once("ETA ").expect(bar);
        let time = after.find(|character: char| character.is_ascii_alphabetic()).expect(bar) + 1;
        assert_eq!(before.chars().count() + "ETA ".len() + time, usize::from(columns), "{bar}");
        assert!(after[time..].trim_start().contains(" records, 0 rejected"), "{bar}");
        assert!(seen.contains("read 20,000 = written 20,000"), "{seen}");
    }
}
