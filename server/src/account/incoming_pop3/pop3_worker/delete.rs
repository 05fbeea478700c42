//! Deletes messages: the only place that ever sends DELE, in sessions that do nothing else.

use std::sync::Arc;
use std::time::Duration;

use app::api::types::UndoId;
use mail_net::Phase;
use tracing::{info, warn};

use super::super::listing::Listing;
use super::Pop3Worker;
use super::session::SignedIn;
use crate::account::error::AccountError;

impl Pop3Worker {
    /// Deletes messages that are due, and those of `undos` regardless of their due time: UIDL,
    /// DELE, QUIT.
    ///
    /// The deletes are complete only once QUIT is answered with +OK. An earlier failure leaves the
    /// maildrop unchanged and the deletes pending; if the reply to QUIT is lost, the next session
    /// finds what is left to delete.
    pub(super) async fn run_deletes(
        &mut self,
        lease_wait: Duration,
        undos: &[UndoId],
    ) -> Result<(), AccountError> {
        self.local_marks.refresh().await?;
        if self.local_marks.due(undos).is_empty() {
            return Ok(());
        }
        self.end_session().await;
        let SignedIn {
            mut connection,
            lease,
        } = self.log_in(Phase::Command, lease_wait).await?;
        // No earlier listing is used: the messages to delete are identified in this session.
        let listing = Listing::fetch(&mut connection, None, &mut self.rows).await?;
        // Reads the pending deletes once more, as late as possible.
        self.local_marks.refresh().await?;
        let due = self.local_marks.due(undos);
        let (mut deleted, mut numbers, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for key in due {
            match listing.entry(key) {
                Some(entry) => {
                    deleted.push(key);
                    numbers.push(entry.number);
                }
                None => missing.push(key),
            }
        }
        let replies = connection.delete(&numbers).await?;
        let mut refused = Vec::new();
        let mut replies = replies.into_iter();
        deleted.retain(|key| match replies.next() {
            Some(Ok(())) => true,
            Some(Err(reply)) => {
                warn!(%reply, "the server would not delete a message");
                refused.push(*key);
                false
            }
            None => false,
        });
        connection.commit().await?;
        self.maildrop.record_deleted(&deleted);
        drop(lease);
        info!(
            deleted = deleted.len(),
            gone = missing.len(),
            "messages are deleted"
        );
        self.set_listing(Arc::new(listing.without(&deleted)));
        missing.extend_from_slice(&deleted);
        self.local_marks.forget(&missing).await?;
        self.local_marks.drop_refused_deletes(&refused).await?;
        self.record_change(0);
        Ok(())
    }
}
