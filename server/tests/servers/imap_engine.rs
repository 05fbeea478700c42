//! What the IMAP machine says and reads, tried on a Dovecot that offers it, and on one that does not.

use mail_proto::imap::mailbox::{Change, Resync, Selected};
use mail_proto::imap::{
    Append, BodyValue, Capability, Code, Command, Enable, Event, FetchData, FetchItem,
    FetchModifiers, FetchedItem, Flag, List, ListData, ListSelection, Mailbox, MailboxAttribute,
    Notify, NotifyEvents, NotifyGroup, NotifyMailboxes, NotifySelected, PartNumber, Search,
    SearchData, SearchKey, SearchReturn, Select, SelectParameter, SequenceSet, Status, StatusData,
    StatusItem, Store, StoreMode, Text, Uid,
};

use super::imap_talk::ImapTalk;
use super::{Authority, Dovecot};

/// Everything that Dovecot has to offer.
pub(super) const EVERYTHING: &str = r"
mail_plugins = quota zlib
protocol imap {
  mail_plugins = $mail_plugins imap_quota imap_zlib
}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=100M
}
";
/// As little as a server may offer.
const NOTHING: &str = "
imap_capability = IMAP4rev1
";

pub(super) fn set(text: &str) -> SequenceSet {
    SequenceSet::parse(text.as_bytes()).unwrap()
}

pub(super) fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

pub(super) fn named(name: &str) -> Mailbox {
    Mailbox::encode(name, false).unwrap()
}

/// Files a message.
pub(super) fn append(talk: &mut ImapTalk, mailbox: &str, message: &str) {
    let append = Append {
        mailbox: named(mailbox),
        flags: vec![],
        internal_date: None,
        size_bytes: message.len() as u64,
    };
    talk.run_with(Command::Append(append), message);
}

/// Files six messages: two conversations, whose messages answer each other in turn.
pub(super) fn fill(talk: &mut ImapTalk) {
    for n in 1..=6 {
        let (re, references) = match n {
            1 | 2 => ("", String::new()),
            _ => ("Re: ", format!("References: <m{}@x.test>\r\n", n - 2)),
        };
        let message = format!(
            "From: \"Zoë {n}\" <z{n}@x.test>\r\nTo: b@x.test\r\nDate: Fri, {n} Nov 2024 10:00:00 +0000\r\n\
             Subject: {re}topic {}\r\nMessage-ID: <m{n}@x.test>\r\n{references}MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
             SGVsbG8gV29ybGQgw7xiZXIK\r\n",
            n % 2
        );
        append(talk, "INBOX", &message);
    }
}

pub(super) fn select(talk: &mut ImapTalk) -> Vec<Event> {
    talk.run(Command::SelectWith(Select {
        mailbox: Mailbox::inbox(),
        read_only: false,
        parameter: SelectParameter::CondStore,
    }))
}

pub(super) fn searched(
    talk: &mut ImapTalk,
    returns: &[SearchReturn],
    key: SearchKey,
) -> SearchData {
    let events = talk.run(Command::SearchWith(Search {
        uid: true,
        returns: returns.to_vec(),
        criteria: vec![key],
    }));
    let found = events.into_iter().find_map(|event| match event {
        Event::Search(data) => Some(data),
        _ => None,
    });
    found.expect("an answer to SEARCH")
}

pub(super) fn fetched(events: &[Event]) -> Vec<&FetchData> {
    let fetched = events.iter().filter_map(|event| match event {
        Event::Fetch(data) => Some(data),
        _ => None,
    });
    fetched.collect()
}

pub(super) fn store(uids: &str, flag: Flag) -> Store {
    Store {
        set: set(uids),
        uid: true,
        mode: StoreMode::Add,
        flags: vec![flag],
        silent: true,
    }
}

#[test]
fn dovecot_fetches_decoded_parts_first_words_and_dates() {
    let authority = Authority::new();
    let dovecot = Dovecot::start_with(&authority, EVERYTHING);
    let mut talk = ImapTalk::signed_in(&dovecot);
    fill(&mut talk);
    select(&mut talk);
    let part = PartNumber::new(&[1]).unwrap();
    let binary = |partial| FetchItem::BinaryPeek {
        part: part.clone(),
        partial,
    };
    let events = talk.run(Command::Fetch {
        set: set("1"),
        uid: true,
        items: vec![
            FetchItem::ModSeq,
            FetchItem::EmailId,
            FetchItem::Preview { lazy: false },
            FetchItem::SaveDate,
            FetchItem::BinarySize(part.clone()),
            binary(None),
            binary(Some((6, 5))),
        ],
    });
    let [data] = fetched(&events)[..] else {
        panic!("{events:?}")
    };
    assert!(data.mod_seq().is_some());
    let decoded = |origin, text: &str| FetchedItem::Binary {
        part: part.clone(),
        origin,
        value: BodyValue::Inline(text.to_owned().into()),
    };
    for item in [
        FetchedItem::Preview(Some("Hello World über".into())),
        FetchedItem::BinarySize {
            part: part.clone(),
            size_bytes: 18,
        },
        decoded(None, "Hello World über\n"),
        decoded(Some(6), "World"),
    ] {
        assert!(data.items.contains(&item), "{item:?} in {data:?}");
    }
    let has_date = |item: &FetchedItem| matches!(item, FetchedItem::SaveDate(Some(_)));
    assert!(data.items.iter().any(has_date));
}

#[test]
fn dovecot_brings_an_earlier_visit_up_to_date() {
    let authority = Authority::new();
    let dovecot = Dovecot::start_with(&authority, EVERYTHING);
    let mut talk = ImapTalk::signed_in(&dovecot);
    fill(&mut talk);
    talk.run(Command::Enable(vec![Enable::CondStore, Enable::QResync]));
    let mut selected = Selected::new(None);
    for event in select(&mut talk) {
        selected.apply(&event);
    }
    for event in talk.run(Command::Fetch {
        set: SequenceSet::all(),
        uid: true,
        items: vec![FetchItem::Flags],
    }) {
        selected.apply(&event);
    }
    let visit = selected.visit().expect("a visit to come back to");
    let since = visit.mod_seq.expect("modification sequences");

    talk.run(Command::Store(store("2", Flag::Flagged)));
    let events = talk.run(Command::StoreUnchangedSince {
        store: store("1:3", Flag::Deleted),
        mod_seq: since,
    });
    assert!(
        matches!(events.last(), Some(Event::Completed { code: Some(Code::Modified(left)), .. }) if *left == set("2")),
        "{events:?}"
    );
    let mut changes = Vec::new();
    for event in talk.run(Command::UidExpunge(set("1:6"))) {
        changes.extend(selected.apply(&event));
    }
    assert_eq!(changes, [Change::Vanished(set("1,3"))]);
    assert_eq!(selected.exists(), 4);
    assert!(selected.visit().unwrap().mod_seq > Some(since));

    let events = talk.run(Command::FetchWith {
        set: SequenceSet::all(),
        uid: true,
        items: vec![FetchItem::Flags],
        modifiers: FetchModifiers {
            changed_since: Some(since),
            vanished: true,
            partial: None,
        },
    });
    let is_told = |event: &Event| matches!(event, Event::Vanished { earlier: true, uids } if *uids == set("1,3"));
    assert!(events.iter().any(is_told), "{events:?}");
    assert_eq!(fetched(&events)[0].uid(), Uid::new(2));

    let mut later = ImapTalk::signed_in(&dovecot);
    later.run(Command::Enable(vec![Enable::QResync]));
    let events = later.run(Command::SelectWith(Select {
        mailbox: Mailbox::inbox(),
        read_only: true,
        parameter: visit.parameter(),
    }));
    let mut resumed = Selected::resume(visit);
    for event in &events {
        resumed.apply(event);
    }
    assert!(events.iter().any(is_told), "{events:?}");
    let [changed] = fetched(&events)[..] else {
        panic!("{events:?}")
    };
    assert_eq!(changed.uid(), Uid::new(2));
    assert!(changed.flags().unwrap().contains(&Flag::Flagged));
    assert_eq!(resumed.resync(true), Resync::Told);
    assert_eq!(resumed.exists(), 4);
}

#[test]
fn dovecot_lists_counts_and_renames_mailboxes() {
    let authority = Authority::new();
    let dovecot = Dovecot::start_with(&authority, EVERYTHING);
    let mut talk = ImapTalk::signed_in(&dovecot);
    fill(&mut talk);
    talk.run(Command::Create {
        mailbox: named("Müll/tief"),
        special_use: None,
    });
    talk.run(Command::Rename {
        from: named("Müll/tief"),
        to: named("Müll/\"tiefer\""),
    });
    talk.run(Command::Subscribe(named("Müll/\"tiefer\"")));
    let lists = |events: &[Event]| -> Vec<ListData> {
        let lists = events.iter().filter_map(|event| match event {
            Event::List(data) | Event::Lsub(data) => Some(data.clone()),
            _ => None,
        });
        lists.collect()
    };
    let events = talk.run(Command::List(List {
        selection: ListSelection {
            subscribed: true,
            recursive_match: true,
            ..ListSelection::default()
        },
        pattern: text("%"),
        ..List::everything()
    }));
    let parent = lists(&events)
        .into_iter()
        .find(|list| list.mailbox == named("Müll"))
        .expect("the parent of what is subscribed");
    assert_eq!(parent.extended.child_info, ["SUBSCRIBED"]);
    let events = talk.run(Command::Lsub {
        reference: named(""),
        pattern: text("*"),
    });
    assert!(
        lists(&events)
            .iter()
            .any(|list| list.mailbox == named("Müll/\"tiefer\""))
    );
    let events = talk.run(Command::List(List {
        selection: ListSelection {
            special_use: true,
            ..ListSelection::default()
        },
        return_status: vec![StatusItem::Messages, StatusItem::Size],
        ..List::everything()
    }));
    assert!(
        lists(&events)
            .iter()
            .all(|list| list.attributes.iter().any(|attribute| matches!(
                attribute,
                MailboxAttribute::Drafts
                    | MailboxAttribute::Sent
                    | MailboxAttribute::Archive
                    | MailboxAttribute::Junk
                    | MailboxAttribute::Trash
            )))
    );
    talk.run(Command::Unsubscribe(named("Müll/\"tiefer\"")));
    talk.run(Command::Delete(named("Müll/\"tiefer\"")));
    let events = talk.run(Command::Status {
        mailbox: Mailbox::inbox(),
        items: vec![
            StatusItem::Messages,
            StatusItem::Unseen,
            StatusItem::UidNext,
            StatusItem::UidValidity,
            StatusItem::Size,
            StatusItem::HighestModSeq,
            StatusItem::MailboxId,
            StatusItem::AppendLimit,
            StatusItem::Deleted,
            StatusItem::DeletedStorage,
        ],
    });
    let Event::Status(StatusData {
        messages: Some(6),
        unseen: Some(6),
        size_bytes: Some(1..),
        highest_mod_seq: Some(_),
        ..
    }) = &events[0]
    else {
        panic!("{events:?}")
    };
    let events = talk.run(Command::GetQuotaRoot(Mailbox::inbox()));
    let [Event::QuotaRoot(root), Event::Quota(quota), ..] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(root.roots[0], quota.root);
    assert_eq!(
        quota.storage_bytes().map(|(_, limit)| limit),
        Some(100 << 20)
    );
    let root = text("User quota");
    let events = talk.run(Command::GetQuota { root });
    assert!(matches!(events[0], Event::Quota(_)));
}

#[test]
fn dovecot_compresses_and_tells_changes_of_other_mailboxes() {
    let authority = Authority::new();
    let dovecot = Dovecot::start_with(&authority, EVERYTHING);
    let mut talk = ImapTalk::signed_in(&dovecot);
    fill(&mut talk);
    let mut watcher = ImapTalk::signed_in(&dovecot);
    watcher.run(Command::Compress);
    let again = watcher.ask(Command::Compress);
    assert_eq!(again.status, Status::No);
    assert!(
        matches!(
            again.events.last(),
            Some(Event::Completed {
                code: Some(Code::CompressionActive),
                ..
            })
        ),
        "{again:?}"
    );
    select(&mut watcher);
    let all = NotifyEvents {
        messages: true,
        flag_changes: true,
        names: true,
        subscriptions: true,
    };
    let group = |mailboxes| NotifyGroup {
        mailboxes,
        events: all,
    };
    watcher.run(Command::Notify(Notify::Set {
        status: true,
        selected: NotifySelected {
            new_message_items: vec![FetchItem::Uid, FetchItem::Flags],
            flag_changes: true,
        },
        groups: vec![
            group(NotifyMailboxes::Subtree(vec![named("Sent")])),
            group(NotifyMailboxes::Personal),
        ],
    }));
    append(&mut talk, "Archive", "Subject: new\r\n\r\nx\r\n");
    let is_told = |event: &Event| matches!(event, Event::Status(data) if data.mailbox == named("Archive") && data.messages == Some(1));
    watcher.hear(is_told);
    let events = watcher.run(Command::Fetch {
        set: SequenceSet::all(),
        uid: true,
        items: vec![FetchItem::Envelope, FetchItem::BodyStructure],
    });
    assert_eq!(fetched(&events).len(), 6);
    watcher.run(Command::Notify(Notify::Nothing));
}

#[test]
fn everything_works_where_nothing_is_offered() {
    let authority = Authority::new();
    let dovecot = Dovecot::start_with(&authority, NOTHING);
    let mut talk = ImapTalk::signed_in(&dovecot);
    for capability in [
        Capability::ESearch,
        Capability::CondStore,
        Capability::ListExtended,
    ] {
        assert!(
            !talk.client.capabilities().has(capability),
            "{capability:?}"
        );
    }
    fill(&mut talk);
    let opened = select(&mut talk);
    let told = searched(
        &mut talk,
        &[SearchReturn::Count, SearchReturn::Save],
        SearchKey::Subject(text("topic 1")),
    );
    assert_eq!((told.count, told.tag), (Some(3), None));
    let events = talk.run(Command::List(List {
        return_status: vec![StatusItem::Messages],
        ..List::everything()
    }));
    assert!(events.iter().any(|event| matches!(event, Event::List(_))));
    assert!(!events.iter().any(|event| matches!(event, Event::Status(_))));
    let events = talk.run(Command::FetchWith {
        set: SequenceSet::all(),
        uid: true,
        items: vec![
            FetchItem::Flags,
            FetchItem::ModSeq,
            FetchItem::Preview { lazy: true },
            FetchItem::SaveDate,
        ],
        modifiers: FetchModifiers {
            changed_since: Some(1),
            vanished: true,
            partial: None,
        },
    });
    // All of them, for nobody could tell which have changed.
    assert_eq!(fetched(&events).len(), 6);
    let events = talk.run(Command::Status {
        mailbox: named("Sent"),
        items: vec![StatusItem::Size, StatusItem::Messages],
    });
    assert!(matches!(&events[0], Event::Status(data) if data.messages == Some(0)));
    let mut selected = Selected::new(None);
    for event in &opened {
        selected.apply(event);
    }
    assert_eq!(selected.exists(), 6);
}
