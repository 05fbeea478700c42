//! A folder whose server does not respond: requests that wait for it block no others.

use std::cell::Cell;
use std::time::Duration;

use app::api::backend::MailBackend as _;
use app::api::types::{FolderId, Window};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;

use super::scripted_imap::{Mail, ScriptedImap};

/// base64url of "Silent".
const SILENT_ID: &str = "U2lsZW50";
/// More requests than may wait for one connection.
const REQUESTS: usize = 200;

/// Lists two folders, and does not respond to SELECT of the second one.
fn with_silent_folder(command: &str) -> Option<String> {
    match command.split_once(' ').map_or(command, |(name, _)| name) {
        "LIST" => Some(
            "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\HasNoChildren) \"/\" Silent\r\n\
             {tag} OK done\r\n"
                .to_owned(),
        ),
        "SELECT" | "EXAMINE" if command.contains("Silent") => Some(String::new()),
        _ => None,
    }
}

#[tokio::test]
async fn the_inbox_is_listed_while_another_folder_has_more_requests_than_may_wait() {
    let mails = vec![Mail::plain("one"), Mail::plain("two")];
    let server = ScriptedImap::start(mails, with_silent_folder).await;
    let page = &server.page;
    let folders = page.backend.folder_list(page.account.clone()).await;
    assert_eq!(folders.unwrap().folders.len(), 2);
    let window = Window {
        offset: 0,
        limit: 50,
    };
    let sent = Cell::new(0);
    let mut held: FuturesUnordered<_> = (0..REQUESTS)
        .map(|_| async {
            sent.set(sent.get() + 1);
            let folder = FolderId::from(SILENT_ID);
            let list = page.list(folder, window);
            list.await
        })
        .collect();
    // All requests are sent; none is answered.
    let all_wait = async {
        while sent.get() < REQUESTS || server.count("Silent") == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        all_wait = timeout(Duration::from_secs(10), all_wait) => all_wait.expect("all are asked"),
        response = held.next() => panic!("the silent folder answered {response:?}"),
    }
    let inbox_id = page.inbox();
    let inbox = page.rows(&inbox_id);
    let inbox = tokio::select! {
        rows = timeout(Duration::from_secs(5), inbox) => rows.expect("the inbox in time"),
        _ = held.next() => panic!("the silent folder answered"),
    };
    assert_eq!(inbox.len(), 2);
}
