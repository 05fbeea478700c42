//! A move between two mailboxes, and the UIDs of the copies that COPYUID reports.

use std::collections::HashSet;

use mail_proto::imap::{Code, Mailbox, Uid, UidValidity};

use crate::clients::imap::Responses;

/// Maximum number of copies that are taken from one COPYUID. A server may name up to 2^32 - 1 UIDs;
/// no page moves so many at once.
const COPIES_MAX: u64 = 10_000;

/// One move: messages of a mailbox, to another.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub(super) from: Mailbox,
    /// The UIDVALIDITY of `from`.
    pub(super) uid_validity: u32,
    /// Sorted, without duplicates.
    pub(super) uids: Vec<Uid>,
    pub(super) to: Mailbox,
}

/// The UIDs of moved messages in the target mailbox.
#[derive(Debug)]
pub(super) struct Copies {
    pub(super) uid_validity: UidValidity,
    pub(super) uids: Vec<Uid>,
    /// The UIDs in the source mailbox, one for each.
    pub(super) sources: Vec<Uid>,
}

/// COPYUID: the n-th message of `source` became the n-th of `copies`.
#[derive(Debug, Clone, Default)]
pub(super) struct Copied {
    pub(super) uid_validity: Option<UidValidity>,
    pub(super) source: Vec<Uid>,
    pub(super) copies: Vec<Uid>,
}

impl Copied {
    /// Collects COPYUID of the tagged and untagged responses (RFC 4315 §3, RFC 6851 §4.3): a server
    /// may move in several steps.
    pub(super) fn of(responses: &Responses) -> Self {
        let tagged = responses
            .completions
            .iter()
            .filter_map(|done| done.code.as_ref());
        let mut copied = Self::default();
        for code in tagged.chain(&responses.untagged_codes) {
            if let Code::CopyUid {
                uid_validity,
                source,
                destination,
            } = code
                && source.len() == destination.len()
                && destination.len() <= COPIES_MAX
                && copied
                    .uid_validity
                    .is_none_or(|known| known == *uid_validity)
            {
                copied.uid_validity = Some(*uid_validity);
                copied.source.extend(source.uids());
                copied.copies.extend(destination.uids());
            }
        }
        copied
    }

    pub(super) fn is_none(&self) -> bool {
        self.source.is_empty()
    }

    /// Returns the copies of these messages only. The UIDs of the copies may be unknown.
    pub(super) fn only(&self, uids: &[Uid]) -> Self {
        let wanted: HashSet<Uid> = uids.iter().copied().collect();
        let copies = self.copies.iter().copied().map(Some);
        let pairs = self
            .source
            .iter()
            .copied()
            .zip(copies.chain(std::iter::repeat(None)));
        let pairs = pairs.filter(|(uid, _)| wanted.contains(uid));
        let (source, copies): (Vec<_>, Vec<_>) = pairs.unzip();
        Self {
            uid_validity: self.uid_validity,
            source,
            copies: copies.into_iter().flatten().collect(),
        }
    }

    /// Adds other copies. If the UIDs of some copies are unknown, all are dropped.
    pub(super) fn add(&mut self, other: &Self) {
        let is_known = |one: &Self| one.source.len() == one.copies.len();
        let is_same = self.is_none() || self.uid_validity == other.uid_validity;
        let is_known = is_same && is_known(self) && is_known(other);
        self.source.extend_from_slice(&other.source);
        self.copies.extend_from_slice(&other.copies);
        self.uid_validity = other.uid_validity;
        if !is_known {
            self.copies.clear();
        }
    }

    pub(super) fn into_copies(self) -> Option<Copies> {
        let copies = Copies {
            uid_validity: self.uid_validity?,
            uids: self.copies,
            sources: self.source,
        };
        Some(copies).filter(|copies| !copies.uids.is_empty())
    }
}
