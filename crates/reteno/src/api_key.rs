//! The key of an account.

use std::path::Path;
use std::{fs, io};

use data_encoding::BASE64;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

/// An API key. It is not shown by `Debug`, and wiped from memory when it is dropped.
#[derive(Clone, Debug)]
pub struct ApiKey(SecretString);

/// Why there is no key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// There is nothing in it.
    #[error("the API key is empty")]
    Empty,
    /// It holds white space or what no key holds: most often two lines, or a whole command.
    #[error("the API key has a character that no key has; write the key alone, on one line")]
    Character,
    /// The file cannot be read.
    #[error("cannot read the API key")]
    Read(#[from] io::Error),
}

impl ApiKey {
    /// Takes a key; white space around it is not a part of it.
    ///
    /// # Errors
    /// If no key looks like this. The message does not show it.
    pub fn new(text: &str) -> Result<Self, ApiKeyError> {
        let key = text.trim();
        if key.is_empty() {
            return Err(ApiKeyError::Empty);
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiKeyError::Character);
        }
        Ok(Self(key.into()))
    }

    /// Reads a key from a file that holds nothing else.
    ///
    /// # Errors
    /// If it cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Self, ApiKeyError> {
        Self::new(&fs::read_to_string(path)?)
    }

    /// The header for Basic authorization. Any user name does, an empty one too, and the password is the key; see the
    /// API's documentation.
    pub(crate) fn header(&self) -> HeaderValue {
        let credentials = BASE64.encode(format!(":{}", self.0.expose_secret()).as_bytes());
        let mut header = HeaderValue::from_str(&format!("Basic {credentials}"))
            .expect("Base64 is made of characters that may stand in a header");
        header.set_sensitive(true);
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_word_and_is_never_shown() {
        let key = ApiKey::new(" 0123ABCD\n").expect("a key");
        assert_eq!(key.header(), "Basic OjAxMjNBQkNE");
        assert!(!format!("{key:?} {:?}", key.header()).contains("0123"));
        for text in ["", " \n"] {
            assert!(matches!(ApiKey::new(text), Err(ApiKeyError::Empty)));
        }
        for text in ["a b", "a\nb", "ключ"] {
            let error = ApiKey::new(text).expect_err(text);
            assert!(!error.to_string().contains(text));
        }
    }
}
