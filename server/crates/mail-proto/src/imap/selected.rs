//! The state of the selected mailbox.

mod resync;

use alloc::vec::Vec;

use super::code::Code;
use super::event::Event;
use super::flag::Flag;
use super::number::{SequenceNumber, Uid, UidValidity};
use super::sequence_set::SequenceSet;

pub use resync::{Resync, Visit};

/// Maximum number of rows in a [`Selected`].
const MAX_ROWS: usize = 2000;
/// Maximum number of flags of a mailbox; Dovecot allows about 100 keywords.
const MAX_FLAGS: usize = 1000;

/// The state of the selected mailbox: number of messages, UIDVALIDITY, and the UIDs of the sequence
/// numbers that were seen.
///
/// Pass every event from the SELECT that opens the mailbox up to the command that leaves it to
/// [`apply`](Self::apply).
#[derive(Debug, Clone, Default)]
pub struct Selected {
    exists: u32,
    uid_next: Option<Uid>,
    uid_validity: Option<UidValidity>,
    highest_mod_seq: Option<u64>,
    flags: Vec<Flag>,
    permanent_flags: Option<Vec<Flag>>,
    read_only: bool,
    /// Whether the server sent UIDVALIDITY in this visit.
    is_uid_validity_reported: bool,
    /// Whether the UIDs are invalid after this visit (UIDNOTSTICKY).
    are_uids_void: bool,
    /// The state of the earlier visit.
    earlier: Option<Visit>,
    /// Whether the state of the earlier visit was updated.
    mark_resynced: bool,
    /// Sorted by sequence number, and therefore by UID.
    rows: Vec<Row>,
    /// Counts the uses of rows; the row with the smallest `used` is evicted first.
    uses: u64,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    seq: u32,
    uid: Uid,
    used: u64,
}

/// A change of the mailbox that an event reported.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The number of messages changed.
    Exists {
        /// The number before the event.
        before: u32,
        /// The present number.
        now: u32,
    },
    /// A message was expunged.
    Expunged {
        /// The sequence number of the message.
        seq: SequenceNumber,
        /// The UID of the message, if it is known.
        uid: Option<Uid>,
    },
    /// Messages were expunged.
    Vanished(SequenceSet),
    /// All known UIDs of this mailbox are invalid.
    UidValidity {
        /// The earlier UIDVALIDITY.
        before: UidValidity,
        /// The present UIDVALIDITY.
        now: UidValidity,
    },
}

impl Selected {
    /// Creates an empty state with the UIDVALIDITY of an earlier visit, if there was one.
    pub fn new(uid_validity: Option<UidValidity>) -> Self {
        Self {
            uid_validity,
            ..Self::default()
        }
    }

    /// Creates a state that resumes an earlier visit; [`resync`](Self::resync) returns how to
    /// update it.
    pub fn resume(earlier: Visit) -> Self {
        Self {
            uid_validity: Some(earlier.uid_validity),
            earlier: Some(earlier),
            ..Self::default()
        }
    }

    /// Returns the number of messages.
    pub const fn exists(&self) -> u32 {
        self.exists
    }

    /// Returns UIDNEXT: the next message gets this UID or a larger one.
    pub const fn uid_next(&self) -> Option<Uid> {
        self.uid_next
    }

    /// Returns UIDVALIDITY.
    pub const fn uid_validity(&self) -> Option<UidValidity> {
        self.uid_validity
    }

    /// Returns the largest modification sequence, if the mailbox has modification sequences.
    pub const fn highest_mod_seq(&self) -> Option<u64> {
        self.highest_mod_seq
    }

    /// Marks the [`resync`](Self::resync) as complete: the next visit resumes this one.
    pub const fn mark_resynced(&mut self) {
        self.mark_resynced = true;
    }

    /// Returns the state that a later visit can resume: this visit, or the earlier one if this
    /// visit is not [caught up](Self::mark_resynced). `None` if UIDs are invalid after a visit.
    pub fn visit(&self) -> Option<Visit> {
        if self.are_uids_void {
            return None;
        }
        if let Some(earlier) = &self.earlier
            && !self.mark_resynced
            && self.uid_validity == Some(earlier.uid_validity)
        {
            return Some(earlier.clone());
        }
        Some(Visit {
            uid_validity: self
                .uid_validity
                .filter(|_| self.is_uid_validity_reported)?,
            mod_seq: self.highest_mod_seq,
            known_uids: self.known_uids(),
        })
    }

    /// Returns the earlier visit, if the server confirmed that its UIDs are still valid.
    pub(super) fn earlier(&self) -> Option<&Visit> {
        self.earlier.as_ref().filter(|earlier| {
            self.uid_validity == Some(earlier.uid_validity)
                && self.is_uid_validity_reported
                && !self.are_uids_void
        })
    }

    /// Returns the range of UIDs that contains all rows.
    fn known_uids(&self) -> Option<SequenceSet> {
        let (first, last) = (self.rows.first()?, self.rows.last()?);
        Some(SequenceSet::range(first.uid, last.uid))
    }

    /// Returns the flags that are defined in the mailbox.
    pub fn flags(&self) -> &[Flag] {
        &self.flags
    }

    /// Returns the flags that can be changed permanently; all flags if the server sent no
    /// PERMANENTFLAGS.
    pub fn permanent_flags(&self) -> &[Flag] {
        self.permanent_flags.as_ref().unwrap_or(&self.flags)
    }

    /// Returns whether the mailbox is read-only.
    pub const fn read_only(&self) -> bool {
        self.read_only
    }

    /// Returns the UID of the message with this sequence number, if it is known.
    pub fn uid_at(&mut self, seq: SequenceNumber) -> Option<Uid> {
        let index = self
            .rows
            .binary_search_by_key(&seq.get(), |row| row.seq)
            .ok()?;
        self.touch(index).map(|row| row.uid)
    }

    /// Returns the sequence number of a message, if it is known.
    pub fn seq_of(&mut self, uid: Uid) -> Option<SequenceNumber> {
        let index = self.rows.binary_search_by_key(&uid, |row| row.uid).ok()?;
        self.touch(index)
            .and_then(|row| SequenceNumber::new(row.seq))
    }

    /// Records the UIDs of consecutive sequence numbers, as a search for exactly this range
    /// returned them.
    pub fn locate(&mut self, first: SequenceNumber, uids: impl IntoIterator<Item = Uid>) {
        for (seq, uid) in (first.get()..=self.exists).zip(uids) {
            self.insert(seq, uid);
        }
    }

    /// Updates the state with an event; returns the change, if any.
    pub fn apply(&mut self, event: &Event) -> Option<Change> {
        match event {
            Event::Exists(now) => return self.set_exists(*now),
            Event::Expunge { seq } => return self.expunge(*seq),
            Event::Vanished { earlier, uids } => return self.vanish(*earlier, uids),
            Event::Fetch(data) => {
                if let Some(uid) = data.uid() {
                    self.insert(data.seq.get(), uid);
                }
            }
            Event::Flags(flags) => self.flags = flags.iter().take(MAX_FLAGS).cloned().collect(),
            Event::Untagged {
                code: Some(code), ..
            }
            | Event::Completed {
                code: Some(code), ..
            } => {
                return self.note(code);
            }
            _ => {}
        }
        None
    }

    fn note(&mut self, code: &Code) -> Option<Change> {
        match code {
            Code::UidNext(uid) => self.uid_next = Some(*uid),
            // 0 is not a modification sequence (RFC 7162 §7).
            Code::HighestModSeq(mod_seq) => {
                self.highest_mod_seq = Some(*mod_seq).filter(|mod_seq| *mod_seq > 0);
            }
            // Earlier responses belong to the previously selected mailbox.
            Code::Closed => {
                *self = match self.earlier.take() {
                    Some(earlier) => Self::resume(earlier),
                    None => Self::new(self.uid_validity),
                };
            }
            Code::UidNotSticky => self.are_uids_void = true,
            Code::NoModSeq => self.highest_mod_seq = None,
            Code::PermanentFlags(flags) => {
                self.permanent_flags = Some(flags.iter().take(MAX_FLAGS).cloned().collect());
            }
            Code::ReadOnly => self.read_only = true,
            Code::ReadWrite => self.read_only = false,
            Code::UidValidity(now) => {
                self.is_uid_validity_reported = true;
                let before = self.uid_validity.replace(*now)?;
                if before != *now {
                    self.rows.clear();
                    return Some(Change::UidValidity { before, now: *now });
                }
            }
            _ => {}
        }
        None
    }

    fn set_exists(&mut self, now: u32) -> Option<Change> {
        let before = core::mem::replace(&mut self.exists, now);
        if now < before {
            // Only EXPUNGE makes a mailbox smaller. The server omitted some, so no sequence number
            // is certain.
            self.rows.clear();
        }
        (before != now).then_some(Change::Exists { before, now })
    }

    fn expunge(&mut self, seq: SequenceNumber) -> Option<Change> {
        if seq.get() > self.exists {
            return None;
        }
        self.exists -= 1;
        let index = self.rows.partition_point(|row| row.seq < seq.get());
        let uid = self
            .rows
            .get(index)
            .filter(|row| row.seq == seq.get())
            .map(|row| row.uid);
        if uid.is_some() {
            self.rows.remove(index);
        }
        for row in self.rows.iter_mut().skip(index) {
            row.seq -= 1;
        }
        Some(Change::Expunged { seq, uid })
    }

    fn vanish(&mut self, earlier: bool, uids: &SequenceSet) -> Option<Change> {
        if !earlier {
            // RFC 7162 §3.2.10: EXISTS counted each of these. If there are more than EXISTS, the
            // count of the server is wrong and the state is reset.
            let expunged = u32::try_from(uids.len()).ok();
            let Some(remaining) = expunged.and_then(|expunged| self.exists.checked_sub(expunged))
            else {
                self.rows.clear();
                self.exists = 0;
                return Some(Change::Vanished(uids.clone()));
            };
            self.exists = remaining;
            for row in &mut self.rows {
                let below = uids.count_below(row.uid.get());
                row.seq = row
                    .seq
                    .saturating_sub(u32::try_from(below).unwrap_or(u32::MAX));
            }
        }
        self.rows.retain(|row| !uids.contains(row.uid));
        let last_is_inside = self.rows.last().is_none_or(|row| row.seq <= self.exists);
        let is_sorted = self.rows.is_sorted_by(|a, b| a.seq < b.seq);
        if !(last_is_inside && is_sorted) {
            // The server listed UIDs that are inconsistent with the known rows.
            self.rows.clear();
        }
        Some(Change::Vanished(uids.clone()))
    }

    fn insert(&mut self, seq: u32, uid: Uid) {
        if seq > self.exists {
            return;
        }
        if self.uid_next.is_some_and(|next| next <= uid) {
            self.uid_next = Uid::new(uid.get().saturating_add(1));
        }
        let index = self.rows.partition_point(|row| row.seq < seq);
        if self
            .rows
            .get(index)
            .is_some_and(|row| row.seq == seq && row.uid == uid)
        {
            self.touch(index);
            return;
        }
        let fits_before = index == 0 || self.rows.get(index - 1).is_some_and(|row| row.uid < uid);
        let fits_behind = self
            .rows
            .get(index)
            .is_none_or(|row| row.seq > seq && row.uid > uid);
        if !(fits_before && fits_behind) {
            // UIDs increase with the sequence numbers. A contradiction means a missed or false
            // response: only the newest row is valid.
            self.rows.clear();
        }
        if self.rows.len() >= MAX_ROWS {
            let oldest = self.rows.iter().enumerate().min_by_key(|(_, row)| row.used);
            if let Some((oldest, _)) = oldest {
                self.rows.remove(oldest);
            }
        }
        let index = self.rows.partition_point(|row| row.seq < seq);
        self.uses += 1;
        self.rows.insert(
            index,
            Row {
                seq,
                uid,
                used: self.uses,
            },
        );
    }

    fn touch(&mut self, index: usize) -> Option<Row> {
        self.uses += 1;
        let row = self.rows.get_mut(index)?;
        row.used = self.uses;
        Some(*row)
    }
}
