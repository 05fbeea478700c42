//! Sessions with the responses of real servers.

use mail_proto::imap::{
    Address, BodyValue, Capability, Code, Command, Event, FetchItem, FetchedItem, Flag, List,
    Mailbox, MailboxAttribute, SearchKey, SequenceSet, Status, StatusItem, Text, Tls, Uid,
};

use crate::talk::{ann, completed, config, every_cut, implicit_tls, ready};

fn list() -> Command {
    Command::List(List {
        return_status: vec![StatusItem::Messages, StatusItem::Unseen],
        ..List::everything()
    })
}

fn uid_fetch(set: &str, items: Vec<FetchItem>) -> Command {
    Command::Fetch {
        set: SequenceSet::parse(set.as_bytes()).unwrap(),
        uid: true,
        items,
    }
}

fn lists(events: &[Event]) -> Vec<(String, Vec<MailboxAttribute>)> {
    let lists = events.iter().filter_map(|event| match event {
        Event::List(list) => Some((list.mailbox.decode(false).unwrap(), list.attributes.clone())),
        _ => None,
    });
    lists.collect()
}

#[test]
fn dovecot_2_3_over_starttls() {
    let events = every_cut(config(Tls::StartTls), |talk| {
        talk.server(
            "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS \
             LOGINDISABLED] Dovecot (Debian) ready.\r\n",
        );
        talk.client("r1 STARTTLS\r\n");
        talk.server("r1 OK Begin TLS negotiation now.\r\n");
        talk.start_tls();
        talk.client("r2 CAPABILITY\r\n");
        talk.server(
            "* CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN\r\n\
             r2 OK Pre-login capabilities listed, post-login capabilities have more.\r\n",
        );
        talk.client.sign_in(ann());
        talk.client("r3 AUTHENTICATE PLAIN AGFubgBodW50ZXIy\r\n");
        talk.server(
            "* CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY \
             THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE \
             UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH \
             ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY \
             PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+ NOTIFY SPECIAL-USE\r\n\
             r3 OK Logged in\r\n",
        );
        talk.enqueue(list());
        talk.enqueue(Command::Select(Mailbox::inbox()));
        talk.client_in_one_write(
            "r4 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES UNSEEN))\r\n\
             r5 SELECT \"INBOX\"\r\n",
        );
        talk.server(
            "* LIST (\\HasNoChildren \\Subscribed \\Trash) \".\" Trash\r\n\
             * STATUS Trash (MESSAGES 0 UNSEEN 0)\r\n\
             * LIST (\\HasNoChildren) \".\" \"&U,BTFw-.a b\"\r\n\
             * STATUS \"&U,BTFw-.a b\" (MESSAGES 2 UNSEEN 1)\r\n\
             * LIST (\\NonExistent \\HasChildren) \".\" &U,BTFw-\r\n\
             * LIST (\\HasNoChildren) \".\" INBOX\r\n\
             * STATUS INBOX (MESSAGES 172 UNSEEN 12)\r\n\
             r4 OK List completed (0.002 + 0.000 + 0.001 secs).\r\n",
        );
        talk.server(
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded NonJunk)\r\n\
             * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded NonJunk \\*)] \
             Flags permitted.\r\n\
             * 172 EXISTS\r\n* 1 RECENT\r\n\
             * OK [UNSEEN 12] First unseen.\r\n\
             * OK [UIDVALIDITY 1700000000] UIDs valid\r\n\
             * OK [UIDNEXT 4392] Predicted next UID\r\n\
             * OK [HIGHESTMODSEQ 715194045007] Highest\r\n\
             r5 OK [READ-WRITE] Select completed (0.001 + 0.000 secs).\r\n",
        );
        talk.enqueue(Command::Search {
            uid: true,
            criteria: vec![SearchKey::Unseen],
        });
        talk.client("r6 UID SEARCH RETURN (ALL) UNSEEN\r\n");
        talk.server("* ESEARCH (TAG \"r6\") UID ALL 2,10:11\r\nr6 OK Search completed.\r\n");
    });
    assert_eq!(
        lists(&events)[..3],
        [
            (
                "Trash".into(),
                vec![
                    MailboxAttribute::HasNoChildren,
                    MailboxAttribute::Subscribed,
                    MailboxAttribute::Trash
                ]
            ),
            ("台北.a b".into(), vec![MailboxAttribute::HasNoChildren]),
            (
                "台北".into(),
                vec![MailboxAttribute::NonExistent, MailboxAttribute::HasChildren]
            ),
        ]
    );
    let statuses = events.iter().filter_map(|event| match event {
        Event::Status(data) => Some((data.messages, data.unseen)),
        _ => None,
    });
    assert_eq!(
        statuses.collect::<Vec<_>>(),
        [
            (Some(0), Some(0)),
            (Some(2), Some(1)),
            (Some(172), Some(12))
        ]
    );
    let found = events.iter().find_map(|event| match event {
        Event::Search(data) => data.found.as_ref().map(ToString::to_string),
        _ => None,
    });
    assert_eq!(found.as_deref(), Some("2,10:11"));
    assert!(
        events
            .iter()
            .all(|event| !matches!(event, Event::Unknown(_)))
    );
}

#[test]
fn dovecot_2_3_page_of_messages() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(uid_fetch(
            "1:2",
            vec![
                FetchItem::Flags,
                FetchItem::Envelope,
                FetchItem::BodyStructure,
            ],
        ));
        talk.client("r1 UID FETCH 1:2 (FLAGS ENVELOPE BODYSTRUCTURE)\r\n");
        talk.server(
            "* 1 FETCH (UID 1 FLAGS (\\Seen $Forwarded) MODSEQ (65402) RFC822.SIZE 5000000000 \
             INTERNALDATE \"20-Nov-2026 08:01:02 +0100\" ENVELOPE (\"Fri, 20 Nov 2026 08:01:00 +0100\" \
             {24}\r\n=?utf-8?B?5L2g5aW9?= \"x\" NIL NIL NIL NIL NIL NIL NIL NIL) BODYSTRUCTURE (((\"text\" \"plain\" \
             (\"charset\" \"utf-8\") NIL NIL \"quoted-printable\" 10 1 NIL NIL NIL NIL)(\"text\" \"html\" \
             (\"charset\" \"utf-8\") NIL NIL \"base64\" 20 2 NIL NIL NIL NIL) \"alternative\" (\"boundary\" \
             \"=b\") NIL NIL NIL)(\"application\" \"pdf\" (\"name\" \"a.pdf\") NIL NIL \"base64\" 99 NIL \
             (\"attachment\" (\"filename\" \"a.pdf\")) NIL NIL) \"mixed\" (\"boundary\" \"=a\") NIL NIL \
             NIL))\r\n\
             * 1 FETCH (FLAGS (\\Seen) PREVIEW NIL SAVEDATE \"20-Nov-2026 08:01:02 +0100\" X-NEW (a (b)))\r\n\
             r1 OK Fetch completed (0.003 + 0.000 + 0.002 secs).\r\n",
        );
    });
    let Event::Fetch(data) = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(data.uid(), Uid::new(1));
    assert!(data.items.contains(&FetchedItem::ModSeq(65402)));
    assert!(data.items.contains(&FetchedItem::Rfc822Size(5_000_000_000)));
    assert_eq!(
        data.envelope().unwrap().subject(),
        Some(&b"=?utf-8?B?5L2g5aW9?= \"x\""[..])
    );
    let parts: Vec<String> = data
        .body_structure()
        .unwrap()
        .parts()
        .iter()
        .map(|(number, _)| number.to_string())
        .collect();
    assert_eq!(parts, ["1.1", "1.2", "2"]);
    let Event::Fetch(more) = &events[2] else {
        panic!("{events:?}")
    };
    assert_eq!(more.flags(), Some(&[Flag::Seen][..]));
    assert!(more.items.contains(&FetchedItem::Preview(None)));
    let unknown = more
        .items
        .iter()
        .filter(|item| matches!(item, FetchedItem::Unknown { .. }));
    assert_eq!(unknown.count(), 1);
}

// docs/protocols.md, IMAP: servers nobody here wrote
#[test]
fn courier_5_login_and_list() {
    let events = every_cut(implicit_tls(), |talk| {
        talk.server(
            "* OK [CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT \
             THREAD=REFERENCES SORT QUOTA IDLE AUTH=PLAIN ACL ACL2=UNION] Courier-IMAP ready. \
             Copyright 1998-2018 Double Precision, Inc.  See COPYING for distribution information.\r\n",
        );
        talk.client.sign_in(ann());
        talk.client("r1 AUTHENTICATE PLAIN\r\n");
        talk.server("+ \r\n");
        talk.client("AGFubgBodW50ZXIy\r\n");
        // Courier sends no capabilities here.
        talk.server("r1 OK LOGIN Ok.\r\n");
        talk.client("r2 CAPABILITY\r\n");
        talk.server(
            "* CAPABILITY IMAP4rev1 UIDPLUS NAMESPACE IDLE\r\nr2 OK CAPABILITY completed\r\n",
        );
        talk.enqueue(Command::Namespace);
        talk.enqueue(list());
        talk.client("r3 NAMESPACE\r\nr4 LIST \"\" \"*\"\r\n");
        talk.server(
            "* NAMESPACE ((\"INBOX.\" \".\")) NIL ((\"#shared.\" \".\")(\"shared.\" \".\"))\r\n\
             r3 OK NAMESPACE completed.\r\n\
             * LIST (\\Unmarked \\HasChildren) \".\" \"INBOX\"\r\n\
             * LIST (\\HasNoChildren) \".\" \"INBOX.Sent\"\r\n\
             r4 OK LIST completed\r\n",
        );
    });
    let Some(Event::Namespace(spaces)) = events
        .iter()
        .find(|event| matches!(event, Event::Namespace(_)))
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (
            spaces.personal.len(),
            spaces.other_users.len(),
            spaces.shared.len()
        ),
        (1, 0, 2)
    );
    assert_eq!(
        (&spaces.personal[0].prefix[..], spaces.personal[0].delimiter),
        (&b"INBOX."[..], Some(b'.'))
    );
    assert_eq!(lists(&events).len(), 2);
}

// docs/protocols.md, IMAP: servers nobody here wrote
#[test]
fn gmail_like_extensions_and_flags_with_brackets() {
    let events = every_cut(implicit_tls(), |talk| {
        talk.server("* OK Gimap ready for requests from 192.0.2.1 x7mb123\r\n");
        talk.client("r1 CAPABILITY\r\n");
        talk.server(
            "* CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 \
             XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN AUTH=PLAIN-CLIENTTOKEN AUTH=OAUTHBEARER\r\n\
             r1 OK Thats all she wrote! x7mb123\r\n",
        );
        let tag = talk.client.sign_in(ann());
        talk.client("r2 AUTHENTICATE PLAIN AGFubgBodW50ZXIy\r\n");
        talk.server(
            "* NO [WEBALERT https://accounts.example/signin/continue?sarp=1] Web login required.\r\n\
             r2 NO [ALERT] Application-specific password required: https://support.example/185833 (SaslError)\r\n",
        );
        assert_eq!(completed(&talk.events, tag), Status::No);
        assert!(talk.client.capabilities().has_name("X-GM-EXT-1"));
        let tag = talk.client.sign_in(ann());
        talk.client("r3 AUTHENTICATE PLAIN AGFubgBodW50ZXIy\r\n");
        talk.server(
            "* CAPABILITY IMAP4rev1 UNSELECT IDLE UIDPLUS COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH \
             UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584\r\n\
             r3 OK ann@example authenticated (Success)\r\n",
        );
        assert_eq!(completed(&talk.events, tag), Status::Ok);
        assert!(talk.client.capabilities().has(Capability::LiteralMinus));
        talk.server(
            "* LIST (\\HasChildren \\NonExistent) \"/\" \"[Gmail]\"\r\n\
             * LIST (\\All \\HasNoChildren) \"/\" [Gmail]/All\r\n\
             * OK [PERMANENTFLAGS (\\Answered $NotPhishing [odd] a]b \\*)] Flags permitted.\r\n\
             * 4 FETCH (X-GM-LABELS (\"\\\\Inbox\" [x \"a b\") X-GM-MSGID 1278455344230334865 UID 9)\r\n",
        );
    });
    assert_eq!(
        lists(&events),
        [
            (
                "[Gmail]".into(),
                vec![MailboxAttribute::HasChildren, MailboxAttribute::NonExistent]
            ),
            (
                "[Gmail]/All".into(),
                vec![MailboxAttribute::All, MailboxAttribute::HasNoChildren]
            ),
        ]
    );
    let refused = events.iter().find_map(|event| match event {
        Event::Completed {
            status: Status::No,
            code,
            text,
            ..
        } => Some((code.clone(), text.clone())),
        _ => None,
    });
    let (code, text) = refused.unwrap();
    assert_eq!(code, Some(Code::Alert));
    assert!(text.starts_with("Application-specific password required"));
    let Some(Event::Fetch(data)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(data.uid(), Uid::new(9));
}

// docs/protocols.md, IMAP: SEARCH (ESEARCH, SEARCHRES, PARTIAL)
#[test]
fn pymap_answers_search_return_with_a_plain_search() {
    let events = every_cut(implicit_tls(), |talk| {
        talk.server(
            "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN ESEARCH IDLE] Server ready host\r\n",
        );
        talk.enqueue(Command::Search {
            uid: true,
            criteria: vec![],
        });
        talk.enqueue(Command::Search {
            uid: true,
            criteria: vec![],
        });
        talk.client("r1 UID SEARCH RETURN (ALL) ALL\r\nr2 UID SEARCH RETURN (ALL) ALL\r\n");
        talk.server("* SEARCH 104 101 102 103\r\nr1 OK UID SEARCH completed.\r\n");
        talk.server("* SEARCH\r\nr2 OK UID SEARCH completed.\r\n");
    });
    let found: Vec<Option<String>> = events
        .iter()
        .filter_map(|event| match event {
            Event::Search(data) => Some(data.found.as_ref().map(ToString::to_string)),
            _ => None,
        })
        .collect();
    assert_eq!(found, [Some("101:104".into()), None]);
}

const HEADER: &str = "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
    From: Terry Gray <gray@cac.washington.edu>\r\n\
    Subject: IMAP4rev1 WG mtg summary and minutes\r\n\r\n";

#[test]
fn rfc_3501_section_8_sample_connection() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::Select(Mailbox::from_wire(&b"inbox"[..])));
        talk.client("r1 SELECT \"INBOX\"\r\n");
        talk.server(
            "* 18 EXISTS\r\n* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n* 2 RECENT\r\n\
             * OK [UNSEEN 17] Message 17 is the first unseen message\r\n\
             * OK [UIDVALIDITY 3857529045] UIDs valid\r\nr1 OK [READ-WRITE] SELECT completed\r\n",
        );
        let set = SequenceSet::parse(b"12").unwrap();
        let items = vec![FetchItem::BodyPeek {
            section: mail_proto::imap::Section::header(),
            partial: None,
        }];
        talk.enqueue(Command::Fetch {
            set,
            uid: false,
            items,
        });
        talk.client("r2 FETCH 12 (BODY.PEEK[HEADER])\r\n");
        let size_bytes = HEADER.len();
        talk.server(format!(
            "* 12 FETCH (BODY[HEADER] {{{size_bytes}}}\r\n{HEADER})\r\n"
        ));
        talk.server("r2 OK FETCH completed\r\n");
        talk.enqueue(Command::Logout);
        talk.client("r3 LOGOUT\r\n");
        talk.server("* BYE IMAP4rev1 server terminating connection\r\nr3 OK LOGOUT completed\r\n");
        talk.expect_done();
    });
    let body = events.iter().find_map(|event| match event {
        Event::Fetch(data) => data.items.first(),
        _ => None,
    });
    let Some(FetchedItem::Body { value, .. }) = body else {
        panic!("{events:?}")
    };
    assert_eq!(value, &BodyValue::Inline(HEADER.into()));
}

// docs/protocols.md, IMAP: ID
#[test]
fn id_and_other_responses_are_reported() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "ID");
        talk.enqueue(Command::Id(Vec::new()));
        talk.client("r1 ID NIL\r\n");
        talk.server("* ID (\"name\" \"Dovecot\" \"support\" NIL)\r\nr1 OK ID completed.\r\n");
        talk.server(
            "* ID NIL\r\n* XFOO a (b \"c\") {1}\r\nd\r\n* 5 XBAR\r\n*\r\n* \r\nnonsense\r\n\r\n",
        );
        talk.server("* VANISHED (EARLIER) 41,43:116\r\n* VANISHED 405\r\n");
    });
    let Event::Id(fields) = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(
        fields,
        &[
            ("name".into(), Some("Dovecot".into())),
            ("support".into(), None)
        ]
    );
    assert_eq!(events[3], Event::Id(vec![]));
    let unknown = events
        .iter()
        .filter(|event| matches!(event, Event::Unknown(_)));
    assert_eq!(unknown.count(), 6);
    let [
        ..,
        Event::Vanished { earlier: true, .. },
        Event::Vanished {
            earlier: false,
            uids,
        },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(uids.to_string(), "405");
}

#[test]
fn an_address_list_may_hold_groups_and_gaps() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server(
            "* 1 FETCH (ENVELOPE (NIL NIL ((NIL NIL \"undisclosed-recipients\" NIL)(NIL NIL NIL NIL)) NIL \
             NIL ((\"A\" NIL NIL \"b.example\")) NIL NIL NIL NIL))\r\n",
        );
    });
    let Event::Fetch(data) = &events[1] else {
        panic!("{events:?}")
    };
    let envelope = data.envelope().unwrap();
    let name = b"undisclosed-recipients";
    assert_eq!(
        envelope.from().collect::<Vec<_>>(),
        [Address::GroupStart { name }, Address::GroupEnd]
    );
    let to = Address::Mailbox {
        name: Some(b"A"),
        local_part: b"",
        domain: b"b.example",
    };
    assert_eq!(envelope.to().collect::<Vec<_>>(), [to]);
}

// docs/protocols.md, IMAP: ID
#[test]
fn coremail_accepts_select_only_after_id() {
    let name = |field: &str, value: &str| (Text::new(field).unwrap(), Text::new(value).unwrap());
    let events = every_cut(implicit_tls(), |talk| {
        talk.server("* OK Coremail System IMap Server Ready(163com[dcb8616c])\r\n");
        talk.client("r1 CAPABILITY\r\n");
        talk.server(
            "* CAPABILITY IMAP4rev1 XLIST SPECIAL-USE ID LITERAL+ STARTTLS APPENDLIMIT=71680000 XAPPLEPUSHSERVICE \
             UIDPLUS X-CM-EXT-1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2\r\nr1 OK CAPABILITY completed\r\n",
        );
        let limit = talk.client.capabilities().append_limit_bytes();
        assert_eq!(limit, Some(71_680_000));
        // Without ID it answers "NO SELECT Unsafe Login". Sending ID costs no round trip.
        talk.enqueue(Command::Id(vec![
            name("name", "Restante"),
            name("vendor", "Rest\"ante"),
        ]));
        talk.enqueue(Command::Select(Mailbox::inbox()));
        talk.client_in_one_write(
            "r2 ID (\"name\" \"Restante\" \"vendor\" {9+}\r\nRest\"ante)\r\nr3 SELECT \"INBOX\"\r\n",
        );
        talk.server(
            "* ID (\"name\" \"Coremail Imap\" \"TransID\" \"x\")\r\nr2 OK ID completed\r\n",
        );
        talk.server("* 3 EXISTS\r\nr3 OK [READ-WRITE] SELECT completed\r\n");
    });
    assert!(events.contains(&Event::Exists(3)));
}
