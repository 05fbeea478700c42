//! STATUS: the numbers of a mailbox that is not selected (RFC 9051 §6.3.11 and §7.3.4).

use alloc::vec::Vec;

use super::capability::{Capabilities, Capability};
use super::mailbox::Mailbox;
use super::number::{Uid, UidValidity};
use super::object_id::ObjectId;
use super::value::{Value, Word};

/// What STATUS can ask for.
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
    /// `SIZE` (RFC 8438): how many bytes the messages have.
    Size,
    /// `DELETED`: how many messages are `\Deleted`.
    Deleted,
    /// `DELETED-STORAGE` (RFC 9208): how much space they would give back.
    DeletedStorage,
    /// `HIGHESTMODSEQ` (RFC 7162)
    HighestModSeq,
    /// `MAILBOXID` (RFC 8474)
    MailboxId,
    /// `APPENDLIMIT` (RFC 7889)
    AppendLimit,
}

/// The numbers of one mailbox, those that were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusData {
    /// Its name on the wire.
    pub mailbox: Mailbox,
    /// How many messages there are.
    pub messages: Option<u32>,
    /// How many of them are not `\Seen`.
    pub unseen: Option<u32>,
    /// The UID that the next message will have, or more.
    pub uid_next: Option<Uid>,
    /// The generation of the UIDs.
    pub uid_validity: Option<UidValidity>,
    /// The largest modification sequence (RFC 7162).
    pub highest_mod_seq: Option<u64>,
    /// How many bytes the messages have, as the server counts.
    pub size_bytes: Option<u64>,
    /// How many messages are `\Deleted`.
    pub deleted: Option<u32>,
    /// How much space those messages take, in the units of the server's quota.
    pub deleted_storage: Option<u64>,
    /// The id that the mailbox keeps under another name (RFC 8474).
    pub mailbox_id: Option<ObjectId>,
    /// The largest message that APPEND takes here.
    pub append_limit: Option<AppendLimit>,
    /// Items that are not known here, names and values in turn.
    pub others: Vec<Value>,
}

/// The largest message that APPEND takes (RFC 7889 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendLimit {
    /// NIL: there is no limit.
    Unlimited,
    /// This many bytes.
    Bytes(u64),
}

impl StatusItem {
    /// Returns the item as it stands on the wire.
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

    /// Tells whether a server with these capabilities knows this item: one that it does not know
    /// would cost all others.
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
    /// Reads what stands behind STATUS.
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
    /// RFC 9051 §9. A value that does not fit its item is left out.
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
    /// Reads the value of APPENDLIMIT.
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
