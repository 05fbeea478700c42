//! What can be asked of a server (RFC 9051 §6).

use alloc::vec::Vec;
use core::fmt;

use super::date::InternalDate;
use super::fetch::Section;
use super::flag::Flag;
use super::list::{MailboxAttribute, StatusItem};
use super::mailbox::Mailbox;
use super::search::SearchKey;
use super::sequence_set::SequenceSet;
use super::text::Text;
use crate::sasl::SignIn;

/// The name of a command on its connection, `r1`, `r2` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub(crate) u32);

impl Tag {
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let number = text.strip_prefix(b"r")?;
        // `r01` is not what was sent.
        if number.first() == Some(&b'0') {
            return None;
        }
        u32::try_from(super::number::parse_u64(number)?)
            .ok()
            .map(Self)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// A command. Extensions are used where they are offered; what is asked for and not offered is
/// left out where that changes no meaning, and sent anyway where it would.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Command {
    /// CAPABILITY. The machine asks by itself when it has to.
    Capability,
    /// NOOP: lets the server report changes.
    Noop,
    /// LOGOUT: the machine says `Done` after its answer, and sends nothing more.
    Logout,
    /// ID (RFC 2971): fields and values that name this client; empty sends NIL.
    Id(Vec<(Text, Text)>),
    /// Signs in by the best way that is offered and can be used: AUTHENTICATE with a SASL mechanism
    /// ([`Mechanism::ranked`](crate::sasl::Mechanism::ranked)), in one round trip less where SASL-IR is
    /// offered, or LOGIN. Never sent without TLS, unless the configuration allows it.
    SignIn(SignIn),
    /// NAMESPACE.
    Namespace,
    /// LIST.
    List(List),
    /// STATUS.
    Status {
        /// The mailbox, which should not be the selected one.
        mailbox: Mailbox,
        /// What is asked for.
        items: Vec<StatusItem>,
    },
    /// SELECT.
    Select(Mailbox),
    /// EXAMINE: SELECT without the right to change anything.
    Examine(Mailbox),
    /// CREATE.
    Create {
        /// The name of the new mailbox.
        mailbox: Mailbox,
        /// What it is for: sent where CREATE-SPECIAL-USE is offered.
        special_use: Option<MailboxAttribute>,
    },
    /// SUBSCRIBE.
    Subscribe(Mailbox),
    /// UNSELECT: leaves the mailbox and expunges nothing.
    Unselect,
    /// CLOSE: leaves the mailbox and expunges what is `\Deleted`.
    Close,
    /// FETCH or UID FETCH.
    Fetch {
        /// Which messages.
        set: SequenceSet,
        /// The set holds UIDs.
        uid: bool,
        /// What is asked for, never empty.
        items: Vec<FetchItem>,
    },
    /// STORE or UID STORE.
    Store(Store),
    /// COPY or UID COPY.
    Copy {
        /// Which messages.
        set: SequenceSet,
        /// The set holds UIDs.
        uid: bool,
        /// Where to.
        mailbox: Mailbox,
    },
    /// MOVE or UID MOVE (RFC 6851); only where it is offered.
    Move {
        /// Which messages.
        set: SequenceSet,
        /// The set holds UIDs.
        uid: bool,
        /// Where to.
        mailbox: Mailbox,
    },
    /// EXPUNGE: everything that is `\Deleted`, whoever marked it.
    Expunge,
    /// UID EXPUNGE (RFC 4315): of these messages those that are `\Deleted`; only where UIDPLUS is
    /// offered.
    UidExpunge(SequenceSet),
    /// SEARCH or UID SEARCH. Asks for `RETURN (ALL)` where ESEARCH is offered, because the plain
    /// answer names every message.
    Search {
        /// The answer holds UIDs.
        uid: bool,
        /// All of these have to hold; empty means ALL.
        criteria: Vec<SearchKey>,
    },
    /// APPEND. The body is asked for through [`Step::NeedBody`](crate::Step::NeedBody).
    Append(Append),
    /// IDLE (RFC 2177), until [`Command::Done`]. Waits until nothing else is under way; later
    /// commands wait for `Done`.
    Idle,
    /// DONE: ends the IDLE that was asked for last, whose tag it shares. Commands behind it may
    /// leave in the same write. Nothing is sent when IDLE has ended by itself.
    Done,
}

/// What LIST asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Where the pattern begins; mostly empty.
    pub reference: Mailbox,
    /// The pattern in wire form: `*` for anything, `%` for anything but the delimiter.
    pub pattern: Text,
    /// Ask for SPECIAL-USE attributes, where LIST-EXTENDED and SPECIAL-USE are offered.
    pub return_special_use: bool,
    /// Ask for subscriptions, where LIST-EXTENDED is offered.
    pub return_subscribed: bool,
    /// Ask for these numbers of each mailbox, where LIST-STATUS is offered.
    pub return_status: Vec<StatusItem>,
}

impl List {
    /// All mailboxes, with the attributes a folder tree shows.
    pub fn everything() -> Self {
        Self {
            reference: Mailbox::from_wire(Vec::new()),
            pattern: Text::fixed("*"),
            return_special_use: true,
            return_subscribed: true,
            return_status: Vec::new(),
        }
    }
}

/// What STORE changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Which messages.
    pub set: SequenceSet,
    /// The set holds UIDs.
    pub uid: bool,
    /// How the flags are combined with those that are set.
    pub mode: StoreMode,
    /// The flags. Those that cannot be set are left out.
    pub flags: Vec<Flag>,
    /// The new flags need not be reported (`.SILENT`).
    pub silent: bool,
}

/// How STORE combines flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreMode {
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
    /// `FLAGS`: these and no others.
    Replace,
}

/// What APPEND announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Where to.
    pub mailbox: Mailbox,
    /// The flags of the new message. Those that cannot be set are left out.
    pub flags: Vec<Flag>,
    /// Its INTERNALDATE; now, if not given.
    pub internal_date: Option<InternalDate>,
    /// Its size in bytes, line ends as CRLF included. The body has to have exactly this size, else
    /// the connection is ended.
    pub size_bytes: u64,
}

/// One item that FETCH asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchItem {
    /// `UID`
    Uid,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822.SIZE`
    Rfc822Size,
    /// `ENVELOPE`
    Envelope,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `BODY.PEEK[section]<offset.length>`: the only form there is here, because reading must not
    /// mark a message read by itself.
    BodyPeek {
        /// The part of the message.
        section: Section,
        /// First byte and number of bytes.
        partial: Option<(u64, u32)>,
    },
}
