//! The product against Dovecot and Postfix: sign-in, reading, changes and sending, by IMAP and
//! POP3, over implicit TLS and over STARTTLS.

use std::time::Duration;

use app::api::ErrorKind;
use app::api::backend::MailBackend;
use app::api::live::LiveEvent;
use app::api::types::{
    BodyView, Destination, Draft, FolderRole, IncomingKind, Lang, Mark, OutboxState,
    RecipientState, SentCopy,
};
use app::text::url::Shown;
use mail_net::TlsMode;
use mail_proto::Secret;

use super::real_server::{RealServer, wait_for, wait_for_in};
use super::{ADDRESS, OTHER_ADDRESS};

async fn read_and_send(kind: IncomingKind, tls: TlsMode) {
    let server = RealServer::new().await;
    server.deliver("first");
    let page = server
        .accounts
        .open(server.sign_in(kind, tls))
        .await
        .unwrap_or_else(|error| {
            panic!("{error}\n{}", server.dovecot.log());
        });
    let row = wait_for(&page, "first").await;
    let opened = page.open(row.id).await.unwrap();
    let BodyView::Text { blocks, .. } = opened.body else {
        panic!("not a text")
    };
    assert!(format!("{blocks:?}").contains("Grüße, 你好."), "{blocks:?}");

    let draft = Draft {
        to: format!("{ADDRESS}, nobody@servers.test"),
        subject: "An answer".into(),
        body: ".dot\n你好\n".into(),
        ..Draft::default()
    };
    let id = page
        .backend
        .message_send(page.account.clone(), draft)
        .await
        .unwrap();
    let entry = page.settled(&id).await;
    assert_eq!(
        entry.state,
        OutboxState::PartlyRefused,
        "{entry:?}\n{}",
        server.postfix.log()
    );
    let states: Vec<_> = entry.recipients.iter().map(|r| r.state).collect();
    assert_eq!(
        states,
        [RecipientState::HandedOver, RecipientState::Refused]
    );
    assert!(
        entry.recipients[1]
            .reply
            .as_deref()
            .unwrap()
            .starts_with("550"),
        "{entry:?}"
    );
    match kind {
        IncomingKind::Imap => {
            let sent = page.folder(FolderRole::Sent).await;
            assert_eq!(wait_for_in(&page, &sent, "An answer").await.position, 0);
            wait_for(&page, "An answer").await;
        }
        IncomingKind::Pop3 => {
            let entry = page.backend.outbox_show(id).await.unwrap();
            assert!(
                matches!(entry.copy, SentCopy::Filed { .. } | SentCopy::Pending),
                "{entry:?}"
            );
        }
    }
    page.handle.close().await;
}

#[tokio::test]
async fn imap_over_implicit_tls_reads_and_sends() {
    read_and_send(IncomingKind::Imap, TlsMode::Implicit).await;
}

// docs/protocols.md, SMTP: a server nobody here wrote
#[tokio::test]
async fn imap_over_starttls_reads_and_sends() {
    read_and_send(IncomingKind::Imap, TlsMode::StartTls).await;
}

// docs/protocols.md, POP3: a server nobody here wrote
#[tokio::test]
async fn pop3_over_implicit_tls_reads_and_sends() {
    read_and_send(IncomingKind::Pop3, TlsMode::Implicit).await;
}

#[tokio::test]
async fn pop3_over_stls_reads_and_sends() {
    read_and_send(IncomingKind::Pop3, TlsMode::StartTls).await;
}

// docs/protocols.md, IMAP: EXPUNGE, UID EXPUNGE, STORE (UNCHANGEDSINCE), COPY, MOVE
#[tokio::test]
async fn changes_and_their_undo_reach_dovecot_and_new_mail_is_announced() {
    let server = RealServer::new().await;
    server.deliver("one");
    server.deliver("two");
    let sign_in = server.sign_in(IncomingKind::Imap, TlsMode::Implicit);
    let page = server.accounts.open(sign_in).await.unwrap();
    let row = wait_for(&page, "one").await;
    wait_for(&page, "two").await;
    let ids = vec![row.id.clone()];
    let mark = |mark| page.mark(ids.clone(), mark);
    assert_eq!(mark(Mark::Starred).await.unwrap().count, 1);
    assert_eq!(mark(Mark::Starred).await.unwrap().count, 0);
    let to = Destination::Role(FolderRole::Trash);
    let moved = page.move_to(ids.clone(), to).await.unwrap();
    assert_eq!(page.rows(&page.inbox()).await.len(), 1);
    page.undo(moved.undo).await.unwrap();
    assert!(wait_for(&page, "one").await.is_starred);

    let mut events = page.handle.subscribe();
    let _watcher = page.handle.watch();
    server.deliver("three");
    tokio::time::timeout(Duration::from_secs(20), async {
        while !matches!(
            events.recv().await.unwrap(),
            LiveEvent::Folder { arrived: 1.., .. }
        ) {}
    })
    .await
    .expect("nobody was told of the new message");
    assert_eq!(wait_for(&page, "three").await.position, 0);
}

#[tokio::test]
async fn dovecots_refusal_is_reported_as_a_wrong_password_with_its_reply() {
    let server = RealServer::new().await;
    for kind in [IncomingKind::Imap, IncomingKind::Pop3] {
        let mut sign_in = server.sign_in(kind, TlsMode::Implicit);
        sign_in.password = Secret::new("wrong");
        let error = server
            .accounts
            .open(sign_in)
            .await
            .err()
            .unwrap()
            .to_api(Lang::En);
        assert_eq!(error.kind, ErrorKind::Password, "{error:?}");
        assert!(error.reply.unwrap_or_default().contains("AUTH"), "{kind:?}");
    }
}

/// A message of nested multiparts.
fn nested(levels: usize) -> String {
    let mut mail = format!("From: Ben <{OTHER_ADDRESS}>\r\nTo: {ADDRESS}\r\nSubject: deep\r\n");
    for level in 0..levels {
        mail.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n\
             Content-Type: text/plain\r\n\r\nlevel {level}\r\n--b{level}\r\n"
        ));
    }
    mail.push_str("Content-Type: text/plain\r\n\r\nThe bottom.\r\n");
    mail
}

#[tokio::test]
async fn a_message_nested_deeper_than_the_limit_is_listed_and_opens_beside_its_neighbours() {
    let server = RealServer::new().await;
    server.deliver("before");
    for levels in [98, 400] {
        server.dovecot.deliver(ADDRESS, nested(levels).as_bytes());
    }
    server.deliver("after");
    for kind in [IncomingKind::Imap, IncomingKind::Pop3] {
        let sign_in = server.sign_in(kind, TlsMode::Implicit);
        let page = server.accounts.open(sign_in).await.unwrap();
        wait_for(&page, "after").await;
        let rows = page.rows(&page.inbox()).await;
        let mut subjects: Vec<&str> = rows.iter().map(|row| row.subject.as_str()).collect();
        subjects.sort_unstable();
        assert_eq!(subjects, ["after", "before", "deep", "deep"], "{kind:?}");
        for row in rows {
            let opened = page
                .open(row.id)
                .await
                .unwrap_or_else(|error| panic!("{kind:?} {}: {error:?}", row.subject));
            let text = format!("{:?}", opened.body);
            let expected = match row.subject.as_str() {
                "deep" => "level 0",
                _ => "你好",
            };
            assert!(text.contains(expected), "{kind:?}: {text}");
        }
        page.handle.close().await;
    }
}

/// Messages whose text some servers or programs do not find, each with a text that must be shown.
const HIDDEN_TEXTS: [(&str, &str); 8] = [
    (
        "boundary in pieces",
        "Content-Type: multipart/alternative; boundary*0*=us-ascii''%3D_ab12%3Dcd34;\r\n \
         boundary*1*=-ef56_%3D\r\n\r\n--=_ab12=cd34-ef56_=\r\nContent-Type: text/plain; \
         charset=utf-8\r\n\r\nSEEN\r\n--=_ab12=cd34-ef56_=--\r\n",
    ),
    (
        "a parameter without a value",
        "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; protected; \
         \r\n\tboundary=\"sgn\"\r\n\r\n--sgn\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSEEN\r\n--sgn\
         \r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\r\nx\r\n--sgn--\r\n",
    ),
    (
        "one boundary for two",
        "Content-Type: multipart/mixed; boundary=\"same\"\r\n\r\n--same\r\nContent-Type: \
         multipart/alternative; boundary=\"same\"\r\n\r\n\r\n--same\r\nContent-Type: text/plain; \
         charset=utf-8\r\n\r\nSEEN\r\n--same\r\nContent-Type: text/html; \
         charset=utf-8\r\n\r\n<p>SEEN</p>\r\n--same--\r\n",
    ),
    (
        "nothing before something",
        "Content-Type: multipart/mixed; boundary=\"fte\"\r\n\r\n--fte\r\nContent-Type: \
         text/plain\r\n\r\n\r\n--fte\r\nContent-Type: text/plain\r\n\r\nSEEN\r\n--fte--\r\n",
    ),
    (
        "footer",
        "Content-Type: multipart/mixed; boundary=\"lf\"\r\n\r\n--lf\r\nContent-Type: \
         text/html\r\n\r\n<p>author's words</p>\r\n--lf\r\nContent-Type: text/plain\r\nContent-Disposition: \
         inline\r\n\r\nSEEN\r\n--lf--\r\n",
    ),
    (
        "marked as attachment",
        "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: attachment\r\n\r\nSEEN\r\n",
    ),
    ("no blank line", "SEEN without a blank line\r\nand more\r\n"),
    ("UTF-16", "UTF-16"),
];

#[tokio::test]
async fn a_text_is_shown_however_its_message_is_built() {
    let server = RealServer::new().await;
    for (subject, rest) in HIDDEN_TEXTS {
        let head = format!(
            "From: Ben <{OTHER_ADDRESS}>\r\nTo: {ADDRESS}\r\nMIME-Version: 1.0\r\nSubject: {subject}\r\n"
        );
        let mut mail = head.into_bytes();
        if rest == "UTF-16" {
            mail.extend_from_slice(
                b"Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: \
                  binary\r\n\r\n",
            );
            mail.extend("SEEN 你好".encode_utf16().flat_map(u16::to_le_bytes));
        } else {
            mail.extend_from_slice(rest.as_bytes());
        }
        server.dovecot.deliver(ADDRESS, &mail);
    }
    let mut unseen = Vec::new();
    for kind in [IncomingKind::Imap, IncomingKind::Pop3] {
        let sign_in = server.sign_in(kind, TlsMode::Implicit);
        let page = server.accounts.open(sign_in).await.unwrap();
        wait_for(&page, "UTF-16").await;
        for row in page.rows(&page.inbox()).await {
            let opened = page.open(row.id.clone()).await.unwrap();
            let shown = match &opened.body {
                BodyView::Html { .. } => {
                    let document = page.backend.body_document(&row.id, Shown::default());
                    document.await.unwrap()
                }
                body => format!("{body:?}"),
            };
            if !shown.contains("SEEN") {
                unseen.push((kind, row.subject, shown));
            }
        }
        page.handle.close().await;
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
}
