//! Whole messages in memory, for a short while: POP3 gives no parts and no windows.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use mail_mime::header::Headers;
use mail_mime::limits::{Limits, SHOWN_BYTES};
use mail_mime::parse::Message;
use mail_mime::transfer;
use mail_mime::tree::Part;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::super::error::AccountError;
use super::super::map;
use super::super::model::OpenedBody;
use super::identity::MessageKey;

/// The largest message that is read at all. Nothing here may write it to a disk, and a session
/// cannot stop in the middle of one, so it has to fit into memory.
pub(super) const MESSAGE_MAX_BYTES: u64 = 64 << 20;
/// The largest message that is split into its parts; of a larger one the source is offered.
pub(super) const SPLIT_MAX_BYTES: u64 = 32 << 20;
/// What an account keeps of messages that were read; a single larger one is kept too.
const KEPT_MAX_BYTES: u64 = 32 << 20;
/// What all accounts of the process have in memory together, in KiB.
const PROCESS_MAX_KIB: usize = 256 << 10;
/// How long a message waits for others to leave memory.
const MEMORY_WAIT: Duration = Duration::from_secs(20);
/// Text is decoded in steps, because only the beginning of a long one is shown.
const DECODE_STEP_BYTES: usize = 64 << 10;

/// A message that was read to its end.
#[derive(Debug)]
pub(super) struct Loaded {
    raw: Bytes,
    split: Result<Split, AccountError>,
    _memory: Memory,
}

/// A message in its parts.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) headers: Headers,
    pub(super) root: Part,
    /// The octets of each part as encoded, by its section.
    parts: Vec<(String, Bytes)>,
}

/// The messages that were read last.
#[derive(Debug, Default)]
pub(super) struct LoadedMessages {
    /// The last one used stands last.
    loaded: Vec<(MessageKey, Arc<Loaded>)>,
}

/// A message that is being read.
#[derive(Debug)]
pub(super) struct Loading {
    raw: Vec<u8>,
    memory: Memory,
}

/// A share of the memory that all accounts have for messages.
#[derive(Debug)]
struct Memory(OwnedSemaphorePermit);

impl Loading {
    /// Waits for the memory that a message of a size needs. The size is the server's word:
    /// it is waited for, not allocated.
    pub(super) async fn begin(listed_bytes: u64) -> Result<Self, AccountError> {
        let kib = kib(listed_bytes.min(MESSAGE_MAX_BYTES));
        let permit = timeout(
            MEMORY_WAIT,
            Arc::clone(process_memory()).acquire_many_owned(kib),
        )
        .await;
        match permit {
            Ok(Ok(permit)) => Ok(Self {
                raw: Vec::new(),
                memory: Memory(permit),
            }),
            Ok(Err(_)) | Err(_) => Err(no_memory()),
        }
    }

    /// Takes the next octets of the message.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), AccountError> {
        let length = (self.raw.len() as u64).saturating_add(bytes.len() as u64);
        if length > MESSAGE_MAX_BYTES {
            return Err(too_large(length));
        }
        let missing = kib(length)
            .saturating_sub(u32::try_from(self.memory.0.num_permits()).unwrap_or(u32::MAX));
        if missing > 0 {
            let more = Arc::clone(process_memory()).try_acquire_many_owned(missing);
            self.memory.0.merge(more.map_err(|_| no_memory())?);
        }
        self.raw.extend_from_slice(bytes);
        Ok(())
    }

    /// The whole message is here: splits it, off the async threads.
    pub(super) async fn finish(mut self) -> Result<Loaded, AccountError> {
        self.raw.shrink_to_fit();
        let raw = Bytes::from(self.raw);
        let size_bytes = raw.len() as u64;
        let split = if size_bytes > SPLIT_MAX_BYTES {
            Err(too_large(size_bytes))
        } else {
            let raw = raw.clone();
            let split = spawn_blocking(move || Split::of(&raw)).await;
            split.map_err(|error| AccountError::Internal(error.to_string()))?
        };
        Ok(Loaded {
            raw,
            split,
            _memory: self.memory,
        })
    }
}

impl Split {
    fn of(raw: &Bytes) -> Result<Self, AccountError> {
        let message = Message::parse(raw, &Limits::DEFAULT)
            .map_err(|error| AccountError::Unreadable(error.to_string()))?;
        let mut parts = Vec::new();
        let mut open = vec![message.root()];
        while let Some(part) = open.pop() {
            open.extend(&part.children);
            if let Some(octets) = message.part_bytes(&part.section) {
                parts.push((part.section.clone(), raw.slice_ref(octets)));
            }
        }
        Ok(Self {
            headers: message.headers().clone(),
            root: message.root().clone(),
            parts,
        })
    }

    /// The octets of a part as encoded.
    pub(super) fn part(&self, section: &str) -> Option<&Bytes> {
        self.parts
            .iter()
            .find(|(known, _)| known == section)
            .map(|(_, octets)| octets)
    }

    /// The text that is shown: HTML before plain text.
    fn body(&self) -> OpenedBody {
        let readable = self.root.readable();
        let Some(part) = readable.html.or(readable.text) else {
            return OpenedBody::Empty;
        };
        let octets = self
            .part(&part.section)
            .map(Bytes::as_ref)
            .unwrap_or_default();
        let mut decoder = transfer::Decoder::new(part.encoding);
        let mut decoded = Vec::new();
        let mut steps = octets.chunks(DECODE_STEP_BYTES);
        // One step beyond what is shown tells that there is more.
        while decoded.len() <= SHOWN_BYTES
            && let Some(step) = steps.next()
        {
            decoder.push(step, &mut decoded);
        }
        if decoded.len() <= SHOWN_BYTES {
            decoder.finish(&mut decoded);
        }
        map::text_body(part, decoded)
    }
}

impl Loaded {
    /// The message as it lies on the server.
    pub(super) fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The message in its parts.
    ///
    /// # Errors
    /// [`AccountError::Unreadable`] where it is too large or its structure is over the limits.
    pub(super) fn split(&self) -> Result<&Split, AccountError> {
        self.split.as_ref().map_err(AccountError::clone)
    }

    /// The text that is shown, decoded off the async threads.
    pub(super) async fn body(self: &Arc<Self>) -> Result<OpenedBody, AccountError> {
        let this = Arc::clone(self);
        let body = spawn_blocking(move || this.split().map(Split::body)).await;
        body.map_err(|error| AccountError::Internal(error.to_string()))?
    }
}

impl LoadedMessages {
    /// A message that is still here.
    pub(super) fn find(&mut self, key: MessageKey) -> Option<Arc<Loaded>> {
        let place = self.loaded.iter().position(|(known, _)| *known == key)?;
        let found = self.loaded.remove(place);
        let message = Arc::clone(&found.1);
        self.loaded.push(found);
        Some(message)
    }

    /// Lets go of what has to go before a message of a size comes.
    pub(super) fn make_room(&mut self, listed_bytes: u64) {
        let held = |loaded: &Self| {
            loaded
                .loaded
                .iter()
                .fold(0_u64, |sum, (_, m)| sum.saturating_add(m.raw.len() as u64))
        };
        while !self.loaded.is_empty() && held(self).saturating_add(listed_bytes) > KEPT_MAX_BYTES {
            self.loaded.remove(0);
        }
    }

    /// Keeps a message.
    pub(super) fn put(&mut self, key: MessageKey, message: Arc<Loaded>) {
        self.make_room(message.raw.len() as u64);
        self.loaded.push((key, message));
    }

    /// Whether nothing is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.loaded.is_empty()
    }

    /// Lets go of everything.
    pub(super) fn clear(&mut self) {
        self.loaded = Vec::new();
    }
}

/// A message that is too large for what was asked.
pub(super) fn too_large(size_bytes: u64) -> AccountError {
    AccountError::Unreadable(format!("too large ({size_bytes} bytes)"))
}

fn no_memory() -> AccountError {
    AccountError::Internal("the memory for messages is used by others".to_owned())
}

fn process_memory() -> &'static Arc<Semaphore> {
    static MEMORY: LazyLock<Arc<Semaphore>> =
        LazyLock::new(|| Arc::new(Semaphore::new(PROCESS_MAX_KIB)));
    &MEMORY
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use mail_proto::pop3::UniqueId;

    use super::*;

    const MESSAGE: &[u8] = b"Subject: two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        Z3LDvMOfZQ==\r\n--b\r\nContent-Type: image/png; name=a.png\r\n\
        Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--b--\r\n";

    fn key(text: &str) -> MessageKey {
        MessageKey::of_unique_id(&UniqueId::new(text).unwrap())
    }

    async fn load(raw: &[u8]) -> Arc<Loaded> {
        let mut loading = Loading::begin(raw.len() as u64).await.unwrap();
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
        let OpenedBody::Text { text, is_cut, .. } = loaded.body().await.unwrap() else {
            panic!()
        };
        assert_eq!((text.as_str(), is_cut), ("grüße", false));
    }

    #[tokio::test]
    async fn a_long_text_is_cut_and_says_so() {
        let raw = [
            b"Subject: long\r\n\r\n".as_slice(),
            &b"0123456789\r\n".repeat(200_000),
        ]
        .concat();
        let loaded = load(&raw).await;
        let OpenedBody::Text { text, is_cut, .. } = loaded.body().await.unwrap() else {
            panic!()
        };
        assert!(is_cut);
        assert!(text.len() <= SHOWN_BYTES && text.len() > SHOWN_BYTES - 16);
    }

    #[tokio::test]
    async fn a_message_over_the_limit_of_parts_still_has_its_source() {
        let raw = [
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n".as_slice(),
            &b"--b\r\n\r\nx\r\n".repeat(1_500),
        ]
        .concat();
        let loaded = load(&raw).await;
        assert!(matches!(loaded.split(), Err(AccountError::Unreadable(_))));
        assert_eq!(loaded.raw().as_ref(), raw);
    }

    #[tokio::test]
    async fn a_server_that_sends_more_than_it_listed_is_cut_off() {
        let mut loading = Loading::begin(10).await.unwrap();
        let chunk = vec![b'x'; 1 << 20];
        let mut result = Ok(());
        let mut pushed = 0_u64;
        while result.is_ok() {
            result = loading.push(&chunk);
            pushed += 1 << 20;
            assert!(pushed <= MESSAGE_MAX_BYTES + (1 << 20));
        }
        assert!(
            matches!(result, Err(AccountError::Unreadable(words)) if words.contains("too large"))
        );
    }

    #[tokio::test]
    async fn the_messages_used_last_are_kept() {
        let mut messages = LoadedMessages::default();
        let large = vec![b'x'; 14 << 20];
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
