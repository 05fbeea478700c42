//! One folder: its messages in UID order and its change counter.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use tokio::sync::watch;

use super::Flags;

/// A unique identifier of a message within its folder (RFC 3501 §2.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Uid(pub(crate) u32);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A folder's UIDVALIDITY. It is unique within a store, so it also identifies the folder that a
/// session has selected, even after a rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct UidValidity(pub(crate) u32);

impl fmt::Display for UidValidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The source of a message's octets.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Stored(Bytes),
    /// Generated on every read.
    Generated(Generated),
}

/// A message that is generated from its number and date.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generated {
    pub(crate) number: u32,
    pub(crate) unix_ms: i64,
    pub(crate) rfc822: fn(Self) -> Bytes,
}

impl Source {
    pub(crate) fn rfc822(&self) -> Bytes {
        match self {
            Self::Stored(octets) => octets.clone(),
            Self::Generated(message) => (message.rfc822)(*message),
        }
    }
}

/// The mailbox ID of a folder, unchanged by a rename (RFC 8474 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MailboxId(UidValidity);

impl fmt::Display for MailboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F{}", self.0)
    }
}

/// The email ID of a message, equal in all folders: the folder and UID of its first copy (RFC 8474
/// §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EmailId(UidValidity, Uid);

impl fmt::Display for EmailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "M{}-{}", self.0, self.1)
    }
}

/// A message in a folder.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) uid: Uid,
    pub(crate) email_id: EmailId,
    pub(crate) flags: Flags,
    pub(crate) internal_unix_ms: i64,
    /// The folder's change counter when the flags were last set.
    pub(crate) flags_changed_at: u64,
    /// The folder's change counter when the message was added or its flags were last set (RFC
    /// 7162).
    pub(crate) mod_seq: u64,
    pub(crate) source: Source,
    /// 0 until a generated message is first measured.
    size_bytes: AtomicU32,
}

impl Message {
    /// Returns the size of the message in octets.
    pub(crate) fn size_bytes(&self) -> u32 {
        match self.size_bytes.load(Ordering::Relaxed) {
            0 => {
                let size = u32::try_from(self.source.rfc822().len()).unwrap_or(u32::MAX);
                self.size_bytes.store(size, Ordering::Relaxed);
                size
            }
            known => known,
        }
    }
}

/// The special use of a folder (RFC 6154 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpecialUse {
    Archive,
    Drafts,
    Junk,
    Sent,
    Trash,
}

impl SpecialUse {
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }
}

/// A folder and its messages.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) uid_validity: UidValidity,
    pub(crate) mailbox_id: MailboxId,
    pub(crate) uid_next: Uid,
    pub(crate) special_use: Option<SpecialUse>,
    /// Messages from this UID on were not reported to any session yet: they are `\Recent` for the
    /// first session to which they are reported (RFC 3501 §2.3.2).
    pub(crate) recent_from: Uid,
    messages: Vec<Message>,
    change: u64,
    changed: watch::Sender<u64>,
}

impl Folder {
    pub(crate) fn empty(uid_validity: UidValidity, special_use: Option<SpecialUse>) -> Self {
        Self {
            uid_validity,
            mailbox_id: MailboxId(uid_validity),
            uid_next: Uid(1),
            special_use,
            recent_from: Uid(1),
            messages: Vec::new(),
            change: 1,
            changed: watch::Sender::new(1),
        }
    }

    /// The messages in UID order.
    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(crate) fn find(&self, uid: Uid) -> Option<&Message> {
        let at = self
            .messages
            .binary_search_by_key(&uid, |message| message.uid)
            .ok()?;
        self.messages.get(at)
    }

    /// Returns the messages from `uid` on.
    pub(crate) fn messages_from(&self, uid: Uid) -> &[Message] {
        let at = self.messages.partition_point(|message| message.uid < uid);
        self.messages.get(at..).unwrap_or_default()
    }

    /// Returns the change counter; equal values mean equal content.
    pub(crate) fn change(&self) -> u64 {
        self.change
    }

    /// Notifies on every change of the folder.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn append(&mut self, source: Source, flags: Flags, internal_unix_ms: i64) -> Uid {
        let uid = self.append_silently(source, flags, internal_unix_ms);
        self.notify();
        uid
    }

    /// Adds a copy of a message from another folder.
    pub(crate) fn append_copy(
        &mut self,
        email_id: EmailId,
        source: Source,
        flags: Flags,
        internal_unix_ms: i64,
    ) -> Uid {
        let uid = self.append_silently(source, flags, internal_unix_ms);
        if let Some(copy) = self.messages.last_mut() {
            copy.email_id = email_id;
        }
        self.notify();
        uid
    }

    /// Adds a message while the mailbox is built and has no watchers.
    pub(crate) fn append_silently(
        &mut self,
        source: Source,
        flags: Flags,
        internal_unix_ms: i64,
    ) -> Uid {
        self.change += 1;
        let uid = self.uid_next;
        self.uid_next = Uid(uid.0.saturating_add(1));
        let size_bytes = match &source {
            Source::Stored(octets) => u32::try_from(octets.len()).unwrap_or(u32::MAX),
            Source::Generated(_) => 0,
        };
        self.messages.push(Message {
            uid,
            email_id: EmailId(self.uid_validity, uid),
            flags,
            internal_unix_ms,
            flags_changed_at: 0,
            mod_seq: self.change,
            source,
            size_bytes: AtomicU32::new(size_bytes),
        });
        uid
    }

    /// Sets the flags of the messages for which `set` returns some, all in one change.
    pub(crate) fn set_flags(&mut self, uids: &[Uid], set: impl Fn(Flags) -> Flags) {
        let change = self.change + 1;
        let mut is_changed = false;
        for uid in uids {
            let index = self
                .messages
                .binary_search_by_key(uid, |message| message.uid);
            let Some(message) = index.ok().and_then(|at| self.messages.get_mut(at)) else {
                continue;
            };
            let flags = set(message.flags);
            if flags != message.flags {
                message.flags = flags;
                message.flags_changed_at = change;
                message.mod_seq = change;
                is_changed = true;
            }
        }
        if is_changed {
            self.change = change;
            self.notify();
        }
    }

    /// Removes messages; `uids` is sorted.
    pub(crate) fn expunge(&mut self, uids: &[Uid]) {
        let before = self.messages.len();
        self.messages
            .retain(|message| uids.binary_search(&message.uid).is_err());
        if self.messages.len() != before {
            self.change += 1;
            self.notify();
        }
    }

    fn notify(&self) {
        self.changed.send_replace(self.change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(count: usize) -> Folder {
        let mut folder = Folder::empty(UidValidity(7), None);
        for _ in 0..count {
            folder.append(
                Source::Stored(Bytes::from_static(b"a: b\r\n\r\n")),
                Flags::NONE,
                0,
            );
        }
        folder
    }

    #[test]
    fn uids_are_never_used_again() {
        let mut folder = folder_with(3);
        folder.expunge(&[Uid(3)]);
        assert_eq!(
            folder.append(Source::Stored(Bytes::new()), Flags::NONE, 0),
            Uid(4)
        );
        assert!(folder.find(Uid(3)).is_none());
        assert_eq!(folder.messages_from(Uid(3)).len(), 1);
    }

    #[test]
    fn only_a_real_change_wakes_a_watcher() {
        let mut folder = folder_with(2);
        let mut watch = folder.watch();
        watch.mark_unchanged();
        folder.set_flags(&[Uid(1), Uid(9)], |flags| flags);
        folder.expunge(&[Uid(9)]);
        assert!(!watch.has_changed().unwrap());
        folder.set_flags(&[Uid(1)], |flags| flags | Flags::SEEN);
        assert!(watch.has_changed().unwrap());
    }
}
