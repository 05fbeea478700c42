//! Where an account's mail comes from: whoever asks hands the request to the connection that has
//! the answer, and waits for that one alone.

use std::sync::Arc;

use app::api::types::Limitation;

use super::incoming_imap::ImapIncoming;
use super::incoming_pop3::Pop3Incoming;
use super::model::Request;

/// The incoming side of an account. Cheap to clone.
#[derive(Clone)]
pub(super) enum Incoming {
    Imap(Arc<ImapIncoming>),
    Pop3(Arc<Pop3Incoming>),
}

/// The session ended: nobody answers any more.
#[derive(Debug)]
pub(super) struct Closed;

impl Incoming {
    /// What its server cannot do.
    pub(super) fn limitations(&self) -> &[Limitation] {
        match self {
            Self::Imap(imap) => imap.limitations(),
            Self::Pop3(pop3) => pop3.limitations(),
        }
    }

    /// Hands a request over; waits while too many wait for the same connection. Dropped before it
    /// ends, nothing was handed over.
    pub(super) async fn send(&self, request: Request) -> Result<(), Closed> {
        match self {
            Self::Imap(imap) => imap.send(request).await,
            Self::Pop3(pop3) => pop3.send(request).await,
        }
    }
}
