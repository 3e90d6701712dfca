//! Files in zip archives.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use ndjson::{
    BlockReader, Compression, Encoding, ExpandError, Format, HashInputs, Input, InputError, ReaderOptions,
    expand,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::encodings::utf16;
use crate::{read_bytes, read_inputs, texts};

/// An archive of members that are compressed, or stored where `stored` begins their name.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let method =
            if name.starts_with("stored") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default().compression_method(method);
        if name.ends_with('/') {
            writer.add_directory(*name, options).expect("a folder");
        } else {
            writer.start_file(*name, options).expect("a file");
            writer.write_all(bytes).expect("memory takes everything");
        }
    }
    writer.finish().expect("it is whole").into_inner()
}

fn names(inputs: &[Input], folder: &Path) -> Vec<String> {
    inputs.iter().map(|input| input.to_string().replace(&format!("{}/", folder.display()), "")).collect()
}

#[test]
fn the_files_in_an_archive_are_inputs_in_the_order_of_their_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"{\"gz\":1}\n").expect("memory takes everything");
    let gzip = gzip.finish().expect("memory takes everything");
    let archive = zip(&[
        ("b/", b""),
        ("b/stored.csv", &utf16("id,name\n1,я\n", u16::to_le_bytes)),
        ("b-c.json", b"[{\"a\":1},{\"a\":2}]"),
        ("a.gz", &gzip),
        ("stored.json", b"{\"s\":1}\n"),
        (".hidden", b"x"),
        ("b/.hidden/x", b"x"),
        ("__MACOSX/a", b"x"),
        ("empty", b""),
    ]);
    fs::write(path("any name"), &archive).expect("a file");
    fs::write(path("z.ndjson"), "{\"z\":1}\n").expect("a file");

    let expected = [
        "any name/a.gz",
        "any name/b/stored.csv",
        "any name/b-c.json",
        "any name/empty",
        "any name/stored.json",
    ];
    let inputs = expand(&[path("any name")]).expect("it exists");
    assert_eq!(names(&inputs, folder.path()), expected);
    let inputs = expand(&[path("any*")]).expect("it exists");
    assert_eq!(names(&inputs, folder.path()), expected);
    let inputs = expand(&[folder.path()]).expect("it exists");
    assert_eq!(names(&inputs, folder.path())[..5], expected);
    assert_eq!(names(&inputs, folder.path())[5], "z.ndjson");

    let options = ReaderOptions { hash: HashInputs::Yes, ..ReaderOptions::default() };
    let total = BlockReader::new(inputs.clone(), options.clone()).total_bytes();
    let read = read_inputs(inputs, &options);
    assert!(read.errors.is_empty(), "{:?}", read.errors);
    assert_eq!(texts(&read), ["{\"gz\":1}", "1,я", "{\"a\":1}", "{\"a\":2}", "{\"s\":1}", "{\"z\":1}"]);
    let summaries: Vec<_> =
        read.inputs.iter().map(|input| (input.format, input.compression, input.encoding)).collect();
    let (utf8, utf16) = (Encoding::Utf8, Encoding::Utf16);
    assert_eq!(
        summaries,
        [
            (Format::Ndjson, Compression::Gzip, utf8),
            (Format::Csv, Compression::Zip, utf16),
            (Format::Json, Compression::Zip, utf8),
            (Format::Ndjson, Compression::Zip, utf8),
            (Format::Ndjson, Compression::Zip, utf8),
            (Format::Ndjson, Compression::None, utf8),
        ]
    );
    assert_eq!(Some(read.inputs.iter().map(|input| input.stored_bytes).sum()), total);
    assert_eq!(read.inputs[4].blake3.as_deref(), Some(blake3::hash(b"{\"s\":1}\n").to_hex().as_str()));
    assert!(read.inputs.iter().all(|input| input.complete));
}

#[test]
fn an_archive_given_twice_or_without_files_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.zip"), zip(&[("x", b"{}")])).expect("a file");
    fs::write(path("hidden.zip"), zip(&[(".x", b"{}"), ("y/", b"")])).expect("a file");
    fs::write(path("empty.zip"), zip(&[])).expect("a file");
    let twice = expand(&[path("a.zip"), path("./a.zip")]).expect_err("it is there twice");
    assert!(matches!(twice, ExpandError::Twice(Input::Member(_))), "{twice:?}");
    for name in ["hidden.zip", "empty.zip"] {
        let empty = expand(&[path(name)]).expect_err("there is nothing in it");
        assert!(matches!(&empty, ExpandError::EmptyArchive(at) if *at == path(name)), "{empty:?}");
    }
    assert_eq!(names(&expand(&[folder.path()]).expect("one has a file"), folder.path()), ["a.zip/x"]);
}

#[test]
fn an_archive_that_is_cut_off_stays_a_file_and_tells_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let archive = zip(&[("a", b"{}\n"), ("b", b"{}\n")]);
    let path = folder.path().join("cut.zip");
    for cut in 4..archive.len() {
        fs::write(&path, &archive[..cut]).expect("a file");
        let inputs = expand(&[&path]).expect("it exists");
        assert_eq!(inputs, [Input::File(path.clone())]);
        let read = read_inputs(inputs, &ReaderOptions::default());
        let told = read.errors[0].to_string();
        assert!(told.contains("cut.zip is a zip archive that is damaged or cut off"), "{told}");
    }
}

#[test]
fn a_member_that_is_damaged_is_an_error_and_the_next_one_is_read() {
    let lines = "{\"n\":12345}\n".repeat(20_000);
    for name in ["stored", "packed"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.zip");
        let mut archive = zip(&[(name, lines.as_bytes()), ("z", b"{}\n")]);
        // In the data of the first member.
        let at = 30 + name.len() + if name == "stored" { lines.len() - 4 } else { 60 };
        archive[at] ^= 1;
        fs::write(&path, &archive).expect("a file");
        let read = read_inputs(expand(&[&path]).expect("it exists"), &ReaderOptions::default());
        let [InputError::Corrupt { input, .. }] = &read.errors[..] else { panic!("{:?}", read.errors) };
        assert!(input.to_string().ends_with(&format!("a.zip/{name}")), "{input}");
        assert_eq!(texts(&read).last(), Some(&"{}"));
        assert!(!read.inputs[0].complete && read.inputs[1].complete);
    }
}

#[test]
fn members_that_cannot_be_read_say_what_they_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.zip");
    let archive = zip(&[("x", b"{}\n"), ("y", b"{}\n")]);
    let central = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02").expect("a list");
    let read = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut archive = archive.clone();
        change(&mut archive);
        fs::write(&path, &archive).expect("a file");
        read_inputs(expand(&[&path]).expect("it exists"), &ReaderOptions::default())
    };
    let encrypted = read(&|archive| {
        archive[6] |= 1;
        archive[central + 8] |= 1;
    });
    let other = read(&|archive| {
        archive[8] = 14;
        archive[central + 10] = 14;
    });
    for (read, what) in [(encrypted, "a.zip/x is encrypted"), (other, "a.zip/x is compressed in a way")] {
        assert!(read.errors.len() == 1 && read.errors[0].to_string().contains(what), "{:?}", read.errors);
        assert_eq!(texts(&read), ["{}"]);
    }

    fs::write(&path, zip(&[("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")])).expect("a file");
    let read = read_inputs(expand(&[&path]).expect("it exists"), &ReaderOptions::default());
    assert!(read.errors[0].to_string().contains("save it as CSV"), "{:?}", read.errors);
}

#[test]
fn an_archive_in_a_compressed_stream_is_told_how_to_be_unpacked() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&zip(&[("x", b"{}")])).expect("memory takes everything");
    let read = read_bytes(&gzip.finish().expect("memory takes everything"), &ReaderOptions::default());
    assert!(read.errors[0].to_string().contains("unzip -p"), "{:?}", read.errors);
}
