//! The scan: one walk over the text of a record that reads it and checks it at once.
//!
//! Each step gives the place after what it read, or nothing: then the record may be broken, invalid, or only unusual,
//! and is left to the parser and the validator. So there is one meaning, and one set of messages.

use super::failure::{GoneOn, Incomplete};
use super::look_ahead::LookAhead;
use super::mend::Mender;
use super::notes::{Cell, Notes};
use super::number::{Number, number};
use super::program::{ArrayRule, IntegerRule, Member, Noted, ObjectRule, Program, Rule, RuleId, Variants};
use super::run::{Run, is_text, run};
use super::unescape::{Unescaped, unescape};
use crate::encode::encode_text;
use crate::normalise::Settings;

/// The deepest nesting that the scan follows; the parser goes deeper.
pub(super) const MOST_DEPTH: usize = 64;

/// More members than this, of names that the schema does not know, are left to the parser.
const MOST_UNKNOWN_NAMES: usize = 24;

/// Whether a line end ends a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnds {
    /// Each line is a record.
    EndRecords,
    /// A line end is white space like any other.
    AreSpace,
}

/// A record that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// The place after its last byte.
    pub(super) end: usize,
    /// Whether it is to be written as it stands, without a byte changed.
    pub(super) is_verbatim: bool,
}

impl Program {
    /// Reads the record that starts at `start`, or after white space there. Nothing is said of what follows it. What is
    /// not taken is mended, if there is somebody who can.
    #[inline(always)]
    pub(super) fn scan<'s>(
        &'s self,
        bytes: &'s [u8],
        start: usize,
        line_ends: LineEnds,
        settings: &'s Settings,
        notes: &'s mut Notes,
        mender: Option<&'s mut Mender<'s>>,
    ) -> Option<Taken> {
        notes.clear(self);
        let mut scan =
            Scan { program: self, bytes, line_ends, settings, notes, copied: start, depth: 0, mender };
        let root = &self.rules[self.root];
        let at = scan.token(start)?;
        let end = scan.value(root, at, Noted::default())?;
        let is_verbatim = scan.copied == start;
        if !is_verbatim {
            scan.notes.rewritten.extend_from_slice(&bytes[scan.copied..end]);
        }
        scan.notes.taken_to = Some(end);
        Some(Taken { end, is_verbatim })
    }
}

pub(super) struct Scan<'s> {
    pub(super) program: &'s Program,
    pub(super) bytes: &'s [u8],
    line_ends: LineEnds,
    settings: &'s Settings,
    pub(super) notes: &'s mut Notes,
    /// Up to here the record was copied to what is to be written; where it starts as long as nothing was.
    pub(super) copied: usize,
    /// How many objects and arrays are open.
    pub(super) depth: usize,
    /// Whoever mends what is not taken; nobody, once that was given up.
    pub(super) mender: Option<&'s mut Mender<'s>>,
}

/// The members of an object that were read.
#[derive(Default)]
struct Members {
    /// Those that the rule knows, one bit each.
    known: u64,
    /// Those of them that were cut.
    cut: u64,
    /// How many others are there.
    others: usize,
}

impl<'s> Scan<'s> {
    /// The place of the next byte that is not white space, which must not be the end.
    #[inline(always)]
    fn token(&mut self, at: usize) -> Option<usize> {
        if *self.bytes.get(at)? > b' ' { Some(at) } else { self.token_after_space(at) }
    }

    #[cold]
    #[inline(never)]
    fn token_after_space(&mut self, at: usize) -> Option<usize> {
        let is_space = |byte: &u8| match byte {
            b' ' | b'\t' | b'\r' => true,
            b'\n' => self.line_ends == LineEnds::AreSpace,
            _ => false,
        };
        let next = at + self.bytes.get(at..)?.iter().position(|byte| !is_space(byte))?;
        self.leave_out(at, next);
        (self.bytes[next] > b' ').then_some(next)
    }

    /// Does not write the bytes between these places.
    pub(super) fn leave_out(&mut self, from: usize, to: usize) {
        self.notes.rewritten.extend_from_slice(&self.bytes[self.copied..from]);
        self.copied = to;
    }

    /// Reads a value by a rule.
    #[inline(always)]
    fn value(&mut self, rule: &'s Rule, at: usize, noted: Noted) -> Option<usize> {
        match *self.bytes.get(at)? {
            b'"' => self.text(rule, at, noted),
            b'{' => {
                let end = match &rule.object {
                    Some(object) => self.object(object, at),
                    None => self.anything(rule, at),
                }?;
                self.note(noted, Cell::Other);
                Some(end)
            }
            b'[' => {
                let end = match &rule.array {
                    Some(array) => self.array(array, at),
                    None => self.anything(rule, at),
                }?;
                self.note(noted, Cell::Other);
                Some(end)
            }
            b'-' | b'0'..=b'9' => self.number(rule, at, noted),
            0..=b' ' => self.value_after_space(rule, at, noted),
            _ => self.word(rule, at, noted),
        }
    }

    #[cold]
    #[inline(never)]
    fn value_after_space(&mut self, rule: &'s Rule, at: usize, noted: Noted) -> Option<usize> {
        let at = self.token_after_space(at)?;
        // A second white space cannot be there, so this goes no deeper.
        self.value(rule, at, noted)
    }

    /// Notes a value if it is taken: of what is not taken nothing stays noted.
    #[inline(always)]
    fn note_if(&mut self, is_taken: bool, noted: Noted, cell: Cell) -> Option<()> {
        if !is_taken {
            return None;
        }
        self.note(noted, cell);
        Some(())
    }

    #[inline(always)]
    pub(super) fn note(&mut self, noted: Noted, cell: Cell) {
        self.notes.marks |= noted.marks;
        if let Some((table, column)) = noted.column {
            // The row of the element that is being read is the last one.
            self.notes.note(table, column, cell);
        }
    }

    #[inline(always)]
    fn text(&mut self, rule: &Rule, at: usize, noted: Noted) -> Option<usize> {
        let start = at + 1;
        let Run { end, is_graphic } = run(self.bytes, start)?;
        if self.bytes[end] != b'"' {
            return self.text_with_escapes(rule, start, noted);
        }
        let taken = match &rule.text {
            Some(text) if is_graphic && text.takes_all_graphic(end - start) => true,
            Some(text) => {
                text.takes(self.bytes, start, end, is_graphic, &mut self.notes.memos, self.settings)
            }
            None => rule.takes_anything && (is_graphic || is_text(&self.bytes[start..end])),
        };
        self.note_if(taken, noted, Cell::Text(start, end))?;
        Some(end + 1)
    }

    #[inline(never)]
    fn text_with_escapes(&mut self, rule: &Rule, start: usize, noted: Noted) -> Option<usize> {
        let mut unescaped = std::mem::take(&mut self.notes.unescaped);
        let read = self.unescaped_text(rule, start, &mut unescaped);
        self.notes.unescaped = unescaped;
        self.note_if(read.is_some(), noted, Cell::Other)?;
        read
    }

    fn unescaped_text(&mut self, rule: &Rule, start: usize, text: &mut String) -> Option<usize> {
        let Unescaped { end, is_canonical } = unescape(self.bytes, start, text)?;
        let taken = match &rule.text {
            Some(rule) => rule.takes_text(text, self.settings),
            None => rule.takes_anything,
        };
        if !taken {
            return None;
        }
        if !is_canonical {
            self.leave_out(start - 1, end + 1);
            encode_text(text, &mut self.notes.rewritten);
        }
        Some(end + 1)
    }

    #[inline(always)]
    fn number(&mut self, rule: &Rule, at: usize, noted: Noted) -> Option<usize> {
        let Number { end, integer } = number(self.bytes, at)?;
        match integer {
            Some(value) => {
                let taken = match rule.integer {
                    Some(IntegerRule { least, most }) => (least..=most).contains(&value),
                    None => rule.takes_anything,
                };
                self.note_if(taken, noted, Cell::Integer(value, at, end))?;
            }
            None => self.note_if(rule.takes_fractions || rule.takes_anything, noted, Cell::Other)?,
        }
        Some(end)
    }

    #[inline(never)]
    fn word(&mut self, rule: &Rule, at: usize, noted: Noted) -> Option<usize> {
        let words: [(&[u8], bool, Cell); 3] = [
            (b"true", rule.takes_true, Cell::Truth(true)),
            (b"false", rule.takes_false, Cell::Truth(false)),
            (b"null", rule.takes_null, Cell::Other),
        ];
        let rest = &self.bytes[at..];
        let (word, taken, cell) = words.into_iter().find(|(word, ..)| rest.starts_with(word))?;
        self.note_if(taken || rule.takes_anything, noted, cell)?;
        Some(at + word.len())
    }

    /// Reads an object whose brace is at `at`.
    fn object(&mut self, mut object: &'s ObjectRule, at: usize) -> Option<usize> {
        self.open(at)?;
        let bytes = self.bytes;
        let brace = at;
        let marks = self.notes.marks;
        let mut at = at + 1;
        let mut seen = Members::default();
        let first_name = self.notes.names.len();
        let mut is_open = true;
        while let Some(variants) = &object.variants {
            at = self.token(at)?;
            let Variant { rule, read } = self.variant(variants, at)?;
            object = self.program.rules[rule].object.as_ref()?;
            if let Some((place, start, end)) = read {
                // The value has been looked at for good.
                seen.known = 1 << place;
                self.note(object.members[usize::from(place)].noted, Cell::Text(start, end));
                at = self.after_member(end + 1, &mut is_open)?;
            }
        }
        if seen.known == 0 {
            at = self.token(at)?;
            if bytes[at] == b'}' {
                at += 1;
                is_open = false;
            }
        }
        let mut guess =
            object.guesses + usize::from(seen.known != 0) * (1 + seen.known.trailing_zeros() as usize);
        while is_open {
            let guessed = usize::from(self.notes.guesses[guess]);
            let known = match object.members.get(guessed) {
                Some(member) if member.name.stands_at(bytes, at) => Some(guessed),
                _ => {
                    at = self.token(at)?;
                    self.known_member(object, at, guess)
                }
            };
            let after = match known {
                Some(place) => {
                    guess = object.guesses + 1 + place;
                    let value = at + object.members[place].name.text.len();
                    self.member(object, place, brace, at, value, &mut seen)?
                }
                None => self.unusual_member(object, brace, at, &mut seen, first_name)?,
            };
            at = self.after_member(after, &mut is_open)?;
        }
        self.depth -= 1;
        self.notes.names.truncate(first_name);
        let there = seen.known & !seen.cut;
        let members = there.count_ones() as usize + seen.others;
        // What is cut from the record itself counts as being there: that is told of the record as a whole.
        let lacking = object.required & !(if self.depth == 0 { seen.known } else { there });
        if lacking != 0 || !(object.least_members..=object.most_members).contains(&members) {
            let more = object.least_members.saturating_sub(members);
            let lacking =
                Incomplete { opening: brace, end: at, members: lacking, more, marks, there, count: members };
            return self.fail_as_incomplete(lacking);
        }
        Some(at)
    }

    /// Begins an object or array.
    #[inline(always)]
    fn open(&mut self, at: usize) -> Option<()> {
        self.depth += 1;
        let written = self.notes.rewritten.len() + at - self.copied;
        let open = self.notes.way.0.get_mut(self.depth)?;
        (open.at, open.written) = (at, written);
        Some(())
    }

    /// Reads the value of a member that the rule knows.
    #[inline(always)]
    fn member(
        &mut self,
        object: &'s ObjectRule,
        place: usize,
        brace: usize,
        name: usize,
        value: usize,
        seen: &mut Members,
    ) -> Option<usize> {
        let bit = 1 << place;
        if seen.known & bit != 0 {
            return None;
        }
        seen.known |= bit;
        let Member { rule, noted, .. } = &object.members[place];
        match self.value(&self.program.rules[*rule], value, *noted) {
            None => {
                let GoneOn { at, is_cut } = self.fail_in_member(object, Some(place), brace, name, value)?;
                seen.cut |= u64::from(is_cut) << place;
                Some(at)
            }
            after => after,
        }
    }

    /// The place after the comma or the brace that follows a member.
    #[inline(always)]
    fn after_member(&mut self, at: usize, is_open: &mut bool) -> Option<usize> {
        let at = self.token(at)?;
        match self.bytes[at] {
            b',' => {}
            b'}' => *is_open = false,
            _ => return None,
        }
        Some(at + 1)
    }

    /// Which known member stands at `at`, where it is not the one that was guessed.
    #[inline(never)]
    fn known_member(&mut self, object: &ObjectRule, at: usize, guess: usize) -> Option<usize> {
        let last = usize::from(self.notes.guesses[guess]);
        // Members mostly come in one order, with some left out.
        let (before, after) = object.members.split_at(object.members.len().min(last + 1));
        let place = after
            .iter()
            .position(|member| member.name.stands_at(self.bytes, at))
            .map(|place| place + before.len())
            .or_else(|| before.iter().position(|member| member.name.stands_at(self.bytes, at)))?;
        self.notes.guesses[guess] = place as u8;
        Some(place)
    }

    /// Reads a member whose name is unknown, or written unusually.
    #[inline(never)]
    fn unusual_member(
        &mut self,
        object: &'s ObjectRule,
        brace: usize,
        at: usize,
        seen: &mut Members,
        first_name: usize,
    ) -> Option<usize> {
        let (start, end) = self.ahead().name(at)?;
        let colon = self.token(end + 1)?;
        if self.bytes[colon] != b':' {
            return None;
        }
        let value = self.token(colon + 1)?;
        let name = &self.bytes[start..end];
        if let Some(place) = object.members.iter().position(|member| member.name.bare() == name) {
            return self.member(object, place, brace, at, value, seen);
        }
        let after = match object.others {
            Some(rule) => {
                self.new_name(start, end, first_name)?;
                self.value(&self.program.rules[rule], value, Noted::default())
            }
            None => None,
        };
        if after.is_some() {
            seen.others += 1;
            return after;
        }
        let GoneOn { at, is_cut } = self.fail_in_member(object, None, brace, at, value)?;
        seen.others += usize::from(!is_cut);
        Some(at)
    }

    /// Remembers the name of a member; `None` if it came before in this object, or too many did.
    fn new_name(&mut self, start: usize, end: usize, first: usize) -> Option<()> {
        let names = &self.notes.names[first..];
        let name = &self.bytes[start..end];
        if names.len() >= MOST_UNKNOWN_NAMES
            || names.iter().any(|&(start, end)| &self.bytes[start..end] == name)
        {
            return None;
        }
        self.notes.names.push((start, end));
        Some(())
    }

    /// Which rule an object has by the value of a member; `at` is the place of its first member.
    #[inline(always)]
    fn variant(&mut self, variants: &Variants, at: usize) -> Option<Variant> {
        let comes_first = variants.name.stands_at(self.bytes, at);
        let value = if comes_first {
            self.ahead().token(at + variants.name.text.len())?
        } else {
            match self.ahead().value_of(variants.name.bare(), at)? {
                Some(value) => value,
                None => return Some(Variant { rule: variants.without, read: None }),
            }
        };
        if self.bytes.get(value) != Some(&b'"') {
            return Some(Variant { rule: self.variant_of_other(variants, value)?, read: None });
        }
        let start = value + 1;
        let Run { end, .. } = run(self.bytes, start)?;
        if self.bytes[end] != b'"' {
            return None;
        }
        let Some(known) = variants.of_text.iter().find(|known| known.text.is(self.bytes, start, end)) else {
            return Some(Variant { rule: variants.otherwise, read: None });
        };
        let is_compact = comes_first && value == at + variants.name.text.len();
        let read = known.member.filter(|_| is_compact).map(|member| (member, start, end));
        Some(Variant { rule: known.rule, read })
    }

    #[inline(never)]
    fn variant_of_other(&mut self, variants: &Variants, value: usize) -> Option<usize> {
        if variants.of_integer.is_empty() {
            return Some(variants.otherwise);
        }
        // 7.0 equals 7: only what is written as a whole number, or is no number, is told apart here.
        match self.bytes.get(value)? {
            b'-' | b'0'..=b'9' => {
                let value = number(self.bytes, value)?.integer?;
                let known = variants.of_integer.iter().find(|(known, _)| *known == value);
                Some(known.map_or(variants.otherwise, |(_, rule)| *rule))
            }
            _ => Some(variants.otherwise),
        }
    }

    pub(super) fn ahead(&self) -> LookAhead<'s> {
        LookAhead { bytes: self.bytes, line_ends: self.line_ends }
    }

    /// Reads an array whose bracket is at `at`.
    fn array(&mut self, array: &'s ArrayRule, at: usize) -> Option<usize> {
        self.open(at)?;
        let rule = &self.program.rules[array.elements];
        let bracket = at;
        let marks = self.notes.marks;
        let (mut elements, mut cut) = (0, 0);
        let mut at = self.token(at + 1)?;
        let mut is_open = self.bytes[at] != b']';
        at += usize::from(!is_open);
        while is_open {
            if let Some(table) = array.table {
                self.notes.begin_row(table);
            }
            self.notes.way.0[self.depth].element = elements;
            let after = match self.value(rule, at, array.noted) {
                Some(after) => after,
                None => {
                    let gone_on = self.fail_in_element(array, bracket, at)?;
                    cut += usize::from(gone_on.is_cut);
                    gone_on.at
                }
            };
            elements += 1;
            at = self.token(after)?;
            match self.bytes[at] {
                b',' => {}
                b']' => is_open = false,
                _ => return None,
            }
            at += 1;
        }
        self.depth -= 1;
        let left = elements - cut;
        if !(array.least..=array.most).contains(&left) {
            let more = array.least.saturating_sub(left);
            let lacking =
                Incomplete { opening: bracket, end: at, members: 0, more, marks, there: 0, count: left };
            return self.fail_as_incomplete(lacking);
        }
        Some(at)
    }

    /// Reads an array or object of which nothing is asked.
    #[inline(never)]
    fn anything(&mut self, rule: &'s Rule, at: usize) -> Option<usize> {
        if !rule.takes_anything {
            return None;
        }
        self.open(at)?;
        let is_object = self.bytes[at] == b'{';
        let close = if is_object { b'}' } else { b']' };
        let first_name = self.notes.names.len();
        let mut at = self.token(at + 1)?;
        if self.bytes[at] == close {
            at += 1;
        } else {
            loop {
                if is_object {
                    let (start, end) = self.ahead().name(at)?;
                    self.new_name(start, end, first_name)?;
                    let colon = self.token(end + 1)?;
                    if self.bytes[colon] != b':' {
                        return None;
                    }
                    at = self.token(colon + 1)?;
                }
                let after = self.value(rule, at, Noted::default())?;
                at = self.token(after)?;
                if self.bytes[at] == b',' {
                    at = self.token(at + 1)?;
                } else if self.bytes[at] == close {
                    at += 1;
                    break;
                } else {
                    return None;
                }
            }
        }
        self.depth -= 1;
        self.notes.names.truncate(first_name);
        Some(at)
    }
}

/// What is known of an object once the member was looked at that its rule depends on.
struct Variant {
    rule: RuleId,
    /// The place of that member in the rule, and where its text starts and ends, if nothing more is to be done with it.
    read: Option<(u8, usize, usize)>,
}
