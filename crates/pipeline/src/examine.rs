//! What a worker does with a block: parse, judge and encode each record.

use std::ops::Range;

use contact::{FieldSet, Repairs, Rules, Schema, Scratch, Verdict, Violation};
use ndjson::{Block, FramingFault, Parser, Tape};

use crate::duplicates::KeyHasher;
use crate::request_body::{self, Agreement, ListedFields, RequestBody};

/// What every worker knows.
pub(crate) enum Examination {
    /// Records are validated as they stand.
    Raw(Box<Schema>),
    /// Records are contacts.
    Contacts {
        rules: Box<Rules>,
        /// What request bodies among the input have to agree with.
        agreement: Agreement,
        /// Keys are hashed only if somebody asks for them.
        keys: Option<KeyHasher>,
    },
}

/// A worker's own memory, kept from block to block.
#[derive(Default)]
pub(crate) struct Examiner {
    parser: Parser,
    scratch: Scratch,
    field_set: FieldSet,
}

/// A block with what became of its records, in input order.
#[derive(Default)]
pub(crate) struct Examined {
    pub(crate) entries: Vec<Entry>,
    /// The accepted contacts, one after the other.
    pub(crate) encoded: Vec<u8>,
    /// Their keys, one after the other.
    pub(crate) keys: String,
    /// The field sets of this block's contacts, each once.
    pub(crate) field_sets: Vec<FieldSet>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) repairs: Repairs,
    /// Records found, counted where they are split.
    pub(crate) records: u64,
    /// Records that passed and have no entry because nothing more is done with them.
    pub(crate) passed: u64,
    pub(crate) blank_lines: u64,
    /// Line ends in the block.
    pub(crate) lines: u64,
}

/// What became of one record.
pub(crate) struct Entry {
    /// From 0, relative to the block.
    pub(crate) line: u64,
    /// Its text, in bytes of the block.
    pub(crate) text: Range<usize>,
    pub(crate) fate: Fate,
}

pub(crate) enum Fate {
    Accepted {
        /// The end of its encoding in [`Examined::encoded`]; the start is where the one before ended.
        encoded_end: usize,
        /// The end of its key in [`Examined::keys`], likewise.
        key_end: usize,
        /// Index in [`Examined::field_sets`].
        field_set: usize,
        /// The hash of its key; 0 if nobody asked.
        key: u128,
        /// Index in [`Examined::refused`], if parts were left out.
        pruned: Option<usize>,
    },
    /// Index in [`Examined::refused`].
    Rejected(usize),
}

/// Why a record, or a part of it, is not in the output.
pub(crate) struct Refused {
    pub(crate) key: Option<String>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) held: Held,
}

/// Whether the text of a refused record is at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Yes,
    /// It was too long to be held.
    No,
}

impl Examined {
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.encoded.clear();
        self.keys.clear();
        self.field_sets.clear();
        self.refused.clear();
        self.repairs = Repairs::default();
        (self.records, self.passed, self.blank_lines, self.lines) = (0, 0, 0, 0);
    }

    fn reject(&mut self, line: u64, text: Range<usize>, refused: Refused) {
        self.entries.push(Entry { line, text, fate: Fate::Rejected(self.refused.len()) });
        self.refused.push(refused);
    }
}

impl Examiner {
    /// Examines the records of a block.
    pub(crate) fn examine(&mut self, examination: &Examination, block: &Block, out: &mut Examined) {
        let mut records = block.records();
        for record in &mut records {
            let text = record.offset..record.offset + record.bytes.len();
            if let Some(fault) = record.fault {
                out.records += 1;
                let held = match fault {
                    FramingFault::TooLong { .. } => Held::No,
                    _ => Held::Yes,
                };
                let violation = Violation::of_record(fault.code(), "", fault.to_string());
                out.reject(record.line, text, Refused { key: None, violations: vec![violation], held });
                continue;
            }
            match examination {
                Examination::Raw(schema) => self.raw(schema, record.bytes, record.line, text, out),
                Examination::Contacts { rules, agreement, keys } => {
                    let context = Context { rules, agreement, keys: *keys, listed: &ListedFields::default() };
                    self.record(&context, record.bytes, record.line, text, out);
                }
            }
        }
        out.blank_lines = records.blank_lines();
        out.lines = records.line_ends();
        out.repairs = std::mem::take(&mut self.scratch.repairs);
    }

    fn raw(&mut self, schema: &Schema, bytes: &[u8], line: u64, text: Range<usize>, out: &mut Examined) {
        out.records += 1;
        let violations = match self.parser.parse(bytes, |tape| schema.check(tape)) {
            Ok(violations) => violations,
            Err(error) => vec![Violation::of_syntax(&error)],
        };
        if violations.is_empty() {
            out.passed += 1;
        } else {
            out.reject(line, text, Refused { key: None, violations, held: Held::Yes });
        }
    }

    /// A record that may be a request body.
    fn record(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        line: u64,
        text: Range<usize>,
        out: &mut Examined,
    ) {
        let Self { parser, scratch, field_set } = self;
        let opened = parser.parse(bytes, |tape| {
            let opened = request_body::open(tape, context.agreement);
            if opened.is_none() {
                out.records += 1;
                judge(context, tape, scratch, field_set, line, text.clone(), out);
            }
            opened
        });
        match opened {
            Ok(None) => {}
            Ok(Some(body)) => self.body(context, &body, bytes, line, text.start, out),
            Err(error) => {
                out.records += 1;
                let violations = vec![Violation::of_syntax(&error)];
                out.reject(line, text, Refused { key: None, violations, held: Held::Yes });
            }
        }
    }

    /// The contacts of a request body, each as a record of its own.
    fn body(
        &mut self,
        context: &Context<'_>,
        body: &RequestBody,
        bytes: &[u8],
        line: u64,
        offset: usize,
        out: &mut Examined,
    ) {
        let context = Context { listed: &body.listed, ..*context };
        let Self { parser, scratch, field_set } = self;
        for contact in &body.contacts {
            out.records += 1;
            let line = line + bytes[..contact.start].iter().filter(|byte| **byte == b'\n').count() as u64;
            let text = offset + contact.start..offset + contact.end;
            let violation = match &body.disagreement {
                Some(disagreement) => disagreement.clone(),
                None => {
                    let judged = parser.parse(&bytes[contact.clone()], |tape| {
                        judge(&context, tape, scratch, field_set, line, text.clone(), out);
                    });
                    match judged {
                        Ok(()) => continue,
                        Err(error) => Violation::of_syntax(&error),
                    }
                }
            };
            out.reject(line, text, Refused { key: None, violations: vec![violation], held: Held::Yes });
        }
    }
}

#[derive(Clone, Copy)]
struct Context<'c> {
    rules: &'c Rules,
    agreement: &'c Agreement,
    keys: Option<KeyHasher>,
    listed: &'c ListedFields,
}

/// One contact: the verdict, and its encoding if it is accepted.
fn judge(
    context: &Context<'_>,
    tape: &mut Tape<'_>,
    scratch: &mut Scratch,
    field_set: &mut FieldSet,
    line: u64,
    text: Range<usize>,
    out: &mut Examined,
) {
    match context.rules.judge(tape, scratch) {
        Verdict::Rejected { violations, key } => {
            let key = key.map(|key| key.value.to_owned());
            out.reject(line, text, Refused { key, violations, held: Held::Yes });
        }
        Verdict::Accepted { pruned, key } => {
            field_set.read(tape.root());
            if let Some(violation) = context.listed.unlisted(field_set) {
                let key = Some(key.value.to_owned());
                out.reject(line, text, Refused { key, violations: vec![violation], held: Held::Yes });
                return;
            }
            let field_set = match out.field_sets.iter().position(|known| known == field_set) {
                Some(known) => known,
                None => {
                    out.field_sets.push(field_set.clone());
                    out.field_sets.len() - 1
                }
            };
            contact::encode(tape, &mut out.encoded);
            out.keys.push_str(key.value);
            let pruned = (!pruned.is_empty()).then(|| {
                out.refused.push(Refused {
                    key: Some(key.value.to_owned()),
                    violations: pruned,
                    held: Held::Yes,
                });
                out.refused.len() - 1
            });
            out.entries.push(Entry {
                line,
                text,
                fate: Fate::Accepted {
                    encoded_end: out.encoded.len(),
                    key_end: out.keys.len(),
                    field_set,
                    key: context.keys.map_or(0, |hasher| hasher.hash(key.field, key.value)),
                    pruned,
                },
            });
        }
    }
}
