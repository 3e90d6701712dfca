//! Measures how much of the allowed rate an upload reaches: `cargo run --release -p reteno --example measure`.
//!
//! A mock on this machine answers after 100 ms. For each number of requests on their way, some thousand small ones are
//! uploaded; a line of a Markdown table says how many went in a second, and the most that the server saw in any one.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use mock_reteno::{Mock, MockOptions};
use reteno::journal::{Begin, Files, Journal, Opened, Source};
use reteno::{ApiKey, Client, SourceEnd, Store, Upload, UploadOptions, UploadProgress};

const REQUESTS: u32 = 4000;
const CONTACTS: u32 = 20;
const LATENCY: Duration = Duration::from_millis(100);

fn main() -> Result<(), Box<dyn Error>> {
    println!("| on their way | requests a second | of the rate | most in any second |");
    println!("|--:|--:|--:|--:|");
    for concurrency in [8, 16, 32, 64] {
        let options = UploadOptions {
            concurrency: NonZeroUsize::new(concurrency).ok_or("not zero")?,
            ..UploadOptions::default()
        };
        let rate = f64::from(options.rate.get());
        let mock = Mock::start(MockOptions { latency: LATENCY, ..MockOptions::default() })?;
        let a_second = upload(&mock, options)?;
        let most = mock.most_in_a_second();
        println!("| {concurrency} | {a_second:.1} | {:.1} % | {most} |", 100.0 * a_second / rate);
    }
    Ok(())
}

/// Uploads, and gives the requests a second until the last one was answered.
fn upload(mock: &Mock, options: UploadOptions) -> Result<f64, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let files = Files::beside(&dir.path().join("up.ndjson"));
    let Opened::Open(journal) = Journal::open(files.clone(), Begin::new(&mock.url(), Source::Bodies))? else {
        return Err("a new journal is open".into());
    };
    let client = Client::new(mock.url().parse()?, &ApiKey::new("test-key")?, Duration::from_secs(60))?;
    let store = Store::Pending { dir: files.pending };
    let progress = UploadProgress::default();
    let mut upload = Upload::start(client, *journal, store, options, progress.clone(), || false)?;
    let begin = Instant::now();
    for request in 0..REQUESTS {
        upload.send(body(request), CONTACTS)?;
    }
    while progress.snapshot().batches < u64::from(REQUESTS) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let elapsed = begin.elapsed();
    let outcome = upload.finish(SourceEnd::Complete);
    if !outcome.is_complete {
        return Err(format!("{outcome:?}").into());
    }
    Ok(f64::from(REQUESTS) / elapsed.as_secs_f64())
}

fn body(request: u32) -> Vec<u8> {
    let contact = |nth: u32| {
        format!(
            r#"{{"externalCustomerId":"{request}-{nth}","channels":[{{"type":"email","value":"c{request}-{nth}@example.com"}}]}}"#
        )
    };
    let contacts: Vec<String> = (0..CONTACTS).map(contact).collect();
    let contacts = contacts.join(",");
    format!(r#"{{"contacts":[{contacts}],"dedupeOn":"externalCustomerId","contactFields":["email","externalCustomerId"]}}"#)
        .into_bytes()
}
