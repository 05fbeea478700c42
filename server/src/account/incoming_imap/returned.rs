//! Messages that were moved away and back: they are shown at their earlier position.

use std::collections::{HashMap, VecDeque};

use mail_proto::imap::{Mailbox, Uid, UidValidity};

use super::copies::Copies;

/// Maximum number of returned messages that are remembered.
const RETURNED_MAX: usize = 500;

/// A message that was moved away and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Returned {
    /// The UIDVALIDITY of its mailbox.
    pub(super) uid_validity: UidValidity,
    /// Its UID now.
    pub(super) uid: Uid,
    /// The UID that determines its position.
    pub(super) key: Uid,
}

impl Returned {
    /// Returns the messages that were moved back. `before` maps the UID of each in the mailbox
    /// where it was meanwhile to the UID that determines its position.
    pub(super) fn from_copies(copies: &Copies, before: &HashMap<Uid, Uid>) -> Vec<Self> {
        let pairs = copies.uids.iter().zip(&copies.sources);
        let returned = pairs.filter_map(|(uid, source)| {
            Some(Self {
                uid_validity: copies.uid_validity,
                uid: *uid,
                key: *before.get(source)?,
            })
        });
        // If the server reuses the same UID, or gives a smaller one, the position is right already.
        returned.filter(|one| one.key < one.uid).collect()
    }
}

/// The returned messages of an account, oldest first.
#[derive(Debug, Default)]
pub(super) struct ReturnedTable(VecDeque<(Mailbox, Returned)>);

impl ReturnedTable {
    /// Records returned messages. A message that returned before keeps its first position.
    pub(super) fn put(&mut self, mailbox: &Mailbox, returned: impl IntoIterator<Item = Returned>) {
        for mut one in returned {
            let is_same = |(other, old): &(Mailbox, Returned)| {
                other == mailbox && old.uid_validity == one.uid_validity && old.uid == one.key
            };
            if let Some(at) = self.0.iter().position(is_same)
                && let Some((_, old)) = self.0.remove(at)
            {
                one.key = old.key;
            }
            if self.0.len() >= RETURNED_MAX {
                self.0.pop_front();
            }
            self.0.push_back((mailbox.clone(), one));
        }
    }

    /// Returns those of a mailbox.
    pub(super) fn of(&self, mailbox: &Mailbox, uid_validity: u32) -> Vec<Returned> {
        let own = self
            .0
            .iter()
            .filter(|(other, one)| other == mailbox && one.uid_validity.get() == uid_validity);
        own.map(|(_, one)| *one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returned(now: u32, key: u32) -> Returned {
        Returned {
            uid_validity: UidValidity::new(7).expect("not 0"),
            uid: Uid::new(now).expect("not 0"),
            key: Uid::new(key).expect("not 0"),
        }
    }

    #[test]
    fn message_returned_twice_keeps_its_first_position() {
        let mut table = ReturnedTable::default();
        let inbox = Mailbox::inbox();
        table.put(&inbox, [returned(12, 3)]);
        table.put(&inbox, [returned(14, 12), returned(15, 2)]);
        assert_eq!(table.of(&inbox, 7), [returned(14, 3), returned(15, 2)]);
        assert_eq!(table.of(&inbox, 8), []);
        table.put(&inbox, (1000..1900).map(|n| returned(n, n - 900)));
        assert_eq!(table.of(&inbox, 7).len(), RETURNED_MAX);
    }
}
