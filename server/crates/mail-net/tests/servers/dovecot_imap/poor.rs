//! Dovecot that announces only some of its capabilities: each missing one has a fallback with the
//! same result.
//!
//! If a fallback is a choice of commands, the test makes the choice of the product
//! (`server/src/account/incoming_imap`); if it is a choice of arguments, the protocol client makes
//! it.

use mail_proto::imap::selected::{Resync, Selected, Visit};
use mail_proto::imap::{
    Capability, Code, Command, Event, FetchItem, FetchModifiers, Flag, List, ListData, Mailbox,
    MailboxAttribute, Search, SearchData, SearchKey, SearchReturn, Select, SequenceSet, StatusItem,
    Store, StoreMode,
};

use super::super::imap_session::{Imap, mailbox, text, uids};
use super::super::machine::{ADDRESS, Authority, Dovecot};
use super::super::message;

/// All that Dovecot 2.3 announces except `AUTH=…`, in its order.
const ALL: &str = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY \
    THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT \
    CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES \
    WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE \
    SAVEDATE LITERAL+ NOTIFY SPECIAL-USE";

/// Starts a Dovecot that announces all capabilities except these.
fn without(authority: &Authority, missing: &[&str]) -> Dovecot {
    let announced: Vec<&str> = ALL
        .split_ascii_whitespace()
        .filter(|capability| !missing.contains(capability))
        .collect();
    Dovecot::start_with(
        authority,
        &format!("imap_capability = {}", announced.join(" ")),
    )
}

/// Starts a Dovecot that announces only RFC 3501.
fn bare(authority: &Authority) -> Dovecot {
    let extensions: Vec<&str> = ALL.split_ascii_whitespace().skip(1).collect();
    without(authority, &extensions)
}

fn store(numbers: &[u32], flag: Flag) -> Command {
    Command::Store(Store {
        set: uids(numbers),
        uid: true,
        mode: StoreMode::Add,
        flags: vec![flag],
        silent: true,
    })
}

#[tokio::test]
async fn without_move_messages_are_copied_marked_and_expunged_by_uid() {
    let authority = Authority::new();
    let dovecot = without(&authority, &["MOVE"]);
    let mut imap = Imap::with_three_messages(&authority, dovecot.imaps).await;
    assert!(!imap.has(Capability::Move) && imap.has(Capability::UidPlus));
    // Another client marked message 1 as deleted: it stays.
    imap.ok(store(&[1], Flag::Deleted)).await;
    let copied = imap
        .ok(Command::Copy {
            set: uids(&[2]),
            uid: true,
            mailbox: mailbox("Archive"),
        })
        .await;
    assert!(
        matches!(copied.code, Some(Code::CopyUid { .. })),
        "{copied:?}"
    );
    imap.ok(store(&[2], Flag::Deleted)).await;
    imap.ok(Command::UidExpunge(uids(&[2]))).await;
    assert_eq!(imap.search(SearchKey::All).await, [1, 3]);
    assert_eq!(imap.status_of(&mailbox("Archive")).await.messages, Some(1));
}

#[tokio::test]
async fn without_uidplus_expunge_is_safe_only_where_nothing_else_is_marked() {
    let authority = Authority::new();
    let dovecot = without(&authority, &["MOVE", "UIDPLUS"]);
    let mut imap = Imap::with_three_messages(&authority, dovecot.imaps).await;
    assert!(!imap.has(Capability::UidPlus));
    assert_eq!(imap.search(SearchKey::Deleted).await, [0; 0]);
    imap.ok(Command::Copy {
        set: uids(&[2]),
        uid: true,
        mailbox: mailbox("Archive"),
    })
    .await;
    imap.ok(store(&[2], Flag::Deleted)).await;
    imap.ok(Command::Expunge).await;
    assert_eq!(imap.search(SearchKey::All).await, [1, 3]);
    assert_eq!(imap.status_of(&mailbox("Archive")).await.messages, Some(1));
    // The obstacle to the next command is detected before any change is made.
    imap.ok(store(&[3], Flag::Deleted)).await;
    assert_eq!(imap.search(SearchKey::Deleted).await, [3]);
}

#[tokio::test]
async fn without_special_use_mailboxes_are_recognized_by_name_only() {
    let authority = Authority::new();
    let dovecot = without(&authority, &["SPECIAL-USE"]);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    let responses = imap.ok(Command::List(List::everything())).await;
    assert!(
        !imap.transcript().contains("RETURN (SPECIAL-USE"),
        "{}",
        imap.transcript()
    );
    let rows: Vec<&ListData> = responses
        .events
        .iter()
        .filter_map(|event| match event {
            Event::List(data) => Some(data),
            _ => None,
        })
        .collect();
    for name in ["Archive", "Drafts", "Junk", "Sent", "Trash"] {
        let row = rows
            .iter()
            .find(|row| row.mailbox == mailbox(name))
            .expect(name);
        assert!(row.has(&MailboxAttribute::Subscribed), "{row:?}");
    }
}

#[tokio::test]
async fn without_list_extended_and_list_status_list_lsub_and_status_return_the_same() {
    let authority = Authority::new();
    let dovecot = without(
        &authority,
        &["LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE", "STATUS=SIZE"],
    );
    let mut imap = Imap::with_three_messages(&authority, dovecot.imaps).await;
    let list = List {
        return_status: vec![StatusItem::Messages, StatusItem::Size],
        ..List::everything()
    };
    let responses = imap.ok(Command::List(list)).await;
    assert!(
        imap.has_sent("LIST \"\" \"*\"") || imap.has_sent("LIST \"\" *"),
        "{}",
        imap.transcript()
    );
    assert!(
        !imap.transcript().contains("RETURN"),
        "{}",
        imap.transcript()
    );
    let count = |is_row: fn(&Event) -> bool, events: &[Event]| {
        events.iter().filter(|one| is_row(one)).count()
    };
    assert_eq!(
        count(|event| matches!(event, Event::List(_)), &responses.events),
        6
    );
    let lsub = Command::Lsub {
        reference: Mailbox::from_wire(""),
        pattern: text("*"),
    };
    let subscribed = imap.ok(lsub).await;
    assert_eq!(
        count(|event| matches!(event, Event::Lsub(_)), &subscribed.events),
        5
    );
    let items = vec![StatusItem::Messages, StatusItem::Size];
    let status = Command::Status {
        mailbox: mailbox("Sent"),
        items,
    };
    let status = imap.ok(status).await.find(|event| match event {
        Event::Status(data) => Some(data.clone()),
        _ => None,
    });
    // The client left SIZE out, so that the server returns the other items.
    assert_eq!((status.messages, status.size_bytes), (Some(0), None));
}

#[tokio::test]
async fn without_esearch_search_returns_the_same() {
    let authority = Authority::new();
    let dovecot = without(
        &authority,
        &["ESEARCH", "SEARCHRES", "CONTEXT=SEARCH", "ESORT"],
    );
    let mut imap = Imap::with_three_messages(&authority, dovecot.imaps).await;
    let returns = vec![
        SearchReturn::Min,
        SearchReturn::Max,
        SearchReturn::Count,
        SearchReturn::Save,
    ];
    let search = Command::SearchWith(Search {
        uid: true,
        returns,
        criteria: vec![SearchKey::Not(Box::new(SearchKey::Subject(text("two"))))],
    });
    let data: SearchData = imap.ok(search).await.find(|event| match event {
        Event::Search(data) => Some(data.clone()),
        _ => None,
    });
    let numbers = (
        data.min.map(|n| n.get()),
        data.max.map(|n| n.get()),
        data.count,
    );
    assert_eq!(numbers, (Some(1), Some(3), Some(2)));
    assert!(
        !imap.transcript().contains("RETURN"),
        "{}",
        imap.transcript()
    );
}

#[tokio::test]
async fn without_condstore_flags_are_fetched_again() {
    let authority = Authority::new();
    let dovecot = without(&authority, &["CONDSTORE", "QRESYNC", "ENABLE"]);
    let mut imap = Imap::with_three_messages(&authority, dovecot.imaps).await;
    let select = |visit: &Visit| {
        Command::SelectWith(Select {
            mailbox: Mailbox::inbox(),
            read_only: false,
            parameter: visit.parameter(),
        })
    };
    let mut selected = Selected::new(None);
    for command in [Command::Unselect, Command::Select(Mailbox::inbox())] {
        for event in imap.ok(command).await.events {
            selected.apply(&event);
        }
    }
    let items = vec![FetchItem::Uid, FetchItem::Flags, FetchItem::ModSeq];
    let all = || uids(&[1, 2, 3]);
    for event in imap.fetch(all(), items.clone()).await.events {
        selected.apply(&event);
    }
    selected.mark_resynced();
    let visit = selected.visit().expect("a visit");
    imap.ok(Command::Unselect).await;
    let mut other = Imap::in_inbox(&authority, dovecot.imaps).await;
    other.ok(store(&[2], Flag::Flagged)).await;

    let mut selected = Selected::resume(visit.clone());
    for event in imap.ok(select(&visit)).await.events {
        selected.apply(&event);
    }
    assert_eq!(selected.resync(false), Resync::Flags);
    let modifiers = FetchModifiers {
        changed_since: Some(1),
        ..FetchModifiers::default()
    };
    let responses = imap
        .ok(Command::FetchWith {
            set: all(),
            uid: true,
            items,
            modifiers,
        })
        .await;
    let flagged = responses.messages().into_iter().filter(|data| {
        data.flags()
            .is_some_and(|flags| flags.contains(&Flag::Flagged))
    });
    let flagged: Vec<u32> = flagged
        .filter_map(|data| data.uid())
        .map(|uid| uid.get())
        .collect();
    assert_eq!(flagged, [2]);
    for word in ["CONDSTORE", "MODSEQ", "CHANGEDSINCE"] {
        assert!(
            !imap.transcript().contains(word),
            "{word}: {}",
            imap.transcript()
        );
    }
}

#[tokio::test]
async fn without_idle_noop_reports_a_delivery() {
    let authority = Authority::new();
    let dovecot = without(&authority, &["IDLE", "NOTIFY"]);
    let mut imap = Imap::with_three_messages(&authority, dovecot.imaps).await;
    assert!(!imap.has(Capability::Idle));
    dovecot.deliver(ADDRESS, &message("four"));
    let responses = imap.ok(Command::Noop).await;
    assert!(
        responses.events.contains(&Event::Exists(4)),
        "{responses:?}"
    );
}

#[tokio::test]
async fn without_literal_plus_each_literal_waits_for_a_continuation() {
    let authority = Authority::new();
    let dovecot = without(&authority, &["LITERAL+"]);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    imap.append(&Mailbox::inbox(), &message("Grüße")).await;
    imap.ok(Command::Select(Mailbox::inbox())).await;
    assert_eq!(imap.search(SearchKey::Text(text("Grüße"))).await, [1]);
    assert!(!imap.transcript().contains("+}"), "{}", imap.transcript());
    assert!(
        imap.transcript().contains("< + OK"),
        "{}",
        imap.transcript()
    );
}

#[tokio::test]
async fn without_sasl_ir_the_initial_response_waits_for_a_continuation() {
    let authority = Authority::new();
    let dovecot = without(&authority, &["SASL-IR"]);
    let imap = Imap::signed_in(&authority, dovecot.imaps).await;
    let sent = imap.sent();
    assert_eq!(sent[0], "AUTHENTICATE PLAIN", "{}", imap.transcript());
}

#[tokio::test]
async fn without_unselect_examine_and_close_leave_a_mailbox_and_expunge_nothing() {
    let authority = Authority::new();
    let dovecot = without(&authority, &["UNSELECT"]);
    let mut imap = Imap::with_three_messages(&authority, dovecot.imaps).await;
    assert!(!imap.has(Capability::Unselect));
    imap.ok(store(&[1], Flag::Deleted)).await;
    imap.ok(Command::Examine(Mailbox::inbox())).await;
    imap.ok(Command::Close).await;
    assert_eq!(imap.status_of(&Mailbox::inbox()).await.messages, Some(3));
}

#[tokio::test]
async fn without_namespace_list_returns_the_delimiter() {
    let authority = Authority::new();
    let dovecot = without(&authority, &["NAMESPACE"]);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    assert!(!imap.has(Capability::Namespace));
    let list = List {
        pattern: text(""),
        ..List::everything()
    };
    let responses = imap.ok(Command::List(list)).await;
    let root = responses.find(|event| match event {
        Event::List(data) => Some(data.clone()),
        _ => None,
    });
    assert_eq!(root.delimiter, Some(b'/'));
}

// docs/protocols.md, IMAP: without ESEARCH
// docs/protocols.md, IMAP: servers nobody here wrote
#[tokio::test]
async fn with_rfc_3501_alone_messages_are_read_flagged_and_moved() {
    let authority = Authority::new();
    let dovecot = bare(&authority);
    let mut imap = Imap::with_three_messages(&authority, dovecot.imaps).await;
    let has = |capability| imap.has(capability);
    assert!(!has(Capability::UidPlus) && !has(Capability::ESearch) && !has(Capability::Idle));
    let items = vec![
        FetchItem::Uid,
        FetchItem::Envelope,
        FetchItem::BodyStructure,
        // The client leaves it out: it is not offered.
        FetchItem::ModSeq,
        FetchItem::Preview { lazy: true },
        FetchItem::SaveDate,
    ];
    let responses = imap.fetch(SequenceSet::all(), items).await;
    let subjects: Vec<_> = responses
        .messages()
        .iter()
        .filter_map(|data| data.envelope()?.subject())
        .collect();
    assert_eq!(subjects, [&b"one"[..], b"two", b"three"]);
    imap.ok(store(&[1], Flag::Flagged)).await;
    assert_eq!(imap.search(SearchKey::Flagged).await, [1]);
    imap.ok(Command::Copy {
        set: uids(&[2]),
        uid: true,
        mailbox: mailbox("Trash"),
    })
    .await;
    imap.ok(store(&[2], Flag::Deleted)).await;
    imap.ok(Command::Expunge).await;
    assert_eq!(imap.search(SearchKey::All).await, [1, 3]);
    imap.log_out().await;
}
