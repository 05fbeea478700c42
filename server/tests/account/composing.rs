//! How messages are written and sent, as their user chose.

use app::api::backend::MailBackend as _;
use app::api::types::{
    ComposeForm, ComposeKind, ComposeSource, ComposingChoices, Draft, FolderRole, Identity,
    MessageRef, MessageRow, OutboxId, OutboxState, QuotePosition,
};
use mail_demo::ADDRESS;

use super::test_server::{Page, TestServer};

async fn choices(page: &Page) -> ComposingChoices {
    let mut all = page.backend.composing_list().await.unwrap();
    all.remove(0).choices
}

/// Changes the choices of the account.
async fn choose(page: &Page, change: impl FnOnce(&mut ComposingChoices)) {
    let mut choices = choices(page).await;
    change(&mut choices);
    let saved = page.backend.composing_save(page.account.clone(), choices);
    saved.await.unwrap();
}

/// Delivers a message to the inbox.
async fn deliver(
    server: &TestServer,
    page: &Page,
    subject: &str,
    media_type: &str,
    text: &str,
) -> MessageRef {
    server.demo.deliver(format!(
        "From: Ann <ann@restante.test>\r\nTo: {ADDRESS}\r\nSubject: {subject}\r\n\
         Message-ID: <{}@restante.test>\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: {media_type}; charset=utf-8\r\n\r\n{text}\r\n",
        subject.to_lowercase().replace(' ', "-"),
    ));
    page.arrived(subject).await.id
}

fn source(kind: ComposeKind, of: &MessageRef) -> Option<ComposeSource> {
    Some(ComposeSource {
        kind,
        folder: of.folder.folder.clone(),
        message: of.message.clone(),
    })
}

async fn form(page: &Page, source: Option<ComposeSource>) -> ComposeForm {
    let form = page
        .backend
        .compose_start(page.account.clone(), source, Vec::new());
    form.await.unwrap()
}

async fn sign(page: &Page, signature: &str) {
    let mut all = page.backend.identity_list().await.unwrap();
    let own = all.remove(0).identities.remove(0);
    let signed = Identity {
        signature: signature.to_owned(),
        ..own
    };
    let saved = page.backend.identity_save(page.account.clone(), signed);
    saved.await.unwrap();
}

const QUOTED: &str = "On Mon, 30 Nov 2026 at 10:00, Ann wrote:\n> Ten?\n> 船 🚢\n";

/// Returns what the writer has before and after the cursor.
fn at_cursor(form: &ComposeForm) -> (String, String) {
    let units: Vec<u16> = form.draft.body.encode_utf16().collect();
    let (before, after) = units.split_at(form.cursor as usize);
    let text = |units| String::from_utf16(units).unwrap();
    (text(before), text(after))
}

#[tokio::test]
async fn a_reply_has_its_quote_where_the_user_wants_it_and_the_cursor_where_one_writes() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let of = deliver(&server, &page, "Boat", "text/plain", "Ten?\r\n船 🚢").await;
    let reply = || source(ComposeKind::Reply, &of);
    let below = form(&page, reply()).await;
    let (before, after) = at_cursor(&below);
    assert_eq!((before.as_str(), after.trim_start()), ("", QUOTED));
    assert!(below.warns_missing_file && below.draft.html.is_none());

    sign(&page, "Wenjie").await;
    let below = form(&page, reply()).await;
    assert_eq!(
        at_cursor(&below).1,
        format!("\n\n-- \nWenjie\n\n\n{QUOTED}")
    );

    choose(&page, |choices| choices.quote = QuotePosition::Above).await;
    let above = form(&page, reply()).await;
    let expected = (format!("{QUOTED}\n"), "\n\n-- \nWenjie\n".to_owned());
    assert_eq!(at_cursor(&above), expected);
    assert_eq!(above.draft.thread, ["boat@restante.test"]);

    choose(&page, |choices| choices.quote = QuotePosition::Omitted).await;
    let none = form(&page, reply()).await;
    assert_eq!(at_cursor(&none).1, "\n\n-- \nWenjie\n");
    assert_eq!(none.draft.subject, "Re: Boat");
    assert_eq!(none.draft.thread, ["boat@restante.test"]);
    // A forward holds its message, whatever the choice.
    let forward = form(&page, source(ComposeKind::Forward, &of)).await;
    assert!(
        forward.draft.body.contains("Ten?"),
        "{}",
        forward.draft.body
    );
}

#[tokio::test]
async fn a_formatted_text_begins_with_the_quote_as_it_was_formatted() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let html = "<p>Ten <b>o'clock</b>?</p><script>x()</script>";
    let of = deliver(&server, &page, "Boat", "text/html", html).await;
    sign(&page, "Wenjie").await;
    choose(&page, |choices| choices.is_formatted = true).await;
    let written = async |source| form(&page, source).await.draft.html.unwrap();
    let new = written(None).await;
    assert!(new.contains("Wenjie"), "{new}");

    let reply = || source(ComposeKind::Reply, &of);
    let order = |html: &str, first: &str, second: &str| {
        let at = |part| html.find(part).unwrap_or_else(|| panic!("{part}: {html}"));
        assert!(at(first) < at(second), "{html}");
    };
    let below = written(reply()).await;
    order(&below, "Wenjie", "<blockquote");
    order(&below, "wrote:", "<blockquote");
    assert!(
        below.contains("Ten <b>o'clock</b>?") && !below.contains("script"),
        "{below}"
    );
    choose(&page, |choices| choices.quote = QuotePosition::Above).await;
    let above = written(reply()).await;
    order(&above, "wrote:", "<blockquote");
    order(&above, "</blockquote>", "Wenjie");
    // There is a line to write in between.
    let (_, rest) = above.split_once("</blockquote>").unwrap();
    assert!(rest.starts_with("<div><br></div>"), "{above}");
    choose(&page, |choices| choices.quote = QuotePosition::Omitted).await;
    let none = written(reply()).await;
    assert!(!none.contains("o'clock"), "{none}");

    let forward = written(source(ComposeKind::Forward, &of)).await;
    assert!(forward.contains("<b>o'clock</b>"), "{forward}");
}

#[tokio::test]
async fn a_draft_and_a_correction_keep_the_form_that_they_were_written_in() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    choose(&page, |choices| {
        choices.is_formatted = true;
        choices.quote = QuotePosition::Above;
        choices.wants_notice = true;
    })
    .await;
    let draft = Draft {
        to: "nobody@restante.test".to_owned(),
        subject: "Plain".to_owned(),
        body: "as typed".to_owned(),
        ..Draft::default()
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    let id = sent.await.unwrap();
    page.settled(&id).await;
    let form = page.backend.compose_again(id).await.unwrap();
    assert_eq!((form.draft.html, form.cursor), (None, 0));
    assert_eq!(form.draft.body, "as typed");
    assert!(!form.draft.options.wants_notice);
}

#[tokio::test]
async fn reports_are_asked_for_and_no_question_is_asked_as_the_user_chose() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let before = form(&page, None).await;
    assert!(!before.draft.options.wants_notice && before.warns_missing_file);
    choose(&page, |choices| {
        choices.wants_notice = true;
        choices.warns_missing_file = false;
        choices.undo_send_secs = 90;
    })
    .await;
    let after = form(&page, None).await;
    assert!(after.draft.options.wants_notice && !after.warns_missing_file);
    assert_eq!(choices(&page).await.undo_send_secs, 30, "the limit");
    let other = page
        .backend
        .composing_save("other".into(), choices(&page).await);
    other.await.unwrap_err();
}

async fn answer(page: &Page, of: &MessageRef) -> OutboxId {
    let form = form(page, source(ComposeKind::Reply, of)).await;
    let sent = page.backend.message_send(page.account.clone(), form.draft);
    let id = sent.await.unwrap();
    page.handed_over(&id).await;
    id
}

/// Waits until a folder has a message with a subject.
async fn row_in(page: &Page, role: FolderRole, subject: &str) -> MessageRow {
    let folder = page.folder(role).await;
    page.row(&folder, |row| row.subject == subject).await
}

#[tokio::test]
async fn an_answered_message_is_archived_once_its_answer_is_handed_over() {
    let server = TestServer::new(None).await;
    let page = server.open(server.imap()).await.unwrap();
    let of = deliver(&server, &page, "Stays", "text/plain", "Ten?").await;
    let leads_to_list = async |of| {
        let form = form(&page, source(ComposeKind::Reply, of)).await;
        form.archives_source
    };
    assert!(!leads_to_list(&of).await);
    answer(&page, &of).await;
    choose(&page, |choices| choices.archives_answered = true).await;
    let of = deliver(&server, &page, "Goes", "text/plain", "Ten?").await;
    assert!(leads_to_list(&of).await);
    answer(&page, &of).await;
    let row = row_in(&page, FolderRole::Archive, "Goes").await;
    assert!(row.is_answered);
    assert!(!leads_to_list(&row.id).await);
    // An archived message that is answered again stays where it is.
    answer(&page, &row.id).await;
    row_in(&page, FolderRole::Archive, "Goes").await;
    let inbox = page.rows(&page.inbox()).await;
    assert!(inbox.iter().any(|row| row.subject == "Stays"));
    assert!(!inbox.iter().any(|row| row.subject == "Goes"));
}

#[tokio::test]
async fn a_message_whose_answer_is_refused_stays_in_the_inbox() {
    let server = TestServer::new(None).await;
    let page = server.open(server.imap()).await.unwrap();
    choose(&page, |choices| choices.archives_answered = true).await;
    let of = deliver(&server, &page, "Refused", "text/plain", "Ten?").await;
    let form = form(&page, source(ComposeKind::Reply, &of)).await;
    let draft = Draft {
        to: "nobody@restante.test".to_owned(),
        ..form.draft
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    page.settled(&sent.await.unwrap()).await;
    page.arrived("Refused").await;
    assert!(page.open(of).await.is_ok());
}

#[tokio::test]
async fn by_pop3_nothing_can_be_archived_and_an_answered_message_stays() {
    let server = TestServer::new(Some(1)).await;
    // The maildrop is not listed again within seconds: the message is there before.
    let imap = server.open(server.imap()).await.unwrap();
    deliver(&server, &imap, "Stays", "text/plain", "Ten?").await;
    let page = server.open(server.pop3()).await.unwrap();
    let offered = page.backend.composing_list().await.unwrap().remove(0);
    assert!(!offered.can_archive);
    choose(&page, |choices| choices.archives_answered = true).await;
    let of = page.arrived("Stays").await.id;
    let form = form(&page, source(ComposeKind::Reply, &of)).await;
    let sent = page.backend.message_send(page.account.clone(), form.draft);
    let id = sent.await.unwrap();
    page.until_not(&id, |entry| entry.state != OutboxState::HandedOver)
        .await;
    page.arrived("Stays").await;
}
