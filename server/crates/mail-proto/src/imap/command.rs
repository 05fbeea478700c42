//! What can be asked of a server (RFC 9051 §6).

mod list;
mod message;
mod notify;
mod search;
mod select;

use alloc::vec::Vec;
use core::fmt;

use super::list::MailboxAttribute;
use super::mailbox::Mailbox;
use super::search::SearchKey;
use super::sequence_set::SequenceSet;
use super::status::StatusItem;
use super::text::Text;
use crate::sasl::SignIn;

pub use list::{List, ListSelection};
pub use message::{Append, FetchItem, FetchModifiers, Store, StoreMode};
pub use notify::{Notify, NotifyEvents, NotifyGroup, NotifyMailboxes, NotifySelected};
pub use search::{Search, SearchReturn, Sort, SortCriterion, SortKey, Thread, ThreadAlgorithm};
pub use select::{Enable, QResync, Select, SelectParameter, SequenceMatch};

/// The name of a command on its connection, `r1`, `r2` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub(crate) u32);

impl Tag {
    /// Reads a tag as this client writes it.
    ///
    /// ```abnf
    /// tag = 1*<any ASTRING-CHAR except "+"> ; "r" and a number
    /// ```
    /// RFC 9051 §9.
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
    /// Writes the tag as it stands in front of its command.
    ///
    /// ```abnf
    /// tag = 1*<any ASTRING-CHAR except "+"> ; "r" and a number
    /// ```
    /// RFC 9051 §9.
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
    /// ENABLE, before a mailbox is selected. Servers ignore what they do not know.
    Enable(Vec<Enable>),
    /// COMPRESS DEFLATE (RFC 4978), after signing in and only where it is offered. When it is done,
    /// the driver compresses ([`Step::StartDeflate`](crate::Step::StartDeflate)); nothing leaves in
    /// between.
    Compress,
    /// NAMESPACE.
    Namespace,
    /// LIST.
    List(List),
    /// LSUB of RFC 3501: the mailboxes that are subscribed, where LIST cannot select them.
    Lsub {
        /// Where the pattern begins; mostly empty.
        reference: Mailbox,
        /// The pattern, as in [`List`].
        pattern: Text,
    },
    /// STATUS.
    Status {
        /// The mailbox, which should not be the selected one.
        mailbox: Mailbox,
        /// What is asked for. Items that are not offered are left out.
        items: Vec<StatusItem>,
    },
    /// SELECT.
    Select(Mailbox),
    /// EXAMINE: SELECT without the right to change anything.
    Examine(Mailbox),
    /// SELECT or EXAMINE with CONDSTORE or QRESYNC.
    SelectWith(Select),
    /// CREATE.
    Create {
        /// The name of the new mailbox.
        mailbox: Mailbox,
        /// What it is for: sent where CREATE-SPECIAL-USE is offered.
        special_use: Option<MailboxAttribute>,
    },
    /// DELETE: the mailbox and all that is in it.
    Delete(Mailbox),
    /// RENAME, with all that is below it. INBOX keeps its name and gives its messages away.
    Rename {
        /// What it is called.
        from: Mailbox,
        /// What it shall be called.
        to: Mailbox,
    },
    /// SUBSCRIBE.
    Subscribe(Mailbox),
    /// UNSUBSCRIBE.
    Unsubscribe(Mailbox),
    /// CHECK of RFC 3501: lets the server write down what it knows. NOOP is as good elsewhere.
    Check,
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
    /// FETCH or UID FETCH with modifiers.
    FetchWith {
        /// Which messages.
        set: SequenceSet,
        /// The set holds UIDs.
        uid: bool,
        /// What is asked for, never empty.
        items: Vec<FetchItem>,
        /// What it is narrowed by.
        modifiers: FetchModifiers,
    },
    /// STORE or UID STORE.
    Store(Store),
    /// STORE or UID STORE with UNCHANGEDSINCE (RFC 7162 §3.1.3): messages that have changed since are
    /// left alone and named by [`Code::Modified`](super::Code::Modified). Only where CONDSTORE is
    /// offered.
    StoreUnchangedSince {
        /// What is to be changed.
        store: Store,
        /// The modification sequence that was seen last.
        mod_seq: u64,
    },
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
    /// SEARCH or UID SEARCH with a choice of what is told.
    SearchWith(Search),
    /// SORT or UID SORT (RFC 5256); only where it is offered.
    Sort(Sort),
    /// THREAD or UID THREAD (RFC 5256); only where the algorithm is offered.
    Thread(Thread),
    /// GETQUOTA (RFC 9208).
    GetQuota {
        /// The name of a quota root.
        root: Text,
    },
    /// GETQUOTAROOT: the quota roots of a mailbox, and what is used of each.
    GetQuotaRoot(Mailbox),
    /// NOTIFY (RFC 5465); only where it is offered.
    Notify(Notify),
    /// APPEND. The body is asked for through [`Step::NeedBody`](crate::Step::NeedBody).
    Append(Append),
    /// IDLE (RFC 2177), until [`Command::Done`]. Waits until nothing else is under way; later
    /// commands wait for `Done`.
    Idle,
    /// DONE: ends the IDLE that was asked for last, whose tag it shares. Commands behind it may
    /// leave in the same write. Nothing is sent when IDLE has ended by itself.
    Done,
}
