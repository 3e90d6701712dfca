//! Places: where a value stands in a record.

use contact::push_token;
use ndjson::TapeValue;
use thiserror::Error;

/// A place, as it is written in a mapping, and the steps that lead to it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    written: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) name: String,
    /// The same, as a place in an array.
    pub(crate) index: Option<usize>,
}

/// From where a place leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// From the record.
    Record,
    /// From the element of an array that a channel is made of.
    Element,
}

/// One of the places of a mapping, or of the elements of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceId {
    Record(u32),
    Element(u32),
    /// The place of the date that the user gave, instead of the mapping's own.
    Given,
}

/// Why a text is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum PlaceError {
    #[error("a place cannot be empty")]
    Empty,
    #[error("a tilde in a JSON Pointer is written ~0, and a slash in a name ~1")]
    Tilde,
}

impl Place {
    pub(crate) fn parse(written: &str) -> Result<(From, Self), PlaceError> {
        if written.is_empty() {
            return Err(PlaceError::Empty);
        }
        let (from, steps) = if written == "." {
            (From::Element, Vec::new())
        } else if let Some(pointer) = written.strip_prefix('.').filter(|rest| rest.starts_with('/')) {
            (From::Element, steps_of(pointer)?)
        } else if written.starts_with('/') {
            (From::Record, steps_of(written)?)
        } else {
            (From::Record, vec![Step::new(written.to_owned())])
        };
        Ok((from, Self { written: written.to_owned(), steps }))
    }

    /// As it stands in the mapping.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The same as a JSON Pointer.
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::new();
        self.steps.iter().for_each(|step| push_token(&mut pointer, &step.name));
        pointer
    }

    /// The column of a table that it is.
    pub(crate) fn column(&self) -> String {
        let names: Vec<&str> = self.steps.iter().map(|step| &*step.name).collect();
        names.join(".")
    }

    pub(crate) fn resolve<'a>(&self, root: TapeValue<'a>) -> Option<TapeValue<'a>> {
        resolve(&self.steps, root)
    }
}

impl Step {
    fn new(name: String) -> Self {
        let is_index = name == "0"
            || (!name.is_empty() && !name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit()));
        let index = if is_index { name.parse().ok() } else { None };
        Self { name, index }
    }

    /// The value one step further.
    pub(crate) fn take<'a>(&self, value: TapeValue<'a>) -> Option<TapeValue<'a>> {
        match value.elements() {
            Some(mut elements) => elements.nth(self.index?),
            None => value.get(&self.name),
        }
    }
}

/// The steps of a JSON Pointer.
pub(crate) fn steps_of(pointer: &str) -> Result<Vec<Step>, PlaceError> {
    if pointer.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
        return Err(PlaceError::Tilde);
    }
    let steps = pointer.split('/').skip(1);
    Ok(steps.map(|step| Step::new(step.replace("~1", "/").replace("~0", "~"))).collect())
}

/// The value that steps lead to.
pub(crate) fn resolve<'a>(steps: &[Step], root: TapeValue<'a>) -> Option<TapeValue<'a>> {
    steps.iter().try_fold(root, |value, step| step.take(value))
}

/// The pointer to a column.
pub(crate) fn pointer_to_column(name: &str) -> String {
    let mut pointer = String::new();
    push_token(&mut pointer, name);
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_names_pointers_or_lead_from_an_element() {
        for (written, from, pointer, column) in [
            ("user_id", From::Record, "/user_id", "user_id"),
            ("a/b", From::Record, "/a~1b", "a/b"),
            ("User.UserId", From::Record, "/User.UserId", "User.UserId"),
            ("/User/UserId", From::Record, "/User/UserId", "User.UserId"),
            ("/a~1b/~0/0", From::Record, "/a~1b/~0/0", "a/b.~.0"),
            ("./token", From::Element, "/token", "token"),
            (".", From::Element, "", ""),
            (".hidden", From::Record, "/.hidden", ".hidden"),
        ] {
            let (is_from, place) = Place::parse(written).expect("it is a place");
            assert_eq!((is_from, &*place.pointer(), &*place.column()), (from, pointer, column), "{written}");
        }
        assert_eq!(Place::parse("").err(), Some(PlaceError::Empty));
        assert_eq!(Place::parse("/a~").err(), Some(PlaceError::Tilde));
        assert_eq!(Place::parse("./a~2").err(), Some(PlaceError::Tilde));
    }

    #[test]
    fn only_plain_numbers_lead_into_arrays() {
        let record = br#"{"a":[7,{"01":8}]}"#;
        for (written, found) in
            [("/a/0", true), ("/a/1/01", true), ("/a/01", false), ("/a/+1", false), ("/a/2", false)]
        {
            let (_, place) = Place::parse(written).expect("it is a place");
            let is_there = ndjson::Parser::new().parse(record, |tape| place.resolve(tape.root()).is_some());
            assert_eq!(is_there.expect("it is JSON"), found, "{written}");
        }
    }
}
