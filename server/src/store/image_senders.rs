//! The senders whose remote images an account always shows.
//!
//! A row has the sealed address, in lower case, and its hash. A row that cannot be opened (key lost,
//! damaged) is left out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::seal::{Purpose, SealError, Sealer};
use super::{Store, StoreError};
use crate::domain::AccountKey;

/// The version of a sealed address, its first octet.
const VERSION: u8 = 1;

impl Store {
    /// Maximum number of senders of an account.
    pub(crate) const IMAGE_SENDERS_MAX: usize = 1_000;

    /// Returns the addresses of an account's senders, in the order of the alphabet.
    pub(crate) async fn image_senders(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
    ) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("SELECT sender_hash, sealed FROM image_sender WHERE account_key = $1")
                .bind(&account.0)
                .fetch_all(self.pool())
                .await?;
        let mut addresses: Vec<String> = rows
            .into_iter()
            .filter_map(|(hash, sealed)| open(sealer, &hash, &sealed))
            .collect();
        addresses.sort_unstable();
        Ok(addresses)
    }

    /// Returns whether a sender is one of them, in any case.
    pub(crate) async fn image_sender_has(
        &self,
        account: &AccountKey,
        address: &str,
    ) -> Result<bool, StoreError> {
        let found: Option<(i64,)> = sqlx::query_as(
            "SELECT 1 FROM image_sender WHERE account_key = $1 AND sender_hash = $2",
        )
        .bind(&account.0)
        .bind(hash(account, address))
        .fetch_optional(self.pool())
        .await?;
        Ok(found.is_some())
    }

    /// Adds a sender. `false` if [`IMAGE_SENDERS_MAX`](Self::IMAGE_SENDERS_MAX) is reached.
    pub(crate) async fn image_sender_add(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
        address: &str,
        now_unix_ms: i64,
    ) -> Result<bool, StoreError> {
        let hash = hash(account, address);
        let sealed = seal(sealer, &hash, address)?;
        // Counted and written in one statement, so that concurrent requests stay within the limit.
        let done = sqlx::query(
            "INSERT INTO image_sender (account_key, sender_hash, sealed, changed_unix_ms) \
             SELECT $1, $2, $3, $4 WHERE \
             (SELECT COUNT(*) FROM image_sender WHERE account_key = $1 AND sender_hash != $2) < $5 \
             ON CONFLICT (account_key, sender_hash) DO UPDATE SET sealed = $3, changed_unix_ms = $4",
        )
        .bind(&account.0)
        .bind(&hash)
        .bind(sealed)
        .bind(now_unix_ms)
        .bind(i64::try_from(Self::IMAGE_SENDERS_MAX).unwrap_or(i64::MAX))
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Removes a sender; one that is none of them is no error.
    pub(crate) async fn image_sender_remove(
        &self,
        account: &AccountKey,
        address: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM image_sender WHERE account_key = $1 AND sender_hash = $2")
            .bind(&account.0)
            .bind(hash(account, address))
            .execute(self.pool())
            .await?;
        Ok(())
    }
}

fn seal(sealer: &Sealer, hash: &str, address: &str) -> Result<Vec<u8>, SealError> {
    let address = address.to_lowercase();
    let value = [&[VERSION], address.as_bytes()].concat();
    sealer.seal(Purpose::ImageSender, hash.as_bytes(), &value)
}

fn open(sealer: &Sealer, hash: &str, sealed: &[u8]) -> Option<String> {
    let value = sealer.open_sealed(Purpose::ImageSender, hash.as_bytes(), sealed);
    let value = value.ok()?;
    let address = value.strip_prefix(&[VERSION])?;
    String::from_utf8(address.to_vec()).ok()
}

fn hash(account: &AccountKey, address: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(account.0.as_bytes());
    hasher.update([0]);
    hasher.update(address.to_lowercase().as_bytes());
    URL_SAFE_NO_PAD.encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SCHEMA, TestDir};

    #[tokio::test]
    async fn a_sender_is_remembered_for_its_account_until_it_is_removed() {
        let dir = TestDir::new();
        let store = Store::open(dir.path(), SCHEMA).await.unwrap();
        let sealer = Sealer::open(dir.path()).unwrap();
        let (mine, other) = (AccountKey("mine".into()), AccountKey("other".into()));
        for address in ["News@Shop.example", "ann@x.example", "news@shop.example"] {
            let added = store.image_sender_add(&sealer, &mine, address, 1).await;
            assert!(added.unwrap());
        }
        let known = store.image_senders(&sealer, &mine).await.unwrap();
        assert_eq!(known, ["ann@x.example", "news@shop.example"]);
        assert!(
            store
                .image_sender_has(&mine, "NEWS@shop.example")
                .await
                .unwrap()
        );
        assert!(
            !store
                .image_sender_has(&other, "news@shop.example")
                .await
                .unwrap()
        );
        store
            .image_sender_remove(&mine, "news@SHOP.example")
            .await
            .unwrap();
        assert!(
            !store
                .image_sender_has(&mine, "news@shop.example")
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn an_address_that_cannot_be_opened_is_left_out() {
        let dir = TestDir::new();
        let store = Store::open(dir.path(), SCHEMA).await.unwrap();
        let sealer = Sealer::open(dir.path()).unwrap();
        let mine = AccountKey("mine".into());
        store
            .image_sender_add(&sealer, &mine, "a@x.example", 1)
            .await
            .unwrap();
        let elsewhere = TestDir::new();
        let lost = Sealer::open(elsewhere.path()).unwrap();
        assert!(store.image_senders(&lost, &mine).await.unwrap().is_empty());
    }
}
