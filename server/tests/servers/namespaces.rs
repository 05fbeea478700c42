//! The product against a Dovecot whose personal folders are below INBOX, with a shared folder
//! beside them.

use app::api::ErrorKind;
use app::api::backend::MailBackend as _;
use app::api::types::{Destination, FolderRole, IncomingKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_net::TlsMode;

use super::mail_session::Session;
use super::{ADDRESS, Authority, Dovecot, PASSWORD};
use crate::account::test_server::{TestAccounts, sign_in};

const SETTINGS: &str = "
namespace inbox {
  prefix = INBOX.
  separator = .
  mailbox Archive {
    auto = no
  }
}
namespace shared {
  type = public
  prefix = shared.
  separator = .
  location = maildir:~/shared
  subscriptions = no
  list = yes
}
";

#[tokio::test]
async fn folders_below_inbox_have_their_roles_beside_a_shared_folder() {
    let authority = Authority::new();
    let dovecot = Dovecot::start_with(&authority, SETTINGS);
    dovecot.deliver(ADDRESS, b"From: a@b.test\r\nSubject: one\r\n\r\nhello\r\n");
    let mut other = Session::implicit(&authority, dovecot.imaps);
    other.line();
    let plain = STANDARD.encode(format!("\0{ADDRESS}\0{PASSWORD}"));
    other.request(&format!("a AUTHENTICATE PLAIN {plain}"), "a OK");
    for name in ["shared.Trash", "shared.team"] {
        let made = other.request(&format!("b CREATE {name}"), "b ");
        assert!(made.contains("b OK"), "{made}\n{}", dovecot.log());
    }

    let accounts = TestAccounts::new(authority.ca_pem(), vec![dovecot.imaps]).await;
    let sign_in = sign_in(
        ADDRESS,
        PASSWORD,
        (IncomingKind::Imap, dovecot.imaps),
        dovecot.imaps,
        TlsMode::Implicit,
    );
    let page = accounts.open(sign_in).await.unwrap();
    let account = page.account.clone();
    let folders = page.backend.folder_list(account.clone()).await.unwrap();
    let shown: Vec<_> = folders
        .folders
        .iter()
        .map(|f| (f.depth, f.name.as_str(), f.role))
        .collect();
    assert_eq!(
        shown,
        [
            (0, "INBOX", Some(FolderRole::Inbox)),
            (0, "Drafts", Some(FolderRole::Drafts)),
            (0, "Sent", Some(FolderRole::Sent)),
            (0, "Junk", Some(FolderRole::Junk)),
            (0, "Trash", Some(FolderRole::Trash)),
            (0, "shared", None),
            (1, "team", None),
            (1, "Trash", None),
        ]
    );

    let id = page.rows(&page.inbox()).await[0].id.clone();
    let to = Destination::Role(FolderRole::Archive);
    let moving = page.move_to(vec![id.clone()], to.clone());
    let missing = moving.await.unwrap_err();
    assert_eq!(missing.kind, ErrorKind::MissingFolder(FolderRole::Archive));
    let made = page
        .backend
        .folder_create(account.clone(), FolderRole::Archive)
        .await
        .unwrap();
    assert_eq!((made.depth, made.role), (0, Some(FolderRole::Archive)));
    let moving = page.move_to(vec![id], to);
    assert_eq!(moving.await.unwrap().count, 1);
    let archive = other.request("c STATUS INBOX.Archive (MESSAGES)", "c ");
    assert!(archive.contains("(MESSAGES 1)"), "{archive}");
    page.handle.close().await;
}
