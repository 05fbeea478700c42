//! Resynchronization of a mailbox with the state of an earlier visit (RFC 7162, RFC 4549).

use super::Selected;
use crate::imap::command::{QResync, SelectParameter};
use crate::imap::number::UidValidity;
use crate::imap::sequence_set::SequenceSet;

/// The state of a mailbox at the end of a visit, which lasts as long as the mailbox is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The UIDVALIDITY of the mailbox.
    pub uid_validity: UidValidity,
    /// The modification sequence up to which all changes are known; `None` if the mailbox has no
    /// modification sequences.
    pub mod_seq: Option<u64>,
    /// A range of UIDs that contains all known messages; `None` if there are none.
    pub known_uids: Option<SequenceSet>,
}

/// The way to update the state of an earlier visit. Call [`Selected::mark_resynced`] after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resync {
    /// The earlier state is invalid: there was no earlier visit, or the server did not confirm that
    /// the UIDs of that visit are still valid.
    Rebuild,
    /// The response to SELECT has reported all changes: expunged messages and changed flags.
    Told,
    /// UID FETCH of the known messages with CHANGEDSINCE this number returns the changed flags. It
    /// does not report expunged messages: a UID SEARCH for the known messages finds the remaining
    /// ones.
    ChangedSince(u64),
    /// There are no usable modification sequences: the flags of all displayed messages must be
    /// fetched again.
    Flags,
}

impl Visit {
    /// Returns the parameter of SELECT that resumes this visit if QRESYNC was enabled; with
    /// CONDSTORE alone the encoder sends CONDSTORE instead.
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
    /// Returns how to update the state of the earlier visit, after the response to SELECT.
    /// `qresync`: whether its [parameter](Visit::parameter) was sent to a server with QRESYNC
    /// enabled.
    pub fn resync(&self, qresync: bool) -> Resync {
        let Some(earlier) = self.earlier() else {
            return Resync::Rebuild;
        };
        match (earlier.mod_seq, self.highest_mod_seq()) {
            // Modification sequences only grow. A smaller one means that the mailbox was restored
            // from a backup, so CHANGEDSINCE cannot find its changes.
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
