//! The commands of the client (RFC 9051 §6).

mod list;
mod message;
mod notify;
mod search;
mod select;

use alloc::vec::Vec;

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

/// A command. The encoder omits a parameter of an extension that the server does not offer, unless
/// this changes the meaning of the command: then the parameter is sent anyway.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Command {
    /// CAPABILITY. The client sends it by itself when it needs to.
    Capability,
    /// NOOP: gives the server an opportunity to report changes.
    Noop,
    /// LOGOUT: after its tagged response the client returns [`Step::Done`](crate::Step::Done) and
    /// sends nothing more.
    Logout,
    /// ID (RFC 2971): fields and values that identify this client; an empty list sends NIL.
    Id(Vec<(Text, Text)>),
    /// Signs in with the best usable method that the server offers: AUTHENTICATE with a SASL
    /// mechanism ([`Mechanism::ranked`](crate::sasl::Mechanism::ranked)), one round trip shorter if
    /// SASL-IR is offered, or LOGIN. Never sent without TLS, unless the configuration allows it.
    SignIn(SignIn),
    /// ENABLE, before a mailbox is selected. Servers ignore unknown extensions.
    Enable(Vec<Enable>),
    /// COMPRESS DEFLATE (RFC 4978), after signing in and only if it is offered. After its
    /// completion the driver starts compression
    /// ([`Step::StartDeflate`](crate::Step::StartDeflate)); nothing is sent in between.
    Compress,
    /// NAMESPACE.
    Namespace,
    /// LIST.
    List(List),
    /// LSUB (RFC 3501): the subscribed mailboxes, for servers whose LIST cannot select them.
    Lsub {
        /// The reference name that the pattern is relative to; usually empty.
        reference: Mailbox,
        /// The pattern, as in [`List`].
        pattern: Text,
    },
    /// STATUS.
    Status {
        /// The mailbox, which should not be the selected one.
        mailbox: Mailbox,
        /// The requested items. Items that the server does not offer are omitted.
        items: Vec<StatusItem>,
    },
    /// SELECT.
    Select(Mailbox),
    /// EXAMINE: like SELECT, but read-only.
    Examine(Mailbox),
    /// SELECT or EXAMINE with CONDSTORE or QRESYNC.
    SelectWith(Select),
    /// CREATE.
    Create {
        /// The name of the new mailbox.
        mailbox: Mailbox,
        /// The special use of the mailbox; sent if CREATE-SPECIAL-USE is offered.
        special_use: Option<MailboxAttribute>,
    },
    /// DELETE: deletes the mailbox and its messages.
    Delete(Mailbox),
    /// RENAME: renames the mailbox and all mailboxes below it. Renaming INBOX moves its messages to
    /// `to` and keeps INBOX.
    Rename {
        /// The present name.
        from: Mailbox,
        /// The new name.
        to: Mailbox,
    },
    /// SUBSCRIBE.
    Subscribe(Mailbox),
    /// UNSUBSCRIBE.
    Unsubscribe(Mailbox),
    /// CHECK (RFC 3501): requests a checkpoint of the mailbox. `IMAP4rev2` has NOOP instead.
    Check,
    /// UNSELECT: closes the mailbox without expunging messages.
    Unselect,
    /// CLOSE: closes the mailbox and expunges the messages with `\Deleted`.
    Close,
    /// FETCH or UID FETCH.
    Fetch {
        /// The messages.
        set: SequenceSet,
        /// Whether `set` holds UIDs instead of sequence numbers.
        uid: bool,
        /// The requested items; never empty.
        items: Vec<FetchItem>,
    },
    /// FETCH or UID FETCH with modifiers.
    FetchWith {
        /// The messages.
        set: SequenceSet,
        /// Whether `set` holds UIDs instead of sequence numbers.
        uid: bool,
        /// The requested items; never empty.
        items: Vec<FetchItem>,
        /// The modifiers, which restrict the result.
        modifiers: FetchModifiers,
    },
    /// STORE or UID STORE.
    Store(Store),
    /// STORE or UID STORE with UNCHANGEDSINCE (RFC 7162 §3.1.3): messages that have changed since
    /// are not modified, and [`Code::Modified`](super::Code::Modified) lists them. Only if
    /// CONDSTORE is offered.
    StoreUnchangedSince {
        /// The change.
        store: Store,
        /// The last known modification sequence.
        mod_seq: u64,
    },
    /// COPY or UID COPY.
    Copy {
        /// The messages.
        set: SequenceSet,
        /// Whether `set` holds UIDs instead of sequence numbers.
        uid: bool,
        /// The destination mailbox.
        mailbox: Mailbox,
    },
    /// MOVE or UID MOVE (RFC 6851); only if it is offered.
    Move {
        /// The messages.
        set: SequenceSet,
        /// Whether `set` holds UIDs instead of sequence numbers.
        uid: bool,
        /// The destination mailbox.
        mailbox: Mailbox,
    },
    /// EXPUNGE: removes all messages with `\Deleted`, including those that other clients marked.
    Expunge,
    /// UID EXPUNGE (RFC 4315): removes those of these messages that have `\Deleted`; only if
    /// UIDPLUS is offered.
    UidExpunge(SequenceSet),
    /// SEARCH or UID SEARCH. Requests `RETURN (ALL)` if ESEARCH is offered, because a plain SEARCH
    /// response lists every message by itself.
    Search {
        /// Whether the response holds UIDs instead of sequence numbers.
        uid: bool,
        /// The criteria, which must all match; empty means ALL.
        criteria: Vec<SearchKey>,
    },
    /// SEARCH or UID SEARCH with RETURN options.
    SearchWith(Search),
    /// SORT or UID SORT (RFC 5256); only if it is offered.
    Sort(Sort),
    /// THREAD or UID THREAD (RFC 5256); only if the algorithm is offered.
    Thread(Thread),
    /// GETQUOTA (RFC 9208).
    GetQuota {
        /// The name of a quota root.
        root: Text,
    },
    /// GETQUOTAROOT: the quota roots of a mailbox, with the usage of each.
    GetQuotaRoot(Mailbox),
    /// NOTIFY (RFC 5465); only if it is offered.
    Notify(Notify),
    /// APPEND. [`Step::NeedBody`](crate::Step::NeedBody) requests the body.
    Append(Append),
    /// IDLE (RFC 2177), until [`Command::Done`]. Waits until no other command is in progress; later
    /// commands wait for `Done`.
    Idle,
    /// DONE: ends the IDLE that was queued last, whose tag it shares. Commands after it may be sent
    /// in the same write. Nothing is sent if IDLE has already ended.
    Done,
}
