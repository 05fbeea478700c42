//! Actions on outbox entries: nothing is destroyed without an undo, and no message is reported as
//! stopped that may have been sent.

use app::api::ErrorKind;
use app::api::backend::MailBackend;
use app::api::types::{
    Draft, EntryChange, OutboxEntry, OutboxId, OutboxRows, OutboxState, RecipientState,
};

use super::test_server::{Page, TestServer};

fn draft(to: &str, subject: &str) -> Draft {
    Draft {
        to: to.to_owned(),
        subject: subject.to_owned(),
        body: "Words that took an evening.".to_owned(),
        ..Draft::default()
    }
}

async fn send_and_settle(page: &Page, draft: Draft) -> OutboxEntry {
    let account = page.account.clone();
    let id = page.backend.message_send(account, draft).await.unwrap();
    page.settled(&id).await
}

async fn change(page: &Page, id: &OutboxId, change: EntryChange) {
    let changed = page.backend.outbox_change(id.clone(), change).await;
    changed.unwrap_or_else(|error| panic!("{change:?}: {error:?}"));
}

async fn rows(page: &Page) -> OutboxRows {
    page.backend.outbox_list(None).await.unwrap()
}

/// An account whose outgoing server is unreachable: messages wait.
async fn waiting(server: &TestServer) -> Page {
    let mut sign_in = server.imap();
    // No server listens for SMTP over TLS on this port.
    sign_in.outgoing.port = server.demo.ports().submission;
    server.open(sign_in).await.unwrap()
}

#[tokio::test]
async fn stopped_message_keeps_its_text_and_can_be_sent() {
    let server = TestServer::new(Some(1)).await;
    let page = waiting(&server).await;
    let entry = send_and_settle(&page, draft("ok@restante.test", "Not yet")).await;
    assert!(matches!(entry.state, OutboxState::WaitingToRetry { .. }));
    change(&page, &entry.id, EntryChange::Stop).await;
    let stopped = page.backend.outbox_show(entry.id.clone()).await.unwrap();
    assert_eq!(stopped.state, OutboxState::Stopped);
    assert_eq!(stopped.recipients[0].state, RecipientState::Stopped);
    // A second click finds the entry already stopped.
    change(&page, &entry.id, EntryChange::Stop).await;
    let form = page.backend.compose_again(entry.id.clone()).await.unwrap();
    assert_eq!(form.draft.body, "Words that took an evening.");
    assert_eq!(form.draft.to, "ok@restante.test");
    change(&page, &entry.id, EntryChange::Retry).await;
    let tried = page.settled(&entry.id).await;
    assert!(
        matches!(tried.state, OutboxState::WaitingToRetry { .. }),
        "{tried:?}"
    );
}

#[tokio::test]
async fn accepted_message_is_not_reported_as_stopped() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let entry = send_and_settle(&page, draft("ok@restante.test", "Gone")).await;
    assert_eq!(entry.state, OutboxState::HandedOver);
    let late = page
        .backend
        .outbox_change(entry.id.clone(), EntryChange::Stop);
    let late = late.await.unwrap_err();
    assert_eq!(late.kind, ErrorKind::Unsupported);
    assert!(late.cause.contains("too late"), "{late:?}");
    let after = page.backend.outbox_show(entry.id).await.unwrap();
    assert_eq!(after.state, OutboxState::HandedOver);
}

#[tokio::test]
async fn stop_does_not_affect_recipients_already_handed_over() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let to = "ok@restante.test, busy@restante.test";
    let entry = send_and_settle(&page, draft(to, "To two")).await;
    change(&page, &entry.id, EntryChange::Stop).await;
    let stopped = page.backend.outbox_show(entry.id.clone()).await.unwrap();
    assert_eq!(stopped.state, OutboxState::Stopped);
    let states: Vec<_> = stopped.recipients.iter().map(|r| r.state).collect();
    assert_eq!(
        states,
        [RecipientState::HandedOver, RecipientState::Stopped]
    );
    let form = page.backend.compose_again(entry.id).await.unwrap();
    assert_eq!(form.draft.to, "busy@restante.test");
}

#[tokio::test]
async fn removed_entry_can_be_restored_and_is_deleted_in_two_steps() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let entry = send_and_settle(&page, draft("nobody@restante.test", "Refused")).await;
    assert_eq!(entry.state, OutboxState::Refused);
    let session = page.backend.session_show().await.unwrap();
    assert_eq!(session.outbox_open, 1);
    let listed = rows(&page).await;
    assert_eq!((listed.needs_look, listed.keep_days), (1, 90));
    let delete = page
        .backend
        .outbox_change(entry.id.clone(), EntryChange::Delete);
    assert_eq!(delete.await.unwrap_err().kind, ErrorKind::NotFound);

    for _ in 0..2 {
        change(&page, &entry.id, EntryChange::Remove).await;
        let now = rows(&page).await;
        assert!(now.entries.is_empty());
        assert_eq!(now.removed.len(), 1);
        assert_eq!(now.needs_look, 0);
    }
    assert_eq!(page.backend.session_show().await.unwrap().outbox_open, 0);
    change(&page, &entry.id, EntryChange::PutBack).await;
    let now = rows(&page).await;
    assert_eq!(now.entries, std::slice::from_ref(&entry));
    assert!(now.removed.is_empty());
    assert_eq!(page.backend.session_show().await.unwrap().outbox_open, 1);
    let form = page.backend.compose_again(entry.id.clone()).await.unwrap();
    assert_eq!(form.draft.body, "Words that took an evening.");

    change(&page, &entry.id, EntryChange::Remove).await;
    change(&page, &entry.id, EntryChange::Delete).await;
    let now = rows(&page).await;
    assert!(now.entries.is_empty() && now.removed.is_empty());
}

#[tokio::test]
async fn waiting_message_must_be_stopped_before_it_is_removed() {
    let server = TestServer::new(Some(1)).await;
    let page = waiting(&server).await;
    let entry = send_and_settle(&page, draft("ok@restante.test", "Waits")).await;
    let removed = page
        .backend
        .outbox_change(entry.id.clone(), EntryChange::Remove);
    assert!(removed.await.unwrap_err().fix.contains("Stop it"));
    assert_eq!(rows(&page).await.entries.len(), 1);
}

#[tokio::test]
async fn a_form_sends_one_message_and_no_message_without_its_files() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let account = page.account.clone();
    let begun = page
        .backend
        .compose_start(account.clone(), None, Vec::new())
        .await
        .unwrap();
    assert!(
        begun.draft.form.is_some(),
        "the server makes the form's key"
    );
    let written = Draft {
        form: begun.draft.form,
        files: Some(0),
        ..draft("ok@restante.test", "Once")
    };
    // The response to the first request was lost.
    let first = page.backend.message_send(account.clone(), written.clone());
    let first = first.await.unwrap();
    let second = page.backend.message_send(account.clone(), written.clone());
    assert_eq!(second.await.unwrap(), first);
    assert_eq!(rows(&page).await.entries.len(), 1);

    let other = page
        .backend
        .compose_start(account.clone(), None, Vec::new())
        .await
        .unwrap();
    let short = Draft {
        form: other.draft.form,
        files: Some(1),
        ..written
    };
    let refused = page
        .backend
        .message_send(account.clone(), short.clone())
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("attachment"));
    assert!(refused.cause.contains("nothing was sent"), "{refused:?}");
    let unknown = Draft {
        uploads: vec!["AAAAAAAAAAAAAAAAAAAAAA".into()],
        ..short
    };
    let refused = page
        .backend
        .message_send(account, unknown)
        .await
        .unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("attachment"));
    assert_eq!(rows(&page).await.entries.len(), 1);
}

#[tokio::test]
async fn correction_posted_twice_sends_one_message() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let begun = page
        .backend
        .compose_start(page.account.clone(), None, Vec::new())
        .await
        .unwrap();
    let first = Draft {
        form: begun.draft.form,
        ..draft("nobody@restante.test", "Second try")
    };
    let entry = send_and_settle(&page, first.clone()).await;
    let form = page.backend.compose_again(entry.id).await.unwrap();
    assert_ne!(form.draft.form, first.form);
    let corrected = Draft {
        to: "ok@restante.test".to_owned(),
        ..form.draft
    };
    let account = page.account.clone();
    let once = page
        .backend
        .message_send(account.clone(), corrected.clone());
    let once = once.await.unwrap();
    let twice = page
        .backend
        .message_send(account.clone(), corrected)
        .await
        .unwrap();
    assert_eq!(once, twice);
    // The first form leads to the result of its message.
    assert_eq!(
        page.backend.message_send(account, first).await.unwrap(),
        once
    );
    assert_eq!(rows(&page).await.entries.len(), 1);
}
