//! The dependencies that both protocols' incoming sides are opened with.

use std::net::IpAddr;
use std::sync::Arc;

use mail_net::Dialer;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::local_mail::LocalMail;
use super::open_pages::OpenPages;
use super::worker::Request;
use crate::clients::budget::Budget;
use crate::domain::AccountKey;
use crate::store::Store;

/// The dependencies of an account's incoming side, for either protocol.
#[derive(Clone)]
pub(super) struct Dependencies {
    pub(super) key: AccountKey,
    pub(super) dialer: Arc<Dialer>,
    /// The IP address of the browser whose sign-in form named the server.
    pub(super) client: Option<IpAddr>,
    pub(super) pages: OpenPages,
    pub(super) closing: CancellationToken,
    pub(super) store: Store,
    pub(super) local_mail: LocalMail,
    /// The memory budget for its servers' responses.
    pub(super) budget: Budget,
}

impl Dependencies {
    /// Starts the task that serves the local folders of the account.
    pub(super) fn spawn_local_mail(&self) -> mpsc::Sender<Request> {
        self.local_mail.spawn(
            self.key.clone(),
            self.pages.clone(),
            self.budget.clone(),
            self.closing.clone(),
        )
    }
}
