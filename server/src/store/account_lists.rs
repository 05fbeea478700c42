//! The short lists of an account, each sealed in one row: the names and addresses that it sends as,
//! and its templates.

use super::records::{
    Unreadable, read_identities, read_templates, write_identities, write_templates,
};
use super::seal::{Purpose, Sealer};
use super::{Store, StoreError};
use crate::domain::{AccountKey, Identity, Template};

/// A kind of list.
pub(crate) struct AccountList<T: 'static> {
    /// What it is, in the log.
    name: &'static str,
    purpose: Purpose<'static>,
    read: fn(&[u8]) -> Result<Vec<T>, Unreadable>,
    write: fn(&[T]) -> Vec<u8>,
    select: &'static str,
    upsert: &'static str,
    delete: &'static str,
}

/// The list that is in a table.
macro_rules! account_list {
    ($table:literal, $purpose:ident, $read:ident, $write:ident) => {
        &AccountList {
            name: $table,
            purpose: Purpose::$purpose,
            read: $read,
            write: $write,
            select: concat!(
                "SELECT version, sealed FROM ",
                $table,
                " WHERE account_key = $1"
            ),
            upsert: concat!(
                "INSERT INTO ",
                $table,
                " (account_key, version, sealed) VALUES ($1, 1, $2) ",
                "ON CONFLICT (account_key) DO UPDATE SET version = version + 1, ",
                "sealed = excluded.sealed WHERE ",
                $table,
                ".version = $3"
            ),
            delete: concat!("DELETE FROM ", $table, " WHERE account_key = $1"),
        }
    };
}

/// The names and addresses that an account sends as.
pub(crate) const IDENTITIES: &AccountList<Identity> =
    account_list!("identities", Identities, read_identities, write_identities);

/// The texts that an account writes again and again.
pub(crate) const TEMPLATES: &AccountList<Template> =
    account_list!("templates", Templates, read_templates, write_templates);

impl Store {
    /// Returns a list of an account, and the version of its row for [`list_set`](Self::list_set). A
    /// list that cannot be opened (key lost, damaged) is logged and left out; the next change
    /// replaces it.
    pub(crate) async fn list<T>(
        &self,
        of: &AccountList<T>,
        sealer: &Sealer,
        account: &AccountKey,
    ) -> Result<(Vec<T>, i64), StoreError> {
        let row: Option<(i64, Vec<u8>)> = sqlx::query_as(of.select)
            .bind(&account.0)
            .fetch_optional(self.pool())
            .await?;
        let Some((version, sealed)) = row else {
            return Ok((Vec::new(), 0));
        };
        let record = sealer.open_sealed(of.purpose, account.0.as_bytes(), &sealed);
        let list = record.ok().and_then(|json| (of.read)(&json).ok());
        if list.is_none() {
            tracing::warn!(list = of.name, "a list of an account cannot be read");
        }
        Ok((list.unwrap_or_default(), version))
    }

    /// Replaces a list of an account. `false`, and nothing is changed, if its row does not have this
    /// version any more.
    pub(crate) async fn list_set<T>(
        &self,
        of: &AccountList<T>,
        sealer: &Sealer,
        account: &AccountKey,
        list: &[T],
        version: i64,
    ) -> Result<bool, StoreError> {
        let record = (of.write)(list);
        let sealed = sealer.seal(of.purpose, account.0.as_bytes(), &record)?;
        let done = sqlx::query(of.upsert)
            .bind(&account.0)
            .bind(sealed)
            .bind(version)
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Moves a list of an account from its old key to its new one and seals it again. If there is one
    /// under the new key, that stays.
    pub(super) async fn list_change_account<T>(
        &self,
        of: &AccountList<T>,
        sealer: &Sealer,
        old: &AccountKey,
        new: &AccountKey,
    ) -> Result<(), StoreError> {
        let (list, _) = self.list(of, sealer, old).await?;
        let (_, version) = self.list(of, sealer, new).await?;
        if version == 0 && !list.is_empty() {
            self.list_set(of, sealer, new, &list, 0).await?;
        }
        sqlx::query(of.delete)
            .bind(&old.0)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}
