//! Values of options that have a form of their own.

use std::path::PathBuf;
use std::str::FromStr;

use bytesize::ByteSize;
use pipeline::RejectLimit;

/// A number of bytes, such as `8MiB` or `1000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) usize);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes: ByteSize =
            text.parse().map_err(|_| "write a number of bytes, such as 8MiB or 1000000".to_owned())?;
        usize::try_from(bytes.as_u64())
            .map(Self)
            .map_err(|_| "that is more than this machine can address".to_owned())
    }
}

/// A number of records, or a share of them in per cent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MaxRejects(pub(crate) RejectLimit);

impl FromStr for MaxRejects {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a number of records, such as 100, or a share of them, such as 0.5%".to_owned();
        let limit = match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.parse().map_err(|_| wrong())?;
                if !(0.0..=100.0).contains(&percent) {
                    return Err(wrong());
                }
                RejectLimit::Percent(percent)
            }
            None => RejectLimit::Count(text.parse().map_err(|_| wrong())?),
        };
        Ok(Self(limit))
    }
}

/// A document that a schema refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) uri: String,
    pub(crate) file: PathBuf,
}

impl FromStr for Resource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A URI may have an equals sign in its query; a file name rarely has one.
        match text.rsplit_once('=') {
            Some((uri, file)) if !uri.is_empty() && !file.is_empty() => {
                Ok(Self { uri: uri.to_owned(), file: file.into() })
            }
            _ => Err("write URI=FILE, such as https://example.com/other.json=other.json".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_with_a_unit_or_without() {
        for (text, bytes) in [
            ("8MiB", Some(8 << 20)),
            ("64KiB", Some(64 << 10)),
            ("1000000", Some(1_000_000)),
            ("1.5KiB", Some(1536)),
        ] {
            assert_eq!(text.parse().ok(), bytes.map(Bytes), "{text}");
        }
        for text in ["", "lots", "-1", "8 apples", "KiB"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }

    #[test]
    fn rejects_are_limited_by_number_or_by_a_share_up_to_all() {
        for (text, limit) in [
            ("0", RejectLimit::Count(0)),
            ("100", RejectLimit::Count(100)),
            ("0.5%", RejectLimit::Percent(0.5)),
            ("100%", RejectLimit::Percent(100.0)),
        ] {
            assert_eq!(text.parse(), Ok(MaxRejects(limit)), "{text}");
        }
        for text in ["", "%", "-1", "-1%", "100.1%", "nan%", "inf%", "1.5", "5 %%"] {
            assert!(text.parse::<MaxRejects>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_resource_is_split_at_its_last_equals_sign() {
        let resource: Resource = "https://example.com/a?b=c=d.json".parse().expect("a resource");
        assert_eq!((resource.uri.as_str(), resource.file), ("https://example.com/a?b=c", "d.json".into()));
        for text in ["", "x", "=f.json", "https://example.com/="] {
            assert!(text.parse::<Resource>().is_err(), "{text}");
        }
    }
}
