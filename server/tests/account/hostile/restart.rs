//! The process ends between two states of a message: the result after the next start.

use std::sync::mpsc;

use app::api::backend::MailBackend as _;
use app::api::types::{
    Draft, FolderRole, OutboxEntry, OutboxId, OutboxState, RecipientState, SendOptions, SentCopy,
    Window,
};
use server::views::SiteSettings;
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::smtp::send;
use super::*;
use crate::account::test_server::settings;

impl Fixture {
    /// Signs in and sends a message in another process, which is killed once the server has failed.
    async fn kill_at(&self, peer: &Peer, fault: Fault) -> OutboxId {
        peer.fail(fault);
        let (folder, sign_in) = (self.accounts.state_dir(), self.sign_in());
        let ports = vec![self.incoming.port, self.outgoing.port];
        let (send_id, id) = mpsc::channel();
        let (kill, killed) = tokio::sync::oneshot::channel();
        let process = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let accounts = TestAccounts::over(folder, Peer::ca_pem(), ports).await;
                let page = accounts.open(sign_in).await.unwrap();
                send_id.send(send(&page, "first", 1).await).unwrap();
                killed.await.unwrap();
                // A killed process does not close its connections properly.
                std::mem::forget((accounts, page));
            });
            runtime.shutdown_background();
        });
        peer.until_failed(1).await;
        kill.send(()).unwrap();
        tokio::task::spawn_blocking(move || process.join().unwrap())
            .await
            .unwrap();
        id.recv().unwrap()
    }

    /// Starts the program again.
    async fn restart(&self) -> TestAccounts {
        let ports = vec![self.incoming.port, self.outgoing.port];
        TestAccounts::over(self.accounts.state_dir(), Peer::ca_pem(), ports).await
    }
}

async fn first(page: &Page) -> OutboxEntry {
    page.backend
        .outbox_list(None)
        .await
        .unwrap()
        .entries
        .pop()
        .unwrap()
}

#[tokio::test]
async fn unsent_message_waits_for_its_sign_in_and_is_sent_once() {
    for at in ["", "AUTH", "MAIL", "DATA"] {
        let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
        let act = Act::Stall("");
        let id = fixture
            .kill_at(&fixture.outgoing, Fault { at, act, times: 1 })
            .await;
        let accounts = fixture.restart().await;
        // Another account of the same server is not affected.
        let mut other_account = fixture.sign_in();
        other_account.address = "bob@peer.test".to_owned();
        let other_account = accounts.open(other_account).await.unwrap();
        assert!(
            other_account
                .backend
                .outbox_list(None)
                .await
                .unwrap()
                .entries
                .is_empty()
        );
        assert_eq!(
            fixture.arrived("first"),
            0,
            "{at}: left without its sign-in"
        );
        let page = accounts.open(fixture.sign_in()).await.unwrap();
        let entry = page.settled(&id).await;
        assert_eq!(entry.state, OutboxState::HandedOver, "{at}: {entry:?}");
        assert!(matches!(entry.copy, SentCopy::Filed { .. }), "{entry:?}");
        assert_eq!(fixture.arrived("first"), 1, "{at}");
        fixture.assert_no_password_in_the_log(at);
    }
}

// docs/protocols.md, SMTP: result of a send
#[tokio::test]
async fn message_whose_final_dot_may_have_been_sent_is_unknown_and_not_sent_again() {
    let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
    let (at, act) = (".", Act::Stall(""));
    fixture
        .kill_at(&fixture.outgoing, Fault { at, act, times: 1 })
        .await;
    for _ in 0..2 {
        let accounts = fixture.restart().await;
        let page = accounts.open(fixture.sign_in()).await.unwrap();
        let second = send(&page, "second", 1).await;
        assert_eq!(page.settled(&second).await.state, OutboxState::HandedOver);
        let entry = first(&page).await;
        assert_eq!(entry.state, OutboxState::Unknown, "{entry:?}");
        for recipient in &entry.recipients {
            assert_eq!(recipient.state, RecipientState::Unknown);
            assert!(recipient.meaning.contains("may have gone out"), "{entry:?}");
        }
        assert_eq!(fixture.arrived("first"), 1);
        page.handle.close().await;
    }
}

#[tokio::test]
async fn message_with_a_refused_password_is_sent_after_the_next_sign_in() {
    let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
    let act = Act::Reply("535 5.7.8 no\r\n");
    fixture.outgoing.fail(Fault {
        at: "AUTH",
        act,
        times: 1,
    });
    let page = fixture.open().await;
    let id = send(&page, "first", 1).await;
    let entry = page.settled(&id).await;
    assert_eq!(entry.state, OutboxState::WaitingForSignIn, "{entry:?}");
    page.handle.close().await;
    let accounts = fixture.restart().await;
    let page = accounts.open(fixture.sign_in()).await.unwrap();
    let entry = page.handed_over(&id).await;
    assert!(matches!(entry.copy, SentCopy::Filed { .. }), "{entry:?}");
    assert_eq!(fixture.arrived("first"), 1);
}

#[tokio::test]
async fn unacknowledged_copy_is_searched_for_before_it_is_filed_again() {
    for (is_there, copies) in [(true, 1), (false, 2)] {
        let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
        let (at, act) = ("APPEND", Act::Stall(""));
        let id = fixture
            .kill_at(&fixture.incoming, Fault { at, act, times: 1 })
            .await;
        if !is_there {
            let (at, act) = ("UID SEARCH", Act::Reply("* SEARCH\r\n{tag} OK none\r\n"));
            fixture.incoming.fail(Fault { at, act, times: 1 });
        }
        let accounts = fixture.restart().await;
        let page = accounts.open(fixture.sign_in()).await.unwrap();
        let entry = page.handed_over(&id).await;
        let folder = page.folder(FolderRole::Sent).await;
        assert_eq!(entry.copy, SentCopy::Filed { folder }, "{entry:?}");
        assert_eq!(fixture.incoming.count("APPEND"), copies);
        // Each process has a connection for the inbox, and one that searches Sent.
        assert_eq!(fixture.incoming.connections(), 4, "the inbox is not left");
        assert_eq!(fixture.arrived("first"), 1);
    }
}

#[tokio::test]
async fn folder_is_opened_although_the_first_list_of_folders_is_not_there_yet() {
    let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
    let page = fixture.open().await;
    let sent = page.folder(FolderRole::Sent).await;
    page.handle.close().await;

    let (at, act) = ("LIST", Act::Stall(""));
    fixture.incoming.fail(Fault { at, act, times: 1 });
    let page = fixture.accounts.open(fixture.sign_in()).await.unwrap();
    // The list behind the sign-in is the one that stalls.
    fixture.incoming.until_failed(1).await;
    let window = Window {
        offset: 0,
        limit: 10,
    };
    let listed = page.list(sent, window).await;
    assert_eq!(listed.unwrap().role, Some(FolderRole::Sent));
}

#[tokio::test]
async fn refused_password_is_tried_once_for_the_copy_of_a_message_of_an_ended_session() {
    let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
    let page = fixture.accounts.open(fixture.sign_in()).await.unwrap();
    let settings = SiteSettings {
        undo_send_secs: 2,
        ..settings()
    };
    let page = fixture.accounts.page_with(page.handle, Lang::En, settings);
    let id = send(&page, "first", 1).await;
    let next_year = jiff::Timestamp::now() + Duration::from_secs(300 * 24 * 3_600);
    let scheduled = Draft {
        to: "bob@peer.test".to_owned(),
        subject: "next year".to_owned(),
        options: SendOptions {
            send_at: next_year.strftime("%Y-%m-%dT%H:%M").to_string(),
            ..SendOptions::default()
        },
        ..Draft::default()
    };
    let scheduled = page.backend.message_send(page.account.clone(), scheduled);
    let scheduled = scheduled.await.unwrap();
    page.handle.close().await;

    let act = Act::Reply("{tag} NO [AUTHENTICATIONFAILED] no\r\n");
    let at = "AUTHENTICATE";
    fixture.incoming.fail(Fault {
        at,
        act,
        times: 100,
    });
    let shutdown = CancellationToken::new();
    let accounts = fixture.accounts.accounts.clone();
    let couriers = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { accounts.run_couriers(shutdown).await }
    });
    // The other message waits for a sign-in too: nothing tries the password again.
    let other = page.until_not(&scheduled, |entry| {
        entry.state != OutboxState::WaitingForSignIn
    });
    other.await;
    shutdown.cancel();
    couriers.await.unwrap();
    let entry = page.backend.outbox_show(id).await.unwrap();
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    assert_eq!(
        entry.copy,
        SentCopy::Pending,
        "filed after the next sign-in"
    );
    // One sign-in of the session, one of the courier.
    assert_eq!(fixture.incoming.count("AUTHENTICATE"), 2);
}
