//! The contacts of the account: how they are found, and what an upload makes of them.

use std::collections::{BTreeMap, HashMap};

use crate::contact::{Channel, ContactState};
use crate::request::{Contact, DedupeOn, Upload};

/// The standard fields that are a single text.
const TEXT_FIELDS: [&str; 6] =
    ["firstName", "lastName", "contactKey", "languageCode", "timeZone", "externalCustomerId"];
/// The members of `address`, each a field of its own.
const ADDRESS_FIELDS: [&str; 4] = ["address", "town", "region", "postcode"];
/// The types of channels that are fields, and so can be erased.
const CHANNEL_FIELDS: [&str; 4] = ["email", "sms", "mobilepush", "webpush"];

/// The contacts, by their numbers and by what they are found by.
#[derive(Debug, Default)]
pub(crate) struct Contacts {
    by_id: BTreeMap<i64, ContactState>,
    by_external_id: HashMap<String, i64>,
    /// Those with a channel of this type and value, the last updated one last.
    by_channel: HashMap<(String, String), Vec<i64>>,
    last_id: i64,
}

/// By what a known contact was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FoundBy {
    /// A standard field. It is itself not updated.
    Field(&'static str),
    /// The email address, where nobody has its `externalCustomerId`: the known contact gets it.
    NewExternalId,
    /// Its number or the value of a custom field, which no update can change: it is the same.
    SameValue,
}

impl Contacts {
    pub(crate) fn new(existing: Vec<ContactState>) -> Self {
        let mut contacts = Self { last_id: 1_000_000, ..Self::default() };
        contacts.last_id = existing.iter().map(|contact| contact.id).fold(contacts.last_id, i64::max);
        for mut contact in existing {
            if contact.id == 0 {
                contact.id = contacts.new_id();
            }
            contacts.put(contact);
        }
        contacts
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &ContactState> {
        self.by_id.values()
    }

    pub(crate) fn by_id(&self, id: i64) -> Option<&ContactState> {
        self.by_id.get(&id)
    }

    pub(crate) fn by_external_id(&self, external_id: &str) -> Option<&ContactState> {
        self.by_external_id.get(external_id).and_then(|id| self.by_id.get(id))
    }

    /// The contact with a channel of this type and value; the last updated one, where there are several.
    pub(crate) fn by_channel(&self, kind: &str, value: &str) -> Option<&ContactState> {
        let owners = self.by_channel.get(&(kind.to_owned(), value.to_owned()))?;
        self.by_id.get(owners.last()?)
    }

    /// Makes or updates a contact; its number, or `None` if it was left alone.
    pub(crate) fn apply(&mut self, contact: &Contact, upload: &Upload) -> Option<i64> {
        let id = match self.find(contact, upload) {
            Some((id, found_by)) => {
                let known = self.by_id.get(&id)?;
                if known.deleted && !upload.restore_deleted {
                    return None;
                }
                let mut state = self.take(id)?;
                state.deleted = false;
                update(&mut state, found_by, contact, upload);
                self.put(state);
                id
            }
            // Numbers are the server's to give.
            None if contact.external_customer_id.is_none() && upload.dedupe_on == DedupeOn::Id => {
                return None;
            }
            None => {
                let state = new_contact(self.new_id(), contact);
                let id = state.id;
                self.put(state);
                id
            }
        };
        self.take_tokens_from_others(id, contact);
        Some(id)
    }

    /// Gives a contact a mobile token, which nobody else has from then on.
    pub(crate) fn add_token(&mut self, id: i64, channel: Channel) {
        let Some(mut state) = self.take(id) else { return };
        let token = channel.value.clone();
        state.channels.retain(|known| known.kind != channel.kind || known.value != token);
        state.channels.push(channel);
        self.put(state);
        self.take_from_others(id, "mobilepush", &token);
    }

    fn find(&self, contact: &Contact, upload: &Upload) -> Option<(i64, FoundBy)> {
        if let Some(external_id) = &contact.external_customer_id {
            if let Some(known) = self.by_external_id(external_id) {
                return Some((known.id, FoundBy::Field("externalCustomerId")));
            }
            let known = contact.values("email").find_map(|email| self.by_channel("email", email))?;
            return Some((known.id, FoundBy::NewExternalId));
        }
        let by_channel = |field: &'static str| {
            let known = contact.values(field).find_map(|value| self.by_channel(field, value))?;
            Some((known.id, FoundBy::Field(field)))
        };
        match upload.dedupe_on {
            DedupeOn::Email => by_channel("email"),
            DedupeOn::Sms => by_channel("sms"),
            DedupeOn::Push => by_channel("mobilepush"),
            DedupeOn::WebPush => by_channel("webpush"),
            DedupeOn::EmailOrSms => by_channel("sms").or_else(|| by_channel("email")),
            DedupeOn::Id => {
                contact.id.filter(|id| self.by_id.contains_key(id)).map(|id| (id, FoundBy::SameValue))
            }
            DedupeOn::ExternalCustomerId => None,
            DedupeOn::FieldId => {
                let field = upload.dedupe_field()?;
                let value = contact.field(field)?;
                let has_value =
                    |known: &&ContactState| known.fields.get(&field).is_some_and(|own| own == value);
                self.all().find(has_value).map(|known| (known.id, FoundBy::SameValue))
            }
        }
    }

    fn take_tokens_from_others(&mut self, id: i64, contact: &Contact) {
        for token in contact.values("mobilepush") {
            let kept = self.by_id(id).is_some_and(|state| {
                state.channels.iter().any(|own| own.kind == "mobilepush" && own.value == token)
            });
            if kept {
                self.take_from_others(id, "mobilepush", token);
            }
        }
    }

    fn take_from_others(&mut self, id: i64, kind: &str, value: &str) {
        let owners = self.by_channel.get(&(kind.to_owned(), value.to_owned())).cloned().unwrap_or_default();
        for other in owners.into_iter().filter(|owner| *owner != id) {
            if let Some(mut state) = self.take(other) {
                state.channels.retain(|channel| channel.kind != kind || channel.value != value);
                self.put(state);
            }
        }
    }

    fn new_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Takes a contact out, to be changed and put back.
    fn take(&mut self, id: i64) -> Option<ContactState> {
        let state = self.by_id.remove(&id)?;
        if let Some(external_id) = &state.external_id
            && self.by_external_id.get(external_id) == Some(&id)
        {
            self.by_external_id.remove(external_id);
        }
        for channel in &state.channels {
            let place = (channel.kind.clone(), channel.value.clone());
            if let Some(owners) = self.by_channel.get_mut(&place) {
                owners.retain(|owner| *owner != id);
                if owners.is_empty() {
                    self.by_channel.remove(&place);
                }
            }
        }
        Some(state)
    }

    fn put(&mut self, state: ContactState) {
        if let Some(external_id) = &state.external_id {
            self.by_external_id.insert(external_id.clone(), state.id);
        }
        for channel in &state.channels {
            self.by_channel.entry((channel.kind.clone(), channel.value.clone())).or_default().push(state.id);
        }
        self.by_id.insert(state.id, state);
    }
}

/// A contact that nobody knew gets everything that it carries.
fn new_contact(id: i64, contact: &Contact) -> ContactState {
    let mut state = ContactState { id, ..ContactState::default() };
    for field in TEXT_FIELDS {
        set_text(&mut state, field, contact);
    }
    for field in ADDRESS_FIELDS {
        set_text(&mut state, field, contact);
    }
    let mut kinds: Vec<&str> = Vec::new();
    for kind in contact.kinds() {
        if !kinds.contains(&kind) {
            kinds.push(kind);
            set_channels(&mut state, kind, contact);
        }
    }
    for field in &contact.fields {
        state.fields.insert(field.id, field.value.clone());
    }
    state
}

/// A known contact gets the listed fields: those that it carries no value for are erased.
fn update(state: &mut ContactState, found_by: FoundBy, contact: &Contact, upload: &Upload) {
    let listed = |field: &str| {
        !matches!(found_by, FoundBy::Field(key) if key == field)
            && upload.contact_fields.as_ref().is_none_or(|fields| fields.iter().any(|listed| listed == field))
    };
    for field in TEXT_FIELDS.into_iter().chain(ADDRESS_FIELDS).filter(|field| listed(field)) {
        set_text(state, field, contact);
    }
    if found_by == FoundBy::NewExternalId {
        set_text(state, "externalCustomerId", contact);
    }
    for kind in CHANNEL_FIELDS.into_iter().filter(|kind| listed(kind)) {
        set_channels(state, kind, contact);
    }
    if upload.contact_fields.is_none() {
        // The other types cannot be listed, so they cannot be erased either.
        for kind in contact.kinds().filter(|kind| !CHANNEL_FIELDS.contains(kind)) {
            set_channels(state, kind, contact);
        }
    }
    for id in &upload.custom_fields {
        match contact.field(*id) {
            Some(value) => state.fields.insert(*id, value.to_owned()),
            None => state.fields.remove(id),
        };
    }
}

fn set_text(state: &mut ContactState, field: &str, contact: &Contact) {
    let value = contact.text(field).map(str::to_owned);
    match (state.text_mut(field), value) {
        (Some(place), value) => *place = value,
        (None, Some(value)) => drop(state.address.insert(field.to_owned(), value)),
        (None, None) => drop(state.address.remove(field)),
    }
}

fn set_channels(state: &mut ContactState, kind: &str, contact: &Contact) {
    state.channels.retain(|channel| channel.kind != kind);
    state.channels.extend(contact.channels(kind));
}
