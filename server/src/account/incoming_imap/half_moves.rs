//! The messages of an account that are in two mailboxes, because their originals could not be
//! removed.

use std::collections::VecDeque;

use mail_proto::imap::{Mailbox, Uid, UidValidity};

use super::copies::{Copied, Move};

/// Maximum number of remembered messages that are in two folders.
const HALF_MOVES_MAX: usize = 1_000;

/// The copies of an account whose originals could not be removed.
#[derive(Debug, Default)]
pub(super) struct HalfMoves {
    entries: VecDeque<HalfMoved>,
}

#[derive(Debug)]
struct HalfMoved {
    from: Mailbox,
    uid_validity: u32,
    uid: Uid,
    to: Mailbox,
    /// The UID of the copy, if the server reported it.
    copy: Option<(UidValidity, Uid)>,
}

impl HalfMoves {
    /// Returns the copies that an earlier attempt of a move has already made.
    pub(super) fn find(&self, request: &Move) -> Copied {
        let mut all = Copied::default();
        for entry in self.entries.iter().filter(|entry| entry.is_of(request)) {
            all.add(&Copied {
                uid_validity: entry.copy.map(|(validity, _)| validity),
                source: vec![entry.uid],
                copies: entry.copy.into_iter().map(|(_, uid)| uid).collect(),
            });
        }
        all
    }

    pub(super) fn put(&mut self, request: &Move, copied: &Copied) {
        self.finish(&Move {
            uids: copied.source.clone(),
            ..request.clone()
        });
        let copies = copied.copies.iter().copied().map(Some);
        for (uid, copy) in copied
            .source
            .iter()
            .zip(copies.chain(std::iter::repeat(None)))
        {
            if self.entries.len() >= HALF_MOVES_MAX {
                self.entries.pop_front();
            }
            self.entries.push_back(HalfMoved {
                from: request.from.clone(),
                uid_validity: request.uid_validity,
                uid: *uid,
                to: request.to.clone(),
                copy: copied.uid_validity.zip(copy),
            });
        }
    }

    pub(super) fn finish(&mut self, request: &Move) {
        self.entries.retain(|entry| !entry.is_of(request));
    }
}

impl HalfMoved {
    fn is_of(&self, request: &Move) -> bool {
        self.uid_validity == request.uid_validity
            && self.from == request.from
            && self.to == request.to
            && request.uids.contains(&self.uid)
    }
}
