//! Background work: IDLE and its renewal, changes by other workers, prefetch of new rows, closing.

use std::time::Duration;

use mail_net::Phase;
use mail_proto::imap::Command;
use tokio::time::Instant;

use super::super::row::Detail;
use super::super::selected::ImapConnection;
use super::super::selected::SelectedMailbox;
use super::list::fetch_rows;
use super::{ImapWorker, ImapWorkerKind};
use crate::account::error::AccountError;

/// IDLE is entered after this time without requests: a request that follows closely needs no DONE.
const IDLE_AFTER: Duration = Duration::from_millis(300);
/// Interval of IDLE renewal; some networks drop silent connections.
const IDLE_RENEWAL_INTERVAL: Duration = Duration::from_secs(9 * 60);
/// Polling interval for a server without IDLE, while a page watches.
const POLL_INTERVAL: Duration = Duration::from_secs(60);
/// INBOX's connection closes after this time without a watching page and without requests.
const INBOX_CLOSES_AFTER: Duration = Duration::from_secs(300);
/// The same for the connection of another folder.
const OTHER_CLOSES_AFTER: Duration = Duration::from_secs(60);
/// Maximum number of new rows that are prefetched for the page.
const PREFETCH_MAX: u32 = 50;
/// Rows are cached for this long after the last request.
const ROWS_CACHE_LIFETIME: Duration = Duration::from_secs(50);

impl ImapWorker {
    pub(super) fn next_timer(&self) -> Instant {
        let closes_after = match self.kind {
            ImapWorkerKind::Inbox => INBOX_CLOSES_AFTER,
            ImapWorkerKind::Other => OTHER_CLOSES_AFTER,
        };
        let mut next = self.last_request.max(Instant::now() - closes_after) + closes_after;
        if next <= Instant::now() {
            // The connection is watched and stays open: check again later.
            next = Instant::now() + closes_after;
        }
        let mut consider = |at: Option<Instant>| {
            if let Some(at) = at {
                next = next.min(at);
            }
        };
        consider(self.publish_at);
        if self.has_rows() {
            consider(Some(self.last_request + ROWS_CACHE_LIFETIME));
        }
        if let Some(connection) = &self.connection {
            if !self.pending_checks.is_empty() {
                consider(Some(connection.talked_at() + IDLE_AFTER));
            }
            let has_idle = connection.can_idle();
            consider(Some(match connection.idle_since() {
                Some(since) => since + IDLE_RENEWAL_INTERVAL,
                None if has_idle => connection.talked_at() + IDLE_AFTER,
                None => connection.talked_at() + POLL_INTERVAL,
            }));
        } else {
            consider(self.reconnect_at);
        }
        next
    }

    pub(super) async fn on_timer(&mut self) -> std::ops::ControlFlow<()> {
        let now = Instant::now();
        if self.publish_at.is_some_and(|at| at <= now) {
            let fetched = self.fetch_arrived().await;
            if let Err(error) = self.settle(fetched) {
                self.on_connection_lost(&error);
            }
            self.publish_changes();
        }
        let is_quiet = |c: &ImapConnection| now >= c.talked_at() + IDLE_AFTER;
        if self.connection.is_none() {
            self.pending_checks.clear();
        } else if !self.pending_checks.is_empty() && self.connection.as_ref().is_some_and(is_quiet)
        {
            let checked = self.check_mailboxes().await;
            if let Err(error) = self.settle(checked) {
                self.on_connection_lost(&error);
            }
        }
        if self.has_rows() && now >= self.last_request + ROWS_CACHE_LIFETIME {
            let connection = self.connection.as_mut();
            if let Some(selected) = connection.and_then(ImapConnection::selected_mut) {
                selected.clear_rows();
            }
            self.whole = None;
        }
        if self.is_unneeded(now) {
            if let Some(connection) = self.connection.take() {
                connection.log_out().await;
            }
            self.reconnect_at = None;
            if self.kind == ImapWorkerKind::Other {
                return std::ops::ControlFlow::Break(());
            }
        }
        if self.connection.is_none() {
            if self.reconnect_at.is_some_and(|at| at <= now) {
                self.reconnect_at = None;
                if let Err(error) = self.reconnect().await {
                    self.on_connection_lost(&error);
                }
            }
            return std::ops::ControlFlow::Continue(());
        }
        let result = self.keep_alive(now).await;
        if let Err(error) = self.settle(result) {
            self.on_connection_lost(&error);
        }
        std::ops::ControlFlow::Continue(())
    }

    fn has_rows(&self) -> bool {
        let selected = self.connection.as_ref().and_then(ImapConnection::selected);
        self.whole.is_some() || selected.is_some_and(SelectedMailbox::has_rows)
    }

    fn is_unneeded(&self, now: Instant) -> bool {
        let closes_after = match self.kind {
            ImapWorkerKind::Inbox => INBOX_CLOSES_AFTER,
            ImapWorkerKind::Other => OTHER_CLOSES_AFTER,
        };
        !self.is_watched() && now.duration_since(self.last_request) >= closes_after
    }

    /// Enters or renews IDLE; polls a server without IDLE.
    async fn keep_alive(&mut self, now: Instant) -> Result<(), AccountError> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        let has_idle = connection.can_idle();
        match connection.idle_since() {
            Some(since) if now >= since + IDLE_RENEWAL_INTERVAL => connection.renew_idle(),
            Some(_) => {}
            None if has_idle && now >= connection.talked_at() + IDLE_AFTER => {
                connection.enter_idle();
            }
            None if !has_idle && now >= connection.talked_at() + POLL_INTERVAL => {
                connection.run(vec![Command::Noop], Phase::Command).await?;
                self.after_command();
            }
            None => {}
        }
        Ok(())
    }

    /// Prefetches new rows before they are announced, so that the page's request finds them cached.
    async fn fetch_arrived(&mut self) -> Result<(), AccountError> {
        let selected = self.connection.as_ref().and_then(ImapConnection::selected);
        if selected.is_none_or(|selected| selected.arrived() == 0) || !self.is_watched() {
            return Ok(());
        }
        self.count_returned().await?;
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        let arrived = connection.selected().map_or(0, |s| s.arrived());
        if arrived == 0 {
            return Ok(());
        }
        let rows = fetch_rows(connection, 0, arrived.min(PREFETCH_MAX), Detail::Full).await?;
        let unread = rows.iter().filter(|row| !row.marks.is_seen).count();
        if let Some(selected) = connection.selected_mut() {
            selected.add_unread(i64::try_from(unread).unwrap_or_default());
        }
        self.after_command();
        Ok(())
    }
}
