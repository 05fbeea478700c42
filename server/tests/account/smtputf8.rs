//! Addresses with a local part beyond ASCII (RFC 6531): they leave if the outgoing server takes
//! them, and are refused clearly if it does not.

use app::api::backend::MailBackend as _;
use app::api::types::{Draft, FolderRole, Lang, OutboxState, RecipientState};
use app::api::{ApiError, ErrorKind};
use app::routes::transcript::text;
use mail_demo::ADDRESS;

use super::sending::Fixture;
use super::submission::Behaviour;
use super::test_server::{Page, TestServer};

fn draft(to: &str, subject: &str) -> Draft {
    Draft {
        to: to.to_owned(),
        subject: subject.to_owned(),
        body: "你好.\n".to_owned(),
        ..Draft::default()
    }
}

/// An account that reads at the demo server and sends by a server with these extensions.
async fn fixture(extensions: &[&'static str], address: &str) -> Fixture {
    let mut behaviour = Behaviour::modern();
    behaviour.ehlo_lines.extend(extensions);
    Fixture::of(address, behaviour).await
}

impl Fixture {
    /// Sends a message in ASCII: the server's extensions are known from then on.
    async fn learn(&self) {
        let sent = send(&self.page, draft("bob@peer.test", "in ASCII")).await;
        let entry = self.page.settled(&sent.unwrap()).await;
        assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    }

    fn commands(&self, beginning: &str) -> Vec<String> {
        let received = self.outgoing.received.borrow();
        let lines = received.connections.iter().flatten().flatten();
        let found = lines.filter(|line| line.starts_with(beginning));
        found.cloned().collect()
    }
}

async fn send(page: &Page, draft: Draft) -> Result<app::api::types::OutboxId, ApiError> {
    page.backend.message_send(page.account.clone(), draft).await
}

const UTF8: &[&str] = &["8BITMIME", "SMTPUTF8"];

// docs/protocols.md, SMTP: 8BITMIME, SMTPUTF8
#[tokio::test]
async fn message_to_an_international_address_leaves_and_is_filed_with_it() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let to = "张三 <用户@restante.test>";
    let id = send(&page, draft(to, "国际化")).await.unwrap();
    page.handed_over(&id).await;
    let (_, transcript) = page.backend.outbox_transcript(&id).await.unwrap();
    let transcript = text(&transcript.unwrap());
    let mail = transcript.lines().find(|line| line.contains("MAIL FROM"));
    let mail = mail.unwrap();
    assert!(
        mail.contains(" BODY=8BITMIME") && mail.ends_with(" SMTPUTF8"),
        "{mail}"
    );
    assert!(
        transcript.contains("RCPT TO:<用户@restante.test>"),
        "{transcript}"
    );

    let sent = page.folder(FolderRole::Sent).await;
    let rows = page.rows(&sent).await;
    let copy = rows.iter().find(|row| row.subject == "国际化").unwrap();
    let source = page.source(&copy.id).await;
    assert!(source.contains("<用户@restante.test>"), "{source}");
    page.arrived("国际化").await;
}

#[tokio::test]
async fn message_without_such_an_address_stays_in_ascii() {
    let fixture = fixture(UTF8, ADDRESS).await;
    let id = send(&fixture.page, draft("张三 <z@例子.测试>", "你好")).await;
    fixture.page.settled(&id.unwrap()).await;
    let [mail] = &fixture.commands("MAIL")[..] else {
        panic!("{:?}", fixture.commands("MAIL"));
    };
    assert!(
        !mail.contains("SMTPUTF8") && !mail.contains("8BITMIME"),
        "{mail}"
    );
    let received = fixture.outgoing.received.borrow();
    assert!(received.accepted[0].is_ascii(), "{}", received.accepted[0]);
}

#[tokio::test]
async fn international_sender_sends_and_saves_drafts() {
    let fixture = fixture(UTF8, "jürgen@restante.test").await;
    let page = &fixture.page;
    let account = page.account.clone();
    let saved = page
        .backend
        .draft_save(account, draft("bob@peer.test", "Entwurf"), false);
    saved.await.unwrap();
    let to = "张三@例子.测试, bob@peer.test";
    let id = send(page, draft(to, "Grüße")).await.unwrap();
    let entry = page.settled(&id).await;
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    // A local part is never changed; a domain leaves in ASCII.
    let expected = [
        "RCPT TO:<张三@xn--fsqu00a.xn--0zwm56d>",
        "RCPT TO:<bob@peer.test>",
    ];
    assert_eq!(fixture.commands("RCPT"), expected);
    let mail = fixture.commands("MAIL").pop().unwrap();
    assert!(
        mail.starts_with("MAIL FROM:<jürgen@restante.test> "),
        "{mail}"
    );
    assert!(mail.contains("SMTPUTF8"), "{mail}");
}

#[tokio::test]
async fn server_known_to_lack_smtputf8_refuses_the_address_at_its_field() {
    let fixture = fixture(&["8BITMIME"], ADDRESS).await;
    fixture.learn().await;
    let chinese = fixture
        .accounts
        .page(fixture.page.handle.clone(), Lang::ZhCn);
    for field in ["to", "cc", "bcc"] {
        let mut mail = draft("bob@peer.test", "refused");
        *match field {
            "to" => &mut mail.to,
            "cc" => &mut mail.cc,
            _ => &mut mail.bcc,
        } = "josé@b.example".to_owned();
        for (page, phrase) in [(&fixture.page, "does not take"), (&chinese, "不支持")] {
            let refused = send(page, mail.clone()).await.unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Invalid);
            assert_eq!(refused.field.as_deref(), Some(field), "{refused:?}");
            let names_it = refused.cause.contains("“josé@b.example”");
            assert!(names_it && refused.cause.contains(phrase), "{refused:?}");
            assert!(!refused.fix.is_empty());
        }
    }
    let rows = fixture.page.backend.outbox_list(None).await.unwrap();
    assert_eq!(rows.entries.len(), 1, "only the message in ASCII is there");
}

#[tokio::test]
async fn server_not_known_before_gets_nothing_and_the_ledger_says_why() {
    let fixture = fixture(&["8BITMIME"], ADDRESS).await;
    let id = send(
        &fixture.page,
        draft("josé@b.example, bob@peer.test", "queued"),
    )
    .await;
    let entry = fixture.page.settled(&id.unwrap()).await;
    assert_eq!(entry.state, OutboxState::NotSent, "{entry:?}");
    let mut states = entry.recipients.iter().map(|r| r.state);
    assert!(states.all(|state| state == RecipientState::NotSent));
    let trouble = entry.trouble.unwrap();
    assert!(
        trouble.cause.contains("international addresses"),
        "{trouble:?}"
    );
    assert!(!trouble.fix.is_empty());
    assert_eq!(fixture.commands("MAIL"), Vec::<String>::new());
    // It can be corrected: the other recipient gets it in ASCII.
    let form = fixture.page.backend.compose_again(entry.id).await.unwrap();
    assert_eq!(form.draft.to, "josé@b.example, bob@peer.test");
    let corrected = Draft {
        to: "bob@peer.test".to_owned(),
        ..form.draft
    };
    let id = send(&fixture.page, corrected).await.unwrap();
    let entry = fixture.page.settled(&id).await;
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
}
