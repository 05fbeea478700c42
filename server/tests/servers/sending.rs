//! Sending through Postfix: each recipient's reply, undoing, the message size limit, and the
//! reports that come back.

use std::time::Duration;

use app::api::ErrorKind;
use app::api::backend::MailBackend as _;
use app::api::live::LiveEvent;
use app::api::types::{
    CardKind, Draft, EntryChange, FolderRole, IncomingKind, Lang, MessageRow, OutboxEntry,
    OutboxId, OutboxState, RecipientState, SendOptions, SentCopy,
};
use app::routes::transcript::text;
use mail_net::TlsMode;
use server::account::uploads::Upload;
use server::views::SiteSettings;
use tokio::time::{sleep, timeout};

use super::machine::{Folder, SIZE_LIMIT_BYTES};
use super::real_server::{RealServer, wait_for, wait_for_in};
use super::{ADDRESS, OTHER_ADDRESS};
use crate::account::test_server::{Page, settings};

/// Recipients, each with the result of Postfix's access table.
const ACCESS: &str = "full@servers.test 552 5.2.2 The mailbox is full\n\
                      slow@servers.test sleep 3\n\
                      ben+held@servers.test HOLD\n\
                      änna@servers.test HOLD\n";
const BUSY: &str = "busy@servers.test 450 4.2.1 Try again in a while\n";
/// The longest that a message takes through both servers.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Both servers, with recipients that Postfix treats differently.
struct Fixture {
    server: RealServer,
    /// The folder of Postfix's access table.
    access: Folder,
}

impl Fixture {
    async fn new() -> Self {
        let access = Folder::new("access");
        let table = access.write("recipients", &format!("{ACCESS}{BUSY}"));
        let table = table.display();
        // Dovecot does not know the mailbox of the last one, so that Postfix accepts the message
        // and returns it afterwards.
        let settings = format!(
            "smtpd_recipient_restrictions = check_recipient_access texthash:{table}, \
             permit_sasl_authenticated, reject\n\
             virtual_alias_maps = inline:{{ slow@servers.test={OTHER_ADDRESS}, \
             busy@servers.test={OTHER_ADDRESS}, gone@servers.test=nowhere@servers.test }}\n\
             recipient_delimiter = +\n"
        );
        let server = RealServer::with(&settings).await;
        Self { server, access }
    }

    /// Lets Postfix accept the recipient that it refused for now.
    fn accept_busy(&self) {
        self.access.write("recipients", ACCESS);
        self.server.postfix.reload();
    }

    async fn page(&self, tls: TlsMode) -> Page {
        let sign_in = self.server.sign_in(IncomingKind::Imap, tls);
        self.server.accounts.open(sign_in).await.unwrap()
    }

    /// Returns how many messages with a subject an inbox has.
    fn arrived(&self, address: &str, subject: &str) -> usize {
        self.server.arrived((address, ""), subject)
    }

    async fn until_arrived(&self, address: &str, subject: &str, count: usize) {
        let inbox = (address, "");
        self.server.until_arrived(inbox, subject, count).await;
    }
}

fn draft(to: &str, subject: &str) -> Draft {
    Draft {
        to: to.to_owned(),
        subject: subject.to_owned(),
        body: "Words that took an evening.\n".to_owned(),
        ..Draft::default()
    }
}

async fn send(page: &Page, draft: Draft) -> OutboxId {
    let sent = page.backend.message_send(page.account.clone(), draft);
    sent.await.unwrap()
}

async fn show(page: &Page, id: &OutboxId) -> OutboxEntry {
    page.backend.outbox_show(id.clone()).await.unwrap()
}

/// The state of a recipient and the first word of its reply.
fn result<'a>(entry: &'a OutboxEntry, address: &str) -> (RecipientState, &'a str) {
    let mut recipients = entry.recipients.iter();
    let recipient = recipients.find(|recipient| recipient.address == address);
    let recipient = recipient.unwrap_or_else(|| panic!("{address}: {entry:?}"));
    let reply = recipient.reply.as_deref().unwrap_or_default();
    (recipient.state, reply.split(' ').next().unwrap_or_default())
}

// docs/protocols.md, SMTP: several recipients
#[tokio::test]
async fn five_recipients_with_different_replies_are_shown_right_and_live() {
    let fixture = Fixture::new().await;
    let page = fixture.page(TlsMode::StartTls).await;
    let mut events = page.handle.subscribe();
    let to = format!(
        "{OTHER_ADDRESS}, busy@servers.test, nobody@servers.test, full@servers.test, \
         slow@servers.test"
    );
    let id = send(&page, draft(&to, "Five")).await;
    // Read on events alone, as an open page does.
    let mut states = Vec::new();
    let watched = async {
        loop {
            match events.recv().await.unwrap() {
                LiveEvent::Outbox { outbox } if outbox == id => {}
                _ => continue,
            }
            let entry = show(&page, &id).await;
            if states.last() != Some(&entry.state) {
                states.push(entry.state.clone());
            }
            if matches!(entry.state, OutboxState::WaitingToRetry { .. }) {
                return entry;
            }
        }
    };
    let entry = timeout(ARRIVAL_TIMEOUT, watched).await;
    let log = fixture.server.postfix.log();
    let entry = entry.unwrap_or_else(|_| panic!("{states:?}\n{log}"));
    assert_eq!(states.first(), Some(&OutboxState::Sending), "{states:?}");
    let expected = [
        (OTHER_ADDRESS, (RecipientState::HandedOver, "250")),
        ("busy@servers.test", (RecipientState::Delayed, "450")),
        ("nobody@servers.test", (RecipientState::Refused, "550")),
        ("full@servers.test", (RecipientState::Refused, "552")),
        ("slow@servers.test", (RecipientState::HandedOver, "250")),
    ];
    for (address, expected) in expected {
        assert_eq!(result(&entry, address), expected, "{entry:?}\n{log}");
    }
    for recipient in &entry.recipients {
        let has_meaning = !recipient.meaning.is_empty();
        let is_sent = recipient.state == RecipientState::HandedOver;
        assert!(has_meaning || is_sent, "{recipient:?}");
    }
    // Ben and slow@ are one mailbox.
    fixture.until_arrived(OTHER_ADDRESS, "Five", 1).await;

    fixture.accept_busy();
    // A process of Postfix may still have the earlier table.
    let accepted = async {
        loop {
            let retry = page.backend.outbox_change(id.clone(), EntryChange::Retry);
            retry.await.unwrap();
            let entry = page.settled(&id).await;
            if result(&entry, "busy@servers.test").0 == RecipientState::HandedOver {
                return entry;
            }
        }
    };
    let entry = timeout(ARRIVAL_TIMEOUT, accepted).await.unwrap();
    assert_eq!(result(&entry, "busy@servers.test").1, "250");
    fixture.until_arrived(OTHER_ADDRESS, "Five", 2).await;
}

#[tokio::test]
async fn refused_recipient_is_corrected_and_the_others_get_no_second_copy() {
    let fixture = Fixture::new().await;
    let page = fixture.page(TlsMode::Implicit).await;
    let to = format!("Ben <{OTHER_ADDRESS}>, annna@servers.test");
    let id = send(&page, draft(&to, "A typing error")).await;
    let entry = page
        .until_not(&id, |entry| entry.copy == SentCopy::Pending)
        .await;
    assert_eq!(entry.state, OutboxState::PartlyRefused, "{entry:?}");
    let refused = result(&entry, "annna@servers.test");
    assert_eq!(refused, (RecipientState::Refused, "550"));
    fixture
        .until_arrived(OTHER_ADDRESS, "A typing error", 1)
        .await;

    let form = page.backend.compose_again(id.clone()).await.unwrap();
    assert_eq!(form.draft.to, "annna@servers.test");
    let corrected = Draft {
        to: ADDRESS.to_owned(),
        ..form.draft
    };
    let corrected = send(&page, corrected).await;
    let entry = page.settled(&corrected).await;
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    assert_eq!(entry.recipients.len(), 1, "{entry:?}");
    fixture.until_arrived(ADDRESS, "A typing error", 1).await;
    assert_eq!(fixture.arrived(OTHER_ADDRESS, "A typing error"), 1);
    let replaced = page.backend.outbox_list(None).await.unwrap().entries;
    assert_eq!(replaced.len(), 1, "{replaced:?}");
}

#[tokio::test]
async fn undone_message_leaves_no_trace_in_postfix() {
    let fixture = Fixture::new().await;
    let sign_in = fixture
        .server
        .sign_in(IncomingKind::Imap, TlsMode::Implicit);
    let handle = fixture.server.accounts.accounts.open(sign_in, None).await;
    let undo = SiteSettings {
        undo_send_secs: 2,
        ..settings()
    };
    let accounts = &fixture.server.accounts;
    let page = accounts.page_with(handle.unwrap(), Lang::En, undo);
    let undone = send(&page, draft(OTHER_ADDRESS, "Wrong click")).await;
    let entry = show(&page, &undone).await;
    assert!(matches!(entry.state, OutboxState::Held { .. }), "{entry:?}");
    let stop = page
        .backend
        .outbox_change(undone.clone(), EntryChange::Stop);
    stop.await.unwrap();
    assert_eq!(show(&page, &undone).await.state, OutboxState::Stopped);

    // Written later, it leaves later: the time of the first one has passed then.
    let meant = send(&page, draft(OTHER_ADDRESS, "Right click")).await;
    page.until_not(&meant, |entry| entry.copy == SentCopy::Pending)
        .await;
    fixture.until_arrived(OTHER_ADDRESS, "Right click", 1).await;
    assert_eq!(show(&page, &undone).await.state, OutboxState::Stopped);
    assert_eq!(fixture.arrived(OTHER_ADDRESS, "Wrong click"), 0);
    let log = fixture.server.postfix.log();
    assert_eq!(log.matches("message-id=").count(), 1, "{log}");
    let sent = page.folder(FolderRole::Sent).await;
    let rows = page.rows(&sent).await;
    let subjects: Vec<&str> = rows.iter().map(|row| row.subject.as_str()).collect();
    assert_eq!(subjects, ["Right click"]);
    // What was undone can be edited and sent after all.
    let form = page.backend.compose_again(undone).await.unwrap();
    assert_eq!(form.draft.body, "Words that took an evening.\n");
}

// docs/protocols.md, SMTP: SIZE
#[tokio::test]
async fn file_over_the_limit_of_postfix_is_refused_before_the_upload() {
    let fixture = Fixture::new().await;
    let page = fixture.page(TlsMode::StartTls).await;
    let account = page.account.clone();
    // The first form opens the connection, whose EHLO names the limit.
    page.backend
        .compose_start(account.clone(), None, Vec::new())
        .await
        .unwrap();
    let known = async {
        loop {
            let form = page
                .backend
                .compose_start(account.clone(), None, Vec::new())
                .await;
            if let Some(max_bytes) = form.unwrap().server_max_bytes {
                return max_bytes;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let max_bytes = timeout(ARRIVAL_TIMEOUT, known).await.unwrap();
    assert_eq!(max_bytes, SIZE_LIMIT_BYTES);

    // A browser without script learns it when it posts the form.
    let spool = &fixture.server.accounts.spool;
    let mut writer = spool.create(page.handle.key(), 0, 4 << 20).await.unwrap();
    writer.write(&vec![7; 2 << 20]).await.unwrap();
    let file = fixture.server.accounts.uploads.add(Upload {
        file: writer.finish().await.unwrap().into(),
        name: "film.bin".to_owned(),
        media_type: "application/octet-stream".to_owned(),
    });
    let large = Draft {
        uploads: vec![file],
        ..draft(OTHER_ADDRESS, "Too large")
    };
    let error = page.backend.message_send(account, large).await.unwrap_err();
    let found = (error.kind, error.field.as_deref());
    assert_eq!(
        found,
        (ErrorKind::TooLarge, Some("attachment")),
        "{error:?}"
    );
    assert!(error.cause.contains("2 MB"), "{error:?}");
    let rows = page.backend.outbox_list(None).await.unwrap();
    assert!(rows.entries.is_empty(), "{rows:?}");
    let log = fixture.server.postfix.log();
    assert!(!log.contains("message-id="), "{log}");
}

/// Waits for a report in the inbox, and opens it. Returns its card's link, and the card's text.
async fn report(page: &Page, subject: &str) -> (Option<OutboxId>, String) {
    let row: MessageRow = wait_for(page, subject).await;
    let opened = page.open(row.id).await.unwrap();
    let mut cards = opened.cards.into_iter();
    let card = cards.find(|card| card.kind == CardKind::Report);
    let card = card.expect("the card of a report");
    (
        card.outbox,
        format!("{}\n{}", card.title, card.lines.join("\n")),
    )
}

// docs/protocols.md, SMTP: DSN
#[tokio::test]
async fn requested_notice_is_in_the_queue_and_comes_back_to_its_entry() {
    let fixture = Fixture::new().await;
    let page = fixture.page(TlsMode::StartTls).await;
    let options = SendOptions {
        wants_notice: true,
        ..SendOptions::default()
    };
    let noticed = Draft {
        options,
        ..draft("ben+held@servers.test", "With a notice")
    };
    let id = send(&page, noticed).await;
    let entry = page.settled(&id).await;
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    let queued = fixture.server.postfix.queue("hold");
    let [queued] = queued.as_slice() else {
        panic!("{queued:?}\n{}", fixture.server.postfix.log());
    };
    let sent = page.folder(FolderRole::Sent).await;
    let sent = wait_for_in(&page, &sent, "With a notice").await;
    let headers = page.open(sent.id).await.unwrap().headers;
    let mut fields = headers.iter();
    let field = fields.find(|field| field.name.eq_ignore_ascii_case("message-id"));
    let message_id = field.unwrap().value.trim_matches(['<', '>']);
    // The notices are for success, failure and delay (2 + 4 + 8), with the header alone.
    for record in [
        &format!("envelope_id={message_id}"),
        "notify_flags=14",
        "ret_flags=2",
        "dsn_orig_rcpt=rfc822;ben+held@servers.test",
    ] {
        let mut records = queued.lines();
        assert!(
            records.any(|line| line.ends_with(record)),
            "{record}: {queued}"
        );
    }

    fixture.server.postfix.release();
    let (entry, text) = report(&page, "Successful Mail Delivery Report").await;
    assert_eq!(entry, Some(id), "{text}");
    assert!(text.contains("ben+held@servers.test"), "{text}");
}

#[tokio::test]
async fn message_that_bounces_after_it_was_accepted_leads_to_its_entry() {
    let fixture = Fixture::new().await;
    let page = fixture.page(TlsMode::Implicit).await;
    let other = send(&page, draft(OTHER_ADDRESS, "To somebody else")).await;
    let id = send(&page, draft("gone@servers.test", "To nobody")).await;
    for id in [&other, &id] {
        let entry = page.settled(id).await;
        assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}");
    }
    let (entry, text) = report(&page, "Undelivered Mail Returned to Sender").await;
    assert_eq!(entry, Some(id), "{text}");
    assert!(text.contains("gone@servers.test"), "{text}");
}

// docs/protocols.md, SMTP: 8BITMIME, SMTPUTF8
#[tokio::test]
async fn international_address_is_sent_by_smtputf8() {
    let fixture = Fixture::new().await;
    let page = fixture.page(TlsMode::Implicit).await;
    let to = format!("Änna <änna@servers.test>, {OTHER_ADDRESS}");
    let id = send(&page, draft(&to, "Grüße")).await;
    let entry = page.settled(&id).await;
    let log = fixture.server.postfix.log();
    assert_eq!(entry.state, OutboxState::HandedOver, "{entry:?}\n{log}");
    let queued = fixture.server.postfix.queue("hold");
    let [queued] = queued.as_slice() else {
        panic!("{queued:?}\n{log}");
    };
    for record in [
        "<änna@servers.test>",
        "Subject: Grüße",
        "original_recipient: änna@servers.test",
    ] {
        assert!(queued.contains(record), "{record}: {queued}");
    }
    let (_, transcript) = page.backend.outbox_transcript(&id).await.unwrap();
    let transcript = text(&transcript.unwrap());
    let mut lines = transcript.lines();
    let mail = lines.find(|line| line.contains("C: MAIL FROM")).unwrap();
    assert!(
        mail.contains(" BODY=8BITMIME") && mail.contains(" SMTPUTF8"),
        "{mail}"
    );
}

#[tokio::test]
async fn international_address_is_not_sent_without_smtputf8() {
    let server = RealServer::with("smtputf8_enable = no\n").await;
    let sign_in = server.sign_in(IncomingKind::Imap, TlsMode::Implicit);
    let page = server.accounts.open(sign_in).await.unwrap();
    let id = send(&page, draft("änna@servers.test", "Never")).await;
    let entry = page.settled(&id).await;
    assert_eq!(entry.state, OutboxState::NotSent, "{entry:?}");
    // Its extensions are known now.
    let again = draft("änna@servers.test", "Never");
    let refused = page.backend.message_send(page.account.clone(), again).await;
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.kind, refused.field.as_deref()),
        (ErrorKind::Invalid, Some("to"))
    );
    assert!(server.postfix.queue("hold").is_empty());
    assert_eq!(server.arrived((ADDRESS, "Sent"), "Never"), 0);
}
