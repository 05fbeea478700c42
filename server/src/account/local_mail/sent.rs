//! Copies of sent messages.

use app::api::types::MessageId;

use super::LocalMailWorker;
use crate::account::error::{AccountError, NoRoom};
use crate::account::model::random_id;
use crate::account::spooled::SpooledMessage;
use crate::clients::MessageBody as _;
use crate::domain::{Filed, LocalFolder, LocalLimit};
use crate::store::local_mail::{LocalSaved, NewLocalMessage, Replaces};

const SENT: LocalFolder = LocalFolder::Sent;
/// How much of a message is copied at once, in bytes.
const STEP_BYTES: usize = 64 << 10;

impl LocalMailWorker {
    /// Files a copy in Sent, unless there is one. The file of the outbox is copied: it goes with
    /// its row, and it has no Bcc.
    ///
    /// A copy that does not fit is refused: no older one is deleted for it.
    pub(super) async fn file_sent(
        &mut self,
        copy: &SpooledMessage,
        message_id: &str,
    ) -> Result<Filed, AccountError> {
        let filed = Filed::In {
            folder: Some(SENT.id()),
            is_unproven: false,
        };
        let messages = &self.mail.messages;
        let found = messages.find_copy(&self.account, SENT, message_id).await;
        if found.map_err(AccountError::store)?.is_some() {
            return Ok(filed);
        }
        let size_bytes = copy.filed_bytes();
        let spool = &self.mail.spool;
        let writer = spool.create(&self.account, size_bytes, size_bytes).await;
        let mut writer = writer.map_err(AccountError::spool)?;
        let mut body = copy.open().await?;
        while let Some(octets) = body.next(STEP_BYTES).await? {
            writer.write(&octets).await.map_err(AccountError::spool)?;
        }
        let file = writer.finish().await.map_err(AccountError::spool)?;
        let summary = self.read_summary(&file.name, message_id).await?;
        let message = MessageId(random_id()?);
        let new = NewLocalMessage {
            id: &message,
            spool: &file.name,
            size_bytes: file.size_bytes,
            // A message with a chosen time is listed by that time.
            written_unix_ms: summary.date_unix_ms.unwrap_or(copy.written_unix_ms),
            summary: &summary,
        };
        let saved = self
            .mail
            .messages
            .save(&self.account, SENT, &new, Replaces::Nothing);
        match saved.await.map_err(AccountError::store)? {
            LocalSaved::Full(LocalLimit::Server) => Err(AccountError::NoRoom(NoRoom::Server)),
            LocalSaved::Full(_) => Err(AccountError::NoRoom(NoRoom::Sent)),
            LocalSaved::Done | LocalSaved::Changed(_) | LocalSaved::Gone => {
                self.record_change();
                Ok(filed)
            }
        }
    }
}
