//! The address books of the accounts of a session.

use app::api::types::{
    AccountId, Contact, ContactGroup, ContactId, ContactQuery, ContactRows, ImportReport, LeftOut,
};

use super::SessionBackend;
use crate::account::error::AccountError;
use crate::account::handle::contacts::{BookFormat, Imported};
use crate::domain;
use crate::views::compose::find_handle;
use crate::views::{map, people};

impl SessionBackend {
    /// Returns a page of an address book.
    pub(super) async fn contacts(&self, query: &ContactQuery) -> Result<ContactRows, AccountError> {
        let handle = find_handle(&self.handles, &query.account)?;
        let book = handle.contacts().await?;
        let contacts = book.contacts.into_iter().map(map::contact);
        let matching: Vec<Contact> = contacts
            .filter(|contact| people::matches(contact, &query.text))
            .collect();
        let limit = query.limit.min(ContactQuery::LIMIT_MAX);
        let (offset, limit) = (usize::try_from(query.offset), usize::try_from(limit));
        let (offset, limit) = (offset.unwrap_or(usize::MAX), limit.unwrap_or(0));
        Ok(ContactRows {
            total: count(matching.len()),
            contacts: matching.into_iter().skip(offset).take(limit).collect(),
            groups: book.groups.into_iter().map(map::contact_group).collect(),
            unreadable: count(book.unreadable),
        })
    }

    /// Saves a contact; one without an id is new.
    pub(super) async fn save_contact(
        &self,
        account: &AccountId,
        contact: Contact,
    ) -> Result<ContactId, AccountError> {
        let handle = find_handle(&self.handles, account)?;
        let contact = domain::Contact {
            id: contact.id,
            name: one_line(&contact.name),
            addresses: contact.addresses,
            note: mail_mime::display::lines(&contact.note).trim().to_owned(),
        };
        handle.contact_save(contact).await
    }

    /// Saves a group; one without an id is new.
    pub(super) async fn save_contact_group(
        &self,
        account: &AccountId,
        group: ContactGroup,
    ) -> Result<ContactId, AccountError> {
        let handle = find_handle(&self.handles, account)?;
        let group = domain::ContactGroup {
            id: group.id,
            name: one_line(&group.name),
            members: group.members,
        };
        handle.contact_group_save(group).await
    }

    /// Deletes a contact or a group.
    pub(super) async fn delete_contact(
        &self,
        account: &AccountId,
        contact: &ContactId,
    ) -> Result<(), AccountError> {
        let handle = find_handle(&self.handles, account)?;
        handle.contact_delete(contact).await
    }

    /// Adds the contacts and groups of a file.
    pub(super) async fn import_contacts(
        &self,
        account: &AccountId,
        file: Vec<u8>,
    ) -> Result<ImportReport, AccountError> {
        let handle = find_handle(&self.handles, account)?;
        Ok(report(handle.contacts_import(file).await?))
    }

    /// Returns the address book of an account as a file: a table (CSV), or vCard.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] for another account than those of the session.
    pub async fn export_contacts(
        &self,
        account: &AccountId,
        is_table: bool,
    ) -> Result<String, AccountError> {
        let handle = find_handle(&self.handles, account)?;
        let format = match is_table {
            true => BookFormat::Csv,
            false => BookFormat::VCard,
        };
        handle.contacts_export(format).await
    }
}

fn one_line(text: &str) -> String {
    mail_mime::display::line(text).trim().to_owned()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn report(done: Imported) -> ImportReport {
    ImportReport {
        added: count(done.added),
        changed: count(done.changed),
        unchanged: count(done.unchanged),
        left_out: count(done.left_out.len()),
        examples: done
            .left_out
            .into_iter()
            .take(ImportReport::EXAMPLES_MAX)
            .map(|(name, why)| LeftOut { name, why })
            .collect(),
    }
}
