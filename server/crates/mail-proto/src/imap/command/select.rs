//! The arguments of SELECT and EXAMINE, and of ENABLE (RFC 7162 §3.1.8 and §3.2.5).

use crate::imap::mailbox::Mailbox;
use crate::imap::number::UidValidity;
use crate::imap::sequence_set::SequenceSet;

/// SELECT or EXAMINE with a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Whether to send EXAMINE instead of SELECT.
    pub read_only: bool,
    /// The parameter. Omitted if the server does not offer it.
    pub parameter: SelectParameter,
}

/// A parameter of SELECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectParameter {
    /// `CONDSTORE`: from now on the server reports every flag change with its modification
    /// sequence.
    CondStore,
    /// `QRESYNC`: the response to SELECT reports the changes since an earlier session. QRESYNC must
    /// be enabled before ([`Command::Enable`](super::Command::Enable)); both commands may be sent
    /// in the same write.
    QResync(QResync),
}

/// The state of a mailbox that the client knows from an earlier session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QResync {
    /// The UIDVALIDITY at that time. If it has changed, the server ignores the parameter.
    pub uid_validity: UidValidity,
    /// The modification sequence up to which the client knows all changes.
    pub mod_seq: u64,
    /// The UIDs that the client knows; all if `None`.
    pub known_uids: Option<SequenceSet>,
    /// Some messages of that time, so that a server without a record of the expunged UIDs need not
    /// list every UID.
    pub sequence_match: Option<SequenceMatch>,
}

/// Messages of an earlier session: the n-th of `numbers` had the n-th of `uids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceMatch {
    /// The sequence numbers of the messages.
    pub numbers: SequenceSet,
    /// The UIDs of the messages.
    pub uids: SequenceSet,
}

/// An extension that ENABLE activates (RFC 5161, RFC 7162).
///
/// `IMAP4rev2` is not supported here because it changes the encoding of mailbox names on a server
/// that also announces `IMAP4rev1`. `UTF8=ACCEPT` is not supported because it changes APPEND as
/// well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enable {
    /// `CONDSTORE`
    CondStore,
    /// `QRESYNC`: from now on the server sends VANISHED instead of EXPUNGE. It includes CONDSTORE.
    QResync,
}
