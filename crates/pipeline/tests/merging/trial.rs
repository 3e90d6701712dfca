//! Runs of the product and of the reference, brought into one form.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use contact::{DedupeOn, STANDARD_FIELD_NAMES};
use pipeline::{InputOrder, Merging, OnDuplicate, SharedTokens};
use serde_json::Value;

use crate::memory::{Ran, Run};
use crate::reference::{Expected, KnownBy, Options, Policy, Row, expected};

/// Options of the reference, and how the product is run with them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
    pub(crate) options: Options,
    /// Whether rows say in `updatedAt` when they were true.
    pub(crate) dated: bool,
    pub(crate) log_conflicts: bool,
    pub(crate) input_order: InputOrder,
    pub(crate) threads: usize,
    pub(crate) block_bytes: usize,
    pub(crate) memory_bytes: usize,
}

impl Trial {
    /// A merging run in memory.
    pub(crate) fn new() -> Self {
        let options = Options {
            policy: Policy::Merge,
            known_by: KnownBy::ExternalCustomerId,
            tokens_stay: false,
            max_per_type: 2,
        };
        Self {
            options,
            dated: false,
            log_conflicts: false,
            input_order: InputOrder::Any,
            threads: 2,
            block_bytes: 4096,
            memory_bytes: 256 << 20,
        }
    }

    /// A run of the product that is yet to go.
    pub(crate) fn run(&self, text: &str) -> Run {
        let merging = Merging {
            on_duplicate: match self.options.policy {
                Policy::Merge => OnDuplicate::Merge,
                Policy::First => OnDuplicate::First,
                Policy::Last => OnDuplicate::Last,
                Policy::Reject => OnDuplicate::Reject,
                Policy::Keep => OnDuplicate::Keep,
            },
            memory_bytes: self.memory_bytes,
            shared_tokens: if self.options.tokens_stay { SharedTokens::Keep } else { SharedTokens::Last },
            input_order: self.input_order,
            log_conflicts: self.log_conflicts,
            ..Merging::default()
        };
        let dedupe_on = match self.options.known_by {
            KnownBy::ExternalCustomerId => DedupeOn::ExternalCustomerId,
            KnownBy::Email => DedupeOn::Email,
            KnownBy::Sms => DedupeOn::Sms,
            KnownBy::EmailOrSms => DedupeOn::EmailOrSms,
            KnownBy::Push => DedupeOn::Push,
            KnownBy::WebPush => DedupeOn::WebPush,
            KnownBy::Id => DedupeOn::Id,
            KnownBy::Field(id) => DedupeOn::FieldId(id),
        };
        let max = NonZeroUsize::new(self.options.max_per_type).expect("at least one channel");
        let all = NonZeroUsize::new(10_000).expect("not 0");
        let run = Run::of(text)
            .lines()
            .merging(merging)
            .dedupe_on(dedupe_on)
            .max_channels_per_type(max)
            .threads(self.threads)
            .block_bytes(self.block_bytes)
            .max_errors(all);
        if self.dated { run.updated_at("/updatedAt") } else { run }
    }

    /// What the product makes of a text.
    pub(crate) fn found(&self, text: &str) -> Found {
        Found::by_product(&self.run(text).go(), text)
    }

    /// What the reference makes of the rows of the same text.
    pub(crate) fn expected(&self, rows: &[Row]) -> Found {
        Found::by_reference(expected(rows, self.options), rows.len() as u64, self.log_conflicts)
    }
}

/// What came of an export.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    end: String,
    /// Whether read = written + merged + rejected.
    adds_up: bool,
    /// Lines of the rejects that are not as they should be.
    misplaced: Vec<String>,
    /// The contacts of each field set in their order, as texts: members stand in an order too.
    contacts: BTreeMap<String, Vec<String>>,
    read: u64,
    written: u64,
    merged: u64,
    rejected: u64,
    /// Line, action and code of everything that was told, sorted.
    told: Vec<(u64, String, String)>,
    conflicts: BTreeMap<String, u64>,
}

impl Found {
    /// What the product found in this text.
    pub(crate) fn by_product(ran: &Ran, text: &str) -> Self {
        let outcome = &ran.outcome;
        let mut contacts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for body in &ran.bodies {
            let body: Value = serde_json::from_str(body).expect("a body is JSON");
            let custom = body.get("customFieldsIDs").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
            let of_set = contacts.entry(format!("{}{custom}", body["contactFields"])).or_default();
            of_set.extend(body["contacts"].as_array().expect("contacts").iter().map(Value::to_string));
        }
        let mut told = Vec::new();
        for reject in ran.rejects() {
            let line = reject["line"].as_u64().expect("a line");
            let action = reject["action"].as_str().expect("an action");
            let violations = reject["violations"].as_array().expect("violations");
            let mut codes: Vec<_> =
                violations.iter().map(|violation| violation["code"].as_str().expect("a code")).collect();
            if action == "rejected" {
                // How often it was wrong does not matter any more.
                codes.sort_unstable();
                codes.dedup();
            }
            told.extend(codes.into_iter().map(|code| (line, action.to_owned(), code.to_owned())));
        }
        told.sort_unstable();
        let counts = outcome.counts;
        Self {
            end: format!("{:?}", outcome.end),
            adds_up: counts.add_up(),
            misplaced: misplaced(ran, text),
            contacts,
            read: counts.read,
            written: counts.written,
            merged: counts.merged,
            rejected: counts.rejected,
            told,
            conflicts: outcome.conflicts.clone(),
        }
    }

    /// What the reference found.
    pub(crate) fn by_reference(expected: Expected, read: u64, log_conflicts: bool) -> Self {
        let rejected = expected.rejected().len() as u64;
        let mut contacts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for contact in &expected.written {
            contacts.entry(field_set(contact)).or_default().push(contact.to_string());
        }
        let lost = expected.lost.iter().filter(|_| log_conflicts);
        let lost = lost.map(|line| (*line, "merged-conflict", "conflict"));
        let told = expected.told.iter().copied().chain(lost);
        let mut told: Vec<_> =
            told.map(|(line, action, code)| (line, action.to_owned(), code.to_owned())).collect();
        told.sort_unstable();
        let written = expected.written.len() as u64;
        assert_eq!(read, written + expected.merged + rejected, "the reference accounts for every row");
        Self {
            end: "Complete".to_owned(),
            adds_up: true,
            misplaced: Vec::new(),
            contacts,
            read,
            written,
            merged: expected.merged,
            rejected,
            told,
            conflicts: expected.conflicts,
        }
    }
}

/// Lines of the rejects that do not tell where their row stands, or lack what the reject schema asks for: the row itself
/// if it is not written, the part that was left out if it is. What merging speaks about stands in that row.
fn misplaced(ran: &Ran, text: &str) -> Vec<String> {
    let mut rows = HashMap::new();
    let mut offset = 0;
    for (line, row) in (1_u64..).zip(text.split('\n')) {
        rows.insert(line, (offset, row));
        offset += row.len() + 1;
    }
    let is_sound = |reject: &Value| {
        let (offset, row) = rows.get(&reject["line"].as_u64()?)?;
        let contact: Value = serde_json::from_str(row).ok()?;
        let action = reject["action"].as_str()?;
        let violations = reject["violations"].as_array()?;
        let of_merging = |violation: &Value| {
            let code = violation["code"].as_str();
            matches!(code, Some("channel-limit" | "token-moved" | "conflict"))
        };
        let is_there = |violation: &Value, member: &str| {
            violation[member].as_str().is_some_and(|pointer| contact.pointer(pointer).is_some())
        };
        let is_left_out = matches!(action, "rejected" | "duplicate");
        let is_whole = reject["source"] == "input"
            && reject["byte_offset"] == *offset
            && reject["key"].is_string()
            && (!is_left_out || reject["raw"] == *row)
            && violations.iter().all(|violation| {
                let is_removed = is_there(violation, "removed");
                is_removed == (action == "pruned")
                    && (!of_merging(violation) || is_there(violation, "pointer"))
            });
        is_whole.then_some(())
    };
    ran.rejects().iter().filter(|reject| is_sound(reject).is_none()).map(Value::to_string).collect()
}

/// The fields that a body with this contact lists.
fn field_set(contact: &Value) -> String {
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let types: Vec<Value> =
        array(&contact["channels"]).iter().map(|channel| channel["type"].clone()).collect();
    // The street has the name of the whole address.
    let carries = |name: &str| {
        types.iter().any(|kind| kind == name)
            || contact["address"].get(name).is_some()
            || (name != "address" && contact.get(name).is_some())
    };
    let standard: Vec<&str> = STANDARD_FIELD_NAMES.into_iter().filter(|name| carries(name)).collect();
    let mut custom: Vec<i64> =
        array(&contact["fields"]).iter().filter_map(|field| field["id"].as_i64()).collect();
    custom.sort_unstable();
    format!("{}{}", Value::from(standard), Value::from(custom))
}
