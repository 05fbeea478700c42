//! Incoming mail over POP3: one maildrop, one session at a time, with local marks and pending
//! deletes.
//!
//! POP3 locks the maildrop and numbers messages per session, so this folder has parts that IMAP
//! does not need: [`lease`] serializes the sessions of the whole process, [`identity`] gives
//! messages ids that outlive a session, and [`local_marks`] holds the marks and the pending
//! deletes. What is written here is in the account's [local folders](super::local_mail), which need
//! no session. [`pop3_worker::Pop3Worker`] is the task that serves requests, begins and ends sessions,
//! polls for new mail and runs the deletes that are due; its `delete` is the only place that ever
//! sends DELE.

mod entry;
mod identity;
mod lease;
mod listing;
mod local_marks;
mod messages;
mod pop3_worker;
mod rows;
#[cfg(test)]
mod tests;

use app::api::types::Limitation;
use tokio::sync::mpsc;

use super::dependencies::Dependencies;
use super::error::AccountError;
use super::local_mail::is_local;
use super::model::SignIn;
use super::worker::{self, Closed, Request};
use lease::Maildrops;
use pop3_worker::{Pop3Worker, Timing};

/// An account's POP3 side.
pub(super) struct Pop3Incoming {
    requests: mpsc::Sender<Request>,
    /// Requests to the local folders.
    local_requests: mpsc::Sender<Request>,
    limitations: Vec<Limitation>,
}

impl Pop3Incoming {
    /// Signs in, with a single attempt, and starts the first listing of the maildrop.
    pub(super) async fn open(
        sign_in: SignIn,
        dependencies: Dependencies,
    ) -> Result<Self, AccountError> {
        Self::open_timed(sign_in, dependencies, Timing::default()).await
    }

    async fn open_timed(
        sign_in: SignIn,
        dependencies: Dependencies,
        timing: Timing,
    ) -> Result<Self, AccountError> {
        let maildrop = Maildrops::of_process().maildrop(&dependencies.key);
        let closing = dependencies.closing.clone();
        let access = sign_in.incoming_access();
        let local = dependencies.clone();
        let worker = Pop3Worker::sign_in(access, dependencies, maildrop, timing).await?;
        let every_secs = u32::try_from(worker.poll_interval().as_secs()).unwrap_or(u32::MAX);
        let limitations = vec![
            Limitation::OneFolder,
            Limitation::MarksKeptHere,
            Limitation::Polled { every_secs },
        ];
        let requests = worker::spawn(worker, closing);
        Ok(Self {
            requests,
            local_requests: local.spawn_local_mail(),
            limitations,
        })
    }

    /// What POP3 does not support.
    pub(super) fn limitations(&self) -> &[Limitation] {
        &self.limitations
    }

    /// Hands a request to the worker that serves its folder.
    pub(super) async fn send(&self, request: Request) -> Result<(), Closed> {
        let requests = match is_local(&request.target) {
            true => &self.local_requests,
            false => &self.requests,
        };
        requests.send(request).await.map_err(|_| Closed)
    }
}
