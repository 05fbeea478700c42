//! Sending: the ledger reports the true result.

use app::api::ErrorKind;
use app::api::backend::MailBackend;
use app::api::types::{
    ComposeKind, ComposeSource, Draft, FolderRole, OutboxState, RecipientState, SentCopy,
};

use super::test_server::TestServer;

fn draft(to: &str, subject: &str) -> Draft {
    Draft {
        to: to.to_owned(),
        subject: subject.to_owned(),
        body: "你好 and hello.\n\n.a line with a dot\n".to_owned(),
        ..Draft::default()
    }
}

#[tokio::test]
async fn a_message_is_handed_over_filed_in_sent_and_arrives() {
    let server = TestServer::new(Some(2)).await;
    for sign_in in [server.imap(), server.imap_starttls()] {
        let page = server.open(sign_in).await.unwrap();
        let subject = format!("Sent at {}", server::store::now_unix_ms());
        let mail = draft("Ann <ann@restante.test>, bob@restante.test", &subject);
        let id = page
            .backend
            .message_send(page.account.clone(), mail)
            .await
            .unwrap();
        let entry = page.settled(&id).await;
        assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
        let states: Vec<_> = entry
            .recipients
            .iter()
            .map(|r| (r.address.as_str(), r.state))
            .collect();
        assert_eq!(
            states,
            [
                ("ann@restante.test", RecipientState::HandedOver),
                ("bob@restante.test", RecipientState::HandedOver)
            ]
        );
        assert!(
            entry.recipients[0]
                .reply
                .as_deref()
                .unwrap()
                .starts_with("250")
        );
        let sent = page.folder(FolderRole::Sent).await;
        assert_eq!(
            entry.copy,
            SentCopy::Filed {
                folder: sent.clone()
            }
        );
        assert!(page.rows(&sent).await.iter().any(|r| r.subject == subject));
        page.arrived(&subject).await;
        page.handle.close().await;
    }
}

// docs/protocols.md, SMTP: several recipients
#[tokio::test]
async fn every_recipient_has_its_own_result_with_the_servers_reply() {
    let server = TestServer::new(Some(2)).await;
    let page = server.open(server.imap()).await.unwrap();
    let to = "ok@restante.test, nobody@restante.test, full@restante.test, busy@restante.test";
    let id = page
        .backend
        .message_send(page.account.clone(), draft(to, "mixed"))
        .await
        .unwrap();
    let entry = page.settled(&id).await;
    let of = |name: &str| {
        let found = entry
            .recipients
            .iter()
            .find(|r| r.address.starts_with(name));
        found.unwrap_or_else(|| panic!("{name} is not in the ledger"))
    };
    assert_eq!(of("ok@").state, RecipientState::HandedOver);
    assert_eq!(of("nobody@").state, RecipientState::Refused);
    assert!(
        of("nobody@")
            .reply
            .as_deref()
            .unwrap()
            .starts_with("550 5.1.1")
    );
    assert!(
        of("nobody@").meaning.contains("does not exist"),
        "{}",
        of("nobody@").meaning
    );
    assert_eq!(of("full@").state, RecipientState::Refused);
    assert_eq!(of("busy@").state, RecipientState::Delayed);
    assert!(
        matches!(entry.state, OutboxState::WaitingToRetry { .. }),
        "{:?}",
        entry.state
    );
}

#[tokio::test]
async fn bcc_is_in_the_envelope_and_in_no_header() {
    let server = TestServer::new(Some(2)).await;
    let page = server.open(server.imap()).await.unwrap();
    let mail = Draft {
        bcc: "secret@restante.test".into(),
        ..draft("ok@restante.test", "bcc")
    };
    let id = page
        .backend
        .message_send(page.account.clone(), mail)
        .await
        .unwrap();
    let entry = page.settled(&id).await;
    assert_eq!(entry.recipients.len(), 2);
    page.arrived("bcc").await;
    let rows = page.rows(&page.inbox()).await;
    let row = rows.iter().find(|r| r.subject == "bcc").unwrap();
    let opened = page.open(row.id.clone()).await.unwrap();
    let all: String = opened
        .headers
        .iter()
        .map(|h| format!("{}: {}\n", h.name, h.value))
        .collect();
    assert!(!all.to_lowercase().contains("secret"), "{all}");
}

#[tokio::test]
async fn reply_continues_its_conversation_and_marks_its_original() {
    let server = TestServer::new(Some(1)).await;
    server.demo.deliver(
        "From: Ann <ann@restante.test>\r\nTo: demo@restante.test\r\nSubject: Plans\r\n\
         Message-ID: <one@example.org>\r\nReferences: <zero@example.org>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nShall we?\r\n",
    );
    let page = server.open(server.imap()).await.unwrap();
    page.arrived("Plans").await;
    let rows = page.rows(&page.inbox()).await;
    let row = rows.iter().find(|r| r.subject == "Plans").unwrap();
    let source = ComposeSource {
        kind: ComposeKind::Reply,
        folder: page.inbox(),
        message: row.id.message.clone(),
    };
    let form = page
        .backend
        .compose_start(page.account.clone(), Some(source), Vec::new())
        .await
        .unwrap();
    assert!(form.draft.to.contains("ann@restante.test"));
    assert_eq!(form.draft.subject, "Re: Plans");
    assert!(
        form.draft.body.contains("> Shall we?"),
        "{}",
        form.draft.body
    );
    let id = page
        .backend
        .message_send(page.account.clone(), form.draft)
        .await
        .unwrap();
    assert_eq!(page.settled(&id).await.state, OutboxState::HandedOver);
    page.arrived("Re: Plans").await;
    let rows = page.rows(&page.inbox()).await;
    let sent_row = rows.iter().find(|r| r.subject == "Re: Plans").unwrap();
    let opened = page.open(sent_row.id.clone()).await.unwrap();
    let field = |name: &str| {
        let found = opened
            .headers
            .iter()
            .find(|h| h.name.eq_ignore_ascii_case(name));
        found.map(|h| h.value.clone()).unwrap_or_default()
    };
    assert_eq!(field("In-Reply-To"), "<one@example.org>");
    assert_eq!(field("References"), "<zero@example.org> <one@example.org>");
    let rows = page.rows(&page.inbox()).await;
    assert!(
        rows.iter()
            .find(|r| r.subject == "Plans")
            .unwrap()
            .is_answered
    );
}

#[tokio::test]
async fn an_attachment_arrives_byte_for_byte() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let file = ("报价 v2.pdf", "application/pdf");
    let upload = server.test_accounts.upload(&page, file, &bytes).await;
    let mail = Draft {
        uploads: vec![upload],
        ..draft("ok@restante.test", "with a file")
    };
    let id = page
        .backend
        .message_send(page.account.clone(), mail)
        .await
        .unwrap();
    assert_eq!(page.settled(&id).await.state, OutboxState::HandedOver);
    page.arrived("with a file").await;
    let rows = page.rows(&page.inbox()).await;
    let row = rows.iter().find(|r| r.subject == "with a file").unwrap();
    assert!(row.has_attachment);
    let opened = page.open(row.id.clone()).await.unwrap();
    let attachment = opened.attachments.first().unwrap();
    assert_eq!(attachment.name, "报价 v2.pdf");
    let part = page
        .handle
        .part(
            page.inbox(),
            row.id.message.clone(),
            attachment.part.clone(),
        )
        .await
        .unwrap();
    let got: Vec<u8> = {
        use futures_util::TryStreamExt as _;
        part.stream
            .map_ok(|b| b.to_vec())
            .try_concat()
            .await
            .unwrap()
    };
    assert_eq!(got, bytes);
}

#[tokio::test]
async fn invalid_recipients_are_reported_at_their_field_and_nothing_is_stored() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    for (mail, field) in [
        (draft("", "x"), "to"),
        (draft("ann@", "x"), "to"),
        (
            Draft {
                cc: "ann@example.org, b c d".into(),
                ..draft("a@restante.test", "x")
            },
            "cc",
        ),
        (
            Draft {
                bcc: "x\r\nRCPT TO:<y@z.org>".into(),
                ..draft("a@restante.test", "x")
            },
            "bcc",
        ),
    ] {
        let error = page
            .backend
            .message_send(page.account.clone(), mail)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind, error.field.as_deref()),
            (ErrorKind::Invalid, Some(field))
        );
    }
    assert!(
        page.backend
            .outbox_list(None)
            .await
            .unwrap()
            .entries
            .is_empty()
    );
}

#[tokio::test]
async fn message_waits_while_the_outgoing_server_is_unreachable() {
    let server = TestServer::new(Some(1)).await;
    let mut sign_in = server.imap();
    // No server listens for SMTP over TLS on this port.
    sign_in.outgoing.port = server.demo.ports().submission;
    let page = server.open(sign_in).await.unwrap();
    let mail = draft("ok@restante.test", "waits");
    let id = page
        .backend
        .message_send(page.account.clone(), mail)
        .await
        .unwrap();
    let entry = page.settled(&id).await;
    assert!(
        matches!(entry.state, OutboxState::WaitingToRetry { .. }),
        "{:?}",
        entry.state
    );
    let problem = entry.trouble.unwrap();
    assert!(!problem.cause.is_empty() && !problem.fix.is_empty());
}

#[tokio::test]
async fn the_ledger_belongs_to_the_account_and_outlives_the_session() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let mail = draft("ok@restante.test", "kept");
    let id = page
        .backend
        .message_send(page.account.clone(), mail)
        .await
        .unwrap();
    page.settled(&id).await;
    page.handle.close().await;
    let reopened = server.open(server.imap()).await.unwrap();
    let subjects: Vec<_> = reopened
        .backend
        .outbox_list(None)
        .await
        .unwrap()
        .entries
        .into_iter()
        .map(|e| e.subject)
        .collect();
    assert_eq!(subjects, ["kept"]);
    let other = server.open(server.imap_starttls()).await.unwrap();
    assert!(
        other
            .backend
            .outbox_list(None)
            .await
            .unwrap()
            .entries
            .is_empty(),
        "another port, another key"
    );
}
