//! Short-lived cache of whole messages: POP3 has no parts and no windows.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::error::AccountError;
use super::super::whole::Split;
use super::identity::MessageKey;
use crate::clients::budget::{Budget, Share};
use crate::clients::pop3::MESSAGE_MAX_BYTES;

/// Maximum size of a message that is split into its parts, in bytes; of a larger one only the
/// source is offered.
pub(super) const SPLIT_MAX_BYTES: u64 = 32 << 20;
/// Maximum size of an account's cached messages, in bytes; a single larger one is cached too.
const CACHE_MAX_BYTES: u64 = 8 << 20;
/// Step, in bytes, by which the buffer grows while a message is read.
const GROWTH_BYTES: usize = 1 << 20;
/// Maximum wait for memory that other messages use.
const MEMORY_WAIT: Duration = Duration::from_secs(20);

/// A message that was read completely.
#[derive(Debug)]
pub(super) struct Loaded {
    raw: Bytes,
    split: Result<Arc<Split>, AccountError>,
    _memory: Share,
}

/// The most recently read messages.
#[derive(Debug, Default)]
pub(super) struct LoadedMessages {
    /// Least recently used first.
    loaded: Vec<(MessageKey, Arc<Loaded>)>,
}

/// A message that is being read.
#[derive(Debug)]
pub(super) struct Loading {
    raw: Vec<u8>,
    memory: Share,
}

impl Loading {
    /// Waits for the memory that a message of a size needs. The size is reported by the server: the
    /// memory is reserved, not allocated.
    pub(super) async fn begin(listed_bytes: u64, budget: &Budget) -> Result<Self, AccountError> {
        let memory = budget.wait_for(listed_bytes.min(MESSAGE_MAX_BYTES), MEMORY_WAIT);
        let memory = memory.await?;
        Ok(Self {
            raw: Vec::new(),
            memory,
        })
    }

    /// Appends the next octets of the message.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), AccountError> {
        let length = (self.raw.len() as u64).saturating_add(bytes.len() as u64);
        if length > MESSAGE_MAX_BYTES {
            return Err(too_large(length));
        }
        self.memory.grow_to(length)?;
        if self.raw.capacity() < self.raw.len() + bytes.len() {
            // In steps: doubling would use twice the reserved memory.
            self.raw.reserve_exact(bytes.len().max(GROWTH_BYTES));
        }
        self.raw.extend_from_slice(bytes);
        Ok(())
    }

    /// Completes the message: splits it, off the async threads.
    pub(super) async fn finish(mut self) -> Result<Loaded, AccountError> {
        self.raw.shrink_to_fit();
        let raw = Bytes::from(self.raw);
        let size_bytes = raw.len() as u64;
        let split = match size_bytes > SPLIT_MAX_BYTES {
            true => Err(too_large(size_bytes)),
            false => Ok(Arc::new(Split::of(raw.clone()).await?)),
        };
        Ok(Loaded {
            raw,
            split,
            _memory: self.memory,
        })
    }
}

impl Loaded {
    /// The message as stored on the server.
    pub(super) fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Returns the message in its parts.
    ///
    /// # Errors
    /// [`AccountError::Unreadable`] if it is too large to be split.
    pub(super) fn split(&self) -> Result<&Arc<Split>, AccountError> {
        self.split.as_ref().map_err(AccountError::clone)
    }
}

impl LoadedMessages {
    /// Returns a cached message.
    pub(super) fn find(&mut self, key: MessageKey) -> Option<Arc<Loaded>> {
        let index = self.loaded.iter().position(|(known, _)| *known == key)?;
        let found = self.loaded.remove(index);
        let message = Arc::clone(&found.1);
        self.loaded.push(found);
        Some(message)
    }

    /// Drops as many messages as needed before a message of a size is read.
    pub(super) fn make_room(&mut self, listed_bytes: u64) {
        let cached_bytes = |loaded: &Self| {
            loaded
                .loaded
                .iter()
                .fold(0_u64, |sum, (_, m)| sum.saturating_add(m.raw.len() as u64))
        };
        while !self.loaded.is_empty()
            && cached_bytes(self).saturating_add(listed_bytes) > CACHE_MAX_BYTES
        {
            self.loaded.remove(0);
        }
    }

    /// Caches a message.
    pub(super) fn put(&mut self, key: MessageKey, message: Arc<Loaded>) {
        self.make_room(message.raw.len() as u64);
        self.loaded.push((key, message));
    }

    /// Whether the cache is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.loaded.is_empty()
    }

    /// Drops all cached messages.
    pub(super) fn clear(&mut self) {
        self.loaded = Vec::new();
    }
}

/// Returns the error for a message that is too large for the request.
pub(super) fn too_large(size_bytes: u64) -> AccountError {
    AccountError::Unreadable(format!("too large ({size_bytes} bytes)"))
}

#[cfg(test)]
mod tests {
    use mail_proto::pop3::UniqueId;

    use super::*;
    use mail_mime::body::Body;
    use mail_mime::limits::SHOWN_BYTES;

    const MESSAGE: &[u8] = b"Subject: two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        Z3LDvMOfZQ==\r\n--b\r\nContent-Type: image/png; name=a.png\r\n\
        Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--b--\r\n";

    fn key(text: &str) -> MessageKey {
        MessageKey::of_unique_id(&UniqueId::new(text).unwrap())
    }

    async fn load(raw: &[u8]) -> Arc<Loaded> {
        let mut loading = Loading::begin(raw.len() as u64, &Budget::of_process())
            .await
            .unwrap();
        loading.push(raw).unwrap();
        Arc::new(loading.finish().await.unwrap())
    }

    #[tokio::test]
    async fn a_message_is_split_and_its_text_is_decoded() {
        let loaded = load(MESSAGE).await;
        let split = loaded.split().unwrap();
        assert_eq!(split.headers.subject(), "two");
        assert_eq!(split.part("2").unwrap().as_ref(), b"iVBORw==");
        assert!(split.root.has_attachment());
        let Body::Text { text, is_cut, .. } = loaded.split().unwrap().body().await.unwrap() else {
            panic!()
        };
        assert_eq!((text.as_str(), is_cut), ("grüße", false));
    }

    #[tokio::test]
    async fn long_text_is_cut_and_marked_as_cut() {
        let raw = [
            b"Subject: long\r\n\r\n".as_slice(),
            &b"0123456789\r\n".repeat(200_000),
        ]
        .concat();
        let loaded = load(&raw).await;
        let Body::Text { text, is_cut, .. } = loaded.split().unwrap().body().await.unwrap() else {
            panic!()
        };
        assert!(is_cut);
        assert!(text.len() <= SHOWN_BYTES && text.len() > SHOWN_BYTES - 16);
    }

    #[tokio::test]
    async fn number_of_parts_is_limited() {
        let raw = [
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n".as_slice(),
            &b"--b\r\n\r\nx\r\n".repeat(1_500),
        ]
        .concat();
        let loaded = load(&raw).await;
        assert_eq!(loaded.split().unwrap().root.children.len(), 999);
        assert_eq!(loaded.raw().as_ref(), raw);
    }

    #[tokio::test]
    async fn a_message_whose_header_is_over_the_limits_has_its_first_fields_and_its_source() {
        let fields = b"X-Filler: abc\r\n".repeat(20_000);
        let raw = [b"Subject: long\r\n".as_slice(), &fields, b"\r\nHello.\r\n"].concat();
        let loaded = load(&raw).await;
        let split = loaded.split().unwrap();
        assert_eq!(split.headers.subject(), "long");
        assert!(matches!(split.body().await.unwrap(), Body::OverLimits));
        assert_eq!(loaded.raw().as_ref(), raw);
    }

    #[tokio::test]
    async fn message_larger_than_listed_is_cut_off_at_the_limit() {
        let mut loading = Loading::begin(10, &Budget::of_process()).await.unwrap();
        let chunk = vec![b'x'; 1 << 20];
        let mut result = Ok(());
        let mut pushed = 0_u64;
        while result.is_ok() {
            result = loading.push(&chunk);
            pushed += 1 << 20;
            assert!(pushed <= MESSAGE_MAX_BYTES + (1 << 20));
        }
        assert!(
            matches!(result, Err(AccountError::Unreadable(message)) if message.contains("too large"))
        );
    }

    #[tokio::test]
    async fn most_recently_used_messages_stay_cached() {
        let mut messages = LoadedMessages::default();
        let large = vec![b'x'; 3 << 20];
        for name in ["a", "b"] {
            messages.put(key(name), load(&large).await);
        }
        assert!(messages.find(key("a")).is_some());
        messages.put(key("c"), load(&large).await);
        assert!(messages.find(key("b")).is_none());
        assert!(messages.find(key("a")).is_some() && messages.find(key("c")).is_some());
        messages.clear();
        assert!(messages.is_empty());
    }
}
