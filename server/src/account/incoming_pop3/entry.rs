//! One message of the maildrop.

use mail_proto::pop3::MessageNumber;

use super::identity::MessageKey;

/// One message of the maildrop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: MessageKey,
    pub(super) number: MessageNumber,
    /// As reported by the server; not reliable.
    pub(super) size_bytes: u64,
    /// Whether its key is the hash of its header, because it has no unique id.
    pub(super) is_by_header: bool,
}

#[cfg(test)]
impl Entry {
    pub(super) fn by_unique_id(key: MessageKey, number: MessageNumber, size_bytes: u64) -> Self {
        Self {
            key,
            number,
            size_bytes,
            is_by_header: false,
        }
    }
}
