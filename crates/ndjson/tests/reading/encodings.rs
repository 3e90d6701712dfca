//! UTF-16, which is read as UTF-8.

use std::io::Write;

use ndjson::{Compression, Encoding, Format, InputError, ReaderOptions};
use proptest::prelude::*;

use crate::{read_bytes, texts};

pub(crate) fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(order).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

#[test]
fn both_byte_orders_are_known_by_their_mark_and_offsets_count_in_utf_8() {
    let text = "id,name\r\n1,Олена\r\n2,\u{1F980}\r\n";
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let encoded = utf16(text, order);
        for (stored, compression) in
            [(encoded.clone(), Compression::None), (gzip(&encoded), Compression::Gzip)]
        {
            for block_bytes in [1, 1 << 20] {
                let read = read_bytes(&stored, &ReaderOptions { block_bytes, ..ReaderOptions::default() });
                assert_eq!(texts(&read), ["1,Олена", "2,\u{1F980}"]);
                assert_eq!(read.records[1].2, text.find("2,").expect("there") as u64);
                let input = &read.inputs[0];
                assert_eq!((input.format, input.encoding), (Format::Csv, Encoding::Utf16));
                assert_eq!((input.compression, input.stored_bytes), (compression, stored.len() as u64));
                assert_eq!((input.bytes, input.complete), (text.len() as u64, true));
            }
        }
    }
    let read = read_bytes(b"a,b\n1,2", &ReaderOptions::default());
    assert_eq!(read.inputs[0].encoding, Encoding::Utf8);
}

#[test]
fn what_is_no_utf_16_is_an_error_with_its_place_after_every_whole_record() {
    let text = "{\"a\":1}\n".repeat(40_000);
    let whole = utf16(&text, u16::to_le_bytes);
    let odd = [&whole[..], b"{"].concat();
    let lone = [&whole[..], &[0x00, 0xD8, b'x', 0], &whole[2..]].concat();
    for encoded in [odd, lone] {
        for stored in [encoded.clone(), gzip(&encoded)] {
            let read = read_bytes(&stored, &ReaderOptions::default());
            assert_eq!(read.records.len(), 40_000);
            let [InputError::Encoding { encoded_offset, offset, unfinished, .. }] = &read.errors[..] else {
                panic!("{:?}", read.errors)
            };
            assert_eq!((*encoded_offset, *offset, *unfinished), (whole.len() as u64, text.len() as u64, 0));
            let told = read.errors[0].to_string();
            assert!(told.contains("is not UTF-16") && told.contains("near byte 640002"), "{told}");
            assert!(!read.inputs[0].complete);
        }
    }
}

#[test]
fn a_mark_alone_is_an_empty_input() {
    for mark in [b"\xFF\xFE", b"\xFE\xFF"] {
        for format in [Format::Auto, Format::Csv, Format::Ndjson, Format::Json] {
            let read = read_bytes(mark, &ReaderOptions { format, ..ReaderOptions::default() });
            assert!(read.records.is_empty() && read.errors.is_empty() && read.inputs[0].complete);
        }
    }
}

proptest! {
    #[test]
    fn the_text_is_what_was_encoded(text in "[a-zа-я\n\u{1F980}\u{FEFF}ﬀ]{0,300}", repeat in 1..200_usize) {
        let text = text.repeat(repeat);
        let options = ReaderOptions { format: Format::Ndjson, ..ReaderOptions::default() };
        let plain = read_bytes(text.as_bytes(), &options);
        let encoded = read_bytes(&utf16(&text, u16::to_be_bytes), &options);
        prop_assert!(encoded.errors.is_empty());
        prop_assert_eq!(encoded.records, plain.records);
    }
}
