//! Client of the Reteno API: uploads request bodies and accounts for every contact in them.
//!
//! An [`Upload`] takes bodies, sends each until its fate is known, and writes a [`journal`] on the way, so that it can be
//! killed at any moment and begun again: what the journal knows to be accepted is not sent again. A body that the server
//! refuses is halved until the contacts that it is about stand alone. In the end every contact is finished, failed with a
//! reason, unknown, or surely not taken; the [`Tally`](journal::Tally) adds up. What a person who waits wants to know at
//! once, such as that the server is away, is [`News`].
//!
//! The crate knows bodies and contracts, and of records only what a contact is known by.
//!
//! ```no_run
//! use std::time::Duration;
//! use reteno::journal::{Begin, Files, Journal, Opened, Source};
//! use reteno::{ApiKey, BaseUrl, Client, SourceEnd, Store, Upload, UploadOptions, UploadProgress};
//!
//! let base = BaseUrl::default();
//! let files = Files::beside("up.ndjson".as_ref());
//! let Opened::Open(journal) = Journal::open(files.clone(), Begin::new(base.as_str(), Source::Bodies))? else {
//!     return Ok(());
//! };
//! let client = Client::new(base, &ApiKey::new("0123456789")?, Duration::from_secs(60))?;
//! let store = Store::Pending { dir: files.pending };
//! let mut upload =
//!     Upload::start(client, *journal, store, UploadOptions::default(), UploadProgress::default(), || false)?;
//! let body = r#"{"contacts":[{"channels":[{"type":"email","value":"a@example.com"}]}],"dedupeOn":"email","contactFields":["email"]}"#;
//! upload.send(body, 1)?;
//! let outcome = upload.finish(SourceEnd::Complete);
//! assert!(outcome.tally.adds_up());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod api_key;
mod base_url;
mod client;
mod concurrency;
pub mod journal;
mod pace;
mod part;
mod runtime;
mod sink;
mod store;
mod told;
mod upload;

pub use answer::{Account, Mapped, Session, SessionStatus};
pub use api_key::{ApiKey, ApiKeyError};
pub use base_url::{BaseUrl, BaseUrlError};
pub use client::{CallError, Client, ClientError, USER_AGENT};
pub use part::{BodyHash, BodyHashError, RequestBody, RequestBodyError};

pub use runtime::block_on;
pub use sink::UploadSink;
pub use store::{Store, StoreError};
pub use upload::{
    Halt, MOST_REQUESTS_A_SECOND, News, Snapshot, SourceEnd, Stopped, Upload, UploadOptions, UploadOutcome,
    UploadProgress, Verified, Wait,
};
