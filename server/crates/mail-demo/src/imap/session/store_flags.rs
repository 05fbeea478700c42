//! `STORE`: sets flags, optionally only of unchanged messages (RFC 7162 §3.1.3).

use bytes::{BufMut, BytesMut};

use super::super::command::FlagChange;
use super::super::selected::Expunges;
use super::super::sequence_set::{By, SequenceSet, UidSet};
use super::{DELETED_FOLDER, NO_SUCH_MESSAGE, READ_ONLY, Reply, Session};
use crate::store::{FlagNames, Flags, Uid};

/// The parameters of a `STORE`.
pub(super) struct FlagStore<'a> {
    pub(super) change: FlagChange,
    pub(super) names: &'a [String],
    /// Messages changed after this modification sequence are skipped (RFC 7162 §3.1.3).
    pub(super) unchanged_since: Option<u64>,
    pub(super) is_silent: bool,
}

impl Session {
    pub(super) fn store(&mut self, set: &SequenceSet, store: &FlagStore<'_>, by: By) -> Reply {
        let Some(mut messages) = self.resolve(set, by) else {
            return NO_SUCH_MESSAGE;
        };
        let mut modified = Vec::new();
        if let Some(mod_seq) = store.unchanged_since {
            let all = messages.clone();
            self.retain_by_mod_seq(&mut messages, |changed_at| changed_at <= mod_seq);
            modified.extend(
                all.into_iter()
                    .filter(|one| messages.binary_search(one).is_err()),
            );
        }
        let Some(selected) = &mut self.selected else {
            return Reply::no(DELETED_FOLDER);
        };
        if selected.is_read_only {
            return Reply::no(READ_ONLY);
        }
        let mut out = BytesMut::new();
        let mut folders = self.service.store.folders();
        let flags = match store.change {
            // Removing an unknown keyword does not create it.
            FlagChange::Remove => Some(
                store
                    .names
                    .iter()
                    .filter_map(|name| folders.flag_names.find(name))
                    .fold(Flags::NONE, |all, flag| all | flag),
            ),
            _ => flags_named(store.names, &mut folders.flag_names),
        };
        let Some(flags) = flags else {
            return Reply::no("[LIMIT] this flag cannot be kept");
        };
        // Reports the changes of other sessions first, so that the responses below are of this
        // command.
        selected.report_changes(&mut folders, Expunges::Deferred, &mut out);
        let mut responses = Vec::new();
        if let Some(folder) = folders.selected_mut(selected.id) {
            let uids: Vec<_> = messages.iter().map(|(_, uid)| *uid).collect();
            folder.set_flags(&uids, |before| match store.change {
                FlagChange::Replace => flags,
                FlagChange::Add => before | flags,
                FlagChange::Remove => before & !flags,
            });
            selected.mark_flags_reported(folder);
            // `.SILENT` suppresses FLAGS only: a CONDSTORE client still receives the new MODSEQ.
            if !store.is_silent || selected.reports_mod_seq {
                let present = messages
                    .iter()
                    .filter_map(|(number, uid)| Some((*number, folder.find(*uid)?)));
                responses.extend(present.map(|(number, message)| {
                    (number, message.uid, message.flags, message.mod_seq)
                }));
            }
        }
        for (number, uid, flags, mod_seq) in responses {
            let mut items = Vec::new();
            if by == By::Uid {
                items.push(format!("UID {uid}"));
            }
            if !store.is_silent {
                let mut written = BytesMut::new();
                selected.write_flags(uid, flags, &folders.flag_names, &mut written);
                items.push(String::from_utf8_lossy(&written).into_owned());
            }
            if selected.reports_mod_seq {
                items.push(format!("MODSEQ ({mod_seq})"));
            }
            out.put_slice(format!("* {number} FETCH ({})\r\n", items.join(" ")).as_bytes());
        }
        drop(folders);
        self.wire.push(out);
        if modified.is_empty() {
            return Reply::ok("STORE done");
        }
        let modified_uids = modified.iter().map(|(number, uid)| match by {
            By::Uid => *uid,
            By::SequenceNumber => Uid(*number),
        });
        let modified_uids: Vec<Uid> = modified_uids.collect();
        Reply::Ok(format!("[MODIFIED {}] STORE done", UidSet(&modified_uids)))
    }
}

pub(super) fn flags_named(names: &[String], known: &mut FlagNames) -> Option<Flags> {
    names.iter().try_fold(Flags::NONE, |all, name| {
        Some(all | known.find_or_add(name)?)
    })
}
