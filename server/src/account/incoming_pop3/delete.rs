//! Deleting: the only place that ever sends DELE, in sessions that do nothing else.

use std::sync::Arc;
use std::time::Duration;

use app::api::types::UndoId;
use mail_net::Phase;
use tracing::{info, warn};

use super::super::error::AccountError;
use super::listing::Listing;
use super::pop3_worker::Pop3Worker;
use super::session::SignedIn;

impl Pop3Worker {
    /// Deletes what is due, and what belongs to `undos` in any case: UIDL, DELE, QUIT.
    ///
    /// Done only once QUIT is answered with +OK. Whatever fails before leaves the maildrop as it
    /// was and the deletes waiting; if the answer to QUIT is lost, the next session sees what is
    /// left to be done.
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
        // Nothing is taken over from an earlier session: what is deleted was named in this one.
        let listing = Listing::take(&mut connection, None, &mut self.rows).await?;
        // The last word on what is still to be deleted.
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
