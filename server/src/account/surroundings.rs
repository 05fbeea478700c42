//! The dependencies that both protocols' incoming sides are opened with.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use app::api::live::LiveEvent;
use mail_net::Dialer;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::clients::budget::Budget;
use crate::domain::AccountKey;
use crate::store::Store;

/// The dependencies of an account's incoming side, for either protocol.
pub(super) struct Surroundings {
    pub(super) key: AccountKey,
    pub(super) dialer: Arc<Dialer>,
    /// The IP address of the browser whose sign-in form named the server.
    pub(super) client: Option<IpAddr>,
    pub(super) events: broadcast::Sender<LiveEvent>,
    pub(super) watchers: Arc<AtomicUsize>,
    pub(super) closing: CancellationToken,
    pub(super) store: Store,
    /// The memory budget for its servers' responses.
    pub(super) budget: Budget,
}
