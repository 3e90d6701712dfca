//! Why records are not in the output, or not whole: how many for each reason, and the first few of them.

use std::collections::BTreeMap;
use std::io;

use pipeline::{Action, Reject, Rejects};

use crate::exit::printable;

/// So many records are kept as examples of a reason.
const EXAMPLES: usize = 3;

/// So many reasons are told apart for each action: schemas and mappings of users bring forth their own.
const MOST_CODES: usize = 200;

/// The most characters of a name, a place or a message that are kept.
const MOST_CHARACTERS: usize = 200;

/// What became of records, and why.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    actions: BTreeMap<Action, OfAction>,
    /// Lines seen so far: a record counts once for a reason, however often it has it.
    seen: u64,
}

/// The reasons for one action.
#[derive(Debug, Default)]
pub(crate) struct OfAction {
    /// How often records were told with this action.
    pub(crate) records: u64,
    /// Records that had more reasons than were told.
    pub(crate) omitting: u64,
    /// Records with a reason that is not told apart any more.
    pub(crate) others: u64,
    reasons: BTreeMap<String, Reason>,
}

/// One reason.
#[derive(Debug, Default)]
pub(crate) struct Reason {
    /// How many records have it.
    pub(crate) records: u64,
    /// The first of them.
    pub(crate) examples: Vec<Example>,
    last_seen: u64,
}

/// A record that has a reason. Nothing of it is shown that is not masked.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) source: String,
    pub(crate) line: u64,
    pub(crate) pointer: String,
    pub(crate) message: String,
    pub(crate) value: String,
}

impl Reasons {
    /// The reasons for an action; `None` if no record was told with it.
    pub(crate) fn of(&self, action: Action) -> Option<&OfAction> {
        self.actions.get(&action)
    }

    fn add(&mut self, reject: &Reject<'_>) {
        self.seen += 1;
        let of_action = self.actions.entry(reject.action).or_default();
        of_action.records += 1;
        of_action.omitting += u64::from(reject.omitted > 0);
        let mut is_other = false;
        for violation in reject.violations {
            let code = &*violation.code;
            if !of_action.reasons.contains_key(code) {
                if of_action.reasons.len() == MOST_CODES {
                    is_other = true;
                    continue;
                }
                of_action.reasons.insert(code.to_owned(), Reason::default());
            }
            let Some(reason) = of_action.reasons.get_mut(code) else { continue };
            if reason.last_seen == self.seen {
                continue;
            }
            reason.last_seen = self.seen;
            reason.records += 1;
            if reason.examples.len() < EXAMPLES {
                reason.examples.push(Example {
                    source: shortened(reject.source),
                    line: reject.line,
                    pointer: shortened(&violation.pointer),
                    message: shortened(&violation.message),
                    value: shortened(&violation.value),
                });
            }
        }
        of_action.others += u64::from(is_other);
    }
}

impl OfAction {
    /// The reasons, the most frequent first.
    pub(crate) fn by_frequency(&self) -> Vec<(&str, &Reason)> {
        let mut reasons: Vec<_> = self.reasons.iter().map(|(code, reason)| (code.as_str(), reason)).collect();
        reasons.sort_by_key(|(_, reason)| std::cmp::Reverse(reason.records));
        reasons
    }
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
pub(crate) struct Noting<'n> {
    reasons: &'n mut Reasons,
    rejects: &'n mut dyn Rejects,
}

impl<'n> Noting<'n> {
    pub(crate) fn new(reasons: &'n mut Reasons, rejects: &'n mut dyn Rejects) -> Self {
        Self { reasons, rejects }
    }
}

impl Rejects for Noting<'_> {
    fn take(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        self.reasons.add(reject);
        self.rejects.take(reject)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.rejects.finish()
    }
}

#[cfg(test)]
mod tests {
    use contact::Violation;

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
        violation.code = code.to_owned().into();
        violation
    }

    #[test]
    fn a_record_counts_once_for_a_reason_and_the_first_three_are_kept() {
        let mut reasons = Reasons::default();
        let violations = [of_code("bad-email"), of_code("bad-email"), of_code("bad-phone")];
        for line in 1..=5 {
            reasons.add(&reject(line, Action::Rejected, &violations));
            reasons.add(&reject(line, Action::Pruned, &violations[..1]));
        }
        let rejected = reasons.of(Action::Rejected).expect("some");
        assert_eq!(rejected.records, 5);
        let counted: Vec<_> =
            rejected.by_frequency().iter().map(|(code, reason)| (*code, reason.records)).collect();
        assert_eq!(counted, [("bad-email", 5), ("bad-phone", 5)]);
        let lines: Vec<_> =
            rejected.by_frequency()[0].1.examples.iter().map(|example| example.line).collect();
        assert_eq!(lines, [1, 2, 3]);
        assert_eq!(reasons.of(Action::Pruned).expect("some").by_frequency().len(), 1);
        assert!(reasons.of(Action::Skipped).is_none());
    }

    #[test]
    fn however_many_codes_there_are_only_some_are_kept() {
        let mut reasons = Reasons::default();
        for nth in 0..1000 {
            reasons.add(&reject(nth, Action::Rejected, &[of_code(&format!("x{nth}"))]));
        }
        let rejected = reasons.of(Action::Rejected).expect("some");
        assert_eq!(rejected.by_frequency().len(), MOST_CODES);
        assert_eq!(rejected.others, 800);
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_control_characters_are_shown() {
        assert_eq!(shortened("a\nb"), "a\\nb");
        assert_eq!(shortened(&"ї".repeat(MOST_CHARACTERS)), "ї".repeat(MOST_CHARACTERS));
        assert_eq!(shortened(&"ї".repeat(9999)), "ї".repeat(MOST_CHARACTERS) + "…");
    }
}
