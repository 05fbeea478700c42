//! How a message reaches the outgoing server: the number of writes, the connection used, and the
//! fallbacks if the server does not accept it at once.

use std::time::Duration;

use app::api::backend::MailBackend as _;
use app::api::types::{Draft, IncomingKind, OutboxEntry, OutboxId, OutboxState, SentCopy};
use mail_demo::{ADDRESS, Demo, Options, PASSWORD};
use mail_net::TlsMode;

use super::peer::advance_clock;
use super::submission::{Behaviour, Submission};
use super::test_server::{Page, TestAccounts, sign_in};

/// An account that reads at the demo server and sends by a server that records its flights.
pub(super) struct Fixture {
    pub(super) outgoing: Submission,
    pub(super) accounts: TestAccounts,
    pub(super) page: Page,
    pub(super) demo: Demo,
}

impl Fixture {
    async fn new(behaviour: Behaviour) -> Self {
        Self::of(ADDRESS, behaviour).await
    }

    /// An account with this address, which signs in as the demo's user.
    pub(super) async fn of(address: &str, behaviour: Behaviour) -> Self {
        let demo = Demo::start(Options {
            messages: Some(2),
            now_unix_ms: server::store::now_unix_ms(),
            ..Options::default()
        });
        let demo = demo.await.unwrap();
        let outgoing = Submission::start(behaviour).await;
        let imaps = demo.ports().imaps;
        let accounts = TestAccounts::new(demo.ca_pem(), vec![imaps, outgoing.port]).await;
        let mut sign_in = sign_in(
            address,
            PASSWORD,
            (IncomingKind::Imap, imaps),
            outgoing.port,
            TlsMode::Implicit,
        );
        sign_in.user = Some(ADDRESS.to_owned());
        sign_in.outgoing.tls = TlsMode::Plain;
        let page = accounts.open(sign_in).await.unwrap();
        Self {
            outgoing,
            accounts,
            page,
            demo,
        }
    }

    /// Opens the composer, and waits until the connection is signed in.
    async fn open_composer(&self) {
        let nth = self.outgoing.connections();
        let form = self
            .page
            .backend
            .compose_start(self.page.account.clone(), None, Vec::new());
        form.await.unwrap();
        let is_signed_in = |flights: &Vec<Vec<String>>| {
            flights
                .iter()
                .flatten()
                .any(|line| line.starts_with("AUTH"))
        };
        self.outgoing
            .until("the connection is ready", |received| {
                received.connections.get(nth).is_some_and(is_signed_in)
            })
            .await;
        // Gives the client time to read the reply.
        tokio::task::yield_now().await;
    }

    async fn send(&self, subject: &str) -> OutboxId {
        self.send_with(subject, Vec::new()).await
    }

    async fn send_with(&self, subject: &str, attached: Vec<u8>) -> OutboxId {
        let mut draft = Draft {
            to: "bob@peer.test, eve@peer.test".to_owned(),
            subject: subject.to_owned(),
            body: "Hello.\n".to_owned(),
            ..Draft::default()
        };
        if !attached.is_empty() {
            let file = ("a.bin", "application/octet-stream");
            let upload = self.accounts.upload(&self.page, file, &attached).await;
            draft.uploads = vec![upload];
        }
        let sent = self
            .page
            .backend
            .message_send(self.page.account.clone(), draft);
        sent.await.unwrap()
    }

    async fn send_and_settle(&self, subject: &str) -> OutboxEntry {
        let id = self.send(subject).await;
        self.page.settled(&id).await
    }
}

const ENVELOPE: &str = "MAIL FROM, RCPT TO, RCPT TO";

#[tokio::test]
async fn a_megabyte_takes_two_flights_on_the_connection_that_the_composer_opened() {
    let fixture = Fixture::new(Behaviour::modern()).await;
    fixture.open_composer().await;
    let id = fixture.send_with("large", vec![7; 1 << 20]).await;
    let entry = fixture.page.settled(&id).await;
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    assert!(matches!(entry.copy, SentCopy::Filed { .. }), "{entry:?}");
    let flights = fixture.outgoing.flights(0);
    let [first, second, ..] = &flights[..] else {
        panic!("{flights:?}");
    };
    assert!(
        first.starts_with(&format!("{ENVELOPE}, BDAT 14")),
        "{flights:?}"
    );
    assert_eq!(first.matches("BDAT").count(), 1, "{flights:?}");
    assert_eq!(second, "BDAT 2 LAST", "{flights:?}");
    assert_eq!(fixture.outgoing.connections(), 1);
    assert_eq!(fixture.outgoing.arrived("large"), 1);
}

#[tokio::test]
async fn without_chunking_the_dot_is_in_the_second_flight_too() {
    let mut behaviour = Behaviour::modern();
    behaviour.ehlo_lines.retain(|offer| *offer != "CHUNKING");
    let fixture = Fixture::new(behaviour).await;
    fixture.open_composer().await;
    assert_eq!(
        fixture.send_and_settle("by data").await.state,
        OutboxState::HandedOver
    );
    let flights = fixture.outgoing.flights(0);
    assert_eq!(flights[..2], [format!("{ENVELOPE}, DATA"), ".".to_owned()]);
}

#[tokio::test]
async fn a_connection_that_waits_for_a_message_is_closed_after_a_minute_and_at_sign_out() {
    let fixture = Fixture::new(Behaviour::modern()).await;
    fixture.open_composer().await;
    advance_clock(Duration::from_secs(59)).await;
    assert_eq!(fixture.outgoing.received.borrow().open, 1);
    assert_eq!(
        fixture.send_and_settle("late").await.state,
        OutboxState::HandedOver
    );
    assert_eq!(fixture.outgoing.connections(), 1);
    fixture
        .outgoing
        .until("QUIT", |received| received.open == 0)
        .await;
    fixture.open_composer().await;
    advance_clock(Duration::from_secs(61)).await;
    fixture
        .outgoing
        .until("QUIT", |received| received.open == 0)
        .await;
    assert_eq!(fixture.outgoing.flights(1), ["QUIT"]);
    fixture.open_composer().await;
    fixture.page.handle.close().await;
    fixture
        .outgoing
        .until("QUIT", |received| received.open == 0)
        .await;
    assert_eq!(fixture.outgoing.flights(2), ["QUIT"]);
}

#[tokio::test]
async fn connection_closed_by_the_server_is_reopened_without_an_error() {
    let fixture = Fixture::new(Behaviour::modern()).await;
    fixture.open_composer().await;
    fixture.outgoing.hang_up();
    let entry = fixture.send_and_settle("after all").await;
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    assert!(entry.trouble.is_none(), "{entry:?}");
    assert_eq!(fixture.outgoing.arrived("after all"), 1);
    assert_eq!(fixture.outgoing.connections(), 2);
}

#[tokio::test]
async fn several_due_messages_are_sent_over_one_connection() {
    let fixture = Fixture::new(Behaviour::modern()).await;
    let mut ids = Vec::new();
    for subject in ["one", "two", "three"] {
        ids.push(fixture.send(subject).await);
    }
    for id in &ids {
        assert_eq!(
            fixture.page.settled(id).await.state,
            OutboxState::HandedOver
        );
    }
    assert_eq!(fixture.outgoing.connections(), 1);
}

#[tokio::test]
async fn password_refused_before_the_message_is_reported_and_not_tried_twice() {
    let behaviour = Behaviour {
        auth: Some(b"535 5.7.8 no\r\n"),
        ..Behaviour::modern()
    };
    let fixture = Fixture::new(behaviour).await;
    fixture.open_composer().await;
    fixture
        .page
        .backend
        .compose_start(fixture.page.account.clone(), None, Vec::new())
        .await
        .unwrap();
    let entry = fixture.send_and_settle("not now").await;
    assert_eq!(entry.state, OutboxState::WaitingForSignIn, "{entry:?}");
    let problem = entry.trouble.unwrap();
    assert!(problem.reply.unwrap().contains("535 5.7.8 no"));
    assert_eq!(fixture.outgoing.connections(), 1, "one try");
}

#[tokio::test]
async fn message_is_sent_once_by_data_if_bdat_is_unknown() {
    for refusal in [
        "500 5.5.1 what\r\n",
        "502 5.5.2 not here\r\n",
        "503 5.5.1 out of order\r\n",
    ] {
        let fixture = Fixture::new(Behaviour {
            bdat: Some(refusal),
            ..Behaviour::modern()
        })
        .await;
        let entry = fixture.send_and_settle("once").await;
        assert_eq!(entry.state, OutboxState::HandedOver, "{refusal}: {entry:?}");
        assert_eq!(fixture.outgoing.arrived("once"), 1, "{refusal}");
        assert_eq!(fixture.outgoing.connections(), 1, "{refusal}");
        let flights = fixture.outgoing.flights(0);
        let plain = ["RSET", "MAIL FROM", "RCPT TO", "RCPT TO", "DATA", "."];
        assert_eq!(flights[1..7], plain, "{refusal}");
    }
}

// docs/protocols.md, SMTP: BDAT
#[tokio::test]
async fn message_read_as_commands_is_sent_on_a_new_connection() {
    let fixture = Fixture::new(Behaviour {
        takes_octets_for_commands: true,
        ..Behaviour::modern()
    })
    .await;
    let entry = fixture.send_and_settle("read as commands").await;
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    assert_eq!(fixture.outgoing.arrived("read as commands"), 1);
    assert_eq!(fixture.outgoing.connections(), 2);
}

#[tokio::test]
async fn server_that_announces_but_refuses_pipelining_gets_one_command_at_a_time() {
    for ehlo_lines in [
        vec!["PIPELINING", "AUTH PLAIN"],
        vec!["PIPELINING", "CHUNKING", "AUTH PLAIN"],
    ] {
        let fixture = Fixture::new(Behaviour {
            ehlo_lines: ehlo_lines.clone(),
            cannot_pipeline: true,
            ..Behaviour::default()
        })
        .await;
        let entry = fixture.send_and_settle("in order").await;
        assert_eq!(
            entry.state,
            OutboxState::HandedOver,
            "{ehlo_lines:?}: {entry:?}"
        );
        assert_eq!(fixture.outgoing.arrived("in order"), 1, "{ehlo_lines:?}");
    }
}

// docs/protocols.md, SMTP: replies
#[tokio::test]
async fn replies_of_the_outgoing_server_are_decoded_from_their_charset() {
    // GBK and Latin-1.
    let fixture = Fixture::new(Behaviour {
        auth: Some(b"535 \xc7\xeb\xd3\xc3\xca\xda\xc8\xa8\xc2\xeb\xb5\xc7\xc2\xbc\r\n"),
        ..Behaviour::modern()
    })
    .await;
    let entry = fixture.send_and_settle("password").await;
    let reply = entry.trouble.unwrap().reply.unwrap();
    assert_eq!(reply, "535 请用授权码登录");
    let fixture = Fixture::new(Behaviour {
        rcpt: Some(b"550 5.1.1 Bo\xeete refus\xe9e \xe0 la fronti\xe8re\r\n"),
        ..Behaviour::modern()
    })
    .await;
    let entry = fixture.send_and_settle("recipient").await;
    let reply = entry.recipients[0].reply.as_deref().unwrap();
    assert_eq!(reply, "550 5.1.1 Boîte refusée à la frontière");
}
