//! The short lists of an account that are replaced as a whole.

use super::AccountHandle;
use crate::account::error::AccountError;
use crate::store::account_lists::AccountList;

/// How often a change is tried again that another one came before.
const TRIES: usize = 5;

impl AccountHandle {
    /// Returns a list.
    pub(super) async fn list<T>(&self, of: &AccountList<T>) -> Result<Vec<T>, AccountError> {
        let (store, sealer) = (&self.inner.store, &self.inner.sealer);
        let list = store.list(of, sealer, &self.inner.key).await;
        Ok(list.map_err(AccountError::store)?.0)
    }

    /// Changes a list; `change` runs again if another change came before.
    pub(super) async fn change_list<T>(
        &self,
        of: &AccountList<T>,
        mut change: impl FnMut(&mut Vec<T>) -> Result<(), AccountError>,
    ) -> Result<(), AccountError> {
        let (store, sealer, key) = (&self.inner.store, &self.inner.sealer, &self.inner.key);
        for _ in 0..TRIES {
            let stored = store.list(of, sealer, key).await;
            let (mut list, version) = stored.map_err(AccountError::store)?;
            change(&mut list)?;
            let set = store.list_set(of, sealer, key, &list, version);
            if set.await.map_err(AccountError::store)? {
                return Ok(());
            }
        }
        Err(AccountError::Internal(
            "a list of the account changes all the time".to_owned(),
        ))
    }
}
