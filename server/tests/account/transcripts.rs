//! The transcript of an attempt to send: its lines, who can read it, and how long it is stored.

use app::api::backend::MailBackend as _;
use app::api::types::{Draft, EntryChange, IncomingKind, OutboxEntry, OutboxId, OutboxState};
use app::routes::transcript::{Speaker, Transcript, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_demo::PASSWORD as DEMO_PASSWORD;
use mail_net::TlsMode;

use super::parts::Protocol;
use super::peer::{Act, Fault, Peer};
use super::test_server::{Page, TestAccounts, TestServer, sign_in};

const ADDRESS: &str = "ann@peer.test";
const PASSWORD: &str = "Sesame-offne-dich-7731";

/// Sends a message, and waits for the end of the attempt.
async fn sent(page: &Page, to: &str, subject: &str) -> OutboxEntry {
    let draft = Draft {
        to: to.to_owned(),
        subject: subject.to_owned(),
        body: "Words of the message itself.\n".to_owned(),
        ..Draft::default()
    };
    let id = page.backend.message_send(page.account.clone(), draft).await;
    page.settled(&id.unwrap()).await
}

async fn transcript(page: &Page, id: &OutboxId) -> Option<Transcript> {
    page.backend.outbox_transcript(id).await.unwrap().1
}

/// Returns the lines with who said them.
fn lines(transcript: &Transcript) -> Vec<String> {
    let line = |line: &app::routes::transcript::TranscriptLine| {
        let mark = match line.speaker {
            Speaker::Connection => "=",
            Speaker::Client => ">",
            Speaker::Server => "<",
            Speaker::Note => "#",
        };
        format!("{mark} {}", line.text)
    };
    transcript.lines.iter().map(line).collect()
}

fn assert_no_secret(text: &str, address: &str, password: &str) {
    let plain = STANDARD.encode(format!("\0{address}\0{password}"));
    for secret in [password, &STANDARD.encode(password), &plain] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

/// An incoming and an outgoing server that follow a script, and an account of both.
struct Scripted {
    outgoing: Peer,
    page: Page,
    _incoming: Peer,
    _accounts: TestAccounts,
}

impl Scripted {
    async fn new() -> Self {
        let incoming = Peer::start(Protocol::Imap, true, None).await;
        let outgoing = Peer::start(Protocol::Smtp, true, None).await;
        let ports = vec![incoming.port, outgoing.port];
        let accounts = TestAccounts::new(Peer::ca_pem(), ports).await;
        let sign_in = sign_in(
            ADDRESS,
            PASSWORD,
            (IncomingKind::Imap, incoming.port),
            outgoing.port,
            TlsMode::Implicit,
        );
        Self {
            page: accounts.open(sign_in).await.unwrap(),
            outgoing,
            _incoming: incoming,
            _accounts: accounts,
        }
    }

    fn fail_once(&self, at: &'static str, act: Act) {
        self.outgoing.fail(Fault { at, act, times: 1 });
    }
}

#[tokio::test]
async fn transcript_has_each_command_and_reply_and_only_the_size_of_the_message() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let to = "ok@restante.test, nobody@restante.test";
    let entry = sent(&page, to, "A subject").await;
    assert_eq!(entry.state, OutboxState::PartlyRefused);
    assert!(entry.has_transcript);
    let transcript = transcript(&page, &entry.id).await.unwrap();
    assert_eq!(transcript.attempt, 1);
    assert!(!transcript.is_cut && !transcript.is_reused);
    let lines = lines(&transcript);
    let port = server.demo.ports().smtps;
    assert_eq!(lines[0], format!("= localhost:{port}"));
    for part in [
        "< 220 ",
        "> EHLO ",
        "> AUTH PLAIN ***",
        "< 235 ",
        "> MAIL FROM:<",
        "> RCPT TO:<nobody@restante.test>",
        "< 550 5.1.1",
        "bytes]",
        "< 250 ",
    ] {
        assert!(
            lines.iter().any(|line| line.contains(part)),
            "{part}: {lines:#?}"
        );
    }
    let offsets: Vec<u64> = transcript.lines.iter().map(|l| l.after_ms).collect();
    assert!(offsets.is_sorted() && offsets[0] == 0, "{offsets:?}");
    let text = text(&transcript);
    assert!(
        !text.contains("Words of the message") && !text.contains("A subject"),
        "{text}"
    );
    assert_no_secret(&text, "demo@restante.test", DEMO_PASSWORD);
}

// docs/protocols.md, Signing in, TLS and the transcript: transcript
#[tokio::test]
async fn secrets_are_masked_even_if_the_server_repeats_them() {
    const PLAIN: &str = "AGFubkBwZWVyLnRlc3QAU2VzYW1lLW9mZm5lLWRpY2gtNzczMQ==";
    assert_eq!(PLAIN, STANDARD.encode(format!("\0{ADDRESS}\0{PASSWORD}")));
    let replies = [
        Act::Reply("535 5.7.8 Sesame-offne-dich-7731 is wrong\r\n"),
        Act::Reply("535 5.7.8 cannot use AGFubkBwZWVyLnRlc3QAU2VzYW1lLW9mZm5lLWRpY2gtNzczMQ==\r\n"),
    ];
    for reply in replies {
        let scripted = Scripted::new().await;
        scripted.fail_once("AUTH", reply);
        let entry = sent(&scripted.page, "bob@peer.test", "refused").await;
        assert_eq!(entry.state, OutboxState::WaitingForSignIn);
        let listed = scripted.page.backend.outbox_list(None).await.unwrap();
        assert_eq!(listed.needs_look, 1);
        let transcript = transcript(&scripted.page, &entry.id).await.unwrap();
        let text = text(&transcript);
        assert!(text.contains("S: 535 5.7.8"), "{text}");
        assert_no_secret(&text, ADDRESS, PASSWORD);
    }
}

#[tokio::test]
async fn next_attempt_replaces_the_transcript() {
    let scripted = Scripted::new().await;
    let page = &scripted.page;
    scripted.fail_once("MAIL", Act::Reply("451 4.3.0 come back\r\n"));
    let entry = sent(page, "bob@peer.test", "later").await;
    assert!(matches!(entry.state, OutboxState::WaitingToRetry { .. }));
    let first = transcript(page, &entry.id).await.unwrap();
    assert!(text(&first).contains("451 4.3.0 come back"));

    let retry = page
        .backend
        .outbox_change(entry.id.clone(), EntryChange::Retry);
    retry.await.unwrap();
    let entry = page.handed_over(&entry.id).await;
    let second = transcript(page, &entry.id).await.unwrap();
    let text = text(&second);
    assert!(!text.contains("451") && text.contains("C: MAIL"), "{text}");
}

#[tokio::test]
async fn connection_that_dies_after_the_dot_is_recorded_up_to_its_end() {
    let scripted = Scripted::new().await;
    scripted.fail_once(".", Act::Close(""));
    let entry = sent(&scripted.page, "bob@peer.test", "unknown").await;
    assert_eq!(entry.state, OutboxState::Unknown);
    let transcript = transcript(&scripted.page, &entry.id).await.unwrap();
    let lines = lines(&transcript);
    let last = lines.last().unwrap();
    assert!(last == "> ." || last.ends_with("bytes]"), "{lines:#?}");
}

#[tokio::test]
async fn attempt_that_reaches_no_server_has_no_transcript() {
    let server = TestServer::new(Some(1)).await;
    let mut sign_in = server.imap();
    // No server listens for SMTP over TLS on this port.
    sign_in.outgoing.port = server.demo.ports().submission;
    let page = server.open(sign_in).await.unwrap();
    let entry = sent(&page, "ok@restante.test", "nowhere").await;
    assert!(matches!(entry.state, OutboxState::WaitingToRetry { .. }));
    assert!(!entry.has_transcript);
    assert_eq!(transcript(&page, &entry.id).await, None);
}

#[tokio::test]
async fn second_message_on_a_connection_has_its_own_lines() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let send = |subject: &str| {
        let draft = Draft {
            to: "ok@restante.test".to_owned(),
            subject: subject.to_owned(),
            ..Draft::default()
        };
        page.backend.message_send(page.account.clone(), draft)
    };
    let (first, second) = tokio::join!(send("one"), send("two"));
    let mut reused = 0;
    for id in [first.unwrap(), second.unwrap()] {
        page.handed_over(&id).await;
        let transcript = transcript(&page, &id).await.unwrap();
        let mails = lines(&transcript)
            .iter()
            .filter(|line| line.starts_with("> MAIL"))
            .count();
        assert_eq!(mails, 1);
        reused += usize::from(transcript.is_reused);
    }
    // Which of the two is sent over a connection of its own depends on when they are due.
    assert!(reused <= 1);
}

#[tokio::test]
async fn transcript_survives_a_restart_and_is_readable_by_its_account_only() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let entry = sent(&page, "ok@restante.test", "lasting").await;
    let before = transcript(&page, &entry.id).await.unwrap();
    page.handle.close().await;

    let accounts = server.restarted().await;
    let page = accounts.open(server.imap()).await.unwrap();
    assert_eq!(transcript(&page, &entry.id).await, Some(before));
    let other = accounts.open(server.pop3()).await.unwrap();
    let refused = other.backend.outbox_transcript(&entry.id).await;
    let refused = refused.unwrap_err().to_api(app::api::types::Lang::En);
    assert_eq!(refused.kind, app::api::ErrorKind::NotFound);

    for change in [EntryChange::Remove, EntryChange::Delete] {
        let changed = page.backend.outbox_change(entry.id.clone(), change);
        changed.await.unwrap();
    }
    assert!(page.backend.outbox_transcript(&entry.id).await.is_err());
}
