//! What SELECT and EXAMINE carry (RFC 7162 §3.1.8 and §3.2.5).

use crate::imap::mailbox::Mailbox;
use crate::imap::number::UidValidity;
use crate::imap::sequence_set::SequenceSet;

/// SELECT or EXAMINE with a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// Which mailbox.
    pub mailbox: Mailbox,
    /// EXAMINE: nothing may be changed.
    pub read_only: bool,
    /// What is asked for besides. Left out where it is not offered.
    pub parameter: SelectParameter,
}

/// A parameter of SELECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectParameter {
    /// `CONDSTORE`: from now on every change of flags is told with its modification sequence.
    CondStore,
    /// `QRESYNC`: what changed since an earlier visit is told at once. QRESYNC has to be enabled
    /// before ([`Command::Enable`](super::Command::Enable)), in the same write if need be.
    QResync(QResync),
}

/// What is known from an earlier visit to a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QResync {
    /// The generation of the UIDs at that time. If it is another one now, nothing is told.
    pub uid_validity: UidValidity,
    /// The modification sequence up to which everything was known.
    pub mod_seq: u64,
    /// The UIDs that are still of interest; all of them, if not given.
    pub known_uids: Option<SequenceSet>,
    /// Some messages of that time, so that a server that has forgotten what vanished need not name
    /// every number.
    pub sequence_match: Option<SequenceMatch>,
}

/// Messages as they were at an earlier visit: the n-th of `numbers` was the n-th of `uids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceMatch {
    /// Their sequence numbers.
    pub numbers: SequenceSet,
    /// Their UIDs.
    pub uids: SequenceSet,
}

/// An extension that ENABLE switches on (RFC 5161, RFC 7162).
///
/// `IMAP4rev2` is not among them (beside `IMAP4rev1` it changes what names look like), and neither
/// is `UTF8=ACCEPT` (it changes APPEND as well).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enable {
    /// `CONDSTORE`
    CondStore,
    /// `QRESYNC`: from now on VANISHED takes the place of EXPUNGE. CONDSTORE is on with it.
    QResync,
}
