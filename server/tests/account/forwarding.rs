//! Whole messages that go on: forwarded as files, and as the beginning of a new message.

use app::api::backend::MailBackend as _;
use app::api::error::{ApiError, ErrorKind};
use app::api::types::{ComposeForm, ComposeKind, ComposeSource, Draft, DraftResult, MessageRef};
use mail_demo::ADDRESS;

use super::test_server::{Page, TestServer};

fn letter(subject: &str, body: &str) -> Draft {
    Draft {
        to: ADDRESS.to_owned(),
        subject: subject.to_owned(),
        body: body.to_owned(),
        ..Draft::default()
    }
}

async fn forward(
    page: &Page,
    first: &MessageRef,
    more: Vec<MessageRef>,
) -> Result<ComposeForm, ApiError> {
    let source = ComposeSource {
        kind: ComposeKind::ForwardAttached,
        folder: first.folder.folder.clone(),
        message: first.message.clone(),
    };
    let form = page
        .backend
        .compose_start(page.account.clone(), Some(source), more);
    form.await
}

#[tokio::test]
async fn two_messages_are_forwarded_as_they_are() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let first = page.delivered(letter("First", "One line.")).await;
    let second = page.delivered(letter("第二封", "Zwei Zeilen.")).await;
    let form = forward(&page, &first, vec![second.clone()]).await.unwrap();
    let names: Vec<&str> = form.uploads.iter().map(|file| &*file.name).collect();
    assert_eq!(names, ["First.eml", "第二封.eml"]);
    assert_eq!(form.draft.subject, "Fwd: First");
    assert!(form.draft.thread.is_empty());

    let draft = Draft {
        to: ADDRESS.to_owned(),
        ..form.draft
    };
    let forwarded = page.delivered(draft).await;
    let source = page.source(&forwarded).await;
    assert_eq!(source.matches("Content-Type: message/rfc822").count(), 2);
    for message in [&first, &second] {
        let whole = page.source(message).await;
        assert!(source.contains(whole.trim_end()), "{source}\n\n{whole}");
    }
    assert!(!source.contains("In-Reply-To:"), "{source}");
    let view = page.open(forwarded).await.unwrap();
    assert_eq!(view.attachments.len(), 2, "{:?}", view.attachments);
    page.row(&page.inbox(), |row| row.id == first && row.is_forwarded)
        .await;
}

#[tokio::test]
async fn message_with_8_bit_text_is_forwarded_as_a_file_that_every_server_takes() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let raw = "From: a@peer.test\r\nSubject: raw\r\nContent-Type: text/plain; charset=utf-8\r\n\
               Content-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n";
    server.demo.deliver(raw);
    let row = page.arrived("raw").await;
    let form = forward(&page, &row.id, Vec::new()).await.unwrap();
    let draft = Draft {
        to: ADDRESS.to_owned(),
        ..form.draft
    };
    let source = page.source(&page.delivered(draft).await).await;
    assert!(source.is_ascii(), "{source}");
    assert!(!source.contains("message/rfc822"), "{source}");
    assert!(source.contains("raw.eml"), "{source}");
}

#[tokio::test]
async fn message_of_another_account_or_none_is_not_found() {
    let server = TestServer::new(Some(2)).await;
    let page = server.open(server.imap()).await.unwrap();
    let first = page.delivered(letter("First", "One line.")).await;
    let mut foreign = first.clone();
    foreign.folder.account = "someone-else".into();
    for other in [foreign, page.in_inbox("999.999")] {
        let refused = forward(&page, &first, vec![other]).await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn message_is_edited_as_a_new_one() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let file = server
        .test_accounts
        .upload(&page, ("plan.txt", "text/plain"), b"The plan.");
    let sent = Draft {
        uploads: vec![file.await],
        cc: ADDRESS.to_owned(),
        thread: vec!["earlier@peer.test".to_owned()],
        ..letter("Weekly report", "Nothing happened.")
    };
    let message = page.delivered(sent).await;
    let form = page
        .backend
        .draft_open(message.clone(), true)
        .await
        .unwrap();
    let draft = form.draft;
    assert_eq!(draft.subject, "Weekly report");
    assert_eq!(draft.body.trim_end(), "Nothing happened.");
    assert_eq!((&*draft.to, &*draft.cc), (ADDRESS, ADDRESS));
    assert_eq!(form.uploads.len(), 1);
    assert_eq!((draft.saved.as_ref(), draft.thread.len()), (None, 0));

    // Saving it leaves the message where it is.
    let saved = page
        .backend
        .draft_save(page.account.clone(), draft.clone(), false);
    assert!(matches!(saved.await.unwrap(), DraftResult::Saved(_)));
    page.open(message.clone()).await.unwrap();

    let again = Draft {
        subject: "Weekly report 2".to_owned(),
        cc: String::new(),
        ..draft
    };
    let again = page.delivered(again).await;
    let (old, new) = (page.source(&message).await, page.source(&again).await);
    let id = |source: &str| {
        let mut lines = source.lines();
        lines
            .find(|line| line.starts_with("Message-ID:"))
            .map(str::to_owned)
    };
    assert_ne!(id(&old), id(&new));
    assert!(
        !new.contains("In-Reply-To:") && !new.contains("earlier@peer.test"),
        "{new}"
    );
}
