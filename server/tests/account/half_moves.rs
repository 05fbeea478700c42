//! Moves that a server starts and does not complete: completed, undone, or reported as they are.

use std::time::Duration;

use app::api::ErrorKind;
use app::api::backend::MailBackend as _;
use app::api::error::ApiError;
use app::api::types::{ChangeDone, Destination, FolderRole, IncomingKind, MessageRef};
use mail_net::TlsMode;

use super::parts::Protocol;
use super::peer::{Act, Peer, advance_clock};
use super::test_server::{Page, TestAccounts, sign_in};

const WITHOUT_MOVE: &str = "IMAP4rev1 UIDPLUS";
const NO: Act = Act::Reply("{tag} NO not here\r\n");

struct Fixture {
    peer: Peer,
    page: Page,
    _accounts: TestAccounts,
}

impl Fixture {
    /// Creates a signed-in account, at a server with these capabilities, that has listed its inbox.
    async fn new(capabilities: &'static str) -> (Self, MessageRef) {
        let fixture = Self::signed_in(capabilities).await;
        let rows = fixture.page.rows(&fixture.page.inbox()).await;
        let second = rows[1].id.clone();
        (fixture, second)
    }

    async fn signed_in(capabilities: &'static str) -> Self {
        let peer = Peer::start(Protocol::Imap, true, None).await;
        peer.set_capabilities(capabilities);
        let accounts = TestAccounts::new(Peer::ca_pem(), vec![peer.port]).await;
        let sign_in = sign_in(
            "ann@peer.test",
            "x",
            (IncomingKind::Imap, peer.port),
            peer.port,
            TlsMode::Implicit,
        );
        let page = accounts.open(sign_in).await.unwrap();
        Self {
            peer,
            page,
            _accounts: accounts,
        }
    }

    async fn delete(&self, message: &MessageRef) -> Result<ChangeDone, ApiError> {
        let to = Destination::Role(FolderRole::Trash);
        let ids = vec![message.clone()];
        self.page.move_to(ids, to).await
    }

    fn commands(&self, command: &str) -> Vec<String> {
        self.peer.commands(command)
    }
}

#[tokio::test]
async fn refused_uid_expunge_is_completed_by_a_plain_expunge() {
    let (fixture, id) = Fixture::new(WITHOUT_MOVE).await;
    fixture.peer.fail_always("UID EXPUNGE", NO);
    fixture.peer.fail_once(
        "UID SEARCH DELETED",
        Act::Reply("* SEARCH 2\r\n{tag} OK\r\n"),
    );
    let done = fixture.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone), (1, 0));
    assert_eq!(fixture.commands("EXPUNGE").len(), 1);
    assert_eq!(fixture.commands("UID COPY").len(), 1);
}

#[tokio::test]
async fn copy_is_deleted_if_its_original_cannot_be_removed() {
    let refusals: [&[&'static str]; 2] = [&["UID STORE 2 +FLAGS"], &["UID EXPUNGE", "EXPUNGE"]];
    for refused in refusals {
        let (fixture, id) = Fixture::new(WITHOUT_MOVE).await;
        for at in refused {
            fixture.peer.fail_once(at, NO);
        }
        // Another message is marked as deleted, so that no plain EXPUNGE may be sent.
        fixture.peer.fail_once(
            "UID SEARCH DELETED",
            Act::Reply("* SEARCH 1\r\n{tag} OK\r\n"),
        );
        let error = fixture.delete(&id).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused, "{refused:?}");
        assert!(error.cause.contains("copied to Trash"), "{error:?}");
        assert!(error.cause.contains("deleted again"), "{error:?}");
        assert!(error.reply.unwrap().contains("not here"), "{refused:?}");
        assert_eq!(fixture.commands("UID COPY").len(), 1, "{refused:?}");
        assert_eq!(fixture.commands("SELECT \"Trash\"").len(), 1, "{refused:?}");
        let expunged = fixture.commands("UID EXPUNGE");
        assert_eq!(expunged.last().unwrap(), "UID EXPUNGE 2", "{refused:?}");
        let unmarked = fixture.commands("UID STORE 2 -FLAGS").len();
        assert_eq!(unmarked, usize::from(refused.len() == 2), "{refused:?}");
        // Back in the inbox, which lists the same messages as before.
        assert_eq!(fixture.page.rows(&fixture.page.inbox()).await.len(), 3);
    }
}

#[tokio::test]
async fn remaining_copy_is_reported_and_not_repeated() {
    let (fixture, id) = Fixture::new(WITHOUT_MOVE).await;
    fixture.peer.fail_always("UID EXPUNGE", NO);
    fixture.peer.fail_always(
        "UID SEARCH DELETED",
        Act::Reply("* SEARCH 1 2\r\n{tag} OK\r\n"),
    );
    for _ in 0..3 {
        let error = fixture.delete(&id).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(error.cause.contains("both folders"), "{error:?}");
        assert!(error.fix.contains("no further copy"), "{error:?}");
        assert_eq!(fixture.commands("UID COPY").len(), 1);
    }
    assert!(
        fixture.commands("EXPUNGE").is_empty(),
        "others would have gone"
    );
}

#[tokio::test]
async fn move_continues_on_a_new_connection_if_one_is_lost_after_the_copy() {
    for at in ["UID STORE 2 +FLAGS", "UID EXPUNGE"] {
        let (fixture, id) = Fixture::new(WITHOUT_MOVE).await;
        fixture.peer.fail_once(at, Act::Close(""));
        let done = fixture.delete(&id).await.unwrap();
        assert_eq!((done.count, done.gone), (1, 0), "{at}");
        assert_eq!(fixture.commands("UID COPY").len(), 1, "{at}");
        assert_eq!(fixture.peer.connections(), 2, "{at}");
    }
}

#[tokio::test]
async fn error_of_a_connection_lost_during_copy_says_whether_a_copy_may_exist() {
    let (fixture, id) = Fixture::new(WITHOUT_MOVE).await;
    fixture.peer.fail_once("UID COPY", Act::Close(""));
    let error = fixture.delete(&id).await.unwrap_err();
    // UIDNEXT of Trash is unchanged: no copy arrived.
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error:?}");

    fixture.peer.fail_once("UID COPY", Act::Close(""));
    // The client requests UIDNEXT before the copy and again after it.
    const STATUS_BEFORE: &str = "* STATUS Trash (UIDNEXT 3 UIDVALIDITY 9)\r\n{tag} OK\r\n";
    fixture
        .peer
        .fail_once("STATUS \"Trash\" (UIDNEXT", Act::Reply(STATUS_BEFORE));
    let error = fixture.delete(&id).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error:?}");
    assert!(error.cause.contains("not known"), "{error:?}");
    assert!(error.fix.contains("Look into Trash"), "{error:?}");
}

#[tokio::test]
async fn move_refused_after_its_copy_is_undone() {
    let (fixture, id) = Fixture::new("IMAP4rev1 UIDPLUS MOVE").await;
    const COPIED_ONLY: &str = "* OK [COPYUID 9 2 2] copied\r\n{tag} NO cannot remove\r\n";
    fixture.peer.fail_once("UID MOVE", Act::Reply(COPIED_ONLY));
    let error = fixture.delete(&id).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.cause.contains("deleted again"), "{error:?}");
    assert_eq!(fixture.commands("UID EXPUNGE"), ["UID EXPUNGE 2"]);
    // A plain refusal is reported as one.
    fixture.peer.fail_once("UID MOVE", NO);
    let error = fixture.delete(&id).await.unwrap_err();
    assert!(error.cause.contains("refused"), "{error:?}");
}

#[tokio::test]
async fn move_without_a_response_is_done_if_the_message_left_its_folder() {
    let (fixture, id) = Fixture::new("IMAP4rev1 UIDPLUS MOVE").await;
    fixture.peer.fail_once(
        "UID MOVE",
        Act::Close("* OK [COPYUID 9 2 2] m\r\n* 2 EXPUNGE\r\n"),
    );
    fixture
        .peer
        .fail_once("UID SEARCH UID", Act::Reply("* SEARCH\r\n{tag} OK\r\n"));
    let done = fixture.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone), (1, 0));
    assert!(!done.undo.is_empty());
}

#[tokio::test]
async fn copy_is_used_if_the_announced_move_is_unknown() {
    let (fixture, id) = Fixture::new("IMAP4rev1 UIDPLUS MOVE").await;
    fixture
        .peer
        .fail_once("UID MOVE", Act::Reply("{tag} BAD what\r\n"));
    let done = fixture.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone), (1, 0));
    assert_eq!(fixture.commands("UID COPY").len(), 1);
}

#[tokio::test]
async fn move_of_no_message_reports_that_nothing_was_moved() {
    let (fixture, id) = Fixture::new("IMAP4rev1 UIDPLUS MOVE").await;
    fixture
        .peer
        .fail_once("UID MOVE", Act::Reply("{tag} OK No messages found.\r\n"));
    fixture
        .peer
        .fail_once("UID SEARCH UID", Act::Reply("* SEARCH\r\n{tag} OK\r\n"));
    let done = fixture.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone, done.undo), (0, 1, vec![]));
}

#[tokio::test]
async fn move_without_copyuid_is_counted_from_both_folders() {
    let (fixture, id) = Fixture::new("IMAP4rev1 UIDPLUS MOVE").await;
    const NO_MATCHES: Act = Act::Reply("* SEARCH\r\n{tag} OK\r\n");
    const STATUS: &str = "STATUS \"Trash\" (UIDNEXT";
    let reply_once = |command, response| fixture.peer.fail_once(command, Act::Reply(response));
    reply_once(
        STATUS,
        "* STATUS Trash (UIDNEXT 3 UIDVALIDITY 9)\r\n{tag} OK\r\n",
    );
    reply_once("UID MOVE", "* 2 EXPUNGE\r\n{tag} OK moved\r\n");
    fixture.peer.fail_once("UID SEARCH UID", NO_MATCHES);
    reply_once(
        STATUS,
        "* STATUS Trash (UIDNEXT 4 UIDVALIDITY 9)\r\n{tag} OK\r\n",
    );
    let done = fixture.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone, done.undo), (1, 0, vec![]));

    // The message left the inbox and no copy arrived: another client has removed it.
    let (fixture, id) = Fixture::new("IMAP4rev1 UIDPLUS MOVE").await;
    let reply_once = |command, response| fixture.peer.fail_once(command, Act::Reply(response));
    reply_once("UID MOVE", "* 2 EXPUNGE\r\n{tag} OK nothing\r\n");
    fixture.peer.fail_once("UID SEARCH UID", NO_MATCHES);
    let done = fixture.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone, done.undo), (0, 1, vec![]));
}

/// LIST of an account whose folders are below INBOX, and that has a shared folder.
const SHARED: &str = "* LIST (\\HasNoChildren) \".\" \"INBOX\"\r\n\
    * LIST (\\HasNoChildren) \".\" \"INBOX.Sent\"\r\n\
    * LIST (\\HasNoChildren) \".\" \"INBOX.Trash\"\r\n\
    * LIST (\\HasNoChildren) \".\" \"INBOX.Drafts\"\r\n\
    * LIST (\\HasNoChildren) \".\" \"shared.team\"\r\n{tag} OK done\r\n";
const NAMESPACES: &str = "* NAMESPACE ((\"INBOX.\" \".\")) ((\"user.\" \".\")) \
    ((\"shared.\" \".\"))\r\n{tag} OK done\r\n";

#[tokio::test]
async fn shared_folder_takes_no_role_from_folders_below_inbox() {
    let fixture = Fixture::signed_in("IMAP4rev1 UIDPLUS MOVE NAMESPACE").await;
    fixture.peer.fail_always("LIST", Act::Reply(SHARED));
    fixture
        .peer
        .fail_always("NAMESPACE", Act::Reply(NAMESPACES));
    let (account, backend) = (fixture.page.account.clone(), &fixture.page.backend);
    let id = fixture.page.rows(&fixture.page.inbox()).await[1].id.clone();
    // The first listing may have been before the script was set.
    advance_clock(Duration::from_secs(11)).await;
    let folders = backend.folder_list(account.clone()).await.unwrap().folders;
    let shown: Vec<_> = folders.iter().map(|f| (f.name.as_str(), f.role)).collect();
    assert_eq!(
        shown,
        [
            ("INBOX", Some(FolderRole::Inbox)),
            ("Drafts", Some(FolderRole::Drafts)),
            ("Sent", Some(FolderRole::Sent)),
            ("Trash", Some(FolderRole::Trash)),
            ("shared", None),
            ("team", None),
        ]
    );
    fixture.delete(&id).await.unwrap();
    assert_eq!(fixture.commands("UID MOVE"), ["UID MOVE 2 \"INBOX.Trash\""]);
    let _ = backend.folder_create(account, FolderRole::Archive).await;
    let created = fixture.commands("CREATE");
    assert!(created[0].contains("INBOX.Archive"), "{created:?}");
}

#[tokio::test]
async fn empty_list_with_return_is_repeated_as_plain_list() {
    for response in [
        "{tag} OK LIST completed\r\n",
        "{tag} BAD what\r\n",
        "{tag} NO no\r\n",
    ] {
        let (fixture, _) = Fixture::new("IMAP4rev1 LIST-EXTENDED LIST-STATUS SPECIAL-USE").await;
        fixture
            .peer
            .fail_always("LIST \"\" \"*\" RETURN", Act::Reply(response));
        advance_clock(Duration::from_secs(11)).await;
        let folders = fixture
            .page
            .backend
            .folder_list(fixture.page.account.clone())
            .await
            .unwrap()
            .folders;
        let roles: Vec<_> = folders.iter().filter_map(|f| f.role).collect();
        assert_eq!(
            roles,
            [FolderRole::Inbox, FolderRole::Sent, FolderRole::Trash],
            "{response}"
        );
        assert!(folders.iter().all(|f| f.total == Some(3)), "{folders:?}");
        let list_commands = fixture.commands("LIST");
        let has_return = |line: &&String| line.contains("RETURN");
        assert_eq!(
            list_commands.iter().filter(has_return).count(),
            2,
            "{list_commands:?}"
        );
        assert!(
            !list_commands.last().unwrap().contains("RETURN"),
            "{list_commands:?}"
        );
    }
}

#[tokio::test]
async fn unconnected_microsoft_mailbox_is_reported_with_its_fix() {
    let (fixture, _) = Fixture::new("IMAP4rev1").await;
    const NOT_CONNECTED: Act = Act::Reply("{tag} BAD User is authenticated but not connected.\r\n");
    for at in ["SELECT", "LIST", "NOOP", "FETCH"] {
        fixture.peer.fail_always(at, NOT_CONNECTED);
    }
    advance_clock(Duration::from_secs(11)).await;
    let folders = fixture
        .page
        .backend
        .folder_list(fixture.page.account.clone())
        .await;
    let error = folders.unwrap_err();
    assert!(
        error.cause.contains("does not open the mailbox"),
        "{error:?}"
    );
    assert!(error.fix.contains("IMAP is switched off"), "{error:?}");
    assert!(error.reply.unwrap().contains("not connected"));
}
