//! Messages that are passed on as they are.

use app::api::backend::MailBackend as _;
use app::api::error::ApiError;
use app::api::types::{
    ComposeForm, ComposeKind, ComposeSource, Draft, FolderRole, MessageRef, OutboxState, SentCopy,
};
use mail_demo::ADDRESS;

use super::sending::Fixture;
use super::submission::Behaviour;
use super::test_server::{Page, TestServer};

const LETTER: &str = "Return-Path: <anna@peer.test>\r\nReceived: by mx.peer.test; Mon, 2 Nov 2026 \
                      10:00:00 +0000\r\nFrom: Anna <anna@peer.test>\r\nTo: demo@restante.test\r\n\
                      Bcc: secret@peer.test\r\nSubject: Tides\r\nDate: Mon, 2 Nov 2026 10:00:00 \
                      +0000\r\nMessage-ID: <tides@peer.test>\r\n\r\nNine o'clock.\r\n";

async fn redirect(page: &Page, message: &MessageRef) -> Result<ComposeForm, ApiError> {
    let source = ComposeSource {
        kind: ComposeKind::Redirect,
        folder: message.folder.folder.clone(),
        message: message.message.clone(),
    };
    let account = page.account.clone();
    let form = page
        .backend
        .compose_start(account, Some(source), Vec::new());
    form.await
}

/// Returns a message without what was put before it on its way.
fn from_field<'s>(source: &'s str, field: &str) -> &'s str {
    let start = source.find(&format!("{field}:"));
    source.get(start.unwrap()..).unwrap()
}

#[tokio::test]
async fn message_is_passed_on_with_its_author_and_without_blind_copies() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    server.demo.deliver(LETTER);
    let original = page.arrived("Tides").await.id;
    let form = redirect(&page, &original).await.unwrap();
    assert_eq!(form.draft.subject, "Tides");
    assert_eq!((&*form.draft.to, &*form.draft.body), ("", ""));

    let draft = Draft {
        to: ADDRESS.to_owned(),
        bcc: "quiet@restante.test".to_owned(),
        ..form.draft
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    let entry = page.handed_over(&sent.await.unwrap()).await;
    assert_eq!(entry.subject, "Tides");
    assert_eq!(entry.recipients.len(), 2, "{entry:?}");

    let inbox = page.inbox();
    let arrived = page
        .row(&inbox, |row| row.subject == "Tides" && row.id != original)
        .await;
    let source = page.source(&arrived.id).await;
    let passed_on = from_field(&source, "Resent-Date");
    let expected = LETTER
        .replace("Return-Path: <anna@peer.test>\r\n", "")
        .replace("Bcc: secret@peer.test\r\n", "");
    assert!(passed_on.ends_with(&expected), "{source}");
    assert!(
        passed_on.contains(&format!("Resent-To: <{ADDRESS}>\r\n")),
        "{source}"
    );
    assert!(!source.contains("quiet@restante.test"), "{source}");
    // An answer goes to its author.
    assert_eq!(arrived.people[0].name, "Anna");

    let SentCopy::Filed { folder } = entry.copy else {
        panic!("{entry:?}")
    };
    assert_eq!(folder, page.folder(FolderRole::Sent).await);
    let copies = page.rows(&folder).await.into_iter();
    let copies: Vec<_> = copies.filter(|row| row.subject == "Tides").collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
    let copy = page.source(&copies[0].id).await;
    assert!(
        copy.starts_with("Resent-Bcc: <quiet@restante.test>\r\nResent-Date: "),
        "{copy}"
    );

    let marked = page.row(&inbox, |row| row.id == original).await;
    assert!(!marked.is_forwarded && !marked.is_answered, "{marked:?}");
}

#[tokio::test]
async fn text_of_8_bits_needs_a_server_that_takes_it() {
    let raw = "From: a@peer.test\r\nSubject: raw\r\nContent-Type: text/plain; charset=utf-8\r\n\
               Content-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n";
    for (extensions, expected) in [
        (vec!["8BITMIME"], OutboxState::HandedOver),
        (Vec::new(), OutboxState::NotSent),
    ] {
        let mut behaviour = Behaviour::modern();
        behaviour.ehlo_lines.extend(extensions);
        let fixture = Fixture::of(ADDRESS, behaviour).await;
        fixture.demo.deliver(raw);
        let page = &fixture.page;
        let message = page.arrived("raw").await.id;
        let draft = Draft {
            to: "bob@peer.test".to_owned(),
            ..redirect(page, &message).await.unwrap().draft
        };
        let sent = page.backend.message_send(page.account.clone(), draft);
        let entry = page.settled(&sent.await.unwrap()).await;
        assert_eq!(entry.state, expected, "{entry:?}");
        let received = fixture.outgoing.received.borrow();
        match expected {
            OutboxState::HandedOver => {
                let lines = received.connections.iter().flatten().flatten();
                let mut mail = lines.filter(|line| line.starts_with("MAIL"));
                assert!(mail.any(|line| line.contains(" BODY=8BITMIME")));
                assert!(received.accepted[0].ends_with("Grüße\r\n"), "{received:?}");
            }
            _ => {
                let trouble = entry.trouble.unwrap();
                assert!(trouble.fix.contains("attachment"), "{trouble:?}");
                assert!(received.accepted.is_empty());
            }
        }
    }
}

#[tokio::test]
async fn refused_redirect_is_corrected_and_goes_on_to_others() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    server.demo.deliver(LETTER);
    let original = page.arrived("Tides").await.id;
    let draft = Draft {
        to: "nobody@restante.test".to_owned(),
        ..redirect(&page, &original).await.unwrap().draft
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    let id = sent.await.unwrap();
    let entry = page.settled(&id).await;
    assert_eq!(entry.state, OutboxState::Refused, "{entry:?}");

    let form = page.backend.compose_again(id.clone()).await.unwrap();
    let kind = form.draft.source.as_ref().map(|source| source.kind);
    assert_eq!(kind, Some(ComposeKind::Redirect));
    assert_eq!(form.draft.subject, "Tides");
    let draft = Draft {
        to: ADDRESS.to_owned(),
        ..form.draft
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    page.handed_over(&sent.await.unwrap()).await;
    let arrived = page
        .row(&page.inbox(), |row| {
            row.subject == "Tides" && row.id != original
        })
        .await;
    let source = page.source(&arrived.id).await;
    assert_eq!(source.matches("Resent-To:").count(), 1, "{source}");
}

#[tokio::test]
async fn message_of_a_maildrop_is_passed_on_too() {
    let server = TestServer::new(Some(1)).await;
    server.demo.deliver(LETTER);
    let page = server.open(server.pop3()).await.unwrap();
    let original = page.arrived("Tides").await.id;
    let draft = Draft {
        to: ADDRESS.to_owned(),
        ..redirect(&page, &original).await.unwrap().draft
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    let entry = page.handed_over(&sent.await.unwrap()).await;
    assert!(matches!(entry.copy, SentCopy::Filed { .. }), "{entry:?}");
}
