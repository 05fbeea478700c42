//! The dependencies that both protocols' incoming sides are opened with.

use std::net::IpAddr;
use std::sync::Arc;

use mail_net::Dialer;
use tokio_util::sync::CancellationToken;

use super::open_pages::OpenPages;
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
    /// The memory budget for its servers' responses.
    pub(super) budget: Budget,
}
