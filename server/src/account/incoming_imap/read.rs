//! Reading: folders, a message, and windows of its parts.

use app::api::types::{FolderId, MessageId, PartId};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use mail_mime::header::Headers;
use mail_mime::transfer;
use mail_mime::tree::Part;
use mail_net::Phase;
use mail_proto::imap::command::List;
use mail_proto::imap::{
    Capability, Command, FetchData, FetchItem, FetchedItem, PartNumber, Section as ImapSection,
    SectionText, SequenceNumber, SequenceSet, Status, StatusItem, Uid,
};

use super::super::error::AccountError;
use super::super::map;
use super::super::memory::Share;
use super::super::model::{FolderList, Marks, Opened, OpenedBody, Section};
use super::super::off_thread::off_thread;
use super::super::whole::{Split, opaque_root, read_headers};
use super::connection::{Answer, ImapConnection, WINDOW_BYTES};
use super::folders::FolderTable;
use super::link::Link;
use super::row::marks_of;

/// The most of a header that is fetched: what the MIME limits allow.
const HEADER_MAX_BYTES: u32 = 1 << 20;
/// A message without a usable structure is read whole up to this size.
const WHOLE_MAX_BYTES: usize = 8 << 20;
/// STATUS is asked of so many folders where LIST cannot tell.
const STATUS_MAX: usize = 40;

impl Link {
    /// Asks for the folder tree with counts.
    pub(super) async fn folders(&mut self) -> Result<FolderList, AccountError> {
        let connection = self.connection().await?;
        let table = fetch_folders(connection).await?;
        let folders = table.folders();
        self.shared.set_folders(table);
        Ok(folders)
    }

    /// Opens a message: its header, its structure and the text that is shown.
    ///
    /// Where its structure is larger than what is taken, it is opened again without.
    pub(super) async fn open(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
    ) -> Result<Opened, AccountError> {
        match self.try_open(folder, message, true).await {
            Err(error) if error.is_over_limit() => {
                self.drop_connection();
                self.try_open(folder, message, false).await
            }
            result => result,
        }
    }

    async fn try_open(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        asks_structure: bool,
    ) -> Result<Opened, AccountError> {
        let mailbox = self.shared.wire_name(folder)?;
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        let uid = uid_of(connection, message)?;
        let row = connection.selected().and_then(|s| s.row(uid));
        let known = row.and_then(|row| row.structure().cloned());
        let is_opaque = !asks_structure || row.is_some_and(|row| row.is_opaque);
        let mut items = vec![
            FetchItem::Uid,
            FetchItem::Flags,
            FetchItem::InternalDate,
            FetchItem::Rfc822Size,
            peek(
                ImapSection {
                    part: PartNumber::message(),
                    text: Some(SectionText::Header),
                },
                0,
                HEADER_MAX_BYTES,
            ),
        ];
        let text_part = known.as_ref().map(|root| shown_part(root).cloned());
        match &text_part {
            // One round trip: what is wanted is known already.
            Some(Some(part)) => items.push(peek_part(&part.section, 0)?),
            Some(None) => {}
            None if is_opaque => {}
            None => items.push(FetchItem::BodyStructure),
        }
        let mut commands = vec![fetch_uid(uid, items)];
        commands.extend(neighbours(connection, uid));
        let answer = connection.run(commands, Phase::Body).await?;
        let fetched = fetched_of(&answer, uid).ok_or(AccountError::NotFound)?;
        let root = known.or_else(|| fetched.body_structure().map(map::part_of));
        let headers = header_of(&answer, fetched);
        let facts = Facts::of(fetched);
        let (root, body) = match root {
            Some(root) => {
                let part = text_part.unwrap_or_else(|| shown_part(&root).cloned());
                let first = part
                    .as_ref()
                    .and_then(|part| body_of(&answer, uid, &part.section));
                drop(answer);
                let body = match part {
                    Some(part) => self.read_text(uid, &part, first).await?,
                    None => OpenedBody::Empty,
                };
                (root, body)
            }
            // The server's description is of no use: the message itself tells.
            None => {
                drop(answer);
                match self.read_whole(uid).await? {
                    Some(split) => (split.root.clone(), split.body().await?),
                    None => (opaque_root(facts.size_bytes), OpenedBody::OverLimits),
                }
            }
        };
        let connection = self.connection().await?;
        let selected = connection.selected_mut().ok_or(AccountError::NotFound)?;
        let total = selected.exists();
        let seq = selected.seq_of(uid).unwrap_or(total);
        let mut id_at = |seq: u32| selected.uid_at(seq).map(|uid| selected.message_id(uid));
        Ok(Opened {
            id: message.clone(),
            headers,
            root,
            body,
            marks: facts.marks,
            size_bytes: facts.size_bytes,
            arrived_unix_ms: facts.arrived_unix_ms,
            position: total.saturating_sub(seq),
            total,
            newer: id_at(seq.saturating_add(1)),
            older: id_at(seq.saturating_sub(1)),
        })
    }

    /// The structure of a message.
    pub(super) async fn structure(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
    ) -> Result<Part, AccountError> {
        let mailbox = self.shared.wire_name(folder)?;
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        let uid = uid_of(connection, message)?;
        let row = connection.selected().and_then(|s| s.row(uid));
        if let Some(structure) = row.and_then(|row| row.structure()) {
            return Ok(structure.clone());
        }
        if !row.is_some_and(|row| row.is_opaque) {
            let items = vec![FetchItem::Uid, FetchItem::BodyStructure];
            let answer = connection
                .run(vec![fetch_uid(uid, items)], Phase::Command)
                .await?;
            let fetched = fetched_of(&answer, uid).ok_or(AccountError::NotFound)?;
            if let Some(structure) = fetched.body_structure() {
                return Ok(map::part_of(structure));
            }
        }
        let split = self.read_whole(uid).await?;
        split
            .map(|split| split.root.clone())
            .ok_or(AccountError::NotFound)
    }

    /// A window of a section.
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
        let item = match section {
            Section::Whole => peek(ImapSection::default(), offset, max_bytes),
            Section::Part(PartId(part)) => peek(part_section(part)?, offset, max_bytes),
        };
        let commands = vec![fetch_uid(uid, vec![FetchItem::Uid, item])];
        let answer = connection.run(commands, Phase::Body).await?;
        let fetched = fetched_of(&answer, uid).ok_or(AccountError::NotFound)?;
        Ok(first_body(&answer, fetched).unwrap_or_default())
    }

    /// Reads a message whole and splits it here; `None` where it is too large for that.
    async fn read_whole(&mut self, uid: Uid) -> Result<Option<Arc<Split>>, AccountError> {
        let mut share = Share::default();
        let mut raw = BytesMut::new();
        loop {
            let item = peek(ImapSection::default(), raw.len() as u64, WINDOW_BYTES);
            let commands = vec![fetch_uid(uid, vec![FetchItem::Uid, item])];
            let connection = self.connection().await?;
            let answer = connection.run(commands, Phase::Body).await?;
            let fetched = fetched_of(&answer, uid).ok_or(AccountError::NotFound)?;
            let window = first_body(&answer, fetched).unwrap_or_default();
            share.grow_to((raw.len() + window.len()) as u64)?;
            raw.extend_from_slice(&window);
            if window.len() < WINDOW_BYTES as usize {
                break;
            }
            if raw.len() >= WHOLE_MAX_BYTES {
                return Ok(None);
            }
        }
        Ok(Some(Arc::new(Split::of(raw.freeze()).await?)))
    }

    /// Reads on where the first window of a text part was full, and decodes it.
    async fn read_text(
        &mut self,
        uid: Uid,
        part: &Part,
        first: Option<Bytes>,
    ) -> Result<OpenedBody, AccountError> {
        let connection = self.connection().await?;
        let mut decoder = transfer::Decoder::new(part.encoding);
        let mut decoded = Vec::new();
        let mut offset = 0_u64;
        let mut window = first;
        loop {
            let bytes = match window.take() {
                Some(bytes) => bytes,
                None => {
                    let items = vec![
                        FetchItem::Uid,
                        peek(part_section(&part.section)?, offset, WINDOW_BYTES),
                    ];
                    let answer = connection
                        .run(vec![fetch_uid(uid, items)], Phase::Body)
                        .await?;
                    let fetched = fetched_of(&answer, uid).ok_or(AccountError::NotFound)?;
                    first_body(&answer, fetched).unwrap_or_default()
                }
            };
            decoder.push(&bytes, &mut decoded);
            offset = offset.saturating_add(bytes.len() as u64);
            // The end is a window shorter than asked, never the size that BODYSTRUCTURE tells.
            if bytes.len() < WINDOW_BYTES as usize {
                decoder.finish(&mut decoded);
                break;
            }
            if decoded.len() > mail_mime::limits::SHOWN_BYTES {
                break;
            }
        }
        Ok(map::text_body(part, decoded))
    }
}

/// Asks for all folders, with their counts where one command can tell.
pub(super) async fn fetch_folders(
    connection: &mut ImapConnection,
) -> Result<FolderTable, AccountError> {
    let commands = list_commands(connection);
    let answer = connection.run_list(commands).await?;
    folders_of(connection, answer).await
}

/// LIST of everything, with counts and roles where the server can, and NAMESPACE in the same
/// flight. LIST is the last of them.
pub(super) fn list_commands(connection: &ImapConnection) -> Vec<Command> {
    let mut commands = Vec::new();
    if connection.capabilities().has(Capability::Namespace) {
        commands.push(Command::Namespace);
    }
    commands.push(Command::List(List {
        return_status: vec![StatusItem::Messages, StatusItem::Unseen],
        return_subscribed: false,
        ..List::everything()
    }));
    commands
}

/// Asks once more in the plain form where LIST with RETURN was refused, or answered with nothing
/// at all: every account has INBOX.
async fn listed(
    connection: &mut ImapConnection,
    mut answer: Answer,
) -> Result<Answer, AccountError> {
    let is_refused = |answer: &Answer| {
        let list = answer.completions.last();
        list.is_some_and(|list| !matches!(list.status, Some(Status::Ok) | None))
    };
    let is_useless = answer.lists.is_empty() || is_refused(&answer);
    if is_useless && connection.lists_extended() && !connection.is_over() {
        tracing::info!("LIST with RETURN told nothing: it is asked in its plain form");
        connection.list_plainly();
        let namespaces = answer.namespaces.take();
        let commands = list_commands(connection);
        answer = connection.run_list(commands).await?;
        answer.namespaces = answer.namespaces.take().or(namespaces);
    }
    match answer.completions.last() {
        Some(list) if is_refused(&answer) => Err(connection.refusal(list)),
        _ => Ok(answer),
    }
}

/// The folder table of an answer to [`list_commands`], asking STATUS where it brought no counts.
pub(super) async fn folders_of(
    connection: &mut ImapConnection,
    answer: Answer,
) -> Result<FolderTable, AccountError> {
    let answer = listed(connection, answer).await?;
    let utf8_names = connection.capabilities().utf8_names();
    let (lists, statuses, dropped) = (answer.lists, answer.statuses, answer.dropped_lists);
    let namespaces = answer.namespaces;
    let has_counts = !statuses.is_empty();
    // The server chooses how much there is to sort.
    let mut table = off_thread(move || {
        let mut table = FolderTable::new(&lists, namespaces.as_ref(), utf8_names);
        table.set_counts(&statuses);
        table.add_left_out(dropped);
        table
    })
    .await?;
    if !has_counts
        && !connection.is_over()
        && !connection.capabilities().has(Capability::ListStatus)
    {
        let commands: Vec<Command> = table
            .selectable()
            .take(STATUS_MAX)
            .map(|mailbox| Command::Status {
                mailbox: mailbox.clone(),
                items: vec![StatusItem::Messages, StatusItem::Unseen],
            })
            .collect();
        // A folder that refuses STATUS has no counts, no more.
        let answer = connection.run_raw(commands, Phase::LongCommand).await?;
        table.set_counts(&answer.statuses);
    }
    if let Some(secrets) = connection.known_secrets() {
        table.redact(secrets);
    }
    Ok(table)
}

/// The UID behind an id of the page, in the mailbox that is selected.
pub(super) fn uid_of(
    connection: &ImapConnection,
    message: &MessageId,
) -> Result<Uid, AccountError> {
    connection
        .selected()
        .and_then(|selected| selected.uid_of(message))
        .ok_or(AccountError::NotFound)
}

/// The part that is shown.
fn shown_part(root: &Part) -> Option<&Part> {
    root.readable().texts.first().copied()
}

/// The UIDs around a message, where they are not known: for "newer" and "older".
fn neighbours(connection: &mut ImapConnection, uid: Uid) -> Option<Command> {
    let selected = connection.selected_mut()?;
    let seq = selected.seq_of(uid)?;
    let (first, last) = (
        seq.saturating_sub(1).max(1),
        (seq + 1).min(selected.exists()),
    );
    if (first..=last).all(|seq| selected.uid_at(seq).is_some()) {
        return None;
    }
    Some(Command::Fetch {
        set: SequenceSet::range(SequenceNumber::new(first)?, SequenceNumber::new(last)?),
        uid: false,
        items: vec![FetchItem::Uid],
    })
}

fn fetch_uid(uid: Uid, items: Vec<FetchItem>) -> Command {
    Command::Fetch {
        set: SequenceSet::single(uid),
        uid: true,
        items,
    }
}

fn peek(section: ImapSection, offset: u64, max_bytes: u32) -> FetchItem {
    FetchItem::BodyPeek {
        section,
        partial: Some((offset, max_bytes)),
    }
}

fn peek_part(section: &str, offset: u64) -> Result<FetchItem, AccountError> {
    Ok(peek(part_section(section)?, offset, WINDOW_BYTES))
}

fn part_section(section: &str) -> Result<ImapSection, AccountError> {
    let part = PartNumber::parse(section.as_bytes()).ok_or(AccountError::NotFound)?;
    Ok(ImapSection { part, text: None })
}

fn fetched_of(answer: &Answer, uid: Uid) -> Option<&FetchData> {
    // Flag changes of the same message may come besides; the answer is the one with most in it.
    answer
        .fetched
        .iter()
        .filter(|data| data.uid() == Some(uid))
        .max_by_key(|data| data.items.len())
}

fn header_of(answer: &Answer, fetched: &FetchData) -> Headers {
    let header = fetched.items.iter().find_map(|item| match item {
        FetchedItem::Body { section, value, .. } if section.text == Some(SectionText::Header) => {
            answer.body(value)
        }
        _ => None,
    });
    read_headers(&header.unwrap_or_default())
}

fn first_body(answer: &Answer, fetched: &FetchData) -> Option<Bytes> {
    fetched.items.iter().find_map(|item| match item {
        FetchedItem::Body { value, .. } => answer.body(value),
        _ => None,
    })
}

fn body_of(answer: &Answer, uid: Uid, part: &str) -> Option<Bytes> {
    let fetched = fetched_of(answer, uid)?;
    fetched.items.iter().find_map(|item| match item {
        FetchedItem::Body { section, value, .. }
            if section.text.is_none() && section.part.to_string() == part =>
        {
            answer.body(value)
        }
        _ => None,
    })
}

/// What FETCH told about a message as a whole.
struct Facts {
    marks: Marks,
    size_bytes: u64,
    arrived_unix_ms: Option<i64>,
}

impl Facts {
    fn of(fetched: &FetchData) -> Self {
        let mut facts = Self {
            marks: marks_of(fetched.flags().unwrap_or_default()),
            size_bytes: 0,
            arrived_unix_ms: None,
        };
        for item in &fetched.items {
            match item {
                FetchedItem::Rfc822Size(size) => facts.size_bytes = *size,
                FetchedItem::InternalDate(date) => {
                    facts.arrived_unix_ms = Some(date.unix_secs().saturating_mul(1000));
                }
                _ => {}
            }
        }
        facts
    }
}
