//! The Sent copy: exactly one, whichever side files it, and with the `Bcc` recipients.

use std::time::Duration;

use app::api::backend::MailBackend as _;
use app::api::types::{
    Draft, EntryChange, IncomingKind, OutboxId, OutboxState, RecipientState, SentCopy,
};
use mail_net::TlsMode;

use super::parts::Protocol;
use super::peer::{Act, Fault, Peer, advance_clock};
use super::test_server::{Page, TestAccounts, sign_in};

/// An account at two scripted servers.
struct Fixture {
    incoming: Peer,
    outgoing: Peer,
    page: Page,
    _accounts: TestAccounts,
}

impl Fixture {
    async fn new(fault: Option<Fault>) -> Self {
        let incoming = Peer::start(Protocol::Imap, true, fault).await;
        let outgoing = Peer::start(Protocol::Smtp, true, None).await;
        let accounts = TestAccounts::new(Peer::ca_pem(), vec![incoming.port, outgoing.port]).await;
        let sign_in = sign_in(
            "ann@peer.test",
            "Sesame-offne-dich-7731",
            (IncomingKind::Imap, incoming.port),
            outgoing.port,
            TlsMode::Implicit,
        );
        let page = accounts.open(sign_in).await.unwrap();
        Self {
            incoming,
            outgoing,
            page,
            _accounts: accounts,
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
        let nth = self.outgoing.accepted().len();
        let id = self
            .page
            .backend
            .message_send(account, draft)
            .await
            .unwrap();
        self.outgoing
            .until("the message", |seen| seen.accepted.len() > nth)
            .await;
        id
    }

    /// Makes the server file the last sent message itself.
    fn file_copy_on_server(&self) {
        let mail = self.outgoing.accepted().pop().unwrap();
        self.incoming.file_copy(mail.replace('\n', "\r\n"));
    }

    async fn assert_filed(&self, id: &OutboxId) {
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
    async fn until_searched(&self, times: usize) {
        self.incoming
            .until("a search", |seen| seen.count("UID SEARCH") >= times)
            .await;
    }
}

/// A server that identifies itself as Gmail.
fn gmail() -> Option<Fault> {
    Some(Fault {
        at: "AUTHENTICATE",
        act: Act::Reply("{tag} OK [CAPABILITY IMAP4rev1 IDLE UIDPLUS MOVE X-GM-EXT-1] in\r\n"),
        times: u32::MAX,
    })
}

#[tokio::test]
async fn one_copy_remains_if_the_server_files_its_own_and_later_sends_add_none() {
    let fixture = Fixture::new(None).await;
    let id = fixture.send("first").await;
    fixture.assert_filed(&id).await;
    fixture.until_searched(2).await;
    assert_eq!(fixture.incoming.count("APPEND"), 1);
    fixture.file_copy_on_server();
    assert_eq!(fixture.copies("first").len(), 2);
    advance_clock(Duration::from_secs(16)).await;
    fixture
        .incoming
        .until("ours goes", |seen| seen.count("UID EXPUNGE") == 1)
        .await;
    let [remaining] = &fixture.copies("first")[..] else {
        panic!("not one copy");
    };
    assert!(!remaining.contains("Bcc"), "the server's own");

    let before = fixture.incoming.count("UID SEARCH");
    let id = fixture.send("second").await;
    fixture.until_searched(before + 1).await;
    fixture.file_copy_on_server();
    fixture.assert_filed(&id).await;
    assert_eq!(fixture.copies("second").len(), 1);
    assert_eq!(
        fixture.incoming.count("APPEND"),
        1,
        "no second copy of ours"
    );
}

#[tokio::test]
async fn no_copy_is_filed_at_gmail_which_files_its_own() {
    let fixture = Fixture::new(gmail()).await;
    let id = fixture.send("by itself").await;
    fixture.until_searched(1).await;
    fixture.file_copy_on_server();
    fixture.assert_filed(&id).await;
    assert_eq!(fixture.incoming.count("APPEND"), 0);
    assert_eq!(fixture.copies("by itself").len(), 1);
}

#[tokio::test]
async fn copy_is_filed_if_a_server_expected_to_file_it_does_not() {
    let fixture = Fixture::new(gmail()).await;
    let id = fixture.send("another way out").await;
    for times in 1..=4 {
        fixture.until_searched(times).await;
        advance_clock(Duration::from_secs(9)).await;
    }
    fixture.assert_filed(&id).await;
    assert_eq!(fixture.incoming.count("APPEND"), 1);
    assert_eq!(fixture.copies("another way out").len(), 1);
}

#[tokio::test]
async fn second_send_does_not_search_sent_if_the_server_files_no_copies() {
    let fixture = Fixture::new(None).await;
    let id = fixture.send("first").await;
    fixture.assert_filed(&id).await;
    fixture.until_searched(2).await;
    advance_clock(Duration::from_secs(16)).await;
    fixture.until_searched(3).await;
    advance_clock(Duration::from_secs(61)).await;
    fixture.incoming.until_open(1).await;
    let connections = fixture.incoming.connections();
    let id = fixture.send("second").await;
    fixture.assert_filed(&id).await;
    assert_eq!(fixture.incoming.connections(), connections);
    assert_eq!(
        fixture.incoming.count("UID SEARCH"),
        3,
        "nothing is looked for"
    );
    assert_eq!(fixture.copies("second").len(), 1);
    assert_eq!(fixture.incoming.count("UID EXPUNGE"), 0);
}

#[tokio::test]
async fn only_the_sent_copy_names_bcc_recipients() {
    let fixture = Fixture::new(None).await;
    let id = fixture.send("unseen").await;
    fixture.assert_filed(&id).await;
    let copy = fixture.copies("unseen").pop().unwrap();
    let field = "Bcc: =?utf-8?B?w4l2ZQ==?= <eve@peer.test>\r\n";
    assert!(
        copy.to_lowercase().contains(&field.to_lowercase()),
        "{copy}"
    );
    assert!(copy.contains("Hello."), "nothing is cut off: {copy}");
    let sent = fixture.outgoing.accepted().pop().unwrap();
    assert!(!sent.to_lowercase().contains("bcc"), "{sent}");
    assert!(!sent.contains("eve@peer.test"), "{sent}");
    assert_eq!(fixture.outgoing.count("RCPT TO:<eve@peer.test>"), 1);
}

#[tokio::test]
async fn slow_filing_of_a_copy_does_not_delay_other_messages() {
    let fixture = Fixture::new(None).await;
    fixture.incoming.fail(Fault {
        at: "APPEND",
        act: Act::Stall(""),
        times: 1,
    });
    fixture.send("slow to file").await;
    fixture.incoming.until_failed(1).await;
    fixture.send("not held up").await;
    let accepted = fixture.outgoing.accepted();
    assert!(accepted[1].contains("Subject: not held up"));
}

#[tokio::test]
async fn message_stopped_while_its_copy_is_filed_stays_stopped() {
    let fixture = Fixture::new(None).await;
    fixture.outgoing.fail(Fault {
        at: "RCPT TO:<eve@peer.test>",
        act: Act::Reply("451 4.2.0 later\r\n"),
        times: 1,
    });
    fixture.incoming.fail(Fault {
        at: "APPEND",
        act: Act::Stall(""),
        times: 1,
    });
    let id = fixture.send("to one so far").await;
    fixture.incoming.until_failed(1).await;
    let backend = &fixture.page.backend;
    let stop = backend.outbox_change(id.clone(), EntryChange::Stop);
    stop.await.unwrap();
    // Filing the copy ends, with either result.
    let mut events = fixture.page.handle.subscribe();
    advance_clock(Duration::from_secs(600)).await;
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
