//! The pages of `docs/codes/`, in the groups of `docs/records-and-rules.md`.

/// Codes that belong together.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) pages: &'static [Page],
}

/// What stands before the last part of a page.
const WHAT_TO_DO: &str = "\n**What to do.** ";

/// What is said about a code.
pub(crate) struct Page {
    pub(super) code: &'static str,
    /// A heading, a line that says what the code means, and more.
    pub(super) text: &'static str,
}

impl Page {
    /// What the code means, in a sentence.
    pub(crate) fn meaning(&self) -> &'static str {
        self.text.lines().nth(2).unwrap_or_default()
    }

    /// The same without the full stop.
    pub(super) fn summary(&self) -> &'static str {
        self.meaning().trim_end_matches('.')
    }

    /// What to do about it, in some sentences on one line. Of links their text stays.
    pub(crate) fn advice(&self) -> String {
        let part = self.text.split_once(WHAT_TO_DO).map_or("", |(_, part)| part);
        let paragraph = part.split("\n\n").next().unwrap_or_default();
        without_links(&paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// `[text](target)` as `text`.
fn without_links(text: &str) -> String {
    let mut rest = text;
    let mut without = String::with_capacity(text.len());
    while let Some((before, link)) = rest.split_once('[') {
        let Some((words, (_, after))) =
            link.split_once("](").and_then(|(words, target)| Some((words, target.split_once(')')?)))
        else {
            break;
        };
        without.push_str(before);
        without.push_str(words);
        rest = after;
    }
    without + rest
}

macro_rules! pages {
    ($($code:literal)*) => {
        &[$(Page { code: $code, text: include_str!(concat!("../../../../docs/codes/", $code, ".md")) }),*]
    };
}

pub(super) const GROUPS: &[Group] = &[
    Group {
        title: "The record is not JSON",
        pages: pages! {
            "invalid-utf8" "trailing-text" "lone-surrogate" "control-character" "leading-zero" "invalid-number"
            "number-out-of-range" "invalid-literal" "comment" "invalid-escape" "unexpected-end" "too-deep"
            "duplicate-key" "array-syntax" "line-too-long" "syntax"
        },
    },
    Group {
        title: "The contact breaks a rule",
        pages: pages! {
            "not-an-object" "wrong-type" "not-allowed" "missing-member" "unknown-member" "misplaced-member"
            "no-channel" "bad-email" "bad-phone" "bad-name" "bad-time-zone" "bad-language" "bad-external-id" "bad-id"
            "bad-app-id" "bad-custom-field" "too-long" "too-short" "out-of-range" "duplicate-channel"
            "duplicate-field" "channel-limit"
        },
    },
    Group { title: "The account's custom fields", pages: pages! { "unknown-field" "read-only-field" } },
    Group {
        title: "A schema of your own",
        pages: pages! {
            "bad-pattern" "bad-format" "too-few-items" "too-many-items" "not-unique" "not-matching"
        },
    },
    Group {
        title: "The contact among others",
        pages: pages! {
            "missing-key" "repeated-key" "token-moved" "conflict" "bad-updated-at" "contact-too-large" "body-option"
            "body-fields"
        },
    },
    Group {
        title: "Mapped records",
        pages: pages! {
            "stale-token" "unknown-app" "opted-out" "inactive" "invalid-token" "uninstalled" "web-push"
            "unsupported-push-service" "sandbox-token" "voip-token" "not-a-channel" "no-array" "repeated-header" "wrong-cell-count"
            "unclosed-quote" "not-a-value" "bad-json-cell"
        },
    },
    Group {
        title: "Lines of a rejects file",
        pages: pages! { "not-rejected" "not-a-reject" "no-raw" "raw-not-json" },
    },
    Group {
        title: "The server's own",
        pages: pages! { "refused-by-server" "failed-on-server" "import-failed" },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_says_what_its_code_means_and_what_to_do() {
        for page in GROUPS.iter().flat_map(|group| group.pages) {
            for text in [page.meaning(), &page.advice()] {
                assert!(text.ends_with('.'), "{}: {text}", page.code);
                assert!(text.matches('`').count().is_multiple_of(2), "{}: {text}", page.code);
                assert!(!text.contains("](") && !text.contains("**"), "{}: {text}", page.code);
            }
        }
    }

    #[test]
    fn the_text_of_a_link_stays() {
        for (text, without) in [
            ("see [a b](../c.md#d) and [e](f).", "see a b and e."),
            ("`[` is no link", "`[` is no link"),
            ("", ""),
        ] {
            assert_eq!(without_links(text), without);
        }
    }
}
