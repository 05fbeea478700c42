//! Courier by IMAP: its extensions, and the fallbacks for missing ones.

use mail_net::TlsMode;
use mail_proto::imap::{
    BodyStructure, Capability, Code, Command, Event, FetchItem, FetchedItem, Flag, Keyword, List,
    ListData, Mailbox, SearchKey, SequenceSet, Sort, SortCriterion, SortKey, Status, Thread,
    ThreadAlgorithm,
};

use super::courier::Courier;
use super::imap_session::{Imap, mailbox, text, uids, whole};
use super::machine::Authority;
use super::{credentials, message, wrong_credentials};

#[tokio::test]
async fn every_capability_that_courier_announces_is_known_or_stored() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    let mut imap = Imap::connect(&authority, courier.imaps, TlsMode::Implicit).await;
    let others = imap.check_announced_capabilities().await;
    assert_eq!(others, ["ACL", "ACL2=UNION"], "{}", imap.transcript());
    for missing in [
        Capability::SaslIr,
        Capability::LiteralPlus,
        Capability::Move,
        Capability::Unselect,
        Capability::SpecialUse,
        Capability::ListExtended,
        Capability::ESearch,
        Capability::CondStore,
        Capability::Id,
    ] {
        assert!(!imap.has(missing), "{missing:?}");
    }
}

#[tokio::test]
async fn starttls_and_implicit_tls_both_sign_in_and_a_wrong_password_is_refused() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    for (port, tls) in [
        (courier.imaps, TlsMode::Implicit),
        (courier.imap, TlsMode::StartTls),
    ] {
        let mut imap = Imap::connect(&authority, port, tls).await;
        let refused = imap.sign_in(wrong_credentials()).await;
        assert_eq!(
            refused.status,
            Status::No,
            "{}{}",
            imap.transcript(),
            courier.log()
        );
        let accepted = imap.sign_in(credentials()).await;
        assert_eq!(
            accepted.status,
            Status::Ok,
            "{}{}",
            imap.transcript(),
            courier.log()
        );
        assert!(
            imap.sent().contains(&"AUTHENTICATE PLAIN".to_owned()),
            "{}",
            imap.transcript()
        );
        imap.log_out().await;
    }
}

#[tokio::test]
async fn without_tls_cram_md5_signs_in_without_sending_the_password() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    let mut imap = Imap::connect(&authority, courier.imap, TlsMode::Plain).await;
    let accepted = imap.sign_in(credentials()).await;
    assert_eq!(
        accepted.status,
        Status::Ok,
        "{}{}",
        imap.transcript(),
        courier.log()
    );
    assert!(
        imap.has_sent("AUTHENTICATE CRAM-MD5"),
        "{}",
        imap.transcript()
    );
    imap.log_out().await;
}

#[tokio::test]
async fn mailboxes_are_listed_created_renamed_and_deleted() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    let mut imap = Imap::signed_in(&authority, courier.imaps).await;
    let namespace = imap.ok(Command::Namespace).await;
    let namespace = namespace.find(|event| match event {
        Event::Namespace(data) => data.personal.first().cloned(),
        _ => None,
    });
    assert_eq!(
        (&namespace.prefix[..], namespace.delimiter),
        (&b"INBOX."[..], Some(b'.'))
    );
    let create = |name: &str| Command::Create {
        mailbox: mailbox(name),
        special_use: None,
    };
    imap.ok(create("INBOX.Entwürfe & Co")).await;
    imap.append(&mailbox("INBOX.Entwürfe & Co"), &message("inside"))
        .await;
    imap.ok(Command::Subscribe(mailbox("INBOX.Entwürfe & Co")))
        .await;
    let names = async |imap: &mut Imap| {
        let responses = imap.ok(Command::List(List::everything())).await;
        let rows: Vec<ListData> = responses
            .events
            .into_iter()
            .filter_map(|event| match event {
                Event::List(data) => Some(data),
                _ => None,
            })
            .collect();
        let mut names: Vec<String> = rows
            .iter()
            .filter_map(|row| row.mailbox.decode(false))
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&mut imap).await, ["INBOX", "INBOX.Entwürfe & Co"]);
    assert!(
        !imap.transcript().contains("RETURN"),
        "{}",
        imap.transcript()
    );
    let (from, to) = (mailbox("INBOX.Entwürfe & Co"), mailbox("INBOX.Ablage №1"));
    imap.ok(Command::Rename {
        from,
        to: to.clone(),
    })
    .await;
    assert_eq!(imap.status_of(&to).await.messages, Some(1));
    let lsub = imap
        .ok(Command::Lsub {
            reference: Mailbox::from_wire(""),
            pattern: text("*"),
        })
        .await;
    assert!(
        lsub.events
            .iter()
            .any(|event| matches!(event, Event::Lsub(_))),
        "{lsub:?}"
    );
    imap.ok(Command::Delete(to)).await;
    assert_eq!(names(&mut imap).await, ["INBOX"]);
    let missing = imap.run(Command::Select(mailbox("INBOX.Ablage №1"))).await;
    assert_eq!(missing.status, Status::No, "{missing:?}");
}

#[tokio::test]
async fn messages_are_read_with_envelope_structure_and_body() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    let mut imap = Imap::signed_in(&authority, courier.imaps).await;
    let appended = imap.append(&Mailbox::inbox(), &message("one")).await;
    assert!(
        matches!(appended.code, Some(Code::AppendUid { .. })),
        "{appended:?}"
    );
    imap.ok(Command::Select(Mailbox::inbox())).await;
    let items = vec![
        FetchItem::Uid,
        FetchItem::Flags,
        FetchItem::InternalDate,
        FetchItem::Rfc822Size,
        FetchItem::Envelope,
        FetchItem::BodyStructure,
        // The client leaves it out: it is not offered.
        FetchItem::ModSeq,
        FetchItem::Preview { lazy: true },
    ];
    let responses = imap.fetch(SequenceSet::all(), items).await;
    let messages = responses.messages();
    let data = messages[0];
    assert!(data.flags().expect("flags").contains(&Flag::Seen));
    let envelope = data.envelope().expect("an envelope");
    assert_eq!(envelope.subject(), Some(&b"one"[..]));
    assert!(
        matches!(data.body_structure(), Some(BodyStructure::Single(_))),
        "{data:?}"
    );
    assert!(
        data.items
            .contains(&FetchedItem::Rfc822Size(message("one").len() as u64))
    );
    let is_unknown = |item: &FetchedItem| matches!(item, FetchedItem::Unknown { .. });
    assert!(!data.items.iter().any(is_unknown), "{data:?}");
    let responses = imap.fetch(SequenceSet::all(), whole()).await;
    assert_eq!(responses.bodies(), [message("one")]);
}

#[tokio::test]
async fn megabytes_are_appended_and_fetched_as_streams_byte_for_byte() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    let mut imap = Imap::signed_in(&authority, courier.imaps).await;
    let lines: String = (0..200_000).map(|n| format!("line {n}\r\n")).collect();
    let big = [message("big"), lines.into_bytes()].concat();
    imap.append(&Mailbox::inbox(), &big).await;
    imap.ok(Command::Select(Mailbox::inbox())).await;
    let responses = imap.fetch(SequenceSet::all(), whole()).await;
    assert!(responses.bodies() == [big], "not what was stored");
}

#[tokio::test]
async fn search_sort_and_thread_return_the_matching_messages() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    let mut imap = Imap::with_three_messages(&authority, courier.imaps).await;
    let found = imap.search(SearchKey::Subject(text("two"))).await;
    assert_eq!(found, [2], "{}", imap.transcript());
    let not = SearchKey::Not(Box::new(SearchKey::Subject(text("two"))));
    assert_eq!(imap.search(not).await, [1, 3]);
    assert_eq!(
        imap.search(SearchKey::Body(text("body of three"))).await,
        [3]
    );
    assert_eq!(imap.search(SearchKey::Unseen).await, [0; 0]);
    let sort = imap
        .ok(Command::Sort(Sort {
            uid: true,
            returns: vec![],
            keys: vec![SortKey {
                reverse: false,
                criterion: SortCriterion::Subject,
            }],
            criteria: vec![],
        }))
        .await;
    let sorted = sort.find(|event| match event {
        Event::Sort(data) => Some(data.numbers.clone()),
        _ => None,
    });
    let sorted: Vec<u32> = sorted.iter().map(|number| number.get()).collect();
    assert_eq!(sorted, [1, 3, 2]);
    let thread = imap
        .ok(Command::Thread(Thread {
            uid: true,
            algorithm: ThreadAlgorithm::References,
            criteria: vec![],
        }))
        .await;
    let threads = thread.find(|event| match event {
        Event::Thread(threads) => Some(threads.len()),
        _ => None,
    });
    assert_eq!(threads, 3);
}

// docs/protocols.md, IMAP: servers nobody here wrote
#[tokio::test]
async fn flags_are_set_and_a_move_is_a_copy_and_an_expunge() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    let mut imap = Imap::with_three_messages(&authority, courier.imaps).await;
    let keyword = Flag::Keyword(Keyword::new("$Forwarded").expect("a keyword"));
    imap.flag(uids(&[1]), vec![Flag::Flagged, keyword]).await;
    assert_eq!(imap.search(SearchKey::Flagged).await, [1]);
    let trash = mailbox("INBOX.Trash");
    let create = Command::Create {
        mailbox: trash.clone(),
        special_use: None,
    };
    imap.ok(create).await;
    assert!(!imap.has(Capability::Move) && imap.has(Capability::UidPlus));
    let copied = imap
        .ok(Command::Copy {
            set: uids(&[2]),
            uid: true,
            mailbox: trash.clone(),
        })
        .await;
    assert!(
        matches!(copied.code, Some(Code::CopyUid { .. })),
        "{copied:?}"
    );
    imap.flag(uids(&[1, 2]), vec![Flag::Deleted]).await;
    imap.ok(Command::UidExpunge(uids(&[2]))).await;
    assert_eq!(imap.search(SearchKey::All).await, [1, 3]);
    assert_eq!(imap.status_of(&trash).await.messages, Some(1));
    imap.ok(Command::Expunge).await;
    assert_eq!(imap.search(SearchKey::All).await, [3]);
    imap.ok(Command::Close).await;
}

#[tokio::test]
async fn idle_reports_a_delivery() {
    let authority = Authority::new();
    let courier = Courier::start(&authority);
    let mut imap = Imap::in_inbox(&authority, courier.imaps).await;
    assert!(imap.has(Capability::Idle));
    let idle = imap.enqueue(Command::Idle);
    imap.until("IDLE", |event| matches!(event, Event::Idling { .. }))
        .await;
    courier.deliver(&message("delivered"));
    imap.until("EXISTS", |event| matches!(event, Event::Exists(1)))
        .await;
    imap.enqueue(Command::Done);
    let done = imap.responses_to(idle, &[]).await;
    assert_eq!(done.status, Status::Ok, "{}", imap.transcript());
    imap.log_out().await;
}
