//! The senders whose remote images the account always shows.

use mail_mime::address::EmailAddress;

use super::AccountHandle;
use crate::account::error::{AccountError, InvalidField};
use crate::account::model::now_unix_ms;
use crate::store::Store;

impl AccountHandle {
    /// Returns whether the remote images of a sender are always shown.
    pub(crate) async fn shows_images_of(&self, sender: &EmailAddress) -> bool {
        let store = &self.inner.store;
        let found = store
            .image_sender_has(&self.inner.key, &sender.address)
            .await;
        found.unwrap_or_else(|error| {
            tracing::warn!(%error, "the senders with images cannot be read");
            false
        })
    }

    /// Shows the remote images of a sender always, or only on request.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] if the account has too many such senders;
    /// [`AccountError::Internal`] if the store cannot be written.
    pub(crate) async fn show_images_of(
        &self,
        address: &str,
        is_shown: bool,
    ) -> Result<(), AccountError> {
        let (store, key) = (&self.inner.store, &self.inner.key);
        if !is_shown {
            let removed = store.image_sender_remove(key, address).await;
            return removed.map_err(AccountError::store);
        }
        let added = store.image_sender_add(&self.inner.sealer, key, address, now_unix_ms());
        match added.await.map_err(AccountError::store)? {
            true => Ok(()),
            false => Err(AccountError::Invalid {
                field: "address",
                problem: InvalidField::TooManyImageSenders {
                    max: Store::IMAGE_SENDERS_MAX,
                },
            }),
        }
    }

    /// Returns their addresses.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read.
    pub(crate) async fn image_senders(&self) -> Result<Vec<String>, AccountError> {
        let senders = self
            .inner
            .store
            .image_senders(&self.inner.sealer, &self.inner.key);
        senders.await.map_err(AccountError::store)
    }
}
