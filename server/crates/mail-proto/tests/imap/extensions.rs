//! Servers that announce extensions that they do not support.

use mail_proto::imap::{
    Capability, Command, Enable, Event, FetchItem, List, Mailbox, MailboxAttribute, Notify, Search,
    SearchKey, SearchReturn, Sort, StatusItem, Store, StoreMode, Thread, ThreadAlgorithm,
};

use crate::commands::{mailbox, set, text};
use crate::talk::{every_cut, implicit_tls, ready};

fn search(returns: &[SearchReturn]) -> Command {
    Command::SearchWith(Search {
        uid: true,
        returns: returns.to_vec(),
        criteria: vec![SearchKey::Unseen],
    })
}

fn list() -> Command {
    Command::List(List {
        return_status: vec![StatusItem::Messages],
        ..List::everything()
    })
}

const EVERYTHING: &str = "IDLE COMPRESS=DEFLATE MOVE UIDPLUS UNSELECT NAMESPACE ID ENABLE SORT ESORT ESEARCH SEARCHRES PARTIAL \
    THREAD=REFERENCES THREAD=ORDEREDSUBJECT QUOTA NOTIFY CONDSTORE CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS";

// docs/protocols.md, IMAP: BAD to an optional extension
#[test]
fn an_extension_answered_with_bad_is_disabled_for_the_session() {
    let sort = |returns| {
        Command::Sort(Sort {
            uid: true,
            returns,
            keys: vec![],
            criteria: vec![],
        })
    };
    let thread = |algorithm| {
        Command::Thread(Thread {
            uid: true,
            algorithm,
            criteria: vec![],
        })
    };
    let store = Store {
        set: set("1"),
        uid: true,
        mode: StoreMode::Add,
        flags: vec![],
        silent: false,
    };
    let create = Command::Create {
        mailbox: mailbox("x"),
        special_use: Some(MailboxAttribute::Sent),
    };
    let page = SearchReturn::Partial(mail_proto::imap::PartialRange::from_end(
        std::num::NonZeroU32::MIN,
        std::num::NonZeroU32::MIN,
    ));
    for (command, capability) in [
        (Command::Idle, Capability::Idle),
        (Command::Unselect, Capability::Unselect),
        (Command::Namespace, Capability::Namespace),
        (Command::Id(vec![]), Capability::Id),
        (Command::Compress, Capability::CompressDeflate),
        (Command::Enable(vec![Enable::QResync]), Capability::Enable),
        (
            Command::Move {
                set: set("1"),
                uid: true,
                mailbox: mailbox("x"),
            },
            Capability::Move,
        ),
        (Command::UidExpunge(set("1")), Capability::UidPlus),
        (sort(vec![]), Capability::Sort),
        (sort(vec![SearchReturn::All]), Capability::ESort),
        (
            thread(ThreadAlgorithm::References),
            Capability::ThreadReferences,
        ),
        (
            thread(ThreadAlgorithm::OrderedSubject),
            Capability::ThreadOrderedSubject,
        ),
        (Command::GetQuota { root: text("") }, Capability::Quota),
        (Command::GetQuotaRoot(Mailbox::inbox()), Capability::Quota),
        (Command::Notify(Notify::Nothing), Capability::Notify),
        (
            Command::StoreUnchangedSince { store, mod_seq: 1 },
            Capability::CondStore,
        ),
        (create, Capability::CreateSpecialUse),
        (search(&[SearchReturn::Count]), Capability::ESearch),
        (search(&[SearchReturn::Save]), Capability::SearchRes),
        (search(&[page]), Capability::Partial),
        (list(), Capability::ListStatus),
    ] {
        let events = every_cut(implicit_tls(), |talk| {
            ready(talk, EVERYTHING);
            assert!(talk.client.capabilities().has(capability));
            talk.enqueue(command.clone());
            talk.run();
            talk.clear_written();
            talk.server("r1 BAD unknown command\r\n");
            assert!(
                !talk.client.capabilities().has(capability),
                "{capability:?}"
            );
            // It stays off if the server announces it again.
            talk.server(format!("* CAPABILITY IMAP4rev1 X-NEW {EVERYTHING}\r\n"));
            assert!(
                !talk.client.capabilities().has(capability),
                "{capability:?}"
            );
            assert!(talk.client.capabilities().has_name("X-NEW"));
        });
        assert!(matches!(events[1], Event::Completed { .. }));
        assert_eq!(events[2], Event::CapabilitiesChanged);
    }
}

#[test]
fn commands_behind_it_are_written_without_it() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, EVERYTHING);
        talk.enqueue(list());
        talk.client("r1 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN STATUS (MESSAGES))\r\n");
        talk.server("r1 BAD what is STATUS\r\n");
        talk.enqueue(list());
        talk.client("r2 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN)\r\n");
        talk.server("r2 BAD what is RETURN\r\n");
        talk.enqueue(list());
        talk.enqueue(search(&[SearchReturn::Count]));
        talk.client("r3 LIST \"\" \"*\"\r\nr4 UID SEARCH RETURN (COUNT) UNSEEN\r\n");
        talk.server("r3 OK\r\nr4 BAD what is RETURN\r\n");
        talk.enqueue(search(&[SearchReturn::Count]));
        talk.client("r5 UID SEARCH UNSEEN\r\n");
    });
}

// docs/protocols.md, IMAP: BAD to an optional extension
#[test]
fn a_bad_response_to_select_or_fetch_disables_no_extension() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "CONDSTORE QRESYNC PREVIEW BINARY");
        talk.enqueue(Command::SelectWith(mail_proto::imap::Select {
            mailbox: Mailbox::inbox(),
            read_only: false,
            parameter: mail_proto::imap::SelectParameter::CondStore,
        }));
        talk.client("r1 SELECT \"INBOX\" (CONDSTORE)\r\n");
        talk.server("r1 BAD not today\r\n");
        talk.enqueue(Command::Fetch {
            set: set("1"),
            uid: true,
            items: vec![FetchItem::Preview { lazy: true }],
        });
        talk.client("r2 UID FETCH 1 (PREVIEW (LAZY))\r\n");
        talk.server("r2 BAD not today\r\n");
        for capability in [
            Capability::CondStore,
            Capability::QResync,
            Capability::Preview,
            Capability::Binary,
        ] {
            assert!(talk.client.capabilities().has(capability), "{capability:?}");
        }
    });
}

#[test]
fn a_no_response_disables_no_extension() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "MOVE NOTIFY");
        talk.enqueue(Command::Notify(Notify::Nothing));
        talk.client("r1 NOTIFY NONE\r\n");
        talk.server("r1 NO [NOTIFICATIONOVERFLOW] busy\r\n");
        assert!(talk.client.capabilities().has(Capability::Notify));
    });
}
