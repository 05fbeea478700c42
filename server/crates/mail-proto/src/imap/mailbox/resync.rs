//! What an earlier visit to a mailbox is good for (RFC 7162, RFC 4549).

use super::Selected;
use crate::imap::command::{QResync, SelectParameter};
use crate::imap::number::UidValidity;
use crate::imap::sequence_set::SequenceSet;

/// What is known of a mailbox when it is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The generation of the UIDs.
    pub uid_validity: UidValidity,
    /// The modification sequence up to which everything was told; `None` if the mailbox has none.
    pub mod_seq: Option<u64>,
    /// A range that holds all messages that were seen; `None` if there were none.
    pub known_uids: Option<SequenceSet>,
}

/// How what was known is brought up to date. After it, [`Selected::caught_up`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resync {
    /// Nothing that was known holds: there was no earlier visit, or the server does not say that the
    /// UIDs of that time are still those of now.
    Rebuild,
    /// SELECT has told everything: what vanished, and the flags that changed.
    Told,
    /// UID FETCH of what was known, with CHANGEDSINCE this number, tells the flags that changed. What
    /// is gone is not told: a UID SEARCH for what was known finds what is left.
    ChangedSince(u64),
    /// Changes are not numbered: the flags of all that is shown have to be asked for again.
    Flags,
}

impl Visit {
    /// Returns the parameter with which SELECT builds on this visit, where QRESYNC was enabled; with
    /// CONDSTORE alone it is left out by itself.
    pub fn parameter(&self) -> SelectParameter {
        match (self.mod_seq, &self.known_uids) {
            (Some(mod_seq), Some(known_uids)) => SelectParameter::QResync(QResync {
                uid_validity: self.uid_validity,
                mod_seq,
                known_uids: Some(known_uids.clone()),
                sequence_match: None,
            }),
            _ => SelectParameter::CondStore,
        }
    }
}

impl Selected {
    /// Tells how the earlier visit is brought up to date, once SELECT is answered. `qresync`: its
    /// [parameter](Visit::parameter) was sent to a server that has QRESYNC on.
    pub fn resync(&self, qresync: bool) -> Resync {
        let Some(earlier) = self.earlier() else {
            return Resync::Rebuild;
        };
        match (earlier.mod_seq, self.highest_mod_seq()) {
            // Modification sequences only grow; a smaller one is that of a mailbox restored from a
            // copy, whose changes since cannot be told by number.
            (Some(before), Some(now)) if before <= now => {
                if qresync && earlier.known_uids.is_some() {
                    Resync::Told
                } else {
                    Resync::ChangedSince(before)
                }
            }
            _ => Resync::Flags,
        }
    }
}
