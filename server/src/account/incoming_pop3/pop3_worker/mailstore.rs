//! The mailstore operations of a POP3 worker: the server has one folder. The local folders have a
//! mailstore of their own.

use app::api::types::{Destination, FolderId, Mark, MessageId, PartId, UndoId, Window};
use bytes::Bytes;
use mail_mime::tree::Part;

use super::Pop3Worker;
use crate::account::error::AccountError;
use crate::account::mailstore::mailstore;
use crate::domain::{Changed, FolderList, Listing, Opened, Row, Section, SourceMark};

mailstore!(Pop3Worker {
    async fn folders(&mut self) -> Result<FolderList, AccountError> {
        Self::folders(self).await
    }
});
