//! The encoding of commands, and when they are sent.

use mail_proto::imap::{
    Append, Command, Date, FetchItem, Flag, InternalDate, Keyword, List, Mailbox, MailboxAttribute,
    PartNumber, SearchKey, Section, SequenceNumber, SequenceSet, StatusItem, Store, StoreMode,
    Text, Uid,
};

use crate::talk::{every_cut, implicit_tls, ready};

pub(crate) fn set(text: &str) -> SequenceSet {
    SequenceSet::parse(text.as_bytes()).unwrap()
}

pub(crate) fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

pub(crate) fn mailbox(name: &str) -> Mailbox {
    Mailbox::encode(name, false).unwrap()
}

#[track_caller]
pub(crate) fn is_written(capabilities: &str, command: Command, line: &str) {
    every_cut(implicit_tls(), |talk| {
        ready(talk, capabilities);
        talk.enqueue(command.clone());
        talk.client(format!("r1 {line}\r\n"));
    });
}

// docs/protocols.md, IMAP: CAPABILITY, NOOP, LOGOUT, CHECK, CLOSE, UNSELECT
#[test]
fn simple_commands_are_their_own_word() {
    for (command, line) in [
        (Command::Capability, "CAPABILITY"),
        (Command::Noop, "NOOP"),
        (Command::Namespace, "NAMESPACE"),
        (Command::Unselect, "UNSELECT"),
        (Command::Close, "CLOSE"),
        (Command::Expunge, "EXPUNGE"),
        (Command::Idle, "IDLE"),
        (Command::Select(Mailbox::inbox()), "SELECT \"INBOX\""),
        (Command::Examine(mailbox("a b")), "EXAMINE \"a b\""),
        (
            Command::Subscribe(mailbox("海鸥项目")),
            "SUBSCRIBE \"&bXeeJZh5du4-\"",
        ),
        (Command::UidExpunge(set("3,5:7")), "UID EXPUNGE 3,5:7"),
        (Command::Id(Vec::new()), "ID NIL"),
        (
            Command::Id(vec![
                (text("name"), text("Restante")),
                (text("version"), text("1")),
            ]),
            "ID (\"name\" \"Restante\" \"version\" \"1\")",
        ),
    ] {
        is_written("", command, line);
    }
}

// docs/protocols.md, IMAP: LIST, LSUB, NAMESPACE
#[test]
fn list_asks_for_no_more_than_is_offered() {
    let list = Command::List(List {
        return_status: vec![StatusItem::Messages, StatusItem::Unseen],
        ..List::everything()
    });
    for (capabilities, line) in [
        ("", "LIST \"\" \"*\""),
        ("SPECIAL-USE", "LIST \"\" \"*\""),
        (
            "LIST-STATUS",
            "LIST \"\" \"*\" RETURN (STATUS (MESSAGES UNSEEN))",
        ),
        (
            "LIST-EXTENDED",
            "LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN)",
        ),
        (
            "LIST-EXTENDED LIST-STATUS SPECIAL-USE",
            "LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES UNSEEN))",
        ),
    ] {
        is_written(capabilities, list.clone(), line);
    }
}

// docs/protocols.md, IMAP: CREATE (USE), DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE
#[test]
fn create_names_a_special_use_where_that_is_offered() {
    let create = Command::Create {
        mailbox: mailbox("Archive"),
        special_use: Some(MailboxAttribute::Archive),
    };
    is_written("SPECIAL-USE", create.clone(), "CREATE \"Archive\"");
    is_written(
        "CREATE-SPECIAL-USE",
        create,
        "CREATE \"Archive\" (USE (\\Archive))",
    );
}

// docs/protocols.md, IMAP: FETCH
#[test]
fn fetch_never_marks_a_message_read() {
    let part = PartNumber::new(&[1, 2]).unwrap();
    let peek = |section, partial| FetchItem::BodyPeek { section, partial };
    let items = vec![
        FetchItem::Uid,
        FetchItem::Flags,
        FetchItem::InternalDate,
        FetchItem::Rfc822Size,
        FetchItem::Envelope,
        FetchItem::BodyStructure,
        peek(Section::message(), None),
        peek(Section::header(), None),
        peek(Section::header_fields(&["References", "X Y"]), None),
        peek(Section::part(part), Some((1_048_576, 1_048_576))),
    ];
    is_written(
        "",
        Command::Fetch {
            set: set("5:*"),
            uid: true,
            items: items.clone(),
        },
        "UID FETCH 5:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[] \
         BODY.PEEK[HEADER] BODY.PEEK[HEADER.FIELDS (References \"X Y\")] \
         BODY.PEEK[1.2]<1048576.1048576>)",
    );
    let [uid, ..] = &items[..] else { panic!() };
    is_written(
        "",
        Command::Fetch {
            set: set("2"),
            uid: false,
            items: vec![uid.clone()],
        },
        "FETCH 2 (UID)",
    );
}

// docs/protocols.md, IMAP: EXPUNGE, UID EXPUNGE, STORE (UNCHANGEDSINCE), COPY, MOVE
#[test]
fn store_leaves_out_flags_that_cannot_be_set() {
    let flags = vec![
        Flag::Seen,
        Flag::Recent,
        Flag::Wildcard,
        Flag::Keyword(Keyword::new("$Forwarded").unwrap()),
        Flag::parse(b"x) \\Deleted\r\nr9 LOGOUT"),
    ];
    let store = |mode, uid, silent| {
        Command::Store(Store {
            set: set("1:3"),
            uid,
            mode,
            flags: flags.clone(),
            silent,
        })
    };
    is_written(
        "",
        store(StoreMode::Add, true, true),
        "UID STORE 1:3 +FLAGS.SILENT (\\Seen $Forwarded)",
    );
    is_written(
        "",
        store(StoreMode::Remove, true, false),
        "UID STORE 1:3 -FLAGS (\\Seen $Forwarded)",
    );
    is_written(
        "",
        store(StoreMode::Replace, false, false),
        "STORE 1:3 FLAGS (\\Seen $Forwarded)",
    );
}

// docs/protocols.md, IMAP: EXPUNGE, UID EXPUNGE, STORE (UNCHANGEDSINCE), COPY, MOVE
#[test]
fn copy_and_move_name_their_mailbox() {
    let (set, mailbox) = (set("7"), mailbox("Trash"));
    let copy = Command::Copy {
        set: set.clone(),
        uid: false,
        mailbox: mailbox.clone(),
    };
    is_written("", copy, "COPY 7 \"Trash\"");
    is_written(
        "MOVE",
        Command::Move {
            set,
            uid: true,
            mailbox,
        },
        "UID MOVE 7 \"Trash\"",
    );
}

#[test]
fn search_names_a_charset_only_when_it_has_to() {
    let search = |criteria: &[SearchKey]| Command::Search {
        uid: true,
        criteria: criteria.to_vec(),
    };
    is_written("", search(&[]), "UID SEARCH ALL");
    is_written(
        "ESEARCH",
        search(&[SearchKey::Unseen]),
        "UID SEARCH RETURN (ALL) UNSEEN",
    );
    let header = SearchKey::Header {
        field: text("Message-ID"),
        text: text("<a@b>"),
    };
    is_written(
        "",
        search(&[
            header,
            SearchKey::Since(Date::new(2026, 2, 1).unwrap()),
            SearchKey::Not(SearchKey::Deleted.into()),
            SearchKey::Uid(set("9:*")),
        ]),
        "UID SEARCH HEADER \"Message-ID\" \"<a@b>\" SINCE 1-Feb-2026 NOT DELETED UID 9:*",
    );
    let umlaut = SearchKey::Header {
        field: text("Subject"),
        text: text("Grüße"),
    };
    is_written(
        "LITERAL+",
        search(&[umlaut]),
        "UID SEARCH CHARSET UTF-8 HEADER \"Subject\" {7+}\r\nGrüße",
    );
    is_written(
        "",
        Command::Search {
            uid: false,
            criteria: vec![],
        },
        "SEARCH ALL",
    );
}

// docs/protocols.md, IMAP: LITERAL+, LITERAL-
#[test]
fn no_argument_can_begin_another_command() {
    // A server may send such a mailbox name; it stays one literal.
    let evil = Mailbox::from_wire(&b"a\"\r\nr9 DELETE INBOX"[..]);
    is_written(
        "LITERAL+",
        Command::Select(evil),
        "SELECT {19+}\r\na\"\r\nr9 DELETE INBOX",
    );
    assert!(Mailbox::encode("a\r\nb", true).is_err());
}

// docs/protocols.md, IMAP: APPEND (APPENDLIMIT, MULTIAPPEND known)
#[test]
fn append_announces_flags_date_and_size() {
    let append = Append {
        mailbox: mailbox("Sent"),
        flags: vec![Flag::Seen, Flag::Recent],
        internal_date: InternalDate::from_unix_secs(0),
        size_bytes: 310,
    };
    is_written(
        "",
        Command::Append(append.clone()),
        "APPEND \"Sent\" (\\Seen) \"01-Jan-1970 00:00:00 +0000\" {310}",
    );
    is_written(
        "LITERAL-",
        Command::Append(Append {
            flags: vec![],
            internal_date: None,
            ..append
        }),
        "APPEND \"Sent\" {310+}",
    );
}

// docs/protocols.md, IMAP: pipelining (RFC 9051 §5.5)
#[test]
fn commands_are_sent_together_and_their_responses_arrive_in_any_order() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::Noop);
        talk.enqueue(Command::Namespace);
        talk.enqueue(Command::Copy {
            set: set("5"),
            uid: true,
            mailbox: mailbox("X"),
        });
        talk.client_in_one_write("r1 NOOP\r\nr2 NAMESPACE\r\nr3 UID COPY 5 \"X\"\r\n");
        talk.server("r3 OK c\r\nr1 OK a\r\nr2 OK b\r\n");
    });
    assert_eq!(events.len(), 4);
}

#[test]
fn a_command_with_sequence_numbers_waits_for_those_that_may_move_them() {
    // RFC 9051 §5.5: FETCH + NOOP + STORE.
    let uid_fetch = Command::Fetch {
        set: set("1:*"),
        uid: true,
        items: vec![FetchItem::Flags],
    };
    let fetch = Command::Fetch {
        set: set("1:5"),
        uid: false,
        items: vec![FetchItem::Uid],
    };
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        for command in [&fetch, &uid_fetch, &fetch, &fetch] {
            talk.enqueue(command.clone());
        }
        talk.client("r1 FETCH 1:5 (UID)\r\nr2 UID FETCH 1:* (FLAGS)\r\n");
        talk.server("r1 OK one\r\n");
        talk.expect_no_output();
        talk.server("* 3 EXPUNGE\r\nr2 OK two\r\n");
        // Commands with sequence numbers only may be sent together.
        talk.client_in_one_write("r3 FETCH 1:5 (UID)\r\nr4 FETCH 1:5 (UID)\r\n");
    });
}

#[test]
fn opening_another_mailbox_waits_for_all_commands_in_progress() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::Select(mailbox("A")));
        talk.client("r1 SELECT \"A\"\r\n");
        talk.server("r1 OK selected\r\n");
        talk.enqueue(Command::Noop);
        talk.enqueue(Command::Select(mailbox("B")));
        let set = SequenceSet::single(Uid::new(4).unwrap());
        talk.enqueue(Command::Fetch {
            set,
            uid: true,
            items: vec![FetchItem::Flags],
        });
        talk.client("r2 NOOP\r\n");
        talk.server("r2 OK done\r\n");
        talk.client_in_one_write("r3 SELECT \"B\"\r\nr4 UID FETCH 4 (FLAGS)\r\n");
    });
}

#[test]
fn after_unselect_the_next_select_waits_for_the_tagged_response() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "UNSELECT");
        talk.enqueue(Command::Select(mailbox("A")));
        talk.client("r1 SELECT \"A\"\r\n");
        talk.server("r1 OK selected\r\n");
        talk.enqueue(Command::Unselect);
        talk.enqueue(Command::Noop);
        talk.enqueue(Command::Select(mailbox("B")));
        talk.client("r2 UNSELECT\r\n");
        talk.server("* 3 EXISTS\r\nr2 OK closed\r\n");
        talk.client_in_one_write("r3 NOOP\r\nr4 SELECT \"B\"\r\n");
    });
}

#[test]
fn the_listing_and_the_first_select_leave_together() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::List(List::everything()));
        talk.enqueue(Command::Select(Mailbox::inbox()));
        talk.client_in_one_write("r1 LIST \"\" \"*\"\r\nr2 SELECT \"INBOX\"\r\n");
    });
}

#[test]
fn sets_are_made_of_numbers_of_both_kinds() {
    let seq = |number| SequenceNumber::new(number).unwrap();
    assert_eq!(SequenceSet::range(seq(9), seq(4)).to_string(), "4:9");
    assert_eq!(SequenceSet::from_first(seq(3)).to_string(), "3:*");
    assert_eq!(SequenceSet::all().to_string(), "1:*");
}
