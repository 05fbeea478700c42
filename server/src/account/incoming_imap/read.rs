//! Reading: folders, windows of a list, a message, and windows of its parts.

use app::api::types::{FolderId, MessageId, PartId, Window};
use bytes::Bytes;
use mail_mime::header::Headers;
use mail_mime::transfer;
use mail_mime::tree::Part;
use mail_net::Phase;
use mail_proto::imap::command::List;
use mail_proto::imap::{
    Capability, Command, FetchData, FetchItem, FetchedItem, PartNumber, Section as ImapSection,
    SectionText, SequenceNumber, SequenceSet, StatusItem, Uid,
};

use super::super::error::AccountError;
use super::super::map;
use super::super::model::{Folder, Listing, Marks, Opened, OpenedBody, Section};
use super::connection::{Answer, ImapConnection, WINDOW_BYTES};
use super::folders::FolderTable;
use super::link::Link;
use super::selected::marks_of;

/// The most of a header that is fetched: what the MIME limits allow.
const HEADER_MAX_BYTES: u32 = 1 << 20;
/// STATUS is asked of so many folders where LIST cannot tell.
const STATUS_MAX: usize = 40;

impl Link {
    /// Asks for the folder tree with counts.
    pub(super) async fn folders(&mut self) -> Result<Vec<Folder>, AccountError> {
        let connection = self.connection().await?;
        let table = fetch_folders(connection).await?;
        let folders = table.folders();
        self.shared.set_folders(table);
        Ok(folders)
    }

    /// A window of a folder. Costs no round trip while IDLE keeps the rows right.
    pub(super) async fn list(
        &mut self,
        folder: &FolderId,
        window: Window,
    ) -> Result<Listing, AccountError> {
        let mailbox = self.shared.wire_name(folder)?;
        self.select(&mailbox).await?;
        self.refresh_if_stale().await?;
        let limit = window.limit.clamp(1, Window::MAX_LIMIT);
        let connection = self.connection().await?;
        let rows = fetch_rows(connection, window.offset, limit).await?;
        let total = connection.selected().map_or(0, |s| s.exists());
        let (name, role, unread) = self.shared.folder_of(&mailbox);
        Ok(Listing {
            name,
            role,
            total,
            unread: unread.map(|unread| unread.min(total)),
            offset: window.offset.min(total),
            rows,
        })
    }

    /// Opens a message: its header, its structure and the text that is shown.
    pub(super) async fn open(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
    ) -> Result<Opened, AccountError> {
        let mailbox = self.shared.wire_name(folder)?;
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        let uid = uid_of(connection, message)?;
        let known = connection
            .selected()
            .and_then(|s| s.row(uid))
            .map(|row| row.structure.clone());
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
            None => items.push(FetchItem::BodyStructure),
        }
        let mut commands = vec![fetch_uid(uid, items)];
        commands.extend(neighbours(connection, uid));
        let answer = connection.run(commands, Phase::Body).await?;
        let fetched = fetched_of(&answer, uid).ok_or(AccountError::NotFound)?;
        let root = match known {
            Some(root) => root,
            None => map::part_of(fetched.body_structure().ok_or(AccountError::NotFound)?),
        };
        let part = text_part.unwrap_or_else(|| shown_part(&root).cloned());
        let headers = header_of(&answer, fetched)?;
        let facts = Facts::of(fetched);
        let first = part
            .as_ref()
            .and_then(|part| body_of(&answer, uid, &part.section));
        let body = match part {
            Some(part) => self.read_text(uid, &part, first).await?,
            None => OpenedBody::Empty,
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
        if let Some(row) = connection.selected().and_then(|s| s.row(uid)) {
            return Ok(row.structure.clone());
        }
        let items = vec![FetchItem::Uid, FetchItem::BodyStructure];
        let answer = connection
            .run(vec![fetch_uid(uid, items)], Phase::Command)
            .await?;
        let structure = fetched_of(&answer, uid).and_then(FetchData::body_structure);
        structure.map(map::part_of).ok_or(AccountError::NotFound)
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
    let answer = connection
        .run(vec![list_command()], Phase::LongCommand)
        .await?;
    folders_of(connection, answer).await
}

/// LIST of everything, with counts and roles where the server can.
pub(super) fn list_command() -> Command {
    Command::List(List {
        return_status: vec![StatusItem::Messages, StatusItem::Unseen],
        return_subscribed: false,
        ..List::everything()
    })
}

/// The folder table of an answer to [`list_command`], asking STATUS where it brought no counts.
pub(super) async fn folders_of(
    connection: &mut ImapConnection,
    answer: Answer,
) -> Result<FolderTable, AccountError> {
    let utf8_names = connection.capabilities().utf8_names();
    let mut statuses = answer.statuses;
    if statuses.is_empty() && !connection.capabilities().has(Capability::ListStatus) {
        let table = FolderTable::new(answer.lists.clone(), &[], utf8_names);
        let commands: Vec<Command> = table
            .selectable()
            .take(STATUS_MAX)
            .map(|mailbox| Command::Status {
                mailbox: mailbox.clone(),
                items: vec![StatusItem::Messages, StatusItem::Unseen],
            })
            .collect();
        // A folder that refuses STATUS has no counts, no more.
        statuses = connection
            .run_raw(commands, Phase::LongCommand)
            .await?
            .statuses;
    }
    Ok(FolderTable::new(answer.lists, &statuses, utf8_names))
}

/// The rows of a window of the selected mailbox; asks only for those that are not known.
pub(super) async fn fetch_rows(
    connection: &mut ImapConnection,
    offset: u32,
    limit: u32,
) -> Result<Vec<super::super::model::Row>, AccountError> {
    let Some(selected) = connection.selected_mut() else {
        return Ok(Vec::new());
    };
    let last = selected.exists().saturating_sub(offset);
    let first = last.saturating_sub(limit).saturating_add(1);
    if last == 0 {
        return Ok(Vec::new());
    }
    let unknown: Vec<u32> = (first..=last)
        .filter(|seq| !selected.is_known(*seq))
        .collect();
    if let (Some(low), Some(high)) = (unknown.first(), unknown.last())
        && let (Some(low), Some(high)) = (SequenceNumber::new(*low), SequenceNumber::new(*high))
    {
        let fetch = Command::Fetch {
            set: SequenceSet::range(low, high),
            uid: false,
            items: vec![
                FetchItem::Uid,
                FetchItem::Flags,
                FetchItem::InternalDate,
                FetchItem::Rfc822Size,
                FetchItem::Envelope,
                FetchItem::BodyStructure,
            ],
        };
        connection.run(vec![fetch], Phase::Command).await?;
    }
    let Some(selected) = connection.selected_mut() else {
        return Ok(Vec::new());
    };
    Ok(selected.rows_between(first, last))
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

/// The part that is shown: HTML before plain text.
fn shown_part(root: &Part) -> Option<&Part> {
    let readable = root.readable();
    readable.html.or(readable.text)
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

fn header_of(answer: &Answer, fetched: &FetchData) -> Result<Headers, AccountError> {
    let header = fetched.items.iter().find_map(|item| match item {
        FetchedItem::Body { section, value, .. } if section.text == Some(SectionText::Header) => {
            answer.body(value)
        }
        _ => None,
    });
    Headers::parse(&header.unwrap_or_default()).map_err(|e| AccountError::Unreadable(e.to_string()))
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
