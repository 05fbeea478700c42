//! The commands on messages: `FETCH`, `SEARCH`, `COPY`, `MOVE`, `EXPUNGE`, `APPEND`.

use bytes::{BufMut, Bytes, BytesMut};

use super::super::fetch::FetchItem;
use super::super::list;
use super::super::search::{Candidate, Largest, Search, SearchKey};
use super::super::search_return::{Found, SearchReturn};
use super::super::selected::Expunges;
use super::super::sequence_set::{By, SequenceSet, UidSet};
use super::store_flags::flags_named;
use super::{DELETED_FOLDER, NO_SUCH_MESSAGE, READ_ONLY, Reply, Session};
use crate::clock;
use crate::message::{Part, has_only_crlf};
use crate::store::{Flags, Source, Uid, UidValidity};
use crate::wire::WireError;

const TRY_CREATE: &str = "[TRYCREATE] there is no such mailbox";

/// Whether the copied messages stay in the source folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Originals {
    Retained,
    Removed,
}

impl Session {
    pub(super) async fn fetch(
        &mut self,
        set: &SequenceSet,
        mut items: Vec<FetchItem>,
        changed_since: Option<u64>,
        by: By,
    ) -> Result<Reply, WireError> {
        let Some(mut messages) = self.resolve(set, by) else {
            return Ok(NO_SUCH_MESSAGE);
        };
        if let Some(mod_seq) = changed_since {
            self.retain_by_mod_seq(&mut messages, |changed_at| changed_at > mod_seq);
            if !items.contains(&FetchItem::ModSeq) {
                items.push(FetchItem::ModSeq);
            }
        }
        let items = items.as_slice();
        let Some(newly_seen) = self.mark_seen(items, &messages) else {
            return Ok(Reply::no(DELETED_FOLDER));
        };
        let mut all_found = true;
        for (number, uid) in messages {
            let is_newly_seen = newly_seen.binary_search(&uid).is_ok();
            let response = self.fetch_response(number, uid, items, by, is_newly_seen);
            all_found &= response.is_some();
            self.wire.push(response.unwrap_or_default());
            self.wire.flush_if_large().await?;
        }
        // An expunged UID is not an error; a sequence number is valid until EXPUNGE (RFC 2180
        // §4.1.2).
        Ok(if all_found || by == By::Uid {
            Reply::ok("FETCH done")
        } else {
            Reply::no("[EXPUNGEISSUED] some of the messages are gone")
        })
    }

    /// Sets `\Seen` if an item requires it; returns the sorted UIDs that were unread.
    fn mark_seen(&mut self, items: &[FetchItem], messages: &[(u32, Uid)]) -> Option<Vec<Uid>> {
        let selected = self.selected.as_mut()?;
        if selected.is_read_only || !items.iter().any(FetchItem::sets_seen) {
            return Some(Vec::new());
        }
        let mut folders = self.service.store.folders();
        let mut out = BytesMut::new();
        // Reports the changes of other sessions first: afterwards only the flags of this response
        // are new.
        selected.report_changes(&mut folders, Expunges::Deferred, &mut out);
        self.wire.push(out);
        let folder = folders.selected_mut(selected.id)?;
        let is_unread = |uid: &Uid| {
            folder
                .find(*uid)
                .is_some_and(|message| !message.flags.has(Flags::SEEN))
        };
        let unread: Vec<_> = messages
            .iter()
            .map(|(_, uid)| *uid)
            .filter(is_unread)
            .collect();
        folder.set_flags(&unread, |flags| flags | Flags::SEEN);
        selected.mark_flags_reported(folder);
        Some(unread)
    }

    fn fetch_response(
        &mut self,
        number: u32,
        uid: Uid,
        items: &[FetchItem],
        by: By,
        is_newly_seen: bool,
    ) -> Option<BytesMut> {
        let selected = self.selected.as_ref()?;
        let mut flags = BytesMut::new();
        let (internal_unix_ms, size_bytes, source, mod_seq, email_id);
        {
            let folders = self.service.store.folders();
            let message = folders.selected(selected.id)?.find(uid)?;
            selected.write_flags(uid, message.flags, &folders.flag_names, &mut flags);
            internal_unix_ms = message.internal_unix_ms;
            mod_seq = message.mod_seq;
            email_id = message.email_id;
            // Measuring a generated message generates it, so it is done on request only.
            size_bytes = items
                .contains(&FetchItem::Rfc822Size)
                .then(|| message.size_bytes());
            source = items
                .iter()
                .any(FetchItem::needs_message)
                .then(|| message.source.clone());
        }
        if is_newly_seen && selected.reports_mod_seq && !items.contains(&FetchItem::ModSeq) {
            flags.put_slice(format!(" MODSEQ ({mod_seq})").as_bytes());
        }
        let id = selected.id;
        let read = source.map(|source| self.read(id, uid, &source));
        let mut out = BytesMut::from(format!("* {number} FETCH (").as_bytes());
        let adds_uid = by == By::Uid && !items.contains(&FetchItem::Uid);
        let adds_flags = is_newly_seen && !items.contains(&FetchItem::Flags);
        if adds_uid {
            out.put_slice(format!("UID {uid} ").as_bytes());
        }
        for item in items {
            match item {
                FetchItem::Flags => out.put_slice(&flags),
                FetchItem::InternalDate => {
                    let date = clock::imap_date_time(internal_unix_ms);
                    out.put_slice(format!("INTERNALDATE \"{date}\"").as_bytes());
                }
                FetchItem::Rfc822Size => {
                    out.put_slice(format!("RFC822.SIZE {}", size_bytes.unwrap_or(0)).as_bytes())
                }
                FetchItem::Uid => out.put_slice(format!("UID {uid}").as_bytes()),
                FetchItem::ModSeq => out.put_slice(format!("MODSEQ ({mod_seq})").as_bytes()),
                FetchItem::EmailId => out.put_slice(format!("EMAILID ({email_id})").as_bytes()),
                FetchItem::ThreadId => out.put_slice(b"THREADID NIL"),
                other => {
                    if let Some((message, root)) = read {
                        other.write(message, root, &mut out);
                    }
                }
            }
            out.put_u8(b' ');
        }
        if adds_flags {
            out.put_slice(&flags);
        } else {
            out.truncate(out.len().saturating_sub(1));
        }
        out.put_slice(b")\r\n");
        Some(out)
    }

    /// Reads a message, or returns it from the cache of the last read.
    fn read(&mut self, id: UidValidity, uid: Uid, source: &Source) -> (&Bytes, &Part) {
        let cached = self
            .last_read
            .take()
            .filter(|(cached_id, cached_uid, ..)| (*cached_id, *cached_uid) == (id, uid));
        let read = cached.unwrap_or_else(|| {
            let message = source.rfc822();
            let root = Part::parse(&message);
            (id, uid, message, root)
        });
        let (_, _, message, root) = self.last_read.insert(read);
        (message, root)
    }

    /// `returns`: the tag and the options of a client that sent `RETURN`.
    pub(super) async fn search(
        &mut self,
        returns: Option<(&str, SearchReturn)>,
        charset: Option<&str>,
        key: SearchKey,
        by: By,
    ) -> Reply {
        if charset.is_some_and(|charset| !matches!(charset, "UTF-8" | "US-ASCII")) {
            return Reply::no("[BADCHARSET (UTF-8 US-ASCII)] this charset is not known");
        }
        let needs_messages = key.needs_messages();
        let includes_mod_seq = key.requests_mod_seq();
        let Some((search, candidates)) = self.candidates(key) else {
            return Reply::no(DELETED_FOLDER);
        };
        let evaluate = move || -> Vec<Found> {
            let found = candidates
                .iter()
                .filter(|candidate| search.matches(candidate));
            found
                .map(|candidate| Found {
                    number: candidate.number,
                    uid: candidate.uid,
                    mod_seq: candidate.mod_seq,
                })
                .collect()
        };
        // Reading every message takes time and must not block other sessions.
        let evaluated = if needs_messages {
            tokio::task::spawn_blocking(evaluate).await
        } else {
            Ok(evaluate())
        };
        let Ok(found) = evaluated else {
            return Reply::no("[SERVERBUG] the search failed");
        };
        self.wire.push(match returns {
            Some((tag, returns)) => returns.write(tag, by, &found, includes_mod_seq),
            None => Found::write_all(&found, by, includes_mod_seq),
        });
        Reply::ok("SEARCH done")
    }

    fn candidates(&self, key: SearchKey) -> Option<(Search, Vec<Candidate>)> {
        let selected = self.selected.as_ref()?;
        let folders = self.service.store.folders();
        let folder = folders.selected(selected.id)?;
        let largest = Largest {
            number: selected.exists(),
            uid: list::largest_uid(selected.uids()),
        };
        let candidate = |(number, uid): (u32, &Uid)| {
            let message = folder.find(*uid)?;
            Some(Candidate {
                number,
                uid: *uid,
                flags: message.flags,
                is_recent: selected.is_recent(*uid),
                internal_unix_ms: message.internal_unix_ms,
                mod_seq: message.mod_seq,
                email_id: message.email_id,
                source: message.source.clone(),
            })
        };
        let candidates = (1..).zip(selected.uids()).filter_map(candidate).collect();
        Some((
            key.resolved(largest, |name| folders.flag_names.find(name)),
            candidates,
        ))
    }

    pub(super) fn copy(&mut self, set: &SequenceSet, to: &str, by: By) -> Reply {
        match self.transfer(set, to, by, Originals::Retained) {
            Ok(Some(code)) => Reply::Ok(format!("{code} COPY done")),
            Ok(None) => Reply::ok("COPY done, of nothing"),
            Err(refused) => refused,
        }
    }

    pub(super) fn move_to(&mut self, set: &SequenceSet, to: &str, by: By) -> Reply {
        if self
            .selected
            .as_ref()
            .is_some_and(|selected| selected.is_read_only)
        {
            return Reply::no(READ_ONLY);
        }
        match self.transfer(set, to, by, Originals::Removed) {
            Ok(Some(code)) => {
                // RFC 6851 §4.3: the code precedes the EXPUNGE responses.
                self.wire.push(format!("* OK {code} moved\r\n"));
                Reply::ok("MOVE done")
            }
            Ok(None) => Reply::ok("MOVE done, of nothing"),
            Err(refused) => refused,
        }
    }

    /// Copies all messages or none. Returns the `COPYUID` code; `None` if there are no messages.
    fn transfer(
        &mut self,
        set: &SequenceSet,
        to: &str,
        by: By,
        originals: Originals,
    ) -> Result<Option<String>, Reply> {
        let messages = self.resolve(set, by).ok_or(NO_SUCH_MESSAGE)?;
        let id = self
            .selected
            .as_ref()
            .ok_or_else(|| Reply::no(DELETED_FOLDER))?
            .id;
        let mut folders = self.service.store.folders();
        let folder = folders
            .selected(id)
            .ok_or_else(|| Reply::no(DELETED_FOLDER))?;
        let found = messages.iter().filter_map(|(_, uid)| folder.find(*uid));
        let copies: Vec<_> = found
            .map(|message| {
                (
                    message.uid,
                    message.email_id,
                    message.source.clone(),
                    message.flags,
                    message.internal_unix_ms,
                )
            })
            .collect();
        let target = folders.find_mut(to).ok_or_else(|| Reply::no(TRY_CREATE))?;
        let mut from_uids = Vec::new();
        let mut to_uids = Vec::new();
        for (uid, email_id, source, flags, internal_unix_ms) in copies {
            from_uids.push(uid);
            to_uids.push(target.append_copy(email_id, source, flags, internal_unix_ms));
        }
        let target_id = target.uid_validity;
        if originals == Originals::Removed
            && let Some(folder) = folders.selected_mut(id)
        {
            folder.expunge(&from_uids);
        }
        if to_uids.is_empty() || !self.service.has("UIDPLUS") {
            return Ok(None);
        }
        Ok(Some(format!(
            "[COPYUID {target_id} {} {}]",
            UidSet(&from_uids),
            UidSet(&to_uids)
        )))
    }

    /// Removes the messages with `\Deleted`: all, or only those of a UID set (RFC 4315 §2.1).
    pub(super) fn expunge(&mut self, uids: Option<&SequenceSet>) -> Reply {
        if self
            .selected
            .as_ref()
            .is_some_and(|selected| selected.is_read_only)
        {
            return Reply::no(READ_ONLY);
        }
        let among = match uids {
            Some(set) => self
                .resolve(set, By::Uid)
                .map(|found| found.into_iter().map(|(_, uid)| uid).collect()),
            None => self
                .selected
                .as_ref()
                .map(|selected| selected.uids().to_vec()),
        };
        self.remove_deleted(&among.unwrap_or_default());
        Reply::ok("EXPUNGE done")
    }

    /// Runs `CLOSE`: like `EXPUNGE`, but without responses, and a read-only folder is not changed.
    pub(super) fn remove_deleted_silently(&mut self) {
        if let Some(selected) = self
            .selected
            .as_ref()
            .filter(|selected| !selected.is_read_only)
        {
            let among = selected.uids().to_vec();
            self.remove_deleted(&among);
        }
    }

    fn remove_deleted(&mut self, among: &[Uid]) {
        let Some(selected) = &self.selected else {
            return;
        };
        let mut folders = self.service.store.folders();
        let Some(folder) = folders.selected_mut(selected.id) else {
            return;
        };
        let is_deleted = |uid: &Uid| {
            folder
                .find(*uid)
                .is_some_and(|message| message.flags.has(Flags::DELETED))
        };
        let deleted: Vec<_> = among.iter().copied().filter(is_deleted).collect();
        folder.expunge(&deleted);
    }

    pub(super) fn append(
        &mut self,
        name: &str,
        flags: &[String],
        internal_unix_ms: Option<i64>,
        message: Bytes,
    ) -> Reply {
        if message.is_empty() {
            return Reply::no("[CANNOT] the message is empty");
        }
        if !has_only_crlf(&message) {
            return Reply::no("[CANNOT] a line must end with CRLF");
        }
        let internal_unix_ms = internal_unix_ms.unwrap_or_else(|| self.service.clock.now_unix_ms());
        let mut folders = self.service.store.folders();
        if folders.find(name).is_none() {
            return Reply::no(TRY_CREATE);
        }
        let Some(flags) = flags_named(flags, &mut folders.flag_names) else {
            return Reply::no("[LIMIT] this flag cannot be kept");
        };
        let Some(folder) = folders.find_mut(name) else {
            return Reply::no(TRY_CREATE);
        };
        let uid = folder.append(Source::Stored(message), flags, internal_unix_ms);
        if !self.service.has("UIDPLUS") {
            return Reply::ok("APPEND done");
        }
        Reply::Ok(format!(
            "[APPENDUID {} {uid}] APPEND done",
            folder.uid_validity
        ))
    }

    pub(super) fn resolve(&self, set: &SequenceSet, by: By) -> Option<Vec<(u32, Uid)>> {
        self.selected.as_ref()?.resolve(set, by)
    }
}
