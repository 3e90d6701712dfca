//! Whatever an export holds, a mapping makes a contact that is JSON of it, or says why it makes none. The input is a JSON
//! record, and a header with a row.

#![no_main]

use std::sync::{Arc, LazyLock};

use contact::Settings;
use libfuzzer_sys::fuzz_target;
use mapping::{Fate, Mapped, Mapper, Mapping, MappingOptions, presets};
use ndjson::{Cells, Parser};

static MAPPINGS: LazyLock<Vec<Arc<Mapping>>> = LazyLock::new(|| {
    let mappings =
        presets().iter().map(|preset| Mapping::parse(preset.name, preset.toml).expect("it is tested"));
    mappings.filter(|mapping| !mapping.is_contacts() && !mapping.is_rejects()).map(Arc::new).collect()
});

fn is_sound(mapped: &Mapped, contact: &[u8], parser: &mut Parser) {
    match &mapped.fate {
        Fate::Contact => {
            let is_object = parser.parse(contact, |tape| tape.root().members().is_some());
            assert_eq!(is_object, Ok(true), "{}", String::from_utf8_lossy(contact));
        }
        Fate::Skipped { violations, .. } | Fate::Rejected { violations, .. } => {
            assert!(!violations.is_empty(), "it says why");
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let options = Arc::new(MappingOptions::default());
    let (mut parser, mut making) = (Parser::new(), Parser::new());
    let mut contact = Vec::new();
    let mut lines = input.splitn(2, |byte| *byte == b'\n');
    let (header, row) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let (mut columns, mut cells) = (Cells::new(b','), Cells::new(b','));
    for mapping in &*MAPPINGS {
        let mut mapper = Mapper::new(Arc::clone(mapping), Arc::clone(&options), Settings::default())
            .expect("nothing has to be named");
        let _ = parser.parse(input, |tape| {
            contact.clear();
            let mapped = mapper.map_record(tape, &mut contact);
            is_sound(&mapped, &contact, &mut making);
        });
        if columns.read(header).is_ok() && cells.read(row).is_ok() {
            let names: Vec<String> = columns.iter().map(str::to_owned).collect();
            let bound = mapper.bind(&names);
            contact.clear();
            let mapped = mapper.map_row(&bound, |column| cells.get(column), &mut contact);
            is_sound(&mapped, &contact, &mut making);
        }
    }
});
