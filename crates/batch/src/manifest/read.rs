//! Reading a prepared folder back.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use contact::FieldSet;

use super::{BatchEntry, FORMAT, MANIFEST_FILE, Manifest, ManifestError, VERSION, batch_file_number};
use crate::body::Body;

impl Manifest {
    /// Reads the manifest of a prepared folder and checks that it agrees with itself; the batch files are not looked
    /// at.
    ///
    /// # Errors
    /// If there is none (the folder is not complete), if it cannot be read, or if it is of another version.
    pub fn read(dir: &Path) -> Result<Self, ManifestError> {
        let path = dir.join(MANIFEST_FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ManifestError::Missing { dir: dir.to_path_buf() });
            }
            Err(source) => return Err(ManifestError::Read { path, source }),
        };
        // The version first: a later one may have other members.
        let json: serde_json::Value = match serde_json::from_reader(BufReader::new(file)) {
            Ok(json) => json,
            Err(error) if error.is_io() => return Err(ManifestError::Read { path, source: error.into() }),
            Err(source) => return Err(ManifestError::Syntax { path, source }),
        };
        if let (Some(format), Some(version)) = (json["format"].as_str(), json["version"].as_u64())
            && (format != FORMAT || version != u64::from(VERSION))
        {
            let version = u32::try_from(version).unwrap_or(u32::MAX);
            return Err(ManifestError::Version { path, format: format.to_owned(), version });
        }
        let manifest: Self = match serde_json::from_value(json) {
            Ok(manifest) => manifest,
            Err(source) => return Err(ManifestError::Syntax { path, source }),
        };
        manifest.agrees(&path)?;
        Ok(manifest)
    }

    /// Checks counts against the list, and names.
    fn agrees(&self, path: &Path) -> Result<(), ManifestError> {
        let counts = &self.completion.counts;
        let contacts = self.batches.iter().map(|batch| u64::from(batch.contacts)).sum();
        for (what, counted, listed) in
            [("batches", counts.batches, self.batches.len() as u64), ("contacts", counts.written, contacts)]
        {
            if counted != listed {
                return Err(ManifestError::Counts { path: path.to_path_buf(), what, counted, listed });
            }
        }
        let mut numbers = BTreeSet::new();
        for batch in &self.batches {
            // A name with a path in it would lead out of the folder.
            if !batch_file_number(&batch.file).is_some_and(|number| numbers.insert(number)) {
                let name = batch.file.clone();
                return Err(ManifestError::Name {
                    path: path.to_path_buf(),
                    what: "further batch file",
                    name,
                });
            }
            batch.fields(path)?;
        }
        Ok(())
    }

    /// Checks that every batch file is there with the length and the hash of its entry.
    ///
    /// # Errors
    /// The first batch file that is not as it was written, or cannot be read.
    pub fn check(&self, dir: &Path) -> Result<(), ManifestError> {
        let mut buffer = Vec::new();
        for batch in &self.batches {
            buffer = batch.read(dir, buffer)?.bytes;
        }
        Ok(())
    }
}

impl BatchEntry {
    /// Reads the batch and checks its length and its hash. `buffer` is memory to use again.
    ///
    /// # Errors
    /// If the file is not as it was written, or cannot be read.
    pub fn read(&self, dir: &Path, mut buffer: Vec<u8>) -> Result<Body, ManifestError> {
        let path = dir.join(&self.file);
        buffer.clear();
        let read = File::open(&path).and_then(|file| {
            let bytes = file.metadata()?.len();
            if bytes == self.bytes {
                // One byte more than there should be, to notice a file that grows.
                file.take(bytes + 1).read_to_end(&mut buffer)?;
                return Ok(buffer.len() as u64);
            }
            Ok(bytes)
        });
        match read {
            Ok(found) if found != self.bytes => {
                Err(ManifestError::BatchBytes { path, expected: self.bytes, found })
            }
            Ok(_) => {
                let fields = self.fields(&dir.join(MANIFEST_FILE))?;
                let body = Body { bytes: buffer, contacts: self.contacts, fields };
                if body.blake3() == self.blake3 {
                    Ok(body)
                } else {
                    Err(ManifestError::BatchChanged { path })
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ManifestError::BatchMissing { path })
            }
            Err(source) => Err(ManifestError::Read { path, source }),
        }
    }

    /// The field set of the batch.
    fn fields(&self, manifest: &Path) -> Result<FieldSet, ManifestError> {
        let mut fields = FieldSet { custom: self.custom_fields_ids.clone(), ..FieldSet::default() };
        for name in &self.contact_fields {
            if !fields.standard.insert(name) {
                let path = manifest.to_path_buf();
                return Err(ManifestError::Name { path, what: "standard field", name: name.clone() });
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{Completion, InputEntry, ManifestCounts, ManifestOptions, RejectsEntry, write};
    use super::*;
    use crate::{BatchOptions, RequestOptions};

    fn bodies() -> Vec<Body> {
        let mut fields = FieldSet { custom: vec![5, 70], ..FieldSet::default() };
        fields.standard.insert("email");
        vec![
            Body { bytes: br#"{"contacts":[1,2]}"#.to_vec(), contacts: 2, fields },
            Body { bytes: br#"{"contacts":[3]}"#.to_vec(), contacts: 1, fields: FieldSet::default() },
        ]
    }

    fn completion() -> Completion {
        let options = BatchOptions::new(RequestOptions::default(), ".");
        let mut options = ManifestOptions {
            on_invalid: "prune".into(),
            unknown_fields: "reject".into(),
            on_duplicate: "first".into(),
            ..ManifestOptions::of(&options)
        };
        options.further.insert("schema".into(), "my.json".into());
        Completion {
            format: FORMAT.into(),
            version: VERSION,
            tool: "reteno-import 0.1.0".into(),
            options,
            inputs: vec![InputEntry {
                name: "-".into(),
                bytes: 9,
                blake3: "00".into(),
                format: "ndjson".into(),
                mapping: None,
                rejects: false,
            }],
            counts: ManifestCounts {
                read: 4,
                written: 3,
                rejected: 1,
                batches: 2,
                field_sets: 2,
                ..ManifestCounts::default()
            },
            identity: "read 4 = written 3 + merged 0 + rejected 1".into(),
            rejects: Some(RejectsEntry { file: "rejects.ndjson".into(), lines: 1 }),
        }
    }

    /// A prepared folder.
    fn prepared() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        let mut entries = Vec::new();
        for (number, body) in (1..).zip(bodies()) {
            let entry = BatchEntry::of(number, &body);
            fs::write(dir.path().join(&entry.file), &body.bytes).expect("written");
            entries.push(Ok(entry));
        }
        let file = File::create(dir.path().join(MANIFEST_FILE)).expect("created");
        write(file, &completion(), entries.into_iter()).expect("written");
        dir
    }

    /// Replaces text in the manifest.
    fn edit(dir: &Path, from: &str, to: &str) {
        let path = dir.join(MANIFEST_FILE);
        let text = fs::read_to_string(&path).expect("readable");
        assert!(text.contains(from), "{from} is not in {text}");
        fs::write(path, text.replacen(from, to, 1)).expect("written");
    }

    #[test]
    fn what_was_written_is_read_back() {
        let dir = prepared();
        let manifest = Manifest::read(dir.path()).expect("a manifest");
        assert_eq!(manifest.completion, completion());
        manifest.check(dir.path()).expect("a whole folder");
        let read: Vec<Body> =
            manifest.batches.iter().map(|batch| batch.read(dir.path(), vec![1]).expect("a batch")).collect();
        assert_eq!(read, bodies());
        assert_eq!(batch_file_number(&manifest.batches[0].file), Some(1));
    }

    #[test]
    fn the_text_of_a_manifest_is_fixed() {
        let dir = prepared();
        let text = fs::read_to_string(dir.path().join(MANIFEST_FILE)).expect("readable");
        let [first, second] = [&bodies()[0], &bodies()[1]].map(Body::blake3);
        let expected = [
            r#"{"format":"reteno-import/manifest","version":1,"tool":"reteno-import 0.1.0","#,
            r#""options":{"dedupeOn":"externalCustomerId","onInvalid":"prune","unknownFields":"reject","#,
            r#""onDuplicate":"first","absent":"keep","batchSize":3000,"batchBytes":8388608,"groups":[],"#,
            r#""excludeGroups":[],"restoreDeleted":false,"schema":"my.json"},"#,
            r#""inputs":[{"name":"-","bytes":9,"blake3":"00","format":"ndjson"}],"#,
            r#""counts":{"read":4,"written":3,"merged":0,"rejected":1,"pruned":0,"blankLines":0,"batches":2,"#,
            r#""fieldSets":2},"identity":"read 4 = written 3 + merged 0 + rejected 1","#,
            r#""rejects":{"file":"rejects.ndjson","lines":1},"batches":["#,
            r#"{"file":"batch-000001.json","bytes":18,"contacts":2,"contactFields":["email"],"#,
            &format!(r#""customFieldsIDs":[5,70],"blake3":"{first}"}},"#),
            r#"{"file":"batch-000002.json","bytes":16,"contacts":1,"contactFields":[],"#,
            &format!(r#""customFieldsIDs":[],"blake3":"{second}"}}]}}"#),
        ];
        assert_eq!(text, expected.concat());
    }

    #[test]
    fn a_folder_that_is_not_as_it_was_written_is_an_error_that_says_so() {
        type Damage = fn(&Path);
        let cases: [(&str, Damage, &str); 10] = [
            (
                "no manifest",
                |dir| fs::remove_file(dir.join(MANIFEST_FILE)).expect("there"),
                "has no manifest.json",
            ),
            ("cut off", |dir| edit(dir, "\"batches\":[", ""), "is not a manifest"),
            (
                "later version",
                |dir| edit(dir, "\"version\":1", "\"version\":2"),
                "version 2; this program reads",
            ),
            ("other format", |dir| edit(dir, FORMAT, "web app"), "\"web app\" version 1"),
            ("a count of contacts", |dir| edit(dir, "\"written\":3", "\"written\":4"), "say 4 contacts"),
            ("a path", |dir| edit(dir, "batch-000002.json", "../batch-000002.json"), "no further batch file"),
            ("a field", |dir| edit(dir, "[\"email\"]", "[\"city\"]"), "\"city\" is no standard field"),
            (
                "a batch gone",
                |dir| fs::remove_file(dir.join("batch-000002.json")).expect("there"),
                "2.json is missing",
            ),
            (
                "a batch cut",
                |dir| fs::write(dir.join("batch-000001.json"), b"{").expect("written"),
                "has 1 bytes, not 18",
            ),
            (
                "a batch changed",
                |dir| fs::write(dir.join("batch-000001.json"), br#"{"contacts":[1,9]}"#).expect("written"),
                "has been changed",
            ),
        ];
        for (name, damage, message) in cases {
            let dir = prepared();
            damage(dir.path());
            let outcome = Manifest::read(dir.path()).and_then(|manifest| manifest.check(dir.path()));
            let error = outcome.expect_err(name).to_string();
            assert!(error.contains(message), "{name}: {error}");
        }
    }

    #[test]
    fn an_error_of_a_batch_entry_reaches_the_writer_of_the_manifest() {
        let entries = [Ok(BatchEntry::of(1, &bodies()[0])), Err(io::ErrorKind::StorageFull.into())];
        let error =
            write(io::sink(), &completion(), entries.into_iter()).expect_err("the second entry fails");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn only_exact_names_are_names_of_batch_files() {
        let cases = [
            ("batch-000001.json", Some(1)),
            ("batch-999999.json", Some(999_999)),
            ("batch-1000000.json", Some(1_000_000)),
            ("batch-0000001.json", None),
            ("batch-000000.json", None),
            ("batch-00001.json", None),
            ("batch-+00001.json", None),
            ("batch-000001.json.bak", None),
            ("./batch-000001.json", None),
            ("Batch-000001.json", None),
        ];
        for (name, number) in cases {
            assert_eq!(batch_file_number(name), number, "{name}");
        }
    }

    #[test]
    fn only_a_file_with_our_format_is_our_manifest() {
        let dir = prepared();
        let path = dir.path().join(MANIFEST_FILE);
        assert!(super::super::is_manifest(&path).expect("readable"));
        for foreign in [r#"{"name":"web app"}"#, r#"{"format":"x"}"#, "", "[1"] {
            fs::write(&path, foreign).expect("written");
            assert!(!super::super::is_manifest(&path).expect("readable"), "{foreign}");
        }
        super::super::is_manifest(&dir.path().join("gone")).expect_err("no such file");
    }
}
