//! The mailbox of an outbox: files copies in Sent, and marks the messages that were answered.

use app::api::types::IncomingKind;
use tokio::sync::{OnceCell, mpsc};
use tracing::info;

use crate::account::dependencies::Dependencies;
use crate::account::error::AccountError;
use crate::account::incoming::Incoming;
use crate::account::local_mail::is_local;
use crate::account::model::SignIn;
use crate::account::worker::{Closed, Request};

/// The incoming side that an outbox files its copies with.
pub(in crate::account) enum OutboxMailbox {
    /// That of the session.
    Session(Incoming),
    /// One that is opened for the first request.
    OnDemand(Box<OnDemand>),
}

/// An incoming side that is opened for the first request.
pub(in crate::account) struct OnDemand {
    pub(in crate::account) sign_in: SignIn,
    pub(in crate::account) dependencies: Dependencies,
    pub(in crate::account) opened: OnceCell<Result<Incoming, AccountError>>,
    /// Its local folders, which need no connection.
    pub(in crate::account) local: OnceCell<mpsc::Sender<Request>>,
}

impl OutboxMailbox {
    /// Whether its server may file copies of what is sent through it: POP3 has no folder for them.
    pub(super) fn has_server_copies(&self) -> bool {
        match self {
            Self::Session(Incoming::Imap(_)) => true,
            Self::Session(Incoming::Pop3(_)) => false,
            Self::OnDemand(mailbox) => mailbox.sign_in.incoming.kind == IncomingKind::Imap,
        }
    }

    /// Whether it could not be opened because the server refused the password.
    pub(in crate::account) fn is_password_refused(&self) -> bool {
        match self {
            Self::Session(_) => false,
            Self::OnDemand(mailbox) => {
                let opened = mailbox.opened.get();
                opened.is_some_and(|opened| {
                    opened
                        .as_ref()
                        .is_err_and(AccountError::is_password_refused)
                })
            }
        }
    }

    /// Sends a request to it.
    pub(super) async fn send(&self, request: Request) -> Result<(), Closed> {
        match self {
            Self::Session(incoming) => incoming.send(request).await,
            Self::OnDemand(mailbox) if mailbox.is_local(&request) => {
                let open = || async { mailbox.dependencies.spawn_local_mail() };
                let local = mailbox.local.get_or_init(open).await;
                local.send(request).await.map_err(|_| Closed)
            }
            Self::OnDemand(mailbox) => match mailbox.incoming().await {
                Some(incoming) => incoming.send(request).await,
                None => Err(Closed),
            },
        }
    }
}

impl OnDemand {
    fn is_local(&self, request: &Request) -> bool {
        self.sign_in.incoming.kind == IncomingKind::Pop3 && is_local(&request.target)
    }

    async fn incoming(&self) -> Option<&Incoming> {
        let open = || async {
            let opened = Incoming::open(self.sign_in.clone(), self.dependencies.clone()).await;
            opened.inspect_err(|error| info!(%error, "the mailbox for copies could not be opened"))
        };
        self.opened.get_or_init(open).await.as_ref().ok()
    }
}
