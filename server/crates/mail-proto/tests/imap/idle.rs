//! IDLE and DONE (RFC 9051 §6.3.13).

use mail_proto::imap::{Command, Event, FetchItem, Mailbox, SequenceSet, Status};

use crate::talk::{completed, every_cut, implicit_tls, ready};

fn fetch(uid: bool) -> Command {
    Command::Fetch {
        set: SequenceSet::all(),
        uid,
        items: vec![FetchItem::Flags],
    }
}

// docs/protocols.md, IMAP: IDLE, DONE
#[test]
fn changes_arrive_while_idling() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "IDLE");
        let tag = talk.enqueue(Command::Idle);
        talk.client("r1 IDLE\r\n");
        assert!(!talk.client.is_idling());
        talk.server("+ idling\r\n");
        assert!(talk.client.is_idling());
        talk.server("* 4 EXISTS\r\n* OK Still here\r\n* 2 EXPUNGE\r\n");
        assert_eq!(talk.enqueue(Command::Done), tag);
        assert!(!talk.client.is_idling());
        talk.client("DONE\r\n");
        talk.server("r1 OK Idle completed\r\n");
        assert_eq!(completed(&talk.events, tag), Status::Ok);
    });
    assert!(matches!(events[1], Event::Idling { .. }));
    assert_eq!(events[2], Event::Exists(4));
}

// docs/protocols.md, IMAP: IDLE, DONE
#[test]
fn done_and_the_next_command_leave_in_one_write() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "IDLE");
        talk.enqueue(Command::Idle);
        talk.client("r1 IDLE\r\n");
        talk.server("+ idling\r\n");
        talk.enqueue(Command::Done);
        talk.enqueue(fetch(true));
        talk.client_in_one_write("DONE\r\nr2 UID FETCH 1:* (FLAGS)\r\n");
    });
}

// docs/protocols.md, IMAP: IDLE, DONE
#[test]
fn after_done_changes_by_sequence_number_wait_for_the_tagged_response_to_idle() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "IDLE");
        talk.enqueue(Command::Idle);
        talk.client("r1 IDLE\r\n");
        talk.server("+ idling\r\n");
        talk.enqueue(Command::Done);
        talk.enqueue(Command::Copy {
            set: SequenceSet::all(),
            uid: false,
            mailbox: Mailbox::inbox(),
        });
        talk.client("DONE\r\n");
        talk.server("* 1 EXPUNGE\r\nr1 OK done\r\n");
        talk.client("r2 COPY 1:* \"INBOX\"\r\n");
    });
}

#[test]
fn fetch_is_sent_with_done_and_its_numbers_follow_an_expunge() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "IDLE");
        talk.enqueue(Command::Idle);
        talk.client("r1 IDLE\r\n");
        talk.server("+ idling\r\n");
        talk.enqueue(Command::Done);
        talk.enqueue(fetch(false));
        talk.client_in_one_write("DONE\r\nr2 FETCH 1:* (FLAGS)\r\n");
        talk.server("* 1 EXPUNGE\r\nr1 OK done\r\n* 1 FETCH (FLAGS ())\r\nr2 OK done\r\n");
        let expunged = talk
            .events
            .iter()
            .position(|e| matches!(e, Event::Expunge { .. }));
        let fetched = talk
            .events
            .iter()
            .position(|e| matches!(e, Event::Fetch(_)));
        assert!(expunged.unwrap() < fetched.unwrap());
    });
}

#[test]
fn done_waits_until_idle_runs_and_idle_until_nothing_else_does() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "IDLE");
        talk.enqueue(Command::Noop);
        talk.enqueue(Command::Idle);
        talk.enqueue(Command::Done);
        talk.enqueue(fetch(true));
        talk.client("r1 NOOP\r\n");
        talk.server("r1 OK done\r\n");
        talk.client("r2 IDLE\r\n");
        talk.server("+ \r\n");
        talk.client_in_one_write("DONE\r\nr3 UID FETCH 1:* (FLAGS)\r\n");
    });
}

#[test]
fn commands_behind_idle_wait_for_done() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "IDLE");
        talk.enqueue(Command::Idle);
        talk.enqueue(Command::Noop);
        talk.client("r1 IDLE\r\n");
        talk.server("+ idling\r\n");
        talk.expect_no_output();
        talk.enqueue(Command::Done);
        talk.client_in_one_write("DONE\r\nr2 NOOP\r\n");
    });
}

#[test]
fn an_idle_that_ends_by_itself_needs_no_done() {
    for reply in ["r1 BAD unknown command\r\n", "+ idling\r\nr1 OK enough\r\n"] {
        every_cut(implicit_tls(), |talk| {
            ready(talk, "");
            talk.enqueue(Command::Idle);
            talk.client("r1 IDLE\r\n");
            talk.server(reply);
            talk.enqueue(Command::Done);
            talk.enqueue(Command::Noop);
            talk.client("r2 NOOP\r\n");
        });
    }
}

#[test]
fn done_without_any_idle_sends_nothing() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "IDLE");
        talk.enqueue(Command::Done);
        talk.expect_no_output();
    });
}

#[test]
fn an_unsolicited_continuation_is_reported() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("+ why\r\n");
    });
    assert!(matches!(events[1], Event::Unknown(_)));
}
