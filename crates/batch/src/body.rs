//! One request body, and the text around its contacts.

use contact::{DedupeOn, FieldSet, StandardFields};

use crate::options::{RequestOptions, RestoreDeleted};

/// One complete request body of *Add contacts*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Exactly one compact JSON object; no line feed at the end.
    pub bytes: Vec<u8>,
    /// How many contacts are in it.
    pub contacts: u32,
    /// The fields that it lists, and so updates.
    pub fields: FieldSet,
}

impl Body {
    /// The BLAKE3 hash of [`bytes`](Self::bytes) in hexadecimal: the name by which a body is known.
    #[must_use]
    pub fn blake3(&self) -> String {
        blake3::hash(&self.bytes).to_hex().to_string()
    }
}

/// How long a list of ids of custom fields is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdsText {
    /// How many there are.
    ids: usize,
    /// Digits and signs of all of them.
    digits: usize,
}

impl IdsText {
    pub(crate) fn add(&mut self, id: i32) {
        self.ids += 1;
        self.digits += usize::from(id < 0) + id.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
    }
}

impl<'a> FromIterator<&'a i32> for IdsText {
    fn from_iter<I: IntoIterator<Item = &'a i32>>(ids: I) -> Self {
        let mut text = Self::default();
        ids.into_iter().for_each(|&id| text.add(id));
        text
    }
}

/// What stands between the standard fields and the first custom one.
const CUSTOM_OPENING: &str = ",\"customFieldsIDs\":[";

/// What stands before the first contact.
pub(crate) const HEAD: &[u8] = b"{\"contacts\":[";

/// What stands after the last contact, apart from the fields.
#[derive(Debug)]
pub(crate) struct Frame {
    /// From the end of the contacts to the opening of `contactFields`.
    before_fields: String,
    /// From behind the fields to the end of the body.
    after_fields: String,
}

impl Frame {
    pub(crate) fn new(request: &RequestOptions) -> Self {
        let mut before_fields = format!("],\"dedupeOn\":\"{}\"", request.dedupe_on);
        if let DedupeOn::FieldId(id) = request.dedupe_on {
            before_fields += &format!(",\"fieldId\":{id}");
        }
        before_fields += ",\"contactFields\":[";

        let mut after_fields = String::new();
        for (name, groups) in
            [("groupNames", &request.groups), ("groupNamesExclude", &request.exclude_groups)]
        {
            if !groups.is_empty() {
                after_fields += &format!(",\"{name}\":{}", serde_json::Value::from(groups.as_slice()));
            }
        }
        if request.restore_deleted == RestoreDeleted::Yes {
            after_fields += ",\"restoreDeleted\":true";
        }
        if let Some(key) = &request.event_key {
            after_fields += &format!(",\"eventKeyForNewContacts\":{}", serde_json::Value::from(key.as_str()));
        }
        after_fields.push('}');
        Self { before_fields, after_fields }
    }

    /// The length of [`tail`](Self::tail), without making it.
    pub(crate) fn tail_bytes(&self, standard: StandardFields, custom: IdsText) -> usize {
        // A name has two quotes and, but for the first, a comma.
        let names: usize = standard.names().map(|name| name.len() + 3).sum();
        let custom = if custom.ids == 0 { 0 } else { CUSTOM_OPENING.len() + custom.digits + custom.ids };
        self.before_fields.len() + names.saturating_sub(1) + "]".len() + custom + self.after_fields.len()
    }

    /// Everything after the last contact of a body with these fields.
    pub(crate) fn tail(&self, fields: &FieldSet) -> String {
        let mut tail = self.before_fields.clone();
        for (index, name) in fields.standard.names().enumerate() {
            tail += if index == 0 { "\"" } else { ",\"" };
            tail += name;
            tail.push('"');
        }
        tail.push(']');
        for (index, id) in fields.custom.iter().enumerate() {
            tail += if index == 0 { CUSTOM_OPENING } else { "," };
            tail += &id.to_string();
        }
        if !fields.custom.is_empty() {
            tail.push(']');
        }
        tail += &self.after_fields;
        tail
    }
}

/// How large a buffer becomes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// It will hardly be larger: beyond that it grows by a sixteenth.
    pub(crate) expected: usize,
    /// It may never be larger.
    pub(crate) most: usize,
}

impl Sizes {
    /// Nothing is known but how large it may be.
    pub(crate) fn up_to(most: usize) -> Self {
        Self { expected: most, most }
    }
}

/// Makes room in a buffer: grows it by doubling up to the size that is expected, and never beyond the one that it may have,
/// so that the memory of a body is bounded by the size of a body.
pub(crate) fn reserve_within(buffer: &mut Vec<u8>, additional: usize, sizes: Sizes) {
    let capacity = capacity_within(buffer, additional, sizes);
    if capacity > buffer.capacity() {
        buffer.reserve_exact(capacity - buffer.len());
    }
}

/// The capacity that [`reserve_within`] gives.
pub(crate) fn capacity_within(buffer: &Vec<u8>, additional: usize, sizes: Sizes) -> usize {
    let (needed, capacity) = (buffer.len() + additional, buffer.capacity());
    if needed <= capacity {
        return capacity;
    }
    let grown = (capacity * 2).min(sizes.expected.max(capacity + capacity / 16));
    needed.max(grown.min(sizes.most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::EventKey;

    fn field_set(standard: &[&str], custom: &[i32]) -> FieldSet {
        let mut fields = FieldSet { custom: custom.to_vec(), ..FieldSet::default() };
        for name in standard {
            assert!(fields.standard.insert(name), "{name}");
        }
        fields
    }

    #[test]
    fn the_tail_has_the_members_of_the_api_in_a_fixed_order() {
        let plain = RequestOptions::default();
        let full = RequestOptions {
            dedupe_on: DedupeOn::FieldId(77),
            groups: vec!["VIP \"gold\"".into(), "новi".into()],
            exclude_groups: vec!["old".into()],
            restore_deleted: RestoreDeleted::Yes,
            event_key: Some(EventKey::new("newContact").expect("a good key")),
        };
        let cases = [
            (&plain, field_set(&[], &[]), r#"],"dedupeOn":"externalCustomerId","contactFields":[]}"#),
            (
                &plain,
                field_set(&["externalCustomerId", "email"], &[5, 70]),
                r#"],"dedupeOn":"externalCustomerId","contactFields":["email","externalCustomerId"],"customFieldsIDs":[5,70]}"#,
            ),
            (
                &full,
                field_set(&["sms"], &[]),
                r#"],"dedupeOn":"fieldId","fieldId":77,"contactFields":["sms"],"groupNames":["VIP \"gold\"","новi"],"groupNamesExclude":["old"],"restoreDeleted":true,"eventKeyForNewContacts":"newContact"}"#,
            ),
        ];
        for (request, fields, tail) in cases {
            assert_eq!(Frame::new(request).tail(&fields), tail);
        }
    }

    #[test]
    fn the_length_of_a_tail_is_known_without_making_it() {
        let frame = Frame::new(&RequestOptions::default());
        for standard in [&[][..], &["sms"], &["email", "town", "externalCustomerId"]] {
            for custom in [&[][..], &[0], &[9, 10, 99, 100, i32::MAX], &[i32::MIN, -10, -9]] {
                let fields = field_set(standard, custom);
                let bytes = frame.tail_bytes(fields.standard, custom.iter().collect());
                assert_eq!(bytes, frame.tail(&fields).len(), "{fields:?}");
            }
        }
    }

    #[test]
    fn a_buffer_grows_by_doubling_up_to_the_size_of_a_body() {
        // Filled with so many bytes of so many, it must take so many more, of a body that is expected to have so many: its
        // capacity then.
        let cases = [
            (0, 0, 10, 100, 10),
            (10, 10, 0, 100, 10),
            (10, 10, 1, 100, 20),
            (40, 40, 1, 100, 80),
            (40, 40, 1, 70, 70),
            (40, 40, 1, 41, 42),
            (40, 40, 1, 0, 42),
            (40, 40, 9, 0, 49),
            (80, 80, 1, 100, 100),
            (80, 80, 1, 1000, 100),
            (96, 96, 1, 0, 100),
            (80, 80, 20, 100, 100),
            (80, 80, 30, 100, 110),
            (5, 80, 75, 100, 80),
        ];
        for (length, capacity, additional, expected, grown) in cases {
            let sizes = Sizes { expected, most: 100 };
            let mut buffer = Vec::with_capacity(capacity);
            buffer.resize(length, 0);
            assert_eq!(
                capacity_within(&buffer, additional, sizes),
                grown,
                "{length} of {capacity} + {additional}, {expected} expected"
            );
            reserve_within(&mut buffer, additional, sizes);
            assert!(buffer.capacity() >= grown);
        }
    }
}
