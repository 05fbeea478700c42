//! Drafts of IMAP and POP3 accounts: one copy, nothing lost, and no copy of another program overwritten.

use app::api::backend::MailBackend;
use app::api::types::{
    ComposeKind, ComposeSource, Destination, Draft, DraftResult, FolderRole, IdentityId,
    MessageRef, MessageRow, OutboxState, Priority, SavedDraft, SendOptions,
};
use server::account::SignIn;

use super::test_server::{Page, TestServer};
use crate::wait::until;

/// Drafts are on the server of an IMAP account, and in the store for a POP3 account.
const PROTOCOLS: [fn(&TestServer) -> SignIn; 2] = [TestServer::imap, TestServer::pop3];

fn draft(subject: &str) -> Draft {
    Draft {
        to: "Bob <bob@peer.test>, half an addr".to_owned(),
        cc: "顾客 <c@peer.test>".to_owned(),
        bcc: "secret@peer.test".to_owned(),
        subject: subject.to_owned(),
        body: "你好,\n\n> quoted  twice\n\n-- \nA line with  two spaces ".to_owned(),
        options: SendOptions {
            priority: Priority::High,
            wants_receipt: true,
            ..SendOptions::default()
        },
        ..Draft::default()
    }
}

async fn save(page: &Page, draft: &Draft, is_forced: bool) -> DraftResult {
    let account = page.account.clone();
    let saved = page.backend.draft_save(account, draft.clone(), is_forced);
    saved.await.unwrap()
}

async fn saved(page: &Page, draft: &Draft) -> SavedDraft {
    match save(page, draft, false).await {
        DraftResult::Saved(saved) => saved,
        other => panic!("{other:?}"),
    }
}

fn reference(page: &Page, saved: &SavedDraft) -> MessageRef {
    let folder = page.folder_ref(saved.folder.clone());
    folder.message(saved.message.clone())
}

/// The rows of the folder for drafts with a subject.
async fn copies(page: &Page, subject: &str) -> Vec<MessageRow> {
    let folder = page.folder(FolderRole::Drafts).await;
    let mut rows = page.rows(&folder).await;
    rows.retain(|row| row.subject == subject);
    rows
}

#[tokio::test]
async fn draft_is_continued_as_it_was_typed_and_has_one_copy() {
    let lacking: [&[&str]; 3] = [&[], &["UIDPLUS"], &["UIDPLUS", "ESEARCH"]];
    let imap = lacking.map(|lacking| (lacking, PROTOCOLS[0]));
    let pop3: (&[&str], _) = (&[], PROTOCOLS[1]);
    for (lacking, sign_in) in imap.into_iter().chain([pop3]) {
        let server = TestServer::lacking(lacking).await;
        let page = server.open(sign_in(&server)).await.unwrap();
        let mut typed = draft("An evening's work");
        let first = saved(&page, &typed).await;
        typed.saved = Some(first.clone());
        typed.body.push_str("\nand more");
        let second = saved(&page, &typed).await;
        assert_eq!(second.id, first.id);
        assert_ne!(second.message, first.message);
        let rows = copies(&page, "An evening's work").await;
        assert_eq!(rows.len(), 1, "{lacking:?}");
        assert!(rows[0].is_seen);

        let form = page
            .backend
            .draft_open(reference(&page, &second), false)
            .await
            .unwrap();
        let continued = Draft {
            form: None,
            ..form.draft
        };
        typed.saved = Some(second);
        // The account's own identity, from the author of the copy.
        typed.identity = Some(IdentityId::OWN.into());
        assert_eq!(continued, typed, "{lacking:?}");
    }
}

#[tokio::test]
async fn files_of_a_draft_are_in_its_copy_and_come_back() {
    for sign_in in PROTOCOLS {
        let server = TestServer::new(Some(1)).await;
        let page = server.open(sign_in(&server)).await.unwrap();
        let file = ("报价 \"final\".bin", "application/octet-stream");
        let content = [0, 13, 10, 255, 46, 10];
        let file = server.test_accounts.upload(&page, file, &content).await;
        let typed = Draft {
            uploads: vec![file],
            ..draft("With a file")
        };
        let copy = saved(&page, &typed).await;
        assert!(copies(&page, "With a file").await[0].has_attachment);

        // Another session has no upload of the first one.
        let other = server.open(sign_in(&server)).await.unwrap();
        let form = other
            .backend
            .draft_open(reference(&other, &copy), false)
            .await
            .unwrap();
        assert_eq!(form.uploads.len(), 1);
        assert_eq!(form.uploads[0].size_bytes, 6);
        assert_eq!(form.draft.uploads, [form.uploads[0].id.clone()]);
        let again = saved(
            &other,
            &Draft {
                form: None,
                ..form.draft
            },
        )
        .await;
        assert_eq!(copies(&other, "With a file").await.len(), 1);
        let view = other.open(reference(&other, &again)).await.unwrap();
        assert_eq!(view.attachments.len(), 1);
    }
}

#[tokio::test]
async fn draft_that_another_tab_saved_is_not_overwritten() {
    for sign_in in PROTOCOLS {
        let server = TestServer::new(Some(1)).await;
        let page = server.open(sign_in(&server)).await.unwrap();
        let mut here = draft("Two tabs");
        here.saved = Some(saved(&page, &here).await);
        let mut there = here.clone();
        there.body = "Written in the other tab".to_owned();
        let newer = saved(&page, &there).await;

        here.body = "Written here".to_owned();
        assert_eq!(
            save(&page, &here, false).await,
            DraftResult::ChangedElsewhere(newer.clone())
        );
        let form = page
            .backend
            .draft_open(reference(&page, &newer), false)
            .await
            .unwrap();
        assert_eq!(form.draft.body, "Written in the other tab");

        // The user keeps this tab's text.
        let DraftResult::Saved(kept) = save(&page, &here, true).await else {
            panic!("not saved");
        };
        assert_eq!(copies(&page, "Two tabs").await.len(), 1);
        let form = page
            .backend
            .draft_open(reference(&page, &kept), false)
            .await
            .unwrap();
        assert_eq!(form.draft.body, "Written here");
    }
}

#[tokio::test]
async fn save_whose_response_was_lost_is_replaced_by_the_next_one_of_its_form() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let form = page
        .backend
        .compose_start(page.account.clone(), None, Vec::new())
        .await;
    let mut typed = Draft {
        form: form.unwrap().draft.form,
        ..draft("Responses lost")
    };
    // Neither the response to the first save arrives, nor that to the third.
    saved(&page, &typed).await;
    typed.body.push_str("\nsecond");
    let second = saved(&page, &typed).await;
    assert_eq!(copies(&page, "Responses lost").await.len(), 1);
    typed.saved = Some(second.clone());
    typed.body.push_str("\nthird");
    saved(&page, &typed).await;
    typed.body.push_str("\nfourth");
    let fourth = saved(&page, &typed).await;
    assert_eq!(fourth.id, second.id);
    assert_eq!(copies(&page, "Responses lost").await.len(), 1);
    let opened = page
        .backend
        .draft_open(reference(&page, &fourth), false)
        .await;
    assert_eq!(opened.unwrap().draft.body, typed.body);

    // Another form of the same draft is another tab.
    let other = page
        .backend
        .draft_open(reference(&page, &fourth), false)
        .await;
    let other = other.unwrap().draft;
    assert_ne!(other.form, typed.form);
    saved(&page, &other).await;
    typed.saved = Some(fourth);
    assert!(matches!(
        save(&page, &typed, false).await,
        DraftResult::ChangedElsewhere(_)
    ));
}

#[tokio::test]
async fn draft_that_was_deleted_elsewhere_does_not_come_back_by_itself() {
    for sign_in in PROTOCOLS {
        let server = TestServer::new(Some(1)).await;
        let page = server.open(sign_in(&server)).await.unwrap();
        let mut typed = draft("Thrown away");
        let first = saved(&page, &typed).await;
        let trash = Destination::Role(FolderRole::Trash);
        let moved = page.move_to(vec![reference(&page, &first)], trash).await;
        assert_eq!(moved.unwrap().count, 1);
        typed.saved = Some(first);
        assert_eq!(save(&page, &typed, false).await, DraftResult::Gone);
        assert!(copies(&page, "Thrown away").await.is_empty());
        assert!(matches!(
            save(&page, &typed, true).await,
            DraftResult::Saved(_)
        ));
        assert_eq!(copies(&page, "Thrown away").await.len(), 1);
    }
}

#[tokio::test]
async fn sent_message_leaves_no_draft() {
    for sign_in in PROTOCOLS {
        let server = TestServer::new(Some(1)).await;
        let page = server.open(sign_in(&server)).await.unwrap();
        let mut typed = Draft {
            to: "ok@restante.test".to_owned(),
            subject: "Finished".to_owned(),
            body: "Words.".to_owned(),
            ..Draft::default()
        };
        typed.saved = Some(saved(&page, &typed).await);
        let sent = page.backend.message_send(page.account.clone(), typed);
        let id = sent.await.unwrap();
        let entry = page.handed_over(&id).await;
        assert_eq!(entry.state, OutboxState::HandedOver);
        until("the draft is gone", async || {
            copies(&page, "Finished").await.is_empty()
        })
        .await;
    }
}

#[tokio::test]
async fn draft_of_another_program_keeps_its_conversation() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    server.demo.deliver(
        "From: demo@restante.test\r\nTo: Bob <bob@peer.test>\r\nBcc: eve@peer.test\r\n\
         Subject: Elsewhere\r\nMessage-ID: <mua@peer.test>\r\nIn-Reply-To: <p2@peer.test>\r\n\
         References: <p1@peer.test> <p2@peer.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8; format=flowed\r\n\r\n\
         One paragraph \r\nin two lines.\r\n",
    );
    server.until_inbox_len(2).await;
    let arrived = page.arrived("Elsewhere").await;
    let drafts = page.folder(FolderRole::Drafts).await;
    let to = Destination::Folder(drafts.clone());
    page.move_to(vec![arrived.id], to).await.unwrap();
    let row = copies(&page, "Elsewhere").await.remove(0);
    let form = page.backend.draft_open(row.id, false).await.unwrap();
    assert_eq!(form.draft.to, "\"Bob\" <bob@peer.test>");
    assert_eq!(form.draft.bcc, "eve@peer.test");
    assert_eq!(form.draft.body, "One paragraph in two lines.");
    assert_eq!(form.draft.thread, ["p1@peer.test", "p2@peer.test"]);

    let continued = Draft {
        to: "ok@restante.test".to_owned(),
        bcc: String::new(),
        form: None,
        ..form.draft
    };
    let copy = saved(&page, &continued).await;
    assert_eq!(copy.id.as_str(), "mua@peer.test");
    assert_eq!(copies(&page, "Elsewhere").await.len(), 1);
    let continued = Draft {
        saved: Some(copy),
        ..continued
    };
    let sent = page.backend.message_send(page.account.clone(), continued);
    let id = sent.await.unwrap();
    page.handed_over(&id).await;
    let sent = page.folder(FolderRole::Sent).await;
    let row = page.rows(&sent).await.remove(0);
    assert_eq!(row.subject, "Elsewhere");
    let source = page.source(&row.id).await;
    assert!(source.contains("In-Reply-To: <p2@peer.test>"), "{source}");
    assert!(
        source.contains("References: <p1@peer.test> <p2@peer.test>"),
        "{source}"
    );
}

#[tokio::test]
async fn draft_that_is_too_long_to_be_edited_whole_stays_beside_the_text() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let drafts = page.folder(FolderRole::Drafts).await;
    for (nth, media_type) in (2..).zip(["text/plain", "text/html"]) {
        let subject = format!("Long {media_type}");
        let text = "<p>An evening's work.</p>\r\n".repeat(100_000);
        server.demo.deliver(format!(
            "From: demo@restante.test\r\nSubject: {subject}\r\nMessage-ID: <{nth}@peer.test>\r\n\
             MIME-Version: 1.0\r\nContent-Type: {media_type}; charset=utf-8\r\n\r\n{text}"
        ));
        let arrived = page.arrived(&subject).await;
        let to = Destination::Folder(drafts.clone());
        page.move_to(vec![arrived.id], to).await.unwrap();
        let row = copies(&page, &subject).await.remove(0);
        let form = page.backend.draft_open(row.id, false).await.unwrap();
        assert_eq!(form.draft.saved, None, "{media_type}");
        let shorter = Draft {
            body: "Some of it.".to_owned(),
            html: None,
            form: None,
            ..form.draft
        };
        saved(&page, &shorter).await;
        assert_eq!(copies(&page, &subject).await.len(), 2, "{media_type}");
    }
}

#[tokio::test]
async fn draft_of_an_answer_names_what_it_answers_even_if_that_is_gone() {
    for sign_in in PROTOCOLS {
        let server = TestServer::new(Some(3)).await;
        let page = server.open(sign_in(&server)).await.unwrap();
        let row = page.rows(&page.inbox()).await.remove(0);
        let source = ComposeSource {
            kind: ComposeKind::Reply,
            folder: page.inbox(),
            message: row.id.message.clone(),
        };
        let form =
            page.backend
                .compose_start(page.account.clone(), Some(source.clone()), Vec::new());
        let form = form.await.unwrap();
        assert!(!form.draft.thread.is_empty());
        let typed = Draft {
            form: None,
            ..form.draft
        };
        let copy = saved(&page, &typed).await;
        let trash = Destination::Role(FolderRole::Trash);
        page.move_to(vec![row.id], trash).await.unwrap();
        let form = page
            .backend
            .draft_open(reference(&page, &copy), false)
            .await
            .unwrap();
        assert_eq!(form.draft.source, Some(source));
        assert_eq!(form.draft.thread, typed.thread);
        let last = Draft {
            to: "ok@restante.test".to_owned(),
            ..form.draft
        };
        let sent = page.backend.message_send(page.account.clone(), last).await;
        page.handed_over(&sent.unwrap()).await;
    }
}
