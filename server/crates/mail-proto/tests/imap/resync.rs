//! Resynchronization of a mailbox (RFC 7162), with servers that support it and servers that do not.

use mail_proto::imap::selected::{Change, Resync, Selected, Visit};
use mail_proto::imap::{
    Code, Command, Event, FetchItem, FetchModifiers, Mailbox, Select, SequenceNumber, SequenceSet,
    Status, Uid, UidValidity,
};

use crate::commands::set;
use crate::talk::{Talk, every_cut, implicit_tls, ready};

fn validity(number: u32) -> UidValidity {
    UidValidity::new(number).unwrap()
}

/// The stored state of a visit in which the messages 117 to 540 were seen.
fn visit() -> Visit {
    Visit {
        uid_validity: validity(67_890_007),
        mod_seq: Some(90_060_115_194_045_000),
        known_uids: Some(set("117:540")),
    }
}

fn resume(earlier: &Visit) -> Command {
    Command::SelectWith(Select {
        mailbox: Mailbox::inbox(),
        read_only: false,
        parameter: earlier.parameter(),
    })
}

/// Applies events to a mailbox and returns its state and the changes.
fn apply_all(mut mailbox: Selected, events: &[Event]) -> (Selected, Vec<Change>) {
    let changes = events
        .iter()
        .filter_map(|event| mailbox.apply(event))
        .collect();
    (mailbox, changes)
}

fn uid_at(mailbox: &mut Selected, at: u32) -> Option<u32> {
    mailbox
        .uid_at(SequenceNumber::new(at).unwrap())
        .map(Uid::get)
}

/// Selects a mailbox again, with a server that sends `data` and then completes SELECT.
fn reselect(capabilities: &str, line: &str, data: &str) -> (Selected, Vec<Change>) {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, capabilities);
        talk.enqueue(resume(&visit()));
        talk.client(format!("r1 {line}\r\n"));
        talk.server(data);
        talk.server("r1 OK [READ-WRITE] selected\r\n");
    });
    apply_all(Selected::resume(visit()), &events)
}

const QRESYNC: &str = "SELECT \"INBOX\" (QRESYNC (67890007 90060115194045000 117:540))";

// docs/protocols.md, IMAP: CONDSTORE, QRESYNC
#[test]
fn qresync_reports_vanished_and_changed_messages() {
    // RFC 7162 §3.2.5.2.
    let (mut mailbox, changes) = reselect(
        "CONDSTORE QRESYNC",
        QRESYNC,
        "* 314 EXISTS\r\n* 15 RECENT\r\n* OK [UIDVALIDITY 67890007] UIDVALIDITY\r\n\
         * OK [UIDNEXT 567] Predicted next UID\r\n* OK [HIGHESTMODSEQ 90060115205545359] Highest\r\n\
         * OK [UNSEEN 7] There are some unseen messages\r\n* FLAGS (\\Answered \\Seen)\r\n\
         * OK [PERMANENTFLAGS (\\Answered \\Seen \\*)] Permanent flags\r\n\
         * VANISHED (EARLIER) 41,43:116,118,120:211,214:540\r\n\
         * 49 FETCH (UID 117 FLAGS (\\Seen \\Answered) MODSEQ (90060115194045001))\r\n\
         * 50 FETCH (UID 119 FLAGS (\\Draft $MDNSent) MODSEQ (90060115194045308))\r\n",
    );
    assert_eq!(
        changes,
        [
            Change::Exists {
                before: 0,
                now: 314
            },
            Change::Vanished(set("41,43:116,118,120:211,214:540")),
        ]
    );
    // EXISTS does not count the messages that vanished earlier.
    assert_eq!(mailbox.exists(), 314);
    assert_eq!(uid_at(&mut mailbox, 50), Some(119));
    assert_eq!(mailbox.resync(true), Resync::Told);
    assert_eq!(mailbox.visit(), Some(visit()));
    mailbox.mark_resynced();
    assert_eq!(
        mailbox.visit(),
        Some(Visit {
            mod_seq: Some(90_060_115_205_545_359),
            known_uids: Some(set("117:119")),
            ..visit()
        })
    );
}

#[test]
fn a_resync_that_breaks_off_is_begun_again_from_the_same_point() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "QRESYNC");
        talk.enqueue(resume(&visit()));
        talk.client(format!("r1 {QRESYNC}\r\n"));
        // HIGHESTMODSEQ arrives before the changes that it counts.
        talk.server(
            "* 314 EXISTS\r\n* OK [UIDVALIDITY 67890007] ok\r\n* OK [HIGHESTMODSEQ 90060115205545359] ok\r\n",
        );
        talk.end_of_input();
        assert!(talk.result.is_some());
    });
    let (mailbox, _) = apply_all(Selected::resume(visit()), &events);
    assert_eq!(mailbox.visit(), Some(visit()));
    // Also before UIDVALIDITY arrives.
    assert_eq!(Selected::resume(visit()).visit(), Some(visit()));
}

// docs/protocols.md, IMAP: CONDSTORE, QRESYNC
#[test]
fn without_qresync_the_changed_flags_are_fetched_by_number() {
    let (mut mailbox, _) = reselect(
        "CONDSTORE",
        "SELECT \"INBOX\" (CONDSTORE)",
        "* 314 EXISTS\r\n* OK [UIDVALIDITY 67890007] ok\r\n* OK [HIGHESTMODSEQ 90060115205545359] ok\r\n",
    );
    let Resync::ChangedSince(since) = mailbox.resync(false) else {
        panic!("{:?}", mailbox.resync(false))
    };
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "CONDSTORE");
        talk.enqueue(Command::FetchWith {
            set: set("117:540"),
            uid: true,
            items: vec![FetchItem::Flags],
            modifiers: FetchModifiers {
                changed_since: Some(since),
                vanished: true,
                partial: None,
            },
        });
        talk.client("r1 UID FETCH 117:540 (FLAGS) (CHANGEDSINCE 90060115194045000)\r\n");
        talk.server(
            "* 49 FETCH (UID 117 FLAGS (\\Seen) MODSEQ (90060115194045001))\r\nr1 OK done\r\n",
        );
    });
    for event in &events {
        mailbox.apply(event);
    }
    mailbox.mark_resynced();
    assert_eq!(uid_at(&mut mailbox, 49), Some(117));
    let mod_seq = mailbox.visit().and_then(|visit| visit.mod_seq);
    assert_eq!(mod_seq, Some(90_060_115_205_545_359));
}

// docs/protocols.md, IMAP: CONDSTORE, QRESYNC
#[test]
fn another_uidvalidity_voids_the_earlier_visit() {
    let (mut mailbox, changes) = reselect(
        "QRESYNC",
        QRESYNC,
        "* 3 EXISTS\r\n* OK [UIDVALIDITY 67890008] new\r\n* OK [HIGHESTMODSEQ 90060115205545359] ok\r\n",
    );
    assert_eq!(
        changes[1..],
        [Change::UidValidity {
            before: validity(67_890_007),
            now: validity(67_890_008)
        }]
    );
    assert_eq!(mailbox.resync(true), Resync::Rebuild);
    mailbox.mark_resynced();
    assert_eq!(mailbox.visit().unwrap().uid_validity, validity(67_890_008));
}

#[test]
fn uids_the_server_does_not_vouch_for_are_void() {
    for data in [
        "* 3 EXISTS\r\n* OK [HIGHESTMODSEQ 90060115205545359] no UIDVALIDITY\r\n",
        "* OK [UIDVALIDITY 67890007] ok\r\n* NO [UIDNOTSTICKY] Non-persistent UIDs\r\n",
    ] {
        let (mut mailbox, _) = reselect("QRESYNC", QRESYNC, data);
        assert_eq!(mailbox.resync(true), Resync::Rebuild, "{data}");
        mailbox.mark_resynced();
        assert_eq!(mailbox.visit(), None, "{data}");
    }
}

// docs/protocols.md, IMAP: without CONDSTORE
#[test]
fn a_mailbox_without_modification_sequences_needs_a_fetch_of_its_flags() {
    for code in [
        "* OK [NOMODSEQ] Sorry, this mailbox format does not support modsequences\r\n",
        "* OK [HIGHESTMODSEQ 0] none\r\n",
        "",
        // The server was restored from a backup.
        "* OK [HIGHESTMODSEQ 90060115194044999] less than before\r\n",
    ] {
        let data = format!("* 3 EXISTS\r\n* OK [UIDVALIDITY 67890007] ok\r\n{code}");
        let (mailbox, _) = reselect("QRESYNC", QRESYNC, &data);
        assert_eq!(mailbox.resync(true), Resync::Flags, "{code}");
    }
    let unnumbered = Visit {
        mod_seq: None,
        ..visit()
    };
    let (mailbox, _) = apply_all(
        Selected::resume(unnumbered.clone()),
        &[
            untagged(Code::UidValidity(validity(67_890_007))),
            untagged(Code::HighestModSeq(5)),
        ],
    );
    assert_eq!(mailbox.resync(true), Resync::Flags);
    every_cut(implicit_tls(), |talk| {
        ready(talk, "QRESYNC");
        talk.enqueue(resume(&unnumbered));
        talk.client("r1 SELECT \"INBOX\" (CONDSTORE)\r\n");
    });
}

fn untagged(code: Code) -> Event {
    Event::Untagged {
        status: Status::Ok,
        code: Some(code),
        text: String::new(),
    }
}

#[test]
fn expunge_reports_the_highest_mod_seq() {
    // RFC 7162 §3.2.7: with QRESYNC the tagged response to EXPUNGE carries HIGHESTMODSEQ.
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "QRESYNC UIDPLUS");
        talk.server("* 4 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [HIGHESTMODSEQ 20] ok\r\n");
        talk.server("* 1 FETCH (UID 10)\r\n* 2 FETCH (UID 20)\r\n* 3 FETCH (UID 30)\r\n");
        talk.enqueue(Command::UidExpunge(set("20")));
        talk.client("r1 UID EXPUNGE 20\r\n");
        talk.server("* VANISHED 20\r\nr1 OK [HIGHESTMODSEQ 21] Expunged\r\n");
    });
    let (mut mailbox, _) = apply_all(Selected::new(None), &events);
    assert_eq!((mailbox.exists(), uid_at(&mut mailbox, 2)), (3, Some(30)));
    assert_eq!(
        mailbox.visit(),
        Some(Visit {
            uid_validity: validity(7),
            mod_seq: Some(21),
            known_uids: Some(set("10:30")),
        })
    );
}

#[test]
fn responses_before_closed_are_about_the_previous_mailbox() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::Select(Mailbox::inbox()));
        talk.client("r1 SELECT \"INBOX\"\r\n");
        talk.server("* 9 EXISTS\r\nr1 OK selected\r\n");
        talk.enqueue(Command::Select(Mailbox::from_wire(&b"B"[..])));
        talk.client("r2 SELECT \"B\"\r\n");
        talk.server(
            "* 3 EXPUNGE\r\n* 9 EXISTS\r\n* 2 FETCH (UID 80)\r\n* OK [CLOSED] Previous mailbox is closed\r\n\
             * 2 EXISTS\r\n* OK [UIDVALIDITY 67890007] ok\r\n* 1 FETCH (UID 5)\r\nr2 OK selected\r\n",
        );
    });
    let of_b = events
        .iter()
        .position(|event| matches!(event, Event::Completed { .. }))
        .unwrap();
    let (mut mailbox, changes) = apply_all(Selected::resume(visit()), &events[of_b + 1..]);
    assert_eq!(
        changes[1..],
        [Change::Exists { before: 0, now: 2 }],
        "not counted from the nine of before"
    );
    assert_eq!((mailbox.exists(), uid_at(&mut mailbox, 1)), (2, Some(5)));
    assert_eq!(mailbox.seq_of(Uid::new(80).unwrap()), None);
    assert_eq!(mailbox.resync(false), Resync::Flags);
}

/// Feeds server data while a window is fetched.
fn while_fetching(data: &str) -> (Selected, Vec<Change>) {
    let events = every_cut(implicit_tls(), |talk: &mut Talk| {
        ready(talk, "");
        talk.server("* 5 EXISTS\r\n");
        talk.enqueue(Command::Fetch {
            set: SequenceSet::all(),
            uid: true,
            items: vec![FetchItem::Flags],
        });
        talk.client("r1 UID FETCH 1:* (FLAGS)\r\n");
        talk.server(data);
        talk.server("r1 OK done\r\n");
    });
    apply_all(Selected::new(None), &events)
}

// docs/protocols.md, IMAP: EXPUNGE during FETCH, doubles, missing UID
#[test]
fn an_expunge_between_fetched_messages_moves_those_behind_it() {
    // RFC 9051 §7.5.1 allows it in UID FETCH.
    let (mut mailbox, changes) = while_fetching(
        "* 1 FETCH (UID 10 FLAGS ())\r\n* 2 FETCH (UID 20 FLAGS ())\r\n* 3 FETCH (UID 30 FLAGS ())\r\n\
         * 2 EXPUNGE\r\n* 3 FETCH (UID 40 FLAGS ())\r\n* 1 EXPUNGE\r\n* 3 FETCH (UID 50 FLAGS ())\r\n\
         * 4 EXISTS\r\n* 4 FETCH (UID 60 FLAGS (\\Recent))\r\n",
    );
    assert_eq!(changes.len(), 4);
    let uids: Vec<_> = (1..=4).map(|at| uid_at(&mut mailbox, at)).collect();
    assert_eq!(uids, [30, 40, 50, 60].map(Some));
}

// docs/protocols.md, IMAP: EXPUNGE during FETCH, doubles, missing UID
#[test]
fn repeated_fetch_data_without_uid_changes_nothing() {
    let (mut mailbox, changes) = while_fetching(
        "* 1 FETCH (UID 10 FLAGS ())\r\n* 1 FETCH (UID 10 FLAGS (\\Seen))\r\n* 1 FETCH (FLAGS ())\r\n\
         * 5 EXISTS\r\n* 5 EXISTS\r\n* 6 EXPUNGE\r\n",
    );
    assert_eq!(changes, [Change::Exists { before: 0, now: 5 }]);
    assert_eq!((mailbox.exists(), uid_at(&mut mailbox, 1)), (5, Some(10)));
}

#[test]
fn a_mailbox_that_shrinks_during_fetch_clears_the_known_uids() {
    let (mut mailbox, changes) = while_fetching(
        "* 5 FETCH (UID 50 FLAGS ())\r\n* 2 EXISTS\r\n* 1 FETCH (UID 40 FLAGS ())\r\n",
    );
    assert_eq!(changes[1], Change::Exists { before: 5, now: 2 });
    assert_eq!(
        (uid_at(&mut mailbox, 1), uid_at(&mut mailbox, 2)),
        (Some(40), None)
    );
    assert_eq!(mailbox.seq_of(Uid::new(50).unwrap()), None);
}

#[test]
fn a_vanished_range_of_2_to_the_32_between_fetched_messages_costs_nothing() {
    let (mut mailbox, changes) = while_fetching(
        "* 1 FETCH (UID 10 FLAGS ())\r\n* VANISHED 1:4294967295\r\n* 3 EXISTS\r\n\
         * 1 FETCH (UID 11 FLAGS (\\Flagged))\r\n",
    );
    assert_eq!(changes[1], Change::Vanished(set("1:4294967295")));
    assert_eq!((mailbox.exists(), uid_at(&mut mailbox, 1)), (3, Some(11)));
}
