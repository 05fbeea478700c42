//! The copy of a sent message: exactly one in Sent, whether the server files one itself or not.
//!
//! Some servers file the messages that are sent through them. They do not announce it, and a second
//! copy looks as if the message was sent twice. So Sent is searched for the Message-ID before and
//! after a copy is filed, until the server's behaviour is known.

use app::api::types::{FolderId, FolderRole};
use mail_net::Phase;
use mail_proto::imap::{
    Append, Capability, Code, Command, Flag, InternalDate, Mailbox, SearchKey, Store, StoreMode,
    Text, Uid,
};
use tracing::debug;

use super::super::selected::ImapConnection;
use super::super::sent_copies::{LastCopy, SentCopies};
use super::ImapWorker;
use crate::account::error::AccountError;
use crate::account::spooled::SpooledMessage;
use crate::clients::imap::uid_set;
use crate::domain::{CopyId, Filed, Filing};

/// A copy in Sent has the date on which it was written, or an adjacent one: the search for a header
/// is limited to messages of these days.
const SEARCH_MARGIN_SECS: i64 = 2 * 24 * 3600;
/// Maximum number of messages with one Message-ID that are examined.
const FOUND_MAX: usize = 100;
impl ImapWorker {
    /// Files a copy in Sent, unless one exists already or the server is about to file it.
    pub(super) async fn file_sent(
        &mut self,
        copy: &SpooledMessage,
        id: &CopyId,
        filing: Filing,
    ) -> Result<Filed, AccountError> {
        let mailbox = self.sent_mailbox().await?;
        let body = copy.open().await?;
        let known = self.shared.sent_copies();
        let written_unix_secs = copy.written_unix_ms.div_euclid(1000);
        let is_search_needed = filing == Filing::LeftOver || known != SentCopies::ByUs;
        if is_search_needed {
            let found = self.find(&mailbox, id, written_unix_secs).await?;
            if !found.is_empty() {
                if filing != Filing::LeftOver {
                    self.shared.set_sent_copies(SentCopies::ByServer);
                }
                return Ok(self.filed(&mailbox, false));
            }
            if known == SentCopies::ByServer && filing == Filing::AtOnce {
                return Ok(Filed::Awaited);
            }
        }
        let connection = self.connection().await?;
        let done = connection
            .append(
                Append {
                    mailbox: mailbox.clone(),
                    flags: vec![Flag::Seen],
                    internal_date: InternalDate::from_unix_secs(written_unix_secs),
                    size_bytes: copy.filed_bytes(),
                },
                body,
            )
            .await?;
        self.shared.invalidate_counts(&mailbox);
        self.notify_changed(&mailbox);
        if known == SentCopies::ByUs {
            return Ok(self.filed(&mailbox, false));
        }
        if let Some(Code::AppendUid { uid_validity, uids }) = done.code
            && let Some(uid) = uids.uids().next()
        {
            self.shared.set_last_copy(LastCopy {
                id: id.clone(),
                uid_validity,
                uid,
                written_unix_secs,
            });
        }
        // The server's own copy may have arrived meanwhile.
        let is_unproven = !self.remove_duplicate(id).await?;
        Ok(self.filed(&mailbox, is_unproven))
    }

    /// Searches for the server's copy of the message that was filed last: if there is one, ours is
    /// removed; if there is none, the server files none.
    pub(super) async fn remove_duplicate_copy(&mut self, id: &CopyId) -> Result<(), AccountError> {
        if !self.remove_duplicate(id).await? && self.shared.sent_copies() == SentCopies::Unknown {
            self.shared.set_sent_copies(SentCopies::ByUs);
        }
        Ok(())
    }

    /// Removes our copy if it is not the only one. Returns whether there was another.
    async fn remove_duplicate(&mut self, id: &CopyId) -> Result<bool, AccountError> {
        let last = self.shared.last_copy();
        let Some(last) = last.filter(|last| last.id == *id) else {
            return Ok(false);
        };
        let mailbox = self.sent_mailbox().await?;
        let found = self.find(&mailbox, id, last.written_unix_secs).await?;
        let is_own_copy = self
            .connection()
            .await?
            .selected()
            .map(|s| s.uid_validity())
            == Some(last.uid_validity.get())
            && found.contains(&last.uid);
        if found.len() < 2 || !is_own_copy {
            return Ok(false);
        }
        self.shared.set_sent_copies(SentCopies::ByServer);
        remove(self.connection().await?, last.uid).await?;
        self.shared.invalidate_counts(&mailbox);
        self.notify_changed(&mailbox);
        Ok(true)
    }

    async fn sent_mailbox(&mut self) -> Result<Mailbox, AccountError> {
        let role = FolderRole::Sent;
        if self.shared.folder_by_role(role).is_none() {
            // Directly after sign-in the folders are unknown; the folder may also have been created
            // since.
            self.folders().await?;
        }
        let folder = self.shared.folder_by_role(role);
        folder
            .map(|(mailbox, _, _)| mailbox)
            .ok_or(AccountError::MissingFolder(role))
    }

    fn filed(&self, mailbox: &Mailbox, is_unproven: bool) -> Filed {
        let folder: Option<FolderId> = self.shared.folder(mailbox).map(|folder| folder.id);
        Filed::In {
            folder,
            is_unproven,
        }
    }

    /// Searches Sent and the folder of all mail for a message.
    pub(super) async fn find_copy(
        &mut self,
        id: &CopyId,
        written_unix_ms: i64,
    ) -> Result<Option<FolderId>, AccountError> {
        let written_unix_secs = written_unix_ms.div_euclid(1000);
        let sent = self.sent_mailbox().await?;
        let all = self.shared.folder_by_role(FolderRole::All);
        for mailbox in [Some(sent), all.map(|(mailbox, _, _)| mailbox)]
            .into_iter()
            .flatten()
        {
            let found = self.find(&mailbox, id, written_unix_secs).await?;
            if !found.is_empty() {
                return Ok(self.shared.folder(&mailbox).map(|folder| folder.id));
            }
        }
        Ok(None)
    }

    /// Returns the messages with an id in a mailbox. A server that cannot search returns none.
    async fn find(
        &mut self,
        mailbox: &Mailbox,
        id: &CopyId,
        written_unix_secs: i64,
    ) -> Result<Vec<Uid>, AccountError> {
        self.select(mailbox).await?;
        let since =
            InternalDate::from_unix_secs(written_unix_secs.saturating_sub(SEARCH_MARGIN_SECS));
        let since = since.map(|date| SearchKey::Since(date.date));
        self.find_by_id(id.field, &id.id, since).await
    }

    /// Returns the messages with a Message-ID in the selected mailbox that also match `key`. A
    /// server that cannot search returns none.
    pub(super) async fn find_by_message_id(
        &mut self,
        message_id: &str,
        key: Option<SearchKey>,
    ) -> Result<Vec<Uid>, AccountError> {
        self.find_by_id("Message-ID", message_id, key).await
    }

    async fn find_by_id(
        &mut self,
        field: &str,
        id: &str,
        key: Option<SearchKey>,
    ) -> Result<Vec<Uid>, AccountError> {
        let (Ok(field), Ok(text)) = (Text::new(field), Text::new(id)) else {
            return Ok(Vec::new());
        };
        let header = SearchKey::Header { field, text };
        let search = Command::Search {
            uid: true,
            criteria: key.into_iter().chain([header]).collect(),
        };
        let connection = self.connection().await?;
        match connection.run(vec![search], Phase::LongCommand).await {
            Ok(responses) => Ok(responses
                .found
                .map(|found| found.uids().take(FOUND_MAX).collect())
                .unwrap_or_default()),
            Err(error) if error.is_connection_lost() => Err(error.into()),
            Err(error) => {
                debug!(%error, "a mailbox could not be searched");
                Ok(Vec::new())
            }
        }
    }
}

/// Removes one message of the selected mailbox, if no other message can be expunged with it.
async fn remove(connection: &mut ImapConnection, uid: Uid) -> Result<(), AccountError> {
    if !connection.capabilities().has(Capability::UidPlus) {
        return Ok(());
    }
    let Some(set) = uid_set(&[uid]) else {
        return Ok(());
    };
    let store = Command::Store(Store {
        set: set.clone(),
        uid: true,
        mode: StoreMode::Add,
        flags: vec![Flag::Deleted],
        silent: true,
    });
    let commands = vec![store, Command::UidExpunge(set)];
    connection.run(commands, Phase::LongCommand).await?;
    Ok(())
}
