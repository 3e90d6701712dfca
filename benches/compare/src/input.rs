//! The generated files that everything is measured on.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;
use synthetic::{Config, FieldSets, Generator};

/// Files have whole megabytes, rounded up to the next line.
const BYTES_PER_MB: u64 = 1_000_000;

/// What the file of clean contacts is.
pub(crate) const CLEAN: &str = "clean, one field set, every key its own";

/// A file that is found again is taken if it is as long as asked for, and begins with so many lines as the generator makes
/// them now.
const COMPARED_LINES: usize = 2000;

/// A generated file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InputFile {
    /// Where it is.
    #[serde(skip)]
    pub(crate) path: PathBuf,
    /// Its name without the folder.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) about: &'static str,
    /// How long it is.
    pub(crate) bytes: u64,
    /// How many lines it has.
    pub(crate) records: u64,
}

impl InputFile {
    /// How long a line is on average, its end included.
    pub(crate) fn bytes_per_record(&self) -> f64 {
        self.bytes as f64 / self.records as f64
    }
}

/// The files of one run.
pub(crate) struct Inputs {
    /// Clean contacts with one field set, each with a key of its own.
    pub(crate) clean: InputFile,
    /// The same, of which one in ten has a fault.
    pub(crate) dirty: InputFile,
    /// Clean contacts with the mixture of field sets.
    pub(crate) mixed: InputFile,
    /// The beginning of the clean file, for what is slow.
    pub(crate) small: InputFile,
}

impl Inputs {
    /// Finds the files in `folder`, or makes them.
    pub(crate) fn prepare(folder: &Path, megabytes: u64, small_megabytes: u64) -> Result<Self> {
        let file = |about, field_sets, faults_per_mille| {
            let config = Config { contacts: u64::MAX, faults_per_mille, field_sets, ..Config::default() };
            generated(folder, about, config, megabytes)
        };
        let clean = file(CLEAN, FieldSets::One, 0)?;
        let dirty = file("the same with a fault in 10 % of the records", FieldSets::One, 100)?;
        let mixed = file("clean, mixed field sets", FieldSets::Mixed, 0)?;
        let small = beginning(&clean, folder, small_megabytes)?;
        Ok(Self { clean, dirty, mixed, small })
    }
}

/// Finds the file of this configuration in `folder`, or makes it.
pub(crate) fn generated(
    folder: &Path,
    about: &'static str,
    config: Config,
    megabytes: u64,
) -> Result<InputFile> {
    let by_device = match (config.repeats_per_mille, config.moved_tokens_per_mille) {
        (0, 0) => String::new(),
        (repeats, moved) => format!("-repeats{repeats}-moved{moved}"),
    };
    let name = format!(
        "contacts-{}-faults{}{by_device}-seed{}-{megabytes}MB.ndjson",
        match config.field_sets {
            FieldSets::One => "one-field-set",
            FieldSets::Mixed => "mixed-field-sets",
        },
        config.faults_per_mille,
        config.seed,
    );
    let path = folder.join(&name);
    let least_bytes = megabytes * BYTES_PER_MB;
    let length = fs::metadata(&path).map_or(0, |data| data.len());
    if length < least_bytes || !begins_as_generated(&path, config)? {
        write_whole(&path, |file| {
            let mut generator = Generator::new(config);
            let (mut line, mut written) = (Vec::new(), 0);
            while written < least_bytes && generator.next_line(&mut line).is_some() {
                line.push(b'\n');
                file.write_all(&line)?;
                written += line.len() as u64;
            }
            Ok(())
        })?;
    }
    measured(path, name, about)
}

/// How many different keys so many lines have.
pub(crate) fn keys(config: Config, lines: u64) -> u64 {
    let mut generator = Generator::new(Config { contacts: lines, ..config });
    let mut line = Vec::new();
    while generator.next_line(&mut line).is_some() {}
    generator.keys()
}

/// Whether the generator still makes what it made when the file was written.
fn begins_as_generated(path: &Path, config: Config) -> Result<bool> {
    let mut lines = BufReader::new(File::open(path)?);
    let mut generator = Generator::new(config);
    let (mut generated, mut found) = (Vec::new(), Vec::new());
    for _ in 0..COMPARED_LINES {
        found.clear();
        if lines.read_until(b'\n', &mut found)? == 0 {
            return Ok(true);
        }
        generator.next_line(&mut generated);
        if found.strip_suffix(b"\n") != Some(&generated[..]) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The first lines of a file, up to so many megabytes.
fn beginning(of: &InputFile, folder: &Path, megabytes: u64) -> Result<InputFile> {
    let name = format!("first-{megabytes}MB-of-{}", of.name);
    let path = folder.join(&name);
    let mut lines = BufReader::new(File::open(&of.path)?);
    write_whole(&path, |file| {
        let (mut line, mut written) = (Vec::new(), 0);
        while lines.read_until(b'\n', &mut line)? > 0
            && written + line.len() as u64 <= megabytes * BYTES_PER_MB
        {
            file.write_all(&line)?;
            written += line.len() as u64;
            line.clear();
        }
        Ok(())
    })?;
    measured(path, name, "the beginning of the first")
}

/// Writes a file under another name and renames it at the end: what has its name is whole.
fn write_whole(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    let unfinished = path.with_extension("part");
    let context = || format!("cannot write {}", unfinished.display());
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&unfinished).with_context(context)?);
    write(&mut file).with_context(context)?;
    // On the disk now, it is not written behind the back of what is measured.
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all().with_context(context)?;
    fs::rename(&unfinished, path).with_context(context)
}

fn measured(path: PathBuf, name: String, about: &'static str) -> Result<InputFile> {
    let mut file = File::open(&path)?;
    let mut piece = vec![0; 1 << 20];
    let (mut bytes, mut records) = (0, 0);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => {
                bytes += read as u64;
                records += memchr::memchr_iter(b'\n', &piece[..read]).count() as u64;
            }
        }
    }
    anyhow::ensure!(records > 0, "{name} has no lines: give it more megabytes");
    Ok(InputFile { path, name, about, bytes, records })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_as_long_as_asked_for_and_made_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Inputs::prepare(folder.path(), 2, 1).expect("files");
        for file in [&made.clean, &made.dirty, &made.mixed] {
            assert!((2_000_000..2_010_000).contains(&file.bytes), "{file:?}");
        }
        assert!((990_000..=1_000_000).contains(&made.small.bytes), "{:?}", made.small);
        let modified =
            |file: &InputFile| fs::metadata(&file.path).and_then(|data| data.modified()).expect("a time");
        let before = modified(&made.clean);
        let again = Inputs::prepare(folder.path(), 2, 1).expect("files");
        assert_eq!(modified(&again.clean), before);
        assert_eq!(again.small.records, made.small.records);
    }

    #[test]
    fn a_file_that_the_generator_would_not_make_is_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Inputs::prepare(folder.path(), 1, 1).expect("files");
        let whole = fs::read(&made.mixed.path).expect("the file");
        let others = "{\"externalCustomerId\":\"1\"}\n".repeat(whole.len() / 20);
        let first_line_end = 1 + memchr::memchr(b'\n', &whole).expect("lines");
        let cases: [(&str, &[u8]); 3] = [
            ("other lines", others.as_bytes()),
            ("only the first line", &whole[..first_line_end]),
            ("nothing", b""),
        ];
        for (name, found) in cases {
            fs::write(&made.mixed.path, found).expect("it takes the bytes");
            Inputs::prepare(folder.path(), 1, 1).expect("files");
            assert!(fs::read(&made.mixed.path).expect("the file") == whole, "{name}");
        }
    }
}
