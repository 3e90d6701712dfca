//! How the mock behaves.

use std::time::Duration;

use crate::contact::ContactState;
use crate::fault::Faults;

/// How the mock behaves. The default takes the key `test-key` and is friendly in everything else.
///
/// A key in one of the lists is an `externalCustomerId`.
#[derive(Clone, Debug)]
pub struct MockOptions {
    /// The API key: the password of each request.
    pub key: String,
    /// The most `POST contacts` that are let through in any one second; those above it are answered 429.
    pub rate: u32,
    /// The longest body of `POST contacts`; longer ones are answered 413.
    pub max_body_bytes: usize,
    /// How long an import takes from its acceptance to `FINISHED`. Before that it is `STARTED`, then `IMPORTING`.
    pub session_delay: Duration,
    /// How long each answer is held back.
    pub latency: Duration,
    /// How long a body is remembered: an identical one is answered 409 until then. Zero remembers none.
    pub duplicate_window: Duration,
    /// What goes wrong.
    pub faults: Faults,
    /// What the drawing of faults and the names of sessions begin with.
    pub seed: u64,
    /// The contacts that the account has from the start, some perhaps deleted.
    pub existing: Vec<ContactState>,
    /// A request with one of these contacts is answered 400, in turn as plain text and as JSON with `message`.
    pub refuse_keys: Vec<String>,
    /// These contacts come back in `failedContacts`, and the others of their request are taken.
    pub fail_keys: Vec<String>,
    /// A request with one of these contacts is accepted, but its session ends with `ERROR` and nothing of it is kept.
    pub error_session_keys: Vec<String>,
    /// These contacts are taken, but the mapping of their session leaves them out.
    pub unmapped_keys: Vec<String>,
    /// The custom fields of the account, as `GET addressbooks` tells them.
    pub fields: Vec<CustomField>,
    /// In which of its forms `GET addressbooks` answers.
    pub fields_shape: FieldsShape,
}

impl Default for MockOptions {
    fn default() -> Self {
        Self {
            key: "test-key".to_owned(),
            rate: 200,
            max_body_bytes: 32 << 20,
            session_delay: Duration::ZERO,
            latency: Duration::ZERO,
            duplicate_window: Duration::from_secs(60),
            faults: Faults::default(),
            seed: 0,
            existing: Vec::new(),
            refuse_keys: Vec::new(),
            fail_keys: Vec::new(),
            error_session_keys: Vec::new(),
            unmapped_keys: Vec::new(),
            fields: Vec::new(),
            fields_shape: FieldsShape::default(),
        }
    }
}

/// A custom field of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomField {
    /// Its number.
    pub id: i32,
    /// Its name, for people.
    pub name: String,
    /// Its name, for programs.
    pub key: String,
    /// The name of the group it stands in.
    pub group: String,
    /// Its type in upper case, such as `TEXTFIELD`.
    pub kind: String,
    /// The values it may have, if they are listed.
    pub possible_values: Vec<String>,
    /// The least value, if there is one.
    pub min: Option<i64>,
    /// The greatest value, if there is one.
    pub max: Option<i64>,
    /// Whether a contact must have it.
    pub required: bool,
    /// Whether it is not to be written.
    pub readonly: bool,
}

/// The forms in which `GET addressbooks` tells the same things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldsShape {
    /// Arrays everywhere, ids as numbers, types in upper case.
    #[default]
    Arrays,
    /// A single object where there is one, ids and booleans as text, types in lower case.
    Singles,
}
