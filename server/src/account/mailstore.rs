//! What an account's mail can be asked for, whatever protocol it comes by.

use app::api::types::{Destination, FolderId, FolderRole, Mark, MessageId, PartId, UndoId, Window};
use async_trait::async_trait;
use bytes::Bytes;
use mail_mime::tree::Part;

use super::error::AccountError;
use super::spooled::SpooledMessage;
use crate::domain::{
    Changed, Filed, Filing, Folder, FolderList, Listing, Opened, Section, SourceMark, Unsupported,
};

/// The mail of one account. Operations come one after the other; what a protocol cannot do keeps
/// the default, which says so.
///
/// # Errors
/// Whatever the server says ([`AccountError`]), [`AccountError::NotFound`] for a folder or message
/// that is not there, [`AccountError::Unsupported`] for what cannot be done.
#[async_trait]
pub(crate) trait Mailstore: Send {
    /// The folder tree.
    async fn folders(&mut self) -> Result<FolderList, AccountError>;

    /// A window of a folder, newest first.
    async fn list(&mut self, folder: FolderId, window: Window) -> Result<Listing, AccountError>;

    /// A message with its text.
    async fn open(
        &mut self,
        folder: FolderId,
        message: MessageId,
    ) -> Result<Box<Opened>, AccountError>;

    /// Up to `max_bytes` of a section from `offset`; fewer at its end.
    async fn read(
        &mut self,
        folder: FolderId,
        message: MessageId,
        section: Section,
        offset: u64,
        max_bytes: u32,
    ) -> Result<Bytes, AccountError>;

    /// One part's type, encoding and name.
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

    /// Takes a change back.
    async fn undo(&mut self, undo: UndoId) -> Result<Changed, AccountError>;

    /// Marks the message that was answered or forwarded.
    async fn mark_source(
        &mut self,
        folder: FolderId,
        message: MessageId,
        mark: SourceMark,
    ) -> Result<(), AccountError>;

    /// Makes the folder for a role.
    async fn create_folder(
        &mut self,
        _role: FolderRole,
        _name: String,
    ) -> Result<Folder, AccountError> {
        Err(AccountError::Unsupported(Unsupported::Folders))
    }

    /// Pins a folder to the top, or lets it go.
    async fn pin_folder(
        &mut self,
        _folder: FolderId,
        _is_pinned: bool,
    ) -> Result<(), AccountError> {
        Err(AccountError::Unsupported(Unsupported::Folders))
    }

    /// Files a copy in Sent. Where Sent has one with this message id (without angle brackets),
    /// nothing is added. By default there is nowhere to file it: the ledger is the record.
    async fn file_sent(
        &mut self,
        _copy: SpooledMessage,
        _message_id: String,
        _filing: Filing,
    ) -> Result<Filed, AccountError> {
        Ok(Filed::NotKept)
    }

    /// Looks once more, a while after a copy was filed: where the server filed one too, ours goes.
    async fn keep_one_copy(&mut self, _message_id: String) -> Result<(), AccountError> {
        Ok(())
    }
}

/// Makes a link the [`Mailstore`] of its protocol: by its own methods of the same names, which
/// borrow what they are asked, and by those that are given here.
macro_rules! mailstore {
    ($link:ty { $($own:tt)* }) => {
        #[async_trait::async_trait]
        impl $crate::account::mailstore::Mailstore for $link {
            $($own)*

            async fn list(&mut self, folder: FolderId, window: Window) -> Result<Listing, AccountError> {
                Self::list(self, &folder, window).await
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
