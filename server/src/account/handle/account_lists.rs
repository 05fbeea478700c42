//! The short lists of an account that are replaced as a whole.

use super::AccountHandle;
use crate::account::error::AccountError;
use crate::store::account_lists::AccountList;

/// How often a change is tried again that another one came before.
pub(super) const TRIES: usize = 5;

/// The error if every try of a change failed.
pub(super) fn changes_all_the_time() -> AccountError {
    AccountError::Internal("a list of the account changes all the time".to_owned())
}

impl AccountHandle {
    /// Returns a list, and the version of its row for [`list_set`](Self::list_set).
    pub(super) async fn list<T>(&self, of: &AccountList<T>) -> Result<(Vec<T>, i64), AccountError> {
        let (store, sealer) = (&self.inner.store, &self.inner.sealer);
        let list = store.list(of, sealer, &self.inner.key).await;
        list.map_err(AccountError::store)
    }

    /// Replaces a list, if its row still has this version; otherwise returns `false`.
    pub(super) async fn list_set<T>(
        &self,
        of: &AccountList<T>,
        list: &[T],
        version: i64,
    ) -> Result<bool, AccountError> {
        let (store, sealer) = (&self.inner.store, &self.inner.sealer);
        let set = store.list_set(of, sealer, &self.inner.key, list, version);
        set.await.map_err(AccountError::store)
    }
}
