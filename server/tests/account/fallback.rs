//! Servers without common extensions: the fallback has the same result, or is refused with a
//! reason.

use std::time::Duration;

use app::api::ErrorKind;
use app::api::backend::MailBackend;
use app::api::live::LiveEvent;
use app::api::types::{Destination, FolderRole, Limitation, MessageRef, MessageRow};
use mail_demo::{ADDRESS, Options, PASSWORD};
use mail_net::{
    Connection, ConnectionEvent, Dialer, Egress, Endpoint, Listed, Phase, TlsMode, Trust,
};
use mail_proto::imap::{
    Client, Command, Config, Credentials, Event, Flag, Mailbox, SequenceSet, Status, Store,
    StoreMode,
};
use mail_proto::{Limits, Secret};

use super::peer::advance_clock;
use super::test_server::TestServer;

/// Moves the third message of the inbox to Trash and back.
async fn move_there_and_back(server: &TestServer) {
    let page = server.open(server.imap()).await.unwrap();
    let row = page.rows(&page.inbox()).await.remove(2);
    let total = server.demo.inbox_len();
    let to = Destination::Role(FolderRole::Trash);
    let done = page.move_to(vec![row.id], to).await.unwrap();
    assert_eq!(server.demo.inbox_len(), total - 1);
    let trash = page.folder(FolderRole::Trash).await;
    let in_trash = |rows: Vec<MessageRow>| rows.iter().any(|other| other.subject == row.subject);
    assert!(in_trash(page.rows(&trash).await));
    if !done.undo.is_empty() {
        page.undo(done.undo).await.unwrap();
        assert_eq!(server.demo.inbox_len(), total);
        assert!(!in_trash(page.rows(&trash).await));
    }
}

// docs/protocols.md, IMAP: without MOVE
#[tokio::test]
async fn without_move_a_message_is_copied_marked_and_expunged_by_its_uid() {
    move_there_and_back(&TestServer::lacking(&["MOVE"]).await).await;
}

// docs/protocols.md, IMAP: without UIDPLUS
#[tokio::test]
async fn without_move_and_uidplus_a_message_is_expunged_where_nothing_else_is_marked() {
    move_there_and_back(&TestServer::lacking(&["MOVE", "UIDPLUS"]).await).await;
}

#[tokio::test]
async fn without_uidplus_nothing_is_expunged_that_another_program_marked() {
    let server = TestServer::lacking(&["MOVE", "UIDPLUS"]).await;
    let page = server.open(server.imap()).await.unwrap();
    let mut rows = page.rows(&page.inbox()).await;
    let (first, other) = (rows.remove(0), rows.remove(0));
    mark_as_deleted(&server, &other.id).await;
    let total = server.demo.inbox_len();
    let to = Destination::Role(FolderRole::Trash);
    let refused = page.move_to(vec![first.id], to).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unsupported);
    assert_eq!(server.demo.inbox_len(), total, "nothing is gone");
    let trash = page.folder(FolderRole::Trash).await;
    let copies = page.rows(&trash).await;
    assert!(
        copies.iter().all(|copy| copy.subject != first.subject),
        "no half of a move either"
    );
}

// docs/protocols.md, IMAP: without SPECIAL-USE
#[tokio::test]
async fn without_special_use_folders_are_known_by_their_names() {
    let server = TestServer::lacking(&["SPECIAL-USE"]).await;
    let page = server.open(server.imap()).await.unwrap();
    for role in [
        FolderRole::Sent,
        FolderRole::Drafts,
        FolderRole::Trash,
        FolderRole::Junk,
    ] {
        assert_ne!(page.folder(role).await, page.inbox());
    }
}

// docs/protocols.md, IMAP: without LIST-STATUS
#[tokio::test]
async fn without_list_status_the_counts_of_all_folders_are_the_same() {
    let counts = async |lacks| {
        let server = TestServer::lacking(lacks).await;
        let page = server.open(server.imap()).await.unwrap();
        let folders = page.backend.folder_list(page.account.clone()).await;
        let folders = folders.unwrap().folders.into_iter();
        folders
            .map(|folder| (folder.name, folder.total, folder.unread))
            .collect::<Vec<_>>()
    };
    let with = counts(&[]).await;
    assert!(with.iter().filter(|(_, total, _)| total.is_some()).count() > 5);
    assert_eq!(with, counts(&["LIST-STATUS"]).await);
}

// docs/protocols.md, IMAP: without IDLE
#[tokio::test]
async fn without_idle_new_mail_is_found_by_polling() {
    let server = TestServer::lacking(&["IDLE"]).await;
    let page = server.open(server.imap()).await.unwrap();
    let mut events = page.handle.subscribe();
    let _watcher = page.handle.watch();
    let total = page.rows(&page.inbox()).await.len();
    server
        .demo
        .deliver("From: a@example.org\r\nSubject: ping\r\n\r\nx\r\n");
    // The account polls at most once per minute.
    advance_clock(Duration::from_secs(61)).await;
    let arrival = async {
        while !matches!(
            events.recv().await.unwrap(),
            LiveEvent::Folder { arrived: 1, .. }
        ) {}
    };
    tokio::time::timeout(Duration::from_secs(20), arrival)
        .await
        .expect("nobody was told");
    let rows = page.rows(&page.inbox()).await;
    assert!(rows.len() >= total && rows[0].subject == "ping");
    let session = page.backend.session_show().await.unwrap();
    let polled = Limitation::Polled { every_secs: 60 };
    assert!(
        session.accounts[0].limitations.contains(&polled),
        "the page says so"
    );
}

#[tokio::test]
async fn id_is_sent_to_a_provider_that_requires_it() {
    let server = TestServer::over(Options {
        imap_requires_id: true,
        ..Options::default()
    })
    .await;
    let page = server.open(server.imap()).await.unwrap();
    assert!(!page.rows(&page.inbox()).await.is_empty());
    let trash = page.folder(FolderRole::Trash).await;
    page.rows(&trash).await;
}

/// Another client marks a message as deleted.
async fn mark_as_deleted(server: &TestServer, id: &MessageRef) {
    let port = server.demo.ports().imaps;
    let trust = Trust {
        is_platform_trusted: false,
        ca_pem: vec![server.demo.ca_pem().to_owned()],
    };
    let listed = Listed {
        host: "localhost".into(),
        ports: vec![port],
        tls: None,
    };
    let dialer = Dialer::new(
        Egress::listed_only(vec![listed]),
        trust.client_config().unwrap(),
    );
    let endpoint = Endpoint {
        host: "localhost".into(),
        port,
        tls: TlsMode::Implicit,
    };
    let transport = dialer.open(&endpoint, None).await.unwrap();
    let client = Client::new(Config {
        tls: TlsMode::Implicit,
        allow_plaintext_login: false,
        limits: Limits::default(),
    });
    let config = dialer.tls_config(&endpoint);
    let mut connection = Connection::new(client, transport, config, "localhost", Phase::Command);
    let uid = id.message.as_str().rsplit('.').next().unwrap();
    let credentials = Credentials::new(ADDRESS, Secret::new(PASSWORD)).unwrap();
    connection.machine_mut().sign_in(credentials);
    connection
        .machine_mut()
        .enqueue(Command::Select(Mailbox::from_wire("INBOX")));
    let last = connection.machine_mut().enqueue(Command::Store(Store {
        set: SequenceSet::parse(uid.as_bytes()).unwrap(),
        uid: true,
        mode: StoreMode::Add,
        flags: vec![Flag::Deleted],
        silent: true,
    }));
    loop {
        if let ConnectionEvent::Event(Event::Completed { tag, status, .. }) =
            connection.next().await.unwrap()
        {
            assert_eq!(status, Status::Ok);
            if tag == last {
                return;
            }
        }
    }
}
