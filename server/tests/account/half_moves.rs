//! Moves that a server starts and does not complete: completed, undone, or reported as they are.

use std::time::Duration;

use app::api::ErrorKind;
use app::api::backend::MailBackend as _;
use app::api::error::ApiError;
use app::api::types::{ChangeDone, Destination, FolderRole, IncomingKind, MessageRef};
use mail_net::TlsMode;

use super::parts::Protocol;
use super::peer::{Act, Peer, pass};
use super::test_server::{Page, TestAccounts, sign_in};

const WITHOUT_MOVE: &str = "IMAP4rev1 UIDPLUS";
const NO: Act = Act::Say("{tag} NO not here\r\n");

struct Scene {
    peer: Peer,
    page: Page,
    _desk: TestAccounts,
}

impl Scene {
    /// Creates a signed-in account, at a server with these capabilities, that has listed its inbox.
    async fn new(capabilities: &'static str) -> (Self, MessageRef) {
        let scene = Self::silent(capabilities).await;
        let rows = scene.page.rows(&scene.page.inbox()).await;
        let second = rows[1].id.clone();
        (scene, second)
    }

    async fn silent(capabilities: &'static str) -> Self {
        let peer = Peer::start(Protocol::Imap, true, None).await;
        peer.can(capabilities);
        let desk = TestAccounts::new(Peer::ca_pem(), vec![peer.port]).await;
        let sign_in = sign_in(
            "ann@peer.test",
            "x",
            (IncomingKind::Imap, peer.port),
            peer.port,
            TlsMode::Implicit,
        );
        let page = desk.open(sign_in).await.unwrap();
        Self {
            peer,
            page,
            _desk: desk,
        }
    }

    async fn delete(&self, message: &MessageRef) -> Result<ChangeDone, ApiError> {
        let to = Destination::Role(FolderRole::Trash);
        let ids = vec![message.clone()];
        self.page.move_to(ids, to).await
    }

    fn heard(&self, command: &str) -> Vec<String> {
        self.peer.heard(command)
    }
}

#[tokio::test]
async fn an_expunge_refused_by_uid_is_finished_by_a_plain_one() {
    let (scene, id) = Scene::new(WITHOUT_MOVE).await;
    scene.peer.fail_always("UID EXPUNGE", NO);
    scene
        .peer
        .fail_once("UID SEARCH DELETED", Act::Say("* SEARCH 2\r\n{tag} OK\r\n"));
    let done = scene.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone), (1, 0));
    assert_eq!(scene.heard("EXPUNGE").len(), 1);
    assert_eq!(scene.heard("UID COPY").len(), 1);
}

#[tokio::test]
async fn a_copy_whose_original_cannot_be_removed_is_deleted_again() {
    let refusals: [&[&'static str]; 2] = [&["UID STORE 2 +FLAGS"], &["UID EXPUNGE", "EXPUNGE"]];
    for refused in refusals {
        let (scene, id) = Scene::new(WITHOUT_MOVE).await;
        for at in refused {
            scene.peer.fail_once(at, NO);
        }
        // Another message is marked as deleted, so that no plain EXPUNGE may be sent.
        scene
            .peer
            .fail_once("UID SEARCH DELETED", Act::Say("* SEARCH 1\r\n{tag} OK\r\n"));
        let error = scene.delete(&id).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused, "{refused:?}");
        assert!(error.cause.contains("copied to Trash"), "{error:?}");
        assert!(error.cause.contains("deleted again"), "{error:?}");
        assert!(error.reply.unwrap().contains("not here"), "{refused:?}");
        assert_eq!(scene.heard("UID COPY").len(), 1, "{refused:?}");
        assert_eq!(scene.heard("SELECT \"Trash\"").len(), 1, "{refused:?}");
        let expunged = scene.heard("UID EXPUNGE");
        assert_eq!(expunged.last().unwrap(), "UID EXPUNGE 2", "{refused:?}");
        let unmarked = scene.heard("UID STORE 2 -FLAGS").len();
        assert_eq!(unmarked, usize::from(refused.len() == 2), "{refused:?}");
        // Back in the inbox, which lists the same messages as before.
        assert_eq!(scene.page.rows(&scene.page.inbox()).await.len(), 3);
    }
}

#[tokio::test]
async fn a_copy_that_stays_is_told_and_never_made_twice() {
    let (scene, id) = Scene::new(WITHOUT_MOVE).await;
    scene.peer.fail_always("UID EXPUNGE", NO);
    scene.peer.fail_always(
        "UID SEARCH DELETED",
        Act::Say("* SEARCH 1 2\r\n{tag} OK\r\n"),
    );
    for _ in 0..3 {
        let error = scene.delete(&id).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(error.cause.contains("both folders"), "{error:?}");
        assert!(error.fix.contains("no further copy"), "{error:?}");
        assert_eq!(scene.heard("UID COPY").len(), 1);
    }
    assert!(scene.heard("EXPUNGE").is_empty(), "others would have gone");
}

#[tokio::test]
async fn a_connection_lost_behind_the_copy_is_gone_on_with_over_another() {
    for at in ["UID STORE 2 +FLAGS", "UID EXPUNGE"] {
        let (scene, id) = Scene::new(WITHOUT_MOVE).await;
        scene.peer.fail_once(at, Act::Close(""));
        let done = scene.delete(&id).await.unwrap();
        assert_eq!((done.count, done.gone), (1, 0), "{at}");
        assert_eq!(scene.heard("UID COPY").len(), 1, "{at}");
        assert_eq!(scene.peer.connections(), 2, "{at}");
    }
}

#[tokio::test]
async fn a_connection_lost_while_it_copies_says_whether_a_copy_may_be_there() {
    let (scene, id) = Scene::new(WITHOUT_MOVE).await;
    scene.peer.fail_once("UID COPY", Act::Close(""));
    let error = scene.delete(&id).await.unwrap_err();
    // UIDNEXT of Trash is unchanged: no copy arrived.
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error:?}");

    scene.peer.fail_once("UID COPY", Act::Close(""));
    // The client requests UIDNEXT before the copy and again after it.
    const BEFORE: &str = "* STATUS Trash (UIDNEXT 3 UIDVALIDITY 9)\r\n{tag} OK\r\n";
    scene
        .peer
        .fail_once("STATUS \"Trash\" (UIDNEXT", Act::Say(BEFORE));
    let error = scene.delete(&id).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error:?}");
    assert!(error.cause.contains("not known"), "{error:?}");
    assert!(error.fix.contains("Look into Trash"), "{error:?}");
}

#[tokio::test]
async fn a_move_refused_behind_its_copy_is_undone() {
    let (scene, id) = Scene::new("IMAP4rev1 UIDPLUS MOVE").await;
    const HALF: &str = "* OK [COPYUID 9 2 2] copied\r\n{tag} NO cannot remove\r\n";
    scene.peer.fail_once("UID MOVE", Act::Say(HALF));
    let error = scene.delete(&id).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.cause.contains("deleted again"), "{error:?}");
    assert_eq!(scene.heard("UID EXPUNGE"), ["UID EXPUNGE 2"]);
    // A plain refusal is reported as one.
    scene.peer.fail_once("UID MOVE", NO);
    let error = scene.delete(&id).await.unwrap_err();
    assert!(error.cause.contains("refused"), "{error:?}");
}

#[tokio::test]
async fn a_move_lost_before_its_answer_is_done_where_the_message_is_gone() {
    let (scene, id) = Scene::new("IMAP4rev1 UIDPLUS MOVE").await;
    scene.peer.fail_once(
        "UID MOVE",
        Act::Close("* OK [COPYUID 9 2 2] m\r\n* 2 EXPUNGE\r\n"),
    );
    scene
        .peer
        .fail_once("UID SEARCH UID", Act::Say("* SEARCH\r\n{tag} OK\r\n"));
    let done = scene.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone), (1, 0));
    assert!(!done.undo.is_empty());
}

#[tokio::test]
async fn a_server_that_does_not_know_its_move_is_asked_to_copy() {
    let (scene, id) = Scene::new("IMAP4rev1 UIDPLUS MOVE").await;
    scene
        .peer
        .fail_once("UID MOVE", Act::Say("{tag} BAD what\r\n"));
    let done = scene.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone), (1, 0));
    assert_eq!(scene.heard("UID COPY").len(), 1);
}

#[tokio::test]
async fn a_move_of_nothing_says_that_nothing_was_moved() {
    let (scene, id) = Scene::new("IMAP4rev1 UIDPLUS MOVE").await;
    scene
        .peer
        .fail_once("UID MOVE", Act::Say("{tag} OK No messages found.\r\n"));
    scene
        .peer
        .fail_once("UID SEARCH UID", Act::Say("* SEARCH\r\n{tag} OK\r\n"));
    let done = scene.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone, done.undo), (0, 1, vec![]));
}

#[tokio::test]
async fn a_move_that_names_no_copies_is_counted_by_what_left_and_came() {
    let (scene, id) = Scene::new("IMAP4rev1 UIDPLUS MOVE").await;
    const GONE: Act = Act::Say("* SEARCH\r\n{tag} OK\r\n");
    const STATUS: &str = "STATUS \"Trash\" (UIDNEXT";
    let say = |command, words| scene.peer.fail_once(command, Act::Say(words));
    say(
        STATUS,
        "* STATUS Trash (UIDNEXT 3 UIDVALIDITY 9)\r\n{tag} OK\r\n",
    );
    say("UID MOVE", "* 2 EXPUNGE\r\n{tag} OK moved\r\n");
    scene.peer.fail_once("UID SEARCH UID", GONE);
    say(
        STATUS,
        "* STATUS Trash (UIDNEXT 4 UIDVALIDITY 9)\r\n{tag} OK\r\n",
    );
    let done = scene.delete(&id).await.unwrap();
    assert_eq!((done.count, done.gone, done.undo), (1, 0, vec![]));

    // The message left the inbox and no copy arrived: another client has removed it.
    let (scene, id) = Scene::new("IMAP4rev1 UIDPLUS MOVE").await;
    let say = |command, words| scene.peer.fail_once(command, Act::Say(words));
    say("UID MOVE", "* 2 EXPUNGE\r\n{tag} OK nothing\r\n");
    scene.peer.fail_once("UID SEARCH UID", GONE);
    let done = scene.delete(&id).await.unwrap();
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
async fn one_shared_folder_beside_those_below_inbox_takes_no_role_away() {
    let scene = Scene::silent("IMAP4rev1 UIDPLUS MOVE NAMESPACE").await;
    scene.peer.fail_always("LIST", Act::Say(SHARED));
    scene.peer.fail_always("NAMESPACE", Act::Say(NAMESPACES));
    let (account, backend) = (scene.page.account.clone(), &scene.page.backend);
    let id = scene.page.rows(&scene.page.inbox()).await[1].id.clone();
    // The first listing may have been before the script was set.
    pass(Duration::from_secs(11)).await;
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
    scene.delete(&id).await.unwrap();
    assert_eq!(scene.heard("UID MOVE"), ["UID MOVE 2 \"INBOX.Trash\""]);
    let _ = backend.folder_create(account, FolderRole::Archive).await;
    let created = scene.heard("CREATE");
    assert!(created[0].contains("INBOX.Archive"), "{created:?}");
}

#[tokio::test]
async fn a_list_with_return_that_tells_nothing_is_asked_again_in_the_plain_form() {
    for words in [
        "{tag} OK LIST completed\r\n",
        "{tag} BAD what\r\n",
        "{tag} NO no\r\n",
    ] {
        let (scene, _) = Scene::new("IMAP4rev1 LIST-EXTENDED LIST-STATUS SPECIAL-USE").await;
        scene
            .peer
            .fail_always("LIST \"\" \"*\" RETURN", Act::Say(words));
        pass(Duration::from_secs(11)).await;
        let folders = scene
            .page
            .backend
            .folder_list(scene.page.account.clone())
            .await
            .unwrap()
            .folders;
        let roles: Vec<_> = folders.iter().filter_map(|f| f.role).collect();
        assert_eq!(
            roles,
            [FolderRole::Inbox, FolderRole::Sent, FolderRole::Trash],
            "{words}"
        );
        assert!(folders.iter().all(|f| f.total == Some(3)), "{folders:?}");
        let asked = scene.heard("LIST");
        let has_return = |line: &&String| line.contains("RETURN");
        assert_eq!(asked.iter().filter(has_return).count(), 2, "{asked:?}");
        assert!(!asked.last().unwrap().contains("RETURN"), "{asked:?}");
    }
}

#[tokio::test]
async fn a_microsoft_mailbox_that_is_not_opened_is_told_with_what_to_do() {
    let (scene, _) = Scene::new("IMAP4rev1").await;
    const WORDS: Act = Act::Say("{tag} BAD User is authenticated but not connected.\r\n");
    for at in ["SELECT", "LIST", "NOOP", "FETCH"] {
        scene.peer.fail_always(at, WORDS);
    }
    pass(Duration::from_secs(11)).await;
    let folders = scene
        .page
        .backend
        .folder_list(scene.page.account.clone())
        .await;
    let error = folders.unwrap_err();
    assert!(
        error.cause.contains("does not open the mailbox"),
        "{error:?}"
    );
    assert!(error.fix.contains("IMAP is switched off"), "{error:?}");
    assert!(error.reply.unwrap().contains("not connected"));
}
