//! Streams that are compressed, cut off or damaged.

use std::io::Write;

use ndjson::{Compression, Format, HashInputs, InputError, ReaderOptions};

use crate::{options, read_bytes, texts};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

#[test]
fn compression_is_known_by_the_first_bytes_whatever_the_name() {
    let text = b"{\"a\":1}\n{\"b\":2}\n";
    let members = [gzip(&text[..5]), gzip(&text[5..])].concat();
    let frame = |bytes: &[u8]| zstd::encode_all(bytes, 3).expect("memory takes everything");
    let frames = [frame(&text[..5]), frame(&text[5..])].concat();
    for (bytes, compression) in
        [(text.to_vec(), Compression::None), (members, Compression::Gzip), (frames, Compression::Zstd)]
    {
        let read = read_bytes(&bytes, &ReaderOptions { hash: HashInputs::Yes, ..ReaderOptions::default() });
        assert_eq!(texts(&read), ["{\"a\":1}", "{\"b\":2}"]);
        let input = &read.inputs[0];
        assert_eq!(
            (input.compression, input.stored_bytes, input.bytes),
            (compression, bytes.len() as u64, 16)
        );
        assert_eq!(input.blake3.as_deref(), Some(blake3::hash(&bytes).to_hex().as_str()));
    }
}

/// Lines that do not compress to nothing.
fn numbers(lines: usize) -> String {
    (0..lines).map(|n| format!("{{\"n\":{n},\"x\":\"{}\"}}\n", n * 7919)).collect()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("memory takes everything")
}

#[test]
fn a_stream_cut_off_anywhere_is_an_error_with_its_offset_after_every_whole_line() {
    let text = numbers(150);
    let (first, second) = text.as_bytes().split_at(2345);
    let (frame, skipped) = (zstd(first), b"\x50\x2A\x4D\x18\x04\0\0\0skip".to_vec());
    for (stream, seam) in [
        ([gzip(first), gzip(second)].concat(), gzip(first).len()),
        ([frame.clone(), zstd(second)].concat(), frame.len()),
        ([skipped.clone(), frame.clone(), zstd(second)].concat(), skipped.len() + frame.len()),
    ] {
        let mut cuts_after_lines = 0;
        // Fewer bytes do not tell that the stream is compressed.
        for cut in 4..stream.len() {
            let read =
                read_bytes(&stream[..cut], &ReaderOptions { block_bytes: 1024, ..options(Format::Ndjson) });
            if cut == seam || cut == skipped.len() && stream.starts_with(&skipped) {
                // What is there is whole; the last line has no end.
                assert!(read.errors.is_empty(), "cut at {cut}: {:?}", read.errors);
                continue;
            }
            let [InputError::Corrupt { stored_offset, offset, unfinished, .. }] = &read.errors[..] else {
                panic!("cut at {cut}: {:?}", read.errors)
            };
            assert_eq!(*stored_offset, cut as u64);
            let whole = &text[..usize::try_from(*offset).expect("small")];
            assert_eq!(texts(&read), whole.lines().collect::<Vec<_>>());
            assert!(whole.is_empty() || whole.ends_with('\n'));
            assert_eq!(read.inputs[0].bytes, offset + unfinished);
            assert!(!read.inputs[0].complete && read.inputs[0].blake3.is_none());
            cuts_after_lines += usize::from(!whole.is_empty());
        }
        assert!(cuts_after_lines > 50);
    }
}

#[test]
fn a_damaged_stream_is_an_error_and_never_other_records() {
    let text = numbers(3000);
    for mut stream in [gzip(text.as_bytes()), zstd_with_checksum(text.as_bytes())] {
        let middle = stream.len() / 2;
        stream[middle] ^= 0x55;
        let read = read_bytes(&stream, &options(Format::Ndjson));
        let [InputError::Corrupt { .. }] = &read.errors[..] else { panic!("{:?}", read.errors) };
        let told = read.errors[0].to_string();
        assert!(told.contains("damaged") && told.contains("near byte"), "{told}");
    }
}

fn zstd_with_checksum(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("a level that there is");
    encoder.include_checksum(true).expect("it is a known parameter");
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

#[test]
fn what_follows_a_gzip_stream_and_is_none_is_an_error_after_all_records() {
    let read = read_bytes(&[gzip(b"{}\n{}\n"), b"rest".to_vec()].concat(), &ReaderOptions::default());
    assert_eq!(texts(&read), ["{}", "{}"]);
    assert!(
        matches!(read.errors[..], [InputError::Corrupt { offset: 6, unfinished: 0, .. }]),
        "{:?}",
        read.errors
    );
}

#[test]
fn frames_to_be_skipped_are_no_text() {
    for number in 0x50..=0x5F {
        let skipped = [number, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, b's', b'k', b'i', b'p'];
        let read = read_bytes(&[&skipped[..], &zstd(b"{}\n"), &skipped].concat(), &ReaderOptions::default());
        assert_eq!(texts(&read), ["{}"]);
        assert!(read.errors.is_empty() && read.inputs[0].compression == Compression::Zstd);
    }
}

#[test]
fn what_cannot_be_read_is_known_inside_a_compressed_stream() {
    for format in [Format::Auto, Format::Ndjson, Format::Json] {
        let read = read_bytes(&gzip(b"PAR1\0\0"), &options(format));
        let [InputError::Unsupported { what, .. }] = &read.errors[..] else { panic!("{:?}", read.errors) };
        assert!(what.starts_with("Parquet") && read.records.is_empty(), "{what}");
    }
}

#[test]
fn an_empty_stream_has_no_records_and_no_errors() {
    for stream in [gzip(b""), zstd(b""), [gzip(b""), gzip(b"")].concat()] {
        for format in [Format::Auto, Format::Ndjson, Format::Json] {
            let read = read_bytes(&stream, &options(format));
            assert!(read.records.is_empty() && read.errors.is_empty() && read.inputs[0].complete);
        }
    }
}
