//! The three states of a session, and the effect of a dropped connection in each.

use super::*;

/// Plays a session and returns the result for the marked messages.
fn deletions_after(replies: &[&str], commands: &[Command]) -> Deletions {
    let mut client = Client::new(config(Tls::Implicit)).signed_in();
    for command in commands {
        client.enqueue(command.clone());
    }
    client.feed(b"+OK\r\n");
    for reply in ["+OK\r\nPIPELINING\r\n.\r\n"].iter().chain(replies) {
        run(&mut client);
        client.feed(reply.as_bytes());
    }
    run(&mut client);
    client.end_of_input();
    run(&mut client);
    client.deletions()
}

fn run(client: &mut Client) {
    while !matches!(client.step(), Ok(Step::NeedInput | Step::Done) | Err(_)) {}
}

fn dele(n: u32) -> Command {
    Command::Dele { number: number(n) }
}

// docs/protocols.md, POP3: DELE, RSET, QUIT
#[test]
fn rfc1939_6_a_dropped_connection_before_quit_reports_that_nothing_was_deleted() {
    let two = [dele(1), dele(2)];
    assert_eq!(
        deletions_after(&["+OK\r\n+OK\r\n"], &two),
        Deletions::Lost { count: 2 }
    );
    assert_eq!(
        deletions_after(&["+OK\r\n-ERR no such message\r\n"], &two),
        Deletions::Lost { count: 1 }
    );
    assert_eq!(
        deletions_after(&["-ERR\r\n-ERR\r\n"], &two),
        Deletions::None
    );
}

// docs/protocols.md, POP3: DELE, RSET, QUIT
#[test]
fn a_dropped_connection_after_quit_makes_the_deletions_unknown() {
    let acts = [dele(1), dele(2), Command::Quit];
    assert_eq!(
        deletions_after(&["+OK\r\n+OK\r\n"], &acts),
        Deletions::Unknown { count: 2 }
    );
    let refused = "-ERR some deleted messages not removed\r\n";
    assert_eq!(
        deletions_after(&["+OK\r\n+OK\r\n", refused], &acts),
        Deletions::Unknown { count: 2 }
    );
    assert_eq!(
        deletions_after(&["+OK\r\n+OK\r\n", "+OK bye\r\n"], &acts),
        Deletions::Done { count: 2 }
    );
}

// docs/protocols.md, POP3: DELE, RSET, QUIT
#[test]
fn rset_takes_the_marks_back() {
    let acts = [dele(1), Command::Rset, dele(2), Command::Quit];
    assert_eq!(
        deletions_after(&["+OK\r\n+OK\r\n+OK\r\n", "+OK\r\n"], &acts),
        Deletions::Done { count: 1 }
    );
    let acts = [dele(1), Command::Rset, Command::Quit];
    assert_eq!(
        deletions_after(&["+OK\r\n+OK\r\n", "+OK\r\n"], &acts),
        Deletions::None
    );
}

// docs/protocols.md, POP3: states
#[test]
fn a_command_of_another_state_is_not_sent() {
    let misplaced = |n, state| Event::NotAllowedInState { id: id(n), state };
    let early = Do(|c: &mut Client| {
        enqueue(c, dele(1));
        enqueue(c, Command::Noop);
        enqueue(c, Command::Quit);
    });
    let played = talk(&[
        GREETING,
        CAPA,
        early,
        Sends("CAPA\r\nQUIT\r\n"),
        Server("+OK bye\r\n"),
    ]);
    let quit = Event::Quit {
        id: id(2),
        response: ok("bye"),
    };
    let state = State::Authorization;
    assert_eq!(
        responses(&played),
        [misplaced(0, state), misplaced(1, state), quit]
    );

    let late = Do(|c: &mut Client| {
        login(c, "x");
        enqueue(c, Command::Utf8);
        enqueue(c, Command::Stat);
    });
    let played = serve(&[GREETING, CAPA, late, Sends("CAPA\r\nSTAT\r\n")]);
    let state = State::Transaction { marked: 0 };
    assert_eq!(
        responses(&played),
        [misplaced(0, state), misplaced(1, state)]
    );
}

// docs/protocols.md, POP3: states
#[test]
fn after_a_refused_sign_in_no_maildrop_command_is_sent() {
    let played = talk(&[
        Do(|c| {
            login(c, "x");
            enqueue(c, Command::Stat);
        }),
        GREETING,
        CAPA,
        Server("+OK\r\n"),
        Server("-ERR [AUTH] no\r\n"),
    ]);
    assert!(!played.sent.contains("STAT"), "{}", played.sent);
    assert!(matches!(
        responses(&played),
        [
            Event::Rejected { .. },
            Event::NotAllowedInState {
                state: State::Authorization,
                ..
            }
        ]
    ));
}

// docs/protocols.md, POP3: states
#[test]
fn behind_quit_nothing_is_sent() {
    let played = serve(&[
        GREETING,
        PIPELINING,
        Do(|c| {
            enqueue(c, Command::Quit);
            enqueue(c, Command::Stat);
        }),
        Sends("CAPA\r\nQUIT\r\n"),
        Server("+OK bye\r\n"),
        Sends(""),
    ]);
    assert!(played.is_done);
}

// docs/protocols.md, POP3: NOOP, UTF8, LANG
#[test]
fn rfc6856_utf8_before_signing_in_and_the_languages() {
    let played = talk(&[
        GREETING,
        Server("+OK\r\nUSER\r\nUTF8 USER\r\nLANG\r\n.\r\n"),
        Do(|c| {
            enqueue(c, Command::Utf8);
            enqueue(c, Command::Lang(None));
            enqueue(c, Command::Lang(LanguageTag::new("zh-Hans")));
        }),
        Sends("CAPA\r\nUTF8\r\n"),
        Server("+OK UTF8 enabled\r\n"),
        Sends("LANG\r\n"),
        Server(
            "+OK Language listing follows:\r\nen English\r\nde Deutsch\r\nzh-Hans 简体中文\r\n.\r\n",
        ),
        Sends("LANG zh-Hans\r\n"),
        Server("+OK zh-Hans 好\r\n"),
    ]);
    let Some(Event::Ready { capabilities }) = played.events.first() else {
        panic!("{played:?}");
    };
    assert!(capabilities.utf8 && capabilities.utf8_user && capabilities.lang);
    let row = |tag: &str, description: &str| LanguageListing {
        tag: tag.to_string(),
        description: description.to_string(),
    };
    assert_eq!(
        responses(&played),
        [
            completed(0, "UTF8 enabled"),
            Event::Languages {
                id: id(1),
                rows: Vec::from([
                    row("en", "English"),
                    row("de", "Deutsch"),
                    row("zh-Hans", "简体中文")
                ])
            },
            completed(1, "Language listing follows:"),
            completed(2, "zh-Hans 好"),
        ]
    );
}

// docs/protocols.md, POP3: NOOP, UTF8, LANG
#[test]
fn a_language_tag_holds_no_second_command() {
    for text in ["", "de\r\nDELE 1", "de en", "\u{e9}", &"x".repeat(36)] {
        assert_eq!(LanguageTag::new(text), None, "{text:?}");
    }
    assert!(LanguageTag::new("*").is_some());
}

// docs/protocols.md, POP3: STAT, LIST, UIDL
#[test]
fn list_and_uidl_of_one_message_are_read_from_the_status_line() {
    let played = serve(&[
        GREETING,
        PIPELINING,
        Do(|c| {
            enqueue(c, Command::ListOne { number: number(2) });
            enqueue(c, Command::UidlOne { number: number(2) });
            enqueue(c, Command::UidlOne { number: number(3) });
        }),
        Sends("CAPA\r\nLIST 2\r\nUIDL 2\r\nUIDL 3\r\n"),
        Server("+OK 2 200\r\n+OK 2 QhdPYR:00WBw1Ph7x7\r\n-ERR no such message\r\n"),
    ]);
    let [
        Event::Listing { rows, .. },
        Event::Completed { .. },
        Event::UniqueIds { rows: ids, .. },
        Event::Completed { .. },
        Event::Rejected { .. },
    ] = responses(&played)
    else {
        panic!("{played:?}");
    };
    assert_eq!((rows[0].number.number(), rows[0].size_bytes), (2, 200));
    assert_eq!(ids[0].unique_id, UniqueId::new("QhdPYR:00WBw1Ph7x7"));
}

// docs/protocols.md, POP3: CAPA
// docs/protocols.md, POP3: EXPIRE, LOGIN-DELAY, IMPLEMENTATION
#[test]
fn rfc2449_5_capabilities_may_be_others_behind_a_sign_in() {
    let played = serve(&[
        GREETING,
        CAPA,
        Do(|c| enqueue(c, Command::Capa)),
        Sends("CAPA\r\nCAPA\r\n"),
        Server("+OK\r\nPIPELINING\r\nEXPIRE 30 USER\r\nLOGIN-DELAY 900\r\n.\r\n"),
        RETR_TWO,
        Sends("RETR 1\r\nRETR 2\r\n"),
    ]);
    let [Event::Capabilities { capabilities, .. }] = responses(&played) else {
        panic!("{played:?}");
    };
    assert!(capabilities.pipelining && !capabilities.user);
    assert_eq!(
        capabilities.expire,
        Some(Expire::Days {
            days: 30,
            is_per_user: true
        })
    );
}

const RETR_TWO: Move<Client> = Do(|c| {
    enqueue(c, Command::Retr { number: number(1) });
    enqueue(c, Command::Retr { number: number(2) });
});
