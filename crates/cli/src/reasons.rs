//! Why records are not in the output, or not whole: a few of them for each reason.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use contact::Violation;
use pipeline::{Action, Reject, Rejects};

use crate::exit::printable;

/// So many records are kept as examples of a reason.
const EXAMPLES: usize = 3;

/// Of so many reasons for each action examples are kept: schemas and mappings of users bring forth their own.
const MOST_CODES: usize = 200;

/// The most characters of a name, a place or a message that are kept.
const MOST_CHARACTERS: usize = 200;

/// Examples of why records are not in the output, or not whole. How many there are, the outcome of the run says.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    actions: BTreeMap<Action, OfAction>,
    /// Lines seen so far: a record is one example of a reason, however often it has it, unless it says something else.
    seen: u64,
}

/// The reasons for one action.
#[derive(Debug, Default)]
struct OfAction {
    /// How often records were told with this action.
    records: u64,
    reasons: BTreeMap<String, Reason>,
}

/// One reason.
#[derive(Debug, Default)]
struct Reason {
    examples: Vec<Example>,
    last_seen: u64,
    /// There is no room for more, and each says something else.
    is_settled: bool,
}

/// A record that has a reason. Nothing of it is shown that is not masked.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) source: String,
    pub(crate) line: u64,
    pub(crate) pointer: String,
    /// The byte of a record that is not JSON: a part of the place, so that what is said of two of them can be the same.
    pub(crate) byte: Option<String>,
    pub(crate) message: String,
    pub(crate) value: String,
}

impl Reasons {
    /// How many records were told with an action.
    pub(crate) fn records(&self, action: Action) -> u64 {
        self.actions.get(&action).map_or(0, |of_action| of_action.records)
    }

    /// Records that have a reason: the first ones that say different things, then the first ones.
    pub(crate) fn examples(&self, action: Action, code: &str) -> &[Example] {
        let reason = self.actions.get(&action).and_then(|of_action| of_action.reasons.get(code));
        reason.map(|reason| reason.examples.as_slice()).unwrap_or_default()
    }

    fn add(&mut self, reject: &Reject<'_>) {
        self.seen += 1;
        let of_action = self.actions.entry(reject.action).or_default();
        of_action.records += 1;
        for violation in reject.violations {
            let code = &*violation.code;
            if !of_action.reasons.contains_key(code) {
                if of_action.reasons.len() == MOST_CODES {
                    continue;
                }
                of_action.reasons.insert(code.to_owned(), Reason::default());
            }
            let Some(reason) = of_action.reasons.get_mut(code) else { continue };
            let is_first = reason.last_seen != self.seen;
            reason.last_seen = self.seen;
            if !reason.is_settled {
                reason.add(reject, violation, is_first);
            }
        }
    }
}

impl Reason {
    /// Takes an example as long as there is room, or if it says what none of the others does; of a record only the first
    /// that does not.
    fn add(&mut self, reject: &Reject<'_>, violation: &Violation, is_first: bool) {
        let (message, byte) = without_byte(&violation.message);
        let example = Example {
            source: shortened(reject.source),
            line: reject.line,
            pointer: shortened(&violation.pointer),
            byte: byte.map(str::to_owned),
            message: shortened(message),
            value: shortened(&violation.value),
        };
        let is_new = self.examples.iter().all(|known| known.message != example.message);
        if !is_new && !is_first {
            return;
        }
        if self.examples.len() == EXAMPLES {
            let Some(place) = self.place_for(&example, is_new) else { return };
            self.examples.remove(place);
        }
        self.examples.push(example);
        self.is_settled = self.examples.len() == EXAMPLES && self.repeated(said_alike).is_none();
    }

    /// An example that says the same as an earlier one, where this one says something else.
    fn place_for(&self, example: &Example, is_new: bool) -> Option<usize> {
        if is_new {
            return self.repeated(said_alike);
        }
        let is_new_place = !self.examples.iter().any(|known| said_there(known, example));
        is_new_place.then(|| self.repeated(said_there)).flatten()
    }

    /// The last example that is like an earlier one.
    fn repeated(&self, is_like: fn(&Example, &Example) -> bool) -> Option<usize> {
        let is_repeated =
            |nth: &usize| self.examples[..*nth].iter().any(|earlier| is_like(earlier, &self.examples[*nth]));
        (0..self.examples.len()).rev().find(is_repeated)
    }
}

fn said_alike(one: &Example, other: &Example) -> bool {
    one.message == other.message
}

fn said_there(one: &Example, other: &Example) -> bool {
    said_alike(one, other) && one.pointer == other.pointer
}

/// A message, and the byte that it names at its end.
fn without_byte(message: &str) -> (&str, Option<&str>) {
    let named = message
        .strip_suffix(" of the record)")
        .and_then(|message| message.rsplit_once(" (byte "))
        .filter(|(_, byte)| byte.bytes().all(|byte| byte.is_ascii_digit()));
    named.map_or((message, None), |(message, byte)| (message, Some(byte)))
}

fn shortened(text: &str) -> String {
    shortened_to(text, MOST_CHARACTERS)
}

/// Text of the input for people: without what would move a cursor, and not too long.
pub(crate) fn shortened_to(text: &str, most_characters: usize) -> String {
    let end = text.char_indices().nth(most_characters).map(|(end, _)| end);
    let mut short = printable(&text[..end.unwrap_or(text.len())]).into_owned();
    if end.is_some() {
        short.push('…');
    }
    short
}

/// Hands rejects on, and takes note of their reasons.
pub(crate) struct Noting {
    reasons: Arc<Mutex<Reasons>>,
    rejects: Box<dyn Rejects + Send>,
}

impl Noting {
    pub(crate) fn new(reasons: Arc<Mutex<Reasons>>, rejects: Box<dyn Rejects + Send>) -> Self {
        Self { reasons, rejects }
    }

    fn note(&self, reject: &Reject<'_>) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).add(reject);
    }
}

impl Rejects for Noting {
    fn take(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        self.note(reject);
        self.rejects.take(reject)
    }

    fn pass_over(&mut self, reject: &Reject<'_>) {
        self.note(reject);
        self.rejects.pass_over(reject);
    }

    fn finish(&mut self) -> io::Result<()> {
        self.rejects.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reject<'r>(line: u64, action: Action, violations: &'r [Violation]) -> Reject<'r> {
        Reject {
            source: "in.ndjson",
            line,
            byte_offset: 0,
            action,
            key: Some("c1"),
            violations,
            omitted: 0,
            raw: Some(b"secret"),
        }
    }

    fn of_code(code: &str) -> Violation {
        let mut violation = Violation::of_record("syntax", "/a", "it is wrong");
        violation.code = code.into();
        violation
    }

    fn saying(code: &str, pointer: &str, message: &str) -> Violation {
        Violation { pointer: pointer.into(), message: message.into(), ..of_code(code) }
    }

    /// The lines of the examples.
    fn lines(reasons: &Reasons, action: Action, code: &str) -> Vec<u64> {
        reasons.examples(action, code).iter().map(|example| example.line).collect()
    }

    #[test]
    fn a_record_is_one_example_of_a_reason_and_the_first_three_are_kept() {
        let mut reasons = Reasons::default();
        let violations = [of_code("bad-email"), of_code("bad-email"), of_code("bad-phone")];
        for line in 1..=5 {
            reasons.add(&reject(line, Action::Rejected, &violations));
            reasons.add(&reject(line, Action::Pruned, &violations[..1]));
        }
        assert_eq!((reasons.records(Action::Rejected), reasons.records(Action::Skipped)), (5, 0));
        for code in ["bad-email", "bad-phone"] {
            assert_eq!(lines(&reasons, Action::Rejected, code), [1, 2, 3], "{code}");
        }
        assert_eq!(lines(&reasons, Action::Pruned, "bad-email"), [1, 2, 3]);
        assert!(reasons.examples(Action::Pruned, "bad-phone").is_empty());
    }

    #[test]
    fn an_example_that_says_something_new_takes_the_place_of_one_that_does_not() {
        type Said<'s> = &'s [(&'s str, &'s str)];
        let cases: [(Said<'_>, &[u64]); 4] = [
            // Another message, however late it comes.
            (&[("/a", "x"), ("/a", "x"), ("/a", "x"), ("/a", "x"), ("/a", "y"), ("/a", "y")], &[1, 2, 5]),
            (&[("/a", "x"), ("/a", "x"), ("/a", "x"), ("/a", "y"), ("/a", "z"), ("/a", "u")], &[1, 4, 5]),
            // Another place, after other messages.
            (&[("/a", "x"), ("/a", "x"), ("/a", "x"), ("/b", "x"), ("/c", "x"), ("/d", "x")], &[1, 4, 5]),
            (&[("/a", "x"), ("/b", "x"), ("/c", "x"), ("/a", "y")], &[1, 2, 4]),
        ];
        assert_eq!(without_byte("it is cut (byte 12 of the record)"), ("it is cut", Some("12")));
        assert_eq!(without_byte("it is cut (byte x of the record)").1, None);
        for (said, kept) in cases {
            let mut reasons = Reasons::default();
            for (line, (pointer, message)) in (1..).zip(said) {
                reasons.add(&reject(line, Action::Rejected, &[saying("bad-name", pointer, message)]));
            }
            assert_eq!(lines(&reasons, Action::Rejected, "bad-name"), kept, "{said:?}");
        }
    }

    #[test]
    fn a_record_is_several_examples_if_it_says_several_things() {
        let mut reasons = Reasons::default();
        let said = ["x", "y", "x"].map(|message| saying("unknown-member", "/a", message));
        reasons.add(&reject(1, Action::Rejected, &said));
        assert_eq!(lines(&reasons, Action::Rejected, "unknown-member"), [1, 1]);
        reasons.add(&reject(
            2,
            Action::Rejected,
            &[saying("unknown-member", "/a", "x"), saying("unknown-member", "/b", "z")],
        ));
        assert_eq!(lines(&reasons, Action::Rejected, "unknown-member"), [1, 1, 2]);
        let messages: Vec<_> = reasons
            .examples(Action::Rejected, "unknown-member")
            .iter()
            .map(|example| example.message.as_str())
            .collect();
        assert_eq!(messages, ["x", "y", "z"]);
    }

    #[test]
    fn however_many_codes_there_are_there_are_examples_of_some() {
        let mut reasons = Reasons::default();
        for nth in 0..1000 {
            reasons.add(&reject(nth, Action::Rejected, &[of_code(&format!("x{nth}"))]));
        }
        assert_eq!(reasons.records(Action::Rejected), 1000);
        let known = (0..1000)
            .filter(|nth| !reasons.examples(Action::Rejected, &format!("x{nth}")).is_empty())
            .count();
        assert_eq!(known, MOST_CODES);
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_control_characters_are_shown() {
        assert_eq!(shortened("a\nb"), "a\\nb");
        assert_eq!(shortened(&"ї".repeat(MOST_CHARACTERS)), "ї".repeat(MOST_CHARACTERS));
        assert_eq!(shortened(&"ї".repeat(9999)), "ї".repeat(MOST_CHARACTERS) + "…");
    }
}
