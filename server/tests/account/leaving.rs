//! Leaving a mailing list: by one click, on a page, by a message.

use std::net::Ipv4Addr;

use app::api::backend::MailBackend as _;
use app::api::types::{ComposeKind, ComposeSource, MessageRef, MessageView, Unsubscribe};
use app::api::{ApiError, ErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::peer::Peer;
use super::scripted_imap::{Mail, ScriptedImap};

/// A newsletter that the receiving server found signed by `shop.example`.
fn newsletter(unsubscribe: &str, covered: &str) -> Mail {
    let raw = format!(
        "Received: from shop.example by mx.localhost with ESMTPS; Mon, 01 Jan 2024 10:00:00 +0000\r\n\
         Authentication-Results: localhost; dkim=pass header.d=shop.example\r\n\
         DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=a; h={covered}; bh=a; b=b\r\n\
         From: Shop <news@shop.example>\r\nTo: user@example.test\r\nSubject: The sale\r\n\
         Date: Mon, 01 Jan 2024 10:00:00 +0000\r\nList-Unsubscribe: {unsubscribe}\r\n\
         List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nBuy now.\r\n"
    );
    Mail::of(&raw, "The sale")
}

const SIGNED: &str = "from:list-unsubscribe:list-unsubscribe-post";

/// A web server that reads one form and answers with a status.
struct ListServer {
    port: u16,
    request: JoinHandle<String>,
}

impl ListServer {
    async fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let request = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = Peer::acceptor().accept(stream).await.unwrap();
            let mut request = String::new();
            let mut buffer = [0; 4096];
            while !request.ends_with("One-Click") {
                let count = stream.read(&mut buffer).await.unwrap();
                assert!(count > 0, "{request}");
                request += str::from_utf8(&buffer[..count]).unwrap();
            }
            let response = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(response.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
            request
        });
        Self { port, request }
    }

    /// Returns the mailbox with a newsletter that names this server.
    async fn mailbox(&self, covered: &str) -> ScriptedImap {
        let url = format!("<https://localhost:{}/leave?u=1>", self.port);
        let mail = newsletter(&url, covered);
        ScriptedImap::start_beside(vec![mail], |_| None, vec![self.port]).await
    }
}

fn message(server: &ScriptedImap) -> MessageRef {
    server.page.in_inbox("7.101")
}

async fn open(server: &ScriptedImap) -> MessageView {
    server.page.open(message(server)).await.unwrap()
}

async fn leave(server: &ScriptedImap) -> Result<String, ApiError> {
    server.page.backend.list_leave(message(server)).await
}

#[tokio::test]
async fn a_signed_list_is_left_by_one_click() {
    let list = ListServer::start("200 OK").await;
    let mailbox = list.mailbox(SIGNED).await;
    let host = "localhost".to_owned();
    let offered = open(&mailbox).await.unsubscribe;
    assert_eq!(offered, Some(Unsubscribe::OneClick { host: host.clone() }));
    assert_eq!(leave(&mailbox).await.unwrap(), host);
    let request = list.request.await.unwrap();
    assert!(
        request.starts_with("POST /leave?u=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(!request.to_lowercase().contains("cookie"), "{request}");
}

#[tokio::test]
async fn a_refusal_and_a_missing_server_are_told_as_what_they_are() {
    let list = ListServer::start("404 Not Found").await;
    let mailbox = list.mailbox(SIGNED).await;
    let refused = leave(&mailbox).await.unwrap_err();
    assert!(refused.cause.contains("status 404"), "{}", refused.cause);
    // It answered once and is gone.
    list.request.await.unwrap();
    let missing = leave(&mailbox).await.unwrap_err();
    assert!(
        missing.cause.contains("nothing was sent"),
        "{}",
        missing.cause
    );
}

#[tokio::test]
async fn a_list_that_did_not_sign_its_offer_is_left_on_its_page() {
    let list = ListServer::start("200 OK").await;
    let mailbox = list.mailbox("from:list-unsubscribe").await;
    let url = format!("https://localhost:{}/leave?u=1", list.port);
    assert_eq!(
        open(&mailbox).await.unsubscribe,
        Some(Unsubscribe::Page { url })
    );
    let error = leave(&mailbox).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(!list.request.is_finished());
}

#[tokio::test]
async fn a_list_server_that_the_operator_does_not_allow_is_not_asked() {
    let mail = newsletter("<https://127.0.0.1/leave>", SIGNED);
    let mailbox = ScriptedImap::start(vec![mail], |_| None).await;
    let url = "https://127.0.0.1/leave".to_owned();
    let offered = open(&mailbox).await.unsubscribe;
    assert_eq!(offered, Some(Unsubscribe::Page { url }));
    let error = leave(&mailbox).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn a_list_that_is_left_by_mail_has_a_message_prepared() {
    let mail = newsletter(
        "<mailto:leave@shop.example?subject=leave%201&body=bye>",
        SIGNED,
    );
    let mailbox = ScriptedImap::start(vec![mail], |_| None).await;
    assert_eq!(open(&mailbox).await.unsubscribe, Some(Unsubscribe::Mail));
    let of = message(&mailbox);
    let source = ComposeSource {
        kind: ComposeKind::Unsubscribe,
        folder: of.folder.folder.clone(),
        message: of.message,
    };
    let form = mailbox
        .page
        .backend
        .compose_start(of.folder.account, Some(source), Vec::new());
    let draft = form.await.unwrap().draft;
    assert_eq!(
        (&*draft.to, &*draft.subject, &*draft.body, draft.source),
        ("leave@shop.example", "leave 1", "bye", None)
    );
}
