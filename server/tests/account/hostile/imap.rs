//! IMAP servers that violate the protocol.

use app::api::types::{Destination, FolderRole, Mark};

use super::*;

#[tokio::test]
async fn a_server_that_fails_at_sign_in_is_told_as_such_and_left_at_once() {
    use Act::{Close, Flood, Say, Stall};
    use ErrorKind::{Busy, Misbehaved, Password, Refused, Unreachable};
    use TlsMode::{Implicit, StartTls};
    let case = AtSignIn::case;
    let odd = "does not answer as IMAP servers do";
    let cases = vec![
        case(
            "web server",
            Implicit,
            "",
            Say("HTTP/1.1 400 Bad Request\r\n\r\n"),
            Misbehaved,
            odd,
            true,
        ),
        case(
            "PREAUTH",
            Implicit,
            "",
            Say("* PREAUTH [CAPABILITY IMAP4rev1] in\r\n"),
            Misbehaved,
            odd,
            true,
        ),
        case(
            "PREAUTH before STARTTLS",
            StartTls,
            "",
            Say("* PREAUTH in\r\n"),
            Misbehaved,
            odd,
            true,
        ),
        case(
            "BYE",
            Implicit,
            "",
            Close("* BYE [UNAVAILABLE] come back\r\n"),
            Busy,
            "",
            true,
        ),
        case(
            "FIN",
            Implicit,
            "",
            Close(""),
            Unreachable,
            "closed the connection before the sign-in",
            true,
        ),
        case(
            "process limit",
            Implicit,
            "",
            Close("* BYE Too many connections from your IP address.\r\n"),
            Busy,
            "takes no more connections",
            true,
        ),
        case(
            "FIN for TLS",
            StartTls,
            "STARTTLS",
            Close("{tag} OK go\r\n"),
            Unreachable,
            "closed the connection before it was encrypted",
            true,
        ),
        case(
            "endless greeting",
            Implicit,
            "",
            Flood("* OK ", XS),
            Misbehaved,
            "too large",
            true,
        ),
        case(
            "silence",
            Implicit,
            "",
            Stall(""),
            Unreachable,
            "does not answer",
            true,
        ),
        case(
            "words behind STARTTLS",
            StartTls,
            "STARTTLS",
            Say("{tag} OK go\r\n* CAPABILITY IMAP4rev1\r\n"),
            Misbehaved,
            "unencrypted after",
            true,
        ),
        case(
            "no STARTTLS",
            StartTls,
            "",
            Say("* OK [CAPABILITY IMAP4rev1] hi\r\n"),
            Misbehaved,
            "does not offer STARTTLS",
            true,
        ),
        case(
            "STARTTLS refused",
            StartTls,
            "STARTTLS",
            Say("{tag} NO not now\r\n"),
            Refused,
            "",
            true,
        ),
        case(
            "wrong password",
            Implicit,
            "AUTHENTICATE",
            Say("{tag} NO [AUTHENTICATIONFAILED] no\r\n"),
            Password,
            "",
            false,
        ),
        case(
            "BAD",
            Implicit,
            "AUTHENTICATE",
            Say("{tag} BAD what\r\n"),
            Password,
            "",
            false,
        ),
        case(
            "unavailable",
            Implicit,
            "AUTHENTICATE",
            Say("{tag} NO [UNAVAILABLE] backend\r\n"),
            Busy,
            "",
            false,
        ),
        case(
            "BYE for an answer",
            Implicit,
            "AUTHENTICATE",
            Close("* BYE too many\r\n"),
            Refused,
            "",
            false,
        ),
        case(
            "FIN for an answer",
            Implicit,
            "AUTHENTICATE",
            Close(""),
            Unreachable,
            "closed the connection",
            false,
        ),
        case(
            "another's tag",
            Implicit,
            "AUTHENTICATE",
            Say("zz9 OK in\r\n"),
            Misbehaved,
            odd,
            false,
        ),
        case(
            "silence for an answer",
            Implicit,
            "AUTHENTICATE",
            Stall(""),
            Unreachable,
            "does not answer",
            false,
        ),
    ];
    all_fail_at_sign_in(IncomingKind::Imap, cases).await;
}

/// The action of the page while the server fails.
#[derive(Debug, Clone, Copy)]
enum Work {
    Open,
    Star,
    Delete,
}

impl Work {
    async fn run(self, page: &Page) -> Result<(), ApiError> {
        let inbox = page.inbox();
        let id = page.rows(&inbox).await[1].id.clone();
        match self {
            Self::Open => {
                let opened = page.open(id).await?;
                assert_eq!(opened.subject, NEWEST_FIRST[1]);
            }
            Self::Star => {
                let ids = vec![id];
                let star = page.mark(ids, Mark::Starred);
                star.await?;
            }
            Self::Delete => {
                let (ids, to) = (vec![id], Destination::Role(FolderRole::Trash));
                page.move_to(ids, to).await?;
            }
        }
        Ok(())
    }
}

struct AtWork {
    name: &'static str,
    work: Work,
    at: &'static str,
    act: Act,
    told: ExpectedError,
    /// Whether the account retries the action on a new connection, so that one failure is not
    /// noticed.
    is_repeated: bool,
}

#[tokio::test]
async fn a_server_that_breaks_a_connection_costs_one_answer_at_most() {
    use Act::{Close, Flood, Say, Stall};
    use ErrorKind::{Busy, Misbehaved, Refused, Unreachable};
    let case = |name, work, at, act, kind, cause, is_repeated| AtWork {
        name,
        work,
        at,
        act,
        told: ExpectedError { kind, cause },
        is_repeated,
    };
    let scene = Scene::new(IncomingKind::Imap, TlsMode::Implicit).await;
    const LITERAL: &str = "* 2 FETCH (UID 2 BODY[HEADER]<0> {4000000}\r\n";
    let fetch = "UID FETCH";
    for case in [
        case(
            "literal over the limit",
            Work::Open,
            fetch,
            Flood(LITERAL, XS),
            Misbehaved,
            "too large",
            true,
        ),
        case(
            "endless line",
            Work::Open,
            fetch,
            Flood("* 2 FETCH (", XS),
            Misbehaved,
            "too large",
            true,
        ),
        case(
            "nested without end",
            Work::Open,
            fetch,
            Flood("* 2 FETCH ", "(((((((((((((((("),
            Misbehaved,
            "too large",
            true,
        ),
        case(
            "BYE in the middle",
            Work::Open,
            fetch,
            Close("* 2 FETCH (UID 2 FLAGS ())\r\n* BYE [UNAVAILABLE] restart\r\n"),
            Busy,
            "",
            true,
        ),
        case(
            "FIN in a literal",
            Work::Open,
            fetch,
            Close("* 2 FETCH (UID 2 BODY[HEADER]<0> {400}\r\nFrom: a"),
            Unreachable,
            "closed the connection",
            true,
        ),
        case(
            "FIN between lines",
            Work::Open,
            fetch,
            Close(""),
            Unreachable,
            "closed the connection",
            true,
        ),
        case(
            "another's tag",
            Work::Open,
            fetch,
            Say("zz9 OK done\r\n"),
            Misbehaved,
            "does not answer as",
            true,
        ),
        case(
            "silence",
            Work::Open,
            fetch,
            Stall("* 2 FETCH (UID 2 "),
            Unreachable,
            "does not answer",
            true,
        ),
        case(
            "FIN at a mark",
            Work::Star,
            "UID STORE",
            Close(""),
            Unreachable,
            "closed the connection",
            true,
        ),
        case(
            "FIN at a move",
            Work::Delete,
            "UID MOVE",
            Close(""),
            Unreachable,
            "closed the connection",
            false,
        ),
        case(
            "BYE at a move",
            Work::Delete,
            "UID MOVE",
            Close("* BYE restart\r\n"),
            Refused,
            "",
            false,
        ),
    ] {
        let AtWork {
            name,
            work,
            at,
            act,
            told,
            is_repeated,
        } = case;
        let stalls = matches!(act, Stall(_));
        for times in [1, 2] {
            let nth = scene.incoming.connections();
            let tries = scene.incoming.count(at);
            let (page, other) = (scene.open().await, scene.open().await);
            let act = act.clone();
            scene.incoming.fail(Fault { at, act, times });
            let time_passes = async {
                for nth in 1..=times {
                    if stalls {
                        scene.incoming.played(nth).await;
                        pass(LONG).await;
                    }
                }
            };
            let (done, ()) = tokio::join!(work.run(&page), time_passes);
            match (done, is_repeated && times == 1) {
                (Ok(()), true) => {}
                (Err(error), false) => told.assert(name, &error),
                (done, _) => panic!("{name}, {times} times: {done:?}"),
            }
            scene.incoming.left(nth).await;
            if !is_repeated {
                assert_eq!(scene.incoming.count(at), tries + 1, "{name}: done twice");
            }
            scene.incoming.fail(Fault {
                at,
                act: Say(""),
                times: 0,
            });
            assert_eq!(subjects(&page).await, NEWEST_FIRST, "{name}");
            work.run(&page).await.unwrap();
            work.run(&other).await.unwrap();
            // Each session has one connection.
            scene.incoming.left_but(2).await;
            page.handle.close().await;
            other.handle.close().await;
            scene.incoming.left_but(0).await;
            scene.assert_no_password_in_the_log(name);
        }
    }
}

#[tokio::test]
async fn a_refused_command_is_told_in_the_servers_words_and_the_connection_stays() {
    use Act::Say;
    let scene = Scene::new(IncomingKind::Imap, TlsMode::Implicit).await;
    let page = scene.open().await;
    for (work, at, act, reply) in [
        (
            Work::Open,
            "UID FETCH",
            Say("{tag} NO [SERVERBUG] disk\r\n"),
            "NO [SERVERBUG] disk",
        ),
        (
            Work::Open,
            "UID FETCH",
            Say("{tag} BAD what\r\n"),
            "BAD what",
        ),
        (
            Work::Star,
            "UID STORE",
            Say("{tag} NO [NOPERM] read-only\r\n"),
            "NO [NOPERM] read-only",
        ),
        (
            Work::Delete,
            "UID MOVE",
            Say("{tag} NO [OVERQUOTA] full\r\n"),
            "NO [OVERQUOTA] full",
        ),
    ] {
        // If its parts are refused, the account requests the whole message before it reports the
        // error.
        let times = if matches!(work, Work::Open) { 3 } else { 1 };
        scene.incoming.fail(Fault { at, act, times });
        let error = work.run(&page).await.unwrap_err();
        assert!(
            matches!(error.kind, ErrorKind::Refused | ErrorKind::Busy),
            "{error:?}"
        );
        assert_eq!(error.reply.as_deref(), Some(reply));
        assert!(
            !error.cause.is_empty() && !error.fix.is_empty(),
            "{error:?}"
        );
        work.run(&page).await.unwrap();
    }
    assert_eq!(subjects(&page).await, NEWEST_FIRST);
    assert_eq!(scene.incoming.connections(), 1);
    scene.assert_no_password_in_the_log("refusals");
}

#[tokio::test]
async fn an_inbox_that_cannot_be_selected_is_an_error_and_never_an_empty_list() {
    for words in ["{tag} NO [UNAVAILABLE] busy\r\n", "{tag} BAD what\r\n"] {
        // Fails once, before a request of the page; or twice, also at that request.
        for times in [1, 2] {
            let scene = Scene::new(IncomingKind::Imap, TlsMode::Implicit).await;
            let act = Act::Say(words);
            scene.incoming.fail(Fault {
                at: "SELECT",
                act,
                times,
            });
            let page = scene.desk.open(scene.sign_in()).await.unwrap();
            let window = app::api::types::Window {
                offset: 0,
                limit: 50,
            };
            let list = || page.list(page.inbox(), window);
            if times == 2 {
                let error = list().await.expect_err("a list");
                assert!(error.reply.is_some(), "{error:?}");
                assert!(
                    !error.cause.is_empty() && !error.fix.is_empty(),
                    "{error:?}"
                );
            }
            assert_eq!(list().await.unwrap().total, 3);
            assert_eq!(subjects(&page).await, NEWEST_FIRST);
            scene.assert_no_password_in_the_log("SELECT");
        }
    }
}

// docs/protocols.md, IMAP: UIDVALIDITY changes
#[tokio::test]
async fn after_a_change_of_uidvalidity_old_ids_name_nothing() {
    let scene = Scene::new(IncomingKind::Imap, TlsMode::Implicit).await;
    let page = scene.open().await;
    let old = page.rows(&page.inbox()).await[0].id.clone();
    // The connection is lost, and afterwards the mailbox has another UIDVALIDITY.
    scene.incoming.fail(Fault {
        at: "UID FETCH",
        act: Act::Close(""),
        times: 1,
    });
    let open = page.open(old.clone());
    let (opened, ()) = tokio::join!(open, async {
        scene.incoming.played(1).await;
        let other = "* FLAGS ()\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 8] .\r\n{tag} OK done\r\n";
        scene.incoming.fail(Fault {
            at: "SELECT",
            act: Act::Say(other),
            times: 9,
        });
    });
    assert_eq!(opened.unwrap_err().kind, ErrorKind::NotFound);
    let star = page.mark(vec![old.clone()], Mark::Starred);
    assert_eq!(star.await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(scene.incoming.count("UID STORE"), 0);
    let rows = page.rows(&page.inbox()).await;
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter()
            .all(|row| row.id != old && row.id.message.as_str().starts_with("8."))
    );
    Work::Open.run(&page).await.unwrap();
}

#[tokio::test]
async fn a_link_that_ends_while_nobody_asks_is_opened_again_and_the_page_asks_anew() {
    use Act::{Close, Flood, Stall};
    for act in [
        Close(""),
        Close("+ idling\r\n* BYE restart\r\n"),
        Flood("+ idling\r\n* ", XS),
        Stall(""),
    ] {
        let stalls = matches!(act, Stall(_));
        let scene = Scene::new(IncomingKind::Imap, TlsMode::Implicit).await;
        let page = scene.open().await;
        let mut events = page.handle.subscribe();
        let _watcher = page.handle.watch();
        scene.incoming.fail(Fault {
            at: "IDLE",
            act,
            times: 1,
        });
        // IDLE may have begun before the fault was set: any command ends it and starts it again.
        Work::Star.run(&page).await.unwrap();
        if stalls {
            // A server may be silent once IDLE has begun, but not before.
            scene.incoming.played(1).await;
            pass(Duration::from_secs(61)).await;
        }
        scene.incoming.left(0).await;
        let asked_anew =
            async { while events.recv().await.unwrap() != app::api::live::LiveEvent::Resync {} };
        tokio::time::timeout(Duration::from_secs(20), asked_anew)
            .await
            .expect("a resync");
        assert_eq!(subjects(&page).await, NEWEST_FIRST);
        assert_eq!(scene.incoming.connections(), 2);
        scene.assert_no_password_in_the_log("IDLE");
    }
}
