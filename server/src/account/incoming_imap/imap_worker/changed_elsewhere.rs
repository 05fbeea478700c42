//! Notifies the account's other connections in this process, of the same session and of other
//! sessions, of a change that one connection made. Each session's page receives its own events.

use app::api::live::LiveEvent;
use mail_net::Phase;
use mail_proto::imap::{Command, Mailbox, StatusItem};
use tokio::sync::broadcast::error::RecvError;

use super::super::folder_changes::FolderChange;
use super::super::selected::ImapConnection;
use super::{ImapWorker, ImapWorkerKind};
use crate::account::error::AccountError;
use crate::clients::imap::MailboxState as _;

/// Maximum number of mailboxes that wait to be checked; beyond it, the page reloads everything.
const PENDING_CHECKS_MAX: usize = 16;

impl ImapWorker {
    /// Notifies the account's other workers that a mailbox changed.
    pub(super) fn notify_changed(&mut self, mailbox: &Mailbox) {
        let change = FolderChange {
            worker_id: self.id,
            mailbox: mailbox.clone(),
        };
        // No other worker is not an error.
        let _ = self.shared.changes.send(change);
        // For the mailbox that this worker has selected, the server's own responses report the
        // change.
        if !self.has_selected(mailbox) {
            self.schedule_check_for_tabs(mailbox);
        }
    }

    /// Handles a change that another worker reports.
    pub(super) fn on_folder_change(&mut self, change: Result<FolderChange, RecvError>) {
        match change {
            Ok(change) if change.worker_id == self.id => {}
            Ok(change) if self.has_selected(&change.mailbox) => self.schedule_check(change.mailbox),
            Ok(change) => self.schedule_check_for_tabs(&change.mailbox),
            Err(_) if self.kind == ImapWorkerKind::Inbox => {
                self.shared.pages.publish(LiveEvent::Resync)
            }
            Err(_) => {}
        }
    }

    /// Schedules a check for the session's tabs by exactly one worker: the one that has the mailbox
    /// selected, else INBOX's.
    fn schedule_check_for_tabs(&mut self, mailbox: &Mailbox) {
        if self.kind == ImapWorkerKind::Inbox && !self.shared.is_selected_by_other(mailbox) {
            self.shared.invalidate_counts(mailbox);
            self.schedule_check(mailbox.clone());
        }
    }

    fn schedule_check(&mut self, mailbox: Mailbox) {
        if self.pending_checks.contains(&mailbox) {
            return;
        }
        if self.pending_checks.len() >= PENDING_CHECKS_MAX {
            self.pending_checks.clear();
            self.shared.pages.publish(LiveEvent::Resync);
        }
        self.pending_checks.push(mailbox);
    }

    pub(super) fn has_selected(&self, mailbox: &Mailbox) -> bool {
        let selected = self.open_connection().and_then(ImapConnection::selected);
        selected.is_some_and(|selected| selected.mailbox() == mailbox)
    }

    /// Makes the server report the changes in the scheduled mailboxes, and notifies the tabs.
    pub(super) async fn check_mailboxes(&mut self) -> Result<(), AccountError> {
        let mut mailboxes = std::mem::take(&mut self.pending_checks);
        let before = mailboxes.len();
        mailboxes.retain(|mailbox| !self.has_selected(mailbox));
        let mut commands = Vec::new();
        if mailboxes.len() < before {
            commands.push(Command::Noop);
        }
        if self.shared.pages.is_watched() {
            commands.extend(mailboxes.into_iter().map(|mailbox| Command::Status {
                mailbox,
                items: vec![StatusItem::Messages, StatusItem::Unseen],
            }));
        }
        if commands.is_empty() {
            return Ok(());
        }
        let connection = self.connection().await?;
        let responses = connection.run_raw(commands, Phase::LongCommand).await?;
        for status in &responses.statuses {
            self.shared.publish_counts(status);
        }
        self.after_command();
        Ok(())
    }
}
