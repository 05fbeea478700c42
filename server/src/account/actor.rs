//! The actor of one account: takes requests and hands them to the protocol that has the answers.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::incoming_imap::ImapIncoming;
use super::incoming_pop3::Pop3Incoming;
use super::model::Request;

/// The incoming side of an account.
pub(super) enum IncomingSide {
    Imap(ImapIncoming),
    Pop3(Pop3Incoming),
}

/// Serves requests until the session ends or every handle is gone.
pub(super) async fn run(
    mut incoming: IncomingSide,
    mut requests: mpsc::Receiver<Request>,
    closing: CancellationToken,
) {
    loop {
        let request = tokio::select! {
            request = requests.recv() => request,
            () = closing.cancelled() => None,
        };
        let Some(request) = request else { break };
        match &mut incoming {
            IncomingSide::Imap(imap) => imap.dispatch(request).await,
            IncomingSide::Pop3(pop3) => pop3.dispatch(request).await,
        }
    }
    if let IncomingSide::Pop3(pop3) = incoming {
        // What was deleted is deleted before the session ends.
        pop3.close().await;
    }
}
