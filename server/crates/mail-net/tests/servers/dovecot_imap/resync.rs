//! CONDSTORE and QRESYNC: changes since the last visit.

use mail_proto::imap::selected::{Resync, Selected, Visit};
use mail_proto::imap::{
    Capability, Code, Command, Enable, Event, FetchItem, FetchModifiers, Flag, Mailbox, SearchKey,
    Select, SelectParameter, SequenceSet, Store, StoreMode,
};

use super::super::imap_session::{Imap, Responses, uid, uids};
use super::super::machine::{Authority, Dovecot};
use super::super::message;
use super::everything;

/// Selects INBOX and applies the events about it.
async fn select(
    imap: &mut Imap,
    mut selected: Selected,
    earlier: Option<&Visit>,
) -> (Selected, Responses) {
    let parameter = earlier.map_or(SelectParameter::CondStore, Visit::parameter);
    let command = Command::SelectWith(Select {
        mailbox: Mailbox::inbox(),
        read_only: false,
        parameter,
    });
    let responses = imap.ok(command).await;
    follow(&mut selected, &responses);
    (selected, responses)
}

fn follow(selected: &mut Selected, responses: &Responses) {
    for event in &responses.events {
        selected.apply(event);
    }
}

/// Makes a first visit that has seen five messages, and changes by another connection since: 2 is
/// flagged, 3 and 5 are expunged, 6 is new.
async fn visited_and_changed(authority: &Authority, dovecot: &Dovecot, imap: &mut Imap) -> Visit {
    for subject in ["one", "two", "three", "four", "five"] {
        imap.append(&Mailbox::inbox(), &message(subject)).await;
    }
    let (mut selected, _) = select(imap, Selected::new(None), None).await;
    let seen = imap
        .fetch(SequenceSet::all(), vec![FetchItem::Uid, FetchItem::Flags])
        .await;
    follow(&mut selected, &seen);
    selected.mark_resynced();
    let visit = selected.visit().expect("something to build on");
    imap.ok(Command::Unselect).await;

    let mut other = Imap::in_inbox(authority, dovecot.imaps).await;
    other.flag(uids(&[2]), vec![Flag::Flagged]).await;
    other.flag(uids(&[3, 5]), vec![Flag::Deleted]).await;
    other.ok(Command::Expunge).await;
    other.append(&Mailbox::inbox(), &message("six")).await;
    other.log_out().await;
    visit
}

// docs/protocols.md, IMAP: CONDSTORE, QRESYNC
// docs/protocols.md, IMAP: servers nobody here wrote
#[tokio::test]
async fn qresync_reports_vanished_and_changed_messages_at_select() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    assert!(imap.has(Capability::QResync));
    imap.ok(Command::Enable(vec![Enable::QResync])).await;
    let visit = visited_and_changed(&authority, &dovecot, &mut imap).await;
    let (mut selected, responses) =
        select(&mut imap, Selected::resume(visit.clone()), Some(&visit)).await;
    assert_eq!(selected.resync(true), Resync::Told, "{}", imap.transcript());
    let vanished = responses.find(|event| match event {
        Event::Vanished { earlier, uids } => Some((*earlier, uids.to_string())),
        _ => None,
    });
    assert_eq!(vanished, (true, "3,5".to_owned()));
    let changed = responses.messages();
    let flagged = changed.iter().find(|data| data.uid() == Some(uid(2)));
    let flags = flagged.and_then(|data| data.flags()).expect("flags of 2");
    assert!(flags.contains(&Flag::Flagged), "{responses:?}");
    assert_eq!(selected.exists(), 4);
    assert_eq!(selected.seq_of(uid(2)).map(|seq| seq.get()), Some(2));
    selected.mark_resynced();
    assert!(selected.visit().expect("a visit").mod_seq > visit.mod_seq);
}

#[tokio::test]
async fn with_qresync_an_expunge_by_another_connection_is_reported_as_vanished() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    imap.ok(Command::Enable(vec![Enable::QResync])).await;
    for subject in ["one", "two", "three"] {
        imap.append(&Mailbox::inbox(), &message(subject)).await;
    }
    let (mut selected, _) = select(&mut imap, Selected::new(None), None).await;
    let seen = imap.fetch(SequenceSet::all(), vec![FetchItem::Uid]).await;
    follow(&mut selected, &seen);

    let mut other = Imap::in_inbox(&authority, dovecot.imaps).await;
    other.flag(uids(&[1]), vec![Flag::Deleted]).await;
    other.ok(Command::UidExpunge(uids(&[1]))).await;
    let responses = imap.ok(Command::Noop).await;
    follow(&mut selected, &responses);
    let vanished = responses.find(|event| match event {
        Event::Vanished { earlier, uids } => Some((*earlier, uids.to_string())),
        _ => None,
    });
    assert_eq!(vanished, (false, "1".to_owned()));
    assert_eq!(selected.exists(), 2);
    assert_eq!(selected.seq_of(uid(3)).map(|seq| seq.get()), Some(2));
}

#[tokio::test]
async fn with_condstore_alone_fetch_reports_changes_and_search_the_rest() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    let visit = visited_and_changed(&authority, &dovecot, &mut imap).await;
    let (selected, _) = select(&mut imap, Selected::resume(visit.clone()), None).await;
    let Resync::ChangedSince(mod_seq) = selected.resync(false) else {
        panic!("{:?}\n{}", selected.resync(false), imap.transcript())
    };
    let known = visit.known_uids.expect("known UIDs");
    let changed = imap
        .ok(Command::FetchWith {
            set: known.clone(),
            uid: true,
            items: vec![FetchItem::Uid, FetchItem::Flags],
            modifiers: FetchModifiers {
                changed_since: Some(mod_seq),
                ..FetchModifiers::default()
            },
        })
        .await;
    let changed_uids: Vec<_> = changed
        .messages()
        .iter()
        .filter_map(|data| data.uid())
        .collect();
    assert_eq!(changed_uids, [uid(2)], "{}", imap.transcript());
    assert_eq!(imap.search(SearchKey::Uid(known)).await, [1, 2, 4]);
    assert_eq!(imap.search(SearchKey::ModSeq(mod_seq + 1)).await, [2, 6]);
}

#[tokio::test]
async fn store_unchangedsince_skips_messages_changed_by_another_connection() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    for subject in ["one", "two"] {
        imap.append(&Mailbox::inbox(), &message(subject)).await;
    }
    let (selected, _) = select(&mut imap, Selected::new(None), None).await;
    let mod_seq = selected.highest_mod_seq().expect("HIGHESTMODSEQ");
    let mut other = Imap::in_inbox(&authority, dovecot.imaps).await;
    other.flag(uids(&[1]), vec![Flag::Answered]).await;
    let stored = imap
        .ok(Command::StoreUnchangedSince {
            store: Store {
                set: uids(&[1, 2]),
                uid: true,
                mode: StoreMode::Add,
                flags: vec![Flag::Flagged],
                silent: false,
            },
            mod_seq,
        })
        .await;
    assert_eq!(
        stored.code,
        Some(Code::Modified(uids(&[1]))),
        "{}",
        imap.transcript()
    );
    assert_eq!(imap.search(SearchKey::Flagged).await, [2]);
}
