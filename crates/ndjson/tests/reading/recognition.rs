//! What the records of an input are, by its beginning.

use std::sync::{Arc, Mutex};

use ndjson::{
    Beginning, BlockReader, Format, Input, InputError, ReaderOptions, Recognised, Recogniser, expand,
};

use crate::{file_of, read_bytes, read_inputs, texts};

/// Takes what has a `z` for what it knows, and writes down all that it was shown.
#[derive(Debug, Default)]
struct Knows {
    shown: Mutex<Vec<Shown>>,
}

type Shown = (Format, Vec<String>, Vec<String>, Vec<String>);

impl Recogniser for Knows {
    fn arrays(&self) -> Vec<String> {
        vec!["/data".to_owned()]
    }

    fn recognise(&self, beginning: &Beginning<'_>) -> Result<Recognised, String> {
        let text = |record: &&[u8]| String::from_utf8_lossy(record).into_owned();
        let columns = beginning.table().map(|table| table.columns.clone()).unwrap_or_default();
        let plain: Vec<String> = beginning.records(None).iter().map(text).collect();
        let inside: Vec<String> = beginning.records(Some("/data")).iter().map(text).collect();
        let all = || columns.iter().chain(&plain).chain(&inside);
        let has = |what: char| all().any(|text| text.contains(what));
        let recognised = if has('!') {
            Err("it is one thing or another; choose".to_owned())
        } else {
            let array = (!inside.is_empty()).then(|| "/data".to_owned());
            let dialect = usize::from(has('z'));
            Ok(Recognised {
                dialect,
                array,
                because: format!("by {} of its records", plain.len()),
                doubt: None,
            })
        };
        self.shown.lock().expect("nobody panics").push((beginning.format(), columns, plain, inside));
        recognised
    }
}

fn with(knows: &Arc<Knows>) -> ReaderOptions {
    let recogniser: Arc<dyn Recogniser> = Arc::clone(knows) as _;
    ReaderOptions { recogniser: Some(recogniser), ..ReaderOptions::default() }
}

fn shown(text: &str, options: ReaderOptions) -> Shown {
    let knows = Arc::new(Knows::default());
    let options = ReaderOptions { recogniser: with(&knows).recogniser, ..options };
    read_bytes(text.as_bytes(), &options);
    let mut shown = knows.shown.lock().expect("nobody panics");
    assert_eq!(shown.len(), 1, "each input is asked about once");
    shown.remove(0)
}

#[test]
fn the_first_records_that_are_whole_are_shown() {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    for block_bytes in [1, 1 << 20] {
        let options = || ReaderOptions { block_bytes, ..ReaderOptions::default() };
        assert_eq!(
            shown("\u{FEFF}{\"a\":1}\r\n\n{\"b\":2}", options()),
            (Format::Ndjson, own(&[]), own(&["{\"a\":1}", "{\"b\":2}"]), own(&[]))
        );
        assert_eq!(
            shown("id, n\n\n1,\"a\nb\"\r\n2,c", options()),
            (Format::Csv, own(&["id", "n"]), own(&["1,\"a\nb\"", "2,c"]), own(&["1,\"a\nb\"", "2,c"]))
        );
        assert_eq!(shown("a,b\n1,\"c", options()).2, own(&[]));
        let page = "{\"data\":[\n{\"a\":1},{\"b\"";
        assert_eq!(shown(page, options()), (Format::Json, own(&[]), own(&[]), own(&["{\"a\":1}"])));
        let page = "{\"data\":[{\"a\":1}]}\n{\"data\":[{\"b\":1}]}\n";
        let (format, _, plain, inside) = shown(page, options());
        assert_eq!((format, plain.len(), inside), (Format::Ndjson, 2, own(&["{\"a\":1}", "{\"b\":1}"])));
        assert_eq!(shown("", options()), (Format::Ndjson, own(&[]), own(&[]), own(&[])));

        let many = "{\"a\":1}\n".repeat(101);
        assert_eq!(shown(&many, options()).2.len(), 100);
        // What begins in the first 64 KiB and ends behind them is not whole.
        let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(30_000)).repeat(5);
        assert_eq!(shown(&long, options()).2.len(), 2);
    }
}

#[test]
fn what_was_chosen_decides_how_it_is_read_and_stands_in_blocks_and_summaries() {
    let files = ["{\"data\":[{\"z\":1},{\"z\":2}]}", "{\"a\":1}\n", "a,z\n1,2\n", "a,!\n1,2\n", "{}\n"]
        .map(|text| file_of(text.as_bytes()));
    let inputs: Vec<Input> = files.iter().map(|file| Input::File(file.path().to_owned())).collect();
    let knows = Arc::new(Knows::default());
    let mut reader = BlockReader::new(inputs.clone(), with(&knows));
    let mut blocks = Vec::new();
    while let Some(block) = reader.next_block(Vec::new()) {
        match block {
            Ok(block) => blocks.push((block.input, block.dialect, block.records().count())),
            Err(error) => {
                assert!(matches!(&error, InputError::Unrecognised { .. }), "{error:?}");
                let told = error.to_string();
                assert!(told.ends_with(": it is one thing or another; choose"), "{told}");
                assert!(told.starts_with(&inputs[3].to_string()), "{told}");
            }
        }
    }
    assert_eq!(blocks, [(0, 1, 2), (1, 0, 1), (2, 1, 1), (4, 0, 1)]);
    let summaries: Vec<_> = reader
        .inputs()
        .iter()
        .map(|input| (input.format, input.dialect, input.recognised.as_deref(), input.complete))
        .collect();
    assert_eq!(summaries[0], (Format::Json, 1, Some("by 1 of its records"), true));
    assert_eq!(summaries[1], (Format::Ndjson, 0, Some("by 1 of its records"), true));
    assert_eq!(summaries[2], (Format::Csv, 1, Some("by 1 of its records"), true));
    assert_eq!((summaries[3].2, summaries[3].3), (None, false));

    let array = Some("/other".to_owned());
    let read = read_inputs(inputs[..1].to_vec(), &ReaderOptions { array, ..with(&knows) });
    assert_eq!(read.records[0].3.expect("there is none").code(), "no-array", "what the user says goes first");
}

#[test]
fn an_input_is_known_before_a_block_is_asked_for() {
    let files = ["a,z\n1,2\n", "!,b\n1,2\n", "{}\n"].map(|text| file_of(text.as_bytes()));
    let paths: Vec<_> = files.iter().map(|file| file.path()).collect();
    let knows = Arc::new(Knows::default());
    let mut reader = BlockReader::new(expand(&paths).expect("they exist"), with(&knows));
    for _ in 0..2 {
        let summary = reader.begin().expect("it can be read").expect("there is an input");
        assert_eq!((summary.format, summary.dialect), (Format::Csv, 1));
        assert_eq!(summary.table.as_ref().expect("a header").columns, ["a", "z"]);
        let beginning = reader.beginning().expect("it is held");
        assert_eq!(beginning.records(None), [b"1,2"]);
    }
    let texts_of = |reader: &mut BlockReader| -> Vec<String> {
        let block = reader.next_block(Vec::new()).expect("one").expect("it can be read");
        block.records().map(|record| String::from_utf8_lossy(record.bytes).into_owned()).collect()
    };
    assert_eq!(texts_of(&mut reader), ["1,2"]);
    assert!(reader.beginning().is_none(), "it was handed out");
    assert!(reader.next_block(Vec::new()).is_some_and(|block| block.is_err()));
    // An input that was refused is done.
    assert!(reader.begin().expect("the last one").is_some());
    assert_eq!(texts_of(&mut reader), ["{}"]);
    assert!(reader.next_block(Vec::new()).is_none());
    assert!(reader.begin().expect("nothing fails").is_none());
    assert_eq!(knows.shown.lock().expect("nobody panics").len(), 3);

    let mut reader = BlockReader::new(expand(&paths[1..]).expect("they exist"), with(&knows));
    assert!(matches!(reader.begin(), Err(InputError::Unrecognised { .. })));
    assert_eq!(texts_of(&mut reader), ["{}"]);
}

#[test]
fn without_a_recogniser_the_beginning_is_there_and_the_dialect_is_nothing() {
    let file = file_of(b"{\"data\":[{\"a\":1}]}\n");
    let mut reader = BlockReader::new(vec![Input::File(file.path().to_owned())], ReaderOptions::default());
    assert!(reader.beginning().is_none());
    let summary = reader.begin().expect("it can be read").expect("there is an input");
    assert_eq!((summary.dialect, summary.recognised.as_deref()), (0, None));
    let beginning = reader.beginning().expect("it is held");
    assert_eq!((beginning.format(), beginning.records(Some("/data")).len()), (Format::Ndjson, 1));
    let read = read_bytes(b"{}\n", &ReaderOptions::default());
    assert_eq!((texts(&read), read.inputs[0].dialect), (vec!["{}"], 0));
}
