//! Which fields a contact carries: what decides the batch it goes into.

use std::fmt;

use ndjson::TapeValue;

/// The names that `contactFields` takes and a contact can carry, in the order of the API's enum.
///
/// `ordersInfo` is in that enum too, but no member of a contact feeds it.
pub const STANDARD_FIELD_NAMES: [&str; 14] = [
    "firstName",
    "lastName",
    "contactKey",
    "languageCode",
    "timeZone",
    "email",
    "sms",
    "mobilepush",
    "webpush",
    "address",
    "town",
    "region",
    "postcode",
    "externalCustomerId",
];

/// A set of [`STANDARD_FIELD_NAMES`], one bit each, the first name in the lowest bit.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StandardFields(u16);

impl StandardFields {
    /// The set with nothing in it.
    pub const EMPTY: Self = Self(0);

    /// Adds the field of that name; a name that is not a standard field changes nothing and gives `false`.
    pub fn insert(&mut self, name: &str) -> bool {
        match STANDARD_FIELD_NAMES.iter().position(|known| *known == name) {
            Some(bit) => {
                self.0 |= 1 << bit;
                true
            }
            None => false,
        }
    }

    /// Whether the field of that name is in the set.
    #[must_use]
    pub fn contains(self, name: &str) -> bool {
        STANDARD_FIELD_NAMES
            .iter()
            .position(|known| *known == name)
            .is_some_and(|bit| self.0 & (1 << bit) != 0)
    }

    /// The bit of the field of that name.
    pub(crate) fn bit(name: &[u8]) -> Option<u16> {
        STANDARD_FIELD_NAMES.iter().position(|known| known.as_bytes() == name).map(|bit| 1 << bit)
    }

    /// The set with these bits, as [`bits`](Self::bits) gave them.
    #[must_use]
    pub fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// One bit for each field, the first of [`STANDARD_FIELD_NAMES`] in the lowest: to keep the set elsewhere.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names in the set, in the order of the API's enum.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        STANDARD_FIELD_NAMES
            .iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, name)| *name)
    }
}

impl fmt::Debug for StandardFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// What a contact carries: standard fields and the ids of its custom fields, ascending and each once.
///
/// Contacts of one batch have equal field sets, because the API sets a listed field to null where a contact has no
/// value for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldSet {
    /// Fields that go into `contactFields`.
    pub standard: StandardFields,
    /// Fields that go into `customFieldsIDs`, ascending, each once.
    pub custom: Vec<i32>,
}

impl FieldSet {
    /// Makes this the field set of a contact. What it held before is forgotten; its memory is used again.
    pub fn read(&mut self, contact: TapeValue<'_>) {
        self.standard = StandardFields::EMPTY;
        self.custom.clear();
        for (name, value) in contact.members().into_iter().flatten() {
            match name {
                "channels" => {
                    for channel in value.elements().into_iter().flatten() {
                        self.standard
                            .insert(channel.get("type").and_then(TapeValue::as_str).unwrap_or_default());
                    }
                }
                // Its members are fields of their own; one of them is called `address` too.
                "address" => {
                    for (part, _) in value.members().into_iter().flatten() {
                        self.standard.insert(part);
                    }
                }
                "fields" => {
                    let ids =
                        value.elements().into_iter().flatten().filter_map(|field| field.get("id")?.as_i64());
                    self.custom.extend(ids.filter_map(|id| i32::try_from(id).ok()));
                    self.custom.sort_unstable();
                    self.custom.dedup();
                }
                other => {
                    self.standard.insert(other);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_in_the_order_of_the_api() {
        let mut fields = StandardFields::EMPTY;
        assert!(fields.insert("externalCustomerId"));
        assert!(fields.insert("firstName"));
        assert!(!fields.insert("city"));
        assert_eq!(fields.names().collect::<Vec<_>>(), ["firstName", "externalCustomerId"]);
        assert!(fields.contains("firstName") && !fields.contains("town"));
    }
}
