//! A strict mock of the Reteno API, with faults on demand.
//!
//! [`Mock`] listens on the loopback address and keeps an account in memory. It takes what the API is known to take,
//! by the same schemas as the rest of this project, refuses everything else, and does to contacts what the API does:
//! among other things it erases a listed field for which a contact carries no value. [`Faults`] make it answer late,
//! wrongly or not at all. Tests then ask it what it was sent and what became of that; the program `mock-reteno` lets
//! people try an upload without an account. It knows nothing of the client.
//!
//! ```
//! use mock_reteno::{Fault, Faults, Mock, MockOptions};
//!
//! let script = vec![Fault::ServerError(503), Fault::None];
//! let mock = Mock::start(MockOptions { faults: Faults { script, ..Faults::default() }, ..MockOptions::default() })?;
//! assert!(mock.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(mock.applied("customer-1"), 0);
//! # Ok::<(), std::io::Error>(())
//! ```

mod account;
mod answer;
mod closed;
mod connection;
mod contact;
mod contacts;
mod fault;
mod log;
mod options;
mod request;
mod routes;
mod server;
mod session;

pub use closed::ClosedPort;
pub use contact::{Channel, ContactState};
pub use fault::{Fault, Faults};
pub use log::{Authorization, Request};
pub use options::{CustomField, FieldsShape, MockOptions};
pub use server::Mock;
