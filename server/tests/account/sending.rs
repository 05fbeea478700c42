//! How a message reaches the outgoing server: the number of writes, the connection used, and the
//! fallbacks if the server does not accept it at once.

use std::time::Duration;

use app::api::backend::MailBackend as _;
use app::api::types::{Draft, IncomingKind, OutboxEntry, OutboxId, OutboxState, SentCopy};
use mail_demo::{ADDRESS, Demo, Options, PASSWORD};
use mail_net::TlsMode;
use server::account::uploads::Upload;

use super::peer::pass;
use super::submission::{Nature, Submission};
use super::test_server::{Page, TestAccounts, sign_in};

/// An account that reads at the demo server and sends by a server that records its flights.
struct Office {
    outgoing: Submission,
    desk: TestAccounts,
    page: Page,
    _demo: Demo,
}

impl Office {
    async fn new(nature: Nature) -> Self {
        let demo = Demo::start(Options {
            messages: Some(2),
            now_unix_ms: server::store::now_unix_ms(),
            ..Options::default()
        });
        let demo = demo.await.unwrap();
        let outgoing = Submission::start(nature).await;
        let imaps = demo.ports().imaps;
        let desk = TestAccounts::new(demo.ca_pem(), vec![imaps, outgoing.port]).await;
        let mut sign_in = sign_in(
            ADDRESS,
            PASSWORD,
            (IncomingKind::Imap, imaps),
            outgoing.port,
            TlsMode::Implicit,
        );
        sign_in.outgoing.tls = TlsMode::Plain;
        let page = desk.open(sign_in).await.unwrap();
        Self {
            outgoing,
            desk,
            page,
            _demo: demo,
        }
    }

    /// Opens the composer, and waits until the connection is signed in.
    async fn writes(&self) {
        let nth = self.outgoing.connections();
        let form = self
            .page
            .backend
            .compose_start(self.page.account.clone(), None);
        form.await.unwrap();
        let is_signed_in = |flights: &Vec<Vec<String>>| {
            flights
                .iter()
                .flatten()
                .any(|line| line.starts_with("AUTH"))
        };
        self.outgoing
            .until("the connection is ready", |came| {
                came.connections.get(nth).is_some_and(is_signed_in)
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
            let writer = self.desk.spool.create(self.page.handle.key(), 0, 4 << 20);
            let mut writer = writer.await.unwrap();
            writer.write(&attached).await.unwrap();
            let file = writer.finish().await.unwrap();
            let upload = self.desk.uploads.add(Upload {
                file: file.into(),
                name: "a.bin".into(),
                media_type: "application/octet-stream".into(),
            });
            draft.uploads = vec![upload];
        }
        let sent = self
            .page
            .backend
            .message_send(self.page.account.clone(), draft);
        sent.await.unwrap()
    }

    async fn sends(&self, subject: &str) -> OutboxEntry {
        let id = self.send(subject).await;
        self.page.settled(&id).await
    }
}

const ENVELOPE: &str = "MAIL FROM, RCPT TO, RCPT TO";

#[tokio::test]
async fn a_megabyte_takes_two_flights_on_the_connection_that_the_composer_opened() {
    let office = Office::new(Nature::modern()).await;
    office.writes().await;
    let id = office.send_with("large", vec![7; 1 << 20]).await;
    let entry = office.page.settled(&id).await;
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    assert!(matches!(entry.copy, SentCopy::Filed { .. }), "{entry:?}");
    let flights = office.outgoing.flights(0);
    let [first, second, ..] = &flights[..] else {
        panic!("{flights:?}");
    };
    assert!(
        first.starts_with(&format!("{ENVELOPE}, BDAT 14")),
        "{flights:?}"
    );
    assert_eq!(first.matches("BDAT").count(), 1, "{flights:?}");
    assert_eq!(second, "BDAT 2 LAST", "{flights:?}");
    assert_eq!(office.outgoing.connections(), 1);
    assert_eq!(office.outgoing.arrived("large"), 1);
}

#[tokio::test]
async fn without_chunking_the_dot_is_in_the_second_flight_too() {
    let mut nature = Nature::modern();
    nature.offers.retain(|offer| *offer != "CHUNKING");
    let office = Office::new(nature).await;
    office.writes().await;
    assert_eq!(office.sends("by data").await.state, OutboxState::HandedOver);
    let flights = office.outgoing.flights(0);
    assert_eq!(flights[..2], [format!("{ENVELOPE}, DATA"), ".".to_owned()]);
}

#[tokio::test]
async fn a_connection_that_waits_for_a_message_is_closed_after_a_minute_and_at_sign_out() {
    let office = Office::new(Nature::modern()).await;
    office.writes().await;
    pass(Duration::from_secs(59)).await;
    assert_eq!(office.outgoing.came.borrow().open, 1);
    assert_eq!(office.sends("late").await.state, OutboxState::HandedOver);
    assert_eq!(office.outgoing.connections(), 1);
    office.outgoing.until("QUIT", |came| came.open == 0).await;
    office.writes().await;
    pass(Duration::from_secs(61)).await;
    office.outgoing.until("QUIT", |came| came.open == 0).await;
    assert_eq!(office.outgoing.flights(1), ["QUIT"]);
    office.writes().await;
    office.page.handle.close().await;
    office.outgoing.until("QUIT", |came| came.open == 0).await;
    assert_eq!(office.outgoing.flights(2), ["QUIT"]);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_is_opened_again_without_a_word() {
    let office = Office::new(Nature::modern()).await;
    office.writes().await;
    office.outgoing.hang_up();
    let entry = office.sends("after all").await;
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    assert!(entry.trouble.is_none(), "{entry:?}");
    assert_eq!(office.outgoing.arrived("after all"), 1);
    assert_eq!(office.outgoing.connections(), 2);
}

#[tokio::test]
async fn several_messages_that_are_due_leave_over_one_connection() {
    let office = Office::new(Nature::modern()).await;
    let mut ids = Vec::new();
    for subject in ["one", "two", "three"] {
        ids.push(office.send(subject).await);
    }
    for id in &ids {
        assert_eq!(office.page.settled(id).await.state, OutboxState::HandedOver);
    }
    assert_eq!(office.outgoing.connections(), 1);
}

#[tokio::test]
async fn a_password_that_is_refused_ahead_is_told_to_the_message_and_not_tried_twice() {
    let nature = Nature {
        auth: Some(b"535 5.7.8 no\r\n"),
        ..Nature::modern()
    };
    let office = Office::new(nature).await;
    office.writes().await;
    office
        .page
        .backend
        .compose_start(office.page.account.clone(), None)
        .await
        .unwrap();
    let entry = office.sends("not now").await;
    assert_eq!(entry.state, OutboxState::WaitingForSignIn, "{entry:?}");
    let trouble = entry.trouble.unwrap();
    assert!(trouble.reply.unwrap().contains("535 5.7.8 no"));
    assert_eq!(office.outgoing.connections(), 1, "one try");
}

#[tokio::test]
async fn where_bdat_is_refused_as_unknown_the_message_goes_by_data_and_once() {
    for refusal in [
        "500 5.5.1 what\r\n",
        "502 5.5.2 not here\r\n",
        "503 5.5.1 out of order\r\n",
    ] {
        let office = Office::new(Nature {
            bdat: Some(refusal),
            ..Nature::modern()
        })
        .await;
        let entry = office.sends("once").await;
        assert_eq!(entry.state, OutboxState::HandedOver, "{refusal}: {entry:?}");
        assert_eq!(office.outgoing.arrived("once"), 1, "{refusal}");
        assert_eq!(office.outgoing.connections(), 1, "{refusal}");
        let flights = office.outgoing.flights(0);
        let plain = ["RSET", "MAIL FROM", "RCPT TO", "RCPT TO", "DATA", "."];
        assert_eq!(flights[1..7], plain, "{refusal}");
    }
}

// docs/protocols.md, SMTP: BDAT
#[tokio::test]
async fn a_server_that_takes_a_message_for_commands_gets_it_on_a_new_connection() {
    let office = Office::new(Nature {
        takes_octets_for_commands: true,
        ..Nature::modern()
    })
    .await;
    let entry = office.sends("read as commands").await;
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    assert_eq!(office.outgoing.arrived("read as commands"), 1);
    assert_eq!(office.outgoing.connections(), 2);
}

#[tokio::test]
async fn a_server_that_only_says_that_it_pipelines_gets_one_command_at_a_time() {
    for offers in [
        vec!["PIPELINING", "AUTH PLAIN"],
        vec!["PIPELINING", "CHUNKING", "AUTH PLAIN"],
    ] {
        let office = Office::new(Nature {
            offers: offers.clone(),
            cannot_pipeline: true,
            ..Nature::default()
        })
        .await;
        let entry = office.sends("in order").await;
        assert_eq!(
            entry.state,
            OutboxState::HandedOver,
            "{offers:?}: {entry:?}"
        );
        assert_eq!(office.outgoing.arrived("in order"), 1, "{offers:?}");
    }
}

// docs/protocols.md, SMTP: replies
#[tokio::test]
async fn words_of_the_outgoing_server_are_read_in_their_charset() {
    // GBK and Latin-1.
    let office = Office::new(Nature {
        auth: Some(b"535 \xc7\xeb\xd3\xc3\xca\xda\xc8\xa8\xc2\xeb\xb5\xc7\xc2\xbc\r\n"),
        ..Nature::modern()
    })
    .await;
    let entry = office.sends("password").await;
    let reply = entry.trouble.unwrap().reply.unwrap();
    assert_eq!(reply, "535 请用授权码登录");
    let office = Office::new(Nature {
        rcpt: Some(b"550 5.1.1 Bo\xeete refus\xe9e \xe0 la fronti\xe8re\r\n"),
        ..Nature::modern()
    })
    .await;
    let entry = office.sends("recipient").await;
    let reply = entry.recipients[0].reply.as_deref().unwrap();
    assert_eq!(reply, "550 5.1.1 Boîte refusée à la frontière");
}
