//! POP3 servers that violate the protocol.

use app::api::types::{Destination, FolderRole, Window};

use super::*;

#[tokio::test]
async fn failure_at_sign_in_is_reported_and_ends_the_connection() {
    use Act::{Close, Flood, Reply, Stall};
    use ErrorKind::{Busy, Misbehaved, Password, Refused, Unreachable};
    use TlsMode::{Implicit, StartTls};
    let case = SignInCase::case;
    let unexpected = "does not answer as POP3 servers do";
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
            "refusal for a greeting",
            Implicit,
            "",
            Close("-ERR [SYS/TEMP] later\r\n"),
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
            Close("-ERR Too many connections\r\n"),
            Busy,
            "takes no more connections",
            true,
        ),
        case(
            "endless greeting",
            Implicit,
            "",
            Flood("+OK ", XS),
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
            "words behind STLS",
            StartTls,
            "STLS",
            Reply("+OK go\r\n+OK\r\nUSER\r\n.\r\n"),
            Misbehaved,
            "unencrypted after",
            true,
        ),
        case(
            "no STLS",
            StartTls,
            "CAPA",
            Reply("+OK\r\nTOP\r\nUSER\r\n.\r\n"),
            Misbehaved,
            "does not offer STARTTLS",
            true,
        ),
        case(
            "STLS refused",
            StartTls,
            "STLS",
            Reply("-ERR not now\r\n"),
            Refused,
            "",
            true,
        ),
        case(
            "endless capabilities",
            Implicit,
            "CAPA",
            Flood("+OK\r\n", XS),
            Misbehaved,
            "too large",
            true,
        ),
        case(
            "wrong password",
            Implicit,
            "AUTH",
            Reply("-ERR [AUTH] no\r\n"),
            Password,
            "",
            false,
        ),
        case(
            "locked maildrop",
            Implicit,
            "AUTH",
            Reply("-ERR [IN-USE] locked\r\n"),
            Busy,
            "",
            false,
        ),
        case(
            "out of order",
            Implicit,
            "AUTH",
            Reply("-ERR [SYS/TEMP] disk\r\n"),
            Busy,
            "",
            false,
        ),
        case(
            "FIN for an answer",
            Implicit,
            "AUTH",
            Close(""),
            Unreachable,
            "closed the connection",
            false,
        ),
        case(
            "nonsense for an answer",
            Implicit,
            "AUTH",
            Reply("what\r\n"),
            Misbehaved,
            unexpected,
            false,
        ),
        case(
            "silence for an answer",
            Implicit,
            "AUTH",
            Stall(""),
            Unreachable,
            "does not answer",
            false,
        ),
    ];
    all_fail_at_sign_in(IncomingKind::Pop3, cases).await;
}

async fn read(page: &Page) -> Result<(), ApiError> {
    let window = Window {
        offset: 0,
        limit: 50,
    };
    let inbox = page.inbox();
    let rows = page.list(inbox.clone(), window).await?.rows;
    assert_eq!(rows.len(), 3);
    let id = rows[1].id.clone();
    let opened = page.open(id).await?;
    assert_eq!(opened.subject, NEWEST_FIRST[1]);
    Ok(())
}

#[tokio::test]
async fn broken_session_fails_at_most_one_request() {
    use Act::{Close, Flood, Reply, Stall};
    use ErrorKind::{Misbehaved, Unreachable};
    let case = |name, at, act, kind, cause| (name, at, act, ExpectedError { kind, cause });
    let fixture = Fixture::new(IncomingKind::Pop3, TlsMode::Implicit).await;
    let unexpected = "does not answer as POP3 servers do";
    for (name, at, act, expected) in [
        case(
            "FIN in a listing",
            "LIST",
            Close("+OK\r\n1 10\r\n2 "),
            Unreachable,
            "closed the connection",
        ),
        case(
            "endless listing line",
            "LIST",
            Flood("+OK\r\n1 10", XS),
            Misbehaved,
            "too large",
        ),
        case(
            "listing of words",
            "LIST",
            Reply("+OK\r\none ten\r\n.\r\n"),
            Misbehaved,
            unexpected,
        ),
        case(
            "FIN in a message",
            "RETR",
            Close("+OK\r\nFrom: ann@peer"),
            Unreachable,
            "closed the connection",
        ),
        case(
            "FIN in a dot",
            "RETR",
            Close("+OK\r\nSubject: two\r\n\r\nx\r\n."),
            Unreachable,
            "closed the connection",
        ),
        case(
            "endless status line",
            "RETR",
            Flood("+OK ", XS),
            Misbehaved,
            "too large",
        ),
        case(
            "nonsense for a status",
            "RETR",
            Reply("what\r\n"),
            Misbehaved,
            unexpected,
        ),
        case(
            "silence in a message",
            "RETR",
            Stall("+OK\r\nFrom: ann@peer"),
            Unreachable,
            "does not answer",
        ),
    ] {
        for times in [1, 2] {
            let nth = fixture.incoming.connections();
            let act = act.clone();
            let is_stall = matches!(act, Stall(_));
            fixture.incoming.fail(Fault { at, act, times });
            let page = fixture.accounts.open(fixture.sign_in()).await.unwrap();
            let time_passes = async {
                for nth in 1..=times {
                    if is_stall {
                        fixture.incoming.until_failed(nth).await;
                        advance_clock(LONG).await;
                    }
                }
            };
            let (done, ()) = tokio::join!(read(&page), time_passes);
            match (done, times) {
                (Ok(()), 1) => {}
                (Err(error), 2) => expected.assert(name, &error),
                (done, _) => panic!("{name}, {times} times: {done:?}"),
            }
            fixture.incoming.until_closed(nth).await;
            read(&page).await.unwrap();
            assert_eq!(fixture.incoming.count("DELE"), 0, "{name}");
            // Another session of the account gets its turn, and then the first one again.
            let other = fixture.open().await;
            read(&other).await.unwrap();
            read(&page).await.unwrap();
            fixture.incoming.until_open(1).await;
            page.handle.close().await;
            other.handle.close().await;
            fixture.incoming.until_open(0).await;
            fixture.assert_no_password_in_the_log(name);
        }
    }
}

#[tokio::test]
async fn refused_message_reports_the_servers_reply_and_the_session_continues() {
    let fixture = Fixture::new(IncomingKind::Pop3, TlsMode::Implicit).await;
    let page = fixture.open().await;
    let act = Act::Reply("-ERR [SYS/PERM] damaged\r\n");
    fixture.incoming.fail(Fault {
        at: "RETR",
        act,
        times: 1,
    });
    let error = read(&page).await.unwrap_err();
    assert_eq!(error.reply.as_deref(), Some("-ERR [SYS/PERM] damaged"));
    assert!(
        !error.cause.is_empty() && !error.fix.is_empty(),
        "{error:?}"
    );
    read(&page).await.unwrap();
    assert_eq!(fixture.incoming.connections(), 1);
}

#[tokio::test]
async fn delete_of_a_cut_session_runs_in_the_next_one() {
    let fixture = Fixture::new(IncomingKind::Pop3, TlsMode::Implicit).await;
    let page = fixture.open().await;
    let id = page.rows(&page.inbox()).await[1].id.clone();
    let to = Destination::Role(FolderRole::Trash);
    let delete = page.move_to(vec![id], to);
    delete.await.unwrap();
    // The connection is cut when the session sends DELE.
    let act = Act::Close("");
    fixture.incoming.fail(Fault {
        at: "DELE",
        act,
        times: 1,
    });
    page.handle.close().await;
    fixture.incoming.until_failed(1).await;
    fixture.incoming.until_open(0).await;
    let reopened = fixture.accounts.open(fixture.sign_in()).await.unwrap();
    // The delete is still pending, and runs once its undo time is over.
    assert_eq!(
        subjects(&reopened).await,
        [NEWEST_FIRST[0], NEWEST_FIRST[2]]
    );
    assert_eq!(fixture.incoming.count("DELE"), 1);
}
