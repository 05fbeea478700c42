//! IMAP servers that violate the protocol.

use app::api::types::{Destination, FolderRole, Mark};

use super::*;

#[tokio::test]
async fn failure_at_sign_in_is_reported_and_ends_the_connection() {
    use Act::{Close, Flood, Reply, Stall};
    use ErrorKind::{Busy, Misbehaved, Password, Refused, Unreachable};
    use TlsMode::{Implicit, StartTls};
    let case = SignInCase::case;
    let unexpected = "does not answer as IMAP servers do";
    let cases = vec![
        case(
            "web server",
            Implicit,
            "",
            Reply("HTTP/1.1 400 Bad Request\r\n\r\n"),
            Misbehaved,
            unexpected,
            true,
        ),
        case(
            "PREAUTH",
            Implicit,
            "",
            Reply("* PREAUTH [CAPABILITY IMAP4rev1] in\r\n"),
            Misbehaved,
            unexpected,
            true,
        ),
        case(
            "PREAUTH before STARTTLS",
            StartTls,
            "",
            Reply("* PREAUTH in\r\n"),
            Misbehaved,
            unexpected,
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
            Reply("{tag} OK go\r\n* CAPABILITY IMAP4rev1\r\n"),
            Misbehaved,
            "unencrypted after",
            true,
        ),
        case(
            "no STARTTLS",
            StartTls,
            "",
            Reply("* OK [CAPABILITY IMAP4rev1] hi\r\n"),
            Misbehaved,
            "does not offer STARTTLS",
            true,
        ),
        case(
            "STARTTLS refused",
            StartTls,
            "STARTTLS",
            Reply("{tag} NO not now\r\n"),
            Refused,
            "",
            true,
        ),
        case(
            "wrong password",
            Implicit,
            "AUTHENTICATE",
            Reply("{tag} NO [AUTHENTICATIONFAILED] no\r\n"),
            Password,
            "",
            false,
        ),
        case(
            "BAD",
            Implicit,
            "AUTHENTICATE",
            Reply("{tag} BAD what\r\n"),
            Password,
            "",
            false,
        ),
        case(
            "unavailable",
            Implicit,
            "AUTHENTICATE",
            Reply("{tag} NO [UNAVAILABLE] backend\r\n"),
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
            Reply("zz9 OK in\r\n"),
            Misbehaved,
            unexpected,
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
enum PageAction {
    Open,
    Star,
    Delete,
}

impl PageAction {
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

struct ActionCase {
    name: &'static str,
    action: PageAction,
    at: &'static str,
    act: Act,
    expected: ExpectedError,
    /// Whether the account retries the action on a new connection, so that one failure is not
    /// noticed.
    is_repeated: bool,
}

#[tokio::test]
async fn broken_connection_fails_at_most_one_request() {
    use Act::{Close, Flood, Reply, Stall};
    use ErrorKind::{Busy, Misbehaved, Refused, Unreachable};
    let case = |name, action, at, act, kind, cause, is_repeated| ActionCase {
        name,
        action,
        at,
        act,
        expected: ExpectedError { kind, cause },
        is_repeated,
    };
    let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
    const LITERAL: &str = "* 2 FETCH (UID 2 BODY[HEADER]<0> {4000000}\r\n";
    let fetch = "UID FETCH";
    for case in [
        case(
            "literal over the limit",
            PageAction::Open,
            fetch,
            Flood(LITERAL, XS),
            Misbehaved,
            "too large",
            true,
        ),
        case(
            "endless line",
            PageAction::Open,
            fetch,
            Flood("* 2 FETCH (", XS),
            Misbehaved,
            "too large",
            true,
        ),
        case(
            "nested without end",
            PageAction::Open,
            fetch,
            Flood("* 2 FETCH ", "(((((((((((((((("),
            Misbehaved,
            "too large",
            true,
        ),
        case(
            "BYE in the middle",
            PageAction::Open,
            fetch,
            Close("* 2 FETCH (UID 2 FLAGS ())\r\n* BYE [UNAVAILABLE] restart\r\n"),
            Busy,
            "",
            true,
        ),
        case(
            "FIN in a literal",
            PageAction::Open,
            fetch,
            Close("* 2 FETCH (UID 2 BODY[HEADER]<0> {400}\r\nFrom: a"),
            Unreachable,
            "closed the connection",
            true,
        ),
        case(
            "FIN between lines",
            PageAction::Open,
            fetch,
            Close(""),
            Unreachable,
            "closed the connection",
            true,
        ),
        case(
            "another's tag",
            PageAction::Open,
            fetch,
            Reply("zz9 OK done\r\n"),
            Misbehaved,
            "does not answer as",
            true,
        ),
        case(
            "silence",
            PageAction::Open,
            fetch,
            Stall("* 2 FETCH (UID 2 "),
            Unreachable,
            "does not answer",
            true,
        ),
        case(
            "FIN at a mark",
            PageAction::Star,
            "UID STORE",
            Close(""),
            Unreachable,
            "closed the connection",
            true,
        ),
        case(
            "FIN at a move",
            PageAction::Delete,
            "UID MOVE",
            Close(""),
            Unreachable,
            "closed the connection",
            false,
        ),
        case(
            "BYE at a move",
            PageAction::Delete,
            "UID MOVE",
            Close("* BYE restart\r\n"),
            Refused,
            "",
            false,
        ),
    ] {
        let ActionCase {
            name,
            action,
            at,
            act,
            expected,
            is_repeated,
        } = case;
        let is_stall = matches!(act, Stall(_));
        for times in [1, 2] {
            let nth = fixture.incoming.connections();
            let tries = fixture.incoming.count(at);
            let (page, other) = (fixture.open().await, fixture.open().await);
            let act = act.clone();
            fixture.incoming.fail(Fault { at, act, times });
            let time_passes = async {
                for nth in 1..=times {
                    if is_stall {
                        fixture.incoming.until_failed(nth).await;
                        advance_clock(LONG).await;
                    }
                }
            };
            let (done, ()) = tokio::join!(action.run(&page), time_passes);
            match (done, is_repeated && times == 1) {
                (Ok(()), true) => {}
                (Err(error), false) => expected.assert(name, &error),
                (done, _) => panic!("{name}, {times} times: {done:?}"),
            }
            fixture.incoming.until_closed(nth).await;
            if !is_repeated {
                assert_eq!(fixture.incoming.count(at), tries + 1, "{name}: done twice");
            }
            fixture.incoming.fail(Fault {
                at,
                act: Reply(""),
                times: 0,
            });
            assert_eq!(subjects(&page).await, NEWEST_FIRST, "{name}");
            action.run(&page).await.unwrap();
            action.run(&other).await.unwrap();
            // Each session has one connection.
            fixture.incoming.until_open(2).await;
            page.handle.close().await;
            other.handle.close().await;
            fixture.incoming.until_open(0).await;
            fixture.assert_no_password_in_the_log(name);
        }
    }
}

#[tokio::test]
async fn refused_command_reports_the_servers_reply_and_keeps_the_connection() {
    use Act::Reply;
    let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
    let page = fixture.open().await;
    for (action, at, act, reply) in [
        (
            PageAction::Open,
            "UID FETCH",
            Reply("{tag} NO [SERVERBUG] disk\r\n"),
            "NO [SERVERBUG] disk",
        ),
        (
            PageAction::Open,
            "UID FETCH",
            Reply("{tag} BAD what\r\n"),
            "BAD what",
        ),
        (
            PageAction::Star,
            "UID STORE",
            Reply("{tag} NO [NOPERM] read-only\r\n"),
            "NO [NOPERM] read-only",
        ),
        (
            PageAction::Delete,
            "UID MOVE",
            Reply("{tag} NO [OVERQUOTA] full\r\n"),
            "NO [OVERQUOTA] full",
        ),
    ] {
        // If its parts are refused, the account requests the whole message before it reports the
        // error.
        let times = if matches!(action, PageAction::Open) {
            3
        } else {
            1
        };
        fixture.incoming.fail(Fault { at, act, times });
        let error = action.run(&page).await.unwrap_err();
        assert!(
            matches!(error.kind, ErrorKind::Refused | ErrorKind::Busy),
            "{error:?}"
        );
        assert_eq!(error.reply.as_deref(), Some(reply));
        assert!(
            !error.cause.is_empty() && !error.fix.is_empty(),
            "{error:?}"
        );
        action.run(&page).await.unwrap();
    }
    assert_eq!(subjects(&page).await, NEWEST_FIRST);
    assert_eq!(fixture.incoming.connections(), 1);
    fixture.assert_no_password_in_the_log("refusals");
}

#[tokio::test]
async fn an_inbox_that_cannot_be_selected_is_an_error_and_never_an_empty_list() {
    for response in ["{tag} NO [UNAVAILABLE] busy\r\n", "{tag} BAD what\r\n"] {
        // Fails once, before a request of the page; or twice, also at that request.
        for times in [1, 2] {
            let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
            let act = Act::Reply(response);
            fixture.incoming.fail(Fault {
                at: "SELECT",
                act,
                times,
            });
            let page = fixture.accounts.open(fixture.sign_in()).await.unwrap();
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
            fixture.assert_no_password_in_the_log("SELECT");
        }
    }
}

// docs/protocols.md, IMAP: UIDVALIDITY changes
#[tokio::test]
async fn after_a_change_of_uidvalidity_old_ids_name_nothing() {
    let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
    let page = fixture.open().await;
    let old = page.rows(&page.inbox()).await[0].id.clone();
    // The connection is lost, and afterwards the mailbox has another UIDVALIDITY.
    fixture.incoming.fail(Fault {
        at: "UID FETCH",
        act: Act::Close(""),
        times: 1,
    });
    let open = page.open(old.clone());
    let (opened, ()) = tokio::join!(open, async {
        fixture.incoming.until_failed(1).await;
        let other = "* FLAGS ()\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 8] .\r\n{tag} OK done\r\n";
        fixture.incoming.fail(Fault {
            at: "SELECT",
            act: Act::Reply(other),
            times: 9,
        });
    });
    assert_eq!(opened.unwrap_err().kind, ErrorKind::NotFound);
    let star = page.mark(vec![old.clone()], Mark::Starred);
    assert_eq!(star.await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(fixture.incoming.count("UID STORE"), 0);
    let rows = page.rows(&page.inbox()).await;
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter()
            .all(|row| row.id != old && row.id.message.as_str().starts_with("8."))
    );
    PageAction::Open.run(&page).await.unwrap();
}

#[tokio::test]
async fn connection_that_ends_while_idle_is_reopened_and_the_page_resyncs() {
    use Act::{Close, Flood, Stall};
    for act in [
        Close(""),
        Close("+ idling\r\n* BYE restart\r\n"),
        Flood("+ idling\r\n* ", XS),
        Stall(""),
    ] {
        let is_stall = matches!(act, Stall(_));
        let fixture = Fixture::new(IncomingKind::Imap, TlsMode::Implicit).await;
        let page = fixture.open().await;
        let mut events = page.handle.subscribe();
        let _watcher = page.handle.watch();
        fixture.incoming.fail(Fault {
            at: "IDLE",
            act,
            times: 1,
        });
        // IDLE may have begun before the fault was set: any command ends it and starts it again.
        PageAction::Star.run(&page).await.unwrap();
        if is_stall {
            // A server may be silent once IDLE has begun, but not before.
            fixture.incoming.until_failed(1).await;
            advance_clock(Duration::from_secs(61)).await;
        }
        fixture.incoming.until_closed(0).await;
        let asked_anew =
            async { while events.recv().await.unwrap() != app::api::live::LiveEvent::Resync {} };
        tokio::time::timeout(Duration::from_secs(20), asked_anew)
            .await
            .expect("a resync");
        assert_eq!(subjects(&page).await, NEWEST_FIRST);
        assert_eq!(fixture.incoming.connections(), 2);
        fixture.assert_no_password_in_the_log("IDLE");
    }
}
