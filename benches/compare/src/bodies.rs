//! Looks at request bodies that a tool wrote, one on each line.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The API takes no more contacts in one request.
const MOST_CONTACTS: usize = 3000;

/// Counts the contacts of all bodies; where there are bodies to be like, each has to equal the one at its place there.
pub(crate) fn count_contacts(bodies: &Path, like: Option<&Path>) -> Result<u64> {
    let mut wanted = like.map(lines).transpose()?;
    let mut sum = 0;
    for (nth, body) in lines(bodies)?.enumerate() {
        let body: Value = serde_json::from_str(&body?).with_context(|| format!("body {nth}"))?;
        let contacts = body["contacts"].as_array().with_context(|| format!("body {nth} has no contacts"))?;
        ensure!(contacts.len() <= MOST_CONTACTS, "body {nth} has {} contacts", contacts.len());
        sum += contacts.len() as u64;
        if let Some(wanted) = &mut wanted {
            let wanted = wanted.next().with_context(|| format!("body {nth} is one too many"))??;
            ensure!(serde_json::from_str::<Value>(&wanted)? == body, "body {nth} is another one");
        }
    }
    ensure!(wanted.is_none_or(|mut wanted| wanted.next().is_none()), "some bodies are missing");
    Ok(sum)
}

fn lines(path: &Path) -> Result<Lines<BufReader<File>>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(BufReader::new(file).lines())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn bodies_are_compared_as_json_and_by_their_place() {
        let file = |text: &str| {
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            file.write_all(text.as_bytes()).expect("it takes the text");
            file
        };
        let ours = file("{\"contacts\":[1,2],\"dedupeOn\":\"id\"}\n{\"contacts\":[3],\"dedupeOn\":\"id\"}\n");
        let cases = [
            ("{\"dedupeOn\":\"id\",\"contacts\":[1, 2]}\n{\"contacts\":[3],\"dedupeOn\":\"id\"}", Some(3)),
            ("{\"contacts\":[1,2],\"dedupeOn\":\"id\"}\n", None),
            ("{\"contacts\":[3],\"dedupeOn\":\"id\"}\n{\"contacts\":[1,2],\"dedupeOn\":\"id\"}\n", None),
            ("{}\n", None),
        ];
        for (theirs, contacts) in cases {
            let found = count_contacts(file(theirs).path(), Some(ours.path())).ok();
            assert_eq!(found, contacts, "{theirs}");
        }
        assert_eq!(count_contacts(ours.path(), None).ok(), Some(3));
    }
}
