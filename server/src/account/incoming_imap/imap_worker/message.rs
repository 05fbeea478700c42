//! Reads a message, and windows of its parts.
//!
//! A message whose server-side description cannot be used is fetched whole and parsed here. Its
//! parts then have our own numbers: the server may number them otherwise.

use std::sync::Arc;

use app::api::types::{FolderId, MessageId, PartId};
use bytes::{Bytes, BytesMut};
use mail_mime::supplement::Supplements;
use mail_mime::tree::Part;
use mail_net::Phase;
use mail_proto::imap::{
    Command, FetchItem, SearchKey, Section as ImapSection, SequenceNumber, SequenceSet, Status, Uid,
};

use super::super::described;
use super::super::selected::{ImapConnection, uid_of};
use super::ImapWorker;
use super::fetched::{Fetched, first_window, part_section, peek, peek_text};
use crate::account::error::AccountError;
use crate::account::texts::Texts;
use crate::account::whole::{Split, byte_range, opaque_root};
use crate::clients::ClientError;
use crate::clients::budget::Share;
use crate::clients::imap::WINDOW_BYTES;
use crate::domain::{Opened, OpenedBody, Section};

/// Maximum size of a fetched header, in bytes: the MIME limit.
const HEADER_MAX_BYTES: u32 = 1 << 20;
/// A message without a usable structure is fetched whole up to this size, in bytes.
const WHOLE_MAX_BYTES: usize = 8 << 20;
/// Number of texts that are requested when a message is opened; further ones only once there is
/// room for them.
const FIRST_TEXTS: usize = 8;
/// Prefix of a part number that was assigned here, not by the server.
const OWN_PART: char = 'w';

/// A message that was fetched whole.
pub(super) struct CachedWhole {
    message: MessageId,
    folder: FolderId,
    split: Arc<Split>,
    /// Its share of the process's memory budget.
    _share: Share,
}

/// What is fetched when a message is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FetchMode {
    /// The structure, and the parts that are shown.
    Described,
    /// The whole message.
    Whole,
}

impl ImapWorker {
    /// Opens a message: its header, its structure and the text that is shown.
    ///
    /// If the server's description of it is over the limit, refused, left out or unusable, the
    /// message is fetched whole.
    pub(super) async fn open(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
    ) -> Result<Opened, AccountError> {
        let error = match self.try_open(folder, message, FetchMode::Described).await {
            Err(error) if error.is_over_limit() => {
                self.forget_connection();
                error
            }
            Err(
                error
                @ (AccountError::Client(ClientError::Refused { .. }) | AccountError::Withheld),
            ) if !self.is_over() => error,
            result => return result,
        };
        match self.try_open(folder, message, FetchMode::Whole).await {
            // The first error is more specific than the refusal of the fallback.
            Err(AccountError::Client(ClientError::Refused { .. }) | AccountError::Withheld)
                if !error.is_over_limit() =>
            {
                Err(error)
            }
            result => result,
        }
    }

    /// Whether there is no connection, or the server ended it.
    fn is_over(&self) -> bool {
        self.open_connection().is_none_or(ImapConnection::is_over)
    }

    async fn try_open(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        mode: FetchMode,
    ) -> Result<Opened, AccountError> {
        let mailbox = self.shared.wire_name(folder)?;
        self.select(&mailbox).await?;
        self.arrange().await?;
        let connection = self.connection().await?;
        let uid = uid_of(connection, message)?;
        let row = connection.selected().and_then(|s| s.row(uid));
        let is_opaque = mode == FetchMode::Whole || row.is_some_and(|row| row.is_opaque);
        let known = row.and_then(|row| row.structure().cloned());
        let known = known.filter(|_| !is_opaque);
        let mut items = vec![
            FetchItem::Uid,
            FetchItem::Flags,
            FetchItem::InternalDate,
            FetchItem::Rfc822Size,
            peek(ImapSection::header(), 0, HEADER_MAX_BYTES),
        ];
        match &known {
            // One round trip: the structure is already known.
            Some(root) => {
                for (nth, part) in root.readable().texts.iter().take(FIRST_TEXTS).enumerate() {
                    items.push(peek_text(connection, part, 0, first_window(nth))?);
                }
            }
            None if is_opaque => {}
            None => items.push(FetchItem::BodyStructure),
        }
        let more = neighbours(connection, uid);
        let opened =
            match mode {
                FetchMode::Described => self.fetch_message(uid, items, more).await.map(Some),
                // Only the message itself is required.
                FetchMode::Whole => match self.fetch_message(uid, items, more).await {
                    Err(
                        AccountError::Client(ClientError::Refused { .. }) | AccountError::Withheld,
                    ) if !self.is_over() => Ok(None),
                    result => result.map(Some),
                },
            };
        let opened = opened?;
        let facts = opened.as_ref().map(Fetched::facts).unwrap_or_default();
        let mut headers = opened.as_ref().map(Fetched::headers).unwrap_or_default();
        let root = known.or_else(|| {
            opened
                .as_ref()?
                .data
                .body_structure()
                .map(described::part_of)
        });
        let root = root.filter(|root| !facts.has_text_missing_from(root));
        let (root, body) = match (root, opened) {
            (Some(root), Some(opened)) => {
                if let Some(charset) = root.text_charset() {
                    headers.assume_charset(charset);
                }
                let body = self.read_texts(uid, &root, opened).await?;
                (root, body)
            }
            // The server's description is unusable: parse the message itself.
            (_, opened) => {
                drop(opened);
                match self.read_whole(folder, message, uid).await? {
                    Some(split) => {
                        headers = split.headers.clone();
                        (own_root(&split.root), split.body().await?)
                    }
                    None => (opaque_root(facts.size_bytes), OpenedBody::OverLimits),
                }
            }
        };
        let connection = self.connection().await?;
        let selected = connection.selected_mut().ok_or(AccountError::Withheld)?;
        let total = selected.exists();
        let rank = selected.rank_of(uid).unwrap_or(total);
        let mut id_at = |rank: u32| {
            let uid = selected.uid_shown_at(rank)?;
            Some(selected.message_id(uid))
        };
        Ok(Opened {
            id: message.clone(),
            headers,
            root,
            body,
            supplements: Supplements::default(),
            marks: facts.marks,
            size_bytes: facts.size_bytes,
            arrived_unix_ms: facts.arrived_unix_ms,
            position: total.saturating_sub(rank),
            total,
            newer: id_at(rank.saturating_add(1)),
            older: id_at(rank.saturating_sub(1)),
        })
    }

    /// Returns the type, the encoding and the name of a part.
    pub(super) async fn structure(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        part: &PartId,
    ) -> Result<Part, AccountError> {
        let mailbox = self.shared.wire_name(folder)?;
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        let uid = uid_of(connection, message)?;
        let found = |root: &Part| {
            let found = root.find(part.as_str()).cloned();
            found.ok_or(AccountError::NotFound)
        };
        if part.as_str().starts_with(OWN_PART) {
            let split = self.read_whole(folder, message, uid).await?;
            return found(&own_root(&split.ok_or(AccountError::NotFound)?.root));
        }
        let row = connection.selected().and_then(|s| s.row(uid));
        if let Some(structure) = row.and_then(|row| row.structure()) {
            return found(structure);
        }
        let items = vec![FetchItem::Uid, FetchItem::BodyStructure];
        let fetched = self.fetch_message(uid, items, None).await?;
        let structure = fetched.data.body_structure();
        found(
            &structure
                .map(described::part_of)
                .ok_or(AccountError::Withheld)?,
        )
    }

    /// Returns a window of a section.
    pub(super) async fn read(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        section: &Section,
        offset: u64,
        max_bytes: u32,
    ) -> Result<Bytes, AccountError> {
        let mailbox = self.shared.wire_name(folder)?;
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        let uid = uid_of(connection, message)?;
        let section = match section {
            Section::Whole => ImapSection::message(),
            Section::Part(PartId(part)) => match part.strip_prefix(OWN_PART) {
                Some(own) => {
                    let split = self.read_whole(folder, message, uid).await?;
                    let octets = split.and_then(|split| split.part(own).cloned());
                    let octets = octets.ok_or(AccountError::NotFound)?;
                    return Ok(byte_range(&octets, offset, max_bytes));
                }
                None => part_section(part)?,
            },
        };
        self.read_window(uid, section, offset, max_bytes).await
    }

    async fn read_window(
        &mut self,
        uid: Uid,
        section: ImapSection,
        offset: u64,
        max_bytes: u32,
    ) -> Result<Bytes, AccountError> {
        let items = vec![FetchItem::Uid, peek(section.clone(), offset, max_bytes)];
        let fetched = self.fetch_message(uid, items, None).await?;
        Ok(fetched.body(&section).unwrap_or_default())
    }

    /// Fetches a message whole and splits it here, unless it is cached; `None` if it is too large.
    async fn read_whole(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        uid: Uid,
    ) -> Result<Option<Arc<Split>>, AccountError> {
        if let Some(cached) = &self.whole
            && cached.message == *message
            && cached.folder == *folder
        {
            return Ok(Some(Arc::clone(&cached.split)));
        }
        self.whole = None;
        let mut share = self.shared.budget.share();
        let mut raw = BytesMut::new();
        loop {
            let offset = raw.len() as u64;
            let section = ImapSection::message();
            let window = self.read_window(uid, section, offset, WINDOW_BYTES).await?;
            share.grow_to((raw.len() + window.len()) as u64)?;
            raw.extend_from_slice(&window);
            if window.len() < WINDOW_BYTES as usize {
                break;
            }
            if raw.len() >= WHOLE_MAX_BYTES {
                return Ok(None);
            }
        }
        let split = Arc::new(Split::of(raw.freeze()).await?);
        self.whole = Some(CachedWhole {
            message: message.clone(),
            folder: folder.clone(),
            split: Arc::clone(&split),
            _share: share,
        });
        Ok(Some(split))
    }

    /// Decodes the texts of a message; fetches on where the first window is missing or was full.
    async fn read_texts(
        &mut self,
        uid: Uid,
        root: &Part,
        opened: Fetched,
    ) -> Result<OpenedBody, AccountError> {
        let mut texts = Texts::default();
        for (nth, part) in root.readable().texts.into_iter().enumerate() {
            if texts.is_full() {
                break;
            }
            texts.begin(part);
            let mut first = opened.text(part);
            let mut offset = 0_u64;
            loop {
                let (window, max_bytes) = match first.take() {
                    Some(window) => (window, first_window(nth)),
                    None => {
                        let connection = self.connection().await?;
                        let item = peek_text(connection, part, offset, WINDOW_BYTES)?;
                        let items = vec![FetchItem::Uid, item];
                        let fetched = self.fetch_message(uid, items, None).await?;
                        (fetched.text(part).unwrap_or_default(), WINDOW_BYTES)
                    }
                };
                texts.push(&window);
                offset = offset.saturating_add(window.len() as u64);
                // A window shorter than requested is the last one; the size in BODYSTRUCTURE is not
                // relied on.
                if window.len() < max_bytes as usize || texts.is_full() {
                    break;
                }
            }
        }
        Ok(texts.finish())
    }

    /// Fetches items of one message, with further commands in the same flight.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if the server reports that the message is expunged;
    /// [`ClientError::Refused`] if it refused; [`AccountError::Withheld`] if it did neither and did
    /// not return all requested items.
    async fn fetch_message(
        &mut self,
        uid: Uid,
        items: Vec<FetchItem>,
        more: Option<Command>,
    ) -> Result<Fetched, AccountError> {
        let connection = self.connection().await?;
        let by_uid = Command::Fetch {
            set: SequenceSet::single(uid),
            uid: true,
            items: items.clone(),
        };
        let commands = std::iter::once(by_uid).chain(more).collect();
        let responses = connection.run_raw(commands, Phase::Body).await?;
        let refused = responses.completions.first();
        let refused = refused.filter(|done| done.status != Some(Status::Ok));
        let refusal = refused.map(|refused| connection.refusal(refused));
        match (Fetched::of(responses, uid, &items), refusal) {
            (Some(fetched), _) => return Ok(fetched),
            (None, Some(refusal)) => return Err(refusal.into()),
            (None, None) => {}
        }
        // A server may return by sequence number what it does not return by UID.
        let Some(seq) = find_seq(connection, uid).await? else {
            return Err(AccountError::Withheld);
        };
        let by_seq = Command::Fetch {
            set: SequenceSet::single(seq),
            uid: false,
            items: items.clone(),
        };
        let responses = connection.run_raw(vec![by_seq], Phase::Body).await?;
        Fetched::of(responses, uid, &items).ok_or(AccountError::Withheld)
    }
}

/// Returns the sequence number of a message; `None` if the server does not report it.
///
/// # Errors
/// [`AccountError::NotFound`] if the server searched for the message and did not find it.
async fn find_seq(
    connection: &mut ImapConnection,
    uid: Uid,
) -> Result<Option<SequenceNumber>, AccountError> {
    let search = Command::Search {
        uid: false,
        criteria: vec![SearchKey::Uid(SequenceSet::single(uid))],
    };
    let responses = connection.run_raw(vec![search], Phase::Command).await?;
    let done = responses.completions.first();
    let is_done = done.is_some_and(|done| done.status == Some(Status::Ok));
    if is_done && responses.has_search_response {
        let found = responses.found.as_ref();
        let seq = found.and_then(|found| found.sequence_numbers().next());
        return seq.map(Some).ok_or(AccountError::NotFound);
    }
    let seq = connection.selected_mut().and_then(|s| s.seq_of(uid));
    Ok(seq.and_then(SequenceNumber::new))
}

/// Returns the tree of a message that was fetched whole, with part numbers marked as our own.
fn own_root(root: &Part) -> Part {
    let mut root = root.clone();
    let mut open = vec![&mut root];
    while let Some(part) = open.pop() {
        part.section.insert(0, OWN_PART);
        open.extend(&mut part.children);
    }
    root
}

/// Returns the FETCH for the UIDs before and after a message, if they are unknown: for "newer" and
/// "older".
fn neighbours(connection: &mut ImapConnection, uid: Uid) -> Option<Command> {
    let selected = connection.selected_mut()?;
    let rank = selected.rank_of(uid)?;
    let ranks = rank.saturating_sub(1).max(1)..=(rank + 1).min(selected.exists());
    let mut seqs: Vec<u32> = selected.shown.seqs_at(ranks).collect();
    seqs.retain(|seq| selected.uid_at(*seq).is_none());
    let set = SequenceSet::from_numbers(seqs.into_iter().filter_map(SequenceNumber::new))?;
    Some(Command::Fetch {
        set,
        uid: false,
        items: vec![FetchItem::Uid],
    })
}
