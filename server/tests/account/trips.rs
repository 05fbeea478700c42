//! The number of round trips to the mail server per step.

use std::time::Duration;

use app::api::backend::MailBackend as _;
use app::api::types::{Destination, FolderRole, Window};

use super::parts::Protocol;
use super::peer::Peer;
use super::test_server::{Page, TestAccounts, TestServer};

/// Waits until IDLE is active on this many connections.
async fn until_idle(server: &TestServer, connections: usize) {
    let mut idling = server.demo.idling();
    let waiting = idling.wait_for(|count| *count == connections);
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    let is_so = waited.is_ok_and(|held| held.is_ok());
    assert!(is_so, "IDLE is on {} times", *server.demo.idling().borrow());
}

async fn window(page: &Page, offset: u32) -> usize {
    let window = Window { offset, limit: 50 };
    let list = page.list(page.inbox(), window);
    list.await.unwrap().rows.len()
}

#[tokio::test]
async fn every_step_takes_one_round_trip_and_the_sign_in_three() {
    let server = TestServer::new(Some(1_000)).await;
    let before = server.demo.round_trip_count();
    let page = server.open(server.imap()).await.unwrap();
    let rows = page.rows(&page.inbox()).await;
    let folders = page.backend.folder_list(page.account.clone()).await;
    let folders = folders.unwrap().folders;
    let has_counts = |f: &app::api::types::FolderView| f.total.is_some() || !f.is_selectable;
    assert!(folders.iter().all(has_counts), "{folders:?}");
    let signed_in = server.demo.round_trip_count() - before;
    assert!(signed_in <= 3, "{signed_in} for the sign-in");

    // Each step begins while IDLE is active.
    until_idle(&server, 1).await;
    let before = server.demo.round_trip_count();
    assert_eq!(window(&page, 50).await, 50);
    assert_eq!(server.demo.round_trip_count() - before, 1, "the next 50");

    until_idle(&server, 1).await;
    let before = server.demo.round_trip_count();
    assert_eq!(window(&page, 500).await, 50);
    assert_eq!(server.demo.round_trip_count() - before, 1, "a jump");

    until_idle(&server, 1).await;
    let before = server.demo.round_trip_count();
    let id = rows[3].id.clone();
    let opened = page.open(id);
    opened.await.unwrap();
    assert_eq!(server.demo.round_trip_count() - before, 1, "an open");

    // The headers of its parts are fetched with the text.
    until_idle(&server, 1).await;
    let with_files = rows.iter().find(|row| row.has_attachment);
    let id = with_files.expect("a message with attachments").id.clone();
    let before = server.demo.round_trip_count();
    let opened = page.open(id).await.unwrap();
    assert!(!opened.attachments.is_empty());
    let trips = server.demo.round_trip_count() - before;
    assert_eq!(trips, 1, "an open with attachments");
}

#[tokio::test]
async fn what_the_other_parts_say_comes_with_the_text() {
    let bounce = "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
        --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
        Final-Recipient: rfc822; nobody@shop.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: returned\r\n\r\nHello.\r\n--b--\r\n";
    let server = TestServer::new(Some(3)).await;
    server.demo.deliver(bounce.to_owned());
    let page = server.open(server.imap()).await.unwrap();
    assert_eq!(window(&page, 0).await, 4);
    until_idle(&server, 1).await;
    let id = page.rows(&page.inbox()).await.remove(0).id;
    let before = server.demo.round_trip_count();
    let opened = page.open(id).await.unwrap();
    assert_eq!(server.demo.round_trip_count() - before, 1);
    let title = "A message of yours was not delivered";
    assert!(
        opened.cards.iter().any(|card| card.title == title),
        "{:?}",
        opened.cards
    );
}

#[tokio::test]
async fn window_is_complete_although_messages_were_removed_before_the_response() {
    let server = TestServer::new(Some(300)).await;
    let (page, other) = (
        server.open(server.imap()).await.unwrap(),
        server.open(server.imap()).await.unwrap(),
    );
    let rows = other.rows(&other.inbox()).await;
    page.rows(&page.inbox()).await;
    until_idle(&server, 2).await;
    for nth in 0..5 {
        // Another session deletes the message during the request.
        let to = Destination::Role(FolderRole::Trash);
        let ids = vec![rows[nth].id.clone()];
        let deleting = other.move_to(ids, to);
        let offset = 50 + 40 * u32::try_from(nth).unwrap();
        let (deleted, rows) = tokio::join!(deleting, window(&page, offset));
        deleted.unwrap();
        assert_eq!(rows, 50, "{nth}");
    }
}

#[tokio::test]
async fn the_sign_in_selects_the_inbox_before_it_lists_the_folders() {
    let peer = Peer::start(Protocol::Imap, true, None).await;
    let accounts = TestAccounts::new(Peer::ca_pem(), vec![peer.port]).await;
    let server = TestServer::new(Some(0)).await;
    let mut sign_in = server.imap();
    (sign_in.incoming.port, sign_in.outgoing.port) = (peer.port, peer.port);
    let page = accounts.open(sign_in).await.unwrap();
    page.rows(&page.inbox()).await;
    page.folder(FolderRole::Trash).await;
    let commands = peer.commands("");
    let nth = |command: &str| commands.iter().position(|line| line.starts_with(command));
    let (selected, listed) = (nth("SELECT").unwrap(), nth("LIST").unwrap());
    assert!(selected < listed, "{commands:?}");
    assert_eq!(peer.connections(), 1);
}
