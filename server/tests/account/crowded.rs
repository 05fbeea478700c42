//! Servers that close connections because they have enough of them.

use std::net::Ipv4Addr;

use app::api::ErrorKind;
use app::api::backend::MailBackend as _;
use app::api::types::{Draft, IncomingKind, Lang};
use mail_net::TlsMode;
use server::account::SignIn;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::parts::Protocol;
use super::peer::Peer;
use super::test_server::{TestAccounts, sign_in};

/// A server that accepts connections and closes each once the client starts TLS.
async fn start_closing() -> (u16, AbortHandle) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 4096];
            let _ = stream.read(&mut hello).await;
        }
    });
    (port, serving.abort_handle())
}

fn tls_sign_in(kind: IncomingKind, incoming: u16, outgoing: u16) -> SignIn {
    sign_in(
        "ann@peer.test",
        "x",
        (kind, incoming),
        outgoing,
        TlsMode::Implicit,
    )
}

const CLOSED: &str = "localhost closed the connection before it was encrypted.";

#[tokio::test]
async fn incoming_server_that_closes_during_the_tls_handshake_is_reported_as_busy() {
    let (port, serving) = start_closing().await;
    let accounts = TestAccounts::new(Peer::ca_pem(), vec![port]).await;
    for kind in [IncomingKind::Imap, IncomingKind::Pop3] {
        let error = accounts
            .open(tls_sign_in(kind, port, port))
            .await
            .err()
            .unwrap();
        let reported = error.to_api(Lang::En);
        assert_eq!(reported.kind, ErrorKind::Unreachable);
        assert_eq!(reported.cause, CLOSED);
        assert!(
            reported.fix.starts_with("It may be busy, or limit"),
            "{reported:?}"
        );
        let reported = error.to_api(Lang::ZhCn);
        assert_eq!(reported.cause, "localhost 在加密建立之前关闭了连接。");
    }
    serving.abort();
}

#[tokio::test]
async fn outgoing_server_that_closes_during_the_tls_handshake_is_reported_as_busy() {
    let (port, serving) = start_closing().await;
    let incoming = Peer::start(Protocol::Imap, true, None).await;
    let accounts = TestAccounts::new(Peer::ca_pem(), vec![port, incoming.port]).await;
    let sign_in = tls_sign_in(IncomingKind::Imap, incoming.port, port);
    let page = accounts.open(sign_in).await.unwrap();
    let draft = Draft {
        to: "bob@peer.test".to_owned(),
        subject: "hello".to_owned(),
        body: "Hello.\n".to_owned(),
        ..Draft::default()
    };
    let sent = page.backend.message_send(page.account.clone(), draft).await;
    let entry = page.settled(&sent.unwrap()).await;
    let problem = entry.trouble.unwrap();
    assert_eq!(problem.cause, CLOSED);
    assert!(problem.fix.starts_with("It may be busy"), "{problem:?}");
    serving.abort();
}
