//! The pages of `docs/codes/`, in the groups of `docs/records-and-rules.md`.

/// Codes that belong together.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) pages: &'static [Page],
}

/// What is said about a code.
pub(super) struct Page {
    pub(super) code: &'static str,
    /// A heading, a line that says what the code means, and more.
    pub(super) text: &'static str,
}

impl Page {
    /// What the code means, in one line without the full stop.
    pub(super) fn summary(&self) -> &'static str {
        self.text.lines().nth(2).unwrap_or_default().trim_end_matches('.')
    }
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
        title: "The server's own",
        pages: pages! { "refused-by-server" "failed-on-server" "import-failed" },
    },
];
