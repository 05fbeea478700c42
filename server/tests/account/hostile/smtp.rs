//! SMTP servers that violate the protocol: the ledger's result, and how often the message arrives.

use app::api::backend::MailBackend as _;
use app::api::types::{
    Draft, EntryChange, OutboxEntry, OutboxId, OutboxState, RecipientState, SentCopy,
};

use super::*;

/// Longer than the deadline of the reply to the final dot.
const LONGEST: Duration = Duration::from_secs(601);

/// The state of the message after one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Retried automatically.
    Retried,
    /// Permanently refused for all recipients.
    Refused,
    /// Accepted for some recipients, permanently refused for the others.
    PartlyRefused,
    /// Not sent, and not retried automatically.
    NotSent,
    /// The password was refused.
    NeedsSignIn,
    /// The result is unknown.
    Unknown,
}

struct Case {
    name: &'static str,
    at: &'static str,
    act: Act,
    outcome: Outcome,
    /// A part of the text that is reported for the message or its recipients.
    reported: &'static str,
}

impl Fixture {
    /// Returns how many messages with a subject the server has.
    pub(super) fn arrived(&self, subject: &str) -> usize {
        let field = format!("Subject: {subject}\n");
        let accepted = self.outgoing.accepted();
        accepted.iter().filter(|mail| mail.contains(&field)).count()
    }
}

/// Sends a message of this many lines to two recipients.
pub(super) async fn send(page: &Page, subject: &str, lines: usize) -> OutboxId {
    let draft = Draft {
        to: "bob@peer.test, eve@peer.test".to_owned(),
        subject: subject.to_owned(),
        body: "Hello.\n".repeat(lines),
        ..Draft::default()
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    sent.await.unwrap()
}

fn outcome(entry: &OutboxEntry) -> Outcome {
    match entry.state {
        OutboxState::WaitingToRetry { .. } => Outcome::Retried,
        OutboxState::Refused => Outcome::Refused,
        OutboxState::PartlyRefused => Outcome::PartlyRefused,
        OutboxState::NotSent => Outcome::NotSent,
        OutboxState::WaitingForSignIn => Outcome::NeedsSignIn,
        OutboxState::Unknown => Outcome::Unknown,
        ref other => panic!("not settled: {other:?}"),
    }
}

/// Returns all texts of the entry.
fn texts(entry: &OutboxEntry) -> String {
    let mut texts = String::new();
    if let Some(problem) = &entry.trouble {
        assert!(!problem.cause.is_empty() && !problem.fix.is_empty());
        texts += &format!("{} {} ", problem.cause, problem.fix);
        texts += problem.reply.as_deref().unwrap_or_default();
    }
    for recipient in &entry.recipients {
        texts += &format!(" {} ", recipient.meaning);
        texts += recipient.reply.as_deref().unwrap_or_default();
    }
    texts
}

// docs/protocols.md, SMTP: result of a send
#[tokio::test]
async fn every_server_failure_is_recorded_and_nothing_is_sent_twice() {
    use Act::{Close, Flood, Reply, Stall};
    use Outcome::{NeedsSignIn, NotSent, PartlyRefused, Refused, Retried, Unknown};
    let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
    let page = fixture.open().await;
    const BYE: Act = Close("421 4.3.2 shutting down\r\n");
    const CUT: &str = "354 go on\r\n";
    // The second recipient.
    const EVE: &str = "RCPT TO:<eve";
    let case = |name, at, act, outcome, reported| Case {
        name,
        at,
        act,
        outcome,
        reported,
    };
    for case in [
        case(
            "421 for a greeting",
            "",
            BYE,
            Retried,
            "421 4.3.2 shutting down",
        ),
        case(
            "421 at EHLO",
            "EHLO",
            BYE,
            Retried,
            "421 4.3.2 shutting down",
        ),
        case(
            "421 at AUTH",
            "AUTH",
            BYE,
            Retried,
            "421 4.3.2 shutting down",
        ),
        case(
            "421 at MAIL",
            "MAIL",
            BYE,
            Retried,
            "421 4.3.2 shutting down",
        ),
        case("421 at RCPT", EVE, BYE, Retried, "421 4.3.2 shutting down"),
        case(
            "421 at DATA",
            "DATA",
            BYE,
            Retried,
            "421 4.3.2 shutting down",
        ),
        case(
            "421 for the message",
            ".",
            Reply("421 4.3.2 shutting down\r\n"),
            Retried,
            "421 4.3.2 shutting down",
        ),
        case(
            "web server",
            "",
            Reply("HTTP/1.1 400 Bad Request\r\n"),
            Retried,
            "does not answer as SMTP servers do",
        ),
        case(
            "554 for a greeting",
            "",
            Close("554 5.7.1 not you\r\n"),
            NotSent,
            "554 5.7.1 not you",
        ),
        case(
            "FIN for a greeting",
            "",
            Close(""),
            Retried,
            "closed the connection before the sign-in",
        ),
        case(
            "endless line",
            "EHLO",
            Flood("250-", XS),
            Retried,
            "too large",
        ),
        case(
            "endless reply",
            "EHLO",
            Flood("", "250-x\r\n"),
            Retried,
            "too large",
        ),
        case(
            "wrong password",
            "AUTH",
            Reply("535 5.7.8 no\r\n"),
            NeedsSignIn,
            "535 5.7.8 no",
        ),
        case(
            "no sign-in for now",
            "AUTH",
            Reply("454 4.7.0 later\r\n"),
            Retried,
            "454 4.7.0 later",
        ),
        case(
            "450 to MAIL",
            "MAIL",
            Reply("450 4.7.1 slow down\r\n"),
            Retried,
            "450 4.7.1 slow down",
        ),
        case(
            "550 to MAIL",
            "MAIL",
            Reply("550 5.7.1 not yours\r\n"),
            Refused,
            "550 5.7.1 not yours",
        ),
        case(
            "450 to one RCPT",
            EVE,
            Reply("450 4.2.1 busy\r\n"),
            Retried,
            "450 4.2.1 busy",
        ),
        case(
            "550 to one RCPT",
            EVE,
            Reply("550 5.1.1 who\r\n"),
            PartlyRefused,
            "550 5.1.1 who",
        ),
        case(
            "451 to DATA",
            "DATA",
            Reply("451 4.3.0 disk\r\n"),
            Retried,
            "451 4.3.0 disk",
        ),
        case(
            "554 to DATA",
            "DATA",
            Reply("554 5.5.1 no\r\n"),
            Refused,
            "554 5.5.1 no",
        ),
        case(
            "451 to the message",
            ".",
            Reply("451 4.3.0 disk\r\n"),
            Retried,
            "451 4.3.0 disk",
        ),
        case(
            "554 to the message",
            ".",
            Reply("554 5.7.1 spam\r\n"),
            Refused,
            "554 5.7.1 spam",
        ),
        case(
            "250 to DATA",
            "DATA",
            Reply("250 2.0.0 taken\r\n"),
            Retried,
            "",
        ),
        case(
            "250 before the message",
            "DATA",
            Reply("354 go\r\n250 2.0.0 taken\r\n"),
            Retried,
            "",
        ),
        case(
            "FIN in the message",
            "DATA",
            Close(CUT),
            Retried,
            "tried again by itself",
        ),
        case("silence at MAIL", "MAIL", Stall(""), Retried, ""),
        case(
            "FIN after the dot",
            ".",
            Close(""),
            Unknown,
            "may have gone out",
        ),
        case(
            "half a reply after the dot",
            ".",
            Close("250 2.0"),
            Unknown,
            "may have gone out",
        ),
        case(
            "nonsense after the dot",
            ".",
            Reply("what was that\r\n"),
            Unknown,
            "may have gone out",
        ),
        case(
            "endless line after the dot",
            ".",
            Flood("250 ", XS),
            Unknown,
            "may have gone out",
        ),
        case(
            "silence after the dot",
            ".",
            Stall(""),
            Unknown,
            "may have gone out",
        ),
    ] {
        let Case {
            name,
            at,
            act,
            outcome: expected,
            reported,
        } = case;
        let is_stall = matches!(act, Stall(_));
        // A short message is sent in one write with its dot, before the server can cut the
        // connection.
        let lines = if matches!(act, Close(CUT)) { 60_000 } else { 1 };
        let (one, two) = (format!("{name}, one"), format!("{name}, two"));
        fixture.outgoing.fail(Fault { at, act, times: 1 });
        let id = send(&page, &one, lines).await;
        if is_stall {
            fixture.outgoing.until_failed(1).await;
            advance_clock(LONGEST).await;
        }
        let entry = page.settled(&id).await;
        assert_eq!(outcome(&entry), expected, "{name}: {entry:?}");
        assert!(
            texts(&entry).contains(reported),
            "{name}: {}",
            texts(&entry)
        );
        fixture.outgoing.until_failed(1).await;

        // Another message makes the worker look at all entries, and is sent.
        let second = send(&page, &two, 1).await;
        let second = page.settled(&second).await;
        assert_eq!(second.state, OutboxState::HandedOver, "{name}: {second:?}");
        assert_eq!(fixture.arrived(&two), 1, "{name}");
        let entry = page.backend.outbox_show(id.clone()).await.unwrap();
        assert_eq!(outcome(&entry), expected, "{name}: {entry:?}");
        let before = fixture.arrived(&one);
        let accepted_count = |entry: &OutboxEntry| {
            let states = entry.recipients.iter().map(|r| r.state);
            states
                .filter(|state| *state == RecipientState::HandedOver)
                .count()
        };
        match expected {
            Retried if accepted_count(&entry) == 0 => assert_eq!(before, 0, "{name}"),
            Retried | PartlyRefused | Unknown => {
                assert!(before <= 1, "{name}: sent twice");
            }
            Refused | NotSent | NeedsSignIn => {
                assert_eq!(before, 0, "{name}");
            }
        }
        if expected == Retried {
            // Sends now instead of waiting for the next attempt.
            let bobs = fixture.outgoing.count("RCPT TO:<bob");
            let accepted_before = accepted_count(&entry);
            page.backend
                .outbox_change(id.clone(), EntryChange::Retry)
                .await
                .unwrap();
            let entry = page.settled(&id).await;
            assert_eq!(entry.state, OutboxState::HandedOver, "{name}: {entry:?}");
            assert!(
                matches!(entry.copy, SentCopy::Filed { .. }),
                "{name}: {entry:?}"
            );
            assert_eq!(fixture.arrived(&one), before + 1, "{name}");
            let requested = fixture.outgoing.count("RCPT TO:<bob") - bobs;
            assert_eq!(
                requested + accepted_before,
                1,
                "{name}: whoever has it gets no second copy"
            );
        }
        assert_eq!(subjects(&page).await, NEWEST_FIRST, "{name}");
        fixture.outgoing.until_open(0).await;
        fixture.assert_no_password_in_the_log(name);
    }
}

#[tokio::test]
async fn text_after_starttls_prevents_sending_the_password() {
    let fixture = Fixture::new(IncomingKind::Imap, TlsMode::StartTls).await;
    let page = fixture.open().await;
    for (at, act, reported) in [
        (
            "STARTTLS",
            Act::Reply("220 go\r\n250 AUTH PLAIN\r\n"),
            "unencrypted after",
        ),
        (
            "EHLO",
            Act::Reply("250-peer\r\n250 AUTH PLAIN\r\n"),
            "does not offer STARTTLS",
        ),
        (
            "STARTTLS",
            Act::Reply("454 4.7.0 not now\r\n"),
            "454 4.7.0 not now",
        ),
    ] {
        fixture.outgoing.fail(Fault { at, act, times: 1 });
        let id = send(&page, reported, 1).await;
        let entry = page.settled(&id).await;
        assert_eq!(outcome(&entry), Outcome::Retried, "{entry:?}");
        assert!(texts(&entry).contains(reported), "{}", texts(&entry));
        assert_eq!(fixture.outgoing.count("AUTH"), 0, "{reported}");
    }
    fixture.assert_no_password_in_the_log("STARTTLS");
}
