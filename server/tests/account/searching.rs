//! Searches over folders and accounts: what is found, in which order, and what a server that refuses,
//! lies or does not answer leaves of it.

use std::time::Duration;

use app::api::backend::MailBackend as _;
use app::api::error::ErrorKind;
use app::api::types::{
    Destination, FolderRole, ListQuery, ListSource, Mark, MessageRows, SearchProgress, SearchQuery,
    SearchScope, Theme, Window,
};
use mail_demo::ADDRESS;
use server::account::lists::Lists;
use server::views::{Locale, SessionBackend};

use super::scripted_imap::{Mail, ScriptedImap};
use super::test_server::{Page, TestServer, settings};
use crate::wait::until_some;

fn session(pages: &[&Page]) -> SessionBackend {
    SessionBackend::new(
        pages.iter().map(|page| page.handle.clone()).collect(),
        Locale::default(),
        Theme::Light,
        std::sync::Arc::default(),
        Lists::default(),
        settings(),
    )
}

pub(crate) fn query(text: &str, scope: SearchScope, offset: u32) -> ListQuery {
    let text = text.to_owned();
    ListQuery::window(
        ListSource::Search(SearchQuery { text, scope }),
        Window { offset, limit: 50 },
    )
}

/// Searches everywhere until the search has ended.
pub(crate) async fn search(backend: &SessionBackend, text: &str) -> MessageRows {
    search_in(backend, text, SearchScope::All).await
}

async fn search_in(backend: &SessionBackend, text: &str, scope: SearchScope) -> MessageRows {
    until_some(&format!("the end of {text:?}"), async || {
        let list = backend.message_list(query(text, scope.clone(), 0)).await;
        let list = list.unwrap();
        (!progress(&list).is_running).then_some(list)
    })
    .await
}

pub(crate) fn progress(list: &MessageRows) -> &SearchProgress {
    list.search.as_ref().expect("a search")
}

/// Returns subject and place of every row.
fn rows(list: &MessageRows) -> Vec<(&str, &str)> {
    let rows = list.rows.iter();
    rows.map(|row| (row.subject.as_str(), row.place.as_str()))
        .collect()
}

pub(crate) fn subjects(list: &MessageRows) -> Vec<&str> {
    list.rows.iter().map(|row| row.subject.as_str()).collect()
}

/// Delivers a message with further header fields to the inbox.
async fn deliver(server: &TestServer, page: &Page, subject: &str, fields: &str, text: &str) {
    server.demo.deliver(format!(
        "From: Émile <emile@restante.test>\r\nTo: {ADDRESS}\r\nSubject: {subject}\r\n{fields}\r\n{text}\r\n"
    ));
    page.arrived(subject).await;
}

async fn move_to(page: &Page, subject: &str, role: FolderRole) {
    let row = page.arrived(subject).await;
    let to = Destination::Role(role);
    page.move_to(vec![row.id], to).await.unwrap();
}

#[tokio::test]
async fn a_word_is_found_in_every_folder_newest_first_with_its_place() {
    let server = TestServer::new(Some(3)).await;
    let page = server.open(server.imap()).await.unwrap();
    for subject in [
        "Zebra one",
        "Other",
        "Zebra two",
        "Zebra three",
        "Zebra four",
    ] {
        deliver(&server, &page, subject, "", "Plain text.").await;
    }
    deliver(&server, &page, "In the text", "", "A zebra is here.").await;
    move_to(&page, "Zebra two", FolderRole::Archive).await;
    move_to(&page, "Zebra three", FolderRole::Trash).await;
    let found = search(&page.backend, "zebra").await;
    // They arrived in one second: between folders either may come first.
    let (archived, others): (Vec<_>, Vec<_>) = rows(&found)
        .into_iter()
        .partition(|(_, place)| *place == "Archive");
    assert_eq!(archived, [("Zebra two", "Archive")]);
    assert_eq!(
        others,
        [
            ("In the text", "Inbox"),
            ("Zebra four", "Inbox"),
            ("Zebra one", "Inbox")
        ]
    );
    assert_eq!((found.total, found.folder.as_ref()), (4, None));
    let positions: Vec<u32> = found.rows.iter().map(|row| row.position).collect();
    assert_eq!(positions, [0, 1, 2, 3]);
    assert_eq!(progress(&found).notes, Vec::<String>::new());
    let archived = found
        .rows
        .iter()
        .find(|row| row.place == "Archive")
        .unwrap();
    let opened = page.open(archived.id.clone()).await.unwrap();
    assert_eq!(opened.subject, "Zebra two");

    let anywhere = search_in(&page.backend, "zebra", SearchScope::Anywhere).await;
    assert_eq!(anywhere.total, 5);
    assert!(rows(&anywhere).contains(&("Zebra three", "Trash")));
    assert_eq!(search(&page.backend, "zebra in:trash").await.total, 1);
    let inbox = SearchScope::Folder(page.folder_ref(page.inbox()));
    assert_eq!(search_in(&page.backend, "zebra", inbox).await.total, 3);
}

#[tokio::test]
async fn conditions_are_combined_and_excluded() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    deliver(&server, &page, "Budget draft", "", "Numbers of spring.").await;
    let with_file = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    let file = "--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\nContent-Type: \
        application/pdf; name=Plan-2026.pdf\r\nContent-Disposition: attachment; \
        filename=Plan-2026.pdf\r\n\r\nxx\r\n--b--";
    deliver(&server, &page, "Budget plan", with_file, file).await;
    let no_file = "--b\r\nContent-Type: text/plain\r\n\r\nNo file: Plan-2026.pdf.\r\n--b--";
    deliver(&server, &page, "Budget talk", with_file, no_file).await;
    deliver(&server, &page, "第四季度预算", "", "请在周五前确认").await;
    let starred = page.arrived("Budget talk").await;
    page.mark(vec![starred.id], Mark::Starred).await.unwrap();
    for (typed, expected) in [
        (
            "subject:budget",
            vec!["Budget talk", "Budget plan", "Budget draft"],
        ),
        (
            "subject:budget -subject:draft",
            vec!["Budget talk", "Budget plan"],
        ),
        ("subject:budget has:attachment", vec!["Budget plan"]),
        (
            "subject:budget -has:attachment",
            vec!["Budget talk", "Budget draft"],
        ),
        ("filename:plan-2026", vec!["Budget plan"]),
        ("is:starred in:inbox", vec!["Budget talk"]),
        ("is:unread subject:budget is:starred", vec!["Budget talk"]),
        ("body:\"numbers of\"", vec!["Budget draft"]),
        ("body:\"of numbers\"", vec![]),
        ("季度 in:inbox", vec!["第四季度预算"]),
        ("周五前 in:inbox", vec!["第四季度预算"]),
        ("from:émile subject:plan", vec!["Budget plan"]),
        ("subject:budget after:2100", vec![]),
        (
            "subject:draft after:7d before:2100-01-01",
            vec!["Budget draft"],
        ),
        ("subject:budget larger:1M", vec![]),
        ("subject:draft smaller:1M", vec!["Budget draft"]),
        ("subject:budget account:nobody", vec![]),
        ("subject:draft account:restante.test", vec!["Budget draft"]),
    ] {
        let found = search(&page.backend, typed).await;
        assert_eq!(subjects(&found), expected, "{typed}");
    }
    let nowhere = search(&page.backend, "x in:nowhere").await;
    let notes = &progress(&nowhere).notes;
    assert!(notes[0].contains("in:"), "{notes:?}");
}

#[tokio::test]
async fn accounts_by_imap_and_by_pop3_are_searched_together() {
    let servers = [
        TestServer::new(Some(2)).await,
        TestServer::new(Some(2)).await,
    ];
    let pages = [
        servers[0].open(servers[0].imap()).await.unwrap(),
        servers[1].open(servers[1].pop3()).await.unwrap(),
    ];
    deliver(&servers[0], &pages[0], "Rome one", "", "x").await;
    servers[1]
        .demo
        .deliver("From: a@restante.test\r\nSubject: Rome by POP3\r\n\r\nWords of the text.\r\n");
    pages[1].arrived("Rome by POP3").await;
    let session = session(&[&pages[0], &pages[1]]);
    let found = search(&session, "rome").await;
    let mut all = subjects(&found);
    all.sort_unstable();
    assert_eq!(all, ["Rome by POP3", "Rome one"]);
    let place = &found.rows[0].place;
    assert_eq!(*place, format!("Inbox · {ADDRESS}"));
    let notes = progress(&found).notes.join("\n");
    assert!(
        notes.contains("POP3 cannot search") && notes.contains("3 of 3"),
        "{notes}"
    );
    // The text is with the server, which cannot search it.
    assert_eq!(search(&session, "body:words").await.total, 0);
    let by_pop3 = found.rows.iter().find(|row| row.subject == "Rome by POP3");
    let opened = session.message_open(by_pop3.unwrap().id.clone()).await;
    assert_eq!(opened.unwrap().subject, "Rome by POP3");
}

#[tokio::test]
async fn a_window_far_down_has_its_rows_and_a_repeated_search_asks_nothing() {
    let server = TestServer::new(Some(700)).await;
    let page = server.open(server.imap()).await.unwrap();
    let all = search(&page.backend, "smaller:1G").await;
    assert!(all.total >= 700, "{}", all.total);
    let mut ids = Vec::new();
    for offset in (0..all.total).step_by(50) {
        let window = query("smaller:1G", SearchScope::All, offset);
        let list = page.backend.message_list(window).await.unwrap();
        assert_eq!((list.total, list.offset), (all.total, offset));
        ids.extend(list.rows.into_iter().map(|row| row.id.to_string()));
    }
    assert_eq!(ids.len(), all.total as usize);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.total as usize, "no row twice");
    let beyond = query("smaller:1G", SearchScope::All, 100_000);
    let beyond = page.backend.message_list(beyond).await.unwrap();
    assert_eq!((beyond.rows.len(), beyond.offset), (0, all.total));
}

#[tokio::test]
async fn what_was_deleted_meanwhile_is_no_result() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    for subject in ["Zebra one", "Zebra two", "Zebra three"] {
        deliver(&server, &page, subject, "", "x").await;
    }
    assert_eq!(search(&page.backend, "zebra").await.total, 3);
    move_to(&page, "Zebra two", FolderRole::Trash).await;
    let left = until_some("two results", async || {
        let list = search(&page.backend, "zebra").await;
        (list.rows.len() == 2).then_some(list)
    })
    .await;
    assert_eq!(subjects(&left), ["Zebra three", "Zebra one"]);
    assert_eq!(left.total, 2);
}

/// What might become protocol, if it were not sent as a string.
pub(crate) fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "a\"b",
        "\"",
        "\\",
        "a\\\"b\\",
        "x\r\nA1 DELETE INBOX",
        "x\ny",
        "nul\0nul",
        "{5}",
        "{5+}\r\nhello",
        "(",
        ")",
        "()",
        "*",
        "%",
        "NIL",
        "ALL) (DELETED",
        "~{3}",
        "[x]",
        "ü",
        "邮件",
        "\u{1f600}",
        "\u{202e}abc",
        "\u{7f}",
        "\t",
    ]
    .map(str::to_owned)
    .into();
    texts.push("é".repeat(5 << 10));
    texts.push("\"\\".repeat(5 << 10));
    texts
}

#[tokio::test]
async fn nothing_that_is_typed_becomes_protocol() {
    let server = TestServer::new(Some(2)).await;
    let page = server.open(server.imap()).await.unwrap();
    for operator in [
        "",
        "-",
        "from:",
        "to:",
        "cc:",
        "subject:",
        "body:",
        "filename:",
        "in:",
    ] {
        for text in hostile_texts() {
            for typed in [format!("{operator}{text}"), format!("{operator}\"{text}")] {
                let typed = format!("subject:nothing-has-this {typed}");
                let found = page
                    .backend
                    .message_list(query(&typed, SearchScope::All, 0))
                    .await;
                match found {
                    Ok(found) => {
                        assert_eq!(found.total, 0, "{typed:?}");
                        let notes = &progress(&found).notes;
                        let is_place = |note: &String| note.contains("in:");
                        assert!(notes.iter().all(is_place), "{typed:?}: {notes:?}");
                    }
                    Err(error) => assert_eq!(error.kind, ErrorKind::Invalid, "{typed:?}"),
                }
            }
        }
    }
    assert_eq!(page.rows(&page.inbox()).await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused_at_its_field() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    for (typed, word) in [
        ("", "nothing to search"),
        ("after:soon", "soon"),
        ("larger:huge", "huge"),
        ("is:lost", "is:lost"),
    ] {
        let refused = page
            .backend
            .message_list(query(typed, SearchScope::All, 0))
            .await;
        let error = refused.unwrap_err();
        assert_eq!(
            (error.kind, error.field.as_deref()),
            (ErrorKind::Invalid, Some("q"))
        );
        assert!(error.cause.contains(word), "{}", error.cause);
    }
}

/// Three messages in the inbox, and a folder `Kept` with the same.
async fn scripted(script: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> ScriptedImap {
    let mails = ["one", "two", "three"].map(Mail::plain).to_vec();
    let with_folder = move |command: &str| {
        script(command).or_else(|| {
            command.starts_with("LIST").then(|| {
                "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\Archive) \"/\" Kept\r\n{tag} OK \
                 done\r\n"
                    .to_owned()
            })
        })
    };
    ScriptedImap::start(mails, with_folder).await
}

fn is_search(command: &str) -> bool {
    command.starts_with("UID SEARCH")
}

#[tokio::test]
async fn a_folder_that_refuses_is_told_and_the_others_are_searched() {
    let server = scripted(|command| {
        command
            .starts_with("SELECT \"Kept")
            .then(|| "{tag} NO [NOPERM] not you\r\n".to_owned())
            .or_else(|| {
                is_search(command).then(|| "* SEARCH 101 103\r\n{tag} OK done\r\n".to_owned())
            })
    })
    .await;
    let found = search(&server.page.backend, "subject:x").await;
    assert_eq!(subjects(&found), ["three", "one"]);
    let notes = &progress(&found).notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("Archive") && notes[0].contains("not you"),
        "{notes:?}"
    );
}

#[tokio::test]
async fn a_server_without_the_charset_is_told_in_its_own_words() {
    let server = scripted(|command| {
        is_search(command).then(|| "{tag} NO [BADCHARSET (US-ASCII)] no UTF-8 here\r\n".to_owned())
    })
    .await;
    let found = search(&server.page.backend, "subject:邮件").await;
    assert_eq!(found.total, 0);
    let notes = progress(&found).notes.join("\n");
    assert!(notes.contains("no UTF-8 here"), "{notes}");
}

#[tokio::test]
async fn results_that_do_not_exist_are_left_out_and_a_million_of_them_are_bounded() {
    for answer in [
        "* SEARCH 101 4000000000 777 103\r\n",
        "* ESEARCH (TAG \"{tag}\") UID ALL 1:4294967295\r\n",
        "* SEARCH 103 103 101\r\n* SEARCH 101\r\n",
    ] {
        let server = scripted(move |command| {
            is_search(command).then(|| format!("{answer}{{tag}} OK done\r\n"))
        })
        .await;
        let inbox = SearchScope::Folder(server.page.folder_ref(server.page.inbox()));
        let found = search_in(&server.page.backend, "subject:x", inbox).await;
        let known = ["one", "two", "three"];
        assert!(
            subjects(&found)
                .iter()
                .all(|subject| known.contains(subject)),
            "{answer}"
        );
        assert!(found.total <= 20_000, "{answer}: {}", found.total);
    }
}

#[tokio::test]
async fn a_stopped_search_keeps_its_results_and_the_connection_stays_usable() {
    let server = scripted(|command| {
        is_search(command).then(|| "* SEARCH 101 102 103\r\n{tag} OK done\r\n".to_owned())
    })
    .await;
    let backend = &server.page.backend;
    server.hold(Some("SELECT \"Kept"));
    let typed = "subject:x";
    let early = until_some("the inbox", async || {
        let list = backend
            .message_list(query(typed, SearchScope::All, 0))
            .await;
        Some(list.unwrap()).filter(|list| list.total == 3)
    })
    .await;
    assert!(progress(&early).is_running);
    assert_eq!(progress(&early).text, "Searched 1 of 2 folders");
    backend.view_cancel(early.view.unwrap()).await.unwrap();
    let stopped = backend
        .message_list(query(typed, SearchScope::All, 0))
        .await
        .unwrap();
    assert_eq!(subjects(&stopped), ["three", "two", "one"]);
    assert!(!progress(&stopped).is_running);
    assert!(
        progress(&stopped).text.starts_with("Stopped"),
        "{}",
        progress(&stopped).text
    );
    server.hold(None);
    let archive = server.page.folder(FolderRole::Archive).await;
    assert_eq!(server.page.rows(&archive).await.len(), 3);
    assert_eq!(server.count("UID SEARCH"), 1);
    assert_eq!(server.count("AUTHENTICATE"), 2, "the connection was kept");
}

#[tokio::test]
async fn an_account_that_does_not_answer_keeps_no_result_of_the_others_back() {
    let dead = scripted(|_| None).await;
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    deliver(&server, &page, "Zebra", "", "x").await;
    dead.hold(Some("SE"));
    let session = session(&[&dead.page, &page]);
    let request = session.message_list(query("zebra", SearchScope::All, 0));
    let list = tokio::time::timeout(Duration::from_secs(10), request).await;
    let list = list.expect("without the dead account").unwrap();
    assert_eq!(subjects(&list), ["Zebra"]);
    assert!(progress(&list).is_running);
    dead.hold(None);
}

#[tokio::test]
async fn a_large_folder_is_searched_in_parts_the_newest_first() {
    let mails: Vec<Mail> = (0..4_500).map(|n| Mail::plain(&format!("m{n}"))).collect();
    let server = ScriptedImap::start(mails, |command| {
        let answer = match command.strip_prefix("UID SEARCH ")?.split_once(' ')?.0 {
            "2501:4500" => "* SEARCH 4600\r\n",
            "1:2500" => "* SEARCH 101\r\n",
            _ => "",
        };
        Some(format!("{answer}{{tag}} OK done\r\n"))
    })
    .await;
    let found = search(&server.page.backend, "body:x").await;
    assert_eq!(subjects(&found), ["m4499", "m0"]);
    assert_eq!(server.count("UID SEARCH 2501:4500"), 1);
    assert!(server.count("UID SEARCH") >= 2);
}
