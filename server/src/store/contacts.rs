//! The address book of an account: one sealed row for each contact and each group.
//!
//! A row that cannot be opened (key lost, damaged, written by a later program) is counted and stays
//! as it is.

use app::api::types::ContactId;

use super::records::{read_contact, read_group, write_contact, write_group};
use super::seal::{Purpose, Sealer};
use super::{Connection, Store, StoreError};
use crate::domain::{AccountKey, Contact, ContactBook, ContactGroup};

/// A row: id, whether it is a group, sealed record.
type RawEntry = (String, bool, Vec<u8>);

impl Store {
    /// Returns the address book of an account.
    pub(crate) async fn contacts(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
    ) -> Result<ContactBook, StoreError> {
        let mut book = ContactBook::default();
        for (id, is_group, sealed) in self.raw_contacts(account).await? {
            let data = associated_data(account, &id);
            let record = sealer.open_sealed(Purpose::Contact, &data, &sealed).ok();
            let id = ContactId(id);
            if is_group {
                let group = record.and_then(|json| read_group(&json).ok());
                match group {
                    Some(group) => book.groups.push(ContactGroup { id, ..group }),
                    None => book.unreadable += 1,
                }
            } else {
                let contact = record.and_then(|json| read_contact(&json).ok());
                match contact {
                    Some(contact) => book.contacts.push(Contact { id, ..contact }),
                    None => book.unreadable += 1,
                }
            }
        }
        Ok(book)
    }

    /// Returns whether there is a contact, or a group, with this id, readable or not.
    pub(crate) async fn contact_exists(
        &self,
        account: &AccountKey,
        id: &ContactId,
        is_group: bool,
    ) -> Result<bool, StoreError> {
        let found: Option<(i64,)> = sqlx::query_as(
            "SELECT 1 FROM contact \
             WHERE account_key = $1 AND contact_id = $2 AND is_group = $3",
        )
        .bind(&account.0)
        .bind(id.as_str())
        .bind(is_group)
        .fetch_optional(self.pool())
        .await?;
        Ok(found.is_some())
    }

    /// Saves contacts and groups by their ids, all or none. `false`, and nothing is saved, if the
    /// account would have more of them than its limits allow.
    pub(crate) async fn contacts_save(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
        contacts: &[Contact],
        groups: &[ContactGroup],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let mut added = [0_usize; 2];
        for contact in contacts {
            let record = write_contact(contact);
            let entry = (&contact.id, false, record.as_slice());
            added[0] += usize::from(save(&mut transaction, sealer, account, entry).await?);
        }
        for group in groups {
            let record = write_group(group);
            let entry = (&group.id, true, record.as_slice());
            added[1] += usize::from(save(&mut transaction, sealer, account, entry).await?);
        }
        let limits = [Contact::COUNT_MAX, ContactGroup::COUNT_MAX];
        for ((is_group, max), added) in [false, true].into_iter().zip(limits).zip(added) {
            let (count,): (i64,) = sqlx::query_as(
                "SELECT count(*) FROM contact WHERE account_key = $1 AND is_group = $2",
            )
            .bind(&account.0)
            .bind(is_group)
            .fetch_one(&mut *transaction)
            .await?;
            if added > 0 && count > i64::try_from(max).unwrap_or(i64::MAX) {
                transaction.rollback().await?;
                return Ok(false);
            }
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Deletes contacts or groups. An unknown id is no error.
    pub(crate) async fn contacts_delete(
        &self,
        account: &AccountKey,
        ids: &[ContactId],
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool().begin().await?;
        for id in ids {
            sqlx::query("DELETE FROM contact WHERE account_key = $1 AND contact_id = $2")
                .bind(&account.0)
                .bind(id.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Moves the address book of an account from its old key to its new one and seals it again. What
    /// is under the new key stays, and together they may be over the limits. A row that cannot be
    /// opened is moved as it is.
    pub(super) async fn contacts_change_account(
        &self,
        sealer: &Sealer,
        old: &AccountKey,
        new: &AccountKey,
    ) -> Result<(), StoreError> {
        let rows = self.raw_contacts(old).await?;
        let mut transaction = self.pool().begin().await?;
        for (id, _, sealed) in rows {
            let opened = sealer.open_sealed(Purpose::Contact, &associated_data(old, &id), &sealed);
            let sealed = match opened {
                // Not parsed: it may be of a later program.
                Ok(record) => sealer.seal(Purpose::Contact, &associated_data(new, &id), &record)?,
                Err(_) => sealed,
            };
            sqlx::query(
                "UPDATE OR IGNORE contact SET account_key = $1, sealed = $2 \
                 WHERE account_key = $3 AND contact_id = $4",
            )
            .bind(&new.0)
            .bind(sealed)
            .bind(&old.0)
            .bind(&id)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn raw_contacts(&self, account: &AccountKey) -> Result<Vec<RawEntry>, StoreError> {
        let rows = sqlx::query_as(
            "SELECT contact_id, is_group, sealed FROM contact WHERE account_key = $1",
        )
        .bind(&account.0)
        .fetch_all(self.pool())
        .await?;
        Ok(rows)
    }
}

/// Returns the associated data of a row: it opens only as this entry of this account.
fn associated_data(account: &AccountKey, id: &str) -> Vec<u8> {
    format!("{}\0{id}", account.0).into_bytes()
}

/// Saves one row. Returns whether it is new.
async fn save(
    connection: &mut Connection,
    sealer: &Sealer,
    account: &AccountKey,
    (id, is_group, record): (&ContactId, bool, &[u8]),
) -> Result<bool, StoreError> {
    let sealed = sealer.seal(
        Purpose::Contact,
        &associated_data(account, id.as_str()),
        record,
    )?;
    let updated = sqlx::query(
        "UPDATE contact SET sealed = $1 \
         WHERE account_key = $2 AND contact_id = $3 AND is_group = $4",
    )
    .bind(&sealed)
    .bind(&account.0)
    .bind(id.as_str())
    .bind(is_group)
    .execute(&mut *connection)
    .await?;
    if updated.rows_affected() == 1 {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO contact (account_key, contact_id, is_group, sealed) VALUES ($1, $2, $3, $4)",
    )
    .bind(&account.0)
    .bind(id.as_str())
    .bind(is_group)
    .bind(&sealed)
    .execute(connection)
    .await?;
    Ok(true)
}

#[cfg(test)]
mod tests;
