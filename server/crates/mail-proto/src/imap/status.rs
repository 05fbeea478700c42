//! STATUS: counters of a mailbox that is not selected (RFC 9051 §6.3.11 and §7.3.4).

use alloc::vec::Vec;

use super::capability::{Capabilities, Capability};
use super::mailbox::Mailbox;
use super::number::{Uid, UidValidity};
use super::object_id::ObjectId;
use super::value::{Value, Word};

/// An item that STATUS requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusItem {
    /// `MESSAGES`
    Messages,
    /// `UNSEEN`
    Unseen,
    /// `UIDNEXT`
    UidNext,
    /// `UIDVALIDITY`
    UidValidity,
    /// `SIZE` (RFC 8438): the total size of the messages in bytes.
    Size,
    /// `DELETED`: the number of messages with `\Deleted`.
    Deleted,
    /// `DELETED-STORAGE` (RFC 9208): the storage that expunging those messages would free.
    DeletedStorage,
    /// `HIGHESTMODSEQ` (RFC 7162)
    HighestModSeq,
    /// `MAILBOXID` (RFC 8474)
    MailboxId,
    /// `APPENDLIMIT` (RFC 7889)
    AppendLimit,
}

/// The STATUS data of one mailbox; items that the server did not send are `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusData {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// The number of messages.
    pub messages: Option<u32>,
    /// The number of messages without `\Seen`.
    pub unseen: Option<u32>,
    /// The next message gets this UID or a larger one.
    pub uid_next: Option<Uid>,
    /// The UIDVALIDITY of the mailbox.
    pub uid_validity: Option<UidValidity>,
    /// The largest modification sequence (RFC 7162).
    pub highest_mod_seq: Option<u64>,
    /// The total size of the messages in bytes, as counted by the server.
    pub size_bytes: Option<u64>,
    /// The number of messages with `\Deleted`.
    pub deleted: Option<u32>,
    /// The storage that those messages use, in the units of the server's quota.
    pub deleted_storage: Option<u64>,
    /// The id of the mailbox, which a rename does not change (RFC 8474).
    pub mailbox_id: Option<ObjectId>,
    /// Maximum size of a message in APPEND to this mailbox.
    pub append_limit: Option<AppendLimit>,
    /// Items unknown to this client, as alternating names and values.
    pub others: Vec<Value>,
}

/// Maximum size of a message in APPEND (RFC 7889 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendLimit {
    /// NIL: there is no limit.
    Unlimited,
    /// This many bytes.
    Bytes(u64),
}

impl StatusItem {
    /// Returns the item in its wire form.
    ///
    /// ```abnf
    /// status-att  = "MESSAGES" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN" /
    ///               "DELETED" / "SIZE"
    /// status-att =/ "DELETED-STORAGE"                           ; RFC 9208 §7
    /// status-att =/ "HIGHESTMODSEQ"                             ; RFC 7162 §7
    /// status-att =/ "MAILBOXID"                                 ; RFC 8474 §7
    /// status-att =/ "APPENDLIMIT"                               ; RFC 7889
    /// ```
    /// RFC 9051 §9.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Messages => "MESSAGES",
            Self::Unseen => "UNSEEN",
            Self::UidNext => "UIDNEXT",
            Self::UidValidity => "UIDVALIDITY",
            Self::Size => "SIZE",
            Self::Deleted => "DELETED",
            Self::DeletedStorage => "DELETED-STORAGE",
            Self::HighestModSeq => "HIGHESTMODSEQ",
            Self::MailboxId => "MAILBOXID",
            Self::AppendLimit => "APPENDLIMIT",
        }
    }

    /// Returns whether a server with these capabilities supports this item. An unsupported item
    /// would make the server refuse the whole command.
    pub(crate) fn is_offered(self, capabilities: &Capabilities) -> bool {
        let has = |capability| capabilities.has(capability);
        match self {
            Self::Messages | Self::Unseen | Self::UidNext | Self::UidValidity => true,
            Self::Size => has(Capability::StatusSize),
            // RFC 9051 §6.3.11, RFC 9208 §4.1.4.
            Self::Deleted => has(Capability::Imap4Rev2) || has(Capability::QuotaMessage),
            Self::DeletedStorage => has(Capability::QuotaStorage),
            Self::HighestModSeq => has(Capability::CondStore) || has(Capability::QResync),
            Self::MailboxId => has(Capability::ObjectId),
            Self::AppendLimit => has(Capability::AppendLimit),
        }
    }
}

impl StatusData {
    /// Parses the data of a STATUS response.
    ///
    /// ```abnf
    /// mailbox-data    = "STATUS" SP mailbox SP "(" [status-att-list] ")"
    /// status-att-list = status-att-val *(SP status-att-val)
    /// status-att-val  = ("MESSAGES" SP number) / ("UIDNEXT" SP nz-number) /
    ///                   ("UIDVALIDITY" SP nz-number) / ("UNSEEN" SP number) /
    ///                   ("DELETED" SP number) / ("SIZE" SP number64)
    /// status-att-val =/ "DELETED-STORAGE" SP number64           ; RFC 9208 §7
    /// status-att-val =/ "HIGHESTMODSEQ" SP mod-sequence-valzer  ; RFC 7162 §7
    /// status-att-val =/ "MAILBOXID" SP "(" objectid ")"         ; RFC 8474 §7
    /// status-att-val =/ "APPENDLIMIT" SP (number / nil)         ; RFC 7889
    /// ```
    /// RFC 9051 §9. An item with an invalid value is omitted.
    pub(crate) fn parse(values: &[Value]) -> Option<Self> {
        let [mailbox, items, ..] = values else {
            return None;
        };
        let mut data = Self {
            mailbox: Mailbox::from_wire(mailbox.astring()?.clone()),
            messages: None,
            unseen: None,
            uid_next: None,
            uid_validity: None,
            highest_mod_seq: None,
            size_bytes: None,
            deleted: None,
            deleted_storage: None,
            mailbox_id: None,
            append_limit: None,
            others: Vec::new(),
        };
        for [name, value] in items.list()?.as_chunks::<2>().0 {
            match Word::new(name.astring()?).as_bytes() {
                b"MESSAGES" => data.messages = value.number32(),
                b"UNSEEN" => data.unseen = value.number32(),
                b"UIDNEXT" => data.uid_next = value.number32().and_then(Uid::new),
                b"UIDVALIDITY" => data.uid_validity = value.number32().and_then(UidValidity::new),
                b"HIGHESTMODSEQ" => data.highest_mod_seq = value.number(),
                b"SIZE" => data.size_bytes = value.number(),
                b"DELETED" => data.deleted = value.number32(),
                b"DELETED-STORAGE" => data.deleted_storage = value.number(),
                b"MAILBOXID" => data.mailbox_id = ObjectId::parse_listed(value),
                b"APPENDLIMIT" => data.append_limit = AppendLimit::parse(value),
                _ => data.others.extend([name.clone(), value.clone()]),
            }
        }
        Some(data)
    }
}

impl AppendLimit {
    /// Parses the value of APPENDLIMIT.
    ///
    /// ```abnf
    /// status-att-val =/ "APPENDLIMIT" SP (number / nil) ; the value
    /// ```
    /// RFC 7889.
    fn parse(value: &Value) -> Option<Self> {
        if value.is_atom("NIL") {
            return Some(Self::Unlimited);
        }
        value.number().map(Self::Bytes)
    }
}
