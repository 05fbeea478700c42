//! `MAIL`, `RCPT`, `DATA`, the message and its outcome.

use super::*;
use Move::{Body, Client as Sends, Do, Server};

pub(super) const GREETING: Move<Client> = Server("220 x\r\n");
/// Offers no extension: one command at a time.
const OLD: Move<Client> = Server("250 x\r\n");
pub(super) const PIPELINING: Move<Client> = Server("250-x\r\n250 PIPELINING\r\n");
/// Offers PIPELINING and CHUNKING.
pub(super) const BOTH: Move<Client> = Server("250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
pub(super) const COMMIT: Move<Client> = Do(Client::commit);
const EHLO: Move<Client> = Sends("EHLO client.example\r\n");

pub(super) const ONE: Move<Client> = Do(|c| c.send(envelope(&["jones@foo.example"])));
const THREE: Move<Client> = Do(|c| {
    c.send(envelope(&[
        "jones@foo.example",
        "green@foo.example",
        "brown@foo.example",
    ]))
});
const GROUP_OF_THREE: Move<Client> = Sends(
    "MAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\n\
     RCPT TO:<green@foo.example>\r\nRCPT TO:<brown@foo.example>\r\nDATA\r\n",
);

pub(super) fn one(result: RecipientResult) -> Vec<(Address, RecipientResult)> {
    Vec::from([(address("jones@foo.example"), result)])
}

fn three(results: [RecipientResult; 3]) -> Vec<(Address, RecipientResult)> {
    let names = [
        "jones@foo.example",
        "green@foo.example",
        "brown@foo.example",
    ];
    names.map(address).into_iter().zip(results).collect()
}

// docs/protocols.md, SMTP: MAIL, RCPT, DATA
#[test]
fn rfc5321_d_1_typical_transaction() {
    let played = talk(&[
        GREETING,
        EHLO,
        OLD,
        THREE,
        Sends("MAIL FROM:<smith@bar.example>\r\n"),
        Server("250 OK\r\n"),
        Sends("RCPT TO:<jones@foo.example>\r\n"),
        Server("250 OK\r\n"),
        Sends("RCPT TO:<green@foo.example>\r\n"),
        Server("550 No such user here\r\n"),
        Sends("RCPT TO:<brown@foo.example>\r\n"),
        Server("250 OK\r\n"),
        Sends("DATA\r\n"),
        Server("354 Start mail input; end with <CRLF>.<CRLF>\r\n"),
        Body(&["Blah blah blah...\r\n", "...etc. etc. etc.\r\n"]),
        Sends("Blah blah blah...\r\n....etc. etc. etc.\r\n"),
        COMMIT,
        Sends(".\r\n"),
        Server("250 OK\r\n"),
        Do(Client::quit),
        Sends("QUIT\r\n"),
        Server("221 bye\r\n"),
    ]);
    let recipients = three([
        accepted(250, "OK"),
        refused(550, "No such user here"),
        accepted(250, "OK"),
    ]);
    let done = Outcome::Accepted {
        reply: reply(250, "OK"),
        recipients,
        left_out: Vec::new(),
    };
    assert_eq!(outcome(&played), &done);
    assert!(played.is_done);
}

// docs/protocols.md, SMTP: MAIL, RCPT, DATA
// docs/protocols.md, SMTP: PIPELINING
#[test]
fn rfc2920_4_group_leaves_in_one_write() {
    let played = talk(&[
        GREETING,
        EHLO,
        PIPELINING,
        THREE,
        GROUP_OF_THREE,
        Server("250 sender ok\r\n250 one\r\n250 two\r\n250 three\r\n354 enter mail\r\n"),
        Body(&["Hi"]),
        Sends("Hi\r\n"),
        COMMIT,
        Sends(".\r\n"),
        Server("250 2.0.0 queued as 12345\r\n"),
    ]);
    let recipients = three([
        accepted(250, "one"),
        accepted(250, "two"),
        accepted(250, "three"),
    ]);
    let done = Outcome::Accepted {
        reply: reply(250, "2.0.0 queued as 12345"),
        recipients,
        left_out: Vec::new(),
    };
    assert_eq!(outcome(&played), &done);
    assert!(played.events.contains(&Event::ReadyToCommit));
}

// docs/protocols.md, SMTP: MAIL, RCPT, DATA
#[test]
fn a_refused_recipient_does_not_end_a_pipelined_transaction() {
    let played = talk(&[
        GREETING,
        PIPELINING,
        THREE,
        Server("250 ok\r\n550 5.1.1 no such user\r\n251 forwarded\r\n452 4.2.2 full\r\n354 go\r\n"),
        Body(&["Hi\n"]),
        COMMIT,
        Server("250 ok\r\n"),
    ]);
    let recipients = three([
        refused(550, "5.1.1 no such user"),
        accepted(251, "forwarded"),
        refused(452, "4.2.2 full"),
    ]);
    assert_eq!(
        outcome(&played),
        &Outcome::Accepted {
            reply: reply(250, "ok"),
            recipients,
            left_out: Vec::new(),
        }
    );
}

#[test]
fn pipelined_refusal_of_the_sender_is_the_outcome() {
    let played = talk(&[
        GREETING,
        PIPELINING,
        ONE,
        Server("550 5.7.1 not from you\r\n503 need MAIL\r\n503 need RCPT\r\n"),
    ]);
    let recipients = one(RecipientResult::Unanswered);
    let reply = reply(550, "5.7.1 not from you");
    assert_eq!(
        outcome(&played),
        &Outcome::Rejected {
            stage: Stage::Mail,
            reply,
            recipients
        }
    );
    assert_eq!(played.failure, None);
}

// docs/protocols.md, SMTP: MAIL, RCPT, DATA
#[test]
fn rfc2920_3_1_data_taken_without_a_recipient_ends_with_a_lone_dot() {
    let played = talk(&[
        GREETING,
        EHLO,
        PIPELINING,
        THREE,
        GROUP_OF_THREE,
        Server("250 ok\r\n550 a\r\n551 b\r\n450 c\r\n"),
        Server("354 go\r\n"),
        Sends(".\r\n"),
        Server("554 no valid recipients\r\n"),
    ]);
    let recipients = three([refused(550, "a"), refused(551, "b"), refused(450, "c")]);
    let reply = reply(550, "a");
    assert_eq!(
        outcome(&played),
        &Outcome::Rejected {
            stage: Stage::Rcpt,
            reply,
            recipients
        }
    );
    assert_eq!(played.failure, None);
    assert!(!played.events.contains(&Event::ReadyToCommit));
}

#[test]
fn all_recipients_refused_one_by_one_sends_no_data() {
    let played = talk(&[
        GREETING,
        EHLO,
        OLD,
        ONE,
        Sends("MAIL FROM:<smith@bar.example>\r\n"),
        Server("250 ok\r\n"),
        Sends("RCPT TO:<jones@foo.example>\r\n"),
        Server("550 no\r\n"),
        Sends(""),
    ]);
    let (stage, reply) = (Stage::Rcpt, reply(550, "no"));
    let recipients = one(refused(550, "no"));
    assert_eq!(
        outcome(&played),
        &Outcome::Rejected {
            stage,
            reply,
            recipients
        }
    );
}

// docs/protocols.md, SMTP: RSET, NOOP, QUIT
#[test]
fn refused_data_is_the_outcome_and_the_next_message_begins_with_rset() {
    let played = talk(&[
        GREETING,
        EHLO,
        PIPELINING,
        ONE,
        Sends("MAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\nDATA\r\n"),
        Server("250 ok\r\n250 ok\r\n451 4.3.0 later\r\n"),
        ONE,
        Sends("RSET\r\nMAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\nDATA\r\n"),
        Server("250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 done\r\n"),
        ONE,
        Sends("a\r\n.\r\nMAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\nDATA\r\n"),
    ]);
    let recipients = one(accepted(250, "ok"));
    let (stage, first) = (Stage::Data, reply(451, "4.3.0 later"));
    let later = Outcome::Rejected {
        stage,
        reply: first,
        recipients: recipients.clone(),
    };
    let done = Outcome::Accepted {
        reply: reply(250, "done"),
        recipients,
        left_out: Vec::new(),
    };
    let outcomes: Vec<_> = played
        .events
        .iter()
        .filter(|e| matches!(e, Event::Outcome(_)))
        .collect();
    assert_eq!(outcomes, [&Event::Outcome(later), &Event::Outcome(done)]);
}

#[test]
fn a_refused_message_names_the_final_stage() {
    let played = talk(&[
        GREETING,
        PIPELINING,
        ONE,
        Server("250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["spam"]),
        COMMIT,
        Server("554-5.7.1 looks like spam\r\n554 5.7.1 see https://example.org\r\n"),
    ]);
    let Outcome::Rejected {
        stage: Stage::Final,
        reply,
        ..
    } = outcome(&played)
    else {
        panic!("{played:?}");
    };
    assert_eq!(reply.lines.len(), 2);
    assert_eq!(played.failure, None);
}

#[test]
fn the_dot_leaves_only_after_the_owner_commits() {
    let moves = [
        GREETING,
        EHLO,
        PIPELINING,
        ONE,
        Sends("MAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\nDATA\r\n"),
        COMMIT,
        Server("250 ok\r\n250 ok\r\n354 go\r\n"),
        COMMIT,
        Body(&["a\r\n.\r\nb"]),
        Sends("a\r\n..\r\nb\r\n"),
        Do(|c| assert!(!c.is_committed())),
        COMMIT,
        Sends(".\r\n"),
        Do(|c| assert!(c.is_committed())),
        Do(Client::abort),
        Server("250 ok\r\n"),
        Do(|c| assert!(!c.is_committed())),
    ];
    let played = talk(&moves);
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
    let body = played
        .transcript
        .iter()
        .filter(|line| line.ends_with("bytes]"))
        .count();
    assert_eq!(
        (
            body,
            played.transcript.iter().any(|line| line == "> [10 bytes]")
        ),
        (1, true)
    );
}

// docs/protocols.md, SMTP: SIZE
#[test]
fn rfc1870_size_is_declared_and_a_smaller_limit_stops_before_mail() {
    let played = talk(&[
        GREETING,
        EHLO,
        Server("250-x\r\n250 SIZE 999\r\n"),
        ONE,
        Sends(""),
    ]);
    let cause = Cause::TooLarge {
        size_bytes: 1000,
        max_bytes: 999,
    };
    let recipients = one(RecipientResult::Unanswered);
    assert_eq!(
        outcome(&played),
        &Outcome::NotSent {
            stage: Stage::Idle,
            cause,
            recipients
        }
    );
    assert_eq!(played.failure, None);

    let played = talk(&[GREETING, Server("250-x\r\n250 SIZE 1000\r\n"), ONE]);
    assert!(
        played
            .sent
            .ends_with("MAIL FROM:<smith@bar.example> SIZE=1000\r\n")
    );
}

// docs/protocols.md, SMTP: SIZE
#[test]
fn a_refused_size_parameter_is_retried_once_without_it() {
    let again = [
        GREETING,
        EHLO,
        Server("250-x\r\n250-SIZE\r\n250 PIPELINING\r\n"),
        ONE,
        Sends("MAIL FROM:<smith@bar.example> SIZE=1000\r\nRCPT TO:<jones@foo.example>\r\nDATA\r\n"),
        Server("555 5.5.4 unsupported option\r\n503 no\r\n503 no\r\n"),
        Sends("RSET\r\nMAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\nDATA\r\n"),
    ];
    let accepted = [
        Server("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 ok\r\n"),
    ];
    let played = talk(&again.into_iter().chain(accepted).collect::<Vec<_>>());
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
}

#[test]
fn a_parameter_refused_twice_is_the_outcome() {
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250 SIZE\r\n"),
        ONE,
        Server("555 no\r\n"),
        Server("250 reset\r\n"),
        Server("555 still no\r\n"),
    ]);
    let Outcome::Rejected {
        stage: Stage::Mail,
        reply,
        ..
    } = outcome(&played)
    else {
        panic!("{played:?}");
    };
    assert_eq!(reply.lines, ["still no"]);
    assert_eq!(played.sent.matches("MAIL").count(), 2);
}

// docs/protocols.md, SMTP: 8BITMIME, SMTPUTF8
#[test]
fn rfc6531_and_rfc6152_needs_are_declared_or_stop_the_message() {
    const INTERNATIONAL: Move<Client> = Do(|c| {
        let mut envelope = envelope(&[]);
        envelope
            .recipients
            .push(Address::new_utf8("用户@例子.中国").unwrap().into());
        envelope.body_8bit = true;
        c.send(envelope);
    });
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"),
        INTERNATIONAL,
        Server("250 ok\r\n"),
    ]);
    assert!(
        played
            .sent
            .contains("MAIL FROM:<smith@bar.example> BODY=8BITMIME SMTPUTF8\r\n")
    );
    assert!(played.sent.ends_with("RCPT TO:<用户@例子.中国>\r\n"));

    let cause =
        |offer: &'static str| match outcome(&talk(&[GREETING, Server(offer), INTERNATIONAL])) {
            Outcome::NotSent { cause, .. } => cause.clone(),
            other => panic!("{other:?}"),
        };
    assert_eq!(
        cause("250-x\r\n250 8BITMIME\r\n"),
        Cause::Smtputf8NotOffered
    );
    assert_eq!(
        cause("250-x\r\n250 SMTPUTF8\r\n"),
        Cause::EightBitMimeNotOffered
    );
}

#[test]
fn a_null_sender_is_sent_and_no_recipient_stops_the_message() {
    let played = talk(&[
        GREETING,
        OLD,
        Do(|c| {
            let mut envelope = envelope(&["jones@foo.example"]);
            envelope.reverse_path = ReversePath::NULL;
            c.send(envelope);
        }),
    ]);
    assert!(played.sent.ends_with("MAIL FROM:<>\r\n"));

    let played = talk(&[GREETING, OLD, Do(|c| c.send(envelope(&[])))]);
    let (stage, cause, recipients) = (Stage::Idle, Cause::NoRecipients, Vec::new());
    assert_eq!(
        outcome(&played),
        &Outcome::NotSent {
            stage,
            cause,
            recipients
        }
    );
}

#[test]
fn codes_that_make_no_sense_are_errors_and_nothing_is_sent() {
    let invalid: [&Moves; 4] = [
        &[GREETING, PIPELINING, ONE, Server("354 go\r\n")],
        &[GREETING, PIPELINING, ONE, Server("250 ok\r\n354 go\r\n")],
        &[
            GREETING,
            PIPELINING,
            ONE,
            Server("250 ok\r\n250 ok\r\n250 ok\r\n"),
        ],
        &[
            GREETING,
            PIPELINING,
            ONE,
            Server("250 ok\r\n250 ok\r\n334 go\r\n"),
        ],
    ];
    for moves in invalid {
        let played = talk(moves);
        let Outcome::NotSent {
            stage,
            cause: Cause::PeerMisbehaved(Misbehaviour::UnexpectedCode { stage: at, .. }),
            ..
        } = outcome(&played)
        else {
            panic!("{played:?}");
        };
        assert_eq!(stage, at);
    }
}

#[test]
fn an_empty_message_is_a_dot() {
    let played = talk(&[
        GREETING,
        PIPELINING,
        ONE,
        Server("250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&[]),
        COMMIT,
        Server("250 ok\r\n"),
    ]);
    assert!(played.sent.ends_with("DATA\r\n.\r\n"));
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
}
