//! Reads a message, and windows of its parts.
//!
//! A message whose server-side description cannot be used, or is contradicted by the headers of its
//! parts, is fetched whole and parsed here. Its parts then have our own numbers: the server may
//! number them otherwise.

use std::sync::Arc;

use app::api::types::{FolderId, MessageId, PartId};
use bytes::Bytes;
use mail_mime::body::Body;
use mail_mime::header::Headers;
use mail_mime::supplement::Supplements;
use mail_mime::tree::Part;
use mail_proto::imap::{FetchItem, Section as ImapSection, Uid};

use super::super::selected::uid_of;
use super::ImapWorker;
use super::compared::{HEADER_MAX_BYTES, PartItems, compare, header_item, header_items};
use super::fetch_message::neighbours;
use super::fetched::{Facts, Fetched, part_section, peek};
use super::read_whole::{OWN_PART, Target, own_root};
use super::shown_texts::FirstWindows;
use crate::account::error::AccountError;
use crate::account::whole::{Split, byte_range, opaque_root, read_headers};
use crate::clients::ClientError;
use crate::domain::{Opened, Section};

/// The section of the only part of a message.
const ONLY_PART: &str = "1";
/// How far the structure of a message is known before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StructureState {
    /// It is not.
    New,
    /// As the server describes it.
    Known,
    /// It was compared with the headers of the parts.
    Compared,
}

/// A message as the server describes it.
struct Described {
    /// The octets of its header.
    header: Bytes,
    root: Part,
    is_compared: bool,
    windows: FirstWindows,
    /// The first windows of its texts, and the headers of its parts.
    fetched: Fetched,
}

/// What is shown of a message.
struct Content {
    headers: Headers,
    root: Part,
    body: Body,
    /// Other parts that were fetched with the texts.
    parts: Vec<(String, Bytes)>,
}

impl Content {
    /// Returns the content of a message that was fetched whole.
    async fn of(split: &Arc<Split>) -> Result<Self, AccountError> {
        Ok(Self {
            headers: split.headers.clone(),
            root: own_root(&split.root),
            body: split.body().await?,
            parts: Vec::new(),
        })
    }
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

    async fn try_open(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        mode: FetchMode,
    ) -> Result<Opened, AccountError> {
        let mailbox = self.mailbox_of(folder).await?;
        self.select(&mailbox).await?;
        self.arrange().await?;
        let connection = self.connection().await?;
        let uid = uid_of(connection, message)?;
        let target = Target {
            folder,
            message,
            uid,
        };
        let row = connection.selected().and_then(|s| s.row(uid));
        let is_opaque = mode == FetchMode::Whole || row.is_some_and(|row| row.is_opaque);
        let known = row.filter(|_| !is_opaque).and_then(|row| row.structure());
        let mut state = match (known, row) {
            (Some(_), Some(row)) if row.is_compared() => StructureState::Compared,
            (Some(_), _) => StructureState::Known,
            (None, _) => StructureState::New,
        };
        let known = known.cloned();
        let mut items = vec![
            FetchItem::Uid,
            FetchItem::Flags,
            FetchItem::InternalDate,
            FetchItem::Rfc822Size,
            peek(ImapSection::header(), 0, HEADER_MAX_BYTES),
        ];
        let mut windows = FirstWindows::default();
        let mut parts = PartItems::default();
        match &known {
            // One round trip: the structure is already known.
            Some(root) => {
                windows = FirstWindows::of(connection, root)?;
                items.append(&mut windows.items);
                parts.octets.append(&mut windows.other_items);
                if state == StructureState::Known {
                    parts.headers = header_items(root)?;
                }
            }
            None if is_opaque => {}
            None => items.push(FetchItem::BodyStructure),
        }
        let more = neighbours(connection, uid);
        let opened = self.fetch_with_parts(uid, items, parts, more);
        let opened = match (mode, opened.await) {
            // Only the message itself is required.
            (
                FetchMode::Whole,
                Err(AccountError::Client(ClientError::Refused { .. }) | AccountError::Withheld),
            ) if !self.is_over() => None,
            (_, result) => Some(result?),
        };
        let facts = opened.as_ref().map(Fetched::facts).unwrap_or_default();
        let root = known.or_else(|| opened.as_ref()?.structure());
        let root = root.filter(|root| !facts.has_text_missing_from(root));
        let content = match (root, opened) {
            (Some(root), Some(mut opened)) => {
                let header = opened.body(&ImapSection::header()).unwrap_or_default();
                if state == StructureState::New {
                    windows = FirstWindows::of(self.connection().await?, &root)?;
                    if let Some(parts) = self.fetch_parts(uid, &root, &mut windows).await? {
                        opened = parts;
                    }
                    state = StructureState::Known;
                }
                let described = Described {
                    header,
                    root,
                    is_compared: state == StructureState::Compared,
                    windows,
                    fetched: opened,
                };
                self.read_described(target, described, &facts).await?
            }
            // The server's description is unusable: parse the message itself.
            (_, opened) => {
                let headers = opened.as_ref().map(Fetched::headers).unwrap_or_default();
                drop(opened);
                match self.read_whole(target).await? {
                    Some(split) => Content::of(&split).await?,
                    None => Content {
                        headers,
                        root: opaque_root(facts.size_bytes),
                        body: Body::OverLimits,
                        parts: Vec::new(),
                    },
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
            headers: content.headers,
            root: content.root,
            body: content.body,
            parts: content.parts,
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

    /// Fetches the beginnings of the shown texts of a new structure, and the headers of its parts;
    /// `None` if it has neither.
    async fn fetch_parts(
        &mut self,
        uid: Uid,
        root: &Part,
        windows: &mut FirstWindows,
    ) -> Result<Option<Fetched>, AccountError> {
        let parts = PartItems {
            headers: header_items(root)?,
            octets: std::mem::take(&mut windows.other_items),
        };
        let has_headers = !parts.headers.is_empty() && !self.refuses_part_headers;
        if windows.items.is_empty() && parts.octets.is_empty() && !has_headers {
            return Ok(None);
        }
        let mut items = vec![FetchItem::Uid];
        items.append(&mut windows.items);
        let fetched = self.fetch_with_parts(uid, items, parts, None);
        fetched.await.map(Some)
    }

    /// Reads a message by the structure that the server describes, or as a whole if the headers
    /// contradict it.
    async fn read_described(
        &mut self,
        target: Target<'_>,
        described: Described,
        facts: &Facts,
    ) -> Result<Content, AccountError> {
        let Described {
            header,
            mut root,
            is_compared,
            windows,
            fetched,
        } = described;
        if !is_compared {
            let compared = compare(&root, header.clone(), &fetched);
            root = compared.root;
            let mut split = None;
            if compared.is_contradicted {
                tracing::debug!("the headers of a message contradict its structure");
                split = self.read_contradicted(target, facts).await?;
            }
            let connection = self.connection().await?;
            if let Some(selected) = connection.selected_mut() {
                match &split {
                    Some(split) => selected.set_has_attachment(target.uid, &split.root),
                    None if compared.is_contradicted => {}
                    None => selected.set_structure(target.uid, &root),
                }
            }
            if let Some(split) = split {
                return Content::of(&split).await;
            }
        }
        let mut headers = read_headers(&header);
        if let Some(charset) = root.text_charset() {
            headers.assume_charset(charset);
        }
        let parts = windows.others_of(&fetched);
        let body = self.read_texts(target.uid, &root, &windows, fetched);
        let body = body.await?;
        Ok(Content {
            headers,
            root,
            body,
            parts,
        })
    }

    /// Returns the type, the encoding and the name of a part.
    pub(super) async fn structure(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        part: &PartId,
    ) -> Result<Part, AccountError> {
        let mailbox = self.mailbox_of(folder).await?;
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        let uid = uid_of(connection, message)?;
        let found = |root: &Part| {
            let found = root.find(part.as_str()).cloned();
            found.ok_or(AccountError::NotFound)
        };
        let target = Target {
            folder,
            message,
            uid,
        };
        if part.as_str().starts_with(OWN_PART) {
            let split = self.read_whole(target).await?;
            return found(&own_root(&split.ok_or(AccountError::NotFound)?.root));
        }
        let row = connection.selected().and_then(|s| s.row(uid));
        let compared = row.filter(|row| row.is_compared());
        if let Some(structure) = compared.and_then(|row| row.structure()) {
            return found(structure);
        }
        let mut items = vec![FetchItem::Uid, FetchItem::BodyStructure];
        if part.as_str() == ONLY_PART {
            // Its header is that of the message.
            items.push(peek(ImapSection::header(), 0, HEADER_MAX_BYTES));
        }
        let parts = PartItems {
            headers: vec![header_item(part.as_str())?],
            octets: Vec::new(),
        };
        let fetched = self.fetch_with_parts(uid, items, parts, None).await?;
        let root = fetched.structure().ok_or(AccountError::Withheld)?;
        let header = fetched.body(&ImapSection::header()).unwrap_or_default();
        found(&compare(&root, header, &fetched).root)
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
        let mailbox = self.mailbox_of(folder).await?;
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        let uid = uid_of(connection, message)?;
        let target = Target {
            folder,
            message,
            uid,
        };
        let section = match section {
            Section::Whole => ImapSection::message(),
            Section::Part(PartId(part)) => match part.strip_prefix(OWN_PART) {
                Some(own) => {
                    let split = self.read_whole(target).await?;
                    let octets = split.and_then(|split| split.part(own).cloned());
                    let octets = octets.ok_or(AccountError::NotFound)?;
                    return Ok(byte_range(&octets, offset, max_bytes));
                }
                None => part_section(part)?,
            },
        };
        self.read_window(uid, section, offset, max_bytes).await
    }
}
