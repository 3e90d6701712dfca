//! The command `presets`: what exports are known, their mappings, and what becomes of the first records of an input.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;
use contact::{RuleOptions, Rules, Scratch, Verdict, Violation};
use mapping::{Dates, Fate, Mapping, NoRecord, Rejected, RejectedReader, Sources, Trace};
use ndjson::{Block, BlockReader, Cells, Parser, ReaderOptions};

use crate::args::PresetsArgs;
use crate::exit::Failure;
use crate::print::to_stdout;
use crate::{session, source};

/// What stands before the members of a contact, and how wide the first two of their columns are.
const INDENT: &str = "  ";
const MEMBER_WIDTH: usize = 30;
const VALUE_WIDTH: usize = 34;

/// Lists presets, prints one, or explains what becomes of records.
pub(crate) fn presets(args: &PresetsArgs) -> Result<ExitCode, Failure> {
    if let Some(input) = &args.explain {
        return explain(args, input);
    }
    match &args.name {
        None => to_stdout(list().as_bytes()),
        Some(name) => to_stdout(source::printed(name)?.toml.as_bytes()),
    }
}

fn list() -> String {
    let mut text = String::new();
    for preset in mapping::presets() {
        // Writing to a text cannot fail.
        let title = Mapping::parse(preset.name, preset.toml).map(|mapping| mapping.title().to_owned());
        let _ = writeln!(text, "{:12}{}", preset.name, title.unwrap_or_default());
    }
    text
}

/// Shows the first records of an input as contacts, each member with where it comes from.
fn explain(args: &PresetsArgs, input: &Path) -> Result<ExitCode, Failure> {
    let sources = source::sources(&args.source, None, Dates::Read, contact::Settings::default())?;
    let inputs = ndjson::expand(&[input]).map_err(Failure::usage)?;
    let name = inputs.first().map(ToString::to_string).unwrap_or_default();
    let options = ReaderOptions {
        format: session::format(args.format),
        delimiter: args.delimiter.map(|delimiter| delimiter.0),
        ..ReaderOptions::default()
    };
    let mut reader = session::begin(inputs, session::recognising(&sources, options))?;
    let mut explained = Explained::new(&sources)?;
    let mut left = args.records.get();
    while left > 0 {
        let Some(block) = reader.next_block(Vec::new()) else { break };
        let block = block.map_err(Failure::input_output)?;
        if explained.text.is_empty() {
            explained.head(&name, &reader, &block);
        }
        left = explained.block(&block, left);
    }
    if explained.text.is_empty() {
        return Err(Failure::usage(anyhow!("{name} holds no record")));
    }
    to_stdout(explained.text.as_bytes())
}

/// What is said of the first records.
struct Explained<'s> {
    sources: &'s Arc<Sources>,
    rules: Rules,
    text: String,
    lines_before: u64,
}

impl<'s> Explained<'s> {
    fn new(sources: &'s Arc<Sources>) -> Result<Self, Failure> {
        let rules = Rules::new(RuleOptions::default(), None).map_err(Failure::usage)?;
        Ok(Self { sources, rules, text: String::new(), lines_before: 0 })
    }

    /// What the input was taken for.
    fn head(&mut self, name: &str, reader: &BlockReader, block: &Block) {
        let summary = &reader.inputs()[block.input];
        let mapping = self.sources.mapping(block.dialect);
        let rejects = if self.sources.are_rejects(block.dialect) { "rejects of " } else { "" };
        self.line(&format!("{name}: {rejects}{} ({})", mapping.title(), mapping.name()));
        // A mapping that was named was not recognised by anything.
        if let Some(because) = summary.recognised.as_ref().filter(|because| !because.is_empty()) {
            self.line(&format!("{INDENT}recognised {because}"));
        }
        if let Some(doubt) = self.sources.doubt(summary, true) {
            self.line(&format!("{INDENT}{doubt}"));
        }
        if let Some(table) = &block.table {
            let delimiter = char::from(table.delimiter).escape_default();
            self.line(&format!("{INDENT}CSV, {} columns, delimiter {delimiter}", table.columns.len()));
        }
    }

    /// Shows the records of a block; gives how many of those asked for are left.
    fn block(&mut self, block: &Block, left: usize) -> usize {
        let mapping = self.sources.mapping(block.dialect);
        let mut mapper = (!mapping.is_contacts()).then(|| self.sources.mapper(block.dialect));
        let mut parser = Parser::new();
        let mut rejected = self.sources.are_rejects(block.dialect).then(RejectedReader::default);
        let mut line = Vec::new();
        let mut shown = 0;
        let mut records = block.records();
        while shown < left {
            let Some(mut record) = records.next() else { break };
            shown += 1;
            self.line(&format!("\nline {}", self.lines_before + record.line + 1));
            if let Some(fault) = record.fault {
                self.told("rejected", &[Violation::of_record(fault.code(), "", fault.to_string())]);
                continue;
            }
            if let Some(rejected) = &mut rejected {
                line.clear();
                line.extend_from_slice(record.bytes);
                match rejected.unwrap_in_place(&mut line) {
                    Rejected::Record(bytes) => record.bytes = &line[..bytes],
                    Rejected::Passed(passed) => {
                        self.told("skipped", &[passed.violation]);
                        continue;
                    }
                    Rejected::NotJson { violation, .. }
                    | Rejected::Missing(NoRecord { violation, .. })
                    | Rejected::Foreign(violation) => {
                        self.told("rejected", &[violation]);
                        continue;
                    }
                }
            }
            let Some(mapper) = &mut mapper else {
                self.contact(record.bytes, None);
                continue;
            };
            let read = match &block.table {
                None => parser
                    .parse(record.bytes, |tape| mapper.trace_record(tape))
                    .map_err(|error| Violation::of_syntax(&error)),
                Some(table) => {
                    let mut cells = Cells::new(table.delimiter);
                    let columns = mapper.bind(&table.columns);
                    cells
                        .read(record.bytes)
                        .map(|()| mapper.trace_row(&columns, |nth| cells.get(nth)))
                        .map_err(|error| Violation::of_syntax(&error.into()))
                }
            };
            match read {
                Ok(trace) => self.mapped(&trace),
                Err(violation) => self.told("rejected", &[violation]),
            }
        }
        self.lines_before += records.line_ends();
        left - shown
    }

    fn mapped(&mut self, trace: &Trace) {
        for line in &trace.lines {
            let from = match (&line.place, line.how.as_str()) {
                (Some(place), "") => place.clone(),
                (Some(place), how) => format!("{place}, {how}"),
                (None, how) => how.to_owned(),
            };
            let member = line.member.trim_start_matches('/');
            let text = format!("{INDENT}{member:MEMBER_WIDTH$}{:VALUE_WIDTH$}{from}", shortened(&line.value));
            self.line(text.trim_end());
        }
        if !trace.unused.is_empty() {
            self.line(&format!("{INDENT}not used: {}", trace.unused.join(", ")));
        }
        if !trace.missing.is_empty() {
            self.line(&format!("{INDENT}not found: {}", trace.missing.join(", ")));
        }
        self.told("left out", &trace.mapped.left_out);
        match &trace.mapped.fate {
            Fate::Contact => self.contact(&trace.contact, Some(trace)),
            Fate::Skipped { violations, .. } => self.told("skipped", violations),
            Fate::Rejected { violations, .. } => self.told("rejected", violations),
        }
    }

    /// What the rules say of the contact.
    fn contact(&mut self, contact: &[u8], trace: Option<&Trace>) {
        let judged =
            Parser::new().parse(contact, |tape| match self.rules.judge(tape, &mut Scratch::default()) {
                Verdict::Accepted { pruned, .. } => {
                    let mut written = Vec::new();
                    contact::encode(tape, &mut written);
                    (Some(written), pruned)
                }
                Verdict::Rejected { violations, .. } => (None, violations),
            });
        let (written, mut violations) = match judged {
            Ok(judged) => judged,
            Err(error) => (None, vec![Violation::of_syntax(&error)]),
        };
        if let Some(trace) = trace {
            for violation in &mut violations {
                violation.move_to(trace.pointer_of(&violation.pointer));
            }
        }
        match written {
            Some(written) => {
                self.told("left out", &violations);
                self.line(&format!("{INDENT}→ {}", String::from_utf8_lossy(&written)));
            }
            None => self.told("rejected", &violations),
        }
    }

    fn told(&mut self, what: &str, violations: &[Violation]) {
        for violation in violations {
            let place =
                if violation.pointer.is_empty() { String::new() } else { format!(" {}", violation.pointer) };
            self.line(&format!("{INDENT}→ {what} {}{place}: {}", violation.code, violation.message));
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// A value that fits its column, with whatever would move the cursor shown as an escape.
fn shortened(value: &str) -> String {
    let shown: String = value
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    if shown.chars().count() < VALUE_WIDTH - 2 {
        return shown;
    }
    let mut start: String = shown.chars().take(VALUE_WIDTH - 4).collect();
    start.push('…');
    start
}
