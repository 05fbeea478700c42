//! The address book of the account.

mod import;

use std::collections::HashSet;

use app::api::types::ContactId;
use mail_mime::contacts::{self, Card, Group};

pub(crate) use import::Imported;

use super::AccountHandle;
use crate::account::error::{AccountError, InvalidField};
use crate::account::model::random_id;
use crate::account::off_thread::off_thread;
use crate::account::typed;
use crate::domain::{Contact, ContactBook, ContactGroup};

/// The format of an exported address book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BookFormat {
    /// vCard 4.0.
    VCard,
    /// A table of comma-separated values.
    Csv,
}

impl AccountHandle {
    /// Returns the address book of the account, contacts and groups by name.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read.
    pub(crate) async fn contacts(&self) -> Result<ContactBook, AccountError> {
        let (store, sealer) = (&self.inner.store, &self.inner.sealer);
        let book = store.contacts(sealer, &self.inner.key).await;
        let mut book = book.map_err(AccountError::store)?;
        book.contacts.sort_by_cached_key(|contact| {
            let name = match contact.name.as_str() {
                "" => contact.addresses.first().map_or("", String::as_str),
                name => name,
            };
            (name.to_lowercase(), contact.id.clone())
        });
        book.groups
            .sort_by_cached_key(|group| (group.name.to_lowercase(), group.id.clone()));
        Ok(book)
    }

    /// Saves a contact; one without an id is new. Returns its id.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] for a contact without an address, an address that is none, a text or
    /// a number over its limit; [`AccountError::NotFound`] if it was deleted.
    pub(crate) async fn contact_save(&self, contact: Contact) -> Result<ContactId, AccountError> {
        let addresses = valid_addresses("addresses", &contact.addresses, Contact::ADDRESSES_MAX)?;
        if addresses.is_empty() {
            return invalid("addresses", InvalidField::NoContactAddress);
        }
        typed::length("name", &contact.name, Contact::NAME_MAX_BYTES)?;
        typed::length("note", &contact.note, Contact::NOTE_MAX_BYTES)?;
        let saved = Contact {
            id: self.saved_id(&contact.id, false).await?,
            addresses,
            ..contact
        };
        match self.save(std::slice::from_ref(&saved), &[]).await? {
            true => Ok(saved.id),
            false => contacts_full(),
        }
    }

    /// Saves a group; one without an id is new. Returns its id.
    ///
    /// # Errors
    /// As for [`contact_save`](Self::contact_save); a group needs a name and may have no members.
    pub(crate) async fn contact_group_save(
        &self,
        group: ContactGroup,
    ) -> Result<ContactId, AccountError> {
        let members = valid_addresses("members", &group.members, ContactGroup::MEMBERS_MAX)?;
        if group.name.is_empty() {
            return invalid("group_name", InvalidField::NoGroupName);
        }
        typed::length("group_name", &group.name, Contact::NAME_MAX_BYTES)?;
        let saved = ContactGroup {
            id: self.saved_id(&group.id, true).await?,
            members,
            ..group
        };
        match self.save(&[], std::slice::from_ref(&saved)).await? {
            true => Ok(saved.id),
            false => invalid(
                "group_name",
                InvalidField::TooManyGroups {
                    max: ContactGroup::COUNT_MAX,
                },
            ),
        }
    }

    /// Deletes a contact or a group. Succeeds if there is none. The groups keep the addresses of a
    /// deleted contact.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be written.
    pub(crate) async fn contact_delete(&self, id: &ContactId) -> Result<(), AccountError> {
        let ids = std::slice::from_ref(id);
        let deleted = self.inner.store.contacts_delete(&self.inner.key, ids);
        deleted.await.map_err(AccountError::store)
    }

    /// Adds the contacts and groups of a file.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] if the file is no address book.
    pub(crate) async fn contacts_import(&self, file: Vec<u8>) -> Result<Imported, AccountError> {
        let read = off_thread(move || contacts::parse(&file)).await?;
        let Ok(read) = read else {
            return invalid("file", InvalidField::NoAddressBook);
        };
        let import = import::merge(self.contacts().await?, read)?;
        match self.save(&import.contacts, &import.groups).await? {
            true => Ok(import.done),
            // Another import filled the address book meanwhile.
            false => contacts_full(),
        }
    }

    /// Returns the address book as a file.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read.
    pub(crate) async fn contacts_export(&self, format: BookFormat) -> Result<String, AccountError> {
        let book = self.contacts().await?;
        off_thread(move || {
            let cards: Vec<Card> = book.contacts.into_iter().map(card).collect();
            let groups = book.groups.into_iter().map(|group| Group {
                name: group.name,
                members: group.members,
            });
            let groups: Vec<Group> = groups.collect();
            match format {
                BookFormat::VCard => contacts::write_vcard(&cards, &groups),
                BookFormat::Csv => contacts::write_csv(&cards, &groups),
            }
        })
        .await
    }

    /// Returns the id under which an entry is saved: a new one if it has none.
    async fn saved_id(&self, id: &ContactId, is_group: bool) -> Result<ContactId, AccountError> {
        if id.as_str().is_empty() {
            return Ok(ContactId(random_id()?));
        }
        let exists = self
            .inner
            .store
            .contact_exists(&self.inner.key, id, is_group);
        match exists.await.map_err(AccountError::store)? {
            true => Ok(id.clone()),
            false => Err(AccountError::NotFound),
        }
    }

    async fn save(
        &self,
        contacts: &[Contact],
        groups: &[ContactGroup],
    ) -> Result<bool, AccountError> {
        let (store, sealer) = (&self.inner.store, &self.inner.sealer);
        let saved = store.contacts_save(sealer, &self.inner.key, contacts, groups);
        saved.await.map_err(AccountError::store)
    }
}

fn card(contact: Contact) -> Card {
    Card {
        name: contact.name,
        addresses: contact.addresses,
        note: contact.note,
        ..Card::default()
    }
}

fn invalid<T>(field: &'static str, problem: InvalidField) -> Result<T, AccountError> {
    Err(AccountError::Invalid { field, problem })
}

fn contacts_full<T>() -> Result<T, AccountError> {
    let max = Contact::COUNT_MAX;
    invalid("addresses", InvalidField::TooManyContacts { max })
}

/// Returns typed addresses in the form in which they are stored, each once.
fn valid_addresses(
    field: &'static str,
    texts: &[String],
    max: usize,
) -> Result<Vec<String>, AccountError> {
    let mut known = HashSet::new();
    let mut addresses = Vec::new();
    for text in texts.iter().map(|text| text.trim()) {
        if text.is_empty() {
            continue;
        }
        let address = typed::address(field, text)?.as_str().to_owned();
        if known.insert(address.to_lowercase()) {
            addresses.push(address);
        }
        if addresses.len() > max {
            return invalid(field, InvalidField::TooManyAddresses { max });
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(typed: &[&str]) -> Result<Vec<String>, AccountError> {
        let typed: Vec<String> = typed.iter().map(|text| (*text).to_owned()).collect();
        valid_addresses("addresses", &typed, 2)
    }

    #[test]
    fn addresses_are_stored_once_and_within_their_limit() {
        let addresses = checked(&[" Ann@a.example", "", "ann@A.example", "b@例子.测试"]);
        let expected = ["Ann@a.example", "b@xn--fsqu00a.xn--0zwm56d"];
        assert_eq!(addresses.unwrap(), expected);
        let refused = checked(&["a@a.example", "b@a.example", "c@a.example"]);
        let is_limit = |error: &AccountError| match error {
            AccountError::Invalid { problem, .. } => {
                *problem == InvalidField::TooManyAddresses { max: 2 }
            }
            _ => false,
        };
        assert!(refused.is_err_and(|error| is_limit(&error)));
        for text in [
            "nobody",
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example, c@d.example",
        ] {
            assert!(checked(&[text]).is_err(), "{text}");
        }
    }
}
