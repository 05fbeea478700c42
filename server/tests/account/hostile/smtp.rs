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
enum Stands {
    /// Retried automatically.
    Retried,
    /// Permanently refused for all recipients.
    Refused,
    /// Accepted for some recipients, permanently refused for the others.
    Partly,
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
    stands: Stands,
    /// A part of the text that is reported for the message or its recipients.
    told: &'static str,
}

impl Scene {
    /// Returns how many messages with a subject the server has.
    pub(super) fn arrived(&self, subject: &str) -> usize {
        let field = format!("Subject: {subject}\n");
        let taken = self.outgoing.taken();
        taken.iter().filter(|mail| mail.contains(&field)).count()
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

fn stands(entry: &OutboxEntry) -> Stands {
    match entry.state {
        OutboxState::WaitingToRetry { .. } => Stands::Retried,
        OutboxState::Refused => Stands::Refused,
        OutboxState::PartlyRefused => Stands::Partly,
        OutboxState::NotSent => Stands::NotSent,
        OutboxState::WaitingForSignIn => Stands::NeedsSignIn,
        OutboxState::Unknown => Stands::Unknown,
        ref other => panic!("not settled: {other:?}"),
    }
}

/// Returns all texts of the entry.
fn words(entry: &OutboxEntry) -> String {
    let mut words = String::new();
    if let Some(trouble) = &entry.trouble {
        assert!(!trouble.cause.is_empty() && !trouble.fix.is_empty());
        words += &format!("{} {} ", trouble.cause, trouble.fix);
        words += trouble.reply.as_deref().unwrap_or_default();
    }
    for recipient in &entry.recipients {
        words += &format!(" {} ", recipient.meaning);
        words += recipient.reply.as_deref().unwrap_or_default();
    }
    words
}

// docs/protocols.md, SMTP: result of a send
#[tokio::test]
async fn whatever_the_server_does_the_ledger_tells_and_nothing_is_sent_twice() {
    use Act::{Close, Flood, Say, Stall};
    use Stands::{NeedsSignIn, NotSent, Partly, Refused, Retried, Unknown};
    let scene = Scene::new(IncomingKind::Imap, TlsMode::Implicit).await;
    let page = scene.open().await;
    const BYE: Act = Close("421 4.3.2 shutting down\r\n");
    const CUT: &str = "354 go on\r\n";
    // The second recipient.
    const EVE: &str = "RCPT TO:<eve";
    let case = |name, at, act, stands, told| Case {
        name,
        at,
        act,
        stands,
        told,
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
            Say("421 4.3.2 shutting down\r\n"),
            Retried,
            "421 4.3.2 shutting down",
        ),
        case(
            "web server",
            "",
            Say("HTTP/1.1 400 Bad Request\r\n"),
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
            Say("535 5.7.8 no\r\n"),
            NeedsSignIn,
            "535 5.7.8 no",
        ),
        case(
            "no sign-in for now",
            "AUTH",
            Say("454 4.7.0 later\r\n"),
            Retried,
            "454 4.7.0 later",
        ),
        case(
            "450 to MAIL",
            "MAIL",
            Say("450 4.7.1 slow down\r\n"),
            Retried,
            "450 4.7.1 slow down",
        ),
        case(
            "550 to MAIL",
            "MAIL",
            Say("550 5.7.1 not yours\r\n"),
            Refused,
            "550 5.7.1 not yours",
        ),
        case(
            "450 to one RCPT",
            EVE,
            Say("450 4.2.1 busy\r\n"),
            Retried,
            "450 4.2.1 busy",
        ),
        case(
            "550 to one RCPT",
            EVE,
            Say("550 5.1.1 who\r\n"),
            Partly,
            "550 5.1.1 who",
        ),
        case(
            "451 to DATA",
            "DATA",
            Say("451 4.3.0 disk\r\n"),
            Retried,
            "451 4.3.0 disk",
        ),
        case(
            "554 to DATA",
            "DATA",
            Say("554 5.5.1 no\r\n"),
            Refused,
            "554 5.5.1 no",
        ),
        case(
            "451 to the message",
            ".",
            Say("451 4.3.0 disk\r\n"),
            Retried,
            "451 4.3.0 disk",
        ),
        case(
            "554 to the message",
            ".",
            Say("554 5.7.1 spam\r\n"),
            Refused,
            "554 5.7.1 spam",
        ),
        case(
            "250 to DATA",
            "DATA",
            Say("250 2.0.0 taken\r\n"),
            Retried,
            "",
        ),
        case(
            "250 before the message",
            "DATA",
            Say("354 go\r\n250 2.0.0 taken\r\n"),
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
            Say("what was that\r\n"),
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
            stands: expected,
            told,
        } = case;
        let stalls = matches!(act, Stall(_));
        // A short message is sent in one write with its dot, before the server can cut the
        // connection.
        let lines = if matches!(act, Close(CUT)) { 60_000 } else { 1 };
        let (one, two) = (format!("{name}, one"), format!("{name}, two"));
        scene.outgoing.fail(Fault { at, act, times: 1 });
        let id = send(&page, &one, lines).await;
        if stalls {
            scene.outgoing.played(1).await;
            pass(LONGEST).await;
        }
        let entry = page.settled(&id).await;
        assert_eq!(stands(&entry), expected, "{name}: {entry:?}");
        assert!(words(&entry).contains(told), "{name}: {}", words(&entry));
        scene.outgoing.played(1).await;

        // Another message makes the worker look at all entries, and is sent.
        let second = send(&page, &two, 1).await;
        let second = page.settled(&second).await;
        assert_eq!(second.state, OutboxState::HandedOver, "{name}: {second:?}");
        assert_eq!(scene.arrived(&two), 1, "{name}");
        let entry = page.backend.outbox_show(id.clone()).await.unwrap();
        assert_eq!(stands(&entry), expected, "{name}: {entry:?}");
        let before = scene.arrived(&one);
        let is_taken = |entry: &OutboxEntry| {
            let states = entry.recipients.iter().map(|r| r.state);
            states
                .filter(|state| *state == RecipientState::HandedOver)
                .count()
        };
        match expected {
            Retried if is_taken(&entry) == 0 => assert_eq!(before, 0, "{name}"),
            Retried | Partly | Unknown => {
                assert!(before <= 1, "{name}: sent twice");
            }
            Refused | NotSent | NeedsSignIn => {
                assert_eq!(before, 0, "{name}");
            }
        }
        if expected == Retried {
            // Sends now instead of waiting for the next attempt.
            let bobs = scene.outgoing.count("RCPT TO:<bob");
            let had = is_taken(&entry);
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
            assert_eq!(scene.arrived(&one), before + 1, "{name}");
            let asked = scene.outgoing.count("RCPT TO:<bob") - bobs;
            assert_eq!(asked + had, 1, "{name}: whoever has it gets no second copy");
        }
        assert_eq!(subjects(&page).await, NEWEST_FIRST, "{name}");
        scene.outgoing.left_but(0).await;
        scene.assert_no_password_in_the_log(name);
    }
}

#[tokio::test]
async fn words_behind_starttls_keep_the_password_here() {
    let scene = Scene::new(IncomingKind::Imap, TlsMode::StartTls).await;
    let page = scene.open().await;
    for (at, act, told) in [
        (
            "STARTTLS",
            Act::Say("220 go\r\n250 AUTH PLAIN\r\n"),
            "unencrypted after",
        ),
        (
            "EHLO",
            Act::Say("250-peer\r\n250 AUTH PLAIN\r\n"),
            "does not offer STARTTLS",
        ),
        (
            "STARTTLS",
            Act::Say("454 4.7.0 not now\r\n"),
            "454 4.7.0 not now",
        ),
    ] {
        scene.outgoing.fail(Fault { at, act, times: 1 });
        let id = send(&page, told, 1).await;
        let entry = page.settled(&id).await;
        assert_eq!(stands(&entry), Stands::Retried, "{entry:?}");
        assert!(words(&entry).contains(told), "{}", words(&entry));
        assert_eq!(scene.outgoing.count("AUTH"), 0, "{told}");
    }
    scene.assert_no_password_in_the_log("STARTTLS");
}
