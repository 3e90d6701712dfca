//! Writes a synthetic export to standard output, as NDJSON.
//!
//! ```text
//! generate --contacts N --seed S --faults-per-mille F --duplicates-per-mille D [--one-field-set] [--expected FILE.tsv]
//!          [--repeats-per-mille R] [--moved-tokens-per-mille M]
//! ```
//!
//! With `--repeats-per-mille` or `--moved-tokens-per-mille` there is a row for each device: so many rows are further ones of
//! the persons of any earlier rows, and so many have a token that came before with another key. 20 million rows of about
//! 6 million keys are `--contacts 20000000 --repeats-per-mille 700 --moved-tokens-per-mille 2`.
//!
//! The file of `--expected` has a line for each record that is not clean: its line number from 1, what becomes of it
//! (`rejected`, `pruned` or `duplicate`), and the code.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use synthetic::{Config, Expected, FieldSets, Generator};

fn main() -> Result<(), Box<dyn Error>> {
    let mut config = Config::default();
    let mut expectations = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        if option == "--one-field-set" {
            config.field_sets = FieldSets::One;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--contacts" => config.contacts = value.parse()?,
            "--seed" => config.seed = value.parse()?,
            "--faults-per-mille" => config.faults_per_mille = value.parse()?,
            "--duplicates-per-mille" => config.duplicates_per_mille = value.parse()?,
            "--repeats-per-mille" => config.repeats_per_mille = value.parse()?,
            "--moved-tokens-per-mille" => config.moved_tokens_per_mille = value.parse()?,
            "--expected" => expectations = Some(BufWriter::new(File::create(value)?)),
            _ => return Err(format!("{option} is not an option").into()),
        }
    }

    match write(config, expectations, BufWriter::with_capacity(1 << 20, io::stdout().lock())) {
        // Whoever reads has had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

fn write(config: Config, mut expectations: Option<impl Write>, mut lines: impl Write) -> io::Result<()> {
    if let Some(file) = &mut expectations {
        writeln!(file, "line\taction\tcode")?;
    }
    let mut generator = Generator::new(config);
    let mut line = Vec::new();
    let mut line_number: u64 = 0;
    while let Some(expected) = generator.next_line(&mut line) {
        line_number += 1;
        line.push(b'\n');
        lines.write_all(&line)?;
        let Some(file) = &mut expectations else { continue };
        match expected {
            Expected::Clean => {}
            Expected::Repeated | Expected::Duplicate => {
                writeln!(file, "{line_number}\tduplicate\trepeated-key")?;
            }
            Expected::Fault(fault) => {
                writeln!(file, "{line_number}\t{}\t{}", fault.action().as_str(), fault.code())?;
            }
        }
    }
    if let Some(file) = &mut expectations {
        file.flush()?;
    }
    lines.flush()
}
