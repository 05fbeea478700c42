//! The state of the selected mailbox, which must stay correct for any server data.

use bytes::Bytes;
use mail_proto::imap::selected::{Change, Selected};
use mail_proto::imap::{
    Code, Event, FetchData, FetchedItem, Flag, SequenceNumber, SequenceSet, Status, Uid,
    UidValidity,
};
use proptest::prelude::*;

fn seq(number: u32) -> SequenceNumber {
    SequenceNumber::new(number).unwrap()
}

fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

fn fetch(at: u32, of: u32) -> Event {
    Event::Fetch(FetchData {
        seq: seq(at),
        items: vec![FetchedItem::Uid(uid(of))],
    })
}

fn code(code: Code) -> Event {
    Event::Untagged {
        status: Status::Ok,
        code: Some(code),
        text: String::new(),
    }
}

/// A mailbox of five messages with the UIDs 10, 20 … 50, all seen.
fn five() -> Selected {
    let mut mailbox = Selected::new(None);
    mailbox.apply(&Event::Exists(5));
    for number in 1..=5 {
        assert_eq!(mailbox.apply(&fetch(number, number * 10)), None);
    }
    mailbox
}

fn known_uids(mailbox: &mut Selected) -> Vec<Option<u32>> {
    (1..=mailbox.exists())
        .map(|at| mailbox.uid_at(seq(at)).map(Uid::get))
        .collect()
}

// docs/protocols.md, IMAP: ENABLE, SELECT, EXAMINE
#[test]
fn select_reports_the_state_of_the_mailbox() {
    let mut mailbox = Selected::new(None);
    let validity = UidValidity::new(7).unwrap();
    for event in [
        Event::Flags(vec![Flag::Seen]),
        Event::Exists(3),
        code(Code::UidValidity(validity)),
        code(Code::UidNext(uid(40))),
        code(Code::HighestModSeq(99)),
        code(Code::ReadOnly),
    ] {
        mailbox.apply(&event);
    }
    assert_eq!((mailbox.exists(), mailbox.uid_next()), (3, Some(uid(40))));
    assert_eq!(
        (mailbox.uid_validity(), mailbox.highest_mod_seq()),
        (Some(validity), Some(99))
    );
    assert_eq!(mailbox.permanent_flags(), [Flag::Seen]);
    assert!(mailbox.read_only());
    mailbox.apply(&code(Code::PermanentFlags(vec![])));
    assert_eq!(mailbox.permanent_flags(), []);
}

#[test]
fn an_expunge_moves_all_that_is_behind_it() {
    let mut mailbox = five();
    let change = mailbox.apply(&Event::Expunge { seq: seq(2) });
    assert_eq!(
        change,
        Some(Change::Expunged {
            seq: seq(2),
            uid: Some(uid(20))
        })
    );
    assert_eq!(known_uids(&mut mailbox), [10, 30, 40, 50].map(Some));
    assert_eq!(mailbox.seq_of(uid(50)), Some(seq(4)));
    assert_eq!(mailbox.seq_of(uid(20)), None);
}

#[test]
fn an_expunge_of_a_message_that_was_not_seen_moves_the_others_too() {
    let mut mailbox = Selected::new(None);
    mailbox.apply(&Event::Exists(100));
    mailbox.apply(&fetch(50, 500));
    let change = mailbox.apply(&Event::Expunge { seq: seq(10) });
    assert_eq!(
        change,
        Some(Change::Expunged {
            seq: seq(10),
            uid: None
        })
    );
    assert_eq!(
        (mailbox.exists(), mailbox.seq_of(uid(500))),
        (99, Some(seq(49)))
    );
    // A number beyond the end expunges nothing.
    assert_eq!(mailbox.apply(&Event::Expunge { seq: seq(100) }), None);
    assert_eq!(mailbox.exists(), 99);
}

#[test]
fn new_messages_are_reported_and_change_no_known_uid() {
    let mut mailbox = five();
    assert_eq!(
        mailbox.apply(&Event::Exists(7)),
        Some(Change::Exists { before: 5, now: 7 })
    );
    assert_eq!(mailbox.apply(&Event::Exists(7)), None);
    assert_eq!(mailbox.uid_at(seq(5)), Some(uid(50)));
    assert_eq!(mailbox.uid_at(seq(6)), None);
    mailbox.apply(&fetch(7, 70));
    assert_eq!(mailbox.seq_of(uid(70)), Some(seq(7)));
}

#[test]
fn a_mailbox_that_shrinks_without_expunge_clears_the_known_uids() {
    let mut mailbox = five();
    assert_eq!(
        mailbox.apply(&Event::Exists(3)),
        Some(Change::Exists { before: 5, now: 3 })
    );
    assert_eq!(known_uids(&mut mailbox), [None, None, None]);
}

#[test]
fn vanished_messages_leave_and_the_others_move_up() {
    let mut mailbox = five();
    mailbox.apply(&Event::Exists(6));
    // The UID of the sixth message, which was never fetched, is 55.
    let uids = SequenceSet::parse(b"20,40,55").unwrap();
    let change = mailbox.apply(&Event::Vanished {
        earlier: false,
        uids: uids.clone(),
    });
    assert_eq!(change, Some(Change::Vanished(uids)));
    assert_eq!(known_uids(&mut mailbox), [10, 30, 50].map(Some));
    assert_eq!(mailbox.seq_of(uid(40)), None);
}

#[test]
fn impossible_vanished_uids_clear_the_known_uids() {
    let mut mailbox = five();
    // 30 and 40 are adjacent: there is no 35.
    let uids = SequenceSet::parse(b"35,40").unwrap();
    mailbox.apply(&Event::Vanished {
        earlier: false,
        uids,
    });
    assert_eq!(known_uids(&mut mailbox), [None, None, None]);
}

#[test]
fn vanished_messages_after_the_last_one_leave_no_row_out_of_range() {
    let mut mailbox = five();
    // 50 is the last of five: there is no 60 after it, and an expunge of two leaves no number for
    // it.
    let uids = SequenceSet::parse(b"60:61").unwrap();
    mailbox.apply(&Event::Vanished {
        earlier: false,
        uids,
    });
    assert_eq!(mailbox.exists(), 3);
    assert_eq!(mailbox.seq_of(uid(50)), None);
    assert_eq!(mailbox.seq_of(uid(10)), None);
}

#[test]
fn messages_that_vanished_earlier_are_not_counted_again() {
    let mut mailbox = five();
    let uids = SequenceSet::parse(b"1:9").unwrap();
    mailbox.apply(&Event::Vanished {
        earlier: true,
        uids,
    });
    assert_eq!(known_uids(&mut mailbox), [10, 20, 30, 40, 50].map(Some));
}

#[test]
fn a_vanished_range_of_2_to_the_32_costs_nothing() {
    let mut mailbox = five();
    let uids = SequenceSet::parse(b"1:4294967295").unwrap();
    mailbox.apply(&Event::Vanished {
        earlier: false,
        uids,
    });
    assert_eq!(mailbox.exists(), 0);
    assert_eq!(mailbox.seq_of(uid(10)), None);
}

// docs/protocols.md, IMAP: UIDVALIDITY changes
#[test]
fn another_uidvalidity_voids_what_was_known() {
    let (old, new) = (UidValidity::new(1).unwrap(), UidValidity::new(2).unwrap());
    let mut mailbox = Selected::new(Some(old));
    mailbox.apply(&Event::Exists(5));
    mailbox.apply(&fetch(1, 10));
    assert_eq!(mailbox.apply(&code(Code::UidValidity(old))), None);
    assert_eq!(mailbox.uid_at(seq(1)), Some(uid(10)));
    assert_eq!(
        mailbox.apply(&code(Code::UidValidity(new))),
        Some(Change::UidValidity {
            before: old,
            now: new
        })
    );
    assert_eq!(mailbox.uid_at(seq(1)), None);
}

#[test]
fn contradicting_rows_are_dropped_except_the_newest() {
    let mut mailbox = five();
    mailbox.apply(&fetch(2, 60));
    assert_eq!(known_uids(&mut mailbox), [None, Some(60), None, None, None]);
    // A sequence number beyond the end is invalid.
    mailbox.apply(&fetch(6, 61));
    assert_eq!(mailbox.seq_of(uid(61)), None);
}

#[test]
fn the_least_recently_used_rows_are_dropped_first() {
    let mut mailbox = Selected::new(None);
    mailbox.apply(&Event::Exists(10_000));
    for number in 1..=2000 {
        mailbox.apply(&fetch(number, number));
    }
    assert_eq!(mailbox.uid_at(seq(1)), Some(uid(1)));
    mailbox.apply(&fetch(5000, 5000));
    assert_eq!(mailbox.uid_at(seq(1)), Some(uid(1)));
    assert_eq!(mailbox.uid_at(seq(2)), None);
    assert_eq!(mailbox.uid_at(seq(5000)), Some(uid(5000)));
}

#[test]
fn a_message_that_is_new_pushes_uidnext() {
    let mut mailbox = five();
    mailbox.apply(&code(Code::UidNext(uid(51))));
    mailbox.apply(&Event::Exists(6));
    mailbox.apply(&fetch(6, 60));
    assert_eq!(mailbox.uid_next(), Some(uid(61)));
}

#[derive(Debug, Clone)]
enum ConnectionEvent {
    Arrive,
    Expunge(u32),
    Fetch(u32),
}

proptest! {
    /// Compared with a mailbox that is known completely: every reported position is correct.
    #[test]
    fn known_uids_are_correct_after_any_events(
        events in proptest::collection::vec(
            prop_oneof![
                Just(ConnectionEvent::Arrive),
                any::<u32>().prop_map(ConnectionEvent::Expunge),
                any::<u32>().prop_map(ConnectionEvent::Fetch),
            ],
            1..200,
        )
    ) {
        let mut expected: Vec<u32> = (1..=20).map(|number| number * 3).collect();
        let mut next = 100;
        let mut mailbox = Selected::new(None);
        mailbox.apply(&Event::Exists(20));
        for event in events {
            let len = u32::try_from(expected.len()).unwrap();
            match event {
                ConnectionEvent::Arrive => {
                    expected.push(next);
                    next += 2;
                    mailbox.apply(&Event::Exists(len + 1));
                }
                ConnectionEvent::Expunge(pick) if len > 0 => {
                    let at = pick % len;
                    expected.remove(at as usize);
                    mailbox.apply(&Event::Expunge { seq: seq(at + 1) });
                }
                ConnectionEvent::Fetch(pick) if len > 0 => {
                    let at = pick % len;
                    mailbox.apply(&fetch(at + 1, expected[at as usize]));
                }
                ConnectionEvent::Expunge(_) | ConnectionEvent::Fetch(_) => {}
            }
            prop_assert_eq!(mailbox.exists() as usize, expected.len());
            for (at, of) in (1..).zip(&expected) {
                if let Some(known) = mailbox.uid_at(seq(at)) {
                    prop_assert_eq!(known, uid(*of));
                    prop_assert_eq!(mailbox.seq_of(known), Some(seq(at)));
                }
            }
        }
    }
}

#[test]
fn events_unrelated_to_the_mailbox_change_nothing() {
    let mut mailbox = five();
    let unknown = Event::Unknown(vec![mail_proto::imap::Value::Atom(Bytes::from_static(
        b"X",
    ))]);
    assert_eq!(mailbox.apply(&unknown), None);
    assert_eq!(known_uids(&mut mailbox), [10, 20, 30, 40, 50].map(Some));
}
