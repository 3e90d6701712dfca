//! What a worker does with a block: parse, judge and encode each record.

use std::ops::Range;
use std::sync::Arc;

use contact::{
    FieldSet, Key, LineEnds, Mended, PLAIN_MARGIN_BYTES, PlainContact, Repairs, Rules, Schema, Scratch,
    SmolStr, Verdict, Violation,
};
use mapping::Sources;
use ndjson::{Block, FramingFault, Parser, Records, Tape};
use smallvec::{SmallVec, smallvec};

use crate::corrected::Unwrapping;
use crate::field_sets::FieldSets;
use crate::mapped::Mappers;
use crate::mended::TakenFrom;
use crate::request_body::{self, Agreement, ListedFields, RequestBody};
use crate::seen::Hasher;

/// What every worker knows.
pub(crate) enum Examination {
    /// Records are validated as they stand.
    Raw(Box<Schema>),
    /// Records are contacts.
    Contacts {
        rules: Arc<Rules>,
        /// What request bodies among the input have to agree with.
        agreement: Agreement,
        /// Keys and tokens are hashed only if somebody asks for them.
        hasher: Option<Hasher>,
        /// How records of other shapes become contacts.
        sources: Arc<Sources>,
    },
}

/// A worker's own memory, kept from block to block.
#[derive(Default)]
pub(crate) struct Examiner {
    pub(crate) parser: Parser,
    pub(crate) scratch: Scratch,
    pub(crate) field_set: FieldSet,
    pub(crate) mappers: Mappers,
    pub(crate) unwrapping: Unwrapping,
    /// A copy of a record that stands too near to the end of its block.
    copy: Vec<u8>,
}

/// What is known of a record before it is parsed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    /// It was looked at, and is not a plain one.
    No,
    /// It was not looked at: it stands too near to the end of its block, or not on a line.
    Unknown,
}

/// Larger records are not copied to be taken from their text: that would need their memory once more.
const MOST_COPIED_BYTES: usize = 1 << 20;

/// A block with what became of its records, in input order.
#[derive(Default)]
pub(crate) struct Examined {
    pub(crate) entries: Vec<Entry>,
    /// The accepted contacts that are not written as they stand in the block, one after the other.
    pub(crate) encoded: Vec<u8>,
    /// The keys of accepted contacts that do not stand in the block, one after the other.
    pub(crate) keys: String,
    /// The field sets of this block's contacts, each once.
    pub(crate) field_sets: FieldSets,
    /// The tokens of accepted contacts, if they are asked for.
    pub(crate) tokens: Vec<Token>,
    /// What accepted contacts are linked by, if that is asked for.
    pub(crate) links: Vec<Link>,
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
        /// It as compact JSON.
        contact: Stored,
        /// What it is known by.
        key: Stored,
        /// Index in [`Examined::field_sets`].
        field_set: usize,
        /// What tells it from others.
        identity: Identity,
        /// Index in [`Examined::refused`], if parts were left out.
        pruned: Option<usize>,
    },
    /// Index in [`Examined::refused`].
    Rejected(usize),
    /// The mapping of its source leaves it out. Index in [`Examined::refused`].
    Skipped(usize),
    /// It is told of in the file that was read, as something that is not to be read again. Index in
    /// [`Examined::refused`].
    PassedOver(usize),
}

/// What tells a contact from others, as far as somebody asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    /// The field of its key.
    pub(crate) field: &'static str,
    /// The hash of its key.
    pub(crate) hash: u64,
    /// When it was true, in milliseconds since 1970; larger is later.
    pub(crate) rank: i64,
    /// In [`Examined::tokens`].
    pub(crate) tokens: Range<usize>,
    /// In [`Examined::links`].
    pub(crate) links: Range<usize>,
}

/// A mobile push token of a contact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) hash: u128,
    pub(crate) is_active: bool,
}

/// A key by which a contact may be linked to others.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) field: &'static str,
    pub(crate) hash: u64,
    pub(crate) value: Stored,
}

/// Where a text is.
#[derive(Clone, Debug)]
pub(crate) enum Stored {
    /// In the block: it is written as it was read.
    InBlock(Range<usize>),
    /// In [`Examined::encoded`], or a key in [`Examined::keys`].
    Apart(Range<usize>),
}

/// Why a record, or a part of it, is not in the output.
pub(crate) struct Refused {
    /// What a record that is left out would have been known by.
    pub(crate) key: Option<SmolStr>,
    pub(crate) violations: Reasons,
    pub(crate) held: Held,
}

/// Why something is refused: mostly there is one reason, and that needs no memory of its own.
pub(crate) type Reasons = SmallVec<[Violation; 1]>;

/// Whether the text of a refused record is at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Yes,
    /// It was too long to be held.
    No,
}

impl Refused {
    /// A record of which nothing but one fault is known.
    pub(crate) fn of(violation: Violation) -> Self {
        Self { key: None, violations: smallvec![violation], held: Held::Yes }
    }

    /// A record that was read to the end.
    pub(crate) fn of_all(key: Option<impl Into<SmolStr>>, violations: impl Into<Reasons>) -> Self {
        Self { key: key.map(Into::into), violations: violations.into(), held: Held::Yes }
    }

    /// A record that cannot even be parsed.
    pub(crate) fn of_framing(fault: FramingFault) -> Self {
        let held = match fault {
            FramingFault::TooLong { .. } => Held::No,
            _ => Held::Yes,
        };
        Self { held, ..Self::of(Violation::of_record(fault.code(), "", fault.to_string())) }
    }
}

impl Examined {
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.encoded.clear();
        self.keys.clear();
        self.field_sets.clear();
        self.tokens.clear();
        self.links.clear();
        self.refused.clear();
        self.repairs = Repairs::default();
        (self.records, self.passed, self.blank_lines, self.lines) = (0, 0, 0, 0);
    }

    /// Adds a contact that was taken from its text. `pruned` is the index of what is told of it.
    #[inline]
    pub(crate) fn take_plain(
        &mut self,
        taken: &TakenFrom<'_>,
        base: usize,
        contact: &PlainContact<'_>,
        pruned: Option<usize>,
        hasher: Option<Hasher>,
        field_set: &FieldSet,
    ) {
        let &TakenFrom { bytes, line, ref text, .. } = taken;
        let field_set = self.field_set(field_set);
        let in_block = |range: Range<usize>| Stored::InBlock(base + range.start..base + range.end);
        let stored = match contact.rewritten {
            None => in_block(contact.start..contact.end),
            Some(rewritten) => {
                let start = self.encoded.len();
                self.encoded.extend_from_slice(rewritten);
                Stored::Apart(start..self.encoded.len())
            }
        };
        let key = in_block(contact.key.clone());
        let (first_token, first_link) = (self.tokens.len(), self.links.len());
        let mut identity = Identity { field: contact.key_field, ..Identity::default() };
        if let Some(hasher) = hasher {
            identity.hash = hasher.of_key(contact.key(bytes));
            self.tokens.extend(
                contact.tokens.iter().map(|token| Token {
                    hash: hasher.of_token(token.text(bytes)),
                    is_active: token.is_active,
                }),
            );
            self.links.extend(contact.links.iter().map(|link| Link {
                field: link.field,
                hash: hasher.of_key(link.key(bytes)),
                value: in_block(link.value.clone()),
            }));
            identity.tokens = first_token..self.tokens.len();
            identity.links = first_link..self.links.len();
        }
        let fate = Fate::Accepted { contact: stored, key, field_set, identity, pruned };
        self.entries.push(Entry { line, text: text.clone(), fate });
    }

    /// The index of a field set.
    #[inline]
    pub(crate) fn field_set(&mut self, field_set: &FieldSet) -> usize {
        self.field_sets.place_of(field_set)
    }

    pub(crate) fn store_key(&mut self, key: &str) -> Stored {
        let start = self.keys.len();
        self.keys.push_str(key);
        Stored::Apart(start..self.keys.len())
    }

    pub(crate) fn reject(&mut self, line: u64, text: Range<usize>, refused: Refused) {
        self.entries.push(Entry { line, text, fate: Fate::Rejected(self.refused.len()) });
        self.refused.push(refused);
    }

    pub(crate) fn skip(&mut self, line: u64, text: Range<usize>, refused: Refused) {
        self.entries.push(Entry { line, text, fate: Fate::Skipped(self.refused.len()) });
        self.refused.push(refused);
    }

    pub(crate) fn pass_over(&mut self, line: u64, text: Range<usize>, refused: Refused) {
        self.entries.push(Entry { line, text, fate: Fate::PassedOver(self.refused.len()) });
        self.refused.push(refused);
    }

    /// All records of the block were seen.
    pub(crate) fn end_block(&mut self, records: &Records<'_>) {
        self.blank_lines = records.blank_lines();
        self.lines = records.line_ends();
    }
}

impl Examiner {
    /// Examines the records of a block. If they stand in the lines of a rejects file, they are taken out of them.
    pub(crate) fn examine(&mut self, examination: &Examination, block: &mut Block, out: &mut Examined) {
        if self.corrected(examination, block, out) {
            return;
        }
        if let Examination::Contacts { rules, agreement, hasher, sources } = examination
            && let Some(mut mapper) = self.mappers.take(sources, block)
        {
            let context = Context { rules, agreement, hasher: *hasher, listed: &ListedFields::default() };
            self.mapped(&mut mapper, &context, block, out);
            self.mappers.give_back(mapper, block);
            out.repairs.add(&std::mem::take(&mut self.scratch.repairs));
            return;
        }
        let mut records = block.records();
        loop {
            self.take_lines(examination, &mut records, out);
            let Some(record) = records.next() else { break };
            out.records += 1;
            let text = record.offset..record.offset + record.bytes.len();
            if let Some(fault) = record.fault {
                out.reject(record.line, text, Refused::of_framing(fault));
                continue;
            }
            let had_room = text.end + PLAIN_MARGIN_BYTES <= block.bytes.len();
            let plain = if block.has_lines() && had_room { Plain::No } else { Plain::Unknown };
            match examination {
                Examination::Raw(schema) => self.raw(schema, record.bytes, plain, record.line, text, out),
                Examination::Contacts { rules, agreement, hasher, .. } => {
                    let context =
                        Context { rules, agreement, hasher: *hasher, listed: &ListedFields::default() };
                    self.record(&context, record.bytes, plain, record.line, text, out);
                }
            }
        }
        out.end_block(&records);
        out.repairs.add(&std::mem::take(&mut self.scratch.repairs));
    }

    /// Takes the lines that can be judged by their text, up to the first that needs more.
    fn take_lines(&mut self, examination: &Examination, records: &mut Records<'_>, out: &mut Examined) {
        let Self { parser, scratch, field_set, .. } = self;
        match examination {
            Examination::Raw(schema) => {
                while let Some((bytes, start)) = records.line_start()
                    && let Some(end) = schema.take_plain(bytes, start, LineEnds::EndRecords, scratch)
                    && records.end_line(end).is_some()
                {
                    out.records += 1;
                    out.passed += 1;
                }
            }
            Examination::Contacts { rules, hasher, .. } => {
                while let Some((bytes, start)) = records.line_start() {
                    let ends = LineEnds::EndRecords;
                    if let Some(ref contact) =
                        rules.take_or_mend(bytes, start, ends, parser, scratch, field_set)
                    {
                        let Some(record) = records.end_line(contact.end) else { break };
                        out.records += 1;
                        out.take_plain(
                            &TakenFrom::line(bytes, &record),
                            0,
                            contact,
                            None,
                            *hasher,
                            field_set,
                        );
                    } else {
                        let mended = rules.mended(bytes, start, ends, parser, scratch, field_set);
                        let end = mended.as_ref().map(Mended::end);
                        let record = end.and_then(|end| records.end_line(end));
                        let (Some(mended), Some(record)) = (mended, record) else { break };
                        out.records += 1;
                        out.take_mended(&TakenFrom::line(bytes, &record), mended, *hasher, field_set);
                    }
                }
            }
        }
    }

    fn raw(
        &mut self,
        schema: &Schema,
        bytes: &[u8],
        plain: Plain,
        line: u64,
        text: Range<usize>,
        out: &mut Examined,
    ) {
        let Self { parser, scratch, copy, .. } = self;
        let take = |bytes: &[u8]| schema.take_plain(bytes, 0, LineEnds::AreSpace, scratch);
        if plain == Plain::Unknown && with_margin(bytes, copy).and_then(take) == Some(bytes.len()) {
            out.passed += 1;
            return;
        }
        let violations = match parser.parse(bytes, |tape| schema.check(tape)) {
            Ok(violations) => SmallVec::from_vec(violations),
            Err(error) => smallvec![Violation::of_syntax(&error)],
        };
        if violations.is_empty() {
            out.passed += 1;
        } else {
            out.reject(line, text, Refused { key: None, violations, held: Held::Yes });
        }
    }

    /// A record that may be a request body.
    pub(crate) fn record(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        plain: Plain,
        line: u64,
        text: Range<usize>,
        out: &mut Examined,
    ) {
        let scanned_at = match plain {
            Plain::No => text.start,
            Plain::Unknown => 0,
        };
        if plain == Plain::Unknown && self.take_text(context, bytes, line, &text, out) {
            return;
        }
        let Self { parser, scratch, field_set, .. } = self;
        if let Some(error) = context.rules.broken(bytes, scanned_at, scratch) {
            out.reject(line, text, Refused::of(Violation::of_syntax(&error)));
            return;
        }
        let opened = parser.parse(bytes, |tape| {
            let opened = request_body::open(tape, context.agreement);
            if opened.is_none() {
                judge(context, tape, scratch, field_set, line, text.clone(), out);
            }
            opened
        });
        match opened {
            Ok(None) => {}
            Ok(Some(body)) => {
                // Its contacts are the records.
                out.records -= 1;
                self.body(context, &body, bytes, line, text.start, out);
            }
            Err(error) => {
                out.reject(line, text, Refused::of(Violation::of_syntax(&error)));
            }
        }
    }

    /// Takes or refuses a contact of which the whole text is known, if it can be judged by that.
    fn take_text(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        line: u64,
        text: &Range<usize>,
        out: &mut Examined,
    ) -> bool {
        let Self { parser, scratch, field_set, copy, .. } = self;
        let Some(copied) = with_margin(bytes, copy) else { return false };
        let (rules, ends) = (context.rules, LineEnds::AreSpace);
        let taken = TakenFrom { bytes: copied, base: Some(text.start), line, text: text.clone() };
        if let Some(contact) = rules.take_or_mend(copied, 0, ends, parser, scratch, field_set) {
            if contact.end != bytes.len() || context.listed.unlisted(field_set).is_some() {
                return false;
            }
            out.take_plain(&taken, text.start, &contact, None, context.hasher, field_set);
            return true;
        }
        let mended = rules.mended(copied, 0, ends, parser, scratch, field_set);
        let Some(mended) = mended.filter(|mended| mended.end() == bytes.len()) else { return false };
        let is_contact = matches!(mended, Mended::Accepted { .. });
        if is_contact && context.listed.unlisted(field_set).is_some() {
            return false;
        }
        out.take_mended(&taken, mended, context.hasher, field_set);
        true
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
        let (mut line, mut counted) = (line, 0);
        for contact in &body.contacts {
            out.records += 1;
            let before = bytes.get(counted..contact.start).unwrap_or_default();
            line += before.iter().filter(|byte| **byte == b'\n').count() as u64;
            counted = contact.start;
            let text = offset + contact.start..offset + contact.end;
            let violation = match &body.disagreement {
                Some(disagreement) => disagreement.clone(),
                None => {
                    if self.take_text(&context, &bytes[contact.clone()], line, &text, out) {
                        continue;
                    }
                    let Self { parser, scratch, field_set, .. } = self;
                    let judged = parser.parse(&bytes[contact.clone()], |tape| {
                        judge(&context, tape, scratch, field_set, line, text.clone(), out);
                    });
                    match judged {
                        Ok(()) => continue,
                        Err(error) => Violation::of_syntax(&error),
                    }
                }
            };
            out.reject(line, text, Refused::of(violation));
        }
    }
}

/// A record with the margin behind it that the scan of plain records needs; `None` if it is too large to be copied.
fn with_margin<'c>(bytes: &[u8], copy: &'c mut Vec<u8>) -> Option<&'c [u8]> {
    if bytes.len() > MOST_COPIED_BYTES {
        return None;
    }
    copy.clear();
    copy.extend_from_slice(bytes);
    copy.resize(bytes.len() + PLAIN_MARGIN_BYTES, 0);
    Some(copy)
}

#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) rules: &'c Rules,
    pub(crate) agreement: &'c Agreement,
    pub(crate) hasher: Option<Hasher>,
    pub(crate) listed: &'c ListedFields,
}

impl Context<'_> {
    /// The rank of a contact that does not say when it was true: it is older than those that do.
    pub(crate) fn rank_without_time(&self) -> i64 {
        if self.rules.options().updated_at.is_some() { i64::MIN } else { 0 }
    }
}

/// One contact: the verdict, and its encoding if it is accepted.
pub(crate) fn judge(
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
            out.reject(line, text, Refused::of_all(key.map(|key| key.value), violations));
        }
        Verdict::Accepted { pruned, key, updated_at } => {
            field_set.read(tape.root());
            if let Some(violation) = context.listed.unlisted(field_set) {
                out.reject(line, text, Refused::of_all(Some(key.value), [violation]));
                return;
            }
            let field_set = out.field_set(field_set);
            let start = out.encoded.len();
            contact::encode(tape, &mut out.encoded);
            let contact = Stored::Apart(start..out.encoded.len());
            let identity = identify(context, tape, key, updated_at, out);
            let stored_key = out.store_key(key.value);
            let pruned = out.prune(pruned.into());
            out.entries.push(Entry {
                line,
                text,
                fate: Fate::Accepted { contact, key: stored_key, field_set, identity, pruned },
            });
        }
    }
}

/// Finds what tells a contact from others, as far as somebody asked.
fn identify(
    context: &Context<'_>,
    tape: &Tape<'_>,
    key: Key<'_>,
    updated_at: Option<i64>,
    out: &mut Examined,
) -> Identity {
    let mut identity = Identity { field: key.field, ..Identity::default() };
    let Some(hasher) = context.hasher else { return identity };
    let options = context.rules.options();
    identity.hash = hasher.of_key(key);
    identity.rank = updated_at.unwrap_or(context.rank_without_time());
    let (first_token, first_link) = (out.tokens.len(), out.links.len());
    if options.finds.tokens {
        contact::tokens_of(tape, |token, is_active| {
            out.tokens.push(Token { hash: hasher.of_token(token), is_active });
        });
    }
    if options.finds.links {
        contact::links_of(tape, |key| {
            let value = out.store_key(key.value);
            out.links.push(Link { field: key.field, hash: hasher.of_key(key), value });
        });
    }
    identity.tokens = first_token..out.tokens.len();
    identity.links = first_link..out.links.len();
    identity
}
