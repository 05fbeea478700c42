//! Reads the maildrop, windows of its list, a message, and windows of its parts.

use std::sync::Arc;

use app::api::types::{FolderId, FolderRole, MessageId, PartId, Window};
use bytes::Bytes;
use mail_mime::supplement::Supplements;
use mail_mime::tree::Part;

use super::super::entry::Entry;
use super::super::identity::MessageKey;
use super::super::listing::Listing;
use super::super::local_marks::LocalMarks;
use super::super::messages::{Loaded, Loading, SPLIT_MAX_BYTES, too_large};
use super::super::rows::{RowCache, RowFacts};
use super::Pop3Worker;
use super::session::Session;
use crate::account::error::AccountError;
use crate::account::whole::byte_range;
use crate::clients::pop3::MESSAGE_MAX_BYTES;
use crate::domain::INBOX_ID;
use crate::domain::{self, Folder, FolderList, Opened, Row, Section};

/// The name of the maildrop; the page shows its own name for it.
const INBOX_NAME: &str = "INBOX";

impl Pop3Worker {
    /// Returns the maildrop and the local folders, with their counts.
    pub(super) async fn folders(&mut self) -> Result<FolderList, AccountError> {
        // The page polls this automatically: a refused password is not retried for that.
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        self.refresh_state().await?;
        let refreshed = self.refresh_if_stale().await;
        if self.listing.is_none() {
            refreshed?;
        }
        let (total, unread) = self.counts();
        let inbox = Folder {
            id: FolderId(INBOX_ID.to_owned()),
            name: INBOX_NAME.to_owned(),
            depth: 0,
            role: Some(FolderRole::Inbox),
            is_selectable: true,
            is_pinned: false,
            unread: Some(unread),
            total: Some(total),
        };
        let mut folders = vec![inbox];
        folders.append(&mut self.local_mail.folders(&self.account).await?);
        Ok(FolderList {
            folders,
            left_out: 0,
        })
    }

    /// Returns a window of the list. Needs no session while the listing is fresh and the rows are
    /// cached.
    pub(super) async fn list(
        &mut self,
        folder: &FolderId,
        window: Window,
    ) -> Result<domain::Listing, AccountError> {
        require_inbox(folder)?;
        self.refresh_state().await?;
        match window.offset {
            0 => self.refresh_newest().await?,
            _ => self.refresh_if_stale().await?,
        }
        let limit = window.limit.clamp(1, Window::MAX_LIMIT);
        let rows = self.fetch_rows(window.offset, limit).await?;
        let (total, unread) = self.counts();
        Ok(domain::Listing {
            name: INBOX_NAME.to_owned(),
            role: Some(FolderRole::Inbox),
            total,
            unread: Some(unread),
            offset: window.offset.min(total),
            rows,
        })
    }

    /// Opens a message: reads it whole, unless it is cached.
    pub(super) async fn open(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
    ) -> Result<Opened, AccountError> {
        let key = self.find(folder, message).await?;
        if self.local_marks.is_hidden(key) {
            return Err(AccountError::NotFound);
        }
        let loaded = self.load(key, SPLIT_MAX_BYTES).await?;
        let split = loaded.split()?;
        let body = split.body().await?;
        let listing = self.listing.as_ref().ok_or(AccountError::NotFound)?;
        let message_position =
            MessagePosition::find(listing, &self.local_marks, key).ok_or(AccountError::NotFound)?;
        Ok(Opened {
            id: message.clone(),
            headers: split.headers.clone(),
            root: split.root.clone(),
            body,
            parts: Vec::new(),
            supplements: Supplements::default(),
            marks: self.local_marks.marks(key),
            size_bytes: loaded.raw().len() as u64,
            arrived_unix_ms: None,
            position: message_position.position,
            total: message_position.total,
            newer: message_position.newer.map(MessageKey::id),
            older: message_position.older.map(MessageKey::id),
        })
    }

    /// Returns the type, the encoding and the name of a part.
    pub(super) async fn structure(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        part: &PartId,
    ) -> Result<Part, AccountError> {
        let key = self.find(folder, message).await?;
        let loaded = self.load(key, SPLIT_MAX_BYTES).await?;
        let found = loaded.split()?.root.find(part.as_str()).cloned();
        found.ok_or(AccountError::NotFound)
    }

    /// Returns a window of a message or of one of its parts.
    pub(super) async fn read(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        section: &Section,
        offset: u64,
        max_bytes: u32,
    ) -> Result<Bytes, AccountError> {
        let key = self.find(folder, message).await?;
        let octets = match section {
            Section::Whole => self.load(key, MESSAGE_MAX_BYTES).await?.raw().clone(),
            Section::Part(part) => {
                let loaded = self.load(key, SPLIT_MAX_BYTES).await?;
                loaded
                    .split()?
                    .part(part.as_str())
                    .cloned()
                    .ok_or(AccountError::NotFound)?
            }
        };
        Ok(byte_range(&octets, offset, max_bytes))
    }

    /// Returns the rows of a window, newest first; reads only those that are not cached.
    pub(super) async fn fetch_rows(
        &mut self,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<Row>, AccountError> {
        let known = self
            .listing
            .as_ref()
            .map(|listing| window(listing, &self.local_marks, offset, limit));
        let mut entries = known.unwrap_or_default();
        if self.listing.is_none() || entries.iter().any(|entry| !self.rows.contains(entry)) {
            self.session().await?;
            let Self {
                session: Some(session),
                local_marks,
                rows,
                ..
            } = self
            else {
                return Err(AccountError::SignedOut);
            };
            entries = window(&session.listing, local_marks, offset, limit);
            read_headers(session, rows, &entries).await?;
        }
        let rows = (offset..).zip(&entries);
        let rows = rows.map(|(position, entry)| self.row(entry, position));
        Ok(rows.collect())
    }

    /// Returns the rows of messages, in the order of `messages`. Messages that no longer exist have
    /// none.
    pub(super) async fn rows(
        &mut self,
        folder: &FolderId,
        messages: &[MessageId],
    ) -> Result<Vec<Row>, AccountError> {
        require_inbox(folder)?;
        self.refresh_state().await?;
        let keys: Vec<MessageKey> = messages.iter().filter_map(MessageKey::parse).collect();
        let known = self.listing.as_ref();
        let mut entries = known.map_or(Vec::new(), |listing| entries_of(listing, &keys));
        if entries.iter().any(|entry| !self.rows.contains(entry)) {
            self.session().await?;
            let Self {
                session: Some(session),
                rows,
                ..
            } = self
            else {
                return Err(AccountError::SignedOut);
            };
            entries = entries_of(&session.listing, &keys);
            read_headers(session, rows, &entries).await?;
        }
        entries.retain(|entry| !self.local_marks.is_hidden(entry.key));
        Ok(entries.iter().map(|entry| self.row(entry, 0)).collect())
    }

    fn row(&mut self, entry: &Entry, position: u32) -> Row {
        let marks = self.local_marks.marks(entry.key);
        match self.rows.facts(entry) {
            Some(facts) => facts.row(entry.key, position, marks),
            // The server did not return its header. It may still return the message.
            None => RowFacts::unknown(entry.size_bytes).row(entry.key, position, marks),
        }
    }

    /// Returns how many messages are shown, and how many of them are unread.
    pub(super) fn counts(&self) -> (u32, u32) {
        let Some(listing) = &self.listing else {
            return (0, 0);
        };
        shown(listing, &self.local_marks).fold((0, 0), |(total, unread), entry| {
            (
                total + 1,
                unread + u32::from(!self.local_marks.marks(entry.key).is_seen),
            )
        })
    }

    /// Returns the message of the page's message id, if the maildrop has it.
    pub(super) async fn find(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
    ) -> Result<MessageKey, AccountError> {
        require_inbox(folder)?;
        let key = MessageKey::parse(message).ok_or(AccountError::NotFound)?;
        self.refresh_state().await?;
        let has = |listing: &Option<Arc<Listing>>| {
            listing
                .as_ref()
                .is_some_and(|listing| listing.entry(key).is_some())
        };
        if !has(&self.listing) {
            self.refresh_if_stale().await?;
        }
        if has(&self.listing) {
            Ok(key)
        } else {
            Err(AccountError::NotFound)
        }
    }

    /// Returns a whole message, from the cache or from the server.
    async fn load(&mut self, key: MessageKey, max_bytes: u64) -> Result<Arc<Loaded>, AccountError> {
        if let Some(loaded) = self.messages.find(key) {
            return Ok(loaded);
        }
        let listed = self.listing.as_ref().and_then(|listing| listing.entry(key));
        if let Some(entry) = listed.filter(|entry| entry.size_bytes > max_bytes) {
            return Err(too_large(entry.size_bytes));
        }
        self.session().await?;
        let Self {
            session: Some(session),
            messages,
            rows,
            ..
        } = self
        else {
            return Err(AccountError::SignedOut);
        };
        let entry = *session.listing.entry(key).ok_or(AccountError::NotFound)?;
        messages.make_room(entry.size_bytes);
        let mut loading = Loading::begin(entry.size_bytes, &self.budget).await?;
        session
            .connection
            .retrieve(entry.number, |bytes| loading.push(&bytes))
            .await?;
        let loaded = Arc::new(loading.finish().await?);
        if let Ok(split) = loaded.split() {
            let has_attachment = split.root.has_attachment();
            rows.put(
                &entry,
                RowFacts::of(&split.headers, entry.size_bytes, has_attachment),
            );
        }
        messages.put(key, Arc::clone(&loaded));
        Ok(loaded)
    }
}

/// Fails for any folder other than INBOX.
pub(super) fn require_inbox(folder: &FolderId) -> Result<(), AccountError> {
    if folder.as_str() == INBOX_ID {
        Ok(())
    } else {
        Err(AccountError::NotFound)
    }
}

/// Reads the headers of those messages whose rows are not cached.
async fn read_headers(
    session: &mut Session,
    rows: &mut RowCache,
    entries: &[Entry],
) -> Result<(), AccountError> {
    let unknown: Vec<&Entry> = entries
        .iter()
        .filter(|entry| !rows.contains(entry))
        .collect();
    let messages: Vec<_> = unknown
        .iter()
        .map(|entry| (entry.number, entry.size_bytes))
        .collect();
    let headers = session.connection.headers(&messages, |nth, header| {
        if let Some(entry) = unknown.get(nth) {
            rows.put(entry, RowFacts::read(header, entry.size_bytes));
        }
    });
    Ok(headers.await?)
}

/// Returns those messages of a listing that have one of these keys, in the order of the keys.
fn entries_of(listing: &Listing, keys: &[MessageKey]) -> Vec<Entry> {
    let entries = keys.iter().filter_map(|key| listing.entry(*key));
    entries.copied().collect()
}

/// Returns the messages that are not pending deletion, newest first.
fn shown<'a>(listing: &'a Listing, local_marks: &'a LocalMarks) -> impl Iterator<Item = &'a Entry> {
    listing
        .newest_first()
        .filter(|entry| !local_marks.is_hidden(entry.key))
}

fn window(listing: &Listing, local_marks: &LocalMarks, offset: u32, limit: u32) -> Vec<Entry> {
    let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
    let taken = usize::try_from(limit).unwrap_or(usize::MAX);
    shown(listing, local_marks)
        .skip(skipped)
        .take(taken)
        .copied()
        .collect()
}

/// The position of a message among those that are shown.
struct MessagePosition {
    position: u32,
    total: u32,
    newer: Option<MessageKey>,
    older: Option<MessageKey>,
}

impl MessagePosition {
    fn find(listing: &Listing, local_marks: &LocalMarks, key: MessageKey) -> Option<Self> {
        let mut position: Option<Self> = None;
        let (mut total, mut newer) = (0_u32, None);
        for entry in shown(listing, local_marks) {
            match &mut position {
                None if entry.key == key => {
                    position = Some(Self {
                        position: total,
                        total: 0,
                        newer,
                        older: None,
                    });
                }
                Some(found) if found.position + 1 == total => found.older = Some(entry.key),
                _ => {}
            }
            newer = Some(entry.key);
            total += 1;
        }
        position.map(|position| Self { total, ..position })
    }
}
