//! Answers to invitations, from the card to the mailbox of the organizer.

use app::api::ErrorKind;
use app::api::backend::MailBackend as _;
use app::api::types::{
    AccountId, Card, CardKind, Draft, EntryChange, Identity, InvitationAnswer, Lang, MessageRef,
    OutboxId, OutboxState,
};
use mail_demo::ADDRESS;
use server::account::SignIn;
use server::views::SiteSettings;

use super::test_server::{Page, TestServer, settings};

use InvitationAnswer::{Accepted, Declined, Tentative};

/// The server takes mail for any address, into the inbox of the one account.
const ORGANIZER: &str = "ORGANIZER;CN=Ann Example:mailto:ann@restante.test";

/// Returns an invitation with these lines in its event.
fn invitation(method: &str, event: &str) -> String {
    let event: Vec<&str> = event.trim().lines().map(str::trim_start).collect();
    let event = event.join("\r\n");
    format!(
        "From: Ann Example <ann@restante.test>\r\nTo: {ADDRESS}\r\nSubject: Invitation\r\n\
         Message-ID: <invitation.1@restante.test>\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/calendar; method={method}; charset=utf-8\r\n\r\n\
         BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\n{event}\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn meeting(attendee: &str) -> String {
    let event = format!(
        "UID:meeting-7@restante.test
         SEQUENCE:3
         SUMMARY:Planning\\, part 2
         DTSTART:20261207T100000Z
         {ORGANIZER}
         ATTENDEE;RSVP=FALSE:mailto:{attendee}"
    );
    invitation("REQUEST", &event)
}

/// Opens a page whose messages can be stopped for these seconds, and whose inbox has an invitation.
async fn invited(
    server: &TestServer,
    sign_in: SignIn,
    undo_send_secs: u32,
    raw: String,
) -> (Page, MessageRef) {
    let settings = SiteSettings {
        undo_send_secs,
        ..settings()
    };
    server.demo.deliver(raw);
    let handle = server.accounts.open(sign_in, None).await.unwrap();
    let page = server.page_with(handle, Lang::En, settings);
    let message = page.arrived("Invitation").await.id;
    (page, message)
}

async fn card(page: &Page, message: &MessageRef) -> Card {
    let cards = page.open(message.clone()).await.unwrap().cards;
    let mut cards = cards.into_iter();
    cards
        .find(|card| card.kind == CardKind::Invitation)
        .unwrap()
}

/// Returns the labels of a card's buttons, the first choice with a star.
fn buttons(card: &Card) -> Vec<String> {
    let actions = card.actions.iter();
    let star = |is_primary| if is_primary { "*" } else { "" };
    actions
        .map(|action| format!("{}{}", star(action.is_primary), action.label))
        .collect()
}

async fn answer(page: &Page, message: &MessageRef, answer: InvitationAnswer) -> OutboxId {
    let queued = page.backend.invitation_answer(message.clone(), answer);
    queued.await.unwrap()
}

#[tokio::test]
async fn the_organizer_receives_the_answer_as_words_and_as_a_calendar() {
    let server = TestServer::new(Some(1)).await;
    let (page, message) = invited(&server, server.imap(), 0, meeting(ADDRESS)).await;
    let asked = card(&page, &message).await;
    assert_eq!(buttons(&asked), ["*Accept", "Maybe", "Decline"]);
    assert_eq!(asked.outbox, None);

    let id = answer(&page, &message, Tentative).await;
    let entry = page.handed_over(&id).await;
    assert_eq!(entry.recipients[0].address, "ann@restante.test");
    let received = page.arrived("Tentatively accepted: Planning, part 2").await;
    let source = page.source(&received.id).await;
    for part in [
        "To: \"Ann Example\" <ann@restante.test>\r\n",
        "In-Reply-To: <invitation.1@restante.test>\r\n",
        "I accept this invitation tentatively.\r\n\r\nPlanning, part 2\r\n",
        "METHOD:REPLY\r\n",
        "UID:meeting-7@restante.test\r\nSEQUENCE:3\r\n",
        "ORGANIZER;CN=\"Ann Example\":mailto:ann@restante.test\r\n",
    ] {
        assert!(source.contains(part), "{part} {source}");
    }
    let media_type = source.lines().find(|line| line.contains("text/calendar"));
    let media_type = media_type.unwrap().to_owned();
    assert!(
        source.contains("method=\"REPLY\"") || source.contains("method=REPLY"),
        "{media_type}"
    );
    assert_eq!(source.matches("ATTENDEE").count(), 1, "{source}");
    assert!(
        source.contains(&format!("ATTENDEE;PARTSTAT=TENTATIVE:mailto:{ADDRESS}\r\n")),
        "{source}"
    );
    // The program of the organizer reads it as an answer, and offers none to it.
    let reply = card(&page, &received.id).await;
    let title = format!("{ADDRESS} accepts tentatively: Planning, part 2");
    assert_eq!(reply.title, title);
    assert_eq!(buttons(&reply), [""; 0]);

    let answered = card(&page, &message).await;
    assert_eq!(answered.lines[0], "Your answer: Tentatively accepted.");
    assert_eq!(buttons(&answered), ["Accept", "*Maybe", "Decline"]);
    assert_eq!(answered.outbox, Some(id));
}

#[tokio::test]
async fn a_changed_mind_replaces_the_answer_that_waits() {
    let server = TestServer::new(Some(1)).await;
    let (page, message) = invited(&server, server.imap(), 30, meeting(ADDRESS)).await;
    let first = answer(&page, &message, Accepted).await;
    let waiting = card(&page, &message).await;
    assert!(
        waiting.lines[0].starts_with("Your answer “Accepted” leaves in "),
        "{:?}",
        waiting.lines
    );
    let second = answer(&page, &message, Declined).await;
    let waiting = card(&page, &message).await;
    assert_eq!(
        buttons(&waiting),
        ["Accept", "Maybe", "*Decline", "Do not send"]
    );
    assert_eq!(waiting.outbox.as_ref(), Some(&second));
    let gone = page.backend.outbox_show(first).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound);

    let stop = page.backend.outbox_change(second, EntryChange::Stop);
    stop.await.unwrap();
    let stopped = card(&page, &message).await;
    assert_eq!(buttons(&stopped), ["*Accept", "Maybe", "Decline"]);
    assert_eq!(stopped.outbox, None);
    assert_eq!(server.demo.inbox_len(), 2, "nothing was sent");
}

#[tokio::test]
async fn a_changed_mind_after_the_answer_left_is_a_second_answer() {
    let server = TestServer::new(Some(1)).await;
    let (page, message) = invited(&server, server.imap(), 0, meeting(ADDRESS)).await;
    let first = answer(&page, &message, Accepted).await;
    page.handed_over(&first).await;
    let second = answer(&page, &message, Declined).await;
    page.handed_over(&second).await;
    page.arrived("Accepted: Planning, part 2").await;
    page.arrived("Declined: Planning, part 2").await;
    let answered = card(&page, &message).await;
    assert_eq!(answered.lines[0], "Your answer: Declined.");
}

#[tokio::test]
async fn a_corrected_answer_is_still_an_answer() {
    let server = TestServer::new(Some(1)).await;
    let (page, message) = invited(&server, server.imap(), 30, meeting(ADDRESS)).await;
    let id = answer(&page, &message, Accepted).await;
    let stop = page.backend.outbox_change(id.clone(), EntryChange::Stop);
    stop.await.unwrap();
    let form = page.backend.compose_again(id).await.unwrap();
    let draft = Draft {
        body: "I come a little later.".to_owned(),
        ..form.draft
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    let sent = sent.await.unwrap();
    let now = page.backend.outbox_change(sent.clone(), EntryChange::Retry);
    now.await.unwrap();
    page.handed_over(&sent).await;
    let received = page.arrived("Accepted: Planning, part 2").await;
    let source = page.source(&received.id).await;
    assert!(source.contains("I come a little later."), "{source}");
    assert!(source.contains("PARTSTAT=ACCEPTED"), "{source}");
    let answered = card(&page, &message).await;
    assert_eq!(answered.outbox, Some(sent));
}

#[tokio::test]
async fn the_invited_sender_answers_and_the_default_one_for_a_forwarded_invitation() {
    let server = TestServer::new(Some(1)).await;
    let sales = meeting("Sales@restante.test");
    let (page, message) = invited(&server, server.imap(), 0, sales).await;
    let identity = |name: &str, address: &str| Identity {
        name: name.to_owned(),
        address: address.to_owned(),
        ..Identity::default()
    };
    let save = |identity| page.backend.identity_save(page.account.clone(), identity);
    save(identity("Sales \"and\" more", "sales@restante.test"))
        .await
        .unwrap();
    let id = answer(&page, &message, Accepted).await;
    page.handed_over(&id).await;
    let received = page.arrived("Accepted: Planning, part 2").await;
    let source = page.source(&received.id).await.replace("\r\n ", "");
    assert!(source.contains("<sales@restante.test>"), "{source}");
    assert!(
        source.contains(
            "ATTENDEE;PARTSTAT=ACCEPTED;CN=\"Sales and more\":mailto:Sales@restante.test\r\n"
        ),
        "{source}"
    );

    let forwarded = meeting("bob@restante.test").replace("meeting-7", "meeting-8");
    let forwarded = forwarded.replace("Planning", "Forwarded");
    let forwarded = forwarded.replace("Subject: Invitation", "Subject: Fwd");
    server.demo.deliver(forwarded);
    let message = page.arrived("Fwd").await.id;
    let id = answer(&page, &message, Declined).await;
    page.handed_over(&id).await;
    let received = page.arrived("Declined: Forwarded, part 2").await;
    let source = page.source(&received.id).await;
    assert!(
        source.contains(&format!("ATTENDEE;PARTSTAT=DECLINED:mailto:{ADDRESS}\r\n")),
        "{source}"
    );
}

#[tokio::test]
async fn what_cannot_be_answered_has_no_buttons_and_sends_nothing() {
    let server = TestServer::new(Some(1)).await;
    let own = format!("UID:1\nORGANIZER:mailto:{ADDRESS}");
    let mut cases = vec![
        ("REQUEST", "UID:1\nSUMMARY:no organizer".to_owned()),
        ("REQUEST", "UID:1\nORGANIZER:urn:uuid:1".to_owned()),
        (
            "REQUEST",
            "UID:1\nORGANIZER:mailto:a@x.example%0D%0ABcc:b@y.example".to_owned(),
        ),
        (
            "REQUEST",
            format!("UID:1\n{ORGANIZER}\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\n{ORGANIZER}"),
        ),
        // The invitation of this account.
        ("REQUEST", own),
    ];
    for method in ["CANCEL", "REPLY", "PUBLISH"] {
        cases.push((method, format!("UID:1\n{ORGANIZER}")));
    }
    let page = server.open(server.imap()).await.unwrap();
    for (index, (method, event)) in cases.iter().enumerate() {
        let subject = format!("Case {index}");
        let raw = invitation(method, event)
            .replace("Subject: Invitation", &format!("Subject: {subject}"));
        server.demo.deliver(raw);
        let message = page.arrived(&subject).await.id;
        assert_eq!(buttons(&card(&page, &message).await), [""; 0], "{event}");
        let refused = page.backend.invitation_answer(message, Accepted).await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::Invalid, "{event}");
    }
    let outbox = page.backend.outbox_list(None).await.unwrap();
    assert_eq!(outbox.entries, []);

    // A message without any calendar, one that is gone, and one of another account.
    let rows = page.rows(&page.inbox()).await;
    let plain = rows.last().unwrap().id.clone();
    let refused = page
        .backend
        .invitation_answer(plain.clone(), Accepted)
        .await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Invalid);
    let gone = page.in_inbox("7.99999");
    let refused = page.backend.invitation_answer(gone, Accepted).await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::NotFound);
    let mut other = plain;
    other.folder.account = AccountId::from("other");
    let refused = page.backend.invitation_answer(other, Accepted).await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn a_refused_answer_is_shown_as_not_delivered() {
    let server = TestServer::new(Some(1)).await;
    let raw = meeting(ADDRESS).replace("mailto:ann@", "mailto:nobody@");
    let (page, message) = invited(&server, server.imap(), 0, raw).await;
    let id = answer(&page, &message, Accepted).await;
    let entry = page.settled(&id).await;
    assert_eq!(entry.state, OutboxState::Refused, "{entry:?}");
    let refused = card(&page, &message).await;
    assert_eq!(
        refused.lines[0],
        "Your answer “Accepted” was not delivered. The outbox says why."
    );
    assert_eq!(refused.outbox, Some(id));
}

#[tokio::test]
async fn an_invitation_in_a_pop3_mailbox_is_answered_in_chinese() {
    let server = TestServer::new(Some(1)).await;
    server.demo.deliver(meeting(ADDRESS));
    let handle = server.accounts.open(server.pop3(), None).await.unwrap();
    let page = server.page(handle, Lang::ZhCn);
    let message = page.arrived("Invitation").await.id;
    let asked = card(&page, &message).await;
    assert_eq!(buttons(&asked), ["*接受", "暂定", "拒绝"]);
    let id = answer(&page, &message, Accepted).await;
    page.until_not(&id, |entry| entry.state != OutboxState::HandedOver)
        .await;
    let answered = card(&page, &message).await;
    assert_eq!(answered.lines[0], "您的答复：已接受。");
    let entry = page.backend.outbox_show(id).await.unwrap();
    assert_eq!(entry.subject, "已接受：Planning, part 2");
}
