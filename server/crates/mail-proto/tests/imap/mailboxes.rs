//! Commands on mailboxes, and the server's responses to them.

use mail_proto::imap::{
    AppendLimit, Capability, Command, Enable, Event, FetchItem, List, ListSelection, Mailbox,
    MailboxAttribute, Notify, NotifyEvents, NotifyGroup, NotifyMailboxes, NotifySelected, ObjectId,
    QResync, Select, SelectParameter, SequenceMatch, StatusData, StatusItem, UidValidity,
};

use crate::commands::{is_written, mailbox, set, text};
use crate::talk::{every_cut, implicit_tls, ready};

/// Returns the events for this server data.
pub(crate) fn events_from(response: &str) -> Vec<Event> {
    let mut events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server(response);
    });
    events.remove(0);
    events
}

fn qresync() -> QResync {
    QResync {
        uid_validity: UidValidity::new(67_890_007).unwrap(),
        mod_seq: 20_050_715_194_045_000,
        known_uids: None,
        sequence_match: None,
    }
}

fn select(parameter: SelectParameter) -> Command {
    Command::SelectWith(Select {
        mailbox: Mailbox::inbox(),
        read_only: false,
        parameter,
    })
}

// docs/protocols.md, IMAP: ENABLE, SELECT, EXAMINE
#[test]
fn the_parameters_of_rfc_7162_are_written_where_they_are_offered() {
    let known = SelectParameter::QResync(QResync {
        known_uids: Some(set("41,43:211,214:541")),
        ..qresync()
    });
    for (capabilities, line) in [
        (
            "CONDSTORE QRESYNC",
            "SELECT \"INBOX\" (QRESYNC (67890007 20050715194045000 41,43:211,214:541))",
        ),
        ("CONDSTORE", "SELECT \"INBOX\" (CONDSTORE)"),
        ("", "SELECT \"INBOX\""),
    ] {
        is_written(capabilities, select(known.clone()), line);
    }
    let matched = SelectParameter::QResync(QResync {
        known_uids: Some(set("1:29997")),
        sequence_match: Some(SequenceMatch {
            numbers: set("5000,7500,9990:9999"),
            uids: set("15000,22500,29970"),
        }),
        ..qresync()
    });
    is_written(
        "QRESYNC",
        select(matched),
        "SELECT \"INBOX\" (QRESYNC (67890007 20050715194045000 1:29997 \
         (5000,7500,9990:9999 15000,22500,29970)))",
    );
    let examine = Command::SelectWith(Select {
        mailbox: mailbox("a b"),
        read_only: true,
        parameter: SelectParameter::CondStore,
    });
    is_written("CONDSTORE", examine, "EXAMINE \"a b\" (CONDSTORE)");
}

// docs/protocols.md, IMAP: ENABLE, SELECT, EXAMINE
#[test]
fn enable_and_select_leave_together() {
    // RFC 5161 §3.1: there is no need to wait for ENABLED.
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "ENABLE CONDSTORE QRESYNC");
        talk.enqueue(Command::Enable(vec![Enable::CondStore, Enable::QResync]));
        talk.enqueue(select(SelectParameter::QResync(qresync())));
        talk.client_in_one_write(
            "r1 ENABLE CONDSTORE QRESYNC\r\n\
             r2 SELECT \"INBOX\" (QRESYNC (67890007 20050715194045000))\r\n",
        );
        talk.server("* ENABLED CONDSTORE QRESYNC X-NEW\r\nr1 OK ENABLE completed\r\n");
        talk.server("* ENABLED\r\n");
    });
    let Event::Enabled(enabled) = &events[1] else {
        panic!("{events:?}")
    };
    assert!(enabled.has(Capability::QResync) && enabled.has_name("x-new"));
    assert!(!enabled.has(Capability::Enable));
    assert!(matches!(&events[3], Event::Enabled(none) if none.words().count() == 0));
}

// docs/protocols.md, IMAP: CREATE (USE), DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE
#[test]
fn mailboxes_are_made_renamed_and_deleted() {
    for (command, line) in [
        (Command::Delete(mailbox("foo")), "DELETE \"foo\""),
        (
            Command::Rename {
                from: mailbox("zowie"),
                to: mailbox("bär"),
            },
            "RENAME \"zowie\" \"b&AOQ-r\"",
        ),
        (Command::Unsubscribe(mailbox("a b")), "UNSUBSCRIBE \"a b\""),
        (Command::Check, "CHECK"),
        (
            Command::Lsub {
                reference: mailbox("#news."),
                pattern: text("comp.mail.%"),
            },
            "LSUB \"#news.\" \"comp.mail.%\"",
        ),
    ] {
        is_written("", command, line);
    }
}

// docs/protocols.md, IMAP: CREATE (USE), DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE
#[test]
fn a_name_that_cannot_be_quoted_is_sent_as_a_literal_in_every_command() {
    let evil = || Mailbox::from_wire(&b"a\"\r\nr9 LOGOUT"[..]);
    for (command, line) in [
        (
            Command::Rename {
                from: evil(),
                to: evil(),
            },
            "RENAME {13+}\r\na\"\r\nr9 LOGOUT {13+}\r\na\"\r\nr9 LOGOUT",
        ),
        (
            Command::GetQuotaRoot(evil()),
            "GETQUOTAROOT {13+}\r\na\"\r\nr9 LOGOUT",
        ),
        (
            Command::SelectWith(Select {
                mailbox: evil(),
                read_only: false,
                parameter: SelectParameter::CondStore,
            }),
            "SELECT {13+}\r\na\"\r\nr9 LOGOUT (CONDSTORE)",
        ),
        (
            Command::Notify(Notify::Set {
                status: false,
                selected: NotifySelected::default(),
                groups: vec![NotifyGroup {
                    mailboxes: NotifyMailboxes::Mailboxes(vec![evil()]),
                    events: NotifyEvents::default(),
                }],
            }),
            "NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge)) \
             (MAILBOXES ({13+}\r\na\"\r\nr9 LOGOUT) NONE)",
        ),
    ] {
        is_written("LITERAL- CONDSTORE NOTIFY QUOTA", command, line);
    }
}

#[test]
fn the_delimiter_is_requested_in_the_basic_form_of_rfc_5258_3() {
    let list = Command::List(List {
        pattern: text(""),
        ..List::everything()
    });
    is_written("LIST-EXTENDED SPECIAL-USE", list, "LIST \"\" \"\"");
}

// docs/protocols.md, IMAP: LIST, LSUB, NAMESPACE
#[test]
fn list_selects_as_in_rfc_9051_6_3_9_7() {
    let list = |selection| {
        Command::List(List {
            selection,
            pattern: text("%"),
            return_special_use: false,
            return_subscribed: false,
            ..List::everything()
        })
    };
    let subscribed = ListSelection {
        subscribed: true,
        ..ListSelection::default()
    };
    is_written("", list(subscribed), "LIST (SUBSCRIBED) \"\" \"%\"");
    is_written(
        "LIST-EXTENDED",
        list(ListSelection {
            recursive_match: true,
            ..subscribed
        }),
        "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"%\" RETURN (CHILDREN)",
    );
    is_written(
        "",
        list(ListSelection {
            special_use: true,
            remote: true,
            ..ListSelection::default()
        }),
        "LIST (SPECIAL-USE REMOTE) \"\" \"%\"",
    );
    // RFC 5258 §3.1: this option selects nothing by itself.
    is_written(
        "",
        list(ListSelection {
            recursive_match: true,
            ..ListSelection::default()
        }),
        "LIST \"\" \"%\"",
    );
}

// docs/protocols.md, IMAP: LIST, LSUB, NAMESPACE
#[test]
fn extended_list_data_is_read() {
    // RFC 9051 §6.3.9.7, examples 4, 9 and 10.
    let events = events_from(
        "* LIST (\\HasChildren) \"/\" foo (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n\
         * LIST (\\NonExistent) \"/\" {3}\r\nbar (\"OLDNAME\" (\"baz\") X-NEW (1 (2)) CHILDINFO NIL)\r\n\
         * LIST () NIL flat (\"OLDNAME\" ())\r\n\
         * LSUB (\\Noselect) \".\" #news.comp.mail\r\n",
    );
    let [
        Event::List(foo),
        Event::List(bar),
        Event::List(flat),
        Event::Lsub(news),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(foo.extended.child_info, ["SUBSCRIBED"]);
    assert_eq!(
        bar.extended.old_name.as_ref().map(Mailbox::as_wire),
        Some(&b"baz"[..])
    );
    assert_eq!(bar.extended.others.len(), 4);
    assert_eq!((flat.delimiter, &flat.extended.old_name), (None, &None));
    assert_eq!(flat.extended.others.len(), 2);
    assert!(news.has(&MailboxAttribute::NoSelect));
    assert_eq!(news.mailbox.as_wire(), b"#news.comp.mail");
}

#[test]
fn namespace_extensions_are_reported() {
    // RFC 2342 §5, example 6, with an extension of RFC 5255.
    let events = events_from(
        "* NAMESPACE ((\"\" \"/\")(\"#mh/\" \"/\" \"X-PARAM\" (\"FLAG1\" \"FLAG2\"))) NIL \
         ((\"Other Users/\" NIL \"TRANSLATION\" (\"Andere Ben&APw-tzer/\")))\r\n",
    );
    let [Event::Namespace(spaces)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(spaces.personal[0].others, []);
    assert_eq!(spaces.personal[1].others.len(), 2);
    assert_eq!(spaces.personal[1].prefix, "#mh/");
    assert_eq!(
        (spaces.shared[0].delimiter, spaces.shared[0].others.len()),
        (None, 2)
    );
    assert!(spaces.other_users.is_empty());
}

#[test]
fn responses_of_unsupported_extensions_are_reported_as_unknown_data() {
    let responses = [
        "METADATA \"INBOX\" (/private/comment {3}\r\nabc)",
        "ACL INBOX fred rwipslda",
        "MYRIGHTS INBOX rwiptsldaex",
        "LANGUAGE (EN)",
        "COMPARATOR i;unicode-casemap",
        "GENURLAUTH \"imap://x\"",
        "XLIST (\\HasNoChildren \\Inbox) \"/\" \"Inbox\"",
        "5 UIDFETCH (FLAGS ())",
    ];
    for response in responses {
        let events = events_from(&format!("* {response}\r\n* 3 EXISTS\r\n"));
        let [Event::Unknown(values), Event::Exists(3)] = &events[..] else {
            panic!("{events:?}")
        };
        assert!(values.len() > 1, "{response}");
    }
}

const ALL_ITEMS: [StatusItem; 10] = [
    StatusItem::Messages,
    StatusItem::Unseen,
    StatusItem::UidNext,
    StatusItem::UidValidity,
    StatusItem::Size,
    StatusItem::Deleted,
    StatusItem::DeletedStorage,
    StatusItem::HighestModSeq,
    StatusItem::MailboxId,
    StatusItem::AppendLimit,
];

// docs/protocols.md, IMAP: STATUS (STATUS=SIZE)
#[test]
fn status_asks_for_no_more_than_is_offered() {
    let status = |items: &[StatusItem]| Command::Status {
        mailbox: mailbox("x"),
        items: items.to_vec(),
    };
    for (capabilities, items) in [
        ("", "MESSAGES UNSEEN UIDNEXT UIDVALIDITY"),
        (
            "STATUS=SIZE OBJECTID APPENDLIMIT=9",
            "MESSAGES UNSEEN UIDNEXT UIDVALIDITY SIZE MAILBOXID APPENDLIMIT",
        ),
        (
            "QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QRESYNC",
            "MESSAGES UNSEEN UIDNEXT UIDVALIDITY DELETED DELETED-STORAGE HIGHESTMODSEQ",
        ),
        ("IMAP4rev2", "MESSAGES UNSEEN UIDNEXT UIDVALIDITY DELETED"),
    ] {
        is_written(
            capabilities,
            status(&ALL_ITEMS),
            &format!("STATUS \"x\" ({items})"),
        );
    }
    is_written("", status(&[StatusItem::Size]), "STATUS \"x\" (MESSAGES)");
    is_written(
        "LIST-STATUS",
        Command::List(List {
            return_status: vec![StatusItem::Size, StatusItem::Messages],
            ..List::everything()
        }),
        "LIST \"\" \"*\" RETURN (STATUS (MESSAGES))",
    );
}

fn statuses(events: &[Event]) -> Vec<&StatusData> {
    let statuses = events.iter().map(|event| match event {
        Event::Status(data) => data,
        _ => panic!("{event:?}"),
    });
    statuses.collect()
}

// docs/protocols.md, IMAP: STATUS (STATUS=SIZE)
#[test]
fn every_number_of_status_is_read_and_sizes_are_of_64_bits() {
    let events = events_from(
        "* STATUS frop (MESSAGES 231 UIDNEXT 44292 UIDVALIDITY 1 UNSEEN 4 DELETED 3 SIZE 9223372036854775807)\r\n\
         * STATUS foo (MAILBOXID (F2212ea87-6097-4256-9d51-71338625) APPENDLIMIT 257890)\r\n\
         * STATUS bar (APPENDLIMIT NIL HIGHESTMODSEQ 7011231777 DELETED-STORAGE 8 X-NEW (1 2))\r\n\
         * STATUS odd (MAILBOXID NIL SIZE -1 MESSAGES)\r\n",
    );
    let [frop, foo, bar, odd] = &statuses(&events)[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (frop.messages, frop.unseen, frop.deleted, frop.size_bytes),
        (Some(231), Some(4), Some(3), Some(i64::MAX as u64))
    );
    assert_eq!(
        foo.mailbox_id,
        ObjectId::new("F2212ea87-6097-4256-9d51-71338625")
    );
    assert_eq!(foo.append_limit, Some(AppendLimit::Bytes(257_890)));
    assert_eq!(bar.append_limit, Some(AppendLimit::Unlimited));
    assert_eq!(
        (bar.highest_mod_seq, bar.deleted_storage, bar.others.len()),
        (Some(7_011_231_777), Some(8), 2)
    );
    assert_eq!(
        (&odd.mailbox_id, odd.size_bytes, odd.messages),
        (&None, None, None)
    );
}

// docs/protocols.md, IMAP: NOTIFY
#[test]
fn notify_asks_as_in_rfc_5465() {
    is_written("NOTIFY", Command::Notify(Notify::Nothing), "NOTIFY NONE");
    let group = |mailboxes, events| NotifyGroup { mailboxes, events };
    let all = NotifyEvents {
        messages: true,
        flag_changes: true,
        names: true,
        subscriptions: true,
    };
    let notify = Command::Notify(Notify::Set {
        status: true,
        selected: NotifySelected {
            new_message_items: vec![FetchItem::Uid, FetchItem::Flags, FetchItem::EmailId],
            flag_changes: true,
        },
        groups: vec![
            group(
                NotifyMailboxes::Subtree(vec![mailbox("Lists"), mailbox("a b")]),
                NotifyEvents {
                    messages: true,
                    ..NotifyEvents::default()
                },
            ),
            // Flag events are only allowed with message events (RFC 5465 §5).
            group(
                NotifyMailboxes::Inboxes,
                NotifyEvents {
                    flag_changes: true,
                    ..NotifyEvents::default()
                },
            ),
            group(NotifyMailboxes::Mailboxes(vec![]), all),
            group(NotifyMailboxes::Personal, all),
        ],
    });
    is_written(
        "NOTIFY",
        notify,
        "NOTIFY SET STATUS (SELECTED-DELAYED (MessageNew (UID FLAGS) MessageExpunge FlagChange)) \
         (SUBTREE (\"Lists\" \"a b\") (MessageNew MessageExpunge)) (INBOXES NONE) \
         (PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))",
    );
}

// docs/protocols.md, IMAP: NOTIFY
#[test]
fn changes_of_other_mailboxes_arrive_while_no_command_is_in_progress() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "NOTIFY");
        talk.enqueue(Command::Notify(Notify::Set {
            status: false,
            selected: NotifySelected::default(),
            groups: vec![],
        }));
        talk.client("r1 NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge))\r\n");
        talk.server("r1 OK done\r\n");
        talk.server(
            "* STATUS Lists/Im2000 (UIDNEXT 65 MESSAGES 3)\r\n\
             * LIST () \"/\" \"NewName\" (\"OLDNAME\" (\"OldName\"))\r\n\
             * 12 EXISTS\r\n* 12 FETCH (UID 127 FLAGS ())\r\n",
        );
    });
    assert!(matches!(
        events[2..],
        [
            Event::Status(_),
            Event::List(_),
            Event::Exists(12),
            Event::Fetch(_)
        ]
    ));
}
