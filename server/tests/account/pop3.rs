//! Reading and deletion by POP3: one folder, locally stored flags, delayed deletes.

use app::api::ErrorKind;
use app::api::backend::MailBackend;
use app::api::types::{BodyView, Change, Destination, FolderRole, Limitation, Mark};

use super::test_server::TestServer;

#[tokio::test]
async fn the_maildrop_is_one_folder_with_the_newest_mail_first() {
    let server = TestServer::new(Some(60)).await;
    for sign_in in [server.pop3(), server.pop3_starttls()] {
        let page = server.open(sign_in).await.unwrap();
        let session = page.backend.session_show().await.unwrap();
        let view = &session.accounts[0];
        assert!(view.limitations.contains(&Limitation::OneFolder));
        assert!(view.limitations.contains(&Limitation::MarksKeptHere));
        let folders = page
            .backend
            .folder_list(page.account.clone())
            .await
            .unwrap()
            .folders;
        let roles: Vec<_> = folders.iter().map(|folder| folder.role).collect();
        let expected = [FolderRole::Inbox, FolderRole::Drafts, FolderRole::Sent].map(Some);
        assert_eq!(roles, expected, "only the first is on the server");
        let rows = page.rows(&page.inbox()).await;
        assert_eq!(rows.len(), 50);
        let opened = page.open(rows[0].id.clone()).await.unwrap();
        assert_eq!(opened.subject, rows[0].subject);
        assert!(!matches!(opened.body, BodyView::Empty { .. }));
        page.handle.close().await;
    }
}

#[tokio::test]
async fn marks_are_stored_locally_and_outlive_the_session() {
    let server = TestServer::new(Some(5)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let id = page.rows(&page.inbox()).await[1].id.clone();
    let ids = vec![id.clone()];
    let mark = page.mark(ids, Mark::Starred);
    assert_eq!(mark.await.unwrap().count, 1);
    page.handle.close().await;
    let reopened = server.open(server.pop3()).await.unwrap();
    let rows = reopened.rows(&reopened.inbox()).await;
    let starred: Vec<_> = rows
        .iter()
        .filter(|r| r.is_starred)
        .map(|r| r.id.clone())
        .collect();
    assert_eq!(starred, [id]);
}

#[tokio::test]
async fn a_delete_can_be_undone_and_runs_at_sign_out() {
    let server = TestServer::new(Some(5)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let rows = page.rows(&page.inbox()).await;
    let delete = |n: usize| {
        let to = Destination::Role(FolderRole::Trash);
        let ids = vec![rows[n].id.clone()];
        page.move_to(ids, to)
    };
    let undone = delete(0).await.unwrap();
    assert_eq!(undone.change, Change::DeletePending { in_secs: 10 });
    delete(1).await.unwrap();
    assert_eq!(page.rows(&page.inbox()).await.len(), 3);
    page.undo(undone.undo).await.unwrap();
    assert_eq!(page.rows(&page.inbox()).await.len(), 4);
    assert_eq!(
        server.demo.inbox_len(),
        5,
        "nothing is deleted while it can be undone"
    );
    page.handle.close().await;
    server.until_inbox_len(4).await;
}

#[tokio::test]
async fn action_unsupported_by_pop3_is_refused_without_effect() {
    let server = TestServer::new(Some(3)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let id = page.rows(&page.inbox()).await[0].id.clone();
    let to = Destination::Role(FolderRole::Archive);
    let moved = page.move_to(vec![id], to).await;
    assert_eq!(moved.unwrap_err().kind, ErrorKind::Unsupported);
    assert_eq!(server.demo.inbox_len(), 3);
}
