//! Mail that comes in by POP3: one maildrop, one session at a time, marks and deletes kept here.
//!
//! POP3 locks the maildrop and numbers messages per session, so this folder has parts that IMAP
//! does not need: [`lease`] lets the sessions of the whole process take turns, [`identity`] gives
//! messages ids that outlive a session, [`kept`] holds the marks and the deletes that wait, and
//! [`delete`] is the only place that ever sends DELE. [`link::Link`] is the task that serves
//! requests, [`session`] lets its sessions begin and end, and [`background`] looks for new mail and
//! runs the deletes that are due.

mod background;
mod change;
pub(crate) mod connection;
mod delete;
mod identity;
mod kept;
mod lease;
mod link;
mod listing;
mod messages;
mod read;
mod rows;
mod session;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use app::api::live::LiveEvent;
use app::api::types::Limitation;
use mail_net::{Dialer, Phase};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::error::AccountError;
use super::incoming::Closed;
use super::model::{Request, SignIn};
use crate::domain::AccountKey;
use crate::store::Store;
use lease::Maildrops;
use link::{Link, Timing};

/// The id of the one folder, base64url of "INBOX".
const INBOX_ID: &str = "SU5CT1g";
/// Requests that wait while the session is busy; more are held back where they come from.
const QUEUE: usize = 64;
/// An account's POP3 side.
pub(super) struct Pop3Incoming {
    requests: mpsc::Sender<Request>,
    limitations: Vec<Limitation>,
}

/// What a POP3 account needs of its surroundings.
pub(super) struct Pop3Surroundings {
    pub(super) key: AccountKey,
    pub(super) dialer: Arc<Dialer>,
    pub(super) client: Option<IpAddr>,
    pub(super) events: broadcast::Sender<LiveEvent>,
    pub(super) watchers: Arc<AtomicUsize>,
    pub(super) closing: CancellationToken,
    pub(super) store: Store,
}

impl Pop3Incoming {
    /// Signs in: one try. The first look at the maildrop begins at once.
    pub(super) async fn open(
        sign_in: SignIn,
        surroundings: Pop3Surroundings,
    ) -> Result<Self, AccountError> {
        Self::open_timed(sign_in, surroundings, Timing::default()).await
    }

    async fn open_timed(
        sign_in: SignIn,
        surroundings: Pop3Surroundings,
        timing: Timing,
    ) -> Result<Self, AccountError> {
        let maildrop = Maildrops::of_process().maildrop(&surroundings.key);
        let mut link = Link::new(sign_in, surroundings, maildrop, timing);
        let signed_in = link.log_in(Phase::SignIn, timing.turn_wait).await?;
        let every_secs = u32::try_from(link.polled_every().as_secs()).unwrap_or(u32::MAX);
        let limitations = vec![
            Limitation::OneFolder,
            Limitation::MarksKeptHere,
            Limitation::NoSentCopy,
            Limitation::Polled { every_secs },
        ];
        let (requests, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(link.run(signed_in, receiver));
        Ok(Self {
            requests,
            limitations,
        })
    }

    /// What POP3 cannot do.
    pub(super) fn limitations(&self) -> &[Limitation] {
        &self.limitations
    }

    /// Hands a request to the session's task, which answers it.
    pub(super) async fn send(&self, request: Request) -> Result<(), Closed> {
        self.requests.send(request).await.map_err(|_| Closed)
    }
}
