//! Every command in the documentation is one that this program takes.

use clap::{CommandFactory, Parser};

use crate::args::Args;

#[path = "../tests/cli/markdown.rs"]
mod markdown;

#[test]
fn every_command_in_the_documentation_is_taken() {
    let mut taken = 0;
    for path in markdown::documents() {
        let (blocks, prose) = markdown::split(&markdown::read(&path));
        let scripts = blocks.iter().filter_map(|block| {
            let script = match block.info.split(' ').next() {
                Some("sh") => block.text.clone(),
                Some("console") => typed(&block.text),
                _ => return None,
            };
            Some((block.line, script))
        });
        // In the pages of codes, the commands in the text are meant to be copied too.
        let inline = path.parent().is_some_and(|folder| folder.ends_with("docs/codes"));
        let inline = inline.then(|| inline_code(&prose)).into_iter().flatten().map(|code| (0, code));
        for (line, script) in scripts.chain(inline) {
            for args in commands(&script).iter().filter_map(|words| of_this_program(words)) {
                let place = format!("{}:{line}: {args:?}", path.display());
                parse(args).unwrap_or_else(|error| panic!("{place}: {error}"));
                taken += 1;
            }
        }
    }
    assert!(taken > 100, "{taken}");
}

#[test]
fn every_command_has_examples_that_are_taken() {
    let mut command = Args::command();
    command.build();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = sub.get_name();
        let after_help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples: Vec<_> =
            commands(&after_help).iter().filter_map(|words| of_this_program(words)).collect();
        assert!(
            examples.iter().any(|args| args.first().is_some_and(|word| word == name)),
            "{name}: {after_help}"
        );
        for args in examples {
            let shown = format!("{name}: {args:?}");
            parse(args).unwrap_or_else(|error| panic!("{shown}: {error}"));
        }
    }
}

fn parse(args: Vec<String>) -> Result<(), String> {
    match Args::try_parse_from(std::iter::once("reteno-import".to_owned()).chain(args)) {
        Ok(_) => Ok(()),
        Err(error) if !error.use_stderr() => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// What is typed in a session at a terminal.
fn typed(session: &str) -> String {
    session.lines().filter_map(|line| line.strip_prefix("$ ")).map(|line| line.to_owned() + "\n").collect()
}

/// The texts between backticks; one may go over a line end.
fn inline_code(prose: &str) -> Vec<String> {
    let paragraphs = prose.split("\n\n");
    let codes = paragraphs.flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2));
    codes.map(|code| code.replace('\n', " ")).collect()
}

/// The arguments, if it is this program that is called: by its name, behind another program that calls it, or by cargo.
fn of_this_program(words: &[String]) -> Option<Vec<String>> {
    const CALLERS: [&str; 6] = ["nice", "flock", "time", "timeout", "exec", "env"];
    let at = words.iter().position(|word| word == "reteno-import" || word.ends_with("/reteno-import"))?;
    match words[0].as_str() {
        _ if at == 0 => Some(words[1..].to_vec()),
        "cargo" => Some(words[words.iter().position(|word| word == "--")? + 1..].to_vec()),
        caller if CALLERS.contains(&caller) => Some(words[at + 1..].to_vec()),
        _ => None,
    }
}

/// The simple commands of a shell script, each as its words, without redirections, settings of variables and words such as
/// `until`. It knows as much of the shell as examples need.
fn commands(script: &str) -> Vec<Vec<String>> {
    let mut reading = Reading::default();
    let mut rest = script.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some('\n') | None => {}
                Some(escaped) => reading.word().push(escaped),
            },
            '\'' => reading.word().extend(rest.by_ref().take_while(|next| *next != '\'')),
            '"' => {
                let word = reading.word();
                while let Some(next) = rest.next().filter(|next| *next != '"') {
                    word.push(if next == '\\' { rest.next().unwrap_or(next) } else { next });
                }
            }
            '$' if rest.peek() == Some(&'(') => {
                let mut depth = 0;
                let word = reading.word();
                for next in rest.by_ref() {
                    word.push(next);
                    depth += i32::from(next == '(') - i32::from(next == ')');
                    if depth == 0 {
                        break;
                    }
                }
            }
            '#' if reading.word.is_none() => while rest.next_if(|next| *next != '\n').is_some() {},
            '>' | '<' => {
                // The number of a stream is no word.
                if reading.word.as_ref().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
                    reading.word = None;
                }
                reading.end_word();
                let mut sign = next.to_string();
                while let Some(more) = rest.next_if(|next| "<>&|".contains(*next)) {
                    sign.push(more);
                }
                reading.redirection = Some(sign);
            }
            '\n' => {
                reading.end_command();
                // A text that stands in the script.
                if let Some(end) = reading.text_until.take() {
                    let mut line = String::new();
                    for next in rest.by_ref() {
                        if next != '\n' {
                            line.push(next);
                        } else if std::mem::take(&mut line) == end {
                            break;
                        }
                    }
                }
            }
            '|' | ';' | '&' | '(' | ')' => reading.end_command(),
            space if space.is_whitespace() => reading.end_word(),
            other => reading.word().push(other),
        }
    }
    reading.end_command();
    reading.commands
}

#[derive(Default)]
struct Reading {
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: Option<String>,
    /// The next word says where a stream goes.
    redirection: Option<String>,
    /// The line that ends a text in the script.
    text_until: Option<String>,
}

impl Reading {
    fn word(&mut self) -> &mut String {
        self.word.get_or_insert_default()
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        match self.redirection.take() {
            None => self.words.push(word),
            Some(sign) if sign == "<<" => self.text_until = Some(word),
            Some(_) => {}
        }
    }

    fn end_command(&mut self) {
        const WORDS: [&str; 9] = ["if", "then", "elif", "else", "until", "while", "do", "!", "{"];
        self.end_word();
        let words = std::mem::take(&mut self.words);
        let is_setting = |word: &str| {
            word.split_once('=')
                .is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        };
        let is_passed = |word: &String| WORDS.contains(&word.as_str()) || is_setting(word);
        let words: Vec<String> = words.into_iter().skip_while(is_passed).collect();
        if !words.is_empty() {
            self.commands.push(words);
        }
    }
}

#[test]
fn scripts_are_taken_apart_into_commands() {
    for (script, expected) in [
        ("a b # c\nd", vec![vec!["a", "b"], vec!["d"]]),
        (
            "a 'b | c' \"d \\\" e\" | f; g && h",
            vec![vec!["a", "b | c", "d \" e"], vec!["f"], vec!["g"], vec!["h"]],
        ),
        ("KEY=x a > out 2>&1 < in 2> err b", vec![vec!["a", "b"]]),
        (
            "until a \"out-$(date +%F)\"; do\n  [ $? -eq 5 ] || break\ndone",
            vec![vec!["a", "out-$(date +%F)"], vec!["[", "$?", "-eq", "5", "]"], vec!["break"], vec!["done"]],
        ),
        ("a \\\n  b", vec![vec!["a", "b"]]),
        ("cat > x <<'END'\nreteno-import no | such\nEND\na", vec![vec!["cat"], vec!["a"]]),
    ] {
        assert_eq!(commands(script), expected, "{script}");
    }
}
