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
        turn_wait: Duration,
        undos: &[UndoId],
    ) -> Result<(), AccountError> {
        self.kept.refresh().await?;
        if self.kept.due(undos).is_empty() {
            return Ok(());
        }
        self.end_session().await;
        let SignedIn {
            mut connection,
            lease,
        } = self.log_in(Phase::Command, turn_wait).await?;
        // No earlier listing is used: the messages to delete are identified in this session.
        let listing = Listing::take(&mut connection, None, &mut self.rows).await?;
        // Reads the pending deletes once more, as late as possible.
        self.kept.refresh().await?;
        let due = self.kept.due(undos);
        let (mut deleted, mut numbers, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for key in due {
            match listing.entry(key) {
                Some(entry) => {
                    deleted.push(key);
                    numbers.push(entry.number);
                }
                None => gone.push(key),
            }
        }
        let answers = connection.delete(&numbers).await?;
        let mut refused = Vec::new();
        let mut answers = answers.into_iter();
        deleted.retain(|key| match answers.next() {
            Some(Ok(())) => true,
            Some(Err(reply)) => {
                warn!(%reply, "the server would not delete a message");
                refused.push(*key);
                false
            }
            None => false,
        });
        connection.commit().await?;
        self.maildrop.note_deleted(&deleted);
        drop(lease);
        info!(
            deleted = deleted.len(),
            gone = gone.len(),
            "messages are deleted"
        );
        self.take_listing(Arc::new(listing.without(&deleted)));
        gone.extend_from_slice(&deleted);
        self.kept.forget(&gone).await?;
        self.kept.give_up_deletes(&refused).await?;
        self.add_news(0);
        Ok(())
    }
}
