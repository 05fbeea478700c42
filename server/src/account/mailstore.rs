//! The operations on an account's mail, for either protocol.

use app::api::types::{
    Destination, DraftId, FolderId, FolderRole, Mark, MessageId, PartId, UndoId, Window,
};
use async_trait::async_trait;
use bytes::Bytes;
use mail_mime::tree::Part;

use super::error::AccountError;
use super::search::row_matches;
use super::spooled::SpooledMessage;
use crate::domain::{
    Changed, CopyId, DraftCopy, DraftSaved, Filed, Filing, Folder, FolderList, FolderSearch, Found,
    Listing, Opened, Row, SearchGap, Section, SourceMark, Unsupported,
};

/// How many rows are compared where the server cannot search: as many as a POP3 account keeps.
const COMPARED_ROWS_MAX: u32 = 600;

/// A draft to be saved.
#[derive(Debug, Clone)]
pub(crate) struct DraftSave {
    /// The message, with its id in the field `Message-ID`.
    pub(crate) content: SpooledMessage,
    /// The id that all copies of the draft share.
    pub(crate) id: DraftId,
    /// Whether no copy can have this id yet.
    pub(crate) is_new: bool,
    /// Its earlier copy. Only that one is replaced, unless `is_forced`.
    pub(crate) replaces: Option<DraftCopy>,
    /// Whether other copies, or the absence of the earlier one, do not matter.
    pub(crate) is_forced: bool,
    /// The name of the folder for drafts, if there is none.
    pub(crate) folder_name: String,
}

/// The mail of one account. Operations run one after the other; an operation that a protocol does
/// not support keeps the default, which returns an error.
///
/// # Errors
/// The server's error ([`AccountError`]), [`AccountError::NotFound`] for a folder or message that
/// does not exist, [`AccountError::Unsupported`] for an unsupported operation.
#[async_trait]
pub(crate) trait Mailstore: Send {
    /// Returns the folder tree.
    async fn folders(&mut self) -> Result<FolderList, AccountError>;

    /// Returns a window of a folder, newest first.
    async fn list(&mut self, folder: FolderId, window: Window) -> Result<Listing, AccountError>;

    /// Searches a part of a folder. By default the rows of the newest messages are compared, because
    /// the server cannot search.
    async fn search(
        &mut self,
        folder: FolderId,
        search: FolderSearch,
    ) -> Result<Found, AccountError> {
        let window = Window {
            offset: search.at.unwrap_or_default(),
            limit: Window::MAX_LIMIT,
        };
        let listing = self.list(folder, window).await?;
        let count = u32::try_from(listing.rows.len()).unwrap_or(u32::MAX);
        let searched = listing.offset.saturating_add(count);
        let is_more = count > 0 && !listing.is_at_end() && searched < COMPARED_ROWS_MAX;
        let rows = listing.rows.into_iter();
        let messages = rows.filter(|row| row_matches(row, &search.terms));
        Ok(Found {
            messages: messages.map(|row| row.id).collect(),
            next: is_more.then_some(searched),
            gap: Some(SearchGap::RowsOnly {
                searched,
                total: listing.total,
            }),
        })
    }

    /// Returns the rows of messages, in the order of `messages`. Messages that no longer exist have
    /// none.
    async fn rows(
        &mut self,
        folder: FolderId,
        messages: Vec<MessageId>,
    ) -> Result<Vec<Row>, AccountError>;

    /// Opens a message, with its text.
    async fn open(
        &mut self,
        folder: FolderId,
        message: MessageId,
    ) -> Result<Box<Opened>, AccountError>;

    /// Returns up to `max_bytes` of a section from `offset`; fewer at its end.
    async fn read(
        &mut self,
        folder: FolderId,
        message: MessageId,
        section: Section,
        offset: u64,
        max_bytes: u32,
    ) -> Result<Bytes, AccountError>;

    /// Returns one part's type, encoding and name.
    async fn structure(
        &mut self,
        folder: FolderId,
        message: MessageId,
        part: PartId,
    ) -> Result<Part, AccountError>;

    /// Sets a mark.
    async fn mark(
        &mut self,
        folder: FolderId,
        messages: Vec<MessageId>,
        mark: Mark,
    ) -> Result<Changed, AccountError>;

    /// Moves messages.
    async fn move_messages(
        &mut self,
        folder: FolderId,
        messages: Vec<MessageId>,
        to: Destination,
    ) -> Result<Changed, AccountError>;

    /// Undoes a change.
    async fn undo(&mut self, undo: UndoId) -> Result<Changed, AccountError>;

    /// Marks the message that was answered or forwarded.
    async fn mark_source(
        &mut self,
        folder: FolderId,
        message: MessageId,
        mark: SourceMark,
    ) -> Result<(), AccountError>;

    /// Creates the folder for a role.
    async fn create_folder(
        &mut self,
        _role: FolderRole,
        _name: String,
    ) -> Result<Folder, AccountError> {
        Err(AccountError::Unsupported(Unsupported::Folders))
    }

    /// Pins a folder to the top, or unpins it.
    async fn pin_folder(
        &mut self,
        _folder: FolderId,
        _is_pinned: bool,
    ) -> Result<(), AccountError> {
        Err(AccountError::Unsupported(Unsupported::Folders))
    }

    /// Files a copy in Sent. If Sent has one with this id, none is added. By default there is no folder to file it in.
    async fn file_sent(
        &mut self,
        _copy: SpooledMessage,
        _id: CopyId,
        _filing: Filing,
    ) -> Result<Filed, AccountError> {
        Ok(Filed::NotKept)
    }

    /// Searches Sent and the folder of all mail for a message by its id.
    async fn find_copy(
        &mut self,
        _id: CopyId,
        _written_unix_ms: i64,
    ) -> Result<Option<FolderId>, AccountError> {
        Err(AccountError::Unsupported(Unsupported::Folders))
    }

    /// Saves a draft in place of its earlier copy.
    async fn save_draft(&mut self, _save: DraftSave) -> Result<DraftSaved, AccountError> {
        Err(AccountError::Unsupported(Unsupported::Folders))
    }

    /// Deletes every copy of a draft. Succeeds if there is none.
    async fn delete_draft(&mut self, _draft: DraftId) -> Result<(), AccountError> {
        Err(AccountError::Unsupported(Unsupported::Folders))
    }

    /// Searches again some time after a copy was filed: if the server filed one too, ours is
    /// removed.
    async fn remove_duplicate_copy(&mut self, _id: CopyId) -> Result<(), AccountError> {
        Ok(())
    }
}

/// Implements [`Mailstore`] for a worker: by its own methods of the same names, which borrow their
/// arguments, and by those that are given here.
macro_rules! mailstore {
    ($worker:ty { $($own:tt)* }) => {
        #[async_trait::async_trait]
        impl $crate::account::mailstore::Mailstore for $worker {
            $($own)*

            async fn list(&mut self, folder: FolderId, window: Window) -> Result<Listing, AccountError> {
                Self::list(self, &folder, window).await
            }

            async fn rows(
                &mut self,
                folder: FolderId,
                messages: Vec<MessageId>,
            ) -> Result<Vec<Row>, AccountError> {
                Self::rows(self, &folder, &messages).await
            }

            async fn open(
                &mut self,
                folder: FolderId,
                message: MessageId,
            ) -> Result<Box<Opened>, AccountError> {
                Self::open(self, &folder, &message).await.map(Box::new)
            }

            async fn read(
                &mut self,
                folder: FolderId,
                message: MessageId,
                section: Section,
                offset: u64,
                max_bytes: u32,
            ) -> Result<Bytes, AccountError> {
                Self::read(self, &folder, &message, &section, offset, max_bytes).await
            }

            async fn structure(
                &mut self,
                folder: FolderId,
                message: MessageId,
                part: PartId,
            ) -> Result<Part, AccountError> {
                Self::structure(self, &folder, &message, &part).await
            }

            async fn mark(
                &mut self,
                folder: FolderId,
                messages: Vec<MessageId>,
                mark: Mark,
            ) -> Result<Changed, AccountError> {
                Self::mark(self, &folder, &messages, mark).await
            }

            async fn move_messages(
                &mut self,
                folder: FolderId,
                messages: Vec<MessageId>,
                to: Destination,
            ) -> Result<Changed, AccountError> {
                Self::move_messages(self, &folder, &messages, &to).await
            }

            async fn undo(&mut self, undo: UndoId) -> Result<Changed, AccountError> {
                Self::undo(self, &undo).await
            }

            async fn mark_source(
                &mut self,
                folder: FolderId,
                message: MessageId,
                mark: SourceMark,
            ) -> Result<(), AccountError> {
                Self::mark_source(self, &folder, &message, mark).await
            }
        }
    };
}
pub(super) use mailstore;
