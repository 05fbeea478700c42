//! What is known of the mailbox that is selected.

use alloc::vec::Vec;

use super::resync::Visit;
use crate::imap::code::Code;
use crate::imap::event::Event;
use crate::imap::flag::Flag;
use crate::imap::number::{SequenceNumber, Uid, UidValidity};
use crate::imap::sequence_set::SequenceSet;

/// The most rows that [`Selected`] keeps.
const MAX_ROWS: usize = 2000;
/// The most flags of a mailbox that are kept; Dovecot allows about a hundred keywords.
const MAX_FLAGS: usize = 1000;

/// What is known of the selected mailbox: its size, its UIDs' generation, and which UID is where in
/// the windows that were seen.
///
/// Feed it every event between the SELECT that opened the mailbox and the command that leaves it.
#[derive(Debug, Clone, Default)]
pub struct Selected {
    exists: u32,
    uid_next: Option<Uid>,
    uid_validity: Option<UidValidity>,
    highest_mod_seq: Option<u64>,
    flags: Vec<Flag>,
    permanent_flags: Option<Vec<Flag>>,
    read_only: bool,
    /// UIDVALIDITY was told in this visit.
    uid_validity_told: bool,
    /// UIDs do not outlive this visit.
    uids_are_void: bool,
    /// What was known before this visit.
    earlier: Option<Visit>,
    /// What was known before has been brought up to date.
    caught_up: bool,
    /// Sorted by sequence number, and therefore by UID.
    rows: Vec<Row>,
    /// Counts the uses of rows; the row with the smallest goes first.
    uses: u64,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    seq: u32,
    uid: Uid,
    used: u64,
}

/// What an event changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The number of messages is another one.
    Exists {
        /// What it was.
        before: u32,
        /// What it is.
        now: u32,
    },
    /// A message is gone.
    Expunged {
        /// Where it was.
        seq: SequenceNumber,
        /// Which one, if it was in a window that was seen.
        uid: Option<Uid>,
    },
    /// Messages are gone.
    Vanished(SequenceSet),
    /// All UIDs known of this mailbox are void.
    UidValidity {
        /// The generation they belonged to.
        before: UidValidity,
        /// The generation of now.
        now: UidValidity,
    },
}

impl Selected {
    /// Begins with nothing known but the UIDVALIDITY of an earlier visit, if there was one.
    pub fn new(uid_validity: Option<UidValidity>) -> Self {
        Self {
            uid_validity,
            ..Self::default()
        }
    }

    /// Begins a visit that builds on an earlier one: [`resync`](Self::resync) tells how.
    pub fn resume(earlier: Visit) -> Self {
        Self {
            uid_validity: Some(earlier.uid_validity),
            earlier: Some(earlier),
            ..Self::default()
        }
    }

    /// How many messages there are.
    pub const fn exists(&self) -> u32 {
        self.exists
    }

    /// The UID that the next message will have, or more.
    pub const fn uid_next(&self) -> Option<Uid> {
        self.uid_next
    }

    /// The generation of the UIDs.
    pub const fn uid_validity(&self) -> Option<UidValidity> {
        self.uid_validity
    }

    /// The largest modification sequence, where the server has them.
    pub const fn highest_mod_seq(&self) -> Option<u64> {
        self.highest_mod_seq
    }

    /// Notes that what [`resync`](Self::resync) asked for is done: the next visit builds on this one.
    pub const fn caught_up(&mut self) {
        self.caught_up = true;
    }

    /// Returns what a later visit can build on: this visit, or as long as it is not
    /// [caught up](Self::caught_up) the one before. `None` where UIDs do not outlive a visit.
    pub fn visit(&self) -> Option<Visit> {
        if self.uids_are_void {
            return None;
        }
        if let Some(earlier) = &self.earlier
            && !self.caught_up
            && self.uid_validity == Some(earlier.uid_validity)
        {
            return Some(earlier.clone());
        }
        Some(Visit {
            uid_validity: self.uid_validity.filter(|_| self.uid_validity_told)?,
            mod_seq: self.highest_mod_seq,
            known_uids: self.known_uids(),
        })
    }

    /// The earlier visit, if the server said that the UIDs of that time still hold.
    pub(super) fn earlier(&self) -> Option<&Visit> {
        self.earlier.as_ref().filter(|earlier| {
            self.uid_validity == Some(earlier.uid_validity)
                && self.uid_validity_told
                && !self.uids_are_void
        })
    }

    /// All windows that were seen lie in this range.
    fn known_uids(&self) -> Option<SequenceSet> {
        let (first, last) = (self.rows.first()?, self.rows.last()?);
        Some(SequenceSet::range(first.uid, last.uid))
    }

    /// The flags that the mailbox knows.
    pub fn flags(&self) -> &[Flag] {
        &self.flags
    }

    /// The flags that can be changed for good; without PERMANENTFLAGS all of them.
    pub fn permanent_flags(&self) -> &[Flag] {
        self.permanent_flags.as_ref().unwrap_or(&self.flags)
    }

    /// Nothing can be changed in this mailbox.
    pub const fn read_only(&self) -> bool {
        self.read_only
    }

    /// Returns the UID of the message at this place, if its window was seen.
    pub fn uid_at(&mut self, seq: SequenceNumber) -> Option<Uid> {
        let index = self
            .rows
            .binary_search_by_key(&seq.get(), |row| row.seq)
            .ok()?;
        self.touch(index).map(|row| row.uid)
    }

    /// Returns the place of a message, if its window was seen.
    pub fn seq_of(&mut self, uid: Uid) -> Option<SequenceNumber> {
        let index = self.rows.binary_search_by_key(&uid, |row| row.uid).ok()?;
        self.touch(index)
            .and_then(|row| SequenceNumber::new(row.seq))
    }

    /// Notes the UIDs of places that follow each other, as a search of exactly these places found
    /// them.
    pub fn locate(&mut self, first: SequenceNumber, uids: impl IntoIterator<Item = Uid>) {
        for (seq, uid) in (first.get()..=self.exists).zip(uids) {
            self.insert(seq, uid);
        }
    }

    /// Takes in what the server said.
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
            // Zero is none (RFC 7162 §7).
            Code::HighestModSeq(mod_seq) => {
                self.highest_mod_seq = Some(*mod_seq).filter(|mod_seq| *mod_seq > 0);
            }
            // What was told before is about the mailbox that was selected before.
            Code::Closed => {
                *self = match self.earlier.take() {
                    Some(earlier) => Self::resume(earlier),
                    None => Self::new(self.uid_validity),
                };
            }
            Code::UidNotSticky => self.uids_are_void = true,
            Code::NoModSeq => self.highest_mod_seq = None,
            Code::PermanentFlags(flags) => {
                self.permanent_flags = Some(flags.iter().take(MAX_FLAGS).cloned().collect());
            }
            Code::ReadOnly => self.read_only = true,
            Code::ReadWrite => self.read_only = false,
            Code::UidValidity(now) => {
                self.uid_validity_told = true;
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
            // A mailbox shrinks by EXPUNGE alone: this server left some out, so no place is sure.
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
            // RFC 7162 §3.2.10: each of these was counted by EXISTS. A server that names more
            // than there were has lost count, and so have we.
            let gone = u32::try_from(uids.len()).ok();
            let Some(left) = gone.and_then(|gone| self.exists.checked_sub(gone)) else {
                self.rows.clear();
                self.exists = 0;
                return Some(Change::Vanished(uids.clone()));
            };
            self.exists = left;
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
            // It named messages for which there was no place.
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
            // UIDs rise with their places. What contradicts that was missed or is a lie: only the
            // newest word is kept.
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
