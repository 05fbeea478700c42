//! A session's view of its selected folder, and the untagged responses that update it.

use std::collections::BTreeSet;

use bytes::{BufMut, BytesMut};
use tokio::sync::watch;

use super::sequence_set::{By, SequenceSet};
use crate::store::{FlagNames, Flags, Folder, Folders, Uid, UidValidity};

/// The selected folder as reported to the client. Sequence numbers are positions in `uids`.
#[derive(Debug)]
pub(crate) struct Selected {
    pub(crate) id: UidValidity,
    pub(crate) is_read_only: bool,
    /// Includes removed messages whose `EXPUNGE` is not sent yet.
    uids: Vec<Uid>,
    uid_next: Uid,
    recent: BTreeSet<Uid>,
    /// The folder's change counter when flags, and when removals, were last reported.
    flags_reported_at: u64,
    expunges_reported_at: u64,
    reported_keyword_count: usize,
    /// Whether flag changes are reported with their modification sequence (RFC 7162 §3.1).
    pub(crate) reports_mod_seq: bool,
    pub(crate) watch: watch::Receiver<u64>,
}

/// Whether `EXPUNGE` may be sent: never while sequence numbers are in use (RFC 3501 §7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expunges {
    Reported,
    Deferred,
}

impl Selected {
    /// Creates the view from the current state of a folder.
    pub(crate) fn new(
        folder: &mut Folder,
        keyword_count: usize,
        is_read_only: bool,
        reports_mod_seq: bool,
    ) -> Self {
        let recent = folder
            .messages_from(folder.recent_from)
            .iter()
            .map(|message| message.uid)
            .collect();
        if !is_read_only {
            folder.recent_from = folder.uid_next;
        }
        Self {
            id: folder.uid_validity,
            is_read_only,
            uids: folder
                .messages()
                .iter()
                .map(|message| message.uid)
                .collect(),
            uid_next: folder.uid_next,
            recent,
            flags_reported_at: folder.change(),
            expunges_reported_at: folder.change(),
            reported_keyword_count: keyword_count,
            reports_mod_seq,
            watch: folder.watch(),
        }
    }

    pub(crate) fn uids(&self) -> &[Uid] {
        &self.uids
    }

    pub(crate) fn exists(&self) -> u32 {
        u32::try_from(self.uids.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn recent_count(&self) -> usize {
        self.recent.len()
    }

    pub(crate) fn is_recent(&self, uid: Uid) -> bool {
        self.recent.contains(&uid)
    }

    /// Reports the changes of the folder since the last call. Returns false if the folder was
    /// deleted.
    pub(crate) fn report_changes(
        &mut self,
        folders: &mut Folders,
        expunges: Expunges,
        out: &mut BytesMut,
    ) -> bool {
        let keyword_count = folders.flag_names.keyword_count();
        let Some(folder) = folders.selected_mut(self.id) else {
            return false;
        };
        let has_changes = self.expunges_reported_at != folder.change()
            || self.flags_reported_at != folder.change()
            || self.reported_keyword_count != keyword_count;
        if !has_changes {
            return true;
        }
        if expunges == Expunges::Reported && self.expunges_reported_at != folder.change() {
            self.report_expunges(folder, out);
        }
        self.report_arrivals(folder, out);
        if self.reported_keyword_count != keyword_count {
            self.reported_keyword_count = keyword_count;
            let names: Vec<_> = folders.flag_names.all().collect();
            out.put_slice(format!("* FLAGS ({})\r\n", names.join(" ")).as_bytes());
        }
        if let Some(folder) = folders.selected(self.id) {
            self.report_flag_changes(folder, &folders.flag_names, out);
        }
        true
    }

    /// Marks the current flags as reported, for changes that the command's own response includes.
    pub(crate) fn mark_flags_reported(&mut self, folder: &Folder) {
        self.flags_reported_at = folder.change();
    }

    /// Writes the flags of a message as `FLAGS (…)`.
    pub(crate) fn write_flags(
        &self,
        uid: Uid,
        flags: Flags,
        names: &FlagNames,
        out: &mut BytesMut,
    ) {
        out.put_slice(b"FLAGS (");
        let recent = self.is_recent(uid).then_some("\\Recent");
        for (at, name) in names.of(flags).chain(recent).enumerate() {
            if at > 0 {
                out.put_u8(b' ');
            }
            out.put_slice(name.as_bytes());
        }
        out.put_u8(b')');
    }

    /// Resolves a set to sequence numbers and UIDs, in order. Returns `None` if it contains a
    /// sequence number that does not exist; UIDs that do not exist are skipped.
    pub(crate) fn resolve(&self, set: &SequenceSet, by: By) -> Option<Vec<(u32, Uid)>> {
        let ranges = match by {
            By::SequenceNumber if !set.is_within(self.exists()) => return None,
            By::SequenceNumber => set.ranges(self.exists()),
            By::Uid => set.ranges(super::list::largest_uid(&self.uids).0),
        };
        let mut found = Vec::new();
        for (first, last) in ranges {
            let (start, end) = match by {
                By::SequenceNumber => (position(first.saturating_sub(1)), position(last)),
                By::Uid => (
                    self.uids.partition_point(|uid| uid.0 < first),
                    self.uids.partition_point(|uid| uid.0 <= last),
                ),
            };
            let uids = self.uids.get(start..end).unwrap_or_default();
            found.extend(
                (start + 1..)
                    .zip(uids)
                    .map(|(number, uid)| (narrow(number), *uid)),
            );
        }
        Some(found)
    }

    fn report_expunges(&mut self, folder: &Folder, out: &mut BytesMut) {
        self.expunges_reported_at = folder.change();
        let mut present = folder
            .messages()
            .iter()
            .map(|message| message.uid)
            .peekable();
        let mut number = 1_usize;
        let recent = &mut self.recent;
        self.uids.retain(|uid| {
            while present.next_if(|other| other < uid).is_some() {}
            let is_present = present.peek() == Some(uid);
            if is_present {
                number += 1;
            } else {
                recent.remove(uid);
                out.put_slice(format!("* {number} EXPUNGE\r\n").as_bytes());
            }
            is_present
        });
    }

    fn report_arrivals(&mut self, folder: &mut Folder, out: &mut BytesMut) {
        if folder.uid_next == self.uid_next {
            return;
        }
        let arrived = folder
            .messages_from(self.uid_next)
            .iter()
            .map(|message| message.uid);
        let recent_from = folder.recent_from;
        for uid in arrived {
            self.uids.push(uid);
            if uid >= recent_from {
                self.recent.insert(uid);
            }
        }
        self.uid_next = folder.uid_next;
        if !self.is_read_only {
            folder.recent_from = folder.uid_next;
        }
        out.put_slice(
            format!(
                "* {} EXISTS\r\n* {} RECENT\r\n",
                self.uids.len(),
                self.recent.len()
            )
            .as_bytes(),
        );
    }

    fn report_flag_changes(&mut self, folder: &Folder, names: &FlagNames, out: &mut BytesMut) {
        let reported_at = std::mem::replace(&mut self.flags_reported_at, folder.change());
        if reported_at == folder.change() {
            return;
        }
        for message in folder
            .messages()
            .iter()
            .filter(|message| message.flags_changed_at > reported_at)
        {
            let Ok(at) = self.uids.binary_search(&message.uid) else {
                continue;
            };
            out.put_slice(format!("* {} FETCH (UID {} ", at + 1, message.uid).as_bytes());
            self.write_flags(message.uid, message.flags, names, out);
            if self.reports_mod_seq {
                out.put_slice(format!(" MODSEQ ({})", message.mod_seq).as_bytes());
            }
            out.put_slice(b")\r\n");
        }
    }
}

fn position(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
