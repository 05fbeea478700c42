//! The incoming side of an account: hands a request to the connection that serves it, and waits for
//! that connection only.

use std::sync::Arc;

use app::api::types::{IncomingKind, Limitation};

use super::dependencies::Dependencies;
use super::error::AccountError;
use super::incoming_imap::ImapIncoming;
use super::incoming_pop3::Pop3Incoming;
use super::model::SignIn;
use super::worker::{Closed, Request};

/// The incoming side of an account. Cheap to clone.
#[derive(Clone)]
pub(super) enum Incoming {
    Imap(Arc<ImapIncoming>),
    Pop3(Arc<Pop3Incoming>),
}

impl Incoming {
    /// Signs in, with a single attempt, and starts the first fetch of the mail.
    pub(super) async fn open(
        sign_in: SignIn,
        dependencies: Dependencies,
    ) -> Result<Self, AccountError> {
        match sign_in.incoming.kind {
            IncomingKind::Imap => {
                let imap = ImapIncoming::open(sign_in, dependencies).await?;
                Ok(Self::Imap(Arc::new(imap)))
            }
            IncomingKind::Pop3 => {
                let pop3 = Pop3Incoming::open(sign_in, dependencies).await?;
                Ok(Self::Pop3(Arc::new(pop3)))
            }
        }
    }

    /// What its server does not support.
    pub(super) fn limitations(&self) -> &[Limitation] {
        match self {
            Self::Imap(imap) => imap.limitations(),
            Self::Pop3(pop3) => pop3.limitations(),
        }
    }

    /// Hands a request over; waits while the connection's queue is full. If it is dropped before it
    /// completes, the request is not handed over.
    pub(super) async fn send(&self, request: Request) -> Result<(), Closed> {
        match self {
            Self::Imap(imap) => imap.send(request).await,
            Self::Pop3(pop3) => pop3.send(request).await,
        }
    }
}
