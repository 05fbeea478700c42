//! Folder data that mail servers do not store: pins.
//!
//! Rows identify a folder by the hash of its id; they do not contain its name.

use std::collections::HashSet;

use app::api::types::FolderId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::{Store, StoreError};
use crate::domain::AccountKey;

/// The set of pinned folders of an account.
#[derive(Debug, Default)]
pub(crate) struct PinnedFolders(HashSet<String>);

impl PinnedFolders {
    /// Returns whether a folder is pinned.
    pub(crate) fn has(&self, folder: &FolderId) -> bool {
        !self.0.is_empty() && self.0.contains(&hash(folder))
    }
}

impl Store {
    /// Maximum number of pinned folders of an account.
    pub(crate) const PINNED_MAX: usize = 200;

    /// Returns the pinned folders of an account.
    pub(crate) async fn folders_pinned(
        &self,
        account: &AccountKey,
    ) -> Result<PinnedFolders, StoreError> {
        let hashes: Vec<(String,)> = sqlx::query_as(
            "SELECT folder_hash FROM folder_mark WHERE account_key = $1 AND is_pinned = 1",
        )
        .bind(&account.0)
        .fetch_all(self.pool())
        .await?;
        Ok(PinnedFolders(
            hashes.into_iter().map(|(hash,)| hash).collect(),
        ))
    }

    /// Pins or unpins a folder. `false` if [`PINNED_MAX`](Self::PINNED_MAX) is reached.
    pub(crate) async fn folder_pin(
        &self,
        account: &AccountKey,
        folder: &FolderId,
        is_pinned: bool,
        now_unix_ms: i64,
    ) -> Result<bool, StoreError> {
        let hash = hash(folder);
        if !is_pinned {
            sqlx::query("DELETE FROM folder_mark WHERE account_key = $1 AND folder_hash = $2")
                .bind(&account.0)
                .bind(&hash)
                .execute(self.pool())
                .await?;
            return Ok(true);
        }
        // Counted and written in one statement, so that concurrent requests stay within the limit.
        let done = sqlx::query(
            "INSERT INTO folder_mark (account_key, folder_hash, is_pinned, changed_unix_ms) \
             SELECT $1, $2, 1, $3 WHERE \
             (SELECT COUNT(*) FROM folder_mark WHERE account_key = $1 AND folder_hash != $2) < $4 \
             ON CONFLICT (account_key, folder_hash) DO UPDATE SET is_pinned = 1, changed_unix_ms = $3",
        )
        .bind(&account.0)
        .bind(&hash)
        .bind(now_unix_ms)
        .bind(i64::try_from(Self::PINNED_MAX).unwrap_or(i64::MAX))
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

fn hash(folder: &FolderId) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(folder.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SCHEMA, TestDir};

    fn key(text: &str) -> AccountKey {
        AccountKey(text.to_owned())
    }

    #[tokio::test]
    async fn folder_is_pinned_for_its_account_until_it_is_unpinned() {
        let dir = TestDir::new();
        let store = Store::open(dir.path(), SCHEMA).await.unwrap();
        let (mine, other, work) = (key("mine"), key("other"), FolderId::from("V29yaw"));
        for _ in 0..2 {
            assert!(store.folder_pin(&mine, &work, true, 1).await.unwrap());
        }
        assert!(store.folders_pinned(&mine).await.unwrap().has(&work));
        assert!(!store.folders_pinned(&mine).await.unwrap().has(&"x".into()));
        assert!(!store.folders_pinned(&other).await.unwrap().has(&work));
        for _ in 0..2 {
            assert!(store.folder_pin(&mine, &work, false, 2).await.unwrap());
        }
        assert!(!store.folders_pinned(&mine).await.unwrap().has(&work));
    }

    #[tokio::test]
    async fn pins_are_limited_and_a_new_one_replaces_none() {
        let dir = TestDir::new();
        let store = Store::open(dir.path(), SCHEMA).await.unwrap();
        let (mine, folder) = (key("mine"), |n: usize| FolderId(format!("f{n}")));
        for n in 0..Store::PINNED_MAX {
            assert!(store.folder_pin(&mine, &folder(n), true, 1).await.unwrap());
        }
        let one_more = folder(Store::PINNED_MAX);
        assert!(!store.folder_pin(&mine, &one_more, true, 2).await.unwrap());
        assert!(store.folder_pin(&mine, &folder(0), true, 3).await.unwrap());
        let pinned = store.folders_pinned(&mine).await.unwrap();
        assert!(pinned.has(&folder(0)) && !pinned.has(&one_more));
    }
}
