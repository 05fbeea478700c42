//! Messages that wait before they leave: the time for undoing, a chosen time, and sessions that end
//! meanwhile.

use app::api::ErrorKind;
use app::api::backend::MailBackend;
use app::api::types::{
    Draft, EntryChange, Lang, OutboxEntry, OutboxId, OutboxState, SendOptions, SentCopy,
};
use server::account::SignIn;
use server::views::SiteSettings;
use tokio_util::sync::CancellationToken;

use super::test_server::{Page, TestAccounts, TestServer, settings};

fn draft(subject: &str) -> Draft {
    Draft {
        to: "ok@restante.test".to_owned(),
        subject: subject.to_owned(),
        body: "Words that took an evening.".to_owned(),
        ..Draft::default()
    }
}

fn draft_at(subject: &str, send_at: &str) -> Draft {
    Draft {
        options: SendOptions {
            send_at: send_at.to_owned(),
            ..SendOptions::default()
        },
        ..draft(subject)
    }
}

/// Opens a page whose messages can be stopped for these seconds.
async fn open(accounts: &TestAccounts, sign_in: SignIn, undo_send_secs: u32) -> Page {
    let settings = SiteSettings {
        undo_send_secs,
        ..settings()
    };
    let handle = accounts.accounts.open(sign_in, None).await.unwrap();
    accounts.page_with(handle, Lang::En, settings)
}

async fn send(page: &Page, draft: Draft) -> OutboxId {
    let sent = page.backend.message_send(page.account.clone(), draft);
    sent.await.unwrap()
}

async fn show(page: &Page, id: &OutboxId) -> OutboxEntry {
    page.backend.outbox_show(id.clone()).await.unwrap()
}

async fn until(
    page: &Page,
    id: &OutboxId,
    is_reached: impl Fn(&OutboxEntry) -> bool,
) -> OutboxEntry {
    page.until_not(id, |entry| !is_reached(entry)).await
}

fn is_handed_over(entry: &OutboxEntry) -> bool {
    entry.state == OutboxState::HandedOver
}

#[tokio::test]
async fn message_can_be_stopped_before_it_leaves_and_nothing_is_sent() {
    let server = TestServer::new(Some(1)).await;
    let page = open(&server.test_accounts, server.imap(), 30).await;
    let id = send(&page, draft("Wrong click")).await;
    let OutboxState::Held { secs } = show(&page, &id).await.state else {
        panic!("it does not wait");
    };
    assert!((28..=30).contains(&secs), "{secs}");
    let stop = page.backend.outbox_change(id.clone(), EntryChange::Stop);
    stop.await.unwrap();
    assert_eq!(show(&page, &id).await.state, OutboxState::Stopped);
    let form = page.backend.compose_again(id.clone()).await.unwrap();
    assert_eq!(form.draft.body, "Words that took an evening.");
    assert_eq!(server.demo.inbox_len(), 1, "nothing arrived");
}

#[tokio::test]
async fn message_leaves_by_itself_after_the_time_for_undoing_and_at_once_by_a_click() {
    let server = TestServer::new(Some(1)).await;
    let page = open(&server.test_accounts, server.imap(), 1).await;
    let id = send(&page, draft("After a second")).await;
    assert!(matches!(
        show(&page, &id).await.state,
        OutboxState::Held { .. }
    ));
    until(&page, &id, is_handed_over).await;

    let page = open(&server.test_accounts, server.imap(), 30).await;
    let id = send(&page, draft("Send now")).await;
    let now = page.backend.outbox_change(id.clone(), EntryChange::Retry);
    now.await.unwrap();
    until(&page, &id, is_handed_over).await;
}

#[tokio::test]
async fn scheduled_message_shows_its_time_and_can_be_sent_now_or_stopped() {
    let server = TestServer::new(Some(1)).await;
    let page = open(&server.test_accounts, server.imap(), 0).await;
    let tomorrow = server::store::now_unix_ms() + 26 * 3_600 * 1_000;
    let tomorrow = jiff::Timestamp::from_millisecond(tomorrow).unwrap();
    let tomorrow = tomorrow.strftime("%Y-%m-%dT%H:%M").to_string();
    let first = send(&page, draft_at("Tomorrow", &tomorrow)).await;
    let OutboxState::Scheduled { at } = show(&page, &first).await.state else {
        panic!("it does not wait");
    };
    assert!(at.iso.starts_with(&tomorrow), "{at:?}");
    let form = page.backend.compose_again(first.clone()).await.unwrap();
    assert_eq!(form.draft.options.send_at, tomorrow);
    let now = page
        .backend
        .outbox_change(first.clone(), EntryChange::Retry);
    now.await.unwrap();
    until(&page, &first, is_handed_over).await;

    let second = send(&page, draft_at("Never", &tomorrow)).await;
    let stop = page
        .backend
        .outbox_change(second.clone(), EntryChange::Stop);
    stop.await.unwrap();
    assert_eq!(show(&page, &second).await.state, OutboxState::Stopped);
}

#[tokio::test]
async fn time_that_is_past_or_unreadable_is_refused_at_its_field() {
    let server = TestServer::new(Some(1)).await;
    let page = open(&server.test_accounts, server.imap(), 0).await;
    for send_at in [
        "2001-01-01T08:00",
        "9999-01-01T08:00",
        "tomorrow",
        "2026-13-41T99:99",
    ] {
        let sent = page
            .backend
            .message_send(page.account.clone(), draft_at("When?", send_at));
        let error = sent.await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{send_at}");
        assert_eq!(error.field.as_deref(), Some("send_at"), "{send_at}");
    }
    let rows = page.backend.outbox_list(None).await.unwrap();
    assert!(rows.entries.is_empty());
}

#[tokio::test]
async fn message_leaves_and_is_filed_after_its_session_ended() {
    let server = TestServer::new(Some(1)).await;
    let accounts = &server.test_accounts;
    let page = open(accounts, server.imap(), 1).await;
    let id = send(&page, draft("After signing out")).await;
    page.handle.close().await;
    let shutdown = CancellationToken::new();
    let couriers = accounts.accounts.clone();
    let couriers = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { couriers.run_couriers(shutdown).await }
    });
    // The ended session's handle still reads the ledger.
    let entry = until(&page, &id, |entry| entry.copy != SentCopy::Pending).await;
    assert_eq!(entry.state, OutboxState::HandedOver);
    assert!(
        matches!(entry.copy, SentCopy::Filed { .. }),
        "{:?}",
        entry.copy
    );
    shutdown.cancel();
    couriers.await.unwrap();
    assert_eq!(server.demo.inbox_len(), 2, "one copy arrived");
}

#[tokio::test]
async fn message_of_an_ended_session_leaves_while_another_session_of_the_account_is_open() {
    let server = TestServer::new(Some(1)).await;
    let accounts = &server.test_accounts;
    let other = open(accounts, server.imap(), 1).await;
    let shutdown = CancellationToken::new();
    let couriers = accounts.accounts.clone();
    let couriers = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { couriers.run_couriers(shutdown).await }
    });
    let page = open(accounts, server.imap(), 1).await;
    let id = send(&page, draft("Sent from the phone")).await;
    page.handle.close().await;
    let entry = until(&other, &id, |entry| entry.copy != SentCopy::Pending).await;
    assert_eq!(entry.state, OutboxState::HandedOver);
    assert_eq!(server.demo.inbox_len(), 2, "one copy arrived");
    shutdown.cancel();
    couriers.await.unwrap();
}

#[tokio::test]
async fn message_leaves_after_a_restart_without_a_sign_in() {
    let server = TestServer::new(Some(1)).await;
    for sign_in in [server.imap(), server.pop3()] {
        let before = server.demo.inbox_len();
        let page = open(&server.test_accounts, sign_in, 2).await;
        let id = send(&page, draft("Over a restart")).await;
        page.handle.close().await;

        let ports = server.demo.ports();
        let all = vec![ports.imaps, ports.pop3s, ports.smtps];
        let folder = server.test_accounts.state_dir();
        let restarted = TestAccounts::over(folder, server.demo.ca_pem(), all).await;
        let shutdown = CancellationToken::new();
        let couriers = restarted.accounts.clone();
        let couriers = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { couriers.run_couriers(shutdown).await }
        });
        until(&page, &id, is_handed_over).await;
        shutdown.cancel();
        couriers.await.unwrap();
        assert_eq!(server.demo.inbox_len(), before + 1);
    }
}
