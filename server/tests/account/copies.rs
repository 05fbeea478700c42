//! The Sent copy: exactly one, whichever side files it, and with the `Bcc` recipients.

use std::time::Duration;

use app::api::backend::MailBackend as _;
use app::api::types::{
    Draft, EntryChange, IncomingKind, OutboxId, OutboxState, RecipientState, SentCopy,
};
use mail_net::TlsMode;

use super::parts::Protocol;
use super::peer::{Act, Fault, Peer, pass};
use super::test_server::{Page, TestAccounts, sign_in};

/// An account at two scripted servers.
struct Writer {
    incoming: Peer,
    outgoing: Peer,
    page: Page,
    _desk: TestAccounts,
}

impl Writer {
    async fn new(fault: Option<Fault>) -> Self {
        let incoming = Peer::start(Protocol::Imap, true, fault).await;
        let outgoing = Peer::start(Protocol::Smtp, true, None).await;
        let desk = TestAccounts::new(Peer::ca_pem(), vec![incoming.port, outgoing.port]).await;
        let sign_in = sign_in(
            "ann@peer.test",
            "Sesame-offne-dich-7731",
            (IncomingKind::Imap, incoming.port),
            outgoing.port,
            TlsMode::Implicit,
        );
        let page = desk.open(sign_in).await.unwrap();
        Self {
            incoming,
            outgoing,
            page,
            _desk: desk,
        }
    }

    async fn send(&self, subject: &str) -> OutboxId {
        let draft = Draft {
            to: "bob@peer.test".to_owned(),
            bcc: "Éve <eve@peer.test>".to_owned(),
            subject: subject.to_owned(),
            body: "Hello.\n".to_owned(),
            ..Draft::default()
        };
        let account = self.page.account.clone();
        let nth = self.outgoing.taken().len();
        let id = self
            .page
            .backend
            .message_send(account, draft)
            .await
            .unwrap();
        self.outgoing
            .until("the message", |seen| seen.taken.len() > nth)
            .await;
        id
    }

    /// Makes the server file the last sent message itself.
    fn files_it_itself(&self) {
        let mail = self.outgoing.taken().pop().unwrap();
        self.incoming.files(mail.replace('\n', "\r\n"));
    }

    async fn is_filed(&self, id: &OutboxId) {
        let entry = self.page.handed_over(id).await;
        assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
        assert!(matches!(entry.copy, SentCopy::Filed { .. }), "{entry:?}");
    }

    fn copies(&self, subject: &str) -> Vec<String> {
        let mut copies = self.incoming.copies();
        copies.retain(|copy| copy.contains(&format!("Subject: {subject}\r\n")));
        copies
    }

    /// Waits until Sent was searched this many times.
    async fn searched(&self, times: usize) {
        self.incoming
            .until("a search", |seen| seen.count("UID SEARCH") >= times)
            .await;
    }
}

/// A server that identifies itself as Gmail.
fn gmail() -> Option<Fault> {
    Some(Fault {
        at: "AUTHENTICATE",
        act: Act::Say("{tag} OK [CAPABILITY IMAP4rev1 IDLE UIDPLUS MOVE X-GM-EXT-1] in\r\n"),
        times: u32::MAX,
    })
}

#[tokio::test]
async fn a_server_that_files_copies_itself_leaves_one_and_is_known_from_then_on() {
    let writer = Writer::new(None).await;
    let id = writer.send("first").await;
    writer.is_filed(&id).await;
    writer.searched(2).await;
    assert_eq!(writer.incoming.count("APPEND"), 1);
    writer.files_it_itself();
    assert_eq!(writer.copies("first").len(), 2);
    pass(Duration::from_secs(16)).await;
    writer
        .incoming
        .until("ours goes", |seen| seen.count("UID EXPUNGE") == 1)
        .await;
    let [left] = &writer.copies("first")[..] else {
        panic!("not one copy");
    };
    assert!(!left.contains("Bcc"), "the server's own");

    let before = writer.incoming.count("UID SEARCH");
    let id = writer.send("second").await;
    writer.searched(before + 1).await;
    writer.files_it_itself();
    writer.is_filed(&id).await;
    assert_eq!(writer.copies("second").len(), 1);
    assert_eq!(writer.incoming.count("APPEND"), 1, "no second copy of ours");
}

#[tokio::test]
async fn gmail_is_known_to_file_copies_and_gets_none() {
    let writer = Writer::new(gmail()).await;
    let id = writer.send("by itself").await;
    writer.searched(1).await;
    writer.files_it_itself();
    writer.is_filed(&id).await;
    assert_eq!(writer.incoming.count("APPEND"), 0);
    assert_eq!(writer.copies("by itself").len(), 1);
}

#[tokio::test]
async fn a_server_that_was_to_file_a_copy_and_does_not_gets_ours() {
    let writer = Writer::new(gmail()).await;
    let id = writer.send("another way out").await;
    for times in 1..=4 {
        writer.searched(times).await;
        pass(Duration::from_secs(9)).await;
    }
    writer.is_filed(&id).await;
    assert_eq!(writer.incoming.count("APPEND"), 1);
    assert_eq!(writer.copies("another way out").len(), 1);
}

#[tokio::test]
async fn once_it_is_known_that_we_file_copies_one_connection_is_enough() {
    let writer = Writer::new(None).await;
    let id = writer.send("first").await;
    writer.is_filed(&id).await;
    writer.searched(2).await;
    pass(Duration::from_secs(16)).await;
    writer.searched(3).await;
    pass(Duration::from_secs(61)).await;
    writer.incoming.left_but(1).await;
    let connections = writer.incoming.connections();
    let id = writer.send("second").await;
    writer.is_filed(&id).await;
    assert_eq!(writer.incoming.connections(), connections);
    assert_eq!(
        writer.incoming.count("UID SEARCH"),
        3,
        "nothing is looked for"
    );
    assert_eq!(writer.copies("second").len(), 1);
    assert_eq!(writer.incoming.count("UID EXPUNGE"), 0);
}

#[tokio::test]
async fn only_the_copy_in_sent_tells_who_got_it_unseen() {
    let writer = Writer::new(None).await;
    let id = writer.send("unseen").await;
    writer.is_filed(&id).await;
    let copy = writer.copies("unseen").pop().unwrap();
    let field = "Bcc: =?utf-8?B?w4l2ZQ==?= <eve@peer.test>\r\n";
    assert!(
        copy.to_lowercase().contains(&field.to_lowercase()),
        "{copy}"
    );
    assert!(copy.contains("Hello."), "nothing is cut off: {copy}");
    let sent = writer.outgoing.taken().pop().unwrap();
    assert!(!sent.to_lowercase().contains("bcc"), "{sent}");
    assert!(!sent.contains("eve@peer.test"), "{sent}");
    assert_eq!(writer.outgoing.count("RCPT TO:<eve@peer.test>"), 1);
}

#[tokio::test]
async fn a_copy_that_takes_its_time_keeps_no_message_from_leaving() {
    let writer = Writer::new(None).await;
    writer.incoming.fail(Fault {
        at: "APPEND",
        act: Act::Stall(""),
        times: 1,
    });
    writer.send("slow to file").await;
    writer.incoming.played(1).await;
    writer.send("not held up").await;
    let taken = writer.outgoing.taken();
    assert!(taken[1].contains("Subject: not held up"));
}

#[tokio::test]
async fn what_is_stopped_while_its_copy_is_filed_stays_stopped() {
    let writer = Writer::new(None).await;
    writer.outgoing.fail(Fault {
        at: "RCPT TO:<eve@peer.test>",
        act: Act::Say("451 4.2.0 later\r\n"),
        times: 1,
    });
    writer.incoming.fail(Fault {
        at: "APPEND",
        act: Act::Stall(""),
        times: 1,
    });
    let id = writer.send("to one so far").await;
    writer.incoming.played(1).await;
    let backend = &writer.page.backend;
    let stop = backend.outbox_change(id.clone(), EntryChange::Stop);
    stop.await.unwrap();
    // Filing the copy ends, with either result.
    let mut events = writer.page.handle.subscribe();
    pass(Duration::from_secs(600)).await;
    let mut entry = backend.outbox_show(id.clone()).await.unwrap();
    while entry.copy == SentCopy::Pending {
        events.recv().await.unwrap();
        entry = backend.outbox_show(id.clone()).await.unwrap();
    }
    assert_eq!(entry.state, OutboxState::Stopped, "{entry:?}");
    let states: Vec<_> = entry.recipients.iter().map(|r| r.state).collect();
    assert_eq!(
        states,
        [RecipientState::HandedOver, RecipientState::Stopped]
    );
}
