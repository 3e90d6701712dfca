//! Where the API is.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use url::{Host, Url};

/// The address that the paths of the API are appended to. It is https, or http to this machine itself: an API key does
/// not travel in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The address of Reteno.
    pub const RETENO: &'static str = "https://api.reteno.com/api/v1/";

    /// The address of a path below it, each segment of which is escaped.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// The machine that it leads to.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The address as text, with a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self::RETENO.parse().expect("the constant is an https address; a test reads it")
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an address is none of an API.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// It is no URL.
    #[error("it is not an address ({0}); write it like https://api.reteno.com/api/v1/")]
    Syntax(url::ParseError),
    /// It is not encrypted, and leads to another machine.
    #[error(
        "{scheme} is not encrypted, and the API key would be readable on its way; use https (http is for this machine \
         alone, such as http://127.0.0.1:8080/api/v1/)"
    )]
    Unencrypted {
        /// What it begins with.
        scheme: String,
    },
    /// It has a part that belongs elsewhere.
    #[error("it has {part}, which the address of an API has not; {advice}")]
    Superfluous {
        /// Which.
        part: &'static str,
        /// Where that goes.
        advice: &'static str,
    },
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut url = Url::parse(text).map_err(BaseUrlError::Syntax)?;
        let is_this_machine = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if !(url.scheme() == "https" || url.scheme() == "http" && is_this_machine) {
            return Err(BaseUrlError::Unencrypted { scheme: url.scheme().to_owned() });
        }
        if !url.username().is_empty() || url.password().is_some() {
            let advice = "the key comes from RETENO_API_KEY or --api-key-file";
            return Err(BaseUrlError::Superfluous { part: "a user or a password", advice });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::Superfluous {
                part: "a query or a fragment",
                advice: "leave out what begins with ? or #",
            });
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_encrypted_or_of_this_machine() {
        for (text, kept) in [
            (BaseUrl::RETENO, BaseUrl::RETENO),
            ("https://yespo.io/api/v1", "https://yespo.io/api/v1/"),
            ("http://127.0.0.1:8080/api/v1/", "http://127.0.0.1:8080/api/v1/"),
            ("http://localhost:1", "http://localhost:1/"),
            ("http://[::1]:1/", "http://[::1]:1/"),
        ] {
            assert_eq!(text.parse::<BaseUrl>().expect(text).as_str(), kept);
        }
        for text in [
            "http://api.reteno.com/api/v1/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://0.0.0.0/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
        ] {
            assert!(matches!(text.parse::<BaseUrl>(), Err(BaseUrlError::Unencrypted { .. })), "{text}");
        }
        for text in ["https://me:secret@api.reteno.com/", "https://api.reteno.com/?key=1", "https://a.b/#x"] {
            assert!(matches!(text.parse::<BaseUrl>(), Err(BaseUrlError::Superfluous { .. })), "{text}");
        }
        for text in ["", "api.reteno.com", "https://"] {
            assert!(matches!(text.parse::<BaseUrl>(), Err(BaseUrlError::Syntax(_))), "{text}");
        }
        assert_eq!(BaseUrl::default().as_str(), BaseUrl::RETENO);
    }

    #[test]
    fn segments_are_escaped() {
        let base = BaseUrl::default();
        assert_eq!(
            base.join(&["importstatus", "a/b?c"]).as_str(),
            "https://api.reteno.com/api/v1/importstatus/a%2Fb%3Fc"
        );
    }
}
