//! The record of a session in the store, sealed with a key that needs the cookie.

use std::sync::Arc;

use async_trait::async_trait;
use tower_sessions::SessionStore;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::{IDLE_MS, row_key};
use crate::store::seal::{Purpose, Sealer};
use crate::store::{Store, StoreError, now_unix_ms};

/// Maximum number of new ids drawn if one is taken. Ids have 128 random bits.
const ID_TRIES: u32 = 4;

/// A store of sealed sessions: `create` never overwrites a row, `save` never restores a deleted
/// one.
#[derive(Debug, Clone)]
pub struct SealedSessions {
    store: Store,
    sealer: Arc<Sealer>,
}

impl SealedSessions {
    /// Creates a session store.
    pub fn new(store: Store, sealer: Arc<Sealer>) -> Self {
        Self { store, sealer }
    }

    fn seal(&self, record: &Record) -> Result<Vec<u8>> {
        let value = serde_json::to_vec(&record.data).map_err(|e| Error::Encode(e.to_string()))?;
        let key = row_key(record.id);
        self.sealer
            .seal(
                Purpose::Session(&record.id.0.to_le_bytes()),
                key.as_str().as_bytes(),
                &value,
            )
            .map_err(|e| Error::Encode(e.to_string()))
    }
}

#[async_trait]
impl SessionStore for SealedSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        for _ in 0..ID_TRIES {
            let now = now_unix_ms();
            let sealed = self.seal(record)?;
            let key = row_key(record.id);
            let expires_at = now.saturating_add(IDLE_MS);
            if self
                .store
                .session_create(&key, &sealed, now, expires_at)
                .await
                .map_err(backend)?
            {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(Error::Backend(
            "every new session id is taken: the random source is broken".into(),
        ))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let expires_at = now_unix_ms().saturating_add(IDLE_MS);
        let sealed = self.seal(record)?;
        self.store
            .session_save(&row_key(record.id), &sealed, expires_at)
            .await
            .map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let key = row_key(*id);
        let row = self
            .store
            .session_load(&key, now_unix_ms())
            .await
            .map_err(backend)?;
        let Some(sealed) = row else { return Ok(None) };
        let purpose_id = id.0.to_le_bytes();
        let opened = self.sealer.open_sealed(
            Purpose::Session(&purpose_id),
            key.as_str().as_bytes(),
            &sealed,
        );
        let Ok(value) = opened else {
            // The server key was changed, so the session has ended; this is not an error of the
            // request.
            tracing::warn!("a stored session cannot be opened with the present key");
            return Ok(None);
        };
        let data = serde_json::from_slice(&value).map_err(|e| Error::Decode(e.to_string()))?;
        let expiry_date = OffsetDateTime::now_utc().saturating_add(Duration::milliseconds(IDLE_MS));
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.store
            .session_delete(&row_key(*id))
            .await
            .map_err(backend)
    }
}

fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SCHEMA, TestDir};

    async fn sessions() -> (TestDir, SealedSessions) {
        let dir = TestDir::new();
        let sealer = Arc::new(Sealer::open(dir.path()).unwrap());
        let store = Store::open(dir.path(), SCHEMA).await.unwrap();
        (dir, SealedSessions::new(store, sealer))
    }

    fn record(id: i128, accounts: &str) -> Record {
        Record {
            id: Id(id),
            data: [("accounts".to_owned(), accounts.into())].into(),
            expiry_date: OffsetDateTime::now_utc(),
        }
    }

    #[tokio::test]
    async fn a_taken_id_is_replaced_and_its_row_is_unchanged() {
        let (_dir, sessions) = sessions().await;
        let mut first = record(7, "first");
        sessions.create(&mut first).await.unwrap();
        let mut second = record(7, "second");
        sessions.create(&mut second).await.unwrap();
        assert_ne!(second.id, Id(7));
        let loaded = sessions.load(&Id(7)).await.unwrap().unwrap();
        assert_eq!(loaded.data, first.data);
    }

    #[tokio::test]
    async fn saving_an_ended_session_does_not_revive_it() {
        let (_dir, sessions) = sessions().await;
        let mut ended = record(7, "words");
        sessions.create(&mut ended).await.unwrap();
        sessions.delete(&Id(7)).await.unwrap();
        sessions.save(&ended).await.unwrap();
        assert!(sessions.load(&Id(7)).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_database_holds_neither_the_id_nor_the_record() {
        let (dir, sessions) = sessions().await;
        let mut stored = record(i128::from_le_bytes(*b"sixteen id bytes"), "plain words");
        sessions.create(&mut stored).await.unwrap();
        sessions.store.close().await;
        let mut bytes = std::fs::read(dir.path().join("restante.db")).unwrap();
        bytes.extend(std::fs::read(dir.path().join("restante.db-wal")).unwrap_or_default());
        let id_text = stored.id.to_string();
        for secret in [
            b"plain words".as_slice(),
            b"sixteen id bytes",
            id_text.as_bytes(),
        ] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret));
        }
    }

    #[tokio::test]
    async fn a_record_moved_to_another_row_does_not_open() {
        let (_dir, sessions) = sessions().await;
        let mut one = record(1, "one");
        let mut two = record(2, "two");
        sessions.create(&mut one).await.unwrap();
        sessions.create(&mut two).await.unwrap();
        let stolen = sessions
            .store
            .session_load(&row_key(Id(1)), 0)
            .await
            .unwrap()
            .unwrap();
        sessions
            .store
            .session_save(&row_key(Id(2)), &stolen, i64::MAX)
            .await
            .unwrap();
        assert!(sessions.load(&Id(2)).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_idle_session_ends_by_itself() {
        let (_dir, sessions) = sessions().await;
        let mut idle = record(7, "words");
        sessions.create(&mut idle).await.unwrap();
        let key = row_key(Id(7));
        let later = now_unix_ms() + IDLE_MS + 1;
        assert!(
            sessions
                .store
                .session_load(&key, later)
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(
            sessions.store.session_delete_expired(later).await.unwrap(),
            1
        );
    }
}
