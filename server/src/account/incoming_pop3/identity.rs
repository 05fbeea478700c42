//! Message ids that are stable across sessions: a hash of the server's unique id.

use std::collections::HashMap;

use app::api::types::MessageId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail_mime::header::Headers;
use mail_proto::pop3::UniqueId;
use sha2::{Digest as _, Sha256};

/// Header fields that a server writes or rewrites itself: hashing them would change the key of the
/// same message.
const VOLATILE_FIELDS: [&str; 7] = [
    "status",
    "x-status",
    "x-uidl",
    "x-keywords",
    "x-imap",
    "content-length",
    "lines",
];

/// The key of a message in any session: the first 128 bits of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct MessageKey([u8; 16]);

impl MessageKey {
    /// Returns the key of the server's unique id.
    pub(super) fn of_unique_id(unique_id: &UniqueId) -> Self {
        Self::hash(&[b"uidl", unique_id.as_str().as_bytes()])
    }

    /// Returns the key of a header, for servers without unique ids.
    pub(super) fn of_header(header: &[u8]) -> Self {
        let Ok(headers) = Headers::parse(header) else {
            return Self::hash(&[b"header", header]);
        };
        let mut digest = Sha256::new_with_prefix(b"fields\0");
        for field in headers.fields() {
            let name = field.name().to_ascii_lowercase();
            if !VOLATILE_FIELDS.contains(&name.as_str()) {
                digest.update(name.as_bytes());
                digest.update(b":");
                digest.update(field.raw().trim_ascii());
                digest.update(b"\n");
            }
        }
        Self::cut(&digest.finalize())
    }

    /// Returns the key of the page's message id; `None` if the id is invalid.
    pub(super) fn parse(id: &MessageId) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(id.as_str()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Returns the id for URLs: 22 base64url characters.
    pub(super) fn id(self) -> MessageId {
        MessageId(URL_SAFE_NO_PAD.encode(self.0))
    }

    fn hash(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part);
            digest.update(b"\0");
        }
        Self::cut(&digest.finalize())
    }

    fn cut(digest: &[u8]) -> Self {
        let mut key = [0; 16];
        for (to, from) in key.iter_mut().zip(digest) {
            *to = *from;
        }
        Self(key)
    }
}

/// Makes keys distinct where a server gave several messages the same unique id.
///
/// `keys` are in the order of the message numbers, with the messages' sizes. The key of a duplicate
/// is derived from its size and its position among its equals. No duplicate keeps the plain key:
/// after one of them is deleted, the remaining one does not get the deleted one's key, and a
/// retried delete finds no message.
pub(super) fn distinguish(keys: &mut [(MessageKey, u64)]) {
    let mut counts: HashMap<MessageKey, u32> = HashMap::with_capacity(keys.len());
    for (key, _) in keys.iter() {
        *counts.entry(*key).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    if counts.is_empty() {
        return;
    }
    let mut counters: HashMap<(MessageKey, u64), u32> = HashMap::new();
    for (key, size_bytes) in keys {
        if counts.contains_key(key) {
            let index = counters.entry((*key, *size_bytes)).or_default();
            let derived = MessageKey::hash(&[
                b"twin",
                &key.0,
                &size_bytes.to_be_bytes(),
                &index.to_be_bytes(),
            ]);
            *index += 1;
            *key = derived;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn uidl(text: &str) -> MessageKey {
        MessageKey::of_unique_id(&UniqueId::new(text).unwrap())
    }

    #[test]
    fn message_id_has_22_characters_and_parses_to_its_key() {
        let key = uidl("whqtswO00WBw418f9t5JxYwZ");
        let id = key.id();
        assert_eq!(id.as_str().len(), 22);
        assert_eq!(MessageKey::parse(&id), Some(key));
        assert_ne!(key, uidl("QhdPYR:00WBw1Ph7x7"));
    }

    #[test]
    fn invalid_message_id_is_refused() {
        for text in [
            "",
            "SU5CT1g",
            "1.17",
            "../../etc/passwd",
            &"A".repeat(23),
            "AAAAAAAAAAAAAAAAAAAAA/",
        ] {
            assert_eq!(MessageKey::parse(&text.into()), None, "{text}");
        }
    }

    #[test]
    fn header_key_ignores_fields_that_the_server_rewrites() {
        let before = b"From: a@restante.test\r\nSubject: one\r\n\r\n";
        let after =
            b"From:  a@restante.test\r\nStatus: RO\r\nSubject: one\r\nX-UIDL: 7\r\n\r\nbody";
        let other = b"From: a@restante.test\r\nSubject: two\r\n\r\n";
        assert_eq!(MessageKey::of_header(before), MessageKey::of_header(after));
        assert_ne!(MessageKey::of_header(before), MessageKey::of_header(other));
    }

    #[test]
    fn key_of_a_deleted_duplicate_is_not_reused() {
        let (duplicate, unique) = (uidl("same"), uidl("alone"));
        let mut both = [(duplicate, 10), (unique, 10), (duplicate, 10)];
        distinguish(&mut both);
        let mut remaining = [(unique, 10), (duplicate, 10)];
        distinguish(&mut remaining);
        let deleted = both[0].0;
        assert!(remaining.iter().all(|(key, _)| *key != deleted));
        assert_eq!(both[1].0, unique, "whoever has an id of their own keeps it");
    }

    proptest! {
        #[test]
        fn keys_are_distinct_and_deterministic(
            messages in proptest::collection::vec(("[a-c]", 0_u64..3), 0..30),
        ) {
            let plain: Vec<_> = messages.iter().map(|(text, size)| (uidl(text), *size)).collect();
            let (mut first, mut second) = (plain.clone(), plain.clone());
            distinguish(&mut first);
            distinguish(&mut second);
            prop_assert_eq!(&first, &second);
            let distinct: HashSet<_> = first.iter().map(|(key, _)| *key).collect();
            prop_assert_eq!(distinct.len(), plain.len());
        }

        #[test]
        fn header_key_accepts_any_octets(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(MessageKey::of_header(&octets), MessageKey::of_header(&octets));
        }

        #[test]
        fn any_text_is_a_message_id_or_is_refused(text in ".{0,30}") {
            let id = MessageId(text);
            prop_assert!(MessageKey::parse(&id).is_none_or(|key| key.id() == id));
        }
    }
}
